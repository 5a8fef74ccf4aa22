r"""Branch and bound along chains of supports, by averaging.

An eigenvector x of M_S with eigenvalue q on j columns loses little when the column of
its smallest entry is left out: with d the least diagonal entry of M,
:math:`\lambda_{\max}(M_{S \setminus i}) - d \ge \frac{j-2}{j-1} (q - d)`. So a support
of k columns above a level ends a chain of supports of 2, 3, ... columns above

.. math:: \theta_r = d + \frac{r-1}{k-1} (\ell - d),

each of which comes from the next by leaving out a smallest entry. The search starts
from the pairs above :math:`\theta_2` and adds columns that are a smallest entry of the
new eigenvector; ties are all followed, or a symmetry of M that has been used to leave
out pairs could lose the chain.
"""

from typing import Any, NamedTuple

import numpy as np

from sparsetheory._kernels._compile import compiled
from sparsetheory._kernels.hermitian import (
    could_reach,
    eliminate,
    factor,
    full_solve,
    half_solve,
    rebuild,
    top_pair,
)

CLOSED, PAUSED, FOUND = 0, 1, 2

TIE = 1e-6
DEGENERATE = 1e-7
STEPS = 60


class Chain(NamedTuple):
    """Where a search stands: the path, and what is left to do at each of its sets."""

    head: Any  # next pair, depth, nodes, size of what was found
    path: Any  # (k,)
    position: Any  # (k,)
    count: Any  # (k,)
    places: Any  # (k, n)
    values: Any  # (k, n)
    vectors: Any  # (k, n, k)
    top: Any  # (k,)
    x: Any  # (k, k)
    rows: Any  # (k, n)
    slack: Any  # (k + 1, n)


def new_chain(n, k, dtype):
    """Return the state at the beginning of a search for k of n columns."""
    integers = np.int64
    return Chain(
        np.zeros(4, integers),
        np.zeros(k, integers),
        np.zeros(k, integers),
        np.zeros(k, integers),
        np.empty((k, n), integers),
        np.empty((k, n)),
        np.empty((k, n, k), dtype),
        np.empty(k),
        np.empty((k, k), dtype),
        np.empty((k, n), dtype),
        np.empty((k + 1, n)),
    )


@compiled
def chain_search(M, diagonal, k, level, theta, caps, first, second, state, budget, eps):
    """Look on for a support of k columns with an eigenvalue above `level`.

    Parameters
    ----------
    k : int
        At least 3.
    theta : ndarray
        The level at each size, with some slack.
    caps : ndarray
        Upper bounds on the largest eigenvalue over supports of each size below k.
    first, second : ndarray of int
        Pairs to begin with: all, or one of each orbit.
    state : Chain
        Changed in place. The level may be raised between calls, never lowered.
    budget : int
        Pause after so many nodes.
    eps : float
        Absolute tolerance.

    Returns
    -------
    int
        CLOSED if there is no such support; PAUSED; or FOUND, then ``state.head[3]``
        columns of the path have an eigenvalue of `level` at least, and the search goes
        on behind them once the level is raised.
    """
    head, path, position, count, places, values, vectors, lam, x, rows, slack = state
    A, V = np.empty((k, k), M.dtype), np.empty((k, k), M.dtype)
    F, G = np.empty((k, k), M.dtype), np.empty((k, k), M.dtype)
    work, top = np.empty((4, k), M.dtype), np.empty(k)
    root, depth, nodes = head[0], head[1], 0
    sound = rebuild(M, diagonal, level, path, depth, rows, slack)
    if sound < depth:
        head[3] = sound + 1
        return FOUND
    held = -1
    while True:
        if nodes >= budget:
            head[0], head[1] = root, depth
            head[2] += nodes
            return PAUSED
        # The next set: a pair, or one column more than the present one.
        if depth == 0:
            if root == first.size:
                head[0], head[1] = root, depth
                head[2] += nodes
                return CLOSED
            a, b = first[root], second[root]
            half = 0.5 * (diagonal[a] - diagonal[b])
            size = np.sqrt(half * half + (M[a, b].conjugate() * M[a, b]).real)
            lam[2] = 0.5 * (diagonal[a] + diagonal[b]) + size
            root += 1
            if lam[2] < theta[2]:
                continue
            path[0], path[1] = a, b
            sound = 0
            if held == a or eliminate(M, a, 0, rows, slack):
                held = a
                sound = 1
                if eliminate(M, b, 1, rows, slack):
                    sound = 2
            if sound == 2:
                top_pair(M, path, 2, A, V, x[2])
            depth = 2
        else:
            if position[depth] == count[depth]:
                depth = depth - 1 if depth > 2 else 0
                continue
            i = position[depth]
            position[depth] += 1
            if values[depth, i] < theta[depth + 1]:
                continue
            path[depth] = places[depth, i]
            lam[depth + 1] = values[depth, i]
            for j in range(depth + 1):
                x[depth + 1, j] = vectors[depth, i, j]
            sound = depth
            if eliminate(M, path[depth], depth, rows, slack):
                sound += 1
            depth += 1
        nodes += 1
        found = 0
        if sound < depth:
            found = sound + 1
        elif depth == k - 1:
            least = slack[depth]
            for c in range(diagonal.size):
                if least[c] <= 0.0:
                    path[depth] = c
                    found = k
                    break
        if found > 0:  # once more with a higher level
            if depth == 2:
                root, depth = root - 1, 0
            else:
                depth -= 1
                position[depth] -= 1
            head[0], head[1], head[3] = root, depth, found
            head[2] += nodes
            return FOUND
        position[depth], count[depth] = 0, 0
        if depth == k - 1:
            continue
        t = k - depth
        if not could_reach(diagonal, level, slack[depth], 0, t, caps[t], top):
            continue
        bar = theta[depth + 1]
        strict = bar > lam[depth] + eps
        # b* (bar - M_R)^-1 b is at most the same at `level`, times the ratio of gaps.
        share = (bar - lam[depth]) / (level - lam[depth]) if strict else 0.0
        most = level - share * (bar - eps) if strict else np.finfo(np.float64).max
        factored, tally, inner = False, 0, slack[depth]
        for c in range(diagonal.size):
            if not inner[c] + (1.0 - share) * diagonal[c] <= most:
                continue
            if strict and not factored:
                factored = factor(M, path, depth, bar, F)
                strict = factored
            value = grown(
                M, diagonal[c], path, depth, c, bar, strict, lam[depth], x[depth],
                F, G, A, V, work, eps, vectors[depth, tally],
            )  # fmt: skip
            if value >= bar:
                places[depth, tally] = c
                values[depth, tally] = value
                tally += 1
        count[depth] = tally


@compiled
def grown(
    M, own, path, r, c, bar, strict, lam, x, F, G, A, V, work, eps, vector
):  # fmt: skip
    """Return the top eigenvalue of the set with c if c is a smallest entry, or -inf.

    Newton's method on the secular function of the bordered matrix, concave and rising
    to the right of `lam`, from a point between. The eigenvector goes to `vector`. `F`
    factors the matrix at `bar` if `strict`, that is if ``bar > lam``.
    """
    b, u, y = work[0], work[1], work[2]
    along = x[0] * 0.0
    for i in range(r):
        b[i] = M[path[i], c]
        along += x[i].conjugate() * b[i]
    limit = (r + 1) * (1.0 - TIE)
    half = 0.5 * (lam - own)
    value = half + own + np.sqrt(half * half + (along.conjugate() * along).real)
    if strict:
        short = bar - own - half_solve(F, r, b, u)
        if short > eps:
            return -np.inf
        slope = 1.0 + full_solve(F, r, u, y)
        if slope < limit:
            return -np.inf
        value = max(value, bar - short / slope)
    clear = value - lam > DEGENERATE * (abs(lam) + abs(own)) and value - lam > eps
    for _ in range(STEPS):
        if not clear:
            break
        if not factor(M, path, r, value, G):
            clear = False
            break
        short = value - own - half_solve(G, r, b, u)
        slope = 1.0 + full_solve(G, r, u, y)
        if slope < limit:
            return -np.inf
        step = -short / slope
        value += step
        if abs(step) <= DEGENERATE * (value - lam):
            break
    if not clear:
        path[r] = c
        return top_pair(M, path, r + 1, A, V, vector)
    scale = 1.0 / np.sqrt(slope)
    for i in range(r):
        if (y[i].conjugate() * y[i]).real < 1.0 - 2.0 * TIE:
            return -np.inf
        vector[i] = scale * y[i]
    vector[r] = scale
    return value
