"""All amplitudes: ``qml.state``."""

from pennylane.measurements import StateMP

from qgrad_lab.circuit.lower.measurements.lowering import Lowering

LOWERING = Lowering(StateMP, "qml.state", exact=lambda _, context: context.outputs.amplitudes())
