"""Integers in a jaxpr that are computed from constants, such as indices of array elements.

JAX evaluates nothing while it traces: to it ``x[-1]`` is a slice at an index that is compared with
zero, added to a length and selected. The few primitives that indices are made with are evaluated
here, in NumPy, which for a scalar is far quicker than in JAX.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np
from jax.extend.core import Literal

from qgrad_lab.circuit.classical.primitives import REARRANGED

_MAX_SIZE = 2**20
"""Of an array that is worth knowing."""


def _iota(params: dict[str, Any]) -> np.ndarray:
    shape, dimension = params["shape"], params["dimension"]
    row = np.arange(shape[dimension], dtype=params["dtype"])
    return np.broadcast_to(
        row.reshape([-1 if d == dimension else 1 for d in range(len(shape))]), shape
    )


def _rem(params: dict[str, Any], a: np.ndarray, b: np.ndarray) -> np.ndarray | None:
    """With the sign of ``a``; what JAX makes of zero is left to it."""
    return np.fmod(a, b) if np.all(b) else None


def _div(params: dict[str, Any], a: np.ndarray, b: np.ndarray) -> np.ndarray | None:
    """Rounded towards zero."""
    return (a - np.fmod(a, b)) // b if np.all(b) else None


_EVALUATED: dict[str, Callable[..., np.ndarray | None]] = {
    **REARRANGED,
    "eq": lambda params, a, b: np.equal(a, b),
    "ne": lambda params, a, b: np.not_equal(a, b),
    "lt": lambda params, a, b: np.less(a, b),
    "le": lambda params, a, b: np.less_equal(a, b),
    "gt": lambda params, a, b: np.greater(a, b),
    "ge": lambda params, a, b: np.greater_equal(a, b),
    "and": lambda params, a, b: np.bitwise_and(a, b),
    "or": lambda params, a, b: np.bitwise_or(a, b),
    "xor": lambda params, a, b: np.bitwise_xor(a, b),
    "not": lambda params, a: np.bitwise_not(a),
    "add": lambda params, a, b: np.add(a, b),
    "sub": lambda params, a, b: np.subtract(a, b),
    "mul": lambda params, a, b: np.multiply(a, b),
    "max": lambda params, a, b: np.maximum(a, b),
    "min": lambda params, a, b: np.minimum(a, b),
    "neg": lambda params, a: np.negative(a),
    "abs": lambda params, a: np.abs(a),
    "sign": lambda params, a: np.sign(a),
    "rem": _rem,
    "div": _div,
    "clamp": lambda params, low, a, high: np.minimum(np.maximum(a, low), high),
    "select_n": lambda params, which, *cases: np.choose(which.astype(int), cases),
    "convert_element_type": lambda params, a: a.astype(params["new_dtype"]),
    "device_put": lambda params, a: a,
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
        if evaluate is None or len(equation.outvars) != 1:
            return
        if not _is_integer(equation.outvars[0].aval):
            return
        values = [self.value(operand) for operand in equation.invars]
        if all(value is not None for value in values):
            with np.errstate(all="ignore"):  # integers wrap around, as in JAX
                found = evaluate(equation.params, *values)
            if found is not None:
                self._add(equation.outvars[0], found)

    def note_call(self, equation: Any, inner: Any, inside: "Constants") -> None:
        """Take over what is known of the results of a call."""
        for variable, result in zip(equation.outvars, inner.outvars, strict=True):
            value = inside.value(result)
            if value is not None:
                self._add(variable, value)

    def value(self, variable: Any) -> np.ndarray | None:
        """Of a variable or a literal, where it is known."""
        if isinstance(variable, Literal):
            if not _is_integer(variable.aval):
                return None
            return np.asarray(variable.val, _dtype(variable))
        return self._known.get(variable)

    def _add(self, variable: Any, value: Any) -> None:
        if _is_integer(variable.aval):
            self._known[variable] = np.asarray(value, _dtype(variable))


def _dtype(variable: Any) -> Any:
    return variable.aval.dtype


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
    params = equation.params
    if indices is None or params["mode"] not in _MODES:
        return None
    dimensions, sizes = params["dimension_numbers"], params["slice_sizes"]
    # XLA's definition of gather: a batch of slices, one for each vector of indices, the last
    # dimension of ``indices``. Batch dimensions come first here, then all those of a slice.
    indices = indices.astype(np.int64)
    batch, rank = indices.shape[:-1], positions.ndim
    starts: list[Any] = [0] * rank
    for number, dimension in enumerate(dimensions.start_index_map):
        starts[dimension] = indices[..., number]
    shared = zip(
        dimensions.operand_batching_dims, dimensions.start_indices_batching_dims, strict=True
    )
    for dimension, axis in shared:
        shape = [-1 if d == axis else 1 for d in range(len(batch))]
        starts[dimension] = np.arange(batch[axis]).reshape(shape)
    places = []
    for dimension, (start, size) in enumerate(zip(starts, sizes, strict=True)):
        last = positions.shape[dimension] - size
        inside = np.clip(start, 0, last)
        if params["mode"] == _FILL and not np.array_equal(inside, start):
            return None  # some elements are none of the array's
        steps = np.arange(size).reshape([-1 if d == dimension else 1 for d in range(rank)])
        inside = np.broadcast_to(inside, batch)
        places.append(inside.reshape(*batch, *[1] * rank) + steps)
    picked = positions[tuple(places)]
    dropped = {*dimensions.collapsed_slice_dims, *dimensions.operand_batching_dims}
    picked = np.squeeze(picked, tuple(len(batch) + d for d in dropped))
    # Those of the slices that are left stand at ``offset_dims`` of the result.
    offsets = dimensions.offset_dims
    return np.moveaxis(picked, range(len(batch), picked.ndim), offsets)


_FILL = jax.lax.GatherScatterMode.FILL_OR_DROP
_MODES = frozenset(
    {_FILL, jax.lax.GatherScatterMode.CLIP, jax.lax.GatherScatterMode.PROMISE_IN_BOUNDS}
)
