"""Studies of what happens to tickets along training, as pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from sparsetheory.experiments.flow import FlowStudy
from sparsetheory.experiments.rewinding import RewindingStudy
from sparsetheory.experiments.sharpness import SharpnessStudy
from sparsetheory.experiments.speed import SpeedStudy
from sparsetheory.experiments.sweep import TrainingSweep
from sparsetheory.plotting.curves import COLOURS, MARKERS
from sparsetheory.plotting.lottery import interval

SMALL = {"markersize": 4, "linewidth": 1.2, "elinewidth": 0.8, "capsize": 2}


def plot_rewinding(result: RewindingStudy, ax: Any = None) -> Any:
    """Draw accuracy and connectivity over the step that tickets are rewound to.

    On the left accuracies with 95 % intervals of Student's t; on the right the share of
    seeds whose ticket is connected: solid to the dense network, dashed to itself on
    another order of the data.

    Parameters
    ----------
    result : RewindingStudy
    ax : two matplotlib Axes, optional
        By default new ones.

    Returns
    -------
    ndarray of matplotlib Axes, shape (2,)

    Examples
    --------
    >>> import sparsetheory as st
    >>> bench = st.lottery_bench("wine", hidden=[20], seeds=3, steps=50)
    >>> found = st.rewinding_study(bench, steps=[0, 20], rounds=[6])
    >>> st.plot_rewinding(found).shape
    (2,)
    """
    left, right = axes = _axes(ax, 2)
    mean, half = interval(100 * result.dense)
    left.errorbar(result.steps, mean, half, color="black", label="dense", **SMALL)
    for i, density in enumerate(result.density):
        style = _style(i)
        mean, half = interval(100 * result.ticket[:, i])
        left.errorbar(result.steps, mean, half, label=_share(density), **style, **SMALL)
        for j, line in enumerate(("-", "--")):
            share = 100 * result.connected[:, i, j].mean(axis=-1)
            label = f"{_share(density)}, {('dense', 'other order')[j]}"
            right.plot(result.steps, share, line, markersize=4, label=label, **style)
    for each in axes:
        _by_values(each, result.steps)
        each.set_xlabel("step that is rewound to")
        each.legend(fontsize=7, handlelength=3, title="weights kept", title_fontsize=7)
    left.set(ylabel="test accuracy, %", title=_seeds(result.seeds))
    right.set(ylabel="seeds with no loss above both ends, %", ylim=(-4, 104))
    return axes


def plot_sharpness(result: SharpnessStudy, ax: Any = None) -> Any:
    """Draw ends of spectra, and negative eigenvalues, over the step rewound to.

    Means over seeds with 95 % intervals of Student's t.

    Parameters
    ----------
    result : SharpnessStudy
    ax : two matplotlib Axes, optional
        By default new ones.

    Returns
    -------
    ndarray of matplotlib Axes, shape (2,)

    Examples
    --------
    >>> import sparsetheory as st
    >>> bench = st.lottery_bench("wine", hidden=[5], seeds=2, steps=50)
    >>> found = st.sharpness_study(bench, steps=[0, 50], rounds=3)
    >>> st.plot_sharpness(found).shape
    (2,)
    """
    left, right = axes = _axes(ax, 2)
    for i, (name, ends) in enumerate(
        (("ticket", result.ticket), ("dense", result.dense))
    ):
        for end, line in ((-1, "-"), (0, "--")):
            mean, half = interval(ends[..., end])
            label = f"{name}, {'largest' if end else 'smallest'}"
            style = {**_style(i), "linestyle": line, **SMALL}
            left.errorbar(result.steps, mean, half, label=label, **style)
    left.axhline(0, color="#888888", linewidth=0.6)
    left.legend(fontsize=7)
    left.set(ylabel="eigenvalue of the Hessian", title=_seeds(result.seeds))
    mean, half = interval(100 * result.negative)
    right.errorbar(result.steps, mean, half, **_style(0), **SMALL)
    right.set(ylabel="negative eigenvalues on the ticket, %", ylim=(0, None))
    right.set_title(f"{_share(result.density)} of the weights")
    for each in axes:
        _by_values(each, result.steps)
        each.set_xlabel("step that is rewound to")
    return axes


def plot_sweep(result: TrainingSweep, ax: Any = None) -> Any:
    """Draw accuracy over what varies, of the dense networks and of each arm.

    Means over seeds with 95 % intervals of Student's t.

    Parameters
    ----------
    result : TrainingSweep
        Of `noise_study`, `batch_study` or `step_size_study`.
    ax : matplotlib Axes, optional
        By default new ones.

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> import sparsetheory as st
    >>> bench = st.lottery_bench("wine", hidden=[20], seeds=3, steps=50)
    >>> found = st.batch_study(bench, batches=[10, 100], rounds=[6])
    >>> st.plot_sweep(found).get_xlabel()
    'batch'
    """
    (ax,) = _axes(ax, 1)
    for i, (label, arm, at) in enumerate(_lines(result)):
        mean, half = interval(100 * result.runs(arm, at))
        ax.errorbar(result.values, mean, half, label=label, **_style(i), **SMALL)
    _by_values(ax, result.values)
    ax.set(xlabel=result.varied, ylabel="test accuracy, %")
    ax.set_title(_seeds(result.seeds))
    ax.legend(fontsize=7)
    return ax


def plot_spread(result: TrainingSweep, ax: Any = None) -> Any:
    """Draw standard deviations of the accuracy over what varies, seed by seed.

    Parameters
    ----------
    result : TrainingSweep
        Of `order_study`.
    ax : matplotlib Axes, optional
        By default new ones.

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> import sparsetheory as st
    >>> bench = st.lottery_bench("wine", hidden=[20], seeds=3, steps=50)
    >>> found = st.order_study(bench, orders=3, rounds=[6])
    >>> st.plot_spread(found).get_ylabel()
    'deviation of the test accuracy by order, points'
    """
    (ax,) = _axes(ax, 1)
    lines = _lines(result)
    for i, (_, arm, at) in enumerate(lines):
        spread = 100 * result.spread(arm, at)
        places = i + np.linspace(-0.2, 0.2, spread.size)
        colour = COLOURS[i % len(COLOURS)]
        ax.plot(places, spread, "o", markersize=3, color=colour, alpha=0.6)
        mean, half = interval(spread)
        ax.errorbar(i, mean, half, color="black", marker="_", markersize=12, capsize=3)
    names = [label for label, *_ in lines]
    ax.set_xticks(range(len(names)), names, rotation=30, ha="right", fontsize=8)
    what = f"deviation of the test accuracy by {result.varied}, points"
    ax.set(ylabel=what, ylim=(0, None))
    ax.set_title(f"{_seeds(result.seeds)}, {len(result.values)} runs of each")
    return ax


def plot_speed(result: SpeedStudy, ax: Any = None) -> Any:
    """Draw training losses over the steps, geometric means over seeds.

    Parameters
    ----------
    result : SpeedStudy
    ax : matplotlib Axes, optional
        By default new ones.

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> import sparsetheory as st
    >>> bench = st.lottery_bench("wine", hidden=[20], seeds=3, steps=50)
    >>> ax = st.plot_speed(st.speed_study(bench, rounds=[6]))
    >>> [line.get_label() for line in ax.lines][:2]
    ['dense', '26.6 %, ticket']
    """
    (ax,) = _axes(ax, 1)
    ax.plot(result.steps, _geometric(result.dense), color="black", label="dense")
    for i, density in enumerate(result.density):
        for name, line in zip(result.loss, ("-", "--", ":"), strict=False):
            label = f"{_share(density)}, {name}"
            loss = _geometric(result.loss[name][i])
            ax.plot(result.steps, loss, line, color=_style(i)["color"], label=label)
    ax.set(xlabel="steps", ylabel="training loss", yscale="log")
    ax.set_title(_seeds(result.seeds))
    ax.legend(fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return ax


def plot_flow(result: FlowStudy, ax: Any = None) -> Any:
    """Draw the accuracy on masks over what they keep of the gradient, seed by seed.

    Parameters
    ----------
    result : FlowStudy
    ax : matplotlib Axes, optional
        By default new ones.

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> import sparsetheory as st
    >>> bench = st.lottery_bench("wine", hidden=[20], seeds=3, steps=50)
    >>> ax = st.plot_flow(st.flow_study(bench, rounds=[6]))
    >>> len(ax.lines)  # one for each mask, and the dense networks
    5
    """
    (ax,) = _axes(ax, 1)
    ax.axhline(100 * result.dense.mean(), color="black", linewidth=1, label="dense")
    for j, (name, cosine) in enumerate(result.cosine.items()):
        for i, density in enumerate(result.density):
            ax.plot(
                cosine[i],
                100 * result.accuracy[name][i],
                MARKERS[i % len(MARKERS)],
                color=COLOURS[j % len(COLOURS)],
                label=f"{name}, {_share(density)}",
                markersize=4,
                alpha=0.8,
            )
    ax.set(xlabel="cosine of the gradient with its masked part", xlim=(0, 1))
    ax.set(ylabel="test accuracy, %", title=_seeds(result.seeds))
    ax.legend(fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return ax


def panels(rows: int, columns: int) -> Any:
    """Return new Axes of one figure, an array of shape (rows, columns)."""
    from matplotlib import pyplot as plt

    size = (5.2 * columns, 4.4 * rows)
    options: dict[str, Any] = {"squeeze": False, "layout": "constrained"}
    return plt.subplots(rows, columns, figsize=size, **options)[1]


def _axes(ax: Any, count: int) -> Any:
    return panels(1, count)[0] if ax is None else np.atleast_1d(ax)


def _lines(result: TrainingSweep) -> list[tuple[str, str, int]]:
    """Return labels, and the arms and densities that they stand for."""
    return [("dense", "dense", 0)] + [
        (f"{name}, {_share(density)}", name, i)
        for name in result.accuracy
        for i, density in enumerate(result.density)
    ]


def _style(i: int) -> dict[str, Any]:
    return {"color": COLOURS[i % len(COLOURS)], "marker": MARKERS[i % len(MARKERS)]}


def _share(density: float) -> str:
    return f"{100 * density:.3g} %"


def _seeds(seeds: tuple[int, ...]) -> str:
    return f"{len(seeds)} seeds"


def _geometric(loss: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray(np.exp(np.log(loss).mean(axis=-1)))


def _by_values(ax: Any, values: tuple[float, ...]) -> None:
    """Scale an axis so that small values can be told apart, zero among them."""
    positive = [v for v in values if v > 0]
    if len(positive) > 1:
        scale = {"linthresh": min(positive)} if 0 in values else {}
        ax.set_xscale("symlog" if scale else "log", **scale)
        ax.set_xticks(values, [f"{v:g}" for v in values])
        ax.set_xlim(left=-0.2 * min(positive) if scale else None)
        ax.minorticks_off()
