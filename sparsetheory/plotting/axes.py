"""New Axes, and marks for their legends."""

from collections.abc import Iterable
from typing import Any

from sparsetheory.plotting.curves import COLOURS


def labelled(x: str, y: str) -> Any:
    """Return new Axes with labels."""
    from matplotlib import pyplot as plt

    _, ax = plt.subplots(figsize=(5.6, 4.2), layout="constrained")
    ax.set(xlabel=x, ylabel=y)
    return ax


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
