"""A group LASSO with its data, whichever way it is solved."""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse.linalg import LinearOperator

from sparsetheory._checks import check_array, check_groups, check_start
from sparsetheory._kernels import compile_for
from sparsetheory._kernels.linear import columns
from sparsetheory._kernels.proximal import proximal_gradient
from sparsetheory._kernels.threshold import Groups, group_norms
from sparsetheory.operators import operator_norm
from sparsetheory.solvers._designs import Design, design_of
from sparsetheory.solvers._group_sets import EPS, WorkingSet, best_multiple
from sparsetheory.solvers._span import Span
from sparsetheory.types import MeasurementOperator, Recovery, Vector

WIDEST = 2048  # columns of a group whose eigenbasis is worth its time
LOW, HIGH = 1e-280, 1e280  # of squares


class GroupProblem:
    """A matrix, data and groups, with what is known of the solution so far."""

    def __init__(
        self,
        A: MeasurementOperator,
        y: npt.ArrayLike,
        groups: npt.ArrayLike,
        weights: npt.ArrayLike | None,
        x0: npt.ArrayLike | None,
    ) -> None:
        self.A: Any
        self.design: Design | None
        self.A, self.y, self.design, self.z = design_of(A, y, True)
        with np.errstate(over="ignore"):
            self.half = 0.5 * float(self.z @ self.z)
        if np.any(self.z) and not LOW < self.half < HIGH:
            peak = np.abs(self.z).max()
            raise ValueError(f"y must be rescaled, its entries reach {peak:.1e}")
        m, n = self.A.shape
        parts = check_groups(groups, n, weights, positive=False)
        self.parts, self.free = penalised(parts)
        self.x = check_start(x0, n)
        widest = int(np.diff(self.parts.starts).max(initial=0))
        wide = min(widest, m) > WIDEST
        if isinstance(self.A, np.ndarray) and (wide or self.free.size):
            check_array("A", self.A, 2)  # the working set looks at penalised columns
        if wide:
            self.design = None
        if self.design is not None:
            self.work = WorkingSet(self.design, self.z, self.parts, self.free)
            self.work.begin(self.x)

    def solve(self, lam: float, tol: float, max_iter: int) -> Recovery:
        """Return the solution, to the tolerance or as good as it gets."""
        with np.errstate(over="ignore"):
            levels = lam * self.parts.weights
        if levels.size and not 0.0 < levels.min() <= levels.max() < np.inf:
            worst = levels.min() if levels.max() < np.inf else levels.max()
            raise ValueError(f"lam * weights must be positive floats, got {worst}")
        goal = tol * self.half
        if self.design is None:
            return self._by_gradients(lam, goal, max_iter, 0)
        found, work = self.work.minimise(lam, goal, max_iter), self.work
        self.x = np.zeros(self.x.size)
        self.x[work.index] = work.entries()
        if work.span is not None:
            self.x[self.free] = work.span.fit(self._left(work.index))
        if found.full and found.n_iter < max_iter:
            return self._by_gradients(lam, goal, max_iter, found.n_iter)
        x, gap = self.x.astype(self.y.dtype, copy=False), found.gap
        if x is not self.x:  # the gap of what is returned
            self.x = x.astype(np.float64)
            r = self._left(np.flatnonzero(x))
            penalty = float(group_norms(self.x, self.parts) @ self.parts.weights)
            gap = max(0.5 * float(r @ r) + lam * penalty - found.value, 0.0)
        dual = self.design.original(found.dual)
        return Recovery(x, found.n_iter, bool(gap <= goal), float(gap), dual)

    def _left(self, index: npt.NDArray[np.int64]) -> Vector:
        """Return what the entries of x at `index` leave of y, in its form."""
        return np.asarray(self.z - self.x[index] @ self.work.read(index))

    def _by_gradients(
        self, lam: float, goal: float, max_iter: int, before: int
    ) -> Recovery:
        """Return the solution by proximal gradient descent with momentum."""
        A, y, x = self.A, self.y.astype(np.float64), self.x
        if isinstance(A, np.ndarray):
            A = np.asarray(A, dtype=np.float64)
        span = None
        if self.free.size:
            span = Span(columns(A, self.free))
            A, y = _Off(A, span, self.free), span.off(y)
            x[self.free] = 0.0
        norm, half = operator_norm(A), 0.5 * float(y @ y)
        step = 1.0 / norm / norm if norm > 0.0 else 1.0
        tol = goal / half if half > 0.0 else 1.0
        form, z, run = compile_for(A, y, proximal_gradient)
        most = max_iter - before
        n_iter, _ = run(form, z, lam, step, self.parts, True, most, tol, x)
        x = x.astype(self.y.dtype).astype(np.float64)
        r = y - A @ x
        weights, size = self.parts.weights, float(np.linalg.norm(r))
        slack = len(y) * EPS * norm * size
        ratios = (group_norms(A.T @ r, self.parts) + slack) / weights
        value, scale = best_multiple(r, y, float(ratios.max(initial=0.0)) / lam)
        penalty = float(group_norms(x, self.parts) @ weights)
        gap = max(0.5 * size**2 + lam * penalty - value, 0.0)
        if span is not None:
            x[self.free] = span.fit(self.y - self.A @ x)
        self.x = x
        found = x.astype(self.y.dtype)
        return Recovery(found, before + int(n_iter), gap <= goal, gap, scale * r)


class _Off(LinearOperator):
    """A matrix whose columns have lost their part in the span of some of them."""

    def __init__(self, A: Any, span: Span, free: npt.NDArray[np.int64]) -> None:
        self.A, self.span = A, span
        self.kept = np.ones(A.shape[1])
        self.kept[free] = 0.0  # but for the rounding of what may be long
        super().__init__(np.float64, A.shape)

    def _matvec(self, x: Vector) -> Vector:
        return self.span.off(self.A @ (self.kept * np.ravel(x)))

    def _rmatvec(self, r: Vector) -> Vector:
        return np.asarray(self.kept * (self.A.T @ self.span.off(np.ravel(r))))


def penalised(groups: Groups) -> tuple[Groups, npt.NDArray[np.int64]]:
    """Return the groups of positive weight, and the entries of the others."""
    order, starts, weights = groups
    if weights.min() > 0.0:
        return groups, order[:0]
    on, sizes = weights > 0.0, np.diff(starts)
    member = np.repeat(on, sizes)
    ends = np.concatenate([[0], np.cumsum(sizes[on])])
    return Groups(order[member], ends, weights[on]), order[~member]
