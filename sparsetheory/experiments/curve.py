"""The transition alone: few trials, where they tell most."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sparsetheory._checks import check_integer, check_ratios
from sparsetheory._parallel import cpu_count, parallel_map
from sparsetheory.ensembles import gaussian
from sparsetheory.experiments.environment import hardware
from sparsetheory.experiments.fit import Transition, fit_transition
from sparsetheory.experiments.rules import Rule, relative_error
from sparsetheory.experiments.setting import Precision, Setting, check_setting
from sparsetheory.experiments.store import PhaseMap, TransitionCurve
from sparsetheory.experiments.trials import run_trials, stretches
from sparsetheory.experiments.trialstore import Outcomes, open_store
from sparsetheory.signals import sparse_signal
from sparsetheory.solvers.certificates import Verdict
from sparsetheory.theory.finite import l1_success_probability
from sparsetheory.theory.groups import group_success_probability
from sparsetheory.types import Counts, Ensemble, Signal, Solver, Vector

BATCH = 16
SHARED = BATCH // 4  # signals of a matrix: two matrices for each side of a batch
FIRST_SPREAD, SPREAD = 1.8, 0.65  # of a batch, in standard deviations of the curve
LOGISTIC = 1.7  # standard deviations of a logistic law per unit of its scale, nearly
COLUMN = {Verdict.SUCCESS: 0, Verdict.FAILURE: 1, Verdict.UNRESOLVED: 2}
Draw = Callable[[int, range], list[Verdict]]


def transition_curve(
    solver: Solver,
    *,
    delta: npt.ArrayLike,
    n: int | None = None,
    trials: int = 96,
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
) -> TransitionCurve:
    """Find where recovery is an even bet, by trials near that place.

    The first trials at each δ spread over where basis pursuit turns; further batches
    stand on both sides of the running estimate. For equal accuracy that takes a tenth
    of the trials of a grid.

    Parameters
    ----------
    solver : callable
        ``(A, y, k) -> Recovery``, or `basis_pursuit`, as in `phase_transition`.
    delta : array_like
        Ratios in (0, 1]; run are ``m = round(delta n)``, at least 1. Those with more
        rows than the ensemble has are left out.
    n : int, optional
    trials : int
        Per δ, at least 16.
    ensemble, signal, noise, seed, success, tol, stop_early, precision : optional
    signals_per_matrix : int
        As in `phase_transition`, at most 4. The intervals count with a design effect
        that is estimated from all columns together.
    workers, progress, store, executor : optional
        As in `phase_transition`; a trial at (m, k) is the one that a map would run, and
        the two may share a store, into which a column goes when it is done.

    Returns
    -------
    TransitionCurve

    Raises
    ------
    TypeError, ValueError, OSError
        As `phase_transition` does.

    Examples
    --------
    >>> import sparsetheory as st
    >>> curve = st.transition_curve(st.basis_pursuit, n=100, delta=[0.5], trials=64)
    >>> bool(abs(curve.k50[0] - st.l1_median_sparsity(100, 50)) < 3)
    True
    """
    setting = check_setting(
        *(solver, n, ensemble, signal, seed, tol, success, noise),
        signals_per_matrix=signals_per_matrix,
        stop_early=stop_early,
        precision=precision,
    )
    check_integer("signals_per_matrix", signals_per_matrix, 1, SHARED)
    ratios = check_ratios("delta", delta)
    trials = check_integer("trials", trials, BATCH)
    workers = check_integer("workers", cpu_count() if workers is None else workers, 1)
    rows = np.unique(np.maximum(1, np.rint(ratios * setting.n)).astype(np.int64))
    rows = rows[rows <= setting.max_rows]

    from tqdm import tqdm

    found: dict[int, Counts] = {}
    variance = np.zeros(2)
    described = setting.describe() | {"hardware": hardware()}
    kept = contextlib.nullcontext() if store is None else open_store(store, setting)
    with (
        kept as book,
        tqdm(total=rows.size, disable=not progress, unit="column") as bar,
    ):
        bar.set_description(described["solver"])
        jobs = ((m, book.row(m) if book else {}) for m in rows.tolist())
        run = partial(_run, setting, trials)
        for (m, _), (cells, fresh, parts) in parallel_map(run, jobs, workers, executor):
            variance += parts
            found[m] = np.column_stack([np.full(len(cells), m), cells])
            if book:
                for k, start, verdicts in fresh:
                    book.add(m, k, start, verdicts)
            bar.update()
    stacked = [found[m] for m in rows.tolist()]
    cells = np.concatenate([np.zeros((0, 5), dtype=np.int64), *stacked])
    between, independent = variance
    effect = max(1.0, between / independent) if independent > 0 else 1.0
    return curve_of_cells(cells, setting.n, setting.seed, described, effect)


def _run(
    setting: Setting, trials: int, job: tuple[int, dict[int, Outcomes]]
) -> tuple[Counts, list[tuple[int, int, list[Verdict]]], Vector]:
    """Sample one column.

    Returns its counts, the outcomes that were not known, and the two variances of
    `_variances`.
    """
    m, known = job
    fresh = []
    seen: dict[int, list[Verdict]] = {}

    def draw(k: int, block: range) -> list[Verdict]:
        have = known.get(k, {})
        for part in stretches([t for t in block if t not in have]):
            verdicts = run_trials(setting, m, k, part)
            fresh.append((k, part.start, verdicts))
            have = have | dict(zip(part, verdicts, strict=True))
        outcomes = [have[t] for t in block]
        seen.setdefault(k, []).extend(outcomes)
        return outcomes

    cells = sample_transition(draw, setting.n, m, trials, setting.unit)
    share = setting.signals_per_matrix
    parts = [_variances(outcomes, share) for outcomes in seen.values()]
    return cells, fresh, np.sum(parts, axis=0)


def _variances(outcomes: list[Verdict], share: int) -> tuple[float, float]:
    """Return the variance of a count between matrices, and of independent trials.

    Both are unbiased where `share` trials in succession have a matrix and are
    independent; zero if there are not two matrices.
    """
    count = len(outcomes)
    starts = np.arange(0, count, share)
    if share == 1 or starts.size < 2:
        return 0.0, 0.0
    won = np.array(outcomes) == Verdict.SUCCESS
    sizes, p = np.diff(np.append(starts, count)), float(won.mean())
    sums = np.add.reduceat(won.astype(np.float64), starts) - p * sizes
    between = float(np.sum(sums**2)) / (1.0 - float(np.sum(sizes**2)) / count**2)
    return between, count * p * (1 - p) * count / (count - 1)


def fit_map(result: PhaseMap) -> TransitionCurve:
    """Fit the transition in each column of a map.

    Parameters
    ----------
    result : PhaseMap

    Returns
    -------
    TransitionCurve

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> rho = np.linspace(0.1, 0.9, 9)
    >>> result = st.phase_transition(st.basis_pursuit, n=60, delta=[0.5], rho=rho)
    >>> curve = st.fit_map(result)
    >>> bool(curve.low[0] < curve.k50[0] < curve.high[0])
    True
    """
    i, j = np.nonzero(result.counts)
    columns = [result.m[j], result.k[i, j]]
    columns += [
        getattr(result, name)[i, j] for name in ("successes", "failures", "unresolved")
    ]
    cells = np.unique(np.column_stack(columns), axis=0)
    effect = result.design_effect
    return curve_of_cells(cells, result.n, result.seed, result.settings, effect)


def curve_of_cells(
    cells: Counts, n: int, seed: int, settings: dict[str, Any], effect: float = 1.0
) -> TransitionCurve:
    """Return the curve fitted to counts at (m, k), divided by a design effect."""
    rows = np.unique(cells[:, 0])
    fits = [_fit(cells[cells[:, 0] == m, 1:], effect) for m in rows]
    columns = {
        name: np.array([getattr(fit, name) for fit in fits], dtype=np.float64)
        for name in ("k50", "low", "high", "width")
    }
    separated = np.array([fit.separated for fit in fits], dtype=bool)
    return TransitionCurve(
        rows,
        separated=separated,
        cells=cells,
        n=n,
        seed=seed,
        settings=settings,
        **columns,
    )


def sample_transition(draw: Draw, n: int, m: int, trials: int, unit: int = 1) -> Counts:
    """Place trials near the transition, whose place is not known.

    Parameters
    ----------
    draw : callable
        ``(k, numbers of trials) -> verdicts``.
    n, m, trials : int
    unit : int
        Trials are at multiples of it. The search begins where basis pursuit with
        Gaussian matrices turns, for groups of that size.

    Returns
    -------
    ndarray of int, shape (c, 4)
        Rows k, successes, failures, unresolved, with k ascending.
    """
    counts: dict[int, list[int]] = {}
    most = max(m // unit, 1)

    def run(places: npt.ArrayLike) -> None:
        wanted = np.clip(np.rint(np.asarray(places) / unit), 1, most).astype(int) * unit
        for k, times in zip(*np.unique(wanted, return_counts=True), strict=True):
            row = counts.setdefault(int(k), [0, 0, 0])
            done = sum(row)
            for verdict in draw(int(k), range(done, done + int(times))):
                row[COLUMN[verdict]] += 1

    start, spread = _guess(n, m, unit)
    left = trials - _locate(run, counts, start, spread, (unit, most * unit))
    first = min(BATCH, left)
    run(_middle(counts) + spread * np.linspace(-FIRST_SPREAD, FIRST_SPREAD, first))
    left -= first
    while left > 0:
        cells = np.array([[k, *counts[k]] for k in sorted(counts)])
        k = cells[:, 0]
        fit = _fit(cells)
        middle = np.clip(fit.k50, k[0], k[-1]) if np.isfinite(fit.k50) else start
        widest = max(3 * spread, 0.25 * (k[-1] - k[0]))
        scale = LOGISTIC * fit.width if np.isfinite(fit.width) else spread
        scale = float(np.clip(scale, 0.5 * spread, widest))
        batch = min(BATCH, left)
        run(middle + scale * np.resize([-SPREAD, SPREAD], batch))
        left -= batch
    return np.array([[k, *counts[k]] for k in sorted(counts)], dtype=np.int64)


def _locate(
    run: Callable[[npt.ArrayLike], None],
    counts: dict[int, list[int]],
    start: float,
    spread: float,
    ends: tuple[int, int],
) -> int:
    """Step from `start` towards the transition by pairs of trials; return their number.

    A step is twice as long as the last one while all pairs end alike, and half as long
    when two in succession differ; a pair that differs in itself ends the search.
    """
    place, step, last, turned = start, 2 * spread, 0, False
    for _ in range(BATCH // 2):
        before = sum(row[0] for row in counts.values())
        run([place, place])
        won = sum(row[0] for row in counts.values()) - before
        side = won - 1
        if side == 0 or (turned and step < spread):
            break
        if last:
            turned = turned or side != last
            step *= 0.5 if turned else 2.0
        last = side
        new = float(np.clip(place + side * step, *ends))
        if new == place:
            break
        place = new
    return sum(map(sum, counts.values()))


def _middle(counts: dict[int, list[int]]) -> float:
    """Return where fewest outcomes are on the wrong side."""
    k = np.array(sorted(counts))
    won = np.array([counts[i][0] for i in k])
    lost = np.array([sum(counts[i][1:]) for i in k])
    edges = np.concatenate([[k[0]], 0.5 * (k[1:] + k[:-1]), [k[-1]]])
    wrong = [lost[k < e].sum() + won[k > e].sum() for e in edges]
    return float(edges[np.flatnonzero(wrong == np.min(wrong))].mean())


def _guess(n: int, m: int, unit: int) -> tuple[float, float]:
    """Return where Gaussian basis pursuit turns, and its standard deviation in k."""
    if m >= n:
        return 0.5 * m, 0.1 * m
    if unit > 1:
        active = np.arange(n // unit + 1)
        share = group_success_probability(n // unit, unit, m, active)
        k = unit * active
    else:
        k = np.unique(np.linspace(0, m, 400))
        share = l1_success_probability(n, m, k)
    high, middle, low = np.interp([-0.8413, -0.5, -0.1587], -share, k)
    return float(middle), max(0.5 * float(low - high), 0.5 * unit)


def _fit(cells: Counts, effect: float = 1.0) -> Transition:
    """Fit rows k, successes, failures, unresolved; NaN for a single k."""
    if len(cells) < 2:
        return Transition(np.nan, np.nan, np.nan, np.nan, True)
    successes, tried = cells[:, 1], cells[:, 1:].sum(axis=1)
    return fit_transition(cells[:, 0], successes / effect, tried / effect)
