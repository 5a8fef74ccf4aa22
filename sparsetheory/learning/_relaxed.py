"""The convex relaxation of A-optimal design, for many subproblems at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sparsetheory.learning._section import EPS
from sparsetheory.types import Matrix, Vector

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

CENTRING = 0.1  # of the complementarity, aimed at by each step
BOUNDARY = 0.95  # of the way there, gone at most
NEAR = 1e-14  # relative; smaller eigenvalues of an information count as this


def bounds(
    A: Matrix, tau: float, duals: Array, inside: Flags, free: Flags, k: int
) -> tuple[Vector, Array]:
    r"""Return lower bounds on `a_optimality`, and all ``||Y a_i||^2``.

    Over all designs of k rows with those `inside`, and others that are `free`:

    .. math:: \operatorname{tr} M^{-1} \ge 2 \operatorname{tr} Y -
        \operatorname{tr}(Y M Y)

    for every symmetric Y, with equality for :math:`Y = M^{-1}`. The right side is
    linear in M, so that its least value over designs takes the largest
    :math:`\|Y a_i\|^2`; and Y may be multiplied by the best number. The `duals` are
    brought to trace one.
    """
    trace = np.einsum("bii->b", duals)
    duals = duals / np.where(trace > 0, trace, 1.0)[:, None, None]
    images = A @ duals
    sizes = np.einsum("bij,bij->bi", images, images)
    slack = 2 * (len(A) + 4 * A.shape[1] + 8) * EPS
    # ||Y a|| is at most what is computed and this, since |Y| |a| bounds its terms
    wrong = slack * np.linalg.norm(np.abs(A) @ np.abs(duals), axis=2)
    sizes = (np.sqrt(sizes) + wrong) ** 2
    left = k - inside.sum(axis=1)
    order = np.sort(np.where(free, sizes, 0.0), axis=1)[:, ::-1]
    top = np.where(np.arange(len(A)) < left[:, None], order, 0.0).sum(axis=1)
    energy = np.where(inside, sizes, 0.0).sum(axis=1) + top
    energy += np.einsum("bij,bij->b", duals, duals) / tau
    diagonal = np.einsum("bii->bi", duals)  # its sum is one again, but for rounding
    sure = diagonal.sum(axis=1) - slack * np.abs(diagonal).sum(axis=1)
    with np.errstate(divide="ignore"):
        found = sure.clip(0) ** 2 / (energy * (1 + slack)) * (1 - slack)
    return np.where(trace > 0, found, 0.0), sizes


def settled(inside: Flags, free: Flags, k: int) -> tuple[Flags, Flags]:
    """Return subproblems without rows whose weight is known."""
    left = (k - inside.sum(axis=1))[:, None]
    taken = free & (left == free.sum(axis=1, keepdims=True))
    return inside | taken, free & ~taken & (left > 0)


def solve(
    A: Matrix,
    tau: float,
    inside: Flags,
    free: Flags,
    k: int,
    enough: float,
    max_iter: int,
    tol: float,
) -> tuple[Array, Array, Vector]:
    r"""Minimise :math:`\operatorname{tr}(\sum_i w_i a_i a_i^T + I/\tau)^{-1}`.

    Over ``0 <= w <= 1``, ``sum(w) = k`` with w = 1 `inside` and w = 0 where neither
    that nor `free`, by a primal-dual interior point method, of subproblems that are
    `settled`. Returns weights, and dual matrices with their bounds, the best seen.
    Stops when all bounds reach `enough` or are within `tol` of the values.
    """
    count, m = free.shape
    n = A.shape[1]
    left = (k - inside.sum(axis=1))[:, None]
    size = np.maximum(free.sum(axis=1), 1)[:, None]
    w = np.where(free, left / size, inside)
    best, Y = np.full(count, -np.inf), np.empty((count, n, n))
    low = high = np.zeros((count, m))
    multiplier = np.zeros((count, 1))
    corner = np.zeros((count, m + 1, m + 1))
    ends = np.arange(m)
    for step in range(max_iter):
        M = np.einsum("bi,ij,ik->bjk", w, A, A, optimize=True) + np.eye(n) / tau
        values, V = np.linalg.eigh(M)
        values = np.maximum(values, NEAR * values[:, -1:])
        D = (V / values[:, None]) @ V.transpose(0, 2, 1)
        found, s = bounds(A, tau, D, inside, free, k)
        better = found > best
        best, Y = np.where(better, found, best), np.where(better[:, None, None], D, Y)
        value = (1 / values).sum(axis=1)
        if np.all((best >= enough) | (value - best <= tol * value)):
            break
        s = np.einsum("bij,bij->bi", A @ D, A @ D)
        if step == 0:
            middle = s.mean(axis=1, keepdims=True)
            low = high = np.where(free, middle, 0.0)
            multiplier = middle
        room_low, room_high = np.where(free, w, 1.0), np.where(free, 1 - w, 1.0)
        gap = (low * room_low + high * room_high).sum(axis=1, keepdims=True)
        mu = CENTRING * gap / (2 * size)
        K, L = A @ D @ A.T, A @ D @ D @ A.T
        H = np.where(free[:, :, None] & free[:, None], 2 * K * L, 0.0)
        H[:, ends, ends] += np.where(free, low / room_low + high / room_high, 1.0)
        corner[:, :m, :m], corner[:, :m, m], corner[:, m, :m] = H, free, free
        corner[:, m, m] = np.where(free.any(axis=1), 0.0, 1.0)
        right = np.where(free, s - multiplier + mu / room_low - mu / room_high, 0.0)
        right = np.concatenate([right, np.zeros((count, 1))], axis=1)
        move = np.linalg.solve(corner, right[:, :, None])[:, :, 0]
        dw, dm = move[:, :m], move[:, m:]
        dlow = np.where(free, (mu - low * dw) / room_low - low, 0.0)
        dhigh = np.where(free, (mu + high * dw) / room_high - high, 0.0)
        primal = _step(room_low, np.where(free, dw, 0.0))
        primal = np.minimum(primal, _step(room_high, np.where(free, -dw, 0.0)))
        dual = np.minimum(_step(low, dlow), _step(high, dhigh))
        w = np.where(free, w + primal * dw, inside)
        low, high = low + dual * dlow, high + dual * dhigh
        multiplier = multiplier + dual * dm
    return w, Y, best


def _step(at: Array, move: Array) -> Array:
    """Return how far to go, at most one, and not to zero."""
    falling = move < 0
    ratio = np.where(falling, -at / np.where(falling, move, 1.0), np.inf)
    return np.asarray(np.minimum(1.0, BOUNDARY * ratio.min(axis=1, keepdims=True)))
