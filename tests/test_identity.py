"""Fingerprints of what users write."""

import importlib
import os
import subprocess
import sys

import pytest

import sparsetheory as st
from sparsetheory.experiments.identity import fingerprint, told_apart
from sparsetheory.experiments.rules import exact_support
from sparsetheory.experiments.setting import check_setting


def key(solver=st.iht, **options):
    setting = check_setting(
        *(solver, 20, st.gaussian, st.sparse_signal, 0, 1e-3), **options
    )
    return fingerprint(setting)[0]


@pytest.fixture
def load(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def load(**sources):
        for name, source in sources.items():
            (tmp_path / f"{name}.py").write_text(source)
        for name in sources:
            sys.modules.pop(name, None)
        importlib.invalidate_caches()
        return [importlib.import_module(name) for name in sources][-1]

    yield load
    for path in tmp_path.glob("*.py"):
        sys.modules.pop(path.stem, None)


CALL = "import sparsetheory as st\n"
HELPED = "import user_helpers\ndef solve(A, y, k): return user_helpers.go(A, y, k)\n"
DEEP = "import user_deep\ndef go(A, y, k): return user_deep.go(A, y, k)\n"


def test_modules_are_told_apart_by_what_is_in_them(load):
    def built(source):
        return load(user_deep=source, user_helpers=DEEP, user_solver=HELPED).solve

    one = "def go(A, y, k): return 1\n"
    assert key(built(one)) == key(built(one))
    assert key(built(one)) != key(built(one.replace("1", "2")))


def test_modules_that_a_function_imports_as_it_runs_count(load):
    inside = "def solve(A, y, k):\n    import user_deep\n    return user_deep.go(A)\n"

    def built(source):
        return load(user_deep=source, user_solver=inside).solve

    one = "def go(A): return 1\n"
    assert key(built(one)) == key(built(one))
    assert key(built(one)) != key(built(one.replace("1", "2")))


def test_settings_made_as_a_program_runs_count(load):
    source = "import user_deep\ndef solve(A, y, k): return user_deep.STEP\n"
    solve = load(user_deep="STEP = 1\n", user_solver=source).solve
    before = key(solve)
    assert key(solve) == before
    sys.modules["user_deep"].STEP = 2
    changed = key(solve)
    assert changed != before
    solve.on = True
    assert key(solve) != changed


@pytest.mark.parametrize(
    "member",
    [
        "STEP = {}",
        "@staticmethod\n    def step(k): return {}",
        "@classmethod\n    def step(cls): return {}",
        "@property\n    def step(self): return {}",
        "def step(self): return {}",
        "TABLE = dict(a=[{}])",
    ],
)
def test_classes_are_told_apart_by_all_that_they_hold(member, load):
    def built(value):
        body = f"class Solver:\n    {member.format(value)}\n"
        return load(user_class=CALL + body + "    def __call__(self, A, y, k): pass\n")

    assert key(built(1).Solver()) == key(built(1).Solver())
    assert key(built(1).Solver()) != key(built(2).Solver())


def test_classes_that_hold_constants_are_seen(load):
    def built(value):
        source = f"class Config:\n    step = {value}\ndef solve(A, y, k):\n"
        return load(user_config=source + "    return Config.step\n").solve

    assert key(built(1)) == key(built(1))
    assert key(built(1)) != key(built(2))


def test_objects_are_told_apart_by_their_state(load):
    source = "class Solver:\n    def __init__(self, state): self.state = state\n"
    module = load(user_state=source + "    def __call__(self, A, y, k): pass\n")
    states = [1, 2, {"a", "b"}, {"a", "c"}, {"x": [1]}, {"x": [2]}]
    keys = [key(module.Solver(state)) for state in states]
    assert len(set(keys)) == len(keys)


WRAPPED = {
    "a cache": "held = functools.lru_cache(go)",
    "a cache inside": "inner = functools.cache(go)\ndef held(A, y, k): return inner(k)",
    "a vectorised function": "held = numpy.vectorize(go)",
    "a queue": "held = collections.deque([go])",
    "a queue of lambdas": "held = collections.deque([lambda A: 1])",
    "a cached property": "class C:\n  @functools.cached_property\n"
    "  def p(self): return 1\nheld = C()",
    "a name with underscores": "class C:\n  __v__ = 1\nheld = C()",
}


@pytest.mark.parametrize("held", WRAPPED.values(), ids=WRAPPED.keys())
def test_functions_are_seen_in_what_holds_them(held, load):
    start = "import collections, functools, numpy\ndef go(A, y=0, k=0): return 1\n"

    def built(source):
        value = load(user_solver=source).held
        return told_apart("solver", value)

    one = start + held
    assert built(one) == built(one)
    assert built(one) != built(
        one.replace("return 1", "return 2")
        .replace("= 1", "= 2")
        .replace("A: 1", "A: 2")
    )


def test_functions_of_packages_are_told_apart_by_version():
    assert told_apart("rule", pytest.approx)[-1] == f"pytest {pytest.__version__}"


def test_sets_in_a_state_say_the_same_in_every_process(tmp_path):
    code = (
        "import sparsetheory as st\n"
        "from sparsetheory.experiments.setting import check_setting\n"
        "from sparsetheory.experiments.identity import fingerprint\n"
        "class Solver:\n"
        "    def __init__(self): self.names = {'a', 'b', 'c', 'd', 'e'}\n"
        "    def __call__(self, A, y, k): pass\n"
        "print(fingerprint(check_setting(Solver(), 9, st.gaussian,"
        " st.sparse_signal, 0, 1e-3))[0])"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | {"PYTHONHASHSEED": seed},
        ).stdout
        for seed in "12"
    }
    assert len(found) == 1


def test_every_option_of_a_setting_counts():
    options = [
        {},
        {"noise": 0.1},
        {"success": exact_support},
        {"signals_per_matrix": 2},
        {"stop_early": True},
    ]
    keys = [key(**option) for option in options]
    assert len(set(keys)) == len(keys)
