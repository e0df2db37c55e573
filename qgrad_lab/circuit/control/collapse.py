"""Project a state on an outcome of one wire."""

from typing import Any

import jax
import jax.numpy as jnp

NOTHING = 1e-30
"""Squared norm, relative to that of the state before, that is nothing but rounding error."""


def projected(psi: jax.Array, wire: Any, outcome: Any, reset: bool) -> jax.Array:
    """Return the part of a state in which a wire has an outcome, not normalised.

    Parameters
    ----------
    psi
        The state, c128[2^n].
    wire
        Of the circuit, known or traced.
    outcome
        A boolean scalar, known or traced.
    reset
        Whether the wire is set to zero afterwards.
    """
    num_wires = psi.size.bit_length() - 1
    if isinstance(wire, jax.core.Tracer):
        shift = jnp.asarray(num_wires - 1 - wire, jnp.int64)
        states = jnp.arange(psi.size)
        outcome = jnp.asarray(outcome)
        kept = jnp.where(((states >> shift) & 1) == outcome, psi, 0.0)
        if not reset:
            return kept
        return kept[jnp.bitwise_xor(states, outcome.astype(jnp.int64) << shift)]
    halves = psi.reshape(2**wire, 2, 2 ** (num_wires - 1 - wire))
    zero, one = halves[:, 0], halves[:, 1]
    nothing = jnp.zeros_like(zero)
    if reset:
        zero, one = jnp.where(outcome, one, zero), nothing
    else:
        zero, one = jnp.where(outcome, nothing, zero), jnp.where(outcome, one, nothing)
    return jnp.stack([zero, one], axis=1).reshape(-1)


def normalised(psi: jax.Array, before: jax.Array) -> jax.Array:
    """Return a projected state with the norm 1; not a number if nothing of ``before`` is left."""
    found = weight(psi)
    return psi / jnp.sqrt(jnp.where(found > NOTHING * weight(before), found, jnp.nan))


def weight(psi: jax.Array) -> jax.Array:
    """Return the squared norm of a state."""
    return jnp.sum(jnp.real(psi) ** 2 + jnp.imag(psi) ** 2)
