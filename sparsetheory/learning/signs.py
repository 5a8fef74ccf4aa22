"""When the LASSO has the signs of x in spite of noise: weights, chances, sizes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.linalg import solve_triangular
from scipy.optimize import brentq, minimize_scalar
from scipy.special import ndtr, ndtri

from sparsetheory._checks import (
    check_array,
    check_number,
    check_operator,
    check_vector,
)
from sparsetheory.learning._section import EPS, Section, check_size, fit, independent
from sparsetheory.operators import to_dense
from sparsetheory.types import Matrix, MeasurementOperator, Support, Vector

WIDER = 1 + 1e-9


@dataclass(frozen=True, slots=True)
class SignWindow:
    """Weights at which the LASSO has the signs of x.

    Attributes
    ----------
    low, high : float
        The open interval of these weights; there are none unless ``low < high``.
    inner, outer : tuple of float
        Intervals between which rounding puts it: in the first the LASSO surely has the
        signs, off the second surely not.
    """

    low: float
    high: float
    inner: tuple[float, float]
    outer: tuple[float, float]


@dataclass(frozen=True, slots=True)
class LambdaWindow:
    """Weights at which the LASSO likely has the signs of x, by `lambda_window`.

    Attributes
    ----------
    low, high : float
        Weights, ends included; there are none unless ``low <= high``.
    beta_min : float
        At the weight `low` nonzeros of this size are enough; inf if none are.
    level : float
    """

    low: float
    high: float
    beta_min: float
    level: float


class Law(NamedTuple):
    """What decides about signs, with noise of standard deviation one.

    Attributes
    ----------
    q : ndarray, shape (n - k,)
        Correlations off the support of the least-norm vector that matches the signs.
    off : ndarray, shape (n - k,)
        Standard deviations there of the noise, without its part in the support's span.
    pull : ndarray, shape (k,)
        By how much a unit of weight moves each entry towards zero.
    on : ndarray, shape (k,)
        Standard deviations of the least-squares estimate.
    """

    q: Vector
    off: Vector
    pull: Vector
    on: Vector


def sign_window(
    A: MeasurementOperator, x: npt.ArrayLike, noise: npt.ArrayLike | None = None
) -> SignWindow:
    r"""Weights at which the LASSO has exactly the signs of x, for this very noise.

    .. math:: \min_z \tfrac12 \|A x + e - A z\|_2^2 + \lambda \|z\|_1

    has one solution, with the support S and signs s of x, if

    .. math:: |a_j^T(\Pi e + \lambda w)| < \lambda \ (j \notin S), \qquad
        s_i \bigl(x_i + (A_S^+ e)_i\bigr) > \lambda s_i \bigl((A_S^T A_S)^{-1} s\bigr)_i

    with Π the projection off the columns of S and :math:`w = A_S (A_S^T A_S)^{-1} s`;
    and no such solution if one of them is violated [1]_. All are linear in λ, so that
    the window is an interval. Exact; no solver runs, and there is no tolerance but for
    rounding.

    Parameters
    ----------
    A : array or operator, shape (m, n)
        Formed as a matrix.
    x : array_like, shape (n,)
        The columns of its support must be independent.
    noise : array_like, shape (m,), optional
        By default zero; then the window is empty, or reaches down to zero.

    Returns
    -------
    SignWindow

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    References
    ----------
    .. [1] M. Wainwright, "Sharp thresholds for high-dimensional and noisy sparsity
       recovery using ℓ1-constrained quadratic programming (Lasso)", IEEE Trans. Inf.
       Theory 55(5), 2009, Lemmas 2 and 3.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> window = st.sign_window(np.eye(3), [3.0, 0.0, 0.0], [0.5, 0.2, -0.4])
    >>> round(window.low, 12), round(window.high, 12)
    (0.4, 3.5)
    """
    dense, x, on = _signal(A, x)
    m = len(dense)
    e = np.zeros(m) if noise is None else check_vector("noise", noise, m)
    check_size("noise", e)
    part = independent(dense, on)
    return inequalities(dense, part, on, np.sign(x[on]), e).window(np.abs(x[on]))


class Inequalities(NamedTuple):
    """Linear inequalities in the weight, ``start + slope * lam > 0``, with errors.

    Those on the support stand first and lack the size of x.
    """

    start: Vector
    slope: Vector
    error: Vector
    bent: Vector
    k: int

    def window(self, size: Vector) -> SignWindow:
        """Return where all hold, for entries of that size on the support."""
        start = self.start.copy()
        start[: self.k] += size
        error = self.error + 4 * EPS * np.abs(start)
        ends = [
            _interval(start + sign * error, self.slope + sign * self.bent)
            for sign in (0, -1, 1)
        ]
        return SignWindow(*ends[0], *ends[1:])


def inequalities(
    A: Matrix, part: Section, on: Support, s: Vector, e: Vector
) -> Inequalities:
    """Return what decides at which weights the LASSO has the signs s on a support."""
    t = part.scale
    shrink = fit(part, (t * s)[:, None], np.zeros((len(A), 1)))
    noise = fit(part, np.zeros((on.size, 1)), e[:, None])
    others = np.delete(A, on, axis=1)
    length = np.linalg.norm(others, axis=0)
    q, p = -others.T @ shrink.v[:, 0], others.T @ noise.v[:, 0]
    slack = 2 * len(A) * EPS
    wrong_q, wrong_p = (
        length * (found.error_v + slack * np.linalg.norm(found.v))
        for found in (shrink, noise)
    )
    return Inequalities(
        np.concatenate([s * t * noise.c[:, 0], -p, p]),
        np.concatenate([-s * t * shrink.c[:, 0], 1 - q, 1 + q]),
        np.concatenate([t * noise.error_c, wrong_p, wrong_p]),
        np.concatenate([t * shrink.error_c, wrong_q + EPS, wrong_q + EPS]),
        on.size,
    )


def _interval(start: Vector, slope: Vector) -> tuple[float, float]:
    """Return where all ``start + slope * lam > 0``, within (0, inf)."""
    if np.any((slope == 0) & (start <= 0)):
        return np.inf, 0.0
    with np.errstate(over="ignore"):
        up, down = slope > 0, slope < 0
        low = (-start[up] / slope[up]).max(initial=0.0)
        high = (-start[down] / slope[down]).min(initial=np.inf)
    return float(low) + 0.0, float(max(high, 0.0))  # without a sign of zero


def sign_probability_bounds(
    A: MeasurementOperator, x: npt.ArrayLike, sigma: float, lam: npt.ArrayLike
) -> tuple[Vector, Vector]:
    r"""Bounds on the probability that the LASSO has the signs of x.

    For y = A x + e, e with independent N(0, σ²) entries. With q, s, S as in
    `sign_window`, h the solution of :math:`A_S^T A_S h = s` and Q the tail of N(0, 1),

    .. math::
        P(\lambda) = P_{\text{off}} P_{\text{on}}, \qquad
        1 - P_{\text{off}} \le \sum_{j \notin S} Q\Bigl(\frac{\lambda(1 - q_j)}
            {\sigma \|\Pi a_j\|}\Bigr) + Q\Bigl(\frac{\lambda(1 + q_j)}
            {\sigma \|\Pi a_j\|}\Bigr), \qquad
        1 - P_{\text{on}} \le \sum_{i \in S} Q\Bigl(\frac{|x_i| - \lambda s_i h_i}
            {\sigma \sqrt{((A_S^T A_S)^{-1})_{ii}}}\Bigr),

    since both parts of the noise are independent. Both are at most the least of what a
    single feature allows. The bounds are equal for one feature on and one off the
    support, and close wherever failure is rare.

    Parameters
    ----------
    A : array or operator, shape (m, n)
        Formed as a matrix.
    x : array_like, shape (n,)
        The columns of its support must be independent.
    sigma : float
        Standard deviation of the noise, positive.
    lam : array_like
        Weights, positive.

    Returns
    -------
    lower, upper : ndarray, of the shape of `lam`
        Certified but for rounding.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    References
    ----------
    .. [1] M. Wainwright, "Sharp thresholds for high-dimensional and noisy sparsity
       recovery using ℓ1-constrained quadratic programming (Lasso)", IEEE Trans. Inf.
       Theory 55(5), 2009.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> low, high = st.sign_probability_bounds(np.eye(2), [4.0, 0.0], 1.0, [1.0, 2.0])
    >>> low.round(4), high.round(4)
    (array([0.6818, 0.9328]), array([0.6818, 0.9328]))
    """
    dense, x, on = _signal(A, x)
    sigma = check_number("sigma", sigma)
    weights = np.asarray(lam, dtype=np.float64)
    check_array("lam", weights.ravel(), 1)
    if weights.size and weights.min() <= 0:
        raise ValueError(f"lam must be positive, got {weights.min()}")
    law = _law(dense, on, np.sign(x[on]))
    flat = weights.reshape(-1, 1)
    right, left = _off(law, sigma, flat)
    on_terms = ndtr(-_room(law, np.abs(x[on]), sigma, flat))
    lower = (1 - (left + right).sum(axis=1)).clip(0) * (1 - on_terms.sum(axis=1)).clip(
        0
    )
    upper = (1 - (left + right).max(axis=1, initial=0.0)).clip(0) * (
        1 - on_terms.max(axis=1, initial=0.0)
    )
    return lower.reshape(weights.shape), upper.reshape(weights.shape)


def lambda_window(
    A: MeasurementOperator, x: npt.ArrayLike, sigma: float, *, level: float = 0.95
) -> LambdaWindow:
    r"""Weights at which the LASSO has the signs of x at least that often.

    From the lower bound of `sign_probability_bounds`, both of whose factors are kept at
    :math:`\sqrt{\text{level}}` or more: the weight must be so large that noise enters
    no other feature, and so small that no nonzero is lost. Sufficient, not necessary.

    Parameters
    ----------
    A : array or operator, shape (m, n)
        Formed as a matrix.
    x : array_like, shape (n,)
        The columns of its support must be independent.
    sigma : float
        Standard deviation of the noise, positive.
    level : float
        In [1/2, 1).

    Returns
    -------
    LambdaWindow
        With ``low = inf`` if the irrepresentable condition fails.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> window = st.lambda_window(np.eye(4), [6.0, 0.0, 0.0, 0.0], 1.0)
    >>> round(window.low, 3), round(window.high, 3), round(window.beta_min, 3)
    (2.634, 4.045, 4.588)
    """
    dense, x, on = _signal(A, x)
    sigma = check_number("sigma", sigma)
    level = check_number("level", level)
    if not 0.5 <= level < 1:
        raise ValueError(f"level must lie in [0.5, 1), got {level}")
    law = _law(dense, on, np.sign(x[on]))
    risk = -float(np.expm1(0.5 * np.log(level)))

    def outside(lam: float) -> float:
        right, left = _off(law, sigma, np.array([[lam]]))
        return float((right + left).sum()) - risk

    def inside(lam: float, size: Vector) -> float:
        return float(ndtr(-_room(law, size, sigma, np.array([[lam]]))).sum()) - risk

    low = 0.0
    if np.abs(law.q).max(initial=0.0) >= 1:
        return LambdaWindow(np.inf, 0.0, np.inf, level)
    if law.off.any():
        spread = float((law.off / (1 - np.abs(law.q))).max())
        most = -sigma * spread * float(ndtri(risk / (2 * law.q.size)))
        low = _root(outside, 0.0, most * WIDER)
    if on.size == 0:
        return LambdaWindow(low, np.inf, 0.0, level)
    start, high = _kept(lambda lam: inside(lam, np.abs(x[on])), law, np.abs(x[on]))
    low = max(low, start)
    enough = low * float(law.pull.max())
    enough -= sigma * float(law.on.max()) * float(ndtri(risk / on.size))
    beta_min = _root(lambda b: inside(low, np.full(on.size, b)), 0.0, enough * WIDER)
    return LambdaWindow(low, high, beta_min, level)


def _root(f: Callable[[float], float], above: float, below: float) -> float:
    """Return where f is zero, from the side on which it is negative."""
    root = float(brentq(f, above, below, xtol=1e-300, rtol=1e-14))
    return root + 1e-12 * (below - above)


def _kept(f: Callable[[float], float], law: Law, size: Vector) -> tuple[float, float]:
    """Return where f, which is convex until an entry is gone, is not positive."""
    some = law.pull > 0  # the signs times the pulls have a positive sum
    gone = float((size[some] / law.pull[some]).min())
    best = 0.0
    if f(0.0) > 0:
        best = float(minimize_scalar(f, bounds=(0.0, gone), method="bounded").x)
        if f(best) > 0:
            return 0.0, 0.0
    start = _root(f, 0.0, best) if best else 0.0
    return start, _root(f, gone, best)


def _signal(A: MeasurementOperator, x: npt.ArrayLike) -> tuple[Matrix, Vector, Support]:
    dense = to_dense(check_operator(A))
    check_size("A", dense)
    x = check_vector("x", x, dense.shape[1])
    return dense, x, np.flatnonzero(x)


def _law(A: Matrix, on: Support, s: Vector) -> Law:
    part = independent(A, on)
    others = np.delete(A, on, axis=1)
    shrink = fit(part, (part.scale * s)[:, None], np.zeros((len(A), 1)))
    left = fit(part, np.zeros((on.size, others.shape[1])), others)
    inverse = solve_triangular(part.R, np.eye(on.size)) if on.size else part.R
    return Law(
        -others.T @ shrink.v[:, 0],
        np.linalg.norm(left.v, axis=0),
        s * part.scale * shrink.c[:, 0],
        part.scale * np.linalg.norm(inverse, axis=1),
    )


def _off(law: Law, sigma: float, lam: Vector) -> tuple[Vector, Vector]:
    """Return the chances that each column off the support enters, by sign."""
    with np.errstate(divide="ignore", invalid="ignore"):
        sides = [-lam * (1 + sign * law.q) / (sigma * law.off) for sign in (-1, 1)]
    right, left = (ndtr(np.where(np.isnan(side), np.inf, side)) for side in sides)
    return right, left


def _room(law: Law, size: Vector, sigma: float, lam: Vector) -> Vector:
    """Return how far each entry is from zero, in standard deviations."""
    return np.asarray((size - lam * law.pull) / (sigma * law.on))
