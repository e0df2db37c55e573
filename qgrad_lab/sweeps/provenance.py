"""Tell where the numbers of a sweep come from."""

import datetime
import functools
import hashlib
import importlib.metadata
import inspect
import platform
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from qgrad_lab._version import __version__
from qgrad_lab.sweeps.executors.protocol import Executor
from qgrad_lab.sweeps.grid import Grid
from qgrad_lab.sweeps.methods import Ways
from qgrad_lab.sweeps.programs import SinglePointProgram
from qgrad_lab.sweeps.store import FORMAT
from qgrad_lab.sweeps.target import Target

_PACKAGES = ("jax", "jaxlib", "pennylane", "pennylane-lightning", "numpy", "xarray")


def now() -> str:
    """Return the time, in UTC."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def attributes(
    target: Target,
    grid: Grid,
    ways: Ways,
    identity: Mapping[str, str],
    fixed: Mapping[str, Any],
    executor: Executor,
    block: tuple[int, ...],
    started: str,
) -> dict[str, Any]:
    """Return the attributes of the result: texts and numbers, which every file format takes."""
    code = source(target.fn)
    h = list(ways.steps) if ways.steps is not None else ways.h
    return {
        "title": f"Gradients of {target.name} by {', '.join(grid.dims)}",
        "function": f"{getattr(target.fn, '__module__', '?')}.{target.name}",
        "function_source_sha256": _digest(code.encode()) if code else "not found",
        "program_sha256": identity["function"],
        "sweep_sha256": _digest("".join(identity[name] for name in sorted(identity)).encode()),
        "differentiated": ", ".join(target.differentiated),
        "fixed": ", ".join(f"{name}={_short(value)}" for name, value in fixed.items()),
        "methods": ", ".join(ways.methods),
        "h": "default" if h is None else str(h),
        "block": " x ".join(map(str, block)),
        "executor": executor.name,
        "qgrad_lab": __version__,
        **{name.replace("-", "_"): importlib.metadata.version(name) for name in _PACKAGES},
        "python": platform.python_version(),
        "platform": platform.platform(),
        "started": started,
        "finished": "",
        "format": FORMAT,
    }


def identity(
    target: Target,
    grid: Grid,
    ways: Ways,
    programs: list[SinglePointProgram],
    units: Mapping[str, str],
) -> dict[str, str]:
    """Return a digest of each thing that the result depends on, by the name that users know."""
    labels = [(one.label, one.dim, one.own_dims, one.units) for one in grid.swept]
    arrays = [one.values for one in grid.swept] + [own.values for own in grid.index.values()]
    functions = "".join(program.fingerprint for program in programs)
    if any(program.calls_python for program in programs):
        functions += source(target.fn)  # what a callback does is not in the program
    return {
        "function": _digest(functions.encode()),
        "grid": _digest(repr((grid.dims, labels)).encode(), *arrays),
        "fixed": _digest(b"", *target.given),
        "differentiated arguments": _digest(repr(target.differentiated).encode()),
        "methods": _digest(repr(ways.methods).encode()),
        "h": _digest(repr((ways.steps, ways.h)).encode()),
        "units": _digest(repr(sorted(units.items())).encode()),
    }


def source(fn: Callable[..., Any]) -> str:
    """Return the source of a function, QNode or compiled program; empty if there is none."""
    function: Any = inspect.unwrap(fn)
    if isinstance(function, functools.partial):
        function = function.func
    function = inspect.unwrap(getattr(function, "func", function))  # of a QNode
    try:
        return inspect.getsource(function)
    except (OSError, TypeError):
        return ""


def _digest(data: bytes, *arrays: np.ndarray) -> str:
    found = hashlib.sha256(data)
    for array in arrays:
        found.update(f"{array.dtype}{array.shape}".encode())
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()


def _short(value: Any) -> str:
    text = " ".join(repr(getattr(value, "values", value)).split())
    return text if len(text) <= 60 else f"{text[:57]}..."
