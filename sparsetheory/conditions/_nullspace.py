"""The null space of a matrix or a layer, and what matrices Y certify of it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from sparsetheory._checks import check_operator
from sparsetheory._kernels.columns import lower_peaks
from sparsetheory.conditions.gram import Array, lag_table, polyphase
from sparsetheory.conditions.relaxation import inverse, multiplicities, transform
from sparsetheory.operators import to_dense
from sparsetheory.types import Matrix, Vector

EPS = float(np.finfo(float).eps)
EVERY = 10  # iterations between looks at what is certified
CLOSE = 1e-3  # relative gap at which a relaxation counts as solved
RELAXED = 1.6


@dataclass(frozen=True, eq=False)
class NullSpace:
    """The null space of `A`, with rows scaled by powers of two.

    Attributes
    ----------
    taps : ndarray, shape (rows, channels, *torus)
        A matrix has no torus; a layer is the table of its matrix by lag.
    maps : ndarray, shape (frequencies, rows, channels)
    inverses : ndarray, shape (frequencies, channels, rows)
    projector : ndarray, shape (channels, channels, *torus)
        On the null space, by lag.
    columns : ndarray of int, shape (channels, *torus)
        Number of each column of the matrix.
    dimension : int
    condition : float
        Ratio of the largest to the least singular value that is not zero.
    """

    taps: Array
    maps: Array
    inverses: Array
    projector: Array
    columns: Array
    dimension: int
    condition: float

    @property
    def size(self) -> int:
        """Number of columns of the matrix."""
        return int(prod(self.taps.shape[1:]))

    @property
    def rounding(self) -> float:
        """How far, of unit vectors, the computed null space may be off."""
        sides: int = max(self.taps.shape[:2])
        return 4 * sides * EPS * self.condition


def null_space(A: Any) -> NullSpace:
    """Return the null space; singular values that are zero to rounding count as zero.

    A layer with all its outputs is kept by frequency.
    """
    table = lag_table(A)
    if table is None:
        taps = to_dense(check_operator(A))
    else:
        taps = _on_grid(A._scale * polyphase(A), table.grid)
    largest = np.abs(taps).max(axis=tuple(range(1, taps.ndim)))
    taps = taps[largest > 0]
    exponents = np.frexp(largest[largest > 0])[1]
    if table is not None:
        exponents = np.full_like(exponents, exponents.max(initial=0))
    taps = np.ldexp(taps, -exponents.reshape(-1, *(1,) * (taps.ndim - 1)))
    maps = transform(taps)
    torus = taps.shape[2:]
    U, s, Vh = np.linalg.svd(maps, full_matrices=False)
    top = s.max(initial=0.0)
    kept = s > max(maps.shape[1:]) * EPS * top
    reciprocal = np.zeros_like(s)
    reciprocal[kept] = 1 / s[kept]
    V = Vh.conj().swapaxes(1, 2)
    inverses = (V * reciprocal[:, None, :]) @ U.conj().swapaxes(1, 2)
    Vk = V * kept[:, None, :]
    span = inverse(Vk @ Vk.conj().swapaxes(1, 2), torus)
    rank = int((multiplicities(torus)[:, None] * kept).sum())
    size = prod(taps.shape[1:])
    condition = float(top / s[kept].min()) if kept.any() else 1.0
    projector = identity(span.shape) - span
    columns = np.arange(size).reshape(taps.shape[1:])
    if table is not None:
        places = [(int(a), at) for a, *at in np.ndindex(columns.shape)]
        flat = [table.column(a, tuple(at)) for a, at in places]
        columns = np.reshape(flat, columns.shape)
    dimension = size - rank
    return NullSpace(taps, maps, inverses, projector, columns, dimension, condition)


def dense(space: NullSpace, table: Array) -> Matrix:
    """Return the matrix of a table by lag, its columns in order."""
    columns, torus = space.columns, table.shape[2:]
    if not torus:
        return np.ascontiguousarray(table)
    at = np.indices(torus).reshape(len(torus), -1)
    lag = np.ravel_multi_index(
        tuple(at[:, :, None] - at[:, None, :]), torus, mode="wrap"
    )
    flat = columns.reshape(columns.shape[0], -1)
    matrix = np.empty((space.size, space.size))
    for a, rows in enumerate(flat):
        for b, across in enumerate(flat):
            matrix[np.ix_(rows, across)] = table[a, b].ravel()[lag]
    return matrix


def row_space(space: NullSpace) -> Matrix:
    """Return an orthonormal basis of the row space, shape (n, rank).

    The real and the imaginary part of each wave; of one that is its own mirror image,
    which is real, the wave.
    """
    P, torus = space.projector, space.projector.shape[2:]
    number = prod(torus)
    lags = np.arange(number)
    at = np.array(np.unravel_index(lags, torus or (1,)))
    sides = np.array(torus or (1,))[:, None]
    mirrors = np.ravel_multi_index(tuple(-at % sides), torus or (1,))
    axes = tuple(range(2, P.ndim))
    spectra = (
        np.fft.fftn(P, axes=axes).reshape(*P.shape[:2], -1) if torus else P[..., None]
    )
    parts = []
    for lag in np.flatnonzero(lags <= mirrors):
        own, block = mirrors[lag] == lag, spectra[..., lag]
        values, V = np.linalg.eigh(block.real if own else block)
        wave = np.exp(2j * np.pi * (at[:, [lag]] * at / sides).sum(axis=0))
        waves = V[:, values < 0.5].T[:, :, None] * wave
        parts += (
            [waves.real] if own else [np.sqrt(2) * x for x in (waves.real, waves.imag)]
        )
    rows = np.concatenate(parts).reshape(-1, space.size) / np.sqrt(number)
    basis = np.empty((space.size, len(rows)))
    basis[space.columns.ravel()] = rows.T
    return basis


def _on_grid(taps: Array, grid: tuple[int, ...]) -> Array:
    folded = np.zeros((*taps.shape[:2], *grid))
    places = zip(taps.shape[2:], grid, strict=True)
    index = np.ix_(*(np.arange(t) % n for t, n in places))
    every: Any = (slice(None), slice(None), *index)
    np.add.at(folded, every, taps)
    return folded


def identity(shape: tuple[int, ...]) -> Array:
    """Return the identity as a table by lag."""
    table = np.zeros(shape)
    index = np.arange(shape[0])
    diagonal: Any = (index, index, *(0,) * (len(shape) - 2))
    table[diagonal] = 1.0
    return table


def dual_matrix(space: NullSpace, M: Array) -> Array:
    """Return Y with ``I - Y^T A`` nearest to the table M."""
    rest = transform(identity(M.shape) - M)
    Y = (rest @ space.inverses).conj().swapaxes(1, 2)
    return inverse(Y, M.shape[2:])


def certified(space: NullSpace, Y: Array) -> Vector:
    r"""Return what Y certifies of :math:`\alpha_1, \dots, \alpha_n`.

    .. math:: \alpha_k \le \max_j \|(I - Y^T A) e_j\|_{(k)}

    where the norm sums the k largest magnitudes; for any Y whatever, as z in the null
    space is ``(I - Y^T A) z``. A margin for rounding is included.
    """
    torus, rows = space.taps.shape[2:], space.taps.shape[0]
    maps = transform(Y).conj().swapaxes(1, 2)
    one = np.eye(space.taps.shape[1])
    M = np.abs(inverse(one - maps @ space.maps, torus))
    n = space.size
    if torus:
        # Errors of the transforms are small in the norm of a column.
        size = np.linalg.norm(maps, axis=(1, 2)).max(initial=0.0)
        size = 1 + size * np.linalg.norm(space.maps, axis=(1, 2)).max(initial=0.0)
        wide = 16 * EPS * (rows + np.log2(n) + 1) * size
        sums = np.cumsum(_descending(M), axis=1)
        sums += wide * np.sqrt(np.arange(1, n + 1))
    else:
        M += (rows + 3) * EPS * (np.abs(maps[0]) @ np.abs(space.taps) + one)
        sums = np.cumsum(_descending(M), axis=1)
    return np.asarray(sums.max(axis=0) * (1 + n * EPS))


def _columns(table: Array) -> Array:
    """Return one column for each channel, as rows."""
    return np.ascontiguousarray(table.swapaxes(0, 1).reshape(table.shape[1], -1))


def _table(columns: Array, shape: tuple[int, ...]) -> Array:
    return columns.reshape(shape[1], shape[0], *shape[2:]).swapaxes(0, 1)


def _descending(table: Array) -> Matrix:
    """Return the magnitudes of each column, as rows."""
    return -np.sort(-np.abs(_columns(table)), axis=1)


def dual_norm(table: Array, k: int) -> float:
    """Return the norm dual to the largest sum of k magnitudes of a column."""
    sizes = np.abs(_columns(table))
    return float(np.maximum(sizes.max(axis=1), sizes.sum(axis=1) / k).sum())


def relaxation(
    space: NullSpace,
    k: int,
    max_iter: int = 2000,
    deadline: float = np.inf,
) -> tuple[Array, Array]:
    r"""Return a table near the minimum of the relaxation of order k, and a dual one.

    .. math:: \min_M \max_j \|M e_j\|_{(k)}
        \quad\text{subject to}\quad M z = z \text{ on the null space}

    by alternating directions, until a dual point shows that it is within `CLOSE`. A
    layer may average M over all shifts, which leaves one column for each channel. The
    rows of the dual table are null vectors.
    """
    P = space.projector
    shape = P.shape
    blocks = transform(P)
    torus = shape[2:]

    def inside(table: Array) -> Array:
        """Project the rows on the null space."""
        return inverse(transform(table) @ blocks, torus)

    M = P
    flat = P.ravel()
    U = np.zeros_like(P)
    W = P
    Z = np.zeros_like(P)
    channels = shape[0]
    V = np.empty((channels, space.size))
    X = np.empty_like(V)
    mass = channels / (2 * np.sqrt(k))
    level = float(_descending(M)[:, :k].sum(axis=1).max())
    best, found, below = level, M, 0.0
    for it in range(1, max_iter + 1):
        V[:] = _columns(M - U)
        level = lower_peaks(V, -np.sort(-np.abs(V)), k, mass, level, X)
        Z = _table(X, shape)
        before = M
        mixed = RELAXED * Z + (1 - RELAXED) * M
        M = mixed + U
        M = M + P - inside(M)
        U = U + mixed - M
        late = time.perf_counter() > deadline
        if it % EVERY and not late:
            continue
        value = float(_descending(M)[:, :k].sum(axis=1).max())
        if value < best:
            best, found = value, M
        W = inside(-U)
        norm = dual_norm(W, k)
        if norm > 0:
            below = max(below, float(flat @ W.ravel()) / norm)
        if late or best - below <= CLOSE * best:
            break
        primal = float(np.linalg.norm(Z - M))
        moved = float(np.linalg.norm(M - before))
        if primal > 5 * moved:
            mass, U = mass / 1.5, U / 1.5
        elif moved > 5 * primal:
            mass, U = mass * 1.5, U * 1.5
    return found, W
