"""Brackets on isometry constants, checked from their evidence."""

from __future__ import annotations

from typing import Any

import numpy as np

from sparsetheory.conditions._search import Clock, Sections, Stop
from sparsetheory.conditions._sections import Array, Gram
from sparsetheory.conditions.evidence import Evidence
from sparsetheory.conditions.gram import unit_columns
from sparsetheory.conditions.relaxation import (
    averaging_bound,
    babel_bound,
    dual_bound,
    frobenius_bound,
)
from sparsetheory.operators import BlockCirculant

SOME = 10_000  # sets that a second search may visit in any case
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
    fresh = Sections(G, sign, k, clock)
    try:
        return holds(fresh, side.evidence, side.upper + side.rounding)
    except Stop:
        return False


def holds(side: Sections, evidence: Evidence, bound: float) -> bool:
    """Return whether the evidence shows that its supports do not exceed `bound`."""
    t, kind = evidence.size, evidence.kind
    if kind == "averaging":
        assert evidence.basis is not None
        inner = evidence.basis
        reached = averaging_bound(inner.bound, side.least, inner.size, side.k)
        return reached <= bound and holds(side, inner, inner.bound + 2 * side.rounding)
    if kind == "semidefinite":
        dual = evidence.dual
        if dual is None or dual.shape != side.values.shape:
            return False
        return dual_bound(side.values, dual, t) <= bound
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
    """Search for supports above `bound`, smaller ones first, as another search does.

    Where that takes far longer the first one runs again.
    """
    t, again = evidence.size, evidence.method
    other = "ordered" if again == "chain" else "chain"
    for size in range(3, t + 1):
        level = bound if size == t else -np.inf
        for methods, budget in (
            ([other], 20 * evidence.nodes + SOME),
            ([again], np.inf),
        ):
            if side.close(size, level, methods=methods, budget=budget):
                break
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
