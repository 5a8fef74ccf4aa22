"""Claims on what pruning does to guarantees of recovery."""

from itertools import combinations

import numpy as np

from sparsetheory.claims.claim import D001, Claim, Finding, Number, Numbers, holds
from sparsetheory.conditions.changes import Change
from sparsetheory.conditions.pruning import PruningEffect, pruning_report
from sparsetheory.operators import BlockCirculant
from sparsetheory.pruned import without_channels, without_filters
from sparsetheory.types import Matrix

TOPIC = "Recovery"
PHYSICS = (D001, "The Physics of Information: Pruning and Compressed Sensing")
CLOSE = 1e-9


def filters_removed() -> dict[str, Number]:
    """Remove each filter and each channel of small layers, and compare constants.

    The layers have 3 filters of 3 taps on 2 channels of 6 points, so that all supports
    can be listed.
    """
    k, layers, size = 3, 20, 6
    kinds = ("raw", "normalised", "scaled")
    matrix_error = constant_error = channel_excess = 0.0
    risen, fallen = dict.fromkeys(kinds, 0), dict.fromkeys(kinds, 0)
    for seed in range(layers):
        taps = np.random.default_rng(seed).standard_normal((3, 2, 3)) / 3
        layer = BlockCirculant(taps, size)
        matrix = _blocks_of_circulants(taps, size)
        matrix_error = max(matrix_error, float(np.abs(matrix - layer.to_dense()).max()))
        for name, effect in pruning_report(layer, k).effects.items():
            kind, number = name.split()
            part = without_filters if kind == "filter" else without_channels
            listed = _listed(part(layer, [int(number)]).to_dense(), k)
            error = max(
                _distance(effect, "before", _listed(matrix, k)),
                _distance(effect, "after", listed),
            )
            constant_error = max(constant_error, error)
            for measure in kinds:
                found = getattr(effect, measure)
                if kind == "channel":
                    rise = found.after[1] - found.before[0]
                    channel_excess = max(channel_excess, rise)
                else:
                    risen[measure] += found.change is Change.HURTS
                    fallen[measure] += found.change is Change.HELPS
    return {
        "layers": layers,
        "filters_removed": 3 * layers,
        "matrix_error": matrix_error,
        "constant_error": constant_error,
        "channel_excess": channel_excess,
        **{f"risen_{measure}": count for measure, count in risen.items()},
        **{f"fallen_{measure}": count for measure, count in fallen.items()},
    }


def _blocks_of_circulants(taps: Matrix, size: int) -> Matrix:
    """Return the matrix of a layer by shifting its filters."""
    columns = np.zeros((*taps.shape[:2], size))
    columns[..., : taps.shape[2]] = taps
    shifted = np.stack([np.roll(columns, i, axis=2) for i in range(size)], axis=3)
    matrix: Matrix = shifted.transpose(0, 2, 1, 3).reshape(len(taps) * size, -1)
    return matrix


def _listed(A: Matrix, k: int) -> tuple[float, float, float]:
    """Return the raw, normalised and scaled constants from all supports."""
    ends = []
    for B in (A, A / np.linalg.norm(A, axis=0)):
        S = np.array(list(combinations(range(B.shape[1]), k)))
        values = np.linalg.svd(np.moveaxis(B[:, S], 1, 0), compute_uv=False) ** 2
        ends.append((float(values.min()), float(values.max())))
    (a, b), (c, d) = ends
    return max(1 - a, b - 1), max(1 - c, d - 1), (b - a) / (b + a)


def _distance(
    effect: PruningEffect, when: str, listed: tuple[float, float, float]
) -> float:
    found = (effect.raw, effect.normalised, effect.scaled)
    ends = np.array([getattr(measure, when) for measure in found])
    return float(np.abs(ends.T - listed).max())


def filters_removed_rule(x: Numbers) -> Finding:
    """Ask for exact constants, none that rises with channels, some that do otherwise.

    Counts of filters are of the constants of the layer as it is.
    """
    errors = ("matrix_error", "constant_error", "channel_excess")
    exact = all(x[name] <= CLOSE for name in errors)
    return holds(exact and x["risen_raw"] > 0 and x["fallen_raw"] > 0)


CLAIMS = (
    Claim(
        id="C37",
        kind="theorem",
        places=(PHYSICS,),
        statement=(
            "A convolution layer is a matrix of circulant blocks, and how pruning its "
            "filters affects its restricted isometry constants can be calculated, "
            "exactly where a search over supports ends: without an input channel none "
            "rises, without a filter they rise or fall."
        ),
        numbers=filters_removed,
        rule=filters_removed_rule,
    ),
)
