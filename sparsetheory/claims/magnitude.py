"""Claims on what magnitude pruning is best at."""

from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from itertools import combinations
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from sparsetheory._kernels.threshold import hard_threshold
from sparsetheory.claims.claim import (
    D000,
    D004,
    ROUNDING,
    Claim,
    Finding,
    Number,
    Numbers,
    holds,
)
from sparsetheory.lottery.approximation import best_quadratic
from sparsetheory.types import Vector

Norm: TypeAlias = Callable[[npt.NDArray[np.float64]], Any]

TOPIC = "Magnitude"
SALIENCY = (D000, "Saliency Criteria for Weight Selection")
ELEGANCE = (D004, "The Elegance of Simplicity: Pruning as an Optimization")

D = 8
ENERGY, SIZES, BUDGET = np.array([4.9, 9.0, 16.0]), np.array([2, 4, 2]), 4
"""Squared norms and sizes of three groups, of which 4 weights may stay."""


def small_vectors() -> Iterator[Vector]:
    """Yield vectors of `D` entries, every other one with ties and zeros."""
    rng = np.random.default_rng(0)
    for _ in range(30):
        yield rng.standard_normal(D)
        yield rng.integers(-3, 4, size=D).astype(np.float64)


def cases() -> Iterator[tuple[Vector, int]]:
    """Yield each small vector with each budget."""
    for w in small_vectors():
        for k in range(D + 1):
            yield w, k


@cache
def removals(d: int, k: int) -> npt.NDArray[np.bool_]:
    """Return every way to remove all but k of d entries, one a row."""
    rows = [np.isin(np.arange(d), kept) for kept in combinations(range(d), k)]
    return ~np.array(rows)


def largest(w: Vector, k: int) -> Vector:
    """Return `w` with all but its k largest magnitudes set to zero."""
    out = np.empty_like(w)
    hard_threshold(w, k, out)
    return out


def best_k_terms() -> dict[str, Number]:
    """Compare magnitude pruning with every support."""
    n_cases = mismatches = 0
    excess = off_tail = 0.0
    for w, k in cases():
        n_cases += 1
        candidates = np.where(removals(D, k), 0.0, w)
        errors = np.linalg.norm(candidates - w, axis=1)
        error = float(np.linalg.norm(largest(w, k) - w))
        sizes = np.sort(np.abs(w))[::-1]
        excess = max(excess, error - float(errors.min()))
        off_tail = max(off_tail, abs(error - float(np.linalg.norm(sizes[k:]))))
        best = candidates[errors <= errors.min() + ROUNDING]
        tie = 0 < k < D and sizes[k - 1] == sizes[k] > 0.0
        mismatches += (len(np.unique(best, axis=0)) > 1) != tie
    return {
        "cases": n_cases,
        "excess": excess,
        "off_tail_norm": off_tail,
        "uniqueness_mismatches": mismatches,
    }


def best_k_terms_rule(x: Numbers) -> Finding:
    """Ask for the least error, its value and when it is attained once."""
    exact = max(x["excess"], x["off_tail_norm"]) <= ROUNDING
    return holds(exact and x["uniqueness_mismatches"] == 0)


def _lp(errors: npt.NDArray[np.float64], p: float) -> Vector:
    """Return the l_p norm along the last axis, a quasi-norm for p below 1."""
    sizes = np.abs(errors)
    if np.isinf(p):
        return np.asarray(sizes.max(axis=-1))
    return np.asarray((sizes**p).sum(axis=-1) ** (1.0 / p))


WEIGHTS = np.linspace(1.0, 4.0, D)
NORMS: Mapping[str, Norm] = {
    **{f"l{p:g}": partial(_lp, p=p) for p in (0.5, 1.0, 1.5, 3.0, np.inf)},
    "two_largest": lambda v: np.sort(np.abs(v))[..., -2:].sum(axis=-1),
    "l1_plus_l2": lambda v: _lp(v, 1.0) + _lp(v, 2.0),
    "weighted_l2": lambda v: _lp(WEIGHTS * v, 2.0),
}
"""Norms along the last axis; for p below 1 a quasi-norm."""


def excesses(*names: str) -> dict[str, Vector]:
    """Return by how much magnitude pruning is worse than the best support, by norm.

    Relative to the same norm of w, as are all excesses here.
    """
    excess: dict[str, list[float]] = {name: [] for name in names}
    for w, k in cases():
        error, errors = largest(w, k) - w, w * removals(D, k)
        for name in names:
            norm = NORMS[name]
            worse = (norm(error) - norm(errors).min()) / norm(w)
            excess[name].append(float(worse))
    return {name: np.array(values) for name, values in excess.items()}


def entrywise() -> Vector:
    """Return by how much an error of magnitude pruning exceeds another support's.

    Sorted, its errors are the least one by one: so in every norm that grows with each
    entry and does not see their order or sign.
    """
    excess = []
    for w, k in cases():
        error, errors = np.abs(largest(w, k) - w), np.abs(w * removals(D, k))
        gaps = np.sort(error) - np.sort(errors, axis=1)
        excess.append(float(gaps.max() / np.abs(w).max()))
    return np.array(excess)


def of_a_matrix() -> Vector:
    """Return the excess in the norm of a matrix, where other entries may adapt."""
    H = np.eye(D) + 0.95 * np.eye(D, k=1) / 2 + 0.95 * np.eye(D, k=-1) / 2
    excess = []
    for w, k in list(cases())[:90:7]:
        e = largest(w, k) - w
        worse = float(np.sqrt(e @ H @ e)) - best_quadratic(w, H, k).error
        excess.append(worse / float(np.sqrt(w @ H @ w)))
    return np.array(excess)


def lp_excesses() -> dict[str, Vector]:
    """Return excesses in lp norms, entry by entry, and in a weighted norm."""
    found = excesses("l0.5", "l1", "l1.5", "l3", "linf", "weighted_l2")
    return found | {"entrywise": entrywise()}


def norm_excesses() -> dict[str, Vector]:
    """Return excesses in norms of several kinds."""
    symmetric = "l0.5", "l1", "l3", "linf", "two_largest", "l1_plus_l2"
    return excesses(*symmetric, "weighted_l2") | {"matrix_norm": of_a_matrix()}


def other_norms() -> dict[str, Number]:
    """Compare magnitude pruning with every support in other norms, relative to w."""
    return largest_of(lp_excesses())


def symmetric_norms() -> dict[str, Number]:
    """Compare magnitude pruning with every support, in norms of several kinds."""
    return largest_of(norm_excesses())


def largest_of(excess: Mapping[str, Vector]) -> dict[str, Number]:
    """Return the largest excess in each norm, or zero."""
    return {f"excess_{name}": max(0.0, float(v.max())) for name, v in excess.items()}


def other_norms_rule(x: Numbers) -> Finding:
    """Refute by one norm besides l2 in which no support does better."""
    optimal = [x[f"excess_l{p}"] <= ROUNDING for p in ("1", "1.5", "3", "inf")]
    return holds(not any(optimal))


def symmetric_norms_rule(x: Numbers) -> Finding:
    """Refute if no other lp norm makes it lose, whatever weights do."""
    return holds(all(x[f"excess_l{p}"] > 1e-9 for p in ("0.5", "1", "3", "inf")))


def group_budgets() -> dict[str, Number]:
    """Drop groups of least norm, under a budget of groups and one of weights."""
    rng = np.random.default_rng(0)
    member = np.repeat(np.arange(6), [1, 1, 2, 2, 3, 4])
    excess, n_cases = 0.0, 0
    for trial in range(40):
        w = rng.standard_normal(member.size)
        if trial % 2:  # ties
            w = np.round(w)
        energies = np.bincount(member, w * w)
        for q in range(energies.size + 1):
            n_cases += 1
            dropped = np.sort(energies)[: energies.size - q].sum()
            least = (removals(energies.size, q) * energies).sum(axis=1).min()
            excess = max(excess, float(dropped - least))
    energy, sizes, budget = ENERGY, SIZES, BUDGET
    return {
        "cases": n_cases,
        "excess": excess,
        "lost_within_4_weights": _drop_least(energy, sizes, budget),
        "least_lost_within_4_weights": _drop_best(energy, sizes, budget),
    }


def _drop_least(energy: Vector, sizes: npt.NDArray[np.int64], budget: int) -> float:
    """Return the energy lost when groups go by least norm until the budget is met."""
    order = np.argsort(energy, kind="stable")
    left = sizes.sum() - np.concatenate([[0], np.cumsum(sizes[order])])
    return float(energy[order[: np.argmax(left <= budget)]].sum())


def _drop_best(energy: Vector, sizes: npt.NDArray[np.int64], budget: int) -> float:
    """Return the least energy lost by any set of groups that meets the budget."""
    losses = [
        (dropped * energy).sum(axis=1)[(~dropped * sizes).sum(axis=1) <= budget]
        for dropped in (removals(energy.size, q) for q in range(energy.size + 1))
    ]
    return float(np.concatenate(losses).min())


def group_budgets_rule(x: Numbers) -> Finding:
    """Ask for the best groups, and whether a budget of weights spoils it."""
    if x["excess"] > ROUNDING:
        return Finding.REFUTED
    spoilt = x["lost_within_4_weights"] > x["least_lost_within_4_weights"] + ROUNDING
    return Finding.HOLDS_IF if spoilt else Finding.HOLDS


def nonnegative() -> dict[str, Number]:
    """Approximate by non-negative vectors, on one example and against every support."""
    by_magnitude, _, best = nonnegative_errors(np.array([-3.0, 2.0, 1.0]), 1)
    numbers: dict[str, Number] = {
        "example_by_magnitude": by_magnitude,
        "example_best": best,
    }
    excess, failures, mismatches, n_cases = 0.0, 0, 0, 0
    for w, k in cases():
        by_magnitude, by_sign, least = nonnegative_errors(w, k)
        excess = max(excess, by_sign - least)
        fails = by_magnitude > least + ROUNDING
        kept = largest(w, k)
        displaced = (w > 0.0) & (kept == 0.0)
        mismatches += fails != (bool(np.any(kept < 0.0)) and bool(displaced.any()))
        failures, n_cases = failures + fails, n_cases + 1
    return {
        **numbers,
        "cases": n_cases,
        "magnitude_fails": failures,
        "excess_of_largest_positive": excess,
        "condition_mismatches": mismatches,
    }


def nonnegative_errors(w: Vector, k: int) -> tuple[float, float, float]:
    """Return errors of non-negative vectors: by magnitude, by sign and the least."""
    positive = np.maximum(w, 0.0)
    kept = np.maximum(largest(w, k), 0.0), largest(positive, k)
    by_magnitude, by_sign = (float(np.linalg.norm(v - w)) for v in kept)
    every = np.where(removals(w.size, k), 0.0, positive)
    return by_magnitude, by_sign, float(np.linalg.norm(every - w, axis=1).min())


def nonnegative_rule(x: Numbers) -> Finding:
    """Ask for an example in which magnitude pruning is not the best; signs must be."""
    fails = x["example_by_magnitude"] > x["example_best"] + ROUNDING
    best = x["excess_of_largest_positive"] <= ROUNDING
    return holds(fails and best and x["condition_mismatches"] == 0)


CLAIMS = (
    Claim(
        id="C08",
        kind="theorem",
        places=(SALIENCY, ELEGANCE),
        statement=(
            "Keeping the k largest magnitudes of w gives a nearest vector with at most "
            "k nonzeros in the l2 norm, at a distance equal to the norm of the rest; "
            "it is the only one unless the k-th and the next magnitude tie above zero."
        ),
        numbers=best_k_terms,
        rule=best_k_terms_rule,
    ),
    Claim(
        id="C09",
        kind="theorem",
        places=(SALIENCY,),
        statement=(
            "Magnitude pruning is a best k-term approximation in the l2 norm only: in "
            "every other norm some vector has a better one."
        ),
        numbers=other_norms,
        rule=other_norms_rule,
    ),
    Claim(
        id="C10",
        kind="theorem",
        places=(SALIENCY,),
        statement=(
            "Under a budget on the number of disjoint groups, dropping those of least "
            "l2 norm is optimal in the l2 norm. Under a budget on the number of "
            "weights and with unequal sizes it need not be: that is a knapsack."
        ),
        numbers=group_budgets,
        rule=group_budgets_rule,
    ),
    Claim(
        id="C73",
        kind="theorem",
        places=(ELEGANCE,),
        statement=(
            "To minimise the Euclidean distance to w with at most k nonzeros, keep the "
            "k entries of largest magnitude: magnitude pruning is optimal."
        ),
        numbers=best_k_terms,
        rule=best_k_terms_rule,
    ),
    Claim(
        id="C74",
        kind="theorem",
        places=(ELEGANCE, SALIENCY),
        statement=(
            "In a norm other than the l2 norm magnitude pruning is not optimal. In "
            "fact it is in every lp norm and in every norm that sees neither signs nor "
            "order; it is not in weighted norms and in that of a matrix."
        ),
        numbers=symmetric_norms,
        rule=symmetric_norms_rule,
    ),
    Claim(
        id="C75",
        kind="theorem",
        places=(ELEGANCE,),
        statement=(
            "If the approximation must be non-negative, the k largest magnitudes are "
            "no longer optimal in general. The k largest positive entries are."
        ),
        numbers=nonnegative,
        rule=nonnegative_rule,
    ),
)
