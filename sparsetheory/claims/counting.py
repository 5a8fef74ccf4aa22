"""What matrix products cost, counted while they run."""

from collections.abc import Callable
from typing import Any

import numpy as np


class Counted(np.ndarray[Any, Any]):
    """An array that counts the multiply-adds of its matrix products, twice."""

    done = 0

    def __array_ufunc__(
        self, ufunc: Any, method: str, *inputs: Any, out: Any = (), **options: Any
    ) -> Any:
        plain = [np.asarray(a) for a in inputs]
        if out:
            options["out"] = tuple(map(np.asarray, out))
        found = getattr(ufunc, method)(*plain, **options)
        if ufunc is np.matmul:
            Counted.done += 2 * found.size * plain[0].shape[-1]
        return out[0] if out else np.asarray(found).view(Counted)


def count(run: Callable[..., Any], *arguments: Any) -> tuple[Any, int]:
    """Return what a function of arrays gives, and the cost of its products."""
    Counted.done = 0
    found = run(*arguments)
    return found, Counted.done
