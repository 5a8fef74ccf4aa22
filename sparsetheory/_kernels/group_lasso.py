"""Block coordinate descent for the group LASSO on a working set of groups.

Each group is minimised exactly, in the eigenbasis of its own Gram matrix: there the
minimiser is known but for its norm, the root of a concave function.

Descent needs rows M and a state s. With columns of A for M, s is the residual; with
their Gram matrix, s holds their correlations with it. Either way a change of entry o of
x by d takes ``d * M[places[o]]`` off s.
"""

from typing import Any, NamedTuple

import numpy as np

from sparsetheory._kernels._compile import compiled, summing
from sparsetheory._kernels.anderson import combine, new_past, record

NEWTON_STEPS = 60
PRECISE = 4e-16
STALLED = 1e-30  # of ||y||^2; a sweep that gains less is lost in rounding
IN_TURN = 3  # lost sweeps that end the descent; the next may gain by extrapolation


class Blocks(NamedTuple):
    """The groups of a working set, and their Gram matrices by eigenvectors.

    Group b has rows ``edges[b]:edges[b + 1]`` and eigenvalues
    ``values[ranks[b]:ranks[b + 1]]``. Its eigenvectors follow one another in `vectors`
    from ``turns[b]`` on.
    """

    edges: Any
    ranks: Any
    turns: Any
    values: Any
    vectors: Any


class Problem(NamedTuple):
    """The group LASSO on a working set, as above.

    `levels` are the weights of its groups times lam, and c the products of its columns
    with y, which only `gram` looks at.
    """

    M: Any
    places: Any
    gram: Any
    y: Any
    yy: Any
    c: Any
    blocks: Any
    levels: Any


@summing
def products(M, places, first, last, s, out):
    """Write the products of s with those rows of M into `out`."""
    whole = last - (last - first) % 4
    for o in range(first, whole, 4):  # four at a time: s is read once
        a, b = M[places[o]], M[places[o + 1]]
        c, d = M[places[o + 2]], M[places[o + 3]]
        p = q = t = u = 0.0
        for i in range(s.size):
            p += a[i] * s[i]
            q += b[i] * s[i]
            t += c[i] * s[i]
            u += d[i] * s[i]
        at = o - first
        out[at], out[at + 1], out[at + 2], out[at + 3] = p, q, t, u
    for o in range(whole, last):
        row, p = M[places[o]], 0.0
        for i in range(s.size):
            p += row[i] * s[i]
        out[o - first] = p


@compiled
def take_off(M, places, first, last, change, s):
    """Take ``change @ M[places[first:last]]`` off s."""
    whole = last - (last - first) % 4
    for o in range(first, whole, 4):
        a, b = M[places[o]], M[places[o + 1]]
        c, d = M[places[o + 2]], M[places[o + 3]]
        p, q = change[o - first], change[o - first + 1]
        t, u = change[o - first + 2], change[o - first + 3]
        if p == q == t == u == 0.0:
            continue
        for i in range(s.size):
            s[i] -= p * a[i] + q * b[i] + t * c[i] + u * d[i]
    for o in range(whole, last):
        row, p = M[places[o]], change[o - first]
        for i in range(s.size):
            s[i] -= p * row[i]


@summing
def length(v, first, last):
    """Return the norm of ``v[first:last]``."""
    total = 0.0
    for i in range(first, last):
        total += v[i] * v[i]
    return np.sqrt(total)


@summing
def shrink(v, values, level, norm, z):
    r"""Write the minimiser of ``1/2 sum_i d_i z_i^2 - v.z + level ||z||`` into z.

    With h its norm, :math:`z_i = h v_i / (d_i h + level)`, and h is the root of
    :math:`h \mapsto 1 / \|v / (d h + level)\| - 1`, concave and increasing: from any
    start Newton's method is on its left after one step, and grows from there.

    Returns
    -------
    float
        h, found from the guess `norm`.
    """
    size, top = length(v, 0, v.size), 0.0
    for i in range(v.size):
        top, z[i] = max(top, values[i]), 0.0
    if size <= level:
        return 0.0
    h = max(norm, (size - level) / top)  # a bound from below
    for _ in range(NEWTON_STEPS):
        square, slope = 0.0, 0.0
        for i in range(v.size):
            share = 1.0 / (values[i] * h + level)
            part = v[i] * share
            part *= part
            square += part
            slope += part * values[i] * share
        if slope == 0.0:
            break
        last = h
        h = max(h + square * (np.sqrt(square) - 1.0) / slope, 0.0)
        if abs(h - last) <= PRECISE * h:
            break
    for i in range(v.size):
        z[i] = v[i] * h / (values[i] * h + level)
    return h


@compiled
def basis(blocks, b):
    """Return the eigenvectors of group b as rows."""
    edges, ranks, turns, _, vectors = blocks
    count, size = ranks[b + 1] - ranks[b], edges[b + 1] - edges[b]
    return vectors[turns[b] : turns[b + 1]].reshape(count, size)


@compiled
def widest(blocks):
    """Return the size of the largest group."""
    size = 0
    for b in range(blocks.edges.size - 1):
        size = max(size, blocks.edges[b + 1] - blocks.edges[b])
    return size


@compiled
def coordinates(blocks, x):
    """Return the coordinates of x in the eigenbases, and its norm on each group."""
    edges, ranks, each = blocks.edges, blocks.ranks, np.arange(widest(blocks))
    z, norms = np.empty(ranks[-1]), np.empty(edges.size - 1)
    for b in range(norms.size):
        low, high, part = ranks[b], ranks[b + 1], x[edges[b] : edges[b + 1]]
        products(basis(blocks, b), each, 0, high - low, part, z[low:high])
        norms[b] = length(z, low, high)
    return z, norms


@compiled
def entries(blocks, z):
    """Return the entries of x, from its coordinates in the eigenbases."""
    edges, ranks, each = blocks.edges, blocks.ranks, np.arange(widest(blocks))
    x, minus = np.zeros(edges[-1]), -z
    for b in range(edges.size - 1):
        low, high, part = ranks[b], ranks[b + 1], x[edges[b] : edges[b + 1]]
        take_off(basis(blocks, b), each, 0, high - low, minus[low:high], part)
    return x


@compiled
def sweep(problem, s, active, z, norms, work):
    """Minimise over each active group in turn; return what the objective lost."""
    M, places, gram, _, _, _, blocks, levels = problem
    edges, ranks, values = blocks.edges, blocks.ranks, blocks.values
    each, room, v, new = work
    fall = 0.0
    for b in range(norms.size):
        if not active[b]:
            continue
        first, last, low, high = edges[b], edges[b + 1], ranks[b], ranks[b + 1]
        level, before, size, count = levels[b], norms[b], last - first, high - low
        u = room[:size]
        if gram:
            for i in range(size):
                u[i] = s[first + i]
        else:
            products(M, places, first, last, s, u)
        if before == 0.0 and length(u, 0, size) <= level:
            continue
        d, old = values[low:high], z[low:high]
        vectors = basis(blocks, b)
        products(vectors, each, 0, count, u, v)
        for i in range(count):
            v[i] = v[i] + d[i] * old[i] if d[i] > 0.0 else 0.0
        after = shrink(v[:count], d, level, before, new[:count])
        fall += level * (before - after)
        for i in range(count):
            change = new[i] - old[i]
            fall += change * (v[i] - 0.5 * d[i] * (old[i] + new[i]))
            old[i] = new[i]
            v[i] = -change
        norms[b] = after
        for i in range(size):
            u[i] = 0.0
        take_off(vectors, each, 0, count, v, u)
        take_off(M, places, first, last, u, s)
    return fall


@summing
def objective(problem, s, z, norms):
    """Return objective, squared norm of the residual and its product with y."""
    _, _, gram, y, yy, c, blocks, levels = problem
    rr, yr = 0.0, 0.0
    if gram:
        x = entries(blocks, z)
        rr = yr = yy
        for i in range(x.size):
            rr -= x[i] * (c[i] + s[i])
            yr -= x[i] * c[i]
        rr = max(rr, 0.0)
    else:
        for i in range(s.size):
            rr += s[i] * s[i]
            yr += s[i] * y[i]
    value = 0.5 * rr
    for b in range(norms.size):
        value += levels[b] * norms[b]
    return value, rr, yr


@compiled
def look(problem, s, z, norms, active):
    """Return the duality gap of the working set, and mark the groups that may move."""
    edges, levels = problem.blocks.edges, problem.levels
    value, rr, yr = objective(problem, s, z, norms)
    g = s
    if not problem.gram:
        g = np.empty(edges[-1])
        products(problem.M, problem.places, 0, g.size, s, g)
    worst = 0.0
    for b in range(norms.size):
        size = length(g, edges[b], edges[b + 1]) / levels[b]
        worst = max(worst, size)
        active[b] = norms[b] > 0.0 or size > 1.0
    if rr == 0.0:
        return value
    scale = yr / rr
    if worst > 0.0:
        scale = max(-1.0 / worst, min(scale, 1.0 / worst))
    return value - scale * (yr - 0.5 * scale * rr)


@compiled
def keep(v, out):
    """Copy v into `out`."""
    for i in range(v.size):
        out[i] = v[i]


@compiled
def subtract(v, out):
    """Write what v has over `out` into it."""
    for i in range(v.size):
        out[i] = v[i] - out[i]


@compiled
def descend(problem, goal, limit, s, z, norms):
    """Minimise until the duality gap of the working set is at most `goal`.

    After a sweep the best combination of what the last ones led to replaces it if the
    objective falls. The gap is looked at when a sweep has gained little.

    Parameters
    ----------
    problem : Problem
    goal, limit
        Of the gap, and of sweeps.
    s, z, norms : ndarray
        The state, the coordinates of x and its norm on each group, in place.

    Returns
    -------
    sweeps : int
    gap : float
    """
    ranks = problem.blocks.ranks
    size = widest(problem.blocks)
    work = np.arange(size), np.empty(size), np.empty(size), np.empty(size)
    active = np.ones(norms.size, np.bool_)
    old_z, old_s = np.empty(z.size), np.empty(s.size)
    far_z, far_s, far = np.empty(z.size), np.empty(s.size), np.empty(norms.size)
    past = new_past(z.size, s.size)
    gap, sweeps, lost, enough = np.inf, 0, 0, goal
    while sweeps < limit:
        keep(z, old_z)
        keep(s, old_s)
        fall = sweep(problem, s, active, z, norms, work)
        sweeps += 1
        if not fall > enough or sweeps == limit:  # nor if it is NaN
            gap = look(problem, s, z, norms, active)
            lost = 0 if fall > STALLED * problem.yy else lost + 1
            if lost == IN_TURN or gap <= goal:
                break
            if lost == 0:
                enough = fall * max(0.1, min(0.5, goal / gap))
        subtract(s, old_s)
        dual = old_s  # moves in the norm of the residual, whose square is -dx.ds
        if problem.gram:
            subtract(z, old_z)
            dual = -entries(problem.blocks, old_z)
        record(past, z, s, old_s, dual)
        if not combine(past, far_z, far_s):
            continue
        for b in range(norms.size):
            far[b] = length(far_z, ranks[b], ranks[b + 1])
        here, _, _ = objective(problem, s, z, norms)
        there, _, _ = objective(problem, far_s, far_z, far)
        if there < here:
            keep(far_z, z)
            keep(far_s, s)
            keep(far, norms)
        else:
            past.count[0] = 0
    return sweeps, gap
