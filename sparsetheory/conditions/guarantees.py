"""What is known to recover every sparse vector, and up to how many entries."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from scipy.optimize import brentq

from sparsetheory._checks import check_number
from sparsetheory.conditions._coefficient import coefficient_range
from sparsetheory.conditions._search import Clock
from sparsetheory.conditions.coherence import babel, mutual_coherence
from sparsetheory.conditions.gram import dense_matrix, lag_table, unit_columns
from sparsetheory.conditions.isometry import rip_constant
from sparsetheory.conditions.nullspace import null_space_bounds, null_space_constant
from sparsetheory.conditions.spark import spark
from sparsetheory.pruned import with_unit_columns
from sparsetheory.theory.bounds import (
    RIP_CONDITIONS,
    RipCondition,
    coherence_guarantee,
)
from sparsetheory.types import MeasurementOperator

FIRST, NEXT = 0.1, 5.0  # seconds for a constant, and how many times that if need be
FAR = 48  # columns: larger constants are not searched for
COLUMNS = 1000  # beyond, neither null space constants nor the spark are looked for
LEAST = 1e-3  # seconds that each has in any case
PURSUIT = "basis pursuit"
ROUNDING = 1e-12


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

    Coherence is that of unit columns: what it says of basis pursuit holds for the norm
    :math:`\sum_j \|a_j\| |x_j|`, where columns differ. The null space and the spark are
    looked at for up to 1000 columns, the null space if A is real.

    Parameters
    ----------
    A : array or operator, shape (m, n)
        Real or complex, or a convolution layer; without zero columns.
    normalise : bool
        Take columns of norm one in all rows.
    measured : mapping of str to float, optional
        Sparsity at which algorithms were seen to fail, to stand beside.
    time_limit : float
        Seconds, about. Ctrl-C ends the search at work, and keeps what it has shown.
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
    μ₁(k-1) + μ₁(k) < 1 0 0
    max over S, j of ‖A_S⁺a_j‖₁ < 1 1 1
    """
    from tqdm import tqdm

    m, n = (int(size) for size in A.shape)
    if n < 2:
        raise ValueError(f"A must have two columns at least, got shape {A.shape}")
    start, seconds = time.perf_counter(), check_number("time_limit", time_limit)
    top = min(m, n)
    rows = _by_coherence(A, top)
    if normalise:
        A = _with_unit_columns(A)
    with tqdm(total=4, disable=not progress, unit="kind") as bar:
        known = rows[-1].k if normalise else 0
        rows.append(_by_coefficient(A, known, top, start + 0.1 * seconds))
        bar.update()
        rows += _by_isometry(A, start + 0.5 * seconds)
        bar.update()
        known = max([known, *(r.k for r in rows[2:] if PURSUIT in r.algorithm)])
        null = _by_null_space(A, known, start + 0.9 * seconds)
        bar.update()
        sparsest = _by_spark(A, max(known, null.k), start + seconds)
        bar.update()
    rows = [
        replace(r, most=max(r.k, min(r.most, limit.most)))
        for r in rows
        for limit in [null if PURSUIT in r.algorithm else sparsest]
    ]
    rows += [replace(null, most=min(null.most, sparsest.most)), sparsest]
    return Guarantees(m, n, bool(normalise), tuple(rows), dict(measured or {}))


def _with_unit_columns(A: Any) -> Any:
    if lag_table(A) is not None:
        return with_unit_columns(A)
    return unit_columns(dense_matrix(A))[0]


def _by_coherence(A: Any, top: int) -> list[Guarantee]:
    mu = mutual_coherence(A).value
    sums = np.concatenate([[0.0], babel(A, min(top, A.shape[1] - 1))])
    ahead = np.append(sums[1:], sums[-1])  # k = n: no column is outside
    by_mu = int(np.minimum(coherence_guarantee(min(mu, 1.0)), top))
    below = sums + ahead < 1 - ROUNDING
    by_babel = int(below[:top].argmin() if not below[:top].all() else top)
    what = f"{PURSUIT}, OMP"
    return [
        Guarantee(what, "k < (1 + 1/μ)/2", "Donoho, Elad 2003", by_mu, by_mu),
        Guarantee(what, "μ₁(k-1) + μ₁(k) < 1", "Tropp 2004", by_babel, by_babel),
    ]


def _by_coefficient(A: Any, k: int, top: int, deadline: float) -> Guarantee:
    k, most = coefficient_range(A, k, top, Clock(deadline))
    what = "max over S, j of ‖A_S⁺a_j‖₁ < 1"
    return Guarantee(f"{PURSUIT}, OMP", what, "Tropp 2004", k, most)


def _by_null_space(A: Any, k: int, deadline: float) -> Guarantee:
    what = "null space constant < 1, necessary too"
    source, top = "Cohen, Dahmen, DeVore 2009", min(A.shape)
    if np.iscomplexobj(A) or A.shape[1] > COLUMNS:
        return Guarantee(PURSUIT, what, source, k, top)

    def left(share: float) -> float:
        return max(share * (deadline - time.perf_counter()), LEAST)

    k = max(k, len(null_space_bounds(A, time_limit=left(0.3))))
    most, order, step, closing = A.shape[1], k + 1, 1, True
    while order <= most:
        found = null_space_constant(A, order, time_limit=left(0.4))
        if found.recovers is False:
            most = order - 1
        elif found.recovers and closing:
            k, order = order, order + 1
        else:  # how far it may go
            closing, order, step = False, order + step, 2 * step
    return Guarantee(PURSUIT, what, source, min(k, most), most)


def _by_spark(A: Any, k: int, deadline: float) -> Guarantee:
    what, source = "k < spark/2, necessary too", "Donoho, Elad 2003"
    most = min(A.shape)
    if A.shape[1] <= COLUMNS:
        found = spark(A, time_limit=max(deadline - time.perf_counter(), LEAST))
        low, most = (
            (size - 1) // 2 if size <= A.shape[1] else most
            for size in (found.lower, found.upper)
        )
        k = max(k, low)
    return Guarantee("any, the sparsest", what, source, k, max(k, most))


def _by_isometry(A: Any, deadline: float) -> list[Guarantee]:
    constants = _Constants(A, deadline)
    before, rows = None, list(_isometry_rows(constants))
    while constants.spent != before:  # ties with a level stay open
        before = dict(constants.spent)
        constants.seconds *= NEXT
        rows = list(_isometry_rows(constants))
    what = "δ_tk < √(1 - 1/t), some t >= 4/3"
    k, most = constants.largest_of_any_order()
    return [*rows, Guarantee(PURSUIT, what, "Cai, Zhang 2014", k, most)]


def _isometry_rows(constants: _Constants) -> Iterator[Guarantee]:
    for c in sorted(RIP_CONDITIONS.values(), key=lambda c: c.order):
        level = _level(c)
        # Cai and Zhang 2013 is about k >= 2: of one column a constant says nothing
        k, most = constants.largest(
            partial(_multiple, c.order), partial(_always, level)
        )
        what = f"δ_{c.order if c.order > 1 else ''}k < {level:.4f}"
        yield Guarantee(c.algorithm, what, c.authors, k, most)
    k, most = constants.largest(lambda k: k + 1, lambda k: float(1 / np.sqrt(k + 1)))
    yield Guarantee("OMP", "δ_(k+1) < 1/√(k+1)", "Mo 2015", k, most)


def _multiple(order: int, k: int) -> int:
    return max(2, order * k)


def _always(level: float, _: int) -> float:
    return level


def _level(condition: RipCondition) -> float:
    """Return what the constant must stay below, when both sides are equal."""

    def excess(x: float) -> float:
        return condition.measure(x, x) - condition.threshold

    return float(brentq(excess, 0.0, 1 - 1e-9, xtol=1e-15))


class _Constants:
    """Brackets on isometry constants, best scaled, as far as they are needed."""

    def __init__(self, A: Any, deadline: float) -> None:
        self.A, self.deadline = A, deadline
        self.m, self.n = (int(size) for size in A.shape)
        self.seconds = FIRST
        self.found: dict[int, tuple[float, float]] = {}
        self.spent: dict[int, float] = {}

    @property
    def left(self) -> float:
        return self.deadline - time.perf_counter()

    def largest(
        self, size: Callable[[int], int], level: Callable[[int], float]
    ) -> tuple[int, int]:
        """Return the largest k whose constant is shown, and may be, below a level."""

        def bracket(k: int) -> tuple[float, float]:
            return self.bracket(size(k), level(k))

        k = 0
        while k < self.n and bracket(k + 1)[1] < level(k + 1):
            k += 1
        most, step = k, 1
        while most + step <= self.n and bracket(most + step)[0] < level(most + step):
            most, step = most + step, 2 * step
        above = range(most + 1, min(most + step, self.n + 1))
        more = bisect_left(above, True, key=lambda j: bracket(j)[0] >= level(j))
        return k, most + more

    def bracket(self, size: int, level: float) -> tuple[float, float]:
        """Return a bracket; if it holds the level, after some seconds of search."""
        size = min(size, self.n)
        if size > self.m:
            return 1.0, 1.0
        low, high = self.found.get(size, (0.0, 1.0))
        seconds = min(self.seconds, self.left) if size <= FAR else 0.0
        if low < level <= high and seconds > self.spent.get(size, 0.0):
            self._search(size, seconds)
            low, high = self.found[size]
        return max(low, self.lower(size)), high

    def _search(self, size: int, seconds: float) -> None:
        found = rip_constant(self.A, size, both=True, time_limit=seconds)
        if found.interrupted:
            self.deadline = -np.inf
        ended = found.above.exact and found.below.exact
        low, high = self.found.get(size, (0.0, 1.0))
        one, two = found.scaled
        self.found[size] = max(low, one), min(high, two)
        self.spent[size] = np.inf if ended else seconds

    def lower(self, size: int) -> float:
        """Return a lower bound on a constant, from those of no larger order."""
        return max(
            (low for s, (low, _) in self.found.items() if s <= size), default=0.0
        )

    def largest_of_any_order(self) -> tuple[int, int]:
        """Return the same for δ_s < √(1 - k/s), where k <= 3s/4, of those at hand."""
        self.found.setdefault(1, (0.0, 1.0))
        sizes = sorted(self.found)
        ends = [s - 1 for s in sizes[1:]] + [min(self.m, self.n)]
        k = [_by_order(s, self.found[s][1]) for s in sizes]
        most = [_by_order(s, self.lower(s)) for s in ends]
        return max(k), max(most)


def _by_order(s: int, constant: float) -> int:
    return max(0, min(3 * s // 4, int(np.ceil(s * (1 - max(constant, 0.0) ** 2))) - 1))
