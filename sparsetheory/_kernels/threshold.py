"""Thresholding: the proximal operators of l1 and group norms, and top-k selection."""

from typing import Any, NamedTuple

import numpy as np

from sparsetheory._kernels._compile import compiled

FEW = 24  # candidates among which a selection is cheap
N_COUNTS = 24  # at most, to find them
STRETCH = 1.25  # of the first guess, squared for each further one


class Groups(NamedTuple):
    """A partition: group g holds ``order[starts[g]:starts[g + 1]]``, of weight w_g."""

    order: Any
    starts: Any
    weights: Any


# No groups, of the type of groups: kernels then need not be compiled twice.
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
    norms = np.empty(groups.weights.size, x.dtype)
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
def bracket(size, k, guess):
    """Return bounds of the k-th largest entry of `size`, and how many exceed the upper.

    It lies in ``(low, high]``; more than k entries must not be zero. Counting what
    exceeds a number runs in vectors and has no branch to mispredict, so that a dozen
    counts cost less than a selection among all entries.
    """
    low, high, more, fewer = 0.0, np.inf, size.size, 0
    t, stretch = guess if guess > 0.0 else np.mean(size), STRETCH
    for _ in range(N_COUNTS):
        if not 0.0 < t < np.inf:  # entries at the ends of the floats, or beyond
            break
        count = np.count_nonzero(size > t)
        if count >= k:
            low, more = t, count
        else:
            high, fewer = t, count
        if more - fewer <= FEW:
            break
        if low == 0.0 or high == np.inf:
            t = low * stretch if high == np.inf else high / stretch
            stretch *= stretch
        else:
            share = (more - k + 0.5) / (more - fewer)
            t = low + min(max(share, 0.1), 0.9) * (high - low)
    return low, high, fewer


@compiled
def largest(z, k, guess, index):
    """Write the places of the k largest magnitudes of `z` into `index`, ascending.

    Zeros don't count; among equals the first ones stay.

    Parameters
    ----------
    guess : float
        About the smallest magnitude among them, or 0; the result does not depend on it.
    index : ndarray of int, at least k long

    Returns
    -------
    count : int
        How many there are: k, or fewer if `z` has fewer nonzeros.
    cut : float
        The smallest magnitude among them, or 0.
    """
    size = np.abs(z)
    low, high, spare = 0.0, np.inf, min(k, np.count_nonzero(size > 0.0))
    if spare <= 0:
        return 0, 0.0
    if spare == k:
        low, high, fewer = bracket(size, k, guess)
        spare -= fewer
    work, found = np.empty(z.size, z.dtype), 0
    for i in range(z.size):  # here and below without a branch
        work[found] = size[i]
        found += 1 if low < size[i] <= high else 0
    cut = kth_smallest(work[:found], found - spare)
    for i in range(found - spare, found):  # where the selection has moved the larger
        spare -= 1 if work[i] > cut else 0
    place, count = np.empty(z.size, np.int64), 0
    for i in range(z.size):
        place[count] = i
        equal = size[i] == cut
        count += 1 if size[i] > cut or (equal and spare > 0) else 0
        spare -= 1 if equal else 0
    for j in range(count):
        index[j] = place[j]
    return count, cut


@compiled
def heaviest(z, k, guess, groups, index):
    """Write the places of the k groups of largest norm into `index`, ascending.

    As `largest`, of which this is the extension from `ENTRIES` to groups; `index` is
    then as long as z, and `guess` and the cut are norms.
    """
    entries = groups.weights.size == 0
    sizes = np.abs(z) if entries else group_norms(z, groups)
    kept = np.empty(max(k, 0), np.int64)
    found, cut = largest(sizes, k, guess, kept)
    if entries:
        for j in range(found):
            index[j] = kept[j]
        return found, cut
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


def hard_threshold(z, k, out):
    """Write the nearest k-sparse vector to `z` into `out`, another array."""
    index = np.empty(max(k, 0), np.int64)
    count, _ = largest(z, k, 0.0, index)
    out[:] = 0.0
    for i in index[:count]:
        out[i] = z[i]
