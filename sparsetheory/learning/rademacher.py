"""Rademacher complexity of sparse linear classes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sparsetheory._checks import (
    check_array,
    check_groups,
    check_integer,
    check_number,
)
from sparsetheory._kernels.threshold import Groups
from sparsetheory._parallel import blas_held
from sparsetheory._rng import fair_signs
from sparsetheory.types import Counts, Matrix, Vector

MOST = 24  # samples, whose 2^23 signs up to sign are tried in some seconds
LOW = 10  # signs in a block, as the logarithm of their number
SIZE = 256  # draws in a block, or fewer so that
HELD = 2**22  # entries are held at a time


@dataclass(frozen=True, slots=True, eq=False)
class RademacherComplexity:
    """Empirical Rademacher complexities, by `rademacher_complexity`.

    Attributes
    ----------
    k : ndarray of int
        Features, or groups of them, that a function may use.
    value : ndarray, shape of `k`
        Exact but for rounding, or means over random signs.
    error : ndarray, shape of `k`
        Standard errors of the means; 0 where exact.
    trials : int
        Signs drawn, or all :math:`2^m`.
    exact : bool
    """

    k: Counts
    value: Vector
    error: Vector
    trials: int
    exact: bool


def rademacher_complexity(
    X: npt.ArrayLike,
    k: npt.ArrayLike | None = None,
    *,
    radius: float = 1.0,
    groups: npt.ArrayLike | None = None,
    trials: int | None = None,
    seed: int = 0,
) -> RademacherComplexity:
    r"""Empirical Rademacher complexity of linear functions of k features.

    .. math:: \frac1m E_\sigma \sup_{\|w\|_0 \le k,\, \|w\|_2 \le B}
        \sum_{i=1}^m \sigma_i \langle w, x_i \rangle
        = \frac Bm E_\sigma \|X^T \sigma\|_{(k)}

    with independent fair signs and the norm of the k largest entries. At k = 1 it is
    that of the ℓ1 ball of radius B, and at k = n that of the ℓ2 ball; it rises with k
    between them. With groups, w has at most k nonzero groups, and the norm is that of
    the k groups with most energy; at k = 1 it is the class of
    :math:`\sum_g \|w_g\|_2 \le B`. The convex hull, a ball of the k-support norm [2]_,
    has the same.

    Exact over all signs, or by Monte Carlo.

    Parameters
    ----------
    X : array_like, shape (m, n)
        Samples in rows.
    k : array_like of int, optional
        From 1 to the number of features or groups, by default each of these.
    radius : float
        B, positive.
    groups : int or array_like of int or str, shape (n,), optional
        Size of consecutive groups, a divisor of n; or the label of each feature's.
    trials : int, optional
        Random signs, at least 2; by default all are tried, for up to 24 samples.
    seed : int
        Of the random signs, non-negative. More trials begin with the same signs.

    Returns
    -------
    RademacherComplexity

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    See Also
    --------
    rademacher_bounds, sparsetheory.theory.order.expected_top_norm

    References
    ----------
    .. [1] P. Bartlett, S. Mendelson, "Rademacher and Gaussian complexities: risk bounds
       and structural results", J. Mach. Learn. Res. 3, 2002. Theirs is twice as large.
    .. [2] A. Argyriou, R. Foygel, N. Srebro, "Sparse prediction with the k-support
       norm", NeurIPS 2012.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> X = np.cos(np.outer(np.arange(1, 11), np.arange(1, 7)))
    >>> st.rademacher_complexity(X).value.round(4)
    array([0.3725, 0.4539, 0.4924, 0.5115, 0.5197, 0.5223])
    >>> found = st.rademacher_complexity(X, 3, trials=2000)
    >>> bool(abs(found.value - 0.4924) < 4 * found.error)
    True
    """
    X, scale, groups, k = check_class(X, k, groups, radius)
    m = X.shape[0]
    if trials is None:
        if m > MOST:
            raise ValueError(f"X must have at most {MOST} rows without trials, got {m}")
    else:
        trials = check_integer("trials", trials, 2)
    rng = np.random.default_rng(check_integer("seed", seed, 0))
    with blas_held():
        images = _images(X) if trials is None else _drawn(X, trials, rng)
        count, mean, spread = 0, np.zeros(k.size), np.zeros(k.size)
        for block in images:
            norms = _top_norms(block, groups, k.ravel())
            size, centre = len(norms), norms.mean(axis=0)
            apart, total = centre - mean, count + size
            spread += ((norms - centre) ** 2).sum(axis=0)
            spread += apart**2 * (count * size / total)
            mean += apart * (size / total)
            count = total
    factor = scale / m
    error = np.zeros(k.size)
    if trials is not None:
        error = factor * np.sqrt(spread / (count - 1) / count)
    return RademacherComplexity(
        k,
        (factor * mean).reshape(k.shape),
        error.reshape(k.shape),
        2**m if trials is None else trials,
        trials is None,
    )


def check_class(
    X: npt.ArrayLike,
    k: npt.ArrayLike | None,
    groups: npt.ArrayLike | None,
    radius: float,
) -> tuple[Matrix, float, Groups, Counts]:
    """Return X over a power of two, the radius times it, the groups and k."""
    A = check_array("X", X, 2)
    if 0 in A.shape:
        raise ValueError(f"X must have rows and columns, got shape {A.shape}")
    n = A.shape[1]
    parts = check_groups(1 if groups is None else groups, n)
    number = parts.starts.size - 1
    given = np.arange(1, number + 1) if k is None else np.asarray(k)
    if given.size == 0:
        raise ValueError("k must not be empty")
    values = [check_integer("k", each, 1, number) for each in given.ravel().tolist()]
    ks = np.array(values, dtype=np.int64).reshape(given.shape)
    power = float(np.ldexp(1.0, np.clip(np.frexp(np.abs(A).max())[1], -1000, 1000)))
    return A / power, check_number("radius", radius) * power, parts, ks


def _images(X: Matrix) -> Iterator[Matrix]:
    """Yield X^T s for all signs s, the first of them plus, in blocks of rows."""
    m = X.shape[0]
    low = min(m - 1, LOW, int(np.log2(max(HELD // X.shape[1], 1))))
    near, far = X[1 : 1 + low], X[1 + low :]
    block = _all_signs(low) @ near
    for signs in _all_signs(m - 1 - low):
        yield block + (X[0] + signs @ far)


def _all_signs(count: int) -> Matrix:
    places = np.arange(2**count)[:, None] >> np.arange(count)
    return np.asarray(1.0 - 2.0 * (places & 1))


def _drawn(X: Matrix, trials: int, rng: np.random.Generator) -> Iterator[Matrix]:
    """Yield X^T s for random signs, in blocks drawn whole, so that more extend them."""
    m, n = X.shape
    size = min(SIZE, max(HELD // n, 1))
    for start in range(0, trials, size):
        signs = fair_signs(size * m, rng).reshape(size, m)
        yield signs[: trials - start] @ X


def _top_norms(images: Matrix, groups: Groups, k: Counts) -> Matrix:
    """Return the norms of the k groups of most energy, in each row, for each k."""
    energies = images**2
    number = groups.starts.size - 1
    if number < energies.shape[1]:
        ordered = energies[:, groups.order]
        energies = np.add.reduceat(ordered, groups.starts[:-1], axis=1)
    energies.partition(np.unique(number - k), axis=1)
    return np.asarray(np.sqrt(np.cumsum(energies[:, ::-1], axis=1)[:, k - 1]))
