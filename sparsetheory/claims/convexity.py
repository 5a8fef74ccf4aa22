"""Claims on guarantees from restricted isometry and restricted strong convexity."""

from collections.abc import Callable
from functools import cache, partial
from itertools import combinations, product
from typing import NamedTuple

import numpy as np

from sparsetheory._checks import quiet
from sparsetheory.claims.claim import (
    D001,
    ROUNDING,
    Claim,
    Finding,
    Number,
    Numbers,
)
from sparsetheory.conditions.convexity import Contraction, convergence_bounds
from sparsetheory.conditions.isometry import rip_constant
from sparsetheory.experiments.convergence import convergence_rate
from sparsetheory.operators import BlockCirculant
from sparsetheory.solvers.certificates import Verdict, l1_verdict
from sparsetheory.solvers.greedy import iht
from sparsetheory.solvers.pursuit import cosamp, htp, subspace_pursuit
from sparsetheory.theory.bounds import RIP_CONDITIONS
from sparsetheory.types import Matrix, Recovery, Vector

TOPIC = "Recovery"
PHYSICS = (D001, "The Physics of Information: Pruning and Compressed Sensing")

Greedy = Callable[[Matrix, Vector, int], Recovery]
UNIT_IHT = partial(iht, step=1.0)
GREEDY: dict[str, Greedy] = {
    "iht 0.618": UNIT_IHT,
    "iht 1/sqrt(3)": partial(htp, step=1.0),
    "cosamp 0.4782": cosamp,
    "sp 0.4859": subspace_pursuit,
}


def simplex(n: int) -> Matrix:
    """Return n columns of norm one and n - 1 entries, that sum to zero.

    Their isometry constant of order k > 1 is (k - 1)/(n - 1).
    """
    basis = np.linalg.qr(np.column_stack([np.ones(n), np.eye(n)[:, 1:]]))[0][:, 1:]
    return np.asfortranarray(np.sqrt(n / (n - 1)) * basis.T)


def signals(n: int, k: int) -> list[Vector]:
    """Return a signal for every support and all signs but the first."""
    sizes = 0.1 ** np.arange(k)
    found = []
    for support in combinations(range(n), k):
        for signs in product((1.0, -1.0), repeat=k - 1):
            x = np.zeros(n)
            x[list(support)] = sizes * np.array([1.0, *signs])
            found.append(x)
    return found


def missed(solver: Greedy, A: Matrix, xs: list[Vector]) -> int:
    """Count the signals that a solver does not find."""
    with quiet():
        found = [solver(A, A @ x, int(np.count_nonzero(x))).x for x in xs]
    errors = [np.abs(z - x).max() for z, x in zip(found, xs, strict=True)]
    return sum(not error < 1e-6 for error in errors)


class Guarantees(NamedTuple):
    """Isometry constants and their bounds, and how many of all signals are missed."""

    constants: dict[str, tuple[float, float]]
    signals: int
    missed: dict[str, int]
    beside: dict[str, int]


@cache
def tried() -> Guarantees:
    """Run algorithms on all supports where their conditions hold, and beside them."""
    n, k = 20, 2
    A, xs = simplex(n), signals(n, k)
    conditions = {name: RIP_CONDITIONS[name] for name in ("l1 2k", *GREEDY)}
    unproved = sum(l1_verdict(A, x) is not Verdict.SUCCESS for x in xs)
    uneven = A * np.linspace(0.2, 2.0, n)
    even = uneven / np.linalg.norm(uneven, axis=0)
    others = {
        "at_scale_2": 2 * A,
        "with_uneven_columns": uneven,
        "with_columns_normalised": even,
    }
    return Guarantees(
        constants={
            name: (rip_constant(A, needed.order * k).upper, needed.threshold)
            for name, needed in conditions.items()
        },
        signals=len(xs),
        missed={"l1 2k": unproved}
        | {name: missed(solver, A, xs) for name, solver in GREEDY.items()},
        beside={name: missed(UNIT_IHT, B, xs) for name, B in others.items()},
    )


def guarantees() -> dict[str, Number]:
    """Run algorithms on all supports where their conditions hold, and beside them."""
    found = tried()
    return {
        "conditions": len(found.constants),
        "least_margin": min(most - own for own, most in found.constants.values()),
        "signals": found.signals,
        "missed": sum(found.missed.values()),
        **{f"missed_{name}": count for name, count in found.beside.items()},
        **_same_data(),
    }


def _same_data() -> dict[str, Number]:
    """Return the constant of order k of a matrix that confuses two k-sparse signals."""
    k = 4
    A = simplex(2 * k)
    x = np.repeat([1.0, 0.0], k)
    other = np.repeat([0.0, -1.0], k)
    return {
        "confusing_rip_k": rip_constant(A, k).upper,
        "confusing_rip_2k": rip_constant(A, 2 * k).lower,
        "confusion": float(np.abs(A @ (x - other)).max()),
    }


def guarantees_rule(x: Numbers) -> Finding:
    """Ask for success under the conditions, and for failures beside them."""
    if x["least_margin"] <= ROUNDING:
        return Finding.UNDECIDED
    if x["missed"] > 0:
        return Finding.REFUTED
    order = x["confusing_rip_k"] < 0.5 and x["confusion"] <= ROUNDING
    needed = order, x["missed_at_scale_2"] > 0, x["missed_with_uneven_columns"] > 0
    return Finding.HOLDS_IF if any(needed) else Finding.HOLDS


class Runs(NamedTuple):
    """Bounds on the contraction of masked descent and of IHT, and runs of both."""

    bounds: dict[str, float]
    factors: dict[str, Vector]


@cache
def contractions() -> Runs:
    """Bound masked descent and IHT by the same constants, and run both."""
    k = 3
    layer = BlockCirculant([[[1.0, 0.1]]], 30)
    found = convergence_bounds(layer, k)
    masked, iterated = found.contractions[0], found.contractions[3]
    A = layer @ np.eye(30)
    rng = np.random.default_rng(0)
    runs = [_largest_ratio(A, k, iterated, rng) for _ in range(200)]
    ends = [
        np.linalg.norm(np.eye(k) - masked.step * A[:, S].T @ A[:, S], 2)
        for S in map(list, combinations(range(30), k))
    ]
    return Runs(
        {"masked": masked.factor, "iht": iterated.factor},
        {"masked": np.array(ends), "iht": np.array(runs)},
    )


def _largest_ratio(
    A: Matrix, k: int, bound: Contraction, rng: np.random.Generator
) -> float:
    """Return the worst contraction of IHT from a random start to a random signal."""
    x, z = np.zeros((2, A.shape[1]))
    x[rng.choice(x.size, k, replace=False)] = rng.standard_normal(k)
    z[rng.choice(z.size, k, replace=False)] = rng.standard_normal(k)
    worst = 0.0
    while (before := np.linalg.norm(z - x)) > 1e-6:
        z = iht(A, A @ x, k, step=bound.step, x0=z, max_iter=1, tol=0.0).x
        worst = max(worst, float(np.linalg.norm(z - x) / before))
    return worst


TIMES = (*range(31), 1000)
"""Iterations after which errors are measured."""


class Ends(NamedTuple):
    """Bounds, and distances from the right signal over `TIMES`, for both methods."""

    kappa: float
    bounds: dict[str, float]
    errors: dict[str, Matrix]


@cache
def wrong_signal() -> Ends:
    """Return the bounds of a matrix nearly confusing two signals, and errors of runs.

    IHT starts at one of them, with the data of the other, whose mask the former has.
    """
    k = 4
    A = np.vstack([simplex(2 * k), np.full((1, 2 * k), 0.1)])
    found = convergence_bounds(A, k)
    masked, iterated = found.contractions[0], found.contractions[3]
    x, start = np.repeat([1.0, 0.0], k), np.repeat([0.0, -1.0], k)

    def errors(A: Matrix, x: Vector, x0: Vector) -> Matrix:
        run = partial(iht, A, A @ x, k, step=masked.step, x0=x0, tol=0.0)
        return np.array([(run(max_iter=t).x if t else x0) - x for t in TIMES])

    return Ends(
        found.isometries[2].kappa[1],
        {"masked": masked.factor, "iht": iterated.factor},
        {
            "masked": errors(A[:, :k], x[:k], np.eye(k)[0]),
            "iht": errors(A, x, start),
        },
    )


def same_tools() -> dict[str, Number]:
    """Bound masked descent and IHT by the same constants, and run both.

    Then let IHT start at a wrong signal where only the former bound is below one.
    """
    easy, hard = contractions(), wrong_signal()
    numbers: dict[str, Number] = {}
    for name in ("masked", "iht"):
        numbers[f"{name}_bound"] = easy.bounds[name]
        numbers[f"{name}_worst"] = float(easy.factors[name].max())
    numbers["hard_kappa_3k"] = hard.kappa
    for name in ("masked", "iht"):
        numbers[f"hard_{name}_bound"] = hard.bounds[name]
        numbers[f"hard_{name}_error"] = float(np.abs(hard.errors[name][-1]).max())
    return numbers


def same_tools_rule(x: Numbers) -> Finding:
    """Ask that no run violates a bound, and whether IHT needs more than the mask."""
    slack = 1 + 1e-9
    if (
        x["masked_worst"] > x["masked_bound"] * slack
        or x["iht_worst"] > x["iht_bound"] * slack
        or (x["hard_masked_bound"] < 1 and x["hard_masked_error"] > 1e-6)
        or (x["hard_iht_bound"] < 1 and x["hard_iht_error"] > 1e-6)
    ):
        return Finding.REFUTED
    if min(x["masked_bound"], x["iht_bound"]) >= 1:
        return Finding.UNDECIDED
    more = x["hard_masked_bound"] < 1 and x["hard_iht_error"] > 0.5
    return Finding.HOLDS_IF if more else Finding.HOLDS


def same_rate() -> dict[str, Number]:
    """Measure the contraction of masked descent and of IHT at several steps."""
    rng = np.random.default_rng(11)
    A = rng.standard_normal((200, 400)) / np.sqrt(200)
    support = rng.choice(400, size=10, replace=False)
    x = np.zeros(400)
    x[support] = rng.uniform(-1.0, 1.0, 10)
    numbers: dict[str, Number] = {}
    above, off, early = -np.inf, 0.0, 0.0
    for name, step in (("0.5", 0.5), ("0.6", 0.6), ("0.7", 0.7), ("best", None)):
        found = convergence_rate(A, x, step=step)
        rates = found.masked.rate, found.iht.rate
        off = max(off, *(abs(rate - found.predicted) for rate in rates))
        tops = found.masked.spread[1], found.iht.spread[1]
        above = max(above, *(top - found.predicted for top in tops))
        before = found.iht.errors[: found.iht.found]
        early = max(early, *(before[1:] / before[:-1] - found.predicted), -1.0)
        numbers |= {
            f"predicted_{name}": found.predicted,
            f"masked_{name}": rates[0],
            f"iht_{name}": rates[1],
        }
    kappa = found.beta / found.alpha
    return {
        **numbers,
        "best_formula": (kappa - 1) / (kappa + 1),
        "largest_difference": off,
        "largest_excess": above,
        "largest_excess_before_the_support": early,
    }


def same_rate_rule(x: Numbers) -> Finding:
    """Ask for rates at the limit and never above; before the support they may be."""
    formula = abs(x["best_formula"] - x["predicted_best"])
    if x["largest_excess"] > 1e-4 or formula > ROUNDING:
        return Finding.REFUTED
    if x["largest_difference"] > 1e-3:
        return Finding.UNDECIDED
    early = x["largest_excess_before_the_support"] > 0.01
    return Finding.HOLDS_IF if early else Finding.HOLDS


CLAIMS = (
    Claim(
        id="C35",
        kind="theorem",
        places=(PHYSICS,),
        statement=(
            "If a matrix has the restricted isometry property, algorithms recover all "
            "k-sparse vectors. The order has to be 2k or more (3k, 4k) and the "
            "constant below a threshold of the algorithm: two k-sparse vectors may "
            "have the same data though that of order k is below 1/2. And with unit "
            "step the matrix must be scaled right, its columns to norm one."
        ),
        numbers=guarantees,
        rule=guarantees_rule,
    ),
    Claim(
        id="C38",
        kind="theorem",
        places=(PHYSICS,),
        statement=(
            "Restricted strong convexity and smoothness bound the convergence both of "
            "gradient descent on a mask and of iterative hard thresholding. The former "
            "asks for convexity on the mask alone; the latter for a condition number "
            "below 2 + √5 on 3k-sparse vectors, or that more entries are kept."
        ),
        numbers=same_tools,
        rule=same_tools_rule,
    ),
    Claim(
        id="C39",
        kind="theorem",
        places=(PHYSICS,),
        statement=(
            "Gradient descent on a mask converges at the rate max |1 - ηλ| over the "
            "eigenvalues λ of the restricted Hessian, (κ - 1)/(κ + 1) with the best "
            "step; so does iterative hard thresholding, once it has found the support."
        ),
        numbers=same_rate,
        rule=same_rate_rule,
    ),
)
