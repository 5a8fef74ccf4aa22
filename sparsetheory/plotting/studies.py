"""One figure for each study of `sparsetheory.experiments.studies`."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from sparsetheory.experiments.store import PhaseMap, Result, TransitionCurve
from sparsetheory.experiments.studies import BASIS_PURSUIT, IHT, NONNEGATIVE
from sparsetheory.plotting.curves import (
    BOUND,
    COLOURS,
    FINITE,
    LIMIT,
    noted,
    plot_transition_curves,
    points,
)
from sparsetheory.plotting.maps import plot_phase_maps
from sparsetheory.theory.curves import l1_weak_threshold, nonnegative_weak_threshold
from sparsetheory.theory.finite import l1_median_sparsity
from sparsetheory.theory.groups import group_weak_threshold
from sparsetheory.theory.support import lasso_support_probability

AMPLITUDES = {"gaussian": "Gaussian amplitudes", "signs": "amplitudes ±1"}
FINE = np.linspace(0.01, 0.99, 300)

Part = dict[tuple[str, ...], Any]
"""Results of one study by the other parts of their names."""


def plot_studies(results: Mapping[str, Result]) -> dict[str, Any]:
    """Return one figure per study, from the results of any of them."""
    studies: dict[str, Part] = {}
    for name, result in results.items():
        study, *rest = name.split("/")
        if study not in FIGURES:
            raise ValueError(f"{name!r} belongs to no study: {', '.join(FIGURES)}")
        studies.setdefault(study, {})[tuple(rest)] = result
    return {study: FIGURES[study](part) for study, part in studies.items()}


def _axes(count: int, width: float = 4.6, height: float = 4.0, **options: Any) -> Any:
    from matplotlib import pyplot as plt

    return plt.subplots(
        *(1, count),
        figsize=(width * count, height),
        squeeze=False,
        layout="constrained",
        **options,
    )


def _firsts(part: Part, place: int = 0) -> list[str]:
    return list(dict.fromkeys(name[place] for name in part))


def _maps(part: Part) -> Any:
    titles = {
        f"{solver}\n{title}, n = {result.n}": result
        for (solver, title), result in part.items()
    }
    return plot_phase_maps(titles, columns=2 if len(titles) > 1 else 1)


def _curves(part: Part) -> Any:
    amplitudes = _firsts(part)
    figure, axes = _axes(len(amplitudes), 5.0, 4.6, sharey=True)
    for ax, amplitude in zip(axes[0], amplitudes, strict=True):
        own = {name[1]: curve for name, curve in part.items() if name[0] == amplitude}
        plot_transition_curves(own, ax, bound=True)
        if NONNEGATIVE in own:
            label = "non-negative basis pursuit, n → ∞"
            style = LIMIT | {"color": "#999999"}
            ax.plot(FINE, nonnegative_weak_threshold(FINE), label=label, **style)
        n = next(iter(own.values())).n
        ax.set(title=f"n = {n}, {AMPLITUDES[amplitude]}", ylim=(0, 1))
        ax.label_outer()
    _legend_below(figure, axes[0][0], 3)
    return figure


def _universality(part: Part) -> Any:
    figure, axes = _axes(2, 5.0, 4.6)
    convex, greedy = axes[0]
    titles = _firsts(part, 1)
    for i, title in enumerate(titles):
        curve = part[BASIS_PURSUIT, title]
        half = np.array([l1_median_sparsity(curve.n, int(m)) for m in curve.m])
        shift = (i - len(titles) / 2) * 0.004  # so that intervals stand side by side
        x, y = curve.delta + shift, curve.k50 - half
        ends = np.array([curve.low - half, curve.high - half])
        points(convex, i, x, y, ends, noted(title, curve), linestyle="none")
        curve = part[IHT, title]
        ends = np.array([curve.low, curve.high]) / curve.m
        points(greedy, i, curve.delta, curve.rho50, ends, title)
    convex.axhline(0, **FINITE)
    label = "basis pursuit, n → ∞"
    (line,) = greedy.plot(FINE, l1_weak_threshold(FINE), label=label, **LIMIT)
    convex.set(
        xlabel=r"$\delta = m/n$",
        ylabel="$k$ at even odds, less that of the Gaussian law",
        title=f"{BASIS_PURSUIT}, n = {curve.n}, amplitudes ±1",
    )
    greedy.set(
        xlabel=r"$\delta = m/n$",
        ylabel=r"$\rho = k/m$ at even odds",
        ylim=(0, 1),
        title=f"{IHT}, the same problems",
    )
    _legend_below(figure, convex, 3, line)
    return figure


def _shares(ax: Any, part: Part, place: int = 0) -> None:
    """Draw the share of successes of one-cell maps over the last part of the name."""
    for i, label in enumerate(_firsts(part, place)):
        own = {float(n[-1]): r for n, r in part.items() if n[place] == label}
        x = np.array(sorted(own))
        maps = [own[value] for value in x]
        y = np.array([r.probability.item() for r in maps])
        ends = np.array([[e.item() for e in r.interval()] for r in maps]).T
        points(ax, i, x, y, ends, label)
    ax.set_ylim(-0.03, 1.03)


def _where(part: Part) -> str:
    result: PhaseMap = next(iter(part.values()))
    m, k = int(result.m[0]), int(result.k[0, 0])
    return f"n = {result.n}, m = {m}, k = {k}, amplitudes ±1, {result.trials} trials"


def _noise(part: Part) -> Any:
    figure, axes = _axes(1, 5.4, 4.0)
    ax = axes[0][0]
    _shares(ax, part)
    ax.set(
        xlabel="noise / measurements, root mean squares",
        ylabel="share of supports found",
    )
    ax.set_title(_where(part), fontsize=10)
    ax.legend(fontsize=8)
    return figure


def _correlation(part: Part) -> Any:
    kinds = _firsts(part)
    figure, axes = _axes(len(kinds), sharey=True)
    for ax, kind in zip(axes[0], kinds, strict=True):
        _shares(ax, {n[1:]: r for n, r in part.items() if n[0] == kind})
        ax.set(xlabel="$c$", title=f"correlation {kind}")
    axes[0][0].set_ylabel("share recovered")
    figure.suptitle(_where(part), fontsize=10)
    _legend_below(figure, axes[0][0], 2)
    return figure


def _groups(part: Part) -> Any:
    figure, axes = _axes(1, 5.6, 4.4)
    ax = axes[0][0]
    for i, ((size,), curve) in enumerate(part.items()):
        theory = group_weak_threshold(FINE, int(size))
        ax.plot(FINE, theory, color=COLOURS[i], linewidth=1.2)
        label = f"groups of {size}, n = {curve.n}"
        ends = np.array([curve.low, curve.high]) / curve.m
        points(ax, i, curve.delta, curve.rho50, ends, label, linestyle="none")
    ax.plot(
        FINE, group_weak_threshold(FINE, np.inf), label="groups of size → ∞", **BOUND
    )
    ax.plot([], [], label="lines: theory, n → ∞", **LIMIT)
    ax.set(
        xlabel=r"$\delta = m/n$",
        ylabel=r"$\rho = k/m$ at even odds",
        xlim=(0, 1),
        ylim=(0, 1),
    )
    ax.set_title("certified, Gaussian amplitudes", fontsize=10)
    ax.legend(fontsize=8)
    return figure


def _scaling(part: Part) -> Any:
    figure, axes = _axes(2, 4.8, 4.2)
    offset, width = axes[0]
    sizes = np.array([int(name[0]) for name in part])
    results: list[TransitionCurve] = list(part.values())
    shared = sorted(set.intersection(*({*np.round(r.delta, 3)} for r in results)))
    middle: list[float] = []
    for i, delta in enumerate(shared):
        at = [int(np.argmin(np.abs(r.delta - delta))) for r in results]
        m = np.array([r.m[j] for r, j in zip(results, at, strict=True)])
        k50, low, high, wide = (
            np.array([getattr(r, f)[j] for r, j in zip(results, at, strict=True)])
            for f in ("k50", "low", "high", "width")
        )
        limit = m * l1_weak_threshold(m / sizes)
        law = np.array(
            [l1_median_sparsity(int(n), int(r)) for n, r in zip(sizes, m, strict=True)]
        )
        style = {"linestyle": "none"}
        x = sizes * 1.03 ** (i - len(shared) / 2)
        label = rf"$\delta$ = {delta:g}"
        ends = np.array([low, high]) - limit
        points(offset, i, x, k50 - limit, ends, label, **style)
        offset.plot(sizes, law - limit, color=COLOURS[i], linewidth=1.0)
        width.plot(sizes, wide, color=COLOURS[i], marker="o", markersize=4, label=label)
        middle += (k50 - limit).tolist()
    offset.set_ylim(min(middle) - 2.5, max(middle) + 2.5)
    root = np.sqrt(sizes / sizes[0])
    width.plot(sizes, wide[0] * root, label=r"slope of $\sqrt{n}$", **FINITE)
    offset.set(
        xscale="log",
        xlabel="$n$",
        ylabel=r"$k$ at even odds, less $m\rho(\delta)$ of $n\to\infty$",
        title="offset: points, and lines of the law at n",
    )
    width.set(
        xscale="log",
        yscale="log",
        xlabel="$n$",
        ylabel="change of $k$ that takes the odds from 1 to e",
        title="width",
    )
    ticks = 2.0 ** np.arange(-4, 12)
    near = (ticks > width.get_ylim()[0]) & (ticks < width.get_ylim()[1])
    width.set_yticks(ticks[near], [f"{tick:g}" for tick in ticks[near]])
    for ax in (offset, width):
        ax.set_xticks(sizes, [str(n) for n in sizes])
        ax.minorticks_off()
    _legend_below(figure, width, 6)
    return figure


def _support(part: Part) -> Any:
    figure, axes = _axes(1, 5.6, 4.2)
    ax = axes[0][0]
    for i, k in enumerate(_firsts(part)):
        own = {int(m): r for (name, m), r in part.items() if name == k}
        m = np.array(sorted(own))
        n = own[int(m[0])].n
        unit = 2 * int(k) * np.log(n - int(k))
        y = np.array([own[rows].probability.item() for rows in m])
        ends = np.array([[e.item() for e in own[rows].interval()] for rows in m]).T
        points(ax, i, m / unit, y, ends, f"k = {k}, n = {n}", linestyle="none")
        fine = np.arange(max(int(k), round(0.8 * m[0])), m[-1] + 1)
        law = lasso_support_probability(n, fine, int(k))
        ax.plot(fine / unit, law, color=COLOURS[i], linewidth=1.2)
    ax.plot([], [], label="lines: exact law, penalty → 0", **LIMIT)
    ax.axvline(1, **BOUND)
    ax.set(
        xlabel=r"$m \, / \, (2 k \log(n - k))$",
        ylabel="share of supports that the LASSO finds",
        ylim=(-0.03, 1.03),
    )
    trials = next(iter(part.values())).trials
    ax.set_title(f"amplitudes ±1, {trials} trials each", fontsize=10)
    ax.legend(fontsize=8, loc="lower right")
    return figure


def _legend_below(figure: Any, ax: Any, columns: int, *more: Any) -> None:
    handles, labels = ax.get_legend_handles_labels()
    handles, labels = [*handles, *more], [*labels, *(m.get_label() for m in more)]
    figure.legend(
        handles, labels, loc="outside lower center", ncols=columns, fontsize=8
    )


FIGURES: dict[str, Callable[[Part], Any]] = {
    "maps": _maps,
    "curves": _curves,
    "universality": _universality,
    "noise": _noise,
    "correlation": _correlation,
    "groups": _groups,
    "scaling": _scaling,
    "support": _support,
}
