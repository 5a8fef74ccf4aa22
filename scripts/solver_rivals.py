"""Problems of the LASSO, and the solvers that `bench_solvers.py` compares on them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp

import sparsetheory as st
from sparsetheory._checks import quiet

CLOSE = [10.0**-e for e in range(6, 14)]  # tolerances of what stops on a gap
LOOSE = [10.0**-e for e in range(3, 14)]
PROGRESS = [10.0**-e for e in range(6, 25)]  # of what stops on small steps


@dataclass(frozen=True)
class Problem:
    """A matrix with contiguous columns, data, and a weight; for groups their size."""

    name: str
    A: np.ndarray
    y: np.ndarray
    over: float
    size: int = 0
    layer: Any = None

    @cached_property
    def lam(self) -> float:
        """The weight."""
        if self.size:
            return st.group_lambda_max(self.A, self.y, self.size) / self.over
        return st.lambda_max(self.A, self.y) / self.over

    @cached_property
    def sparse(self) -> Any:
        """The matrix in CSC format."""
        return sp.csc_matrix(self.A)

    @cached_property
    def starts(self) -> np.ndarray:
        """Where groups begin."""
        return np.arange(0, self.A.shape[1], self.size)

    def gap(self, x: Any) -> float:
        """Return the gap of x by the residual as dual point, over ``||y||^2 / 2``."""
        x = np.asarray(x, dtype=float).ravel()
        if self.size:
            gap = st.group_lasso_gap(self.A, self.y, self.lam, self.size, x)
        else:
            gap = st.lasso_gap(self.A, self.y, self.lam, x)
        return gap / (0.5 * float(self.y @ self.y))


# Solvers: of a problem and their own tolerance


def ours(p: Problem, tol: float) -> Any:
    A = p.A if p.layer is None else p.layer
    with quiet():
        if p.size:
            return st.group_lasso(A, p.y, p.lam, p.size, tol=tol).x
        return st.lasso(A, p.y, p.lam, tol=tol).x


def celer(p: Problem, tol: float, csc: bool = False) -> Any:
    import celer

    alpha, A = p.lam / len(p.y), p.sparse if csc else p.A
    options = {"max_iter": 200, "max_epochs": 10**6}
    if p.size:
        weights = np.full(p.starts.size, p.size**0.5)
        model = celer.GroupLasso(
            groups=p.size, alpha=alpha, tol=tol, fit_intercept=False, weights=weights
        )
        return model.set_params(**options).fit(A, p.y).coef_
    found = celer.celer_path(A, p.y, "lasso", alphas=[alpha], tol=tol, **options)
    return found[1][:, 0]


def skglm(p: Problem, tol: float, csc: bool = False) -> Any:
    import skglm

    alpha, A = p.lam / len(p.y), p.sparse if csc else p.A
    options = {"tol": tol, "fit_intercept": False, "max_iter": 1000}
    if p.size:
        weights = np.full(p.starts.size, p.size**0.5)
        model = skglm.GroupLasso(
            groups=p.size, alpha=alpha, weights=weights, max_epochs=10**5, **options
        )
    else:
        model = skglm.Lasso(alpha=alpha, max_epochs=10**6, **options)
    return model.fit(A, p.y).coef_


def adelie(p: Problem, tol: float, csc: bool = False, lams: int = 1) -> Any:
    import adelie as ad

    kind = ad.matrix.sparse if csc else ad.matrix.dense
    X = kind(p.sparse if csc else p.A, method="naive", n_threads=1)
    alphas = np.geomspace(p.over, 1, lams) if lams > 1 else np.ones(1)
    groups = {"groups": p.starts} if p.size else {}
    state = ad.grpnet(
        X=X,
        glm=ad.glm.gaussian(y=p.y),
        lmda_path=alphas * p.lam / len(p.y),
        intercept=False,
        early_exit=False,
        tol=tol,
        max_iters=10**6,
        progress_bar=False,
        n_threads=1,
        **groups,
    )
    return state.betas[-1].toarray().ravel()


def adelie_path(p: Problem, tol: float) -> Any:
    return adelie(p, tol, lams=20)


def sklearn(p: Problem, tol: float, csc: bool = False) -> Any:
    from sklearn.linear_model import Lasso

    model = Lasso(p.lam / len(p.y), fit_intercept=False, tol=tol, max_iter=10**7)
    return model.fit(p.sparse if csc else p.A, p.y).coef_


def pylops(p: Problem, tol: float) -> Any:
    import pylops

    A, options = pylops.MatrixMult(p.A), {"niter": 10**5, "tol": tol}
    return pylops.optimization.sparsity.fista(A, p.y, eps=2 * p.lam, **options)[0]


def spgl1(p: Problem, tol: float) -> Any:
    """Solve for the l1 norm of the solution, which it is told."""
    import spgl1

    radius = _radius(p)
    return spgl1.spg_lasso(p.A, p.y, radius, opt_tol=tol, iter_lim=10**5)[0]


def _radius(p: Problem) -> float:
    if "radius" not in p.__dict__:
        p.__dict__["radius"] = float(np.abs(ours(p, 1e-12)).sum())
    return p.__dict__["radius"]


def csc(solver: Callable[..., Any]) -> Callable[[Problem, float], Any]:
    return lambda p, tol: solver(p, tol, csc=True)


Solver = tuple[str, Callable[[Problem, float], Any], list[float]]
LASSO: dict[str, Solver] = {
    "celer": ("celer", celer, CLOSE),
    "skglm": ("skglm", skglm, LOOSE),
    "adelie": ("adelie", adelie, PROGRESS),
    "scikit-learn": ("sklearn", sklearn, CLOSE),
    "PyLops": ("pylops", pylops, LOOSE),
    "SPGL1": ("spgl1", spgl1, LOOSE),
}
SPARSE: dict[str, Solver] = {
    "celer, CSC": ("celer", csc(celer), CLOSE),
    "skglm, CSC": ("skglm", csc(skglm), LOOSE),
    "adelie, CSC": ("adelie", csc(adelie), PROGRESS),
    "scikit-learn, CSC": ("sklearn", csc(sklearn), CLOSE),
}
GROUP: dict[str, Solver] = {
    "celer": LASSO["celer"],
    "skglm": LASSO["skglm"],
    "adelie": LASSO["adelie"],
    "adelie, path": ("adelie", adelie_path, PROGRESS),
}


def rivals_of(p: Problem, wanted: list[str]) -> dict[str, Solver]:
    """Return the solvers that apply, of the packages that are wanted and there."""
    table = GROUP if p.size else LASSO | (SPARSE if p.layer is not None else {})
    return {k: s for k, s in table.items() if s[0] in wanted}
