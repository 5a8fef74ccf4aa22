"""How much of the gradient masks keep, and what they are good for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from sparsetheory.experiments.arms import Case, draw_case
from sparsetheory.experiments.bench import Array, Flags, LotteryBench
from sparsetheory.experiments.lottery import (
    ROUNDS,
    check_rounds,
    densities,
    ticket_finder,
)
from sparsetheory.experiments.paired import PairedEffect, paired_effect
from sparsetheory.lottery.iterative import PruningRounds
from sparsetheory.lottery.landscape import gradient_flow
from sparsetheory.lottery.saliency import snip_saliency

MASKS: Mapping[str, Callable[[Case], Flags]] = {
    "ticket": lambda case: case.mask,
    "largest gradients": lambda case: case.largest(
        np.abs(case.bench.gradient(case.bench.w0))
    ),
    "SNIP": lambda case: case.largest(
        snip_saliency(case.bench.w0, case.bench.gradient)
    ),
    "shuffled in layers": lambda case: case.shuffled(by_layer=True),
}
"""Masks with as many weights as the ticket."""


@dataclass(frozen=True, eq=False)
class FlowStudy:
    """Gradients on masks at the start, and accuracies at the end.

    Attributes
    ----------
    seeds : tuple of int
    density : ndarray, shape (densities,)
        Of the weights without biases.
    dense : ndarray, shape (seeds,)
        Accuracy of the dense networks.
    cosine : dict of str to ndarray, shape (densities, seeds)
        Of each mask, between the gradient of the dense network at its initial
        parameters and what the mask keeps of it; biases are kept.
    pruned_cosine : dict of str to ndarray
        The same at the masked parameters, where training on the mask begins.
    accuracy : dict of str to ndarray
        On test data after training on the mask from there.
    """

    seeds: tuple[int, ...]
    density: npt.NDArray[np.float64]
    dense: npt.NDArray[np.float64]
    cosine: dict[str, npt.NDArray[np.float64]]
    pruned_cosine: dict[str, npt.NDArray[np.float64]]
    accuracy: dict[str, npt.NDArray[np.float64]]

    def effect(
        self, mask: str, than: str = "dense", at: int = -1, *, level: float = 0.95
    ) -> PairedEffect:
        """Compare the accuracy on a mask with another, or with the dense networks.

        Parameters
        ----------
        mask, than : str
            Names of masks, or "dense".
        at : int
            Which density.
        level : float
            Of the interval.

        Returns
        -------
        PairedEffect
        """
        one, other = (
            self.dense if name == "dense" else self.accuracy[name][at]
            for name in (mask, than)
        )
        return paired_effect(one, other, level=level)


def flow_pieces(
    bench: LotteryBench,
    *,
    rounds: Sequence[int] = ROUNDS,
    rate: float = 0.2,
    tickets: PruningRounds | None = None,
) -> dict[str, Callable[[], Array]]:
    """Return what `flow_study` does, mask by mask, for `complete_records`.

    Parameters
    ----------
    bench, rounds, rate, tickets
        As there.

    Returns
    -------
    dict of str to callable
        Each returns both cosines and the accuracy, shape (3, densities, seeds); "dense"
        has one density.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said there.

    Examples
    --------
    >>> import sparsetheory as st
    >>> bench = st.lottery_bench("wine", hidden=[20], seeds=2, steps=50)
    >>> pieces = st.flow_pieces(bench, rounds=[3])
    >>> list(pieces)
    ['dense', 'ticket', 'largest gradients', 'SNIP', 'shuffled in layers']
    >>> pieces["SNIP"]().shape
    (3, 1, 2)
    """
    ends = check_rounds(rounds)
    find = ticket_finder(bench, ends, rate, tickets)

    def piece(
        name: str, choose: Callable[[Case], Flags], after: tuple[int, ...]
    ) -> Array:
        rows = []
        for end in after:
            case = draw_case(bench, find(), end, name)
            mask = choose(case)
            points = bench.w0, bench.w0 * mask
            kept = [_cosines(bench.gradient(point), mask) for point in points]
            rows.append([*kept, bench.accuracy(case.train(mask))])
        return np.array(rows).swapaxes(0, 1)

    pieces: dict[str, Callable[[], Array]] = {
        name: partial(piece, name, choose, ends) for name, choose in MASKS.items()
    }
    return {"dense": partial(piece, "dense", MASKS["ticket"], (0,))} | pieces


def flow_study(
    bench: LotteryBench,
    *,
    rounds: Sequence[int] = ROUNDS,
    rate: float = 0.2,
    tickets: PruningRounds | None = None,
    known: Mapping[str, Array] | None = None,
) -> FlowStudy:
    r"""Compare what masks keep of the gradient with what they are good for.

    For the gradient g and a mask m this is :math:`\cos(g, m \odot g) = \|m \odot g\| /
    \|g\|`, whose square is the share of the first step's progress. Masks are those of
    tickets, of the largest gradients, which of all with as many weights keep the most,
    of SNIP, and the tickets' shuffled in each layer.

    Parameters
    ----------
    bench : LotteryBench
        Of `lottery_bench`.
    rounds : sequence of int
        After how many rounds of pruning to compare.
    rate : float
        Share of the weights that goes in a round.
    tickets : PruningRounds, optional
        Of ``bench.rewound`` with this rate and as many rounds at least; by default they
        are found first.
    known : mapping, optional
        What pieces of `flow_pieces` returned; they are not run again.

    Returns
    -------
    FlowStudy

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    Examples
    --------
    >>> import sparsetheory as st
    >>> bench = st.lottery_bench("wine", hidden=[20], seeds=4, steps=50)
    >>> found = st.flow_study(bench, rounds=[8])
    >>> most, ticket = (found.cosine[n] for n in ("largest gradients", "ticket"))
    >>> bool((most > ticket).all())
    True
    """
    ends = check_rounds(rounds)
    pieces = flow_pieces(bench, rounds=ends, rate=rate, tickets=tickets)
    known = {} if known is None else known
    found = {n: known[n] if n in known else piece() for n, piece in pieces.items()}
    dense = found.pop("dense")[2, 0]
    parts = ({n: table[i] for n, table in found.items()} for i in range(3))
    return FlowStudy(bench.seeds, densities(bench, ends, rate), dense, *parts)


def _cosines(gradients: Array, masks: Flags) -> list[float]:
    return [
        gradient_flow(g, mask).cosine for g, mask in zip(gradients, masks, strict=True)
    ]
