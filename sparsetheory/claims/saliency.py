"""Claims on what saliencies measure, and where magnitude is not the best of them."""

import numpy as np

from sparsetheory.claims.claim import (
    D000,
    D002,
    D004,
    ROUNDING,
    Claim,
    Finding,
    Number,
    Numbers,
    holds,
)
from sparsetheory.claims.counting import Counted, count
from sparsetheory.claims.model import DIFFERENCE, NETWORK, STEP, draw_model
from sparsetheory.lottery._passes import backward, bent_backward, forward, tangent
from sparsetheory.lottery.landscape import restricted_gradient
from sparsetheory.lottery.masks import top_mask
from sparsetheory.lottery.network import mlp
from sparsetheory.lottery.saliency import (
    grasp_saliency,
    obd_saliency,
    obs_saliency,
    obs_update,
    snip_saliency,
)
from sparsetheory.types import Matrix, Vector

TOPIC = "Saliency"
CRITERIA = (D000, "Saliency Criteria for Weight Selection")
STRONG = (D002, "5.2 Strong Lottery Ticket Hypothesis")
DEEPER = (D004, 'Is Magnitude Everything? A Deeper Look at "Importance"')


def slopes_by_mask() -> Vector:
    """Return derivatives of the loss by entries of the mask, from differences."""
    model, w = draw_model(0)
    up, down = (model.loss(w * (1 + t * np.eye(w.size))) for t in (STEP, -STEP))
    return np.asarray((up - down) / (2 * STEP))


def snip() -> dict[str, Number]:
    """Differentiate the loss by the mask, and rescale the units of a network."""
    model, w = draw_model(0)
    g, n, slopes = model.gradient(w), w.size, slopes_by_mask()
    scores = snip_saliency(w, model.gradient)
    W, b, V, c = NETWORK.split(w)
    factors = np.geomspace(0.1, 10.0, b.size)
    moved = NETWORK.join([W * factors[:, None], b * factors, V / factors, c])
    W, b, V, c = NETWORK.split(w * g)
    changed = snip_saliency(moved, model.gradient) - scores
    return {
        "weights": n,
        "error_of_slope": float(np.abs(slopes - g * w).max()),
        "error_of_score": float(np.abs(scores - np.abs(slopes)).max()),
        "change_by_rescaling": float(np.abs(changed).max()),
        "flow_in_minus_out": float(np.abs(W.sum(axis=1) + b - V.sum(axis=0)).max()),
    }


def snip_rule(x: Numbers) -> Finding:
    """Ask for the derivative, if it obeys laws that follow for networks of ReLUs."""
    if max(x["change_by_rescaling"], x["flow_in_minus_out"]) > ROUNDING:
        return Finding.UNDECIDED
    return holds(max(x["error_of_slope"], x["error_of_score"]) <= DIFFERENCE)


def presence() -> dict[str, Number]:
    """Remove weights from quadratics, one at a time, and compare with `snip`.

    First far from the minimum, where all weights are shrunk to see orders; then at it.
    """
    H, w, b = quadratic(6)
    g = H @ w - b
    exact = removed(H, w, g)
    small = removed(H, w / 100, g)
    first = np.abs(snip_saliency(w / 100, lambda _: g))
    at_minimum = snip_saliency(w, lambda u: H @ u - H @ w)
    return {
        "relative_error_at_hundredth": float(np.abs(np.abs(small) / first - 1).max()),
        "weights": w.size,
        "removals_that_lower_the_loss": int(np.count_nonzero(exact < 0)),
        "largest_score_at_minimum": float(at_minimum.max()),
        "least_rise_at_minimum": float(removed(H, w, 0 * w).min()),
    }


def quadratic(n: int) -> tuple[Matrix, Vector, Vector]:
    """Return a positive definite Hessian, weights, and the loss's linear part."""
    rng = np.random.default_rng(0)
    B = rng.standard_normal((n + 2, n))
    return B.T @ B / n, rng.standard_normal(n), rng.standard_normal(n)


def removed(H: Matrix, w: Vector, g: Vector) -> Vector:
    """Return the exact change of a quadratic loss as each weight alone goes."""
    steps = -np.diag(w)
    return np.asarray(steps @ g + 0.5 * np.einsum("ij,jk,ik->i", steps, H, steps))


def presence_rule(x: Numbers) -> Finding:
    """Ask whether the score is right to first order, and whether that is the effect."""
    if x["relative_error_at_hundredth"] > 0.1:
        return Finding.REFUTED
    blind = x["largest_score_at_minimum"] <= ROUNDING < x["least_rise_at_minimum"]
    return Finding.LOOSE if blind else Finding.HOLDS


def first_order_rule(x: Numbers) -> Finding:
    """Ask for the first order, and whether its sign and its zeros matter."""
    if x["relative_error_at_hundredth"] > 0.1:
        return Finding.REFUTED
    matter = x["removals_that_lower_the_loss"] > 0 or x["least_rise_at_minimum"] > 0
    return Finding.HOLDS_IF if matter else Finding.HOLDS


def grasp() -> dict[str, Number]:
    """Prune a network by both ends of the score, and see what gradient is left."""
    H = np.array([[2.0, 1.0], [1.0, 3.0]])
    after = np.array([[1.0], [2.0]]) - H * [1.0, -1.0]  # column i: without weight i
    change = np.sum(after**2, axis=0) - 5.0
    seeds, lowest, highest, error = 8, 0.0, 0.0, 0.0
    for seed in range(seeds):
        model, w = draw_model(seed)
        scores = grasp_saliency(w, model.gradient, model.hvp)
        error = max(error, _signal_error(seed))
        squared = []
        for keep in (scores, -scores):
            mask = top_mask(keep, scores.size // 2)
            g_left = restricted_gradient(model.gradient, w, mask)
            squared.append(float(np.linalg.norm(g_left)))
        whole = float(np.linalg.norm(model.gradient(w)))
        highest += squared[0] / whole / seeds
        lowest += squared[1] / whole / seeds
    return {
        "change_without_first": float(change[0]),
        "change_without_second": float(change[1]),
        "error_of_first_order": error,
        "norm_left_lowest_pruned": lowest,
        "norm_left_highest_pruned": highest,
    }


def _signal_error(seed: int) -> float:
    """Return how far the slope of ||g||^2 is from -2 w (Hg), over the largest."""
    model, w = draw_model(seed)
    scores = grasp_saliency(w, model.gradient, model.hvp)
    ends = (w * (1 - t * np.eye(w.size)) for t in (STEP, -STEP))
    up, down = (np.sum(model.gradient(end) ** 2, axis=1) for end in ends)
    slopes = (up - down) / (2 * STEP)
    return float(np.abs(slopes + 2 * scores).max() / np.abs(scores).max())


def grasp_rule(x: Numbers) -> Finding:
    """Ask that pruning the lowest -w (Hg) keeps more gradient than the highest."""
    if x["error_of_first_order"] > 1e-4:
        return Finding.UNDECIDED
    return holds(x["norm_left_lowest_pruned"] > x["norm_left_highest_pruned"])


def grasp_cost() -> dict[str, Number]:
    """Count multiply-adds of the matrix products that are done for one sample."""
    shapes = {
        "64_100_10": (64, 100, 10),
        "784_300_100_10": (784, 300, 100, 10),
        "deep": (100,) * 21,
    }
    numbers: dict[str, Number] = {}
    for name, sizes in shapes.items():
        network = mlp(sizes)
        w = np.ones(network.n)  # any values cost the same
        params = [part.view(Counted) for part in network.split(w)]
        shared = *network.form, params
        (o, trace), there = count(forward, *shared, np.ones((1, sizes[0])))
        _, back = count(backward, *shared, trace, o)
        (d, turns), along = count(tangent, *shared, trace, params)
        _, bent = count(bent_backward, *shared, trace, params, turns, o, d)
        numbers |= {
            f"gradient_{name}": there + back,
            f"hessian_product_{name}": along + bent,
            f"grasp_over_snip_{name}": 1 + (along + bent) / (there + back),
        }
    return numbers | {"by_differences": 2.0}


def grasp_cost_rule(x: Numbers) -> Finding:
    """Ask whether twice the cost is a bound for exact products."""
    ratios = [x[name] for name in x if name.startswith("grasp_over_snip")]
    if min(ratios) < x["by_differences"]:
        return Finding.REFUTED
    return Finding.LOOSE if max(ratios) > 2.5 else Finding.HOLDS


def refitted(H: Matrix, w: Vector, i: int) -> float:
    """Return the rise of a loss that is least at w, if the others adapt to no w[i]."""
    u = obs_update(w, H, np.arange(w.size) != i) - w
    return float(0.5 * u @ H @ u)


def second_order() -> dict[str, Number]:
    """Remove weights from a quadratic one at a time, together, and with refitting."""
    H, w, b = quadratic(6)
    g = H @ w - b
    scores = obd_saliency(w, np.diag(H), g)
    gone = np.array([True, False, True, True, False, False])
    step = np.where(gone, -w, 0.0)
    together = float(step @ g + 0.5 * step @ H @ step)
    refit = np.array([refitted(H, w, i) for i in range(w.size)])
    saliency = obs_saliency(w, H)
    return {
        "error_of_one": float(np.abs(scores - removed(H, w, g)).max()),
        "error_of_three_together": abs(together - float(scores[gone].sum())),
        "error_with_refitting": float(np.abs(saliency - refit).max()),
        "most_saved_by_refitting": float((1 - saliency / removed(H, w, 0 * w)).max()),
    }


def second_order_rule(x: Numbers) -> Finding:
    """Ask for the exact change of one weight, which the expansion is about."""
    return holds(max(x["error_of_one"], x["error_with_refitting"]) <= 1e-10)


def cotter_pin() -> dict[str, Number]:
    """Compare the two weights of the example over the second one's curvature."""
    small = float(obd_saliency([0.01], [2000.0])[0])
    curvature = np.array([1.0, 31.0, 31.5, 2000.0])
    large = obd_saliency(np.full(4, 0.08), curvature)
    return {
        "change_without_small": small,
        "curvature_at_which_they_tie": 2 * small / 0.08**2,
        "change_without_large_at_1": float(large[0]),
        "change_without_large_at_31": float(large[1]),
        "change_without_large_at_31.5": float(large[2]),
        "change_without_large_at_2000": float(large[3]),
    }


def cotter_pin_rule(x: Numbers) -> Finding:
    """Ask for a mistake below the curvature stated, and whether it is none above."""
    small, tie = x["change_without_small"], x["curvature_at_which_they_tie"]
    if max(abs(small - 0.1), abs(tie - 31.25)) > ROUNDING:
        return Finding.REFUTED
    flat = max(x[f"change_without_large_at_{h}"] for h in (1, 31))
    if not flat < small < x["change_without_large_at_31.5"]:
        return Finding.REFUTED
    depends = x["change_without_large_at_2000"] > small
    return Finding.HOLDS_IF if depends else Finding.HOLDS


CLAIMS = (
    Claim(
        id="C11",
        kind="theorem",
        places=(CRITERIA, STRONG),
        statement=(
            "The derivative of the loss by an entry of the mask, where it is 1, is the "
            "weight times its gradient; SNIP's score is its magnitude."
        ),
        numbers=snip,
        rule=snip_rule,
    ),
    Claim(
        id="C12",
        kind="theorem",
        places=(CRITERIA,),
        statement=(
            "SNIP's score |g w| is the effect that a weight's presence has on the "
            "loss. To first order it is, without its sign; at a minimum it is zero for "
            "every weight, though to remove any raises the loss."
        ),
        numbers=presence,
        rule=presence_rule,
    ),
    Claim(
        id="C13",
        kind="theorem",
        places=(CRITERIA,),
        statement=(
            "To preserve the gradient, GraSP scores weights by -w (Hg) and prunes the "
            "lowest. Without a weight ||g||^2 changes by -2 w (Hg) to first order, so "
            "that the lowest are those that keep it up; its authors prune the highest."
        ),
        numbers=grasp,
        rule=grasp_rule,
    ),
    Claim(
        id="C14",
        kind="theorem",
        places=(CRITERIA,),
        statement=(
            "A Hessian-vector product costs about one gradient, and GraSP about twice "
            "SNIP. By a difference of gradients it is twice; the exact product as it "
            "is done here makes it 2.2 to 3.3 times in networks of one to 19 hidden "
            "layers, in matrix products."
        ),
        numbers=grasp_cost,
        rule=grasp_cost_rule,
    ),
    Claim(
        id="C76",
        kind="theorem",
        places=(DEEPER,),
        statement=(
            "To first order the loss changes in proportion to g w as a weight goes, so "
            "that |g w| is its importance: where first order is enough, and if a "
            "removal that lowers the loss counts as one that raises it as much."
        ),
        numbers=presence,
        rule=first_order_rule,
    ),
    Claim(
        id="C77",
        kind="theorem",
        places=(DEEPER,),
        statement=(
            "To second order the loss changes by -g w + H w^2 / 2 as one weight goes, "
            "exactly if it is quadratic. For several weights cross terms are added; if "
            "the others adapt at a minimum, w^2 / (2 [H^-1]) is the change."
        ),
        numbers=second_order,
        rule=second_order_rule,
    ),
    Claim(
        id="C78",
        kind="theorem",
        places=(DEEPER,),
        statement=(
            "It is a mistake to prune w = 0.01 with H = 2000 before w = 0.08 in a flat "
            "region. The former costs 0.1, so that flat means a curvature below 31.25."
        ),
        numbers=cotter_pin,
        rule=cotter_pin_rule,
    ),
)
