"""Least squares on a support, with a bound on what floating point did to it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.linalg import solve_triangular

from sparsetheory.types import Matrix, Support, Vector

EPS = float(np.finfo(np.float64).eps)


class Section(NamedTuple):
    """Columns of a support and their factor.

    Attributes
    ----------
    U : ndarray, shape (m, k)
        ``A_S * scale``, with columns of length near one.
    scale : ndarray, shape (k,)
        Powers of two, so that the product is exact.
    Q, R : ndarray, shape (m, k) and (k, k)
        Factors of `U`.
    least : float
        Lower bound on the least singular value of `U`; not positive if its columns are
        dependent to working precision.
    """

    U: Matrix
    scale: Vector
    Q: Matrix
    R: Matrix
    least: float


class Fit(NamedTuple):
    """What `fit` returns; errors are bounds on Euclidean norms, one per column."""

    c: Matrix
    v: Matrix
    error_c: Vector
    error_v: Vector


def check_size(name: str, values: Matrix | Vector) -> None:
    """Raise if squares of all values, or sums of them, would leave the floats."""
    peak = float(np.abs(values).max())
    if peak and not 1e-140 <= peak <= 1e140:
        raise ValueError(f"{name} must be rescaled, got a largest entry of {peak:.1e}")


def section(A: Matrix, on: Support) -> Section:
    """Return the columns `on` of A, factored."""
    U = A[:, on]
    largest = np.abs(U).max(axis=0, initial=0.0)
    scale = np.ldexp(1.0, -np.frexp(largest)[1])
    U = U * scale
    length = np.ldexp(1.0, -np.frexp(np.linalg.norm(U, axis=0))[1])
    U, scale = U * length, scale * length
    k = on.size
    if k == 0 or k > len(U):
        return Section(U, scale, U, np.empty((0, 0)), float(k == 0))
    Q, R = np.linalg.qr(U)
    # LAPACK's singular values are those of a matrix this near, with room to spare.
    rounding = 10 * sum(U.shape) * EPS * float(np.linalg.norm(U))
    return Section(U, scale, Q, R, float(np.linalg.svd(U)[1][-1]) - rounding)


def independent(A: Matrix, on: Support) -> Section:
    """Return the columns `on` of A, the support of x, if they are independent."""
    part = section(A, on)
    if part.least <= 0:
        raise ValueError(f"x must have independent columns, got {on.tolist()}")
    return part


def fit(part: Section, target: Matrix, data: Matrix) -> Fit:
    r"""Solve :math:`U^T U c = t + U^T d` for each column of target and data.

    With :math:`v = d - U c`, which is computed as :math:`d - Q y`. Errors are bounded
    from residuals, rounding included: in the span of U, v is off by
    :math:`\|t + U^T v\| / \sigma` at most, σ the least singular value of U, and out of
    it by :math:`\|U - Q R\| \|y\| / \sigma`; and c by both and
    :math:`\|U c + v - d\|`, over σ.
    """
    U, _, Q, R, least = part
    m, k = U.shape
    turned = solve_triangular(R, target, trans="T") if k else target
    y = turned + Q.T @ data
    v = data - Q @ y
    again = Q.T @ (v + Q @ turned)  # what is left of data in the span
    v, y = v - Q @ again, y + again
    c = solve_triangular(R, y) if k else y
    slack, size = 2 * (m + k + 4) * EPS, float(np.linalg.norm(U))
    norm_d, norm_y = np.linalg.norm(data, axis=0), np.linalg.norm(y, axis=0)
    norm_c = np.linalg.norm(c, axis=0)
    off = np.linalg.norm(target + U.T @ v, axis=0)
    off += slack * (np.linalg.norm(target, axis=0) + size * (norm_d + norm_y))
    out = (np.linalg.norm(U - Q @ R) + slack * size * k) * norm_y
    error_v = (off + out) / least + slack * (norm_d + norm_y)
    error_c = np.linalg.norm(U @ c + v - data, axis=0) + error_v
    error_c = (error_c + slack * (size * norm_c + norm_d + norm_y)) / least
    return Fit(c, v, error_c, error_v)
