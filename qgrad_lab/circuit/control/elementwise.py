"""Decide which bodies of loops are evaluated for all iterations at once.

A loop that carries nothing from one iteration to the next, and only computes angles and wires from
its counter, needs no loop of XLA's: its numbers are arrays over the iterations. These take XLA far
less time to compile, and where they are elements of other arrays, ``classical.tracking`` finds
them.
"""

from typing import Any

from jax.extend.core import Jaxpr

from qgrad_lab.core.primitives import PURE, called

MAX_ELEMENTS = 2**22
"""Elements of all values in all iterations, which exist at the same time."""


def all_at_once(jaxpr: Jaxpr, count: int) -> bool:
    """Return whether ``count`` evaluations of ``jaxpr`` may become one, of arrays."""
    size = _size(jaxpr)
    return size is not None and size * count <= MAX_ELEMENTS


def _size(jaxpr: Jaxpr) -> int | None:
    """Count the elements of all values in ``jaxpr``; ``None`` if it does more than compute them."""
    if jaxpr.effects:
        return None
    total = 0
    for equation in jaxpr.eqns:
        inner = called(equation)
        if inner is not None:
            inside = _size(inner.jaxpr)
            if inside is None:
                return None
            total += inside
        elif equation.primitive.name in PURE:
            avals: Any = [variable.aval for variable in equation.outvars]
            total += sum(aval.size for aval in avals)
        else:
            return None
    return total
