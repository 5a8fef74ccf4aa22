"""The studies behind the figures, their pictures and the presets."""

import importlib.util
import inspect
from pathlib import Path

import numpy as np
import pytest

import sparsetheory as st
from sparsetheory.experiments import studies
from sparsetheory.plotting.saving import save_figure
from sparsetheory.plotting.studies import FIGURES, plot_studies

SCRIPT = Path(__file__).parents[1] / "scripts" / "phase_transition.py"
RUN = {"workers": 1, "seed": 3}
SMALL = {
    "maps": {
        "solvers": {"omp": st.omp},
        "draws": {"Gaussian matrices": st.gaussian},
        **{"n": 20, "grid": 3, "trials": 3},
    },
    "curves": {
        "solvers": [studies.OMP, studies.NONNEGATIVE],
        **{"n": 24, "columns": 2, "trials": 16},
    },
    "universality": {
        "draws": ["Gaussian matrices", "random signs"],
        **{"n": 24, "columns": 2, "trials": 16},
    },
    "noise": {"n": 40, "levels": (0, 2), "trials": 4},
    "correlation": {"n": 40, "levels": (0, 0.9), "trials": 4},
    "groups": {"n": 24, "sizes": (1, 4), "columns": 2, "trials": 16},
    "scaling": {"sizes": (20, 40), "delta": (0.25, 0.5), "trials": 16},
    "support": {"n": 64, "counts": (2, 3), "rows": (0.5, 1.5), "trials": 6},
}


@pytest.fixture(scope="module")
def results():
    return {name: getattr(studies, name)(RUN, **SMALL[name]) for name in SMALL}


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("phase_transition_script", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("signal.signal", lambda *_: None)
        spec.loader.exec_module(module)
    return module


def test_every_study_has_a_figure():
    assert list(SMALL) == list(FIGURES)


@pytest.mark.parametrize("name", SMALL)
def test_names_begin_with_the_study_and_pictures_are_drawn(name, results, tmp_path):
    from matplotlib import pyplot as plt

    found = results[name]
    assert all(key.split("/")[0] == name for key in found)
    again = st.load_maps(st.save_maps(tmp_path / "all", found))
    pictures = []
    for i, part in enumerate((found, again)):
        (study, figure), *rest = plot_studies(part).items()
        assert study == name
        assert not rest
        pictures.append(
            [p.read_bytes() for p in save_figure(figure, tmp_path / f"{i}")]
        )
        plt.close(figure)
    assert pictures[0] == pictures[1]
    (csv, *_) = st.save_tables(tmp_path / name, found)
    assert csv.read_text().startswith("name,n,m,")


def test_unknown_names_are_refused(results):
    with pytest.raises(ValueError, match="'other/1' belongs to no study"):
        plot_studies({"other/1": next(iter(results["noise"].values()))})


def test_noise_and_likeness_do_harm(results):
    def share(name):
        return sum(r.successes.sum() for k, r in found.items() if k.endswith(name))

    found = results["noise"]
    assert share("/0") > share("/2")
    found = {k: r for k, r in results["correlation"].items() if studies.IHT in k}
    assert share("/0") > share("/0.9")


def test_sweeps_meet_the_same_signals(results):
    maps = [r for k, r in results["correlation"].items() if studies.HTP in k]
    assert len({(r.seed, r.settings["signal"], int(r.k[0, 0])) for r in maps}) == 1


def test_groups_make_recovery_easier():
    found = studies.groups(RUN, n=64, sizes=(1, 8), columns=1, trials=64)
    assert found["groups/8"].k50[0] > found["groups/1"].k50[0] + 3


@pytest.mark.parametrize("preset", ["quick", "default", "paper"])
def test_presets_are_arguments_of_their_studies(preset, script):
    assert list(script.SCALES[preset]) == list(FIGURES)
    for name, scale in script.SCALES[preset].items():
        known = inspect.signature(getattr(studies, name)).parameters
        assert set(scale) <= set(known), name
    assert set(script.PRESETS[preset]) <= set(FIGURES)
    assert set(script.ENSEMBLES.values()) == set(studies.ENSEMBLES)
    assert set(studies.SOLVERS) <= set(script.SOLVERS.values())


def test_the_lasso_finds_supports_as_the_law_says():
    n, k, m, trials = 128, 4, 40, 300
    found = st.phase_transition(
        studies.lasso,
        **{"n": n, "delta": m / n, "rho": k / m, "trials": trials},
        **{"signal": "signs", "success": st.exact_support, "tol": 1e-6},
    )
    law = float(st.lasso_support_probability(n, m, k))
    assert 0.2 < law < 0.8
    error = 5 * np.sqrt(law * (1 - law) / trials)
    assert abs(found.probability.item() - law) < error
    wrong = float(st.lasso_support_probability(n, m + 20, k))
    assert abs(found.probability.item() - wrong) > error


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in SMALL if name != "maps"])
def test_every_study_of_the_paper_can_be_tried_small(name, script):
    scale = script.SCALES["paper"][name]
    small = {key: script.SMALLEST.get(key, value) for key, value in scale.items()}
    found = getattr(studies, name)(RUN, **small)
    assert all(np.sum(result.counts) > 0 for result in found.values())
