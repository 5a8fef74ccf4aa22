"""Lottery tickets drawn: random weights that are large just where they should be."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from sparsetheory._checks import (
    check_array,
    check_integer,
    check_number,
    check_vector,
)
from sparsetheory._kernels.draw import fill_normal
from sparsetheory._rng import Role, stream
from sparsetheory.experiments.blocks import Block, Engine, run_blocks
from sparsetheory.experiments.identity import told_apart
from sparsetheory.experiments.intervals import clopper_pearson_interval
from sparsetheory.theory.tickets import optimal_threshold
from sparsetheory.types import Counts, Vector

CELLS = 1 << 18  # weights in a block: some MB

Draw: TypeAlias = Callable[[np.random.Generator, int], npt.ArrayLike]
"""``(rng, size) -> `` so many independent weights."""

Counted: TypeAlias = Literal[
    "successes", "signed_successes", "overlap", "top_k_signed", "found"
]


@dataclass(frozen=True)
class Lottery:
    """What is drawn."""

    n: int
    k: int
    t: tuple[float, ...]
    sigma: float
    amplitude: float
    seed: int


@dataclass(frozen=True, eq=False)
class TicketTrials:
    """Tickets counted, by `ticket_trials`.

    Attributes
    ----------
    n, k : int
        Weights, and places of the support.
    sigma, amplitude : float
        Standard deviation of the weights, and their signal on the support.
    t : ndarray, shape (thresholds,)
    trials : int
    successes, signed_successes : ndarray of int, shape (thresholds,)
        Draws in which the weights of size at least t were those on the support; and had
        its signs too. All thresholds meet the same draws.
    overlap : ndarray of int, shape (k + 1,)
        Draws in which so many of the k largest weights were on the support; the last
        number counts those with the exact support.
    top_k_signed : int
        Draws in which the k largest weights had the exact support and its signs.
    found : ndarray of int, shape (thresholds, k + 1)
        Draws in which so many of the weights of size at least t were on the support,
        whatever the others.
    seed : int
    """

    n: int
    k: int
    sigma: float
    amplitude: float
    t: Vector
    trials: int
    successes: Counts
    signed_successes: Counts
    overlap: Counts
    top_k_signed: int
    found: Counts
    seed: int

    def interval(
        self, level: float = 0.95, *, of: Counted = "successes"
    ) -> tuple[Vector, Vector]:
        """Return Clopper-Pearson intervals of the probabilities that one count is for.

        For `overlap` and `found` of the probabilities of at least so many places.
        """
        if of not in get_args(Counted):
            raise ValueError(f"of must be one of {get_args(Counted)}, got {of!r}")
        counts = np.asarray(getattr(self, of))
        if of in ("overlap", "found"):
            counts = np.flip(np.cumsum(np.flip(counts, -1), axis=-1), -1)
        return clopper_pearson_interval(counts, self.trials, level)


def ticket_trials(
    n: int,
    k: int,
    t: npt.ArrayLike | None = None,
    *,
    sigma: float = 1.0,
    amplitude: float = 0.0,
    draw: Draw | None = None,
    trials: int = 10_000,
    seed: int = 0,
    workers: int | None = None,
    progress: bool = False,
    store: str | Path | None = None,
    executor: Executor | None = None,
) -> TicketTrials:
    """Draw weights and count tickets, by thresholds and by the k largest.

    Weights are independent normal, or of any other law, and `amplitude` is added to
    those on the support. Support and signs are the same in all trials, which for a
    symmetric law is all one.

    Parameters
    ----------
    n, k : int
        Weights, and places of the support, ``0 <= k <= n``.
    t : array_like, optional
        Thresholds, not negative; by default the `optimal_threshold` of normal weights
        alone, which for k = 0 there is none of.
    sigma : float
        Standard deviation, positive, or what the weights drawn are multiplied by.
    amplitude : float
        Signal on the support, not negative.
    draw : callable, optional
        ``draw(rng, size)`` for weights of another law, continuous since of equal
        weights all count among the k largest; an array of that size from a NumPy
        Generator, such as ``lambda rng, size: rng.laplace(size=size)``.
    trials : int
    seed : int
        Non-negative.
    workers : int, optional
        Threads, by default all processors.
    progress : bool
        Show a progress bar on standard error.
    store : str or Path, optional
        File that keeps the counts of each block of trials, as for `phase_transition`.
    executor : concurrent.futures.Executor, optional
        Where blocks run instead of threads.

    Returns
    -------
    TicketTrials

    Raises
    ------
    ValueError
        If an argument is out of range, or a draw not of its size and finite; if the
        store is a file of another kind; if a draw can't be told from others in it.
    OSError
        If the store can't be read or written.

    Notes
    -----
    The stream of a block of some 2^18 weights depends on ``(seed, n, k, block)`` alone:
    more trials extend the same draws.

    Examples
    --------
    >>> import sparsetheory as st
    >>> found = st.ticket_trials(10, 3, [0.5, 1.0, 1.5], trials=100_000)
    >>> found.successes, found.overlap
    (array([ 28, 207,  94]), array([29194, 52359, 17622,   825]))
    """
    lottery = check_lottery(n, k, t, sigma, amplitude, seed)
    trials = check_integer("trials", trials, 1)
    sums = run_blocks(
        partial(_count, lottery, draw),
        {"experiment": "tickets", **asdict(lottery)}
        | {"draw": None if store is None else told_apart("draw", draw)},
        trials,
        max(1, CELLS // lottery.n),
        Engine(workers, progress, store, executor),
    )
    total = np.sum(sums, axis=0).astype(np.int64)
    ends = np.cumsum([len(lottery.t), len(lottery.t), lottery.k + 1, 1])
    successes, signed, overlap, top, found = np.split(total, ends)
    return TicketTrials(
        n=lottery.n,
        k=lottery.k,
        sigma=lottery.sigma,
        amplitude=lottery.amplitude,
        t=np.array(lottery.t),
        trials=trials,
        successes=successes,
        signed_successes=signed,
        overlap=overlap,
        top_k_signed=int(top[0]),
        found=found.reshape(len(lottery.t), -1),
        seed=lottery.seed,
    )


def check_lottery(
    n: int,
    k: int,
    t: npt.ArrayLike | None,
    sigma: float,
    amplitude: float,
    seed: int,
) -> Lottery:
    """Return what is drawn, its arguments checked."""
    n = check_integer("n", n, 1)
    k = check_integer("k", k, 0, n)
    sigma = check_number("sigma", sigma)
    amplitude = check_number("amplitude", amplitude, positive=False)
    if t is None and k == 0:
        raise ValueError("t must be given for k = 0, the best one is infinite")
    if t is None:
        t = optimal_threshold(n, k, sigma, amplitude=amplitude)
    thresholds = check_array("t", np.atleast_1d(np.asarray(t)), 1)
    if thresholds.size == 0 or thresholds.min() < 0:
        got = thresholds.min() if thresholds.size else "nothing"
        raise ValueError(f"t must hold numbers that are not negative, got {got}")
    places = tuple(float(x) for x in thresholds)
    return Lottery(n, k, places, sigma, amplitude, check_integer("seed", seed, 0))


def _count(lottery: Lottery, draw: Draw | None, block: Block) -> Vector:
    """Return the counts of one block in a row, as in `TicketTrials`."""
    n, k, (number, trials) = lottery.n, lottery.k, block
    rng = stream(lottery.seed, n, 0, k, number, Role.SIGNAL)
    if draw is None:
        w = np.empty((trials, n))
        fill_normal(rng, lottery.sigma, w)
    else:
        drawn = check_vector("draw", draw(rng, trials * n), trials * n, "size")
        w = lottery.sigma * drawn.reshape(trials, n)
    w[:, :k] += lottery.amplitude
    size = np.abs(w)
    least = size[:, :k].min(axis=1, initial=np.inf)
    most = size[:, k:].max(axis=1, initial=-np.inf)
    signs = np.all(w[:, :k] > 0, axis=1)
    t = np.array(lottery.t)
    won = (least[:, None] >= t) & (most[:, None] < t)
    last = np.partition(size, n - k, axis=1)[:, n - k] if k else np.full(trials, np.inf)
    overlap = np.bincount((size[:, :k] >= last[:, None]).sum(axis=1), minlength=k + 1)
    top = np.count_nonzero((least > most) & signs)
    counts = [won.sum(axis=0), (won & signs[:, None]).sum(axis=0), overlap, [top]]
    for threshold in lottery.t:
        on = np.count_nonzero(size[:, :k] >= threshold, axis=1)
        counts.append(np.bincount(on, minlength=k + 1))
    return np.concatenate(counts).astype(np.float64)
