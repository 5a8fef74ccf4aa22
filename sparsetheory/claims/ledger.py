"""All claims in one tuple."""

from sparsetheory.claims import (
    coherence,
    convexity,
    guarantees,
    landscape,
    lottery,
    magnitude,
    masks,
    protocol,
    recovery,
    rewinding,
    saliency,
    sparsity,
    thresholding,
    tickets,
    training,
)
from sparsetheory.claims.claim import Claim

MODULES = (
    coherence,
    convexity,
    guarantees,
    landscape,
    lottery,
    magnitude,
    masks,
    protocol,
    recovery,
    rewinding,
    saliency,
    sparsity,
    thresholding,
    tickets,
    training,
)
LEDGER: tuple[Claim, ...] = tuple(
    sorted(
        (claim for module in MODULES for claim in module.CLAIMS),
        key=lambda claim: claim.id,
    )
)
"""Every claim, by id."""
