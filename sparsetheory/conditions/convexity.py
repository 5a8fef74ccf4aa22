"""What restricted convexity and smoothness of a matrix promise of algorithms."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from sparsetheory._checks import check_integer, check_number, check_time_limit
from sparsetheory.conditions.evidence import well_formed
from sparsetheory.conditions.gram import layer_or_matrix
from sparsetheory.conditions.isometry import Isometry, rip_constant
from sparsetheory.theory.curves import Array
from sparsetheory.theory.rates import (
    grades_rate,
    gradient_rate,
    htp_rate,
    iht_rate,
)
from sparsetheory.types import MeasurementOperator

Algorithm: TypeAlias = Literal["masked", "iht", "htp"]


@dataclass(frozen=True, slots=True)
class Contraction:
    """An upper bound on what one iteration leaves of the error or of the loss.

    Attributes
    ----------
    algorithm : {"masked", "iht", "htp"}
        Gradient descent on a fixed mask of k entries; `iht` with a fixed step; `htp`.
    source : str
    order : int
        That of the largest sparse vectors it looks at.
    step : float
    measure : {"error", "loss"}
        What contracts: the distance to x, or the squared residual.
    factor : float
        The upper bound, for every k-sparse x with data y = Ax. At 1 or more it says
        nothing.
    """

    algorithm: Algorithm
    source: str
    order: int
    step: float
    measure: Literal["error", "loss"]
    factor: float

    @property
    def recovers(self) -> bool:
        """Whether it proves that every k-sparse x is found."""
        return self.factor < 1


@dataclass(frozen=True, eq=False)
class Convergence:
    """What a matrix promises of algorithms that keep k entries.

    Attributes
    ----------
    k : int
    isometries : tuple of Isometry
        Those of orders k, 2k and 3k, or n where that is less.
    contractions : tuple of Contraction
    """

    k: int
    isometries: tuple[Isometry, Isometry, Isometry]
    contractions: tuple[Contraction, ...]

    def verify(
        self, A: MeasurementOperator, *, time_limit: float | None = None
    ) -> bool:
        """Check the isometry constants by `Isometry.verify` and the factors anew.

        Parameters
        ----------
        A : array or operator, shape (m, n)
        time_limit : float, optional
            Seconds, for each of the constants.

        Returns
        -------
        bool
            False if anything is refuted, or not confirmed in time.
        """
        A = layer_or_matrix(A)
        if not well_formed(self):
            return False
        orders = tuple(i.k for i in self.isometries)
        if orders != _orders(self.k, A.shape[1]):
            return False
        if any(i.normalised for i in self.isometries):
            return False
        if not all(i.verify(A, time_limit=time_limit) for i in self.isometries):
            return False
        steps = [c.step for c in self.contractions if c.algorithm == "masked"]
        if len(steps) != 1 or not 0 < steps[0] < np.inf:
            return False
        return _contractions(self.isometries, steps[0]) == self.contractions


def convergence_bounds(
    A: MeasurementOperator,
    k: int,
    *,
    step: float | None = None,
    time_limit: float | None = None,
) -> Convergence:
    r"""Bound how fast masked descent, IHT and HTP find k-sparse vectors.

    For :math:`f(x) = \tfrac12 \|y - A x\|_2^2` and y = Ax, x with k nonzeros, from the
    convexity :math:`\alpha_s` and the smoothness :math:`\beta_s` on s-sparse vectors,
    which are `Isometry.convexity` and `Isometry.smoothness` of order s:

    - gradient descent on a mask: :math:`d_1 = \max(|1 - \eta\alpha_k|,
      |1 - \eta\beta_k|)`,
    - IHT: √8, √3 and 1.618 times :math:`d_3`, which is the same of order 3k,
    - HTP: :math:`\sqrt{2 d_3^2 / (1 - d_2^2)}`, with :math:`d_2 = (\kappa_{2k} - 1) /
      (\kappa_{2k} + 1)`,
    - IHT with step :math:`1/\beta_{2k}`: :math:`\kappa_{2k} - 1`, of the loss.

    With unit step :math:`d_3` is the isometry constant :math:`\delta_{3k}`, for which
    the sources state them; a step η for A is a unit step for √η A. All are upper
    bounds: where a constant is known within a bracket, its far end is taken, and what
    floating point may have moved it by.

    Parameters
    ----------
    A : array or operator, shape (m, n)
        As for `rip_constant`.
    k : int
        In 1 .. n.
    step : float, optional
        :math:`\eta`, by default the best for order 3k, :math:`2/(\alpha + \beta)`, for
        which no factor depends on the scale of A.
    time_limit : float, optional
        Seconds, about, for all constants together. Ctrl-C ends their searches.

    Returns
    -------
    Convergence

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above, or A is zero.

    References
    ----------
    .. [1] T. Blumensath and M. Davies, "Iterative hard thresholding for compressed
       sensing", Appl. Comput. Harmon. Anal. 27(3), 2009.
    .. [2] S. Foucart and H. Rauhut, "A mathematical introduction to compressive
       sensing", 2013, Theorem 6.18.
    .. [3] J. Shen and P. Li, "A tight bound of hard thresholding", J. Mach. Learn. Res.
       18(208), 2018.
    .. [4] R. Garg and R. Khandekar, "Gradient descent with sparsification: an iterative
       algorithm for sparse recovery with restricted isometry property", ICML 2009.

    Examples
    --------
    >>> import sparsetheory as st
    >>> layer = st.BlockCirculant([[[1.0, 0.1]]], 100)
    >>> found = st.convergence_bounds(layer, 3)
    >>> for c in found.contractions:
    ...     print(f"{c.algorithm:6} {c.measure:5} {c.factor:.3f} {c.source}")
    masked error 0.140 Polyak 1987
    iht    error 0.533 Blumensath, Davies 2009
    iht    error 0.326 Foucart, Rauhut 2013
    iht    error 0.305 Shen, Li 2018
    htp    error 0.271 Foucart 2011
    iht    loss  0.434 Garg, Khandekar 2009
    """
    end = check_time_limit(time_limit)
    A = layer_or_matrix(A)
    k = check_integer("k", k, 1, A.shape[1])
    if step is not None:
        step = check_number("step", step)
    found = []
    orders = _orders(k, A.shape[1])
    for i, order in enumerate(orders):
        left = (end - time.perf_counter()) / (len(orders) - i)
        limit = None if end == np.inf else max(left, 1e-3)
        found.append(rip_constant(A, order, both=True, time_limit=limit))
        if found[-1].interrupted:
            end = -np.inf  # of the others, only what takes no search
    one, two, three = found
    if three.smoothness[1] <= three.above.rounding:
        raise ValueError("A must not be zero")
    if step is None:
        step = 2 / sum(_ends(three))
    return Convergence(k, (one, two, three), _contractions((one, two, three), step))


def _orders(k: int, n: int) -> tuple[int, ...]:
    return k, min(2 * k, n), min(3 * k, n)


def _ends(found: Isometry) -> tuple[float, float]:
    """Return a lower bound on alpha and an upper one on beta, with their rounding."""
    alpha = found.convexity[0] - found.below.rounding
    return max(0.0, alpha), found.smoothness[1] + found.above.rounding


def _contractions(
    isometries: tuple[Isometry, Isometry, Isometry], step: float
) -> tuple[Contraction, ...]:
    one, two, three = isometries
    alpha, beta = _ends(two)
    kappa = beta / alpha if alpha > 0 else np.inf
    ends = _ends(three)
    plain = gradient_rate(*ends, step)
    of_error: tuple[tuple[Algorithm, str, int, Array], ...] = (
        ("masked", "Polyak 1987", one.k, gradient_rate(*_ends(one), step)),
        ("iht", "Blumensath, Davies 2009", three.k, np.sqrt(8.0) * plain),
        ("iht", "Foucart, Rauhut 2013", three.k, np.sqrt(3.0) * plain),
        ("iht", "Shen, Li 2018", three.k, iht_rate(*ends, step)),
        ("htp", "Foucart 2011", three.k, htp_rate(*ends, step, kappa=kappa)),
    )
    loss = float(grades_rate(kappa))
    return (
        *(
            Contraction(algorithm, source, order, step, "error", float(factor))
            for algorithm, source, order, factor in of_error
        ),
        Contraction("iht", "Garg, Khandekar 2009", two.k, 1 / beta, "loss", loss),
    )
