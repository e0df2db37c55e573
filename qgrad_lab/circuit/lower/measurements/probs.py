"""Probabilities of basis states, or of the eigenstates of an observable: ``qml.probs``."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml
from pennylane.measurements import ProbabilityMP

from qgrad_lab.circuit.ir.instructions import Probs
from qgrad_lab.circuit.lower.measurements.lowering import Lowering
from qgrad_lab.circuit.lower.observables import is_traced
from qgrad_lab.circuit.lower.readouts import dense
from qgrad_lab.circuit.lower.readouts.context import Context
from qgrad_lab.circuit.lower.readouts.eigenbasis import eigenbasis
from qgrad_lab.circuit.lower.readouts.mixture import Mixture, mean, weighted
from qgrad_lab.circuit.lower.readouts.outcomes import TracedOutcomes
from qgrad_lab.circuit.lower.readouts.readout import Measured, Readout
from qgrad_lab.circuit.lower.readouts.traced_wires import Wire, has_traced, matrix_at
from qgrad_lab.errors import CompileError


def _exact(measurement: ProbabilityMP, context: Context) -> Readout:
    if measurement.obs is None:
        places = context.places_or_all(measurement.wires)
        if has_traced(places):
            return _of_state(places, context.outputs.amplitudes())
        wires = context.wires_or_all(measurement.wires)
        return context.outputs.measure(Probs(wires)) if wires else lambda _: jnp.ones(1)
    return _of_eigenstates(measurement, context)


def _of_state(wires: tuple[Wire, ...], amplitudes: Readout) -> Readout:
    def probs(measured: Measured) -> jax.Array:
        rows = matrix_at(amplitudes(measured), wires, measured)
        return jnp.sum(jnp.real(rows) ** 2 + jnp.imag(rows) ** 2, axis=1)

    return probs


def _of_eigenstates(measurement: ProbabilityMP, context: Context) -> Readout:
    """Read probabilities of eigenstates, in the order of PennyLane's rotation."""
    outputs, wires = context.outputs, context.places(measurement.wires)
    rotations = _rotations(measurement)
    if not rotations and not has_traced(wires):
        return outputs.measure(Probs(context.wires(measurement.wires)))
    applied = [
        dense.matrix_operator(matrix, context.places(acted), outputs) for matrix, acted in rotations
    ]
    amplitudes = outputs.amplitudes()

    def rotated(measured: Measured) -> jax.Array:
        return functools.reduce(
            lambda psi, apply: apply(measured, psi), applied, amplitudes(measured)
        )

    return _of_state(wires, rotated)


def _rotations(measurement: ProbabilityMP) -> list[tuple[Any, Any]]:
    """Return matrices that take the eigenbasis to basis states, and the wires they act on."""
    observable = measurement.obs
    if isinstance(observable, qml.Hermitian):
        matrix = observable.matrix()
        if isinstance(matrix, jax.core.Tracer):
            _, vectors = jnp.linalg.eigh(matrix.astype(jnp.complex128))
            return [(vectors.conj().T, observable.wires)]
    with qml.QueuingManager.stop_recording(), jax.ensure_compile_time_eval():
        try:
            gates = measurement.diagonalizing_gates()
        except (jax.errors.ConcretizationTypeError, ValueError) as error:
            if not is_traced(observable):
                raise
            raise CompileError(
                f"qml.probs(op={observable}) cannot be compiled: its eigenbasis depends on traced "
                "values. Use a known observable, or one qml.Hermitian."
            ) from error
        return [(np.asarray(gate.matrix(), complex), gate.wires) for gate in gates]


def _sampled(measurement: ProbabilityMP, context: Context) -> Readout:
    if measurement.obs is None:
        wires = context.places_or_all(measurement.wires)
        return context.read_outcomes(wires, "Z" * len(wires))
    return eigenbasis(measurement.obs, context).outcomes(context)


def _of_outcomes(outcomes: TracedOutcomes) -> Readout | None:
    if not outcomes.are_bits:
        return None
    return lambda measured: outcomes.one_hot(measured).astype(jnp.float64)


def _of_mixed_outcomes(outcomes: TracedOutcomes, context: Context) -> Mixture | None:
    read = _of_outcomes(outcomes)
    return read and mean(weighted(read, context.outputs))


LOWERING = Lowering(
    ProbabilityMP,
    "qml.probs",
    exact=_exact,
    sampled=_sampled,
    mixed=lambda measurement, context: mean(_exact(measurement, context)),
    of_outcomes=_of_outcomes,
    of_mixed_outcomes=_of_mixed_outcomes,
    over_shots=("mean",),
)
