"""Wires of a measurement that are known only when the program runs.

A measurement has labels that can be compared in the place of traced wires. What it reads is found
by moving amplitudes, or bits of outcomes, from the places that the wires turn out to have.
"""

import dataclasses
from collections.abc import Iterable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from pennylane.measurements import MeasurementProcess

from qgrad_lab.circuit.ir.instructions import Instruction
from qgrad_lab.circuit.ir.sampled import Outcomes
from qgrad_lab.circuit.lower.readouts.readout import Measured, Outputs, Readout
from qgrad_lab.circuit.lower.readouts.reduced_state import matrix_of


@dataclasses.dataclass(frozen=True, eq=False)
class TracedWire:
    """A wire that is known only when the program runs, as a label that can be compared.

    Attributes
    ----------
    value
        The traced integer.
    read
        Reads it after the circuit has run.
    """

    value: Any
    read: Readout


Wire = int | TracedWire


def labelled(measurement: MeasurementProcess, outputs: Outputs) -> MeasurementProcess:
    """Return ``measurement`` with a label for each traced wire."""
    if not any(isinstance(wire, jax.core.Tracer) for wire in measurement.wires):
        return measurement
    labels = {
        wire: TracedWire(wire, outputs.keep(wire))
        for wire in measurement.wires
        if isinstance(wire, jax.core.Tracer)
    }
    return measurement.map_wires(labels)


def wires_of(labels: Iterable[Any], wire_map: dict[Any, int], outputs: Outputs) -> tuple[Wire, ...]:
    """Return the wires that have these ``labels``: those of ``wire_map``, and traced ones.

    When the program runs it is checked that they are different wires of the circuit.
    """
    wires = tuple(label if isinstance(label, TracedWire) else wire_map[label] for label in labels)
    if has_traced(wires):
        outputs.traced_wires.append(
            tuple(wire.value if isinstance(wire, TracedWire) else wire for wire in wires)
        )
    return wires


def has_traced(wires: Iterable[Any]) -> bool:
    """Return whether one of ``wires`` is known only when the program runs."""
    return any(isinstance(wire, TracedWire | jax.core.Tracer) for wire in wires)


def matrix_at(psi: jax.Array, wires: tuple[Wire, ...], measured: Measured) -> jax.Array:
    """Arrange the state c128[2^n] as c128[2^k, 2^(n-k)]: rows are basis states of ``wires``."""
    if not has_traced(wires):
        return matrix_of(psi, wires)  # type: ignore[arg-type]
    num_wires = psi.size.bit_length() - 1
    return psi[_rows_first(wires, num_wires, measured)].reshape(2 ** len(wires), -1)


def state_of(matrix: jax.Array, wires: tuple[Wire, ...], measured: Measured) -> jax.Array:
    """Arrange c128[2^k, 2^(n-k)] as the state that `matrix_at` makes it of."""
    num_wires = matrix.size.bit_length() - 1
    if has_traced(wires):
        states = _rows_first(wires, num_wires, measured)
        return jnp.zeros(matrix.size, matrix.dtype).at[states].set(matrix.reshape(-1))
    tensor = matrix.reshape((2,) * num_wires)
    return jnp.moveaxis(tensor, range(len(wires)), wires).reshape(-1)  # type: ignore[arg-type]


def _rows_first(wires: tuple[Wire, ...], num_wires: int, measured: Measured) -> jax.Array:
    """Return which basis state each entry of a state with ``wires`` in front is: i64[2^n].

    The other wires follow in their order.
    """
    front = jnp.stack(
        [
            jnp.asarray(wire.read(measured) if isinstance(wire, TracedWire) else wire, jnp.int64)
            for wire in wires
        ]
    )
    others = jnp.all(jnp.arange(num_wires)[:, None] != front[None], axis=1)
    rest = jnp.argsort(~others, stable=True)[: num_wires - len(wires)]
    shifts = num_wires - 1 - jnp.concatenate([front, rest])
    states = jnp.arange(2**num_wires, dtype=jnp.int64)
    bits = (states[None] >> np.arange(num_wires)[::-1, None]) & 1
    return jnp.sum(bits << shifts[:, None], axis=0)


def read_outcomes(
    wires: tuple[Wire, ...],
    basis: str | tuple[Instruction, ...],
    num_wires: int,
    outputs: Outputs,
    each: bool = False,
) -> Readout:
    """Read outcomes of ``wires`` as ``Outcomes`` gives them, if some are traced from all wires."""
    if not has_traced(wires):
        known = tuple(wire for wire in wires if isinstance(wire, int))
        return outputs.measure(Outcomes(known, basis, each))
    everywhere = "Z" * num_wires if isinstance(basis, str) else basis
    read = outputs.measure(Outcomes(tuple(range(num_wires)), everywhere, each))

    def frequencies(measured: Measured) -> jax.Array:
        moved = read(measured)[_rows_first(wires, num_wires, measured)]
        return jnp.sum(moved.reshape(2 ** len(wires), -1), axis=1)

    def numbers(measured: Measured) -> jax.Array:
        found = read(measured)
        states = jnp.zeros(2**num_wires, jnp.int64)
        states = states.at[_rows_first(wires, num_wires, measured)].set(jnp.arange(2**num_wires))
        own = states[found.astype(jnp.int64)] >> (num_wires - len(wires))
        return jnp.where(jnp.isnan(found), found, own.astype(found.dtype))

    return numbers if each else frequencies
