"""JAX's primitives that only pick, repeat and rearrange elements of their operands, in NumPy.

What they do does not depend on what the elements are: values that are known, or positions of
elements in other arrays.
"""

from collections.abc import Callable
from typing import Any

import numpy as np


def _broadcast_in_dim(params: dict[str, Any], array: np.ndarray) -> np.ndarray:
    shape = [1] * len(params["shape"])
    for axis, dimension in enumerate(params["broadcast_dimensions"]):
        shape[dimension] = array.shape[axis]
    return np.broadcast_to(array.reshape(shape), params["shape"])


def _slice(params: dict[str, Any], array: np.ndarray) -> np.ndarray:
    strides = params["strides"] or (1,) * array.ndim
    bounds = zip(params["start_indices"], params["limit_indices"], strides, strict=True)
    return array[tuple(slice(*bound) for bound in bounds)]


REARRANGED: dict[str, Callable[..., np.ndarray]] = {
    "broadcast_in_dim": _broadcast_in_dim,
    "concatenate": lambda params, *parts: np.concatenate(parts, params["dimension"]),
    "copy": lambda params, array: array,
    "copy_p": lambda params, array: array,
    "reshape": lambda params, array: array.reshape(params["new_sizes"]),
    "rev": lambda params, array: np.flip(array, params["dimensions"]),
    "slice": _slice,
    "squeeze": lambda params, array: np.squeeze(array, params["dimensions"]),
    "stack": lambda params, *parts: np.stack(parts, params["axis"]),
    "transpose": lambda params, array: np.transpose(array, params["permutation"]),
}
"""By the primitive's name: of its parameters and operands, the result."""
