"""Claims on how tickets train, by networks trained on handwritten digits.

Networks, tickets, seeds, tests and margins are those of `sparsetheory.claims.lottery`.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

import numpy as np

from sparsetheory.claims.claim import D003, Claim, Finding, Number, Numbers, of
from sparsetheory.claims.landscape import (
    FLOW,
    LANDSCAPE,
    SMOOTHER,
    conditions,
    flow,
    flow_rule,
)
from sparsetheory.claims.lottery import (
    BLESSING,
    LEVEL,
    SEEDS,
    as_good,
    few,
    no_better,
    summary,
    tickets_of,
)
from sparsetheory.claims.scale import scale
from sparsetheory.experiments.descent import batch_study, step_size_study
from sparsetheory.experiments.flow import FlowStudy, flow_study
from sparsetheory.experiments.paired import paired_effect
from sparsetheory.experiments.perturbations import noise_study, order_study
from sparsetheory.experiments.sharpness import (
    SHARES,
    SharpnessStudy,
    sharpness_study,
)
from sparsetheory.experiments.speed import SpeedStudy, speed_study
from sparsetheory.experiments.sweep import TrainingSweep

TOPIC = "Training"
Study = TypeVar("Study")

DANCE = (D003, "Hypothesis 3: The Dance between Structure and Stochasticity")
TIME = (D003, "Principles and Mechanisms")

ENDS = (10, 14)  # of a fifth: 10.7 and 4.4 % are left
NAMES = ("tenth", "twentieth")  # or nearly
MINUSCULE = (0.01, 0.05, 0.1)  # noise over the root mean square of a layer's weights
LARGE = (0.25, 0.5, 1.0, 2.0, 4.0)
SMALLER, LARGER = 5, 25  # batches, best of dense networks and tickets elsewhere
CONTROLS = ("dense", "re-initialised", "shuffled in layers")
LOSS = 0.3  # that is learned
SPEED_ENDS = (5, 10, 14)
SPEED_NAMES = ("third", *NAMES)


def below(x: Numbers, name: str, among: int = 1) -> bool:
    """Tell whether a difference is below zero, by interval and test.

    If any of several is enough, each is tested at a level that is as much smaller.
    """
    return bool(x[f"{name}_high"] < 0 and x[f"{name}_p"] <= LEVEL / among)


def above(x: Numbers, name: str, among: int = 1) -> bool:
    """Tell whether a difference is above zero, in the same way."""
    return bool(x[f"{name}_low"] > 0 and x[f"{name}_p"] <= LEVEL / among)


def on_tickets(
    study: Callable[..., Study], *, seeds: int = SEEDS, **options: Any
) -> Callable[[], Study]:
    """Return a study of the networks and their tickets, once it is asked for."""

    @cache
    def computed() -> Study:
        bench, found = tickets_of(seeds)
        return study(bench, tickets=found, **{"rounds": ENDS, **options})

    return computed


spectra = on_tickets(
    sharpness_study, seeds=scale().fewer, steps=scale().spectra, rounds=ENDS[-1]
)
flows = on_tickets(flow_study)
noises = on_tickets(noise_study)
step_sizes = on_tickets(step_size_study)
batch_sizes = on_tickets(batch_study)
data_orders = on_tickets(order_study)
speeds = on_tickets(speed_study, rounds=SPEED_ENDS)


def curvature(found: SharpnessStudy) -> dict[str, Number]:
    """Compare spectra at later steps with those at the start."""
    later = found.steps[1:]
    conditioned = [
        int(np.count_nonzero(found.condition[i] < found.condition[0]))
        for i in range(1, len(found.steps))
    ]
    numbers: dict[str, Number] = {"seeds": len(found.seeds)}
    for i, step in enumerate(found.steps):
        numbers |= {
            f"largest_at_{step}": float(found.largest[i].mean()),
            f"negative_at_{step}": 100 * float(found.negative[i].mean()),
            f"effective_at_{step}": float(found.effective[i].mean()),
            f"definite_at_{step}": int(np.isfinite(found.condition[i]).sum()),
        }
    for step in later:
        numbers |= summary(found.effect("largest", step), f"change_at_{step}", 1.0)
    return {**numbers, "seeds_better_conditioned": max(conditioned)}


def curvature_rule(x: Numbers) -> Finding:
    """Ask for a step at which both are smaller; without all steps, for no less."""
    if few(x):
        return Finding.UNDECIDED
    names = _compared(x, "change")
    flatter = any(below(x, name, len(names)) for name in names)
    better = x["seeds_better_conditioned"] == x["seeds"]
    if flatter and better:
        return Finding.HOLDS
    if len(names) < len(SHARES) - 1:
        return Finding.UNDECIDED
    if flatter or better:
        return Finding.PARTLY
    sharper = any(above(x, name, len(names)) for name in names)
    return Finding.NOT_AT_THIS_SCALE if sharper else Finding.UNDECIDED


def tamer(sharp: SharpnessStudy, steps: TrainingSweep) -> dict[str, Number]:
    """Prune quadratics; compare curvature and best steps of tickets and networks."""
    quadratics = conditions()
    ends = {"start": 0, "end": -1}
    ratio = {
        name: paired_effect(np.log2(sharp.largest[i]), np.log2(sharp.dense[i, :, 1]))
        for name, i in ends.items()
    }
    numbers: dict[str, Number] = {
        "seeds": len(steps.seeds),
        "worse_quadratics": quadratics["violations"] + quadratics["slower"],
        "definite": int(np.isfinite(sharp.condition).sum()),
    }
    for name, effect in ratio.items():
        numbers |= summary(effect, f"doublings_of_curvature_at_{name}", 1.0)
    for i, name in enumerate(NAMES):
        best = (np.log2(steps.best(arm, i)) for arm in ("ticket", "dense"))
        numbers |= summary(paired_effect(*best), f"doublings_of_step_{name}", 1.0)
        for size in steps.values[-3:]:
            effect = steps.effect("ticket", value=size, at=i)
            numbers |= summary(effect, f"over_dense_with_step_{size:g}_{name}")
    return numbers


def tamer_rule(x: Numbers) -> Finding:
    """Ask for the theorem, a positive Hessian of tickets, and larger best steps.

    That they stand steps with which dense networks fail is a part of it. Otherwise it
    must be shown that best steps differ by less than a doubling, and accuracies with
    large ones by less than a point.
    """
    if x["worse_quadratics"] > 0 or few(x):
        return Finding.UNDECIDED
    best = [f"doublings_of_step_{name}" for name in NAMES]
    if any(above(x, name, len(best)) for name in best):
        return Finding.HOLDS if x["definite"] > 0 else Finding.PARTLY
    names = _compared(x, "over_dense")
    if any(above(x, name, len(names)) for name in names):
        return Finding.PARTLY
    alike = all(no_better(x, name) for name in (*best, *names))
    return Finding.NOT_AT_THIS_SCALE if alike else Finding.UNDECIDED


def noise(study: TrainingSweep) -> dict[str, Number]:
    """Compare tickets after noise on their initial weights with those without."""
    numbers: dict[str, Number] = {"seeds": len(study.seeds)}
    for i, name in enumerate(NAMES):
        for size in (*MINUSCULE, *LARGE):
            effect = study.effect("ticket", "ticket", value=size, base=0.0, at=i)
            numbers |= summary(effect, f"{name}_with_{size:g}")
    return numbers


def noise_rule(x: Numbers) -> Finding:
    """Ask for a loss by minuscule noise; by large noise there must be one."""
    if few(x) or not all(below(x, f"{n}_with_{LARGE[-1]:g}") for n in NAMES):
        return Finding.UNDECIDED
    names = [f"{name}_with_{size:g}" for name in NAMES for size in MINUSCULE]
    lost = [below(x, name) for name in names]
    if all(lost):
        return Finding.HOLDS
    if all(as_good(x, name) for name in names):
        return Finding.NOT_AT_THIS_SCALE
    return Finding.PARTLY if any(lost) else Finding.UNDECIDED


def batches(study: TrainingSweep) -> dict[str, Number]:
    """Exchange small batches for larger ones, of dense networks and of tickets."""
    numbers: dict[str, Number] = {"seeds": len(study.seeds)}
    arms = ("dense", "dense", 0), *((n, "ticket", i) for i, n in enumerate(NAMES))
    for name, arm, at in arms:
        runs = study.runs(arm, at).mean(axis=-1)
        numbers[f"best_of_{name}"] = study.values[int(runs.argmax())]
        effect = study.effect(arm, arm, value=LARGER, base=SMALLER, at=at)
        numbers |= summary(effect, f"{name}_gains")
    return numbers


def batches_rule(x: Numbers) -> Finding:
    """Ask that dense networks lose by larger batches and the sparsest tickets gain."""
    if few(x):
        return Finding.UNDECIDED
    sparsest = f"{NAMES[-1]}_gains"
    if below(x, "dense_gains") and above(x, sparsest):
        return Finding.HOLDS
    alike = (each(x, "dense_gains") and each(x, sparsest) for each in (below, above))
    return Finding.NOT_AT_THIS_SCALE if any(alike) else Finding.UNDECIDED


def orders(study: TrainingSweep) -> dict[str, Number]:
    """Compare spreads over orders of the data of tickets and of all else."""
    numbers: dict[str, Number] = {"seeds": len(study.seeds)}
    numbers["orders"] = len(study.values)
    for i, name in enumerate(NAMES):
        spread = study.spread("ticket", i)
        numbers[f"ticket_{name}"] = 100 * float(spread.mean())
        for arm in CONTROLS:
            other, label = study.spread(arm, i), f"{arm}_{name}".replace(" ", "_")
            numbers[label] = 100 * float(other.mean())
            numbers |= summary(paired_effect(spread, other), f"ticket_over_{label}")
    return numbers


def orders_rule(x: Numbers) -> Finding:
    """Ask for less spread than all else has, at both densities."""
    if few(x):
        return Finding.UNDECIDED
    names = _compared(x, "ticket_over")
    if all(below(x, name) for name in names):
        return Finding.HOLDS
    if any(below(x, name, len(names)) for name in names):
        return Finding.PARTLY
    more = any(above(x, name, len(names)) for name in names)
    return Finding.NOT_AT_THIS_SCALE if more else Finding.UNDECIDED


def times(study: SpeedStudy) -> dict[str, Number]:
    """Compare how many steps a loss takes."""
    last = study.steps[-1]
    numbers: dict[str, Number] = {"seeds": len(study.seeds), "loss": LOSS}
    for i, name in enumerate(SPEED_NAMES):
        for arm in ("ticket", *CONTROLS):
            label = f"{arm}_{name}".replace(" ", "_")
            steps = np.minimum(study.reached(arm, LOSS, i), last)
            numbers[label] = float(np.median(steps))
            if arm != "ticket":
                effect = study.effect("ticket", arm, loss=LOSS, at=i)
                numbers |= summary(effect, f"ticket_over_{label}", 1.0)
    return numbers


def times_rule(x: Numbers) -> Finding:
    """Ask for fewer steps than the dense network takes at some density."""
    if few(x):
        return Finding.UNDECIDED
    names = [f"ticket_over_dense_{name}" for name in SPEED_NAMES]
    if any(below(x, name, len(names)) for name in names):
        return Finding.HOLDS
    slower = all(above(x, name) for name in names)
    return Finding.NOT_AT_THIS_SCALE if slower else Finding.UNDECIDED


def real_flow(study: FlowStudy) -> dict[str, Number]:
    """Compare cosines with progress; then masks of tickets with those of gradients."""
    numbers = {**flow(), "seeds": len(study.seeds)}
    for i, name in enumerate(NAMES):
        for mask in ("ticket", "largest gradients"):
            label = f"cosine_of_{mask}_{name}".replace(" ", "_")
            numbers[label] = float(study.cosine[mask][i].mean())
        effect = study.effect("largest gradients", "ticket", i)
        numbers |= summary(effect, f"largest_gradients_over_ticket_{name}")
    return numbers


def real_flow_rule(x: Numbers) -> Finding:
    """Ask for the algebra, and that no mask keep more of the gradient and do worse."""
    found = flow_rule(x)
    if found is not Finding.HOLDS or few(x):
        return found
    misled = [
        x[f"cosine_of_largest_gradients_{name}"] > x[f"cosine_of_ticket_{name}"]
        and below(x, f"largest_gradients_over_ticket_{name}", len(NAMES))
        for name in NAMES
    ]
    return Finding.LOOSE if any(misled) else found


def _compared(x: Numbers, start: str) -> list[str]:
    """Return the names of all differences that start in this way."""
    return [n[:-2] for n in x if n.startswith(start) and n.endswith("_p")]


CLAIMS = (
    Claim(
        id="C25",
        kind="empirical",
        places=(LANDSCAPE,),
        statement=(
            "Rewound to a step after the first, a ticket has a Hessian with a smaller "
            "largest eigenvalue and a smaller condition number; with 4.4 % of the "
            "weights, at one of 1, 5, 20 and 100 % of the steps."
        ),
        numbers=of(curvature, spectra),
        rule=curvature_rule,
    ),
    Claim(
        id="C58",
        kind="theorem",
        places=(FLOW,),
        statement=(
            "If a mask keeps a cosine of 1 - eps with the gradient, the pruned network "
            "converges at nearly the same rate. One step makes cosine squared of the "
            "progress; a rate does not follow, nor a limit. Masks of winning tickets "
            "keep less of the gradient than masks that train worse."
        ),
        numbers=of(real_flow, flows),
        rule=real_flow_rule,
    ),
    Claim(
        id="C90",
        kind="empirical",
        places=(BLESSING,),
        statement=(
            "Even minuscule noise on the rewound weights of a ticket, up to a tenth of "
            "their root mean square, degrades its accuracy."
        ),
        numbers=of(noise, noises),
        rule=noise_rule,
    ),
    Claim(
        id="C91",
        kind="empirical",
        places=(SMOOTHER,),
        statement=(
            "A sparse subnetwork can be better conditioned and prefer a larger step. "
            "Of positive definite quadratics none is worse; tickets of networks would "
            "have positive definite Hessians too, and train best with larger steps "
            "than dense networks. A part of it is that they stand larger ones."
        ),
        numbers=of(tamer, spectra, step_sizes),
        rule=tamer_rule,
    ),
    Claim(
        id="C93",
        kind="empirical",
        places=(DANCE,),
        statement=(
            "The best batch size depends on the sparsity: with as many samples shown "
            "and one step size, batches of 5 are better than batches of 25 for dense "
            "networks, and worse for tickets with 4.4 % of the weights."
        ),
        numbers=of(batches, batch_sizes),
        rule=batches_rule,
    ),
    Claim(
        id="C94",
        kind="empirical",
        places=(DANCE,),
        statement=(
            "The accuracy of tickets varies little with the order of the data: less "
            "than that of dense networks, of fresh weights on their mask, and of a "
            "mask shuffled in each layer."
        ),
        numbers=of(orders, data_orders),
        rule=orders_rule,
    ),
    Claim(
        id="C95",
        kind="empirical",
        places=(TIME,),
        statement=(
            "Tickets learn in less time than the dense network: at one of the "
            "densities 33, 10.7 and 4.4 % in fewer steps to a training loss of 0.3."
        ),
        numbers=of(times, speeds),
        rule=times_rule,
    ),
)
