"""Counts against a law, and counts against counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import lcm

import numpy as np
import numpy.typing as npt
from scipy.special import bdtr, bdtrc, chdtrc, fdtrc, ndtri

from sparsetheory.experiments.store import PhaseMap
from sparsetheory.solvers.certificates import Verdict
from sparsetheory.types import Vector

NORMAL95 = float(ndtri(0.975))
IMPOSSIBLE = 1e-6  # that likely an outcome is where the law is sure of the other one
EXPECTED = 1.0  # a cell enters if it should see so many of either outcome

Law = Callable[[int, int, int], float]


@dataclass(frozen=True, eq=False)
class Comparison:
    """How far counts lie from a law, or from other counts.

    Attributes
    ----------
    z : ndarray, shape (r, d)
        Standard score of each cell, positive for more successes than expected (or than
        in the second map); NaN where it was left out.
    chi_square : float
        Sum of squares of the scores.
    dof : int
        Number of cells that entered, those of equal m and k once.
    p_value : float
        Chance of a larger sum if there is no difference.
    paired : bool
        Whether two maps were compared trial by trial.
    difference : float
        Mean share of successes less what was expected, over the cells that entered; of
        two maps, first less second.
    low, high : float
        Ends of the 95 % confidence interval of `difference`.
    """

    z: Vector
    chi_square: float
    dof: int
    p_value: float
    paired: bool
    difference: float
    low: float
    high: float


def compare(result: PhaseMap, other: Law | npt.ArrayLike | PhaseMap) -> Comparison:
    """Test a map against a law of success, or against another map.

    Parameters
    ----------
    result : PhaseMap
    other : callable, array_like or PhaseMap
        A law ``(n, m, k) -> probability`` such as `l1_success_probability`, or exact
        ``lambda n, m, k: l1_exact_success_probability(n, k)[m]``; the
        probabilities themselves, shape (r, d); or a map of the same sizes.

        Maps of one seed and one law of signals ran on the same problems, or on the same
        signals if their ensembles differ: they are compared trial by trial (McNemar's
        test [1]_), the first so many of each. Other maps are taken for independent.

    Returns
    -------
    Comparison
        Unresolved trials count as not successful. A cell enters if it is expected to
        see at least one success and one failure, or if its outcome has a probability
        below 1e-6 by the law; of two maps, if the two together saw
        that, and compared by trials, if these differ at least once. Where trials
        share matrices, variances are those between matrices, or grow by the
        `PhaseMap.design_effect`.

    Raises
    ------
    ValueError
        If the shapes or sizes differ, a probability is outside [0, 1], or no cell
        enters; but maps that are alike in every trial have the p value 1.

    References
    ----------
    .. [1] Q. McNemar, "Note on the sampling error of the difference between correlated
       proportions or percentages", Psychometrika 12(2), 1947.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> grid = dict(n=100, delta=[0.5], rho=[0.32, 0.4, 0.48], trials=100)
    >>> result = st.phase_transition(st.basis_pursuit, **grid)
    >>> st.compare(result, st.l1_success_probability).p_value > 0.001
    True
    >>> wrong = lambda n, m, k: st.l1_success_probability(n, m + 4, k)
    >>> st.compare(result, wrong).p_value < 0.001
    True
    >>> pair = st.compare(result, st.phase_transition(st.omp, **grid))
    >>> pair.paired, pair.difference > 0
    (True, True)
    """
    paired = False
    with np.errstate(invalid="ignore", divide="ignore"):
        if isinstance(other, PhaseMap):
            paired = _same_problems(result, other)
            excess, variance, enters = (_pairs if paired else _apart)(result, other)
        else:
            excess, variance, enters = _against(result, _law_on(result, other))
        z = np.where(enters, excess / np.sqrt(variance), np.nan)
    sizes = [np.broadcast_to(result.m, z.shape).ravel(), result.k.ravel()]
    _, first = np.unique(np.column_stack(sizes), axis=0, return_index=True)
    once = np.zeros(z.size, dtype=bool)  # cells of equal sizes are one experiment
    once[first] = True
    enters &= once.reshape(z.shape)
    total, dof = float(np.sum(z[enters] ** 2)), int(enters.sum())
    if dof == 0 and paired:  # alike in every trial
        return Comparison(z, 0.0, 0, 1.0, paired, 0.0, 0.0, 0.0)
    if dof == 0:
        raise ValueError("no cell has a chance of both success and failure")
    mean = float(excess[enters].mean())
    half = NORMAL95 * float(np.sqrt(variance[enters].sum())) / dof
    matrices = [result.matrices, getattr(other, "matrices", np.inf)]
    if paired or np.isinf(min(matrices)):
        p_value = float(chdtrc(dof, total))
    else:  # the variance is an estimate
        p_value = float(fdtrc(dof, min(matrices), total / dof))
    return Comparison(z, total, dof, p_value, paired, mean, mean - half, mean + half)


Scores = tuple[Vector, Vector, npt.NDArray[np.bool_]]
"""Of each cell the excess of its share of successes, its variance, whether it enters"""


def _against(result: PhaseMap, p: Vector) -> Scores:
    counts, effect = result.counts, result.design_effect
    enters = (counts > 0) & (counts * np.minimum(p, 1 - p) >= EXPECTED)
    # A cell that is sure by the law enters if it came out as by the law it can't.
    tried, won = ((a / effect).astype(np.int64) for a in (counts, result.successes))
    many = np.where(won > 0, bdtrc(won - 1, tried, p), 1.0)
    enters |= (counts > 0) & (np.minimum(many, bdtr(won, tried, p)) < IMPOSSIBLE)
    return result.probability - p, p * (1 - p) / counts * effect, enters


def _apart(one: PhaseMap, two: PhaseMap) -> Scores:
    total = one.counts + two.counts
    pooled = (one.successes + two.successes) / total
    spread = one.design_effect / one.counts + two.design_effect / two.counts
    enters = (one.counts > 0) & (two.counts > 0)
    enters &= np.minimum(pooled, 1 - pooled) * total >= EXPECTED
    return one.probability - two.probability, pooled * (1 - pooled) * spread, enters


def _pairs(one: PhaseMap, two: PhaseMap) -> Scores:
    trials = min(one.trials, two.trials)
    shared = [int(r.settings.get("signals_per_matrix", 1)) for r in (one, two)]
    run = (one.counts > 0) & (two.counts > 0)
    won, lost = (r.outcomes[:, :, :trials] == Verdict.SUCCESS for r in (one, two))
    difference = won.astype(np.float64) - lost
    sums = np.add.reduceat(difference, np.arange(0, trials, lcm(*shared)), axis=2)
    spread = np.sum(sums**2, axis=2)
    return difference.mean(axis=2), spread / trials**2, run & (spread > 0)


def _same_problems(one: PhaseMap, two: PhaseMap) -> bool:
    same = one.n == two.n and np.array_equal(one.m, two.m)
    if not (same and np.array_equal(one.k, two.k)):
        raise ValueError("the maps must have the same n, m and k")
    signals = [r.settings.get("signal") for r in (one, two)]
    return one.seed == two.seed and signals[0] == signals[1]


def _law_on(result: PhaseMap, law: Law | npt.ArrayLike) -> Vector:
    """Return the law's probability of each cell, shape (r, d)."""
    if callable(law):
        p = np.empty(result.k.shape)
        for i, j in np.ndindex(p.shape):
            p[i, j] = law(result.n, int(result.m[j]), int(result.k[i, j]))
    else:
        p = np.asarray(law, dtype=np.float64)
    if p.shape != result.k.shape:
        raise ValueError(f"the law must have shape {result.k.shape}, got {p.shape}")
    outside = p[~((p >= 0) & (p <= 1))]
    if outside.size:
        raise ValueError(f"the law must lie in [0, 1], got {outside[0]}")
    return p
