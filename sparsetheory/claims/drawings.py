"""Pictures of claims that are of a formula, or of one problem."""

from typing import Any

import numpy as np

from sparsetheory.claims import landscape, thresholding
from sparsetheory.claims.model import draw_model
from sparsetheory.lottery.saliency import grasp_saliency
from sparsetheory.plotting.axes import labelled, squares, stacked
from sparsetheory.plotting.curves import COLOURS, FINITE, LIMIT, MARKERS
from sparsetheory.theory.order import expected_top_norm, top_norm_limit
from sparsetheory.theory.shrinkage import hard_threshold_risk, soft_threshold_risk


def risks() -> Any:
    """Draw the exact risks of both thresholdings."""
    ax, mu = labelled("mean μ, in standard deviations", "risk"), np.linspace(0, 8, 201)
    for lam, style in ((1.0, "--"), (2.0, "-")):
        for name, risk, colour in (
            ("soft", soft_threshold_risk, COLOURS[0]),
            ("hard", hard_threshold_risk, COLOURS[1]),
        ):
            label = f"{name}, λ = {lam:g}"
            ax.plot(mu, risk(mu, lam), style, color=colour, label=label)
    ax.axhline(1.0, label="no thresholding", **FINITE)
    ax.set_ylim(0)
    ax.legend(frameon=False)
    return ax


def complexities() -> Any:
    """Draw complexities of all supports over that of one."""
    ax, n = labelled("share of features k/n", "complexity over √(k/m)"), 10**6
    k = np.unique(np.logspace(0, 6, 25).astype(int))
    share = np.logspace(-4, 0, 201)
    ax.plot(share, [top_norm_limit(r) for r in share], label="n → ∞", **LIMIT)
    ratio = np.asarray(expected_top_norm(n, k)) / np.sqrt(k)
    ax.plot(k / n, ratio, MARKERS[0], color=COLOURS[0], label="all supports, n = 10⁶")
    ax.axhline(1.0, label="one support", **FINITE)
    ax.set(xscale="log", ylim=(0, None))
    ax.legend(frameon=False)
    return ax


def supports() -> Any:
    """Draw which entries are in the support, iteration by iteration."""
    found = thresholding.paths()
    figure, both = stacked(2)
    for ax, name, path in zip(
        both,
        ("iterative hard thresholding", "iterative magnitude pruning"),
        (found.hard, found.pruned),
        strict=True,
    ):
        for step, inside in enumerate(path, 1):
            for part, colour in ((True, COLOURS[0]), (False, COLOURS[1])):
                on = inside[np.isin(inside, found.truth) == part]
                ax.plot(np.full(on.size, step), on, "s", color=colour, markersize=2)
        ax.set(title=name, ylabel="entry", ylim=(-1, found.n))
    both[1].set_xlabel("iteration, or round")
    marks = squares(["in the signal's support", "not in it"])
    figure.legend(handles=marks, loc="outside lower center", ncols=2, frameon=False)
    return both


def expansions() -> Any:
    """Draw the errors of expansions about both points."""
    ax = labelled("distance from the start", "largest error of an output")
    t = np.logspace(-4, 0, 17)
    labels = {"whole": "about the dense start", "pruned": "about the pruned start"}
    for i, (name, errors) in enumerate(landscape.expansion_errors(t).items()):
        style = {"color": COLOURS[i], "marker": MARKERS[i], "label": labels[name]}
        ax.plot(t, errors, **style)
    ax.set(xscale="log", yscale="log")
    ax.legend(frameon=False)
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
    ax.plot(
        *(scores, change / share, MARKERS[0]),
        **{"color": COLOURS[0], "markersize": 4, "label": "one weight 0.1 % smaller"},
    )
    ax.legend(frameon=False)
    return ax


def hidden_saddles() -> Any:
    """Draw the smallest eigenvalue of two weights, and what is left of it of one."""
    ax, b = labelled("coupling b of the Hessian (1 b; b 1)", "eigenvalue"), [0.0, 3.0]
    ax.plot(b, [1.0, -2.0], color=COLOURS[0], label="smallest, both weights")
    ax.plot(b, [1.0, 4.0], ":", color=COLOURS[0], label="largest, both weights")
    ax.plot(b, [1.0, 1.0], color=COLOURS[1], label="one weight pruned")
    ax.axhline(0.0, **FINITE)
    ax.legend(frameon=False)
    return ax
