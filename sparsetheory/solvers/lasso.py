"""The LASSO, to a duality gap, for one weight or for many."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sparsetheory._checks import (
    SINGLE,
    check_array,
    check_loop,
    check_number,
    check_problem,
    check_start,
    quiet,
    warn_unconverged,
)
from sparsetheory.operators import operator_norm
from sparsetheory.solvers._descent import HIGH, LOW, Round, WorkingSet
from sparsetheory.solvers._designs import Design, design_of
from sparsetheory.solvers._group_problem import GroupProblem
from sparsetheory.solvers.proximal import fista
from sparsetheory.types import MeasurementOperator, Recovery, Vector

ROUNDING = 1e-12  # relative; of inner products by an operator, taken to be


@dataclass(frozen=True, slots=True, eq=False)
class LassoPath:
    """Solutions of the LASSO for several weights.

    Attributes
    ----------
    lams : ndarray, shape (l,)
        The weights, in the order given.
    x : ndarray, shape (l, n)
        Solutions, one a row.
    gaps : ndarray, shape (l,)
        The duality gap of each.
    n_iter : ndarray of int, shape (l,)
    converged : ndarray of bool, shape (l,)
    duals : ndarray, shape (l, m)
        Dual points that prove the gaps.
    """

    lams: Vector
    x: npt.NDArray[np.float64]
    gaps: Vector
    n_iter: npt.NDArray[np.int64]
    converged: npt.NDArray[np.bool_]
    duals: npt.NDArray[np.float64]


def lasso(
    A: MeasurementOperator,
    y: npt.ArrayLike,
    lam: float,
    *,
    x0: npt.ArrayLike | None = None,
    max_iter: int = 10_000,
    tol: float = 1e-6,
) -> Recovery:
    r"""Solve the LASSO, fast and with a certificate.

    .. math:: \min_x \tfrac12 \|y - A x\|_2^2 + \lambda \|x\|_1

    Coordinate descent on the Gram matrix of a working set [1]_ that grows by the
    columns most correlated with the residual; Newton steps where it is slow. Other
    columns are read again only where a bound lets their correlation exceed lam. No
    copy is made of an array of doubles, in either order of memory, of one in single
    precision with contiguous columns, or of a sparse array in CSC format. The inner
    products of a `BlockCirculant` come from a table, and all correlations from Fourier
    transforms. One that measures only some of its rows, or has a stride that does not
    divide the grid, and any other operator go to `fista`.

    Parameters
    ----------
    A : array, sparse array or operator, shape (m, n)
    y : array_like, shape (m,)
    lam : float
        Weight of the penalty, positive; from ``max |A^T y|`` on, see `lambda_max`, the
        solution is zero. The `alpha` of scikit-learn is ``lam / m``.
    x0 : array_like, shape (n,), optional
        Start, by default zero; no more than m entries of it are used, the largest.
    max_iter : int
        Sweeps over the working set at most, Newton steps counted by what they cost;
        for other operators, iterations.
    tol : float
        Stop when the duality gap is at most ``tol * ||y||^2 / 2``; 0 goes on until
        rounding ends all progress.

    Returns
    -------
    Recovery
        With the duality gap at `x`, an upper bound on its suboptimality, and as `dual`
        the best dual point u seen. ``|A^T u| <= lam``, with room for what rounding can
        do to A^T u, and the gap is the objective at `x` less
        ``(||y||^2 - ||y - u||^2) / 2``. `x` is in single precision if `A` and `y` are;
        sums are not, the gap is that of the rounded `x`, and a tolerance below 1.2e-7
        counts as that.

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
    lasso_path : For many weights.
    lasso_gap : The gap of any `x`, computed anew.
    fista : The textbook method, for any operator.

    References
    ----------
    .. [1] J. Friedman, T. Hastie, R. Tibshirani, "Regularization paths for generalized
       linear models via coordinate descent", J. Stat. Softw. 33(1), 2010. M. Massias,
       A. Gramfort, J. Salmon, "Celer: a fast solver for the lasso with dual
       extrapolation", ICML 2018, for working sets.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> A = st.gaussian(100, 1000, rng=0)
    >>> y = A @ st.sparse_signal(1000, 5, rng=1)
    >>> found = st.lasso(A, y, 0.1 * st.lambda_max(A, y), tol=1e-9)
    >>> found.support.size, found.converged
    (5, True)
    >>> bool(np.abs(A.T @ found.dual).max() <= 0.1 * st.lambda_max(A, y))
    True
    """
    lam = check_number("lam", lam)
    problem = LassoProblem(A, y, x0)
    max_iter, tol = check_loop(max_iter, tol, problem.y.dtype)
    found = problem.solve(lam, tol, max_iter)
    if not found.converged and tol > 0:
        goal = f"duality gap {found.gap:.1e} > {tol * problem.half:.1e}"
        warn_unconverged("lasso", goal, found.n_iter, max_iter)
    return found


def lasso_path(
    A: MeasurementOperator,
    y: npt.ArrayLike,
    lams: npt.ArrayLike,
    *,
    max_iter: int = 10_000,
    tol: float = 1e-6,
) -> LassoPath:
    """Solve the LASSO for several weights, each from the solution before.

    Norms, inner products and the working set are kept from one to the next, so that
    descending weights cost least. What is said of `lasso` holds for each.

    Parameters
    ----------
    A : array, sparse array or operator, shape (m, n)
    y : array_like, shape (m,)
    lams : array_like, shape (l,)
        Positive, in any order.
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
    >>> st.lasso_path(np.eye(3), [3.0, -0.5, 1.5], [2.0, 1.0]).x
    array([[1. , 0. , 0. ],
           [2. , 0. , 0.5]])
    """
    problem = LassoProblem(A, y, None)
    return solve_path("lasso_path", problem, lams, max_iter, tol)


def lambda_max(A: MeasurementOperator, y: npt.ArrayLike) -> float:
    r"""Return the least weight for which the solution of the LASSO is zero.

    .. math:: \lambda_{\max} = \|A^T y\|_\infty

    Parameters
    ----------
    A : array or operator, shape (m, n)
    y : array_like, shape (m,)

    Returns
    -------
    float

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> st.lambda_max(np.eye(3), [3.0, -0.5, 1.5])
    3.0
    """
    A, y = check_problem(A, y)
    return float(np.abs(A.T @ y).max())


class LassoProblem:
    """A matrix and data, with what is known of the solution after each weight."""

    def __init__(
        self,
        A: MeasurementOperator,
        y: npt.ArrayLike,
        x0: npt.ArrayLike | None,
        keep_single: bool = True,
    ) -> None:
        self.A: Any
        self.design: Design | None
        self.A, self.y, self.design, self.z = design_of(A, y, keep_single)
        peak = float(np.abs(self.z).max())
        if peak and not LOW < peak < HIGH:
            raise ValueError(f"y must be rescaled, its entries reach {peak:.1e}")
        self.half = 0.5 * float(self.z @ self.z)
        self.x = check_start(x0, self.A.shape[1])
        self.step: float | None = None
        if self.design is not None:
            self.work = WorkingSet(self.design, self.z)
            self.work.begin(self.x)

    def solve(self, lam: float, tol: float, max_iter: int) -> Recovery:
        """Return the solution, to the tolerance or as good as it gets."""
        if self.design is None:
            return self._by_gradients(lam, tol, max_iter, 0)
        found = self.work.minimise(lam, tol, max_iter)
        if found.full and found.n_iter < max_iter:
            self.x = self._full()
            return self._by_gradients(lam, tol, max_iter, found.n_iter)
        return self._rounded(found, lam, tol)

    def _full(self) -> Vector:
        index = self.work.index
        x = np.zeros(self.A.shape[1])
        x[index] = self.work.x[: index.size]
        return x

    def _rounded(self, found: Round, lam: float, tol: float) -> Recovery:
        assert self.design is not None
        x, gap = self._full(), found.gap
        if self.y.dtype == SINGLE:
            x = x.astype(SINGLE)
            index = self.work.index
            on = x[index].astype(np.float64)
            r = self.design.residual(self.z, index, on)
            primal = 0.5 * float(r @ r) + lam * float(np.abs(on).sum())
            gap = max(primal - found.value, 0.0)
        dual = self.design.original(found.dual)
        return Recovery(x, found.n_iter, gap <= tol * self.half, gap, dual)

    def _by_gradients(
        self, lam: float, tol: float, max_iter: int, before: int
    ) -> Recovery:
        A, y = self.A, self.y.astype(np.float64)
        if self.step is None:
            norm = operator_norm(A)
            self.step = 1.0 / norm / norm if norm > 0.0 else 1.0
        with quiet():
            options: Any = {"max_iter": max_iter - before, "tol": tol}
            found = fista(A, y, lam, step=self.step, x0=self.x, **options)
        x = found.x.astype(self.y.dtype, copy=False)
        self.x = x.astype(np.float64, copy=False)
        r = y - A @ self.x
        rr, yr = float(r @ r), float(y @ r)
        worst = (1.0 + ROUNDING) * float(np.abs(A.T @ r).max())
        s = yr / rr if rr > 0.0 else 0.0
        s = float(np.clip(s, -lam / worst, lam / worst)) if worst > 0.0 else s
        primal = 0.5 * rr + lam * float(np.abs(self.x).sum())
        gap = max(primal - s * yr + 0.5 * s * s * rr, 0.0)
        n_iter = before + found.n_iter
        return Recovery(x, n_iter, gap <= tol * self.half, gap, s * r)


def solve_path(
    name: str,
    problem: LassoProblem | GroupProblem,
    lams: npt.ArrayLike,
    max_iter: int,
    tol: float,
) -> LassoPath:
    """Solve a problem for several weights in turn; `name` is that of the function."""
    each = check_array("lams", lams, 1)
    if each.size == 0 or each.min() <= 0.0:
        least = each.min() if each.size else "none"
        raise ValueError(f"lams must be positive numbers, got {least}")
    max_iter, tol = check_loop(max_iter, tol, problem.y.dtype)
    found = [problem.solve(float(lam), tol, max_iter) for lam in each]
    path = LassoPath(
        each,
        np.array([one.x for one in found]),
        np.array([one.gap for one in found]),
        np.array([one.n_iter for one in found]),
        np.array([one.converged for one in found]),
        np.array([one.dual for one in found]),
    )
    missed = ~path.converged
    if missed.any() and tol > 0:
        count = f"{np.count_nonzero(missed)} of {missed.size} duality gaps"
        goal = f"{count} up to {path.gaps.max():.1e} > {tol * problem.half:.1e}"
        warn_unconverged(name, goal, int(path.n_iter[missed].max()), max_iter)
    return path
