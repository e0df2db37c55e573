"""Write the Python that does what a workbench shows."""

import math
import re
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np


class Unwritable(Exception):
    """A value that has neither a literal nor a name."""


def call_text(
    function: str, positional: list[str], keywords: Mapping[str, str], suffix: str = ""
) -> str:
    """Write a call over as many lines as it has arguments.

    >>> print(call_text("qgrad_lab.compare", ["loss", "0.5"], {"h": "1e-07"}))
    qgrad_lab.compare(
        loss,
        0.5,
        h=1e-07,
    )
    """
    lines = [*positional, *(f"{name}={value}" for name, value in keywords.items())]
    return "\n".join([f"{function}(", *(f"    {line}," for line in lines), f"){suffix}"])


def literal(value: Any, namespace: Mapping[str, Any]) -> str:
    """Write ``value`` to the last bit, or its name in the namespace if it has no literal.

    Raises
    ------
    Unwritable
        If there is neither.

    Examples
    --------
    >>> literal({"w": np.array([0.1, 2.0])}, {})
    "{'w': np.array([0.1, 2.0])}"
    """
    match value:
        case np.floating():
            return literal(float(value), namespace)
        case float() if not math.isfinite(value):
            return f"float('{value}')"
        case bool() | int() | float() | str() | None if type(value) in _PLAIN:
            return repr(value)
        case jax.Array():
            return _array("jnp", value)
        case np.ndarray():
            return _array("np", value)
        case dict():
            entries = [f"{k!r}: {literal(v, namespace)}" for k, v in value.items()]
            return "{" + ", ".join(entries) + "}"
        case tuple() if type(value) is tuple:
            inside = ", ".join(literal(entry, namespace) for entry in value)
            return f"({inside},)" if len(value) == 1 else f"({inside})"
        case list():
            return "[" + ", ".join(literal(entry, namespace) for entry in value) + "]"
    return name_of(value, namespace)


_PLAIN = (bool, int, float, str, type(None))


def name_of(value: Any, namespace: Mapping[str, Any]) -> str:
    """Return the name of an object.

    Raises
    ------
    Unwritable
        If it has none.
    """
    for name, other in namespace.items():
        if other is value and name.isidentifier() and not name.startswith("_"):
            return name
    raise Unwritable(f"{value!r} has no name in this notebook; give it one to have code with it.")


def _array(module: str, value: Any) -> str:
    numbers = np.asarray(value)
    text = re.sub("nan|inf", lambda found: f"float('{found[0]}')", repr(numbers.tolist()))
    standard = np.asarray(numbers.tolist()).dtype if numbers.size else None
    if standard == numbers.dtype:
        return f"{module}.array({text})"
    return f"{module}.array({text}, dtype={str(numbers.dtype)!r})"


def imports(code: str) -> str:
    r"""Return the import statements that ``code`` needs.

    >>> imports("qgrad_lab.compare(f, jnp.array([1.0]))")
    'import jax.numpy as jnp\nimport qgrad_lab'
    """
    known = {
        r"\bjnp\.": "import jax.numpy as jnp",
        r"\bnp\.": "import numpy as np",
        r"\bqml\.": "import pennylane as qml",
        r"\bqgrad_lab\.": "import qgrad_lab",
    }
    return "\n".join(line for use, line in known.items() if re.search(use, code))
