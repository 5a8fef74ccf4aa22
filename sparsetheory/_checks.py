"""Validation, done once, where a public function is entered."""

import operator
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from sparsetheory._kernels.threshold import Groups
from sparsetheory.types import Vector

SINGLE = np.dtype(np.float32)
DOUBLE = np.dtype(np.float64)
MOST = 2**62  # iterations, which compiled loops count in 64 bits
SAFE = {DOUBLE: 250, SINGLE: 25}  # decimal exponents, with room for sums

_quiet: ContextVar[bool] = ContextVar("quiet", default=False)
_trusted: ContextVar[tuple[Any, float]] = ContextVar("trusted", default=(None, 0.0))


@contextmanager
def quiet() -> Iterator[None]:
    """Let solvers stop short without a word, in this thread alone.

    `warnings.catch_warnings` is not thread-safe; and in an experiment a solver that
    does not converge is data.
    """
    token = _quiet.set(True)
    try:
        yield
    finally:
        _quiet.reset(token)


@contextmanager
def trusted(A: Any) -> Iterator[None]:
    """Let checks pass over `A`, which `check_operator` has returned before."""
    token = _trusted.set((A, _magnitude(A)))
    try:
        yield
    finally:
        _trusted.reset(token)


def warn_unconverged(solver: str, measure: str, n_iter: int, max_iter: int = 0) -> None:
    """Warn the caller of the package that `solver` stopped short, unless `quiet`.

    Fewer iterations than `max_iter` mean that rounding ended all progress.
    """
    if _quiet.get():
        return
    from sklearn.exceptions import ConvergenceWarning

    inside, level = Path(__file__).parent, 1
    frame = sys._getframe(1)
    while frame.f_back and inside in Path(frame.f_code.co_filename).parents:
        frame, level = frame.f_back, level + 1
    rounding = "rounding ended all progress, raise tol"
    advice = rounding if n_iter < max_iter else "raise max_iter or tol"
    warnings.warn(
        f"{solver} stopped after {n_iter} iterations with {measure}; {advice}",
        ConvergenceWarning,
        stacklevel=level + 1,
    )


def check_operator(A: Any, dtype: np.dtype[Any] = DOUBLE) -> Any:
    """Return `A` as an array of that type with contiguous columns, or as it is."""
    array = isinstance(A, np.ndarray)
    if A is not None and A is _trusted.get()[0] and not (array and A.dtype != dtype):
        return A
    if isinstance(A, (list, tuple)) or hasattr(A, "__array__"):
        A = check_array("A", A, 2, "F", dtype)
    elif not (hasattr(A, "shape") and hasattr(A, "T") and hasattr(A, "__matmul__")):
        raise TypeError(
            "A must be an array, a sparse array or a linear operator, "
            f"got {type(A).__name__}"
        )
    elif np.issubdtype(getattr(A, "dtype", None) or np.float64, np.complexfloating):
        raise TypeError(f"A must be real, got {A.dtype}")
    if len(A.shape) != 2 or 0 in A.shape:
        raise ValueError(f"A must have rows and columns, got shape {tuple(A.shape)}")
    if isinstance(A, np.ndarray):
        return A
    # Not A.sum(): that adds up duplicates in A itself.
    if hasattr(A, "nnz") and not np.isfinite(A @ np.ones(A.shape[1])).all():
        raise ValueError("A must be finite, got a sum that is not")
    try:
        nothing = A.T @ np.zeros(A.shape[0])
    except NotImplementedError:
        raise TypeError("A must have an adjoint (A.T @ r), it has none") from None
    if not np.isfinite(nothing).all():
        raise ValueError("A must be finite, its adjoint of zero is not")
    return A


def check_array(
    name: str,
    value: Any,
    ndim: int,
    order: Literal["C", "F"] = "C",
    dtype: np.dtype[Any] = DOUBLE,
) -> npt.NDArray[np.float64]:
    """Return `value` as a finite, contiguous array of `ndim` axes."""
    if np.ma.isMaskedArray(value):
        raise TypeError(f"{name} must not be masked")
    shape_of(name, value)
    raw = np.asarray(value)
    if not (np.issubdtype(raw.dtype, np.number) or raw.dtype == bool):
        raise TypeError(f"{name} must be numeric, got dtype {raw.dtype}")
    if np.iscomplexobj(raw):
        raise TypeError(f"{name} must be real, got {raw.dtype}")
    if raw.ndim != ndim:
        raise ValueError(f"{name} must have {ndim} axes, got shape {raw.shape}")
    array = np.asarray(raw, dtype=dtype, order=order)
    finite = np.isfinite(array)
    if not finite.all():
        where = tuple(int(i) for i in np.argwhere(~finite)[0])
        raise ValueError(f"{name} must be finite, got {array[where]} at {where}")
    # Numba compiles once more for arrays that can't be written.
    return array if array.flags.writeable else array.copy(order="K")


def shape_of(name: str, value: Any) -> tuple[int, ...]:
    """Return the shape of what can be an array."""
    try:
        return np.shape(value)
    except ValueError:  # NumPy speaks of inhomogeneous parts
        raise ValueError(
            f"{name} must be an array, got lists of unequal lengths"
        ) from None


def check_vector(
    name: str, value: Any, size: int, of: str = "A", dtype: np.dtype[Any] = DOUBLE
) -> Vector:
    """Return `value` as a finite vector of `size` entries."""
    shape = shape_of(name, value)
    if shape != (size,):
        raise ValueError(f"{name} must have shape ({size},) to match {of}, got {shape}")
    return check_array(name, value, 1, dtype=dtype)


def check_problem(
    A: Any, y: npt.ArrayLike, *, keep_single: bool = False
) -> tuple[Any, Vector]:
    """Return `A` and `y` ready for a solver, or say what is wrong with them.

    If `keep_single`, two arrays in single precision stay so.
    """
    single = all(isinstance(a, np.ndarray) and a.dtype == SINGLE for a in (A, y))
    dtype = SINGLE if keep_single and single else DOUBLE
    A = check_operator(A, dtype)
    return A, check_vector("y", y, A.shape[0], dtype=dtype)


def _magnitude(A: Any) -> float:
    """Return the largest magnitude in an array, zero for an operator."""
    return max(float(A.max()), -float(A.min())) if isinstance(A, np.ndarray) else 0.0


def check_scales(A: Any, y: Vector) -> None:
    """Raise if the squares that a greedy solver forms would overflow or vanish."""
    known, size = _trusted.get()
    sizes = {"y": float(np.abs(y).max())}
    if isinstance(A, np.ndarray):
        sizes["A"] = size if A is known else _magnitude(A)
    powers = {"A": 4.0, "y": 2.0}
    logs = [powers[name] * np.log10(size) for name, size in sizes.items() if size > 0]
    safe = SAFE[y.dtype]
    if abs(sum(logs)) > safe or any(abs(power) > safe for power in logs):
        shown = " and ".join(f"{name} up to {size:.1e}" for name, size in sizes.items())
        raise ValueError(
            f"A and y must be rescaled, their products leave the floats: {shown}"
        )


def check_start(x0: npt.ArrayLike | None, n: int) -> Vector:
    """Return a fresh starting point: `x0` or zero."""
    return np.zeros(n) if x0 is None else check_vector("x0", x0, n).copy()


def check_integer(name: str, value: Any, low: int, high: int | None = None) -> int:
    """Return `value` as an int in ``low..high``."""
    try:
        number = operator.index(value)
    except TypeError:
        number = None
    if number is None or isinstance(value, bool):
        raise TypeError(f"{name} must be an integer, got {value!r}")
    if number < low or (high is not None and number > high):
        bound = f"at least {low}" if high is None else f"in {low}..{high}"
        raise ValueError(f"{name} must be {bound}, got {number}")
    return number


def check_number(name: str, value: Any, *, positive: bool = True) -> float:
    """Return `value` as a finite float, positive or at least non-negative."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = None
    if number is None or isinstance(value, bool | str | bytes):
        raise TypeError(f"{name} must be a number, got {value!r}")
    if not (np.isfinite(number) and (number > 0 or (number == 0 and not positive))):
        kind = "positive" if positive else "non-negative"
        raise ValueError(f"{name} must be {kind} and finite, got {number}")
    return number


def check_time_limit(time_limit: float | None) -> float:
    """Return when so many seconds from now are over, by `time.perf_counter`."""
    if time_limit is None:
        return np.inf
    return time.perf_counter() + check_number("time_limit", time_limit)


def check_ratios(name: str, value: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return `value` as a vector of numbers in (0, 1]."""
    ratios = check_array(name, np.atleast_1d(np.asarray(value)), 1)
    outside = ratios[(ratios <= 0) | (ratios > 1)]
    if ratios.size == 0 or outside.size:
        got = outside[0] if outside.size else "nothing"
        raise ValueError(f"{name} must lie in (0, 1], got {got}")
    return ratios


def check_loop(
    max_iter: Any, tol: Any, dtype: np.dtype[Any] = DOUBLE
) -> tuple[int, float]:
    """Return the arguments that every iterative solver takes."""
    return min(check_integer("max_iter", max_iter, 1), MOST), check_tol(tol, dtype)


def check_tol(tol: Any, dtype: np.dtype[Any]) -> float:
    """Return `tol`, or in single precision its rounding if that is more; zero stays."""
    number = check_number("tol", tol, positive=False)
    least = float(np.finfo(dtype).eps) if dtype == SINGLE and number > 0 else 0.0
    return max(number, least)


def check_flags(name: str, value: Any) -> npt.NDArray[np.bool_]:
    """Return `value` as an array of booleans; numbers might be indices."""
    flags = np.asarray(value)
    if flags.dtype != bool:
        raise TypeError(f"{name} must be boolean, got dtype {flags.dtype}")
    return flags


def check_support(
    support: npt.ArrayLike, n: int, name: str = "support"
) -> npt.NDArray[np.int64]:
    """Return indices in ``0..n-1``, in their order, from such indices or a mask."""
    given = np.asarray(support)
    if given.ndim != 1:
        raise ValueError(f"{name} must have 1 axis, got shape {given.shape}")
    if given.dtype == bool:
        if given.size != n:
            raise ValueError(
                f"{name} must have shape ({n},) as a mask, got {given.shape}"
            )
        return np.flatnonzero(given).astype(np.int64)
    if given.size and given.dtype.kind not in "iu":
        raise TypeError(f"{name} must hold integers or booleans, got {given.dtype}")
    outside = given[(given < 0) | (given >= n)]
    if outside.size:
        raise ValueError(f"{name} must lie in 0..{n - 1}, got {outside[0]}")
    places = given.astype(np.int64)
    values, counts = np.unique(places, return_counts=True)
    if values.size < places.size:
        raise ValueError(f"{name} must not repeat, got {values[counts > 1][0]} twice")
    return places


def check_groups(
    groups: npt.ArrayLike,
    n: int,
    weights: npt.ArrayLike | None = None,
    *,
    positive: bool = True,
) -> Groups:
    """Return a partition of n entries, from labels or from the size of its blocks.

    Parameters
    ----------
    groups : int or array_like of int or str, shape (n,)
        Size of consecutive blocks, a divisor of n; or the label of each entry's group.
    n : int
    weights : array_like, shape (number of groups,), optional
        Positive weight of each group, in the order of the sorted labels; by default
        the square root of its size.
    positive : bool
        Whether a weight of zero is wrong too.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.
    """
    shape_of("groups", groups)
    given = np.asarray(groups)
    if given.ndim == 0:
        size = check_integer("groups", groups, 1, n)
        if n % size:
            raise ValueError(f"groups must divide n = {n} to be a size, got {size}")
        order, starts = np.arange(n), np.arange(0, n + 1, size)
        sizes = np.full(n // size, size)
    elif given.shape != (n,):
        raise ValueError(f"groups must have shape ({n},), got {given.shape}")
    elif given.dtype.kind not in "iubUS":
        raise TypeError(f"groups must be integer or string labels, got {given.dtype}")
    else:
        _, member, sizes = np.unique(given, return_inverse=True, return_counts=True)
        order = np.argsort(member, kind="stable")
        starts = np.concatenate([[0], np.cumsum(sizes)])
    if weights is None:
        w = np.sqrt(sizes)
    else:
        w = check_array("weights", weights, 1)
        if w.size != sizes.size:
            raise ValueError(f"weights must number {sizes.size}, got {w.size}")
        if w.min() < 0 or (positive and w.min() == 0):
            kind = "positive" if positive else "non-negative"
            raise ValueError(f"weights must be {kind}, got {w.min()}")
    return Groups(order, starts, w)
