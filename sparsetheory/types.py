"""The shapes that travel between layers.

An array, a SciPy sparse array and a SciPy ``LinearOperator`` all are measurement
operators; a plain function is a solver, an ensemble or a signal. Nothing is registered.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

Vector: TypeAlias = npt.NDArray[np.float64]
Matrix: TypeAlias = npt.NDArray[np.float64]
Support: TypeAlias = npt.NDArray[np.intp]
Counts: TypeAlias = npt.NDArray[np.int64]
Seed: TypeAlias = int | np.random.Generator


class MeasurementOperator(Protocol):
    """A linear map from R^n to R^m: has ``shape``, ``A @ x`` and ``A.T @ y``."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows and columns."""

    @property
    def T(self) -> Any:
        """The adjoint map."""

    def __matmul__(self, x: Any, /) -> Any:
        """Apply the map."""


@dataclass(frozen=True, slots=True, eq=False)
class Recovery:
    """What a solver found.

    Attributes
    ----------
    x : ndarray, shape (n,)
        Last iterate.
    n_iter : int
        Iterations run.
    converged : bool
        Whether the solver's own stopping rule held; says nothing of the truth.
    gap : float or None
        Upper bound on how far the objective at `x` is from its minimum, measured at
        `x`; None where the problem is not convex.
    dual : ndarray, shape (m,), or None
        The dual point that proves the gap, where the solver says so.
    """

    x: Vector
    n_iter: int
    converged: bool
    gap: float | None = None
    dual: Vector | None = None

    @property
    def support(self) -> Support:
        """Indices of the nonzero entries of `x`, ascending."""
        return np.flatnonzero(self.x)


Ensemble: TypeAlias = Callable[[int, int, Any], Any]
"""``(m, n, rng) -> A`` with ``E ||A x||^2 = ||x||^2``.

One that draws rows of a fixed matrix says so by two attributes: ``n``, its number of
columns, and ``max_rows``.
"""

Signal: TypeAlias = Callable[[int, int, Any], Vector]
"""``(n, k, rng) -> x`` with k nonzeros."""

Solver: TypeAlias = Callable[..., Recovery]
"""``(A, y, k) -> Recovery``; never sees the true signal."""
