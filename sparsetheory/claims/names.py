"""Numbers of claims as people read them."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from sparsetheory.claims.claim import Number, Numbers

WORDS = {
    "third": "at 33 %",
    "quarter": "at 26 %",
    "tenth": "at 10.7 %",
    "eleventh": "at 8.6 %",
    "twentieth": "at 4.4 %",
    "p": "p",
    "l0": "ℓ0",
    "l1": "ℓ1",
    "l2": "ℓ2",
    "linf": "ℓ∞",
    "lam": "λ",
    "mu": "μ",
    "log10": "log₁₀",
    "iht": "IHT",
    "htp": "HTP",
    "rip": "RIP",
    "hessian": "Hessian",
    "snip": "SNIP",
    "grasp": "GraSP",
    "set": "SET",
    "rigl": "RigL",
    "macs": "multiply-adds",
}
"""What stands for a word of a name, where the name is not the word."""
PHRASES = {
    "k_log_en_k": "k log(en/k)",
    "k_log_n_k": "k log(n/k)",
    "n_over_e": "n/e",
    "re_initialised": "re-initialised",
}
"""What stands for several words."""


class Entry(NamedTuple):
    """A number with its name, the interval about it and its p value, if it has any."""

    name: str
    value: Number
    low: Number | None
    high: Number | None
    p: Number | None


def entries(numbers: Numbers) -> Iterator[Entry]:
    """Yield numbers in order, each with its ``_low``, ``_high`` and ``_p``."""
    for name, value in numbers.items():
        stem, _, end = name.rpartition("_")
        if stem in numbers and end in ("low", "high", "p"):
            continue
        ends = (numbers.get(f"{name}_{end}") for end in ("low", "high", "p"))
        yield Entry(name, value, *ends)


def readable(name: str) -> str:
    """Return the name of a number in words, with a capital unless with a symbol first.

    Examples
    --------
    >>> readable("lost_within_4_weights"), readable("noise_.5"), readable("at_3_4")
    ('Lost within 4 weights', 'Noise 0.5', 'At 3, 4')
    >>> readable("k_log_n_k_at_4"), readable("best_of_twentieth")
    ('k log(n/k) at 4', 'Best of 4.4 %')
    """
    for phrase, words in PHRASES.items():
        name = name.replace(phrase, words)
    parts = re.sub(r"(?<![0-9])\.(?=[0-9])", "0.", name).split("_")
    text = " ".join(WORDS.get(part, part) for part in parts if part)
    text = re.sub(r"(?<=\d) (?=\d)", ", ", text)
    text = re.sub(r"\b(of|from|with) at (?=\d)", r"\1 ", text)
    return text if text[1:2] in ("", " ") else text[:1].upper() + text[1:]


def shown(value: Number) -> str:
    """Return a number in few characters, but with all digits before the point."""
    if isinstance(value, float):
        return f"{value:.0f}" if 999.5 <= abs(value) < 1e6 else f"{value:.3g}"
    return str(value)
