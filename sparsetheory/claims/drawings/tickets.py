"""Pictures of claims on random weights, and what pruning finds in them."""

from itertools import combinations
from typing import Any

import numpy as np

from sparsetheory.claims import tickets
from sparsetheory.claims.drawings.figure import Figure
from sparsetheory.experiments.intervals import wilson_interval
from sparsetheory.experiments.subset_sum import subset_sum_trials
from sparsetheory.experiments.tickets import ticket_trials
from sparsetheory.plotting.axes import below, beside, dots, labelled, marked
from sparsetheory.plotting.curves import BOUND, COLOURS, FINITE, LIMIT, points
from sparsetheory.plotting.tickets import plot_subset_sum, plot_ticket_probability
from sparsetheory.theory.binomials import LOG_TEN, log_binomial
from sparsetheory.theory.covering import (
    ball_hit_probability,
    covering_size,
    malach_headline_size,
    malach_sketch_size,
)
from sparsetheory.theory.subset_sum import subset_sum_typical_size
from sparsetheory.theory.tickets import (
    log_ticket_maximum,
    log_top_k_ticket_probability,
)


def supports() -> Any:
    """Draw how often each support has the largest weights, and with a signal."""
    left, right = beside(
        ("places of the 2 largest of 6 weights", "share of draws"),
        (
            "signal at the true places, in standard deviations",
            "chance that these are largest",
        ),
    )
    n, k, counts = tickets.N, tickets.K, tickets.pair_counts()
    ends = np.array(wilson_interval(counts, tickets.TRIALS))
    x, share = np.arange(float(counts.size)), counts / tickets.TRIALS
    points(left, 0, x, share, ends, f"{tickets.TRIALS} draws", linestyle="")
    left.axhline(1 / counts.size, label="1/15", **FINITE)
    names = [",".join(map(str, pair)) for pair in combinations(range(1, n + 1), k)]
    left.set_xticks(x, names, rotation=90)
    left.set_ylim(0, 0.1)
    left.legend(frameon=False)
    signal = np.linspace(0, 6, 13)
    logs = log_top_k_ticket_probability(n, k, amplitude=signal)
    right.plot(signal, np.exp(logs), **marked(1, "exact"))
    right.axhline(1 / counts.size, label="1/15", **FINITE)
    right.set_ylim(0, 1.02)
    right.legend(frameon=False)
    return np.array([left, right])


def widths() -> Any:
    """Draw how many random weights bring a target near, over how near."""
    ax = labelled("error allowed", "random weights needed in 9 of 10 draws")
    eps = np.logspace(-6, -0.5, 56)
    ax.plot(eps, covering_size(1, eps, 0.1), label="the best single weight", **BOUND)
    typical = subset_sum_typical_size(eps, 0.5, chance=0.9)
    ax.plot(eps, typical, label="the best subset, by theory", **FINITE)
    some = np.logspace(-3, -0.5, 11)
    counts = np.array([tickets.enough(e) for e in some], dtype=float)
    label = "the best subset, simulated"
    ax.plot(some, np.where(counts > 0, counts, np.nan), **dots(0, label))
    share = round(float(np.log(tickets.WIDTH)))
    label = f"what width {tickets.WIDTH} leaves for each: {share}"
    ax.axhline(share, color=COLOURS[1], label=label)
    ax.set(xscale="log", yscale="log", ylim=(1, 1e7))
    ax.invert_xaxis()
    ax.minorticks_off()
    ax.legend(frameon=False, loc="upper left")
    return ax


def hits() -> Any:
    """Draw the chance of a weight near a target at the edge, by two laws."""
    ax = labelled(
        "radius B of the ball, in standard deviations", "chance to be within 1"
    )
    B = np.linspace(1, 6, 51)
    ax.semilogy(B, 1 / (2 * B), label="claimed: at least 1/(2B)", **LIMIT)
    uniform = ball_hit_probability(1, 1.0, B[::5], B[::5])
    ax.semilogy(B[::5], uniform, **dots(0, "uniform on the ball"))
    ax.semilogy(
        B, tickets.normal_hit(B, 1.0), color=COLOURS[1], label="normal, cut off"
    )
    ax.legend(frameon=False)
    return ax


def matches() -> Any:
    """Draw the chance to match all of ten targets over the number of neurons."""
    left, right = beside(*[("random neurons", "chance to match all 10 targets")] * 2)
    found = tickets.matched()
    m = np.arange(20, found.counts.size + 1, 20)
    counts = found.counts[m - 1]
    ends = np.array(wilson_interval(counts, found.trials))
    label = f"{found.trials} draws"
    points(left, 0, m.astype(float), counts / found.trials, ends, label, linestyle="")
    union = 1 - tickets.TARGETS * (1 - found.close / 2) ** m
    left.plot(m, np.maximum(union, 0), **FINITE)
    left.set_title(f"in one dimension, within {found.close:g}", fontsize=10)
    n, d, eps = tickets.TARGETS, tickets.DIMENSION, tickets.EPS
    width, p = np.logspace(2, 9, 141), (eps / 2) ** d
    union = np.maximum(0, 1 - n * np.exp(width * np.log1p(-p)))
    right.semilogx(width, union, label="union bound, at least", **FINITE)
    easiest = float(ball_hit_probability(d, eps, 1.0, 0.0))
    right.semilogx(
        width,
        np.minimum(1, width * easiest),
        label="at most: one target, in the middle",
        **BOUND,
    )
    sizes = {
        "width as stated, O(.) as 1": malach_headline_size(n, tickets.FAILURE),
        "width by this bound": covering_size(n, p, tickets.FAILURE),
        "width by the sketch": malach_sketch_size(n, d, eps, 1.0, tickets.FAILURE),
    }
    for i, (name, size) in enumerate(sizes.items()):
        right.axvline(float(size), color=COLOURS[i], label=name)
    right.set_title(f"in {d} dimensions, within {eps:g}", fontsize=10)
    for ax in (left, right):
        ax.set_ylim(-0.02, 1.02)
    left.legend(frameon=False, loc="lower right")
    right.minorticks_off()
    below(right, 3)
    return np.array([left, right])


def immense_number() -> Any:
    """Draw the number of supports and the chance of the right one over the size."""
    ax = labelled("weights n, of which n/10 are right", "logarithm to base 10")
    n = np.arange(20, 1001, 20)
    number = log_binomial(n, n // 10) / LOG_TEN
    ax.plot(n, number, color=COLOURS[0], label="number of supports")
    chances = {
        "chance that the largest are right": log_top_k_ticket_probability(n, n // 10),
        "chance at the best threshold": log_ticket_maximum(n, n // 10),
    }
    for i, (label, logs) in enumerate(chances.items(), 1):
        ax.plot(n, logs / LOG_TEN, ("-", "--")[i - 1], color=COLOURS[i], label=label)
    ax.axhline(0, **FINITE)
    ax.legend(frameon=False)
    return ax


FIGURES = {
    "C18": Figure(
        supports,
        "Left: each pair of places is as likely to have the largest weights, with 95 "
        "% intervals. Right: the true pair gets likely only if its weights carry a "
        "signal.",
    ),
    "C54": Figure(
        widths,
        "Random weights that bring one target within an error. Single weights need a "
        "power of the accuracy, subsets its logarithm, so that no fixed number will "
        "do.",
    ),
    "C56": Figure(
        hits,
        "The chance to fall within 1 of a target at the edge, in one dimension. The "
        "bound is attained by the uniform law, and missed by the normal one as soon "
        "as it is cut off far out.",
    ),
    "C57": Figure(
        matches,
        "Left: draws match at least as often as the union bound says, the dashed "
        "line. Right: with as many neurons as stated, the constant of O(.) being 1, "
        "a match is next to impossible, even if all targets were one in the middle; a "
        "power of the accuracy is needed, by the dimension.",
    ),
    "C88": Figure(
        immense_number,
        "The more supports there are, the less likely it is that the largest of n "
        "random weights are on the right one.",
    ),
    "C19": Figure(
        lambda: plot_ticket_probability(
            ticket_trials(10, 3, np.linspace(0.4, 1.8, 15), trials=200_000)
        ),
        "The chance that 3 of 10 weights in given places exceed a threshold, and no "
        "others: formula and counts with 95 % intervals.",
    ),
    "C55": Figure(
        lambda: plot_subset_sum(subset_sum_trials(range(2, 19, 2), trials=100)),
        "The error of the best subset of n random weights and of the best one of "
        "them: medians and quartiles, and their laws.",
    ),
}
