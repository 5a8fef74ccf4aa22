"""Iterative hard thresholding."""

import numpy as np

from sparsetheory._kernels._compile import compiled
from sparsetheory._kernels.linear import adjoint, forward_on
from sparsetheory._kernels.threshold import heaviest, largest
from sparsetheory._kernels.watch import looks, over

MARGIN = 0.01  # the constant c of Blumensath and Davies 2010
SHRINK = 0.5  # their 1 / (kappa (1 - c))
ROUNDING = 1e-14
COLLINEAR = 1e-12  # squared sine of an angle that is taken for zero


@compiled
def restrict(g, support, out):
    """Write g on `support` into `out`, zero elsewhere; return its squared norm."""
    out[:] = 0.0
    total = 0.0
    for i in support:
        out[i] = g[i]
        total += g[i] * g[i]
    return total


@compiled
def gradient_step(x, support, step, g, z):
    """Write ``x + step * g`` into `z`, for x that lives on `support`."""
    factor = z.dtype.type(step)
    for i in range(g.size):
        z[i] = factor * g[i]
    for i in support:
        z[i] += x[i]


@compiled
def displacement(x, support, z, chosen, swapped):
    """Measure the move from x, that lives on `support`, to z on `chosen`.

    Both sets of places ascend. Where they differ, `swapped` becomes z for what enters
    and -z for what leaves, and zero elsewhere: the move is z - x on `support` and in
    addition `swapped`.

    Returns
    -------
    same : bool
        Whether the two sets are one.
    length, size : float
        Squared norms of the move and of z on `chosen`.
    """
    swapped[:] = 0.0
    same, length, size = True, 0.0, 0.0
    a, b = 0, 0
    while a < support.size or b < chosen.size:
        leaves = b == chosen.size or (a < support.size and support[a] < chosen[b])
        enters = a == support.size or (b < chosen.size and chosen[b] < support[a])
        i = support[a] if leaves else chosen[b]
        d = -x[i] if leaves else z[i] - x[i]
        a += 0 if enters else 1
        b += 0 if leaves else 1
        if leaves or enters:
            same = False
            swapped[i] = -z[i] if leaves else z[i]
        length += d * d
    for i in chosen:
        size += z[i] * z[i]
    return same, length, size


@compiled
def conjugate_step(moved, image, past, past_image, x, r):
    """Move x on along the past move, made conjugate to the present one, if that helps.

    `moved` and `past` are the two moves, `image` and `past_image` what A makes of them.
    After a steepest descent on one support this is a step of conjugate gradients. All
    but the past are brought up to date; the residual r does not grow.
    """
    now, before, both, along, ahead = 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(r.size):
        now += image[i] * image[i]
        before += past_image[i] * past_image[i]
        both += image[i] * past_image[i]
    if now == 0.0:
        return
    share = both / now
    for i in range(r.size):
        d = past_image[i] - share * image[i]
        along += d * d
        ahead += d * r[i]
    if along <= COLLINEAR * before:  # what is left of the past is rounding
        return
    step = ahead / along
    old, new = 0.0, 0.0
    for i in range(r.size):
        d = r[i] - step * (past_image[i] - share * image[i])
        old += r[i] * r[i]
        new += d * d
    if not new <= old:
        return
    for i in range(r.size):
        d = step * (past_image[i] - share * image[i])
        image[i] += d
        r[i] -= d
    for i in range(x.size):
        d = step * (past[i] - share * moved[i])
        moved[i] += d
        x[i] += d


@compiled
def normalised_iht(A, y, k, groups, accelerate, watch, max_iter, tol, x):
    """Run normalised iterative hard thresholding from the k-sparse `x`, in place.

    The step is exact along the gradient on the current support; where the support
    changes it is cut until the residual can't grow (Blumensath and Davies 2010). Unless
    `groups` is `ENTRIES`, k of them are kept instead of k entries. If `accelerate`,
    each step after one that left the support alone goes on along that one
    (`conjugate_step`). It ends also where the watch is over.

    Returns
    -------
    n_iter : int
    change : float
        ``||x_new - x|| / ||x_new||`` of the last iteration, with or without the
        acceleration, whichever is larger; infinite where squares overflow or vanish.
    """
    inside, swapped, z = np.empty_like(x), np.empty_like(x), np.empty_like(x)
    places = np.empty(x.size, np.int64)
    count, _ = heaviest(x, k, 0.0, groups, places)
    support = places[:count].copy()
    r = y - forward_on(A, x, support)
    past, past_image, kept = np.zeros_like(x), np.zeros_like(r), False
    errors = looks(watch, max_iter)
    change, cut = 0.0, 0.0
    for it in range(1, max_iter + 1):
        g = adjoint(A, r)
        if not np.isfinite(np.sum(g)):  # an operator may return anything
            return it, np.inf
        if support.size == 0:
            count, _ = heaviest(g, k, 0.0, groups, places)
            support = places[:count].copy()
        slope = restrict(g, support, inside)
        direction = forward_on(A, inside, support)
        energy = direction @ direction
        stuck = energy == 0.0
        if stuck:  # optimal on its support, so look along the best other one
            count, _ = heaviest(g, k, 0.0, groups, places)
            slope = restrict(g, places[:count], inside)
            energy = np.sum(forward_on(A, inside, places[:count]) ** 2)
            if energy == 0.0:
                done = k == 0 or np.max(np.abs(r)) <= ROUNDING * np.max(np.abs(y))
                return it, 0.0 if done or not np.any(g) else np.inf
        step = slope / energy
        if not (np.isfinite(step) and np.isfinite(energy)):
            return it, np.inf
        while True:
            gradient_step(x, support, step, g, z)
            count, cut = heaviest(z, k, cut, groups, places)
            same, length, size = displacement(x, support, z, places[:count], swapped)
            image = x.dtype.type(step) * direction
            if same:
                break
            image += forward_on(A, swapped, np.flatnonzero(swapped))
            if step * (image @ image) <= (1.0 - MARGIN) * length:
                break
            step *= SHRINK
        support = places[:count].copy()
        restrict(z, support, x)
        r = r - image
        if accelerate:
            moved = x.dtype.type(step) * inside  # used only if the support stays
            if same and kept and not stuck:
                conjugate_step(moved, image, past, past_image, x, r)
                length, size = max(length, moved @ moved), x @ x
            past, past_image, kept = moved, image, same and not stuck
        change = np.sqrt(length / size) if size > 0.0 else 0.0
        if (change <= tol and tol > 0.0) or over(watch, it, x, errors):
            return it, change
    return max_iter, change


@compiled
def fixed_step_iht(A, y, k, step, watch, max_iter, tol, x):
    """Run iterative hard thresholding with one step size from `x`, in place.

    It ends also where the watch is over, and when the iterates overflow; `x` is then
    the last finite one.

    Returns
    -------
    n_iter : int
    change : float
        ``||x_new - x|| / ||x_new||`` of the last iteration.
    """
    swapped, z = np.empty_like(x), np.empty_like(x)
    places = np.empty(k, np.int64)
    support = np.flatnonzero(x)
    errors = looks(watch, max_iter)
    change, cut = 0.0, 0.0
    for it in range(1, max_iter + 1):
        g = adjoint(A, y - forward_on(A, x, support))
        if not np.isfinite(np.sum(g)):
            return it, np.inf
        gradient_step(x, support, step, g, z)
        count, cut = largest(z, k, cut, places)
        _, length, size = displacement(x, support, z, places[:count], swapped)
        if not (np.isfinite(size) and np.isfinite(length)):
            return it, np.inf
        support = places[:count].copy()
        restrict(z, support, x)
        change = np.sqrt(length / size) if size > 0.0 else 0.0
        if (change <= tol and tol > 0.0) or over(watch, it, x, errors):
            return it, change
    return max_iter, change
