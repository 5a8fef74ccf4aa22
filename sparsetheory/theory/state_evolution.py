r"""Mean squared errors of approximate message passing, as n grows.

Throughout A is m × n with independent N(0, 1/m) entries, y = A x + noise of variance
``sigma2``, δ = m/n, and the entries of x are 0 but for a fraction `eps`, which follow
N(mean, sd^2); the sign of each may be changed, so that ``sd=0`` means entries ± mean.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import ndtr

from sparsetheory.theory.curves import (
    L1_FACES,
    NONNEGATIVE_FACES,
    Array,
    density,
    soft_risk,
    unit_interval,
    weak_parameter,
)
from sparsetheory.theory.quadrature import legendre

TINY = 1e-280  # mean squared errors below count as 0
FAR = 12.0  # normal mass beyond is far below rounding


def amp_threshold(delta: npt.ArrayLike) -> Array:
    r"""Threshold of minimax soft-threshold AMP, in units of its noise level.

    The t of `l1_weak_threshold`: with it AMP succeeds up to that curve, with any other
    fixed multiple of the noise level on a smaller region. Asymptotic and exact.

    .. math:: \delta = \frac{2\varphi(t)}{t + 2(\varphi(t) - t Q(t))}

    Parameters
    ----------
    delta : array_like
        Undersampling ratios m/n, each in [0, 1].

    Returns
    -------
    ndarray, same shape
        From inf at δ = 0 down to 0 at δ = 1.

    Raises
    ------
    ValueError
        If a ratio lies outside [0, 1].

    References
    ----------
    .. [1] D. Donoho, A. Maleki, A. Montanari, "Message-passing algorithms for
       compressed sensing", PNAS 106(45), 2009.

    Examples
    --------
    >>> from sparsetheory.theory.state_evolution import amp_threshold
    >>> amp_threshold([0.1, 0.5, 0.9]).round(4)
    array([1.7357, 0.8769, 0.3274])
    """
    return weak_parameter(delta, L1_FACES)


def nonnegative_amp_threshold(delta: npt.ArrayLike) -> Array:
    r"""Return `amp_threshold` for non-negative signals and one-sided thresholding.

    The t of `nonnegative_weak_threshold`; asymptotic and exact.

    Parameters
    ----------
    delta : array_like
        Undersampling ratios m/n, each in [0, 1].

    Returns
    -------
    ndarray, same shape
        From inf at δ = 0 down to 0 at δ = 1.

    Raises
    ------
    ValueError
        If a ratio lies outside [0, 1].

    References
    ----------
    .. [1] D. Donoho, A. Maleki, A. Montanari, "Message-passing algorithms for
       compressed sensing", PNAS 106(45), 2009.

    Examples
    --------
    >>> from sparsetheory.theory.state_evolution import nonnegative_amp_threshold
    >>> nonnegative_amp_threshold([0.1, 0.5, 0.9]).round(4)
    array([1.4202, 0.5061, 0.0829])
    """
    return weak_parameter(delta, NONNEGATIVE_FACES)


def state_evolution(
    delta: float,
    eps: float,
    sigma2: float,
    alpha: float,
    *,
    steps: int,
    mean: float = 1.0,
    sd: float = 0.0,
) -> Array:
    r"""Mean squared errors of soft-threshold AMP, iteration by iteration.

    .. math:: \tau_i^2 = \sigma^2 + \frac{\mathrm{mse}_i}{\delta}, \qquad
        \mathrm{mse}_{i+1} = E\bigl(\eta(X + \tau_i g; \alpha\tau_i) - X\bigr)^2,
        \qquad \mathrm{mse}_0 = E X^2

    with η the soft threshold. Asymptotic and exact for each fixed iteration.

    Parameters
    ----------
    delta : float
        m/n, positive.
    eps : float
        Fraction of nonzeros, in [0, 1].
    sigma2 : float
        Variance of the noise in y.
    alpha : float
        Threshold over noise level, such as `amp_threshold`.
    steps : int
        Number of iterations.
    mean, sd : float
        Law of the nonzeros, up to signs; ``sd=0`` for entries ± mean.

    Returns
    -------
    ndarray, shape (steps + 1,)
        Per entry of x, from the start at x = 0 on.

    Raises
    ------
    ValueError
        If an argument is out of range.

    See Also
    --------
    state_evolution_limit, lasso_risk

    References
    ----------
    .. [1] D. Donoho, A. Maleki, A. Montanari, "Message-passing algorithms for
       compressed sensing", PNAS 106(45), 2009.
    .. [2] M. Bayati, A. Montanari, "The dynamics of message passing on dense graphs,
       with applications to compressed sensing", IEEE Trans. Inf. Theory 57(2), 2011.

    Examples
    --------
    >>> from sparsetheory.theory.state_evolution import state_evolution
    >>> state_evolution(0.5, 0.1, 0.0, 1.14, steps=3).round(4)
    array([0.1   , 0.0584, 0.0373, 0.0244])
    """
    law = sparse_law(delta, eps, sigma2, mean, sd)
    check_positive("alpha", alpha, zero=True)
    mse = [law.power]
    for _ in range(steps):
        mse.append(threshold_risk(sigma2 + mse[-1] / delta, alpha, law)[0])
    return np.array(mse)


def state_evolution_limit(
    delta: float,
    eps: float,
    sigma2: float,
    alpha: float,
    *,
    mean: float = 1.0,
    sd: float = 0.0,
) -> float:
    r"""Return the limit of `state_evolution`, its largest fixed point.

    The map from τ² to the next is concave and increasing, so that the limit is the same
    from any positive start; it is infinite where α is so small that the map outgrows
    its argument, :math:`2[(1+\alpha^2)Q(\alpha) - \alpha\varphi(\alpha)] \ge \delta`.

    Parameters
    ----------
    delta, eps, sigma2, alpha, mean, sd : float
        As in `state_evolution`.

    Returns
    -------
    float
        Mean squared error per entry of x; 0 when AMP recovers x exactly.

    Raises
    ------
    ValueError
        If an argument is out of range.

    References
    ----------
    .. [1] M. Bayati, A. Montanari, "The LASSO risk for Gaussian matrices", IEEE Trans.
       Inf. Theory 58(4), 2012.

    Examples
    --------
    >>> from sparsetheory.theory.state_evolution import state_evolution_limit
    >>> state_evolution_limit(0.5, 0.1, 0.0, 1.14)
    0.0
    >>> round(state_evolution_limit(0.5, 0.1, 0.01, 1.14), 6)
    0.009602
    """
    law = sparse_law(delta, eps, sigma2, mean, sd)
    check_positive("alpha", alpha, zero=True)
    if L1_FACES * float(soft_risk(alpha)) >= delta:
        return np.inf if sigma2 + law.power > 0 else 0.0
    return (fixed_point(delta, sigma2, alpha, law) - sigma2) * delta


@dataclass(frozen=True)
class SparseLaw:
    """The law of an entry of x: N(mean, sd^2) with probability eps, else 0."""

    eps: float
    mean: float
    sd: float

    @property
    def power(self) -> float:
        """Return E X^2."""
        return self.eps * (self.mean**2 + self.sd**2)


def threshold_risk(tau2: float, alpha: float, law: SparseLaw) -> tuple[float, float]:
    """Return the mean squared error of thresholding X + tau g, and P(not 0)."""
    if tau2 < TINY:
        return 0.0, law.eps
    zero = _normal_risk(tau2, alpha, 0.0, 0.0)
    some = _normal_risk(tau2, alpha, abs(law.mean), law.sd)
    mse, kept = (
        law.eps * s + (1 - law.eps) * z for s, z in zip(some, zero, strict=True)
    )
    return mse, kept


def _normal_risk(
    tau2: float, alpha: float, mean: float, sd: float
) -> tuple[float, float]:
    """Return `threshold_risk` for X ~ N(mean, sd^2).

    A sum over y = X + tau g above, below and between the thresholds of the second
    moments of tau g - theta, tau g + theta and X given y, where nothing cancels.
    """
    theta, v = alpha * np.sqrt(tau2), np.sqrt(sd * sd + tau2)
    h, l = (theta - mean) / v, (theta + mean) / v
    kept = float(ndtr(-h) + ndtr(-l))
    noise, signal, rest = tau2 / v, sd * sd / v, sd * sd * tau2 / (v * v)
    outside = (
        (rest + theta**2 + noise**2) * kept
        + noise**2 * (h * density(h) + l * density(l))
        - 2 * theta * noise * (density(h) + density(l))
    )
    x, w = legendre()
    low, high = np.clip([-l, h], -FAR, FAR)
    g = low + (high - low) * x
    inside = (high - low) * np.sum(w * density(g) * (rest + (mean + signal * g) ** 2))
    return float(outside + inside), kept


def fixed_point(delta: float, sigma2: float, alpha: float, law: SparseLaw) -> float:
    """Return the largest tau^2 that reproduces itself."""

    def excess(tau2: float) -> float:
        return sigma2 + threshold_risk(tau2, alpha, law)[0] / delta - tau2

    low = max(sigma2, TINY)
    if excess(low) <= 0:  # the map is concave: it stays below
        return sigma2
    high = 2 * low + law.power / delta
    while excess(high) > 0:
        high *= 2
    return float(brentq(excess, low, high, xtol=1e-300, rtol=1e-15, maxiter=1000))


def sparse_law(
    delta: float, eps: float, sigma2: float, mean: float, sd: float
) -> SparseLaw:
    """Return the law, or raise if an argument of the problem is out of range."""
    check_positive("delta", delta, zero=False)
    unit_interval("eps", eps)
    check_positive("sigma2", sigma2, zero=True)
    check_positive("sd", sd, zero=True)
    if not np.isfinite(mean):
        raise ValueError(f"mean must be finite, got {mean}")
    return SparseLaw(eps, mean, sd)


def check_positive(name: str, value: float, *, zero: bool) -> None:
    """Raise unless `value` is finite and positive, or 0 where that is allowed."""
    if not (np.isfinite(value) and (value > 0 or (zero and value == 0))):
        least = "non-negative" if zero else "positive"
        raise ValueError(f"{name} must be {least} and finite, got {value}")
