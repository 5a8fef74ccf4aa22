"""The irrepresentable condition: of signs, of a support, of all supports of a size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, combinations, islice
from math import comb

import numpy as np
import numpy.typing as npt

from sparsetheory._checks import (
    check_integer,
    check_operator,
    check_support,
    check_vector,
)
from sparsetheory.learning._section import EPS, fit, section
from sparsetheory.operators import to_dense
from sparsetheory.types import Matrix, MeasurementOperator, Support, Vector

MOST = 1_000_000  # supports gone through: half a minute or so
BATCH = 2**20  # entries held at a time


@dataclass(frozen=True, slots=True, eq=False)
class Irrepresentability:
    """How well columns off a support are predicted from those on it.

    Attributes
    ----------
    value : float
        The LASSO can find the signs, without noise, if it is below 1.
    feature : int or None
        The column off the support that attains it; None if there is none.
    support : ndarray of int, shape (k,)
    signs : ndarray, shape (k,)
        Given, or the worst there are.
    rounding : float
        By how much floating point may have moved `value`.
    """

    value: float
    feature: int | None
    support: Support
    signs: Vector
    rounding: float

    @property
    def holds(self) -> bool:
        """Whether the value is below 1, rounding included."""
        return self.value + self.rounding < 1

    @property
    def fails(self) -> bool:
        """Whether it is above 1, rounding included."""
        return self.value - self.rounding > 1


def irrepresentability(
    A: MeasurementOperator,
    support: npt.ArrayLike,
    signs: npt.ArrayLike | None = None,
) -> Irrepresentability:
    r"""Left side of the irrepresentable condition, of signs or of a whole support.

    .. math:: \max_{j \notin S} |a_j^T A_S (A_S^T A_S)^{-1} s|

    Exact to the rounding that comes with it. Below 1, and without noise, the LASSO has
    the signs s for all small weights; above 1 for none [1]_. Without `signs` it is the
    maximum over all of them, :math:`\max_{j \notin S} \|A_S^+ a_j\|_1`: below 1 that is
    the mutual incoherence condition [2]_.

    Parameters
    ----------
    A : array or operator, shape (m, n)
        Formed as a matrix. Columns are taken as they are: their lengths matter.
    support : array_like of int, or of bool and shape (n,)
        Columns of S, each once, which must be independent.
    signs : array_like, shape (k,), optional
        +1 or -1 for each, in the order of `support`; by default the worst ones.

    Returns
    -------
    Irrepresentability

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    See Also
    --------
    worst_irrepresentability : Over all supports of a size.
    exact_recovery_coefficient : Over all signs too, but of unit columns.
    dual_certificate : Its `fuchs_peak` is this value; its `peak` decides recovery by
        basis pursuit, which needs less.
    sparsetheory.theory.support.lasso_support_thetas : Of a covariance.

    References
    ----------
    .. [1] P. Zhao, B. Yu, "On model selection consistency of Lasso", J. Mach. Learn.
       Res. 7, 2006.
    .. [2] M. Wainwright, "Sharp thresholds for high-dimensional and noisy sparsity
       recovery using ℓ1-constrained quadratic programming (Lasso)", IEEE Trans. Inf.
       Theory 55(5), 2009.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> A = np.array([[1.0, 0.0, 0.6], [0.0, 1.0, 0.8]])
    >>> found = st.irrepresentability(A, [0, 1], [1, 1])
    >>> round(found.value, 12), found.feature, found.holds
    (1.4, 2, False)
    >>> st.irrepresentability(A, [0, 1], [1, -1]).holds
    True
    >>> st.irrepresentability(A, [0, 1]).signs
    array([1., 1.])
    """
    dense, on = support_of(A, support)
    if on.size == 0:
        raise ValueError("support must hold a column, got none")
    s = None if signs is None else signs_of(signs, on.size)
    off = np.delete(np.arange(dense.shape[1]), on)
    dense = np.ldexp(dense, -np.frexp(np.abs(dense).max())[1])  # exact; no overflow
    part = section(dense, on)
    if part.least <= 0:
        raise ValueError(f"support must have independent columns, got {on.tolist()}")
    if off.size == 0:
        given = np.ones(on.size) if s is None else s
        return Irrepresentability(0.0, None, on, given, 0.0)
    others = dense[:, off]
    if s is None:
        found = fit(part, np.zeros((on.size, off.size)), others)
        z = part.scale[:, None] * found.c
        sizes = np.abs(z).sum(axis=0)
        errors = np.linalg.norm(part.scale) * found.error_c + 2 * on.size * EPS * sizes
        at = int(sizes.argmax())
        s = np.where(z[:, at] < 0, -1.0, 1.0)
    else:
        found = fit(part, (part.scale * s)[:, None], np.zeros((len(dense), 1)))
        sizes = np.abs(others.T @ found.v[:, 0])
        slack = 2 * len(dense) * EPS * np.linalg.norm(found.v)
        errors = np.linalg.norm(others, axis=0) * (found.error_v + slack)
        at = int(sizes.argmax())
    value = float(sizes[at])
    # the true maximum may be that of another column
    high, low = float((sizes + errors).max()), float((sizes - errors).max())
    rounding = max(high - value, value - low)
    return Irrepresentability(value, int(off[at]), on, s, rounding)


def worst_irrepresentability(A: MeasurementOperator, k: int) -> Irrepresentability:
    r"""Largest `irrepresentability` of all supports of k columns and all signs.

    .. math:: \max_{|S| = k} \max_{j \notin S} \|A_S^{+} a_j\|_1

    Exact to the rounding that comes with it, by going through all supports. Below 1,
    and without noise, the LASSO finds every k-sparse model.

    Parameters
    ----------
    A : array or operator, shape (m, n)
        Columns are taken as they are.
    k : int
        In 1..n; at most a million supports.

    Returns
    -------
    Irrepresentability
        With the support, the signs and the feature that attain it.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above, or k columns are dependent, or so
        nearly that rounding says nothing.

    See Also
    --------
    recovery_guarantees : Up to which k Tropp's coefficient stays below 1, with unit
        columns, in far larger matrices.

    References
    ----------
    .. [1] P. Zhao, B. Yu, "On model selection consistency of Lasso", J. Mach. Learn.
       Res. 7, 2006.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> A = np.array([[1.0, 0.0, 0.6], [0.0, 1.0, 0.8]])
    >>> found = st.worst_irrepresentability(A, 1)
    >>> round(found.value, 12), found.support, found.feature
    (0.8, array([1]), 2)
    """
    dense = to_dense(check_operator(A))
    n = dense.shape[1]
    k = check_integer("k", k, 1, n)
    if comb(n, k) > MOST:
        raise ValueError(f"k must leave at most {MOST} supports, got {comb(n, k)}")
    dense = np.ldexp(dense, -np.frexp(np.abs(dense).max())[1])
    d = np.linalg.norm(dense, axis=0)
    if not d.all():
        raise ValueError(f"A must not have zero columns, got one at {d.argmin()}")
    best, top, high = np.arange(k), -1.0, 0.0
    G = (dense / d).T @ (dense / d)
    for supports in _batches(n, k, max(1, BATCH // (n * k))):
        sizes, errors = _sums(G, d, supports, len(dense))
        if not np.isfinite(errors).all():
            at = supports[~np.isfinite(errors)][0]
            raise ValueError(
                f"A must have independent columns on all supports of {k}, got "
                f"{at.tolist()}"
            )
        at = int(sizes.argmax())
        if sizes[at] > top:
            best, top = supports[at], float(sizes[at])
        high = max(high, float((sizes + errors).max()))
    found = irrepresentability(dense, best)
    rounding = max(found.rounding, high - found.value)
    return Irrepresentability(
        found.value, found.feature, found.support, found.signs, rounding
    )


def support_of(
    A: MeasurementOperator, support: npt.ArrayLike
) -> tuple[Matrix, Support]:
    """Return A as a matrix and the support as indices, checked."""
    dense = to_dense(check_operator(A))
    return dense, check_support(support, dense.shape[1])


def signs_of(signs: npt.ArrayLike, k: int) -> Vector:
    """Return signs, checked."""
    s = check_vector("signs", signs, k, "support")
    if not np.all(np.abs(s) == 1.0):
        raise ValueError(f"signs must be +1 or -1, got {s[np.abs(s) != 1.0][0]}")
    return s


def _sums(
    G: Matrix, d: Vector, supports: npt.NDArray[np.int64], m: int
) -> tuple[Vector, Vector]:
    r"""Return :math:`\max_j \|A_S^+ a_j\|_1` per row of `supports`, and its error.

    The error is bounded from the residual of the normal equations, and infinite where
    the Gram matrix may be singular.
    """
    k = supports.shape[1]
    on = G[supports[:, :, None], supports[:, None, :]]
    right = G[supports]
    slack = 2 * (m + 4 * k + 4) * EPS  # of an inner product of unit columns, computed
    least = np.linalg.eigvalsh(on)[:, 0] - 10 * k * slack
    free = least > 0
    sizes, errors = np.zeros(len(supports)), np.full(len(supports), np.inf)
    on, right, at = on[free], right[free], supports[free]
    z = np.linalg.solve(on, right)
    missed = np.linalg.norm(right - on @ z, axis=1)
    missed += slack * (np.sqrt(k) + (k + 1) * np.linalg.norm(z, axis=1))
    spread = np.linalg.norm(1 / d[at], axis=1)[:, None] * d
    wrong = missed / least[free, None] * spread
    total = (np.abs(z) / d[at][:, :, None]).sum(axis=1) * d
    wrong += 4 * k * EPS * total
    for array in (total, wrong):
        np.put_along_axis(array, at, 0.0, axis=1)
    sizes[free] = total.max(axis=1)
    errors[free] = (total + wrong).max(axis=1) - sizes[free]
    return sizes, errors


def _batches(n: int, k: int, size: int) -> Iterator[npt.NDArray[np.int64]]:
    every = combinations(range(n), k)
    while True:
        flat = chain.from_iterable(islice(every, size))
        batch = np.fromiter(flat, dtype=np.int64).reshape(-1, k)
        if not len(batch):
            return
        yield batch
