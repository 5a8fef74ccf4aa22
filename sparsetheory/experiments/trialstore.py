"""Outcomes of trials on disk, so that a run that dies has lost nothing.

One SQLite file holds any number of settings, told apart by a fingerprint; a row is a
stretch of trials of one cell. What was run is never run again, more trials or a finer
grid add rows, and a setting that differs in anything has rows of its own.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import pickle
import sqlite3
import time
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from sparsetheory.experiments.trials import Setting
from sparsetheory.solvers.certificates import Verdict

FORMAT = 1
PATIENCE = 30.0  # seconds to wait for another writer
COMMIT_EVERY = 0.5  # seconds; what a kill can lose

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
        self._due = time.monotonic() + COMMIT_EVERY

    def known(self, m: int, k: int) -> Outcomes:
        """Return the verdict of each trial of a cell that is in the file."""
        found: Outcomes = {}
        with self._errors():
            rows = self._connection.execute(
                "SELECT start, verdicts FROM outcomes "
                "WHERE fingerprint = ? AND m = ? AND k = ?",
                (self._key, m, k),
            ).fetchall()
        for start, verdicts in rows:
            for i, code in enumerate(np.frombuffer(verdicts, dtype=np.int8)):
                found[start + i] = Verdict(int(code))
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
        """Put a stretch of trials into the file; it is safe within half a second."""
        blob = np.array([int(v) for v in verdicts], dtype=np.int8).tobytes()
        with self._errors():
            self._connection.execute(
                "INSERT OR REPLACE INTO outcomes VALUES (?, ?, ?, ?, ?)",
                (self._key, m, k, start, blob),
            )
            if time.monotonic() >= self._due:
                self.commit()

    def commit(self) -> None:
        """Write out what was added."""
        with self._errors():
            self._connection.commit()
        self._due = time.monotonic() + COMMIT_EVERY

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        with _clear_errors(self._path):
            yield


@contextlib.contextmanager
def open_store(path: str | Path, setting: Setting) -> Iterator[TrialStore]:
    """Open or make the store at `path` for one setting.

    What was added is written out on leaving, also by an error or Ctrl-C.

    Raises
    ------
    ValueError
        If the file is something else, or from a newer version; if the solver, the
        ensemble or the signal can't be told apart from another of the same name.
    OSError
        If the file can't be read or written.
    """
    path = Path(path)
    key, described = fingerprint(setting)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"the folder of the store {path} does not exist")
    with _clear_errors(path):
        connection = sqlite3.connect(path, timeout=PATIENCE)
    with contextlib.closing(connection):
        with _clear_errors(path):
            _prepare(connection, path)
            connection.execute(
                "INSERT OR IGNORE INTO settings VALUES (?, ?)", (key, described)
            )
            connection.commit()
        store = TrialStore(connection, path, key)
        try:
            yield store
        finally:
            store.commit()


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


def fingerprint(setting: Setting) -> tuple[str, str]:
    """Return a digest of all that the outcomes depend on, and it in words."""
    described = setting.describe()
    identity = [described, setting.n, setting.seed, repr(setting.tol)]
    identity += [
        _value(name, getattr(setting, name), None, frozenset())
        for name in ("solver", "ensemble", "signal")
    ]
    text = json.dumps(identity, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest(), json.dumps(described)


def _identity(name: str, function: Any, home: str | None, seen: frozenset[int]) -> Any:
    """Return what tells a callable from others of its name, as plain data.

    For a function of the user that is its code, with all that the code refers to:
    defaults, closure and global values, other functions in turn as long as they stand
    in the same package.
    """
    if id(function) in seen:
        return "itself"
    if isinstance(function, functools.partial):
        parts = [function.func, *function.args, *sorted(function.keywords.items())]
        return [_value(name, part, home, seen) for part in parts]
    code, own = function.__code__, function.__globals__
    package = (function.__module__ or "").split(".")[0]
    if package == "sparsetheory":
        return [function.__module__, function.__qualname__]
    if home is not None and package != home:
        return [function.__module__, function.__qualname__, _code(code)]
    home, seen = package, seen | {id(function)}
    parts = [c.cell_contents for c in function.__closure__ or ()]
    parts += [function.__defaults__, sorted((function.__kwdefaults__ or {}).items())]
    parts += [own[n] for n in sorted(_names(code)) if n in own]
    return [_code(code), *(_value(name, part, home, seen) for part in parts)]


def _code(code: types.CodeType) -> list[Any]:
    constants = [
        _code(c) if isinstance(c, types.CodeType) else repr(c) for c in code.co_consts
    ]
    return [code.co_code.hex(), constants, list(code.co_names)]


def _names(code: types.CodeType) -> set[str]:
    inner = (c for c in code.co_consts if isinstance(c, types.CodeType))
    return set(code.co_names).union(*map(_names, inner))


def _value(name: str, value: Any, home: str | None, seen: frozenset[int]) -> Any:
    if isinstance(value, types.FunctionType | functools.partial):
        return _identity(name, value, home, seen)
    if isinstance(value, types.ModuleType):
        return value.__name__
    if isinstance(value, tuple | list):
        return [_value(name, part, home, seen) for part in value]
    try:
        return hashlib.sha256(pickle.dumps(value)).hexdigest()
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise ValueError(
            f"the {name} can't be told from others of its name, so its outcomes can't "
            f"be stored: {error}"
        ) from error
