"""Arms that ask what makes a ticket: which layer, which task, which procedure."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Literal

import numpy as np

from sparsetheory._parallel import once
from sparsetheory.experiments.arms import Arm, Case
from sparsetheory.experiments.bench import Array, Flags, LotteryBench
from sparsetheory.experiments.lottery import ROUNDS
from sparsetheory.lottery.iterative import PruningRounds, keep_largest, prunable_parts
from sparsetheory.lottery.schedules import surviving_counts


def layer_arms(bench: LotteryBench) -> dict[str, Arm]:
    """Arms that keep all of a ticket but the initial weights of one layer.

    Parameters
    ----------
    bench : LotteryBench

    Returns
    -------
    dict of str to callable
        For `lottery_study`: "ticket"; for each layer, counted from 1, "layer 1
        re-initialised", with fresh weights in it and the others rewound, and "layer 1
        not rewound", with those that training the dense network led to.

    Examples
    --------
    >>> import sparsetheory as st
    >>> list(st.layer_arms(st.lottery_bench("wine", seeds=2)))[1:3]
    ['layer 1 re-initialised', 'layer 1 not rewound']
    """
    arms: dict[str, Arm] = {"ticket": _ticket}
    for i, label in enumerate(np.unique(bench.network.layer), 1):
        arms[f"layer {i} re-initialised"] = partial(
            _exchanged, layer=label, start="fresh"
        )
        arms[f"layer {i} not rewound"] = partial(_exchanged, layer=label, start="dense")
    return arms


def _exchanged(case: Case, *, layer: int, start: Literal["fresh", "dense"]) -> Array:
    bench = case.bench
    there = (bench.network.layer == layer) & bench.network.weights
    other = bench.fresh if start == "fresh" else case.dense
    return case.train(case.mask, np.where(there, other, bench.w0))


def transfer_arms(
    source: LotteryBench, *, rounds: int = max(ROUNDS), rate: float = 0.2
) -> dict[str, Arm]:
    """Arms that take tickets of one task to another.

    Parameters
    ----------
    source : LotteryBench
        Of the first task. The bench of the study has another one, the same network and
        the same seeds, hence the same initial weights.
    rounds : int
        The most that the study asks for.
    rate : float
        That of the study.

    Returns
    -------
    dict of str to callable
        For `lottery_study`: "ticket", of the task itself; "ticket of the other task";
        "re-initialised", the ticket with fresh weights; "shuffled in layers", a mask
        with its counts; "other task's, shuffled", one with those of the other ticket.

    Raises
    ------
    ValueError
        By the arms, if initial weights, rounds or rate are not those of the study.

    Examples
    --------
    >>> import sparsetheory as st
    >>> one, other = (
    ...     st.lottery_bench("digits", classes=some, seeds=2, steps=50)
    ...     for some in ([0, 1, 2], [3, 4, 5])
    ... )
    >>> arms = st.transfer_arms(one, rounds=3)
    >>> list(st.lottery_study(other, rounds=[3], arms=arms).accuracy)[:2]
    ['ticket', 'ticket of the other task']
    """

    @once
    def found() -> PruningRounds:
        return source.rewound(rounds=rounds, rate=rate)

    def moved(case: Case) -> Case:
        if not np.array_equal(case.bench.w0, source.w0):
            raise ValueError(
                "source must have the initial weights of the study, got "
                f"{source.scheme}, {source.network.shapes}, seeds {source.seeds}"
            )
        return replace(case, mask=_as_sparse(found().masks, case))

    return {
        "ticket": _ticket,
        "ticket of the other task": lambda case: _ticket(moved(case)),
        "re-initialised": lambda case: case.train(case.mask, case.bench.fresh),
        "shuffled in layers": _shuffled,
        "other task's, shuffled": lambda case: _shuffled(moved(case)),
    }


def procedure_arms(*, rounds: int = max(ROUNDS), rate: float = 0.2) -> dict[str, Arm]:
    """Arms that look for tickets in other ways, some of which keep no mask.

    Parameters
    ----------
    rounds : int
        The most that the study asks for.
    rate : float
        That of the study.

    Returns
    -------
    dict of str to callable
        For `lottery_study`: "ticket"; "rewound at the end alone", after rounds of
        fine-tuning; "never rewound", as these end; "shuffled in layers"; and two whose
        networks end dense: "mask at resets alone", where each training may move pruned
        weights, the last one too, and "shuffled, mask at the start alone", with fresh
        weights.

    Examples
    --------
    >>> import sparsetheory as st
    >>> bench = st.lottery_bench("wine", hidden=[20], seeds=2, steps=50)
    >>> arms = st.procedure_arms(rounds=8)
    >>> found = st.lottery_study(bench, rounds=[8], arms=arms)
    >>> name = "shuffled, mask at the start alone"
    >>> found.effect(name, "shuffled in layers").mean > 0
    True
    """

    @once
    def tuned(bench: LotteryBench) -> PruningRounds:
        return bench.rewound(rounds=rounds, rate=rate, rewind_step=None)

    @once
    def loose(bench: LotteryBench) -> Flags:
        return _unkept_masks(bench, rounds, rate)

    def at_end(case: Case) -> Array:
        return case.train(_as_sparse(tuned(case.bench).masks, case))

    def never(case: Case) -> Array:
        run = tuned(case.bench)
        return np.asarray(run.weights[_round(run.masks, case)])

    def unkept(case: Case) -> Array:
        return _unkept(case.bench, case.bench.w0, _as_sparse(loose(case.bench), case))

    return {
        "ticket": _ticket,
        "rewound at the end alone": at_end,
        "never rewound": never,
        "mask at resets alone": unkept,
        "shuffled in layers": _shuffled,
        "shuffled, mask at the start alone": lambda case: _unkept(
            case.bench, case.bench.fresh, case.shuffled(by_layer=True)
        ),
    }


def _ticket(case: Case) -> Array:
    return case.train(case.mask)


def _shuffled(case: Case) -> Array:
    return case.train(case.shuffled(by_layer=True))


def _unkept(bench: LotteryBench, w: Array, mask: Flags) -> Array:
    """Train from masked weights, all of them."""
    return bench.train(np.where(mask, w, 0), np.ones_like(mask))


def _unkept_masks(bench: LotteryBench, rounds: int, rate: float) -> Flags:
    """Return the masks of rounds in which training may move pruned weights."""
    network = bench.network
    parts = prunable_parts(network.n, network.weights, None)
    masks = [np.ones(bench.w0.shape, dtype=bool)]
    for kept in surviving_counts(parts[0].size, rate, rounds)[1:]:
        w = _unkept(bench, bench.w0, masks[-1])
        masks.append(keep_largest(np.abs(w), parts, [kept], masks[-1]))
    return np.array(masks)


def _as_sparse(masks: Flags, case: Case) -> Flags:
    return np.asarray(masks[_round(masks, case)])


def _round(masks: Flags, case: Case) -> int:
    """Return after how many rounds there are as many weights as in the ticket."""
    weights = case.bench.network.weights
    counts = np.count_nonzero(masks[:, 0, weights], axis=1)
    kept = np.count_nonzero(case.mask[0, weights])
    if kept not in counts:
        raise ValueError(
            "rounds and rate must be those of the study, got "
            f"{len(masks) - 1} rounds without one of {kept} weights"
        )
    return int(np.argmax(counts == kept))
