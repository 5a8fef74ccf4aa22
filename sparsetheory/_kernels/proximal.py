"""Proximal gradient descent on least squares with an l1 or a group penalty.

The penalty is ``||x||_1`` for `ENTRIES`, and ``sum_g w_g ||x_g||_2`` for any other
`Groups`.
"""

import numpy as np

from sparsetheory._kernels._compile import compiled
from sparsetheory._kernels.linear import adjoint, assign, forward
from sparsetheory._kernels.threshold import (
    block_soft_threshold,
    group_norms,
    soft_threshold,
)

GAP_EVERY = 10  # the duality gap costs half a step, so look rarely


@compiled
def proximal_step(z, step, g, lam, groups, out):
    """Write the proximal operator of step * lam * penalty at ``z + step * g``."""
    for i in range(z.size):
        out[i] = z[i] + step * g[i]
    if groups.weights.size == 0:
        soft_threshold(out, step * lam, out)
    else:
        order, starts, weights = groups
        block_soft_threshold(out, step * lam, order, starts, weights, out)


@compiled
def penalty(x, groups):
    """Return the penalty at `x`."""
    if groups.weights.size == 0:
        return np.sum(np.abs(x))
    return group_norms(x, groups) @ groups.weights


@compiled
def dual_scale(correlation, lam, groups):
    """Return the largest s for which ``s * correlation`` is dual feasible.

    Infinite if every s is.
    """
    s = np.inf
    if groups.weights.size == 0:
        worst = np.max(np.abs(correlation))
        if worst > 0.0:
            s = lam / worst
    else:
        norms = group_norms(correlation, groups)
        for g in range(norms.size):
            if norms[g] > 0.0:
                s = min(s, lam * groups.weights[g] / norms[g])
    return s


@compiled
def penalised_gap(y, r, correlation, lam, groups, x):
    r"""Duality gap of ``1/2 ||y - A x||^2 + lam * penalty(x)`` at `x`.

    With ``r = y - A x`` and ``correlation = A^T r``, the dual point ``s r`` is
    feasible for ``|s|`` up to `dual_scale`, and of value
    ``||y||^2 / 2 - ||y - s r||^2 / 2``; the best such s is taken.
    """
    rr, yr = r @ r, y @ r
    s = dual_scale(correlation, lam, groups)
    s = max(-s, min(s, yr / rr)) if rr > 0.0 else 0.0
    dual = s * yr - 0.5 * s * s * rr
    return max(0.5 * rr + lam * penalty(x, groups) - dual, 0.0)


@compiled
def uphill(z, new, x):
    """Whether the step from z to new turns back on the move from x to new."""
    turn = 0.0
    for i in range(x.size):
        turn += (z[i] - new[i]) * (new[i] - x[i])
    return turn > 0.0


@compiled
def extrapolate(new, momentum, x, z):
    """Write ``new + momentum * (new - x)`` into `z`."""
    for i in range(x.size):
        z[i] = new[i] + momentum * (new[i] - x[i])


@compiled
def proximal_gradient(A, y, lam, step, groups, accelerate, max_iter, tol, x):
    """Run ISTA from `x`, in place; FISTA with adaptive restart if `accelerate`.

    Momentum restarts when it points uphill (O'Donoghue and Candes 2015, the gradient
    scheme). Stops when the duality gap is at most ``tol * ||y||^2 / 2``, or when the
    iterates overflow.

    Returns
    -------
    n_iter : int
    gap : float
        The duality gap at `x`.
    """
    goal = tol * 0.5 * (y @ y)
    now, image = x.copy(), forward(A, x)
    r = y - image
    gap = penalised_gap(y, r, adjoint(A, r), lam, groups, now)
    if tol > 0.0 and gap <= goal:
        return 0, gap
    z, z_image, t = now.copy(), image.copy(), 1.0
    new = np.empty_like(x)
    n_iter = 0
    while n_iter < max_iter:
        n_iter += 1
        g = adjoint(A, y - z_image)
        proximal_step(z, step, g, lam, groups, new)
        new_image = forward(A, new)
        if accelerate:
            if uphill(z, new, now):
                t = 1.0
            t_next = 0.5 * (1.0 + np.sqrt(1.0 + 4.0 * t * t))
            extrapolate(new, (t - 1.0) / t_next, now, z)
            extrapolate(new_image, (t - 1.0) / t_next, image, z_image)
            t = t_next
        else:
            z, z_image = new, new_image
        now, new, image = new, now, new_image
        if n_iter % GAP_EVERY == 0 or n_iter == max_iter:
            r = y - image
            gap = penalised_gap(y, r, adjoint(A, r), lam, groups, now)
            if (tol > 0.0 and gap <= goal) or not np.isfinite(gap):
                break
    assign(x, now)
    return n_iter, gap
