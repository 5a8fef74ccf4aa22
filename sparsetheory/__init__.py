"""Sparse recovery: solvers, guarantees and the experiments that test them."""

from importlib.metadata import version as _version

from sparsetheory._warmup import warmup
from sparsetheory.conditions.blocks import BlockCoherence, block_coherence
from sparsetheory.conditions.coefficient import exact_recovery_coefficient
from sparsetheory.conditions.coherence import (
    Coherence,
    babel,
    mutual_coherence,
)
from sparsetheory.conditions.convexity import (
    Contraction,
    Convergence,
    convergence_bounds,
)
from sparsetheory.conditions.guarantees import (
    Guarantee,
    Guarantees,
    recovery_guarantees,
)
from sparsetheory.conditions.isometry import Isometry, rip_constant
from sparsetheory.conditions.nullspace import (
    NullSpaceConstant,
    null_space_bounds,
    null_space_constant,
)
from sparsetheory.conditions.pruning import (
    PruningEffect,
    PruningReport,
    pruning_effect,
    pruning_report,
)
from sparsetheory.conditions.sampling import (
    SampledIsometry,
    rip_lower_bound_by_sampling,
)
from sparsetheory.conditions.spark import Spark, spark
from sparsetheory.ensembles import (
    gaussian,
    gaussian_ar1,
    gaussian_equicorrelated,
    rademacher,
    random_layers,
    random_rows,
    spherical,
)
from sparsetheory.experiments.bench import LotteryBench, lottery_bench
from sparsetheory.experiments.compare import Comparison, compare
from sparsetheory.experiments.convergence import ConvergenceRate, convergence_rate
from sparsetheory.experiments.curve import fit_map, transition_curve
from sparsetheory.experiments.datasets import Splits, draw_splits
from sparsetheory.experiments.fit import Transition, fit_transition
from sparsetheory.experiments.intervals import (
    clopper_pearson_interval,
    wilson_interval,
)
from sparsetheory.experiments.jacobian import JacobianRecovery, jacobian_recovery
from sparsetheory.experiments.lottery import (
    LotteryStudy,
    lottery_pieces,
    lottery_study,
)
from sparsetheory.experiments.paired import PairedEffect, paired_effect
from sparsetheory.experiments.phase import phase_transition
from sparsetheory.experiments.pruned import (
    PrunedNeuronTrials,
    PrunedWeight,
    pruned_neuron_trials,
    pruned_weight,
)
from sparsetheory.experiments.rare import TicketEstimate, rare_ticket_probability
from sparsetheory.experiments.rules import (
    exact_support,
    most_of_support,
    relative_error,
)
from sparsetheory.experiments.saliencies import SaliencyComparison, saliency_comparison
from sparsetheory.experiments.spectra import HessianSpectra, hessian_spectra
from sparsetheory.experiments.store import (
    PhaseMap,
    TransitionCurve,
    load_maps,
    save_maps,
    save_tables,
)
from sparsetheory.experiments.subset_sum import (
    SubsetSum,
    SubsetSumTrials,
    best_subset,
    subset_sum_trials,
)
from sparsetheory.experiments.tickets import TicketTrials, ticket_trials
from sparsetheory.layers import digits_filters
from sparsetheory.lottery.approximation import (
    Approximation,
    best_groups,
    best_k_term,
    best_quadratic,
)
from sparsetheory.lottery.controls import reinitialised, shuffled_mask
from sparsetheory.lottery.dynamic import (
    DynamicTraining,
    StrongTicket,
    dynamic_sparse_training,
    edge_popup,
)
from sparsetheory.lottery.initial import batch_order, initial_weights
from sparsetheory.lottery.iterative import (
    PruningRounds,
    iterative_magnitude_pruning,
)
from sparsetheory.lottery.jacobian import adjoint_mismatch, jacobian_operator
from sparsetheory.lottery.landscape import (
    GradientFlow,
    Spectrum,
    TangentKernel,
    gradient_flow,
    masked_kernel,
    random_progress,
    restricted_gradient,
    restricted_hessian,
    restricted_spectrum,
)
from sparsetheory.lottery.losses import Loss, cross_entropy, squared_error
from sparsetheory.lottery.masks import (
    active_groups,
    expand_groups,
    layer_masks,
    mask_budget,
    mask_density,
    top_mask,
    weight_density,
)
from sparsetheory.lottery.network import Network, convnet, mlp
from sparsetheory.lottery.optimisers import SGD, Adam
from sparsetheory.lottery.saliency import (
    grasp_saliency,
    group_saliency,
    hessian_diagonal,
    magnitude_saliency,
    obd_saliency,
    obs_saliency,
    obs_update,
    random_saliency,
    snip_saliency,
    synflow_saliency,
)
from sparsetheory.lottery.schedules import (
    VGG16_CHANNELS,
    VGG16_SIDES,
    ConvCosts,
    Equilibrium,
    conv_costs,
    density_after_rounds,
    dst_equilibrium,
    dst_regrowth,
    rounds_to_density,
    surviving_counts,
)
from sparsetheory.lottery.ticket import Ticket, load_ticket
from sparsetheory.lottery.torch_bridge import (
    TorchModel,
    keep_torch_mask,
    set_torch_weights,
    torch_conv_operator,
    torch_model,
    torch_weights,
)
from sparsetheory.lottery.training import History, Training, train
from sparsetheory.operators import BlockCirculant, operator_norm
from sparsetheory.plotting.convergence import plot_convergence
from sparsetheory.plotting.curves import plot_transition_curves
from sparsetheory.plotting.guarantees import plot_guarantees, plot_isometry
from sparsetheory.plotting.jacobian import plot_jacobian_recovery
from sparsetheory.plotting.lottery import plot_lottery
from sparsetheory.plotting.maps import plot_phase_map, plot_phase_maps
from sparsetheory.plotting.masks import plot_saliencies, plot_saliency_loss
from sparsetheory.plotting.pruning import plot_pruning
from sparsetheory.plotting.spectra import plot_spectra
from sparsetheory.plotting.speed import plot_speed_ratios
from sparsetheory.plotting.tickets import (
    plot_subset_sum,
    plot_ticket_probability,
    plot_ticket_sparsity,
)
from sparsetheory.pruned import (
    largest_taps,
    pruning_masks,
    with_taps,
    with_unit_columns,
    without_channels,
    without_filters,
)
from sparsetheory.signals import group_sparse_signal, grouped_signal, sparse_signal
from sparsetheory.solvers.amp import amp
from sparsetheory.solvers.basis_pursuit import (
    basis_pursuit,
    group_basis_pursuit,
    nonnegative_basis_pursuit,
)
from sparsetheory.solvers.certificates import (
    Verdict,
    group_verdict,
    l1_verdict,
    nonnegative_verdict,
)
from sparsetheory.solvers.denoise import basis_pursuit_denoise
from sparsetheory.solvers.duals import DualCertificate, dual_certificate
from sparsetheory.solvers.gaps import group_lasso_gap, lasso_gap, lasso_kkt
from sparsetheory.solvers.greedy import iht
from sparsetheory.solvers.group_lasso import (
    group_lambda_max,
    group_lasso,
    group_lasso_kkt,
    group_lasso_path,
)
from sparsetheory.solvers.groups import group_iht, group_omp
from sparsetheory.solvers.lasso import LassoPath, lambda_max, lasso, lasso_path
from sparsetheory.solvers.proximal import fista, group_ista, ista
from sparsetheory.solvers.pursuit import cosamp, debias, htp, omp, subspace_pursuit
from sparsetheory.structured import (
    flat_circulant,
    partial_dct,
    partial_fourier,
    partial_hadamard,
    random_circulant,
    random_toeplitz,
)
from sparsetheory.theory.bayes import (
    bayes_amp_threshold,
    bernoulli_gauss_mmse,
)
from sparsetheory.theory.bounds import (
    RIP_CONDITIONS,
    RipCondition,
    block_coherence_guarantee,
    coherence_guarantee,
    gaussian_rip_bounds,
    rip_guarantee,
    welch_bound,
)
from sparsetheory.theory.covering import (
    ball_hit_probability,
    covering_size,
    malach_headline_size,
    malach_sketch_size,
)
from sparsetheory.theory.curves import (
    l1_statistical_dimension,
    l1_weak_threshold,
    nonnegative_weak_threshold,
)
from sparsetheory.theory.faces import (
    L1_STRONG_LIMIT,
    l1_sectional_threshold,
    l1_strong_threshold,
    nonnegative_strong_threshold,
)
from sparsetheory.theory.finite import l1_median_sparsity, l1_success_probability
from sparsetheory.theory.groups import (
    box_success_probability,
    box_weak_threshold,
    group_statistical_dimension,
    group_success_probability,
    group_weak_threshold,
)
from sparsetheory.theory.lasso import (
    LassoRisk,
    NoiseSensitivity,
    lasso_risk,
    noise_sensitivity,
)
from sparsetheory.theory.overlap import log_threshold_overlap, log_top_k_overlap
from sparsetheory.theory.profile import log_profile_probability, ticket_amplitude
from sparsetheory.theory.rates import (
    grades_rate,
    gradient_rate,
    htp_rate,
    iht_expansion,
    iht_rate,
    threshold_factor,
)
from sparsetheory.theory.shrinkage import (
    hard_threshold_bias,
    hard_threshold_degrees,
    hard_threshold_risk,
    soft_threshold_bias,
    soft_threshold_degrees,
    soft_threshold_risk,
)
from sparsetheory.theory.state_evolution import (
    amp_threshold,
    nonnegative_amp_threshold,
    state_evolution,
    state_evolution_limit,
)
from sparsetheory.theory.subset_sum import (
    single_weight_median_error,
    subset_sum_density,
    subset_sum_expectation,
    subset_sum_median_error,
    subset_sum_probability,
    subset_sum_size,
    subset_sum_typical_size,
)
from sparsetheory.theory.support import (
    L0_STRONG_THRESHOLD,
    L0_WEAK_THRESHOLD,
    SupportThetas,
    l0_rows,
    l0_uniform_rows,
    lasso_support_probability,
    lasso_support_thetas,
    support_rows,
)
from sparsetheory.theory.tickets import (
    log_ticket_maximum,
    log_ticket_probability,
    log_ticket_seeds,
    log_top_k_ticket_probability,
    optimal_threshold,
)
from sparsetheory.theory.volumes import (
    l1_exact_success_probability,
    l1_intrinsic_volumes,
    nonnegative_exact_success_probability,
    nonnegative_intrinsic_volumes,
)
from sparsetheory.types import Recovery

__version__ = _version("sparsetheory")

__all__ = [
    "L0_STRONG_THRESHOLD",
    "L0_WEAK_THRESHOLD",
    "L1_STRONG_LIMIT",
    "RIP_CONDITIONS",
    "SGD",
    "VGG16_CHANNELS",
    "VGG16_SIDES",
    "Adam",
    "Approximation",
    "BlockCirculant",
    "BlockCoherence",
    "Coherence",
    "Comparison",
    "Contraction",
    "ConvCosts",
    "Convergence",
    "ConvergenceRate",
    "DualCertificate",
    "DynamicTraining",
    "Equilibrium",
    "GradientFlow",
    "Guarantee",
    "Guarantees",
    "HessianSpectra",
    "History",
    "Isometry",
    "JacobianRecovery",
    "LassoPath",
    "LassoRisk",
    "Loss",
    "LotteryBench",
    "LotteryStudy",
    "Network",
    "NoiseSensitivity",
    "NullSpaceConstant",
    "PairedEffect",
    "PhaseMap",
    "PrunedNeuronTrials",
    "PrunedWeight",
    "PruningEffect",
    "PruningReport",
    "PruningRounds",
    "Recovery",
    "RipCondition",
    "SaliencyComparison",
    "SampledIsometry",
    "Spark",
    "Spectrum",
    "Splits",
    "StrongTicket",
    "SubsetSum",
    "SubsetSumTrials",
    "SupportThetas",
    "TangentKernel",
    "Ticket",
    "TicketEstimate",
    "TicketTrials",
    "TorchModel",
    "Training",
    "Transition",
    "TransitionCurve",
    "Verdict",
    "__version__",
    "active_groups",
    "adjoint_mismatch",
    "amp",
    "amp_threshold",
    "babel",
    "ball_hit_probability",
    "basis_pursuit",
    "basis_pursuit_denoise",
    "batch_order",
    "bayes_amp_threshold",
    "bernoulli_gauss_mmse",
    "best_groups",
    "best_k_term",
    "best_quadratic",
    "best_subset",
    "block_coherence",
    "block_coherence_guarantee",
    "box_success_probability",
    "box_weak_threshold",
    "clopper_pearson_interval",
    "coherence_guarantee",
    "compare",
    "conv_costs",
    "convergence_bounds",
    "convergence_rate",
    "convnet",
    "cosamp",
    "covering_size",
    "cross_entropy",
    "debias",
    "density_after_rounds",
    "digits_filters",
    "draw_splits",
    "dst_equilibrium",
    "dst_regrowth",
    "dual_certificate",
    "dynamic_sparse_training",
    "edge_popup",
    "exact_recovery_coefficient",
    "exact_support",
    "expand_groups",
    "fista",
    "fit_map",
    "fit_transition",
    "flat_circulant",
    "gaussian",
    "gaussian_ar1",
    "gaussian_equicorrelated",
    "gaussian_rip_bounds",
    "grades_rate",
    "gradient_flow",
    "gradient_rate",
    "grasp_saliency",
    "group_basis_pursuit",
    "group_iht",
    "group_ista",
    "group_lambda_max",
    "group_lasso",
    "group_lasso_gap",
    "group_lasso_kkt",
    "group_lasso_path",
    "group_omp",
    "group_saliency",
    "group_sparse_signal",
    "group_statistical_dimension",
    "group_success_probability",
    "group_verdict",
    "group_weak_threshold",
    "grouped_signal",
    "hard_threshold_bias",
    "hard_threshold_degrees",
    "hard_threshold_risk",
    "hessian_diagonal",
    "hessian_spectra",
    "htp",
    "htp_rate",
    "iht",
    "iht_expansion",
    "iht_rate",
    "initial_weights",
    "ista",
    "iterative_magnitude_pruning",
    "jacobian_operator",
    "jacobian_recovery",
    "keep_torch_mask",
    "l0_rows",
    "l0_uniform_rows",
    "l1_exact_success_probability",
    "l1_intrinsic_volumes",
    "l1_median_sparsity",
    "l1_sectional_threshold",
    "l1_statistical_dimension",
    "l1_strong_threshold",
    "l1_success_probability",
    "l1_verdict",
    "l1_weak_threshold",
    "lambda_max",
    "largest_taps",
    "lasso",
    "lasso_gap",
    "lasso_kkt",
    "lasso_path",
    "lasso_risk",
    "lasso_support_probability",
    "lasso_support_thetas",
    "layer_masks",
    "load_maps",
    "load_ticket",
    "log_profile_probability",
    "log_threshold_overlap",
    "log_ticket_maximum",
    "log_ticket_probability",
    "log_ticket_seeds",
    "log_top_k_overlap",
    "log_top_k_ticket_probability",
    "lottery_bench",
    "lottery_pieces",
    "lottery_study",
    "magnitude_saliency",
    "malach_headline_size",
    "malach_sketch_size",
    "mask_budget",
    "mask_density",
    "masked_kernel",
    "mlp",
    "most_of_support",
    "mutual_coherence",
    "noise_sensitivity",
    "nonnegative_amp_threshold",
    "nonnegative_basis_pursuit",
    "nonnegative_exact_success_probability",
    "nonnegative_intrinsic_volumes",
    "nonnegative_strong_threshold",
    "nonnegative_verdict",
    "nonnegative_weak_threshold",
    "null_space_bounds",
    "null_space_constant",
    "obd_saliency",
    "obs_saliency",
    "obs_update",
    "omp",
    "operator_norm",
    "optimal_threshold",
    "paired_effect",
    "partial_dct",
    "partial_fourier",
    "partial_hadamard",
    "phase_transition",
    "plot_convergence",
    "plot_guarantees",
    "plot_isometry",
    "plot_jacobian_recovery",
    "plot_lottery",
    "plot_phase_map",
    "plot_phase_maps",
    "plot_pruning",
    "plot_saliencies",
    "plot_saliency_loss",
    "plot_spectra",
    "plot_speed_ratios",
    "plot_subset_sum",
    "plot_ticket_probability",
    "plot_ticket_sparsity",
    "plot_transition_curves",
    "pruned_neuron_trials",
    "pruned_weight",
    "pruning_effect",
    "pruning_masks",
    "pruning_report",
    "rademacher",
    "random_circulant",
    "random_layers",
    "random_progress",
    "random_rows",
    "random_saliency",
    "random_toeplitz",
    "rare_ticket_probability",
    "recovery_guarantees",
    "reinitialised",
    "relative_error",
    "restricted_gradient",
    "restricted_hessian",
    "restricted_spectrum",
    "rip_constant",
    "rip_guarantee",
    "rip_lower_bound_by_sampling",
    "rounds_to_density",
    "saliency_comparison",
    "save_maps",
    "save_tables",
    "set_torch_weights",
    "shuffled_mask",
    "single_weight_median_error",
    "snip_saliency",
    "soft_threshold_bias",
    "soft_threshold_degrees",
    "soft_threshold_risk",
    "spark",
    "sparse_signal",
    "spherical",
    "squared_error",
    "state_evolution",
    "state_evolution_limit",
    "subset_sum_density",
    "subset_sum_expectation",
    "subset_sum_median_error",
    "subset_sum_probability",
    "subset_sum_size",
    "subset_sum_trials",
    "subset_sum_typical_size",
    "subspace_pursuit",
    "support_rows",
    "surviving_counts",
    "synflow_saliency",
    "threshold_factor",
    "ticket_amplitude",
    "ticket_trials",
    "top_mask",
    "torch_conv_operator",
    "torch_model",
    "torch_weights",
    "train",
    "transition_curve",
    "warmup",
    "weight_density",
    "welch_bound",
    "wilson_interval",
    "with_taps",
    "with_unit_columns",
    "without_channels",
    "without_filters",
]
