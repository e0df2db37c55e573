"""Integers in a jaxpr that are computed from constants, such as indices of array elements.

JAX evaluates nothing while it traces: to it ``x[-1]`` is a slice at an index that is compared with
zero, added to a length and selected. The few primitives that indices are made with are evaluated
here, in NumPy, which for a scalar is far quicker than in JAX.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import Literal

_MAX_SIZE = 2**20
"""Of an array that is worth knowing."""


def _broadcast_in_dim(params: dict[str, Any], value: np.ndarray) -> np.ndarray:
    shape = [1] * len(params["shape"])
    for axis, dimension in enumerate(params["broadcast_dimensions"]):
        shape[dimension] = value.shape[axis]
    return np.broadcast_to(value.reshape(shape), params["shape"])


def _iota(params: dict[str, Any]) -> np.ndarray:
    shape, dimension = params["shape"], params["dimension"]
    row = np.arange(shape[dimension], dtype=params["dtype"])
    return np.broadcast_to(
        row.reshape([-1 if d == dimension else 1 for d in range(len(shape))]), shape
    )


_EVALUATED: dict[str, Callable[..., np.ndarray]] = {
    "lt": lambda params, a, b: np.less(a, b),
    "add": lambda params, a, b: np.add(a, b),
    "sub": lambda params, a, b: np.subtract(a, b),
    "mul": lambda params, a, b: np.multiply(a, b),
    "select_n": lambda params, which, *cases: np.choose(which.astype(int), cases),
    "concatenate": lambda params, *parts: np.concatenate(parts, params["dimension"]),
    "convert_element_type": lambda params, a: a.astype(params["new_dtype"]),
    "broadcast_in_dim": _broadcast_in_dim,
    "squeeze": lambda params, a: np.squeeze(a, params["dimensions"]),
    "reshape": lambda params, a: a.reshape(params["new_sizes"]),
    "iota": _iota,
}


class Constants:
    """The variables of one jaxpr that are known integers or booleans.

    Parameters
    ----------
    closed
        The jaxpr, with its constants if it has any.
    """

    def __init__(self, closed: Any) -> None:
        self._known: dict[Any, np.ndarray] = {}
        consts = getattr(closed, "consts", ())
        if consts:
            for variable, const in zip(closed.jaxpr.constvars, consts, strict=True):
                if not isinstance(const, jax.core.Tracer):
                    self._add(variable, const)

    def entered(self, closed: Any, operands: Sequence[Any]) -> "Constants":
        """Those inside of ``closed``, which is called with ``operands``."""
        inside = Constants(closed)
        inner = getattr(closed, "jaxpr", closed)
        for variable, operand in zip(inner.invars, operands, strict=True):
            value = self.value(operand)
            if value is not None:
                inside._add(variable, value)
        return inside

    def note(self, equation: Any) -> None:
        """Evaluate ``equation`` if all of its operands are known."""
        evaluate = _EVALUATED.get(equation.primitive.name)
        if evaluate is None or not _is_integer(equation.outvars[0].aval):
            return
        values = [self.value(operand) for operand in equation.invars]
        if all(value is not None for value in values):
            self._known[equation.outvars[0]] = evaluate(equation.params, *values)

    def note_call(self, equation: Any, inner: Any, inside: "Constants") -> None:
        """Take over what is known of the results of a call."""
        for variable, result in zip(equation.outvars, inner.outvars, strict=True):
            value = inside.value(result)
            if value is not None:
                self._add(variable, value)

    def value(self, variable: Any) -> np.ndarray | None:
        """Of a variable or a literal, where it is known."""
        if isinstance(variable, Literal):
            return np.asarray(variable.val) if _is_integer(variable.aval) else None
        return self._known.get(variable)

    def _add(self, variable: Any, value: Any) -> None:
        if _is_integer(variable.aval):
            self._known[variable] = np.asarray(value)


def _is_integer(aval: Any) -> bool:
    # Random keys have dtypes of another kind, and tokens have none.
    kind = getattr(getattr(aval, "dtype", None), "kind", "")
    return kind in ("i", "u", "b") and aval.size <= _MAX_SIZE


def sliced(equation: Any, positions: np.ndarray, constants: Constants) -> np.ndarray | None:
    """``positions`` as ``dynamic_slice`` takes them; ``None`` where its indices are not known."""
    starts = [constants.value(operand) for operand in equation.invars[1:]]
    bounds = []
    for start, size, length in zip(
        starts, equation.params["slice_sizes"], positions.shape, strict=True
    ):
        if start is None:
            return None
        begin = min(max(int(start), 0), length - size)  # as JAX defines it out of bounds
        bounds.append(slice(begin, begin + size))
    return positions[tuple(bounds)]


def gathered(equation: Any, positions: np.ndarray, constants: Constants) -> np.ndarray | None:
    """``positions`` as ``gather`` takes them; ``None`` where its indices are not known."""
    indices = constants.value(equation.invars[1])
    if indices is None:
        return None
    with jax.ensure_compile_time_eval():
        # Positions from 1, so that 0 is an element that is none of the array's.
        params = equation.params | {"fill_value": 0}
        found = equation.primitive.bind(jnp.asarray(positions + 1), jnp.asarray(indices), **params)
    picked = np.asarray(found) - 1
    return None if (picked < 0).any() else picked
