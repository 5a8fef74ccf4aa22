"""Pictures of claims on what a ticket is, and on the code that looks for one."""

from typing import Any

import numpy as np

from sparsetheory.claims import procedures, protocol
from sparsetheory.claims.drawings.figure import Figure
from sparsetheory.lottery.schedules import density_after_rounds
from sparsetheory.plotting.axes import bars, below, beside, dots, labelled, marked
from sparsetheory.plotting.curves import COLOURS, FINITE


def parts() -> Any:
    """Draw how far trained weights move if a part of a ticket is another one."""
    ax, numbers = labelled("largest change of a trained weight", ""), protocol.ticket()
    names = {
        "again": "nothing",
        "mask": "the mask",
        "draw": "the initial weights",
        "order": "the order of the data",
        "steps": "the number of steps",
    }
    keys = ["change_again", *(f"change_by_{name}" for name in list(names)[1:])]
    changes = [float(numbers[key]) for key in keys]
    bars(ax, list(names.values()), {"": changes})
    ax.set_ylabel("what is exchanged")
    return ax


def pseudocode() -> Any:
    """Draw densities by round, of the algorithm to the letter and corrected."""
    ax, found = labelled("round", "share of weights left"), procedures.followed()
    rounds = range(procedures.TIMES + 1)
    law = [density_after_rounds(procedures.RATE, S) for S in rounds]
    ax.plot(rounds, law, label="law, 0.8^S", **FINITE)
    ax.plot(rounds, found.corrected, **dots(0, "corrected"))
    ax.plot(rounds, found.literal, **marked(1, "to the letter"))
    ax.set_ylim(0)
    ax.legend(frameon=False)
    return ax


def untrained() -> Any:
    """Draw accuracies of masks before and after training, by seed."""
    axes = beside(("accuracy for drawn points, %", ""), ("accuracy for digits, %", ""))
    masks = {
        f"{label},\n{when}": np.array(protocol.accuracies()[f"{name}_{when}"])
        for name, label in (("snip", "SNIP"), ("grasp", "GraSP"))
        for when in ("untrained", "trained")
    }
    digits = {name.replace(" ", "\n"): a for name, a in protocol.on_digits().items()}
    for ax, rows in ((axes[0], masks), (axes[1], digits)):
        for i, shares in enumerate(rows.values()):
            ax.plot(
                100 * shares, np.full(shares.size, i), **dots(0, "_" * i + "a seed")
            )
            mean = {"markersize": 16, "label": "_" * i + "mean"}
            ax.plot(100 * shares.mean(), i, "k|", **mean)
        ax.set_yticks(range(len(rows)), rows)
        ax.set(xlim=(0, 103), ylim=(len(rows) - 0.5, -0.5))
    axes[0].axvline(50, label="chance", **FINITE)
    axes[1].axvline(10, **FINITE)
    axes[0].legend(frameon=False, loc="lower left")
    return axes


def code_tested() -> Any:
    """Draw how dense tested networks are, and how much better tickets are."""
    left, right = beside(
        ("share of nonzero weights", ""), ("tickets less random masks, points", "")
    )
    found = procedures.tested()
    labels = {"code": "as the code does", "kept": "masks kept in training"}
    series = {
        name: [found.densities[f"{what}_{how}"] for how in labels]
        for name, what in (("tickets", "ticket"), ("random masks", "random"))
    }
    bars(left, list(labels.values()), series)
    left.axvline(found.asked, label="as stated", **FINITE)
    below(left, 3)
    for i, how in enumerate(labels):
        effect = found.effects[how]
        middle, ends = 100 * effect.mean, 100 * np.array([[effect.low], [effect.high]])
        right.errorbar(
            middle, i, xerr=np.abs(ends - middle), fmt="o", color=COLOURS[0], capsize=3
        )
    right.axvline(0, **FINITE)
    right.set_yticks(range(len(labels)), labels.values())
    right.set_ylim(1.5, -0.5)
    return np.array([left, right])


def late_reset() -> Any:
    """Draw how many steps each of the code's rounds trains for."""
    ax, numbers = labelled("steps of training", ""), protocol.late_reset()
    whole, reset = int(numbers["steps_in_all"]), int(numbers["reset_after"])
    ends = [float(numbers[f"steps_of_{name}_round"]) for name in ("first", "second")]
    rest = np.array(ends) - reset
    ax.barh([0, 1], reset, 0.5, color=COLOURS[1], label="up to the reset's point")
    ax.barh([0, 1], rest, 0.5, reset, color=COLOURS[0], label="from there on")
    ax.axvline(whole, label=f"T = {whole} in all, as stated", **FINITE)
    ax.set_yticks([0, 1], ["round 1", "round 2"])
    ax.set_ylim(1.6, -0.6)
    below(ax, 3)
    return ax


def random_baseline() -> Any:
    """Draw densities and starts of networks pruned at random."""
    left, right = beside(
        ("share of nonzero weights", ""), ("initial weight by the text", "by the code")
    )
    found = protocol.baseline()
    shares = [np.mean(found.ends[how] != 0) for how in ("text", "code")]
    names = ["by the text", "by the code"]
    bars(left, names, {"": [float(share) for share in shares]})
    left.axvline(found.asked, label="as stated", **FINITE)
    right.plot(found.starts["text"], found.starts["code"], **dots(0, "a weight kept"))
    right.axline((0, 0), slope=1, label="equal", **FINITE)
    for ax in (left, right):
        ax.legend(frameon=False)
    return np.array([left, right])


FIGURES = {
    "C16": Figure(
        parts,
        "A ticket trained again ends with the very same weights; with any of its "
        "parts exchanged it ends elsewhere.",
    ),
    "C48": Figure(
        pseudocode,
        "Six rounds by a fifth. To the letter the algorithm stops after one round, as "
        "what it prunes is then what is zero already; with training that keeps the "
        "mask, and among the weights left, it follows the law but for whole weights, "
        "and ends at 0.297 for 0.262.",
    ),
    "C62": Figure(
        untrained,
        "By seed. Left: masks by SNIP and GraSP are no better than chance before they "
        "are trained. Right: half of the initial weights for digits, chosen at random "
        "and by training the mask alone, and trained dense networks.",
    ),
    "C67": Figure(
        code_tested,
        "Left: what the code tests has more than ten times the weights that it "
        "states. Right: how much more accurate tickets are than random masks, with 95 "
        "% intervals: in the code's comparison hardly at all.",
    ),
    "C69": Figure(
        late_reset,
        "Each round of the code trains for the T stated steps beyond the point that "
        "it resets to, so that every network has more than T in all.",
    ),
    "C70": Figure(
        random_baseline,
        "Left: the code's network at random has 64 % of its weights when it is tested, "
        "as training moves pruned ones. Right: it starts from other weights than the "
        "ticket.",
    ),
}
