"""Differences of arms, tickets beside one another, and guesses of random labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from sparsetheory.experiments.chance import ChanceStudy
from sparsetheory.experiments.grid import LotteryGrid
from sparsetheory.experiments.label_noise import LabelNoiseStudy
from sparsetheory.experiments.lottery import LotteryStudy
from sparsetheory.experiments.overlap import OverlapStudy
from sparsetheory.experiments.paired import PairedEffect
from sparsetheory.plotting.lottery import MARKERS, interval

POINTS = (-80, -40, -20, -10, -5, -2, -1, -0.5, 0, 0.5, 1, 2, 5, 10, 20, 40, 80)
THIN = {"markersize": 4, "linewidth": 1.1, "elinewidth": 0.8, "capsize": 2}


def plot_lottery_effects(
    result: LotteryStudy | LotteryGrid,
    ax: Any = None,
    *,
    arms: Sequence[str] | None = None,
    than: str = "ticket",
) -> Any:
    """Draw how much more accurate arms are than another one, over density.

    Means of paired differences with 95 % intervals of Student's t; the scale is
    logarithmic beyond a point.

    Parameters
    ----------
    result : LotteryStudy or LotteryGrid
        One line for each arm, of a grid in each setting.
    ax : matplotlib Axes, optional
        By default new ones.
    arms : sequence of str, optional
        By default all but that one.
    than : str
        The arm they are compared with, or "dense".

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> import sparsetheory as st
    >>> bench = st.lottery_bench("wine", hidden=[20], seeds=4, steps=50)
    >>> found = st.lottery_study(bench, rounds=[4, 8], arms=["ticket", "random"])
    >>> ax = st.plot_lottery_effects(found)
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['random']
    """
    grid = isinstance(result, LotteryGrid)
    studies = result.studies if isinstance(result, LotteryGrid) else {"": result}
    lines = [
        (f"{arm}, {setting}" if grid else arm, study, arm)
        for setting, study in studies.items()
        for arm in (arms or [arm for arm in study.accuracy if arm != than])
    ]
    ax = _axes(ax)
    for i, (label, study, arm) in enumerate(lines):
        effects = [study.effect(arm, than, at) for at in range(study.density.size)]
        _effects(ax, study.density, effects, i, len(lines), label)
    ax.axhline(0, color="black", linewidth=0.8)
    first = next(iter(studies.values()))
    _over_density(ax, first.density)
    low, high = ax.dataLim.intervaly
    ax.set_yscale("symlog", linthresh=1.0, linscale=0.8)
    ax.set_ylim(1.15 * min(low, 0) - 0.1, 1.15 * max(high, 0) + 0.1)
    ax.set_yticks([tick for tick in POINTS if low <= tick <= high])
    ax.yaxis.set_major_formatter("{x:g}")
    ax.set_ylabel(f"accuracy less that of {than}, points")
    return _finish(ax, f"{len(first.seeds)} seeds, paired, 95 % intervals")


def plot_label_noise(result: LabelNoiseStudy, ax: Any = None) -> Any:
    """Draw what pruning does to accuracy and generalisation gap, over density.

    Tickets less the dense networks of the same seeds, with 95 % intervals of Student's
    t, at each level of noise.

    Parameters
    ----------
    result : LabelNoiseStudy
    ax : matplotlib Axes, optional
        By default new ones.

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> import sparsetheory as st
    >>> bench = st.lottery_bench("wine", hidden=[20], seeds=4, steps=50)
    >>> ax = st.plot_label_noise(st.label_noise_study(bench, rounds=[4, 8]))
    >>> [text.get_text() for text in ax.get_legend().get_texts()][:2]
    ['accuracy, clean labels', 'gap, clean labels']
    """
    ax = _axes(ax)
    many = 2 * result.noise.size
    for level, share in enumerate(result.noise):
        what = f"{100 * share:g} % redrawn" if share else "clean labels"
        for j, (of, name) in enumerate((("test", "accuracy"), ("gap", "gap"))):
            effects = [
                result.effect(of, level=level, at=at)  # type: ignore[arg-type]
                for at in range(1, result.density.size)
            ]
            i, label = 2 * level + j, f"{name}, {what}"
            style = {"linestyle": ("-", "--")[j]}
            _effects(ax, result.density[1:], effects, i, many, label, **style)
    ax.axhline(0, color="black", linewidth=0.8)
    _over_density(ax, result.density[1:])
    ax.set_ylabel("ticket less dense network, points")
    return _finish(ax, f"{len(result.seeds)} seeds, paired, 95 % intervals")


def plot_overlap(result: OverlapStudy, ax: Any = None) -> Any:
    """Draw how much of a ticket others have, over density, and what chance would give.

    Means with 95 % intervals of Student's t; dotted: weights drawn at random with the
    counts of the layers.

    Parameters
    ----------
    result : OverlapStudy
    ax : matplotlib Axes, optional
        By default new ones.

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> import sparsetheory as st
    >>> bench = st.lottery_bench("wine", hidden=[20], seeds=4, steps=50)
    >>> ax = st.plot_overlap(st.overlap_study(bench, rounds=[4, 8]))
    >>> ax.get_legend().get_texts()[0].get_text()
    'chance'
    """
    ax = _axes(ax)
    order = np.argsort(result.density)
    for i, (name, overlap) in enumerate(result.overlap.items()):
        mean, half = interval(100 * overlap)
        _bars(ax, result.density, mean, half, i, len(result.overlap), name)
        chance = 100 * result.chance[name].mean(axis=1)
        label = "chance" if i == len(result.overlap) - 1 else None
        style = {"color": _colour(i, len(result.overlap)), "linestyle": ":"}
        ax.plot(100 * result.density[order], chance[order], label=label, **style)
    _over_density(ax, result.density)
    ax.set_ylim(0, 100)
    ax.set_ylabel("shared with the ticket, % of its weights")
    return _finish(ax, f"{len(result.seeds)} seeds, 95 % intervals")


def plot_chance(result: ChanceStudy, ax: Any = None) -> Any:
    """Draw accuracies on random labels with exact intervals, and chance.

    Parameters
    ----------
    result : ChanceStudy
    ax : matplotlib Axes, optional
        By default new ones.

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> import sparsetheory as st
    >>> bench = st.lottery_bench("wine", hidden=[20], seeds=4, steps=50)
    >>> ax = st.plot_chance(st.chance_study(bench, rounds=[4], arms=["ticket"]))
    >>> ax.get_ylabel()
    'labels guessed, %'
    """
    ax = _axes(ax)
    names = list(result.correct)
    for i, name in enumerate(names):
        rows = result.correct[name]
        density = np.ones(1) if name == "dense" else result.density
        share = 100 * rows.sum(axis=1) / (rows.shape[1] * result.trials)
        ends = [result.interval(name, at) for at in range(len(rows))]
        size = np.abs(100 * np.array(ends).T - share)
        _bars(ax, density, share, size, i, len(names), name)
    ax.axhline(100 / result.classes, color="black", linewidth=0.8)
    _over_density(ax, np.append(result.density, 1.0))
    ax.set_ylabel("labels guessed, %")
    each = f"{len(result.seeds)} × {result.trials} labels each, exact 95 % intervals"
    return _finish(ax, f"{each}; least p {result.least_p:.2g} after Bonferroni")


def _axes(ax: Any) -> Any:
    from matplotlib import pyplot as plt

    if ax is not None:
        return ax
    return plt.subplots(figsize=(8.0, 4.6), layout="constrained")[1]


def _effects(
    ax: Any,
    density: npt.NDArray[np.float64],
    effects: Sequence[PairedEffect],
    i: int,
    many: int,
    label: str,
    **style: Any,
) -> None:
    mean = np.array([100 * effect.mean for effect in effects])
    half = np.array([100 * (effect.high - effect.mean) for effect in effects])
    _bars(ax, density, mean, half, i, many, label, **style)


def _bars(
    ax: Any,
    density: npt.NDArray[np.float64],
    value: npt.NDArray[np.float64],
    size: npt.NDArray[np.float64],
    i: int,
    many: int,
    label: str,
    **style: Any,
) -> None:
    """Draw line i of many with error bars, a little beside the others."""
    order = np.argsort(density)
    ax.errorbar(
        100 * density[order] * 1.012 ** (i - (many - 1) / 2),
        value[order],
        size[..., order],
        color=_colour(i, many),
        marker=MARKERS[i % len(MARKERS)],
        label=label,
        **(THIN | style),
    )


def _colour(i: int, many: int) -> Any:
    from matplotlib import pyplot as plt

    return plt.get_cmap("turbo")(0.05 + 0.9 * i / max(1, many - 1))


def _over_density(ax: Any, density: npt.NDArray[np.float64]) -> None:
    ax.set_xscale("log")
    ticks = 100 * np.unique(density)
    ax.set_xticks(ticks, [f"{tick:.3g}" for tick in ticks])
    ax.minorticks_off()
    ax.set_xlabel("weights kept, %")


def _finish(ax: Any, title: str) -> Any:
    ax.grid(axis="y", linewidth=0.4)
    ax.set_title(title, fontsize=9)
    ax.legend(fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return ax
