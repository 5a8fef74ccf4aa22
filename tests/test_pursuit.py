"""Greedy pursuit: what least squares on a support guarantees."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse.linalg import aslinearoperator
from sklearn.linear_model import orthogonal_mp

import sparsetheory as st
from sparsetheory._checks import quiet
from sparsetheory._kernels.pursuit import factor, least_squares
from sparsetheory.operators import column_norms

PURSUITS = [st.htp, st.cosamp, st.subspace_pursuit, st.omp]
every = pytest.mark.parametrize("solver", PURSUITS)


def test_factor_is_the_upper_cholesky_factor(rng):
    B = rng.standard_normal((7, 12))
    U = np.triu(factor(B @ B.T))
    assert_allclose(U, np.linalg.cholesky(B @ B.T).T, atol=1e-12)


def test_least_squares_is_numpys(rng):
    B, y = rng.standard_normal((7, 12)), rng.standard_normal(12)
    expected = np.linalg.lstsq(B.T, y, rcond=None)[0]
    assert_allclose(least_squares(B, y), expected, atol=1e-12)
    wide = np.vander(np.linspace(0, 1, 12), 7).T  # condition number 1e5
    error = y - least_squares(wide, y) @ wide
    best = y - wide.T @ np.linalg.lstsq(wide.T, y, rcond=None)[0]
    assert_allclose(error @ error, best @ best, rtol=1e-8)


def test_least_squares_survives_dependent_columns(rng):
    B = rng.standard_normal((4, 12))
    B = np.vstack([B, B[0] + B[1], B[2], np.zeros(12)])
    y = rng.standard_normal(12)
    c = least_squares(B, y)
    assert np.count_nonzero(c) <= 4
    assert_allclose(B @ (y - c @ B), 0, atol=1e-10)


@every
def test_easy_problems_are_recovered_exactly(solver, rng):
    A, x = st.gaussian(60, 100, rng), st.sparse_signal(100, 8, rng)
    found = solver(A, A @ x, 8)
    assert found.converged
    assert_allclose(found.x, x, atol=1e-11)


@every
def test_residual_is_orthogonal_to_the_support(solver, rng):
    A, y = st.gaussian(30, 60, rng), rng.standard_normal(30)
    with quiet():
        found = solver(A, y, 7)
    assert found.support.size <= 7
    assert_allclose(A[:, found.support].T @ (y - A @ found.x), 0, atol=1e-10)


@every
def test_three_kinds_of_operator_give_one_answer(solver, rng):
    layers = [
        st.BlockCirculant(rng.standard_normal((2, 3, 5)), 16),
        st.BlockCirculant(rng.standard_normal((2, 3, 3, 3)), 4),
        st.BlockCirculant(rng.standard_normal((3, 3, 5)), 16).take(range(0, 48, 2)),
    ]
    for C in layers:
        M = C.to_dense()
        for k in (3, 6):
            y = M @ st.sparse_signal(48, 4, rng)
            with quiet():
                expected = solver(M, y, k).x
                for A in (C, aslinearoperator(M)):
                    assert_allclose(solver(A, y, k).x, expected, atol=1e-9)


@every
@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_scaling_the_problem_changes_no_support(solver, scale, rng):
    A, x = st.gaussian(24, 48, rng), st.sparse_signal(48, 6, rng)
    with quiet():
        base = solver(A, A @ x, 6)
        scaled = solver(scale * A, scale * (A @ x), 6)
    assert_array_equal(scaled.support, base.support)


@every
def test_never_more_than_k_and_the_ends(solver, rng):
    A, y = st.gaussian(10, 20, rng), rng.standard_normal(10)
    with quiet():
        for k in (0, 1, 10, 15, 20):
            found = solver(A, y, k)
            assert found.support.size <= k
            assert np.isfinite(found.x).all()
    zero = solver(A, np.zeros(10), 3)
    assert zero.converged
    assert zero.support.size == 0


@every
def test_dependent_and_zero_columns_do_no_harm(solver, rng):
    A = st.gaussian(12, 10, rng)
    A = np.column_stack([A, A[:, :4], np.zeros((12, 3))])
    y = A[:, 5] - 2 * A[:, 7]
    with quiet():
        found = solver(A, y, 4)
    assert_allclose(A @ found.x, y, atol=1e-9)
    assert not np.any(found.x[-3:])


def test_omp_is_scikit_learns_on_unit_columns(rng):
    A, x = st.spherical(30, 60, rng), st.sparse_signal(60, 8, rng)
    y = A @ x + 0.01 * rng.standard_normal(30)
    expected = orthogonal_mp(A, y, n_nonzero_coefs=8)
    assert_allclose(st.omp(A, y, 8).x, expected, atol=1e-10)


def test_omp_does_not_care_for_the_scale_of_columns(rng):
    A, x = st.spherical(30, 60, rng), st.sparse_signal(60, 5, rng)
    scales = np.exp(3 * rng.standard_normal(60))
    found = st.omp(A * scales, A @ x, 5)
    assert_allclose(found.x * scales, st.omp(A, A @ x, 5).x, atol=1e-10)


def test_subspace_residuals_never_grow(rng):
    A, y = st.gaussian(30, 60, rng), rng.standard_normal(30)
    for solver in (st.cosamp, st.subspace_pursuit):
        with quiet():
            norms = [
                np.linalg.norm(y - A @ solver(A, y, 6, max_iter=i).x)
                for i in range(1, 8)
            ]
        assert np.all(np.diff(norms) <= 1e-12)


def test_column_norms_of_anything(rng):
    M = rng.standard_normal((6, 9))
    for A in (M, aslinearoperator(M)):
        assert_allclose(column_norms(A), np.linalg.norm(M, axis=0))
    C = st.BlockCirculant(rng.standard_normal((2, 3, 3, 2)), (4, 5), stride=(2, 1))
    for A in (C, C.take([0, 3, 7], -2.0)):
        expected = np.linalg.norm(A.to_dense(), axis=0)
        assert_allclose(column_norms(A), expected, atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("solver", "signal", "k50"),
    [
        (st.omp, "gaussian", 64.2),
        (st.omp, "signs", 33.1),
        (st.htp, "gaussian", 84.0),
        (st.htp, "signs", 57.1),
        (st.subspace_pursuit, "gaussian", 85.5),
        (st.subspace_pursuit, "signs", 65.6),
    ],
)
def test_transitions_lie_where_they_should(solver, signal, k50):
    # 50 % points at n = 400, m = 200, known to about 1 in k.
    found = st.phase_transition(
        solver,
        n=400,
        delta=[0.5],
        rho=(k50 + np.array([-9.0, 9.0])) / 200,
        trials=60,
        signal=signal,
    )
    low, high = found.interval(0.999)
    assert low[0, 0] > 0.5 > high[1, 0], found.probability.ravel()
