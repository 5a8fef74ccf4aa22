"""Best sparse approximations, of which magnitude pruning is one."""

from dataclasses import dataclass
from itertools import combinations, islice
from math import comb, gcd

import numpy as np
import numpy.typing as npt

from sparsetheory._checks import check_array, check_integer, check_vector
from sparsetheory.lottery._layout import Flags
from sparsetheory.lottery.masks import top_mask
from sparsetheory.lottery.saliency import check_quadratic, obs_update
from sparsetheory.types import Matrix, Support, Vector

SUPPORTS = 10**6  # a search over supports is refused beyond
TABLE = 2 * 10**8  # and a table of groups and weights
CHUNK = 4096


@dataclass(frozen=True, slots=True, eq=False)
class Approximation:
    """A nearest vector with few nonzeros.

    Attributes
    ----------
    x : ndarray, shape (n,)
    support : ndarray of int, shape (k,)
        The entries that are kept, ascending; x may be zero there too.
    error : float
        Its distance, exact up to rounding.
    """

    x: Vector
    support: Support
    error: float


def best_k_term(
    w: npt.ArrayLike,
    k: int,
    *,
    p: float = 2.0,
    weights: npt.ArrayLike | None = None,
    nonnegative: bool = False,
) -> Approximation:
    r"""Nearest vector with at most k nonzeros in a weighted :math:`\ell_p` norm.

    .. math:: \min_u \Bigl(\sum_i (c_i |u_i - w_i|)^p\Bigr)^{1/p}
        \quad\text{subject to } \|u\|_0 \le k,
        \text{ and } u \ge 0 \text{ if non-negative.}

    Exact, for every p: it keeps the largest :math:`c_i |w_i|`, or the largest
    :math:`c_i (w_i)_+` under the constraint, which leaves errors that are the least
    entry by entry when sorted. So magnitude pruning is best in every norm that grows
    with each entry and sees neither their signs nor their order; with unequal weights
    or constraints it need not be.

    Parameters
    ----------
    w : array_like, shape (n,)
    k : int
        From 0 to n.
    p : float
        Positive, `numpy.inf` for the largest error; a quasi-norm below 1.
    weights : array_like, shape (n,), optional
        Positive factors c, by default 1.
    nonnegative : bool

    Returns
    -------
    Approximation
        Of equal entries the first are kept.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    References
    ----------
    .. [1] A. Cohen, W. Dahmen, R. DeVore, "Compressed sensing and best k-term
       approximation", J. Amer. Math. Soc. 22(1), 2009.

    Examples
    --------
    >>> import sparsetheory as st
    >>> best = st.best_k_term([3.0, -2.5, 1.5], 2)
    >>> best.support, best.error
    (array([0, 1]), 1.5)
    >>> st.best_k_term([3.0, -2.5, 1.5], 2, weights=[1, 1, 4]).support
    array([0, 2])
    >>> st.best_k_term([3.0, -2.5, 1.5], 2, nonnegative=True).x
    array([3. , 0. , 1.5])
    """
    w = check_array("w", w, 1)
    k = check_integer("k", k, 0, w.size)
    if not p > 0:
        raise ValueError(f"p must be positive, got {p}")
    c = np.ones_like(w)
    if weights is not None:
        c = check_vector("weights", weights, w.size, "w")
    if w.size == 0 or c.min() <= 0:
        got = "an empty w" if w.size == 0 else c.min()
        raise ValueError(f"w must have entries and positive weights, got {got}")
    target = np.maximum(w, 0.0) if nonnegative else w
    kept = top_mask(c * np.abs(target), k)
    x = np.where(kept, target, 0.0)
    return Approximation(x, np.flatnonzero(kept), _lp(c * np.abs(x - w), float(p)))


def _lp(errors: Vector, p: float) -> float:
    """Return the l_p norm; nothing overflows or vanishes."""
    peak = float(errors.max())
    if peak == 0.0 or np.isinf(p):
        return peak
    return peak * float(((errors / peak) ** p).sum() ** (1.0 / p))


def best_quadratic(
    w: npt.ArrayLike, H: npt.ArrayLike, k: int, *, refit: bool = False
) -> Approximation:
    r"""Nearest vector on k entries in the norm of a matrix, by trying all supports.

    .. math:: \min_{|S| = k} \min_u (u - w)^T H (u - w)
        \quad\text{subject to } u = 0 \text{ off } S,

    and u = w on S unless they are fitted again. Then more entries are never worse.
    Otherwise they may be: two that go together can cancel each other's error.

    Parameters
    ----------
    w : array_like, shape (n,)
    H : array_like, shape (n, n)
        Symmetric and positive definite, such as a Hessian.
    k : int
        From 0 to n, with at most a million supports.
    refit : bool
        Whether the kept entries adapt, as in `obs_update`.

    Returns
    -------
    Approximation
        Its error squared is the value above. Of equal supports the first is kept.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    References
    ----------
    .. [1] B. Hassibi, D. Stork, "Second order derivatives for network pruning: optimal
       brain surgeon", NeurIPS 1992.

    Examples
    --------
    Magnitude pruning keeps the first two.

    >>> import sparsetheory as st
    >>> H = [[2.0, 1.8, 0.0], [1.8, 2.0, 0.0], [0.0, 0.0, 1.0]]
    >>> st.best_quadratic([1.0, -1.0, 0.9], H, 2, refit=True).support
    array([0, 2])
    """
    w, H = check_quadratic(w, H)
    n = w.size
    k = check_integer("k", k, 0, n)
    if comb(n, k) > SUPPORTS:
        raise ValueError(
            f"k of n must leave at most {SUPPORTS} supports, "
            f"got {comb(n, k)} for k = {k}, n = {n}"
        )
    inverse = np.asarray(np.linalg.inv(H)) if refit else None
    best, support = np.inf, np.arange(0)
    supports = combinations(range(n), k)
    while chunk := list(islice(supports, CHUNK)):
        kept = np.array(chunk, dtype=np.intp).reshape(len(chunk), k)
        errors = _quadratic_errors(w, H, inverse, kept)
        at = int(errors.argmin())
        if errors[at] < best:
            best, support = float(errors[at]), kept[at]
    mask = np.isin(np.arange(n), support)
    x = obs_update(w, H, mask) if refit else np.where(mask, w, 0.0)
    return Approximation(x, support, max(float((x - w) @ H @ (x - w)), 0.0) ** 0.5)


def _quadratic_errors(
    w: Vector, H: Matrix, inverse: Matrix | None, kept: Support
) -> Vector:
    """Return the least error of each support, by what goes.

    With refitting it is ``w_R' ([H^-1]_RR)^-1 w_R``.
    """
    gone = np.ones((len(kept), w.size), dtype=bool)
    np.put_along_axis(gone, kept, False, axis=1)
    R = np.nonzero(gone)[1].reshape(len(kept), -1)
    v = w[R][..., None]
    blocks = (H if inverse is None else inverse)[R[:, :, None], R[:, None, :]]
    image = blocks @ v if inverse is None else np.linalg.solve(blocks, v)
    return np.asarray((v * image).sum(axis=(1, 2)))


def best_groups(energies: npt.ArrayLike, sizes: npt.ArrayLike, budget: int) -> Flags:
    """Find the groups of most energy that fit a budget of weights, a knapsack.

    Exact up to the rounding of sums, by dynamic programming. To drop groups of least
    norm until the budget is met is not, unless all sizes are equal.

    Parameters
    ----------
    energies : array_like, shape (number of groups,)
        Worth of each group, not negative: squared norms for the ℓ2 error.
    sizes : array_like of int, shape (number of groups,)
        Weights in each group, positive.
    budget : int
        Weights to keep at most.

    Returns
    -------
    ndarray of bool, shape (number of groups,)
        True for groups that stay.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above, or the table of groups by weights
        would have more than 2e8 entries.

    References
    ----------
    .. [1] R. Bellman, "Dynamic programming", Princeton University Press, 1957.

    Examples
    --------
    >>> import sparsetheory as st
    >>> st.best_groups([4.9, 9.0, 16.0], [2, 4, 2], 4)
    array([ True, False,  True])
    """
    worth = check_array("energies", energies, 1)
    given = np.asarray(sizes)
    if given.shape != worth.shape or worth.size == 0:
        raise ValueError(
            "energies and sizes must be of one shape and not empty, "
            f"got {worth.shape} and {given.shape}"
        )
    if given.dtype.kind not in "iu":
        raise TypeError(f"sizes must be integers, got dtype {given.dtype}")
    if given.min() < 1 or worth.min() < 0:
        raise ValueError(
            "sizes must be positive and energies not negative, "
            f"got {given.min()} and {worth.min()}"
        )
    budget = min(check_integer("budget", budget, 0), int(given.sum()))
    unit = gcd(*(int(s) for s in given))
    counts, room = given.astype(np.int64) // unit, budget // unit
    if worth.size * (room + 1) > TABLE:
        raise ValueError(
            f"the table must have at most {TABLE} entries, "
            f"got {worth.size} groups by {room + 1}"
        )
    best, taken = np.zeros(room + 1), np.zeros((worth.size, room + 1), dtype=bool)
    for g, size in enumerate(counts):
        if size <= room:
            with_it = best[: room + 1 - size] + worth[g]
            taken[g, size:] = with_it > best[size:]
            best[size:] = np.maximum(best[size:], with_it)
    kept = np.zeros(worth.size, dtype=bool)
    for g in reversed(range(worth.size)):
        kept[g] = taken[g, room]
        if kept[g]:
            room -= int(counts[g])
    return kept
