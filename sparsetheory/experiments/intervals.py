"""Intervals for probabilities, from counts."""

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from sparsetheory.types import Vector


def wilson_interval(
    successes: npt.ArrayLike, trials: npt.ArrayLike, level: float = 0.95
) -> tuple[Vector, Vector]:
    """Confidence interval of a probability, by inverting the score test.

    Parameters
    ----------
    successes, trials : array_like of int
    level : float
        Nominal coverage, in (0, 1).

    Returns
    -------
    low, high : ndarray, of the broadcast shape
        NaN where there are no trials.

    Raises
    ------
    ValueError
        If not ``0 <= successes <= trials`` or `level` is not in (0, 1).

    References
    ----------
    .. [1] E. Wilson, "Probable inference, the law of succession, and statistical
       inference", JASA 22(158), 1927.

    Examples
    --------
    >>> from sparsetheory import wilson_interval
    >>> low, high = wilson_interval(9, 10)
    >>> round(float(low), 3), round(float(high), 3)
    (0.596, 0.982)
    """
    s = np.asarray(successes, dtype=np.float64)
    n = np.asarray(trials, dtype=np.float64)
    if not np.all((s >= 0) & (s <= n)):
        raise ValueError("successes must lie in 0..trials")
    if not 0 < level < 1:
        raise ValueError(f"level must lie in (0, 1), got {level}")
    z2 = float(ndtri(0.5 + 0.5 * level)) ** 2
    with np.errstate(invalid="ignore", divide="ignore"):
        centre = (s + 0.5 * z2) / (n + z2)
        spread = np.sqrt(z2 * (s * (n - s) / n + 0.25 * z2)) / (n + z2)
    low = np.where(s == 0, 0.0, centre - spread)
    high = np.where(s == n, 1.0, centre + spread)
    none = n == 0
    return np.where(none, np.nan, low), np.where(none, np.nan, high)
