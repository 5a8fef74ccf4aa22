"""Basis pursuit: a feasible splitting, and the exact verdict on a known signal."""

import numpy as np

from sparsetheory._kernels._compile import compiled
from sparsetheory._kernels.linear import adjoint, forward
from sparsetheory._kernels.threshold import soft_threshold

GAP_EVERY = 10
RIDGE = 1e-9  # of a Hessian whose eigenvalues lie in [0, 1]


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


@compiled
def excess(v, radius, h):
    """Write ``v - clip(v, -radius, radius)`` into `h`; return ``max |v|``."""
    peak = 0.0
    for i in range(v.size):
        a = v[i]
        peak = max(peak, abs(a))
        if a > radius:
            h[i] = a - radius
        elif a < -radius:
            h[i] = a + radius
        else:
            h[i] = 0.0
    return peak


@compiled
def separation(f, h, u):
    """Return ``f^T e / ||e||_1`` for ``e = h - u``, zero if e is zero."""
    inner, norm = 0.0, 0.0
    for i in range(f.size):
        e = h[i] - u[i]
        inner += f[i] * e
        norm += abs(e)
    return inner / norm if norm > 0.0 else 0.0


@compiled
def newton_step(F, h, v, radius):
    """Return v after one damped Newton step on ``sum (|v| - radius)_+^2 / 2``.

    The step keeps v in its coset of the range of `F`. The objective is piecewise
    quadratic, so that full steps end in finitely many.
    """
    p, d = F.shape
    active = np.flatnonzero(h)
    rows = F[active]
    gradient = F.T @ h
    hessian = rows.T @ rows
    for i in range(d):
        hessian[i, i] += RIDGE
    direction = np.linalg.solve(hessian, gradient)
    change = F @ direction
    slope = gradient @ direction
    value = 0.5 * (h @ h)
    step = 1.0
    while step > 1e-6:
        trial = 0.0
        for i in range(p):
            a = abs(v[i] - step * change[i]) - radius
            if a > 0.0:
                trial += 0.5 * a * a
        if trial <= value - 1e-4 * step * slope:
            break
        step *= 0.5
    return v - step * change


@compiled
def chebyshev_verdict(f, F, radius, margin, n_gradient, n_newton):
    r"""Decide whether ``min_q ||f + F q||_inf`` lies below or above 1.

    `F`, shape (p, d), has orthonormal columns, orthogonal to `f`. A point
    ``v = f + F q`` with ``||v||_inf < 1 - margin`` proves that it is below. By duality

    .. math:: \min_q \|f + F q\|_\infty = \max_{F^T e = 0} f^T e / \|e\|_1,

    so a vector e with ``f^T e > (1 + margin) ||e||_1`` proves that it is above. Both
    are sought by minimising the distance of the affine space to the box of half-width
    ``radius < 1``: by accelerated projections, then by Newton's method; the distance
    vector is an e, and where it separates the box, the box grows half of the way to 1.

    Returns
    -------
    verdict : int
        -1 below, 1 above, 0 undecided.
    n_iter : int
    """
    p = f.size
    h = np.empty(p)
    v, z, t = f.copy(), f.copy(), 1.0
    for i in range(n_gradient + n_newton):
        peak = excess(z, radius, h)
        if peak < 1.0 - margin:
            return -1, i
        u = F @ (F.T @ h)
        bound = separation(f, h, u)
        if bound > 1.0 + margin:
            return 1, i
        if bound > radius:
            radius = 0.5 * (1.0 + bound)
            excess(z, radius, h)
            u = F @ (F.T @ h)
        if i >= n_gradient:
            z = newton_step(F, h, z, radius)
            continue
        new = z - u
        moved = new - v
        if (z - new) @ moved > 0.0:
            t = 1.0
        t_next = 0.5 * (1.0 + np.sqrt(1.0 + 4.0 * t * t))
        z = new + ((t - 1.0) / t_next) * moved
        v, t = new, t_next
    return 0, n_gradient + n_newton
