"""Evaluate a member in one call of the native library."""

from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np

from qgrad_lab.engine.library import FFI_TARGET, SHIFT_TARGET
from qgrad_lab.engine.member import Member, NativeCircuit, result_width
from qgrad_lab.engine.shifts import Shifts


def sweeps(member: Member, *operands: jax.Array) -> jax.Array:
    """Evaluate D[0], D[1] or a transpose of these by native sweeps over states."""
    return _call(FFI_TARGET, member, operands, order=np.int64(member.order), keep=member.keep)


def shift_rule(member: Member, shifts: Shifts, *operands: jax.Array) -> jax.Array:
    """Evaluate D[1] or D[0]T by a shift rule.

    The evaluations share the beginnings of their circuits.
    """
    return _call(
        SHIFT_TARGET,
        member,
        operands,
        slots=shifts.slot.astype(np.int64),
        shifts=shifts.shift.astype(np.float64),
        coefficients=shifts.coefficient.astype(np.float64),
    )


def _call(
    target: str, member: Member, operands: tuple[jax.Array, ...], **attributes: Any
) -> jax.Array:
    batch = jnp.broadcast_shapes(*(operand.shape[:-1] for operand in operands))
    size = int(np.prod(batch, dtype=np.int64))

    def rows(operand: jax.Array) -> jax.Array:
        own = operand.shape[:-1]
        if own != batch and any(n != 1 for n in own):
            operand = jnp.broadcast_to(operand, (*batch, operand.shape[-1]))
        return operand.reshape(
            -1 if operand.size else int(np.prod(operand.shape[:-1])), operand.shape[-1]
        )

    circuit = cast(NativeCircuit, member.circuit)
    call = jax.ffi.ffi_call(
        target, jax.ShapeDtypeStruct((size, result_width(member)), jnp.dtype("float64"))
    )
    value = call(
        *(rows(operand) for operand in operands),
        program=circuit.words,
        digest=np.int64(circuit.digest),
        transposed=member.transposed,
        **attributes,
    )
    return value.reshape(*batch, value.shape[-1])
