"""A network on random data, as functions of its parameters alone."""

from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np

from sparsetheory.lottery._layout import Flags
from sparsetheory.lottery.landscape import restricted_gradient, restricted_hessian
from sparsetheory.lottery.losses import squared_error
from sparsetheory.lottery.network import mlp
from sparsetheory.types import Matrix, Vector

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


def drawn_mask(seed: int, w: Vector) -> Flags:
    """Return a mask of about half of the weights."""
    return np.asarray(np.random.default_rng(seed + 100).random(w.size) < 0.5)


class Derivatives(NamedTuple):
    """Gradients of a loss whole, masked, and measured; Hessians masked and measured."""

    on: Flags
    gradient: Vector
    restricted: Vector
    slopes: Vector
    projected: Matrix
    curvatures: Matrix


@cache
def derivatives(seed: int) -> Derivatives:
    """Differentiate the masked loss of a network once and twice, along all weights."""
    model, w = draw_model(seed)
    on = drawn_mask(seed, w)
    projected = np.zeros((on.size, on.size))
    hessian = restricted_hessian(model.hvp, w, on)
    projected[np.ix_(on, on)] = hessian @ np.eye(int(on.sum()))
    ends = [on * (w + t * np.eye(on.size)) for t in (STEP, -STEP)]
    up, down = (model.loss(end) for end in ends)
    g_up, g_down = (on * model.gradient(end) for end in ends)
    return Derivatives(
        on=on,
        gradient=model.gradient(on * w),
        restricted=restricted_gradient(model.gradient, w, on),
        slopes=(up - down) / (2 * STEP),
        projected=projected,
        curvatures=(g_up - g_down) / (2 * STEP),
    )
