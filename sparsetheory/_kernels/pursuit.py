"""Greedy solvers that fit by least squares on a support."""

import numpy as np

from sparsetheory._kernels._compile import compiled
from sparsetheory._kernels.linear import adjoint, assign, columns, forward
from sparsetheory._kernels.threshold import largest
from sparsetheory._kernels.watch import looks, over

DEPENDENT = 1e-12  # squared distance of a column to the span of others, relative


@compiled
def factor(G):
    """Overwrite the Gram matrix G by an upper factor U, ``U^T U = G``; return U.

    The row of a column that depends on earlier ones is zero.
    """
    k = G.shape[0]
    energy = np.diag(G).copy()
    for j in range(k):
        if G[j, j] <= DEPENDENT * energy[j]:
            G[j, j:] = 0.0
            continue
        G[j, j:] /= np.sqrt(G[j, j])
        for i in range(j + 1, k):
            c = G[j, i]
            for l in range(i, k):
                G[i, l] -= c * G[j, l]
    return G


@compiled
def whiten(U, b):
    """Solve ``U^T z = b`` in place of b; dependent columns get zero.

    For ``b = B r``, z is r in an orthonormal basis of the rows of B.
    """
    for j in range(b.size):
        if U[j, j] == 0.0:
            b[j] = 0.0
            continue
        b[j] /= U[j, j]
        for i in range(j + 1, b.size):
            b[i] -= b[j] * U[j, i]


@compiled
def solve_factored(U, b):
    """Solve ``U^T U x = b`` in place of b; dependent columns get zero."""
    k = b.size
    whiten(U, b)
    for j in range(k - 1, -1, -1):
        if U[j, j] == 0.0:
            continue
        for i in range(j + 1, k):
            b[j] -= U[j, i] * b[i]
        b[j] /= U[j, j]


@compiled
def least_squares(B, y):
    """Return c that minimises ``||y - B^T c||``, of few nonzeros if B is deficient.

    The rows of B, shape (k, m), are the columns to fit with. One step of refinement
    makes up for the normal equations.
    """
    U = factor(B @ B.T)
    c = B @ y
    solve_factored(U, c)
    correction = B @ (y - c @ B)
    solve_factored(U, correction)
    return c + correction


@compiled
def union(a, b):
    """Return the sorted union of two ascending lists of places."""
    return np.unique(np.concatenate((a, b)))


@compiled
def fit(B, y, support, x):
    """Write the least-squares fit by `columns` B on `support` into x.

    Returns
    -------
    r : ndarray
        The residual.
    """
    c = least_squares(B, y)
    x[:] = 0.0
    for j in range(support.size):
        x[support[j]] = c[j]
    return y - c @ B


@compiled
def same_places(a, b):
    """Whether two ascending lists of places are one."""
    return a.size == b.size and np.all(a == b)


@compiled
def hard_thresholding_pursuit(A, y, k, step, watch, max_iter, x):
    """Run hard thresholding pursuit (Foucart 2011) from the k-sparse `x`, in place.

    It ends also where the watch is over.

    Returns
    -------
    n_iter : int
    converged : bool
        Whether a support came twice in a row.
    """
    places, support = np.empty(k, np.int64), np.flatnonzero(x)
    r = y - forward(A, x)
    errors = looks(watch, max_iter)
    for it in range(1, max_iter + 1):
        g = adjoint(A, r)
        count, _ = largest(x + step * g, k, 0.0, places)
        chosen = places[:count].copy()
        if it > 1 and same_places(chosen, support):
            return it, True
        support = chosen
        r = fit(columns(A, support), y, support, x)
        if over(watch, it, x, errors):
            return it, False
    return max_iter, False


@compiled
def subspace_iteration(A, y, k, extra, max_iter, tol, x):
    """Run CoSaMP or subspace pursuit from the k-sparse `x`, in place.

    Each pass adds the `extra` largest correlations to the support, fits, and keeps the
    k largest coefficients, fitted anew. It ends when the residual falls no more, with
    the best support seen.

    Returns
    -------
    n_iter : int
    converged : bool
    """
    places = np.empty(max(k, extra), np.int64)
    wide, trial = np.empty_like(x), np.empty_like(x)
    support = np.flatnonzero(x)
    r = y - forward(A, x)
    best = r @ r
    goal = tol * tol * (y @ y)
    for it in range(1, max_iter + 1):
        count, _ = largest(adjoint(A, r), extra, 0.0, places)
        more = union(support, places[:count])
        fit(columns(A, more), y, more, wide)
        count, _ = largest(wide, k, 0.0, places)
        chosen = places[:count].copy()
        new = fit(columns(A, chosen), y, chosen, trial)
        energy = new @ new
        if energy >= best:
            return it, True
        assign(x, trial)
        r, best, support = new, energy, chosen
        if best <= goal:
            return it, True
    return max_iter, False


@compiled
def adjoin(basis, count, a):
    """Make row `count` of `basis` the direction in which `a` leaves the rows before.

    By Gram-Schmidt, twice. Returns whether there is one: not if `a` depends on them.
    """
    q = a.copy()
    for _ in range(2):
        for j in range(count):
            q -= (basis[j] @ q) * basis[j]
    if q @ q <= DEPENDENT * (a @ a):
        return False
    assign(basis[count], q / np.sqrt(q @ q))
    return True


@compiled
def orthogonal_matching_pursuit(A, y, k, norms, tol, x):
    """Run orthogonal matching pursuit from zero, for at most k steps; fill x.

    Each step takes the column of largest correlation with the residual, over its norm;
    the columns taken are kept orthonormal (Gram-Schmidt, twice). Columns that depend on
    those taken are passed over.

    Returns
    -------
    n_iter : int
    converged : bool
        Whether the residual fell to ``tol * ||y||``.
    """
    basis = np.empty((k, y.size))
    taken = np.empty(k, np.int64)
    open_ = norms > 0.0
    r, goal = y.copy(), tol * np.sqrt(y @ y)
    count, converged = 0, np.sqrt(y @ y) <= goal
    one = np.empty(1, np.int64)
    while count < k and not converged:
        score = np.abs(adjoint(A, r))
        pick, top = -1, 0.0
        for i in range(x.size):
            if open_[i] and score[i] > top * norms[i]:
                pick, top = i, score[i] / norms[i]
        if pick < 0:
            break
        open_[pick] = False
        one[0] = pick
        if not adjoin(basis, count, columns(A, one)[0]):
            continue
        r = r - (basis[count] @ r) * basis[count]
        taken[count] = pick
        count += 1
        converged = np.sqrt(r @ r) <= goal
    x[:] = 0.0
    if count > 0:
        fit(columns(A, taken[:count]), y, taken[:count], x)
    return count, converged


@compiled
def square_starts(starts):
    """Return where the square of each group's size starts in a list of them all."""
    places = np.zeros(starts.size, np.int64)
    for g in range(starts.size - 1):
        places[g + 1] = places[g] + (starts[g + 1] - starts[g]) ** 2
    return places


@compiled
def best_group(correlation, groups, factors, at, open_):
    """Return the open group on whose span the residual is longest, or -1 if on none.

    With ``correlation = A^T r``, its projection on the span of group g has the norm of
    ``U_g^{-T} correlation_g``.
    """
    order, starts, _ = groups
    pick, top = -1, 0.0
    for g in range(open_.size):
        if open_[g]:
            size = starts[g + 1] - starts[g]
            z = correlation[order[starts[g] : starts[g + 1]]]
            whiten(factors[at[g] : at[g + 1]].reshape(size, size), z)
            energy = z @ z
            if energy > top:
                pick, top = g, energy
    return pick


@compiled
def group_matching_pursuit(A, y, k, capacity, groups, tol, x):
    """Run orthogonal matching pursuit on groups from zero, for at most k; fill x.

    Each step takes the group on whose span the residual is longest. Columns that depend
    on those taken get zero, and groups of nothing else are passed over. At most
    `capacity` columns are independent.

    Returns
    -------
    n_iter : int
    converged : bool
        Whether the residual fell to ``tol * ||y||``.
    """
    order, starts, weights = groups
    at = square_starts(starts)
    factors = np.empty(at[-1])
    for g in range(weights.size):
        B = columns(A, order[starts[g] : starts[g + 1]])
        factors[at[g] : at[g + 1]] = factor(B @ B.T).ravel()
    basis = np.empty((capacity, y.size))
    taken = np.empty(capacity, np.int64)
    open_ = np.ones(weights.size, np.bool_)
    r, goal = y.copy(), tol * np.sqrt(y @ y)
    steps, count, converged = 0, 0, np.sqrt(y @ y) <= goal
    while steps < k and not converged:
        pick = best_group(adjoint(A, r), groups, factors, at, open_)
        if pick < 0:
            break
        open_[pick] = False
        members = order[starts[pick] : starts[pick + 1]]
        B = columns(A, members)
        before = count
        for j in range(members.size):
            if count < capacity and adjoin(basis, count, B[j]):
                r = r - (basis[count] @ r) * basis[count]
                taken[count] = members[j]
                count += 1
        if count > before:
            steps += 1
        converged = np.sqrt(r @ r) <= goal
    x[:] = 0.0
    if count > 0:
        fit(columns(A, taken[:count]), y, taken[:count], x)
    return steps, converged
