"""A small problem, and the ways to spoil it that every solver has to name."""

import numpy as np
from scipy.sparse import csc_array
from scipy.sparse.linalg import LinearOperator, aslinearoperator


def problem():
    rng = np.random.default_rng(0)
    A = rng.standard_normal((40, 24))
    x = np.zeros(24)
    x[:4] = 3.0, -2.0, 1.5, 1.0
    return A, A @ x + 0.1 * rng.standard_normal(40)


def spoilt(A, value):
    A = A.copy()
    A[3, 2] = value
    return A


BAD = {
    "nan in A": (lambda A, y: (spoilt(A, np.nan), y), r"A must be finite, got nan at "),
    "inf in A": (lambda A, y: (spoilt(A, np.inf), y), r"A must be finite, got inf at "),
    "nan by columns": (
        lambda A, y: (np.asfortranarray(spoilt(A, np.nan)), y),
        r"A must be finite, got nan at \(3, 2\)",
    ),
    "inf in a single A": (
        lambda A, y: (spoilt(A, np.inf).astype(np.float32, order="F"), y.astype("f4")),
        r"A must be finite, got inf at \(3, 2\)",
    ),
    "nan in a sparse A": (
        lambda A, y: (csc_array(spoilt(A, np.nan)), y),
        "A must be finite",
    ),
    "nan in y": (lambda A, y: (A, np.where(y > 0, y, np.nan)), "y must be finite, got"),
    "inf in y": (lambda A, y: (A, y + np.inf), "y must be finite, got inf at"),
    "short y": (lambda A, y: (A, y[:-3]), r"y must have shape \(40,\) .* got \(37,\)"),
    "column y": (lambda A, y: (A, y[:, None]), r"y must have shape .* got \(40, 1\)"),
    "one axis": (lambda A, y: (A[:, 0], y), r"A must have 2 axes, got shape \(40,\)"),
    "no rows": (lambda A, y: (A[:0], y[:0]), "A must have rows and columns, got shape"),
    "no columns": (lambda A, y: (A[:, :0], y), "A must have rows and columns"),
    "complex A": (lambda A, y: (A + 1j * A, y), "A must be real, got complex128"),
    "complex sparse A": (
        lambda A, y: (csc_array(A + 1j * A), y),
        "A must be real, got complex128",
    ),
    "complex operator": (
        lambda A, y: (aslinearoperator(A + 1j * A), y),
        "A must be real, got complex128",
    ),
    "complex y": (lambda A, y: (A, 1j * y), "y must be real, got complex128"),
    "text": (lambda A, y: (A.astype(str), y), "A must be numeric, got dtype <U"),
    "a name": (lambda A, y: ("A", y), "A must be an array, .* got str"),
    "masked A": (lambda A, y: (np.ma.masked_array(A), y), "A must not be masked"),
    "masked y": (lambda A, y: (A, np.ma.masked_array(y)), "y must not be masked"),
    "no adjoint": (
        lambda A, y: (LinearOperator(A.shape, matvec=lambda x: A @ x, dtype=float), y),
        "A must have an adjoint",
    ),
}
