"""Non-negative and group basis pursuit, against linear and cone programs."""

import cvxpy as cp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import linprog
from scipy.sparse.linalg import aslinearoperator
from sklearn.exceptions import ConvergenceWarning

import sparsetheory as st
from sparsetheory import Verdict
from sparsetheory._checks import check_groups, quiet
from sparsetheory._kernels.basis_pursuit import dual_length, length, shrink
from sparsetheory._kernels.threshold import ENTRIES


def positive(n, k, rng):
    return st.sparse_signal(n, k, rng, amplitude="nonnegative")


def blocks(n, size):
    return np.arange(n) // size


@pytest.mark.parametrize("kind", ["l1", "nonnegative", "groups"])
def test_prox_and_norms_belong_together(kind, rng):
    # Moreau: w - prox_t(w) has dual norm at most t, and attains the norm of prox_t(w).
    labels = [0, 1, 2, 2, 1, 0, 0, 3, 2, 1, 3, 3]
    weights = [1.0, 0.5, 2.0, 1.5]
    groups = check_groups(labels, 12, weights) if kind == "groups" else ENTRIES
    one_sided = kind == "nonnegative"
    w, out = 3 * rng.standard_normal(12), np.empty(12)
    for t in (0.3, 1.0):
        shrink(w, t, groups, one_sided, out)
        rest = w - out
        assert np.any(out)
        assert_allclose(dual_length(rest, groups, one_sided), t, rtol=1e-12)
        assert_allclose(rest @ out, t * length(out, groups, one_sided), rtol=1e-12)
    for _ in range(50):
        x = rng.standard_normal(12)
        x = np.abs(x) if one_sided else x
        most = dual_length(w, groups, one_sided) * length(x, groups, one_sided)
        assert w @ x <= most * (1 + 1e-12)


# Non-negative


def test_sum_is_that_of_the_linear_program(rng):
    A = st.gaussian(20, 40, rng)
    for k in (3, 10, 40):
        y = A @ positive(40, k, rng)
        found = st.nonnegative_basis_pursuit(A, y)
        assert found.converged
        assert found.x.min() >= 0
        assert_allclose(A @ found.x, y, atol=1e-9)
        best = linprog(np.ones(40), A_eq=A, b_eq=y).fun
        assert_allclose(found.x.sum(), best, rtol=1e-7)
        assert found.support.size <= 20  # a vertex


def test_non_negative_signals_come_back_exactly(rng):
    A, x = st.gaussian(40, 80, rng), positive(80, 15, rng)
    found = st.nonnegative_basis_pursuit(A, A @ x)
    assert_allclose(found.x, x, atol=1e-11)
    assert found.support.size == 15
    assert found.gap <= 1e-12 * x.sum()


def test_it_recovers_what_its_verdict_says(rng):
    for k in (4, 8, 10, 11):
        A, x = st.gaussian(20, 40, rng), positive(40, k, rng)
        found = st.nonnegative_basis_pursuit(A, A @ x)
        same = np.abs(found.x - x).max() < 1e-8
        assert st.nonnegative_verdict(A, x) == (1 if same else -1)


def test_three_kinds_of_operator_give_one_non_negative_answer(rng):
    for C in (
        st.BlockCirculant(rng.standard_normal((2, 3, 5)), 16),
        st.BlockCirculant(rng.standard_normal((3, 3, 5)), 16).take(range(0, 48, 2)),
    ):
        M = C.to_dense()
        y = M @ positive(48, 5, rng)
        expected = st.nonnegative_basis_pursuit(M, y).x
        for A in (C, aslinearoperator(M)):
            assert_allclose(st.nonnegative_basis_pursuit(A, y).x, expected, atol=1e-9)


def test_every_result_is_feasible_and_its_gap_a_bound(rng):
    A = st.gaussian(20, 40, rng)
    y = A @ positive(40, 14, rng)
    best = linprog(np.ones(40), A_eq=A, b_eq=y).fun
    for n_iter in (1, 3, 30, 200):
        found = st.nonnegative_basis_pursuit(A, y, max_iter=n_iter, tol=0)
        assert found.n_iter == n_iter
        assert found.x.min() >= 0
        assert_allclose(A @ found.x, y, atol=1e-9)
        assert found.x.sum() - best <= found.gap + 1e-9 < np.inf
    with pytest.warns(ConvergenceWarning, match="nonnegative_basis_pursuit stopped"):
        st.nonnegative_basis_pursuit(A, y, max_iter=1, tol=1e-14)


def test_data_without_a_non_negative_solution_are_refused(rng):
    A, x = st.gaussian(20, 40, rng), positive(40, 5, rng)
    A[0] = np.abs(A[0])
    for iterations in ({}, {"max_iter": 5}):
        with pytest.raises(ValueError, match="must have a non-negative solution"):
            st.nonnegative_basis_pursuit(A, -A @ x, **iterations)
    with pytest.raises(ValueError, match="y must lie in the range of A"):
        st.nonnegative_basis_pursuit(np.ones((2, 3)), [1.0, 2.0])
    tall = st.gaussian(30, 10, rng)
    with pytest.raises(ValueError, match="must have a non-negative solution"):
        st.nonnegative_basis_pursuit(tall, -tall @ np.ones(10))


def test_scaling_changes_no_non_negative_support(rng):
    A = st.gaussian(24, 48, rng)
    y = A @ positive(48, 6, rng)
    base = st.nonnegative_basis_pursuit(A, y)
    for scale in (1e-6, 1e6):
        scaled = st.nonnegative_basis_pursuit(scale * A, scale * y)
        assert_array_equal(scaled.support, base.support)


# Groups


def test_norm_is_that_of_the_cone_program(rng):
    labels = rng.permutation(np.r_[np.zeros(3), np.ones(5), np.repeat(range(2, 10), 4)])
    labels = labels.astype(int)
    weights = rng.uniform(0.5, 2.0, 10)
    A = st.gaussian(20, 40, rng)
    for k in (2, 5, 10):
        y = A @ st.group_sparse_signal(labels, k, rng)
        found = st.group_basis_pursuit(A, y, groups=labels, weights=weights)
        norm = sum(
            w * np.linalg.norm(found.x[labels == g]) for g, w in enumerate(weights)
        )
        z = cp.Variable(40)
        terms = [w * cp.norm2(z[labels == g]) for g, w in enumerate(weights)]
        best = cp.Problem(cp.Minimize(sum(terms)), [A @ z == y]).solve("CLARABEL")
        assert found.converged
        assert_allclose(A @ found.x, y, atol=1e-9)
        assert_allclose(norm, best, rtol=1e-6)


def test_group_signals_come_back_exactly(rng):
    A, x = st.gaussian(40, 80, rng), st.group_sparse_signal(blocks(80, 4), 4, rng)
    found = st.group_basis_pursuit(A, A @ x, groups=4)
    assert_allclose(found.x, x, atol=1e-11)
    assert found.support.size == 16
    assert found.gap <= 1e-12 * np.abs(x).sum()


def test_groups_of_one_are_basis_pursuit(rng):
    A = st.gaussian(20, 40, rng)
    y = A @ st.sparse_signal(40, 6, rng)
    found = st.group_basis_pursuit(A, y, groups=1)
    assert_allclose(found.x, st.basis_pursuit(A, y).x, atol=1e-9)


def test_default_weights_are_roots_of_sizes(rng):
    A, labels = st.gaussian(20, 40, rng), np.r_[np.zeros(8, int), blocks(32, 4) + 1]
    y = A @ st.group_sparse_signal(labels, 3, rng)
    roots = np.sqrt(np.bincount(labels))
    default = st.group_basis_pursuit(A, y, groups=labels).x
    given = st.group_basis_pursuit(A, y, groups=labels, weights=roots).x
    assert_allclose(default, given, atol=1e-12)
    # Twins, one in a group of four, one alone: the weights choose, 2 sqrt(1/2) or 1.
    A = np.array([[1.0, 1.0, 0, 0, 0]])
    for weights, expected in (([1.0, 1.1], 0), ([1.1, 1.0], 1)):
        x = st.group_basis_pursuit(A, [2.0], groups=[0, 1, 0, 0, 0], weights=weights).x
        assert_allclose(x, 2.0 * np.eye(5)[expected], atol=1e-7)


def test_group_basis_pursuit_recovers_what_its_verdict_says(rng):
    for k in (2, 3, 4, 5):
        A, x = st.gaussian(24, 48, rng), st.group_sparse_signal(blocks(48, 4), k, rng)
        with quiet():
            found = st.group_basis_pursuit(A, A @ x, groups=4)
        same = np.abs(found.x - x).max() < 1e-8
        verdict = Verdict.SUCCESS if same else Verdict.FAILURE
        assert st.group_verdict(A, x, 4) == verdict


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"groups": 7}, "groups must divide n = 48 to be a size, got 7"),
        ({"groups": 4, "weights": [1.0]}, "weights must number 12, got 1"),
        ({"groups": 4, "weights": [0.0] * 12}, "weights must be positive, got 0.0"),
    ],
)
def test_bad_groups_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        st.group_basis_pursuit(st.gaussian(24, 48, 0), np.ones(24), **options)
