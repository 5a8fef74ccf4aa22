"""Exact search for A-optimal rows: of all subsets, or by branch and bound."""

from __future__ import annotations

import heapq
import time
from itertools import chain, combinations, islice
from typing import NamedTuple

import numpy as np

from sparsetheory.learning._relaxed import Array, Flags, bounds, settled, solve
from sparsetheory.learning._section import EPS
from sparsetheory.learning.design import criterion, exchange_rows, swapped
from sparsetheory.types import Matrix, Support, Vector

GAP = 1e-9  # relative; a design must be better by more to be looked for
STEPS = 12  # of the interior point method in a node
FINE = 1e-10  # relative gap of a relaxation
BATCH = 64  # nodes solved at a time
CELLS = 2**20  # entries held at a time
LESS = 1 - 1e-11  # of a bound, so that it is confirmed in other arithmetic


def scaled(A: Matrix, tau: float) -> tuple[Matrix, float]:
    """Return A over a power of two near its entries and the prior's, and that."""
    scale = float(np.ldexp(1.0, np.frexp(max(np.abs(A).max(), tau**-0.5))[1]))
    return A / scale, scale


def enumerated(A: Matrix, k: int, tau: float) -> tuple[Support, float]:
    """Return the best rows of all subsets, and a lower bound on their criterion."""
    B, scale = scaled(A, tau)
    n = A.shape[1]
    best, top, lower = np.arange(k), np.inf, np.inf
    every = combinations(range(len(A)), k)
    while True:
        flat = chain.from_iterable(islice(every, max(1, CELLS // (k * n))))
        subsets = np.fromiter(flat, dtype=np.int64).reshape(-1, k)
        if not len(subsets):
            return best, lower / scale**2 * (1 - 8 * n * EPS)
        s = np.linalg.svd(B[subsets], compute_uv=False)
        eigenvalues = np.zeros((len(s), n))
        eigenvalues[:, : s.shape[1]] = s**2
        error = 10 * (k + n) * EPS * s[:, :1]
        with np.errstate(divide="ignore"):
            prior = 1 / (tau * scale**2)
            values = (1 / (eigenvalues + prior)).sum(axis=1)
            wide = np.zeros_like(eigenvalues)
            wide[:, : s.shape[1]] = (s + error) ** 2
            lower = min(lower, float((1 / (wide + prior)).sum(axis=1).min()))
        at = int(values.argmin())
        if values[at] < top:
            best, top = subsets[at], float(values[at])


class Node(NamedTuple):
    bound: float
    place: int  # in the tree
    inside: Flags
    free: Flags


class Search:
    """A branch and bound over rows that are in, out or free."""

    def __init__(self, A: Matrix, k: int, tau: float) -> None:
        self.A, self.scale = scaled(A, tau)
        self.k, self.tau = k, tau * self.scale**2
        self.rows = exchange_rows(A, k, tau=tau)
        self.value = criterion(self.A, self.rows, self.tau)
        self.branch: list[int] = []
        self.children: list[tuple[int, int]] = []
        self.duals: list[Matrix] = [np.eye(A.shape[1])]
        self.heap: list[Node] = []
        self.proved = np.inf

    def run(self, deadline: float, nodes: int | None = None) -> None:
        """Search until a time, or until about so many nodes are there."""
        whole = np.ones(len(self.A), dtype=bool)
        self.keep(Node(0.0, self.leaf(0), ~whole, whole))
        most = min(BATCH, max(1, 4 * CELLS // len(whole) ** 2))
        few = True
        while self.heap and few and time.perf_counter() < deadline:
            size = min(most, len(self.heap))
            batch = [heapq.heappop(self.heap) for _ in range(size)]
            todo = [node for node in batch if not self.closed(node.bound)]
            if todo:
                self.process(todo)
            few = nodes is None or len(self.branch) < nodes

    def lower(self) -> float:
        """Return what is certified by now."""
        least = min([self.proved, self.value, *(node.bound for node in self.heap)])
        return least / self.scale**2 * LESS

    def closed(self, bound: float) -> bool:
        """Return whether nothing with that bound can be better, and remember it."""
        if bound < self.value * (1 - GAP):
            return False
        self.proved = min(self.proved, bound)
        return True

    def keep(self, node: Node) -> None:
        """Put a node aside, unless it is closed."""
        if not self.closed(node.bound):
            heapq.heappush(self.heap, node)

    def leaf(self, dual: int) -> int:
        """Return the place of a new leaf."""
        self.branch.append(-1)
        self.children.append((dual, dual))
        return len(self.branch) - 1

    def split(self, place: int, row: int, dual: int) -> tuple[int, int]:
        """Return the new leaves with a row and without it."""
        pair = self.leaf(dual), self.leaf(dual)
        self.branch[place], self.children[place] = row, pair
        return pair

    def process(self, nodes: list[Node]) -> None:
        """Bound nodes, and replace each that stays open by others."""
        inside, free = settled(
            np.array([node.inside for node in nodes]),
            np.array([node.free for node in nodes]),
            self.k,
        )
        enough = self.value * (1 - GAP)
        w, Y, _ = solve(*(self.A, self.tau, inside, free, self.k, enough, STEPS, FINE))
        Y = (Y + Y.transpose(0, 2, 1)) / 2
        found, sizes = bounds(self.A, self.tau, Y, inside, free, self.k)
        self.improve(w + inside)
        for i, node in enumerate(nodes):
            self.duals.append(Y[i])
            bound, dual = float(found[i]), len(self.duals) - 1
            if bound > node.bound:
                self.children[node.place] = (dual, dual)
            if self.closed(max(bound, node.bound)):
                continue
            if free[i].any():
                self.decide(node._replace(bound=bound), dual, w[i], sizes[i])
            else:  # one design, so ill-conditioned that rounding hides its value
                self.proved = min(self.proved, bound)

    def improve(self, weights: Array) -> None:
        """Round weights, and keep the best rows if they beat those known."""
        order = np.argsort(-weights, axis=1, kind="stable")[:, : self.k]
        s = np.linalg.svd(self.A[order], compute_uv=False)
        energy = np.zeros((len(s), self.A.shape[1]))
        energy[:, : s.shape[1]] = s**2
        with np.errstate(divide="ignore"):
            values = (1 / (energy + 1 / self.tau)).sum(axis=1)
        if values.min() < self.value * (1 - GAP):
            rows = order[int(values.argmin())]
            self.rows = swapped(self.A, rows, self.tau)
            self.value = criterion(self.A, self.rows, self.tau)

    def decide(self, node: Node, dual: int, w: Vector, sizes: Vector) -> None:
        """Decide on the rows that one bound settles, and split on one that is open."""
        free, inside = node.free.copy(), node.inside.copy()
        place, left = node.place, self.k - int(inside.sum())
        order = np.flatnonzero(free)
        order = order[np.argsort(-sizes[order], kind="stable")]
        last, first = sizes[order[left - 1]], sizes[order[left]]
        # energy of the best design with the row, or without it
        energy = 1 / node.bound
        other = energy + np.where(
            np.isin(np.arange(len(w)), order[:left]), first - sizes, sizes - last
        )
        flipped = LESS / other
        for row in order:
            if not self.closed(flipped[row]):
                continue
            pair = self.split(place, int(row), dual)
            taken = row in order[:left]
            place, free[row] = pair[0 if taken else 1], False
            inside[row] = taken
        self.branch_on(node.bound, place, inside, free, w, dual)

    def branch_on(
        self,
        bound: float,
        place: int,
        inside: Flags,
        free: Flags,
        w: Vector,
        dual: int,
    ) -> None:
        """Split a node on the row whose weight is furthest from a whole number."""
        if not free.any():
            self.keep(Node(bound, place, inside, free))
            return
        row = int(np.where(free, np.abs(w - 0.5), np.inf).argmin())
        free = free.copy()
        free[row] = False
        with_it = inside.copy()
        with_it[row] = True
        one, two = self.split(place, row, dual)
        self.keep(Node(bound, one, with_it, free))
        self.keep(Node(bound, two, inside, free))
