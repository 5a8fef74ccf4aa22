"""Experiments whose trials come in blocks, each with a stream of its own."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from sparsetheory._checks import check_integer
from sparsetheory._parallel import cpu_count, parallel_map, stop_if_cancelled
from sparsetheory.experiments.environment import versions
from sparsetheory.experiments.identity import plain_fingerprint
from sparsetheory.experiments.trialstore import open_outcomes
from sparsetheory.types import Vector

Block: TypeAlias = tuple[int, int]
"""Its number, and how many trials it has."""


class Engine(NamedTuple):
    """Where blocks run, and where their outcomes are kept."""

    workers: int | None = None
    progress: bool = False
    store: str | Path | None = None
    executor: Executor | None = None


def run_blocks(
    function: Callable[[Block], Vector],
    described: Mapping[str, Any],
    trials: int,
    size: int,
    engine: Engine,
) -> list[Vector]:
    """Return what the function gives for each block of `trials`, in their order.

    A block has `size` trials, the last one what is left. Those in the store under what
    is described are not run again.
    """
    workers, progress, store, executor = engine
    workers = check_integer("workers", cpu_count() if workers is None else workers, 1)
    found: dict[Block, Vector] = {}

    from tqdm import tqdm

    key, text = plain_fingerprint({**described, "versions": versions()})
    kept = (
        contextlib.nullcontext() if store is None else open_outcomes(store, key, text)
    )
    with kept as book, tqdm(total=trials, disable=not progress, unit="trial") as bar:

        def jobs() -> Iterator[Block]:
            for number in range(-(-trials // size)):
                block = (number, min(size, trials - number * size))
                known = book.get(block[1], 0, block[0]) if book else None
                if known is None:
                    yield block
                else:
                    found[block] = np.frombuffer(known)
                    bar.update(block[1])

        run = partial(_run, function)
        for block, outcome in parallel_map(run, jobs(), workers, executor):
            found[block] = outcome
            bar.update(block[1])
            if book:
                book.put(block[1], 0, block[0], outcome)
    return [found[block] for block in sorted(found)]


def _run(function: Callable[[Block], Vector], block: Block) -> Vector:
    stop_if_cancelled()
    return function(block)
