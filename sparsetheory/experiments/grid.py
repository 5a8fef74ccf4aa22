"""Tickets and their controls in several settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sparsetheory.experiments.bench import LotteryBench
from sparsetheory.experiments.lottery import (
    Accuracy,
    LotteryStudy,
    lottery_pieces,
    lottery_study,
)
from sparsetheory.experiments.paired import PairedEffect

BETWEEN = "|"


@dataclass(frozen=True, eq=False)
class LotteryGrid:
    """Accuracies on test data, of each setting, arm, density and seed.

    Attributes
    ----------
    studies : dict of str to LotteryStudy
        Of each setting.
    """

    studies: dict[str, LotteryStudy]

    def effect(
        self, setting: str, arm: str, than: str = "dense", at: int = -1, **options: Any
    ) -> PairedEffect:
        """Compare arms in a setting, as `LotteryStudy.effect`."""
        return self.studies[setting].effect(arm, than, at, **options)


def lottery_grid_pieces(
    benches: Mapping[str, LotteryBench], **options: Any
) -> dict[str, Callable[[], Accuracy]]:
    """Return what `lottery_grid` does, piece by piece, for `complete_records`.

    Parameters
    ----------
    benches, options
        As there.

    Returns
    -------
    dict of str to callable
        By names like ``"setting|arm"``; each returns accuracies of shape (densities,
        seeds).

    Raises
    ------
    TypeError, ValueError
        As `lottery_pieces`, or if there are no benches.

    Examples
    --------
    >>> import sparsetheory as st
    >>> benches = {
    ...     f"{steps} steps": st.lottery_bench("wine", seeds=2, steps=steps)
    ...     for steps in (20, 50)
    ... }
    >>> list(st.lottery_grid_pieces(benches, rounds=[3], arms=["ticket"]))
    ['20 steps|dense', '20 steps|ticket', '50 steps|dense', '50 steps|ticket']
    """
    if not benches:
        raise ValueError("benches must not be empty")
    return {
        f"{setting}{BETWEEN}{arm}": piece
        for setting, bench in benches.items()
        for arm, piece in lottery_pieces(bench, **options).items()
    }


def lottery_grid(
    benches: Mapping[str, LotteryBench],
    *,
    known: Mapping[str, Accuracy] | None = None,
    **options: Any,
) -> LotteryGrid:
    """Run a `lottery_study` in several settings: steps, rates, depths, widths, ...

    Parameters
    ----------
    benches : mapping of str to LotteryBench
        Of each setting.
    known : mapping, optional
        What pieces of `lottery_grid_pieces` returned; they are not run again.
    options
        `rounds`, `rate` and `arms` of `lottery_study`.

    Returns
    -------
    LotteryGrid

    Raises
    ------
    TypeError, ValueError
        As `lottery_study`, or if there are no benches.

    Examples
    --------
    >>> import sparsetheory as st
    >>> benches = {
    ...     f"{k} units": st.lottery_bench("wine", hidden=[k], seeds=4, steps=50)
    ...     for k in (10, 20)
    ... }
    >>> found = st.lottery_grid(benches, rounds=[8], arms=["ticket", "random"])
    >>> found.effect("20 units", "ticket", "random").mean > 0
    True
    """
    if not benches:
        raise ValueError("benches must not be empty")
    studies = {}
    for setting, bench in benches.items():
        start = f"{setting}{BETWEEN}"
        done = {
            name.removeprefix(start): value
            for name, value in (known or {}).items()
            if name.startswith(start)
        }
        studies[setting] = lottery_study(bench, known=done, **options)
    return LotteryGrid(studies)
