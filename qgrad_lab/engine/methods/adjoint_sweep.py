"""The adjoint method: sweeps back through the circuit.

D[0]T, D[1] and D[1]T are native sweeps (adjoint, tangent, tangent and adjoint together). Higher
orders apply the exact shift rule to the member one order lower.
"""

import jax

from qgrad_lab.engine import calls, shifts
from qgrad_lab.engine.member import Bind, Member

NATIVE_ORDERS = 1


def evaluate(member: Member, bind: Bind, *operands: jax.Array) -> jax.Array:
    """Evaluate a derivative."""
    if member.order <= NATIVE_ORDERS:
        return calls.sweeps(member, *operands)
    # A shifted matrix is not unitary, and a sweep back cannot undo it: such circuits are shifted in
    # forward sweeps only.
    if member.transposed and member.circuit.has_matrices_in_theta:
        return shifts.gradient(member, bind, *operands)
    return shifts.direction(member, bind, *operands)
