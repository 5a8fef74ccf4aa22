"""Pictures that come out bit for bit the same."""

import io
from pathlib import Path
from typing import Any

from sparsetheory._files import write_whole

SAVING: dict[Any, Any] = {"svg.hashsalt": "sparsetheory", "svg.fonttype": "path"}


def save_figure(figure: Any, stem: str | Path) -> list[Path]:
    """Write ``stem.png`` and ``stem.svg``, bit for bit the same every time.

    Each is written whole or not at all.
    """
    import matplotlib as mpl

    paths = [Path(f"{stem}.png"), Path(f"{stem}.svg")]
    metadata: list[dict[str, Any]] = [
        {"Software": None},
        {"Date": None, "Creator": None},
    ]
    for path, entries in zip(paths, metadata, strict=True):
        picture = io.BytesIO()
        with mpl.rc_context(SAVING):
            figure.savefig(picture, format=path.suffix[1:], dpi=150, metadata=entries)
        write_whole(path, picture.getvalue())
    return paths
