"""The store of trials, and other places than threads to run them."""

import functools
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
import types
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import sparsetheory as st
from sparsetheory.experiments.identity import fingerprint
from sparsetheory.experiments.setting import check_setting
from sparsetheory.experiments.trials import stretches
from sparsetheory.experiments.trialstore import open_store
from sparsetheory.types import Recovery

GRID = {"n": 40, "delta": [0.4, 0.8], "rho": [0.1, 0.4], "trials": 20}


class Counting:
    """A solver that knows how often it was asked."""

    def __init__(self):
        self.calls = 0

    def __reduce__(self):
        return (Counting, ())

    def __call__(self, A, y, k):
        self.calls += 1
        return Recovery(np.linalg.pinv(A) @ y, 1, True)


def count_calls(store, **grid):
    solver = Counting()
    result = st.phase_transition(solver, **(GRID | grid), store=store, workers=1)
    return result, solver.calls


def test_what_is_stored_is_not_run_again(tmp_path):
    store = tmp_path / "trials.db"
    first, calls = count_calls(store)
    assert calls == 4 * 20
    again, calls = count_calls(store)
    assert calls == 0
    assert_array_equal(first.outcomes, again.outcomes)


def test_more_trials_and_finer_grids_extend(tmp_path):
    store = tmp_path / "trials.db"
    count_calls(store, trials=7)
    _, calls = count_calls(store, trials=20)
    assert calls == 4 * 13
    few, calls = count_calls(store, trials=5)
    assert calls == 0
    assert_array_equal(few.counts, np.full((2, 2), 5))
    finer = {"rho": [0.1, 0.25, 0.4]}
    result, calls = count_calls(store, **finer)
    assert calls == 2 * 20
    fresh, _ = count_calls(tmp_path / "other.db", **finer)
    assert_array_equal(result.outcomes, fresh.outcomes)


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"n": 50},
        {"tol": 1e-2},
        {"signal": "signs"},
        {"ensemble": st.rademacher},
    ],
)
def test_another_setting_never_mixes_in(change, tmp_path):
    store = tmp_path / "trials.db"
    st.phase_transition(st.iht, **GRID, store=store)
    shared = st.phase_transition(st.iht, **(GRID | change), store=store)
    alone = st.phase_transition(st.iht, **(GRID | change))
    assert_array_equal(shared.outcomes, alone.outcomes)


def key(**change):
    options = {
        "solver": st.iht,
        "n": 40,
        "ensemble": st.gaussian,
        "seed": 0,
        "tol": 1e-3,
    }
    options |= {"signal": st.sparse_signal} | change
    return fingerprint(check_setting(**options))[0]


def adder(number):
    return lambda A, y, k: st.iht(A, y, k + number)


def test_fingerprints_tell_settings_apart():
    layers = [st.random_rows(np.diag([1.0, 2.0, c])) for c in (3.0, 4.0)]
    keys = [
        key(),
        key(seed=1),
        key(n=41),
        key(tol=1e-2),
        key(signal="signs"),
        key(solver=functools.partial(st.iht, tol=1e-5)),
        key(solver=functools.partial(st.iht, tol=1e-6)),
        key(solver=lambda A, y, k: st.iht(A, y, k)),
        key(solver=lambda A, y, k: st.iht(A, y, k, step=0.1)),
        key(solver=lambda A, y, k: st.iht(A, y, k, step=0.2)),
        key(solver=lambda A, y, k: st.htp(A, y, k)),
        key(solver=adder(1)),
        key(solver=adder(2)),
        *(key(ensemble=layer, n=3) for layer in layers),
    ]
    assert len(set(keys)) == len(keys)
    assert key() == key(signal=st.sparse_signal)
    assert key(solver=adder(1)) == key(solver=adder(1))


def made(source, **names):
    """A function of that source, with those globals."""
    space = {"st": st, "__name__": "elsewhere", **names}
    exec(f"def solve(A, y, k): return {source}", space)
    return space["solve"]


def test_fingerprints_see_what_a_function_refers_to():
    helpers = [made("st.iht(A, y, k)"), made("st.htp(A, y, k)")]
    keys = [
        key(solver=made("st.iht(A, y, k + EXTRA)", EXTRA=1)),
        key(solver=made("st.iht(A, y, k + EXTRA)", EXTRA=2)),
        *(key(solver=made("helper(A, y, k)", helper=h)) for h in helpers),
        key(solver=made("(lambda: st.iht(A, y, k + EXTRA))()", EXTRA=1)),
        key(solver=made("(lambda: st.iht(A, y, k + EXTRA))()", EXTRA=2)),
    ]
    assert len(set(keys)) == len(keys)
    same = [key(solver=made("st.iht(A, y, k + EXTRA)", EXTRA=1)) for _ in range(2)]
    assert same == keys[:1] * 2
    assert key(solver=made("solve(A, y, k)")) == key(solver=made("solve(A, y, k)"))


def classes(source):
    space = {"st": st, "__name__": "elsewhere"}
    exec(f"class Solver:\n  def __call__(self, A, y, k): return {source}", space)
    elsewhere = types.ModuleType("elsewhere")
    elsewhere.Solver = space["Solver"]
    sys.modules["elsewhere"] = elsewhere
    return space["Solver"]()


def test_fingerprints_see_classes_containers_and_compiled_code():
    try:
        keys = [key(solver=classes(f"st.{s}(A, y, k)")) for s in ("iht", "omp")]
    finally:
        del sys.modules["elsewhere"]
    for extra in (1, 2):
        helper = made("st.iht(A, y, k + EXTRA)", EXTRA=extra)
        keys.append(key(solver=made("H['a'](A, y, k)", H={"a": helper})))
        keys.append(key(solver=functools.partial(made("f(A, y, k)"), inner=helper)))
    assert len(set(keys)) == len(keys)

    def again(A, y, k):
        return again(A, y, k)

    assert key(solver=again) == key(solver=again)


def test_fingerprints_are_the_same_in_another_process():
    code = (
        "import sparsetheory as st\n"
        "from sparsetheory.experiments.setting import check_setting\n"
        "from sparsetheory.experiments.identity import fingerprint\n"
        "def solve(A, y, k):\n"
        "    return st.iht(A, y, k) if len(y) in {'a', 'b', 'c', 'd'} else None\n"
        "print(fingerprint(check_setting(solve, 9, st.gaussian, st.sparse_signal, 0,"
        " 1e-3))[0])"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | {"PYTHONHASHSEED": seed},
        ).stdout
        for seed in "123"
    }
    assert len(found) == 1


def test_what_cannot_be_told_apart_is_refused(tmp_path):
    lock = open(os.devnull)  # noqa: SIM115  (something that can't be pickled)
    with lock, pytest.raises(ValueError, match="the solver can't be told from others"):
        st.phase_transition(lambda A, y, k: lock, **GRID, store=tmp_path / "trials.db")


def test_curve_and_map_share_a_store(tmp_path):
    store = tmp_path / "trials.db"
    options = {"n": 50, "delta": [0.5], "seed": 2}
    plain = st.transition_curve(st.basis_pursuit, trials=40, **options)
    first = st.transition_curve(st.basis_pursuit, trials=40, **options, store=store)
    again = st.transition_curve(st.basis_pursuit, trials=40, **options, store=store)
    assert_array_equal(first.cells, plain.cells)
    assert_array_equal(again.cells, plain.cells)
    before = stored(store)
    m, k, *counts = plain.cells[0]
    st.phase_transition(
        st.basis_pursuit, **options, rho=k / m, trials=int(sum(counts)), store=store
    )
    assert stored(store) == before


def stored(path):
    with sqlite3.connect(path) as connection:
        return connection.execute(
            "SELECT COUNT(*), SUM(LENGTH(verdicts)) FROM outcomes"
        ).fetchone()


def test_stretches_cover_each_trial_once():
    for trials in ([], [3], list(range(40)), [0, 1, 5, 6, 7, 30]):
        blocks = stretches(trials)
        assert [t for block in blocks for t in block] == trials
    assert [len(b) for b in stretches(list(range(40)))] == [16, 16, 8]


def test_files_of_another_kind_are_refused(tmp_path):
    text = tmp_path / "text.db"
    text.write_text("not a database, but long enough to be looked at" * 30)
    with pytest.raises(ValueError, match="is not a store of trials"):
        st.phase_transition(st.iht, **GRID, store=text)
    foreign = tmp_path / "foreign.db"
    with sqlite3.connect(foreign) as connection:
        connection.execute("CREATE TABLE mine (x)")
    with pytest.raises(ValueError, match="a database, but no store of trials"):
        st.phase_transition(st.iht, **GRID, store=foreign)
    newer = tmp_path / "newer.db"
    st.phase_transition(st.iht, **GRID, store=newer)
    with sqlite3.connect(newer) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(ValueError, match="has format 99, this version reads up to 1"):
        st.phase_transition(st.iht, **GRID, store=newer)
    with pytest.raises(FileNotFoundError, match="the folder of the store"):
        st.phase_transition(st.iht, **GRID, store=tmp_path / "none" / "a.db")
    with pytest.raises(OSError, match="can't be used"):
        st.phase_transition(st.iht, **GRID, store=tmp_path)


def test_a_full_disk_is_an_error_and_loses_nothing(tmp_path):
    store = tmp_path / "trials.db"
    st.phase_transition(st.iht, **GRID, store=store)
    before = stored(store)
    setting = check_setting(st.iht, 40, st.gaussian, st.sparse_signal, 5, 1e-3)

    def fill():
        with open_store(store, setting) as book:
            book._connection.execute("PRAGMA max_page_count = 1")
            for start in range(200):
                book.add(1, 1, start * 1000, [st.Verdict.SUCCESS] * 1000)

    with pytest.raises(OSError, match="full"):
        fill()
    assert stored(store)[0] >= before[0]
    again = st.phase_transition(st.iht, **GRID, store=store)
    expected = st.phase_transition(st.iht, **GRID)
    assert_array_equal(again.outcomes, expected.outcomes)


def test_a_longer_stretch_is_not_replaced_by_a_shorter(tmp_path):
    setting = check_setting(st.iht, 40, st.gaussian, st.sparse_signal, 0, 1e-3)
    path = tmp_path / "trials.db"
    with open_store(path, setting) as one, open_store(path, setting) as two:
        one.add(10, 2, 0, [st.Verdict.SUCCESS] * 16)
        two.add(10, 2, 0, [st.Verdict.SUCCESS] * 4)
        two.add(10, 3, 0, [st.Verdict.FAILURE] * 2)
        one.add(10, 3, 0, [st.Verdict.FAILURE] * 5)
        assert len(one.known(10, 2)) == len(two.known(10, 2)) == 16
        assert len(two.known(10, 3)) == 5
        assert list(two.row(10)) == [2, 3]


def test_two_writers_take_turns(tmp_path):
    store = tmp_path / "trials.db"
    with ThreadPoolExecutor(2) as pool:
        runs = [
            pool.submit(
                st.phase_transition, st.iht, **(GRID | {"seed": s}), store=store
            )
            for s in (0, 0, 1)
        ]
        results = [run.result() for run in runs]
    assert_array_equal(results[0].outcomes, results[1].outcomes)
    other = st.phase_transition(st.iht, **(GRID | {"seed": 1}))
    assert_array_equal(results[2].outcomes, other.outcomes)


PROGRAM = """
import sys, functools, sparsetheory as st
result = st.phase_transition(
    functools.partial(st.iht, max_iter=400), n=60, delta=[0.3, 0.5, 0.7],
    rho=[0.1, 0.3, 0.5, 0.7], trials=150, store=sys.argv[1], workers=2)
print(result.successes.tolist(), result.unresolved.tolist())
"""


@pytest.mark.slow
def test_a_killed_run_is_resumed_with_the_same_counts(tmp_path):
    command = [sys.executable, "-c", PROGRAM]
    whole = subprocess.run(
        [*command, str(tmp_path / "whole.db")],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    store = str(tmp_path / "killed.db")
    chance = random.Random(0)
    for how in (signal.SIGKILL, signal.SIGKILL, signal.SIGINT, signal.SIGKILL):
        run = subprocess.Popen([*command, store], stderr=subprocess.DEVNULL)
        time.sleep(1.0 + 2.0 * chance.random())
        run.send_signal(how)
        run.wait(timeout=10)
    ended = subprocess.run(
        [*command, store], capture_output=True, text=True, check=True
    )
    assert ended.stdout == whole
