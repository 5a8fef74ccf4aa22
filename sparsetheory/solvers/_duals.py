"""Linear algebra of dual vectors: those that match a target on a support."""

import contextlib
from dataclasses import dataclass

import numpy as np

from sparsetheory.types import Matrix, Vector

EPS = float(np.finfo(np.float64).eps)
ROUNDING = 1e-9  # proofs must hold by this much, relative, or more: see `l1_verdict`
NOISE = 20 * EPS  # what rounding leaves of a singular value
CLEAR = 1e3  # so many times the noise is not noise
CONDITION = 2e3  # squared and times EPS, well below ROUNDING


@dataclass(frozen=True, slots=True, eq=False)
class DualSpace:
    """The dual vectors w with ``A_S^T w = target``: an affine space.

    Attributes
    ----------
    w : ndarray, shape (m,)
        The one of least norm.
    turn : ndarray, shape (m, m - k)
        Orthonormal; the others are ``w + turn @ c``.
    f : ndarray, shape (p,)
        Its correlations with the columns off S, less their part in the range of F.
    F : ndarray, shape (p, d), C-contiguous
        Orthonormal basis of the correlations of `turn`: those of all are ``f + F q``.
    margin : float
        By how much, relative, a proof about them must hold; infinite where F is in
        doubt.
    """

    w: Vector
    turn: Matrix
    f: Vector
    F: Matrix
    margin: float


def dual_space(
    Q: Matrix, R: Matrix, least: float, off: Matrix, target: Vector, block: int
) -> DualSpace:
    """Return the dual vectors that match `target` on columns ``Q R``.

    Parameters
    ----------
    Q : ndarray, shape (m, m)
    R : ndarray, shape (k, k)
        Of full rank.
    least : float
        Its `least_singular_value`.
    off : ndarray, shape (p, m)
        The columns off the support, as rows.
    target : ndarray, shape (k,)
    block : int
        Entries of the largest group of them, or 1.
    """
    k = target.size
    z = np.linalg.solve(R.T, target)
    w = Q[:, :k] @ z
    f = off @ w
    # What rounding does to the columns off the support grows with the condition of
    # those on it, for which z, about as large as the inverse of R, stands in.
    length = float(np.linalg.norm(z))
    scale = float(np.linalg.norm(off))
    condition = max(float(np.linalg.norm(R)) * length, k**0.5 / least)
    F, loss = orthonormal_columns(off @ Q[:, k:], scale, NOISE * scale * condition)
    spread = condition * length * np.linalg.norm(off, axis=1).max() * block**0.5
    margin = max(ROUNDING, 10 * EPS * (float(spread) + (k + len(off)) ** 0.5 * loss))
    return DualSpace(w, Q[:, k:], f - F @ (F.T @ f), F, margin)


def least_singular_value(R: Matrix) -> float:
    """Return a lower bound of it, within sqrt(k), for R with its columns normalised."""
    norms = np.linalg.norm(R, axis=0)
    if norms.min() == 0.0:
        return 0.0
    try:
        return 1.0 / float(np.linalg.norm(np.linalg.inv(R / norms)))
    except np.linalg.LinAlgError:
        return 0.0


def equilibrated(A: Matrix) -> Matrix:
    """Return A with each row times a power of two, of entries at most 1; exact."""
    peaks = np.abs(A).max(axis=1)
    _, exponents = np.frexp(peaks)
    scaled: Matrix = np.ldexp(A, -exponents[:, None])
    return scaled


def orthonormal_columns(M: Matrix, scale: float, noise: float) -> tuple[Matrix, float]:
    """Return an orthonormal basis of the range of `M` and what it lost of precision.

    By the Cholesky factor of the Gram matrix, which loses the squared condition number
    in accuracy; where that is too much, by the singular value decomposition.

    Parameters
    ----------
    M : ndarray, shape (p, d)
    scale : float
        Norm of what M was computed from.
    noise : float
        Singular values up to it are rounding errors and count as zero.

    Returns
    -------
    basis : ndarray, C-contiguous
    loss : float
        `scale` over the least singular value kept: the columns are off by that many
        units of rounding. Infinite if a singular value is neither clearly zero nor
        clearly not.
    """
    clear = CLEAR * noise
    with contextlib.suppress(np.linalg.LinAlgError):
        L = np.linalg.cholesky(M.T @ M)
        inverse = np.linalg.inv(L)
        size = float(np.linalg.norm(inverse))
        if np.linalg.norm(L) * size <= CONDITION and size * clear <= 1.0:
            return np.ascontiguousarray(M @ inverse.T), scale * size
    U, s, _ = np.linalg.svd(M, full_matrices=False)
    kept = s > noise
    basis: Matrix = np.ascontiguousarray(U[:, kept])
    if not kept.any():
        return basis, 1.0
    least = float(s[kept].min())
    return basis, scale / least if least >= clear else np.inf
