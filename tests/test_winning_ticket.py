"""The script of lottery tickets, as a user runs it."""

import gzip
import importlib.util
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import sparsetheory as st
from sparsetheory.conditions._search import Clock
from sparsetheory.experiments.records import check_writable, load_records, stem_of

SCRIPT = Path(__file__).parent.parent / "scripts" / "winning_ticket.py"
SMALL = {
    **{"ticket": [6, 2], "trials": 2000, "n": 110, "cells": 3, "repeats": 4},
    **{"subset": [6, 10], "hidden": 2, "samples": 100, "steps": [0, 2, 5]},
    **{"rows": [5, 8], "k": [2], "changes": 2, "seconds": 0.05},
}


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("winning_ticket", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.PRESETS["quick"] = SMALL
    return module


def content(store):
    return json.loads(gzip.decompress(store.read_bytes()))


@pytest.mark.slow
def test_the_script_goes_on_where_it_stopped_and_redraws(script, tmp_path, capsys):
    out = tmp_path / "new" / "t"
    options = ["--out", str(out), "--seed", "3"]
    script.main(options)
    store = Path(f"{out}.json.gz")
    first = content(store)
    assert first["settings"] == {**SMALL, "seed": 3}
    names = list(first["records"])
    dropped = ["sparsity|55", "subset", "spectra", "saliencies|trained"]
    changed = json.loads(json.dumps(first))
    for name in dropped:
        del changed["records"][name]
    # a record that would come out otherwise, to show that it isn't computed again
    changed["records"]["threshold"]["fields"]["trials"] = 1999
    store.write_bytes(gzip.compress(json.dumps(changed).encode()))
    script.main([*options, "--resume"])
    again = content(store)["records"]
    assert set(again) == set(names)
    assert again["threshold"]["fields"]["trials"] == 1999
    for name in dropped:
        assert again[name] == first["records"][name]
    pictures = sorted(out.parent.glob("t_*"))
    parts = ["jacobian", "loss", "overlap_initial", "overlap_trained", "sparsity"]
    parts += ["spectra", "subset", "threshold"]
    ends = ("png", "svg")
    assert [p.name for p in pictures] == [f"t_{x}.{e}" for x in parts for e in ends]
    before = [path.read_bytes() for path in pictures]
    for path in pictures:
        path.unlink()
    script.main(["--redraw", str(store)])
    assert [path.read_bytes() for path in pictures] == before
    capsys.readouterr()
    with pytest.raises(SystemExit):
        script.main([*options[:2], "--resume", "--seed", "1"])
    assert "another seed" in capsys.readouterr().err
    records, _ = load_records(store, script.TYPES)
    assert records["sparsity|55"].log_p < -30 * np.log(10)
    assert isinstance(records["spectra"], st.HessianSpectra)
    assert (records["spectra"].excess < 1e-12).all()
    assert records["spectra"].masks[0] == "all"


def test_masks_keep_what_they_say_and_all_biases(script):
    digits = script.Digits({**SMALL, "seed": 0})
    on = digits.network.weights
    for name, mask in digits.masks().items():
        kept = np.count_nonzero(mask[on])
        share = script.MASKS[name][1] if name in script.MASKS else 1
        assert kept == int(share * on.sum())
        assert mask[~on].all()
        if name.startswith("magnitude"):
            size = abs(digits.trained)
            assert size[on & mask].min() >= size[on & ~mask].max()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--seed", "-1"], "--seed must not be negative, got -1"),
        (["--seed", "one"], "invalid int value"),
        (["--preset", "huge"], "invalid choice"),
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


@pytest.mark.parametrize("name", ["a/b.c.json.gz", "a/b.c.json"])
def test_stems_have_no_endings(name):
    assert stem_of(Path(name)) == Path("a/b.c")


def test_folders_are_made_and_checked(tmp_path):
    check_writable(tmp_path / "one" / "two" / "stem")
    assert list((tmp_path / "one" / "two").iterdir()) == []
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        check_writable(tmp_path / "file" / "stem")


def test_an_interrupt_of_a_search_ends_the_script(script, monkeypatch):
    scale = {**SMALL, "seed": 0}
    digits = script.Digits(scale)
    found = script.recovery(digits, scale)
    assert not any(constant.interrupted for constant in found.isometry)

    def pressed(self, nodes=0):
        raise KeyboardInterrupt

    monkeypatch.setattr(Clock, "tick", pressed)
    with pytest.raises(KeyboardInterrupt):
        script.recovery(digits, scale)


@pytest.mark.slow
def test_an_interrupt_keeps_what_is_done(tmp_path):
    run = subprocess.Popen(
        [sys.executable, str(SCRIPT), "--out", "t"],
        cwd=tmp_path,
        stderr=subprocess.DEVNULL,
    )
    store = tmp_path / "t.json.gz"
    while not store.exists():
        assert run.poll() is None
        time.sleep(0.05)
    run.send_signal(signal.SIGINT)
    assert run.wait(timeout=10) == 130
    assert "threshold" in content(store)["records"]
    assert not list(tmp_path.glob("*.png"))
