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
    more : int
        Where ten are too few to tell.
    fewer : int
        Where each takes longest: of spectra of Hessians.
    spectra : tuple of int
        Steps of training after which there are spectra.
    """

    seeds: int
    more: int
    fewer: int
    spectra: tuple[int, ...]


SCALES = {
    "full": Scale(seeds=10, more=30, fewer=10, spectra=(0, 4, 20, 80, 400)),
    "quick": Scale(seeds=6, more=6, fewer=2, spectra=(0, 400)),
}
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
