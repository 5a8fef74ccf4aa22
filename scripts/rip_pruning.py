"""Isometry constants of matrices and layers, and what pruning does to them.

Brackets on the constants of Gaussian, DCT and convolution layers over k; what removing
each filter and each channel of a layer does; how many entries each known condition
guarantees to recover, beside where recovery really ends. Writes STEM.json.gz, all
numbers with their witnesses, and pictures STEM_brackets, STEM_pruning and
STEM_guarantees_*, each as .png and .svg.

  python scripts/rip_pruning.py
  python scripts/rip_pruning.py --preset paper --resume
  python scripts/rip_pruning.py --layer weights.npy --k 3
  python scripts/rip_pruning.py --redraw figures/rip_paper.json.gz
"""

import argparse
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import study

import sparsetheory as st
from sparsetheory.conditions.changes import Change, Measure
from sparsetheory.conditions.evidence import Evidence
from sparsetheory.conditions.isometry import IsometrySide
from sparsetheory.experiments.records import complete_records
from sparsetheory.plotting.saving import save_figure

mpl.use("Agg")

TYPES = (
    *(st.Guarantee, st.Guarantees, st.Isometry, IsometrySide, Evidence),
    *(st.PruningEffect, Measure, Change, st.TransitionCurve),
)
SOLVERS = {"basis pursuit": st.basis_pursuit, "IHT": st.iht, "OMP": st.omp}
SIZE = 64  # points per axis; constants are those of any larger layer
PRESETS: dict[str, dict[str, Any]] = {
    "quick": {"n": 64, "most": 6, "seconds": 1.0, "k": 2, "trials": 32},
    "paper": {"n": 128, "most": 14, "seconds": 20.0, "k": 4, "trials": 192},
}


def positive(text: str) -> float:
    value = float(text)
    if not 0 < value < np.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive number")
    return value


def whole(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)


def arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = study.options(__doc__, PRESETS, "rip")
    add = parser.add_argument
    add(
        "--layer",
        type=Path,
        metavar="WEIGHTS.npy",
        help="weights of a convolution layer, shape (C_out, C_in, *kernel), instead of "
        "the shipped one",
    )
    add("--k", type=whole, help="columns in the pruning study")
    add("--seconds", type=positive, help="for each constant, about")
    add("--seed", type=whole, default=0, help="(default: 0)")
    return study.arguments(parser, argv, TYPES, settings)


def settings(args: argparse.Namespace) -> dict[str, Any]:
    """Return all that the work depends on, and try the layer."""
    scale = {**PRESETS[args.preset], "seed": args.seed, "layer": "shipped"}
    weights = st.digits_filters()
    if args.layer:
        weights = np.load(args.layer, allow_pickle=False)
        scale["layer"] = args.layer.name
    if np.iscomplexobj(weights):
        raise ValueError(f"weights must be real, got {weights.dtype}")
    scale["weights"] = np.asarray(weights).tolist()
    scale |= {
        key: value
        for key in ("k", "seconds")
        if (value := getattr(args, key)) is not None
    }
    args.weights = np.asarray(weights, dtype=float)
    args.pruned = st.BlockCirculant.from_conv_layer(args.weights, SIZE)
    masks = st.pruning_masks(args.pruned)
    if not masks:
        raise ValueError(
            f"weights must have two filters or two channels to remove one "
            f"of, got shape {args.weights.shape}"
        )
    first = next(iter(masks.values()))
    st.pruning_effect(args.pruned, scale["k"], first, time_limit=1e-3)
    return scale


def tasks(args: argparse.Namespace) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Yield the name of each piece of work, and how to do it."""
    scale = args.settings
    n, seed, limit = scale["n"], scale["seed"], scale["seconds"]
    m = n // 2
    draws = {f"Gaussian {m} × {n}": st.gaussian, f"DCT {m} × {n}": st.partial_dct}
    matrices = {label: draw(m, n, rng=seed) for label, draw in draws.items()}
    out, into = args.weights.shape[:2]
    transposed = st.BlockCirculant.from_conv_layer(args.weights.swapaxes(0, 1), SIZE)
    layers = {
        f"layer {into} → {out}": args.pruned,
        f"transposed, {out} → {into}": transposed,
    }
    for label, A in (matrices | layers).items():
        for k in range(1, scale["most"] + 1):
            yield f"brackets|{label}|{k}", partial(bracket, A, k, limit)
    for name, mask in st.pruning_masks(args.pruned).items():
        yield f"pruning|{name}", partial(effect, args, mask)
    for label, draw in draws.items():
        for name, solver in SOLVERS.items():
            yield f"transition|{label}|{name}", partial(transition, solver, draw, scale)
        yield f"guarantees|{label}", partial(guarantees, args, label, matrices[label])


def bracket(A: Any, k: int, seconds: float) -> st.Isometry:
    found = st.rip_constant(A, k, normalise=True, time_limit=seconds)
    if found.interrupted:
        raise KeyboardInterrupt
    return found


def effect(args: argparse.Namespace, mask: Any) -> st.PruningEffect:
    """Return what a mask does; the layer before is searched once."""
    done = (each for name, each in args.records.items() if name.startswith("pruning|"))
    first = next(done, None)
    return st.pruning_effect(
        args.pruned,
        args.settings["k"],
        mask,
        before=first and first.before,
        time_limit=5 * args.settings["seconds"],
    )


def transition(solver: Any, draw: Any, scale: dict[str, Any]) -> st.TransitionCurve:
    """Return where a solver recovers half of all signals, with such matrices."""
    options = {key: scale[key] for key in ("n", "trials", "seed")}
    return st.transition_curve(solver, delta=[0.5], ensemble=draw, **options)


def guarantees(args: argparse.Namespace, label: str, A: Any) -> st.Guarantees:
    """Return guarantees for a matrix, beside where recovery ends on average."""
    ends = {
        name: float(args.records[f"transition|{label}|{name}"].k50[0])
        for name in SOLVERS
    }
    return st.recovery_guarantees(
        A,
        normalise=True,
        measured=ends,
        time_limit=10 * args.settings["seconds"],
    )


def figures(records: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the name of each picture, and the picture."""
    from matplotlib import pyplot as plt

    brackets: dict[str, list[st.Isometry]] = {}
    effects: dict[str, st.PruningEffect] = {}
    guaranteed: dict[str, st.Guarantees] = {}
    for name, found in records.items():
        part, label, *_ = name.split("|")
        if part == "brackets":
            brackets.setdefault(label, []).append(found)
        elif part == "pruning":
            effects[label] = found
        elif part == "guarantees":
            guaranteed[label] = found
    if brackets:
        yield "brackets", st.plot_isometry(brackets).figure
    if effects:
        k = next(iter(effects.values())).k
        yield "pruning", st.plot_pruning(st.PruningReport(k, effects, True))[0].figure
    for label, found in guaranteed.items():
        ax = st.plot_guarantees(found)
        ax.set_title(label, fontsize=10)
        yield f"guarantees_{label.split()[0].lower()}", ax.figure
    plt.close("all")


def main(argv: list[str] | None = None) -> None:
    start = time.perf_counter()
    args = arguments(argv)
    if not args.redraw:
        store = f"{args.out}.json.gz"
        complete_records(store, dict(tasks(args)), args.records, args.settings)
    paths = [] if args.redraw else [Path(f"{args.out}.json.gz")]
    for name, figure in figures(args.records):
        paths += save_figure(figure, f"{args.out}_{name}")
    for name, found in args.records.items():
        if name.startswith("guarantees"):
            print(f"{name.split('|')[1]}\n{found}\n")
    print(f"wrote {', '.join(map(str, paths))} in {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    study.run(main)
