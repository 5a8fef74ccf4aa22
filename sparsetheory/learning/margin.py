"""Margins of linear classifiers, and the largest ones, with proofs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sparsetheory._checks import check_array, check_vector
from sparsetheory.types import Matrix, Vector


@dataclass(frozen=True, slots=True, eq=False)
class Margin:
    r"""Margins of a linear classifier, by `margin`.

    Attributes
    ----------
    margins : ndarray, shape (m,)
        :math:`y_i (\langle w, x_i \rangle + b) / \|w\|`, the signed distances of the
        samples from the decision boundary, positive where they are classified right.
    radius : float
        Largest length of a sample, in the features that w uses.
    """

    margins: Vector
    radius: float

    @property
    def geometric(self) -> float:
        """The least of `margins`, negative if a sample is on the wrong side."""
        return float(self.margins.min())

    @property
    def normalised(self) -> float:
        """The geometric margin over the radius, which no rescaling of x changes.

        NaN if the samples are zero in all features that w uses.
        """
        return self.geometric / self.radius if self.radius > 0 else float("nan")


def margin(
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    w: npt.ArrayLike,
    b: float = 0.0,
    *,
    p: int = 2,
) -> Margin:
    r"""Geometric and normalised margin of a linear classifier.

    .. math:: \gamma = \min_i \frac{y_i (\langle w, x_i \rangle + b)}{\|w\|_p},
        \qquad \frac{\gamma}{\max_i \|x_i\|_q},
        \qquad \frac1p + \frac1q = 1.

    Distances are in the norm of q; for p = 1 they are the largest change of a feature.
    The length of x counts only features where w is not zero, and is about the origin:
    with an intercept, centre X first.

    Parameters
    ----------
    X : array_like, shape (m, n)
        Samples in rows.
    y : array_like, shape (m,)
        Labels -1 and 1.
    w : array_like, shape (n,)
        Not zero.
    b : float
        Intercept.
    p : {1, 2}
        Norm of w.

    Returns
    -------
    Margin

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    See Also
    --------
    deletion_margins, max_margin

    Examples
    --------
    Without its second feature this classifier has a larger margin.

    >>> import sparsetheory as st
    >>> X, y = [[1.0, 1.0], [1.0, -1.0]], [1, 1]
    >>> st.margin(X, y, [1, 1]).geometric, st.margin(X, y, [1, 0]).geometric
    (0.0, 1.0)
    """
    A, labels, v = check_classifier(X, y, w)
    shift = float(check_array("b", b, 0))
    v, size = _unit(v, check_p(p))
    return Margin(labels * (A @ v + shift / size), radius(A[:, v != 0], p))


def deletion_margins(
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    w: npt.ArrayLike,
    b: float = 0.0,
    *,
    p: int = 2,
) -> Vector:
    r"""Geometric margin of a linear classifier without each of its features.

    For w of norm one and margins :math:`m_i`, deleting feature j and nothing else gives

    .. math:: \min_i \frac{m_i - y_i w_j x_{ij}}{(1 - |w_j|^p)^{1/p}},

    so deleting it raises the margin exactly if that exceeds :math:`\min_i m_i`. No
    deletion raises the margin of `max_margin`: what is left is a classifier too. It may
    raise the normalised margin, for the radius falls with features.

    Parameters
    ----------
    X, y, w, b, p
        As for `margin`.

    Returns
    -------
    ndarray, shape (n,)
        NaN for a feature without which w is zero; the margin itself where w is zero.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    Examples
    --------
    >>> import sparsetheory as st
    >>> X, y, w = [[1.0, 0.5], [1.0, -0.3], [1.2, 0.1]], [1, 1, 1], [1.0, 0.8]
    >>> round(st.margin(X, y, w).geometric, 4), st.deletion_margins(X, y, w)
    (0.5935, array([-0.3,  1. ]))
    """
    A, labels, v = check_classifier(X, y, w)
    shift = float(check_array("b", b, 0))
    v, size = _unit(v, check_p(p))
    own = labels * (shift / size)
    A = A * labels[:, None]
    margins = A @ v + own
    rest = 1 - np.abs(v) ** p
    at = int(np.abs(v).argmax())  # alone may it be near one, and the rest cancel
    others = np.where(np.arange(v.size) == at, 0.0, v)
    found = (margins[:, None] - A * v).min(axis=0)
    found[at] = (A @ others + own).min()
    rest[at] = (np.abs(others) ** p).sum()
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(rest > 0, found / rest ** (1 / p), np.nan)


def check_classifier(
    X: npt.ArrayLike, y: npt.ArrayLike, w: npt.ArrayLike
) -> tuple[Matrix, Vector, Vector]:
    """Return samples, labels and weights that are not zero."""
    A, labels = check_samples(X, y)
    v = check_array("w", w, 1)
    if v.size != A.shape[1]:
        raise ValueError(f"w must have shape ({A.shape[1]},) to match X, got {v.shape}")
    if not v.any():
        raise ValueError("w must not be zero")
    return A, labels, v


def check_samples(X: npt.ArrayLike, y: npt.ArrayLike) -> tuple[Matrix, Vector]:
    """Return samples in rows, and labels -1 and 1."""
    A = check_array("X", X, 2)
    if 0 in A.shape:
        raise ValueError(f"X must have rows and columns, got shape {A.shape}")
    labels = check_vector("y", y, A.shape[0], "X")
    wrong = labels[np.abs(labels) != 1]
    if wrong.size:
        raise ValueError(f"y must hold labels -1 and 1, got {wrong[0]}")
    return A, labels


def check_p(p: int) -> int:
    """Return 1 or 2."""
    if p not in (1, 2):
        raise ValueError(f"p must be 1 or 2, got {p!r}")
    return int(p)


def _unit(v: Vector, p: int) -> tuple[Vector, float]:
    """Return v over its norm, and that."""
    peak = float(np.abs(v).max())
    size = float(np.linalg.norm(v / peak, p))
    return v / peak / size, peak * size


def radius(A: Matrix, p: int) -> float:
    """Return the largest length of a row, in the norm dual to that of p."""
    peak = float(np.abs(A).max())
    if p == 1 or peak == 0:
        return peak
    return peak * float(np.linalg.norm(A / peak, axis=1).max())
