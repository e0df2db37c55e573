"""The mutual information of two groups of wires, S(A) + S(B) - S(AB): ``qml.mutual_info``."""

from typing import Any

from pennylane.measurements import MutualInfoMP

from qgrad_lab.circuit.lower.measurements.lowering import Lowering
from qgrad_lab.circuit.lower.measurements.vn_entropy import entropy_of, in_base
from qgrad_lab.circuit.lower.readouts.context import Context
from qgrad_lab.circuit.lower.readouts.entropy import entropy
from qgrad_lab.circuit.lower.readouts.mixture import Mixture
from qgrad_lab.circuit.lower.readouts.readout import Measured, Readout
from qgrad_lab.circuit.lower.readouts.reduced_state import density_matrix


def _exact(measurement: MutualInfoMP, context: Context) -> Readout:
    first, second = (context.wires(labels) for labels in measurement.raw_wires)
    entropies = [entropy_of(wires, context) for wires in (first, second, first + second)]

    def information(measured: Measured) -> Any:
        s_first, s_second, s_both = (read(measured) for read in entropies)
        return s_first + s_second - s_both

    return in_base(information, measurement.log_base)


def _mixed(measurement: MutualInfoMP, context: Context) -> Mixture:
    first, second = (context.wires(labels) for labels in measurement.raw_wires)
    reads = [
        density_matrix(wires, context.num_wires, context.outputs)
        for wires in (first, second, first + second)
    ]

    def information(matrices: Any) -> Any:
        s_first, s_second, s_both = map(entropy, matrices)
        return s_first + s_second - s_both

    return Mixture(
        lambda measured: [read(measured) for read in reads],
        in_base(information, measurement.log_base),
    )


LOWERING = Lowering(MutualInfoMP, "qml.mutual_info", exact=_exact, mixed=_mixed)
