"""Ways to get a sparse network: the ticket, its controls and its rivals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, TypeAlias

import numpy as np

from sparsetheory.experiments.bench import Array, Flags, LotteryBench
from sparsetheory.lottery.controls import reinitialised, shuffled_mask
from sparsetheory.lottery.dynamic import dynamic_sparse_training, edge_popup
from sparsetheory.lottery.iterative import (
    PruningRounds,
    keep_largest,
    prunable_parts,
)
from sparsetheory.lottery.saliency import (
    grasp_saliency,
    magnitude_saliency,
    snip_saliency,
    synflow_saliency,
)

FLOW_ROUNDS = 100  # of SynFlow


@dataclass(frozen=True, eq=False)
class Case:
    """A ticket that an arm is to be compared with.

    Attributes
    ----------
    bench : LotteryBench
    mask : ndarray of bool, shape (seeds, n)
        Of iterative magnitude pruning with rewinding to the start.
    dense : ndarray, shape (seeds, n)
        Trained weights of the dense networks.
    rng : list of Generator
        Of this arm at this density, one for each seed.
    """

    bench: LotteryBench
    mask: Flags
    dense: Array
    rng: list[np.random.Generator]

    def train(self, mask: Flags, w: Array | None = None) -> Array:
        """Train with a mask, from the initial weights or from others."""
        return self.bench.train(self.bench.w0 if w is None else w, mask)

    def largest(self, scores: Array) -> Flags:
        """Return masks with the largest scores, as many weights as in the ticket."""
        network = self.bench.network
        parts = prunable_parts(network.n, network.weights, None)
        kept = [int(np.count_nonzero(self.mask[0, part])) for part in parts]
        return keep_largest(scores, parts, kept, np.ones_like(self.mask))

    def shuffled(self, *, by_layer: bool) -> Flags:
        """Return the ticket's mask at random, with the counts of its layers or not."""
        network = self.bench.network
        layers = network.layer if by_layer else None
        return shuffled_mask(
            self.mask, self.rng, prunable=network.weights, layers=layers
        )


def draw_case(bench: LotteryBench, tickets: PruningRounds, end: int, name: str) -> Case:
    """Return the case of tickets after so many rounds, with the streams of an arm."""
    draws = [np.random.default_rng((s, end, *name.encode())) for s in bench.seeds]
    return Case(bench, tickets.masks[end], tickets.weights[0], draws)


Arm: TypeAlias = Callable[[Case], Array]
"""Returns trained weights, shape (seeds, n)."""


def _ticket(case: Case) -> Array:
    return case.train(case.mask)


def _other_weights(case: Case, **options: Any) -> Array:
    bench = case.bench
    w = reinitialised(bench.network, bench.w0, case.mask, bench.fresh, **options)
    return case.train(case.mask, w)


def _other_seed(case: Case) -> Array:
    if len(case.mask) < 2:
        raise ValueError("seeds must number two at least for the arm other seed")
    return case.train(np.roll(case.mask, 1, axis=0))


def _shuffled(case: Case, *, by_layer: bool) -> Array:
    return case.train(case.shuffled(by_layer=by_layer))


def _magnitude_at_start(case: Case) -> Array:
    return case.train(case.largest(magnitude_saliency(case.bench.w0)))


def _one_shot(case: Case) -> Array:
    return case.train(case.largest(magnitude_saliency(case.dense)))


def _one_shot_tuned(case: Case) -> Array:
    return case.train(case.largest(magnitude_saliency(case.dense)), case.dense)


def _snip(case: Case) -> Array:
    return case.train(case.largest(snip_saliency(case.bench.w0, case.bench.gradient)))


def _grasp(case: Case, *, convention: Literal["paper", "reversed"]) -> Array:
    bench = case.bench
    weights = bench.network.weights

    def grad(w: Array) -> Array:
        return np.where(weights, bench.gradient(w), 0)

    scores = grasp_saliency(bench.w0, grad, bench.hvp, convention=convention)
    return case.train(case.largest(scores))


def _synflow(case: Case) -> Array:
    bench = case.bench
    network, weights = bench.network, bench.network.weights
    ones = np.ones((1, network.inputs)), np.ones((1, network.classes))

    def grad(a: Array) -> Array:
        return network.vjp(a, ones[1], ones[0])

    parts = prunable_parts(network.n, weights, None)
    share = case.mask[0, parts[0]].mean()
    mask = np.ones_like(case.mask)
    for i in range(1, FLOW_ROUNDS + 1):
        w = np.where(mask, bench.w0.astype(np.float64), 0)
        count = round(share ** (i / FLOW_ROUNDS) * parts[0].size)
        mask = keep_largest(synflow_saliency(w, grad), parts, [count], mask)
    return case.train(mask)


def _moving(case: Case, *, by_gradient: bool) -> Array:
    bench = case.bench
    return dynamic_sparse_training(
        bench.train,
        bench.w0,
        case.shuffled(by_layer=True),
        steps=bench.steps,
        every=max(1, bench.steps // 20),
        grad=bench.step_gradient if by_gradient else None,
        rng=case.rng,
        prunable=bench.network.weights,
        layers=bench.network.layer,
    ).w


def _frozen(case: Case) -> Array:
    bench = case.bench
    return edge_popup(
        bench.step_gradient,
        bench.w0,
        density=float(case.mask[0, bench.network.weights].mean()),
        steps=bench.steps,
        rng=case.rng,
        prunable=bench.network.weights,
        layers=bench.network.layer,
    ).w


ARMS: Mapping[str, Arm] = {
    "ticket": _ticket,
    "signs kept, one magnitude": partial(_other_weights, keep="signs_alone"),
    "signs kept": partial(_other_weights, keep="signs"),
    "magnitudes kept": partial(_other_weights, keep="magnitudes"),
    "re-initialised": _other_weights,
    "re-initialised, fan-in": partial(_other_weights, scale="fan_in"),
    "re-initialised, rms": partial(_other_weights, scale="rms"),
    "mask of another seed": _other_seed,
    "one-shot": _one_shot,
    "one-shot, fine-tuned": _one_shot_tuned,
    "SNIP": _snip,
    "GraSP": partial(_grasp, convention="paper"),
    "GraSP, reversed": partial(_grasp, convention="reversed"),
    "SynFlow": _synflow,
    "magnitude at the start": _magnitude_at_start,
    "shuffled in layers": partial(_shuffled, by_layer=True),
    "random": partial(_shuffled, by_layer=False),
    "SET": partial(_moving, by_gradient=False),
    "RigL": partial(_moving, by_gradient=True),
    "edge-popup, weights frozen": _frozen,
}
"""Ways to get a sparse network, all with as many weights as the ticket."""
