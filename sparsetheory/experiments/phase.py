"""Empirical phase transitions of sparse recovery."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import Executor
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sparsetheory._checks import check_integer, check_ratios
from sparsetheory._parallel import cpu_count, parallel_map
from sparsetheory.ensembles import gaussian
from sparsetheory.experiments.environment import hardware
from sparsetheory.experiments.rules import Rule, relative_error
from sparsetheory.experiments.setting import Precision, Setting, check_setting
from sparsetheory.experiments.store import NOT_RUN, PhaseMap
from sparsetheory.experiments.trials import Cell, run_trials, stretches
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
    noise: float = 0.0,
    seed: int = 0,
    success: Rule = relative_error,
    tol: float = 1e-3,
    signals_per_matrix: int = 1,
    stop_early: bool = False,
    precision: Precision = "double",
    workers: int | None = None,
    progress: bool = False,
    store: str | Path | None = None,
    executor: Executor | None = None,
) -> PhaseMap:
    """Count recoveries over a grid of δ = m/n and ρ = k/m.

    A trial draws A (m x n) and a k-sparse x and runs ``solver(A, A @ x, k)``. If the
    signal comes in groups, the solver is told their number instead of k.

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
        ``(n, k, rng) -> x``, or an amplitude of `sparse_signal`; for group sparsity a
        `grouped_signal`, to whose groups k is rounded.
    noise : float
        Gaussian noise on the data, its root mean square relative to that of ``A x``.
    seed : int
        Non-negative.
    success : callable
        Rule ``(x_hat, x, tol) -> bool``: `relative_error`, `exact_support`,
        `most_of_support` or one of your own. Without success a trial is a failure if
        the solver converged, and unresolved if it stopped short.
    tol : float
        Of the rule.
    signals_per_matrix : int
        So many trials in succession share a matrix, which saves drawing it; at most
        half of `trials`. Their outcomes are not independent; intervals and tests then
        count with the `PhaseMap.design_effect`. Refused for the circulant ensembles of
        this package, for which that is large, unless trials are decided by proof.
    stop_early : bool
        Look at the error as the solver goes, and end a trial as a success when it is
        small or as a failure when it falls no more; see Notes. For `iht`, `group_iht`
        and `htp`.
    precision : {"double", "single"}
        Round A and A x to single precision before the solver sees them, which halves
        what memory moves: the time of large problems. For ensembles of arrays, solvers
        that keep that precision (`iht`, `htp`, `cosamp`, `subspace_pursuit`, `omp`) and
        `tol` of at least 1e-4; the problems are otherwise the same.
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

    With `stop_early` a failure is an error that fell by less than 5 % in the latter
    half of the iterations, and in the time in which, on the right support, it would
    fall by a factor of e^6; and a success, under the rule `relative_error` and without
    noise, is an error below 5 % and below what missing the least entry costs, from
    where no solver of the kind has been seen to turn away. The solver does not learn of
    it. For `iht` that saves most of the time. With matrices as well conditioned as
    Gaussian ones it moves the 50 % point by less than 0.3 in k for delta up to .95
    (``scripts/bench_phase.py`` measures it); with correlated columns or the rows of a
    layer by more, as convergence is slower there than is allowed for.

    Examples
    --------
    >>> import sparsetheory as st
    >>> result = st.phase_transition(
    ...     st.iht, n=50, delta=[0.5], rho=[0.05, 0.9], trials=10, workers=1
    ... )
    >>> result.successes.ravel(), result.k.ravel()
    (array([10,  0]), array([ 1, 22]))
    """
    setting = check_setting(
        *(solver, n, ensemble, signal, seed, tol, success, noise),
        *(signals_per_matrix, stop_early, precision),
    )
    delta, rho = check_ratios("delta", delta), check_ratios("rho", rho)
    trials = check_integer("trials", trials, 1)
    if 1 < setting.signals_per_matrix > trials // 2:
        raise ValueError(
            "signals_per_matrix must leave two matrices per cell, got "
            f"{setting.signals_per_matrix} for {trials} trials"
        )
    workers = check_integer("workers", cpu_count() if workers is None else workers, 1)

    n, unit = setting.n, setting.unit
    m = np.maximum(1, np.rint(delta * n)).astype(np.int64)
    k = unit * np.maximum(1, np.rint(np.outer(rho, m) / unit)).astype(np.int64)
    columns = np.flatnonzero(m <= setting.max_rows)
    cells = {(int(m[j]), int(kk)) for j in columns for kk in k[:, j]}
    described = setting.describe() | {"hardware": hardware()}
    found = {cell: np.full(trials, NOT_RUN, dtype=np.int8) for cell in sorted(cells)}

    from tqdm import tqdm

    kept = contextlib.nullcontext() if store is None else open_store(store, setting)
    total = len(found) * trials
    with (
        kept as book,
        tqdm(total=total, disable=not progress, unit="trial", smoothing=0) as bar,
    ):
        bar.set_description(described["solver"])

        def jobs() -> Iterator[Job]:
            for cell, outcomes in found.items():
                known = book.known(*cell) if book else {}
                for trial in range(trials):
                    outcomes[trial] = known.get(trial, NOT_RUN)
                missing = np.flatnonzero(outcomes == NOT_RUN).tolist()
                bar.update(trials - len(missing))
                for block in stretches(missing, setting.signals_per_matrix):
                    yield cell, block

        run = partial(_run, setting)
        for (cell, block), verdicts in parallel_map(run, jobs(), workers, executor):
            found[cell][block.start : block.stop] = verdicts
            bar.update(len(block))
            if book:
                book.add(*cell, block.start, verdicts)

    outcomes = np.full((*k.shape, trials), NOT_RUN, dtype=np.int8)
    for j in columns:
        for i in range(rho.size):
            outcomes[i, j] = found[int(m[j]), int(k[i, j])]
    return PhaseMap(delta, rho, m, k, outcomes, n, setting.seed, described)


def _run(setting: Setting, job: Job) -> list[Verdict]:
    (m, k), block = job
    return run_trials(setting, m, k, block)
