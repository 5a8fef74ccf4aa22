"""Rows of the ledger as plain data: what a run computes, and its file holds."""

from __future__ import annotations

import importlib
import json
import math
import time
import traceback
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from sparsetheory._files import write_whole
from sparsetheory._parallel import blas_held
from sparsetheory.claims.claim import Claim, Finding, Number, Numbers, evaluate, judge
from sparsetheory.claims.examples import EXAMPLES
from sparsetheory.claims.figures import FIGURES
from sparsetheory.claims.ledger import LEDGER, TOPICS
from sparsetheory.claims.scale import SCALES
from sparsetheory.experiments.environment import hardware, versions
from sparsetheory.experiments.identity import plain_fingerprint
from sparsetheory.plotting.saving import drawn

FORMAT = 1
KIND = "sparsetheory claims"
ERROR = "error"
"""The verdict on a claim whose computation failed."""
BY_ID = {claim.id: claim for claim in LEDGER}

Row = dict[str, Any]


def described(claim: Claim) -> Row:
    """Return what a row says before anything is computed."""
    document, section = claim.places[0]
    return {
        "id": claim.id,
        "document": document,
        "section": section,
        "places": [list(place) for place in claim.places],
        "topic": TOPICS[claim.id],
        "kind": claim.kind,
        "statement": claim.statement,
        "code": EXAMPLES.get(claim.id, ""),
    }


def computed(name: str, folder: Path) -> Row:
    """Compute a claim: its row, with a picture in `folder` if it has one.

    If anything fails the verdict is `ERROR`, and the row has the traceback.
    """
    claim, start = BY_ID[name], time.process_time()
    row = described(claim)
    try:
        with blas_held():
            result = evaluate(claim)
            row |= {
                "verdict": str(result.finding),
                "numbers": {k: _plain(v) for k, v in result.numbers.items()},
                "figure": _drawn(name, folder),
                "output": _output(row["code"]),
            }
    except Exception:
        row |= failed(traceback.format_exc())
    return row | {"seconds": round(time.process_time() - start, 3)}


def failed(error: str) -> Row:
    """Return what stands for the outcome where there is none."""
    return {
        "verdict": ERROR,
        "numbers": {},
        "figure": None,
        "output": "",
        "error": error,
        "seconds": 0.0,
    }


def _plain(value: Number) -> float | int | bool | str | None:
    """Return a number as JSON has it: not a number as null, infinity in words."""
    number: Number = value.item() if isinstance(value, np.generic) else value
    if isinstance(number, float) and not math.isfinite(number):
        return None if math.isnan(number) else str(number)
    return number


def numbers_of(row: Row) -> Numbers:
    """Return the numbers of a row again."""
    return {
        name: math.nan if value is None else _number(value)
        for name, value in row["numbers"].items()
    }


def _number(value: Any) -> Number:
    if isinstance(value, bool | int | float):
        return value
    return float(value)


def _drawn(name: str, folder: Path) -> str | None:
    """Write the picture of a claim; return its name in the folder of the run."""
    if name not in FIGURES:
        return None
    path = folder / "claims" / f"{name}.svg"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, drawn(FIGURES[name].draw(), "svg"))
    return path.relative_to(folder).as_posix()


def _output(code: str) -> str:
    """Return what a line of code shows to a user of the package."""
    if not code:
        return ""
    names = {"np": np, "st": importlib.import_module("sparsetheory")}
    return repr(eval(code, names))


def again(row: Row) -> Row:
    """Return a row as the ledger has it now, with the verdict its numbers give."""
    if row["verdict"] == ERROR:
        return row
    claim = BY_ID[row["id"]]
    try:
        verdict = str(judge(claim, numbers_of(row)))
    except ArithmeticError as error:
        raise ValueError(f"{claim.id} has numbers out of range: {error}") from error
    except KeyError as error:
        message = f"{claim.id} must be computed anew: no number {error}"
        raise ValueError(message) from error
    return {**row, **described(claim), "verdict": verdict}


def about(preset: str) -> dict[str, Any]:
    """Return what the rows of a run depend on, with a fingerprint of it all."""
    packages = {name: version(name) for name in ("scikit-learn", "cvxpy")}
    depends = {
        "preset": preset,
        "scale": asdict(SCALES[preset]),
        "versions": versions() | packages,
    }
    fingerprint, _ = plain_fingerprint({"experiment": "claims"} | depends)
    return {**depends, "hardware": hardware(), "fingerprint": fingerprint}


def save_rows(path: Path, rows: Iterable[Row], run: Mapping[str, Any]) -> None:
    """Write rows, by id, and what they depend on; whole or not at all."""
    content = {
        "kind": KIND,
        "format": FORMAT,
        "run": dict(run),
        "rows": sorted(rows, key=lambda row: str(row["id"])),
    }
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
    write_whole(path, f"{text}\n".encode())


def load_rows(path: Path) -> tuple[list[Row], dict[str, Any]]:
    """Read what `save_rows` wrote.

    Raises
    ------
    ValueError
        If it is another file, has a claim twice or one that the ledger has not, or is
        damaged.
    OSError
    """
    try:
        content = json.loads(path.read_bytes())
        kind, form, rows = content["kind"], content["format"], content["rows"]
        run, names = content["run"], [row["id"] for row in rows]
        unknown = [name for name in names if name not in BY_ID]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} holds no claims: {error!r}") from error
    if kind != KIND or form != FORMAT:
        raise ValueError(f"{path} must hold claims of format {FORMAT}, got {form}")
    if unknown:
        raise ValueError(f"{path} has unknown claims: {', '.join(unknown)}")
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise ValueError(f"{path} has claims twice: {', '.join(twice)}")
    _check_run(path, run)
    for row in rows:
        _check_row(path, row)
    return rows, run


def _check_run(path: Path, run: Any) -> None:
    """Raise if a page can't be made of what rows depend on."""
    kinds: dict[str, Any] = {"preset": str, "fingerprint": str, "date": str}
    kinds |= {"scale": dict, "versions": dict, "hardware": dict}
    _check_kinds(f"{path} has a run", run, kinds)
    _check_kinds(f"{path} has versions", run["versions"], {"sparsetheory": str})
    _check_kinds(f"{path} has hardware", run["hardware"], {"cpu": str, "blas": str})
    if run["preset"] not in SCALES:
        raise ValueError(f"{path} has a run of unknown sizes {run['preset']!r}")


def _check_row(path: Path, row: Row) -> None:
    """Raise if a row lacks something, or what should be a number is none."""
    where = f"{path} has {row['id']}"
    kinds: dict[str, Any] = {
        "verdict": str,
        "numbers": dict,
        "seconds": int | float,
        "output": str,
    }
    kinds |= {"places": list, "topic": str, "kind": str, "statement": str, "code": str}
    kinds |= {"figure": str | None}
    kinds |= {"error": str} if row.get("verdict") == ERROR else {}
    _check_kinds(where, row, kinds)
    if row["verdict"] not in (*Finding, ERROR):
        raise ValueError(f"{where} with unknown verdict {row['verdict']!r}")
    for name, value in row["numbers"].items():
        if not (value in (None, "inf", "-inf") or _is_number(value)):
            raise ValueError(f"{where} with {name} that is no number: {value!r:.40}")


def _check_kinds(where: str, found: Any, kinds: Mapping[str, Any]) -> None:
    if not isinstance(found, dict):
        raise ValueError(f"{where} that is no mapping")
    for name, kind in kinds.items():
        if name not in found or not isinstance(found[name], kind):
            raise ValueError(f"{where} without {name}, or with a wrong one")


def _is_number(value: Any) -> bool:
    """Tell whether a value is a number that floats can hold."""
    try:
        return isinstance(value, bool | int | float) and math.isfinite(value)
    except OverflowError:
        return False
