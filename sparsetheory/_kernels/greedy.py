"""Iterative hard thresholding."""

import numpy as np

from sparsetheory._kernels._compile import compiled
from sparsetheory._kernels.linear import adjoint, forward
from sparsetheory._kernels.threshold import hard_threshold

MARGIN = 0.01  # the constant c of Blumensath and Davies 2010
SHRINK = 0.5  # their 1 / (kappa (1 - c))


@compiled
def restrict(g, x, on, out):
    """Write the support of x into `on`, g there into `out`; return its squared norm."""
    total = 0.0
    for i in range(g.size):
        on[i] = x[i] != 0.0
        out[i] = g[i] if on[i] else 0.0
        total += out[i] * out[i]
    return total


@compiled
def compare(x, new, on, moved):
    """Write ``new - x`` into `moved`.

    Returns
    -------
    same : bool
        Whether the support of `new` is `on`.
    length, size : float
        Squared norms of `moved` and `new`.
    """
    same, length, size = True, 0.0, 0.0
    for i in range(x.size):
        d = new[i] - x[i]
        moved[i] = d
        length += d * d
        size += new[i] * new[i]
        if (new[i] != 0.0) != on[i]:
            same = False
    return same, length, size


@compiled
def normalised_iht(A, y, k, max_iter, tol, x):
    """Run normalised iterative hard thresholding from the k-sparse `x`, in place.

    The step is exact along the gradient on the current support; where the support
    changes it is cut until the residual can't grow (Blumensath and Davies 2010).

    Returns
    -------
    n_iter : int
    change : float
        ``||x_new - x|| / ||x_new||`` of the last iteration.
    """
    n = x.size
    new, inside, moved = np.empty(n), np.empty(n), np.empty(n)
    on = np.empty(n, np.bool_)
    r = y - forward(A, x)
    change, cut = 0.0, 0.0
    for it in range(1, max_iter + 1):
        g = adjoint(A, r)
        pattern = x
        if it == 1 and not np.any(x):
            hard_threshold(g, k, 0.0, new)
            pattern = new
        slope = restrict(g, pattern, on, inside)
        direction = forward(A, inside)
        energy = direction @ direction
        stuck = energy == 0.0
        if stuck:  # optimal on its support, so look along the best other one
            hard_threshold(g, k, 0.0, inside)
            direction = forward(A, inside)
            slope, energy = inside @ inside, direction @ direction
            if energy == 0.0:
                return it, 0.0
        step = slope / energy
        while True:
            cut = hard_threshold(x + step * g, k, 0.5 * cut, new)
            same, length, size = compare(x, new, on, moved)
            if same and not stuck:
                image = step * direction
                break
            image = forward(A, moved)
            if step * (image @ image) <= (1.0 - MARGIN) * length:
                break
            step *= SHRINK
        x[:] = new
        r = r - image
        change = np.sqrt(length / size) if size > 0.0 else 0.0
        if change <= tol and tol > 0.0:
            return it, change
    return max_iter, change


@compiled
def fixed_step_iht(A, y, k, step, max_iter, tol, x):
    """Run iterative hard thresholding with one step size from `x`, in place.

    Stops also when the iterates overflow; `x` is then the last finite one.

    Returns
    -------
    n_iter : int
    change : float
        ``||x_new - x|| / ||x_new||`` of the last iteration.
    """
    new, moved, on = np.empty_like(x), np.empty_like(x), x != 0.0
    change, cut = 0.0, 0.0
    for it in range(1, max_iter + 1):
        g = adjoint(A, y - forward(A, x))
        cut = hard_threshold(x + step * g, k, 0.5 * cut, new)
        _, length, size = compare(x, new, on, moved)
        if not np.isfinite(size):
            return it, np.inf
        change = np.sqrt(length / size) if size > 0.0 else 0.0
        x[:] = new
        if change <= tol and tol > 0.0:
            return it, change
    return max_iter, change
