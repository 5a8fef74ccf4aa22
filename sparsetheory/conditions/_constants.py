"""Isometry constants of many orders, as far as conditions on them ask."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from typing import Any

import numpy as np

from sparsetheory.conditions.isometry import rip_constant

FIRST, NEXT = 0.1, 5.0  # seconds for a constant, and how many times that if need be
FAR = 48  # columns: larger constants are not searched for


class Constants:
    """Brackets on isometry constants, best scaled, as far as they are needed."""

    def __init__(self, A: Any, left: Callable[[], float]) -> None:
        self.A, self.left = A, left
        self.m, self.n = (int(size) for size in A.shape)
        self.seconds = FIRST
        self.found: dict[int, tuple[float, float]] = {}
        self.spent: dict[int, float] = {}

    def largest(
        self, size: Callable[[int], int], level: Callable[[int], float]
    ) -> tuple[int, int]:
        """Return the largest k whose constant is shown, and may be, below a level."""

        def bracket(k: int) -> tuple[float, float]:
            return self.bracket(size(k), level(k))

        k = 0
        while k < self.n and bracket(k + 1)[1] < level(k + 1):
            k += 1
        most, step = k, 1
        while most + step <= self.n and bracket(most + step)[0] < level(most + step):
            most, step = most + step, 2 * step
        above = range(most + 1, min(most + step, self.n + 1))
        more = bisect_left(above, True, key=lambda j: bracket(j)[0] >= level(j))
        return k, most + more

    def bracket(self, size: int, level: float) -> tuple[float, float]:
        """Return a bracket; if it holds the level, after some seconds of search."""
        size = min(size, self.n)
        if size > self.m:
            return 1.0, 1.0
        low, high = self.found.get(size, (0.0, 1.0))
        left = self.left()
        seconds = min(self.seconds, left) if size <= FAR else 0.0
        if low < level <= high and seconds > self.spent.get(size, 0.0):
            self._search(size, seconds)
            low, high = self.found[size]
        return max(low, self.lower(size)), high

    def _search(self, size: int, seconds: float) -> None:
        found = rip_constant(self.A, size, both=True, time_limit=seconds)
        ended = found.above.exact and found.below.exact
        low, high = self.found.get(size, (0.0, 1.0))
        one, two = found.scaled
        self.found[size] = max(low, one), min(high, two)
        self.spent[size] = np.inf if ended else seconds
        if found.interrupted:
            raise KeyboardInterrupt

    def lower(self, size: int) -> float:
        """Return a lower bound on a constant, from those of no larger order."""
        return max(
            (low for s, (low, _) in self.found.items() if s <= size), default=0.0
        )

    def largest_of_any_order(self) -> tuple[int, int]:
        """Return the same for δ_s < √(1 - k/s), where k <= 3s/4, of those at hand."""
        self.found.setdefault(1, (0.0, 1.0))
        sizes = sorted(self.found)
        ends = [s - 1 for s in sizes[1:]] + [min(self.m, self.n)]
        k = [_by_order(s, self.found[s][1]) for s in sizes]
        most = [_by_order(s, self.lower(s)) for s in ends]
        return max(k), max(most)


def _by_order(s: int, constant: float) -> int:
    return max(0, min(3 * s // 4, int(np.ceil(s * (1 - max(constant, 0.0) ** 2))) - 1))
