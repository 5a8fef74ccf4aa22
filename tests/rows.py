"""The rows of the ledger, each evaluated once."""

from functools import cache

from sparsetheory.claims import LEDGER, evaluate

BY_ID = {claim.id: claim for claim in LEDGER}


@cache
def result(name):
    return evaluate(BY_ID[name])
