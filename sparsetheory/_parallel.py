"""The one place where work is spread over threads."""

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    CancelledError,
    Future,
    ThreadPoolExecutor,
    wait,
)
from itertools import islice
from typing import TypeVar

from threadpoolctl import threadpool_limits

_here = threading.local()

Job = TypeVar("Job")
Out = TypeVar("Out")


def cpu_count() -> int:
    """Return the number of processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def parallel_map(
    function: Callable[[Job], Out], jobs: Iterable[Job], workers: int
) -> Iterator[tuple[Job, Out]]:
    """Yield ``(job, function(job))`` from `workers` threads, as they end.

    BLAS is held to one thread meanwhile: kernels release the GIL, so the threads here
    are the parallelism. An exception, Ctrl-C too, cancels what has not begun, and ends
    what runs at its next `stop_if_cancelled`.
    """
    todo, cancelled = iter(jobs), threading.Event()

    def call(job: Job) -> Out:
        _here.cancelled = cancelled
        return function(job)

    with threadpool_limits(1, user_api="blas"):
        pool = ThreadPoolExecutor(workers)
        try:
            running: dict[Future[Out], Job] = {}
            while True:
                for job in islice(todo, 2 * workers - len(running)):
                    running[pool.submit(call, job)] = job
                if not running:
                    return
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    yield running.pop(future), future.result()
        finally:
            cancelled.set()
            pool.shutdown(wait=True, cancel_futures=True)


def stop_if_cancelled() -> None:
    """Raise in a thread of `parallel_map` whose results nobody waits for any more."""
    cancelled: threading.Event | None = getattr(_here, "cancelled", None)
    if cancelled is not None and cancelled.is_set():
        raise CancelledError
