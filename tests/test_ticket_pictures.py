"""Pictures of tickets and of subset sums."""

import math

import numpy as np
import pytest
from matplotlib import pyplot as plt
from numpy.testing import assert_allclose

import sparsetheory as st


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


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
