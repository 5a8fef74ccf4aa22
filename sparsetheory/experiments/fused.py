"""Trials whose problem is drawn and solved in one compiled call."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from sparsetheory._checks import DOUBLE, SINGLE, check_loop
from sparsetheory._kernels._compile import JIT
from sparsetheory._kernels.threshold import ENTRIES
from sparsetheory._kernels.trial import drawn_iht
from sparsetheory._kernels.watch import current_watch
from sparsetheory._rng import Role, stream
from sparsetheory.ensembles import gaussian, spherical
from sparsetheory.experiments.setting import Setting
from sparsetheory.solvers.greedy import iht
from sparsetheory.types import Recovery, Solver, Vector

Fused = Callable[[int, int, int, Vector], Recovery]
"""From rows m, nonzeros k, the number of the trial and its signal."""

UNIT = ((gaussian, False), (spherical, True))  # ensembles; of columns of norm one
LEAST, MOST = 1e-5, 1e5  # magnitudes whose powers stay in the floats


def fused_solver(setting: Setting) -> Fused | None:
    """Return what draws the matrix of a trial and solves it, or None.

    It is there for `iht` with adaptive steps on matrices of independent normals and
    data without noise. But for rounding it finds what the solver does.
    """
    options = _adaptive(setting.solver)
    unit = [unit for ensemble, unit in UNIT if setting.ensemble is ensemble]
    plain = setting.noise == 0.0 and setting.signals_per_matrix == 1
    if not (JIT and plain and unit and options):
        return None
    dtype = SINGLE if setting.precision == "single" else DOUBLE
    most, tol = check_loop(options["max_iter"], options["tol"], dtype)
    accelerate = bool(options["accelerate"])

    def solve(m: int, k: int, trial: int, x: Vector) -> Recovery:
        rng = stream(setting.seed, setting.n, m, k, trial, Role.MATRIX)
        found, told = np.empty(setting.n, dtype), k // setting.unit
        n_iter, change = drawn_iht(
            *(rng, m, 1.0 if unit[0] else m**-0.5, unit[0], x.astype(dtype), told),
            *(ENTRIES, accelerate, current_watch(), most, tol, found),
        )
        return Recovery(found, n_iter, bool(change <= tol))

    return solve


def has_safe_scale(x: Vector) -> bool:
    """Whether `iht` would accept what a normal matrix makes of x."""
    return LEAST <= float(np.abs(x).max()) <= MOST


def _adaptive(solver: Solver) -> dict[str, Any] | None:
    """Return the options of `iht` if `solver` is it, from zero with adaptive steps."""
    if not isinstance(solver, functools.partial):
        solver = functools.partial(solver)
    if solver.func is not iht or solver.args:
        return None
    options = inspect.signature(solver).parameters
    given = {name: option.default for name, option in options.items()}
    return given if given["step"] is None and given["x0"] is None else None
