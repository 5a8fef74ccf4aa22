"""The group LASSO, to a duality gap, for one weight or for many."""

import numpy as np
import numpy.typing as npt

from sparsetheory._checks import (
    check_groups,
    check_loop,
    check_number,
    check_problem,
    check_vector,
    warn_unconverged,
)
from sparsetheory._kernels.linear import columns
from sparsetheory._kernels.threshold import group_norms
from sparsetheory.operators import column_norms
from sparsetheory.solvers._group_problem import GroupProblem, penalised
from sparsetheory.solvers._span import EPS, Span
from sparsetheory.solvers.lasso import LassoPath, solve_path
from sparsetheory.types import MeasurementOperator, Recovery


def group_lasso(
    A: MeasurementOperator,
    y: npt.ArrayLike,
    lam: float,
    groups: npt.ArrayLike,
    *,
    weights: npt.ArrayLike | None = None,
    x0: npt.ArrayLike | None = None,
    max_iter: int = 10_000,
    tol: float = 1e-6,
) -> Recovery:
    r"""Solve the group LASSO, fast and with a certificate.

    .. math:: \min_x \tfrac12 \|y - A x\|_2^2 + \lambda \sum_g w_g \|x_g\|_2

    Block coordinate descent on a working set that grows by the groups most correlated
    with the residual. Each group is minimised exactly, in the eigenbasis of its Gram
    matrix [1]_, which is computed when it joins; iterates are extrapolated [2]_. Other
    groups are read again only where a bound lets their correlation exceed lam w_g. No
    copy is made of an array with contiguous columns, in either precision, or of a
    sparse array in CSC format. The inner products of a `BlockCirculant` come from a
    table, and all correlations from Fourier transforms; one without a row of each
    channel at each point of a grid, any other operator, and groups of more than 2048
    columns go to proximal gradient descent with momentum, as `fista`.

    Parameters
    ----------
    A : array, sparse array or operator, shape (m, n)
    y : array_like, shape (m,)
    lam : float
        Weight of the penalty, positive; from `group_lambda_max` on, the solution is
        zero where it is penalised.
    groups : int or array_like of int or str, shape (n,)
        Size of consecutive groups, a divisor of n; or the label of each entry's group,
        in any order and of any sizes.
    weights : array_like, shape (number of groups,), optional
        Weight of each group, in the order of the sorted labels; by default the square
        root of its size. A group of weight zero is not penalised.
    x0 : array_like, shape (n,), optional
        Start, by default zero.
    max_iter : int
        Sweeps over the working set at most; for other operators, iterations.
    tol : float
        Stop when the duality gap is at most ``tol * ||y||^2 / 2``; 0 goes on until
        rounding ends all progress.

    Returns
    -------
    Recovery
        With the duality gap at `x`, an upper bound on its suboptimality, and as `dual`
        the best dual point u seen: ``||A_g^T u|| <= lam w_g``, and the gap is the
        objective less ``(||y||^2 - ||y - u||^2) / 2``. Both up to rounding, of which
        ``A_g^T u`` keeps clear by a bound if w_g is positive. `x` is in single
        precision if `A` and `y` are arrays in it, and the gap is that of the rounded
        `x`; tolerances below 1.2e-7 count as that.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    Warns
    -----
    ConvergenceWarning
        If `tol` is positive and not reached.

    See Also
    --------
    group_lasso_path : For many weights.
    group_lasso_gap, group_lasso_kkt : How good any `x` is.
    group_ista : The textbook method, for any operator.

    References
    ----------
    .. [1] J. Yang and T. Hastie, "A fast and scalable pathwise-solver for group lasso
       and elastic net penalized regression via block-coordinate descent",
       arXiv:2405.08631, 2024.
    .. [2] Q. Bertrand and M. Massias, "Anderson acceleration of coordinate descent",
       AISTATS 2021.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> A = st.gaussian(100, 1000, rng=0)
    >>> y = A @ st.group_sparse_signal(np.arange(1000) // 5, 3, rng=1)
    >>> lam = 0.1 * st.group_lambda_max(A, y, 5)
    >>> found = st.group_lasso(A, y, lam, 5, tol=1e-9)
    >>> found.support.size, found.converged
    (15, True)
    >>> st.group_lasso(np.eye(4), [3.0, 4.0, 0.1, 0.1], 1.0, 2, weights=[1, 1]).x
    array([2.4, 3.2, 0. , 0. ])
    """
    lam = check_number("lam", lam)
    problem = GroupProblem(A, y, groups, weights, x0)
    max_iter, tol = check_loop(max_iter, tol, problem.y.dtype)
    found = problem.solve(lam, tol, max_iter)
    if not found.converged and tol > 0:
        measure = f"duality gap {found.gap:.1e} > {tol * problem.half:.1e}"
        warn_unconverged("group_lasso", measure, found.n_iter, max_iter)
    return found


def group_lasso_path(
    A: MeasurementOperator,
    y: npt.ArrayLike,
    lams: npt.ArrayLike,
    groups: npt.ArrayLike,
    *,
    weights: npt.ArrayLike | None = None,
    max_iter: int = 10_000,
    tol: float = 1e-6,
) -> LassoPath:
    """Solve the group LASSO for several weights, each from the solution before.

    Norms, eigenbases and the working set are kept from one to the next, so that
    descending weights cost least. What is said of `group_lasso` holds for each.

    Parameters
    ----------
    A : array, sparse array or operator, shape (m, n)
    y : array_like, shape (m,)
    lams : array_like, shape (l,)
        Positive, in any order.
    groups, weights
        As in `group_lasso`.
    max_iter : int
        For each.
    tol : float

    Returns
    -------
    LassoPath

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    Warns
    -----
    ConvergenceWarning
        Once, if `tol` is positive and not reached for some weight.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> y = [3.0, 4.0, 0.1, 0.1]
    >>> st.group_lasso_path(np.eye(4), y, [2.5, 1.0], 2, weights=[1, 1]).x
    array([[1.5, 2. , 0. , 0. ],
           [2.4, 3.2, 0. , 0. ]])
    """
    problem = GroupProblem(A, y, groups, weights, None)
    return solve_path("group_lasso_path", problem, lams, max_iter, tol)


def group_lambda_max(
    A: MeasurementOperator,
    y: npt.ArrayLike,
    groups: npt.ArrayLike,
    *,
    weights: npt.ArrayLike | None = None,
) -> float:
    r"""Return the least weight for which the solution of the group LASSO is zero.

    .. math:: \lambda_{\max} = \max_g \|A_g^T y\|_2 / w_g

    Where groups are not penalised, y counts less its projection on their span, and the
    solution is zero on all others.

    Parameters
    ----------
    A : array or operator, shape (m, n)
    y : array_like, shape (m,)
    groups : int or array_like of int or str, shape (n,)
    weights : array_like, shape (number of groups,), optional
        As in `group_lasso`.

    Returns
    -------
    float

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> st.group_lambda_max(np.eye(4), [3.0, 4.0, 0.1, 0.1], 2, weights=[1, 1])
    5.0
    """
    A, y = check_problem(A, y)
    parts, free = penalised(check_groups(groups, A.shape[1], weights, positive=False))
    if free.size == 0:
        norms = group_norms(A.T @ y, parts)
    else:
        norms = group_norms(A.T @ Span(columns(A, free)).off(y), parts)
        reach = group_norms(column_norms(A), parts) * np.linalg.norm(y)
        norms[norms <= EPS * max(A.shape) * reach] = 0.0  # their columns are spanned
    return float((norms / parts.weights).max(initial=0.0))


def group_lasso_kkt(
    A: MeasurementOperator,
    y: npt.ArrayLike,
    lam: float,
    groups: npt.ArrayLike,
    x: npt.ArrayLike,
    *,
    weights: npt.ArrayLike | None = None,
) -> float:
    r"""Return by how much x breaks the conditions for a minimum of the group LASSO.

    With :math:`c = A^T (y - A x) / \lambda`, x is a minimum if and only if

    .. math:: c_g = w_g \frac{x_g}{\|x_g\|_2} \ \text{where } x_g \ne 0, \qquad
        \|c_g\|_2 \le w_g \ \text{elsewhere.}

    Parameters
    ----------
    A : array or operator, shape (m, n)
    y : array_like, shape (m,)
    lam : float
    groups : int or array_like of int or str, shape (n,)
    x : array_like, shape (n,)
    weights : array_like, shape (number of groups,), optional
        As in `group_lasso`.

    Returns
    -------
    float
        The largest euclidean distance of a c_g from what it should be; it has no unit.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    References
    ----------
    .. [1] M. Yuan and Y. Lin, "Model selection and estimation in regression with
       grouped variables", J. R. Stat. Soc. B 68(1), 2006.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> y = [3.0, 4.0, 0.1, 0.1]
    >>> x = st.group_lasso(np.eye(4), y, 1.0, 2, weights=[1, 1]).x
    >>> st.group_lasso_kkt(np.eye(4), y, 1.0, 2, x, weights=[1, 1]) < 1e-14
    True
    >>> st.group_lasso_kkt(np.eye(4), y, 1.0, 2, np.zeros(4), weights=[1, 1])
    4.0
    """
    A, y = check_problem(A, y)
    lam = check_number("lam", lam)
    parts = check_groups(groups, A.shape[1], weights, positive=False)
    point = check_vector("x", x, A.shape[1])
    order, starts, w = parts
    sizes = np.diff(starts)
    norms = group_norms(point, parts)
    on = norms > 0.0
    units = point[order] / np.repeat(np.where(on, norms, 1.0), sizes)
    away = np.asarray(A.T @ (y - A @ point))[order] / lam - np.repeat(w, sizes) * units
    each = np.sqrt(np.add.reduceat(away**2, starts[:-1]))
    return float(np.where(on, each, np.maximum(each - w, 0.0)).max())
