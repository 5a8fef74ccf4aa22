"""Verdicts on tickets along training, from studies of few seeds and of made numbers."""

from functools import cache

import numpy as np
import pytest

import sparsetheory as st
from sparsetheory.claims import Finding, rewinding, training


@cache
def bench():
    return st.lottery_bench("wine", hidden=[20], seeds=3)


@cache
def tickets():
    return bench().rewound(rounds=14)


@cache
def rewound():
    steps = (0, *rewinding.LATE)
    return st.rewinding_study(bench(), steps=steps, rounds=rewinding.ENDS, points=3)


def study(function, **options):
    return function(bench(), tickets=tickets(), **{"rounds": training.ENDS, **options})


@cache
def spectra():
    small = st.lottery_bench("wine", hidden=[5], seeds=3)
    return st.sharpness_study(small, rounds=9)


NUMBERS = {
    "C25": lambda: training.curvature(spectra()),
    "C51": lambda: rewinding.connections(rewound()),
    "C86": lambda: rewinding.few_steps(rewound()),
    "C90": lambda: training.noise(study(st.noise_study)),
    "C91": lambda: training.tamer(spectra(), study(st.step_size_study)),
    "C93": lambda: training.batches(study(st.batch_study)),
    "C94": lambda: training.orders(study(st.order_study, orders=3)),
    "C95": lambda: training.times(study(st.speed_study, rounds=training.SPEED_ENDS)),
}
RULES = {
    claim.id: claim.rule for module in (rewinding, training) for claim in module.CLAIMS
}


@pytest.mark.parametrize("name", NUMBERS)
def test_three_seeds_decide_nothing(name):
    numbers = NUMBERS[name]()
    assert numbers["seeds"] == 3
    assert all(np.isfinite(value) for value in numbers.values())
    assert RULES[name](numbers) is Finding.UNDECIDED


def test_with_three_seeds_a_theorem_is_still_one():
    numbers = rewinding.resetting(rewound(), rewound())
    assert RULES["C53"](numbers) is Finding.REFUTED
    assert numbers["error_of_sum_added"] == pytest.approx(2, rel=1e-12)
    right = {"error_of_sum_added": 0.0}
    assert RULES["C53"]({**numbers, **right}) is Finding.UNDECIDED
    numbers = training.real_flow(study(st.flow_study))
    assert RULES["C58"](numbers) is Finding.LOOSE
    assert RULES["C58"]({**numbers, "loss_left_by_mask": 0.0}) is Finding.HOLDS


def test_numbers_are_those_of_the_studies():
    found = study(st.noise_study)
    effect = found.effect("ticket", "ticket", value=2.0, base=0.0, at=1)
    numbers = training.noise(found)
    assert numbers["twentieth_with_2"] == 100 * effect.mean
    assert numbers["twentieth_with_2_p"] == effect.p
    late = rewound().connected[rewound().steps.index(80), 1, 0]
    assert rewinding.connections(rewound())["connected_from_80"] == late.sum()
    found = study(st.batch_study)
    effect = found.effect("dense", "dense", value=25, base=5)
    assert training.batches(found)["dense_gains_low"] == 100 * effect.low


def test_a_few_steps_can_only_speak_for_flatter_ones():
    sharper = {"seeds": 10, "seeds_better_conditioned": 0, "change_at_80": 1.0}
    sharper |= {f"change_at_80_{k}": v for k, v in (("low", 0.5), ("high", 1.5))}
    sharper["change_at_80_p"] = 0.002
    rest = {f"change_at_{s}_{k}": 0.0 for s in (4, 20) for k in ("low", "high", "p")}
    last = {f"change_at_400_{k}": 0.0 for k in ("low", "high", "p")}
    assert RULES["C25"]({**sharper, **rest}) is Finding.UNDECIDED
    assert RULES["C25"]({**sharper, **rest, **last}) is Finding.NOT_AT_THIS_SCALE
    flatter = {"change_at_80_high": -0.1, "change_at_80_low": -1.0}
    assert RULES["C25"]({**sharper, **flatter}) is Finding.UNDECIDED
    better = {"seeds_better_conditioned": 10}
    assert RULES["C25"]({**sharper, **flatter, **better}) is Finding.HOLDS


def test_any_of_several_differences_is_tested_at_a_smaller_level():
    x = {"a": -1.0, "a_low": -2.0, "a_high": -0.5, "a_p": 0.02}
    assert training.below(x, "a")
    assert not training.below(x, "a", 3)
    assert not training.above(x, "a")
    mirrored = {"a_low": 0.5, "a_high": 2.0, "a_p": 0.02}
    assert training.above(mirrored, "a")
    assert training.above(mirrored, "a", 2)
    assert not training.above(mirrored, "a", 3)


@pytest.mark.slow
def test_on_digits_other_seeds_show_what_was_found_before():
    b = st.lottery_bench("digits", seeds=range(40, 50))
    found = b.rewound(rounds=14)
    lines = st.rewinding_study(b, steps=[0, 80], rounds=[10])
    start, late = lines.connected[:, 0, 0].sum(axis=-1)
    assert start <= 5  # of ten; 2 and 10 before
    assert late >= 8
    assert 100 * lines.barrier[:, 0].mean(axis=-1).max() < 2  # so that none is one
    noisy = st.noise_study(b, sizes=[0.0, 0.1, 4.0], rounds=[10], tickets=found)
    small, large = (
        noisy.effect("ticket", "ticket", value=v, base=0.0, level=0.99)
        for v in (0.1, 4.0)
    )
    assert small.non_inferior(0.005)
    room = (large.high - large.low) / 2
    assert abs(large.mean + 0.0115) < 2**0.5 * room
    speed = st.speed_study(b, rounds=[5, 10], tickets=found)
    assert speed.effect("ticket", loss=0.3, at=0).high < 0
    median = {name: np.median(speed.reached(name, 0.3)) for name in speed.loss}
    assert 45 <= median["ticket"] <= 65  # 60, 120 and 310 in steps of 20
    assert 100 <= median["re-initialised"] <= 135
    assert 220 <= median["shuffled in layers"] <= 380
    kept = st.flow_study(b, rounds=[10, 14], tickets=found)
    for i, (ticket, most) in enumerate(((0.52, 0.87), (0.38, 0.73))):
        # Those were of weights alone; biases, which stay, add up to 0.06.
        assert ticket - 0.03 < kept.cosine["ticket"][i].mean() < ticket + 0.09
        assert most - 0.03 < kept.cosine["largest gradients"][i].mean() < most + 0.09
        assert kept.effect("largest gradients", "ticket", i).high < 0
