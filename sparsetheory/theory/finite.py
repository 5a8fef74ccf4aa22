r"""How likely recovery is at finite n."""

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import ndtr

from sparsetheory.theory.curves import (
    L1_FACES,
    Array,
    density,
    minimax_threshold,
    soft_risk,
)


def l1_success_probability(
    n: npt.ArrayLike, m: npt.ArrayLike, k: npt.ArrayLike
) -> Array:
    r"""Probability that basis pursuit recovers a k-sparse signal, Gaussian matrix.

    .. math:: P \approx \Phi\Bigl(\frac{m - n\psi(k/n) + c_0}{\sigma\sqrt n}\Bigr)

    with ψ the statistical dimension per coordinate and, at the minimising threshold t,
    with ε = k/n and ρ = ε/ψ,

    .. math:: c_0 = 1 - \frac{\rho t^2}{1 - \varepsilon}, \qquad
        \sigma^2 = \varepsilon (2 + 4 t^2)
        + (1 - \varepsilon)(M_4 - M_2^2) - 2\psi,
        \qquad M_p = E(|g| - t)_+^p.

    An approximation to the exact law, which follows from conic intrinsic volumes [1]_.
    Its largest error over k, at n = 100 (at n = 400), is .033 (.030) for δ below .1,
    .025 (.012) from there to .95 and .053 (.024) to .98. Beyond, where m is within a
    few rows of n, it can be off by .45.

    Parameters
    ----------
    n, m, k : array_like
        Columns, rows and nonzeros; they broadcast. k need not be whole.

    Returns
    -------
    ndarray, of the broadcast shape
        1 where k = 0 or m >= n, and 0 where k > m.

    Raises
    ------
    ValueError
        If not ``0 <= k <= n`` and ``0 <= m`` and ``1 <= n``.

    References
    ----------
    .. [1] D. Amelunxen, M. Lotz, M. McCoy, J. Tropp, "Living on the edge: phase
       transitions in convex programs with random data", Inf. Inference 3(3), 2014.

    Examples
    --------
    >>> from sparsetheory import l1_success_probability
    >>> l1_success_probability(400, 200, [70, 78, 86]).round(2)
    array([0.89, 0.47, 0.1 ])
    """
    arrays = [np.asarray(a, dtype=np.float64) for a in (n, m, k)]
    n, m, k = np.broadcast_arrays(*arrays)
    wrong = ~((n >= 1) & (m >= 0) & (k >= 0) & (k <= n) & np.isfinite(n + m))
    if wrong.any():
        at = np.argmax(wrong.ravel())
        values = tuple(float(a.ravel()[at]) for a in (n, m, k))
        raise ValueError(f"n, m, k must have 0 <= k <= n and 0 <= m, got {values}")
    P = [_success(*row) for row in zip(n.ravel(), m.ravel(), k.ravel(), strict=True)]
    return np.array(P).reshape(n.shape)


def l1_median_sparsity(n: float, m: float) -> float:
    """Return the k, not whole, at which `l1_success_probability` is one half.

    Parameters
    ----------
    n, m : float
        With ``0 < m < n``.

    Returns
    -------
    float
        In [0, m]; the end, where success is likelier or less likely all the way. As
        rough for δ above .98 as the probability is.

    Raises
    ------
    ValueError
        If not ``0 < m < n``.

    Examples
    --------
    >>> from sparsetheory import l1_median_sparsity
    >>> round(l1_median_sparsity(400, 200), 1)
    77.5
    """
    if not 0 < m < n:
        raise ValueError(f"m must lie in (0, {n}), got {m}")

    def excess(k: float) -> float:
        return _standard_score(n, m, k)

    low, high = 1e-9 * m, float(m)
    if excess(low) <= 0:
        return 0.0
    return high if excess(high) >= 0 else float(brentq(excess, low, high))


def _success(n: float, m: float, k: float) -> float:
    if k == 0 or m >= n:
        return 1.0
    if k > m:
        return 0.0
    return float(ndtr(_standard_score(n, m, k)))


def _standard_score(n: float, m: float, k: float) -> float:
    e = k / n
    t = minimax_threshold(e)
    m2 = L1_FACES * float(soft_risk(t))
    tail = float(ndtr(-t))
    m4 = L1_FACES * ((t**4 + 6 * t**2 + 3) * tail - (t**3 + 5 * t) * float(density(t)))
    psi = e * (1 + t * t) + (1 - e) * m2
    shift = 1 - (e / psi) * t * t / (1 - e)
    variance = e * (2 + 4 * t * t) + (1 - e) * (m4 - m2 * m2) - 2 * psi
    return (m - n * psi + shift) / float(np.sqrt(variance * n))
