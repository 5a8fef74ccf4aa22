"""Steps of descent, in place, on parameters of any shape."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sparsetheory._checks import check_number

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class SGD:
    r"""Stochastic gradient descent with momentum.

    .. math:: v \leftarrow \mu v + g + \gamma w, \qquad w \leftarrow w - \eta v

    Attributes
    ----------
    lr : float
        η, positive.
    momentum : float
        μ, in [0, 1).
    weight_decay : float
        γ, at least 0; of all parameters, biases too.
    """

    lr: float = 0.1
    momentum: float = 0.0
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        check_number("lr", self.lr)
        check_number("weight_decay", self.weight_decay, positive=False)
        _check_below_one("momentum", self.momentum)

    def state(self, w: Array) -> list[Array]:
        """Return what the optimiser remembers, at the start."""
        return [np.zeros_like(w)] if self.momentum else []

    def step(self, w: Array, g: Array, state: list[Array], t: int) -> None:
        """Move w in place, g being the gradient of step t = 1, 2, ...; g is lost."""
        if self.weight_decay:
            g += self.weight_decay * w
        if self.momentum:
            state[0] *= self.momentum
            state[0] += g
            g[...] = state[0]
        g *= self.lr
        w -= g


@dataclass(frozen=True)
class Adam:
    r"""Adam [1]_, or AdamW [2]_ if `decoupled`.

    .. math:: a \leftarrow \beta_1 a + (1 - \beta_1) g, \quad
        b \leftarrow \beta_2 b + (1 - \beta_2) g^2, \quad
        w \leftarrow w - \eta\, \frac{a / (1 - \beta_1^t)}
        {\sqrt{b / (1 - \beta_2^t)} + \epsilon}

    The decay γ adds γw to g; decoupled, it takes ηγw off w instead.

    Attributes
    ----------
    lr : float
        η, positive.
    weight_decay : float
        γ, at least 0; of all parameters, biases too.
    decoupled : bool
    beta1, beta2 : float
        In [0, 1).
    eps : float
        ϵ, positive.

    References
    ----------
    .. [1] D. Kingma and J. Ba, "Adam: a method for stochastic optimization", ICLR 2015.
    .. [2] I. Loshchilov and F. Hutter, "Decoupled weight decay regularization", ICLR
       2019.
    """

    lr: float = 1e-3
    weight_decay: float = 0.0
    decoupled: bool = False
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8

    def __post_init__(self) -> None:
        check_number("lr", self.lr)
        check_number("eps", self.eps)
        check_number("weight_decay", self.weight_decay, positive=False)
        _check_below_one("beta1", self.beta1)
        _check_below_one("beta2", self.beta2)

    def state(self, w: Array) -> list[Array]:
        """Return what the optimiser remembers, at the start."""
        return [np.zeros_like(w), np.zeros_like(w)]

    def step(self, w: Array, g: Array, state: list[Array], t: int) -> None:
        """Move w in place, g being the gradient of step t = 1, 2, ...; g is lost."""
        a, b = state
        if self.weight_decay and self.decoupled:
            w *= 1 - self.lr * self.weight_decay
        elif self.weight_decay:
            g += self.weight_decay * w
        a *= self.beta1
        a += (1 - self.beta1) * g
        g *= g
        b *= self.beta2
        b += (1 - self.beta2) * g
        np.sqrt(b, out=g)
        g /= (1 - self.beta2**t) ** 0.5
        g += self.eps
        np.divide(a, g, out=g)
        g *= self.lr / (1 - self.beta1**t)
        w -= g


def _check_below_one(name: str, value: float) -> None:
    if check_number(name, value, positive=False) >= 1:
        raise ValueError(f"{name} must lie in [0, 1), got {value}")
