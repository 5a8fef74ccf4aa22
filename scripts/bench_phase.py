"""Time what phase transitions cost, as ratios within one run.

python scripts/bench_phase.py
python scripts/bench_phase.py --rival path/to/python

The showcase of the last Python package that drew such maps, magni 1.7 (n = 800, 40 x
100 cells): IHT per solve, in double and in single precision, and a curve from few
trials in single precision that is as exact as the full map: both designs are simulated
with the measured curve as the law.
With --rival, an interpreter that has magni (which needs NumPy 1.23), both run. Then
what ending trials early saves and how far it moves the transition; where the time of a
trial goes; and how the cost grows with n. Processor time, unless it says wall.
"""

import argparse
import cProfile
import pstats
import subprocess
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

import sparsetheory as st
from sparsetheory.experiments.curve import sample_transition
from sparsetheory.experiments.setting import check_setting
from sparsetheory.experiments.trials import run_trials
from sparsetheory.solvers.certificates import Verdict

N = 800
DELTA, RHO = np.arange(1, 41) / 40, np.arange(1, 101) / 100
NIHT = partial(st.iht, max_iter=500)
SHOW: dict[str, Any] = {
    "ensemble": st.spherical,
    "signal": "signs",
    "stop_early": True,
    "workers": 1,  # as the rival; two that share a core's cache cost more in all
}

RIVAL = """
import os, sys, time
os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"
import numpy as np
import magni

n, count = 800, int(sys.argv[1])
rng = np.random.RandomState(0)
magni.cs.reconstruction.it.config.reset()
start = time.process_time()
for _ in range(count):
    m = 20 * rng.randint(1, 41)
    k = max(1, int(round(m * rng.randint(1, 101) / 100)))
    A = rng.randn(m, n)
    A /= np.sqrt((A * A).sum(axis=0))
    x = np.zeros((n, 1))
    x[rng.permutation(n)[:k], 0] = rng.choice([-1.0, 1.0], k)
    magni.cs.reconstruction.it.run(A.dot(x), A)
print(1e3 * (time.process_time() - start) / count)
"""


class Clock:
    """Processor and wall time of what runs inside."""

    def __enter__(self) -> "Clock":
        self.start = time.process_time(), time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.cpu = time.process_time() - self.start[0]
        self.wall = time.perf_counter() - self.start[1]


def rms_error(law: st.TransitionCurve, trials: int | None, repeats: int = 50) -> float:
    """Return the root mean square error of rho at even odds, simulated under `law`.

    Of a map with 10 trials in each cell, or of a curve with `trials` a column.
    """
    rng, errors = np.random.default_rng(0), []
    for m, k50, width in zip(law.m.tolist(), law.k50, law.width, strict=True):

        def won(k: Any, k50: float = k50, width: float = width) -> Any:
            return 1.0 / (1.0 + np.exp((k - k50) / width))

        def draw(k: int, block: range, won: Any = won) -> list[Verdict]:
            wins = rng.random(len(block)) < won(k)
            return [Verdict.SUCCESS if w else Verdict.FAILURE for w in wins]

        for _ in range(repeats):
            if trials is None:
                k = np.maximum(1, np.rint(RHO * m))
                tried = np.full(k.size, 10)
                counts = k, rng.binomial(tried, won(k)), tried
            else:
                cells = sample_transition(draw, N, m, trials)
                counts = cells[:, 0], cells[:, 1], cells[:, 1:].sum(axis=1)
            errors.append((st.fit_transition(*counts).k50 - k50) / m)
    return float(np.sqrt(np.mean(np.square(errors))))


def showcase(rival: Path | None, trials: int, points: int) -> None:
    for precision in ("double", "single"):
        st.phase_transition(
            NIHT, n=40, delta=0.5, rho=0.2, trials=1, precision=precision, **SHOW
        )
    with Clock() as full:
        found = st.phase_transition(
            *(NIHT,),
            n=N,
            delta=DELTA,
            rho=RHO,
            trials=trials,
            signals_per_matrix=max(1, trials // 2),
            **SHOW,
        )
    solves = int(found.counts.sum())
    each = 1e3 * full.cpu / solves
    print(
        f"NIHT, n = {N}, {DELTA.size} x {RHO.size} cells, {trials} trials each: "
        f"{solves} solves, {int(found.successes.sum())} successes, "
        f"{int(found.unresolved.sum())} unresolved; two matrices per cell, design "
        f"effect {found.design_effect:.2f}\n"
        f"{each:.2f} ms a solve with its problem, {full.wall:.0f} s wall"
    )
    law = st.fit_map(found)
    target = rms_error(law, None)
    for few in range(88, 256, 4):
        error = rms_error(law, few)
        if error <= target:
            break
    print(
        f"rms error of rho: {target:.4f} from the map in {full.cpu:.0f} s, "
        f"{error:.4f} from {few} trials a column"
    )
    ways: dict[str, dict[str, Any]] = {
        "double": {},
        "single": {"precision": "single"},
        "single, 4 signals a matrix": {"precision": "single", "signals_per_matrix": 4},
    }
    for name, options in ways.items():
        with Clock() as adaptive:
            curve = st.transition_curve(
                NIHT, n=N, delta=DELTA, trials=few, **SHOW, **options
            )
        print(
            f"{name}: {adaptive.cpu:.1f} s, {adaptive.wall:.1f} s wall, "
            f"{int(curve.cells[:, 2].sum())} of {few * DELTA.size} trials succeed"
        )
    if rival is None:
        return
    run = [str(rival), "-c", RIVAL, str(points)]
    other = float(subprocess.run(run, capture_output=True, check=True).stdout)
    whole = other * solves / 1e3
    print(
        f"magni: {other:.1f} ms a solve with its problem ({points} of the grid), "
        f"{other / each:.1f} times ours; its full map {whole:.0f} s, "
        f"{whole / adaptive.cpu:.0f} times the curve, "
        f"{whole / adaptive.wall:.0f} times in wall time"
    )


def early(trials: int) -> None:
    """Compare trials with and without an early end on the same problems."""
    print("\nending early, n = 400: shift of the 50 % point in k, share of the time")
    for signal, places in {
        "gaussian": {40: 8, 200: 76, 360: 205},
        "signs": {40: 6, 200: 56, 360: 140},
    }.items():
        for m, k in places.items():
            width = {40: 1.5, 200: 3.5, 360: 10.0}[m]
            ks = np.unique(np.rint(k + width * np.array([-2, -1, 0, 1, 2])))
            grid = {"n": 400, "delta": m / 400, "rho": ks / m, "trials": trials}
            costs, fits = [], []
            for ends in (False, True):
                with Clock() as clock:
                    found = st.phase_transition(
                        st.iht, signal=signal, stop_early=ends, **grid
                    )
                costs.append(clock.cpu)
                fits.append(st.fit_map(found))
            shift = float(fits[1].k50[0] - fits[0].k50[0])
            error = float(fits[0].high[0] - fits[0].low[0]) / 3.92
            print(
                f"{signal:9} m = {m:3}: {fits[0].k50[0]:6.1f} +- {error:.1f}, "
                f"shift {shift:+.2f}, time {costs[1] / costs[0]:.2f}"
            )


def parts(count: int) -> None:
    """Print where the time of a fast trial goes."""
    print("\nms a trial, n = 400, m = 200, k = 76, and how much of it is in kernels")
    solvers = {"iht": NIHT, "htp": st.htp, "omp": st.omp, "cosamp": st.cosamp}
    for name, solver in solvers.items():
        setting = check_setting(
            *(solver, 400, st.gaussian, "gaussian", 0, 1e-3), stop_early=name == "iht"
        )
        run_trials(setting, 200, 76, range(2))
        with Clock() as clock:
            run_trials(setting, 200, 76, range(count))
        with cProfile.Profile() as profile:
            run_trials(setting, 200, 76, range(count))
        inside = sum(
            own
            for (file, _, _), (_, _, own, _, _) in pstats.Stats(profile).stats.items()
            if "_kernels" in file
        )
        each, kernels = 1e3 * clock.cpu / count, 1e3 * inside / count
        print(f"{name:10}{each:6.2f}  {kernels / each:5.0%}")


def growth(budget: float) -> None:
    """Print what a trial near the transition costs as n grows, and the exponent."""
    print("\nms a trial at delta = 1/2, k of even odds")
    sizes = [200, 400, 800, 1600]
    for name, solver, share in (
        ("basis pursuit, certified", st.basis_pursuit, 0.385),
        ("iht, ended early", NIHT, 0.36),
        ("htp", st.htp, 0.4),
    ):
        costs = []
        for n in sizes:
            m = n // 2
            setting = check_setting(
                *(solver, n, st.gaussian, "gaussian", 0, 1e-3),
                stop_early=solver is NIHT,
            )
            run_trials(setting, m, round(share * m), range(2))  # compiles
            count, spent = 0, 0.0
            while spent < budget:
                with Clock() as clock:
                    run_trials(setting, m, round(share * m), range(count, count + 2))
                count, spent = count + 2, spent + clock.cpu
            costs.append(1e3 * spent / count)
        slope = np.polyfit(np.log(sizes[1:]), np.log(costs[1:]), 1)[0]
        shown = ", ".join(f"{c:.1f}" for c in costs)
        far = costs[-1] * (1e4 / sizes[-1]) ** slope / 1e3
        print(f"{name:26} n = {sizes}: {shown}; n^{slope:.1f}; {far:.1f} s at 10^4")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rival", type=Path, metavar="PYTHON")
    parser.add_argument("--trials", type=int, default=10, help="a cell of the map")
    parser.add_argument("--points", type=int, default=100, help="solves of the rival")
    parser.add_argument("--only", choices=("showcase", "early", "parts", "growth"))
    args = parser.parse_args()
    chosen = [args.only] if args.only else ["showcase", "early", "parts", "growth"]
    if "showcase" in chosen:
        showcase(args.rival, args.trials, args.points)
    with threadpool_limits(1, user_api="blas"):
        if "early" in chosen:
            early(400)
        if "parts" in chosen:
            parts(200)
        if "growth" in chosen:
            growth(4.0)


if __name__ == "__main__":
    main()
