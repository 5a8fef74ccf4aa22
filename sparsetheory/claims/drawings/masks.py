"""Pictures of claims on how many weights are pruned."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from sparsetheory.claims.drawings.figure import Figure
from sparsetheory.claims.masks import (
    LENET,
    by_kth_value,
    by_quantile,
    channels_removed,
    round_counts,
    sparsities,
)
from sparsetheory.lottery.schedules import density_after_rounds, surviving_counts
from sparsetheory.plotting.axes import bars, below, beside, dots, labelled, marked
from sparsetheory.plotting.curves import BOUND, COLOURS, FINITE, LIMIT

RATE = 0.2


def costs() -> Any:
    """Draw what is left of VGG-16 without some of its channels."""
    cases = {
        "half_of_all": "half of all channels",
        "fourth_of_all": "a fourth of all",
        "half_of_second": "half of layer 2",
        "half_of_twelfth": "half of layer 12",
    }
    numbers = channels_removed()
    series = {
        label: [float(numbers[f"{kind}_{case}"]) for case in cases]
        for kind, label in (("parameters", "parameters"), ("macs", "operations"))
    }
    ax = labelled("share of VGG-16 that is left", "channels removed")
    bars(ax, list(cases.values()), series)
    below(ax)
    return ax


def whole_weights() -> Any:
    """Draw by how much whole weights miss the law, and a set that never shrinks."""
    left, right = beside(
        ("rounds", "weights left less those of the law"), ("rounds", "weights left")
    )
    rounds = np.arange(13)
    law = LENET * (1 - RATE) ** rounds
    down = surviving_counts(LENET, RATE, 12)
    up = surviving_counts(LENET, RATE, 12, rounding="ceil")
    for i, (counts, label) in enumerate(((down, "down"), (up, "up"))):
        left.plot(rounds, counts - law, **marked(i, f"what goes is rounded {label}"))
    left.axhline(0, **FINITE)
    left.set_title(f"{LENET} weights", fontsize=10)
    right.plot(rounds, 4 * (1 - RATE) ** rounds, label="law", **FINITE)
    right.plot(rounds, surviving_counts(4, RATE, 12), **marked(0, "rounded down"))
    right.set_title("4 weights", fontsize=10)
    right.set_ylim(0)
    for ax in (left, right):
        ax.legend(frameon=False, loc="lower left")
    return np.array([left, right])


def rounds_to_target() -> Any:
    """Draw the rounds of the example, and where floats give another number."""
    left, right = beside(
        ("rounds", "share of weights left"), ("share pruned a round, %", "rounds")
    )
    fine = np.linspace(0, 12, 61)
    left.plot(fine, (1 - RATE) ** fine, label="(1 - 0.2)^S", **LIMIT)
    law = [density_after_rounds(RATE, S) for S in range(13)]
    left.plot(range(13), law, **dots(0, "after whole rounds"))
    left.axhline(0.1, label="target", **FINITE)
    crossing = np.log(0.1) / np.log(1 - RATE)
    left.axvline(crossing, label=f"crossing at {crossing:.2f}", **BOUND)
    left.set_ylim(0)
    left.legend(frameon=False)
    exact, _, by_floats = round_counts()
    right.imshow(
        (by_floats != exact).T,
        **{"origin": "lower", "aspect": "auto", "cmap": "Greys"},
        extent=(0.5, 59.5, 0.5, 11.5),
    )
    right.set_title("black: one round too many by floats", fontsize=10)
    return np.array([left, right])


def code_falls_short() -> Any:
    """Draw the sparsity that the code reaches, round by round."""
    ax, found = labelled("round", "share of weights pruned"), sparsities()
    rounds = range(len(found) + 1)
    law = [1 - density_after_rounds(RATE, S) for S in rounds]
    ax.plot(rounds, law, label="law, 1 - 0.8^S", **FINITE)
    ax.plot(rounds[:-1], found, **dots(0, "the code, with its ten rounds"))
    ax.plot(rounds[-1], law[-1], **dots(1, "the round it would need"))
    ax.axhline(0.9, color=COLOURS[2], label="target")
    ax.annotate(
        *(f"{found[-1]:.4f}", (10, found[-1]), (0, -16)),
        **{"textcoords": "offset points", "ha": "center"},
    )
    ax.set_ylim(0, 1)
    ax.legend(frameon=False, loc="lower right")
    return ax


def ties(stays: Callable[..., Any]) -> Any:
    """Draw what a threshold prunes of distinct and of equal weights."""
    ax = labelled("share that is to be pruned", "share that is pruned")
    sets = {
        "all different": np.arange(1.0, 21.0),
        "12 equal to the least": np.maximum(np.arange(1.0, 21.0), 12.0),
        "all equal": np.ones(20),
    }
    asked = np.arange(0, 20) / 20
    ax.axline((0, 0), slope=1, label="as asked", **FINITE)
    for i, (label, weights) in enumerate(sets.items()):
        pruned = [1 - stays(weights, share).mean() for share in asked]
        ax.plot(asked, pruned, **marked(i, f"20 weights, {label}", linewidth=0.8))
    ax.set(xlim=(-0.02, 1), ylim=(-0.03, 1.03))
    ax.legend(frameon=False, fontsize=8)
    return ax


FIGURES = {
    "C26": Figure(
        costs,
        "What is left of VGG-16 without channels. Parameters and operations shrink "
        "alike if all layers do, and apart if one does.",
    ),
    "C27": Figure(
        whole_weights,
        "A fifth of the weights goes in each round. Whole weights stay within a few "
        "of the law; of four weights none ever goes, as a fifth of them is less than "
        "one.",
    ),
    "C63": Figure(
        rounds_to_target,
        "Left: a fifth a round passes a tenth after 10.32 rounds, so that 11 are "
        "needed. Right: targets that are met exactly after so many rounds, for which "
        "the formula in floating point gives another number.",
    ),
    "C66": Figure(
        partial(ties, by_kth_value),
        "Masking what is strictly below the n-th smallest weight prunes one too few "
        "of different weights, and none of those that tie with it.",
    ),
    "C68": Figure(
        partial(ties, by_quantile),
        "Keeping what is strictly above a quantile prunes as many as asked of "
        "different weights, or one where none is asked, but all that tie with it.",
    ),
    "C71": Figure(
        code_falls_short,
        "Ten rounds of a fifth end just below the sparsity of 0.9 that is the code's "
        "target; an eleventh would pass it.",
    ),
}
