"""How much the claims compute, in one place: all of it, unless the environment asks."""

import os
from dataclasses import dataclass

VARIABLE = "SPARSETHEORY_CLAIMS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """The sizes of what is drawn.

    Attributes
    ----------
    seeds : int
        Networks of a study on data, each with a split, a draw and an order of its own.
    """

    seeds: int


SCALES = {"full": Scale(seeds=10), "quick": Scale(seeds=6)}
"""With six seeds a sign-flip test can tell something at 5 %, with fewer nothing."""


def scale() -> Scale:
    """Return the sizes that the environment variable `VARIABLE` names.

    Raises
    ------
    ValueError
        If it names none.
    """
    name = os.environ.get(VARIABLE, "full")
    if name not in SCALES:
        raise ValueError(f"{VARIABLE} must be {' or '.join(SCALES)}, got {name!r}")
    return SCALES[name]
