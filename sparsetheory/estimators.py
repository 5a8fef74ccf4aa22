"""Scikit-learn estimators, thin faces of the solvers.

Import this module for itself: `import sparsetheory` does not load scikit-learn.

Examples
--------
>>> import sparsetheory as st
>>> from sparsetheory.estimators import Lasso
>>> X = st.gaussian(60, 200, rng=0)
>>> y = 3.0 + X @ st.sparse_signal(200, 4, rng=1)
>>> model = Lasso(alpha=1e-4).fit(X, y)
>>> int((model.coef_ != 0).sum()), round(float(model.intercept_), 1)
(4, 3.0)
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from sparsetheory._checks import check_number
from sparsetheory.solvers._designs import Centred
from sparsetheory.solvers.greedy import iht
from sparsetheory.solvers.group_lasso import group_lasso
from sparsetheory.solvers.lasso import lasso
from sparsetheory.solvers.pursuit import htp
from sparsetheory.types import Recovery, Vector

FLOATS = [np.float64, np.float32]


class _Linear(RegressorMixin, BaseEstimator, ABC):
    """A linear model, whose `_solve` finds the coefficients for centred data."""

    fit_intercept: bool

    def fit(self, X: Any, y: Any) -> Self:
        """Fit the model.

        Parameters
        ----------
        X : array or sparse array, shape (m, n)
            In single precision it stays so; a sparse array is not densified.
        y : array_like, shape (m,)

        Returns
        -------
        self
        """
        X, y = validate_data(
            self, X, y, accept_sparse="csc", dtype=FLOATS, y_numeric=True
        )
        y = y.astype(X.dtype, copy=False)
        means, level, A = np.zeros(X.shape[1]), 0.0, X
        if self.fit_intercept:  # by means in double precision
            level = y.mean(dtype=np.float64)
            if issparse(X):
                A = Centred(X)
                means = A.means
            else:
                means = X.mean(axis=0, dtype=np.float64)
                A = (X - means).astype(X.dtype, copy=False)
        found = self._solve(A, (y - level).astype(X.dtype, copy=False))
        self.coef_ = found.x.astype(X.dtype, copy=False)
        self.intercept_ = X.dtype.type(level - means @ found.x)
        self.n_iter_ = max(found.n_iter, 1)
        if found.gap is not None:
            self.dual_gap_ = found.gap
        return self

    def predict(self, X: Any) -> Vector:
        """Return the predictions of the model.

        Parameters
        ----------
        X : array or sparse array, shape (m, n)

        Returns
        -------
        ndarray, shape (m,)
        """
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csc", dtype=FLOATS, reset=False)
        return np.asarray(X @ self.coef_ + self.intercept_)

    @abstractmethod
    def _solve(self, A: Any, y: Vector) -> Recovery:
        """Return the model for centred data."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


class IHT(_Linear):
    """Least squares with k coefficients, by iterative hard thresholding.

    Parameters
    ----------
    k : int, optional
        Coefficients that are not zero, by default ``max(1, n // 10)``.
    fit_intercept : bool
    max_iter : int
    tol : float
        As in `sparsetheory.iht`.

    Attributes
    ----------
    coef_ : ndarray, shape (n,)
    intercept_ : float
    n_iter_ : int
    """

    def __init__(
        self,
        k: int | None = None,
        *,
        fit_intercept: bool = True,
        max_iter: int = 3000,
        tol: float = 1e-12,
    ) -> None:
        self.k = k
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol

    def _solve(self, A: Any, y: Vector) -> Recovery:
        k = _default(self.k, A.shape[1])
        return iht(A, y, k, max_iter=self.max_iter, tol=self.tol)


class HTP(_Linear):
    """Least squares with k coefficients, by hard thresholding pursuit.

    Parameters
    ----------
    k : int, optional
        Coefficients that are not zero, by default ``max(1, n // 10)``.
    fit_intercept : bool
    max_iter : int
        As in `sparsetheory.htp`.

    Attributes
    ----------
    coef_ : ndarray, shape (n,)
    intercept_ : float
    n_iter_ : int
    """

    def __init__(
        self,
        k: int | None = None,
        *,
        fit_intercept: bool = True,
        max_iter: int = 200,
    ) -> None:
        self.k = k
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter

    def _solve(self, A: Any, y: Vector) -> Recovery:
        return htp(A, y, _default(self.k, A.shape[1]), max_iter=self.max_iter)


class Lasso(_Linear):
    r"""The LASSO, :math:`\min \frac{1}{2m}\|y - Xw - b\|^2 + \alpha\|w\|_1`.

    Parameters
    ----------
    alpha : float
        Positive; `lam` of `sparsetheory.lasso` over the number of samples.
    fit_intercept : bool
    max_iter : int
    tol : float
        As in `sparsetheory.lasso`: of the duality gap, relative to that of zero.

    Attributes
    ----------
    coef_ : ndarray, shape (n,)
    intercept_ : float
    n_iter_ : int
    dual_gap_ : float
        Of ``m`` times the objective.
    """

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        fit_intercept: bool = True,
        max_iter: int = 10_000,
        tol: float = 1e-6,
    ) -> None:
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol

    def _solve(self, A: Any, y: Vector) -> Recovery:
        lam = check_number("alpha", self.alpha) * y.size
        return lasso(A, y, lam, max_iter=self.max_iter, tol=self.tol)


class GroupLasso(_Linear):
    r"""The group LASSO, with penalty :math:`\alpha \sum_g w_g \|w_g\|_2`.

    Parameters
    ----------
    groups : int or array_like, shape (n,)
        Size of consecutive groups, or the label of each feature.
    alpha : float
        Positive; `lam` of `sparsetheory.group_lasso` over the number of samples.
    weights : array_like, optional
        Of the groups; by default the root of the size of each.
    fit_intercept : bool
    max_iter : int
    tol : float
        Of the duality gap, relative to that of zero.

    Attributes
    ----------
    coef_ : ndarray, shape (n,)
    intercept_ : float
    n_iter_ : int
    dual_gap_ : float
        Of ``m`` times the objective.
    """

    def __init__(
        self,
        groups: int | npt.ArrayLike = 1,
        alpha: float = 1.0,
        *,
        weights: npt.ArrayLike | None = None,
        fit_intercept: bool = True,
        max_iter: int = 10_000,
        tol: float = 1e-6,
    ) -> None:
        self.groups = groups
        self.alpha = alpha
        self.weights = weights
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol

    def _solve(self, A: Any, y: Vector) -> Recovery:
        lam = check_number("alpha", self.alpha) * y.size
        options: Any = {"max_iter": self.max_iter, "tol": self.tol}
        return group_lasso(A, y, lam, self.groups, weights=self.weights, **options)


def _default(k: int | None, n: int) -> int:
    return max(1, n // 10) if k is None else k
