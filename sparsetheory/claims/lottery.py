"""Claims on winning tickets, by networks trained on handwritten digits.

One study serves them all: 64-100-10 units, ten seeds with splits of their own, paired.
Differences of accuracy are in points, per cent of the test samples. An arm counts as
as good as another if the 95 % interval of their difference is above minus a point, as
much worse if it is below minus five, and as worse if it is below zero and the exact
sign-flip test says so at 5 %. Where seeds are too few for that, nothing is decided.
"""

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np

from sparsetheory.claims.claim import (
    D000,
    D002,
    D003,
    D004,
    Claim,
    Finding,
    Number,
    Numbers,
)
from sparsetheory.claims.scale import scale
from sparsetheory.experiments.arms import Case
from sparsetheory.experiments.bench import Flags, LotteryBench, lottery_bench
from sparsetheory.experiments.lottery import LotteryStudy, lottery_study
from sparsetheory.experiments.paired import PairedEffect, paired_effect
from sparsetheory.lottery.iterative import PruningRounds

TOPIC = "Winning tickets"
HYPOTHESIS = (D000, "The Lottery Ticket Hypothesis")
STATEMENT = (D002, "1. The Hypothesis")
RANDOM = (D002, "5.3 Pruning at Random")
BLESSING = (D003, "Hypothesis 1: The Blessing of Initialization")
REFINEMENT = (D004, "From a Single Strike to Iterative Refinement")
PRIZE = (D004, "The Grand Prize: Finding the Winning Ticket")

SEEDS = scale().seeds
ROUNDS = (6, 11, 14)  # of a fifth: 26, 8.6 and 4.4 % are left
NAMES = ("quarter", "eleventh", "twentieth")  # or nearly
MARGIN = 1.0  # points that are as good as none
MUCH = 5.0  # points that are "much worse"
LEVEL = 0.05

STUDIED = (
    "ticket",
    "re-initialised",
    "re-initialised, fan-in",
    "mask of another seed",
    "signs kept, one magnitude",
    "magnitudes kept",
    "one-shot",
    "one-shot, fine-tuned",
    "shuffled in layers",
    "random",
)


@cache
def tickets_of(seeds: int) -> tuple[LotteryBench, PruningRounds]:
    """Return some networks and their tickets."""
    bench = lottery_bench("digits", seeds=seeds)
    return bench, bench.rewound(rounds=max(ROUNDS))


def tickets() -> tuple[LotteryBench, PruningRounds]:
    """Return the networks and their tickets."""
    return tickets_of(SEEDS)


@cache
def study() -> LotteryStudy:
    """Return the accuracies of all arms."""
    bench, found = tickets()
    return lottery_study(bench, rounds=ROUNDS, arms=STUDIED, tickets=found)


def differences(
    arm: str, than: str, label: str = "", of: Callable[[], LotteryStudy] = study
) -> dict[str, Number]:
    """Return how much more accurate an arm is than another at each density."""
    found = of()
    numbers: dict[str, Number] = {"seeds": len(found.seeds)}
    for i, name in enumerate(NAMES):
        effect = found.effect(arm, than, i)
        numbers |= summary(effect, f"{label}{name}")
    return numbers


def summary(effect: PairedEffect, name: str, scale: float = 100) -> dict[str, Number]:
    """Return an effect, by default in points."""
    return {
        f"{name}": scale * effect.mean,
        f"{name}_low": scale * effect.low,
        f"{name}_high": scale * effect.high,
        f"{name}_p": effect.p,
    }


def few(x: Numbers) -> bool:
    """Tell whether no result could be significant with so few seeds."""
    return bool(2.0 ** (1 - int(x["seeds"])) > LEVEL)


def worse(x: Numbers, name: str) -> bool:
    """Tell whether a difference is below zero, by interval and test."""
    return bool(x[f"{name}_high"] < 0 and x[f"{name}_p"] <= LEVEL)


def better(x: Numbers, name: str) -> bool:
    """Tell whether a difference is above zero, by interval and test."""
    return bool(x[f"{name}_low"] > 0 and x[f"{name}_p"] <= LEVEL)


def as_good(x: Numbers, name: str) -> bool:
    """Tell whether a difference is less than a point below zero at most."""
    return bool(x[f"{name}_low"] > -MARGIN)


def no_better(x: Numbers, name: str) -> bool:
    """Tell whether a difference is less than a point above zero at most."""
    return bool(x[f"{name}_high"] < MARGIN)


def short(x: Numbers, name: str) -> bool:
    """Tell whether a difference is a point below zero at least."""
    return bool(x[f"{name}_high"] <= -MARGIN)


def much_worse(x: Numbers, name: str) -> bool:
    """Tell whether a difference is more than five points below zero."""
    return worse(x, name) and bool(x[f"{name}_high"] < -MUCH)


def existence() -> dict[str, Number]:
    """Compare tickets with dense networks, and follow them while they are as good."""
    numbers, least = differences("ticket", "dense"), 100.0
    for name, density in zip(NAMES, study().density, strict=True):
        if not as_good(numbers, name):
            break
        least = 100 * float(density)
    return {**numbers, "as_good_down_to": least}


def existence_rule(x: Numbers, names: Sequence[str] = NAMES) -> Finding:
    """Ask for tickets as good as the dense network, to a point, at the first density.

    Densities are tested in order, up to the first that fails, so that no correction is
    due (Maurer, Hothorn and Lehmacher 1995).
    """
    if few(x):
        return Finding.UNDECIDED
    if as_good(x, names[0]):
        return Finding.HOLDS
    none = all(short(x, name) for name in names)
    return Finding.NOT_AT_THIS_SCALE if none else Finding.UNDECIDED


def ninety_rule(x: Numbers) -> Finding:
    """Ask for tickets with 90 % pruned that are as good, to a point."""
    if few(x):
        return Finding.UNDECIDED
    if as_good(x, "eleventh"):
        return Finding.HOLDS
    return Finding.NOT_AT_THIS_SCALE if short(x, "eleventh") else Finding.UNDECIDED


def at_random() -> dict[str, Number]:
    """Compare random masks, with counts of layers kept or not, with tickets."""
    return differences("random", "ticket") | differences(
        "shuffled in layers", "ticket", "layered_"
    )


def at_random_rule(x: Numbers) -> Finding:
    """Ask for five points at the least density, with the counts of layers too."""
    if few(x):
        return Finding.UNDECIDED
    names = [f"{label}{NAMES[-1]}" for label in ("", "layered_")]
    if all(much_worse(x, name) for name in names):
        return Finding.HOLDS
    if any(worse(x, name) for name in names):
        return Finding.PARTLY
    kept = all(as_good(x, name) for name in names)
    return Finding.NOT_AT_THIS_SCALE if kept else Finding.UNDECIDED


def single_strike() -> dict[str, Number]:
    """Compare masks of one shot, rewound, with those of many rounds."""
    return differences("one-shot", "ticket")


def single_strike_rule(x: Numbers) -> Finding:
    """Ask for a loss at each density; only at the least one, it is a part."""
    if few(x):
        return Finding.UNDECIDED
    lost = [worse(x, name) for name in NAMES]
    if all(lost):
        return Finding.HOLDS
    if lost[-1]:
        return Finding.PARTLY
    kept = all(as_good(x, name) for name in NAMES)
    return Finding.NOT_AT_THIS_SCALE if kept else Finding.UNDECIDED


def crucial() -> dict[str, Number]:
    """Compare weights that train on with rewound ones, on the masks of one shot."""
    return differences("one-shot, fine-tuned", "one-shot")


def crucial_rule(x: Numbers) -> Finding:
    """Ask that without rewinding something be lost, at each density."""
    if few(x):
        return Finding.UNDECIDED
    lost = [worse(x, name) for name in NAMES]
    if all(lost):
        return Finding.HOLDS
    if any(lost):
        return Finding.PARTLY
    kept = all(as_good(x, name) for name in NAMES)
    return Finding.NOT_AT_THIS_SCALE if kept else Finding.UNDECIDED


def signs() -> dict[str, Number]:
    """Count signs that training keeps, and keep signs or magnitudes alone.

    Beside masks that are shuffled in each layer, and beside such whose initial weights
    are as large as those of the ticket.
    """
    bench, found = tickets()
    end = ROUNDS[1]
    mask = found.masks[end]
    draws = [np.random.default_rng(seed) for seed in bench.seeds]
    case = Case(bench, mask, found.weights[0], draws)
    weights = bench.network.weights
    shares = []
    for on in (mask, case.shuffled(by_layer=True), alike(case)):
        w = found.weights[end] if on is mask else case.train(on)
        same = (np.sign(w) == np.sign(bench.w0)) & on & weights
        shares.append(same.sum(axis=1) / (on & weights).sum(axis=1))
    return {
        **differences("signs kept, one magnitude", "ticket", "signs_alone_"),
        **differences("magnitudes kept", "ticket", "magnitudes_alone_"),
        **summary(paired_effect(shares[1], shares[0]), "shuffled_keeps_more_signs"),
        **summary(paired_effect(shares[2], shares[0]), "as_large_keeps_more_signs"),
        "signs_kept_by_ticket": 100 * float(shares[0].mean()),
    }


def alike(case: Case) -> Flags:
    """Return random masks with initial weights about as large as those of the ticket.

    In each layer the mask is permuted among every 20 weights that follow one another
    in the order of their size.
    """
    network, masks = case.bench.network, case.mask.copy()
    for mask, w, rng in zip(masks, case.bench.w0, case.rng, strict=True):
        for layer in np.unique(network.layer[network.weights]):
            places = np.flatnonzero(network.weights & (network.layer == layer))
            order = places[np.argsort(np.abs(w[places]), kind="stable")]
            for start in range(0, order.size, 20):
                some = order[start : start + 20]
                mask[some] = rng.permutation(mask[some])
    return masks


def signs_rule(x: Numbers) -> Finding:
    """Ask for more signs than a shuffled mask keeps, and that they be what counts."""
    if few(x):
        return Finding.UNDECIDED
    others = [f"{mask}_keeps_more_signs" for mask in ("shuffled", "as_large")]
    kept = all(worse(x, name) for name in others)
    enough = all(as_good(x, f"signs_alone_{name}") for name in NAMES[:2])
    needed = worse(x, f"magnitudes_alone_{NAMES[1]}")
    if kept and enough and needed:
        return Finding.HOLDS
    if kept or (enough and needed):
        return Finding.PARTLY
    as_many = any(x[f"{name}_low"] >= 0 for name in others)
    least = short(x, f"signs_alone_{NAMES[1]}")
    least = least or as_good(x, f"magnitudes_alone_{NAMES[1]}")
    return Finding.NOT_AT_THIS_SCALE if as_many and least else Finding.UNDECIDED


CLAIMS = (
    Claim(
        id="C15",
        kind="empirical",
        places=(HYPOTHESIS, STATEMENT, (D003, "Principles and Mechanisms"), PRIZE),
        statement=(
            "A dense network at initialisation contains a much sparser one that, "
            "trained alone for as many steps, is as accurate to within a point: "
            "with 26 % of the weights, and perhaps with fewer."
        ),
        numbers=existence,
        rule=existence_rule,
    ),
    Claim(
        id="C47",
        kind="empirical",
        places=(STATEMENT,),
        statement=(
            "There is a mask with over 90 % pruned with which the initial weights, "
            "trained for T steps, are as accurate as the dense network after T, to "
            "within a point."
        ),
        numbers=existence,
        rule=ninety_rule,
    ),
    Claim(
        id="C64",
        kind="empirical",
        places=(RANDOM,),
        statement=(
            "Weights pruned at random to the ticket's density are much worse, by five "
            "points and more with 4.4 % of the weights; and so they are with as many "
            "in each layer as the ticket has."
        ),
        numbers=at_random,
        rule=at_random_rule,
    ),
    Claim(
        id="C79",
        kind="empirical",
        places=(REFINEMENT,),
        statement=(
            "Pruned in one shot networks are less accurate than pruned in rounds, "
            "both rewound; if the density is low enough."
        ),
        numbers=single_strike,
        rule=single_strike_rule,
    ),
    Claim(
        id="C84",
        kind="empirical",
        places=(PRIZE,),
        statement=(
            "Rewinding is crucial: on one mask, with the same steps in all, weights "
            "that train on end up less accurate than rewound ones."
        ),
        numbers=crucial,
        rule=crucial_rule,
    ),
    Claim(
        id="C89",
        kind="empirical",
        places=(BLESSING,),
        statement=(
            "With 8.6 % of the weights a ticket keeps more of its initial signs in "
            "training than a shuffled mask does, also one of weights as large; and "
            "they are what matters of the initial weights: signs with one magnitude do "
            "as well to within a point, magnitudes with fresh signs worse."
        ),
        numbers=signs,
        rule=signs_rule,
    ),
)
