"""Brackets on isometry constants, checked from their evidence."""

from __future__ import annotations

from typing import Any

import numpy as np

from sparsetheory.conditions._search import Clock, Sections, Stop
from sparsetheory.conditions._sections import Array, Gram, matrix_of
from sparsetheory.conditions.evidence import Evidence
from sparsetheory.conditions.gram import unit_columns
from sparsetheory.conditions.relaxation import (
    averaging_bound,
    babel_bound,
    dual_bound,
    frobenius_bound,
)
from sparsetheory.operators import BlockCirculant

SOME = 10_000  # sets that another search may visit in any case
AGAIN = 2  # times as many as the first one
TOLERANCE = 1e-9  # of the eigenvalues of a support, computed in two ways


def confirmed(
    A: Any, G: Gram, side: Any, sign: int, k: int, normalise: bool, clock: Clock
) -> bool:
    """Return whether one side of an `Isometry` holds."""
    C = columns(A, side.support)
    C = C.astype(np.complex128 if np.iscomplexobj(C) else np.float64)
    if normalise:
        C, _ = unit_columns(C)
    if len(set(side.support.tolist())) != k:
        return False
    ends = np.linalg.eigvalsh(C.conj().T @ C)
    value = ends[-1] - 1 if sign > 0 else 1 - ends[0]
    if not abs(value - side.lower) <= TOLERANCE * max(1.0, ends[-1]):
        return False
    order = np.random.default_rng(0).permutation(len(G.values))
    fresh = Sections(_reordered(G, order), sign, k, clock)
    try:
        return holds(fresh, side.evidence, side.upper + side.rounding, order)
    except Stop:
        return False


def _reordered(G: Gram, order: Array) -> Gram:
    """Return the Gram matrix with its channels in another order."""
    values = np.ascontiguousarray(G.values[order][:, order])
    return Gram(matrix_of(values), values, None, G.columns)


def holds(side: Sections, evidence: Evidence, bound: float, order: Array) -> bool:
    """Return whether the evidence shows that its supports do not exceed `bound`.

    `order` is that of the channels of `side` in the evidence.
    """
    t, kind, basis = evidence.size, evidence.kind, evidence.basis
    if basis is not None:
        above = basis.bound + 2 * side.rounding
        if not (basis.size < t and holds(side, basis, above, order)):
            return False
    if kind == "averaging" and basis is not None and basis.size > 1:
        return averaging_bound(basis.bound, side.least, basis.size, t) <= bound
    if kind == "semidefinite":
        dual = evidence.dual
        if dual is None or dual.shape != side.values.shape:
            return False
        shown = dual_bound(side.values, dual[order][:, order], t)
        side.cut(Evidence(kind, t, shown))
        return shown <= bound
    if kind == "search":
        return search_again(side, evidence, bound)
    if kind == "Babel":
        return babel_bound(side.values, t) <= bound
    if kind == "Frobenius":
        return frobenius_bound(side.values, t) <= bound
    if kind in ("pairs", "columns"):
        return bool(side.lower[t] <= bound)
    return kind == "rank" and side.sign < 0 and bound >= 1


def search_again(side: Sections, evidence: Evidence, bound: float) -> bool:
    """Search for supports above `bound` as another search does.

    Where that takes far longer the first one runs again, on columns in another order.
    """
    t, again = evidence.size, evidence.method
    other = "ordered" if again == "chain" else "chain"
    budget = AGAIN * evidence.nodes + SOME
    if not side.close(t, bound, methods=[other], budget=budget):
        side.close(t, bound, methods=[again])
    return bool(side.lower[t] <= bound)


def columns(A: Any, support: Array) -> Array:
    """Return some columns of A."""
    if isinstance(A, np.ndarray) or not hasattr(A, "T"):
        return np.asarray(A)[:, support]
    units = np.zeros((A.shape[1], support.size))
    units[support, np.arange(support.size)] = 1.0
    if isinstance(A, BlockCirculant):
        return np.stack([A @ u for u in units.T], axis=1)
    return np.asarray(A @ units)
