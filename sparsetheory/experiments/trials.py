"""One trial of recovery: a problem drawn, solved and judged."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any

import numpy as np

from sparsetheory._checks import check_operator, check_vector, quiet, trusted
from sparsetheory._kernels.watch import Watch, watched
from sparsetheory._parallel import stop_if_cancelled
from sparsetheory._rng import Role, stream
from sparsetheory.experiments.fused import fused_solver, has_safe_scale
from sparsetheory.experiments.rules import relative_error
from sparsetheory.experiments.setting import Setting, describe, is_ours, proof_of
from sparsetheory.solvers.certificates import Verdict
from sparsetheory.types import Recovery, Solver, Vector

BLOCK = 16  # trials per job: short enough for a smooth progress bar
CHECKS = 16  # of the error per stretch in which it must fall
CLOSE = 0.05  # no thresholding comes so close and then stays away
TIMES = 6.0  # a stretch, in times in which descent takes the error down by e
SHORTEST, BEYOND = 12, 28  # stretches in iterations: at least; for larger k / m
LARGEST_RATIO = 0.5  # of k / m at which an error may stay for long and then fall

Cell = tuple[int, int]
"""Rows m and nonzeros k."""


def run_trials(setting: Setting, m: int, k: int, trials: range) -> list[Verdict]:
    """Return the verdicts on the trials of those numbers."""
    verdicts = []
    fused = fused_solver(setting)
    A, drawn = None, -1
    with quiet():
        for trial in trials:
            stop_if_cancelled()
            x = _signal(setting, m, k, trial)
            if fused is not None and has_safe_scale(x):
                run = partial(fused, m, k, trial, x)
                verdicts.append(_decided(setting, m, k, x, run))
                continue
            first = trial - trial % setting.signals_per_matrix
            if A is None or first != drawn:
                A, drawn = _matrix(setting, m, k, first), first
            with trusted(A):
                verdicts.append(_trial(setting, A, k, trial, x))
    return verdicts


def stretches(trials: list[int], batch: int = 1) -> Iterator[range]:
    """Split ascending numbers of trials into runs of about a block.

    They end where a multiple of `batch` does, so that no matrix is drawn twice.
    """
    start = 0
    for i in range(1, len(trials) + 1):
        gap = i == len(trials) or trials[i] != trials[i - 1] + 1
        if gap or (i - start >= BLOCK and trials[i] % batch == 0):
            yield range(trials[start], trials[i - 1] + 1)
            start = i


def _matrix(setting: Setting, m: int, k: int, trial: int) -> Any:
    n = setting.n
    A = setting.ensemble(m, n, stream(setting.seed, n, m, k, trial, Role.MATRIX))
    if tuple(A.shape) != (m, n):
        raise ValueError(f"the ensemble must draw {m} x {n}, got {tuple(A.shape)}")
    A = check_operator(A)
    if setting.precision == "double":
        return A
    if not isinstance(A, np.ndarray):
        kind = type(A).__name__
        raise TypeError(f"single precision is for ensembles of arrays, got {kind}")
    return A.astype(np.float32)


def _signal(setting: Setting, m: int, k: int, trial: int) -> Vector:
    n = setting.n
    x = setting.signal(n, k, stream(setting.seed, n, m, k, trial, Role.SIGNAL))
    x = check_vector("the signal", x, n, "n")
    if np.count_nonzero(x) != k:
        raise ValueError(
            f"the signal must have k = {k} nonzeros, got {np.count_nonzero(x)}"
        )
    return x


def _trial(setting: Setting, A: Any, k: int, trial: int, x: Vector) -> Verdict:
    (m, n), solver = A.shape, setting.solver
    proof = proof_of(solver)
    if proof is not None:
        return proof(A, x)
    y = A @ (x.astype(np.float32) if setting.precision == "single" else x)
    if setting.noise > 0:
        unit = float(np.linalg.norm(y)) / m**0.5
        noise = stream(setting.seed, n, m, k, trial, Role.NOISE).standard_normal(m)
        y = y + (setting.noise * unit * noise).astype(y.dtype)
    return _decided(setting, m, k, x, partial(_solve, setting, A, y, k))


def _solve(setting: Setting, A: Any, y: Vector, k: int) -> Recovery:
    """Run the solver, and check that it keeps to what a solver is."""
    if setting.signals_per_matrix > 1 and isinstance(A, np.ndarray):
        A = A if is_ours(setting.solver) else A.copy()  # which it may write into
    found = setting.solver(A, y, k // setting.unit)
    if not isinstance(found, Recovery):
        kind = type(found).__name__
        raise TypeError(
            f"{describe(setting.solver)} must return a Recovery, got {kind}"
        )
    if np.shape(found.x) != (setting.n,):
        name = describe(setting.solver)
        raise ValueError(
            f"{name} must return x of shape ({setting.n},), got {np.shape(found.x)}"
        )
    return found


def _judged(setting: Setting, found: Recovery, x: Vector) -> Verdict:
    if setting.success(found.x, x, setting.tol):
        return Verdict.SUCCESS
    return Verdict.FAILURE if found.converged else Verdict.UNRESOLVED


def _decided(
    setting: Setting, m: int, k: int, x: Vector, run: Callable[[], Recovery]
) -> Verdict:
    """Judge what `run` finds, ended when its error is small or falls no more if so."""
    if not setting.stop_early:
        return _judged(setting, run(), x)
    close = 0.0
    if setting.success is relative_error:
        close = setting.tol
        if k and setting.noise == 0.0:  # and no entry is missed
            least = float(np.abs(x[x != 0.0]).min() / np.linalg.norm(x))
            close = max(close, min(CLOSE, least))
    length = stretch(k / m)
    with watched(Watch(x, close, -(-length // CHECKS), length)):
        found = run()
    if not found.converged and close and relative_error(found.x, x, close):
        return Verdict.SUCCESS
    verdict = _judged(setting, found, x)
    stopped = found.n_iter < _limit(setting.solver)
    return Verdict.FAILURE if verdict == Verdict.UNRESOLVED and stopped else verdict


@cache
def _limit(solver: Solver) -> int:
    """Return after how many iterations a solver ends by itself."""
    return int(inspect.signature(solver).parameters["max_iter"].default)


def stretch(ratio: float) -> int:
    """Return in how many iterations the error must fall, for k/m as given.

    On the right support, steepest descent takes the error down by ``(c - 1)/(c + 1)``
    per iteration, c being the condition number of the normal equations; for Gaussian
    matrices that is ``((1 + sqrt(k/m)) / (1 - sqrt(k/m)))^2`` (Marchenko and Pastur).
    """
    if ratio > LARGEST_RATIO:
        return BEYOND
    condition = ((1 + ratio**0.5) / (1 - ratio**0.5)) ** 2
    return max(SHORTEST, int(TIMES * (condition + 1) / 2))
