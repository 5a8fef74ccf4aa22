"""Greedy solvers that fit by least squares on a support of k entries."""

from typing import Any

import numpy as np
import numpy.typing as npt

from sparsetheory._checks import (
    check_integer,
    check_loop,
    check_number,
    check_problem,
    check_scales,
    check_start,
    check_support,
    check_tol,
    warn_unconverged,
)
from sparsetheory._kernels import compile_for
from sparsetheory._kernels.linear import columns
from sparsetheory._kernels.pursuit import (
    fit,
    hard_thresholding_pursuit,
    orthogonal_matching_pursuit,
    subspace_iteration,
)
from sparsetheory._kernels.threshold import hard_threshold
from sparsetheory._kernels.watch import current_watch
from sparsetheory.operators import column_norms
from sparsetheory.types import MeasurementOperator, Recovery, Vector


def htp(
    A: MeasurementOperator,
    y: npt.ArrayLike,
    k: int,
    *,
    step: float | None = None,
    x0: npt.ArrayLike | None = None,
    max_iter: int = 200,
) -> Recovery:
    r"""Fit a k-sparse vector by hard thresholding pursuit.

    .. math:: S = \operatorname{supp} H_k(x + \mu A^T (y - A x)), \qquad
        x \leftarrow \arg\min_{\operatorname{supp} z \subseteq S} \|y - A z\|_2

    until a support comes twice. Columns of a support that lie within 1e-6, relative, of
    the span of others count as dependent on them and get zero.

    Parameters
    ----------
    A : array or operator, shape (m, n)
        Compiled code runs for an array and a `BlockCirculant`; anything else needs
        ``@`` and ``.T``.
    y : array_like, shape (m,)
        If `A` and `y` are arrays of float32, A is read as it is, the least squares are
        solved in double precision, and x is rounded.
    k : int
        Number of entries to keep, in 0..n.
    step : float, optional
        Step :math:`\mu`, by default one over the mean squared norm of the columns.
    x0 : array_like, shape (n,), optional
        Start, by default zero; its k largest entries are used.
    max_iter : int
        The supports may also end in a cycle, which is not convergence.

    Returns
    -------
    Recovery
        With at most k nonzeros and no gap.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    Warns
    -----
    ConvergenceWarning
        If no support comes twice in a row.

    References
    ----------
    .. [1] S. Foucart, "Hard thresholding pursuit: an algorithm for compressive
       sensing", SIAM J. Numer. Anal. 49(6), 2011.

    Examples
    --------
    >>> import sparsetheory as st
    >>> A = st.gaussian(60, 100, rng=0)
    >>> x = st.sparse_signal(100, 10, rng=1)
    >>> bool(abs(st.htp(A, A @ x, 10).x - x).max() < 1e-12)
    True
    """
    A, y = check_problem(A, y, keep_single=True)
    check_scales(A, y)
    k = check_integer("k", k, 0, A.shape[1])
    max_iter, _ = check_loop(max_iter, 0.0)
    x = _start(x0, A.shape[1], k)
    if step is None:
        energy = float(np.mean(column_norms(A) ** 2))
        step = 1.0 / energy if energy > 0.0 else 1.0
    else:
        step = check_number("step", step)
    form, z, run = compile_for(A, y.astype(np.float64), hard_thresholding_pursuit)
    n_iter, converged = run(form, z, k, step, current_watch(), max_iter, x)
    if not converged:
        warn_unconverged("htp", "changing supports > none", n_iter)
    return Recovery(x.astype(y.dtype), n_iter, bool(converged))


def cosamp(
    A: MeasurementOperator,
    y: npt.ArrayLike,
    k: int,
    *,
    x0: npt.ArrayLike | None = None,
    max_iter: int = 200,
    tol: float = 1e-10,
) -> Recovery:
    r"""Fit a k-sparse vector by compressive sampling matching pursuit.

    Each pass adds the 2k largest correlations with the residual to the support, fits
    by least squares, keeps the k largest coefficients and fits those anew; it ends
    when the residual falls no more. Needs ``3 k <= m`` to be of use.

    Parameters
    ----------
    A : array or operator, shape (m, n)
    y : array_like, shape (m,)
        If `A` and `y` are arrays of float32, as in `htp`.
    k : int
        Number of entries to keep, in 0..n.
    x0 : array_like, shape (n,), optional
        Start, by default zero; its k largest entries are used.
    max_iter : int
    tol : float
        Stop also when ``||y - A x|| <= tol ||y||``; in single precision `tol` is at
        least 1.2e-7.

    Returns
    -------
    Recovery
        With at most k nonzeros and no gap.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    Warns
    -----
    ConvergenceWarning
        If the residual still falls after `max_iter` passes.

    References
    ----------
    .. [1] D. Needell and J. Tropp, "CoSaMP: iterative signal recovery from incomplete
       and inaccurate samples", Appl. Comput. Harmon. Anal. 26(3), 2009.

    Examples
    --------
    >>> import sparsetheory as st
    >>> A = st.gaussian(60, 100, rng=0)
    >>> x = st.sparse_signal(100, 10, rng=1)
    >>> bool(abs(st.cosamp(A, A @ x, 10).x - x).max() < 1e-12)
    True
    """
    return _subspace("cosamp", A, y, k, 2, x0, max_iter, tol)


def subspace_pursuit(
    A: MeasurementOperator,
    y: npt.ArrayLike,
    k: int,
    *,
    x0: npt.ArrayLike | None = None,
    max_iter: int = 200,
    tol: float = 1e-10,
) -> Recovery:
    r"""Fit a k-sparse vector by subspace pursuit.

    As `cosamp`, but adding k correlations in each pass. Parameters, result, errors and
    warning are those of `cosamp`.

    Parameters
    ----------
    A : array or operator, shape (m, n)
    y : array_like, shape (m,)
    k : int
    x0 : array_like, shape (n,), optional
    max_iter : int
    tol : float

    Returns
    -------
    Recovery

    References
    ----------
    .. [1] W. Dai and O. Milenkovic, "Subspace pursuit for compressive sensing signal
       reconstruction", IEEE Trans. Inf. Theory 55(5), 2009.

    Examples
    --------
    >>> import sparsetheory as st
    >>> A = st.gaussian(60, 100, rng=0)
    >>> x = st.sparse_signal(100, 10, rng=1)
    >>> bool(abs(st.subspace_pursuit(A, A @ x, 10).x - x).max() < 1e-12)
    True
    """
    return _subspace("subspace_pursuit", A, y, k, 1, x0, max_iter, tol)


def omp(
    A: MeasurementOperator, y: npt.ArrayLike, k: int, *, tol: float = 1e-10
) -> Recovery:
    r"""Fit a k-sparse vector by orthogonal matching pursuit.

    Each of at most k steps takes the column a that maximises
    :math:`|a^T r| / \|a\|` for the residual r, and fits anew. Columns need not have
    unit norm; one that depends on those taken is passed over.

    Parameters
    ----------
    A : array or operator, shape (m, n)
    y : array_like, shape (m,)
        If `A` and `y` are arrays of float32, as in `htp`.
    k : int
        Number of columns to take at most, in 0..n.
    tol : float
        Stop when ``||y - A x|| <= tol ||y||``; in single precision `tol` is at
        least 1.2e-7.

    Returns
    -------
    Recovery
        With at most k nonzeros. Always converged: the k steps are the algorithm.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    References
    ----------
    .. [1] Y. Pati, R. Rezaiifar, P. Krishnaprasad, "Orthogonal matching pursuit:
       recursive function approximation with applications to wavelet decomposition",
       Asilomar Conf., 1993.

    Examples
    --------
    >>> import sparsetheory as st
    >>> A = st.gaussian(60, 100, rng=0)
    >>> x = st.sparse_signal(100, 5, rng=1)
    >>> bool(abs(st.omp(A, A @ x, 5).x - x).max() < 1e-12)
    True
    """
    A, y = check_problem(A, y, keep_single=True)
    check_scales(A, y)
    k = check_integer("k", k, 0, A.shape[1])
    tol = check_tol(tol, y.dtype)
    x = np.zeros(A.shape[1])
    form, z, run = compile_for(A, y.astype(np.float64), orthogonal_matching_pursuit)
    steps, _ = run(form, z, min(k, A.shape[0]), column_norms(A), tol, x)
    return Recovery(x.astype(y.dtype), int(steps), True)


def debias(A: MeasurementOperator, y: npt.ArrayLike, support: npt.ArrayLike) -> Vector:
    r"""Return the least-squares fit on a support.

    .. math:: \arg\min_{\operatorname{supp} x \subseteq S} \|y - A x\|_2

    which undoes the shrinkage of an l1 penalty [1]_. Columns of the support that lie
    within 1e-6, relative, of the span of others count as dependent on them and get
    zero.

    Parameters
    ----------
    A : array or operator, shape (m, n)
        Its columns on the support are formed.
    y : array_like, shape (m,)
    support : array_like of int, or of bool and shape (n,)
        Indices in 0..n-1, each once, in any order; or a mask.

    Returns
    -------
    ndarray, shape (n,)
        Zero off the support.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    References
    ----------
    .. [1] M. Figueiredo, R. Nowak, S. Wright, "Gradient projection for sparse
       reconstruction", IEEE J. Sel. Top. Signal Process. 1(4), 2007, section II.D.

    Examples
    --------
    >>> import sparsetheory as st
    >>> A = st.gaussian(40, 100, rng=0)
    >>> x = st.sparse_signal(100, 4, rng=1)
    >>> shrunk = st.fista(A, A @ x, lam=0.05)
    >>> bool(abs(st.debias(A, A @ x, shrunk.support) - x).max() < 1e-12)
    True
    """
    A, y = check_problem(A, y)
    check_scales(A, y)
    n = A.shape[1]
    places = check_support(support, n)
    x = np.zeros(n)
    if places.size:
        fit(columns(A, places), y, places, x)
    return x


def _subspace(
    name: str,
    A: Any,
    y: npt.ArrayLike,
    k: int,
    widening: int,
    x0: npt.ArrayLike | None,
    max_iter: int,
    tol: float,
) -> Recovery:
    A, y = check_problem(A, y, keep_single=True)
    check_scales(A, y)
    n = A.shape[1]
    k = check_integer("k", k, 0, n)
    max_iter, tol = check_loop(max_iter, tol, y.dtype)
    x = _start(x0, n, k)
    form, z, run = compile_for(A, y.astype(np.float64), subspace_iteration)
    n_iter, converged = run(form, z, k, min(widening * k, n), max_iter, tol, x)
    if not converged:
        warn_unconverged(name, "a residual that falls by more > 0", n_iter)
    return Recovery(x.astype(y.dtype), int(n_iter), bool(converged))


def _start(x0: npt.ArrayLike | None, n: int, k: int) -> Vector:
    x = np.empty(n)
    hard_threshold(check_start(x0, n), k, x)
    return x
