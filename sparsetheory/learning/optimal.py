"""A-optimal design: the best rows, certified, and the convex relaxation."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

import numpy as np
import numpy.typing as npt

from sparsetheory._checks import check_array, check_time_limit
from sparsetheory._parallel import blas_held
from sparsetheory.learning._branching import FINE, GAP, Search, enumerated, scaled
from sparsetheory.learning._relaxed import Array, bounds, settled, solve
from sparsetheory.learning.design import check_design, criterion, spread
from sparsetheory.types import Counts, Matrix, Support, Vector

FEW = 5_000  # subsets gone through one by one
MANY = 1_000_000  # and so many where the search takes longer, as with bad scales
NODE = 16  # subsets that take as long as a node of the search
STEPS = 40  # of the interior point method


@dataclass(frozen=True, slots=True, eq=False)
class RelaxedDesign:
    """The convex relaxation of A-optimal design, with its certificate.

    Attributes
    ----------
    weights : ndarray, shape (m,)
        In [0, 1], with sum k; how much of each row is taken.
    value : float
        Criterion at the weights.
    lower : float
        No weights have less, and so no k rows.
    dual : ndarray, shape (n, n)
        A symmetric matrix that proves `lower`.
    k : int
    tau : float
    """

    weights: Vector
    value: float
    lower: float
    dual: Matrix
    k: int
    tau: float

    @property
    def gap(self) -> float:
        """Of value and bound, relative."""
        return (self.value - self.lower) / self.value

    @property
    def rows(self) -> Support:
        """The k rows of the largest weights, ascending."""
        return np.sort(np.argsort(-self.weights, kind="stable")[: self.k])

    def verify(self, A: npt.ArrayLike) -> bool:
        """Check that `dual` proves `lower` for A, rounding included."""
        A = check_array("A", A, 2)
        n = A.shape[1]
        if self.dual.shape != (n, n) or not np.array_equal(self.dual, self.dual.T):
            return False
        whole = np.ones((1, len(A)), dtype=bool)
        found, _ = bounds(A, self.tau, self.dual[None], ~whole, whole, self.k)
        return bool(found[0] >= self.lower)


@dataclass(frozen=True, slots=True, eq=False)
class OptimalDesign:
    """The best k rows, or a bracket on how good they are, by `optimal_design`.

    Attributes
    ----------
    rows : ndarray of int, shape (k,)
        Ascending.
    value : float
        Their criterion, to rounding: an upper bound on the optimum, and the optimum if
        `exact`.
    lower : float
        Certified lower bound on the optimum, rounding included.
    k : int
    tau : float
    branch : ndarray of int, shape (nodes,)
        The search: which row a node decides on, or -1 at a leaf. Empty if all subsets
        were gone through.
    children : ndarray of int, shape (nodes, 2)
        The nodes with that row and without it; at a leaf twice the place of its dual.
    duals : ndarray, shape (duals, n, n)
        Symmetric matrices that prove the bounds at the leaves.
    """

    rows: Support
    value: float
    lower: float
    k: int
    tau: float
    branch: Counts
    children: Counts
    duals: Array

    @property
    def exact(self) -> bool:
        """Whether no rows are better, but for a relative 1e-9."""
        return self.lower >= self.value * (1 - 2 * GAP)

    @property
    def efficiency(self) -> float:
        """The optimum is at least that share of `value`."""
        return self.lower / self.value

    def verify(self, A: npt.ArrayLike) -> bool:
        """Check both bounds against A.

        `value` anew from the rows; `lower` by walking through the search's decisions,
        which split all subsets, and evaluating at each leaf what its matrix proves. No
        number is taken from the result. If there was no search, all subsets are gone
        through.
        """
        A, k, tau = check_design(A, self.k, self.tau)
        m, named = len(A), np.concatenate([self.rows, self.branch])
        if self.rows.size != k or named.max() >= m:
            return False
        if not abs(criterion(A, self.rows, tau) - self.value) <= GAP * self.value:
            return False
        if not self.branch.size:
            return bool(enumerated(A, k, tau)[1] >= self.lower * (1 - GAP))
        if self.duals.shape[1:] != (A.shape[1],) * 2:
            return False
        if not np.array_equal(self.duals, self.duals.transpose(0, 2, 1)):
            return False
        todo = [(0, np.zeros(m, dtype=bool), np.ones(m, dtype=bool))]
        while todo:
            node, inside, free = todo.pop()
            row, (one, two) = int(self.branch[node]), self.children[node]
            if row >= 0:
                if min(one, two) <= node:
                    return False
                free = free.copy()
                free[row] = False
                with_it = inside.copy()
                with_it[row] = True
                todo += [(int(one), with_it, free), (int(two), inside, free)]
            elif inside.sum() <= k <= inside.sum() + free.sum():
                dual = self.duals[[one]]
                found, _ = bounds(A, tau, dual, inside[None], free[None], k)
                if not found[0] >= self.lower:
                    return False
        return True


def relaxed_design(A: npt.ArrayLike, k: int, *, tau: float = np.inf) -> RelaxedDesign:
    r"""Minimise the criterion of A-optimal design over fractions of rows.

    .. math:: \min_w \operatorname{tr}\Bigl(\sum_i w_i a_i a_i^T + I/\tau\Bigr)^{-1}
        \quad\text{subject to}\quad 0 \le w \le 1,\ \sum_i w_i = k

    A lower bound on `a_optimality` of all k rows. By an interior point method, of m^3
    operations per step; and certified whatever it does, by the equivalence theorem
    [1]_: for every symmetric matrix Y and all w

    .. math:: \operatorname{tr} M(w)^{-1} \ge \frac{(\operatorname{tr} Y)^2}
        {\|Y\|_F^2/\tau + \text{sum of the } k \text{ largest } \|Y a_i\|^2}.

    Parameters
    ----------
    A : array_like, shape (m, n)
    k : int
        In 1..m; without a prior at least n.
    tau : float
        Prior variance over that of the noise, positive; inf is no prior.

    Returns
    -------
    RelaxedDesign

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above; without a prior, if A has not n
        independent columns.

    References
    ----------
    .. [1] F. Pukelsheim, "Optimal Design of Experiments", Wiley, 1993, chapter 7.
    .. [2] S. Joshi, S. Boyd, "Sensor selection via convex optimization", IEEE Trans.
       Signal Process. 57(2), 2009.

    Examples
    --------
    >>> import sparsetheory as st
    >>> A = [[10.0, 0.0], [9.0, 0.0], [0.0, 1.0]]
    >>> found = st.relaxed_design(A, 2)
    >>> round(found.lower, 6), found.rows, found.verify(A)
    (1.01, array([0, 2]), True)
    """
    A, k, tau = check_design(A, k, tau)
    B, scale = scaled(A, tau)
    whole = np.ones((1, len(A)), dtype=bool)
    inside, free = settled(~whole, whole, k)
    with blas_held():
        w, Y, _ = solve(B, tau * scale**2, inside, free, k, np.inf, STEPS, FINE)
    Y = (Y[0] + Y[0].T) / (2 * scale**2)
    lower = bounds(A, tau, Y[None], ~whole, whole, k)[0]
    s = np.asarray(np.linalg.svd(np.sqrt(w[0])[:, None] * A, compute_uv=False))
    value = spread(s, A.shape[1], tau)
    return RelaxedDesign(w[0], value, float(lower[0]), Y, k, tau)


def optimal_design(
    A: npt.ArrayLike, k: int, *, tau: float = np.inf, time_limit: float | None = None
) -> OptimalDesign:
    r"""Find the k rows of A that are A-optimal.

    .. math:: \min_{|S| = k} \operatorname{tr}\bigl(A_S^T A_S + I/\tau\bigr)^{-1}

    Exact, unless time runs out: all subsets are gone through where they are few, and
    otherwise a branch and bound on rows, with the certified bound of `relaxed_design`
    in each node. NP-hard; easy where rows differ, hard where many are alike and k is
    little more than n.

    Parameters
    ----------
    A : array_like, shape (m, n)
    k : int
        In 1..m; without a prior at least n.
    tau : float
        Prior variance over that of the noise, positive; inf is no prior.
    time_limit : float, optional
        Seconds, about. The result is then a bracket if need be.

    Returns
    -------
    OptimalDesign

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above; without a prior, if A has not n
        independent columns.

    References
    ----------
    .. [1] W. Welch, "Branch-and-bound search for experimental designs based on D
       optimality and other criteria", Technometrics 24(1), 1982.

    Examples
    --------
    >>> import sparsetheory as st
    >>> A = st.gaussian(30, 5, rng=0)
    >>> found = st.optimal_design(A, 10)
    >>> found.exact, found.verify(A)
    (True, True)
    """
    deadline = check_time_limit(time_limit)
    A, k, tau = check_design(A, k, tau)
    subsets = comb(len(A), k)
    listed = subsets <= FEW
    with blas_held():
        if not listed:
            may_list = time_limit is None and subsets <= MANY
            search = Search(A, k, tau)
            search.run(deadline, subsets // NODE if may_list else None)
            listed = may_list and bool(search.heap)
        if listed:
            rows, lower = enumerated(A, k, tau)
            tree = np.empty(0, dtype=np.int64), np.empty((0, 2), dtype=np.int64)
            duals = np.empty((0, A.shape[1], A.shape[1]))
        else:
            rows, lower = search.rows, search.lower()
            tree = np.array(search.branch), np.array(search.children)
            duals = np.array(search.duals) / search.scale**2
    value = criterion(A, rows, tau)
    return OptimalDesign(rows, value, min(lower, value), k, tau, *tree, duals)
