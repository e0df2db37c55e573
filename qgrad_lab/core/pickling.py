"""Pickle what public functions made as calls of these functions, wherever their code lives.

A pickle names the module of every function and class in it, and is lost when that module moves.
Public names do not move.
"""

import functools
import operator
import pkgutil
import sys
from typing import Any

_ROOT = __name__.partition(".")[0]


class _PublicFunction:
    """A public function of the package, called and pickled by its name there."""

    def __init__(self, name: str) -> None:
        self._place = f"{_ROOT}:{name}"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        # Only a pickle finds names; a shallow copy brings what bears them.
        args = tuple(arg.named if isinstance(arg, _Named) else arg for arg in args)
        return pkgutil.resolve_name(self._place)(*args, **kwargs)

    def __reduce__(self) -> Any:
        return pkgutil.resolve_name, (self._place,)


def reduced(made: Any, name: str, function: Any, options: dict[str, Any]) -> Any:
    """Return what ``__reduce__`` of ``made`` returns: ``made`` is ``name(function, **options)``.

    As a function is pickled: by its own name if another process finds it there, and by what it was
    made of otherwise.

    Parameters
    ----------
    made
        The object to pickle.
    name
        The public function of the package that makes such objects.
    function, options
        What it was given.
    """
    if _is_importable(made):
        return vars(made)["__qualname__"]
    if _is_importable(function):
        # Python takes a QNode apart, and does not find its function where the name is the QNode's.
        function = _Named(function)
    return functools.partial(_PublicFunction(name), **options), (function,)


class _Named:
    """An object that is pickled by its name in its module."""

    def __init__(self, named: Any) -> None:
        self.named = named
        self._place = f"{named.__module__}:{named.__qualname__}"

    def __reduce__(self) -> Any:
        return pkgutil.resolve_name, (self._place,)


def _is_importable(made: Any) -> bool:
    """Return whether another process finds ``made`` under its name in its module."""
    module = getattr(made, "__module__", None)
    name = getattr(made, "__qualname__", None)
    if module is None or name is None or isinstance(made, type) or module == "__main__":
        return False
    try:
        return operator.attrgetter(name)(sys.modules[module]) is made
    except (KeyError, AttributeError):
        return False
