import lottery_rows
import pytest
import recovery_rows
import training_rows
from rows import BY_ID, result

from sparsetheory.claims import (
    LEDGER,
    chance,
    dynamic,
    evaluate,
    hypotheses,
    lottery,
    procedures,
    reinitialised,
)
from sparsetheory.claims.claim import judge

EXPECTED = {
    "C01": "holds",
    "C02": "holds if",
    "C03": "holds if",
    "C04": "loose",
    "C05": "holds",
    "C06": "holds if",
    "C07": "holds",
    "C08": "holds",
    "C09": "refuted",
    "C10": "holds if",
    "C11": "holds",
    "C12": "loose",
    "C13": "refuted",
    "C14": "loose",
    "C15": "holds",
    "C16": "holds",
    "C17": "holds",
    "C18": "loose",
    "C19": "holds",
    "C20": "holds",
    "C21": "holds",
    "C22": "holds if",
    "C23": "holds",
    "C24": "holds if",
    "C26": "holds if",
    "C27": "holds if",
    "C28": "holds",
    "C29": "holds",
    "C30": "holds",
    "C31": "loose",
    "C32": "holds",
    "C33": "holds",
    "C34": "holds if",
    "C35": "holds if",
    "C36": "holds if",
    "C37": "holds",
    "C38": "holds if",
    "C39": "holds if",
    "C40": "partly",
    "C41": "holds",
    "C43": "holds if",
    "C44": "holds if",
    "C42": "partly",
    "C45": "holds if",
    "C46": "partly",
    "C47": "undecided",
    "C48": "holds if",
    "C49": "partly",
    "C50": "partly",
    "C52": "refuted",
    "C54": "refuted",
    "C55": "holds",
    "C56": "refuted",
    "C57": "refuted",
    "C59": "refuted",
    "C60": "refuted",
    "C61": "partly",
    "C62": "refuted",
    "C63": "holds",
    "C64": "holds",
    "C65": "partly",
    "C66": "refuted",
    "C67": "refuted",
    "C68": "holds if",
    "C69": "refuted",
    "C70": "refuted",
    "C71": "refuted",
    "C72": "partly",
    "C73": "holds",
    "C74": "refuted",
    "C75": "holds",
    "C76": "holds if",
    "C77": "holds",
    "C78": "holds if",
    "C79": "partly",
    "C80": "loose",
    "C81": "holds",
    "C82": "holds if",
    "C83": "holds if",
    "C84": "not at this scale",
    "C85": "partly",
    "C87": "holds",
    "C88": "refuted",
    "C89": "holds",
    "C92": "loose",
}

EXPECTED |= training_rows.EXPECTED

SLOW = {"C36", "C40", "C41", "C62"}
for module in (chance, dynamic, hypotheses, lottery, procedures, reinitialised):
    SLOW |= {claim.id for claim in module.CLAIMS} - {"C48", "C83"}
SLOW |= training_rows.EXPECTED.keys()

REFUTES = "not at this scale"

D = lottery.NAMES

ALTERED = [
    *lottery_rows.ALTERED,
    ("C15", {f"{n}_high": -1.1 for n in D} | {f"{n}_low": -3 for n in D}, REFUTES),
    ("C15", {"quarter_low": -1.1}, "undecided"),
    ("C47", {"eleventh_low": -0.9}, "holds"),
    ("C47", {"eleventh_high": -1.0}, REFUTES),
    ("C64", {"twentieth_high": -4.9}, "partly"),
    ("C64", {"layered_twentieth_high": -4.9}, "partly"),
    ("C79", {f"{n}_high": -0.1 for n in D} | {f"{n}_p": 0.01 for n in D}, "holds"),
    ("C79", {"twentieth_p": 0.06}, "undecided"),
    ("C79", {"twentieth_p": 0.06, "twentieth_low": -0.9}, REFUTES),
    ("C84", {f"{n}_high": -0.1 for n in D} | {f"{n}_p": 0.01 for n in D}, "holds"),
    ("C84", {"twentieth_high": -0.1, "twentieth_p": 0.01}, "partly"),
    ("C84", {"quarter_low": -1.1}, "undecided"),
    ("C89", {"shuffled_keeps_more_signs_high": 0.1}, "partly"),
    ("C89", {"signs_alone_eleventh_low": -1.0}, "partly"),
    ("C89", {"magnitudes_alone_eleventh_high": 0.1}, "partly"),
    ("C01", {"not_intersection": 1}, "refuted"),
    ("C02", {"gap": 0.1}, "refuted"),
    ("C02", {"gap_if_w_has_zeros": 0.0}, "holds"),
    ("C03", {"float_short": 0}, "holds"),
    ("C03", {"exact_wrong": 1}, "refuted"),
    ("C04", {"l0_of_double": 12}, "holds"),
    ("C04", {"support_max": 6}, "refuted"),
    ("C04", {"exact_zeros_min": 0}, "undecided"),
    ("C04", {"support_max_any_lam": 41}, "undecided"),
    ("C05", {"mismatches": 1}, "refuted"),
    ("C06", {"excess_over_count_at_radius_3": 0.0}, "holds"),
    ("C06", {"error": 0.1}, "refuted"),
    ("C07", {"constant_but_not_reached": 1}, "refuted"),
    ("C08", {"excess": 0.1}, "refuted"),
    ("C08", {"uniqueness_mismatches": 1}, "refuted"),
    (
        "C09",
        {f"excess_l{p}": 0.1 for p in ("0.5", "1", "1.5", "3", "inf")},
        "holds",
    ),
    ("C10", {"lost_within_4_weights": 9.0}, "holds"),
    ("C10", {"excess": 0.1}, "refuted"),
    ("C11", {"error_of_slope": 0.1}, "refuted"),
    ("C11", {"error_of_score": 0.1}, "refuted"),
    ("C11", {"change_by_rescaling": 0.1}, "undecided"),
    ("C11", {"flow_in_minus_out": 0.1}, "undecided"),
    ("C12", {"relative_error_at_hundredth": 1.0}, "refuted"),
    ("C12", {"largest_score_at_minimum": 1.0}, "holds"),
    ("C13", {"norm_left_lowest_pruned": 2.0}, "holds"),
    ("C13", {"error_of_first_order": 1.0}, "undecided"),
    ("C14", {"grasp_over_snip_deep": 2.2}, "holds"),
    ("C14", {"grasp_over_snip_deep": 1.5}, "refuted"),
    ("C20", {"error_of_gradient": 0.1}, "refuted"),
    ("C20", {"restricted_gradient_off_the_mask": 0.1}, "refuted"),
    ("C21", {"error_of_hessian": 0.1}, "refuted"),
    ("C22", {"interlacing_violations": 1}, "refuted"),
    ("C22", {"count_violations": 1}, "refuted"),
    ("C22", {"pruned_negative_axis": -1.0}, "refuted"),
    ("C22", {"smallest_if_one_of_two_is_pruned": 1.0}, "holds"),
    ("C23", {"largest_growth_below": 2.0}, "refuted"),
    ("C23", {"least_growth_above": 0.5}, "refuted"),
    ("C23", {"shorter_stable_steps": 1}, "refuted"),
    ("C24", {"violations": 1}, "refuted"),
    ("C24", {"slower": 1}, "refuted"),
    ("C24", {"smallest_of_projected": 1.0, "quotient_indefinite_pruned": 1.0}, "holds"),
    ("C26", {"gap_in_a_layer": 0.1}, "refuted"),
    *(
        ("C26", {f"{kind}_{case}_of_all": 0.3}, "refuted")
        for kind in ("parameters", "macs")
        for case in ("half", "fourth")
    ),
    ("C26", {"parameters_half_of_second": 1.1}, "refuted"),
    ("C26", {"parameters_half_of_second": 0.91}, "undecided"),
    ("C26", {"macs_half_of_second": 0.4}, "refuted"),
    ("C26", {"macs_half_of_second": 0.99}, "undecided"),
    ("C26", {"parameters_half_of_twelfth": 0.97}, "undecided"),
    ("C26", {"macs_half_of_twelfth": 0.84}, "undecided"),
    ("C26", {"macs_half_of_second": 0.99, "macs_half_of_twelfth": 0.84}, "holds"),
    ("C27", {"error": 0.1}, "refuted"),
    ("C27", {"weights_left": 18293, "of_4_left_after_100": 0}, "holds"),
    ("C28", {"error": 0.1}, "refuted"),
    ("C28", {"error_of_factor": 0.1}, "refuted"),
    ("C28", {"mean_density_drawn": 0.11}, "refuted"),
    ("C18", {"p_value_uniform": 1e-5}, "undecided"),
    ("C18", {"largest_share": 0.5}, "holds"),
    ("C19", {"least_p_value": 1e-6}, "refuted"),
    ("C19", {"rare_off_by_errors": -6.0}, "refuted"),
    ("C19", {"gap_of_maximum": 1e-3}, "refuted"),
    ("C19", {"rare_relative_error": 0.5}, "undecided"),
    ("C29", {"gap": 0.1}, "refuted"),
    ("C30", {"gradient_on": 0.1}, "refuted"),
    ("C30", {"descent_ends_off_by": 0.1}, "undecided"),
    ("C31", {"iht_readmitted": 0}, "holds"),
    ("C31", {"step_gap": 0.1}, "refuted"),
    ("C32", {"soft_bias_far": 0.0}, "refuted"),
    ("C32", {"hard_risk_far": 6.0}, "refuted"),
    ("C32", {"error_of_closed_form": 0.1}, "undecided"),
    ("C33", {"first_of_3_4": 2.5}, "refuted"),
    ("C33", {"violation": 0.1}, "refuted"),
    ("C52", {"error_at_start": 0.0}, "holds"),
    ("C52", {"error_at_start_about_pruned": 0.1}, "undecided"),
    ("C63", {"exact_wrong": 1}, "refuted"),
    ("C63", {"sparsity_after_10": 0.91}, "refuted"),
    ("C63", {"rounds_for_example": 10}, "refuted"),
    ("C63", {"quotient_of_example": 10.3}, "refuted"),
    ("C63", {"quotient_of_printed_logarithms": 10.32}, "refuted"),
    ("C66", {"removed": 200}, "holds if"),
    ("C66", {"removed": 200, "removed_of_10_equal": 2}, "holds"),
    ("C68", {"off_at_most_if_distinct": 3}, "refuted"),
    ("C68", {"kept_of_100_with_60_zeros_at_.5": 50}, "holds"),
    ("C71", {"sparsity_by_code": 0.9}, "holds"),
    ("C74", {f"excess_l{p}": 0.1 for p in ("0.5", "1", "3", "inf")}, "holds"),
    ("C16", {"largest_off_the_mask": 0.1}, "refuted"),
    ("C16", {"start_gap": 0.1}, "refuted"),
    ("C16", {"change_again": 1e-9}, "refuted"),
    *(
        ("C16", {f"change_by_{part}": 0.0}, "refuted")
        for part in ("mask", "draw", "order", "steps")
    ),
    ("C62", {"snip_trained": 0.6}, "undecided"),
    ("C62", {"grasp_trained": 0.6}, "undecided"),
    ("C62", {"largest_error_by_search": 0.1}, "undecided"),
    ("C62", {"snip_untrained": 0.95, "grasp_untrained": 0.95}, "holds"),
    (
        "C69",
        {"steps_of_first_round": 20, "steps_of_second_round": 20},
        "holds if",
    ),
    (
        "C69",
        {
            "steps_of_first_round": 20,
            "steps_of_second_round": 20,
            "fails_unless_saved_before": False,
        },
        "holds",
    ),
    ("C70", {"density_by_code": 0.09}, "loose"),
    ("C70", {"density_by_code": 0.09, "gap_of_starts": 0.0}, "holds"),
    ("C73", {"excess": 0.1}, "refuted"),
    ("C75", {"example_by_magnitude": 3.0}, "refuted"),
    ("C75", {"excess_of_largest_positive": 0.1}, "refuted"),
    ("C75", {"condition_mismatches": 1}, "refuted"),
    ("C76", {"relative_error_at_hundredth": 1.0}, "refuted"),
    ("C76", {"removals_that_lower_the_loss": 0, "least_rise_at_minimum": 0.0}, "holds"),
    ("C77", {"error_of_one": 0.1}, "refuted"),
    ("C77", {"error_with_refitting": 0.1}, "refuted"),
    ("C78", {"change_without_large_at_1": 0.2}, "refuted"),
    ("C78", {"change_without_small": 0.0999}, "refuted"),
    ("C78", {"curvature_at_which_they_tie": 31.5}, "refuted"),
    ("C78", {"change_without_large_at_31": 0.101}, "refuted"),
    ("C78", {"change_without_large_at_31.5": 0.099}, "refuted"),
    ("C78", {"change_without_large_at_2000": 0.05}, "holds"),
    ("C54", {"subset_0.001": 0}, "undecided"),
    ("C54", {"single_0.001": 12.0}, "holds"),
    ("C54", {"chance_1e-06_at_most": 0.9}, "loose"),
    ("C55", {"subset_off_law": 0.5}, "undecided"),
    ("C55", {"subset_bits_per_weight": 0.4}, "refuted"),
    ("C56", {"normal": 0.1}, "holds"),
    ("C57", {"headline_chance_at_most": 1.0}, "holds"),
    ("C88", {"log10_chance_top_k": -1.0}, "holds"),
    ("C43", {"two_points_pruned": 0.0}, "refuted"),
    ("C43", {"largest_rise_of_max_margin": 0.1}, "undecided"),
    ("C43", {"largest_rise_by_a_deletion": 0.1}, "undecided"),
    ("C43", {"over_radius_sparse": 0.0}, "undecided"),
    ("C43", {"condition_mismatches": 1}, "undecided"),
    ("C44", {"least_rise": -0.1}, "refuted"),
    ("C44", {"k_1_of_radius_2": 0.5}, "holds"),
    ("C44", {"error_of_l1_ball": 0.1}, "undecided"),
    ("C44", {"error_of_l2_ball": 0.1}, "undecided"),
    ("C59", {"rate_at_n": 0.1}, "holds"),
    ("C59", {"gap_at_n_low": -0.1}, "holds"),
    ("C59", {"largest_excess_over_k_log_en_k": 0.1}, "undecided"),
    ("C60", {"all_supports_1e-06": 2.1}, "holds"),
    ("C60", {"one_support": 1.1}, "undecided"),
    ("C60", {"relative_error_of_limit": 0.1}, "undecided"),
    *recovery_rows.ALTERED,
    *training_rows.ALTERED,
]


SLOW |= {"C34"}


def marked(name, *more):
    marks = [pytest.mark.slow] if name in SLOW else []
    return pytest.param(name, *more, marks=marks)


def test_rows_are_sorted_and_unique():
    names = [claim.id for claim in LEDGER]
    assert names == sorted(set(names))


@pytest.mark.parametrize("claim", LEDGER, ids=lambda c: c.id)
def test_verdicts_are_computed_unless_there_is_nothing_to_compute(claim):
    computed = claim.numbers is not None and claim.rule is not None
    assert computed or claim.kind in ("definition", "attribution")
    assert claim.places
    assert claim.statement.endswith(".")


@pytest.mark.parametrize("name", [marked(name) for name in BY_ID])
def test_verdict(name):
    assert str(result(name).finding) == EXPECTED[name]


@pytest.mark.parametrize(
    ("name", "changes", "verdict"), [marked(*row) for row in ALTERED]
)
def test_other_numbers_give_another_verdict(name, changes, verdict):
    numbers = result(name).numbers
    assert changes.keys() <= numbers.keys()
    assert str(BY_ID[name].rule({**numbers, **changes})) == verdict
    assert verdict != EXPECTED[name]


@pytest.mark.slow
def test_numbers_outside_their_intervals_decide_nothing():
    numbers = result("C15").numbers
    assert str(judge(BY_ID["C15"], numbers)) == "holds"
    assert str(judge(BY_ID["C15"], {**numbers, "quarter": -8.0})) == "undecided"


def test_experiments_prove_and_refute_nothing():
    said = {"holds", "partly", "not at this scale", "undecided"}
    altered = {(name, verdict) for name, _, verdict in ALTERED}
    for name, verdict in altered | set(EXPECTED.items()):
        assert BY_ID[name].kind != "empirical" or verdict in said, name


def test_every_row_has_an_altered_verdict():
    assert {name for name, _, _ in ALTERED} == set(BY_ID)


def test_numbers_come_out_the_same_again():
    assert result("C31").numbers == evaluate(BY_ID["C31"]).numbers


def test_rows_of_altered_verdicts_are_not_repeated():
    rows = [repr(row) for row in ALTERED]
    assert len(rows) == len(set(rows))
