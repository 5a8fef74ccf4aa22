"""Compute and draw phase transitions of sparse recovery.

Without options: basis pursuit (certified) and iterative hard thresholding, on Gaussian
matrices and on a convolution layer learned from images. Writes the picture as STEM.png
and STEM.svg and its numbers as STEM.npz.

  python scripts/phase_transition.py
  python scripts/phase_transition.py --solver iht --ensemble partial-dct --n 400
  python scripts/phase_transition.py --layer weights.npy --size 14 --out figures/mine
  python scripts/phase_transition.py --redraw figures/phase_transition.npz
"""

import os
import signal

# Compiled code swallows an interrupt now and then while it is being made.
signal.signal(signal.SIGINT, lambda *_: os._exit(130))

import argparse
import functools
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np

import sparsetheory as st
from sparsetheory.plotting import save_figure

mpl.use("Agg")


def lasso(A: Any, y: np.ndarray, k: int) -> st.Recovery:
    """LASSO with so small a penalty that it all but solves basis pursuit."""
    return st.fista(A, y, 1e-4 * float(abs(A.T @ y).max()), tol=1e-9)


SOLVERS = {
    "basis-pursuit": st.basis_pursuit,
    "iht": functools.partial(st.iht, tol=1e-6, max_iter=500),
    "htp": st.htp,
    "cosamp": st.cosamp,
    "subspace-pursuit": st.subspace_pursuit,
    "omp": st.omp,
    "amp": st.amp,
    "lasso": lasso,
}
TITLES = {
    "basis-pursuit": "Basis pursuit, certified",
    "iht": "Iterative hard thresholding",
    "htp": "Hard thresholding pursuit",
    "cosamp": "CoSaMP",
    "subspace-pursuit": "Subspace pursuit",
    "omp": "Orthogonal matching pursuit",
    "amp": "Approximate message passing",
    "lasso": "LASSO, small penalty",
}
ENSEMBLES = {
    "gaussian": (st.gaussian, "Gaussian matrices"),
    "rademacher": (st.rademacher, "matrices of random signs"),
    "spherical": (st.spherical, "unit random columns"),
    "partial-dct": (st.partial_dct, "random rows of the DCT"),
    "partial-fourier": (st.partial_fourier, "random Fourier rows"),
    "partial-hadamard": (st.partial_hadamard, "random Hadamard rows"),
    "circulant": (st.random_circulant, "random rows of a circulant"),
    "flat-circulant": (st.flat_circulant, "rows of an orthogonal circulant"),
    "toeplitz": (st.random_toeplitz, "random Toeplitz matrices"),
    "ar1": (st.gaussian_ar1, "columns correlated like .5^lag"),
    "equicorrelated": (st.gaussian_equicorrelated, "columns of correlation .5"),
}
SIGNALS = ("gaussian", "signs", "uniform", "nonnegative")


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
    parser.add_argument(
        "--solver",
        choices=SOLVERS,
        action="append",
        help="what to map; may be repeated (default: basis-pursuit and iht)",
    )
    parser.add_argument(
        "--ensemble",
        choices=[*ENSEMBLES, "layer"],
        action="append",
        help="matrices to draw; may be repeated (default: gaussian and layer)",
    )
    parser.add_argument(
        "--layer",
        type=Path,
        metavar="WEIGHTS.npy",
        help="weights of a convolution layer, shape (C_out, C_in, *kernel), to map "
        "instead of the shipped one",
    )
    parser.add_argument(
        "--size",
        type=whole(1),
        default=8,
        help="points per axis of the layer's input (default: 8)",
    )
    parser.add_argument(
        "--n",
        type=whole(2),
        default=200,
        help="columns of the other matrices (default: 200)",
    )
    parser.add_argument(
        "--grid",
        type=whole(1),
        default=19,
        help="values of delta and of rho, inside (0, 1) (default: 19)",
    )
    parser.add_argument(
        "--trials", type=whole(1), default=25, help="per cell (default: 25)"
    )
    parser.add_argument(
        "--signal",
        choices=SIGNALS,
        default="gaussian",
        help="law of the nonzeros (default: gaussian)",
    )
    parser.add_argument("--seed", type=whole(0), default=0, help="(default: 0)")
    parser.add_argument(
        "--workers", type=whole(1), help="threads (default: one per processor)"
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("figures/phase_transition"),
        metavar="STEM",
        help="where to write (default: figures/phase_transition)",
    )
    parser.add_argument(
        "--store",
        type=Path,
        metavar="FILE",
        help="keep each trial's outcome there; a run that died goes on from it",
    )
    parser.add_argument(
        "--redraw", type=Path, metavar="FILE.npz", help="draw stored maps again"
    )
    args = parser.parse_args(argv)
    try:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=args.out.parent):
            pass  # what can't be written shows before the work, not after
        if args.redraw is not None:
            args.stored = st.load_maps(args.redraw)
            return args
        chosen = args.ensemble or (["layer"] if args.layer else ["gaussian", "layer"])
        if args.layer and "layer" not in chosen:
            chosen.append("layer")
        args.ensemble = [ENSEMBLES[name] for name in chosen if name != "layer"]
        if "layer" in chosen:
            layer = read_layer(args.layer, args.size)
            out, into = layer.filters.shape[:2]
            what = "Digits layer" if args.layer is None else args.layer.stem
            title = f"{what}, {into} → {out} channels"
            args.ensemble.append((st.random_rows(layer), title))
        for draw, _ in args.ensemble:  # say now what it can't draw
            draw(1, getattr(draw, "n", args.n), 0)
        args.solver = list(dict.fromkeys(args.solver or ["basis-pursuit", "iht"]))
    except (EOFError, OSError, TypeError, ValueError) as error:
        parser.error(str(error))
    return args


def compute(args: argparse.Namespace) -> dict[str, st.PhaseMap]:
    print("compiling", end=" ", file=sys.stderr, flush=True)
    start = time.perf_counter()
    for draw, _ in args.ensemble:
        for solver in args.solver:
            problem = {"delta": 0.02, "rho": 0.5, "trials": 1, "ensemble": draw}
            n = getattr(draw, "n", args.n)
            st.phase_transition(SOLVERS[solver], n=n, workers=1, **problem)
    print(f"took {time.perf_counter() - start:.1f} s", file=sys.stderr)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    ticks = np.arange(1, args.grid + 1) / (args.grid + 1)
    maps = {}
    for draw, name in args.ensemble:
        for solver in args.solver:
            own = getattr(draw, "n", None)
            title = f"{TITLES[solver]}\n{name}, n = {own or args.n}"
            maps[title] = st.phase_transition(
                SOLVERS[solver],
                n=own or args.n,
                delta=ticks,
                rho=ticks,
                trials=args.trials,
                ensemble=draw,
                signal=args.signal,
                seed=args.seed,
                workers=args.workers,
                progress=True,
                store=args.store,
            )
    return maps


def main(argv: list[str] | None = None) -> None:
    start = time.perf_counter()
    args = arguments(argv)
    maps = args.stored if args.redraw is not None else compute(args)
    paths = [] if args.redraw else [st.save_maps(f"{args.out}.npz", maps)]
    paths += save_figure(st.plot_phase_maps(maps, columns=2), args.out)
    for title, result in maps.items():
        unresolved = int(result.unresolved.sum())
        name = title.replace("\n", ", ")
        print(f"{name}: {int(result.counts.sum())} trials, {unresolved} unresolved")
    print(f"wrote {', '.join(map(str, paths))} in {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
    except (OSError, ValueError) as error:  # of the store or the disk, while running
        print(f"phase_transition.py: error: {error}", file=sys.stderr)
        sys.exit(1)
