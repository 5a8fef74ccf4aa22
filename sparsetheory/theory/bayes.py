r"""What message passing reaches when the law of the signal is known."""

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from scipy.special import expit

from sparsetheory.theory.curves import Array, density, unit_interval
from sparsetheory.theory.quadrature import REACH, legendre


def bayes_amp_threshold(eps: npt.ArrayLike) -> Array:
    r"""Least δ at which Bayes-optimal AMP recovers a Bernoulli-Gauss signal.

    .. math:: \delta = \sup_{s > 0} \frac{\mathrm{mmse}(s)}{s}

    with mmse(s) the least mean squared error for X seen in noise of variance s, X being
    0 but for a fraction ε of N(0, 1) entries. Asymptotic and exact for Gaussian
    matrices without noise and the uninformed start; it lies between the information
    limit ε and the δ of ℓ1. Computed to 10 digits.

    Parameters
    ----------
    eps : array_like
        Fractions of nonzeros, each in [0, 1].

    Returns
    -------
    ndarray, same shape

    Raises
    ------
    ValueError
        If a fraction lies outside [0, 1].

    See Also
    --------
    sparsetheory.theory.curves.l1_statistical_dimension

    References
    ----------
    .. [1] F. Krzakala, M. Mézard, F. Sausset, Y. Sun, L. Zdeborová, "Statistical-
       physics-based reconstruction in compressed sensing", Phys. Rev. X 2, 2012.

    Examples
    --------
    >>> from sparsetheory.theory.bayes import bayes_amp_threshold
    >>> bayes_amp_threshold([0.1, 0.2, 0.4]).round(5)
    array([0.20756, 0.35541, 0.58925])
    """
    e = unit_interval("eps", eps)
    return np.array([_threshold(float(x)) for x in e.ravel()]).reshape(e.shape)


def bernoulli_gauss_mmse(eps: float, s: npt.ArrayLike) -> Array:
    r"""Least mean squared error for a Bernoulli-Gauss entry in Gaussian noise.

    .. math:: \mathrm{mmse}(s) = \frac{\varepsilon}{1+s}
        \bigl(s + E[(1 - \pi(\sqrt{1+s}\,g))\, g^2]\bigr)

    with g normal and π(y) the posterior probability that X is not 0, X being N(0, 1)
    with probability ε and else 0, and y = X plus noise of variance s. Exact; computed
    to 12 digits.

    Parameters
    ----------
    eps : float
        Fraction of nonzeros, in [0, 1].
    s : array_like
        Variances of the noise, positive.

    Returns
    -------
    ndarray, shape of `s`

    Raises
    ------
    ValueError
        If `eps` lies outside [0, 1] or a variance is not positive and finite.

    Examples
    --------
    >>> from sparsetheory.theory.bayes import bernoulli_gauss_mmse
    >>> bernoulli_gauss_mmse(0.1, [0.01, 1.0]).round(5)
    array([0.00172, 0.08554])
    """
    e = float(unit_interval("eps", eps))
    v = np.asarray(s, dtype=np.float64)
    bad = v[~((v > 0) & np.isfinite(v))]
    if bad.size:
        raise ValueError(f"s must be positive and finite, got {bad.ravel()[0]}")
    return np.asarray(e * v * _error_ratio(e, v))


def _error_ratio(eps: float, s: Array) -> Array:
    """Return mmse(s) / (eps s)."""
    if eps in (0.0, 1.0):
        return np.asarray(1 / (1 + s))
    # log of the odds of 0 against N(0, 1) at y = 0; they fall as exp(-g^2 / 2s)
    odds = np.log1p(-eps) - np.log(eps) + 0.5 * np.log1p(1 / s)
    x, w = legendre()
    # In u = g / sqrt(s), which resolves the fall; the knee is at sqrt(2 odds).
    knee = np.sqrt(2 * np.maximum(odds, 0.0))
    end = np.minimum(np.sqrt(knee**2 + REACH**2), REACH / np.sqrt(s))
    middle = np.minimum(knee, end)
    total = np.zeros(s.shape)
    for low, high in ((0 * end, middle), (middle, end)):
        u = low[..., None] + (high - low)[..., None] * x
        g = np.sqrt(s)[..., None] * u
        f = 2 * density(g) * u * u * expit(odds[..., None] - 0.5 * u * u)
        total += (high - low) * (f @ w)
    # E[(1 - pi) g^2] / s = s^(1/2) times the integral over u of the above
    return np.asarray((1 + np.sqrt(s) * total) / (1 + s))


def _threshold(eps: float) -> float:
    if eps in (0.0, 1.0):
        return eps

    def negative(log_s: npt.ArrayLike) -> Array:
        return -_error_ratio(eps, np.exp(np.asarray(log_s)))

    grid = np.linspace(-40.0, 10.0, 51)
    best = int(np.argmin(negative(grid)))
    ends = grid[max(best - 1, 0)], grid[min(best + 1, grid.size - 1)]
    found = minimize_scalar(
        lambda z: float(negative(z)),
        bounds=ends,
        method="bounded",
        options={"xatol": 1e-7},
    )
    return eps * -float(found.fun)
