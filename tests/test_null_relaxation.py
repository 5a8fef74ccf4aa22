"""Bounds on null space constants that a matrix certifies."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from null_vectors import by_circuits
from numpy.testing import assert_allclose

import sparsetheory as st
from sparsetheory._kernels.columns import lower_peaks
from sparsetheory.conditions._nullspace import (
    certified,
    dual_matrix,
    null_space,
    relaxation,
)

CLOSE = 2e-9  # what a search may leave open, with rounding

pytestmark = pytest.mark.slow  # when interpreted


def test_coherence_is_one_matrix_that_certifies(rng):
    A = rng.standard_normal((12, 20))
    A = A / np.linalg.norm(A, axis=0)
    mu = st.mutual_coherence(A).value
    bounds = st.null_space_bounds(A, 4)
    for k, bound in enumerate(bounds, 1):
        assert bound.alpha[1] <= 1.001 * k * mu / (1 + mu)
    space = null_space(A)
    scale = space.taps[:, :1] / A[:, :1]
    by_hand = certified(space, A / scale / (1 + mu))
    assert_allclose(by_hand[0], mu / (1 + mu), rtol=1e-10)


def test_any_matrix_certifies(rng):
    A = rng.standard_normal((5, 9))
    space = null_space(A)
    exact = [by_circuits(A, k) for k in range(1, 5)]
    for size in (0.0, 0.1, 1.0):
        Y = np.linalg.pinv(space.taps).T + size * rng.standard_normal((5, 9))
        bound = certified(space, Y)
        M = np.sort(np.abs(np.eye(9) - Y.T @ space.taps), axis=0)[::-1]
        by_hand = np.cumsum(M, axis=0).max(axis=1)
        assert_allclose(bound, by_hand, rtol=1e-12)
        assert (bound > by_hand).all()
        assert (bound[:4] >= exact).all()


def test_margin_covers_what_cancels(rng):
    A = np.vstack(2 * [rng.standard_normal((5, 9))])
    space = null_space(A)
    T = 1e6 * rng.standard_normal((5, 9))
    Y = np.linalg.pinv(space.taps[:5]).T
    plain = certified(space, np.vstack([Y, 0 * Y]))
    bound = certified(space, np.vstack([Y + T, -T]))
    lost = np.finfo(float).eps * (np.abs(T).T @ np.abs(space.taps[:5])).max()
    assert (bound >= plain + lost).all()
    assert_allclose(bound, plain, rtol=1e-6)


def test_layer_is_certified_as_its_matrix_is(rng):
    A = st.BlockCirculant(rng.standard_normal((2, 3, 3)), 6)
    space = null_space(A)
    Y = rng.standard_normal((2, 3, 6))
    at = np.subtract.outer(np.arange(6), np.arange(6)) % 6
    full = np.block([[Y[o, c][at] for c in range(3)] for o in range(2)])
    taps = np.block([[space.taps[o, c][at] for c in range(3)] for o in range(2)])
    by_hand = np.cumsum(
        np.sort(np.abs(np.eye(18) - full.T @ taps), axis=0)[::-1], axis=0
    ).max(axis=1)
    bound = certified(space, Y)
    assert_allclose(bound, by_hand, rtol=1e-11)
    assert (bound > by_hand + 500 * np.finfo(float).eps).all()


@pytest.mark.parametrize("k", [1, 2, 4])
def test_relaxation_reaches_its_minimum(k):
    import cvxpy as cp

    A = np.random.default_rng(5).standard_normal((5, 9))
    Y = cp.Variable((5, 9))
    M = np.eye(9) - Y.T @ A
    tops = [cp.sum_largest(cp.abs(M[:, j]), k) for j in range(9)]
    least = cp.Problem(cp.Minimize(cp.maximum(*tops))).solve(solver="CLARABEL")
    space = null_space(A)
    found = certified(space, dual_matrix(space, relaxation(space, k)[0]))[k - 1]
    assert least - 1e-7 <= found <= least * 1.002


def test_relaxation_of_order_one_is_exact(rng):
    A = rng.standard_normal((8, 14))
    bound, exact = st.null_space_bounds(A, 1)[0], st.null_space_constant(A, 1)
    assert exact.alpha[1] - CLOSE <= bound.alpha[1] <= 1.002 * exact.alpha[1]
    assert_allclose(bound.alpha[0], exact.alpha[0], atol=CLOSE)


@settings(max_examples=30)
@given(
    some.integers(1, 5),
    some.integers(1, 8),
    some.integers(1, 8),
    some.floats(0.01, 10),
    some.integers(0, 99),
    some.booleans(),
)
def test_rows_are_lowered_to_the_minimum(rows, n, k, mass, seed, ties):
    """The reductions over `mass` are a subgradient of the largest row norm."""
    k = min(k, n)
    V = np.random.default_rng(seed).standard_normal((rows, n))
    V = np.round(V) if ties else V
    X = np.empty_like(V)
    a = np.sort(np.abs(V), axis=1)[:, ::-1].copy()
    level = lower_peaks(V, a, k, mass, 0.0, X)
    U = (V - X) / mass
    norm = np.sort(np.abs(X), axis=1)[:, ::-1][:, :k].sum(axis=1).max()
    dual = np.maximum(np.abs(U).max(axis=1), np.abs(U).sum(axis=1) / k).sum()
    assert dual <= 1 + 1e-9
    assert_allclose((U * X).sum(), norm, atol=1e-9 * (1 + np.abs(V).sum()))
    assert_allclose(level, norm, atol=1e-9)
