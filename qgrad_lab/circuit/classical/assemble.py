"""Assemble theta from the classical part of a circuit, gathering array elements in one step.

Users write ``qml.RX(x[i, j], wires=i)``. To JAX every such ``x[i, j]`` is a slice and a squeeze,
and stacking thousands of them back into one array costs seconds in XLA, more again in the
derivative, where each slice becomes a padded copy of ``x``. So the quantum function is traced on
its own, and its jaxpr tells which elements of theta are elements of arrays that existed before
(``tracking``): those are gathered at once, and the equations that took them apart are dropped. All
others are evaluated as they stand, structurally identical ones at once (``vectorize``).
"""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import ClosedJaxpr, Literal, jaxpr_as_fun

from qgrad_lab.circuit.classical.array_sources import ArraySources
from qgrad_lab.circuit.classical.constants import Constants
from qgrad_lab.circuit.classical.tracking import track
from qgrad_lab.circuit.classical.vectorize import Expressions


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
    tracked = dict(sources.positions)
    constants = Constants(jaxpr, classical.consts)
    expressions = Expressions()
    track(jaxpr, tracked, constants, expressions)
    pieces = jaxpr.outvars[:num_pieces]
    groups = expressions.groups([None if v in tracked else v for v in map(_named, pieces)])
    grouped = {place for group in groups for places in group.rows.values() for place in places}
    computed = [
        place
        for place, piece in enumerate(pieces)
        if _named(piece) not in tracked and place not in grouped
    ]
    variables = list(dict.fromkeys(v for group in groups for v in group.variables()))
    wanted = [*(pieces[place] for place in computed), *variables, *jaxpr.outvars[num_pieces:]]
    values = iter(_evaluate(jaxpr, classical.consts, arguments, wanted, constants))

    positions = {
        place: tracked[v].ravel() for place, v in enumerate(pieces) if _named(v) in tracked
    }
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
    """Return a variable as a key: literals have none."""
    return None if isinstance(variable, Literal) else variable


def _evaluate(
    jaxpr: Any,
    consts: Sequence[Any],
    arguments: Sequence[Any],
    wanted: Sequence[Any],
    constants: Constants,
) -> list[Any]:
    """Evaluate ``wanted``, running only the equations that it needs or that have effects."""
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
