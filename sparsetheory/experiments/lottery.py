"""Tickets against their controls on real data, on the same seeds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from sparsetheory._checks import check_integer
from sparsetheory._parallel import blas_held, once
from sparsetheory.experiments.arms import ARMS, Arm, draw_case
from sparsetheory.experiments.bench import LotteryBench
from sparsetheory.experiments.paired import PairedEffect, paired_effect
from sparsetheory.lottery.iterative import PruningRounds
from sparsetheory.lottery.schedules import surviving_counts

Accuracy = npt.NDArray[np.float64]
ROUNDS = (6, 10, 14)
"""With a fifth pruned in each: 26.2, 10.7 and 4.4 per cent are left."""


@dataclass(frozen=True, eq=False)
class LotteryStudy:
    """Accuracies on test data, of each arm, density and seed.

    Attributes
    ----------
    seeds : tuple of int
    density : ndarray, shape (densities,)
        Of the weights without biases, as counted.
    dense : ndarray, shape (seeds,)
        Accuracy of the dense networks.
    accuracy : dict of str to ndarray, shape (densities, seeds)
        Of each arm.
    """

    seeds: tuple[int, ...]
    density: npt.NDArray[np.float64]
    dense: Accuracy
    accuracy: dict[str, Accuracy]

    def effect(
        self, arm: str, than: str = "dense", at: int = -1, *, level: float = 0.95
    ) -> PairedEffect:
        """Compare an arm with another, or with the dense networks.

        Parameters
        ----------
        arm, than : str
            Names of arms, or "dense".
        at : int
            Which density.
        level : float
            Of the interval.

        Returns
        -------
        PairedEffect
            Of the difference in accuracy.
        """
        one, other = (
            self.dense if name == "dense" else self.accuracy[name][at]
            for name in (arm, than)
        )
        return paired_effect(one, other, level=level)


def lottery_pieces(
    bench: LotteryBench,
    *,
    rounds: Sequence[int] = ROUNDS,
    rate: float = 0.2,
    arms: Iterable[str] | Mapping[str, Arm] = ARMS,
    tickets: PruningRounds | None = None,
) -> dict[str, Callable[[], Accuracy]]:
    """Return what `lottery_study` does, arm by arm, for `complete_records`.

    Parameters
    ----------
    bench, rounds, rate, arms, tickets
        As there.

    Returns
    -------
    dict of str to callable
        Each returns accuracies of shape (densities, seeds); "dense" has one density.
        The first that needs tickets finds them for all.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said there.

    Examples
    --------
    >>> import sparsetheory as st
    >>> bench = st.lottery_bench("wine", hidden=[20], seeds=2, steps=50)
    >>> pieces = st.lottery_pieces(bench, rounds=[3], arms=["random"])
    >>> list(pieces), pieces["random"]().shape
    (['dense', 'random'], (1, 2))
    """
    ends, chosen = check_rounds(rounds), _arms(arms)
    found = ticket_finder(bench, ends, rate, tickets)

    def piece(name: str, arm: Arm) -> Accuracy:
        rows = []
        for end in ends:
            with blas_held():
                w = np.asarray(arm(draw_case(bench, found(), end, name)))
                if w.shape != bench.w0.shape:
                    raise ValueError(
                        f"arm {name!r} must return weights of shape {bench.w0.shape}, "
                        f"got {w.shape}"
                    )
                rows.append(bench.accuracy(w))
        return np.array(rows)

    pieces: dict[str, Callable[[], Accuracy]] = {
        "dense": lambda: bench.accuracy(found().weights[0])[None]
    }
    return pieces | {name: partial(piece, name, arm) for name, arm in chosen.items()}


def lottery_study(
    bench: LotteryBench,
    *,
    rounds: Sequence[int] = ROUNDS,
    rate: float = 0.2,
    arms: Iterable[str] | Mapping[str, Arm] = ARMS,
    tickets: PruningRounds | None = None,
    known: Mapping[str, Accuracy] | None = None,
) -> LotteryStudy:
    """Train winning tickets, what they are compared with, and the dense networks.

    Tickets are those of `iterative_magnitude_pruning` of all weights together, rewound
    to the start; biases stay. Every arm has as many weights as the ticket, and on each
    seed the same data, order of data and steps.

    Parameters
    ----------
    bench : LotteryBench
        Of `lottery_bench`.
    rounds : sequence of int
        After how many rounds of pruning to compare.
    rate : float
        Share of the weights that goes in a round.
    arms : iterable of str, or mapping of str to callable
        Names of arms in ``sparsetheory.experiments.arms.ARMS``, by default all; or
        one's own, which take a `Case` and return trained weights, shape (seeds, n).
    tickets : PruningRounds, optional
        Of ``bench.rewound`` with this rate and as many rounds at least; by default they
        are found first.
    known : mapping, optional
        What pieces of `lottery_pieces` returned; they are not run again.

    Returns
    -------
    LotteryStudy

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    Examples
    --------
    >>> import sparsetheory as st
    >>> bench = st.lottery_bench("wine", hidden=[20], seeds=4, steps=50)
    >>> found = st.lottery_study(bench, rounds=[8], arms=["ticket", "random"])
    >>> found.effect("ticket", "random").mean > 0
    True
    """
    ends = check_rounds(rounds)
    options: dict[str, Any] = {"rate": rate, "arms": arms, "tickets": tickets}
    pieces = lottery_pieces(bench, rounds=ends, **options)
    known = {} if known is None else known
    found = {n: known[n] if n in known else piece() for n, piece in pieces.items()}
    dense = found.pop("dense")[0]
    return LotteryStudy(bench.seeds, densities(bench, ends, rate), dense, found)


def densities(
    bench: LotteryBench, rounds: tuple[int, ...], rate: float
) -> npt.NDArray[np.float64]:
    """Return the share of the weights that is left after each of the rounds."""
    n = int(np.count_nonzero(bench.network.weights))
    return np.asarray(surviving_counts(n, rate, max(rounds))[list(rounds)] / n)


def check_rounds(rounds: Sequence[int]) -> tuple[int, ...]:
    """Return rounds after which to look, at least one."""
    ends = tuple(check_integer("rounds", each, 0) for each in rounds)
    if not ends:
        raise ValueError("rounds must not be empty")
    return ends


def check_steps(
    bench: LotteryBench, steps: Sequence[int] | None, shares: Iterable[float]
) -> tuple[int, ...]:
    """Return steps of training in ascending order, or shares of those of the bench."""
    steps = [round(p * bench.steps) for p in shares] if steps is None else steps
    times = sorted({check_integer("steps", each, 0, bench.steps) for each in steps})
    if not times:
        raise ValueError("steps must not be empty")
    return tuple(times)


def place_of(name: str, value: float, values: tuple[float, ...]) -> int:
    """Return where a value is, or say that it is not there."""
    if value not in values:
        raise ValueError(f"{name} must be among {values}, got {value!r}")
    return values.index(value)


def ticket_finder(
    bench: LotteryBench,
    ends: tuple[int, ...],
    rate: float,
    tickets: PruningRounds | None,
) -> Callable[[], PruningRounds]:
    """Return what gives the tickets, and finds them once unless they are given."""
    if tickets is not None:
        check_tickets(bench, ends, rate, tickets)
    return once(lambda: tickets or bench.rewound(rounds=max(ends), rate=rate))


def check_tickets(
    bench: LotteryBench, ends: tuple[int, ...], rate: float, tickets: PruningRounds
) -> None:
    """Check that tickets are those of the bench, rewound to the start."""
    rounds = len(tickets.masks) - 1
    if rounds < max(ends):
        raise ValueError(f"tickets must have {max(ends)} rounds, got {rounds}")
    if tickets.masks.shape[1:] != bench.w0.shape:
        shape = tickets.masks.shape[1:]
        raise ValueError(f"tickets must be of shape {bench.w0.shape}, got {shape}")
    if tickets.rewind_step != 0 or not np.array_equal(tickets.start, bench.w0):
        raise ValueError("tickets must be rewound to the initial weights of the bench")
    wanted = densities(bench, ends, rate)
    found = tickets.masks[list(ends)][..., bench.network.weights].mean(axis=-1)
    one = 1 / np.count_nonzero(bench.network.weights)
    wrong = np.abs(found - wanted[:, None]) > one / 2
    if wrong.any():
        at = int(wrong.any(axis=1).argmax())
        raise ValueError(
            f"tickets must be pruned at the rate {rate}, to {wanted[at]:.4g} in round "
            f"{ends[at]}, got {found[at, 0]:.4g}"
        )


def _arms(arms: Iterable[str] | Mapping[str, Arm]) -> dict[str, Arm]:
    if isinstance(arms, Mapping):
        if "dense" in arms:
            raise ValueError("no arm must be called 'dense': it is what all are beside")
        return dict(arms)
    names = list(arms)
    for name in names:
        if name not in ARMS:
            raise ValueError(f"arms must be among {list(ARMS)}, got {name!r}")
    return {name: ARMS[name] for name in names}
