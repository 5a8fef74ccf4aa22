"""What the three kinds of basis pursuit share."""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.linalg import solve_triangular

from sparsetheory._checks import (
    check_loop,
    check_problem,
    check_start,
    warn_unconverged,
)
from sparsetheory._kernels import compile_for
from sparsetheory._kernels.basis_pursuit import douglas_rachford, dual_length, length
from sparsetheory._kernels.linear import columns, inverse
from sparsetheory._kernels.threshold import Groups, group_norms
from sparsetheory.operators import BlockCirculant, to_dense
from sparsetheory.types import MeasurementOperator, Recovery, Vector

SINGULAR = 1e-10  # relative; smaller singular values count as zero
FEASIBLE = 1e-8  # relative; a larger residual is not a solution of A x = y
ROUNDING = 1e-11  # relative
DEGENERATE = 1e-9  # relative; smaller coefficients of a vertex are zeros
THRESHOLD = 0.1  # of the largest entry of the least-norm solution
FIRST_CHUNK = 100  # iterations before the first vertex; then half as many again
DOUBT = 1000  # iterations after which there may be no non-negative solution


def minimise_norm(
    name: str,
    A: MeasurementOperator,
    y: npt.ArrayLike,
    groups: Groups,
    one_sided: bool,
    x0: npt.ArrayLike | None,
    max_iter: int,
    tol: float,
) -> Recovery:
    """Minimise a norm over ``A x = y``; which one, `douglas_rachford` says."""
    A, y = check_problem(A, y)
    max_iter, tol = check_loop(max_iter, tol)
    x = check_start(x0, A.shape[1])
    if not (isinstance(A, BlockCirculant) and A.rows.size == 0):
        A = to_dense(A)
    B, b = row_space(A, y)
    least_norm = B.T @ b
    residual = float(np.linalg.norm(A @ least_norm - y))
    if residual > FEASIBLE * float(np.linalg.norm(y)):
        raise ValueError(
            "y must lie in the range of A; the best fit leaves a relative residual of "
            f"{residual / float(np.linalg.norm(y)):.1e}"
        )
    if not np.any(y):
        return Recovery(np.zeros_like(x), 0, True, 0.0)
    t = THRESHOLD * dual_length(np.abs(least_norm), groups, one_sided)
    form, c, run = compile_for(B, b, douglas_rachford)
    z, u = x.copy(), np.zeros_like(x)
    n_iter, chunk, converged, doubted = 0, FIRST_CHUNK, False, not one_sided
    while not converged and n_iter < max_iter:
        n_steps = min(chunk, max_iter - n_iter)
        steps, bound, drift = run(form, c, t, groups, one_sided, n_steps, tol, x, z, u)
        n_iter += steps
        chunk = FIRST_CHUNK + n_iter // 2
        miss = float(np.linalg.norm(x - z))
        slope, norm = u / t, length(x, groups, one_sided)
        best, gap = x, max(norm - bound, 0.0)
        if tol > 0 or n_iter == max_iter:
            best, gap = _vertex(B, b, best, bound, z, slope, groups, one_sided)
        if np.isinf(gap) and (n_iter == max_iter or (n_iter >= DOUBT and not doubted)):
            doubted = True
            best = _non_negative(B, b, x, z)
            gap = max(length(best, groups, one_sided) - bound, 0.0)
        norm = length(best, groups, one_sided)
        converged = bool(gap <= tol * norm and norm < np.inf)
        if drift > 0.0:  # both residuals alike (He, Yang, Wang 2000); u / t stays
            t *= float(np.clip(np.sqrt(drift / miss), 0.2, 5.0)) if miss > 0 else 5.0
            u = t * slope
    if not converged and tol > 0:
        goal = f"duality gap {gap:.1e} > {tol * norm:.1e}"
        warn_unconverged(name, goal, n_iter)
    return Recovery(best, n_iter, converged, float(gap))


def _vertex(
    B: Any,
    b: Vector,
    x: Vector,
    bound: float,
    z: Vector,
    slope: Vector,
    groups: Groups,
    one_sided: bool,
) -> tuple[Vector, float]:
    """Return the solution of ``B x = b`` on the support of z and its gap.

    `slope` is nearly the subgradient ``B^T w``; w is moved to match that of the
    solution on the support, which for groups consists of whole groups. Returns `x` and
    its gap if that is no better.
    """
    norm = length(x, groups, one_sided)
    given = x, max(norm - bound, 0.0)
    sizes = _sizes(z, groups)
    support = np.flatnonzero(sizes)
    if support.size > b.size:
        if groups.weights.size > 0:
            return given
        support = np.sort(np.argsort(-sizes, kind="stable")[: b.size])
    vertex = np.zeros_like(x)
    while True:
        Q, R = np.linalg.qr(columns(B, support).T)
        pivots = np.abs(np.diag(R))
        if pivots.size == 0 or pivots.min() <= SINGULAR * pivots.max():
            return given
        values = solve_triangular(R, Q.T @ b)
        vertex[:] = 0.0
        vertex[support] = values
        sizes = _sizes(vertex, groups)[support]
        zero = sizes <= DEGENERATE * sizes.max()
        if not zero.any() or zero.all():
            break
        support = support[~zero]  # their signs would be noise
    if np.linalg.norm(Q @ (R @ values) - b) > ROUNDING * np.linalg.norm(b):
        return given
    target = values / sizes
    if groups.weights.size > 0:
        target *= _spread(groups.weights, groups)[support]
    w = B @ slope
    w = w - Q @ (Q.T @ w) + Q @ solve_triangular(R, target, trans="T")
    scale = max(1.0, float(dual_length(B.T @ w, groups, one_sided)))
    value = float(length(vertex, groups, one_sided))
    better = max(value - max(float(b @ w) / scale, bound), 0.0)
    if np.isinf(value) or better > max(given[1], ROUNDING * norm):
        return given
    return vertex, better


def _sizes(x: Vector, groups: Groups) -> Vector:
    """Return the magnitude of each entry, or the norm of its group."""
    return (
        np.abs(x)
        if groups.weights.size == 0
        else _spread(group_norms(x, groups), groups)
    )


def _spread(values: Vector, groups: Groups) -> Vector:
    """Return what its group has, for each entry."""
    out = np.empty(groups.order.size)
    out[groups.order] = np.repeat(values, np.diff(groups.starts))
    return out


def _non_negative(B: Any, b: Vector, x: Vector, z: Vector) -> Vector:
    """Return a non-negative solution of ``B x = b``, on the support of z if it can be.

    Returns `x` where the search gives up.

    Raises
    ------
    ValueError
        If there is none.
    """
    from scipy.optimize import nnls

    size = float(np.linalg.norm(b))
    for places in (np.flatnonzero(z), np.arange(z.size)):
        if places.size == 0:  # of which SciPy's compiled code dies
            continue
        try:
            values, residual = nnls(columns(B, places).T, b)
        except RuntimeError:
            continue
        found = np.zeros_like(x)
        found[places] = values
        if residual <= (ROUNDING if places.size < z.size else FEASIBLE) * size:
            return found
        if places.size == z.size:
            raise ValueError(
                "A x = y must have a non-negative solution; the best fit leaves a "
                f"relative residual of {residual / size:.1e}"
            )
    return x


def row_space(A: Any, y: Vector) -> tuple[Any, Vector]:
    """Return a partial isometry B and b with ``B x = b`` as ``A x = y``.

    ``B^T B`` projects on the row space of A. If y is not in the range of A, ``B x = b``
    is the least-squares condition.
    """
    if isinstance(A, BlockCirculant) and A.rows.size == 0:
        return _polar(A, y)
    _, exponents = np.frexp(np.abs(A).max(axis=1))  # of two, so that it is exact
    A, y = np.ldexp(A, -exponents[:, None]), np.ldexp(y, -exponents)
    if A.shape[0] <= A.shape[1]:
        Q, R = np.linalg.qr(A.T)
        pivots = np.abs(np.diag(R))
        if pivots.min() > SINGULAR * pivots.max():
            return np.asfortranarray(Q.T), solve_triangular(R, y, trans="T")
    U, s, Vt = np.linalg.svd(A, full_matrices=False)
    kept = s > SINGULAR * s[0]
    if not kept.any():
        return np.asfortranarray(Vt[:1]), np.zeros(1)
    return np.asfortranarray(Vt[kept]), (U.T[kept] @ y) / s[kept]


def _polar(A: BlockCirculant, y: Vector) -> tuple[BlockCirculant, Vector]:
    """Return the polar factor of `A`, itself a convolution, and b."""
    size = A.size
    U, s, Vh = np.linalg.svd(np.moveaxis(A.response, 2, 0), full_matrices=False)
    kept = s > SINGULAR * s.max()
    turn = U * kept[:, None, :] @ Vh
    undo = U * (kept / np.where(kept, s, 1.0))[:, None, :] @ U.conj().swapaxes(1, 2)

    def operator(blocks: npt.NDArray[np.complex128]) -> BlockCirculant:
        outputs, inputs = blocks.shape[1:]
        spectra = np.moveaxis(blocks, 0, 2).reshape(outputs * inputs, -1)
        return BlockCirculant(
            inverse(spectra, size).reshape(outputs, inputs, *size), size
        )

    return operator(turn), operator(undo) @ y
