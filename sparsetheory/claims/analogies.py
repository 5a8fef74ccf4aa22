"""Claims that liken one thing to another, or have it both ways."""

from functools import cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from sparsetheory.claims.claim import (
    D003,
    D004,
    Claim,
    Finding,
    Number,
    Numbers,
)
from sparsetheory.lottery.masks import top_mask
from sparsetheory.types import Matrix, Vector

TOPIC = "Training"
REFINEMENT = (D004, "From a Single Strike to Iterative Refinement")
DANCE = (D003, "Hypothesis 3: The Dance between Structure and Stochasticity")

DRAWS = 40
N, K = 12, 4
WELL = (1 / 4, 0.0, -1 / 2, 1 / 10, 0.0)  # coefficients, from w^4 on
STARTS = {"poor": 0.9, "good": -1.0}
BALLS = 400


def lasso_supports(A: Matrix, y: Vector) -> list[frozenset[int]]:
    """Return the supports along the path of the LASSO, from the empty one on."""
    from sklearn.linear_model import lars_path

    _, _, path = lars_path(A, y, method="lasso")
    return [frozenset(np.flatnonzero(x).tolist()) for x in path.T]


def pruned_support(A: Matrix, y: Vector, k: int) -> frozenset[int]:
    """Fit, prune the least weight, and fit again, until k are left."""
    kept = np.arange(A.shape[1])
    while kept.size > k:
        w = np.linalg.lstsq(A[:, kept], y)[0]
        kept = kept[top_mask(np.abs(w), kept.size - 1)]
    return frozenset(kept.tolist())


def drawn(seed: int, mixing: float) -> tuple[Matrix, Vector]:
    """Return a matrix with columns of a correlation, or orthonormal ones, and data."""
    m = 30
    rng = np.random.default_rng(seed)
    A = rng.standard_normal((m, N))
    if mixing:
        shared = rng.standard_normal((m, 1))
        A = np.sqrt(1 - mixing) * A + np.sqrt(mixing) * shared
        A /= np.linalg.norm(A, axis=0)
    else:
        A = np.linalg.qr(A)[0]
    x = np.where(np.arange(N) < K, rng.choice([-1.0, 1.0], N), 0)
    return A, A @ x + 0.3 * rng.standard_normal(m)


class Supports(NamedTuple):
    """Supports along the path of the LASSO, and the one that pruning ends with."""

    lasso: list[frozenset[int]]
    pruned: frozenset[int]

    @property
    def differ(self) -> bool:
        """Tell whether the first support on the path that is as large is another."""
        return next(s for s in self.lasso if len(s) == K) != self.pruned

    @property
    def drops(self) -> bool:
        """Tell whether the path loses an index."""
        return any(one - other for one, other in pairwise(self.lasso))


@cache
def supports() -> dict[str, list[Supports]]:
    """Return supports of both for many draws, by the kind of columns."""
    draws = {
        name: [drawn(seed, mixing) for seed in range(DRAWS)]
        for name, mixing in (("orthonormal", 0.0), ("correlated", 0.9))
    }
    return {
        name: [Supports(lasso_supports(A, y), pruned_support(A, y, K)) for A, y in some]
        for name, some in draws.items()
    }


def counterpart() -> dict[str, Number]:
    """Compare pruning with the LASSO, for orthonormal and for correlated columns."""
    numbers: dict[str, Number] = {"draws": DRAWS}
    for label, found in supports().items():
        numbers[f"other_support_{label}"] = sum(each.differ for each in found)
        numbers[f"path_drops_an_index_{label}"] = sum(each.drops for each in found)
    return numbers


def counterpart_rule(x: Numbers) -> Finding:
    """Ask for one support if columns are orthonormal, and whether others part them.

    And whether a path takes an index back; only one of both tells too little.
    """
    if x["other_support_orthonormal"] > 0 or x["path_drops_an_index_orthonormal"] > 0:
        return Finding.REFUTED
    parted = x["other_support_correlated"] > 0
    if parted != (x["path_drops_an_index_correlated"] > 0):
        return Finding.UNDECIDED
    return Finding.LOOSE if parted else Finding.HOLDS


@cache
def leaving(start: float, noise: float) -> int:
    """Count noisy descents in a double well that end in the other one, of 400.

    Of w^4/4 - w^2/2 + w/10, whose left minimum is the deeper one.
    """
    rng = np.random.default_rng(0)
    w = np.full(BALLS, start)
    for _ in range(2000):
        slope = w**3 - w + 0.1 + noise * rng.standard_normal(w.size)
        w = w - 0.1 * slope
    return int(np.count_nonzero(np.sign(w) != np.sign(start)))


def noise_of_descent() -> dict[str, Number]:
    """Start in the poor minimum and in the good one, with noise of several sizes."""
    return {
        f"leave_{name}_at_noise_{noise:g}": leaving(start, noise) / BALLS
        for name, start in STARTS.items()
        for noise in (0.0, 1.0, 2.0)
    }


def noise_of_descent_rule(x: Numbers) -> Finding:
    """Ask whether noise does both; then it depends on the noise which."""
    if max(x["leave_poor_at_noise_0"], x["leave_good_at_noise_0"]) > 0:
        return Finding.UNDECIDED
    escapes, expels = (x[f"leave_{name}_at_noise_2"] > 0 for name in ("poor", "good"))
    if escapes and expels:
        return Finding.LOOSE
    return Finding.HOLDS if escapes or expels else Finding.REFUTED


CLAIMS = (
    Claim(
        id="C80",
        kind="theorem",
        places=(REFINEMENT,),
        statement=(
            "Iterative magnitude pruning is the hard-thresholding counterpart of l1 "
            "regularisation. Of orthonormal columns both keep the same ones; of "
            "correlated ones they need not, and only the path of the LASSO takes back "
            "what it had let in."
        ),
        numbers=counterpart,
        rule=counterpart_rule,
    ),
    Claim(
        id="C92",
        kind="theorem",
        places=(DANCE,),
        statement=(
            "Gradient noise can carry training out of a poor minimum and can knock it "
            "out of a good one. In a double well it does both, by the same noise: "
            "without a size of noise nothing is claimed that could fail."
        ),
        numbers=noise_of_descent,
        rule=noise_of_descent_rule,
    ),
)
