r"""Finding a target neuron among random ones, without subset sums."""

import numpy as np
import numpy.typing as npt
from scipy.special import betainc

from sparsetheory.theory.binomials import check_sizes, check_values
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
    d, _ = check_sizes(d, 0)
    eps, radius = (
        check_values(name, value, positive=True)
        for name, value in (("eps", eps), ("radius", radius))
    )
    r = check_values("norm", norm)
    d, e, r = np.broadcast_arrays(d, eps / radius, r / radius)
    apart = np.where(r > 0, r, 1.0)
    plane = (1 + (r - e) * (r + e)) / (2 * apart)
    lens = _cap(d, plane) + e**d * _cap(d, (r - plane) / e)
    inside = np.minimum(e, 1.0) ** d  # one ball lies in the other
    return np.where(r <= np.abs(1 - e), inside, np.where(r >= 1 + e, 0.0, lens))


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
    n, _ = check_sizes(n, 0)
    chances = [_chance("p", p), _chance("failure", failure)]
    return np.asarray(np.log(n / chances[1]) / -np.log1p(-chances[0]))


def _cap(d: Array, height: Array) -> Array:
    """Return the share of the unit ball beyond a plane at a signed distance."""
    h = np.clip(height, -1.0, 1.0)
    cap = 0.5 * betainc(0.5 * (d + 1), 0.5, (1 - h) * (1 + h))
    return np.asarray(np.where(h >= 0, cap, 1 - cap))


def _chance(name: str, value: npt.ArrayLike) -> Array:
    array = check_values(name, value, positive=True)
    if np.any(array >= 1):
        raise ValueError(f"{name} must lie in (0, 1), got {float(array.max())}")
    return array
