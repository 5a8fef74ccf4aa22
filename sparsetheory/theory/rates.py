r"""How fast gradient steps on sparse vectors contract, from α and β.

For :math:`f(x) = \tfrac12 \|y - A x\|_2^2` restricted strong convexity and smoothness
of order s are

.. math:: \alpha_s = \min_{|S| = s} \lambda_{\min}(A_S^* A_S), \qquad
    \beta_s = \max_{|S| = s} \lambda_{\max}(A_S^* A_S), \qquad
    \kappa_s = \beta_s / \alpha_s.

A lower bound on α and an upper one on β give an upper bound on each factor. Below 1 it
proves convergence to the k-sparse x from every k-sparse start, for data y = Ax.
"""

import numpy as np
import numpy.typing as npt

from sparsetheory.theory.curves import Array


def gradient_rate(
    alpha: npt.ArrayLike, beta: npt.ArrayLike, step: npt.ArrayLike | None = None
) -> Array:
    r"""Contraction factor of gradient descent on a fixed mask.

    .. math:: \max_{\lambda \in \{\alpha, \beta\}} |1 - \eta\lambda|,
        \qquad\text{which is } \frac{\kappa - 1}{\kappa + 1}
        \text{ at the best step } \eta = \frac2{\alpha + \beta}.

    With α, β the extreme eigenvalues of :math:`A_S^* A_S` for the mask S: an upper
    bound on how much each step shrinks the error :math:`\|x_t - x\|_2`, and the exact
    limit of that ratio unless the start has no part along the slowest eigenvectors.
    With those of order s it is an upper bound for every mask of s entries, and the norm
    of :math:`I - \eta A^* A` on s-sparse vectors: the isometry constant where η = 1.

    Parameters
    ----------
    alpha, beta : array_like
        With ``0 <= alpha <= beta``, and beta positive.
    step : array_like, optional
        Positive, by default the best. All three broadcast.

    Returns
    -------
    ndarray, of the broadcast shape

    Raises
    ------
    ValueError
        If they are not as said.

    References
    ----------
    .. [1] B. Polyak, "Introduction to optimization", 1987, section 1.4.

    Examples
    --------
    >>> from sparsetheory.theory.rates import gradient_rate
    >>> gradient_rate(0.5, 1.5, [0.5, 1.0, 1.2, 2.0])
    array([0.75, 0.5 , 0.8 , 2.  ])
    >>> float(gradient_rate(0.5, 1.5))
    0.5
    """
    a, b = (np.asarray(v, dtype=np.float64) for v in (alpha, beta))
    good = (a >= 0) & (a <= b) & (b > 0) & (b < np.inf)
    _check(good, "alpha, beta must have 0 <= alpha <= beta, beta > 0", a, b)
    if step is None:
        scale = -np.frexp(b)[1]  # the best step itself may leave the floats
        a, b = np.ldexp(a, scale), np.ldexp(b, scale)
        return np.asarray((b - a) / (b + a))
    eta = np.asarray(step, dtype=np.float64)
    _check((eta > 0) & (eta < np.inf), "step must be positive and finite", eta)
    with np.errstate(over="ignore"):
        return np.asarray(np.maximum(np.abs(1 - eta * a), np.abs(1 - eta * b)))


def threshold_factor(ratio: npt.ArrayLike = 1.0) -> Array:
    r"""How much further from a sparse vector hard thresholding may take a point.

    .. math:: \|H_k(u) - x\|_2 \le \sqrt\nu\, \|u - x\|_2, \qquad
        \sqrt\nu = \frac{\sqrt r + \sqrt{4 + r}}{2}

    for x with rk nonzeros; the least such constant of r, the golden ratio where r = 1.

    Parameters
    ----------
    ratio : array_like
        r, the nonzeros of x over those that are kept, in [0, 1].

    Returns
    -------
    ndarray, same shape

    Raises
    ------
    ValueError
        If a ratio lies outside [0, 1].

    References
    ----------
    .. [1] J. Shen and P. Li, "A tight bound of hard thresholding", J. Mach. Learn. Res.
       18(208), 2018, Theorem 1: their ν solves √ν - 1/√ν = √r.

    Examples
    --------
    >>> from sparsetheory.theory.rates import threshold_factor
    >>> threshold_factor([0.01, 1.0]).round(4)
    array([1.0512, 1.618 ])
    """
    r = np.asarray(ratio, dtype=np.float64)
    _check((r >= 0) & (r <= 1), "ratio must lie in [0, 1]", r)
    return np.asarray((np.sqrt(r) + np.sqrt(4 + r)) / 2)


def iht_rate(
    alpha: npt.ArrayLike,
    beta: npt.ArrayLike,
    step: npt.ArrayLike | None = None,
    *,
    ratio: npt.ArrayLike = 1.0,
) -> Array:
    r"""Upper bound on the contraction factor of iterative hard thresholding.

    .. math:: \|x_{t+1} - x\|_2 \le \sqrt\nu\, \max(|1 - \eta\alpha|, |1 - \eta\beta|)\,
        \|x_t - x\|_2

    with α, β of order 2k + rk if x has rk nonzeros and k are kept, so of order 3k where
    r = 1. With unit step that is 1.618 times the isometry constant; at the best step it
    does not depend on the scale of A, and is below 1 if κ < 2 + √5.

    Parameters
    ----------
    alpha, beta, step : array_like
        As for `gradient_rate`.
    ratio : array_like
        As for `threshold_factor`. All four broadcast.

    Returns
    -------
    ndarray, of the broadcast shape
        At 1 or more it says nothing.

    Raises
    ------
    ValueError
        If they are not as said.

    References
    ----------
    .. [1] J. Shen and P. Li, "A tight bound of hard thresholding", J. Mach. Learn. Res.
       18(208), 2018.
    .. [2] Y.-B. Zhao and Z.-Q. Luo, "Improved RIP-based bounds for guaranteed
       performance of two compressed sensing algorithms", 2020, for unit step and
       r = 1.
    .. [3] S. Foucart and H. Rauhut, "A mathematical introduction to compressive
       sensing", 2013, Theorem 6.18: with √3 in place of 1.618.

    Examples
    --------
    >>> from sparsetheory.theory.rates import iht_rate
    >>> float(iht_rate(0.5, 1.5, 1.0).round(4))
    0.809
    """
    return np.asarray(threshold_factor(ratio) * gradient_rate(alpha, beta, step))


def htp_rate(
    alpha: npt.ArrayLike,
    beta: npt.ArrayLike,
    step: npt.ArrayLike | None = None,
    *,
    kappa: npt.ArrayLike,
) -> Array:
    r"""Upper bound on the contraction factor of hard thresholding pursuit.

    .. math:: \|x_{t+1} - x\|_2 \le \sqrt{\frac{2 d_3^2}{1 - d_2^2}}\, \|x_t - x\|_2,
        \qquad d_3 = \max(|1 - \eta\alpha_{3k}|, |1 - \eta\beta_{3k}|), \quad
        d_2 = \frac{\kappa_{2k} - 1}{\kappa_{2k} + 1}

    At unit step :math:`d_3 = \delta_{3k}`. That :math:`d_2`, the least
    :math:`\delta_{2k}` of any multiple of A, may replace :math:`\delta_{2k}` follows as
    the fit on a support does not depend on the scale.

    Parameters
    ----------
    alpha, beta, step : array_like
        As for `gradient_rate`, of order 3k.
    kappa : array_like
        β / α of order 2k, at least 1. All four broadcast.

    Returns
    -------
    ndarray, of the broadcast shape
        At 1 or more it says nothing.

    Raises
    ------
    ValueError
        If they are not as said.

    References
    ----------
    .. [1] S. Foucart, "Hard thresholding pursuit: an algorithm for compressive
       sensing", SIAM J. Numer. Anal. 49(6), 2011.

    Examples
    --------
    >>> from sparsetheory.theory.rates import htp_rate
    >>> float(htp_rate(0.5, 1.5, 1.0, kappa=1.0).round(4))
    0.7071
    """
    d2 = 1 - 2 / (_condition(kappa) + 1)
    with np.errstate(divide="ignore"):
        return np.asarray(
            np.sqrt(2.0) * gradient_rate(alpha, beta, step) / np.sqrt(1 - d2 * d2)
        )


def grades_rate(kappa: npt.ArrayLike) -> Array:
    r"""Upper bound on the contraction of the loss of IHT with step 1/β.

    .. math:: \|y - A x_{t+1}\|_2^2 \le (\kappa_{2k} - 1) \|y - A x_t\|_2^2,
        \qquad \kappa_{2k} - 1 = \frac{2\delta_{2k}}{1 - \delta_{2k}}
        \text{ where } \alpha_{2k}, \beta_{2k} = 1 \mp \delta_{2k}.

    Of the squared residual: residuals contract by its root.

    Parameters
    ----------
    kappa : array_like
        β / α of order 2k, at least 1.

    Returns
    -------
    ndarray, same shape
        At 1 or more it says nothing.

    Raises
    ------
    ValueError
        If a number is below 1.

    References
    ----------
    .. [1] R. Garg and R. Khandekar, "Gradient descent with sparsification: an iterative
       algorithm for sparse recovery with restricted isometry property", ICML 2009.

    Examples
    --------
    >>> from sparsetheory.theory.rates import grades_rate
    >>> float(grades_rate((1 + 0.25) / (1 - 0.25)).round(4))
    0.6667
    """
    return np.asarray(_condition(kappa) - 1)


def iht_expansion(kappa: npt.ArrayLike) -> Array:
    r"""How many times the nonzeros of x IHT has to keep, for any condition number.

    .. math:: \frac kK > \Bigl(\frac{\kappa - 1/\kappa}{4}\Bigr)^2

    suffices for x with K nonzeros, κ of order 2k + K, and the best step of that order:
    where `iht_rate` is below 1, about κ²/16. A sufficient condition, for data y = Ax.
    Jain, Tewari and Kar [1]_ ask for 32 κ², at step 2/(3β), for any loss with such
    constants. κ grows with k, so that a k that suffices need not exist.

    Parameters
    ----------
    kappa : array_like
        β / α, at least 1.

    Returns
    -------
    ndarray, same shape
        At least 1: no fewer than K can be kept.

    Raises
    ------
    ValueError
        If a number is below 1.

    References
    ----------
    .. [1] P. Jain, A. Tewari, P. Kar, "On iterative hard thresholding methods for
       high-dimensional M-estimation", NIPS 2014, Theorem 1.
    .. [2] J. Shen and P. Li, "A tight bound of hard thresholding", J. Mach. Learn. Res.
       18(208), 2018, whose bound gives the above.

    Examples
    --------
    >>> from sparsetheory.theory.rates import iht_expansion
    >>> iht_expansion([2.0, 10.0, 40.0]).round(2)
    array([ 1.  ,  6.13, 99.88])
    """
    x = _condition(kappa)
    return np.asarray(np.maximum(1.0, ((x - 1 / x) / 4) ** 2))


def _condition(kappa: npt.ArrayLike) -> Array:
    x = np.asarray(kappa, dtype=np.float64)
    _check(x >= 1, "kappa must be at least 1", x)
    return x


def _check(good: npt.ArrayLike, rule: str, *values: Array) -> None:
    ok = np.asarray(good)
    if not ok.all():
        at = np.argmin(ok.ravel())
        got = [float(np.broadcast_to(v, ok.shape).ravel()[at]) for v in values]
        raise ValueError(f"{rule}, got {', '.join(map(str, got))}")
