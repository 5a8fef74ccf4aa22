"""How alike the columns of a matrix are, and what that guarantees.

Columns are normalised inside. Convolution layers are never formed as a matrix.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sparsetheory._checks import check_integer
from sparsetheory.conditions.gram import (
    dense_matrix,
    gram_blocks,
    lag_table,
    layer_or_matrix,
    unit_columns,
    unit_values,
)
from sparsetheory.conditions.relaxation import off_diagonal
from sparsetheory.types import MeasurementOperator, Vector


@dataclass(frozen=True, slots=True)
class Coherence:
    """The largest absolute inner product of two unit columns.

    Attributes
    ----------
    value : float
    pair : tuple of int
        Two columns that attain it, the first smaller.
    """

    value: float
    pair: tuple[int, int]


def mutual_coherence(A: MeasurementOperator) -> Coherence:
    r"""Mutual coherence of a matrix or a convolution layer.

    .. math:: \mu = \max_{i \ne j} \frac{|\langle a_i, a_j \rangle|}{\|a_i\|\,\|a_j\|}

    Exact. For a `BlockCirculant` with all its outputs, whose stride divides the grid,
    by the correlations of its filters, in ``O(C_in^2 (C_out + log L) L)`` for L lags,
    no more than twice the taps per axis: the size of the grid does not matter. For a
    matrix in blocks, so that the Gram matrix is never held.

    Parameters
    ----------
    A : array or operator, shape (m, n)
        Real or complex. Columns are normalised inside.

    Returns
    -------
    Coherence
        With a pair of columns that attains it.

    Raises
    ------
    TypeError, ValueError
        If A is no matrix, has fewer than two columns, or a column that is zero.

    References
    ----------
    .. [1] D. Donoho and X. Huo, "Uncertainty principles and ideal atomic
       decomposition", IEEE Trans. Inf. Theory 47(7), 2001.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> found = st.mutual_coherence(np.array([[1.0, 0.0, 3.0], [0.0, 1.0, 4.0]]))
    >>> round(found.value, 12), found.pair
    (0.8, (1, 2))
    """
    A = layer_or_matrix(A)
    if A.shape[1] < 2:
        raise ValueError(f"A must have two columns at least, got shape {A.shape}")
    table = lag_table(A)
    if table is not None:
        return Coherence(*table.largest(np.abs(unit_values(table))))
    U, _ = unit_columns(dense_matrix(A))
    best, pair = -1.0, (0, 1)
    for start, block in gram_blocks(U):
        size = np.abs(block)
        rows = np.arange(size.shape[0])
        size[rows, start + rows] = -1.0
        place = int(size.argmax())
        i, j = divmod(place, size.shape[1])
        if size[i, j] > best:
            best, pair = float(size[i, j]), (start + i, j)
    return Coherence(best, (min(pair), max(pair)))


def babel(A: MeasurementOperator, k: int | None = None) -> Vector:
    r"""Babel function: how much k other columns can correlate with one.

    .. math:: \mu_1(p) = \max_i \max_{|S| = p,\, i \notin S}
        \sum_{j \in S} |\langle a_i, a_j \rangle|, \qquad p = 1, \dots, k

    Exact, with columns normalised inside. The isometry constant of order p + 1 is at
    most :math:`\mu_1(p) \le p \mu` [1]_.

    Parameters
    ----------
    A : array or operator, shape (m, n)
        As in `mutual_coherence`.
    k : int, optional
        In 1..n-1, by default n - 1.

    Returns
    -------
    ndarray, shape (k,)

    Raises
    ------
    TypeError, ValueError
        As `mutual_coherence` does, or if `k` is out of range.

    References
    ----------
    .. [1] J. Tropp, "Greed is good: algorithmic results for sparse approximation",
       IEEE Trans. Inf. Theory 50(10), 2004.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> st.babel(np.array([[1.0, 0.0, 3.0], [0.0, 1.0, 4.0]])).round(12)
    array([0.8, 1.4])
    """
    A = layer_or_matrix(A)
    n = int(A.shape[1])
    if n < 2:
        raise ValueError(f"A must have two columns at least, got shape {A.shape}")
    k = n - 1 if k is None else check_integer("k", k, 1, n - 1)
    table = lag_table(A)
    if table is not None:
        size = off_diagonal(unit_values(table))
        return _largest_sums(size.reshape(len(size), -1), k)
    best = np.zeros(k)
    U, _ = unit_columns(dense_matrix(A))
    for start, block in gram_blocks(U):
        size = np.abs(block)
        inside = np.arange(size.shape[0])
        size[inside, start + inside] = 0.0
        np.maximum(best, _largest_sums(size, k), out=best)
    return best


def _largest_sums(rows: npt.NDArray[np.float64], k: int) -> Vector:
    """Return, for each p up to k, the largest sum of p entries within a row."""
    take = min(k, rows.shape[1])
    top = -np.sort(-rows, axis=1)[:, :take]
    sums = np.cumsum(top, axis=1).max(axis=0)
    return np.concatenate([sums, np.full(k - take, sums[-1])])
