"""Tickets rewound to later steps, and the lines from them to other networks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt

from sparsetheory._checks import check_integer
from sparsetheory.experiments.bench import Array, LotteryBench
from sparsetheory.experiments.lottery import (
    ROUNDS,
    check_rounds,
    check_steps,
    densities,
    place_of,
)
from sparsetheory.experiments.paired import PairedEffect, paired_effect

SHARES = (0.0, 0.01, 0.05, 0.1, 0.2, 0.4)  # of the steps
ROUNDING = 1e-9  # of a loss, relative


@dataclass(frozen=True, eq=False)
class RewindingStudy:
    """Tickets by the step they are rewound to, and what is between two networks.

    A path is the straight line from a trained ticket to another network: the dense one
    that it was pruned from, or the same ticket trained on another order of the data
    from the step on that it is rewound to.

    Attributes
    ----------
    seeds : tuple of int
    steps : tuple of int
        Of training, to which tickets are rewound.
    density : ndarray, shape (densities,)
        Of the weights without biases.
    loss, accuracy : ndarray, shape (steps, densities, 2, points, seeds)
        On the training data, and on the test data, at even points of both paths from
        the ticket on.
    """

    seeds: tuple[int, ...]
    steps: tuple[int, ...]
    density: npt.NDArray[np.float64]
    loss: npt.NDArray[np.float64]
    accuracy: npt.NDArray[np.float64]

    @property
    def ticket(self) -> npt.NDArray[np.float64]:
        """Accuracy of the tickets, shape (steps, densities, seeds)."""
        return self.accuracy[:, :, 0, 0]

    @property
    def dense(self) -> npt.NDArray[np.float64]:
        """Accuracy of the dense networks, shape (steps, seeds).

        The same for all steps, unless the optimiser remembers what it did before them.
        """
        return self.accuracy[:, 0, 0, -1]

    @property
    def connected(self) -> npt.NDArray[np.bool_]:
        """Whether the loss is nowhere above both ends, (steps, densities, 2, seeds).

        Judged at the points, so that some may count that are not connected.
        """
        ends = np.maximum(self.loss[..., 0, :], self.loss[..., -1, :])
        return np.asarray(self.loss.max(axis=-2) <= ends * (1 + ROUNDING))

    @property
    def barrier(self) -> npt.NDArray[np.float64]:
        """How far the accuracy falls below the mean of the ends [1]_, of that shape.

        Judged at the points, a lower bound.

        References
        ----------
        .. [1] J. Frankle, G. Dziugaite, D. Roy, M. Carbin, "Linear mode connectivity
           and the lottery ticket hypothesis", ICML 2020.
        """
        ends = (self.accuracy[..., 0, :] + self.accuracy[..., -1, :]) / 2
        return np.asarray(ends - self.accuracy.min(axis=-2))

    def effect(
        self, step: int, than: int | None = None, at: int = -1, *, level: float = 0.95
    ) -> PairedEffect:
        """Compare tickets rewound to a step with others, or with the dense networks.

        Parameters
        ----------
        step, than : int
            Two of the steps; None for the dense networks.
        at : int
            Which density.
        level : float
            Of the interval.

        Returns
        -------
        PairedEffect
            Of the difference in accuracy.
        """
        i = place_of("step", step, self.steps)
        if than is None:
            other = self.dense[i]
        else:
            other = self.ticket[place_of("than", than, self.steps), at]
        return paired_effect(self.ticket[i, at], other, level=level)


def rewinding_pieces(
    bench: LotteryBench,
    *,
    steps: Sequence[int] | None = None,
    rounds: Sequence[int] = ROUNDS,
    rate: float = 0.2,
    points: int = 11,
) -> dict[str, Callable[[], Array]]:
    """Return what `rewinding_study` does, step by step, for `complete_records`.

    Parameters
    ----------
    bench, steps, rounds, rate, points
        As there.

    Returns
    -------
    dict of str to callable
        Each returns losses and accuracies, shape (2, densities, 2, points, seeds).

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said there.

    Examples
    --------
    >>> import sparsetheory as st
    >>> bench = st.lottery_bench("wine", hidden=[20], seeds=2, steps=50)
    >>> pieces = st.rewinding_pieces(bench, steps=[0, 5], rounds=[3])
    >>> list(pieces), pieces["rewound to 5"]().shape
    (['rewound to 0', 'rewound to 5'], (2, 1, 2, 11, 2))
    """
    ends = check_rounds(rounds)
    places = np.linspace(0, 1, check_integer("points", points, 3))[:, None, None]
    return {
        f"rewound to {step}": partial(_piece, bench, step, ends, rate, places)
        for step in check_steps(bench, steps, SHARES)
    }


def rewinding_study(
    bench: LotteryBench,
    *,
    steps: Sequence[int] | None = None,
    rounds: Sequence[int] = ROUNDS,
    rate: float = 0.2,
    points: int = 11,
    known: Mapping[str, Array] | None = None,
) -> RewindingStudy:
    """Find tickets with rewinding to several steps, and walk to other networks.

    For each step tickets are found anew by `iterative_magnitude_pruning` of all weights
    together [1]_; those that are rewound later have fewer steps left. Then come the
    losses on the straight lines to the dense network, and to the ticket trained on
    another order of the data [2]_.

    Parameters
    ----------
    bench : LotteryBench
        Of `lottery_bench`.
    steps : sequence of int, optional
        To which to rewind, at most those of the bench; by default 0, 1, 5, 10, 20 and
        40 per cent of them.
    rounds : sequence of int
        After how many rounds of pruning to compare.
    rate : float
        Share of the weights that goes in a round.
    points : int
        Of each path, 3 at least, both ends among them.
    known : mapping, optional
        What pieces of `rewinding_pieces` returned; they are not run again.

    Returns
    -------
    RewindingStudy

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    References
    ----------
    .. [1] J. Frankle, G. Dziugaite, D. Roy, M. Carbin, "Stabilizing the lottery ticket
       hypothesis", arXiv:1903.01611, 2019.
    .. [2] J. Frankle, G. Dziugaite, D. Roy, M. Carbin, "Linear mode connectivity and
       the lottery ticket hypothesis", ICML 2020.

    Examples
    --------
    >>> import sparsetheory as st
    >>> bench = st.lottery_bench("wine", hidden=[20], seeds=4, steps=50)
    >>> found = st.rewinding_study(bench, steps=[0, 40], rounds=[8])
    >>> found.connected.mean(axis=-1).shape  # to dense networks, and over orders
    (2, 1, 2)
    >>> found.effect(40, 0).n
    4
    """
    ends, times = check_rounds(rounds), check_steps(bench, steps, SHARES)
    pieces = rewinding_pieces(bench, steps=times, rounds=ends, rate=rate, points=points)
    known = {} if known is None else known
    found = [known[n] if n in known else piece() for n, piece in pieces.items()]
    loss, accuracy = np.stack(found, axis=1)
    return RewindingStudy(
        bench.seeds, times, densities(bench, ends, rate), loss, accuracy
    )


def _piece(
    bench: LotteryBench,
    step: int,
    ends: tuple[int, ...],
    rate: float,
    places: npt.NDArray[np.float64],
) -> Array:
    run = bench.rewound(rounds=max(ends), rate=rate, rewind_step=step)
    other, measures = (
        replace(bench, order=bench.order + 1),
        (bench.loss, bench.accuracy),
    )
    rows = []
    for end in ends:
        again = other.train(run.start, run.masks[end], step)
        paths = (
            (1 - places) * run.weights[end] + places * goal
            for goal in (run.weights[0], again)
        )
        rows.append([[[f(w) for w in path] for f in measures] for path in paths])
    return np.moveaxis(np.array(rows), 2, 0)
