"""Empirical phase transitions of sparse recovery."""

from __future__ import annotations

import functools
import inspect
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from sparsetheory._checks import (
    check_integer,
    check_number,
    check_ratios,
    check_vector,
    quiet,
)
from sparsetheory._parallel import cpu_count, parallel_map
from sparsetheory._rng import Role, stream
from sparsetheory.ensembles import Amplitude, gaussian, sparse_signal
from sparsetheory.experiments.store import PhaseMap, versions
from sparsetheory.solvers.basis_pursuit import basis_pursuit
from sparsetheory.solvers.certificates import Verdict, l1_verdict
from sparsetheory.types import Ensemble, Recovery, Signal, Solver

BLOCK = 16  # trials per job: short enough for a smooth progress bar

Job = tuple[int, int, range]


def phase_transition(
    solver: Solver,
    *,
    delta: npt.ArrayLike,
    rho: npt.ArrayLike,
    n: int | None = None,
    trials: int = 50,
    ensemble: Ensemble = gaussian,
    signal: Signal | str = sparse_signal,
    seed: int = 0,
    tol: float = 1e-3,
    workers: int | None = None,
    progress: bool = False,
) -> PhaseMap:
    """Count recoveries over a grid of δ = m/n and ρ = k/m.

    A trial draws A (m x n) and a k-sparse x and runs ``solver(A, A @ x, k)``.

    Parameters
    ----------
    solver : callable
        ``(A, y, k) -> Recovery``. For `basis_pursuit` passed as it is, no solver runs:
        each trial is decided by a proof, see Notes.
    delta, rho : array_like
        Ratios in (0, 1], crossed. Run are ``m = round(delta n)`` and
        ``k = round(rho m)``, at least 1, which the result holds.
    n : int, optional
        Number of columns; may be left out if the ensemble has its own.
    trials : int
        Per cell.
    ensemble : callable
        ``(m, n, rng) -> A``, such as `gaussian` or ``random_rows(layer)``. Cells with
        more rows than it has stay empty.
    signal : callable or str
        ``(n, k, rng) -> x``, or an amplitude of `sparse_signal`.
    seed : int
        Non-negative.
    tol : float
        Success is ``||x_hat - x|| <= tol ||x||``. Otherwise a trial is a failure if
        the solver converged, and unresolved if it stopped short.
    workers : int, optional
        Threads, by default all processors. Use 1 for a solver that is not thread-safe.
    progress : bool
        Show a progress bar on standard error.

    Returns
    -------
    PhaseMap

    Raises
    ------
    TypeError
        If the solver has the signature ``(A, y, lam)``, or none of three arguments.
    ValueError
        If an argument is out of range.

    Notes
    -----
    A trial's random stream depends on ``(seed, n, m, k, trial)`` alone: not on grid,
    order or workers. Two solvers meet the same problems, and a finer grid or more
    trials extend a map without changing it.

    For basis pursuit, a strictly feasible dual vector proves that x is the only
    minimiser, and a feasible direction along which the norm falls proves that it is
    none; one of them is found, up to a relative rounding of 1e-9, so that neither
    `tol` nor a solver's accuracy moves the curve.

    Examples
    --------
    >>> import sparsetheory as st
    >>> result = st.phase_transition(
    ...     st.iht, n=50, delta=[0.5], rho=[0.05, 0.9], trials=10, workers=1
    ... )
    >>> result.successes.ravel(), result.k.ravel()
    (array([10,  0]), array([ 1, 22]))
    """
    check_solver(solver)
    delta, rho = check_ratios("delta", delta), check_ratios("rho", rho)
    own = getattr(ensemble, "n", None)
    if n is None and own is None:
        raise ValueError("n must be given: the ensemble has none of its own")
    n = check_integer("n", own if n is None else n, 2)
    if own not in (None, n):
        raise ValueError(f"n must be {own}, that of the ensemble, got {n}")
    trials = check_integer("trials", trials, 1)
    seed = check_integer("seed", seed, 0)
    tol = check_number("tol", tol)
    workers = check_integer("workers", cpu_count() if workers is None else workers, 1)
    if isinstance(signal, str):
        signal = functools.partial(sparse_signal, amplitude=cast(Amplitude, signal))
        signal(1, 1, 0)

    m = np.maximum(1, np.rint(delta * n)).astype(np.int64)
    k = np.maximum(1, np.rint(np.outer(rho, m))).astype(np.int64)
    possible = m <= getattr(ensemble, "max_rows", np.inf)
    certified = solver is basis_pursuit
    rule = "certificate" if certified else f"||x_hat - x|| <= {tol!r} ||x||"
    settings = {
        "solver": describe(solver),
        "ensemble": describe(ensemble),
        "signal": describe(signal),
        "success": rule,
        "versions": versions(),
    }

    def run(job: Job) -> list[Verdict]:
        i, j, block = job
        problem = (seed, n, int(m[j]), int(k[i, j]))
        with quiet():
            return [
                _trial(solver, ensemble, signal, problem, trial, tol) for trial in block
            ]

    blocks = [range(a, min(a + BLOCK, trials)) for a in range(0, trials, BLOCK)]
    cells = [(i, j) for j in np.flatnonzero(possible) for i in range(rho.size)]
    jobs = [(i, int(j), block) for i, j in cells for block in blocks]
    counts = {verdict: np.zeros(k.shape, dtype=np.int64) for verdict in Verdict}
    from tqdm import tqdm

    total = len(cells) * trials
    with tqdm(total=total, disable=not progress, unit="trial", smoothing=0) as bar:
        bar.set_description(settings["solver"])
        for (i, j, _), verdicts in parallel_map(run, jobs, workers):
            for verdict in verdicts:
                counts[verdict][i, j] += 1
            bar.update(len(verdicts))
    return PhaseMap(
        delta,
        rho,
        m,
        k,
        counts[Verdict.SUCCESS],
        counts[Verdict.FAILURE],
        counts[Verdict.UNRESOLVED],
        trials,
        n,
        seed,
        settings,
    )


def _trial(
    solver: Solver,
    ensemble: Ensemble,
    signal: Signal,
    problem: tuple[int, int, int, int],
    trial: int,
    tol: float,
) -> Verdict:
    seed, n, m, k = problem
    A = ensemble(m, n, stream(seed, n, m, k, trial, Role.MATRIX))
    x = signal(n, k, stream(seed, n, m, k, trial, Role.SIGNAL))
    x = check_vector("the signal", x, n, "n")
    if solver is basis_pursuit:
        return l1_verdict(A, x)
    found = solver(A, A @ x, k)
    if not isinstance(found, Recovery):
        kind = type(found).__name__
        raise TypeError(f"{describe(solver)} must return a Recovery, got {kind}")
    error = np.linalg.norm(found.x - x)
    if error <= tol * np.linalg.norm(x):
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
        given = [repr(a) for a in function.args]
        given += [f"{key}={value!r}" for key, value in function.keywords.items()]
        return f"{describe(function.func)}({', '.join(given)})"
    if hasattr(function, "__qualname__"):
        return str(function.__qualname__)
    name = type(function).__name__
    return name if " at 0x" in repr(function) else repr(function)
