"""The script of tickets on real data, as a user runs it."""

import gzip
import importlib.util
import json
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import sparsetheory as st
from sparsetheory.claims import studies, table, training_studies
from sparsetheory.experiments.perturbations import SIZES
from sparsetheory.experiments.records import load_records

SCRIPT = Path(__file__).parent.parent / "scripts" / "lottery_ticket.py"
SMALL = {"seeds": 2, "rate": 0.5, "rounds": [1, 3], "masks": [1]}
SMALL |= {"widths": [8], "long": 10, "noisy": 5}
SMALL |= {"late": [0, 4, 80], "spectra": [0, 80], "orders": 2}


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("lottery_ticket", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.PRESETS["quick"] = SMALL
    bench = table.lottery_bench

    def tiny(data, **options):
        hidden = [8 for _ in options.get("hidden", [8])]
        steps = min(options.get("steps", 80), 80)
        return bench(data, **(options | {"hidden": hidden, "steps": steps}))

    table.lottery_bench = tiny
    yield module
    table.lottery_bench = bench
    studies.given.cache_clear()
    studies.work.cache_clear()


def content(store):
    return json.loads(gzip.decompress(store.read_bytes()))


@pytest.mark.slow
def test_the_script_goes_on_where_it_stopped_and_redraws(script, tmp_path, capsys):
    out = tmp_path / "new" / "t"
    # in this process, where the studies are made small
    options = ["--out", str(out), "--seed", "3", "--engine", "threads"]
    script.main(options)
    store = Path(f"{out}.json.gz")
    first, printed = content(store), capsys.readouterr().out
    assert first["settings"] == {**SMALL, "seed": 3}
    assert {name.split("|")[0] for name in first["records"]} == set(script.STUDIES)
    changed = json.loads(json.dumps(first))
    dropped = [
        "code|C66",
        "tickets|SNIP",
        "overlap|ticket",
        "noise|noise 0.3",
        "chance|dense",
        "rewinding|five layers|rewound to 6",
        "curvature|spectra|ticket at 80",
        "curvature|steps|ticket, step size 2",
        "perturbed|ticket, noise 0.5",
        "orders|re-initialised, order 1",
        "batches|dense, batch 5",
        "speed|ticket",
        "flow|dense",
    ]
    dropped += [n for n in first["records"] if n.startswith("strong")]
    for name in dropped:
        del changed["records"][name]
    # a record that would come out otherwise, to show that it isn't computed again
    changed["records"]["layers|ticket"]["array"][0] = 0.25
    store.write_bytes(gzip.compress(json.dumps(changed).encode()))
    script.main([*options, "--resume", "--workers", "1"])
    again = content(store)["records"]
    assert list(again) == list(first["records"])
    assert again["layers|ticket"]["array"][0] == 0.25
    for name in dropped:
        assert again[name] == first["records"][name]
    pictures = sorted(out.parent.glob("t_*"))
    drawn, ends = set(script.STUDIES) - {"code"}, ("png", "svg")
    names = [f"t_{x}.{e}" for x in sorted(drawn) for e in ends]
    assert [p.name for p in pictures] == names
    before = [path.read_bytes() for path in pictures]
    for path in pictures:
        path.unlink()
    capsys.readouterr()
    script.main(["--redraw", str(store)])
    assert [path.read_bytes() for path in pictures] == before
    shown = capsys.readouterr().out
    # The altered record is of C87.
    before, after = (
        re.findall(r"^  C(?!87).*", text, re.M) for text in (printed, shown)
    )
    assert before == after
    claims = set(re.findall(r"\bC\d\d\b", shown))
    assert claims >= {"C15", "C17", "C28", "C42", "C49", "C61", "C62", "C64", "C65"}
    assert claims >= {"C48", "C66", "C68", "C69", "C70", "C71", "C83"}
    assert claims >= {"C67", "C79", "C81", "C82", "C84", "C85", "C87", "C89"}
    # With two seeds nothing is significant, and nothing is said to hold or fail.
    assert "undecided" in shown
    assert not re.search(r": (holds|not)", shown)
    trained = ["C25", "C51", "C86", "C90", "C91", "C93", "C94", "C95"]
    found = dict(re.findall(r"^  (C\d\d) +([a-z ]+)\. ", shown, re.M))
    assert [found[name] for name in trained] == ["undecided"] * len(trained)
    # ... but a theorem is one.
    assert (found["C53"], found["C58"]) == ("refuted", "loose")
    with pytest.raises(SystemExit):
        script.main([*options[:2], "--resume", "--seed", "1"])
    assert "another seed" in capsys.readouterr().err
    records, _ = load_records(store, ())
    assert records["tickets|SNIP"].shape == (2, 2)


def test_a_study_can_be_done_alone_and_later_with_others(script, tmp_path, capsys):
    out = ["--out", str(tmp_path / "t")]
    script.main([*out, "--study", "layers"])
    assert sorted(p.name for p in tmp_path.glob("*.png")) == ["t_layers.png"]
    script.main([*out, "--study", "overlap", "--resume"])
    records = content(tmp_path / "t.json.gz")["records"]
    assert {name.split("|")[0] for name in records} == {"layers", "overlap"}
    names = sorted(p.name for p in tmp_path.glob("*.png"))
    assert names == ["t_layers.png", "t_overlap.png"]
    assert "C87" in capsys.readouterr().out


def test_lines_of_the_table_show_effect_interval_p_and_what_follows():
    accuracy = {"ticket": np.full((1, 10), 0.9), "random": np.full((1, 10), 0.4)}
    accuracy["random"][0, :5] = 0.42
    study = st.LotteryStudy(
        tuple(range(10)), np.array([0.044]), np.full(10, 0.9), accuracy
    )
    (shown,) = studies.lines((("C64", "random", "ticket", "much worse"),), study)
    effect = study.effect("random", "ticket")
    assert shown.startswith("C64 ")
    for part in ("random against ticket", "4.4 %", "-49.00", "p 0.0020"):
        assert part in shown
    assert f"[{100 * effect.low:+7.2f}, {100 * effect.high:+7.2f}]" in shown
    assert shown.endswith("much worse: holds")
    shown = list(studies.lines((("C15", "ticket", "dense", "as good"),), study))
    assert shown[0].endswith("as good: undecided")  # the same in all seeds
    accuracy["ticket"][0, 0] = 0.901
    shown = list(studies.lines((("C15", "ticket", "dense", "as good"),), study))
    assert shown[0].endswith("as good: holds")
    *_, both, reach = studies.ticket_lines(
        replace(study, accuracy=dict.fromkeys(studies.ARMS, accuracy["ticket"]))
    )
    assert both.startswith("C47 ")
    assert reach.rstrip().endswith(" 4.4 %")
    (shown,) = studies.lines((("C64", "ticket", "random", "worse"),), study)
    assert shown.endswith("worse: not at this scale")


def test_each_part_of_a_study_has_records_of_its_own():
    bench = st.lottery_bench("wine", hidden=[5], seeds=2, steps=20)
    kind = st.step_size_pieces, st.step_size_study
    part = training_studies.Part(*kind, bench, {"sizes": [0.1, 0.5], "rounds": [3]})
    parts = {"one": part, "other": part}
    pieces = training_studies.parts_pieces(parts)
    known = {name: piece() for name, piece in pieces.items()}
    assert len(known) == 8
    known["other|ticket, step size 0.5"] += 1
    found = training_studies.parts_study(parts, known=known)
    one, other = (found[name].accuracy["ticket"] for name in parts)
    assert (other - one).ravel() == pytest.approx([0, 0, 1, 1])


def test_findings_on_training_are_by_the_rules_of_the_rows():
    ticket = np.full((len(SIZES), 2, 10), 0.95)
    ticket[SIZES.index(4.0)] = np.linspace(0.9, 0.92, 10)
    share, dense = np.array([0.107, 0.044]), np.full((len(SIZES), 10), 0.97)
    options = "noise", SIZES, share, dense, {"ticket": ticket}
    study = st.TrainingSweep(tuple(range(10)), *options)
    *shown, last = training_studies.noise_lines(study)
    effect = study.effect("ticket", "ticket", value=4.0, base=0.0)
    assert len(shown) == 2 * (len(SIZES) - 1)
    assert shown[-1].startswith("C90 ")
    for part in ("noise of 4 against none", "4.4 %", "-4.00", "p 0.0020"):
        assert part in shown[-1]
    assert f"[{100 * effect.low:+7.2f}, {100 * effect.high:+7.2f}]" in shown[-1]
    assert last.startswith("C90      not at this scale. Even minuscule noise")
    ticket[SIZES.index(0.1)] -= 0.02
    *_, last = training_studies.noise_lines(study)
    assert last.startswith("C90      partly. ")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--seed", "-1"], "--seed must be at least 0, got -1"),
        (["--seeds", "1"], "--seeds must be at least 2, got 1"),
        (["--seeds", "41"], "--seeds must be at most 40, got 41"),
        (["--workers", "0"], "--workers must be at least 1, got 0"),
        (["--seed", "one"], "invalid int value"),
        (["--study", "luck"], "invalid choice"),
        (["--redraw", "nowhere.json.gz"], "nowhere.json"),
        (["--redraw", "other.json"], "holds no records"),
        (["--out", "other.json/x"], "other.json"),
    ],
)
def test_the_script_refuses_before_it_works(
    script, tmp_path, monkeypatch, capsys, options, message
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(SystemExit) as end:
        script.main(options)
    assert end.value.code == 2
    assert message in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.slow
def test_processes_find_what_threads_find(tmp_path):
    stores = []
    for name in ("threads", "processes"):
        options = ["--engine", name, "--workers", "2", "--out", name, "--seeds", "2"]
        options += ["--study", "layers"]
        command = [sys.executable, str(SCRIPT), *options]
        run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert run.returncode == 0, run.stderr
        stores.append(content(tmp_path / f"{name}.json.gz")["records"])
    assert stores[0] == stores[1]


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["threads", "processes"])
def test_an_interrupt_keeps_what_is_done(tmp_path, engine):
    options = ["--out", "t", "--engine", engine, "--preset", "paper"]
    run = subprocess.Popen(
        [sys.executable, str(SCRIPT), *options],
        cwd=tmp_path,
        stderr=subprocess.DEVNULL,
    )
    store = tmp_path / "t.json.gz"
    while not store.exists():
        assert run.poll() is None
        time.sleep(0.05)
    run.send_signal(signal.SIGINT)
    assert run.wait(timeout=10) == 130
    assert content(store)["records"]
    assert not list(tmp_path.glob("*.png"))
