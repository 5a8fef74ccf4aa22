"""Why upper bounds on isometry and null space constants hold, and if it can be so."""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from types import UnionType
from typing import Any, Literal, TypeGuard, Union, get_args, get_origin, get_type_hints

import numpy as np
import numpy.typing as npt

HIGHEST = 1e140  # entry of a dual matrix: they are squared
LARGEST = 2**53  # integer that will do for a float


@dataclass(frozen=True, eq=False)
class Evidence:
    """Why an upper bound on an isometry constant holds.

    Attributes
    ----------
    kind : str
        "search" over all supports, by `method`; "semidefinite" with its `dual` matrix;
        "averaging" over the smaller supports that `basis` bounds; "Babel",
        "Frobenius", "pairs" or "columns" by their formulas; "rank" because a Gram
        matrix has no negative eigenvalue.
    size : int
        Columns of the supports that are bounded.
    bound : float
    method : str
        "chain", "ordered" or "connected".
    nodes : int
        Sets visited.
    dual : ndarray or None
        Of shape (n, n), or (channels, channels, *torus) by lag for a layer.
    basis : Evidence or None
        What bounds smaller supports: those averaged over, or those of one column less
        that a search need not go through.
    """

    kind: str
    size: int
    bound: float
    method: str = ""
    nodes: int = 0
    dual: npt.NDArray[Any] | None = None
    basis: Evidence | None = None


@dataclass(frozen=True, eq=False)
class NullSpaceEvidence:
    """Why an upper bound on a null space constant holds.

    Attributes
    ----------
    kind : str
        "dual" matrix Y, which certifies it by itself, as a "semidefinite" matrix L
        does; "search" over signed supports, of `nodes`; "line", the only null vector;
        "none" where the null space is zero, or where nothing bounds.
    dual : ndarray or None
        Y, of shape (m, n); for a layer by lag, (outputs, channels, *torus). It belongs
        to A without rows of zeros, the others times powers of two that bring their
        largest magnitude to [1/2, 1); with a layer one power for all. Or L, of shape
        (2n, 2n) or (2 channels, 2 channels, *torus), a form of null vectors and signs.
    nodes : int
    """

    kind: str
    dual: npt.NDArray[Any] | None = None
    nodes: int = 0


def well_formed(record: Any) -> bool:
    """Return whether the fields of a result are of the types that it declares.

    And so on for the results in it. A list of numbers will do for a vector.
    """
    todo, seen = [record], set()
    while todo:
        part = todo.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        hints = get_type_hints(type(part))
        for field in fields(part):
            if not _is(getattr(part, field.name), hints[field.name], todo):
                return False
    return True


def is_dual(
    dual: Any, shape: tuple[int, ...], dtype: Any = np.float64
) -> TypeGuard[npt.NDArray[Any]]:
    """Return whether a dual matrix fits: any that does certifies a bound."""
    if type(dual) is not np.ndarray or (dual.shape, dual.dtype) != (shape, dtype):
        return False  # of less precision, what is computed from it would be as well
    return bool(np.abs(dual).max(initial=0.0) < HIGHEST)


def _is(value: Any, hint: Any, todo: list[Any]) -> bool:
    """Return whether a value is of a type; results are left to do."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return any(_is(value, each, todo) for each in inner)
    if origin is Literal:
        return isinstance(value, str) and value in inner
    if origin is tuple:
        if not isinstance(value, tuple):
            return False
        each = inner[:1] * len(value) if inner[-1] is Ellipsis else inner
        return len(each) == len(value) and all(
            _is(v, h, todo) for v, h in zip(value, each, strict=True)
        )
    if origin is np.ndarray:
        return _is_array(value, get_args(inner[1])[0])
    if is_dataclass(hint):
        todo += [value] * (type(value) is hint)
        return type(value) is hint
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if hint is int:
        return whole
    if hint is float:
        return isinstance(value, float | np.floating) or (
            whole and abs(value) <= LARGEST
        )
    return isinstance(value, bool | np.bool_ if hint is bool else hint)


def _is_array(value: Any, scalar: Any) -> bool:
    if isinstance(value, list):
        return all(_is(x, float, []) for x in value)
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "biufc":
        return False
    return scalar is Any or np.can_cast(value.dtype, scalar, "same_kind")
