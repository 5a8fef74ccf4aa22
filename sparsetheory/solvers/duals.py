"""Dual vectors that prove recovery, and how far from a proof the best one is."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sparsetheory._checks import check_operator, check_support, check_vector
from sparsetheory._kernels.chebyshev import chebyshev
from sparsetheory._kernels.threshold import ENTRIES
from sparsetheory.operators import to_dense
from sparsetheory.solvers._duals import DualSpace, dual_space, least_singular_value
from sparsetheory.types import MeasurementOperator, Vector

DEPENDENT = 1e-10  # unit columns of so small a singular value have no certificate
ROUNDING = 1e-9
TOL = 1e-6  # of the peak, relative
GRADIENT_STEPS = 150
NEWTON_STEPS = 300


@dataclass(frozen=True, slots=True, eq=False)
class DualCertificate:
    r"""A vector w for a support S and signs s, with what it proves.

    Attributes
    ----------
    w : ndarray, shape (m,)
        :math:`A_S^T w = s`, with nearly the least peak that this allows.
    peak : float
        :math:`\|A_{S^c}^T w\|_\infty`, measured at `w`; 0 if nothing is off S.
    bound : float
        No vector that matches s on S has a smaller peak, up to rounding.
    mismatch : float
        :math:`\|A_S^T w - s\|_\infty`, measured at `w`.
    fuchs : ndarray, shape (m,)
        The vector of least norm that matches s on S, where the search began.
    fuchs_peak : float
        Its peak.
    """

    w: Vector
    peak: float
    bound: float
    mismatch: float
    fuchs: Vector
    fuchs_peak: float

    @property
    def holds(self) -> bool:
        """Whether ``peak < 1`` and the signs are matched, both to 1e-9."""
        return self.peak < 1.0 - ROUNDING and self.mismatch <= ROUNDING


def dual_certificate(
    A: MeasurementOperator, support: npt.ArrayLike, signs: npt.ArrayLike
) -> DualCertificate:
    r"""Return a dual vector that matches signs on a support, of least peak off it.

    .. math:: \min_w \|A_{S^c}^T w\|_\infty \quad\text{subject to}\quad A_S^T w = s

    If the peak is below 1, every x with that support and those signs is the only
    minimiser of ``||z||_1`` over ``A z = A x`` [1]_: `l1_verdict` says SUCCESS. If the
    `bound` is above 1, none is. The search starts from the vector of least norm, whose
    peak below 1 is Fuchs' sufficient condition, and ends when peak and bound differ by
    a relative 1e-6, or after 450 steps: compare the two.

    Parameters
    ----------
    A : array or operator, shape (m, n)
        An operator is formed as a matrix.
    support : array_like of int, or of bool and shape (n,)
        Indices in 0..n-1, each once, in any order; or a mask.
    signs : array_like
        One of +1 and -1 for each index, in their order.

    Returns
    -------
    DualCertificate

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above; if the columns of the support are
        dependent to 1e-10, relative.

    See Also
    --------
    l1_verdict : The yes or no, sooner.

    References
    ----------
    .. [1] J.-J. Fuchs, "On sparse representations in arbitrary redundant bases",
       IEEE Trans. Inf. Theory 50(6), 2004.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> A = np.array([[1.0, 0.0, 0.6, 0.3], [0.0, 1.0, 0.2, 0.6]])
    >>> proof = st.dual_certificate(A, [0], [1])
    >>> proof.holds, proof.fuchs_peak, round(proof.peak, 6)
    (True, 0.6, 0.5)
    >>> proof.w.round(6)
    array([ 1. , -0.5])
    """
    dense = to_dense(check_operator(A))
    n = dense.shape[1]
    places = check_support(support, n)
    s = check_vector("signs", signs, places.size, "support")
    if not np.all(np.abs(s) == 1.0):
        raise ValueError(f"signs must be +1 or -1, got {s[np.abs(s) != 1.0][0]}")
    k, m = places.size, dense.shape[0]
    zero = np.zeros(m)
    if k == 0:
        return DualCertificate(zero, 0.0, 0.0, 0.0, zero, 0.0)
    _, exponent = np.frexp(np.abs(dense).max())
    dense = np.ldexp(dense, -exponent)  # exact, and squares don't overflow
    inside, others = dense[:, places], np.delete(dense.T, places, axis=0)
    least = 0.0
    if k <= m:
        Q, R = np.linalg.qr(inside, mode="complete")
        least = least_singular_value(R[:k])
    if least <= DEPENDENT:
        raise ValueError(
            "the columns of the support must be independent, got a relative singular "
            f"value of {least:.1e}"
        )
    if k == n:
        w = Q[:, :k] @ np.linalg.solve(R[:k].T, s)
        miss = float(np.abs(inside.T @ w - s).max())
        w = np.ldexp(w, -exponent)
        return DualCertificate(w, 0.0, 0.0, miss, w, 0.0)
    space = dual_space(Q, R[:k], least, others, s, 1)
    start = others @ space.w
    w, bound = space.w, float(np.abs(start).max())
    if space.F.shape[1] > 0:
        point, bound = _deepest(space)
        w = w + space.turn @ np.linalg.lstsq(others @ space.turn, point - start)[0]
    return DualCertificate(
        np.ldexp(w, -exponent),
        float(np.abs(others @ w).max()),
        bound if np.isfinite(space.margin) else 0.0,
        float(np.abs(inside.T @ w - s).max()),
        np.ldexp(space.w, -exponent),
        float(np.abs(start).max()),
    )


def _deepest(space: DualSpace) -> tuple[Vector, float]:
    """Return the point of ``f + F q`` of least maximum, and a bound on that."""
    f, point = space.f, np.empty_like(space.f)
    size = float(np.abs(f).sum())
    # f itself is an e: from its bound on, the box only ever grows to the next bound.
    radius = float(f @ f) / size if size > 0.0 else 0.0
    rule = (radius, 0.0, -np.inf, np.inf, TOL)
    steps = GRADIENT_STEPS, NEWTON_STEPS
    low, _, _ = chebyshev(f, space.F, ENTRIES, False, rule, *steps, point)
    return point, float(low)
