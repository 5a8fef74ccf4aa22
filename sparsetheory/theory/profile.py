"""Signals in weights: of sizes that differ, and as strong as detection needs."""

import numpy as np
import numpy.typing as npt

from sparsetheory.theory.binomials import (
    Tail,
    check_sizes,
    check_tail,
    check_values,
    deviations,
    log_all_dropped,
    log_kept,
)
from sparsetheory.theory.curves import Array


def log_profile_probability(
    n: int,
    amplitudes: npt.ArrayLike,
    t: npt.ArrayLike,
    sigma: float = 1.0,
    *,
    signed: bool = False,
    log_tail: Tail | None = None,
) -> Array:
    r"""Log-probability that the weights of size at least t are those with a signal.

    For independent weights ``w = a_i s_i + sigma z`` on the k places of the support and
    ``w = sigma z`` on the other n - k, such as ``w = a w* + sigma z`` with
    ``a_i = a abs(w*_i)``, exactly

    .. math:: \log p = \sum_{i=1}^k \log q_{a_i} + (n-k) \log(1 - q_0)

    with the q of `log_ticket_probability`. Entries below the threshold cost most: there
    p falls with each of them, however large the others are.

    Parameters
    ----------
    n : int
        Weights.
    amplitudes : array_like, shape (k,)
        Sizes of the signal on the support, not negative.
    t : array_like
        Thresholds, not negative.
    sigma : float
        Standard deviation, positive.
    signed : bool
        Ask also for the signs on the support.
    log_tail : callable, optional
        Another symmetric law, as for `log_ticket_probability`.

    Returns
    -------
    ndarray, shape of `t`
        Natural logarithms.

    Raises
    ------
    ValueError
        If there are more amplitudes than n, or a number is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from sparsetheory import log_profile_probability
    >>> np.exp(log_profile_probability(10, [2.0, 4.0, 6.0], [1.0, 2.0, 3.0])).round(4)
    array([0.0582, 0.3527, 0.1308])
    """
    a = check_values("amplitudes", amplitudes)
    if a.ndim != 1:
        raise ValueError(f"amplitudes must have shape (k,), got {a.shape}")
    size, k = check_sizes(n, a.size)
    if size.ndim:
        raise ValueError(f"n must be one number, got shape {size.shape}")
    check_tail(log_tail)
    scale = check_values("sigma", sigma, positive=True)
    u = deviations(check_values("t", t), scale)
    on, off = log_kept(u[..., None], deviations(a, scale), log_tail)
    gone = log_all_dropped(size - k, u, off[..., 0], log_tail)
    return np.asarray(on[bool(signed)].sum(axis=-1) + gone)


def ticket_amplitude(
    n: npt.ArrayLike, k: npt.ArrayLike, sigma: npt.ArrayLike = 1.0
) -> Array:
    r"""Amplitude at which the lottery turns into detection.

    .. math:: a = \sigma\bigl(\sqrt{2\log(n-k)} + \sqrt{2\log k}\bigr)

    Asymptotic and sharp for known signs, as n grows with k/n → 0: above it support
    and signs are found almost surely by the best threshold, below it by no method.

    Parameters
    ----------
    n, k : array_like
        Whole, ``1 <= k < n``.
    sigma : array_like
        Standard deviation, positive. They broadcast.

    Returns
    -------
    ndarray, of the broadcast shape

    Raises
    ------
    ValueError
        If not ``1 <= k < n``, whole, or sigma is not positive.

    References
    ----------
    .. [1] C. Butucea, M. Ndaoud, N. Stepanova, A. Tsybakov, "Variable selection with
       Hamming loss", Ann. Statist. 46(5), 2018.

    Examples
    --------
    >>> from sparsetheory import ticket_amplitude
    >>> ticket_amplitude(10**6, [1, 10, 100]).round(3)
    array([5.257, 7.402, 8.291])
    """
    n, k = check_sizes(n, k)
    if not np.all((k >= 1) & (k < n)):
        at = np.argmax((~((k >= 1) & (k < n))).ravel())
        values = float(n.ravel()[at]), float(k.ravel()[at])
        raise ValueError(f"n, k must have 1 <= k < n, got {values}")
    scale = check_values("sigma", sigma, positive=True)
    return np.asarray(scale * (np.sqrt(2 * np.log(n - k)) + np.sqrt(2 * np.log(k))))
