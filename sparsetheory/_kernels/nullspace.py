"""Search over signed supports for the null vector with the heaviest k entries."""

from typing import NamedTuple

import numpy as np

from sparsetheory._kernels._compile import compiled
from sparsetheory._kernels.chebyshev import newton_direction, project
from sparsetheory._kernels.linear import assign
from sparsetheory._kernels.threshold import kth_smallest

GROWTH = 0.5  # of the way from a bound to the level
RADIUS = 0.9  # of the level first aimed at
N_GRADIENT = 40
N_NEWTON = 60
N_CLIMB = 500
TINY = 1e-100
STOPPED, ENDED, BETTER, OPEN = 0, 1, 2, 3  # how a search returns


class Signed(NamedTuple):
    """A search that can be interrupted: the choices that lead to a node.

    Choice d is of column ``place[d]``: first ``first[d]`` is its sign, then the other
    sign, then it stays out of the support; ``stage[d]`` counts. ``mark`` holds the sign
    of a column, 2 if it is out; ``V[d]`` a point of the node before choice d.
    ``counts`` is (choices, signs, nodes, ended); ``z`` the best vector met, of share
    ``best[0]``; ``best[1]`` bounds all leaves left open; ``s`` the signs of the last
    node; ``stop[0]`` is not 0 to interrupt.
    """

    place: np.ndarray
    first: np.ndarray
    stage: np.ndarray
    mark: np.ndarray
    V: np.ndarray
    counts: np.ndarray
    best: np.ndarray
    z: np.ndarray
    s: np.ndarray
    stop: np.ndarray


def new_search(z, k):
    """Return a search that stands at its root, and knows of z."""
    n = z.size
    return Signed(
        np.zeros(n + 1, dtype=np.int64),
        np.ones(n + 1),
        np.zeros(n + 1, dtype=np.int64),
        np.zeros(n),
        np.zeros((n + 2, n)),
        np.zeros(4, dtype=np.int64),
        np.array([heaviest_share(z, k), 0.0]),
        z.copy(),
        np.zeros(n),
        np.zeros(1),
    )


@compiled
def heaviest_share(z, k):
    """Return the share of the k largest magnitudes in their sum."""
    sizes = np.abs(z)
    kth_smallest(sizes, z.size - k)
    heavy, total = 0.0, 0.0
    for i in range(z.size):
        total += sizes[i]
        heavy += sizes[i] if i >= z.size - k else 0.0
    return heavy / total if total > 0.0 else 0.0


@compiled
def overshoot(v, w, level, h):
    """Write what of v exceeds ``level - w`` into h; return the largest ``|v| + w``."""
    peak = 0.0
    for c in range(v.size):
        size = abs(v[c])
        peak = max(peak, size + w[c])
        over = min(size, size + w[c] - level)
        h[c] = np.copysign(over, v[c]) if over > 0.0 else 0.0
    return peak


@compiled
def null_part(F, h, s, w, z):
    """Write the part of h that is orthogonal to F into z; return what it bounds.

    ``(s^T z + w^T |z|) / ||z||_1``, or 0 where rounding may decide.
    """
    assign(z, h - project(F, h))
    before = np.sum(np.abs(z))
    z -= project(F, z)
    norm, inner = 0.0, 0.0
    for c in range(z.size):
        norm += abs(z[c])
        inner += s[c] * z[c] + w[c] * abs(z[c])
    return inner / norm if norm > 0.5 * before and before > TINY else 0.0


@compiled
def settle(v, F, s, w, aim, level, n_gradient, stop, z):
    """Decide whether ``max(|v| + w)`` falls to `level` on ``s + range(F)``.

    Return 1 if it does, with that point in `v`; -1 if it does not, with z orthogonal to
    F such that ``s^T z + w^T |z| > level ||z||_1``; else 0. The point is sought by
    minimising the distance to a box, of level `aim` at first: by accelerated
    projections, then by Newton's method, until ``stop[0]`` is not 0.
    """
    h, beyond = np.empty_like(v), np.empty_like(v)
    point, old, t = v.copy(), v.copy(), 1.0
    high = np.inf
    for i in range(n_gradient + N_NEWTON):
        if stop[0] != 0.0:
            break
        peak = overshoot(point, w, aim, h)
        if peak < high:
            high = peak
            assign(v, point)
        if high <= level:
            return 1
        u = project(F, h)
        norm, inner = 0.0, 0.0
        for c in range(h.size):
            e = h[c] - u[c]
            norm += abs(e)
            inner += s[c] * e + w[c] * abs(e)
        bound = inner / norm if norm > 0.0 else 0.0
        if bound > aim:
            bound = null_part(F, h, s, w, z)
            if bound > level:
                return -1
            if bound > aim:
                aim = bound + GROWTH * (level - bound)
                overshoot(point, w, aim, h)
                u = project(F, h)
        if i >= n_gradient:
            rows = F[np.flatnonzero(h)]
            change, slope = newton_direction(rows, F, h)
            value, step = 0.5 * (h @ h), 1.0
            while step > 1e-6:
                overshoot(point - step * change, w, aim, beyond)
                if 0.5 * (beyond @ beyond) <= value - 1e-4 * step * slope:
                    break
                step *= 0.5
            point = point - step * change
            continue
        new = point - u
        moved = new - old
        if (point - new) @ moved > 0.0:
            t = 1.0
        t_next = 0.5 * (1.0 + np.sqrt(1.0 + 4.0 * t * t))
        point = new + ((t - 1.0) / t_next) * moved
        old, t = new, t_next
    z[:] = 0.0
    return 0


@compiled
def prices(sizes, order, mark, left, w):
    """Write the `left` largest free entries of each row, summed up, into w."""
    for c in range(w.size):
        total, taken = 0.0, 0
        for i in order[c]:
            if taken == left:
                break
            if mark[i] == 0.0:
                total += sizes[c, i]
                taken += 1
        w[c] = total


@compiled
def climb(F, k, slack, stop, z):
    """Raise the share of the k heaviest entries of z; return it.

    The best null vector for the signs and support of the heaviest entries of the last,
    until that is no better by `slack`.
    """
    n = z.size
    share = heaviest_share(z, k)
    none, trial, s = np.zeros(n), np.empty(n), np.zeros(n)
    for _ in range(N_CLIMB):
        least, left = kth_smallest(np.abs(z), n - k), k
        for i in range(n):
            heavy = abs(z[i]) > least
            s[i] = np.copysign(1.0, z[i]) if heavy else 0.0
            left -= heavy
        for i in range(n):
            if abs(z[i]) == least and left > 0:
                s[i] = np.copysign(1.0, z[i])
                left -= 1
        v = s - project(F, s)
        level = share + slack
        if settle(v, F, s, none, level - 0.5 * slack, level, 2, stop, trial) != -1:
            break
        found = heaviest_share(trial, k)
        if found <= share:
            break
        share = found
        assign(z, trial)
    return share


@compiled
def back(M, orbit, search):
    """Go back to the last choice with something left, and take that."""
    place, first, stage, mark, V, counts = search[:6]
    while counts[0] > 0:
        d = counts[0] - 1
        i = place[d]
        if stage[d] == 0 and counts[1] > 1:
            stage[d] = 1
            mark[i] = -first[d]
            assign(V[d + 1], V[d] - first[d] * M[i])
            return
        # Where no sign was fixed before, the other one is the same problem, and so
        # are all columns of the orbit.
        if stage[d] < 2:
            counts[1] -= 1
        whole = counts[1] == 0
        done = stage[d] == 2
        for c in range(mark.size):
            if c == i or (whole and orbit[c] == orbit[i]):
                mark[c] = 0.0 if done else 2.0
        if not done:
            stage[d] = 2
            assign(V[d + 1], V[d])
            return
        counts[0] -= 1
    counts[3] = 1


@compiled
def signed_search(F, M, sizes, orders, orbit, k, level, slack, search):
    """Visit nodes until none is left, or something is to be done; return which.

    `ENDED`; `BETTER` if a better vector was met; `OPEN` if a leaf was left open, whose
    signs are in ``search.s``; `STOPPED`. Nodes that cannot exceed `level`, nor the best
    vector by `slack`, are cut off.

    Parameters
    ----------
    F : ndarray, shape (n, r)
        Orthonormal basis of the row space.
    M : ndarray, shape (n, n)
        Row i is ``e_i`` plus something of the row space.
    sizes, orders : ndarray, shape (k + 1, n, n)
        For each number of columns left to choose, magnitudes of a matrix that keeps
        null vectors, column by column, and their descending order.
    orbit : ndarray of int, shape (n,)
        Columns with the same number are moved to each other by symmetries.
    """
    place, first, stage, mark, V, counts, best, z, s, stop = search
    n = F.shape[0]
    w, trial = np.empty(n), np.empty(n)
    while counts[3] == 0:
        depth, left = counts[0], k - counts[1]
        free = 0
        for c in range(n):
            s[c] = mark[c] if abs(mark[c]) == 1.0 else 0.0
            free += mark[c] == 0.0
        verdict, better = 1, False
        if free >= left:
            v = V[depth]
            prices(sizes[left], orders[left], mark, left, w)
            assign(v, s + project(F, v - s))
            bar = max(level, best[0] + slack)
            aim, steps = RADIUS * bar, N_GRADIENT
            if left == 0:
                aim, steps = bar - 0.5 * slack, 2
            verdict = settle(v, F, s, w, aim, bar, steps, stop, trial)
        if stop[0] != 0.0:
            return STOPPED
        if verdict == -1:
            share = heaviest_share(trial, k)
            better = share > best[0]
            if better:
                assign(z, trial)
                best[0] = share
        if left == 0 and better:
            return BETTER  # and look at the leaf again
        counts[2] += 1
        if verdict != 1 and left > 0:
            i = -1
            for c in range(n):
                if mark[c] == 0.0 and (i < 0 or abs(trial[c]) > abs(trial[i])):
                    i = c
            place[depth], stage[depth] = i, 0
            first[depth] = -1.0 if trial[i] < 0.0 and counts[1] > 0 else 1.0
            mark[i] = first[depth]
            assign(V[depth + 1], v + first[depth] * M[i])
            counts[0] += 1
            counts[1] += 1
            if better:
                return BETTER
            continue
        back(M, orbit, search)
        if verdict != 1:
            return OPEN
    return ENDED
