"""Evaluate the integers of a jaxpr that follow from constants, such as indices of array elements.

JAX evaluates nothing while it traces: to it ``x[-1]`` is a slice at an index that is compared with
zero, added to a length and selected. The few primitives that indices are made with are evaluated
here, in NumPy, which for a scalar is far quicker than in JAX.
"""

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
from jax.extend.core import Jaxpr, Literal

from qgrad_lab.core.primitives import INTEGER, Called

_MAX_SIZE = 2**20
"""Elements of the largest array that is evaluated."""


class Constants:
    """The variables of one jaxpr that are known integers or booleans.

    Parameters
    ----------
    jaxpr
        The jaxpr.
    consts
        Values of its constants.
    """

    def __init__(self, jaxpr: Jaxpr, consts: Sequence[Any]) -> None:
        self._known: dict[Any, np.ndarray] = {}
        for variable, const in zip(jaxpr.constvars, consts, strict=True):
            if not isinstance(const, jax.core.Tracer):
                self._add(variable, const)

    def entered(self, inner: Called, operands: Sequence[Any]) -> "Constants":
        """Return those of a program that is called with ``operands``."""
        inside = Constants(*inner)
        for variable, operand in zip(inner.jaxpr.invars, operands, strict=True):
            value = self.value(operand)
            if value is not None:
                inside._add(variable, value)
        return inside

    def note(self, equation: Any) -> None:
        """Evaluate ``equation`` if all of its operands are known."""
        evaluate = INTEGER.get(equation.primitive.name)
        if evaluate is None or len(equation.outvars) != 1:
            return
        if not _is_integer(equation.outvars[0].aval):
            return
        values = self.values(equation.invars)
        if values is not None:
            with np.errstate(all="ignore"):  # integers wrap around, as in JAX
                found = evaluate(equation.params, *values)
            if found is not None:
                self._add(equation.outvars[0], found)

    def note_call(self, equation: Any, inner: Called, inside: "Constants") -> None:
        """Take over what is known of the results of a call."""
        for variable, result in zip(equation.outvars, inner.jaxpr.outvars, strict=True):
            value = inside.value(result)
            if value is not None:
                self._add(variable, value)

    def value(self, variable: Any) -> np.ndarray | None:
        """Return the value of a variable or a literal, ``None`` where it is not known."""
        if isinstance(variable, Literal):
            if not _is_integer(variable.aval):
                return None
            return np.asarray(variable.val, _dtype(variable))
        return self._known.get(variable)

    def values(self, variables: Sequence[Any]) -> list[np.ndarray] | None:
        """Return the values of all ``variables``, ``None`` where one of them is not known."""
        found = []
        for variable in variables:
            value = self.value(variable)
            if value is None:
                return None
            found.append(value)
        return found

    def _add(self, variable: Any, value: Any) -> None:
        if _is_integer(variable.aval):
            self._known[variable] = np.asarray(value, _dtype(variable))


def _dtype(variable: Any) -> Any:
    return variable.aval.dtype


def _is_integer(aval: Any) -> bool:
    # Random keys have dtypes of another kind, and tokens have none.
    kind = getattr(getattr(aval, "dtype", None), "kind", "")
    return kind in ("i", "u", "b") and aval.size <= _MAX_SIZE
