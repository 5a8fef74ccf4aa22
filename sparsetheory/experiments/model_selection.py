"""How often the LASSO selects the right model, beside the conditions for it."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sparsetheory._checks import check_array, check_integer, check_number
from sparsetheory._rng import Role, stream
from sparsetheory.conditions.coherence import mutual_coherence
from sparsetheory.ensembles import gaussian
from sparsetheory.experiments.blocks import Block, Engine, run_blocks
from sparsetheory.experiments.identity import told_apart
from sparsetheory.experiments.intervals import clopper_pearson_interval
from sparsetheory.learning._section import section
from sparsetheory.learning.irrepresentable import irrepresentability
from sparsetheory.learning.signs import inequalities
from sparsetheory.operators import to_dense
from sparsetheory.signals import sparse_signal
from sparsetheory.theory.support import lasso_support_probability
from sparsetheory.types import Counts, Ensemble, Matrix, Vector

SIZE = 16  # trials in a block


@dataclass(frozen=True, eq=False)
class ModelSelection:
    """Signs that the LASSO finds in random designs, by `model_selection`.

    Attributes
    ----------
    n, k : int
        Features, and those of the model.
    m : ndarray of int, shape (rows,)
    beta : ndarray, shape (sizes,)
        Size of the nonzeros.
    sigma : float
        Standard deviation of the noise.
    trials : int
        For each number of rows; all sizes meet the same ones.
    value, worst, rounding : ndarray, shape (rows, trials)
        `irrepresentability` of the signs and, `worst`, of the support, and by how much
        floating point may have moved either; inf if its columns are dependent.
    coherence : ndarray, shape (rows, trials)
        1 if a column is zero.
    inner, outer : ndarray, shape (rows, trials, sizes, 2)
        Of `sign_window`.
    seed : int
    """

    n: int
    k: int
    m: Counts
    beta: Vector
    sigma: float
    trials: int
    value: Matrix
    worst: Matrix
    rounding: Matrix
    coherence: Matrix
    inner: npt.NDArray[np.float64]
    outer: npt.NDArray[np.float64]
    seed: int

    @property
    def irrepresentable(self) -> Counts:
        """Trials whose signs meet the irrepresentable condition, shape (rows,)."""
        return _count(self.value + self.rounding < 1, -1)

    @property
    def incoherent(self) -> Counts:
        """Trials that meet it for all signs on their support, shape (rows,)."""
        return _count(self.worst + self.rounding < 1, -1)

    @property
    def coherent(self) -> Counts:
        """Trials of a coherence below 1/(2k - 1), for all supports, shape (rows,)."""
        return _count(self.coherence < 1 / (2 * self.k - 1), -1)

    @property
    def iid_probability(self) -> Vector:
        """Exact probability of the condition with independent normal entries."""
        return lasso_support_probability(self.n, self.m, self.k)

    def successes(self, lam: npt.ArrayLike | None = None) -> Counts:
        """Count trials in which the LASSO has exactly the signs of the model.

        Parameters
        ----------
        lam : array_like, optional
            Weights, positive; by default the best for each trial.

        Returns
        -------
        ndarray of int, shape (rows, sizes) and that of `lam`
        """
        return _count(self._inside(self.inner, lam), 1)

    def unresolved(self, lam: npt.ArrayLike | None = None) -> Counts:
        """Count trials in which rounding hides whether it has them."""
        maybe = self._inside(self.outer, lam) & ~self._inside(self.inner, lam)
        return _count(maybe, 1)

    def interval(
        self, lam: npt.ArrayLike | None = None, level: float = 0.95
    ) -> tuple[Vector, Vector]:
        """Return `clopper_pearson_interval` of the share of successes."""
        return clopper_pearson_interval(self.successes(lam), self.trials, level)

    def _inside(
        self, ends: npt.NDArray[np.float64], lam: npt.ArrayLike | None
    ) -> npt.NDArray[np.bool_]:
        low, high = ends[..., 0], ends[..., 1]
        if lam is None:
            return np.asarray(low < high)
        weights = np.asarray(lam, dtype=np.float64)
        if not np.all((weights > 0) & np.isfinite(weights)):
            raise ValueError(f"lam must be positive and finite, got {lam}")
        shape = (..., *(None,) * weights.ndim)
        return np.asarray((low[shape] < weights) & (weights < high[shape]))


class _Setting(NamedTuple):
    ensemble: Ensemble
    n: int
    m: int
    k: int
    beta: Vector
    sigma: float
    seed: int


def model_selection(
    n: int,
    m: npt.ArrayLike,
    k: int,
    *,
    beta: npt.ArrayLike,
    sigma: float = 1.0,
    ensemble: Ensemble = gaussian,
    trials: int = 200,
    seed: int = 0,
    workers: int | None = None,
    progress: bool = False,
    store: str | Path | None = None,
    executor: Executor | None = None,
) -> ModelSelection:
    r"""Draw designs, models and noise, and find when the LASSO has the right signs.

    A trial draws a matrix A, a random support of k features with random signs s, and
    noise e from N(0, σ² I). For :math:`y = A x + e`, x = β s on the support, it decides
    at which weights λ of

    .. math:: \min_z \tfrac12 \|y - A z\|_2^2 + \lambda \|z\|_1

    the solution has the signs of x: by `sign_window`, with a proof for each trial and
    no solver, except where rounding leaves it open. Beside it stand the irrepresentable
    condition of the signs, of all signs, and the coherence.

    Parameters
    ----------
    n : int
        Features, at least 2.
    m : int or array_like of int
        Rows, at least k.
    k : int
        In 1..n.
    beta : float or array_like
        Sizes of all nonzeros, positive.
    sigma : float
        Standard deviation of the noise, not negative.
    ensemble : callable
        ``(m, n, rng) -> A``, such as `gaussian_ar1` or `random_layers`.
    trials : int
        For each number of rows.
    seed : int
        A trial's stream depends on ``(seed, n, m, k, trial)`` alone.
    workers, progress, store, executor
        As for `ticket_trials`. A store keeps trials, of any numbers of rows.

    Returns
    -------
    ModelSelection
        Its `successes` take weights: none have to be chosen in advance.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above; if the store is a file of another
        kind, or the ensemble can't be told from others in it.
    OSError
        If the store can't be read or written.

    References
    ----------
    .. [1] P. Zhao, B. Yu, "On model selection consistency of Lasso", J. Mach. Learn.
       Res. 7, 2006.
    .. [2] M. Wainwright, "Sharp thresholds for high-dimensional and noisy sparsity
       recovery using ℓ1-constrained quadratic programming (Lasso)", IEEE Trans. Inf.
       Theory 55(5), 2009.

    Examples
    --------
    >>> import sparsetheory as st
    >>> found = st.model_selection(20, [20, 40], 3, beta=[1, 4, 16], trials=50)
    >>> found.irrepresentable, found.iid_probability.round(2)
    (array([31, 48]), array([0.7 , 0.98]))
    >>> found.successes()
    array([[ 0, 15, 31],
           [ 0, 30, 48]])
    """
    n, k = check_integer("n", n, 2), check_integer("k", k, 1, n)
    rows = [check_integer("m", each, k) for each in _several("m", m)]
    sizes = check_array("beta", _several("beta", beta), 1)
    if sizes.min() <= 0:
        raise ValueError(f"beta must be positive, got {sizes.min()}")
    sigma = check_number("sigma", sigma, positive=False)
    trials, seed = check_integer("trials", trials, 1), check_integer("seed", seed, 0)
    name = None if store is None else told_apart("ensemble", ensemble)
    parts = []
    for each in rows:
        setting = _Setting(ensemble, n, each, k, sizes, sigma, seed)
        described = {"experiment": "model selection", "ensemble": name} | {
            "n": n, "m": each, "k": k, "sigma": sigma, "seed": seed,
            "beta": sizes.tolist(),
        }  # fmt: skip
        blocks = run_blocks(
            partial(_trials, setting),
            described,
            trials,
            SIZE,
            Engine(workers, progress, store, executor),
        )
        parts.append(np.concatenate(blocks).reshape(trials, 4 + 4 * sizes.size))
    table = np.array(parts)
    windows = table[:, :, 4:].reshape(len(rows), trials, sizes.size, 2, 2)
    value, worst, rounding, coherence = np.moveaxis(table[:, :, :4], -1, 0)
    inner, outer = np.moveaxis(windows, -2, 0)
    return ModelSelection(
        *(n, k, np.array(rows), sizes, sigma, trials, value, worst, rounding),
        *(coherence, inner, outer, seed),
    )


def _trials(setting: _Setting, block: Block) -> Vector:
    number, trials = block
    first = number * SIZE
    found = [_trial(setting, trial) for trial in range(first, first + trials)]
    return np.concatenate(found)


def _trial(setting: _Setting, trial: int) -> Vector:
    """Return both sides of the condition, its rounding, the coherence and windows."""
    ensemble, n, m, k, beta, sigma, seed = setting
    key = (seed, n, m, k, trial)
    A = check_array("ensemble", to_dense(ensemble(m, n, stream(*key, Role.MATRIX))), 2)
    if A.shape != (m, n):
        raise ValueError(f"ensemble must have shape {(m, n)}, got {A.shape}")
    x = sparse_signal(n, k, stream(*key, Role.SIGNAL), amplitude="signs")
    e = sigma * stream(*key, Role.NOISE).standard_normal(m)
    on = np.flatnonzero(x)
    part = section(A, on)
    zero = not np.abs(A).max(axis=0).all()
    coherence = 1.0 if zero else mutual_coherence(A).value
    if part.least <= 0:  # nothing is known of the signs
        windows = np.tile([np.inf, 0.0, 0.0, np.inf], beta.size)
        return np.concatenate([[np.inf, np.inf, 0.0, coherence], windows])
    one, every = irrepresentability(A, on, x[on]), irrepresentability(A, on)
    rounding = max(one.rounding, every.rounding)
    rules = inequalities(A, part, on, x[on], e)
    found = [rules.window(np.full(k, size)) for size in beta]
    ends = [(*window.inner, *window.outer) for window in found]
    return np.concatenate([[one.value, every.value, rounding, coherence], *ends])


def _several(name: str, value: npt.ArrayLike) -> npt.NDArray[np.generic]:
    given = np.atleast_1d(np.asarray(value))
    if given.ndim != 1 or given.size == 0:
        raise ValueError(f"{name} must be a number or a list, got {value!r}")
    return given


def _count(flags: npt.NDArray[np.bool_], axis: int) -> Counts:
    return np.asarray(np.count_nonzero(flags, axis=axis), dtype=np.int64)
