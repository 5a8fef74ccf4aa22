r"""Binomial coefficients and normal tails in logarithms; for this folder."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.special import (
    erf,
    erfc,
    gammaln,
    log_ndtr,
    logsumexp,
    ndtr,
    xlog1py,
    xlogy,
)

from sparsetheory.theory.curves import Array, density
from sparsetheory.theory.quadrature import legendre

Tail: TypeAlias = Callable[[Array], npt.ArrayLike]
"""``u -> log P(z > u)``."""

LOG_TWO = float(np.log(2.0))
LOG_TEN = float(np.log(10.0))
HALF_LOG_TWO_PI = float(0.5 * np.log(2 * np.pi))
FAINT = -690.0  # logarithms of what is about to leave the floats
SMALL = 16  # up to here log(x!) itself; beyond, four terms of Stirling's series


def check_tail(log_tail: Tail | None) -> None:
    """Raise unless a law that is given by its tail could be symmetric."""
    at_zero = 0.0 if log_tail is None else float(np.asarray(log_tail(np.array(0.0))))
    if log_tail is not None and not abs(at_zero + LOG_TWO) < 1e-9:
        raise ValueError(
            "log_tail must be of a law symmetric about 0, log(1/2) there, "
            f"got {at_zero}"
        )


def log_two_sided(u: Array) -> tuple[Array, Array]:
    """Return the logarithms of P(abs(z) >= u) and of P(abs(z) < u) for a normal z."""
    s = u / np.sqrt(2.0)
    with np.errstate(divide="ignore"):
        outside = np.where(
            u < 1, np.log1p(-erf(np.minimum(s, 1))), LOG_TWO + log_ndtr(-u)
        )
        inside = np.where(u < 0.5, np.log(erf(s)), np.log1p(-erfc(s)))
    return outside, inside


def complement(log_p: Array) -> tuple[Array, Array]:
    """Return p and log(1-p)."""
    p = np.exp(log_p)
    near = log_p > -LOG_TWO
    with np.errstate(divide="ignore"):
        rest = np.where(near, np.log(-np.expm1(log_p)), np.log1p(-np.minimum(p, 0.5)))
    return p, rest


def log_kept(
    u: Array, a: Array, log_tail: Tail | None
) -> tuple[tuple[Array, Array], Array]:
    """Return the logarithms of q_a, without signs and with, and of 1 - q_0."""
    if np.any(np.isinf(u) & np.isinf(a)):
        raise ValueError("t or the signal must be less than 1e308 sigma, got inf, inf")
    right = _tail(u - a, log_tail)
    both = np.logaddexp(right, _tail(u + a, log_tail))
    if log_tail is not None:
        log_q = np.minimum(LOG_TWO + _tail(u, log_tail), 0.0)
        return (both, right), complement(log_q)[1]
    kept, dropped = log_two_sided(u)
    inside = _inside(u, a)
    near = np.log1p(-np.minimum(inside, 0.5))
    return (
        np.where(a > 0, np.where(inside < 0.5, near, both), kept),
        right,
    ), dropped


def log_all_dropped(
    count: Array, u: Array, dropped: Array, log_tail: Tail | None
) -> Array:
    """Return `count` times the logarithm of 1 - q_0, also where q_0 is no float."""
    log_q = LOG_TWO + _tail(u, log_tail)
    with np.errstate(divide="ignore"):
        faint = -np.exp(np.log(count) + np.minimum(log_q, FAINT))
    return np.where(log_q < FAINT, faint, times(count, dropped))


def _tail(x: Array, log_tail: Tail | None) -> Array:
    return np.asarray(log_ndtr(-x) if log_tail is None else log_tail(x))


def _inside(u: Array, a: Array) -> Array:
    """Return P(abs(z + a) < u) for a normal z, also where its ends are close."""
    with np.errstate(over="ignore", invalid="ignore"):  # of 0 times inf
        peak, far = density(a), ndtr(u - a) - ndtr(-u - a)
        close = (u <= 1) & (a * u <= 1)
    nodes, w = legendre(8)
    x = np.where(close, u, 0.0)[..., None] * nodes
    tilt = np.cosh(np.where(close, a, 0.0)[..., None] * x)
    mean = np.sum(w * np.exp(-0.5 * x * x) * tilt, axis=-1)
    return np.asarray(np.where(close, 2 * u * peak * mean, far))


def deviations(value: Array, scale: Array) -> Array:
    """Return numbers in standard deviations, infinite where those are no floats."""
    with np.errstate(over="ignore"):
        return np.asarray(value / scale)


def times(count: npt.ArrayLike, log: npt.ArrayLike) -> Array:
    """Return ``count * log``, and 0 where the count is 0, be `log` infinite."""
    count, log = np.broadcast_arrays(count, log)
    out = np.zeros(count.shape)
    return np.asarray(np.multiply(count, log, out=out, where=count > 0))


def log_likelihood(n: Array, k: Array) -> Array:
    """Return ``k log(k/n) + (n-k) log((n-k)/n)``, accurate at both ends."""
    least = np.minimum(k, n - k)
    return np.asarray(xlogy(least, least / n) + xlog1py(n - least, -least / n))


def log_binomial(n: npt.ArrayLike, k: npt.ArrayLike) -> Array:
    """Return the logarithm of n over k, to a few roundings also for large n."""
    n, k = (np.asarray(a, dtype=np.float64) for a in (n, k))
    n, k = np.broadcast_arrays(n, k)
    inner = (k > 0) & (k < n)
    n, k = np.where(inner, n, 2.0), np.where(inner, k, 1.0)
    width = HALF_LOG_TWO_PI + 0.5 * (np.log(k) + np.log((n - k) / n))
    rest = _stirling(n) - _stirling(k) - _stirling(n - k)
    return np.where(inner, rest - width - log_likelihood(n, k), 0.0)


def _stirling(x: Array) -> Array:
    """Return by how much log(x!) exceeds Stirling's formula."""
    small, y = np.minimum(x, SMALL), 1 / np.maximum(x, SMALL) ** 2
    direct = gammaln(small + 1) - (small + 0.5) * np.log(small) + small
    series = 1 / 12 - y * (1 / 360 - y * (1 / 1260 - y / 1680))
    far = np.sqrt(y) * series
    return np.asarray(np.where(x <= SMALL, direct - HALF_LOG_TWO_PI, far))


def log_upper_tail(
    log_mass: Callable[[Array], Array],
    start: float,
    ends: tuple[float, float],
    mode: float,
    deviation: float,
) -> float:
    """Return the logarithm of the mass from `start` on, of a log-concave law.

    Summed is what lies within 10 standard deviations and 100 more of the mode, or of
    `start` if that is beyond: by Bernstein's inequality the rest is below rounding.
    """
    low, high = ends
    if start <= low:
        return 0.0
    reach = np.ceil(10 * deviation) + 100
    first = max(start, np.floor(mode - reach))
    last = min(high, np.ceil(max(start, mode) + reach))
    if first > last:
        return -np.inf
    return min(float(logsumexp(log_mass(np.arange(first, last + 1)))), 0.0)


def check_sizes(n: npt.ArrayLike, k: npt.ArrayLike) -> tuple[Array, Array]:
    """Return n and k as floats of one shape, whole with ``0 <= k <= n``, ``1 <= n``."""
    n, k = np.broadcast_arrays(_floats("n", n), _floats("k", k))
    wrong = ~((n % 1 == 0) & (k % 1 == 0) & (n >= 1) & (k >= 0) & (k <= n))
    if wrong.any():
        at = np.argmax(wrong.ravel())
        values = float(n.ravel()[at]), float(k.ravel()[at])
        raise ValueError(
            f"n, k must be whole with 0 <= k <= n and 1 <= n, got {values}"
        )
    return n, k


def check_whole(name: str, value: npt.ArrayLike) -> Array:
    """Return whole numbers from 1 on, as floats."""
    array = check_finite(name, value)
    wrong = array[(array % 1 != 0) | (array < 1)]
    if wrong.size:
        raise ValueError(f"{name} must be whole and at least 1, got {wrong.ravel()[0]}")
    return array


def check_finite(name: str, value: npt.ArrayLike) -> Array:
    """Return finite floats."""
    array = _floats(name, value)
    wrong = array[~np.isfinite(array)]
    if wrong.size:
        raise ValueError(f"{name} must be finite, got {wrong.ravel()[0]}")
    return array


def check_values(name: str, value: npt.ArrayLike, *, positive: bool = False) -> Array:
    """Return finite floats that are positive, or at least not negative."""
    array = _floats(name, value)
    good = np.isfinite(array) & ((array > 0) if positive else (array >= 0))
    if not good.all():
        kind = "positive" if positive else "non-negative"
        got = float(array[~good].ravel()[0])
        raise ValueError(f"{name} must be {kind} and finite, got {got}")
    return array


def _floats(name: str, value: npt.ArrayLike) -> Array:
    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} must hold real numbers, got dtype {array.dtype}")
    return array.astype(np.float64)
