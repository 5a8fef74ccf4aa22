"""The group LASSO by a growing working set of groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from sparsetheory._checks import check_array
from sparsetheory._kernels.group_lasso import (
    Blocks,
    Problem,
    coordinates,
    descend,
    entries,
    take_off,
)
from sparsetheory._kernels.group_passes import (
    images,
    measure_groups,
    multiply,
    refresh_groups,
    scatter,
)
from sparsetheory._kernels.linear import Spectrum
from sparsetheory._kernels.threshold import Groups, group_norms
from sparsetheory.solvers._designs import Dense, Design, Sparse
from sparsetheory.solvers._group_newton import newton_step
from sparsetheory.solvers._span import Span
from sparsetheory.types import Matrix, Vector

Index: TypeAlias = npt.NDArray[np.int64]

MANY = 8  # groups that begin, and that join at least, if they have from
LEAST, MOST_FIRST = 96, 256  # so many columns to so many; these are the limits
FEWEST = 4  # groups that do however wide they are
GROWTH = 1.0  # columns that join at most, over those not zero
INNER = 0.01, 0.1  # gap to which a growing set is solved, over that of the problem
FEW = 8  # the first of these while it has fewer columns than all over this
SHARE = 0.6  # of the gap wanted, to which any set is solved
PATIENCE = 24  # columns per sweep after which their Gram matrix would have paid
SMALL = 512  # columns whose Gram matrix always does
SLOW, NEWTON = 300, 4096  # sweeps after which, and columns up to which, it may too
SWEEPS, FEW_SWEEPS = 50, 10  # before the first Newton step, and between others
IDLE = 20  # Newton steps in turn that gain nothing: rounding
HASTE = 5  # as many such steps are made up for by one that sweeps add nothing to
MOST = 2**27  # entries of M, if the matrix itself does not have them
LOW, HIGH = 1e-140, 1e140  # norms of groups: their squares are numbers
OVER = 1.0 + 1e-12  # for the rounding of a bound
EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, slots=True, eq=False)
class Round:
    """Where the working set got to for one weight.

    Attributes
    ----------
    n_iter : int
        Sweeps.
    gap : float
    value : float
        Of the best dual point.
    dual : ndarray
        That point, in the form of the design.
    full : bool
        Whether the working set could not grow.
    """

    n_iter: int
    gap: float
    value: float
    dual: Vector
    full: bool


class WorkingSet:
    """Groups that may be active, and the minimum over them.

    Attributes
    ----------
    chosen : ndarray of int
        The groups; `index` are their columns, group after group.
    z, norms : ndarray
        x on these columns, in the eigenbases of their groups, and its norm on each.
    r : ndarray
        The residual, in the form of the design, off the span of the columns `free`.
    gram : bool
        Whether M is the Gram matrix of the columns; otherwise it holds them as rows,
        at `places`.
    """

    def __init__(self, design: Design, y: Vector, groups: Groups, free: Index) -> None:
        self.design, self.groups = design, groups
        self.sizes = np.diff(groups.starts)
        self.rows: Any = None  # of a matrix whose groups can be read one by one
        if isinstance(design, Sparse):
            self.rows = design.A
        elif isinstance(design, Dense) and not design.by_rows:
            self.rows = design.A.T
        double = isinstance(self.rows, np.ndarray) and self.rows.dtype == np.float64
        self.direct = double and free.size == 0
        self.free, self.span = free, None
        self.y = self.r = y
        if free.size:
            self.span = Span(self.read(free))
            self.y = self.r = self.span.off(y)
        self.gram, self.M = not isinstance(design, Dense), np.empty((0, 0))
        self.chosen = self.index = self.places = np.empty(0, np.int64)
        self.z = self.norms = self.c = np.empty(0)
        self.off = np.empty((0, 0))
        none = np.zeros(1, np.int64)
        self.blocks = Blocks(none, none, none, self.z, self.z)
        self.reach, self.bound = np.ones(self.sizes.size), np.empty(self.sizes.size)
        self._measure()

    @np.errstate(over="ignore", invalid="ignore")  # it says so itself
    def _measure(self) -> None:
        """Bound the products of each group with y, and with any vector."""
        design, slack, y = self.design, self._slack(self.y), self._part(self.y)
        if self.rows is not None:
            measure_groups(self.rows, y, self.groups, slack, self.reach, self.bound)
            largest = float(self.reach.max(initial=0.0))
        else:
            self.full, norms = design.first(self.y)
            largest = float(norms.max())
            if isinstance(design, Dense):
                self.reach = group_norms(norms, self.groups)
            self.bound = group_norms(self.full, self.groups) + slack * self.reach
        if not np.isfinite(largest) and isinstance(design, Dense):
            check_array("A", design.A, 2)  # names an entry that is not finite
        # Where nothing correlates with y zero is right, however short the columns.
        if not LOW < largest < HIGH and self._products(self.groups.order).any():
            raise ValueError(f"A must be rescaled, norms of groups reach {largest:.1e}")
        scale = float(np.linalg.norm(self.y)) / largest if largest else 0.0
        if not LOW < scale < HIGH and self._products(self.groups.order).any():
            raise ValueError(
                f"y must be rescaled to A, solutions are about {scale:.1e}"
            )

    def _products(self, index: Index) -> Vector:
        """Return the products of y with these columns."""
        if self.rows is None:
            return np.asarray(self.full[index])
        return np.asarray(multiply(self.rows, index, self._part(self.y)))

    def _part(self, v: Vector) -> Vector:
        """Return the part of v that the columns, as they are stored, see."""
        return self.design.part(v) if isinstance(self.design, Sparse) else v

    def _slack(self, r: Vector) -> float:
        return float(self.design.rounding * np.linalg.norm(r))

    def _refresh(self, levels: Vector) -> None:
        """Renew the residual, and the bounds that may reach `levels`."""
        r = self._residual()
        move, slack, self.r = float(np.linalg.norm(r - self.r)), self._slack(r), r
        if self.rows is not None:
            refresh_groups(
                *(self.rows, self._part(r), self.groups, slack, self.reach),
                *(levels, OVER * move, self.bound),
            )
            return
        c, spare = np.empty((2, self.design.shape[1]))
        self.design.correlate(r, 0.0, 0.0, spare, c, spare)
        self.bound = group_norms(c, self.groups) + slack * self.reach

    def _residual(self) -> Vector:
        x = self.entries()
        if self.gram:
            r = self.design.residual(self.y, self.index, x)
            return r if self.span is None else self.span.off(r)
        r = self.y.copy()
        take_off(self.M, self.places, 0, x.size, x, r)
        return r

    def entries(self) -> Vector:
        """Return x on the columns `index`."""
        return np.asarray(entries(self.blocks, self.z))

    def grow(self, new: Index) -> bool:
        """Let groups join, at zero; return whether they may."""
        new = new[np.argsort(self.sizes[new], kind="stable")]
        sizes, old = self.sizes[new], self.index.size
        k, m = old + int(sizes.sum()), self.y.size
        if k * min(k, m) > MOST and not isinstance(self.design, Dense):
            return False
        shift = self.groups.starts[new] - np.cumsum(sizes) + sizes
        index = self.groups.order[np.repeat(shift, sizes) + np.arange(k - old)]
        self.chosen = np.concatenate([self.chosen, new])
        self.index = np.concatenate([self.index, index])
        if self.gram and k <= max(2 * m, NEWTON):
            self._extend(old)
        else:
            self._hold(0 if self.gram else old)
        for size in np.unique(sizes).tolist():
            last = old + size * np.count_nonzero(sizes == size)
            self._decompose(old, last, size)
            old = last
        self.z = np.concatenate([self.z, np.zeros(self.blocks.ranks[-1] - self.z.size)])
        self.norms = np.concatenate([self.norms, np.zeros(new.size)])
        return True

    def _hold(self, old: int) -> None:
        """Let M hold all columns, of which it has `old`."""
        if self.direct:
            self.gram, self.M, self.places = False, self.rows, self.index
            return
        if self.gram:
            self.gram, self.M = False, np.empty((0, 0))
        k = self.index.size
        self.places = np.arange(k)
        self.M = _wider(self.M, old, k, self.y.size)
        self.M[old:k] = self._columns(self.index[old:])

    def _extend(self, old: int) -> None:
        """Let M be the Gram matrix of all columns, of which it is that of `old`."""
        if not self.gram:
            self.gram, self.M = True, np.empty((0, 0))
        k, index = self.index.size, self.index[old:]
        self.places = np.arange(k)
        self.M = _wider(self.M, old, k, 0)
        self.design.extend(self.index, old, self.M)
        self.c = np.concatenate([self.c[:old], self._products(index)])
        if self.span is not None:
            columns = self.read(index)
            on = columns @ self.span.basis
            self.off = np.concatenate([self.off[:old], on]) if old else on
            self.M[old:k, :k] -= on @ self.off.T
            rest = np.linalg.norm(self.span.off(columns), axis=1)
            lost = old + np.flatnonzero(self.span.spans(columns, rest))
            self.M[lost, :k] = self.c[lost] = 0.0
            self.M[:old, old:k] = self.M[old:k, :old].T

    def _columns(self, index: Index) -> Matrix:
        """Return these columns off the span, one a row."""
        columns = self.read(index)
        return columns if self.span is None else self.span.off_columns(columns)

    def read(self, index: Index) -> Matrix:
        """Return these columns, one a row."""
        design = self.design
        if isinstance(design, Dense):
            return np.asarray(design.A.T[index], dtype=np.float64, order="C")
        if isinstance(design, Sparse):
            out = np.empty((index.size, design.shape[0]))
            scatter(design.A, index, out)
            return out
        compiled = isinstance(design.form, Spectrum)
        run = images if compiled else getattr(images, "py_func", images)
        return np.asarray(run(design.form, index))

    def _decompose(self, low: int, high: int, size: int) -> None:
        """Append the eigenbases of the groups of one size in these rows."""
        count = (high - low) // size
        if self.gram:
            square = self.M[low:high, low:high].reshape(count, size, count, size)
            each = np.arange(count)
            values, vectors = np.linalg.eigh(square[each, :, each])
        else:
            held = self._columns(self.index[low:high]) if self.direct else self.M
            N = held[0 if self.direct else low :][: high - low].reshape(count, size, -1)
            if size <= N.shape[2]:
                values, vectors = np.linalg.eigh(N @ N.transpose(0, 2, 1))
            else:
                vectors, roots, _ = np.linalg.svd(N, full_matrices=False)
                values = roots**2
        values[values <= EPS * size * values.max(axis=1, keepdims=True)] = 0.0
        rank = values.shape[1]
        edges, ranks, turns, known, bases = self.blocks
        steps = np.arange(1, count + 1)
        self.blocks = Blocks(
            np.concatenate([edges, edges[-1] + size * steps]),
            np.concatenate([ranks, ranks[-1] + rank * steps]),
            np.concatenate([turns, turns[-1] + size * rank * steps]),
            np.concatenate([known, values.ravel()]),
            np.concatenate([bases, vectors.transpose(0, 2, 1).ravel()]),
        )

    def begin(self, x: Vector) -> None:
        """Start from x, if it is not too large."""
        on = np.flatnonzero(group_norms(x, self.groups))
        if on.size and self.grow(on):
            self.z, self.norms = coordinates(self.blocks, x[self.index])

    @np.errstate(over="ignore")  # beyond the floats no dual point fits
    def minimise(self, lam: float, goal: float, limit: int) -> Round:
        """Solve to a gap of `goal`, or as far as it goes in `limit` sweeps."""
        levels, yy = lam * self.groups.weights, float(self.y @ self.y)
        n_iter, best, last = 0, -np.inf, np.inf
        dual, full = self.y, False
        while True:
            if self.index.size:
                self._refresh(levels)
            ratio, r = self.bound / levels, self.r
            value, scale = best_multiple(r, self.y, ratio.max(initial=0.0))
            if value > best:
                best, dual = value, scale * r
            penalty = float(levels[self.chosen] @ self.norms)
            gap = max(0.5 * float(r @ r) + penalty - best, 0.0)
            ratio[self.chosen] = 0.0
            new = np.flatnonzero(ratio > OVER)
            stuck = new.size == 0 and not gap < last
            if gap <= goal or n_iter >= limit or stuck or full:
                return Round(n_iter, gap, best, dual, full)
            aim, last = SHARE * goal, gap
            if new.size:
                last, full = np.inf, not self.grow(self._joining(new, ratio))
                inner = INNER[FEW * self.index.size > self.groups.order.size]
                aim = max(aim, inner * min(gap, 0.5 * yy))
            n_iter += self._descend(levels[self.chosen], yy, aim, limit - n_iter)

    def _descend(self, levels: Vector, yy: float, aim: float, limit: int) -> int:
        """Solve on the working set to a gap of `aim`; return the sweeps."""
        k, n_iter, patience = self.index.size, 0, self._patience()
        s, least, idle = self._state(), np.inf, 0
        while n_iter < limit and idle < IDLE:
            problem = Problem(
                *(self.M, self.places, self.gram, self.y, yy, self.c),
                *(self.blocks, levels),
            )
            most = min(patience, limit - n_iter)
            sweeps, gap = descend(problem, aim, most, s, self.z, self.norms)
            n_iter += int(sweeps)
            stalled = sweeps < most  # by rounding, which Newton steps feel less
            if gap <= aim or n_iter >= limit or (stalled and k > NEWTON):
                break
            if not self.gram:
                self._extend(0)
                s, patience = self._state(), self._patience()
                continue
            idle = 0 if gap < 0.99 * least else idle + (HASTE if stalled else 1)
            least = min(gap, least)
            x, edges = self.entries(), self.blocks.edges
            found = newton_step(self.M, s, x, edges, self.norms, levels)
            patience = 2 * patience if found is None else FEW_SWEEPS + k // PATIENCE
            if found is not None:
                s -= found[1]
                self.z, self.norms = coordinates(self.blocks, x + found[0])
        return n_iter

    def _state(self) -> Vector:
        """Return the state that descent starts from, of its own."""
        k = self.index.size
        return self.c - self.M[:k, :k] @ self.entries() if self.gram else self.r.copy()

    def _patience(self) -> int:
        """Return the sweeps to make before something else is tried.

        With the columns, to form their Gram matrix, sooner if that makes sweeps short;
        with that, a Newton step.
        """
        k = self.index.size
        if self.gram:
            return SWEEPS + k // 4
        if k <= max(2 * self.y.size, SMALL):
            return max(PATIENCE, k // PATIENCE)
        return SLOW + k if k <= NEWTON else 2**62

    def _joining(self, new: Index, ratio: Vector) -> Index:
        """Return the groups among these that break their constraints most."""
        new = new[np.argsort(-ratio[new], kind="stable")]
        first = np.clip(MANY * np.mean(self.sizes[new]), LEAST, MOST_FIRST)
        many = GROWTH * float(self.sizes[self.chosen] @ (self.norms > 0.0))
        total = np.cumsum(self.sizes[new])
        count = int(np.searchsorted(total, max(first, many), side="right"))
        return new[: max(count, FEWEST)]


def best_multiple(r: Vector, y: Vector, worst: float) -> tuple[float, float]:
    """Return the value of the best feasible multiple of r, and the factor."""
    rr, yr = float(r @ r), float(r @ y)
    scale = yr / rr if rr > 0.0 else 0.0
    if worst > 0.0:
        scale = max(-1.0 / worst, min(scale, 1.0 / worst))
    return scale * (yr - 0.5 * scale * rr), scale


def _wider(M: Matrix, used: int, rows: int, columns: int) -> Matrix:
    """Return M, or if it has fewer rows one that begins with its `used`.

    Without `columns` it is square.
    """
    if len(M) >= rows:
        return M
    size = max(rows, 2 * used)
    wider = np.empty((size, columns or size))
    wider[:used, : M.shape[1]] = M[:used]
    return wider
