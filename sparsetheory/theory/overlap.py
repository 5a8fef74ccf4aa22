r"""How much of a support random weights select, beside all of it."""

import numpy as np
import numpy.typing as npt

from sparsetheory.theory.binomials import (
    check_sizes,
    check_values,
    complement,
    deviations,
    log_binomial,
    log_kept,
    log_upper_tail,
    times,
)
from sparsetheory.theory.curves import Array


def log_top_k_overlap(
    n: int, k: int, s: npt.ArrayLike, kept: int | None = None
) -> Array:
    r"""Log-probability that at least s of the support are among the largest weights.

    The number found is hypergeometric, whatever the continuous law of the weights:

    .. math:: P(\text{found} = s) = \binom{k}{s} \binom{n-k}{r-s} \Big/ \binom{n}{r}.

    Exact but for rounding, of some 1e-16 n in the logarithm.

    Parameters
    ----------
    n, k : int
        Weights, and places of the support.
    s : array_like of int
        Places to be found.
    kept : int, optional
        How many weights r are kept, by default k.

    Returns
    -------
    ndarray, shape of `s`
        Natural logarithms; -inf where s is out of reach.

    Raises
    ------
    ValueError
        If not ``0 <= k <= n`` and ``0 <= kept <= n``, all whole, or s is not whole.

    See Also
    --------
    log_threshold_overlap, sparsetheory.theory.tickets.log_top_k_ticket_probability

    Examples
    --------
    >>> import numpy as np
    >>> from sparsetheory import log_top_k_overlap
    >>> np.exp(log_top_k_overlap(100, 10, [1, 2, 3, 10])).round(4)
    array([0.6695, 0.2615, 0.06  , 0.    ])
    """
    sizes, places = check_sizes(n, k)
    _, keep = check_sizes(n, places if kept is None else kept)
    n_, k_, r = float(sizes), float(places), float(keep)
    ends = max(0.0, k_ + r - n_), min(k_, r)
    share = r * k_ / n_
    variance = share * (1 - k_ / n_) * (n_ - r) / max(n_ - 1, 1)

    def log_mass(j: Array) -> Array:
        ways = log_binomial(k_, j) + log_binomial(n_ - k_, r - j)
        return np.asarray(ways - log_binomial(n_, r))

    def tail(start: float) -> float:
        return log_upper_tail(log_mass, start, ends, share, variance**0.5)

    return np.asarray(np.vectorize(tail, otypes=[float])(_whole("s", s)))


def log_threshold_overlap(
    n: int,
    k: int,
    t: float,
    sigma: float = 1.0,
    *,
    found: npt.ArrayLike,
    false: npt.ArrayLike | None = None,
    amplitude: float = 0.0,
) -> Array:
    r"""Log-probability that a threshold keeps enough of the support, and little else.

    The number found and the number kept wrongly are independent and binomial, with
    the probabilities of `log_ticket_probability`:

    .. math:: \log P(\mathrm{Bin}(k, q_a) \ge s)
        + \log P(\mathrm{Bin}(n-k, q_0) \le f).

    Exact but for rounding, of some 1e-16 n in the logarithm.

    Parameters
    ----------
    n, k : int
        Weights, and places of the support.
    t : float
        Threshold, not negative.
    sigma : float
        Standard deviation of the normal weights.
    found : array_like of int
        At least so many weights s on the support are kept.
    false : array_like of int, optional
        At most so many weights f off the support are kept; by default any number. The
        two broadcast.
    amplitude : float
        Signal on the support, not negative.

    Returns
    -------
    ndarray, of the broadcast shape
        Natural logarithms; -inf where the numbers are out of reach.

    Raises
    ------
    ValueError
        If not ``0 <= k <= n``, whole, or a number is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from sparsetheory import log_threshold_overlap
    >>> np.exp(log_threshold_overlap(100, 10, 1.645, found=[1, 3, 5])).round(4)
    array([0.6512, 0.0701, 0.0016])
    >>> np.exp(log_threshold_overlap(100, 10, 1.645, found=1, false=[5, 9])).round(4)
    array([0.0673, 0.3828])
    """
    places = tuple(float(a) for a in check_sizes(n, k))
    scale = check_values("sigma", sigma, positive=True)
    u = deviations(check_values("t", t), scale)
    on, off = log_kept(u, deviations(check_values("amplitude", amplitude), scale), None)
    kept, rest = on[0], places[0] - places[1]
    chance = complement(off)[1]
    lost = complement(kept)[1]

    def tail(s: float, f: float) -> float:
        return _log_binomial_tail(places[1], s, kept, lost) + _log_binomial_tail(
            rest, rest - f, off, chance
        )

    limit = rest if false is None else _whole("false", false)
    return np.asarray(np.vectorize(tail, otypes=[float])(_whole("found", found), limit))


def _log_binomial_tail(count: float, start: float, log_p: Array, log_q: Array) -> float:
    """Return log P(Bin(count, p) >= start), p and q = 1-p being given by logarithms."""

    def log_mass(j: Array) -> Array:
        ways = log_binomial(count, j)
        return np.asarray(ways + times(j, log_p) + times(count - j, log_q))

    mean = count * float(np.exp(log_p))
    deviation = float(np.sqrt(mean * np.exp(log_q)))
    return log_upper_tail(log_mass, start, (0.0, count), mean, deviation)


def _whole(name: str, value: npt.ArrayLike) -> Array:
    array = np.asarray(value)
    if array.dtype.kind not in "iuf":
        raise TypeError(f"{name} must hold whole numbers, got dtype {array.dtype}")
    broken = array[~(np.isfinite(array) & (array % 1 == 0))]
    if broken.size:
        raise ValueError(f"{name} must hold whole numbers, got {broken.ravel()[0]}")
    return array.astype(np.float64)
