"""Upper bounds on the largest eigenvalue of all k x k principal submatrices.

A Hermitian matrix is given by its values, shape (C, C, *torus): block circulant, with
``M[(a, i), (b, j)] = values[a, b, i - j]``. Without a torus it is any matrix.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

BLOCK = 2**21  # entries looked at together
EVERY = 10  # iterations between two looks at the bound
STALL = 15  # looks without progress that end the iteration
EPS = float(np.finfo(float).eps)


def own(values: Array) -> Any:
    """Return the index of the diagonal."""
    inner = np.arange(len(values))
    return (inner, inner, *(0,) * (values.ndim - 2))


def off_diagonal(values: Array) -> npt.NDArray[np.float64]:
    """Return the magnitudes with a zero diagonal."""
    size = np.abs(values)
    size[own(values)] = 0.0
    return size


def largest_entries(values: Array, count: int) -> npt.NDArray[np.float64]:
    """Return the largest magnitudes of each row, diagonal apart, descending."""
    rows, index = values.swapaxes(0, 1), np.arange(len(values))
    count = min(count, values[0].size - 1)
    found = np.empty((len(values), count))
    step = max(1, BLOCK // max(values[0].size, 1))
    for start in range(0, len(values), step):
        size = np.abs(rows[start : start + step])
        here = index[: len(size)]
        diagonal: Any = (here, start + here, *(0,) * (values.ndim - 2))
        size[diagonal] = -1.0
        size = size.reshape(len(size), -1)
        if count:
            top = -np.partition(-size, count - 1, axis=1)[:, :count]
            found[start : start + step] = -np.sort(-top, axis=1)
    return found


def babel_bound(values: Array, k: int, largest: Array | None = None) -> float:
    """Return the largest diagonal entry with k - 1 others of its row (Gershgorin)."""
    top = largest_entries(values, k - 1) if largest is None else largest
    return float((values[own(values)].real + top[:, : k - 1].sum(axis=1)).max())


def frobenius_bound(values: Array, k: int, largest: Array | None = None) -> float:
    r"""Return a bound by the squares of the k - 1 largest entries of k rows.

    A Hermitian matrix of trace zero has
    :math:`\lambda_{\max}^2 \le \frac{k-1}{k} \|M_S\|_F^2` (Wolkowicz and Styan 1980);
    the diagonal adds its largest entry.
    """
    top = largest_entries(values, k - 1) if largest is None else largest
    sums = np.sort((top[:, : k - 1] ** 2).sum(axis=1))[::-1]
    copies = min(prod(values.shape[2:]), k)
    total = sums.repeat(copies)[:k].sum()
    return float(values[own(values)].real.max() + np.sqrt((k - 1) / k * total))


def averaging_bound(bound: float, least: float, r: int, k: int) -> float:
    """Return what a bound for r columns says of k, `least` the least diagonal entry.

    Koiran and Zouzias 2014.
    """
    return least + (k - 1) / (r - 1) * (bound - least)


def dual_bound(values: Array, dual: Array, k: int) -> float:
    r"""Return what a dual matrix certifies, for any U whatever, rounding included.

    .. math:: \max_{|S| = k} \lambda_{\max}(M_S) \le \lambda_{\max}(M + U)
        + (k - 1) \max_{i \ne j} |U_{ij}|, \qquad \operatorname{diag} U = 0.

    For a vector x on k places, ``x^* U x`` is at least ``-max |U| (||x||_1^2 -
    ||x||_2^2)``. The margin is n epsilon times the Frobenius norm.
    """
    dual = hermitian(dual)
    dual[own(dual)] = 0.0
    blocks = transform(values + dual)
    n = blocks.shape[1]
    lift = float(np.max(np.linalg.eigvalsh(blocks)))
    length = float(np.sqrt((np.abs(blocks) ** 2).sum(axis=(1, 2)).max()))
    margin = EPS * (n + prod(values.shape[2:])) * length
    price = float(np.abs(dual).max()) * (1 + EPS)
    total: float = lift + (k - 1) * price + 2 * margin
    return total + 4 * EPS * abs(total)


def hermitian(values: Array) -> Array:
    """Return the Hermitian part."""
    return np.asarray(0.5 * (values + adjoint(values)))


def adjoint(values: Array) -> Array:
    """Return the conjugate transpose."""
    axes = tuple(range(2, values.ndim))
    flipped = np.roll(np.flip(values, axes), 1, axes) if axes else values
    return np.asarray(flipped.swapaxes(0, 1).conj())


def transform(values: Array) -> Array:
    """Return the matrix of each frequency of a real table, shape (w, C, C)."""
    axes = tuple(range(2, values.ndim))
    if not axes:
        return values[None]
    return np.moveaxis(
        np.fft.rfftn(values, axes=axes).reshape(*values.shape[:2], -1), 2, 0
    )


def inverse(blocks: Array, torus: tuple[int, ...]) -> Array:
    """Return the real table whose `transform` is `blocks`."""
    if not torus:
        return np.asarray(blocks[0])
    half = (*torus[:-1], torus[-1] // 2 + 1)
    spectra = np.moveaxis(blocks, 0, 2).reshape(*blocks.shape[1:], *half)
    axes = tuple(range(2, spectra.ndim))
    return np.asarray(np.fft.irfftn(spectra, s=torus, axes=axes))


def multiplicities(torus: tuple[int, ...]) -> npt.NDArray[np.float64]:
    """Return how often each frequency of the half stands in the whole."""
    if not torus:
        return np.ones(1)
    last = np.full(torus[-1] // 2 + 1, 2.0)
    last[0] = 1.0
    if torus[-1] % 2 == 0:
        last[-1] = 1.0
    return np.tile(last, prod(torus[:-1]))


def semidefinite_dual(
    values: Array,
    k: int,
    enough: float = -np.inf,
    max_iter: int = 500,
    deadline: float = np.inf,
    look: Callable[[float], None] | None = None,
) -> tuple[float, Array]:
    r"""Return an upper bound and the dual matrix that certifies it.

    The relaxation of d'Aspremont, El Ghaoui, Jordan and Lanckriet (2007),

    .. math:: \max \langle M, X \rangle \quad\text{subject to}\quad
        \operatorname{tr} X = 1, \; \sum_{ij} |X_{ij}| \le k, \; X \succeq 0,

    by alternating directions. With a torus X may be averaged over all shifts, and
    falls into one C x C matrix for each frequency.

    Parameters
    ----------
    values : ndarray, shape (C, C, *torus)
    k : int
    enough : float
        Stop when the bound is no larger, within 1e-4.
    max_iter : int
    deadline : float
        Of `time.perf_counter`.
    look : callable, optional
        Told each new bound.
    """
    torus, diagonal = values.shape[2:], own(values)
    copies = multiplicities(torus)
    total = float(prod(torus))
    off = np.ones(values.shape, dtype=bool)
    off[diagonal] = False
    spread = float(np.abs(values[off]).std()) if off.any() else 0.0
    start = off_diagonal(values).max() if off.any() else 0.0
    dual = np.zeros_like(values)
    best, proof = dual_bound(values, dual, k), dual
    for share in (1.0, 0.75, 0.5, 0.25):
        trial = -_clip(values, share * start)
        bound = dual_bound(values, trial, k)
        if bound < best:
            best, proof = bound, hermitian(trial)
            proof[diagonal] = 0.0
    if k == 1 or spread == 0.0:
        return best, proof
    scale = spread * len(values)
    rho = scale / np.sqrt(k)
    Z = np.zeros_like(values)
    Z[diagonal] = 1.0 / len(values)
    L = np.zeros_like(values)
    recent: list[float] = []
    for it in range(1, max_iter + 1):
        w, V = np.linalg.eigh(transform(Z + (values - L) / rho))
        p = _simplex(w, copies, total)
        X = inverse((V * p[:, None, :]) @ V.conj().swapaxes(1, 2), torus)
        Y = X + L / rho
        before = Z
        Z = Y - _clip(Y, _l1_cut(np.abs(Y[off]), k - 1.0))
        Z[diagonal] = Y[diagonal]
        L = L + rho * (X - Z)
        L[diagonal] = 0.0
        if it % EVERY and it < max_iter:
            continue
        bound = dual_bound(values, -L, k)
        if bound < best:
            best, proof = bound, -hermitian(L)
            if look:
                look(best)
        recent.append(best)
        stalled = len(recent) > STALL and recent[-STALL - 1] - best < 1e-5 * abs(best)
        reached = float((values.conj() * X).sum().real)
        late = time.perf_counter() > deadline
        if late or stalled or best <= enough + 1e-4 * abs(enough):
            break
        primal = float(np.abs(X - Z).sum())
        if abs(best - reached) < 1e-5 * abs(best) and primal < 1e-3:
            break
        moved = rho * float(np.linalg.norm(Z - before))
        apart = scale * float(np.linalg.norm(X - Z))
        if apart > 10 * moved:
            rho *= 1.5
        elif moved > 10 * apart:
            rho /= 1.5
    return best, proof


def circulant_dual(values: Array, k: int) -> tuple[float, Array]:
    r"""Return what `semidefinite_dual` does, for one channel, from a linear program.

    The matrices of the frequencies are numbers, linear in the entries u of the dual:
    minimise :math:`\max_w (\hat m + \hat u)(w) + (k - 1) \max_d |u_d|`.

    Parameters
    ----------
    values : ndarray, shape (1, 1, *torus)
    k : int
    """
    from scipy.optimize import linprog

    torus = values.shape[2:]
    lags = np.arange(prod(torus))
    back = [(-x) % n for x, n in zip(np.unravel_index(lags, torus), torus, strict=True)]
    mirror = np.ravel_multi_index(tuple(back), torus)
    kept = lags[(lags > 0) & (lags <= mirror)]
    basis = np.zeros((kept.size, lags.size))
    basis[np.arange(kept.size), kept] = 1.0
    basis[np.arange(kept.size), mirror[kept]] = 1.0
    axes = tuple(range(1, 1 + len(torus)))
    waves = np.fft.rfftn(basis.reshape(-1, *torus), axes=axes).real
    waves = waves.reshape(kept.size, -1).T
    level = transform(values).real.ravel()
    # Unknowns: u, the largest |u|, and the largest eigenvalue.
    ones, none = np.ones((kept.size, 1)), np.zeros((kept.size, 1))
    unit = np.eye(kept.size)
    limits = np.block(
        [
            [waves, np.zeros((level.size, 1)), -np.ones((level.size, 1))],
            [unit, -ones, none],
            [-unit, -ones, none],
        ]
    )
    right = np.concatenate([-level, np.zeros(2 * kept.size)])
    price = np.concatenate([np.zeros(kept.size), [k - 1.0, 1.0]])
    free = [(None, None)] * (kept.size + 2)
    solved = linprog(price, A_ub=limits, b_ub=right, bounds=free)
    dual = np.zeros_like(values)
    if solved.x is not None:
        dual = (solved.x[: kept.size] @ basis).reshape(values.shape)
    return dual_bound(values, dual, k), dual


def _clip(values: Array, cut: float) -> Array:
    """Return the values with magnitudes of `cut` at most."""
    if not np.iscomplexobj(values):
        return np.clip(values, -cut, cut)
    size = np.abs(values)
    return np.asarray(values * np.minimum(1.0, cut / np.maximum(size, 1e-300)))


def _simplex(w: Array, copies: Array, total: float) -> Array:
    """Project eigenvalues, with their multiplicities, on what is >= 0 and sums up."""
    weight = np.broadcast_to(copies[:, None], w.shape).ravel()
    order = np.argsort(-w.ravel())
    value, weight = w.ravel()[order], weight[order]
    cut = (np.cumsum(weight * value) - total) / np.cumsum(weight)
    return np.asarray(np.maximum(w - cut[np.flatnonzero(value > cut)[-1]], 0.0))


def _l1_cut(size: Array, most: float) -> float:
    """Return by how much magnitudes shrink until they sum up to `most`."""
    if size.sum() <= most:
        return 0.0
    value = np.sort(size)[::-1]
    cut = (np.cumsum(value) - most) / np.arange(1, value.size + 1)
    return float(cut[np.flatnonzero(value > cut)[-1]])
