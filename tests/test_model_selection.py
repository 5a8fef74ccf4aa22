"""Model selection and designs drawn: laws, conditions, engines, files, pictures."""

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from multiprocessing import get_context

import numpy as np
import pytest
from matplotlib import pyplot as plt
from numpy.testing import assert_allclose, assert_array_equal

import sparsetheory as st
from sparsetheory._rng import Role, stream
from sparsetheory.experiments import blocks
from sparsetheory.experiments.designs import SIZE, DesignTrials
from sparsetheory.experiments.model_selection import ModelSelection
from sparsetheory.experiments.records import load_records, save_records

LAYERS = st.random_layers(2, 4, 3, size=16)
select = partial(st.model_selection, 16, [12, 24], 3, beta=[2.0, 10.0], trials=40)
design = partial(st.design_trials, 8, 2, 4, tau=[0.1, np.inf], trials=10)
FIELDS = {
    select: ("value", "worst", "coherence", "inner", "outer"),
    design: ("optimum", "bound", "value", "overlap"),
}


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def same(experiment, one, other):
    for name in FIELDS[experiment]:
        assert_array_equal(getattr(one, name), getattr(other, name))


def test_independent_designs_meet_the_condition_as_often_as_the_exact_law_says():
    trials = 500
    found = st.model_selection(30, [15, 25, 40], 3, beta=1, sigma=0, trials=trials)
    p = found.iid_probability
    assert_allclose(p, st.lasso_support_probability(30, [15, 25, 40], 3))
    error = 5 * np.sqrt(p * (1 - p) / trials)
    assert np.all(np.abs(found.irrepresentable / trials - p) < error)
    assert_array_equal(found.successes()[:, 0], found.irrepresentable)
    other = st.model_selection(
        30, 40, 3, beta=1, trials=trials, ensemble=st.gaussian_equicorrelated
    )
    assert other.irrepresentable / trials < p[-1] - error[-1]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("n", "ensemble"),
    [(20, st.gaussian_equicorrelated), (20, st.gaussian_ar1), (32, LAYERS)],
)
def test_conditions_and_signs_are_those_of_the_drawn_problems(n, ensemble):
    found = st.model_selection(
        n, 24, 3, beta=[3.0], sigma=0.4, ensemble=ensemble, trials=6, seed=5
    )
    for trial in range(6):
        key = (5, n, 24, 3, trial)
        A = ensemble(24, n, stream(*key, Role.MATRIX))
        x = st.sparse_signal(n, 3, stream(*key, Role.SIGNAL), amplitude="signs")
        noise = 0.4 * stream(*key, Role.NOISE).standard_normal(24)
        on = np.flatnonzero(x)
        if np.linalg.matrix_rank(A[:, on]) < 3:
            assert found.value[0, trial] == np.inf
            continue
        assert found.value[0, trial] == st.irrepresentability(A, on, x[on]).value
        assert found.worst[0, trial] == st.irrepresentability(A, on).value
        if np.abs(A).sum(axis=0).all():
            assert found.coherence[0, trial] == st.mutual_coherence(A).value
        window = st.sign_window(A, 3 * x, noise)
        assert_allclose(found.inner[0, trial, 0], window.inner, rtol=1e-12)
        assert_allclose(found.outer[0, trial, 0], window.outer, rtol=1e-12)
        lam = 0.5 * sum(window.inner) if window.low < window.high else 0.4
        z = st.fista(A, A @ (3 * x) + noise, lam, tol=1e-13, max_iter=50_000).x
        right = np.array_equal(np.sign(np.where(np.abs(z) < 1e-6, 0, z)), x)
        assert right == (window.low < lam < window.high)


def test_stronger_conditions_are_met_by_fewer():
    found = st.model_selection(8, [20, 60, 300], 2, beta=[1, 4, 64], trials=100)
    assert np.all(found.coherent <= found.incoherent)
    assert np.all(found.incoherent <= found.irrepresentable)
    assert found.coherent[-1] > 0
    assert found.incoherent[0] < found.irrepresentable[0]
    best = found.successes()
    assert np.all(np.diff(best, axis=1) >= 0)
    some = found.successes([0.5, 2.0, 8.0])
    assert some.shape == (3, 3, 3)
    assert np.all(some <= best[:, :, None])
    assert_array_equal(found.successes(2.0), some[:, :, 1])
    low, high = found.interval([0.5, 2.0, 8.0])
    assert low.shape == some.shape
    assert np.all((low <= some / 100) & (some / 100 <= high))


def test_weights_count_within_the_window_alone():
    found = select()
    fake = ModelSelection(
        **vars(found)
        | {"trials": 1, "m": found.m[:1], "beta": found.beta[:1]}
        | {"inner": np.array([[[[1.0, 2.0]]]]), "outer": np.array([[[[0.5, 3.0]]]])}
    )
    assert_array_equal(
        fake.successes([0.4, 0.6, 1.0, 1.5, 2.0, 2.5]).ravel(), [0, 0, 0, 1, 0, 0]
    )
    assert_array_equal(
        fake.unresolved([0.4, 0.6, 1.0, 1.5, 2.0, 2.5, 3.0]).ravel(),
        [0, 1, 1, 0, 1, 1, 0],
    )
    assert fake.successes() == 1
    assert fake.unresolved() == 0
    with pytest.raises(ValueError, match="lam must be positive"):
        fake.successes([1.0, 0.0])


def test_dependent_columns_leave_a_trial_open():
    def twins(m, n, rng):
        half = st.gaussian(m, n // 2, rng)
        return np.hstack([half, half])

    found = st.model_selection(4, 6, 2, beta=1, ensemble=twins, trials=60)
    dependent = found.value[0] == np.inf
    assert 5 < np.count_nonzero(dependent) < 40
    assert found.unresolved()[0, 0] >= np.count_nonzero(dependent)
    assert found.successes()[0, 0] == 0  # a twin is as good as the feature


def test_rules_are_compared_with_the_exact_optimum():
    found = st.design_trials(7, 2, 3, tau=[0.5, np.inf], trials=8, seed=2)
    for trial in range(8):
        A = st.gaussian_rows(7, 2, stream(2, 2, 7, 3, trial, Role.MATRIX))
        for i, tau in enumerate((0.5, np.inf)):
            best = st.optimal_design(A, 3, tau=tau)
            rows = {
                "magnitude": st.magnitude_rows(A, 3),
                "forward": st.forward_rows(A, 3, tau=tau),
                "backward": st.backward_rows(A, 3, tau=tau),
                "exchange": st.exchange_rows(A, 3, tau=tau),
                "relaxation": st.relaxed_design(A, 3, tau=tau).rows,
            }
            assert found.optimum[i, trial] == best.value
            for name, chosen in rows.items():
                at = found.rules.index(name), i, trial
                assert found.value[at] == st.a_optimality(A, chosen, tau=tau)
                shared = len(set(chosen) & set(best.rows)) / 3
                assert_allclose(found.overlap[at], shared)
    assert np.all(found.efficiency <= 1 + 1e-9)
    assert np.all(found.bound <= found.optimum * (1 + 1e-12))


def test_rows_at_random_overlap_as_chance_says():
    found = st.design_trials(8, 2, 3, trials=400)
    # hypergeometric: the mean is k/m
    variance = 3 * (3 / 8) * (5 / 8) * (5 / 7) / 3**2
    assert found.chance == 3 / 8
    error = 5 * np.sqrt(variance / 400)
    assert abs(found.overlap[-1].mean() - found.chance) < error
    assert found.overlap[0].mean() > found.chance + error


def test_lengths_of_rows_are_as_drawn():
    m, spread = 4000, 0.7
    one = st.gaussian_rows(m, 3, rng=0)
    other = st.gaussian_rows(m, 3, rng=0, spread=spread)
    factors = np.log(np.linalg.norm(other, axis=1) / np.linalg.norm(one, axis=1))
    assert abs(factors.mean()) < 5 * spread / np.sqrt(m)
    assert abs(factors.std() / spread - 1) < 5 / np.sqrt(2 * m)
    assert abs(one.var() - 1) < 5 * np.sqrt(2 / one.size)
    assert_allclose(np.linalg.norm(st.unit_rows(50, 4, rng=0), axis=1), 1)


@pytest.mark.parametrize("experiment", [select, design])
def test_results_do_not_depend_on_the_engine(experiment):
    plain = experiment(workers=1)
    same(experiment, plain, experiment(workers=3))
    with ThreadPoolExecutor(2) as pool:
        same(experiment, plain, experiment(executor=pool, workers=2))


@pytest.mark.slow
@pytest.mark.parametrize("experiment", [select, design])
def test_processes_give_the_same(experiment):
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        same(experiment, experiment(executor=pool, workers=2), experiment())


@pytest.mark.parametrize("experiment", [select, design])
def test_what_is_in_the_store_is_not_run_again(experiment, tmp_path, monkeypatch):
    store, plain = tmp_path / "trials.db", experiment()
    few = 32 if experiment is select else 2 * SIZE
    experiment(trials=few, store=store)
    ran, original = [], blocks._run

    def watched(function, block):
        ran.append(block)
        return original(function, block)

    monkeypatch.setattr(blocks, "_run", watched)
    same(experiment, experiment(store=store), plain)
    assert {number for number, _ in ran} == {2}
    ran.clear()
    same(experiment, experiment(store=store), plain)
    assert ran == []
    other = {"ensemble": st.gaussian_ar1} if experiment is select else {}
    other = other or {"draw": st.unit_rows}
    changed = experiment(store=store, **other)
    assert len(ran) == (6 if experiment is select else 3)
    assert np.any(changed.value != plain.value)


@pytest.mark.parametrize("experiment", [select, design])
def test_more_trials_extend_the_same_draws(experiment):
    few, more = experiment(trials=7), experiment(trials=23)
    axis = 1 if experiment is select else 2
    assert_array_equal(few.value, np.take(more.value, range(7), axis=axis))


@pytest.mark.parametrize("experiment", [select, design])
def test_records_come_back_as_they_were(experiment, tmp_path):
    plain = experiment(trials=5)
    path = save_records(tmp_path / "a.json.gz", {"one": plain}, {"seed": 0})
    records, settings = load_records(path, [ModelSelection, DesignTrials])
    same(experiment, records["one"], plain)
    assert settings == {"seed": 0}
    assert records["one"].seed == plain.seed


def test_progress_goes_to_standard_error(capsys):
    design(progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert "10/10" in err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n": 1}, "n must be at least 2, got 1"),
        ({"k": 21}, r"k must be in 1\.\.20, got 21"),
        ({"m": 2}, "m must be at least 3, got 2"),
        ({"m": []}, r"m must be a number or a list, got \[\]"),
        ({"beta": 0.0}, "beta must be positive, got 0"),
        ({"beta": np.nan}, "beta must be finite, got nan"),
        ({"sigma": -1.0}, "sigma must be non-negative"),
        ({"trials": 0}, "trials must be at least 1, got 0"),
        ({"seed": -1}, "seed must be at least 0, got -1"),
        ({"workers": 0}, "workers must be at least 1, got 0"),
        ({"ensemble": LAYERS}, "n must be 32, that of the layer, got 20"),
    ],
)
def test_bad_arguments_of_model_selection_are_named(options, message):
    given = {"n": 20, "m": 10, "k": 3, "beta": 1.0, "trials": 2} | options
    n, m, k = (given.pop(name) for name in "nmk")
    with pytest.raises(ValueError, match=message):
        st.model_selection(n, m, k, **given)
    with pytest.raises(ValueError, match=r"ensemble must have shape \(4, 3\), got"):
        st.model_selection(3, 4, 2, beta=1.0, ensemble=column)


def column(m, n, rng):
    return np.ones((m, 1))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"k": 11}, r"k must be in 1\.\.10, got 11"),
        ({"k": 2}, "k must be at least 3 without a prior, got 2"),
        ({"tau": [1.0, -1.0]}, "tau must be positive, with inf for no prior, got -1"),
        ({"tau": []}, r"tau must be a number or a list, got \[\]"),
        ({"draw": column}, r"draw must have shape \(10, 3\), got \(10, 1\)"),
    ],
)
def test_bad_arguments_of_designs_are_named(options, message):
    given = {"m": 10, "n": 3, "k": 5, "trials": 2} | options
    m, n, k = (given.pop(name) for name in "mnk")
    with pytest.raises(ValueError, match=message):
        st.design_trials(m, n, k, **given)


def heights(bars):
    return np.asarray(bars.lines[0].get_ydata())


def test_picture_of_model_selection_shows_the_counts():
    found = {"Gaussian": select(), "AR(1)": select(ensemble=st.gaussian_ar1)}
    rows, noisy = st.plot_model_selection(found, lam=2.0)
    for i, result in enumerate(found.values()):
        left, right = rows.containers[i], noisy.containers[i]
        assert_allclose(heights(left), result.irrepresentable / 40)
        assert_allclose(heights(right), result.successes(2.0)[1] / 40)
    exact = rows.lines[0]
    assert_allclose(
        exact.get_ydata(), st.lasso_support_probability(16, exact.get_xdata(), 3)
    )
    assert "weight 2" in noisy.get_title()
    _, axes = plt.subplots(1, 2)
    assert st.plot_model_selection(found, ax=axes)[0] is axes[0]
    assert axes[0].get_legend() is None
    with pytest.raises(ValueError, match="of one n, k and sigma, got"):
        st.plot_model_selection({})
    with pytest.raises(ValueError, match="lam must be one weight"):
        st.plot_model_selection(found, lam=[1.0, 2.0])


def test_picture_of_designs_shows_the_means():
    found = {"Gaussian": design(), "unit": design(draw=st.unit_rows)}
    left, right = st.plot_design(found, rule="forward")
    for i, result in enumerate(found.values()):
        at = result.rules.index("forward")
        assert_allclose(heights(left.containers[i]), result.efficiency[at].mean(axis=1))
        assert_allclose(heights(right.containers[i]), result.overlap[at].mean(axis=1))
    chance = [line for line in right.lines if line.get_label() == "rows at random"]
    assert_allclose(chance[0].get_ydata(), 0.5)
    with pytest.raises(ValueError, match="of one k/m"):
        st.plot_design({})
    with pytest.raises(ValueError, match=r"rule must be one of .* got 'best'"):
        st.plot_design(found, rule="best")
