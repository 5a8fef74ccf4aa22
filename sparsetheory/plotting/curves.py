"""Transition curves as pictures."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sparsetheory.experiments.store import TransitionCurve
from sparsetheory.theory.curves import l1_weak_threshold
from sparsetheory.theory.faces import l1_strong_threshold
from sparsetheory.theory.finite import l1_median_sparsity
from sparsetheory.types import Matrix, Vector

# Okabe and Ito 2008: told apart by colour-blind readers too. Black is for theory.
COLOURS = (
    *("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"),
    *("#7f6000", "#666666", "#332288", "#aa4499", "#117733", "#882255"),
)
MARKERS = "osD^vP*Xh<>p"
LIMIT = {"color": "black", "linewidth": 1.6}
FINITE = {"color": "black", "linewidth": 1.0, "linestyle": (0, (4, 2))}
BOUND = {"color": "#555555", "linewidth": 1.0, "linestyle": ":"}
FAR = 1e3
SUSPECT = 0.02  # share of unresolved trials, from which on it is said
LAW_HOLDS = 0.98  # beyond this delta the law at finite n fails


def plot_transition_curves(
    curves: Mapping[str, TransitionCurve], ax: Any = None, *, bound: bool = False
) -> Any:
    r"""Draw 50 % points over δ with their 95 % intervals, and basis pursuit's theory.

    Parameters
    ----------
    curves : dict of str to TransitionCurve
        Labels and what they stand for.
    ax : matplotlib Axes, optional
        By default new ones, with a legend.
    bound : bool
        Draw also the bound below which basis pursuit recovers all signals at once.

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> import sparsetheory as st
    >>> curve = st.transition_curve(st.omp, n=40, delta=[0.3, 0.6], trials=32)
    >>> ax = st.plot_transition_curves({"OMP": curve})
    >>> ax.get_ylabel()
    '$\\rho = k/m$ at even odds'
    """
    from matplotlib import pyplot as plt

    alone = ax is None
    if alone:
        _, ax = plt.subplots(figsize=(5.6, 4.4), layout="constrained")
    if not curves:
        raise ValueError("curves must not be empty")
    fine = np.linspace(0.01, 0.99, 300)
    ax.plot(fine, l1_weak_threshold(fine), label="basis pursuit, n → ∞", **LIMIT)
    sizes = {curve.n for curve in curves.values()}
    if len(sizes) == 1:
        n = sizes.pop()
        m = np.arange(max(1, round(0.02 * n)), round(LAW_HOLDS * n))
        half = [l1_median_sparsity(n, int(rows)) / rows for rows in m]
        ax.plot(m / n, half, label=f"basis pursuit, n = {n}", **FINITE)
    if bound:
        label = "basis pursuit, all signals at once (lower bound)"
        ax.plot(fine, l1_strong_threshold(fine), label=label, **BOUND)
    for i, (label, curve) in enumerate(curves.items()):
        ends = np.array([curve.low, curve.high]) / curve.m
        points(ax, i, curve.delta, curve.rho50, ends, noted(label, curve))
    ax.set(xlabel=r"$\delta = m/n$", ylabel=r"$\rho = k/m$ at even odds", xlim=(0, 1))
    ax.set_ylim(bottom=0)
    if alone:
        ax.legend(fontsize=8)
    return ax


def noted(label: str, curve: TransitionCurve) -> str:
    """Return the label, with the share of unresolved trials if that is large."""
    share = curve.unresolved.sum() / max(curve.counts.sum(), 1)
    return f"{label} ({share:.0%} unresolved)" if share >= SUSPECT else label


def points(
    ax: Any, i: int, x: Vector, y: Vector, ends: Matrix, label: str, **style: Any
) -> None:
    """Draw points and their intervals, `ends` of shape (2, points), in the i-th style.

    An interval without end reaches out of the picture.
    """
    good = np.isfinite(y)
    spread = np.abs(np.clip(ends, -FAR, FAR) - y)[:, good]
    style = {
        "color": COLOURS[i % len(COLOURS)],
        "marker": MARKERS[i % len(MARKERS)],
        "markersize": 4,
        "linewidth": 0.8,
        "elinewidth": 1.0,
    } | style
    ax.errorbar(x[good], y[good], spread, label=label, **style)
