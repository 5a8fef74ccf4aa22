"""All claims in one tuple."""

from sparsetheory.claims import guarantees, magnitude, recovery, sparsity, thresholding
from sparsetheory.claims.claim import Claim

LEDGER: tuple[Claim, ...] = tuple(
    sorted(
        sparsity.CLAIMS
        + guarantees.CLAIMS
        + magnitude.CLAIMS
        + thresholding.CLAIMS
        + recovery.CLAIMS,
        key=lambda claim: claim.id,
    )
)
"""Every claim, by id."""
