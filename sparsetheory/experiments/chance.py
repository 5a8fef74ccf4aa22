"""No free lunch: labels that are drawn at random are guessed by nobody."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from sparsetheory.experiments.arms import Arm
from sparsetheory.experiments.bench import LotteryBench
from sparsetheory.experiments.intervals import clopper_pearson_interval
from sparsetheory.experiments.lottery import Accuracy, lottery_pieces, lottery_study
from sparsetheory.types import Counts

LABELS = 1003  # role of a seed's stream
ARMS = ("ticket", "re-initialised", "SNIP", "shuffled in layers")


@dataclass(frozen=True, eq=False)
class ChanceStudy:
    """How many labels drawn at random networks guess.

    Attributes
    ----------
    seeds : tuple of int
    density : ndarray, shape (densities,)
        Of the weights in all arms but "dense", where it is 1.
    correct : dict of str to ndarray of int
        Of each arm, shape (densities, seeds); (1, seeds) of "dense".
    trials : int
        Labels guessed by each network.
    classes : int
    """

    seeds: tuple[int, ...]
    density: npt.NDArray[np.float64]
    correct: dict[str, Counts]
    trials: int
    classes: int

    def p(self, arm: str, at: int = -1) -> float:
        """Return the p value of the exact binomial test that 1 in K is right.

        All networks of an arm together: the labels of each are its own, so that
        the count is binomial.
        """
        from scipy.stats import binomtest

        counts = self.correct[arm][at]
        test = binomtest(int(counts.sum()), counts.size * self.trials, 1 / self.classes)
        return float(test.pvalue)

    def interval(
        self, arm: str, at: int = -1, *, level: float = 0.95
    ) -> tuple[float, float]:
        """Return the Clopper-Pearson interval of the chance to be right."""
        counts = self.correct[arm][at]
        low, high = clopper_pearson_interval(
            counts.sum(), counts.size * self.trials, level
        )
        return float(low), float(high)

    @property
    def least_p(self) -> float:
        """The least p value times the number of tests, at most 1: Bonferroni's."""
        tests = [
            (arm, i) for arm, rows in self.correct.items() for i in range(len(rows))
        ]
        return min(1.0, len(tests) * min(self.p(*test) for test in tests))


def random_labels(bench: LotteryBench) -> LotteryBench:
    """Draw all labels anew, uniform and independent of everything.

    Parameters
    ----------
    bench : LotteryBench

    Returns
    -------
    LotteryBench
        The same networks and inputs; other labels for training and for testing, from a
        stream of each seed.

    Examples
    --------
    >>> import sparsetheory as st
    >>> bench = st.lottery_bench("wine", hidden=[20], seeds=2, steps=50)
    >>> st.random_labels(bench).data.y.max()
    np.int64(2)
    """
    data = bench.data
    draws = [np.random.default_rng((seed, LABELS)) for seed in bench.seeds]
    y, test_y = (
        np.stack([rng.integers(0, data.classes, old.shape[1]) for rng in draws])
        for old in (data.y, data.test_y)
    )
    return replace(bench, data=replace(data, y=y, test_y=test_y))


def chance_pieces(
    bench: LotteryBench,
    *,
    arms: Iterable[str] | Mapping[str, Arm] = ARMS,
    **options: Any,
) -> dict[str, Callable[[], Accuracy]]:
    """Return what `chance_study` does, arm by arm, for `complete_records`.

    Parameters
    ----------
    bench, arms, options
        As there.

    Returns
    -------
    dict of str to callable
        Each returns accuracies of shape (densities, seeds).

    Raises
    ------
    TypeError, ValueError
        As `lottery_pieces`.

    Examples
    --------
    >>> import sparsetheory as st
    >>> bench = st.lottery_bench("wine", hidden=[20], seeds=2, steps=50)
    >>> list(st.chance_pieces(bench, arms=["ticket"]))
    ['dense', 'ticket']
    """
    return lottery_pieces(random_labels(bench), arms=arms, **options)


def chance_study(
    bench: LotteryBench,
    *,
    arms: Iterable[str] | Mapping[str, Arm] = ARMS,
    **options: Any,
) -> ChanceStudy:
    r"""Train tickets and others on random labels, and count what they guess.

    If labels are uniform over K classes and independent of everything, whatever is
    predicted for n samples is right for a binomial number, :math:`B(n, 1/K)`.

    Parameters
    ----------
    bench : LotteryBench
        Of `lottery_bench`; its labels are replaced, see `random_labels`.
    arms
        As in `lottery_study`.
    options
        `rounds`, `rate`, `tickets` and `known` of `lottery_study`.

    Returns
    -------
    ChanceStudy

    Raises
    ------
    TypeError, ValueError
        As `lottery_study`.

    References
    ----------
    .. [1] D. Wolpert, "The lack of a priori distinctions between learning algorithms",
       Neural Computation 8(7), 1996.

    Examples
    --------
    >>> import sparsetheory as st
    >>> bench = st.lottery_bench("wine", hidden=[20], seeds=10, steps=50)
    >>> found = st.chance_study(bench, rounds=[3], arms=["ticket"])
    >>> found.trials, found.p("ticket") > 1e-3
    (58, True)
    """
    drawn = random_labels(bench)
    found = lottery_study(drawn, arms=arms, **options)
    trials = drawn.data.test_y.shape[1]
    accuracy = {"dense": found.dense[None]} | found.accuracy
    correct = {
        name: np.rint(trials * values).astype(np.int64)
        for name, values in accuracy.items()
    }
    return ChanceStudy(bench.seeds, found.density, correct, trials, drawn.data.classes)
