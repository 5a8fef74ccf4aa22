"""Supports with large eigenvalues: truncated power method and exchange of columns."""

import numpy as np

from sparsetheory._kernels._compile import compiled
from sparsetheory._kernels.hermitian import eliminate, top_pair
from sparsetheory._kernels.threshold import largest

ITERATIONS = 60


@compiled
def power_step(M, shift, path, r, x, size, image, places, k):
    """Write the k columns where ``(M + shift I) x`` is largest into `places`."""
    for c in range(image.size):
        image[c] = 0.0
    for i in range(r):
        row, weight = M[path[i]], x[i].conjugate()
        for c in range(image.size):
            image[c] += weight * row[c]
        image[path[i]] += shift * weight
    for c in range(image.size):
        size[c] = (image[c].conjugate() * image[c]).real
    count, _ = largest(size, k, 0.0, places)
    c = 0
    while count < k:  # fewer than k columns are touched: any others will do
        known = False
        for i in range(count):
            known = known or places[i] == c
        if not known:
            places[count] = c
            count += 1
        c += 1


@compiled
def exchange(M, diagonal, k, path, value, eps, A, V, x, rows, slack):
    """Exchange one column of the path for a better one; return its eigenvalue.

    Columns of small entries go first. The value stays if no exchange raises it by more
    than `eps`.
    """
    rest, order = np.empty(k, np.int64), np.empty(k, np.int64)
    for i in range(k):  # numpy.argsort takes seconds to compile
        j = i
        while j > 0 and abs(x[order[j - 1]]) > abs(x[i]):
            order[j] = order[j - 1]
            j -= 1
        order[j] = i
    trial = np.empty(k, np.int64)
    for step in range(k):
        place = order[step]
        r = 0
        for i in range(k):
            if i != place:
                rest[r] = path[i]
                r += 1
        for c in range(diagonal.size):
            slack[0, c] = value + eps - diagonal[c]
        sound = True
        for d in range(k - 1):
            if not eliminate(M, rest[d], d, rows, slack):
                sound = False
                break
        if not sound:
            continue
        best = 0
        for c in range(diagonal.size):
            if slack[k - 1, c] < slack[k - 1, best]:
                best = c
        if slack[k - 1, best] > 0.0:
            continue
        for i in range(k - 1):
            trial[i] = rest[i]
        trial[k - 1] = best
        raised = top_pair(M, trial, k, A, V, x)
        if raised > value + 0.5 * eps:
            for i in range(k):
                path[i] = trial[i]
            return raised
    return value


@compiled
def ascend(M, diagonal, k, shift, starts, eps, best):
    """Climb from each start to a support of k columns that no exchange improves.

    Parameters
    ----------
    shift : float
        Makes ``M + shift I`` positive on what matters, so that power steps rise.
    starts : ndarray of int, shape (count, at most k)
        Columns whose top eigenvector each climb begins with.
    best : ndarray of int, shape (k,)
        Receives the best support.

    Returns
    -------
    float
        Its largest eigenvalue.
    """
    n, r = diagonal.size, starts.shape[1]
    A, V = np.empty((k, k), M.dtype), np.empty((k, k), M.dtype)
    x, image, size = np.empty(k, M.dtype), np.empty(n, M.dtype), np.empty(n)
    rows, slack = np.empty((k, n), M.dtype), np.empty((k + 1, n))
    path, places = np.empty(k, np.int64), np.empty(k, np.int64)
    top = -np.inf
    for s in range(starts.shape[0]):
        for i in range(r):
            path[i] = starts[s, i]
        value = top_pair(M, path, r, A, V, x)
        if r < k:
            power_step(M, shift, path, r, x, size, image, places, k)
            for i in range(k):
                path[i] = places[i]
            value = top_pair(M, path, k, A, V, x)
        for _ in range(ITERATIONS):
            power_step(M, shift, path, k, x, size, image, places, k)
            raised = top_pair(M, places, k, A, V, x)
            if not raised > value + eps:
                break
            for i in range(k):
                path[i] = places[i]
            value = raised
        while True:
            top_pair(M, path, k, A, V, x)
            raised = exchange(M, diagonal, k, path, value, eps, A, V, x, rows, slack)
            if not raised > value:
                break
            value = raised
        if value > top:
            top = value
            for i in range(k):
                best[i] = path[i]
    return top
