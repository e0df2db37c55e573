"""The purity of a density matrix, ``tr(rho^2)``: ``qml.purity``."""

import jax
import jax.numpy as jnp
from pennylane.measurements import PurityMP

from qgrad_lab.circuit.lower.measurements.lowering import Lowering
from qgrad_lab.circuit.lower.readouts.context import Context
from qgrad_lab.circuit.lower.readouts.readout import Measured, Readout
from qgrad_lab.circuit.lower.readouts.reduced_state import smaller_density_matrix


def _exact(measurement: PurityMP, context: Context) -> Readout:
    wires = context.wires(measurement.wires)
    rho = smaller_density_matrix(wires, context.num_wires, context.outputs)

    def purity(measured: Measured) -> jax.Array:
        matrix = rho(measured)
        return jnp.sum(jnp.real(matrix) ** 2 + jnp.imag(matrix) ** 2)

    return purity


LOWERING = Lowering(PurityMP, "qml.purity", exact=_exact)
