"""Restricted eigenvalues: how short A makes vectors that are large on few entries."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar

from sparsetheory._checks import check_integer, check_number, check_operator
from sparsetheory.learning._cones import bounded, halves, orthants, separation
from sparsetheory.learning._section import EPS
from sparsetheory.learning.irrepresentable import support_of
from sparsetheory.operators import to_dense
from sparsetheory.types import Matrix, MeasurementOperator, Support, Vector

TRIES = 24  # supports looked at where there are too many for all
FAR = 1e140  # whose square is a number
SPARE = 1e-12  # of a bound, so that it is confirmed in other arithmetic


@dataclass(frozen=True, slots=True, eq=False)
class RestrictedEigenvalue:
    r"""A bracket on :math:`\min \|A z\|^2 / \|z_S\|^2` over a cone.

    Attributes
    ----------
    lower, upper : float
        Certified lower bound, and what `z` attains.
    z : ndarray, shape (n,)
        In the cone of `support`.
    support : ndarray of int, shape (k,)
    cone : float
        How much larger z may be off the support than on it, in ℓ1 norm.
    supports : ndarray of int, shape (supports, k)
        Those that `lower` is for.
    duals : ndarray, shape (duals, m)
        Unit vectors that prove `lower`: see `verify`. Empty if `level` does.
    level : float
        At which off-diagonal inner products are cut, where the spectrum proves
        `lower`; otherwise NaN.
    cones : int
        Looked at.
    """

    lower: float
    upper: float
    z: Vector
    support: Support
    cone: float
    supports: npt.NDArray[np.int64]
    duals: Matrix
    level: float
    cones: int

    def verify(self, A: MeasurementOperator, *, max_cones: int = 100_000) -> bool:
        """Check both bounds against A, without an optimisation.

        That z is in its cone and attains `upper`. And `lower`, by splitting cones until
        one of the `duals` separates each from zero, an inner product each; or by the
        eigenvalues of the cut Gram matrix. Rounding is allowed for.

        Parameters
        ----------
        A : array or operator, shape (m, n)
        max_cones : int
            No more are looked at.

        Returns
        -------
        bool
        """
        dense = to_dense(check_operator(A))
        n, on = dense.shape[1], self.support
        known = (self.supports == on).all(axis=1).any()
        if self.z.shape != (n,) or not known or self.supports.max() >= n:
            return False
        off = np.abs(np.delete(self.z, on)).sum()
        inside = off <= self.cone * np.abs(self.z[on]).sum() * (1 + 1e-12)
        found = _ratio(dense, on, self.z)
        if not (inside and found <= self.upper * (1 + 1e-9)):
            return False
        if self.lower <= 0:
            return True
        k = self.supports.shape[1]
        if not len(self.duals):
            return _spectral(dense, k, self.cone, self.level) >= self.lower
        W = self.duals / np.linalg.norm(self.duals, axis=1, keepdims=True)
        todo = list(orthants(self.supports))
        correlations = W @ dense
        for _ in range(max_cones):
            if not todo:
                return True
            on, V = todo.pop()
            bounds = separation(dense, on, V, self.cone, correlations)
            if not (bounds.max() > 0 and bounds.max() ** 2 >= self.lower):
                todo += [(on, half) for half in halves(V)]
        return False


def restricted_eigenvalue(
    A: MeasurementOperator,
    support: npt.ArrayLike,
    *,
    cone: float = 3.0,
    tol: float = 1e-2,
    max_cones: int = 10_000,
) -> RestrictedEigenvalue:
    r"""Bracket the restricted eigenvalue of a support.

    .. math:: \kappa^2(S) = \min \Bigl\{ \frac{\|A z\|_2^2}{\|z_S\|_2^2} :
        \|z_{S^c}\|_1 \le c \|z_S\|_1,\ z_S \ne 0 \Bigr\}

    With rows in place of the :math:`\sqrt m` of the sources: A has columns of about
    length one. A branch and bound: on a simplicial cone of values on S, of one sign
    pattern, the minimum is at least the squared distance of a polytope from zero, which
    non-negative least squares finds and any vector proves from below. Cones are halved,
    the worst first, until both bounds agree.

    Parameters
    ----------
    A : array or operator, shape (m, n)
        Formed as a matrix. Columns are taken as they are.
    support : array_like of int, or of bool and shape (n,)
        Columns of S, at least one.
    cone : float
        The constant c, not negative; 3 and 1 are those of the LASSO's error bounds.
    tol : float
        Stop when ``upper - lower <= tol * upper``.
    max_cones : int
        Stop then in any case; at least :math:`2^{k-1}` are looked at.

    Returns
    -------
    RestrictedEigenvalue

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    References
    ----------
    .. [1] P. Bickel, Y. Ritov, A. Tsybakov, "Simultaneous analysis of Lasso and Dantzig
       selector", Ann. Statist. 37(4), 2009.
    .. [2] S. van de Geer, P. Bühlmann, "On the conditions used to prove oracle results
       for the Lasso", Electron. J. Statist. 3, 2009.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> A = np.linalg.cholesky(0.5 * np.eye(4) + 0.5).T  # any two correlate by 1/2
    >>> found = st.restricted_eigenvalue(A, [0])
    >>> round(found.lower, 6), round(found.upper, 6)
    (0.625, 0.625)
    >>> found.verify(A)
    True
    """
    dense, on = support_of(A, support)
    if on.size == 0:
        raise ValueError("support must hold a column, got none")
    return _search(dense, on[None], *_checked(cone, tol, max_cones))


def least_restricted_eigenvalue(
    A: MeasurementOperator,
    k: int,
    *,
    cone: float = 3.0,
    tol: float = 1e-2,
    max_cones: int = 10_000,
) -> RestrictedEigenvalue:
    r"""Bracket the least `restricted_eigenvalue` of all supports of k columns.

    Supports of fewer columns have no smaller one. All are searched at once if
    :math:`\binom nk 2^{k-1}` cones are within `max_cones`. Otherwise the lower bound is

    .. math:: \max_t\ \lambda_{\min}(G_t) - (1 + c)^2 k t

    with G_t the Gram matrix, its entries off the diagonal pulled towards zero by t; at
    the largest of them, with unit columns, that is 1 - (1 + c)² k μ, the bound by
    coherence. And the upper bound is that of the supports that look worst.

    Parameters
    ----------
    A : array or operator, shape (m, n)
        Formed as a matrix.
    k : int
        In 1..n.
    cone, tol, max_cones
        As in `restricted_eigenvalue`.

    Returns
    -------
    RestrictedEigenvalue
        With a lower bound of 0 where nothing is known.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    References
    ----------
    .. [1] P. Bickel, Y. Ritov, A. Tsybakov, "Simultaneous analysis of Lasso and Dantzig
       selector", Ann. Statist. 37(4), 2009, section 4.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> A = np.linalg.cholesky(0.5 * np.eye(4) + 0.5).T
    >>> found = st.least_restricted_eigenvalue(A, 2)
    >>> bool(found.lower <= 0.5 <= found.upper * (1 + 1e-12)), found.verify(A)
    (True, True)
    """
    dense = to_dense(check_operator(A))
    n = dense.shape[1]
    k = check_integer("k", k, 1, n)
    cone, tol, most = _checked(cone, tol, max_cones)
    if comb(n, k) << (k - 1) <= most:
        every = np.array(list(combinations(range(n), k)))
        return _search(dense, every, cone, tol, most)
    supports = _worst_looking(dense, k)
    found = [_attained(dense, on, cone) for on in supports]
    upper, z, on = min(found, key=lambda each: each[0])
    level = _level(dense, k, cone)
    lower = max(0.0, _spectral(dense, k, cone, level)) * (1 - SPARE)
    none = np.empty((0, len(dense)))
    return RestrictedEigenvalue(
        lower, upper, z, on, cone, supports, none, level, len(found)
    )


def _attained(A: Matrix, on: Support, cone: float) -> tuple[float, Vector, Support]:
    """Return what a vector in a support's cone attains, and both."""
    least = np.linalg.svd(A[:, on])[2][-1]
    alone = np.zeros(A.shape[1])
    alone[on] = least
    *_, z = bounded(A, on, np.diag(np.where(least < 0, -1.0, 1.0)), cone)
    value, z = min(((_ratio(A, on, x), x) for x in (alone, z)), key=lambda f: f[0])
    return value, z, on


def _ratio(A: Matrix, on: Support, z: Vector) -> float:
    return float(np.sum((A @ z) ** 2) / np.sum(z[on] ** 2))


def _checked(cone: float, tol: float, max_cones: int) -> tuple[float, float, int]:
    return (
        check_number("cone", cone, positive=False),
        check_number("tol", tol, positive=False),
        check_integer("max_cones", max_cones, 1),
    )


def _search(
    A: Matrix, supports: npt.NDArray[np.int64], cone: float, tol: float, most: int
) -> RestrictedEigenvalue:
    largest = float(np.abs(A).max())
    if largest > 0 and not 1 / FAR < largest < FAR:
        raise ValueError(f"A must be rescaled, got entries up to {largest:.1e}")
    least = len(supports) << (supports.shape[1] - 1)
    if least > most:
        raise ValueError(f"max_cones must be at least {least}, got {most}")
    nothing = EPS * float(np.einsum("ij,ij->j", A, A).max())
    heap: list[tuple[float, int, Support, Matrix]] = []
    upper, z, on = np.inf, np.empty(0), supports[0]
    duals: list[Vector] = []
    count, lower = 0, 0.0
    todo = list(orthants(supports))
    while True:
        for support, V in todo:
            count += 1
            bound, dual, point = bounded(A, support, V, cone)
            value = _ratio(A, support, point)
            if value < upper:
                upper, z, on = value, point, support
            heapq.heappush(heap, (bound, count, support, V))
            duals.append(dual)
        lower = heap[0][0]
        done = upper - lower <= max(tol * upper, nothing)
        if done or count >= most or supports.shape[1] == 1:  # a ray has no parts
            break
        _, _, support, V = heapq.heappop(heap)
        todo = [(support, half) for half in halves(V)]
    lower = min(lower, upper) * (1 - SPARE)
    return RestrictedEigenvalue(
        lower, upper, z, on, cone, supports, np.array(duals), np.nan, count
    )


def _spectral(A: Matrix, k: int, cone: float, level: float) -> float:
    """Return the bound of the spectrum of the cut Gram matrix, less rounding."""
    G = A.T @ A
    cut = np.sign(G) * np.maximum(np.abs(G) - level, 0.0)
    np.fill_diagonal(cut, G.diagonal())
    size = float(np.linalg.norm(A)) ** 2
    rounding = 10 * sum(A.shape) * EPS * size
    least = float(np.linalg.eigvalsh(cut)[0])
    return least - (1 + cone) ** 2 * k * level - rounding


def _level(A: Matrix, k: int, cone: float) -> float:
    G = A.T @ A
    np.fill_diagonal(G, 0.0)
    top = float(np.abs(G).max())
    found = minimize_scalar(
        lambda t: -_spectral(A, k, cone, t), bounds=(0.0, top), method="bounded"
    )
    return max((0.0, float(found.x), top), key=lambda t: _spectral(A, k, cone, t))


def _worst_looking(A: Matrix, k: int) -> npt.NDArray[np.int64]:
    """Return supports that right singular vectors of the least values are large on."""
    vectors = np.linalg.svd(A)[2][::-1][:TRIES]
    return np.unique(np.sort(np.argsort(-np.abs(vectors), axis=1)[:, :k]), axis=0)
