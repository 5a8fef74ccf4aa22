"""Model selection as a picture."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sparsetheory.experiments.intervals import clopper_pearson_interval
from sparsetheory.experiments.model_selection import ModelSelection
from sparsetheory.plotting.curves import LIMIT, points
from sparsetheory.theory.support import lasso_support_probability


def plot_model_selection(
    results: Mapping[str, ModelSelection],
    lam: float | None = None,
    ax: Any = None,
) -> Any:
    """Draw how often models are found, over rows without noise and over their size.

    On the left the share of models that meet the irrepresentable condition: those that
    the LASSO finds without noise. With it the exact probability for independent normal
    entries. On the right, with most rows, the share whose signs are found from noisy
    data. Bars are exact 95 % intervals.

    Parameters
    ----------
    results : mapping of str to ModelSelection
        Labels, and designs of one n, k and sigma.
    lam : float, optional
        Weight on the right; by default the best for each trial.
    ax : two matplotlib Axes, optional
        By default new ones, with a legend.

    Returns
    -------
    ndarray of matplotlib Axes, shape (2,)

    Raises
    ------
    ValueError
        If there are no results, or of several n, k or sigma, or more weights than one.

    Examples
    --------
    >>> import sparsetheory as st
    >>> found = st.model_selection(20, [10, 20, 40], 3, beta=[2, 8], trials=50)
    >>> st.plot_model_selection({"Gaussian": found}).shape
    (2,)
    """
    from matplotlib import pyplot as plt

    sizes = {(result.n, result.k, result.sigma) for result in results.values()}
    if len(sizes) != 1:
        raise ValueError(f"results must be of one n, k and sigma, got {sorted(sizes)}")
    if lam is not None and np.ndim(lam):
        raise ValueError(f"lam must be one weight, got {lam}")
    (n, k, sigma), alone = sizes.pop(), ax is None
    if alone:
        _, ax = plt.subplots(1, 2, figsize=(10.5, 4.6), layout="constrained")
    rows, noisy = ax = np.asarray(ax)
    top = max(int(result.m.max()) for result in results.values())
    m = np.unique(np.linspace(k, top, 100).astype(int))
    exact = lasso_support_probability(n, m, k)
    rows.plot(m, exact, label="independent normal entries, exact", **LIMIT)
    for i, (label, found) in enumerate(results.items()):
        order = np.argsort(found.m)
        counts = found.irrepresentable[order]
        ends = np.array(clopper_pearson_interval(counts, found.trials))
        x = found.m[order].astype(float)
        points(rows, i, x, counts / found.trials, ends, label)
        most, order = int(found.m.argmax()), np.argsort(found.beta)
        share = found.successes(lam)[most, order] / found.trials
        ends = np.array(found.interval(lam))[:, most, order]
        points(noisy, i, found.beta[order], share, ends, _noted(label, found, lam))
    weight = "the best weight" if lam is None else f"weight {lam:g}"
    rows.set(
        xlabel="rows $m$",
        ylabel="share of models that meet the condition",
        title=f"n = {n}, k = {k}, without noise",
    )
    noisy.set(
        xlabel=r"size of the nonzeros $\beta$",
        ylabel="share of models found",
        title=f"noise {sigma:g}, {weight}",
        xscale="log",
    )
    for each in ax:
        each.set_ylim(-0.03, 1.03)
        if alone:
            each.legend(fontsize=8)
    return ax


def _noted(label: str, found: ModelSelection, lam: float | None) -> str:
    """Return the label with the rows, and with trials that stay open if there are."""
    most = int(found.m.argmax())
    count = int(found.unresolved(lam)[most].sum())
    left = f", {count} unresolved" if count else ""
    return f"{label}, m = {found.m[most]}{left}"
