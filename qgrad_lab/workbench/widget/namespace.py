"""Find functions in a namespace that could be differentiated, and read their arguments."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any


def functions(namespace: Mapping[str, Any], hidden: Any = ()) -> dict[str, Callable[..., Any]]:
    """Return the QNodes, compiled programs and functions that the user has defined.

    Parameters
    ----------
    namespace : mapping
        Such as that of a shell.
    hidden : container of str, optional
        Names that are not the user's.

    Returns
    -------
    dict
        By name. What was imported is left out, and so are classes and what takes no arguments.
    """
    found = {}
    for name, value in namespace.items():
        if name.startswith("_") or name in hidden or isinstance(value, type):
            continue
        try:
            if callable(value) and _home(value) in (None, "__main__", namespace.get("__name__")):
                if parameters(value) != []:
                    found[name] = value
        except Exception:  # of an object of the user's whose attributes cannot be looked at
            continue
    return found


def required(function: Callable[..., Any]) -> list[str]:
    """Return the names of the arguments that a call must have.

    >>> required(lambda theta, phi, n=2: 0)
    ['theta', 'phi']
    """
    return [
        parameter.name
        for parameter in parameters(function) or ()
        if parameter.default is parameter.empty
        and parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    ]


def arguments_of(text: str, namespace: Mapping[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Evaluate the positional and keyword arguments of a call written as ``f(text)``.

    >>> arguments_of("theta, layers=2", {"theta": 0.5})
    ((0.5,), {'layers': 2})
    """
    names = {**namespace, "_given": lambda *args, **kwargs: (args, kwargs)}
    # The text is the user's own code, as in a cell.
    args, kwargs = eval(f"_given({text})", names)
    return args, kwargs


def _home(function: Callable[..., Any]) -> str | None:
    """Return the module that ``function`` was defined in."""
    inner = getattr(function, "func", getattr(function, "original_function", function))
    return getattr(inner, "__module__", None)


def parameters(function: Callable[..., Any]) -> list[inspect.Parameter] | None:
    """Return the parameters of ``function``; None where Python does not know them."""
    inner = getattr(function, "func", function)
    try:
        return list(inspect.signature(inner).parameters.values())
    except (TypeError, ValueError):
        return None
