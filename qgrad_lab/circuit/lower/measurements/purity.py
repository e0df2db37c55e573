"""The purity of a density matrix, ``tr(rho^2)``: ``qml.purity``."""

import jax
import jax.numpy as jnp
from pennylane.measurements import PurityMP

from qgrad_lab.circuit.lower.measurements.lowering import Lowering
from qgrad_lab.circuit.lower.readouts.context import Context
from qgrad_lab.circuit.lower.readouts.mixture import Mixture
from qgrad_lab.circuit.lower.readouts.readout import Readout
from qgrad_lab.circuit.lower.readouts.reduced_state import density_matrix, smaller_density_matrix


def _exact(measurement: PurityMP, context: Context) -> Readout:
    wires = context.wires(measurement.wires)
    rho = smaller_density_matrix(wires, context.num_wires, context.outputs)

    return lambda measured: _purity(rho(measured))


def _mixed(measurement: PurityMP, context: Context) -> Mixture:
    wires = context.wires(measurement.wires)
    return Mixture(density_matrix(wires, context.num_wires, context.outputs), _purity)


def _purity(rho: jax.Array) -> jax.Array:
    return jnp.sum(jnp.real(rho) ** 2 + jnp.imag(rho) ** 2)


LOWERING = Lowering(PurityMP, "qml.purity", exact=_exact, mixed=_mixed)
