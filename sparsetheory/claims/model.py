"""A network on random data, as functions of its parameters alone."""

from functools import partial
from typing import Any, NamedTuple

import numpy as np

from sparsetheory.lottery.losses import squared_error
from sparsetheory.lottery.network import mlp
from sparsetheory.types import Vector

NETWORK = mlp([8, 16, 3])
STEP = 1e-6  # of differences, which no unit's kink falls into
DIFFERENCE = 1e-7  # error of a difference quotient, with room


class Model(NamedTuple):
    """The methods of `NETWORK` on its data, with half the mean of squared errors."""

    outputs: Any
    jacobian: Any
    loss: Any
    gradient: Any
    hvp: Any


def draw_model(seed: int) -> tuple[Model, Vector]:
    """Return the network on data of its own, and weights."""
    rng = np.random.default_rng(seed)
    X, y = rng.standard_normal((60, 8)), rng.standard_normal((60, 3))
    names = NETWORK.loss, NETWORK.gradient, NETWORK.hvp
    on_targets = (partial(f, X=X, y=y, loss=squared_error) for f in names)
    on_inputs = (partial(f, X=X) for f in (NETWORK.outputs, NETWORK.jacobian))
    return Model(*on_inputs, *on_targets), 0.4 * rng.standard_normal(NETWORK.n)
