"""Coordinate descent on a Gram matrix, and passes over a matrix that skip columns.

Columns are the rows of an array, or a `Columns`, of either precision; sums are of
double precision.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import types
from numba.extending import overload

from sparsetheory._kernels._compile import SUMS, compiled, summing
from sparsetheory._kernels.linear import adjoint, forward


class Columns(NamedTuple):
    """A sparse matrix: column j has ``data[s]`` in ``rows[s]``, from start to start.

    Less the mean of each column in every row, where means are not zero.
    """

    data: Any
    rows: Any
    starts: Any
    means: Any


def product(A, j, r):
    """Return the inner product of column j and r."""
    if isinstance(A, Columns):
        part = slice(A.starts[j], A.starts[j + 1])
        return A.data[part] @ r[A.rows[part]]
    return A[j] @ r


def energy(A, j):
    """Return the sum of squares of column j, or more."""
    column = A.data[A.starts[j] : A.starts[j + 1]] if isinstance(A, Columns) else A[j]
    column = column.astype(np.float64)
    return column @ column


@overload(product, jit_options={"fastmath": SUMS})
def _product(A, j, r):
    if isinstance(A, types.BaseNamedTuple):

        def sparse(A, j, r):
            total = 0.0
            for s in range(A.starts[j], A.starts[j + 1]):
                total += A.data[s] * r[A.rows[s]]
            return total

        return sparse

    def dense(A, j, r):
        column, total = A[j], 0.0
        for i in range(r.size):
            total += column[i] * r[i]
        return total

    return dense


@overload(energy, jit_options={"fastmath": SUMS})
def _energy(A, j):
    if isinstance(A, types.BaseNamedTuple):

        def sparse(A, j):
            total = 0.0
            for s in range(A.starts[j], A.starts[j + 1]):
                total += np.float64(A.data[s]) * np.float64(A.data[s])
            return total

        return sparse

    def dense(A, j):
        column, total = A[j], 0.0
        for i in range(column.size):
            total += np.float64(column[i]) * np.float64(column[i])
        return total

    return dense


@summing
def first_pass(A, y, c, norms):
    """Write ``c = A^T y`` and the norms of the columns, reading each once."""
    for j in range(c.size):
        c[j] = product(A, j, y)
        norms[j] = np.sqrt(energy(A, j))


@summing
def first_pass_by_rows(A, y, c, norms):
    """Do as `first_pass` for the array itself, reading each row once."""
    c[:] = 0.0
    norms[:] = 0.0
    for i in range(y.size):
        row, value = A[i], y[i]
        for j in range(c.size):
            entry = np.float64(row[j])
            c[j] += value * entry
            norms[j] += entry * entry
    for j in range(c.size):
        norms[j] = np.sqrt(norms[j])


@summing
def next_pass(A, r, move, slack, level, norms, c, bound):
    """Keep ``|A^T r| <= bound`` when r has moved, and renew c where it matters.

    By the Lipschitz bound; where that reaches `level` the column is read.

    Parameters
    ----------
    A : ndarray, shape (n, m), or Columns
    r : ndarray, shape (m,)
    move : float
        How far it moved at most.
    slack : float
        Rounding error of an inner product with a column of norm one.
    level : float
    norms, c, bound : ndarray, shape (n,)
    """
    for j in range(c.size):
        bound[j] += move * norms[j]
        if bound[j] >= level:
            c[j] = product(A, j, r)
            bound[j] = abs(c[j]) + slack * norms[j]


@summing
def descend(G, c, lam, k, total, goal, max_iter, x, g):
    """Minimise ``x.(G x) / 2 - c.x + lam ||x||_1`` over k entries, one at a time.

    Stops when the duality gap of ``1/2 ||y - W x||^2 + lam ||x||_1``, with G and c the
    inner products of the columns of W, is at most `goal`, or when nothing moves.

    Parameters
    ----------
    G : ndarray, shape (k or more, k or more)
    c : ndarray, shape (k or more,)
    lam : float
    k : int
    total : float
        ``||y||^2``.
    goal : float
    max_iter : int
        Sweeps.
    x, g : ndarray, shape (k or more,)
        The point, in place, and ``c - G x`` there.

    Returns
    -------
    n_iter : int
    gap : float
    """
    gap, n_iter = np.inf, 0
    while n_iter < max_iter:
        n_iter += 1
        moved = False
        for j in range(k):
            row = G[j]
            curve = row[j]
            if curve <= 0.0:
                continue
            old = x[j]
            v = g[j] + curve * old
            new = 0.0
            if v > lam:
                new = (v - lam) / curve
            elif v < -lam:
                new = (v + lam) / curve
            if new != old:
                moved = True
                x[j] = new
                d = new - old
                for i in range(k):
                    g[i] -= d * row[i]
        worst = length = along = fit = 0.0
        for i in range(k):
            worst = max(worst, abs(g[i]))
            length += abs(x[i])
            along += x[i] * g[i]
            fit += x[i] * c[i]
        rr, yr = max(total - fit - along, 0.0), total - fit
        s = yr / rr if rr > 0.0 else 0.0
        if worst > 0.0:
            s = max(-lam / worst, min(s, lam / worst))
        gap = 0.5 * rr + lam * length - s * yr + 0.5 * s * s * rr
        if gap <= goal or not moved:
            break
    return n_iter, gap


@compiled
def mirror(G, old, k):
    """Write the columns of G from `old` to k, above the diagonal, from its rows."""
    for b in range(k):
        for a in range(max(old, b + 1), k):
            G[b, a] = G[a, b]


@compiled
def sparse_gram(A, index, old, m, G):
    """Write the Gram matrix of the columns `index`, of which it has `old`.

    The entries of each of the m rows are a linked list, so that only products of
    entries that are there are formed.
    """
    size = 0
    for i in index:
        size += A.starts[i + 1] - A.starts[i]
    head = np.full(m, -1)
    after, owner, value = (
        np.empty(size, np.int64),
        np.empty(size, np.int64),
        np.empty(size),
    )
    p = 0
    for a in range(index.size):
        i = index[a]
        for s in range(A.starts[i], A.starts[i + 1]):
            row = A.rows[s]
            after[p], owner[p], value[p] = head[row], a, A.data[s]
            head[row] = p
            p += 1
        if a < old:
            continue
        G[a, : a + 1] = 0.0
        for s in range(A.starts[i], A.starts[i + 1]):
            q = head[A.rows[s]]
            while q >= 0:
                G[a, owner[q]] += A.data[s] * value[q]
                q = after[q]
        for b in range(a + 1):
            G[a, b] -= m * A.means[i] * A.means[index[b]]
    mirror(G, old, index.size)


@compiled
def sparse_residual(A, y, index, x):
    """Return y less the columns `index` times x."""
    r, shift = y.copy(), 0.0
    for a in range(index.size):
        if x[a] != 0.0:
            i = index[a]
            shift += x[a] * A.means[i]
            for s in range(A.starts[i], A.starts[i + 1]):
                r[A.rows[s]] -= x[a] * A.data[s]
    return r + shift


@compiled
def lag_gram(values, lags, grid, channel, place, old, G):
    """Write the Gram matrix of columns of a layer, of which it has `old`.

    Parameters
    ----------
    values : ndarray, shape (channels, channels, lags)
        A table of inner products, see `LagTable`, its lags in one axis.
    lags, grid : ndarray of int, shape (axes,)
    channel : ndarray of int, shape (k,)
    place : ndarray of int, shape (axes, k)
    old : int
    G : ndarray
    """
    at = np.empty(channel.size, np.int64)
    for a in range(old, channel.size):
        at[: a + 1] = 0
        for axis in range(lags.size):
            size, points, here = lags[axis], grid[axis], place[axis, a]
            half = size // 2 if size < points else points
            for b in range(a + 1):
                lag = here - place[axis, b]
                lag += points if lag < 0 else 0
                wrapped = lag - points + size
                near = lag <= half or wrapped > half
                lag = lag if lag <= half else wrapped
                at[b] = at[b] * size + lag if near and at[b] >= 0 else -1
        row = values[channel[a]]
        for b in range(a + 1):
            G[a, b] = row[channel[b], at[b]] if at[b] >= 0 else 0.0
    mirror(G, old, channel.size)


@compiled
def residual(A, y, x):
    """Return ``y - A x``."""
    return y - forward(A, x)


@compiled
def correlation(A, r):
    """Return ``A^T r``."""
    return adjoint(A, r)
