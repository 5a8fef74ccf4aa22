"""Passes over a matrix by groups of columns, and columns of it as they are.

Columns are the rows of an array, or `Columns`, of either precision; sums are of double
precision.
"""

import numpy as np

from sparsetheory._kernels._compile import compiled, summing
from sparsetheory._kernels.lasso import energy, product
from sparsetheory._kernels.linear import columns


@summing
def measure_groups(A, r, groups, slack, reach, bound):
    """Bound the product of each group of columns with any unit vector, and with r.

    Both are norms but for rounding. A is the transpose of an array, or `Columns`.
    """
    order, starts, _ = groups
    for g in range(bound.size):
        square, total = 0.0, 0.0
        for j in order[starts[g] : starts[g + 1]]:
            total += product(A, j, r) ** 2
            square += energy(A, j)
        reach[g] = np.sqrt(square)
        bound[g] = np.sqrt(total) + slack * reach[g]


@summing
def refresh_groups(A, r, groups, slack, reach, level, move, bound):
    """Bound the product of each group with r, as tightly from `level` on.

    r has moved by `move` since `bound` held.
    """
    order, starts, _ = groups
    for g in range(bound.size):
        bound[g] += move * reach[g]
        if bound[g] < level[g]:
            continue
        total = 0.0
        for j in order[starts[g] : starts[g + 1]]:
            total += product(A, j, r) ** 2
        bound[g] = np.sqrt(total) + slack * reach[g]


@compiled
def multiply(A, index, r):
    """Return the products of the columns `index` with r."""
    out = np.empty(index.size)
    for i in range(index.size):
        out[i] = product(A, index[i], r)
    return out


@compiled
def images(A, index):
    """Return the columns `index` of what has transforms, one a row."""
    return columns(A, index)


@compiled
def scatter(A, index, out):
    """Write the columns `index` of `Columns` into the rows of `out`."""
    for i in range(index.size):
        j = index[i]
        out[i] = -A.means[j]
        for s in range(A.starts[j], A.starts[j + 1]):
            out[i, A.rows[s]] += A.data[s]
