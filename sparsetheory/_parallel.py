"""The one place where work is spread over threads or processes."""

import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    CancelledError,
    Executor,
    Future,
    ThreadPoolExecutor,
    wait,
)
from contextlib import contextmanager
from functools import lru_cache, partial
from itertools import islice
from typing import Any, TypeVar

from threadpoolctl import ThreadpoolController

_here = threading.local()
_lock = threading.Lock()
_holders = 0
_limit: Any = None

GRACE = 1.0  # seconds

Job = TypeVar("Job")
Out = TypeVar("Out")


def cpu_count() -> int:
    """Return the number of processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def parallel_map(
    function: Callable[[Job], Out],
    jobs: Iterable[Job],
    workers: int,
    executor: Executor | None = None,
) -> Iterator[tuple[Job, Out]]:
    """Yield ``(job, function(job))`` as they end.

    By default from `workers` threads: kernels release the GIL, so the threads here are
    the parallelism, and BLAS is held to one thread meanwhile. An exception, Ctrl-C too,
    cancels what has not begun, and ends what runs at its next `stop_if_cancelled`;
    whatever takes longer than a second to get there is not waited for.

    Any other `executor` gets twice as many jobs at a time as there are `workers`, and
    is left open; function and jobs must then be picklable if it needs that.
    """
    if executor is not None:
        with blas_held():  # here; and in another process by `_held`
            yield from _drain(executor, partial(_held, function), jobs, workers)
        return
    cancelled = threading.Event()

    def call(job: Job) -> Out:
        _here.cancelled = cancelled
        return function(job)

    pool = ThreadPoolExecutor(workers)
    try:
        with blas_held():
            yield from _drain(pool, call, jobs, workers, cancelled)
    finally:
        pool.shutdown(wait=False)


def _drain(
    executor: Executor,
    call: Callable[[Job], Out],
    jobs: Iterable[Job],
    workers: int,
    cancelled: threading.Event | None = None,
) -> Iterator[tuple[Job, Out]]:
    todo = iter(jobs)
    running: dict[Future[Out], Job] = {}
    try:
        while True:
            for job in islice(todo, 2 * workers - len(running)):
                running[executor.submit(call, job)] = job
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                yield running.pop(future), future.result()
    finally:
        if cancelled:
            cancelled.set()
        for future in running:
            future.cancel()
        wait(running, timeout=GRACE)


def _held(function: Callable[[Job], Out], job: Job) -> Out:
    with blas_held():
        return function(job)


@lru_cache(maxsize=1)
def _libraries(modules: int) -> ThreadpoolController:
    """Return the libraries there are, looked for again when a module has been loaded.

    Looking takes milliseconds.
    """
    return ThreadpoolController()


@contextmanager
def blas_held() -> Iterator[None]:
    """Hold BLAS to one thread as long as anyone in the process wants it."""
    global _holders, _limit
    with _lock:
        if _holders == 0:
            _limit = _libraries(len(sys.modules)).limit(limits=1, user_api="blas")
        _holders += 1
    try:
        yield
    finally:
        with _lock:
            _holders -= 1
            if _holders == 0:
                _limit.restore_original_limits()


def stop_if_cancelled() -> None:
    """Raise in a thread of `parallel_map` whose results nobody waits for any more."""
    cancelled: threading.Event | None = getattr(_here, "cancelled", None)
    if cancelled is not None and cancelled.is_set():
        raise CancelledError
