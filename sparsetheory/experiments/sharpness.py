"""Curvature of the loss on tickets, by the step they are rewound to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Literal

import numpy as np
import numpy.typing as npt

from sparsetheory._parallel import blas_held
from sparsetheory.experiments.bench import Array, LotteryBench
from sparsetheory.experiments.lottery import (
    check_rounds,
    check_steps,
    densities,
    place_of,
    ticket_finder,
)
from sparsetheory.experiments.paired import PairedEffect, paired_effect
from sparsetheory.lottery._layout import Flags
from sparsetheory.lottery.iterative import PruningRounds
from sparsetheory.lottery.landscape import restricted_hessian, restricted_spectrum
from sparsetheory.types import Vector

SHARES = (0.0, 0.01, 0.05, 0.2, 1.0)  # of the steps
ROUNDS = 14
TOL = 1e-4  # of the ends of the dense networks' spectra, relative


@dataclass(frozen=True, eq=False)
class SharpnessStudy:
    """Eigenvalues of Hessians where training on tickets would begin.

    Attributes
    ----------
    seeds : tuple of int
    steps : tuple of int
        Of training of the dense network, to which is rewound.
    density : float
        Of the tickets' weights, without biases.
    ticket : ndarray, shape (steps, seeds, k)
        All eigenvalues of the Hessian by the k parameters that the mask keeps, biases
        among them, at the masked parameters, ascending; exact up to rounding.
    dense : ndarray, shape (steps, seeds, 2)
        Of the dense networks the least and the largest, by Lanczos: an upper and a
        lower bound, each within a ten-thousandth of itself of an eigenvalue.
    """

    seeds: tuple[int, ...]
    steps: tuple[int, ...]
    density: float
    ticket: npt.NDArray[np.float64]
    dense: npt.NDArray[np.float64]

    @property
    def largest(self) -> npt.NDArray[np.float64]:
        """Largest eigenvalues on the tickets, shape (steps, seeds)."""
        return self.ticket[..., -1]

    @property
    def negative(self) -> npt.NDArray[np.float64]:
        """Share of the eigenvalues below zero by more than rounding, of that shape."""
        return np.asarray((self.ticket < -self._room).mean(axis=-1))

    @property
    def condition(self) -> npt.NDArray[np.float64]:
        """Largest over smallest, of that shape; inf where not positive definite."""
        low = self.ticket[..., 0]
        definite = low > self._room[..., 0]
        return np.where(definite, self.largest / np.where(definite, low, 1), np.inf)

    @property
    def effective(self) -> npt.NDArray[np.float64]:
        """Sum of the eigenvalues over the largest, of that shape."""
        return np.asarray(self.ticket.sum(axis=-1) / self.largest)

    @property
    def _room(self) -> npt.NDArray[np.float64]:
        size = np.abs(self.ticket).max(axis=-1, keepdims=True)
        return np.asarray(self.ticket.shape[-1] * np.finfo(float).eps * size)

    def effect(
        self,
        measure: Literal["largest", "negative", "effective"],
        step: int,
        than: int = 0,
        *,
        level: float = 0.95,
    ) -> PairedEffect:
        """Compare a measure of tickets at two steps.

        Parameters
        ----------
        measure : {"largest", "negative", "effective"}
        step, than : int
            Two of the steps.
        level : float
            Of the interval.

        Returns
        -------
        PairedEffect
            Of the difference.
        """
        values = getattr(self, measure)
        one = values[place_of("step", step, self.steps)]
        other = values[place_of("than", than, self.steps)]
        return paired_effect(one, other, level=level)


def sharpness_pieces(
    bench: LotteryBench,
    *,
    steps: Sequence[int] | None = None,
    rounds: int = ROUNDS,
    rate: float = 0.2,
    tickets: PruningRounds | None = None,
) -> dict[str, Callable[[], Array]]:
    """Return what `sharpness_study` does, step by step, for `complete_records`.

    Parameters
    ----------
    bench, steps, rounds, rate, tickets
        As there.

    Returns
    -------
    dict of str to callable
        Each returns eigenvalues, shape (seeds, k) of tickets, (seeds, 2) of dense
        networks. The first that needs tickets finds them for all.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said there.

    Examples
    --------
    >>> import sparsetheory as st
    >>> bench = st.lottery_bench("wine", hidden=[5], seeds=2, steps=50)
    >>> pieces = st.sharpness_pieces(bench, steps=[0, 50], rounds=3)
    >>> list(pieces)
    ['ticket at 0', 'dense at 0', 'ticket at 50', 'dense at 50']
    >>> pieces["ticket at 50"]().shape  # 8 biases, and 42 of 80 weights
    (2, 50)
    """
    (end,) = check_rounds([rounds])
    times = check_steps(bench, steps, SHARES)
    find = ticket_finder(bench, (end,), rate, tickets)
    whole = np.ones(bench.w0.shape, dtype=bool)

    @cache
    def snapshots() -> dict[int, Array]:
        return bench.run(bench.w0, whole, keep=times).snapshots

    def ticket(step: int) -> Array:
        return _each(bench, snapshots()[step], find().masks[end], _eigenvalues)

    def dense(step: int) -> Array:
        return _each(bench, snapshots()[step], whole, _ends)

    return {
        f"{name} at {step}": partial(piece, step)
        for step in times
        for name, piece in (("ticket", ticket), ("dense", dense))
    }


def sharpness_study(
    bench: LotteryBench,
    *,
    steps: Sequence[int] | None = None,
    rounds: int = ROUNDS,
    rate: float = 0.2,
    tickets: PruningRounds | None = None,
    known: Mapping[str, Array] | None = None,
) -> SharpnessStudy:
    r"""Find the spectra of the loss on tickets where they would begin to train.

    For the mask m of a ticket that was rewound to the start, and the dense network's
    parameters :math:`\theta_\tau` after τ steps, these are the eigenvalues of the block
    of :math:`\nabla^2 L(m \odot \theta_\tau)` that m keeps; all training data, double
    precision, where ReLUs bend the Hessian of the smooth piece. It takes as many
    products with the Hessian as the mask keeps parameters.

    Parameters
    ----------
    bench : LotteryBench
        Of `lottery_bench`.
    steps : sequence of int, optional
        To which to rewind, at most those of the bench; by default 0, 1, 5, 20 and 100
        per cent of them.
    rounds : int
        Of pruning, to find the mask.
    rate : float
        Share of the weights that goes in a round.
    tickets : PruningRounds, optional
        Of ``bench.rewound`` with this rate and as many rounds at least; by default they
        are found first.
    known : mapping, optional
        What pieces of `sharpness_pieces` returned; they are not run again.

    Returns
    -------
    SharpnessStudy

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    Examples
    --------
    >>> import sparsetheory as st
    >>> bench = st.lottery_bench("wine", hidden=[5], seeds=2, steps=50)
    >>> found = st.sharpness_study(bench, steps=[0, 50], rounds=3)
    >>> found.largest.shape, found.dense.shape
    ((2, 2), (2, 2, 2))
    """
    times = check_steps(bench, steps, SHARES)
    pieces = sharpness_pieces(
        bench, steps=times, rounds=rounds, rate=rate, tickets=tickets
    )
    known = {} if known is None else known
    found = {n: known[n] if n in known else piece() for n, piece in pieces.items()}
    ticket, dense = (
        np.array([found[f"{name} at {step}"] for step in times])
        for name in ("ticket", "dense")
    )
    density = float(densities(bench, (rounds,), rate)[0])
    return SharpnessStudy(bench.seeds, times, density, ticket, dense)


@blas_held()
def _each(
    bench: LotteryBench,
    w: Array,
    masks: Flags,
    spectrum: Callable[[Callable[[Vector, Vector], Vector], Vector, Flags], Vector],
) -> Array:
    """Return a spectrum of each seed, in double precision."""
    data = zip(w.astype(np.float64), masks, bench.data.X, bench.data.y, strict=True)
    return np.array(
        [
            spectrum(partial(bench.network.hvp, X=X, y=y), row, mask)
            for row, mask, X, y in data
        ]
    )


def _eigenvalues(
    hvp: Callable[[Vector, Vector], Vector], w: Vector, mask: Flags
) -> Vector:
    H = restricted_hessian(hvp, w, mask) @ np.eye(int(np.count_nonzero(mask)))
    return np.asarray(np.linalg.eigvalsh((H + H.T) / 2))


def _ends(hvp: Callable[[Vector, Vector], Vector], w: Vector, mask: Flags) -> Vector:
    found = restricted_spectrum(hvp, w, mask, tol=TOL)
    return np.array([found.smallest, found.largest])
