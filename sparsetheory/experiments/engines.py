"""Where experiments run: threads, processes, or workers of Dask."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from typing import Any

from sparsetheory._parallel import cpu_count


@contextlib.contextmanager
def engine(
    name: str, workers: int | None = None, scheduler: str | None = None
) -> Iterator[dict[str, Any]]:
    """Yield the options of an experiment that say where it runs.

    Parameters
    ----------
    name : {"threads", "processes", "dask"}
    workers : int, optional
        How many, by default one per processor.
    scheduler : str, optional
        Address of a running one for Dask, by default a cluster on this machine.
    """
    workers = workers or cpu_count()
    executor: Executor
    if name == "threads":
        yield {"workers": workers}
    elif name == "processes":
        context = multiprocessing.get_context("spawn")
        executor = ProcessPoolExecutor(workers, context, initializer=serve)
        try:
            yield {"workers": workers, "executor": executor}
        except BaseException:  # an interrupt does not wait for what they are at
            end_children()
            executor.shutdown(wait=False, cancel_futures=True)
            raise
        executor.shutdown()
    else:
        from distributed import Client

        local = {"n_workers": workers, "threads_per_worker": 1}
        where = {"address": scheduler} if scheduler else local
        with Client(**where) as client:  # type: ignore[no-untyped-call]
            threads = sum(client.nthreads().values())
            yield {"workers": max(threads, 1), "executor": client.get_executor()}


def serve() -> None:
    """Leave interrupts to the parent of this process, and end with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def follow() -> None:
        if parent is not None:
            parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


@contextlib.contextmanager
def interrupts_held() -> Iterator[None]:
    """Keep Ctrl-C from this thread, and for ever from processes that begin in it.

    `serve` comes too late for one that is still importing.
    """
    if not hasattr(signal, "pthread_sigmask"):  # on Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def end_children() -> None:
    """End the processes that this one started."""
    for child in multiprocessing.active_children():
        child.kill()
