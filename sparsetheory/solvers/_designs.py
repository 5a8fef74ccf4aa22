"""Matrices as coordinate descent on a working set sees them.

Each kind forms few columns and their Gram matrix, and bounds all correlations with a
residual. `error` bounds the rounding of correlations with a residual of norm one.
"""

from math import log2, prod
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.sparse import issparse
from scipy.sparse.linalg import LinearOperator

from sparsetheory._checks import DOUBLE, SINGLE, check_problem, check_vector
from sparsetheory._kernels import compile_for
from sparsetheory._kernels.lasso import (
    Columns,
    correlation,
    first_pass,
    first_pass_by_rows,
    lag_gram,
    next_pass,
    residual,
    sparse_gram,
    sparse_residual,
)
from sparsetheory._kernels.linear import Spectrum, unpack
from sparsetheory.lags import lag_table
from sparsetheory.operators import BlockCirculant
from sparsetheory.types import Matrix, Vector

EPS = float(np.finfo(np.float64).eps)
THICK = 0.15  # of the entries; from there the working set is formed as an array
Index: TypeAlias = npt.NDArray[np.int64]


class Centred(LinearOperator):
    """A sparse matrix less the means of its columns, which stays sparse."""

    def __init__(self, matrix: Any) -> None:
        self.matrix = matrix.tocsc()
        wide = self.matrix.astype(np.float64, copy=False)  # SciPy sums in its own type
        self.means = np.ravel(wide.mean(axis=0))
        super().__init__(np.float64, matrix.shape)

    def _matvec(self, x: Vector) -> Vector:
        x = np.ravel(x)
        return np.asarray(self.matrix @ x - self.means @ x)

    def _rmatvec(self, r: Vector) -> Vector:
        r = np.ravel(r)
        return np.asarray(self.matrix.T @ r - self.means * r.sum())


def wider(W: Matrix, old: int, k: int, room: int) -> Matrix:
    """Return W, of which `old` rows count, with space for k or more."""
    if k <= len(W):
        return W
    wide = np.empty((room, W.shape[1]))
    wide[:old] = W[:old]
    return wide


def dense_gram(W: Matrix, old: int, k: int, G: Matrix) -> None:
    """Write the Gram matrix of the k first rows of W, of which it has `old`."""
    block = G[old:k, :k]
    np.matmul(W[old:k], W[:k].T, out=block)
    G[:old, old:k] = block[:, :old].T


class Dense:
    """An array of either memory order, not copied."""

    def __init__(self, A: Matrix) -> None:
        self.shape = A.shape
        self.A = A
        self.by_rows = not A.flags.f_contiguous
        self.rounding: float = A.shape[0] * EPS
        self.W = np.empty((0, A.shape[0]))

    def first(self, y: Vector) -> tuple[Vector, Vector]:
        """Return ``A^T y`` and the norms of the columns."""
        c, norms = np.empty(self.shape[1]), np.empty(self.shape[1])
        with np.errstate(over="ignore", invalid="ignore"):  # where it is interpreted
            if self.by_rows:
                first_pass_by_rows(self.A, y, c, norms)
            else:
                first_pass(self.A.T, y, c, norms)
        return c, norms

    def error(self, norms: Vector) -> Vector | float:
        """Return a bound on the rounding of correlations with a unit residual."""
        return self.rounding * norms

    def extend(self, index: Index, old: int, G: Matrix) -> None:
        """Write the Gram matrix of the columns `index`, of which it has `old`."""
        self.W = wider(self.W, old, index.size, len(G))
        new = self.W[old : index.size]
        if self.by_rows:
            new[:] = self.A.take(index[old:], axis=1).T
        elif self.A.dtype == DOUBLE:  # "clip" writes to `out` at once
            np.take(self.A.T, index[old:], axis=0, out=new, mode="clip")
        else:
            new[:] = self.A.T[index[old:]]
        dense_gram(self.W, old, index.size, G)

    def residual(self, y: Vector, index: Index, x: Vector) -> Vector:
        """Return ``y - A x`` for x on `index`, the columns given to `extend`."""
        return np.asarray(y - x @ self.W[: x.size])

    def correlate(
        self, r: Vector, move: float, level: float, norms: Vector, c: Vector, bound: Any
    ) -> None:
        """Keep ``|A^T r| <= bound`` when r has moved; c is exact where at `level`."""
        slack = self.rounding * float(np.linalg.norm(r))
        if self.by_rows:
            c[:] = r @ self.A
            np.abs(c, out=bound)
            bound += slack * norms
        else:
            next_pass(self.A.T, r, move, slack, level, norms, c, bound)

    def original(self, r: Vector) -> Vector:
        """Return a residual in the form of y."""
        return r


class Sparse:
    """A sparse array, perhaps `Centred`, as it is."""

    def __init__(self, A: Any, single: bool) -> None:
        self.shape = A.shape
        self.centred = isinstance(A, Centred)
        means = A.means if self.centred else np.zeros(A.shape[1])
        C = A.matrix if self.centred else A.tocsc()
        if not C.has_canonical_format:
            C = C.copy()
            C.sum_duplicates()
        data = np.require(C.data, SINGLE if single else DOUBLE, "W")
        rows, starts = (np.require(a, requirements="W") for a in (C.indices, C.indptr))
        self.A = Columns(data, rows, starts, means)
        self.rounding: float = A.shape[0] * EPS
        self.matrix, self.W = C, np.empty((0, A.shape[0]))
        self.thick = C.nnz > THICK * A.shape[0] * A.shape[1]

    def first(self, y: Vector) -> tuple[Vector, Vector]:
        """Do as that of `Dense`."""
        c, norms = np.empty(self.shape[1]), np.empty(self.shape[1])
        first_pass(self.A, self.part(y), c, norms)
        return c, norms

    def part(self, r: Vector) -> Vector:
        """Return the part of r that the columns see."""
        return r - r.mean() if self.centred else r

    def error(self, norms: Vector) -> Vector | float:
        """Do as that of `Dense`."""
        return self.rounding * norms

    def extend(self, index: Index, old: int, G: Matrix) -> None:
        """Do as that of `Dense`."""
        if not self.thick:
            sparse_gram(self.A, index, old, self.shape[0], G)
            return
        new = index[old:]
        self.W = wider(self.W, old, index.size, len(G))
        self.W[old : index.size] = self.matrix[:, new].toarray().T
        self.W[old : index.size] -= self.A.means[new, None]
        dense_gram(self.W, old, index.size, G)

    def residual(self, y: Vector, index: Index, x: Vector) -> Vector:
        """Do as that of `Dense`."""
        r: Vector = sparse_residual(self.A, y, index, x)
        return r

    def correlate(
        self, r: Vector, move: float, level: float, norms: Vector, c: Vector, bound: Any
    ) -> None:
        """Do as that of `Dense`."""
        slack = self.rounding * float(np.linalg.norm(r))
        next_pass(self.A, self.part(r), move, slack, level, norms, c, bound)

    def original(self, r: Vector) -> Vector:
        """Do as that of `Dense`."""
        return r


class Layer:
    """A convolution layer, by transforms and by its table of lags."""

    def __init__(self, A: BlockCirculant, table: Any, y: Vector) -> None:
        self.shape = A.shape
        self.table = table
        self.values = table.values.reshape(*table.values.shape[:2], -1)
        self.lags, self.grid = np.array(table.lags), np.array(table.grid)
        self.form, self.y, self._residual = compile_for(A, y, residual)
        self._correlation = compile_for(A, y, correlation)[2]
        # No frequency amplifies more than by the norm of its matrix; two transforms
        # and C_out products err by so many roundings, of the whole vector.
        size = float(np.sqrt((np.abs(A.response) ** 2).sum(axis=(0, 1)).max()))
        steps = 8 * (log2(prod(A.size)) + 2) + A.filters.shape[0]
        self.rounding: float = EPS * steps * size
        self.channel = np.empty(0, np.int64)
        self.place = np.empty((len(A.size), 0), np.int64)

    def first(self, y: Vector) -> tuple[Vector, Vector]:
        """Do as that of `Dense`."""
        own = np.sqrt(np.maximum(self.values.diagonal()[0], 0.0))
        channel, _ = self.table.where(np.arange(self.shape[1]))
        return self._correlation(self.form, y), own[channel]

    def error(self, norms: Vector) -> Vector | float:
        """Do as that of `Dense`; that of each is only bounded by that of all."""
        return self.rounding

    def extend(self, index: Index, old: int, G: Matrix) -> None:
        """Do as that of `Dense`."""
        channel, place = self.table.where(index[old:])
        self.channel = np.concatenate([self.channel, channel])
        self.place = np.concatenate([self.place, place], axis=1)
        lag_gram(self.values, self.lags, self.grid, self.channel, self.place, old, G)

    def residual(self, y: Vector, index: Index, x: Vector) -> Vector:
        """Do as that of `Dense`."""
        full = np.zeros(self.shape[1])
        full[index] = x
        r: Vector = self._residual(self.form, y, full)
        return r

    def correlate(
        self, r: Vector, move: float, level: float, norms: Vector, c: Vector, bound: Any
    ) -> None:
        """Do as that of `Dense`, all of them."""
        c[:] = self._correlation(self.form, r)
        np.abs(c, out=bound)
        bound += self.rounding * float(np.linalg.norm(r))

    def original(self, r: Vector) -> Vector:
        """Return a residual in the form of y."""
        if isinstance(self.form, Spectrum):
            return np.asarray(unpack(r, self.form))
        return r


Design: TypeAlias = Dense | Sparse | Layer


def design_of(
    A: Any, y: npt.ArrayLike, keep_single: bool
) -> tuple[Any, Vector, Design | None, Vector]:
    """Return the checked `A` and `y`, what they are to a solver, and y in its form.

    None stands for an operator that can only be applied. Whether the entries of an
    array are finite is left to who computes the norms of its columns.
    """
    single = keep_single and _is_single(A) and _is_single(y)
    if _as_it_is(A, single):
        y = check_vector("y", y, A.shape[0], dtype=A.dtype)
    else:
        A, y = check_problem(A, y, keep_single=keep_single)
    z = y.astype(DOUBLE, copy=False)
    if isinstance(A, np.ndarray):
        return A, y, Dense(A), z
    if issparse(A) or isinstance(A, Centred):
        return A, y.astype(SINGLE if single else DOUBLE), Sparse(A, single), z
    table = lag_table(A)
    if table is None:
        return A, y, None, z
    layer = Layer(A, table, z)
    return A, y, layer, layer.y


def _is_single(a: Any) -> bool:
    return getattr(a, "dtype", None) == SINGLE


def _as_it_is(A: Any, single: bool) -> bool:
    """Whether A is an array that needs no other check than that for finite entries."""
    if type(A) is not np.ndarray or A.ndim != 2 or 0 in A.shape:
        return False
    if not A.flags.writeable or A.dtype != (SINGLE if single else DOUBLE):
        return False
    return A.flags.f_contiguous or (A.flags.c_contiguous and not single)
