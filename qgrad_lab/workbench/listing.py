"""List the functions of a kernel that can be differentiated, as JSON, for JupyterLab's panel."""

import inspect
import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np
from IPython.core.getipython import get_ipython

from qgrad_lab._version import __version__
from qgrad_lab.circuit.capture.qnode import is_qnode
from qgrad_lab.compile.api import QJIT
from qgrad_lab.workbench.widget.namespace import functions, parameters

PROTOCOL = 1
"""The version of what `list_functions` returns, and of `qgrad_lab.workbench.panel`: it grows when a
JupyterLab extension that knows the older one could misread it."""

_ENTRIES, _LETTERS = 6, 40
"""How much of a default is written: of a container and of a text."""


def list_functions(namespace: Mapping[str, Any] | None = None) -> str:
    """List the functions in a namespace that can be differentiated, as JSON.

    They are those that `Workbench` offers: what the user defined, and not what was imported.
    Nothing is called, evaluated or changed: no function, no ``repr`` of the user's, no array.

    Parameters
    ----------
    namespace : mapping, optional
        That of the running IPython shell by default.

    Returns
    -------
    str
        An object with ``protocol`` (the version of this form, 1), ``package`` and ``version`` (of
        qgrad-lab), and ``functions``: a list in the order of definition. Each has

        - ``name``, and ``signature``, such as ``(theta, layers=2)``;
        - ``kind``: ``"function"``, ``"qnode"`` or ``"compiled"``;
        - ``summary``: the first line of its documentation, or null;
        - ``arguments``: null where they are not known, else a list of objects with ``name``,
          ``kind`` (as ``inspect.Parameter`` describes it, such as ``"positional or keyword"``),
          ``default`` (its text, or null) and ``defined`` (whether the namespace has a value of this
          name, which can be given for it).

    Examples
    --------
    >>> def loss(theta, layers=2):
    ...     "How bad it is."
    >>> found = json.loads(list_functions({"loss": loss, "theta": 0.5, "__name__": __name__}))
    >>> found["protocol"], [function["name"] for function in found["functions"]]
    (1, ['loss'])
    >>> found["functions"][0]["signature"], found["functions"][0]["summary"]
    ('(theta, layers=2)', 'How bad it is.')
    >>> found["functions"][0]["arguments"][0]
    {'name': 'theta', 'kind': 'positional or keyword', 'default': None, 'defined': True}
    """
    if namespace is None:
        names, hidden = user_names()
    else:
        names, hidden = namespace, ()
    found = {
        "protocol": PROTOCOL,
        "package": "qgrad-lab",
        "version": __version__,
        "functions": [
            _described(name, function, names) for name, function in functions(names, hidden).items()
        ],
    }
    return json.dumps(found)


def user_names() -> tuple[Mapping[str, Any], Any]:
    """Return the names of the notebook, and those among them that IPython put there."""
    shell = get_ipython()
    if shell is None:
        return vars(sys.modules["__main__"]), ()
    return shell.user_ns, shell.user_ns_hidden


def _described(
    name: str, function: Callable[..., Any], namespace: Mapping[str, Any]
) -> dict[str, Any]:
    found = parameters(function)
    arguments = None
    if found is not None:
        arguments = [
            {
                "name": parameter.name,
                "kind": parameter.kind.description,
                "default": None
                if parameter.default is parameter.empty
                else text(parameter.default),
                "defined": parameter.name in namespace,
            }
            for parameter in found
        ]
    return {
        "name": name,
        "signature": "(...)" if found is None else _signature(found),
        "kind": _kind(function),
        "summary": _summary(function),
        "arguments": arguments,
    }


def _kind(function: Callable[..., Any]) -> str:
    if is_qnode(function):
        return "qnode"
    return "compiled" if isinstance(function, QJIT | jax.stages.Wrapped) else "function"


def _summary(function: Callable[..., Any]) -> str | None:
    # A QNode has the documentation of its class, which says nothing about it.
    inner = getattr(function, "func", function)
    words = getattr(inner, "__doc__", None)
    if not isinstance(words, str) or not words.strip():
        return None
    return words.strip().splitlines()[0]


def _signature(found: list[inspect.Parameter]) -> str:
    """Write a signature as `inspect.Signature` does, without annotations or anybody's ``repr``."""
    parts: list[str] = []
    for i, parameter in enumerate(found):
        before = found[i - 1].kind if i else None
        stars = _STARS.get(parameter.kind, "")
        if before == parameter.POSITIONAL_ONLY != parameter.kind:
            parts.append("/")
        bare = parameter.kind == parameter.KEYWORD_ONLY
        if bare and before not in (parameter.KEYWORD_ONLY, parameter.VAR_POSITIONAL):
            parts.append("*")
        default = parameter.default
        given = "" if default is parameter.empty else f"={text(default)}"
        parts.append(f"{stars}{parameter.name}{given}")
    if found and found[-1].kind == inspect.Parameter.POSITIONAL_ONLY:
        parts.append("/")
    return f"({', '.join(parts)})"


def text(value: Any) -> str:
    """Write a value in a few letters, without running its ``repr``.

    >>> text(0.5), text("adjoint"), text((1, None)), text(np.zeros((2, 3))), text(object())
    ('0.5', "'adjoint'", '(1, None)', '<float64[2, 3]>', '<object>')
    """
    match value:
        case None | bool() | int() | float() | complex() | str() | bytes() if type(value) in _PLAIN:
            words = repr(value)
            return words if len(words) <= _LETTERS else words[: _LETTERS - 1] + "…"
        case tuple() | list() if type(value) in (tuple, list):
            inside = [text(entry) for entry in value[:_ENTRIES]]
            inside += ["…"] * (len(value) > _ENTRIES)
            if isinstance(value, list):
                return f"[{', '.join(inside)}]"
            return f"({', '.join(inside)}{',' if len(inside) == 1 else ''})"
        case dict() if type(value) is dict:
            entries = [f"{text(k)}: {text(v)}" for k, v in list(value.items())[:_ENTRIES]]
            return "{" + ", ".join(entries + ["…"] * (len(value) > _ENTRIES)) + "}"
        case np.ndarray() | jax.Array():
            return f"<{value.dtype}{list(value.shape)}>"
        case np.generic():
            return text(value.item())
        case type():
            return value.__name__
    return f"<{type(value).__name__}>"


_STARS: dict[Any, str] = {
    inspect.Parameter.VAR_POSITIONAL: "*",
    inspect.Parameter.VAR_KEYWORD: "**",
}
_PLAIN = (type(None), bool, int, float, complex, str, bytes)
