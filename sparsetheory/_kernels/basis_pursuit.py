"""Basis pursuit by a feasible splitting, for three norms.

It is ``||x||_1`` for `ENTRIES`, or if `one_sided` the sum of ``x >= 0``; and
``sum_g w_g ||x_g||_2`` for any other `Groups`.
"""

import numpy as np

from sparsetheory._kernels._compile import compiled
from sparsetheory._kernels.linear import adjoint, assign, forward
from sparsetheory._kernels.threshold import (
    block_soft_threshold,
    group_norms,
    soft_threshold,
)

GAP_EVERY = 10


@compiled
def length(x, groups, one_sided):
    """Return the norm of `x`; infinite where x has to be non-negative and is not."""
    if groups.weights.size > 0:
        return group_norms(x, groups) @ groups.weights
    if one_sided and np.min(x) < 0.0:
        return np.inf
    return np.sum(np.abs(x))


@compiled
def dual_length(c, groups, one_sided):
    """Return the least s >= 0 for which ``c^T x`` is at most s times the norm of x."""
    if groups.weights.size > 0:
        return np.max(group_norms(c, groups) / groups.weights)
    if one_sided:
        return max(np.max(c), 0.0)
    return np.max(np.abs(c))


@compiled
def shrink(w, t, groups, one_sided, out):
    """Write the proximal operator of t times the norm at `w` into `out`."""
    if groups.weights.size > 0:
        order, starts, weights = groups
        block_soft_threshold(w, t, order, starts, weights, out)
    else:
        soft_threshold(w, t, out)
        if one_sided:
            for i in range(out.size):
                out[i] = max(out[i], 0.0)


@compiled
def douglas_rachford(B, b, t, groups, one_sided, max_iter, tol, x, z, u):
    r"""Minimise the norm subject to ``B x = b`` from z and u, in place.

    `B` is a partial isometry (``B^T B`` projects on its row space) with `b` in its
    range, so every `x` satisfies the equation to rounding; `z` is its thresholded
    companion, and ``w = B u / t``, scaled until ``B^T w`` has dual norm at most 1, is
    dual feasible.

    Returns
    -------
    n_iter : int
    bound : float
        ``b^T w`` or zero: the norm of no solution is smaller. Stops when that of x
        exceeds it by at most ``tol`` of itself.
    drift : float
        How far the last iteration moved z; zero if `tol` stopped it.
    """
    bound, old = 0.0, z
    for i in range(1, max_iter + 1):
        if i == max_iter:
            old = z.copy()
        v = z - u
        assign(x, v - adjoint(B, forward(B, v) - b))
        w = x + u
        shrink(w, t, groups, one_sided, z)
        assign(u, w - z)
        if i % GAP_EVERY == 0 or i == max_iter:
            dual = forward(B, u / t)
            scale = max(1.0, dual_length(adjoint(B, dual), groups, one_sided))
            bound = max((b @ dual) / scale, 0.0)
            norm = length(x, groups, one_sided)
            if tol > 0.0 and norm - bound <= tol * norm and norm < np.inf:
                return i, bound, 0.0
    return max_iter, bound, np.sqrt(np.sum((z - old) ** 2))
