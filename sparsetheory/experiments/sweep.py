"""Accuracies of tickets and others while one thing about training varies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from sparsetheory.experiments.arms import ARMS, Arm, draw_case
from sparsetheory.experiments.bench import Array, LotteryBench
from sparsetheory.experiments.lottery import (
    check_rounds,
    densities,
    place_of,
    ticket_finder,
)
from sparsetheory.experiments.paired import PairedEffect, paired_effect
from sparsetheory.lottery.iterative import PruningRounds

ROUNDS = (10, 14)
"""With a fifth pruned in each: 10.7 and 4.4 per cent are left."""

Change: TypeAlias = Callable[[float], tuple[LotteryBench, Mapping[str, Arm]]]
"""Returns the bench and the arms that belong to a value."""


@dataclass(frozen=True, eq=False)
class TrainingSweep:
    """Accuracies on test data by one thing that varies.

    Attributes
    ----------
    seeds : tuple of int
    varied : str
        What varies.
    values : tuple of float
        Which values it takes.
    density : ndarray, shape (densities,)
        Of the weights without biases.
    dense : ndarray, shape (values, seeds)
        Of the dense networks.
    accuracy : dict of str to ndarray, shape (values, densities, seeds)
        Of each arm. Where training diverged it is zero.
    """

    seeds: tuple[int, ...]
    varied: str
    values: tuple[float, ...]
    density: npt.NDArray[np.float64]
    dense: npt.NDArray[np.float64]
    accuracy: dict[str, npt.NDArray[np.float64]]

    def runs(self, arm: str, at: int = -1) -> npt.NDArray[np.float64]:
        """Return accuracies of an arm, or "dense", at a density: (values, seeds)."""
        return np.asarray(self.dense if arm == "dense" else self.accuracy[arm][:, at])

    def best(self, arm: str, at: int = -1) -> npt.NDArray[np.float64]:
        """Return for each seed the value of the best run, the first if some tie."""
        first = self.runs(arm, at).argmax(axis=0)
        return np.asarray(np.array(self.values)[first])

    def spread(self, arm: str, at: int = -1) -> npt.NDArray[np.float64]:
        """Return for each seed the standard deviation over the values."""
        if len(self.values) < 2:
            raise ValueError(f"values must number two at least, got {self.values}")
        return np.asarray(self.runs(arm, at).std(axis=0, ddof=1))

    def effect(
        self,
        arm: str,
        than: str = "dense",
        *,
        value: float,
        base: float | None = None,
        at: int = -1,
        level: float = 0.95,
    ) -> PairedEffect:
        """Compare an arm at a value with another, or with itself, at the same or not.

        Parameters
        ----------
        arm, than : str
            Names of arms, or "dense".
        value, base : float
            Of the one and of the other; by default the same.
        at : int
            Which density.
        level : float
            Of the interval.

        Returns
        -------
        PairedEffect
            Of the difference in accuracy.
        """
        i = place_of("value", value, self.values)
        j = i if base is None else place_of("base", base, self.values)
        one, other = self.runs(arm, at)[i], self.runs(than, at)[j]
        return paired_effect(one, other, level=level)


@dataclass(frozen=True)
class Sweep:
    """What is to be trained: each arm with each value, at each density.

    Attributes
    ----------
    bench : LotteryBench
    varied : str
    values : tuple of float
    arms : tuple of str
        Names, "ticket" among them or not: it is what is trained of dense networks.
    change : callable
    rounds : sequence of int
    rate : float
    tickets : PruningRounds or None
        As in `lottery_study`.
    """

    bench: LotteryBench
    varied: str
    values: tuple[float, ...]
    arms: tuple[str, ...]
    change: Change
    rounds: Sequence[int]
    rate: float
    tickets: PruningRounds | None

    def pieces(self) -> dict[str, Callable[[], Array]]:
        """Return each arm with each value; all but "dense" at all densities."""
        ends = check_rounds(self.rounds)
        find = ticket_finder(self.bench, ends, self.rate, self.tickets)

        def piece(name: str, value: float) -> Array:
            bench, arms = self.change(value)
            arm, after = (
                (arms["ticket"], (0,)) if name == "dense" else (arms[name], ends)
            )
            cases = (draw_case(bench, find(), end, name) for end in after)
            return np.array([_accuracy(bench, arm(case)) for case in cases])

        return {
            self._label(name, value): partial(piece, name, value)
            for name in ("dense", *self.arms)
            for value in self.values
        }

    def study(self, known: Mapping[str, Array] | None) -> TrainingSweep:
        """Run what is not known, and put it together."""
        known = {} if known is None else known
        pieces = self.pieces().items()
        found = {n: known[n] if n in known else piece() for n, piece in pieces}
        dense, *tables = (
            np.array([found[self._label(name, value)] for value in self.values])
            for name in ("dense", *self.arms)
        )
        return TrainingSweep(
            self.bench.seeds,
            self.varied,
            self.values,
            densities(self.bench, check_rounds(self.rounds), self.rate),
            dense[:, 0],
            dict(zip(self.arms, tables, strict=True)),
        )

    def _label(self, name: str, value: float) -> str:
        return f"{name}, {self.varied} {value}".removesuffix(".0")


def _accuracy(bench: LotteryBench, w: Array) -> Array:
    """Return the accuracy of each network, zero of those whose training diverged."""
    finite = np.asarray(np.isfinite(w).all(axis=-1))
    return np.asarray(finite * bench.accuracy(np.where(finite[:, None], w, 0)))


def check_arms(arms: Iterable[str]) -> tuple[str, ...]:
    """Return names of arms that there are, "dense" not among them."""
    names = tuple(dict.fromkeys(arms))
    for name in names:
        if name not in ARMS:
            raise ValueError(f"arms must be among {list(ARMS)}, got {name!r}")
    return names


def check_values(name: str, values: Iterable[float]) -> tuple[float, ...]:
    """Return distinct values in ascending order, at least one."""
    found = tuple(sorted({float(value) for value in values}))
    if not found:
        raise ValueError(f"{name} must not be empty")
    return found
