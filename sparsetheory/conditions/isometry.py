"""Restricted isometry constants, exact or between certified bounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sparsetheory._checks import check_integer, check_time_limit
from sparsetheory._parallel import blas_held
from sparsetheory.conditions import _plan
from sparsetheory.conditions._search import Clock, Sections, Stop
from sparsetheory.conditions._sections import gram
from sparsetheory.conditions._verify import confirmed
from sparsetheory.conditions.evidence import Evidence, well_formed
from sparsetheory.conditions.gram import layer_or_matrix
from sparsetheory.types import MeasurementOperator, Support


@dataclass(frozen=True, eq=False)
class IsometrySide:
    """How far an extreme eigenvalue of k columns gets from one, on one side.

    Attributes
    ----------
    lower, upper : float
        The bracket. Equal if `exact`.
    support : ndarray of int, shape (k,)
        Columns that attain `lower`.
    evidence : Evidence
        Why `upper` holds.
    rounding : float
        By how much floating point may have moved either.
    """

    lower: float
    upper: float
    support: Support
    evidence: Evidence
    rounding: float

    @property
    def exact(self) -> bool:
        """Whether the bracket is closed, to rounding."""
        return self.lower == self.upper


@dataclass(frozen=True, eq=False)
class Isometry:
    r"""The restricted isometry constant of order k, or a bracket on it.

    Attributes
    ----------
    k : int
    above, below : IsometrySide
        :math:`U_k = \max_{|S|=k} \lambda_{\max}(A_S^* A_S) - 1` and
        :math:`L_k = 1 - \min_{|S|=k} \lambda_{\min}(A_S^* A_S)`.
    normalised : bool
        Whether it is that of A with columns of norm one.
    interrupted : bool
        Whether Ctrl-C ended the search.
    """

    k: int
    above: IsometrySide
    below: IsometrySide
    normalised: bool
    interrupted: bool = False

    @property
    def lower(self) -> float:
        """Lower bound on the constant."""
        return max(self.above.lower, self.below.lower)

    @property
    def upper(self) -> float:
        """Upper bound on the constant."""
        return max(self.above.upper, self.below.upper)

    @property
    def exact(self) -> bool:
        """Whether both are equal; the smaller side may still be open."""
        return self.lower == self.upper

    @property
    def support(self) -> Support:
        """Columns that attain `lower`."""
        side = self.above if self.above.lower >= self.below.lower else self.below
        return side.support

    @property
    def convexity(self) -> tuple[float, float]:
        r"""Bracket on :math:`\alpha_k = \min_{|S|=k} \lambda_{\min}(A_S^* A_S)`."""
        return max(0.0, 1 - self.below.upper), max(0.0, 1 - self.below.lower)

    @property
    def smoothness(self) -> tuple[float, float]:
        r"""Bracket on :math:`\beta_k = \max_{|S|=k} \lambda_{\max}(A_S^* A_S)`."""
        return 1 + self.above.lower, 1 + self.above.upper

    @property
    def kappa(self) -> tuple[float, float]:
        r"""Bracket on :math:`(1 + U_k) / (1 - L_k)`, rounding included.

        It does not depend on scale; but of columns far from length one the bracket
        tells little.
        """
        low = 1 + self.above.lower - self.above.rounding
        high = 1 + self.above.upper + self.above.rounding
        least = 1 - self.below.upper - self.below.rounding
        most = 1 - self.below.lower + self.below.rounding
        return max(1.0, low / most), high / least if least > 0 else np.inf

    @property
    def scaled(self) -> tuple[float, float]:
        r"""Bracket on the least constant of any multiple cA.

        .. math:: \min_c \delta_k(cA) = \frac{\kappa_k - 1}{\kappa_k + 1}
        """
        low, high = (1 - 2 / (kappa + 1) for kappa in self.kappa)
        return low, high

    def verify(
        self, A: MeasurementOperator, *, time_limit: float | None = None
    ) -> bool:
        """Check both brackets against `A` from their evidence.

        Supports by the eigenvalues of their columns; a dual matrix by what it
        certifies, with a margin for rounding; formulas by evaluating them; a search by
        running another one, from the beginning, or, if that visits far more sets, the
        same one on columns in another order. It takes about as long as the search did.
        No number is taken from the result: the evidence says what to compute, and
        `rounding` is computed anew.

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
        clock = Clock(check_time_limit(time_limit))
        A, k = layer_or_matrix(A), self.k
        if not well_formed(self) or not 1 <= k <= A.shape[1]:
            return False
        G = gram(A, k, self.normalised)
        with blas_held():
            return all(
                confirmed(A, G, side, sign, k, self.normalised, clock)
                for side, sign in ((self.above, 1), (self.below, -1))
            )


def rip_constant(
    A: MeasurementOperator,
    k: int,
    *,
    normalise: bool = False,
    both: bool = False,
    time_limit: float | None = None,
    progress: bool = False,
) -> Isometry:
    r"""Restricted isometry constant of a matrix or a convolution layer.

    .. math:: \delta_k = \max_{|S| = k} \|A_S^* A_S - I\|_2 = \max(U_k, L_k)

    Exact, unless time runs out: a branch and bound over chains of supports, one over
    supports in the order of their columns, and for sparse Gram matrices one over
    supports that hang together, run beside each other, and the first to end counts.
    Sizes 2 .. k are closed one after the other, each bounds the next. Time grows about
    as :math:`n^{k/4}` with Gaussian matrices.

    A `BlockCirculant` with all its outputs, whose stride divides its grid, is replaced
    by a torus of k (T - 1) + 1 points per axis for T taps, which has the same constants
    as any larger one; and of supports that are shifts of one another one is looked at.

    Parameters
    ----------
    A : array or operator, shape (m, n)
        Real or complex.
    k : int
        In 1 .. n.
    normalise : bool
        Take columns of norm one.
    both : bool
        Close the smaller of the two sides as well, however long that takes; by default
        it is bounded by the larger one, and closed if that is easy.
    time_limit : float, optional
        Seconds, about. The result is then a bracket if need be, the upper bound from
        the best of a semidefinite relaxation, searches at a higher level, and formulas;
        it comes before the time is over where what is left is too short for a search.
        The Gram matrix is formed whole first: seconds for 10^4 columns.
        Ctrl-C also ends the search and returns what is certified by then; before the
        search, while the Gram matrix is formed, it is an error.
    progress : bool
        Count visited sets on standard error.

    Returns
    -------
    Isometry

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above, or A has too many columns to hold
        their Gram matrix.
    KeyboardInterrupt
        On Ctrl-C while the Gram matrix is formed.

    References
    ----------
    .. [1] E. Candès and T. Tao, "Decoding by linear programming", IEEE Trans. Inf.
       Theory 51(12), 2005.
    .. [2] P. Koiran and A. Zouzias, "Hidden cliques and the certification of the
       restricted isometry property", IEEE Trans. Inf. Theory 60(8), 2014.
    .. [3] A. d'Aspremont, L. El Ghaoui, M. Jordan, G. Lanckriet, "A direct formulation
       for sparse PCA using semidefinite programming", SIAM Review 49(3), 2007.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> angle = np.pi / 4
    >>> layer = st.BlockCirculant([[[np.cos(angle), np.sin(angle)]]], 1000)
    >>> found = st.rip_constant(layer, 3)
    >>> found.exact, round(found.lower, 12)
    (True, 0.707106781187)
    >>> found.verify(layer)
    True
    """
    clock = Clock(check_time_limit(time_limit))
    A = layer_or_matrix(A)
    m, n = A.shape
    k = check_integer("k", k, 1, n)
    stopped = False
    with blas_held():
        G = gram(A, k, normalise)
        above = Sections(G, 1, k, clock)
        below = Sections(G, -1, k, clock, above.largest)
        if k > m:
            some = np.arange(k)
            below.raise_to(k, below.value(some), some)
        with _counter(clock, progress):
            try:
                _plan.close_larger(above, below, k)
                larger = max(above.lower[k], below.lower[k])
                if not (above.closed(k, larger) and below.closed(k, larger)):
                    _plan.squeeze(above, below, k)
                for side, other in ((above, below), (below, above)):
                    if not side.closed(k):
                        budget = np.inf if both else _plan.quick(side, other, k)
                        _plan.close_side(side, k, budget)
            except Stop:
                pass
            except KeyboardInterrupt:
                stopped = True
    sides = _side(above, below, k), _side(below, above, k)
    return Isometry(k, *sides, bool(normalise), stopped)


def _side(side: Sections, other: Sections, k: int) -> IsometrySide:
    for each in (side, other):
        if not each.supports[k].size:
            some = np.arange(k)
            each.raise_to(k, each.value(some), some)
    lower, larger = float(side.lower[k]), float(max(side.lower[k], other.lower[k]))
    upper = float(side.caps[k])
    if side.closed(k):
        upper = lower
    elif side.closed(k, larger):
        upper = min(upper, larger)
    support = side.G.original(side.supports[k], side.sign)
    return IsometrySide(lower, upper, support, side.upper[k], 2 * side.rounding)


def _counter(clock: Clock, progress: bool) -> Any:
    from tqdm import tqdm

    bar = tqdm(disable=not progress, unit="set", unit_scale=True)
    if progress:
        clock.tell, clock.describe = bar.update, bar.set_description
    return bar
