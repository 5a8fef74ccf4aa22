"""Masks: budgets that count exactly, the largest scores, groups, densities.

Weights, scores and masks are arrays of any shape or lists of arrays, one a layer; what
is returned has the structure of what is given. In a mask True stays.
"""

from fractions import Fraction
from math import floor

import numpy as np
import numpy.typing as npt

from sparsetheory._checks import check_groups, check_integer
from sparsetheory.lottery._layout import (
    Arrays,
    Flags,
    Layout,
    check_share,
    lay_out,
    lay_out_mask,
)
from sparsetheory.types import Vector

EXACT = 2**53  # floats tell all integers up to here apart


def mask_budget(d: int, density: float | Fraction) -> int:
    r"""Count the weights that a density allows, :math:`\lfloor d \rho \rfloor`.

    Exact: a float counts as the decimal that is written, so that 0.29 of 100 are 29,
    where the product of floats falls below and gives 28. What was computed may be
    written otherwise: ``1 - 0.9`` is 0.09999999999999998, of which 100 allow 9.
    ``1 - Fraction("0.9")`` is exact.

    Parameters
    ----------
    d : int
        At least 0.
    density : float or Fraction
        In [0, 1].

    Returns
    -------
    int

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    Examples
    --------
    >>> from fractions import Fraction
    >>> import sparsetheory as st
    >>> st.mask_budget(100, 0.29), int(100 * 0.29)
    (29, 28)
    >>> st.mask_budget(100, 1 - 0.9), st.mask_budget(100, 1 - Fraction("0.9"))
    (9, 10)
    """
    return floor(check_integer("d", d, 0) * check_share("density", density))


def top_mask(scores: Arrays, k: int, *, within: Arrays | None = None) -> Arrays:
    """Mask of the k largest scores of all arrays together, always k of them.

    Of equal scores the first stay, in the order of the arrays and of their entries.

    Parameters
    ----------
    scores : array_like or list of ndarray
        Finite; negative ones are lower than zero, their magnitude is not taken.
        Integers beyond 2^53, which floats can't tell apart, are refused.
    k : int
        From 0 to the number of scores that compete.
    within : like `scores`, of bool, optional
        A mask whose True entries alone compete, so that what was pruned stays pruned.

    Returns
    -------
    like `scores`, of bool

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> st.top_mask([0.5, 2.0, 1.0, 1.0], 2)
    array([False,  True,  True, False])
    >>> st.top_mask([np.array([3.0, 1.0]), np.array([[2.0], [0.0]])], 2)
    [array([ True, False]), array([[ True],
           [False]])]
    """
    layout, flat = _scores(scores)
    inside = _competing(layout, within)
    k = check_integer("k", k, 0, int(np.count_nonzero(inside)))
    return layout.restore(_top(flat, k, inside))


def layer_masks(
    scores: list[npt.NDArray[np.float64]],
    density: float | Fraction,
    *,
    within: Arrays | None = None,
) -> list[Flags]:
    """Masks with the same density in each array, each by its own largest scores.

    An array of d scores keeps ``mask_budget(d, density)``, of those that compete.

    Parameters
    ----------
    scores : list of ndarray
    density : float or Fraction
        In [0, 1], of all entries of an array; as written, see `mask_budget`.
    within : list of ndarray of bool, optional
        As in `top_mask`.

    Returns
    -------
    list of ndarray of bool

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above, or a layer has fewer entries that
        compete than it is to keep.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> st.layer_masks([np.array([3.0, 1.0]), np.array([0.3, 0.1, 0.2])], 0.5)
    [array([ True, False]), array([ True, False, False])]
    """
    layout, flat = _scores(scores)
    if not layout.listed:
        raise TypeError(f"scores must be a list of arrays, got {type(scores).__name__}")
    share = check_share("density", density)
    inside = layout.parts(_competing(layout, within))
    masks = []
    for i, (s, on) in enumerate(zip(layout.parts(flat), inside, strict=True)):
        k, most = mask_budget(s.size, share), np.count_nonzero(on)
        if k > most:
            raise ValueError(
                f"within[{i}] must keep at least {k} to leave a density of {density}, "
                f"got {most}"
            )
        masks.append(_top(s.ravel(), k, on.ravel()).reshape(s.shape))
    return masks


def _scores(value: Arrays) -> tuple[Layout, Vector]:
    """Return scores as floats, if those are in the order of what is given."""
    layout, flat = lay_out("scores", value)
    for part in value if layout.listed else [value]:
        given = np.asarray(part)
        if given.dtype.kind in "iu":
            beyond = given[(given > EXACT) | (given < -EXACT)]
            if beyond.size:
                raise ValueError(
                    f"scores must be within 2^53 if integers, got {beyond.flat[0]}"
                )
    return layout, flat


def _competing(layout: Layout, within: Arrays | None) -> Flags:
    if within is None:
        size = sum(int(np.prod(shape)) for shape in layout.shapes)
        return np.ones(size, dtype=bool)
    return layout.mask("within", within)


def _top(scores: Vector, k: int, inside: Flags) -> Flags:
    values = scores[inside]
    kept = np.zeros(values.size, dtype=bool)
    if k > 0:
        cut = np.partition(values, values.size - k)[values.size - k]
        kept = values > cut
        ties = np.flatnonzero(values == cut)
        kept[ties[: k - np.count_nonzero(kept)]] = True
    mask = inside.copy()
    mask[inside] = kept
    return mask


def expand_groups(active: npt.ArrayLike, groups: npt.ArrayLike) -> Flags:
    """Mask of weights whose groups are active: constant on each group.

    Parameters
    ----------
    active : array_like of bool, shape (number of groups,)
        In the order of the sorted labels.
    groups : int or array_like of int or str, shape (n,)
        Size of consecutive groups; or the label of each weight's group.

    Returns
    -------
    ndarray of bool, shape (n,)

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    Examples
    --------
    >>> import sparsetheory as st
    >>> st.expand_groups([True, False], ["a", "b", "b", "a"])
    array([ True, False, False,  True])
    >>> st.expand_groups([True, False], 3)
    array([ True,  True,  True, False, False, False])
    """
    _, on = lay_out_mask("active", active)
    labelled = np.ndim(groups) > 0
    n = np.size(groups) if labelled else check_integer("groups", groups, 1) * on.size
    members = check_groups(groups, n)
    if on.shape != members.weights.shape:
        raise ValueError(
            f"active must have shape ({members.weights.size},) to match groups, "
            f"got {on.shape}"
        )
    mask = np.empty(members.order.size, dtype=bool)
    mask[members.order] = np.repeat(on, np.diff(members.starts))
    return mask


def active_groups(mask: npt.ArrayLike, groups: npt.ArrayLike) -> Flags:
    """Mask of the groups of which a weight is kept.

    The inverse of `expand_groups` on masks that are constant on each group.

    Parameters
    ----------
    mask : array_like of bool, shape (n,)
    groups : int or array_like of int or str, shape (n,)
        Size of consecutive groups, a divisor of n; or the label of each weight's group.

    Returns
    -------
    ndarray of bool, shape (number of groups,)
        In the order of the sorted labels.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    Examples
    --------
    >>> import sparsetheory as st
    >>> st.active_groups([True, False, False, False], ["a", "b", "b", "a"])
    array([ True, False])
    """
    _, flags = lay_out_mask("mask", mask)
    members = check_groups(groups, flags.size)
    return np.logical_or.reduceat(flags[members.order], members.starts[:-1])


def mask_density(mask: Arrays) -> float:
    """Share of the entries that a mask keeps.

    Parameters
    ----------
    mask : array_like of bool or list of ndarray of bool

    Returns
    -------
    float

    Examples
    --------
    >>> import sparsetheory as st
    >>> st.mask_density([True, False, True, True])
    0.75
    """
    _, flags = lay_out_mask("mask", mask)
    return float(np.count_nonzero(flags) / flags.size)


def weight_density(w: Arrays, mask: Arrays | None = None) -> float:
    """Share of the weights that are kept and not zero.

    Less than the density of the mask where w has zeros of its own.

    Parameters
    ----------
    w : array_like or list of ndarray
    mask : like `w`, of bool, optional
        By default nothing is pruned.

    Returns
    -------
    float

    Examples
    --------
    >>> import sparsetheory as st
    >>> st.weight_density([0.0, 2.0, 1.0, -1.0], [True, False, True, True])
    0.5
    """
    layout, flat = lay_out("w", w)
    return float(np.count_nonzero(flat[_competing(layout, mask)]) / flat.size)
