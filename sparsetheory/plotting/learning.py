"""Complexities, margins and gaps as pictures."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sparsetheory.experiments.generalisation import GeneralisationGaps
from sparsetheory.learning.bounds import RademacherBounds
from sparsetheory.learning.margin import Margin
from sparsetheory.learning.rademacher import RademacherComplexity
from sparsetheory.plotting.curves import BOUND, COLOURS, FINITE, LIMIT

ERRORS = 2.0  # standard errors that are drawn
ROOM = 2.0  # above the least upper bounds


def plot_rademacher(
    complexity: RademacherComplexity,
    bounds: RademacherBounds | None = None,
    ax: Any = None,
) -> Any:
    """Draw Rademacher complexities over sparsity, with what bounds them.

    Estimates have bars of two standard errors.

    Parameters
    ----------
    complexity : RademacherComplexity
    bounds : RademacherBounds, optional
        Of the same class.
    ax : matplotlib Axes, optional
        By default new ones, with a legend.

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> X = np.cos(np.outer(np.arange(1, 11), np.arange(1, 7)))
    >>> ax = st.plot_rademacher(st.rademacher_complexity(X), st.rademacher_bounds(X))
    >>> [text.get_text() for text in ax.get_legend().get_texts()][:2]
    ['lower bound', 'one support, upper bound']
    """
    from matplotlib import pyplot as plt

    alone = ax is None
    if alone:
        _, ax = plt.subplots(figsize=(5.6, 4.2), layout="constrained")
    if bounds is not None:
        order = np.argsort(bounds.k.ravel())
        for name, label, style in (
            ("lower", "lower bound", BOUND),
            ("fixed", "one support, upper bound", FINITE),
            ("union", "union over supports, upper bound", {"color": COLOURS[1]}),
            ("upper", "least upper bound", LIMIT),
        ):
            height = getattr(bounds, name).ravel()[order]
            ax.plot(bounds.k.ravel()[order], height, label=label, **style)
    ax.errorbar(
        complexity.k.ravel(),
        complexity.value.ravel(),
        ERRORS * complexity.error.ravel(),
        color=COLOURS[0],
        marker="o",
        markersize=4,
        linestyle="none",
        label="all supports, " + ("exact" if complexity.exact else "Monte Carlo"),
    )
    ax.set(xlabel="features (or groups) k", ylabel="Rademacher complexity")
    ax.set_ylim(bottom=0)
    if bounds is not None and bounds.upper.any():  # the union may be far above
        ax.set_ylim(top=min(ax.get_ylim()[1], ROOM * bounds.upper.max()))
    if alone:
        ax.legend(fontsize=8)
    return ax


def plot_margins(margins: Mapping[str, Margin], ax: Any = None) -> Any:
    """Draw how the margins of samples are distributed, for several classifiers.

    Steps are shares of samples with a margin no larger; a line from their foot marks
    the geometric margin. Left of zero samples are classified wrong.

    Parameters
    ----------
    margins : dict of str to Margin
        Labels, and what they stand for.
    ax : matplotlib Axes, optional
        By default new ones.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ValueError
        If there are no margins.

    Examples
    --------
    >>> import sparsetheory as st
    >>> X, y = [[1.0, 1.0], [1.0, -1.0]], [1, 1]
    >>> found = {"dense": st.margin(X, y, [1, 1]), "sparse": st.margin(X, y, [1, 0])}
    >>> ax = st.plot_margins(found)
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['dense: 0, over radius 0', 'sparse: 1, over radius 1']
    """
    from matplotlib import pyplot as plt

    if not margins:
        raise ValueError("margins must not be empty, got {}")
    if ax is None:
        _, ax = plt.subplots(figsize=(5.6, 4.2), layout="constrained")
    for i, (name, found) in enumerate(margins.items()):
        colour = COLOURS[i % len(COLOURS)]
        label = f"{name}: {found.geometric:.3g}, over radius {found.normalised:.3g}"
        ax.ecdf(found.margins, color=colour, label=label)
        ax.axvline(found.geometric, ymax=0.06, color=colour, linewidth=2)
    ax.axvline(0.0, **BOUND)
    ax.set(xlabel="margin $y f(x) / \\|w\\|$", ylabel="share of samples")
    ax.legend(fontsize=8, title="geometric margin", title_fontsize=8)
    return ax


def plot_generalisation(result: GeneralisationGaps, ax: Any = None) -> Any:
    r"""Draw test errors less training errors over sparsity, beside their bounds.

    Measured gaps are means with 95 % intervals over trials. The bound is on the gap to
    the ramp loss of the sample, which is drawn too. The dotted line is the root of
    k log(n/k)/m, which is no bound: it is 0 at k = n.

    Parameters
    ----------
    result : GeneralisationGaps
    ax : matplotlib Axes, optional
        By default new ones, with a legend.

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> import sparsetheory as st
    >>> found = st.generalisation_gaps(50, 400, [1, 5, 50], noise=0.2, trials=10)
    >>> ax = st.plot_generalisation(found)
    >>> ax.get_xscale()
    'log'
    """
    from matplotlib import pyplot as plt

    alone = ax is None
    if alone:
        _, ax = plt.subplots(figsize=(5.6, 4.2), layout="constrained")
    order = np.argsort(result.k)
    k = result.k[order]
    mean, low, high = (values[order] for values in result.mean_gap())
    ends = np.abs(np.clip([low, high], -1, 1) - mean)
    style = {"color": COLOURS[0], "marker": "o", "markersize": 4}
    ax.errorbar(k, mean, ends, label="test error less training error", **style)
    bound = (result.bound - result.risk).mean(axis=1)[order]
    ax.plot(k, bound, label="upper bound on test error less ramp loss", **LIMIT)
    ramp = (result.error - result.risk).mean(axis=1)[order]
    ax.plot(k, ramp, color=COLOURS[1], marker="s", label="test error less ramp loss")
    fine = np.geomspace(1, result.n, 200)
    rate = np.sqrt(fine * np.log(result.n / fine) / result.m)
    ax.plot(fine, rate, label=r"$\sqrt{k \log(n/k) / m}$", **BOUND)
    ax.set(xlabel="features k", ylabel="gap", xscale="log")
    if alone:
        ax.legend(fontsize=8)
    return ax
