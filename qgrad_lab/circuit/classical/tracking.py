"""Track which values of a jaxpr consist of elements of its input arrays.

Such a value is known by the positions of its elements, in all input arrays one after the other
(``array_sources``): the primitive that took the elements takes their positions from the array of
positions. Where elements are taken at computed indices, as JAX does for negative ones and for
strides, the indices are known if they are computed from constants (``constants``).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jax.extend.core import Jaxpr, Literal

from qgrad_lab.circuit.classical.constants import Constants
from qgrad_lab.circuit.classical.vectorize import Expressions
from qgrad_lab.core.primitives import (
    CAST,
    INDEXING,
    REARRANGING,
    SPLITTING,
    Called,
    called,
)

Positions = dict[Any, np.ndarray]
"""For each variable that consists of elements of input arrays their positions, in its shape."""


def track(
    jaxpr: Jaxpr,
    positions: Positions,
    constants: Constants,
    expressions: Expressions | None = None,
) -> None:
    """Add the positions of results in ``jaxpr`` to those of its inputs.

    Parameters
    ----------
    jaxpr
        Its equations are gone through in order.
    positions
        Those of its inputs; the others are added.
    constants
        Its known integers, to which those that it computes are added.
    expressions
        Takes note of every equation that is not a call.
    """
    for equation in jaxpr.eqns:
        inner = called(equation)
        if inner is not None:
            _enter(equation, inner, positions, constants)
            continue
        if expressions is not None:
            expressions.note(equation, positions)
        if not equation.invars or _of(equation.invars[0], positions) is None:
            constants.note(equation)
            continue
        results = _results(equation, positions, constants)
        if results is not None:
            positions.update(zip(equation.outvars, results, strict=True))


def _results(
    equation: Any, positions: Positions, constants: Constants
) -> Sequence[np.ndarray] | None:
    """Return the positions of the results; ``None`` if they do not consist of such elements."""
    name, params = equation.primitive.name, equation.params
    first, *others = equation.invars
    if name in REARRANGING:
        operands = [_of(operand, positions) for operand in equation.invars]
        if any(operand is None for operand in operands):
            return None
        return [REARRANGING[name](params, *operands)]
    if name in SPLITTING:
        return SPLITTING[name](params, positions[first])
    if name in INDEXING:
        indices = constants.values(others)
        if indices is None:
            return None
        picked = INDEXING[name](params, positions[first], *indices)
        return None if picked is None else [picked]
    if name == CAST and first.aval.dtype == equation.outvars[0].aval.dtype:
        return [positions[first]]
    return None


def _enter(equation: Any, inner: Called, positions: Positions, constants: Constants) -> None:
    """Track the inside of a call and take over what is known of its results."""
    inside = {
        variable: found
        for variable, operand in zip(inner.jaxpr.invars, equation.invars, strict=True)
        if (found := _of(operand, positions)) is not None
    }
    inner_constants = constants.entered(inner, equation.invars)
    track(inner.jaxpr, inside, inner_constants)
    constants.note_call(equation, inner, inner_constants)
    for variable, result in zip(equation.outvars, inner.jaxpr.outvars, strict=True):
        found = _of(result, inside)
        if found is not None:
            positions[variable] = found


def _of(operand: Any, positions: Positions) -> np.ndarray | None:
    return None if isinstance(operand, Literal) else positions.get(operand)
