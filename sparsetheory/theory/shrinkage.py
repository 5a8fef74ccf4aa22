r"""Risk, bias and stability of thresholding one normal observation, in closed form.

For :math:`z \sim N(\mu, 1)` and a threshold :math:`\lambda`: hard thresholding keeps z
where :math:`|z| > \lambda`, and soft thresholding shrinks it by :math:`\lambda` too.
"""

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from sparsetheory.theory.curves import Array, density
from sparsetheory.theory.quadrature import legendre

FAR = 40.0  # standard deviations, from where on tails and densities are no floats


def hard_threshold_risk(mu: npt.ArrayLike, lam: npt.ArrayLike) -> Array:
    r"""Mean squared error of hard thresholding, exact.

    .. math:: \mu^2 P(|z| \le \lambda) + Q(a) + Q(b) + a\varphi(a) + b\varphi(b),
        \qquad a = \lambda - \mu, \; b = \lambda + \mu,

    with Q the normal tail. It tends to 1 as :math:`|\mu|` grows.

    Parameters
    ----------
    mu, lam : array_like
        Mean, and threshold, not negative, in standard deviations; they broadcast.

    Returns
    -------
    ndarray, of the broadcast shape

    Raises
    ------
    ValueError
        If a mean is not finite or a threshold negative.

    References
    ----------
    .. [1] D. Donoho, I. Johnstone, "Ideal spatial adaptation by wavelet shrinkage",
       Biometrika 81(3), 1994.

    Examples
    --------
    >>> from sparsetheory.theory.shrinkage import hard_threshold_risk
    >>> hard_threshold_risk([0.0, 8.0], 2.0).round(4)
    array([0.2615, 1.    ])
    """
    m, _, a, b = _check(mu, lam)
    with np.errstate(over="ignore"):
        inside, tails = ndtr(a) - ndtr(-b), ndtr(-a) + ndtr(-b)
        return np.asarray(m * (m * inside) + tails + a * density(a) + b * density(b))


def soft_threshold_risk(mu: npt.ArrayLike, lam: npt.ArrayLike) -> Array:
    r"""Mean squared error of soft thresholding, exact.

    .. math:: \mu^2 P(|z| \le \lambda) + (1 + \lambda^2) (Q(a) + Q(b))
        - b\varphi(a) - a\varphi(b), \qquad a = \lambda - \mu, \; b = \lambda + \mu,

    with Q the normal tail. It grows with :math:`|\mu|`, to :math:`1 + \lambda^2`.

    Parameters
    ----------
    mu, lam : array_like
        Mean, and threshold, not negative, in standard deviations; they broadcast.

    Returns
    -------
    ndarray, of the broadcast shape

    Raises
    ------
    ValueError
        If a mean is not finite or a threshold negative.

    References
    ----------
    .. [1] D. Donoho, I. Johnstone, "Ideal spatial adaptation by wavelet shrinkage",
       Biometrika 81(3), 1994.

    Examples
    --------
    >>> from sparsetheory.theory.shrinkage import soft_threshold_risk
    >>> soft_threshold_risk([0.0, 8.0], 2.0).round(4)
    array([0.0115, 5.    ])
    """
    m, t, a, b = _check(mu, lam)
    with np.errstate(over="ignore", invalid="ignore"):
        tails = ndtr(-a) + ndtr(-b)
        rest = (t + m) * density(a) + a * density(b)
        far = m * (m * (ndtr(a) - ndtr(-b))) + (1 + t**2) * tails - rest
        # mu^2 + E(z - a)_+^2 + E(z - b)_+^2 - 2 mu (E(z - a)_+ - E(z - b)_+)
        means = _excess(a, 1) - _excess(b, 1)
        near = m * (m - 2 * means) + _excess(a, 2) + _excess(b, 2)
    return np.where(a < 0, far, near)


def hard_threshold_bias(mu: npt.ArrayLike, lam: npt.ArrayLike) -> Array:
    r"""Mean error of hard thresholding, exact.

    .. math:: \varphi(a) - \varphi(b) - \mu P(|z| \le \lambda),
        \qquad a = \lambda - \mu, \; b = \lambda + \mu.

    It vanishes as :math:`|\mu|` grows.

    Parameters
    ----------
    mu, lam : array_like
        Mean, and threshold, not negative, in standard deviations; they broadcast.

    Returns
    -------
    ndarray, of the broadcast shape

    Raises
    ------
    ValueError
        If a mean is not finite or a threshold negative.

    Examples
    --------
    >>> from sparsetheory import hard_threshold_bias
    >>> hard_threshold_bias([0.0, 1.0, 8.0], 2.0).round(4)
    array([ 0.    , -0.6025, -0.    ])
    """
    m, _, a, b = _check(mu, lam)
    bias = density(a) - density(b) - m * (ndtr(a) - ndtr(-b))
    return np.asarray(np.sign(mu) * bias)


def soft_threshold_bias(mu: npt.ArrayLike, lam: npt.ArrayLike) -> Array:
    r"""Mean error of soft thresholding, exact.

    .. math:: \varphi(a) - \varphi(b) - \mu P(|z| \le \lambda) - \lambda (Q(a) - Q(b)),
        \qquad a = \lambda - \mu, \; b = \lambda + \mu,

    with Q the normal tail. It tends to ``-lam`` as the mean grows.

    Parameters
    ----------
    mu, lam : array_like
        Mean, and threshold, not negative, in standard deviations; they broadcast.

    Returns
    -------
    ndarray, of the broadcast shape

    Raises
    ------
    ValueError
        If a mean is not finite or a threshold negative.

    Examples
    --------
    >>> from sparsetheory import soft_threshold_bias
    >>> soft_threshold_bias([0.0, 1.0, 8.0], 2.0).round(4)
    array([ 0.    , -0.9171, -2.    ])
    """
    m, t, a, b = _check(mu, lam)
    bias = hard_threshold_bias(m, t) - t * (ndtr(-a) - ndtr(-b))
    return np.asarray(np.sign(mu) * bias)


def hard_threshold_degrees(mu: npt.ArrayLike, lam: npt.ArrayLike) -> Array:
    r"""Degrees of freedom of hard thresholding, exact.

    .. math:: \frac{d}{d\mu} E\,\mathrm{hard}(z) = \mathrm{Cov}(\mathrm{hard}(z), z)
        = Q(a) + Q(b) + \lambda (\varphi(a) + \varphi(b)),
        \qquad a = \lambda - \mu, \; b = \lambda + \mu,

    with Q the normal tail: the chance of being kept, and what the jumps by λ at the
    threshold add. It may be above 1, where noise is amplified.

    Parameters
    ----------
    mu, lam : array_like
        Mean, and threshold, not negative, in standard deviations; they broadcast.

    Returns
    -------
    ndarray, of the broadcast shape

    Raises
    ------
    ValueError
        If a mean is not finite or a threshold negative.

    References
    ----------
    .. [1] R. Tibshirani, "Degrees of freedom and model search", Statist. Sinica 25(3),
       2015.

    Examples
    --------
    >>> from sparsetheory import hard_threshold_degrees
    >>> hard_threshold_degrees([0.0, 2.0, 8.0], 2.0).round(4)
    array([0.2615, 1.2982, 1.    ])
    """
    m, t, a, b = _check(mu, lam)
    return np.asarray(soft_threshold_degrees(m, t) + t * (density(a) + density(b)))


def soft_threshold_degrees(mu: npt.ArrayLike, lam: npt.ArrayLike) -> Array:
    r"""Degrees of freedom of soft thresholding: the chance Q(a) + Q(b) of being kept.

    Exact, as the mean of its slope; at most 1, since soft thresholding never moves two
    numbers apart.

    Parameters
    ----------
    mu, lam : array_like
        Mean, and threshold, not negative, in standard deviations; they broadcast.

    Returns
    -------
    ndarray, of the broadcast shape

    Raises
    ------
    ValueError
        If a mean is not finite or a threshold negative.

    See Also
    --------
    hard_threshold_degrees : of which it is a part.

    Examples
    --------
    >>> from sparsetheory import soft_threshold_degrees
    >>> soft_threshold_degrees([0.0, 2.0, 8.0], 2.0).round(4)
    array([0.0455, 0.5   , 1.    ])
    """
    _, _, a, b = _check(mu, lam)
    return np.asarray(ndtr(-a) + ndtr(-b))


def _excess(x: Array, power: int) -> Array:
    """Return ``E (z - x)_+^power`` for a normal z, without cancellation; x >= 0."""
    nodes, w = legendre()
    x = np.maximum(x, 0.0)[..., None]
    length = 80 / (x + np.hypot(x, np.sqrt(80.0)))  # where the exponent is -40
    s = length * nodes
    mean = np.sum(length * w * s**power * np.exp(-s * (x + 0.5 * s)), axis=-1)
    return np.asarray(density(x[..., 0]) * mean)


def _check(mu: npt.ArrayLike, lam: npt.ArrayLike) -> tuple[Array, Array, Array, Array]:
    """Return the size of the mean, the threshold, and where both ends are from it."""
    m, t = (np.asarray(a, dtype=np.float64) for a in (mu, lam))
    for name, values, good in (
        ("mu must be finite", m, np.isfinite(m)),
        ("lam must be finite and not negative", t, np.isfinite(t) & (t >= 0)),
    ):
        if not good.all():
            raise ValueError(f"{name}, got {values[~good].ravel()[0]}")
    m, t = np.broadcast_arrays(np.abs(m), t)
    return m, t, np.clip(t - m, -FAR, FAR), np.minimum(t, FAR) + np.minimum(m, FAR)
