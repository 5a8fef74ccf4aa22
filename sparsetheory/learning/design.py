"""A-optimal design: which rows to keep, by rules of thumb."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sparsetheory._checks import check_array, check_integer, check_number, check_support
from sparsetheory.types import Matrix, Support, Vector

SINGULAR = 1e-12  # relative; what is smaller counts as zero
BETTER = 1e-12  # relative; a smaller gain is rounding
SWAPS = 10_000
FAR = 1e100  # whose square is a number


def a_optimality(
    A: npt.ArrayLike, rows: npt.ArrayLike, *, tau: float = np.inf
) -> float:
    r"""Mean squared error of estimates from some rows of A, in units of the noise.

    .. math:: \operatorname{tr}\bigl(A_S^T A_S + I/\tau\bigr)^{-1}

    is :math:`E \|\hat x - x\|^2 / \sigma^2` of least squares from the measurements S
    with noise of variance σ²; with τ finite, of the posterior mean for a prior
    :math:`N(0, \tau\sigma^2 I)` [1]_. Exact, by singular values.

    Parameters
    ----------
    A : array_like, shape (m, n)
    rows : array_like of int, or of bool and shape (m,)
        Each once.
    tau : float
        Positive; inf is least squares without a prior.

    Returns
    -------
    float
        inf without a prior, if the rows do not span all of the n dimensions.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    References
    ----------
    .. [1] K. Chaloner, I. Verdinelli, "Bayesian experimental design: a review",
       Statist. Sci. 10(3), 1995.

    Examples
    --------
    >>> import sparsetheory as st
    >>> A = [[10.0, 0.0], [9.0, 0.0], [0.0, 1.0]]
    >>> st.a_optimality(A, [0, 2]), st.a_optimality(A, [0, 1])
    (1.01, inf)
    """
    A = check_array("A", A, 2)
    return criterion(A, check_support(rows, len(A), "rows"), check_tau(tau))


def magnitude_rows(A: npt.ArrayLike, k: int) -> Support:
    r"""Return the k longest rows, the first of equals.

    A-optimal for n = 1, and for τ → 0, since
    :math:`\operatorname{tr}(A_S^T A_S + I/\tau)^{-1} = n\tau - \tau^2 \|A_S\|_F^2 +
    O(\tau^3)`. In general without any guarantee: long rows may all point the same way.

    Parameters
    ----------
    A : array_like, shape (m, n)
    k : int
        In 1..m.

    Returns
    -------
    ndarray of int, shape (k,)
        Ascending.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    Examples
    --------
    >>> import sparsetheory as st
    >>> st.magnitude_rows([[10.0, 0.0], [9.0, 0.0], [0.0, 1.0]], 2)
    array([0, 1])
    """
    A = check_array("A", A, 2)
    k = check_integer("k", k, 1, len(A))
    size = np.linalg.norm(A / _largest(A), axis=1)
    return np.sort(np.argsort(-size, kind="stable")[:k])


def forward_rows(A: npt.ArrayLike, k: int, *, tau: float = np.inf) -> Support:
    r"""Return k rows, each chosen so that `a_optimality` falls most.

    Without a prior, as long as rows do not span all dimensions, in the limit of large
    τ: the next row is one that adds a dimension, and of those the one with the least
    trace of the pseudo-inverse. No guarantee.

    Parameters
    ----------
    A : array_like, shape (m, n)
    k : int
        In 1..m; without a prior at least n.
    tau : float
        Positive; inf is no prior.

    Returns
    -------
    ndarray of int, shape (k,)
        Ascending.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above; without a prior, if A has not n
        independent columns.

    Examples
    --------
    >>> import sparsetheory as st
    >>> st.forward_rows([[10.0, 0.0], [9.0, 0.0], [0.0, 1.0]], 2)
    array([0, 2])
    """
    A, k, tau = check_design(A, k, tau)
    chosen: list[int] = []
    while len(chosen) < k:
        s, Vt = _right(A[chosen])
        values = np.zeros(A.shape[1])
        values[: s.size] = s**2
        rank = int(np.count_nonzero(s > SINGULAR * s.max(initial=0.0)))
        B = A @ Vt.T
        if tau < np.inf or rank == A.shape[1]:
            values += 1 / tau
            loss = -(B**2 / values**2).sum(1) / (1 + (B**2 / values).sum(1))
        else:
            beta = (B[:, :rank] ** 2 / values[:rank]).sum(axis=1)
            new = (B[:, rank:] ** 2).sum(axis=1)
            fresh = new > SINGULAR**2 * (A**2).sum(axis=1)
            loss = np.where(fresh, (1 + beta) / np.where(fresh, new, 1.0), np.inf)
        loss[chosen] = np.nan
        chosen.append(int(np.nanargmin(loss)))
    return np.sort(np.array(chosen))


def backward_rows(A: npt.ArrayLike, k: int, *, tau: float = np.inf) -> Support:
    """Return the k rows left after taking away, again and again, the least useful.

    That is the one without which `a_optimality` rises least. No guarantee.

    Parameters
    ----------
    A : array_like, shape (m, n)
    k : int
        In 1..m; without a prior at least n.
    tau : float
        Positive; inf is no prior.

    Returns
    -------
    ndarray of int, shape (k,)
        Ascending.

    Raises
    ------
    TypeError, ValueError
        As `forward_rows` does.

    Examples
    --------
    >>> import sparsetheory as st
    >>> st.backward_rows([[10.0, 0.0], [9.0, 0.0], [0.0, 1.0]], 2)
    array([0, 2])
    """
    A, k, tau = check_design(A, k, tau)
    kept = np.arange(len(A))
    while kept.size > k:
        D = inverse(A[kept], tau)
        B = A[kept] @ D
        left = 1 - np.einsum("ij,ij->i", B, A[kept])
        free = left > SINGULAR
        rise = np.where(free, (B**2).sum(axis=1) / np.where(free, left, 1.0), np.inf)
        kept = np.delete(kept, int(rise.argmin()))
    return kept


def exchange_rows(
    A: npt.ArrayLike,
    k: int,
    *,
    tau: float = np.inf,
    rows: npt.ArrayLike | None = None,
) -> Support:
    """Return k rows of which none can be swapped for another with a gain.

    The best swap is made until there is none [1]_. A local optimum of `a_optimality`,
    without further guarantee.

    Parameters
    ----------
    A : array_like, shape (m, n)
    k : int
        In 1..m; without a prior at least n.
    tau : float
        Positive; inf is no prior.
    rows : array_like of int, or of bool and shape (m,), optional
        k rows to begin with, by default those of `forward_rows`; without a prior they
        must span all dimensions.

    Returns
    -------
    ndarray of int, shape (k,)
        Ascending.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above; and as `forward_rows` does.

    References
    ----------
    .. [1] V. Fedorov, "Theory of Optimal Experiments", Academic Press, 1972.

    Examples
    --------
    >>> import sparsetheory as st
    >>> A = [[2.0, 0.0], [1.0, 1.0], [0.0, 2.0], [1.5, 0.0]]
    >>> st.exchange_rows(A, 2, rows=[1, 3])
    array([0, 2])
    """
    A, k, tau = check_design(A, k, tau)
    if rows is None:
        kept = forward_rows(A, k, tau=tau)
    else:
        kept = check_support(rows, len(A), "rows")
        if kept.size != k:
            raise ValueError(f"rows must number {k}, got {kept.size}")
    if not np.isfinite(criterion(A, kept, tau)):
        raise ValueError(f"rows must span all dimensions, got {kept.tolist()}")
    return swapped(A, kept, tau)


def swapped(A: Matrix, kept: Support, tau: float) -> Support:
    """Return rows after the best swaps, of arguments that have been checked."""
    value = criterion(A, kept, tau)
    for _ in range(SWAPS):
        others = np.setdiff1d(np.arange(len(A)), kept)
        if not others.size:
            break
        D = inverse(A[kept], tau)
        U, V = A[kept], A[others]
        out, into = np.einsum("ij,ij->i", U @ D, U), np.einsum("ij,ij->i", V @ D, V)
        out2, into2 = ((U @ D) ** 2).sum(axis=1), ((V @ D) ** 2).sum(axis=1)
        cross, cross2 = U @ D @ V.T, (U @ D) @ (V @ D).T
        # of the determinant; the trace then by the formula for a change of rank two
        growth = (1 + into) * (1 - out[:, None]) + cross**2
        free = growth > SINGULAR
        gain = (1 - out[:, None]) * into2 + 2 * cross * cross2
        gain -= (1 + into) * out2[:, None]
        gain = np.where(free, gain / np.where(free, growth, 1.0), -np.inf)
        i, j = np.unravel_index(int(gain.argmax()), gain.shape)
        trial = kept.copy()
        trial[i] = others[j]
        new = criterion(A, trial, tau)
        if not new < value * (1 - BETTER):
            break
        kept, value = trial, new
    return np.sort(kept)


def criterion(A: Matrix, rows: Support, tau: float) -> float:
    """Return `a_optimality`, of arguments that have been checked."""
    s = np.asarray(np.linalg.svd(A[rows], compute_uv=False))
    return spread(s, A.shape[1], tau)


def spread(s: Vector, n: int, tau: float) -> float:
    """Return the same from the singular values of the rows."""
    if tau == np.inf:
        floor = n * np.finfo(float).eps * s.max(initial=0.0)
        return float((s**-2.0).sum()) if s.size == n and s[-1] > floor else np.inf
    return float((1 / (s**2 + 1 / tau)).sum() + (n - s.size) * tau)


def inverse(rows: Matrix, tau: float) -> Matrix:
    """Return the inverse of the information of rows, with that of the prior."""
    s, Vt = _right(rows)
    energy = np.zeros(len(Vt))
    energy[: s.size] = s**2
    return np.asarray((Vt.T / (energy + 1 / tau)) @ Vt)


def check_tau(tau: float) -> float:
    """Return a prior variance, checked."""
    if tau == np.inf:
        return tau
    try:
        return check_number("tau", tau)
    except ValueError:
        text = f"tau must be positive, with inf for no prior, got {tau}"
        raise ValueError(text) from None


def check_design(A: npt.ArrayLike, k: int, tau: float) -> tuple[Matrix, int, float]:
    """Return the arguments of a design with a finite optimum, checked."""
    A = check_array("A", A, 2)
    if A.size == 0:
        raise ValueError(f"A must have rows and columns, got shape {A.shape}")
    k, tau = check_integer("k", k, 1, len(A)), check_tau(tau)
    largest = float(np.abs(A).max())
    if largest > 0 and not 1 / FAR < largest < FAR:
        raise ValueError(f"A must be rescaled, got entries up to {largest:.1e}")
    if tau < np.inf and not 1 / FAR < tau < FAR:
        raise ValueError(f"tau must lie within {1 / FAR:g}..{FAR:g}, got {tau}")
    if tau == np.inf:
        n = A.shape[1]
        if k < n:
            raise ValueError(f"k must be at least {n} without a prior, got {k}")
        rank = int(np.linalg.matrix_rank(A, rtol=SINGULAR))
        if rank < n:
            raise ValueError(
                f"A must have {n} independent columns without a prior, got rank {rank}"
            )
    return A, k, tau


def _right(rows: Matrix) -> tuple[Vector, Matrix]:
    """Return singular values, and all right singular vectors as rows."""
    _, s, Vt = np.linalg.svd(rows, full_matrices=len(rows) < rows.shape[1])
    return s, Vt


def _largest(A: Vector) -> float:
    return float(np.abs(A).max(initial=0.0)) or 1.0
