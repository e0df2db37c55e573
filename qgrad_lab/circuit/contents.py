"""Find the circuits in a traced program, and describe their plans."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from jax.extend.core import Jaxpr

from qgrad_lab.circuit.ir.program import Program
from qgrad_lab.circuit.ir.sampled import Sampled
from qgrad_lab.core.jaxprs import equations
from qgrad_lab.core.primitives import PURE_CALLBACK
from qgrad_lab.engine.primitive import circuit_p


def plans_text(jaxpr: Jaxpr) -> str:
    """Describe how the native library evaluates the circuits of ``jaxpr``, by first use."""
    found = dict.fromkeys(
        program for circuit in circuits(jaxpr) for program in circuit.settings or (circuit,)
    )
    return "\n".join(map(plan_text, found))


def plan_text(program: Program) -> str:
    """Describe how the native library evaluates a circuit."""
    return f"{program.name}: {_plan(program)}"


class Contents(NamedTuple):
    """Numbers of circuits in a program, by kind.

    ``native`` and ``sampled`` of them run in the native library, exactly and with shots; PennyLane
    executes those that it is called back for, ``foreign``.
    """

    native: int
    sampled: int
    foreign: int


def contents(jaxpr: Jaxpr) -> Contents:
    """Count the circuits of each kind that ``jaxpr`` calls."""
    found = list(circuits(jaxpr))
    sampled = sum(isinstance(circuit, Sampled) for circuit in found)
    names = [equation.primitive.name for equation in equations(jaxpr)]
    return Contents(len(found) - sampled, sampled, names.count(PURE_CALLBACK))


def circuits(jaxpr: Jaxpr) -> Iterator[Any]:
    """Yield the circuit of every call of one in ``jaxpr``, with shots or without."""
    for circuit, _ in calls(jaxpr):
        yield circuit


def calls(jaxpr: Jaxpr) -> Iterator[tuple[Any, Any]]:
    """Yield the circuit and the equation of every call of one in ``jaxpr``."""
    for equation in equations(jaxpr):
        if equation.primitive is circuit_p:
            yield equation.params["member"].circuit, equation


def _plan(program: Program) -> str:
    if program.num_index:
        return "planned at every call, when its integers (wires, loops, branches) are known\n"
    return program.plan().text
