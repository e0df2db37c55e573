"""Refuse what is not a number, when a program runs: a JAX primitive.

>>> import jax.numpy as jnp
>>> checked(jnp.array([0.0, 1.0])).tolist()
[0.0, 1.0]
"""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir

from qgrad_lab.core.eager import compiled
from qgrad_lab.core.mode import note_circuit
from qgrad_lab.engine.library import NUMBERS_TARGET
from qgrad_lab.engine.zeros import zero_tangent

checked_p = Primitive("checked_numbers")
"""Static parameter: ``source``, the number of the user's line."""


def checked(values: Any, source: int = 0) -> Any:
    """Return ``values``, f64[...], of which integers are made.

    Parameters
    ----------
    values
        f64[...]. Where one of them is NaN when the program runs, it raises a ``ValueError``.
    source
        The number of the user's line that is named then; 0 for none.
    """
    return checked_p.bind(jnp.asarray(values, jnp.float64), source=source)


def _jvp(primals: Sequence[Any], tangents: Sequence[Any], **params: Any) -> tuple[Any, Any]:
    value = checked_p.bind(*primals, **params)
    return value, zero_tangent(value)


def _batch(operands: Sequence[Any], dims: Sequence[int], **params: Any) -> tuple[Any, int]:
    return checked_p.bind(*operands, **params), dims[0]


def _lowered(values: Any, source: int) -> Any:
    note_circuit(fallible=True)
    call = jax.ffi.ffi_call(NUMBERS_TARGET, jax.ShapeDtypeStruct(values.shape, values.dtype))
    return call(values, source=np.int64(source))


checked_p.def_abstract_eval(lambda values, source: values)
checked_p.def_impl(lambda values, **params: compiled(lambda v: checked_p.bind(v, **params))(values))
ad.primitive_jvps[checked_p] = _jvp
batching.primitive_batchers[checked_p] = _batch
mlir.register_lowering(checked_p, mlir.lower_fun(_lowered, multiple_results=False))
