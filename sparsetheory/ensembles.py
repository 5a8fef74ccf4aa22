"""Random measurement matrices.

Every draw takes ``rng``, an integer or a `numpy.random.Generator`. Every matrix A has
``E ||A x||^2 = ||x||^2``; where its docstring says so, for x with random signs.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from sparsetheory._checks import check_integer, check_number, check_operator
from sparsetheory._kernels.draw import fill_normal, fill_signs
from sparsetheory._rng import check_draw
from sparsetheory.operators import BlockCirculant
from sparsetheory.types import Matrix, Seed

SMALL = 2**18  # entries; below, a product with a dense matrix beats the transforms


def gaussian(m: int, n: int, rng: Seed) -> Matrix:
    """Matrix with i.i.d. N(0, 1/m) entries.

    Parameters
    ----------
    m, n : int
    rng : int or Generator

    Returns
    -------
    ndarray, shape (m, n)
        Drawn column by column.

    Examples
    --------
    >>> import sparsetheory as st
    >>> st.gaussian(2, 3, rng=0).round(3)
    array([[ 0.089,  0.453, -0.379],
           [-0.093,  0.074,  0.256]])
    """
    m, n, rng = check_draw(m, n, rng)
    columns = np.empty((n, m))
    fill_normal(rng, m**-0.5, columns)
    return columns.T


def rademacher(m: int, n: int, rng: Seed) -> Matrix:
    """Matrix with i.i.d. entries ±1/sqrt(m).

    Parameters
    ----------
    m, n : int
    rng : int or Generator

    Returns
    -------
    ndarray, shape (m, n)

    Examples
    --------
    >>> import sparsetheory as st
    >>> bool((abs(st.rademacher(4, 6, rng=0)) == 0.5).all())
    True
    """
    m, n, rng = check_draw(m, n, rng)
    columns = np.empty((n, m))
    fill_signs(rng, m**-0.5, columns.reshape(-1))
    return columns.T


def spherical(m: int, n: int, rng: Seed) -> Matrix:
    """Matrix with independent columns, uniform on the unit sphere.

    Parameters
    ----------
    m, n : int
    rng : int or Generator

    Returns
    -------
    ndarray, shape (m, n)

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> np.linalg.norm(st.spherical(5, 3, rng=0), axis=0).round(12)
    array([1., 1., 1.])
    """
    m, n, rng = check_draw(m, n, rng)
    columns = np.empty((n, m))
    fill_normal(rng, 1.0, columns, unit=True)
    return columns.T


def gaussian_ar1(m: int, n: int, rng: Seed, *, correlation: float = 0.5) -> Matrix:
    """Gaussian matrix whose columns i and j have correlation ``c ** abs(i - j)``.

    Parameters
    ----------
    m, n : int
    rng : int or Generator
    correlation : float
        The constant c, in (-1, 1).

    Returns
    -------
    ndarray, shape (m, n)
        With independent rows and ``E ||A x||^2 = ||x||^2`` for x with random signs.

    Raises
    ------
    ValueError
        If the correlation is not in (-1, 1).

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> A = st.gaussian_ar1(10_000, 3, rng=0, correlation=0.8)
    >>> (A.T @ A).round(1)
    array([[1. , 0.8, 0.6],
           [0.8, 1. , 0.8],
           [0.6, 0.8, 1. ]])
    """
    if not -1 < correlation < 1:
        raise ValueError(f"correlation must lie in (-1, 1), got {correlation}")
    A = gaussian(m, n, rng)
    fresh = (1 - correlation**2) ** 0.5
    for j in range(1, n):
        A[:, j] = correlation * A[:, j - 1] + fresh * A[:, j]
    return A


def gaussian_equicorrelated(
    m: int, n: int, rng: Seed, *, correlation: float = 0.5
) -> Matrix:
    """Gaussian matrix in which every two columns have the same correlation.

    Parameters
    ----------
    m, n : int
    rng : int or Generator
    correlation : float
        In [0, 1).

    Returns
    -------
    ndarray, shape (m, n)
        With independent rows and ``E ||A x||^2 = ||x||^2`` for x with random signs.

    Raises
    ------
    ValueError
        If the correlation is not in [0, 1).

    Examples
    --------
    >>> import sparsetheory as st
    >>> A = st.gaussian_equicorrelated(10_000, 3, rng=0, correlation=0.5)
    >>> (A.T @ A).round(1)
    array([[1. , 0.5, 0.5],
           [0.5, 1. , 0.5],
           [0.5, 0.5, 1. ]])
    """
    if not 0 <= check_number("correlation", correlation, positive=False) < 1:
        raise ValueError(f"correlation must lie in [0, 1), got {correlation}")
    A = gaussian(m, n + 1, rng)
    common = A[:, -1:] * correlation**0.5
    return np.asarray(A[:, :-1] * (1 - correlation) ** 0.5 + common)


@dataclass(frozen=True, eq=False, repr=False)
class RandomRows:
    """The ensemble of random subsets of a matrix's rows; see `random_rows`.

    Attributes
    ----------
    source : ndarray or operator, shape (max_rows, n)
        What rows are drawn from.
    scale : float
        A draw of m rows is multiplied by ``scale / sqrt(m)``.
    name : str
        Kind, shape and a digest of the entries.
    """

    source: Any
    scale: float
    name: str

    def __repr__(self) -> str:
        return f"random_rows({self.name})"

    @property
    def n(self) -> int:
        """Number of columns."""
        return int(self.source.shape[1])

    @property
    def max_rows(self) -> int:
        """Number of rows to draw from."""
        return int(self.source.shape[0])

    def __call__(self, m: int, n: int, rng: Seed) -> Any:
        """Return m random rows, rescaled."""
        if n != self.n:
            raise ValueError(f"n must be {self.n}, that of the operator, got {n}")
        m, _, rng = check_draw(m, n, rng, most=self.max_rows)
        rows = np.sort(rng.choice(self.max_rows, size=m, replace=False))
        scale = self.scale * m**-0.5
        if isinstance(self.source, np.ndarray):
            return self.source[rows] * scale
        return self.source.take(rows, scale)


def random_rows(A: Any) -> RandomRows:
    """Ensemble of random subsets of the rows of a fixed matrix or layer.

    Parameters
    ----------
    A : array or `BlockCirculant`, shape (M, n)

    Returns
    -------
    RandomRows
        A callable ``(m, n, rng)`` that draws m of the M rows times a constant such that
        ``E ||A x||^2 = ||x||^2`` for x with independent entries of equal variance at
        random places. Rows of a small layer come as an array, which is faster.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> layer = st.BlockCirculant(np.ones((2, 1, 3)), size=8)
    >>> ensemble = st.random_rows(layer)
    >>> ensemble(5, 8, rng=0).shape, ensemble.max_rows
    ((5, 8), 16)
    """
    A = check_operator(A)
    if isinstance(A, np.ndarray):
        energy, entries = float(np.sum(A * A)), A
    elif hasattr(A, "take") and hasattr(A, "frobenius_norm"):
        energy, entries = float(A.frobenius_norm()) ** 2, A.filters
    else:
        kind = type(A).__name__
        raise TypeError(f"A must be an array or a BlockCirculant, got {kind}")
    if energy == 0.0:
        raise ValueError("A must not be zero")
    M, n = A.shape
    digest = hashlib.sha256(entries.tobytes()).hexdigest()[:12]
    name = f"{type(A).__name__} {M} x {n}, {digest}"
    if M * n <= SMALL and not isinstance(A, np.ndarray):
        A = A.to_dense()
    return RandomRows(A, (M * n / energy) ** 0.5, name)


@dataclass(frozen=True, repr=False)
class RandomLayers:
    """The ensemble of convolution layers with random filters; see `random_layers`.

    Attributes
    ----------
    channels_in, channels_out : int
    taps, size : tuple of int
    """

    channels_in: int
    channels_out: int
    taps: tuple[int, ...]
    size: tuple[int, ...]

    def __repr__(self) -> str:
        parts = (self.channels_in, self.channels_out, self.taps, self.size)
        return f"random_layers{parts}"

    @property
    def n(self) -> int:
        """Number of columns."""
        return self.channels_in * prod(self.size)

    @property
    def max_rows(self) -> int:
        """Number of outputs."""
        return self.channels_out * prod(self.size)

    def __call__(self, m: int, n: int, rng: Seed) -> Any:
        """Return m random rows of a layer with new filters."""
        if n != self.n:
            raise ValueError(f"n must be {self.n}, that of the layer, got {n}")
        m, _, rng = check_draw(m, n, rng, most=self.max_rows)
        h = rng.standard_normal((self.channels_out, self.channels_in, *self.taps))
        entries = m * self.channels_in * prod(self.taps)
        layer = BlockCirculant(h * (n / entries) ** 0.5, self.size)
        part = layer.take(np.sort(rng.choice(self.max_rows, size=m, replace=False)))
        return part.to_dense() if m * n <= SMALL else part


def random_layers(
    channels_in: int,
    channels_out: int,
    taps: int | tuple[int, ...],
    size: int | tuple[int, ...],
) -> RandomLayers:
    """Ensemble of convolution layers with independent Gaussian filters.

    Parameters
    ----------
    channels_in, channels_out : int
    taps, size : int or tuple of int
        Of the filters and of the grid, per axis: one int or tuple of one is a layer in
        one dimension, a tuple of two is one in two.

    Returns
    -------
    RandomLayers
        A callable ``(m, n, rng)`` that draws filters and m of the outputs, so that
        ``E ||A x||^2 = ||x||^2`` for every x. Small ones come as an array.

    Raises
    ------
    ValueError
        If a number is not positive, or taps and size have not the same axes.

    Examples
    --------
    >>> import sparsetheory as st
    >>> ensemble = st.random_layers(2, 4, 3, size=16)
    >>> ensemble(20, 32, rng=0).shape, ensemble.max_rows
    ((20, 32), 64)
    """
    axes = [tuple(np.atleast_1d(v).tolist()) for v in (taps, size)]
    if len(axes[0]) != len(axes[1]) or len(axes[0]) > 2:
        raise ValueError(f"taps and size must have the same axes, got {taps}, {size}")
    for name, value in (("taps", axes[0]), ("size", axes[1])):
        for number in value:
            check_integer(name, number, 1)
    into = check_integer("channels_in", channels_in, 1)
    out = check_integer("channels_out", channels_out, 1)
    return RandomLayers(into, out, *axes)
