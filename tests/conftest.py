import importlib.util
import os
import sys
import tempfile

import numpy as np
import pytest
from hypothesis import settings

# Before the first import of Numba: tests never read or leave compiled files.
os.environ.setdefault("NUMBA_CACHE_DIR", tempfile.mkdtemp(prefix="numba-"))
os.environ.setdefault("MPLBACKEND", "Agg")

# A first call compiles, so that no deadline holds; the same examples every time.
settings.register_profile("project", deadline=None, derandomize=True)
settings.load_profile("project")


@pytest.fixture(params=range(3))
def rng(request):
    """A test that takes `rng` states a property and runs on three seeds."""
    return np.random.default_rng(request.param)


class Figures:
    """Close what a test or an example of the package has drawn."""

    @staticmethod
    def pytest_runtest_teardown():
        if "matplotlib.pyplot" in sys.modules:
            sys.modules["matplotlib.pyplot"].close("all")


def pytest_configure(config):
    config.pluginmanager.register(Figures)


def pytest_collection_modifyitems(items):
    if importlib.util.find_spec("torch") is None:
        skip = pytest.mark.skip(reason="PyTorch is not installed")
        for item in items:  # its examples
            if "torch_bridge" in item.path.name:
                item.add_marker(skip)
