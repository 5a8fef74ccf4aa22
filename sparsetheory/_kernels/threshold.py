"""Thresholding: the proximal operators of l1 and group norms, and top-k selection."""

import numpy as np

from sparsetheory._kernels._compile import compiled


@compiled
def soft_threshold(z, t, out):
    r"""Write the proximal operator of ``t * ||.||_1`` at `z` into `out`.

    .. math:: \operatorname{prox}(z)_i = \operatorname{sign}(z_i)\,(|z_i| - t)_+

    `out` may be `z`.
    """
    for i in range(z.size):
        a = z[i]
        if a > t:
            out[i] = a - t
        elif a < -t:
            out[i] = a + t
        else:
            out[i] = 0.0


@compiled
def block_soft_threshold(z, t, order, starts, weights, out):
    r"""Write the proximal operator of ``t * sum_g w_g ||z_g||_2`` into `out`.

    .. math:: \operatorname{prox}(z)_g = (1 - t w_g / \|z_g\|_2)_+ \, z_g

    Group g consists of the entries ``order[starts[g]:starts[g + 1]]``. `out` may be
    `z`.
    """
    for g in range(weights.size):
        members = order[starts[g] : starts[g + 1]]
        peak = 0.0
        for i in members:
            peak = max(peak, abs(z[i]))
        norm = 0.0
        if peak > 0.0:
            for i in members:
                norm += (z[i] / peak) ** 2
            norm = peak * np.sqrt(norm)
        cut = t * weights[g]
        factor = 1.0 - cut / norm if norm > cut else 0.0
        for i in members:
            out[i] = factor * z[i]


@compiled
def kth_smallest(a, k):
    """Return the k-th smallest entry of `a`, from 0, and reorder `a` (Hoare 1961).

    `numpy.partition` does the same but takes seconds to compile.
    """
    low, high = 0, a.size - 1
    while low < high:
        pivot, i, j = a[(low + high) // 2], low, high
        while i <= j:
            while a[i] < pivot:
                i += 1
            while a[j] > pivot:
                j -= 1
            if i <= j:
                a[i], a[j] = a[j], a[i]
                i, j = i + 1, j - 1
        if j < k < i:
            break
        low, high = (low, j) if k <= j else (i, high)
    return a[k]


@compiled
def hard_threshold(z, k, guess, out):
    """Write the nearest k-sparse vector to `z` into `out`, another array.

    Among equal magnitudes the first ones stay, so at most k entries are nonzero.

    Parameters
    ----------
    guess : float
        A magnitude that probably more than k entries exceed, or 0. The result does not
        depend on it; the selection then looks at the larger entries alone.

    Returns
    -------
    float
        The k-th largest magnitude; zero for ``k = 0``.
    """
    n = z.size
    if k <= 0:
        out[:] = 0.0
        return 0.0
    large = np.empty(n)
    count = 0
    for i in range(n):
        a = abs(z[i])
        large[count] = a
        count += 1 if a > guess else 0
    if count < k:
        large, count = np.abs(z), n
    cut = kth_smallest(large[:count], count - k)
    spare = k
    for i in range(count - k, count):  # where the selection has moved the larger ones
        if large[i] > cut:
            spare -= 1
    for i in range(n):
        a = abs(z[i])
        if a > cut:
            out[i] = z[i]
        elif a == cut and spare > 0:
            out[i] = z[i]
            spare -= 1
        else:
            out[i] = 0.0
    return cut
