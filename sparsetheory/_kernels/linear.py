"""What a kernel may do with ``A``.

Interpreted, `forward` and `adjoint` are ``A @ x`` and ``A.T @ r``, for anything that
has them. Compiled, they specialise on the type of ``A``: an array, whose columns are
contiguous, goes to BLAS, a `Spectrum` to FFTs inside the compiled code (rocket-fft
supplies them).
"""

from typing import Any, NamedTuple

import numpy as np
from numba import types
from numba.extending import overload

from sparsetheory._kernels._compile import compiled


class Spectrum(NamedTuple):
    """A block-circulant operator as its filters' Fourier transforms.

    Where every output is measured, the measurements themselves are kept as weighted
    Fourier coefficients, see `pack`: an isometry, that no solver can tell, and that
    saves two of four transforms per iteration.

    Attributes
    ----------
    h : ndarray of complex, shape (C_out, C_in, frequencies)
        Frequency response, divided by the root of `fold`.
    size : tuple of int
        The grid, two axes; the first is 1 for a convolution in one dimension, so that
        kernels are compiled once for both.
    rows : ndarray of int, shape (m,)
        Which entries of the full output are measured; empty for all of them.
    fold : ndarray, shape (frequencies,)
        Grid points over multiplicity of each frequency; ones if `rows` is not empty.
    """

    h: Any
    size: Any
    rows: Any
    fold: Any


def spectrum_of(response, size, rows):
    """Return the `Spectrum` of an operator with that frequency response."""
    fold = np.ones(response.shape[2])
    if rows.size == 0:
        multiplicity = np.full((*size[:-1], size[-1] // 2 + 1), 2.0)
        multiplicity[..., 0] = 1.0
        if size[-1] % 2 == 0:
            multiplicity[..., -1] = 1.0
        fold = np.prod(size) / multiplicity.ravel()
    grid = (1, *size)[-2:]
    return Spectrum(np.ascontiguousarray(response / np.sqrt(fold)), grid, rows, fold)


def pack(y, spectrum):
    """Return the measurements `y` in the form that `forward` returns."""
    h, size, rows, fold = spectrum
    if rows.size:
        return y
    Y = transform(y, h.shape[0], size) / np.sqrt(fold)
    return Y.ravel().view(np.float64)


def unpack(y, spectrum):
    """Undo `pack`."""
    h, size, rows, fold = spectrum
    if rows.size:
        return y
    return inverse(y.view(np.complex128).reshape(h.shape[0], -1) * np.sqrt(fold), size)


def assign(out, values):
    """Write `values` into `out`, both with one axis."""
    out[:] = values


@overload(assign)
def _assign(out, values):
    def loop(out, values):  # a slice takes Numba a second to compile
        for i in range(out.size):
            out[i] = values[i]

    return loop


def forward(A, x):
    """Return ``A @ x``, shape (m,)."""
    return A @ x


def adjoint(A, r):
    """Return ``A.T @ r``, shape (n,)."""
    return A.T @ r


def forward_on(A, x, support):
    """Return ``A @ x`` for x that is zero off `support`."""
    return A @ x


def columns(A, support):
    """Return the columns of `A` on `support`, one per row, shape (len(support), m)."""
    if isinstance(A, np.ndarray):
        return np.ascontiguousarray(A[:, support].T, dtype=np.float64)
    out = np.empty((support.size, A.shape[0]))
    unit = np.zeros(A.shape[1])
    for j in range(support.size):
        unit[support[j]] = 1.0
        out[j] = A @ unit
        unit[support[j]] = 0.0
    return out


def transform(x, channels, size):
    """Return the real FFT of each channel, shape (channels, frequencies)."""
    grid = (channels, *size)
    axes = tuple(range(1, len(grid)))
    return np.fft.rfftn(x.reshape(grid), axes=axes).reshape(channels, -1)


def inverse(X, size):
    """Undo `transform`, flat."""
    grid = (X.shape[0], *size[:-1], size[-1] // 2 + 1)
    axes = tuple(range(1, len(grid)))
    return np.fft.irfftn(X.reshape(grid), s=size, axes=axes).ravel()


@overload(transform)
def _transform(x, channels, size):
    def planes(x, channels, size):
        if size[0] == 1:
            return np.fft.rfft(x.reshape(channels, size[1]))
        X = np.fft.rfft2(x.reshape(channels, size[0], size[1]))
        return X.reshape(channels, size[0] * (size[1] // 2 + 1))

    return planes


@overload(inverse)
def _inverse(X, size):
    def planes(X, size):
        if size[0] == 1:
            return np.fft.irfft(X, size[1]).reshape(X.shape[0] * size[1])
        grid = X.reshape(X.shape[0], size[0], size[1] // 2 + 1)
        x = np.fft.irfft2(grid, s=size)
        return x.reshape(X.shape[0] * size[0] * size[1])

    return planes


@compiled
def pixels(size):
    """Return the number of points of a grid."""
    count = 1
    for extent in size:
        count *= extent
    return count


@overload(forward)
def _forward(A, x):
    if not isinstance(A, types.BaseNamedTuple):
        if A.dtype != x.dtype:
            return lambda A, x: A @ x.astype(A.dtype)
        return lambda A, x: A @ x

    def convolve(A, x):
        outputs, inputs, frequencies = A.h.shape
        X = transform(x, inputs, A.size)
        Y = np.zeros((outputs, frequencies), np.complex128)
        for o in range(outputs):
            total = Y[o]
            for c in range(inputs):
                h, signal = A.h[o, c], X[c]
                for w in range(frequencies):
                    total[w] += h[w] * signal[w]
        if A.rows.size == 0:
            return Y.reshape(Y.size).view(np.float64)
        full = inverse(Y, A.size)
        y = np.empty(A.rows.size)
        for i in range(y.size):
            y[i] = full[A.rows[i]]
        return y

    return convolve


@overload(adjoint)
def _adjoint(A, r):
    if not isinstance(A, types.BaseNamedTuple):
        if A.dtype != r.dtype:
            return lambda A, r: A.T @ r.astype(A.dtype)
        return lambda A, r: A.T @ r

    def correlate(A, r):
        outputs, inputs, frequencies = A.h.shape
        if A.rows.size == 0:
            Y = r.view(np.complex128).reshape(outputs, frequencies)
        else:
            full = np.zeros(outputs * pixels(A.size))
            for i in range(r.size):
                full[A.rows[i]] += r[i]
            Y = transform(full, outputs, A.size)
        X = np.zeros((inputs, frequencies), np.complex128)
        for c in range(inputs):
            total = X[c]
            for o in range(0, outputs - 3, 4):  # four at a time: total is read once
                a, b, d, e = A.h[o, c], A.h[o + 1, c], A.h[o + 2, c], A.h[o + 3, c]
                p, q, s, t = Y[o], Y[o + 1], Y[o + 2], Y[o + 3]
                for w in range(frequencies):
                    total[w] += (
                        np.conj(a[w]) * p[w]
                        + np.conj(b[w]) * q[w]
                        + np.conj(d[w]) * s[w]
                        + np.conj(e[w]) * t[w]
                    )
            for o in range(outputs - outputs % 4, outputs):
                h, signal = A.h[o, c], Y[o]
                for w in range(frequencies):
                    total[w] += np.conj(h[w]) * signal[w]
            for w in range(frequencies):
                total[w] *= A.fold[w]
        return inverse(X, A.size)

    return correlate


@overload(forward_on)
def _forward_on(A, x, support):
    if isinstance(A, types.BaseNamedTuple):
        return lambda A, x, support: forward(A, x)

    def combine(A, x, support):
        y = np.zeros(A.shape[0], A.dtype)
        whole = support.size - support.size % 4
        for s in range(0, whole, 4):  # four at a time: y is read once
            a, b, c, d = support[s], support[s + 1], support[s + 2], support[s + 3]
            p, q, r, t = A[:, a], A[:, b], A[:, c], A[:, d]
            for j in range(y.size):
                y[j] += x[a] * p[j] + x[b] * q[j] + x[c] * r[j] + x[d] * t[j]
        for i in support[whole:]:
            column = A[:, i]
            for j in range(y.size):
                y[j] += x[i] * column[j]
        return y

    return combine


@overload(columns)
def _columns(A, support):
    if not isinstance(A, types.BaseNamedTuple):

        def gather(A, support):
            out = np.empty((support.size, A.shape[0]))
            for j in range(support.size):
                assign(out[j], A[:, support[j]])
            return out

        return gather

    def images(A, support):
        unit = np.zeros(A.h.shape[1] * pixels(A.size))
        m = A.rows.size if A.rows.size > 0 else 2 * A.h.shape[0] * A.h.shape[2]
        out = np.empty((support.size, m))
        for j in range(support.size):
            unit[support[j]] = 1.0
            assign(out[j], forward(A, unit))
            unit[support[j]] = 0.0
        return out

    return images
