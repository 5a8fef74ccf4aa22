"""The scripts and the figures, as a user runs them."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import sparsetheory as st
from sparsetheory import estimators
from sparsetheory.plotting.saving import save_figure

ROOT = Path(__file__).parents[1]
SCRIPTS = ROOT / "scripts"
SMALL = ["--n", "24", "--grid", "3", "--trials", "2", "--workers", "1"]


def script(*arguments, cwd):
    command = [sys.executable, str(SCRIPTS / "phase_transition.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd)


@pytest.fixture(scope="module")
def small():
    grid = {"n": 30, "delta": [0.2, 0.5, 0.8], "rho": [0.1, 0.5], "trials": 3}
    return st.phase_transition(st.iht, **grid)


@pytest.mark.slow
def test_the_script_writes_picture_and_numbers_and_redraws_them(tmp_path):
    weights = tmp_path / "w.npy"
    np.save(weights, np.random.default_rng(0).standard_normal((2, 1, 3)))
    run = script(
        *SMALL,
        *("--solver", "iht", "--ensemble", "gaussian", "--layer", str(weights)),
        *("--size", "12", "--out", "out/here"),
        cwd=tmp_path,
    )
    assert run.returncode == 0, run.stderr
    assert "trial/s" in run.stderr  # a progress bar
    maps = st.load_maps(tmp_path / "out" / "here.npz")
    assert [m.n for m in maps.values()] == [24, 12]
    assert all((m.counts == 2).all() for m in maps.values())
    again = script("--redraw", "out/here.npz", "--out", "again", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    for suffix in (".png", ".svg"):
        first = (tmp_path / "out" / f"here_maps{suffix}").read_bytes()
        assert first == (tmp_path / f"again_maps{suffix}").read_bytes()


@pytest.mark.slow
def test_the_quick_preset_writes_pictures_and_tables(tmp_path):
    run = script(
        *("--preset", "quick", "--study", "scaling", "--study", "maps"),
        *("--n", "32", "--grid", "2", "--trials", "3", "--csv"),
        cwd=tmp_path,
    )
    assert run.returncode == 0, run.stderr
    names = {p.name for p in (tmp_path / "figures").iterdir()}
    pictures = {f"quick_{s}.{x}" for s in ("maps", "scaling") for x in ("png", "svg")}
    assert names == pictures | {"quick.npz", "quick_maps.csv", "quick_curves.csv"}
    assert "scaling/40: 96 trials, 0 unresolved" in run.stdout


@pytest.mark.slow
def test_a_killed_script_resumes_with_the_same_counts(tmp_path):
    small = ["--solver", "iht", "--ensemble", "gaussian", "--n", "200", "--grid", "9"]
    command = [sys.executable, str(SCRIPTS / "phase_transition.py"), *small]
    for delay in (4.0, 5.0, 6.5):
        run = subprocess.Popen(
            [*command, "--trials", "40", "--resume", "--out", "killed"],
            cwd=tmp_path,
            stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        time.sleep(delay)
        run.kill()
        run.wait()
    ends = ["--resume", "--out", "killed"]
    last = script(*small, "--trials", "40", *ends, cwd=tmp_path)
    assert last.returncode == 0, last.stderr
    engine = ["--engine", "processes", "--workers", "2"]
    whole = script(*small, "--trials", "40", *engine, "--out", "whole", cwd=tmp_path)
    assert whole.returncode == 0, whole.stderr
    one, two = (st.load_maps(tmp_path / f"{n}.npz") for n in ("killed", "whole"))
    assert list(one) == list(two)
    for name in one:
        assert_array_equal(one[name].outcomes, two[name].outcomes)


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        ["--n", "1"],
        ["--trials", "none"],
        ["--solver", "magic"],
        ["--seed", "-3"],
        ["--layer", "missing.npy"],
        ["--redraw", "missing.npz"],
        ["--ensemble", "partial-hadamard", "--n", "100"],
        ["--scheduler", "tcp://127.0.0.1:1", "--engine", "threads"],
        ["--study", "everything"],
        ["--n", "50", "--study", "curves"],
        ["--solver", "iht", "--solver", "nonnegative"],
        ["--store", "missing/trials.db"],
    ],
)
def test_bad_values_exit_with_one_clear_line(arguments, tmp_path):
    run = script(*arguments, cwd=tmp_path)
    assert run.returncode == 2
    assert run.stderr.splitlines()[-1].startswith("phase_transition.py: error: ")
    assert arguments[-1] in run.stderr.splitlines()[-1]
    assert "Traceback" not in run.stderr


@pytest.mark.slow
@pytest.mark.parametrize("delay", [0.2, 1.0, 4.0])
def test_an_interrupt_ends_the_script_soon(delay, tmp_path):
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    command = [sys.executable, str(SCRIPTS / "phase_transition.py"), "--out", "out/a"]
    run = subprocess.Popen(
        command, cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL
    )
    time.sleep(delay)
    run.send_signal(signal.SIGINT)
    assert run.wait(timeout=10) in (130, -signal.SIGINT)
    numbers = tmp_path / "out" / "a.npz"  # whole studies, or nothing
    assert not numbers.exists() or st.load_maps(numbers)


def at_work(arguments, cwd):
    """Start the script; return it once it has done trials."""
    run = subprocess.Popen(
        [sys.executable, str(SCRIPTS / "phase_transition.py"), *arguments],
        cwd=cwd,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    shown = b""
    while not re.search(rb" [1-9]\d*/\d+ \[", shown):
        shown = (shown + os.read(run.stderr.fileno(), 4096))[-4096:]
        assert run.poll() is None, shown
    return run


def group_ends(number, seconds):
    """Whether every process of the group ends within so many seconds."""
    for _ in range(10 * seconds):
        try:
            os.killpg(number, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL])
@pytest.mark.parametrize("engine", ["threads", "processes"])
def test_a_run_at_work_ends_soon_and_leaves_nobody_behind(engine, ending, tmp_path):
    long = ["--solver", "lasso", "--ensemble", "gaussian", "--n", "500", "--grid", "5"]
    long += ["--trials", "400", "--engine", engine, "--resume", "--out", "a"]
    run = at_work(long, tmp_path)
    begin = time.monotonic()
    run.send_signal(ending)
    assert run.wait(timeout=10) == (130 if ending == signal.SIGINT else -ending)
    assert time.monotonic() - begin < 2.5
    run.stderr.close()
    assert group_ends(run.pid, seconds=5)
    assert (tmp_path / "a.db").stat().st_size > 0


@pytest.mark.slow
def test_a_worker_that_is_killed_changes_nothing(tmp_path):
    psutil = pytest.importorskip("psutil")
    small = ["--solver", "lasso", "--ensemble", "gaussian", "--n", "200", "--grid", "5"]
    small += ["--trials", "30", "--engine", "processes", "--workers", "2"]
    run = at_work([*small, "--out", "killed"], tmp_path)
    children = psutil.Process(run.pid).children()
    next(c for c in children if "spawn_main" in " ".join(c.cmdline())).kill()
    with run.stderr as stream:
        assert b"a worker died; its work goes to others" in stream.read()
    assert run.wait() == 0
    whole = script(*small, "--out", "whole", cwd=tmp_path)
    assert whole.returncode == 0, whole.stderr
    one, two = (st.load_maps(tmp_path / f"{n}.npz") for n in ("killed", "whole"))
    for name in two:
        assert_array_equal(one[name].outcomes, two[name].outcomes)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write")
def test_a_folder_that_cannot_be_written_shows_at_once(tmp_path):
    tmp_path.chmod(0o555)
    run = script(*SMALL, "--out", str(tmp_path / "a"), cwd=ROOT)
    assert run.returncode == 2
    assert "Permission denied" in run.stderr.splitlines()[-1]


def test_the_examples_of_the_readme_run(tmp_path, monkeypatch, capsys):
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert blocks
    monkeypatch.chdir(tmp_path)
    for block in blocks:
        exec(compile(block, "README.md", "exec"), {})
    assert "-32.5" in capsys.readouterr().out
    for name in re.findall(
        r"`(\w+)`", text.split("## What there is")[1].split("##")[0]
    ):
        known = hasattr(st, name) or hasattr(estimators, name)
        assert known or name in ("shape",), name


def test_map_is_drawn_with_both_curves(small):
    ax = st.plot_phase_map(small)
    labels = [line.get_label() for line in ax.get_lines()]
    assert labels == ["Gaussian basis pursuit, n → ∞", "even odds at n = 30"]
    assert not ax.texts or "unresolved" in ax.texts[0].get_text()
    delta, rho = ax.get_lines()[0].get_data()
    assert_array_equal(rho, st.l1_weak_threshold(delta))
    drawn = np.concatenate([mesh.get_array().ravel() for mesh in ax.collections])
    assert_array_equal(drawn, small.probability.T.ravel())
    ax.figure.clear()


def test_map_is_drawn_into_given_axes(small):
    from matplotlib import pyplot as plt

    figure, ax = plt.subplots()
    assert st.plot_phase_map(small, ax) is ax
    assert len(figure.axes) == 1
    plt.close(figure)


def test_maps_of_odd_shapes_are_drawn():
    from matplotlib import pyplot as plt

    layer = st.random_rows(st.BlockCirculant(np.ones((1, 2, 3)), 8))  # 8 x 16
    for delta, rho in [([0.5], [0.5]), ([0.9, 0.1], [0.9, 0.1, 0.5]), ([0.9], [0.5])]:
        grid = {"delta": delta, "rho": rho, "trials": 2, "ensemble": layer}
        st.plot_phase_map(st.phase_transition(st.iht, **grid))
    plt.close("all")


def test_pictures_are_bit_for_bit_the_same(small, tmp_path):
    from matplotlib import pyplot as plt

    for name in ("a", "b"):
        save_figure(st.plot_phase_maps({"one": small, "two": small}), tmp_path / name)
    plt.close("all")
    for suffix in (".png", ".svg"):
        first, second = ((tmp_path / f"{n}{suffix}").read_bytes() for n in "ab")
        assert first == second


def test_a_benchmark_of_no_matrices_is_refused():
    command = [sys.executable, str(SCRIPTS / "bench_rip.py"), "--seeds", "0"]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 2
    assert "--seeds must be at least 1, got 0" in run.stderr
