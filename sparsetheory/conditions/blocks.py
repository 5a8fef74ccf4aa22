"""How alike blocks of columns are, of a matrix or of a convolution layer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

import numpy as np
import numpy.typing as npt

from sparsetheory._checks import check_groups
from sparsetheory.conditions.gram import (
    BLOCK,
    Array,
    LagTable,
    dense_matrix,
    gram_blocks,
    lag_table,
    layer_or_matrix,
    unit_columns,
    unit_values,
)
from sparsetheory.operators import BlockCirculant
from sparsetheory.types import MeasurementOperator


@dataclass(frozen=True, slots=True)
class BlockCoherence:
    """How alike two blocks of unit columns are, and two columns inside a block.

    Attributes
    ----------
    value : float
        Block coherence: a spectral norm over `size`.
    blocks : tuple of int
        Two blocks that attain it, by their place among the sorted labels, the smaller
        first.
    sub_coherence : float
    columns : tuple of int or None
        Two columns of a block that attain it; None with blocks of one column.
    size : int
        Columns of a block.
    """

    value: float
    blocks: tuple[int, int]
    sub_coherence: float
    columns: tuple[int, int] | None
    size: int


def block_coherence(A: MeasurementOperator, groups: npt.ArrayLike) -> BlockCoherence:
    r"""Block coherence and sub-coherence of a matrix or a convolution layer.

    .. math:: \mu_B = \max_{a \ne b} \tfrac1d \|A_a^* A_b\|_2, \qquad
        \nu = \max_a \max_{i \ne j} |(A_a^* A_a)_{ij}|

    for blocks of d unit columns [1]_; what they guarantee says
    `block_coherence_guarantee`. Exact. They are defined for blocks of one size alone.

    Two kinds of blocks of a `BlockCirculant` with all its outputs, whose stride divides
    the grid of N points, come from the correlations of its filters, without its matrix:
    the columns of an input channel, ``groups=N``, and those at a position,
    ``groups=np.arange(n) % N``. Otherwise the Gram matrix is taken in parts and never
    held.

    Parameters
    ----------
    A : array or operator, shape (m, n)
        Real or complex. Columns are normalised inside.
    groups : int or array_like of int or str, shape (n,)
        Size of consecutive blocks, a divisor of n; or the label of each column's block.

    Returns
    -------
    BlockCoherence
        With blocks and columns that attain the values.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above, blocks differ in size, there is only
        one, or a column is zero.

    References
    ----------
    .. [1] Y. Eldar, P. Kuppinger, H. Bölcskei, "Block-sparse signals: uncertainty
       relations and efficient recovery", IEEE Trans. Signal Process. 58(6), 2010.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> A = np.array([[1.0, 0.0, 3.0, 0.0], [0.0, 1.0, 4.0, 0.0], [0.0, 0.0, 0.0, 1.0]])
    >>> found = st.block_coherence(A, 2)
    >>> round(found.value, 12), found.sub_coherence
    (0.5, 0.0)
    >>> layer = st.BlockCirculant(np.ones((1, 2, 1)), 1000)
    >>> st.block_coherence(layer, 1000).value, st.block_coherence(layer, 2).value
    (0.001, 0.5)
    """
    A = layer_or_matrix(A)
    n = int(A.shape[1])
    parts = check_groups(groups, n)
    sizes = np.diff(parts.starts)
    d = int(sizes[0])
    if (sizes != d).any():
        raise ValueError(
            f"groups must be of one size, got {sizes.min()} to {sizes.max()} columns"
        )
    if d == n:
        raise ValueError(f"groups must number two at least, got all {n} columns in one")
    order = parts.order.reshape(-1, d)
    table = lag_table(A)
    if isinstance(A, BlockCirculant) and table is not None:
        member = np.empty(n, dtype=np.int64)
        member[order] = np.arange(len(order))[:, None]
        by_channel = member.reshape(-1, prod(A.size))
        if len(order) == len(by_channel) and not np.ptp(by_channel, axis=1).any():
            return _of_channels(table, member, d)
        if d == len(by_channel) and not np.ptp(by_channel, axis=0).any():
            return _of_positions(table, member, d)
    U, _ = unit_columns(dense_matrix(A))
    value, blocks = _closest_blocks(U, order)
    inner, columns = (0.0, None) if d == 1 else _closest_inside(U, order)
    return BlockCoherence(value / d, blocks, inner, columns, d)


def _closest_blocks(U: Array, order: Array) -> tuple[float, tuple[int, int]]:
    """Return the largest norm between two blocks, and which they are."""
    if order.shape[1] > len(U):  # an isometry from the right changes no norm
        roots = [np.linalg.qr(U[:, b].conj().T)[1].conj().T for b in order]
        B = np.concatenate(roots, axis=1)
        w = len(U)
    else:
        w = order.shape[1]
        B = U[:, order.ravel()]
    best, pair = -1.0, (0, 1)
    for start, products in _products(B, w):
        i, j = np.triu_indices(len(products), 1, products.shape[1])
        norm, at = _largest_norm(products, (i, j), best)
        if norm > best:
            best, pair = norm, (int(start + i[at]), int(start + j[at]))
    return best, pair


def _largest_norm(
    matrices: Array, of: tuple[Array, ...], least: float = -1.0
) -> tuple[float, int]:
    """Return the largest spectral norm of ``matrices[of]`` above `least`, and where.

    The norm is at most that of Frobenius, so that few have to be decomposed.
    """
    frobenius = np.sqrt(np.sum(np.abs(matrices) ** 2, axis=(-2, -1)))[of]
    able = np.flatnonzero(frobenius > least)
    able = able[np.argsort(-frobenius[able], kind="stable")]
    best, where = least, 0
    first, step = 0, 1
    while first < able.size and frobenius[able[first]] > best:
        some = able[first : first + step]
        norms = np.linalg.norm(matrices[tuple(x[some] for x in of)], 2, axis=(1, 2))
        at = int(norms.argmax())
        if norms[at] > best:
            best, where = float(norms[at]), int(some[at])
        first, step = first + step, min(4 * step, 4096)
    return best, where


def _products(B: Array, w: int) -> Iterator[tuple[int, Array]]:
    """Yield the inner products of some blocks of w columns with those not before."""
    count = B.shape[1] // w
    step = max(1, BLOCK // (w * B.shape[1]))
    for start in range(0, count - 1, step):
        G = B[:, start * w : (start + step) * w].conj().T @ B[:, start * w :]
        yield start, G.reshape(-1, w, count - start, w).transpose(0, 2, 1, 3)


def _closest_inside(U: Array, order: Array) -> tuple[float, tuple[int, int]]:
    best, pair = -1.0, (0, 1)
    for block in order:
        for start, G in gram_blocks(U[:, block]):
            size = np.abs(G)
            rows = np.arange(len(size))
            size[rows, start + rows] = -1.0
            i, j = divmod(int(size.argmax()), size.shape[1])
            if size[i, j] > best:
                best, pair = float(size[i, j]), (int(block[start + i]), int(block[j]))
    return best, (min(pair), max(pair))


def _of_channels(table: LagTable, member: Array, d: int) -> BlockCoherence:
    """Blocks of convolution matrices, which a Fourier transform makes diagonal."""
    values, phases = unit_values(table), prod(table.phases)
    axes = tuple(range(2, values.ndim))
    split = values.reshape(-1, phases, *values.shape[1:])
    best, pair = -1.0, (0, 1)
    for a in range(len(split) - 1):
        later = split[a][:, (a + 1) * phases :]
        spectra = np.fft.rfftn(table.spread(later), axes=axes)
        matrices = spectra.reshape(phases, -1, phases, prod(spectra.shape[2:]))
        matrices = matrices.transpose(1, 3, 0, 2)
        of = np.indices(matrices.shape[:2]).reshape(2, -1)
        norm, at = _largest_norm(matrices, tuple(of), best)
        if norm > best:
            best, pair = norm, (a, a + 1 + int(of[0, at]))
    first = [int(member[table.column(c * phases, (0,) * len(axes))]) for c in pair]
    channel = np.arange(len(values)) // phases
    inside = np.abs(values)
    inside[np.not_equal.outer(channel, channel)] = -1.0
    inner, columns = (0.0, None) if d == 1 else table.largest(inside)
    return BlockCoherence(best / d, (min(first), max(first)), inner, columns, d)


def _of_positions(table: LagTable, member: Array, d: int) -> BlockCoherence:
    values, phases = unit_values(table), prod(table.phases)
    lags = prod(table.lags)
    matrices = values.reshape(d, phases, d, phases, lags).transpose(1, 3, 4, 0, 2)
    own = np.arange(phases)
    other = np.ones(matrices.shape[:3], dtype=bool)
    other[own, own, 0] = False
    of = np.nonzero(other)
    if of[0].size:
        norm, at = _largest_norm(matrices, of)
        p, q, lag = (int(x[at]) for x in of)
        shift = table.shift(tuple(int(x) for x in np.unravel_index(lag, table.lags)))
        pair = [
            int(member[table.column(p, shift)]),
            int(member[table.column(q, (0,) * len(shift))]),
        ]
    else:  # no two positions overlap
        norm, pair = 0.0, [0, 1]
    inside = np.full((d, phases, d, phases, lags), -1.0)
    inside[:, own, :, own, 0] = np.abs(values.reshape(inside.shape))[:, own, :, own, 0]
    inner, columns = (
        (0.0, None) if d == 1 else table.largest(inside.reshape(values.shape))
    )
    return BlockCoherence(norm / d, (min(pair), max(pair)), inner, columns, d)
