"""Anderson's extrapolation of a map that is applied again and again."""

from typing import Any, NamedTuple

import numpy as np

from sparsetheory._kernels._compile import compiled, summing

DEPTH = 5  # applications of the map that an extrapolation combines at most
LEAST = 3
RIDGE = 1e-12  # relative, of the products of moves


class Past(NamedTuple):
    """The last applications of the map, `count` since it began.

    Each has a row for the coordinates Z and the state S that it led to, and for the
    move M of the state; C are the products of the moves.
    """

    count: Any
    Z: Any
    S: Any
    M: Any
    C: Any


@compiled
def new_past(size, state):
    """Return room for so many coordinates, and entries of the state."""
    return Past(
        np.zeros(1, np.int64),
        np.empty((DEPTH, size)),
        np.empty((DEPTH, state)),
        np.empty((DEPTH, state)),
        np.empty((DEPTH, DEPTH)),
    )


@summing
def record(past, z, s, move, dual):
    """Note where the map led to, and its move, whose products are those with `dual`."""
    count, Z, S, M, C = past
    at = count[0] % DEPTH
    count[0] += 1
    for a in range(z.size):
        Z[at, a] = z[a]
    for a in range(s.size):
        S[at, a], M[at, a] = s[a], move[a]
    for j in range(min(count[0], DEPTH)):
        total = 0.0
        for a in range(s.size):
            total += dual[a] * M[j, a]
        C[at, j] = C[j, at] = total


@compiled
def combine(past, z, s):
    """Write the combination that moves least, if enough is known; return whether."""
    known = min(past.count[0], DEPTH)
    if known < LEAST:
        return False
    w = combination(past.C[:known, :known].copy())
    if w.size == 0:
        past.count[0] = 0
        return False
    mix(past.Z, w, z)
    mix(past.S, w, s)
    return True


@compiled
def combination(C):
    """Return the weights, of sum one, that minimise ``w.C w`` up to a ridge.

    Or none where rounding leaves no such minimum.
    """
    n = C.shape[0]
    ridge, w, none = 0.0, np.ones(n), np.empty(0)
    for i in range(n):
        ridge += RIDGE * C[i, i]
    for i in range(n):
        C[i, i] += ridge
    for i in range(n):
        if not C[i, i] > 0.0:
            return none
        for j in range(i + 1, n):
            factor = C[j, i] / C[i, i]
            for k in range(i, n):
                C[j, k] -= factor * C[i, k]
            w[j] -= factor * w[i]
    total = 0.0
    for i in range(n - 1, -1, -1):
        for j in range(i + 1, n):
            w[i] -= C[i, j] * w[j]
        w[i] /= C[i, i]
        total += w[i]
    if not total > 0.0:
        return none
    for i in range(n):
        w[i] /= total
    return w


@compiled
def mix(rows, w, out):
    """Write the combination of the first rows into `out`."""
    for a in range(out.size):
        out[a] = 0.0
    for i in range(w.size):
        for a in range(out.size):
            out[a] += w[i] * rows[i, a]
