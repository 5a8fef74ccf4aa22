"""How soon tickets and their controls learn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from sparsetheory._checks import check_integer, check_number
from sparsetheory.experiments.arms import Case, draw_case
from sparsetheory.experiments.bench import Array, Flags, LotteryBench
from sparsetheory.experiments.lottery import check_rounds, densities, ticket_finder
from sparsetheory.experiments.paired import PairedEffect, paired_effect
from sparsetheory.lottery.controls import reinitialised
from sparsetheory.lottery.iterative import PruningRounds

ROUNDS = (5, 10, 14)
"""With a fifth pruned in each: 32.8, 10.7 and 4.4 per cent are left."""

Start: TypeAlias = Callable[[Case], tuple[Array, Flags]]
"""Returns the weights to begin with, and the mask."""

STARTS: Mapping[str, Start] = {
    "ticket": lambda case: (case.bench.w0, case.mask),
    "re-initialised": lambda case: (
        reinitialised(case.bench.network, case.bench.w0, case.mask, case.bench.fresh),
        case.mask,
    ),
    "shuffled in layers": lambda case: (
        case.bench.w0,
        case.shuffled(by_layer=True),
    ),
}


@dataclass(frozen=True, eq=False)
class SpeedStudy:
    """Training losses along training.

    Attributes
    ----------
    seeds : tuple of int
    steps : tuple of int
        Of training, after which losses are known; evenly spaced.
    density : ndarray, shape (densities,)
        Of the weights without biases.
    dense : ndarray, shape (times, seeds)
        Loss on all training data of the dense networks.
    loss : dict of str to ndarray, shape (densities, times, seeds)
        Of the tickets and their controls.
    """

    seeds: tuple[int, ...]
    steps: tuple[int, ...]
    density: npt.NDArray[np.float64]
    dense: npt.NDArray[np.float64]
    loss: dict[str, npt.NDArray[np.float64]]

    def reached(self, arm: str, loss: float, at: int = -1) -> npt.NDArray[np.float64]:
        """Return after how many steps a loss is first met or undercut, of each seed.

        Parameters
        ----------
        arm : str
            Or "dense".
        loss : float
            Positive.
        at : int
            Which density.

        Returns
        -------
        ndarray, shape (seeds,)
            Rounded up to `steps`; inf where training ended before.
        """
        goal = check_number("loss", loss)
        low = (self.dense if arm == "dense" else self.loss[arm][at]) <= goal
        first = np.asarray(self.steps, dtype=np.float64)[low.argmax(axis=0)]
        return np.where(low.any(axis=0), first, np.inf)

    def effect(
        self,
        arm: str,
        than: str = "dense",
        *,
        loss: float,
        at: int = -1,
        level: float = 0.95,
    ) -> PairedEffect:
        """Compare how many steps two arms need to a loss.

        Parameters
        ----------
        arm, than : str
            Names of arms, or "dense".
        loss : float
        at : int
            Which density.
        level : float
            Of the interval.

        Returns
        -------
        PairedEffect
            Of the difference in steps. Where training ended before, the last step
            counts, so that a difference to what does not learn is too small.
        """
        last = float(self.steps[-1])
        one, other = (
            np.minimum(self.reached(name, loss, at), last) for name in (arm, than)
        )
        return paired_effect(one, other, level=level)


def speed_pieces(
    bench: LotteryBench,
    *,
    every: int = 5,
    rounds: Sequence[int] = ROUNDS,
    rate: float = 0.2,
    tickets: PruningRounds | None = None,
) -> dict[str, Callable[[], Array]]:
    """Return what `speed_study` does, arm by arm, for `complete_records`.

    Parameters
    ----------
    bench, every, rounds, rate, tickets
        As there.

    Returns
    -------
    dict of str to callable
        Each returns losses of shape (densities, times, seeds); "dense" has one density.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said there.

    Examples
    --------
    >>> import sparsetheory as st
    >>> bench = st.lottery_bench("wine", hidden=[20], seeds=2, steps=50)
    >>> pieces = st.speed_pieces(bench, every=10, rounds=[3])
    >>> list(pieces), pieces["ticket"]().shape
    (['dense', 'ticket', 're-initialised', 'shuffled in layers'], (1, 6, 2))
    """
    ends, times = check_rounds(rounds), _times(bench, every)
    find = ticket_finder(bench, ends, rate, tickets)

    def piece(name: str, start: Start, after: tuple[int, ...]) -> Array:
        rows = []
        for end in after:
            w, mask = start(draw_case(bench, find(), end, name))
            rows.append(bench.run(w, mask, watch=times).history.loss)
        return np.array(rows)

    pieces: dict[str, Callable[[], Array]] = {
        name: partial(piece, name, start, ends) for name, start in STARTS.items()
    }
    return {"dense": partial(piece, "dense", STARTS["ticket"], (0,))} | pieces


def speed_study(
    bench: LotteryBench,
    *,
    every: int = 5,
    rounds: Sequence[int] = ROUNDS,
    rate: float = 0.2,
    tickets: PruningRounds | None = None,
    known: Mapping[str, Array] | None = None,
) -> SpeedStudy:
    """Follow the loss of tickets, their controls and the dense networks.

    The controls are fresh weights on the ticket's mask, and its initial weights on a
    mask shuffled in each layer; all meet the same data in the same order.

    Parameters
    ----------
    bench : LotteryBench
        Of `lottery_bench`.
    every : int
        Steps from one look at the loss to the next.
    rounds : sequence of int
        After how many rounds of pruning to compare.
    rate : float
        Share of the weights that goes in a round.
    tickets : PruningRounds, optional
        Of ``bench.rewound`` with this rate and as many rounds at least; by default they
        are found first.
    known : mapping, optional
        What pieces of `speed_pieces` returned; they are not run again.

    Returns
    -------
    SpeedStudy

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    Examples
    --------
    >>> import sparsetheory as st
    >>> bench = st.lottery_bench("wine", hidden=[20], seeds=4, steps=50)
    >>> found = st.speed_study(bench, rounds=[8])
    >>> shuffled = found.reached("shuffled in layers", 0.3)
    >>> bool((found.reached("ticket", 0.3) <= shuffled).all())
    True
    """
    ends = check_rounds(rounds)
    pieces = speed_pieces(bench, every=every, rounds=ends, rate=rate, tickets=tickets)
    known = {} if known is None else known
    found = {n: known[n] if n in known else piece() for n, piece in pieces.items()}
    dense, density = found.pop("dense")[0], densities(bench, ends, rate)
    return SpeedStudy(bench.seeds, _times(bench, every), density, dense, found)


def _times(bench: LotteryBench, every: int) -> tuple[int, ...]:
    step = check_integer("every", every, 1, bench.steps)
    return tuple(range(0, bench.steps + 1, step))
