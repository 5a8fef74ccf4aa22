"""Pictures of claims on masked descent and on thresholding."""

from typing import Any

import numpy as np

from sparsetheory.claims import thresholding
from sparsetheory.claims.drawings.figure import Figure
from sparsetheory.plotting.axes import dashes, dots, labelled, marked, squares, stacked
from sparsetheory.plotting.curves import COLOURS, FINITE
from sparsetheory.theory.shrinkage import hard_threshold_risk, soft_threshold_risk


def descents() -> Any:
    """Draw how far apart masked and projected descent are, step by step."""
    ax = labelled("step", "largest difference of a weight")
    labels = {
        "gap": "start on the mask",
        "gap_if_scaled": "start on the mask, a step size for each weight",
        "gap_if_started_off": "start off the mask",
    }
    for i, (name, gaps) in enumerate(thresholding.descent_gaps().items()):
        t = np.arange(1, gaps.size + 1)[i::6]
        ax.plot(t, gaps[i::6], **marked(i, labels[name], linewidth=0.8))
    ax.legend(frameon=False, loc="center right")
    return ax


def optimum() -> Any:
    """Draw the gradient at the optimum on a mask."""
    ax = labelled("weight", "gradient of the loss")
    _, gradient, on = thresholding.optimum()
    entry = np.arange(1, on.size + 1)
    for i, (part, label) in enumerate(((on, "kept"), (~on, "pruned"))):
        ax.plot(entry[part], gradient[part], **dots(i, label))
        ax.vlines(entry[part], 0, gradient[part], color=COLOURS[i])
    ax.axhline(0, **FINITE)
    ax.set_xticks(range(0, on.size + 1, 5))
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
        steps = np.repeat(np.arange(1, len(path) + 1), [each.size for each in path])
        entries = np.concatenate(path)
        right = np.isin(entries, found.truth)
        for part, colour in ((right, COLOURS[0]), (~right, COLOURS[1])):
            dashes(ax, steps[part], entries[part], width=0.4, color=colour, linewidth=2)
        ax.set(title=name, ylabel="entry", ylim=(-1, found.n))
    both[1].set_xlabel("iteration, or round")
    marks = squares(["in the signal's support", "not in it"])
    figure.legend(handles=marks, loc="outside lower center", ncols=2, frameon=False)
    return both


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


def shrinkage() -> Any:
    """Draw norms of groups before and after their proximal operator."""
    ax, rng = labelled("norm before, ‖v‖/λ", "norm after / λ"), np.random.default_rng(0)
    for i, size in enumerate((1, 2, 6)):
        groups = rng.standard_normal((10, size))
        before = np.linalg.norm(groups, axis=1)
        lams = before / np.linspace(0.1, 4, 30)[i::3]
        pairs = zip(groups, lams, strict=True)
        after = [np.linalg.norm(thresholding.shrink(v, lam)) / lam for v, lam in pairs]
        label = f"groups of {size}" if size > 1 else "single entries"
        ax.plot(before / lams, after, **dots(i, label))
    ax.plot([0, 1, 4], [0, 0, 3], label="(‖v‖ - λ)₊ / λ", **FINITE)
    ax.axline((0, 0), slope=1, label="unchanged", color="#999999", linewidth=0.8)
    ax.set(xlim=(0, 4.1), ylim=(-0.1, 4.1))
    ax.legend(frameon=False)
    return ax


FIGURES = {
    "C29": Figure(
        descents,
        "Gradient descent with a masked gradient less projected descent. They are the "
        "same from a start on the mask, and differ for good from one off it, as the "
        "former never moves what is pruned.",
    ),
    "C30": Figure(
        optimum,
        "The gradient where least squares are least under a mask of ten weights: zero "
        "on those that are kept, anything on the others.",
    ),
    "C31": Figure(
        supports,
        "Supports along the way: entries come back in iterative hard thresholding, "
        "and never in magnitude pruning.",
    ),
    "C32": Figure(
        risks,
        "Mean squared error of one normal observation of μ once thresholded at λ.",
    ),
    "C33": Figure(
        shrinkage,
        "Random groups before and after the proximal operator of λ‖·‖₂: up to a norm "
        "of λ nothing is left, beyond it the norm is less by λ, whatever the size.",
    ),
}
