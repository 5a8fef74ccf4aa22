"""A-optimal design as a picture."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sparsetheory.experiments.designs import DesignTrials
from sparsetheory.plotting.curves import BOUND, points

ERRORS = 1.96  # standard errors of the bars


def plot_design(
    results: Mapping[str, DesignTrials], ax: Any = None, *, rule: str = "magnitude"
) -> Any:
    """Draw how efficient a rule's rows are, and how many are optimal, over the prior.

    With means over draws, with 95 % intervals; without a prior at the right end. The
    dotted line is what rows at random share with the optimal ones.

    Parameters
    ----------
    results : mapping of str to DesignTrials
        Labels, and laws of rows, all of one k/m.
    ax : two matplotlib Axes, optional
        By default new ones, with a legend.
    rule : str
        One of their rules.

    Returns
    -------
    ndarray of matplotlib Axes, shape (2,)

    Raises
    ------
    ValueError
        If there are no results, or of several k/m, or the rule is not one of theirs.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> found = st.design_trials(8, 2, 4, tau=[0.1, 1, np.inf], trials=10)
    >>> st.plot_design({"Gaussian rows": found}).shape
    (2,)
    """
    from matplotlib import pyplot as plt

    shares = {result.chance for result in results.values()}
    if len(shares) != 1:
        raise ValueError(f"results must be of one k/m, got {sorted(shares)}")
    for result in results.values():
        if rule not in result.rules:
            raise ValueError(f"rule must be one of {result.rules}, got {rule!r}")
    alone = ax is None
    if alone:
        _, ax = plt.subplots(1, 2, figsize=(10.5, 4.6), layout="constrained")
    left, right = ax = np.asarray(ax)
    finite = np.concatenate([each.tau for each in results.values()])
    finite = finite[np.isfinite(finite)]
    end = 10 * finite.max() if finite.size else 1.0
    for i, (label, found) in enumerate(results.items()):
        order, at = np.argsort(found.tau), found.rules.index(rule)
        x = np.minimum(found.tau[order], end)
        for axes, values in ((left, found.efficiency), (right, found.overlap)):
            part = values[at, order]
            mean = part.mean(axis=1)
            error = ERRORS * part.std(axis=1) / part.shape[1] ** 0.5
            points(axes, i, x, mean, np.array([mean - error, mean + error]), label)
    right.axhline(shares.pop(), label="rows at random", **BOUND)
    left.set(ylabel=f"efficiency of the rule: {rule}")
    right.set(ylabel="share of its rows that are optimal")
    for axes in ax:
        axes.set(xlabel=r"prior variance $\tau$", xscale="log", ylim=(-0.03, 1.03))
        if any(np.isinf(each.tau).any() for each in results.values()):
            axes.axvline(end, color="0.8", zorder=0)
            axes.text(end, 0.0, "no prior ", ha="right", fontsize=8)
        if alone:
            axes.legend(fontsize=8, loc="lower left")
    return ax
