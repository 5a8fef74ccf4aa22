"""Claims on recovery from few measurements."""

from functools import cache, partial
from typing import Any

import numpy as np

from sparsetheory._checks import quiet
from sparsetheory._parallel import cpu_count, parallel_map
from sparsetheory.claims.claim import D001, D004, Claim, Finding, Number, Numbers
from sparsetheory.ensembles import (
    gaussian,
    gaussian_equicorrelated,
    random_rows,
)
from sparsetheory.experiments.compare import compare
from sparsetheory.experiments.curve import transition_curve
from sparsetheory.experiments.intervals import wilson_interval
from sparsetheory.experiments.phase import phase_transition
from sparsetheory.experiments.rules import exact_support
from sparsetheory.experiments.store import PhaseMap
from sparsetheory.signals import sparse_signal
from sparsetheory.solvers.basis_pursuit import basis_pursuit
from sparsetheory.solvers.certificates import Verdict, l1_verdict
from sparsetheory.solvers.greedy import iht
from sparsetheory.theory.curves import l1_weak_threshold
from sparsetheory.theory.finite import l1_success_probability
from sparsetheory.theory.volumes import l1_exact_success_probability
from sparsetheory.types import Ensemble, Matrix, Vector

TOPIC = "Recovery"
PHYSICS = (D001, "The Physics of Information: Pruning and Compressed Sensing")
REFINEMENT = (D004, "From a Single Strike to Iterative Refinement")


def certified(
    n: int, m: int, k: int, trials: int, ensemble: Ensemble = gaussian
) -> int:
    """Count proofs that basis pursuit recovers a k-sparse signal."""
    found = phase_transition(
        basis_pursuit,
        n=n,
        delta=m / n,
        rho=k / m,
        trials=trials,
        ensemble=ensemble,
        seed=0,
    )
    return int(found.successes[0, 0])


@cache
def full_map() -> PhaseMap:
    """Map certified basis pursuit with Gaussian matrices."""
    ratios = np.arange(1, 20) / 20
    return phase_transition(
        basis_pursuit, n=200, delta=ratios, rho=ratios, trials=20, seed=0
    )


def exact_law(n: int, m: int, k: int) -> float:
    """Return the probability that basis pursuit recovers."""
    return float(_exact_law(n, k)[m])


@cache
def _exact_law(n: int, k: int) -> Vector:
    return np.asarray(l1_exact_success_probability(n, k))


def map_numbers() -> dict[str, Number]:
    """Return how the full map compares with the exact law."""
    found = full_map()
    return {
        "map_trials": int(found.counts.sum()),
        "map_unresolved": int(found.unresolved.sum()),
        "map_p_value": compare(found, exact_law).p_value,
    }


def unsure(x: Numbers) -> bool:
    """Tell whether the full map misses the law, or leaves over 3 % without proof."""
    unresolved = x["map_unresolved"] > 0.03 * x["map_trials"]
    return bool(unresolved or x["map_p_value"] < 1e-3)


def share(name: str, successes: int, trials: int) -> dict[str, Number]:
    """Return a count and the 95 % Wilson interval of its probability."""
    low, high = wilson_interval(successes, trials)
    return {name: successes, f"{name}_low": float(low), f"{name}_high": float(high)}


def few_measurements() -> dict[str, Number]:
    """Recover 6-sparse signals from 2 s log(n/s) measurements, and from fewer.

    And over the full map, find the least C so that C k log(e n/k) measurements are
    enough in every cell.
    """
    s, trials, enough, few = 6, 100, 2.0, 0.6
    sizes = (100, 200, 400)
    m = {n: int(np.ceil(enough * s * np.log(n / s))) for n in sizes}
    least = min(certified(n, m[n], s, trials) for n in sizes)
    n = sizes[-1]
    fewer = int(np.ceil(few * s * np.log(n / s)))
    rows = certified(n, m[n], s, trials, random_rows(np.eye(n)))
    grid = full_map()
    need = grid.m / (grid.k * (1.0 + np.log(grid.n / grid.k)))
    return {
        **map_numbers(),
        "map_constant": float(need[grid.probability < 0.9].max()),
        "trials": trials,
        "share_of_n": m[n] / n,
        **share("enough", least, trials),
        "few_share_of_n": fewer / n,
        **share("few", certified(n, fewer, s, trials), trials),
        **share("rows_of_identity", rows, trials),
    }


def few_measurements_rule(x: Numbers) -> Finding:
    """Ask for success with enough random measurements, and failure otherwise."""
    if x["enough_high"] < 0.5:
        return Finding.REFUTED
    if unsure(x) or x["map_constant"] > 3:
        return Finding.UNDECIDED
    if x["enough_low"] <= 0.9 or x["share_of_n"] > 0.2:
        return Finding.UNDECIDED
    if max(x["few_high"], x["rows_of_identity_high"]) < 0.1:
        return Finding.HOLDS_IF
    both = min(x["few_low"], x["rows_of_identity_low"]) > 0.9
    return Finding.HOLDS if both else Finding.UNDECIDED


def noise_and_correlation() -> dict[str, Number]:
    """Recover the same signals from data with more noise and columns more alike."""
    trials = 100
    sweeps = {
        "clean": (0.0, 0.0),
        "noise_.5": (0.5, 0.0),
        "noise_1": (1.0, 0.0),
        "correlation_.5": (0.0, 0.5),
        "correlation_.9": (0.0, 0.9),
    }
    numbers: dict[str, Number] = {"trials": trials}
    for name, (noise, correlation) in sweeps.items():
        job = partial(_iht_finds, noise=noise, correlation=correlation)
        results = parallel_map(job, range(trials), cpu_count())
        numbers |= share(name, sum(found for _, found in results), trials)
    pairs = [pair for _, pair in parallel_map(_l1_pair, range(200), cpu_count())]
    one_fewer, correlated = (sum(side) for side in zip(*pairs, strict=True))
    return {
        **numbers,
        **_whole_maps(),
        "l1_trials": len(pairs),
        **share("l1_one_fewer", one_fewer, len(pairs)),
        **share("l1_correlation_.9", correlated, len(pairs)),
        "l1_exceptions": sum(fewer and not alike for fewer, alike in pairs),
    }


@cache
def harmed_maps() -> dict[str, PhaseMap]:
    """Return maps of supports found by IHT, with noise, correlation and neither."""
    ratios = np.arange(1, 10) / 10
    draw = partial(gaussian_equicorrelated, correlation=0.5)
    settings: dict[str, dict[str, Any]] = {
        "clean": {},
        "noise_.5": {"noise": 0.5},
        "correlation_.5": {"ensemble": draw},
    }
    return {
        name: phase_transition(
            partial(iht, max_iter=500, tol=1e-6),
            n=100,
            delta=ratios,
            rho=ratios,
            trials=10,
            signal="signs",
            success=exact_support,
            **options,
        )
        for name, options in settings.items()
    }


def _whole_maps() -> dict[str, Number]:
    """Return how much of a map of supports found is lost, by pairs of trials."""
    maps = harmed_maps()
    numbers: dict[str, Number] = {}
    for name in ("noise_.5", "correlation_.5"):
        found = compare(maps[name], maps["clean"])
        numbers[f"map_{name}"] = found.difference
        numbers |= {f"map_{name}_low": found.low, f"map_{name}_high": found.high}
    return numbers


def _problem(
    n: int, m: int, k: int, trial: int, correlation: float
) -> tuple[Matrix, Vector, Matrix, Vector, np.random.Generator]:
    """Return A, x, the part of A that is not common, its common column and a stream.

    All but the correlation is the same in every sweep.
    """
    rng = np.random.default_rng((0, trial))
    own, common = gaussian(m, n, rng), gaussian(m, 1, rng)
    x = sparse_signal(n, k, rng, amplitude="signs")
    A = np.sqrt(1.0 - correlation) * own + np.sqrt(correlation) * common
    return A, x, own, common[:, 0], rng


def _iht_finds(trial: int, *, noise: float, correlation: float) -> bool:
    """Return whether IHT finds the support; noise is relative to the clean data."""
    m, k = 80, 8
    A, x, _, _, rng = _problem(200, m, k, trial, correlation)
    y = A @ x + noise * np.sqrt(k / m) * rng.standard_normal(m)
    with quiet():
        found = iht(A, y, k, max_iter=500, tol=1e-6)
    return bool(np.array_equal(found.support, np.flatnonzero(x)))


def _l1_pair(trial: int) -> tuple[bool, bool]:
    """Return whether l1 recovers without one measurement, and with like columns.

    A vector that A sends to zero is sent to zero by the part of A's rows that is
    orthogonal to the common column: one Gaussian measurement fewer. So what these
    recover, A recovers.
    """
    m = 80
    A, x, own, common, _ = _problem(200, m, 26, trial, 0.9)
    basis = np.linalg.qr(common[:, None], mode="complete")[0][:, 1:]
    verdicts = (l1_verdict(basis.T @ own, x), l1_verdict(A, x))
    one_fewer, correlated = (v is Verdict.SUCCESS for v in verdicts)
    return one_fewer, correlated


def noise_and_correlation_rule(x: Numbers) -> Finding:
    """Ask for intervals below the clean one, and whether l1 is spared."""
    harms = ("noise_.5", "noise_1", "correlation_.5", "correlation_.9")
    if any(x[f"{harm}_low"] > x["clean_high"] for harm in harms):
        return Finding.NOT_AT_THIS_SCALE
    if any(x[f"{harm}_high"] >= x["clean_low"] for harm in harms):
        return Finding.UNDECIDED
    if max(x["map_noise_.5_high"], x["map_correlation_.5_high"]) >= 0:
        return Finding.UNDECIDED
    if x["l1_correlation_.9_high"] < x["l1_one_fewer_low"]:
        return Finding.HOLDS
    return Finding.PARTLY if x["l1_exceptions"] == 0 else Finding.UNDECIDED


def transition_width() -> dict[str, Number]:
    """Recover 20 % below and above the asymptotic curve, at two sizes.

    The width is the change of k/m that takes the odds from 1 to e.
    """
    trials, delta = 400, 0.5
    rho = float(l1_weak_threshold(delta))
    numbers: dict[str, Number] = {**map_numbers(), "trials": trials}
    for n in (100, 400):
        curve = transition_curve(basis_pursuit, n=n, delta=delta, trials=400)
        numbers[f"width_{n}"] = float(curve.width[0]) / round(delta * n)
        m = round(delta * n)
        for side, factor in (("below", 0.8), ("above", 1.2)):
            k = round(factor * rho * m)
            numbers |= share(f"{side}_{n}", certified(n, m, k, trials), trials)
            expected = float(l1_success_probability(n, m, k))
            numbers[f"{side}_{n}_theory"] = expected
    return numbers


def transition_width_rule(x: Numbers) -> Finding:
    """Ask for more success below and less above, both by intervals."""
    if unsure(x):
        return Finding.UNDECIDED
    sharper = (
        x["width_400"] < x["width_100"],
        x["below_400_low"] > x["below_100_high"],
        x["above_400_high"] < x["above_100_low"],
    )
    blunter = (
        x["below_400_high"] < x["below_100_low"],
        x["above_400_low"] > x["above_100_high"],
    )
    if any(blunter):
        return Finding.NOT_AT_THIS_SCALE
    return Finding.HOLDS if all(sharper) else Finding.UNDECIDED


CLAIMS = (
    Claim(
        id="C36",
        kind="theorem",
        places=(PHYSICS, REFINEMENT),
        statement=(
            "An s-sparse vector of n entries is recovered from far fewer than n "
            "measurements, if these are random and number at least C s log(n/s); basis "
            "pursuit fails with fewer, and with as many rows of the identity."
        ),
        numbers=few_measurements,
        rule=few_measurements_rule,
    ),
    Claim(
        id="C40",
        kind="empirical",
        places=(PHYSICS,),
        statement=(
            "Iterative hard thresholding finds a support less often as noise grows, or "
            "a correlation common to all columns. Not every solver does: without noise "
            "the latter costs basis pursuit at most one measurement."
        ),
        numbers=noise_and_correlation,
        rule=noise_and_correlation_rule,
    ),
    Claim(
        id="C41",
        kind="empirical",
        places=(PHYSICS,),
        statement=(
            "With Gaussian matrices basis pursuit passes from success to failure at a "
            "boundary that gets sharp as n grows: with k 20 % below and above it, "
            "success and failure become all but certain."
        ),
        numbers=transition_width,
        rule=transition_width_rule,
    ),
)
