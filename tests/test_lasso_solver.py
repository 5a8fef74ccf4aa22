"""The fast LASSO: closed forms, optimality, certificates; designs of every kind."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from lassos import certified, problem
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import coo_array, csc_array, csr_array, csr_matrix, lil_array, random
from scipy.sparse.linalg import aslinearoperator
from sklearn.exceptions import ConvergenceWarning

import sparsetheory as st
from sparsetheory._checks import quiet
from sparsetheory.lags import lag_table
from sparsetheory.solvers import _descent
from sparsetheory.solvers._designs import Centred

EPS = float(np.finfo(np.float64).eps)


def soft(z, t):
    return np.sign(z) * np.maximum(np.abs(z) - t, 0)


def layers(rng):
    """One per way of having lags: long and short filters, strides, planes, parts."""
    draw = rng.standard_normal
    yield st.BlockCirculant(draw((2, 3, 5)), 32)
    yield st.BlockCirculant(draw((2, 3, 32)), 32)
    yield st.BlockCirculant(draw((2, 3, 40)), 32, origin=3)
    yield st.BlockCirculant(draw((5, 3, 4)), 32, stride=2, origin=1)
    yield st.BlockCirculant(draw((2, 3, 3, 3)), 8, origin=1)
    yield st.BlockCirculant(draw((2, 2, 3, 4)), (8, 6))
    yield st.BlockCirculant(draw((9, 2, 3, 3)), (8, 6), stride=(2, 3))
    yield st.BlockCirculant(draw((2, 3, 5)), 32).take(range(64), scale=2.0)


def layers_without_lags(rng):
    draw = rng.standard_normal
    yield st.BlockCirculant(draw((3, 2, 5)), 32).take(rng.permutation(96)[:60])
    yield st.BlockCirculant(draw((3, 2, 5)), 33, stride=2)


def test_orthonormal_design_is_solved_by_one_soft_threshold(rng):
    Q, _ = np.linalg.qr(rng.standard_normal((50, 50)))
    y = rng.standard_normal(50)
    found = st.lasso(Q, y, 0.5, tol=1e-12)
    assert_allclose(found.x, soft(Q.T @ y, 0.5), atol=1e-6)
    residual = y - Q @ soft(Q.T @ y, 0.5)
    assert_allclose(found.dual, residual, atol=1e-5)


@pytest.mark.parametrize("over", [2, 20, 500, 1e5])
@pytest.mark.parametrize("order", "FC")
def test_the_gap_asked_for_is_reached_and_proved(over, order, rng):
    A, y, lam = problem(rng, over=over)
    found = st.lasso(np.array(A, order=order), y, lam, tol=1e-10)
    assert certified(A, y, lam, found, 1e-10) <= 1e-10


def test_optimality_conditions_hold(rng):
    A, y, lam = problem(rng)
    assert st.lasso_kkt(A, y, lam, st.lasso(A, y, lam, tol=0).x) <= 1e-6


def test_solution_vanishes_exactly_from_lambda_max_on(rng):
    A, y, _ = problem(rng)
    top = st.lambda_max(A, y)
    for lam in (top, 1e3 * top):
        zero = st.lasso(A, y, lam)
        assert (zero.n_iter, zero.support.size, zero.converged) == (0, 0, True)
        assert zero.gap <= 1e-20
    assert st.lasso(A, y, 0.99 * top).support.size > 0


def test_zero_data_have_the_zero_solution(rng):
    A, _, _ = problem(rng)
    for B in (A, csc_array(A), aslinearoperator(A), next(layers(rng))):
        found = st.lasso(B, np.zeros(B.shape[0]), 0.1)
        assert (found.support.size, found.converged, found.gap) == (0, True, 0.0)
        assert_array_equal(found.dual, 0.0)


@pytest.mark.parametrize("c", [1e-100, 1e-6, 7.0, 1e6, 1e100])
def test_scaling_the_problem_scales_the_solution(c, rng):
    A, y, lam = problem(rng)
    x = st.lasso(A, y, lam, tol=1e-12).x
    assert_allclose(st.lasso(A, c * y, c * lam, tol=1e-12).x, c * x, rtol=1e-5)
    assert_allclose(st.lasso(c * A, y, c * lam, tol=1e-12).x, x / c, rtol=1e-5)


def test_agrees_with_the_textbook_method(rng):
    A, y, lam = problem(rng)
    expected = st.fista(A, y, lam, tol=1e-13, max_iter=100_000).x
    assert_allclose(st.lasso(A, y, lam, tol=1e-13).x, expected, atol=1e-5)


def test_layers_are_solved_as_their_matrices(rng):
    for C in layers(rng):
        assert lag_table(C) is not None
        M = C.to_dense()
        y = M @ st.sparse_signal(C.shape[1], 5, rng)
        y += 0.1 * rng.standard_normal(y.size)
        for over in (5, 100):
            lam = st.lambda_max(M, y) / over
            found = st.lasso(C, y, lam, tol=1e-10)
            assert certified(M, y, lam, found, 1e-10) <= 1e-10
            expected = st.lasso(M, y, lam, tol=1e-10)
            objective = [
                0.5 * np.sum((y - M @ one.x) ** 2) + lam * np.abs(one.x).sum()
                for one in (found, expected)
            ]
            assert_allclose(*objective, rtol=1e-8)


def test_the_gram_matrix_of_a_layer_is_that_of_its_matrix(rng):
    for C in layers(rng):
        M = C.to_dense()
        y = rng.standard_normal(C.shape[0])
        work = st.solvers.lasso.LassoProblem(C, y, None).work
        work.grow(rng.permutation(C.shape[1])[:20].astype(np.int64))
        work.grow(np.setdiff1d(np.arange(C.shape[1]), work.index)[:30])
        k = work.index.size
        W = M[:, work.index]
        assert_allclose(work.G[:k, :k], W.T @ W, atol=1e-10)
        assert_allclose(work.norms, np.linalg.norm(M, axis=0), rtol=1e-10)
        assert_allclose(work.start, M.T @ y, atol=1e-10)


def test_other_operators_go_by_gradients_with_the_same_proof(rng):
    A, y, lam = problem(rng)
    found = st.lasso(aslinearoperator(A), y, lam, tol=1e-9)
    assert certified(A, y, lam, found, 1e-9) <= 1e-9
    for C in layers_without_lags(rng):
        assert lag_table(C) is None
        M = C.to_dense()
        y = rng.standard_normal(C.shape[0])
        lam = st.lambda_max(M, y) / 5
        found = st.lasso(C, y, lam, tol=1e-8)
        assert certified(M, y, lam, found, 1e-8) <= 1e-8


def sparse_problem(rng, density=0.05):
    seed = int(rng.integers(99))
    M = random(80, 300, density, format="csc", random_state=seed)
    y = M @ st.sparse_signal(300, 5, rng) + 0.01 * rng.standard_normal(80)
    return M, y, st.lambda_max(M, y) / 20


def test_sparse_arrays_of_every_format_are_one_problem(rng):
    M, y, lam = sparse_problem(rng)
    dense = M.toarray()
    expected = st.lasso(dense, y, lam, tol=1e-12).x
    for kind in (csc_array, csr_array, coo_array, csr_matrix, lil_array):
        found = st.lasso(kind(M), y, lam, tol=1e-12)
        assert_allclose(found.x, expected, atol=1e-5)
        assert certified(dense, y, lam, found, 1e-12) <= 1e-12


def reversed_columns(M):
    parts = [
        np.arange(*pair)[::-1] for pair in zip(M.indptr[:-1], M.indptr[1:], strict=True)
    ]
    order = np.concatenate(parts)
    return csc_array((M.data[order], M.indices[order], M.indptr), shape=M.shape)


def test_sparse_indices_may_be_long_unsorted_and_repeated(rng):
    M, y, lam = sparse_problem(rng)
    expected = st.lasso(M, y, lam, tol=1e-12).x
    backwards = reversed_columns(M)
    data = np.repeat(backwards.data / 2, 2), np.repeat(backwards.indices, 2)
    twice = csc_array((*data, 2 * M.indptr), shape=M.shape)
    long = csc_array(M)
    long.indices, long.indptr = M.indices.astype(np.int64), M.indptr.astype(np.int64)
    for other in (backwards, twice, long):
        entries = other.nnz
        assert_allclose(st.lasso(other, y, lam, tol=1e-12).x, expected, atol=1e-9)
        assert other.nnz == entries
    assert not twice.has_canonical_format


@pytest.mark.slow
def test_sparse_arrays_are_not_densified(rng):
    n = 400_000  # a matrix of 320 GB
    rows = rng.integers(0, 100_000, n)
    M = csc_array((np.ones(n), (rows, np.arange(n))), shape=(100_000, n))
    x = np.zeros(n)
    x[:50] = 1.0
    y = M @ x
    found = st.lasso(M, y, 0.1)
    assert found.converged
    assert st.lasso_gap(M, y, 0.1, found.x) <= 1e-6 * 0.5 * (y @ y)


@pytest.mark.parametrize("density", [0.05, 0.5])
def test_centred_columns_are_those_less_their_means(density, rng):
    M, y, lam = sparse_problem(rng, density)
    C, dense = Centred(M), M.toarray() - M.toarray().mean(axis=0)
    v, w = rng.standard_normal(300), rng.standard_normal(80)
    assert_allclose(C @ v, dense @ v, atol=1e-12)
    assert_allclose(C.T @ w, dense.T @ w, atol=1e-12)
    found = st.lasso(C, y, lam, tol=1e-10)
    assert certified(dense, y, lam, found, 1e-10) <= 1e-10
    work = st.solvers.lasso.LassoProblem(C, y, None).work
    for part in (np.arange(20), np.arange(50, 90)):
        work.grow(part)
    W = dense[:, work.index]
    assert_allclose(work.G[:60, :60], W.T @ W, atol=1e-10)


def test_single_precision_stays_so(rng):
    A, y, lam = problem(rng)
    single, z = A.astype(np.float32), y.astype(np.float32)
    exact = single.astype(np.float64), z.astype(np.float64)
    for B in (single, np.ascontiguousarray(single), csc_array(single)):
        found = st.lasso(B, z, lam)
        assert found.x.dtype == np.float32
        assert found.converged
        assert certified(*exact, lam, found, 1e-6) <= 1e-6
        assert st.lasso(B, y, lam).x.dtype == np.float64
    expected = st.lasso(*exact, lam).x
    assert_allclose(found.x, expected, atol=1e-2 * np.abs(expected).max())


def test_a_start_at_the_solution_ends_at_once(rng):
    A, y, lam = problem(rng)
    for B in (A, csc_array(A), aslinearoperator(A)):
        x = st.lasso(B, y, lam, tol=1e-8).x
        again = st.lasso(B, y, lam, x0=x, tol=1e-7)
        assert again.n_iter == 0
        assert_allclose(again.x, x, atol=1e-12)


def test_any_start_leads_to_the_solution(rng):
    A, y, lam = problem(rng)
    expected = st.lasso(A, y, lam, tol=1e-12).x
    for scale in (1e-3, 1.0, 1e6):  # 200 entries, of which 60 are used
        x0 = scale * rng.standard_normal(200)
        found = st.lasso(A, y, lam, x0=x0, tol=1e-12)
        assert_allclose(found.x, expected, atol=1e-5)


def test_zero_tolerance_ends_at_rounding_in_silence(rng):
    A, y, lam = problem(rng)
    found = st.lasso(A, y, lam, tol=0)
    assert found.gap <= 100 * EPS * y @ y


def test_the_proof_holds_at_any_iteration(rng):
    A, y, lam = problem(rng, over=100)
    best = st.lasso(A, y, lam, tol=1e-13)
    r = y - A @ best.x
    least = 0.5 * r @ r + lam * np.abs(best.x).sum()
    before = np.inf
    with quiet():
        for n_iter in (1, 2, 5, 20, 80):
            found = st.lasso(A, y, lam, max_iter=n_iter, tol=1e-14)
            assert found.n_iter == n_iter
            certified(A, y, lam, found, 1e-14)
            r = y - A @ found.x
            objective = 0.5 * r @ r + lam * np.abs(found.x).sum()
            assert found.gap >= objective - least - 1e-12 * least
            assert objective <= before * (1 + 1e-12)
            before = objective


def test_stopping_short_warns_once_with_the_figures(rng):
    A, y, lam = problem(rng)
    for B in (A, csc_array(A), aslinearoperator(A)):
        with pytest.warns(ConvergenceWarning, match=r"after 1 iter.* gap .* > ") as got:
            found = st.lasso(B, y, lam, max_iter=1, tol=1e-12)
        assert (len(got), found.converged, found.n_iter) == (1, False, 1)
        assert got[0].filename == __file__


def degenerate(seed):
    rng = np.random.default_rng(seed)
    m, n = int(rng.integers(10, 80)), int(rng.integers(10, 150))
    A = rng.standard_normal((m, n))
    if seed % 4 == 0:
        A[:, n // 2 : 2 * (n // 2)] = A[:, : n // 2]
    elif seed % 4 == 1:
        A[:, rng.random(n) < 0.3] = 0.0
    elif seed % 4 == 2:
        A = rng.standard_normal((m, 3)) @ rng.standard_normal((3, n))
    else:
        A *= 10.0 ** rng.uniform(-4, 4, n)
    y = A @ (rng.standard_normal(n) * (rng.random(n) < 0.1))
    return A, y + 0.1 * rng.standard_normal(m)


@pytest.mark.slow
@pytest.mark.parametrize("over", [30, 1e3, 1e5])
def test_degenerate_problems_are_solved_or_said_not_to_be(over):
    solved = 0
    for seed in range(60):  # duplicates, zero columns, rank 3, scales 1e-4..1e4
        A, y = degenerate(seed)
        lam = st.lambda_max(A, y) / over
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            found = st.lasso(A, y, lam, tol=1e-9)
        certified(A, y, lam, found, 1e-9)
        assert len(caught) == (not found.converged)
        solved += found.converged
    assert solved == 60


def test_a_full_working_set_is_finished_by_gradients(rng, monkeypatch):
    monkeypatch.setattr(_descent, "MOST", 50)
    A, y, lam = problem(rng, over=20)
    found = st.lasso(A, y, lam, tol=1e-9)
    assert certified(A, y, lam, found, 1e-9) <= 1e-9
    with quiet():
        for n_iter in (1, 5, 10, 20):
            assert st.lasso(A, y, lam, tol=0, max_iter=n_iter).n_iter == n_iter


def test_arguments_are_left_alone(rng):
    A, y, lam = problem(rng)
    x0 = rng.standard_normal(200)
    copies = A.copy(), y.copy(), x0.copy()
    st.lasso(A, y, lam, x0=x0)
    for now, then in zip((A, y, x0), copies, strict=True):
        assert_array_equal(now, then)


@given(some.integers(1, 6), some.integers(1, 8), some.floats(1e-3, 2), some.data())
def test_any_shape_is_solved(m, n, share, data):
    rng = np.random.default_rng(data.draw(some.integers(0, 99)))
    A, y = rng.standard_normal((m, n)), rng.standard_normal(m)
    lam = share * st.lambda_max(A, y)
    for B in (A, np.asfortranarray(A), csc_array(A)):
        found = st.lasso(B, y, lam, tol=1e-9)
        assert certified(A, y, lam, found, 1e-9) <= 1e-9


def test_columns_are_read_only_where_a_bound_lets_them_matter(rng):
    A, y, _ = problem(rng)
    for B in (A, csc_array(A)):
        design = st.solvers.lasso.LassoProblem(B, y, None).design
        c, norms = design.first(y)
        bound = np.abs(c)
        j = int(np.argmin(bound))
        move = 0.1 * np.sign(c[j]) * A[:, j] / norms[j]  # the worst for column j
        before = c.copy()
        design.correlate(y + move, 0.1, np.inf, norms, c, bound)
        assert_array_equal(c, before)
        correlations = np.abs(A.T @ (y + move))
        assert np.all(correlations <= bound * (1 + 1e-12))
        assert_allclose(bound[j], correlations[j], rtol=1e-9)
        level = np.median(bound)
        exact = bound >= level
        design.correlate(y + move, 0.0, level, norms, c, bound)
        assert_allclose(c[exact], (A.T @ (y + move))[exact], rtol=1e-9)
        assert_array_equal(c[~exact], before[~exact])
        assert_allclose(bound[exact], np.abs(c[exact]), rtol=1e-9)
        assert np.all(bound >= np.abs(c))
