"""Compiled loops; the only place that imports Numba.

A kernel is serial, releases the GIL, validates nothing and has no default arguments.
Its Python source also runs as it is, on operators that compiled code can't see into.
"""

import functools
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from sparsetheory._kernels._compile import JIT
from sparsetheory._kernels.linear import Spectrum, pack
from sparsetheory.types import Vector

_warned = False


@functools.cache
def fft_error() -> str | None:
    """Return why FFTs can't be compiled, or None."""
    try:
        import rocket_fft  # noqa: F401  (registers FFTs with Numba)
    except ImportError as error:
        return str(error)
    return None


def compile_for(
    A: Any, y: Vector, kernel: Callable[..., Any]
) -> tuple[Any, Vector, Callable[..., Any]]:
    """Return `A`, `y` and `kernel` in the forms that go together.

    An array gets contiguous columns and a block-circulant operator becomes its
    `Spectrum`, both with the compiled kernel; anything else goes to the kernel's Python
    source.
    """
    global _warned
    if isinstance(A, np.ndarray) and JIT:
        return np.asfortranarray(A), y, kernel
    spectrum = getattr(A, "spectrum", None)
    if JIT and isinstance(spectrum, Spectrum):
        if fft_error() is None:
            return spectrum, pack(y, spectrum), kernel
        if not _warned:
            _warned = True
            warnings.warn(
                f"rocket-fft does not import ({fft_error()}); convolutional operators "
                "run interpreted, several times slower",
                RuntimeWarning,
                stacklevel=4,
            )
    return A, y, _interpreted(kernel)


def _interpreted(kernel: Callable[..., Any]) -> Callable[..., Any]:
    """Return the Python source of `kernel`, as silent on overflow as compiled code."""
    source = getattr(kernel, "py_func", kernel)

    def run(*arguments: Any) -> Any:
        with np.errstate(over="ignore", invalid="ignore"):
            return source(*arguments)

    return run
