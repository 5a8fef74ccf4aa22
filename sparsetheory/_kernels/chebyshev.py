"""The point of an affine space that lies deepest in a ball, with a proof.

For `ENTRIES` the ball is the box ``max |v| <= r``, if `one_sided` the orthant
``max v <= r``; for any other `Groups` ``max ||v_g||_2 <= r``, whatever their weights.
"""

import numpy as np

from sparsetheory._kernels._compile import compiled
from sparsetheory._kernels.linear import assign
from sparsetheory._kernels.threshold import group_norms, norm_on

RIDGE = 1e-9  # of a Hessian whose eigenvalues lie in [0, 1]
STATIONARY = 1e-12  # relative; a smaller gradient is zero


@compiled
def excess(v, radius, groups, one_sided, h):
    """Write v less the nearest point of the ball into `h`; return the size of v."""
    if groups.weights.size > 0:
        peak = 0.0
        for g in range(groups.weights.size):
            members = groups.order[groups.starts[g] : groups.starts[g + 1]]
            norm = norm_on(v, members)
            peak = max(peak, norm)
            factor = 1.0 - radius / norm if norm > radius else 0.0
            for i in members:
                h[i] = factor * v[i]
        return peak
    peak, floor = (-np.inf, -np.inf) if one_sided else (0.0, -radius)
    for i in range(v.size):
        a = v[i]
        peak = max(peak, a if one_sided else abs(a))
        if a > radius:
            h[i] = a - radius
        elif a < floor:
            h[i] = a - floor
        else:
            h[i] = 0.0
    return peak


@compiled
def separation(f, h, u, groups, one_sided):
    """Return ``f^T e / ||e||`` in the norm dual to the ball's, for ``e = h - u``.

    No point of the affine space is smaller. Zero if e is zero. The orthant wants e of
    one sign, and takes h itself once u has vanished; until then, nothing is known.
    """
    inner, norm = 0.0, 0.0
    if groups.weights.size > 0:
        e = h - u
        norm = np.sum(group_norms(e, groups))
        return (f @ e) / norm if norm > 0.0 else 0.0
    if one_sided:
        rest, size = 0.0, 0.0
        for i in range(f.size):
            inner += f[i] * h[i]
            norm += h[i]
            rest += u[i] * u[i]
            size += h[i] * h[i]
        known = norm > 0.0 and rest <= STATIONARY * STATIONARY * size
        return inner / norm if known else -np.inf
    for i in range(f.size):
        e = h[i] - u[i]
        inner += f[i] * e
        norm += abs(e)
    return inner / norm if norm > 0.0 else 0.0


@compiled
def curved_rows(F, v, radius, groups):
    """Return R with ``R^T R`` the Hessian of half the squared distance, in q.

    At v outside of a ball of radius r in a group it is
    ``(1 - r/|v|) I + (r/|v|) v v^T / |v|^2``.
    """
    order, starts, weights = groups
    rows = np.empty((v.size + weights.size, F.shape[1]))
    count = 0
    for g in range(weights.size):
        members = order[starts[g] : starts[g + 1]]
        norm = norm_on(v, members)
        if not norm > radius:
            continue
        flat = np.sqrt(1.0 - radius / norm)
        steep = np.sqrt(radius / norm) / norm
        radial = rows[count + members.size]
        radial[:] = 0.0
        for i in members:
            for j in range(F.shape[1]):
                rows[count, j] = flat * F[i, j]
                radial[j] += steep * v[i] * F[i, j]
            count += 1
        count += 1
    return rows[:count]


@compiled
def project(F, h):
    """Return the projection of h on the range of F.

    A kernel of its own, and so is `newton_direction`: products of matrices take long to
    compile, and these serve all balls.
    """
    return F @ (F.T @ h)


@compiled
def newton_direction(rows, F, h):
    """Return what a Newton step takes from v, and its slope."""
    gradient = F.T @ h
    hessian = rows.T @ rows
    for i in range(gradient.size):
        hessian[i, i] += RIDGE
    direction = np.linalg.solve(hessian, gradient)
    return F @ direction, gradient @ direction


@compiled
def newton_step(F, h, v, radius, groups, one_sided):
    """Return v after one damped Newton step on half the squared distance to the ball.

    The step keeps v in its coset of the range of `F`. Without groups the objective is
    piecewise quadratic, so that full steps end in finitely many.
    """
    if groups.weights.size > 0:
        rows = curved_rows(F, v, radius, groups)
    else:
        rows = F[np.flatnonzero(h)]
    change, slope = newton_direction(rows, F, h)
    value = 0.5 * (h @ h)
    step, beyond = 1.0, np.empty_like(h)
    while step > 1e-6:
        excess(v - step * change, radius, groups, one_sided, beyond)
        if 0.5 * (beyond @ beyond) <= value - 1e-4 * step * slope:
            break
        step *= 0.5
    return v - step * change


@compiled
def chebyshev(f, F, groups, one_sided, rule, n_gradient, n_newton, best):
    r"""Bound the least size of a point ``f + F q`` from both sides.

    `F`, shape (p, d), has orthonormal columns, orthogonal to `f`. By duality

    .. math:: \min_q \|f + F q\| = \max_{F^T e = 0} f^T e / \|e\|_*,

    with the l1 norm dual to the box, the sum of euclidean norms for groups, and the sum
    of ``e >= 0`` for the orthant. Both a point and an e are sought by minimising the
    distance of the affine space to the ball: by accelerated projections, then by
    Newton's method. The distance vector is an e, and where it separates the ball, the
    ball grows.

    Parameters
    ----------
    rule : tuple of float
        ``(radius, growth, below, above, tol)``: of the first ball, what part of the way
        from a bound to 1 it grows, the size below and the bound above which the search
        ends, and the relative difference of the two at which it ends too.
    best : ndarray, shape (p,)
        Becomes the smallest point met.

    Returns
    -------
    low, high : float
        The best bound, and the size of the smallest point.
    n_iter : int
    """
    radius, growth, below, above, tol = rule
    h = np.empty(f.size)
    v, z, t = f.copy(), f.copy(), 1.0
    low, high = -np.inf if one_sided else 0.0, np.inf
    for i in range(n_gradient + n_newton):
        peak = excess(z, radius, groups, one_sided, h)
        if peak < high:
            high = peak
            assign(best, z)
        if high < below:
            return low, high, i
        u = project(F, h)
        bound = separation(f, h, u, groups, one_sided)
        low = max(low, bound)
        if low > above or high - low <= tol * high:
            return low, high, i
        if bound > radius:
            radius = bound + growth * (1.0 - bound)
            excess(z, radius, groups, one_sided, h)
            u = project(F, h)
        if i >= n_gradient:
            z = newton_step(F, h, z, radius, groups, one_sided)
            continue
        new = z - u
        moved = new - v
        if (z - new) @ moved > 0.0:
            t = 1.0
        t_next = 0.5 * (1.0 + np.sqrt(1.0 + 4.0 * t * t))
        z = new + ((t - 1.0) / t_next) * moved
        v, t = new, t_next
    return low, high, n_gradient + n_newton
