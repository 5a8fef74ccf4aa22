r"""How many rows it takes to find the support: LASSO, OMP and exhaustive search."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import erf, erfc

from sparsetheory.theory.curves import Array, density
from sparsetheory.theory.quadrature import REACH, bisect, log_integral

L0_WEAK_THRESHOLD = 1.0
"""ρ = k/m below which exhaustive search finds almost every signal (see `l0_rows`)."""

L0_STRONG_THRESHOLD = 0.5
"""ρ = k/m up to which it finds all signals (see `l0_uniform_rows`)."""


@dataclass(frozen=True)
class SupportThetas:
    """What `lasso_support_thetas` returns.

    Attributes
    ----------
    lower, upper : float
        With fewer than ``2 lower k log(n - k)`` rows the LASSO misses the signed
        support almost surely, with more than ``2 upper k log(n - k)`` it finds it.
    gamma : float
        Incoherence, 1 minus the largest ℓ1 norm of the coefficients that predict a
        column off the support from those on it; `upper` is inf unless it is positive.
    """

    lower: float
    upper: float
    gamma: float


def lasso_support_probability(
    n: npt.ArrayLike, m: npt.ArrayLike, k: npt.ArrayLike
) -> Array:
    r"""Exact probability that the LASSO path starts from the right signed support.

    Without noise and as λ → 0 the LASSO has the support and signs of x if and only if
    the irrepresentable condition holds; for a Gaussian matrix

    .. math:: P = E \Bigl[ \operatorname{erf}\Bigl(
        \sqrt{\chi^2_{m-k+1} / 2k} \Bigr)^{n-k} \Bigr].

    Exact for independent Gaussian entries of any variance; computed to 11 digits. Not
    the probability that basis pursuit recovers x, which is larger: for any λ > 0 a
    solution with the right limit may have small wrong entries.

    Parameters
    ----------
    n, m, k : array_like
        Columns, rows and nonzeros; they broadcast.

    Returns
    -------
    ndarray, of the broadcast shape
        1 where k = 0, and 0 where k > m.

    Raises
    ------
    ValueError
        If not ``0 <= k <= n`` and ``0 <= m`` and ``1 <= n``, all whole.

    See Also
    --------
    support_rows, sparsetheory.theory.volumes.l1_exact_success_probability

    References
    ----------
    .. [1] P. Zhao, B. Yu, "On model selection consistency of Lasso", J. Mach. Learn.
       Res. 7, 2006.
    .. [2] M. Wainwright, "Sharp thresholds for high-dimensional and noisy sparsity
       recovery using ℓ1-constrained quadratic programming (Lasso)", IEEE Trans. Inf.
       Theory 55(5), 2009.

    Examples
    --------
    >>> from sparsetheory.theory.support import lasso_support_probability
    >>> lasso_support_probability(200, 100, [8, 10, 12]).round(4)
    array([0.8427, 0.5807, 0.3074])
    """
    n, m, k = _sizes(n, m, k)
    P = np.where(k > m, 0.0, 1.0)
    some = (k > 0) & (k <= m) & (k < n)
    freedom, power, scale = (m - k)[some], (n - k)[some], np.sqrt(k[some])
    if not freedom.size:
        return P

    def log_chi(u: Array) -> Array:
        # 0 log 0 = 0 where there is one degree of freedom
        return np.asarray(freedom[:, None] * np.log(u) - 0.5 * u * u)

    def log_f(u: Array) -> Array:
        t = u / scale[:, None]
        tail = erfc(t / np.sqrt(2.0))
        return np.asarray(log_chi(u) + power[:, None] * np.log1p(-tail))

    def minus_slope(u: Array) -> Array:
        t = u / scale
        off = 2 * density(t) / erf(t / np.sqrt(2.0)) / scale
        return np.asarray(u - freedom / u - power * off)

    mode = np.sqrt(freedom)
    total = log_integral(log_chi, np.maximum(mode - REACH, 0), mode + REACH)
    peak = bisect(minus_slope, 0 * mode, np.sqrt(freedom + power))
    good = log_integral(log_f, np.maximum(peak - REACH, 0), peak + REACH)
    P[some] = np.minimum(np.exp(good - total), 1.0)
    return P


def support_rows(n: npt.ArrayLike, k: npt.ArrayLike) -> Array:
    r"""Rows at which the LASSO, or OMP, begins to find the support: 2k log(n - k).

    Asymptotic and sharp, for Gaussian matrices, as n, k and n - k grow: with a factor
    above 1 of these rows the LASSO with a suitable λ finds the signed support almost
    surely, below 1 almost never [1]_. Orthogonal matching pursuit finds the support
    with a factor above 1, at high signal-to-noise ratio [2]_; for large nonzeros of
    unequal size it needs fewer. Correlated columns: `lasso_support_thetas`.

    Parameters
    ----------
    n, k : array_like
        Columns and nonzeros, ``0 <= k < n``; they broadcast.

    Returns
    -------
    ndarray, of the broadcast shape

    Raises
    ------
    ValueError
        If not ``0 <= k < n``.

    References
    ----------
    .. [1] M. Wainwright, "Sharp thresholds for high-dimensional and noisy sparsity
       recovery using ℓ1-constrained quadratic programming (Lasso)", IEEE Trans. Inf.
       Theory 55(5), 2009.
    .. [2] A. Fletcher, S. Rangan, "Orthogonal matching pursuit from noisy random
       measurements: a new analysis", NIPS 2009.

    Examples
    --------
    >>> from sparsetheory.theory.support import support_rows
    >>> support_rows(1000, [1, 10, 100]).round(1)
    array([  13.8,  138. , 1360.5])
    """
    n, k = (np.asarray(a, dtype=np.float64) for a in (n, k))
    n, k = np.broadcast_arrays(n, k)
    wrong = ~((k >= 0) & (k < n) & np.isfinite(n))
    if wrong.any():
        at = np.argmax(wrong.ravel())
        values = float(n.ravel()[at]), float(k.ravel()[at])
        raise ValueError(f"n, k must have 0 <= k < n, got {values}")
    return np.asarray(2 * k * np.log(n - k))


def lasso_support_thetas(
    covariance: npt.ArrayLike, support: npt.ArrayLike
) -> SupportThetas:
    r"""Factors of `support_rows` for matrices with correlated columns.

    For rows from N(0, Σ), S the support, and Σ' the covariance of the other columns
    given those of S,

    .. math:: \theta_u = \frac{\max_i \Sigma'_{ii}}{C_{\min}\,\gamma^2}, \qquad
        \theta_\ell = \frac{\min_{i \ne j}
        \tfrac12(\Sigma'_{ii} + \Sigma'_{jj} - 2\Sigma'_{ij})}
        {C_{\max}\,(2 - \gamma)^2}, \qquad
        \gamma = 1 - \|\Sigma_{S^cS}\Sigma_{SS}^{-1}\|_{\infty \to \infty},

    C_min and C_max being the extreme eigenvalues of Σ_SS. Bounds from both sides on
    the factor, asymptotic; both are 1 for Σ = I.

    Parameters
    ----------
    covariance : array_like, shape (n, n)
        Symmetric, positive definite on the support.
    support : array_like of int, shape (k,)
        Indices of the nonzeros, at least one, distinct; n - k is at least 2.

    Returns
    -------
    SupportThetas
        `lower`, `upper` and `gamma`.

    Raises
    ------
    ValueError
        If the covariance is not symmetric or is singular on the support, or if the
        support is not as above.

    References
    ----------
    .. [1] M. Wainwright, "Sharp thresholds for high-dimensional and noisy sparsity
       recovery using ℓ1-constrained quadratic programming (Lasso)", IEEE Trans. Inf.
       Theory 55(5), 2009, section on Gaussian ensembles.

    Examples
    --------
    >>> import numpy as np
    >>> from sparsetheory.theory.support import lasso_support_thetas
    >>> distance = np.abs(np.subtract.outer(range(20), range(20)))
    >>> thetas = lasso_support_thetas(0.3**distance, [0, 1, 2])
    >>> round(thetas.lower, 3), round(thetas.upper, 3), round(thetas.gamma, 3)
    (0.273, 3.3, 0.7)
    """
    C = np.asarray(covariance, dtype=np.float64)
    if C.ndim != 2 or C.shape[0] != C.shape[1]:
        raise ValueError(f"covariance must be square, got shape {C.shape}")
    if not (np.isfinite(C).all() and np.allclose(C, C.T)):
        raise ValueError(f"covariance must be finite and symmetric, got\n{C}")
    n, S = C.shape[0], np.asarray(support)
    whole = S.ndim == 1 and S.size > 0 and np.issubdtype(S.dtype, np.integer)
    if not (whole and np.unique(S).size == S.size and S.min() >= 0 and S.max() < n):
        raise ValueError(f"support must hold distinct indices below {n}, got {S}")
    if n - S.size < 2:
        raise ValueError(f"support must leave out two of {n} columns, got {S}")
    rest = np.setdiff1d(np.arange(n), S)
    on = C[np.ix_(S, S)]
    spectrum = np.linalg.eigvalsh(on)
    if spectrum[0] <= 1e-12 * spectrum[-1]:
        raise ValueError(
            f"covariance must be positive definite on the support, got {spectrum[0]}"
        )
    predict = np.linalg.solve(on, C[np.ix_(S, rest)]).T
    given = C[np.ix_(rest, rest)] - predict @ C[np.ix_(S, rest)]
    gamma = 1 - float(np.abs(predict).sum(axis=1).max())
    variance = np.diag(given)
    half = 0.5 * (variance[:, None] + variance - 2 * given)
    closest = float(half[~np.eye(rest.size, dtype=bool)].min())
    upper = float(variance.max() / (spectrum[0] * gamma**2)) if gamma > 0 else np.inf
    return SupportThetas(closest / float(spectrum[-1] * (2 - gamma) ** 2), upper, gamma)


def l0_rows(n: npt.ArrayLike, k: npt.ArrayLike) -> Array:
    r"""Fewest rows from which exhaustive search finds almost every k-sparse x.

    k + 1 rows: then, for almost every matrix and almost every x on each support, x is
    the sparsest solution and the only one with at most k nonzeros; k rows leave one
    solution on every support. Exact. In the plane it is the line ρ = 1.

    Parameters
    ----------
    n, k : array_like
        Columns and nonzeros, ``0 <= k <= n``, whole; they broadcast.

    Returns
    -------
    ndarray, of the broadcast shape
        k + 1; but 0 for k = 0, and n for k = n.

    Raises
    ------
    ValueError
        If not ``0 <= k <= n`` and ``1 <= n``, all whole.

    References
    ----------
    .. [1] Y. Wu, S. Verdú, "Rényi information dimension: fundamental limits of almost
       lossless analog compression", IEEE Trans. Inf. Theory 56(8), 2010.

    Examples
    --------
    >>> from sparsetheory.theory.support import l0_rows
    >>> l0_rows(10, [0, 1, 6, 10])
    array([ 0.,  2.,  7., 10.])
    """
    n, _, k = _sizes(n, 0, k)
    return np.asarray(np.where(k > 0, np.minimum(k + 1, n), 0.0))


def l0_uniform_rows(n: npt.ArrayLike, k: npt.ArrayLike) -> Array:
    r"""Fewest rows from which exhaustive search finds every k-sparse x.

    2k rows, or n if that is less: two k-sparse vectors differ by a 2k-sparse one, which
    the matrix must not lose. Exact; met by every matrix in general position. In the
    plane it is the line ρ = 1/2.

    Parameters
    ----------
    n, k : array_like
        Columns and nonzeros, ``0 <= k <= n``, whole; they broadcast.

    Returns
    -------
    ndarray, of the broadcast shape

    Raises
    ------
    ValueError
        If not ``0 <= k <= n`` and ``1 <= n``, all whole.

    References
    ----------
    .. [1] D. Donoho, M. Elad, "Optimally sparse representation in general
       (nonorthogonal) dictionaries via ℓ1 minimization", PNAS 100(5), 2003.

    Examples
    --------
    >>> from sparsetheory.theory.support import l0_uniform_rows
    >>> l0_uniform_rows(10, [0, 1, 4, 6])
    array([ 0.,  2.,  8., 10.])
    """
    n, _, k = _sizes(n, 0, k)
    return np.asarray(np.minimum(2 * k, n))


def _sizes(
    n: npt.ArrayLike, m: npt.ArrayLike, k: npt.ArrayLike
) -> tuple[Array, Array, Array]:
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
    return n, m, k
