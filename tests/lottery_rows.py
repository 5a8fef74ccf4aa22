"""Other numbers of claims on tickets, and what would follow from them."""

from sparsetheory.claims.lottery import NAMES

REFUTES = "not at this scale"
FEW = ("C15", "C17", "C28", "C42", "C49", "C50", "C61", "C64", "C65", "C72", "C79")
FEW += ("C81", "C84", "C85", "C87", "C89")
WIDTHS = ("", "short_", "deep_")
LAYER = "first_below_second_twentieth"


def each(pattern, value, names=NAMES):
    return {pattern.format(name): value for name in names}


ALTERED = [
    *((name, {"seeds": 5}, "undecided") for name in FEW),
    ("C17", {"quarter_p": 0.06}, "undecided"),
    ("C17", {"rescaled_twentieth_high": 0.1}, "undecided"),
    ("C17", {"deep_quarter_high": 0.1}, "undecided"),
    ("C17", {"short_rescaled_eleventh_p": 0.06}, "undecided"),
    ("C17", {"quarter_p": 0.06, "quarter_low": -0.9}, "partly"),
    ("C17", {"deep_rescaled_quarter_low": -0.9, "quarter_high": 0.1}, "partly"),
    ("C28", {"set_low": -0.1}, "partly"),
    ("C28", {"rigl_p": 0.06}, "partly"),
    ("C42", {"clean_twentieth_low": 0.1, "clean_twentieth_p": 0.01}, "holds"),
    ("C42", each("noisy_{}_p", 0.02), "undecided"),  # too much for one of three
    ("C42", each("noisy_{}_low", -0.1), "undecided"),
    ("C48", {"masks_that_differ_once_corrected": 1}, "refuted"),
    (
        "C48",
        {"density_to_the_letter": 0.27, "pruned_weights_that_training_moves": 0},
        "holds",
    ),
    ("C49", {"twentieth_high": -5.1, "other_mask_twentieth_high": -5.1}, "holds"),
    (
        "C49",
        each("{}twentieth_p", 0.06, (*WIDTHS, "other_mask_")),
        "undecided",
    ),
    (
        "C49",
        each("{}twentieth_high", 0.1, (*WIDTHS, "other_mask_"))
        | each("{}twentieth_low", -0.9, (*WIDTHS, "other_mask_")),
        REFUTES,
    ),
    (
        "C50",
        {"signs_alone_twentieth_high": -0.1, "signs_alone_twentieth_p": 0.01}
        | {"pruned_clean_twentieth_low": 0.1, "pruned_clean_twentieth_p": 0.01},
        "holds",
    ),
    (
        "C50",
        each("{}_twentieth_high", 0.1, ("shuffled", "redrawn", "signs_alone"))
        | {"pruned_noisy_twentieth_low": -0.1},
        "undecided",
    ),
    ("C61", {"clean_twentieth_high": -0.1, "clean_twentieth_p": 0.01}, "holds"),
    ("C61", {"noisy_twentieth_high": 0.1}, REFUTES),
    ("C61", {"noisy_twentieth_high": 0.1, "clean_twentieth_low": -0.1}, "undecided"),
    ("C62", {"over_random_mask_low": -0.1}, "undecided"),
    ("C62", {"over_random_mask_p": 0.06}, "undecided"),
    ("C65", each("moved_{}_low", -0.9), "holds"),
    ("C65", {"shared_again": 60.0, "kept_twentieth_low": -0.1}, "undecided"),
    (
        "C67",
        {"density_of_ticket_code": 0.04, "density_of_random_code": 0.04},
        "holds",
    ),
    (
        "C72",
        {"late_twentieth_low": 0.1, "late_twentieth_p": 0.01, "moved_twentieth_low": 0},
        "holds",
    ),
    ("C80", {"other_support_orthonormal": 1}, "refuted"),
    ("C80", {"path_drops_an_index_orthonormal": 1}, "refuted"),
    ("C80", {"other_support_correlated": 0}, "undecided"),
    ("C80", {"path_drops_an_index_correlated": 0}, "undecided"),
    (
        "C80",
        {"other_support_correlated": 0, "path_drops_an_index_correlated": 0},
        "holds",
    ),
    ("C81", each("{}_high", -1.1) | each("{}_low", -3.0), REFUTES),
    ("C81", {"quarter_low": -1.1}, "undecided"),
    ("C82", {"labels_each": 6970}, "undecided"),
    ("C82", {"p_of_all": 0.001}, "refuted"),
    ("C82", {"majority_if_they_are_uneven": 33.0}, "holds"),
    ("C83", {"majority_if_independent": 0.6}, "refuted"),
    ("C83", {"minority_if_independent_5_held": 0.4}, "refuted"),
    (
        "C83",
        {"minority_if_permuted": 0.5, "minority_if_permuted_5_held": 0.5}
        | {"majority_if_uneven": 1 / 3},
        "holds",
    ),
    (
        "C85",
        each("{}shuffled_below_twentieth_high", 0.1, WIDTHS),
        "holds",
    ),
    ("C85", each("{}twentieth_p", 0.06, WIDTHS), "undecided"),
    (
        "C85",
        each("{}twentieth_high", 0.1, WIDTHS) | each("{}twentieth_low", -0.9, WIDTHS),
        REFUTES,
    ),
    ("C87", {f"{LAYER}_p": 0.06}, "undecided"),
    ("C87", {f"{LAYER}_low": -0.9, f"{LAYER}_high": 0.9}, REFUTES),
    ("C92", {"leave_poor_at_noise_0": 0.1}, "undecided"),
    ("C92", {"leave_good_at_noise_2": 0.0}, "holds"),
    ("C92", {"leave_good_at_noise_2": 0.0, "leave_poor_at_noise_2": 0.0}, "refuted"),
]
