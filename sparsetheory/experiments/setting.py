"""What all trials of an experiment share."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

import numpy as np

from sparsetheory._checks import check_integer, check_number
from sparsetheory.ensembles import RandomLayers, RandomRows
from sparsetheory.experiments.environment import versions
from sparsetheory.experiments.rules import Rule, relative_error
from sparsetheory.operators import BlockCirculant
from sparsetheory.signals import Amplitude, sparse_signal
from sparsetheory.solvers.basis_pursuit import (
    basis_pursuit,
    group_basis_pursuit,
    nonnegative_basis_pursuit,
)
from sparsetheory.solvers.certificates import (
    Verdict,
    group_verdict,
    l1_verdict,
    nonnegative_verdict,
)
from sparsetheory.solvers.greedy import iht
from sparsetheory.solvers.groups import group_iht
from sparsetheory.solvers.pursuit import htp
from sparsetheory.structured import CIRCULANT
from sparsetheory.types import Ensemble, MeasurementOperator, Signal, Solver, Vector

ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")

Proof = Callable[[MeasurementOperator, Vector], Verdict]
PROOFS: dict[Any, Any] = {
    basis_pursuit: l1_verdict,
    nonnegative_basis_pursuit: nonnegative_verdict,
    group_basis_pursuit: group_verdict,
}
Precision = Literal["double", "single"]
SMALLEST = 1e-4  # tolerance that rounding in single precision leaves alone
WATCHED: tuple[Any, ...] = (iht, group_iht, htp)  # their kernels look at the watch


@dataclass(frozen=True, eq=False)
class Setting:
    """What all trials of an experiment share; make it by `check_setting`."""

    solver: Solver
    ensemble: Ensemble
    signal: Signal
    n: int
    seed: int
    tol: float
    success: Rule
    noise: float
    signals_per_matrix: int
    stop_early: bool
    precision: Precision

    @property
    def max_rows(self) -> float:
        """Most rows that the ensemble can draw."""
        return float(getattr(self.ensemble, "max_rows", np.inf))

    @property
    def unit(self) -> int:
        """Nonzeros come in multiples of it."""
        return int(getattr(self.signal, "group_size", 1))

    def describe(self) -> dict[str, Any]:
        """Return the setting as text, with the versions of the packages."""
        rule = f"{describe(self.success)}, tol {self.tol!r}"
        if self.success is relative_error:
            rule = f"||x_hat - x|| <= {self.tol!r} ||x||"
        return {
            "solver": describe(self.solver),
            "ensemble": describe(self.ensemble),
            "signal": describe(self.signal),
            "success": "certificate" if proof_of(self.solver) else rule,
            "noise": self.noise,
            "signals_per_matrix": self.signals_per_matrix,
            "stop_early": self.stop_early,
            "precision": self.precision,
            "versions": versions(),
        }


def check_setting(
    solver: Solver,
    n: int | None,
    ensemble: Ensemble,
    signal: Signal | str,
    seed: int,
    tol: float,
    success: Rule = relative_error,
    noise: float = 0.0,
    signals_per_matrix: int = 1,
    stop_early: bool = False,
    precision: Precision = "double",
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
    noise = check_number("noise", noise, positive=False)
    signals_per_matrix = check_integer("signals_per_matrix", signals_per_matrix, 1)
    if not callable(success):
        raise TypeError(f"success must be a rule (x_hat, x, tol) -> bool: {success!r}")
    if isinstance(signal, str):
        signal = functools.partial(sparse_signal, amplitude=cast(Amplitude, signal))
        signal(1, 1, 0)
    unit = getattr(signal, "group_size", 1)
    if n % unit:
        raise ValueError(f"n must be a multiple of the groups' size {unit}, got {n}")
    certified = proof_of(solver) is not None
    if noise > 0 and certified:
        name = describe(solver)
        raise ValueError(
            f"{name} is decided by proof, which is about data without noise; to run it "
            f"on noisy data pass  lambda A, y, k: st.{name}(A, y)"
        )
    if signals_per_matrix > 1 and not certified and _is_circulant(ensemble):
        raise ValueError(
            "signals_per_matrix must be 1 for circulant matrices, on each of which a "
            "solver's successes go together, unless trials are decided by proof; got "
            f"{signals_per_matrix}"
        )
    if stop_early and not (certified or can_end_early(solver)):
        raise ValueError(
            f"{describe(solver)} can't be stopped early, only "
            + ", ".join(describe(s) for s in WATCHED)
        )
    if precision not in get_args(Precision):
        raise ValueError(f"precision must be double or single, got {precision!r}")
    if precision == "single" and certified:
        raise ValueError(f"{describe(solver)} is decided by proof, in double precision")
    if precision == "single" and tol < SMALLEST:
        raise ValueError(
            f"tol must be at least {SMALLEST} in single precision, got {tol}"
        )
    return Setting(
        *(solver, ensemble, signal, n, seed, tol, success, noise),
        *(signals_per_matrix, bool(stop_early), precision),
    )


def proof_of(solver: Solver) -> Proof | None:
    """Return what decides by proof whether `solver` recovers x, or None."""
    if isinstance(solver, functools.partial):
        verdict = PROOFS.get(solver.func)
        if verdict is None or solver.args:
            return None
        known = set(inspect.signature(verdict).parameters)
        if not set(solver.keywords) <= known:
            return None
        return functools.partial(verdict, **solver.keywords)
    try:
        return cast(Proof | None, PROOFS.get(solver))
    except TypeError:  # not hashable
        return None


def is_ours(solver: Solver) -> bool:
    """Whether `solver` is one of this package."""
    module = str(getattr(getattr(solver, "func", solver), "__module__", ""))
    return module.startswith("sparsetheory.")


def can_end_early(solver: Solver) -> bool:
    """Whether a trial of `solver` may end as soon as its outcome is clear."""
    return getattr(solver, "func", solver) in WATCHED


def _is_circulant(ensemble: Ensemble) -> bool:
    if isinstance(ensemble, RandomRows):
        return ensemble.name.startswith(BlockCirculant.__name__)
    if isinstance(ensemble, RandomLayers):
        return True
    return getattr(ensemble, "func", ensemble) in CIRCULANT


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
    more = [
        p.name
        for p in list(parameters.values())[3:]
        if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
    ]
    if more:
        raise TypeError(
            f"{name} needs {', '.join(more)} as well; pass "
            f"functools.partial({name}, {more[0]}=...)"
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
