"""Results of any kind in one readable file, of numbers alone."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import numpy as np

from sparsetheory._files import write_whole
from sparsetheory._parallel import parallel_map
from sparsetheory.experiments.environment import hardware, versions

FORMAT = 1
KIND = "sparsetheory records"


def save_records(
    path: str | Path, records: Mapping[str, Any], settings: Mapping[str, Any]
) -> Path:
    """Write results and the settings they came from as JSON, whole or not at all.

    Parameters
    ----------
    path : str or Path
        Compressed if it ends in ``.gz``.
    records : mapping of str to results
        Dataclasses of numbers, strings, arrays, enumerations and one another; or these
        themselves.
    settings : mapping of str to number, str, ...

    Returns
    -------
    Path
    """
    content = {
        "kind": KIND,
        "format": FORMAT,
        "settings": dict(settings),
        "versions": versions(),
        "hardware": hardware(),
        "records": {name: _plain(each) for name, each in records.items()},
    }
    path = Path(path)
    text = json.dumps(content).encode()
    write_whole(path, gzip.compress(text, mtime=0) if path.suffix == ".gz" else text)
    return path


def complete_records(
    path: str | Path,
    work: Mapping[str, Callable[[], Any]],
    records: dict[str, Any],
    settings: Mapping[str, Any],
    *,
    progress: bool = True,
    workers: int = 1,
    executor: Executor | None = None,
) -> None:
    """Do what is not yet in `records`, and write them after each piece.

    Parameters
    ----------
    path : str or Path
    work : mapping of str to callable
        Names of pieces, and what returns the record of each. Done by one worker, later
        pieces find those of earlier ones in `records`.
    records : dict
        Added to, in the order of `work`.
    settings : mapping
    progress : bool
        Count pieces on standard error.
    workers : int
        Pieces at a time.
    executor : concurrent.futures.Executor, optional
        Where they are done, by default in threads; pieces must be picklable if it
        needs that.
    """
    from tqdm import tqdm

    todo = [(name, piece) for name, piece in work.items() if name not in records]
    found: Iterable[tuple[tuple[str, Any], Any]] = (
        ((name, piece), piece()) for name, piece in todo
    )
    if workers > 1 or executor is not None:
        found = parallel_map(_done, todo, workers, executor)
    with tqdm(total=len(work), unit="piece", disable=not progress) as bar:
        bar.update(len(work) - len(todo))
        for (name, _), record in found:
            records[name] = record
            for each in [key for key in work if key in records]:
                records[each] = records.pop(each)
            save_records(path, records, settings)
            bar.set_description(name.replace("|", ", "))
            bar.update()


def _done(job: tuple[str, Callable[[], Any]]) -> Any:
    return job[1]()


def load_records(
    path: str | Path, types: Iterable[type]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read the results and the settings of `save_records`.

    Parameters
    ----------
    path : str or Path
    types : iterable of type
        The dataclasses and enumerations that may occur. Nothing else is ever made.

    Returns
    -------
    records, settings : dict

    Raises
    ------
    ValueError
        If the file is none of these, or of a later format, or holds another type.
    OSError
        If it can't be read.
    """
    content = _content(Path(path), types)
    return content["records"], content["settings"]


def _content(path: Path, types: Iterable[type]) -> dict[str, Any]:
    """Return what a file of records holds."""
    try:
        text = path.read_bytes()
        content = json.loads(gzip.decompress(text) if path.suffix == ".gz" else text)
        kind, version = content["kind"], content["format"]
    except (ValueError, KeyError, TypeError, EOFError, gzip.BadGzipFile) as error:
        raise ValueError(f"{path} holds no records: {error}") from error
    if kind != KIND or version > FORMAT:
        raise ValueError(f"{path} must be records of format {FORMAT}, got {version}")
    known = {each.__name__: each for each in types}
    try:
        records = {n: _made(each, known) for n, each in content["records"].items()}
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} can't be read: {error!r}") from error
    return {**content, "records": records}


def resumed_records(
    path: str | Path, types: Iterable[type], settings: Mapping[str, Any]
) -> dict[str, Any]:
    """Read the records of a run that stopped; none if there is no file.

    Raises
    ------
    ValueError
        As `load_records` does, or if the settings are others, or the versions of the
        packages.
    """
    if not Path(path).exists():
        return {}
    content = _content(Path(path), types)
    for then, now in (
        (content["settings"], dict(settings)),
        (content.get("versions", {}), versions()),
    ):
        names = [n for n in sorted({*then, *now}) if then.get(n) != now.get(n)]
        if names:
            raise ValueError(f"{path} was written with another {', '.join(names)}")
    records: dict[str, Any] = content["records"]
    return records


def check_writable(stem: Path) -> None:
    """Make the folder of what is to be written, and show now if nothing can be.

    Raises
    ------
    OSError
    """
    stem.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryFile(dir=stem.parent):
        pass


def stem_of(path: Path) -> Path:
    """Return the path of records without ``.json`` or ``.json.gz``."""
    return Path(str(path).removesuffix(".gz")).with_suffix("")


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        parts = {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
        return {"type": type(value).__name__, "fields": parts}
    if isinstance(value, Enum):
        return {"type": type(value).__name__, "value": value.value}
    if isinstance(value, np.ndarray):
        flat = value.ravel()
        if np.iscomplexobj(flat):
            flat = np.stack([flat.real, flat.imag], axis=1)
        return {"array": flat.tolist(), "shape": value.shape, "dtype": str(value.dtype)}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return {"entries": [[_plain(k), _plain(v)] for k, v in value.items()]}
    if isinstance(value, tuple):
        return {"tuple": [_plain(each) for each in value]}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"a record must hold numbers and dataclasses, got {value!r}")


def _made(value: Any, known: dict[str, type]) -> Any:
    if isinstance(value, list):
        return [_made(each, known) for each in value]
    if not isinstance(value, dict):
        return value
    if "array" in value:
        dtype = np.dtype(value["dtype"])
        flat = np.asarray(value["array"], dtype=dtype.type(0).real.dtype)
        if dtype.kind == "c":
            flat = flat.reshape(-1, 2).view(dtype)
        return flat.reshape(value["shape"])
    if "tuple" in value:
        return tuple(_made(each, known) for each in value["tuple"])
    if "entries" in value:
        return {_made(k, known): _made(v, known) for k, v in value["entries"]}
    made = known[value["type"]]
    if "value" in value:
        return made(value["value"])
    return made(**{name: _made(v, known) for name, v in value["fields"].items()})
