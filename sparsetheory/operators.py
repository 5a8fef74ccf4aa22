"""Measurement operators that are not matrices."""

from __future__ import annotations

from functools import cached_property
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse.linalg import LinearOperator, svds

from sparsetheory._checks import check_array, check_integer
from sparsetheory._kernels.linear import Spectrum, inverse, spectrum_of, transform
from sparsetheory.types import Matrix, MeasurementOperator, Vector

Size = tuple[int, ...]
LOW, HIGH = 1e-140, 1e140  # of entries; their squares are numbers


class BlockCirculant(LinearOperator):
    r"""Multichannel circular convolution: a convolution layer as a matrix.

    .. math:: y_o[i] = \sum_c \sum_t h[o, c, t]\; x_c[(s\,i + a - t) \bmod N]

    per axis, with size N, stride s and origin a. Vectors are flat, channels first, in
    C order. The matrix has C_out x C_in circulant blocks, and is never formed.

    Parameters
    ----------
    filters : array_like, shape (C_out, C_in, taps) or (C_out, C_in, taps, taps)
        The filters h, in one or two dimensions; taps beyond the grid wrap round.
    size : int or tuple of int
        Number N of grid points per axis; an int serves all axes.
    stride : int or tuple of int
        Keep every s-th output, ``ceil(N / s)`` per axis.
    origin : int or tuple of int
        Index a of the tap that stands over the output.
    outputs : int or tuple of int, optional
        Number of outputs per axis, if not ``ceil(N / s)``.

    Attributes
    ----------
    filters : ndarray
    size, stride, origin, outputs : tuple of int
    shape : tuple of int
        ``(C_out * prod(outputs), C_in * prod(size))``, or fewer rows after `take`.
    response : ndarray of complex, shape (C_out, C_in, frequencies)
        Transform of each filter over the grid, the half that a real filter has.

    Notes
    -----
    The discrete Fourier transform block-diagonalises the operator: frequency w acts by
    the C_out x C_in matrix :math:`\hat h(w)`, so that norm and singular values come
    from many small matrices [1]_. A product costs
    ``O(C_out C_in N + (C_out + C_in) N log N)``.

    References
    ----------
    .. [1] H. Sedghi, V. Gupta, P. Long, "The singular values of convolutional layers",
       ICLR 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from sparsetheory import BlockCirculant
    >>> C = BlockCirculant([[[1.0, -1.0]]], size=4)
    >>> C @ np.array([1.0, 3.0, 6.0, 10.0])
    array([-9.,  2.,  3.,  4.])
    >>> bool(np.isclose(C.norm(), 2.0))
    True
    """

    def __init__(
        self,
        filters: npt.ArrayLike,
        size: int | Size,
        *,
        stride: int | Size = 1,
        origin: int | Size = 0,
        outputs: int | Size | None = None,
    ) -> None:
        ndim = np.ndim(filters)
        if ndim not in (3, 4):
            raise ValueError(
                "filters must have shape (C_out, C_in, taps) or "
                f"(C_out, C_in, taps, taps), got {np.shape(filters)}"
            )
        h = check_array("filters", filters, ndim)
        if 0 in h.shape:
            raise ValueError(f"filters must not be empty, got shape {h.shape}")
        axes = ndim - 2
        self.filters = h
        self.size = _per_axis("size", size, axes, 1)
        self.stride = _per_axis("stride", stride, axes, 1)
        self.origin = _per_axis("origin", origin, axes, None)
        natural = tuple(-(-n // s) for n, s in zip(self.size, self.stride, strict=True))
        self.outputs = natural
        if outputs is not None:
            self.outputs = _per_axis("outputs", outputs, axes, 1)
        self.rows = np.empty(0, dtype=np.int64)
        if self.outputs != self.size or prod(self.stride) != 1:
            self.rows = self._positions()
        out, into = h.shape[:2]
        self._scale = 1.0
        m = self.rows.size or out * prod(self.size)
        super().__init__(np.float64, (m, into * prod(self.size)))

    @cached_property
    def response(self) -> npt.NDArray[np.complex128]:
        """Transform of each filter, shape (C_out, C_in, frequencies)."""
        out, into = self.filters.shape[:2]
        spectra = transform(self._kernel.ravel(), out * into, self.size)
        return np.asarray(self._scale * spectra.reshape(out, into, -1))

    @cached_property
    def _kernel(self) -> npt.NDArray[np.float64]:
        """The filters on the grid, shape (C_out, C_in, *size)."""
        h = np.zeros((*self.filters.shape[:2], *self.size))
        axes = zip(self.filters.shape[2:], self.origin, self.size, strict=True)
        grid = np.ix_(*((np.arange(taps) - a) % n for taps, a, n in axes))
        every: Any = (slice(None), slice(None), *grid)
        np.add.at(h, every, self.filters)
        return h

    def _positions(self) -> npt.NDArray[np.int64]:
        """Return where in the full output each measurement stands."""
        axes = zip(self.outputs, self.stride, self.size, strict=True)
        grid = np.ix_(*(np.arange(o) * s % n for o, s, n in axes))
        place = np.ravel_multi_index(grid, self.size).ravel()
        channel = np.arange(self.filters.shape[0]) * prod(self.size)
        return np.add.outer(channel, place).ravel().astype(np.int64)

    def _matvec(self, x: Vector) -> Vector:
        H = self.response
        X = transform(np.asarray(x, dtype=np.float64).ravel(), H.shape[1], self.size)
        full: Vector = inverse(np.einsum("ocw,cw->ow", H, X), self.size)
        return full[self.rows] if self.rows.size else full

    def _rmatvec(self, y: Vector) -> Vector:
        H = self.response
        full: Vector = np.asarray(y, dtype=np.float64).ravel()
        if self.rows.size:
            length = len(H) * prod(self.size)
            full = np.bincount(self.rows, full, length).astype(np.float64)
        Y = transform(full, len(H), self.size)
        return np.asarray(inverse(np.einsum("ocw,ow->cw", H.conj(), Y), self.size))

    @cached_property
    def spectrum(self) -> Spectrum:
        """What compiled solvers work on."""
        spectrum: Spectrum = spectrum_of(self.response, self.size, self.rows)
        return spectrum

    def take(self, rows: npt.ArrayLike, scale: float = 1.0) -> BlockCirculant:
        """Return ``scale`` times the operator that measures only `rows` of this one.

        Parameters
        ----------
        rows : array_like of int
            Indices of rows, in any order.
        scale : float

        Returns
        -------
        BlockCirculant
            Of shape ``(len(rows), n)``.
        """
        index = np.asarray(rows)
        if index.ndim != 1 or index.size == 0 or index.dtype.kind not in "iu":
            raise ValueError(f"rows must be a list of row numbers, got {rows!r}")
        if index.min() < 0 or index.max() >= self.shape[0]:
            raise ValueError(
                f"rows must lie in 0..{self.shape[0] - 1}, "
                f"got {index.min()}..{index.max()}"
            )
        response = scale * self.response
        part = object.__new__(BlockCirculant)
        part.__dict__.update(self.__dict__)
        part.__dict__.pop("spectrum", None)
        part.rows = self.rows[index] if self.rows.size else index.astype(np.int64)
        part.response = response
        part._scale = scale * self._scale
        part.shape = (index.size, self.shape[1])
        return part

    def to_dense(self) -> Matrix:
        """Return the matrix, shape (m, n)."""
        size = self.size
        kernel = self._scale * self._kernel.reshape(*self.filters.shape[:2], -1)
        channel, place = self._places()
        at = np.stack(np.unravel_index(place, size))[:, :, None]
        grid = np.indices(size).reshape(len(size), 1, -1)
        lag = np.ravel_multi_index(tuple(at - grid), size, mode="wrap")
        blocks = np.take_along_axis(kernel[channel], lag[:, None, :], axis=2)
        dense: Matrix = np.asfortranarray(blocks.reshape(self.shape))
        return dense

    def _places(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return the output channel and the grid point of each row."""
        rows = self.rows if self.rows.size else np.arange(self.shape[0])
        return np.divmod(rows, prod(self.size))

    def frobenius_norm(self) -> float:
        """Return the root of the sum of squares of the matrix."""
        energy = np.sum(self._kernel**2, axis=tuple(range(1, self._kernel.ndim)))
        return self._scale * float(np.sqrt(energy[self._places()[0]].sum()))

    def column_norms(self) -> Vector:
        """Return the norm of each column, shape (n,)."""
        squares = (self._scale * self._kernel).reshape(*self._kernel.shape[:2], -1) ** 2
        channel, place = self._places()
        size, at = self.size, np.stack(np.unravel_index(place, self.size))
        energy = np.zeros((squares.shape[1], prod(size)))
        for tap in np.flatnonzero(squares.any(axis=(0, 1))):
            lag = np.reshape(np.unravel_index(tap, size), (-1, 1))
            source = np.ravel_multi_index(tuple(at - lag), size, mode="wrap")
            every: Any = (slice(None), source)
            np.add.at(energy, every, squares[channel, :, tap].T)
        return np.asarray(np.sqrt(energy.ravel()))

    def singular_values(self) -> Vector:
        """Return all min(m, n) singular values, descending.

        They are exact, from one small matrix per frequency, where the outputs fill the
        grid or a stride divides it; otherwise the dense matrix is decomposed.
        """
        blocks = self._blocks()
        matrices = self.to_dense() if blocks is None else blocks
        values = np.linalg.svd(matrices, compute_uv=False).ravel()
        return np.sort(values)[::-1]

    def norm(self) -> float:
        """Return the largest singular value."""
        blocks = self._blocks()
        if blocks is None:
            return _lanczos_norm(self)
        return float(np.linalg.norm(blocks, ord=2, axis=(-2, -1)).max())

    def _blocks(self) -> npt.NDArray[np.complex128] | None:
        """Return the matrix of each frequency, or None where they mix.

        A stride s that divides N folds s frequencies into one of C_out x s C_in.
        """
        whole = all(n % s == 0 for n, s in zip(self.size, self.stride, strict=True))
        outputs = tuple(n // s for n, s in zip(self.size, self.stride, strict=True))
        out, into = self.filters.shape[:2]
        if not whole or outputs != self.outputs or self.shape[0] != out * prod(outputs):
            return None
        if self.rows.size and not np.array_equal(self.rows, self._positions()):
            return None
        H = self._scale * np.fft.fftn(self._kernel, axes=range(2, self._kernel.ndim))
        split = [a for pair in zip(self.stride, outputs, strict=True) for a in pair]
        H = H.reshape(out, into, *split)
        coarse, aliases = range(3, H.ndim, 2), range(2, H.ndim, 2)
        H = H.transpose(*coarse, 0, 1, *aliases)
        H = H / np.sqrt(prod(self.stride))
        blocks: npt.NDArray[np.complex128] = H.reshape(prod(outputs), out, -1)
        return blocks

    @classmethod
    def from_conv_layer(
        cls,
        weight: npt.ArrayLike,
        size: int | Size,
        stride: int | Size = 1,
        padding: str | int | Size = "same",
        dilation: int | Size = 1,
        groups: int = 1,
    ) -> BlockCirculant:
        """Return the operator of a convolution layer with circular padding.

        Parameters
        ----------
        weight : array_like, shape (C_out, C_in / groups, *kernel)
            As deep-learning libraries store it: the layer cross-correlates.
        size : int or tuple of int
            Grid points per axis of the input.
        stride, dilation : int or tuple of int
        padding : "same", int or tuple of int
            Points wrapped round on each side, at most the size; "same" centres the
            kernel, with the odd point on the right if its extent is even.
        groups : int
            Number of groups of channels that do not mix.

        Returns
        -------
        BlockCirculant
            Equal to ``torch.nn.Conv1d`` or ``Conv2d`` with
            ``padding_mode="circular"`` and no bias.
        """
        ndim = np.ndim(weight)
        if ndim not in (3, 4):
            raise ValueError(
                f"weight must have shape (C_out, C_in, *kernel), got {np.shape(weight)}"
            )
        w = check_array("weight", weight, ndim)
        axes = ndim - 2
        size = _per_axis("size", size, axes, 1)
        stride = _per_axis("stride", stride, axes, 1)
        dilation = _per_axis("dilation", dilation, axes, 1)
        groups = check_integer("groups", groups, 1)
        if w.shape[0] % groups:
            raise ValueError(f"groups must divide {w.shape[0]} channels, got {groups}")
        spread = tuple(d * (t - 1) for d, t in zip(dilation, w.shape[2:], strict=True))
        if isinstance(padding, str):
            if padding != "same":
                raise ValueError(f'padding must be "same" or a number, got {padding!r}')
            pad = tuple(e // 2 for e in spread)
            outputs = tuple(-(-n // s) for n, s in zip(size, stride, strict=True))
        else:
            pad = _per_axis("padding", padding, axes, 0)
            axiswise = zip(size, pad, spread, stride, strict=True)
            outputs = tuple((n + 2 * p - e - 1) // s + 1 for n, p, e, s in axiswise)
            if min(outputs) < 1 or any(p > n for p, n in zip(pad, size, strict=True)):
                raise ValueError(
                    f"padding {pad} does not fit size {size} and a kernel that "
                    f"spans {tuple(e + 1 for e in spread)}"
                )
        out, part = w.shape[0] // groups, w.shape[1]
        extent = tuple(e + 1 for e in spread)
        h = np.zeros((w.shape[0], part * groups, *extent))
        every = tuple(slice(None, None, d) for d in dilation)
        for g in range(groups):
            rows = slice(g * out, (g + 1) * out)
            columns = slice(g * part, (g + 1) * part)
            h[(rows, columns, *every)] = w[rows]
        # y[i] = sum_t w[t] x[s i + d t - p] is a convolution by the flipped kernel.
        flipped = np.flip(h, axis=tuple(range(2, ndim)))
        origin = tuple(e - p for e, p in zip(spread, pad, strict=True))
        return cls(flipped, size, stride=stride, origin=origin, outputs=outputs)


def operator_norm(A: MeasurementOperator) -> float:
    """Spectral norm of `A`, to machine precision.

    Parameters
    ----------
    A : array, sparse array or linear operator, shape (m, n)

    Returns
    -------
    float

    Examples
    --------
    >>> from sparsetheory import operator_norm
    >>> operator_norm([[3.0, 0.0], [0.0, 4.0]])
    4.0
    """
    if isinstance(A, BlockCirculant):
        return A.norm()
    if isinstance(A, (np.ndarray, list, tuple)):
        return float(np.linalg.norm(check_array("A", A, 2), ord=2))
    return _lanczos_norm(A)


def to_dense(A: Any) -> Matrix:
    """Return `A` as an array, shape (m, n)."""
    if isinstance(A, np.ndarray):
        return A
    if isinstance(A, BlockCirculant):
        return A.to_dense()
    if A.shape[0] < A.shape[1]:
        return np.asfortranarray((A.T @ np.eye(A.shape[0])).T)
    return np.asfortranarray(A @ np.eye(A.shape[1]))


def column_norms(A: Any) -> Vector:
    """Return the euclidean norm of each column of `A`, shape (n,)."""
    if isinstance(A, BlockCirculant):
        return A.column_norms()
    if isinstance(A, np.ndarray):
        return np.asarray(np.linalg.norm(A, axis=0))
    energy = np.zeros(A.shape[1])
    for row in np.eye(A.shape[0]):
        energy += np.asarray(A.T @ row) ** 2
    return np.asarray(np.sqrt(energy))


def _lanczos_norm(A: Any) -> float:
    probe = np.random.default_rng(0).standard_normal(A.shape[1])
    size = float(np.abs(A @ probe).max())
    if size == 0.0:  # zero, almost surely; the iteration would divide by it
        return 0.0
    if not LOW < size < HIGH:
        what = "rescaled" if np.isfinite(size) else "finite"
        raise ValueError(f"A must be {what}, its products reach {size:.1e}")
    if min(A.shape) < 20:
        return float(np.linalg.norm(to_dense(A), 2))
    value: Any = svds(A, k=1, return_singular_vectors=False, rng=0)[0]
    return float(value)


def _per_axis(name: str, value: Any, axes: int, low: int | None) -> Size:
    given = value if isinstance(value, (tuple, list)) else (value,) * axes
    if len(given) != axes:
        raise ValueError(f"{name} must have {axes} entries, got {value!r}")
    floor = -(2**31) if low is None else low
    return tuple(check_integer(name, v, floor) for v in given)
