"""Say which numbers have fewer than 64 bits, and how small a difference they can show."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

_FULL = float(np.finfo(np.float64).eps)


def coarsest(tree: Any) -> np.dtype | None:
    """Return the type of the least precise numbers of a pytree, if it is coarser than float64.

    >>> coarsest([np.float32(1.0), 2.0]), coarsest([2.0, 3])
    (dtype('float32'), None)
    """
    types = {leaf.dtype for leaf in map(np.asarray, jax.tree.leaves(tree))}
    inexact = [dtype for dtype in types if jnp.issubdtype(dtype, jnp.inexact)]
    found = max(inexact, key=_spacing, default=None)
    return None if found is None or _spacing(found) <= _FULL else found


def smallest_difference(dtype: np.dtype) -> str:
    """Return, in words, which differences are lost in rounding.

    >>> smallest_difference(np.dtype(np.float32))
    'float32: differences below 1e-7 mean nothing'
    """
    return f"{dtype.name}: differences below 1e{round(math.log10(_spacing(dtype)))} mean nothing"


def _spacing(dtype: np.dtype) -> float:
    return float(jnp.finfo(dtype).eps)
