"""Claims on coherence and the irrepresentable condition."""

import numpy as np

from sparsetheory.claims.claim import D001, Claim, Finding, Number, Numbers
from sparsetheory.conditions.coefficient import exact_recovery_coefficient
from sparsetheory.conditions.coherence import mutual_coherence
from sparsetheory.solvers.proximal import fista
from sparsetheory.types import Matrix, Vector

LEARNING = (
    D001,
    "The Science of Learning: Why Sparse Models Generalize Better",
)
CLOSE = 1e-9
TIE = 0.01  # designs nearer to one are not counted
PENALTIES = (1e-4, 1e-2, 0.3)  # of the least that gives zero


def selection() -> dict[str, Number]:
    """Compare both conditions with supports that the LASSO finds without noise.

    Random designs; and two with correlations of one size, the worst signs and all plus,
    whose coefficients are known.
    """
    m, n, s = 24, 20, 3
    below = above = found_below = found_above = coherent = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        A = rng.standard_normal((m, n))
        A /= np.linalg.norm(A, axis=0)
        coherent += mutual_coherence(A).value < 1 / (2 * s - 1)
        x = np.zeros(n)
        x[rng.choice(n, s, replace=False)] = rng.choice([-1.0, 1.0], s)
        value = irrepresentable(A, x)
        if abs(value - 1) < TIE:
            continue
        signs = [found_signs(A, x, share) for share in PENALTIES]
        if value < 1:
            below += 1
            found_below += signs[0]
        else:
            above += 1
            found_above += any(signs)
    edge, far = 1 / (2 * s - 1), 0.9
    steps = (edge - 0.01, edge, edge + 0.01)
    worst = [coefficient(worst_design(s, rho)) for rho in steps]
    formula = [s * rho / (1 - (s - 1) * rho) for rho in steps]
    plus = coefficient(equal_design(s, far))
    error = [abs(plus - s * far / (1 + (s - 1) * far))]
    error += [abs(a - b) for a, b in zip(worst, formula, strict=True)]
    return {
        "designs": 100,
        "below": below,
        "found_below": found_below,
        "above": above,
        "found_above": found_above,
        "coherent": coherent,
        "coefficient_error": max(error),
        "coefficient_below_the_edge": worst[0],
        "coefficient_above_the_edge": worst[2],
        "coefficient_far_above_the_edge": plus,
    }


def irrepresentable(A: Matrix, x: Vector) -> float:
    """Return the largest correlation, off the support, with the least dual vector."""
    on = x != 0
    dual = A[:, on] @ np.linalg.solve(A[:, on].T @ A[:, on], np.sign(x[on]))
    return float(np.abs(A[:, ~on].T @ dual).max())


def found_signs(A: Matrix, x: Vector, share: float) -> bool:
    """Return whether the LASSO has the signs of x, at a share of the top penalty."""
    y = A @ x
    lam = share * float(np.abs(A.T @ y).max())
    found = fista(A, y, lam, tol=1e-12, max_iter=100_000).x
    found[np.abs(found) < 1e-7] = 0.0
    return bool((np.sign(found) == np.sign(x)).all())


def worst_design(s: int, rho: float) -> Matrix:
    """Return s columns of correlation -rho, and one of correlation rho with each."""
    G = np.full((s + 1, s + 1), -rho)
    G[s], G[:, s] = rho, rho
    np.fill_diagonal(G, 1.0)
    return np.asarray(np.linalg.cholesky(G).T)


def equal_design(s: int, rho: float) -> Matrix:
    """Return s + 1 columns of correlation rho."""
    G = np.full((s + 1, s + 1), rho)
    np.fill_diagonal(G, 1.0)
    return np.asarray(np.linalg.cholesky(G).T)


def coefficient(A: Matrix) -> float:
    """Return Tropp's coefficient of all columns but the last."""
    return exact_recovery_coefficient(A, np.arange(A.shape[1] - 1))


def selection_rule(x: Numbers) -> Finding:
    """Ask for the support below one and never above, and for a coherence that is sharp.

    And that the coherence condition is far from necessary: met by no design, or not by
    one whose supports are all found.
    """
    exact = x["coefficient_error"] <= CLOSE
    sharp = x["coefficient_below_the_edge"] < 1 < x["coefficient_above_the_edge"]
    if not (exact and sharp and x["found_below"] == x["below"]):
        return Finding.REFUTED
    if x["found_above"] > 0 or x["below"] == 0 or x["above"] == 0:
        return Finding.UNDECIDED
    strict = x["coherent"] < x["found_below"]
    far = x["coefficient_far_above_the_edge"] < 1
    return Finding.HOLDS_IF if strict and far else Finding.HOLDS


CLAIMS = (
    Claim(
        id="C45",
        kind="theorem",
        places=(LEARNING,),
        statement=(
            "The irrepresentable condition ensures that the LASSO identifies the "
            "correct sparse model, without noise and at a small penalty; where it is "
            "violated no penalty does. A coherence below 1/(2s - 1) ensures it for all "
            "supports of s features; that is sharp for the worst signs of correlations "
            "and far from necessary for others."
        ),
        numbers=selection,
        rule=selection_rule,
    ),
)
