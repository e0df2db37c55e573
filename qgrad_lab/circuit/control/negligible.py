"""Ask whether a branch of a circuit may be left out: a question that knows how often it is derived.

What a branch adds to a mean is quadratic in its state. Where the state vanishes, so do the value
and the first derivative, but not the second. So the answer depends on the order of the derivative
for which it is asked, which is counted here where JAX differentiates the question.
"""

from typing import Any

import jax
import jax.numpy as jnp
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir

from qgrad_lab.engine.zeros import is_zero, zero_tangent

_negligible_p = Primitive("negligible")
"""Static parameter: ``order``, how often what follows is differentiated so far."""


def negligible(excess: jax.Array) -> jax.Array:
    """Return whether ``excess``, a real scalar, is at most zero, and no second derivative taken.

    Parameters
    ----------
    excess
        Computed from the state in question, with its derivatives.

    Returns
    -------
    jax.Array
        A boolean; false in what JAX makes of the program for second and higher derivatives.
    """
    answer: jax.Array = _negligible_p.bind(excess, order=0)
    return answer


def _jvp(primals: Any, tangents: Any, *, order: int) -> tuple[Any, Any]:
    (excess,), (tangent,) = primals, tangents
    answer = _negligible_p.bind(excess, order=order if is_zero(tangent) else order + 1)
    return answer, zero_tangent(answer)


def _lowered(excess: jax.Array, *, order: int) -> jax.Array:
    return excess <= 0.0 if order < 2 else jnp.zeros(excess.shape, bool)


_negligible_p.def_impl(_lowered)
_negligible_p.def_abstract_eval(
    lambda excess, order: jax.core.ShapedArray(excess.shape, jnp.dtype(bool))
)
ad.primitive_jvps[_negligible_p] = _jvp
batching.primitive_batchers[_negligible_p] = lambda operands, dims, order: (
    _negligible_p.bind(*operands, order=order),
    dims[0],
)
mlir.register_lowering(_negligible_p, mlir.lower_fun(_lowered, multiple_results=False))
