"""Integrals of one-peaked densities, a hundred at a time; for this folder."""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

NODES = 160
REACH = 9.0  # standard deviations: exp(-REACH^2 / 2) is below rounding


@lru_cache(maxsize=2)
def legendre(count: int = NODES) -> tuple[Array, Array]:
    """Return nodes and weights of Gauss and Legendre on [0, 1]."""
    x, w = np.polynomial.legendre.leggauss(count)
    return np.asarray((x + 1) / 2), np.asarray(w / 2)


def log_integral(
    log_f: Callable[[Array], Array], low: npt.ArrayLike, high: npt.ArrayLike
) -> Array:
    """Return the logarithm of the integral of ``exp(log_f)`` over each interval.

    `log_f` takes the nodes, intervals along the rows, and must be analytic inside. Near
    rounding when it falls off like a normal density whose standard deviation is at
    least a hundredth of the interval.
    """
    x, w = legendre()
    a = np.asarray(low, dtype=np.float64)[..., None]
    width = np.asarray(high, dtype=np.float64)[..., None] - a
    values = log_f(a + width * x)
    top = np.max(values, axis=-1, keepdims=True)
    total = np.sum(w * np.exp(values - top), axis=-1)
    return np.asarray(np.log(width[..., 0] * total) + top[..., 0])


def bisect(
    increasing: Callable[[Array], Array], low: Array, high: Array, steps: int = 60
) -> Array:
    """Return where a function changes its sign, elementwise, by halving."""
    for _ in range(steps):
        middle = 0.5 * (low + high)
        below = increasing(middle) < 0
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return 0.5 * (low + high)
