"""Lottery tickets and subset sums as pictures."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from sparsetheory.experiments.rare import TicketEstimate
from sparsetheory.experiments.subset_sum import SubsetSumTrials
from sparsetheory.experiments.tickets import TicketTrials
from sparsetheory.plotting.curves import BOUND, COLOURS, FINITE, LIMIT
from sparsetheory.theory.binomials import LOG_TEN
from sparsetheory.theory.subset_sum import (
    single_weight_median_error,
    subset_sum_median_error,
)
from sparsetheory.theory.tickets import (
    log_ticket_maximum,
    log_ticket_probability,
    log_top_k_ticket_probability,
    optimal_threshold,
)
from sparsetheory.types import Matrix, Vector

Tickets = TicketTrials | TicketEstimate

REACH = 1.96  # standard errors of the bars of an estimate
LEAST = 1e-3  # of an estimate, to which a bar goes down at most


def plot_ticket_probability(result: Tickets, ax: Any = None) -> Any:
    r"""Draw the probability of a ticket over the threshold, on a logarithmic scale.

    Parameters
    ----------
    result : TicketTrials or TicketEstimate
        Drawn with 95 % intervals; a count of 0 as an open triangle at the upper end.
    ax : matplotlib Axes, optional
        By default new ones, with a legend.

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> import sparsetheory as st
    >>> found = st.ticket_trials(10, 3, [0.5, 1.0, 1.5])
    >>> ax = st.plot_ticket_probability(found)
    >>> ax.get_xlabel()
    'threshold $t/\\sigma$'
    """
    alone, ax = _axes(ax)
    n, k, sigma, a = result.n, result.k, result.sigma, result.amplitude
    best = float(optimal_threshold(n, k, sigma, amplitude=a))
    middle = best if np.isfinite(best) else float(result.t.max())
    ends = min(float(result.t.min()), middle), max(float(result.t.max()), middle)
    t = np.linspace(max(0.8 * ends[0], 1e-3 * sigma), 1.1 * ends[1], 400)
    logs = log_ticket_probability(n, k, t, sigma, amplitude=a) / LOG_TEN
    top = float(log_top_k_ticket_probability(n, k, sigma, amplitude=a)) / LOG_TEN
    ax.plot(t / sigma, logs, label="exact", **LIMIT)
    ax.axhline(top, label="the $k$ largest", **FINITE)
    if np.isfinite(best):
        ax.axvline(best / sigma, label="best threshold", **BOUND)
    _points(ax, result.t / sigma, *_levels(result), label=_label(result))
    signal = f", signal {a / sigma:g} σ" if a else ""
    ax.set(
        xlabel=r"threshold $t/\sigma$",
        ylabel=r"$\log_{10}$ probability of the exact support",
        title=f"n = {n}, k = {k}{signal}",
    )
    if alone:
        ax.legend(fontsize=8, loc="lower center")
    return ax


def plot_ticket_sparsity(results: Sequence[Tickets], ax: Any = None) -> Any:
    """Draw the probability of a ticket at its best threshold over k/n.

    Parameters
    ----------
    results : sequence of TicketTrials or TicketEstimate
        Of one n and without signal; drawn is each one's largest, with 95 % intervals.
    ax : matplotlib Axes, optional
        By default new ones, with a legend.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ValueError
        If there are no results, or of several n, or with a signal.

    Examples
    --------
    >>> import sparsetheory as st
    >>> found = [st.rare_ticket_probability(40, k, repeats=10) for k in (4, 20)]
    >>> ax = st.plot_ticket_sparsity(found)
    >>> ax.get_xlabel()
    '$k/n$'
    """
    sizes = {result.n for result in results}
    if len(sizes) != 1 or any(result.amplitude for result in results):
        raise ValueError(f"results must be of one n without signal, got n in {sizes}")
    alone, ax = _axes(ax)
    n = sizes.pop()
    k = np.arange(n + 1)
    best = log_ticket_maximum(n, k) / LOG_TEN
    top = log_top_k_ticket_probability(n, k) / LOG_TEN
    ax.plot(k / n, best, label="best threshold, $-n H(k/n)$", **LIMIT)
    ax.plot(k / n, top, label=r"the $k$ largest, $-\log\binom{n}{k}$", **FINITE)
    x = np.array([result.k / n for result in results])
    levels = np.array([_highest(*_levels(result)) for result in results])
    _points(ax, x, *levels.T, label=_label(results[0]))
    ax.set(
        xlabel="$k/n$",
        ylabel=r"$\log_{10}$ probability of the exact support",
        title=f"n = {n}",
        xlim=(0, 1),
    )
    if alone:
        ax.legend(fontsize=8)
    return ax


def plot_subset_sum(result: SubsetSumTrials, ax: Any = None) -> Any:
    """Draw the error of the best subset, and of the best single weight, over n.

    Parameters
    ----------
    result : SubsetSumTrials
        Drawn are medians and quartiles.
    ax : matplotlib Axes, optional
        By default new ones, with a legend.

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> import sparsetheory as st
    >>> ax = st.plot_subset_sum(st.subset_sum_trials([4, 8, 12], trials=50))
    >>> ax.get_yscale()
    'log'
    """
    alone, ax = _axes(ax)
    n, z = result.n, result.target
    sizes = np.arange(n.min(), n.max() + 1)
    curves = {
        "best single weight": (result.single, single_weight_median_error(sizes, z)),
        "best subset": (result.subset, subset_sum_median_error(sizes, z)),
    }
    for i, (label, (errors, theory)) in enumerate(curves.items()):
        ax.plot(sizes, theory, **(LIMIT if i == 0 else FINITE))
        low, middle, high = np.quantile(errors, [0.25, 0.5, 0.75], axis=1)
        _points(ax, n, middle, low, high, label=label, style=i)
    ax.set(
        xlabel="random weights $n$",
        ylabel=f"error for the target {z:g}, median and quartiles",
        yscale="log",
    )
    ax.xaxis.get_major_locator().set_params(integer=True)
    if alone:
        ax.legend(
            fontsize=8,
            loc="lower left",
            title="lines: exact, and an approximation",
            title_fontsize=8,
        )
    return ax


def _axes(ax: Any) -> tuple[bool, Any]:
    if ax is not None:
        return False, ax
    from matplotlib import pyplot as plt

    return True, plt.subplots(figsize=(5.6, 4.4), layout="constrained")[1]


def _label(result: Tickets) -> str:
    if isinstance(result, TicketTrials):
        return f"{result.trials:,} draws"
    return "estimates by splitting"


def _levels(result: Tickets) -> tuple[Vector, Vector, Vector]:
    """Return log10 of the probability and of both ends of its interval."""
    if isinstance(result, TicketTrials):
        low, high = result.interval()
        with np.errstate(divide="ignore"):
            p, low, high = np.log10([result.successes / result.trials, low, high])
        return p, low, high
    error = REACH * result.relative_error
    middle = result.log_p / LOG_TEN
    low = middle + np.log10(np.maximum(1 - error, LEAST))
    return middle, low, middle + np.log10(1 + error)


def _highest(p: Vector, low: Vector, high: Vector) -> tuple[float, float, float]:
    at = int(np.argmax(p))
    return float(p[at]), float(low[at]), float(high[at])


def _points(
    ax: Any, x: Any, y: Vector, low: Vector, high: Vector, *, label: str, style: int = 0
) -> None:
    good = np.isfinite(y)
    spread: Matrix = np.array([y[good] - low[good], high[good] - y[good]])
    look = {"color": COLOURS[style], "markersize": 4, "linestyle": "none"}
    marker = "os"[style]
    ax.errorbar(
        np.asarray(x)[good], y[good], spread, label=label, marker=marker, **look
    )
    none = ~good & np.isfinite(high)
    ax.plot(np.asarray(x)[none], high[none], marker="v", fillstyle="none", **look)
