"""Phase maps on disk: arrays and one JSON text in an ``.npz``, no pickles."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sparsetheory.experiments.intervals import wilson_interval
from sparsetheory.solvers.certificates import Verdict
from sparsetheory.types import Counts, Vector

FORMAT = 2
NOT_RUN = -2
COLUMNS = (
    *("n", "m", "k", "delta", "rho", "trials"),
    *("successes", "failures", "unresolved", "low95", "high95"),
)
ARRAYS = ("delta", "rho", "m", "k", "outcomes")
FIELDS = ("n", "seed", "settings")


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
        it into account.
        """
        share = int(self.settings.get("signals_per_matrix", 1))
        won = (self.outcomes == Verdict.SUCCESS).astype(np.float64)
        starts = np.arange(0, self.trials, share)
        run = self.counts == self.trials
        if share == 1 or starts.size < 2 or not run.any():
            return 1.0
        sizes = np.diff(np.append(starts, self.trials))
        p = won[run].mean(axis=1)
        sums = np.add.reduceat(won[run], starts, axis=1) - np.outer(p, sizes)
        between = np.sum(sums**2) * starts.size / (starts.size - 1)
        independent = self.trials * np.sum(p * (1 - p))
        return max(1.0, float(between / independent)) if independent > 0 else 1.0

    @property
    def probability(self) -> Vector:
        """Share of successes, shape (r, d); NaN where nothing was run."""
        with np.errstate(invalid="ignore"):
            share: Vector = self.successes / self.counts
        return share

    def interval(self, level: float = 0.95) -> tuple[Vector, Vector]:
        """Return the Wilson interval of each probability, two arrays (r, d).

        Counts are divided by `design_effect`.
        """
        effect = self.design_effect
        return wilson_interval(self.successes / effect, self.counts / effect, level)

    def save(self, path: str | Path) -> Path:
        """Write everything to an ``.npz``, to be read by `load`; return its path."""
        return save_maps(path, {"map": self})

    @classmethod
    def load(cls, path: str | Path) -> PhaseMap:
        """Read the one map in the file at `path`."""
        maps = load_maps(path)
        if len(maps) != 1:
            names = ", ".join(maps)
            raise ValueError(f"{path} holds {len(maps)} maps ({names}): use load_maps")
        return next(iter(maps.values()))

    def to_csv(self, path: str | Path) -> Path:
        """Write one line per cell that was run; return the path."""
        low, high = self.interval()
        path = Path(path)
        with path.open("w", newline="", encoding="utf-8") as file:
            table = csv.writer(file, lineterminator="\n")
            table.writerow(COLUMNS)
            for i, j in np.argwhere(self.counts > 0):
                m, k = int(self.m[j]), int(self.k[i, j])
                counts = (self.successes, self.failures, self.unresolved)
                table.writerow(
                    [self.n, m, k, m / self.n, k / m, int(self.counts[i, j])]
                    + [int(c[i, j]) for c in counts]
                    + [f"{low[i, j]:.6f}", f"{high[i, j]:.6f}"]
                )
        return path


def save_maps(path: str | Path, maps: Mapping[str, PhaseMap]) -> Path:
    """Write named maps to one ``.npz``, whole or not at all.

    Parameters
    ----------
    path : str or Path
        ``.npz`` is added where it lacks.
    maps : mapping of str to PhaseMap

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
        header["maps"][name] = {field: getattr(result, field) for field in FIELDS}
        for field in ARRAYS:
            arrays[f"{name}/{field}"] = getattr(result, field)
    content = io.BytesIO()
    np.savez_compressed(content, header=np.array(json.dumps(header)), **arrays)
    write_whole(path, content.getvalue())
    return path


def write_whole(path: Path, content: bytes) -> None:
    """Write a file, or leave what was there."""
    if not path.parent.is_dir():
        raise FileNotFoundError(f"the folder of {path} does not exist")
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def load_maps(path: str | Path) -> dict[str, PhaseMap]:
    """Read what `save_maps` wrote.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    dict of str to PhaseMap

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


def _maps(header: dict[str, Any], content: dict[str, Any]) -> dict[str, PhaseMap]:
    return {
        name: PhaseMap(**{f: content[f"{name}/{f}"] for f in ARRAYS}, **fields)
        for name, fields in header.items()
    }
