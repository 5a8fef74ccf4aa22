"""Outcomes of trials on disk, so that a run that dies has lost nothing.

One SQLite file holds any number of settings, told apart by a fingerprint; a row is a
stretch of trials of one cell. What was run is never run again, more trials or a finer
grid add rows, and a setting that differs in anything has rows of its own.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import inspect
import json
import pickle
import sqlite3
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

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
        """Put a stretch of trials into the file, where it is safe at once."""
        blob = np.array([int(v) for v in verdicts], dtype=np.int8).tobytes()
        with self._errors():
            self._connection.execute(
                "INSERT INTO outcomes VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE "
                "SET verdicts = excluded.verdicts "
                "WHERE length(excluded.verdicts) > length(outcomes.verdicts)",
                (self._key, m, k, start, blob),
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
    path = Path(path)
    key, described = fingerprint(setting)
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
    identity = [described, _sources(), setting.n, setting.seed, repr(setting.tol)]
    identity += [
        _value(name, getattr(setting, name), None, frozenset())
        for name in ("solver", "ensemble", "signal", "success")
    ]
    text = json.dumps(identity, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest(), json.dumps(described)


@functools.cache
def _sources() -> str:
    """Return a digest of this package's code, which may not wait for a version."""
    root = Path(__file__).parents[1]
    code = b"".join(path.read_bytes() for path in sorted(root.rglob("*.py")))
    return hashlib.sha256(code).hexdigest()


def _identity(name: str, function: Any, home: str | None, seen: frozenset[int]) -> Any:
    """Return what tells a callable from others of its name, as plain data.

    For a function of the user that is its code, with all that the code refers to:
    defaults, closure and global values, other functions in turn as long as they stand
    in the same package.
    """
    function = getattr(function, "py_func", function)  # compiled by Numba
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
    parts = [_content(cell) for cell in function.__closure__ or ()]
    parts += [function.__defaults__, sorted((function.__kwdefaults__ or {}).items())]
    parts += [own[n] for n in sorted(_names(code)) if n in own]
    return [_code(code), *(_value(name, part, home, seen) for part in parts)]


def _code(code: types.CodeType) -> list[Any]:
    constants: list[Any] = []
    for c in code.co_consts:
        if isinstance(c, types.CodeType):
            constants.append(_code(c))
        else:  # a set's order differs from run to run
            constants.append(
                sorted(map(repr, c)) if isinstance(c, frozenset) else repr(c)
            )
    return [code.co_code.hex(), constants, list(code.co_names)]


def _names(code: types.CodeType) -> set[str]:
    inner = (c for c in code.co_consts if isinstance(c, types.CodeType))
    return set(code.co_names).union(*map(_names, inner))


def _content(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return "empty"


def _value(name: str, value: Any, home: str | None, seen: frozenset[int]) -> Any:
    plain = getattr(value, "py_func", value)
    if isinstance(plain, types.FunctionType | functools.partial):
        return _identity(name, value, home, seen)
    if isinstance(value, types.ModuleType):
        return value.__name__
    if isinstance(value, types.MethodType):
        value = (value.__self__, value.__func__)
    if isinstance(value, dict):
        value = sorted(value.items(), key=repr)
    if isinstance(value, set | frozenset):
        value = sorted(value, key=repr)
    if isinstance(value, tuple | list):
        return [_value(name, part, home, seen) for part in value]
    if id(value) in seen:
        return "itself"
    kind = value if isinstance(value, type) else type(value)
    package = kind.__module__.split(".")[0]
    methods: list[Any] = []
    if package == home or (home is None and package != "sparsetheory"):
        own = (vars(c).items() for c in kind.__mro__[:-1])
        functions = [(n, f) for part in own for n, f in part if inspect.isfunction(f)]
        deeper = seen | {id(value), id(kind)}
        methods = [[n, _identity(name, f, package, deeper)] for n, f in functions]
    try:
        return [methods, hashlib.sha256(pickle.dumps(value)).hexdigest()]
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise ValueError(
            f"the {name} can't be told from others of its name, so its outcomes can't "
            f"be stored: {error}"
        ) from error
