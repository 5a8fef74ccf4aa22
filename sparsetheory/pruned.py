"""Convolution layers with input channels, filters or taps removed."""

from collections.abc import Iterable
from fractions import Fraction
from math import floor
from typing import Any

import numpy as np
import numpy.typing as npt

from sparsetheory._checks import check_flags, check_number, check_support
from sparsetheory.operators import BlockCirculant

Mask = npt.NDArray[np.bool_]


def without_channels(layer: BlockCirculant, channels: npt.ArrayLike) -> BlockCirculant:
    """Layer without some of its input channels: columns of its matrix go.

    Nothing is rescaled.

    Parameters
    ----------
    layer : BlockCirculant
        With all its rows.
    channels : array_like of int or bool
        Numbers of channels, or a mask of them; not all.

    Returns
    -------
    BlockCirculant

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above, or a channel that stays is zero.

    Examples
    --------
    >>> import sparsetheory as st
    >>> layer = st.BlockCirculant(st.digits_filters(), size=8)
    >>> st.without_channels(layer, [0, 2]).filters.shape
    (8, 2, 3, 3)
    """
    check_layer(layer)
    gone = check_support(channels, layer.filters.shape[1], "channels")
    if gone.size == layer.filters.shape[1]:
        raise ValueError(f"channels must leave one, got all {gone.size}")
    return _remaining(layer, np.delete(layer.filters, gone, axis=1))


def without_filters(layer: BlockCirculant, filters: npt.ArrayLike) -> BlockCirculant:
    """Layer without some of its filters: rows of its matrix go, all of an output.

    Nothing is rescaled.

    Parameters
    ----------
    layer : BlockCirculant
        With all its rows.
    filters : array_like of int or bool
        Numbers of filters, or a mask of them; not all.

    Returns
    -------
    BlockCirculant

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above, or no filter that stays sees one of
        the channels.

    Examples
    --------
    >>> import sparsetheory as st
    >>> layer = st.BlockCirculant(st.digits_filters(), size=8)
    >>> st.without_filters(layer, [7]).shape
    (448, 256)
    """
    check_layer(layer)
    gone = check_support(filters, layer.filters.shape[0], "filters")
    if gone.size == layer.filters.shape[0]:
        raise ValueError(f"filters must leave one, got all {gone.size}")
    return _remaining(layer, np.delete(layer.filters, gone, axis=0))


def with_taps(layer: BlockCirculant, mask: npt.ArrayLike) -> BlockCirculant:
    """Layer with only the taps in a mask; the others are zero.

    Nothing is rescaled.

    Parameters
    ----------
    layer : BlockCirculant
        With all its rows.
    mask : array_like of bool, of the shape of ``layer.filters``
        True where a tap stays. The filters of `BlockCirculant.from_conv_layer` are the
        weights mirrored, with zeros between the taps if they are dilated.

    Returns
    -------
    BlockCirculant
        Of the same shape.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above, or a channel becomes zero.

    Examples
    --------
    >>> import sparsetheory as st
    >>> layer = st.BlockCirculant([[[3.0, -1.0, 2.0]]], size=8)
    >>> st.with_taps(layer, [[[True, False, True]]]).filters
    array([[[3., 0., 2.]]])
    """
    check_layer(layer)
    return _remaining(layer, np.where(check_mask(layer, mask), layer.filters, 0.0))


def with_unit_columns(layer: BlockCirculant) -> BlockCirculant:
    """Layer with each input channel scaled so that its columns have norm one.

    Parameters
    ----------
    layer : BlockCirculant
        With all its rows, and columns of one norm in each channel, as without stride.

    Returns
    -------
    BlockCirculant

    Raises
    ------
    TypeError, ValueError
        If the layer is not what is said above.

    Examples
    --------
    >>> import sparsetheory as st
    >>> layer = st.BlockCirculant([[[3.0, 4.0], [0.0, 2.0]]], size=8)
    >>> st.with_unit_columns(layer).filters
    array([[[0.6, 0.8],
            [0. , 1. ]]])
    """
    check_layer(layer)
    norms = layer.column_norms().reshape(layer.filters.shape[1], -1)
    low, high = norms.min(axis=1), norms.max(axis=1)
    uneven = np.flatnonzero(high - low > 1e-12 * high)
    if uneven.size:
        c = uneven[0]
        raise ValueError(
            "the columns of a channel must have one norm for one factor to serve "
            f"them, got {low[c]:.6g} to {high[c]:.6g} in channel {c}"
        )
    if not high.all():
        raise ValueError(f"no channel must be zero, channel {high.argmin()} is")
    shape = (-1, *(1,) * (layer.filters.ndim - 2))
    return with_filters(layer, layer.filters / high.reshape(shape))


def largest_taps(
    layer: BlockCirculant, fraction: float, *, per_filter: bool = False
) -> Mask:
    """Mask of the taps that stay when the smallest by magnitude go.

    Of N taps ``floor(fraction N)`` go, with the fraction as the decimal that is
    written: 0.29 of 100 are 29. Of equal ones the first go. Zeros count as taps.

    Parameters
    ----------
    layer : BlockCirculant
    fraction : float or Fraction
        In [0, 1), of those that go.
    per_filter : bool
        Remove that fraction of each filter's taps instead of all together.

    Returns
    -------
    ndarray of bool, of the shape of ``layer.filters``

    Examples
    --------
    >>> import sparsetheory as st
    >>> layer = st.BlockCirculant([[[3.0, -1.0, 2.0]], [[0.1, 5.0, -4.0]]], size=8)
    >>> st.largest_taps(layer, 0.4)[:, 0]
    array([[ True, False,  True],
           [False,  True,  True]])
    """
    check_layer(layer)
    if not 0 <= check_number("fraction", fraction, positive=False) < 1:
        raise ValueError(f"fraction must lie in [0, 1), got {fraction}")
    h = layer.filters
    sizes = np.abs(h).reshape(len(h) if per_filter else 1, -1)
    gone = floor(Fraction(str(fraction)) * sizes.shape[1])
    order = np.argsort(sizes, axis=1, kind="stable")
    mask = np.ones(sizes.shape, dtype=bool)
    np.put_along_axis(mask, order[:, :gone], False, axis=1)
    return mask.reshape(h.shape)


def pruning_masks(
    layer: BlockCirculant,
    *,
    filters: bool = True,
    channels: bool = True,
    taps: bool = False,
    fractions: Iterable[float] = (),
) -> dict[str, Mask]:
    """Masks that remove each filter, input channel or tap, or the smallest taps.

    Parameters
    ----------
    layer : BlockCirculant
    filters, channels, taps : bool
        Whether to remove each of them, one at a time. Where there is only one there is
        no mask, nor for a tap that is zero.
    fractions : iterable of float
        Fractions of all taps to remove by `largest_taps`.

    Returns
    -------
    dict of str to ndarray of bool, of the shape of ``layer.filters``
        True where a tap stays.

    Examples
    --------
    >>> import sparsetheory as st
    >>> layer = st.BlockCirculant(st.digits_filters(), size=8)
    >>> len(st.pruning_masks(layer)), *st.pruning_masks(layer, fractions=[0.5])
    (12, 'filter 0', 'filter 1', 'filter 2', 'filter 3', 'filter 4', 'filter 5',
     'filter 6', 'filter 7', 'channel 0', 'channel 1', 'channel 2', 'channel 3',
     'smallest 0.5')
    """
    check_layer(layer)
    h = layer.filters
    places: dict[str, Any] = {}
    if filters and h.shape[0] > 1:
        places |= {f"filter {o}": o for o in range(h.shape[0])}
    if channels and h.shape[1] > 1:
        places |= {f"channel {c}": (slice(None), c) for c in range(h.shape[1])}
    if taps and np.count_nonzero(h) > 1:
        each = (tuple(int(i) for i in place) for place in np.argwhere(h))
        places |= {f"tap {place}": place for place in each}
    masks = {}
    for name, place in places.items():
        masks[name] = np.ones(h.shape, dtype=bool)
        masks[name][place] = False
    return masks | {f"smallest {f}": largest_taps(layer, f) for f in fractions}


def check_layer(layer: BlockCirculant) -> None:
    """Raise if it is no layer, or only some of its rows."""
    if not isinstance(layer, BlockCirculant):
        raise TypeError(f"layer must be a BlockCirculant, got {type(layer).__name__}")
    if layer.rows.size and not np.array_equal(layer.rows, layer._positions()):
        raise ValueError(
            f"layer must have all its rows in order, got a choice of {layer.shape[0]}"
        )


def check_mask(layer: BlockCirculant, mask: npt.ArrayLike) -> Mask:
    """Return a mask of the layer's taps."""
    given = check_flags("mask", mask)
    if given.shape != layer.filters.shape:
        raise ValueError(
            f"mask must have shape {layer.filters.shape} to match the filters, "
            f"got {given.shape}"
        )
    return given


def with_filters(
    layer: BlockCirculant, filters: npt.NDArray[np.float64]
) -> BlockCirculant:
    """Return the layer with others in place of its filters."""
    return BlockCirculant(
        layer._scale * filters,
        layer.size,
        stride=layer.stride,
        origin=layer.origin,
        outputs=layer.outputs,
    )


def _remaining(
    layer: BlockCirculant, filters: npt.NDArray[np.float64]
) -> BlockCirculant:
    """Return the layer with these filters, if each channel has a tap."""
    zero = np.flatnonzero(~filters.any(axis=(0, *range(2, filters.ndim))))
    if zero.size:
        raise ValueError(f"each channel must keep a tap, channel {zero[0]} has none")
    return with_filters(layer, filters)
