"""Newton steps for the group LASSO, which is smooth while no group vanishes."""

import numpy as np
import numpy.typing as npt
from scipy.linalg.lapack import dposv

from sparsetheory.types import Matrix, Vector

RIDGE = 1e-12, 1e-8  # relative
HALVES = 0.5 ** np.arange(60)

Index = npt.NDArray[np.int64]


def newton_step(
    G: Matrix, g: Vector, x: Vector, edges: Index, norms: Vector, levels: Vector
) -> tuple[Vector, Vector] | None:
    r"""Return the step on the groups that are not zero, and its image under G.

    The Hessian of :math:`\lambda w \|x_g\|` is :math:`\lambda w (I - u u^T) / \|x_g\|`
    with :math:`u = x_g / \|x_g\|`. Of the direction so much is taken as lowers the
    objective most, among halves of halves and what brings a group next to zero; None if
    nothing does.

    Parameters
    ----------
    G : ndarray, shape (k or more, k or more)
    g : ndarray, shape (k,)
        The correlations of the columns with the residual.
    x : ndarray, shape (k,)
    edges : ndarray of int
        Group b is ``x[edges[b]:edges[b + 1]]``.
    norms, levels : ndarray
        The norm of x on each group, and its weight.
    """
    on, sizes = norms > 0.0, np.diff(edges)
    S = np.flatnonzero(np.repeat(on, sizes))
    if S.size == 0:
        return None
    sizes, norms, levels = sizes[on], norms[on], levels[on]
    starts = np.cumsum(sizes) - sizes
    u = x[S] / np.repeat(norms, sizes)
    H = G[np.ix_(S, S)]
    for first, size, bend in zip(starts, sizes, levels / norms, strict=True):
        own = slice(first, first + size)
        H[own, own] += bend * (np.eye(size) - np.outer(u[own], u[own]))
    diagonal = np.diagonal(H).copy()
    downhill = g[S] - np.repeat(levels, sizes) * u
    for ridge in RIDGE:
        H[np.diag_indices(S.size)] = diagonal + ridge * diagonal.max()
        _, d, fault = dposv(H, downhill)
        if fault or not np.isfinite(d).all():
            continue
        image = d @ G[S, : x.size]
        along = np.add.reduceat(x[S] * d, starts), np.add.reduceat(d * d, starts)
        least = -np.divide(*along, out=np.zeros(sizes.size), where=along[1] > 0.0)
        steps = np.concatenate([HALVES, least[(least > 0.0) & (least < 1.0)]])
        moved = (x[S] + steps[:, None] * d) ** 2
        lengths = np.sqrt(np.add.reduceat(moved, starts, axis=1))
        change = 0.5 * steps**2 * (d @ image[S]) - steps * (g[S] @ d)
        change += (lengths - norms) @ levels
        best = change.argmin()
        if change[best] < 0.0:
            step = np.zeros(x.size)
            step[S] = steps[best] * d
            return step, steps[best] * image
    return None
