"""How far a point is from solving the LASSO or the group LASSO, by a dual point."""

import numpy as np
import numpy.typing as npt

from sparsetheory._checks import (
    check_groups,
    check_number,
    check_operator,
    check_problem,
    check_vector,
)
from sparsetheory._kernels.linear import columns
from sparsetheory._kernels.proximal import dual_scale, penalty
from sparsetheory._kernels.threshold import ENTRIES, Groups
from sparsetheory.solvers._group_problem import penalised
from sparsetheory.solvers._span import Span
from sparsetheory.types import MeasurementOperator


def lasso_gap(
    A: MeasurementOperator,
    y: npt.ArrayLike,
    lam: float,
    x: npt.ArrayLike,
    *,
    dual: npt.ArrayLike | None = None,
) -> float:
    r"""Return an upper bound on how far x is from the minimum of the LASSO.

    .. math:: \tfrac12 \|y - A x\|^2 + \lambda \|x\|_1
        - \max_s \left(\tfrac12 \|y\|^2 - \tfrac12 \|y - s u\|^2\right)
        \quad\text{over}\quad \|s A^T u\|_\infty \le \lambda

    with u the residual or a given vector. It is zero at the solution only, with the
    residual as u. Rounding is that of one product with A and one with its transpose.

    Parameters
    ----------
    A : array or operator, shape (m, n)
    y : array_like, shape (m,)
    lam : float
        Positive.
    x : array_like, shape (n,)
        Any.
    dual : array_like, shape (m,), optional
        Any vector, as `lasso` returns one; by default the residual.

    Returns
    -------
    float

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    References
    ----------
    .. [1] S.-J. Kim, K. Koh, M. Lustig, S. Boyd, D. Gorinevsky, "An interior-point
       method for large-scale l1-regularized least squares", IEEE J. Sel. Top. Signal
       Process. 1(4), 2007.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> st.lasso_gap(np.eye(2), [3.0, 0.5], 1.0, [2.0, 0.0])
    0.0
    >>> st.lasso_gap(np.eye(2), [3.0, 0.5], 1.0, [1.0, 0.0])
    0.53125
    """
    return _gap(A, y, lam, x, ENTRIES, dual, None)


def group_lasso_gap(
    A: MeasurementOperator,
    y: npt.ArrayLike,
    lam: float,
    groups: npt.ArrayLike,
    x: npt.ArrayLike,
    *,
    weights: npt.ArrayLike | None = None,
    dual: npt.ArrayLike | None = None,
) -> float:
    r"""Return an upper bound on how far x is from the minimum of the group LASSO.

    As `lasso_gap`, with :math:`\lambda \sum_g w_g \|x_g\|_2` for the penalty and
    :math:`\|s A_g^T u\|_2 \le \lambda w_g` for the constraint. Where groups are not
    penalised, u counts less its projection on the span of their columns, so that it
    keeps their constraint :math:`A_g^T u = 0`.

    Parameters
    ----------
    A : array or operator, shape (m, n)
    y : array_like, shape (m,)
    lam : float
        Positive.
    groups : int or array_like of int or str, shape (n,)
        As in `group_ista`.
    x : array_like, shape (n,)
    weights : array_like, shape (number of groups,), optional
        As in `group_lasso`, where zero is no penalty.
    dual : array_like, shape (m,), optional
        Any vector; by default the residual.

    Returns
    -------
    float

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> y = [3.0, 4.0, 0.1, 0.1]
    >>> gap = st.group_lasso_gap(np.eye(4), y, 1.0, 2, [2.4, 3.2, 0, 0], weights=[1, 1])
    >>> gap < 1e-12
    True
    """
    A = check_operator(A)
    parts, free = penalised(check_groups(groups, A.shape[1], weights, positive=False))
    span = Span(columns(A, free)) if free.size else None
    return _gap(A, y, lam, x, parts, dual, span)


def lasso_kkt(
    A: MeasurementOperator, y: npt.ArrayLike, lam: float, x: npt.ArrayLike
) -> float:
    r"""Return by how much x misses the optimality conditions of the LASSO.

    With :math:`c = A^T (y - A x) / \lambda`, they are :math:`c_j = \mathrm{sign}(x_j)`
    where x is not zero and :math:`|c_j| \le 1` elsewhere. The largest miss is
    returned, which is zero at the solutions only; it has no unit.

    Parameters
    ----------
    A : array or operator, shape (m, n)
    y : array_like, shape (m,)
    lam : float
        Positive.
    x : array_like, shape (n,)

    Returns
    -------
    float

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> st.lasso_kkt(np.eye(2), [3.0, 0.5], 1.0, [2.0, 0.0])
    0.0
    >>> st.lasso_kkt(np.eye(2), [3.0, 0.5], 1.0, [1.5, 0.0])
    0.5
    """
    A, y = check_problem(A, y)
    lam = check_number("lam", lam)
    x = check_vector("x", x, A.shape[1])
    c = A.T @ (y - A @ x) / lam
    miss = np.where(x == 0.0, np.maximum(np.abs(c) - 1.0, 0.0), np.abs(c - np.sign(x)))
    return float(miss.max())


def _gap(
    A: MeasurementOperator,
    y: npt.ArrayLike,
    lam: float,
    x: npt.ArrayLike,
    groups: Groups,
    dual: npt.ArrayLike | None,
    span: Span | None,
) -> float:
    A, y = check_problem(A, y)
    lam = check_number("lam", lam)
    x = check_vector("x", x, A.shape[1])
    r = y - A @ x
    u = r if dual is None else check_vector("dual", dual, y.size)
    primal = 0.5 * float(r @ r)
    if span is None or groups.weights.size:  # no groups would stand for the entries
        primal += lam * penalty(x, groups)
    if span is not None:  # twice, as little may be left of what lies in the span
        u = span.off(span.off(u))
    uu, yu = float(u @ u), float(y @ u)
    s = yu / uu if uu > 0.0 else 0.0
    if span is None or groups.weights.size:
        most = dual_scale(A.T @ u, lam, groups)
        s = float(np.clip(s, -most, most))
    return float(max(primal - s * yu + 0.5 * s * s * uu, 0.0))
