"""Branch and bound over supports in the order of their columns.

Two searches: all supports, and those that hang together where most of M is zero.
"""

from typing import Any, NamedTuple

import numpy as np

from sparsetheory._kernels._compile import compiled
from sparsetheory._kernels.hermitian import could_reach, eliminate

CLOSED, PAUSED, FOUND = 0, 1, 2

OUT, NEAR, FAR = 0, 1, 2


class Order(NamedTuple):
    """Where a search stands: the path, and the column it has reached at each depth."""

    head: Any  # depth, nodes, size of what was found, next root
    path: Any  # (k + 1,)
    found: Any  # (k + 1,)
    rows: Any  # (k, n)
    slack: Any  # (k + 1, n)
    reach: Any  # (k + 1, n) or (1, 1)


def new_order(n, k, dtype, connected):
    """Return the state at the beginning of a search for k of n columns."""
    shape = (k + 1, n) if connected else (1, 1)
    return Order(
        np.zeros(4, np.int64),
        np.full(k + 1, -1, np.int64),
        np.zeros(k + 1, np.int64),
        np.empty((k, n), dtype),
        np.empty((k + 1, n)),
        np.full(shape, FAR, np.uint8),
    )


@compiled
def tail_eliminate(M, j, d, rows, slack):
    """Do what `eliminate` does, for the columns behind j alone."""
    pivot = slack[d, j]
    if not pivot > 0.0:
        return False
    scale = 1.0 / np.sqrt(pivot)
    row, before, after = rows[d, j + 1 :], slack[d, j + 1 :], slack[d + 1, j + 1 :]
    column = M[j, j + 1 :]
    for c in range(row.size):
        row[c] = scale * column[c]
    for q in range(d):
        one, a = rows[q, j + 1 :], rows[q, j].conjugate() * scale
        for c in range(row.size):
            row[c] += a * one[c]
    for c in range(row.size):
        after[c] = before[c] - (row[c].conjugate() * row[c]).real
    return True


@compiled
def keep(found, path, depth, j):
    """Write ``path[:depth]`` and then j into `found`."""
    for i in range(depth):
        found[i] = path[i]
    found[depth] = j


@compiled
def ordered_search(M, diagonal, k, level, caps, roots, state, budget):
    """Look on for a support of k columns with an eigenvalue of `level` or more.

    Parameters
    ----------
    k : int
        At least 2.
    caps : ndarray
        As in `chain_search`.
    roots : int
        The first column is below it: all n, or those at one place if shifts of a
        support are as good.
    state : Order
    budget : int
        Pause after so many nodes.

    Returns
    -------
    int
        As `chain_search` does; what was found is in ``state.found``.
    """
    head, path, found, rows, slack, _ = state
    n, top = diagonal.size, np.empty(k)
    depth, nodes, result, size = head[0], 0, PAUSED, 0
    for c in range(n):
        slack[0, c] = level - diagonal[c]
    for d in range(depth):
        if not tail_eliminate(M, path[d], d, rows, slack):
            keep(found, path, d, path[d])
            head[2] = d + 1
            return FOUND
    while nodes < budget:
        j = path[depth] + 1
        if j > n - (k - depth) or (depth == 0 and j >= roots):
            if depth == 0:
                result = CLOSED
                break
            depth -= 1
            continue
        nodes += 1
        if not tail_eliminate(M, j, depth, rows, slack):
            size = depth + 1
        elif depth == k - 2:
            last, least = slack[k - 1], np.inf
            for c in range(j + 1, n):
                least = min(least, last[c])
            if least <= 0.0:
                size = k
                for c in range(j + 1, n):
                    if last[c] == least:
                        found[k - 1] = c
        if size > 0:  # once more with a higher level
            keep(found, path, depth, j)
            result = FOUND
            break
        path[depth] = j
        t = k - 1 - depth
        if t > 1 and could_reach(
            diagonal, level, slack[depth + 1], j + 1, t, caps[t], top
        ):
            depth += 1
            path[depth] = j
    head[0], head[2] = depth, size
    head[1] += nodes
    return result


@compiled
def connected_search(M, diagonal, k, level, caps, roots, orbit, state, budget):
    """Look on for connected supports of at most k columns, each once (Wernicke 2006).

    Columns are neighbours where M is not zero; elsewhere the largest eigenvalue is that
    of a component.

    Parameters
    ----------
    roots : ndarray of int
        Columns to begin with, one of each orbit.
    orbit : ndarray of int, shape (n,)
        Labels; once a root is done, its orbit is left out.
    k, caps, state, budget
        As in `ordered_search`.

    Returns
    -------
    int
        As `ordered_search` does.
    """
    head, path, found, rows, slack, reach = state
    n, top = diagonal.size, np.empty(k)
    depth, nodes, result, size = head[0], 0, PAUSED, 0
    for c in range(n):
        slack[0, c] = level - diagonal[c]
    for d in range(depth + 1):
        for c in range(n):
            if reach[d, c] == OUT:
                slack[d, c] = np.inf
        if d < depth and not eliminate(M, path[d], d, rows, slack):
            keep(found, path, d, path[d])
            head[2] = d + 1
            return FOUND
    while nodes < budget:
        if depth == 0:
            if head[3] == roots.size:
                result = CLOSED
                break
            j = roots[head[3]]
        else:
            j = path[depth] + 1
            while j < n and reach[depth, j] != NEAR:
                j += 1
            if j == n:
                depth -= 1
                if depth == 0:
                    done = orbit[path[0]]
                    head[3] += 1
                    for c in range(n):
                        if orbit[c] == done:
                            reach[0, c] = OUT
                            slack[0, c] = np.inf
                else:
                    reach[depth, path[depth]] = OUT
                    slack[depth, path[depth]] = np.inf
                continue
        nodes += 1
        if eliminate(M, j, depth, rows, slack):
            border, after, inner = M[j], reach[depth + 1], slack[depth + 1]
            for c in range(n):
                state_of = reach[depth, c]
                if state_of == FAR and border[c] != 0.0:
                    state_of = NEAR
                after[c] = state_of
                if state_of == NEAR and inner[c] <= 0.0:
                    size = depth + 2
                    found[depth + 1] = c
            after[j] = OUT
        else:
            size = depth + 1
        if size > 0:  # once more with a higher level
            keep(found, path, depth, j)
            result = FOUND
            break
        path[depth] = j
        t = k - 1 - depth
        if t > 1 and could_reach(diagonal, level, slack[depth + 1], 0, t, caps[t], top):
            depth += 1
            path[depth] = -1
        elif depth == 0:
            depth, path[1] = 1, n - 1  # nothing there: back by the usual way
        else:
            reach[depth, j] = OUT
            slack[depth, j] = np.inf
    head[0], head[2] = depth, size
    head[1] += nodes
    return result
