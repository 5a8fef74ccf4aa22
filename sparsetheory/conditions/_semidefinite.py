r"""The semidefinite relaxation of null space constants.

The share of k entries is the largest :math:`y^T x` for null vectors x of l1 norm one
and signs y on k places. For any matrix L that :math:`w = (x, y / k)` is put into,

.. math:: w^T L w \le \sum_r |w_r| \, g(L_r), \qquad
    g(u, v) = \max_i |u_i| + \tfrac1k \|v\|_{(k)},

as both halves of w have l1 norm one, and the second entries of 1/k at most. If
:math:`w^T L w \ge x^T y / k` for all null vectors x and all y, L certifies a bound. The
least such bound is the dual of a relaxation with :math:`w w^T` semidefinite, after
d'Aspremont and El Ghaoui, "Testing the nullspace property using semidefinite
programming", Math. Program. 127(1), 2011: their norms of the whole matrix bound rows
here, so that it is never above the bound of `_nullspace.relaxation`, whose matrix M is
the L with the block :math:`M^T` alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from sparsetheory._kernels.cone import onto_cones, shift
from sparsetheory.conditions._nullspace import EPS, NullSpace
from sparsetheory.conditions.gram import Array
from sparsetheory.conditions.relaxation import (
    adjoint,
    hermitian,
    inverse,
    transform,
)
from sparsetheory.types import Vector

EVERY = 10  # iterations between two looks at the bound
STALL = 40  # looks without progress that end the iteration
PROGRESS = 1e-5  # relative
RELAXED = 1.6
APART = 5.0  # ratio of residuals, each relative, at which the penalty changes


def products(shape: tuple[int, ...]) -> Array:
    """Return the table of the form ``x^T y``, for twice the channels of `shape`."""
    table = np.zeros((2 * shape[0], 2 * shape[1], *shape[2:]))
    index = np.arange(2 * shape[0])
    pairs: Any = (index, np.roll(index, shape[0]), *(0,) * (len(shape) - 2))
    table[pairs] = 0.5
    return table


def directions(space: NullSpace) -> Array:
    """Return an orthonormal basis of null vectors beside all y, by frequency.

    Some of its columns are zero where the null spaces differ in dimension.
    """
    values, V = np.linalg.eigh(transform(space.projector))
    kept = values > 0.5
    size = space.projector.shape[0]
    most = int(kept.sum(axis=1).max())
    Q = np.zeros((len(V), 2 * size, most + size), dtype=V.dtype)
    Q[:, :size, :most] = (V * kept[:, None, :])[:, :, size - most :]
    Q[:, size:, most:] = np.eye(size)
    return Q


def certified_share(space: NullSpace, L: Array, k: int) -> float:
    r"""Return what L certifies of :math:`\alpha_k`, for any L whatever.

    What it lacks to be semidefinite costs as much as a multiple of the identity. A
    margin for rounding is included.
    """
    size = space.projector.shape[0]
    blocks = transform(hermitian(L) - products(space.projector.shape))
    Q = directions(space)
    least = np.linalg.eigvalsh(Q.conj().swapaxes(1, 2) @ blocks @ Q).min()
    length = float(np.sqrt((np.abs(blocks) ** 2).sum(axis=(1, 2)).max()))
    steps = 16 * (2 * size + np.log2(space.size) + 1)
    lacking = max(-float(least), 0.0) + (steps * EPS + 4 * space.rounding) * length
    sizes = -np.sort(-np.abs(L.reshape(2 * size, 2, -1)))
    prices = sizes[:, 0, 0] + sizes[:, 1, :k].sum(axis=1) / k
    signs = -np.sort(-prices[size:].repeat(min(space.size // size, k)))
    bound = k * (prices[:size].max() + lacking) + signs[:k].sum() + lacking
    return float(bound * (1 + 4 * space.size * EPS))


def semidefinite_share(
    space: NullSpace,
    k: int,
    table: Array,
    stopped: Callable[[], bool] = bool,
    max_iter: int = 2000,
) -> tuple[float, Array]:
    """Return a bound on the share of k entries, and the matrix that certifies it.

    By alternating directions between semidefinite matrices on null vectors, beside
    weights, and matrices whose rows the weights bound. A layer may average over all
    shifts, which leaves a matrix for each frequency.

    Parameters
    ----------
    space : NullSpace
    k : int
    table : ndarray
        A table M with ``M z = z`` on the null space, which the iteration starts from.
    stopped : callable
        Asked in each iteration whether to end it; by default it is not.
    max_iter : int
    """
    size, torus = space.projector.shape[0], space.projector.shape[2:]
    J, Q = products(space.projector.shape), directions(space)
    Qh = Q.conj().swapaxes(1, 2)
    caps = np.repeat([1.0, 1 / k], size)
    L = np.zeros_like(J)
    L[:size, size:] = adjoint(table)
    best, proof = certified_share(space, L, k), L
    rho = 0.3 * np.sqrt(space.size)
    U, Z = L / rho, np.zeros_like(J)
    t = np.full(2 * size, 1 / space.size)
    u, z = np.zeros_like(t), t
    looks: list[float] = []
    for it in range(1, max_iter + 1):
        if stopped():
            break
        w, V = np.linalg.eigh(Qh @ transform(hermitian(Z - U) + J / rho) @ Q)
        V = Q @ (V * np.sqrt(np.maximum(w, 0.0))[:, None, :])
        X = inverse(V @ V.conj().swapaxes(1, 2), torus)
        x = _weights(z - u, caps, size / space.size)
        look = it % EVERY == 0
        if look:
            # With this matrix the step above is an exact one: it lacks nothing.
            L = rho * (U + X - Z)
            bound = certified_share(space, L, k)
            if bound < best:
                best, proof = bound, L
            looks.append(min([bound, *looks[-1:]]))
            gain = looks[-STALL - 1] - looks[-1] if len(looks) > STALL else np.inf
            reached = k * space.size / size * float((J * X).sum())
            if gain < PROGRESS * best or abs(best - reached) <= PROGRESS * best:
                break
        before = Z
        U = U + RELAXED * X + (1 - RELAXED) * Z
        u = u + RELAXED * x + (1 - RELAXED) * z
        rows = U.reshape(2 * size, 2, -1)
        peaks = np.empty_like(rows)
        onto_cones(rows, -np.sort(-np.abs(rows)), u, k, t, peaks)
        Z, z = peaks.reshape(J.shape), t.copy()
        U, u = U - Z, u - z
        if look:
            primal = np.linalg.norm(X - Z) * np.linalg.norm(U)
            moved = np.linalg.norm(Z - before) * np.linalg.norm(Z)
            change = 1.5 if primal > APART * moved else 1.0
            change = 1 / 1.5 if moved > APART * primal else change
            rho, U, u = rho * change, U / change, u / change
    return best, proof


def _weights(x: Vector, caps: Vector, total: float) -> Vector:
    """Project both halves on weights up to `caps` that sum to `total` at most."""
    halves = []
    for part, cap in zip(np.split(x, 2), caps[[0, -1]], strict=True):
        a = np.maximum(-np.sort(-part), 0.0)
        theta = shift(a, np.concatenate([[0.0], np.cumsum(a)]), cap, total)
        halves.append(np.clip(part - theta, 0.0, cap))
    return np.concatenate(halves)
