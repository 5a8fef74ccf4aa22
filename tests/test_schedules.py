"""What rounds of pruning leave."""

import time
from decimal import Decimal, localcontext
from fractions import Fraction
from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from numpy.testing import assert_allclose, assert_array_equal

import sparsetheory as st

LENET = 266200

ROUNDED = {
    "round": [
        *[266200, 212960, 170368, 136294, 109035, 87228, 69782, 55826, 44661],
        *[35729, 28583, 22866, 18293],
    ],
    "floor": [
        *[266200, 212960, 170368, 136295, 109036, 87229, 69784, 55828, 44663],
        *[35731, 28585, 22868, 18295],
    ],
    "ceil": [
        *[266200, 212960, 170368, 136294, 109035, 87228, 69782, 55825, 44660],
        *[35728, 28582, 22865, 18292],
    ],
}


@pytest.mark.parametrize("rounding", ROUNDED)
def test_whole_weights_survive(rounding):
    found = st.surviving_counts(LENET, 0.2, 12, rounding=rounding)
    assert_array_equal(found, ROUNDED[rounding])


@given(some.integers(1, 10**6), some.integers(0, 100), some.integers(0, 40))
def test_counts_stay_near_the_geometric_law(d, percent, rounds):
    law = d * (1 - percent / 100) ** np.arange(rounds + 1)
    # Each rounding is off by one at most, and later rounds shrink it.
    slack = min(rounds, 100 / max(percent, 1)) + 1e-6
    for rounding, low, high in (("floor", 0, 1), ("ceil", -1, 0), ("round", -1, 1)):
        gap = st.surviving_counts(d, percent / 100, rounds, rounding=rounding) - law
        assert low * slack - 1e-6 <= gap.min() <= gap.max() <= high * slack + 1e-6


def test_flooring_stops_for_good_and_the_ceiling_does_not():
    assert st.surviving_counts(4, 0.2, 9)[-1] == 4
    assert st.surviving_counts(4, 0.2, 9, rounding="ceil")[-1] == 0


@pytest.mark.parametrize(
    ("rate", "density", "rounds"),
    [
        *[(0.2, 0.1, 11), (0.06, 0.8836, 2), (0.01, 0.9801, 2), (0.08, 0.8464, 2)],
        *[(0.06, 0.78074896, 4), (0.2, 0.32768, 5), (0.2, 0.3276799999, 6)],
        *[(0.5, 1, 0), (1e-9, 0.5, 693147181), (0.999, 1e-300, 100)],
        (Fraction(1, 5), Fraction(4, 5) ** 200, 200),
        (Fraction(1, 5), Fraction(4, 5) ** 200 - Fraction(1, 10**300), 201),
    ],
)
def test_rounds_are_counted_exactly(rate, density, rounds):
    assert st.rounds_to_density(rate, density) == rounds


def test_the_ceiling_of_a_quotient_of_logarithms_is_often_one_off():
    wrong = cases = 0
    for percent in range(1, 60):
        keep = Fraction(100 - percent, 100)
        for S in range(1, 12):
            cases += 1
            assert st.rounds_to_density(Fraction(percent, 100), keep**S) == S
            exact = log(float(keep**S)) / log(1 - percent / 100)
            wrong += int(np.ceil(exact)) != S
    assert cases == 649
    assert wrong > 100


@given(some.integers(1, 999), some.integers(1, 10**6))
def test_the_density_is_reached_and_not_before(mille, millionth):
    rate, density = Fraction(mille, 1000), Fraction(millionth, 10**6)
    S = st.rounds_to_density(float(rate), millionth / 10**6)
    assert (1 - rate) ** S <= density
    assert S == 0 or (1 - rate) ** (S - 1) > density


@pytest.mark.parametrize("digits", [50, 120])
def test_densities_next_to_a_power_are_told_from_it(digits):
    S, rate = 1000, Fraction(1, 1000)
    below = Fraction(int((1 - rate) ** S * 10**digits), 10**digits)
    assert below < (1 - rate) ** S < below + Fraction(1, 10**digits)
    assert st.rounds_to_density(rate, below) == S + 1
    assert st.rounds_to_density(rate, below + Fraction(1, 10**digits)) == S


@pytest.mark.parametrize("power", [30, 41, 60, 300])
def test_rounds_of_tiny_shares_are_found(power):
    rate = Fraction(1, 10**power)
    # -log(1 - a) = a + a^2/2 + ..., and log 2 to 40 digits
    log_two = Decimal("0.6931471805599453094172321214581765680755")
    with localcontext(prec=40):
        expected = log_two * Decimal(10) ** power - log_two / 2
    S = st.rounds_to_density(rate, 0.5)
    assert abs(S - int(expected)) <= 2 + 10 ** (power - 39)
    assert st.rounds_to_density(float(f"1e-{power}"), 0.5) == S
    assert st.rounds_to_density(rate, 1) == 0
    assert st.rounds_to_density(rate, 1 - rate) == 1
    assert st.rounds_to_density(rate, 1 - rate - rate**3) == 2


def test_densities_after_rounds():
    after = [1 - st.density_after_rounds(0.2, S) for S in (10, 11)]
    assert after == pytest.approx([0.8926258176, 0.91410065408], rel=1e-15)
    assert st.density_after_rounds(0.3, 0) == 1.0
    assert st.density_after_rounds(1, 1) == 0.0
    assert st.density_after_rounds(1, 0) == 1.0


@given(
    some.floats(0, 1) | some.fractions(0, 1, max_denominator=60) | some.just(0.5),
    some.integers(0, 60) | some.integers(1070, 1080),
)
def test_densities_are_rounded_once(rate, rounds):
    exact = (1 - Fraction(str(rate))) ** rounds
    assert st.density_after_rounds(rate, rounds) == float(exact)


def test_densities_after_very_many_rounds_take_no_time():
    start = time.process_time()
    found = [st.density_after_rounds(10.0**-e, 10**e) for e in (5, 6, 17)]
    assert_allclose(found, np.exp(-1), rtol=1e-5)
    assert found[2] == np.exp(-1)
    assert st.density_after_rounds(1e-5, 10**40) == 0
    assert st.density_after_rounds(0, 10**40) == 1
    assert st.density_after_rounds(0.5, 1074) == 5e-324
    assert st.density_after_rounds(0.5, 1075) == 0  # a tie, to even
    assert st.density_after_rounds(Fraction(1, 4), 2000) == 0.75**2000 > 0
    assert time.process_time() - start < 1


def test_dynamic_sparse_training_balances_where_it_was_derived():
    before = st.dst_equilibrium(0.3, 0.1)
    after = st.dst_equilibrium(0.3, 0.1, revive=True)
    assert (before.density, before.factor) == (0.25, 0.6)
    assert after.density == pytest.approx(0.2702702702702703, rel=1e-15)
    assert after.factor == pytest.approx(0.63)
    assert st.dst_regrowth(0.3, 0.1) == pytest.approx(0.03333333333333333)
    assert st.dst_regrowth(0.3, 0.1, revive=True) == pytest.approx(0.03225806451612903)
    assert st.dst_equilibrium(0.9, 0.8).factor == pytest.approx(-0.7)


@given(some.floats(0.01, 1), some.floats(0.01, 0.9), some.floats(0, 1), some.booleans())
def test_the_distance_to_equilibrium_shrinks_by_its_factor(p, g, rho, revive):
    found = st.dst_equilibrium(p, g, revive=revive)
    kept = (1 - p) * rho
    step = kept + g * (1 - (kept if revive else rho))
    gap = step - found.density
    assert gap == pytest.approx(found.factor * (rho - found.density), abs=1e-12)
    if found.density < 1:
        back = st.dst_regrowth(p, found.density, revive=revive)
        assert back == pytest.approx(g, rel=1e-9)


@pytest.mark.parametrize("revive", [False, True])
def test_random_pruning_and_regrowth_keep_the_density(revive):
    p, g, d, steps = 0.3, 0.1, 2000, 400
    rng = np.random.default_rng(3)
    law = st.dst_equilibrium(p, g, revive=revive)
    active = rng.random(d) < law.density
    counts = []
    for _ in range(steps):
        kept = active & (rng.random(d) >= p)
        empty = ~kept if revive else ~active
        active = kept | (empty & (rng.random(d) < g))
        counts.append(active.mean())
    # Each weight is a chain of two states whose correlation falls by the factor.
    variance = law.density * (1 - law.density) * (1 + law.factor) / (1 - law.factor)
    error = np.sqrt(variance / (d * steps))
    assert abs(np.mean(counts) - law.density) < 5 * error
    other = st.dst_equilibrium(p, g, revive=not revive)
    assert abs(np.mean(counts) - other.density) > 5 * error


def vgg16(stays=None):
    channels = np.array(st.VGG16_CHANNELS)
    if stays is not None:
        channels[1:] = channels[1:] * np.asarray(stays)
    return st.conv_costs(channels, np.square(st.VGG16_SIDES))


def test_parameters_and_macs_of_vgg16():
    whole = vgg16()
    assert whole.parameters.sum() == 14710464
    assert whole.macs.sum() == 15346630656


@pytest.mark.parametrize(
    ("stays", "parameters", "macs"),
    [
        (np.full(13, 0.5), 0.25002936685069893, 0.2514124293785311),
        (np.full(13, 0.75), 0.5625220251380242, 0.5635593220338984),
        (np.where(np.arange(13) == 1, 0.5, 1), 0.9962410431105369, 0.9096045197740112),
        (np.where(np.arange(13) == 11, 0.5, 1), 0.8396178393829046, 0.9698681732580038),
    ],
)
def test_totals_scale_apart_though_layers_scale_alike(stays, parameters, macs):
    part, whole = vgg16(stays), vgg16()
    assert part.parameters.sum() / whole.parameters.sum() == pytest.approx(parameters)
    assert part.macs.sum() / whole.macs.sum() == pytest.approx(macs)
    product = np.concatenate([[1], stays[:-1]]) * stays
    assert_allclose(part.parameters / whole.parameters, product)
    assert_allclose(part.macs / whole.macs, product)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: st.density_after_rounds(0.2, -1), ValueError, "rounds must be at l"),
        (lambda: st.density_after_rounds(1.5, 1), ValueError, "rate .* got 1.5"),
        (lambda: st.rounds_to_density(0, 0.5), ValueError, r"\(0, 1\), got 0"),
        (lambda: st.rounds_to_density(1, 0.5), ValueError, r"\(0, 1\), got 1"),
        (lambda: st.rounds_to_density(0.2, 0), ValueError, r"\(0, 1\], got 0"),
        (lambda: st.rounds_to_density("x", 0.5), TypeError, "must be a number, got"),
        (
            lambda: st.surviving_counts(0, 0.2, 1),
            ValueError,
            r"d .* got 0",
        ),
        (
            lambda: st.surviving_counts(9, 0.2, 1, rounding="down"),
            ValueError,
            "rounding must be one of .* got 'down'",
        ),
        (lambda: st.dst_equilibrium(0, 0), ValueError, "not both be 0"),
        (lambda: st.dst_equilibrium(0.1, np.inf), ValueError, "regrow .* got inf"),
        (lambda: st.dst_regrowth(0.5, 0.9), ValueError, "at 0.9 it would"),
        (lambda: st.dst_regrowth(0.5, 1), ValueError, "at 1 it would"),
        (lambda: st.conv_costs([3, 4], [1, 1]), ValueError, "got 2 and 2"),
        (lambda: st.conv_costs([3, -4], [1]), ValueError, "got -4"),
        (lambda: st.conv_costs([3, 4.5], [1]), TypeError, "integers, got dtype float"),
        (lambda: st.surviving_counts(10**19, 0.2, 1), ValueError, "got 1(0){19}$"),
        (lambda: st.conv_costs([2**40] * 2, [1]), ValueError, r"parameters must be b"),
        (
            lambda: st.conv_costs([2**30] * 2, [4], kernel=2),
            ValueError,
            r"macs must be below 2\^63, got 9223372036854775808",
        ),
        (
            lambda: st.conv_costs(np.array([2**63, 1], np.uint64), [1]),
            ValueError,
            r"channels must be below 2\^63",
        ),
        (lambda: st.conv_costs([3, 4], [1], kernel=0), ValueError, "kernel must be"),
    ],
)
def test_bad_schedules_are_told(call, error, message):
    with pytest.raises(error, match=message):
        call()
