"""Find every public name of the package, each of which the reference must have."""

import importlib
import inspect
from collections.abc import Iterator

MODULES = (
    "qgrad_lab",
    "qgrad_lab.comparison",
    "qgrad_lab.plots",
    "qgrad_lab.inspection",
    "qgrad_lab.studies",
    "qgrad_lab.sweeps",
)
"""Those that users import from; their ``__all__`` is what is public."""


def public_names() -> list[str]:
    """Return the dotted names of what is public, and of the members of classes.

    What can be had from ``qgrad_lab`` itself goes by that name alone: ``qgrad_lab.Comparison``,
    though ``qgrad_lab.comparison`` has it too.
    """
    found: dict[str, object] = {}
    for module in map(importlib.import_module, MODULES):
        shorter = list(found.values())
        for name in module.__all__:
            value = getattr(module, name)
            if not any(value is other for other in shorter):
                found[f"{module.__name__}.{name}"] = value
    names = set(found)
    for name, value in found.items():
        if inspect.isclass(value):
            names |= {f"{name}.{member}" for member in _members(value)}
    return sorted(names)


def _members(cls: type) -> Iterator[str]:
    """Yield the public methods and properties that a class, or a base class of ours, defines."""
    for owner in cls.__mro__:
        if owner.__module__.startswith("qgrad_lab"):
            for name, value in vars(owner).items():
                if not name.startswith("_") and isinstance(
                    inspect.unwrap(value) if callable(value) else value,
                    property | type(_members) | staticmethod | classmethod,
                ):
                    yield name
