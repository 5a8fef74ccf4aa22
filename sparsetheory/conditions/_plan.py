"""What to search, in which order, for how long."""

from __future__ import annotations

import time
from math import comb

import numpy as np

from sparsetheory.conditions._search import Evidence, Race, Sections, Stop
from sparsetheory.conditions.relaxation import semidefinite_dual

FEW_SUPPORTS = 1_000_000  # that are searched although nobody asked for them
QUICK = 1000  # sets visited where there are more of them
FEW, MANY = 4, 128  # starts of a climb
GROWTH = 5.0  # of the time from one size to the next, until it has been measured
PART = 0.7  # of the time that is left, for what has to end in it


def close_larger(one: Sections, two: Sections, k: int) -> None:
    """Close the larger side at k, and the other one up to that."""
    times: list[float] = []
    deadline, clock = one.clock.deadline, one.clock
    try:
        for t in range(1, k + 1):
            begin = time.perf_counter()
            if _too_long(times, k - t + 1, clock.left):
                return
            if t < k:
                clock.deadline = min(deadline, begin + 0.4 * (deadline - begin))
            if t > 2:
                one.explore(t, FEW)
                if not two.closed(t, float(one.lower[t])):
                    two.explore(t, FEW)
            first, last = (one, two) if one.lower[t] >= two.lower[t] else (two, one)
            first.close(t)
            last.close(t, float(first.lower[t]))
            clock.deadline = deadline
            times.append(time.perf_counter() - begin)
    except Stop:
        clock.deadline = deadline
        if clock.left <= 0:
            raise


def _too_long(times: list[float], steps: int, left: float) -> bool:
    """Return whether `steps` more sizes will not end in the time that is left."""
    if len(times) < 4 or times[-1] < 0.01 or not np.isfinite(left):
        return False
    growth = min(20.0, max(2.0, times[-1] / max(times[-2], 1e-3)))
    growth = np.sqrt(growth * GROWTH)
    return bool(times[-1] * growth**steps > PART * left)


def quick(side: Sections, other: Sections, k: int) -> float:
    """Return what may be spent on a side that does not decide."""
    if comb(len(side.M), k) <= FEW_SUPPORTS:
        return np.inf
    return QUICK + 0.25 * (side.visited + other.visited)


def close_side(side: Sections, k: int, budget: float = np.inf) -> bool:
    """Close one side at all sizes up to k; return whether `budget` nodes sufficed."""
    for t in range(1, k + 1):
        before = side.visited
        if not side.close(t, budget=budget):
            return False
        budget -= side.visited - before
    return True


def squeeze(one: Sections, two: Sections, k: int) -> None:
    """Use the time that is left to bring the upper bounds down."""
    for side in (one, two):
        side.explore(k, MANY)
    order = sorted((one, two), key=lambda s: s.lower[k], reverse=True)
    for side in order:
        relax(side, k)
    while one.clock.left > 0:
        side = max(order, key=lambda s: s.caps[k])
        if side.closed(k) or not _lower(side, k):
            return


def relax(side: Sections, k: int) -> None:
    """Lower the bound by the semidefinite relaxation, in a share of the time."""
    if side.closed(k):
        return
    left = side.clock.left
    n = len(side.values)
    if 1e-9 * n**3 * np.prod(side.G.torus) > 0.1 * left:
        return
    bound, dual = semidefinite_dual(
        side.values,
        k,
        enough=float(side.lower[k]),
        max_iter=2000,
        deadline=time.perf_counter() + 0.4 * min(left, 1e9),
    )
    side.cut(Evidence("semidefinite", k, bound, dual=dual))
    side.clock.tick()


def _lower(side: Sections, k: int) -> bool:
    """Run passes at falling levels, each a certificate; return whether any ended.

    Their time grows exponentially as the level falls, so the next level is the one
    that should take half the time that is left.
    """
    ended: list[tuple[float, float]] = []
    share, some = 0.25, False
    while not side.closed(k):
        low, high = float(side.lower[k]), float(side.caps[k])
        level = high - share * (high - low)
        if len(ended) > 1 and ended[-1][1] > 0.05:
            (l0, t0), (l1, t1) = ended[-2:]
            slope = max(np.log(t1 / max(t0, 1e-3)) / max(l0 - l1, 1e-12), 1e-9)
            reach = np.log(max(0.5 * side.clock.left / t1, 1e-3)) / slope
            if reach < 0.002 * abs(high):
                return some
            level = min(level, l1 - reach) if reach > 0 else level
        if level - low < 0.002 * abs(low):
            level = low
        begin = time.perf_counter()
        if not _pass(side, k, level):
            continue
        ended.append((level, max(time.perf_counter() - begin, 1e-4)))
        some = True
        share = 0.25 if ended[-1][1] > 0.05 else 0.5
    return some


def _pass(side: Sections, k: int, level: float) -> bool:
    """Return whether no support exceeds `level`; one that does is kept."""
    race = Race(side, k, side.methods[0], level)
    while True:
        ended, found = race.run(level)
        side.clock.tick(race.last)
        if found.size:
            side.keep(k, found)
            return False
        if ended:
            nodes = int(race.nodes)
            side.cut(Evidence("search", k, level, race.method, nodes))
            return True
