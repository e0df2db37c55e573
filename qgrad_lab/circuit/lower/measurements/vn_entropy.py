"""The von Neumann entropy of some of the wires: ``qml.vn_entropy``."""

from collections.abc import Callable
from typing import Any

import numpy as np
from pennylane.measurements import VnEntropyMP

from qgrad_lab.circuit.lower.measurements.lowering import Lowering
from qgrad_lab.circuit.lower.readouts.context import Context
from qgrad_lab.circuit.lower.readouts.entropy import entropy
from qgrad_lab.circuit.lower.readouts.mixture import Mixture
from qgrad_lab.circuit.lower.readouts.readout import Readout
from qgrad_lab.circuit.lower.readouts.reduced_state import density_matrix, smaller_density_matrix


def entropy_of(wires: tuple[int, ...], context: Context) -> Readout:
    """Read the von Neumann entropy of ``wires`` in nats, an f64 scalar."""
    rho = smaller_density_matrix(wires, context.num_wires, context.outputs)
    return lambda measured: entropy(rho(measured))


def in_base(read: Callable[[Any], Any], base: float | None) -> Callable[[Any], Any]:
    """Convert what is read in nats to units of the logarithm to ``base``; ``None`` for nats."""
    return read if base is None else lambda argument: read(argument) / np.log(base)


def _exact(measurement: VnEntropyMP, context: Context) -> Readout:
    wires = context.wires(measurement.wires)
    return in_base(entropy_of(wires, context), measurement.log_base)


def _mixed(measurement: VnEntropyMP, context: Context) -> Mixture:
    wires = context.wires(measurement.wires)
    rho = density_matrix(wires, context.num_wires, context.outputs)
    return Mixture(rho, in_base(entropy, measurement.log_base))


LOWERING = Lowering(VnEntropyMP, "qml.vn_entropy", exact=_exact, mixed=_mixed)
