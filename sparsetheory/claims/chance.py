"""Claims on labels that hold no information."""

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from functools import cache
from itertools import product
from math import prod

from sparsetheory.claims import lottery
from sparsetheory.claims.claim import (
    D004,
    Claim,
    Finding,
    Number,
    Numbers,
)
from sparsetheory.claims.scale import scale
from sparsetheory.experiments.bench import lottery_bench
from sparsetheory.experiments.chance import ChanceStudy, chance_study

TOPIC = "Learning"
LUNCH = (D004, "The No-Free-Lunch Principle: A Dose of Reality")

ENOUGH = 20_000  # labels, for a standard error of 0.2 points
UNEVEN = Fraction(6, 10), Fraction(3, 10), Fraction(1, 10)  # shares of classes
SURE = 1e-3  # of a p value, that the share is another one
Labels = tuple[int, ...]
Learner = Callable[[Labels], int]


@cache
def study() -> ChanceStudy:
    """Return how often networks that learned random labels are right."""
    bench = lottery_bench("digits", seeds=scale().more)
    return chance_study(bench, rounds=lottery.ROUNDS)


def guesses() -> dict[str, Number]:
    """Train tickets and others on random labels, and count what they guess."""
    found = study()
    numbers: dict[str, Number] = {
        "labels_each": len(found.seeds) * found.trials,
        "chance": 100 / found.classes,
        "p_of_all": found.least_p,
        "chance_of_3_classes": 100 / len(UNEVEN),
        "majority_if_they_are_uneven": 100 * by_majority_if_uneven(),
    }
    for name, counts in found.correct.items():
        share = 100 * float(counts[-1].sum()) / int(numbers["labels_each"])
        low, high = found.interval(name)
        label = name.replace(" ", "_").replace("-", "_").lower()
        numbers |= {
            label: share,
            f"{label}_low": 100 * low,
            f"{label}_high": 100 * high,
        }
    return numbers


def guesses_rule(x: Numbers) -> Finding:
    """Ask for a binomial number, by the least p value of all arms and densities.

    And for the share of each arm within five standard errors of chance.
    """
    if x["labels_each"] < ENOUGH:
        return Finding.UNDECIDED
    variance = x["chance"] * (100 - x["chance"]) / x["labels_each"]
    arms = [n.removesuffix("_low") for n in x if n.endswith("_low")]
    off = max((x[name] - x["chance"]) ** 2 for name in arms)
    if x["p_of_all"] <= SURE or off > 25 * variance:
        return Finding.REFUTED
    more = x["majority_if_they_are_uneven"] > x["chance_of_3_classes"] + 1
    return Finding.HOLDS_IF if more else Finding.HOLDS


def majority(seen: Labels) -> int:
    """Return the commonest label, of equally common ones the first."""
    return max(range(max(seen) + 1), key=seen.count)


def minority(seen: Labels) -> int:
    """Return the rarest of two labels, of equally common ones the first."""
    return min(range(2), key=seen.count)


def share_right(
    learner: Learner,
    labels: Iterable[Labels],
    held: int,
    shares: Sequence[Fraction] = (Fraction(1),) * 2,
) -> Fraction:
    """Return the mean accuracy on the last labels, of all that may be drawn.

    Labels are independent, of probabilities that are as those shares.
    """
    right, number = Fraction(0), Fraction(0)
    for each in labels:
        seen, rest, weight = each[:-held], each[-held:], prod(shares[c] for c in each)
        right += weight * rest.count(learner(seen))
        number += weight * held
    return right / number


def by_majority_if_uneven() -> float:
    """Return how often the commonest of seven uneven labels is that of the next."""
    every = product(range(len(UNEVEN)), repeat=8)
    return float(share_right(majority, every, 1, UNEVEN))


def balanced(pairs: int) -> set[Labels]:
    """Return all orders of as many zeros as ones."""
    return {each for each in product(range(2), repeat=2 * pairs) if sum(each) == pairs}


def traps() -> dict[str, Number]:
    """Enumerate all labels: independent ones, and orders of a balanced vector."""
    free = list(product(range(2), repeat=10))
    orders = sorted(balanced(5))
    return {
        "majority_if_independent": float(share_right(majority, free, 1)),
        "minority_if_independent": float(share_right(minority, free, 1)),
        "minority_if_independent_5_held": float(share_right(minority, free, 5)),
        "majority_if_permuted": float(share_right(majority, orders, 1)),
        "minority_if_permuted": float(share_right(minority, orders, 1)),
        "minority_if_permuted_5_held": float(share_right(minority, orders, 5)),
        "majority_if_uneven": by_majority_if_uneven(),
    }


def traps_rule(x: Numbers) -> Finding:
    """Ask for a half where labels are independent, and whether it fails elsewhere."""
    if any(x[name] != 0.5 for name in x if "independent" in name):
        return Finding.REFUTED
    others = [x["minority_if_permuted"], x["minority_if_permuted_5_held"]]
    trapped = max(others) > 0.5 or x["majority_if_uneven"] > 1 / 3 + 0.01
    return Finding.HOLDS_IF if trapped else Finding.HOLDS


CLAIMS = (
    Claim(
        id="C82",
        kind="theorem",
        places=(LUNCH,),
        statement=(
            "Where labels hold no information, any network, dense or pruned, is right "
            "once in K times: a binomial number of times, if they are uniform and "
            "independent of everything."
        ),
        numbers=guesses,
        rule=guesses_rule,
    ),
    Claim(
        id="C83",
        kind="theorem",
        places=(LUNCH,),
        statement=(
            "Labels assigned at random leave any learner at 1/K: if they are drawn "
            "independently and uniformly. If a vector with as many of each is put in "
            "random order, who guesses what was rarer in training is right on the last "
            "one; and of uneven classes the commonest is right more often."
        ),
        numbers=traps,
        rule=traps_rule,
    ),
)
