"""Basis pursuit: the sparsest-looking solution of a linear system."""

import numpy.typing as npt

from sparsetheory._checks import check_groups, check_operator
from sparsetheory._kernels.threshold import ENTRIES
from sparsetheory.solvers._splitting import minimise_norm
from sparsetheory.types import MeasurementOperator, Recovery


def basis_pursuit(
    A: MeasurementOperator,
    y: npt.ArrayLike,
    k: int | None = None,
    *,
    x0: npt.ArrayLike | None = None,
    max_iter: int = 20_000,
    tol: float = 1e-8,
) -> Recovery:
    r"""Find the solution of ``A x = y`` of least l1 norm.

    .. math:: \min_x \|x\|_1 \quad\text{subject to}\quad A x = y

    by a Douglas-Rachford splitting [1]_ whose iterates are feasible to rounding. From
    time to time the vertex that they point at is computed, with the dual vector that
    belongs to it: if the two prove each other optimal, that is the end, with exact
    zeros.

    Parameters
    ----------
    A : array or operator, shape (m, n)
        The projection on ``A x = y`` is prepared once: for a whole `BlockCirculant` per
        frequency, for an array by a factorisation; any other operator is formed as an
        array first.
    y : array_like, shape (m,)
        Must lie in the range of A.
    k : int, optional
        Ignored; a solver of experiments takes ``(A, y, k)``.
    x0 : array_like, shape (n,), optional
        Start, by default zero.
    max_iter : int
    tol : float
        Stop when the duality gap is at most ``tol * ||x||_1``; 0 runs all iterations.

    Returns
    -------
    Recovery
        With the gap: ``||x||_1`` exceeds the minimum by no more.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above; if y is not in the range of A.

    Warns
    -----
    ConvergenceWarning
        If `tol` is positive and not reached.

    References
    ----------
    .. [1] P. Combettes and J.-C. Pesquet, "A Douglas-Rachford splitting approach to
       nonsmooth convex variational signal recovery", IEEE J. Sel. Top. Signal Process.
       1(4), 2007.

    Examples
    --------
    >>> import sparsetheory as st
    >>> A = st.gaussian(40, 80, rng=0)
    >>> x = st.sparse_signal(80, 8, rng=1)
    >>> found = st.basis_pursuit(A, A @ x)
    >>> found.converged, found.support.size, bool(abs(found.x - x).max() < 1e-9)
    (True, 8, True)
    """
    return minimise_norm("basis_pursuit", A, y, ENTRIES, False, x0, max_iter, tol)


def nonnegative_basis_pursuit(
    A: MeasurementOperator,
    y: npt.ArrayLike,
    k: int | None = None,
    *,
    x0: npt.ArrayLike | None = None,
    max_iter: int = 20_000,
    tol: float = 1e-8,
) -> Recovery:
    r"""Find the non-negative solution of ``A x = y`` of least sum.

    .. math:: \min_x \sum_i x_i \quad\text{subject to}\quad A x = y, \ x \ge 0

    by the splitting of `basis_pursuit`, whose iterates need not be non-negative: the
    result is a vertex that they point at, mostly the optimal one, with its gap to a
    dual vector. Where no vertex was found, some non-negative solution is returned.

    Parameters
    ----------
    A : array or operator, shape (m, n)
        As in `basis_pursuit`.
    y : array_like, shape (m,)
        Must be A times some non-negative vector.
    k : int, optional
        Ignored; a solver of experiments takes ``(A, y, k)``.
    x0 : array_like, shape (n,), optional
        Start, by default zero.
    max_iter : int
    tol : float
        Stop when the duality gap is at most ``tol * sum(x)``; 0 runs all iterations.

    Returns
    -------
    Recovery
        With the gap: ``sum(x)`` exceeds the minimum by no more.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above; if ``A x = y`` has no non-negative
        solution.

    Warns
    -----
    ConvergenceWarning
        If `tol` is positive and not reached.

    References
    ----------
    .. [1] D. Donoho and J. Tanner, "Sparse nonnegative solution of underdetermined
       linear equations by linear programming", PNAS 102(27), 2005.

    Examples
    --------
    >>> import sparsetheory as st
    >>> A = st.gaussian(40, 80, rng=0)
    >>> x = st.sparse_signal(80, 18, rng=1, amplitude="nonnegative")
    >>> found = st.nonnegative_basis_pursuit(A, A @ x)
    >>> found.converged, bool(abs(found.x - x).max() < 1e-9)
    (True, True)
    """
    name = "nonnegative_basis_pursuit"
    return minimise_norm(name, A, y, ENTRIES, True, x0, max_iter, tol)


def group_basis_pursuit(
    A: MeasurementOperator,
    y: npt.ArrayLike,
    k: int | None = None,
    *,
    groups: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    x0: npt.ArrayLike | None = None,
    max_iter: int = 20_000,
    tol: float = 1e-8,
) -> Recovery:
    r"""Find the solution of ``A x = y`` of least group norm.

    .. math:: \min_x \sum_g w_g \|x_g\|_2 \quad\text{subject to}\quad A x = y

    by the splitting of `basis_pursuit`. Where the active groups have no more than m
    entries, the solution on them is computed, and ends the search if it is optimal,
    with exact zeros.

    Parameters
    ----------
    A : array or operator, shape (m, n)
        As in `basis_pursuit`.
    y : array_like, shape (m,)
        Must lie in the range of A.
    k : int, optional
        Ignored; a solver of experiments takes ``(A, y, k)``.
    groups : int or array_like of int or str, shape (n,)
        Size of consecutive groups, a divisor of n; or the label of each entry's group,
        in any order and of any sizes.
    weights : array_like, shape (number of groups,), optional
        Positive weight of each group, in the order of the sorted labels; by default
        the square root of its size.
    x0 : array_like, shape (n,), optional
        Start, by default zero.
    max_iter : int
    tol : float
        Stop when the duality gap is at most `tol` times the norm; 0 runs all
        iterations.

    Returns
    -------
    Recovery
        With the gap: the norm of `x` exceeds the minimum by no more.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above; if y is not in the range of A.

    Warns
    -----
    ConvergenceWarning
        If `tol` is positive and not reached.

    References
    ----------
    .. [1] M. Stojnic, F. Parvaresh, B. Hassibi, "On the reconstruction of block-sparse
       signals with an optimal number of measurements", IEEE Trans. Signal Process.
       57(8), 2009.

    Examples
    --------
    >>> import sparsetheory as st
    >>> A = st.gaussian(40, 80, rng=0)
    >>> x = st.group_sparse_signal([i // 4 for i in range(80)], 4, rng=1)
    >>> found = st.group_basis_pursuit(A, A @ x, groups=4)
    >>> found.converged, found.support.size, bool(abs(found.x - x).max() < 1e-9)
    (True, 16, True)
    """
    A = check_operator(A)
    parts = check_groups(groups, A.shape[1], weights)
    name = "group_basis_pursuit"
    return minimise_norm(name, A, y, parts, False, x0, max_iter, tol)
