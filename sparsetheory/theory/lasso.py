r"""Mean squared errors of the LASSO, as n grows.

The matrix and the law of the signal are those of `state_evolution`.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq

from sparsetheory.theory.curves import (
    Array,
    l1_statistical_dimension,
    minimax_threshold,
    unit_interval,
)
from sparsetheory.theory.state_evolution import (
    TINY,
    SparseLaw,
    check_positive,
    sparse_law,
    threshold_risk,
)


@dataclass(frozen=True)
class LassoRisk:
    """What `lasso_risk` predicts; each of the shape of `lam`.

    Attributes
    ----------
    alpha : ndarray
        Threshold over noise level, calibrated to `lam`.
    tau2 : ndarray
        Variance of the effective noise in ``x + tau g``.
    mse : ndarray
        ``E (x_hat - x)^2`` per entry of x.
    active : ndarray
        Fraction of the n entries of the estimate that are not zero.
    """

    alpha: Array
    tau2: Array
    mse: Array
    active: Array


@dataclass(frozen=True)
class NoiseSensitivity:
    """What `noise_sensitivity` predicts; each of the broadcast shape.

    Attributes
    ----------
    minimax_risk : ndarray
        M(ρδ), of soft thresholding at sparsity ρδ.
    sensitivity : ndarray
        M*, the minimax mean squared error over the variance of the noise; inf at and
        above the weak threshold.
    lam : ndarray
        The weight of the LASSO that attains it, over the noise level; 0 at and above
        the weak threshold.
    """

    minimax_risk: Array
    sensitivity: Array
    lam: Array


def lasso_risk(
    delta: float,
    eps: float,
    sigma2: float,
    lam: npt.ArrayLike,
    *,
    mean: float = 1.0,
    sd: float = 0.0,
) -> LassoRisk:
    r"""Mean squared error and active fraction of the LASSO, as n grows.

    For :math:`\tfrac12\|y - Ax\|^2 + \lambda\|x\|_1`, A with N(0, 1/m) entries: the α
    and τ with

    .. math:: \tau^2 = \sigma^2 + \frac1\delta
        E\bigl(\eta(X + \tau g; \alpha\tau) - X\bigr)^2, \qquad
        \lambda = \alpha\tau\Bigl(1 - \frac1\delta P(|X + \tau g| > \alpha\tau)\Bigr).

    Asymptotic and exact.

    Parameters
    ----------
    delta : float
        m/n, positive.
    eps : float
        Fraction of nonzeros, in [0, 1].
    sigma2 : float
        Variance of the noise in y. It may be 0 if `eps` is not.
    lam : array_like
        Weights of the ℓ1 norm, positive.
    mean, sd : float
        Law of the nonzeros, up to signs; ``sd=0`` for entries ± mean.

    Returns
    -------
    LassoRisk
        `alpha`, `tau2`, `mse`, `active`, each of the shape of `lam`.

    Raises
    ------
    ValueError
        If an argument is out of range, or neither signal nor noise is there.

    References
    ----------
    .. [1] M. Bayati, A. Montanari, "The LASSO risk for Gaussian matrices", IEEE Trans.
       Inf. Theory 58(4), 2012.

    Examples
    --------
    >>> from sparsetheory.theory.lasso import lasso_risk
    >>> risk = lasso_risk(0.64, 0.128, 0.2, [0.5, 1.0, 2.0])
    >>> risk.mse.round(4), risk.active.round(4)
    (array([0.0962, 0.1047, 0.1254]), array([0.2376, 0.0946, 0.0078]))
    """
    law = sparse_law(delta, eps, sigma2, mean, sd)
    weights = np.asarray(lam, dtype=np.float64)
    for weight in weights.ravel():
        check_positive("lam", float(weight), zero=False)
    if sigma2 + law.power == 0:
        raise ValueError(f"sigma2 must be positive without a signal, got {sigma2}")
    rows = [_calibrated(delta, sigma2, float(x), law) for x in weights.ravel()]
    fields = np.array(rows).reshape(*weights.shape, 4)
    return LassoRisk(*np.moveaxis(fields, -1, 0))


def noise_sensitivity(delta: npt.ArrayLike, rho: npt.ArrayLike) -> NoiseSensitivity:
    r"""Worst mean squared error of the tuned LASSO over the variance of the noise.

    With M the minimax risk of soft thresholding, equal to `l1_statistical_dimension`,
    and t its threshold,

    .. math:: M^* = \frac{M(\rho\delta)}{1 - M(\rho\delta)/\delta}, \qquad
        \lambda^* = t\sqrt{1 + M^*/\delta}\,\bigl(1 - M(\rho\delta)/\delta\bigr).

    Asymptotic and exact; the worst is over all laws of x with a fraction ρδ of
    nonzeros. Finite exactly below `l1_weak_threshold`.

    Parameters
    ----------
    delta, rho : array_like
        m/n and k/m, each in [0, 1]; they broadcast.

    Returns
    -------
    NoiseSensitivity
        `minimax_risk`, `sensitivity` and `lam`, each of the broadcast shape.

    Raises
    ------
    ValueError
        If a ratio lies outside [0, 1].

    References
    ----------
    .. [1] D. Donoho, A. Maleki, A. Montanari, "The noise-sensitivity phase transition
       in compressed sensing", IEEE Trans. Inf. Theory 57(10), 2011.

    Examples
    --------
    >>> from sparsetheory.theory.lasso import noise_sensitivity
    >>> noise_sensitivity(0.5, [0.1, 0.3, 0.4]).sensitivity.round(4)
    array([0.3443, 2.968 ,    inf])
    """
    d, r = np.broadcast_arrays(unit_interval("delta", delta), unit_interval("rho", rho))
    M = l1_statistical_dimension(d * r)
    t = np.array([minimax_threshold(float(e)) for e in (d * r).ravel()]).reshape(
        d.shape
    )
    below = (d > M) | (r == 0)
    used = np.divide(M, d, out=np.zeros(d.shape), where=below & (d > 0))
    factor = np.where(below, 1 - used, 1.0)
    sensitivity = np.where(below, M / factor, np.inf)
    # 1 + M* / delta = 1 / factor
    lam = np.where(below, t * np.sqrt(factor), 0.0)
    return NoiseSensitivity(np.asarray(M), sensitivity, np.asarray(lam))


def _calibrated(
    delta: float, sigma2: float, lam: float, law: SparseLaw
) -> tuple[float, float, float, float]:
    # In terms of tau, not alpha: without noise a small lam leaves alpha the same to
    # all digits, and tau proportional to lam.
    def threshold(tau2: float) -> float:
        target = lam / np.sqrt(tau2)

        def excess(alpha: float) -> float:
            kept = threshold_risk(tau2, alpha, law)[1]
            return float(alpha * (1 - kept / delta) - target)

        high = 1.0 + target
        while excess(high) < 0:
            high *= 2
        return float(brentq(excess, 0.0, high, xtol=1e-300, rtol=1e-15, maxiter=1000))

    def surplus(log_tau2: float) -> float:
        tau2 = float(np.exp(log_tau2))
        mse = threshold_risk(tau2, threshold(tau2), law)[0]
        return sigma2 / tau2 + mse / delta / tau2 - 1

    high = float(np.log(2 * sigma2 + law.power / delta))
    while surplus(high) > 0:
        high += 1
    low = min(high - 1, float(np.log(max(sigma2, 2 * TINY))))
    tau2 = float(np.exp(brentq(surplus, low, high, xtol=1e-15, rtol=1e-15)))
    alpha = threshold(tau2)
    return alpha, tau2, *threshold_risk(tau2, alpha, law)
