"""Best subsets of random weights, by exact search."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sparsetheory._checks import check_array, check_integer
from sparsetheory._rng import Role, stream
from sparsetheory.experiments.blocks import Block, Engine, run_blocks
from sparsetheory.types import Counts, Matrix, Vector

MOST = 44  # weights: the sums of half of them take 32 MB
MOST_COVERED = 20  # weights, all of whose sums are sorted
SIZE = 16  # trials in a block


@dataclass(frozen=True, eq=False)
class SubsetSum:
    """The subset whose sum is nearest to a target.

    Attributes
    ----------
    mask : ndarray of bool, shape (n,)
        Which weights are kept.
    total : float
        Their sum.
    error : float
        How far it is from the target.
    """

    mask: npt.NDArray[np.bool_]
    total: float
    error: float


@dataclass(frozen=True, eq=False)
class SubsetSumTrials:
    """Errors of best subsets of random weights, by `subset_sum_trials`.

    Attributes
    ----------
    n : ndarray of int, shape (sizes,)
        Numbers of weights.
    target : float
    subset, single : ndarray, shape (sizes, trials)
        Distance of the target from the nearest sum of a subset, and from the nearest
        weight.
    cover : ndarray, shape (sizes, trials)
        Largest distance of a point of [-1/2, 1/2] from the nearest sum of a subset; NaN
        unless asked for.
    seed : int
    """

    n: Counts
    target: float
    subset: Matrix
    single: Matrix
    cover: Matrix
    seed: int


def best_subset(values: npt.ArrayLike, target: float) -> SubsetSum:
    """Find the subset whose sum is nearest to a target, among all of them.

    Exact but for rounding of the sums, by meeting in the middle: the sums of one half
    of the values are sorted, and each sum of the other half looks for its complement.

    Parameters
    ----------
    values : array_like, shape (n,)
        At most 44.
    target : float

    Returns
    -------
    SubsetSum
        The empty subset, of sum 0, counts.

    Raises
    ------
    ValueError
        If there are too many values, or one is not finite.

    References
    ----------
    .. [1] E. Horowitz, S. Sahni, "Computing partitions with applications to the
       knapsack problem", J. ACM 21(2), 1974.

    Examples
    --------
    >>> import sparsetheory as st
    >>> found = st.best_subset([0.7, -0.4, 0.31, 0.05], 0.6)
    >>> found.mask, round(found.error, 3)
    (array([ True,  True,  True, False]), 0.01)
    """
    v = check_array("values", values, 1)
    z = float(check_array("target", target, 0))
    if v.size > MOST:
        raise ValueError(f"values must be at most {MOST}, got {v.size}")
    half = v.size // 2
    left, right = _sums(v[:half]), _sums(v[half:])
    order = np.argsort(right, kind="stable")
    right = right[order]
    above = np.searchsorted(right, z - left)
    best, choice = np.inf, (0, 0)
    for places in (np.minimum(above, right.size - 1), np.maximum(above - 1, 0)):
        errors = np.abs(left + right[places] - z)
        i = int(errors.argmin())
        if errors[i] < best:
            best, choice = errors[i], (i, int(order[places[i]]))
    bits = choice[0] | choice[1] << half
    mask = (bits >> np.arange(v.size)) & 1 == 1
    total = float(v[mask].sum())
    return SubsetSum(mask, total, abs(total - z))


def subset_sum_trials(
    n: npt.ArrayLike,
    target: float = 0.5,
    *,
    trials: int = 400,
    cover: bool = False,
    seed: int = 0,
    workers: int | None = None,
    progress: bool = False,
    store: str | Path | None = None,
    executor: Executor | None = None,
) -> SubsetSumTrials:
    """Draw weights uniform on [-1, 1] and find the best subset, by exact search.

    Parameters
    ----------
    n : array_like of int
        Numbers of weights, in 1..44.
    target : float
    trials : int
        For each.
    cover : bool
        Find also how well all of [-1/2, 1/2] is covered; n is then at most 20.
    seed : int
        Non-negative.
    workers, progress, store, executor
        As for `ticket_trials`.

    Returns
    -------
    SubsetSumTrials

    Raises
    ------
    ValueError
        If an argument is out of range; if the store is a file of another kind.
    OSError
        If the store can't be read or written.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> found = st.subset_sum_trials([4, 8, 12], trials=100)
    >>> np.median(found.subset, axis=1) < np.median(found.single, axis=1)
    array([ True,  True,  True])
    """
    sizes = whole_numbers("n", n, MOST_COVERED if cover else MOST)
    target = float(check_array("target", target, 0))
    trials, seed = check_integer("trials", trials, 1), check_integer("seed", seed, 0)
    errors = []
    for size in sizes:
        job = partial(_subset_sums, size, target, bool(cover), seed)
        rows = run_blocks(
            job,
            {"experiment": "subset sums", "n": size, "target": target}
            | {"cover": bool(cover), "seed": seed},
            trials,
            SIZE,
            Engine(workers, progress, store, executor),
        )
        errors.append(np.concatenate(rows).reshape(trials, 3))
    subset, single, covered = np.moveaxis(np.array(errors), 2, 0)
    return SubsetSumTrials(np.array(sizes), target, subset, single, covered, seed)


def whole_numbers(name: str, value: npt.ArrayLike, most: int) -> list[int]:
    """Return a list of whole numbers in ``1..most``, from one or several."""
    given = np.atleast_1d(np.asarray(value))
    if given.ndim != 1 or given.size == 0:
        raise ValueError(f"{name} must be a number or a list, got shape {given.shape}")
    return [check_integer(name, size, 1, most) for size in given]


def _sums(values: Vector) -> Vector:
    """Return the sums of all subsets; bit i of a place says whether i is in."""
    sums = np.zeros(1)
    for value in values:
        sums = np.concatenate([sums, sums + value])
    return sums


def _subset_sums(n: int, target: float, cover: bool, seed: int, block: Block) -> Vector:
    rng = stream(seed, n, 0, 0, block[0], Role.MATRIX)
    rows = []
    for values in rng.uniform(-1.0, 1.0, (block[1], n)):
        single = float(np.abs(values - target).min())
        radius = _radius(values) if cover else np.nan
        rows += [best_subset(values, target).error, single, radius]
    return np.array(rows)


def _radius(values: Vector) -> float:
    """Return the largest distance of a point of [-1/2, 1/2] from the nearest sum."""
    sums = np.sort(_sums(values))
    middles = 0.5 * (sums[1:] + sums[:-1])
    points = np.r_[-0.5, middles[np.abs(middles) < 0.5], 0.5]
    above = np.clip(np.searchsorted(sums, points), 1, sums.size - 1)
    return float(
        np.minimum(np.abs(points - sums[above]), np.abs(points - sums[above - 1])).max()
    )
