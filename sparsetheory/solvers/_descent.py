"""The LASSO by coordinate descent on the Gram matrix of a growing working set."""

from dataclasses import dataclass

import numpy as np
from scipy.linalg.lapack import dposv

from sparsetheory._checks import check_array
from sparsetheory._kernels.lasso import descend
from sparsetheory.solvers._designs import Dense, Design, Index
from sparsetheory.types import Vector

ROOMY = 4  # times the columns there are, space for more
FIRST = 40, 128  # columns at first, at least and at most; between, an eighth of m
GROWTH = 0.5  # of the nonzeros, columns in a round
MOST = 10_000  # columns of a working set; their Gram matrix takes 0.8 GB
SHARE = 0.3  # of the gap allowed, what the working set may leave
SHRINK = 0.1  # of the gap there is, what a round leaves
SWEEPS = 50  # before the first Newton step, and one for every few nonzeros
FEW = 10  # sweeps between Newton steps
COST = 32  # nonzeros for which a Newton step takes as long as one sweep more
RIDGE = 1e-10, 1e-7  # relative
LOW, HIGH = 1e-140, 1e140  # y and norms of columns: their squares are numbers
ROOM = 1e-12  # relative; for the rounding of a bound


@dataclass(frozen=True, slots=True, eq=False)
class Round:
    """Where the working set got to for one weight.

    Attributes
    ----------
    n_iter : int
    gap : float
    value : float
        Of the best dual point.
    dual : ndarray, shape (m,)
        That point, a multiple of a residual.
    full : bool
        Whether the working set could not grow.
    """

    n_iter: int
    gap: float
    value: float
    dual: Vector
    full: bool


class WorkingSet:
    """Columns that may be active, their Gram matrix, and bounds on all the others.

    Attributes
    ----------
    index : ndarray of int, shape (k,)
        The columns.
    x, g : ndarray, shape (k or more,)
        The point, and the correlations of the columns with its residual.
    G : ndarray, shape (k or more, k or more)
    start : ndarray, shape (n,)
        ``A^T y``.
    c, bound : ndarray, shape (n,)
        ``|A^T r| <= bound``, with equality and c the correlation itself where that is
        at least `level`.
    r : ndarray, shape (m,)
        The residual.
    """

    def __init__(self, design: Design, y: Vector) -> None:
        self.design, self.y, self.r = design, y, y
        self.total = float(y @ y)
        self.start, self.norms = design.first(y)
        self._check_norms()
        self.c = self.start.copy()
        self.bound = np.abs(self.c) + self.total**0.5 * design.error(self.norms)
        self.level = 0.0
        self.index: Index = np.empty(0, np.int64)
        low, high = FIRST
        self.first = max(low, min(high, y.size // 8))
        self.x, self.g, self.b = np.empty((3, 0))
        self.G = np.empty((0, 0))

    def _check_norms(self) -> None:
        longest = float(self.norms.max())
        if not np.isfinite(longest) and isinstance(self.design, Dense):
            check_array("A", self.design.A, 2)  # names an entry that is not finite
        if np.any(self.start) and not LOW < longest < HIGH:
            raise ValueError(
                f"A must be rescaled, the longest column has norm {longest:.1e}"
            )

    def grow(self, new: Index) -> None:
        """Take up columns, at zero."""
        old, k = self.index.size, self.index.size + new.size
        self.index = np.concatenate([self.index, new])
        if k > self.x.size:
            size = max(k, min(ROOMY * max(k, self.first), self.start.size, MOST))
            self.x, self.g, self.b = (
                np.concatenate([v[:old], np.zeros(size - old)])
                for v in (self.x, self.g, self.b)
            )
            G = np.empty((size, size))
            G[:old, :old] = self.G[:old, :old]
            self.G = G
        self.x[old:k] = 0.0
        self.g[old:k] = self.c[new]
        self.b[old:k] = self.start[new]
        self.design.extend(self.index, old, self.G)

    def move(self, lam: float) -> None:
        """Renew the residual and the correlations that may reach `lam`."""
        k = self.index.size
        r = self.design.residual(self.y, self.index, self.x[:k])
        moved = (1.0 + ROOM) * float(np.linalg.norm(r - self.r))
        self.r = r
        self.bound[self.index] = np.inf
        self._correlate(moved, lam)
        self.g[:k] = self.c[self.index]

    def _correlate(self, moved: float, lam: float) -> None:
        level = (1.0 - ROOM) * lam
        self.design.correlate(self.r, moved, level, self.norms, self.c, self.bound)
        self.level = lam

    def begin(self, x0: Vector) -> None:
        """Start from the largest entries of `x0`, no more than there are rows."""
        support, most = np.flatnonzero(x0), min(self.design.shape[0], MOST)
        if support.size > most:
            order = np.argsort(-np.abs(x0[support]), kind="stable")
            support = np.sort(support[order[:most]])
        if support.size:
            self.grow(support.astype(np.int64))
            self.x[: support.size] = x0[support]
            self.move(0.0)

    def minimise(self, lam: float, tol: float, max_iter: int) -> Round:
        """Solve the LASSO to a gap of ``tol * ||y||^2 / 2``, or as far as it goes."""
        half = 0.5 * self.total
        goal = tol * half
        if lam < self.level:
            self._correlate(0.0, lam)
        best, dual, n_iter, before, still = -np.inf, self.y, 0, np.inf, 0
        while True:
            value, s = self._dual(lam)
            if value > best:
                best, dual = value, s * self.r
            rr = float(self.r @ self.r)
            k = self.index.size
            gap = max(0.5 * rr + lam * float(np.abs(self.x[:k]).sum()) - best, 0.0)
            new = self._violators(lam)
            still = still + 1 if new.size == 0 and gap > 0.9 * before else 0
            ended = gap <= goal or n_iter >= max_iter or still > 2
            if ended or k + new.size > MOST:
                return Round(n_iter, gap, best, dual, not ended)
            before = gap
            self.grow(new)
            shrink = SHRINK if n_iter else SHRINK**2
            aim = max(SHARE * goal, shrink * min(gap, half) if new.size else 0.0)
            n_iter += self._descend(lam, aim, max_iter - n_iter)
            self.move(lam)

    def _dual(self, lam: float) -> tuple[float, float]:
        """Return the value of the best feasible multiple of r, and the factor."""
        rr, yr = float(self.r @ self.r), float(self.y @ self.r)
        s, worst = yr / rr if rr > 0.0 else 0.0, float(self.bound.max())
        if worst > 0.0:
            s = max(-lam / worst, min(s, lam / worst))
        return s * yr - 0.5 * s * s * rr, s

    def _violators(self, lam: float) -> Index:
        """Return the columns outside that most exceed `lam`, a round of them."""
        v = self.bound.copy()
        v[self.index] = 0.0
        new = np.flatnonzero(v > lam)
        nonzeros = np.count_nonzero(self.x[: self.index.size])
        most = max(self.first, int(GROWTH * nonzeros))
        if new.size > most:
            new = new[np.argpartition(v[new], new.size - most)[new.size - most :]]
        return new

    def _descend(self, lam: float, aim: float, max_iter: int) -> int:
        """Solve on the working set to a gap of `aim`; return the sweeps."""
        k, n_iter, before = self.index.size, 0, np.inf
        patience = SWEEPS + int(np.count_nonzero(self.x[:k])) // 4
        while n_iter < max_iter:
            most = min(patience, max_iter - n_iter)
            args = self.G, self.b, lam, k, self.total, aim, most, self.x, self.g
            sweeps, gap = descend(*args)
            n_iter += sweeps
            if gap <= aim or sweeps < most:
                break
            steps = self._newton(lam, max_iter - n_iter)
            n_iter += steps
            if steps == 0 and gap > 0.9 * before:
                break
            before, patience = gap, FEW
        return n_iter

    def _newton(self, lam: float, max_iter: int) -> int:
        """Step to the minimum for the present signs, or as far as they last.

        The Newton steps of feature-sign search (Lee, Battle, Raina, Ng 2006), with a
        ridge for dependent columns: to zero where signs would turn if that lowers the
        objective, else to the first turn; and again until none turns. Returns how many
        sweeps they cost.
        """
        k, n_iter, last = self.index.size, 0, False
        while n_iter < max_iter and not last:
            S = np.flatnonzero(self.x[:k])
            if S.size == 0:
                break
            gradient = lam * np.sign(self.x[S]) - self.g[S]
            scale = 1.0 / np.sqrt(self.G[S, S])
            H = self.G[np.ix_(S, S)] * np.outer(scale, scale)
            for ridge in RIDGE:
                H[np.diag_indices(S.size)] = 1.0 + ridge
                _, z, fault = dposv(H, -scale * gradient)
                if fault == 0 and (found := self._fall(S, gradient, scale * z)):
                    step, image, last = found
                    break
            else:
                break
            self.x[S] += step
            self.g[:k] -= image
            n_iter = min(n_iter + 1 + S.size // COST, max_iter)
        return n_iter

    def _fall(
        self, S: Index, gradient: Vector, d: Vector
    ) -> tuple[Vector, Vector, bool] | None:
        """Return a step along d that lowers the objective, if there is one.

        And what G makes of it, and whether it is d itself. No sign turns, so that the
        objective is a quadratic function.
        """
        x = self.x[S]
        ends = np.divide(-x, d, out=np.full(S.size, np.inf), where=x * d < 0.0)
        t = np.min(ends, initial=1.0)
        for step in (np.where(ends <= 1.0, -x, d), np.where(ends == t, -x, t * d)):
            image = step @ self.G[S, : self.index.size]
            if gradient @ step + 0.5 * (step @ image[S]) < 0.0:
                return step, image, t == 1.0
        return None
