"""All claims in one tuple."""

from sparsetheory.claims import (
    analogies,
    chance,
    coherence,
    convexity,
    design,
    dynamic,
    guarantees,
    hypotheses,
    jacobian,
    landscape,
    learning,
    lottery,
    magnitude,
    masks,
    procedures,
    protocol,
    recovery,
    reinitialised,
    rewinding,
    saliency,
    sparsity,
    thresholding,
    tickets,
    training,
)
from sparsetheory.claims.claim import Claim

MODULES = (
    analogies,
    chance,
    coherence,
    convexity,
    design,
    dynamic,
    guarantees,
    hypotheses,
    jacobian,
    landscape,
    learning,
    lottery,
    magnitude,
    masks,
    procedures,
    protocol,
    recovery,
    reinitialised,
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
TOPICS = {claim.id: module.TOPIC for module in MODULES for claim in module.CLAIMS}
"""What each claim is about: the topic of its module."""
