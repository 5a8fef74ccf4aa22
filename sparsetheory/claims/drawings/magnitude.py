"""Pictures of claims on what magnitude pruning is best at."""

from collections.abc import Callable, Mapping
from functools import partial
from itertools import islice
from typing import Any

import numpy as np

from sparsetheory.claims.drawings.figure import Figure
from sparsetheory.claims.magnitude import (
    BUDGET,
    ENERGY,
    SIZES,
    D,
    largest,
    lp_excesses,
    nonnegative_errors,
    norm_excesses,
    removals,
    small_vectors,
)
from sparsetheory.plotting.axes import below, beside, dashes, dots, labelled, marked
from sparsetheory.plotting.curves import COLOURS, FINITE
from sparsetheory.types import Vector

NORMS = {
    **{
        "l0.5": "lp, p = ½\n(quasi-norm)",
        "l1": "l1",
        "l1.5": "l1.5",
        "l3": "l3",
        "linf": "l∞",
    },
    "entrywise": "entry by entry,\nonce sorted",
    "two_largest": "sum of the\ntwo largest",
    "l1_plus_l2": "l1 plus l2",
    "weighted_l2": "weighted l2",
    "matrix_norm": "of a matrix",
}


def distances(vectors: int) -> Any:
    """Draw distances to all supports of each size, of vectors without and with ties."""
    label = "nonzeros allowed, k", "l2 distance to w"
    axes = beside(*[label] * vectors) if vectors > 1 else np.array([labelled(*label)])
    for ax, w in zip(axes, islice(small_vectors(), vectors), strict=True):
        k = range(D + 1)
        every = [
            np.unique(np.linalg.norm(w * removals(D, j), axis=1).round(2)) for j in k
        ]
        at = np.repeat(k, [e.size for e in every])
        style = {"color": "#999999", "linewidth": 0.8, "label": "any support"}
        dashes(ax, at, np.concatenate(every), width=0.2, **style)
        best = [np.linalg.norm(largest(w, j) - w) for j in k]
        ax.plot(k, best, **marked(0, "the k largest magnitudes"))
        ax.set_title(f"w = ({', '.join(f'{v:.2g}' for v in w)})", fontsize=8)
        ax.legend(frameon=False)
    return axes


def by_norm(excess: Callable[[], Mapping[str, Vector]]) -> Any:
    """Draw by how much another support is better than the largest, by norm."""
    ax = labelled("error in excess of the least, over the norm of w", "norm of both")
    names, found = zip(*excess().items(), strict=True)
    worse = [f"{np.count_nonzero(v > 1e-9)} of {v.size}" for v in found]
    for i, values in enumerate(found):
        ends = np.quantile(values, [0, 1, 0.25, 0.75])
        ax.plot(ends[:2], [i, i], "-|", color=COLOURS[0])
        ax.plot(ends[2:], [i, i], color=COLOURS[0], lw=8, solid_capstyle="butt")
    ax.set_yticks(range(len(names)), [NORMS[name] for name in names])
    right = ax.secondary_yaxis("right")
    right.set_yticks(range(len(names)), worse)
    right.set_ylabel("cases in which another support is better")
    ax.invert_yaxis()
    return ax


def group_budgets() -> Any:
    """Draw the energy that each set of three groups loses, by both budgets.

    Groups go whole, so that between two marks there is nothing.
    """
    axes = beside(("groups kept", "energy lost"), ("weights kept", "energy lost"))
    gone = np.concatenate([removals(3, q) for q in range(4)])
    lost, order = gone @ ENERGY, np.argsort(ENERGY)
    others = dots(0, "any groups") | {"color": "#999999"}
    steps = np.array([np.isin(np.arange(3), order[:i]) for i in range(4)])
    for ax, sizes in zip(axes, (np.ones(3), SIZES), strict=True):
        ax.plot(~gone @ sizes, lost, **others)
        ax.plot(~steps @ sizes, steps @ ENERGY, **dots(0, "groups go by least norm"))
        ax.set(ylim=(-1, 32), xticks=range(int(sizes.sum()) + 1))
    choices = {"least norms": steps, "best": gone}
    for i, (name, sets) in enumerate(choices.items()):
        within = sets[~sets @ SIZES <= BUDGET]
        chosen = within[(within @ ENERGY).argmin()]
        style = dots(i, f"{name} within the budget") | {"markersize": 8, "mfc": "none"}
        axes[1].plot(~chosen @ SIZES, chosen @ ENERGY, **style)
    axes[1].axvline(BUDGET, label=f"budget of {BUDGET} weights", **FINITE)
    below(axes[1], 3)
    return axes


def nonnegative() -> Any:
    """Draw errors of two ways to a non-negative vector over the least error."""
    ax = labelled("least l2 error of any support", "l2 error")
    found = np.transpose([nonnegative_errors(w, D // 2) for w in small_vectors()])
    ax.axline((2, 2), slope=1, label="as good as the best", **FINITE)
    ax.plot(found[2], found[0], **dots(1, f"the {D // 2} largest magnitudes"))
    ax.plot(found[2], found[1], **dots(0, f"the {D // 2} largest positive entries"))
    ax.legend(frameon=False)
    return ax


SUPPORTS = "Grey: the distance of each support of k among 8 entries. The k largest "
FIGURES = {
    "C08": Figure(
        partial(distances, 2),
        f"{SUPPORTS}magnitudes are nearest for every k; with ties, on the right, they "
        "are not the only ones.",
    ),
    "C09": Figure(
        partial(by_norm, lp_excesses),
        "Over 60 vectors of 8 entries and all k: magnitude pruning is best in every "
        "lp norm, and loses in a weighted one alone. Errors and w by the same norm. "
        "Lines end at the extremes, thick parts hold the middle half.",
    ),
    "C10": Figure(
        group_budgets,
        "Three groups of 2, 4 and 2 weights. Dropping those of least norm is best for "
        "each number of groups (left); to keep at most four weights it must drop two, "
        "and keeps only two weights, while the best choice keeps four (right).",
    ),
    "C73": Figure(
        partial(distances, 1), f"{SUPPORTS}magnitudes are nearest for every k."
    ),
    "C74": Figure(
        partial(by_norm, norm_excesses),
        "Over many vectors of 8 entries: magnitude pruning is best in norms that see "
        "neither sign nor order, and not in a weighted norm or in that of a matrix. "
        "Errors and w by the same norm. Lines end at the extremes, thick parts hold "
        "the middle half.",
    ),
    "C75": Figure(
        nonnegative,
        "Errors of the best non-negative vectors on two choices of 4 of 8 entries, "
        "for 60 vectors. The largest positive entries are always best, the largest "
        "magnitudes often are not.",
    ),
}
