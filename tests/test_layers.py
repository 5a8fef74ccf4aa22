"""Imports point downwards only, heavy packages have one owner, files stay short."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import sparsetheory

ROOT = Path(sparsetheory.__file__).parent
LAYERS = [
    {"types"},
    {"_kernels", "theory", "layers"},
    {"_checks", "_files", "_parallel"},
    {"_rng"},
    {"operators"},
    {"ensembles", "lags", "pruned", "signals", "structured"},
    {"solvers", "conditions", "learning", "lottery"},
    {"experiments"},
    {"plotting", "_warmup"},
    {"claims", "estimators"},
]
RANK = {name: i for i, layer in enumerate(LAYERS) for name in layer}
OWNERS = {"numba": {"_kernels"}, "rocket_fft": {"_kernels"}, "matplotlib": {"plotting"}}
HEAVY = {"cvxpy", "matplotlib", "scipy.integrate", "scipy.stats", "sklearn", "tqdm"}
HEAVY.add("torch")
FILES = [p for p in ROOT.rglob("*.py") if p != ROOT / "__init__.py"]


def imported(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "absolute imports only"
            yield node.module


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports(path):
    here = path.relative_to(ROOT).with_suffix("").parts[0]
    assert here in RANK, f"{here} has no rank"
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for name in imported(tree):
        top, *rest = name.split(".")
        assert here in OWNERS.get(top, {here}), f"only {OWNERS[top]} imports {top}"
        if top == "sparsetheory":
            assert rest, "import the module, not the package"
            assert rest[0] == here or RANK[rest[0]] < RANK[here], f"{here} -> {name}"
    at_import = [n for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom)]
    for name in imported(ast.Module(at_import, [])):
        heavy = {name, name.split(".")[0]} & HEAVY
        owner = here in {"claims", "estimators"}
        assert owner or not heavy, f"import {name} where it is used"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_files_stay_short(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


def test_exports_are_there():
    names = sparsetheory.__all__  # their order is ruff's to keep
    assert len(names) == len(set(names))
    assert all(hasattr(sparsetheory, name) for name in names)


def test_every_public_function_has_an_example():
    for name in sparsetheory.__all__:
        thing = getattr(sparsetheory, name)
        if callable(thing) and getattr(thing, "__doc__", None) and name[0].islower():
            assert ">>>" in thing.__doc__, f"{name} has no example"


def test_import_loads_nothing_heavy():
    code = f"import sys, sparsetheory; print(*({HEAVY!r} & set(sys.modules)))"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == []
