"""Claims on fresh weights for a ticket: in all layers or one, in several settings.

Judged as in `claims.lottery`. Beside the network there, with a learning rate of 0.5:
one with small steps, 400 at a rate of 0.1, and a deep one, four hidden layers of 50
units, 600 steps at a rate of 0.1 from He's weights. Layers differ by less than what ten
seeds can tell, and have thirty.
"""

from functools import cache, partial
from typing import Any

from sparsetheory.claims import lottery
from sparsetheory.claims.claim import (
    D000,
    D002,
    D003,
    Claim,
    Finding,
    Number,
    Numbers,
)
from sparsetheory.claims.lottery import (
    NAMES,
    ROUNDS,
    as_good,
    better,
    differences,
    few,
    much_worse,
    summary,
    worse,
)
from sparsetheory.claims.scale import scale
from sparsetheory.experiments.bench import lottery_bench
from sparsetheory.experiments.grid import LotteryGrid, lottery_grid
from sparsetheory.experiments.lottery import LotteryStudy, lottery_study
from sparsetheory.experiments.variants import layer_arms
from sparsetheory.lottery.optimisers import SGD

TOPIC = "Winning tickets"
HYPOTHESIS = (D000, "The Lottery Ticket Hypothesis")
RESET = (D002, "2.2 Key Insight: Reset to Initialization")
TICKET = (D003, "What, Precisely, is a Winning Ticket?")

SETTINGS = ("", "short_", "deep_")
ARMS = ("ticket", "re-initialised", "re-initialised, fan-in", "shuffled in layers")


@cache
def grid() -> LotteryGrid:
    """Return the accuracies with small steps, and in a deep network."""
    slow: dict[str, Any] = {"seeds": lottery.SEEDS, "optimiser": SGD(lr=0.1)}
    deep: dict[str, Any] = {"hidden": (50,) * 4, "scheme": "he", "steps": 600}
    benches = {
        "short_": lottery_bench("digits", **slow),
        "deep_": lottery_bench("digits", **slow, **deep),
    }
    return lottery_grid(benches, rounds=ROUNDS, arms=ARMS)


def of(setting: str) -> LotteryStudy:
    """Return the accuracies in a setting."""
    return grid().studies[setting] if setting else lottery.study()


def everywhere(arm: str, than: str, label: str = "") -> dict[str, Number]:
    """Return how much more accurate an arm is than another in each setting."""
    numbers: dict[str, Number] = {}
    for setting in SETTINGS:
        numbers |= differences(arm, than, setting + label, partial(of, setting))
    return numbers


@cache
def layers() -> LotteryStudy:
    """Return the accuracies where one layer is exchanged."""
    bench = lottery_bench("digits", seeds=scale().more)
    return lottery_study(bench, rounds=ROUNDS, arms=layer_arms(bench))


def redrawn() -> dict[str, Number]:
    """Compare fresh weights on the ticket's mask with the ticket, also rescaled."""
    return everywhere("re-initialised", "ticket") | everywhere(
        "re-initialised, fan-in", "ticket", "rescaled_"
    )


def redrawn_rule(x: Numbers) -> Finding:
    """Ask for a loss in each setting and density, for rescaled weights too.

    It is a part of it if elsewhere they are shown to be as good, to a point.
    """
    if few(x):
        return Finding.UNDECIDED
    names = [
        s + label + n for s in SETTINGS for label in ("", "rescaled_") for n in NAMES
    ]
    lost = [worse(x, name) for name in names]
    if all(lost):
        return Finding.HOLDS
    kept = [as_good(x, name) for name in names]
    if any(lost) and any(kept):
        return Finding.PARTLY
    return Finding.NOT_AT_THIS_SCALE if all(kept) else Finding.UNDECIDED


def elsewhere() -> dict[str, Number]:
    """Compare a mask used with another initialisation, either way, with the ticket."""
    return everywhere("re-initialised", "ticket") | differences(
        "mask of another seed", "ticket", "other_mask_"
    )


def elsewhere_rule(x: Numbers) -> Finding:
    """Ask for five points in each setting; less is worse, but not much."""
    if few(x):
        return Finding.UNDECIDED
    names = [label + NAMES[-1] for label in (*SETTINGS, "other_mask_")]
    if all(much_worse(x, name) for name in names):
        return Finding.HOLDS
    if any(worse(x, name) for name in names):
        return Finding.PARTLY
    kept = all(as_good(x, name) for name in names)
    return Finding.NOT_AT_THIS_SCALE if kept else Finding.UNDECIDED


def magic() -> dict[str, Number]:
    """Place fresh weights between the ticket and a shuffled mask."""
    return everywhere("re-initialised", "ticket") | everywhere(
        "shuffled in layers", "re-initialised", "shuffled_below_"
    )


def magic_rule(x: Numbers) -> Finding:
    """Ask that nothing be left over a shuffled mask; something lost is a part."""
    if few(x):
        return Finding.UNDECIDED
    names = [setting + NAMES[-1] for setting in SETTINGS]
    lost = [worse(x, name) for name in names]
    left = any(worse(x, f"{setting}shuffled_below_{NAMES[-1]}") for setting in SETTINGS)
    if all(lost) and not left:
        return Finding.HOLDS
    if any(lost):
        return Finding.PARTLY
    kept = all(as_good(x, name) for name in names)
    return Finding.NOT_AT_THIS_SCALE if kept else Finding.UNDECIDED


def by_layer() -> dict[str, Number]:
    """Draw one layer anew, or don't rewind it, and compare the layers."""
    found = layers()
    numbers: dict[str, Number] = {"seeds": len(found.seeds)}
    for what, label in (("re-initialised", ""), ("not rewound", "unrewound_")):
        one, other = (f"layer {i} {what}" for i in (1, 2))
        pairs = {"first": (one, "ticket"), "second": (other, "ticket")}
        pairs["first_below_second"] = one, other
        for name, pair in pairs.items():
            for at, density in enumerate(NAMES):
                effect = found.effect(*pair, at)
                numbers |= summary(effect, f"{label}{name}_{density}")
    return numbers


def by_layer_rule(x: Numbers) -> Finding:
    """Ask that with fresh weights one layer lose more than the other."""
    if few(x):
        return Finding.UNDECIDED
    name = f"first_below_second_{NAMES[-1]}"
    if worse(x, name) or better(x, name):
        return Finding.HOLDS
    alike = as_good(x, name) and x[f"{name}_high"] < lottery.MARGIN
    return Finding.NOT_AT_THIS_SCALE if alike else Finding.UNDECIDED


CLAIMS = (
    Claim(
        id="C17",
        kind="empirical",
        places=(HYPOTHESIS,),
        statement=(
            "With fresh initial weights on its mask the ticket is not as accurate, "
            "nor if these are scaled up for the weights that each unit has lost; also "
            "with small steps, and in a deep network."
        ),
        numbers=redrawn,
        rule=redrawn_rule,
    ),
    Claim(
        id="C49",
        kind="empirical",
        places=(RESET,),
        statement=(
            "The mask of one initialisation applied to another is much worse: by five "
            "points and more with 4.4 % of the weights, whatever steps and depth."
        ),
        numbers=elsewhere,
        rule=elsewhere_rule,
    ),
    Claim(
        id="C85",
        kind="empirical",
        places=(TICKET,),
        statement=(
            "With fresh weights on its mask the magic of a ticket vanishes: nothing is "
            "left over a mask shuffled in each layer, whatever steps and depth."
        ),
        numbers=magic,
        rule=magic_rule,
    ),
    Claim(
        id="C87",
        kind="empirical",
        places=(TICKET,),
        statement=(
            "Some layers benefit more from rewinding than others: with 4.4 % of the "
            "weights fresh ones in one layer alone cost more than in the other alone."
        ),
        numbers=by_layer,
        rule=by_layer_rule,
    ),
)
