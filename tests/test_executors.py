"""Other places than the library's own threads to run trials."""

import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_all_start_methods, get_context

import pytest
from numpy.testing import assert_array_equal
from threadpoolctl import threadpool_info

import sparsetheory as st

GRID = {"n": 40, "delta": [0.4, 0.8], "rho": [0.1, 0.4], "trials": 20}


def test_threads_of_the_user_leave_blas_as_it_was():
    def threads():
        return [i["num_threads"] for i in threadpool_info() if i["user_api"] == "blas"]

    before = threads()
    with ThreadPoolExecutor(3) as pool:
        for _ in range(4):
            found = st.phase_transition(st.iht, **GRID, executor=pool, workers=3)
    assert threads() == before
    expected = st.phase_transition(st.iht, **GRID)
    assert_array_equal(found.outcomes, expected.outcomes)


@pytest.mark.slow
@pytest.mark.parametrize("how", ["forkserver", "spawn"])
def test_processes_give_the_same_counts(how, tmp_path):
    plain = st.phase_transition(st.iht, **GRID)
    curve = st.transition_curve(st.iht, n=40, delta=[0.4, 0.8], trials=32)
    if how not in get_all_start_methods():
        pytest.skip(f"no {how} here")
    with ProcessPoolExecutor(2, mp_context=get_context(how)) as pool:
        for store in (None, tmp_path / "trials.db"):
            found = st.phase_transition(st.iht, **GRID, executor=pool, store=store)
            assert_array_equal(found.outcomes, plain.outcomes)
        other = st.transition_curve(
            st.iht, n=40, delta=[0.4, 0.8], trials=32, executor=pool
        )
        assert_array_equal(other.cells, curve.cells)
        assert pool.submit(int, 1).result() == 1  # left open


DASK = """
import functools, os, signal, threading, time
import sparsetheory as st
from distributed import Client, LocalCluster

solver = functools.partial(st.iht, max_iter=400)
grid = dict(n=60, delta=[0.3, 0.6], rho=[0.2, 0.4, 0.6], trials=150)

if __name__ == "__main__":
    plain = st.phase_transition(solver, **grid)
    options = dict(n_workers=2, threads_per_worker=1, dashboard_address=None)
    with LocalCluster(**options) as cluster, Client(cluster) as client:
        victim = list(client.run(os.getpid).values())[0]
        killer = threading.Timer(1.0, os.kill, (victim, signal.SIGKILL))
        killer.start()
        found = st.phase_transition(solver, **grid, executor=client.get_executor())
        killer.join()
    same = (found.successes == plain.successes) & (found.failures == plain.failures)
    print("same" if same.all() else "different")
"""


@pytest.mark.slow
def test_a_dask_cluster_gives_the_same_counts_though_a_worker_dies(tmp_path):
    pytest.importorskip("distributed")
    program = tmp_path / "run.py"
    program.write_text(DASK)
    run = subprocess.run(
        [sys.executable, str(program)], capture_output=True, text=True, timeout=300
    )
    assert run.stdout.split()[-1:] == ["same"], run.stderr[-2000:]
