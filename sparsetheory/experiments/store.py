"""Results, and their files: arrays and one JSON text in an ``.npz``, no pickles."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, stdtrit

from sparsetheory._files import write_whole
from sparsetheory.experiments.files import write_table
from sparsetheory.experiments.intervals import wilson_interval
from sparsetheory.solvers.certificates import Verdict
from sparsetheory.types import Counts, Vector

FORMAT = 2
NOT_RUN = -2
FIELDS = ("n", "seed", "settings")
ARRAYS = {
    "map": ("delta", "rho", "m", "k", "outcomes"),
    "curve": ("m", "k50", "low", "high", "width", "separated", "cells"),
}


@dataclass(frozen=True, eq=False)
class PhaseMap:
    """Outcomes of recovery over the plane of δ = m/n and ρ = k/m.

    Row i, column j belongs to ``rho[i]`` and ``delta[j]``. A cell that the ensemble
    can't fill, having too few rows, has no trials.

    Attributes
    ----------
    delta : ndarray, shape (d,)
    rho : ndarray, shape (r,)
        The ratios asked for.
    m : ndarray of int, shape (d,)
    k : ndarray of int, shape (r, d)
        The sizes that were run; plot against these.
    outcomes : ndarray of int8, shape (r, d, trials)
        Of each trial: 1 success, -1 failure, 0 unresolved, -2 not run. A trial is
        unresolved when its solver stopped short without success, or a certificate was
        found neither way.
    n, seed : int
    settings : dict
        Solver, ensemble, signal, success rule and the like, as text; versions of the
        packages, processor and BLAS.
    """

    delta: Vector
    rho: Vector
    m: Counts
    k: Counts
    outcomes: npt.NDArray[np.int8]
    n: int
    seed: int
    settings: dict[str, Any]

    @property
    def trials(self) -> int:
        """Trials per cell."""
        return int(self.outcomes.shape[2])

    @property
    def successes(self) -> Counts:
        """Number of successes per cell, shape (r, d)."""
        return self._number(Verdict.SUCCESS)

    @property
    def failures(self) -> Counts:
        """Number of failures per cell, shape (r, d)."""
        return self._number(Verdict.FAILURE)

    @property
    def unresolved(self) -> Counts:
        """Number of unresolved trials per cell, shape (r, d)."""
        return self._number(Verdict.UNRESOLVED)

    def _number(self, verdict: int) -> Counts:
        return np.asarray(np.sum(self.outcomes == verdict, axis=2, dtype=np.int64))

    @property
    def counts(self) -> Counts:
        """Trials per cell: `trials`, or 0 where the ensemble has too few rows."""
        return np.asarray(np.sum(self.outcomes != NOT_RUN, axis=2, dtype=np.int64))

    @property
    def design_effect(self) -> float:
        """How much sharing matrices has multiplied the variance of a count, at least 1.

        The variance between matrices over that of independent trials, both summed over
        the cells; 1 where each trial has a matrix of its own. Intervals and tests take
        it into account, and that it is an estimate.
        """
        starts = self._starts()
        run = self.counts == self.trials
        if starts.size == self.trials or not run.any():
            return 1.0
        won = (self.outcomes == Verdict.SUCCESS).astype(np.float64)
        sizes = np.diff(np.append(starts, self.trials))
        p = won[run].mean(axis=1)
        sums = np.add.reduceat(won[run], starts, axis=1) - np.outer(p, sizes)
        between = np.sum(sums**2) * starts.size / (starts.size - 1)
        independent = self.trials * np.sum(p * (1 - p))
        return max(1.0, float(between / independent)) if independent > 0 else 1.0

    @property
    def matrices(self) -> float:
        """Degrees of freedom of `design_effect`; infinite without sharing."""
        starts = self._starts()
        if starts.size == self.trials:
            return float("inf")
        mixed = (self.successes > 0) & (self.successes < self.counts)
        return float(max(mixed.sum(), 1) * (starts.size - 1))

    def _starts(self) -> Counts:
        """Return the first trials of each matrix."""
        share = int(self.settings.get("signals_per_matrix", 1))
        return np.arange(0, self.trials, share)

    @property
    def probability(self) -> Vector:
        """Share of successes, shape (r, d); NaN where nothing was run."""
        with np.errstate(invalid="ignore"):
            share: Vector = self.successes / self.counts
        return share

    def interval(self, level: float = 0.95) -> tuple[Vector, Vector]:
        """Return the Wilson interval of each probability, two arrays (r, d).

        Where trials share matrices, counts are divided by `design_effect`, and the
        quantile is that of Student's law.
        """
        effect = self.design_effect
        if np.isfinite(self.matrices):
            quantile = stdtrit(self.matrices, 0.5 + 0.5 * level)
            level = 2 * float(ndtr(quantile)) - 1
        return wilson_interval(self.successes / effect, self.counts / effect, level)

    def save(self, path: str | Path) -> Path:
        """Write everything to an ``.npz``, to be read by `load`; return its path."""
        return save_maps(path, {"map": self})

    @classmethod
    def load(cls, path: str | Path) -> PhaseMap:
        """Read the one map in the file at `path`."""
        maps = load_maps(path)
        if len(maps) != 1 or not isinstance(found := next(iter(maps.values())), cls):
            names = ", ".join(maps)
            raise ValueError(
                f"{path} holds {len(maps)} results ({names}): use load_maps"
            )
        return found

    def table(self) -> list[dict[str, Any]]:
        """Return one row per cell that was run."""
        low, high = self.interval()
        counts, won, lost = self.counts, self.successes, self.failures
        open_ = self.unresolved
        return [
            {
                "n": self.n,
                "m": int(self.m[j]),
                "k": int(self.k[i, j]),
                "delta": self.m[j] / self.n,
                "rho": self.k[i, j] / self.m[j],
                "trials": int(counts[i, j]),
                "successes": int(won[i, j]),
                "failures": int(lost[i, j]),
                "unresolved": int(open_[i, j]),
                "low95": round(float(low[i, j]), 6),
                "high95": round(float(high[i, j]), 6),
            }
            for i, j in np.argwhere(counts > 0)
        ]

    def to_csv(self, path: str | Path) -> Path:
        """Write one line per cell that was run; return the path."""
        return write_table(Path(path), self.table())


@dataclass(frozen=True, eq=False)
class TransitionCurve:
    """The k at which recovery is an even bet, for several numbers of rows.

    Attributes
    ----------
    m : ndarray of int, shape (d,)
    k50, low, high, width : ndarray, shape (d,)
        Estimate, ends of its 95 % confidence interval and width, see `Transition`;
        NaN where the counts are at fewer than two different k; infinite or outside
        [0, m] where all trials of the column ended alike.
    separated : ndarray of bool, shape (d,)
        Where the width rests on the penalty of the fit alone.
    cells : ndarray of int, shape (c, 5)
        The counts behind it: m, k, successes, failures, unresolved.
    n, seed : int
    settings : dict
        As in `PhaseMap`.
    """

    m: Counts
    k50: Vector
    low: Vector
    high: Vector
    width: Vector
    separated: npt.NDArray[np.bool_]
    cells: Counts
    n: int
    seed: int
    settings: dict[str, Any]

    @property
    def delta(self) -> Vector:
        """Rows over columns, m / n."""
        return self.m / self.n

    @property
    def rho50(self) -> Vector:
        """The estimate over the number of rows, k50 / m."""
        return self.k50 / self.m

    @property
    def counts(self) -> Counts:
        """Trials in each row of `cells`."""
        return np.asarray(self.cells[:, 2:].sum(axis=1))

    @property
    def unresolved(self) -> Counts:
        """Unresolved trials in each row of `cells`."""
        return self.cells[:, 4]

    def table(self) -> list[dict[str, Any]]:
        """Return one row per number of rows."""
        columns = ("k50", "low", "high", "width")
        trials = {m: int(self.cells[self.cells[:, 0] == m, 2:].sum()) for m in self.m}
        return [
            {"n": self.n, "m": int(m), "delta": m / self.n, "trials": trials[m]}
            | {name: round(float(getattr(self, name)[j]), 6) for name in columns}
            | {"rho50": round(float(self.rho50[j]), 8)}
            | {"separated": bool(self.separated[j])}
            for j, m in enumerate(self.m)
        ]

    def to_csv(self, path: str | Path) -> Path:
        """Write one line per number of rows; return the path."""
        return write_table(Path(path), self.table())


Result = PhaseMap | TransitionCurve


def save_maps(path: str | Path, maps: Mapping[str, Result]) -> Path:
    """Write named maps and curves to one ``.npz``, whole or not at all.

    Parameters
    ----------
    path : str or Path
        ``.npz`` is added where it lacks.
    maps : mapping of str to PhaseMap or TransitionCurve

    Returns
    -------
    Path
        The file written.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> import sparsetheory as st
    >>> result = st.phase_transition(st.iht, n=20, delta=0.5, rho=0.1, trials=2)
    >>> with TemporaryDirectory() as folder:
    ...     path = st.save_maps(f"{folder}/maps.npz", {"iht": result})
    ...     sorted(st.load_maps(path))
    ['iht']
    """
    path = Path(path)
    path = path if path.suffix == ".npz" else path.with_name(path.name + ".npz")
    header: dict[str, Any] = {"format": FORMAT, "maps": {}}
    arrays: dict[str, Any] = {}
    for name, result in maps.items():
        kind = "map" if isinstance(result, PhaseMap) else "curve"
        fields = {field: getattr(result, field) for field in FIELDS}
        header["maps"][name] = {"kind": kind, **fields}
        for field in ARRAYS[kind]:
            arrays[f"{name}/{field}"] = getattr(result, field)
    content = io.BytesIO()
    np.savez_compressed(content, header=np.array(json.dumps(header)), **arrays)
    write_whole(path, content.getvalue())
    return path


def save_tables(stem: str | Path, results: Mapping[str, Result]) -> list[Path]:
    """Write ``stem_maps.csv`` and ``stem_curves.csv``, of what there is; return paths.

    Parameters
    ----------
    stem : str or Path
    results : mapping of str to PhaseMap or TransitionCurve
        The names become the first column.

    Returns
    -------
    list of Path

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> import sparsetheory as st
    >>> result = st.phase_transition(st.iht, n=20, delta=0.5, rho=0.1, trials=2)
    >>> with TemporaryDirectory() as folder:
    ...     (path,) = st.save_tables(f"{folder}/iht", {"iht": result})
    ...     print(path.read_text().splitlines()[0])
    name,n,m,k,delta,rho,trials,successes,failures,unresolved,low95,high95
    """
    paths = []
    for kind, title in ((PhaseMap, "maps"), (TransitionCurve, "curves")):
        chosen = {n: r for n, r in results.items() if isinstance(r, kind)}
        rows = [{"name": n} | row for n, r in chosen.items() for row in r.table()]
        if rows:
            paths.append(write_table(Path(f"{stem}_{title}.csv"), rows))
    return paths


def load_maps(path: str | Path) -> dict[str, Any]:
    """Read what `save_maps` wrote.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    dict of str to PhaseMap or TransitionCurve

    Raises
    ------
    ValueError
        If the file is not a store of phase maps, or of another format.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> import sparsetheory as st
    >>> result = st.phase_transition(st.iht, n=20, delta=0.5, rho=0.1, trials=2)
    >>> with TemporaryDirectory() as folder:
    ...     again = st.load_maps(result.save(f"{folder}/map"))["map"]
    >>> bool((again.successes == result.successes).all())
    True
    """
    file = io.BytesIO(Path(path).read_bytes())
    try:
        with np.load(file, allow_pickle=False) as stored:
            content = {name: stored[name] for name in stored.files}
        header = json.loads(str(content["header"]))
        other = int(header["format"]) != FORMAT
        maps = {} if other else _maps(header["maps"], content)
    except Exception as error:  # damage shows as almost anything
        raise ValueError(f"{path} is not a file of phase maps: {error!r}") from error
    if other:
        raise ValueError(
            f"{path} has format {header['format']}, this version reads {FORMAT}"
        )
    return maps


def _maps(header: dict[str, Any], content: dict[str, Any]) -> dict[str, Result]:
    kinds = {"map": PhaseMap, "curve": TransitionCurve}
    found = {}
    for name, fields in header.items():
        kind = fields.pop("kind")
        arrays = {f: content[f"{name}/{f}"] for f in ARRAYS[kind]}
        found[name] = kinds[kind](**arrays, **fields)
    return found
