"""Tropp's exact recovery coefficient, of one support and of all of a size."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import chain, combinations, islice
from math import comb
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.linalg import solve_triangular

from sparsetheory._checks import check_operator, check_support
from sparsetheory.conditions._sections import Array, Gram, Indices, gram
from sparsetheory.conditions._verify import columns
from sparsetheory.conditions.gram import dense_matrix, unit_columns
from sparsetheory.operators import BlockCirculant, column_norms
from sparsetheory.types import MeasurementOperator, Vector

WORK = 2e9  # operations for the supports of a size
BATCH = 2**20  # entries held at a time
DEPENDENT = 1e-8  # of the largest: an eigenvalue of unit columns below counts as zero
LEVEL = 1 - 1e-7  # one, but for rounding


def exact_recovery_coefficient(A: MeasurementOperator, support: npt.ArrayLike) -> float:
    r"""Return Tropp's coefficient of a support, below 1 if it is always recovered.

    .. math:: \max_{j \notin S} \|A_S^{+} a_j\|_1

    Exact. Below 1, OMP and basis pursuit recover every vector on S [1]_; at 1 or more
    some vector on S misleads OMP at its first step. A layer's matrix is not formed.

    Parameters
    ----------
    A : array or operator, shape (m, n)
        Columns are normalised inside.
    support : array_like of int, or of bool and shape (n,)
        Columns of S, each once, which must be independent.

    Returns
    -------
    float
        0 if S holds all columns.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    References
    ----------
    .. [1] J. Tropp, "Greed is good: algorithmic results for sparse approximation",
       IEEE Trans. Inf. Theory 50(10), 2004.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> A = np.array([[1.0, 0.0, 3.0], [0.0, 1.0, 4.0]])
    >>> round(st.exact_recovery_coefficient(A, [0, 1]), 12)
    1.4
    """
    if isinstance(A, BlockCirculant):
        C, norms = check_operator(A), column_norms(A)
        if not norms.all():
            where = int(norms.argmin())
            raise ValueError(f"A must not have zero columns, got one at {where}")
    else:
        C, norms = unit_columns(dense_matrix(A))
        norms = np.ones_like(norms)
    on = check_support(support, C.shape[1])
    if on.size == 0:
        raise ValueError("support must hold a column, got none")
    Q, R = np.linalg.qr(columns(C, on) / norms[on])
    size = np.linalg.svd(R, compute_uv=False)
    if on.size > C.shape[0] or size[-1] <= max(C.shape) * np.finfo(float).eps * size[0]:
        raise ValueError(f"support must have independent columns, got {on.tolist()}")
    within = np.stack([C.T @ q for q in Q.conj().T.copy()]) / norms
    sums = np.abs(solve_triangular(R, within)).sum(axis=0)
    sums[on] = 0.0
    return float(sums.max())


def coefficient_range(A: Any, k: int, top: int, deadline: float) -> tuple[int, int]:
    """Return up to how many entries all coefficients are below one, and may be.

    They are known to be up to `k`. Columns are taken as they are.
    """
    most, showing = k, True
    while most < top:
        G = gram(A, min(most + 2, A.shape[1]), False)
        if misleading(G, most + 1):
            break
        if showing:
            worst = None
            if _work(G, most + 1) <= WORK:
                worst = worst_coefficient(G, most + 1, deadline)
            if worst is not None and worst >= LEVEL:
                break
            showing = worst is not None
            k += showing
        if time.perf_counter() > deadline:
            return k, top
        most += 1
    return k, most


def coefficients(G: Array, supports: Indices) -> Vector:
    r"""Return :math:`\max_{j \notin S} \|A_S^+ a_j\|_1` per row of `supports`.

    From the Gram matrix; infinite if columns of S depend on one another.
    """
    norms = np.sqrt(G.diagonal().real)
    scale = np.where(norms > 0, norms, 1.0)
    unit = G[supports[:, :, None], supports[:, None, :]]
    unit = unit / scale[supports][:, :, None] / scale[supports][:, None, :]
    values = np.linalg.eigvalsh(unit)
    free = values[:, 0] > DEPENDENT * values[:, -1]
    worst = np.full(len(supports), np.inf)
    on = supports[free]
    right = G[on] / scale[on][:, :, None]
    sums = np.abs(np.linalg.solve(unit[free], right) / scale[on][:, :, None])
    sums = sums.sum(axis=1)
    np.put_along_axis(sums, on, 0.0, axis=1)
    worst[free] = sums.max(axis=1, initial=0.0)
    return worst


def worst_coefficient(G: Gram, k: int, deadline: float = np.inf) -> float | None:
    """Return the largest coefficient of all supports of k columns, or one above 1.

    Of supports that are shifts of one another one is looked at. None if time is up.
    """
    n, worst = len(G.matrix), 0.0
    every = chain.from_iterable(
        ((first, *rest) for rest in combinations(range(first + 1, n), k - 1))
        for first in range(G.orbits)
    )
    for supports in _batches(every, k, max(1, BATCH // (n * k))):
        worst = max(worst, float(coefficients(G.matrix, supports).max()))
        if worst >= LEVEL:
            break
        if time.perf_counter() > deadline:
            return None
    return worst


def misleading(G: Gram, k: int) -> bool:
    """Return whether the k columns most like another one have a coefficient of one."""
    n = len(G.matrix)
    if k >= n:
        return False
    like = np.abs(G.matrix[: G.orbits]) / np.maximum(G.matrix.diagonal().real, 1e-300)
    like[np.arange(G.orbits), np.arange(G.orbits)] = -1.0
    supports = np.argpartition(-like, k - 1, axis=1)[:, :k]
    step = max(1, BATCH // (n * k))
    return any(
        bool((coefficients(G.matrix, supports[i : i + step]) >= LEVEL).any())
        for i in range(0, len(supports), step)
    )


def _work(G: Gram, k: int) -> float:
    n = len(G.matrix)
    return float(comb(n, k) - comb(n - G.orbits, k)) * k * k * (n + k)


def _batches(
    supports: Iterator[tuple[int, ...]], k: int, size: int
) -> Iterator[Indices]:
    while True:
        flat = chain.from_iterable(islice(supports, size))
        batch = np.fromiter(flat, dtype=np.int64).reshape(-1, k)
        if not len(batch):
            return
        yield batch
