"""Random streams that depend on what is drawn, not on when or where."""

from enum import IntEnum

import numpy as np

from sparsetheory._checks import check_integer
from sparsetheory._kernels.draw import fill_signs
from sparsetheory.types import Seed, Vector


class Role(IntEnum):
    """What a trial's stream is for."""

    MATRIX = 0
    SIGNAL = 1
    NOISE = 2


def stream(
    seed: int, n: int, m: int, k: int, trial: int, role: Role
) -> np.random.Generator:
    """Return the generator of one trial's matrix, signal or noise."""
    return np.random.default_rng((seed, n, m, k, trial, int(role)))


def fair_signs(count: int, rng: np.random.Generator) -> Vector:
    """Return `count` independent signs of equal chance."""
    signs = np.empty(count)
    fill_signs(rng, 1.0, signs)
    return signs


def check_draw(
    m: int, n: int, rng: Seed, most: int | None = None
) -> tuple[int, int, np.random.Generator]:
    """Return the arguments of an ensemble, with at most `most` rows."""
    n = check_integer("n", n, 1)
    return check_integer("m", m, 1, most), n, np.random.default_rng(rng)
