"""Assembles theta from the classical part of a circuit, gathering array elements in one step.

Users write ``qml.RX(x[i, j], wires=i)``. To JAX every such ``x[i, j]`` is a slice and a squeeze,
and stacking thousands of them back into one array costs seconds in XLA, more again in the
derivative, where each slice becomes a padded copy of ``x``. So the quantum function is traced on
its own, and its jaxpr tells which elements of theta are elements of arrays that existed before:
those are gathered at once, and the equations that took them apart are dropped. All others are
evaluated as they stand, those that are alike at once (``circuit.classical.vectorize``).

A *view* is a value that is made of elements of these arrays, the *sources*. It is tracked as an
array of positions, in all sources one after the other: the primitive that took the elements takes
their positions from the array of positions. Where elements are taken by computed indices, as JAX
does for negative ones and for strides, the indices are known if they are computed from constants
(``circuit.classical.constants``).
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import ClosedJaxpr, Literal, jaxpr_as_fun

from qgrad_lab.circuit.classical.array_sources import ArraySources
from qgrad_lab.circuit.classical.constants import Constants, gathered, sliced
from qgrad_lab.circuit.classical.primitives import REARRANGED
from qgrad_lab.circuit.classical.vectorize import Expressions

# Primitives that take their one operand apart.
_PARTS: dict[str, Callable[[np.ndarray, dict[str, Any]], Sequence[np.ndarray]]] = {
    "split": lambda positions, params: np.split(
        positions, np.cumsum(params["sizes"])[:-1], params["axis"]
    ),
    "unstack": lambda positions, params: list(np.moveaxis(positions, params["axis"], 0)),
}

# Primitives that take elements of their first operand at indices that are operands too.
_AT_INDICES: dict[str, Callable[[Any, np.ndarray, Constants], np.ndarray | None]] = {
    "dynamic_slice": sliced,
    "gather": gathered,
}


def assemble(
    classical: ClosedJaxpr, arguments: Sequence[Any], num_pieces: int
) -> tuple[jax.Array, list[Any]]:
    """Evaluate the classical part of a circuit.

    Parameters
    ----------
    classical
        Its jaxpr; the first ``num_pieces`` results, scalars and arrays, joined are theta.
    arguments
        Values of the jaxpr's inputs.
    num_pieces
        How many pieces theta has.

    Returns
    -------
    theta
        f64[P].
    others
        The remaining results, as they are.
    """
    jaxpr = classical.jaxpr
    sources = ArraySources(
        [*jaxpr.constvars, *jaxpr.invars],
        [*classical.consts, *arguments],
    )
    views = dict(sources.views)
    constants = Constants(classical)
    expressions = Expressions()
    _track(jaxpr, views, constants, expressions)
    pieces = jaxpr.outvars[:num_pieces]
    groups = expressions.groups([None if v in views else v for v in map(_named, pieces)])
    grouped = {place for group in groups for places in group.rows.values() for place in places}
    computed = [
        place
        for place, piece in enumerate(pieces)
        if _named(piece) not in views and place not in grouped
    ]
    variables = list(dict.fromkeys(v for group in groups for v in group.variables()))
    wanted = [*(pieces[place] for place in computed), *variables, *jaxpr.outvars[num_pieces:]]
    values = iter(_evaluate(jaxpr, classical.consts, arguments, wanted, constants))

    positions = {place: views[v].ravel() for place, v in enumerate(pieces) if _named(v) in views}
    rest = [jnp.ravel(jnp.asarray(next(values), jnp.float64)) for _ in computed]
    known = {variable: next(values) for variable in variables}
    for group in groups:
        numbers = sources.add(group.evaluate(sources.elements, known), (len(group.rows),))
        for number, places in zip(numbers, group.rows.values(), strict=True):
            positions |= dict.fromkeys(places, number[None])
    if rest:
        # One source, for there may be thousands.
        numbers = sources.add(jnp.concatenate(rest), (sum(value.size for value in rest),))
        ends = np.cumsum([value.size for value in rest])
        positions |= zip(computed, np.split(numbers, ends[:-1]), strict=True)
    taken = [positions[place] for place in range(num_pieces)]
    theta = sources.elements(np.concatenate(taken) if taken else np.zeros(0, int))
    return theta, list(values)


def _named(variable: Any) -> Any:
    """A variable, as a key: literals have none."""
    return None if isinstance(variable, Literal) else variable


def _track(
    jaxpr: Any,
    views: dict[Any, np.ndarray],
    constants: Constants,
    expressions: Expressions | None = None,
) -> None:
    """Add the views among the results of ``jaxpr`` to those among its inputs."""
    for equation in jaxpr.eqns:
        name = equation.primitive.name
        if name in ("jit", "pjit"):
            _track_call(equation, views, constants)
            continue
        if expressions is not None:
            expressions.note(equation, views)
        operand = equation.invars[0] if equation.invars else None
        if operand is None or isinstance(operand, Literal) or operand not in views:
            constants.note(equation)
            continue
        positions = views[operand]
        if name in REARRANGED:
            operands = [views.get(v) for v in equation.invars if not isinstance(v, Literal)]
            if len(operands) == len(equation.invars) and all(o is not None for o in operands):
                views[equation.outvars[0]] = REARRANGED[name](equation.params, *operands)
        elif name in _PARTS:
            parts = _PARTS[name](positions, equation.params)
            views.update(zip(equation.outvars, parts, strict=True))
        elif name in _AT_INDICES:
            picked = _AT_INDICES[name](equation, positions, constants)
            if picked is not None:
                views[equation.outvars[0]] = picked
        elif (
            name == "convert_element_type" and operand.aval.dtype == equation.outvars[0].aval.dtype
        ):
            views[equation.outvars[0]] = positions


def _track_call(equation: Any, views: dict[Any, np.ndarray], constants: Constants) -> None:
    closed = equation.params["jaxpr"]
    inner = getattr(closed, "jaxpr", closed)
    inside = {
        variable: views[operand]
        for variable, operand in zip(inner.invars, equation.invars, strict=True)
        if not isinstance(operand, Literal) and operand in views
    }
    inner_constants = constants.entered(closed, equation.invars)
    _track(inner, inside, inner_constants)
    constants.note_call(equation, inner, inner_constants)
    for variable, result in zip(equation.outvars, inner.outvars, strict=True):
        if not isinstance(result, Literal) and result in inside:
            views[variable] = inside[result]


def _evaluate(
    jaxpr: Any,
    consts: Sequence[Any],
    arguments: Sequence[Any],
    wanted: Sequence[Any],
    constants: Constants,
) -> list[Any]:
    """Values of ``wanted``, evaluating only the equations that they need or that have effects."""
    known: dict[Any, np.ndarray] = {}  # integers that ``constants`` has evaluated
    needed = set()
    inputs = {*jaxpr.constvars, *jaxpr.invars}

    def need(variable: Any) -> None:
        if isinstance(variable, Literal) or variable in known or variable in needed:
            return
        value = None if variable in inputs else constants.value(variable)
        if value is None:
            needed.add(variable)
        else:
            known[variable] = value

    for variable in wanted:
        if not isinstance(variable, Literal) and getattr(variable.aval, "weak_type", False):
            needed.add(variable)  # a constant in its place would have a type that does not give way
        else:
            need(variable)
    kept = []
    for equation in reversed(jaxpr.eqns):
        if equation.effects or any(variable in needed for variable in equation.outvars):
            kept.append(equation)
            for variable in equation.invars:
                need(variable)

    pruned = jaxpr.replace(
        constvars=[*jaxpr.constvars, *known], eqns=kept[::-1], outvars=list(wanted)
    )
    return jaxpr_as_fun(ClosedJaxpr(pruned, [*consts, *known.values()]))(*arguments)
