"""Thresholding: the proximal operators of l1 and group norms, and top-k selection."""

from typing import Any, NamedTuple

import numpy as np

from sparsetheory._kernels._compile import compiled


class Groups(NamedTuple):
    """A partition: group g holds ``order[starts[g]:starts[g + 1]]``, of weight w_g."""

    order: Any
    starts: Any
    weights: Any


# No groups, for kernels that are too long to compile twice.
ENTRIES = Groups(np.empty(0, np.int64), np.zeros(1, np.int64), np.empty(0))


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
def norm_on(z, members):
    """Return the euclidean norm of z on `members`; nothing overflows or vanishes."""
    peak, total = 0.0, 0.0
    for i in members:
        peak = max(peak, abs(z[i]))
    if peak == 0.0:
        return 0.0
    for i in members:
        total += (z[i] / peak) ** 2
    return peak * np.sqrt(total)


@compiled
def group_norms(x, groups):
    """Return ``||x_g||_2`` for each group."""
    norms = np.empty(groups.weights.size)
    for g in range(norms.size):
        members = groups.order[groups.starts[g] : groups.starts[g + 1]]
        norms[g] = norm_on(x, members)
    return norms


@compiled
def block_soft_threshold(z, t, order, starts, weights, out):
    r"""Write the proximal operator of ``t * sum_g w_g ||z_g||_2`` into `out`.

    .. math:: \operatorname{prox}(z)_g = (1 - t w_g / \|z_g\|_2)_+ \, z_g

    Group g consists of the entries ``order[starts[g]:starts[g + 1]]``. `out` may be
    `z`.
    """
    for g in range(weights.size):
        members = order[starts[g] : starts[g + 1]]
        norm = norm_on(z, members)
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
def largest(z, k, guess, index):
    """Write the places of the k largest magnitudes of `z` into `index`, ascending.

    Zeros don't count; among equals the first ones stay.

    Parameters
    ----------
    guess : float
        A magnitude that probably more than k entries exceed, or 0. The result does not
        depend on it; the selection then looks at the larger entries alone.
    index : ndarray of int, at least k long

    Returns
    -------
    count : int
        How many there are: k, or fewer if `z` has fewer nonzeros.
    cut : float
        The smallest magnitude among them, or 0.
    """
    if k <= 0:
        return 0, 0.0
    place, size = np.empty(z.size, np.int64), np.empty(z.size, z.dtype)
    while True:
        found = 0
        for i in range(z.size):
            a = abs(z[i])
            place[found], size[found] = i, a  # without a branch
            found += 1 if a > guess else 0
        if found >= k or guess == 0.0:
            break
        guess = 0.0
    if found == 0:
        return 0, 0.0
    rank = max(found - k, 0)
    work = size[:found].copy()
    cut = kth_smallest(work, rank)
    spare = k
    for i in range(rank, found):  # where the selection has moved the larger ones
        if work[i] > cut:
            spare -= 1
    count = 0
    for i in range(found):
        if size[i] > cut or (size[i] == cut and spare > 0):
            if size[i] == cut:
                spare -= 1
            index[count] = place[i]
            count += 1
    return count, cut


@compiled
def heaviest(z, k, guess, groups, index):
    """Write the places of the k groups of largest norm into `index`, ascending.

    As `largest`, of which this is the extension from `ENTRIES` to groups; `index` is
    then as long as z, and `guess` and the cut are norms.
    """
    if groups.weights.size == 0:
        return largest(z, k, guess, index)
    kept = np.empty(max(k, 0), np.int64)
    found, cut = largest(group_norms(z, groups), k, guess, kept)
    on = np.zeros(z.size, np.bool_)
    for g in kept[:found]:
        for i in groups.order[groups.starts[g] : groups.starts[g + 1]]:
            on[i] = True
    count = 0
    for i in range(z.size):
        if on[i]:
            index[count] = i
            count += 1
    return count, cut


@compiled
def hard_threshold(z, k, out):
    """Write the nearest k-sparse vector to `z` into `out`, another array."""
    index = np.empty(max(k, 0), np.int64)
    count, _ = largest(z, k, 0.0, index)
    out[:] = 0.0
    for i in index[:count]:
        out[i] = z[i]
