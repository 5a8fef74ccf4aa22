"""Null vectors with heavy entries, and proofs that there are no heavier ones."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as Late
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from sparsetheory._kernels.nullspace import (
    BETTER,
    ENDED,
    OPEN,
    STOPPED,
    Signed,
    climb,
    heaviest_share,
    signed_search,
)
from sparsetheory.conditions._nullspace import (
    EPS,
    NullSpace,
    certified,
    dense,
    dual_matrix,
    relaxation,
    row_space,
)
from sparsetheory.conditions._semidefinite import semidefinite_share
from sparsetheory.conditions.evidence import NullSpaceEvidence
from sparsetheory.conditions.gram import Array
from sparsetheory.types import Matrix, Vector

SLACK = 1e-9  # of a share; what is no heavier by so much is not looked for
AWHILE = 2.0  # seconds of a search before a relaxation begins beside it
MOST = 600  # columns for each frequency; beyond, an iteration takes too long
STARTS = 32  # as many at random, and so many in all
COARSE = 0.02  # of a share, the least step of the first climbs
TINY = 1e-300
VANISHED = 1e-6  # a projection that may be rounding
PRECISE = 1e-10  # of a linear program, the least that HiGHS takes


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
    sorted : dict
        Of an order, what `columns` returns.
    """

    space: NullSpace
    deadline: float

    def __post_init__(self) -> None:
        self.duals: dict[int, Array] = {}
        self.tables: dict[int, Array] = {}
        self.rows: dict[int, Matrix] = {}
        self.bounds: dict[int, Vector] = {}
        self.sorted: dict[int, tuple[Array, ...]] = {}

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
        return row_space(self.space)

    @property
    def representatives(self) -> Array:
        """One column of each orbit under shifts."""
        return np.asarray(self.space.columns.reshape(len(self.space.columns), -1)[:, 0])

    def margin(self, k: int) -> float:
        """Return how far rounding may move a share of k entries."""
        return 2 * (k + 1) * float(np.sqrt(self.space.size)) * self.space.rounding

    def room(self, k: int) -> float:
        """Return what is added to a bound, so that it holds when computed anew."""
        return self.margin(k) / 2

    def relax(self, k: int) -> None:
        """Solve the relaxation of order k."""
        if k not in self.duals:
            table, dual = relaxation(self.space, k, deadline=self.deadline)
            self.tables[k] = table
            rows = dense(self.space, dual)[self.representatives]
            self.rows[k] = rows / max(float(np.abs(rows).max()), TINY)
            self.duals[k] = dual_matrix(self.space, table)
            self.bounds[k] = certified(self.space, self.duals[k])

    @contextmanager
    def relaxing(
        self, k: int
    ) -> Iterator[Callable[[], tuple[float, NullSpaceEvidence]]]:
        """Solve the semidefinite relaxation of order k beside a search.

        The function that is given ends it, and returns the bound and its evidence.
        """
        ended = threading.Event()

        def bound() -> tuple[float, NullSpaceEvidence]:
            nothing = np.inf, NullSpaceEvidence("none")
            if len(self.space.projector) > MOST or ended.wait(AWHILE):
                return nothing
            try:
                share, L = semidefinite_share(
                    self.space, k, self.tables[k], ended.is_set
                )
            except (np.linalg.LinAlgError, MemoryError):
                return nothing  # the search may know enough
            return share + self.room(k), NullSpaceEvidence("semidefinite", L)

        def end() -> tuple[float, NullSpaceEvidence]:
            ended.set()
            return job.result()

        with ThreadPoolExecutor(1) as pool:
            job = pool.submit(bound)
            try:
                yield end
            finally:
                ended.set()

    def certificate(self, k: int) -> tuple[float, Array]:
        """Return the best bound of order k, and the matrix that certifies it."""
        order = min(self.bounds, key=lambda t: float(self.bounds[t][k - 1]))
        return float(self.bounds[order][k - 1]) + self.room(k), self.duals[order]

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
        found = max(vectors, key=lambda z: heaviest_share(z, k))
        best = heaviest_share(found, k)
        for z in vectors[order[:STARTS]]:
            if self.late:
                return np.asarray(found)
            share = self.climb(k, COARSE * best, z)
            if share > best:
                best, found = share, z
        self.climb(k, SLACK, found)
        return np.asarray(found)

    def line(self, k: int) -> float:
        """Return what bounds the share of k entries, if null vectors are a line."""
        z = self.projector[self.projector.diagonal().argmax()]
        return float(heaviest_share(z, k)) + self.margin(k)

    def climb(self, k: int, slack: float, z: Vector) -> float:
        """Raise the share of z as long as there is time; return it."""
        stop = np.zeros(1)
        args = self.basis, k, slack, stop, z
        return float(_held(climb, *args, stop=stop, until=self.deadline))

    def sparsest(self, k: int, z: Vector) -> Vector:
        """Return z, or what its k heaviest columns span if they are dependent."""
        if 1 - heaviest_share(z, k) > 10 * SLACK:
            return z
        support = np.argsort(-np.abs(z))[:k]
        rows = self.basis[support]
        U, s, _ = np.linalg.svd(rows, full_matrices=rows.shape[0] > rows.shape[1])
        if s.size == k and s[-1] > self.space.rounding:
            return z
        exact = np.zeros_like(z)
        exact[support] = U[:, -1]
        return exact

    def columns(self, k: int) -> tuple[Array, ...]:
        """Return what `signed_search` knows of the columns."""
        if k not in self.sorted:
            n = self.space.size
            tables = [dense(self.space, self.tables[t]) for t in range(1, k + 1)]
            sizes = np.zeros((k + 1, n, n))
            orders = np.zeros((k + 1, n, n), dtype=np.int64)
            for t, M in enumerate(tables, 1):
                sizes[t] = np.abs(M.T)
                orders[t] = np.argsort(-sizes[t], axis=1)
            orbit = np.empty(n, dtype=np.int64)
            for a, places in enumerate(self.space.columns):
                orbit[places] = a if self.space.taps.ndim > 2 else places
            self.sorted[k] = tables[0], sizes, orders, orbit
        return self.sorted[k]

    def search(
        self, k: int, level: float, state: Signed, until: float = np.inf
    ) -> float | None:
        """Search for null vectors above `level`, from where `state` stands.

        Return the level that none exceeds, or None if time was up. ``state.z`` becomes
        the heaviest vector met.
        """
        until = min(until, self.deadline)
        while True:
            state.stop[0] = 0.0
            after = time.perf_counter() > until
            how = (
                STOPPED
                if after
                else _held(
                    signed_search,
                    self.basis,
                    *self.columns(k),
                    k,
                    level,
                    SLACK,
                    state,
                    stop=state.stop,
                    until=until,
                )
            )
            if how == STOPPED:
                return None
            if how == BETTER:
                state.best[0] = self.climb(k, SLACK, state.z)
            if how == OPEN:
                state.best[1] = max(state.best[1], self.leaf(k, state))
            if how == ENDED:
                reached = max(level, state.best[0] + SLACK, state.best[1])
                return float(reached) + self.margin(k) + self.space.size * EPS

    def leaf(self, k: int, state: Signed) -> float:
        """Return a bound on ``s^T z / ||z||_1`` for the signs s of a leaf.

        By a linear program; any point of ``s + range(F)`` bounds.
        """
        from scipy.optimize import linprog

        F, s = self.basis, state.s
        ones = np.ones((1, 2 * s.size))
        solved = linprog(
            -np.r_[s, -s],
            A_ub=ones,
            b_ub=[1.0],
            A_eq=np.hstack([F.T, -F.T]),
            b_eq=np.zeros(F.shape[1]),
            options={
                "primal_feasibility_tolerance": PRECISE,
                "dual_feasibility_tolerance": PRECISE,
            },
        )
        if solved.x is None:
            return 1.0
        z = self.projector @ (solved.x[: s.size] - solved.x[s.size :])
        share = heaviest_share(z, k)
        if share > state.best[0]:
            state.z[:], state.best[0] = z, share
        return float(np.abs(s + F @ solved.eqlin.marginals).max())


def _held(kernel: Callable[..., Any], *args: Any, stop: Array, until: float) -> Any:
    """Return ``kernel(*args)``, which is told to stop after `until`, or on Ctrl-C."""
    with ThreadPoolExecutor(1) as pool:
        job = pool.submit(kernel, *args)
        left = max(until - time.perf_counter(), 0.0)
        try:
            return job.result(min(left, threading.TIMEOUT_MAX))
        except Late:
            stop[0] = 1.0
            return job.result()
        finally:
            stop[0] = 1.0
