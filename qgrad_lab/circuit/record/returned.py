"""Take apart what a quantum function returns: measurements and classical values in a pytree."""

from typing import Any, NamedTuple

import jax
import numpy as np
from pennylane.measurements import MeasurementProcess, MeasurementValue
from pennylane.tape import QuantumScript

from qgrad_lab.circuit.record.outcome import as_boolean
from qgrad_lab.circuit.record.pytrees import is_quantum
from qgrad_lab.errors import CompileError

_DEFERRED = (
    " The outcome of a measurement that is deferred, or on another device than lightning.qubit, is "
    "no number: return qml.expval, qml.probs or qml.sample of it, or run the circuit on "
    "lightning.qubit without mcm_method='deferred'."
)


class Returned(NamedTuple):
    """The return value of a quantum function, taken apart.

    Attributes
    ----------
    structure
        The structure of the pytree.
    leaves
        Classical values, and for each measurement its number in the tape.
    measured
        For each leaf whether it is a measurement.
    """

    structure: Any
    leaves: tuple[Any, ...]
    measured: tuple[bool, ...]

    @classmethod
    def of(cls, output: Any, tape: QuantumScript, name: str) -> "Returned":
        """Take ``output`` of the quantum function ``name``, recorded as ``tape``, apart.

        Raises
        ------
        CompileError
            If it has anything but measurements, numbers and arrays, or if it lacks a measurement of
            the tape.
        """
        leaves, structure = jax.tree.flatten(output, is_leaf=is_quantum)
        leaves = [as_boolean(leaf) for leaf in leaves]
        measured = tuple(isinstance(leaf, MeasurementProcess) for leaf in leaves)
        others = [leaf for leaf, is_one in zip(leaves, measured, strict=True) if not is_one]
        odd = sorted({type(leaf).__name__ for leaf in others if not _is_classical(leaf)})
        if odd:
            raise CompileError(
                f"The quantum function {name} returned {', '.join(odd)}; it returns measurements, "
                "such as qml.expval(qml.Z(0)), numbers and arrays, alone or in a pytree."
                + _DEFERRED
                * (MeasurementValue.__name__ in odd)
            )
        numbers = {id(measurement): i for i, measurement in enumerate(tape.measurements)}
        returned = {id(leaf) for leaf in leaves}
        for measurement in tape.measurements:
            if id(measurement) not in returned:
                raise CompileError(
                    f"The quantum function {name} makes the measurement {measurement} and does not "
                    "return it. Return all measurements that it makes."
                )
        for leaf, is_one in zip(leaves, measured, strict=True):
            if is_one and id(leaf) not in numbers:
                raise CompileError(
                    f"The quantum function {name} returned {leaf}, which was made outside of it. "
                    "Make measurements in the quantum function."
                )
        places = tuple(
            numbers[id(leaf)] if is_one else leaf
            for leaf, is_one in zip(leaves, measured, strict=True)
        )
        return cls(structure, places, measured)

    def map(self, measurement: Any, classical: Any) -> list[Any]:
        """Apply ``measurement`` to the numbers of measurements and ``classical`` to values."""
        return [
            measurement(leaf) if is_one else classical(leaf)
            for leaf, is_one in zip(self.leaves, self.measured, strict=True)
        ]

    def without_classical(self) -> "Returned":
        """Return the structure without classical values, which may be traced ones."""
        return self._replace(leaves=tuple(self.map(lambda number: number, lambda _: None)))

    def kinds(self, tape: QuantumScript) -> tuple[type | None, ...]:
        """Return the type of each measurement in ``tape``; ``None`` for classical values."""
        return tuple(self.map(lambda number: type(tape.measurements[number]), lambda _: None))


def _is_classical(value: Any) -> bool:
    return isinstance(value, jax.Array | np.ndarray | np.generic | bool | int | float | complex)
