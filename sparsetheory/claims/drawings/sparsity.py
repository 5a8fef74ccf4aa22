"""Pictures of claims on masks, and on counts of nonzeros."""

from typing import Any

import numpy as np

from sparsetheory.claims.drawings.figure import Figure
from sparsetheory.claims.sparsity import (
    GROUPINGS,
    MEMBER,
    SIZES,
    WEIGHTS,
    D,
    K,
    M,
    all_masks,
    biconjugate,
    cover_counts,
    rounded_budgets,
    shares_left,
    support_sizes,
)
from sparsetheory.plotting.axes import below, beside, cells, dots, labelled
from sparsetheory.plotting.curves import FINITE, LIMIT


def masked() -> Any:
    """Draw weights, two masks, and what both leave in turn and at once."""
    w, (a, b) = WEIGHTS, all_masks(WEIGHTS.size)[[14, 19]]
    rows = {
        "weights w": w,
        "mask a": a,
        "w · a": w * a,
        "mask b": b,
        "(w · a) · b": w * a * b,
        "a and b": a & b,
        "w · (a and b)": w * (a & b),
    }
    ax = labelled("entry", "")
    table = np.array(list(rows.values())) + 0.0  # without a sign of zero
    cells(ax, table != 0, [[f"{v:.3g}" for v in row] for row in table])
    ax.set_yticks(range(len(rows)), rows)
    ax.set_xticks(range(w.size), range(1, w.size + 1))
    return ax


def shares() -> Any:
    """Draw shares of nonzero weights over the share pruned."""
    ax = labelled("share of weights pruned, s/d", "share of weights not zero")
    pruned, both = np.arange(D + 1) / D, shares_left()
    ax.plot(pruned, 1 - pruned, label="1 - s/d", **FINITE)
    zero = f"{1 - both[1][0]:.0%} of them zero before"
    for i, name in enumerate(("no weight zero before", zero)):
        ax.plot(pruned, both[i], **dots(i, name))
    ax.legend(frameon=False)
    return ax


def short_budgets() -> Any:
    """Draw where a budget is one short in floating point."""
    ax = labelled("target density ρ", "number of weights d")
    budgets = list(rounded_budgets())
    short = [b for b in budgets if b.rounded < b.exact]
    at = [float(b.rho) for b in short], [SIZES.index(b.d) for b in short]
    ax.plot(*at, **dots(1, f"one short: {len(short)} of {len(budgets)} budgets"))
    ax.set(xlim=(0, 1), ylim=(-0.5, len(SIZES) - 0.5))
    ax.set_yticks(range(len(SIZES)), SIZES)
    ax.grid(axis="y", color="#dddddd")
    below(ax)
    return ax


def lasso_sizes() -> Any:
    """Draw how many nonzeros the LASSO leaves in each draw."""
    ax = labelled("penalty λ over the least that gives zero", "nonzeros of the LASSO")
    pairs = [(lam, size) for lam, sizes in support_sizes().items() for size in sizes]
    ax.plot(*np.transpose(pairs), **dots(0, "one of 6 draws"))
    ax.axhline(M, label=f"most there can be, m = {M}", **LIMIT)
    ax.axhline(K, label=f"nonzeros of the signal, {K}", **FINITE)
    ax.set(xscale="log", ylim=(0, M + 12), xlim=(0.01, 1))
    ax.minorticks_off()
    lams = sorted({lam for lam, _ in pairs})
    ax.set_xticks(lams, [f"{lam:g}" for lam in lams])
    ax.legend(frameon=False, loc="upper right")
    return ax


def covers() -> Any:
    """Draw how many supports have how many groups, by norm and by covering."""
    names = "fewest groups that cover the support", "groups with a nonzero norm"
    axes = beside(names, names)
    for ax, (title, members) in zip(axes, GROUPINGS.items(), strict=True):
        table = np.zeros((4, 4), dtype=int)
        np.add.at(table, tuple(cover_counts(members)), 1)
        cells(ax, table, [[str(n) if n else "" for n in row] for row in table])
        ax.set(title=title, ylim=(-0.5, 3.5), xticks=range(4), yticks=range(4))
    return axes


def envelope() -> Any:
    """Draw the convex envelope of the count over the sum of two norms."""
    ax = labelled("sum of the norms of two groups", "groups, and envelopes")
    for i, radius in enumerate((1.0, 3.0)):
        points = np.unique(np.round(np.transpose(biconjugate(radius)), 9), axis=0)
        ax.plot(*points.T, **dots(i, f"envelope if no norm is above {radius:g}"))
    ax.axline((0, 0), slope=1, label="the sum itself", **LIMIT)
    ax.axhline(2, label="groups that there are", **FINITE)
    ax.set(xlim=(-0.1, 6.2), ylim=(-0.1, 4))
    ax.legend(frameon=False, loc="upper left")
    return ax


def group_masks() -> Any:
    """Draw all sets of groups, and the masks of weights that they stand for."""
    axes = beside(("group", "set of active groups"), ("weight", "its mask"))
    for ax, table in zip(axes, (all_masks(4), all_masks(4)[:, MEMBER]), strict=True):
        cells(ax, table)
        columns = range(table.shape[1])
        ax.set_xticks(columns, [i + 1 for i in columns])
    for end in np.flatnonzero(np.diff(MEMBER)):
        axes[1].axvline(end + 0.5, color="#d55e00", linewidth=2)
    return axes


FIGURES = {
    "C01": Figure(
        masked,
        "Five weights under two masks; black is what is not zero. To mask by a and "
        "then by b leaves what their intersection leaves.",
    ),
    "C02": Figure(
        shares,
        "The share of nonzero weights is 1 - s/d if none was zero before; where 46 % "
        "of them were it is less, or as large at the end, where next to none is left.",
    ),
    "C03": Figure(
        short_budgets,
        "Where ⌊dρ⌋ comes out one short in floating point: the product falls just "
        "below a whole number, as for 29 % of 100.",
    ),
    "C04": Figure(
        lasso_sizes,
        "Supports of the LASSO on six draws at each of three penalties. It has exact "
        "zeros, but how many is not set beforehand.",
    ),
    "C05": Figure(
        covers,
        "Supports of six weights, counted by two numbers of groups. They agree for "
        "all supports if groups are disjoint; overlapping groups have more nonzero "
        "norms than are needed.",
    ),
    "C06": Figure(
        envelope,
        "The largest convex function below the number of nonzero groups is the sum of "
        "their norms if none is above 1, and a third of it if they may reach 3; there "
        "the sum exceeds the count.",
    ),
    "C07": Figure(
        group_masks,
        "All 16 sets of four groups of 1, 3, 2 and 2 weights, and the mask of weights "
        "that each stands for; black is kept, and lines part the groups.",
    ),
}
