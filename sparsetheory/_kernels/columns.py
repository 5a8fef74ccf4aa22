"""Rows of a matrix shrunk until the k largest magnitudes of none exceed a level."""

import numpy as np

from sparsetheory._kernels._compile import compiled

HALVINGS = 60
NEWTON_STEPS = 30
PRECISE = 1e-12  # relative


@compiled
def count_above(a, t):
    """Return how many entries of the descending `a` exceed t."""
    low, high = 0, a.size
    while low < high:
        j = (low + high) // 2
        if a[j] > t:
            low = j + 1
        else:
            high = j
    return low


@compiled
def reach(a, sums, k, theta, level):
    """Return lam such that the k largest, lowered by lam or to theta, sum to `level`.

    And by how much the reductions of all entries exceed k lam.
    """
    rest = level - k * theta
    low, high = 1, k
    while low < high:
        j = (low + high) // 2
        if sums[j] - j * a[j] < rest:
            low = j + 1
        else:
            high = j
    cut = (sums[low] - rest) / low
    over, under = count_above(a, cut), count_above(a, theta)
    lam = cut - theta
    total = over * lam + sums[under] - sums[over] - (under - over) * theta
    return lam, total - k * lam


@compiled
def crossing(a, sums, k, level, theta):
    """Return the theta that is right if as many entries exceed it, or its cut, as here.

    With p lowered in full and u - p set to theta, the k largest sum up to `level`, and
    all reductions to k lam. NaN if p is k.
    """
    lam, _ = reach(a, sums, k, theta, level)
    over, under = count_above(a, theta + lam), count_above(a, theta)
    if over >= k:
        return np.nan
    part = over / (k - over)
    between = sums[under] - sums[over]
    return (level - sums[over] + part * between) / (k - over + part * (under - over))


@compiled
def plateau(a, sums, k, level):
    """Return theta, lam, and how fast lam falls as the level rises.

    The nearest point whose k largest sum up to `level` has each entry of the
    descending `a` lowered by lam, though not below theta.
    """
    if sums[k] <= level:
        return 0.0, 0.0, 0.0
    theta = 0.0
    lam, gap = reach(a, sums, k, theta, level)
    if gap > 0.0:
        left, right = 0.0, min(level / k, a[k - 1])
        lam, gap = reach(a, sums, k, right, level)
        if gap > 0.0:  # nothing is lowered by lam in full
            theta = right
            under = count_above(a, theta)
            return theta, (sums[under] - under * theta) / k, under / k**2
        for _ in range(HALVINGS):
            last = theta
            theta = crossing(a, sums, k, level, theta)
            if not left < theta < right:
                theta = 0.5 * (left + right)
            lam, gap = reach(a, sums, k, theta, level)
            if gap > 0.0:
                left = theta
            else:
                right = theta
            if min(right - left, abs(theta - last)) <= PRECISE * right:
                break
    over = count_above(a, theta + lam)
    if theta == 0.0:
        return theta, lam, 1.0 / max(over, 1)
    under = count_above(a, theta)
    rest = k - over
    return theta, lam, 1.0 / (over + rest**2 / max(under - over, 1))


@compiled
def lower_peaks(V, a, k, mass, level, X):
    """Minimise ``mass max_r ||X_r||_(k) + 1/2 ||X - V||^2``; return the maximum.

    ``||.||_(k)`` sums the k largest magnitudes of a row. `a` holds the magnitudes of
    the rows of V, descending; `level` is a guess.
    """
    rows, n = V.shape
    sums = np.zeros((rows, n + 1))
    most, small = 0.0, 0.0
    for r in range(rows):
        for i in range(n):
            sums[r, i + 1] = sums[r, i] + a[r, i]
        most = max(most, sums[r, k])
        small += max(a[r, 0], sums[r, n] / k)
    X[:] = 0.0
    if small <= mass:
        return 0.0
    low, high = 0.0, most
    for _ in range(NEWTON_STEPS):
        if not low < level < high:
            level = 0.5 * (low + high)
        total, slope = 0.0, 0.0
        for r in range(rows):
            _, lam, fall = plateau(a[r], sums[r], k, level)
            total += lam
            slope += fall
        if abs(total - mass) <= PRECISE * mass:
            break
        if total > mass:
            low = level
        else:
            high = level
        if high - low <= PRECISE * high:
            break
        level = level + (total - mass) / slope if slope > 0.0 else -1.0
    for r in range(rows):
        theta, lam, _ = plateau(a[r], sums[r], k, level)
        for i in range(n):
            size = abs(V[r, i])
            X[r, i] = np.copysign(min(size, max(size - lam, theta)), V[r, i])
    return level
