"""Claims on margins, on Rademacher complexity and on generalisation."""

from functools import cache
from math import e

import numpy as np

from sparsetheory.claims.claim import (
    D001,
    D002,
    ROUNDING,
    Claim,
    Finding,
    Number,
    Numbers,
    holds,
)
from sparsetheory.experiments.generalisation import (
    GeneralisationGaps,
    generalisation_gaps,
)
from sparsetheory.learning.bounds import rademacher_bounds
from sparsetheory.learning.generalisation import occam_bound
from sparsetheory.learning.margin import deletion_margins, margin
from sparsetheory.learning.max_margin import max_margin
from sparsetheory.learning.rademacher import rademacher_complexity
from sparsetheory.learning.sparse_margin import best_sparse_margin
from sparsetheory.theory.binomials import log_binomial
from sparsetheory.theory.order import (
    expected_top_norm,
    support_entropy,
    top_norm_limit,
)
from sparsetheory.types import Matrix, Vector

TOPIC = "Learning"
LEARNING = (
    D001,
    "The Science of Learning: Why Sparse Models Generalize Better",
)
BOUND = (D002, "6.3 Theorem: Generalization Bound for Sparse Networks")
SEEDS = 20
FLIPS = 400, 100  # features and samples


def separable(seed: int, m: int, n: int, signal: int) -> tuple[Matrix, Vector]:
    """Return samples whose first features are near their label, others noise."""
    rng = np.random.default_rng(seed)
    y = rng.choice([-1.0, 1.0], m)
    X = rng.standard_normal((m, n))
    X[:, :signal] = y[:, None] * (1 + 0.2 * X[:, :signal])
    return X, y


def difference_of_means(X: Matrix, y: Vector) -> Vector:
    """Return the mean of the one class less that of the other."""
    return np.asarray(X[y > 0].mean(axis=0) - X[y < 0].mean(axis=0))


def margins() -> dict[str, Number]:
    """Prune classifiers of largest margin, and others.

    Features are deleted one by one, by formula and in fact; all supports of each size
    are searched for the largest margin; and classifiers by class means on 100 samples
    of 50 features are pruned to the 3 that matter.
    """
    largest, deleted, mismatches, deletions = -np.inf, -np.inf, 0, 0
    for seed in range(SEEDS):
        X, y = separable(seed, 12, 7, 2)
        whole = max_margin(X, y)
        best = [best_sparse_margin(X, y, k).lower for k in range(1, 7)]
        largest = max(largest, max(best) - whole.upper)
        deleted = max(
            deleted, float(deletion_margins(X, y, whole.w).max()) - whole.upper
        )
        means = difference_of_means(X, y)
        risen = deletion_margins(X, y, means) > margin(X, y, means).geometric
        for j in range(7):
            rest = np.where(np.arange(7) == j, 0.0, means)
            rises = margin(X, y, rest).geometric > margin(X, y, means).geometric
            mismatches += bool(rises != risen[j])
        deletions += int(risen.sum())
    rows = []
    for seed in range(SEEDS):
        X, y = separable(seed, 100, 50, 3)
        means, few = difference_of_means(X, y), np.arange(50) < 3
        dense, sparse = max_margin(X, y), max_margin(X[:, :3], y)
        rows.append(
            [
                margin(X, y, means).geometric,
                margin(X, y, np.where(few, means, 0.0)).geometric,
                margin(X, y, dense.w).normalised,
                margin(X[:, :3], y, sparse.w).normalised,
            ]
        )
    means_dense, means_pruned, over_dense, over_sparse = np.array(rows).T
    points = np.array([[1.0, 1.0], [1.0, -1.0]]), np.ones(2)
    return {
        "seeds": SEEDS,
        "largest_rise_of_max_margin": largest,
        "largest_rise_by_a_deletion": deleted,
        "deletions_that_raise_class_means": deletions,
        "condition_mismatches": mismatches,
        "two_points": margin(*points, np.array([1.0, 1.0])).geometric,
        "two_points_pruned": margin(*points, np.array([1.0, 0.0])).geometric,
        "class_means": float(means_dense.mean()),
        "class_means_pruned": float(means_pruned.mean()),
        "class_means_risen": int((means_pruned > means_dense).sum()),
        "over_radius": float(over_dense.mean()),
        "over_radius_sparse": float(over_sparse.mean()),
        "over_radius_risen": int((over_sparse > over_dense).sum()),
    }


def margins_rule(x: Numbers) -> Finding:
    """Ask which margins rise: of other classifiers, and of the largest ones."""
    rises = max(x["largest_rise_of_max_margin"], x["largest_rise_by_a_deletion"])
    if x["condition_mismatches"] > 0 or rises > ROUNDING:
        return Finding.UNDECIDED
    if not x["two_points_pruned"] > x["two_points"]:
        return Finding.REFUTED
    means = x["class_means_pruned"] > x["class_means"]
    over_radius = x["over_radius_sparse"] > x["over_radius"]
    return Finding.HOLDS_IF if means and over_radius else Finding.UNDECIDED


def waves() -> Matrix:
    """Return 10 samples of 6 features."""
    return np.asarray(np.cos(np.outer(np.arange(1, 11), np.arange(1, 7))))


def complexity() -> dict[str, Number]:
    """Compute Rademacher complexities exactly, over all 1024 signs.

    The two balls also by themselves: by their extreme points, and by lengths.
    """
    X = waves()
    exact = rademacher_complexity(X).value
    signs = 1.0 - 2.0 * (np.arange(1024)[:, None] >> np.arange(10) & 1)
    images = signs @ X
    edges = np.vstack([np.eye(6), -np.eye(6)])
    l1_ball = float((images @ edges.T).max(axis=1).mean()) / 10
    l2_ball = float(np.linalg.norm(images, axis=1).mean()) / 10
    wide = rademacher_complexity(X, 1, radius=2.0).value
    return {
        **{f"k_{k}": float(value) for k, value in enumerate(exact, 1)},
        "least_rise": float(np.diff(exact).min()),
        "error_of_l1_ball": abs(float(exact[0]) - l1_ball),
        "error_of_l2_ball": abs(float(exact[-1]) - l2_ball),
        "k_1_of_radius_2": float(wide),
    }


def complexity_rule(x: Numbers) -> Finding:
    """Ask for a rise with k in one ball, and see whether another ball undoes it."""
    if max(x["error_of_l1_ball"], x["error_of_l2_ball"]) > ROUNDING:
        return Finding.UNDECIDED
    if x["least_rise"] < 0:
        return Finding.REFUTED
    return Finding.HOLDS_IF if x["k_1_of_radius_2"] > x["k_6"] else Finding.HOLDS


def rate(n: int, k: int, m: int) -> float:
    """Return what the text calls a bound, but for a constant."""
    return float(np.sqrt(k * np.log(n / k) / m))


@cache
def coin_flips() -> GeneralisationGaps:
    """Return gaps on labels that are coin flips, at last for n/e and for n features."""
    n, m = FLIPS
    few = (1, 10, 40)
    return generalisation_gaps(n, m, [*few, round(n / e), n], noise=0.5, trials=SEEDS)


def degenerate() -> dict[str, Number]:
    """Measure gaps on labels that are coin flips, where the text's bound falls to 0.

    With no features left out, and with a share 1/e of them; beside bounds that hold.
    """
    n, m, weights, kept = *FLIPS, 7400, 795
    some = round(n / e)
    found = coin_flips()
    low = found.mean_gap(0.999)[1][-2:]
    ks = np.arange(1, n + 1)
    supports = log_binomial(n, ks)
    return {
        "rate_at_n_over_e": rate(n, some, m),
        "rate_at_n": rate(n, n, m),
        "gap_at_n_over_e_low": float(low[0]),
        "gap_at_n_low": float(low[1]),
        "least_bound_at_n": float(found.bound[-1].min()),
        "largest_excess_over_k_log_en_k": float(
            (supports - support_entropy(n, ks)).max()
        ),
        "least_excess_over_k_log_n_k": float((supports - ks * np.log(n / ks)).min()),
        "k_log_n_k_at_368_of_1000": 368 * np.log(1000 / 368),
        "k_log_n_k_at_1000_of_1000": 1000 * np.log(1.0),
        "k_log_en_k_at_1000_of_1000": float(support_entropy(1000, 1000)),
        "occam_of_795_among_7400": float(occam_bound(weights, kept, 1000, bits=32)),
    }


def degenerate_rule(x: Numbers) -> Finding:
    """Refute if the bound is 0 where there is a gap; no constant mends that."""
    if x["largest_excess_over_k_log_en_k"] > 1e-9:
        return Finding.UNDECIDED
    return holds(x["rate_at_n"] > 0 or x["gap_at_n_low"] <= 0)


def missing_log() -> dict[str, Number]:
    """Compare the complexity of all supports with that of one, for normal samples.

    Both over root k/m, exact; and for one small sample over all signs.
    """
    n = 10**6
    shares = {"0.1": 10, "0.01": 100, "0.001": 1000, "1e-06": n}
    ratios = {
        f"all_supports_{name}": float(expected_top_norm(n, n // part))
        / (n // part) ** 0.5
        for name, part in shares.items()
    }
    error = abs(ratios["all_supports_0.01"] / float(top_norm_limit(0.01)) - 1)
    sample = rademacher_complexity(waves(), 3).value
    one = rademacher_bounds(waves(), 3)
    return {
        "one_support": float(expected_top_norm(100, 100)) / 10,
        **ratios,
        "limit_0.01": float(top_norm_limit(0.01)),
        "relative_error_of_limit": error,
        "sample_all_supports": float(sample),
        "sample_one_support_at_most": float(one.fixed),
        "sample_all_supports_at_most": float(one.upper),
    }


def missing_log_rule(x: Numbers) -> Finding:
    """Refute if the ratio to root k/m grows as the share falls, and is 1 for one."""
    ratios = [x[f"all_supports_{share}"] for share in ("0.1", "1e-06")]
    if x["relative_error_of_limit"] > 1e-3 or x["one_support"] > 1:
        return Finding.UNDECIDED
    return holds(ratios[-1] < 2 * ratios[0])


CLAIMS = (
    Claim(
        id="C43",
        kind="theorem",
        places=(LEARNING,),
        statement=(
            "Pruning can raise the geometric margin of a classifier. To delete feature "
            "j of a unit w does so exactly if what is left of each margin, over the "
            "root of 1 - w_j^2, exceeds the least margin. It never raises that of the "
            "classifier of largest margin, whose margin over the radius may rise."
        ),
        numbers=margins,
        rule=margins_rule,
    ),
    Claim(
        id="C44",
        kind="theorem",
        places=(LEARNING,),
        statement=(
            "Pruning lowers the Rademacher complexity of linear classes: in one l2 "
            "ball it rises with the number k of features, from that of the l1 ball at "
            "k = 1 to that of the l2 ball at k = n. A larger ball undoes it."
        ),
        numbers=complexity,
        rule=complexity_rule,
    ),
    Claim(
        id="C59",
        kind="theorem",
        places=(BOUND,),
        statement=(
            "The gap between test and training loss of a network with k of n weights "
            "is at most O(sqrt(k log(n/k)/m))."
        ),
        numbers=degenerate,
        rule=degenerate_rule,
    ),
    Claim(
        id="C60",
        kind="theorem",
        places=(BOUND,),
        statement=(
            "The Rademacher complexity of the class of k-sparse functions is "
            "O(sqrt(k/m)), and the logarithm comes from the choice of the pattern "
            "besides."
        ),
        numbers=missing_log,
        rule=missing_log_rule,
    ),
)
