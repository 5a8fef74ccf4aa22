"""Claims on recipes for tickets, and on code that follows them.

Differences of accuracy are judged as in `claims.lottery`.
"""

from functools import cache
from typing import NamedTuple

import numpy as np

from sparsetheory.claims import lottery
from sparsetheory.claims.claim import (
    D002,
    D004,
    Claim,
    Finding,
    Number,
    Numbers,
    holds,
)
from sparsetheory.claims.lottery import (
    ROUNDS,
    differences,
    existence_rule,
    summary,
)
from sparsetheory.claims.protocol import STEPS, problem
from sparsetheory.experiments.arms import Case
from sparsetheory.experiments.lottery import LotteryStudy, lottery_study
from sparsetheory.experiments.paired import PairedEffect, paired_effect
from sparsetheory.experiments.variants import procedure_arms
from sparsetheory.lottery.initial import initial_weights
from sparsetheory.lottery.iterative import iterative_magnitude_pruning
from sparsetheory.lottery.masks import top_mask
from sparsetheory.lottery.schedules import density_after_rounds, rounds_to_density
from sparsetheory.lottery.training import train
from sparsetheory.types import Vector

TOPIC = "Algorithms"
ALGORITHM = (D002, "2.1 Algorithm")
CODE = (D002, "7. Implementation")
PRIZE = (D004, "The Grand Prize: Finding the Winning Ticket")

RATE = 0.2
TARGET = 0.1
TIMES = 6


class Followed(NamedTuple):
    """Densities after each round, what training moved, and masks that are not ours."""

    corrected: list[float]
    literal: list[float]
    alive: int
    differ: int


@cache
def followed() -> Followed:
    """Follow the algorithm to the letter, and with the three things it leaves open."""
    network, X, y = problem()
    on, w0 = network.weights, initial_weights(network, 0)

    def fit(w: Vector, mask: Vector | None = None) -> Vector:
        return np.asarray(train(network, w, X, y, mask=mask, steps=STEPS).w)

    found = iterative_magnitude_pruning(fit, w0, rounds=TIMES, rate=RATE, prunable=on)
    kept = literal = np.ones(network.n, dtype=bool)
    alive, densities = 0, [(1.0, 1.0)]
    for _ in range(TIMES):
        k = int(kept[on].sum())
        w = fit(w0 * kept, kept)
        kept = ~on | top_mask(np.abs(w), k - int(RATE * k), within=kept & on)
        w = fit(w0 * literal)
        alive = int(np.count_nonzero(w[~literal]))
        sizes = np.where(literal, np.abs(w), 0)[on]
        threshold = np.sort(sizes)[int(RATE * sizes.size) - 1]
        literal = literal & (~on | (np.abs(w) > threshold))
        densities.append((float(kept[on].mean()), float(literal[on].mean())))
    corrected, to_the_letter = map(list, zip(*densities, strict=True))
    differ = int((kept != found.masks[-1]).sum())
    return Followed(corrected, to_the_letter, alive, differ)


def pseudocode() -> dict[str, Number]:
    """Follow the algorithm to the letter, and with the three things it leaves open."""
    found = followed()
    return {
        "rounds": TIMES,
        "density_by_law": density_after_rounds(RATE, TIMES),
        "density_to_the_letter": found.literal[-1],
        "pruned_weights_that_training_moves": found.alive,
        "rounds_to_density_0.1_if_p_is_a_fraction": rounds_to_density(RATE, TARGET),
        "rounds_to_density_0.1_if_p_is_per_cent": rounds_to_density(RATE / 100, TARGET),
        "masks_that_differ_once_corrected": found.differ,
    }


def pseudocode_rule(x: Numbers) -> Finding:
    """Ask for the library's masks once corrected, and whether it had to be."""
    if x["masks_that_differ_once_corrected"] > 0:
        return Finding.REFUTED
    whole = x["density_to_the_letter"] <= x["density_by_law"] + 0.05
    sparse = x["pruned_weights_that_training_moves"] == 0
    return Finding.HOLDS if whole and sparse else Finding.HOLDS_IF


@cache
def procedures() -> LotteryStudy:
    """Return accuracies of tickets that are found in other ways."""
    bench, found = lottery.tickets()
    arms = procedure_arms(rounds=max(ROUNDS))
    return lottery_study(bench, rounds=ROUNDS, arms=arms, tickets=found)


class Tested(NamedTuple):
    """What share of weights is asked for, and is not zero in what is tested.

    Of tickets and of networks pruned at random, whose accuracies are paired.
    """

    asked: float
    densities: dict[str, float]
    effects: dict[str, PairedEffect]


@cache
def tested() -> Tested:
    """Train as the code does, and on masks that are kept."""
    bench, found = lottery.tickets()
    end, weights = ROUNDS[-1], bench.network.weights
    rng = [np.random.default_rng(seed) for seed in bench.seeds]
    case = Case(bench, found.masks[end], found.weights[0], rng)
    arms = procedure_arms(rounds=end)
    pairs = {
        "code": ("mask at resets alone", "shuffled, mask at the start alone"),
        "kept": ("ticket", "shuffled in layers"),
    }
    result = Tested(float(case.mask[:, weights].mean()), {}, {})
    for label, names in pairs.items():
        trained = [arms[name](case) for name in names]
        result.effects[label] = paired_effect(*(bench.accuracy(w) for w in trained))
        for what, w in zip(("ticket", "random"), trained, strict=True):
            share = np.count_nonzero(w[:, weights]) / w[:, weights].size
            result.densities[f"{what}_{label}"] = float(share)
    return result


def masks_of_code() -> dict[str, Number]:
    """Count the weights of what the code tests, and of masks that are kept."""
    found = tested()
    numbers: dict[str, Number] = {
        "seeds": len(lottery.tickets()[0].seeds),
        "density_asked": found.asked,
    }
    for label, effect in found.effects.items():
        numbers |= summary(effect, f"ticket_over_random_{label}")
        for what in ("ticket", "random"):
            name = f"{what}_{label}"
            numbers[f"density_of_{name}"] = found.densities[name]
    return numbers


def masks_of_code_rule(x: Numbers) -> Finding:
    """Ask that what is tested be as sparse as it is said to be."""
    dense = max(x["density_of_ticket_code"], x["density_of_random_code"])
    return holds(bool(dense <= x["density_asked"]))


def recipe() -> dict[str, Number]:
    """Rewind once, after rounds of fine-tuning; beside rewinding in each round."""
    return {
        **differences("rewound at the end alone", "dense", of=procedures),
        **differences(
            "rewound at the end alone", "ticket", "below_each_round_", procedures
        ),
        **differences(
            "rewound at the end alone", "never rewound", "below_tuned_", procedures
        ),
    }


CLAIMS = (
    Claim(
        id="C48",
        kind="definition",
        places=(ALGORITHM,),
        statement=(
            "The algorithm in pseudo-code finds tickets of the target sparsity: if p "
            "is a fraction, the smallest are looked for among the weights still kept, "
            "and training keeps the mask. To the letter it stops short after one "
            "round, since the zeros are the smallest, and its training moves them."
        ),
        numbers=pseudocode,
        rule=pseudocode_rule,
    ),
    Claim(
        id="C67",
        kind="theorem",
        places=(CODE,),
        statement=(
            "The code, which applies masks when it resets and not while it trains, "
            "compares networks of the sparsity that it states."
        ),
        numbers=masks_of_code,
        rule=masks_of_code_rule,
    ),
    Claim(
        id="C81",
        kind="empirical",
        places=(PRIZE,),
        statement=(
            "To prune trained weights in rounds, and to rewind the rest once at the "
            "end, finds winning tickets: as accurate as the dense network to within a "
            "point with 26 % of the weights, and perhaps with fewer."
        ),
        numbers=recipe,
        rule=existence_rule,
    ),
)
