"""The plans of the circuits in a traced program, as text."""

from collections.abc import Iterator
from typing import Any

from jax.extend.core import Jaxpr

from qgrad_lab._jaxprs import equations
from qgrad_lab.circuit.program import Program
from qgrad_lab.engine.primitive import circuit_p


def plans_text(jaxpr: Jaxpr) -> str:
    """How the native library evaluates each circuit of ``jaxpr``, in the order of first use."""
    seen: dict[Program, None] = dict.fromkeys(_programs(jaxpr))
    return "\n".join(f"{program.name}: {_plan(program)}" for program in seen)


def circuits(jaxpr: Jaxpr) -> Iterator[Any]:
    """The circuit of every call of one in ``jaxpr``, with shots or without."""
    for equation in equations(jaxpr):
        if equation.primitive is circuit_p:
            yield equation.params["member"].circuit


def _programs(jaxpr: Jaxpr) -> Iterator[Program]:
    for circuit in circuits(jaxpr):
        yield from circuit.settings or (circuit,)


def _plan(program: Program) -> str:
    if program.num_index:
        return "planned at every call, when its integers (wires, loops, branches) are known\n"
    return program.plan().text
