"""The experiments behind the figures.

A study returns results under names whose parts are separated by slashes, the first
being that of the study. Its argument `run` holds what phase transitions take in
addition: seed, workers, progress, store, executor.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

import numpy as np

from sparsetheory.ensembles import (
    gaussian,
    gaussian_ar1,
    gaussian_equicorrelated,
    rademacher,
    random_layers,
    spherical,
)
from sparsetheory.experiments.curve import transition_curve
from sparsetheory.experiments.phase import phase_transition
from sparsetheory.experiments.rules import exact_support
from sparsetheory.experiments.setting import can_end_early
from sparsetheory.experiments.store import Result
from sparsetheory.signals import grouped_signal
from sparsetheory.solvers.amp import amp
from sparsetheory.solvers.basis_pursuit import (
    basis_pursuit,
    group_basis_pursuit,
    nonnegative_basis_pursuit,
)
from sparsetheory.solvers.greedy import iht
from sparsetheory.solvers.proximal import fista
from sparsetheory.solvers.pursuit import cosamp, htp, omp, subspace_pursuit
from sparsetheory.structured import (
    flat_circulant,
    partial_dct,
    partial_fourier,
    partial_hadamard,
    random_circulant,
    random_toeplitz,
)
from sparsetheory.types import Ensemble, Recovery, Solver, Vector

Run = Mapping[str, Any]


def lasso(A: Any, y: Vector, k: int) -> Recovery:
    """Solve the LASSO to high accuracy, with a hundredth of the largest penalty."""
    return fista(A, y, 1e-2 * float(np.abs(A.T @ y).max()), tol=1e-9)


SOLVERS: dict[str, Solver] = {
    "Basis pursuit, certified": basis_pursuit,
    "Iterative hard thresholding": partial(iht, max_iter=1000),
    "Hard thresholding pursuit": htp,
    "CoSaMP": cosamp,
    "Subspace pursuit": subspace_pursuit,
    "Orthogonal matching pursuit": omp,
    "Approximate message passing": amp,
    "Non-negative basis pursuit, certified": nonnegative_basis_pursuit,
}
ENSEMBLES: dict[str, Ensemble] = {
    "Gaussian matrices": gaussian,
    "random signs": rademacher,
    "unit random columns": spherical,
    "random rows of the DCT": partial_dct,
    "random Fourier rows": partial_fourier,
    "random Hadamard rows": partial_hadamard,
    "random rows of a circulant": random_circulant,
    "rows of an orthogonal circulant": flat_circulant,
    "random Toeplitz matrices": random_toeplitz,
    "columns correlated like .5^lag": gaussian_ar1,
    "columns of correlation .5": gaussian_equicorrelated,
    "random layers, 4 → 8 channels": random_layers(4, 8, (3, 3), (8, 8)),
}
SLOW = tuple(ENSEMBLES)[-3:]  # to converge on: trials are not ended early
BASIS_PURSUIT, IHT, HTP = list(SOLVERS)[:3]
OMP, NONNEGATIVE = "Orthogonal matching pursuit", list(SOLVERS)[-1]


def ratios(count: int) -> Vector:
    """Return so many values evenly inside (0, 1)."""
    return np.arange(1, count + 1) / (count + 1)


def maps(
    run: Run,
    *,
    solvers: Mapping[str, Solver],
    draws: Mapping[str, Ensemble],
    n: int,
    grid: int,
    trials: int,
    signal: str = "gaussian",
) -> dict[str, Result]:
    """Map each solver on each ensemble."""
    return {
        f"maps/{name}/{title}": phase_transition(
            *(solver,),
            n=getattr(draw, "n", n),
            delta=ratios(grid),
            rho=ratios(grid),
            trials=trials,
            ensemble=draw,
            signal=signal,
            stop_early=can_end_early(solver),
            **run,
        )
        for title, draw in draws.items()
        for name, solver in solvers.items()
    }


def curves(
    run: Run, *, solvers: Iterable[str], n: int, columns: int, trials: int
) -> dict[str, Result]:
    """Find the transitions of solvers, for Gaussian and for equal amplitudes."""
    found: dict[str, Result] = {}
    for amplitude in ("gaussian", "signs"):
        for name in solvers:
            if name == NONNEGATIVE and amplitude == "signs":
                continue
            solver = SOLVERS[name]
            found[f"curves/{amplitude}/{name}"] = transition_curve(
                *(solver,),
                n=n,
                delta=ratios(columns),
                trials=trials,
                signal="nonnegative" if name == NONNEGATIVE else amplitude,
                stop_early=can_end_early(solver),
                **run,
            )
    return found


def universality(
    run: Run, *, draws: Iterable[str], n: int, columns: int, trials: int
) -> dict[str, Result]:
    """Find the transitions of a convex and of a greedy solver on many ensembles."""
    return {
        f"universality/{name}/{title}": transition_curve(
            *(SOLVERS[name],),
            n=getattr(ENSEMBLES[title], "n", n),
            delta=ratios(columns),
            trials=trials,
            ensemble=ENSEMBLES[title],
            signal="signs",
            stop_early=can_end_early(SOLVERS[name]) and title not in SLOW,
            **run,
        )
        for name in (BASIS_PURSUIT, IHT)
        for title in draws
    }


def noise(run: Run, *, n: int, levels: Iterable[float], trials: int) -> dict[str, Any]:
    """Find supports from data with more and more noise."""
    return {
        f"noise/{name}/{level:g}": phase_transition(
            *(SOLVERS[name],),
            n=n,
            delta=0.5,
            rho=0.1,
            trials=trials,
            signal="signs",
            noise=level,
            success=exact_support,
            stop_early=can_end_early(SOLVERS[name]),
            **run,
        )
        for name in (IHT, HTP, OMP)
        for level in levels
    }


def correlation(
    run: Run, *, n: int, levels: Iterable[float], trials: int
) -> dict[str, Result]:
    """Recover with columns that are more and more alike."""
    kinds = {
        "$c^{|i - j|}$ of columns i and j": gaussian_ar1,
        "$c$ of any two columns": gaussian_equicorrelated,
    }
    levels = list(levels)
    return {
        f"correlation/{kind}/{name}/{level:g}": phase_transition(
            *(SOLVERS[name],),
            n=n,
            delta=0.5,
            rho=0.15,
            trials=trials,
            ensemble=partial(draw, correlation=level),
            signal="signs",
            **run,
        )
        for kind, draw in kinds.items()
        for name in (BASIS_PURSUIT, IHT, HTP, OMP)
        for level in levels
    }


def groups(
    run: Run, *, n: int, sizes: Iterable[int], columns: int, trials: int
) -> dict[str, Result]:
    """Find the transitions of the group norm, for groups of several sizes."""
    return {
        f"groups/{size}": transition_curve(
            *(partial(group_basis_pursuit, groups=size),),
            n=n,
            delta=ratios(columns),
            trials=trials,
            signal=grouped_signal(size),
            **run,
        )
        for size in sizes
    }


def scaling(
    run: Run, *, sizes: Iterable[int], delta: Iterable[float], trials: int
) -> dict[str, Result]:
    """Find the transitions of basis pursuit at several n."""
    delta = list(delta)
    return {
        f"scaling/{n}": transition_curve(
            basis_pursuit, n=n, delta=delta, trials=trials, **run
        )
        for n in sizes
    }


def support(
    run: Run, *, n: int, counts: Iterable[int], rows: Iterable[float], trials: int
) -> dict[str, Result]:
    """Find supports by the LASSO, at multiples of 2 k log(n - k) rows."""
    rows = list(rows)
    sizes = {(k, round(2 * k * np.log(n - k) * r)) for k in counts for r in rows}
    return {
        f"support/{k}/{m}": phase_transition(
            *(lasso,),
            n=n,
            delta=m / n,
            rho=k / m,
            trials=trials,
            signal="signs",
            success=exact_support,
            tol=1e-6,
            **run,
        )
        for k, m in sorted(sizes)
        if k <= m <= n
    }
