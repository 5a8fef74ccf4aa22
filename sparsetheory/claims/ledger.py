"""All claims in one tuple."""

from sparsetheory.claims import (
    coherence,
    convexity,
    guarantees,
    jacobian,
    landscape,
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
    guarantees,
    jacobian,
    landscape,
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
TOPICS = {
    claim.id: module.__name__.rpartition(".")[2].capitalize()
    for module in MODULES
    for claim in module.CLAIMS
}
"""What each claim is about: the name of its module."""
