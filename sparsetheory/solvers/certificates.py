"""Proofs of recovery and of its failure."""

import contextlib
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from sparsetheory._checks import check_operator, check_vector
from sparsetheory._kernels.basis_pursuit import chebyshev_verdict
from sparsetheory.operators import to_dense
from sparsetheory.types import Matrix, MeasurementOperator

ROUNDING = 1e-9  # proofs must hold by this much, relative, or more: see `l1_verdict`
RADIUS = 0.9  # of the box first aimed at; any below 1 decides, this one soonest
GRADIENT_STEPS = 150  # one Newton step costs about thirty of them
NEWTON_STEPS = 300
CONDITION = 2e3  # squared and times 2e-16, well below the rounding allowed for
SINGULAR = 1e-10  # relative; below, a matrix counts as rank deficient


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
    for rounding, more where the columns on S are ill-conditioned; there is no other
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
    A = to_dense(check_operator(A))
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
    if np.any(np.abs(np.diag(R)) <= SINGULAR * np.linalg.norm(inside, axis=0)):
        return Verdict.FAILURE
    if k == n:
        return Verdict.SUCCESS
    off = np.ascontiguousarray(A[:, ~on].T)
    w = np.linalg.solve(R[:k].T, np.sign(x[on]))
    # The signs are met up to rounding, which the inverse of R, about as large as w,
    # and the columns off the support amplify.
    spread = np.linalg.norm(R) * float(w @ w) * np.linalg.norm(off, axis=1).max()
    margin = max(ROUNDING, 10 * float(spread) * np.finfo(float).eps)
    f = off @ (Q[:, :k] @ w)
    F = orthonormal_columns(off @ Q[:, k:])
    if F.shape[1] == 0:
        peak = np.abs(f).max()
        return Verdict(int(peak < 1 - margin) - int(peak > 1 + margin))
    f -= F @ (F.T @ f)
    side, _ = chebyshev_verdict(f, F, RADIUS, margin, GRADIENT_STEPS, NEWTON_STEPS)
    return Verdict(-side)


def orthonormal_columns(M: Matrix) -> Matrix:
    """Return an orthonormal basis of the range of `M`, C-contiguous.

    By the Cholesky factor of the Gram matrix, which loses the squared condition number
    in accuracy; where that is too much, by the singular value decomposition.
    """
    with contextlib.suppress(np.linalg.LinAlgError):
        L = np.linalg.cholesky(M.T @ M)
        inverse = np.linalg.inv(L)
        if np.linalg.norm(L) * np.linalg.norm(inverse) <= CONDITION:
            return np.ascontiguousarray(M @ inverse.T)
    U, s, _ = np.linalg.svd(M, full_matrices=False)
    basis: Matrix = np.ascontiguousarray(U[:, s > SINGULAR * s.max(initial=0.0)])
    return basis
