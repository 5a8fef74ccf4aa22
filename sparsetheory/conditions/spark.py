"""The smallest number of dependent columns, exact or between bounds."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from math import prod

import numpy as np

from sparsetheory._checks import check_number, check_time_limit
from sparsetheory._kernels.dependence import (
    CLOSED,
    FOUND,
    Walk,
    dependence_search,
    new_walk,
)
from sparsetheory._parallel import blas_held
from sparsetheory.conditions._circuits import (
    fundamental_circuits,
    minors,
    null_vector_bound,
    rank_of,
    sparse_null_vector,
)
from sparsetheory.conditions._sections import Gram, gram
from sparsetheory.conditions.coherence import babel
from sparsetheory.conditions.gram import (
    Array,
    LagTable,
    columns_near_one,
    dense_matrix,
    has_lags,
    lag_table,
    polyphase,
    unit_columns,
)
from sparsetheory.ensembles import spherical
from sparsetheory.operators import BlockCirculant
from sparsetheory.types import MeasurementOperator, Support

LEAST = 1e-14  # below, distances are rounding
MARGIN = 1e-9  # by which a bound is lowered before it is rounded up
SLICE = 0.02  # seconds of compiled code between two looks at the clock
PATIENCE = 1.0  # seconds of search before linear programs
PROGRAMS = 400  # columns up to which they are solved
DENSE = 1024  # columns of a layer whose matrix is formed
HELD = 2**27  # entries that a search may hold
TRIALS = 5  # bases


@dataclass(frozen=True, eq=False)
class Spark:
    """The smallest number of dependent columns, or a bracket on it.

    Attributes
    ----------
    lower, upper : int
        Equal if `exact`; n + 1 stands for columns that are independent.
    support : ndarray of int
        Dependent columns, `upper` of them; empty if all are independent.
    null_vector : ndarray
        Coefficients on `support` of a combination that vanishes, the largest one.
    residual : float
        Norm of that combination of unit columns, over the norm of its coefficients.
    evidence : str
        Why `lower` holds: "search" over smaller sets, "columns", "Babel", "rank", or
        "programs" with `duals`.
    duals : ndarray, shape (n or channels, m), or None
        Solutions z of the dual linear programs, one a column or, for a layer, one for
        the first column of each of its channels, by phase of the stride.
    nearest : float
        Least distance, met in searches, of a column from the span of others that it
        is independent of, up to ``1000 tol``; inf if all were further.
    tol : float
    """

    lower: int
    upper: int
    support: Support
    null_vector: Array
    residual: float
    evidence: str
    duals: Array | None
    nearest: float
    tol: float

    @property
    def exact(self) -> bool:
        """Whether the bracket is closed, as far as `tol` tells dependent columns."""
        return self.lower == self.upper


def spark(
    A: MeasurementOperator, *, tol: float = 1e-12, time_limit: float | None = None
) -> Spark:
    r"""Spark of a matrix or a convolution layer: how few columns are dependent.

    .. math:: \min \{ \|x\|_0 : A x = 0,\ x \ne 0 \}

    Vectors with fewer than half as many nonzeros, and no others, are determined by
    their measurements, all of them [1]_. Exact, unless time runs out: sets are searched
    in order of size. The last two columns of a set are found as parallel ones among
    what is left of all columns after elimination of the others; columns at the end that
    are independent are passed over. That takes about :math:`\binom{n-m+s}{s-2}` steps
    for s columns.

    Bounds are that of the Babel function, at least :math:`1 + 1/\mu` [1]_; the rank
    plus one; circuits of some bases; and, for real matrices of up to 400 columns, the
    smallest :math:`\|x\|_1` over :math:`A x = 0, x_j = 1`, from below by duality, while
    the vectors that attain it bound from above. A layer with more channels in than
    out has the signed maximal minors of its filters for a null vector: with T taps,
    no more than :math:`(C_{out} + 1)(C_{out} (T - 1) + 1)` columns on any grid; and s
    of its columns are looked for on a torus of s (T - 1) + 1 points per axis.

    Parameters
    ----------
    A : array or operator, shape (m, n)
        Real or complex.
    tol : float
        A unit column depends on others if it is no further from their span. Rank has
        no meaning without: "exact" is said of columns rounded to double precision, and
        of distances that are computed so. Where `nearest` is close to `tol` the number
        hangs on it.
    time_limit : float, optional
        Seconds, about. The result is then a bracket if need be. Ctrl-C also ends the
        search and returns what is known by then.

    Returns
    -------
    Spark
        With dependent columns and a null vector.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above, or A is a layer of more than 1024
        columns that has dependent ones, but no more channels in than out.

    References
    ----------
    .. [1] D. Donoho and M. Elad, "Optimally sparse representation in general
       (nonorthogonal) dictionaries via l1 minimization", PNAS 100(5), 2003.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> found = st.spark(np.array([[1.0, 0.0, 1.0, 2.0], [0.0, 1.0, 1.0, 2.0]]))
    >>> found.exact, found.upper, found.support, found.null_vector
    (True, 2, array([2, 3]), array([ 1. , -0.5]))
    >>> layer = st.BlockCirculant([[[0.6, 0.8], [1.0, -1.0]]], 1000)
    >>> st.spark(layer).upper
    4
    """
    tol = check_number("tol", tol)
    if not LEAST <= tol < 1:
        raise ValueError(f"tol must lie between {LEAST} and 1, got {tol}")
    bracket = _Bracket(A, tol, check_time_limit(time_limit))
    with blas_held(), suppress(TimeoutError, KeyboardInterrupt):
        bracket.close()
    return bracket.result()


class _Bracket:
    """What is known, and what is done to know more."""

    def __init__(self, A: MeasurementOperator, tol: float, deadline: float) -> None:
        A = A if has_lags(A) else dense_matrix(A)
        self.A, self.factors = columns_near_one(A)
        self.table = lag_table(self.A)
        self.tol, self.deadline = tol, deadline
        self.n = int(A.shape[1])
        self.lower, self.evidence = 1, "columns"
        self.upper, self.support = self.n + 1, np.empty(0, dtype=np.intp)
        self.null_vector, self.residual = np.empty(0), 0.0
        self.duals: Array | None = None
        self.nearest = np.inf
        self.walk: Walk | None = None
        self.roots = self.width = self.n
        self.whole = self.table is None
        self.original: Callable[[Support], Support] = np.asarray
        self.coordinates: Array = np.empty((0, 0))
        self.norms = np.empty(0)
        self.U: Array | None = None
        if self.table is None or self.n <= DENSE:
            C = dense_matrix(self.A)
            self.norms = np.asarray(np.linalg.norm(C, axis=0))
            if self.norms.all():
                self.U, self.norms = unit_columns(C)
        else:
            assert isinstance(self.A, BlockCirculant)
            self.norms = self.A.column_norms()

    def result(self) -> Spark:
        x = self.null_vector
        if self.support.size:
            factors = self.factors[self.support]
            x = x * (factors / factors.max())
            x = x / x[np.abs(x).argmax()]
        return Spark(
            self.lower,
            self.upper,
            self.support,
            x,
            self.residual,
            self.evidence,
            self.duals,
            self.nearest,
            self.tol,
        )

    def close(self) -> None:
        """Narrow the bracket until it is closed."""
        if not self.norms.all():
            self.upper, self.support = 1, np.array([self.norms.argmin()], dtype=np.intp)
            self.null_vector = np.ones(1)
            return
        self.raise_to(2, "columns")
        rank = self.bound_by_rank()
        if rank == self.n:
            return
        sums = babel(self.A, min(self.n - 1, self.A.shape[0]))
        enough = np.flatnonzero(sums >= 1 - MARGIN)
        if enough.size:
            self.raise_to(int(enough[0]) + 2, "Babel")
        real = self.U is not None and not np.iscomplexobj(self.U)
        programs = real and self.n <= PROGRAMS
        self.search(PATIENCE if programs else np.inf)
        if programs and self.lower < self.upper:
            self.solve_programs()
            self.search(np.inf)

    def raise_to(self, lower: int, evidence: str) -> None:
        """Take a lower bound."""
        if lower > self.lower:
            self.lower, self.evidence = min(lower, self.upper), evidence

    def offer(self, support: Support) -> bool:
        """Take columns for an upper bound if they are dependent."""
        support = np.sort(support)
        if self.U is not None:
            part = self.U[:, support]
        else:
            units = np.zeros((support.size, self.n))
            units[np.arange(support.size), support] = 1 / self.norms[support]
            part = np.stack([self.A @ unit for unit in units], axis=1)
        x = np.linalg.svd(part)[2][-1].conj()
        residual = float(np.linalg.norm(part @ x))
        if residual > 2 * self.tol:
            return False
        self.accept(support, x / self.norms[support], residual)
        return True

    def accept(self, support: Support, x: Array, residual: float) -> None:
        """Take a null vector."""
        if support.size < self.upper:
            self.upper, self.support = support.size, support.astype(np.intp)
            self.null_vector, self.residual = x, residual
            self.lower = min(self.lower, self.upper)

    def bound_by_rank(self) -> int:
        """Return the rank, after some upper bounds."""
        size = max(self.A.shape)
        layer = self.A if isinstance(self.A, BlockCirculant) else None
        if layer is not None and self.table is not None:
            if polyphase(layer).shape[1] > len(layer.filters):
                for support, x in minors(layer, self.table):
                    self.try_vector(support, x)
            if self.U is None:
                rank = rank_of(layer.singular_values(), size)
                if rank < self.n and not self.support.size:
                    raise ValueError(
                        f"A must have no more than {DENSE} columns to find dependent "
                        f"ones, got {self.n}"
                    )
        if self.U is not None:
            left, values, _ = np.linalg.svd(self.U, full_matrices=False)
            rank = rank_of(values, size)
            self.coordinates = (left[:, :rank].conj().T @ self.U).T
            if rank < self.n:
                trials = TRIALS if self.n <= DENSE else 1
                for support in fundamental_circuits(self.U, rank, trials):
                    self.offer(support)
                    self.look_at_clock()
        if rank == self.n:
            self.raise_to(self.n + 1, "rank")
        return rank

    def try_vector(self, support: Support, x: Array) -> None:
        """Take a vector for an upper bound if it is mapped to nought."""
        if not 0 < support.size < self.upper:
            return
        whole = np.zeros(self.n)
        whole[support] = x
        size = float(np.linalg.norm(x * self.norms[support]))
        residual = float(np.linalg.norm(self.A @ whole)) / size
        if residual <= self.tol:
            order = np.argsort(support)
            self.accept(support[order], x[order], residual)

    def solve_programs(self) -> None:
        """Bound from both sides by the smallest norms of null vectors."""
        assert self.U is not None
        firsts = list(range(self.n))
        if self.table is not None:
            origin = (0,) * len(self.table.grid)
            channels = range(len(self.table.values))
            firsts = [self.table.column(c, origin) for c in channels]
        duals, least = [], np.inf
        for j in firsts:
            self.look_at_clock()
            z, support = sparse_null_vector(self.U, j)
            duals.append(z)
            least = min(least, null_vector_bound(self.U, j, z))
            if support.size:
                self.offer(support)
        bound = self.n + 1 if least == np.inf else int(np.ceil(least - MARGIN))
        if bound > self.lower:
            self.raise_to(bound, "programs")
            self.duals, self.walk = np.array(duals), None

    def look_at_clock(self) -> None:
        """Raise TimeoutError if it is time."""
        if time.perf_counter() > self.deadline:
            raise TimeoutError

    def search(self, patience: float) -> None:
        """Look for sets of the next size, and the next, for so many seconds."""
        end = time.perf_counter() + patience
        while self.lower < self.upper:
            s, budget = self.lower, 16
            if self.walk is None and not self.begin(s):
                return
            walk, state = self.walk, None
            assert walk is not None
            while state not in (CLOSED, FOUND):
                self.look_at_clock()
                if time.perf_counter() > end:
                    return
                start = time.perf_counter()
                state = dependence_search(
                    walk, s, self.roots, self.width, self.tol, budget
                )
                if time.perf_counter() - start < SLICE:
                    budget *= 2
            self.nearest = min(self.nearest, float(walk.nearest[0]))
            self.walk = None
            if state == CLOSED:
                self.raise_to(s + 1, "search")
            elif not self.offer(self.original(walk.found[: walk.head[2]])):
                if self.whole:
                    return
                self.whole = True  # these were dependent after projection alone

    def begin(self, s: int) -> bool:
        """Set up the search for s columns; False if they are too many to hold."""
        rows = self.coordinates
        if self.table is not None:
            rows = self.on_torus(s, self.table)
        if (s - 1) * rows.size > HELD:
            return False
        rows = np.ascontiguousarray(rows)
        key = spherical(rows.shape[1], 1, 0)[:, 0]
        self.walk = new_walk(rows, s, self.roots, self.width, key)
        return True

    def on_torus(self, s: int, table: LagTable) -> Array:
        """Return unit columns on a torus that is large enough, as rows, places first.

        Projection on a random space of more than s dimensions leaves no dependent
        columns independent; few are dependent only there.
        """
        G: Gram = gram(self.A, s, True)
        assert isinstance(self.A, BlockCirculant)
        C = BlockCirculant(polyphase(self.A), G.torus).to_dense()
        channels, places = G.orbits, prod(G.torus)
        C = C.reshape(len(C), channels, places).transpose(2, 1, 0).reshape(-1, len(C))
        C = C / np.linalg.norm(C, axis=1, keepdims=True)
        if len(C[0]) > 2 * s and not self.whole:
            C = C @ np.linalg.qr(spherical(len(C[0]), 2 * s, 1))[0]
        self.roots, self.width = channels, len(C)
        rows, wide = G.torus[0], channels * places // G.torus[0]
        there = np.moveaxis(G.values, 2, 0).reshape(rows, -1).any(axis=1)
        lags = np.flatnonzero(there)
        reach = int(np.minimum(lags, rows - lags).max(initial=0))
        if rows > s * reach:  # parts that hang together have no wider gaps
            self.width = min(self.width, (reach + 1) * wide - 1)
        self.original = lambda found: G.original(found, -1)
        return np.asarray(C)
