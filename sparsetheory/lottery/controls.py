"""What a ticket is compared with: other masks, and other weights on its mask."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from sparsetheory.lottery._layers import Array
from sparsetheory.lottery._layout import Flags
from sparsetheory.lottery.iterative import (
    Streams,
    check_parameters,
    keep_largest,
    prunable_parts,
    uniform_draws,
)
from sparsetheory.lottery.network import Network
from sparsetheory.lottery.training import check_mask

Scale = Literal["same", "fan_in", "rms"]
Kept = Literal["none", "signs", "magnitudes", "signs_alone"]


def shuffled_mask(
    mask: npt.ArrayLike,
    rng: Streams,
    *,
    prunable: npt.ArrayLike | None = None,
    layers: npt.ArrayLike | None = None,
) -> Flags:
    """Mask that is uniform among all that keep as many as another, in each layer.

    So it is a random mask with the counts of the layers and no more of the structure.

    Parameters
    ----------
    mask : array_like of bool, shape (n,) or (networks, n)
    rng : int, Generator or list of Generator
        A list has one for each network.
    prunable : array_like of bool, shape (n,), optional
        What is shuffled, as ``network.weights``; by default all.
    layers : array_like of int, shape (n,), optional
        Label of each parameter's layer, as ``network.layer``; by default all are one:
        a random mask of the same density.

    Returns
    -------
    ndarray of bool, shape of `mask`

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    Examples
    --------
    >>> import sparsetheory as st
    >>> mask = [True, True, False, True, False, False]
    >>> st.shuffled_mask(mask, rng=2, layers=[0, 0, 0, 1, 1, 1]).astype(int)
    array([0, 1, 1, 0, 0, 1])
    """
    given = check_mask(mask, np.shape(mask))
    if given.ndim not in (1, 2) or given.size == 0:
        raise ValueError(
            f"mask must have shape (n,) or (networks, n), got {given.shape}"
        )
    parts = prunable_parts(given.shape[-1], prunable, layers)
    counts = [np.count_nonzero(given[..., part], axis=-1) for part in parts]
    free = given.copy()
    free[..., np.concatenate(parts)] = True
    return keep_largest(uniform_draws(rng)(given.shape), parts, counts, free)


def reinitialised(
    network: Network,
    w0: npt.ArrayLike,
    mask: npt.ArrayLike,
    fresh: npt.ArrayLike,
    *,
    keep: Kept = "none",
    scale: Scale = "same",
) -> Array:
    r"""Combine fresh initial weights with a part of the old ones.

    Parameters
    ----------
    network : Network
    w0 : array_like, shape (n,) or (networks, n)
        The old ones.
    mask : array_like of bool, shape of `w0` or (n,)
        Of the ticket. Only scales depend on it; nothing is pruned here.
    fresh : array_like, shape of `w0`
        Independent ones, as `initial_weights` of other seeds draws them.
    keep : {"none", "signs", "magnitudes", "signs_alone"}
        Of the old weights: nothing, their signs with fresh magnitudes, magnitudes with
        fresh signs, or signs with one magnitude for each layer, the root mean square of
        the old ones in it.
    scale : {"same", "fan_in", "rms"}
        A factor on the result: none; for each unit the root of the weights at it over
        those that the mask keeps, so that the variance of its input is that of the
        dense network; for each layer that which makes the root mean square on the mask
        that of the old weights on it.

    Returns
    -------
    ndarray, shape of `w0`
        Biases are the old ones.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> network = st.mlp([4, 3, 2])
    >>> w0, fresh = st.initial_weights(network, seed=[0, 1])
    >>> mask = np.ones(network.n, bool)
    >>> w = st.reinitialised(network, w0, mask, fresh, keep="signs")
    >>> bool((np.sign(w) == np.sign(w0)).all()), bool((abs(w) == abs(fresh)).all())
    (True, True)
    """
    w0, fresh = check_parameters("w0", w0), check_parameters("fresh", fresh)
    if fresh.shape != w0.shape:
        raise ValueError(f"fresh must have shape {w0.shape}, got {fresh.shape}")
    for name, value, known in (("keep", keep, Kept), ("scale", scale, Scale)):
        if value not in get_args(known):
            raise ValueError(f"{name} must be one of {get_args(known)}, got {value!r}")
    on = check_mask(mask, w0.shape)
    arrays = zip(*map(network.split, (w0, fresh, on)), network.shapes, strict=True)
    return network.join(
        [
            _weights(old, new, kept, len(shape), keep, scale)
            if len(shape) > 1
            else old  # a bias
            for old, new, kept, shape in arrays
        ]
    )


def _weights(
    old: Array, new: Array, on: Flags, axes: int, keep: Kept, scale: Scale
) -> Array:
    """Return the weights of a layer, whose own axes are the last ones."""
    whole, unit = tuple(range(-axes, 0)), tuple(range(1 - axes, 0))
    if keep == "signs":
        new = np.copysign(new, old)
    elif keep == "magnitudes":
        new = np.copysign(old, new)
    elif keep == "signs_alone":
        new = np.sign(old) * np.sqrt(np.mean(old**2, axis=whole, keepdims=True))
    if scale == "fan_in":
        share = np.mean(on, axis=unit, keepdims=True, dtype=old.dtype)
        return np.asarray(new / np.sqrt(np.where(share > 0, share, 1)))
    if scale == "rms":
        squares = [np.sum(w**2 * on, axis=whole, keepdims=True) for w in (old, new)]
        none = squares[1] == 0
        return np.asarray(new * np.sqrt(squares[0] / np.where(none, 1, squares[1])))
    return new
