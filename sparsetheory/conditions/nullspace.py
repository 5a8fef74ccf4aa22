"""How much of a null vector can lie on k entries: when basis pursuit recovers all."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, replace
from operator import itemgetter

import numpy as np

from sparsetheory._checks import check_integer, check_number
from sparsetheory._kernels.nullspace import heaviest_share, new_search
from sparsetheory._parallel import blas_held
from sparsetheory.conditions._nullsearch import SLACK, Shares
from sparsetheory.conditions._nullspace import certified, null_space
from sparsetheory.conditions._semidefinite import certified_share
from sparsetheory.conditions.evidence import (
    NullSpaceEvidence,
    is_dual,
    well_formed,
)
from sparsetheory.types import MeasurementOperator, Support, Vector

HALF = 0.5  # of a limited time, for the search that would close the bracket
PASSES = (0.5, 0.25, 0.1)  # of the gap, searched for in turn where that did not end
CLOSE = 1e-11  # relative; how far from the null space a vector may be


@dataclass(frozen=True, eq=False)
class NullSpaceConstant:
    r"""The null space constant of order k, or a bracket on it.

    Attributes
    ----------
    k : int
    lower, upper : float
        The bracket on :math:`\gamma_k`; infinite where k entries of a null vector are
        all of it, to working precision. Rounding is taken off, and added.
    vector : ndarray, shape (n,)
        A null vector that shows `lower`, of sum of magnitudes one.
    evidence : NullSpaceEvidence
        Why `upper` holds.
    interrupted : bool
        Whether Ctrl-C ended the search.
    """

    k: int
    lower: float
    upper: float
    vector: Vector
    evidence: NullSpaceEvidence
    interrupted: bool = False

    @property
    def support(self) -> Support:
        """The k largest entries of `vector`, ascending."""
        return np.sort(np.argsort(-np.abs(self.vector), kind="stable")[: self.k])

    @property
    def alpha(self) -> tuple[float, float]:
        r"""Bracket on the share :math:`\alpha_k = \gamma_k / (1 + \gamma_k)`.

        The largest part that k entries have in the l1 norm of a null vector.
        """
        return _share(self.lower), _share(self.upper)

    @property
    def exact(self) -> bool:
        """Whether the bracket on `alpha` is closed within 1e-8."""
        low, high = self.alpha
        return bool(high - low <= 10 * SLACK)

    @property
    def recovers(self) -> bool | None:
        """Whether basis pursuit recovers every k-sparse vector; None if it is open.

        It does if the constant is below 1, and does not if it is 1 or more.
        """
        if self.upper < 1:
            return True
        return False if self.lower >= 1 else None

    def verify(
        self, A: MeasurementOperator, *, time_limit: float | None = None
    ) -> bool:
        """Check both bounds against `A` from their evidence.

        The vector by its projection on the null space; a dual or semidefinite matrix by
        what it certifies; a search by running it again at `upper`. All with a margin
        for rounding, on the safe side: no bound holds that is better than what is
        computed anew, by however little.

        Parameters
        ----------
        A : array or operator, shape (m, n)
        time_limit : float, optional
            Seconds.

        Returns
        -------
        bool
            False if anything is refuted, or not confirmed in time.
        """
        if not (well_formed(self) and 0 <= self.lower <= self.upper):  # NaN is not
            return False
        with blas_held():
            shares = Shares(null_space(A), _deadline(time_limit))
            return self._witnessed(shares) and self._bounded(shares)

    def _witnessed(self, shares: Shares) -> bool:
        z, n = np.asarray(self.vector, dtype=float), shares.space.size
        if z.shape != (n,) or not (1 <= self.k <= n and np.isfinite(z).all()):
            return False
        if not z.any():
            return self.lower == 0 == shares.space.dimension
        z = z / np.abs(z).max()
        size = float(np.linalg.norm(z))
        inside = shares.projector @ z
        off = float(np.linalg.norm(z - inside))
        return off <= CLOSE * size and self.lower <= _low(shares, inside, self.k)

    def _bounded(self, shares: Shares) -> bool:
        if self.upper == np.inf:
            return True
        if self.evidence.kind == "none":
            return shares.space.dimension == 0
        return _ratio(self._again(shares)) <= self.upper

    def _again(self, shares: Shares) -> float:
        """Return the bound on the share that the evidence gives, infinite if none."""
        space, kind, dual = shares.space, self.evidence.kind, self.evidence.dual
        size, _, *torus = space.projector.shape
        if kind == "line" and space.dimension == 1:
            return shares.line(self.k)
        if kind == "dual" and is_dual(dual, (len(space.taps), size, *torus)):
            return float(certified(space, dual)[self.k - 1])
        if kind == "semidefinite" and is_dual(dual, (2 * size, 2 * size, *torus)):
            return certified_share(space, dual, self.k)
        if kind == "search":
            for order in range(1, self.k + 1):
                shares.relax(order)
            state = new_search(np.asarray(self.vector, dtype=float), self.k)
            level = _share(self.upper) - shares.margin(self.k) - SLACK / 2
            reached = shares.search(self.k, level, state)
            return np.inf if reached is None else reached
        return np.inf


def null_space_constant(
    A: MeasurementOperator, k: int, *, time_limit: float | None = None
) -> NullSpaceConstant:
    r"""Null space constant of a matrix or a convolution layer.

    .. math:: \gamma_k = \max_{|S| = k} \max_{A z = 0,\, z \ne 0}
        \frac{\|z_S\|_1}{\|z_{S^c}\|_1}

    Basis pursuit recovers every k-sparse x from ``A x`` if and only if it is below 1
    [1]_. It does not change when A is multiplied from the left by an invertible matrix,
    and does when columns are scaled.

    Exact, unless time runs out: a branch and bound over signed supports. A node fixes
    signs on some columns and leaves some out; its bound adds what a dual vector says of
    the signs to what the relaxation of [2]_ says of the columns yet to choose. Where
    that takes long, a semidefinite relaxation after [3]_, no weaker than that of [2]_,
    is solved beside it, and may bound what the search leaves open.

    Parameters
    ----------
    A : array or operator, shape (m, n)
        Real. Singular values that are zero to rounding count as zero. The search for a
        `BlockCirculant` with all its outputs, whose stride divides its grid, looks at
        one of all shifts.
    k : int
        In 1 .. n.
    time_limit : float, optional
        Seconds, about. Half of what the relaxations leave goes to the search that
        closes the bracket; if it does not end, searches at higher levels may lower the
        upper bound. Ctrl-C also ends the search and returns what is known by then.

    Returns
    -------
    NullSpaceConstant
        Zero if the null space is.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    See Also
    --------
    null_space_bounds : Bounds for many k, without a search.

    References
    ----------
    .. [1] A. Cohen, W. Dahmen, R. DeVore, "Compressed sensing and best k-term
       approximation", J. Amer. Math. Soc. 22(1), 2009.
    .. [2] A. Juditsky and A. Nemirovski, "On verifiable sufficient conditions for
       sparse signal recovery via l1 minimization", Math. Program. 127(1), 2011.
    .. [3] A. d'Aspremont and L. El Ghaoui, "Testing the nullspace property using
       semidefinite programming", Math. Program. 127(1), 2011.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> A = np.array([[1.0, 0.0, 0.0, -1.0], [0.0, 1.0, 0.0, -1.0], [0, 0, 1, -1]])
    >>> found = st.null_space_constant(A, 1)
    >>> found.exact, round(found.lower, 9), found.recovers
    (True, 0.333333333, True)
    >>> st.null_space_constant(A, 3).recovers
    False
    """
    shares = _shares(A, time_limit)
    k = check_integer("k", k, 1, shares.space.size)
    with blas_held():
        return _closed(shares, k)


def null_space_bounds(
    A: MeasurementOperator, k: int | None = None, *, time_limit: float | None = None
) -> tuple[NullSpaceConstant, ...]:
    r"""Brackets on the null space constants of orders 1 .. k.

    Upper bounds from matrices Y, the relaxation of [1]_: for z in the null space
    ``z = (I - Y^T A) z``, so that

    .. math:: \frac{\gamma_k}{1 + \gamma_k} \le \max_j \|(I - Y^T A) e_j\|_{(k)}

    where the norm sums the k largest magnitudes. Exact for k = 1 within a relative
    1e-3. The largest k for which the bound on :math:`\gamma_k` is below 1 grows as
    :math:`\sqrt m` at best, faster than what coherence certifies by a constant.

    Parameters
    ----------
    A : array or operator, shape (m, n)
        As in `null_space_constant`.
    k : int, optional
        By default, up to the last that is bounded below 1: basis pursuit recovers
        every signal with as many nonzeros as the result is long.
    time_limit : float, optional
        Seconds, about.

    Returns
    -------
    tuple of NullSpaceConstant

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    References
    ----------
    .. [1] A. Juditsky and A. Nemirovski, "On verifiable sufficient conditions for
       sparse signal recovery via l1 minimization", Math. Program. 127(1), 2011.

    Examples
    --------
    >>> import sparsetheory as st
    >>> A = st.gaussian(40, 80, rng=0)
    >>> bounds = st.null_space_bounds(A)
    >>> len(bounds), all(bound.verify(A) for bound in bounds)
    (3, True)
    """
    shares = _shares(A, time_limit)
    n = shares.space.size
    last = n if k is None else check_integer("k", k, 1, n)
    with blas_held():
        if k is not None:
            for order in range(1, last + 1):
                if order == 1 or not (shares.late or _hopeless(shares, order)):
                    shares.relax(order)
        elif shares.space.dimension > 0:
            last = 0
            while last < n and last + 1 not in shares.duals:
                shares.relax(last + 1)
                last = sum(shares.certificate(t)[0] < 0.5 for t in range(1, n + 1))
        return tuple(_bracket(shares, order) for order in range(1, last + 1))


def _shares(A: MeasurementOperator, time_limit: float | None) -> Shares:
    deadline = _deadline(time_limit)
    with blas_held():
        return Shares(null_space(A), deadline)


def _hopeless(shares: Shares, order: int) -> bool:
    """Return whether the bound of the order before was 1 already."""
    before = shares.bounds.get(order - 1)
    return order > 1 and (before is None or bool(before[order - 2] >= 1))


def _closed(shares: Shares, k: int) -> NullSpaceConstant:
    n, dimension = shares.space.size, shares.space.dimension
    if dimension < 2 or k == n:
        return _bracket(shares, k)
    try:
        for order in range(1, k + 1):
            if order == 1 or not shares.late:
                shares.relax(order)
        found = _bracket(shares, k)
    except KeyboardInterrupt:
        shares.deadline = -np.inf
        return replace(_bracket(shares, k), interrupted=True)
    if found.exact or shares.late or len(shares.duals) < k:
        return found
    exact = new_search(found.vector, k)
    known, interrupted = (found.alpha[1], found.evidence), False
    now = time.perf_counter()
    plan = [(0.0, now + HALF * (shares.deadline - now))]
    plan += [(part, np.inf) for part in PASSES] + [(0.0, np.inf)]
    nodes, bound = 0, itemgetter(0)
    with shares.relaxing(k) as relaxed:
        try:
            for part, until in plan:
                share = float(exact.best[0])
                state = new_search(exact.z, k) if part else exact
                level = share + part * (known[0] - share)
                before = int(state.counts[2])
                reached = shares.search(k, level, state, until)
                nodes += int(state.counts[2]) - before
                exact.z[:], exact.best[0] = state.z, state.best[0]
                if reached is not None:
                    # Another search may meet vectors that are heavier by so much.
                    high = reached + 2 * SLACK
                    proof = NullSpaceEvidence("search", nodes=nodes)
                    known = min(known, (high, proof), key=bound)
                # It ends here: the other searches have all processors.
                known = min(known, relaxed(), key=bound)
                if shares.late or (reached is not None and not part):
                    break
        except KeyboardInterrupt:
            interrupted = True
            with suppress(KeyboardInterrupt):
                known = min(known, relaxed(), key=bound)
    constant = _constant(shares, k, exact.z, *known)
    return replace(constant, interrupted=interrupted)


def _bracket(shares: Shares, k: int) -> NullSpaceConstant:
    """Return what is known without a search."""
    n, dimension = shares.space.size, shares.space.dimension
    if dimension == 0:
        return NullSpaceConstant(k, 0.0, 0.0, np.zeros(n), NullSpaceEvidence("none"))
    z = shares.heavy(k)
    if dimension == 1 and k < n:
        high = shares.line(k) + shares.room(k)
        return _constant(shares, k, z, high, NullSpaceEvidence("line"))
    if k == n or not shares.bounds:
        return _constant(shares, k, z, np.inf, NullSpaceEvidence("none"))
    high, dual = shares.certificate(k)
    return _constant(shares, k, z, high, NullSpaceEvidence("dual", dual))


def _constant(
    shares: Shares, k: int, z: Vector, high: float, proof: NullSpaceEvidence
) -> NullSpaceConstant:
    z = shares.sparsest(k, z / np.abs(z).sum())
    z = z / np.abs(z).sum()
    lower, upper = _low(shares, z, k, shares.room(k)), _ratio(high)
    if upper == np.inf:
        proof = NullSpaceEvidence("none")
    elif lower > upper:  # both are the same to rounding
        if _share(lower) - high > 2 * shares.margin(k):
            raise AssertionError(f"{proof.kind} bound {upper}, yet {lower} is met")
        lower = upper
    return NullSpaceConstant(k, float(lower), float(upper), z, proof)


def _low(shares: Shares, z: Vector, k: int, room: float = 0.0) -> float:
    share, margin = heaviest_share(z, k), shares.margin(k)
    if share >= 1 - margin + room:
        return np.inf
    return _ratio(max(share - margin - room, 0.0))


def _ratio(share: float) -> float:
    return share / (1 - share) if share < 1 else np.inf


def _share(ratio: float) -> float:
    return ratio / (1 + ratio) if ratio < np.inf else 1.0


def _deadline(time_limit: float | None) -> float:
    if time_limit is None:
        return np.inf
    return time.perf_counter() + check_number("time_limit", time_limit)
