"""What to search, in which order, for how long."""

from __future__ import annotations

import time
from math import comb

import numpy as np

from sparsetheory.conditions._search import Race, Sections, Stop
from sparsetheory.conditions.evidence import Evidence
from sparsetheory.conditions.relaxation import (
    averaging_bound,
    circulant_dual,
    semidefinite_dual,
)

FEW_SUPPORTS = 1_000_000  # that are searched although nobody asked for them
QUICK = 500  # sets visited where there are more of them
FEW, SOME, MANY = 4, 16, 128  # starts of a climb
GROWTH = 5.0  # of the time from one size to the next, until it has been measured
PART = 0.5  # of the time that is left, for a size that is expected to end in it
SPARE = 0.15  # the same, if k would not be reached
LIMIT = 0.6  # of the time that is left, when it has not ended
LINEAR = 1000  # columns of one channel, whose relaxation is a linear program
LATE = 0.1  # seconds after which better lower bounds are worth a climb
SOON = 0.05  # seconds that say nothing about longer ones
LEAST = 0.002  # by which a bound should fall, relative
RELAXED = 0.5  # of the time that is left, for a relaxation


def close_larger(one: Sections, two: Sections, k: int) -> None:
    """Close the larger side at k, and the other one up to that."""
    times: list[float] = []
    explored = False
    deadline, clock = one.clock.deadline, one.clock
    try:
        if k > 2:  # something to show if it is stopped
            one.explore(k, FEW)
            two.explore(k, FEW)
        for t in range(1, k + 1):
            begin = time.perf_counter()
            clock.tick()
            clock.say(f"{t} of {k} columns")
            if times and times[-1] > LATE and not explored:
                explored = True
                one.explore(k, MANY)
                two.explore(k, MANY)
            if _too_long(times, clock.left, k - t):
                return
            if t < k:
                clock.deadline = min(deadline, begin + LIMIT * (deadline - begin))
            if t > 2:
                few = FEW if t < k else 0  # k has had them
                one.explore(t, few)
                if not two.closed(t, float(one.lower[t])):
                    two.explore(t, few)
            first, last = (one, two) if one.lower[t] >= two.lower[t] else (two, one)
            first.close(t)
            last.close(t, float(first.lower[t]))
            clock.deadline = deadline
            times.append(time.perf_counter() - begin)
    except Stop:
        clock.deadline = deadline
        if clock.left <= 0:
            raise


def _too_long(times: list[float], left: float, further: int) -> bool:
    """Return whether the next size may take too large a part of the time left.

    A size that is closed bounds all larger ones by averaging, so that it is worth while
    even if k, so many sizes further, is out of reach; but a relaxation is worth more.
    """
    if len(times) < 4 or times[-1] < SOON or not np.isfinite(left):
        return False
    growth = min(2 * GROWTH, max(2.0, times[-1] / max(times[-2], 1e-3)))
    expected = times[-1] * growth
    part = PART if expected * growth**further < left else SPARE
    return bool(expected > part * left)


def quick(side: Sections, other: Sections, k: int) -> float:
    """Return what may be spent on a side that does not decide."""
    if comb(len(side.M), k) <= FEW_SUPPORTS:
        return np.inf
    return QUICK + 0.1 * (side.visited + other.visited)


def close_side(side: Sections, k: int, budget: float = np.inf) -> bool:
    """Close one side at all sizes up to k; return whether `budget` nodes sufficed."""
    for t in range(1, k + 1):
        side.clock.tick()
        before = side.visited
        if not side.close(t, budget=budget):
            side.explore(k, SOME)
            return False
        budget -= side.visited - before
    return True


def squeeze(one: Sections, two: Sections, k: int) -> None:
    """Use the time that is left to bring the upper bounds down."""
    for side in (one, two):
        if not side.closed(k, max(one.lower[k], two.lower[k])):
            side.explore(k, MANY)
    known = max(one.lower[k], two.lower[k])
    open_sides = [side for side in (one, two) if not side.closed(k, known)]
    for side in open_sides:
        relax(side, k)
    while open_sides and one.clock.left > 0:
        side = max(open_sides, key=lambda s: s.caps[k])
        if side.closed(k) or not _lower(side, k):
            return


def relax(side: Sections, k: int) -> None:
    """Lower the bound by the semidefinite relaxation, in a share of the time."""
    left = side.clock.left
    if 1e-9 * len(side.values) ** 3 * np.prod(side.G.torus) > 0.05 * left:
        return
    if len(side.values) == 1 and len(side.M) <= LINEAR:
        bound, dual = circulant_dual(side.values, k)
    else:
        bound, dual = semidefinite_dual(
            side.values,
            k,
            enough=float(side.lower[k]),
            max_iter=2000,
            deadline=time.perf_counter() + RELAXED * left,
        )
    side.cut(Evidence("semidefinite", k, bound, dual=dual))
    side.clock.tick()


def _lower(side: Sections, k: int) -> bool:
    """Run passes at falling levels, each a certificate; return whether any ended.

    Time grows exponentially as the slope of the chain's levels falls. So the next level
    is the one that should take half the time that is left; the sizes that have been
    closed say what to expect, a size r at the slope that averages to k.
    """
    ended = [
        (averaging_bound(value, side.least, t, k), seconds)
        for t, value, seconds in side.record
    ]
    share, some = 0.25, False
    while not side.closed(k):
        low, high = float(side.lower[k]), float(side.caps[k])
        level = high - share * (high - low)
        if len(ended) > 1 and ended[-1][1] > SOON:
            (l0, t0), (l1, t1) = ended[-2:]
            fall = max(np.log(t1 / t0) / max(l0 - l1, 1e-9 * abs(l1)), 1e-9)
            level = l1 - np.log(max(0.5 * side.clock.left / t1, 1e-3)) / fall
            if level > high - LEAST * abs(high):
                return some
        if level - low < LEAST * abs(low):
            level = low
        begin = time.perf_counter()
        if not _pass(side, k, level):
            if side.lower[k] > low:
                continue
            return some  # what was found is rounding
        ended.append((level, max(time.perf_counter() - begin, 1e-4)))
        some = True
        share = 0.25 if ended[-1][1] > SOON else 0.5
    return some


def _pass(side: Sections, k: int, level: float) -> bool:
    """Return whether no support exceeds `level`; one that does is kept."""
    race = Race(side, k, side.methods[0], level)
    while True:
        ended, found = race.run(level)
        if found.size:
            side.keep(k, found)
            return False
        if ended:
            side.ended(k, level, race.method, int(race.nodes))
            return True
        side.clock.tick(race.last)
