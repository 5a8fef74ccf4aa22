r"""Norms of the largest entries of a normal vector.

What a class of sparse linear functions can correlate with noise.
"""

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.special import betainccinv, betaincinv, erfcx, log_ndtr, ndtri

from sparsetheory.theory.binomials import check_sizes, log_binomial, times
from sparsetheory.theory.curves import Array, unit_interval
from sparsetheory.theory.quadrature import log_integral

RARE = 1e-20  # probability of thresholds that are left out, on each side
STEP, NODES = 0.1, 260  # of the trapezoidal rule; exp(-2 * 26) is below rounding

Mean: TypeAlias = Callable[[float, Array], Array]
"""``(k, t) -> E[f(z)]`` over k normal entries that exceed t in magnitude."""


def expected_top_norm(n: npt.ArrayLike, k: npt.ArrayLike) -> Array:
    r"""Mean norm of the k largest of n normal entries.

    .. math:: E \Bigl( \sum_{j \le k} |g|_{(j)}^2 \Bigr)^{1/2}
        = E \max_{|S| = k} \|g_S\|_2, \qquad g \sim N(0, I_n).

    Exact, and computed to 11 digits, or to some 1e-15 k if k is beyond 10 000. Given
    the next largest magnitude t, the k are independent normal entries beyond t, and
    with their sum of squares s

    .. math:: E \sqrt{s} = \frac{2}{\sqrt\pi} \int_0^\infty E[s e^{-v^2 s}] \, dv.

    The mean of the largest magnitude at k = 1, and of a chi variable at k = n.

    Parameters
    ----------
    n, k : array_like of int
        Entries, and how many are kept; they broadcast.

    Returns
    -------
    ndarray, of the broadcast shape

    Raises
    ------
    TypeError, ValueError
        If not ``0 <= k <= n`` and ``1 <= n``, all whole.

    See Also
    --------
    top_norm_limit, top_norm_bound

    Examples
    --------
    >>> from sparsetheory import expected_top_norm
    >>> expected_top_norm(10, [1, 2, 3, 5, 10]).round(4)
    array([1.8807, 2.3726, 2.6471, 2.9294, 3.0843])
    """
    return _over_thresholds(n, k, _mean_norm)


def expected_top_energy(n: npt.ArrayLike, k: npt.ArrayLike) -> Array:
    r"""Mean sum of squares of the k largest of n normal entries.

    .. math:: E \sum_{j \le k} |g|_{(j)}^2, \qquad g \sim N(0, I_n).

    Exact, and computed as `expected_top_norm` is, on which its root is an upper bound.

    Parameters
    ----------
    n, k : array_like of int
        Entries, and how many are kept; they broadcast.

    Returns
    -------
    ndarray, of the broadcast shape

    Raises
    ------
    TypeError, ValueError
        If not ``0 <= k <= n`` and ``1 <= n``, all whole.

    Examples
    --------
    >>> from sparsetheory import expected_top_energy
    >>> expected_top_energy(10, [1, 2, 3, 5, 10]).round(4)
    array([ 3.7996,  5.9711,  7.3976,  9.0288, 10.    ])
    """
    return _over_thresholds(n, k, lambda k, t: k * _energy_beyond(t))


def top_norm_limit(rho: npt.ArrayLike) -> Array:
    r"""Limit of the mean norm of the k largest of n normal entries, over root k.

    .. math:: \frac{E \|g\|_{(k)}}{\sqrt k} \to \sqrt{E[z^2 : |z| > q]}
        = \sqrt{1 + q \, \varphi(q) / \Phi(-q)}, \qquad P(|z| > q) = \rho = k/n.

    It grows without bound as the share falls, like :math:`\sqrt{2 \log(n/k)}`: the
    price of choosing the support, which is 1 for a fixed one.

    Parameters
    ----------
    rho : array_like
        Shares k/n, each in (0, 1].

    Returns
    -------
    ndarray, shape of `rho`

    Raises
    ------
    ValueError
        If a share lies outside (0, 1].

    Examples
    --------
    >>> from sparsetheory import top_norm_limit
    >>> top_norm_limit([1, 0.1, 0.05, 0.01]).round(4)
    array([1.    , 2.0959, 2.3626, 2.9067])
    """
    share = unit_interval("rho", rho)
    if (share == 0).any():
        raise ValueError("rho must lie in (0, 1], got 0.0")
    return np.sqrt(_energy_beyond(-ndtri(0.5 * share)))


def top_norm_bound(n: npt.ArrayLike, k: npt.ArrayLike) -> Array:
    r"""Upper bound on the mean norm of the k largest of n normal entries.

    .. math:: E \|g\|_{(k)} \le \sqrt k + \sqrt{2 \log \tbinom nk}

    By a union over supports, each of whose norms is 1-Lipschitz. Equal to root n at
    k = n, where there is nothing to choose.

    Parameters
    ----------
    n, k : array_like of int
        Entries, and how many are kept; they broadcast.

    Returns
    -------
    ndarray, of the broadcast shape

    Raises
    ------
    TypeError, ValueError
        If not ``0 <= k <= n`` and ``1 <= n``, all whole.

    References
    ----------
    .. [1] S. Boucheron, G. Lugosi, P. Massart, "Concentration inequalities", Oxford
       University Press, 2013, theorems 2.5 and 5.6.

    Examples
    --------
    >>> from sparsetheory import top_norm_bound
    >>> top_norm_bound(10, [1, 2, 3, 5, 10]).round(4)
    array([3.146 , 4.1734, 4.8264, 5.5616, 3.1623])
    """
    n, k = check_sizes(n, k)
    return np.asarray(np.sqrt(k) + np.sqrt(2 * log_binomial(n, k)))


def support_entropy(n: npt.ArrayLike, k: npt.ArrayLike) -> Array:
    r"""Upper bound on the logarithm of the number of supports.

    .. math:: k \log\frac nk \le \log \binom nk \le k \log\frac{en}{k}

    The right side. The left one is a lower bound, and is 0 at k = n; where it stands
    for the price of a support, dense classes come out free.

    Parameters
    ----------
    n, k : array_like of int
        They broadcast.

    Returns
    -------
    ndarray, of the broadcast shape
        In nats; it rises with k, from 0 at k = 0 to n at k = n.

    Raises
    ------
    TypeError, ValueError
        If not ``0 <= k <= n`` and ``1 <= n``, all whole.

    Examples
    --------
    >>> from sparsetheory import support_entropy
    >>> support_entropy(1000, [0, 100, 368, 1000]).round(1)
    array([   0. ,  330.3,  735.9, 1000. ])
    """
    n, k = check_sizes(n, k)
    return times(k, 1 + np.log(n / np.maximum(k, 1)))


def _energy_beyond(t: Array) -> Array:
    """Return E[z^2 : abs(z) > t] of a normal z."""
    return np.asarray(1 + t * _hazard(t))


def _hazard(t: Array) -> Array:
    return np.asarray(np.sqrt(2 / np.pi) / erfcx(t / np.sqrt(2)))


def _mean_norm(k: float, t: Array) -> Array:
    """Return the mean norm of k normal entries that exceed t in magnitude.

    The integrand is even and analytic in w, with v a multiple of sinh(w).
    """
    t = np.asarray(t)[..., None]
    scale = 1 / np.sqrt(k * _energy_beyond(t))
    w = STEP * np.arange(NODES)
    v = scale * np.sinh(w)
    r = np.sqrt(1 + 2 * v * v)
    tail = np.log(erfcx(t * r / np.sqrt(2)) / erfcx(t / np.sqrt(2)))
    transform = np.exp(k * (tail - np.log(r) - (t * v) ** 2))
    f = k * transform * (1 / r**2 + t * _hazard(t * r) / r) * scale * np.cosh(w)
    return np.asarray(2 / np.sqrt(np.pi) * STEP * (f.sum(axis=-1) - 0.5 * f[..., 0]))


def _over_thresholds(n: npt.ArrayLike, k: npt.ArrayLike, mean: Mean) -> Array:
    """Return the mean over the k largest, by that over the next largest entry."""
    sizes, places = check_sizes(n, k)
    values = [
        _over_threshold(float(a), float(b), partial(mean, float(b)))
        for a, b in zip(sizes.ravel(), places.ravel(), strict=True)
    ]
    return np.array(values).reshape(sizes.shape)


def _over_threshold(n: float, k: float, mean: Callable[[Array], Array]) -> float:
    if k in (0.0, n):
        return float(mean(np.zeros(1))[0]) if k else 0.0

    def log_density(t: Array) -> Array:  # but for its constant, which would cancel
        beyond = np.log(2) + log_ndtr(-t)
        inside = np.log1p(-np.exp(beyond))
        return np.asarray(k * beyond + times(n - k - 1, inside) - 0.5 * t * t)

    # The share beyond the next largest magnitude follows a beta law.
    shares = betainccinv(k + 1, n - k, RARE), betaincinv(k + 1, n - k, RARE)
    ends = [-float(ndtri(0.5 * share)) for share in shares]
    total = log_integral(lambda t: log_density(t) + np.log(mean(t)), *ends)
    return float(np.exp(total - log_integral(log_density, *ends)))
