"""What a claim is, and how the ledger is printed."""

import subprocess
import sys

import numpy as np
import pytest

from sparsetheory.claims import Claim, Finding, evaluate
from sparsetheory.claims.__main__ import main


def claim(**fields):
    given = {"id": "X", "kind": "theorem", "places": (), "statement": "."}
    return Claim(**{**given, **fields})


def test_not_a_number_decides_nothing():
    unknown = claim(numbers=lambda: {"x": np.nan}, rule=lambda x: Finding.HOLDS)
    assert evaluate(unknown).finding is Finding.UNDECIDED


def test_a_definition_may_have_a_typed_verdict():
    typed = claim(kind="definition", verdict=Finding.HOLDS)
    assert evaluate(typed).finding is Finding.HOLDS


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"numbers": dict},
        {"verdict": Finding.HOLDS},
        {"kind": "definition", "verdict": Finding.HOLDS, "numbers": dict},
    ],
)
def test_verdicts_come_from_one_place(fields):
    with pytest.raises(ValueError, match=r"^X "):
        claim(**fields)


def test_named_claims_are_printed_in_full(capsys):
    assert main(["C33", "C01"]) == 0
    out = capsys.readouterr().out
    assert "first_of_3_4=2.4" in out
    assert "[001_aee616e6d53b4c69] The Mathematics of Pruning" in out
    assert out.index("C33") < out.index("C01")
    assert out.splitlines()[-1].startswith("2 claims in ")


def test_lines_fit(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "90")
    assert main(["C01", "C06", "C09", "C10"]) == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 90


def test_module_refuses_an_unknown_claim_in_one_line():
    command = [sys.executable, "-m", "sparsetheory.claims", "C33", "C999"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert run.stdout == ""
    assert len(run.stderr.splitlines()) == 1
    assert "unknown claim C999" in run.stderr
