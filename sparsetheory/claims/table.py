"""What studies of tickets on digits have in common: networks, and lines of a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sparsetheory.claims.claim import Finding, in_words
from sparsetheory.claims.rows import BY_ID
from sparsetheory.experiments.bench import LotteryBench, lottery_bench

Scale = Mapping[str, Any]
FINDINGS = {
    True: Finding.HOLDS,
    False: Finding.NOT_AT_THIS_SCALE,
    None: Finding.UNDECIDED,
}


@dataclass(frozen=True)
class Study:
    """A study, its picture, and its part of the table.

    `plot` returns Matplotlib's Axes, or an array of them. `setup` returns what pieces
    and study are given: one argument, and options. `rows` yields lines of the table.
    """

    pieces: Callable[..., dict[str, Callable[[], Any]]]
    result: Callable[..., Any]
    plot: Callable[[Any], Any] | None
    setup: Callable[[Scale], tuple[Any, dict[str, Any]]]
    rows: Callable[[Any], Iterator[str]]


def bench(scale: Scale, *, times: int = 1, **options: Any) -> LotteryBench:
    """Return networks for digits, one for each seed, or so many times as many."""
    first = scale["seed"]
    seeds = range(first, first + times * scale["seeds"])
    return lottery_bench("digits", seeds=seeds, **options)


def head(claims: str, what: str, density: float | None = None) -> str:
    """Return the beginning of a line of the table."""
    share = "" if density is None else f"{100 * density:.1f} %"
    return f"{claims:8} {what:66} {share:>7} "


def interval(mean: float, low: float, high: float, sign: str = "+") -> str:
    """Return a number and its interval."""
    return f"{mean:{sign}7.2f} [{low:{sign}7.2f}, {high:{sign}7.2f}]"


def line(
    claims: str, what: str, density: float, effect: Any, how: Any, said: str = ""
) -> str:
    """Return a line of the table: differences in points, and what they say.

    `said` is what is claimed if not `how`, such as smaller for worse.
    """
    found = FINDINGS[effect.bears_out(how)]
    if effect.low == effect.high:  # as where all networks fail
        found = Finding.UNDECIDED
    shown = interval(*(100 * x for x in (effect.mean, effect.low, effect.high)))
    return (
        head(claims, what, density)
        + f"{shown}  p {effect.p:.4f}  {said or how}: {found}"
    )


def verdict(row: str, finding: str) -> str:
    """Return a row of the ledger, what was found, and its claim."""
    claim = BY_ID[row]
    return f"{row:8} {finding}. {claim.statement} Rule: {in_words(claim.rule)}"
