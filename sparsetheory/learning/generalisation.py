"""Bounds on errors of classifiers that were not seen, from those that were."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sparsetheory._checks import check_array, check_number
from sparsetheory.learning.bounds import rademacher_bounds
from sparsetheory.learning.margin import check_classifier
from sparsetheory.theory.binomials import (
    LOG_TWO,
    check_sizes,
    check_values,
    log_binomial,
)
from sparsetheory.types import Vector


@dataclass(frozen=True, slots=True)
class GeneralisationBound:
    """An upper bound on the error of a sparse classifier, by `generalisation_bound`.

    Attributes
    ----------
    k : int
        Features that it uses.
    risk : float
        Mean ramp loss of the sample.
    complexity : float
        Upper bound on the Rademacher complexity of classifiers of k features.
    bound : float
        Upper bound on the probability of an error; above 1 it says nothing.
    scale : float
        The margin at which the ramp ends.
    confidence : float
        Probability of samples on which the bound holds, for all classifiers at once.
    """

    k: int
    risk: float
    complexity: float
    bound: float
    scale: float
    confidence: float


def ramp_loss(margins: npt.ArrayLike, scale: float) -> Vector:
    r"""Loss that is 1 up to margin 0 and falls linearly to 0 at a given margin.

    .. math:: \min(1, \max(0, 1 - t / \gamma))

    Between the share of errors and that of margins below the scale.

    Parameters
    ----------
    margins : array_like
        Values of y f(x).
    scale : float
        γ, positive.

    Returns
    -------
    ndarray, shape of `margins`

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    Examples
    --------
    >>> import sparsetheory as st
    >>> st.ramp_loss([-1.0, 0.0, 0.5, 3.0], scale=2.0)
    array([1.  , 1.  , 0.75, 0.  ])
    """
    t = check_array("margins", margins, np.ndim(margins))
    return np.clip(1 - t / check_number("scale", scale), 0.0, 1.0)


def margin_bound(
    risk: npt.ArrayLike,
    complexity: npt.ArrayLike,
    m: npt.ArrayLike,
    *,
    scale: float,
    confidence: float = 0.95,
) -> Vector:
    r"""Upper bound on the error of all classifiers of a class, by its complexity.

    .. math:: P(y f(x) \le 0) \le \hat r_\gamma(f) + \frac2\gamma \hat R
        + 3 \sqrt{\frac{\log(2/\epsilon)}{2m}}

    with probability 1 - ε over samples, for all f at once; :math:`\hat r_\gamma` is the
    mean `ramp_loss` of the sample and :math:`\hat R` the empirical Rademacher
    complexity of the class, or an upper bound. Scale and class must be chosen before
    the sample is seen; of several, let each take a part of ε.

    Parameters
    ----------
    risk, complexity, m : array_like
        Mean ramp loss, complexity, samples; they broadcast.
    scale : float
        γ, positive.
    confidence : float
        1 - ε, in (0, 1).

    Returns
    -------
    ndarray, of the broadcast shape
        Above 1 it says nothing.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    References
    ----------
    .. [1] P. Bartlett, S. Mendelson, "Rademacher and Gaussian complexities: risk bounds
       and structural results", J. Mach. Learn. Res. 3, 2002.
    .. [2] M. Mohri, A. Rostamizadeh, A. Talwalkar, "Foundations of machine learning",
       2nd ed., MIT Press, 2018, theorem 5.8, for the constants.

    Examples
    --------
    >>> import sparsetheory as st
    >>> st.margin_bound(0.05, [0.01, 0.02, 0.04], 10_000, scale=0.5).round(3)
    array([0.131, 0.171, 0.251])
    """
    r, R = check_values("risk", risk), check_values("complexity", complexity)
    m = check_values("m", m, positive=True)
    deviation = np.sqrt((LOG_TWO - _log_failure(confidence)) / (2 * m))
    return np.asarray(r + 2 / check_number("scale", scale) * R + 3 * deviation)


def generalisation_bound(
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    w: npt.ArrayLike,
    *,
    scale: float,
    confidence: float = 0.95,
) -> GeneralisationBound:
    r"""Upper bound on the error of a sparse linear classifier, from its own sample.

    That of `margin_bound`, for ``sign(<w, x>)`` with w of norm one and the class of all
    w with as few nonzeros, at ε/n for each number of them: so both may depend on the
    sample. The scale may not. The complexity is the upper bound of `rademacher_bounds`.

    Parameters
    ----------
    X : array_like, shape (m, n)
        Samples in rows.
    y : array_like, shape (m,)
        Labels -1 and 1.
    w : array_like, shape (n,)
        Not zero; its length does not matter.
    scale : float
        γ, positive.
    confidence : float
        1 - ε, in (0, 1).

    Returns
    -------
    GeneralisationBound

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> X = np.random.default_rng(0).standard_normal((4000, 50))
    >>> found = st.generalisation_bound(X, np.sign(X[:, 0]), np.eye(50)[0], scale=0.5)
    >>> round(found.risk, 2), round(found.bound, 2)
    (0.2, 0.49)
    """
    A, b, v = check_classifier(X, y, w)
    m, n = A.shape
    unit = v / np.abs(v).max()
    unit = unit / np.linalg.norm(unit)
    k = int(np.count_nonzero(v))
    risk = float(ramp_loss(b * (A @ unit), scale).mean())
    complexity = float(rademacher_bounds(A, k).upper)
    each = 1 - (1 - check_confidence(confidence)) / n
    bound = float(margin_bound(risk, complexity, m, scale=scale, confidence=each))
    return GeneralisationBound(k, risk, complexity, bound, float(scale), confidence)


def occam_bound(
    n: npt.ArrayLike,
    k: npt.ArrayLike,
    m: npt.ArrayLike,
    *,
    bits: float,
    confidence: float = 0.95,
) -> Vector:
    r"""Upper bound on test error less training error, of networks of k weights.

    .. math:: \sqrt{\frac{\log \binom nk + k b \log 2 + \log(1/\epsilon)}{2m}}

    with probability 1 - ε over samples, for all networks of one form that have k
    nonzeros among n weights, each of b bits, at once: they are
    :math:`\binom nk 2^{kb}` at most. For any loss with values in [0, 1]. k and b must
    be chosen before the sample is seen.

    Parameters
    ----------
    n, k, m : array_like of int
        Weights, those that are not zero, samples; they broadcast.
    bits : float
        b, bits of a weight, not negative; 0 where all have one known value.
    confidence : float
        1 - ε, in (0, 1).

    Returns
    -------
    ndarray, of the broadcast shape
        Above 1 it says nothing.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    References
    ----------
    .. [1] A. Blumer, A. Ehrenfeucht, D. Haussler, M. Warmuth, "Occam's razor", Inf.
       Process. Lett. 24(6), 1987.

    Examples
    --------
    >>> import sparsetheory as st
    >>> st.occam_bound(7400, [795, 74], 1000, bits=32).round(3)
    array([3.175, 1.014])
    """
    weights, kept = check_sizes(n, k)
    size = check_number("bits", bits, positive=False)
    samples = check_values("m", m, positive=True)
    classes = log_binomial(weights, kept) + kept * size * LOG_TWO
    return np.asarray(np.sqrt((classes - _log_failure(confidence)) / (2 * samples)))


def check_confidence(confidence: float) -> float:
    """Return a number in (0, 1)."""
    value = check_number("confidence", confidence)
    if value >= 1:
        raise ValueError(f"confidence must lie in (0, 1), got {value}")
    return value


def _log_failure(confidence: float) -> float:
    return float(np.log1p(-check_confidence(confidence)))
