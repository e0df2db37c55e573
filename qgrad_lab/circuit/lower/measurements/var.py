"""Variances: ``qml.var``."""

import jax
import jax.numpy as jnp
import pennylane as qml
from pennylane.measurements import VarianceMP

from qgrad_lab.circuit.ir.instructions import Var
from qgrad_lab.circuit.lower.measurements.expval import exact as lower_expval
from qgrad_lab.circuit.lower.measurements.lowering import Lowering
from qgrad_lab.circuit.lower.observables import commute_by_wire, sentence, terms
from qgrad_lab.circuit.lower.readouts import dense
from qgrad_lab.circuit.lower.readouts.context import Context
from qgrad_lab.circuit.lower.readouts.eigenbasis import spectrum
from qgrad_lab.circuit.lower.readouts.mixture import Mixture, outcome, variance, weighted
from qgrad_lab.circuit.lower.readouts.outcomes import TracedOutcomes
from qgrad_lab.circuit.lower.readouts.readout import Measured, Readout


def _exact(measurement: VarianceMP, context: Context) -> Readout:
    observable, outputs = measurement.obs, context.outputs
    words = sentence(observable, context.wire_map)
    if words is not None:
        return outputs.number(Var(terms(observable, [words], context.operands)))
    apply = dense.operator(observable, context.wire_map, outputs)
    amplitudes = outputs.amplitudes()

    def var(measured: Measured) -> jax.Array:
        psi = amplitudes(measured)
        phi = apply(measured, psi)
        return jnp.real(jnp.vdot(phi, phi)) - jnp.real(jnp.vdot(psi, phi)) ** 2

    return var


def _sampled(measurement: VarianceMP, context: Context) -> Readout:
    observable = measurement.obs
    words = sentence(observable, context.wire_map)
    if words is not None and commute_by_wire(words):
        return context.outputs.number(Var(terms(observable, [words], context.operands)))
    frequencies, eigenvalues = spectrum(observable, context)

    def var(measured: Measured) -> jax.Array:
        values, weights = eigenvalues(measured), frequencies(measured)
        return jnp.vdot(values**2, weights) - jnp.vdot(values, weights) ** 2

    return var


def _mixed(measurement: VarianceMP, context: Context) -> Mixture:
    with qml.QueuingManager.stop_recording():
        first = lower_expval(qml.expval(measurement.obs), context)
    spread = _exact(measurement, context)
    return variance(first, lambda measured: spread(measured) + first(measured) ** 2)


def _of_outcomes(outcomes: TracedOutcomes) -> Readout | None:
    """All shots of one execution have the same outcome."""
    return (lambda _: jnp.zeros(())) if len(outcomes.reads) == 1 else None


def _of_mixed_outcomes(outcomes: TracedOutcomes, context: Context) -> Mixture | None:
    if len(outcomes.reads) != 1:
        return None
    value, outputs = outcome(outcomes), context.outputs
    return variance(
        weighted(value, outputs), weighted(lambda measured: value(measured) ** 2, outputs)
    )


LOWERING = Lowering(
    VarianceMP,
    "qml.var",
    exact=_exact,
    sampled=_sampled,
    mixed=_mixed,
    of_outcomes=_of_outcomes,
    of_mixed_outcomes=_of_mixed_outcomes,
    over_shots=("variance",),
)
