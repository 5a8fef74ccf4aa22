r"""Transitions of two relatives of ℓ1: groups of equal size, and the box [0, 1]^n."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import betainc, ndtr

from sparsetheory.theory.curves import Array, unit_interval
from sparsetheory.theory.quadrature import REACH, legendre

T_REACH = 37.0  # beyond sqrt(size) + this, tails of chi underflow


def group_statistical_dimension(k_over_n: npt.ArrayLike, size: float) -> Array:
    r"""Statistical dimension per coordinate of the descent cone of the ℓ1/ℓ2 norm.

    .. math:: \psi_B(s) = \min_{t \ge 0} \frac1B \bigl[ s(B+t^2)
        + (1-s)\, E(\chi_B - t)_+^2 \bigr], \qquad \psi_\infty(s) = 2s - s^2

    for signals with a fraction s of their equal groups of B entries active. Asymptotic
    and exact: recovery by ``min sum_g ||x_g||`` with Gaussian matrices when δ > ψ.
    Size 1 is ℓ1; size 2 is ℓ1 on complex signals and matrices.

    Parameters
    ----------
    k_over_n : array_like
        Fractions of groups that are active, each in [0, 1].
    size : int or numpy.inf
        Entries in a group, at least 1.

    Returns
    -------
    ndarray, shape of `k_over_n`

    Raises
    ------
    ValueError
        If a fraction lies outside [0, 1], or `size` is not a whole number at least 1.

    See Also
    --------
    group_weak_threshold, sparsetheory.theory.curves.l1_statistical_dimension

    References
    ----------
    .. [1] M. Stojnic, "Block-length dependent thresholds in block-sparse compressed
       sensing", arXiv:0907.3679, 2009.
    .. [2] D. Donoho, I. Johnstone, A. Montanari, "Accurate prediction of phase
       transitions in compressed sensing via a connection to minimax denoising", IEEE
       Trans. Inf. Theory 59(6), 2013.

    Examples
    --------
    >>> import numpy as np
    >>> from sparsetheory.theory.groups import group_statistical_dimension
    >>> [float(group_statistical_dimension(0.1, B).round(4)) for B in (1, 4, np.inf)]
    [0.3288, 0.2448, 0.19]
    """
    B = _size(size)
    s = unit_interval("k_over_n", k_over_n)
    if np.isinf(B):
        return np.asarray(2 * s - s * s)
    psi = [_dimension(float(x), B)[0] / B for x in s.ravel()]
    return np.array(psi).reshape(s.shape)


def group_weak_threshold(delta: npt.ArrayLike, size: float) -> Array:
    r"""Weak threshold ρ(δ) of the ℓ1/ℓ2 norm for groups of equal size.

    The ρ = k/m, k entries in active groups, at which `group_statistical_dimension`
    at s = ρδ is δ; in terms of t > 0,

    .. math:: \frac{s}{1-s} = \frac{E(\chi_B - t)_+}{t}, \qquad
        \delta = \frac{s(B+t^2) + (1-s)\,E(\chi_B-t)_+^2}{B}, \qquad
        \rho_\infty = \frac{1}{1 + \sqrt{1-\delta}}.

    Asymptotic and exact, Gaussian matrices. Size 1 is `l1_weak_threshold`, size 2 that
    of ℓ1 on complex signals.

    Parameters
    ----------
    delta : array_like
        Undersampling ratios m/n, each in [0, 1].
    size : int or numpy.inf
        Entries in a group, at least 1.

    Returns
    -------
    ndarray, shape of `delta`
        0 at δ = 0, where size ``inf`` has the limit 1/2.

    Raises
    ------
    ValueError
        If a ratio lies outside [0, 1], or `size` is not a whole number at least 1.

    References
    ----------
    .. [1] M. Stojnic, "Block-length dependent thresholds in block-sparse compressed
       sensing", arXiv:0907.3679, 2009.
    .. [2] A. Maleki, L. Anitori, Z. Yang, R. Baraniuk, "Asymptotic analysis of complex
       LASSO via complex approximate message passing", IEEE Trans. Inf. Theory 59(7),
       2013.

    Examples
    --------
    >>> import numpy as np
    >>> from sparsetheory.theory.groups import group_weak_threshold
    >>> [float(group_weak_threshold(0.5, B).round(4)) for B in (1, 2, 4, np.inf)]
    [0.3857, 0.4579, 0.5102, 0.5858]
    """
    B = _size(size)
    d = unit_interval("delta", delta)
    if np.isinf(B):
        return np.asarray(1 / (1 + np.sqrt(1 - d)))
    return np.array([_weak(float(x), B) for x in d.ravel()]).reshape(d.shape)


def group_success_probability(
    groups: npt.ArrayLike, size: int, m: npt.ArrayLike, active: npt.ArrayLike
) -> Array:
    r"""Probability that the ℓ1/ℓ2 norm recovers a group-sparse signal at finite n.

    With G groups of B entries, s = active/G and t of `group_statistical_dimension`,

    .. math:: P \approx \Phi\Bigl(\frac{m - G\mu + c_0}{\sigma\sqrt{G}}\Bigr), \quad
        \mu = s(B+t^2) + (1-s)M_2, \quad
        c_0 = \frac{s + (1-s)(M_2-M_1^2)}{s + (1-s)M_0},

    .. math:: \sigma^2 = s(2B + 4t^2) + (1-s)(M_4 - M_2^2) - 2\mu, \qquad
        M_p = E[(\chi_B - t)^p; \chi_B > t].

    An approximation; for size 1 it is `l1_success_probability`, with its errors, and
    simulations of sizes 2 to 16 with 50 groups agree with it to .03.

    Parameters
    ----------
    groups : array_like
        Number of groups, at least 1.
    size : int
        Entries in a group, at least 1; n is groups times size.
    m : array_like
        Rows of the Gaussian matrix.
    active : array_like
        Number of groups that are not zero. These three broadcast.

    Returns
    -------
    ndarray, of the broadcast shape
        1 where no group is active or m >= n, and 0 where the active groups have more
        than m entries.

    Raises
    ------
    ValueError
        If not ``0 <= active <= groups``, ``0 <= m`` and ``1 <= groups``, or if `size`
        is not a whole number at least 1.

    References
    ----------
    .. [1] D. Amelunxen, M. Lotz, M. McCoy, J. Tropp, "Living on the edge: phase
       transitions in convex programs with random data", Inf. Inference 3(3), 2014.

    Examples
    --------
    >>> from sparsetheory.theory.groups import group_success_probability
    >>> group_success_probability(100, 4, 200, [23, 25, 27]).round(2)
    array([0.93, 0.64, 0.22])
    """
    B = _size(size)
    if np.isinf(B):
        raise ValueError("size must be finite, got inf")
    arrays = [np.asarray(a, dtype=np.float64) for a in (groups, m, active)]
    G, m, a = np.broadcast_arrays(*arrays)
    wrong = ~((G >= 1) & (m >= 0) & (a >= 0) & (a <= G))
    if wrong.any():
        at = np.argmax(wrong.ravel())
        values = tuple(float(x.ravel()[at]) for x in (G, m, a))
        raise ValueError(
            f"groups, m, active must have 0 <= active <= groups, 0 <= m, got {values}"
        )
    P = [_success(B, *row) for row in zip(G.ravel(), m.ravel(), a.ravel(), strict=True)]
    return np.array(P).reshape(G.shape)


def box_weak_threshold(delta: npt.ArrayLike) -> Array:
    r"""Weak threshold of signals in the box [0, 1]^n, most entries at its corners.

    .. math:: \rho(\delta) = \max(0, 2 - 1/\delta)

    with k = ρm entries strictly between 0 and 1. Asymptotic and exact. No objective is
    minimised: below the threshold x is the only point of the box that fits y. The same
    curve holds for ``x >= 0`` alone with k positive entries.

    Parameters
    ----------
    delta : array_like
        Undersampling ratios m/n, each in [0, 1].

    Returns
    -------
    ndarray, same shape

    Raises
    ------
    ValueError
        If a ratio lies outside [0, 1].

    References
    ----------
    .. [1] D. Donoho, J. Tanner, "Counting the faces of randomly-projected hypercubes
       and orthants, with applications", Discrete Comput. Geom. 43, 2010.

    Examples
    --------
    >>> from sparsetheory.theory.groups import box_weak_threshold
    >>> box_weak_threshold([0.4, 0.5, 0.8, 1.0])
    array([0.  , 0.  , 0.75, 1.  ])
    """
    d = unit_interval("delta", delta)
    return np.asarray(np.where(d > 0.5, 2 - 1 / np.maximum(d, 0.5), 0.0))


def box_success_probability(
    n: npt.ArrayLike, m: npt.ArrayLike, k: npt.ArrayLike
) -> Array:
    r"""Exact probability that x in the box [0, 1]^n is the only one to fit y.

    .. math:: P = 2^{-(n-k-1)} \sum_{i=0}^{m-k-1} \binom{n-k-1}{i}

    when k entries lie strictly between 0 and 1. Exact for Gaussian matrices, and for
    any in general position whose kernel has a law that changes of sign of coordinates
    leave alone. The same for ``x >= 0`` with k positive entries.

    Parameters
    ----------
    n, m, k : array_like
        Columns, rows and entries inside; whole numbers; they broadcast.

    Returns
    -------
    ndarray, of the broadcast shape
        1 where m >= n, and 0 where m <= k < n.

    Raises
    ------
    ValueError
        If not ``0 <= k <= n`` and ``0 <= m`` and ``1 <= n``, all whole.

    References
    ----------
    .. [1] D. Donoho, J. Tanner, "Counting the faces of randomly-projected hypercubes
       and orthants, with applications", Discrete Comput. Geom. 43, 2010.
    .. [2] J. Wendel, "A problem in geometric probability", Math. Scand. 11, 1962.

    Examples
    --------
    >>> from sparsetheory.theory.groups import box_success_probability
    >>> box_success_probability(100, 70, [30, 40, 50]).round(4)
    array([0.8858, 0.5   , 0.0762])
    """
    arrays = [np.asarray(a, dtype=np.float64) for a in (n, m, k)]
    n, m, k = np.broadcast_arrays(*arrays)
    whole = (n % 1 == 0) & (m % 1 == 0) & (k % 1 == 0)
    wrong = ~(whole & (n >= 1) & (m >= 0) & (k >= 0) & (k <= n))
    if wrong.any():
        at = np.argmax(wrong.ravel())
        values = tuple(float(a.ravel()[at]) for a in (n, m, k))
        raise ValueError(
            f"n, m, k must be whole with 0 <= k <= n and 0 <= m, got {values}"
        )
    inside = (k < m) & (m < n)
    law = betainc(np.where(inside, n - m, 1), np.where(inside, m - k, 1), 0.5)
    return np.asarray(np.where(inside, law, np.where(m >= n, 1.0, 0.0)))


def _tail_moments(size: float, t: float) -> Callable[[int], float]:
    """Return ``p -> E[(chi - t)^p; chi > t]`` for chi of `size` degrees of freedom."""
    mode = np.sqrt(size - 1)
    x, w = legendre()

    def log_density(s: Array | float) -> Array:
        s = np.asarray(s)
        power = (size - 1) * np.log(s / mode) if size > 1 else 0.0
        return np.asarray(power - 0.5 * (s - mode) * (s + mode))

    low = max(mode - REACH, 0.0)
    whole = (mode + REACH - low) * np.sum(
        w * np.exp(log_density(low + (mode + REACH - low) * x))
    )
    start = max(t, low)
    fall = max(start - (size - 1) / start, 0.0) if start > 0 else 0.0
    length = max(mode - start, 0.0) + np.sqrt(fall**2 + REACH**2) - fall
    s = start + length * x
    f = length * w * np.exp(log_density(s)) / whole

    def moment(p: int) -> float:
        return float(np.sum(f * (s - t) ** p))

    return moment


def _dimension(s: float, size: float) -> tuple[float, float]:
    """Return the statistical dimension of a group and the t where it is attained."""
    if s == 0.0:
        return 0.0, np.inf
    if s == 1.0:
        return size, 0.0

    def slope(t: float) -> float:
        return s * t - (1 - s) * _tail_moments(size, t)(1)

    top = np.sqrt(size) + T_REACH
    t = (
        float(brentq(slope, 0.0, top, xtol=1e-15, rtol=1e-15))
        if slope(top) > 0
        else top
    )
    return s * (size + t * t) + (1 - s) * _tail_moments(size, t)(2), t


def _weak(delta: float, size: float) -> float:
    if delta in (0.0, 1.0):
        return delta

    def ratios(t: float) -> tuple[float, float]:
        """Return s and delta, each times t / (1 - s) and per entry of a group."""
        M = _tail_moments(size, t)
        return M(1), M(1) + t * (M(2) + t * M(1)) / size

    def excess(t: float) -> float:
        # delta (1 + M_1 / t) less the rest, times t
        return delta * (t + _tail_moments(size, t)(1)) - ratios(t)[1]

    top = np.sqrt(size) + T_REACH
    t = (
        float(brentq(excess, 0.0, top, xtol=1e-15, rtol=1e-15))
        if excess(top) > 0
        else top
    )
    used, rows = ratios(t)
    return used / rows


def _success(size: float, groups: float, m: float, active: float) -> float:
    if active == 0 or m >= groups * size:
        return 1.0
    if active * size > m:
        return 0.0
    s = active / groups
    mean, t = _dimension(s, size)
    M = _tail_moments(size, t)
    variance = s * (2 * size + 4 * t * t) + (1 - s) * (M(4) - M(2) ** 2) - 2 * mean
    shift = (s + (1 - s) * (M(2) - M(1) ** 2)) / (s + (1 - s) * M(0))
    return float(ndtr((m - groups * mean + shift) / np.sqrt(variance * groups)))


def _size(size: float) -> float:
    if not (size >= 1 and (np.isinf(size) or size % 1 == 0)):
        raise ValueError(f"size must be a whole number, at least 1, or inf, got {size}")
    return float(size)
