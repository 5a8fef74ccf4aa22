"""The largest margins of linear classifiers, each with a proof."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from sparsetheory.learning.margin import (
    check_p,
    check_samples,
    margin,
    radius,
)
from sparsetheory.types import Matrix, Support, Vector

SMALL = 1e-11  # of the largest entry of X; a margin below is none
ACTIVE = 1e-5  # of the largest entry; samples so near to the margin may carry it
COST, TOL, STEPS = 1e10, 1e-8, 10**6  # of SVC: a hard margin, if not below 1e-5
PAIRS, CARRIED = 20_000, 2000  # pairs of one sample of each class
EPS = float(np.finfo(float).eps)


@dataclass(frozen=True, slots=True, eq=False)
class MaxMargin:
    r"""A linear classifier of largest margin, by `max_margin`.

    Attributes
    ----------
    w : ndarray, shape (n,)
        Of norm one.
    b : float
        Intercept; 0 without.
    weights : ndarray, shape (m,)
        Convex combination α of the samples; each class has half of it if there is an
        intercept. Zero but for the support vectors.
    lower : float
        Margin of w, less rounding.
    upper : float
        :math:`\|\sum_i \alpha_i y_i x_i\|_q` and rounding: no classifier has a larger
        margin.
    p : float
        Norm of w.
    intercept : bool
    """

    w: Vector
    b: float
    weights: Vector
    lower: float
    upper: float
    p: int
    intercept: bool

    @property
    def gap(self) -> float:
        """How much larger another margin could be."""
        return self.upper - self.lower

    @property
    def support(self) -> Support:
        """Samples that carry the proof."""
        return np.flatnonzero(self.weights)

    def verify(self, X: npt.ArrayLike, y: npt.ArrayLike) -> bool:
        """Check both bounds against the samples, from w and the weights alone.

        Parameters
        ----------
        X : array_like, shape (m, n)
        y : array_like, shape (m,)

        Returns
        -------
        bool
        """
        A, labels = check_samples(X, y)
        shapes = self.w.shape, self.weights.shape
        if shapes != (A.shape[1:], labels.shape) or not self.w.any():
            return False
        if not np.isfinite([self.b, *self.w]).all():
            return False
        if self.b != 0 and not self.intercept:
            return False
        if not is_convex(self.weights, labels, self.intercept):
            return False
        reached = margin(A, labels, self.w, self.b, p=self.p).geometric
        Z = A * labels[:, None]
        most = radius(self.weights @ Z[None], self.p) + rounding(Z, self.p)
        return bool(self.lower <= reached and most <= self.upper * (1 + 4 * EPS))


def max_margin(
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    p: int = 2,
    intercept: bool = False,
) -> MaxMargin:
    r"""Linear classifier of largest geometric margin, the hard-margin SVM.

    .. math:: \gamma = \max_{\|w\|_p \le 1,\, b} \min_i y_i (\langle w, x_i \rangle + b)
        = \min_{\alpha \ge 0,\, \sum_i \alpha_i = 1}
        \Bigl\| \sum_i \alpha_i y_i x_i \Bigr\|_q,
        \qquad \sum_i \alpha_i y_i = 0 \text{ with an intercept.}

    Dense for p = 2, with distances in ℓ2; sparse for p = 1, with distances in the
    largest change of a feature. On fewer features the margin is never larger, in either
    norm. By cvxpy; for p = 2 the samples that carry it are then solved for exactly.

    Parameters
    ----------
    X : array_like, shape (m, n)
        Samples in rows.
    y : array_like, shape (m,)
        Labels -1 and 1; with an intercept, both.
    p : {1, 2}
    intercept : bool

    Returns
    -------
    MaxMargin
        With a gap as rule below 1e-8 of the largest entry of X.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above; if the samples can't be separated, or
        only with a margin below 1e-11 of the largest entry.

    See Also
    --------
    svc_max_margin, best_sparse_margin

    References
    ----------
    .. [1] B. Boser, I. Guyon, V. Vapnik, "A training algorithm for optimal margin
       classifiers", COLT 1992.
    .. [2] O. Mangasarian, "Arbitrary-norm separating plane", Oper. Res. Lett. 24, 1999,
       for p = 1.

    Examples
    --------
    >>> import sparsetheory as st
    >>> X, y = [[2.0, 1.0], [2.0, -1.0], [-1.0, 0.5]], [1, 1, -1]
    >>> found = st.max_margin(X, y)
    >>> found.w.round(4), round(found.lower, 4), found.gap < 1e-12
    (array([ 0.8944, -0.4472]), 1.118, True)
    """
    import cvxpy as cp
    from cvxpy.atoms.pnorm import pnorm

    Z, labels, power = scaled_problem(X, y, intercept)
    p = check_p(p)
    b, t = cp.Variable(), cp.Variable()
    w: Any = cp.Variable(Z.shape[1])
    shift: Any = labels * b if intercept else 0.0
    above: Any = _centred(Z, labels, intercept) @ w + shift >= t
    problem = cp.Problem(cp.Maximize(t), [above, pnorm(w, p) <= 1])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the gap is measured
        problem.solve(solver=cp.SCIPY if p == 1 else cp.CLARABEL)
    direction, dual = w.value, above.dual_value
    if direction is None or dual is None:
        direction, dual = np.zeros(Z.shape[1]), np.ones(labels.size)
    found = proved(Z, labels, direction, dual, p, intercept)
    if p == 2:
        carry = Z @ found.w + labels * found.b < found.lower + ACTIVE
        if not intercept or np.prod(np.bincount(labels[carry] > 0)) <= CARRIED:
            few = polished(Z[carry], labels[carry], intercept)
            dual = np.zeros(labels.size)
            dual[carry] = few.weights
            sharper = proved(Z, labels, few.w, dual, p, intercept)
            found = min(found, sharper, key=lambda each: each.gap)
    return unscaled(found, power)


def svc_max_margin(
    X: npt.ArrayLike, y: npt.ArrayLike, *, intercept: bool = False
) -> MaxMargin:
    """Linear classifier of largest margin in ℓ2, by scikit-learn's SVC.

    What `max_margin` finds, by sequential minimal optimisation: faster for thousands of
    samples, and less exact. SVC always has an intercept; for none, each sample is given
    a mirror image through the origin with the other label.

    Parameters
    ----------
    X : array_like, shape (m, n)
        Samples in rows.
    y : array_like, shape (m,)
        Labels -1 and 1; with an intercept, both.
    intercept : bool

    Returns
    -------
    MaxMargin
        With a gap as rule below 1e-6 of the largest entry of X.

    Raises
    ------
    TypeError, ValueError
        As for `max_margin`; also if the margin is so small that a million steps do not
        find it.

    Examples
    --------
    >>> import sparsetheory as st
    >>> X, y = [[2.0, 1.0], [2.0, -1.0], [-1.0, 0.5]], [1, 1, -1]
    >>> abs(st.svc_max_margin(X, y).lower - st.max_margin(X, y).lower) < 1e-6
    True
    """
    from sklearn.svm import SVC

    Z, labels, power = scaled_problem(X, y, intercept)
    m = len(Z)
    if intercept:
        A, signs = labels[:, None] * _centred(Z, labels, True), labels
    else:
        A, signs = np.vstack([Z, -Z]), np.repeat([1.0, -1.0], m)
    machine = SVC(kernel="linear", C=COST, tol=TOL, max_iter=STEPS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the gap is measured
        machine.fit(A, signs)
    weights = np.zeros(len(A))
    weights[machine.support_] = np.abs(machine.dual_coef_[0])
    if not intercept:
        weights = weights[:m] + weights[m:]
    found = proved(Z, labels, machine.coef_[0], weights, 2, intercept)
    return unscaled(found, power)


def scaled_problem(
    X: npt.ArrayLike, y: npt.ArrayLike, intercept: bool
) -> tuple[Matrix, Vector, float]:
    """Return samples times labels over a power of two, labels and the power."""
    A, labels = check_samples(X, y)
    if intercept and np.abs(labels.sum()) == labels.size:
        raise ValueError(
            f"y must hold both labels for an intercept, got {labels[0]:g} alone"
        )
    power = float(np.ldexp(1.0, np.clip(np.frexp(np.abs(A).max())[1], -1000, 1000)))
    return A * labels[:, None] / power, labels, power


def _centred(Z: Matrix, labels: Vector, intercept: bool) -> Matrix:
    """Return samples times labels about the mean sample, if there is an intercept."""
    if not intercept:
        return Z
    return Z - np.outer(labels, (labels[:, None] * Z).mean(axis=0))


def unscaled(found: MaxMargin, power: float) -> MaxMargin:
    """Return the classifier of samples times a power of two.

    Raises
    ------
    ValueError
        If it does not separate them.
    """
    if found.lower <= SMALL:
        raise ValueError(
            "X and y must be separable, got a margin of "
            f"{max(found.upper * power, 0.0):.1e} at most"
        )
    scaled = {name: getattr(found, name) * power for name in ("b", "lower", "upper")}
    return replace(found, **scaled)


def proved(
    Z: Matrix,
    labels: Vector,
    direction: Vector,
    dual: Vector,
    p: int,
    intercept: bool,
) -> MaxMargin:
    """Return a direction with its best intercept, and what dual weights prove."""
    weights = np.maximum(dual, 0.0)
    parts = classes(labels, intercept)
    for part in parts:
        if not weights[part].any():
            weights[part] = 1.0
        weights[part] /= len(parts) * weights[part].sum()
    size = float(np.linalg.norm(direction, p))
    w = direction / size if size > 0 else direction
    heights, b = labels * (Z @ w), 0.0
    if intercept:
        b = -0.5 * float(heights[labels > 0].min() + heights[labels < 0].max())
    room = rounding(Z, p)
    lower = float((Z @ w + labels * b).min()) - room
    upper = radius(weights @ Z[None], p) + room
    return MaxMargin(w, b, weights, lower, upper, p, intercept)


def polished(Z: Matrix, labels: Vector, intercept: bool) -> MaxMargin:
    """Return the classifier whose margins are all equal on the samples of `nearest`.

    Their combination has its direction too, less exactly if it is short.
    """
    weights = nearest(Z, labels, intercept)
    A, goal = (labels[:, None] * Z)[weights > 0], labels[weights > 0]
    if intercept:
        A, goal = A - A.mean(axis=0), goal - goal.mean()
    direction = np.asarray(np.linalg.lstsq(A, goal)[0])
    return proved(Z, labels, direction, weights, 2, intercept)


def nearest(Z: Matrix, labels: Vector, intercept: bool) -> Vector:
    """Return the weights of the convex combination of least length, in l2.

    Least distance programming (Lawson and Hanson 1974, chapter 23). With an intercept
    the points are halves of all sums of one of each class.
    """
    from scipy.optimize import nnls

    points = Z
    if intercept:
        up, down = (np.flatnonzero(part) for part in classes(labels, intercept))
        points = 0.5 * (Z[up, None] + Z[down]).reshape(-1, Z.shape[1])
    goal = np.r_[np.zeros(Z.shape[1]), 1.0]
    scale = float(np.linalg.norm(points, axis=1).max()) or 1.0
    table = np.vstack([points.T / scale, np.ones(len(points))])
    found = nnls(table, goal, maxiter=STEPS)[0]
    found /= found.sum()
    if not intercept:
        return np.asarray(found)
    pairs = found.reshape(up.size, down.size)
    weights = np.empty(labels.size)
    weights[up], weights[down] = 0.5 * pairs.sum(axis=1), 0.5 * pairs.sum(axis=0)
    return weights


def classes(labels: Vector, intercept: bool) -> list[npt.NDArray[np.bool_]]:
    """Return the sets of samples whose weights are to have equal sums."""
    if intercept:
        return [labels > 0, labels < 0]
    return [np.ones(labels.size, dtype=bool)]


def is_convex(weights: Vector, labels: Vector, intercept: bool) -> bool:
    """Return whether weights are a convex combination of each class, but for rounding.

    False if one is NaN.
    """
    sums = np.array([weights[part].sum() for part in classes(labels, intercept)])
    close = np.abs(sums * sums.size - 1) <= 4 * EPS * weights.size
    return bool((weights >= 0).all() and close.all())


def rounding(Z: Matrix, p: int) -> float:
    """Return a bound on the errors of margins and of lengths of combinations."""
    return 8 * sum(Z.shape) * EPS * radius(Z, p)
