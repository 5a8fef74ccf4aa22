"""Claims on the loss of a pruned network: gradient, curvature, kernel, progress."""

from collections.abc import Iterable
from functools import cache
from itertools import combinations

import numpy as np
import numpy.typing as npt

from sparsetheory.claims.claim import (
    D000,
    D002,
    D003,
    ROUNDING,
    Claim,
    Finding,
    Number,
    Numbers,
    holds,
)
from sparsetheory.claims.model import (
    DIFFERENCE,
    derivatives,
    draw_model,
    drawn_mask,
)
from sparsetheory.lottery.landscape import (
    gradient_flow,
    masked_kernel,
    random_progress,
    restricted_spectrum,
)
from sparsetheory.theory.rates import gradient_rate
from sparsetheory.types import Matrix, Vector

TOPIC = "Loss landscape"
LANDSCAPE = (D000, "The Optimization Landscape of Pruned Networks")
SMOOTHER = (D003, "Hypothesis 2: A Smoother Path to Victory")
KERNEL = (D002, "3.3 Neural Tangent Kernel Perspective")
FLOW = (D002, "6.2 Theorem: Gradient Flow Preservation")

SLACK = 1e-9  # of eigenvalues
WHOLE = np.diag([1.0, 10.0, 10.0])
INDEFINITE = np.array([[1.0, 2.0, 0.0], [2.0, 1.0, 0.0], [0.0, 0.0, 1e-3]])


def chain_rule() -> dict[str, Number]:
    """Differentiate the masked loss of networks once and twice, along all weights."""
    found = [derivatives(seed) for seed in range(3)]

    def largest(of: Iterable[Vector | Matrix]) -> float:
        return max(float(np.abs(each).max()) for each in of)

    return {
        "error_of_gradient": largest(d.slopes - d.restricted for d in found),
        "error_of_hessian": largest(d.curvatures - d.projected for d in found),
        "restricted_gradient_off_the_mask": largest(d.restricted[~d.on] for d in found),
        "whole_gradient_off_the_mask": largest(d.gradient[~d.on] for d in found),
    }


def gradient_rule(x: Numbers) -> Finding:
    """Ask for the derivative, which is zero off the mask where that of L is not."""
    zero = x["restricted_gradient_off_the_mask"] == 0.0
    return holds(zero and x["error_of_gradient"] <= DIFFERENCE)


def hessian_rule(x: Numbers) -> Finding:
    """Ask for the Hessian that differences of gradients give."""
    return holds(x["error_of_hessian"] <= DIFFERENCE)


def products(H: Matrix) -> tuple[float, float, float, float]:
    """Return both ends of a spectrum, the stable and the best step."""
    size = np.ones(len(H), dtype=bool)
    found = restricted_spectrum(lambda w, v: H @ v, np.zeros(len(H)), size)
    return found.smallest, found.largest, found.stable_step, found.best_step


def saddles() -> dict[str, Number]:
    """Count negative eigenvalues before and after pruning, of many matrices."""
    rng = np.random.default_rng(0)
    cases = interlacing = count = 0
    for _ in range(200):
        n = int(rng.integers(3, 8))
        B = rng.standard_normal((n, n))
        values = np.linalg.eigvalsh(B + B.T)
        k = int(rng.integers(1, n))
        S = rng.choice(n, k, replace=False)
        inner = np.linalg.eigvalsh((B + B.T)[np.ix_(S, S)])
        cases += 1
        low, high = values[:k] - SLACK, values[n - k :] + SLACK
        interlacing += bool(np.any(inner < low) or np.any(inner > high))
        before, after = (int(np.count_nonzero(v < 0)) for v in (values, inner))
        count += not before - (n - k) <= after <= before
    hidden = np.array([[1.0, 2.0], [2.0, 1.0]])
    two = np.diag([-1.0, -1.0, 1.0])
    return {
        "cases": cases,
        "interlacing_violations": interlacing,
        "count_violations": count,
        "pruned_negative_axis": products(np.diag([1.0, -1.0])[:1, :1])[0],
        "saddle_1_2_2_1": products(hidden)[0],
        "saddle_1_2_2_1_pruned": products(hidden[:1, :1])[0],
        "smallest_if_one_of_two_is_pruned": products(two[1:, 1:])[0],
    }


def saddles_rule(x: Numbers) -> Finding:
    """Ask for a saddle that goes with its direction, and whether one direction does."""
    if x["interlacing_violations"] + x["count_violations"] > 0:
        return Finding.REFUTED
    if x["pruned_negative_axis"] <= 0:
        return Finding.REFUTED
    more = x["smallest_if_one_of_two_is_pruned"] < 0
    return Finding.HOLDS_IF if more else Finding.HOLDS


def growth(H: Matrix, w: Vector, step: float) -> float:
    """Return by what factor 400 steps of descent on a quadratic make weights longer."""
    start = np.linalg.norm(w)
    for _ in range(400):
        w = w - step * (H @ w)
    return float(np.linalg.norm(w) / start)


@cache
def steps() -> tuple[Matrix, Matrix]:
    """Return growth below and above the stable step, and steps once pruned over before.

    Of shapes (60, 2) and (900, 2); steps are the largest stable one and the best.
    """
    rng = np.random.default_rng(0)
    ends, pruned = [], []
    for _ in range(60):
        B = rng.standard_normal((7, 6))
        H = B.T @ B
        whole = np.array(products(H)[2:])
        near = whole[0] * np.array([0.98, 1.02])
        ends.append([growth(H, rng.standard_normal(6), step) for step in near])
        some = combinations(range(6), 4)
        pruned += [products(H[np.ix_(S, S)])[2:] / whole for S in some]
    return np.array(ends), np.array(pruned)


def stable_steps() -> dict[str, Number]:
    """Run descent on both sides of the largest stable step; prune and compare steps."""
    ends, pruned = steps()
    return {
        "largest_growth_below": float(ends[:, 0].max()),
        "least_growth_above": float(ends[:, 1].min()),
        "prunings": len(pruned),
        "shorter_stable_steps": int(np.count_nonzero(pruned[:, 0] < 1 - SLACK)),
        "best_step_1_10_10": products(WHOLE)[3],
        "best_step_10_10": products(WHOLE[1:, 1:])[3],
    }


def steps_rule(x: Numbers) -> Finding:
    """Ask for stability below and divergence above, and no shorter stable step."""
    sharp = x["largest_growth_below"] <= 1 < x["least_growth_above"]
    return holds(sharp and x["shorter_stable_steps"] == 0)


@cache
def blocks() -> npt.NDArray[np.float64]:
    """Return both ends of spectra of positive matrices, and of blocks of half of them.

    Of shape (2000, 2, 2): whole and block, least and largest.
    """
    rng = np.random.default_rng(0)
    spectra = []
    for _ in range(100):
        B = rng.standard_normal((7, 6))
        H = B.T @ B
        whole = products(H)[:2]
        some = combinations(range(6), 3)
        spectra += [(whole, products(H[np.ix_(S, S)])[:2]) for S in some]
    return np.array(spectra)


def conditions() -> dict[str, Number]:
    """Compare condition numbers of positive definite matrices and of their blocks."""
    ends = blocks()
    kappa, rate = ends[..., 1] / ends[..., 0], gradient_rate(ends[..., 0], ends[..., 1])
    projected = np.diag([1.0, 2.0, 3.0, 0.0, 0.0, 0.0])
    a, b, *_ = products(INDEFINITE[1:, 1:])
    low, high, *_ = products(INDEFINITE)
    return {
        "cases": len(ends),
        "violations": int(np.count_nonzero(kappa[:, 1] > kappa[:, 0] * (1 + SLACK))),
        "slower": int(np.count_nonzero(rate[:, 1] > rate[:, 0] + SLACK)),
        "smallest_of_projected": float(np.linalg.eigvalsh(projected).min()),
        "quotient_indefinite": high / low,
        "quotient_indefinite_pruned": b / a,
    }


def conditions_rule(x: Numbers) -> Finding:
    """Ask for smaller conditions of blocks, and whether definiteness matters."""
    if x["violations"] + x["slower"] > 0:
        return Finding.REFUTED
    singular = abs(x["smallest_of_projected"]) <= SLACK
    worse = x["quotient_indefinite_pruned"] > abs(x["quotient_indefinite"])
    return Finding.HOLDS_IF if singular or worse else Finding.HOLDS


def expansion_errors(distances: Iterable[float]) -> dict[str, list[float]]:
    """Return errors of a pruned network's expansions, at distances from the start."""
    model, w = draw_model(0)
    on, rng = drawn_mask(0, w), np.random.default_rng(1)
    direction = rng.standard_normal(on.size)
    direction /= np.linalg.norm(direction)
    errors: dict[str, list[float]] = {"whole": [], "pruned": []}
    for t in distances:
        truth = model.outputs(on * (w + t * direction)).ravel()
        for name, point in (("whole", w), ("pruned", on * w)):
            linear = model.jacobian(point) @ (on * t * direction)
            guess = model.outputs(point).ravel() + linear
            errors[name].append(float(np.abs(guess - truth).max()))
    return errors


def tangent() -> dict[str, Number]:
    """Expand a pruned network about both points, at small distances from the start."""
    errors = expansion_errors((1e-3, 1e-4, 0.0))
    model, w = draw_model(0)
    on = drawn_mask(0, w)
    J = model.jacobian(on * w)[:24]
    whole = masked_kernel(J, np.ones(on.size, dtype=bool))
    spans, excess = {}, 0.0
    for k in (12, 23, 60):
        mask = np.zeros(on.size, dtype=bool)
        mask[np.random.default_rng(2).permutation(on.size)[:k]] = True
        part = masked_kernel(J, mask)
        spans[f"rank_with_{k}"] = part.rank
        excess = max(excess, -np.linalg.eigvalsh(whole.matrix - part.matrix)[0])
    return {
        "error_at_start": errors["whole"][2],
        "error_at_start_about_pruned": errors["pruned"][2],
        "error_about_pruned_1e-3": errors["pruned"][0],
        "error_about_pruned_1e-4": errors["pruned"][1],
        "kernel_excess": float(excess / whole.eigenvalues[-1]),
        "outputs": len(J),
        **spans,
    }


def tangent_rule(x: Numbers) -> Finding:
    """Ask for an error that vanishes at the start."""
    if x["error_at_start_about_pruned"] > ROUNDING:
        return Finding.UNDECIDED
    return holds(x["error_at_start"] <= ROUNDING)


def flow() -> dict[str, Number]:
    """Compare cosines with progress, and descend with almost all of the gradient."""
    g, mask = np.array([3.0, 4.0, 12.0]), np.array([False, True, True])
    kept = gradient_flow(g, mask)
    error = abs(kept.progress - float(g @ (mask * g) / (g @ g)))
    subsets = [
        gradient_flow(g, np.isin(np.arange(3), S)).progress
        for S in combinations(range(3), 2)
    ]
    mean, _ = random_progress(g, 2)
    # Two weights start at zero. The one without which the gradient is as good as whole
    # is where most of the loss is.
    H, best = np.diag([1.0, 1e-3]), np.array([1.0, 50.0])
    on = np.array([True, False])
    losses = []
    for active in (np.ones(2, dtype=bool), on):
        w = np.zeros(2)
        for _ in range(20_000):
            w = w - active * (H @ (w - best))
        losses.append(float(0.5 * (w - best) @ H @ (w - best)))
    start = float(0.5 * best @ H @ best)
    return {
        "cosine": kept.cosine,
        "progress": kept.progress,
        "error_of_progress": error,
        "error_of_mean": abs(float(np.mean(subsets)) - mean),
        "cosine_at_start": gradient_flow(H @ best, on).cosine,
        "loss_left_by_all": losses[0] / start,
        "loss_left_by_mask": losses[1] / start,
    }


def flow_rule(x: Numbers) -> Finding:
    """Ask for the algebra of one step, and whether a rate follows."""
    if max(x["error_of_progress"], x["error_of_mean"]) > ROUNDING:
        return Finding.REFUTED
    stuck = x["cosine_at_start"] > 0.99 and x["loss_left_by_mask"] > 0.5
    return Finding.LOOSE if stuck else Finding.HOLDS


CLAIMS = (
    Claim(
        id="C20",
        kind="theorem",
        places=(LANDSCAPE,),
        statement=(
            "The gradient of the masked loss is that of the loss at the masked weights "
            "on the mask, and zero off it, where the whole one need not be; the loss "
            "must be differentiable there."
        ),
        numbers=chain_rule,
        rule=gradient_rule,
    ),
    Claim(
        id="C21",
        kind="theorem",
        places=(LANDSCAPE,),
        statement=(
            "The Hessian of the masked loss is P H P with H at the masked weights; the "
            "loss must be twice differentiable there, which networks of ReLUs are away "
            "from kinks."
        ),
        numbers=chain_rule,
        rule=hessian_rule,
    ),
    Claim(
        id="C22",
        kind="theorem",
        places=(LANDSCAPE,),
        statement=(
            "Pruning hides a saddle if all directions of negative curvature lie in the "
            "pruned subspace. It is enough, but not needed; of q such directions at "
            "least q - r remain without r weights, and none comes up."
        ),
        numbers=saddles,
        rule=saddles_rule,
    ),
    Claim(
        id="C23",
        kind="theorem",
        places=(LANDSCAPE,),
        statement=(
            "On a quadratic, descent is stable up to the step 2 / lambda_max, and a "
            "mask never lowers that; the step that is best, 2 / (lambda_min + "
            "lambda_max), may fall."
        ),
        numbers=stable_steps,
        rule=steps_rule,
    ),
    Claim(
        id="C24",
        kind="theorem",
        places=(LANDSCAPE, SMOOTHER),
        statement=(
            "A pruned quadratic is no worse conditioned, and descent on it at the best "
            "step no slower: if the Hessian is positive definite and the quotient is "
            "taken on active weights, as P H P itself is singular."
        ),
        numbers=conditions,
        rule=conditions_rule,
    ),
    Claim(
        id="C52",
        kind="theorem",
        places=(KERNEL,),
        statement=(
            "Near the start a pruned network is f(theta_0) plus the masked gradient at "
            "theta_0 times the change of the weights. In fact it starts at the masked "
            "weights, and both must be taken there; to fit N outputs the masked "
            "gradients must have rank N."
        ),
        numbers=tangent,
        rule=tangent_rule,
    ),
)
