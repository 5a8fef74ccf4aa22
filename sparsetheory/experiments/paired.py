"""Paired differences of arms over seeds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from sparsetheory._checks import check_array, check_number
from sparsetheory.types import Vector

MOST = 40  # pairs: the tables hold 2^20 sums


@dataclass(frozen=True, slots=True)
class PairedEffect:
    """Mean difference of pairs, with an interval and an exact p value.

    Attributes
    ----------
    mean : float
        Of a - b.
    low, high : float
        Confidence interval of the mean, by Student's t; exact for normal differences.
    level : float
        Its coverage.
    p : float
        Two-sided, of the test that flips signs: the share of all :math:`2^n` choices of
        signs whose sum is at least as far from zero. Exact if differences are symmetric
        about zero.
    n : int
        Number of pairs. No p is below :math:`2^{1 - n}`.
    """

    mean: float
    low: float
    high: float
    level: float
    p: float
    n: int

    def non_inferior(self, margin: float) -> bool | None:
        """Tell whether a is worse than b by less than a margin.

        True if the whole interval is above minus the margin, False if it is all at or
        below, None if the pairs do not decide.
        """
        margin = check_number("margin", margin, positive=False)
        if self.low > -margin:
            return True
        return False if self.high <= -margin else None

    def bears_out(
        self,
        claim: Literal["as good", "worse", "much worse", "better"],
        *,
        margin: float = 0.01,
        much: float = 0.05,
        alpha: float = 0.05,
    ) -> bool | None:
        """Tell whether a is to b as claimed.

        Where even a single sign of all differences would not be significant, nothing
        is decided.

        Parameters
        ----------
        claim : {"as good", "worse", "much worse", "better"}
            Non-inferior by `margin`; below zero by interval and test; so and with the
            whole interval below minus `much`; above zero by interval and test.
        margin : float
            A difference that is as good as none.
        much : float
        alpha : float
            The largest p value that is significant.

        Returns
        -------
        bool or None
            None if the pairs do not decide: neither the claim nor its contrary, which
            is inferior by the margin, not worse by more than it, not much worse, or
            not better by more than it.
        """
        if 2.0 ** (1 - self.n) > alpha:
            return None
        sure = self.p <= alpha
        yes, no = {
            "as good": (self.low > -margin, self.high <= -margin),
            "worse": (sure and self.high < 0, self.low > -margin),
            "much worse": (sure and self.high < -much, self.low >= -much),
            "better": (sure and self.low > 0, self.high < margin),
        }[claim]
        return True if yes else False if no else None


def paired_effect(
    a: npt.ArrayLike, b: npt.ArrayLike, *, level: float = 0.95
) -> PairedEffect:
    r"""Compare two arms on the same seeds.

    Parameters
    ----------
    a, b : array_like, shape (n,)
        Results of each seed; from 2 to 40.
    level : float
        Coverage of the interval, in (0, 1).

    Returns
    -------
    PairedEffect

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    References
    ----------
    .. [1] R. Fisher, "The design of experiments", 1935, section 21.

    Examples
    --------
    >>> import sparsetheory as st
    >>> effect = st.paired_effect([3.0, 4.0, 6.0, 8.0], [1.0, 3.0, 3.0, 4.0])
    >>> effect.mean, effect.p
    (2.5, 0.125)
    >>> round(effect.low, 3), round(effect.high, 3)
    (0.446, 4.554)
    """
    a = check_array("a", a, 1)
    b = check_array("b", b, 1)
    if a.shape != b.shape:
        raise ValueError(f"a and b must have the same shape, got {a.shape}, {b.shape}")
    if not 2 <= a.size <= MOST:
        raise ValueError(f"a must have 2 to {MOST} entries, got {a.size}")
    if not 0 < level < 1:
        raise ValueError(f"level must lie in (0, 1), got {level}")
    d = a - b
    error = float(d.std(ddof=1)) / d.size**0.5
    half = float(stdtrit(d.size - 1, 0.5 + 0.5 * level)) * error
    mean = float(d.mean())
    return PairedEffect(mean, mean - half, mean + half, level, _flips(d), d.size)


def _flips(d: Vector) -> float:
    """Return the share of signs for which the sum is as far from zero as it is.

    Each sum is one of a half plus one of the other, which is sorted and looked up.
    """
    first, second = _sums(d[: d.size // 2]), np.sort(_sums(d[d.size // 2 :]))
    far = abs(d.sum()) - 1e-12 * np.abs(d).sum()  # sums that tie may round apart
    if far <= 0:
        return 1.0
    above = second.size - np.searchsorted(second, far - first)
    return float(2 * above.sum() / (first.size * second.size))  # as many are below


def _sums(d: Vector) -> Vector:
    sums = np.zeros(1)
    for value in d:
        sums = np.concatenate([sums + value, sums - value])
    return sums
