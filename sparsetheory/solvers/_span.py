"""What columns without a penalty reach."""

import numpy as np
import numpy.typing as npt

from sparsetheory.types import Matrix, Vector

EPS = float(np.finfo(np.float64).eps)


class Span:
    """The span of columns without a penalty.

    The minimum over them leaves the problem of all other columns off their span.
    Columns count as dependent if rounding can make them so, whatever their scales.

    Parameters
    ----------
    columns : ndarray, shape (k, m)
        One a row.
    """

    def __init__(self, columns: Matrix) -> None:
        # Powers of two bring all norms into [1/2, 1) and round nothing.
        _, scales = np.frexp(np.abs(columns).max(axis=1, keepdims=True))
        _, rest = np.frexp(np.linalg.norm(np.ldexp(columns, -scales), axis=1))
        self._scales = scales[:, 0] + rest
        scaled = np.ldexp(np.ldexp(columns, -scales), -rest[:, None])
        U, s, Vt = np.linalg.svd(scaled.T, full_matrices=False)
        keep = s > EPS * max(columns.shape) * s[0]
        self.basis, self._back = U[:, keep], Vt[keep].T / s[keep]

    def off(self, v: Matrix) -> Matrix:
        """Return v, or each row of it, less its part in the span."""
        return np.asarray(v - (v @ self.basis) @ self.basis.T)

    def off_columns(self, columns: Matrix) -> Matrix:
        """Return the rows less their part in the span, zero where rounding is left."""
        rest = self.off(columns)
        rest[self.spans(columns, np.linalg.norm(rest, axis=1))] = 0.0
        return rest

    def spans(self, columns: Matrix, rest: Vector) -> npt.NDArray[np.bool_]:
        """Whether rounding alone can leave a norm of `rest` of these columns."""
        noise = EPS * max(self.basis.shape) * np.linalg.norm(columns, axis=1)
        return np.asarray(rest <= noise)

    def fit(self, r: Vector) -> Vector:
        """Return coefficients of the columns that fit r best.

        Of all those the shortest, were the columns of like norms.
        """
        return np.asarray(np.ldexp(self._back @ (r @ self.basis), -self._scales))
