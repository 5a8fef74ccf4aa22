"""Groups of entries, as users give them and as kernels take them."""

import numpy as np
import numpy.typing as npt

from sparsetheory._checks import check_array, check_integer
from sparsetheory._kernels.threshold import Groups


def check_groups(
    groups: npt.ArrayLike, n: int, weights: npt.ArrayLike | None = None
) -> Groups:
    """Return a partition of n entries, from labels or from the size of its blocks.

    Parameters
    ----------
    groups : int or array_like of int or str, shape (n,)
        Size of consecutive blocks, a divisor of n; or the label of each entry's group.
    n : int
    weights : array_like, shape (number of groups,), optional
        Positive weight of each group, in the order of the sorted labels; by default
        the square root of its size.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.
    """
    given = np.asarray(groups)
    if given.ndim == 0:
        size = check_integer("groups", groups, 1, n)
        if n % size:
            raise ValueError(f"groups must divide n = {n} to be a size, got {size}")
        given = np.arange(n) // size
    if given.shape != (n,):
        raise ValueError(f"groups must have shape ({n},), got {given.shape}")
    if given.dtype.kind not in "iubUS":
        raise TypeError(f"groups must be integer or string labels, got {given.dtype}")
    _, member, sizes = np.unique(given, return_inverse=True, return_counts=True)
    order = np.argsort(member, kind="stable")
    starts = np.concatenate([[0], np.cumsum(sizes)])
    if weights is None:
        w = np.sqrt(sizes)
    else:
        w = check_array("weights", weights, 1)
        if w.size != sizes.size:
            raise ValueError(f"weights must number {sizes.size}, got {w.size}")
        if w.min() <= 0:
            raise ValueError(f"weights must be positive, got {w.min()}")
    return Groups(order, starts, w)
