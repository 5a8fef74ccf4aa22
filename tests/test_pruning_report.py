"""Reports of pruning: time, Ctrl-C, verification, pictures."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

import sparsetheory as st
from sparsetheory.conditions import pruning
from sparsetheory.conditions.changes import (
    Change,
)

MEASURES = ("raw", "normalised", "scaled")

TOLERANCE = 1e-9


def test_an_open_lower_side_that_decides_is_not_called_harmless(digits):
    layer = digits.take(np.arange(digits.shape[0]), scale=0.3)
    mask = st.pruning_masks(layer)["filter 7"]
    found = st.pruning_effect(layer, 6, mask, time_limit=1e-3)
    assert not found.after[0].below.exact
    assert found.raw.change is Change.UNDECIDED


@pytest.fixture(scope="module")
def digits():
    return st.BlockCirculant.from_conv_layer(st.digits_filters(), size=8)


def test_removing_filters_of_the_digits_layer(digits):
    report = st.pruning_report(digits, 3)
    changes = {
        n: [str(getattr(e, m).change) for m in MEASURES]
        for n, e in report.effects.items()
    }
    assert changes["filter 0"] == ["helps"] * 3
    assert changes["filter 7"] == ["helps", "hurts", "hurts"]
    assert changes["channel 2"] == ["can't hurt", "helps", "can't hurt"]
    assert len(report.table()) == 3 * len(report.effects) == 36
    row = report.table()[3 * 7 + 1]
    effect = report.effects["filter 7"]
    assert (row["name"], row["measure"]) == ("filter 7", "normalised")
    assert (row["before_lower"], row["before_upper"]) == effect.normalised.before
    assert (row["after_lower"], row["after_upper"]) == effect.normalised.after
    assert (
        row["certified_lower"],
        row["certified_upper"],
    ) == effect.normalised.certified
    assert (row["change"], row["reason"], row["exact"]) == ("hurts", "search", True)


@pytest.mark.parametrize("name", ["filter 7", "smallest 0.1"])
def test_brackets_that_time_leaves_open_hold_and_decide_nothing_wrongly(
    digits, name, monkeypatch
):
    mask = st.pruning_masks(digits, fractions=[0.1])[name]
    exact = st.pruning_effect(digits, 4, mask)
    monkeypatch.setattr(pruning, "LEAST", 1e-6)  # so that no search begins
    found = st.pruning_effect(digits, 4, mask, time_limit=1e-6)
    assert exact.exact
    assert not found.exact
    for measure in MEASURES:
        one, all_ = getattr(found, measure), getattr(exact, measure)
        for ours, true in (
            (one.before, all_.before),
            (one.after, all_.after),
            (one.certified, all_.after),
        ):
            assert ours[0] <= true[1]
            assert ours[1] >= true[0]
        weaker = {Change.HELPS: Change.HARMLESS}.get(all_.change)
        assert one.change in (all_.change, weaker, Change.UNDECIDED)
    assert found.raw.after[0] < found.raw.after[1]


def test_effects_are_verified_from_their_evidence(digits):
    masks = st.pruning_masks(digits, fractions=[0.5])
    report = st.pruning_report(
        digits, 3, {n: masks[n] for n in ("filter 7", "smallest 0.5", "channel 0")}
    )
    for effect in report.effects.values():
        assert effect.verify(digits)
        assert effect.removed is None or effect.removed.above.lower >= 3 - TOLERANCE
        assert not effect.verify(digits.take(np.arange(digits.shape[0]), scale=1.01))
        change = replace(effect.raw, change=Change.HURTS)
        for forged in (
            replace(effect, raw=change),
            replace(effect, mask=masks["filter 0"]),
            replace(effect, loss=0.9 * effect.loss + 1e-3),
            replace(effect, k=2),
            replace(effect, after=effect.before),
        ):
            assert not forged.verify(digits)


def test_ctrl_c_keeps_what_is_done(digits, monkeypatch):
    calls, search = [], pruning.rip_constant

    def interrupted(A, k, **options):
        calls.append(A)
        if len(calls) < 2 + 2 * 3 + 2:
            return search(A, k, **options)
        found = search(A, k, **options | {"time_limit": 1e-6})
        return replace(found, interrupted=True)  # what Ctrl-C does to it

    monkeypatch.setattr(pruning, "rip_constant", interrupted)
    report = st.pruning_report(digits, 4)
    assert not report.complete
    assert list(report.effects) == ["filter 0", "filter 1"]
    assert len(calls) == 10
    with pytest.raises(KeyboardInterrupt):
        st.pruning_effect(digits, 4, st.pruning_masks(digits)["filter 0"])


def test_a_report_stops_in_time_and_shows_its_progress(digits, capsys):
    report = st.pruning_report(digits, 6, time_limit=0.5, progress=True)
    assert report.complete
    assert "12/12" in capsys.readouterr().err
    assert not any(effect.exact for effect in report.effects.values())
    assert all(
        report.effects[f"channel {c}"].raw.change is not Change.UNDECIDED
        for c in range(4)
    )


def test_what_is_known_before_is_not_searched_again(digits, monkeypatch):
    mask = st.pruning_masks(digits)["channel 1"]
    first = st.pruning_effect(digits, 2, mask)
    calls, search = [], pruning.rip_constant

    def counted(*args, **options):
        calls.append(args)
        return search(*args, **options)

    monkeypatch.setattr(pruning, "rip_constant", counted)
    again = st.pruning_effect(digits, 2, mask, before=first.before)
    assert len(calls) == 2
    assert (again.raw, again.scaled) == (first.raw, first.scaled)


def drawn_values(ax):
    """Places and values of the marks of a panel, without the line before."""
    lines = [line for line in ax.lines if line.get_linestyle() == "None"]
    pairs = [np.stack([line.get_ydata(), line.get_xdata()], axis=1) for line in lines]
    return {line.get_label(): pair for line, pair in zip(lines, pairs, strict=True)}


def test_pictures_show_each_constant_before_and_after(digits):
    from matplotlib import pyplot as plt

    report = st.pruning_report(digits, 3)
    axes = st.plot_pruning(report)
    labels = [label.get_text() for label in axes[0].get_yticklabels()]
    assert labels == list(report.effects)
    for ax, measure in zip(axes, MEASURES, strict=True):
        found = [getattr(effect, measure) for effect in report.effects.values()]
        (before,) = (line for line in ax.lines if line.get_label() == "before")
        assert set(before.get_xdata()) == {found[0].before[1]}
        marks = np.concatenate(list(drawn_values(ax).values()))
        order = marks[:, 0].argsort()
        assert_allclose(marks[order, 1], [each.after[1] for each in found])
        larger = drawn_values(ax).get("larger", np.empty((0, 2)))[:, 0]
        assert [each.change is Change.HURTS for each in found] == [
            place in larger for place in range(len(found))
        ]
    plt.close(axes[0].figure)


def test_pictures_show_brackets(digits):
    from matplotlib import pyplot as plt

    mask = {"filter 7": st.pruning_masks(digits)["filter 7"]}
    report = st.pruning_report(digits, 6, mask, time_limit=0.05)
    figure, mine = plt.subplots(3)
    axes = st.plot_pruning(report, mine)
    for ax, own, measure in zip(axes, mine, MEASURES, strict=True):
        assert ax is own
        found = getattr(report.effects["filter 7"], measure)
        (bar,) = ax.collections[0].get_segments()
        assert_allclose(bar[:, 0], found.after)
    with pytest.raises(ValueError, match="axes must be 3, got 2"):
        st.plot_pruning(report, mine[:2])
    with pytest.raises(ValueError, match="empty"):
        st.plot_pruning(replace(report, effects={}))
    plt.close(figure)
