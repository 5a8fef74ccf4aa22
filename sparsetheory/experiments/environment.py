"""What a result depends on beside its settings and its seed."""

import importlib.metadata
import platform
from pathlib import Path

from threadpoolctl import threadpool_info

PACKAGES = ("sparsetheory", "numpy", "scipy", "numba", "rocket-fft")


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that compute."""
    found = {"python": platform.python_version(), "machine": platform.machine()}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def hardware() -> dict[str, str]:
    """Return the processor and the BLAS, on which rounding depends."""
    blas = {
        f"{lib['internal_api']} {lib['version']} ({lib.get('architecture')})"
        for lib in threadpool_info()
        if lib["user_api"] == "blas"
    }
    return {"cpu": _cpu(), "blas": ", ".join(sorted(blas)) or "unknown"}


def _cpu() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or "unknown"
    lines = (line.partition(":") for line in text.splitlines())
    names = (value for key, _, value in lines if key.startswith("model name"))
    return next(names, platform.processor()).strip() or "unknown"
