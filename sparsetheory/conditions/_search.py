"""Bounds on one side of the isometry constants, and the searches that close them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from math import comb, prod
from typing import Any

import numpy as np

from sparsetheory._kernels.ascent import ascend
from sparsetheory._kernels.chain import CLOSED, FOUND, chain_search, new_chain
from sparsetheory._kernels.supports import connected_search, new_order, ordered_search
from sparsetheory.conditions._sections import (
    Array,
    Gram,
    Indices,
    extend,
    pairs,
    strongest_pairs,
)
from sparsetheory.conditions.evidence import Evidence
from sparsetheory.conditions.relaxation import (
    averaging_bound,
    babel_bound,
    dual_bound,
    frobenius_bound,
    largest_entries,
    own,
)
from sparsetheory.types import Vector

ROUNDING = 1e-12  # of the largest entry: what searches may be wrong by
SLACK = 1e-9  # by which chains are let go on below their level
DECOMPOSED = 3_000_000  # operations, about, for all eigenvalues
SLICE = 0.02  # seconds of compiled code between two looks at the clock
PATIENCE = 0.005  # seconds before a second search joins
TOGETHER = 4  # starts between two looks at the clock
STARTS = 256  # pairs to climb from, at most
FEW = 500_000  # supports, that need no chains
SHARE = 10  # time of the first search for one of the others, twice after a second


class Stop(Exception):
    """Time is up."""


@dataclass(eq=False)
class Clock:
    """When to stop, and whom to tell how it goes."""

    deadline: float = np.inf
    tell: Callable[[int], Any] | None = None
    describe: Callable[[str], Any] | None = None

    def tick(self, nodes: int = 0) -> None:
        """Raise `Stop` if it is time."""
        if self.tell:
            self.tell(nodes)
        if time.perf_counter() > self.deadline:
            raise Stop

    def say(self, what: str) -> None:
        """Say what is being done."""
        if self.describe:
            self.describe(what)

    @property
    def left(self) -> float:
        """Seconds."""
        return self.deadline - time.perf_counter()


class Sections:
    """The largest eigenvalue of sections of ``sign (G - I)``, for each size up to k.

    The largest entries are those of the other side, if that is there.
    """

    def __init__(
        self, G: Gram, sign: int, k: int, clock: Clock, largest: Array | None = None
    ) -> None:
        n = len(G.matrix)
        self.G, self.sign, self.k, self.clock = G, sign, k, clock
        self.M = sign * G.matrix
        self.M[np.diag_indices(n)] -= sign
        self.values = self.M
        if G.torus:
            self.values = sign * G.values
            self.values[own(self.values)] -= sign
        self.diagonal: Vector = np.ascontiguousarray(self.M.diagonal().real)
        self.least = float(self.diagonal.min())
        self.scale = max(1.0, float(G.matrix.diagonal().real.max()))
        self.rounding = ROUNDING * self.scale
        self.lower = np.full(k + 1, -np.inf)
        self.supports: list[Indices] = [np.arange(0)] * (k + 1)
        self.upper: list[Evidence] = [Evidence("columns", 0, 0.0)] * (k + 1)
        self.caps = np.full(k + 1, np.inf)
        self.visited = 0
        self.record: list[tuple[int, float, float]] = []
        linked = np.count_nonzero(G.matrix[: G.orbits]) / G.orbits / n
        self.methods = ["chain", "ordered"]
        if n > 24 and linked < 0.6:
            self.methods.append("connected")
        if n <= 24 or comb(n, k) <= FEW:
            self.methods = ["ordered", "chain"]
        elif linked < 0.15:
            self.methods = ["connected", "chain"]
        self.pairs = strongest_pairs(self.M, G.orbits, STARTS) if k > 1 else None
        if largest is None:
            largest = largest_entries(self.values, k - 1)
        self.largest = largest
        for t in range(1, k + 1):
            self._begin(t, largest)
        if k > 2 and len(self.values) ** 3 * prod(G.torus) <= DECOMPOSED:
            none = np.zeros_like(self.values)
            bound = dual_bound(self.values, none, k)  # the largest eigenvalue of all
            for t in range(3, k + 1):
                self.cut(Evidence("semidefinite", t, bound, dual=none))

    def _begin(self, t: int, largest: Array) -> None:
        top = int(self.diagonal.argmax())
        if t == 1:
            self.raise_to(1, float(self.diagonal[top]), np.array([top]))
            self.cut(Evidence("columns", 1, float(self.lower[1])))
        elif t == 2:
            assert self.pairs is not None
            pair = self.pairs[0]
            self.raise_to(2, self.value(pair), pair)
            self.cut(Evidence("pairs", 2, float(self.lower[2])))
        else:
            self.cut(Evidence("Babel", t, babel_bound(self.values, t, largest)))
            self.cut(Evidence("Frobenius", t, frobenius_bound(self.values, t, largest)))
        if self.sign < 0:
            self.cut(Evidence("rank", t, 1.0))

    def value(self, support: Indices) -> float:
        """Return the largest eigenvalue on a support."""
        part = self.M[np.ix_(support, support)]
        return float(np.linalg.eigvalsh(part)[-1])

    def raise_to(self, t: int, value: float, support: Indices) -> None:
        """Take a support of t columns for a lower bound."""
        if value > self.lower[t]:
            self.lower[t], self.supports[t] = value, np.sort(support)

    def cut(self, evidence: Evidence) -> None:
        """Take an upper bound for what it says, of larger supports too."""
        size = evidence.size
        for t in range(size, self.k + 1):
            value = evidence.bound
            if t > size:
                if size < 2:
                    break
                value = averaging_bound(value, self.least, size, t)
            if value < self.caps[t]:  # Ctrl-C between the two must leave what holds
                self.upper[t] = (
                    evidence
                    if t == size
                    else Evidence("averaging", t, float(value), basis=evidence)
                )
                self.caps[t] = value

    def ended(self, t: int, bound: float, method: str, nodes: int) -> None:
        """Take what a search has shown, with what it knew of smaller supports."""
        basis = self.upper[t - 1]
        self.cut(Evidence("search", t, bound, method, nodes, basis=basis))

    def closed(self, t: int, level: float = -np.inf) -> bool:
        """Return whether no support of t columns exceeds what is known, or `level`."""
        return bool(self.caps[t] <= max(level, self.lower[t]) + 2 * self.rounding)

    def climb(self, t: int, starts: Indices) -> None:
        """Raise the lower bound from some supports of one size, as time allows."""
        best = np.zeros(t, dtype=np.int64)
        shift = max(0.0, -self.least) + 1.0
        eps = SLACK * self.scale
        for i in range(0, len(starts), TOGETHER):
            some = np.ascontiguousarray(starts[i : i + TOGETHER])
            ascend(self.M, self.diagonal, t, shift, some, eps, best)
            self.raise_to(t, self.value(best), best)
            if self.clock.left <= 0:
                return

    def keep(self, t: int, found: Indices) -> None:
        """Take what a search has found, at most t columns, and climb from there."""
        whole = extend(found, t, len(self.M))
        self.raise_to(t, self.value(whole), whole)
        self.climb(t, whole[None, :])

    def explore(self, t: int, count: int) -> None:
        """Climb from the strongest pairs, from the best of t - 1, and from anywhere."""
        assert self.pairs is not None
        self.climb(t, self.pairs[:count])
        if self.supports[t - 1].size:
            self.climb(t, self.supports[t - 1][None, :])
        if count > 16:
            rng = np.random.default_rng(0)
            n = len(self.M)
            draws = [rng.choice(n, t, replace=False) for _ in range(count // 2)]
            self.climb(t, np.array(draws))

    def close(
        self,
        t: int,
        level: float = -np.inf,
        budget: float = np.inf,
        methods: list[str] | None = None,
    ) -> bool:
        """Search for supports of t columns above `level` and above all that is known.

        Returns
        -------
        bool
            Whether there are none any more; not if `budget` nodes did not suffice.
        """
        if self.closed(t, level):
            return True
        if not self.supports[t].size:
            self.explore(t, 4)
        races = [Race(self, t, m, level) for m in methods or self.methods]
        nodes, explored = 0, False
        while True:
            first = races[0]
            racer = first
            if methods is None and first.spent > PATIENCE:
                racer = min(races[1:], key=lambda r: r.spent, default=first)
                share = SHARE * (len(races) - 1) * (2 if first.spent > 1 else 1)
                if racer.spent * share > first.spent:
                    racer = first
            ended, found = racer.run(max(level, self.lower[t]))
            nodes += racer.last
            self.visited += racer.last
            if found.size:
                before = max(level, self.lower[t])
                self.keep(t, found)
                if self.lower[t] <= before:  # rounding, so let it go
                    level = before + self.rounding
            elif ended:
                bound = max(level, self.lower[t])
                self.ended(t, float(bound), racer.method, nodes)
                self.record.append((t, bound, max(racer.spent, 1e-4)))
                if methods is None and racer is not first:
                    rest = [m for m in self.methods if m != racer.method]
                    self.methods = [racer.method, *rest]
                return True
            elif nodes > budget:
                return False
            elif not explored and first.spent > SLICE:
                explored = True
                self.explore(t, 64)
            self.clock.tick(racer.last)


class Race:
    """One search, in slices."""

    def __init__(self, side: Sections, t: int, method: str, level: float) -> None:
        self.side, self.t, self.method = side, t, method
        self.spent, self.budget, self.last, self.nodes = 0.0, 500, 0, 0
        n, kind = len(side.M), side.M.dtype
        self.orbit = np.arange(n) % side.G.orbits
        self.roots = np.arange(side.G.orbits)
        self.state: Any = None
        self.first = self.second = self.roots
        if method != "chain":
            self.state = new_order(n, t, kind, method == "connected")

    def run(self, level: float) -> tuple[bool, Indices]:
        """Search on for supports above `level`; return whether it ended, and a find."""
        side, t = self.side, self.t
        begin = time.perf_counter()
        target = level + side.rounding
        if self.state is None:
            theta = self._theta(level)
            self.first, self.second = pairs(side.G, side.M, theta[2])
            self.state = new_chain(len(side.M), t, side.M.dtype)
        at = 2 if self.method == "chain" else 1
        before = int(self.state.head[at])
        if self.method == "chain":
            status = chain_search(
                side.M, side.diagonal, t, target, self._theta(level), side.caps,
                self.first, self.second, self.state, self.budget, SLACK * side.scale,
            )  # fmt: skip
            found = self.state.path[: self.state.head[3]]
        else:
            if self.method == "ordered":
                status = ordered_search(
                    side.M, side.diagonal, t, target, side.caps, len(self.roots),
                    self.state, self.budget,
                )  # fmt: skip
            else:
                status = connected_search(
                    side.M, side.diagonal, t, target, side.caps, self.roots,
                    self.orbit, self.state, self.budget,
                )  # fmt: skip
            found = self.state.found[: self.state.head[2]]
        took = time.perf_counter() - begin
        self.spent += took
        self.last = int(self.state.head[at]) - before
        self.nodes += self.last
        if self.last >= self.budget:
            grow = min(4.0, max(0.25, SLICE / max(took, 1e-9)))
            self.budget = max(100, int(self.budget * grow))
        none = np.empty(0, dtype=np.int64)
        return status == CLOSED, found.copy() if status == FOUND else none

    def _theta(self, level: float) -> Vector:
        side, t = self.side, self.t
        share = (np.arange(t + 1) - 1) / (t - 1)
        raised = side.least + share * (level - side.least)
        return np.asarray(raised - SLACK * side.scale)
