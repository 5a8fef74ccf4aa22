"""Ratios of times as a picture."""

import pytest
from matplotlib import pyplot as plt

import sparsetheory as st


def test_each_rival_stands_at_its_ratio_on_the_line_of_the_problem():
    ratios = {"a": {"one": 2.0, "two": 5.0}, "b": {"two": 0.5}}
    ax = st.plot_speed_ratios(ratios)
    drawn = {line.get_label(): line.get_xydata() for line in ax.get_lines()}
    assert drawn["one"][0].tolist() == [2.0, 0.0]
    assert drawn["two"].tolist() == [[5.0, 0.0], [0.5, 1.0]]
    assert ax.get_xscale() == "log"
    assert ax.yaxis_inverted()
    plt.close(ax.figure)


@pytest.mark.parametrize("ratios", [{}, {"a": {}}, {"a": {"one": 0.0}}])
def test_nothing_to_draw_is_said(ratios):
    with pytest.raises(ValueError, match="ratios must be positive, and some"):
        st.plot_speed_ratios(ratios)


def test_given_axes_are_drawn_on():
    _, ax = plt.subplots()
    assert st.plot_speed_ratios({"a": {"one": 2.0}}, ax) is ax
    plt.close(ax.figure)
