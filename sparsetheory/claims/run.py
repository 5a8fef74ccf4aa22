"""The ledger in several processes, row by row."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from queue import Empty, SimpleQueue

from sparsetheory._parallel import parallel_map
from sparsetheory.claims.ledger import TOPICS
from sparsetheory.claims.rows import BY_ID, Row, computed, described, failed
from sparsetheory.claims.scale import VARIABLE
from sparsetheory.experiments.engines import interrupts_held, serve

Groups = SimpleQueue[list[str]]


def run(
    names: Iterable[str],
    folder: Path,
    take: Callable[[Row], None],
    *,
    preset: str = "full",
    workers: int = 1,
) -> None:
    """Compute claims, and hand over each row as it ends.

    Rows of a topic are computed in one process, one after the other, as they share
    studies. A process that dies costs the row that it was at.

    Parameters
    ----------
    names : iterable of str
        Claims of the ledger.
    folder : Path
        For pictures.
    take : callable
        Gets each row, one at a time.
    preset : {"full", "quick"}
    workers : int
        Processes.
    """
    todo: Groups = SimpleQueue()
    for group in grouped(names):
        todo.put(group)
    lock = threading.Lock()

    def take_one(row: Row) -> None:
        with lock:
            take(row)

    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = preset  # for processes to come
    try:
        for _ in parallel_map(
            partial(_work, todo, folder, take_one), range(workers), workers
        ):
            pass
    finally:
        if before is None:
            del os.environ[VARIABLE]
        else:
            os.environ[VARIABLE] = before


def grouped(names: Iterable[str]) -> list[list[str]]:
    """Return claims by topic, those with most experiments first: they take longest."""
    groups: dict[str, list[str]] = {}
    for name in sorted(names):
        groups.setdefault(TOPICS[name], []).append(name)

    def experiments(group: list[str]) -> int:
        return sum(BY_ID[name].kind == "empirical" for name in group)

    return sorted(groups.values(), key=experiments, reverse=True)


def _work(todo: Groups, folder: Path, take: Callable[[Row], None], worker: int) -> None:
    """Compute groups in a process of their own until none is left."""
    pool = _process()
    try:
        while True:
            for name in todo.get_nowait():
                try:
                    with interrupts_held():
                        future = pool.submit(computed, name, folder)
                    row = future.result()
                except BrokenProcessPool as error:
                    row = described(BY_ID[name]) | failed(f"its process ended: {error}")
                    pool = _process()
                take(row)
    except Empty:
        pool.shutdown()


def _process() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(1, get_context("spawn"), initializer=serve)
