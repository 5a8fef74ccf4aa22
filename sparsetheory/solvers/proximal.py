"""Textbook solvers of the LASSO and the group LASSO, each with a duality gap."""

import numpy as np
import numpy.typing as npt

from sparsetheory._checks import (
    check_groups,
    check_loop,
    check_number,
    check_operator,
    check_problem,
    check_start,
    warn_unconverged,
)
from sparsetheory._kernels import compile_for
from sparsetheory._kernels.proximal import proximal_gradient
from sparsetheory._kernels.threshold import ENTRIES, Groups
from sparsetheory.operators import operator_norm
from sparsetheory.types import MeasurementOperator, Recovery


def ista(
    A: MeasurementOperator,
    y: npt.ArrayLike,
    lam: float,
    *,
    step: float | None = None,
    x0: npt.ArrayLike | None = None,
    max_iter: int = 10_000,
    tol: float = 1e-6,
) -> Recovery:
    r"""Solve the LASSO by proximal gradient descent.

    .. math:: \min_x \tfrac12 \|y - A x\|_2^2 + \lambda \|x\|_1

    The textbook method, for what it teaches; where the solution is what is wanted,
    `lasso` is the one to call, tens of times faster and more.

    Parameters
    ----------
    A : array or operator, shape (m, n)
        Compiled code runs for an array and a `BlockCirculant`; anything else needs
        ``@`` and ``.T``.
    y : array_like, shape (m,)
    lam : float
        Weight of the penalty, positive; from ``max |A^T y|`` on the solution is zero.
        The `alpha` of scikit-learn is ``lam / m``.
    step : float, optional
        Step size, by default ``1 / ||A||^2``; from ``2 / ||A||^2`` on it may diverge.
    x0 : array_like, shape (n,), optional
        Start, by default zero.
    max_iter : int
    tol : float
        Stop when the duality gap is at most ``tol * ||y||^2 / 2``; 0 runs all
        iterations.

    Returns
    -------
    Recovery
        With the duality gap at `x`, an upper bound on its suboptimality.

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
    fista : The same with momentum, faster.
    lasso : Coordinate descent on a working set, much faster still.

    References
    ----------
    .. [1] I. Daubechies, M. Defrise, C. De Mol, "An iterative thresholding algorithm
       for linear inverse problems with a sparsity constraint", Comm. Pure Appl. Math.
       57(11), 2004.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> st.ista(np.eye(3), [3.0, -0.5, 1.5], lam=1.0).x
    array([2. , 0. , 0.5])
    """
    return _solve("ista", A, y, lam, step, ENTRIES, False, x0, max_iter, tol)


def fista(
    A: MeasurementOperator,
    y: npt.ArrayLike,
    lam: float,
    *,
    step: float | None = None,
    x0: npt.ArrayLike | None = None,
    max_iter: int = 10_000,
    tol: float = 1e-6,
) -> Recovery:
    r"""Solve the LASSO by accelerated proximal gradient descent.

    .. math:: \min_x \tfrac12 \|y - A x\|_2^2 + \lambda \|x\|_1

    The momentum [1]_ restarts when it points uphill [2]_. Parameters, result, errors
    and warning are those of `ista`. For arrays, sparse arrays and convolution layers
    `lasso` is the one to call, several to tens of times faster; for an operator that
    can only be applied it comes to this.

    Parameters
    ----------
    A : array or operator, shape (m, n)
    y : array_like, shape (m,)
    lam : float
    step : float, optional
    x0 : array_like, shape (n,), optional
    max_iter : int
    tol : float

    Returns
    -------
    Recovery

    References
    ----------
    .. [1] A. Beck and M. Teboulle, "A fast iterative shrinkage-thresholding
       algorithm for linear inverse problems", SIAM J. Imaging Sci. 2(1), 2009.
    .. [2] B. O'Donoghue and E. Candes, "Adaptive restart for accelerated gradient
       schemes", Found. Comput. Math. 15(3), 2015.

    Examples
    --------
    >>> import sparsetheory as st
    >>> A = st.gaussian(40, 100, rng=0)
    >>> x = st.sparse_signal(100, 4, rng=1)
    >>> bool(abs(st.fista(A, A @ x, lam=1e-3).x - x).max() < 0.01)
    True
    """
    return _solve("fista", A, y, lam, step, ENTRIES, True, x0, max_iter, tol)


def group_ista(
    A: MeasurementOperator,
    y: npt.ArrayLike,
    lam: float,
    groups: npt.ArrayLike,
    *,
    weights: npt.ArrayLike | None = None,
    step: float | None = None,
    x0: npt.ArrayLike | None = None,
    max_iter: int = 10_000,
    tol: float = 1e-6,
) -> Recovery:
    r"""Solve the group LASSO by proximal gradient descent.

    .. math:: \min_x \tfrac12 \|y - A x\|_2^2 + \lambda \sum_g w_g \|x_g\|_2

    Each step is a block soft thresholding [1]_,
    :math:`x_g \leftarrow (1 - \mu\lambda w_g / \|z_g\|)_+ z_g`.

    Parameters
    ----------
    A : array or operator, shape (m, n)
    y : array_like, shape (m,)
    lam : float
        Weight of the penalty, positive.
    groups : int or array_like of int or str, shape (n,)
        Size of consecutive groups, a divisor of n; or the label of each entry's group,
        in any order and of any sizes.
    weights : array_like, shape (number of groups,), optional
        Positive weight of each group, in the order of the sorted labels; by default
        the square root of its size.
    step, x0, max_iter, tol
        As in `ista`.

    Returns
    -------
    Recovery
        With the duality gap at `x`.

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
    group_lasso : Coordinate descent on a working set, much faster.

    References
    ----------
    .. [1] M. Yuan and Y. Lin, "Model selection and estimation in regression with
       grouped variables", J. R. Stat. Soc. B 68(1), 2006.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> y = [3.0, 4.0, 0.1, 0.1]
    >>> st.group_ista(np.eye(4), y, 1.0, [0, 0, 1, 1], weights=[1, 1]).x
    array([2.4, 3.2, 0. , 0. ])
    >>> st.group_ista(np.eye(4), y, 1.0, 2, weights=[1, 1]).x
    array([2.4, 3.2, 0. , 0. ])
    """
    A = check_operator(A)
    parts = check_groups(groups, A.shape[1], weights)
    return _solve("group_ista", A, y, lam, step, parts, False, x0, max_iter, tol)


def _solve(
    name: str,
    A: MeasurementOperator,
    y: npt.ArrayLike,
    lam: float,
    step: float | None,
    groups: Groups,
    accelerate: bool,
    x0: npt.ArrayLike | None,
    max_iter: int,
    tol: float,
) -> Recovery:
    A, y = check_problem(A, y)
    lam = check_number("lam", lam)
    max_iter, tol = check_loop(max_iter, tol)
    x = check_start(x0, A.shape[1])
    if step is None:
        norm = operator_norm(A)
        step = 1.0 / norm / norm if norm > 0.0 else 1.0
        if not 0.0 < step < np.inf:
            raise ValueError(f"A must be rescaled: its norm {norm:.1e} has no square")
    else:
        step = check_number("step", step)
    form, z, run = compile_for(A, y, proximal_gradient)
    n_iter, gap = run(form, z, lam, step, groups, accelerate, max_iter, tol, x)
    goal = tol * 0.5 * float(y @ y)
    converged = bool(gap <= goal)
    if not converged and tol > 0:
        warn_unconverged(name, f"duality gap {gap:.1e} > {goal:.1e}", n_iter)
    return Recovery(x, n_iter, converged, float(gap))
