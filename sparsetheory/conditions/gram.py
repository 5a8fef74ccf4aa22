"""Inner products of columns, of a matrix or of a convolution layer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from sparsetheory._checks import check_operator
from sparsetheory.operators import BlockCirculant, to_dense
from sparsetheory.pruned import with_filters
from sparsetheory.types import Vector

BLOCK = 2**23  # entries of a Gram matrix held at a time
SHORTEST = 1e-140  # channel to be normalised: its square is a number

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class LagTable:
    """The Gram matrix of a layer, which depends on channels and lag alone.

    Column (a, i) is channel a at grid point i, and
    ``G[(a, i), (b, j)] = values[a, b, (i - j) mod grid]``.

    Attributes
    ----------
    values : ndarray, shape (channels, channels, *lags)
        On a torus of `lags` points per axis, no larger than `grid`; where it is
        smaller, lags beyond its half are zero.
    grid : tuple of int
    phases : tuple of int
        Per axis. A stride s makes s channels of one, by position modulo s.
    """

    values: Array
    grid: tuple[int, ...]
    phases: tuple[int, ...]

    @property
    def lags(self) -> tuple[int, ...]:
        """Points per axis of the torus of lags."""
        return tuple(self.values.shape[2:])

    def column(self, channel: int, place: tuple[int, ...]) -> int:
        """Return which column of the layer stands for a channel at a grid point."""
        inner = prod(self.phases)
        into, phase = divmod(channel, inner)
        offsets = np.unravel_index(phase, self.phases)
        size = tuple(g * p for g, p in zip(self.grid, self.phases, strict=True))
        at = tuple(
            int(q) * p + int(o)
            for q, p, o in zip(place, self.phases, offsets, strict=True)
        )
        return into * prod(size) + int(np.ravel_multi_index(at, size))

    def entries(self, values: Array, one: Array, two: Array) -> Array:
        """Return what a table of values holds for columns, arrays of one shape."""
        size = tuple(g * p for g, p in zip(self.grid, self.phases, strict=True))
        channels, places = [], []
        for column in (one, two):
            into, at = np.divmod(column, prod(size))
            point = np.unravel_index(at, size)
            offsets = tuple(x % p for x, p in zip(point, self.phases, strict=True))
            phase = np.ravel_multi_index(offsets, self.phases)
            channels.append(into * prod(self.phases) + phase)
            places.append([x // p for x, p in zip(point, self.phases, strict=True)])
        lags, far = [], np.zeros(np.broadcast_shapes(one.shape, two.shape), dtype=bool)
        for x, y, g, t in zip(*places, self.grid, self.lags, strict=True):
            lag = (x - y) % g
            if t < g:
                lag = np.where(lag > t // 2, lag - g, lag)
                far |= np.abs(lag) > t // 2
            lags.append(lag % t)
        found = values[(*np.broadcast_arrays(*channels), *lags)]
        return np.where(far, 0.0, found)

    def shift(self, lag: tuple[int, ...]) -> tuple[int, ...]:
        """Return the grid point that is `lag` away from the first."""
        return tuple(
            int(d) if d <= t // 2 or t == g else int(d) - t + g
            for d, t, g in zip(lag, self.lags, self.grid, strict=True)
        )

    def spread(self, values: Array) -> Array:
        """Return `values`, whose last axes are the lags, on the whole grid."""
        lead = values.ndim - len(self.grid)
        there = np.ix_(
            *(
                np.array([d if d <= t // 2 or t == g else d - t + g for d in range(t)])
                for t, g in zip(self.lags, self.grid, strict=True)
            )
        )
        wide = np.zeros((*values.shape[:lead], *self.grid))
        at: Any = (..., *there)
        wide[at] = values
        return wide

    def largest(self, size: Array) -> tuple[float, tuple[int, int]]:
        """Return the largest entry of a table of sizes, and two columns that have it.

        Negative entries, and that of a column with itself, do not count. Where there
        are no others, columns of one channel do, further apart than any lag.
        """
        size, channels = size.copy(), np.arange(len(size))
        own: Any = (channels, channels, *(0,) * len(self.lags))
        size[own] = -1.0
        if not (size >= 0).any():
            return 0.0, (0, 1)
        a, b, *lag = (int(i) for i in np.unravel_index(size.argmax(), size.shape))
        one = self.column(a, self.shift(tuple(lag)))
        two = self.column(b, (0,) * len(lag))
        return float(size[(a, b, *lag)]), (min(one, two), max(one, two))


def has_lags(A: Any) -> bool:
    """Return whether inner products of columns depend on channels and lag alone.

    They do not for what is no layer, for a subset of its rows, and for a stride that
    does not divide the grid.
    """
    if not isinstance(A, BlockCirculant):
        return False
    if any(n % s for n, s in zip(A.size, A.stride, strict=True)):
        return False
    grid = tuple(n // s for n, s in zip(A.size, A.stride, strict=True))
    whole = A.outputs == grid and A.shape[0] == A.filters.shape[0] * prod(grid)
    return whole and (not A.rows.size or np.array_equal(A.rows, A._positions()))


def lag_table(A: Any) -> LagTable | None:
    """Return the inner products of a layer's columns, or None if it has no lags."""
    if not has_lags(A):
        return None
    grid = tuple(n // s for n, s in zip(A.size, A.stride, strict=True))
    taps = A._scale * polyphase(A)
    lags = tuple(min(g, 2 * t - 1) for g, t in zip(grid, taps.shape[2:], strict=True))
    folded = np.zeros((*taps.shape[:2], *lags))
    index = np.ix_(
        *(np.arange(t) % n for t, n in zip(taps.shape[2:], lags, strict=True))
    )
    every: Any = (slice(None), slice(None), *index)
    np.add.at(folded, every, taps)
    axes = tuple(range(2, folded.ndim))
    H = np.fft.rfftn(folded, axes=axes)
    products = np.einsum("oa...,ob...->ab...", H.conj(), H)
    values = np.fft.irfftn(products, s=lags, axes=axes)
    return LagTable(values, grid, A.stride)


def unit_values(table: LagTable) -> Array:
    """Return the values of the table for unit columns.

    Raises
    ------
    ValueError
        If a column is zero, or too short for its square.
    """
    values, channels = table.values, np.arange(len(table.values))
    own: Any = (channels, channels, *(0,) * len(table.lags))
    norms = np.sqrt(np.maximum(values[own], 0.0))
    if not norms.min() > SHORTEST:
        raise ValueError(
            "A must not have zero columns, got channel "
            f"{norms.argmin()} of length {norms.min():.1e}"
        )
    shape = (len(values), *(1,) * (values.ndim - 1))
    units = values / norms.reshape(shape) / norms.reshape(shape[0], *shape[2:])
    units[own] = 1.0
    return np.asarray(units)


def polyphase(A: BlockCirculant) -> Array:
    """Return the filters of the layer of stride one that has the same columns.

    With j = s q + p, input channel (c, p) holds the points j of channel c, and has the
    taps ``h[c, s u + a - p]``.
    """
    h = A.filters
    for axis, (s, a) in enumerate(zip(A.stride, A.origin, strict=True)):
        place = 2 + axis
        t = h.shape[place]
        first = min(-((a - p) // s) for p in range(s))
        last = max((t - 1 - a + p) // s for p in range(s))
        u = np.arange(first, last + 1)
        parts = []
        for p in range(s):
            source = s * u + a - p
            inside = (source >= 0) & (source < t)
            part = np.zeros((*h.shape[:place], u.size, *h.shape[place + 1 :]))
            cut: Any = (slice(None),) * place
            part[(*cut, inside)] = h[(*cut, source[inside])]
            parts.append(part)
        stacked = np.stack(parts, axis=2)
        h = stacked.reshape(h.shape[0], -1, *stacked.shape[3:])
    return np.asarray(h)


def layer_or_matrix(A: Any) -> Any:
    """Return `A` as it is if it is a layer, otherwise as `dense_matrix` does."""
    return A if isinstance(A, BlockCirculant) else dense_matrix(A)


def dense_matrix(A: Any) -> Array:
    """Return `A` as a finite array of float64 or complex128, shape (m, n)."""
    if np.ma.isMaskedArray(A) or not np.iscomplexobj(A):
        return to_dense(check_operator(A))
    if hasattr(A, "__matmul__") and not hasattr(A, "__array__"):
        A = A @ np.eye(A.shape[1])
    C = np.asarray(A, dtype=np.complex128, order="F")
    if C.ndim != 2 or 0 in C.shape:
        raise ValueError(f"A must have rows and columns, got shape {C.shape}")
    finite = np.isfinite(C)
    if not finite.all():
        i, j = (int(x) for x in np.argwhere(~finite)[0])
        raise ValueError(f"A must be finite, got {C[i, j]} at {(i, j)}")
    return C


def gram_blocks(A: Array) -> Iterator[tuple[int, Array]]:
    """Yield rows of the Gram matrix in blocks, with the number of the first."""
    n = A.shape[1]
    step = max(1, BLOCK // n)
    for start in range(0, n, step):
        yield start, A[:, start : start + step].conj().T @ A


def columns_near_one(A: Any) -> tuple[Any, Vector]:
    """Return a matrix with columns times powers of two, and these, one a column.

    Squares of very large or small entries leave the floats; powers of two are exact. A
    layer has one for each channel.
    """
    layer = isinstance(A, BlockCirculant)
    entries = A._scale * A.filters.swapaxes(0, 1) if layer else A.T
    largest = np.abs(entries.reshape(len(entries), -1)).max(axis=1)
    power: Vector = np.ldexp(1.0, -np.clip(np.frexp(largest)[1], -1000, 1000))
    if not layer:
        return A * power, power
    filters = A.filters * power.reshape(-1, *(1,) * len(A.size))
    return with_filters(A, filters), power.repeat(prod(A.size))


def unit_columns(A: Array) -> tuple[Array, Vector]:
    """Return `A` with columns of norm one, and their norms.

    Raises
    ------
    ValueError
        If a column is zero.
    """
    largest = np.abs(A).max(axis=0)
    if not largest.all():
        raise ValueError(f"A must not have zero columns, got one at {largest.argmin()}")
    A, power = columns_near_one(A)
    norms = np.sqrt(np.einsum("ij,ij->j", A.conj(), A).real)
    return A / norms, norms / power
