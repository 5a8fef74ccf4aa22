"""Gaps between training and test errors of sparse linear classifiers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from sparsetheory._checks import check_integer, check_number
from sparsetheory._parallel import blas_held
from sparsetheory._rng import Role, stream
from sparsetheory.experiments.subset_sum import whole_numbers
from sparsetheory.learning.bounds import rademacher_bounds
from sparsetheory.learning.generalisation import (
    check_confidence,
    margin_bound,
    ramp_loss,
)
from sparsetheory.types import Counts, Matrix, Vector


@dataclass(frozen=True, eq=False)
class GeneralisationGaps:
    """Errors of sparse classifiers beside their bounds, by `generalisation_gaps`.

    Attributes
    ----------
    n, m : int
        Features and samples.
    k : ndarray of int, shape (sparsities,)
        Features that a classifier uses.
    informative : int
        Features that the labels depend on.
    noise : float
        Probability that a label is flipped.
    wrong : ndarray of int, shape (sparsities, trials)
        Samples that are classified wrong, of m.
    risk : ndarray, shape (sparsities, trials)
        Mean ramp loss of the sample.
    error : ndarray, shape (sparsities, trials)
        Probability of an error on a new sample, exact.
    fit : ndarray, shape (sparsities, trials)
        Mean of y f(x) over the sample, less its expectation on a new one.
    complexity : ndarray, shape (sparsities, trials)
        Upper bound on the Rademacher complexity of the class.
    bound : ndarray, shape (sparsities, trials)
        Upper bound on `error`, by `margin_bound`.
    scale, confidence : float
    seed : int
    """

    n: int
    m: int
    k: Counts
    informative: int
    noise: float
    wrong: npt.NDArray[np.int64]
    risk: Matrix
    error: Matrix
    fit: Matrix
    complexity: Matrix
    bound: Matrix
    scale: float
    confidence: float
    seed: int

    @property
    def gap(self) -> Matrix:
        """Test error less training error, shape (sparsities, trials)."""
        return np.asarray(self.error - self.wrong / self.m)

    @property
    def covered(self) -> Counts:
        """Trials whose error is at most its bound, shape (sparsities,)."""
        return np.asarray(np.count_nonzero(self.error <= self.bound, axis=1))

    def mean_gap(self, level: float = 0.95) -> tuple[Vector, Vector, Vector]:
        """Return the mean of `gap` over trials and a confidence interval.

        By Student's t; infinite from one trial.

        Parameters
        ----------
        level : float
            Coverage, in (0, 1).

        Returns
        -------
        mean, low, high : ndarray, shape (sparsities,)
        """
        mean, trials = self.gap.mean(axis=1), self.gap.shape[1]
        if trials == 1:
            return mean, np.full(mean.shape, -np.inf), np.full(mean.shape, np.inf)
        error = self.gap.std(axis=1, ddof=1) / trials**0.5
        half = float(stdtrit(trials - 1, 0.5 + 0.5 * check_confidence(level))) * error
        return mean, mean - half, mean + half


def generalisation_gaps(
    n: int,
    m: int,
    k: npt.ArrayLike,
    *,
    informative: int = 1,
    noise: float = 0.0,
    scale: float = 1.0,
    confidence: float = 0.95,
    trials: int = 50,
    seed: int = 0,
) -> GeneralisationGaps:
    r"""Measure how far training errors of sparse classifiers are from test errors.

    Samples are normal, x ~ N(0, I); labels are the signs of ⟨u, x⟩, with u of norm one
    and equal on its informative features, and are flipped at random. The classifier is
    the one of norm one and k features that fits the labels best on average,

    .. math:: \hat w = \arg\max_{\|w\|_0 \le k, \|w\|_2 \le 1}
        \frac1m \sum_i y_i \langle w, x_i \rangle,

    the k largest entries of :math:`X^T y`. Its error on new samples is known exactly,
    :math:`\eta + (1 - 2\eta) \arccos(\langle \hat w, u \rangle) / \pi` with noise η.
    With noise 1/2 the mean of its fit is the Rademacher complexity of the class,
    :math:`E \|g\|_{(k)} / \sqrt m` of `expected_top_norm`.

    Parameters
    ----------
    n, m : int
        Features and samples.
    k : int or array_like of int
        Features that classifiers use, in 1..n.
    informative : int
        In 1..n.
    noise : float
        η, in [0, 1/2].
    scale : float
        Of the ramp loss, positive; see `margin_bound`.
    confidence : float
        Of each bound, in (0, 1).
    trials : int
        More of them begin with the same ones.
    seed : int
        Non-negative.

    Returns
    -------
    GeneralisationGaps

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    Examples
    --------
    >>> import sparsetheory as st
    >>> found = st.generalisation_gaps(100, 400, [1, 10, 100], noise=0.2, trials=20)
    >>> found.mean_gap()[0].round(2)
    array([0.01, 0.07, 0.13])
    >>> found.covered
    array([20, 20, 20])
    """
    n, m = check_integer("n", n, 1), check_integer("m", m, 1)
    ks = np.array(whole_numbers("k", k, n))
    size = check_integer("informative", informative, 1, n)
    flip = check_number("noise", noise, positive=False)
    if flip > 0.5:
        raise ValueError(f"noise must lie in [0, 1/2], got {flip}")
    scale, confidence = check_number("scale", scale), check_confidence(confidence)
    trials, seed = check_integer("trials", trials, 1), check_integer("seed", seed, 0)
    u = np.where(np.arange(n) < size, size**-0.5, 0.0)
    with blas_held():
        rows = [_trial(m, ks, u, flip, scale, seed, trial) for trial in range(trials)]
    wrong, risk, error, fit, complexity = np.moveaxis(np.array(rows), 0, 2)
    bound = margin_bound(risk, complexity, m, scale=scale, confidence=confidence)
    measured = wrong.astype(np.int64), risk, error, fit, complexity, bound
    return GeneralisationGaps(n, m, ks, size, flip, *measured, scale, confidence, seed)


def _trial(
    m: int, ks: Counts, u: Vector, flip: float, scale: float, seed: int, trial: int
) -> list[Vector]:
    """Return what one sample gives for each k: five rows of results."""
    n = u.size
    X = stream(seed, n, m, 0, trial, Role.MATRIX).standard_normal((m, n))
    flips = stream(seed, n, m, 0, trial, Role.NOISE).random(m) < flip
    y = np.where((X @ u > 0) ^ flips, 1.0, -1.0)
    slopes = X.T @ y
    order = np.argsort(-np.abs(slopes), kind="stable")
    W = np.zeros((n, ks.size))
    for column, k in zip(W.T, ks, strict=True):
        column[order[:k]] = slopes[order[:k]]
    W /= np.linalg.norm(W, axis=0)
    margins, cosines = y[:, None] * (X @ W), np.clip(u @ W, -1.0, 1.0)
    kept = 1 - 2 * flip
    return [
        np.count_nonzero(margins <= 0, axis=0),
        ramp_loss(margins, scale).mean(axis=0),
        flip + kept * np.arccos(cosines) / np.pi,
        margins.mean(axis=0) - kept * np.sqrt(2 / np.pi) * cosines,
        rademacher_bounds(X, ks).upper,
    ]
