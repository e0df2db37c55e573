"""Compile a branch: one ``switch`` in JAX, and, inside a quantum function, one instruction."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import pennylane as qml

from qgrad_lab.circuit.classical.part import Numbers
from qgrad_lab.circuit.control.bodies import cast, emit, trace_body
from qgrad_lab.circuit.control.masking import current_active
from qgrad_lab.circuit.ir.instructions import Branch, Index
from qgrad_lab.circuit.ir.rewrite import Sizes, moved


def choose(number: Any, functions: Sequence[Callable[[], Any]], name: str) -> Any:
    """Return the result of ``functions[number]``, for a traced number."""
    traces = [trace_body(function) for function in functions]
    dtypes = check_alike(
        [traced.avals for traced in traces], [traced.tree.structure for traced in traces], name
    )
    tree = traces[0].tree
    for traced in traces[1:]:
        tree = tree.joined(traced.tree, dtypes)
    offsets = []
    total = Sizes()
    for traced in traces:
        offsets.append(total)
        total += traced.part.sizes
    asked = current_active()

    def branch(position: int) -> Callable[[], tuple[list[Any], Numbers]]:
        def evaluated() -> tuple[list[Any], Numbers]:
            active = jnp.logical_and(asked, number == position)
            numbers, results = traces[position].evaluate_shielded(active)
            placed = [
                jax.lax.dynamic_update_slice(everything, own, (begin,))
                for everything, own, begin in zip(
                    Numbers.zeros(total), numbers, offsets[position], strict=True
                )
            ]
            return [cast(r, d) for r, d in zip(results, dtypes, strict=True)], Numbers(*placed)

        return evaluated

    results, numbers = jax.lax.switch(number, [branch(i) for i in range(len(traces))])
    bodies = tuple(
        moved(traced.body, offset + Sizes(index=1))
        for traced, offset in zip(traces, offsets, strict=True)
    )
    if any(bodies):
        emit((Branch(Index(0), bodies),), numbers, first=number)
    # A branch may return the operator that it applied, which must not be applied once more.
    with qml.QueuingManager.stop_recording():
        return tree.unflatten(results)


def check_alike(leaves: Sequence[Sequence[Any]], structures: Sequence[Any], name: str) -> list[Any]:
    """Return the types of the leaves that branches return, or raise if these are not alike.

    Parameters
    ----------
    leaves
        For each branch its leaves, or their types.
    structures
        For each branch its pytree.
    name
        Of the construct, for messages.
    """
    shapes = [[leaf.shape for leaf in each] for each in leaves]
    if any(each != structures[0] for each in structures) or any(
        each != shapes[0] for each in shapes
    ):
        returned = [
            f"{tree} of shapes {each}" for tree, each in zip(structures, shapes, strict=True)
        ]
        raise TypeError(
            f"The branches of {name} have to return the same pytree of arrays of the same shapes. "
            f"They return {', '.join(returned)}. A missing otherwise branch returns None."
        )
    return [jnp.result_type(*column) for column in zip(*leaves, strict=True)]
