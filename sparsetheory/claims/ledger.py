"""All claims in one tuple."""

from sparsetheory.claims import (
    convexity,
    magnitude,
    recovery,
    sparsity,
    thresholding,
)
from sparsetheory.claims.claim import Claim

LEDGER: tuple[Claim, ...] = tuple(
    sorted(
        sparsity.CLAIMS
        + magnitude.CLAIMS
        + thresholding.CLAIMS
        + recovery.CLAIMS
        + convexity.CLAIMS,
        key=lambda claim: claim.id,
    )
)
"""Every claim, by id."""
