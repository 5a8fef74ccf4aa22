r"""The lottery: how often random weights are large just where they should be.

A ticket wins here if the k weights on a given support are kept and the other n - k are
not. All that is random is one draw of n weights, which knows nothing of the support
unless it carries a signal there. What training makes of them is another matter.
"""

import numpy as np
import numpy.typing as npt
from scipy.special import erfinv, log_ndtr, ndtri

from sparsetheory.theory.binomials import (
    HALF_LOG_TWO_PI,
    LOG_TWO,
    Tail,
    check_sizes,
    check_tail,
    check_values,
    complement,
    deviations,
    log_all_dropped,
    log_binomial,
    log_kept,
    log_likelihood,
    times,
)
from sparsetheory.theory.curves import Array
from sparsetheory.theory.quadrature import bisect, log_integral

LARGEST = 1e300
FURTHEST = 1e100  # standard deviations, whose squares are floats
CERTAIN = 1e3  # standard deviations of signal with which no ticket loses
DROP = 50.0  # in the logarithm of an integrand, from where on it is left out


def log_ticket_probability(
    n: npt.ArrayLike,
    k: npt.ArrayLike,
    t: npt.ArrayLike,
    sigma: npt.ArrayLike = 1.0,
    *,
    amplitude: npt.ArrayLike = 0.0,
    signed: bool = False,
    log_tail: Tail | None = None,
) -> Array:
    r"""Log-probability that the weights of size at least t are those on the support.

    For independent weights ``w = a s + sigma z`` with z standard normal, s being ±1 on
    the k places of the support and 0 on the other n - k, exactly

    .. math:: \log p = k \log q_a + (n-k) \log(1 - q_0), \qquad
        q_a = Q\Bigl(\frac{t-a}{\sigma}\Bigr) + Q\Bigl(\frac{t+a}{\sigma}\Bigr).

    With amplitude 0 that is a lottery, p = q^k (1-q)^(n-k) with q = 2Q(t/σ).

    Parameters
    ----------
    n, k : array_like
        Weights, and places of the support.
    t : array_like
        Threshold, not negative.
    sigma : array_like
        Standard deviation, positive. All of these broadcast.
    amplitude : array_like
        Signal a on the support, not negative.
    signed : bool
        Ask also for the signs s on the support; without signal a factor 2^-k.
    log_tail : callable, optional
        ``u -> log P(z > u)`` of another symmetric continuous law, such as
        ``scipy.stats.laplace.logsf``.

    Returns
    -------
    ndarray, of the broadcast shape
        Natural logarithms, -inf where p is 0; to a relative 1e-12 if they are not
        below 1e-290 in size. With `log_tail` the
        logarithms of q_a and 1 - q_0 inherit its rounding, some 1e-16 over q_a and
        1 - q_0: for Laplace weights at t = 1e-12 that is 1e-6 of log p.

    Raises
    ------
    ValueError
        If not ``0 <= k <= n`` and ``1 <= n``, all whole, or a number is negative or not
        finite, or `log_tail` is not log(1/2) at 0.

    See Also
    --------
    optimal_threshold, log_top_k_ticket_probability, log_ticket_seeds

    Examples
    --------
    >>> import numpy as np
    >>> from sparsetheory import log_ticket_probability
    >>> np.exp(log_ticket_probability(10, 3, [0.5, 1.0, 1.5])).round(5)
    array([0.00028, 0.00221, 0.00087])
    >>> float(log_ticket_probability(10**8, 10**6, 40.0).round(2))
    -803915294.83
    >>> float(log_ticket_probability(100, 10, 4.0, amplitude=8.0).round(4))
    -0.006
    """
    n, k = check_sizes(n, k)
    check_tail(log_tail)
    scale = check_values("sigma", sigma, positive=True)
    u = deviations(check_values("t", t), scale)
    a = deviations(check_values("amplitude", amplitude), scale)
    on, off = log_kept(u, a, log_tail)
    gone = log_all_dropped(n - k, u, off, log_tail)
    return np.asarray(times(k, on[bool(signed)]) + gone)


def optimal_threshold(
    n: npt.ArrayLike,
    k: npt.ArrayLike,
    sigma: npt.ArrayLike = 1.0,
    *,
    amplitude: npt.ArrayLike = 0.0,
    signed: bool = False,
    log_tail: Tail | None = None,
) -> Array:
    r"""Threshold at which `log_ticket_probability` is largest.

    Without signal the threshold at which the expected number of weights kept is k, for
    normal ones :math:`t^* = \sigma\,\Phi^{-1}(1 - k/2n)`; the value there is
    `log_ticket_maximum`. With a signal, for normal weights, the root of an equation
    whose sides are monotone, to rounding.

    Parameters
    ----------
    n, k : array_like
    sigma : array_like
        Standard deviation, positive.
    amplitude : array_like
        Signal on the support, not negative.
    signed : bool
        Whether signs are asked for, which changes the threshold if there is a signal.
    log_tail : callable, optional
        Another symmetric law, as for `log_ticket_probability`, without signal: with one
        there may be several maxima.

    Returns
    -------
    ndarray, of the broadcast shape
        0 for k = n, and inf for k = 0.

    Raises
    ------
    ValueError
        If not ``0 <= k <= n`` and ``1 <= n``, all whole, or a number is out of range;
        if `log_tail` comes with a signal, or is not log(1/2) at 0.

    Examples
    --------
    >>> from sparsetheory import optimal_threshold
    >>> optimal_threshold(1000, [1, 10, 100], 0.5).round(3)
    array([1.645, 1.288, 0.822])
    """
    n, k = check_sizes(n, k)
    scale = check_values("sigma", sigma, positive=True)
    a = deviations(check_values("amplitude", amplitude), scale)
    n, k, scale, a = np.broadcast_arrays(n, k, scale, a)
    if log_tail is not None:
        check_tail(log_tail)
        if a.any():
            raise ValueError(f"log_tail must come without signal, got {a.max()} sigma")
        return np.asarray(scale * _quantile(k / n, log_tail))
    # Each form is accurate where the other is not.
    u = np.where(
        2 * k > n, np.sqrt(2.0) * erfinv((n - k) / n), -ndtri(np.minimum(k / n, 1) / 2)
    )

    def slope(u: Array) -> Array:
        lost, gained = _log_hazards(u, a, bool(signed))
        return np.asarray(log_odds + lost - gained)

    with np.errstate(divide="ignore"):
        log_odds = np.log(k) - np.log(n - k)
    high = np.maximum(a, np.sqrt(2 * np.log(n))) + 2
    inner = (a > 0) & (k > 0) & (k < n)
    if inner.any():
        if a.max() > FURTHEST:
            raise ValueError(
                f"amplitude must be at most {FURTHEST:g} sigma, got {a.max()}"
            )
        u = np.where(inner, bisect(slope, 0 * a, high), u)
    return np.asarray(scale * u)


def log_ticket_maximum(n: npt.ArrayLike, k: npt.ArrayLike) -> Array:
    r"""Log-probability at the best threshold, without signal.

    .. math:: \log p^* = -n H(k/n), \qquad H(x) = -x\log x - (1-x)\log(1-x),

    exact, whatever the law of the weights: symmetric or not, they need only be
    independent, of one continuous law.

    Parameters
    ----------
    n, k : array_like
        Whole, ``0 <= k <= n``; they broadcast.

    Returns
    -------
    ndarray, of the broadcast shape

    Raises
    ------
    ValueError
        If not ``0 <= k <= n`` and ``1 <= n``, all whole.

    Examples
    --------
    >>> from sparsetheory import log_ticket_maximum
    >>> log_ticket_maximum([2, 1000], [1, 100]).round(4)
    array([  -1.3863, -325.083 ])
    """
    return log_likelihood(*check_sizes(n, k))


def log_top_k_ticket_probability(
    n: npt.ArrayLike,
    k: npt.ArrayLike,
    sigma: npt.ArrayLike = 1.0,
    *,
    amplitude: npt.ArrayLike = 0.0,
    signed: bool = False,
) -> Array:
    r"""Log-probability that the k largest weights are those on the support.

    Without signal exactly 1 over the number of supports, whatever the continuous law of
    the weights; larger than at the best threshold by about
    :math:`\sqrt{2\pi k(1-k/n)}`. With one, for normal weights,

    .. math:: p = \int_0^\infty q_a(v)^k \,\frac{d}{dv}\bigl(1-q_0(v)\bigr)^{n-k}\,dv

    with the q of `log_ticket_probability`, computed to 10 digits.

    Parameters
    ----------
    n, k : array_like
    sigma : array_like
        Standard deviation, positive.
    amplitude : array_like
        Signal on the support, not negative. All of these broadcast.
    signed : bool
        Ask also for the signs on the support; without signal a factor 2^-k.

    Returns
    -------
    ndarray, of the broadcast shape
        Natural logarithms.

    Raises
    ------
    ValueError
        If not ``0 <= k <= n`` and ``1 <= n``, all whole, or a number is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from sparsetheory import log_top_k_ticket_probability
    >>> np.exp(log_top_k_ticket_probability(10, 3, amplitude=[0, 2, 4, 6])).round(4)
    array([0.0083, 0.2752, 0.9344, 0.9996])
    """
    n, k = check_sizes(n, k)
    scale = check_values("sigma", sigma, positive=True)
    a = np.minimum(deviations(check_values("amplitude", amplitude), scale), CERTAIN)
    n, k, a = np.broadcast_arrays(n, k, a)
    signed = bool(signed)
    out = -log_binomial(n, k) - signed * k * LOG_TWO
    out = np.where(k == n, k * log_ndtr(a) if signed else 0.0, out)
    inner = (a > 0) & (k > 0) & (k < n)
    if inner.any():
        out[inner] = _log_top_k(n[inner], k[inner], a[inner], signed)
    return out


def log_ticket_seeds(log_p: npt.ArrayLike, chance: npt.ArrayLike = 0.5) -> Array:
    r"""Logarithm of the number of independent draws for one ticket to win.

    The N, not rounded to a whole number, with :math:`1 - (1-p)^N` as given.

    Parameters
    ----------
    log_p : array_like
        Log-probability that one draw wins, below 0.
    chance : array_like
        In (0, 1); they broadcast.

    Returns
    -------
    ndarray, of the broadcast shape

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from sparsetheory import log_ticket_maximum, log_ticket_seeds
    >>> log_p = log_ticket_maximum([20, 1000], [5, 100])
    >>> (log_ticket_seeds(log_p) / np.log(10)).round(2)
    array([  4.73, 141.02])
    """
    given, wanted = (np.asarray(a, dtype=np.float64) for a in (log_p, chance))
    if not np.all(given < 0):
        raise ValueError(f"log_p must be below 0, got {given[~(given < 0)].ravel()[0]}")
    outside = wanted[~((wanted > 0) & (wanted < 1))]
    if outside.size:
        raise ValueError(f"chance must lie in (0, 1), got {outside.ravel()[0]}")
    _, log_lost = complement(given)
    # -log(1-p) = p + p^2/2 + ...: its logarithm where p is lost beside 1, or underflows
    rate = np.where(given > -30, np.log(np.maximum(-log_lost, 1e-300)), given)
    return np.asarray(np.log(-np.log1p(-wanted)) - rate)


def _quantile(q: Array, log_tail: Tail) -> Array:
    """Return the size that a weight of another law has with probability q."""
    log_half = np.log(np.where(q > 0, q, 1.0)) - LOG_TWO

    def missing(u: Array) -> Array:
        return np.asarray(log_half - np.asarray(log_tail(u)))

    high = np.ones_like(q)
    while np.any(short := (missing(high) < 0) & (high < LARGEST)):
        high = np.where(short, 2 * high, high)
    root = bisect(missing, 0 * q, high)
    return np.where(q > 0, np.where(q < 1, root, 0.0), np.inf)


def _log_hazards(u: Array, a: Array, signed: bool) -> tuple[Array, Array]:
    """Return the logarithms of minus the slope of log q_a and of that of log(1-q_0)."""
    on, off = log_kept(u, a, None)
    log_density = -0.5 * (u - a) ** 2
    if not signed:
        log_density = np.logaddexp(log_density, -0.5 * (u + a) ** 2)
    gained = LOG_TWO - 0.5 * u * u - HALF_LOG_TWO_PI - off
    return log_density - HALF_LOG_TWO_PI - on[signed], gained


def _log_top_k(n: Array, k: Array, a: Array, signed: bool) -> Array:
    """Return the integral over the largest weight off the support, log-concave."""

    def log_f(v: Array) -> Array:
        columns = (-1,) + (1,) * (v.ndim - 1)
        rest, count = (n - k).reshape(columns), k.reshape(columns)
        on, off = log_kept(v, a.reshape(columns), None)
        density = LOG_TWO - HALF_LOG_TWO_PI - 0.5 * v * v
        return np.asarray(
            np.log(rest) + density + times(rest - 1, off) + count * on[signed]
        )

    def falling(v: Array) -> Array:
        lost, gained = np.exp(_log_hazards(v, a, signed))
        return np.asarray(v + k * lost - times(n - k - 1, gained))

    peak = bisect(falling, 0 * n, np.sqrt(2 * np.log(n)) + 2)
    floor = log_f(peak) - DROP
    # log_f falls from its peak at least as fast as -v^2/2
    low = bisect(lambda v: log_f(v) - floor, 0 * n, peak)
    high = bisect(lambda v: floor - log_f(v), peak, peak + np.sqrt(2 * DROP))
    left, right = log_integral(log_f, low, peak), log_integral(log_f, peak, high)
    return np.minimum(np.logaddexp(left, right), 0.0)
