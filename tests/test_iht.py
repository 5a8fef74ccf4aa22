"""Iterative hard thresholding: what its steps guarantee."""

from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse.linalg import LinearOperator
from sklearn.exceptions import ConvergenceWarning

import sparsetheory as st


def residuals(A, y, k, n_iter, **options):
    return np.array(
        [
            np.linalg.norm(y - A @ st.iht(A, y, k, max_iter=i, tol=0, **options).x)
            for i in range(1, n_iter)
        ]
    )


def test_residual_never_grows(rng):
    A, y = st.gaussian(30, 60, rng), rng.standard_normal(30)
    assert np.all(np.diff(residuals(A, y, 5, 40)) <= 1e-12)


def test_residual_never_grows_when_accelerated(rng):
    A, y = st.gaussian(30, 60, rng), rng.standard_normal(30)
    norms = residuals(A, y, 5, 40, accelerate=True)
    assert np.all(np.diff(norms) <= 1e-12)
    assert np.all(norms[1:] <= norms[0])
    for n_iter in (1, 4, 20):
        found = st.iht(A, y, 5, accelerate=True, max_iter=n_iter, tol=0)
        assert found.support.size <= 5


def test_on_a_whole_support_acceleration_is_conjugate_gradients(rng):
    # They end after as many steps as the matrix has distinct singular values.
    Q, _ = np.linalg.qr(rng.standard_normal((30, 12)))
    V, _ = np.linalg.qr(rng.standard_normal((12, 12)))
    A, x = (Q * np.repeat([1.0, 3.0, 10.0], 4)) @ V.T, rng.standard_normal(12)
    found = st.iht(A, A @ x, 12, accelerate=True)
    assert found.converged
    assert found.n_iter <= 6
    assert_allclose(found.x, x, atol=1e-10)
    assert st.iht(A, A @ x, 12).n_iter > 100


def test_acceleration_ends_at_a_fixed_point_of_the_plain_iteration(rng):
    for k in (4, 10):
        A, y = st.gaussian(30, 60, rng), rng.standard_normal(30)
        found = st.iht(A, y, k, accelerate=True)
        again = st.iht(A, y, k, x0=found.x)
        assert found.converged
        assert_array_equal(again.support, found.support)
        assert_allclose(again.x, found.x, atol=1e-10)
        assert again.n_iter <= 3


def test_acceleration_halves_the_iterations_near_the_transition():
    counts = []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        A, x = st.gaussian(200, 400, rng), st.sparse_signal(400, 70, rng)
        counts.append([st.iht(A, A @ x, 70, accelerate=a).n_iter for a in (0, 1)])
    plain, accelerated = np.median(counts, axis=0)
    assert accelerated < 0.6 * plain


def test_acceleration_needs_the_adaptive_step():
    with pytest.raises(ValueError, match=r"needs the adaptive step, got step 0\.1"):
        st.iht(np.eye(3), np.ones(3), 1, step=0.1, accelerate=True)


def test_residual_never_grows_with_a_short_fixed_step(rng):
    A, y = st.gaussian(30, 60, rng), rng.standard_normal(30)
    step = 1.0 / st.operator_norm(A) ** 2
    assert np.all(np.diff(residuals(A, y, 5, 40, step=step)) <= 1e-12)


def test_a_support_without_gradient_is_left_or_kept_but_not_divided_by():
    # On {0} the fit is optimal, and the gradient points elsewhere.
    y = np.array([2.0, 0.0, 3.0])
    found = st.iht(np.eye(3), y, 1, x0=[2.0, 0.0, 0.0])
    assert found.converged
    assert np.linalg.norm(y - found.x) <= 3.0
    two = st.iht(np.eye(3), y, 2, x0=[2.0, 0.0, 0.0])
    assert_allclose(two.x, y, atol=1e-7)


def test_easy_problem_is_recovered(rng):
    A, x = st.gaussian(60, 100, rng), st.sparse_signal(100, 3, rng)
    found = st.iht(A, A @ x, 3)
    assert found.converged
    assert found.gap is None
    assert_array_equal(found.support, np.flatnonzero(x))
    assert_allclose(found.x, x, atol=1e-7)


def test_whole_support_is_least_squares(rng):
    A, y = st.gaussian(30, 8, rng), rng.standard_normal(30)
    found = st.iht(A, y, 8, tol=1e-13)
    assert_allclose(found.x, np.linalg.lstsq(A, y, rcond=None)[0], atol=1e-9)


def test_no_support_is_zero():
    found = st.iht(np.eye(3), np.ones(3), 0)
    assert found.converged
    assert found.support.size == 0


def test_orthonormal_design_is_one_hard_threshold(rng):
    Q, _ = np.linalg.qr(rng.standard_normal((20, 20)))
    y = rng.standard_normal(20)
    z = Q.T @ y
    kept = np.sort(np.argsort(-np.abs(z))[:6])
    found = st.iht(Q, y, 6)
    assert_array_equal(found.support, kept)
    assert_allclose(found.x[kept], z[kept], atol=1e-10)


def test_diverging_step_is_reported_not_raised(rng):
    A, x = st.gaussian(30, 60, rng), st.sparse_signal(60, 5, rng)
    with pytest.warns(match="iht stopped"):
        found = st.iht(A, A @ x, 5, step=100.0, max_iter=5000)
    assert not found.converged
    assert np.isfinite(found.x).all()


def test_a_fixed_step_of_the_inverse_norm_sticks_where_the_normalised_does_not():
    # The reason for the default: the fraction recovered, 40 Gaussian problems.
    outcomes = {"normalised": 0, "fixed": 0}
    for seed in range(40):
        rng = np.random.default_rng(seed)
        A, x = st.gaussian(64, 128, rng), st.sparse_signal(128, 8, rng)
        step = 1 / st.operator_norm(A) ** 2
        for name, options in {"normalised": {}, "fixed": {"step": step}}.items():
            found = st.iht(A, A @ x, 8, **options)
            outcomes[name] += bool(np.linalg.norm(found.x - x) < 1e-3)
    assert outcomes["normalised"] >= 38
    assert outcomes["fixed"] <= 34


@pytest.mark.parametrize(
    ("k", "message"),
    [
        (-1, "k must be in 0..3, got -1"),
        (4, "k must be in 0..3, got 4"),
        (1.0, "k must be an integer, got 1.0"),
        ("2", "k must be an integer, got '2'"),
        (True, "k must be an integer, got True"),
    ],
)
def test_bad_sparsity_is_named(k, message):
    with pytest.raises((TypeError, ValueError), match=message):
        st.iht(np.eye(3), np.ones(3), k)


def accelerated(A, y, k):
    return st.iht(A, y, k, accelerate=True)


@pytest.mark.slow
def test_acceleration_does_not_lower_the_transition():
    # The 50 % points at n = 400, m = 200 are 76 without and 79 with it, to about 1.
    found = st.phase_transition(
        accelerated,
        n=400,
        delta=[0.5],
        rho=(79.0 + np.array([-9.0, 9.0])) / 200,
        trials=60,
    )
    low, high = found.interval(0.999)
    assert low[0, 0] > 0.5 > high[1, 0], found.probability.ravel()


@pytest.mark.parametrize("k", [1, 2, 3])
def test_acceleration_ends_at_the_fit_on_its_support(k, rng):
    for noise in (0.0, 0.05, 10.0):
        A = st.gaussian(30, 60, rng)
        y = A @ st.sparse_signal(60, k, rng) + noise * rng.standard_normal(30)
        found = st.iht(A, y, k, accelerate=True)
        assert found.converged
        assert_allclose(found.x, st.debias(A, y, found.support), atol=1e-9)


@pytest.mark.parametrize("scale", [1e-160, 1e-60, 1e52, 1e160])
def test_scales_out_of_range_are_refused(scale):
    A = st.gaussian(10, 20, 0)
    y = A @ st.sparse_signal(20, 2, 1)
    greedy = (st.iht, st.htp, st.omp, st.cosamp, partial(st.group_iht, groups=2))
    for solver in (*greedy, partial(st.group_omp, groups=2), st.amp):
        with pytest.raises(ValueError, match="must be rescaled"):
            solver(scale * A, scale * y, 2)
    with pytest.raises(ValueError, match="must be rescaled"):
        st.debias(scale * A, scale * y, [1, 2])


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("solve", [st.iht, partial(st.group_iht, groups=1)])
def test_an_adjoint_that_is_not_finite_ends_the_iterations(bad, solve):
    A = st.gaussian(20, 40, rng=0)

    def adjoint(r):
        return np.where((np.arange(40) == 5) & np.any(r), bad, A.T @ r)

    broken = LinearOperator(A.shape, matvec=lambda x: A @ x, rmatvec=adjoint)
    with pytest.warns(ConvergenceWarning):
        found = solve(broken, A @ np.ones(40), 3)
    assert not found.converged


def test_a_start_below_the_floats_is_a_start():
    A, x0 = st.gaussian(50, 400, rng=0), np.zeros(400)
    x0[:30] = 5e-324
    x = st.sparse_signal(400, 5, rng=1)
    for solve in (st.iht, st.htp, st.cosamp, st.subspace_pursuit):
        assert_allclose(solve(A, A @ x, 5, x0=x0).x, x, atol=1e-9)
