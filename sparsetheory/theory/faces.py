r"""When all signals at once are recovered: thresholds from counting faces.

A random projection from n to m = δn dimensions loses a face of dimension k = ρm when,
for some face of dimension ν n, ν >= δ, both the internal and the external angle are
met. With a = ρδ and b = ν - a the exponents per n are, from Donoho [1]_,

    combinatorial  (1 - a) H(b / (1 - a)) + b log 2     (no b log 2 for the simplex)
    internal       -(a u^2 / 2 + b log(erfcx(u / sqrt 2) / 2)),   b / ν = u Q(u) / φ(u)
    external       min_x ν x^2 - (1 - ν) log G(x),   G(x) = erf(x), or Φ(sqrt(2) x)

Their sum, combinatorial less angles, is zero at the weak threshold for ν = δ; the
number of faces adds H(a) (their supports) and a log 2 (their signs). Neither depends on
ν, and below the weak threshold the sum falls with ν, so that ν = δ decides.

.. [1] D. Donoho, "High-dimensional centrally symmetric polytopes with neighborliness
   proportional to dimension", Discrete Comput. Geom. 35, 2006.
"""

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import entr, erf, erfc, erfcx, ndtr, xlog1py

from sparsetheory.theory.curves import (
    L1_FACES,
    NONNEGATIVE_FACES,
    Array,
    mills,
    unit_interval,
    weak_parameter,
)

L1_STRONG_LIMIT = float(2 * ndtr(-np.sqrt(2 * np.log(2.0))))
r"""True strong threshold of ℓ1 as δ → 1, 2Q(√(2 ln 2)) = .2390...

C. Dwork, F. McSherry, K. Talwar, "The price of privacy and the limits of LP decoding",
STOC 2007. `l1_strong_threshold` tends to .1685 there, a bound from below.
"""

DELTA_MIN = 1e-290  # nearer to 0, normal tails underflow: taken as this
U_MIN, U_MAX = 1e-8, 100.0  # rho just under 1, and less than at DELTA_MIN


def l1_strong_threshold(delta: npt.ArrayLike) -> Array:
    r"""Bound below which basis pursuit recovers all k-sparse signals at once.

    The ρ at which the expected number of lost faces of the cross-polytope stops
    vanishing as n grows with m = δn and k = ρm. A union bound, so a lower bound on the
    true strong threshold: at δ → 1 it is .1685 and the truth `L1_STRONG_LIMIT` = .2390.

    With u from ρ = 1 - u Q(u)/φ(u), Q and φ the upper tail and density of the normal
    law, and a = ρδ, b = (1 - ρ)δ, it is the root in (0, weak threshold) of

    .. math:: -a\log a - b\log b - (1-\delta)\log(1-\delta) + a \log 2
        + \frac{a u^2}{2} + b \log \operatorname{erfcx}\frac{u}{\sqrt2}
        = \min_x \delta x^2 - (1-\delta)\log\operatorname{erf} x.

    Parameters
    ----------
    delta : array_like
        Undersampling ratios m/n, each in [0, 1].

    Returns
    -------
    ndarray, same shape
        Ratio ρ = k/m; 0 at δ = 0.

    Raises
    ------
    ValueError
        If a ratio lies outside [0, 1].

    See Also
    --------
    l1_sectional_threshold, sparsetheory.theory.curves.l1_weak_threshold

    References
    ----------
    .. [1] D. Donoho, "High-dimensional centrally symmetric polytopes with
       neighborliness proportional to dimension", Discrete Comput. Geom. 35, 2006.

    Examples
    --------
    >>> from sparsetheory.theory.faces import l1_strong_threshold
    >>> l1_strong_threshold([0.1, 0.5, 0.9]).round(6)
    array([0.048802, 0.089416, 0.140416])
    """
    return _threshold(delta, L1_FACES, supports=True, signs=True)


def l1_sectional_threshold(delta: npt.ArrayLike) -> Array:
    r"""Bound below which basis pursuit recovers every signal on almost every support.

    Between the weak threshold (almost every support and sign pattern) and the strong
    one (all): the signs are all, the support is typical. The equation of
    `l1_strong_threshold` without the choice of the support,
    :math:`-a\log a - (1-a)\log(1-a)`. A union bound, so a lower bound on the truth.

    Parameters
    ----------
    delta : array_like
        Undersampling ratios m/n, each in [0, 1].

    Returns
    -------
    ndarray, same shape
        Ratio ρ = k/m; 0 at δ = 0.

    Raises
    ------
    ValueError
        If a ratio lies outside [0, 1].

    References
    ----------
    .. [1] D. Donoho, "High-dimensional centrally symmetric polytopes with
       neighborliness proportional to dimension", Discrete Comput. Geom. 35, 2006.

    Examples
    --------
    >>> from sparsetheory.theory.faces import l1_sectional_threshold
    >>> l1_sectional_threshold([0.1, 0.5, 0.9]).round(6)
    array([0.108428, 0.190222, 0.290639])
    """
    return _threshold(delta, L1_FACES, supports=False, signs=True)


def nonnegative_strong_threshold(delta: npt.ArrayLike) -> Array:
    r"""Bound below which all non-negative k-sparse signals are recovered at once.

    For ``sum(x)`` minimised over ``x >= 0``: faces of the simplex instead of the
    cross-polytope. The equation of `l1_strong_threshold` with no sign to choose,
    neither on the support (no :math:`a\log2`) nor off it (b log 2 less on the left),
    and :math:`\operatorname{erf} x` replaced by :math:`\Phi(\sqrt2 x)`. A union bound,
    so a lower bound on the truth.

    Signs are known, so that almost every support is what the weak threshold is about,
    and there is no sectional one besides.

    Parameters
    ----------
    delta : array_like
        Undersampling ratios m/n, each in [0, 1].

    Returns
    -------
    ndarray, same shape
        Ratio ρ = k/m; 0 at δ = 0.

    Raises
    ------
    ValueError
        If a ratio lies outside [0, 1].

    References
    ----------
    .. [1] D. Donoho, J. Tanner, "Neighborliness of randomly projected simplices in high
       dimensions", PNAS 102(27), 2005.

    Examples
    --------
    >>> from sparsetheory.theory.faces import nonnegative_strong_threshold
    >>> nonnegative_strong_threshold([0.1, 0.5, 0.9]).round(6)
    array([0.060131, 0.133457, 0.266558])
    """
    return _threshold(delta, NONNEGATIVE_FACES, supports=True, signs=False)


def _threshold(
    delta: npt.ArrayLike, faces: int, *, supports: bool, signs: bool
) -> Array:
    d = unit_interval("delta", delta)
    d = np.where(d > 0, np.maximum(d, DELTA_MIN), 0.0)
    t = weak_parameter(d, faces)  # the strong threshold lies below the weak one
    rho = [
        _root(float(x), float(low), supports, signs)
        for x, low in zip(d.ravel(), t.ravel(), strict=True)
    ]
    return np.array(rho).reshape(d.shape)


def _root(delta: float, low: float, supports: bool, signs: bool) -> float:
    if delta == 0.0:
        return 0.0
    # All exponents are taken per row, which keeps them finite as delta -> 0.
    fixed = -np.log(delta) + _entropy_beside(delta) - _external(delta, signs)

    def exponent(u: float) -> float:
        b = u * float(mills(u))
        a = 1 - b
        total = fixed + 0.5 * a * u * u + b * np.log(erfcx(u / np.sqrt(2.0)))
        total += float(entr(a) + entr(b)) + np.log(2.0) * (a if signs else -b)
        if not supports:
            total += a * np.log(a * delta) - a * _entropy_beside(a * delta)
        return float(total)

    u = float(brentq(exponent, max(low, U_MIN), U_MAX, xtol=1e-15, rtol=1e-15))
    return 1 - u * float(mills(u))


def _entropy_beside(x: float) -> float:
    """Return -(1 - x) log(1 - x) / x."""
    return -float(xlog1py(1 - x, -x)) / x


def _external(delta: float, signs: bool) -> float:
    """Return the least of x^2 - (1 - delta) / delta log G(x) over x > 0."""
    scale = 1.0 if signs else 0.5  # G = 1 - scale erfc
    if delta == 1.0:
        return 0.0

    def slope(x: float) -> float:
        G = float(erf(x)) if signs else float(ndtr(np.sqrt(2.0) * x))
        slope_of_log = 2 * scale / np.sqrt(np.pi) * float(np.exp(-x * x)) / G
        return float(2 * delta * x - (1 - delta) * slope_of_log)

    x = float(brentq(slope, 1e-160, 28.0, xtol=1e-15, rtol=1e-15))
    return x * x - (1 - delta) / delta * float(np.log1p(-scale * erfc(x)))
