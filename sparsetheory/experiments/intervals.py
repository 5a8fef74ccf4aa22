"""Intervals for probabilities, from counts."""

import numpy as np
import numpy.typing as npt
from scipy.special import betaincinv, ndtri

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
    s, n = _counts(successes, trials, level)
    z2 = float(ndtri(0.5 + 0.5 * level)) ** 2
    with np.errstate(invalid="ignore", divide="ignore"):
        centre = (s + 0.5 * z2) / (n + z2)
        spread = np.sqrt(z2 * (s * (n - s) / n + 0.25 * z2)) / (n + z2)
    low = np.where(s == 0, 0.0, centre - spread)
    high = np.where(s == n, 1.0, centre + spread)
    none = n == 0
    return np.where(none, np.nan, low), np.where(none, np.nan, high)


def clopper_pearson_interval(
    successes: npt.ArrayLike, trials: npt.ArrayLike, level: float = 0.95
) -> tuple[Vector, Vector]:
    """Confidence interval of a probability that covers it at least so often.

    By inverting exact binomial tests: never short of its level, and therefore wider
    than `wilson_interval`, above all for few successes.

    Parameters
    ----------
    successes, trials : array_like of int
    level : float
        Guaranteed coverage, in (0, 1).

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
    .. [1] C. Clopper, E. Pearson, "The use of confidence or fiducial limits illustrated
       in the case of the binomial", Biometrika 26(4), 1934.

    Examples
    --------
    >>> from sparsetheory import clopper_pearson_interval
    >>> low, high = clopper_pearson_interval(9, 10)
    >>> round(float(low), 3), round(float(high), 3)
    (0.555, 0.997)
    """
    s, n = _counts(successes, trials, level)
    beside = 0.5 * (1 - level)
    inner = (s > 0) & (n > 0)
    low = np.where(inner, betaincinv(np.maximum(s, 1), n - s + 1, beside), 0.0)
    inner = (s < n) & (n > 0)
    high = np.where(inner, betaincinv(s + 1, np.maximum(n - s, 1), 1 - beside), 1.0)
    none = n == 0
    return np.where(none, np.nan, low), np.where(none, np.nan, high)


def _counts(
    successes: npt.ArrayLike, trials: npt.ArrayLike, level: float
) -> tuple[Vector, Vector]:
    s = np.asarray(successes, dtype=np.float64)
    n = np.asarray(trials, dtype=np.float64)
    if not np.all((s >= 0) & (s <= n)):
        raise ValueError("successes must lie in 0..trials")
    if not 0 < level < 1:
        raise ValueError(f"level must lie in (0, 1), got {level}")
    return s, n
