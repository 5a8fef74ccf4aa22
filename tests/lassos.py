"""Problems for the LASSO, and what is checked of every answer."""

import numpy as np
from numpy.testing import assert_allclose

import sparsetheory as st


def problem(rng, m=60, n=200, k=6, over=20):
    A = np.asfortranarray(st.gaussian(m, n, rng))
    y = A @ st.sparse_signal(n, k, rng) + 0.02 * rng.standard_normal(m)
    return A, y, st.lambda_max(A, y) / over


def certified(A, y, lam, found, tol):
    """Check what is promised of a result in plain NumPy."""
    half = 0.5 * y @ y
    x, u = found.x.astype(np.float64), found.dual
    assert np.abs(A.T @ u).max() <= lam
    r = y - A @ x
    primal = 0.5 * r @ r + lam * np.abs(x).sum()
    gap = primal - half + 0.5 * np.sum((y - u) ** 2)
    assert_allclose(found.gap, gap, rtol=1e-6, atol=1e-13 * half)
    assert found.converged == (found.gap <= tol * half)
    return gap / half
