"""What tells an experiment from another whose functions have the same names."""

from __future__ import annotations

import contextlib
import dis
import functools
import hashlib
import importlib
import inspect
import io
import json
import pickle
import sys
import sysconfig
import types
from collections.abc import Iterator, Mapping
from importlib.metadata import packages_distributions, version
from pathlib import Path
from typing import Any

from sparsetheory.experiments.setting import Setting

INSTALLED = tuple(
    Path(sysconfig.get_path(name)).resolve()
    for name in ("stdlib", "platstdlib", "purelib", "platlib")
)
STANDARD = {"__module__", "__doc__", "__qualname__", "__firstlineno__"}
DESCRIPTORS = (types.MemberDescriptorType, types.GetSetDescriptorType)


def fingerprint(setting: Setting) -> tuple[str, str]:
    """Return a digest of all that the outcomes depend on, and it in words."""
    described = setting.describe()
    identity = [described, _sources(), setting.n, setting.seed, repr(setting.tol)]
    identity += [
        _value(name, getattr(setting, name), frozenset())
        for name in ("solver", "ensemble", "signal", "success")
    ]
    return _digest(identity), json.dumps(described)


def plain_fingerprint(described: Mapping[str, Any], **parts: Any) -> tuple[str, str]:
    """Return the same for an experiment told apart by plain data, and these parts."""
    values = [_value(name, part, frozenset()) for name, part in parts.items()]
    return _digest([described, _sources(), *values]), json.dumps(described)


def told_apart(name: str, value: Any) -> Any:
    """Return plain data that tell a value, such as a function, from others."""
    return _value(name, value, frozenset())


def _digest(identity: list[Any]) -> str:
    text = json.dumps(identity, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


@functools.cache
def _sources() -> str:
    """Return a digest of this package's code, which may not wait for a version."""
    root = Path(__file__).parents[1]
    code = b"".join(path.read_bytes() for path in sorted(root.rglob("*.py")))
    return hashlib.sha256(code).hexdigest()


def _own(name: str | None) -> bool:
    """Whether a module is the user's, neither installed nor part of this package."""
    top = (name or "").split(".")[0]
    if top == "sparsetheory" or top in sys.stdlib_module_names:
        return top == "__main__"
    path = _file(name)
    return path is None or not any(path.is_relative_to(f) for f in INSTALLED)


@functools.cache
def _release(name: str) -> list[str]:
    """Return which version of which package a module that is installed comes from."""
    owners = _distributions().get(name.split(".")[0], [])
    return sorted({f"{owner} {version(owner)}" for owner in owners})


@functools.cache
def _distributions() -> Mapping[str, list[str]]:
    return packages_distributions()


def _file(name: str | None) -> Path | None:
    file = getattr(sys.modules.get(name or ""), "__file__", None)
    return None if file is None else Path(file).resolve()


def _modules(name: str, seen: set[str]) -> Iterator[str]:
    """Yield digests of a module of the user and of those that it refers to."""
    if name in seen:
        return
    seen.add(name)
    path = _file(name)
    if path is None or not path.is_file() or not _own(name):
        return
    yield hashlib.sha256(path.read_bytes()).hexdigest()
    held = vars(sys.modules[name])
    yield repr({k: v for k, v in sorted(held.items()) if _plain(k, v)})
    for value in list(held.values()):
        module = value.__name__ if isinstance(value, types.ModuleType) else None
        yield from _modules(module or getattr(value, "__module__", None) or "", seen)


def _function(name: str, function: Any, seen: frozenset[int]) -> Any:
    """Return what tells a function from others of its name, as plain data.

    For one of the user that is its code, with all that the code refers to: defaults,
    closure and global values, other functions in turn.
    """
    code, own = function.__code__, function.__globals__
    if not _own(function.__module__):
        module = str(function.__module__)
        return [module, function.__qualname__, *_release(module)]
    parts = [_content(cell) for cell in function.__closure__ or ()]
    parts += [function.__defaults__, sorted((function.__kwdefaults__ or {}).items())]
    parts += [own[n] for n in sorted(_names(code)) if n in own]
    parts += [sorted(vars(function).items()), *_imported(code)]
    return [_code(code), *(_value(name, part, seen) for part in parts)]


def _code(code: types.CodeType) -> list[Any]:
    constants: list[Any] = []
    for c in code.co_consts:
        if isinstance(c, types.CodeType):
            constants.append(_code(c))
        else:  # a set's order differs from run to run
            constants.append(
                sorted(map(repr, c)) if isinstance(c, frozenset) else repr(c)
            )
    return [code.co_code.hex(), constants, list(code.co_names)]


def _names(code: types.CodeType) -> set[str]:
    inner = (c for c in code.co_consts if isinstance(c, types.CodeType))
    return set(code.co_names).union(*map(_names, inner))


def _imported(code: types.CodeType) -> Iterator[types.ModuleType]:
    """Yield the modules that a function imports as it runs."""
    for instruction in dis.get_instructions(code):
        if instruction.opname == "IMPORT_NAME":
            with contextlib.suppress(ImportError):
                yield importlib.import_module(str(instruction.argval))
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            yield from _imported(inner)


def _plain(name: str, value: Any) -> bool:
    """Whether a module holds that as a setting, which may be changed as it runs."""
    return not name.startswith("__") and isinstance(value, bool | int | float | str)


def _content(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return "empty"


def _class(name: str, kind: type, seen: frozenset[int]) -> list[Any]:
    """Return what a class of the user and its bases hold."""
    parts: list[Any] = [kind.__module__, kind.__qualname__]
    for base in kind.__mro__[:-1]:
        if not _own(base.__module__):
            parts.append([base.__module__, base.__qualname__])
            continue
        for key, member in sorted(vars(base).items()):
            plain = isinstance(member, bool | int | float | str)
            told = inspect.isfunction(member) or (plain and key not in STANDARD)
            if key.startswith("__") and not told:
                continue
            if isinstance(member, functools.cached_property):
                member = member.func
            if isinstance(member, staticmethod | classmethod):
                member = member.__func__
            if isinstance(member, property):
                member = (member.fget, member.fset, member.fdel)
            if not isinstance(member, DESCRIPTORS):
                parts.append([key, _value(name, member, seen)])
    return parts


def _value(name: str, value: Any, seen: frozenset[int]) -> Any:
    value = getattr(value, "py_func", value)  # compiled by Numba
    if not isinstance(value, types.FunctionType | type):  # as by `functools.cache`
        value = getattr(value, "__wrapped__", value)
    if isinstance(value, types.ModuleType):
        return [value.__name__, *_modules(value.__name__, set())]
    if isinstance(value, types.MethodType):
        value = (value.__self__, value.__func__)
    if isinstance(value, functools.partial):
        value = [value.func, *value.args, *sorted(value.keywords.items())]
    if isinstance(value, dict):
        value = sorted(value.items(), key=repr)
    if isinstance(value, set | frozenset):
        value = sorted(value, key=repr)
    if id(value) in seen:
        return "itself"
    deeper = seen | {id(value)}
    if isinstance(value, types.FunctionType):
        return _function(name, value, deeper)
    if isinstance(value, tuple | list):
        return [_value(name, part, deeper) for part in value]
    kind = value if isinstance(value, type) else type(value)
    if _own(kind.__module__):
        parts = _class(name, kind, deeper)
        if value is kind:
            return parts
        if hasattr(value, "__dict__") and not hasattr(kind, "__slots__"):
            return [parts, _value(name, vars(value), deeper)]
        return [parts, _pickled(name, value, deeper)]
    return [*_release(kind.__module__), _pickled(name, value, deeper)]


class _Pickler(pickle.Pickler):
    """Writes what tells functions and classes of the user apart, not their names."""

    def __init__(self, name: str, file: io.BytesIO, seen: frozenset[int]) -> None:
        super().__init__(file)
        self.name, self.seen = name, seen

    def reducer_override(self, value: Any) -> Any:
        inner = getattr(value, "__wrapped__", getattr(value, "py_func", value))
        known = isinstance(inner, types.FunctionType | type) and _own(inner.__module__)
        if not known or id(value) in self.seen:
            return NotImplemented
        return str, (json.dumps(_value(self.name, value, self.seen)),)


def _pickled(name: str, value: Any, seen: frozenset[int]) -> str:
    file = io.BytesIO()
    try:
        _Pickler(name, file, seen).dump(value)
        return hashlib.sha256(file.getvalue()).hexdigest()
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise ValueError(
            f"the {name} can't be told from others of its name, so its outcomes can't "
            f"be stored: {error}"
        ) from error
