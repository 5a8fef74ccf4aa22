"""Files that are written whole or not at all."""

import csv
import io
import os
from pathlib import Path
from typing import Any


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


def write_table(path: Path, rows: list[dict[str, Any]]) -> Path:
    """Write rows of equal keys as CSV; return the path."""
    text = io.StringIO()
    table = csv.DictWriter(text, list(rows[0]) if rows else [], lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    write_whole(path, text.getvalue().encode())
    return path
