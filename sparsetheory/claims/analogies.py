"""Claims that liken one thing to another, or have it both ways."""

from itertools import pairwise

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
K = 4


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


def counterpart() -> dict[str, Number]:
    """Compare pruning with the LASSO, for orthonormal and for correlated columns."""
    m, n = 30, 12
    numbers: dict[str, Number] = {"draws": DRAWS}
    for label, mixing in (("orthonormal", 0.0), ("correlated", 0.9)):
        differ = returns = 0
        for seed in range(DRAWS):
            rng = np.random.default_rng(seed)
            A = rng.standard_normal((m, n))
            if mixing:
                shared = rng.standard_normal((m, 1))
                A = np.sqrt(1 - mixing) * A + np.sqrt(mixing) * shared
                A /= np.linalg.norm(A, axis=0)
            else:
                A = np.linalg.qr(A)[0]
            x = np.where(np.arange(n) < K, rng.choice([-1.0, 1.0], n), 0)
            y = A @ x + 0.3 * rng.standard_normal(m)
            supports = lasso_supports(A, y)
            first = next(s for s in supports if len(s) == K)
            differ += first != pruned_support(A, y, K)
            returns += any(one - other for one, other in pairwise(supports))
        numbers[f"other_support_{label}"] = differ
        numbers[f"path_drops_an_index_{label}"] = returns
    return numbers


def counterpart_rule(x: Numbers) -> Finding:
    """Ask for one support if columns are orthonormal, and whether others part them."""
    if x["other_support_orthonormal"] > 0 or x["path_drops_an_index_orthonormal"] > 0:
        return Finding.REFUTED
    return Finding.LOOSE if x["other_support_correlated"] > 0 else Finding.HOLDS


def descent(start: float, noise: float) -> float:
    """Return the share of noisy descents in a double well that end in the other one.

    Of w^4/4 - w^2/2 + w/10, whose left minimum is the deeper one.
    """
    rng = np.random.default_rng(0)
    w = np.full(400, start)
    for _ in range(2000):
        slope = w**3 - w + 0.1 + noise * rng.standard_normal(w.size)
        w = w - 0.1 * slope
    return float(np.mean(np.sign(w) != np.sign(start)))


def noise_of_descent() -> dict[str, Number]:
    """Start in the poor minimum and in the good one, with noise of several sizes."""
    return {
        f"leave_{name}_at_noise_{noise:g}": descent(start, noise)
        for name, start in (("poor", 0.9), ("good", -1.0))
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
