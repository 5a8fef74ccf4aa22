"""Compute and draw phase transitions of sparse recovery.

Without options: maps of certified basis pursuit and of iterative hard thresholding, on
Gaussian matrices and on a convolution layer learned from images, and the transitions of
several solvers with intervals and theory. Writes STEM.npz, all numbers, and for each
study a picture STEM_STUDY.png and .svg.

  python scripts/phase_transition.py
  python scripts/phase_transition.py --preset paper --resume --csv
  python scripts/phase_transition.py --study noise --study groups
  python scripts/phase_transition.py --solver iht --ensemble partial-dct --n 400
  python scripts/phase_transition.py --layer weights.npy --size 14 --out figures/mine
  python scripts/phase_transition.py --engine dask --scheduler tcp://10.0.0.1:8786
  python scripts/phase_transition.py --redraw figures/paper.npz
"""

import os
import signal

# Compiled code swallows an interrupt now and then while it is being made.
signal.signal(signal.SIGINT, lambda *_: os._exit(130))

import argparse
import sys
import tempfile
import time
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import study

import sparsetheory as st
from sparsetheory.experiments import studies
from sparsetheory.experiments.engines import engine
from sparsetheory.experiments.trialstore import check_store
from sparsetheory.plotting.saving import save_figure
from sparsetheory.plotting.studies import FIGURES, plot_studies

mpl.use("Agg")


def nearly_basis_pursuit(A: Any, y: np.ndarray, k: int) -> st.Recovery:
    """LASSO with so small a penalty that it all but solves basis pursuit."""
    return st.fista(A, y, 1e-4 * float(abs(A.T @ y).max()), tol=1e-9)


# Names that are short to type, for the titles of the studies.
SOLVER_NAMES = "basis-pursuit iht htp cosamp subspace-pursuit omp amp nonnegative"
ENSEMBLE_NAMES = (
    "gaussian rademacher spherical partial-dct partial-fourier partial-hadamard "
    "circulant flat-circulant toeplitz ar1 equicorrelated random-layers"
)
SOLVERS = dict(zip(SOLVER_NAMES.split(), studies.SOLVERS, strict=True))
SOLVERS["lasso"] = "LASSO, small penalty"
ENSEMBLES = dict(zip(ENSEMBLE_NAMES.split(), studies.ENSEMBLES, strict=True))
SIGNALS = ("gaussian", "signs", "uniform", "nonnegative")
ALL = list(studies.SOLVERS)
ANY_SIZE = [
    title
    for title, draw in studies.ENSEMBLES.items()
    if not hasattr(draw, "n") and "Hadamard" not in title
]
ROWS = (0.5, 0.7, 0.85, 1, 1.15, 1.3, 1.5, 1.8)

SCALES: dict[str, dict[str, dict[str, Any]]] = {
    "quick": {
        "maps": {"n": 100, "grid": 9, "trials": 10},
        "curves": {"solvers": ALL[:2], "n": 100, "columns": 5, "trials": 32},
        "universality": {"draws": ANY_SIZE, "n": 64, "columns": 3, "trials": 32},
        "noise": {"n": 100, "levels": (0, 0.2, 0.4, 0.6, 1), "trials": 40},
        "correlation": {"n": 100, "levels": (0, 0.3, 0.6, 0.9), "trials": 40},
        "groups": {"n": 96, "sizes": (1, 4), "columns": 3, "trials": 32},
        "scaling": {"sizes": (40, 100), "delta": (0.25, 0.5), "trials": 48},
        "support": {"n": 128, "counts": (4,), "rows": ROWS, "trials": 40},
    },
    "default": {
        "maps": {"n": 200, "grid": 19, "trials": 20},
        "curves": {"solvers": [*ALL[:3], ALL[5]], "n": 200, "columns": 9, "trials": 64},
        "universality": {"draws": ANY_SIZE, "n": 100, "columns": 5, "trials": 64},
        "noise": {
            "n": 200,
            "levels": (0, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1),
            "trials": 100,
        },
        "correlation": {
            "n": 200,
            "levels": (0, 0.2, 0.4, 0.6, 0.8, 0.95),
            "trials": 100,
        },
        "groups": {"n": 200, "sizes": (1, 2, 4, 8), "columns": 5, "trials": 64},
        "scaling": {
            "sizes": (40, 100, 200),
            "delta": (0.25, 0.5, 0.9),
            "trials": 96,
        },
        "support": {"n": 256, "counts": (4, 8), "rows": ROWS, "trials": 100},
    },
    "paper": {
        "maps": {"n": 400, "grid": 39, "trials": 50},
        "curves": {"solvers": ALL, "n": 400, "columns": 19, "trials": 96},
        "universality": {
            "draws": list(studies.ENSEMBLES),
            **{"n": 256, "columns": 9, "trials": 192},
        },
        "noise": {
            "n": 400,
            "levels": (0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1),
            "trials": 400,
        },
        "correlation": {
            "n": 400,
            "levels": (0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95),
            "trials": 200,
        },
        "groups": {"n": 400, "sizes": (1, 2, 4, 8), "columns": 9, "trials": 96},
        "scaling": {
            "sizes": (100, 200, 400, 800),
            "delta": (0.1, 0.25, 0.5, 0.75, 0.9),
            "trials": 384,
        },
        "support": {"n": 512, "counts": (4, 8, 16), "rows": ROWS, "trials": 400},
    },
}
RESTARTS = 3  # of a pool of processes, one of which has died
PRESETS = {
    "quick": ["maps", "curves", "scaling"],
    "default": ["maps", "curves", "universality", "scaling"],
    "paper": list(FIGURES),
}
SMALLEST = {
    **{"n": 32, "grid": 1, "columns": 1, "trials": 16, "levels": (0.1,)},
    **{"delta": (0.5,), "counts": (2,), "rows": (1,)},
}


def whole(low: int) -> Any:
    """Return a parser of whole numbers from `low` on."""

    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = low - 1
        if value < low:
            raise argparse.ArgumentTypeError(
                f"{text!r} is not a whole number from {low} on"
            )
        return value

    return parse


def read_layer(path: Path | None, size: int) -> st.BlockCirculant:
    """Return the layer whose weights are in a .npy file, or the shipped one."""
    weight = st.digits_filters() if path is None else np.load(path, allow_pickle=False)
    return st.BlockCirculant.from_conv_layer(weight, size)


def arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add(
        "--preset",
        choices=PRESETS,
        default="default",
        help="how much to compute: seconds, a minute, or ten minutes",
    )
    add(
        "--study",
        choices=FIGURES,
        action="append",
        help="what to compute, at the preset's scale; may be repeated (default: some, "
        "or maps if an option of theirs is given)",
    )
    add(
        "--out",
        type=Path,
        metavar="STEM",
        help="where to write (default: figures/PRESET, or the stem redrawn)",
    )
    add("--csv", action="store_true", help="write tables too, STEM_*.csv")
    add("--redraw", type=Path, metavar="FILE.npz", help="draw stored results again")
    add("--seed", type=whole(0), default=0, help="(default: 0)")

    running = parser.add_argument_group("running")
    add = running.add_argument
    add(
        "--store",
        type=Path,
        metavar="FILE",
        help="keep each trial's outcome there; a run that died goes on from it",
    )
    add(
        "--resume",
        action="store_true",
        help="the same with STEM.db, which is begun if it is not there",
    )
    add("--engine", choices=("threads", "processes", "dask"), default="threads")
    add("--workers", type=whole(1), help="how many (default: one per processor)")
    add(
        "--scheduler",
        metavar="ADDRESS",
        help="of a Dask cluster (default: a cluster on this machine)",
    )

    maps = parser.add_argument_group("maps")
    add = maps.add_argument
    add(
        "--solver",
        choices=SOLVERS,
        action="append",
        help="what to map; may be repeated (default: basis-pursuit and iht)",
    )
    add(
        "--ensemble",
        choices=[*ENSEMBLES, "layer"],
        action="append",
        help="matrices to draw; may be repeated (default: gaussian and layer)",
    )
    add(
        "--layer",
        type=Path,
        metavar="WEIGHTS.npy",
        help="weights of a convolution layer, shape (C_out, C_in, *kernel), to map "
        "instead of the shipped one",
    )
    add(
        "--size",
        type=whole(1),
        default=8,
        help="points per axis of the layer's input (default: 8)",
    )
    add("--n", type=whole(2), help="columns of the other matrices")
    add("--grid", type=whole(1), help="values of delta and of rho, inside (0, 1)")
    add("--trials", type=whole(1), help="per cell")
    add("--signal", choices=SIGNALS, help="law of the nonzeros (default: gaussian)")

    args = parser.parse_args(argv)
    try:
        prepare(args)
    except (EOFError, OSError, TypeError, ValueError) as error:
        parser.error(str(error))
    return args


def prepare(args: argparse.Namespace) -> None:
    """Read and check all that the work depends on, before the work."""
    stem = args.redraw.with_suffix("") if args.redraw else Path("figures", args.preset)
    args.out = args.out or stem
    args.out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=args.out.parent):
        pass  # what can't be written shows now
    if args.redraw is not None:
        args.stored = st.load_maps(args.redraw)
        return
    if args.scheduler and args.engine != "dask":
        raise ValueError(f"--scheduler needs --engine dask, got {args.engine}")
    if args.resume and args.store is None:
        args.store = Path(f"{args.out}.db")
    if args.store is not None:
        check_store(args.store)
    given = {key: getattr(args, key) for key in ("n", "grid", "trials", "signal")}
    given = {key: value for key, value in given.items() if value is not None}
    given |= {k: v for k in ("solver", "ensemble", "layer") if (v := getattr(args, k))}
    chosen = args.study or (["maps"] if given else PRESETS[args.preset])
    if given and "maps" not in chosen:
        names = ", ".join(f"--{key}" for key in given)
        raise ValueError(f"{names} is of maps, --study asks for {', '.join(chosen)}")
    args.scales = {name: SCALES[args.preset][name] for name in dict.fromkeys(chosen)}
    if "maps" in args.scales:
        own = {k: v for k, v in given.items() if k in ("n", "grid", "trials", "signal")}
        args.scales["maps"] = args.scales["maps"] | mapped(args) | own
        n = args.scales["maps"]["n"]
        for draw in args.scales["maps"]["draws"].values():
            draw(1, getattr(draw, "n", n), 0)  # says now what it can't draw


def mapped(args: argparse.Namespace) -> dict[str, Any]:
    """Return the solvers and the ensembles of the maps."""
    known = studies.SOLVERS | {SOLVERS["lasso"]: nearly_basis_pursuit}
    solvers = [SOLVERS[name] for name in args.solver or ["basis-pursuit", "iht"]]
    chosen = args.ensemble or (["layer"] if args.layer else ["gaussian", "layer"])
    if args.layer and "layer" not in chosen:
        chosen.append("layer")
    draws: dict[str, Any] = {}
    for name in chosen:
        if name != "layer":
            draws[ENSEMBLES[name]] = studies.ENSEMBLES[ENSEMBLES[name]]
            continue
        layer = read_layer(args.layer, args.size)
        out, into = layer.filters.shape[:2]
        what = "Digits layer" if args.layer is None else args.layer.stem
        draws[f"{what}, {into} → {out} channels"] = st.random_rows(layer)
    signs = {name == SOLVERS["nonnegative"] for name in solvers}
    if True in signs and (False in signs or args.signal not in (None, "nonnegative")):
        raise ValueError("--solver nonnegative goes with --signal nonnegative, alone")
    signal = {"signal": "nonnegative"} if True in signs else {}
    return {"solvers": {n: known[n] for n in solvers}, "draws": draws} | signal


def compute(args: argparse.Namespace) -> dict[str, Any]:
    """Run the studies one after the other."""
    start = time.perf_counter()
    for name, scale in args.scales.items():
        print(f"\rcompiling for {name:12}", end="", file=sys.stderr, flush=True)
        small = {key: SMALLEST.get(key, value) for key, value in scale.items()}
        getattr(studies, name)({"workers": 1}, **small)
    print(f"\rcompiled in {time.perf_counter() - start:.1f} s     ", file=sys.stderr)
    results: dict[str, Any] = {}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    todo = list(enumerate(args.scales.items(), 1))
    for left in reversed(range(RESTARTS + 1)):
        try:
            with engine(args.engine, args.workers, args.scheduler) as options:
                run = {"seed": args.seed, "store": args.store, "progress": True}
                while todo:
                    i, (name, scale) = todo[0]
                    print(f"{name}, {i} of {len(args.scales)}", file=sys.stderr)
                    results |= getattr(studies, name)(run | options, **scale)
                    st.save_maps(f"{args.out}.npz", results)
                    del todo[0]
        except BrokenProcessPool:
            if not left:
                raise
            print("a worker died; its work goes to others", file=sys.stderr)
        else:
            break
    return results


def main(argv: list[str] | None = None) -> None:
    start = time.perf_counter()
    args = arguments(argv)
    results = args.stored if args.redraw is not None else compute(args)
    paths = [] if args.redraw else [Path(f"{args.out}.npz")]
    for name, figure in plot_studies(results).items():
        paths += save_figure(figure, f"{args.out}_{name}")
    if args.csv:
        paths += st.save_tables(args.out, results)
    for name, result in results.items():
        cells = [result.counts, result.unresolved]
        trials, unresolved = (int(np.sum(c)) for c in cells)
        print(f"{name}: {trials} trials, {unresolved} unresolved")
    print(f"wrote {', '.join(map(str, paths))} in {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    study.run(main)
