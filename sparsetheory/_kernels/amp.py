"""Approximate message passing."""

import numpy as np

from sparsetheory._kernels._compile import compiled
from sparsetheory._kernels.linear import adjoint, assign, forward_on
from sparsetheory._kernels.threshold import soft_threshold


@compiled
def message_passing(A, y, m, energy, alpha, damping, max_iter, tol, x):
    """Run damped approximate message passing from zero, in place.

    There are `m` measurements, and `energy` is the mean squared norm of the columns, by
    which A is normalised. The
    threshold is `alpha` times the standard deviation of the effective noise, estimated
    by the residual. Stops also when the iterates overflow.

    Returns
    -------
    n_iter : int
    misfit : float
        ``||y - A x|| / ||y||``.
    """
    size = np.sqrt(y @ y)
    if size == 0.0:
        x[:] = 0.0
        return 0, 0.0
    z, new = y.copy(), np.empty_like(x)
    misfit = 1.0
    x[:] = 0.0
    for it in range(1, max_iter + 1):
        deviation = np.sqrt((z @ z) / m / energy)
        soft_threshold(x + adjoint(A, z) / energy, alpha * deviation, new)
        active = np.flatnonzero(new)
        r = y - forward_on(A, new, active)
        misfit = np.sqrt(r @ r) / size
        if not np.isfinite(misfit):
            return it, np.inf
        z = (1.0 - damping) * (r + z * (active.size / m)) + damping * z
        assign(x, (1.0 - damping) * new + damping * x)
        if misfit <= tol:
            assign(x, new)
            return it, misfit
    return max_iter, misfit
