"""Density matrices of some of the wires: ``qml.density_matrix``."""

from pennylane.measurements import DensityMatrixMP

from qgrad_lab.circuit.lower.measurements.lowering import Lowering
from qgrad_lab.circuit.lower.readouts.context import Context
from qgrad_lab.circuit.lower.readouts.mixture import mean
from qgrad_lab.circuit.lower.readouts.readout import Readout
from qgrad_lab.circuit.lower.readouts.reduced_state import density_matrix


def _exact(measurement: DensityMatrixMP, context: Context) -> Readout:
    wires = context.wires(measurement.wires)
    return density_matrix(wires, context.num_wires, context.outputs)


LOWERING = Lowering(
    DensityMatrixMP,
    "qml.density_matrix",
    exact=_exact,
    mixed=lambda measurement, context: mean(_exact(measurement, context)),
)
