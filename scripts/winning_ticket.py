"""Lottery tickets: how likely they are, which weights they keep, what they can do.

The probability that random weights are large just where they should be, by counts and,
where it is too small to count, by splitting; errors of the best subset of random
weights; which weights saliencies keep in a network for images of digits, and its loss
without the others; eigenvalues of its Hessian on masks along training; sparse changes
of its parameters, found by its Jacobian. Writes STEM.json.gz, all numbers, and pictures
STEM_threshold, STEM_sparsity, STEM_subset, STEM_overlap_*, STEM_loss, STEM_spectra and
STEM_jacobian, each as .png and .svg.

  python scripts/winning_ticket.py
  python scripts/winning_ticket.py --preset paper --resume
  python scripts/winning_ticket.py --redraw figures/ticket_paper.json.gz
"""

import argparse
import time
from collections.abc import Callable, Iterator
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import study
from sklearn.datasets import load_digits

import sparsetheory as st
from sparsetheory.conditions.evidence import Evidence
from sparsetheory.conditions.isometry import IsometrySide
from sparsetheory.experiments.records import complete_records
from sparsetheory.plotting.saving import save_figure

mpl.use("Agg")

TYPES = (
    *(st.TicketTrials, st.TicketEstimate, st.SubsetSumTrials, st.SaliencyComparison),
    *(st.HessianSpectra, st.JacobianRecovery, st.Coherence, st.Isometry),
    *(IsometrySide, Evidence),
)
PRESETS: dict[str, dict[str, Any]] = {
    "quick": {
        "ticket": [12, 3],
        "trials": 200_000,
        "n": 120,
        "cells": 13,
        "repeats": 40,
        "subset": [24, 100],
        "hidden": 8,
        "samples": 500,
        "steps": [0, 20, 100, 400],
        "rows": [5, 15, 40],
        "k": [3, 10],
        "changes": 10,
        "seconds": 1.0,
    },
    "paper": {
        "ticket": [20, 5],
        "trials": 20_000_000,
        "n": 1000,
        "cells": 21,
        "repeats": 100,
        "subset": [32, 400],
        "hidden": 16,
        "samples": 1000,
        "steps": [0, 4, 20, 80, 400, 2000],
        "rows": [5, 10, 20, 40, 80],
        "k": [3, 10, 30],
        "changes": 40,
        "seconds": 10.0,
    },
}
DENSITIES = [0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 1.0]
OVERLAP = 0.2  # share of the weights kept where masks are compared
MASKS = {
    "magnitude, 50 % of weights": ("magnitude", 0.5),
    "magnitude, 10 % of weights": ("magnitude", 0.1),
    "random, 10 % of weights": ("random", 0.1),
}
SIZES = [0.0, 1e-3, 1e-2, 1e-1]  # of planted changes, relative to the parameters


def arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = study.options(__doc__, PRESETS, "ticket")
    parser.add_argument("--seed", type=int, default=0, help="(default: 0)")
    return study.arguments(parser, argv, TYPES, settings)


def settings(args: argparse.Namespace) -> dict[str, Any]:
    """Return all that the work depends on."""
    if args.seed < 0:
        raise ValueError(f"--seed must not be negative, got {args.seed}")
    return {**PRESETS[args.preset], "seed": args.seed}


class Digits:
    """A network for images of digits, before and after training."""

    def __init__(self, scale: dict[str, Any]) -> None:
        self.steps, self.seed = max(scale["steps"]), scale["seed"]
        X, y = load_digits(return_X_y=True)
        chosen = np.random.default_rng(self.seed).permutation(len(X))
        chosen = chosen[: scale["samples"]]
        self.X, self.y = X[chosen] / 16.0, y[chosen]
        self.network = st.mlp([X.shape[1], scale["hidden"], 10])
        self.initial = st.initial_weights(self.network, self.seed)

    @cached_property
    def trained(self) -> Any:
        """Parameters after all steps."""
        data = self.X, self.y
        options = {"steps": self.steps, "seed": self.seed}
        return st.train(self.network, self.initial, *data, **options).w

    def saliencies(self, when: str) -> st.SaliencyComparison:
        """Compare saliencies before or after training."""
        w = getattr(self, when)
        options = {"density": DENSITIES, "seed": self.seed}
        return st.saliency_comparison(self.network, w, self.X, self.y, **options)

    def masks(self) -> dict[str, Any]:
        """Return masks by name; all biases stay."""
        on = self.network.weights
        scores = {
            "magnitude": st.magnitude_saliency(self.trained),
            "random": st.random_saliency(self.trained, self.seed),
        }
        count = int(on.sum())
        return {"all": np.ones(on.size, dtype=bool)} | {
            name: ~on
            | st.top_mask(scores[kind], st.mask_budget(count, density), within=on)
            for name, (kind, density) in MASKS.items()
        }


def tasks(scale: dict[str, Any]) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Yield the name of each piece of work, and how to do it."""
    seed, repeats = {"seed": scale["seed"]}, scale["repeats"]
    n, k = scale["ticket"]
    best = float(st.optimal_threshold(n, k))
    thresholds, trials = best * np.linspace(0.4, 1.8, 15), scale["trials"]
    yield (
        "threshold",
        partial(st.ticket_trials, n, k, thresholds, trials=trials, **seed),
    )
    size = scale["n"]
    for k in np.unique(np.linspace(1, size - 1, scale["cells"]).astype(int)).tolist():
        rare = partial(st.rare_ticket_probability, size, k, repeats=repeats, **seed)
        yield f"sparsity|{k}", rare
    most, trials = scale["subset"]
    sizes = range(2, most + 1, 2)
    yield "subset", partial(st.subset_sum_trials, sizes, trials=trials, **seed)
    digits = Digits(scale)
    for when in ("initial", "trained"):
        yield f"saliencies|{when}", partial(digits.saliencies, when)
    yield "spectra", partial(spectra, digits, scale)
    yield "jacobian", partial(recovery, digits, scale)


def spectra(digits: Digits, scale: dict[str, Any]) -> st.HessianSpectra:
    """Return spectra along training, from the initial weights on each mask."""
    return st.hessian_spectra(
        *(digits.network, digits.initial, digits.X, digits.y, digits.masks()),
        steps=scale["steps"],
        seed=scale["seed"],
    )


def recovery(digits: Digits, scale: dict[str, Any]) -> st.JacobianRecovery:
    """Return how often sparse changes of the trained network are found."""
    return st.jacobian_recovery(
        *(digits.network, digits.trained, digits.X),
        samples=scale["rows"],
        k=scale["k"],
        size=SIZES,
        trials=scale["changes"],
        time_limit=scale["seconds"],
        seed=scale["seed"],
    )


def figures(records: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the name of each picture, and the picture."""
    from matplotlib import pyplot as plt

    drawn = {
        "threshold": st.plot_ticket_probability,
        "subset": st.plot_subset_sum,
        "spectra": lambda found: st.plot_spectra(found)[0],
        "jacobian": lambda found: st.plot_jacobian_recovery(found)[0],
    }
    sparsity = []
    for name, found in records.items():
        part, *label = name.split("|")
        if part == "sparsity":
            sparsity.append(found)
        elif part == "saliencies":
            count = next(iter(found.scores.values())).size
            ax = st.plot_saliencies(found.scores, st.mask_budget(count, OVERLAP))
            ax.set_title(f"{label[0]} weights: {ax.get_title()}", fontsize=10)
            yield f"overlap_{label[0]}", ax.figure
            if label[0] == "trained":
                yield "loss", st.plot_saliency_loss(found)[0].figure
        else:
            yield part, drawn[part](found).figure
    if sparsity:
        yield "sparsity", st.plot_ticket_sparsity(sparsity).figure
    plt.close("all")


def main(argv: list[str] | None = None) -> None:
    start = time.perf_counter()
    args = arguments(argv)
    paths = []
    if not args.redraw:
        paths.append(Path(f"{args.out}.json.gz"))
        complete_records(
            paths[0], dict(tasks(args.settings)), args.records, args.settings
        )
    for name, figure in figures(args.records):
        paths += save_figure(figure, f"{args.out}_{name}")
    print(f"wrote {', '.join(map(str, paths))} in {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    study.run(main)
