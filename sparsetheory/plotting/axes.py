"""New Axes, and what pictures of several kinds have in common."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from sparsetheory.plotting.curves import COLOURS, MARKERS


def labelled(x: str, y: str) -> Any:
    """Return new Axes with labels."""
    from matplotlib import pyplot as plt

    _, ax = plt.subplots(figsize=(5.6, 4.2), layout="constrained")
    ax.set(xlabel=x, ylabel=y)
    return ax


def beside(*labels: tuple[str, str]) -> Any:
    """Return new Axes next to one another, with labels each."""
    from matplotlib import pyplot as plt

    size = 4.4 * len(labels), 3.8
    _, axes = plt.subplots(1, len(labels), figsize=size, layout="constrained")
    for ax, (x, y) in zip(axes, labels, strict=True):
        ax.set(xlabel=x, ylabel=y)
    return axes


def stacked(rows: int) -> Any:
    """Return a figure, and its Axes, which are below one another."""
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(rows, 1, figsize=(5.6, 4.8), layout="constrained")
    return figure, axes


def squares(names: Iterable[str]) -> list[Any]:
    """Return marks for a legend, in the order of colours."""
    from matplotlib.lines import Line2D

    return [
        Line2D([], [], marker="s", linestyle="", color=colour, label=name)
        for colour, name in zip(COLOURS, names, strict=False)
    ]


def marked(i: int, label: str, **more: Any) -> dict[str, Any]:
    """Return the i-th style of a line with marks."""
    style = {"color": COLOURS[i], "marker": MARKERS[i], "markersize": 4}
    return style | {"label": label} | more


def dots(i: int, label: str) -> dict[str, Any]:
    """Return the i-th style of points."""
    return marked(i, label, linestyle="")


def dashes(
    ax: Any, x: npt.ArrayLike, y: npt.ArrayLike, width: float, **style: Any
) -> None:
    """Draw short lines, that reach so far to both sides of points.

    As one line with gaps, which takes a fifth of the space that marks take.
    """
    ends = np.asarray(x, dtype=float)[:, None] + [-width, width, np.nan]
    ax.plot(ends.ravel(), np.repeat(y, 3), **style)


def bars(ax: Any, names: Sequence[str], series: Mapping[str, Sequence[float]]) -> None:
    """Draw bars with their values, below one another: a group for each name."""
    height = 0.8 / len(series)
    for i, (label, values) in enumerate(series.items()):
        at = np.arange(len(names)) + (i - (len(series) - 1) / 2) * height
        bar = ax.barh(at, values, 0.9 * height, color=COLOURS[i], label=label)
        ax.bar_label(bar, [f"{v:.3g}" for v in values], padding=3, fontsize=8)
    ax.set_yticks(np.arange(len(names)), names)
    ax.invert_yaxis()
    ax.margins(x=0.2)


def below(ax: Any, columns: int = 2) -> None:
    """Put the legend of one of a figure's Axes below all of them."""
    style = {"frameon": False, "fontsize": 9, "ncols": columns}
    found = ax.get_legend_handles_labels()
    ax.figure.legend(*found, loc="outside lower center", **style)


def cells(ax: Any, table: npt.ArrayLike, texts: Iterable[Sequence[str]] = ()) -> None:
    """Draw a table as squares, from white for zero to black for its largest."""
    values = np.asarray(table, dtype=float)
    share = values / values.max()
    ax.imshow(share, cmap="Greys", vmin=0, vmax=1, aspect="auto")
    for i, row in enumerate(texts):
        for j, text in enumerate(row):
            colour = "white" if share[i, j] > 0.5 else "black"
            ax.text(j, i, text, ha="center", va="center", color=colour, fontsize=8)
    rows, columns = values.shape
    ax.set_xticks(np.arange(columns + 1) - 0.5, minor=True)
    ax.set_yticks(np.arange(rows + 1) - 0.5, minor=True)
    ax.grid(which="minor", color="#bbbbbb", linewidth=0.6)
    ax.tick_params(which="minor", length=0)
