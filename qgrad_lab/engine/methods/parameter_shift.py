"""The parameter-shift rule: every order applies it to the one below, down to the circuit.

Without shots, the first order is one native call, in which evaluations share the beginnings of
their circuits.
"""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np

from qgrad_lab.engine import calls, shifts
from qgrad_lab.engine.member import Bind, Member
from qgrad_lab.engine.methods import adjoint_sweep

NATIVE_ORDERS = 0


def evaluate(member: Member, bind: Bind, *operands: jax.Array) -> jax.Array:
    """Evaluate a derivative."""
    state = member.circuit.state_in_theta
    if not state or member.circuit.settings:
        return _shifted(member, bind, *operands)
    # The amplitudes that a circuit begins with are no parameters of gates, and are very many: of
    # these the derivative is that of the sweep.
    sweep = dataclasses.replace(member, method="adjoint")
    shifted = _shifted(member, bind, *operands)
    if member.transposed:
        swept = adjoint_sweep.evaluate(sweep, bind, *operands)
        return shifted + _on(state, swept)
    last = 2 + member.order
    directions = [*operands[:last], _on(state, operands[last]), *operands[last + 1 :]]
    return shifted + adjoint_sweep.evaluate(sweep, bind, *directions)


def _on(state: range, vector: jax.Array) -> jax.Array:
    """Return ``vector``, zero but in ``state``."""
    places = np.arange(vector.shape[-1])
    inside = (places >= state.start) & (places < state.stop)
    return jnp.where(jnp.broadcast_to(inside, vector.shape), vector, 0.0)


def _shifted(member: Member, bind: Bind, *operands: jax.Array) -> jax.Array:
    """Evaluate a derivative in all but the amplitudes that the circuit begins with."""
    circuit = member.circuit
    if member.order + member.transposed == 1 and not circuit.settings:
        return calls.shift_rule(member, shifts.Shifts.of(circuit), *operands)
    if member.transposed:
        return shifts.gradient(member, bind, *operands, with_state=False)
    return shifts.direction(member, bind, *operands, with_state=False)
