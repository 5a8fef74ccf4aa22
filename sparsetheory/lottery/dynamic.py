"""Masks that change while the weights train, and masks that train alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import cos, pi
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from sparsetheory._checks import check_integer, check_number
from sparsetheory.lottery._layers import Array
from sparsetheory.lottery._layout import Flags, check_share
from sparsetheory.lottery.iterative import (
    Streams,
    Trainer,
    check_parameters,
    keep_largest,
    prunable_parts,
    trained,
    uniform_draws,
)
from sparsetheory.lottery.masks import mask_budget
from sparsetheory.lottery.training import check_mask

StepGradient: TypeAlias = Callable[[Array, int], npt.ArrayLike]
"""``grad(w, step)``: the gradient on the data of a step, of all parameters."""


@dataclass(frozen=True, eq=False)
class DynamicTraining:
    """What training with a changing mask led to.

    Attributes
    ----------
    w : ndarray, shape (...)
        Zero where the last mask is False.
    masks : ndarray of bool, shape (updates + 1, ...)
        From the first one on; those of a network keep equally many in each layer.
    steps : ndarray of int, shape (updates,)
        Steps of training before each change.
    """

    w: Array
    masks: Flags
    steps: npt.NDArray[np.int64]


def dynamic_sparse_training(
    train: Trainer,
    w0: npt.ArrayLike,
    mask: npt.ArrayLike,
    *,
    steps: int,
    every: int,
    share: float = 0.3,
    until: float = 0.75,
    grad: StepGradient | None = None,
    rng: Streams = 0,
    prunable: npt.ArrayLike | None = None,
    layers: npt.ArrayLike | None = None,
) -> DynamicTraining:
    r"""Train a sparse network whose connections move: SET [1]_ and RigL [2]_.

    At step t a share :math:`\tfrac12 \alpha (1 + \cos(\pi t / T))` of the weights
    kept in each layer goes, those of least magnitude, and as many come that were or
    have just become inactive: at random (SET), or where the gradient is largest (RigL).
    They begin at zero.

    Parameters
    ----------
    train : callable
        ``train(w, mask, start=, stop=)`` returns the parameters after the steps in
        between, zero where the mask is False.
    w0 : array_like, shape (n,) or (networks, n)
    mask : array_like of bool, shape of `w0` or (n,)
    steps : int
        How many in all.
    every : int
        Steps between two changes.
    share : float
        α, in [0, 1].
    until : float
        Share of the steps after which the mask stays, T of them; in (0, 1].
    grad : callable, optional
        ``grad(w, step)``, the gradient of all parameters, for RigL; by default SET.
    rng : int, Generator or list of Generator
        For SET; a list has one for each network.
    prunable, layers : optional
        As in `iterative_magnitude_pruning`. Each layer keeps its count.

    Returns
    -------
    DynamicTraining

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    References
    ----------
    .. [1] D. Mocanu et al., "Scalable training of artificial neural networks with
       adaptive sparse connectivity inspired by network science", Nat. Commun. 9, 2018.
    .. [2] U. Evci, T. Gale, J. Menick, P. Castro, E. Elsen, "Rigging the lottery:
       making all tickets winners", ICML 2020.

    Examples
    --------
    Half of the squared distance to a sparse vector, from a mask that is all wrong.

    >>> import numpy as np
    >>> import sparsetheory as st
    >>> goal = np.array([0.0, 0.0, 3.0, 2.0])
    >>> def train(w, mask, start, stop):
    ...     return np.where(mask, goal + (w - goal) * 0.5 ** (stop - start), 0)
    >>> found = st.dynamic_sparse_training(
    ...     *(train, np.ones(4), [True, True, False, False]),
    ...     **{"steps": 40, "every": 10, "share": 1, "until": 1},
    ...     grad=lambda w, step: w - goal,
    ... )
    >>> found.masks.astype(int)
    array([[1, 1, 0, 0],
           [1, 0, 1, 0],
           [0, 0, 1, 1],
           [0, 0, 1, 1]])
    """
    w = check_parameters("w0", w0)
    on = check_mask(mask, w.shape).copy()
    steps, every = check_integer("steps", steps, 1), check_integer("every", every, 1)
    alpha = float(check_share("share", share))
    last = float(check_share("until", until)) * steps
    parts = prunable_parts(w.shape[-1], prunable, layers)
    kept = np.array([np.count_nonzero(on[..., part], axis=-1) for part in parts])
    draw = uniform_draws(rng)
    masks, done = [on], 0
    times = [t for t in range(every, steps, every) if t < last]
    for t in times:
        w = trained(train, w, on, start=done, stop=t)
        rate = 0.5 * alpha * (1 + cos(pi * t / last))
        goes = np.floor(rate * kept).astype(np.int64)
        left = keep_largest(np.abs(w), parts, kept - goes, on)
        score = np.abs(_gradient(grad, w, t)) if grad else draw(w.shape)
        new = keep_largest(score, parts, goes, ~left)
        on = np.where(_anywhere(parts, w.shape), left | new, on)
        w = np.where(left, w, w.dtype.type(0))
        masks.append(on)
        done = t
    w = trained(train, w, on, start=done, stop=steps)
    return DynamicTraining(w, np.array(masks), np.array(times, dtype=np.int64))


def _anywhere(parts: list[npt.NDArray[np.intp]], shape: tuple[int, ...]) -> Flags:
    """Return which parameters are in a part."""
    inside = np.zeros(shape[-1], dtype=bool)
    inside[np.concatenate(parts)] = True
    return np.broadcast_to(inside, shape)


def _gradient(grad: StepGradient, w: Array, step: int) -> Array:
    g = np.asarray(grad(w, step))
    if g.shape != w.shape or not np.isfinite(g).all():
        raise ValueError(f"grad must return finite {w.shape}, got shape {g.shape}")
    return g


@dataclass(frozen=True, eq=False)
class StrongTicket:
    """A network found among the weights of another, none of them trained.

    Attributes
    ----------
    mask : ndarray of bool, shape (...)
    w : ndarray, shape (...)
        The weights that were given, or zero.
    scores : ndarray, shape (...)
        By which the mask keeps the largest of each layer.
    """

    mask: Flags
    w: Array
    scores: Array


def edge_popup(
    grad: StepGradient,
    w: npt.ArrayLike,
    *,
    density: float,
    steps: int,
    lr: float = 0.3,
    momentum: float = 0.9,
    rng: Streams = 0,
    prunable: npt.ArrayLike | None = None,
    layers: npt.ArrayLike | None = None,
) -> StrongTicket:
    r"""Train a mask over weights that stay as they are: edge-popup [1]_.

    The mask keeps the largest scores s; they descend along the gradient of the loss by
    the mask's entries, as if those were the scores:

    .. math:: v \leftarrow \mu v + w \odot \nabla L(m \odot w), \qquad
        s \leftarrow s - \eta v.

    Parameters
    ----------
    grad : callable
        ``grad(w, step)``, the gradient of the loss on the data of a step.
    w : array_like, shape (n,) or (networks, n)
    density : float
        Share of each layer that the mask keeps, in [0, 1], see `mask_budget`.
    steps : int
    lr, momentum : float
        η, positive, and μ, in [0, 1). Scores begin uniform in [0, 1) times the root
        mean square of the prunable weights of each network.
    rng : int, Generator or list of Generator
        Of these; a list has one for each network.
    prunable, layers : optional
        As in `iterative_magnitude_pruning`.

    Returns
    -------
    StrongTicket

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above, or the gradient is not finite.

    References
    ----------
    .. [1] V. Ramanujan, M. Wortsman, A. Kembhavi, A. Farhadi, M. Rastegari, "What's
       hidden in a randomly weighted neural network?", CVPR 2020.

    Examples
    --------
    Half of the squared distance to a vector, by a half of some weights as they are.

    >>> import numpy as np
    >>> import sparsetheory as st
    >>> w = np.array([1.0, 0.9, -0.5, 0.3])
    >>> grad = lambda u, step: u - np.array([-1.0, 1.0, -1.0, -1.0])
    >>> st.edge_popup(grad, w, density=0.5, steps=100).w
    array([ 0. ,  0.9, -0.5,  0. ])
    """
    w = check_parameters("w", w)
    parts = prunable_parts(w.shape[-1], prunable, layers)
    counts = [mask_budget(part.size, density) for part in parts]
    steps, lr = check_integer("steps", steps, 0), check_number("lr", lr)
    if check_number("momentum", momentum, positive=False) >= 1:
        raise ValueError(f"momentum must lie in [0, 1), got {momentum}")
    inside = np.concatenate(parts)
    scale = np.sqrt(np.mean(w[..., inside] ** 2, axis=-1, keepdims=True))
    scores = (scale * uniform_draws(rng)(w.shape)).astype(w.dtype)
    whole, pace = np.ones(w.shape, dtype=bool), np.zeros_like(w)
    for step in range(steps):
        mask = keep_largest(scores, parts, counts, whole)
        pace = momentum * pace + w * _gradient(grad, np.where(mask, w, 0), step)
        scores = scores - lr * pace
    mask = keep_largest(scores, parts, counts, whole)
    return StrongTicket(mask, np.where(mask, w, w.dtype.type(0)), scores)
