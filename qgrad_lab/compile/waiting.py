"""Wait for programs that may fail or take long, so that what stops them comes at the call.

JAX returns results that are still being computed, if it takes the classical part of a program for
more than some microseconds of work. Python's part of the next call overlaps with them, which pays
for short programs. Others are waited for: an error, or Ctrl-C, then ends the call itself, and does
not come as JAX's error where the result is used.
"""

import math
from typing import Any, cast

import jax
from jax.extend.core import Jaxpr

from qgrad_lab.core.jaxprs import equations, inner_programs
from qgrad_lab.core.primitives import LOOPS
from qgrad_lab.engine.evaluate import native_orders
from qgrad_lab.engine.member import Circuit, Member, NativeCircuit
from qgrad_lab.engine.primitive import circuit_p

_MUCH_WORK = 10**8
"""Amplitudes times gates, from which on a circuit takes a tenth of a second or more."""

_CALLBACKS = frozenset({"debug_callback", "io_callback", "pure_callback"})
"""Python functions that a program calls, which may raise something and print something."""

_WORDS_OF_GATE = 8
"""About how many words encode a gate."""


def is_needed(jaxpr: Jaxpr) -> bool:
    """Return whether a program may fail, or runs long enough to be stopped.

    It may fail in circuits that may be refused, and in functions of Python that it calls.
    A program may run long if it has a circuit in a loop, or one with much to do.
    """
    for equation in equations(jaxpr):
        if equation.primitive is circuit_p:
            if equation.params["member"].circuit.may_fail:
                return True
            shapes = [variable.aval.shape for variable in equation.invars]
            if _work(equation.params["member"], shapes) > _MUCH_WORK:
                return True
        elif equation.primitive.name in _CALLBACKS:
            return True
        elif equation.primitive.name in LOOPS:
            for body in inner_programs(equation):
                if any(inner.primitive is circuit_p for inner in equations(body)):
                    return True
    return False


def wait_for(tree: Any) -> None:
    """Wait until arrays are computed, those under ``jax.vmap`` and ``jax.grad`` too."""
    for leaf in jax.tree.leaves(tree):
        while isinstance(leaf, jax.core.Tracer):
            # JAX has no public way from a traced value to the value that it stands for. Where this
            # one fails, an error comes when the value is used, instead of here.
            leaf = getattr(leaf, "val", getattr(leaf, "primal", None))
        jax.block_until_ready(leaf)


def _work(member: Member, shapes: list[tuple[int, ...]]) -> int:
    """Estimate amplitudes times gates, from the shapes of the operands, ``[..., P]`` each."""
    batch = max(math.prod(shape[:-1]) for shape in shapes)
    native = native_orders(member)
    shifts = 2 * max(1, member.circuit.num_theta)
    circuits = shifts ** max(0, member.order + member.transposed - native)
    return batch * circuits * _sweep(member.circuit)


def _sweep(circuit: Circuit) -> int:
    settings = circuit.settings or (cast(NativeCircuit, circuit),)
    return sum(2**each.num_wires * (len(each.words) // _WORDS_OF_GATE) for each in settings)
