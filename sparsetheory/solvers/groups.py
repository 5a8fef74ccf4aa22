"""Greedy solvers that keep k whole groups."""

import numpy as np
import numpy.typing as npt

from sparsetheory._checks import (
    check_groups,
    check_integer,
    check_loop,
    check_number,
    check_problem,
    check_scales,
    check_start,
    warn_unconverged,
)
from sparsetheory._kernels import compile_for
from sparsetheory._kernels.greedy import normalised_iht
from sparsetheory._kernels.pursuit import group_matching_pursuit
from sparsetheory._kernels.threshold import heaviest
from sparsetheory._kernels.watch import current_watch
from sparsetheory.types import MeasurementOperator, Recovery


def group_iht(
    A: MeasurementOperator,
    y: npt.ArrayLike,
    k: int,
    groups: npt.ArrayLike,
    *,
    x0: npt.ArrayLike | None = None,
    max_iter: int = 3000,
    tol: float = 1e-12,
) -> Recovery:
    r"""Fit k groups of entries by normalised iterative hard thresholding.

    .. math:: \min_x \tfrac12 \|y - A x\|_2^2
        \quad\text{subject to}\quad \#\{g : x_g \ne 0\} \le k,
        \qquad x \leftarrow H_k(x + \mu A^T (y - A x)),

    where :math:`H_k` keeps the k groups of largest :math:`\|x_g\|_2` [1]_, and the step
    adapts as that of `iht`: exact along the gradient on the groups kept, cut when the
    residual could grow. Groups of one entry make it `iht`.

    Parameters
    ----------
    A : array or operator, shape (m, n)
        Compiled code runs for an array and a `BlockCirculant`; anything else needs
        ``@`` and ``.T``.
    y : array_like, shape (m,)
    k : int
        Number of groups to keep, from 0 to all.
    groups : int or array_like of int or str, shape (n,)
        Size of consecutive groups, a divisor of n; or the label of each entry's group,
        in any order and of any sizes.
    x0 : array_like, shape (n,), optional
        Start, by default zero; its k largest groups are used.
    max_iter : int
    tol : float
        Stop when an iteration moves x by at most ``tol * ||x||``; 0 runs all
        iterations.

    Returns
    -------
    Recovery
        With at most k groups that are not zero, and no gap.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    Warns
    -----
    ConvergenceWarning
        If `tol` is positive and not reached.

    References
    ----------
    .. [1] R. Baraniuk, V. Cevher, M. Duarte, C. Hegde, "Model-based compressive
       sensing", IEEE Trans. Inf. Theory 56(4), 2010. T. Blumensath and M. Davies,
       "Normalized iterative hard thresholding: guaranteed stability and performance",
       IEEE J. Sel. Top. Signal Process. 4(2), 2010, for the step.

    Examples
    --------
    >>> import sparsetheory as st
    >>> A = st.gaussian(60, 120, rng=0)
    >>> x = st.group_sparse_signal([i // 4 for i in range(120)], 4, rng=1)
    >>> found = st.group_iht(A, A @ x, 4, 4)
    >>> found.support.size, bool(abs(found.x - x).max() < 1e-7)
    (16, True)
    """
    A, y = check_problem(A, y)
    check_scales(A, y)
    n = A.shape[1]
    parts = check_groups(groups, n)
    k = check_integer("k", k, 0, parts.weights.size)
    max_iter, tol = check_loop(max_iter, tol)
    start, places, x = check_start(x0, n), np.empty(n, np.int64), np.zeros(n)
    count, _ = heaviest(start, k, 0.0, parts, places)
    x[places[:count]] = start[places[:count]]
    form, z, run = compile_for(A, y, normalised_iht)
    n_iter, change = run(form, z, k, parts, False, current_watch(), max_iter, tol, x)
    converged = bool(change <= tol)
    if not converged and tol > 0:
        measure = f"relative change {change:.1e} > tol {tol:.1e}"
        warn_unconverged("group_iht", measure, n_iter)
    return Recovery(x, int(n_iter), converged)


def group_omp(
    A: MeasurementOperator,
    y: npt.ArrayLike,
    k: int,
    groups: npt.ArrayLike,
    *,
    tol: float = 1e-10,
) -> Recovery:
    r"""Fit k groups of entries by orthogonal matching pursuit.

    Each of at most k steps takes the group on whose span the residual r is longest,

    .. math:: \arg\max_g \|Q_g^T r\|_2,

    :math:`Q_g` an orthonormal basis of the span of the columns of g, and fits anew by
    least squares on all groups taken. This is the rule of [1]_ for groups with
    orthonormal columns, and that of [2]_; neither the scale nor the correlation of the
    columns of a group matters. Columns that depend on those taken get zero, a group of
    nothing else is passed over. Groups of one entry make it `omp`.

    Parameters
    ----------
    A : array or operator, shape (m, n)
        Its columns are formed group by group, once.
    y : array_like, shape (m,)
    k : int
        Number of groups to take at most, from 0 to all.
    groups : int or array_like of int or str, shape (n,)
        As in `group_iht`.
    tol : float
        Stop when ``||y - A x|| <= tol ||y||``.

    Returns
    -------
    Recovery
        With at most k groups that are not zero. Always converged: the k steps are the
        algorithm.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    References
    ----------
    .. [1] Y. Eldar, P. Kuppinger, H. Bolcskei, "Block-sparse signals: uncertainty
       relations and efficient recovery", IEEE Trans. Signal Process. 58(6), 2010.
    .. [2] A. Lozano, G. Swirszcz, N. Abe, "Group orthogonal matching pursuit for
       variable selection and prediction", NIPS, 2009.

    Examples
    --------
    >>> import sparsetheory as st
    >>> A = st.gaussian(60, 120, rng=0)
    >>> x = st.group_sparse_signal([i // 4 for i in range(120)], 4, rng=1)
    >>> bool(abs(st.group_omp(A, A @ x, 4, 4).x - x).max() < 1e-12)
    True
    """
    A, y = check_problem(A, y)
    check_scales(A, y)
    m, n = A.shape
    parts = check_groups(groups, n)
    k = check_integer("k", k, 0, parts.weights.size)
    tol = check_number("tol", tol, positive=False)
    widest = np.sort(np.diff(parts.starts))[::-1]
    capacity = min(m, int(widest[:k].sum()))
    x = np.zeros(n)
    form, z, run = compile_for(A, y, group_matching_pursuit)
    steps, _ = run(form, z, k, capacity, parts, tol, x)
    return Recovery(x, int(steps), True)
