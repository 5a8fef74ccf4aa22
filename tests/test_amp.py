"""Approximate message passing against its state evolution."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.sparse.linalg import aslinearoperator

import sparsetheory as st
from sparsetheory._checks import quiet
from sparsetheory._kernels.amp import message_passing


def run(A, y, alpha, steps, damping=0.0):
    x = np.zeros(A.shape[1])
    source = getattr(message_passing, "py_func", message_passing)
    source(A, y, len(y), 1.0, alpha, damping, steps, 0.0, x)
    return x


def test_one_step_is_a_soft_threshold_of_the_matched_filter(rng):
    A, y = st.gaussian(20, 40, rng), rng.standard_normal(20)
    cut = 1.3 * np.linalg.norm(y) / np.sqrt(20)
    z = A.T @ y
    expected = np.sign(z) * np.maximum(np.abs(z) - cut, 0)
    assert_allclose(run(A, y, 1.3, 1), expected, atol=1e-12)


def test_second_step_has_the_reaction_term(rng):
    A, y = st.gaussian(20, 40, rng), rng.standard_normal(20)
    x = run(A, y, 1.3, 1)
    z = y - A @ x + y * np.count_nonzero(x) / 20
    u = x + A.T @ z
    cut = 1.3 * np.linalg.norm(z) / np.sqrt(20)
    expected = np.sign(u) * np.maximum(np.abs(u) - cut, 0)
    assert_allclose(run(A, y, 1.3, 2), expected, atol=1e-12)


@pytest.mark.slow
def test_errors_follow_state_evolution():
    # m = 1000, 12 draws: the mean squared error of each step within 5 standard errors
    # of the prediction, plus 3 % for finite size.
    m, n, eps, sigma2, alpha, steps = 1000, 2000, 0.1, 0.1, 1.4, 8
    predicted = st.state_evolution(m / n, eps, sigma2, alpha, steps=steps)
    measured = np.zeros((12, steps))
    for trial in range(12):
        rng = np.random.default_rng(trial)
        A = st.gaussian(m, n, rng)
        x = st.sparse_signal(n, int(eps * n), rng, amplitude="signs")
        y = A @ x + np.sqrt(sigma2) * rng.standard_normal(m)
        for step in range(steps):
            measured[trial, step] = np.mean((run(A, y, alpha, step + 1) - x) ** 2)
    spread = measured.std(axis=0) / np.sqrt(12)
    expected = np.asarray(predicted)[-steps:]
    assert np.all(
        np.abs(measured.mean(axis=0) - expected) <= 5 * spread + 0.03 * expected
    )


def test_easy_problems_are_recovered(rng):
    A, x = st.gaussian(200, 400, rng), st.sparse_signal(400, 30, rng)
    found = st.amp(A, A @ x, 30)
    assert found.converged
    assert np.linalg.norm(found.x - x) <= 1e-4 * np.linalg.norm(x)
    scaled = st.amp(1e-6 * A, 1e3 * (A @ x), 30)
    assert_allclose(scaled.x, 1e9 * found.x, rtol=1e-6, atol=1.0)


def test_three_kinds_of_operator_give_one_answer(rng):
    C = st.BlockCirculant(rng.standard_normal((2, 3, 16)) / 6, 16)
    rows = C.take(rng.permutation(32)[:20])
    for A in (C, rows):
        M = A.to_dense()
        y = M @ st.sparse_signal(48, 2, rng)
        with quiet():
            expected = st.amp(M, y, 5, max_iter=6, tol=0).x
            for other in (A, aslinearoperator(M)):
                found = st.amp(other, y, 5, max_iter=6, tol=0).x
                assert_allclose(found, expected, atol=1e-9)


def test_never_more_than_k_and_no_crash_where_it_diverges(rng):
    layer = st.BlockCirculant(np.ones((2, 2, 3)) + rng.random((2, 2, 3)), 20)
    y = layer @ st.sparse_signal(40, 8, rng)
    with quiet():
        found = st.amp(layer, y, 8)
    assert found.support.size <= 8
    assert np.isfinite(found.x).all()
    assert st.amp(st.gaussian(5, 8, rng), np.zeros(5), 2).converged


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"damping": 1.0}, r"damping must lie in \[0, 1\), got 1.0"),
        ({"damping": -0.1}, "damping must be non-negative"),
        ({"threshold": -1.0}, "threshold must be non-negative"),
    ],
)
def test_bad_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        st.amp(np.eye(3), np.ones(3), 1, **options)
