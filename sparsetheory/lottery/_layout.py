"""Weights as one array of any shape, or as a list of arrays, and their one vector."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import prod
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from sparsetheory._checks import check_array, check_flags, check_number, shape_of
from sparsetheory.types import Vector

Flags: TypeAlias = npt.NDArray[np.bool_]
Arrays: TypeAlias = Any
"""An array, or a list of arrays."""

Gradient: TypeAlias = Callable[[Any], Any]
"""``grad(w)``, of the structure of w."""

Curvature: TypeAlias = Callable[[Any, Any], Any]
"""``hvp(w, v)``, the Hessian at w times v; all of one structure."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The shapes of arrays, and whether they came in a list."""

    shapes: tuple[tuple[int, ...], ...]
    listed: bool

    def parts(self, flat: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
        """Return copies of the arrays that a vector holds."""
        ends = np.cumsum([int(np.prod(shape)) for shape in self.shapes])
        pieces = np.split(flat, ends[:-1])
        return [p.reshape(s).copy() for p, s in zip(pieces, self.shapes, strict=True)]

    def restore(self, flat: npt.NDArray[Any]) -> Arrays:
        """Return a vector in the structure that was given."""
        parts = self.parts(flat)
        return parts if self.listed else parts[0]

    def flat(self, name: str, value: Arrays) -> Vector:
        """Return the vector of arrays that must have this structure."""
        layout, vector = lay_out(name, value)
        self._compare(name, layout)
        return vector

    def mask(self, name: str, value: Arrays) -> Flags:
        """Return the vector of a mask that must have this structure."""
        layout, flags = lay_out_mask(name, value)
        self._compare(name, layout)
        return flags

    def _compare(self, name: str, other: "Layout") -> None:
        if other != self:
            raise ValueError(f"{name} must have {self._said()}, got {other._said()}")

    def _said(self) -> str:
        if self.listed:
            return f"arrays of shapes {list(self.shapes)}"
        return f"shape {self.shapes[0]}"


def _arrays(value: Arrays) -> tuple[list[Any], bool]:
    listed = isinstance(value, list | tuple) and any(
        isinstance(part, np.ndarray) for part in value
    )
    return (list(value) if listed else [value]), listed


def lay_out(name: str, value: Arrays) -> tuple[Layout, Vector]:
    """Return the layout of finite real arrays and their vector, a copy."""
    given, listed = _arrays(value)
    names = [f"{name}[{i}]" for i in range(len(given))] if listed else [name]
    parts = [
        check_array(n, a, len(shape_of(n, a)))
        for n, a in zip(names, given, strict=True)
    ]
    flat = np.concatenate([part.ravel() for part in parts])
    if flat.size == 0:
        raise ValueError(f"{name} must not be empty, got shape {parts[0].shape}")
    return Layout(tuple(part.shape for part in parts), listed), flat


def lay_out_mask(name: str, value: Arrays) -> tuple[Layout, Flags]:
    """Return the layout of boolean arrays and their vector, a copy."""
    given, listed = _arrays(value)
    if not any(prod(shape_of(name, part)) for part in given):
        raise ValueError(f"{name} must not be empty, got shape {np.shape(given[0])}")
    parts = [check_flags(name, part) for part in given]
    flags = np.concatenate([part.ravel() for part in parts])
    return Layout(tuple(part.shape for part in parts), listed), flags


def check_share(name: str, value: Any) -> Fraction:
    """Return a number in [0, 1], a float as the decimal that is written."""
    if isinstance(value, str | bool | np.bool_):
        raise TypeError(f"{name} must be a number, got {value!r}")
    number = check_number(name, value, positive=False)
    if number > 1:
        raise ValueError(f"{name} must lie in [0, 1], got {value}")
    return Fraction(str(value))
