"""Small networks with exact derivatives, for one vector of parameters or many at once.

Parameters are flat vectors, in the order of PyTorch: layer by layer, weights, then
bias.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import prod
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.sparse.linalg import LinearOperator

from sparsetheory._checks import check_array, check_integer, shape_of
from sparsetheory.lottery._layers import (
    ACTIVATIONS,
    Activation,
    Array,
    Convolution,
    Dense,
    Layer,
)
from sparsetheory.lottery._passes import backward, bent_backward, forward, tangent
from sparsetheory.lottery.jacobian import jacobian_operator
from sparsetheory.lottery.losses import Loss, cross_entropy


@dataclass(frozen=True)
class Network:
    r"""Layers with a function between each two; make it by `mlp` or `convnet`.

    Methods take parameters `w` of shape (n,), or (..., n) for as many networks at once.
    Data `X` have shape (samples, inputs), or (..., samples, inputs) if each network has
    its own. All is computed in the precision of `w`, float32 or else float64.

    Labels `y` are integers, one per sample, or targets of shape (samples, classes). If
    integers of one shape could be either, they are refused, and targets must be floats.
    The loss is a mean over samples, `cross_entropy` or `squared_error`.

    Attributes
    ----------
    layers : tuple
    activation : {"relu", "tanh"}
        At a kink the derivatives of the ReLU are those of its left side.

    Examples
    --------
    >>> from functools import partial
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> network = st.mlp([4, 3, 2])
    >>> w, X = st.initial_weights(network, seed=0), np.eye(4)
    >>> grad = partial(network.gradient, X=X, y=[0, 1, 1, 0])
    >>> hvp = partial(network.hvp, X=X, y=[0, 1, 1, 0])
    >>> grad(w).shape, hvp(w, grad(w)).shape
    ((23,), (23,))
    """

    layers: tuple[Layer, ...]
    activation: str

    def __post_init__(self) -> None:
        layers = tuple(self.layers)
        for layer in layers:
            if not isinstance(layer, Dense | Convolution):
                raise TypeError(f"layers must be dense or convolutions, got {layer!r}")
        if not layers:
            raise ValueError("layers must not be empty")
        for one, other in pairwise(layers):
            if one.outputs != other.inputs:
                raise ValueError(f"layers must chain, got {one} before {other}")
        if self.activation not in ACTIVATIONS:
            raise ValueError(
                f"activation must be one of {list(ACTIVATIONS)}, "
                f"got {self.activation!r}"
            )
        object.__setattr__(self, "layers", layers)

    @cached_property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """Shapes of weights and bias, layer by layer."""
        return tuple(s for L in self.layers for s in (L.shape, (L.shape[0],)))

    @property
    def n(self) -> int:
        """Number of parameters."""
        return sum(map(prod, self.shapes))

    @property
    def inputs(self) -> int:
        """Entries of a sample."""
        return self.layers[0].inputs

    @property
    def classes(self) -> int:
        """Entries of an output."""
        return self.layers[-1].outputs

    @property
    def weights(self) -> npt.NDArray[np.bool_]:
        """Which parameters are weights, not biases, shape (n,)."""
        return np.repeat(
            [len(s) > 1 for s in self.shapes], list(map(prod, self.shapes))
        )

    @property
    def layer(self) -> npt.NDArray[np.intp]:
        """Which layer each parameter belongs to, from 0 on, shape (n,)."""
        sizes = list(map(prod, self.shapes))
        return np.repeat(np.arange(len(sizes)) // 2, sizes)

    def split(self, w: npt.ArrayLike) -> list[Array]:
        """Return weights and biases as arrays (..., *shape), views of `w`."""
        w = np.asarray(w)
        if w.ndim == 0 or w.shape[-1] != self.n:
            raise ValueError(f"w must have {self.n} entries, got shape {w.shape}")
        ends = np.cumsum(list(map(prod, self.shapes)))[:-1]
        parts = np.split(w, ends, axis=-1)
        shaped = zip(parts, self.shapes, strict=True)
        return [part.reshape(*w.shape[:-1], *shape) for part, shape in shaped]

    def join(self, arrays: Sequence[npt.ArrayLike]) -> Array:
        """Return the flat parameters, shape (..., n), of what `split` returns."""
        given = [np.asarray(a) for a in arrays]
        if len(given) != len(self.shapes):
            raise ValueError(f"arrays must number {len(self.shapes)}, got {len(given)}")
        flat = []
        for a, shape in zip(given, self.shapes, strict=True):
            lead = a.shape[: a.ndim - len(shape)]
            if a.shape != lead + shape:
                raise ValueError(f"arrays must end in shape {shape}, got {a.shape}")
            flat.append(a.reshape(*lead, -1))
        return np.concatenate(flat, axis=-1)

    def outputs(self, w: npt.ArrayLike, X: npt.ArrayLike) -> Array:
        """Return the outputs, shape (..., samples, classes)."""
        w, X = self.data(w, X)
        return forward(*self.form, self.split(w), X)[0]

    def loss(
        self,
        w: npt.ArrayLike,
        X: npt.ArrayLike,
        y: npt.ArrayLike,
        *,
        loss: Loss = cross_entropy,
    ) -> Array:
        """Return the loss, shape (...)."""
        w, X = self.data(w, X)
        t = self.targets(y, w.dtype, X.shape[-2], loss)
        return loss.value(forward(*self.form, self.split(w), X)[0], t)

    def accuracy(
        self, w: npt.ArrayLike, X: npt.ArrayLike, labels: npt.ArrayLike
    ) -> Array:
        """Return the share of samples whose largest output is at their label."""
        o = self.outputs(w, X)
        t = self.targets(labels, o.dtype, o.shape[-2], cross_entropy)
        return np.asarray((o.argmax(axis=-1) == t.argmax(axis=-1)).mean(axis=-1))

    def gradient(
        self,
        w: npt.ArrayLike,
        X: npt.ArrayLike,
        y: npt.ArrayLike,
        *,
        loss: Loss = cross_entropy,
    ) -> Array:
        """Return the gradient of the loss, shape (..., n)."""
        w, X = self.data(w, X)
        t = self.targets(y, w.dtype, X.shape[-2], loss)
        params = self.split(w)
        o, trace = forward(*self.form, params, X)
        return backward(*self.form, params, trace, loss.slope(o, t))

    def hvp(
        self,
        w: npt.ArrayLike,
        v: npt.ArrayLike,
        X: npt.ArrayLike,
        y: npt.ArrayLike,
        *,
        loss: Loss = cross_entropy,
    ) -> Array:
        r"""Return :math:`\nabla^2 L(w)\, v`, shape (..., n), exactly [1]_.

        With a ReLU, of the smooth piece that w lies in.

        References
        ----------
        .. [1] B. Pearlmutter, "Fast exact multiplication by the Hessian", Neural
           Comput. 6(1), 1994.
        """
        w, X = self.data(w, X)
        params, moves = self.split(w), self.split(self._real("v", v, w.dtype))
        t = self.targets(y, w.dtype, X.shape[-2], loss)
        o, trace = forward(*self.form, params, X)
        d, turns = tangent(*self.form, params, trace, moves)
        slopes = np.broadcast_arrays(loss.slope(o, t), loss.bend(o, t, d))
        return bent_backward(*self.form, params, trace, moves, turns, *slopes)

    def jvp(self, w: npt.ArrayLike, v: npt.ArrayLike, X: npt.ArrayLike) -> Array:
        """Return the derivative of the outputs along `v`, of their shape."""
        w, X = self.data(w, X)
        params, moves = self.split(w), self.split(self._real("v", v, w.dtype))
        return tangent(*self.form, params, forward(*self.form, params, X)[1], moves)[0]

    def vjp(self, w: npt.ArrayLike, u: npt.ArrayLike, X: npt.ArrayLike) -> Array:
        """Return the adjoint of `jvp` at `u` of the outputs' shape, shape (..., n)."""
        w, X = self.data(w, X)
        u = self._real("u", u, w.dtype)
        if u.shape[-2:] != (X.shape[-2], self.classes):
            want = (X.shape[-2], self.classes)
            raise ValueError(f"u must end in shape {want}, got {u.shape}")
        params = self.split(w)
        o, trace = forward(*self.form, params, X)
        u = np.broadcast_to(u, np.broadcast_shapes(u.shape, o.shape))
        return backward(*self.form, params, trace, u)

    def jacobian(self, w: npt.ArrayLike, X: npt.ArrayLike) -> Array:
        """Return the Jacobian of all outputs, shape (samples * classes, n).

        The rows of a sample follow one another. `w` and `X` are those of one network.
        """
        w, X = self._one(w, X)
        params, K = self.split(w), self.classes
        _, trace = forward(*self.form, params, X[:, None, :])
        each = np.eye(K, dtype=w.dtype)[:, None, None, :]
        each = np.broadcast_to(each, (K, len(X), 1, K))
        J = backward(*self.form, params, trace, each)
        return J.swapaxes(0, 1).reshape(-1, self.n)

    def jacobian_operator(self, w: npt.ArrayLike, X: npt.ArrayLike) -> LinearOperator:
        """Return the `jacobian` as an operator that never forms it."""
        w, X = self._one(w, X)
        shape = (len(X), self.classes)
        return jacobian_operator(
            lambda v: self.jvp(w, v, X).ravel(),
            lambda u: self.vjp(w, u.reshape(shape), X),
            (prod(shape), self.n),
        )

    def targets(
        self, y: npt.ArrayLike, dtype: npt.DTypeLike, samples: int, loss: Loss
    ) -> Array:
        """Return targets, shape (..., samples, classes), of labels or of targets."""
        given = np.asarray(y)
        either = given.shape[-2:] == (samples, self.classes)
        if given.dtype.kind in "iub" and given.ndim and given.shape[-1] == samples:
            if either:
                raise ValueError(
                    f"y of shape {given.shape} could be labels or targets, which must "
                    f"be floats if there are as many samples as classes: {samples}"
                )
            outside = given[(given < 0) | (given >= self.classes)]
            if outside.size:
                most = self.classes - 1
                raise ValueError(f"labels must lie in 0..{most}, got {outside[0]}")
            return np.eye(self.classes, dtype=dtype)[given.astype(np.intp)]
        if not either:
            raise ValueError(
                f"y must hold {samples} integer labels or end in shape "
                f"{(samples, self.classes)}, got {given.dtype} of shape {given.shape}"
            )
        t = self._real("y", given, dtype)
        if loss is cross_entropy and not np.allclose(t.sum(axis=-1), 1, atol=1e-4):
            raise ValueError("y must sum to one in each sample for cross_entropy")
        return t

    @property
    def form(self) -> tuple[tuple[Layer, ...], Activation]:
        """The layers, and the function between them with its derivatives."""
        return self.layers, ACTIVATIONS[self.activation]

    def data(self, w: npt.ArrayLike, X: npt.ArrayLike) -> tuple[Array, Array]:
        """Return both in one precision, or say what is wrong with them."""
        single = getattr(w, "dtype", None) == np.float32
        w = self._real("w", w, np.float32 if single else np.float64)
        X = self._real("X", X, w.dtype)
        if X.ndim < 2 or X.shape[-1] != self.inputs or 0 in X.shape:
            want = f"(samples, {self.inputs})"
            raise ValueError(f"X must end in shape {want}, got {X.shape}")
        if w.shape[-1] != self.n or 0 in w.shape:
            raise ValueError(f"w must have shape (..., {self.n}), got {w.shape}")
        return w, X

    def _one(self, w: npt.ArrayLike, X: npt.ArrayLike) -> tuple[Array, Array]:
        """Return the data of one network."""
        w, X = self.data(w, X)
        if w.ndim != 1 or X.ndim != 2:
            want = f"({self.n},) and (samples, {self.inputs})"
            raise ValueError(f"w, X must have shapes {want}, got {w.shape}, {X.shape}")
        return w, X

    def _real(self, name: str, value: npt.ArrayLike, dtype: npt.DTypeLike) -> Array:
        axes = max(1, len(shape_of(name, value)))
        return check_array(name, value, axes).astype(dtype, copy=False)


def mlp(
    sizes: Sequence[int], *, activation: Literal["relu", "tanh"] = "relu"
) -> Network:
    """Fully connected network.

    Parameters
    ----------
    sizes : sequence of int
        Entries of a sample, of each hidden layer, and of an output.
    activation : {"relu", "tanh"}

    Returns
    -------
    Network

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> network = st.mlp([64, 100, 10])
    >>> w = st.initial_weights(network, seed=0)
    >>> w.shape, network.outputs(w, np.ones((5, 64))).shape
    ((7510,), (5, 10))
    """
    layers = (Dense(i, o) for i, o in pairwise(_widths("sizes", sizes)))
    return Network(tuple(layers), activation)


def convnet(
    size: tuple[int, int],
    channels: Sequence[int],
    classes: int,
    *,
    taps: int = 3,
    stride: int = 2,
    activation: Literal["relu", "tanh"] = "relu",
) -> Network:
    """Convolution layers on a torus, then a fully connected one.

    Each layer is the map of `BlockCirculant.from_conv_layer` with its filters, a bias
    and the activation; strides take the place of pooling.

    Parameters
    ----------
    size : tuple of int
        Height and width of an image; a sample is one, flattened channel by channel.
    channels : sequence of int
        Channels of an image and filters of each layer.
    classes : int
        Entries of an output.
    taps : int
        Height and width of each filter.
    stride : int
        Of each layer.
    activation : {"relu", "tanh"}

    Returns
    -------
    Network

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    Examples
    --------
    >>> import sparsetheory as st
    >>> network = st.convnet((8, 8), [1, 4, 8], classes=10)
    >>> network.shapes
    ((4, 1, 3, 3), (4,), (8, 4, 3, 3), (8,), (10, 32), (10,))
    """
    layers: list[Layer] = []
    grid = size
    for i, o in pairwise(_widths("channels", channels)):
        layer = Convolution(i, o, grid, taps, stride)
        layers.append(layer)
        grid = layer.grid
    layers.append(Dense(layers[-1].outputs, check_integer("classes", classes, 1)))
    return Network(tuple(layers), activation)


def _widths(name: str, value: Sequence[int]) -> list[int]:
    if len(shape_of(name, value)) != 1 or len(value) < 2:
        raise ValueError(f"{name} must number two at least, got {value!r}")
    return [check_integer(name, each, 1) for each in value]
