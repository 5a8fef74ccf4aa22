"""Which layer, which task, which procedure: arms that ask what makes a ticket."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn import datasets

import sparsetheory as st
from sparsetheory.experiments.arms import ARMS, Case


@cache
def bench(steps=60, seeds=(0, 1, 2)):
    return st.lottery_bench("wine", hidden=[12], seeds=seeds, steps=steps)


def case_of(given, rounds=4):
    run = given.rewound(rounds=rounds)
    streams = [np.random.default_rng(i) for i in range(len(given.seeds))]
    return Case(given, run.masks[rounds], run.weights[0], streams)


def test_one_layer_alone_is_exchanged():
    given = bench(steps=0)  # so that arms return what training would start from
    dense = given.w0 + np.float32(1.0)
    mask = case_of(given).mask
    case = Case(given, mask, dense, [])
    arms = st.layer_arms(given)
    network = given.network
    assert len(arms) == 1 + 2 * 2
    assert_array_equal(arms["ticket"](case), given.w0 * mask)
    for i, layer in enumerate(np.unique(network.layer), 1):
        there = (network.layer == layer) & network.weights
        for name, other in (("re-initialised", given.fresh), ("not rewound", dense)):
            found = arms[f"layer {i} {name}"](case)
            assert_array_equal(found[:, there], (other * mask)[:, there])
            assert_array_equal(found[:, ~there], (given.w0 * mask)[:, ~there])
            assert not np.array_equal(found, given.w0 * mask)


@cache
def tasks():
    return [
        st.lottery_bench("digits", hidden=[12], seeds=[0, 1], steps=30, classes=some)
        for some in (range(5), range(5, 10))
    ]


def test_a_ticket_of_another_task_is_its_mask_and_the_weights_that_both_share():
    one, other = tasks()
    assert_array_equal(one.w0, other.w0)
    arms = st.transfer_arms(one, rounds=5)
    for rounds in (2, 5):
        case = case_of(other, rounds)
        mask = one.rewound(rounds=rounds).masks[-1]
        assert not np.array_equal(mask, case.mask)
        found = arms["ticket of the other task"](case)
        assert_array_equal(found, other.train(one.w0, mask))
        assert_array_equal(
            arms["re-initialised"](case), other.train(other.fresh, case.mask)
        )
        for name, like in (
            ("shuffled in layers", case.mask),
            ("other task's, shuffled", mask),
        ):
            alive = arms[name](case) != 0
            for layer in np.unique(other.network.layer):
                there = (other.network.layer == layer) & other.network.weights
                counts = alive[:, there].sum(axis=1), like[:, there].sum(axis=1)
                assert (counts[0] <= counts[1]).all()
                assert (counts[0] > 0.5 * counts[1]).all()


def test_another_task_has_the_same_network_seeds_and_rounds():
    one, other = tasks()
    case = case_of(other, 3)
    name = "ticket of the other task"
    wide = st.lottery_bench("digits", hidden=[13], seeds=[0, 1], steps=5)
    later = st.lottery_bench(
        "digits", hidden=[12], seeds=[0, 2], steps=5, classes=range(5)
    )
    he = replace(one, scheme="he")
    for source in (wide, later, he):
        with pytest.raises(ValueError, match="initial weights of the study"):
            st.transfer_arms(source, rounds=3)[name](case)
    for options in ({"rounds": 2}, {"rounds": 3, "rate": 0.3}):
        with pytest.raises(ValueError, match="rounds and rate"):
            st.transfer_arms(one, **options)[name](case)


def test_classes_that_are_kept_become_the_first_ones_and_others_go():
    found = st.draw_splits("digits", [0, 1], classes=[7, 2, 5])
    X, y = datasets.load_digits(return_X_y=True)
    there = np.isin(y, [2, 5, 7])
    assert found.classes == 3
    assert found.X.shape[1] == 1000 * there.sum() // 1797
    assert found.test_X.shape[1] == 697 * there.sum() // 1797
    place = {2: 0, 5: 1, 7: 2}
    known = {
        (*row, place[label])
        for row, label in zip((X[there] / 16).tolist(), y[there], strict=True)
    }
    for i in range(2):
        sets = [
            {(*row, label) for row, label in zip(rows.tolist(), labels, strict=True)}
            for rows, labels in (
                (found.X[i], found.y[i]),
                (found.test_X[i], found.test_y[i]),
            )
        ]
        assert sets[0] <= known
        assert sets[1] <= known
        assert not sets[0] & sets[1]
    whole = st.draw_splits("digits", 3, classes=range(10))
    assert_array_equal(whole.X, st.draw_splits("digits", 3).X)


@pytest.mark.parametrize("classes", [[], [1], [1, 1], [1, 10], [-1, 2], [1.5, 2]])
def test_classes_that_are_not_there_are_refused(classes):
    with pytest.raises((TypeError, ValueError), match="classes"):
        st.draw_splits("digits", 0, classes=classes)


def alive(given, w):
    return np.count_nonzero(w[:, given.network.weights], axis=1)


def test_masks_at_resets_alone_end_dense_and_are_those_of_such_rounds():
    given = bench()
    case = case_of(given)
    arms = st.procedure_arms(rounds=6)
    found = arms["mask at resets alone"](case)
    asked = case.mask[:, given.network.weights].sum(axis=1)
    assert (alive(given, found) > 1.5 * asked).all()
    # By the definition: one network, its weights sorted anew in each round.
    whole = np.ones_like(case.mask)
    on, kept = given.network.weights, whole
    for _ in range(4):
        w = given.train(np.where(kept, given.w0, 0), whole)
        new = kept.copy()
        for i in range(len(w)):
            place = np.flatnonzero(kept[i] & on)
            order = np.argsort(np.abs(w[i, place]), kind="stable")
            new[i, place[order[: int(0.2 * place.size)]]] = False
        kept = new
    assert_array_equal(found, given.train(np.where(kept, given.w0, 0), whole))
    drawn = arms["shuffled, mask at the start alone"](case)
    assert (alive(given, drawn) > 1.5 * asked).all()


def test_without_a_ticket_the_code_draws_new_weights_and_keeps_the_counts_of_layers():
    given = bench(steps=0)  # so that arms return what training would start from
    case = case_of(given)
    found = st.procedure_arms(rounds=4)["shuffled, mask at the start alone"](case)
    network, on = given.network, found != 0
    assert_array_equal(found[on], given.fresh[on])
    for layer in np.unique(network.layer):
        there = (network.layer == layer) & network.weights
        assert_array_equal(on[:, there].sum(axis=1), case.mask[:, there].sum(axis=1))


def test_rewinding_at_the_end_alone_begins_with_rounds_of_fine_tuning():
    given = bench()
    case = case_of(given)
    arms = st.procedure_arms(rounds=6)
    tuned = given.rewound(rounds=4, rewind_step=None)
    assert_array_equal(arms["never rewound"](case), tuned.weights[-1])
    found = arms["rewound at the end alone"](case)
    assert_array_equal(found, given.train(given.w0, tuned.masks[-1]))
    assert_array_equal(arms["ticket"](case), ARMS["ticket"](case))
    with pytest.raises(ValueError, match="3 rounds without one of"):
        st.procedure_arms(rounds=3)["never rewound"](case)
