"""Outcomes of trials on disk, so that a run that dies has lost nothing.

One SQLite file holds any number of settings, told apart by a fingerprint; a row is a
stretch of trials of one cell. What was run is never run again, more trials or a finer
grid add rows, and a setting that differs in anything has rows of its own.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sparsetheory.experiments.identity import fingerprint
from sparsetheory.experiments.setting import Setting
from sparsetheory.solvers.certificates import Verdict

FORMAT = 1
PATIENCE = 30.0  # seconds to wait for another writer

TABLES = """
CREATE TABLE settings (fingerprint TEXT PRIMARY KEY, described TEXT NOT NULL);
CREATE TABLE outcomes (
    fingerprint TEXT NOT NULL REFERENCES settings,
    m INTEGER NOT NULL, k INTEGER NOT NULL, start INTEGER NOT NULL,
    verdicts BLOB NOT NULL,
    PRIMARY KEY (fingerprint, m, k, start)
) WITHOUT ROWID;
"""

Outcomes = dict[int, Verdict]


class TrialStore:
    """The outcomes of one setting in a file; make it by `open_store`."""

    def __init__(self, connection: sqlite3.Connection, path: Path, key: str) -> None:
        self._connection, self._path, self._key = connection, path, key

    def known(self, m: int, k: int) -> Outcomes:
        """Return the verdict of each trial of a cell that is in the file."""
        found: Outcomes = {}
        with self._errors():
            rows = self._connection.execute(
                "SELECT start, verdicts FROM outcomes "
                "WHERE fingerprint = ? AND m = ? AND k = ?",
                (self._key, m, k),
            ).fetchall()
        try:
            for start, verdicts in rows:
                for i, code in enumerate(np.frombuffer(verdicts, dtype=np.int8)):
                    found[start + i] = Verdict(int(code))
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"{self._path} is damaged at m = {m}, k = {k}: {error}"
            ) from error
        return found

    def row(self, m: int) -> dict[int, Outcomes]:
        """Return what is known of each k at this m."""
        with self._errors():
            rows = self._connection.execute(
                "SELECT DISTINCT k FROM outcomes WHERE fingerprint = ? AND m = ?",
                (self._key, m),
            ).fetchall()
        return {k: self.known(m, k) for (k,) in rows}

    def add(self, m: int, k: int, start: int, verdicts: list[Verdict]) -> None:
        """Put a stretch of trials into the file, where it is safe at once."""
        self.put(m, k, start, np.array([int(v) for v in verdicts], dtype=np.int8))

    def get(self, m: int, k: int, start: int) -> bytes | None:
        """Return what one stretch of trials gave, or None if it is not in the file."""
        with self._errors():
            row = self._connection.execute(
                "SELECT verdicts FROM outcomes "
                "WHERE fingerprint = ? AND m = ? AND k = ? AND start = ?",
                (self._key, m, k, start),
            ).fetchone()
        return None if row is None else bytes(row[0])

    def put(self, m: int, k: int, start: int, outcomes: npt.NDArray[Any]) -> None:
        """Put what one stretch of trials gave into the file."""
        with self._errors():
            self._connection.execute(
                "INSERT INTO outcomes VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE "
                "SET verdicts = excluded.verdicts "
                "WHERE length(excluded.verdicts) > length(outcomes.verdicts)",
                (self._key, m, k, start, outcomes.tobytes()),
            )

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        with _clear_errors(self._path):
            yield


@contextlib.contextmanager
def open_store(path: str | Path, setting: Setting) -> Iterator[TrialStore]:
    """Open or make the store at `path` for one setting.

    Raises
    ------
    ValueError
        If the file is something else, or from a newer version; if the solver, the
        ensemble or the signal can't be told apart from another of the same name.
    OSError
        If the file can't be read or written.
    """
    with open_outcomes(path, *fingerprint(setting)) as book:
        yield book


@contextlib.contextmanager
def open_outcomes(path: str | Path, key: str, described: str) -> Iterator[TrialStore]:
    """Open or make the store at `path` for what has this fingerprint."""
    path = Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"the folder of the store {path} does not exist")
    with _clear_errors(path):
        connection = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)
    with contextlib.closing(connection):
        with _clear_errors(path):
            _prepare(connection, path)
            connection.execute(
                "INSERT OR IGNORE INTO settings VALUES (?, ?)", (key, described)
            )
        yield TrialStore(connection, path, key)


def check_store(path: str | Path) -> None:
    """Make the file if it is not there; raise as `open_store` does if it is bad."""
    path = Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"the folder of the store {path} does not exist")
    with _clear_errors(path):
        connection = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)
        with contextlib.closing(connection):
            _prepare(connection, path)


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Check the format of the file, or lay out a new one."""
    connection.execute("BEGIN IMMEDIATE")  # fails here, not later, if it can't write
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    empty = not connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
    if version == 0 and empty:
        for statement in TABLES.split(";"):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {FORMAT}")
    connection.commit()
    if version > FORMAT:
        raise ValueError(
            f"{path} has format {version}, this version reads up to {FORMAT}"
        )
    if version == 0 and not empty:
        raise ValueError(f"{path} is a database, but no store of trials")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")


@contextlib.contextmanager
def _clear_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        raise OSError(f"the store {path} can't be used: {error}") from error
    except sqlite3.DatabaseError as error:
        raise ValueError(f"{path} is not a store of trials: {error}") from error
