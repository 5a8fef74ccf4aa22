"""Cones of vectors that are large on a support, and how short A makes them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
import numpy.typing as npt
from scipy.optimize import nnls

from sparsetheory.learning._section import EPS
from sparsetheory.types import Matrix, Support, Vector

NEW = 8  # columns off the support taken at a time
SPARE = 1e-12  # relative; less is rounding


def orthants(
    supports: npt.NDArray[np.int64],
) -> Iterator[tuple[Support, Matrix]]:
    """Yield supports and corners of values on them: one of each two sign patterns."""
    k = supports.shape[1]
    for on in supports:
        for rest in product((1.0, -1.0), repeat=k - 1):
            yield on, np.diag((1.0, *rest))


def halves(V: Matrix) -> tuple[Matrix, Matrix]:
    """Return both halves of a cone, whose corners are the columns of V, unit vectors.

    Its longest edge is halved.
    """
    G = V.T @ V
    i, j = np.unravel_index(int(G.argmin()), G.shape)
    middle = V[:, i] + V[:, j]
    middle /= np.linalg.norm(middle)
    one, two = V.copy(), V.copy()
    one[:, i], two[:, j] = middle, middle
    return one, two


def bounded(
    A: Matrix, on: Support, V: Matrix, cone: float
) -> tuple[float, Vector, Vector]:
    """Return a lower bound on a cone, the unit vector that proves it, and a point.

    The images of the cone's vectors, those off S added, whose part on S is on or below
    the chords of the unit sphere, are a polytope. Of its corners, those are taken that
    are further back along the nearest point of the others.
    """
    (m, n), k = A.shape, on.size
    off = np.delete(np.arange(n), on)
    inside, outside = A[:, on] @ V, A[:, off]
    reach = cone * np.abs(V).sum(axis=0)
    size = float(np.linalg.norm(A, axis=0).max() * max(1.0, reach.max())) or 1.0
    # a corner: a column of V, a column off S, and the sign with which that is added
    i, j, sign = np.arange(k), np.zeros(k, dtype=np.int64), np.zeros(k)
    before = np.inf
    while True:
        corners = inside[:, i]
        if off.size:
            corners = corners + sign * reach[i] * outside[:, j]
        system = np.vstack([corners / size, np.ones(i.size)])
        weights, _ = nnls(system, np.eye(m + 1)[m], maxiter=100 * i.size)
        weights /= weights.sum()
        w, used = corners @ weights, weights > 0
        i, j, sign, weights = i[used], j[used], sign[used], weights[used]
        square = float(w @ w)
        if not off.size or square >= before * (1 - SPARE):
            break
        before, correlations = square, w @ outside
        far = np.argsort(-np.abs(correlations), kind="stable")[:NEW]
        values = w @ inside - reach * np.abs(correlations[far])[:, None]
        new = np.argwhere(values < square - max(SPARE * square, EPS * size**2))
        if not len(new):
            break
        i = np.append(i, new[:, 1])
        j = np.append(j, far[new[:, 0]])
        sign = np.append(sign, -np.sign(correlations[far[new[:, 0]]]))
    z = np.zeros(n)
    z[on] = V @ np.bincount(i, weights, minlength=k)
    if off.size:
        z[off] = np.bincount(j, weights * sign * reach[i], minlength=off.size)
    norm = float(np.linalg.norm(w))
    w = w / norm if norm > 0 else np.eye(m)[0]
    bound = float(separation(A, on, V, cone, (w @ A)[None])[0])
    return max(bound, 0.0) ** 2, w, z


def separation(
    A: Matrix, on: Support, V: Matrix, cone: float, correlations: Matrix
) -> Vector:
    """Return how far unit vectors, of these correlations, keep a cone's image from 0.

    The least inner product with a corner of the polytope, less what rounding may do.
    """
    inside = correlations[:, on]
    outside = np.delete(correlations, on, axis=1)
    lengths = np.abs(V).sum(axis=0)
    peak = np.abs(outside).max(axis=1, initial=0.0)
    least = (inside @ V - cone * peak[:, None] * lengths).min(axis=1)
    norms = np.linalg.norm(A, axis=0)
    size = np.linalg.norm(norms[on]) + cone * lengths.max() * norms.max()
    return np.asarray(least - 4 * (len(A) + on.size + 4) * EPS * size)
