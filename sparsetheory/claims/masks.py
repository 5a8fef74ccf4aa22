"""Claims on how many weights are pruned: by schedules, by code, in layers."""

from fractions import Fraction
from functools import cache
from itertools import product
from math import ceil, log

import numpy as np
import numpy.typing as npt

from sparsetheory.claims.claim import (
    D001,
    D002,
    D004,
    ROUNDING,
    Claim,
    Finding,
    Number,
    Numbers,
    holds,
)
from sparsetheory.lottery.masks import mask_budget, top_mask
from sparsetheory.lottery.schedules import (
    VGG16_CHANNELS,
    VGG16_SIDES,
    conv_costs,
    density_after_rounds,
    rounds_to_density,
    surviving_counts,
)
from sparsetheory.types import Vector

TOPIC = "Masks and sparsity"
ENGINEERING = (D001, "The Engineering of Sparsity: Building Lighter, Faster Models")
REFINEMENT = (D004, "From a Single Strike to Iterative Refinement")
LEMMA = (D002, "6.4 Lemma: IMP Convergence")
CODE = (D002, "7. Implementation")

Counts = npt.NDArray[np.int64]

LENET = 266200  # weights of a network 784-300-100-10


def channels_removed() -> dict[str, Number]:
    """Remove channels of VGG-16, of all layers and of one, and count."""
    sizes, width = np.square(VGG16_SIDES), np.array(VGG16_CHANNELS)
    whole = conv_costs(width, sizes)
    cases = {"half_of_all": np.full(13, 0.5), "fourth_of_all": np.full(13, 0.75)}
    for name, layer in (("second", 1), ("twelfth", 11)):
        cases[f"half_of_{name}"] = np.where(np.arange(13) == layer, 0.5, 1.0)
    numbers: dict[str, Number] = {}
    gap = 0.0
    for name, stays in cases.items():
        left = np.concatenate([[3], (width[1:] * stays).astype(int)])
        part = conv_costs(left, sizes)
        layers = part.parameters / whole.parameters, part.macs / whole.macs
        product = np.concatenate([[1.0], stays[:-1]]) * stays
        gap = max(gap, *(float(np.abs(ratio - product).max()) for ratio in layers))
        totals = [
            float(a.sum() / b.sum())
            for a, b in (
                (part.parameters, whole.parameters),
                (part.macs, whole.macs),
            )
        ]
        numbers |= {f"parameters_{name}": totals[0], f"macs_{name}": totals[1]}
    return numbers | {"gap_in_a_layer": gap}


def channels_removed_rule(x: Numbers) -> Finding:
    """Ask for one factor in each layer, and whether totals scale by one too.

    If all layers lose alike, by nearly the square, as inputs of the first stay.
    """
    kinds = "parameters", "macs"
    alike = [
        abs(x[f"{kind}_{case}_of_all"] - square)
        for kind in kinds
        for case, square in (("half", 1 / 4), ("fourth", 9 / 16))
    ]
    if x["gap_in_a_layer"] > ROUNDING or max(alike) > 0.01:
        return Finding.REFUTED
    apart = []
    for layer in ("second", "twelfth"):
        left, other = (x[f"{kind}_half_of_{layer}"] for kind in kinds)
        if not 0.5 <= min(left, other) <= max(left, other) < 1:
            return Finding.REFUTED
        apart.append(abs(left - other) > 0.05)
    if any(apart) != all(apart):
        return Finding.UNDECIDED
    return Finding.HOLDS_IF if any(apart) else Finding.HOLDS


def geometric_density() -> dict[str, Number]:
    """Prune a share again and again, in fractions, and in whole weights."""
    error, rounds = 0.0, 12
    for percent in range(1, 100):
        rate, left = Fraction(percent, 100), Fraction(1)
        for S in range(rounds + 1):
            error = max(error, abs(density_after_rounds(rate, S) - float(left)))
            left -= rate * left
    law = LENET * 0.8**rounds
    return {
        "error": error,
        "weights_by_law": law,
        "weights_left": int(surviving_counts(LENET, 0.2, rounds)[-1]),
        "weights_left_by_ceiling": int(
            surviving_counts(LENET, 0.2, rounds, rounding="ceil")[-1]
        ),
        "of_4_left_after_100": int(surviving_counts(4, 0.2, 100)[-1]),
    }


def geometric_density_rule(x: Numbers) -> Finding:
    """Ask for the law in real numbers, and whether whole ones keep to it."""
    if x["error"] > ROUNDING:
        return Finding.REFUTED
    off = x["weights_left"] > x["weights_by_law"] + 1 or x["of_4_left_after_100"] > 0
    return Finding.HOLDS_IF if off else Finding.HOLDS


@cache
def round_counts() -> Counts:
    """Return rounds to densities (1 - p)^S, for p from 1 to 59 % and S from 1 to 11.

    As they are, by exact arithmetic and by floats; shape (3, 59, 11).
    """
    found = np.empty((3, 59, 11), dtype=np.int64)
    for i, S in product(range(59), range(1, 12)):
        left = Fraction(99 - i, 100)
        sparsity = 1 - float(left**S)
        by_floats = ceil(log(1 - sparsity) / log(1 - (i + 1) / 100))
        found[:, i, S - 1] = S, rounds_to_density(1 - left, left**S), by_floats
    return found


def rounds_needed() -> dict[str, Number]:
    """Count rounds exactly where a target is a power, and by floats."""
    counts = round_counts()
    exact_wrong, float_wrong = (np.count_nonzero(c != counts[0]) for c in counts[1:])
    return {
        "rounds_for_example": rounds_to_density(0.2, 0.1),
        "quotient_of_example": log(0.1) / log(0.8),
        "quotient_of_printed_logarithms": -2.30 / -0.22,
        "sparsity_after_10": 1 - density_after_rounds(0.2, 10),
        "sparsity_after_11": 1 - density_after_rounds(0.2, 11),
        "cases": counts[0].size,
        "exact_wrong": int(exact_wrong),
        "float_wrong": int(float_wrong),
    }


def rounds_needed_rule(x: Numbers) -> Finding:
    """Ask for the formula in exact arithmetic, and for the numbers of the example."""
    reached = x["sparsity_after_10"] < 0.9 <= x["sparsity_after_11"]
    rounds = reached and x["rounds_for_example"] == 11
    quotients = x["quotient_of_example"], x["quotient_of_printed_logarithms"]
    right = [round(quotient, 2) for quotient in quotients] == [10.32, 10.45]
    return holds(x["exact_wrong"] == 0 and rounds and right)


def by_kth_value(sizes: Vector, rate: float) -> npt.NDArray[np.bool_]:
    """Return what stays when all below the n-th smallest goes, n = int(rate size)."""
    count = int(sizes.size * rate)
    if count == 0:
        return np.ones(sizes.size, dtype=bool)
    return np.asarray(sizes >= np.partition(sizes, count - 1)[count - 1])


def strict_threshold() -> dict[str, Number]:
    """Prune distinct and equal weights by the code's rule, and by their order."""
    rate, sizes = 0.2, np.arange(1.0, 1001.0)
    stays = by_kth_value(sizes, rate)
    ordered = top_mask(sizes, sizes.size - mask_budget(sizes.size, rate))
    left = np.arange(1.0, 21.0)
    for _ in range(100):
        left = left[by_kth_value(left, rate)]
    return {
        "asked": mask_budget(sizes.size, rate),
        "removed": int(np.count_nonzero(~stays)),
        "removed_by_order": int(np.count_nonzero(~ordered)),
        "removed_of_10_equal": int(np.count_nonzero(~by_kth_value(np.ones(10), rate))),
        "of_20_left_after_100_rounds": left.size,
    }


def strict_threshold_rule(x: Numbers) -> Finding:
    """Ask that as many go as are asked for, of distinct weights and of equal ones."""
    if x["removed"] != x["asked"]:
        return Finding.REFUTED
    return Finding.HOLDS if x["removed_of_10_equal"] == 2 else Finding.HOLDS_IF


def by_quantile(scores: Vector, sparsity: float) -> npt.NDArray[np.bool_]:
    """Return what stays when scores must exceed a quantile."""
    return np.asarray(scores > np.quantile(scores, sparsity))


def quantile_threshold() -> dict[str, Number]:
    """Keep what exceeds a quantile, of distinct scores and of scores with ties."""
    off = 0
    for d in range(2, 200):
        for percent in range(10, 100, 10):
            kept = int(by_quantile(np.arange(float(d)), percent / 100).sum())
            off = max(off, abs(kept - mask_budget(d, Fraction(100 - percent, 100))))
    dead = np.concatenate([np.zeros(60), np.arange(1.0, 41.0)])
    return {
        "off_at_most_if_distinct": off,
        "kept_of_100_with_60_zeros_at_.5": int(by_quantile(dead, 0.5).sum()),
        "kept_of_100_equal_at_.5": int(by_quantile(np.ones(100), 0.5).sum()),
    }


def quantile_threshold_rule(x: Numbers) -> Finding:
    """Ask for the target within a weight or two, and whether ties spoil it."""
    if x["off_at_most_if_distinct"] > 1:
        return Finding.REFUTED
    spoilt = x["kept_of_100_with_60_zeros_at_.5"] != 50
    return Finding.HOLDS_IF if spoilt else Finding.HOLDS


def sparsities() -> list[float]:
    """Return what share is pruned after 0 to 10 rounds of the code, by a fifth each."""
    sizes = np.random.default_rng(0).permutation(LENET).astype(float)
    found = [0.0]
    for _ in range(10):
        sizes = sizes[by_kth_value(sizes, 0.2)]
        found.append(1 - sizes.size / LENET)
    return found


def defaults() -> dict[str, Number]:
    """Run the code's defaults: a fifth a round, ten rounds, for a sparsity of 0.9."""
    return {
        "target": 0.9,
        "sparsity_by_law": 1 - density_after_rounds(0.2, 10),
        "sparsity_by_code": sparsities()[-1],
        "rounds_needed": rounds_to_density(0.2, 0.1),
    }


def defaults_rule(x: Numbers) -> Finding:
    """Ask for the target after the rounds that are the default."""
    return holds(x["sparsity_by_code"] >= x["target"] or x["rounds_needed"] <= 10)


CLAIMS = (
    Claim(
        id="C26",
        kind="theorem",
        places=(ENGINEERING,),
        statement=(
            "When channels go, parameters and operations of a convolution shrink by "
            "the same factor: the product of the shares of inputs and outputs that "
            "stay, their square if all layers lose alike. The totals of a network do "
            "so only if its layers do, and latency is another matter."
        ),
        numbers=channels_removed,
        rule=channels_removed_rule,
    ),
    Claim(
        id="C27",
        kind="theorem",
        places=(ENGINEERING, REFINEMENT, LEMMA),
        statement=(
            "If a share a of the remaining weights goes in each of S rounds, a density "
            "of (1 - a)^S is left: in real numbers. Of whole weights a few more or "
            "less are, by how they are rounded, and small sets may never shrink."
        ),
        numbers=geometric_density,
        rule=geometric_density_rule,
    ),
    Claim(
        id="C63",
        kind="theorem",
        places=(LEMMA,),
        statement=(
            "Pruning a share p a round takes log(1 - s) / log(1 - p) rounds, rounded "
            "up, to reach sparsity s; 11 for 0.2 and 0.9. The quotient of the printed "
            "logarithms is 10.45, that of the logarithms 10.32."
        ),
        numbers=rounds_needed,
        rule=rounds_needed_rule,
    ),
    Claim(
        id="C66",
        kind="theorem",
        places=(CODE,),
        statement=(
            "The code of a pruning round, which masks what is strictly below the n-th "
            "smallest magnitude, prunes the n smallest weights."
        ),
        numbers=strict_threshold,
        rule=strict_threshold_rule,
    ),
    Claim(
        id="C68",
        kind="theorem",
        places=(CODE,),
        statement=(
            "Keeping scores strictly above a quantile prunes to that sparsity: within "
            "one weight if scores are distinct; ties at the quantile all go."
        ),
        numbers=quantile_threshold,
        rule=quantile_threshold_rule,
    ),
    Claim(
        id="C71",
        kind="theorem",
        places=(CODE,),
        statement=(
            "With its defaults, a fifth of the weights a round and ten rounds, the "
            "code reaches its target sparsity of 0.9."
        ),
        numbers=defaults,
        rule=defaults_rule,
    ),
)
