"""How much faster one solver is than others, as a picture."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sparsetheory.plotting.curves import COLOURS, MARKERS


def plot_speed_ratios(ratios: Mapping[str, Mapping[str, float]], ax: Any = None) -> Any:
    """Draw times of rivals over that of one solver, a line for each problem.

    Parameters
    ----------
    ratios : dict of str to dict of str to float
        For each problem the ratio of each rival; right of 1 the rival is slower.
    ax : matplotlib Axes, optional
        By default new ones.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ValueError
        If there is nothing to draw, or a ratio is not positive.

    Examples
    --------
    >>> import sparsetheory as st
    >>> ratios = {"large": {"one": 2.0, "two": 5.0}, "small": {"two": 0.8}}
    >>> ax = st.plot_speed_ratios(ratios)
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['large', 'small']
    """
    from matplotlib import pyplot as plt

    values = [ratio for row in ratios.values() for ratio in row.values()]
    if not values or not np.min(values) > 0.0:
        raise ValueError(f"ratios must be positive, and some, got {values}")
    if ax is None:
        size = (7.2, 1.2 + 0.28 * len(ratios))
        _, ax = plt.subplots(figsize=size, layout="constrained")
    rivals = dict.fromkeys(name for row in ratios.values() for name in row)
    for i, rival in enumerate(rivals):
        x = [row.get(rival, np.nan) for row in ratios.values()]
        colour, marker = COLOURS[i % len(COLOURS)], MARKERS[i % len(MARKERS)]
        ax.plot(x, range(len(x)), marker, color=colour, label=rival)
    ax.axvline(1.0, color="black", linewidth=1.0)
    ax.set_xscale("log")
    ax.set_yticks(range(len(ratios)), list(ratios))
    ax.invert_yaxis()
    ax.grid(axis="y", linewidth=0.4)
    ax.set_xlabel("time of the rival / ours")
    ax.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return ax
