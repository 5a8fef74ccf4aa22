"""Errors over iterations as a picture."""

from typing import Any

import numpy as np

from sparsetheory.experiments.convergence import ConvergenceRate
from sparsetheory.plotting.curves import BOUND, COLOURS, FINITE, MARKERS


def plot_convergence(result: ConvergenceRate, ax: Any = None) -> Any:
    """Draw the errors of masked gradient descent and of IHT, and predicted slopes.

    The exact rate goes through the last error of each tail; guarantees on the error of
    IHT that are below 1 start where the runs do, and no error of IHT is above them.

    Parameters
    ----------
    result : ConvergenceRate
    ax : matplotlib Axes, optional
        By default new ones.

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> import sparsetheory as st
    >>> A, x = st.gaussian(200, 400, rng=1), st.sparse_signal(400, 10, rng=2)
    >>> ax = st.plot_convergence(st.convergence_rate(A, x))
    >>> ax.get_yscale()
    'log'
    """
    from matplotlib import pyplot as plt

    if ax is None:
        _, ax = plt.subplots(figsize=(6.4, 4.6), layout="constrained")
    runs = {"gradient descent on the support": result.masked, "IHT": result.iht}
    size = result.iht.errors[0]
    for i, (label, run) in enumerate(runs.items()):
        if run.window is not None:
            label += f": {run.rate:.4f}"
        t = np.arange(run.errors.size)
        style = {"color": COLOURS[i], "marker": MARKERS[i], "markersize": 3}
        ax.semilogy(t, run.errors / size, label=label, linewidth=0.8, **style)
    label = f"predicted, max |1 - ηλ| = {result.predicted:.4f}"
    for run in runs.values():
        if run.window is not None and run.found is not None:
            t, last = np.arange(run.found, run.window[1] + 1), run.window[1]
            line = run.errors[last] / size * result.predicted ** (t - last)
            ax.semilogy(t, line, label=label, **FINITE)
            label = "_"  # said once
    if result.iht.found is not None:
        text = f"IHT has the support, t = {result.iht.found}"
        ax.axvline(result.iht.found, label=text, color="#999999", linewidth=0.8)
    guarantees = [
        bound
        for bound in result.bounds
        if bound.algorithm == "iht"
        and bound.measure == "error"
        and bound.step == result.step
        and bound.recovers
    ]
    t = np.arange(result.iht.errors.size)
    for i, bound in enumerate(guarantees):
        label = f"at most, {bound.source}: {bound.factor:.4f}"
        style = BOUND | {"color": COLOURS[2 + i % (len(COLOURS) - 2)], "linewidth": 1.4}
        ax.semilogy(t, bound.factor**t, label=label, **style)
    ax.set(
        xlabel="iteration",
        ylabel=r"$\|x_t - x\|_2 \,/\, \|x\|_2$",
        title=f"k = {result.k}, step η = {result.step:.4g}",
        ylim=(min(1e-13, result.masked.errors.min() / size), None),
    )
    ax.legend(fontsize=8)
    return ax
