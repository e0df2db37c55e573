"""The outcome of each shot: ``qml.sample``."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from pennylane.measurements import SampleMP
from pennylane.operation import Operator

from qgrad_lab.circuit.ir.sampled import Outcomes
from qgrad_lab.circuit.lower.measurements.lowering import Lowering
from qgrad_lab.circuit.lower.observables import single_word
from qgrad_lab.circuit.lower.readouts.context import Context
from qgrad_lab.circuit.lower.readouts.eigenbasis import eigenbasis
from qgrad_lab.circuit.lower.readouts.outcomes import TracedOutcomes
from qgrad_lab.circuit.lower.readouts.readout import Measured, Readout
from qgrad_lab.circuit.record.sources import number_of
from qgrad_lab.engine.numbers import checked


def _sampled(measurement: SampleMP, context: Context) -> Readout:
    """Read bits i64[shots, k], or f64[shots] of an observable."""
    if measurement.obs is not None:
        return _eigenvalues(measurement.obs, context, number_of(measurement))
    wires = context.places_or_all(measurement.wires)
    read = context.read_outcomes(wires, "Z" * len(wires), each=True)
    dtype = jnp.dtype(getattr(measurement, "_dtype", None) or jnp.int64)
    shifts = np.arange(len(wires))[::-1]
    source = number_of(measurement)

    def bits(measured: Measured) -> jax.Array:
        states = checked(read(measured), source).astype(jnp.int64)
        return ((states[:, None] >> shifts[None]) & 1).astype(dtype)

    return bits


def _eigenvalues(observable: Operator, context: Context, source: int) -> Readout:
    single = single_word(observable, context.wire_map)
    if single is not None:
        coefficient, word = single
        wires = tuple(wire for wire, _ in word)
        letters = "".join(letter for _, letter in word)
        read = context.outputs.measure(Outcomes(wires, letters, each=True))

        def signs(measured: Measured) -> jax.Array:
            states = checked(read(measured), source).astype(jnp.int64)
            ones = jax.lax.population_count(states)
            return coefficient * (1.0 - 2.0 * (ones & 1).astype(jnp.float64))

        return signs
    found = eigenbasis(observable, context)
    each = found.outcomes(context, each=True)
    values = context.outputs.keep(found.eigenvalues)

    def eigenvalues(measured: Measured) -> jax.Array:
        states = checked(each(measured), source).astype(jnp.int64)
        return jnp.asarray(values(measured))[states]

    return eigenvalues


def _of_outcomes(outcomes: TracedOutcomes) -> Readout:
    """Repeat the outcomes of the execution, as all of its shots have them: [shots, k]."""

    def sample(measured: Measured) -> jax.Array:
        row = jnp.stack([_as_number(read(measured)) for read in outcomes.reads], axis=-1)
        rows = jnp.broadcast_to(row, (outcomes.shots, len(outcomes.reads)))
        return rows if outcomes.is_list else rows[:, 0]

    return sample


def _as_number(value: Any) -> Any:
    return value.astype(jnp.int64) if value.dtype == bool else value


LOWERING = Lowering(
    SampleMP,
    "qml.sample",
    sampled=_sampled,
    of_outcomes=_of_outcomes,
    over_shots=("outcome",),
    is_discrete=True,
)
