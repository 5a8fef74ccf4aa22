"""The largest margin on k features, by branch and bound over supports."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

import numpy as np
import numpy.typing as npt

from sparsetheory._checks import check_integer
from sparsetheory._parallel import blas_held
from sparsetheory.learning.margin import check_samples, margin, radius
from sparsetheory.learning.max_margin import (
    PAIRS,
    SMALL,
    MaxMargin,
    classes,
    is_convex,
    nearest,
    polished,
    rounding,
    scaled_problem,
)
from sparsetheory.types import Matrix, Support, Vector

Flags = npt.NDArray[np.bool_]

MOST = 20_000  # parts of the tree
CLOSE = 1e-10  # relative; a part that could do better by less is closed
BLOCK = 1000  # parts compared with all at a time


@dataclass(frozen=True, slots=True, eq=False)
class SparseMargin:
    r"""A linear classifier on k features of largest margin, by `best_sparse_margin`.

    The supports are cut into parts, each with features that are in and others that are
    out. Convex weights α of the samples bound the margins of a part by the norm of its
    largest entries of :math:`\sum_i \alpha_i y_i x_i`.

    Attributes
    ----------
    w : ndarray, shape (n,)
        Of norm one.
    b : float
        Intercept; 0 without.
    support : ndarray of int, shape (k,)
        Features that w may use, ascending.
    lower : float
        Margin of w, less rounding.
    upper : float
        No classifier on k features has a larger margin, rounding included.
    intercept : bool
    inside, outside : ndarray of bool, shape (parts, n)
    weights : ndarray, shape (parts, m)
    """

    w: Vector
    b: float
    support: Support
    lower: float
    upper: float
    intercept: bool
    inside: Flags
    outside: Flags
    weights: Matrix

    def verify(self, X: npt.ArrayLike, y: npt.ArrayLike) -> bool:
        """Check both bounds against the samples: w, and that the parts are all there.

        Parameters
        ----------
        X : array_like, shape (m, n)
        y : array_like, shape (m,)

        Returns
        -------
        bool
        """
        A, labels = check_samples(X, y)
        n, k, count = A.shape[1], self.support.size, len(self.inside)
        shapes = [self.inside.shape, self.outside.shape, self.weights.shape]
        if shapes != [(count, n), (count, n), (count, labels.size)]:
            return False
        if self.w.shape != (n,) or not self.w.any():
            return False
        if not np.isfinite([self.b, *self.w]).all():
            return False
        if self.b != 0 and not self.intercept:
            return False
        if not np.isin(np.flatnonzero(self.w), self.support).all():
            return False
        if not self.lower <= margin(A, labels, self.w, self.b).geometric:
            return False
        return _is_partition(self.inside, self.outside, k) and all(
            is_convex(a, labels, self.intercept)
            and _bound(A * labels[:, None], a, s, t, k)[0] <= self.upper
            for a, s, t in zip(self.weights, self.inside, self.outside, strict=True)
        )


def best_sparse_margin(
    X: npt.ArrayLike, y: npt.ArrayLike, k: int, *, intercept: bool = False
) -> SparseMargin:
    r"""Linear classifier on k features of largest geometric margin.

    .. math:: \gamma_k = \max_{\|w\|_2 \le 1,\, \|w\|_0 \le k,\, b}
        \min_i y_i (\langle w, x_i \rangle + b)
        \;\le\; \Bigl\| \sum_i \alpha_i y_i x_i \Bigr\|_{(k)}

    for all convex weights α, with the norm of the k largest entries. Exact, by a search
    over supports, for some 20 features: it leaves out those that the bound excludes, on
    all features or on fewer. Margins never fall with k, and end with `max_margin`.

    Parameters
    ----------
    X : array_like, shape (m, n)
        Samples in rows.
    y : array_like, shape (m,)
        Labels -1 and 1; with an intercept, both, and at most 20 000 pairs of them.
    k : int
        From 1 to n.
    intercept : bool

    Returns
    -------
    SparseMargin

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above; if no k features separate the samples,
        or only with a margin below 1e-11 of the largest entry; if the search has more
        than 20 000 parts.

    Examples
    --------
    >>> import sparsetheory as st
    >>> X, y = [[1.0, 1.0, 0.0], [1.0, -0.5, 0.5], [1.5, 0.0, -1.0]], [1, 1, 1]
    >>> [round(st.best_sparse_margin(X, y, k).lower, 4) for k in (1, 2, 3)]
    [1.0, 1.0, 1.0488]
    """
    Z, labels, power = scaled_problem(X, y, intercept)
    k = check_integer("k", k, 1, Z.shape[1])
    pairs = np.prod([np.count_nonzero(part) for part in classes(labels, intercept)])
    if intercept and pairs > PAIRS:
        raise ValueError(f"y must leave at most {PAIRS} pairs of labels, got {pairs}")
    with blas_held():
        found, support, parts = _search(Z, labels, k, intercept)
        bounds = [_bound(Z, a, s, t, k)[0] for s, t, a in parts]
    upper = max(bounds)
    if found is None:
        raise ValueError(
            f"X and y must be separable by k = {k} features, got a margin of "
            f"{upper * power:.1e} at most"
        )
    w = np.zeros(Z.shape[1])
    w[support] = found.w
    inside, outside, weights = (np.array(rows) for rows in zip(*parts, strict=True))
    ends = found.b * power, support, found.lower * power, upper * power
    return SparseMargin(w, *ends, intercept, inside, outside, weights)


def _search(
    Z: Matrix, labels: Vector, k: int, intercept: bool
) -> tuple[MaxMargin | None, Support, list[tuple[Flags, Flags, Vector]]]:
    """Return the best classifier, its features, and the parts that were closed."""
    n = Z.shape[1]
    best, support = None, np.arange(0)
    goal, parts = SMALL, []
    none = np.zeros(n, dtype=bool)
    stack: list[tuple[Flags, Flags, Vector | None]] = [(none, none, None)]
    while stack:
        inside, outside, weights = stack.pop()
        single = np.count_nonzero(inside) == k or np.count_nonzero(~outside) == k
        if np.count_nonzero(inside) == k:
            outside, weights = ~inside, None
        if weights is None:
            weights = nearest(Z[:, ~outside], labels, intercept)
            bound, chosen = _bound(Z, weights, inside, outside, k)
            if bound > goal:
                trial = polished(Z[:, chosen], labels, intercept)
                if trial.lower > goal:
                    best, support = trial, chosen
                    goal = trial.lower * (1 + CLOSE) + 2 * rounding(Z, 2)
        bound, chosen = _bound(Z, weights, inside, outside, k)
        if single or bound <= goal:
            parts.append((inside, outside, weights))
            if len(parts) + len(stack) > MOST:
                raise ValueError(f"k of n must leave at most {MOST} parts, got more")
            continue
        size = np.where(inside | outside, -1.0, np.abs(weights @ Z))
        at = np.arange(n) == size.argmax()
        stack += [(inside, outside | at, None), (inside | at, outside, weights)]
    return best, support, parts


def _bound(
    Z: Matrix, weights: Vector, inside: Flags, outside: Flags, k: int
) -> tuple[float, Support]:
    """Return a bound on the margins of a part, rounding included, and a support in it.

    The k entries are those inside and the largest of the others.
    """
    v = weights @ Z
    order = np.where(inside, np.inf, np.where(outside, -1.0, np.abs(v)))
    chosen = np.sort(np.argsort(-order, kind="stable")[:k])
    return radius(v[None, chosen], 2) + rounding(Z, 2), chosen


def _is_partition(inside: Flags, outside: Flags, k: int) -> bool:
    """Return whether each support of k features lies in one part."""
    n = inside.shape[1]
    if (inside & outside).any():
        return False
    free = n - inside.sum(axis=1) - outside.sum(axis=1)
    left = k - inside.sum(axis=1)
    total = sum(comb(int(f), int(c)) for f, c in zip(free, left, strict=True) if c >= 0)
    if total != comb(n, k):
        return False
    one, other = inside.astype(np.float32), outside.astype(np.float32)
    for start in range(0, len(inside), BLOCK):
        rows = slice(start, start + BLOCK)
        apart = one[rows] @ other.T + other[rows] @ one.T
        if np.count_nonzero(apart == 0) > len(apart):  # each part meets itself
            return False
    return True
