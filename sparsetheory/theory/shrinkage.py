r"""Risks of hard and soft thresholding of one normal observation, in closed form.

For :math:`z \sim N(\mu, 1)` and a threshold :math:`\lambda`: hard thresholding keeps z
where :math:`|z| > \lambda`, and soft thresholding shrinks it by :math:`\lambda` too.
"""

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from sparsetheory.theory.curves import Array, density


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
    m, t = _check(mu, lam)
    a, b = t - m, t + m
    inside = ndtr(a) - ndtr(-b)
    tails = ndtr(-a) + ndtr(-b)
    return np.asarray(m**2 * inside + tails + a * density(a) + b * density(b))


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
    m, t = _check(mu, lam)
    a, b = t - m, t + m
    inside = ndtr(a) - ndtr(-b)
    tails = ndtr(-a) + ndtr(-b)
    rest = b * density(a) + a * density(b)
    return np.asarray(m**2 * inside + (1 + t**2) * tails - rest)


def _check(mu: npt.ArrayLike, lam: npt.ArrayLike) -> tuple[Array, Array]:
    m, t = (np.asarray(a, dtype=np.float64) for a in (mu, lam))
    for name, values, good in (
        ("mu must be finite", m, np.isfinite(m)),
        ("lam must be finite and not negative", t, np.isfinite(t) & (t >= 0)),
    ):
        if not good.all():
            raise ValueError(f"{name}, got {values[~good].ravel()[0]}")
    return m, t
