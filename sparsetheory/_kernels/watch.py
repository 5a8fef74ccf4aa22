"""Ending a solver early for the sake of an experiment that knows the answer."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

import numpy as np

from sparsetheory._kernels._compile import compiled

MOST = 10**7  # iterations, in which any error has stalled
STALLED = 0.95  # an error that does not fall below this share of what it was


class Watch(NamedTuple):
    """When to end a solver that goes on for longer than an experiment needs.

    Attributes
    ----------
    x : ndarray of float64, shape (n,)
        The answer; empty for no watch.
    close : float
        Relative error at which to end.
    every : int
        Iterations between two looks at the error.
    stretch : int
        Iterations in which the error must fall below `STALLED` times what it was, if
        they are more than the latter half of all.
    """

    x: Any
    close: float
    every: int
    stretch: int


UNWATCHED = Watch(np.empty(0), 0.0, 1, 1)
_watch: ContextVar[Watch] = ContextVar("watch", default=UNWATCHED)
current_watch = _watch.get


@contextmanager
def watched(watch: Watch) -> Iterator[None]:
    """End the solvers called inside as `watch` says, without their knowing x."""
    token = _watch.set(watch)
    try:
        yield
    finally:
        _watch.reset(token)


@compiled
def looks(watch, max_iter):
    """Return where `over` keeps the squared errors, the first being that of zero."""
    if watch.x.size == 0:
        return np.empty(0)
    errors = np.empty(1 + min(max_iter, MOST) // watch.every)
    errors[0] = watch.x @ watch.x
    return errors


@compiled
def over(watch, it, x, errors):
    """Whether the watch ends a solver that is at x after iteration `it`, from 1."""
    if watch.x.size == 0 or it % watch.every != 0:
        return False
    away = x - watch.x
    error = away @ away
    look = it // watch.every
    if look >= errors.size:
        return True
    errors[look] = error
    before = (it - max(watch.stretch, it // 2)) // watch.every
    stalled = before >= 0 and error > STALLED * STALLED * errors[before]
    return stalled or error <= watch.close * watch.close * errors[0]
