"""PyTorch modules as functions of one flat vector of parameters.

PyTorch is imported when a function is called; ``pip install '.[torch]'`` brings it.
Vectors are NumPy arrays in the order of ``module.parameters()``.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse.linalg import LinearOperator

from sparsetheory._checks import check_vector
from sparsetheory.lottery._layers import Array
from sparsetheory.lottery.jacobian import jacobian_operator
from sparsetheory.lottery.training import check_mask
from sparsetheory.operators import BlockCirculant


def _torch() -> Any:
    try:
        import torch
    except ImportError as error:
        raise ImportError(
            "PyTorch is not installed: pip install 'sparsetheory[torch]'"
        ) from error
    return torch


@dataclass(frozen=True, eq=False)
class TorchModel:
    """A module on given data, with derivatives in its parameters; see `torch_model`.

    Methods take flat vectors `w` and `v` of shape (n,) and return arrays. They leave
    the module as it is, and compute in its precision and mode, ``eval`` or ``train``.

    Attributes
    ----------
    module : torch.nn.Module
    X, y : tensors
    objective : callable
    """

    module: Any
    X: Any
    y: Any
    objective: Callable[[Any, Any], Any] | None

    @property
    def w(self) -> Array:
        """The parameters that the module has now."""
        return torch_weights(self.module)

    def outputs(self, w: npt.ArrayLike) -> Array:
        """Return the outputs, of the module's shape."""
        with _torch().no_grad():
            return _array(self._outputs(self._tensor("w", w)))

    def loss(self, w: npt.ArrayLike) -> float:
        """Return the loss."""
        with _torch().no_grad():
            return float(self._loss(self._tensor("w", w)))

    def gradient(self, w: npt.ArrayLike) -> Array:
        """Return the gradient of the loss, shape (n,)."""
        return _array(_torch().func.grad(self._loss)(self._tensor("w", w)))

    def hvp(self, w: npt.ArrayLike, v: npt.ArrayLike) -> Array:
        """Return the Hessian of the loss times `v`, shape (n,), exactly."""
        func = _torch().func
        slope = func.grad(self._loss)
        both = func.jvp(slope, (self._tensor("w", w),), (self._tensor("v", v),))
        return _array(both[1])

    def jvp(self, w: npt.ArrayLike, v: npt.ArrayLike) -> Array:
        """Return the derivative of the outputs along `v`, of their shape."""
        point, along = (self._tensor("w", w),), (self._tensor("v", v),)
        return _array(_torch().func.jvp(self._outputs, point, along)[1])

    def vjp(self, w: npt.ArrayLike, u: npt.ArrayLike) -> Array:
        """Return the adjoint of `jvp` at `u` of the outputs' shape, shape (n,)."""
        torch = _torch()
        outputs, adjoint = torch.func.vjp(self._outputs, self._tensor("w", w))
        u = np.asarray(u)
        if u.shape != tuple(outputs.shape):
            raise ValueError(f"u must have shape {tuple(outputs.shape)}, got {u.shape}")
        like = {"dtype": outputs.dtype, "device": outputs.device}
        return _array(adjoint(torch.as_tensor(u, **like))[0])

    def jacobian_operator(self, w: npt.ArrayLike) -> LinearOperator:
        """Return the Jacobian of all outputs as a measurement matrix."""
        point = np.asarray(w)
        before = self.outputs(point)
        if not np.allclose(before, self.outputs(point)):
            raise ValueError(
                "module must give the same outputs again, they differ: layers such as "
                "dropout need module.eval()"
            )
        shape = before.shape
        return jacobian_operator(
            lambda v: self.jvp(point, v).ravel(),
            lambda u: self.vjp(point, u.reshape(shape)),
            (int(np.prod(shape)), point.size),
        )

    def _tensor(self, name: str, value: npt.ArrayLike) -> Any:
        first, n = _first(self.module)
        flat = check_vector(name, value, n, "the parameters")
        return _torch().as_tensor(flat, dtype=first.dtype, device=first.device)

    def _outputs(self, w: Any) -> Any:
        values: dict[str, Any] = {
            name: buffer.clone() for name, buffer in self.module.named_buffers()
        }
        start = 0
        for name, p in self.module.named_parameters():
            values[name] = w[start : start + p.numel()].view(p.shape)
            start += p.numel()
        found = _torch().func.functional_call(self.module, values, (self.X,))
        if not _torch().is_tensor(found):
            raise TypeError(f"module must return a tensor, got {type(found).__name__}")
        return found

    def _loss(self, w: Any) -> Any:
        if self.objective is None:
            raise ValueError("y must be given for a loss, got None")
        return self.objective(self._outputs(w), self.y)


def torch_model(
    module: Any,
    X: Any,
    y: Any = None,
    *,
    loss: Callable[[Any, Any], Any] | None = None,
) -> TorchModel:
    """Look at a module on given data as at a function of its flat parameters.

    Parameters
    ----------
    module : torch.nn.Module
        All parameters of one precision, on one device.
    X : array_like or tensor
        A batch of inputs; floats are taken to the precision of the module.
    y : array_like or tensor, optional
        Targets of the loss.
    loss : callable, optional
        ``(outputs, y) -> scalar``, by default
        ``torch.nn.functional.cross_entropy``, a mean.

    Returns
    -------
    TorchModel

    Raises
    ------
    ImportError
        Without PyTorch.
    TypeError, ValueError
        If the module has no parameters, or of several kinds.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> import torch
    >>> module = torch.nn.Linear(3, 2, bias=False).double()
    >>> model = st.torch_model(module, np.eye(3), [0, 1, 1])
    >>> model.gradient(model.w).shape
    (6,)
    >>> A = model.jacobian_operator(model.w)
    >>> A.shape, A @ np.ones(6)
    ((6, 6), array([1., 1., 1., 1., 1., 1.]))
    """
    torch = _torch()
    first, _ = _first(module)
    X = torch.as_tensor(X, device=first.device)
    if X.is_floating_point():
        X = X.to(first.dtype)
    if y is None:
        return TorchModel(module, X, None, None)
    y = torch.as_tensor(y, device=first.device)
    y = y.to(first.dtype) if y.is_floating_point() else y
    return TorchModel(module, X, y, loss or torch.nn.functional.cross_entropy)


def torch_weights(module: Any) -> Array:
    """Return the parameters of a module as one flat vector.

    Parameters
    ----------
    module : torch.nn.Module

    Returns
    -------
    ndarray, shape (n,)
        A copy, in the precision of the module.

    Examples
    --------
    >>> import sparsetheory as st
    >>> import torch
    >>> st.torch_weights(torch.nn.Linear(3, 2)).shape
    (8,)
    """
    _first(module)
    return _array(_torch().nn.utils.parameters_to_vector(module.parameters()))


def set_torch_weights(module: Any, w: npt.ArrayLike) -> None:
    """Give a module the parameters of a flat vector.

    Parameters
    ----------
    module : torch.nn.Module
    w : array_like, shape (n,)

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> import torch
    >>> module = torch.nn.Linear(1, 1)
    >>> st.set_torch_weights(module, [2.0, 1.0])
    >>> module(torch.ones(1)).item()
    3.0
    """
    with _torch().no_grad():
        for p, part in zip(module.parameters(), _parts(module, w), strict=True):
            p.copy_(part)


@contextlib.contextmanager
def keep_torch_mask(module: Any, optimiser: Any, mask: npt.ArrayLike) -> Iterator[None]:
    """Keep pruned parameters at zero while an optimiser runs, in a ``with`` block.

    Zero on entry, and after each ``optimiser.step()``: parameters, gradients, and all
    that the optimiser remembers with an entry per parameter. Gradients are zero as soon
    as they are computed, in closures too, so that momentum, norms and clipping never
    see them. On entry the optimiser forgets all of a parameter for which it remembers
    anything of another shape, as L-BFGS and Adafactor do.

    Parameters
    ----------
    module : torch.nn.Module
    optimiser : torch.optim.Optimizer
        Of the module's parameters.
    mask : array_like of bool, shape (n,)
        True where a parameter is kept.

    Examples
    --------
    >>> import sparsetheory as st
    >>> import torch
    >>> module = torch.nn.Linear(3, 1)
    >>> descent = torch.optim.SGD(module.parameters(), 0.1, 0.9, weight_decay=0.01)
    >>> with st.keep_torch_mask(module, descent, [True, False, True, True]):
    ...     for _ in range(3):
    ...         descent.zero_grad()
    ...         module(torch.ones(3)).sum().backward()
    ...         descent.step()
    >>> float(st.torch_weights(module)[1])
    0.0
    """
    torch = _torch()
    _, n = _first(module)
    pruned = ~check_mask(mask, (n,))
    shaped = dict(zip(module.parameters(), _parts(module, pruned, "mask"), strict=True))

    def clear(*_: Any) -> None:
        with torch.no_grad():
            for p, at in shaped.items():
                remembered = optimiser.state.get(p, {}).values()
                tensors = [t for t in remembered if torch.is_tensor(t)]
                for t in (p, p.grad, *tensors):
                    if t is not None and t.shape == p.shape:
                        t.masked_fill_(at, 0)

    def other_shape(value: Any, p: Any) -> bool:
        tensor = torch.is_tensor(value)
        return isinstance(value, list) or (tensor and value.shape not in ((), p.shape))

    for p in shaped:
        if any(other_shape(t, p) for t in optimiser.state.get(p, {}).values()):
            del optimiser.state[p]
    clear()
    with contextlib.ExitStack() as stack:
        for p, at in shaped.items():
            if p.requires_grad:
                hook = p.register_hook(lambda g, at=at: g.masked_fill(at, 0))
                stack.callback(hook.remove)
        stack.callback(optimiser.register_step_pre_hook(clear).remove)
        stack.callback(optimiser.register_step_post_hook(clear).remove)
        yield


def torch_conv_operator(layer: Any, size: int | tuple[int, ...]) -> BlockCirculant:
    """Return the measurement matrix of a convolution layer.

    Parameters
    ----------
    layer : torch.nn.Conv1d or torch.nn.Conv2d
        With ``padding_mode="circular"``, or no padding; its bias is left out.
    size : int or tuple of int
        Grid points per axis of the input.

    Returns
    -------
    BlockCirculant
        In double precision.

    Raises
    ------
    TypeError, ValueError
        If the layer is none of those.

    Examples
    --------
    >>> import sparsetheory as st
    >>> import torch
    >>> layer = torch.nn.Conv2d(1, 4, 3, padding=1, padding_mode="circular")
    >>> st.torch_conv_operator(layer, 8).shape
    (256, 64)
    """
    torch = _torch()
    if type(layer) not in (torch.nn.Conv1d, torch.nn.Conv2d):
        raise TypeError(f"layer must be Conv1d or Conv2d, got {type(layer).__name__}")
    padding: Any = 0 if layer.padding == "valid" else layer.padding
    if layer.padding_mode != "circular" and np.any(np.asarray(padding) != 0):
        raise ValueError(
            f'padding_mode must be "circular" with padding {padding}, '
            f'got "{layer.padding_mode}"'
        )
    return BlockCirculant.from_conv_layer(
        _array(layer.weight),
        size,
        stride=layer.stride,
        padding=padding,
        dilation=layer.dilation,
        groups=layer.groups,
    )


def _first(module: Any) -> tuple[Any, int]:
    """Return the first parameter and how many entries all have."""
    if not isinstance(module, _torch().nn.Module):
        raise TypeError(f"module must be a torch.nn.Module, got {type(module)}")
    params = list(module.parameters())
    if not params:
        raise ValueError("module must have parameters, got none")
    kinds = {(p.dtype, str(p.device)) for p in params}
    if len(kinds) > 1:
        raise ValueError(
            f"module must have parameters of one kind, got {sorted(map(str, kinds))}"
        )
    return params[0], sum(p.numel() for p in params)


def _parts(module: Any, flat: npt.ArrayLike, name: str = "w") -> list[Any]:
    """Return a flat vector as tensors in the shapes of the parameters."""
    _, n = _first(module)
    own = np.asarray(flat)
    own = own if own.dtype == bool else check_vector(name, flat, n, "the parameters")
    whole, parts, start = _torch().as_tensor(own.copy()), [], 0
    for p in module.parameters():
        part = whole[start : start + p.numel()].view(p.shape)
        parts.append(part.to(p.device))
        start += p.numel()
    return parts


def _array(tensor: Any) -> Array:
    if tensor.dtype == _torch().bfloat16:
        raise TypeError("module must compute in a precision of NumPy, got bfloat16")
    return np.array(tensor.detach().cpu().numpy())
