"""Pictures of claims on the loss of a pruned network."""

from functools import partial
from typing import Any

import numpy as np

from sparsetheory.claims import landscape
from sparsetheory.claims.drawings.figure import Figure
from sparsetheory.claims.model import derivatives, draw_model
from sparsetheory.plotting.axes import beside, dots, labelled, marked
from sparsetheory.plotting.curves import COLOURS, FINITE


def masked_derivatives(order: int) -> Any:
    """Draw measured derivatives of a masked loss over those of the whole loss."""
    found = derivatives(0)
    on, whole, measured = found.on, found.gradient, found.slopes
    if order == 2:
        model, w = draw_model(0)
        H = model.hvp(on * w, np.eye(on.size))
        some = np.unravel_index(np.argsort(-np.abs(H), axis=None)[1:2400:16], H.shape)
        on, whole, measured = on[some[0]] & on[some[1]], H[some], found.curvatures[some]
    name = ("derivative", "second derivative")[order - 1]
    ax = labelled(f"{name} of the loss", f"{name} of the masked loss, measured")
    ax.axline((0, 0), slope=1, label="equal", **FINITE)
    for i, (part, label) in enumerate(((on, "on the mask"), (~on, "off the mask"))):
        ax.plot(whole[part], measured[part], **dots(i, label))
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


def stable_steps() -> Any:
    """Draw growth over the step, and what pruning does to the best steps."""
    left, right = beside(
        ("step over 2/λ of the largest λ", "length after 400 steps over that before"),
        ("largest stable step, pruned over whole", "best step, pruned over whole"),
    )
    factors = np.linspace(0.9, 1.1, 21)
    lengths = [landscape.growth(landscape.WHOLE, np.ones(3), f / 5) for f in factors]
    left.semilogy(factors, lengths, **marked(0, "eigenvalues 1, 10, 10", linewidth=0.8))
    left.axhline(1, **FINITE)
    ends, pruned = landscape.steps()
    for i, factor in enumerate((0.98, 1.02)):
        label = "_" * i + f"10 of {len(ends)} random quadratics"
        left.semilogy(np.full(10, factor), ends[::6, i], **dots(1, label))
    left.legend(frameon=False)
    right.plot(*pruned[::20].T, **dots(0, "one pruning, 4 of 6 weights kept"))
    for line in (right.axvline, right.axhline):
        line(1, **FINITE)
    right.legend(frameon=False)
    return np.array([left, right])


def conditions() -> Any:
    """Draw condition numbers of pruned quadratics over those of whole ones."""
    ax = labelled("condition number before pruning", "condition number after")
    ends = landscape.blocks()
    kappa = ends[..., 1] / ends[..., 0]
    gain = np.argsort(kappa[:, 0] / kappa[:, 1])
    ax.loglog(
        *kappa[gain[::19]].T,
        **dots(0, "positive definite, 3 of 6 weights kept"),
    )
    low, high, *_ = landscape.products(landscape.INDEFINITE)
    a, b, *_ = landscape.products(landscape.INDEFINITE[1:, 1:])
    label = f"indefinite: eigenvalues from {low:g} to {high:g}"
    ax.loglog(abs(high / low), b / a, **dots(1, label))
    ax.axline((1, 1), (10, 10), label="unchanged", **FINITE)
    ax.set_ylim(1, 1e4)
    ax.minorticks_off()
    ax.legend(frameon=False, fontsize=8)
    return ax


def expansions() -> Any:
    """Draw the errors of expansions about both points."""
    ax = labelled("distance from the start", "largest error of an output")
    t = np.logspace(-4, 0, 17)
    labels = {"whole": "about the dense start", "pruned": "about the pruned start"}
    for i, (name, errors) in enumerate(landscape.expansion_errors(t).items()):
        ax.plot(t, errors, **marked(i, labels[name]))
    ax.set(xscale="log", yscale="log")
    ax.legend(frameon=False)
    return ax


FIGURES = {
    "C20": Figure(
        partial(masked_derivatives, 1),
        "Along each weight of a network: on the mask the masked loss has the slope of "
        "the loss at the masked weights, off it none.",
    ),
    "C21": Figure(
        partial(masked_derivatives, 2),
        "Entries of the Hessian at the masked weights, 150 of the 2400 largest, and "
        "what differences of gradients of the masked loss give: the same if both "
        "weights are kept, and else zero.",
    ),
    "C22": Figure(
        hidden_saddles,
        "A saddle of two coupled weights is none once either is pruned.",
    ),
    "C23": Figure(
        stable_steps,
        "Left: descent on a quadratic shrinks up to the step 2/λ and explodes beyond. "
        "Right: pruning never lowers the largest stable step in 900 cases, of which "
        "every 20th is drawn; it may lower the best one.",
    ),
    "C24": Figure(
        conditions,
        "Of 2000 pruned positive definite quadratics none is worse conditioned than "
        "the whole one. All are below the line; drawn is every 19th, from the one "
        "that gains least on. The quotient of an indefinite one, here without its "
        "sign, can rise.",
    ),
    "C52": Figure(
        expansions,
        "Errors of the expansions of a pruned network about both starts.",
    ),
}
