"""When a trial counts as a success: ``(x_hat, x, tol) -> bool``.

Curves under different rules are not comparable, so a result says which one it has.
"""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from sparsetheory.types import Vector

Rule: TypeAlias = Callable[[Vector, Vector, float], bool]

MOST = 0.75


def relative_error(x_hat: Vector, x: Vector, tol: float) -> bool:
    """Whether ``||x_hat - x|| <= tol ||x||``.

    Parameters
    ----------
    x_hat, x : ndarray, shape (n,)
        What was found and what is true.
    tol : float

    Returns
    -------
    bool

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> st.relative_error(np.array([1.0, 0.01]), np.array([1.0, 0.0]), tol=0.1)
    True
    """
    return bool(np.linalg.norm(x_hat - x) <= tol * np.linalg.norm(x))


def exact_support(x_hat: Vector, x: Vector, tol: float) -> bool:
    """Whether the entries above ``tol max|x_hat|`` are those where x is not zero.

    Parameters
    ----------
    x_hat, x : ndarray, shape (n,)
    tol : float

    Returns
    -------
    bool

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> st.exact_support(np.array([0.5, 1e-9]), np.array([1.0, 0.0]), tol=1e-3)
    True
    """
    size = np.abs(x_hat)
    found = (size > tol * size.max()) & (size > 0.0)
    return bool(np.array_equal(found, x != 0.0))


def most_of_support(x_hat: Vector, x: Vector, tol: float) -> bool:
    """Whether three quarters of the support are found and the relative error is small.

    The k largest entries of `x_hat` must hold 75 % of the k nonzeros of x, and
    ``||x_hat - x|| <= tol ||x||``.

    Parameters
    ----------
    x_hat, x : ndarray, shape (n,)
    tol : float

    Returns
    -------
    bool

    Notes
    -----
    With ``tol=10**-1.5``, 30 dB, the rule of cr-sparse.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> x = np.array([1.0, 1.0, 1.0, 0.1, 0.0])
    >>> st.most_of_support(np.array([1.0, 1.0, 1.0, 0.0, 0.01]), x, tol=0.1)
    True
    """
    true = np.flatnonzero(x)
    largest = np.argsort(-np.abs(x_hat), kind="stable")[: true.size]
    found = np.count_nonzero(x_hat[np.intersect1d(largest, true)])
    return bool(found >= MOST * true.size and relative_error(x_hat, x, tol))
