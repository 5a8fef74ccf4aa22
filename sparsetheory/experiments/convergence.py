"""How fast iterations on sparse vectors converge, beside what theory predicts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sparsetheory._checks import (
    check_integer,
    check_number,
    check_operator,
    check_vector,
    trusted,
)
from sparsetheory._kernels.linear import columns
from sparsetheory.conditions.convexity import Contraction
from sparsetheory.solvers.greedy import iht
from sparsetheory.theory.rates import gradient_rate
from sparsetheory.types import MeasurementOperator, Vector

# Relative to the signal. Rounding moves each iterate by some 1e-16.
END, FLOOR, FAR = 1e-12, 1e-11, 1e6
MOST, FEWEST = 10, 5


@dataclass(frozen=True, eq=False)
class Descent:
    """Errors of one run and the rate at which its tail shrinks.

    Attributes
    ----------
    errors : ndarray
        ``||x_t - x||`` from t = 0 on, which is zero's.
    found : int or None
        The iteration from which on the support is that of x; None if it is not so at
        the end.
    window : tuple of int or None
        First and last iteration of the tail: the last ten steps after `found` that end
        above the floor of rounding, or as many as there are. None if fewer than five.
    rate : float
        Exponential of the slope of log errors by least squares over the window; NaN
        without one.
    spread : tuple of float
        Least and largest ratio of errors that follow one another in the window.
    """

    errors: Vector
    found: int | None
    window: tuple[int, int] | None
    rate: float
    spread: tuple[float, float]


@dataclass(frozen=True, eq=False)
class ConvergenceRate:
    r"""Measured contraction of masked gradient descent and of IHT, and predictions.

    Attributes
    ----------
    k : int
        Nonzeros of the signal.
    step : float
    alpha, beta : float
        Extreme eigenvalues of :math:`A_S^T A_S` on its support S.
    masked, iht : Descent
        Gradient descent on S alone, and `iht`, both from zero with the same step.
    bounds : tuple of Contraction
        Those that were given.
    """

    k: int
    step: float
    alpha: float
    beta: float
    masked: Descent
    iht: Descent
    bounds: tuple[Contraction, ...]

    @property
    def predicted(self) -> float:
        """The exact limit of both rates, once IHT has found the support.

        See `gradient_rate`. No ratio of errors that follow one another on the support
        is above it.
        """
        return float(gradient_rate(self.alpha, self.beta, self.step))


def convergence_rate(
    A: MeasurementOperator,
    x: npt.ArrayLike,
    *,
    step: float | None = None,
    bounds: Iterable[Contraction] = (),
    max_iter: int = 2000,
) -> ConvergenceRate:
    r"""Measure how fast masked gradient descent and IHT find a sparse signal.

    Data are ``y = A x``. On the support S both iterate

    .. math:: x_S \leftarrow x_S + \eta A_S^T (y - A_S x_S),

    the former from the beginning, `iht` from where it has found S on; the error is then
    multiplied by :math:`I - \eta A_S^T A_S`, and ratios of its norms rise towards
    :math:`\max_i |1 - \eta\lambda_i|`, unless the error lacks the slowest eigenvectors.
    Where it has little of them, or two rates lie close together, rounding ends the run
    before the limit shows: the measured rate is then below it, by .01 in some problems.

    Parameters
    ----------
    A : array or operator, shape (m, n)
    x : array_like, shape (n,)
        With at least one nonzero; IHT keeps as many.
    step : float, optional
        η, by default the best on the support, 2 / (α + β).
    bounds : iterable of Contraction, optional
        Guarantees to keep with the result, such as those of `convergence_bounds`.
    max_iter : int
        A run also ends where the error is 1e-12 of the signal, or a million times it.

    Returns
    -------
    ConvergenceRate

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above, or A is zero on the support.

    Examples
    --------
    >>> import sparsetheory as st
    >>> A, x = st.gaussian(200, 400, rng=1), st.sparse_signal(400, 10, rng=2)
    >>> found = st.convergence_rate(A, x, step=1.0)
    >>> bool(abs(found.iht.rate - found.predicted) < 1e-4)
    True
    """
    A = check_operator(A)
    x = check_vector("x", x, A.shape[1])
    max_iter = check_integer("max_iter", max_iter, 1)
    support = np.flatnonzero(x)
    k = support.size
    if k == 0:
        raise ValueError("x must have a nonzero, got zeros alone")
    part = np.asfortranarray(columns(A, support).T)
    eigenvalues = np.linalg.svd(part, compute_uv=False) ** 2
    beta = float(eigenvalues[0])
    alpha = float(eigenvalues[-1]) if k <= A.shape[0] else 0.0
    if beta == 0:
        raise ValueError("A must not be zero on the support of x")
    step = 2 / (alpha + beta) if step is None else check_number("step", step)
    y = np.asarray(A @ x)
    masked = _descend(part, y, x[support], step, max_iter)
    whole = _descend(A, y, x, step, max_iter)
    return ConvergenceRate(k, step, alpha, beta, masked, whole, tuple(bounds))


def _descend(
    A: MeasurementOperator, y: Vector, x: Vector, step: float, max_iter: int
) -> Descent:
    support = np.flatnonzero(x)
    size = float(np.linalg.norm(x))
    z, errors, same = np.zeros(x.size), [size], [False]
    with trusted(A):
        while len(errors) <= max_iter and END * size < errors[-1] < FAR * size:
            z = iht(A, y, support.size, step=step, x0=z, max_iter=1, tol=0.0).x
            errors.append(float(np.linalg.norm(z - x)))
            same.append(np.array_equal(np.flatnonzero(z), support))
    found = len(same) - int(np.argmin(same[::-1])) if same[-1] else None
    return Descent(np.array(errors), found, *tail(np.array(errors), found))


def tail(
    errors: Vector, found: int | None
) -> tuple[tuple[int, int] | None, float, tuple[float, float]]:
    """Return window, rate and spread of errors, as `Descent` has them."""
    none = None, np.nan, (np.nan, np.nan)
    if found is None:
        return none
    last = int(np.flatnonzero(errors > FLOOR * errors[0])[-1])
    first = max(found, last - MOST)
    if last - first < FEWEST:
        return none
    logs = np.log(errors[first : last + 1])
    ratios = np.exp(np.diff(logs))
    rate = np.exp(np.polyfit(np.arange(logs.size), logs, 1)[0])
    return (first, last), float(rate), (float(ratios.min()), float(ratios.max()))
