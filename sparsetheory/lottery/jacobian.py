"""The derivative of a model in its parameters as a measurement matrix."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse.linalg import LinearOperator

from sparsetheory._checks import check_integer
from sparsetheory.types import MeasurementOperator

Map = Callable[[npt.NDArray[np.float64]], npt.ArrayLike]


def jacobian_operator(jvp: Map, vjp: Map, shape: tuple[int, int]) -> LinearOperator:
    r"""Make a measurement matrix of two products with a Jacobian.

    For any model f that is differentiable at w: :math:`A = \partial f / \partial w`, so
    that :math:`f(w + \delta) - f(w) \approx A \delta`.

    Parameters
    ----------
    jvp : callable
        ``v -> A v``, from shape (n,) to shape (m,).
    vjp : callable
        ``u -> A^T u``, from shape (m,) to shape (n,).
    shape : tuple of int
        (m, n).

    Returns
    -------
    LinearOperator
        Of float64. Each product's shape is checked, and that it is real and finite.

    Raises
    ------
    TypeError, ValueError
        If the products have other shapes or kinds, or fail `adjoint_mismatch` by more
        than the root of the relative rounding of their precision.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> w = np.array([1.0, 2.0, 3.0])  # f(w) = (w_0 w_1, w_2^2)
    >>> A = st.jacobian_operator(
    ...     lambda v: np.array([w[1] * v[0] + w[0] * v[1], 2 * w[2] * v[2]]),
    ...     lambda u: np.array([w[1] * u[0], w[0] * u[0], 2 * w[2] * u[1]]),
    ...     (2, 3),
    ... )
    >>> A @ np.ones(3)
    array([3., 6.])
    """
    if len(shape) != 2:
        raise ValueError(f"shape must be (m, n), got {shape!r}")
    A = _Jacobian(jvp, vjp, *(check_integer("shape", s, 1) for s in shape))
    found = adjoint_mismatch(A)
    if found > np.sqrt(A.rounding):
        raise ValueError(
            "jvp and vjp must be adjoint to one another, but their inner products "
            f"differ by {found:.1e} of their size"
        )
    return A


def adjoint_mismatch(A: MeasurementOperator, rng: Any = 0) -> float:
    r"""How far a product is from being adjoint to the other, at random vectors.

    .. math:: \frac{|\langle A v, u \rangle - \langle v, A^T u \rangle|}
        {\|A v\| \|u\| + \|v\| \|A^T u\|}

    Parameters
    ----------
    A : operator, shape (m, n)
    rng : int or Generator
        Draws v, normal, and u, normal with as much of ``A v`` added, so that a factor
        between the products shows.

    Returns
    -------
    float
        Zero up to rounding if they are adjoint; almost surely not, if not.

    Examples
    --------
    >>> import sparsetheory as st
    >>> st.adjoint_mismatch(st.gaussian(20, 30, rng=0)) < 1e-15
    True
    """
    rng = np.random.default_rng(rng)
    norm = np.linalg.norm
    v, u = rng.standard_normal(A.shape[1]), rng.standard_normal(A.shape[0])
    forth = np.asarray(A @ v)
    u = u / norm(u) + forth / (norm(forth) or 1.0)
    back = np.asarray(A.T @ u)
    size = float(norm(forth) * norm(u) + norm(v) * norm(back))
    return abs(float(forth @ u - v @ back)) / size if size else 0.0


class _Jacobian(LinearOperator):
    def __init__(self, jvp: Map, vjp: Map, m: int, n: int) -> None:
        super().__init__(np.float64, (m, n))
        self._jvp, self._vjp = jvp, vjp
        self.rounding = float(np.finfo(np.float64).eps)

    def _matvec(self, x: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        return self._product("jvp", self._jvp, x, self.shape[0])

    def _rmatvec(self, y: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        return self._product("vjp", self._vjp, y, self.shape[1])

    def _product(
        self, name: str, product: Map, x: npt.NDArray[Any], size: int
    ) -> npt.NDArray[np.float64]:
        if np.iscomplexobj(x):
            raise TypeError(f"{name} must be given a real vector, got {x.dtype}")
        found = np.asarray(product(np.asarray(x, dtype=np.float64).ravel()))
        if found.dtype.kind != "f":
            raise TypeError(f"{name} must return real floats, got {found.dtype}")
        if found.shape != (size,):
            raise ValueError(f"{name} must return shape ({size},), got {found.shape}")
        if not np.isfinite(found).all():
            raise ValueError(f"{name} must return finite numbers, got {found}")
        self.rounding = max(self.rounding, float(np.finfo(found.dtype).eps))
        return found.astype(np.float64, copy=False)
