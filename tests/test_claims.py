import subprocess
import sys
from functools import cache

import numpy as np
import pytest

from sparsetheory.claims import LEDGER, Claim, Finding, evaluate, magnitude
from sparsetheory.claims import thresholding as shrinkage
from sparsetheory.claims.__main__ import main

BY_ID = {claim.id: claim for claim in LEDGER}
EXPECTED = {
    "C01": "holds",
    "C02": "holds",
    "C03": "holds if",
    "C04": "loose",
    "C05": "holds",
    "C06": "holds if",
    "C07": "holds",
    "C08": "holds",
    "C09": "refuted",
    "C10": "holds if",
    "C18": "loose",
    "C19": "holds",
    "C29": "holds",
    "C30": "holds",
    "C31": "loose",
    "C32": "holds",
    "C33": "holds",
    "C36": "holds if",
    "C40": "holds if",
    "C41": "holds",
    "C54": "loose",
    "C55": "holds",
    "C56": "refuted",
    "C57": "refuted",
    "C75": "holds",
    "C88": "refuted",
}
SLOW = {"C36", "C40", "C41"}
ALTERED = [
    ("C01", {"not_intersection": 1}, "refuted"),
    ("C02", {"gap": 0.1}, "refuted"),
    ("C03", {"float_short": 0}, "holds"),
    ("C03", {"exact_wrong": 1}, "refuted"),
    ("C04", {"l0_of_double": 12}, "holds"),
    ("C04", {"support_max": 6}, "refuted"),
    ("C05", {"mismatches": 1}, "refuted"),
    ("C06", {"excess_over_count_at_radius_3": 0.0}, "holds"),
    ("C06", {"error": 0.1}, "refuted"),
    ("C07", {"constant_but_not_reached": 1}, "refuted"),
    ("C08", {"excess": 0.1}, "refuted"),
    ("C08", {"uniqueness_mismatches": 1}, "refuted"),
    (
        "C09",
        {f"excess_l{p}": 0.1 for p in ("0.5", "1", "1.5", "3", "inf")},
        "holds",
    ),
    ("C10", {"lost_within_4_weights": 9.0}, "holds"),
    ("C10", {"excess": 0.1}, "refuted"),
    ("C18", {"p_value_uniform": 1e-5}, "undecided"),
    ("C18", {"largest_share": 0.5}, "holds"),
    ("C19", {"least_p_value": 1e-6}, "refuted"),
    ("C19", {"rare_off_by_errors": -6.0}, "refuted"),
    ("C19", {"gap_of_maximum": 1e-3}, "refuted"),
    ("C19", {"rare_relative_error": 0.5}, "undecided"),
    ("C29", {"gap": 0.1}, "refuted"),
    ("C30", {"gradient_on": 0.1}, "refuted"),
    ("C30", {"descent_ends_off_by": 0.1}, "undecided"),
    ("C31", {"iht_readmitted": 0}, "holds"),
    ("C31", {"step_gap": 0.1}, "refuted"),
    ("C32", {"soft_bias_far": 0.0}, "refuted"),
    ("C32", {"hard_risk_far": 6.0}, "refuted"),
    ("C33", {"first_of_3_4": 2.5}, "refuted"),
    ("C33", {"violation": 0.1}, "refuted"),
    ("C36", {"enough_low": 0.5}, "undecided"),
    ("C36", {"map_p_value": 1e-6}, "undecided"),
    ("C36", {"map_constant": 4.0}, "undecided"),
    ("C36", {"enough_low": 0.1, "enough_high": 0.3}, "refuted"),
    ("C36", {"few_low": 0.96, "rows_of_identity_low": 0.96, "few_high": 1.0}, "holds"),
    ("C40", {"noise_.5_high": 0.99}, "undecided"),
    ("C40", {"map_noise_.5_high": 0.01}, "undecided"),
    ("C40", {"clean_low": 0.0, "clean_high": 0.001}, "not at this scale"),
    ("C40", {"l1_correlation_.9_high": 0.1}, "holds"),
    ("C41", {"below_400_low": 0.94}, "undecided"),
    ("C41", {"map_p_value": 1e-6}, "undecided"),
    ("C41", {"width_400": 0.2}, "undecided"),
    ("C41", {"above_400_low": 0.3}, "not at this scale"),
    ("C54", {"subset_0.001": 0}, "undecided"),
    ("C54", {"single_0.001": 12.0}, "holds"),
    ("C54", {"subset_0.001": 500, "single_0.001": 2000.0}, "refuted"),
    ("C55", {"subset_off_law": 0.5}, "undecided"),
    ("C55", {"subset_bits_per_weight": 0.4}, "refuted"),
    ("C56", {"normal": 0.1}, "holds"),
    ("C57", {"headline_chance_at_most": 1.0}, "holds"),
    ("C75", {"example_by_magnitude": 3.0}, "refuted"),
    ("C88", {"log10_chance_top_k": -1.0}, "holds"),
]


@cache
def result(name):
    return evaluate(BY_ID[name])


def marked(name, *more):
    marks = [pytest.mark.slow] if name in SLOW else []
    return pytest.param(name, *more, marks=marks)


def test_rows_are_sorted_and_unique():
    names = [claim.id for claim in LEDGER]
    assert names == sorted(set(names))


@pytest.mark.parametrize("claim", LEDGER, ids=lambda c: c.id)
def test_verdicts_are_computed_unless_there_is_nothing_to_compute(claim):
    computed = claim.numbers is not None and claim.rule is not None
    assert computed or claim.kind in ("definition", "attribution")
    assert claim.places
    assert claim.statement.endswith(".")


@pytest.mark.parametrize("name", [marked(name) for name in BY_ID])
def test_verdict(name):
    assert str(result(name).finding) == EXPECTED[name]


@pytest.mark.parametrize(
    ("name", "changes", "verdict"), [marked(*row) for row in ALTERED]
)
def test_other_numbers_give_another_verdict(name, changes, verdict):
    numbers = result(name).numbers
    assert changes.keys() <= numbers.keys()
    assert str(BY_ID[name].rule({**numbers, **changes})) == verdict
    assert verdict != EXPECTED[name]


def test_every_row_has_an_altered_verdict():
    assert {name for name, _, _ in ALTERED} == set(BY_ID)


def test_numbers_come_out_the_same_again():
    assert result("C31").numbers == evaluate(BY_ID["C31"]).numbers


@pytest.mark.parametrize(
    ("supports", "readmitted"),
    [([[0], [0, 1], [1]], 0), ([[0], [1], [0]], 1), ([[], [0], [], [0, 1], [1]], 1)],
)
def test_readmitted_indices_left_before(supports, readmitted):
    assert shrinkage._readmitted(supports, 2) == readmitted


def test_risks_of_thresholding_match_their_closed_forms():
    numbers = result("C32").numbers
    phi, tail = 0.05399096651318806, 0.022750131948179212  # normal density, tail at 2
    expected = {
        "soft_risk_far": 5.0,
        "hard_risk_far": 1.0,
        "soft_risk_at_0": 2 * (5 * tail - 2 * phi),
        "hard_risk_at_0": 2 * (2 * phi + tail),
    }
    for name, value in expected.items():
        assert numbers[name] == pytest.approx(value, abs=1e-6)


def test_known_counterexamples():
    assert result("C03").numbers["float_100_29"] == 28
    assert result("C10").numbers["lost_within_4_weights"] == pytest.approx(13.9)
    assert result("C10").numbers["least_lost_within_4_weights"] == pytest.approx(9.0)
    assert result("C75").numbers["example_by_magnitude"] == pytest.approx(14**0.5)
    assert result("C75").numbers["example_best"] == pytest.approx(10**0.5)


def test_claims_that_fail_for_other_norms_need_an_asymmetric_one():
    assert result("C09").numbers["excess_entrywise"] <= 0.0
    assert result("C09").numbers["excess_weighted_l2"] > 1.0


def test_a_wrong_top_k_refutes_the_claim_that_it_is_optimal(monkeypatch):
    def first_entries(w, k):
        return np.where(np.arange(w.size) < k, w, 0.0)

    monkeypatch.setattr(magnitude, "largest", first_entries)
    assert evaluate(BY_ID["C08"]).finding is Finding.REFUTED
    assert evaluate(BY_ID["C09"]).finding is Finding.HOLDS


def test_entrywise_shrinkage_is_not_the_proximal_operator_of_a_norm(monkeypatch):
    def entrywise(v, lam):
        return np.sign(v) * np.maximum(np.abs(v) - lam, 0.0)

    monkeypatch.setattr(shrinkage, "shrink", entrywise)
    assert evaluate(BY_ID["C33"]).finding is Finding.REFUTED


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
