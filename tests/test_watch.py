"""Ending solvers whose outcome is clear."""

from functools import partial

import numpy as np
import pytest
from scipy.sparse.linalg import aslinearoperator

import sparsetheory as st
from sparsetheory._kernels.watch import STALLED, Watch, watched

FORMS = {
    "array": lambda: st.gaussian(40, 80, rng=3),
    "operator": lambda: aslinearoperator(st.gaussian(40, 80, rng=3)),
    "layer": lambda: st.BlockCirculant(
        np.random.default_rng(3).standard_normal((2, 4, 20)) / 6, 20
    ),
}
SOLVERS = {
    "iht": st.iht,
    "iht, accelerated": partial(st.iht, accelerate=True),
    "iht, fixed step": partial(st.iht, step=0.3),
    "group_iht": partial(st.group_iht, groups=1),
    "htp": partial(st.htp, step=0.2),
}


def first_end(errors, watch):
    """Return the iteration at which the rule ends a run with those errors, from 0."""
    for it in range(watch.every, len(errors), watch.every):
        past = it - max(watch.stretch, it // 2)
        past -= past % watch.every
        if errors[it] <= watch.close:
            return it
        if past >= 0 and errors[it] > STALLED * errors[past]:
            return it
    return len(errors) - 1


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", SOLVERS)
@pytest.mark.parametrize("k", [3, 16, 24])
def test_a_solver_ends_where_the_rule_says(form, name, k):
    A, solver = FORMS[form](), SOLVERS[name]
    x = st.sparse_signal(80, k, rng=1)
    y = A @ x
    alone = solver(A, y, k, max_iter=60)
    runs = [solver(A, y, k, max_iter=i).x for i in range(1, alone.n_iter + 1)]
    errors = [1.0, *(np.linalg.norm(z - x) / np.linalg.norm(x) for z in runs)]
    watch = Watch(x, 0.05, 3, 12)
    with watched(watch):
        found = solver(A, y, k, max_iter=60)
    assert found.n_iter == first_end(errors, watch)
    assert np.array_equal(found.x, runs[found.n_iter - 1])
    after = solver(A, y, k, max_iter=60)
    assert after.n_iter == alone.n_iter  # nothing is left of the watch


def test_a_watch_does_not_need_memory_for_iterations_that_never_come():
    grid = {"n": 40, "delta": 0.5, "rho": 0.3, "trials": 4}
    long = partial(st.iht, max_iter=10**13)
    found = st.phase_transition(long, stop_early=True, **grid)
    assert found.unresolved.sum() == 0


def test_what_misses_a_small_entry_is_no_success():
    """Gaussian amplitudes, where an error of 5 % may lack some of the support."""
    grid = {"n": 200, "delta": 0.9, "rho": 98 / 180, "trials": 100, "seed": 12}
    full = st.phase_transition(st.iht, **grid)
    early = st.phase_transition(st.iht, stop_early=True, **grid)
    changed = np.count_nonzero(full.outcomes != early.outcomes)
    assert changed <= 3
