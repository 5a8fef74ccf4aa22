"""The largest share of k entries in a null vector, by its definition."""

import itertools

import numpy as np


def share(z, k):
    size = np.sort(np.abs(z))[::-1]
    return size[:k].sum() / size.sum()


def circuits(A):
    """Null vectors of minimal support: extreme points of the l1 ball's section."""
    n = A.shape[1]
    for size in range(1, min(n, A.shape[0] + 1) + 1):
        for T in itertools.combinations(range(n), size):
            _, s, Vt = np.linalg.svd(A[:, T])
            if (s > 1e-10 * max(s.max(), 1e-300)).sum() == size - 1:
                z = np.zeros(n)
                z[list(T)] = Vt[-1]
                yield z


def by_circuits(A, k):
    return max((share(z, k) for z in circuits(A)), default=0.0)
