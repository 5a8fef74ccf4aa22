"""Empirical phase transitions of sparse recovery."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sparsetheory._checks import check_integer, check_ratios
from sparsetheory._parallel import cpu_count, parallel_map
from sparsetheory.ensembles import gaussian
from sparsetheory.experiments.store import PhaseMap
from sparsetheory.experiments.trials import (
    COLUMN,
    Cell,
    Setting,
    check_setting,
    run_trials,
    stretches,
)
from sparsetheory.experiments.trialstore import open_store
from sparsetheory.signals import sparse_signal
from sparsetheory.solvers.certificates import Verdict
from sparsetheory.types import Ensemble, Signal, Solver

Job = tuple[Cell, range]


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
    store: str | Path | None = None,
    executor: Executor | None = None,
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
    store : str or Path, optional
        File that keeps the outcome of each trial, made if it is not there. What it
        holds of the same setting is not run again, so that a run that died is resumed
        and a larger one extends a smaller; only what was in progress is lost, some 16
        trials per worker. A function is told from others by its code and what that
        refers to, a callable object by its class's code and its state.
    executor : concurrent.futures.Executor, optional
        Where trials run instead of threads: a process pool, or Dask's
        ``Client.get_executor()``. `workers` is then how many it has. Solver, ensemble
        and signal must be picklable if it needs that.

    Returns
    -------
    PhaseMap

    Raises
    ------
    TypeError
        If the solver has the signature ``(A, y, lam)``, or none of three arguments.
    ValueError
        If an argument is out of range; if the store is a file of another kind, or the
        solver, the ensemble or the signal can't be told from another of its name.
    OSError
        If the store can't be read or written.

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
    setting = check_setting(solver, n, ensemble, signal, seed, tol)
    delta, rho = check_ratios("delta", delta), check_ratios("rho", rho)
    trials = check_integer("trials", trials, 1)
    workers = check_integer("workers", cpu_count() if workers is None else workers, 1)

    n, described = setting.n, setting.describe()
    m = np.maximum(1, np.rint(delta * n)).astype(np.int64)
    k = np.maximum(1, np.rint(np.outer(rho, m))).astype(np.int64)
    columns = np.flatnonzero(m <= setting.max_rows)
    cells = {(int(m[j]), int(kk)): [0, 0, 0] for j in columns for kk in k[:, j]}

    from tqdm import tqdm

    kept = contextlib.nullcontext() if store is None else open_store(store, setting)
    total = len(cells) * trials
    with (
        kept as book,
        tqdm(total=total, disable=not progress, unit="trial", smoothing=0) as bar,
    ):
        bar.set_description(described["solver"])

        def count(cell: Cell, verdicts: Iterable[Verdict]) -> None:
            for verdict in verdicts:
                cells[cell][COLUMN[verdict]] += 1
                bar.update()

        def jobs() -> Iterator[Job]:
            for cell in cells:
                known = book.known(*cell) if book else {}
                count(cell, (v for t, v in known.items() if t < trials))
                missing = [t for t in range(trials) if t not in known]
                for block in stretches(missing):
                    yield cell, block

        run = partial(_run, setting)
        for (cell, block), verdicts in parallel_map(run, jobs(), workers, executor):
            count(cell, verdicts)
            if book:
                book.add(*cell, block.start, verdicts)

    counts = np.zeros((3, *k.shape), dtype=np.int64)
    for j in columns:
        for i in range(rho.size):
            counts[:, i, j] = cells[int(m[j]), int(k[i, j])]
    won, lost, open_ = counts
    return PhaseMap(
        delta, rho, m, k, won, lost, open_, trials, n, setting.seed, described
    )


def _run(setting: Setting, job: Job) -> list[Verdict]:
    (m, k), block = job
    return run_trials(setting, m, k, block)
