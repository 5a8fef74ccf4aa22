"""Claims on the lottery of random weights, and on pruning without training."""

from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr
from scipy.stats import binomtest, chisquare

from sparsetheory.claims.claim import (
    D000,
    D002,
    D003,
    D004,
    ROUNDING,
    Claim,
    Finding,
    Number,
    Numbers,
    holds,
)
from sparsetheory.experiments.intervals import clopper_pearson_interval
from sparsetheory.experiments.rare import rare_ticket_probability
from sparsetheory.experiments.subset_sum import SubsetSumTrials, subset_sum_trials
from sparsetheory.experiments.tickets import ticket_trials
from sparsetheory.theory.binomials import LOG_TEN, log_binomial
from sparsetheory.theory.covering import (
    ball_hit_probability,
    covering_size,
    malach_headline_size,
    malach_sketch_size,
)
from sparsetheory.theory.subset_sum import (
    single_weight_median_error,
    subset_sum_expectation,
    subset_sum_median_error,
)
from sparsetheory.theory.tickets import (
    log_ticket_maximum,
    log_ticket_probability,
    log_ticket_seeds,
    log_top_k_ticket_probability,
    optimal_threshold,
)
from sparsetheory.types import Vector

TOPIC = "Random networks"
LOTTERY = (D000, "The Lottery Ticket Hypothesis")
PRIZE = (D004, "The Grand Prize: Finding the Winning Ticket")
BLESSING = (D003, "Hypothesis 1: The Blessing of Initialization")
EXISTENCE = (D002, "5.1 Existence of Winning Tickets")
PROOF = (D002, "6.1 Theorem: Existence of Winning Tickets (Malach et al., 2020)")

TRIALS, N, K = 60_000, 6, 2
WIDTH = 1000
TARGETS, DIMENSION, EPS, FAILURE = 10, 5, 0.1, 0.05


def pair_counts() -> npt.NDArray[np.int64]:
    """Count how often the 2 largest of 6 weights are each pair of places."""
    trials, n, k = TRIALS, N, K
    rng = np.random.default_rng(0)
    size = np.abs(rng.standard_normal((trials, n)))
    pairs = np.sort(np.argpartition(size, n - k, axis=1)[:, n - k :], axis=1)
    return np.unique(pairs @ np.array([n, 1]), return_counts=True)[1]


def proxy() -> dict[str, Number]:
    """Count how often the 2 largest of 6 weights are each pair of places.

    And find the exact probability of the right places where the draw carries a signal.
    """
    trials, n, k, counts = TRIALS, N, K, pair_counts()
    signal = log_top_k_ticket_probability(n, k, amplitude=4.0)
    return {
        "trials": trials,
        "supports": counts.size,
        "least_share": float(counts.min() / trials),
        "largest_share": float(counts.max() / trials),
        "p_value_uniform": float(chisquare(counts).pvalue),
        "chance": float(np.exp(log_top_k_ticket_probability(n, k))),
        "chance_signal_4": float(np.exp(signal)),
    }


def proxy_rule(x: Numbers) -> Finding:
    """Ask whether the draw prefers any support, and whether a signal would help."""
    if x["p_value_uniform"] < 1e-3 or x["chance_signal_4"] < 10 * x["chance"]:
        return Finding.UNDECIDED
    return Finding.LOOSE if x["largest_share"] < 2 * x["chance"] else Finding.HOLDS


def formula() -> dict[str, Number]:
    """Compare the formula with counts, and with estimates of a rare ticket.

    And its largest value over thresholds with exp(-n H(k/n)).
    """
    n, k, trials = 10, 3, 200_000
    t = np.array([0.6, 1.0, 1.4])
    found = ticket_trials(n, k, t, trials=trials)
    chances = np.exp(log_ticket_probability(n, k, t))
    tests = [
        binomtest(int(count), trials, float(chance)).pvalue
        for count, chance in zip(found.successes, chances, strict=True)
    ]
    rare = rare_ticket_probability(200, 20, repeats=50, draws=300)
    exact = float(log_ticket_maximum(200, 20))
    gap = max(
        abs(float(log_ticket_probability(m, j, optimal_threshold(m, j)) / best - 1))
        for m, j in ((2, 1), (100, 10), (10**4, 10**3), (10**8, 10**6))
        if (best := log_ticket_maximum(m, j))
    )
    off = np.expm1(float(rare.log_p[0]) - exact) / float(rare.relative_error[0])
    return {
        "trials": trials,
        "least_p_value": float(min(tests)),
        "rare_log10": exact / LOG_TEN,
        "rare_relative_error": float(rare.relative_error[0]),
        "rare_off_by_errors": float(off),
        "gap_of_maximum": gap,
    }


def formula_rule(x: Numbers) -> Finding:
    """Ask for counts and estimates that agree, by the number of standard errors."""
    if x["rare_relative_error"] > 0.1:
        return Finding.UNDECIDED
    agree = x["least_p_value"] > 1e-4 and abs(x["rare_off_by_errors"]) < 5
    return holds(agree and x["gap_of_maximum"] <= ROUNDING)


def immense_number() -> dict[str, Number]:
    """Weigh the number of subnetworks against the chance of one of them."""
    n, k = 1000, 100
    top = float(log_top_k_ticket_probability(n, k))
    best = log_ticket_maximum(n, k)
    return {
        "log10_supports": float(log_binomial(n, k)) / LOG_TEN,
        "log10_chance_top_k": top / LOG_TEN,
        "log10_chance_best_threshold": float(best) / LOG_TEN,
        "log10_draws_for_even_odds": float(log_ticket_seeds(best)) / LOG_TEN,
        "log10_chance_n_20_k_5": float(log_top_k_ticket_probability(20, 5)) / LOG_TEN,
    }


def immense_number_rule(x: Numbers) -> Finding:
    """Refute if the chance is negligible, and smaller where there are more supports."""
    chance = x["log10_chance_top_k"]
    return holds(chance > -6 or chance >= x["log10_chance_n_20_k_5"])


@cache
def sums() -> SubsetSumTrials:
    """Return errors of the best subsets of 3 to 19 random weights."""
    return subset_sum_trials(np.arange(3, 20), trials=100)


def enough(eps: float) -> int:
    """Return how many weights have a subset within eps in 9 of 10 draws, or zero."""
    found = sums()
    sizes = found.n[(found.subset <= eps).mean(axis=1) >= 0.9]
    return int(sizes[0]) if sizes.size else 0


def width() -> dict[str, Number]:
    """Count the random weights that bring one target within eps in 9 of 10 draws.

    By the best subset, in simulations, and by the best single weight, exactly; and
    bound the chance of a small error with as many as width w / log w leaves for each.
    """
    numbers: dict[str, Number] = {}
    for eps in (1e-1, 1e-3):
        numbers[f"subset_{eps:g}"] = enough(eps)
        numbers[f"single_{eps:g}"] = float(covering_size(1, eps, 0.1))
    share = round(float(np.log(WIDTH)))
    chance = float(subset_sum_expectation(share, 0.5, 1e-6))
    return {**numbers, "weights_for_width_1000": share, "chance_1e-06_at_most": chance}


def width_rule(x: Numbers) -> Finding:
    """Ask whether single weights need as few as subsets, and log w are enough."""
    if x["subset_0.1"] == 0 or x["subset_0.001"] == 0:
        return Finding.UNDECIDED
    if x["single_0.001"] <= 2 * x["subset_0.001"]:
        return Finding.HOLDS
    return Finding.REFUTED if x["chance_1e-06_at_most"] < 0.5 else Finding.LOOSE


def errors_of_sums() -> dict[str, Number]:
    """Compare medians of the error of the best subset and weight with their laws."""
    sizes = np.array([8, 12, 16])
    found = subset_sum_trials(sizes, trials=400)
    subset = np.median(found.subset, axis=1)
    single = np.median(found.single, axis=1)
    by_law = np.log(subset / subset_sum_median_error(sizes, 0.5))
    one_by_law = np.log(single / single_weight_median_error(sizes, 0.5))
    slope = np.polyfit(sizes, np.log2(subset), 1)[0]
    return {
        "subset_8": float(subset[0]),
        "subset_16": float(subset[-1]),
        "subset_bits_per_weight": -float(slope),
        "subset_off_law": float(np.abs(by_law).max()),
        "single_8": float(single[0]),
        "single_16": float(single[-1]),
        "single_off_law": float(np.abs(one_by_law).max()),
    }


def errors_of_sums_rule(x: Numbers) -> Finding:
    """Ask for medians within 25 % of their laws, and about a bit per weight."""
    if max(x["subset_off_law"], x["single_off_law"]) > 0.25:
        return Finding.UNDECIDED
    return holds(0.8 < x["subset_bits_per_weight"] < 1.2)


def normal_hit(B: float | Vector, eps: float) -> Vector:
    """Return the chance that a normal number cut off at B is within eps of B."""
    return np.asarray((ndtr(B) - ndtr(B - eps)) / (ndtr(B) - ndtr(-B)))


def good_neuron() -> dict[str, Number]:
    """Compute the chance of a close neuron for two laws, over (eps/2B)^d.

    For the uniform law on a ball, over dimensions, radii and targets in the ball; for
    the normal law in d = 1 cut off at B = 5, for a target at the cut and eps = 1.
    """
    d = np.arange(1, 21)[:, None, None]
    eps = np.array([0.05, 0.2, 0.5, 1.0, 1.9])[:, None]
    norm = np.linspace(0.0, 1.0, 21)
    ratio = ball_hit_probability(d, eps, 1.0, norm) / (eps / 2) ** d
    B, e = 5.0, 1.0
    return {
        "uniform_least_ratio": float(ratio.min()),
        "normal": float(normal_hit(B, e)),
        "claimed": e / (2 * B),
    }


def good_neuron_rule(x: Numbers) -> Finding:
    """Ask for the bound under the law of the document, the truncated normal one."""
    if x["normal"] < x["claimed"]:
        return Finding.REFUTED
    return holds(x["uniform_least_ratio"] >= 1 - ROUNDING)


class Matched(NamedTuple):
    """How many of 4000 draws match all targets, over the number of neurons."""

    trials: int
    close: float
    counts: npt.NDArray[np.int64]


@cache
def matched() -> Matched:
    """Match 10 targets on [-1, 1] by up to 200 uniform points."""
    trials, m, close = 4000, 200, 0.05
    rng = np.random.default_rng(0)
    targets = np.linspace(-1, 1, TARGETS)
    drawn = rng.uniform(-1, 1, (trials, m))
    near = np.abs(drawn[:, :, None] - targets) < close
    first = np.where(near.any(axis=1), near.argmax(axis=1), m).max(axis=1)
    return Matched(trials, close, np.cumsum(np.bincount(first, minlength=m + 1)[:m]))


def matches() -> dict[str, Number]:
    """Compute three widths for 10 targets in d = 5, and what the least can do.

    And match 10 targets on [-1, 1] by 200 uniform points, against the union bound.
    """
    n, d, B, eps, failure = TARGETS, DIMENSION, 1.0, EPS, FAILURE
    p = (eps / (2 * B)) ** d
    headline = float(malach_headline_size(n, failure))
    easiest = float(ball_hit_probability(d, eps, B, 0.0))
    trials, close, counts = matched()
    count = int(counts[-1])
    _, high = clopper_pearson_interval(count, trials, 0.999)
    return {
        "width_headline": headline,
        "width_sketch": float(malach_sketch_size(n, d, eps, B, failure)),
        "width_enough": float(covering_size(n, p, failure)),
        "headline_chance_at_most": min(1.0, headline * easiest),
        "matched": count / trials,
        "matched_high": float(high),
        "union_bound": float(1 - n * (1 - close / 2) ** counts.size),
    }


def matches_rule(x: Numbers) -> Finding:
    """Refute if the width stated can't do; ask also that the union bound be none."""
    if x["matched_high"] < x["union_bound"]:
        return Finding.REFUTED
    return holds(x["headline_chance_at_most"] >= 0.95)


CLAIMS = (
    Claim(
        id="C18",
        kind="theorem",
        places=(LOTTERY,),
        statement=(
            "That the largest initial weights are those on the true support is a "
            "proxy for a winning ticket. But the draw is independent of the support: "
            "every support is as likely, unless the initialisation carries a signal."
        ),
        numbers=proxy,
        rule=proxy_rule,
    ),
    Claim(
        id="C19",
        kind="theorem",
        places=(LOTTERY, PRIZE),
        statement=(
            "Independent normal weights of standard deviation sigma have size at least "
            "t just on a given support of k among n with probability q^k (1-q)^(n-k), "
            "q = 2(1 - Phi(t/sigma)); at best exp(-n H(k/n))."
        ),
        numbers=formula,
        rule=formula_rule,
    ),
    Claim(
        id="C54",
        kind="attribution",
        places=(EXISTENCE,),
        statement=(
            "Malach et al. 2020 prove that a random network of width w contains an "
            "approximation of any network of width w / log w. Their argument, one "
            "random neuron for each, needs a power of the accuracy; subset sums need "
            "its logarithm (Pensia et al. 2020, Orseau et al. 2020), so that no number "
            "of weights that w alone gives is enough."
        ),
        numbers=width,
        rule=width_rule,
    ),
    Claim(
        id="C55",
        kind="theorem",
        places=(EXISTENCE,),
        statement=(
            "What pruning alone gains over picking one of n random weights: the error "
            "of the best subset falls like 2^-n, that of the best weight like 1/n."
        ),
        numbers=errors_of_sums,
        rule=errors_of_sums_rule,
    ),
    Claim(
        id="C56",
        kind="theorem",
        places=(PROOF,),
        statement=(
            "A random normal v, truncated to a ball of radius B, is within eps of a "
            "given w in the ball with probability at least (eps/2B)^d. It is so for v "
            "uniform on the ball."
        ),
        numbers=good_neuron,
        rule=good_neuron_rule,
    ),
    Claim(
        id="C57",
        kind="theorem",
        places=(PROOF,),
        statement=(
            "With O(n^2 log(n/delta)) random neurons, each of n target neurons has one "
            "within eps with probability 1 - delta, by a union bound. The bound is "
            "right, but asks for log(n/delta) (2B/eps)^d neurons."
        ),
        numbers=matches,
        rule=matches_rule,
    ),
    Claim(
        id="C88",
        kind="theorem",
        places=(BLESSING,),
        statement=(
            "Given the immense number of subnetworks it is plausible that one of them "
            "has large initial weights at the true connections and small ones "
            "elsewhere. But only one is right, and the more there are, the less likely."
        ),
        numbers=immense_number,
        rule=immense_number_rule,
    ),
)
