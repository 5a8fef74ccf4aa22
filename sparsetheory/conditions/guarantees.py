"""What is known to recover every sparse vector, and up to how many entries."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar

import numpy as np
from scipy.optimize import brentq

from sparsetheory._checks import check_number
from sparsetheory.conditions._constants import NEXT, Constants
from sparsetheory.conditions.coefficient import coefficient_range
from sparsetheory.conditions.coherence import babel, mutual_coherence
from sparsetheory.conditions.gram import (
    dense_matrix,
    lag_table,
    layer_or_matrix,
    unit_columns,
)
from sparsetheory.conditions.nullspace import null_space_bounds, null_space_constant
from sparsetheory.conditions.spark import spark
from sparsetheory.pruned import with_filters, with_unit_columns
from sparsetheory.theory.bounds import (
    RIP_CONDITIONS,
    RipCondition,
    coherence_guarantee,
)
from sparsetheory.types import MeasurementOperator, Vector

COLUMNS = 1000  # beyond, neither null space constants nor the spark are looked for
LEAST = 1e-3  # seconds that each has in any case
HALF = 1e-9  # beyond a half, for a share to count as one
PURSUIT = "basis pursuit"
ROUNDING = 1e-12

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Guarantee:
    """One sufficient condition and what it promises.

    Attributes
    ----------
    algorithm, condition, source : str
        What recovers, under what, by whom.
    k : int
        Largest number of entries for which the condition is shown to hold.
    most : int
        It holds for no larger number. Equal to `k` if the answer is exact.
    """

    algorithm: str
    condition: str
    source: str
    k: int
    most: int


@dataclass(frozen=True, eq=False)
class Guarantees:
    """A table of guarantees for one matrix; ``print`` shows it.

    Attributes
    ----------
    m, n : int
    normalised : bool
        Whether it is about A with columns of norm one.
    rows : tuple of Guarantee
    measured : mapping of str to float
        Sparsity at which algorithms were seen to fail, as it was given.
    """

    m: int
    n: int
    normalised: bool
    rows: tuple[Guarantee, ...]
    measured: Mapping[str, float] = field(default_factory=dict)

    def __str__(self) -> str:
        cells = [("algorithm", "condition", "source", "k")]
        for row in self.rows:
            k = f"{row.k}" if row.k == row.most else f"{row.k}..{row.most}"
            cells.append((row.algorithm, row.condition, row.source, k))
        cells += [(name, "measured", "", f"{k:g}") for name, k in self.measured.items()]
        width = [max(map(len, column)) for column in zip(*cells, strict=True)]
        return "\n".join(
            "  ".join(map(str.ljust, row, width)).rstrip() for row in cells
        )


def recovery_guarantees(
    A: MeasurementOperator,
    *,
    normalise: bool = False,
    measured: Mapping[str, float] | None = None,
    time_limit: float = 60.0,
    progress: bool = False,
) -> Guarantees:
    r"""How many entries each known condition guarantees to recover.

    A row is a sufficient condition for the recovery of every vector with k entries, by
    coherence, the Babel function, Tropp's coefficient of all supports of a size
    (`exact_recovery_coefficient`), restricted isometry constants (`rip_constant`), the
    null space constant and the spark; the last two are also necessary, and limit what
    the others may promise. The isometry constants are those of the multiple of A for
    which they are least, :math:`(\kappa_s - 1) / (\kappa_s + 1)`, which any algorithm
    may be given. Where time runs out a row is a range, from what is shown to what is
    not refuted.

    Where columns differ in norm, basis pursuit works with A as it is, and OMP, as `omp`
    does, with unit columns; coherence then speaks of OMP alone. The null space and the
    spark are looked at for up to 1000 columns, the null space if A is real.

    Parameters
    ----------
    A : array or operator, shape (m, n)
        Real or complex, or a convolution layer; without zero columns.
    normalise : bool
        Take columns of norm one in all rows.
    measured : mapping of str to float, optional
        Sparsity at which algorithms were seen to fail, to stand beside.
    time_limit : float
        Seconds, about. Ctrl-C ends it earlier; what is not shown by then is a range.
    progress : bool
        Say on standard error what is being done.

    Returns
    -------
    Guarantees

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    References
    ----------
    .. [1] J. Tropp, "Greed is good: algorithmic results for sparse approximation",
       IEEE Trans. Inf. Theory 50(10), 2004.
    .. [2] S. Foucart and H. Rauhut, "A Mathematical Introduction to Compressive
       Sensing", Birkhäuser, 2013.
    .. [3] T. Cai and A. Zhang, "Sparse representation of a signal in a highly
       underdetermined linear system ...", IEEE Trans. Inf. Theory 60(1), 2014.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> A = np.hstack([np.eye(4), np.array([[1, 1, 1, 1]]).T / 2])
    >>> found = st.recovery_guarantees(A)
    >>> for row in found.rows[:3]:
    ...     print(row.condition, row.k, row.most)
    k < (1 + 1/μ)/2 1 1
    μ₁(k-1) + μ₁(k) < 1 1 1
    max over S, j of ‖A_S⁺a_j‖₁ < 1 1 1
    """
    from tqdm import tqdm

    A = layer_or_matrix(A)
    m, n = A.shape
    if n < 2:
        raise ValueError(f"A must have two columns at least, got shape {A.shape}")
    time_left = _Time(check_number("time_limit", time_limit))
    A, unit, alike = _scaled(A)
    if normalise or alike:
        A, alike = unit, True
    top, both = min(m, n), f"{PURSUIT}, OMP" if alike else "OMP"
    with tqdm(total=4, disable=not progress, unit="kind") as bar:
        rows = _by_coherence(unit, top, both)
        rows += _by_coefficient(unit, both, rows[-1].k, top, time_left)
        if not alike:
            rows += _by_coefficient(A, PURSUIT, 0, top, time_left)
        bar.update()
        rows += _by_isometry(A, unit, alike, time_left)
        bar.update()
        known = max((r.k for r in rows if PURSUIT in r.algorithm), default=0)
        null = _by_null_space(A, known, time_left)
        bar.update()
        sparsest = _by_spark(A, max(known, null.k), time_left)
        bar.update()
    rows = [
        replace(r, most=max(r.k, min(r.most, limit.most)))
        for r in rows
        for limit in [null if PURSUIT in r.algorithm else sparsest]
    ]
    rows += [replace(null, most=min(null.most, sparsest.most)), sparsest]
    return Guarantees(m, n, bool(normalise), tuple(rows), dict(measured or {}))


class _Time:
    """What is left for the kinds of conditions, one after the other."""

    def __init__(self, seconds: float) -> None:
        self.start, self.seconds, self.stopped = time.perf_counter(), seconds, False

    def left(self, share: float) -> float:
        """Return the seconds up to a share of the whole; some in any case."""
        passed = time.perf_counter() - self.start
        return max(share * self.seconds - passed, LEAST)

    def run(self, section: Callable[[], Found], otherwise: Found) -> Found:
        """Return what a section finds; after Ctrl-C, what is known without."""
        if self.stopped:
            return otherwise
        try:
            return section()
        except KeyboardInterrupt:
            self.stopped = True
            return otherwise


def _scaled(A: Any) -> tuple[Any, Any, bool]:
    """Return A with a largest entry of one, with unit columns, and if norms agree."""
    if lag_table(A) is None:
        A = dense_matrix(A)
        unit, norms = unit_columns(A)
        return A / np.abs(A).max(), unit, _alike(norms)
    unit = with_unit_columns(A)
    alike = _alike(A.column_norms())
    return with_filters(A, A.filters / np.abs(A.filters).max()), unit, alike


def _alike(norms: Vector) -> bool:
    return bool(norms.max() - norms.min() <= ROUNDING * norms.max())


def _by_coherence(A: Any, top: int, algorithm: str) -> list[Guarantee]:
    mu = mutual_coherence(A).value
    sums = np.concatenate([[0.0], babel(A, min(top, A.shape[1] - 1))])
    ahead = np.append(sums[1:], sums[-1])  # k = n: no column is outside
    by_mu = int(np.minimum(coherence_guarantee(min(mu, 1.0)), top))
    below = sums + ahead < 1 - ROUNDING
    by_babel = int(below[:top].argmin() if not below[:top].all() else top)
    first, second = "k < (1 + 1/μ)/2", "μ₁(k-1) + μ₁(k) < 1"
    return [
        Guarantee(algorithm, first, "Donoho, Elad 2003; Tropp 2004", by_mu, by_mu),
        Guarantee(algorithm, second, "Tropp 2004", by_babel, by_babel),
    ]


def _by_coefficient(
    A: Any, algorithm: str, k: int, top: int, time_left: _Time
) -> list[Guarantee]:
    deadline = time.perf_counter() + time_left.left(0.1)
    k, most = time_left.run(
        lambda: coefficient_range(A, k, top, deadline), otherwise=(k, top)
    )
    what = "max over S, j of ‖A_S⁺a_j‖₁ < 1"
    return [Guarantee(algorithm, what, "Tropp 2004", k, most)]


def _by_null_space(A: Any, k: int, time_left: _Time) -> Guarantee:
    most = min(A.shape)
    if not np.iscomplexobj(A) and A.shape[1] <= COLUMNS:
        k, most = time_left.run(
            lambda: _bounded(A, k, time_left), otherwise=(k, A.shape[1])
        )
        k, most = time_left.run(
            lambda: _searched(A, k, most, time_left), otherwise=(k, most)
        )
    what, source = "null space constant < 1, necessary too", "Cohen et al. 2009"
    return Guarantee(PURSUIT, what, source, k, max(k, most))


def _bounded(A: Any, k: int, time_left: _Time) -> tuple[int, int]:
    found = null_space_bounds(A, time_limit=time_left.left(0.7))
    reached = (_reach(constant.vector) for constant in found)
    return max(k, len(found)), min(reached, default=A.shape[1])


def _searched(A: Any, k: int, most: int, time_left: _Time) -> tuple[int, int]:
    while k < most and time_left.left(0.9) > LEAST:
        found = null_space_constant(A, k + 1, time_limit=time_left.left(0.9))
        most = min(most, _reach(found.vector))
        if found.recovers is False:
            most = k
        time_left.stopped = found.interrupted
        k += found.recovers is True
        if not found.recovers or found.interrupted:
            break
    return k, most


def _reach(vector: Vector) -> int:
    """Return how many entries of a null vector are surely less than half of it."""
    if not vector.any():
        return vector.size
    share = np.cumsum(np.sort(np.abs(vector))[::-1]) / np.abs(vector).sum()
    return int(np.searchsorted(share, 0.5 + HALF))


def _by_spark(A: Any, k: int, time_left: _Time) -> Guarantee:
    what, n, most = "k < spark/2, necessary too", A.shape[1], min(A.shape)
    if n <= COLUMNS and not time_left.stopped:
        found = spark(A, time_limit=time_left.left(1.0))
        low, most = (
            (size - 1) // 2 if size <= n else most
            for size in (found.lower, found.upper)
        )
        k = max(k, low)
    source = "Donoho, Elad 2003"
    return Guarantee("any, the sparsest", what, source, k, max(k, most))


def _by_isometry(A: Any, unit: Any, alike: bool, time_left: _Time) -> list[Guarantee]:
    def left() -> float:
        seconds = time_left.left(0.5)
        return seconds if seconds > LEAST else 0.0

    own = Constants(A, left)
    both = [own] if alike else [own, Constants(unit, left)]

    def rows() -> list[Guarantee]:
        return [*_isometry_rows(own), _omp_row(both[-1])]

    def widen() -> None:
        before: list[Any] | None = None
        while before != (now := [dict(each.spent) for each in both]):
            before = now  # ties with a level stay open
            rows()
            for each in both:
                each.seconds *= NEXT

    time_left.run(widen, otherwise=None)
    for each in both:
        each.seconds = 0.0
    what = "δ_tk < √(1 - 1/t), some t >= 4/3"
    k, most = own.largest_of_any_order()
    return [*rows(), Guarantee(PURSUIT, what, "Cai, Zhang 2014", k, most)]


def _isometry_rows(constants: Constants) -> Iterator[Guarantee]:
    for c in sorted(RIP_CONDITIONS.values(), key=lambda c: c.order):
        level = _level(c)
        # Cai and Zhang 2013 is about k >= 2: of one column a constant says nothing
        size = partial(_multiple, c.order)
        k, most = constants.largest(size, partial(_always, level))
        what = f"δ_{c.order if c.order > 1 else ''}k < {level:.4f}"
        yield Guarantee(c.algorithm, what, c.authors, k, most)


def _omp_row(constants: Constants) -> Guarantee:
    k, most = constants.largest(lambda k: k + 1, lambda k: float(1 / np.sqrt(k + 1)))
    return Guarantee("OMP", "δ_(k+1) < 1/√(k+1)", "Mo 2015", k, most)


def _multiple(order: int, k: int) -> int:
    return max(2, order * k)


def _always(level: float, _: int) -> float:
    return level


def _level(condition: RipCondition) -> float:
    """Return what the constant must stay below, when both sides are equal."""

    def excess(x: float) -> float:
        return condition.measure(x, x) - condition.threshold

    return float(brentq(excess, 0.0, 1 - 1e-9, xtol=1e-15))
