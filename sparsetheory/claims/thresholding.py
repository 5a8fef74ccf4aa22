"""Claims on masked descent and on thresholding."""

from collections.abc import Callable
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy.integrate import quad

from sparsetheory._kernels.threshold import block_soft_threshold, soft_threshold
from sparsetheory.claims.claim import (
    D001,
    D004,
    ROUNDING,
    Claim,
    Finding,
    Number,
    Numbers,
    holds,
)
from sparsetheory.claims.magnitude import largest
from sparsetheory.ensembles import gaussian
from sparsetheory.lottery._layout import Flags
from sparsetheory.operators import operator_norm
from sparsetheory.signals import sparse_signal
from sparsetheory.solvers.greedy import iht
from sparsetheory.theory.curves import density, soft_risk
from sparsetheory.types import Matrix, Support, Vector

TOPIC = "Thresholding"
BRIDGE = (D001, "The Mathematics of Pruning: A Bridge to Optimization Theory")
REFINEMENT = (D004, "From a Single Strike to Iterative Refinement")

LAM = 2.0  # in standard deviations of the noise
FAR = 8.0


def least_squares() -> tuple[Matrix, Vector, Vector, Vector]:
    """Return a matrix, data, a mask of half the columns and a start."""
    rng = np.random.default_rng(0)
    A = gaussian(30, 20, rng)
    mask = np.zeros(20)
    mask[rng.choice(20, size=10, replace=False)] = 1.0
    return A, rng.standard_normal(30), mask, rng.standard_normal(20)


def descent_gaps() -> dict[str, Vector]:
    """Return how far apart both descents are, over the steps."""
    A, y, mask, start = least_squares()
    scales = np.linspace(0.5, 1.0, mask.size)
    return {
        "gap": _gaps(A, y, mask, mask * start, 1.0),
        "gap_if_scaled": _gaps(A, y, mask, mask * start, scales),
        "gap_if_started_off": _gaps(A, y, mask, start, 1.0),
    }


def masked_descent() -> dict[str, Number]:
    """Run gradient descent with a masked gradient, and with a projection."""
    return {name: float(gaps.max()) for name, gaps in descent_gaps().items()}


def masked_descent_rule(x: Numbers) -> Finding:
    """Ask for the same iterates, to rounding."""
    return holds(x["gap"] <= ROUNDING)


def _gaps(
    A: Matrix, y: Vector, mask: Vector, start: Vector, scales: float | Vector
) -> Vector:
    step = scales / operator_norm(A) ** 2
    masked, projected, gaps = start, start, []
    for _ in range(100):
        masked = masked - step * mask * (A.T @ (A @ masked - y))
        projected = mask * (projected - step * (A.T @ (A @ projected - y)))
        gaps.append(np.abs(masked - projected).max())
    return np.array(gaps)


def optimum() -> tuple[Vector, Vector, Flags]:
    """Return weights of least loss under a mask, the gradient there, and the mask."""
    A, y, mask, _ = least_squares()
    on = mask > 0.0
    w = np.zeros(mask.size)
    w[on] = np.linalg.lstsq(A[:, on], y)[0]
    return w, A.T @ (A @ w - y), on


def masked_optimum() -> dict[str, Number]:
    """Measure the gradient at the optimum on a support, and where descent ends."""
    A, y, mask, _ = least_squares()
    w, gradient, on = optimum()
    step, end = 1.0 / operator_norm(A) ** 2, np.zeros(mask.size)
    for _ in range(2000):
        end = end - step * mask * (A.T @ (A @ end - y))
    return {
        "gradient_on": float(np.abs(gradient[on]).max()),
        "gradient_off": float(np.abs(gradient[~on]).max()),
        "descent_ends_off_by": float(np.abs(end - w).max()),
    }


def masked_optimum_rule(x: Numbers) -> Finding:
    """Ask for a zero gradient on the support where the loss is least."""
    if x["descent_ends_off_by"] > 1e-9:  # the point may not be the optimum
        return Finding.UNDECIDED
    return holds(x["gradient_on"] <= ROUNDING)


class Paths(NamedTuple):
    """Supports of both methods after each iteration or round, and the true one."""

    n: int
    truth: Support
    hard: list[Support]
    pruned: list[Support]
    step_gap: float


@cache
def paths() -> Paths:
    """Return the supports of IHT and of iterative magnitude pruning on one problem."""
    rng = np.random.default_rng(0)
    m, n, k = 50, 100, 14
    A, x = gaussian(m, n, rng), sparse_signal(n, k, rng)
    y = A @ x
    hard = [iht(A, y, k, max_iter=i, tol=0.0).support for i in range(1, 61)]
    return Paths(n, np.flatnonzero(x), hard, *_magnitude_pruning(A, y, k))


def supports_over_time() -> dict[str, Number]:
    """Follow the support of IHT and of iterative magnitude pruning on one problem."""
    found = paths()
    return {
        "step_gap": found.step_gap,
        "iht_readmitted": _readmitted(found.hard, found.n),
        "pruning_readmitted": _readmitted(found.pruned, found.n),
        "k": found.truth.size,
        "iht_found": int(np.isin(found.truth, found.hard[-1]).sum()),
        "pruning_found": int(np.isin(found.truth, found.pruned[-1]).sum()),
    }


def _magnitude_pruning(A: Matrix, y: Vector, k: int) -> tuple[list[Support], float]:
    """Return supports when a fifth of the weights goes per fit, and the step's error.

    The error is the distance of one pruning from hard thresholding of the same fit.
    """
    n = A.shape[1]
    kept, supports, gap = np.arange(n), [], 0.0
    while kept.size > k:
        w = np.zeros(n)
        w[kept] = np.linalg.lstsq(A[:, kept], y)[0]
        left = max(k, kept.size - max(1, kept.size // 5))
        order = np.argsort(-np.abs(w[kept]), kind="stable")
        kept = np.sort(kept[order[:left]])
        pruned = np.where(np.isin(np.arange(n), kept), w, 0.0)
        gap = max(gap, float(np.abs(pruned - largest(w, left)).max()))
        supports.append(kept)
    return supports, gap


def _readmitted(supports: list[Support], n: int) -> int:
    """Count the indices that leave and come back."""
    inside = np.array([np.isin(np.arange(n), s) for s in supports])
    entries = np.count_nonzero(np.diff(inside.astype(int), axis=0) == 1, axis=0)
    return int(np.count_nonzero(entries + inside[0] > 1))


def supports_over_time_rule(x: Numbers) -> Finding:
    """Ask for equality of one step, and whether the iterations differ."""
    if x["step_gap"] > 0.0:
        return Finding.REFUTED
    differ = x["iht_readmitted"] > 0 and x["pruning_readmitted"] == 0
    return Finding.LOOSE if differ else Finding.HOLDS


def soft(z: float) -> float:
    """Return the soft threshold of `z` at `LAM`."""
    out = np.empty(1)
    soft_threshold(np.array([z]), LAM, out)
    return float(out[0])


def hard(z: float) -> float:
    """Return `z`, or zero if it is not above `LAM` in magnitude."""
    return z if abs(z) > LAM else 0.0


def thresholding_risks() -> dict[str, Number]:
    """Integrate bias and risk of both rules for z ~ N(mu, 1); bound their slopes."""
    grid = np.linspace(-2 * LAM, 2 * LAM, 4001)  # thresholds fall on grid points
    rises = {
        rule: np.abs(np.diff([rule(float(z)) for z in grid])).max()
        for rule in (soft, hard)
    }
    soft_risk_at_0 = _moment(soft, 0.0, 2)
    return {
        "soft_risk_far": _moment(soft, FAR, 2),
        "hard_risk_far": _moment(hard, FAR, 2),
        "soft_risk_at_0": soft_risk_at_0,
        "hard_risk_at_0": _moment(hard, 0.0, 2),
        "soft_bias_far": _moment(soft, FAR, 1),
        "hard_bias_far": _moment(hard, FAR, 1),
        "soft_slope": float(rises[soft]) / float(grid[1] - grid[0]),
        "hard_jump": float(rises[hard]),
        "error_of_closed_form": abs(soft_risk_at_0 - 2 * float(soft_risk(LAM))),
    }


def _moment(rule: Callable[[float], float], mu: float, power: int) -> float:
    """Return ``E (rule(z) - mu)^power`` for z ~ N(mu, 1), by quadrature."""

    def integrand(z: float) -> float:
        return (rule(z) - mu) ** power * float(density(z - mu))

    ends = sorted({mu - 12.0, -LAM, LAM, mu, mu + 12.0})  # smooth in between
    return float(sum(quad(integrand, a, b)[0] for a, b in pairwise(ends)))


def thresholding_risks_rule(x: Numbers) -> Finding:
    """Ask for the biases, the slope and the jump, and for a risk lower on each side.

    The integrals must be right where a closed form is known.
    """
    if x["error_of_closed_form"] > 1e-9:
        return Finding.UNDECIDED
    biased = abs(x["soft_bias_far"] + LAM) < 1e-6 and abs(x["hard_bias_far"]) < 1e-6
    stable = x["soft_slope"] <= 1 + 1e-9 and x["hard_jump"] >= LAM
    near = x["soft_risk_at_0"] < x["hard_risk_at_0"]
    far = x["hard_risk_far"] < x["soft_risk_far"]
    return holds(biased and stable and near and far)


def shrink(v: Vector, lam: float) -> Vector:
    """Return the block soft threshold of one group."""
    out, one = np.empty_like(v), np.ones(1)
    block_soft_threshold(v, lam, np.arange(v.size), np.array([0, v.size]), one, out)
    return out


def block_shrinkage() -> dict[str, Number]:
    """Shrink (3, 4), and check the optimality condition on random groups."""
    v = np.array([3.0, 4.0])
    rng = np.random.default_rng(0)
    violation, zeroed, trials = 0.0, 0, 400
    for _ in range(trials):
        z, lam = rng.standard_normal(rng.integers(1, 7)), rng.uniform(0.1, 4.0)
        x = shrink(z, lam)
        norm = float(np.linalg.norm(x))
        if norm > 0.0:
            error = float(np.linalg.norm(x - z + lam * x / norm))
        else:
            zeroed += 1
            error = max(float(np.linalg.norm(z)) - lam, 0.0)
        violation = max(violation, error)
    first, second = shrink(v, 1.0)
    return {
        "first_of_3_4": float(first),
        "second_of_3_4": float(second),
        "norm_at_lam_5": float(np.linalg.norm(shrink(v, 5.0))),
        "groups": trials,
        "groups_zeroed": zeroed,
        "violation": violation,
    }


def block_shrinkage_rule(x: Numbers) -> Finding:
    """Ask for the known point, zero from the norm on, and optimality throughout."""
    point = max(abs(x["first_of_3_4"] - 2.4), abs(x["second_of_3_4"] - 3.2))
    worst = max(point, x["norm_at_lam_5"], x["violation"])
    return holds(worst <= ROUNDING)


CLAIMS = (
    Claim(
        id="C29",
        kind="theorem",
        places=(BRIDGE,),
        statement=(
            "For weights that start on the mask, gradient descent with a masked "
            "gradient is projected gradient descent on the subspace of the mask, step "
            "by step."
        ),
        numbers=masked_descent,
        rule=masked_descent_rule,
    ),
    Claim(
        id="C30",
        kind="theorem",
        places=(BRIDGE,),
        statement=(
            "Where a differentiable loss is least under a mask, its gradient is zero "
            "on the surviving weights and may be anything on the pruned ones; if the "
            "loss is convex, this suffices."
        ),
        numbers=masked_optimum,
        rule=masked_optimum_rule,
    ),
    Claim(
        id="C31",
        kind="theorem",
        places=(BRIDGE, REFINEMENT),
        statement=(
            "Iterative magnitude pruning is hard thresholding iterated. One pruning "
            "step is a hard thresholding; but its supports only shrink, while "
            "iterative hard thresholding takes back an index that it had dropped."
        ),
        numbers=supports_over_time,
        rule=supports_over_time_rule,
    ),
    Claim(
        id="C32",
        kind="theorem",
        places=(BRIDGE,),
        statement=(
            "In normal noise hard thresholding has no bias for large means but jumps "
            "at the threshold; soft thresholding has slope at most 1 and a bias as "
            "large as the threshold. So the first has less risk far out, the second at "
            "zero."
        ),
        numbers=thresholding_risks,
        rule=thresholding_risks_rule,
    ),
    Claim(
        id="C33",
        kind="theorem",
        places=(BRIDGE,),
        statement=(
            "The proximal operator of lam ||.||_2 is (1 - lam / ||v||)_+ v: a group "
            "goes as a whole if its norm is at most lam, or else shrinks by lam."
        ),
        numbers=block_shrinkage,
        rule=block_shrinkage_rule,
    ),
)
