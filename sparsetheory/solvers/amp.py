"""Approximate message passing."""

import numpy as np
import numpy.typing as npt

from sparsetheory._checks import (
    check_integer,
    check_loop,
    check_number,
    check_problem,
    check_scales,
    warn_unconverged,
)
from sparsetheory._kernels import compile_for
from sparsetheory._kernels.amp import message_passing
from sparsetheory._kernels.threshold import hard_threshold
from sparsetheory.operators import column_norms
from sparsetheory.theory.state_evolution import amp_threshold
from sparsetheory.types import MeasurementOperator, Recovery


def amp(
    A: MeasurementOperator,
    y: npt.ArrayLike,
    k: int,
    *,
    threshold: float | None = None,
    damping: float = 0.3,
    max_iter: int = 500,
    tol: float = 1e-6,
) -> Recovery:
    r"""Fit a k-sparse vector by approximate message passing with soft thresholds.

    .. math:: x \leftarrow \eta(x + A^T z; \alpha\hat\sigma), \qquad
        z \leftarrow y - A x + z\,\|x\|_0 / m, \qquad \hat\sigma = \|z\| / \sqrt m

    for A whose columns have unit norm on average (others are rescaled), both steps
    damped. At the end the k largest entries are kept; until then k plays no part.

    The analysis, and mostly convergence itself, needs a matrix like one with
    independent entries of zero mean: on circulants of random spectrum, convolution
    layers and correlated columns it diverges.

    Parameters
    ----------
    A : array or operator, shape (m, n)
    y : array_like, shape (m,)
    k : int
        Number of entries to keep, in 0..n.
    threshold : float, optional
        The factor :math:`\alpha`, by default `amp_threshold` at m / n, with which it
        succeeds where basis pursuit does as n grows [1]_.
    damping : float
        Weight of the old iterate, in [0, 1).
    max_iter : int
    tol : float
        Stop when ``||y - A x|| <= tol ||y||``; 0 runs all iterations.

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
        If `tol` is positive and not reached.

    References
    ----------
    .. [1] D. Donoho, A. Maleki, A. Montanari, "Message-passing algorithms for
       compressed sensing", PNAS 106(45), 2009.

    Examples
    --------
    >>> import sparsetheory as st
    >>> A = st.gaussian(100, 200, rng=0)
    >>> x = st.sparse_signal(200, 15, rng=1)
    >>> found = st.amp(A, A @ x, 15)
    >>> found.converged, bool(abs(found.x - x).max() < 1e-4)
    (True, True)
    """
    A, y = check_problem(A, y)
    check_scales(A, y)
    m, n = A.shape
    k = check_integer("k", k, 0, n)
    max_iter, tol = check_loop(max_iter, tol)
    damping = check_number("damping", damping, positive=False)
    if damping >= 1.0:
        raise ValueError(f"damping must lie in [0, 1), got {damping}")
    if threshold is None:
        threshold = float(amp_threshold(min(m / n, 1.0)))
    else:
        threshold = check_number("threshold", threshold, positive=False)
    energy = float(np.mean(column_norms(A) ** 2)) or 1.0
    form, z, run = compile_for(A, y, message_passing)
    last = np.zeros(n)
    n_iter, misfit = run(form, z, m, energy, threshold, damping, max_iter, tol, last)
    x = np.empty(n)
    hard_threshold(np.nan_to_num(last), k, x)
    converged = bool(misfit <= tol)
    if not converged and tol > 0:
        warn_unconverged("amp", f"relative residual {misfit:.1e} > {tol:.1e}", n_iter)
    return Recovery(x, int(n_iter), converged)
