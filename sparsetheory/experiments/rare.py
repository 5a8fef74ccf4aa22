"""Rare lottery tickets: their probability estimated weight by weight."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import asdict, dataclass
from functools import partial
from math import ceil
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.special import erf, erfcx, logsumexp, ndtr

from sparsetheory._checks import check_integer, check_vector
from sparsetheory._kernels.rare import log_above, log_below
from sparsetheory._parallel import stop_if_cancelled
from sparsetheory._rng import Role, stream
from sparsetheory.experiments.blocks import Block, Engine, run_blocks
from sparsetheory.experiments.identity import told_apart
from sparsetheory.experiments.tickets import CELLS, Draw, Lottery, check_lottery
from sparsetheory.types import Matrix, Vector

FEWEST = 1000  # draws, if their number is left open
FURTHEST = 1e100  # standard deviations, whose squares are floats
TINY = 1e-300
PILOT = 100_000  # draws of a law that is not known


@dataclass(frozen=True, eq=False)
class TicketEstimate:
    """Probabilities of rare tickets, by `rare_ticket_probability`.

    Attributes
    ----------
    n, k : int
    sigma, amplitude : float
    t : ndarray, shape (thresholds,)
    signed : bool
        Whether signs are asked for too.
    log_estimates : ndarray, shape (thresholds, repeats)
        Logarithms of unbiased estimates: repeats are independent, and all thresholds
        meet the same draws.
    draws, seed : int
    """

    n: int
    k: int
    sigma: float
    amplitude: float
    t: Vector
    signed: bool
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
        """Standard error of the mean over itself, from the spread of the estimates.

        Infinite where all of them are 0.
        """
        log_p = self.log_p[:, None]
        found = np.isfinite(log_p)
        ratios = np.exp(self.log_estimates - np.where(found, log_p, 0.0))
        error = ratios.std(axis=1, ddof=1) / ratios.shape[1] ** 0.5
        return np.where(found[:, 0], error, np.inf)


def rare_ticket_probability(
    n: int,
    k: int,
    t: npt.ArrayLike | None = None,
    *,
    sigma: float = 1.0,
    amplitude: float = 0.0,
    signed: bool = False,
    draw: Draw | None = None,
    draws: int | None = None,
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
    below t, or for small t uniform ones are weighted. No normal tail is in an estimate.
    Weights of another law are drawn as they are, and those that count are counted.

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
    signed : bool
        Ask also for the signs on the support.
    draw : callable, optional
        ``draw(rng, size)`` for weights of another law, as for `ticket_trials`.
    draws : int, optional
        Of each weight, in one estimate; by default 1000, or as many more as bring the
        relative standard deviation of one estimate down to 1.3.
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
        If an argument is out of range; if the store is a file of another kind; if a
        weight of another law is on its side of t in none of 10^5 draws.
    OSError
        If the store can't be read or written.

    Warns
    -----
    RuntimeWarning
        If by the formula below the relative error is above a half: with so few draws
        most estimates are far too small, and their spread does not show it.

    Notes
    -----
    The relative variance of one estimate is
    :math:`(1+v_1/N)^k (1+v_0/N)^{n-k} - 1` with N draws, v_1 and v_0 being those of one
    draw: without signal :math:`v_1 \le 0.11`, and :math:`v_0 = q/(1-q) \le 0.47` with
    q = 2Q(t/σ) if t >= σ, else at most 0.03. For another law both are (1-p)/p, p being
    the probability that a weight counts. With R estimates the relative error is
    about :math:`\sqrt{(k v_1 + (n-k) v_0)/NR}` for N of at least k v_1 + (n-k) v_0,
    however small p is. Importance sampling of all weights at once would need a number
    of draws exponential in n.

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
    lottery = check_lottery(n, k, t, sigma, amplitude, seed)
    furthest = max(*lottery.t, lottery.amplitude) / lottery.sigma
    if furthest > FURTHEST:
        raise ValueError(
            f"t and amplitude must be at most {FURTHEST:g} sigma, got {furthest:g}"
        )
    repeats, signed = check_integer("repeats", repeats, 2), bool(signed)
    draws = _enough(lottery, draw, signed, draws, repeats)
    logs = run_blocks(
        partial(_estimate, lottery, draw, signed, draws),
        {"experiment": "rare tickets", **asdict(lottery)}
        | {"signed": signed, "draws": draws}
        | {"draw": None if store is None else told_apart("draw", draw)},
        repeats,
        1,
        Engine(workers, progress, store, executor),
    )
    return TicketEstimate(
        n=lottery.n,
        k=lottery.k,
        sigma=lottery.sigma,
        amplitude=lottery.amplitude,
        t=np.array(lottery.t),
        signed=signed,
        log_estimates=np.array(logs).T,
        draws=draws,
        seed=lottery.seed,
    )


def _enough(
    lottery: Lottery,
    draw: Draw | None,
    signed: bool,
    draws: int | None,
    repeats: int,
) -> int:
    """Return a number of draws, or warn if the one given is too small."""
    parts = np.array(
        [
            _variances_by_trial(lottery, draw, t, signed)
            if draw
            else _variances(lottery, t / lottery.sigma, signed)
            for t in lottery.t
        ]
    )
    counts = np.array([lottery.k, lottery.n - lottery.k])
    enough = max(FEWEST, ceil(float(np.max(parts @ counts))))
    if draws is None:
        return enough
    draws = check_integer("draws", draws, 1)
    if np.max(np.log1p(parts / draws) @ counts) > np.log1p(repeats / 4):
        warnings.warn(
            f"rare_ticket_probability has a relative error above 0.5 with {draws} "
            f"draws and {repeats} repeats, by default there are {enough} draws",
            RuntimeWarning,
            stacklevel=3,
        )
    return draws


def _variances_by_trial(
    lottery: Lottery, draw: Draw, t: float, signed: bool
) -> tuple[float, float]:
    """Estimate the relative variances of a draw on the support and off it."""
    rng = stream(lottery.seed, lottery.n, 0, lottery.k, 0, Role.SIGNAL)
    found = []
    for on, count in ((True, lottery.k), (False, lottery.n - lottery.k)):
        p = float(_good(lottery, draw, t, signed, rng, (PILOT, 1), on).mean())
        if p == 0.0 and count:
            place = "above" if on else "below"
            raise ValueError(
                f"none of {PILOT} draws of a weight came {place} t = {t}, so rare ones "
                "can't be drawn; st.log_ticket_probability with log_tail is exact"
            )
        found.append((1 - p) / p if p else 0.0)
    return found[0], found[1]


def _variances(lottery: Lottery, u: float, signed: bool) -> tuple[float, float]:
    """Return the relative variances of a draw on the support and off it."""
    a = lottery.amplitude / lottery.sigma
    h, below = u - a, float(erf(u / np.sqrt(2)))
    if u >= 1:
        off = 2 * float(ndtr(-u)) / below
    else:
        # the limit 0 where quotients have no digits left
        ratio = u / below * (float(erf(u)) / below) if u > TINY else np.sqrt(np.pi)
        off = float(ratio / np.sqrt(np.pi)) - 1
    if h <= 0:
        p = float(ndtr(-h)) + (0.0 if signed else float(ndtr(-u - a)))
        return (1 - p) / p, off
    rate = _rate(h)
    # Gaussian integrals: density of -u - a over that of u - a, and three products
    r = 0.0 if signed else float(np.exp(-2 * a * u))
    second = erfcx(h - rate / 2) + 2 * r * erfcx(u - rate / 2)
    second += r * r * erfcx(u + a - rate / 2)
    first = erfcx(h / np.sqrt(2)) + r * erfcx((u + a) / np.sqrt(2))
    return float(second / (rate * np.sqrt(np.pi) * first**2)) - 1, off


def _rate(h: float) -> float:
    return 0.5 * (h + float(np.hypot(h, 2.0)))


def _estimate(
    lottery: Lottery, draw: Draw | None, signed: bool, draws: int, block: Block
) -> Vector:
    """Return the logarithm of one estimate for each threshold, from one stream."""
    n, k = lottery.n, lottery.k
    logs = []
    for t in lottery.t:
        rng = stream(lottery.seed, n, 0, k, block[0], Role.NOISE)
        total = 0.0
        for on, count in ((True, k), (False, n - k)):
            for part in _parts(draws, count):
                if draw:
                    good = _good(lottery, draw, t, signed, rng, (draws, part), on)
                    total += _log(good.mean(axis=0)).sum()
                else:
                    total += _normal(lottery, t, signed, rng, (draws, part), on)
        logs.append(total)
    return np.array(logs)


def _parts(draws: int, count: int) -> Iterator[int]:
    """Yield numbers of weights whose draws take some MB."""
    most = max(1, CELLS // draws)
    for first in range(0, count, most):
        stop_if_cancelled()
        yield min(most, count - first)


def _normal(
    lottery: Lottery,
    t: float,
    signed: bool,
    rng: np.random.Generator,
    shape: tuple[int, int],
    on: bool,
) -> float:
    """Estimate the log-probability that normal weights are where they should be."""
    u, a = t / lottery.sigma, lottery.amplitude / lottery.sigma
    with np.errstate(divide="ignore"):
        if on:
            return float(log_above(rng, *shape, u, a, signed))
        return float(log_below(rng, *shape, u))


def _good(
    lottery: Lottery,
    draw: Draw,
    t: float,
    signed: bool,
    rng: np.random.Generator,
    shape: tuple[int, int],
    on: bool,
) -> npt.NDArray[np.bool_]:
    """Return which draws of weights are where they should be."""
    size = shape[0] * shape[1]
    w = lottery.sigma * check_vector("draw", draw(rng, size), size, "size")
    if on:
        w += lottery.amplitude
        return np.asarray((w if signed else np.abs(w)) >= t).reshape(shape)
    return np.asarray(np.abs(w) < t).reshape(shape)


def _log(x: Vector) -> Vector:
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(x))
