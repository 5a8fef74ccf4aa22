"""Claims on late rewinding, by networks trained on handwritten digits.

Seeds, tests and margins are those of `sparsetheory.claims.lottery`. Tickets are found
anew for each step that they are rewound to, up to 160 of 400 steps; beside 64-100-10
units there are networks of five layers.
"""

from functools import cache, partial
from typing import Any

import numpy as np

from sparsetheory.claims.claim import (
    D002,
    ROUNDING,
    Claim,
    Finding,
    Number,
    Numbers,
    of,
)
from sparsetheory.claims.lottery import (
    MARGIN,
    SEEDS,
    existence_rule,
    few,
    summary,
)
from sparsetheory.claims.reinitialised import TICKET
from sparsetheory.claims.training import above
from sparsetheory.experiments.bench import lottery_bench
from sparsetheory.experiments.intervals import clopper_pearson_interval
from sparsetheory.experiments.paired import paired_effect
from sparsetheory.experiments.rewinding import RewindingStudy, rewinding_study
from sparsetheory.lottery.initial import batch_order, initial_weights
from sparsetheory.lottery.network import mlp
from sparsetheory.lottery.optimisers import SGD
from sparsetheory.lottery.training import train

TOPIC = "Training"
STABILITY = (D002, "3.2 Stability Analysis")
FORMULA = (D002, "4.3 Why Late Resetting Works")
RESETTING = (D002, "4.2 Late Resetting Solution")

ENDS = (6, 10, 14)  # of a fifth: 26, 10.7 and 4.4 % are left
NAMES = ("quarter", "tenth", "twentieth")  # or nearly
TENTH = NAMES.index("tenth")
LATE = (4, 20, 40, 80, 160)
EARLY, LATEST = 4, 80  # one per cent of the steps, and a fifth
SHARE = 0.5  # of the seeds that is most of them
DEEP: dict[str, Any] = {"hidden": (50,) * 4, "steps": 600, "scheme": "he"}
DEEP |= {"optimiser": SGD(lr=0.1)}
DEEP_STEPS = (0, 6)  # one per cent of the steps


@cache
def study() -> RewindingStudy:
    """Return tickets rewound to all steps."""
    bench = lottery_bench("digits", seeds=SEEDS)
    return rewinding_study(bench, steps=(0, *LATE), rounds=ENDS)


@cache
def deep_study() -> RewindingStudy:
    """Return tickets of five layers rewound to the start and to one per cent."""
    bench = lottery_bench("digits", seeds=SEEDS, **DEEP)
    return rewinding_study(bench, steps=DEEP_STEPS, rounds=ENDS)


def connections(found: RewindingStudy) -> dict[str, Number]:
    """Count tickets that a line of no larger loss joins to their dense networks."""
    tickets = found.connected[:, TENTH, 0]
    numbers: dict[str, Number] = {"seeds": len(found.seeds)}
    for i, step in enumerate(found.steps):
        numbers[f"connected_from_{step}"] = int(tickets[i].sum())
        numbers[f"barrier_from_{step}"] = 100 * float(found.barrier[i, TENTH, 0].mean())
        order = 100 * float(found.barrier[i, TENTH, 1].mean())
        numbers[f"barrier_of_orders_from_{step}"] = order
    late = tickets[found.steps.index(LATEST)]
    low, high = clopper_pearson_interval(int(late.sum()), late.size)
    more = paired_effect(late.astype(float), tickets[0].astype(float))
    return {
        **numbers,
        "late_share": float(late.mean()),
        "late_share_low": float(low),
        "late_share_high": float(high),
        "late_more_connected": 100 * more.mean,
        "late_p": more.p,
    }


def connections_rule(x: Numbers) -> Finding:
    """Ask that most tickets that are rewound late be connected."""
    if few(x):
        return Finding.UNDECIDED
    if x["late_share_low"] > SHARE:
        return Finding.HOLDS
    none = x["late_share_high"] < SHARE
    return Finding.NOT_AT_THIS_SCALE if none else Finding.UNDECIDED


def resetting(found: RewindingStudy, deep: RewindingStudy) -> dict[str, Number]:
    """Sum gradients of early steps, and compare late rewinding with the start.

    The sum is that of a network on random data in double precision.
    """
    network, steps, lr = mlp([6, 8, 2]), 8, 0.1
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((40, 6)), rng.integers(0, 2, 40)
    w0 = initial_weights(network, 0)
    span: dict[str, Any] = {"steps": steps, "batch": 10, "keep": range(steps)}
    run = train(network, w0, X, y, optimiser=SGD(lr=lr), **span)
    order = batch_order(len(X), 10, steps, 0)
    gradients = [
        network.gradient(run.snapshots[t], X[order[t]], y[order[t]])
        for t in range(steps)
    ]
    moved, total = run.w - w0, lr * np.sum(gradients, axis=0)
    size = np.linalg.norm(moved)
    numbers: dict[str, Number] = {
        "error_of_sum_added": float(np.linalg.norm(moved - total) / size),
        "error_of_sum_subtracted": float(np.linalg.norm(moved + total) / size),
        "seeds": len(found.seeds),
    }
    for i, name in enumerate(NAMES):
        for step in found.steps[1:]:
            numbers |= summary(found.effect(step, 0, i), f"{name}_from_{step}")
        numbers |= summary(deep.effect(deep.steps[1], 0, i), f"deep_{name}_late")
        numbers |= summary(deep.effect(0, None, i), f"deep_{name}_start_below_dense")
    return numbers


def resetting_rule(x: Numbers) -> Finding:
    """Ask for the formula, then for a gain of deep networks that need it."""
    if x["error_of_sum_added"] > ROUNDING:
        right = x["error_of_sum_subtracted"] <= ROUNDING
        return Finding.REFUTED if right else Finding.UNDECIDED
    if few(x):
        return Finding.UNDECIDED
    if any(above(x, f"deep_{name}_late", len(NAMES)) for name in NAMES):
        return Finding.HOLDS
    none = all(x[f"deep_{name}_late_high"] < MARGIN for name in NAMES)
    return Finding.NOT_AT_THIS_SCALE if none else Finding.UNDECIDED


def few_steps(found: RewindingStudy) -> dict[str, Number]:
    """Compare tickets rewound to one per cent of the steps, and to the start."""
    numbers: dict[str, Number] = {"seeds": len(found.seeds)}
    for i, name in enumerate(NAMES):
        numbers |= summary(found.effect(EARLY, at=i), name)
        numbers |= summary(found.effect(0, at=i), f"start_{name}")
        numbers |= summary(found.effect(EARLY, 0, i), f"gain_{name}")
    return numbers


CLAIMS = (
    Claim(
        id="C51",
        kind="empirical",
        places=(STABILITY,),
        statement=(
            "Tickets of late resetting are linearly connected to their dense networks: "
            "on the line between them the training loss is nowhere above the larger "
            "end; of most, if reset after a fifth of the steps, with 10.7 % of the "
            "weights."
        ),
        numbers=of(connections, study),
        rule=connections_rule,
    ),
    Claim(
        id="C53",
        kind="theorem",
        places=(FORMULA, RESETTING),
        statement=(
            "After k steps the weights are theta_0 plus the sum of eta times the "
            "gradients, and deep networks have better tickets if they are reset there, "
            "at a per cent of the steps."
        ),
        numbers=of(resetting, study, deep_study),
        rule=resetting_rule,
    ),
    Claim(
        id="C86",
        kind="empirical",
        places=(TICKET,),
        statement=(
            "Rewinding to a state after a few steps is enough: rewound to one per cent "
            "of them, tickets are as accurate as dense networks to within a point "
            "with 26 % of the weights, and perhaps with fewer. To the start it is "
            "enough too."
        ),
        numbers=of(few_steps, study),
        rule=partial(existence_rule, names=NAMES),
    ),
)
