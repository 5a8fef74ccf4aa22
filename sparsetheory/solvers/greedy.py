"""Solvers that keep k entries."""

import numpy as np
import numpy.typing as npt

from sparsetheory._checks import (
    check_integer,
    check_loop,
    check_number,
    check_problem,
    check_scales,
    check_start,
    warn_unconverged,
)
from sparsetheory._kernels import compile_for
from sparsetheory._kernels.greedy import fixed_step_iht, normalised_iht
from sparsetheory._kernels.threshold import ENTRIES, hard_threshold
from sparsetheory._kernels.watch import current_watch
from sparsetheory.types import MeasurementOperator, Recovery


def iht(
    A: MeasurementOperator,
    y: npt.ArrayLike,
    k: int,
    *,
    step: float | None = None,
    accelerate: bool = False,
    x0: npt.ArrayLike | None = None,
    max_iter: int = 3000,
    tol: float = 1e-12,
) -> Recovery:
    r"""Fit a k-sparse vector by iterative hard thresholding.

    .. math:: \min_x \tfrac12 \|y - A x\|_2^2
        \quad\text{subject to}\quad \|x\|_0 \le k,
        \qquad x \leftarrow H_k(x + \mu A^T (y - A x)),

    where :math:`H_k` keeps the k largest magnitudes. The problem is not convex: the
    result is a fixed point, not always the minimum.

    Parameters
    ----------
    A : array or operator, shape (m, n)
        Compiled code runs for an array and a `BlockCirculant`; anything else needs
        ``@`` and ``.T``.
    y : array_like, shape (m,)
        If `A` and `y` are arrays of float32, all is done in single precision.
    k : int
        Number of entries to keep, in 0..n.
    step : float, optional
        Fixed step :math:`\mu`. By default it adapts (normalised IHT [1]_): exact along
        the gradient on the support, cut when the residual could grow. A fixed
        ``1 / ||A||^2`` often sticks at a wrong point; one above it can diverge.
    accelerate : bool
        Go on, after a step that leaves the support alone, along the move before it,
        made conjugate to the step [2]_: conjugate gradients for as long as the support
        stays. Fixed points are the same and the residual never grows; with half the
        iterations or fewer, and the same products with A in each. Needs the adaptive
        step.
    x0 : array_like, shape (n,), optional
        Start, by default zero; its k largest entries are used.
    max_iter : int
    tol : float
        Stop when an iteration moves x by at most ``tol * ||x||``, in single precision
        at least the rounding 1.2e-7; 0 runs all iterations.

    Returns
    -------
    Recovery
        With at most k nonzeros, of the precision of the data, and no gap.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above; if `accelerate` meets a fixed step.

    Warns
    -----
    ConvergenceWarning
        If `tol` is positive and not reached.

    References
    ----------
    .. [1] T. Blumensath and M. Davies, "Normalized iterative hard thresholding:
       guaranteed stability and performance", IEEE J. Sel. Top. Signal Process.
       4(2), 2010.
    .. [2] T. Blumensath, "Accelerated iterative hard thresholding", Signal Process.
       92(3), 2012, whose accelerations are all that keep a sparse iterate and lower the
       residual. J. Blanchard, J. Tanner, K. Wei, "CGIHT: conjugate gradient iterative
       hard thresholding for compressed sensing and matrix completion", Inf. Inference
       4(4), 2015, restart it where the support changes, as here.

    Examples
    --------
    >>> import sparsetheory as st
    >>> A = st.gaussian(60, 100, rng=0)
    >>> x = st.sparse_signal(100, 5, rng=1)
    >>> found = st.iht(A, A @ x, 5)
    >>> found.converged, bool(abs(found.x - x).max() < 1e-7)
    (True, True)
    """
    A, y = check_problem(A, y, keep_single=True)
    check_scales(A, y)
    n = A.shape[1]
    k = check_integer("k", k, 0, n)
    max_iter, tol = check_loop(max_iter, tol, y.dtype)
    x = np.empty(n, y.dtype)
    hard_threshold(check_start(x0, n), k, x)
    end = current_watch(), max_iter, tol
    if step is None:
        form, z, run = compile_for(A, y, normalised_iht)
        n_iter, change = run(form, z, k, ENTRIES, bool(accelerate), *end, x)
    elif accelerate:
        raise ValueError(f"accelerate needs the adaptive step, got step {step}")
    else:
        step = check_number("step", step)
        form, z, run = compile_for(A, y, fixed_step_iht)
        n_iter, change = run(form, z, k, step, *end, x)
    converged = bool(change <= tol)
    if not converged and tol > 0:
        warn_unconverged("iht", f"relative change {change:.1e} > tol {tol:.1e}", n_iter)
    return Recovery(x, n_iter, converged)
