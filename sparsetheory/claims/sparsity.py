"""Claims on masks, budgets and counts of nonzeros."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from math import floor
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sparsetheory.claims.claim import (
    D000,
    D003,
    ROUNDING,
    Claim,
    Finding,
    Number,
    Numbers,
    holds,
)
from sparsetheory.ensembles import gaussian
from sparsetheory.signals import sparse_signal
from sparsetheory.solvers.proximal import fista
from sparsetheory.types import Matrix, Vector

TOPIC = "Masks and sparsity"
SECTION = (D000, "The Formalism of Network Pruning")

WEIGHTS = np.array([-1.5, 0.25, 2.0, -3.0, 1e-9])
SIZES = (10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
M, N, K = 40, 100, 6
D = 50
MEMBER = np.repeat(np.arange(4), [1, 3, 2, 2])
"""The group of each of 8 weights."""
GROUPINGS = {
    "disjoint groups": [[1, 1, 0, 0, 0, 0], [0, 0, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1]],
    "overlapping groups": [[1, 1, 1, 0, 0, 0], [0, 0, 1, 1, 0, 0], [0, 0, 0, 1, 1, 1]],
}

Masks = npt.NDArray[np.bool_]
Counts = npt.NDArray[np.int64]


def all_masks(d: int) -> Masks:
    """Return every mask of d entries, shape (2^d, d)."""
    return np.array(list(product([False, True], repeat=d)))


def mask_algebra() -> dict[str, Number]:
    """Apply all pairs of masks to one vector, one after the other and at once."""
    w = WEIGHTS
    masks = all_masks(w.size)
    altered = not_idempotent = not_intersection = 0
    for a in masks:
        altered += not np.array_equal(w * a, np.where(a, w, 0.0))
        not_idempotent += not np.array_equal(w * a * a, w * a)
        for b in masks:
            not_intersection += not np.array_equal(w * a * b, w * (a & b))
    return {
        "pairs": len(masks) ** 2,
        "altered": altered,
        "not_idempotent": not_idempotent,
        "not_intersection": not_intersection,
    }


def mask_algebra_rule(x: Numbers) -> Finding:
    """Ask for no exception among the pairs."""
    return holds(x["altered"] + x["not_idempotent"] + x["not_intersection"] == 0)


def shares_left() -> Matrix:
    """Return shares of nonzero weights, over how many are pruned.

    Of weights without zeros in the first row, of some with zeros in the second.
    """
    rng = np.random.default_rng(0)
    counts = []
    for s in range(D + 1):
        mask = np.ones(D, dtype=bool)
        mask[rng.choice(D, size=s, replace=False)] = False
        w = rng.standard_normal(D)
        both = w, np.maximum(w, 0.0)
        counts.append([np.count_nonzero(weights * mask) for weights in both])
    return np.array(counts).T / D


def densities() -> dict[str, Number]:
    """Compare the density of weights with that of the mask."""
    gaps = np.abs(shares_left() - (1 - np.arange(D + 1) / D)).max(axis=1)
    return {"gap": float(gaps[0]), "gap_if_w_has_zeros": float(gaps[1])}


def densities_rule(x: Numbers) -> Finding:
    """Ask for the share that the formula gives, and whether zeros of w spoil it."""
    if x["gap"] > ROUNDING:
        return Finding.REFUTED
    spoilt = x["gap_if_w_has_zeros"] > ROUNDING
    return Finding.HOLDS_IF if spoilt else Finding.HOLDS


class Budget(NamedTuple):
    """How many of d weights a density allows, exactly and by floating point."""

    d: int
    rho: Fraction
    exact: int
    rounded: int


def rounded_budgets() -> Iterator[Budget]:
    """Yield budgets of many sizes and of densities in per cent."""
    for d in SIZES:
        for text in (f"0.{i:02}" for i in range(1, 100)):
            rho = Fraction(text)
            yield Budget(d, rho, floor(d * rho), floor(d * float(text)))


def budgets() -> dict[str, Number]:
    """Count where floating point rounds a budget differently from fractions."""
    cases = list(rounded_budgets())
    right = [
        Fraction(b.exact, b.d) <= b.rho < Fraction(b.exact + 1, b.d) for b in cases
    ]
    return {
        "cases": len(cases),
        "float_short": sum(b.rounded < b.exact for b in cases),
        "float_over": sum(b.rounded > b.exact for b in cases),
        "exact_wrong": len(cases) - sum(right),
        "float_100_29": floor(100 * 0.29),
        "exact_100_29": floor(100 * Fraction("0.29")),
    }


def budgets_rule(x: Numbers) -> Finding:
    """Ask for the largest budget in fractions, and see whether floats spoil it."""
    if x["exact_wrong"] > 0:
        return Finding.REFUTED
    spoilt = x["float_short"] + x["float_over"] > 0
    return Finding.HOLDS_IF if spoilt else Finding.HOLDS


def support_sizes() -> dict[float, list[int]]:
    """Return how many nonzeros LASSOs of six draws have, by lam over lam_max."""
    return {
        weight: [_support_size(weight, draw) for draw in range(6)]
        for weight in (0.5, 0.1, 0.02)
    }


def lasso_sparsity() -> dict[str, Number]:
    """Double a vector, and solve LASSOs; sizes of supports are at lam = lam_max / 10.

    At lam_max the solution is zero.
    """
    x, sizes = sparse_signal(N, K, 0), support_sizes()
    largest = max(map(max, sizes.values()))
    return {
        "l0": int(np.count_nonzero(x)),
        "l0_of_double": int(np.count_nonzero(2.0 * x)),
        "support_min": min(sizes[0.1]),
        "support_max": max(sizes[0.1]),
        "support_max_any_lam": largest,
        "m": M,
        "exact_zeros_min": N - largest,
    }


def _support_size(weight: float, draw: int) -> int:
    rng = np.random.default_rng((0, draw))
    A = gaussian(M, N, rng)
    y = A @ sparse_signal(N, K, rng) + 0.1 * rng.standard_normal(M)
    lam = weight * float(np.abs(A.T @ y).max())
    return fista(A, y, lam, tol=1e-10).support.size


def lasso_sparsity_rule(x: Numbers) -> Finding:
    """Judge the two halves: a quasi-norm doubles, a budget would fix the support.

    Only if the LASSO's solutions are as sparse as theory says that they are.
    """
    if x["exact_zeros_min"] < 1 or x["support_max_any_lam"] > x["m"]:
        return Finding.UNDECIDED
    quasi_norm = x["l0_of_double"] == 2 * x["l0"]
    no_budget = x["support_max"] > x["support_min"]
    if quasi_norm and no_budget:
        return Finding.HOLDS
    return Finding.LOOSE if quasi_norm or no_budget else Finding.REFUTED


def group_counts() -> dict[str, Number]:
    """Count groups by norm, for every support, and the fewest that cover it."""
    disjoint, overlapping = map(cover_counts, GROUPINGS.values())
    return {
        "supports": disjoint.shape[1],
        "mismatches": int(np.count_nonzero(disjoint[0] != disjoint[1])),
        "mismatches_if_groups_overlap": int(
            np.count_nonzero(overlapping[0] != overlapping[1])
        ),
    }


def group_counts_rule(x: Numbers) -> Finding:
    """Ask that no fewer groups cover a support."""
    return holds(x["mismatches"] == 0)


def cover_counts(members: list[list[int]]) -> Counts:
    """Return for every support its groups by norm, and the fewest that cover it."""
    w, groups = np.array([0.5, -2.0, 1.0, -0.1, 3.0, 1e-3]), np.array(members)
    choices = all_masks(len(groups))
    covered = choices @ groups > 0
    counts = []
    for support in all_masks(w.size):
        norms = np.sqrt(groups @ (w * support) ** 2)
        enough = np.all(covered | ~support, axis=1)
        fewest = choices[enough].sum(axis=1).min()
        counts.append([np.count_nonzero(norms > 0.0), fewest])
    return np.array(counts).T


def group_envelope() -> dict[str, Number]:
    """Conjugate the group count twice, on balls of radius 1 and 3."""
    norms, envelope = biconjugate(radius=1.0)
    wide_norms, wide = biconjugate(radius=3.0)
    return {
        "points": norms.size,
        "error": float(np.abs(envelope - norms).max()),
        "error_of_share_at_radius_3": float(np.abs(wide - wide_norms / 3).max()),
        "excess_over_count_at_radius_3": float(wide_norms.max()) - 2.0,
    }


def biconjugate(radius: float) -> tuple[Vector, Vector]:
    """Return the sum of two group norms and the biconjugate of the count on a grid.

    The count is infinite where a group's norm exceeds `radius`. Each group is a plane;
    on polar grids with common angles both suprema are attained exactly.
    """
    angles = np.linspace(0.0, 2 * np.pi, 8, endpoint=False)
    circle = np.column_stack([np.cos(angles), np.sin(angles)])

    def plane(largest: float) -> Matrix:
        radii = largest * np.array([0.25, 0.5, 1.0])
        return np.vstack([np.zeros((1, 2)), *(r * circle for r in radii)])

    def pairs(points: Matrix) -> Matrix:
        size = len(points)
        return np.hstack([np.repeat(points, size, 0), np.tile(points, (size, 1))])

    # Slopes up to 4 / radius: at 1 / radius the conjugate leaves zero.
    w, v = pairs(plane(radius)), pairs(plane(4.0 / radius))
    norms = np.linalg.norm(w.reshape(-1, 2, 2), axis=2)
    count = np.count_nonzero(norms > 0.0, axis=1)
    products = w @ v.T
    conjugate = (products - count[:, None]).max(axis=0)
    return norms.sum(axis=1), (products - conjugate).max(axis=1)


def group_envelope_rule(x: Numbers) -> Finding:
    """Ask for equality on the unit balls, and whether the balls matter."""
    if x["error"] > ROUNDING:
        return Finding.REFUTED
    matter = x["excess_over_count_at_radius_3"] > ROUNDING
    return Finding.HOLDS_IF if matter else Finding.HOLDS


def structured_masks() -> dict[str, Number]:
    """Turn masks of groups into masks of weights and back, all of them."""
    member, expanded = MEMBER, all_masks(4)[:, MEMBER]
    active = np.zeros((len(expanded), 4), dtype=bool)
    for g in range(4):
        active[:, g] = expanded[:, member == g].any(axis=1)
    flat = all_masks(member.size)
    constant = np.ones(len(flat), dtype=bool)
    for g in range(4):
        part = flat[:, member == g]
        constant &= part.all(axis=1) == part.any(axis=1)
    known = {row.tobytes() for row in expanded}
    reached = np.array([row.tobytes() in known for row in flat])
    return {
        "group_masks": len(expanded),
        "not_returned": int(np.any(active != all_masks(4), axis=1).sum()),
        "weight_masks": len(flat),
        "constant_on_groups": int(constant.sum()),
        "constant_but_not_reached": int((constant & ~reached).sum()),
        "reached_but_not_constant": int((reached & ~constant).sum()),
    }


def structured_masks_rule(x: Numbers) -> Finding:
    """Ask that the two kinds of mask correspond one to one."""
    wrong = x["constant_but_not_reached"] + x["reached_but_not_constant"]
    return holds(x["not_returned"] + wrong == 0)


CLAIMS = (
    Claim(
        id="C01",
        kind="theorem",
        places=(SECTION, (D003, "What, Precisely, is a Winning Ticket?")),
        statement=(
            "A binary mask m prunes finite weights w by w * m, which zeroes the "
            "entries with m = 0 and keeps the others; to mask twice is to mask by the "
            "intersection, so that a mask is idempotent."
        ),
        numbers=mask_algebra,
        rule=mask_algebra_rule,
    ),
    Claim(
        id="C02",
        kind="theorem",
        places=(SECTION,),
        statement=(
            "If s of d weights are pruned and none was zero before, the share of "
            "nonzero weights is 1 - s/d. Where w has zeros of its own, it can be less."
        ),
        numbers=densities,
        rule=densities_rule,
    ),
    Claim(
        id="C03",
        kind="theorem",
        places=(SECTION,),
        statement=(
            "A target density rho allows at most k = floor(d rho) of d weights, with "
            "the product in exact arithmetic: in floating point it can fall just below "
            "a whole number, and k is one short."
        ),
        numbers=budgets,
        rule=budgets_rule,
    ),
    Claim(
        id="C04",
        kind="theorem",
        places=(SECTION,),
        statement=(
            "The number of nonzeros is a quasi-norm, and to bound it enforces a "
            "sparsity that an l1 penalty only encourages. In fact it is not "
            "homogeneous; and the LASSO has exact zeros and in general position at "
            "most m nonzeros: what it lacks is a number of them set beforehand."
        ),
        numbers=lasso_sparsity,
        rule=lasso_sparsity_rule,
    ),
    Claim(
        id="C05",
        kind="definition",
        places=(SECTION,),
        statement=(
            "For disjoint groups the number of groups with a nonzero l2 norm is the "
            "group sparsity: the fewest groups that cover the support."
        ),
        numbers=group_counts,
        rule=group_counts_rule,
    ),
    Claim(
        id="C06",
        kind="theorem",
        places=(SECTION,),
        statement=(
            "The sum of the groups' l2 norms is the convex envelope of the number of "
            "nonzero groups where each group's norm is at most 1; outside it is no "
            "lower bound, so no relaxation."
        ),
        numbers=group_envelope,
        rule=group_envelope_rule,
    ),
    Claim(
        id="C07",
        kind="definition",
        places=(SECTION,),
        statement=(
            "Structured masks are those constant on each group; they correspond one to "
            "one to sets of active groups, a group being active if any of its weights "
            "is kept."
        ),
        numbers=structured_masks,
        rule=structured_masks_rule,
    ),
)
