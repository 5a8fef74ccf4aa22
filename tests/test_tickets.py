"""Tickets drawn: counts and estimates against exact laws, engines, files, pictures."""

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest
from matplotlib import pyplot as plt
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

import sparsetheory as st
from sparsetheory.experiments import blocks, tickets

FIELDS = ("successes", "signed_successes", "overlap", "top_k_signed")


def same(one, other):
    for name in FIELDS:
        assert_array_equal(getattr(one, name), getattr(other, name))


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.mark.parametrize("amplitude", [0.0, 1.0])
def test_counts_are_as_exact_laws_say(amplitude):
    n, k, sigma, trials = 10, 3, 0.5, 100_000
    t = np.array([0.3, 0.52, 0.9])
    found = st.ticket_trials(n, k, t, sigma=sigma, amplitude=amplitude, trials=trials)
    options = {"sigma": sigma, "amplitude": amplitude}
    laws = [
        (found.successes, st.log_ticket_probability(n, k, t, **options)),
        (
            found.signed_successes,
            st.log_ticket_probability(n, k, t, **options, signed=True),
        ),
        (found.overlap[-1], st.log_top_k_ticket_probability(n, k, **options)),
        (
            found.top_k_signed,
            st.log_top_k_ticket_probability(n, k, **options, signed=True),
        ),
    ]
    for counts, log_p in laws:
        p = np.exp(log_p)
        error = 5 * np.sqrt(p * (1 - p) / trials)
        assert np.all(np.abs(counts / trials - p) < error + 1 / trials)
    assert found.overlap.sum() == trials
    if amplitude == 0:
        tail = np.cumsum(found.overlap[::-1])[::-1] / trials
        p = np.exp(st.log_top_k_overlap(n, k, np.arange(k + 1)))
        assert np.all(np.abs(tail - p) <= 5 * np.sqrt(p * (1 - p) / trials))


def laplace(rng, size):
    return rng.laplace(size=size)


def cauchy(rng, size):
    return rng.standard_cauchy(size)


@pytest.mark.parametrize(
    ("draw", "log_tail"),
    [(laplace, stats.laplace.logsf), (cauchy, stats.cauchy.logsf)],
)
@pytest.mark.parametrize("amplitude", [0.0, 1.5])
def test_counts_of_any_law_are_as_exact_laws_say(draw, log_tail, amplitude):
    n, k, sigma, trials = 5, 2, 0.7, 50_000
    t = [0.5, float(st.optimal_threshold(n, k, sigma, log_tail=log_tail)), 1.8]
    options = {"sigma": sigma, "amplitude": amplitude}
    found = st.ticket_trials(n, k, t, draw=draw, trials=trials, **options)
    for signed, counts in ((0, found.successes), (1, found.signed_successes)):
        p = np.exp(
            st.log_ticket_probability(
                n, k, t, **options, log_tail=log_tail, signed=signed
            )
        )
        error = 5 * np.sqrt(p * (1 - p) / trials)
        assert np.all(np.abs(counts / trials - p) < error)
        assert np.any(np.abs(counts / trials - 1.5 * p) > error)


def test_a_store_tells_draws_apart(tmp_path):
    options = {"trials": 400, "store": tmp_path / "tickets.db"}
    one = st.ticket_trials(10, 3, 1.0, draw=laplace, **options)
    other = st.ticket_trials(10, 3, 1.0, draw=cauchy, **options)
    assert np.any(one.overlap != other.overlap)
    same(one, st.ticket_trials(10, 3, 1.0, draw=laplace, trials=400))
    same(other, st.ticket_trials(10, 3, 1.0, draw=cauchy, **options))


def test_overlaps_by_a_threshold_are_counted():
    n, k, t, trials = 12, 4, [0.6, 1.2], 50_000
    found = st.ticket_trials(n, k, t, amplitude=0.8, trials=trials)
    assert_array_equal(found.found.sum(axis=1), trials)
    for row, u in zip(found.found, t, strict=True):
        p = np.exp(st.log_threshold_overlap(n, k, u, found=range(5), amplitude=0.8))
        tail = row[::-1].cumsum()[::-1] / trials
        assert np.all(np.abs(tail - p) <= 5 * np.sqrt(p * (1 - p) / trials) + 1e-12)


def test_intervals_of_every_count():
    found = st.ticket_trials(6, 2, [0.5, 1.0], trials=500)
    exact = st.clopper_pearson_interval
    for of in ("successes", "signed_successes", "top_k_signed"):
        assert_array_equal(found.interval(of=of), exact(getattr(found, of), 500))
    for of in ("overlap", "found"):
        low, high = found.interval(0.9, of=of)
        counts = getattr(found, of)
        assert_array_equal(low[..., 0], exact(500, 500, 0.9)[0])
        assert_array_equal(high[..., -1], exact(counts[..., -1], 500, 0.9)[1])
        assert_array_equal(low[..., 1], exact(500 - counts[..., 0], 500, 0.9)[0])
    with pytest.raises(ValueError, match=r"of must be one of .* got 'trials'"):
        found.interval(of="trials")


def test_bad_draws_are_named():
    for draw, message in (
        (lambda rng, size: rng.random(3), r"shape \(250,\) to match size, got \(3,\)"),
        (lambda rng, size: np.full(size, np.nan), "draw must be finite, got nan"),
    ):
        with pytest.raises(ValueError, match=message):
            st.ticket_trials(5, 2, 1.0, draw=draw, trials=50)


def test_counts_are_those_that_plain_code_finds():
    n, k, t = 6, 2, 0.9
    found = st.ticket_trials(n, k, t, trials=500, seed=3)
    w = np.random.default_rng((3, n, 0, k, 0, 1)).standard_normal((500, n))
    kept = np.abs(w) >= t
    target = np.arange(n) < k
    right = (kept == target).all(axis=1)
    assert found.successes == right.sum()
    assert found.signed_successes == (right & (w[:, :k] > 0).all(axis=1)).sum()
    order = np.argsort(-np.abs(w), axis=1)[:, :k]
    assert_array_equal(found.overlap, np.bincount((order < k).sum(axis=1), minlength=3))


def test_more_trials_extend_the_same_draws(monkeypatch):
    monkeypatch.setattr(tickets, "CELLS", 700)
    for trials in (70, 71, 139, 140):
        few = st.ticket_trials(10, 2, trials=trials)
        more = st.ticket_trials(10, 2, trials=trials + 70)
        assert np.all(more.overlap >= few.overlap)
        assert more.overlap.sum() == trials + 70
    parts = [
        tickets._count(tickets.check_lottery(10, 2, None, 1.0, 0.0, 0), None, (i, 70))
        for i in (0, 1)
    ]
    assert_array_equal(
        np.sum(parts, axis=0)[2:5], st.ticket_trials(10, 2, trials=140).overlap
    )


def test_more_trials_of_subset_sums_extend_the_same_draws():
    few, more = (st.subset_sum_trials(5, trials=count) for count in (20, 50))
    assert_array_equal(few.subset, more.subset[:, :20])
    assert_array_equal(few.single, more.single[:, :20])


def test_progress_goes_to_standard_error(capsys):
    st.ticket_trials(5, 2, trials=30, progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert "30/30" in err


def test_ends_of_the_sparsity():
    all_ = st.ticket_trials(4, 4, [0.0, 9.0], trials=50)
    assert all_.successes.tolist() == [50, 0]
    assert all_.overlap.tolist() == [0, 0, 0, 0, 50]
    none = st.ticket_trials(4, 0, [0.0, 9.0], trials=50)
    assert none.successes.tolist() == [0, 50]
    assert none.overlap.tolist() == [50]
    for k, t in ((0, 1.3), (4, 0.7)):
        found = st.rare_ticket_probability(4, k, t)
        exact = st.log_ticket_probability(4, k, t)
        assert abs(found.log_p[0] - exact) < 5 * found.relative_error[0]


def test_blocks_are_not_listed_ahead():
    def failing(block):
        raise KeyError(block)

    with pytest.raises(KeyError, match=r"\(0, 4\)"):
        blocks.run_blocks(failing, {}, 2**70, 4, blocks.Engine(workers=1))


@pytest.mark.parametrize("workers", [1, 3])
def test_results_do_not_depend_on_the_engine(workers, monkeypatch):
    monkeypatch.setattr(tickets, "CELLS", 1000)
    plain = st.ticket_trials(10, 3, [0.8, 1.2], trials=1050)
    same(st.ticket_trials(10, 3, [0.8, 1.2], trials=1050, workers=workers), plain)
    with ThreadPoolExecutor(workers) as pool:
        other = st.ticket_trials(
            10, 3, [0.8, 1.2], trials=1050, executor=pool, workers=workers
        )
    same(other, plain)
    rare = [
        st.rare_ticket_probability(9, 2, repeats=9, workers=w) for w in (1, workers)
    ]
    assert_array_equal(rare[0].log_estimates, rare[1].log_estimates)
    sums = [st.subset_sum_trials([3, 9], trials=40, workers=w) for w in (1, workers)]
    assert_array_equal(sums[0].subset, sums[1].subset)


@pytest.mark.slow
def test_processes_give_the_same_counts():
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        found = st.ticket_trials(10, 3, trials=60_000, executor=pool, workers=2)
        errors = st.pruned_neuron_trials(5, executor=pool, workers=2).errors
    same(found, st.ticket_trials(10, 3, trials=60_000))
    assert_array_equal(errors, st.pruned_neuron_trials(5).errors)


def test_what_is_in_the_store_is_not_run_again(tmp_path, monkeypatch):
    monkeypatch.setattr(tickets, "CELLS", 1000)
    store = tmp_path / "tickets.db"
    plain = st.ticket_trials(10, 3, trials=350)
    same(
        st.ticket_trials(10, 3, trials=200, store=store),
        plain_part := st.ticket_trials(10, 3, trials=200),
    )
    run = []
    original = blocks._run

    def watched(function, block):
        run.append(block)
        return original(function, block)

    monkeypatch.setattr(blocks, "_run", watched)
    same(st.ticket_trials(10, 3, trials=350, store=store), plain)
    assert sorted(run) == [(2, 100), (3, 50)]
    run.clear()
    same(st.ticket_trials(10, 3, trials=350, store=store), plain)
    same(st.ticket_trials(10, 3, trials=200, store=store), plain_part)
    assert run == []
    for other in ({"seed": 1}, {"sigma": 2.0}, {"amplitude": 1.0}, {"t": 1.0}):
        st.ticket_trials(10, 3, trials=100, store=store, **other)
        assert run.pop() == (0, 100)
    first = st.rare_ticket_probability(10, 3, repeats=3, draws=50, store=store)
    again = st.rare_ticket_probability(10, 3, repeats=4, draws=50, store=store)
    assert_array_equal(first.log_estimates, again.log_estimates[:, :3])
    assert run == [(0, 1), (1, 1), (2, 1), (3, 1)]
    run.clear()
    sums = [st.subset_sum_trials([4, 6], trials=20, store=store) for _ in range(2)]
    assert_array_equal(sums[0].single, sums[1].single)
    assert len(run) == 4
    # beside the trials of recovery, in the same file
    grid = {"n": 20, "delta": [0.5], "rho": [0.2], "trials": 4}
    for target, cover, other in ((0.4, False, 0), (0.5, True, 0), (0.5, False, 1)):
        options = {"cover": cover, "seed": other, "trials": 20}
        stored = st.subset_sum_trials(4, target, **options, store=store)
        fresh = st.subset_sum_trials(4, target, **options)
        assert_array_equal(stored.subset, fresh.subset)
        assert_array_equal(stored.cover, fresh.cover)
    for d in (1, 2):
        stored = st.pruned_neuron_trials(3, d=d, trials=5, store=store)
        fresh = st.pruned_neuron_trials(3, d=d, trials=5)
        assert_array_equal(stored.errors, fresh.errors)
    kept = st.phase_transition(st.iht, **grid, store=store)
    assert_array_equal(kept.outcomes, st.phase_transition(st.iht, **grid).outcomes)


def test_exact_intervals_are_those_of_binomial_tests():
    for s, n in [(0, 7), (1, 7), (4, 9), (9, 9), (3, 10**6)]:
        for level in (0.9, 0.95, 0.999):
            low, high = st.clopper_pearson_interval(s, n, level)
            expected = stats.binomtest(s, n).proportion_ci(level, method="exact")
            assert_allclose([low, high], [expected.low, expected.high], rtol=2e-6)
    assert np.isnan(st.clopper_pearson_interval(0, 0)).all()


def test_exact_intervals_never_fall_short():
    n, counts = 12, np.arange(13)
    low, high = st.clopper_pearson_interval(counts, n, 0.9)
    for p in np.linspace(0.01, 0.99, 99):
        covered = (low <= p) & (p <= high)
        assert stats.binom(n, p).pmf(counts)[covered].sum() >= 0.9
    found = st.ticket_trials(5, 2, [0.5, 1.0], trials=100)
    assert_array_equal(
        found.interval(0.9), st.clopper_pearson_interval(found.successes, 100, 0.9)
    )
    with pytest.raises(ValueError, match=r"successes must lie in 0\.\.trials"):
        st.clopper_pearson_interval(3, 2)
    with pytest.raises(ValueError, match="level must lie in"):
        st.clopper_pearson_interval(1, 2, 1.0)


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        ((0, 0), {}, ValueError, "n must be at least 1, got 0"),
        ((5, 6), {}, ValueError, r"k must be in 0\.\.5, got 6"),
        ((5.0, 2), {}, TypeError, "n must be an integer, got 5.0"),
        ((5, 0), {}, ValueError, "t must be given for k = 0"),
        ((5, 2, -1.0), {}, ValueError, "not negative, got -1.0"),
        ((5, 2, []), {}, ValueError, "got nothing"),
        ((5, 2, [1.0, np.nan]), {}, ValueError, "t must be finite, got nan"),
        ((5, 2, 1j), {}, TypeError, "t must be real"),
        ((5, 2, 1.0), {"sigma": 0}, ValueError, "sigma must be positive"),
        ((5, 2, 1.0), {"amplitude": -1}, ValueError, "amplitude must be non-negative"),
        ((5, 2, 1.0), {"seed": -1}, ValueError, "seed must be at least 0, got -1"),
        ((5, 2, 1.0), {"workers": 0}, ValueError, "workers must be at least 1"),
    ],
)
def test_bad_arguments_are_named(arguments, options, error, message):
    for function in (st.ticket_trials, st.rare_ticket_probability):
        with pytest.raises(error, match=message):
            function(*arguments, **options)


def test_bad_numbers_of_trials_are_named(tmp_path):
    with pytest.raises(ValueError, match="trials must be at least 1, got 0"):
        st.ticket_trials(5, 2, trials=0)
    with pytest.raises(ValueError, match="repeats must be at least 2, got 1"):
        st.rare_ticket_probability(5, 2, repeats=1)
    with pytest.raises(ValueError, match="draws must be at least 1, got 0"):
        st.rare_ticket_probability(5, 2, draws=0)
    text = tmp_path / "notes.txt"
    text.write_text("not a store of trials, but a text of some length\n" * 50)
    with pytest.raises(ValueError, match=r"notes\.txt is not a store"):
        st.ticket_trials(5, 2, store=text)
    with pytest.raises(FileNotFoundError, match="folder"):
        st.ticket_trials(5, 2, store=tmp_path / "no" / "store.db")
