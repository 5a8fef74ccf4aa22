"""Upper bounds on sparse eigenvalues."""

import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose

import sparsetheory as st
from sparsetheory.conditions import relaxation
from sparsetheory.conditions._sections import gram, matrix_of


def unit(A):
    return A / np.linalg.norm(A, axis=0)


def correlations(rng, m=8, n=12, dtype=float):
    A = rng.standard_normal((m, n)).astype(dtype)
    if dtype is complex:
        A += 1j * rng.standard_normal((m, n))
    A = unit(A)
    return A.conj().T @ A - np.eye(n)


def largest(M, k):
    S = np.array(list(itertools.combinations(range(len(M)), k)))
    return np.linalg.eigvalsh(M[S[:, :, None], S[:, None, :]])[:, -1].max()


@pytest.mark.parametrize("dtype", [float, complex])
@pytest.mark.parametrize("k", [2, 3, 5])
def test_every_bound_bounds(rng, dtype, k):
    for M in (correlations(rng, dtype=dtype), -correlations(rng, dtype=dtype)):
        M = M + np.diag(rng.uniform(-1, 1, len(M)))
        exact = largest(M, k)
        bound, dual = relaxation.semidefinite_dual(M, k)
        assert exact <= bound <= relaxation.babel_bound(M, k) + 1e-9
        assert relaxation.dual_bound(M, dual, k) == bound
        assert exact <= relaxation.babel_bound(M, k)
        assert exact <= relaxation.frobenius_bound(M, k)
        least = M.diagonal().real.min()
        for r in range(2, k):
            assert exact <= relaxation.averaging_bound(largest(M, r), least, r, k)


def test_any_dual_matrix_certifies(rng):
    M = correlations(rng)
    exact = largest(M, 4)
    for size in (0.01, 0.1, 1.0):
        dual = size * rng.standard_normal(M.shape)
        bound = relaxation.dual_bound(M, dual, 4)
        assert bound >= exact
        U = 0.5 * (dual + dual.T)
        np.fill_diagonal(U, 0)
        by_hand = np.linalg.eigvalsh(M + U)[-1] + 3 * np.abs(U).max()
        assert_allclose(bound, by_hand, rtol=1e-12)
        assert bound > by_hand  # the margin


def test_equal_correlations_are_tight():
    n, k, r = 10, 4, 0.2
    M = r * (np.ones((n, n)) - np.eye(n))
    for bound in (
        relaxation.babel_bound(M, k),
        relaxation.frobenius_bound(M, k),
        relaxation.averaging_bound(2 * r, 0.0, 3, k),
        relaxation.semidefinite_dual(M, k)[0],
    ):
        assert_allclose(bound, (k - 1) * r, rtol=1e-4)


def test_the_relaxation_of_a_layer_is_that_of_its_matrix(rng):
    for h, size in ((rng.standard_normal((2, 2, 3)), 7), ((2, 1, 2, 2), (4, 5))):
        h = h if isinstance(h, np.ndarray) else rng.standard_normal(h)
        G = gram(st.BlockCirculant(h, size), 3, True)
        values = G.values.copy()
        values[relaxation.own(values)] -= 1
        M = matrix_of(values)
        assert_allclose(M, G.matrix - np.eye(len(M)), atol=1e-14)
        for sign in (1, -1):
            one = relaxation.semidefinite_dual(sign * values, 3, max_iter=2000)[0]
            two = relaxation.semidefinite_dual(sign * M, 3, max_iter=2000)[0]
            assert_allclose(one, two, rtol=2e-3)
            assert largest(sign * M, 3) <= min(one, two)


def test_one_channel_is_a_linear_program(rng):
    for shape, size in (((1, 1, 9), 9), ((2, 1, 2, 3), (4, 5)), ((1, 1, 3), 8)):
        G = gram(st.BlockCirculant(rng.standard_normal(shape), size), 4, True)
        values = G.values.copy()
        values[relaxation.own(values)] -= 1
        for sign in (1, -1):
            bound, dual = relaxation.circulant_dual(sign * values, 4)
            other, _ = relaxation.semidefinite_dual(sign * values, 4, max_iter=3000)
            assert_allclose(bound, other, rtol=1e-3)
            assert bound <= other * (1 + 1e-9)
            assert bound >= largest(sign * matrix_of(values), 4) - 1e-12
            assert relaxation.dual_bound(sign * values, dual, 4) == bound


def test_the_relaxation_agrees_with_a_solver():
    cvxpy = pytest.importorskip("cvxpy")
    M = correlations(np.random.default_rng(0), 6, 9)
    X = cvxpy.Variable((9, 9), PSD=True)
    limits = [cvxpy.trace(X) == 1, cvxpy.sum(cvxpy.abs(X)) <= 3]
    problem = cvxpy.Problem(cvxpy.Maximize(cvxpy.trace(M @ X)), limits)
    problem.solve(solver=cvxpy.CLARABEL)
    bound, _ = relaxation.semidefinite_dual(M, 3, max_iter=3000)
    assert bound >= problem.value - 1e-7
    assert_allclose(bound, problem.value, rtol=1e-3)


def test_projections():
    rng = np.random.default_rng(0)
    w = rng.standard_normal((3, 4))
    copies = np.array([1.0, 2.0, 2.0])
    p = relaxation._simplex(w, copies, 5.0)
    assert p.min() >= 0
    assert_allclose((copies[:, None] * p).sum(), 5.0)
    shift = (w - p)[p > 0]
    assert_allclose(shift, shift[0])
    size = np.abs(rng.standard_normal(30))
    cut = relaxation._l1_cut(size, 4.0)
    assert_allclose(np.maximum(size - cut, 0).sum(), 4.0)
    assert relaxation._l1_cut(size, 100.0) == 0.0
