"""Results in files of plain numbers, and the script that writes them."""

import gzip
import importlib.util
import json
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from matplotlib import pyplot as plt
from numpy.testing import assert_array_equal

import sparsetheory as st
from sparsetheory.conditions.evidence import Evidence
from sparsetheory.conditions.isometry import IsometrySide
from sparsetheory.experiments.engines import engine
from sparsetheory.experiments.records import (
    complete_records,
    load_records,
    save_records,
)

SCRIPT = Path(__file__).parent.parent / "scripts" / "rip_pruning.py"


class Sort(StrEnum):
    ONE = "one"


@dataclass(frozen=True)
class Inner:
    array: np.ndarray
    sort: Sort


@dataclass(frozen=True)
class Outer:
    pair: tuple[int, float]
    named: dict[str, Inner]
    some: list[Inner]
    nothing: None = None


@pytest.mark.parametrize("name", ["serial", "threads", "processes"])
def test_pieces_are_done_once_on_any_engine_and_kept_in_their_order(tmp_path, name):
    work = {f"{i}|a": partial(pow, i, 2) for i in range(5)}
    path, records = tmp_path / "x.json", {"3|a": 7}
    if name == "serial":
        complete_records(path, work, records, {"seed": 1}, progress=False)
    else:
        with engine(name, 2) as where:
            complete_records(path, work, records, {}, progress=False, **where)
    assert list(records.items()) == [
        (f"{i}|a", i**2 if i != 3 else 7) for i in range(5)
    ]
    kept, _ = load_records(path, [])
    assert kept == records


def test_what_was_done_before_a_failure_is_kept(tmp_path):
    path, records = tmp_path / "x.json", {}
    work = {"one": partial(pow, 2, 2), "two": partial(pow, 0, -1)}
    with pytest.raises(ZeroDivisionError), engine("threads", 2) as where:
        complete_records(path, work, records, {}, progress=False, **where)
    assert load_records(path, [])[0] in ({"one": 4}, {})


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6).reshape(2, 3),
        np.array([[0.1, -np.inf], [np.nan, 1e-308]]),
        np.array([1 / 3 + 2j, -0.5j]),
        np.array([True, False]),
        np.empty((0, 4)),
        np.array(1.5),
    ],
)
@pytest.mark.parametrize("name", ["x.json", "x.json.gz"])
def test_what_is_read_is_what_was_written(tmp_path, array, name):
    inner = Inner(array, Sort.ONE)
    outer = Outer((3, np.float64(np.pi)), {"a b": inner}, [inner])
    path = save_records(tmp_path / name, {"one": outer, "two": 5}, {"seed": 3})
    records, settings = load_records(path, [Inner, Outer, Sort])
    assert settings == {"seed": 3}
    assert records["two"] == 5
    found = records["one"]
    assert found.pair == outer.pair
    assert found.nothing is None
    for each in (found.named["a b"], *found.some):
        assert each.sort is Sort.ONE
        assert each.array.dtype == array.dtype
        assert_array_equal(each.array, array)


def test_constants_are_kept_with_their_evidence(tmp_path):
    A = st.gaussian(16, 24, rng=0)
    found = st.rip_constant(A, 4)
    path = save_records(tmp_path / "x.json", {"A": found}, {})
    again = load_records(path, [st.Isometry, IsometrySide, Evidence])[0]["A"]
    assert (again.lower, again.upper) == (found.lower, found.upper)
    assert again.verify(A)


def test_only_named_types_are_made(tmp_path):
    path = save_records(tmp_path / "x.json", {"a": Inner(np.ones(1), Sort.ONE)}, {})
    with pytest.raises(ValueError, match="can't be read"):
        load_records(path, [Sort])
    with pytest.raises(TypeError, match="a record must hold"):
        save_records(tmp_path / "y.json", {"a": object()}, {})
    assert not (tmp_path / "y.json").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "holds no records"),
        ("[]", "holds no records"),
        ('{"kind": "else", "format": 1}', "must be records"),
        ('{"kind": "sparsetheory records", "format": 99}', "of format 1, got 99"),
    ],
)
def test_other_files_are_refused(tmp_path, content, message):
    path = tmp_path / "x.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=message):
        load_records(path, [])


def test_pictures_say_what_is_exact():
    A = st.gaussian(16, 24, rng=0)
    constants = [st.rip_constant(A, k) for k in (1, 2, 3)]
    ax = st.plot_isometry({"exact": constants})
    marks = [line for line in ax.lines if line.get_marker() not in ("None", "")]
    assert_array_equal(marks[0].get_ydata(), [found.upper for found in constants])
    with pytest.raises(ValueError, match="must not be empty"):
        st.plot_isometry({"none": []})
    rows = (
        st.Guarantee("OMP", "a", "b", 0, 0),
        st.Guarantee("iht", "a", "b", 2, 7),
    )
    ax = st.plot_guarantees(st.Guarantees(20, 30, True, rows, {"OMP": 9.5}))
    assert [label.get_text() for label in ax.get_yticklabels()] == ["OMP: a", "iht: a"]
    spans = [tuple(line.get_xdata()) for line in ax.lines]
    assert (2, 7) in spans
    assert [9.5, 9.5] in [list(line.get_xdata()) for line in ax.lines]
    plt.close("all")


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("rip_pruning", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    small = {"n": 12, "most": 2, "seconds": 0.1, "k": 1, "trials": 16}
    module.PRESETS["quick"] = small
    return module


@pytest.fixture
def weights(tmp_path, rng):
    path = tmp_path / "weights.npy"
    np.save(path, rng.standard_normal((3, 2, 2)))
    return path


@pytest.mark.slow
@pytest.mark.parametrize("rng", [0], indirect=True)
def test_the_script_goes_on_where_it_stopped(script, weights, tmp_path, capsys):
    out = tmp_path / "r"
    options = ["--layer", str(weights), "--out", str(out)]
    script.main(options)
    assert "null space" in capsys.readouterr().out
    store = Path(f"{out}.json.gz")
    content = json.loads(gzip.decompress(store.read_bytes()))
    dropped = [name for name in content["records"] if name.startswith("pruning|")][1:]
    kept = dict(content["records"])
    for name in dropped:
        del content["records"][name]
    # a record that would come out otherwise, to show that it isn't computed again
    mark = content["records"]["brackets|DCT 6 × 12|1"]["fields"]["above"]["fields"]
    mark["rounding"] = 0.25
    store.write_bytes(gzip.compress(json.dumps(content).encode()))
    script.main([*options, "--resume"])
    again = json.loads(gzip.decompress(store.read_bytes()))["records"]
    mark = again["brackets|DCT 6 × 12|1"]["fields"]["above"]["fields"]
    assert mark["rounding"] == 0.25
    for name in dropped:
        assert again[name]["fields"]["raw"] == kept[name]["fields"]["raw"]
    pictures = sorted(tmp_path.glob("r_*.png"))
    assert len(pictures) == 4
    before = [path.read_bytes() for path in pictures]
    script.main(["--redraw", str(store)])
    assert [path.read_bytes() for path in pictures] == before
    with pytest.raises(SystemExit):
        script.main([*options, "--resume", "--seed", "1"])
    assert "another seed" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--layer", "nowhere.npy"], "nowhere.npy"),
        (["--seconds", "0"], "not a positive number"),
        (["--k", "0"], "k must be"),
        (["--seed", "-1"], "not a whole number"),
        (["--redraw", "nowhere.json.gz"], "nowhere.json"),
    ],
)
def test_the_script_refuses_before_it_works(
    script, tmp_path, monkeypatch, capsys, options, message
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        script.main(options)
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.ones((1, 1, 3)), "two filters or two channels"),
        (1j * np.ones((2, 2, 3)), "must be real"),
        (np.ones((2, 2)), "weight"),
        (np.zeros((2, 2, 3)), "zero"),
    ],
)
def test_the_script_refuses_weights(script, tmp_path, capsys, weights, message):
    np.save(tmp_path / "w.npy", weights)
    with pytest.raises(SystemExit):
        script.main(["--layer", str(tmp_path / "w.npy"), "--out", str(tmp_path / "x")])
    assert message in capsys.readouterr().err


def test_a_square_layer_is_studied_both_ways(script, tmp_path):
    np.save(tmp_path / "w.npy", np.arange(1.0, 13.0).reshape(2, 2, 3))
    options = ["--layer", str(tmp_path / "w.npy"), "--out", str(tmp_path / "x")]
    work = dict(script.tasks(script.arguments(options)))
    labels = {name.split("|")[1] for name in work if name.startswith("brackets")}
    assert {"layer 2 → 2", "transposed, 2 → 2"} < labels


def test_brackets_bound_one_another():
    side = IsometrySide(0.2, 0.9, np.arange(2), Evidence("Babel", 2, 0.9), 0.0)
    wide = st.Isometry(2, side, side, False)
    side = IsometrySide(0.7, 0.7, np.arange(3), Evidence("search", 3, 0.7), 0.0)
    ax = st.plot_isometry({"A": [wide, st.Isometry(3, side, side, False)]})
    assert_array_equal(ax.lines[0].get_ydata(), [0.7, 0.7])
    assert "unit" not in ax.get_ylabel()
    plt.close("all")
