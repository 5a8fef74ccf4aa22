"""How many weights are left: after rounds of pruning, with regrowth, in layers."""

from dataclasses import dataclass
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, Inexact, localcontext
from fractions import Fraction
from math import ceil, floor
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from sparsetheory._checks import check_integer
from sparsetheory.lottery._layout import check_share
from sparsetheory.types import Counts

WIDE = Context(Emin=MIN_EMIN, Emax=MAX_EMAX, traps=[])
LARGEST = np.iinfo(np.int64).max
VGG16_CHANNELS = (3, 64, 64, 128, 128, *[256] * 3, *[512] * 6)
VGG16_SIDES = (224, 224, 112, 112, *[56] * 3, *[28] * 3, *[14] * 3)
"""Channels before and after each convolution of VGG-16, and the side of its output.

K. Simonyan, A. Zisserman, "Very deep convolutional networks for large-scale image
recognition", ICLR 2015, configuration D.
"""


def density_after_rounds(rate: float | Fraction, rounds: int) -> float:
    r"""Density when each round prunes a share of what remains, :math:`(1 - \alpha)^S`.

    Exact up to the last rounding. For counts of weights, which are whole, see
    `surviving_counts`.

    Parameters
    ----------
    rate : float or Fraction
        Share α that goes, in [0, 1]; a float counts as the decimal that is written.
    rounds : int
        S, at least 0.

    Returns
    -------
    float

    Raises
    ------
    TypeError, ValueError
        If an argument is out of range.

    Examples
    --------
    >>> import sparsetheory as st
    >>> st.density_after_rounds(0.2, 5)
    0.32768
    """
    left = 1 - check_share("rate", rate)
    rounds = check_integer("rounds", rounds, 0)
    if rounds == 0:
        return 1.0
    spare = 40
    while True:
        with localcontext(WIDE) as context:
            context.prec = spare + len(str(rounds)) + 2
            power = _decimal(left) ** rounds
            exact = not context.flags[Inexact]
            room = power * Decimal(10) ** -spare
            ends = float(power - room), float(power + room)
        if exact or ends[0] == ends[1]:
            return float(power)
        spare *= 2


def rounds_to_density(rate: float | Fraction, density: float | Fraction) -> int:
    r"""Fewest rounds of pruning after which a density is reached.

    .. math:: \min \{S : (1 - \alpha)^S \le \rho\}
        = \lceil \log \rho / \log (1 - \alpha) \rceil

    Exact: floats count as the decimals that are written, and where the quotient of
    logarithms is near a whole number the powers are compared as fractions, or if they
    can't be equal in more digits. In floating point the ceiling is often one off there.

    Parameters
    ----------
    rate : float or Fraction
        Share α that goes in a round, in (0, 1).
    density : float or Fraction
        ρ, in (0, 1]: one minus the sparsity, to be written as a decimal too, as 0.1 and
        not as ``1 - 0.9``.

    Returns
    -------
    int

    Raises
    ------
    TypeError, ValueError
        If an argument is out of range.

    Examples
    --------
    >>> import sparsetheory as st
    >>> st.rounds_to_density(0.2, 0.1), st.rounds_to_density(0.2, 0.32768)
    (11, 5)
    """
    a, rho = check_share("rate", rate), check_share("density", density)
    if not 0 < a < 1:
        raise ValueError(f"rate must lie in (0, 1), got {rate}")
    if rho == 0:
        raise ValueError(f"density must lie in (0, 1], got {density}")
    # 1 - a close to 1 loses the digits that its denominator has, and its logarithm,
    # of that size at least, gives as many to the quotient.
    digits = 2 * len(str(a.denominator)) + 2 * len(str(rho.denominator))
    spare = 60
    while True:
        with localcontext() as context:
            context.prec = digits + spare
            quotient = _decimal(rho).ln() / _decimal(1 - a).ln()
            near = int(quotient.to_integral_value())
            if abs(quotient - near) > Decimal(10) ** (20 - spare):
                return ceil(quotient)
        # Powers in lowest terms: S of them have a denominator of S bits at least.
        if near < rho.denominator.bit_length():
            return near if (1 - a) ** near <= rho else near + 1
        spare *= 2


def _decimal(x: Fraction) -> Decimal:
    return Decimal(x.numerator) / Decimal(x.denominator)


def surviving_counts(
    d: int,
    rate: float | Fraction,
    rounds: int,
    *,
    rounding: Literal["floor", "round", "ceil"] = "floor",
) -> Counts:
    """Weights left after each round, when whole numbers go.

    From n weights ``floor(rate n)`` go, or the nearest whole number (the even one of
    two), or the next above. They stay within a weight or so of ``d (1 - rate)^S``, but
    with the floor pruning stops for good when rate n falls below 1.

    Parameters
    ----------
    d : int
        Weights at the start, in 1..2^63 - 1.
    rate : float or Fraction
        Share that goes, in [0, 1]; a float counts as the decimal that is written.
    rounds : int
        At least 0.
    rounding : {"floor", "round", "ceil"}
        Of the number that goes.

    Returns
    -------
    ndarray of int, shape (rounds + 1,)
        From d on.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    Examples
    --------
    >>> import sparsetheory as st
    >>> st.surviving_counts(1000, 0.2, 4)
    array([1000,  800,  640,  512,  410])
    """
    rules: dict[str, Any] = {"floor": floor, "round": round, "ceil": ceil}
    if rounding not in rules:
        raise ValueError(f"rounding must be one of {list(rules)}, got {rounding!r}")
    share = check_share("rate", rate)
    counts = [check_integer("d", d, 1, LARGEST)]
    for _ in range(check_integer("rounds", rounds, 0)):
        counts.append(counts[-1] - rules[rounding](share * counts[-1]))
    return np.array(counts, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Equilibrium:
    """Where dynamic sparse training keeps its density.

    Attributes
    ----------
    density : float
        ρ*, which one step maps to itself.
    factor : float
        ``(ρ' - ρ*) / (ρ - ρ*)``, what a step makes of the distance; below 0 it
        oscillates.
    """

    density: float
    factor: float


def dst_equilibrium(
    prune: float, regrow: float, *, revive: bool = False
) -> Equilibrium:
    r"""Density at which pruning and regrowth balance.

    A step prunes a share p of the active weights and activates a share g of those that
    were inactive before, or, if it may revive, of all that are inactive then:

    .. math:: \rho' = (1 - p)\rho + g (1 - \rho), \qquad
        \rho' = (1 - p)\rho + g (1 - (1 - p)\rho),

    with :math:`\rho^* = g/(p + g)` and factor :math:`1 - p - g`, or
    :math:`\rho^* = g/(1 - (1 - p)(1 - g))` and factor :math:`(1 - p)(1 - g)`. Exact in
    expectation when weights are chosen at random, and for counts up to rounding. A
    method that regrows as many as it prunes keeps any density.

    Parameters
    ----------
    prune, regrow : float
        p and g, in [0, 1], not both 0.
    revive : bool
        Whether weights just pruned may come back in the same step.

    Returns
    -------
    Equilibrium

    Raises
    ------
    TypeError, ValueError
        If a share is out of range.

    Examples
    --------
    >>> import sparsetheory as st
    >>> st.dst_equilibrium(0.3, 0.1)
    Equilibrium(density=0.25, factor=0.6)
    """
    p, g = check_share("prune", prune), check_share("regrow", regrow)
    if p == g == 0:
        raise ValueError(f"prune and regrow must not both be 0, got {prune}, {regrow}")
    factor = (1 - p) * (1 - g) if revive else 1 - p - g
    return Equilibrium(float(g / (1 - factor)), float(factor))


def dst_regrowth(prune: float, density: float, *, revive: bool = False) -> float:
    r"""Share of the inactive weights to regrow for a density to last.

    .. math:: g = \frac{p \rho}{1 - \rho}, \qquad
        g = \frac{p \rho}{1 - (1 - p) \rho} \text{ if it may revive.}

    Parameters
    ----------
    prune : float
        p, in [0, 1].
    density : float
        ρ, in [0, 1); 1 too if it may revive and p is not 0.
    revive : bool
        As in `dst_equilibrium`.

    Returns
    -------
    float
        At most 1.

    Raises
    ------
    TypeError, ValueError
        If a share is out of range, or no regrowth is enough.

    Examples
    --------
    >>> import sparsetheory as st
    >>> st.dst_regrowth(0.3, 0.1)
    0.03333333333333333
    """
    p, rho = check_share("prune", prune), check_share("density", density)
    inactive = 1 - ((1 - p) * rho if revive else rho)
    if p * rho > inactive or inactive == 0:
        raise ValueError(
            f"density must be one that regrowth can keep, at {density} it would have "
            f"to regrow {float(p * rho)} of {float(inactive)} inactive"
        )
    return float(p * rho / inactive)


@dataclass(frozen=True, slots=True, eq=False)
class ConvCosts:
    """What convolutions cost, without biases.

    Attributes
    ----------
    parameters : ndarray of int, shape (layers,)
    macs : ndarray of int, shape (layers,)
        Multiplications and additions, a pair counting once; FLOPs are twice as many.
    """

    parameters: Counts
    macs: Counts


def conv_costs(
    channels: npt.ArrayLike, pixels: npt.ArrayLike, *, kernel: int = 9
) -> ConvCosts:
    """Parameters and multiply-adds of convolutions in a row.

    A layer with a inputs, b outputs and p pixels of output has ``a b kernel``
    parameters and p times as many multiply-adds. So both scale alike in a layer, with
    the product of the shares of inputs and outputs that stay; but layers differ in p,
    and so do the two totals.

    Parameters
    ----------
    channels : array_like of int, shape (layers + 1,)
        Channels before and after each layer, with those pruned left out.
    pixels : array_like of int, shape (layers,)
        Pixels of each layer's output.
    kernel : int
        Taps of a filter on one channel, 9 for 3 by 3.

    Returns
    -------
    ConvCosts

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above, or a count is 2^63 or more.

    Examples
    --------
    >>> import sparsetheory as st
    >>> whole = st.conv_costs([3, 64, 64], [1024, 1024])
    >>> whole.parameters
    array([ 1728, 36864])
    >>> st.conv_costs([3, 64, 32], [1024, 1024]).macs / whole.macs
    array([1. , 0.5])
    """
    taps = check_integer("kernel", kernel, 1)
    width, size = _counts("channels", channels), _counts("pixels", pixels)
    if width.size != size.size + 1 or size.size == 0:
        raise ValueError(
            "channels must have one entry more than pixels, "
            f"got {width.size} and {size.size}"
        )
    exact = width.astype(object)
    parameters = exact[:-1] * exact[1:] * taps
    macs = parameters * size
    for name, costs in (("parameters", parameters), ("macs", macs)):
        if max(costs) > LARGEST:
            raise ValueError(f"{name} must be below 2^63, got {max(costs)}")
    return ConvCosts(parameters.astype(np.int64), macs.astype(np.int64))


def _counts(name: str, value: npt.ArrayLike) -> Counts:
    given = np.asarray(value)
    if given.ndim != 1 or given.dtype.kind not in "iu":
        raise TypeError(
            f"{name} must be a vector of integers, "
            f"got dtype {given.dtype} of shape {given.shape}"
        )
    if given.size and given.min() < 0:
        raise ValueError(f"{name} must not be negative, got {given.min()}")
    if given.size and given.max() > LARGEST:
        raise ValueError(f"{name} must be below 2^63, got {given.max()}")
    return given.astype(np.int64)
