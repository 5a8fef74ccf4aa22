"""How much the claims compute, in one place."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """The sizes of what is drawn.

    Attributes
    ----------
    seeds : int
        Networks of a study on data, each with a split, a draw and an order of its own.
    """

    seeds: int = 10


SCALES = {"full": Scale(), "quick": Scale(seeds=6)}
"""With six seeds a sign-flip test can tell something at 5 %, with fewer nothing."""

_chosen = SCALES["full"]


def scale() -> Scale:
    """Return the sizes in this process: in full, unless `choose` said otherwise."""
    return _chosen


def choose(name: str) -> None:
    """Set the sizes, before anything is computed."""
    global _chosen
    _chosen = SCALES[name]
