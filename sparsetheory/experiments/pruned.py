"""Approximation by pruning alone: a neuron made of random ones, without training."""

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
from sparsetheory.experiments.subset_sum import MOST, SIZE, best_subset, whole_numbers
from sparsetheory.types import Counts, Matrix, Vector


@dataclass(frozen=True, eq=False)
class PrunedWeight:
    """A target weight realised by pruning a layer of ReLUs, by `pruned_weight`.

    Attributes
    ----------
    mask : ndarray of bool, shape (units,)
        Which hidden units are kept.
    positive, negative : float
        Slopes of the pruned network for positive and negative inputs.
    error : float
        The larger distance of the two from the target: the largest error for inputs in
        [-1, 1].
    """

    mask: npt.NDArray[np.bool_]
    positive: float
    negative: float
    error: float


@dataclass(frozen=True, eq=False)
class PrunedNeuronTrials:
    """Errors of random linear neurons realised by pruning, by `pruned_neuron_trials`.

    Attributes
    ----------
    units : ndarray of int, shape (sizes,)
        Hidden units per weight and sign of the input.
    d : int
        Inputs.
    errors : ndarray, shape (sizes, trials)
        Largest error over inputs in [-1, 1]^d.
    seed : int
    """

    units: Counts
    d: int
    errors: Matrix
    seed: int


def pruned_weight(a: npt.ArrayLike, b: npt.ArrayLike, w: float) -> PrunedWeight:
    r"""Approximate ``x -> w x`` by pruning a random network with one hidden layer.

    The network :math:`x \mapsto \sum_i b_i \max(a_i x, 0)` has the slope
    :math:`\sum_{a_i > 0} a_i b_i` for positive x and :math:`\sum_{a_i < 0} a_i b_i` for
    negative x. Pruned is to the `best_subset` of each of the two sums.

    Parameters
    ----------
    a, b : array_like, shape (units,)
        Weights into and out of the hidden units.
    w : float
        Target weight.

    Returns
    -------
    PrunedWeight

    Raises
    ------
    ValueError
        If shapes differ, a number is not finite, or more than 44 units have one sign.

    References
    ----------
    .. [1] A. Pensia, S. Rajput, A. Nagle, H. Vishwakarma, D. Papailiopoulos, "Optimal
       lottery tickets via subset sum: logarithmic over-parameterization is
       sufficient", NeurIPS 2020.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> a, b = np.random.default_rng(0).uniform(-1, 1, (2, 32))
    >>> found = st.pruned_weight(a, b, 0.3)
    >>> found.error < 1e-3
    True
    """
    into, out = check_array("a", a, 1), check_array("b", b, 1)
    if into.shape != out.shape:
        raise ValueError(f"a and b must match, got shapes {into.shape}, {out.shape}")
    mask = np.zeros(into.size, dtype=bool)
    slopes = []
    for side in (into > 0, into < 0):
        found = best_subset((into * out)[side], w)
        mask[side] = found.mask
        slopes.append(found.total)
    error = max(abs(slope - float(w)) for slope in slopes)
    return PrunedWeight(mask, slopes[0], slopes[1], error)


def pruned_neuron_trials(
    units: npt.ArrayLike,
    d: int = 5,
    *,
    trials: int = 40,
    seed: int = 0,
    workers: int | None = None,
    progress: bool = False,
    store: str | Path | None = None,
    executor: Executor | None = None,
) -> PrunedNeuronTrials:
    r"""Realise random linear neurons by pruning random ReLU networks.

    The target is :math:`x \mapsto w^\top x` with w uniform on [-1, 1]^d. Each of its
    weights has 2 q hidden units, half of them for inputs of each sign, with weights
    uniform on [-1, 1], and is made of them as by `pruned_weight`.

    Parameters
    ----------
    units : array_like of int
        Values of q, in 1..44.
    d : int
        Inputs.
    trials : int
    seed : int
        Non-negative.
    workers, progress, store, executor
        As for `ticket_trials`.

    Returns
    -------
    PrunedNeuronTrials

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
    >>> found = st.pruned_neuron_trials([4, 16])
    >>> np.median(found.errors, axis=1).round(3)
    array([1.534e+00, 1.000e-03])
    """
    sizes = whole_numbers("units", units, MOST)
    d = check_integer("d", d, 1)
    trials, seed = check_integer("trials", trials, 1), check_integer("seed", seed, 0)
    errors = []
    for size in sizes:
        job = partial(_pruned_neurons, size, d, seed)
        rows = run_blocks(
            job,
            {"experiment": "pruned neurons", "units": size, "d": d, "seed": seed},
            trials,
            SIZE,
            Engine(workers, progress, store, executor),
        )
        errors.append(np.concatenate(rows))
    return PrunedNeuronTrials(np.array(sizes), d, np.array(errors), seed)


def _pruned_neurons(q: int, d: int, seed: int, block: Block) -> Vector:
    rng = stream(seed, q, 0, d, block[0], Role.MATRIX)
    errors = np.zeros(block[1])
    for trial in range(block[1]):
        w = rng.uniform(-1.0, 1.0, d)
        a, b = rng.uniform(-1.0, 1.0, (2, d, 2 * q))
        a = np.abs(a) * np.repeat([1.0, -1.0], q)
        errors[trial] = sum(
            pruned_weight(*layer).error for layer in zip(a, b, w, strict=True)
        )
    return errors
