"""The Gram matrix whose principal submatrices the isometry constants are about."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from sparsetheory.conditions.gram import (
    LagTable,
    dense_matrix,
    lag_table,
    unit_columns,
    unit_values,
)
from sparsetheory.operators import BlockCirculant
from sparsetheory.types import Support

Array = npt.NDArray[Any]
Indices = npt.NDArray[np.int64]

LARGEST = 20_000  # columns; the matrix is held twice
HIGHEST = 1e70  # entry; inner products are squared
BLOCK = 2**21  # entries of the matrix looked at together
TRACE = 1e-15  # a correlation below is rounding of the transform


@dataclass(frozen=True, eq=False)
class Gram:
    """A Gram matrix, or the part of a layer's that decides.

    Attributes
    ----------
    matrix : ndarray, shape (n, n)
        Of a layer on the torus `torus`: column ``place * channels + channel``.
    values : ndarray, shape (channels, channels, *torus)
        The same by lag; the matrix itself where there is no symmetry.
    table : LagTable or None
        Of the layer.
    columns : int
        How many columns A itself has.
    """

    matrix: Array
    values: Array
    table: LagTable | None
    columns: int

    @property
    def torus(self) -> tuple[int, ...]:
        """Points per axis, empty without symmetry."""
        return tuple(self.values.shape[2:])

    @property
    def orbits(self) -> int:
        """Columns that no shift takes to one another; they are the first."""
        return len(self.values)

    def original(self, support: Indices, sign: int) -> Support:
        """Return columns of A with the same extreme eigenvalue, ascending."""
        if self.table is None:
            return np.sort(support).astype(np.intp)
        return _unrolled(self, self.table, support, sign)


def gram(A: Any, k: int, normalise: bool) -> Gram:
    """Return what decides on supports of k columns.

    The columns of a layer overlap only within r points, less than its taps. A support
    falls into parts that hang together, each no wider than (k - 1) r + 1, and one of
    them has the extreme eigenvalue: so a torus of k r + 1 points per axis has the
    constants of any larger one.
    """
    if isinstance(A, BlockCirculant):
        _check_entries(A.filters)
    table = lag_table(A)
    if table is None:
        C = dense_matrix(A)
        _check_size(C.shape[1])
        if normalise:
            C, _ = unit_columns(C)
        else:
            _check_entries(C)
        if np.iscomplexobj(C):
            G = C.conj().T @ C
            G = np.ascontiguousarray(0.5 * (G + G.conj().T))
        else:
            G = C.T @ C  # of one array, half the work and symmetric
        if normalise:
            np.fill_diagonal(G, 1.0)
        return Gram(G, G, None, G.shape[0])
    values = unit_values(table) if normalise else table.values.copy()
    values[np.abs(values) < TRACE * np.abs(values).max()] = 0.0
    lags = tuple(np.arange(t) - t * (np.arange(t) > t // 2) for t in table.lags)
    reach = []
    for axis, lag in enumerate(lags, 2):
        others = tuple(a for a in range(values.ndim) if a != axis)
        reach.append(int(np.abs(lag)[values.any(axis=others)].max(initial=0)))
    torus = tuple(
        min(g, max(k, 2) * r + 1) for g, r in zip(table.grid, reach, strict=True)
    )
    while len(values) * prod(torus) < k:  # room for columns that touch nothing
        torus = tuple(min(g, n + 1) for g, n in zip(table.grid, torus, strict=True))
    _check_size(len(values) * prod(torus))
    wide = np.zeros((*values.shape[:2], *torus))
    kept = [np.abs(lag) <= r for lag, r in zip(lags, reach, strict=True)]
    there = [lag[on] % g for lag, on, g in zip(lags, kept, torus, strict=True)]
    every: Any = (slice(None), slice(None))
    wide[(*every, *np.ix_(*there))] = values[(*every, *np.ix_(*kept))]
    reverse: Any = tuple((-np.arange(g)) % g for g in torus)
    back: Any = (slice(None), slice(None), *np.ix_(*reverse))
    wide = 0.5 * (wide + wide.swapaxes(0, 1)[back])
    return Gram(matrix_of(wide), wide, table, prod(table.grid) * len(values))


def matrix_of(values: Array) -> Array:
    """Return the block-circulant matrix of a table, places first."""
    torus = values.shape[2:]
    if not torus:
        return values
    n, N = len(values), prod(torus)
    at = np.stack(np.unravel_index(np.arange(N), torus))
    gap = tuple((at[:, :, None] - at[:, None, :]) % np.reshape(torus, (-1, 1, 1)))
    blocks = values[(slice(None), slice(None), *gap)]
    return np.ascontiguousarray(blocks.transpose(2, 0, 3, 1).reshape(N * n, N * n))


def _check_entries(C: Array) -> None:
    if (size := np.abs(C).max()) > HIGHEST:
        raise ValueError(f"A must have entries below {HIGHEST:.0e}, got {size:.1e}")


def _check_size(n: int) -> None:
    if n > LARGEST:
        raise ValueError(f"A must come down to {LARGEST} columns at most, got {n}")


def pairs(G: Gram, M: Array, bar: float) -> tuple[Indices, Indices]:
    """Return one of each orbit of pairs of columns whose eigenvalue in M is `bar`."""
    n, first, diagonal = len(M), G.orbits, M.diagonal().real
    place, channel = np.divmod(np.arange(n), first)
    half = np.zeros(n, dtype=bool)
    if G.torus:  # the shift that takes 0 and d to -d and 0
        at = np.unravel_index(place, G.torus)
        back = [(-x) % g for x, g in zip(at, G.torus, strict=True)]
        mirror = np.ravel_multi_index(tuple(back), G.torus)
        half = (place > 0) & (place <= mirror)
    found, step = [], max(1, BLOCK // n)
    for start in range(0, first, step):
        rows = np.arange(start, min(start + step, first))[:, None]
        keep = (channel > rows) | (half & (channel == rows))
        gap = 0.5 * (diagonal[rows] - diagonal)
        middle = 0.5 * (diagonal[rows] + diagonal)
        block = M[start : start + step][: len(rows)]
        keep &= middle + np.sqrt(gap**2 + np.abs(block) ** 2) >= bar
        found.append(np.argwhere(keep) + np.array([start, 0]))
    both = np.concatenate(found)
    return np.ascontiguousarray(both[:, 0]), np.ascontiguousarray(both[:, 1])


def strongest_pairs(M: Array, first: int, count: int) -> Indices:
    """Return pairs of large eigenvalue, one at most for each of `first` columns."""
    diagonal, best, value = M.diagonal().real, [], []
    step = max(1, BLOCK // len(M))
    for start in range(0, first, step):
        rows = np.arange(start, min(start + step, first))
        gap = 0.5 * (diagonal[rows, None] - diagonal)
        size = np.sqrt(gap**2 + np.abs(M[rows]) ** 2) + 0.5 * diagonal
        size[np.arange(rows.size), rows] = -np.inf
        best.append(size.argmax(axis=1))
        value.append(size.max(axis=1) + 0.5 * diagonal[rows])
    order = np.argsort(-np.concatenate(value), kind="stable")[:count]
    return np.stack([order, np.concatenate(best)[order]], axis=1).astype(np.int64)


def extend(support: Indices, k: int, n: int) -> Indices:
    """Return the support with the first columns that it lacks, k in all, ascending."""
    lacking = np.setdiff1d(np.arange(min(n, k + support.size)), support)
    more = lacking[: max(k - support.size, 0)]
    return np.sort(np.concatenate([support, more])).astype(np.int64)


def _unrolled(G: Gram, table: LagTable, support: Indices, sign: int) -> Support:
    """Return where on the layer's own grid the deciding part of a support stands."""
    M = sign * G.matrix[np.ix_(support, support)]
    todo, best, winner = set(range(support.size)), -np.inf, {}
    torus = np.array(G.torus)
    place, channel = np.divmod(support, G.orbits)
    at = np.stack(np.unravel_index(place, G.torus), axis=1)
    while todo:
        first = todo.pop()
        where, queue = {first: at[first]}, [first]
        for i in queue:
            for j in [j for j in todo if M[i, j] != 0.0]:
                todo.remove(j)
                step = (at[j] - at[i]) % torus
                where[j] = where[i] + np.where(step > torus // 2, step - torus, step)
                queue.append(j)
        value = np.linalg.eigvalsh(M[np.ix_(queue, queue)])[-1]
        if value > best:
            best, winner = value, where
    found = [
        table.column(int(channel[i]), tuple(int(x) for x in p % np.array(table.grid)))
        for i, p in winner.items()
    ]
    return extend(np.array(found), support.size, G.columns).astype(np.intp)
