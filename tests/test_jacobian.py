"""Jacobians as measurement matrices, and sparse changes that they recover."""

from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import sparsetheory as st
from sparsetheory.conditions._search import Clock
from sparsetheory.experiments.jacobian import lasso

NETWORK = st.mlp([6, 5, 3], activation="tanh")


@pytest.fixture
def model(rng):
    w = st.initial_weights(NETWORK, 0) + 0.1 * rng.standard_normal(NETWORK.n)
    return w, rng.standard_normal((40, 6))


def test_solvers_and_conditions_take_the_operator_as_they_take_the_matrix(model, rng):
    w, X = model
    A, J = NETWORK.jacobian_operator(w, X), NETWORK.jacobian(w, X)
    x = st.sparse_signal(NETWORK.n, 2, rng)
    y = A @ x
    assert A.shape == J.shape == (120, NETWORK.n)
    assert_allclose(st.iht(A, y, 2).x, st.iht(J, y, 2).x, atol=1e-9)
    lam = 0.1 * float(abs(J.T @ y).max())
    assert_allclose(st.fista(A, y, lam).x, st.fista(J, y, lam).x, atol=1e-9)
    one, other = st.mutual_coherence(A), st.mutual_coherence(J)
    assert_allclose(one.value, other.value)  # attained by a pair for each output
    isometries = [st.rip_constant(M, 2, normalise=True).lower for M in (A, J)]
    assert_allclose(*isometries, rtol=1e-9)
    # Of pairs of unit columns the constant is their coherence.
    assert_allclose(isometries[0], one.value, rtol=1e-9)


def test_the_error_of_linearity_is_quadratic_in_the_change(model, rng):
    w, X = model
    v = rng.standard_normal(NETWORK.n)
    before, slope = NETWORK.outputs(w, X), NETWORK.jvp(w, v, X)
    error = [
        np.linalg.norm(NETWORK.outputs(w + t * v, X) - before - t * slope)
        for t in (1e-2, 1e-3)
    ]
    assert_allclose(error[0] / error[1], 100, rtol=0.1)


def test_outputs_are_linear_in_the_last_layer(model, rng):
    w, X = model
    parts = [np.zeros(s) for s in NETWORK.shapes]
    parts[2] = rng.standard_normal(NETWORK.shapes[2])
    v = NETWORK.join(parts)
    move = NETWORK.outputs(w + v, X) - NETWORK.outputs(w, X)
    assert_allclose(move, NETWORK.jvp(w, v, X), atol=1e-13)


def test_products_that_are_not_adjoint_are_refused(rng):
    M = rng.standard_normal((5, 8))
    good = st.jacobian_operator(lambda v: M @ v, lambda u: M.T @ u, (5, 8))
    assert_allclose(good.T @ np.ones(5), M.sum(axis=0))
    assert st.adjoint_mismatch(good) < 1e-15
    wrong = M.copy()
    wrong[2, 3] += 1e-3
    with pytest.raises(ValueError, match="must be adjoint to one another"):
        st.jacobian_operator(lambda v: M @ v, lambda u: wrong.T @ u, (5, 8))


def test_products_in_single_precision_are_taken_for_what_they_are(rng):
    M = rng.standard_normal((50, 80)).astype(np.float32)

    def made(back, kind="f4"):
        products = lambda v: (M @ v).astype(kind), lambda u: (back.T @ u).astype(kind)
        return st.jacobian_operator(*products, M.shape)

    assert (made(M) @ np.ones(80)).dtype == np.float64
    assert st.adjoint_mismatch(made(M, "f2")) > 1e-7  # more than of double precision
    with pytest.raises(ValueError, match="must be adjoint"):
        made(1.01 * M)


@pytest.mark.parametrize(
    ("jvp", "vjp", "message"),
    [
        (lambda v: np.ones(2), lambda u: np.ones(3), r"jvp must return shape \(4,\)"),
        (lambda v: np.ones(4), lambda u: np.ones((3, 1)), "vjp must return shape"),
        (lambda v: np.full(4, np.nan), lambda u: np.ones(3), "must return finite"),
        (lambda v: np.ones(4) * 1j, lambda u: np.ones(3), "got complex128"),
        (lambda v: np.ones(4, int), lambda u: np.ones(3), "got int64"),
    ],
)
def test_products_of_other_shapes_or_kinds_are_refused(jvp, vjp, message):
    with pytest.raises((TypeError, ValueError), match=message):
        st.jacobian_operator(jvp, vjp, (4, 3))


def test_an_operator_refuses_complex_vectors_and_empty_shapes():
    same = st.jacobian_operator(lambda v: v.copy(), lambda u: u.copy(), (3, 3))
    with pytest.raises(TypeError, match="complex128"):
        same @ (1j * np.ones(3))
    for shape in ((3,), (0, 3), (3, 1.5)):
        with pytest.raises((TypeError, ValueError), match="shape must be"):
            st.jacobian_operator(lambda v: v, lambda u: u, shape)


OPTIONS = {"samples": [10, 40], "k": [1, 2], "trials": 6, "time_limit": 1.0}


@pytest.fixture(scope="module")
def result():
    rng = np.random.default_rng(0)
    w, X = st.initial_weights(NETWORK, 0), rng.standard_normal((80, 6))
    sizes = [1e-3, 0.0, 1e-1, 1.0]
    return w, X, st.jacobian_recovery(NETWORK, w, X, size=sizes, **OPTIONS)


def test_small_changes_are_found_and_large_ones_are_not(result):
    found = result[2]
    assert found.successes.shape == (2, 4, 2, 2)
    assert (found.successes[1, :2, 1] == 6).all()  # the LASSO
    assert (found.successes[0, :2, 1] >= 5).all()
    two = found.successes[..., 1].sum(axis=(0, 2))
    assert two[3] < two[1] / 2


def test_the_error_of_linearity_falls_as_the_change_shrinks(result):
    small, none, middle, large = result[2].linearity
    assert not none.any()
    bent = middle > 1e-9  # others are of the last layer
    assert bent.mean() > 0.5
    assert (small[~bent] < 1e-9).all()
    assert_allclose(np.median((middle / small)[bent]), 100, rtol=0.2)
    assert np.median(middle) < np.median(large)


def test_what_is_said_of_the_matrices_holds(result):
    found = result[2]
    assert_array_equal(found.m, [30, 120])
    assert (found.seen == NETWORK.n).all()
    for coherence, isometry in zip(found.coherence, found.isometry, strict=True):
        assert isometry.normalised
        assert isometry.k == 3
        # Of pairs the constant is the coherence, of more columns no less.
        assert 0.1 < coherence.value <= isometry.upper
        assert isometry.lower >= coherence.value * (1 - 1e-9)
    low, high = found.interval()
    share = found.successes / 6
    assert ((low <= share) & (share <= high)).all()


def test_changes_have_the_size_and_the_entries_that_are_said(result):
    w, X, _ = result
    seen = []

    class Watched(st.Network):
        def outputs(self, w, X):
            seen.append(w)
            return super().outputs(w, X)

    network = Watched(NETWORK.layers, NETWORK.activation)
    options = {"samples": 10, "k": 4, "trials": 3, "workers": 1, "order": 1}
    st.jacobian_recovery(network, w, X, size=[0.5, 0.0], **options)
    changes = np.array([v - w for v in seen if (v != w).any()])
    assert len(changes) == 3
    sizes = np.linalg.norm(changes, axis=1) / np.linalg.norm(w)
    assert_allclose(sizes, 0.5, rtol=1e-12)
    for change in changes:
        assert np.count_nonzero(change) == 4
        assert_allclose(abs(change[change != 0]), 0.25 * np.linalg.norm(w))


def test_outcomes_depend_on_the_seed_and_on_nothing_else(result):
    w, X, found = result
    options = OPTIONS | {"samples": 40, "k": [2], "trials": 4}
    again = st.jacobian_recovery(NETWORK, w, X, size=[1e-1], workers=1, **options)
    assert_array_equal(again.outcomes[:, 0, 0, 0], found.outcomes[:, 2, 1, 1, :4])
    assert_array_equal(again.linearity[0, 0, 0], found.linearity[2, 1, 1, :4])
    with ProcessPoolExecutor(1) as pool:
        other = st.jacobian_recovery(
            *(NETWORK, w, X),
            **{"size": [1e-1], "workers": 1, "executor": pool, **options},
        )
    assert_array_equal(other.outcomes, again.outcomes)
    different = st.jacobian_recovery(NETWORK, w, X, size=[1e-1], seed=1, **options)
    assert (different.linearity != again.linearity).all()


def test_what_is_asked_for_twice_comes_out_twice(result):
    w, X, found = result
    asked = OPTIONS | {"samples": [40, 10, 40], "k": [2, 1, 2, 2], "order": 2}
    again = st.jacobian_recovery(NETWORK, w, X, size=[1e-1, 0.0], **asked)
    rows, columns, sizes = [1, 0, 1], [1, 0, 1, 1], [2, 1]
    both = np.ix_(range(2), sizes, rows, columns)
    assert_array_equal(again.outcomes, found.outcomes[both])
    assert_array_equal(again.linearity, found.linearity[np.ix_(sizes, rows, columns)])
    assert_array_equal(again.seen, found.seen[np.ix_(rows, columns)])
    assert_array_equal(again.m, [120, 30, 120])
    assert again.k.tolist() == asked["k"]
    assert again.coherence[0] is again.coherence[2]
    assert again.isometry[0] is again.isometry[2]
    assert again.coherence[0].value != again.coherence[1].value


def test_an_interrupt_ends_all_of_it(result, monkeypatch):
    w, X, _ = result

    def pressed(self, nodes=0):
        raise KeyboardInterrupt

    monkeypatch.setattr(Clock, "tick", pressed)
    A = np.random.default_rng(0).standard_normal((12, 30))
    assert st.rip_constant(A, 3).interrupted  # an answer all the same
    with pytest.raises(KeyboardInterrupt):
        st.jacobian_recovery(NETWORK, w, X, **OPTIONS)


def test_parameters_without_effect_are_left_out():
    network = st.mlp([6, 5, 3])
    parts = network.split(st.initial_weights(network, 0))
    parts[1][:2] = -100  # two units that never fire
    rng = np.random.default_rng(0)
    X = rng.standard_normal((80, 6))
    X[:, 3] = 0
    w = network.join(parts)
    found = st.jacobian_recovery(network, w, X, samples=60, k=1, trials=3)
    # Their rows with biases, their columns, and the weights of an input that is zero.
    assert (found.seen == network.n - 2 * 7 - 2 * 3 - 3).all()
    assert (found.successes == 3).all()
    with pytest.raises(ValueError, match="k must be at most 30"):
        st.jacobian_recovery(network, w, X, samples=60, k=31, trials=1)


def test_a_solver_that_stops_short_is_unresolved_and_zeros_are_no_success():
    def nothing(A, y, k):
        return st.Recovery(np.zeros(A.shape[1]), 0, False)

    def all_equal(A, y, k):
        return st.Recovery(np.ones(A.shape[1]), 0, True)

    X = np.random.default_rng(0).standard_normal((80, 6))
    found = st.jacobian_recovery(
        *(NETWORK, st.initial_weights(NETWORK, 0), X),
        **{"samples": 10, "k": 2, "trials": 5},
        solvers={"nothing": nothing, "equal": all_equal, "LASSO": lasso},
    )
    assert found.solvers == ("nothing", "equal", "LASSO")
    assert found.unresolved[0].item() == 5
    assert found.successes[:2].sum() == 0
    assert found.unresolved[1].item() == 0
    everything = {"samples": 20, "k": NETWORK.n, "trials": 1, "order": 1}
    found = st.jacobian_recovery(
        *(NETWORK, st.initial_weights(NETWORK, 0), X),
        **{"solvers": {"nothing": nothing}, **everything},
    )
    assert found.successes.item() == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"samples": 81}, r"samples must be in 1\.\.80, got 81"),
        ({"samples": []}, "samples must be a number or a list"),
        ({"k": 0}, r"k must be in 1\.\.53, got 0"),
        ({"size": -1.0}, "size must be non-negative"),
        ({"trials": 0}, "trials must be at least 1"),
        ({"seed": -1}, "seed must be at least 0"),
        ({"order": 54}, r"order must be in 1\.\.53"),
        ({"solvers": {}}, "solvers must not be empty"),
        ({"size": [0.1, 1e308]}, r"changes a length, got 1e\+308 times \|\|w\|\| = "),
        ({"time_limit": -1.0}, "time_limit must be"),
    ],
)
def test_bad_options_are_named(change, message, result):
    w, X, _ = result
    with pytest.raises(ValueError, match=message):
        st.jacobian_recovery(NETWORK, w, X, **{"samples": 5, "k": 1} | change)


def test_a_change_that_vanishes_in_rounding_or_overflows_is_not_found(result):
    w, X, _ = result
    options = {"samples": 20, "k": 1, "trials": 2, "order": 1}
    found = st.jacobian_recovery(NETWORK, w, X, size=[1e-3, 1e-18], **options)
    assert found.successes[1, 0].item() == 2
    assert not found.successes[:, 1].any()
    assert not found.unresolved.any()
    assert (found.linearity[1] == 1).all()  # the outputs did not move
    relu = st.mlp([6, 5, 3])
    options["k"] = 20  # products of changes in two layers overflow
    found = st.jacobian_recovery(relu, w, X, size=1e304, **options)
    assert not np.isfinite(found.linearity).any()
    assert not found.successes.any()
    assert not found.unresolved.any()


def test_a_change_whose_effect_has_no_square_is_not_found(result):
    w, X, _ = result
    relu = st.mlp([6, 5, 3])
    options = {"samples": 20, "k": 20, "trials": 2, "order": 1}
    found = st.jacobian_recovery(relu, w, X, size=[1e150, 1e-3], **options)
    assert np.isfinite(found.linearity).all()
    assert (found.linearity[0] > 1e140).all()
    assert not found.successes[:, 0].any()
    assert not found.unresolved[:, 0].any()


def test_without_parameters_there_is_no_relative_size_but_the_limit(result):
    options = {"samples": 20, "k": 1, "trials": 2, "order": 1}
    zero = np.zeros(NETWORK.n)
    found = st.jacobian_recovery(NETWORK, zero, result[1], size=0.0, **options)
    assert (found.seen == 3).all()  # the last biases alone
    with pytest.raises(ValueError, match=r"got 0\.1 times \|\|w\|\| = 0\.0"):
        st.jacobian_recovery(NETWORK, zero, result[1], size=0.1, **options)


def test_the_order_is_at_most_what_is_seen(result):
    zero = np.zeros(NETWORK.n)
    options = {"samples": [1, 20], "k": 1, "trials": 1, "size": 0.0}
    found = st.jacobian_recovery(NETWORK, zero, result[1], order=5, **options)
    assert [each.k for each in found.isometry] == [3, 3]


def test_what_was_run_is_in_the_store(result, tmp_path):
    w, X, _ = result
    calls = []

    class Watched(st.Network):
        def outputs(self, w, X):
            calls.append(len(X))
            return super().outputs(w, X)

    network = Watched(NETWORK.layers, NETWORK.activation)
    store = tmp_path / "trials.db"
    options = {"samples": [10, 20], "k": [1, 2], "trials": 2, "order": 1, "workers": 1}

    def run(**change):
        calls.clear()
        given = {"size": [1e-3, 0.1], "store": store, **options, **change}
        return st.jacobian_recovery(network, given.pop("w", w), X, **given)

    alone, first = run(store=None), run()
    assert len(calls) == 3 * 8
    again = run()
    assert calls == []
    more = run(samples=[10], k=[2, 3], trials=3)
    assert len(calls) == 3 * 4
    for name in ("outcomes", "linearity", "seen"):
        assert_array_equal(getattr(first, name), getattr(alone, name))
        assert_array_equal(getattr(again, name), getattr(alone, name))
    assert_array_equal(more.outcomes[..., 0, 0, :2], alone.outcomes[..., 0, 1, :])
    for change in ({"w": 1.01 * w}, {"seed": 1}, {"solvers": {"LASSO": lasso}}):
        run(**change)
        assert len(calls) == 3 * 8
        run(**change)
        assert calls == []


def test_a_picture_shows_every_count(result):
    from matplotlib import pyplot as plt

    found = result[2]
    rows, sizes = st.plot_jacobian_recovery(found)
    assert len(rows.containers) == len(sizes.containers) == 4
    data = rows.containers[1][0].get_xydata()  # LASSO, k = 1, at size 0
    assert_allclose(data, np.column_stack([found.m, found.successes[1, 1, :, 0] / 6]))
    data = sizes.containers[2][0].get_xydata()  # IHT, k = 2, with most rows
    order = [1, 0, 2, 3]
    assert_allclose(data[:, 0], found.size[order])
    assert_allclose(data[:, 1], found.successes[0, order, 1, 1] / 6)
    axes = plt.subplots(1, 2)[1]
    assert st.plot_jacobian_recovery(found, axes)[0] is axes[0]
    plt.close("all")
