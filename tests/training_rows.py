"""Rows of the ledger on tickets along training: verdicts, and what alters them."""

from sparsetheory.claims import rewinding, training

EXPECTED = {
    "C25": "not at this scale",
    "C51": "holds",
    "C53": "refuted",
    "C58": "loose",
    "C86": "holds",
    "C90": "not at this scale",
    "C91": "partly",
    "C93": "holds",
    "C94": "partly",
    "C95": "holds",
}

REFUTES = "not at this scale"
NAMES = training.NAMES
OVER = [
    f"ticket_over_{arm}_{name}".replace(" ", "_")
    for arm in training.CONTROLS
    for name in NAMES
]
COMPARED = {f"{name}_p": 0.5 for name in OVER}

NO_STEPS = {
    f"over_dense_with_step_{s}_{n}_{end}": value
    for s in (1, 2, 4)
    for n in NAMES
    for end, value in (("low", -0.9), ("high", 0.9))
}

ALTERED = [
    ("C25", {"seeds": 5}, "undecided"),
    ("C25", {f"change_at_{s}_low": -0.1 for s in (4, 20, 80, 400)}, "undecided"),
    ("C25", {"change_at_4_high": -0.1, "change_at_4_p": 0.01}, "partly"),
    ("C25", {"seeds_better_conditioned": 10}, "partly"),
    (
        "C25",
        {"change_at_4_high": -0.1, "change_at_4_p": 0.01}
        | {"seeds_better_conditioned": 10},
        "holds",
    ),
    ("C51", {"seeds": 5}, "undecided"),
    ("C51", {"late_share_low": 0.5}, "undecided"),
    ("C51", {"late_share_low": 0.1, "late_share_high": 0.49}, REFUTES),
    ("C53", {"error_of_sum_subtracted": 0.1}, "undecided"),
    ("C53", {"error_of_sum_added": 0.0}, REFUTES),
    ("C53", {"error_of_sum_added": 0.0, "deep_tenth_late_high": 1.0}, "undecided"),
    ("C53", {"error_of_sum_added": 0.0, "seeds": 5}, "undecided"),
    (
        "C53",
        {"error_of_sum_added": 0.0}
        | {"deep_tenth_late_low": 0.1, "deep_tenth_late_p": 0.01},
        "holds",
    ),
    ("C58", {"error_of_progress": 0.1}, "refuted"),
    (
        "C58",
        {"loss_left_by_mask": 0.01}
        | {f"largest_gradients_over_ticket_{n}_high": 0.1 for n in NAMES},
        "holds",
    ),
    (
        "C58",
        {"loss_left_by_mask": 0.01}
        | {f"cosine_of_largest_gradients_{n}": 0.1 for n in NAMES},
        "holds",
    ),
    ("C86", {"seeds": 5}, "undecided"),
    ("C86", {f"{n}_low": -1.0 for n in rewinding.NAMES}, "undecided"),
    (
        "C86",
        {f"{n}_low": -2.0 for n in rewinding.NAMES}
        | {f"{n}_high": -1.0 for n in rewinding.NAMES},
        REFUTES,
    ),
    ("C90", {"seeds": 5}, "undecided"),
    ("C90", {"tenth_with_4_high": 0.1}, "undecided"),
    ("C90", {"tenth_with_0.1_low": -1.0}, "undecided"),
    (
        "C90",
        {"tenth_with_0.1_low": -1.0, "tenth_with_0.1_high": -0.1}
        | {"tenth_with_0.1_p": 0.01},
        "partly",
    ),
    (
        "C90",
        {
            f"{n}_with_{size}_{end}": value
            for n in NAMES
            for size in (0.01, 0.05, 0.1)
            for end, value in (("high", -0.1), ("p", 0.01))
        },
        "holds",
    ),
    ("C91", {"seeds": 5}, "undecided"),
    ("C91", {"worse_quadratics": 1}, "undecided"),
    (
        "C91",
        {"doublings_of_step_tenth_low": 0.1, "doublings_of_step_tenth_p": 0.01}
        | {"definite": 10},
        "holds",
    ),
    (
        "C91",
        {f"over_dense_with_step_{s}_{n}_p": 0.03 for s in (1, 2, 4) for n in NAMES},
        "undecided",
    ),
    ("C91", NO_STEPS | {"doublings_of_step_tenth_high": 1.1}, "undecided"),
    ("C91", NO_STEPS, REFUTES),
    ("C93", {"seeds": 5}, "undecided"),
    ("C93", {"dense_gains_high": 0.1}, "undecided"),
    ("C93", {"twentieth_gains_p": 0.06}, "undecided"),
    ("C93", {"twentieth_gains_low": -2.0, "twentieth_gains_high": -0.1}, REFUTES),
    ("C94", {"seeds": 5}, "undecided"),
    ("C94", COMPARED | {"ticket_over_dense_tenth_p": 0.01}, "undecided"),
    (
        "C94",
        COMPARED
        | {"ticket_over_dense_tenth_low": 0.1, "ticket_over_dense_tenth_high": 0.2}
        | {"ticket_over_dense_tenth_p": 0.008},
        REFUTES,
    ),
    (
        "C94",
        {f"{name}_high": -0.1 for name in OVER} | {f"{name}_p": 0.05 for name in OVER},
        "holds",
    ),
    ("C95", {"seeds": 5}, "undecided"),
    ("C95", {"ticket_over_dense_third_p": 0.02}, "undecided"),
    (
        "C95",
        {f"ticket_over_dense_{n}_low": 0.1 for n in training.SPEED_NAMES}
        | {f"ticket_over_dense_{n}_high": 9.0 for n in training.SPEED_NAMES}
        | {f"ticket_over_dense_{n}_p": 0.05 for n in training.SPEED_NAMES},
        REFUTES,
    ),
]
