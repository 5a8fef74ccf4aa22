"""Tickets and their controls as a picture."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from sparsetheory.experiments.lottery import LotteryStudy

MARKERS = "osD^v<>pPX*hd"
TICKS = np.array([10, 20, 30, 40, 50, 60, 70, 80, 85, 90, 93, 95, 96, 97, 98, 99, 100])
TOP = 101.0  # a little room for what makes no error


def _up(accuracy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return -np.log(np.maximum(TOP - accuracy, 1e-3))


def _down(place: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return TOP - np.exp(-place)


def plot_lottery(result: LotteryStudy, ax: Any = None) -> Any:
    """Draw accuracy over density, of each arm and of the dense networks.

    The scale is logarithmic in the error, so that arms near 100 % can be told apart.
    Means over seeds with 95 % intervals of Student's t. These hold each arm by itself:
    differences of arms on the same seeds are known better, see `LotteryStudy.effect`.

    Parameters
    ----------
    result : LotteryStudy
    ax : matplotlib Axes, optional
        By default new ones.

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> import sparsetheory as st
    >>> bench = st.lottery_bench("wine", hidden=[20], seeds=4, steps=50)
    >>> arms = ["ticket", "random"]
    >>> ax = st.plot_lottery(st.lottery_study(bench, rounds=[4, 8], arms=arms))
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['dense', 'ticket', 'random']
    """
    from matplotlib import pyplot as plt

    if ax is None:
        _, ax = plt.subplots(figsize=(8.5, 5.2), layout="constrained")
    mean, half = interval(100 * result.dense)
    ax.axhline(mean, color="black", linewidth=1, label="dense")
    ax.axhspan(mean - half, mean + half, color="black", alpha=0.12, linewidth=0)
    order = np.argsort(result.density)
    names = sorted(result.accuracy, key=lambda n: -result.accuracy[n][order[0]].mean())
    colours = plt.get_cmap("turbo")(np.linspace(0.05, 0.95, max(2, len(names))))
    for i, name in enumerate(names):
        mean, half = interval(100 * result.accuracy[name][order])
        ax.errorbar(
            100 * result.density[order] * 1.012 ** (i - len(names) / 2),  # side by side
            mean,
            half,
            color=colours[i],
            marker=MARKERS[i % len(MARKERS)],
            label=name,
            **{"markersize": 4, "linewidth": 1.1, "elinewidth": 0.8, "capsize": 2},
        )
    ax.set_xscale("log")
    ticks = 100 * result.density[order]
    ax.set_xticks(ticks, [f"{t:.3g}" for t in ticks])
    ax.minorticks_off()
    low, high = ax.dataLim.intervaly
    low, high = max(0.0, low - 1.0), min(100.0, high + 0.3)
    ax.set_yscale("function", functions=(_up, _down))
    ax.set_ylim(low, high)
    ax.set_yticks(TICKS[(low <= TICKS) & (high >= TICKS)])
    ax.grid(axis="y", linewidth=0.4)
    ax.set(xlabel="weights kept, %", ylabel="test accuracy, %")
    ax.set_title(f"{len(result.seeds)} seeds, 95 % intervals", fontsize=9)
    ax.legend(fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return ax


def interval(values: npt.NDArray[np.float64]) -> tuple[Any, Any]:
    """Return mean and half the interval along the last axis; zero for one seed."""
    n = values.shape[-1]
    if n < 2:
        return values.mean(axis=-1), np.zeros(values.shape[:-1])
    error = values.std(axis=-1, ddof=1) / n**0.5
    return values.mean(axis=-1), stdtrit(n - 1, 0.975) * error
