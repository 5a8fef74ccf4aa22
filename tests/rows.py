"""The rows of the ledger, each evaluated once."""

from functools import cache

from sparsetheory.claims import evaluate
from sparsetheory.claims.rows import BY_ID


@cache
def result(name):
    return evaluate(BY_ID[name])
