"""What isometry constants are asked of: any array, any scale, and to stop at once."""

import itertools
import re
import signal
import sys
import types

import numpy as np
import pytest
import scipy.sparse
from numpy.testing import assert_allclose
from scipy.sparse.linalg import aslinearoperator
from threadpoolctl import threadpool_info

import sparsetheory as st
from sparsetheory import _parallel
from sparsetheory._parallel import blas_held
from sparsetheory.conditions import _search
from sparsetheory.conditions.gram import unit_columns


def exhaustive(A, k):
    G = A.conj().T @ A
    S = np.array(list(itertools.combinations(range(len(G)), k)))
    w = np.linalg.eigvalsh(G[S[:, :, None], S[:, None, :]])
    return w[:, -1].max() - 1, 1 - w[:, 0].min()


def assert_ends(found, ends):
    assert found.exact
    pair = found.above.lower, found.below.lower
    assert_allclose(pair, ends, rtol=1e-11, atol=1e-11 * max(1.0, 1 + ends[0]))


def blas_threads():
    return [i["num_threads"] for i in threadpool_info() if i["user_api"] == "blas"]


@pytest.fixture
def A():
    return np.random.default_rng(3).standard_normal((5, 8))


@pytest.mark.parametrize("k", [5, 6, 8])
def test_as_many_columns_as_there_are(A, k):
    for B in (A, A.T):
        if k <= B.shape[1]:
            found = st.rip_constant(B, k, both=True)
            assert_ends(found, exhaustive(B, k))
            assert found.verify(B)
    assert st.rip_constant(A, k).below.lower <= 1


def test_one_column_and_one_entry():
    for A in (np.array([[3.0], [4.0]]), np.array([[5.0]])):
        found = st.rip_constant(A, 1)
        assert_ends(found, (24.0, -24.0))
        assert found.verify(A)
        assert_allclose(found.kappa, 1, atol=1e-10)
        assert st.rip_constant(A, 1, normalise=True).lower == 0


def test_nothing_but_zeros():
    found = st.rip_constant(np.zeros((3, 5)), 3, both=True)
    assert_ends(found, (-1.0, 1.0))
    assert found.kappa == (1.0, np.inf)  # nothing is known
    assert found.scaled == (0.0, 1.0)


@pytest.mark.parametrize("scale", [1e-300, 1e-160, 1e-150, 1e150, 1e154, 1e300])
def test_columns_of_norm_one_have_the_constants_of_any_scale(A, scale):
    found = st.rip_constant(scale * A, 4, normalise=True, both=True)
    assert_ends(found, exhaustive(A / np.linalg.norm(A, axis=0), 4))
    assert found.verify(scale * A)


def test_columns_of_very_different_length_are_normalised(A):
    B = A.copy()
    B[:, 0] *= 1e150
    B[:, 1] *= 1e-300
    for k in (2, 4):
        one, two = (st.rip_constant(C, k, normalise=True) for C in (A, B))
        assert_allclose(one.lower, two.lower, atol=1e-12)
    U, norms = unit_columns(B)
    assert_allclose(np.linalg.norm(U, axis=0), 1, rtol=1e-15)
    assert_allclose(U * norms, B, rtol=1e-15)
    assert_allclose(norms[0], 1e150 * np.linalg.norm(A[:, 0]), rtol=1e-15)


@pytest.mark.parametrize("scale", [1e60, 1e8, 1e4, 1e-4, 1e-8, 1e-150])
def test_condition_numbers_tell_what_rounding_leaves_of_them(A, scale):
    above, below = exhaustive(A, 4)
    kappa = (1 + above) / (1 - below)
    found = st.rip_constant(scale * A, 4, both=True)
    low, high = found.kappa
    assert low <= kappa <= high
    assert found.scaled[0] <= (kappa - 1) / (kappa + 1) <= found.scaled[1]
    if scale > 1:
        assert high - low < 1e-6 * kappa


@pytest.mark.parametrize("scale", [1e71, 1e150, 1e200])
def test_entries_whose_squares_overflow_are_refused(A, scale):
    layer = st.BlockCirculant(scale * A.reshape(2, 4, 5)[:, :2], 9)
    for B, entries in ((scale * A, scale * A), (layer, layer.filters)):
        message = f"entries below 1e+70, got {np.abs(entries).max():.1e}"
        with pytest.raises(ValueError, match=re.escape(message)):
            st.rip_constant(B, 3)


def test_a_channel_too_short_to_normalise_is_named(A):
    h = A.reshape(2, 4, 5)[:, :2].copy()
    h[:, 1] *= 1e-160
    with pytest.raises(ValueError, match=r"channel 1 of length"):
        st.rip_constant(st.BlockCirculant(h, 9), 2, normalise=True)


@pytest.mark.parametrize("dtype", ["f4", "f2", "i8", "i1", "u1", "?", "c8", "c16", "g"])
def test_numbers_of_any_type(A, dtype):
    B = np.abs(3 * A).astype(dtype)
    wide = B.astype(complex if B.dtype.kind == "c" else float)
    found = st.rip_constant(B, 3, both=True)
    assert_ends(found, exhaustive(wide, 3))
    assert found.verify(B)


@pytest.mark.parametrize(
    "form",
    [
        scipy.sparse.csr_array,
        scipy.sparse.coo_array,
        scipy.sparse.csc_matrix,
        scipy.sparse.dia_array,
        aslinearoperator,
        np.asfortranarray,
        lambda B: np.repeat(B, 2, axis=1)[:, ::2],
        lambda B: B[::-1],
        lambda B: B.tolist(),
    ],
)
@pytest.mark.parametrize("kind", [float, complex])
def test_arrays_of_any_form(A, form, kind):
    B = A.astype(kind)
    if kind is complex:
        B += 1j * A[::-1]
    found = st.rip_constant(form(B), 3, both=True)
    assert_ends(found, exhaustive(B, 3))
    assert found.verify(form(B))


@pytest.mark.parametrize(
    ("A", "error", "message"),
    [
        (np.ones(4), ValueError, r"2 axes, got shape \(4,\)"),
        (np.ones((1, 2, 3)), ValueError, r"got shape \(1, 2, 3\)"),
        (np.ones((3, 0)), ValueError, r"got shape \(3, 0\)"),
        (np.array([[1, np.nan]]), ValueError, r"finite, got nan at \(0, 1\)"),
        (np.array([[1, 1j * np.inf]]), ValueError, r"finite, got .*infj\) at"),
        (np.array([["a", "b"]]), TypeError, "numeric"),
        (np.ones((2, 3), dtype=object), TypeError, "numeric"),
        (np.ma.array(np.ones((2, 3))), TypeError, "masked"),
    ],
)
def test_what_is_no_matrix_is_refused(A, error, message):
    with pytest.raises(error, match=message):
        st.rip_constant(A, 1)


@pytest.mark.parametrize("limit", [0, -1.0, np.nan, np.inf])
def test_a_time_limit_is_positive(A, limit):
    with pytest.raises(ValueError, match="time_limit must be positive"):
        st.rip_constant(A, 2, time_limit=limit)


def test_a_constant_of_a_wider_matrix_is_not_verified_on_a_narrow_one(A):
    assert not st.rip_constant(A, 4).verify(A[:, :3])


@pytest.mark.parametrize("method", ["chain", "ordered", "connected"])
@pytest.mark.parametrize("call", [1, 4])
def test_ctrl_c_in_a_search_leaves_what_is_certified(monkeypatch, method, call):
    A = np.random.default_rng(0).standard_normal((8, 14))
    ends = exhaustive(A, 5)
    calls, run, before = itertools.count(), _search.Race.run, blas_threads()

    def interrupted(self, level):
        self.budget = 20
        if next(calls) == call:
            signal.raise_signal(signal.SIGINT)
        return run(self, level)

    def alone(self, *arguments):
        begin(self, *arguments)
        self.methods = [method]

    begin = _search.Sections.__init__
    with monkeypatch.context() as patch:
        patch.setattr(_search.Race, "run", interrupted)
        patch.setattr(_search.Sections, "__init__", alone)
        found = st.rip_constant(A, 5, both=True)
    assert next(calls) == call + 1
    assert not found.exact
    for side, end in zip((found.above, found.below), ends, strict=True):
        assert side.lower - side.rounding <= end <= side.upper + side.rounding
    assert found.verify(A)
    assert blas_threads() == before


def test_ctrl_c_before_a_search_is_an_interrupt(monkeypatch, A):
    def interrupted(*_):
        assert set(blas_threads()) == {1}
        signal.raise_signal(signal.SIGINT)

    before = blas_threads()
    monkeypatch.setattr("sparsetheory.conditions.isometry.gram", interrupted)
    with pytest.raises(KeyboardInterrupt):
        st.rip_constant(A, 3)
    assert blas_threads() == before


def test_blas_is_held_until_the_last_one_lets_go():
    before = blas_threads()
    with blas_held():
        with pytest.raises(ZeroDivisionError), blas_held():
            raise ZeroDivisionError
        assert set(blas_threads()) == {1}
    assert blas_threads() == before


def test_libraries_that_come_later_are_held(monkeypatch):
    with blas_held():
        pass
    looks = _parallel._libraries.cache_info().misses
    with blas_held():
        pass
    assert _parallel._libraries.cache_info().misses == looks
    monkeypatch.setitem(sys.modules, "something_new", types.ModuleType("new"))
    with blas_held():
        pass
    assert _parallel._libraries.cache_info().misses == looks + 1
