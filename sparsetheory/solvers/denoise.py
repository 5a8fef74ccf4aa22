"""The least l1 norm within a distance of the data."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse.linalg import lsmr

from sparsetheory._checks import check_loop, check_number, warn_unconverged
from sparsetheory.operators import to_dense
from sparsetheory.solvers._descent import HIGH, LOW
from sparsetheory.solvers.basis_pursuit import basis_pursuit
from sparsetheory.solvers.lasso import LassoProblem
from sparsetheory.types import MeasurementOperator, Recovery, Vector

SHARE = 0.3  # of the gap allowed, what the LASSO for a weight may leave
WEIGHTS = 60  # tried at most
STEEP = 0.01  # of a squared weight, the next where nothing better is known
LEAST = 1e-9  # of the largest weight: from here the distance to the range is computed
VANISHING = 1e-15  # of it: from there rounding is all that a weight would change
ROUNDING = 1e-12  # relative to y
FORMED = 2**24  # entries up to which least squares form an operator as an array


def basis_pursuit_denoise(
    A: MeasurementOperator,
    y: npt.ArrayLike,
    eps: float,
    *,
    max_iter: int = 10_000,
    tol: float = 1e-6,
) -> Recovery:
    r"""Minimise the l1 norm within a distance of the data.

    .. math:: \min_x \|x\|_1 \quad\text{subject to}\quad \|y - A x\|_2 \le \epsilon

    The solution is that of a LASSO. The squared residual of the LASSO is a function of
    its squared weight that is continuous, grows, and is linear while the support and
    the signs stay; secants find where it is eps^2 [1]_. Between the last two points
    lies the one returned, of residual eps but for ``1e-12 ||y||``.

    Parameters
    ----------
    A : array, sparse array or operator, shape (m, n)
        Treated as in `lasso`, but that single precision is solved in double, and the
        result is in double.
    y : array_like, shape (m,)
    eps : float
        From ``||y||`` on the solution is zero; for 0 it is that of `basis_pursuit`,
        which see.
    max_iter : int
        For each weight, as in `lasso`.
    tol : float
        Stop when the duality gap is at most ``tol * ||x||_1``.

    Returns
    -------
    Recovery
        With the duality gap at `x`: its norm less ``y.u - eps ||u||``, with `dual` as
        u, of which ``|A^T u| <= 1``, see `lasso`; None if eps is zero. `n_iter` counts
        those of all weights.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above; if y is further than eps from the
        range of A; or if least squares find no x within eps, which for an operator of
        more than 2^24 entries is by iterations that a bad condition slows down.

    Warns
    -----
    ConvergenceWarning
        If `tol` is positive and not reached.

    References
    ----------
    .. [1] E. van den Berg and M. Friedlander, "Probing the Pareto frontier for basis
       pursuit solutions", SIAM J. Sci. Comput. 31(2), 2008, who find the root in the
       norm of x instead.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> A = st.gaussian(60, 200, rng=0)
    >>> y = A @ st.sparse_signal(200, 5, rng=1)
    >>> found = st.basis_pursuit_denoise(A, y, 0.1)
    >>> bool(np.isclose(np.linalg.norm(y - A @ found.x), 0.1, rtol=1e-9))
    True
    >>> u = found.dual
    >>> gap = np.abs(found.x).sum() - (y @ u - 0.1 * np.linalg.norm(u))
    >>> bool(np.isclose(found.gap, gap, rtol=1e-3, atol=1e-9))
    True
    """
    eps = check_number("eps", eps, positive=False)
    max_iter, tol = check_loop(max_iter, tol)
    problem = LassoProblem(A, y, None, keep_single=False)
    A, y = problem.A, problem.y
    length = float(np.linalg.norm(y))
    zero = np.zeros(A.shape[1])
    if eps >= length:
        return Recovery(zero, 0, True, 0.0, np.zeros_like(y))
    if eps == 0.0:
        return basis_pursuit(A, y, max_iter=max_iter, tol=tol)
    top = float(np.abs(A.T @ y).max())
    if top == 0.0:
        raise ValueError(_too_far(length, eps))
    if not LOW < top < HIGH:
        raise ValueError(f"A must be rescaled, its products with y reach {top:.1e}")
    dual, bound = y / top, (length - eps) * length / top
    now = outside = _Point(top**2, zero, y, length**2 - eps**2)
    inside, best, norm, n_iter = None, None, np.inf, 0
    t = (top * max(eps / length, LEAST)) ** 2
    for _ in range(WEIGHTS):
        lam = t**0.5
        found = problem.solve(lam, SHARE * tol * lam * bound / problem.half, max_iter)
        n_iter += found.n_iter
        u = np.asarray(found.dual) / lam
        value = float(y @ u) - eps * float(np.linalg.norm(u))
        if value > bound:
            dual, bound = u, value
        r = y - A @ found.x
        last, now = now, _Point(t, found.x, r, float(r @ r) - eps**2)
        if now.f > 0.0:
            outside = now
        else:
            inside = now
        for one, two in ((last, now), (outside, inside)):
            x = _on_line(A, y, eps, one, two) if two else None
            if x is not None and np.abs(x).sum() < norm:
                best, norm = x, float(np.abs(x).sum())
        if norm - bound <= tol * norm < np.inf:
            break
        if inside is None and t <= (LEAST * top) ** 2 * 1.01:
            x = _nearest(A, y, eps)
            r = y - A @ x
            inside = _Point(0.0, x, r, min(float(r @ r) - eps**2, 0.0))
            best, norm = x, float(np.abs(x).sum())
        low = inside.t if inside else 0.0
        slope = (now.f - last.f) / (now.t - last.t)
        t = now.t - now.f / slope if slope > 0.0 else 0.0
        if not low < t < outside.t:
            t = (low * outside.t) ** 0.5 if low > 0.0 else STEEP * outside.t
        if inside is None:
            t = max(t, (LEAST * top) ** 2)
        if t <= (VANISHING * top) ** 2 or t == now.t:
            break
    if best is None:
        best = _nearest(A, y, eps)
        norm = float(np.abs(best).sum())
    gap = max(norm - bound, 0.0)
    converged = gap <= tol * norm
    if not converged and tol > 0:
        goal = f"duality gap {gap:.1e} > {tol * norm:.1e}"
        warn_unconverged("basis_pursuit_denoise", goal, n_iter)
    return Recovery(best, n_iter, converged, gap, dual)


@dataclass(frozen=True, slots=True, eq=False)
class _Point:
    """The LASSO for the squared weight t: solution, residual, and ``r.r - eps^2``."""

    t: float
    x: Vector
    r: Vector
    f: float


def _on_line(A: Any, y: Vector, eps: float, one: _Point, two: _Point) -> Vector | None:
    """Return the point on the line through two that has a residual of eps."""
    d = two.r - one.r
    a, b = float(d @ d), float(one.r @ d)
    root = b * b - a * one.f
    if a == 0.0 or root < 0.0:
        return None
    ends = (-b - root**0.5) / a, (-b + root**0.5) / a
    s = min(ends, key=lambda end: abs(end - 1.0))
    x: Vector = one.x + s * (two.x - one.x)
    miss = float(np.linalg.norm(y - A @ x)) - eps
    return x if miss <= ROUNDING * float(np.linalg.norm(y)) else None


def _nearest(A: Any, y: Vector, eps: float) -> Vector:
    """Return a solution of least squares if it is within eps of y."""
    formed = isinstance(A, np.ndarray) or A.shape[0] * A.shape[1] <= FORMED
    if formed:
        M = to_dense(A)
        norms = np.linalg.norm(M, axis=0)
        norms[norms == 0.0] = 1.0
        x = np.linalg.lstsq(M / norms, y)[0] / norms
    else:
        x = lsmr(A, y, atol=1e-14, btol=1e-14, conlim=0, maxiter=10 * A.shape[1])[0]
    distance = float(np.linalg.norm(y - A @ x))
    if distance <= eps + ROUNDING * float(np.linalg.norm(y)):
        return np.asarray(x)
    if formed:
        raise ValueError(_too_far(distance, eps))
    # Slow on a matrix of bad condition: it bounds the distance from above alone.
    raise ValueError(
        f"no x was found with A x within eps = {eps} of y, there may be none: "
        f"least squares came to {distance:.6g}"
    )


def _too_far(distance: float, eps: float) -> str:
    return f"eps must be at least {distance:.6g}, y is so far from A x, got {eps}"
