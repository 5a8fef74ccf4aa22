"""The ledger of claims: what five texts on pruning say, and whether it is so.

Each row states one claim, computes numbers with the rest of the package and has a rule
that makes the numbers a verdict. ``python -m sparsetheory.claims`` prints them all.
"""

from sparsetheory.claims.claim import Claim, Finding, Result, evaluate
from sparsetheory.claims.ledger import LEDGER

__all__ = ["LEDGER", "Claim", "Finding", "Result", "evaluate"]
