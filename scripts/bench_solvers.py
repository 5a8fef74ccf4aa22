"""Time the LASSO and the group LASSO against other packages, to the same gap.

python scripts/bench_solvers.py
python scripts/bench_solvers.py --preset paper
python scripts/bench_solvers.py --only group --rivals adelie celer

Each solver gets the loosest of its own tolerances with which the duality gap of what it
returns, measured here and alike for all, is at most 1e-6 and 1e-9 of ||y||^2 / 2. Then
ours and a rival run in turns on one problem after the other; a ratio is the median over
those pairs of the rival's time to ours. One thread, processor time, compiled before;
what the first call in a fresh process takes is measured apart.

Rivals come with pip install '.[bench]', but for adelie, which pins an old NumPy and
works with a new one: pip install --no-deps adelie. A missing one is named and skipped.
Writes figures/solvers_PRESET.csv, two tables beside it, and a picture of the ratios.
"""

import os

for _name in ("OMP", "OPENBLAS", "MKL", "NUMBA"):
    os.environ[f"{_name}_NUM_THREADS"] = "1"

import argparse
import contextlib
import io
import logging
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from solver_rivals import CLOSE, GROUP, LASSO, Problem, ours, rivals_of

import sparsetheory as st
from sparsetheory.experiments.environment import hardware, versions
from sparsetheory.experiments.files import write_table
from sparsetheory.plotting.saving import save_figure

GAPS = (1e-6, 1e-9)
OVER = (10, 100)
NOISE = 0.05


# Problems


def _data(A: np.ndarray, k: int, size: int, rng: np.random.Generator) -> np.ndarray:
    n = A.shape[1]
    x = np.zeros(n)
    width = size or 1
    for g in rng.choice(n // width, max(4 if size else 1, k // width), replace=False):
        x[g * width : (g + 1) * width] = rng.standard_normal(width)
    b, e = A @ x, rng.standard_normal(len(A))
    return b + NOISE * np.linalg.norm(b) / np.linalg.norm(e) * e


def design(name: str, size: int, rng: np.random.Generator) -> tuple[Any, int, Any]:
    """Return a matrix, a number of nonzeros, and the layer that it stands for."""
    if name.startswith("layer"):
        taps = int(name.split()[1])
        filters = rng.standard_normal((4, 8, taps))
        filters /= np.sqrt((filters**2).sum(axis=(0, 2), keepdims=True))
        layer = st.BlockCirculant(filters, 256)
        return layer.to_dense(), 50, layer
    m, n, k = (2000, 10_000, 100) if name == "gaussian large" else (500, 2000, 50)
    n = n // 32 * 32 + (32 if n == 2000 else 0) if size else n
    if name == "AR(1) 0.9":
        return st.gaussian_ar1(m, n, rng, correlation=0.9), k, None
    return st.gaussian(m, n, rng), k, None


def problems(names: list[str], sizes: list[int], seed: int) -> Iterator[Problem]:
    for size in sizes:
        for name in names:
            if size and name.startswith("layer"):
                continue
            rng = np.random.default_rng(seed)
            A, k, layer = design(name, size, rng)
            A = np.asfortranarray(A)
            y = _data(A, k, size, rng)
            label = f"{name}, groups of {size}" if size else name
            for over in OVER:
                yield Problem(label, A, y, over, size, layer)


def present(packages: list[str]) -> list[str]:
    """Return which packages can be imported, and name the others."""
    found = []
    for package in packages:
        try:
            import_module(package)
            found.append(package)
        except ImportError as error:
            print(f"{package} is skipped: {error}")
    return found


# Times


def timed(solve: Callable[..., Any], p: Problem, tol: float) -> tuple[float, Any]:
    """Return the processor time of a call, and its result."""
    with contextlib.redirect_stdout(io.StringIO()):
        start = time.process_time()
        x = solve(p, tol)
        return time.process_time() - start, x


def tolerances(
    solve: Callable[..., Any], ladder: list[float], p: Problem, limit: float
) -> dict[float, tuple[float, float]]:
    """Return for each gap the loosest tolerance that meets it, and the gap it gives."""
    met: dict[float, tuple[float, float]] = {}
    for tol in ladder:
        took, x = timed(solve, p, tol)
        gap = p.gap(x)
        for goal in GAPS:
            if goal not in met and gap <= goal:
                met[goal] = tol, gap
        if len(met) == len(GAPS) or took > limit:
            break
    return met


def compare(
    p: Problem, wanted: list[str], repeats: int, limit: float
) -> Iterator[dict[str, Any]]:
    """Yield a row for each rival and gap."""
    mine = tolerances(ours, [s * g for g in GAPS for s in (1.0, 0.1)], p, limit)
    if len(mine) < len(GAPS):
        print(f"ours misses a gap on {p.name}, lam_max / {p.over}")
    for name, (_, solve, ladder) in rivals_of(p, wanted).items():
        try:
            met = tolerances(solve, ladder, p, limit)
        except Exception as error:
            print(f"{name} fails on {p.name}, lam_max / {p.over}: {error!r:.200}")
            continue
        for goal in mine:
            row: dict[str, Any] = {"problem": p.name, "over": p.over, "gap": goal}
            row |= {"rival": name, "tolerance": "", "measured": "", "ms": ""}
            row |= {"ours_tolerance": mine[goal][0], "ours_measured": mine[goal][1]}
            row |= {"ours_ms": "", "ratio": "", "low": "", "high": "", "pairs": 0}
            if goal in met:
                row |= pairs(p, solve, met[goal], mine[goal][0], repeats, limit)
            yield row


def pairs(
    p: Problem,
    solve: Callable[..., Any],
    met: tuple[float, float],
    tol: float,
    repeats: int,
    limit: float,
) -> dict[str, Any]:
    """Return times of both in turns, and quartiles of their ratios."""
    times: list[tuple[float, float]] = []
    while len(times) < repeats and sum(map(sum, times)) < limit:
        times.append((timed(ours, p, tol)[0], timed(solve, p, met[0])[0]))
    one, two = np.array(times).T
    low, ratio, high = np.quantile(two / one, [0.25, 0.5, 0.75])
    return {
        "tolerance": met[0],
        "measured": met[1],
        "ms": 1e3 * float(np.median(two)),
        "ours_ms": 1e3 * float(np.median(one)),
        "ratio": float(ratio),
        "low": float(low),
        "high": float(high),
        "pairs": len(times),
    }


def small(size: int) -> Problem:
    """Return a problem to compile on."""
    rng = np.random.default_rng(0)
    A = np.asfortranarray(rng.standard_normal((60, 128)))
    return Problem("small", A, _data(A, 8, size, rng), 10, size)


def first_call(name: str, size: int) -> None:
    """Print the processor time of the first and the second call in this process."""
    table = {"ours": ("sparsetheory", ours, CLOSE)} | (GROUP if size else LASSO)
    package, solve, _ = table[name]
    import_module(package)
    p = small(size)
    _ = p.lam
    print(*(1e3 * timed(solve, p, 1e-6)[0] for _ in range(2)))


def first_calls(wanted: list[str], sizes: list[int]) -> Iterator[dict[str, Any]]:
    """Yield what the first call costs beyond the second, each in a fresh process."""
    for size in sorted({bool(size) * 8 for size in sizes}):
        table = GROUP if size else LASSO
        names = ["ours", *(name for name, s in table.items() if s[0] in wanted)]
        for name in names:
            call = [sys.executable, __file__, "--fresh", name, str(size)]
            run = subprocess.run(call, capture_output=True, text=True)
            if run.returncode:
                print(f"{name} fails in a fresh process: {run.stderr[-200:]}")
                continue
            first, second = map(float, run.stdout.split()[-2:])
            kind = "group LASSO" if size else "LASSO"
            yield {"problem": kind, "solver": name, "first_ms": first, "ms": second}


def show(row: dict[str, Any]) -> None:
    text = "   not reached"
    if row["pairs"]:
        text = f"{row['ours_ms']:9.2f}{row['ms']:10.2f}{row['ratio']:8.2f} "
        text += f"({row['low']:.2f}-{row['high']:.2f})"
    head = f"{row['problem']:30}/{row['over']:<4} {row['gap']:.0e} {row['rival']:18}"
    print(head, text, flush=True)


def main() -> None:
    presets = {
        "quick": (["gaussian", "AR(1) 0.9", "layer 9"], 7),
        "paper": (
            ["gaussian", "AR(1) 0.9", "layer 9", "layer 256", "gaussian large"],
            15,
        ),
    }
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    packages = sorted({s[0] for s in (LASSO | GROUP).values()})
    parser.add_argument("--preset", choices=presets, default="quick")
    parser.add_argument("--only", choices=("lasso", "group"))
    parser.add_argument("--rivals", nargs="+", choices=packages, default=packages)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit", type=float, default=20.0, help="seconds a solver")
    parser.add_argument("--out", type=Path, help="(default: figures/solvers_PRESET)")
    parser.add_argument("--fresh", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    args.out = args.out or Path(f"figures/solvers_{args.preset}")
    warnings.simplefilter("ignore")
    logging.disable()
    if args.fresh:
        first_call(args.fresh[0], int(args.fresh[1]))
        return
    names, repeats = presets[args.preset]
    sizes = {"lasso": [0], "group": [8, 32], None: [0, 8, 32]}[args.only]
    wanted = present(args.rivals)
    settings = versions() | hardware() | {"seed": args.seed, "preset": args.preset}
    for package in wanted:
        settings[package] = getattr(import_module(package), "__version__", "")
    for size in sizes:  # compiles
        p = small(size)
        for _, solve, _ in [("", ours, []), *rivals_of(p, wanted).values()]:
            timed(solve, p, 1e-6)
    layer = st.BlockCirculant(np.ones((1, 2, 2)), 4)
    st.lasso(layer, np.arange(4.0), 0.1)
    rows = []
    for p in problems(names, sizes, args.seed):
        for row in compare(p, wanted, repeats, args.limit):
            show(row)
            rows.append(row)
        write_table(Path(f"{args.out}.csv"), rows)
    calls = list(first_calls(wanted, sizes))
    for call in calls:
        extra = call["first_ms"] - call["ms"]
        print(f"{call['problem']:12}{call['solver']:16} first call {extra:+9.1f} ms")
    write_table(Path(f"{args.out}_first_calls.csv"), calls)
    write_table(Path(f"{args.out}_settings.csv"), [settings])
    ratios: dict[str, dict[str, float]] = {}
    for row in rows:
        if row["pairs"] and row["gap"] == min(GAPS):
            label = f"{row['problem']}, λ max / {row['over']}"
            ratios.setdefault(label, {})[row["rival"]] = row["ratio"]
    figure = st.plot_speed_ratios(ratios).figure
    print(*save_figure(figure, args.out))


if __name__ == "__main__":
    main()
