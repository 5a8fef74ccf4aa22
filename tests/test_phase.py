"""Phase maps: streams, verdicts, storage; certified counts against the exact law."""

import functools
import threading
import warnings

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.stats import chi2

import sparsetheory as st
from sparsetheory.experiments.setting import describe
from sparsetheory.types import Recovery

GRID = {"n": 60, "delta": [0.3, 0.6, 0.9], "rho": [0.1, 0.3, 0.9], "trials": 8}
COUNTS = ("successes", "failures", "unresolved")


@pytest.mark.parametrize("solver", [st.iht, st.basis_pursuit])
def test_a_cell_depends_on_nothing_but_itself(solver):
    whole = st.phase_transition(solver, **GRID)
    part = st.phase_transition(solver, **(GRID | {"delta": [0.6], "rho": [0.9, 0.3]}))
    for name in COUNTS:
        expected = getattr(whole, name)[[2, 1], 1:2]
        assert_array_equal(getattr(part, name), expected)


def test_workers_change_nothing():
    one, four = (st.phase_transition(st.iht, **GRID, workers=w) for w in (1, 4))
    assert_array_equal(one.outcomes, four.outcomes)


def test_more_trials_extend_a_map():
    few = st.phase_transition(st.iht, **GRID)
    many = st.phase_transition(st.iht, **(GRID | {"trials": 20}))
    for name in COUNTS:
        assert np.all(getattr(many, name) >= getattr(few, name))


def problems_posed(**options):
    posed, lock = [], threading.Lock()

    def spy(A, y, k):
        with lock:
            posed.append((A, y, k))
        return Recovery(np.zeros(A.shape[1]), 0, True)

    st.phase_transition(spy, **options)
    return posed


def test_every_trial_is_another_problem():
    posed = problems_posed(**GRID)
    assert len(posed) == 9 * 8
    assert len({A.tobytes() for A, _, _ in posed}) == len(posed)
    assert len({y.tobytes() for _, y, _ in posed}) == len(posed)


def test_two_solvers_and_two_seeds():
    first, again, other = (
        sorted(y.tobytes() for _, y, _ in problems_posed(**GRID, seed=s))
        for s in (1, 1, 2)
    )
    assert first == again != other


def test_cells_have_the_sizes_that_the_map_says():
    posed = problems_posed(**GRID)
    result = st.phase_transition(st.iht, **GRID)
    sizes = {
        (m, k) for m, column in zip(result.m, result.k.T, strict=True) for k in column
    }
    assert {(A.shape[0], k) for A, _, k in posed} == sizes
    assert_array_equal(result.m, [18, 36, 54])
    assert_array_equal(result.k, [[2, 4, 5], [5, 11, 16], [16, 32, 49]])


def test_tiny_ratios_still_run_one_row_and_one_nonzero():
    result = st.phase_transition(st.iht, n=10, delta=[0.01], rho=[0.01], trials=1)
    assert (result.m[0], result.k[0, 0]) == (1, 1)


def test_corners():
    for solver in (st.iht, st.basis_pursuit):
        share = st.phase_transition(solver, **GRID).probability
        assert share[0, 2] == 1.0  # many measurements, few nonzeros
        assert share[2, 0] == 0.0


def outcome(x_hat, converged):
    def solver(A, y, k):
        return Recovery(x_hat(A, y), 1, converged)

    options = {"n": 8, "delta": [1.0], "rho": [0.5], "trials": 3}
    result = st.phase_transition(solver, **options)
    return tuple(int(getattr(result, name)[0, 0]) for name in COUNTS)


def test_three_outcomes():
    def right(A, y):
        return np.linalg.solve(A, y)

    assert outcome(right, True) == outcome(right, False) == (3, 0, 0)
    assert outcome(lambda A, y: 1.0009 * right(A, y), False) == (3, 0, 0)
    assert outcome(lambda A, y: 1.0011 * right(A, y), True) == (0, 3, 0)
    assert outcome(lambda A, y: 1.0011 * right(A, y), False) == (0, 0, 3)
    assert outcome(lambda A, y: np.nan * y, False) == (0, 0, 3)


def test_solvers_that_stop_short_do_not_warn():
    short = functools.partial(st.iht, max_iter=1, tol=1e-14)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = st.phase_transition(short, **GRID)
    assert result.unresolved.sum() > 0


def test_an_error_in_a_solver_is_raised():
    def broken(A, y, k):
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        st.phase_transition(broken, **GRID)


def test_certified_and_solved_basis_pursuit_agree():
    certified = st.phase_transition(st.basis_pursuit, **GRID)
    solved = st.phase_transition(lambda A, y, k: st.basis_pursuit(A, y), **GRID)
    assert certified.unresolved.sum() == 0
    assert np.abs(certified.successes - solved.successes).sum() <= 1
    assert certified.settings["success"] == "certificate"
    assert solved.settings["success"] == "||x_hat - x|| <= 0.001 ||x||"


def test_ensembles_signals_and_layers():
    layer = st.BlockCirculant.from_conv_layer(np.ones((1, 2, 3)), 20)  # 20 x 40
    ensemble = st.random_rows(layer)
    result = st.phase_transition(
        st.iht,
        delta=[0.25, 0.5, 0.75],
        rho=[0.1],
        trials=3,
        ensemble=ensemble,
        signal="signs",
    )
    assert result.n == 40
    assert_array_equal(result.counts, [[3, 3, 0]])
    assert np.isnan(result.probability[0, 2])
    assert np.isnan(result.interval()[0][0, 2])
    assert result.settings["signal"] == "sparse_signal(amplitude='signs')"
    assert result.settings["ensemble"] == repr(ensemble)


@pytest.mark.parametrize("solver", [st.ista, st.fista, st.group_ista])
def test_a_penalised_solver_is_refused_with_the_wrapper_to_write(solver):
    with pytest.raises(TypeError, match=rf"lambda A, y, k: st.{solver.__name__}\("):
        st.phase_transition(solver, **GRID)


def test_the_wrapper_that_the_message_shows_works():
    result = st.phase_transition(
        lambda A, y, k: st.fista(A, y, 1e-4 * abs(A.T @ y).max()), **GRID
    )
    assert result.successes[0, 2] == 8


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n": None}, "n must be given"),
        ({"n": 1}, "n must be at least 2, got 1"),
        ({"delta": [0.0]}, r"delta must lie in \(0, 1\], got 0.0"),
        ({"delta": []}, r"delta must lie in \(0, 1\], got nothing"),
        ({"rho": [0.5, 1.5]}, r"rho must lie in \(0, 1\], got 1.5"),
        ({"rho": [np.nan]}, "rho must be finite, got nan"),
        ({"trials": 0}, "trials must be at least 1, got 0"),
        ({"seed": -1}, "seed must be at least 0, got -1"),
        ({"seed": 0.5}, "seed must be an integer, got 0.5"),
        ({"workers": 0}, "workers must be at least 1, got 0"),
        ({"tol": 0.0}, "tol must be positive and finite, got 0.0"),
        ({"signal": "loud"}, "amplitude must be one of .* got 'loud'"),
        ({"signal": lambda n, k, rng: np.ones(3)}, r"the signal must have shape \(60,"),
        ({"ensemble": st.random_rows(np.eye(5))}, "n must be 5, .* got 60"),
    ],
)
def test_bad_options_are_named(options, message):
    with pytest.raises((TypeError, ValueError), match=message):
        st.phase_transition(st.iht, **(GRID | options))


@pytest.mark.parametrize(
    ("solver", "message"),
    [
        ("iht", "solver must be a callable .* got 'iht'"),
        (lambda A: None, r"must take \(A, y, k\), it takes \(A\)"),
        (lambda A, y, k: A, "must return a Recovery, got ndarray"),
    ],
)
def test_bad_solvers_are_named(solver, message):
    with pytest.raises(TypeError, match=message):
        st.phase_transition(solver, **GRID)


def test_descriptions_are_the_same_on_every_run():
    assert describe(functools.partial(st.iht, tol=0.1)) == "iht(tol=0.1)"

    class Callable:
        def __call__(self):
            return None

    assert " at 0x" not in describe(Callable())
    assert " at 0x" not in describe(functools.partial(st.iht, step=Callable()))


# Certified basis pursuit at n = 200 against the exact law: conic intrinsic volumes,
# computed once by numerical integration, to 10 digits.

EXACT = {  # m: {k: probability of success}
    20: {2: 0.9820, 3: 0.8184, 4: 0.4800, 5: 0.1907, 6: 0.0535},
    50: {9: 0.9853, 12: 0.7610, 13: 0.6056, 15: 0.2870, 18: 0.0441},
    100: {30: 0.9829, 35: 0.8191, 39: 0.5023, 43: 0.1951, 48: 0.0290},
    150: {70: 0.9410, 76: 0.7550, 81: 0.4919, 86: 0.2360, 92: 0.0608},
}


@pytest.mark.slow
def test_certified_counts_follow_the_exact_law_and_no_other():
    trials, seed = 300, 2
    right = wrong = 0.0
    for m, law in EXACT.items():
        found = st.phase_transition(
            st.basis_pursuit,
            n=200,
            delta=[m / 200],
            rho=np.array(list(law)) / m,
            trials=trials,
            seed=seed,
        )
        assert_array_equal(found.k.ravel(), list(law))
        assert found.unresolved.sum() == 0
        share = found.probability.ravel()
        p = np.array(list(law.values()))
        right += float(np.sum((share - p) ** 2 / (p * (1 - p)))) * trials
        shifted = st.l1_success_probability(200, m - 2, list(law))
        q = np.clip(shifted, 0.005, 0.995)
        wrong += float(np.sum((share - q) ** 2 / (q * (1 - q)))) * trials
    low, high = chi2.ppf([1e-4, 1 - 1e-4], 20)
    assert low < right < high
    assert wrong > chi2.ppf(1 - 1e-12, 20)


@pytest.mark.slow
@pytest.mark.parametrize(("signal", "k50"), [("gaussian", 75.6), ("signs", 56.0)])
def test_normalised_iht_turns_where_it_should(signal, k50):
    # 50 % points at n = 400, m = 200, known to about 0.5 in k; half of the interval's
    # width, about 1.5, is the error of this run.
    curve = st.transition_curve(
        st.iht, n=400, delta=[0.5], trials=500, signal=signal, seed=1
    )
    assert curve.high[0] - curve.low[0] < 4
    assert abs(curve.k50[0] - k50) < 0.5 + (curve.high[0] - curve.low[0])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"ensemble": lambda m, n, rng: st.gaussian(n, n, rng)},
            "the ensemble must draw 18 x 60, got",
        ),
        (
            {"signal": lambda n, k, rng: np.zeros(n)},
            r"the signal must have k = [25] nonzeros, got 0",
        ),
    ],
)
def test_draws_that_are_not_what_was_asked_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        st.phase_transition(st.iht, **(GRID | options), workers=1)


@pytest.mark.parametrize("shape", [(60, 1), (59,), ()])
def test_solutions_of_another_shape_are_named(shape):
    def odd(A, y, k):
        return Recovery(np.zeros(shape), 1, True)

    with pytest.raises(ValueError, match=r"must return x of shape \(60,\), got"):
        st.phase_transition(odd, **GRID)


def test_an_error_ends_the_run_at_the_next_trial():
    begun, lock = [], threading.Lock()

    def slow(A, y, k):
        with lock:
            begun.append(k)
            if len(begun) == 3:
                raise KeyboardInterrupt
        return Recovery(np.zeros(A.shape[1]), 1, True)

    with pytest.raises(KeyboardInterrupt):
        st.phase_transition(slow, **(GRID | {"trials": 200}), workers=2)
    assert len(begun) < 200
