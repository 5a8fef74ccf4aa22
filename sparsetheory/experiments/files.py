"""Tables as files."""

import csv
import io
from pathlib import Path
from typing import Any

from sparsetheory._files import write_whole


def write_table(path: Path, rows: list[dict[str, Any]]) -> Path:
    """Write rows of equal keys as CSV; return the path."""
    text = io.StringIO()
    table = csv.DictWriter(text, list(rows[0]) if rows else [], lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    write_whole(path, text.getvalue().encode())
    return path
