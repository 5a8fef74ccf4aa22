"""Inner products of columns, of a matrix or of a convolution layer."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from sparsetheory._checks import check_operator
from sparsetheory.lags import LagTable as LagTable
from sparsetheory.lags import has_lags as has_lags
from sparsetheory.lags import lag_table as lag_table
from sparsetheory.lags import polyphase as polyphase
from sparsetheory.operators import BlockCirculant, to_dense
from sparsetheory.pruned import with_filters
from sparsetheory.types import Vector

BLOCK = 2**23  # entries of a Gram matrix held at a time
SHORTEST = 1e-140  # channel to be normalised: its square is a number

Array = npt.NDArray[Any]


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
