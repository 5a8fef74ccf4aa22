"""Brackets on isometry constants, checked from their evidence.

Evidence says what to compute, and no more: a bound holds if what is then computed, from
the matrix with its columns in another order, comes to it again.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sparsetheory.conditions._search import Clock, Sections, Stop
from sparsetheory.conditions._sections import Array, Gram, matrix_of
from sparsetheory.conditions.evidence import Evidence, is_dual
from sparsetheory.conditions.gram import unit_columns
from sparsetheory.conditions.relaxation import dual_bound
from sparsetheory.operators import BlockCirculant

SOME = 10_000  # sets that another search may visit in any case
AGAIN = 2  # times as many as the first one
METHODS = ("chain", "ordered", "connected")


def confirmed(
    A: Any, G: Gram, side: Any, sign: int, k: int, normalise: bool, clock: Clock
) -> bool:
    """Return whether one side of an `Isometry` holds."""
    order = np.random.default_rng(0).permutation(len(G.values))
    fresh = Sections(_reordered(G, order), sign, k, clock)
    # An average over pairs makes k - 1 times as much of what a search may be wrong by.
    slack = 2 * k * fresh.rounding
    if not np.isclose(side.rounding, 2 * fresh.rounding, rtol=1e-6, atol=0.0):
        return False
    value = _attained(A, side.support, sign, k, normalise)
    if not (abs(value - side.lower) <= slack and side.lower <= side.upper):
        return False
    steps = _steps(side.evidence, k)
    if not steps:
        return False
    try:
        for step in steps[:-1]:
            _follow(fresh, step, step.bound, order)
            if not fresh.caps[step.size] <= step.bound + slack:
                return False
        _follow(fresh, steps[-1], side.upper, order)
    except Stop:
        return False
    return bool(fresh.caps[k] <= side.upper + slack)


def _attained(A: Any, support: Any, sign: int, k: int, normalise: bool) -> float:
    """Return what a support of k columns attains, NaN if it is none."""
    S = np.asarray(support)
    if S.shape != (k,) or S.dtype.kind not in "iu" or np.unique(S).size != k:
        return np.nan
    if S.min() < 0 or S.max() >= A.shape[1]:
        return np.nan
    C = columns(A, S)
    if normalise:
        C, _ = unit_columns(C)
    ends = np.linalg.eigvalsh(C.conj().T @ C)
    return float(ends[-1] - 1 if sign > 0 else 1 - ends[0])


def _reordered(G: Gram, order: Array) -> Gram:
    """Return the Gram matrix with its channels in another order."""
    values = np.ascontiguousarray(G.values[order][:, order])
    return Gram(matrix_of(values), values, None, G.columns)


def _steps(evidence: Any, k: int) -> list[Evidence]:
    """Return the evidence for k columns after what it rests on.

    Nothing if supports do not grow from each to the next.
    """
    steps: list[Evidence] = []
    above = k + 1
    while evidence is not None:
        if not 1 <= evidence.size < above or (not steps and evidence.size != k):
            return []
        if not np.isfinite(evidence.bound):
            return []
        steps.append(evidence)
        above, evidence = evidence.size, evidence.basis
    return steps[::-1]


def _follow(side: Sections, step: Evidence, level: float, order: Array) -> None:
    """Lower the bounds of `side` as the evidence says, to `level` if that holds.

    The formulas, and averages over smaller supports, are there from the beginning.
    `order` is that of the channels of `side` in the evidence.
    """
    if step.kind == "semidefinite":
        dual: Any = step.dual
        if is_dual(dual, side.values.shape, side.values.dtype):
            bound = dual_bound(side.values, dual[order][:, order], step.size)
            side.cut(Evidence("semidefinite", step.size, bound))
    elif step.kind == "search" and step.method in METHODS:
        _search_again(side, step, level)


def _search_again(side: Sections, step: Evidence, level: float) -> None:
    """Search for supports above `level` as another search does.

    Where that takes far longer the first one runs again, on columns in another order.
    """
    other = "ordered" if step.method == "chain" else "chain"
    budget = AGAIN * step.nodes + SOME
    if not side.close(step.size, level, methods=[other], budget=budget):
        side.close(step.size, level, methods=[step.method])


def columns(A: Any, support: Array) -> Array:
    """Return some columns of A."""
    if not isinstance(A, BlockCirculant):
        return np.asarray(A[:, support])
    units = np.zeros((support.size, A.shape[1]))
    units[np.arange(support.size), support] = 1.0
    return np.stack([A @ u for u in units], axis=1)
