"""A run of the ledger with rows that are made up, for tests of files and page."""

import json
from functools import partial

import pytest

from sparsetheory.claims import Claim, Finding
from sparsetheory.claims import rows as ledger
from sparsetheory.claims.claim import D000, D004
from sparsetheory.claims.figures import FIGURES, Figure
from sparsetheory.claims.report import report

HOSTILE = '<script>alert(1)</script> & "quotes" </details> ${x} \\'
TEN = {
    "C01": ({"not_intersection": 1}, "refuted"),
    "C03": ({"float_short": 0}, "holds"),
    "C08": ({"excess": 0.1}, "refuted"),
    "C23": ({"shorter_stable_steps": 1}, "refuted"),
    "C27": ({"error": 0.1}, "refuted"),
    "C29": ({"gap": 0.1}, "refuted"),
    "C33": ({"violation": 0.1}, "refuted"),
    "C63": ({"rounds_for_example": 10}, "refuted"),
    "C66": ({"removed": 200, "removed_of_10_equal": 2}, "holds"),
    "C78": ({"change_without_large_at_2000": 0.05}, "holds"),
}


def fails():
    """Fail."""
    raise ZeroDivisionError(HOSTILE)


def measured(large):
    """Measure nothing."""
    return {
        **{"effect": -2.0, "effect_low": -3.0, "effect_high": -1.0, "effect_p": 0.002},
        **{"large": large, "a<b": True, "nothing": 0},
        **{"found": 40, "found_low": 0.9, "found_high": 1.0, "most_high": 7},
        **{"most": 6.0, "wide": 1.0, "wide_low": -float("inf"), "wide_high": 2.0},
    }


def drawn():
    from matplotlib import pyplot as plt

    return plt.subplots()[1]


EXTRA = (
    Claim(
        id="X01",
        kind="empirical",
        places=((D000, HOSTILE), (D004, "Elsewhere")),
        statement=f"{HOSTILE}.",
        numbers=partial(measured, 1e300),
        rule=lambda x: Finding.HOLDS if x["effect_high"] < 0 else Finding.UNDECIDED,
    ),
    Claim(
        id="X02",
        kind="theorem",
        places=((D004, "Elsewhere"),),
        statement="It can't be computed.",
        numbers=fails,
        rule=lambda x: Finding.HOLDS,
    ),
    Claim(
        id="X03",
        kind="definition",
        places=((D004, "Elsewhere"),),
        statement="It is so by definition.",
        verdict=Finding.HOLDS,
    ),
)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A folder with rows of a run, three of them made up."""
    folder = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patch:
        for claim in EXTRA:
            patch.setitem(ledger.BY_ID, claim.id, claim)
            patch.setitem(ledger.TOPICS, claim.id, "Made up")
        patch.setitem(FIGURES, "X01", Figure(drawn, HOSTILE))
        rows = [ledger.computed(name, folder) for name in (*TEN, "X01", "X02", "X03")]
        setting = ledger.about("quick") | {"date": "2026-01-02T03:04:05+00:00"}
        ledger.save_rows(folder / "claims.json", rows, setting)
        page = report(*ledger.load_rows(folder / "claims.json"), folder)
        (folder / "report.html").write_text(page, encoding="utf-8")
        yield folder


def stored(folder):
    def refuse(name):
        raise AssertionError(f"{name} is not JSON")

    text = (folder / "claims.json").read_text(encoding="utf-8")
    return json.loads(text, parse_constant=refuse)["rows"]
