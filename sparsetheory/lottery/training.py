"""Training, with pruned parameters that stay zero."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sparsetheory._checks import check_flags, check_integer
from sparsetheory._parallel import blas_held
from sparsetheory.lottery._layers import Array
from sparsetheory.lottery._passes import backward, forward
from sparsetheory.lottery.initial import batch_order, check_seeds
from sparsetheory.lottery.losses import Loss, cross_entropy
from sparsetheory.lottery.network import Network
from sparsetheory.lottery.optimisers import SGD, Adam

BATCH = 50

Data = tuple[Array, Array, bool]
"""Samples, targets, and whether those are labels."""


@dataclass(frozen=True, eq=False)
class History:
    """What was measured on the way.

    Attributes
    ----------
    steps : ndarray of int, shape (times,)
        Steps done by then, ascending.
    loss, accuracy : ndarray, shape (times, ...)
        On all training data, of each network; NaN where training diverged, and for the
        accuracy where targets are no labels.
    test_loss, test_accuracy : ndarray, shape (times, ...)
        On the data for testing; NaN without any.
    """

    steps: npt.NDArray[np.int64]
    loss: npt.NDArray[np.float64]
    accuracy: npt.NDArray[np.float64]
    test_loss: npt.NDArray[np.float64]
    test_accuracy: npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Training:
    """What training led to.

    Attributes
    ----------
    w : ndarray, shape (n,) or (networks, n)
        Parameters after the last step.
    history : History
    snapshots : dict of int to ndarray
        Parameters after so many steps, to rewind to.
    """

    w: Array
    history: History
    snapshots: dict[int, Array]


def train(
    network: Network,
    w: npt.ArrayLike,
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    optimiser: SGD | Adam | None = None,
    steps: int = 400,
    batch: int | None = None,
    seed: int | Sequence[int] = 0,
    start: int = 0,
    mask: npt.ArrayLike | None = None,
    loss: Loss = cross_entropy,
    watch: Iterable[int] = (),
    keep: Iterable[int] = (),
    test: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
) -> Training:
    """Train one network, or several at once, on minibatches.

    Where the mask is False, parameters are zero from before the first step on, exactly:
    so are their gradients and all that the optimiser remembers of them, and neither
    momentum nor weight decay can move them.

    Parameters
    ----------
    network : Network
    w : array_like, shape (n,) or (networks, n)
        Where to start; its precision, float32 or float64, is that of all.
    X : array_like, shape (samples, inputs) or (networks, samples, inputs)
    y : array_like
        Labels or targets, see `Network`.
    optimiser : SGD or Adam, optional
        By default ``SGD(lr=0.5)``.
    steps : int
        Steps to be done in all, those before `start` included.
    batch : int, optional
        Samples of a step, by default 50 or all if there are fewer.
    seed : int or sequence of int
        Of `batch_order`: the order of the data, of all networks or of each.
    start : int
        Steps that count as done. With the parameters of that step, training goes on
        with the data that would come; the optimiser remembers nothing, so that only
        without momentum it goes on as if it had never stopped.
    mask : array_like of bool, shape of `w` or (n,), optional
    loss : Loss
    watch : iterable of int
        After how many steps to fill the history.
    keep : iterable of int
        After how many steps to keep the parameters.
    test : tuple, optional
        Data and labels for the history.

    Returns
    -------
    Training

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((200, 8))
    >>> y = (X[:, 0] * X[:, 1] > 0).astype(int)
    >>> network = st.mlp([8, 16, 2])
    >>> w = st.initial_weights(network, seed=[0, 1])
    >>> mask = rng.random(network.n) < 0.8
    >>> run = st.train(network, w, X, y, mask=mask, watch=[0, 400])
    >>> bool((run.history.loss[1] < 0.5 * run.history.loss[0]).all())
    True
    >>> float(abs(run.w[:, ~mask]).max())
    0.0
    """
    w, X = network.data(w, X)
    if w.ndim > 2 or X.ndim > w.ndim + 1 or (X.ndim == 3 and len(X) != len(w)):
        raise ValueError(
            f"w and X must be of one network or of as many, got {w.shape}, {X.shape}"
        )
    samples = X.shape[-2]
    t = network.targets(y, w.dtype, samples, loss)
    if t.ndim > 2 and t.shape[:-2] != w.shape[:-1]:
        raise ValueError(f"y must be of {w.shape[:-1]} networks, got {t.shape[:-2]}")
    steps = check_integer("steps", steps, 0)
    start = check_integer("start", start, 0, steps)
    batch = min(BATCH, samples) if batch is None else batch
    lead = w.shape[:-1]
    seeds = check_seeds(seed)
    if len(seeds) not in (1, *lead):
        raise ValueError(f"seed must number 1 or {lead}, got {len(seeds)}")
    sets: list[Data | None] = [(X, t, _labels(y)), None]
    if test is not None:
        _, other = network.data(w, test[0])
        goal = network.targets(test[1], w.dtype, other.shape[-2], loss)
        sets[1] = other, goal, _labels(test[1])
    orders = np.stack([batch_order(samples, batch, steps, s) for s in seeds], axis=1)
    watched, kept = (
        sorted({check_integer(name, s, start, steps) for s in given})
        for name, given in (("watch", watch), ("keep", keep))
    )
    pruned = None if mask is None else ~check_mask(mask, w.shape)
    optimiser = SGD(lr=0.5) if optimiser is None else optimiser

    w = w.copy()
    if pruned is not None:
        np.copyto(w, 0, where=pruned)
    snapshots: dict[int, Array] = {}
    rows: list[Any] = []
    form = network.form
    params, state = network.split(w), optimiser.state(w)
    data, goals = _Batches(X, lead), _Batches(t, lead)
    with blas_held(), np.errstate(over="ignore", invalid="ignore"):
        for step in range(start, steps + 1):
            if step in watched:
                rows.append(_measured(network, w, sets, loss))
            if step in kept:
                snapshots[step] = w.copy()
            if step == steps:
                break
            index = orders[step]
            o, trace = forward(*form, params, data.take(index))
            u = loss.slope(o, goals.take(index))
            g = backward(*form, params, trace, u)
            if pruned is not None:
                np.copyto(g, 0, where=pruned)  # a product with 0 would leave NaN
            optimiser.step(w, g, state, step - start + 1)
    table = np.array(rows, dtype=np.float64).reshape(len(rows), 4, *lead)
    history = History(np.array(watched, np.int64), *table.swapaxes(0, 1))
    return Training(w, history, snapshots)


def check_mask(mask: npt.ArrayLike, shape: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """Return a mask in the shape of parameters, of which many may share one."""
    given = check_flags("mask", mask)
    if given.shape not in (shape, shape[-1:]):
        raise ValueError(f"mask must have shape {shape}, got {given.shape}")
    return np.broadcast_to(given, shape)


def _labels(y: npt.ArrayLike) -> bool:
    return np.asarray(y).dtype.kind in "iub"


class _Batches:
    """Rows of data that all networks share, or that each has of its own."""

    def __init__(self, data: Array, lead: tuple[int, ...]) -> None:
        own = data.ndim > 2
        self.rows = np.ascontiguousarray(data.reshape(-1, data.shape[-1]))
        self.offset = data.shape[-2] * np.arange(lead[0])[:, None] if own else 0
        self.lead = lead

    def take(self, index: npt.NDArray[np.intp]) -> Array:
        """Return the rows of a step, shape (..., batch, entries)."""
        index = index + self.offset
        index = index if self.lead else index[0]
        return self.rows.take(index, axis=0)


def _measured(
    network: Network, w: Array, sets: list[Data | None], loss: Loss
) -> list[Any]:
    """Return loss and accuracy on each set of data and targets, or NaN."""
    none = np.full(w.shape[:-1], np.nan)
    values: list[Any] = []
    for data in sets:
        if data is None:
            values += [none, none]
            continue
        X, t, labels = data
        o, _ = forward(*network.form, network.split(w), X)
        lost = np.isnan(o).any(axis=(-1, -2))
        right = (o.argmax(axis=-1) == t.argmax(axis=-1)).mean(axis=-1)
        values.append(loss.value(o, t))
        values.append(np.where(lost, np.nan, right) if labels else none)
    return values
