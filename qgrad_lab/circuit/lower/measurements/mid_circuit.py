"""Measurements of what ``measure`` returned, such as ``qml.expval(m)``."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml
from pennylane.measurements import MeasurementProcess

from qgrad_lab.circuit.lower.measurements.readout import Outputs, Readout
from qgrad_lab.errors import CompileError


def is_of_outcomes(measurement: MeasurementProcess) -> bool:
    """Whether ``measurement`` is one of traced outcomes."""
    return bool(_values(measurement))


def lower_outcomes(measurement: MeasurementProcess, outputs: Outputs, shots: int = 0) -> Readout:
    """The result of ``measurement`` in one execution of the circuit.

    Parameters
    ----------
    measurement
        For which ``is_of_outcomes`` holds.
    outputs
        Takes the outcomes.
    shots
        Of this execution; all of them have the same outcomes.

    Raises
    ------
    CompileError
        For measurements that there are not.
    """
    values = _values(measurement)
    reads = [outputs.keep(value) for value in values]

    def state(measured: Any) -> Any:
        number = jnp.zeros((), jnp.int64)
        for read in reads:
            number = 2 * number + read(measured).astype(jnp.int64)
        return number

    def one_hot(measured: Any) -> Any:
        return jnp.arange(2 ** len(reads)) == state(measured)

    match measurement:
        case qml.measurements.ExpectationMP() if len(values) == 1:
            return lambda measured: reads[0](measured).astype(jnp.float64)
        case qml.measurements.VarianceMP() if len(values) == 1:
            return lambda measured: jnp.zeros(())
        case qml.measurements.ProbabilityMP() if _are_bits(values):
            return lambda measured: one_hot(measured).astype(jnp.float64)
        case qml.measurements.SampleMP() if shots:
            single = not isinstance(measurement.mv, list | tuple)

            def sample(measured: Any) -> Any:
                row = jnp.stack([_as_number(read(measured)) for read in reads], axis=-1)
                rows = jnp.broadcast_to(row, (shots, len(reads)))
                return rows[:, 0] if single else rows

            return sample
        case qml.measurements.CountsMP() if shots and _are_bits(values):
            states = np.arange(2 ** len(values))
            return lambda measured: (jnp.asarray(states), shots * one_hot(measured).astype(int))
    raise CompileError(
        f"A {type(measurement).__name__} of the result of measure cannot be compiled. Without "
        "shots qml.expval, qml.var and qml.probs of outcomes can, with shots qml.sample and "
        "qml.counts too; or return the outcome itself."
    )


def _values(measurement: MeasurementProcess) -> list[Any]:
    found = measurement.mv if measurement.mv is not None else measurement.obs
    values = list(found) if isinstance(found, list | tuple) else [found]
    return values if all(isinstance(value, jax.core.Tracer) for value in values) else []


def _are_bits(values: list[Any]) -> bool:
    return all(value.dtype == bool for value in values)


def _as_number(value: Any) -> Any:
    return value.astype(jnp.int64) if value.dtype == bool else value
