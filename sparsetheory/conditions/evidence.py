"""Why an upper bound on an isometry constant holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class Evidence:
    """Why an upper bound holds.

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
