r"""How closely sums of some of n random weights come to a target.

The weights are independent and uniform on [-1, 1]. There are 2^n sums, so that the best
error falls like 2^-n, while that of the best single weight falls like 1/n.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from sparsetheory.theory.binomials import (
    check_finite,
    check_values,
    check_whole,
    log_binomial,
)
from sparsetheory.theory.curves import Array, density
from sparsetheory.theory.quadrature import REACH, bisect, legendre

LARGEST = 100  # weights


def subset_sum_expectation(
    n: npt.ArrayLike, target: npt.ArrayLike, eps: npt.ArrayLike
) -> Array:
    r"""Mean number of subsets whose sum is within eps of a target.

    .. math:: E N = \sum_{j=0}^n \binom nj P(|U_1 + \dots + U_j - z| \le \epsilon)

    Exact to some 12 digits. An upper bound on the probability that there is such a
    subset, by Markov's inequality.

    Parameters
    ----------
    n : array_like of int
        Weights, in 1..100.
    target : array_like
        The number z to be approximated.
    eps : array_like
        Error allowed, not negative. All three broadcast.

    Returns
    -------
    ndarray, of the broadcast shape
        The empty subset, of sum 0, counts.

    Raises
    ------
    ValueError
        If a number is out of range.

    References
    ----------
    .. [1] G. Lueker, "Exponentially small bounds on the expected optimum of the
       partition and subset sum problems", Random Struct. Algorithms 12(1), 1998.

    Examples
    --------
    >>> from sparsetheory import subset_sum_expectation
    >>> subset_sum_expectation([4, 8, 16], 0.5, 0.01).round(3)
    array([1.19000e-01, 1.60600e+00, 3.06879e+02])
    """
    return _each(_expectation, n, target, check_values("eps", eps))


def subset_sum_density(n: npt.ArrayLike, target: npt.ArrayLike) -> Array:
    r"""Mean number of subset sums at a target, per unit of length.

    .. math:: D_n(z) = \sum_{j=1}^n \binom nj f_j(z)
        \sim 2^n \sqrt{\frac{3}{\pi n}}\, e^{-3z^2/n},

    f_j being the density of a sum of j weights. The left side, exact to some 12 digits.

    Parameters
    ----------
    n : array_like of int
        Weights, in 1..100.
    target : array_like
        They broadcast.

    Returns
    -------
    ndarray, of the broadcast shape

    Raises
    ------
    ValueError
        If n is out of range or a target is not finite.

    Examples
    --------
    >>> from sparsetheory import subset_sum_density
    >>> subset_sum_density([1, 10, 20], 0.5).round(1)
    array([5.000000e-01, 2.945000e+02, 2.214931e+05])
    """
    return _each(_density, n, target)


def subset_sum_probability(
    n: npt.ArrayLike, target: npt.ArrayLike, eps: npt.ArrayLike
) -> Array:
    r"""Probability that the sum of some subset is within eps of a target.

    .. math:: P \approx 1 - E \exp\bigl(-2\epsilon D_n(z) R\bigr), \qquad
        R = \sqrt2 \exp\Bigl(\frac{h^2}{4} - \frac{(h - G)^2}{2}\Bigr), \quad
        h = z \sqrt{12/n},

    G standard normal; and 1 where the empty subset will do, ``|z| <= eps``. An
    approximation for small errors and n from about 6 on: near z the sums are taken for
    a Poisson process, whose rate is random as half the sum of all weights, around which
    subset sums lie, is. `subset_sum_expectation` is an upper bound.

    Parameters
    ----------
    n : array_like of int
        Weights, in 1..100.
    target : array_like
        The number z to be approximated.
    eps : array_like
        Error allowed, not negative. All three broadcast.

    Returns
    -------
    ndarray, of the broadcast shape

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> from sparsetheory import subset_sum_probability
    >>> subset_sum_probability([4, 8, 12], 0.5, 0.01).round(3)
    array([0.11 , 0.725, 0.983])
    """
    e, n = check_values("eps", eps), np.asarray(n)
    p = _covered(2 * e * subset_sum_density(n, target), _shift(n, target))
    return np.where(np.abs(target) <= e, 1.0, p)


def subset_sum_median_error(n: npt.ArrayLike, target: npt.ArrayLike) -> Array:
    r"""Median error of the best subset: where `subset_sum_probability` is 1/2.

    An approximation, within 5 % of simulated medians for n = 6 to 16 and targets up to
    1/2; about :math:`0.74 / 2 D_n(z)`, and so like 2^-n. Larger targets need larger n.
    At most ``|z|``, the error of the empty subset.

    Parameters
    ----------
    n : array_like of int
        Weights, in 1..100.
    target : array_like
        They broadcast.

    Returns
    -------
    ndarray, of the broadcast shape

    Raises
    ------
    ValueError
        If n is out of range or a target is not finite.

    See Also
    --------
    single_weight_median_error

    Examples
    --------
    >>> from sparsetheory import subset_sum_median_error
    >>> subset_sum_median_error([8, 12, 16], 0.5)
    array([4.75236340e-03, 3.46069112e-04, 2.44575623e-05])
    """
    D = subset_sum_density(n, target)
    h = _shift(n, target) + 0 * D
    high = 0 * h + 1.0
    while np.any(_covered(high, h) < 0.5):
        high = 2 * high
    expected = bisect(lambda x: _covered(x, h) - 0.5, 0 * high, high)
    with np.errstate(divide="ignore"):
        return np.asarray(np.minimum(0.5 * expected / D, np.abs(target)))


def single_weight_median_error(n: npt.ArrayLike, target: npt.ArrayLike) -> Array:
    r"""Median error of the best single one of n weights, :math:`1 - 2^{-1/n}`.

    Exact. The formula holds while that is at most ``1 - |z|``; beyond, one side of the
    target has no weights, and it is :math:`|z| - 1 + 2(1 - 2^{-1/n})`.

    Parameters
    ----------
    n : array_like of int
        Weights, at least 1.
    target : array_like
        They broadcast.

    Returns
    -------
    ndarray, of the broadcast shape

    Raises
    ------
    ValueError
        If n is not whole and at least 1, or a target is not finite.

    Examples
    --------
    >>> from sparsetheory import single_weight_median_error
    >>> single_weight_median_error([4, 16, 64], 0.5).round(4)
    array([0.1591, 0.0424, 0.0108])
    """
    n, z = check_whole("n", n), np.abs(check_finite("target", target))
    half = -np.expm1(-np.log(2.0) / n)
    return np.asarray(np.maximum(half, z - 1 + 2 * half))


def subset_sum_size(
    eps: npt.ArrayLike, target: npt.ArrayLike, chance: float = 0.5
) -> Array:
    r"""Fewest weights with which a subset can be within eps of a target.

    The least n at which `subset_sum_expectation` reaches the chance: a lower bound on
    the number that is needed, for which see `subset_sum_typical_size`, of the form
    :math:`\log_2(1/\epsilon) + O(\log\log)`. That C log(1/eps) are enough, for all
    targets in [-1/2, 1/2] at once, is Lueker's theorem; C is not explicit there.

    Parameters
    ----------
    eps : array_like
        Error allowed, positive.
    target : array_like
        They broadcast.
    chance : float
        Probability asked for, in (0, 1).

    Returns
    -------
    ndarray, of the broadcast shape
        Whole numbers, 0 where the empty subset will do.

    Raises
    ------
    ValueError
        If a number is out of range, or more than 100 weights are needed.

    References
    ----------
    .. [1] G. Lueker, "Exponentially small bounds on the expected optimum of the
       partition and subset sum problems", Random Struct. Algorithms 12(1), 1998.
    .. [2] A. Pensia, S. Rajput, A. Nagle, H. Vishwakarma, D. Papailiopoulos, "Optimal
       lottery tickets via subset sum: logarithmic over-parameterization is
       sufficient", NeurIPS 2020.
    .. [3] L. Orseau, M. Hutter, O. Rivasplata, "Logarithmic pruning is all you need",
       NeurIPS 2020.

    Examples
    --------
    >>> from sparsetheory import subset_sum_size
    >>> subset_sum_size([1e-1, 1e-3, 1e-6], 0.5)
    array([ 3., 10., 21.])
    """
    return _least(_expectation, eps, target, chance)


def subset_sum_typical_size(
    eps: npt.ArrayLike, target: npt.ArrayLike, chance: float = 0.5
) -> Array:
    r"""Weights with which some subset is within eps of a target with a given chance.

    The least n at which `subset_sum_probability` reaches the chance: an approximation,
    as that is, a weight or so off. Never less than `subset_sum_size`.

    Parameters
    ----------
    eps : array_like
        Error allowed, positive.
    target : array_like
        They broadcast.
    chance : float
        Probability asked for, in (0, 1).

    Returns
    -------
    ndarray, of the broadcast shape
        Whole numbers, 0 where the empty subset will do.

    Raises
    ------
    ValueError
        If a number is out of range, or more than 100 weights are needed.

    Examples
    --------
    >>> from sparsetheory import subset_sum_typical_size
    >>> subset_sum_typical_size([1e-1, 1e-3, 1e-6], 0.5, chance=0.9)
    array([ 7., 13., 24.])
    """

    def reached(n: int, z: float, e: float) -> float:
        bound = _expectation(n, z, e)
        return (
            min(bound, float(subset_sum_probability(n, z, e)))
            if bound >= chance
            else 0.0
        )

    return _least(reached, eps, target, chance)


def _least(
    reached: Callable[[int, float, float], float],
    eps: npt.ArrayLike,
    target: npt.ArrayLike,
    chance: float,
) -> Array:
    """Return the fewest weights with which a function of them reaches the chance."""
    if not 0 < chance < 1:
        raise ValueError(f"chance must lie in (0, 1), got {chance}")

    def least(e: float, z: float) -> float:
        if abs(z) <= e:
            return 0.0
        for n in range(1, LARGEST + 1):
            if reached(n, z, e) >= chance:
                return float(n)
        raise ValueError(f"target {z} within {e} must be in reach of {LARGEST} weights")

    e, z = np.broadcast_arrays(
        check_values("eps", eps, positive=True), check_finite("target", target)
    )
    return np.asarray(np.vectorize(least, otypes=[float])(e, z))


def _shift(n: npt.ArrayLike, target: npt.ArrayLike) -> Array:
    return np.asarray(np.asarray(target) * np.sqrt(12.0 / np.asarray(n)))


def _covered(expected: Array, h: Array) -> Array:
    """Return the chance of a point of a Poisson process with a random rate."""
    x, w = legendre()
    g = 2 * REACH * (x - 0.5)
    weights = 2 * REACH * w * density(g)
    h = np.asarray(h)[..., None]
    rate = np.sqrt(2.0) * np.exp(0.25 * h * h - 0.5 * (h - g) ** 2)
    return np.asarray(-np.expm1(-np.asarray(expected)[..., None] * rate) @ weights)


def _each(
    function: Callable[..., float],
    n: npt.ArrayLike,
    target: npt.ArrayLike,
    *more: Array,
) -> Array:
    sizes = check_whole("n", n)
    if np.any(sizes > LARGEST):
        raise ValueError(f"n must be at most {LARGEST}, got {int(sizes.max())}")
    z = check_finite("target", target)
    return np.asarray(
        np.vectorize(function, otypes=[float])(sizes.astype(int), z, *more)
    )


def _density(n: int, z: float) -> float:
    return float(_densities(n, np.array([z]))[0])


def _densities(n: int, x: Array) -> Array:
    """Return the density of subset sums; a sum's own is a cardinal B-spline."""
    from scipy.interpolate import BSpline

    total = np.zeros_like(x)
    for j in range(1, n + 1):
        inside = np.abs(x) < j
        spline = BSpline.basis_element(2.0 * np.arange(j + 1) - j)
        total[inside] += 0.5 * np.exp(log_binomial(n, j)) * spline(x[inside])
    return total


def _expectation(n: int, z: float, eps: float) -> float:
    low, high = max(z - eps, -float(n)), min(z + eps, float(n))
    empty = float(abs(z) <= eps)
    if low >= high:
        return empty
    # Between whole numbers the densities are polynomials.
    ends = np.r_[low, np.arange(np.floor(low) + 1, np.ceil(high)), high]
    x, w = np.polynomial.legendre.leggauss(n // 2 + 1)
    half = 0.5 * np.diff(ends)
    nodes = ends[:-1, None] + half[:, None] * (x + 1)
    values = _densities(n, nodes.ravel()).reshape(nodes.shape)
    return empty + float(half @ (values @ w))
