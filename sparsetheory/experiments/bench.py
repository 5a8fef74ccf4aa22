"""Networks, real data and a way of training, one of each for every seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from sparsetheory._checks import check_integer
from sparsetheory._parallel import blas_held
from sparsetheory.experiments.datasets import Name, Splits, draw_splits
from sparsetheory.lottery.initial import (
    Scheme,
    batch_order,
    check_scheme,
    check_seeds,
    initial_weights,
)
from sparsetheory.lottery.iterative import PruningRounds, iterative_magnitude_pruning
from sparsetheory.lottery.network import Network, mlp
from sparsetheory.lottery.optimisers import SGD, Adam
from sparsetheory.lottery.training import Training, train

Array: TypeAlias = npt.NDArray[Any]
Flags: TypeAlias = npt.NDArray[np.bool_]

OTHER = 1 << 32  # added to a seed for what is independent of it


@dataclass(frozen=True, eq=False)
class LotteryBench:
    """Networks, data and a way of training, one of each for every seed.

    A seed fixes split, label noise, initial weights and the order of the data, and no
    seed sees another.

    Attributes
    ----------
    network : Network
    data : Splits
    seeds : tuple of int
    optimiser : SGD or Adam
    steps, batch : int
    scheme : {"glorot", "he"}
    order : int
        Which order of the data, of independent ones; all else is the same in each.
    """

    network: Network
    data: Splits
    seeds: tuple[int, ...]
    optimiser: SGD | Adam
    steps: int
    batch: int
    scheme: Scheme
    order: int = 0

    @cached_property
    def w0(self) -> Array:
        """Initial weights in single precision, shape (seeds, n)."""
        return self._drawn(0)

    @cached_property
    def fresh(self) -> Array:
        """Others that are independent of them."""
        return self._drawn(OTHER)

    def _drawn(self, offset: int) -> Array:
        seeds = [seed + offset for seed in self.seeds]
        drawn = initial_weights(
            self.network, seeds, scheme=self.scheme, dtype=np.float32
        )
        return drawn

    @cached_property
    def orders(self) -> npt.NDArray[np.intp]:
        """Samples of each step, shape (steps, seeds, batch)."""
        size = self.data.X.shape[-2]
        seeds = self._order_seeds
        drawn = (batch_order(size, self.batch, self.steps, s) for s in seeds)
        return np.stack(list(drawn), axis=1)

    @property
    def _order_seeds(self) -> list[int]:
        return [seed + self.order * OTHER for seed in self.seeds]

    def train(
        self, w: Array, mask: Flags, start: int = 0, stop: int | None = None
    ) -> Array:
        """Return weights after the steps from start to stop, pruned ones zero."""
        return self.run(w, mask, start, stop).w

    def run(
        self,
        w: Array,
        mask: Flags,
        start: int = 0,
        stop: int | None = None,
        **options: Any,
    ) -> Training:
        """Return the same with what `train` keeps and measures on the way."""
        X, y, steps = self.data.X, self.data.y, self.steps if stop is None else stop
        options |= {"optimiser": self.optimiser, "batch": self.batch, "mask": mask}
        options |= {"steps": steps, "start": start, "seed": self._order_seeds}
        return train(self.network, w, X, y, **options)

    @blas_held()
    def accuracy(self, w: Array) -> Array:
        """Return the accuracy on the test data, of each seed."""
        return self.network.accuracy(w, self.data.test_X, self.data.test_y)

    @blas_held()
    def loss(self, w: Array) -> Array:
        """Return the loss on all training data, of each seed."""
        return self.network.loss(w, self.data.X, self.data.y)

    @blas_held()
    def gradient(self, w: Array) -> Array:
        """Return the gradient on all training data."""
        return self.network.gradient(w, self.data.X, self.data.y)

    @blas_held()
    def hvp(self, w: Array, v: Array) -> Array:
        """Return the Hessian on all training data times v."""
        return self.network.hvp(w, v, self.data.X, self.data.y)

    def step_gradient(self, w: Array, step: int) -> Array:
        """Return the gradient on the data of a step."""
        each = np.arange(len(self.seeds))[:, None], self.orders[step]
        return self.network.gradient(w, self.data.X[each], self.data.y[each])

    def rewound(self, **options: Any) -> PruningRounds:
        """Return iterative magnitude pruning of the weights, with all its options."""
        prunable = self.network.weights
        return iterative_magnitude_pruning(
            self.train, self.w0, prunable=prunable, **options
        )


def lottery_bench(
    data: Name = "digits",
    *,
    hidden: Sequence[int] = (100,),
    seeds: int | Sequence[int] = 10,
    optimiser: SGD | Adam | None = None,
    steps: int = 400,
    batch: int = 50,
    scheme: Scheme = "glorot",
    label_noise: float = 0.0,
    classes: Sequence[int] | None = None,
) -> LotteryBench:
    """Set up networks with ReLUs on data of scikit-learn, one for each seed.

    Parameters
    ----------
    data : {"digits", "wine", "breast_cancer"}
        See `draw_splits`.
    hidden : sequence of int
        Units of each hidden layer.
    seeds : int or sequence of int
        How many, from 0 on; or which, below :math:`2^{32}`.
    optimiser : SGD or Adam, optional
        By default ``SGD(lr=0.5)``.
    steps, batch : int
    scheme : {"glorot", "he"}
    label_noise : float
    classes : sequence of int, optional

    Returns
    -------
    LotteryBench

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    Examples
    --------
    >>> import sparsetheory as st
    >>> bench = st.lottery_bench("wine", hidden=[20], seeds=3, steps=50)
    >>> dense = bench.train(bench.w0, abs(bench.w0) > -1)
    >>> bool(bench.accuracy(dense).min() > 0.8)
    True
    """
    given = range(check_integer("seeds", seeds, 1)) if np.ndim(seeds) == 0 else seeds
    each = check_seeds(given)
    if max(each) >= OTHER or len(set(each)) < len(each):
        raise ValueError(f"seeds must be distinct and below 2^32, got {each}")
    check_integer("steps", steps, 0)
    check_integer("batch", batch, 1)
    check_scheme(scheme)
    if not isinstance(optimiser, SGD | Adam | None):
        raise TypeError(f"optimiser must be SGD or Adam, got {optimiser!r}")
    splits = draw_splits(data, each, label_noise=label_noise, classes=classes)
    network = mlp([splits.X.shape[-1], *hidden, splits.classes])
    optimiser = SGD(lr=0.5) if optimiser is None else optimiser
    return LotteryBench(network, splits, each, optimiser, steps, batch, scheme)
