"""A problem drawn and solved in one call."""

import numpy as np

from sparsetheory._kernels._compile import compiled
from sparsetheory._kernels.draw import draw_columns
from sparsetheory._kernels.greedy import normalised_iht
from sparsetheory._kernels.linear import forward_on


@compiled
def drawn_iht(rng, m, scale, unit, signal, k, groups, accelerate, watch, most, tol, x):
    """Run `normalised_iht` from zero on what a matrix of m rows makes of `signal`.

    The matrix is that of `draw_columns`, in the precision of x, where the solution is
    left; the result is that of `normalised_iht`.
    """
    columns = np.empty((x.size, m), x.dtype)
    draw_columns(rng, scale, unit, columns)
    A = columns.T
    y = forward_on(A, signal, np.flatnonzero(signal))
    x[:] = 0.0
    return normalised_iht(A, y, k, groups, accelerate, watch, most, tol, x)
