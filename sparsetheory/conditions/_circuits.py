"""Columns that depend on one another, and linear programs that bound how few do."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, islice
from typing import Any

import numpy as np

from sparsetheory.conditions.gram import Array, LagTable, polyphase
from sparsetheory.operators import BlockCirculant
from sparsetheory.types import Support, Vector

NOUGHT = 1e-9  # entries of a null vector below are rounding, relative to the largest
SETS = 64  # sets of channels whose minors are formed


def rank_of(values: Vector, size: int) -> int:
    """Return how many singular values are not rounding."""
    return int(np.sum(values > size * np.finfo(float).eps * values.max(initial=0.0)))


def fundamental_circuits(U: Array, rank: int, trials: int) -> Iterator[Support]:
    """Yield, for each of some bases, the smallest circuit of another column with it."""
    from scipy.linalg import qr, solve_triangular

    rng = np.random.default_rng(0)
    for trial in range(trials):
        weights = rng.uniform(0.1, 1.0, U.shape[1]) if trial else 1.0
        R, order = qr(U * weights, mode="r", pivoting=True)
        T = solve_triangular(R[:rank, :rank], R[:rank, rank:])
        there = np.abs(T) > NOUGHT * np.maximum(np.abs(T).max(axis=0), 1.0)
        best = int(there.sum(axis=0).argmin())
        yield np.append(order[:rank][there[:, best]], order[rank + best])


def sparse_null_vector(U: Array, j: int) -> tuple[Vector, Support]:
    r"""Minimise ``||x||_1`` where U x = 0 and x_j = 1.

    Returns
    -------
    z : ndarray, shape (m,)
        Of the dual problem: any z shows that the minimum is at least
        ``1 + |u_j^T z| / max_i |u_i^T z|`` over the other i.
    support : ndarray of int
        Empty if there is no such x.
    """
    from scipy.optimize import linprog

    n = U.shape[1]
    others = np.delete(np.arange(n), j)
    rest = U[:, others]
    found = linprog(np.ones(2 * n - 2), A_eq=np.hstack([rest, -rest]), b_eq=-U[:, j])
    if found.x is None:
        return U[:, j] - rest @ np.linalg.lstsq(rest, U[:, j])[0], np.empty(0, np.intp)
    x = found.x[: n - 1] - found.x[n - 1 :]
    there = np.abs(x) > NOUGHT * max(1.0, np.abs(x).max())
    return found.eqlin.marginals, np.sort(np.append(others[there], j))


def null_vector_bound(U: Array, j: int, z: Vector) -> float:
    """Return how many entries a null vector has, at least, whose largest is at j.

    With ``|x_j|`` the largest, it has as many as ``||x||_1 / |x_j|``.
    """
    products = np.abs(z @ U)
    own, products[j] = products[j], 0.0
    largest = float(products.max())
    return 1 + float(own) / largest if largest > 0 else np.inf


def minors(A: BlockCirculant, table: LagTable) -> Iterator[tuple[Support, Vector]]:
    """Yield null vectors of a layer with more channels in than out.

    Of any C_out + 1 channels, the signed maximal minors of the filters, as polynomials,
    are one: a determinant with two equal rows is zero. That holds modulo z^N - 1 too.
    """
    h = polyphase(A)
    out, axes = len(h), tuple(range(2, h.ndim))
    span = tuple(out * (t - 1) + 1 for t in h.shape[2:])
    H = np.moveaxis(np.fft.fftn(h, span, axes=axes), (0, 1), (-2, -1))
    at = np.ix_(*(np.arange(t) % g for t, g in zip(span, table.grid, strict=True)))
    for chosen in islice(combinations(range(h.shape[1]), out + 1), SETS):
        x = np.zeros((out + 1, *table.grid))
        for i, _ in enumerate(chosen):
            others = np.delete(chosen, i)
            cofactor = (-1) ** i * np.linalg.det(H[..., others])
            into: Any = (i, *at)
            np.add.at(x, into, np.fft.ifftn(cofactor).real)
        x[np.abs(x) < NOUGHT * np.abs(x).max()] = 0.0
        where = np.argwhere(x)
        columns = [table.column(chosen[i], tuple(place)) for i, *place in where]
        yield np.array(columns, dtype=np.intp), x[x != 0]
