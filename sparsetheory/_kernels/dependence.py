"""Search for a few columns that depend on one another, by orthogonal elimination.

Columns are rows of `parts`: of column c, ``parts[d, c, d:]`` is left after d columns
have been eliminated, in an orthonormal basis of what is orthogonal to these.
"""

from typing import Any, NamedTuple

import numpy as np

from sparsetheory._kernels._compile import compiled

CLOSED, PAUSED, FOUND = 0, 1, 2

SOUND = 1e-6  # distance from which on columns at the end are taken for independent


class Walk(NamedTuple):
    """Where a search for at most s of n columns with r entries stands."""

    head: Any  # depth, nodes, size of what was found
    path: Any  # (s,)
    ends: Any  # (s,): at each depth, the first column that is not tried
    found: Any  # (s,)
    nearest: Any  # (1,): the least distance of columns that are independent
    parts: Any  # (s - 1, n, r)
    key: Any  # (r,)


def new_walk(columns, s, roots, width, key):
    """Return the state at the beginning, for columns as rows of an array."""
    n, r = columns.shape
    parts = np.zeros((s - 1, n, r), columns.dtype)
    parts[0] = columns
    path, ends = np.full(s, -1, np.int64), np.zeros(s, np.int64)
    ends[0] = last_start(parts, 0, -1, s, roots, width)
    found, nearest = np.zeros(s, np.int64), np.full(1, np.inf)
    return Walk(np.zeros(3, np.int64), path, ends, found, nearest, parts, key)


@compiled
def norm_from(y, d):
    """Return the norm of ``y[d:]``."""
    total = 0.0
    for i in range(d, y.size):
        total += (y[i].conjugate() * y[i]).real
    return np.sqrt(total)


@compiled
def take_out(one, two, d):
    """Subtract from ``two[d:]`` its projection on ``one[d:]``."""
    product, square = one[0] * 0.0, 0.0
    for i in range(d, one.size):
        product += one[i].conjugate() * two[i]
        square += (one[i].conjugate() * one[i]).real
    product /= square
    for i in range(d, one.size):
        two[i] -= product * one[i]


@compiled
def reflect(parts, d, j, stop, v):
    """Eliminate column j of the columns before `stop` by Householder's reflection."""
    r = v.size
    pivot = parts[d, j]
    length = norm_from(pivot, d)
    for i in range(d, r):
        v[i] = pivot[i]
    size = abs(v[d])
    if size > 0.0:
        v[d] += v[d] / size * length
    else:
        v[d] += length
    scale = 1.0 / (length * (length + size))
    for c in range(j + 1, stop):
        before, after = parts[d, c], parts[d + 1, c]
        product = v[d] * 0.0
        for i in range(d, r):
            product += v[i].conjugate() * before[i]
        product *= scale
        for i in range(d + 1, r):
            after[i] = before[i] - product * v[i]


@compiled
def last_start(parts, d, j, s, roots, width):
    """Return before which column the next after j has to stand.

    As many have to follow as are missing; and columns at the end that are independent
    of one another and of those eliminated have nothing to offer.
    """
    n, r = parts.shape[1:]
    end = min(n - (s - d) + 1, roots if d == 0 else j + 1 + width)
    if width < n or d > s - 3:
        return end
    basis = np.empty((r - d, r), parts.dtype)
    count = 0
    while count < r - d and n - 1 - count > j:
        basis[count] = parts[d, n - 1 - count]
        for _ in range(2):  # once more, for what rounding left
            for q in range(count):
                take_out(basis[q], basis[count], d)
        length = norm_from(basis[count], d)
        if length < SOUND:
            break
        for i in range(d, r):
            basis[count, i] /= length
        count += 1
    return min(end, n - count)


@compiled
def ascending(keys):
    """Return the order of keys; np.argsort takes seconds to compile."""
    order = np.arange(keys.size)
    gap = keys.size // 2
    while gap > 0:  # Shell, 1959
        for i in range(gap, keys.size):
            c, j = order[i], i
            while j >= gap and keys[order[j - gap]] > keys[c]:
                order[j] = order[j - gap]
                j -= gap
            order[j] = c
        gap = gap * 5 // 11 if gap > 2 else gap // 2
    return order


@compiled
def parallel(walk, d, first, stop, tol):
    """Look for two parallel columns, or one that is zero, in what is left after d.

    Unit vectors at a small angle have like moduli of their product with a given one: so
    these are sorted, and neighbours compared.
    """
    head, path, found, nearest, parts, key = (
        walk.head,
        walk.path,
        walk.found,
        walk.nearest,
        walk.parts,
        walk.key,
    )
    r, count, least = key.size, stop - first, np.inf
    keys = np.empty(max(count, 0))
    for c in range(first, stop):
        y = parts[d, c]
        length = norm_from(y, d)
        least = min(least, length)
        if length <= tol:
            for i in range(d):
                found[i] = path[i]
            found[d] = c
            head[2] = d + 1
            return True
        product = y[0] * 0.0
        for i in range(d, r):
            product += key[i] * y[i]
        keys[c - first] = abs(product) / length
    reach = (2000.0 * tol + 1e-14) / least
    order = ascending(keys)
    rest = np.empty(r, parts.dtype)
    for p in range(count):
        q = p + 1
        while q < count and keys[order[q]] - keys[order[p]] <= reach:
            a, b = first + order[p], first + order[q]
            a, b = min(a, b), max(a, b)
            for i in range(d, r):
                rest[i] = parts[d, b, i]
            take_out(parts[d, a], rest, d)
            distance = norm_from(rest, d)
            if distance <= tol:
                for i in range(d):
                    found[i] = path[i]
                found[d], found[d + 1] = a, b
                head[2] = d + 2
                return True
            if distance <= 1000.0 * tol:
                nearest[0] = min(nearest[0], distance)
            q += 1
    return False


@compiled
def dependence_search(walk, s, roots, width, tol, budget):
    """Look on for at most s dependent columns.

    Parameters
    ----------
    walk : Walk
    s : int
        At least 2. No s - 2 columns are dependent.
    roots : int
        The first column is below it.
    width : int
        Columns of a set, in order, are no further from one another.
    tol : float
        A column depends on others when it is no further from their span.
    budget : int
        Pause after so many nodes.

    Returns
    -------
    int
        CLOSED, PAUSED or FOUND; what was found is in ``walk.found``.
    """
    head, path, ends, found, parts = (
        walk.head,
        walk.path,
        walk.ends,
        walk.found,
        walk.parts,
    )
    n, r = parts.shape[1:]
    v = np.empty(r, parts.dtype)
    if s == 2:
        return FOUND if parallel(walk, 0, 0, n, tol) else CLOSED
    depth, nodes, result = head[0], 0, PAUSED
    while nodes < budget:
        j = path[depth] + 1
        if j >= ends[depth]:
            if depth == 0:
                result = CLOSED
                break
            depth -= 1
            continue
        path[depth] = j
        nodes += 1
        if norm_from(parts[depth, j], depth) <= tol:
            for i in range(depth + 1):
                found[i] = path[i]
            head[2] = depth + 1
            result = FOUND
            break
        stop = n if width >= n else min(n, j + 1 + (s - 1 - depth) * width)
        reflect(parts, depth, j, stop, v)
        if depth == s - 3:
            if parallel(walk, s - 2, j + 1, stop, tol):
                result = FOUND
                break
        else:
            depth += 1
            path[depth] = j
            ends[depth] = last_start(parts, depth, j, s, roots, width)
    head[0] = depth
    head[1] += nodes
    return result
