r"""Sparsity that worst-case theory guarantees: restricted isometry, coherence.

All are sufficient conditions for the recovery of every k-sparse signal; the truth lies
far above, as the weak and strong thresholds show.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import lambertw, xlog1py, xlogy

from sparsetheory.theory.curves import Array, unit_interval

DELTA_MIN = 1e-290  # nearer to 0, products underflow: taken as this


def _larger(upper: float, lower: float) -> float:
    return max(upper, lower)


def _foucart_lai(upper: float, lower: float) -> float:
    ratio = (1 + upper) / (1 - lower) if lower < 1 else np.inf
    return float((1 + np.sqrt(2.0)) / 4 * (ratio - 1))


def _contraction(upper: float, lower: float) -> float:
    return float(np.sqrt(8.0) * (upper + lower) / (2 + upper - lower))


@dataclass(frozen=True)
class RipCondition:
    """A sufficient condition on restricted isometry constants.

    Attributes
    ----------
    algorithm, authors : str
        What is guaranteed to recover all k-sparse signals, and by whom.
    order : int
        The constants are those of order ``order * k``.
    threshold : float
        What `measure` must stay below.
    measure : callable
        Function of the upper and the lower constant; their maximum, the symmetric
        constant, unless the condition treats them apart.
    """

    algorithm: str
    authors: str
    order: int
    threshold: float
    measure: Callable[[float, float], float] = _larger


RIP_CONDITIONS = {
    "l1 k": RipCondition("basis pursuit", "Cai, Zhang 2013", 1, 1 / 3),
    "l1 2k": RipCondition("basis pursuit", "Cai, Zhang 2014", 2, 1 / np.sqrt(2)),
    "l1 asymmetric": RipCondition(
        "basis pursuit", "Foucart, Lai 2009", 2, 1.0, _foucart_lai
    ),
    "iht 1/sqrt(32)": RipCondition(
        "iht", "Blumensath, Davies 2009", 3, 1 / np.sqrt(32)
    ),
    "iht asymmetric": RipCondition(
        "iht", "Blanchard, Cartis, Tanner, Thompson 2011", 3, 1.0, _contraction
    ),
    "iht 1/sqrt(3)": RipCondition("iht, htp", "Foucart 2011", 3, 1 / np.sqrt(3)),
    "iht 0.618": RipCondition("iht", "Zhao, Luo 2020", 3, (np.sqrt(5) - 1) / 2),
    "grades": RipCondition("GraDeS", "Garg, Khandekar 2009", 2, 1 / 3),
    "cosamp 0.1": RipCondition("CoSaMP", "Needell, Tropp 2009", 4, 0.1),
    # The root sqrt(sqrt(11 / 3) - 1) / 2 = .47824, as printed
    "cosamp 0.4782": RipCondition("CoSaMP", "Foucart, Rauhut 2013", 4, 0.4782),
    "sp 0.205": RipCondition("subspace pursuit", "Dai, Milenkovic 2009", 3, 0.205),
    "sp 0.4859": RipCondition("subspace pursuit", "Song, Xia, Liu 2014", 3, 0.4859),
}
"""Conditions by name, for `rip_guarantee`."""


def gaussian_rip_bounds(
    delta: npt.ArrayLike, rho: npt.ArrayLike
) -> tuple[Array, Array]:
    r"""Bounds (U, L) on the restricted isometry constants of Gaussian matrices.

    As n grows with m = δn, k = ρm and N(0, 1/m) entries,
    :math:`(1-L)\|x\|^2 \le \|Ax\|^2 \le (1+U)\|x\|^2` for all k-sparse x, with
    probability tending to 1. Upper bounds on the true constants, by a union over
    supports: :math:`U = \min_{\gamma\ge\rho} \lambda_{\max}(\gamma) - 1`,
    :math:`L = 1 - \lambda_{\min}(\rho)` with H the entropy in nats and

    .. math:: \delta\,\psi_{\max}(\lambda_{\max},\gamma) + H(\delta\gamma) = 0, \quad
        \psi_{\max} = \tfrac12[(1+\gamma)\ln\lambda - \gamma\ln\gamma
        + 1 + \gamma - \lambda], \quad \lambda_{\max} \ge 1 + \gamma,

    .. math:: \delta\,\psi_{\min}(\lambda_{\min},\rho) + H(\delta\rho) = 0, \quad
        \psi_{\min} = H(\rho) + \tfrac12[(1-\rho)\ln\lambda + \rho\ln\rho
        + 1 - \rho - \lambda], \quad \lambda_{\min} \le 1 - \rho.

    Computed to 11 digits.

    Parameters
    ----------
    delta, rho : array_like
        m/n and k/m, each in [0, 1]; they broadcast.

    Returns
    -------
    U, L : ndarray, of the broadcast shape

    Raises
    ------
    ValueError
        If a ratio lies outside [0, 1].

    References
    ----------
    .. [1] J. Blanchard, C. Cartis, J. Tanner, "Compressed sensing: how sharp is the
       restricted isometry property?", SIAM Review 53(1), 2011.

    Examples
    --------
    >>> from sparsetheory.theory.bounds import gaussian_rip_bounds
    >>> U, L = gaussian_rip_bounds(0.5, [0.001, 0.01, 0.1])
    >>> U.round(4), L.round(4)
    (array([0.2423, 0.7433, 2.5034]), array([0.2086, 0.4955, 0.8924]))
    """
    d, r = np.broadcast_arrays(unit_interval("delta", delta), unit_interval("rho", rho))
    d = np.maximum(d, DELTA_MIN)
    # lambda_max rises with gamma and may then fall: the least is at an end.
    return np.minimum(_excess(d, r), _excess(d, np.ones_like(r))), _deficit(d, r)


def rip_guarantee(delta: npt.ArrayLike, condition: RipCondition) -> Array:
    r"""Ratio ρ(δ) below which a condition holds for Gaussian matrices.

    The ρ = k/m at which the `gaussian_rip_bounds` at order · ρ meet the condition; a
    lower bound on where the algorithm recovers all k-sparse signals, as n grows.

    Parameters
    ----------
    delta : array_like
        Undersampling ratios m/n, each in [0, 1].
    condition : RipCondition
        Such as a row of `RIP_CONDITIONS`.

    Returns
    -------
    ndarray, shape of `delta`
        0 at δ = 0.

    Raises
    ------
    ValueError
        If a ratio lies outside [0, 1].

    References
    ----------
    .. [1] J. Blanchard, C. Cartis, J. Tanner, A. Thompson, "Phase transitions for
       greedy sparse approximation algorithms", Appl. Comput. Harmon. Anal. 30(2), 2011.

    Examples
    --------
    >>> from sparsetheory.theory.bounds import RIP_CONDITIONS, rip_guarantee
    >>> (1 / rip_guarantee([0.5, 1.0], RIP_CONDITIONS["l1 asymmetric"])).round(1)
    array([345.1, 317.2])
    """
    d = unit_interval("delta", delta)

    def threshold(x: float) -> float:
        if x == 0.0:
            return 0.0

        def excess(rho: float) -> float:
            U, L = gaussian_rip_bounds(x, min(condition.order * rho, 1.0))
            return condition.measure(float(U), float(L)) - condition.threshold

        # 1 - L vanishes at order * rho = 1; just below, every measure is large.
        end = (1 - 1e-9) / condition.order
        return float(brentq(excess, 1e-12, end, xtol=1e-16, rtol=1e-14))

    return np.array([threshold(float(x)) for x in d.ravel()]).reshape(d.shape)


def welch_bound(n: npt.ArrayLike, m: npt.ArrayLike) -> Array:
    r"""Least coherence that any m × n matrix can have.

    .. math:: \mu \ge \sqrt{\frac{n-m}{m(n-1)}}

    A lower bound; attained by equiangular tight frames alone, which exist for few
    sizes, none with n > m(m + 1)/2 over the reals. 0 where m >= n.

    Parameters
    ----------
    n, m : array_like
        Columns and rows, at least 1; they broadcast.

    Returns
    -------
    ndarray, of the broadcast shape

    Raises
    ------
    ValueError
        If a size is below 1.

    References
    ----------
    .. [1] L. Welch, "Lower bounds on the maximum cross correlation of signals", IEEE
       Trans. Inf. Theory 20(3), 1974.

    Examples
    --------
    >>> from sparsetheory.theory.bounds import welch_bound
    >>> welch_bound(400, [100, 200, 400]).round(4)
    array([0.0867, 0.0501, 0.    ])
    """
    n, m = (np.asarray(a, dtype=np.float64) for a in (n, m))
    n, m = np.broadcast_arrays(n, m)
    wrong = ~((n >= 1) & (m >= 1))
    if wrong.any():
        at = np.argmax(wrong.ravel())
        values = float(n.ravel()[at]), float(m.ravel()[at])
        raise ValueError(f"n, m must be at least 1, got {values}")
    return np.asarray(np.sqrt(np.maximum(n - m, 0) / (m * np.maximum(n - 1, 1))))


def coherence_guarantee(mu: npt.ArrayLike) -> Array:
    r"""Sparsity up to which coherence guarantees basis pursuit and OMP.

    The largest k with

    .. math:: k < \tfrac12 (1 + 1/\mu),

    a sufficient condition, sharp for some matrices; x is also the sparsest solution.
    With `welch_bound` in place of μ it is the most that coherence can promise for any
    matrix of the size.

    Parameters
    ----------
    mu : array_like
        Coherences, the largest inner product of two distinct normalised columns, each
        in [0, 1].

    Returns
    -------
    ndarray, same shape
        Whole numbers; inf where μ = 0.

    Raises
    ------
    ValueError
        If a coherence lies outside [0, 1].

    References
    ----------
    .. [1] D. Donoho, M. Elad, "Optimally sparse representation in general
       (nonorthogonal) dictionaries via ℓ1 minimization", PNAS 100(5), 2003.
    .. [2] J. Tropp, "Greed is good: algorithmic results for sparse approximation", IEEE
       Trans. Inf. Theory 50(10), 2004.

    Examples
    --------
    >>> from sparsetheory.theory.bounds import coherence_guarantee, welch_bound
    >>> coherence_guarantee([0.0, 0.05, 0.2, 1.0])
    array([inf, 10.,  2.,  0.])
    >>> coherence_guarantee(welch_bound(400, [100, 200]))
    array([ 6., 10.])
    """
    return _largest_below(0.5 * (1 + _inverse(unit_interval("mu", mu))))


def block_coherence_guarantee(
    mu_block: npt.ArrayLike, sub_coherence: npt.ArrayLike, size: int
) -> Array:
    r"""Active blocks up to which block coherence guarantees recovery.

    For the ℓ1/ℓ2 norm and block OMP; the largest k with

    .. math:: k d < \tfrac12 \Bigl(\frac1{\mu_B} + d - (d-1)\frac{\nu}{\mu_B}\Bigr),

    a sufficient condition. Size 1 is `coherence_guarantee`.

    Parameters
    ----------
    mu_block : array_like
        Block coherence μ_B, the largest spectral norm of the d × d matrix of inner
        products between two blocks, over d; in [0, 1].
    sub_coherence : array_like
        ν, the largest coherence inside a block, in [0, 1]. These two broadcast.
    size : int
        Columns d of a block, at least 1.

    Returns
    -------
    ndarray, of the broadcast shape
        Numbers of blocks; inf where μ_B = 0 and (d - 1) ν < 1.

    Raises
    ------
    ValueError
        If a coherence lies outside [0, 1] or `size` is not a whole number at least 1.

    References
    ----------
    .. [1] Y. Eldar, P. Kuppinger, H. Bölcskei, "Block-sparse signals: uncertainty
       relations and efficient recovery", IEEE Trans. Signal Process. 58(6), 2010.

    Examples
    --------
    >>> from sparsetheory.theory.bounds import block_coherence_guarantee
    >>> block_coherence_guarantee([0.02, 0.1], 0.05, 4)
    array([5., 1.])
    """
    if not (size >= 1 and size % 1 == 0):
        raise ValueError(f"size must be a whole number, at least 1, got {size}")
    mu, nu = np.broadcast_arrays(
        unit_interval("mu_block", mu_block),
        unit_interval("sub_coherence", sub_coherence),
    )
    margin = np.maximum(1 - (size - 1) * nu, 0.0)
    spread = np.where(margin > 0, np.where(margin > 0, margin, 1) * _inverse(mu), 0.0)
    return _largest_below(0.5 * (spread + size) / size)


def _inverse(mu: Array) -> Array:
    return np.asarray(np.where(mu > 0, 1 / np.maximum(mu, 1e-300), np.inf))


def _largest_below(bound: Array) -> Array:
    """Return the largest whole number below; a bound whole but for rounding counts."""
    return np.asarray(np.ceil(bound * (1 - 1e-12)) - 1)


def _entropy(p: Array) -> Array:
    return np.asarray(-xlogy(p, p) - xlog1py(1 - p, -p))


def _excess(delta: Array, g: Array) -> Array:
    """Return the largest eigenvalue's bound, less 1."""
    c = 2 * _entropy(delta * g) / delta - xlogy(g, g)
    return np.asarray(g + (1 + g) * _beside(np.log1p(g) + c / (1 + g), 1))


def _deficit(delta: Array, g: Array) -> Array:
    """Return 1 less the bound on the smallest eigenvalue."""
    c = 2 * _entropy(delta * g) / delta + 2 * _entropy(g) + xlogy(g, g)
    inside = np.where(g < 1, g, 0.0)
    w = _beside(np.log1p(-inside) + c / (1 - inside), -1)
    return np.asarray(np.where(g < 1, g - (1 - g) * w, 1.0))


def _beside(e: Array, sign: int) -> Array:
    """Return the w of this sign with ``w - log(1 + w) = e``, for e >= 0."""
    s = sign * np.sqrt(2 * np.maximum(e, 0.0))
    # Temme's series where the two branches of Lambert's function meet
    series = s * (1 + s * (1 / 3 + s * (1 / 36 + s * (-1 / 270 + s / 4320))))
    branch = -1 if sign > 0 else 0
    far = -lambertw(-np.exp(-1 - np.maximum(e, 1e-5)), branch).real - 1
    return np.asarray(np.where(np.abs(s) < 0.03, series, far))
