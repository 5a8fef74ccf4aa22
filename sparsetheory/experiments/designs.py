"""Rules of thumb for A-optimal design against the optimum, on random rows."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sparsetheory._checks import check_array, check_integer, check_number
from sparsetheory._rng import Role, check_draw, stream
from sparsetheory.experiments.blocks import Block, Engine, run_blocks
from sparsetheory.experiments.identity import told_apart
from sparsetheory.learning.design import (
    backward_rows,
    check_tau,
    criterion,
    exchange_rows,
    forward_rows,
    magnitude_rows,
)
from sparsetheory.learning.optimal import optimal_design, relaxed_design
from sparsetheory.types import Ensemble, Matrix, Seed, Vector

SIZE = 4  # trials in a block
RULES = ("magnitude", "forward", "backward", "exchange", "relaxation", "random")


@dataclass(frozen=True, eq=False)
class DesignTrials:
    """Rows that rules choose, beside the optimal ones, by `design_trials`.

    Attributes
    ----------
    m, n, k : int
        Rows, dimensions, and rows chosen.
    tau : ndarray, shape (priors,)
        All meet the same rows.
    rules : tuple of str
        The last one takes any k rows.
    optimum : ndarray, shape (priors, trials)
        The criterion of the optimal rows, exact to a relative 1e-9.
    bound : ndarray, shape (priors, trials)
        Certified lower bound of the relaxation.
    value : ndarray, shape (rules, priors, trials)
        The criterion of what each rule chooses.
    overlap : ndarray, shape (rules, priors, trials)
        Share of the chosen rows that are in the optimal design found.
    seed : int
    """

    m: int
    n: int
    k: int
    tau: Vector
    rules: tuple[str, ...]
    optimum: Matrix
    bound: Matrix
    value: npt.NDArray[np.float64]
    overlap: npt.NDArray[np.float64]
    seed: int

    @property
    def efficiency(self) -> npt.NDArray[np.float64]:
        """Optimum over value, at most 1 but for rounding; shape as `value`."""
        return np.asarray(self.optimum / self.value)

    @property
    def chance(self) -> float:
        """Exact mean of the overlap of k rows at random: k/m."""
        return self.k / self.m


class _Setting(NamedTuple):
    draw: Ensemble
    m: int
    n: int
    k: int
    tau: Vector
    seed: int


def gaussian_rows(m: int, n: int, rng: Seed, *, spread: float = 0.0) -> Matrix:
    """Return a matrix of N(0, 1) entries, its rows times independent factors.

    Parameters
    ----------
    m, n : int
    rng : int or Generator
    spread : float
        Standard deviation of the factors' logarithms, which are normal; not negative.

    Returns
    -------
    ndarray, shape (m, n)

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    Examples
    --------
    >>> import sparsetheory as st
    >>> st.gaussian_rows(2, 3, rng=0, spread=1.0).shape
    (2, 3)
    """
    m, n, rng = check_draw(m, n, rng)
    scale = np.exp(check_number("spread", spread, positive=False) * rng.normal(size=m))
    return np.asarray(scale[:, None] * rng.standard_normal((m, n)))


def unit_rows(m: int, n: int, rng: Seed) -> Matrix:
    """Return a matrix with independent rows, uniform on the unit sphere.

    Parameters
    ----------
    m, n : int
    rng : int or Generator

    Returns
    -------
    ndarray, shape (m, n)

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> np.linalg.norm(st.unit_rows(3, 5, rng=0), axis=1).round(12)
    array([1., 1., 1.])
    """
    A = gaussian_rows(m, n, rng)
    return np.asarray(A / np.linalg.norm(A, axis=1, keepdims=True))


def design_trials(
    m: int,
    n: int,
    k: int,
    *,
    tau: npt.ArrayLike = np.inf,
    draw: Ensemble = gaussian_rows,
    trials: int = 60,
    seed: int = 0,
    workers: int | None = None,
    progress: bool = False,
    store: str | Path | None = None,
    executor: Executor | None = None,
) -> DesignTrials:
    r"""Choose k of m random rows by rules of thumb, and compare with the optimum.

    By the lengths of rows, forward and backward, by exchange, by the weights of the
    relaxation, and at random; the optimum is that of `optimal_design`, exact.

    Parameters
    ----------
    m, n, k : int
        ``k <= m``; without a prior ``n <= k``.
    tau : float or array_like
        Prior variances over that of the noise, positive; inf is no prior.
    draw : callable
        ``(m, n, rng) -> A``, by default `gaussian_rows`.
    trials : int
    seed : int
        A trial's stream depends on ``(seed, n, m, k, trial)`` alone.
    workers, progress, store, executor
        As for `ticket_trials`.

    Returns
    -------
    DesignTrials

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above; if the store is a file of another
        kind, or the draw can't be told from others in it.
    OSError
        If the store can't be read or written.

    Examples
    --------
    >>> import sparsetheory as st
    >>> found = st.design_trials(10, 3, 5, trials=20)
    >>> share = found.efficiency.mean(axis=(1, 2)).round(2)
    >>> dict(zip(found.rules, share.tolist()))
    {'magnitude': 0.75, 'forward': 0.98, 'backward': 1.0, 'exchange': 1.0,
    'relaxation': 0.99, 'random': 0.38}
    """
    m, n = check_integer("m", m, 1), check_integer("n", n, 1)
    k = check_integer("k", k, 1, m)
    given = np.atleast_1d(np.asarray(tau))
    if given.ndim != 1 or given.size == 0:
        raise ValueError(f"tau must be a number or a list, got {tau!r}")
    priors = np.array([check_tau(each) for each in given.tolist()])
    if k < n and np.isinf(priors).any():
        raise ValueError(f"k must be at least {n} without a prior, got {k}")
    trials, seed = check_integer("trials", trials, 1), check_integer("seed", seed, 0)
    described = {"experiment": "designs", "m": m, "n": n, "k": k, "seed": seed}
    described |= {"tau": [str(each) for each in priors]}
    described |= {"draw": None if store is None else told_apart("draw", draw)}
    blocks = run_blocks(
        partial(_trials, _Setting(draw, m, n, k, priors, seed)),
        described,
        trials,
        SIZE,
        Engine(workers, progress, store, executor),
    )
    shape = (trials, priors.size, 2 + 2 * len(RULES))
    table = np.moveaxis(np.concatenate(blocks).reshape(shape), -1, 0).swapaxes(1, 2)
    value, overlap = table[2:].reshape(2, len(RULES), priors.size, trials)
    optimum, bound = table[:2]
    return DesignTrials(*(m, n, k, priors, RULES, optimum, bound, value, overlap, seed))


def _trials(setting: _Setting, block: Block) -> Vector:
    draw, m, n, k, taus, seed = setting
    number, trials = block
    found = []
    for trial in range(number * SIZE, number * SIZE + trials):
        key = (seed, n, m, k, trial)
        A = check_array("draw", draw(m, n, stream(*key, Role.MATRIX)), 2)
        if A.shape != (m, n):
            raise ValueError(f"draw must have shape {(m, n)}, got {A.shape}")
        some = stream(*key, Role.SIGNAL).choice(m, k, replace=False)
        for tau in taus:
            best = optimal_design(A, k, tau=tau)
            relaxed = relaxed_design(A, k, tau=tau)
            chosen = (
                magnitude_rows(A, k),
                forward_rows(A, k, tau=tau),
                backward_rows(A, k, tau=tau),
                exchange_rows(A, k, tau=tau),
                relaxed.rows,
                some,
            )
            found.append([best.value, relaxed.lower])
            found.append([criterion(A, rows, tau) for rows in chosen])
            found.append([np.isin(rows, best.rows).mean() for rows in chosen])
    return np.concatenate(found)
