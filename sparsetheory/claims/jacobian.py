"""Claims on the Jacobian of a network as a measurement matrix."""

from functools import cache
from itertools import pairwise

import numpy as np

from sparsetheory.claims.claim import D001, Claim, Finding, Number, Numbers
from sparsetheory.claims.recovery import share
from sparsetheory.experiments.jacobian import JacobianRecovery, jacobian_recovery
from sparsetheory.lottery.initial import initial_weights
from sparsetheory.lottery.network import mlp
from sparsetheory.lottery.training import train

TOPIC = "Recovery"
PHYSICS = (D001, "The Physics of Information: Pruning and Compressed Sensing")

NETWORK = mlp([8, 16, 3], activation="tanh")
SAMPLES = (10, 40, 80)
K = 4
SIZES = (0.0, 1e-3, 1e-2, 0.1, 1.0, 10.0)  # of changes, relative to the weights
TRIALS = 40


@cache
def study() -> JacobianRecovery:
    """Find sparse changes of a network's parameters from what they do to outputs."""
    rng = np.random.default_rng(0)
    return jacobian_recovery(
        *(NETWORK, initial_weights(NETWORK, 0), rng.standard_normal((400, 8))),
        samples=SAMPLES,
        k=K,
        size=SIZES,
        trials=TRIALS,
        time_limit=0.5,
    )


def measured() -> dict[str, Number]:
    """Recover 4 changed parameters of 195 by LASSO; and train, to see what changes.

    The error of linearity is the median over trials, for changes relative to the
    weights; what training changes is counted up to 95 % of its energy.
    """
    found = study()
    lasso = list(found.solvers).index("LASSO")
    error = np.median(found.linearity[:, -1, 0], axis=-1)
    counts = found.successes[lasso, :, :, 0]
    numbers: dict[str, Number] = {
        "parameters": found.n,
        "outputs_measured": int(found.m[-1]),
        "trials": found.trials,
    }
    for name, j in (("limit", 0), ("thousandth", 1), ("equal", 4)):
        numbers |= share(f"found_if_change_is_{name}", int(counts[j, -1]), found.trials)
    few = int(counts[0, 0])
    numbers |= share(f"found_from_{found.m[0]}_outputs", few, found.trials)
    for size, value in zip(SIZES[1:], error[1:], strict=True):
        numbers[f"error_of_linearity_at_{size:g}"] = float(value)
    return numbers | {"weights_that_training_changes": trained_changes()}


def trained_changes() -> float:
    """Return the share of the parameters that makes 95 % of what training changes."""
    rng = np.random.default_rng(1)
    X = rng.standard_normal((300, 8))
    y = np.argmax(X @ rng.standard_normal((8, 3)), axis=1)
    w = initial_weights(NETWORK, 0)
    energy = np.sort((train(NETWORK, w, X, y, steps=400).w - w) ** 2)[::-1]
    enough = np.searchsorted(np.cumsum(energy), 0.95 * energy.sum()) + 1
    return float(enough / energy.size)


def measured_rule(x: Numbers) -> Finding:
    """Ask for an error of first order and for recovery; then for what they assume.

    Errors must fall about tenfold with the change, and small changes be found, by the
    interval, nine times in ten. It goes without conditions if changes as large as the
    weights are found too, and training changes a tenth of the weights alone.
    """
    errors = [x[f"error_of_linearity_at_{size:g}"] for size in SIZES[1:4]]
    if not all(5 * a < b < 20 * a for a, b in pairwise(errors)):
        return Finding.REFUTED
    if x["found_if_change_is_thousandth_high"] < 0.5:
        return Finding.REFUTED
    if x["found_if_change_is_thousandth_low"] < 0.9:
        return Finding.UNDECIDED
    any_size = x["found_if_change_is_equal_low"] >= 0.9
    sparse = x["weights_that_training_changes"] <= 0.1
    return Finding.HOLDS if any_size and sparse else Finding.HOLDS_IF


CLAIMS = (
    Claim(
        id="C34",
        kind="theorem",
        places=(PHYSICS,),
        statement=(
            "A network's Jacobian measures changes of its weights: f(w + d) - f(w) is "
            "J d to first order, so that a sparse d can be recovered from outputs. "
            "Only if d is small and sparse, though, and what training changes is "
            "neither."
        ),
        numbers=measured,
        rule=measured_rule,
    ),
)
