"""Lottery tickets drawn: random weights that are large just where they should be."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sparsetheory._checks import check_array, check_integer, check_number
from sparsetheory._kernels.draw import fill_normal
from sparsetheory._rng import Role, stream
from sparsetheory.experiments.blocks import Block, run_blocks
from sparsetheory.experiments.intervals import clopper_pearson_interval
from sparsetheory.theory.tickets import optimal_threshold
from sparsetheory.types import Counts, Vector

CELLS = 1 << 18  # weights in a block: some MB


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
    seed: int

    def interval(self, level: float = 0.95) -> tuple[Vector, Vector]:
        """Return the Clopper-Pearson interval of each threshold's probability."""
        return clopper_pearson_interval(self.successes, self.trials, level)


def ticket_trials(
    n: int,
    k: int,
    t: npt.ArrayLike | None = None,
    *,
    sigma: float = 1.0,
    amplitude: float = 0.0,
    trials: int = 10_000,
    seed: int = 0,
    workers: int | None = None,
    progress: bool = False,
    store: str | Path | None = None,
    executor: Executor | None = None,
) -> TicketTrials:
    """Draw weights and count tickets, by thresholds and by the k largest.

    Weights are independent normal, those on the support with a mean of `amplitude`.
    Support and signs are the same in all trials, which by symmetry is all one.

    Parameters
    ----------
    n, k : int
        Weights, and places of the support, ``0 <= k <= n``.
    t : array_like, optional
        Thresholds, not negative; by default the `optimal_threshold` alone, which for
        k = 0 there is none of.
    sigma : float
        Standard deviation, positive.
    amplitude : float
        Signal on the support, not negative.
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
        If an argument is out of range; if the store is a file of another kind.
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
        partial(_count, lottery),
        {"experiment": "tickets", **asdict(lottery)},
        trials,
        max(1, CELLS // lottery.n),
        workers=workers,
        progress=progress,
        store=store,
        executor=executor,
    )
    total = np.sum(sums, axis=0).astype(np.int64)
    ends = np.cumsum([len(lottery.t), len(lottery.t), lottery.k + 1])
    successes, signed, overlap, top = np.split(total, ends)
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
    if t is None:
        t = optimal_threshold(n, k, sigma, amplitude=amplitude)
    thresholds = check_array("t", np.atleast_1d(np.asarray(t)), 1)
    if thresholds.size == 0 or thresholds.min() < 0:
        got = thresholds.min() if thresholds.size else "nothing"
        raise ValueError(f"t must hold numbers that are not negative, got {got}")
    places = tuple(float(x) for x in thresholds)
    return Lottery(n, k, places, sigma, amplitude, check_integer("seed", seed, 0))


def _count(lottery: Lottery, block: Block) -> Vector:
    """Return the counts of one block in a row, as in `TicketTrials`."""
    n, k, (number, trials) = lottery.n, lottery.k, block
    flat = np.empty(trials * n)
    rng = stream(lottery.seed, n, 0, k, number, Role.SIGNAL)
    fill_normal(rng, lottery.sigma, flat)
    w = flat.reshape(trials, n)
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
    return np.concatenate(counts).astype(np.float64)
