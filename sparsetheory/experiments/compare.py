"""Counts against a law, and counts against counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import chdtrc

from sparsetheory.experiments.store import PhaseMap
from sparsetheory.types import Vector

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
    """

    z: Vector
    chi_square: float
    dof: int
    p_value: float


def compare(result: PhaseMap, other: Law | npt.ArrayLike | PhaseMap) -> Comparison:
    """Test a map against a law of success, or against another map.

    Parameters
    ----------
    result : PhaseMap
    other : callable, array_like or PhaseMap
        A law ``(n, m, k) -> probability`` such as `l1_success_probability`, or exact
        ``lambda n, m, k: l1_exact_success_probability(n, k)[m]``; the
        probabilities themselves, shape (r, d); or a map of the same sizes, whose
        counts are then taken for independent. If both ran on the same problems, they
        are positively correlated and the test is conservative.

    Returns
    -------
    Comparison
        Unresolved trials count as not successful. Against a law, a cell enters if it
        is expected to see at least one success and one failure; against a map, if the
        two together saw that.

    Raises
    ------
    ValueError
        If the shapes or sizes differ, a probability is outside [0, 1], or no cell
        enters.

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
    """
    counts, wins = result.counts, result.successes
    if isinstance(other, PhaseMap):
        same = result.n == other.n and np.array_equal(result.m, other.m)
        if not (same and np.array_equal(result.k, other.k)):
            raise ValueError("the maps must have the same n, m and k")
        total = counts + other.counts
        with np.errstate(invalid="ignore", divide="ignore"):
            pooled = (wins + other.successes) / total
            variance = pooled * (1 - pooled) * (1 / counts + 1 / other.counts)
            z = (result.probability - other.probability) / np.sqrt(variance)
            rare = np.minimum(pooled, 1 - pooled) * total
        enters = (counts > 0) & (other.counts > 0) & (rare >= EXPECTED)
    else:
        p = _law_on(result, other)
        with np.errstate(invalid="ignore", divide="ignore"):
            z = (wins - counts * p) / np.sqrt(counts * p * (1 - p))
        enters = (counts > 0) & (counts * np.minimum(p, 1 - p) >= EXPECTED)
    _, first = np.unique(
        np.column_stack([np.broadcast_to(result.m, z.shape).ravel(), result.k.ravel()]),
        axis=0,
        return_index=True,
    )
    once = np.zeros(z.size, dtype=bool)  # cells of equal sizes are one experiment
    once[first] = True
    if not enters.any():
        raise ValueError("no cell has a chance of both success and failure")
    z = np.where(enters, z, np.nan)
    enters &= once.reshape(z.shape)
    total_score = float(np.sum(z[enters] ** 2))
    dof = int(enters.sum())
    return Comparison(z, total_score, dof, float(chdtrc(dof, total_score)))


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
