r"""Where recovery succeeds in the plane of δ = m/n and ρ = k/m, as n grows."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import erfcx, ndtr

Array = npt.NDArray[np.float64]

L1_FACES, NONNEGATIVE_FACES = 2, 1
"""How many signs an entry off the support may take."""

T_MAX = 37.0  # beyond, normal tails underflow: delta < 1e-297


def l1_weak_threshold(delta: npt.ArrayLike) -> Array:
    r"""Donoho-Tanner weak threshold ρ(δ) of basis pursuit, Gaussian matrices.

    Asymptotic and exact: below it almost every k-sparse signal is recovered, above it
    almost none. In terms of the normal density φ and upper tail Q,

    .. math:: \delta = \frac{2\varphi(t)}{t + 2(\varphi(t) - t Q(t))}, \qquad
        \rho = 1 - \frac{t\,Q(t)}{\varphi(t)}, \qquad t > 0.

    Parameters
    ----------
    delta : array_like
        Undersampling ratios m/n, each in [0, 1].

    Returns
    -------
    ndarray, same shape
        Ratio ρ = k/m at the transition.

    Raises
    ------
    ValueError
        If a ratio lies outside [0, 1].

    References
    ----------
    .. [1] D. Donoho, A. Maleki, A. Montanari, "Message-passing algorithms for
       compressed sensing", PNAS 106(45), 2009.
    .. [2] D. Donoho, J. Tanner, "Neighborliness of randomly projected simplices in high
       dimensions", PNAS 102(27), 2005.

    Examples
    --------
    >>> from sparsetheory import l1_weak_threshold
    >>> l1_weak_threshold([0.1, 0.5, 0.9]).round(4)
    array([0.1894, 0.3857, 0.6782])
    """
    return _weak_threshold(delta, L1_FACES)


def nonnegative_weak_threshold(delta: npt.ArrayLike) -> Array:
    r"""Weak threshold ρ(δ) of basis pursuit with ``x >= 0`` imposed.

    Asymptotic and exact for Gaussian matrices and non-negative signals; like
    `l1_weak_threshold` with

    .. math:: \delta = \frac{\varphi(t)}{t + \varphi(t) - t Q(t)}.

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
    .. [1] D. Donoho, J. Tanner, "Sparse nonnegative solution of underdetermined linear
       equations by linear programming", PNAS 102(27), 2005.

    Examples
    --------
    >>> from sparsetheory import nonnegative_weak_threshold
    >>> float(nonnegative_weak_threshold(0.5).round(4))
    0.5582
    """
    return _weak_threshold(delta, NONNEGATIVE_FACES)


def l1_statistical_dimension(k_over_n: npt.ArrayLike) -> Array:
    r"""Statistical dimension per coordinate of the ℓ1 descent cone at a k-sparse point.

    .. math:: \psi(s) = \min_{t \ge 0} s(1+t^2) + (1-s)\, E(|g|-t)_+^2

    Basis pursuit succeeds with Gaussian matrices when δ > ψ(k/n), asymptotically; n ψ
    is within sqrt(n / k) + 1 of the exact statistical dimension.

    Parameters
    ----------
    k_over_n : array_like
        Fractions of nonzeros, each in [0, 1].

    Returns
    -------
    ndarray, same shape

    Raises
    ------
    ValueError
        If a fraction lies outside [0, 1].

    References
    ----------
    .. [1] D. Amelunxen, M. Lotz, M. McCoy, J. Tropp, "Living on the edge: phase
       transitions in convex programs with random data", Inf. Inference 3(3), 2014.

    Examples
    --------
    >>> from sparsetheory import l1_statistical_dimension
    >>> float(l1_statistical_dimension(0.1).round(6))
    0.328794
    """
    s = unit_interval("k_over_n", k_over_n)
    t = np.array([minimax_threshold(float(e)) for e in s.ravel()]).reshape(s.shape)
    with np.errstate(invalid="ignore"):
        psi: Array = s * (1 + t * t) + (1 - s) * L1_FACES * soft_risk(t)
    return np.where(s == 0.0, 0.0, psi)


def minimax_threshold(s: float) -> float:
    """Return the t at which `l1_statistical_dimension` attains its minimum."""
    if s == 0.0:
        return float("inf")
    if s == 1.0:
        return 0.0

    def slope(t: float) -> float:
        return float(s * t - (1 - s) * L1_FACES * soft_mean(t))

    return _root(slope)


def density(t: Any) -> Any:
    """Return the standard normal density."""
    return np.exp(-0.5 * t * t) / np.sqrt(2.0 * np.pi)


def soft_mean(t: Any) -> Any:
    """Return ``E (g - t)_+`` for a standard normal g."""
    return density(t) * (1.0 - mills(t) * t)


def soft_risk(t: Any) -> Any:
    """Return ``E (g - t)_+^2`` for a standard normal g."""
    return (1.0 + t * t) * ndtr(-t) - t * density(t)


def mills(t: Any) -> Any:
    """Return the ratio of the upper normal tail to the density."""
    return np.sqrt(np.pi / 2.0) * erfcx(t / np.sqrt(2.0))


def unit_interval(name: str, value: npt.ArrayLike) -> Array:
    """Return `value` as an array, or raise unless all of it lies in [0, 1]."""
    array = np.asarray(value, dtype=np.float64)
    outside = array[~((array >= 0.0) & (array <= 1.0))]
    if outside.size:
        raise ValueError(f"{name} must lie in [0, 1], got {outside.ravel()[0]}")
    return array


def weak_parameter(delta: npt.ArrayLike, faces: int) -> Array:
    """Return the t of the weak curve at each δ: from ∞ at 0 down to 0 at 1."""
    d = unit_interval("delta", delta)

    def parameter(target: float) -> float:
        if target in (0.0, 1.0):
            return 0.0 if target else float("inf")
        return _root(
            lambda t: target * (t + faces * soft_mean(t)) - faces * float(density(t))
        )

    return np.array([parameter(float(x)) for x in d.ravel()]).reshape(d.shape)


def _weak_threshold(delta: npt.ArrayLike, faces: int) -> Array:
    t = weak_parameter(delta, faces)
    with np.errstate(invalid="ignore"):
        rho = 1.0 - t * mills(t)
    return np.where(np.isinf(t), 0.0, rho)


def _root(increasing: Callable[[float], float]) -> float:
    """Return the root in [0, T_MAX], or T_MAX if it lies beyond."""
    if increasing(T_MAX) <= 0.0:
        return T_MAX
    return float(brentq(increasing, 0.0, T_MAX, xtol=1e-15, rtol=1e-15))
