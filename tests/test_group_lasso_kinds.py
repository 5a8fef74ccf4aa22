"""The fast group LASSO on matrices of every kind, however their columns are held."""

import numpy as np
import pytest
from group_problems import certified, penalty, problem, uneven
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csc_array, csr_array, random_array
from scipy.sparse.linalg import aslinearoperator

import sparsetheory as st
from sparsetheory._checks import check_groups, quiet
from sparsetheory._kernels.group_passes import measure_groups, refresh_groups
from sparsetheory.solvers import _group_problem, _group_sets


def layers(rng):
    draw = rng.standard_normal
    yield st.BlockCirculant(draw((2, 3, 5)), 32)
    yield st.BlockCirculant(draw((2, 3, 32)), 32)
    yield st.BlockCirculant(draw((5, 3, 4)), 32, stride=2, origin=1)
    yield st.BlockCirculant(draw((2, 2, 3, 4)), (8, 6))
    yield st.BlockCirculant(draw((3, 2, 5)), 32).take(rng.permutation(96)[:60])
    yield st.BlockCirculant(draw((3, 2, 5)), 33, stride=2)


def test_layers_are_solved_as_their_matrices(rng):
    for layer in layers(rng):
        A, n = layer.to_dense(), layer.shape[1]
        y, labels = rng.standard_normal(len(A)), uneven(rng, n, 15)
        weights = np.sqrt(np.bincount(labels))
        for over in (5, 100):
            lam = st.group_lambda_max(layer, y, labels) / over
            found = st.group_lasso(layer, y, lam, labels, tol=1e-9)
            assert certified(A, y, lam, labels, weights, found, 1e-9) <= 1e-9


def test_sparse_arrays_are_solved_as_their_matrices(rng):
    S = random_array((80, 200), density=0.05, rng=rng, format="csc")
    A, y, labels = S.toarray(), rng.standard_normal(80), uneven(rng, 200, 40)
    weights = np.sqrt(np.bincount(labels))
    for over in (5, 100):
        lam = st.group_lambda_max(A, y, labels) / over
        for kind in (csc_array, csr_array):
            found = st.group_lasso(kind(S), y, lam, labels, tol=1e-9)
            assert certified(A, y, lam, labels, weights, found, 1e-9) <= 1e-9


def test_sparse_arrays_are_not_densified(rng):
    m = 200_000  # 320 GB as an array
    S = random_array((m, m), density=2e-5, rng=rng, format="csc", dtype=np.float64)
    y = S[:, :30] @ np.ones(30)
    lam = st.group_lambda_max(S, y, 10) / 10
    assert st.group_lasso(S, y, lam, 10, tol=1e-6).converged


def test_other_operators_go_by_gradients_with_the_same_proof(rng):
    A, y, _ = problem(rng)
    labels = uneven(rng, 160, 30)
    lam = st.group_lambda_max(A, y, labels) / 10
    found = st.group_lasso(aslinearoperator(A), y, lam, labels, tol=1e-9)
    weights = np.sqrt(np.bincount(labels))
    assert certified(A, y, lam, labels, weights, found, 1e-9) <= 1e-9
    warm = st.group_lasso(aslinearoperator(A), y, lam, labels, x0=found.x)
    assert warm.n_iter == 0


def test_single_precision_stays_so(rng):
    A, y, lam = problem(rng)
    expected = st.group_lasso(A, y, lam, 4, tol=1e-9)
    for M in (A.astype(np.float32), np.ascontiguousarray(A, dtype=np.float32)):
        found = st.group_lasso(M, y.astype(np.float32), lam, 4)
        assert found.x.dtype == np.float32
        assert found.converged
        assert_allclose(found.x, expected.x, atol=0.02 * np.abs(expected.x).max())
        r = y.astype(np.float32) - M.astype(float) @ found.x.astype(float)
        value = 0.5 * r @ r + lam * penalty(found.x, np.arange(160) // 4, [2.0] * 40)
        lowest = value - found.gap
        best = 0.5 * np.sum((y - A @ expected.x) ** 2)
        best += lam * penalty(expected.x, np.arange(160) // 4, [2.0] * 40)
        assert lowest < best + 1e-6 * 0.5 * y @ y  # a bound, of the rounded problem
    assert st.group_lasso(A, y.astype(np.float32), lam, 4).x.dtype == np.float64


def test_a_matrix_of_integers_is_one_of_doubles(rng):
    A = rng.integers(-3, 4, (40, 80))
    y = rng.integers(-3, 4, 40)
    expected = st.group_lasso(A.astype(float), y.astype(float), 3.0, 4).x
    assert_array_equal(st.group_lasso(A, y, 3, 4).x, expected)
    assert_array_equal(st.group_lasso(A.tolist(), y.tolist(), 3, 4).x, expected)


def test_any_order_of_memory_gives_the_solution(rng):
    A, y, lam = problem(rng)
    x = st.group_lasso(A, y, lam, 4, tol=1e-12).x
    wide = np.zeros((120, 320))
    wide[::2, ::2] = A
    for M in (np.ascontiguousarray(A), wide[::2, ::2], A[::-1][::-1]):
        assert_allclose(st.group_lasso(M, y, lam, 4, tol=1e-12).x, x, atol=1e-6)
    A.setflags(write=False)
    assert_allclose(st.group_lasso(A, y, lam, 4, tol=1e-12).x, x, atol=1e-6)


@pytest.mark.parametrize(
    "kind", ["dense", "rows", "single", "sparse", "operator", "layer"]
)
def test_groups_of_weight_zero_are_fitted_and_not_penalised(kind, rng):
    A, y, _ = problem(rng)
    layer = st.BlockCirculant(rng.standard_normal((2, 5, 7)), 32)
    M = {
        "dense": A,
        "rows": np.ascontiguousarray(A),
        "single": A.astype(np.float32),
        "sparse": csc_array(A),
        "operator": aslinearoperator(A),
        "layer": layer,
    }[kind]
    A = layer.to_dense() if kind == "layer" else A
    y = y if kind != "layer" else rng.standard_normal(64)
    y = y.astype(np.float32) if kind == "single" else y
    labels = uneven(rng, 160, 20)
    weights = np.where(np.isin(np.arange(20), [3, 7]), 0.0, 1.5)
    lam = st.group_lambda_max(A, y.astype(float), labels, weights=weights) / 20
    tol = 1e-6 if kind == "single" else 1e-9
    found = st.group_lasso(M, y, lam, labels, weights=weights, tol=tol)
    if kind != "single":
        assert certified(A, y, lam, labels, weights, found, tol) <= tol
    free = np.isin(labels, [3, 7])
    r = y - A @ found.x
    size = np.linalg.norm(A) * np.linalg.norm(y)
    assert np.linalg.norm(A[:, free].T @ r) < 1e-6 * size
    Q, _ = np.linalg.qr(A[:, free])
    other = A[:, ~free] - Q @ (Q.T @ A[:, ~free])
    alone = st.group_lasso(
        other,
        y - Q @ (Q.T @ y),
        lam,
        labels[~free],
        weights=weights[weights > 0],
        tol=1e-12,
    )
    assert_allclose(found.x[~free], alone.x, atol=1e-2 * np.abs(alone.x).max())


@pytest.mark.parametrize("scale", [1e-100, 1e16, 1e100])
@pytest.mark.parametrize(
    "kind", [np.array, np.asfortranarray, csc_array, aslinearoperator]
)
def test_the_scale_of_columns_without_penalty_changes_nothing(kind, scale, rng):
    A, y = rng.standard_normal((30, 6)), 5.0 + 0.2 * np.arange(30)
    A[:, 0] = 1.0
    scales = np.array([1.0, scale, 1.0, 1.0, 1.0, 1.0])
    groups, options = [0, 0, 1, 1, 2, 2], {"weights": [0, 1, 1]}
    expected = st.group_lasso(A, y, 0.1, groups, tol=1e-12, **options).x
    found = st.group_lasso(kind(A * scales), y, 0.1, groups, tol=1e-9, **options)
    assert_allclose(scales * found.x, expected, rtol=1e-3)
    least = st.group_lambda_max(A, y, groups, **options)
    same = st.group_lambda_max(kind(A * scales), y, groups, **options)
    assert_allclose(same, least, rtol=1e-12)


def test_columns_without_penalty_may_be_long_and_nearly_parallel(rng):
    A, clock = rng.standard_normal((30, 6)), np.arange(30)
    A[:, 0] = 1.0
    y, residuals = 5.0 + A[:, 3] + 0.2 * clock, []
    for column in (clock, 1.7e18 + 8.64e13 * clock):
        A[:, 1] = column
        x = st.group_lasso(A, y, 0.1, [0, 0, 1, 1, 2, 2], weights=[0, 1, 1], tol=0).x
        residuals.append(np.linalg.norm(y - A @ x))
    assert_allclose(*residuals, rtol=1e-6)


def test_each_way_of_holding_columns_gives_the_solution(rng, monkeypatch):
    A, y, lam = problem(rng, over=100)
    expected = st.group_lasso(A, y, lam, 4, tol=0).x
    for patience in (1, 10**6):  # the Gram matrix at once, or never
        monkeypatch.setattr(_group_sets, "PATIENCE", patience)
        for M in (A, np.ascontiguousarray(A), csc_array(A)):
            found = st.group_lasso(M, y, lam, 4, tol=0)
            assert_allclose(found.x, expected, atol=1e-6)


def test_a_full_working_set_is_finished_by_gradients(rng, monkeypatch):
    monkeypatch.setattr(_group_sets, "MOST", 1000)
    A, y, lam = problem(rng)
    found = st.group_lasso(csc_array(A), y, lam, 4, tol=1e-9)
    labels, weights = np.arange(160) // 4, np.full(40, 2.0)
    assert certified(A, y, lam, labels, weights, found, 1e-9) <= 1e-9
    for limit in range(1, 8):  # some of which leave nothing to gradients
        with quiet():
            short = st.group_lasso(csc_array(A), y, lam, 4, tol=1e-9, max_iter=limit)
        assert short.n_iter == limit
        assert not short.converged


def test_groups_too_wide_for_a_basis_go_by_gradients(rng, monkeypatch):
    monkeypatch.setattr(_group_problem, "WIDEST", 3)
    A, y, lam = problem(rng)
    labels, weights = np.arange(160) // 4, np.full(40, 2.0)
    for M, tol in ((A, 1e-9), (A.astype(np.float32), 1e-6)):
        found = st.group_lasso(M, y.astype(M.dtype), lam, 4, tol=tol)
        assert found.x.dtype == M.dtype
        if tol == 1e-9:
            assert certified(A, y, lam, labels, weights, found, tol) <= tol


def test_skipped_groups_stay_within_their_bounds_and_these_are_tight(rng):
    A, _, _ = problem(rng)
    groups = check_groups(np.arange(160), 160)
    reach, bound = np.empty(160), np.empty(160)
    y = A[:, 7].copy()
    measure_groups(A.T, y, groups, 0.0, reach, bound)
    assert_allclose(bound, np.abs(A.T @ y), atol=1e-12)
    never = np.full(160, np.inf)
    refresh_groups(A.T, 3 * y, groups, 0.0, reach, never, 2 * reach[7], bound)
    after = np.abs(A.T @ (3 * y))
    assert np.all(bound >= after * (1 - 1e-12))
    assert_allclose(bound[7], after[7])


@pytest.mark.parametrize("seed", [0, 2, 4])
def test_a_sweep_lost_in_rounding_does_not_end_the_search(seed):
    rng = np.random.default_rng(seed)
    A = np.abs(rng.standard_normal((60, 120)))  # far from orthogonal
    A[:, ::3], A[:, 1::3] = 0, A[:, 2::3]
    y = A[:, :8].sum(axis=1) + rng.standard_normal(60)
    lam = st.group_lambda_max(A, y, 4)
    for over in (30, 300):
        assert st.group_lasso(A, y, lam / over, 4, tol=1e-12).converged


def test_columns_that_free_ones_span_stay_at_zero(rng):
    A = rng.standard_normal((50, 3)) @ rng.standard_normal((3, 200))
    y, weights = rng.standard_normal(50), np.r_[0.0, np.ones(49)]
    assert st.group_lambda_max(A, y, 4, weights=weights) == 0
    best = A @ np.linalg.lstsq(A, y)[0]
    for M in (A, csc_array(A)):
        with quiet():
            for lam in (1e-15, 1e-9, 1.0):
                found = st.group_lasso(M, y, lam, 4, weights=weights)
                assert_allclose(A @ found.x, best, atol=1e-9)
        assert found.converged
        assert_array_equal(found.support, np.arange(4))
