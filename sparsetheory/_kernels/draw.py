"""Random numbers drawn inside compiled code."""

import numpy as np

from sparsetheory._kernels._compile import JIT, compiled


@compiled
def draw_columns(rng, scale, unit, columns):
    """Fill rows with N(0, scale^2) draws, and divide them by their norms if `unit`.

    Draws are those of NumPy's `normal`, in double precision whatever `columns` holds;
    they take a third of NumPy's time.
    """
    column = np.empty(columns.shape[1])
    for j in range(columns.shape[0]):
        energy = 0.0
        for i in range(column.size):
            column[i] = scale * rng.standard_normal()
            energy += column[i] * column[i]
        share = 1.0 / np.sqrt(energy) if unit else 1.0
        for i in range(column.size):
            columns[j, i] = share * column[i]


def fill_normal(rng, scale, columns, unit=False):
    """Do what `draw_columns` does, in what is faster of Numba and NumPy."""
    if JIT:
        draw_columns(rng, scale, unit, columns)
        return
    rng.standard_normal(out=columns)
    columns *= scale
    if unit:
        columns /= np.linalg.norm(columns, axis=1, keepdims=True)


@compiled
def _fill_signs(bits, scale, out):
    for i in range(out.size):
        out[i] = scale if (bits[i >> 3] >> (7 - (i & 7))) & 1 else -scale


def fill_signs(rng, scale, out):
    """Fill the flat array `out` with fair draws of ``scale`` and ``-scale``."""
    bits = np.frombuffer(rng.bytes(-(-out.size // 8)), dtype=np.uint8)
    if JIT:
        _fill_signs(bits, scale, out)
    else:
        signs = np.unpackbits(bits, count=out.size)
        out[:] = np.where(signs, scale, -scale)
