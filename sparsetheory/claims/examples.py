"""One line of code a claim, that shows it by what users of the package have.

They run after ``import numpy as np; import sparsetheory as st``.
"""

from collections.abc import Mapping


def compared(arm: str, than: str, rounds: int) -> str:
    """Return the line that compares arms of tickets, trained for fewer steps."""
    arms = [name for name in (arm, than) if name != "dense"]
    return (
        'st.lottery_study(st.lottery_bench("digits", seeds=6, steps=100), '
        f"rounds=[{rounds}], "
        f"arms={arms}).effect({arm!r}, {than!r})"
    )


def wine(study: str, *options: str, steps: int = 50) -> str:
    """Return the call of a study of small networks for another set of data."""
    bench = f'st.lottery_bench("wine", hidden=[20], seeds=6, steps={steps})'
    return f"st.{study}({', '.join((bench, *options))})"


def digits(study: str, *options: str, seeds: int = 6, **bench: object) -> str:
    """Return the call of a study of digits, with as many steps as in the ledger."""
    sizes = "".join(f", {name}={n}" for name, n in ({"seeds": seeds} | bench).items())
    made = f'st.lottery_bench("digits"{sizes})'
    return f"st.{study}({', '.join((made, *options))})"


RECIPES = wine("lottery_study", "rounds=[8]", "arms=st.procedure_arms(rounds=8)")
EXAMPLES: Mapping[str, str] = {
    "C01": "np.arange(5.0) * (np.arange(5) != 1) * (np.arange(5) < 4)",
    "C02": "st.weight_density([0.0, 2.0, 1.0, -1.0], [True, False, True, True])",
    "C03": "st.mask_budget(100, 0.29), int(100 * 0.29)",
    "C04": "st.fista(st.gaussian(5, 12, rng=0), np.ones(5), lam=0.1).support.size",
    "C05": "st.active_groups([True, False, False, False], [0, 1, 1, 0]).sum()",
    "C06": "st.group_ista(np.eye(4), [3.0, 4.0, 0.1, 0.1], 1.0, 2).x",
    "C07": "st.expand_groups([True, False], [0, 1, 1, 0])",
    "C08": "st.best_k_term([3.0, -2.5, 1.5], 2)",
    "C09": "st.best_k_term([3.0, -2.5, 1.5], 2, p=1), "
    "st.best_k_term([3.0, -2.5, 1.5], 2, weights=[1, 1, 4])",
    "C10": "st.best_groups([4.9, 9.0, 16.0], [2, 4, 2], 4)",
    "C11": "st.snip_saliency([3.0, -1.0], lambda w: w - 2.0)",
    "C12": "st.snip_saliency([2.0, 2.0], lambda w: w - 2.0)",
    "C13": "st.grasp_saliency([1.0, -1.0], lambda w: np.array([1.0, 2.0]), "
    "lambda w, v: np.array([[2.0, 1.0], [1.0, 3.0]]) @ v)",
    "C14": "(lambda calls: st.grasp_saliency(np.ones(3), lambda w: calls.append('g') "
    "or w, lambda w, v: calls.append('Hv') or v) is None or calls)([])",
    "C15": digits("lottery_study", "rounds=[6]", "arms=['ticket']")
    + ".effect('ticket', 'dense')",
    "C16": "[st.train(st.mlp([2, 2]), np.arange(w, w + 6.0), np.eye(2), [0, 1], "
    "mask=np.arange(6) != off).w.round(2) for w, off in ((0, 0), (0, 0), (1, 0), "
    "(0, 1))]",
    "C17": compared("re-initialised", "ticket", 11),
    "C18": "np.exp(st.log_top_k_ticket_probability(6, 2, amplitude=[0, 4]))",
    "C19": "st.ticket_trials(10, 3, [0.6, 1.0], trials=200_000).successes / 200_000, "
    "np.exp(st.log_ticket_probability(10, 3, [0.6, 1.0]))",
    "C20": "st.restricted_gradient(lambda w: w - 2.0, [1.0, 5.0], [True, False])",
    "C21": "st.restricted_hessian(lambda w, v: np.array([[1.0, 2.0], [2.0, 1.0]]) @ v, "
    "[1.0, 1.0], [True, False]) @ np.eye(1)",
    "C22": "st.restricted_spectrum(lambda w, v: np.array([[1, 2], [2, 1]]) @ v, "
    "np.ones(2), [True, False]).smallest",
    "C23": "[st.restricted_spectrum(lambda w, v: np.array([1.0, 10.0, 10.0]) * v, "
    "np.ones(3), mask).best_step for mask in ([True] * 3, [False, True, True])]",
    "C24": "[st.gradient_rate(low, high) for low, high in ((1.0, 10.0), (2.0, 9.0))]",
    "C25": digits("sharpness_study", "steps=[0, 80]", "rounds=12", seeds=4, hidden=[20])
    + ".largest.mean(axis=-1)",
    "C26": "st.conv_costs([3, 32, 32], [64, 64]).macs / "
    "st.conv_costs([3, 64, 64], [64, 64]).macs",
    "C27": "st.density_after_rounds(0.2, 100), st.surviving_counts(4, 0.2, 100)[-1]",
    "C28": "st.dst_equilibrium(0.3, st.dst_regrowth(0.3, 0.1))",
    "C29": "(lambda w, m: (w - 0.1 * m * (w - 2.0), m * (w - 0.1 * (w - 2.0))))"
    "(np.array([1.0, 0.0]), np.array([1, 0]))",
    "C30": "(lambda g, w: (st.restricted_gradient(g, w, [True, False]), g(w)))"
    "(lambda w: w - 2.0, np.array([2.0, 0.0]))",
    "C31": "[st.iht(st.gaussian(50, 100, rng=0), st.gaussian(50, 1, rng=1)[:, 0], 3, "
    "max_iter=t, tol=0.0).support for t in (1, 2, 3, 4)]",
    "C32": "st.soft_threshold_risk([0, 8], 2.0), st.hard_threshold_risk([0, 8], 2.0)",
    "C33": "st.group_ista(np.eye(2), [3.0, 4.0], 1.0, 2, weights=[1]).x",
    "C34": "st.jacobian_recovery(st.mlp([6, 5, 3], activation='tanh'), "
    "np.linspace(-1, 1, 53), st.gaussian(100, 6, rng=0), samples=60, k=2, "
    "size=[0, 1e-3, 1], trials=5).successes[:, :, 0, 0]",
    "C35": "st.rip_constant(st.gaussian(20, 24, rng=0), 2, normalise=True)",
    "C36": "st.l1_success_probability(1000, [20, 60, 100, 140], 10).round(3)",
    "C37": "st.pruning_report(st.BlockCirculant(st.digits_filters(), 8), 2)"
    ".effects['filter 7'].scaled",
    "C38": "st.convergence_bounds(st.BlockCirculant([[[1.0, 0.1]]], 100), 3)"
    ".contractions",
    "C39": "st.convergence_rate(st.gaussian(200, 400, rng=1), "
    "st.sparse_signal(400, 10, rng=2), step=0.6).predicted",
    "C40": "[st.phase_transition(st.iht, n=100, delta=0.4, rho=0.1, signal='signs', "
    "noise=s, success=st.exact_support).successes[0, 0] for s in (0, 0.5, 1)]",
    "C41": "[st.l1_success_probability(n, n // 2, [int(s * n) for s in (0.16, 0.23)])"
    ".round(3) for n in (100, 400, 1600)]",
    "C42": digits("label_noise_study", "rounds=[11]", steps=1000)
    + ".effect('test', level=1)",
    "C43": "st.margin([[1, 1], [1, -1]], [1, 1], [1, 1]).geometric, "
    "st.margin([[1, 1], [1, -1]], [1, 1], [1, 0]).geometric",
    "C44": "st.rademacher_complexity(np.cos(np.outer(np.arange(1, 11), "
    "np.arange(1, 7)))).value.round(3)",
    "C45": "(lambda A: (st.exact_recovery_coefficient(A, [0, 1, 2]), "
    "st.lasso(A, A[:, :3].sum(axis=1), 0.01).support))(st.gaussian(40, 60, rng=0))",
    "C46": "st.magnitude_rows([[10, 0], [9, 0], [0, 1]], 2), "
    "st.optimal_design([[10, 0], [9, 0], [0, 1]], 2).rows",
    "C47": compared("ticket", "dense", 11),
    "C48": "st.rounds_to_density(0.2, 0.1), st.rounds_to_density(0.2 / 100, 0.1)",
    "C49": compared("mask of another seed", "ticket", 14),
    "C50": compared("shuffled in layers", "ticket", 14),
    "C51": digits("rewinding_study", "steps=[0, 80]", "rounds=[10]")
    + ".connected[:, 0, 0].mean(axis=-1)",
    "C52": "(lambda n, w, on, X: [abs(n.outputs(w * on, X) - n.outputs(p, X)).max() "
    "for p in (w, w * on)])(st.mlp([9, 9]), np.arange(90.0), np.arange(90) % 2, "
    "np.eye(9)), "
    "st.masked_kernel([[1.0, 2.0, 0.0], [0.0, 0.0, 3.0]], "
    "[False, True, False]).rank",
    "C53": "(lambda n, w, X: [abs(st.train(n, w, X, range(9), steps=1, batch=9, "
    "optimiser=st.SGD(lr=0.5)).w - w - s * n.gradient(w, X, range(9))).max().round(6) "
    "for s in (0.5, -0.5)])(st.mlp([9, 9]), np.ones(90), np.eye(9))",
    "C54": "st.subset_sum_typical_size([0.1, 1e-3], 0.5, chance=0.9), "
    "st.covering_size(1, [0.1, 1e-3], 0.1)",
    "C55": "st.subset_sum_median_error([8, 12, 16], 0.5), "
    "st.single_weight_median_error([8, 12, 16], 0.5)",
    "C56": "[np.mean(abs(v - 5) < 1) for v in [np.random.default_rng(0)"
    ".standard_normal(10**6)]], 1 / 10, "
    "st.ball_hit_probability([1, 2], 0.5, 1.0, 1.0) / [0.25, 0.25**2]",
    "C57": "st.malach_headline_size(10, 0.05), "
    "st.malach_sketch_size(10, 5, 0.1, 1.0, 0.05)",
    "C58": "st.gradient_flow([3.0, 4.0, 12.0], [False, True, True])",
    "C59": "np.sqrt(400 * np.log(400 / 400) / 100), st.generalisation_gaps(400, 100, "
    "[400], noise=0.5, trials=20).mean_gap()",
    "C60": "st.expected_top_norm(10**6, [10**5, 1000, 1]) / np.sqrt([10**5, 1000, 1])",
    "C61": wine("label_noise_study", "rounds=[8]", steps=200)
    + ".effect('gap', level=1)",
    "C62": "st.pruned_weight(*np.random.default_rng(0).uniform(-1, 1, (2, 32)), 0.3)"
    ".error",
    "C63": "st.rounds_to_density(0.2, 0.1), np.log(0.1) / np.log(0.8)",
    "C64": compared("random", "ticket", 14),
    "C65": wine("overlap_study", "rounds=[6]") + ".excess('other order')",
    "C66": "st.top_mask(np.ones(10), 8).sum(), "
    "(np.ones(10) >= np.partition(np.ones(10), 1)[1]).sum()",
    "C67": "np.count_nonzero(st.train(st.mlp([9, 9]), np.zeros(90), np.eye(9), "
    "range(9), steps=9, batch=9).w)",
    "C68": "(np.repeat([0.0, 1.0], [60, 40]) > "
    "np.quantile(np.repeat([0.0, 1.0], [60, 40]), 0.5)).sum()",
    "C69": "-np.log2(0.5**4 * 0.5**20), 20",
    "C70": "st.train(st.mlp([2, 2]), np.ones(6) * [1, 0, 0, 1, 1, 1], np.eye(2), "
    "[0, 1], steps=9, batch=2).w.astype(bool)",
    "C71": "1 - st.density_after_rounds(0.2, 10), st.rounds_to_density(0.2, 0.1)",
    "C72": compared("random", "dense", 14),
    "C73": "st.best_k_term([3.0, -2.5, 1.5], 2).error",
    "C74": "[st.best_k_term([3.0, -2.5, 1.5], 2, p=p).support for p in (0.5, 1, 3)]",
    "C75": "st.best_k_term([3.0, -2.5, 1.5], 2, nonnegative=True).x",
    "C76": "st.snip_saliency([1.0, -1.0], lambda w: np.array([2.0, 2.0]))",
    "C77": "st.obd_saliency([1.0, -1.0], [2.0, 2.0]), "
    "st.obs_saliency([1.0, -1.0], [[2.0, 1.8], [1.8, 2.0]])",
    "C78": "st.obd_saliency([0.01, 0.08], [2000.0, 20.0])",
    "C79": compared("one-shot", "ticket", 14),
    "C80": "st.best_k_term([3.0, -2.5, 1.5], 2).x, "
    "st.lasso(np.eye(3), np.array([3.0, -2.5, 1.5]), 1.5).x",
    "C81": RECIPES + ".effect('rewound at the end alone', 'dense')",
    "C82": wine("chance_study", "rounds=[3]", "arms=['ticket']")
    + ".interval('ticket')",
    "C83": "np.mean([y[3] == (y[:3].sum() < 2) for y in np.random.default_rng(0)"
    ".permuted(np.tile([0, 0, 1, 1], (999, 1)), axis=1)])",
    "C84": compared("one-shot, fine-tuned", "one-shot", 14),
    "C85": compared("shuffled in layers", "re-initialised", 14),
    "C86": digits("rewinding_study", "steps=[0, 4]", "rounds=[6]") + ".effect(4)",
    "C87": digits(
        "lottery_study",
        "rounds=[14]",
        "arms=st.layer_arms(st.lottery_bench('digits', seeds=20))",
        seeds=20,
    )
    + ".effect('layer 1 re-initialised', 'layer 2 re-initialised')",
    "C88": "st.log_ticket_maximum([20, 1000], [5, 100]) / np.log(10)",
    "C89": compared("magnitudes kept", "signs kept, one magnitude", 14),
    "C90": digits("noise_study", "sizes=[0, 0.1]", "rounds=[10]")
    + ".effect('ticket', 'ticket', value=0.1, base=0)",
    "C91": wine("step_size_study", "sizes=[0.1, 0.5, 2]", "rounds=[6]")
    + ".best('ticket')",
    "C92": "np.roots([1, 0, -1, 0.1]), "
    "np.polyval([1 / 4, 0, -1 / 2, 0.1, 0], np.roots([1, 0, -1, 0.1]))",
    "C93": digits("batch_study", "batches=[5, 25]", "rounds=[14]") + ".best('ticket')",
    "C94": "st.paired_effect(*map("
    + digits("order_study", "orders=4", "rounds=[10]")
    + ".spread, ('ticket', 'dense')))",
    "C95": digits("speed_study", "rounds=[5]") + ".effect('ticket', loss=0.3)",
}
