"""One trial of recovery: a problem drawn, solved and judged."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from sparsetheory._checks import check_integer, check_number, check_vector, quiet
from sparsetheory._parallel import stop_if_cancelled
from sparsetheory._rng import Role, stream
from sparsetheory.experiments.store import versions
from sparsetheory.signals import Amplitude, sparse_signal
from sparsetheory.solvers.basis_pursuit import basis_pursuit
from sparsetheory.solvers.certificates import Verdict, l1_verdict
from sparsetheory.types import Ensemble, Recovery, Signal, Solver

ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
BLOCK = 16  # trials per job: short enough for a smooth progress bar


COLUMN = {Verdict.SUCCESS: 0, Verdict.FAILURE: 1, Verdict.UNRESOLVED: 2}

Cell = tuple[int, int]
"""Rows m and nonzeros k."""


@dataclass(frozen=True, eq=False)
class Setting:
    """What all trials of an experiment share; make it by `check_setting`."""

    solver: Solver
    ensemble: Ensemble
    signal: Signal
    n: int
    seed: int
    tol: float

    @property
    def max_rows(self) -> float:
        """Most rows that the ensemble can draw."""
        return float(getattr(self.ensemble, "max_rows", np.inf))

    def describe(self) -> dict[str, Any]:
        """Return the setting as text, with the versions of the packages."""
        certified = self.solver is basis_pursuit
        by_error = f"||x_hat - x|| <= {self.tol!r} ||x||"
        return {
            "solver": describe(self.solver),
            "ensemble": describe(self.ensemble),
            "signal": describe(self.signal),
            "success": "certificate" if certified else by_error,
            "versions": versions(),
        }


def check_setting(
    solver: Solver,
    n: int | None,
    ensemble: Ensemble,
    signal: Signal | str,
    seed: int,
    tol: float,
) -> Setting:
    """Return the setting, or raise if something in it can't be."""
    check_solver(solver)
    own = getattr(ensemble, "n", None)
    if n is None and own is None:
        raise ValueError("n must be given: the ensemble has none of its own")
    n = check_integer("n", own if n is None else n, 2)
    if own not in (None, n):
        raise ValueError(f"n must be {own}, that of the ensemble, got {n}")
    seed = check_integer("seed", seed, 0)
    tol = check_number("tol", tol)
    if isinstance(signal, str):
        signal = functools.partial(sparse_signal, amplitude=cast(Amplitude, signal))
        signal(1, 1, 0)
    return Setting(solver, ensemble, signal, n, seed, tol)


def run_trials(setting: Setting, m: int, k: int, trials: range) -> list[Verdict]:
    """Return the verdicts on the trials of those numbers."""
    verdicts = []
    with quiet():
        for trial in trials:
            stop_if_cancelled()
            verdicts.append(_trial(setting, m, k, trial))
    return verdicts


def stretches(trials: list[int]) -> Iterator[range]:
    """Split ascending numbers of trials into runs of at most a block."""
    start = 0
    for i in range(1, len(trials) + 1):
        gap = i == len(trials) or trials[i] != trials[i - 1] + 1
        if gap or i - start == BLOCK:
            yield range(trials[start], trials[i - 1] + 1)
            start = i


def _trial(setting: Setting, m: int, k: int, trial: int) -> Verdict:
    n, key = setting.n, (setting.seed, setting.n, m, k, trial)
    A = setting.ensemble(m, n, stream(*key, Role.MATRIX))
    x = setting.signal(n, k, stream(*key, Role.SIGNAL))
    x = check_vector("the signal", x, n, "n")
    if tuple(A.shape) != (m, n):
        raise ValueError(f"the ensemble must draw {m} x {n}, got {tuple(A.shape)}")
    if np.count_nonzero(x) != k:
        raise ValueError(
            f"the signal must have k = {k} nonzeros, got {np.count_nonzero(x)}"
        )
    if setting.solver is basis_pursuit:
        return l1_verdict(A, x)
    found = setting.solver(A, A @ x, k)
    if not isinstance(found, Recovery):
        kind = type(found).__name__
        raise TypeError(
            f"{describe(setting.solver)} must return a Recovery, got {kind}"
        )
    if np.shape(found.x) != (n,):
        name = describe(setting.solver)
        raise ValueError(
            f"{name} must return x of shape ({n},), got {np.shape(found.x)}"
        )
    error = np.linalg.norm(found.x - x)
    if error <= setting.tol * np.linalg.norm(x):
        return Verdict.SUCCESS
    return Verdict.FAILURE if found.converged else Verdict.UNRESOLVED


def check_solver(solver: Any) -> None:
    """Raise unless `solver` is a callable that takes ``(A, y, k)``."""
    if not callable(solver):
        raise TypeError(
            f"solver must be a callable (A, y, k) -> Recovery, got {solver!r}"
        )
    try:
        parameters = inspect.signature(solver).parameters
    except ValueError:  # a builtin: nothing to look at
        return
    positional = [
        p.name
        for p in parameters.values()
        if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]
    name = describe(solver)
    if positional[2:3] == ["lam"]:
        groups = ", groups" if positional[3:4] == ["groups"] else ""
        raise TypeError(
            f"{name} takes (A, y, lam{groups}), a phase map needs (A, y, k); wrap it, "
            f"say  lambda A, y, k: st.{name}(A, y, 1e-4 * abs(A.T @ y).max(){groups})"
        )
    variadic = any(p.kind == p.VAR_POSITIONAL for p in parameters.values())
    if len(positional) < 3 and not variadic:
        raise TypeError(
            f"{name} must take (A, y, k), it takes ({', '.join(positional)})"
        )


def describe(function: Any) -> str:
    """Return a name that says the same on every run."""
    if isinstance(function, functools.partial):
        given = [describe(a) for a in function.args]
        given += [f"{key}={describe(v)}" for key, v in function.keywords.items()]
        return f"{describe(function.func)}({', '.join(given)})"
    if hasattr(function, "__qualname__"):
        return str(function.__qualname__)
    return ADDRESS.sub("", repr(function))
