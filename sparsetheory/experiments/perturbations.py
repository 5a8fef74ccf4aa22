"""Tickets and others trained from noisy weights, and on several orders of the data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from sparsetheory._checks import check_integer, check_number
from sparsetheory.experiments.arms import ARMS, Arm
from sparsetheory.experiments.bench import Array, LotteryBench
from sparsetheory.experiments.sweep import (
    ROUNDS,
    Sweep,
    TrainingSweep,
    check_arms,
    check_values,
)
from sparsetheory.lottery.iterative import PruningRounds

SIZES = (0.0, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0)
CONTROLS = ("ticket", "re-initialised", "shuffled in layers")
PERTURBED = 1003  # role of a seed's stream


def noise_pieces(
    bench: LotteryBench,
    *,
    sizes: Sequence[float] = SIZES,
    rounds: Sequence[int] = ROUNDS,
    rate: float = 0.2,
    tickets: PruningRounds | None = None,
) -> dict[str, Callable[[], Array]]:
    """Return what `noise_study` does, run by run, for `complete_records`.

    Parameters
    ----------
    bench, sizes, rounds, rate, tickets
        As there.

    Returns
    -------
    dict of str to callable
        Each returns accuracies of shape (densities, seeds); "dense" has one density.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said there.

    Examples
    --------
    >>> import sparsetheory as st
    >>> bench = st.lottery_bench("wine", hidden=[20], seeds=2, steps=50)
    >>> pieces = st.noise_pieces(bench, sizes=[0.5], rounds=[3, 6])
    >>> list(pieces), pieces["ticket, noise 0.5"]().shape
    (['dense, noise 0.5', 'ticket, noise 0.5'], (2, 2))
    """
    return _noise(bench, sizes, rounds, rate, tickets).pieces()


def noise_study(
    bench: LotteryBench,
    *,
    sizes: Sequence[float] = SIZES,
    rounds: Sequence[int] = ROUNDS,
    rate: float = 0.2,
    tickets: PruningRounds | None = None,
    known: Mapping[str, Array] | None = None,
) -> TrainingSweep:
    """Train tickets and dense networks after noise on their initial weights.

    The noise is normal and independent, with a standard deviation relative to the root
    mean square of the initial weights of each layer; biases have none. All sizes scale
    one draw for each seed, which ticket and dense network share.

    Parameters
    ----------
    bench : LotteryBench
        Of `lottery_bench`.
    sizes : sequence of float
        Of the noise, 0 or more.
    rounds : sequence of int
        After how many rounds of pruning to compare.
    rate : float
        Share of the weights that goes in a round.
    tickets : PruningRounds, optional
        Of ``bench.rewound`` with this rate and as many rounds at least; by default they
        are found first.
    known : mapping, optional
        What pieces of `noise_pieces` returned; they are not run again.

    Returns
    -------
    TrainingSweep

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    Examples
    --------
    >>> import sparsetheory as st
    >>> bench = st.lottery_bench("wine", hidden=[20], seeds=3, steps=50)
    >>> found = st.noise_study(bench, sizes=[0, 20], rounds=[6])
    >>> found.effect("ticket", "ticket", value=20, base=0).mean < 0
    True
    """
    return _noise(bench, sizes, rounds, rate, tickets).study(known)


def _noise(
    bench: LotteryBench,
    sizes: Sequence[float],
    rounds: Sequence[int],
    rate: float,
    tickets: PruningRounds | None,
) -> Sweep:
    values = check_values(
        "sizes", (check_number("sizes", s, positive=False) for s in sizes)
    )
    scale = bench.network.join([_size(w) for w in bench.network.split(bench.w0)])
    noise = scale * np.stack(
        [
            np.random.default_rng((s, PERTURBED)).standard_normal(bench.network.n)
            for s in bench.seeds
        ]
    )

    def change(size: float) -> tuple[LotteryBench, Mapping[str, Arm]]:
        w = (bench.w0 + size * noise).astype(bench.w0.dtype)
        return bench, {"ticket": lambda case: case.train(case.mask, w)}

    return Sweep(bench, "noise", values, ("ticket",), change, rounds, rate, tickets)


def _size(w: Array) -> Array:
    """Return the root mean square of each seed's layer, at each of its entries."""
    square = np.mean(w**2, axis=tuple(range(1, w.ndim)), keepdims=True)
    return np.broadcast_to(np.sqrt(square), w.shape)


def order_pieces(
    bench: LotteryBench,
    *,
    orders: int = 8,
    arms: Iterable[str] = CONTROLS,
    rounds: Sequence[int] = ROUNDS,
    rate: float = 0.2,
    tickets: PruningRounds | None = None,
) -> dict[str, Callable[[], Array]]:
    """Return what `order_study` does, run by run, for `complete_records`.

    Parameters
    ----------
    bench, orders, arms, rounds, rate, tickets
        As there.

    Returns
    -------
    dict of str to callable
        Each returns accuracies of shape (densities, seeds); "dense" has one density.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said there.

    Examples
    --------
    >>> import sparsetheory as st
    >>> bench = st.lottery_bench("wine", hidden=[20], seeds=2, steps=50)
    >>> list(st.order_pieces(bench, orders=2, arms=["ticket"]))
    ['dense, order 0', 'dense, order 1', 'ticket, order 0', 'ticket, order 1']
    """
    return _order(bench, orders, arms, rounds, rate, tickets).pieces()


def order_study(
    bench: LotteryBench,
    *,
    orders: int = 8,
    arms: Iterable[str] = CONTROLS,
    rounds: Sequence[int] = ROUNDS,
    rate: float = 0.2,
    tickets: PruningRounds | None = None,
    known: Mapping[str, Array] | None = None,
) -> TrainingSweep:
    """Train tickets and others on several orders of the data.

    Between runs of a seed nothing else differs: `TrainingSweep.spread` is the standard
    deviation over orders.

    Parameters
    ----------
    bench : LotteryBench
        Of `lottery_bench`.
    orders : int
        How many; the first is that of the bench.
    arms : iterable of str
        Names of arms in ``sparsetheory.experiments.arms.ARMS``.
    rounds : sequence of int
        After how many rounds of pruning to compare.
    rate : float
        Share of the weights that goes in a round.
    tickets : PruningRounds, optional
        Of ``bench.rewound`` with this rate and as many rounds at least; by default they
        are found first.
    known : mapping, optional
        What pieces of `order_pieces` returned; they are not run again.

    Returns
    -------
    TrainingSweep

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    Examples
    --------
    >>> import sparsetheory as st
    >>> bench = st.lottery_bench("wine", hidden=[20], seeds=3, steps=50)
    >>> found = st.order_study(bench, orders=4, rounds=[6])
    >>> found.spread("ticket").shape
    (3,)
    """
    return _order(bench, orders, arms, rounds, rate, tickets).study(known)


def _order(
    bench: LotteryBench,
    orders: int,
    arms: Iterable[str],
    rounds: Sequence[int],
    rate: float,
    tickets: PruningRounds | None,
) -> Sweep:
    values = tuple(map(float, range(check_integer("orders", orders, 1))))

    def change(order: float) -> tuple[LotteryBench, Mapping[str, Arm]]:
        return replace(bench, order=bench.order + int(order)), ARMS

    names = check_arms(arms)
    return Sweep(bench, "order", values, names, change, rounds, rate, tickets)
