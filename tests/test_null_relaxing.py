"""The semidefinite relaxation beside a search: what it leaves, and when it fails."""

import time
from contextlib import contextmanager

import numpy as np
import pytest
from numpy.testing import assert_allclose

import sparsetheory as st
from sparsetheory.conditions import _nullsearch
from sparsetheory.conditions._nullsearch import Shares
from sparsetheory.conditions._nullspace import certified, null_space
from sparsetheory.conditions.evidence import NullSpaceEvidence

pytestmark = pytest.mark.slow  # when interpreted


def test_a_search_that_ends_soon_is_left_alone(monkeypatch):
    monkeypatch.setattr(_nullsearch, "AWHILE", 60.0)
    monkeypatch.setattr(_nullsearch, "semidefinite_share", None)
    A = np.random.default_rng(7).standard_normal((12, 20))
    start = time.perf_counter()
    assert st.null_space_constant(A, 2).exact
    assert time.perf_counter() - start < 30


def test_a_search_that_does_not_end_leaves_the_better_bound(monkeypatch):
    monkeypatch.setattr(_nullsearch, "AWHILE", 0.0)
    A = np.random.default_rng(7).standard_normal((32, 64))
    st.null_space_constant(A, 6, time_limit=3.0)  # compiles what it runs
    start = time.perf_counter()
    found = st.null_space_constant(A, 6, time_limit=3.0)
    assert time.perf_counter() - start < 12
    assert found.evidence.kind == "semidefinite"
    linear = certified(null_space(A), st.null_space_bounds(A, 6)[-1].evidence.dual)[5]
    assert found.lower < found.upper
    assert found.alpha[1] < linear
    assert found.verify(A)


def test_ctrl_c_leaves_the_better_bound(monkeypatch):
    def stop(self, *args):
        time.sleep(1.0)
        raise KeyboardInterrupt

    monkeypatch.setattr(_nullsearch, "AWHILE", 0.0)
    A = np.random.default_rng(0).standard_normal((20, 40))
    linear = st.null_space_bounds(A, 3)[-1]
    monkeypatch.setattr(Shares, "search", stop)
    found = st.null_space_constant(A, 3)
    assert found.interrupted
    assert found.evidence.kind == "semidefinite"
    assert found.upper < linear.upper
    assert found.verify(A)


@pytest.mark.parametrize("error", [np.linalg.LinAlgError, MemoryError])
def test_a_relaxation_that_fails_leaves_the_search(monkeypatch, error):
    def fail(*args):
        raise error

    monkeypatch.setattr(_nullsearch, "AWHILE", 0.0)
    monkeypatch.setattr(_nullsearch, "semidefinite_share", fail)
    A = np.random.default_rng(7).standard_normal((12, 20))
    found = st.null_space_constant(A, 2)
    assert found.exact
    assert not found.interrupted
    assert found.verify(A)


def test_too_many_columns_are_not_relaxed(monkeypatch):
    monkeypatch.setattr(_nullsearch, "AWHILE", 0.0)
    monkeypatch.setattr(_nullsearch, "MOST", 19)
    monkeypatch.setattr(_nullsearch, "semidefinite_share", None)
    A = np.random.default_rng(7).standard_normal((12, 20))
    assert st.null_space_constant(A, 2).exact


def test_a_second_ctrl_c_leaves_what_is_known(monkeypatch):
    def stop(*args):
        raise KeyboardInterrupt

    @contextmanager
    def relaxing(self, k):
        yield stop

    A = np.random.default_rng(0).standard_normal((20, 40))
    linear = st.null_space_bounds(A, 3)[-1]
    monkeypatch.setattr(Shares, "search", stop)
    monkeypatch.setattr(Shares, "relaxing", relaxing)
    found = st.null_space_constant(A, 3)
    assert found.interrupted
    assert found.evidence.kind == "dual"
    assert found.upper == linear.upper
    assert found.verify(A)


def test_searches_at_higher_levels_start_from_the_better_bound(monkeypatch):
    levels, known = [], NullSpaceEvidence("semidefinite")

    def search(self, k, level, state, until):
        levels.append((level, state.best[0]))

    @contextmanager
    def relaxing(self, k):
        yield lambda: (high, known)

    A = np.random.default_rng(0).standard_normal((20, 40))
    low, linear = st.null_space_bounds(A, 3)[-1].alpha
    high = (low + linear) / 2
    monkeypatch.setattr(Shares, "search", search)
    monkeypatch.setattr(Shares, "relaxing", relaxing)
    found = st.null_space_constant(A, 3)
    assert found.evidence is known
    assert_allclose(found.alpha[1], high)
    for (level, best), part in zip(levels[1:], (0.5, 0.25, 0.1, 0), strict=True):
        assert_allclose(level, best + part * (high - best))


def test_a_bound_below_a_null_vector_is_an_error(monkeypatch):
    A = np.random.default_rng(0).standard_normal((6, 10))
    monkeypatch.setattr(Shares, "certificate", lambda *_: (0.1, np.zeros((6, 10))))
    with pytest.raises(AssertionError, match=r"dual bound 0\.11.*, yet .* is met"):
        st.null_space_bounds(A, 2)
