"""Random measurement matrices and sparse signals.

Every draw takes ``rng``, an integer or a `numpy.random.Generator`, and every matrix A
has ``E ||A x||^2 = ||x||^2``.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
from scipy.linalg import circulant

from sparsetheory._checks import check_integer, check_operator
from sparsetheory._kernels.draw import fill_normal
from sparsetheory.types import Matrix, Seed, Vector

SMALL = 2**18  # entries; below, a product with a dense matrix beats the transforms

Amplitude = Literal["gaussian", "signs", "uniform", "nonnegative"]


def gaussian(m: int, n: int, rng: Seed) -> Matrix:
    """Matrix with i.i.d. N(0, 1/m) entries.

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
    >>> st.gaussian(2, 3, rng=0).round(3)
    array([[ 0.089, -0.093,  0.453],
           [ 0.074, -0.379,  0.256]])
    """
    m, n, rng = _check_draw(m, n, rng)
    A = np.empty((m, n))
    fill_normal(rng, m**-0.5, A.reshape(-1))
    return A


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
    m, n, rng = _check_draw(m, n, rng)
    return np.reshape(_signs(m * n, rng) * m**-0.5, (m, n))


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
    A = gaussian(m, n, rng)
    A /= np.linalg.norm(A, axis=0)
    return A


def partial_dct(m: int, n: int, rng: Seed) -> Matrix:
    """Matrix of m random rows of the orthonormal DCT-II, times sqrt(n / m).

    Parameters
    ----------
    m, n : int
        With ``m <= n``.
    rng : int or Generator

    Returns
    -------
    ndarray, shape (m, n)

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> A = st.partial_dct(3, 6, rng=0)
    >>> bool(np.allclose(A @ A.T, 2 * np.eye(3)))
    True
    """
    m, n, rng = _check_draw(m, n, rng, most=n)
    frequency = np.sort(rng.choice(n, size=m, replace=False))
    rows = np.cos(np.pi / n * np.outer(frequency, np.arange(n) + 0.5))
    rows *= np.where(frequency == 0, m**-0.5, (2 / m) ** 0.5)[:, None]
    return np.asarray(rows)


def random_circulant(m: int, n: int, rng: Seed) -> Matrix:
    """Matrix of m random rows of a circulant with i.i.d. entries ±1/sqrt(m).

    Parameters
    ----------
    m, n : int
        With ``m <= n``.
    rng : int or Generator

    Returns
    -------
    ndarray, shape (m, n)

    Examples
    --------
    >>> import sparsetheory as st
    >>> import numpy as np
    >>> A = st.random_circulant(4, 4, rng=0)
    >>> bool((A[1] == np.roll(A[0], 1)).all())
    True
    """
    m, n, rng = _check_draw(m, n, rng, most=n)
    C = circulant(_signs(n, rng) * m**-0.5)
    return np.ascontiguousarray(C[np.sort(rng.choice(n, size=m, replace=False))])


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
        m, _, rng = _check_draw(m, n, rng, most=self.max_rows)
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


def sparse_signal(
    n: int, k: int, rng: Seed, *, amplitude: Amplitude = "gaussian"
) -> Vector:
    """Vector with k nonzeros at uniformly random places.

    Parameters
    ----------
    n, k : int
    rng : int or Generator
    amplitude : {"gaussian", "signs", "uniform", "nonnegative"}
        Law of the nonzeros: N(0, 1), ±1 with equal chance, uniform on [-1, 1], or the
        absolute value of N(0, 1).

    Returns
    -------
    ndarray, shape (n,)

    Examples
    --------
    >>> import sparsetheory as st
    >>> st.sparse_signal(6, 2, rng=0, amplitude="signs")
    array([ 0.,  0.,  0.,  1.,  0., -1.])
    """
    n = check_integer("n", n, 1)
    k = check_integer("k", k, 0, n)
    rng = np.random.default_rng(rng)
    x = np.zeros(n)
    x[rng.choice(n, size=k, replace=False)] = _amplitudes(k, rng, amplitude)
    return x


def group_sparse_signal(
    groups: npt.ArrayLike, k: int, rng: Seed, *, amplitude: Amplitude = "gaussian"
) -> Vector:
    """Vector that is nonzero on k whole groups, uniformly chosen.

    Parameters
    ----------
    groups : array_like, shape (n,)
        Label of each entry's group.
    k : int
        Number of groups that are nonzero.
    rng : int or Generator
    amplitude : {"gaussian", "signs", "uniform", "nonnegative"}
        As in `sparse_signal`.

    Returns
    -------
    ndarray, shape (n,)

    Examples
    --------
    >>> import sparsetheory as st
    >>> st.group_sparse_signal([0, 0, 1, 1, 2, 2], 1, rng=0, amplitude="signs")
    array([0., 0., 0., 0., 1., 1.])
    """
    labels, member = np.unique(np.asarray(groups), return_inverse=True)
    if np.ndim(groups) != 1 or labels.size == 0:
        raise ValueError(f"groups must be a list of labels, got {groups!r}")
    k = check_integer("k", k, 0, labels.size)
    rng = np.random.default_rng(rng)
    active = np.isin(member, rng.choice(labels.size, size=k, replace=False))
    x = np.zeros(member.size)
    x[active] = _amplitudes(int(active.sum()), rng, amplitude)
    return x


def _check_draw(
    m: int, n: int, rng: Seed, most: int | None = None
) -> tuple[int, int, np.random.Generator]:
    n = check_integer("n", n, 1)
    return check_integer("m", m, 1, most), n, np.random.default_rng(rng)


def _signs(count: int, rng: np.random.Generator) -> Vector:
    bits = np.frombuffer(rng.bytes(-(-count // 8)), dtype=np.uint8)
    return np.where(np.unpackbits(bits, count=count), 1.0, -1.0)


def _amplitudes(k: int, rng: np.random.Generator, amplitude: Amplitude) -> Vector:
    if amplitude == "gaussian":
        return rng.standard_normal(k)
    if amplitude == "signs":
        return _signs(k, rng)
    if amplitude == "uniform":
        return rng.uniform(-1.0, 1.0, k)
    if amplitude == "nonnegative":
        return np.abs(rng.standard_normal(k))
    names = ", ".join(map(repr, get_args(Amplitude)))
    raise ValueError(f"amplitude must be one of {names}, got {amplitude!r}")
