"""Phase maps on disk, and the intervals of their cells."""

import contextlib
import json
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import sparsetheory as st

GRID = {"n": 60, "delta": [0.3, 0.6, 0.9], "rho": [0.1, 0.3, 0.9], "trials": 8}


@pytest.fixture(scope="module")
def result():
    return st.phase_transition(st.iht, **GRID, seed=11)


def test_map_survives_a_round_trip(result, tmp_path):
    path = result.save(tmp_path / "map")
    again = st.PhaseMap.load(path)
    assert path.name == "map.npz"
    assert_array_equal(again.outcomes, result.outcomes)
    for name in ("delta", "rho", "m", "k"):
        assert_array_equal(getattr(again, name), getattr(result, name))
    assert (again.n, again.seed, again.trials) == (60, 11, 8)
    assert again.settings == result.settings
    assert again.settings["versions"]["numpy"] == np.__version__
    assert list(tmp_path.iterdir()) == [path]


def test_several_maps_in_one_file(result, tmp_path):
    path = st.save_maps(tmp_path / "two.npz", {"a/b\nc": result, "": result})
    assert list(st.load_maps(path)) == ["a/b\nc", ""]
    with pytest.raises(ValueError, match="holds 2 results"):
        st.PhaseMap.load(path)


def test_a_failed_save_leaves_the_old_file(result, tmp_path, monkeypatch):
    path = result.save(tmp_path / "map.npz")
    before = path.read_bytes()

    def full(self, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        result.save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_files_of_another_kind_are_refused(tmp_path):
    text, array = tmp_path / "a.npz", tmp_path / "b.npz"
    text.write_text("no")
    np.savez(array, x=np.ones(3))
    (tmp_path / "c.npz").write_bytes(b"")
    np.save(tmp_path / "d.npy", np.ones(3))
    for path in tmp_path.iterdir():
        with pytest.raises(ValueError, match="is not a file of phase maps"):
            st.load_maps(path)
    for header in (
        {"format": 2},
        {"format": 2, "maps": []},
        {"format": 2, "maps": {"a": {}}},
    ):
        damaged = tmp_path / "damaged.npz"
        np.savez(damaged, header=np.array(json.dumps(header)))
        with pytest.raises(ValueError, match="is not a file of phase maps"):
            st.load_maps(damaged)
    newer = tmp_path / "newer.npz"
    np.savez(newer, header=np.array(json.dumps({"format": 99, "maps": {}})))
    with pytest.raises(ValueError, match="has format 99, this version reads 2"):
        st.load_maps(newer)


def test_damaged_files_are_refused(result, tmp_path, rng):
    whole = result.save(tmp_path / "map").read_bytes()
    damaged = tmp_path / "damaged.npz"
    for _ in range(60):
        content = bytearray(whole)
        content[rng.integers(len(content))] ^= 1 << rng.integers(8)
        damaged.write_bytes(bytes(content)[: rng.integers(1, len(whole) + 1)])
        with contextlib.suppress(ValueError):
            assert st.load_maps(damaged)  # a flip may fall on what does not matter


def test_a_missing_folder_is_named(result, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none.map\.npz"):
        result.save(tmp_path / "none" / "map")


def test_csv_holds_each_cell(result, tmp_path):
    lines = result.to_csv(tmp_path / "map.csv").read_text().splitlines()
    assert lines[0].startswith("n,m,k,delta,rho,trials,successes,failures,unresolved")
    assert len(lines) == 10
    n, m, k, delta, rho, trials, *counts = lines[1].split(",")
    assert (n, m, k, trials) == ("60", "18", "2", "8")
    assert_allclose([float(delta), float(rho)], [18 / 60, 2 / 18])
    assert sum(map(int, counts[:3])) == 8


def test_wilson_interval_is_where_the_score_test_accepts(rng):
    s, n, z = 17, 50, 1.959963984540054
    for edge in st.wilson_interval(s, n):
        assert_allclose(abs(s / n - edge), z * np.sqrt(edge * (1 - edge) / n))
    assert st.wilson_interval(0, 20)[0] == 0
    assert st.wilson_interval(20, 20)[1] == 1
    draws = rng.binomial(100, 0.3, 4000)
    low, high = st.wilson_interval(draws, 100)
    assert abs(np.mean((low <= 0.3) & (high >= 0.3)) - 0.95) < 0.02


@pytest.mark.parametrize(
    "arguments", [(3, 2), (-1, 2), (1, 2, 0.0), (1, 2, 1.0), (np.nan, 2)]
)
def test_bad_counts_are_named(arguments):
    with pytest.raises(ValueError, match="must lie in"):
        st.wilson_interval(*arguments)
