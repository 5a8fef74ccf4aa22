"""Null vectors with heavy entries, and proofs that there are no heavier ones."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sparsetheory._kernels.nullspace import (
    climb,
    heaviest_share,
    new_search,
    signed_search,
)
from sparsetheory.conditions._nullspace import (
    EPS,
    NullSpace,
    certified,
    dense,
    dual_matrix,
    relaxation,
)
from sparsetheory.conditions.gram import Array
from sparsetheory.types import Matrix, Vector

SLACK = 1e-9  # of a share; what is no heavier by so much is not looked for
NODES = 256  # visited between looks at the clock
STARTS = 32  # as many at random, and so many in all
TINY = 1e-300
VANISHED = 1e-6  # a projection that may be rounding
PASSES = (0.5, 0.25, 0.1)  # of the gap, where time is limited


@dataclass(eq=False)
class Shares:
    """What is known of the shares of k entries in null vectors.

    Attributes
    ----------
    space : NullSpace
    deadline : float
        Of `time.perf_counter`.
    duals : dict
        For each order whose relaxation is solved, the matrix Y.
    tables : dict
        The ``I - Y^T A`` of each.
    rows : dict
        Null vectors from its dual.
    bounds : dict
        What it certifies, of all orders.
    """

    space: NullSpace
    deadline: float

    def __post_init__(self) -> None:
        self.duals: dict[int, Array] = {}
        self.tables: dict[int, Array] = {}
        self.rows: dict[int, Matrix] = {}
        self.bounds: dict[int, Vector] = {}

    @property
    def late(self) -> bool:
        """Whether time is up."""
        return time.perf_counter() > self.deadline

    @cached_property
    def projector(self) -> Matrix:
        """The projector on the null space, as a matrix."""
        return dense(self.space, self.space.projector)

    @cached_property
    def basis(self) -> Matrix:
        """Orthonormal basis of the row space, shape (n, r)."""
        _, V = np.linalg.eigh(self.projector)
        rank = self.space.size - self.space.dimension
        return np.ascontiguousarray(V[:, :rank])

    @property
    def representatives(self) -> Array:
        """One column of each orbit under shifts."""
        return np.asarray(self.space.columns.reshape(len(self.space.columns), -1)[:, 0])

    def margin(self, k: int) -> float:
        """Return how far rounding may move a share of k entries."""
        return 2 * (k + 1) * float(np.sqrt(self.space.size)) * self.space.rounding

    def relax(self, k: int) -> None:
        """Solve the relaxation of order k."""
        if k not in self.duals:
            table, dual = relaxation(self.space, k, deadline=self.deadline)
            self.tables[k] = table
            rows = dense(self.space, dual)[self.representatives]
            self.rows[k] = rows / max(float(np.abs(rows).max()), TINY)
            self.duals[k] = dual_matrix(self.space, table)
            self.bounds[k] = certified(self.space, self.duals[k])

    def certificate(self, k: int) -> tuple[float, Array]:
        """Return the best bound of order k, and the matrix that certifies it."""
        order = min(self.bounds, key=lambda t: float(self.bounds[t][k - 1]))
        return float(self.bounds[order][k - 1]), self.duals[order]

    def heavy(self, k: int) -> Vector:
        """Return a null vector with k heavy entries, by climbing from many."""
        rng = np.random.default_rng(0)
        signs = np.zeros((STARTS, self.space.size))
        for row in signs:
            row[rng.choice(row.size, k, replace=False)] = rng.choice([-1.0, 1.0], k)
        starts = [self.projector[self.representatives], signs, *self.rows.values()]
        vectors = np.vstack(starts) @ self.projector
        vectors = vectors[np.abs(vectors).max(axis=1) > VANISHED]
        order = np.argsort([-heaviest_share(z, k) for z in vectors])
        best, found = -1.0, self.projector[0]
        for z in vectors[order[:STARTS]]:
            share = climb(self.basis, self.projector, k, SLACK, z)
            if share > best:
                best, found = share, z
            if self.late:
                break
        return np.asarray(found)

    def sparsest(self, k: int, z: Vector) -> Vector:
        """Return z, or what its k heaviest columns span if they are dependent."""
        if 1 - heaviest_share(z, k) > 10 * SLACK:
            return z
        support = np.argsort(-np.abs(z))[:k]
        _, s, Vt = np.linalg.svd(self.basis[support].T)
        if s.size == k and s[-1] > self.space.rounding:
            return z
        exact = np.zeros_like(z)
        exact[support] = Vt[-1]
        return exact

    def search(self, k: int, level: float, z: Vector) -> tuple[float | None, int]:
        """Search for null vectors above `level`; a heavier one replaces z.

        Return the level that none exceeds, or None if time was up, and the number of
        nodes.
        """
        n = self.space.size
        tables = {t: dense(self.space, self.tables[t]) for t in range(1, k + 1)}
        sizes = np.stack([np.zeros((n, n))] + [np.abs(M.T) for M in tables.values()])
        orders = np.argsort(-sizes, axis=2)
        orbit = np.empty(n, dtype=np.int64)
        for a, places in enumerate(self.space.columns):
            orbit[places] = a if self.space.taps.ndim > 2 else places
        state = new_search(n)
        state.z[:] = z
        state.best[0] = heaviest_share(z, k)
        ended = False
        while not ended and not self.late:
            ended = signed_search(
                self.basis,
                self.projector,
                tables[1],
                sizes,
                orders,
                orbit,
                k,
                level,
                SLACK,
                state,
                NODES,
            )
        z[:] = state.z
        nodes = int(state.counts[2])
        if not ended:
            return None, nodes
        reached = max(level, state.best[0] + SLACK, state.best[1])
        return float(reached) + self.margin(k) + n * EPS, nodes
