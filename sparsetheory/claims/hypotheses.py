"""Claims on why there are tickets, on generalisation and on transfer.

Judged as in `claims.lottery`. Labels are noisy where 30 % of them are drawn anew. With
these networks train for 1000 steps, so that the dense ones begin to learn wrong labels
by heart: what pruning gains then grows with the steps, from nothing after 400.
"""

from functools import cache, partial

from sparsetheory.claims import lottery
from sparsetheory.claims.claim import (
    D001,
    D002,
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
    no_better,
    short,
    summary,
    worse,
)
from sparsetheory.experiments.bench import lottery_bench
from sparsetheory.experiments.label_noise import LabelNoiseStudy, label_noise_study
from sparsetheory.experiments.lottery import LotteryStudy, lottery_study
from sparsetheory.experiments.overlap import OverlapStudy, overlap_study
from sparsetheory.experiments.paired import paired_effect
from sparsetheory.experiments.variants import transfer_arms

TOPIC = "Winning tickets"
GENERALISE = (D001, "The Science of Learning: Why Sparse Models Generalize Better")
WHY = (D002, "3.1 Why Does IMP Work?")
BOUND = (D002, "6.3 Theorem: Generalization Bound for Sparse Networks")
TRANSFER = (D002, "6.1 Lottery Tickets in Transfer Learning")
PRIZES = (D002, "6.3 Multi-Prize Lottery Ticket")
SUMMARY = (D002, "8. Key Findings Summary")

STEPS = 1000
LATE = 20  # steps of 400
LABELS = ("clean", "noisy")
AGAIN = "other weights and order"


@cache
def noisy() -> LabelNoiseStudy:
    """Return accuracies on clean and on noisy labels."""
    bench = lottery_bench("digits", seeds=lottery.SEEDS, steps=STEPS)
    return label_noise_study(bench, rounds=ROUNDS)


def pruned(of: str) -> dict[str, Number]:
    """Compare tickets with the dense networks at each density, by label noise."""
    found = noisy()
    numbers: dict[str, Number] = {"seeds": len(found.seeds)}
    for level, label in enumerate(LABELS):
        for at, name in enumerate(NAMES, 1):
            effect = found.effect(of, level=level, at=at)  # type: ignore[arg-type]
            numbers |= summary(effect, f"{label}_{name}")
    return numbers


def sparse_better_rule(x: Numbers) -> Finding:
    """Ask for a gain at a density on clean labels; on noisy ones alone it is a part.

    By Bonferroni's correction for the three densities.
    """
    if few(x):
        return Finding.UNDECIDED
    clean, noise = (any(gains(x, f"{label}_{n}") for n in NAMES) for label in LABELS)
    if clean:
        return Finding.HOLDS
    if noise:
        return Finding.PARTLY
    none = all(no_better(x, f"{label}_{name}") for label in LABELS for name in NAMES)
    return Finding.NOT_AT_THIS_SCALE if none else Finding.UNDECIDED


def gains(x: Numbers, name: str) -> bool:
    """Tell whether one of three differences is above zero."""
    return better(x, name) and bool(x[f"{name}_p"] <= lottery.LEVEL / len(NAMES))


def smaller_gap_rule(x: Numbers) -> Finding:
    """Ask for a smaller gap of the sparsest ticket, on both kinds of labels."""
    if few(x):
        return Finding.UNDECIDED
    smaller = [worse(x, f"{label}_{NAMES[-1]}") for label in LABELS]
    if all(smaller):
        return Finding.HOLDS
    if any(smaller):
        return Finding.PARTLY
    larger = any(better(x, f"{label}_{NAMES[-1]}") for label in LABELS)
    return Finding.NOT_AT_THIS_SCALE if larger else Finding.UNDECIDED


def three_reasons() -> dict[str, Number]:
    """Take from a ticket its connections, its values, its magnitudes; prune for all."""
    return {
        **differences("shuffled in layers", "ticket", "shuffled_"),
        **differences("re-initialised", "ticket", "redrawn_"),
        **differences("signs kept, one magnitude", "ticket", "signs_alone_"),
        **{f"pruned_{key}": value for key, value in pruned("test").items()},
    }


def three_reasons_rule(x: Numbers) -> Finding:
    """Ask that connections, values beyond signs, and fewer weights as such help."""
    if few(x):
        return Finding.UNDECIDED
    last = NAMES[-1]
    found = [
        worse(x, f"shuffled_{last}"),
        worse(x, f"redrawn_{last}") and worse(x, f"signs_alone_{last}"),
        better(x, f"pruned_clean_{last}"),
    ]
    parts = [*found, worse(x, f"redrawn_{last}"), better(x, f"pruned_noisy_{last}")]
    if all(found):
        return Finding.HOLDS
    if any(parts):
        return Finding.PARTLY
    kept = all(as_good(x, f"{part}_{last}") for part in ("shuffled", "redrawn"))
    none = kept and all(no_better(x, f"pruned_{label}_{last}") for label in LABELS)
    return Finding.NOT_AT_THIS_SCALE if none else Finding.UNDECIDED


@cache
def transfer() -> LotteryStudy:
    """Return accuracies on digits 5 to 9, also of the tickets of digits 0 to 4."""
    one, other = (
        lottery_bench("digits", seeds=lottery.SEEDS, classes=some)
        for some in (range(5), range(5, 10))
    )
    return lottery_study(other, rounds=ROUNDS, arms=transfer_arms(one))


@cache
def overlap() -> OverlapStudy:
    """Return how much tickets of the same data share."""
    return overlap_study(lottery.tickets()[0], rounds=ROUNDS)


def moved() -> dict[str, Number]:
    """Use tickets of other digits, and find tickets of the same ones again."""
    found, last = overlap(), len(ROUNDS) - 1
    numbers: dict[str, Number] = {
        **differences("ticket of the other task", "ticket", "moved_", transfer),
        **differences(
            "ticket of the other task", "other task's, shuffled", "kept_", transfer
        ),
        **differences("re-initialised", "ticket", "redrawn_", transfer),
    }
    for at, name in enumerate(NAMES):
        numbers |= summary(found.effect(AGAIN, at), f"again_{name}")
    for name, label in (("other order", "order"), (AGAIN, "again")):
        numbers[f"shared_{label}"] = 100 * float(found.overlap[name][last].mean())
    numbers["shared_by_chance"] = 100 * float(found.chance[AGAIN][last].mean())
    return numbers


def moved_rule(x: Numbers) -> Finding:
    """Ask for as much as the task's own tickets, and for several, as good as one."""
    if few(x):
        return Finding.UNDECIDED
    last = NAMES[-1]
    several = as_good(x, f"again_{last}") and x["shared_again"] < 50
    if several and all(as_good(x, f"moved_{name}") for name in NAMES):
        return Finding.HOLDS
    if several or better(x, f"kept_{last}"):
        return Finding.PARTLY
    lost = no_better(x, f"kept_{last}") and short(x, f"moved_{last}")
    one = x["shared_again"] >= 50 or short(x, f"again_{last}")
    return Finding.NOT_AT_THIS_SCALE if lost and one else Finding.UNDECIDED


def findings() -> dict[str, Number]:
    """Compute the five lines of the table."""
    bench, found = lottery.tickets()
    late = bench.rewound(rounds=max(ROUNDS), rewind_step=LATE)
    numbers: dict[str, Number] = {
        **differences("ticket", "dense", "exists_"),
        **differences("re-initialised", "ticket", "redrawn_"),
        **differences("random", "ticket", "random_"),
        **differences("ticket of the other task", "ticket", "moved_", transfer),
    }
    for name, end in zip(NAMES, ROUNDS, strict=True):
        pair = (bench.accuracy(run.weights[end]) for run in (late, found))
        numbers |= summary(paired_effect(*pair), f"late_{name}")
    return numbers


def findings_rule(x: Numbers) -> Finding:
    """Ask for all five; late resetting is needed if it gains something."""
    if few(x):
        return Finding.UNDECIDED
    last = NAMES[-1]
    lines = [
        as_good(x, f"exists_{NAMES[0]}"),
        worse(x, f"redrawn_{last}"),
        any(gains(x, f"late_{name}") for name in NAMES),
        as_good(x, f"moved_{last}"),
        much_worse(x, f"random_{last}"),
    ]
    if all(lines):
        return Finding.HOLDS
    if any(lines):
        return Finding.PARTLY
    none = [
        short(x, f"exists_{NAMES[0]}"),
        as_good(x, f"redrawn_{last}"),
        all(no_better(x, f"late_{name}") for name in NAMES),
        short(x, f"moved_{last}"),
        as_good(x, f"random_{last}"),
    ]
    return Finding.NOT_AT_THIS_SCALE if all(none) else Finding.UNDECIDED


CLAIMS = (
    Claim(
        id="C42",
        kind="empirical",
        places=(GENERALISE,),
        statement=(
            "Sparse tickets can be more accurate than the dense network: at one of the "
            "densities 26, 8.6 and 4.4 %, on clean labels. Where 30 % of the labels "
            "are drawn anew, and training is long enough to learn them, they are."
        ),
        numbers=partial(pruned, "test"),
        rule=sparse_better_rule,
    ),
    Claim(
        id="C50",
        kind="empirical",
        places=(WHY,),
        statement=(
            "Pruning in rounds works because it finds the connections that matter, "
            "because their initial values are lucky ones, and because fewer weights "
            "generalise better."
        ),
        numbers=three_reasons,
        rule=three_reasons_rule,
    ),
    Claim(
        id="C61",
        kind="empirical",
        places=(BOUND,),
        statement=(
            "Winning tickets generalise better by their lower capacity: with 4.4 % of "
            "the weights the gap between training and test data is smaller than that "
            "of the dense network, on clean labels and on noisy ones."
        ),
        numbers=partial(pruned, "gap"),
        rule=smaller_gap_rule,
    ),
    Claim(
        id="C65",
        kind="empirical",
        places=(TRANSFER, PRIZES),
        statement=(
            "Tickets transfer to similar tasks: those of digits 0 to 4 are as good for "
            "5 to 9 as their own, to a point. And there are several: other weights and "
            "another order of the data lead to other masks, as accurate to a point."
        ),
        numbers=moved,
        rule=moved_rule,
    ),
    Claim(
        id="C72",
        kind="empirical",
        places=(SUMMARY,),
        statement=(
            "Winning tickets exist, their initial weights matter, late resetting is "
            "needed, tickets transfer, and random pruning fails."
        ),
        numbers=findings,
        rule=findings_rule,
    ),
)
