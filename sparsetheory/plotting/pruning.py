"""Pictures of what pruning does to isometry constants."""

from typing import Any

import numpy as np

from sparsetheory.conditions.changes import Change
from sparsetheory.conditions.pruning import PruningReport
from sparsetheory.plotting.curves import COLOURS, LIMIT

TITLES = {
    "raw": "as it is",
    "normalised": "columns of norm one",
    "scaled": "best multiple",
}
STYLES = {
    Change.HELPS: (COLOURS[2], "v", "smaller"),
    Change.HARMLESS: (COLOURS[0], "o", "not larger"),
    Change.SAME: (COLOURS[5], "s", "the same"),
    Change.HURTS: (COLOURS[1], "^", "larger"),
    Change.UNDECIDED: (COLOURS[7], "x", "undecided"),
}


def plot_pruning(report: PruningReport, axes: Any = None) -> Any:
    """Draw isometry constants before and after each pruning, one panel for each kind.

    A line, or a band if it is not known exactly, is the constant of the layer before.
    Marks stand at the upper bound after, and bars reach down to the lower one; their
    shape and colour tell what is proved of the change.

    Parameters
    ----------
    report : PruningReport
    axes : sequence of 3 matplotlib Axes, optional
        By default new ones, with a legend.

    Returns
    -------
    ndarray of 3 matplotlib Axes

    Raises
    ------
    ValueError
        If the report is empty, or there are not three axes.

    Examples
    --------
    >>> import sparsetheory as st
    >>> layer = st.BlockCirculant(st.digits_filters(), size=8)
    >>> axes = st.plot_pruning(st.pruning_report(layer, 2))
    >>> [ax.get_title() for ax in axes]
    ['as it is', 'columns of norm one', 'best multiple']
    """
    from matplotlib import pyplot as plt

    if not report.effects:
        raise ValueError("report must not be empty, not a mask was done")
    names = list(report.effects)
    alone = axes is None
    if alone:
        height = 1.6 + 0.24 * len(names)
        figure, axes = plt.subplots(
            1, 3, figsize=(9.0, height), sharey=True, layout="constrained"
        )
    axes = np.asarray(axes, dtype=object).ravel()
    if axes.size != len(TITLES):
        raise ValueError(f"axes must be {len(TITLES)}, got {axes.size}")
    place = np.arange(len(names))
    for ax, (measure, title) in zip(axes, TITLES.items(), strict=True):
        found = [getattr(effect, measure) for effect in report.effects.values()]
        low, high = found[0].before
        ax.axvspan(low, high, color="#000000", alpha=0.12, linewidth=0)
        ax.axvline(high, label="before", **LIMIT)
        for change, (colour, marker, label) in STYLES.items():
            at = np.array([each.change is change for each in found])
            if not at.any():
                continue
            after = np.array([each.after for each in found])[at]
            ax.hlines(place[at], *after.T, color=colour, linewidth=3, alpha=0.5)
            ax.plot(
                after[:, 1],
                place[at],
                linestyle="none",
                color=colour,
                marker=marker,
                markersize=6,
                label=label,
            )
        ax.set_title(title, fontsize=10)
        ax.set_xlabel(rf"$\delta_{{{report.k}}}$")
        ax.grid(axis="y", color="#dddddd", linewidth=0.6)
        ax.set_axisbelow(True)
        ax.margins(x=0.08)
        ax.set_yticks(place, names, fontsize=8)
        ax.set_ylim(len(names) - 0.4, -0.6)
    if alone:
        entries: dict[str, Any] = {}
        for ax in axes:
            handles, labels = ax.get_legend_handles_labels()
            entries |= dict(zip(labels, handles, strict=True))
        figure.legend(
            entries.values(),
            entries.keys(),
            loc="outside lower center",
            ncols=len(entries),
            fontsize=8,
        )
    return axes
