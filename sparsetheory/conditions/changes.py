"""Isometry constants before and after pruning, and what can be proved of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from sparsetheory.conditions.isometry import Isometry
from sparsetheory.operators import BlockCirculant
from sparsetheory.types import Vector

CLOSE = 1e-9  # constants that differ by less are the same
MARGIN = 1e-12  # of an eigenvalue: what a few operations may be wrong by

Bracket = tuple[float, float]


class Change(StrEnum):
    """What became of a constant.

    Attributes
    ----------
    HELPS, HURTS
        It is proved to be smaller, larger.
    HARMLESS
        It is proved not to be larger.
    SAME
        It is proved to be the same, but for rounding.
    UNDECIDED
        None of these.
    """

    HELPS = "helps"
    HARMLESS = "can't hurt"
    HURTS = "hurts"
    SAME = "the same"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Measure:
    """One constant before and after pruning, rounding included in each bracket.

    Attributes
    ----------
    before, after : tuple of float
        Lower and upper bound.
    certified : tuple of float
        Bounds on what it is after, without a search in the pruned layer.
    change : Change
    reason : str
        What proves the change: "search", or a certificate of `pruning_effect`, which
        are "interlacing", "Weyl", "perturbation" and "Ostrowski", with what single
        columns say; "Weyl, search" if one side follows from the first and the other
        from the second; empty if undecided.
    """

    before: Bracket
    after: Bracket
    certified: Bracket
    change: Change
    reason: str


class Ends(NamedTuple):
    """Brackets on the least and the largest eigenvalue over k columns."""

    least: Bracket
    largest: Bracket

    def meet(self, other: Ends) -> Ends:
        """Return what both say."""
        (a, b), (c, d) = self
        (p, q), (r, s) = other
        return Ends((max(a, p), min(b, q)), (max(c, r), min(d, s)))

    def widened(self) -> Ends:
        """Return brackets with room for rounding."""
        (a, b), (c, d) = self
        down, up = 1 - MARGIN, 1 + MARGIN
        return Ends((float(a * down), float(b * up)), (float(c * down), float(d * up)))

    def constant(self) -> Bracket:
        """Return the bracket on the isometry constant."""
        (a, b), (c, d) = self
        return max(1 - b, c - 1, 0.0), max(1 - a, d - 1)

    def best_multiple(self) -> Bracket:
        """Return the bracket on the constant of the best multiple."""
        (a, b), (c, d) = self
        low, high = (c - b) / (c + b), (d - a) / (d + a)
        return max(low - MARGIN, 0.0), min(high + MARGIN, 1.0)


def found_ends(isometry: Isometry) -> Ends:
    """Return what a search found, with its rounding."""
    above, below = isometry.above, isometry.below
    return Ends(
        (max(1 - below.upper - below.rounding, 0.0), 1 - below.lower + below.rounding),
        (1 + above.lower - above.rounding, 1 + above.upper + above.rounding),
    )


def certified_ends(
    before: Ends, loss: float, squares: Bracket, *, fewer: bool, rows: bool
) -> Ends:
    """Return what is known after pruning without a search.

    Parameters
    ----------
    before : Ends
    loss : float
        Upper bound on the squared norm of k columns of what is removed from the columns
        that stay.
    squares : tuple of float
        Least and largest squared norm of a column after pruning.
    fewer : bool
        Whether columns are removed.
    rows : bool
        Whether what else is removed is whole rows.
    """
    (a, b), (c, d) = before
    if fewer:
        b, c = np.inf, 0.0
    if rows:
        a, c = max(a - loss, 0.0), max(c - loss, 0.0)
    else:
        e = np.sqrt(loss)
        a, c = (max(np.sqrt(x) - e, 0.0) ** 2 for x in (a, c))
        b, d = ((np.sqrt(x) + e) ** 2 for x in (b, d))
    single = Ends((0.0, squares[0]), (squares[1], np.inf))
    return Ends((a, b), (c, d)).meet(single).widened()


def normalised_ends(ends: Ends, squares: Bracket) -> Ends:
    """Return what is known with columns of norm one, from what is without."""
    (a, b), (c, d) = ends
    low, high = squares
    unit = Ends((0.0, 1.0), (1.0, np.inf))
    return Ends((a / high, b / low), (c / high, d / low)).meet(unit).widened()


class Split(NamedTuple):
    """A layer with the columns that stay, `whole`, as the sum of two.

    `part` stays, and `cut` goes, if there is anything in it.
    """

    whole: BlockCirculant
    part: BlockCirculant
    cut: BlockCirculant | None


def measures(
    layer: BlockCirculant,
    split: Split,
    before: tuple[Isometry, Isometry],
    after: tuple[Isometry, Isometry],
    loss: float,
) -> tuple[Measure, Measure, Measure]:
    """Return the raw, normalised and scaled constants, before and after."""
    whole, part, cut = split
    fewer, rows = part.shape[1] < layer.shape[1], cut is None or _rows(part, cut)
    name = "interlacing" if cut is None else "Weyl" if rows else "perturbation"
    first, last = whole.column_norms() ** 2, part.column_norms() ** 2
    old, old_unit = (found_ends(found) for found in before)
    sure = certified_ends(old, loss, _span(last), fewer=fewer, rows=rows)
    # The same with columns of norm one before, of norm sqrt(last / first) after.
    loss /= float(first.min())
    unit = certified_ends(old_unit, loss, _span(last / first), fewer=fewer, rows=rows)
    unit = normalised_ends(unit, _span(last / first))
    new, new_unit = (
        found_ends(found).meet(ends)
        for found, ends in zip(after, (sure, unit), strict=True)
    )
    harmless = raw = name if cut is None else ""
    if rows and not raw:  # the upper side never rises; does the lower one stay below?
        bar = 1 - old.constant()[0]
        if new.least[0] >= bar:
            raw = name if sure.least[0] >= bar else f"{name}, search"
    return (
        _compared(old.constant(), new.constant(), sure.constant(), name, raw),
        _compared(
            old_unit.constant(),
            new_unit.constant(),
            unit.constant(),
            "Ostrowski" if cut else name,
            harmless,
        ),
        _compared(
            old.best_multiple(),
            new.best_multiple(),
            sure.best_multiple(),
            name,
            harmless,
        ),
    )


def _span(x: Vector) -> Bracket:
    return float(x.min()), float(x.max())


def _rows(part: BlockCirculant, cut: BlockCirculant) -> bool:
    rest = tuple(range(1, cut.filters.ndim))
    both = part.filters.any(axis=rest) & cut.filters.any(axis=rest)
    return not both.any()


def _compared(
    before: Bracket, after: Bracket, certified: Bracket, name: str, harmless: str
) -> Measure:
    for (low, high), reason in ((certified, name), (after, "search")):
        if high < before[0]:
            return Measure(before, after, certified, Change.HELPS, reason)
        if low > before[1]:
            return Measure(before, after, certified, Change.HURTS, reason)
    if harmless:
        return Measure(before, after, certified, Change.HARMLESS, harmless)
    if max(*before, *after) - min(*before, *after) <= CLOSE:
        return Measure(before, after, certified, Change.SAME, "search")
    return Measure(before, after, certified, Change.UNDECIDED, "")
