"""Losses, as means over samples of a function of outputs and targets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp, softmax

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Loss:
    """A loss with its first two derivatives in the outputs.

    Outputs o and targets t have shape (..., samples, classes).

    Attributes
    ----------
    name : str
    value : callable
        ``(o, t) -> `` mean over samples, shape (...).
    slope : callable
        ``(o, t) -> `` its gradient, the shape of o.
    bend : callable
        ``(o, t, d) -> `` its Hessian times d, the shape of d.
    """

    name: str
    value: Callable[[Array, Array], Array]
    slope: Callable[[Array, Array], Array]
    bend: Callable[[Array, Array, Array], Array]

    def __repr__(self) -> str:
        return self.name


def _entropy_value(o: Array, t: Array) -> Array:
    each = logsumexp(o, axis=-1) - (t * o).sum(axis=-1)
    return np.asarray(each.mean(axis=-1))


def _entropy_slope(o: Array, t: Array) -> Array:
    p: Array = softmax(o, axis=-1)
    p = p - t  # there may be more sets of targets than of outputs
    p /= o.shape[-2]
    return p


def _entropy_bend(o: Array, t: Array, d: Array) -> Array:
    p = softmax(o, axis=-1)
    along = (p * d).sum(axis=-1, keepdims=True)
    return np.asarray(p * (d - along) / o.shape[-2])


def _square_value(o: Array, t: Array) -> Array:
    return np.asarray(0.5 * ((o - t) ** 2).sum(axis=-1).mean(axis=-1))


def _square_slope(o: Array, t: Array) -> Array:
    return np.asarray((o - t) / o.shape[-2])


def _square_bend(o: Array, t: Array, d: Array) -> Array:
    return np.asarray(d / o.shape[-2])


cross_entropy = Loss("cross_entropy", _entropy_value, _entropy_slope, _entropy_bend)
r"""Softmax cross-entropy, the mean of :math:`-\sum_c t_c \log p_c` with
:math:`p_c = e^{o_c} / \sum_d e^{o_d}`; targets of each sample sum to one."""

squared_error = Loss("squared_error", _square_value, _square_slope, _square_bend)
r"""The mean over samples of :math:`\tfrac12 \|o - t\|_2^2`."""
