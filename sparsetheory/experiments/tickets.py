"""Lottery tickets drawn: random weights that are large just where they should be."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp

from sparsetheory._checks import check_array, check_integer, check_number
from sparsetheory._kernels.draw import fill_normal
from sparsetheory._rng import Role, stream
from sparsetheory.experiments.blocks import Block, run_blocks
from sparsetheory.experiments.intervals import clopper_pearson_interval
from sparsetheory.theory.tickets import optimal_threshold
from sparsetheory.types import Counts, Matrix, Vector

CELLS = 1 << 18  # weights in a block: some MB
HALF_LOG_TWO_PI = 0.5 * float(np.log(2 * np.pi))


@dataclass(frozen=True)
class _Lottery:
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


@dataclass(frozen=True, eq=False)
class TicketEstimate:
    """Probabilities of rare tickets, by `rare_ticket_probability`.

    Attributes
    ----------
    n, k : int
    sigma, amplitude : float
    t : ndarray, shape (thresholds,)
    log_estimates : ndarray, shape (thresholds, repeats)
        Logarithms of independent, unbiased estimates.
    draws, seed : int
    """

    n: int
    k: int
    sigma: float
    amplitude: float
    t: Vector
    log_estimates: Matrix
    draws: int
    seed: int

    @property
    def log_p(self) -> Vector:
        """Logarithm of the mean estimate, for each threshold."""
        repeats = self.log_estimates.shape[1]
        return np.asarray(logsumexp(self.log_estimates, axis=1) - np.log(repeats))

    @property
    def relative_error(self) -> Vector:
        """Standard error of the mean over itself, from the spread of the estimates."""
        ratios = np.exp(self.log_estimates - self.log_p[:, None])
        return np.asarray(ratios.std(axis=1, ddof=1) / ratios.shape[1] ** 0.5)


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
    lottery = _check(n, k, t, sigma, amplitude, seed)
    trials = check_integer("trials", trials, 1)
    sums = run_blocks(
        partial(_count, lottery),
        {"experiment": "tickets", "lottery": repr(lottery)},
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


def rare_ticket_probability(
    n: int,
    k: int,
    t: npt.ArrayLike | None = None,
    *,
    sigma: float = 1.0,
    amplitude: float = 0.0,
    draws: int = 1000,
    repeats: int = 100,
    seed: int = 0,
    workers: int | None = None,
    progress: bool = False,
    store: str | Path | None = None,
    executor: Executor | None = None,
) -> TicketEstimate:
    r"""Estimate the probability of a ticket by a threshold, however small.

    The event is met weight by weight, with the same number of draws for each: a product
    of n independent means, each unbiased, as in splitting with fixed effort. On the
    support sizes are drawn above t, by an exponential density in place of the normal
    tail, and weighted by the ratio of the two; off it normal draws count if they stay
    below t, or for small t uniform ones are weighted. No normal tail is computed.

    Parameters
    ----------
    n, k : int
        Weights, and places of the support, ``0 <= k <= n``.
    t : array_like, optional
        Thresholds, not negative; by default the `optimal_threshold` alone.
    sigma : float
        Standard deviation, positive.
    amplitude : float
        Signal on the support, not negative.
    draws : int
        Of each weight, in one estimate.
    repeats : int
        Independent estimates, at least 2.
    seed, workers, progress, store, executor
        As for `ticket_trials`.

    Returns
    -------
    TicketEstimate
        With `log_p` and `relative_error`.

    Raises
    ------
    ValueError
        If an argument is out of range; if the store is a file of another kind.
    OSError
        If the store can't be read or written.

    Notes
    -----
    The relative variance of one estimate is
    :math:`(1+v_1/N)^k (1+v_0/N)^{n-k} - 1` with N draws, v_1 and v_0 being those of one
    draw: without signal :math:`v_1 \le 0.11`, and :math:`v_0 = q/(1-q) \le 0.47` with
    q = 2Q(t/σ) if t >= σ, else at most 0.03. With R estimates the relative error is
    about :math:`\sqrt{(k v_1 + (n-k) v_0)/NR}`, however small p is. Importance sampling
    of all weights at once would need a number of draws exponential in n.

    References
    ----------
    .. [1] C. Robert, "Simulation of truncated normal variables", Stat. Comput. 5, 1995:
       the rate of the exponential density.
    .. [2] M. Garvels, "The splitting method in rare event simulation", 2000.

    Examples
    --------
    >>> import sparsetheory as st
    >>> found = st.rare_ticket_probability(100, 10)
    >>> found.log_p.round(2), found.relative_error < 0.02
    (array([-32.51]), array([ True]))
    >>> float(st.log_ticket_maximum(100, 10).round(2))
    -32.51
    """
    lottery = _check(n, k, t, sigma, amplitude, seed)
    draws = check_integer("draws", draws, 1)
    repeats = check_integer("repeats", repeats, 2)
    logs = run_blocks(
        partial(_estimate, lottery, draws),
        {"experiment": "rare tickets", "lottery": repr(lottery), "draws": draws},
        repeats,
        1,
        workers=workers,
        progress=progress,
        store=store,
        executor=executor,
    )
    return TicketEstimate(
        n=lottery.n,
        k=lottery.k,
        sigma=lottery.sigma,
        amplitude=lottery.amplitude,
        t=np.array(lottery.t),
        log_estimates=np.array(logs).T,
        draws=draws,
        seed=lottery.seed,
    )


def _check(
    n: int,
    k: int,
    t: npt.ArrayLike | None,
    sigma: float,
    amplitude: float,
    seed: int,
) -> _Lottery:
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
    return _Lottery(n, k, places, sigma, amplitude, check_integer("seed", seed, 0))


def _count(lottery: _Lottery, block: Block) -> Vector:
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


def _estimate(lottery: _Lottery, draws: int, block: Block) -> Vector:
    """Return the logarithm of one estimate for each threshold, from one stream."""
    n, k, a = lottery.n, lottery.k, lottery.amplitude / lottery.sigma
    logs = []
    for t in lottery.t:
        rng = stream(lottery.seed, n, 0, k, block[0], Role.NOISE)
        u = t / lottery.sigma
        logs.append(_on(rng, draws, k, u, a) + _off(rng, draws, n - k, u))
    return np.array(logs)


def _on(rng: np.random.Generator, draws: int, k: int, u: float, a: float) -> float:
    """Estimate the log-probability that k weights of mean `a` are of size >= u."""
    if u <= a:
        return _share(np.abs(a + rng.standard_normal((draws, k))) >= u)
    rate = 0.5 * (u - a + np.sqrt((u - a) ** 2 + 4))
    x = rng.standard_exponential((draws, k))
    y = u - a + x / rate
    # both signs of a + z; the density of x is exp(-x)
    log_ratio = np.logaddexp(0.0, -2 * a * (y + a)) - 0.5 * y * y + x
    means = logsumexp(log_ratio, axis=0) - np.log(draws * rate) - HALF_LOG_TWO_PI
    return float(means.sum())


def _off(rng: np.random.Generator, draws: int, count: int, u: float) -> float:
    """Estimate the log-probability that `count` weights are of size < u."""
    if u >= 1:
        return _share(np.abs(rng.standard_normal((draws, count))) < u)
    x = u * rng.random((draws, count))
    scale = 2 * u * np.exp(-HALF_LOG_TWO_PI)
    with np.errstate(divide="ignore"):
        return float(np.log(scale * np.exp(-0.5 * x * x).mean(axis=0)).sum())


def _share(good: npt.NDArray[np.bool_]) -> float:
    with np.errstate(divide="ignore"):
        return float(np.log(good.mean(axis=0)).sum())
