"""How much tickets of one network share that differ in weights or order of data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt

from sparsetheory._checks import check_integer
from sparsetheory._parallel import once
from sparsetheory.experiments.bench import OTHER, Array, Flags, LotteryBench
from sparsetheory.experiments.lottery import ROUNDS, Accuracy
from sparsetheory.experiments.paired import PairedEffect, paired_effect
from sparsetheory.lottery.iterative import PruningRounds, iterative_magnitude_pruning
from sparsetheory.lottery.network import Network
from sparsetheory.lottery.schedules import surviving_counts

REFERENCE = "ticket"
OTHERS = {
    "other order": (False, True),
    "other weights": (True, False),
    "other weights and order": (True, True),
}
"""Whether initial weights and the order of the data are other ones."""


@dataclass(frozen=True, eq=False)
class OverlapStudy:
    """Tickets of the same data, beside one another.

    Attributes
    ----------
    seeds : tuple of int
    density : ndarray, shape (densities,)
    overlap : dict of str to ndarray, shape (densities, seeds)
        Share of the weights that the ticket keeps which the other one keeps too.
    chance : dict of str to ndarray, shape (densities, seeds)
        Its mean if the weights of the other one were drawn at random in each layer.
    accuracy : dict of str to ndarray, shape (densities, seeds)
        On test data.
    """

    seeds: tuple[int, ...]
    density: npt.NDArray[np.float64]
    overlap: dict[str, Accuracy]
    chance: dict[str, Accuracy]
    accuracy: dict[str, Accuracy]

    def effect(self, name: str, at: int = -1, *, level: float = 0.95) -> PairedEffect:
        """Compare the accuracy of another ticket with that of the first."""
        one, other = self.accuracy[name][at], self.accuracy[REFERENCE][at]
        return paired_effect(one, other, level=level)

    def excess(self, name: str, at: int = -1, *, level: float = 0.95) -> PairedEffect:
        """Compare the overlap of another ticket with chance."""
        one, other = self.overlap[name][at], self.chance[name][at]
        return paired_effect(one, other, level=level)


def overlap_pieces(
    bench: LotteryBench, *, rounds: Sequence[int] = ROUNDS, rate: float = 0.2
) -> dict[str, Callable[[], Accuracy]]:
    """Return what `overlap_study` does, ticket by ticket, for `complete_records`.

    Parameters
    ----------
    bench, rounds, rate
        As there.

    Returns
    -------
    dict of str to callable
        Each returns overlaps, chance and accuracies, shape (3, densities, seeds).

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said there.

    Examples
    --------
    >>> import sparsetheory as st
    >>> bench = st.lottery_bench("wine", hidden=[20], seeds=2, steps=50)
    >>> list(st.overlap_pieces(bench, rounds=[3]))
    ['ticket', 'other order', 'other weights', 'other weights and order']
    """
    ends = [check_integer("rounds", each, 0) for each in rounds]
    if not ends:
        raise ValueError("rounds must not be empty")
    other = replace(bench, seeds=tuple(seed + OTHER for seed in bench.seeds))

    def found(weights: bool, order: bool) -> PruningRounds:
        return iterative_magnitude_pruning(
            (other if order else bench).train,
            bench.fresh if weights else bench.w0,
            rounds=max(ends),
            rate=rate,
            prunable=bench.network.weights,
        )

    first = once(partial(found, False, False))

    def piece(weights: bool, order: bool) -> Accuracy:
        run = found(weights, order) if weights or order else first()
        rows = [
            (
                *shared_weights(bench.network, first().masks[end], run.masks[end]),
                bench.accuracy(run.weights[end]),
            )
            for end in ends
        ]
        return np.array(rows).swapaxes(0, 1)

    cases = {REFERENCE: (False, False)} | OTHERS
    return {name: partial(piece, *case) for name, case in cases.items()}


def overlap_study(
    bench: LotteryBench,
    *,
    rounds: Sequence[int] = ROUNDS,
    rate: float = 0.2,
    known: Mapping[str, Accuracy] | None = None,
) -> OverlapStudy:
    """Find tickets again, with other weights or another order of the same data.

    Parameters
    ----------
    bench : LotteryBench
        Of `lottery_bench`.
    rounds : sequence of int
        After how many rounds of pruning to compare.
    rate : float
        Share of the weights that goes in a round.
    known : mapping, optional
        What pieces of `overlap_pieces` returned; they are not run again.

    Returns
    -------
    OverlapStudy

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    Examples
    --------
    >>> import sparsetheory as st
    >>> bench = st.lottery_bench("wine", hidden=[20], seeds=4, steps=50)
    >>> found = st.overlap_study(bench, rounds=[6])
    >>> found.excess("other order").low > 0
    True
    """
    pieces = overlap_pieces(bench, rounds=rounds, rate=rate)
    known = {} if known is None else known
    found = {n: known[n] if n in known else piece() for n, piece in pieces.items()}
    n = int(np.count_nonzero(bench.network.weights))
    density = surviving_counts(n, rate, max(rounds))[list(rounds)] / n
    others = {name: values for name, values in found.items() if name != REFERENCE}
    return OverlapStudy(
        bench.seeds,
        density,
        {name: values[0] for name, values in others.items()},
        {name: values[1] for name, values in others.items()},
        {name: values[2] for name, values in found.items()},
    )


def shared_weights(network: Network, one: Flags, other: Flags) -> tuple[Array, Array]:
    """Return the share of a mask's weights in another, and its mean by chance.

    Chance is that the other one is uniform among all with its counts in the layers.
    """
    on = network.weights
    kept = np.count_nonzero(one[..., on], axis=-1)
    mean = np.zeros(kept.shape)
    for layer in np.unique(network.layer[on]):
        there = on & (network.layer == layer)
        counts = (np.count_nonzero(mask[..., there], axis=-1) for mask in (one, other))
        mean += np.prod(list(counts), axis=0) / np.count_nonzero(there)
    return np.count_nonzero((one & other)[..., on], axis=-1) / kept, mean / kept
