"""Passes through a network: values, tangents, gradients and their tangents.

Leading axes broadcast, so that a pass serves many networks, directions or samples.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np

from sparsetheory.lottery._layers import Activation, Array, Layer

Layers: TypeAlias = Sequence[Layer]
Trace: TypeAlias = list[tuple[Array, Array]]
"""Per layer, the rows that its matrix is applied to, and what it gives."""
Turns: TypeAlias = list[tuple[Array | None, Array]]
"""Their derivatives; the rows of the first layer are data and have none."""


def forward(
    layers: Layers, act: Activation, params: list[Array], X: Array
) -> tuple[Array, Trace]:
    """Return the outputs and what the other passes need."""
    trace: Trace = []
    z = X
    for layer, W, b in _matrices(layers, params):
        R = layer.rows(act.value(z) if trace else X)
        z = R @ W.mT
        z += b[..., None, :]
        z = layer.merged(z)
        trace.append((R, z))
    return z, trace


def backward(
    layers: Layers, act: Activation, params: list[Array], trace: Trace, u: Array
) -> Array:
    """Return the adjoint of the derivative in the parameters, at u, flat."""
    parts: list[Array] = []
    dz = u
    for i, (layer, W, _) in reversed(list(enumerate(_matrices(layers, params)))):
        D = layer.split(dz)
        parts += [D.sum(axis=-2), _flat(D.mT @ trace[i][0])]
        if i:
            dz = layer.rows_adjoint(D @ W)
            dz *= act.slope(trace[i - 1][1])
    return np.concatenate(parts[::-1], axis=-1)


def tangent(
    layers: Layers, act: Activation, params: list[Array], trace: Trace, v: list[Array]
) -> tuple[Array, Turns]:
    """Return the derivative of the outputs along v, and that of the trace."""
    turns: Turns = []
    both = zip(_matrices(layers, params), _matrices(layers, v), strict=True)
    for i, ((layer, W, _), (_, V, c)) in enumerate(both):
        dz = trace[i][0] @ V.mT + c[..., None, :]
        dR = None
        if turns:
            dR = layer.rows(act.slope(trace[i - 1][1]) * turns[-1][1])
            dz = dz + dR @ W.mT
        turns.append((dR, layer.merged(dz)))
    return turns[-1][1], turns


def bent_backward(
    layers: Layers,
    act: Activation,
    params: list[Array],
    trace: Trace,
    v: list[Array],
    turns: Turns,
    u: Array,
    du: Array,
) -> Array:
    """Return the derivative of `backward` along v, where that of u is du."""
    parts: list[Array] = []
    dz, ddz = u, du
    pairs = zip(_matrices(layers, params), _matrices(layers, v), strict=True)
    for i, ((layer, W, _), (_, V, _)) in reversed(list(enumerate(pairs))):
        D, dD = layer.split(dz), layer.split(ddz)
        R, dR = trace[i][0], turns[i][0]
        change = dD.mT @ R
        if dR is not None:
            change = change + D.mT @ dR
        parts += [dD.sum(axis=-2), _flat(change)]
        if i:
            z, turn = trace[i - 1][1], turns[i - 1][1]
            back, slope = layer.rows_adjoint(D @ W), act.slope(z)
            ddz = slope * layer.rows_adjoint(dD @ W + D @ V)
            if act.bend is not None:
                ddz = ddz + act.bend(z) * turn * back
            dz = slope * back
    return np.concatenate(parts[::-1], axis=-1)


def _matrices(
    layers: Layers, params: list[Array]
) -> Iterator[tuple[Layer, Array, Array]]:
    """Yield each layer with its weights as matrices and its bias."""
    for layer, W, b in zip(layers, params[::2], params[1::2], strict=True):
        lead = W.shape[: W.ndim - len(layer.shape)]
        yield layer, W.reshape(*lead, layer.shape[0], -1), b


def _flat(W: Array) -> Array:
    return W.reshape(*W.shape[:-2], -1)
