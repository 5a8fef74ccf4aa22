"""Noise, groups, success rules, shared matrices, trials that end early, pairs."""

from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import sparsetheory as st
from sparsetheory.experiments.setting import proof_of
from sparsetheory.experiments.trials import stretch, stretches

GRID = {"n": 40, "delta": [0.5, 0.8], "rho": [0.1, 0.3], "trials": 12}


def lasso(A, y, k):
    return st.fista(A, y, 0.05 * np.abs(A.T @ y).max(), tol=1e-8)


def test_noise_has_the_size_that_is_asked_for():
    sizes = []

    def residual(A, y, k):
        """Fit by the best column alone, which is the true one."""
        x = np.zeros(A.shape[1])
        best = np.argmax(np.abs(A.T @ y))
        x[best] = A[:, best] @ y / (A[:, best] @ A[:, best])
        sizes.append(np.linalg.norm(y - A @ x) / np.linalg.norm(A @ x))
        return st.Recovery(x, 1, True)

    m, noise, trials = 60, 0.2, 80
    grid = {"n": m, "delta": 1.0, "rho": 1 / m, "trials": trials, "workers": 1}
    st.phase_transition(residual, noise=noise, **grid)
    expected = noise * np.sqrt((m - 1) / m)  # the fit takes one degree of freedom
    error = noise / np.sqrt(2 * m * trials)
    bias = noise * noise / m  # of the norm that it is relative to
    assert abs(np.mean(sizes) - expected) < 5 * error + bias
    assert abs(np.mean(sizes) - 1.1 * expected) > 5 * error + bias


def test_noise_takes_success_away_and_has_a_stream_of_its_own():
    clean = st.phase_transition(st.omp, **GRID)
    slight = st.phase_transition(st.omp, noise=1e-8, **GRID)
    assert_array_equal(clean.successes, slight.successes)
    assert st.phase_transition(st.omp, noise=0.1, **GRID).successes.sum() == 0
    found = st.phase_transition(
        st.omp, noise=0.1, success=st.exact_support, tol=1e-3, **GRID
    )
    assert found.successes.sum() > 0
    with pytest.raises(ValueError, match="decided by proof"):
        st.phase_transition(st.basis_pursuit, noise=0.1, **GRID)


def test_rules_judge_what_they_say():
    x = np.array([0.0, 2.0, 0.0, -1.0, 1.0, 1.0])
    near = x + 1e-4
    assert st.relative_error(near, x, 1e-3)
    assert not st.relative_error(near, x, 1e-5)
    assert st.exact_support(near, x, 1e-3)
    assert not st.exact_support(near, x, 1e-6)
    assert not st.exact_support(np.zeros(6), x, 1e-3)
    half = np.where(x == -1, 0.0, x)
    half[0] = 0.5
    assert st.most_of_support(half, x, 1.0)
    assert not st.most_of_support(half, x, 0.1)
    two = np.array([3.0, 2.0, 3.0, -1.0, 0.0, 0.0])
    assert not st.most_of_support(two, x, 10.0)


def test_the_rule_is_stored_and_a_rule_of_ones_own_is_used():
    def never(x_hat, x, tol):
        return False

    found = st.phase_transition(st.omp, success=never, **GRID)
    assert found.successes.sum() == 0
    assert found.settings["success"].endswith("never, tol 0.001")
    plain = st.phase_transition(st.omp, **GRID)
    assert plain.settings["success"] == "||x_hat - x|| <= 0.001 ||x||"
    assert {"cpu", "blas"} == set(plain.settings["hardware"])
    with pytest.raises(TypeError, match="success must be a rule"):
        st.phase_transition(st.omp, success="support", **GRID)


def test_lasso_supports_follow_their_own_rule():
    found = st.phase_transition(lasso, success=st.exact_support, **GRID)
    strict = st.phase_transition(lasso, **GRID)
    assert found.successes[0].sum() > strict.successes.sum() == 0


def test_grouped_signals_come_in_whole_groups(rng):
    law = st.grouped_signal(4)
    x = law(24, 8, rng)
    assert np.count_nonzero(x) == 8
    assert sorted(np.count_nonzero(x.reshape(6, 4), axis=1)) == [0, 0, 0, 0, 4, 4]
    with pytest.raises(ValueError, match="multiples of 4, got 24 and 7"):
        law(24, 7, rng)
    with pytest.raises(ValueError, match="size must be at least 1"):
        st.grouped_signal(0)
    with pytest.raises(ValueError, match="amplitude must be one of"):
        st.grouped_signal(2, amplitude="loud")


def test_a_map_of_groups_rounds_k_and_tells_the_solver_their_number():
    told = []

    def solver(A, y, k):
        told.append(k)
        return st.omp(A, y, 4 * k)

    found = st.phase_transition(solver, signal=st.grouped_signal(4), workers=1, **GRID)
    assert not np.any(found.k % 4)
    assert sorted(set(told)) == sorted(set((found.k // 4).ravel().tolist()))
    curve = st.transition_curve(
        solver, n=40, delta=[0.5, 0.9], trials=32, signal=st.grouped_signal(4)
    )
    assert not np.any(curve.cells[:, 1] % 4)
    with pytest.raises(ValueError, match="multiple of the groups' size 3, got 40"):
        st.phase_transition(solver, signal=st.grouped_signal(3), **GRID)


def test_shared_matrices_are_shared_and_signals_are_not():
    seen = {}

    def solver(A, y, k):
        seen.setdefault(A.tobytes(), []).append(y)
        return st.Recovery(np.zeros(A.shape[1]), 1, True)

    grid = {"n": 20, "delta": 0.5, "rho": 0.2, "trials": 40, "workers": 1}
    st.phase_transition(solver, signals_per_matrix=5, **grid)
    assert [len(v) for v in seen.values()] == [5] * 8
    assert len({y.tobytes() for v in seen.values() for y in v}) == 40
    first = list(seen)
    seen.clear()
    st.phase_transition(solver, **grid)
    assert set(first) < set(seen)  # the matrix of its first trial
    assert len(seen) == 40


@pytest.mark.parametrize("batch", [1, 5, 16, 40])
def test_stretches_end_where_batches_do(batch):
    parts = list(stretches(list(range(100)), batch))
    assert [t for part in parts for t in part] == list(range(100))
    assert all(part.stop % batch == 0 or part.stop == 100 for part in parts)
    assert all(len(part) < 16 + batch for part in parts)


def test_design_effect_is_one_for_independent_trials_and_the_size_for_copies():
    plain = st.phase_transition(st.omp, n=30, delta=0.6, rho=0.4, trials=200)
    assert plain.design_effect == 1.0
    size, clusters = 8, 400
    rng = np.random.default_rng(0)
    copies = np.repeat(rng.choice([-1, 1], clusters), size).astype(np.int8)
    fresh = rng.choice([-1, 1], size * clusters).astype(np.int8)
    spread = 5 * np.sqrt(2 / clusters)  # of a mean of squares
    for outcomes, effect in ((copies, size), (fresh, 1)):
        shared = st.PhaseMap(
            *(plain.delta, plain.rho, plain.m, plain.k, outcomes[None, None]),
            *(30, 0, {"signals_per_matrix": size}),
        )
        assert abs(shared.design_effect / effect - 1) < spread
        low, high = shared.interval()
        width = 2 * 1.96 * 0.5 / np.sqrt(size * clusters / effect)
        assert_allclose(high - low, width, rtol=spread)


def test_matrices_are_not_shared_where_successes_go_together():
    layer = st.random_rows(st.BlockCirculant(st.digits_filters(), 4))
    for ensemble in (st.random_circulant, layer):
        with pytest.raises(ValueError, match="signals_per_matrix must be 1"):
            st.phase_transition(
                *(st.iht,),
                **(GRID | {"n": getattr(ensemble, "n", 40)}),
                ensemble=ensemble,
                signals_per_matrix=4,
            )
    st.phase_transition(
        st.basis_pursuit, ensemble=st.random_circulant, signals_per_matrix=4, **GRID
    )


def test_ending_early_changes_no_clear_outcome():
    grid = {"n": 80, "delta": [0.3, 0.6], "rho": [0.05, 0.7], "trials": 20}
    full = st.phase_transition(st.iht, **grid)
    early = st.phase_transition(st.iht, stop_early=True, **grid)
    assert_array_equal(full.successes, early.successes)
    assert early.unresolved.sum() == 0
    assert early.settings["stop_early"]
    with pytest.raises(ValueError, match="omp can't be stopped early"):
        st.phase_transition(st.omp, stop_early=True, **grid)
    capped = st.phase_transition(
        partial(st.iht, max_iter=3), stop_early=True, **(grid | {"rho": 0.3})
    )
    assert capped.unresolved.sum() > 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("m", "k", "signal"), [(100, 35, "gaussian"), (100, 27, "signs")]
)
def test_ending_early_moves_the_transition_by_less_than_a_third(m, k, signal):
    """On the same problems, where half of them succeed; n = 200."""
    grid = {"n": 200, "delta": m / 200, "rho": k / m, "trials": 400, "signal": signal}
    full = st.phase_transition(st.iht, **grid)
    early = st.phase_transition(st.iht, stop_early=True, **grid)
    assert 0.25 < full.probability.item() < 0.75
    pair = st.compare(early, full) if (full.successes != early.successes).any() else 0
    lost = -pair.difference if pair else 0.0
    slope = 1 / (4 * 2.5)  # of the probability in k, the width being 2.5
    assert abs(lost) / slope < 0.3


def test_stretches_of_descent_grow_with_the_ratio_until_it_is_hopeless():
    lengths = [stretch(ratio) for ratio in (0.01, 0.1, 0.2, 0.4, 0.5)]
    assert lengths == sorted(lengths)
    assert stretch(0.25) == 30  # (3^2 + 1) / 2 = 5 iterations per factor of e
    assert stretch(0.51) == stretch(1.0) < stretch(0.5)


def test_pairs_are_sharper_than_independent_maps():
    grid = {"n": 60, "delta": [0.4, 0.6], "rho": [0.25, 0.35, 0.45], "trials": 60}
    one = st.phase_transition(st.htp, **grid)
    two = st.phase_transition(st.subspace_pursuit, **grid)
    apart = st.phase_transition(st.subspace_pursuit, **grid, seed=1)
    paired, loose = st.compare(one, two), st.compare(one, apart)
    assert paired.paired
    assert not loose.paired
    assert paired.high - paired.low < 0.95 * (loose.high - loose.low)
    assert paired.low < paired.difference < paired.high
    i, j = np.argwhere(np.isfinite(paired.z))[0]
    won, lost = one.outcomes[i, j] == 1, two.outcomes[i, j] == 1
    more, less = np.sum(won & ~lost), np.sum(lost & ~won)
    assert_allclose(paired.z[i, j], (more - less) / np.sqrt(more + less))
    same = st.compare(one, one)
    assert (same.p_value, same.difference, same.dof) == (1.0, 0.0, 0)


def test_pairs_of_unequal_length_use_the_trials_that_both_have():
    grid = {"n": 60, "delta": 0.5, "rho": [0.3, 0.4]}
    one = st.phase_transition(st.htp, trials=64, **grid)
    two = st.phase_transition(st.omp, trials=40, **grid)
    same = st.phase_transition(st.htp, trials=40, **grid)
    assert_allclose(st.compare(one, two).z, st.compare(same, two).z)


def test_proofs_stand_in_for_the_solvers_that_they_are_about():
    assert proof_of(st.basis_pursuit) is st.l1_verdict
    assert proof_of(partial(st.basis_pursuit, max_iter=9)) is None
    assert proof_of(st.omp) is None
    assert proof_of(lambda A, y, k: st.basis_pursuit(A, y)) is None
    assert proof_of(partial(st.group_basis_pursuit, groups=4)) is not None
    assert proof_of(partial(st.group_basis_pursuit, groups=4, tol=1e-3)) is None


def test_noise_takes_the_short_cut_to_success_away():
    grid = {"n": 100, "delta": 0.5, "rho": 0.1, "trials": 10, "noise": 0.02}
    short = partial(st.iht, max_iter=300)
    for early in (False, True):
        found = st.phase_transition(short, stop_early=early, **grid)
        assert found.successes.sum() == 0


def test_one_matrix_alone_says_nothing_of_its_effect():
    with pytest.raises(ValueError, match="two matrices per cell, got 8 for 12"):
        st.phase_transition(st.omp, signals_per_matrix=8, **GRID)


def test_tests_and_intervals_hold_with_few_matrices():
    """Half of the variance between matrices, twelve of them, against the right law."""
    size, clusters, reps = 8, 12, 400
    rng = np.random.default_rng(0)
    covered, rejected = 0, 0
    plain = st.phase_transition(st.omp, n=30, delta=0.6, rho=0.4, trials=2)
    for _ in range(reps):
        p = rng.choice([0.2, 0.8], clusters).repeat(size)
        outcomes = np.where(rng.random(p.size) < p, 1, -1).astype(np.int8)
        shared = st.PhaseMap(
            *(plain.delta, plain.rho, plain.m, plain.k, outcomes[None, None]),
            *(30, 0, {"signals_per_matrix": size}),
        )
        low, high = shared.interval()
        covered += low.item() <= 0.5 <= high.item()
        rejected += st.compare(shared, [[0.5]]).p_value < 0.05
    error = 5 * np.sqrt(0.05 * 0.95 / reps)
    assert abs(covered / reps - 0.95) < error
    assert abs(rejected / reps - 0.05) < error


def test_a_law_that_says_what_cannot_be_is_rejected():
    grid = {"n": 40, "delta": 0.5, "rho": [0.1, 0.2, 0.3, 0.9], "trials": 100}
    result = st.phase_transition(st.basis_pursuit, **grid)
    right = st.compare(result, st.l1_success_probability)
    assert right.p_value > 1e-3
    steep = np.where(np.arange(4)[:, None] < 1, result.probability, 0.0)
    assert st.compare(result, steep).p_value < 1e-9
    for sure in (0.0, 1.0):
        wrong = st.compare(result, np.full((4, 1), sure))
        assert wrong.p_value < 1e-9
    with pytest.raises(ValueError, match="no cell has a chance of both"):
        st.compare(
            st.phase_transition(st.omp, **(grid | {"rho": 0.9})), np.zeros((1, 1))
        )


def never(A, y, k):
    return st.Recovery(np.zeros(A.shape[1]), 1, True)


def test_a_solver_that_never_succeeds_turns_below_every_k():
    curve = st.transition_curve(never, n=40, delta=[0.5], trials=32)
    assert (curve.k50, curve.low, curve.high) == (-np.inf, -np.inf, np.inf)


def spoils(A, y, k):
    found = st.omp(A, y, k)
    A[:] = 0.0
    return found


def test_a_solver_that_writes_into_the_matrix_spoils_no_other_trial():
    grid = {"n": 40, "delta": 0.5, "rho": 0.2, "trials": 32, "signals_per_matrix": 4}
    one, two = (st.phase_transition(s, **grid) for s in (st.omp, spoils))
    assert_array_equal(one.outcomes, two.outcomes)
