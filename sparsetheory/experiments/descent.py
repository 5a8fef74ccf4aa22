"""Tickets and dense networks trained with other batches and step sizes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from sparsetheory._checks import check_integer, check_number
from sparsetheory.experiments.arms import ARMS, Arm
from sparsetheory.experiments.bench import Array, LotteryBench
from sparsetheory.experiments.sweep import ROUNDS, Sweep, TrainingSweep, check_values
from sparsetheory.lottery.iterative import PruningRounds

BATCHES = (5, 10, 25, 50, 100, 250, 1000)
STEP_SIZES = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0)


def batch_pieces(
    bench: LotteryBench,
    *,
    batches: Sequence[int] | None = None,
    rounds: Sequence[int] = ROUNDS,
    rate: float = 0.2,
    tickets: PruningRounds | None = None,
) -> dict[str, Callable[[], Array]]:
    """Return what `batch_study` does, run by run, for `complete_records`.

    Parameters
    ----------
    bench, batches, rounds, rate, tickets
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
    >>> list(st.batch_pieces(bench, batches=[10, 100]))[2:]
    ['ticket, batch 10', 'ticket, batch 100']
    """
    return _batch(bench, batches, rounds, rate, tickets).pieces()


def batch_study(
    bench: LotteryBench,
    *,
    batches: Sequence[int] | None = None,
    rounds: Sequence[int] = ROUNDS,
    rate: float = 0.2,
    tickets: PruningRounds | None = None,
    known: Mapping[str, Array] | None = None,
) -> TrainingSweep:
    """Train tickets and dense networks with batches of several sizes.

    All see as many samples as the bench shows them, so that small batches have more
    steps; the step size stays. Tickets are those that the bench itself finds.

    Parameters
    ----------
    bench : LotteryBench
        Of `lottery_bench`.
    batches : sequence of int, optional
        Samples of a step; by default 5, 10, 25, 50, 100, 250 and 1000, as far as there
        are as many.
    rounds : sequence of int
        After how many rounds of pruning to compare.
    rate : float
        Share of the weights that goes in a round.
    tickets : PruningRounds, optional
        Of ``bench.rewound`` with this rate and as many rounds at least; by default they
        are found first.
    known : mapping, optional
        What pieces of `batch_pieces` returned; they are not run again.

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
    >>> found = st.batch_study(bench, batches=[10, 100], rounds=[6])
    >>> found.best("ticket").shape
    (3,)
    """
    return _batch(bench, batches, rounds, rate, tickets).study(known)


def _batch(
    bench: LotteryBench,
    batches: Sequence[int] | None,
    rounds: Sequence[int],
    rate: float,
    tickets: PruningRounds | None,
) -> Sweep:
    most, shown = bench.data.X.shape[-2], bench.steps * bench.batch
    batches = [b for b in BATCHES if b <= most] if batches is None else batches
    values = check_values(
        "batches", (check_integer("batches", b, 1, most) for b in batches)
    )

    def change(size: float) -> tuple[LotteryBench, Mapping[str, Arm]]:
        batch = int(size)
        return replace(bench, batch=batch, steps=max(1, round(shown / batch))), ARMS

    return Sweep(bench, "batch", values, ("ticket",), change, rounds, rate, tickets)


def step_size_pieces(
    bench: LotteryBench,
    *,
    sizes: Sequence[float] = STEP_SIZES,
    rounds: Sequence[int] = ROUNDS,
    rate: float = 0.2,
    tickets: PruningRounds | None = None,
) -> dict[str, Callable[[], Array]]:
    """Return what `step_size_study` does, run by run, for `complete_records`.

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
    >>> list(st.step_size_pieces(bench, sizes=[0.1, 0.5]))[2:]
    ['ticket, step size 0.1', 'ticket, step size 0.5']
    """
    return _step_size(bench, sizes, rounds, rate, tickets).pieces()


def step_size_study(
    bench: LotteryBench,
    *,
    sizes: Sequence[float] = STEP_SIZES,
    rounds: Sequence[int] = ROUNDS,
    rate: float = 0.2,
    tickets: PruningRounds | None = None,
    known: Mapping[str, Array] | None = None,
) -> TrainingSweep:
    """Train tickets and dense networks with several step sizes.

    Tickets are those that the bench itself finds, with its own step size.

    Parameters
    ----------
    bench : LotteryBench
        Of `lottery_bench`.
    sizes : sequence of float
        Learning rates of the optimiser, positive.
    rounds : sequence of int
        After how many rounds of pruning to compare.
    rate : float
        Share of the weights that goes in a round.
    tickets : PruningRounds, optional
        Of ``bench.rewound`` with this rate and as many rounds at least; by default they
        are found first.
    known : mapping, optional
        What pieces of `step_size_pieces` returned; they are not run again.

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
    >>> found = st.step_size_study(bench, sizes=[0.001, 0.5], rounds=[6])
    >>> found.best("dense")
    array([0.5, 0.5, 0.5])
    """
    return _step_size(bench, sizes, rounds, rate, tickets).study(known)


def _step_size(
    bench: LotteryBench,
    sizes: Sequence[float],
    rounds: Sequence[int],
    rate: float,
    tickets: PruningRounds | None,
) -> Sweep:
    values = check_values("sizes", (check_number("sizes", s) for s in sizes))

    def change(size: float) -> tuple[LotteryBench, Mapping[str, Arm]]:
        return replace(bench, optimiser=replace(bench.optimiser, lr=size)), ARMS

    return Sweep(bench, "step size", values, ("ticket",), change, rounds, rate, tickets)
