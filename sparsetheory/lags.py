"""Inner products of the columns of a convolution layer."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from sparsetheory.operators import BlockCirculant

Array = npt.NDArray[Any]
# Kept as long as the layer: a solver that is called often would spend half its time.
_tables: WeakKeyDictionary[BlockCirculant, LagTable | None] = WeakKeyDictionary()


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

    def where(self, columns: Array) -> tuple[Array, list[Array]]:
        """Return the channel of each column, and its grid point per axis."""
        size = tuple(g * p for g, p in zip(self.grid, self.phases, strict=True))
        into, at = np.divmod(columns, prod(size))
        point = np.unravel_index(at, size)
        offsets = tuple(x % p for x, p in zip(point, self.phases, strict=True))
        phase = np.ravel_multi_index(offsets, self.phases)
        places = [x // p for x, p in zip(point, self.phases, strict=True)]
        return into * prod(self.phases) + phase, places

    def entries(self, values: Array, one: Array, two: Array) -> Array:
        """Return what a table of values holds for columns, arrays of one shape."""
        channels, places = zip(*map(self.where, (one, two)), strict=True)
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
    if not isinstance(A, BlockCirculant):
        return None
    if A not in _tables:
        _tables[A] = _table(A) if has_lags(A) else None
    return _tables[A]


def _table(A: BlockCirculant) -> LagTable:
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
    values.flags.writeable = False  # the table is kept
    return LagTable(values, grid, A.stride)


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
