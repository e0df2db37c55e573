"""The circuit whose measurements are lowered, as their lowerings see it."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from pennylane.tape import QuantumScript

from qgrad_lab.circuit.ir.instructions import Instruction
from qgrad_lab.circuit.lower.operands import Operands
from qgrad_lab.circuit.lower.readouts.readout import Outputs, Readout
from qgrad_lab.circuit.lower.readouts.traced_wires import (
    Wire,
    has_traced,
    read_outcomes,
    wires_of,
)
from qgrad_lab.errors import CompileError

LowerGates = Callable[[QuantumScript], tuple[Instruction, ...]]
"""From gates to instructions of the circuit."""


class Context(NamedTuple):
    """A circuit whose operations are lowered, and whose measurements are about to be.

    Attributes
    ----------
    wire_map
        From wire labels to wires of the Program.
    operands
        Takes traced coefficients.
    outputs
        Takes what the circuit has to measure, or with shots to estimate.
    lower_gates
        Lowers changes of basis.
    shots
        The number of shots; 0 if the circuit is exact.
    """

    wire_map: dict[Any, int]
    operands: Operands
    outputs: Outputs
    lower_gates: LowerGates
    shots: int = 0

    @property
    def num_wires(self) -> int:
        """The number of wires of the Program, at least one."""
        return max(1, len(self.wire_map))

    def wires(self, labels: Iterable[Any]) -> tuple[int, ...]:
        """Return the wires of the Program that have these ``labels``.

        Raises
        ------
        CompileError
            If one of them is known only when the program runs.
        """
        labels = tuple(labels)
        if has_traced(labels):
            raise CompileError(
                "A measurement has a wire that is known only when the program runs. Expectation "
                "values, variances, probabilities, samples and counts can have such wires; for "
                "this one measure known wires, to which qml.SWAP may bring traced ones before."
            )
        return tuple(self.wire_map[label] for label in labels)

    def wires_or_all(self, labels: Iterable[Any]) -> tuple[int, ...]:
        """Return the wires that have these ``labels``, or all wires if there are no labels."""
        return self.wires(labels) or tuple(self.wire_map.values())

    def places(self, labels: Iterable[Any]) -> tuple[Wire, ...]:
        """Return the wires that have these ``labels``, some of which may be traced."""
        return wires_of(labels, self.wire_map, self.outputs)

    def places_or_all(self, labels: Iterable[Any]) -> tuple[Wire, ...]:
        """Return the wires that have these ``labels``, traced or not; all if there are none."""
        return self.places(labels) or tuple(self.wire_map.values())

    def read_outcomes(
        self, wires: tuple[Wire, ...], basis: str | tuple[Instruction, ...], each: bool = False
    ) -> Readout:
        """Read how often each basis state of ``wires`` is found after ``basis``, or ``each``."""
        return read_outcomes(wires, basis, self.num_wires, self.outputs, each)
