r"""Finding a target neuron among random ones, without subset sums."""

import numpy as np
import numpy.typing as npt
from scipy.special import betainc

from sparsetheory.theory.binomials import check_values, check_whole
from sparsetheory.theory.curves import Array


def ball_hit_probability(
    d: npt.ArrayLike, eps: npt.ArrayLike, radius: npt.ArrayLike, norm: npt.ArrayLike
) -> Array:
    r"""Probability that a uniform point of a ball is within eps of a target.

    The volume that two balls share, over that of one: exact, by incomplete beta
    functions. At least :math:`(\epsilon/2B)^d` for a target in the ball of radius B and
    ``eps <= 2B``, with equality at its boundary for d = 1. That bound fails for other
    laws, such as a truncated normal one.

    Parameters
    ----------
    d : array_like of int
        Dimension, at least 1.
    eps, radius : array_like
        Radii of the ball around the target and of the one drawn from, positive.
    norm : array_like
        Distance of the target from the centre, not negative. All broadcast.

    Returns
    -------
    ndarray, of the broadcast shape

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> from sparsetheory import ball_hit_probability
    >>> ball_hit_probability([1, 2, 3], 0.5, 1.0, 1.0).round(5)
    array([0.25   , 0.11165, 0.05078])
    """
    d = check_whole("d", d)
    eps, radius = (
        check_values(name, value, positive=True)
        for name, value in (("eps", eps), ("radius", radius))
    )
    r = check_values("norm", norm)
    with np.errstate(over="ignore"):
        d, e, r = np.broadcast_arrays(d, eps / radius, r / radius)
        nested, apart = (r - e <= -1) | (r + e <= 1), r - e >= 1
    inside = np.minimum(e, 1.0) ** d
    cut = ~nested & ~apart
    r, size = np.where(cut, r, 1.0), np.where(cut, e, 1.0)
    plane = (1 + (r - size) * (r + size)) / (2 * r)
    rim = np.maximum((1 - plane) * (1 + plane), 0.0)  # its radius squared
    other = _cap(d, (r - plane) / size, rim / size / size)
    with np.errstate(divide="ignore"):
        log_other = d * np.log(size) + np.log(other)
    lens = _cap(d, plane, rim) + np.exp(log_other)
    return np.where(nested, inside, np.where(apart, 0.0, lens))


def covering_size(n: npt.ArrayLike, p: npt.ArrayLike, failure: npt.ArrayLike) -> Array:
    r"""Random neurons enough for each of n targets to find one that is close.

    .. math:: m = \frac{\log(n/\eta)}{-\log(1-p)}, \qquad
        P(\text{all matched}) \ge 1 - n (1-p)^m = 1 - \eta,

    a union bound; two targets may share a neuron. For each to have its own, blocks of m
    neurons do, n m in all. With p the `ball_hit_probability`, at worst about
    :math:`(\epsilon/2B)^d`, m grows exponentially with the dimension.

    Parameters
    ----------
    n : array_like of int
        Targets, at least 1.
    p : array_like
        Probability that one neuron is close to one target, in (0, 1).
    failure : array_like
        Probability η of a target without match, in (0, 1). All broadcast.

    Returns
    -------
    ndarray, of the broadcast shape
        Not rounded to whole numbers.

    Raises
    ------
    ValueError
        If a number is out of range.

    References
    ----------
    .. [1] E. Malach, G. Yehudai, S. Shalev-Shwartz, O. Shamir, "Proving the lottery
       ticket hypothesis: pruning is all you need", ICML 2020.

    Examples
    --------
    >>> from sparsetheory import covering_size
    >>> float(covering_size(10, (0.1 / 2) ** 5, 0.05).round())
    16954613.0
    """
    log_ratio = _log_ratio(n, failure)
    return np.asarray(log_ratio / -np.log1p(-_chance("p", p)))


def malach_headline_size(n: npt.ArrayLike, failure: npt.ArrayLike) -> Array:
    r"""Width that is stated for n target neurons: :math:`n^2 \log(n/\eta)`, C = 1.

    Without accuracy or dimension it can't do as a bound: see `covering_size` for what
    is enough.

    Parameters
    ----------
    n : array_like of int
        Targets, at least 1.
    failure : array_like
        Probability η of a target without match, in (0, 1); they broadcast.

    Returns
    -------
    ndarray, of the broadcast shape
        Not rounded to whole numbers.

    Raises
    ------
    ValueError
        If a number is out of range.

    References
    ----------
    .. [1] E. Malach, G. Yehudai, S. Shalev-Shwartz, O. Shamir, "Proving the lottery
       ticket hypothesis: pruning is all you need", ICML 2020.

    Examples
    --------
    >>> from sparsetheory import malach_headline_size
    >>> float(malach_headline_size(10, 0.05).round(1))
    529.8
    """
    return np.asarray(check_whole("n", n) ** 2 * _log_ratio(n, failure))


def malach_sketch_size(
    n: npt.ArrayLike,
    d: npt.ArrayLike,
    eps: npt.ArrayLike,
    radius: npt.ArrayLike,
    failure: npt.ArrayLike,
) -> Array:
    r"""Width by the argument of one block of neurons for each target.

    .. math:: m = n \left(\frac{2B}{\epsilon}\right)^d \log\frac n\eta

    Upper bound: n times the `covering_size` for the least chance of a uniform point of
    the ball, as ``-log(1 - p) >= p``; each target then has neurons of its own.

    Parameters
    ----------
    n, d : array_like of int
        Targets and dimension, at least 1.
    eps, radius : array_like
        Accuracy and radius B of the ball, positive, ``eps <= 2 radius``.
    failure : array_like
        Probability η of a target without match, in (0, 1). All broadcast.

    Returns
    -------
    ndarray, of the broadcast shape
        Not rounded to whole numbers; inf beyond the floats.

    Raises
    ------
    ValueError
        If a number is out of range.

    References
    ----------
    .. [1] E. Malach, G. Yehudai, S. Shalev-Shwartz, O. Shamir, "Proving the lottery
       ticket hypothesis: pruning is all you need", ICML 2020.

    Examples
    --------
    >>> from sparsetheory import malach_sketch_size
    >>> malach_sketch_size(10, [1, 2, 5], 0.1, 1.0, 0.05).round()
    array([1.06000000e+03, 2.11930000e+04, 1.69546156e+08])
    """
    eps = check_values("eps", eps, positive=True)
    ratio = 2 * check_values("radius", radius, positive=True) / eps
    if np.any(ratio < 1):
        raise ValueError(
            f"eps must be at most 2 radius, got radius/eps {ratio.min() / 2}"
        )
    with np.errstate(over="ignore"):
        power = ratio ** check_whole("d", d)
        return np.asarray(check_whole("n", n) * power * _log_ratio(n, failure))


def _log_ratio(n: npt.ArrayLike, failure: npt.ArrayLike) -> Array:
    return np.asarray(np.log(check_whole("n", n) / _chance("failure", failure)))


def _cap(d: Array, height: Array, rim: Array) -> Array:
    """Return the share of the unit ball beyond a plane at a signed distance.

    The squared radius of the disc in it is ``1 - height^2``, given by itself for
    heights near 1.
    """
    h = np.clip(height, -1.0, 1.0)
    cap = 0.5 * betainc(0.5 * (d + 1), 0.5, np.minimum(rim, 1.0))
    slab = np.sign(h) * betainc(0.5, 0.5 * (d + 1), h * h)
    far = np.where(h > 0, cap, 1 - cap)
    return np.asarray(np.where(np.abs(h) < 0.5, 0.5 - 0.5 * slab, far))


def _chance(name: str, value: npt.ArrayLike) -> Array:
    array = check_values(name, value, positive=True)
    if np.any(array >= 1):
        raise ValueError(f"{name} must lie in (0, 1), got {float(array.max())}")
    return array
