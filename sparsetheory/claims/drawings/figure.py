"""What a picture of a claim is."""

from collections.abc import Callable
from typing import Any, NamedTuple


class Figure(NamedTuple):
    """What draws a picture, and what it says below.

    `draw` returns Matplotlib's Axes, or an array of them.
    """

    draw: Callable[[], Any]
    caption: str
