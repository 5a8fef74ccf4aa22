"""Rounds of training and pruning by magnitude, rewound in between or not."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from sparsetheory._checks import check_array, check_integer, shape_of
from sparsetheory.lottery._layers import Array
from sparsetheory.lottery._layout import Flags, check_share
from sparsetheory.lottery.masks import top_mask
from sparsetheory.lottery.schedules import rounds_to_density, surviving_counts
from sparsetheory.lottery.training import check_mask
from sparsetheory.types import Counts, Seed

Trainer: TypeAlias = Callable[..., npt.ArrayLike]
"""``train(w, mask)`` or ``train(w, mask, start=, stop=)``, see each function."""


Streams: TypeAlias = Seed | Sequence[np.random.Generator]
"""One for all networks, or a list with one for each."""


@dataclass(frozen=True, eq=False)
class PruningRounds:
    """What rounds of training and pruning led to.

    Attributes
    ----------
    masks : ndarray of bool, shape (rounds + 1, ...)
        After no pruning, one round, and so on; the last axes are those of w0.
    weights : ndarray, shape (rounds + 1, ...)
        Trained with each mask; zero where it is False.
    density : ndarray, shape (rounds + 1,)
        Share of the prunable parameters that each mask keeps, the same of each network.
    start : ndarray, shape (...)
        What is rewound to: w0, or the parameters after `rewind_step` steps.
    rewind_step : int or None
        Steps of training after which `start` was; None for no rewinding.
    """

    masks: Flags
    weights: Array
    density: npt.NDArray[np.float64]
    start: Array
    rewind_step: int | None


def iterative_magnitude_pruning(
    train: Trainer,
    w0: npt.ArrayLike,
    *,
    rounds: int | None = None,
    rate: float = 0.2,
    density: float | None = None,
    rewind_step: int | None = 0,
    prunable: npt.ArrayLike | None = None,
    layers: npt.ArrayLike | None = None,
) -> PruningRounds:
    r"""Train, prune the smallest weights, rewind the rest, and begin again [1]_.

    From n weights :math:`\lfloor \alpha n \rfloor` go in a round, those of least
    magnitude after training; of equal ones the last. To a density ρ of d weights, round
    r keeps :math:`\lfloor d (1 - \alpha)^r \rfloor`, or :math:`\lfloor d \rho \rfloor`
    if that is more. Pruned weights never come back.

    Parameters
    ----------
    train : callable
        ``train(w, mask)`` returns trained parameters, zero where the mask is False. To
        rewind to a step above 0 it is called as ``train(w, mask, stop=step)`` once and
        ``train(w, mask, start=step)`` then, for a part of the steps.
    w0 : array_like, shape (n,) or (networks, n)
        Where training begins, of one network or of several that are trained at once.
    rounds : int, optional
        How many; by default as many as `density` needs. A single one prunes in one
        shot.
    rate : float
        Share α of what remains that goes in a round, in [0, 1].
    density : float, optional
        Share of all prunable weights to end with, in (0, 1], exact as `mask_budget`
        counts. With `rounds` too, `rate` does not matter: of R rounds the r-th then
        keeps :math:`\lfloor d \rho^{r/R} \rfloor`. Exact, floats being the decimals
        that are written.
    rewind_step : int or None
        Steps of training after which the parameters were that each round begins with
        [2]_; None for those that the round before ended with: fine-tuning.
    prunable : array_like of bool, shape (n,), optional
        What may be pruned, as ``network.weights``; by default all.
    layers : array_like of int, shape (n,), optional
        Label of each parameter's layer, to prune each by itself, as ``network.layer``;
        by default all together.

    Returns
    -------
    PruningRounds

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above, or `train` returns weights that are
        not finite, or not zero where they are pruned.

    References
    ----------
    .. [1] J. Frankle and M. Carbin, "The lottery ticket hypothesis: finding sparse,
       trainable neural networks", ICLR 2019.
    .. [2] J. Frankle, G. Dziugaite, D. Roy, M. Carbin, "Linear mode connectivity and
       the lottery ticket hypothesis", ICML 2020.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> w = np.array([0.5, -3.0, 2.0, 1.0])
    >>> shrink = lambda w, mask: np.where(mask, 0.9 * w, 0)
    >>> found = st.iterative_magnitude_pruning(shrink, w, rounds=2, rate=0.5)
    >>> found.masks.astype(int)
    array([[1, 1, 1, 1],
           [0, 1, 1, 0],
           [0, 1, 0, 0]])
    >>> found.weights[-1], float(found.density[-1])
    (array([ 0. , -2.7,  0. ,  0. ]), 0.25)
    """
    w0 = check_parameters("w0", w0)
    parts = prunable_parts(w0.shape[-1], prunable, layers)
    step = None if rewind_step is None else check_integer("rewind_step", rewind_step, 0)
    counts = np.array([_counts(part, rounds, rate, density) for part in parts])
    mask = np.ones(w0.shape, dtype=bool)
    span = {"start": step} if step else {}
    start = trained(train, w0, mask, stop=step) if step else w0
    masks, weights = [mask], [trained(train, start, mask, **span)]
    for kept in counts.T[1:]:
        mask = keep_largest(np.abs(weights[-1]), parts, kept, mask)
        origin = weights[-1] if step is None else start
        masks.append(mask)
        weights.append(trained(train, origin, mask, **span))
    total = counts.sum(axis=0)
    return PruningRounds(
        np.array(masks), np.array(weights), total / total[0], start, step
    )


def _counts(
    part: npt.NDArray[np.intp],
    rounds: int | None,
    rate: float,
    density: float | None,
) -> Counts:
    """Return how many of a part are left after each round."""
    if density is None:
        if rounds is None:
            raise ValueError("rounds or density must be given, got neither")
        return surviving_counts(part.size, rate, rounds)
    share = check_share("density", density)
    if rounds is not None:
        rounds = check_integer("rounds", rounds, 1)
        return _geometric(part.size, share, rounds, rounds)
    needed = rounds_to_density(rate, density)
    left = _geometric(part.size, 1 - check_share("rate", rate), needed)
    return np.maximum(left, floor(part.size * share))


def _geometric(size: int, share: Fraction, rounds: int, root: int = 1) -> Counts:
    """Return ``floor(size * share^(r / root))`` for all r up to `rounds`, exact."""

    def power(k: int) -> int:
        return int(k**root)

    counts = []
    for r in range(rounds + 1):
        most = power(size) * share.numerator**r // share.denominator**r
        counts.append(bisect_right(range(size + 1), most, key=power) - 1)
    return np.array(counts, dtype=np.int64)


def check_parameters(name: str, value: npt.ArrayLike) -> Array:
    """Return parameters of one network or several, float32 or else float64."""
    single = getattr(value, "dtype", None) == np.float32
    w = check_array(name, value, max(1, len(shape_of(name, value))))
    if w.ndim > 2 or 0 in w.shape:
        raise ValueError(f"{name} must have shape (n,) or (networks, n), got {w.shape}")
    return w.astype(np.float32) if single else w.copy()


def prunable_parts(
    n: int, prunable: npt.ArrayLike | None, layers: npt.ArrayLike | None
) -> list[npt.NDArray[np.intp]]:
    """Return the places of what is pruned together, layer by layer or all."""
    may = np.ones(n, dtype=bool) if prunable is None else check_mask(prunable, (n,))
    if not may.any():
        raise ValueError("prunable must not be False everywhere")
    if layers is None:
        return [np.flatnonzero(may)]
    labels = np.asarray(layers)
    if labels.shape != (n,) or labels.dtype.kind not in "iu":
        raise ValueError(
            f"layers must be integers of shape ({n},), "
            f"got {labels.dtype} of shape {labels.shape}"
        )
    return [np.flatnonzero(may & (labels == each)) for each in np.unique(labels[may])]


def keep_largest(
    scores: Array,
    parts: list[npt.NDArray[np.intp]],
    counts: npt.ArrayLike,
    within: Flags,
) -> Flags:
    """Return masks of the largest scores of each part, all inside another mask.

    Counts are those of the parts, or of the parts (rows) of each network (columns).
    Outside of all parts the masks are the other one.
    """
    mask = np.ascontiguousarray(within).copy()
    n = mask.shape[-1]
    rows = mask.reshape(-1, n)
    many = np.reshape(counts, (len(parts), -1))
    many = np.broadcast_to(many, (len(parts), len(rows)))
    for row, kept, each in zip(scores.reshape(-1, n), rows, many.T, strict=True):
        for part, k in zip(parts, each, strict=True):
            kept[part] = top_mask(row[part], int(k), within=kept[part])
    return mask


def trained(train: Trainer, w: Array, mask: Flags, **span: Any) -> Array:
    """Return what training makes of masked parameters, or say what is wrong with it."""
    result = np.array(train(np.where(mask, w, w.dtype.type(0)), mask.copy(), **span))
    if result.shape != w.shape:
        raise ValueError(f"train must return shape {w.shape}, got {result.shape}")
    if not np.isfinite(result).all():
        raise ValueError("train must return finite parameters, it diverged")
    alive = np.count_nonzero(result[~mask])
    if alive:
        raise ValueError(
            f"train must leave pruned parameters zero, {alive} of {(~mask).sum()} "
            "are not"
        )
    return result


def uniform_draws(rng: Streams) -> Callable[[tuple[int, ...]], Array]:
    """Return what draws numbers on [0, 1) in the shape of parameters."""
    if isinstance(rng, Sequence):
        return lambda shape: _stacked(rng, shape)
    return np.random.default_rng(rng).random


def _stacked(rng: Sequence[np.random.Generator], shape: tuple[int, ...]) -> Array:
    if len(shape) != 2 or len(rng) != shape[0]:
        raise ValueError(
            f"rng must have one for each network of {shape}, got {len(rng)}"
        )
    return np.stack([one.random(shape[1:]) for one in rng])
