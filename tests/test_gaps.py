"""Gaps and optimality conditions of the LASSO and the group LASSO."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.sparse import csr_array
from scipy.sparse.linalg import aslinearoperator

import sparsetheory as st

LABELS = np.arange(60) % 7


def problem(rng):
    A = st.gaussian(30, 60, rng)
    y = A @ st.sparse_signal(60, 4, rng) + 0.05 * rng.standard_normal(30)
    return A, y, 0.1 * st.lambda_max(A, y)


def objective(A, y, lam, x):
    return 0.5 * np.sum((y - A @ x) ** 2) + lam * np.abs(x).sum()


def group_objective(A, y, lam, x, weights):
    norms = [np.linalg.norm(x[g == LABELS]) for g in range(7)]
    return 0.5 * np.sum((y - A @ x) ** 2) + lam * weights @ norms


def test_the_gap_bounds_the_excess_of_any_point(rng):
    A, y, lam = problem(rng)
    best = st.lasso(A, y, lam, tol=1e-13)
    least = objective(A, y, lam, best.x)
    for scale in (0.0, 1e-3, 1.0, 1e3):
        x = best.x + scale * rng.standard_normal(60)
        excess = objective(A, y, lam, x) - least
        assert st.lasso_gap(A, y, lam, x) >= excess - 1e-12 * y @ y
        proved = st.lasso_gap(A, y, lam, x, dual=best.dual)
        assert_allclose(proved, excess, atol=1e-11 * y @ y, rtol=1e-9)


def test_any_vector_is_a_dual_point_once_scaled(rng):
    A, y, lam = problem(rng)
    least = objective(A, y, lam, st.lasso(A, y, lam, tol=1e-13).x)
    x = rng.standard_normal(60)
    for u in (y, -y, 1e9 * y, rng.standard_normal(30), np.zeros(30)):
        gap = st.lasso_gap(A, y, lam, x, dual=u)
        assert gap >= objective(A, y, lam, x) - least
        assert_allclose(gap, st.lasso_gap(A, y, lam, x, dual=-3.0 * u))
    nothing = st.lasso_gap(A, y, lam, x, dual=np.zeros(30))
    assert_allclose(nothing, objective(A, y, lam, x))


def test_the_dual_points_of_the_scale_are_those_allowed():
    # One entry: 1/2 (3 - x)^2 + |x| is least at 2, where the residual is 1.
    assert st.lasso_gap([[1.0]], [3.0], 1.0, [2.0]) == 0.0
    # At 1: objective 3, residual 2 scaled to 1, worth 9/2 - 4/2.
    assert st.lasso_gap([[1.0]], [3.0], 1.0, [1.0]) == 0.5
    # At 2.5: objective 2.625; the best multiple of 0.5 is again 1.
    assert st.lasso_gap([[1.0]], [3.0], 1.0, [2.5]) == 0.125


def test_the_gap_of_groups_bounds_the_excess(rng):
    A, y, lam = problem(rng)
    weights = np.linspace(1.0, 2.0, 7)
    options = {"weights": weights, "tol": 1e-12, "max_iter": 200_000}
    best = st.group_ista(A, y, lam, LABELS, **options)
    least = group_objective(A, y, lam, best.x, weights)
    for scale in (0.0, 1e-3, 1.0):
        x = best.x + scale * rng.standard_normal(60)
        gap = st.group_lasso_gap(A, y, lam, LABELS, x, weights=weights)
        excess = group_objective(A, y, lam, x, weights) - least
        assert gap >= excess - 1e-12 * y @ y
        residual = y - A @ best.x
        proved = st.group_lasso_gap(
            A, y, lam, LABELS, x, weights=weights, dual=residual
        )
        assert_allclose(proved, excess, atol=1e-11 * y @ y, rtol=1e-8)
    assert_allclose(
        st.group_lasso_gap(A, y, lam, LABELS, best.x, weights=weights),
        best.gap,
        atol=1e-14,
    )


def test_groups_of_one_are_entries(rng):
    A, y, lam = problem(rng)
    x = rng.standard_normal(60)
    assert_allclose(
        st.group_lasso_gap(A, y, lam, 1, x), st.lasso_gap(A, y, lam, x), rtol=1e-12
    )


def test_conditions_hold_at_the_solution_alone(rng):
    A, y, lam = problem(rng)
    x = st.lasso(A, y, lam, tol=0).x
    assert st.lasso_kkt(A, y, lam, x) <= 1e-6
    zero = st.lasso_kkt(A, y, lam, np.zeros(60))
    assert_allclose(zero, st.lambda_max(A, y) / lam - 1.0)
    assert st.lasso_kkt(A, y, 20 * lam, np.zeros(60)) == 0.0
    c = A.T @ (y - A @ x) / lam
    j = int(np.argmax(np.abs(x)))
    moved = x + 0.1 * np.eye(60)[j]
    miss = st.lasso_kkt(A, y, lam, moved)
    assert miss >= 0.1 * np.sum(A[:, j] ** 2) / lam - 1e-5
    i = int(np.flatnonzero(x == 0.0)[0])
    # A sign where there is none is a miss of one less or more than the correlation.
    tiny = x + 1e-300 * np.eye(60)[i]
    assert_allclose(st.lasso_kkt(A, y, lam, tiny), 1.0 - c[i], rtol=1e-6)


@pytest.mark.parametrize("kind", [csr_array, aslinearoperator, np.asfortranarray])
def test_operators_are_taken(kind, rng):
    A, y, lam = problem(rng)
    x = rng.standard_normal(60)
    assert_allclose(st.lasso_gap(kind(A), y, lam, x), st.lasso_gap(A, y, lam, x))
    assert_allclose(st.lasso_kkt(kind(A), y, lam, x), st.lasso_kkt(A, y, lam, x))
    assert_allclose(st.lambda_max(kind(A), y), st.lambda_max(A, y))


@pytest.mark.parametrize(
    ("x", "dual", "message"),
    [
        (np.zeros(3), None, r"x must have shape \(60,\) to match A, got \(3,\)"),
        (np.full(60, np.nan), None, "x must be finite, got nan"),
        (np.zeros(60), np.zeros(3), r"dual must have shape \(30,\) .* got \(3,\)"),
        (np.zeros(60), np.full(30, np.inf), "dual must be finite, got inf"),
    ],
)
def test_bad_points_are_named(x, dual, message):
    A, y, lam = problem(np.random.default_rng(0))
    with pytest.raises(ValueError, match=message):
        st.lasso_gap(A, y, lam, x, dual=dual)
    with pytest.raises(ValueError, match=message):
        st.group_lasso_gap(A, y, lam, LABELS, x, dual=dual)
    if dual is None:
        with pytest.raises(ValueError, match=message):
            st.lasso_kkt(A, y, lam, x)


def test_the_gap_with_free_groups_bounds_the_excess(rng):
    A, y, lam = problem(rng)
    weights = np.where(np.arange(7) == 3, 0.0, 1.0)
    options = {"weights": weights}
    best = st.group_lasso(A, y, lam, LABELS, tol=1e-12, **options)
    least = group_objective(A, y, lam, best.x, weights)
    for scale in (0.0, 1e-3, 1.0):
        x = best.x + scale * rng.standard_normal(60)
        excess = group_objective(A, y, lam, x, weights) - least
        gap = st.group_lasso_gap(A, y, lam, LABELS, x, **options)
        assert gap >= excess - 1e-11 * y @ y
        for M in (A, csr_array(A), aslinearoperator(A)):
            dual = {"dual": best.dual}
            proved = st.group_lasso_gap(M, y, lam, LABELS, x, **options, **dual)
            assert_allclose(proved, excess, atol=1e-11 * y @ y, rtol=1e-8)
    assert st.group_lasso_gap(A, y, lam, LABELS, best.x, **options) <= 1e-6 * y @ y


def test_the_gap_without_any_penalty_is_that_of_least_squares(rng):
    A, y, x = rng.standard_normal((9, 3)), rng.standard_normal(9), np.ones(3)
    least = 0.5 * np.sum((y - A @ np.linalg.lstsq(A, y)[0]) ** 2)
    gap = st.group_lasso_gap(A, y, 1.0, 3, x, weights=[0.0])
    assert_allclose(gap, 0.5 * np.sum((y - A @ x) ** 2) - least)
    # A residual in the span proves nothing by what rounding leaves of it.
    inside = st.group_lasso_gap(A, A @ x, 1.0, 3, 0 * x, weights=[0.0])
    assert_allclose(inside, 0.5 * np.sum((A @ x) ** 2))
