"""Parameters to start from, and the order of the data."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from sparsetheory._checks import check_integer
from sparsetheory.lottery._layers import Array
from sparsetheory.lottery.network import Network

Scheme = Literal["glorot", "he"]


class Use(IntEnum):
    """What a seed's stream is for."""

    WEIGHTS = 0
    ORDER = 1


def check_seeds(seed: int | Sequence[int]) -> tuple[int, ...]:
    """Return one or more seeds as a tuple."""
    given = (seed,) if np.ndim(seed) == 0 else tuple(seed)  # type: ignore[arg-type]
    if not given:
        raise ValueError("seed must not be empty")
    return tuple(check_integer("seed", s, 0) for s in given)


def initial_weights(
    network: Network,
    seed: int | Sequence[int],
    *,
    scheme: Scheme = "glorot",
    dtype: npt.DTypeLike = np.float64,
) -> Array:
    r"""Draw normal weights, and zero biases.

    Parameters
    ----------
    network : Network
    seed : int or sequence of int
        Non-negative; one network for each.
    scheme : {"glorot", "he"}
        Variance :math:`2 / (f_{in} + f_{out})` [1]_ or :math:`2 / f_{in}` [2]_, where
        :math:`f_{in}` and :math:`f_{out}` count the weights at an output and at an
        input, in a convolution with stride one.
    dtype : float64 or float32
        The draws are the same.

    Returns
    -------
    ndarray, shape (n,) or (seeds, n)

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    References
    ----------
    .. [1] X. Glorot and Y. Bengio, "Understanding the difficulty of training deep
       feedforward neural networks", AISTATS 2010.
    .. [2] K. He, X. Zhang, S. Ren, J. Sun, "Delving deep into rectifiers", ICCV 2015.

    Examples
    --------
    >>> import sparsetheory as st
    >>> st.initial_weights(st.mlp([64, 100, 10]), seed=range(10)).shape
    (10, 7510)
    """
    check_scheme(scheme)
    if np.dtype(dtype) not in (np.float32, np.float64):
        raise TypeError(f"dtype must be float32 or float64, got {np.dtype(dtype)}")
    seeds = check_seeds(seed)
    w = np.zeros((len(seeds), network.n), dtype)
    for row, one in zip(w, seeds, strict=True):
        rng = np.random.default_rng((one, Use.WEIGHTS))
        for layer, part in zip(network.layers, network.split(row)[::2], strict=True):
            fan_in, fan_out = layer.fans
            variance = 2 / fan_in if scheme == "he" else 2 / (fan_in + fan_out)
            part[...] = np.sqrt(variance) * rng.standard_normal(part.shape)
    return w[0] if np.ndim(seed) == 0 else w


def batch_order(
    samples: int, batch: int, steps: int, seed: int
) -> npt.NDArray[np.intp]:
    """Draw the samples of each step of descent, by permutations in succession.

    A longer order begins with a shorter one.

    Parameters
    ----------
    samples : int
        How many there are.
    batch : int
        Samples of a step, at most `samples`.
    steps : int
    seed : int
        Non-negative.

    Returns
    -------
    ndarray of int, shape (steps, batch)
        A permutation that does not end with a batch goes on in the next one.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> order = st.batch_order(6, 3, 4, seed=0)
    >>> np.sort(order[:2].ravel())
    array([0, 1, 2, 3, 4, 5])
    """
    samples = check_integer("samples", samples, 1)
    batch = check_integer("batch", batch, 1, samples)
    steps = check_integer("steps", steps, 0)
    rng = np.random.default_rng((check_integer("seed", seed, 0), Use.ORDER))
    epochs = -(-steps * batch // samples)
    drawn = [rng.permutation(samples) for _ in range(epochs)]
    flat = np.concatenate([np.empty(0, np.intp), *drawn])
    return flat[: steps * batch].reshape(steps, batch)


def check_scheme(scheme: str) -> None:
    """Check that there is such a law of initial weights."""
    if scheme not in get_args(Scheme):
        raise ValueError(f"scheme must be one of {get_args(Scheme)}, got {scheme!r}")
