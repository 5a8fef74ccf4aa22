"""Proofs of recovery and of its failure."""

from enum import IntEnum

import numpy as np
import numpy.typing as npt

from sparsetheory._checks import check_groups, check_operator, check_vector
from sparsetheory._kernels.chebyshev import chebyshev, excess
from sparsetheory._kernels.threshold import ENTRIES, Groups, group_norms
from sparsetheory.operators import to_dense
from sparsetheory.solvers._duals import dual_space, equilibrated, least_singular_value
from sparsetheory.types import Matrix, MeasurementOperator, Vector

DEPENDENT = 1e-14  # unit columns of so small a singular value count as dependent
UNCLEAR = 1e-8  # and of one up to here may or may not be
CURVED = 1e-6  # relative; a smaller slope along dependent columns proves nothing
RADIUS = 0.9  # of the ball first aimed at; any below 1 decides, this one soonest
GROWTH = 0.5  # of the way from a bound to 1
GRADIENT_STEPS = 150  # one Newton step costs about thirty of them
NEWTON_STEPS = 300


class Verdict(IntEnum):
    """What a trial of recovery came to."""

    FAILURE = -1
    UNRESOLVED = 0
    SUCCESS = 1


def l1_verdict(A: MeasurementOperator, x: npt.ArrayLike) -> Verdict:
    r"""Decide whether x is the only minimiser of ``||z||_1`` over ``A z = A x``.

    With S the support of x and s its signs, x is the only minimiser if the columns of
    S are independent and some dual vector w has :math:`A_S^T w = s` and
    :math:`\|A_{S^c}^T w\|_\infty < 1` [1]_. It is not if those columns are dependent,
    or if some e off S, with d the change on S that keeps ``A z``, has
    :math:`s^T d + \|e\|_1 < 0`: then ``x + t (d, e)`` is feasible and of smaller norm
    for small t. A proof of one or the other is sought, and must hold by a relative 1e-9
    for rounding, more where the columns on S are ill-conditioned; columns count as
    dependent if they are to working precision (1e-14 relative). There is no other
    tolerance.

    Parameters
    ----------
    A : array or operator, shape (m, n)
        An operator is formed as a matrix.
    x : array_like, shape (n,)

    Returns
    -------
    Verdict
        ``UNRESOLVED`` when neither was found.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    Notes
    -----
    The dual vectors that match s on S are an affine space, ``f + F q`` off S. Whether
    it meets the open unit box is the verdict; see the kernel `chebyshev`. The verdict
    depends on x through S and s alone.

    References
    ----------
    .. [1] J.-J. Fuchs, "On sparse representations in arbitrary redundant bases",
       IEEE Trans. Inf. Theory 50(6), 2004.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> A = np.array([[1.0, 0.0, 0.9], [0.0, 1.0, 0.9]])
    >>> st.l1_verdict(A, np.array([0.0, 0.0, 1.0])).name
    'SUCCESS'
    >>> st.l1_verdict(A, np.array([1.0, 1.0, 0.0])).name
    'FAILURE'
    """
    dense, x, on = _problem(A, x)
    return _decide(dense, on, np.sign(x[on]))


def nonnegative_verdict(A: MeasurementOperator, x: npt.ArrayLike) -> Verdict:
    r"""Decide whether x is the only minimiser of ``sum(z)`` over ``z >= 0, A z = A x``.

    With S the support of x, it is if the columns of S are independent and some dual
    vector w has :math:`A_S^T w = 1` and :math:`A_{S^c}^T w < 1` [1]_. It is not if
    those columns are dependent, or if some ``e >= 0`` off S, with d the change on S
    that keeps ``A z``, lowers the sum or leaves it: then so does ``x + t (d, e)`` for
    small t. What is said of rounding in `l1_verdict` holds here.

    Parameters
    ----------
    A : array or operator, shape (m, n)
        An operator is formed as a matrix.
    x : array_like, shape (n,)
        Not negative.

    Returns
    -------
    Verdict
        ``UNRESOLVED`` when neither was proved.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    References
    ----------
    .. [1] D. Donoho and J. Tanner, "Sparse nonnegative solution of underdetermined
       linear equations by linear programming", PNAS 102(27), 2005.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> A = np.array([[1.0, 0.0, -0.9], [0.0, 1.0, -0.9]])
    >>> st.nonnegative_verdict(A, np.array([1.0, 1.0, 0.0])).name
    'SUCCESS'
    >>> st.nonnegative_verdict(-A, np.array([1.0, 1.0, 0.0])).name
    'SUCCESS'
    >>> A[:, 2] = 0.6
    >>> st.nonnegative_verdict(A, np.array([1.0, 1.0, 0.0])).name
    'FAILURE'
    """
    dense, x, on = _problem(A, x)
    if x.min() < 0.0:
        raise ValueError(f"x must not be negative, got {x.min()}")
    return _decide(dense, on, np.ones(np.count_nonzero(on)), one_sided=True)


def group_verdict(
    A: MeasurementOperator,
    x: npt.ArrayLike,
    groups: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
) -> Verdict:
    r"""Decide whether x is the only minimiser of a group norm over ``A z = A x``.

    The norm is :math:`\sum_g w_g \|z_g\|_2`, and a group is active if x is not zero on
    it. x is the only minimiser if the columns of the active groups are independent and
    some dual vector v has [1]_

    .. math:: A_g^T v = w_g x_g / \|x_g\|_2 \ \text{on active groups}, \qquad
        \|A_g^T v\|_2 < w_g \ \text{on the others.}

    It is not if the norm falls at once in some direction that keeps ``A z``. A proof of
    one or the other is sought; what is said of rounding in `l1_verdict` holds here.
    Where columns of active groups are dependent only failure can be proved.

    Parameters
    ----------
    A : array or operator, shape (m, n)
        An operator is formed as a matrix.
    x : array_like, shape (n,)
    groups : int or array_like of int or str, shape (n,)
        Size of consecutive groups, a divisor of n; or the label of each entry's group,
        in any order and of any sizes.
    weights : array_like, shape (number of groups,), optional
        Positive weight of each group, in the order of the sorted labels; by default
        the square root of its size.

    Returns
    -------
    Verdict
        ``UNRESOLVED`` when neither was proved.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    Notes
    -----
    Failure is proved by a vector e off the active groups, orthogonal to all
    correlations that dual vectors can have there: in its direction the norm falls at
    the rate ``f.e - sum_g w_g ||e_g||``, with f as in `l1_verdict`.

    References
    ----------
    .. [1] M. Stojnic, F. Parvaresh, B. Hassibi, "On the reconstruction of block-sparse
       signals with an optimal number of measurements", IEEE Trans. Signal Process.
       57(8), 2009.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> A = np.hstack([np.eye(2), 0.6 * np.eye(2)])
    >>> st.group_verdict(A, np.array([3.0, 4.0, 0.0, 0.0]), 2).name
    'SUCCESS'
    >>> st.group_verdict(A, np.array([0.0, 0.0, 3.0, 4.0]), 2).name
    'FAILURE'
    """
    dense, x, _ = _problem(A, x)
    parts = check_groups(groups, x.size, weights)
    sizes = np.diff(parts.starts)
    member = np.empty(x.size, np.int64)
    member[parts.order] = np.repeat(np.arange(sizes.size), sizes)
    norms = group_norms(x, parts)
    on = norms[member] > 0.0
    target = parts.weights[member[on]] * (x[on] / norms[member[on]])
    inactive = norms == 0.0
    # In the order of their groups, over the weights: of unit balls then.
    off = parts.order[~on[parts.order]]
    starts = np.concatenate([[0], np.cumsum(sizes[inactive])])
    rest = Groups(np.arange(off.size), starts, np.ones(starts.size - 1))
    return _decide(dense, on, target, off, parts.weights[member[off]], rest)


def _problem(
    A: MeasurementOperator, x: npt.ArrayLike
) -> tuple[Matrix, Vector, npt.NDArray[np.bool_]]:
    dense = equilibrated(to_dense(check_operator(A)))
    x = check_vector("x", x, dense.shape[1])
    return dense, x, x != 0.0


def _decide(
    A: Matrix,
    on: npt.NDArray[np.bool_],
    target: Vector,
    off: npt.NDArray[np.intp] | None = None,
    weights: Vector | None = None,
    groups: Groups = ENTRIES,
    one_sided: bool = False,
) -> Verdict:
    """Decide whether the dual vectors that match `target` enter the open unit ball.

    The ball is that of the columns `off` over their `weights`; by default of all that
    are not `on`, as they are.
    """
    m, n = A.shape
    k = target.size
    if k == 0:
        return Verdict.SUCCESS
    inside = A[:, on]
    least = 0.0
    if k <= m:
        Q, R = np.linalg.qr(inside, mode="complete")
        least = least_singular_value(R[:k])
    if least <= DEPENDENT:
        return Verdict.FAILURE if groups is ENTRIES else _slope(inside, target)
    if least <= UNCLEAR:
        return Verdict.UNRESOLVED
    if k == n:
        return Verdict.SUCCESS
    if off is None or weights is None:
        others = np.ascontiguousarray(A.T[~on])
    else:
        others = np.ascontiguousarray(A.T[off] / weights[:, None])
    block = int(np.diff(groups.starts).max(initial=1))
    space = dual_space(Q, R[:k], least, others, target, block)
    below, above = 1.0 - space.margin, 1.0 + space.margin
    if not np.isfinite(space.margin):
        return Verdict.UNRESOLVED
    if space.F.shape[1] == 0:
        low = high = excess(space.f, np.inf, groups, one_sided, np.empty(n - k))
    else:
        rule = (RADIUS, GROWTH, below, above, 0.0)
        low, high, _ = chebyshev(
            space.f,
            space.F,
            groups,
            one_sided,
            rule,
            GRADIENT_STEPS,
            NEWTON_STEPS,
            np.empty(n - k),
        )
    return Verdict(int(high < below) - int(low > above))


def _slope(inside: Matrix, target: Vector) -> Verdict:
    """Return failure if `target` has a part in the null space of `inside`.

    Minus that part is then a direction in which the norm falls.
    """
    norms = np.linalg.norm(inside, axis=0)
    norms[norms == 0.0] = 1.0
    _, s, Vt = np.linalg.svd(inside / norms)
    rank = int(np.count_nonzero(s > DEPENDENT * s.max(initial=0.0)))
    slope = target / norms
    steep = np.linalg.norm(Vt[rank:] @ slope) > CURVED * np.linalg.norm(slope)
    return Verdict.FAILURE if steep else Verdict.UNRESOLVED
