"""All claims in one tuple."""

from sparsetheory.claims import (
    coherence,
    convexity,
    design,
    guarantees,
    landscape,
    learning,
    lottery,
    magnitude,
    masks,
    protocol,
    recovery,
    saliency,
    sparsity,
    thresholding,
    tickets,
)
from sparsetheory.claims.claim import Claim

MODULES = (
    coherence,
    convexity,
    design,
    guarantees,
    landscape,
    learning,
    lottery,
    magnitude,
    masks,
    protocol,
    recovery,
    saliency,
    sparsity,
    thresholding,
    tickets,
)
LEDGER: tuple[Claim, ...] = tuple(
    sorted(
        (claim for module in MODULES for claim in module.CLAIMS),
        key=lambda claim: claim.id,
    )
)
"""Every claim, by id."""
