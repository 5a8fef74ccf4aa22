"""Phase maps as pictures."""

from typing import Any

import numpy as np

from sparsetheory.experiments.store import PhaseMap
from sparsetheory.theory.curves import l1_weak_threshold
from sparsetheory.theory.finite import l1_median_sparsity
from sparsetheory.types import Vector

ASYMPTOTIC = "Gaussian basis pursuit, n → ∞"
LAW_HOLDS = 0.98  # beyond this delta the law at finite n fails
CURVE = {"color": "#d55e00", "linewidth": 2.2}
FINITE = {"color": "#ffffff", "linewidth": 1.6, "linestyle": (0, (4, 2))}


def plot_phase_map(result: PhaseMap, ax: Any = None) -> Any:
    r"""Draw the share of successes over δ and ρ, with basis pursuit's theory.

    Two curves belong to ℓ1 minimisation and Gaussian matrices: the limit of large n,
    and where success is an even bet at this n. On a map of another solver or ensemble
    they are what to compare it with. Each cell stands at the ratios that were run; what
    was not run is hatched.

    Parameters
    ----------
    result : PhaseMap
    ax : matplotlib Axes, optional
        By default new ones, with a colour bar and a legend.

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> import sparsetheory as st
    >>> result = st.phase_transition(
    ...     st.iht, n=20, delta=[0.3, 0.6], rho=[0.2, 0.5], trials=2
    ... )
    >>> ax = st.plot_phase_map(result)
    >>> ax.get_xlabel()
    '$\\delta = m/n$'
    """
    from matplotlib import pyplot as plt

    alone = ax is None
    if alone:
        _, ax = plt.subplots(figsize=(5.2, 4.2), layout="constrained")
    columns = np.unique(result.m, return_index=True)[1]
    edges = _edges(result.m[columns] / result.n)
    ax.patch.set(facecolor="white", hatch="////", edgecolor="#cccccc")
    bottom, top = _edges(np.sort(result.rho))[[0, -1]]
    mesh = None
    for place, j in enumerate(columns):
        k, rows = np.unique(result.k[:, j], return_index=True)
        share = result.probability[rows, j]
        if np.isnan(share).all():
            continue
        steps = _edges(k / result.m[j])
        steps[[0, -1]] = min(steps[0], bottom), max(steps[-1], top)
        mesh = ax.pcolormesh(
            edges[place : place + 2],
            steps,
            share[:, None],
            cmap="viridis",
            vmin=0,
            vmax=1,
            rasterized=True,
        )
    low, high = edges[0], edges[-1]
    fine = np.linspace(max(low, 0.002), min(high, 0.999), 200)
    ax.plot(fine, l1_weak_threshold(fine), label=ASYMPTOTIC, **CURVE)
    last = min(LAW_HOLDS, high) * result.n
    whole = np.arange(max(1, round(low * result.n)), last)
    half = np.array([l1_median_sparsity(result.n, m) / m for m in whole])
    label = f"even odds at n = {result.n}"
    ax.plot(whole / result.n, half, label=label, **FINITE)
    ax.set(
        xlabel=r"$\delta = m/n$",
        ylabel=r"$\rho = k/m$",
        xlim=(low, high),
        ylim=(bottom, top),
    )
    unresolved = result.unresolved.sum() / max(result.counts.sum(), 1)
    if unresolved >= 0.005:
        ax.text(
            0.03,
            0.96,
            f"{unresolved:.0%} of trials unresolved",
            transform=ax.transAxes,
            verticalalignment="top",
            color="white",
            fontsize=8,
        )
    if alone:
        if mesh is not None:
            ax.figure.colorbar(mesh, ax=ax, label="share of successes")
        _legend(ax, loc="upper left", fontsize=8)
    return ax


def plot_phase_maps(maps: dict[str, PhaseMap], columns: int = 2) -> Any:
    """Draw named maps side by side on one scale, with one legend.

    Parameters
    ----------
    maps : dict of str to PhaseMap
        Titles and what they stand over.
    columns : int

    Returns
    -------
    matplotlib Figure

    Examples
    --------
    >>> import sparsetheory as st
    >>> grid = dict(n=20, delta=[0.3, 0.6], rho=[0.2, 0.5], trials=2)
    >>> maps = {s.__name__: st.phase_transition(s, **grid) for s in (st.iht,)}
    >>> figure = st.plot_phase_maps(maps)
    >>> figure.axes[0].get_title()
    'iht'
    """
    from matplotlib import pyplot as plt
    from matplotlib.cm import ScalarMappable

    if not maps:
        raise ValueError("maps must not be empty")
    columns = min(columns, len(maps))
    rows = -(-len(maps) // columns)
    figure, axes = plt.subplots(
        rows,
        columns,
        figsize=(4.2 * columns + 0.9, 3.5 * rows + 0.6),
        squeeze=False,
        layout="constrained",
    )
    for ax in axes.ravel()[len(maps) :]:
        ax.remove()
    engine: Any = figure.get_layout_engine()
    engine.set(wspace=0.04)
    shown = axes.ravel()[: len(maps)].tolist()
    for ax, (title, result) in zip(shown, maps.items(), strict=True):
        plot_phase_map(result, ax)
        ax.set_title(title)
        ax.label_outer()
    scale = ScalarMappable(cmap="viridis")
    scale.set_clim(0, 1)
    figure.colorbar(scale, ax=shown, label="share of successes", shrink=0.8)
    lines, _ = shown[0].get_legend_handles_labels()
    labels = [ASYMPTOTIC, "the same, even odds at this n"]
    _legend(figure, lines, labels, loc="outside lower center", ncols=2)
    return figure


def _legend(owner: Any, *entries: Any, **where: Any) -> None:
    owner.legend(
        *entries, facecolor="#7a7a8c", labelcolor="white", framealpha=1.0, **where
    )


def _edges(centres: Vector) -> Vector:
    if centres.size == 1:
        return np.array([centres[0] - 0.02, centres[0] + 0.02])
    middle = 0.5 * (centres[1:] + centres[:-1])
    first, last = 2 * centres[0] - middle[0], 2 * centres[-1] - middle[-1]
    return np.concatenate([[first], middle, [last]])
