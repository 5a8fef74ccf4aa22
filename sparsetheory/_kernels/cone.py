"""Projection on the cone of rows whose entries a weight bounds."""

import numpy as np

from sparsetheory._kernels._compile import compiled
from sparsetheory._kernels.columns import count_above

NEWTON_STEPS = 60
PRECISE = 1e-13  # relative


@compiled
def above(a, sums, theta):
    """Return how many entries of the descending `a` exceed theta, and by how much."""
    count = count_above(a, theta)
    return count, sums[count] - count * theta


@compiled
def shift(a, sums, cap, total):
    """Return theta >= 0 such that ``clip(a - theta, 0, cap)`` sums to `total`.

    Zero if that sums to no more anyway. `sums` are those of the descending `a`.
    """
    theta, low, high = 0.0, 0.0, a[0]
    for _ in range(NEWTON_STEPS):
        count, size = above(a, sums, theta)
        full, over = above(a, sums, theta + cap)
        excess = size - over - total
        if excess > 0.0:
            low = theta
        elif theta == 0.0:
            return 0.0
        else:
            high = theta
        if abs(excess) <= PRECISE * total or high - low <= PRECISE * a[0]:
            break
        theta = theta + excess / (count - full) if count > full else high
        if not low < theta < high:
            theta = 0.5 * (low + high)
    return theta


@compiled
def slope(a, b, a_sums, b_sums, k, t):
    """Return the shifts of both halves for weight t, the price of t, and its slope."""
    first = shift(a, a_sums, a[0], t)
    second = shift(b, b_sums, t / k, t)
    count, _ = above(b, b_sums, second)
    full, over = above(b, b_sums, second + t / k)
    fall = full / k**2
    if first > 0.0:
        fall += 1.0 / max(count_above(a, first), 1)
    if second > 0.0 and count > full:
        fall += (1.0 - full / k) ** 2 / (count - full)
    return first, second, first + second + over / k, fall


@compiled
def onto_cones(V, a, weights, k, t, X):
    """Project rows (u, v) with weights on a cone: into X, and t, which holds a guess.

    ``||u||_1 <= t``, ``||v||_1 <= t`` and ``max |v| <= t / k``. V has shape (rows, 2,
    entries), and `a` its magnitudes, each half descending.
    """
    rows, _, n = V.shape
    a_sums, b_sums = np.zeros(n + 1), np.zeros(n + 1)
    for r in range(rows):
        for i in range(n):
            a_sums[i + 1] = a_sums[i] + a[r, 0, i]
            b_sums[i + 1] = b_sums[i] + a[r, 1, i]
        high = weights[r] + a[r, 0, 0] + b_sums[min(k, n)] / k
        if high <= 0.0:
            t[r] = 0.0
            X[r] = 0.0
            continue
        low, top, now = 0.0, high, t[r]
        first, second = 0.0, 0.0
        for _ in range(NEWTON_STEPS):
            if not low < now < top:
                now = 0.5 * (low + top)
            first, second, price, fall = slope(a[r, 0], a[r, 1], a_sums, b_sums, k, now)
            excess = now - weights[r] - price
            if excess > 0.0:
                top = now
            else:
                low = now
            if abs(excess) <= PRECISE * high or top - low <= PRECISE * high:
                break
            now = now - excess / (1.0 + fall)
        t[r] = now
        for i in range(n):
            u, v = V[r, 0, i], V[r, 1, i]
            X[r, 0, i] = np.copysign(max(abs(u) - first, 0.0), u)
            X[r, 1, i] = np.copysign(min(max(abs(v) - second, 0.0), now / k), v)
