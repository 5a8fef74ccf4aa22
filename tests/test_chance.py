"""No free lunch: what nobody can guess, and tests that would notice a guess."""

from functools import cache

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

import sparsetheory as st


@cache
def bench(seeds=6):
    return st.lottery_bench("wine", hidden=[12], seeds=seeds, steps=60)


@cache
def found():
    return st.chance_study(bench(), rounds=[2, 5], arms=["ticket", "SNIP"])


def test_random_labels_are_uniform_and_know_nothing():
    given = bench(seeds=300)
    drawn = st.random_labels(given)
    assert_array_equal(drawn.data.X, given.data.X)
    assert_array_equal(drawn.w0, given.w0)
    both = np.concatenate([drawn.data.y, drawn.data.test_y], axis=1)
    for labels in (drawn.data.y, drawn.data.test_y):
        counts = np.bincount(labels.ravel(), minlength=3)
        assert stats.chisquare(counts).pvalue > 1e-4
    pairs = (both[:, :-1], both[:, 1:]), (drawn.data.y, given.data.y)
    pairs += ((drawn.data.y[:, :58], drawn.data.test_y),)
    for one, other in (*pairs, (drawn.data.test_y, given.data.test_y)):
        table = np.histogram2d(one.ravel(), other.ravel(), bins=3)[0]
        assert stats.chi2_contingency(table).pvalue > 1e-4
    assert len({tuple(row) for row in both}) == 300
    alone = st.random_labels(st.lottery_bench("wine", hidden=[12], seeds=[7], steps=60))
    assert_array_equal(alone.data.y[0], drawn.data.y[7])


def test_what_networks_guess_is_binomial():
    """Also over seeds: sums of squares of the standardised counts."""
    given = bench(seeds=200)
    result = st.chance_study(given, rounds=[4], arms=["ticket", "SNIP"])
    n = result.trials
    for counts in result.correct.values():
        z = (counts[0] - n / 3) / np.sqrt(n * 2 / 9)
        assert 1e-4 < stats.chi2.cdf((z**2).sum(), 200) < 1 - 1e-4
    assert result.least_p > 1e-4


def test_accuracies_are_those_of_a_study_on_the_random_labels():
    study = st.lottery_study(
        st.random_labels(bench()), rounds=[2, 5], arms=["ticket", "SNIP"]
    )
    assert found().trials == 58
    for name in ("ticket", "SNIP"):
        assert_allclose(found().correct[name] / 58, study.accuracy[name])
    assert_allclose(found().correct["dense"][0] / 58, study.dense)
    pieces = st.chance_pieces(bench(), rounds=[2, 5], arms=["SNIP"])
    assert_array_equal(pieces["SNIP"](), study.accuracy["SNIP"])


def test_counts_are_whole_whatever_rounding_does_to_shares():
    assert int(58 * (31 / 58)) == 30
    counts = [[31, 0, 58, 1, 30, 29]]
    known = {name: np.array(counts) / 58 for name in ("dense", "ticket")}
    result = st.chance_study(bench(), rounds=[2], arms=["ticket"], known=known)
    assert_array_equal(result.correct["ticket"], counts)


def test_p_values_and_intervals_are_the_exact_binomial_ones():
    count = int(found().correct["SNIP"][1].sum())
    test = stats.binomtest(count, 6 * 58, 1 / 3)
    assert found().p("SNIP") == test.pvalue
    exact = test.proportion_ci(0.9)
    ends = found().interval("SNIP", level=0.9)
    assert_allclose(ends, [exact.low, exact.high])
    each = [found().p(n, i) for n, i in (("dense", 0), ("ticket", 0), ("ticket", 1))]
    each += [found().p("SNIP", i) for i in range(2)]
    assert found().least_p == min(1, 5 * min(each))


def test_who_has_seen_the_answers_is_noticed():
    def cheat(case):
        data = case.bench.data
        seen = st.train(
            *(case.bench.network, case.bench.w0, data.test_X, data.test_y),
            steps=400,
            seed=case.bench.seeds,
        )
        return seen.w

    result = st.chance_study(bench(), rounds=[2], arms={"cheat": cheat})
    assert result.p("cheat") < 1e-6
    assert result.least_p < 1e-5
    assert result.interval("cheat")[0] > 1 / 3


def test_true_labels_may_be_guessed_together_so_that_counts_vary_more():
    """Trained on random labels a network names images of one digit alike."""
    given = st.lottery_bench("digits", hidden=[20], seeds=30, steps=60)
    drawn = st.random_labels(given)
    w = drawn.train(drawn.w0, np.ones_like(drawn.w0, bool))
    n = given.data.test_y.shape[1]
    variance = n * 0.1 * 0.9
    z2 = [
        ((n * each.accuracy(w) - n / 10) ** 2 / variance).sum()
        for each in (drawn, given)
    ]
    assert stats.chi2.sf(z2[0], 30) > 1e-4
    assert stats.chi2.sf(z2[1], 30) < 1e-6


def test_the_picture_shows_shares_with_exact_intervals():
    ax = st.plot_chance(found())
    bars = next(c for c in ax.containers if c.get_label() == "SNIP")
    counts = found().correct["SNIP"][::-1].sum(axis=1)
    assert_allclose(bars[0].get_ydata(), 100 * counts / (6 * 58))
    ends = [part[:, 1] for part in bars[2][0].get_segments()]
    exact = [found().interval("SNIP", at) for at in (1, 0)]
    assert_allclose(ends, 100 * np.array(exact))
    assert_allclose(ax.lines[-1].get_ydata(), 100 / 3)
