"""Time what the library claims to be fast at, as ratios within one run.

python scripts/bench_kernels.py

A convolution layer against its dense matrix, per iteration of each solver; and a
certified trial of basis pursuit against its parts. One thread for BLAS.
"""

import argparse
import time
from collections.abc import Callable
from functools import partial
from statistics import median

import numpy as np
from threadpoolctl import threadpool_limits

import sparsetheory as st
from sparsetheory._rng import Role, stream


def seconds(function: Callable[[], object], repeats: int) -> float:
    """Median processor time of a call."""
    function()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        function()
        times.append(time.process_time() - start)
    return median(times)


def operators(repeats: int) -> None:
    rng = np.random.default_rng(0)
    C = st.BlockCirculant(rng.standard_normal((4, 8, 256)) / 32, 256)
    M = C.to_dense()
    k, n_iter = 60, 300
    y = C @ st.sparse_signal(M.shape[1], k, rng)
    lam = 0.1 * float(abs(C.T @ y).max())
    step = 1 / C.norm() ** 2
    print("us per iteration, C_out 4, C_in 8, size 256 (1024 x 2048)")
    print(f"{'':12}{'layer':>10}{'dense':>10}{'ratio':>8}")
    for name, solve in {
        "iht": lambda A, i: st.iht(A, y, k, max_iter=i, tol=0),
        "iht, fixed": lambda A, i: st.iht(A, y, k, step=step, max_iter=i, tol=0),
        "ista": lambda A, i: st.ista(A, y, lam, step=step, max_iter=i, tol=0),
        "fista": lambda A, i: st.fista(A, y, lam, step=step, max_iter=i, tol=0),
    }.items():
        cost = {}
        for kind, A, count in (("layer", C, n_iter), ("dense", M, 40)):
            # Two lengths, so that what happens once drops out.
            long = seconds(partial(solve, A, 2 * count), repeats)
            short = seconds(partial(solve, A, count), repeats)
            cost[kind] = 1e6 * (long - short) / count
        ratio = cost["dense"] / cost["layer"]
        print(f"{name:12}{cost['layer']:10.1f}{cost['dense']:10.1f}{ratio:8.1f}")


def trials(count: int) -> None:
    n, m = 400, 200
    print(f"\nms per certified trial of basis pursuit, n = {n}, m = {m}")
    print(f"{'k':>4}{'matrix':>9}{'verdict':>9}{'success':>9}{'unresolved':>12}")
    for k in (60, 70, 78, 86, 96):
        drawing = deciding = 0.0
        found = []
        for trial in range(count):
            start = time.process_time()
            A = st.gaussian(m, n, stream(0, n, m, k, trial, Role.MATRIX))
            x = st.sparse_signal(n, k, stream(0, n, m, k, trial, Role.SIGNAL))
            middle = time.process_time()
            found.append(st.l1_verdict(A, x))
            drawing += middle - start
            deciding += time.process_time() - middle
        success = found.count(st.Verdict.SUCCESS) / count
        unresolved = found.count(st.Verdict.UNRESOLVED)
        cost = [1e3 * t / count for t in (drawing, deciding)]
        print(f"{k:4}{cost[0]:9.2f}{cost[1]:9.2f}{success:9.2f}{unresolved:12}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--trials", type=int, default=200)
    args = parser.parse_args()
    print(f"compiling took {st.warmup():.1f} s\n")
    with threadpool_limits(1, user_api="blas"):
        operators(args.repeats)
        trials(args.trials)


if __name__ == "__main__":
    main()
