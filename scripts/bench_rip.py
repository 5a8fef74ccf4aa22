"""Time the exact search for isometry constants against what else there is.

python scripts/bench_rip.py
python scripts/bench_rip.py --only sizes

sizes: all supports one after the other (NumPy), and as many random supports as go into
the time of the search, as a share of the constant.
literature: sizes (m, n, k) of tests of mixed-integer programs, both sides closed.
relaxation: its bound and time against the same program by cvxpy, if that is there.
brackets: what is certified in a given time where the search does not end.

One thread for BLAS; processor time, ratios within one run.
"""

import argparse
import time
from collections.abc import Callable
from functools import partial
from itertools import combinations, islice
from math import comb
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

import sparsetheory as st
from sparsetheory.conditions.relaxation import semidefinite_dual

BATCH = 20_000


def timed(function: Callable[[], Any]) -> tuple[float, Any]:
    """Return the processor time of a call, and its result."""
    start = time.process_time()
    result = function()
    return time.process_time() - start, result


def unit(m: int, n: int, seed: int) -> np.ndarray:
    A = np.random.default_rng(seed).standard_normal((m, n))
    return A / np.linalg.norm(A, axis=0)


def largest(G: np.ndarray, S: np.ndarray) -> float:
    """Return the largest constant of some supports, one a row."""
    w = np.linalg.eigvalsh(G[S[:, :, None], S[:, None, :]])
    return float(max(w[:, -1].max() - 1, 1 - w[:, 0].min()))


def enumeration(G: np.ndarray, k: int, count: int) -> float:
    found, supports = -np.inf, combinations(range(len(G)), k)
    while count > 0 and (rows := list(islice(supports, min(BATCH, count)))):
        found = max(found, largest(G, np.array(rows)))
        count -= len(rows)
    return found


def monte_carlo(G: np.ndarray, k: int, seconds: float) -> tuple[float, int]:
    rng, found, count = np.random.default_rng(0), -np.inf, 0
    end = time.process_time() + seconds
    while count == 0 or time.process_time() < end:
        S = rng.random((100, len(G))).argpartition(k, axis=1)[:, :k]
        found, count = max(found, largest(G, S)), count + 100
    return found, count


def against_enumeration(
    cases: list[tuple[int, int, int]], seeds: int, both: bool = False
) -> None:
    print(
        f"{'m':>5}{'n':>5}{'k':>4}{'search ms':>12}{'all ms':>12}{'ratio':>9}", end=""
    )
    print(f"{'random':>9}{'of it':>8}")
    for m, n, k in cases:
        times, others, shares, draws = [], [], [], []
        supports = comb(n, k)
        some = min(supports, 10 * BATCH)  # the rest takes as long each
        for seed in range(1, seeds + 1):
            A = unit(m, n, seed)
            took, found = timed(partial(st.rip_constant, A, k, both=both))
            other, value = timed(partial(enumeration, A.T @ A, k, some))
            if some == supports and not np.isclose(found.lower, value, atol=1e-9):
                raise ArithmeticError(f"search {found.lower}, enumeration {value}")
            sample, count = monte_carlo(A.T @ A, k, took)
            times.append(took)
            others.append(other * supports / some)
            shares.append(sample / found.lower)
            draws.append(count)
        one, two = 1e3 * np.median(times), 1e3 * np.median(others)
        mark = " " if some == supports else "*"
        print(f"{m:5}{n:5}{k:4}{one:12.2f}{two:12.4g}{mark}{two / one:8.3g}", end="")
        print(f"{np.median(draws):9.0f}{np.median(shares):8.3f}")
    print("* from part of the supports\n")


def sizes(seeds: int) -> None:
    print("exact constant of Gaussian matrices, columns of norm one")
    against_enumeration([(16, 32, 4), (32, 64, 4), (32, 64, 6), (128, 256, 6)], seeds)


def literature(seeds: int) -> None:
    print("sizes in the literature on mixed-integer programs, both sides closed")
    cases = [(15, 30, 5), (25, 35, 4), (30, 40, 3), (10, 35, 5)]
    against_enumeration(cases, seeds, both=True)


def by_cvxpy(M: np.ndarray, k: int) -> float:
    import cvxpy as cp

    U = cp.Variable(M.shape, symmetric=True)
    off = 1 - np.eye(len(M))
    price = cp.max(cp.abs(cp.multiply(off, U)))
    level = cp.lambda_max(M + U) + (k - 1) * price
    problem = cp.Problem(cp.Minimize(level), [cp.diag(U) == 0])
    return float(problem.solve(solver=cp.SCS, eps=1e-5))


def relaxation(seeds: int) -> None:
    print("semidefinite relaxation of the upper side: ms and bound")
    print(f"{'m':>5}{'n':>5}{'k':>4}{'ours':>10}{'bound':>9}{'cvxpy':>10}{'value':>9}")
    for m, n, k in [(10, 20, 4), (20, 40, 6)]:
        A = unit(m, n, 1)
        M = A.T @ A - np.eye(n)
        took, (bound, _) = timed(partial(semidefinite_dual, M, k))
        print(f"{m:5}{n:5}{k:4}{1e3 * took:10.1f}{bound:9.4f}", end="")
        try:
            other, value = timed(partial(by_cvxpy, M, k))
            print(f"{1e3 * other:10.1f}{value:9.4f}")
        except ImportError:
            print("  cvxpy is not there")
    print()


def brackets(seeds: int) -> None:
    print("upper / lower - 1, median over matrices, and seconds")
    rng = np.random.default_rng
    for name, k, limit, draw in [
        ("Gaussian 64 x 128", 16, 5.0, lambda seed: unit(64, 128, seed)),
        (
            "layer 8 to 8, 3 taps, n = 1024",
            16,
            5.0,
            lambda seed: st.BlockCirculant(rng(seed).standard_normal((8, 8, 3)), 128),
        ),
    ]:
        gaps, times = [], []
        for seed in range(1, seeds + 1):
            task = partial(st.rip_constant, draw(seed), k, normalise=True)
            took, found = timed(partial(task, time_limit=limit))
            gaps.append(found.upper / found.lower - 1)
            times.append(took)
        print(f"{name:32}k = {k:<4}{np.median(gaps):8.3f}{np.median(times):8.2f}")


def main() -> None:
    parts = {p.__name__: p for p in (sizes, literature, relaxation, brackets)}
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", choices=parts, nargs="+", default=list(parts))
    parser.add_argument("--seeds", type=int, default=3)
    args = parser.parse_args()
    if args.seeds < 1:
        parser.error(f"--seeds must be at least 1, got {args.seeds}")
    with threadpool_limits(1, user_api="blas"):
        A = unit(6, 8, 0)  # compiles
        for k in (3, 4):
            st.rip_constant(A, k, both=True)
        st.rip_constant(unit(15, 30, 0), 5, both=True)
        for part in args.only:
            parts[part](args.seeds)


if __name__ == "__main__":
    main()
