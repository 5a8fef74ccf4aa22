"""Group LASSO problems, and what is promised of their solutions."""

import numpy as np
from numpy.testing import assert_allclose

import sparsetheory as st

EPS = float(np.finfo(np.float64).eps)


def problem(rng, m=60, n=160, size=4, over=20):
    A = np.asfortranarray(st.gaussian(m, n, rng))
    x = st.group_sparse_signal(np.arange(n) // size, 4, rng)
    y = A @ x + 0.02 * rng.standard_normal(m)
    return A, y, st.group_lambda_max(A, y, size) / over


def penalty(x, labels, weights):
    return sum(w * np.linalg.norm(x[labels == g]) for g, w in enumerate(weights))


def certified(A, y, lam, labels, weights, found, tol):
    """Check what is promised of a result, in plain NumPy."""
    half = 0.5 * y @ y
    x, u = found.x.astype(np.float64), found.dual
    scale = np.linalg.norm(A, axis=0).max() * np.linalg.norm(u)
    for g, w in enumerate(weights):
        slack = 0.0 if w > 0.0 else A.size * EPS * scale
        assert np.linalg.norm(A[:, labels == g].T @ u) <= lam * w + slack
    primal = 0.5 * np.sum((y - A @ x) ** 2) + lam * penalty(x, labels, weights)
    gap = primal - half + 0.5 * np.sum((y - u) ** 2)
    assert_allclose(found.gap, gap, rtol=1e-6, atol=1e-13 * half)
    assert found.converged == (found.gap <= tol * half)
    return gap / half


def uneven(rng, n, count):
    """Labels in any order, of groups of any sizes, none empty."""
    return rng.permutation(
        np.concatenate([np.arange(count), rng.integers(0, count, n - count)])
    )
