"""Pictures of claims on generalisation, and on labels that tell nothing."""

from typing import Any

import numpy as np

from sparsetheory.claims import chance, design, learning
from sparsetheory.claims.drawings.figure import Figure
from sparsetheory.learning.bounds import rademacher_bounds
from sparsetheory.learning.margin import margin
from sparsetheory.learning.rademacher import rademacher_complexity
from sparsetheory.plotting.axes import bars, below, dots, labelled
from sparsetheory.plotting.curves import FINITE, LIMIT
from sparsetheory.plotting.designs import plot_design
from sparsetheory.plotting.learning import (
    plot_generalisation,
    plot_margins,
    plot_rademacher,
)
from sparsetheory.plotting.lottery_studies import plot_chance
from sparsetheory.theory.order import expected_top_norm, top_norm_limit


def margins() -> Any:
    """Draw margins of class means, with all features and with those that matter."""
    X, y = learning.separable(0, 100, 50, 3)
    means = learning.difference_of_means(X, y)
    return plot_margins(
        {
            "all 50 features": margin(X, y, means),
            "the 3 that matter": margin(X, y, np.where(np.arange(50) < 3, means, 0.0)),
        }
    )


def complexity() -> Any:
    """Draw complexities of one sample."""
    X = learning.waves()
    return plot_rademacher(rademacher_complexity(X), rademacher_bounds(X))


def complexities() -> Any:
    """Draw complexities of all supports over that of one."""
    ax, n = labelled("share of features k/n", "complexity over √(k/m)"), 10**6
    k = np.unique(np.logspace(0, 6, 25).astype(int))
    share = np.logspace(-4, 0, 201)
    ax.plot(share, [top_norm_limit(r) for r in share], label="n → ∞", **LIMIT)
    ratio = np.asarray(expected_top_norm(n, k)) / np.sqrt(k)
    ax.plot(k / n, ratio, **dots(0, "all supports, n = 10⁶"))
    ax.axhline(1.0, label="one support", **FINITE)
    ax.set(xscale="log", ylim=(0, None))
    ax.legend(frameon=False)
    return ax


def traps() -> Any:
    """Draw how often two learners guess labels that tell nothing."""
    ax, numbers = labelled("share of guesses that are right", ""), chance.traps()
    labels = {
        "if_independent": "independent labels",
        "if_independent_5_held": "independent, last 5 guessed",
        "if_permuted": "balanced, in random order",
        "if_permuted_5_held": "balanced, last 5 guessed",
        "if_uneven": "shares of 0.6, 0.3 and 0.1",
    }
    series = {
        f"who guesses the {what} label": [
            float(numbers.get(f"{name}_{case}", np.nan)) for case in labels
        ]
        for name, what in (("majority", "commoner"), ("minority", "rarer"))
    }
    bars(ax, list(labels.values()), series)
    ax.axvline(1 / 2, label="chance, 2 classes", **FINITE)
    ax.axvline(
        1 / 3, ymax=0.17, label="chance, 3 classes", color="black", linestyle=":"
    )
    ax.set_xlim(0, 1.15)
    below(ax)
    return ax


FIGURES = {
    "C43": Figure(
        margins,
        "How margins of samples are distributed; a line from the foot marks the least.",
    ),
    "C44": Figure(
        complexity,
        "Rademacher complexity of k features in one ball, exact, and bounds on it.",
    ),
    "C46": Figure(
        lambda: plot_design(design.studies()),
        "How good the longest rows are beside the best ones, and how many are among "
        "them, over the variance of the prior.",
    ),
    "C59": Figure(
        lambda: plot_generalisation(learning.coin_flips()),
        "Gaps between test and training error on labels that are coin flips, what "
        "bounds them, and the rate that is 0 where all features are kept.",
    ),
    "C60": Figure(
        complexities,
        "Rademacher complexity of all supports of k among n features over that of "
        "one, for normal samples.",
    ),
    "C82": Figure(
        lambda: plot_chance(chance.study()),
        "Accuracy on random labels, with exact 95 % intervals, and chance.",
    ),
    "C83": Figure(
        traps,
        "Exact shares over all labels that may be drawn. Half are right if labels are "
        "independent; not in a balanced vector, of which the last is the rarer one, "
        "nor with uneven classes.",
    ),
}
