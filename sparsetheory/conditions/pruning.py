"""What pruning a convolution layer does to its isometry constants."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sparsetheory._checks import check_integer, check_number
from sparsetheory.conditions.changes import MARGIN, Measure, Split, measures
from sparsetheory.conditions.evidence import well_formed
from sparsetheory.conditions.isometry import Isometry, rip_constant
from sparsetheory.operators import BlockCirculant
from sparsetheory.pruned import (
    Mask,
    check_layer,
    check_mask,
    pruning_masks,
    with_filters,
    with_taps,
    without_channels,
)

LEAST = 1e-3  # seconds that a search has in any case


@dataclass(frozen=True, slots=True, eq=False)
class PruningEffect:
    r"""What one mask does to the isometry constants of order k.

    Attributes
    ----------
    k : int
    mask : ndarray of bool
        True where a tap stays.
    raw : Measure
        :math:`\delta_k` of the layer as it is.
    normalised : Measure
        :math:`\delta_k` with columns of norm one.
    scaled : Measure
        :math:`\min_c \delta_k(cA)`.
    before, after : tuple of Isometry
        Of the layer as it is, and with columns of norm one: both sides, with their
        supports and evidence.
    removed : Isometry or None
        Of the removed taps in the channels that stay, scaled so that their longest
        column has norm 2; None if there are none.
    loss : float
        Upper bound on :math:`\max_{|S|=k} \|E_S\|^2`, E these taps.
    """

    k: int
    mask: Mask
    raw: Measure
    normalised: Measure
    scaled: Measure
    before: tuple[Isometry, Isometry]
    after: tuple[Isometry, Isometry]
    removed: Isometry | None
    loss: float

    @property
    def exact(self) -> bool:
        """Whether all constants are known to rounding."""
        found = (*self.before, *self.after)
        return all(each.above.exact and each.below.exact for each in found)

    def verify(self, layer: BlockCirculant, *, time_limit: float | None = None) -> bool:
        """Check all brackets and changes against the layer, from their evidence.

        Parameters
        ----------
        layer : BlockCirculant
            Before pruning.
        time_limit : float, optional
            Seconds.

        Returns
        -------
        bool
            False if anything is refuted, or not confirmed in time.

        Raises
        ------
        TypeError, ValueError
            If `layer` is no layer with all its rows.
        """
        check_layer(layer)
        budget = _Budget(time_limit, 5)
        if not (well_formed(self) and _keeps_columns(layer, self.mask)):
            return False
        split = _split(layer, self.mask)
        claims = [(found, layer) for found in self.before]
        claims += [(found, split.part) for found in self.after]
        kinds, loss = [(self.k, False), (self.k, True)] * 2, 0.0
        if (split.cut is None) != (self.removed is None):
            return False
        if split.cut is not None and self.removed is not None:
            taps, energy = _unit_energy(split.cut)
            claims.append((self.removed, taps))
            kinds.append((self.k, False))
            loss = _loss(self.removed, energy)
        if kinds != [(found.k, found.normalised) for found, _ in claims]:
            return False
        if not all(found.verify(A, time_limit=budget.share()) for found, A in claims):
            return False
        again = measures(layer, split, self.before, self.after, loss)
        return loss == self.loss and again == (self.raw, self.normalised, self.scaled)


@dataclass(frozen=True, slots=True, eq=False)
class PruningReport:
    """What each of some masks does to the isometry constants of a layer.

    Attributes
    ----------
    k : int
    effects : dict of str to PruningEffect
    complete : bool
        False if Ctrl-C ended it before the last mask.
    """

    k: int
    effects: dict[str, PruningEffect]
    complete: bool

    def table(self) -> list[dict[str, str | float | bool]]:
        """Return one flat row per mask and constant."""
        return [
            {
                "name": name,
                "measure": measure,
                "before_lower": found.before[0],
                "before_upper": found.before[1],
                "after_lower": found.after[0],
                "after_upper": found.after[1],
                "certified_lower": found.certified[0],
                "certified_upper": found.certified[1],
                "change": str(found.change),
                "reason": found.reason,
                "exact": effect.exact,
            }
            for name, effect in self.effects.items()
            for measure in ("raw", "normalised", "scaled")
            for found in (getattr(effect, measure),)
        ]


def pruning_effect(
    layer: BlockCirculant,
    k: int,
    mask: npt.ArrayLike,
    *,
    before: tuple[Isometry, Isometry] | None = None,
    time_limit: float | None = None,
) -> PruningEffect:
    r"""Isometry constants of order k of a layer before and after taps are removed.

    Channels of which no tap stays are removed, columns and all. Three constants are
    bracketed: that of the layer as it is, that with columns of norm one, and that of
    its best multiple, :math:`(\kappa_k - 1) / (\kappa_k + 1)`. With :math:`\lambda` the
    least or the largest eigenvalue over k columns, E the removed taps in the channels
    that stay and :math:`\epsilon = \max_{|S|=k} \|E_S\|_2`, what can be said without a
    search in the pruned layer is [1]_:

    * interlacing: without a channel there are fewer supports, and no constant rises;
    * Weyl: without whole filters
      :math:`\lambda - \epsilon^2 \le \lambda' \le \lambda`, so that the upper side
      never rises and the lower side never falls; :math:`\delta_k` does not rise if the
      lower side, which is one at most, stays below what :math:`\delta_k` was;
    * perturbation: :math:`|\sqrt{\lambda'} - \sqrt\lambda| \le \epsilon` for any taps;
    * Ostrowski: if columns of norm one keep norms d, then bringing these back to one
      divides :math:`\lambda'` by something between :math:`\min d^2` and
      :math:`\max d^2`;
    * single columns: no :math:`\delta_k` is below :math:`\delta_1`.

    Parameters
    ----------
    layer : BlockCirculant
        With all its rows.
    k : int
        Up to the number of columns that stay.
    mask : array_like of bool, of the shape of ``layer.filters``
        True where a tap stays, as from `pruning_masks` or `largest_taps`.
    before : tuple of Isometry, optional
        What an earlier call on the same layer had as `before`; computed if not given.
    time_limit : float, optional
        Seconds, about. Constants are then bracketed if need be.

    Returns
    -------
    PruningEffect

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above, or a column becomes zero.
    KeyboardInterrupt
        On Ctrl-C.

    References
    ----------
    .. [1] R. Horn and C. Johnson, "Matrix Analysis", 2nd ed., Cambridge University
       Press, 2013, sections 4.3, 4.5 and 7.3.

    Examples
    --------
    >>> import sparsetheory as st
    >>> layer = st.BlockCirculant([[[1.0, 0.5]], [[0.0, 0.8]]], size=16)
    >>> found = st.pruning_effect(layer, 2, layer.filters != 0.8)
    >>> str(found.raw.change), found.raw.reason, round(found.loss, 9)
    ('helps', 'search', 0.64)
    """
    split = _split(layer, mask)
    _, part, cut = split
    _check_columns(layer, part)
    k = check_integer("k", k, 1, part.shape[1])
    budget = _Budget(time_limit, (0 if before else 2) + (2 if cut is None else 3))
    if before is None:
        before = _both(layer, k, budget)
    kinds = [(found.k, found.normalised) for found in before]
    if kinds != [(k, False), (k, True)]:
        raise ValueError(
            f"before must be [(k, normalised)] = {[(k, False), (k, True)]}, got {kinds}"
        )
    removed, loss = None, 0.0
    if cut is not None:
        taps, energy = _unit_energy(cut)
        removed = budget.search(taps, k, both=False)
        loss = _loss(removed, energy)
    after = _both(part, k, budget)
    found = measures(layer, split, before, after, loss)
    kept = np.array(mask, dtype=bool)
    return PruningEffect(k, kept, *found, before, after, removed, loss)


def pruning_report(
    layer: BlockCirculant,
    k: int,
    masks: Mapping[str, npt.ArrayLike] | None = None,
    *,
    time_limit: float | None = None,
    progress: bool = False,
) -> PruningReport:
    """Isometry constants of a layer before and after each of some masks.

    See `pruning_effect`, which does one of them: a script that is to be resumed calls
    it mask by mask.

    Parameters
    ----------
    layer : BlockCirculant
        With all its rows.
    k : int
    masks : dict of str to array_like of bool, optional
        Names and masks of the shape of ``layer.filters``; by default each filter and
        each channel, `pruning_masks`.
    time_limit : float, optional
        Seconds for all, about: at most a quarter for the layer before, and the masks
        share what is left. Ctrl-C ends the report and keeps what is done.
    progress : bool
        Show a progress bar on standard error.

    Returns
    -------
    PruningReport

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above, or a column becomes zero.

    Examples
    --------
    >>> import sparsetheory as st
    >>> layer = st.BlockCirculant(st.digits_filters(), size=8)
    >>> report = st.pruning_report(layer, 2)
    >>> str(report.effects["channel 0"].raw.change)
    'helps'
    """
    from tqdm import tqdm

    check_layer(layer)
    named = pruning_masks(layer) if masks is None else dict(masks)
    if not named:
        raise ValueError("masks must not be empty")
    for mask in named.values():
        part = _split(layer, mask).part
        _check_columns(layer, part)
        k = check_integer("k", k, 1, part.shape[1])
    effects: dict[str, PruningEffect] = {}
    budget = _Budget(time_limit, 4 * len(named))
    with tqdm(total=len(named), disable=not progress, unit="mask") as bar:
        try:
            before = _both(layer, k, _Budget(budget.share(len(named)), 2))
            for name, mask in named.items():
                effects[name] = pruning_effect(
                    layer, k, mask, before=before, time_limit=budget.share(3)
                )
                bar.update()
        except KeyboardInterrupt:
            pass
    return PruningReport(k, effects, len(effects) == len(named))


class _Budget:
    """Time for some searches, which share what is left."""

    def __init__(self, time_limit: float | None, searches: int) -> None:
        self.searches = searches
        self.deadline = np.inf
        if time_limit is not None:
            self.deadline = time.perf_counter() + check_number("time_limit", time_limit)

    def share(self, count: int = 1) -> float | None:
        """Return the seconds that the next searches have."""
        part = (self.deadline - time.perf_counter()) * count / self.searches
        self.searches -= count
        return None if np.isinf(part) else max(part, LEAST)

    def search(
        self, A: BlockCirculant, k: int, *, normalise: bool = False, both: bool = True
    ) -> Isometry:
        """Return isometry constants; Ctrl-C, which ends a search, is raised again."""
        limit = self.share()
        found = rip_constant(A, k, normalise=normalise, both=both, time_limit=limit)
        if found.interrupted:
            raise KeyboardInterrupt
        return found


def _both(A: BlockCirculant, k: int, budget: _Budget) -> tuple[Isometry, Isometry]:
    return budget.search(A, k), budget.search(A, k, normalise=True)


def _split(layer: BlockCirculant, mask: npt.ArrayLike) -> Split:
    check_layer(layer)
    mask, h = check_mask(layer, mask), layer.filters
    stay = (mask & (h != 0)).any(axis=(0, *range(2, h.ndim)))
    if not stay.any():
        raise ValueError("mask must keep a tap that is not zero, it keeps none")
    whole = without_channels(layer, ~stay)
    gone = np.where(mask[:, stay], 0.0, whole.filters)
    part = with_taps(whole, mask[:, stay])
    return Split(whole, part, with_filters(whole, gone) if gone.any() else None)


def _keeps_columns(layer: BlockCirculant, mask: Mask) -> bool:
    """Return whether a mask is one of the layer, and leaves no column zero."""
    if np.shape(mask) != layer.filters.shape or not (layer.filters * mask).any():
        return False
    return bool(_split(layer, mask).part.column_norms().all())


def _check_columns(layer: BlockCirculant, part: BlockCirculant) -> None:
    for name, A in (("layer", layer), ("mask", part)):
        norms = A.column_norms()
        if not norms.all():
            raise ValueError(f"{name} must leave no column zero, {norms.argmin()} is")


def _unit_energy(cut: BlockCirculant) -> tuple[BlockCirculant, float]:
    """Return removed taps with a longest column of norm 2, and the factor back.

    Their upper side is then 3 at least, the lower one 1 at most and not searched.
    """
    factor = float(cut.column_norms().max()) / 2
    return with_filters(cut, cut.filters / factor), factor**2


def _loss(removed: Isometry, energy: float) -> float:
    above = removed.above
    return (1 + above.upper + above.rounding) * energy * (1 + MARGIN)
