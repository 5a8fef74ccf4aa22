"""The solvers of the package against an interior-point and a simplex method."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import sparsetheory as st
from sparsetheory.solvers import reference

LABELS = np.arange(40) % 9  # interleaved, of sizes 4 and 5


def problem(rng):
    A = st.gaussian(20, 40, rng)
    y = A @ st.sparse_signal(40, 3, rng) + 0.02 * rng.standard_normal(20)
    return A, y, 0.1 * st.lambda_max(A, y)


def test_lasso(rng):
    A, y, lam = problem(rng)
    other = reference.lasso(A, y, lam)
    assert other.converged
    assert other.n_iter > 0
    assert_allclose(st.lasso(A, y, lam, tol=1e-12).x, other.x, atol=1e-5)
    assert st.lasso_gap(A, y, lam, other.x) <= 1e-6 * y @ y
    C = st.BlockCirculant(rng.standard_normal((2, 1, 5)), 20)
    y = rng.standard_normal(40)
    other = reference.lasso(C, y, 1.0)
    assert_allclose(st.lasso(C, y, 1.0, tol=1e-12).x, other.x, atol=1e-5)


@pytest.mark.parametrize("weights", [None, np.linspace(1.0, 2.0, 9)])
def test_group_lasso(weights, rng):
    A, y, lam = problem(rng)
    other = reference.group_lasso(A, y, lam, LABELS, weights=weights)
    options = {"weights": weights, "tol": 1e-12, "max_iter": 100_000}
    found = st.group_ista(A, y, lam, LABELS, **options)
    assert_allclose(found.x, other.x, atol=1e-4)


def test_basis_pursuit(rng):
    A, y, _ = problem(rng)
    other = reference.basis_pursuit(A, y)
    assert_allclose(st.basis_pursuit(A, y, tol=1e-9).x, other.x, atol=1e-6)


def test_nonnegative_basis_pursuit(rng):
    A = rng.random((20, 40))
    y = A @ np.abs(st.sparse_signal(40, 3, rng))
    other = reference.nonnegative_basis_pursuit(A, y)
    assert other.x.min() >= -1e-9
    found = st.nonnegative_basis_pursuit(A, y, tol=1e-9)
    assert_allclose(found.x, other.x, atol=1e-6)


def test_group_basis_pursuit(rng):
    A, y, _ = problem(rng)
    other = reference.group_basis_pursuit(A, y, LABELS)
    found = st.group_basis_pursuit(A, y, groups=LABELS, tol=1e-9)
    norm = [
        sum(
            np.sum(g == LABELS) ** 0.5 * np.linalg.norm(x[g == LABELS])
            for g in range(9)
        )
        for x in (found.x, other.x)
    ]
    assert_allclose(*norm, rtol=1e-6)


def test_problems_without_a_solution_are_refused():
    A = np.array([[1.0, 0.0], [1.0, 0.0]])
    with pytest.raises(ValueError, match="the problem has no solution: infeasible"):
        reference.basis_pursuit(A, [1.0, 2.0])
    with pytest.raises(ValueError, match="the problem has no solution: infeasible"):
        reference.basis_pursuit_denoise(A, [1.0, 2.0], 0.1)


def test_lists_and_groups_without_penalty_are_taken(rng):
    A, y, lam = problem(rng)
    weights = np.where(np.arange(9) == 2, 0.0, 1.0)
    lists = A.tolist()
    other = reference.group_lasso(lists, y, lam, LABELS, weights=weights)
    found = st.group_lasso(A, y, lam, LABELS, weights=weights, tol=1e-10)
    assert_allclose(found.x, other.x, atol=1e-4)
    same = reference.group_basis_pursuit(A, y, LABELS).x
    assert_allclose(reference.group_basis_pursuit(lists, y, LABELS).x, same)


@pytest.mark.parametrize("scale", [1e-8, 1e-4, 1e9])
def test_scales_change_nothing(scale, rng):
    A, y, lam = problem(rng)
    for one, other in (
        (reference.lasso(A, y, lam), reference.lasso(A, scale * y, scale * lam)),
        (
            reference.basis_pursuit_denoise(A, y, 0.1),
            reference.basis_pursuit_denoise(A, scale * y, scale * 0.1),
        ),
        (reference.basis_pursuit(A, y), reference.basis_pursuit(scale * A, y)),
    ):
        size = np.linalg.norm(one.x) / np.linalg.norm(other.x)
        assert_allclose(size * other.x, one.x, atol=1e-6)
