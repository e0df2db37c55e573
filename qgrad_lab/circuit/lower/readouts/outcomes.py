"""What ``measure`` returned, where statistics of it are asked for, such as ``qml.expval(m)``."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from pennylane.measurements import MeasurementProcess

from qgrad_lab.circuit.lower.readouts.readout import Measured, Outputs, Readout
from qgrad_lab.circuit.record.outcome import as_boolean


class TracedOutcomes(NamedTuple):
    """Traced outcomes of measurements in the middle, one execution's.

    Attributes
    ----------
    reads
        Readout of each outcome.
    shots
        The number of shots of this execution, all of which have the same outcomes; 0 if there are
        none.
    are_bits
        Whether all are outcomes themselves, and no arithmetic of them.
    is_list
        Whether they were given as a list, which may have one element.
    """

    reads: tuple[Readout, ...]
    shots: int
    are_bits: bool
    is_list: bool

    @classmethod
    def of(cls, measurement: MeasurementProcess, outputs: Outputs, shots: int) -> "TracedOutcomes":
        """Take the outcomes from a ``measurement`` for which ``measures_outcomes`` holds."""
        values = _values(measurement)
        return cls(
            reads=tuple(outputs.keep(value) for value in values),
            shots=shots,
            are_bits=all(value.dtype == bool for value in values),
            is_list=isinstance(measurement.mv, list | tuple),
        )

    def one_hot(self, measured: Measured) -> jax.Array:
        """Return which state the bits are, bool[2^k], the first of them most significant."""
        number = jnp.zeros((), jnp.int64)
        for read in self.reads:
            number = 2 * number + read(measured).astype(jnp.int64)
        return jnp.arange(2 ** len(self.reads)) == number


def measures_outcomes(measurement: MeasurementProcess) -> bool:
    """Return whether ``measurement`` is a statistic of traced outcomes."""
    return bool(_values(measurement))


def _values(measurement: MeasurementProcess) -> list[Any]:
    found = measurement.mv if measurement.mv is not None else measurement.obs
    listed = list(found) if isinstance(found, list | tuple) else [found]
    values = [as_boolean(value) for value in listed]
    return values if all(isinstance(value, jax.core.Tracer) for value in values) else []
