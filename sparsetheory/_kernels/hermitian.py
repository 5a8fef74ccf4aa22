"""Small principal submatrices of a Hermitian matrix: factors and eigenvectors.

`M` is real or complex; `path[:r]` are the columns of the submatrix, in any order.
"""

import numpy as np

from sparsetheory._kernels._compile import compiled

SWEEPS = 40


@compiled
def eliminate(M, j, d, rows, slack):
    r"""Add column j to an elimination of d columns, as row d.

    ``slack[d, c]`` is the Schur complement of c in ``level I - M`` after d steps,

    .. math:: \ell - M_{cc} - b_c^* (\ell I - M_R)^{-1} b_c, \qquad b_c = M_{R c},

    so that R and c together have an eigenvalue of `level` or more exactly if it is not
    positive. Columns that are in are given an infinite one.

    Returns
    -------
    positive : bool
        Whether j had a positive slack; else nothing is written.
    """
    pivot = slack[d, j]
    if not pivot > 0.0:
        return False
    scale = 1.0 / np.sqrt(pivot)
    row, before, after = rows[d], slack[d], slack[d + 1]
    column = M[j]
    q = 0
    if d >= 2:
        one, two = rows[0], rows[1]
        a, b = one[j].conjugate() * scale, two[j].conjugate() * scale
        for c in range(row.size):
            row[c] = scale * column[c] + a * one[c] + b * two[c]
        q = 2
    else:
        for c in range(row.size):
            row[c] = scale * column[c]
    while q + 3 < d:
        one, two, three, four = rows[q], rows[q + 1], rows[q + 2], rows[q + 3]
        a, b = one[j].conjugate() * scale, two[j].conjugate() * scale
        e, f = three[j].conjugate() * scale, four[j].conjugate() * scale
        for c in range(row.size):
            row[c] += a * one[c] + b * two[c] + e * three[c] + f * four[c]
        q += 4
    while q < d:
        one = rows[q]
        a = one[j].conjugate() * scale
        for c in range(row.size):
            row[c] += a * one[c]
        q += 1
    for c in range(row.size):
        after[c] = before[c] - (row[c].conjugate() * row[c]).real
    after[j] = np.inf
    return True


@compiled
def rebuild(M, diagonal, level, path, depth, rows, slack):
    """Eliminate ``path[:depth]`` for a new level; return how many steps were sound."""
    for c in range(diagonal.size):
        slack[0, c] = level - diagonal[c]
    for d in range(depth):
        if not eliminate(M, path[d], d, rows, slack):
            return d
    return depth


@compiled
def could_reach(diagonal, level, slack, start, t, cap, top):
    r"""Return whether t columns from `start` on may lift the eliminated set to `level`.

    With :math:`g_c = b_c^* (\ell I - M_R)^{-1} b_c`, an eigenvalue of `level` needs one
    of :math:`M_T + B_T^* (\ell I - M_R)^{-1} B_T`, which is at most `cap`, a bound for
    all M_T, and the sum of the t largest :math:`g_c`.
    """
    for i in range(t):
        top[i] = 0.0
    least = 0.0
    for c in range(start, diagonal.size):
        g = level - diagonal[c] - slack[c]
        if g > least:
            i = t - 1
            while i > 0 and top[i - 1] < g:
                top[i] = top[i - 1]
                i -= 1
            top[i] = g
            least = top[t - 1]
    total = cap
    for i in range(t):
        total += top[i]
    return total >= level


@compiled
def factor(M, path, r, level, F):
    """Write the Cholesky factor of ``level I - M`` on the path; False if it has none.

    The diagonal of F holds reciprocals.
    """
    for i in range(r):
        for j in range(i):
            total = -M[path[i], path[j]]
            for q in range(j):
                total -= F[i, q] * F[j, q].conjugate()
            F[i, j] = total * F[j, j].real
        pivot = level - M[path[i], path[i]].real
        for q in range(i):
            pivot -= (F[i, q] * F[i, q].conjugate()).real
        if not pivot > 0.0:
            return False
        F[i, i] = 1.0 / np.sqrt(pivot)
    return True


@compiled
def half_solve(F, r, b, u):
    """Write ``F^-1 b`` into u and return its squared norm."""
    size = 0.0
    for i in range(r):
        total = b[i]
        for q in range(i):
            total -= F[i, q] * u[q]
        u[i] = total * F[i, i].real
        size += (u[i].conjugate() * u[i]).real
    return size


@compiled
def full_solve(F, r, u, y):
    """Write ``F^-* u`` into y and return its squared norm."""
    size = 0.0
    for i in range(r - 1, -1, -1):
        total = u[i]
        for q in range(i + 1, r):
            total -= F[q, i].conjugate() * y[q]
        y[i] = total * F[i, i].real
        size += (y[i].conjugate() * y[i]).real
    return size


@compiled
def top_pair(M, path, r, A, V, x):
    """Return the largest eigenvalue of M on the path, by Jacobi; its vector into x."""
    size = 0.0
    for i in range(r):
        for j in range(r):
            A[i, j] = M[path[i], path[j]]
            V[i, j] = 1.0 if i == j else 0.0
            size += (A[i, j].conjugate() * A[i, j]).real
    for _ in range(SWEEPS):
        off = 0.0
        for i in range(r):
            for j in range(i):
                off += (A[i, j].conjugate() * A[i, j]).real
        if off <= 1e-30 * size:
            break
        for p in range(r - 1):
            for q in range(p + 1, r):
                rotate(A, V, r, p, q)
    best = 0
    for i in range(r):
        if A[i, i].real > A[best, best].real:
            best = i
    for i in range(r):
        x[i] = V[i, best]
    return A[best, best].real


@compiled
def rotate(A, V, r, p, q):
    """Make ``A[p, q]`` zero by a rotation of A and of its eigenvectors."""
    a = A[p, q]
    size = abs(a)
    if size == 0.0:
        return
    theta = 0.5 * (A[q, q].real - A[p, p].real) / size
    t = 1.0 / (abs(theta) + np.sqrt(theta * theta + 1.0))
    if theta < 0.0:
        t = -t
    c = 1.0 / np.sqrt(t * t + 1.0)
    s = t * c * (a / size)
    for i in range(r):
        one, two = A[i, p], A[i, q]
        A[i, p] = c * one - s.conjugate() * two
        A[i, q] = s * one + c * two
        one, two = V[i, p], V[i, q]
        V[i, p] = c * one - s.conjugate() * two
        V[i, q] = s * one + c * two
    for i in range(r):
        one, two = A[p, i], A[q, i]
        A[p, i] = c * one - s * two
        A[q, i] = s.conjugate() * one + c * two
    A[p, q] = 0.0
    A[q, p] = 0.0
