"""What a claim is, and how it comes to its verdict."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import wraps
from typing import Any, Literal, TypeAlias

D000 = "000_348e94412de53ee2"
D001 = "001_aee616e6d53b4c69"
D002 = "002_e829a0f94e4c6f87"
D003 = "003_e30c2b3715f8ae0c"
D004 = "004_2e742208ff8618cb"
TITLES = {
    D000: "Foundations of network pruning",
    D001: "Applications and connections",
    D002: "Lottery tickets, proofs and code",
    D003: "Why winning tickets win",
    D004: "Magnitude pruning",
}
"""The documents, named for people."""

ROUNDING = 1e-12

Kind: TypeAlias = Literal["theorem", "empirical", "definition", "attribution"]
Place: TypeAlias = tuple[str, str]
Number: TypeAlias = float | int | bool
Numbers: TypeAlias = Mapping[str, Number]


class Finding(StrEnum):
    """What became of a claim.

    Attributes
    ----------
    HOLDS
        Right as stated.
    HOLDS_IF
        Right only under conditions that the document leaves out.
    LOOSE
        Overstated, or no theorem.
    REFUTED
        A counterexample was computed.
    PARTLY
        An experiment bears out a part of it.
    NOT_AT_THIS_SCALE
        An experiment of the size that runs here shows otherwise.
    UNDECIDED
        The numbers tell nothing, by themselves or by their error.
    """

    HOLDS = "holds"
    HOLDS_IF = "holds if"
    LOOSE = "loose"
    REFUTED = "refuted"
    PARTLY = "partly"
    NOT_AT_THIS_SCALE = "not at this scale"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Claim:
    """One row of the ledger.

    Attributes
    ----------
    id : str
    kind : {"theorem", "empirical", "definition", "attribution"}
    places : tuple of (document, section)
        Where it stands; the first is the main one.
    statement : str
        The claim with its assumptions. Where it holds under conditions that the
        document leaves out, they are here.
    numbers : callable, optional
        Without arguments; computes what the verdict rests on, the same on every call.
    rule : callable, optional
        Turns the numbers into a `Finding`.
    verdict : Finding, optional
        In place of numbers and rule, for definitions and attributions alone.

    Raises
    ------
    ValueError
        If the verdict is neither computed nor typed, or typed where it must be
        computed.
    """

    id: str
    kind: Kind
    places: tuple[Place, ...]
    statement: str
    numbers: Callable[[], dict[str, Number]] | None = None
    rule: Callable[[Numbers], Finding] | None = None
    verdict: Finding | None = None

    def __post_init__(self) -> None:
        typed = self.verdict is not None
        if (self.numbers is None) != typed or (self.rule is None) != typed:
            raise ValueError(f"{self.id} must have numbers and a rule, or a verdict")
        if typed and self.kind not in ("definition", "attribution"):
            raise ValueError(f"{self.id} is a {self.kind}: compute its verdict")


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """A claim, its numbers and what they say."""

    claim: Claim
    numbers: Numbers
    finding: Finding


def evaluate(claim: Claim) -> Result:
    """Compute the numbers of a claim and its verdict.

    Parameters
    ----------
    claim : Claim

    Returns
    -------
    Result
        Undecided if a number is NaN.

    Examples
    --------
    >>> from sparsetheory.claims import LEDGER, evaluate
    >>> claim = next(c for c in LEDGER if c.id == "C33")
    >>> str(evaluate(claim).finding)
    'holds'
    """
    numbers = {} if claim.numbers is None else claim.numbers()
    return Result(claim, numbers, judge(claim, numbers))


def judge(claim: Claim, numbers: Numbers) -> Finding:
    """Return what numbers make of a claim.

    By its rule, unless one of them is NaN or lies outside its own interval.
    """
    if claim.verdict is not None:
        return claim.verdict
    assert claim.rule is not None
    wrong = any(math.isnan(value) for value in numbers.values())
    wrong = wrong or any(not _inside(name, numbers) for name in numbers)
    return Finding.UNDECIDED if wrong else claim.rule(numbers)


def _inside(name: str, numbers: Numbers) -> bool:
    """Tell whether a number lies in its interval; one of a count is of its share."""
    value, inf = numbers[name], math.inf
    low, high = numbers.get(f"{name}_low", -inf), numbers.get(f"{name}_high", inf)
    slack = ROUNDING * max(1.0, abs(value))
    return isinstance(value, int) or low - slack <= value <= high + slack


def in_words(function: Callable[..., Any] | None) -> str:
    """Return in one line what the docstring of numbers or of a rule says."""
    text = getattr(function, "func", function).__doc__  # of a partial, its own
    return " ".join((text or "").split()) if function is not None else ""


def holds(condition: bool) -> Finding:
    """Return whether a claim holds that one failure refutes."""
    return Finding.HOLDS if condition else Finding.REFUTED


def of(
    numbers: Callable[..., dict[str, Number]], *studies: Callable[[], Any]
) -> Callable[[], dict[str, Number]]:
    """Return what computes numbers of studies, which are made when it is called."""

    @wraps(numbers)
    def computed() -> dict[str, Number]:
        return numbers(*(study() for study in studies))

    return computed
