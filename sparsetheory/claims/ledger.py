"""All claims in one tuple."""

from sparsetheory.claims import magnitude, recovery, sparsity, thresholding, tickets
from sparsetheory.claims.claim import Claim

LEDGER: tuple[Claim, ...] = tuple(
    sorted(
        sparsity.CLAIMS
        + magnitude.CLAIMS
        + thresholding.CLAIMS
        + recovery.CLAIMS
        + tickets.CLAIMS,
        key=lambda claim: claim.id,
    )
)
"""Every claim, by id."""
