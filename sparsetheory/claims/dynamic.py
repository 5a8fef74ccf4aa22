"""Claims on masks that change while the weights train."""

from functools import cache

import numpy as np

from sparsetheory.claims.claim import (
    D001,
    ROUNDING,
    Claim,
    Finding,
    Number,
    Numbers,
)
from sparsetheory.claims.lottery import ROUNDS, better, few, summary, tickets
from sparsetheory.experiments.lottery import LotteryStudy, lottery_study
from sparsetheory.lottery.schedules import dst_equilibrium, dst_regrowth

TOPIC = "Training"
ENGINEERING = (D001, "The Engineering of Sparsity: Building Lighter, Faster Models")
STATIC = "shuffled in layers"
MOVING = ("SET", "RigL")


@cache
def on_digits() -> LotteryStudy:
    """Return accuracies of masks that move, and of one at random that stays."""
    bench, found = tickets()
    end, arms = ROUNDS[-1:], (STATIC, *MOVING)
    return lottery_study(bench, rounds=end, arms=arms, tickets=found)


def dynamic_training() -> dict[str, Number]:
    """Iterate both kinds of step to their end, draw one kind, and train networks."""
    error = factor_error = 0.0
    for p in (0.1, 0.3, 0.9):
        for g in (0.05, 0.1, 0.8):
            for revive in (False, True):
                found = dst_equilibrium(p, g, revive=revive)
                rho = [1.0]
                for _ in range(400):
                    kept = (1 - p) * rho[-1]
                    rho.append(kept + g * (1 - (kept if revive else rho[-1])))
                error = max(error, abs(rho[-1] - found.density))
                ratio = (rho[1] - found.density) / (rho[0] - found.density)
                factor_error = max(factor_error, abs(ratio - found.factor))
    rng = np.random.default_rng(0)
    p, target, d, steps = 0.3, 0.1, 4000, 300
    g = dst_regrowth(p, target)
    active = rng.random(d) < target
    mean = 0.0
    for _ in range(steps):
        pruned, grown = rng.random(d) < p, rng.random(d) < g
        active = np.where(active, ~pruned, grown)
        mean += float(active.mean()) / steps
    factor = dst_equilibrium(p, g).factor
    # Each weight is a chain of two states, with correlation `factor` from step to step.
    spread = target * (1 - target) * (1 + factor) / (1 - factor) / (d * steps)
    study = on_digits()
    numbers: dict[str, Number] = {
        "error": error,
        "error_of_factor": factor_error,
        "regrowth_for_density_0.1": g,
        "regrowth_for_density_0.1_with_revival": dst_regrowth(p, target, revive=True),
        "mean_density_drawn": mean,
        "standard_error": float(np.sqrt(spread)),
        "seeds": len(study.seeds),
        "static": 100 * float(study.accuracy[STATIC].mean()),
    }
    for name in MOVING:
        numbers |= summary(study.effect(name, STATIC), name.lower())
    return numbers


def dynamic_training_rule(x: Numbers) -> Finding:
    """Ask for the fixed points, for a drawn density, and for more than a static mask.

    The density within five standard errors.
    """
    near = abs(x["mean_density_drawn"] - 0.1) <= 5 * x["standard_error"]
    if max(x["error"], x["error_of_factor"]) > ROUNDING or not near:
        return Finding.REFUTED
    if few(x):
        return Finding.UNDECIDED
    effective = all(better(x, name.lower()) for name in MOVING)
    return Finding.HOLDS if effective else Finding.PARTLY


CLAIMS = (
    Claim(
        id="C28",
        kind="theorem",
        places=(ENGINEERING,),
        statement=(
            "To hold a density rho against pruning of a share p, dynamic sparse "
            "training has to regrow a share p rho / (1 - rho) of the weights that were "
            "inactive, or p rho / (1 - (1 - p) rho) of those that are after pruning; "
            "and refining the structure pays: with 4.4 % of the weights for digits, "
            "masks that move end more accurate than random ones that stay."
        ),
        numbers=dynamic_training,
        rule=dynamic_training_rule,
    ),
)
