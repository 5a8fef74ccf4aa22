"""Where success turns into failure: a logistic fit that separation can't break."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit, ndtri

from sparsetheory._checks import check_array
from sparsetheory.types import Matrix, Vector

STEPS = 200  # of Newton's method; a handful is the rule


@dataclass(frozen=True, slots=True)
class Transition:
    """Where the chance of success is one half, from counts at several k.

    Attributes
    ----------
    k50 : float
        Estimate of that k; infinite if success does not get rarer with k, with the
        sign of what came out more often.
    low, high : float
        Ends of its confidence interval; infinite where the counts don't bound it.
    width : float
        Change of k that takes the odds from 1 to e; infinite if the counts show none.
    separated : bool
        Whether every success is at a k no larger than that of every failure, so that
        the width rests on the penalty of the fit alone.
    """

    k50: float
    low: float
    high: float
    width: float
    separated: bool


def fit_transition(
    k: npt.ArrayLike,
    successes: npt.ArrayLike,
    trials: npt.ArrayLike,
    level: float = 0.95,
) -> Transition:
    r"""Fit ``log odds(success) = (k50 - k) / width`` to counts.

    By maximum likelihood with the penalty of Firth [1]_, half the logarithm of the
    information determinant, which removes the first-order bias and keeps the estimate
    finite under separation. The interval is Fieller's [2]_ for a ratio of estimates.

    Parameters
    ----------
    k : array_like, shape (c,)
        Numbers of nonzeros, at least two of them different.
    successes, trials : array_like of int, shape (c,)
    level : float
        Nominal coverage of the interval, in (0, 1).

    Returns
    -------
    Transition

    Raises
    ------
    ValueError
        If the shapes differ, ``0 <= successes <= trials`` fails, there are fewer than
        two different k with trials, or `level` is not in (0, 1).

    References
    ----------
    .. [1] D. Firth, "Bias reduction of maximum likelihood estimates", Biometrika 80(1),
       1993.
    .. [2] E. Fieller, "Some problems in interval estimation", J. R. Stat. Soc. B 16(2),
       1954.

    Examples
    --------
    >>> from sparsetheory import fit_transition
    >>> found = fit_transition([10, 20, 30], [49, 25, 1], [50, 50, 50])
    >>> round(found.k50, 2), round(found.low, 1), round(found.high, 1)
    (20.0, 18.5, 21.5)
    """
    place = check_array("k", k, 1)
    s, n = check_array("successes", successes, 1), check_array("trials", trials, 1)
    if not place.shape == s.shape == n.shape:
        raise ValueError(
            "k, successes and trials must have one shape, "
            f"got {place.shape}, {s.shape}, {n.shape}"
        )
    if not np.all((s >= 0) & (s <= n)):
        raise ValueError("successes must lie in 0..trials")
    if not 0 < level < 1:
        raise ValueError(f"level must lie in (0, 1), got {level}")
    run = n > 0
    place, s, n = place[run], s[run], n[run]
    if np.unique(place).size < 2:
        raise ValueError("k must have two different values with trials")
    centre, scale = _units(place, s, n)
    X = np.column_stack([np.ones_like(place), (place - centre) / scale])
    beta, information = _firth(X, s, n)
    covariance = np.asarray(np.linalg.inv(information), dtype=np.float64)
    slope = float(beta[1])
    beyond = np.inf if 2 * s.sum() >= n.sum() else -np.inf
    k50 = centre - scale * float(beta[0]) / slope if slope < 0 else beyond
    low, high = _fieller(beta, covariance, float(ndtri(0.5 + 0.5 * level)))
    width = -scale / slope if slope < 0 else np.inf
    return Transition(
        k50, centre + scale * low, centre + scale * high, width, _separated(place, s, n)
    )


def _units(k: Vector, s: Vector, n: Vector) -> tuple[float, float]:
    """Return about where success turns into failure, and a scale of k near there.

    The fit does not depend on units, but its search does if one k is far away.
    """
    order = np.unique(k)
    edges = 0.5 * (order[1:] + order[:-1])
    misplaced = [(n - s)[k < e].sum() + s[k > e].sum() for e in edges]
    centre = float(edges[np.argmin(misplaced)])
    distance = np.abs(k - centre)
    nearest = np.argsort(distance, kind="stable")
    half = np.searchsorted(np.cumsum(n[nearest]), 0.5 * n.sum())
    return centre, float(distance[nearest[half]])


def _firth(X: Matrix, s: Vector, n: Vector) -> tuple[Vector, Matrix]:
    """Return the penalised estimate and the information there."""
    beta = np.array([0.0, -1.0])
    value, score, information = _penalised(X, s, n, beta)
    for _ in range(STEPS):
        step = np.linalg.solve(information, score)
        longest = 5.0 + float(np.abs(beta).max())
        step *= min(1.0, longest / float(np.abs(step).max(initial=1e-300)))
        while True:
            trial = _penalised(X, s, n, beta + step)
            if trial[0] >= value - 1e-12 or np.abs(step).max() < 1e-12:
                break
            step *= 0.5
        beta = beta + step
        value, score, information = trial
        if np.abs(step).max() < 1e-9:
            break
    return beta, information


def _penalised(
    X: Matrix, s: Vector, n: Vector, beta: Vector
) -> tuple[float, Vector, Matrix]:
    """Return the penalised log-likelihood, its modified score and the information."""
    eta = X @ beta
    p = expit(eta)
    weight = np.maximum(n * p * (1 - p), 1e-300)
    information = X.T @ (weight[:, None] * X)
    information += 1e-12 * np.eye(len(beta)) * np.trace(information)
    leverage = weight * np.einsum("ij,ji->i", X, np.linalg.solve(information, X.T))
    likelihood = np.sum(s * eta - n * np.logaddexp(0.0, eta))
    value = float(likelihood + 0.5 * np.linalg.slogdet(information)[1])
    score: Vector = X.T @ (s - n * p + leverage * (0.5 - p))
    return value, score, information


def _fieller(beta: Vector, V: Matrix, z: float) -> tuple[float, float]:
    """Return the x at which ``beta_0 + beta_1 x`` is within z deviations of zero."""
    a = beta[1] ** 2 - z * z * V[1, 1]
    b = beta[0] * beta[1] - z * z * V[0, 1]
    c = beta[0] ** 2 - z * z * V[0, 0]
    if a <= 0 or beta[1] >= 0:
        return -np.inf, np.inf
    root = np.sqrt(max(b * b - a * c, 0.0))
    return float((-b - root) / a), float((-b + root) / a)


def _separated(k: Vector, s: Vector, n: Vector) -> bool:
    """Whether every k with a success lies below every k with a failure."""
    succeeded, failed = k[s > 0], k[s < n]
    if succeeded.size == 0 or failed.size == 0:
        return True
    return bool(succeeded.max() <= failed.min())
