"""Pictures of claims on what saliencies measure."""

from typing import Any

import numpy as np

from sparsetheory.claims.drawings.figure import Figure
from sparsetheory.claims.model import draw_model
from sparsetheory.claims.saliency import (
    grasp_cost,
    quadratic,
    refitted,
    removed,
    slopes_by_mask,
)
from sparsetheory.lottery.saliency import (
    grasp_saliency,
    obd_saliency,
    obs_saliency,
    snip_saliency,
)
from sparsetheory.plotting.axes import bars, below, beside, dots, labelled
from sparsetheory.plotting.curves import BOUND, COLOURS, FINITE, LIMIT


def slopes() -> Any:
    """Draw scores over slopes by entries of the mask."""
    ax = labelled("slope of the loss by an entry of the mask", "SNIP's score")
    model, w = draw_model(0)
    scores, found = snip_saliency(w, model.gradient), slopes_by_mask()
    ends = np.array([-1.0, 0.0, 1.0]) * scores.max()
    ax.plot(ends, np.abs(ends), label="|slope|", **FINITE)
    ax.plot(found, scores, **dots(0, f"one of {w.size} weights"))
    ax.legend(frameon=False)
    return ax


def presence() -> Any:
    """Draw scores beside what removals do to a loss, off the minimum and at it."""
    axes = beside(*[("score, or change of the loss", "weight")] * 2)
    axes[0].set_title("away from the minimum", fontsize=10)
    axes[1].set_title("at the minimum", fontsize=10)
    H, w, b = quadratic(6)
    for ax, g in zip(axes, (H @ w - b, 0 * w), strict=True):
        series = {
            "SNIP's score |g w|": snip_saliency(w, lambda _, g=g: g),  # type: ignore[misc]
            "change of the loss without the weight": removed(H, w, g),
        }
        bars(ax, [str(i + 1) for i in range(w.size)], series)
        ax.axvline(0, color="black", linewidth=0.8)
    below(axes[0])
    return axes


def first_order() -> Any:
    """Draw changes of a loss over what the first order says, over the weights' size."""
    ax = labelled(
        "size of all weights, over the largest", "change of the loss over -g w"
    )
    H, w, b = quadratic(6)
    g, sizes = H @ w - b, np.logspace(-3, 0, 25)
    ratios = np.array([removed(H, s * w, g) / (-g * s * w) for s in sizes])
    for i, label in ((0, "the loss rises"), (1, "the loss falls")):
        part = ratios[:, (g * w > 0) == bool(i)]
        lines = ax.plot(sizes, part, color=COLOURS[i])
        lines[0].set_label(f"one of {w.size} weights without which {label}")
    ax.axhline(1, label="first order", **FINITE)
    ax.set(xscale="log")
    ax.minorticks_off()
    ax.legend(frameon=False, fontsize=8)
    return ax


def left_gradients() -> Any:
    """Draw the change of the squared gradient as one weight shrinks, and the score."""
    model, w = draw_model(0)
    scores = grasp_saliency(w, model.gradient, model.hvp)
    share = 1e-3
    ends = w * (1 - share * np.eye(w.size))
    change = np.sum(model.gradient(ends) ** 2, axis=1)
    change -= float(np.sum(model.gradient(w) ** 2))
    ax = labelled("score w (Hg)", "change of ‖g‖² over the share shrunk")
    ax.axline((0, 0), slope=-2, label="to first order", **FINITE)
    ax.plot(scores, change / share, **dots(0, "one weight 0.1 % smaller"))
    ax.legend(frameon=False)
    return ax


def costs() -> Any:
    """Draw what GraSP costs over SNIP in three networks."""
    networks = {
        "64_100_10": "64-100-10",
        "784_300_100_10": "784-300-100-10",
        "deep": "21 layers of 100",
    }
    numbers = grasp_cost()
    series = {
        label: [
            float(numbers[f"{kind}_{n}"] / numbers[f"gradient_{n}"]) for n in networks
        ]
        for kind, label in (("gradient", "SNIP: gradient"), ("hessian_product", "Hg"))
    }
    series["GraSP: both"] = [float(numbers[f"grasp_over_snip_{n}"]) for n in networks]
    ax = labelled("multiply-adds over those of a gradient", "network")
    bars(ax, list(networks.values()), series)
    ax.axvline(2, label="GraSP by a difference of gradients", **FINITE)
    below(ax)
    return ax


def second_order() -> Any:
    """Draw predicted changes over exact ones, and what refitting the others saves."""
    left, right = beside(
        ("change of the loss without a weight", "predicted change"),
        ("rise if the other weights stay", "rise if they adapt"),
    )
    H, w, b = quadratic(6)
    g = H @ w - b
    exact, stay = removed(H, w, g), removed(H, w, 0 * w)
    left.plot(exact, -g * w, **dots(1, "to first order, -g w"))
    left.plot(exact, obd_saliency(w, np.diag(H), g), **dots(0, "to second, + H w²/2"))
    right.loglog(stay, [refitted(H, w, i) for i in range(w.size)], **dots(0, "exact"))
    right.plot(stay, obs_saliency(w, H), "kx", markersize=8, label="w² / (2 [H⁻¹])")
    right.minorticks_off()
    right.set_title("at the minimum", fontsize=10)
    for ax in (left, right):
        middle = float(np.median(stay))
        ax.axline((middle, middle), (1, 1), label="equal", **FINITE)
        ax.legend(frameon=False)
    return np.array([left, right])


def cotter_pin() -> Any:
    """Draw the cost of removing each of two weights over the curvature of one."""
    ax, H = (
        labelled("curvature H along w = 0.08", "rise of the loss"),
        np.logspace(0, 4, 9),
    )
    small = float(obd_saliency([0.01], [2000.0])[0])
    ax.axhline(small, label="without w = 0.01, where H = 2000", color=COLOURS[1])
    large = obd_saliency(np.full(H.size, 0.08), H)
    ax.plot(H, large, label="without w = 0.08", **LIMIT)
    tie = 2 * small / 0.08**2
    ax.axvline(tie, label=f"tie at H = {tie:g}", **BOUND)
    ax.set(xscale="log", yscale="log")
    ax.minorticks_off()
    ax.legend(frameon=False)
    return ax


FIGURES = {
    "C11": Figure(
        slopes,
        "SNIP's score is the size of the derivative of the loss by an entry of the "
        "mask, measured here by differences.",
    ),
    "C12": Figure(
        presence,
        "Each of six weights removed alone, from a quadratic loss. Away from the "
        "minimum four removals lower it, whatever the score; at the minimum all "
        "scores are zero, and each removal raises it.",
    ),
    "C13": Figure(
        left_gradients,
        "What is left of the gradient as one weight of a network shrinks, over its "
        "score.",
    ),
    "C14": Figure(
        costs,
        "Matrix products of one sample. The exact product of Hessian and gradient "
        "costs more than a gradient, so that GraSP costs more than twice SNIP.",
    ),
    "C76": Figure(
        first_order,
        "As weights get small the change of a quadratic loss without one of them is "
        "-g w; at full size it is far from it for five of six. Four removals lower "
        "the loss.",
    ),
    "C77": Figure(
        second_order,
        "Left: the second order is exact for a quadratic loss, the first is not. "
        "Right: if the other weights adapt the loss rises less, as the formula says.",
    ),
    "C78": Figure(
        cotter_pin,
        "The small weight costs more than the large one wherever the curvature along "
        "the latter is below 31.25.",
    ),
}
