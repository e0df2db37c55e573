"""Which bodies of loops may be evaluated for all iterations at once.

A loop that carries nothing from one iteration to the next, and only computes angles and wires from
its counter, needs no loop of XLA's: its numbers are arrays over the iterations. These take XLA far
less time to compile, and where they are elements of other arrays, ``views`` finds them.
"""

from typing import Any

_PRIMITIVES = frozenset(
    "abs acos acosh add and asin asinh atan atan2 atanh broadcast_in_dim cbrt ceil clamp complex "
    "concatenate conj convert_element_type copy copy_p cos cosh device_put div dynamic_slice eq "
    "exp exp2 expand_dims expm1 floor gather ge gt imag integer_pow iota is_finite le log log1p "
    "logistic lt max min mul ne neg not or pow real reduce_and reduce_max reduce_min reduce_or "
    "reduce_prod reduce_sum rem reshape rev round rsqrt select_n sign sin sinh slice split sqrt "
    "square squeeze stack stop_gradient sub tan tanh transpose unstack xor".split()
)
"""Without side effects, random numbers, or choices that save work or avoid infinities."""

_MAX_ELEMENTS = 2**22
"""Of all values in all iterations, which are there at the same time."""


def all_at_once(closed: Any, count: int) -> bool:
    """Whether ``count`` evaluations of a jaxpr may become one, of arrays.

    Parameters
    ----------
    closed
        The jaxpr, with its constants if it has any.
    count
        How many.
    """
    size = _size(getattr(closed, "jaxpr", closed))
    return size is not None and size * count <= _MAX_ELEMENTS


def _size(jaxpr: Any) -> int | None:
    """How many elements all values in ``jaxpr`` have; ``None`` if it does anything special."""
    if jaxpr.effects:
        return None
    total = 0
    for equation in jaxpr.eqns:
        if equation.primitive.name in ("jit", "pjit"):
            closed = equation.params["jaxpr"]
            inside = _size(getattr(closed, "jaxpr", closed))
            if inside is None:
                return None
            total += inside
        elif equation.primitive.name in _PRIMITIVES:
            total += sum(variable.aval.size for variable in equation.outvars)
        else:
            return None
    return total
