"""Recovery by Jacobians as a picture."""

from typing import Any

import numpy as np

from sparsetheory.experiments.jacobian import JacobianRecovery
from sparsetheory.plotting.curves import BOUND, COLOURS, FINITE, points
from sparsetheory.theory.finite import l1_success_probability

STYLES = ("-", "--", ":", "-.")


def plot_jacobian_recovery(result: JacobianRecovery, ax: Any = None) -> Any:
    """Draw how often sparse changes are found, over rows and over their size.

    On the left for the smallest change, with what basis pursuit finds by a Gaussian
    matrix of as many rows and seen columns; on the right with most rows, and with the
    median error of linearity. Bars are 95 % intervals.

    Parameters
    ----------
    result : JacobianRecovery
    ax : two matplotlib Axes, optional
        By default new ones.

    Returns
    -------
    ndarray of matplotlib Axes, shape (2,)

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> network = st.mlp([6, 5, 3], activation="tanh")
    >>> w = st.initial_weights(network, seed=0)
    >>> X = np.random.default_rng(0).standard_normal((100, 6))
    >>> found = st.jacobian_recovery(network, w, X, samples=[20, 60], k=2, trials=5)
    >>> st.plot_jacobian_recovery(found).shape
    (2,)
    """
    from matplotlib import pyplot as plt

    if ax is None:
        _, ax = plt.subplots(1, 2, figsize=(10.5, 4.6), layout="constrained")
    rows, sizes = ax = np.asarray(ax)
    share, ends = result.successes / result.trials, np.array(result.interval())
    least, order = int(np.argmin(result.size)), np.argsort(result.size)
    most, ascending = int(np.argmax(result.m)), np.argsort(result.m)
    for j, k in enumerate(result.k):
        for i, name in enumerate(result.solvers):
            style = {"color": COLOURS[j], "linestyle": STYLES[i % len(STYLES)]}
            label = f"{name}, k = {k}"
            for one, x, at in (
                (rows, result.m[ascending].astype(float), (i, least, ascending, j)),
                (sizes, result.size[order], (i, order, most, j)),
            ):
                points(one, i, x, share[at], ends[(slice(None), *at)], label, **style)
    _gaussian(result, rows)
    coherence = min(found.value for found in result.coherence)
    amount = f"{result.size[least]:g} ‖w‖" if result.size[least] else "→ 0"
    rows.set(
        xlabel="rows: outputs of all samples",
        ylabel="share of changes found",
        ylim=(-0.03, 1.03),
    )
    rows.set_title(f"change {amount}; coherence of J ≥ {coherence:.3f}", fontsize=9)
    _linearity(result, sizes, most)
    sizes.set_title(
        f"{result.m[most]} rows, {result.n} parameters, {result.trials} trials each",
        fontsize=9,
    )
    below = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.13)}
    rows.legend(fontsize=7, ncols=2, **below)
    return ax


def _gaussian(result: JacobianRecovery, ax: Any) -> None:
    columns = int(np.median(result.seen))
    m = np.unique(np.linspace(result.m.min(), result.m.max(), 40).astype(int))
    m = m[m < columns]
    label = f"basis pursuit, Gaussian, n = {columns}"
    for k in result.k:
        known = m[m >= k]
        ax.plot(
            known, l1_success_probability(columns, known, int(k)), label=label, **FINITE
        )
        label = "_"  # said once


def _linearity(result: JacobianRecovery, ax: Any, most: int) -> None:
    order = np.argsort(result.size)
    median = np.median(result.linearity[order, most], axis=(-1, -2))
    other = ax.twinx()
    other.plot(result.size[order], median, **BOUND)
    other.set_ylabel("error of linearity, median (dotted)")
    if np.count_nonzero(result.size) > 1:
        ax.set_xscale("symlog", linthresh=result.size[result.size > 0].min())
    ax.set(xlabel="change, relative to ‖w‖", ylim=(-0.03, 1.03))
