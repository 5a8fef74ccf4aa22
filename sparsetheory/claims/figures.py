"""All pictures in one mapping."""

from collections.abc import Mapping

from sparsetheory.claims.drawings import (
    analogies,
    landscape,
    learning,
    magnitude,
    masks,
    protocol,
    recovery,
    saliency,
    sparsity,
    studies,
    thresholding,
    tickets,
)
from sparsetheory.claims.drawings.figure import Figure

MODULES = (
    analogies,
    landscape,
    learning,
    magnitude,
    masks,
    protocol,
    recovery,
    saliency,
    sparsity,
    studies,
    thresholding,
    tickets,
)
FIGURES: Mapping[str, Figure] = {
    name: figure for module in MODULES for name, figure in module.FIGURES.items()
}
"""A picture for each claim, by its id."""
