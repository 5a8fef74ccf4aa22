"""How kernels are compiled and cached.

Numba's disk cache notices an edit of the file that a kernel stands in and of no
other, so a kernel would keep an old callee. Here the stamp of every cached kernel is
the digest of all kernel files; and a disk that can't be read or written is no reason
to stop, only to compile again.
"""

import contextlib
import hashlib
from pathlib import Path

from numba import njit
from numba.core import config
from numba.core.caching import FunctionCache

STAMP = hashlib.sha256(
    b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))
).digest()

# Sums in any order, so in vectors; NaN and Inf stay what they are.
SUMS = {"reassoc", "contract"}

JIT = not getattr(config, "DISABLE_JIT", False)


class _Cache(FunctionCache):
    def __init__(self, function):
        super().__init__(function)
        self._cache_file._source_stamp = STAMP

    def load_overload(self, sig, target_context):
        with contextlib.suppress(Exception):  # damaged: compile again
            return super().load_overload(sig, target_context)

    def save_overload(self, sig, data):
        try:
            super().save_overload(sig, data)
        except OSError:
            pass
        except Exception:  # a damaged index: begin a new one
            with contextlib.suppress(OSError):
                self.flush()
                super().save_overload(sig, data)


def compiled(function, fastmath=False):
    """Compile `function` without the GIL, on disk where a disk lets it."""
    kernel = njit(nogil=True, fastmath=fastmath)(function)
    if JIT:
        # RuntimeError: no place to write, neither the package nor the user's cache.
        with contextlib.suppress(RuntimeError, OSError):
            kernel._cache = _Cache(function)
    return kernel


def summing(function):
    """Compile `function`, whose sums may be taken in any order."""
    return compiled(function, SUMS)
