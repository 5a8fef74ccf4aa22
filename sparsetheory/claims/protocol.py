"""Claims on what a ticket is, and on the code that looks for one."""

from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sparsetheory.claims import lottery
from sparsetheory.claims.claim import (
    D000,
    D002,
    Claim,
    Finding,
    Number,
    Numbers,
    holds,
)
from sparsetheory.experiments.arms import ARMS, Case
from sparsetheory.experiments.paired import paired_effect
from sparsetheory.experiments.pruned import pruned_weight
from sparsetheory.lottery.initial import initial_weights
from sparsetheory.lottery.masks import mask_budget, top_mask
from sparsetheory.lottery.network import Network, mlp
from sparsetheory.lottery.saliency import (
    grasp_saliency,
    magnitude_saliency,
    random_saliency,
    snip_saliency,
)
from sparsetheory.lottery.ticket import Ticket
from sparsetheory.lottery.training import train
from sparsetheory.types import Matrix, Vector

TOPIC = "Algorithms"
TICKET = (D000, "The Lottery Ticket Hypothesis")
STRONG = (D002, "5.2 Strong Lottery Ticket Hypothesis")
CODE = (D002, "7. Implementation")

STEPS = 200
HALF = 3  # rounds, after which 51 % of the weights are left
SEEDS = 8


def problem() -> tuple[Network, Matrix, npt.NDArray[np.int64]]:
    """Return a network with 64 weights, and data of two even classes."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((200, 6))
    order = np.argsort(X[:, 0] + X[:, 1])
    y = np.zeros(len(X), dtype=np.int64)
    y[order[len(X) // 2 :]] = 1
    return mlp([6, 8, 2]), X, y


def ticket() -> dict[str, Number]:
    """Train a ticket twice, and once more with each of its parts exchanged."""
    network, X, y = problem()
    w0 = initial_weights(network, 0)
    dense = train(network, w0, X, y, steps=STEPS).w
    k = mask_budget(int(network.weights.sum()), 0.3)
    masks = [
        ~network.weights | top_mask(scores, k, within=network.weights)
        for scores in (magnitude_saliency(dense), random_saliency(dense, 1))
    ]
    one = Ticket(network, masks[0], w0, seed=(3,))

    def result(given: Ticket, steps: int = STEPS) -> Vector:
        options = {"mask": given.mask, "steps": steps, "seed": given.seed}
        return train(network, given.w0, X, y, **options).w  # type: ignore[arg-type]

    w = result(one)
    other_draw = Ticket(network, masks[0], initial_weights(network, 1), seed=(3,))
    others = {
        "mask": result(Ticket(network, masks[1], w0, seed=(3,))),
        "draw": result(other_draw),
        "order": result(Ticket(network, masks[0], w0, seed=(4,))),
        "steps": result(one, STEPS // 2),
    }
    return {
        "weights_kept": k,
        "largest_off_the_mask": float(np.abs(w[~one.mask]).max()),
        "start_gap": float(np.abs(result(one, 0) - one.mask * w0).max()),
        "change_again": float(np.abs(result(one) - w).max()),
        **{
            f"change_by_{name}": float(np.abs(other - w).max())
            for name, other in others.items()
        },
    }


def ticket_rule(x: Numbers) -> Finding:
    """Ask that the parts determine the outcome, and that each of them matters."""
    fixed = max(x["largest_off_the_mask"], x["start_gap"], x["change_again"]) == 0
    parts = ("mask", "draw", "order", "steps")
    return holds(fixed and all(x[f"change_by_{part}"] > 0 for part in parts))


@cache
def accuracies() -> dict[str, list[float]]:
    """Return accuracies of masks by SNIP and GraSP, by seed, before training and after.

    Shares of the data that they are found with.
    """
    network, X, y = problem()
    on = network.weights
    k = mask_budget(int(on.sum()), 0.3)

    def grad(w: Vector) -> Vector:
        return network.gradient(w, X, y)

    def hvp(w: Vector, v: Vector) -> Vector:
        return network.hvp(w, v, X, y)

    found: dict[str, list[float]] = {}
    for seed in range(SEEDS):
        w = initial_weights(network, seed)
        scores = {"snip": snip_saliency(w, grad), "grasp": grasp_saliency(w, grad, hvp)}
        for name, score in scores.items():
            mask = ~on | top_mask(score, k, within=on)
            trained = train(network, w, X, y, mask=mask, steps=STEPS).w
            for when, point in (("untrained", w * mask), ("trained", trained)):
                share = float(network.accuracy(point, X, y))
                found.setdefault(f"{name}_{when}", []).append(share)
    return found


def strong() -> dict[str, Number]:
    """Prune fresh networks by SNIP and GraSP, and see what they can before training.

    And prune fresh networks to a given function by exact search.
    """
    errors = []
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        a, b = rng.uniform(-1.0, 1.0, (2, 32))
        errors.append(pruned_weight(a, b, float(rng.uniform(-1.0, 1.0))).error)
    return {
        "seeds": SEEDS,
        **{name: float(np.mean(shares)) for name, shares in accuracies().items()},
        "largest_error_by_search": max(errors),
        **masks_trained_alone(),
    }


@cache
def on_digits() -> dict[str, Vector]:
    """Return accuracies for digits by seed: of masks over the initial weights, and all.

    Half a mask is trained, and half a mask is drawn.
    """
    bench, found = lottery.tickets()
    mask, dense = found.masks[HALF], found.weights[0]
    rng = [np.random.default_rng(seed) for seed in bench.seeds]
    case = Case(bench, mask, dense, rng)
    drawn = np.where(case.shuffled(by_layer=True), bench.w0, 0)
    trained = ARMS["edge-popup, weights frozen"](case)
    weights = {"random mask": drawn, "trained mask": trained, "trained weights": dense}
    return {name: bench.accuracy(w) for name, w in weights.items()}


def masks_trained_alone() -> dict[str, Number]:
    """Train half a mask over the initial weights for digits, and draw one."""
    random, trained, dense = on_digits().values()
    return {
        "digits_by_trained_mask": float(trained.mean()),
        "digits_by_trained_weights": float(dense.mean()),
        **lottery.summary(paired_effect(trained, random), "over_random_mask"),
    }


def strong_rule(x: Numbers) -> Finding:
    """Ask that both find, without training, what they find with it."""
    trained = min(x["snip_trained"], x["grasp_trained"]) >= 0.9
    searched = x["largest_error_by_search"] <= 0.01
    masked = lottery.better(x, "over_random_mask")
    if not (trained and searched and masked):
        return Finding.UNDECIDED
    return holds(min(x["snip_untrained"], x["grasp_untrained"]) >= 0.9)


def halved(w: Vector, steps: int) -> Vector:
    """Descend on the square of a weight, by steps that halve it."""
    for _ in range(steps):
        w = w - 0.25 * (2 * w)
    return w


def late_reset() -> dict[str, Number]:
    """Follow the code's first two rounds, with and without a state saved before.

    Its reset reads the state that was saved; its first round trains to the reset point,
    saves, and trains in full; each later one trains in full from there. What it trains
    is one weight, on its square, which each step halves and which so counts them.
    """
    reset, whole = 4, 20
    ends, failed = [], False
    for saved in (np.ones(1), None):
        state = saved
        try:
            for number in range(2):
                w = state.copy()  # type: ignore[union-attr]
                if number == 0:
                    w = halved(w, reset)
                    state = w.copy()
                ends.append(-float(np.log2(halved(w, whole)[0])))
        except AttributeError:
            failed = True
    return {
        "reset_after": reset,
        "steps_in_all": whole,
        "steps_of_first_round": ends[0],
        "steps_of_second_round": ends[1],
        "fails_unless_saved_before": failed,
    }


def late_reset_rule(x: Numbers) -> Finding:
    """Ask for rounds that end after as many steps as are meant, without a failure."""
    rounds = x["steps_of_first_round"], x["steps_of_second_round"]
    right = all(steps == x["steps_in_all"] for steps in rounds)
    if not right:
        return Finding.REFUTED
    return Finding.HOLDS_IF if x["fails_unless_saved_before"] else Finding.HOLDS


class Baseline(NamedTuple):
    """Weights of a network that is pruned at random, as the text and the code do it.

    Starts are on the mask; ends are all that may be pruned.
    """

    asked: float
    starts: dict[str, Vector]
    ends: dict[str, Vector]


def baseline() -> Baseline:
    """Prune at random as the code does and as the text does, and train.

    The code draws new weights, and prunes them before training alone.
    """
    network, X, y = problem()
    on = network.weights
    k = mask_budget(int(on.sum()), 0.1)
    w, fresh = initial_weights(network, [0, 1])
    mask = ~on | top_mask(random_saliency(w, 2), k, within=on)
    code = train(network, fresh * mask, X, y, steps=STEPS).w
    text = train(network, w, X, y, mask=mask, steps=STEPS).w
    return Baseline(
        asked=k / int(on.sum()),
        starts={"code": fresh[mask], "text": w[mask]},
        ends={"code": code[on], "text": text[on]},
    )


def random_baseline() -> dict[str, Number]:
    """Prune at random as the code does and as the text does, and train.

    The code draws new weights, and prunes them before training alone.
    """
    found = baseline()
    gaps = np.abs(found.starts["code"] - found.starts["text"])
    return {
        "density_asked": found.asked,
        **{f"density_by_{n}": float(np.mean(w != 0)) for n, w in found.ends.items()},
        "gap_of_starts": float(gaps.max()),
    }


def random_baseline_rule(x: Numbers) -> Finding:
    """Ask for the same start, and for a network that is sparse when it is tested."""
    if x["density_by_code"] > x["density_asked"]:
        return Finding.REFUTED
    return Finding.HOLDS if x["gap_of_starts"] == 0 else Finding.LOOSE


CLAIMS = (
    Claim(
        id="C16",
        kind="definition",
        places=(TICKET,),
        statement=(
            "A ticket is a mask with the initial weights: trained with the mask fixed "
            "and by the same algorithm, data and steps. These determine what comes of "
            "it, and none of them can be left out."
        ),
        numbers=ticket,
        rule=ticket_rule,
    ),
    Claim(
        id="C62",
        kind="attribution",
        places=(STRONG,),
        statement=(
            "Winning tickets exist at initialization without any training, and SNIP "
            "and GraSP find them. In fact both prune to train afterwards; what needs "
            "no training is found by search, as for subset sums, or by a trained mask."
        ),
        numbers=strong,
        rule=strong_rule,
    ),
    Claim(
        id="C69",
        kind="theorem",
        places=(CODE,),
        statement=(
            "The code with late resetting trains each network for T steps in all, k of "
            "them before the point that it resets to."
        ),
        numbers=late_reset,
        rule=late_reset_rule,
    ),
    Claim(
        id="C70",
        kind="theorem",
        places=(CODE, (D002, "5.3 Pruning at Random")),
        statement=(
            "The code compares tickets with networks that are pruned at random to the "
            "same sparsity and trained from the same initialization."
        ),
        numbers=random_baseline,
        rule=random_baseline_rule,
    ),
)
