"""Tropp's exact recovery coefficient over all supports of a size."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, combinations, islice
from math import comb
from typing import Any

import numpy as np

from sparsetheory.conditions._search import Clock
from sparsetheory.conditions._sections import Array, Gram, Indices, gram
from sparsetheory.types import Vector

WORK = 2e9  # operations for the supports of a size
BATCH = 2**20  # entries held at a time
DEPENDENT = 1e-8  # of the largest: an eigenvalue below counts as zero
LEVEL = 1 - 1e-7  # one, but for rounding


def coefficient_range(A: Any, k: int, top: int, clock: Clock) -> tuple[int, int]:
    """Return up to how many entries all coefficients are below one, and may be.

    They are known to be up to `k`.
    """
    most, showing = k, True
    while most < top:
        G = gram(A, min(most + 2, A.shape[1]), False)
        if misleading(G, most + 1):
            break
        if showing:
            showing = _work(G, most + 1) <= WORK and clock.left > 0
        if showing:
            if worst_coefficient(G, most + 1) >= LEVEL:
                break
            k += 1
        most += 1
    return k, most


def coefficients(G: Array, supports: Indices) -> Vector:
    r"""Return :math:`\max_{j \notin S} \|A_S^+ a_j\|_1` per row of `supports`.

    From the Gram matrix; infinite if columns of S depend on one another.
    """
    inside = G[supports[:, :, None], supports[:, None, :]]
    values = np.linalg.eigvalsh(inside)
    free = values[:, 0] > DEPENDENT * values[:, -1]
    worst = np.full(len(supports), np.inf)
    on = supports[free]
    sums = np.abs(np.linalg.solve(inside[free], G[on])).sum(axis=1)
    np.put_along_axis(sums, on, 0.0, axis=1)
    worst[free] = sums.max(axis=1, initial=0.0)
    return worst


def worst_coefficient(G: Gram, k: int) -> float:
    """Return the largest coefficient of all supports of k columns.

    Of supports that are shifts of one another one is looked at.
    """
    n, worst = len(G.matrix), 0.0
    every = chain.from_iterable(
        ((first, *rest) for rest in combinations(range(first + 1, n), k - 1))
        for first in range(G.orbits)
    )
    for supports in _batches(every, k, max(1, BATCH // (n * k))):
        worst = max(worst, float(coefficients(G.matrix, supports).max()))
        if worst >= LEVEL:
            break
    return worst


def misleading(G: Gram, k: int) -> bool:
    """Return whether the k columns most like another one have a coefficient of one."""
    n = len(G.matrix)
    if k >= n:
        return False
    like = np.abs(G.matrix[: G.orbits]) / np.maximum(G.matrix.diagonal().real, 1e-300)
    like[np.arange(G.orbits), np.arange(G.orbits)] = -1.0
    supports = np.argpartition(-like, k - 1, axis=1)[:, :k]
    step = max(1, BATCH // (n * k))
    return any(
        bool((coefficients(G.matrix, supports[i : i + step]) >= LEVEL).any())
        for i in range(0, len(supports), step)
    )


def _work(G: Gram, k: int) -> float:
    n = len(G.matrix)
    return float(comb(n, k) - comb(n - G.orbits, k)) * k * k * (n + k)


def _batches(
    supports: Iterator[tuple[int, ...]], k: int, size: int
) -> Iterator[Indices]:
    while True:
        flat = chain.from_iterable(islice(supports, size))
        batch = np.fromiter(flat, dtype=np.int64).reshape(-1, k)
        if not len(batch):
            return
        yield batch
