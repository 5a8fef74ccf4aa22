"""Tickets drawn: counts and estimates against exact laws, engines, files, pictures."""

import math
import tracemalloc
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest
from matplotlib import pyplot as plt
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

import sparsetheory as st
from sparsetheory.experiments import blocks, rare, tickets

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
        (lambda rng, size: rng.random(3), r"draw must have shape \(250,\)"),
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


def variance(n, k, t, draws):
    """The relative variance of one estimate, from those of single draws."""
    q = 2 * stats.norm.sf(t)
    rate = 0.5 * (t + math.sqrt(t * t + 4))
    # second moment of 2 phi / (rate exp(-rate (x - t))) beyond t
    exponent = rate * rate / 4 - rate * t
    area = 0.5 * math.sqrt(math.pi) * math.erfc(t - rate / 2) * math.exp(exponent)
    on = 2 * area / (math.pi * rate) / q**2 - 1
    off = q / (1 - q)
    if t < 1:
        area = 0.5 * math.sqrt(math.pi) * math.erf(t)
        off = 2 * t * area / math.pi / (1 - q) ** 2 - 1
    return (1 + on / draws) ** k * (1 + off / draws) ** (n - k) - 1


@pytest.mark.parametrize(
    ("n", "k", "decade"), [(10, 3, -3), (80, 9, -12), (200, 23, -31), (60, 40, -17)]
)
def test_estimates_of_rare_tickets_are_unbiased_with_the_variance_that_is_said(
    n, k, decade
):
    draws, repeats = 100, 200
    t = float(st.optimal_threshold(n, k))
    exact = float(st.log_ticket_probability(n, k, t))
    assert math.floor(exact / math.log(10)) in (decade, decade - 1)
    found = st.rare_ticket_probability(n, k, t, draws=draws, repeats=repeats, seed=1)
    expected = variance(n, k, t, draws)
    error = 4 * math.sqrt(expected / repeats)
    ratios = np.exp(found.log_estimates[0] - exact)
    assert abs(ratios.mean() - 1) < error
    assert abs(1.5 * ratios.mean() - 1) > error
    assert 0.6 < ratios.var() / expected < 1.6
    assert len(np.unique(ratios)) == repeats
    assert_allclose(found.log_p, math.log(ratios.mean()) + exact)
    assert_allclose(
        found.relative_error, ratios.std(ddof=1) / ratios.mean() / math.sqrt(repeats)
    )


class Nodes:
    """A generator whose only draw is given."""

    def __init__(self, x):
        self.x = x

    def standard_exponential(self, shape):
        return np.full(shape, self.x)


@pytest.mark.parametrize("signed", [False, True])
def test_draws_have_the_variances_that_their_number_is_chosen_by(signed):
    nodes, w = np.polynomial.legendre.leggauss(400)
    nodes, w = 40 * (nodes + 1), 40 * w
    for u, a in [(1.3, 0.5), (2.5, 0.0), (6.0, 0.2), (3.0, 2.9), (0.4, 0.0)]:
        lottery = tickets.Lottery(2, 1, (u,), 1.0, a, 0)
        on, off = rare._variances(lottery, u, signed)
        p = stats.norm.sf(u - a) + (not signed) * stats.norm.sf(u + a)
        logs = [rare._on(Nodes(x), (1, 1), u, a, signed) for x in nodes]
        weights = np.exp(np.array(logs) - math.log(p))
        assert_allclose(w @ (np.exp(-nodes) * weights), 1, rtol=1e-11)
        assert_allclose(w @ (np.exp(-nodes) * (weights - 1) ** 2), on, atol=1e-11)
        if a == 0:
            assert_allclose(on, variance(1, 1, u, 1), rtol=1e-9)
        assert_allclose(off, variance(1, 0, u, 1), rtol=1e-9, atol=1e-14)
    for u, a in [(0.9, 1.1), (3.0, 3.0), (0.0, 0.4)]:
        on, _ = rare._variances(tickets.Lottery(2, 1, (u,), 1.0, a, 0), u, signed)
        p = stats.norm.sf(u - a) + (not signed) * stats.norm.sf(u + a)
        assert_allclose(on, (1 - p) / p, atol=1e-15)


def test_signs_are_estimated_too():
    for t, a in [(1.3, 0.0), (2.0, 0.3), (0.8, 1.5), (12.0, 3.0)]:
        found = st.rare_ticket_probability(40, 6, t, amplitude=a, signed=True)
        exact = st.log_ticket_probability(40, 6, t, amplitude=a, signed=True)
        assert found.signed
        assert abs(np.expm1(found.log_p - exact)) < 5 * found.relative_error
        assert found.relative_error < 0.05
        other = st.log_ticket_probability(40, 6, t, amplitude=a)
        if a < 1:
            assert abs(np.expm1(found.log_p - other)) > 5 * found.relative_error


def test_so_many_draws_are_made_that_the_error_stays_moderate():
    found = st.rare_ticket_probability(8000, 2000, repeats=5, seed=3)
    q = 0.25
    assert found.draws >= 6000 * q / (1 - q)
    assert found.draws < 1.2 * 6000 * q / (1 - q) + 1
    exact = st.log_ticket_maximum(8000, 2000)
    assert abs(found.log_p - exact) < 5 * math.sqrt(math.expm1(1) / 5)
    assert st.rare_ticket_probability(100, 10, repeats=2).draws == 1000


def test_too_few_draws_are_warned_of():
    options = {"draws": 20, "repeats": 100, "seed": 3}
    with pytest.warns(RuntimeWarning, match=r"above 0\.5 with 20 draws .* 1000 d"):
        found = st.rare_ticket_probability(8000, 800, **options)
    # what the warning is for: the spread alone does not tell
    off = np.expm1(st.log_ticket_maximum(8000, 800) - found.log_p)
    assert off > 2 * found.relative_error


def test_the_warning_is_for_relative_errors_above_a_half():
    n, k, repeats = 300, 30, 10
    t = float(st.optimal_threshold(n, k))
    draws = np.arange(1, 100)
    error = np.sqrt([variance(n, k, t, N) / repeats for N in draws])
    enough = int(draws[error <= 0.5][0])
    st.rare_ticket_probability(n, k, t, draws=enough, repeats=repeats)
    with pytest.warns(RuntimeWarning, match="error above"):
        st.rare_ticket_probability(n, k, t, draws=enough - 1, repeats=repeats)


def test_draws_of_many_weights_take_little_memory():
    tracemalloc.start()
    st.rare_ticket_probability(20_000, 10, draws=1000, repeats=2, workers=1)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 40e6  # all at once takes 160 MB and more


def test_estimates_that_are_all_zero_have_an_infinite_error():
    with pytest.warns(RuntimeWarning, match="above 0.5"):
        found = st.rare_ticket_probability(400, 0, 1.0, draws=1, repeats=3)
    assert found.log_p == -np.inf
    assert found.relative_error == np.inf
    far = st.rare_ticket_probability(10, 3, 1e99)
    assert_allclose(far.log_p, -1.5e198, rtol=1e-9)
    for options in ({"t": 1e200}, {"t": 1.0, "amplitude": 1e200}):
        with pytest.raises(ValueError, match=r"at most 1e\+100 sigma, got 1e\+200"):
            st.rare_ticket_probability(10, 3, **options)


def test_blocks_are_not_listed_ahead():
    def failing(block):
        raise KeyError(block)

    with pytest.raises(KeyError, match=r"\(0, 4\)"):
        blocks.run_blocks(failing, {}, 2**70, 4, blocks.Engine(workers=1))


def test_estimates_reach_a_tenth_far_below_the_floats():
    for n, k, t, amplitude in [
        (1000, 100, 1.645, 0.0),
        (100, 10, 30.0, 0.0),
        (200, 20, 12.0, 3.0),
        (300, 10, 0.05, 0.0),
    ]:
        found = st.rare_ticket_probability(
            n, k, t, amplitude=amplitude, draws=200, repeats=60
        )
        exact = st.log_ticket_probability(n, k, t, amplitude=amplitude)
        assert exact < -300 or amplitude
        assert found.relative_error < 0.1
        assert abs(np.expm1(found.log_p - exact)) < 5 * found.relative_error


@pytest.mark.parametrize("amplitude", [0.6, 5.0])
def test_estimates_with_a_signal_on_either_side_of_the_threshold(amplitude):
    options = {"sigma": 2.0, "amplitude": amplitude}
    t = [1.5, 4.0, 4.9, 5.1, 8.0]
    found = st.rare_ticket_probability(20, 4, t, **options, draws=300, repeats=100)
    exact = st.log_ticket_probability(20, 4, t, **options)
    assert np.all(np.abs(np.expm1(found.log_p - exact)) < 5 * found.relative_error)
    assert np.all(found.relative_error < 0.1)
    alone = st.rare_ticket_probability(20, 4, t[2], **options, draws=300, repeats=100)
    assert_array_equal(alone.log_estimates[0], found.log_estimates[2])


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
        ((5, 0), {}, ValueError, "t must be finite, got inf"),
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


def drawn(ax, label):
    return next(line for line in ax.lines if line.get_label() == label)


def test_the_picture_of_a_ticket_has_the_exact_curve_and_the_counts():
    found = st.ticket_trials(10, 3, [0.01, 1.0, 1.5], sigma=0.5, trials=20_000)
    ax = st.plot_ticket_probability(found)
    x, y = drawn(ax, "exact").get_data()
    expected = st.log_ticket_probability(10, 3, 0.5 * x, 0.5) / math.log(10)
    assert_allclose(y, expected)
    top = drawn(ax, "the $k$ largest").get_ydata()
    assert_allclose(top, -math.log10(120))
    best = drawn(ax, "best threshold").get_xdata()
    assert_allclose(best, st.optimal_threshold(10, 3))
    (bars,) = ax.containers
    good = found.successes > 0
    assert 0 < good.sum() < 3
    assert_allclose(bars.lines[0].get_xdata(), 2 * found.t[good])
    assert_allclose(
        bars.lines[0].get_ydata(), np.log10(found.successes[good] / found.trials)
    )
    ends = np.array([s[:, 1] for s in bars.lines[2][0].get_segments()])
    assert_allclose(10**ends, np.transpose(found.interval())[good])
    (none,) = [line for line in ax.lines if line.get_marker() == "v"]
    assert_allclose(none.get_ydata(), np.log10(found.interval()[1][~good]))
    assert ax.get_legend() is not None


def test_the_picture_of_rare_tickets_has_their_estimates():
    _, ax = plt.subplots()
    found = st.rare_ticket_probability(60, 6, [1.0, 4.0], repeats=20)
    assert st.plot_ticket_probability(found, ax) is ax
    (bars,) = ax.containers
    assert_allclose(bars.lines[0].get_ydata(), found.log_p / math.log(10))
    ends = np.array([s[:, 1] for s in bars.lines[2][0].get_segments()])
    shares = 10 ** (ends - bars.lines[0].get_ydata()[:, None])
    error = found.relative_error
    assert_allclose(shares, np.transpose([1 - 1.96 * error, 1 + 1.96 * error]))
    assert ax.get_legend() is None


def test_the_picture_over_sparsity_has_one_point_for_each_result():
    found = [st.rare_ticket_probability(30, k, repeats=10) for k in (3, 15)]
    ax = st.plot_ticket_sparsity(found)
    (bars,) = ax.containers
    assert_allclose(bars.lines[0].get_xdata(), [0.1, 0.5])
    levels = [each.log_p[0] / math.log(10) for each in found]
    assert_allclose(bars.lines[0].get_ydata(), levels)
    exact = ax.lines[0].get_ydata()
    assert_allclose(exact, st.log_ticket_maximum(30, np.arange(31)) / math.log(10))
    with pytest.raises(ValueError, match="must be of one n without signal"):
        st.plot_ticket_sparsity([])
    with pytest.raises(ValueError, match="must be of one n without signal"):
        st.plot_ticket_sparsity([*found, st.ticket_trials(20, 3, trials=10)])
    with pytest.raises(ValueError, match="must be of one n without signal"):
        st.plot_ticket_sparsity([st.ticket_trials(20, 3, amplitude=1.0, trials=10)])


def test_the_picture_of_subset_sums_has_medians_and_quartiles():
    found = st.subset_sum_trials([4, 8], trials=40)
    ax = st.plot_subset_sum(found)
    single, subset = ax.containers
    assert_allclose(subset.lines[0].get_ydata(), np.median(found.subset, axis=1))
    assert_allclose(single.lines[0].get_ydata(), np.median(found.single, axis=1))
    ends = [s[:, 1] for s in subset.lines[2][0].get_segments()]
    assert_allclose(ends, np.quantile(found.subset, [0.25, 0.75], axis=1).T)
    assert ax.get_yscale() == "log"
