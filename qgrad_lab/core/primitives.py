"""JAX's primitives by name, and what each does in NumPy: the one list.

A jaxpr is read by the names of its primitives. Each name of JAX stands in this file once, in the
group that says what may be done with it, so that a renamed or a new primitive is one edit.

What the functions here do does not depend on what the elements are: numbers that are known, or
positions of elements in other arrays.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np
from jax.extend.core import Jaxpr

Params = Mapping[str, Any]
"""The static parameters of an equation."""


def _broadcast_in_dim(params: Params, array: np.ndarray) -> np.ndarray:
    shape = [1] * len(params["shape"])
    for axis, dimension in enumerate(params["broadcast_dimensions"]):
        shape[dimension] = array.shape[axis]
    return np.broadcast_to(array.reshape(shape), params["shape"])


def _slice(params: Params, array: np.ndarray) -> np.ndarray:
    strides = params["strides"] or (1,) * array.ndim
    bounds = zip(params["start_indices"], params["limit_indices"], strides, strict=True)
    return array[tuple(slice(*bound) for bound in bounds)]


_COPYING: dict[str, Callable[..., np.ndarray]] = {"copy": lambda params, array: array}

REARRANGING: dict[str, Callable[..., np.ndarray]] = _COPYING | {
    "broadcast_in_dim": _broadcast_in_dim,
    "concatenate": lambda params, *parts: np.concatenate(parts, params["dimension"]),
    "reshape": lambda params, array: array.reshape(params["new_sizes"]),
    "rev": lambda params, array: np.flip(array, params["dimensions"]),
    "slice": _slice,
    "squeeze": lambda params, array: np.squeeze(array, params["dimensions"]),
    "stack": lambda params, *parts: np.stack(parts, params["axis"]),
    "transpose": lambda params, array: np.transpose(array, params["permutation"]),
}
"""Primitives that pick, repeat and rearrange elements; of parameters and operands, the result."""

SPLITTING: dict[str, Callable[[Params, np.ndarray], Sequence[np.ndarray]]] = {
    "split": lambda params, array: np.split(array, np.cumsum(params["sizes"])[:-1], params["axis"]),
    "unstack": lambda params, array: list(np.moveaxis(array, params["axis"], 0)),
}
"""Primitives that take their operand apart: of parameters and operand, the results."""


def _dynamic_slice(params: Params, array: np.ndarray, *starts: np.ndarray) -> np.ndarray:
    bounds = []
    for start, size, length in zip(starts, params["slice_sizes"], array.shape, strict=True):
        begin = min(max(int(start), 0), length - size)  # as JAX defines it out of bounds
        bounds.append(slice(begin, begin + size))
    return array[tuple(bounds)]


_FILL = jax.lax.GatherScatterMode.FILL_OR_DROP
_MODES = frozenset(
    {_FILL, jax.lax.GatherScatterMode.CLIP, jax.lax.GatherScatterMode.PROMISE_IN_BOUNDS}
)


def _gather(params: Params, array: np.ndarray, indices: np.ndarray) -> np.ndarray | None:
    if params["mode"] not in _MODES:
        return None
    dimensions, sizes = params["dimension_numbers"], params["slice_sizes"]
    # XLA's definition of gather: a batch of slices, one for each vector of indices, the last
    # dimension of ``indices``. Batch dimensions come first here, then all those of a slice.
    indices = indices.astype(np.int64)
    batch, rank = indices.shape[:-1], array.ndim
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
        last = array.shape[dimension] - size
        inside = np.clip(start, 0, last)
        if params["mode"] == _FILL and not np.array_equal(inside, start):
            return None  # some elements are none of the array's
        steps = np.arange(size).reshape([-1 if d == dimension else 1 for d in range(rank)])
        inside = np.broadcast_to(inside, batch)
        places.append(inside.reshape(*batch, *[1] * rank) + steps)
    picked = array[tuple(places)]
    dropped = {*dimensions.collapsed_slice_dims, *dimensions.operand_batching_dims}
    picked = np.squeeze(picked, tuple(len(batch) + d for d in dropped))
    # The slices' remaining dimensions stand at ``offset_dims`` of the result.
    return np.moveaxis(picked, range(len(batch), picked.ndim), dimensions.offset_dims)


INDEXING: dict[str, Callable[..., np.ndarray | None]] = {
    "dynamic_slice": _dynamic_slice,
    "gather": _gather,
}
"""Primitives that take elements of their first operand at the indices in the others; of
parameters and operands, the result, ``None`` where it does not consist of such elements."""


def _iota(params: Params) -> np.ndarray:
    shape, dimension = params["shape"], params["dimension"]
    row = np.arange(shape[dimension], dtype=params["dtype"])
    return np.broadcast_to(
        row.reshape([-1 if d == dimension else 1 for d in range(len(shape))]), shape
    )


def _rem(params: Params, a: np.ndarray, b: np.ndarray) -> np.ndarray | None:
    """Return the remainder with the sign of ``a``; what JAX makes of zero is left to it."""
    return np.fmod(a, b) if np.all(b) else None


def _div(params: Params, a: np.ndarray, b: np.ndarray) -> np.ndarray | None:
    """Return the quotient rounded towards zero."""
    return (a - np.fmod(a, b)) // b if np.all(b) else None


CAST = "convert_element_type"

# Of integers, in NumPy; of real numbers they are elementwise too.
_ARITHMETIC: dict[str, Callable[..., np.ndarray | None]] = {
    CAST: lambda params, a: a.astype(params["new_dtype"]),
    "abs": lambda params, a: np.abs(a),
    "add": lambda params, a, b: np.add(a, b),
    "div": _div,
    "max": lambda params, a, b: np.maximum(a, b),
    "min": lambda params, a, b: np.minimum(a, b),
    "mul": lambda params, a, b: np.multiply(a, b),
    "neg": lambda params, a: np.negative(a),
    "sign": lambda params, a: np.sign(a),
    "sub": lambda params, a, b: np.subtract(a, b),
}

INTEGER: dict[str, Callable[..., np.ndarray | None]] = {
    **REARRANGING,
    **_ARITHMETIC,
    "and": lambda params, a, b: np.bitwise_and(a, b),
    "clamp": lambda params, low, a, high: np.minimum(np.maximum(a, low), high),
    "device_put": lambda params, a: a,
    "eq": lambda params, a, b: np.equal(a, b),
    "ge": lambda params, a, b: np.greater_equal(a, b),
    "gt": lambda params, a, b: np.greater(a, b),
    "iota": _iota,
    "le": lambda params, a, b: np.less_equal(a, b),
    "lt": lambda params, a, b: np.less(a, b),
    "ne": lambda params, a, b: np.not_equal(a, b),
    "not": lambda params, a: np.bitwise_not(a),
    "or": lambda params, a, b: np.bitwise_or(a, b),
    "rem": _rem,
    "select_n": lambda params, which, *cases: np.choose(which.astype(int), cases),
    "xor": lambda params, a, b: np.bitwise_xor(a, b),
}
"""Primitives that indices are computed with; of parameters and operands, integers or booleans, the
result, ``None`` where that is left to JAX."""

REAL = frozenset(
    "acos acosh asin asinh atan atan2 atanh cbrt cos cosh exp exp2 expm1 integer_pow log log1p "
    "logistic pow sin sinh sqrt square tan tanh".split()
).union(_ARITHMETIC, _COPYING)
"""Elementwise primitives of real numbers."""

PURE = frozenset(
    "ceil complex conj floor imag is_finite real reduce_and reduce_max reduce_min reduce_or "
    "reduce_prod reduce_sum round rsqrt stop_gradient".split()
).union(REARRANGING, SPLITTING, INDEXING, INTEGER, REAL)
"""Primitives without side effects, random numbers, or choices that save work or avoid infinity."""

LOOPS = frozenset({"scan", "while"})

PURE_CALLBACK = "pure_callback"

CALLBACKS = frozenset({PURE_CALLBACK, "io_callback", "debug_callback"})
"""Primitives that call the user's Python; what ``debug_print`` prints is a parameter."""

CUSTOM_VJP = "custom_vjp_call"

_JIT = "jit"

NAMES = PURE | LOOPS | CALLBACKS | {CUSTOM_VJP, _JIT}
"""Every name of JAX that the package knows."""


class Called(NamedTuple):
    """A program that an equation calls, and the values of its constants."""

    jaxpr: Jaxpr
    consts: Sequence[Any]


def called(equation: Any) -> Called | None:
    """Return what ``equation`` calls if it is ``jax.jit`` of a program, else ``None``."""
    if equation.primitive.name != _JIT:
        return None
    program = equation.params["jaxpr"]
    return Called(getattr(program, "jaxpr", program), getattr(program, "consts", ()))
