"""Rows of the ledger as a file holds them, and their numbers as a page shows them."""

import json

import pytest
from report_run import TEN, run, stored

from sparsetheory.claims import Claim, Finding
from sparsetheory.claims import rows as ledger
from sparsetheory.claims.claim import D000
from sparsetheory.claims.names import entries, shown
from sparsetheory.claims.report import MEANINGS, read_by_rule

__all__ = ["run"]


def test_rows_have_what_they_must_have(run):
    rows = {row["id"]: row for row in stored(run)}
    wanted = {"id", "document", "section", "statement", "kind", "verdict", "numbers"}
    assert all(wanted | {"figure"} <= row.keys() for row in rows.values())
    assert rows["C33"]["numbers"]["first_of_3_4"] == pytest.approx(2.4)
    assert rows["C33"]["output"] == "array([2.4, 3.2])"
    assert rows["X01"]["figure"] == "claims/X01.svg"
    assert (run / "claims" / "X01.svg").read_bytes().startswith(b"<?xml")
    assert rows["X03"]["numbers"] == {}


def test_a_claim_that_raises_is_an_error_with_its_traceback(run):
    row = next(row for row in stored(run) if row["id"] == "X02")
    assert row["verdict"] == "error"
    assert row["error"].startswith("Traceback")
    assert "ZeroDivisionError" in row["error"]


def test_what_is_no_number_is_kept_and_decides_nothing(tmp_path, monkeypatch):
    odd = {"a": float("nan"), "b": float("inf"), "c": -float("inf"), "d": True}
    claim = Claim(
        **{"id": "X01", "kind": "theorem", "places": ((D000, ""),), "statement": "."},
        **{"numbers": lambda: odd, "rule": lambda x: Finding.HOLDS},
    )
    monkeypatch.setitem(ledger.BY_ID, "X01", claim)
    monkeypatch.setitem(ledger.TOPICS, "X01", "Made up")
    row = ledger.computed("X01", tmp_path)
    assert row["verdict"] == "undecided"
    ledger.save_rows(tmp_path / "claims.json", [row], {})
    (row,) = stored(tmp_path)
    assert row["numbers"] == {"a": None, "b": "inf", "c": "-inf", "d": True}
    assert repr(ledger.numbers_of(row)) == repr(odd)


SETTING = {"preset": "full", "fingerprint": "0" * 64, "date": "2026-01-02"}
SETTING |= {"scale": {}, "versions": {"sparsetheory": "0.1.0"}}
SETTING |= {"hardware": {"cpu": "some", "blas": "some"}}
GOOD = {"kind": "sparsetheory claims", "format": 1, "run": SETTING, "rows": []}
ROW = ledger.described(ledger.BY_ID["C34"]) | {"verdict": "holds", "numbers": {}}
ROW |= {"figure": None, "output": "", "seconds": 0.5}


def lacking(mapping, name):
    return {key: value for key, value in mapping.items() if key != name}


def with_number(value):
    return {**GOOD, "rows": [ROW | {"numbers": {"a": value}}]}


def test_good_files_are_read(tmp_path):
    path = tmp_path / "claims.json"
    for value in (1, 2.5, True, None, "inf", "-inf"):
        path.write_text(json.dumps(with_number(value)), encoding="utf-8")
        (row,), run = ledger.load_rows(path)
        assert (row["numbers"]["a"], run) == (value, SETTING)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "holds no claims"),
        ({**GOOD, "rows": [{}]}, "holds no claims"),
        ({**GOOD, "rows": ["C34"]}, "holds no claims"),
        ({"kind": "sparsetheory claims", "format": 1}, "holds no claims"),
        ({**GOOD, "kind": "other"}, "must hold claims of format 1"),
        ({**GOOD, "format": 2}, "of format 1, got 2"),
        ({**GOOD, "format": "x"}, "of format 1, got x"),
        ({**GOOD, "rows": [{"id": "C999"}]}, "unknown claims: C999"),
        ({**GOOD, "rows": [{"id": ["C34"]}]}, "holds no claims"),
        ({**GOOD, "rows": [ROW, ROW]}, "claims twice: C34"),
        ({**GOOD, "run": []}, "a run that is no mapping"),
        *(
            ({**GOOD, "run": lacking(SETTING, name)}, f"a run without {name}")
            for name in SETTING
        ),
        ({**GOOD, "run": {**SETTING, "preset": "x"}}, "unknown sizes 'x'"),
        ({**GOOD, "run": {**SETTING, "versions": {}}}, "versions without sparsetheory"),
        ({**GOOD, "run": {**SETTING, "hardware": {}}}, "hardware without cpu"),
        *(
            ({**GOOD, "rows": [lacking(ROW, name)]}, f"C34 without {name}")
            for name in ("verdict", "numbers", "figure", "output", "seconds")
        ),
        ({**GOOD, "rows": [ROW | {"verdict": "error"}]}, "C34 without error"),
        ({**GOOD, "rows": [ROW | {"verdict": "so"}]}, "unknown verdict 'so'"),
        (with_number([1]), r"C34 with a that is no number: \[1\]"),
        (with_number({}), "with a that is no number"),
        (with_number("1"), "with a that is no number"),
        (with_number(10**400), "with a that is no number: 1000"),
    ],
)
def test_a_file_of_another_kind_is_refused(tmp_path, content, message):
    path = tmp_path / "claims.json"
    path.write_text("", encoding="utf-8")
    with pytest.raises(ValueError, match="holds no claims"):
        ledger.load_rows(path)
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        ledger.load_rows(path)


def test_a_number_that_a_rule_can_not_take_is_an_error():
    numbers = {"seeds": -5000, "eleventh_low": 0.0}
    row = ROW | {"id": "C47", "numbers": numbers}
    with pytest.raises(ValueError, match="C47 has numbers out of range"):
        ledger.again(row)


def test_an_error_of_zero_refutes_that_it_falls_with_the_change():
    sizes = {f"error_of_linearity_at_{size}": 0.0 for size in ("0.001", "0.01", "0.1")}
    assert ledger.again(ROW | {"numbers": sizes})["verdict"] == "refuted"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (18292.6, "18293"),
        (999.96, "1000"),
        (1e6, "1e+06"),
        (1 / 512, "0.00195"),
        (-2.5, "-2.5"),
        (200_000, "200000"),
        (float("nan"), "nan"),
    ],
)
def test_numbers_are_short_but_keep_what_is_before_the_point(value, text):
    assert shown(value) == text


def test_a_number_takes_its_interval_and_p_value_along():
    numbers = {"a_low": 1, "a": 2, "a_p": 0.5, "b_high": 3, "p": 0.1, "b": 2.5}
    assert list(entries(numbers)) == [
        ("a", 2, 1, None, 0.5),
        ("p", 0.1, None, None, None),
        ("b", 2.5, None, 3, None),
    ]
    assert list(entries({"high": 1, "x_low": 2})) == [
        ("high", 1, None, None, None),
        ("x_low", 2, None, None, None),
    ]


def test_numbers_that_no_rule_reads_are_not_marked(run):
    found = {row["id"]: ledger.numbers_of(row) for row in stored(run)}
    read = {name: read_by_rule(ledger.BY_ID[name], found[name]) for name in TEN}
    assert read["C01"] == found["C01"].keys() - {"pairs"}
    assert read["C78"] == found["C78"].keys()
    assert read["C33"] == found["C33"].keys() - {"groups", "groups_zeroed"}
    page = (run / "report.html").read_text(encoding="utf-8")
    row = page[page.index('id="C01"') : page.index('id="C03"')]
    assert '<span class="headline">Altered: 0</span>' in row
    assert row.count('class="mark"') == 3
    assert '<th scope="row">Pairs</th>' in row


def test_numbers_are_read_that_a_rule_comes_to_if_others_change():
    def rule(x):
        if x["a"] > 0 and x["b"]:
            return Finding.HOLDS if x["c"] < 0 else Finding.LOOSE
        return Finding.REFUTED

    claim = Claim(
        **{"id": "X01", "kind": "theorem", "places": ((D000, ""),), "statement": "."},
        **{"numbers": dict, "rule": rule},
    )
    numbers = {"a": -1.0, "b": False, "c": float("nan"), "d": 1}
    assert read_by_rule(claim, numbers) == {"a", "b", "c"}


def test_every_verdict_has_a_meaning():
    assert set(MEANINGS) == {*Finding, "error"}
