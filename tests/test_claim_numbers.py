"""Numbers behind the ledger, against what is known of them."""

from itertools import pairwise

import numpy as np
import pytest
from rows import BY_ID, result

from sparsetheory.claims import Finding, evaluate, lottery, magnitude
from sparsetheory.claims import thresholding as shrinkage


def test_a_baseline_pruned_at_random_as_the_text_says_stays_sparse():
    numbers = result("C70").numbers
    assert numbers["density_by_text"] == numbers["density_asked"] == 6 / 64
    assert numbers["density_by_code"] > 0.5


def test_code_that_resets_late_trains_too_long():
    numbers = result("C69").numbers
    late = numbers["reset_after"] + numbers["steps_in_all"]
    assert numbers["steps_of_first_round"] == late
    assert numbers["steps_of_second_round"] == late


@pytest.mark.parametrize(
    ("supports", "readmitted"),
    [([[0], [0, 1], [1]], 0), ([[0], [1], [0]], 1), ([[], [0], [], [0, 1], [1]], 1)],
)
def test_readmitted_indices_left_before(supports, readmitted):
    assert shrinkage._readmitted(supports, 2) == readmitted


def test_risks_of_thresholding_match_their_closed_forms():
    numbers = result("C32").numbers
    phi, tail = 0.05399096651318806, 0.022750131948179212  # normal density, tail at 2
    expected = {
        "soft_risk_far": 5.0,
        "hard_risk_far": 1.0,
        "soft_risk_at_0": 2 * (5 * tail - 2 * phi),
        "hard_risk_at_0": 2 * (2 * phi + tail),
    }
    for name, value in expected.items():
        assert numbers[name] == pytest.approx(value, abs=1e-6)


@pytest.mark.slow
def test_the_study_of_tickets_says_what_it_says_by_its_numbers():
    found, numbers = lottery.study(), result("C15").numbers
    assert numbers["twentieth"] == pytest.approx(
        100 * (found.accuracy["ticket"][2] - found.dense).mean()
    )
    assert lottery.few({"seeds": 5})
    assert not lottery.few({"seeds": 6})
    numbers = result("C89").numbers
    assert 92 < numbers["signs_kept_by_ticket"] < 97
    assert -12 < numbers["shuffled_keeps_more_signs"] < -7


def test_known_counterexamples():
    assert result("C03").numbers["float_100_29"] == 28
    assert result("C10").numbers["lost_within_4_weights"] == pytest.approx(13.9)
    assert result("C10").numbers["least_lost_within_4_weights"] == pytest.approx(9.0)
    assert result("C75").numbers["example_by_magnitude"] == pytest.approx(14**0.5)
    assert result("C75").numbers["example_best"] == pytest.approx(10**0.5)


def test_claims_that_fail_for_other_norms_need_an_asymmetric_one():
    assert result("C09").numbers["excess_entrywise"] <= 0.0
    assert result("C09").numbers["excess_weighted_l2"] > 0.1


def test_a_wrong_top_k_refutes_the_claim_that_it_is_optimal(monkeypatch):
    def first_entries(w, k):
        return np.where(np.arange(w.size) < k, w, 0.0)

    monkeypatch.setattr(magnitude, "largest", first_entries)
    assert evaluate(BY_ID["C08"]).finding is Finding.REFUTED
    assert evaluate(BY_ID["C09"]).finding is Finding.HOLDS


def test_entrywise_shrinkage_is_not_the_proximal_operator_of_a_norm(monkeypatch):
    def entrywise(v, lam):
        return np.sign(v) * np.maximum(np.abs(v) - lam, 0.0)

    monkeypatch.setattr(shrinkage, "shrink", entrywise)
    assert evaluate(BY_ID["C33"]).finding is Finding.REFUTED


def test_numbers_of_pruning_that_are_known():
    assert result("C13").numbers["change_without_first"] == -3.0
    assert result("C13").numbers["change_without_second"] == 24.0
    assert result("C22").numbers["saddle_1_2_2_1"] == pytest.approx(-1.0)
    assert result("C22").numbers["saddle_1_2_2_1_pruned"] == 1.0
    assert result("C27").numbers["weights_left"] == 18295
    assert result("C63").numbers["quotient_of_example"] == pytest.approx(
        10.318851158516171
    )
    assert result("C66").numbers["removed"] == 199
    assert result("C66").numbers["of_20_left_after_100_rounds"] == 9
    assert result("C74").numbers["excess_weighted_l2"] > 0.1
    assert result("C74").numbers["excess_matrix_norm"] > 0.1
    assert result("C78").numbers["curvature_at_which_they_tie"] == pytest.approx(31.25)


@pytest.mark.parametrize("sizes", [(64, 100, 10), (784, 300, 100, 10), (100,) * 21])
def test_products_of_networks_are_counted_as_they_are_done(sizes):
    name = "deep" if len(sizes) > 4 else "_".join(map(str, sizes))
    numbers = result("C14").numbers
    costs = [2 * a * b for a, b in pairwise(sizes)]
    inner = sum(costs[1:])
    # Forward, derivatives by weights, and back through all layers but the first.
    gradient = 2 * sum(costs) + inner
    # Two forward along v, three back, two by weights; where the inputs stay the same,
    # one forward and one by weights.
    product = 2 * costs[0] + 7 * inner
    assert numbers[f"gradient_{name}"] == gradient
    assert numbers[f"hessian_product_{name}"] == product
    assert numbers[f"grasp_over_snip_{name}"] == 1 + product / gradient


def test_saliencies_and_kernels_of_a_network_are_those_of_theory():
    assert result("C11").numbers["change_by_rescaling"] < 1e-12
    assert result("C11").numbers["flow_in_minus_out"] < 1e-12
    numbers = result("C52").numbers
    assert 0 < numbers["rank_with_12"] <= 12
    assert numbers["rank_with_12"] < numbers["rank_with_23"] <= 23
    assert numbers["rank_with_60"] == 24
    # About the pruned weights the expansion is of second order, about others of none.
    quotient = numbers["error_about_pruned_1e-3"] / numbers["error_about_pruned_1e-4"]
    assert quotient == pytest.approx(100, rel=0.1)
    assert numbers["error_at_start"] > 0.1
    assert result("C24").numbers["smallest_of_projected"] == 0


def test_numbers_on_margins_and_complexity_match_what_is_known():
    numbers = result("C43").numbers
    assert (numbers["two_points"], numbers["two_points_pruned"]) == (0.0, 1.0)
    assert numbers["over_radius"] == pytest.approx(0.1793, abs=0.004)
    assert numbers["over_radius_sparse"] == pytest.approx(0.5575, abs=0.03)
    assert numbers["over_radius_risen"] == numbers["seeds"] == 20
    assert numbers["deletions_that_raise_class_means"] > 0
    numbers = result("C44").numbers
    found = [numbers[f"k_{k}"] for k in range(1, 7)]
    exact = [0.37248793, 0.45388125, 0.49237624, 0.51154418, 0.51965452, 0.52227417]
    assert found == pytest.approx(exact, abs=1e-8)
    numbers = result("C59").numbers
    assert numbers["k_log_n_k_at_368_of_1000"] == pytest.approx(367.87942141925987)
    assert numbers["k_log_n_k_at_1000_of_1000"] == 0.0
    assert numbers["k_log_en_k_at_1000_of_1000"] == 1000.0
    assert numbers["occam_of_795_among_7400"] == pytest.approx(3.1746414882910208)
    assert numbers["least_bound_at_n"] > 0.5
    numbers = result("C60").numbers
    assert numbers["limit_0.01"] == pytest.approx(2.9067449083303036)
    assert numbers["sample_one_support_at_most"] < numbers["sample_all_supports"]
    assert numbers["sample_all_supports"] < numbers["sample_all_supports_at_most"]
