"""Scripts as modules, whose `main` can be called."""

import importlib.util
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "scripts"


@cache
def script(name):
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
