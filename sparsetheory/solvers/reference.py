"""The convex problems by CVXPY: a second opinion, slow and of moderate accuracy.

Linear programs go to HiGHS, the others to Clarabel, an interior-point method; nothing
is shared with the solvers of this package but the checks of input.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from sparsetheory._checks import (
    check_groups,
    check_number,
    check_operator,
    check_problem,
)
from sparsetheory._kernels.threshold import Groups
from sparsetheory.operators import to_dense
from sparsetheory.types import Matrix, MeasurementOperator, Recovery, Vector

FINE: dict[str, Any] = {"tol_gap_abs": 1e-9, "tol_gap_rel": 1e-9}  # of Clarabel


def lasso(A: MeasurementOperator, y: npt.ArrayLike, lam: float) -> Recovery:
    """Minimise ``1/2 ||y - A x||^2 + lam ||x||_1``.

    Parameters
    ----------
    A : array or operator, shape (m, n)
        An operator is formed as a matrix, here and below.
    y : array_like, shape (m,)
    lam : float
        Positive.

    Returns
    -------
    Recovery
        `x` has no exact zeros; `converged` is whether the solver says so; no gap.

    Examples
    --------
    >>> import numpy as np
    >>> from sparsetheory.solvers import reference
    >>> np.abs(reference.lasso(np.eye(3), [3.0, -0.5, 1.5], 1.0).x).round(4)
    array([2. , 0. , 0.5])
    """
    return _penalised(A, y, lam, None)


def group_lasso(
    A: MeasurementOperator,
    y: npt.ArrayLike,
    lam: float,
    groups: npt.ArrayLike,
    *,
    weights: npt.ArrayLike | None = None,
) -> Recovery:
    """Minimise ``1/2 ||y - A x||^2 + lam sum_g w_g ||x_g||_2``.

    Parameters
    ----------
    A : array or operator, shape (m, n)
    y : array_like, shape (m,)
    lam : float
    groups, weights
        As in `group_lasso`.

    Returns
    -------
    Recovery
    """
    A = check_operator(A)
    parts = check_groups(groups, A.shape[1], weights, positive=False)
    return _penalised(A, y, lam, parts)


def basis_pursuit(A: MeasurementOperator, y: npt.ArrayLike) -> Recovery:
    """Minimise ``||x||_1`` subject to ``A x = y``.

    Parameters
    ----------
    A : array or operator, shape (m, n)
    y : array_like, shape (m,)

    Returns
    -------
    Recovery
    """
    return _constrained(A, y, None)


def nonnegative_basis_pursuit(A: MeasurementOperator, y: npt.ArrayLike) -> Recovery:
    """Minimise ``sum(x)`` subject to ``A x = y`` and ``x >= 0``.

    Parameters
    ----------
    A : array or operator, shape (m, n)
    y : array_like, shape (m,)

    Returns
    -------
    Recovery
    """
    return _constrained(A, y, None, one_sided=True)


def group_basis_pursuit(
    A: MeasurementOperator,
    y: npt.ArrayLike,
    groups: npt.ArrayLike,
    *,
    weights: npt.ArrayLike | None = None,
) -> Recovery:
    """Minimise ``sum_g w_g ||x_g||_2`` subject to ``A x = y``.

    Parameters
    ----------
    A : array or operator, shape (m, n)
    y : array_like, shape (m,)
    groups, weights
        As in `group_ista`.

    Returns
    -------
    Recovery
    """
    A = check_operator(A)
    return _constrained(A, y, check_groups(groups, A.shape[1], weights))


def basis_pursuit_denoise(
    A: MeasurementOperator, y: npt.ArrayLike, eps: float
) -> Recovery:
    """Minimise ``||x||_1`` subject to ``||y - A x||_2 <= eps``.

    Parameters
    ----------
    A : array or operator, shape (m, n)
    y : array_like, shape (m,)
    eps : float
        Positive.

    Returns
    -------
    Recovery
    """
    cp = _cvxpy()
    M, y, x, (longest, unit) = _variables(A, y)
    ball = cp.norm2(M @ x - y) <= check_number("eps", eps) / unit
    return _solve(cp.norm1(x), [ball], x, unit / longest)


def _cvxpy() -> Any:
    import cvxpy

    return cvxpy


def _variables(
    A: MeasurementOperator, y: npt.ArrayLike
) -> tuple[Matrix, Vector, Any, tuple[float, float]]:
    """Return A and y over their sizes, the unknown over theirs, and those sizes.

    For the tolerances of the solvers are absolute.
    """
    cp = _cvxpy()
    A, y = check_problem(A, y)
    M = to_dense(A)
    sizes = np.linalg.norm(M, axis=0).max(initial=0.0), np.linalg.norm(y)
    longest, unit = (float(size) if size > 0 else 1.0 for size in sizes)
    return M / longest, y / unit, cp.Variable(A.shape[1]), (longest, unit)


def _norm(x: Any, groups: Groups | None) -> Any:
    cp = _cvxpy()
    if groups is None:
        return cp.norm1(x)
    parts = np.split(groups.order, groups.starts[1:-1])
    norms = [w * cp.norm2(x[g]) for w, g in zip(groups.weights, parts, strict=True)]
    return cp.sum(cp.hstack(norms))


def _penalised(
    A: MeasurementOperator, y: npt.ArrayLike, lam: float, groups: Groups | None
) -> Recovery:
    cp = _cvxpy()
    M, y, x, (longest, unit) = _variables(A, y)
    r = cp.Variable(y.size)  # so that the squares are few and A is not squared
    penalty = check_number("lam", lam) / (longest * unit) * _norm(x, groups)
    objective = 0.5 * cp.sum_squares(r) + penalty
    return _solve(objective, [r == y - M @ x], x, unit / longest)


def _constrained(
    A: MeasurementOperator,
    y: npt.ArrayLike,
    groups: Groups | None,
    one_sided: bool = False,
) -> Recovery:
    cp = _cvxpy()
    M, y, x, (longest, unit) = _variables(A, y)
    equations = [M @ x == y, *([x >= 0] if one_sided else [])]
    solver = cp.HIGHS if groups is None else None
    return _solve(_norm(x, groups), equations, x, unit / longest, solver)


def _solve(
    objective: Any, constraints: Any, x: Any, scale: float, solver: Any = None
) -> Recovery:
    cp = _cvxpy()
    problem = cp.Problem(cp.Minimize(objective), constraints)
    chosen = FINE | {"solver": cp.CLARABEL} if solver is None else {"solver": solver}
    problem.solve(**chosen)
    if x.value is None:
        raise ValueError(f"the problem has no solution: {problem.status}")
    n_iter = problem.solver_stats.num_iters or 0
    done = problem.status == cp.OPTIMAL
    return Recovery(scale * np.asarray(x.value), int(n_iter), done)
