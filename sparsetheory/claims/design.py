"""Claims on experimental design."""

from functools import cache, partial

import numpy as np

from sparsetheory.claims.claim import D001, Claim, Finding, Number, Numbers
from sparsetheory.experiments.designs import (
    DesignTrials,
    design_trials,
    gaussian_rows,
    unit_rows,
)
from sparsetheory.learning.design import a_optimality, magnitude_rows
from sparsetheory.learning.optimal import optimal_design
from sparsetheory.types import Ensemble, Vector

TOPIC = "Learning"
VISTA = (D001, "A Broader Vista: Unifying Threads")
LAWS: dict[str, Ensemble] = {
    "normal": gaussian_rows,
    "lognormal": partial(gaussian_rows, spread=1.0),
    "unit": unit_rows,
}
TRIALS = 100
REACH = 1.96  # standard errors
GOOD = 0.95  # efficiency that would do
NARROW = 1e-6  # prior variance
PRIORS = (0.1, 1.0, np.inf)


@cache
def studies() -> dict[str, DesignTrials]:
    """Return rules beside the optimum for rows of each law, at last with no prior."""
    return {
        name: design_trials(12, 3, 6, draw=draw, tau=PRIORS, trials=TRIALS)
        for name, draw in LAWS.items()
    }


def alignment() -> dict[str, Number]:
    """Compare the longest rows with optimal ones: how many they share, how good.

    Of 12 rows in 3 dimensions, of three laws, 6 are chosen; and 10 of 30 in 5. And
    where the longest are optimal exactly, and where they are useless.
    """
    numbers: dict[str, Number] = {"chance": 0.5}
    for name, found in studies().items():
        numbers |= of_magnitude(name, found)
    large = design_trials(30, 5, 10, trials=20)
    numbers |= {"chance_of_30": large.chance} | of_magnitude("of_30", large)
    narrow = design_trials(12, 3, 6, tau=NARROW, trials=40)
    line = design_trials(12, 1, 6, trials=40)
    A = np.array([[10.0, 0.0], [9.0, 0.0], [0.0, 1.0]])
    best = optimal_design(A, 2)
    return {
        **numbers,
        "missed_with_a_narrow_prior": int((narrow.overlap[0] < 1).sum()),
        "missed_in_one_dimension": int((line.overlap[0] < 1).sum()),
        "efficiency_at_worst": best.value / a_optimality(A, magnitude_rows(A, 2)),
    }


def of_magnitude(name: str, found: DesignTrials) -> dict[str, Number]:
    """Return means of the first rule without a prior, with ends of their intervals."""
    overlap, efficiency = found.overlap[0, -1], found.efficiency[0, -1]
    return {
        f"overlap_{name}": float(overlap.mean()),
        f"overlap_{name}_low": float(overlap.mean()) - error(overlap),
        f"efficiency_{name}": float(efficiency.mean()),
        f"efficiency_{name}_high": float(efficiency.mean()) + error(efficiency),
        f"random_efficiency_{name}": float(found.efficiency[-1, -1].mean()),
        f"exactly_optimal_{name}": float((overlap == 1).mean()),
    }


def error(values: Vector) -> float:
    """Return half the width of an interval of the mean."""
    return REACH * float(values.std() / np.sqrt(values.size))


def alignment_rule(x: Numbers) -> Finding:
    """Ask for more rows in common than by chance, of every law, and for efficiency."""
    exact = x["missed_with_a_narrow_prior"] == x["missed_in_one_dimension"] == 0
    if not exact:
        return Finding.UNDECIDED
    shared = [x[f"overlap_{name}_low"] > x["chance"] for name in LAWS]
    shared.append(x["overlap_of_30_low"] > x["chance_of_30"])
    if not any(shared):
        return Finding.NOT_AT_THIS_SCALE
    good = all(x[f"efficiency_{name}_high"] >= GOOD for name in (*LAWS, "of_30"))
    sure = x["efficiency_at_worst"] > 0
    return Finding.HOLDS if all(shared) and good and sure else Finding.PARTLY


CLAIMS = (
    Claim(
        id="C46",
        kind="empirical",
        places=(VISTA,),
        statement=(
            "The rows of largest norm are remarkably often those of the A-optimal "
            "subset: more of them than by chance, and nearly as good. Exactly so in "
            "one dimension and in the limit of a narrow prior; in general rows that "
            "are long may all point the same way, and of rows of equal length the norm "
            "says nothing."
        ),
        numbers=alignment,
        rule=alignment_rule,
    ),
)
