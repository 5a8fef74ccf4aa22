"""Random streams that depend on what is drawn, not on when or where."""

from enum import IntEnum

import numpy as np


class Role(IntEnum):
    """What a trial's stream is for."""

    MATRIX = 0
    SIGNAL = 1


def stream(
    seed: int, n: int, m: int, k: int, trial: int, role: Role
) -> np.random.Generator:
    """Return the generator of one trial's matrix or signal."""
    return np.random.default_rng((seed, n, m, k, trial, int(role)))
