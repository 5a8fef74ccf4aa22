"""Basis pursuit by a feasible splitting."""

import numpy as np

from sparsetheory._kernels._compile import compiled
from sparsetheory._kernels.linear import adjoint, forward
from sparsetheory._kernels.threshold import soft_threshold

GAP_EVERY = 10


@compiled
def douglas_rachford(B, b, t, max_iter, tol, x, z, u):
    r"""Minimise ``||x||_1`` subject to ``B x = b`` from z and u, in place.

    `B` is a partial isometry (``B^T B`` projects on its row space) with `b` in its
    range, so every `x` is feasible to rounding; `z` is its thresholded companion, and
    ``w = B u / t``, scaled to ``||B^T w||_inf <= 1``, is dual feasible.

    Returns
    -------
    n_iter : int
    gap : float
        ``||x||_1 - b^T w``, stopped when at most ``tol * ||x||_1``.
    drift : float
        How far the last iteration moved z; zero if `tol` stopped it.
    """
    gap, old = np.inf, z
    for i in range(1, max_iter + 1):
        if i == max_iter:
            old = z.copy()
        v = z - u
        x[:] = v - adjoint(B, forward(B, v) - b)
        w = x + u
        soft_threshold(w, t, z)
        u[:] = w - z
        if i % GAP_EVERY == 0 or i == max_iter:
            dual = forward(B, u / t)
            scale = max(1.0, np.max(np.abs(adjoint(B, dual))))
            norm = np.sum(np.abs(x))
            gap = max(norm - (b @ dual) / scale, 0.0)
            if tol > 0.0 and gap <= tol * norm:
                return i, gap, 0.0
    return max_iter, gap, np.sqrt(np.sum((z - old) ** 2))
