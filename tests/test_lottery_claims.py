"""Numbers behind the rows on tickets, against what is known of them."""

from fractions import Fraction
from itertools import permutations
from math import comb

import numpy as np
import pytest
from rows import BY_ID, result

from sparsetheory.claims import Finding, analogies, chance, evaluate


def test_the_algorithm_to_the_letter_prunes_in_its_first_round_alone():
    numbers = result("C48").numbers
    assert numbers["density_to_the_letter"] == 1 - 12 / 64  # int(0.2 * 64) are 12
    assert numbers["density_by_law"] == pytest.approx(0.8**6)
    assert numbers["pruned_weights_that_training_moves"] > 0
    assert numbers["rounds_to_density_0.1_if_p_is_a_fraction"] == 11
    assert 0.998**1151 <= 0.1 < 0.998**1150
    assert numbers["rounds_to_density_0.1_if_p_is_per_cent"] == 1151


def test_who_guesses_the_rarer_label_is_right_as_often_as_is_left_of_it():
    """Of a balanced vector of 2r, h held out, from the hypergeometric law."""
    for pairs, held in ((5, 1), (5, 5), (3, 2), (4, 3)):
        total = Fraction(0)
        for ones in range(max(0, held - pairs), min(held, pairs) + 1):
            ways = comb(pairs, ones) * comb(pairs, held - ones)
            # Most of what is held is rarer in training; ties go to label 0.
            right = max(ones, held - ones)
            total += Fraction(ways * right, comb(2 * pairs, held) * held)
        labels = sorted(chance.balanced(pairs))
        assert len(labels) == comb(2 * pairs, pairs)
        assert chance.share_right(chance.minority, labels, held) == total
    numbers = result("C83").numbers
    assert numbers["minority_if_permuted_5_held"] == 9 / 14
    assert numbers["minority_if_permuted"] == 1.0
    assert numbers["majority_if_permuted"] == 0.0


def test_balanced_labels_are_all_orders_of_them():
    assert chance.balanced(2) == set(permutations([0, 0, 1, 1]))
    assert chance.majority((2, 1, 2)) == 2
    assert chance.majority((0, 1)) == chance.minority((0, 1)) == 0
    assert chance.minority((0, 0, 1)) == 1


def test_a_leak_refutes_that_nobody_can_guess(monkeypatch):
    monkeypatch.setattr(chance, "majority", lambda seen: seen[0])
    assert evaluate(BY_ID["C83"]).finding is Finding.HOLDS_IF
    free = [(a, b, a) for a in (0, 1) for b in (0, 1)]
    assert chance.share_right(lambda seen: seen[0], free, 1) == 1


def test_the_path_of_orthonormal_columns_is_the_order_of_correlations():
    rng = np.random.default_rng(0)
    A = np.linalg.qr(rng.standard_normal((9, 5)))[0]
    y = rng.standard_normal(9)
    order = np.argsort(-np.abs(A.T @ y)).tolist()
    supports = analogies.lasso_supports(A, y)
    assert supports == [frozenset(order[:k]) for k in range(6)]
    for k in range(1, 6):
        assert analogies.pruned_support(A, y, k) == supports[k]


def test_noise_of_no_size_leaves_descent_where_it_is():
    for start in (0.9, -1.0):
        assert analogies.leaving(start, 0.0) == 0
    # More noise than walls: half of all end on either side.
    for start in (0.9, -1.0):
        assert 0.2 < analogies.leaving(start, 4.0) / analogies.BALLS < 0.8


@pytest.mark.slow
def test_two_points_are_gained_with_noisy_labels_and_as_much_was_found_before():
    """Within the sum of both studies' errors, at the level of 99 %."""
    numbers = result("C42").numbers
    half = (numbers["noisy_twentieth_high"] - numbers["noisy_twentieth_low"]) / 2
    assert abs(numbers["noisy_twentieth"] - 2.35) < 3.25 / 2.26 * half + 0.63


@pytest.mark.slow
def test_what_was_found_before_of_layers_code_and_other_tasks():
    layers = result("C87").numbers
    assert layers["first_twentieth"] == pytest.approx(-1.4, abs=0.7)
    assert layers["second_twentieth"] == pytest.approx(-0.55, abs=0.5)
    code = result("C67").numbers
    assert code["density_of_ticket_code"] > 0.3
    assert code["density_of_random_code"] > 0.3
    assert code["density_of_ticket_kept"] == code["density_asked"]
    assert code["ticket_over_random_code"] == pytest.approx(0.4, abs=0.5)
    assert code["ticket_over_random_kept"] > 20
    moved = result("C65").numbers
    assert moved["moved_twentieth"] == pytest.approx(-2.2, abs=1.2)
    assert moved["kept_twentieth"] == pytest.approx(9.0, abs=4.0)
    assert 70 < moved["shared_order"] < 95
    assert moved["shared_again"] < 25
    gains = result("C28").numbers
    assert gains["static"] == pytest.approx(60.1, abs=6)
    assert gains["set"] == pytest.approx(19.7, abs=8)
    assert gains["rigl"] == pytest.approx(31.9, abs=7)
