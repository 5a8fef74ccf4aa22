"""Basis pursuit: the sparsest-looking solution of a linear system."""

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
from sparsetheory._kernels.basis_pursuit import douglas_rachford
from sparsetheory._kernels.linear import columns, inverse
from sparsetheory.operators import BlockCirculant, to_dense
from sparsetheory.types import MeasurementOperator, Recovery, Vector

SINGULAR = 1e-10  # relative; smaller singular values count as zero
FEASIBLE = 1e-8  # relative; a larger residual is not a solution of A x = y
ROUNDING = 1e-11  # relative
DEGENERATE = 1e-9  # relative; smaller coefficients of a vertex are zeros
THRESHOLD = 0.1  # of the largest entry of the least-norm solution
FIRST_CHUNK = 100  # iterations before the first vertex; then half as many again


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
    t = THRESHOLD * float(np.abs(least_norm).max())
    form, c, run = compile_for(B, b, douglas_rachford)
    z, u = x.copy(), np.zeros_like(x)
    n_iter, chunk, converged = 0, FIRST_CHUNK, False
    while not converged and n_iter < max_iter:
        n_steps = min(chunk, max_iter - n_iter)
        steps, gap, drift = run(form, c, t, n_steps, tol, x, z, u)
        n_iter += steps
        chunk = FIRST_CHUNK + n_iter // 2
        miss = float(np.linalg.norm(x - z))
        slope = u / t
        if tol > 0 or n_iter == max_iter:
            x, gap = _vertex(B, b, x, gap, z, slope)
        length = float(np.abs(x).sum())
        converged = bool(gap <= tol * length)
        if drift > 0.0:  # both residuals alike (He, Yang, Wang 2000); u / t stays
            t *= float(np.clip(np.sqrt(drift / miss), 0.2, 5.0)) if miss > 0 else 5.0
            u = t * slope
    if not converged and tol > 0:
        goal = f"duality gap {gap:.1e} > {tol * length:.1e}"
        warn_unconverged("basis_pursuit", goal, n_iter)
    return Recovery(x, n_iter, converged, float(gap))


def _vertex(
    B: Any, b: Vector, x: Vector, gap: float, z: Vector, slope: Vector
) -> tuple[Vector, float]:
    """Return the solution of ``B x = b`` on the support of z and its gap.

    `slope` is nearly the subgradient ``B^T w``; w is moved to match the signs of the
    solution on the support. Returns `x` and `gap` if that is no better.
    """
    support = np.flatnonzero(z)
    if support.size > b.size:
        support = np.sort(np.argsort(-np.abs(z), kind="stable")[: b.size])
    while True:
        Q, R = np.linalg.qr(columns(B, support).T)
        pivots = np.abs(np.diag(R))
        if pivots.size == 0 or pivots.min() <= SINGULAR * pivots.max():
            return x, gap
        values = solve_triangular(R, Q.T @ b)
        zero = np.abs(values) <= DEGENERATE * np.abs(values).max()
        if not zero.any() or zero.all():
            break
        support = support[~zero]  # their signs would be noise
    if np.linalg.norm(Q @ (R @ values) - b) > ROUNDING * np.linalg.norm(b):
        return x, gap
    w = B @ slope
    w = w - Q @ (Q.T @ w) + Q @ solve_triangular(R, np.sign(values), trans="T")
    bound = float(b @ w) / max(1.0, float(np.abs(B.T @ w).max()))
    length, value = float(np.abs(x).sum()), float(np.abs(values).sum())
    better = max(value - max(bound, length - gap), 0.0)
    if better > max(gap, ROUNDING * length):
        return x, gap
    vertex = np.zeros_like(x)
    vertex[support] = values
    return vertex, better


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
