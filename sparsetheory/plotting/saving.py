"""Pictures that come out bit for bit the same."""

import io
from pathlib import Path
from typing import Any

import numpy as np

from sparsetheory._files import write_whole

SAVING: dict[Any, Any] = {"svg.hashsalt": "sparsetheory", "svg.fonttype": "path"}
METADATA: dict[str, dict[str, Any]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
}


def save_figure(figure: Any, stem: str | Path) -> list[Path]:
    """Write ``stem.png`` and ``stem.svg``, bit for bit the same every time.

    Each is written whole or not at all.
    """
    paths = [Path(f"{stem}.png"), Path(f"{stem}.svg")]
    for path in paths:
        write_whole(path, picture(figure, path.suffix[1:]))
    return paths


def picture(figure: Any, kind: str) -> bytes:
    """Return a figure as a file of a kind in `METADATA`, the same every time."""
    import matplotlib as mpl

    file = io.BytesIO()
    with mpl.rc_context(SAVING):
        figure.savefig(file, format=kind, dpi=150, metadata=METADATA[kind])
    return file.getvalue()


def drawn(axes: Any, kind: str) -> bytes:
    """Return the figure of axes, or of an array of them, as a file; and close it."""
    from matplotlib import pyplot as plt

    figure = np.ravel(axes)[0].figure
    content = picture(figure, kind)
    plt.close(figure)
    return content
