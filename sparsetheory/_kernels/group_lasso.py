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

DEPTH = 5  # differences that an extrapolation combines
RIDGE = 1e-12  # relative, of their Gram matrix
NEWTON_STEPS = 60
PRECISE = 4e-16
STALLED = 1e-30  # of ||y||^2; a sweep that gains less is rounding


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


@summing
def turn(vectors, start, size, count, u, v):
    """Write the coordinates of u in `count` eigenvectors of `size` entries into v."""
    for i in range(count):
        begin = start + i * size
        total = 0.0
        for j in range(size):
            total += vectors[begin + j] * u[j]
        v[i] = total


@compiled
def turn_back(vectors, start, size, count, v, u):
    """Write the vector of these coordinates into u."""
    for j in range(size):
        u[j] = 0.0
    for i in range(count):
        begin = start + i * size
        for j in range(size):
            u[j] += v[i] * vectors[begin + j]


@compiled
def coordinates(blocks, x):
    """Return the coordinates of x in the eigenbases, and its norm on each group."""
    edges, ranks, turns, _, vectors = blocks
    z, norms = np.empty(ranks[-1]), np.empty(edges.size - 1)
    for b in range(norms.size):
        first, last, low, high = edges[b], edges[b + 1], ranks[b], ranks[b + 1]
        part = z[low:high]
        turn(vectors, turns[b], last - first, high - low, x[first:last], part)
        norms[b] = length(z, low, high)
    return z, norms


@compiled
def entries(blocks, z):
    """Return the entries of x, from its coordinates in the eigenbases."""
    edges, ranks, turns, _, vectors = blocks
    x = np.empty(edges[-1])
    for b in range(edges.size - 1):
        first, last, low, high = edges[b], edges[b + 1], ranks[b], ranks[b + 1]
        turn_back(vectors, turns[b], last - first, high - low, z[low:high], x[first:])
    return x


@compiled
def sweep(problem, s, active, z, norms, work):
    """Minimise over each active group in turn; return what the objective lost."""
    M, places, gram, _, _, _, blocks, levels = problem
    edges, ranks, turns, values, vectors = blocks
    u, v, new = work
    fall = 0.0
    for b in range(norms.size):
        if not active[b]:
            continue
        first, last, low, high = edges[b], edges[b + 1], ranks[b], ranks[b + 1]
        level, before, size, count = levels[b], norms[b], last - first, high - low
        if gram:
            for i in range(size):
                u[i] = s[first + i]
        else:
            products(M, places, first, last, s, u)
        if before == 0.0 and length(u, 0, size) <= level:
            continue
        d, old = values[low:high], z[low:high]
        turn(vectors, turns[b], size, count, u, v)
        for i in range(count):
            v[i] = v[i] + d[i] * old[i] if d[i] > 0.0 else 0.0
        after = shrink(v[:count], d, level, before, new[:count])
        fall += level * (before - after)
        for i in range(count):
            change = new[i] - old[i]
            fall += change * (v[i] - 0.5 * d[i] * (old[i] + new[i]))
            old[i] = new[i]
            v[i] = change
        norms[b] = after
        turn_back(vectors, turns[b], size, count, v, u)
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
def combination(C):
    """Return the weights, of sum one, that minimise ``w.C w`` up to a ridge.

    Or all weight for the last where rounding leaves no such minimum.
    """
    n = C.shape[0]
    ridge, w, last = 0.0, np.ones(n), np.zeros(n)
    last[n - 1] = 1.0
    for i in range(n):
        ridge += RIDGE * C[i, i]
    for i in range(n):
        C[i, i] += ridge
    for i in range(n):
        if not C[i, i] > 0.0:
            return last
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
        return last
    for i in range(n):
        w[i] /= total
    return w


@compiled
def mix(rows, w, out):
    """Write the combination of all rows but the first into `out`."""
    for a in range(out.size):
        out[a] = 0.0
    for i in range(w.size):
        for a in range(out.size):
            out[a] += w[i] * rows[i + 1, a]


@summing
def extrapolate(problem, Z, S, z, s):
    """Write the combination of the last iterates and states that moves least.

    In the norm of the residual, whose square is ``-dx.ds`` where s is correlations.
    """
    steps = Z.shape[0] - 1
    C, move = np.empty((steps, steps)), np.empty(S.shape[1])
    for i in range(steps):
        if problem.gram:
            for a in range(z.size):
                z[a] = Z[i, a] - Z[i + 1, a]
            move = entries(problem.blocks, z)
        else:
            for a in range(s.size):
                move[a] = S[i + 1, a] - S[i, a]
        for j in range(i + 1):
            total = 0.0
            for a in range(s.size):
                total += move[a] * (S[j + 1, a] - S[j, a])
            C[i, j] = C[j, i] = total
    w = combination(C)
    mix(Z, w, z)
    mix(S, w, s)


@compiled
def keep(v, out):
    """Copy v into `out`."""
    for i in range(v.size):
        out[i] = v[i]


@compiled
def descend(problem, goal, limit, s, z, norms):
    """Minimise until the duality gap of the working set is at most `goal`.

    Every few sweeps the best combination of the last iterates replaces them if the
    objective falls (Anderson). The gap is looked at when a sweep has gained little.

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
    edges, ranks = problem.blocks.edges, problem.blocks.ranks
    widest = 0
    for b in range(norms.size):
        widest = max(widest, edges[b + 1] - edges[b])
    work = np.empty(widest), np.empty(widest), np.empty(widest)
    active = np.ones(norms.size, np.bool_)
    Z, S = np.empty((DEPTH + 1, z.size)), np.empty((DEPTH + 1, s.size))
    far_z, far_s, far = np.empty(z.size), np.empty(s.size), np.empty(norms.size)
    gap = look(problem, s, z, norms, active)
    sweeps, kept, enough = 0, 0, goal
    while gap > goal and sweeps < limit:
        fall = sweep(problem, s, active, z, norms, work)
        sweeps += 1
        if fall <= enough or sweeps == limit:
            gap = look(problem, s, z, norms, active)
            if fall <= STALLED * problem.yy or gap <= goal:
                break
            enough = fall * max(0.1, min(0.5, goal / gap))
        keep(z, Z[kept])
        keep(s, S[kept])
        kept += 1
        if kept <= DEPTH:
            continue
        kept = 0
        extrapolate(problem, Z, S, far_z, far_s)
        for b in range(norms.size):
            far[b] = length(far_z, ranks[b], ranks[b + 1])
        here, _, _ = objective(problem, s, z, norms)
        there, _, _ = objective(problem, far_s, far_z, far)
        if there < here:
            keep(far_z, z)
            keep(far_s, s)
            keep(far, norms)
    return sweeps, gap
