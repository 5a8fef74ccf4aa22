"""Proofs of recovery and of its failure."""

import contextlib
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from sparsetheory._checks import check_operator, check_vector
from sparsetheory._kernels.basis_pursuit import chebyshev_verdict
from sparsetheory.operators import to_dense
from sparsetheory.types import Matrix, MeasurementOperator

EPS = float(np.finfo(np.float64).eps)
ROUNDING = 1e-9  # proofs must hold by this much, relative, or more: see `l1_verdict`
DEPENDENT = 1e-14  # unit columns of so small a singular value count as dependent
UNCLEAR = 1e-8  # and of one up to here may or may not be
NOISE = 20 * EPS  # what it leaves of a singular value
CLEAR = 1e3  # so many times the noise is not noise
CONDITION = 2e3  # squared and times EPS, well below ROUNDING
RADIUS = 0.9  # of the box first aimed at; any below 1 decides, this one soonest
GRADIENT_STEPS = 150  # one Newton step costs about thirty of them
NEWTON_STEPS = 300


class Verdict(IntEnum):
    """What a trial of recovery came to."""

    FAILURE = -1
    UNRESOLVED = 0
    SUCCESS = 1


def l1_verdict(A: MeasurementOperator, x: npt.ArrayLike) -> Verdict:
    r"""Decide whether x is the only minimiser of ``||z||_1`` over ``A z = A x``.

    With S the support of x and s its signs, x is the only minimiser if the columns of
    S are independent and some dual vector w has :math:`A_S^T w = s` and
    :math:`\|A_{S^c}^T w\|_\infty < 1` [1]_. It is not if those columns are dependent,
    or if some e off S, with d the change on S that keeps ``A z``, has
    :math:`s^T d + \|e\|_1 < 0`: then ``x + t (d, e)`` is feasible and of smaller norm
    for small t. A proof of one or the other is sought, and must hold by a relative 1e-9
    for rounding, more where the columns on S are ill-conditioned; columns count as
    dependent if they are to working precision (1e-14 relative). There is no other
    tolerance.

    Parameters
    ----------
    A : array or operator, shape (m, n)
        An operator is formed as a matrix.
    x : array_like, shape (n,)

    Returns
    -------
    Verdict
        ``UNRESOLVED`` when neither was found.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    Notes
    -----
    The dual vectors that match s on S are an affine space, ``f + F q`` off S. Whether
    it meets the open unit box is the verdict; see `chebyshev_verdict`. The verdict
    depends on x through S and s alone.

    References
    ----------
    .. [1] J.-J. Fuchs, "On sparse representations in arbitrary redundant bases",
       IEEE Trans. Inf. Theory 50(6), 2004.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> A = np.array([[1.0, 0.0, 0.9], [0.0, 1.0, 0.9]])
    >>> st.l1_verdict(A, np.array([0.0, 0.0, 1.0])).name
    'SUCCESS'
    >>> st.l1_verdict(A, np.array([1.0, 1.0, 0.0])).name
    'FAILURE'
    """
    A = _equilibrated(to_dense(check_operator(A)))
    x = check_vector("x", x, A.shape[1])
    on = x != 0.0
    k, n = int(np.count_nonzero(on)), x.size
    m = A.shape[0]
    if k == 0:
        return Verdict.SUCCESS
    if k > m:
        return Verdict.FAILURE
    inside = A[:, on]
    Q, R = np.linalg.qr(inside, mode="complete")
    least = _least_singular_value(R[:k])
    if least <= DEPENDENT:
        return Verdict.FAILURE
    if least <= UNCLEAR:
        return Verdict.UNRESOLVED
    if k == n:
        return Verdict.SUCCESS
    off = np.ascontiguousarray(A.T[~on])
    w = np.linalg.solve(R[:k].T, np.sign(x[on]))
    f = off @ (Q[:, :k] @ w)
    # What rounding does to the columns off the support grows with the condition of
    # those on it, for which w, about as large as the inverse of R, stands in.
    scale = float(np.linalg.norm(off))
    condition = max(float(np.linalg.norm(R) * np.linalg.norm(w)), k**0.5 / least)
    F, loss = orthonormal_columns(off @ Q[:, k:], scale, NOISE * scale * condition)
    if not np.isfinite(loss):
        return Verdict.UNRESOLVED
    spread = condition * np.linalg.norm(w) * np.linalg.norm(off, axis=1).max()
    margin = max(ROUNDING, 10 * EPS * (float(spread) + np.sqrt(n) * loss))
    if F.shape[1] == 0:
        peak = np.abs(f).max()
        return Verdict(int(peak < 1 - margin) - int(peak > 1 + margin))
    f -= F @ (F.T @ f)
    side, _ = chebyshev_verdict(f, F, RADIUS, margin, GRADIENT_STEPS, NEWTON_STEPS)
    return Verdict(-side)


def _least_singular_value(R: Matrix) -> float:
    """Return a lower bound of it, within sqrt(k), for R with its columns normalised."""
    norms = np.linalg.norm(R, axis=0)
    if norms.min() == 0.0:
        return 0.0
    try:
        return 1.0 / float(np.linalg.norm(np.linalg.inv(R / norms)))
    except np.linalg.LinAlgError:
        return 0.0


def _equilibrated(A: Matrix) -> Matrix:
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
