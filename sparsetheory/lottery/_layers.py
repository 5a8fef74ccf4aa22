"""Layers as matrix products, and the functions between them.

A layer maps rows to rows, ``rows(a) @ W.T + b``: one row per sample, or in a
convolution per sample and grid point. Arrays are (..., samples, entries); leading axes
broadcast.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sparsetheory._checks import check_integer, shape_of

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Dense:
    """A full matrix, shape (outputs, inputs), and a bias."""

    inputs: int
    outputs: int

    def __post_init__(self) -> None:
        for name in ("inputs", "outputs"):
            size = check_integer(name, getattr(self, name), 1)
            object.__setattr__(self, name, size)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the weights."""
        return self.outputs, self.inputs

    @property
    def fans(self) -> tuple[int, int]:
        """Weights at an output and at an input."""
        return self.inputs, self.outputs

    def rows(self, a: Array) -> Array:
        """Return what the matrix is applied to."""
        return a

    def rows_adjoint(self, r: Array) -> Array:
        """Apply the adjoint of `rows`."""
        return r

    def merged(self, z: Array) -> Array:
        """Return one row per sample."""
        return z

    def split(self, z: Array) -> Array:
        """Undo `merged`."""
        return z


@dataclass(frozen=True)
class Convolution:
    """Filters of shape (filters, channels, taps, taps) on a torus, and a bias each.

    Images are flattened, channel by channel. The layer cross-correlates, with the
    kernel centred and the odd point of an even one on the right, as
    `BlockCirculant.from_conv_layer` of the same weights does.
    """

    channels: int
    filters: int
    size: tuple[int, int]
    taps: int
    stride: int

    def __post_init__(self) -> None:
        for name in ("channels", "filters", "taps", "stride"):
            size = check_integer(name, getattr(self, name), 1)
            object.__setattr__(self, name, size)
        if shape_of("size", self.size) != (2,):
            raise ValueError(f"size must be a height and a width, got {self.size!r}")
        height, width = (check_integer("size", s, 1) for s in self.size)
        object.__setattr__(self, "size", (height, width))

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the weights."""
        return self.filters, self.channels, self.taps, self.taps

    @property
    def fans(self) -> tuple[int, int]:
        """Weights at an output and at an input, with stride one."""
        return self.channels * self.taps**2, self.filters * self.taps**2

    @property
    def inputs(self) -> int:
        """Entries of an image."""
        return self.channels * prod(self.size)

    @property
    def grid(self) -> tuple[int, int]:
        """Points of the output."""
        height, width = (-(-n // self.stride) for n in self.size)
        return height, width

    @property
    def outputs(self) -> int:
        """Entries of the result."""
        return self.filters * prod(self.grid)

    @cached_property
    def _source(self) -> npt.NDArray[np.intp]:
        """Which input meets which tap: shape (grid points, channels, taps^2)."""
        taps = np.arange(self.taps) - (self.taps - 1) // 2
        axes = [
            (np.arange(g)[:, None] * self.stride + taps) % n
            for g, n in zip(self.grid, self.size, strict=True)
        ]
        lift = (axes[0][:, None, :, None], axes[1][None, :, None, :])
        place = np.ravel_multi_index(np.broadcast_arrays(*lift), self.size)
        channel = np.arange(self.channels)[:, None] * prod(self.size)
        return place.reshape(prod(self.grid), 1, -1) + channel

    def rows(self, a: Array) -> Array:
        """Return what the matrix is applied to."""
        taken = np.take(a, self._source.reshape(-1, prod(self.shape[1:])), axis=-1)
        return taken.reshape(*a.shape[:-2], -1, taken.shape[-1])

    def rows_adjoint(self, r: Array) -> Array:
        """Apply the adjoint of `rows`."""
        points, channels, taps = self._source.shape
        r = r.reshape(*r.shape[:-2], -1, points, channels, taps)
        a = np.zeros((*r.shape[:-3], self.inputs), r.dtype)
        for t in range(taps):  # no input meets the same tap twice
            a[..., self._source[:, :, t]] += r[..., t]
        return a

    def merged(self, z: Array) -> Array:
        """Return one row per sample."""
        z = z.reshape(*z.shape[:-2], -1, prod(self.grid), self.filters)
        return z.swapaxes(-1, -2).reshape(*z.shape[:-2], self.outputs)

    def split(self, z: Array) -> Array:
        """Undo `merged`."""
        z = z.reshape(*z.shape[:-1], self.filters, prod(self.grid)).swapaxes(-1, -2)
        return z.reshape(*z.shape[:-3], -1, self.filters)


Layer = Dense | Convolution


class Activation(NamedTuple):
    """A function of one entry with its derivatives, the second as None where zero."""

    value: Callable[[Array], Array]
    slope: Callable[[Array], Array]
    bend: Callable[[Array], Array] | None


def _positive(z: Array) -> Array:
    return z > 0


def _relu(z: Array) -> Array:
    return np.asarray(np.maximum(z, 0))


def _tanh_slope(z: Array) -> Array:
    return np.asarray(1 - np.tanh(z) ** 2)


def _tanh_bend(z: Array) -> Array:
    t = np.tanh(z)
    return np.asarray(-2 * t * (1 - t**2))


ACTIVATIONS = {
    "relu": Activation(_relu, _positive, None),
    "tanh": Activation(np.tanh, _tanh_slope, _tanh_bend),
}
