"""Basis pursuit denoising: closed form, certificate, limits; an interior point."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csc_array
from scipy.sparse.linalg import aslinearoperator
from sklearn.exceptions import ConvergenceWarning

import sparsetheory as st
from sparsetheory._checks import quiet
from sparsetheory.solvers import denoise, reference


def problem(rng, m=40, n=120, k=5):
    A = st.gaussian(m, n, rng)
    y = A @ st.sparse_signal(n, k, rng) + 0.05 * rng.standard_normal(m)
    return A, y, float(np.linalg.norm(y))


def certified(A, y, eps, found):
    """Check feasibility and the gap, in plain NumPy; return it relative to the norm."""
    norm = np.abs(found.x).sum()
    assert np.linalg.norm(y - A @ found.x) <= eps + 1e-12 * np.linalg.norm(y)
    u = found.dual
    assert np.abs(A.T @ u).max() <= 1.0
    value = y @ u - eps * np.linalg.norm(u)
    assert_allclose(found.gap, norm - value, rtol=1e-6, atol=1e-12 * norm)
    return found.gap / norm


def test_orthonormal_design_is_a_soft_threshold(rng):
    Q, _ = np.linalg.qr(rng.standard_normal((30, 30)))
    c = rng.standard_normal(30)
    lam = 0.4
    x = np.sign(c) * np.maximum(np.abs(c) - lam, 0.0)
    eps = np.linalg.norm(np.minimum(np.abs(c), lam))
    found = st.basis_pursuit_denoise(Q, Q @ c, eps, tol=1e-12)
    assert_allclose(found.x, x, atol=1e-6)
    assert certified(Q, Q @ c, eps, found) <= 1e-12


@pytest.mark.parametrize("share", [0.99, 0.5, 0.1, 1e-2, 1e-4])
def test_the_gap_asked_for_is_reached_and_proved(share, rng):
    A, y, length = problem(rng)
    eps = share * length
    found = st.basis_pursuit_denoise(A, y, eps, tol=1e-9)
    assert certified(A, y, eps, found) <= 1e-9
    assert_allclose(np.linalg.norm(y - A @ found.x), eps, rtol=1e-6)


def test_every_kind_of_matrix_gives_the_same(rng):
    C = st.BlockCirculant(rng.standard_normal((2, 3, 5)), 32)
    M = C.to_dense()
    y = M @ st.sparse_signal(96, 4, rng) + 0.1 * rng.standard_normal(64)
    eps = 0.2 * np.linalg.norm(y)
    for A in (M, np.asfortranarray(M), csc_array(M), C, aslinearoperator(M)):
        found = st.basis_pursuit_denoise(A, y, eps, tol=1e-7)
        assert certified(M, y, eps, found) <= 1e-7


def test_degenerate_matrices_are_solved(rng):
    A = rng.standard_normal((30, 3)) @ rng.standard_normal((3, 60))
    y = A @ rng.standard_normal(60) + 0.1 * rng.standard_normal(30)
    distance = np.linalg.norm(y - A @ np.linalg.lstsq(A, y)[0])
    doubled = np.hstack([A, A, np.zeros((30, 5))])
    for B in (A, doubled):
        eps = 1.5 * distance
        found = st.basis_pursuit_denoise(B, y, eps, tol=1e-8)
        assert certified(B, y, eps, found) <= 1e-8


def test_a_weight_of_the_lasso_has_the_same_solution(rng):
    A, y, _ = problem(rng)
    lam = 0.1 * st.lambda_max(A, y)
    x = st.lasso(A, y, lam, tol=1e-14).x
    eps = float(np.linalg.norm(y - A @ x))
    assert_allclose(st.basis_pursuit_denoise(A, y, eps, tol=1e-11).x, x, atol=1e-5)


def test_from_the_length_of_the_data_on_the_solution_is_zero(rng):
    A, y, length = problem(rng)
    for eps in (length, 2 * length):
        found = st.basis_pursuit_denoise(A, y, eps)
        assert_array_equal(found.x, 0.0)
        assert (found.converged, found.gap, found.n_iter) == (True, 0.0, 0)
    zero = st.basis_pursuit_denoise(A, np.zeros(40), 0.1)
    assert_array_equal(zero.x, 0.0)


def test_no_distance_is_basis_pursuit(rng):
    A, y, _ = problem(rng)
    found = st.basis_pursuit_denoise(A, y, 0.0)
    assert_array_equal(found.x, st.basis_pursuit(A, y).x)


@pytest.mark.parametrize("kind", [np.asarray, csc_array, aslinearoperator])
def test_a_distance_out_of_reach_is_refused_with_the_least(kind, rng):
    A = rng.standard_normal((60, 20))
    y = rng.standard_normal(60)
    least = float(np.linalg.norm(y - A @ np.linalg.lstsq(A, y)[0]))
    with pytest.raises(ValueError, match=f"eps must be at least {least:.6g}"):
        st.basis_pursuit_denoise(kind(A), y, 0.99 * least)
    found = st.basis_pursuit_denoise(kind(A), y, 1.001 * least, tol=1e-4)
    assert certified(A, y, 1.001 * least, found) <= 1e-4


@pytest.mark.parametrize("kind", [np.asarray, csc_array, aslinearoperator])
def test_columns_of_many_scales_are_no_reason_to_refuse(kind, rng):
    A = rng.standard_normal((40, 25)) * np.logspace(-4, 4, 25)
    y = rng.standard_normal(40)
    least = float(np.linalg.norm(y - A @ np.linalg.lstsq(A, y)[0]))
    with quiet():
        found = st.basis_pursuit_denoise(kind(A), y, 1.01 * least, max_iter=1000)
        share = certified(A, y, 1.01 * least, found)
    assert share < (1.0 if kind is aslinearoperator else 1e-4)
    with pytest.raises(ValueError, match=f"eps must be at least {least:.6g}"), quiet():
        st.basis_pursuit_denoise(kind(A), y, 0.99 * least, max_iter=1000)


def test_no_distance_is_claimed_that_iterations_may_have_missed(rng, monkeypatch):
    monkeypatch.setattr(denoise, "FORMED", 0)
    A, y = rng.standard_normal((40, 25)) * np.logspace(-4, 4, 25), np.ones(40)
    with pytest.raises(ValueError, match="there may be none: least squares came to"):
        st.basis_pursuit_denoise(csc_array(A), y, 1e-3)


@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")  # interpreted
@pytest.mark.parametrize("scale", [1e-160, 1e160])
def test_products_without_squares_are_named(scale, rng):
    A, y, length = problem(rng)
    with pytest.raises(ValueError, match="A must be rescaled"):
        st.basis_pursuit_denoise(csc_array(scale * A), y, 0.1 * length)


def test_single_precision_and_no_distance_give_what_is_said(rng):
    A, y, length = problem(rng)
    single = st.basis_pursuit_denoise(np.float32(A), np.float32(y), 0.1 * length)
    assert single.x.dtype == np.float64
    assert st.basis_pursuit_denoise(A, y, 0.0).dual is None


def test_stopping_short_warns_and_is_feasible_all_the_same(rng, monkeypatch):
    A, y, length = problem(rng)
    monkeypatch.setattr(denoise, "WEIGHTS", 2)
    with pytest.warns(ConvergenceWarning, match="gap .* > ") as caught:
        found = st.basis_pursuit_denoise(A, y, 0.01 * length, tol=1e-12)
    assert (len(caught), found.converged) == (1, False)
    certified(A, y, 0.01 * length, found)


def test_scaling_the_data_scales_the_solution(rng):
    A, y, length = problem(rng)
    x = st.basis_pursuit_denoise(A, y, 0.1 * length, tol=1e-10).x
    for c in (1e-8, 1e8):
        found = st.basis_pursuit_denoise(A, c * y, 0.1 * c * length, tol=1e-10)
        assert_allclose(found.x, c * x, rtol=1e-5, atol=1e-7 * c)
        other = st.basis_pursuit_denoise(c * A, y, 0.1 * length, tol=1e-10)
        assert_allclose(other.x, x / c, rtol=1e-5, atol=1e-7 / c)


def test_an_interior_point_method_agrees(rng):
    A, y, length = problem(rng, 20, 40, 3)
    eps = 0.2 * length
    other = reference.basis_pursuit_denoise(A, y, eps)
    assert other.converged
    x = st.basis_pursuit_denoise(A, y, eps, tol=1e-10).x
    assert_allclose(x, other.x, atol=1e-4)
