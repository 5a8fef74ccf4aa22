"""Accuracy and generalisation of tickets where labels are wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np
import numpy.typing as npt

from sparsetheory._checks import check_integer
from sparsetheory._parallel import blas_held
from sparsetheory.experiments.bench import LotteryBench
from sparsetheory.experiments.datasets import noisy_labels
from sparsetheory.experiments.lottery import ROUNDS, Accuracy
from sparsetheory.experiments.paired import PairedEffect, paired_effect
from sparsetheory.lottery.schedules import surviving_counts

NOISE = (0.0, 0.3)


@dataclass(frozen=True, eq=False)
class LabelNoiseStudy:
    """Accuracies of tickets and dense networks, trained on noisy labels.

    Attributes
    ----------
    seeds : tuple of int
    noise : ndarray, shape (levels,)
        Share of the training labels that were drawn anew.
    density : ndarray, shape (densities,)
        Of the weights; the first is 1, the dense network.
    train : ndarray, shape (levels, densities, seeds)
        Accuracy on the labels trained on.
    test : ndarray, shape (levels, densities, seeds)
        Accuracy on other data, with clean labels.
    classes : int
    """

    seeds: tuple[int, ...]
    noise: npt.NDArray[np.float64]
    density: npt.NDArray[np.float64]
    train: Accuracy
    test: Accuracy
    classes: int

    @property
    def gap(self) -> Accuracy:
        r"""Generalisation gap: accuracy on the training data less that on other data.

        Both with labels of one law, so that a share η of the labels of the other data
        is drawn anew too: of these one in K is right whatever is predicted, and the
        accuracy a becomes :math:`(1 - \eta) a + \eta / K` in the mean.
        """
        eta = self.noise[:, None, None]
        return np.asarray(
            self.train - (1 - eta) * self.test - eta / self.classes, dtype=np.float64
        )

    def effect(
        self,
        of: Literal["test", "gap", "train"] = "test",
        *,
        level: int = -1,
        at: int = -1,
        coverage: float = 0.95,
    ) -> PairedEffect:
        """Compare tickets with the dense networks.

        Parameters
        ----------
        of : {"test", "gap", "train"}
            Accuracy on other data, the gap, or accuracy on training data.
        level, at : int
            Which noise and which density.
        coverage : float
            Of the interval.

        Returns
        -------
        PairedEffect
            Of ticket less dense.
        """
        values = getattr(self, of)[level]
        return paired_effect(values[at], values[0], level=coverage)


def label_noise_pieces(
    bench: LotteryBench,
    *,
    noise: Sequence[float] = NOISE,
    rounds: Sequence[int] = ROUNDS,
    rate: float = 0.2,
) -> dict[str, Callable[[], Accuracy]]:
    """Return what `label_noise_study` does, level by level, for `complete_records`.

    Parameters
    ----------
    bench, noise, rounds, rate
        As there.

    Returns
    -------
    dict of str to callable
        By names like "noise 0.3"; each returns accuracies of shape (2, densities,
        seeds): on training data, and on other data.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said there.

    Examples
    --------
    >>> import sparsetheory as st
    >>> bench = st.lottery_bench("wine", hidden=[20], seeds=2, steps=50)
    >>> pieces = st.label_noise_pieces(bench, noise=[0.2], rounds=[3])
    >>> list(pieces), pieces["noise 0.2"]().shape
    (['noise 0.2'], (2, 2, 2))
    """
    ends = [0, *(check_integer("rounds", each, 0) for each in rounds)]
    levels = {f"noise {share:g}": float(share) for share in noise}
    if not levels or len(levels) < len(noise):
        raise ValueError(f"noise must be distinct shares, got {noise}")
    for share in levels.values():
        if not 0 <= share <= 1:
            raise ValueError(f"noise must lie in [0, 1], got {share}")

    def piece(share: float) -> Accuracy:
        data = bench.data
        each = zip(data.y, bench.seeds, strict=True)
        y = np.stack([noisy_labels(old, share, data.classes, s) for old, s in each])
        noisy = replace(bench, data=replace(data, y=y))
        trained = noisy.rewound(rounds=max(ends), rate=rate).weights[ends]
        with blas_held():
            seen = [bench.network.accuracy(w, data.X, y) for w in trained]
            return np.array([seen, [bench.accuracy(w) for w in trained]])

    return {name: partial(piece, share) for name, share in levels.items()}


def label_noise_study(
    bench: LotteryBench,
    *,
    noise: Sequence[float] = NOISE,
    rounds: Sequence[int] = ROUNDS,
    rate: float = 0.2,
    known: Mapping[str, Accuracy] | None = None,
) -> LabelNoiseStudy:
    """Train tickets and dense networks where a share of the labels is wrong.

    Parameters
    ----------
    bench : LotteryBench
        Of `lottery_bench`, without noise.
    noise : sequence of float
        Shares of the training labels that are drawn anew, as `draw_splits` does.
    rounds : sequence of int
        After how many rounds of pruning to look.
    rate : float
        Share of the weights that goes in a round.
    known : mapping, optional
        What pieces of `label_noise_pieces` returned; they are not run again.

    Returns
    -------
    LabelNoiseStudy

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    Examples
    --------
    >>> import sparsetheory as st
    >>> bench = st.lottery_bench("wine", hidden=[20], seeds=4, steps=200)
    >>> found = st.label_noise_study(bench, rounds=[8])
    >>> found.gap.shape, bool(found.gap[1, 0].mean() > found.gap[0, 0].mean())
    ((2, 2, 4), True)
    """
    pieces = label_noise_pieces(bench, noise=noise, rounds=rounds, rate=rate)
    known = {} if known is None else known
    found = [known[n] if n in known else piece() for n, piece in pieces.items()]
    train, test = np.stack(found, axis=1)
    n, ends = int(np.count_nonzero(bench.network.weights)), [0, *rounds]
    density = surviving_counts(n, rate, max(ends))[ends] / n
    levels = np.array(noise, dtype=np.float64)
    return LabelNoiseStudy(
        bench.seeds, levels, density, train, test, bench.data.classes
    )
