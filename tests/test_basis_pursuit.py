"""Basis pursuit and the proofs about it, against linear programming."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import linprog
from scipy.sparse import csr_array
from scipy.sparse.linalg import aslinearoperator

import sparsetheory as st
from sparsetheory import Verdict
from sparsetheory._checks import quiet
from sparsetheory.solvers._duals import orthonormal_columns
from sparsetheory.solvers._splitting import row_space


def by_linear_program(A, y):
    n = A.shape[1]
    return linprog(np.ones(2 * n), A_eq=np.hstack([A, -A]), b_eq=y).fun


def test_norm_is_that_of_the_linear_program(rng):
    A = st.gaussian(20, 40, rng)
    for k in (3, 10, 40):
        y = A @ st.sparse_signal(40, k, rng)
        found = st.basis_pursuit(A, y)
        assert found.converged
        assert_allclose(A @ found.x, y, atol=1e-9)
        assert_allclose(np.abs(found.x).sum(), by_linear_program(A, y), rtol=1e-7)
        assert found.support.size <= 20  # a vertex


def test_every_iterate_is_feasible(rng):
    A = st.gaussian(20, 40, rng)
    y = A @ st.sparse_signal(40, 10, rng)
    for n_iter in (1, 3, 30):
        found = st.basis_pursuit(A, y, max_iter=n_iter, tol=0)
        assert_allclose(A @ found.x, y, atol=1e-12)


def test_sparse_signals_come_back_exactly(rng):
    A, x = st.gaussian(40, 80, rng), st.sparse_signal(80, 6, rng)
    found = st.basis_pursuit(A, A @ x)
    assert_allclose(found.x, x, atol=1e-11)
    assert found.support.size == 6
    assert found.gap <= 1e-12 * np.abs(x).sum()


def test_data_out_of_range_are_refused(rng):
    A = np.outer(np.ones(4), rng.standard_normal(6))
    with pytest.raises(ValueError, match="y must lie in the range of A"):
        st.basis_pursuit(A, [1.0, 1.0, 1.0, 2.0])
    with pytest.raises(ValueError, match="y must lie in the range of A"):
        st.basis_pursuit(np.zeros((2, 3)), [1.0, 0.0])


def test_dependent_rows_do_no_harm(rng):
    A = st.gaussian(15, 30, rng)
    doubled = np.vstack([A, A[:4], np.zeros((2, 30))])
    x = st.sparse_signal(30, 2, rng)
    for M in (doubled, aslinearoperator(doubled)):
        assert_allclose(st.basis_pursuit(M, M @ x).x, x, atol=1e-9)


def test_tall_matrices_have_one_solution(rng):
    A, x = st.gaussian(30, 10, rng), rng.standard_normal(10)
    assert_allclose(st.basis_pursuit(A, A @ x).x, x, atol=1e-10)


def test_row_space_is_a_partial_isometry_with_the_same_solutions(rng):
    C = st.BlockCirculant(rng.standard_normal((2, 3, 4)), 8)
    flat = st.BlockCirculant(np.ones((3, 2, 4)), 8)  # singular at some frequencies
    M = rng.standard_normal((6, 9))
    for A in (M, M.T, C, flat):
        x = rng.standard_normal(A.shape[1])
        B, b = row_space(A, A @ x)
        assert_allclose(B @ x, b, atol=1e-10)
        P = np.column_stack([B.T @ (B @ e) for e in np.eye(A.shape[1])])
        assert_allclose(P @ P, P, atol=1e-10)
        assert_allclose(A @ (P @ x), A @ x, atol=1e-9)
        dense = A @ np.eye(A.shape[1])
        assert_allclose(np.trace(P), np.linalg.matrix_rank(dense), atol=1e-9)


# Verdicts


def test_verdicts_are_those_of_the_linear_program(rng):
    seen = set()
    for k in (2, 5, 6, 7, 8, 12):
        for _ in range(8):
            A, x = st.gaussian(20, 40, rng), st.sparse_signal(40, k, rng)
            optimal = by_linear_program(A, A @ x) > np.abs(x).sum() * (1 - 1e-7)
            verdict = st.l1_verdict(A, x)
            assert verdict == (Verdict.SUCCESS if optimal else Verdict.FAILURE)
            seen.add(verdict)
    assert seen == {Verdict.SUCCESS, Verdict.FAILURE}


def test_verdict_depends_on_signs_alone(rng):
    for k in (4, 7, 8):
        A, x = st.gaussian(20, 40, rng), st.sparse_signal(40, k, rng)
        verdict = st.l1_verdict(A, x)
        assert st.l1_verdict(A, np.sign(x)) == verdict
        assert st.l1_verdict(1e-9 * A, 1e9 * x) == verdict
        order = rng.permutation(40)
        assert st.l1_verdict(A[:, order], x[order]) == verdict


def test_a_verdict_on_an_operator_is_that_on_its_matrix(rng):
    C = st.BlockCirculant(rng.standard_normal((2, 3, 5)), 8)
    for k in (2, 8, 14):
        x = st.sparse_signal(24, k, rng)
        assert st.l1_verdict(C, x) == st.l1_verdict(C.to_dense(), x)


def test_verdict_on_three_columns_in_the_plane():
    # The third column is c (1, 1): it is cheaper than e1 + e2 just if c > 1 / 2.
    for c, expected in [(0.4, Verdict.SUCCESS), (0.6, Verdict.FAILURE)]:
        A = np.array([[1.0, 0.0, c], [0.0, 1.0, c]])
        assert st.l1_verdict(A, [1.0, 1.0, 0.0]) == expected
    tie = np.array([[1.0, 0.0, 0.5], [0.0, 1.0, 0.5]])
    assert st.l1_verdict(tie, [1.0, 1.0, 0.0]) == Verdict.UNRESOLVED


def structured(rng, kind):
    m, n = rng.integers(3, 8), rng.integers(4, 11)
    if kind == "integer":
        return rng.integers(-2, 3, (m, n)).astype(float)
    if kind == "low rank":
        return rng.integers(-2, 3, (m, 2)).astype(float) @ rng.integers(-2, 3, (2, n))
    if kind == "signs":
        return 2.0 * rng.integers(0, 2, (m, n)) - 1
    B = rng.standard_normal((m, n))
    if kind == "repeated rows":
        return np.vstack([B, B[:1], B[:1] + B[1:2]])
    if kind == "scaled rows":
        return B * 2.0 ** rng.integers(-45, 45, m)[:, None]
    if kind == "twins":
        return np.column_stack([B, B[:, 0], np.zeros(m)])
    return B * 10.0 ** rng.integers(-3, 4, n)  # scaled columns


@pytest.mark.parametrize(
    "kind",
    [
        *("integer", "low rank", "signs", "repeated rows"),
        *("scaled rows", "twins", "scaled columns"),
    ],
)
def test_no_verdict_on_a_structured_matrix_is_wrong(kind):
    # The least  s^T d_S + ||d_off||_1  over the null space, |d| <= 1: negative just if
    # x is no minimiser. Zero may be a tie, which no success may claim.
    found = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        A = structured(rng, kind)
        scaled = A / np.maximum(np.abs(A).max(axis=1, keepdims=True), 1e-300)
        n, rank = A.shape[1], np.linalg.matrix_rank(scaled)
        x = st.sparse_signal(n, int(rng.integers(0, rank + 1)), rng)
        cost = np.concatenate([np.where(x, np.sign(x), 1), np.where(x, -np.sign(x), 1)])
        null = {"A_eq": np.hstack([scaled, -scaled]), "b_eq": np.zeros(len(A))}
        least = linprog(cost, **null, bounds=(0, 1)).fun
        verdict = st.l1_verdict(A, x)
        found.append(verdict)
        if least < -1e-6:
            assert verdict == Verdict.FAILURE
        elif verdict == Verdict.SUCCESS:
            moved = [
                -linprog(
                    -sign * np.concatenate([unit, -unit]),
                    **null,
                    A_ub=cost[None],
                    b_ub=[0.0],
                    bounds=(0, 1),
                ).fun
                for unit in np.eye(n)
                for sign in (1, -1)
            ]
            assert max(moved) < 1e-6
    assert Verdict.SUCCESS in found or kind == "low rank"
    assert Verdict.FAILURE in found


def test_verdicts_at_the_edge_of_rank():
    thin = np.outer([1.0, 2.0, 3.0], [1.0, 2.0, 5.0])
    assert st.l1_verdict(thin, [1.0, 0.0, 0.0]) == Verdict.FAILURE
    assert st.l1_verdict(thin, [0.0, 0.0, 1.0]) == Verdict.SUCCESS
    assert st.l1_verdict([[1, 1], [0, 1e-11]], [1.0, 1.0]) == Verdict.SUCCESS
    assert st.l1_verdict(np.diag([1, 1e-12]), [1.0, 1.0]) == Verdict.SUCCESS


def test_dependent_columns_are_no_success_however_hidden():
    rank_two = [[237.0, 359, 100], [-150, -226, -44], [-193, -283, 67]]
    assert st.l1_verdict(rank_two, [1.0, 1.0, 1.0]) == Verdict.FAILURE
    close = [
        [5, 5.0010986328125, 9, 0],
        [-7, -6.9993896484375, 5, 0],
        [3, 3.0006103515625, 5, 0],
    ]
    assert st.l1_verdict(close, [1.0, 1.0, -1.0, 0.0]) == Verdict.FAILURE
    rng = np.random.default_rng(0)
    for e in range(2, 50, 3):
        a, b = rng.integers(-9, 10, (2, 5)).astype(float)
        A = np.column_stack([a, a + 2.0**-e * b, b, 1e-9 * rng.standard_normal(5)])
        assert st.l1_verdict(A, [1.0, -1.0, 1.0, 0.0]) != Verdict.SUCCESS
        assert st.l1_verdict(A[:, :3], [1.0, -1.0, 1.0]) != Verdict.SUCCESS


def test_verdict_does_not_depend_on_scale(rng):
    for k in (4, 8):
        A, x = st.gaussian(20, 40, rng), st.sparse_signal(40, k, rng)
        for scale in (1e-300, 1e-160, 1e155):
            assert st.l1_verdict(scale * A, x) == st.l1_verdict(A, x)


def test_operators_of_bad_condition_are_solved_like_arrays(rng):
    U, _ = np.linalg.qr(rng.standard_normal((10, 10)))
    V, _ = np.linalg.qr(rng.standard_normal((30, 10)))
    A = (U * np.geomspace(1, 1e-6, 10)) @ V.T
    y = A @ st.sparse_signal(30, 2, rng)
    expected = st.basis_pursuit(A, y).x
    for M in (csr_array(A), aslinearoperator(A)):
        assert_allclose(st.basis_pursuit(M, y).x, expected, atol=1e-6)


def test_tiny_rows_count(rng):
    A = st.gaussian(10, 20, rng)
    scales = 10.0 ** rng.integers(-12, 12, 10)
    x = st.sparse_signal(20, 2, rng)
    found = st.basis_pursuit(A * scales[:, None], scales * (A @ x))
    assert_allclose(found.x, st.basis_pursuit(A, A @ x).x, atol=1e-9)


def test_layers_end_at_a_vertex():
    # Degenerate solutions, for which the splitting alone needs 1e5 iterations.
    ended = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        C = st.BlockCirculant(rng.standard_normal((2, 2, 5)), 20)
        A = C.take(rng.permutation(40)[:20])
        with quiet():
            found = st.basis_pursuit(A, A @ st.sparse_signal(40, 7, rng))
        ended += found.converged and found.support.size <= 20
    assert ended >= 39


def test_corner_cases_of_verdicts(rng):
    A = st.gaussian(5, 8, rng)
    assert st.l1_verdict(A, np.zeros(8)) == Verdict.SUCCESS
    assert st.l1_verdict(A, np.ones(8)) == Verdict.FAILURE  # k > m
    assert st.l1_verdict(A.T, np.ones(5)) == Verdict.SUCCESS  # injective
    assert st.l1_verdict(A.T, np.eye(5)[0]) == Verdict.SUCCESS
    twins = np.column_stack([A[:, 0], A])
    assert st.l1_verdict(twins, np.eye(9)[0] + np.eye(9)[1]) == Verdict.FAILURE
    assert st.l1_verdict(twins, np.eye(9)[0]) != Verdict.SUCCESS
    hollow = np.column_stack([np.zeros(5), A])
    assert st.l1_verdict(hollow, np.eye(9)[0]) == Verdict.FAILURE
    assert st.l1_verdict(hollow, np.eye(9)[1]) == st.l1_verdict(A, np.eye(8)[0])


def test_orthonormal_columns_span_the_range(rng):
    for M in (rng.standard_normal((9, 4)), np.outer(np.ones(9), np.ones(4))):
        F, _ = orthonormal_columns(M, np.linalg.norm(M), 1e-14 * np.linalg.norm(M))
        assert F.shape[1] == np.linalg.matrix_rank(M)
        assert_allclose(F.T @ F, np.eye(F.shape[1]), atol=1e-12)
        assert_allclose(F @ (F.T @ M), M, atol=1e-12)
    nearly = np.vander(np.linspace(0, 1, 40), 9)  # condition number 1e7
    F, loss = orthonormal_columns(nearly, np.linalg.norm(nearly), 1e-14)
    assert_allclose(F.T @ F, np.eye(F.shape[1]), atol=1e-9)
    assert 1e5 < loss < 1e9
    F, _ = orthonormal_columns(1e-17 * nearly, 1.0, 1e-14)  # of rounding errors
    assert F.shape == (40, 0)
    _, loss = orthonormal_columns(nearly, 1.0, 1e-7)  # between zero and not
    assert loss == np.inf
