"""The parameter-shift rule: every order applies it to the one below, down to the circuit.

Without shots, the first order is one native call, in which evaluations share the beginnings of
their circuits.
"""

import jax

from qgrad_lab.engine import calls, shifts
from qgrad_lab.engine.member import Bind, Member

NATIVE_ORDERS = 0


def evaluate(member: Member, bind: Bind, *operands: jax.Array) -> jax.Array:
    """Evaluate a derivative."""
    circuit = member.circuit
    if member.order + member.transposed == 1 and not circuit.settings:
        return calls.shift_rule(member, shifts.Shifts.of(circuit), *operands)
    if member.transposed:
        return shifts.gradient(member, bind, *operands)
    return shifts.direction(member, bind, *operands)
