"""The script that computes the ledger: its files, its resuming, its failures."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest
from commands import FOLDER, script
from rows import BY_ID

from sparsetheory.claims import rows as ledger
from sparsetheory.claims.examples import EXAMPLES
from sparsetheory.claims.report import report
from sparsetheory.claims.run import grouped, run
from sparsetheory.claims.scale import SCALES, VARIABLE, scale

SCRIPT = FOLDER / "reproduce.py"


def test_every_claim_of_the_documents_has_a_row():
    assert BY_ID.keys() == {f"C{i:02}" for i in range(1, 96)}


def reproduce(*options, **how):
    command = [sys.executable, str(SCRIPT), *map(str, options)]
    return subprocess.run(command, capture_output=True, text=True, check=False, **how)


def content(folder):
    return json.loads((folder / "claims.json").read_text(encoding="utf-8"))


@pytest.mark.slow
def test_a_run_goes_on_from_rows_of_the_same_code_alone(tmp_path):
    first = reproduce("C01", "C33", "--out", tmp_path)
    assert first.returncode == 0, first.stderr
    assert "2 claims: 2 holds" in first.stdout
    assert [row["id"] for row in content(tmp_path)["rows"]] == ["C01", "C33"]
    assert "C33" in (tmp_path / "report.html").read_text(encoding="utf-8")
    marked = content(tmp_path)
    for row in marked["rows"]:
        row["seconds"] = 12345
    (tmp_path / "claims.json").write_text(json.dumps(marked))
    more = reproduce("C01", "C03", "--out", tmp_path, "--resume")
    assert more.returncode == 0, more.stderr
    seconds = {row["id"]: row["seconds"] for row in content(tmp_path)["rows"]}
    assert seconds["C01"] == seconds["C33"] == 12345 > seconds["C03"]
    once_more = reproduce("C01", "--out", tmp_path)
    assert once_more.returncode == 0, once_more.stderr
    seconds = {row["id"]: row["seconds"] for row in content(tmp_path)["rows"]}
    assert seconds.keys() == {"C01", "C03", "C33"}
    assert seconds["C33"] == 12345 > seconds["C01"]


@pytest.mark.slow
def test_rows_of_other_code_are_not_lost_to_one_that_is_asked_for(tmp_path):
    path = tmp_path / "claims.json"
    assert reproduce("C01", "C33", "--out", tmp_path).returncode == 0
    marked = content(tmp_path)
    marked["run"]["fingerprint"] = "of other code"
    path.write_text(json.dumps(marked))
    refused = reproduce("C01", "--out", tmp_path)
    assert refused.returncode == 1
    assert "is of other code, versions or sizes: give another" in refused.stderr
    assert content(tmp_path) == marked
    redrawn = reproduce("--redraw", "--out", tmp_path)
    assert redrawn.returncode == 0
    assert "is of other code or versions" in redrawn.stderr
    del marked["rows"][0]["numbers"]["not_intersection"]
    path.write_text(json.dumps(marked))
    short = reproduce("--redraw", "--out", tmp_path)
    assert short.returncode == 1
    assert "C01 must be computed anew: no number 'not_intersection'" in short.stderr
    again = reproduce("C01", "C33", "--out", tmp_path)
    assert again.returncode == 0
    assert "begun anew" in again.stderr
    assert content(tmp_path)["run"]["fingerprint"] != "of other code"


@pytest.mark.slow
def test_an_interrupt_keeps_what_is_done(tmp_path):
    command = [sys.executable, SCRIPT, "C25", "C01", "--out", tmp_path, "--workers=2"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stderr=pipe, start_new_session=True) as process:
        until = time.monotonic() + 120
        while not (tmp_path / "claims.json").exists() and time.monotonic() < until:
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(10) == 130
    assert [row["id"] for row in content(tmp_path)["rows"]] == ["C01"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["C999"], "unknown claim C999"),
        (["--workers", "0"], "--workers must be at least 1, got 0"),
        (["--redraw", "--quick"], "no other choice"),
    ],
)
def test_options_that_can_not_be_are_refused(options, message, tmp_path, capsys):
    with pytest.raises(SystemExit) as stopped:
        script("reproduce").main([*options, "--out", str(tmp_path)])
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err


def test_topics_stay_together_and_those_with_most_experiments_are_first():
    groups = grouped(BY_ID)
    assert sorted(name for group in groups for name in group) == sorted(BY_ID)
    topics = [{ledger.TOPICS[name] for name in group} for group in groups]
    assert all(len(topic) == 1 for topic in topics)
    assert len({next(iter(topic)) for topic in topics}) == len(groups)
    kinds = [[BY_ID[name].kind for name in group] for group in groups]
    counts = [group.count("empirical") for group in kinds]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > counts[-1]


def test_there_are_as_many_topics_as_a_list_shows_at_once():
    assert 8 <= len(set(ledger.TOPICS.values())) <= 12


def test_all_numbers_say_how_they_are_computed():
    for claim in BY_ID.values():
        if claim.numbers is not None:
            assert getattr(claim.numbers, "func", claim.numbers).__doc__, claim.id


def test_a_process_that_dies_costs_its_row(tmp_path, capfd):
    found = []
    run(["C01", "C33"], tmp_path, found.append, preset="no such", workers=1)
    assert [row["verdict"] for row in found] == ["error", "error"]
    assert "process" in found[0]["error"]
    page = report(found, ledger.about("full") | {"date": "2026-01-02"}, tmp_path)
    assert page.count("its process ended") == 2
    assert "must be full or quick" in capfd.readouterr().err


def test_the_environment_chooses_the_sizes(monkeypatch):
    assert scale() is SCALES["full"]
    monkeypatch.setenv(VARIABLE, "quick")
    quick, full = scale(), SCALES["full"]
    assert quick.seeds == 6 < full.seeds < full.more
    assert quick.more < full.more
    assert quick.fewer < full.fewer == full.seeds
    assert set(quick.spectra) < set(full.spectra)
    monkeypatch.setenv(VARIABLE, "no such")
    with pytest.raises(ValueError, match="must be full or quick, got 'no such'"):
        scale()


def test_every_claim_has_a_line_of_code():
    assert EXAMPLES.keys() == BY_ID.keys()


SLOW = {name for name, line in EXAMPLES.items() if "digits" in line}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] if name in SLOW else [])
        for name in EXAMPLES
    ],
)
def test_each_line_of_code_runs(name):
    line = EXAMPLES[name]
    assert "\n" not in line
    assert re.search(r"\b(st|np)\.", line)
    assert ledger._output(line)
