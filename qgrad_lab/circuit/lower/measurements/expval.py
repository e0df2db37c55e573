"""Expectation values: ``qml.expval``."""

from typing import Any

import jax.numpy as jnp
import pennylane as qml
from pennylane.measurements import ExpectationMP
from pennylane.operation import Operator

from qgrad_lab.circuit.ir.instructions import Expval
from qgrad_lab.circuit.lower.measurements.lowering import Lowering
from qgrad_lab.circuit.lower.observables import (
    commute_by_wire,
    is_traced,
    scalar_of,
    sentence,
    terms,
)
from qgrad_lab.circuit.lower.readouts import dense
from qgrad_lab.circuit.lower.readouts.context import Context
from qgrad_lab.circuit.lower.readouts.eigenbasis import spectrum
from qgrad_lab.circuit.lower.readouts.mixture import Mixture, mean, outcome, weighted
from qgrad_lab.circuit.lower.readouts.outcomes import TracedOutcomes
from qgrad_lab.circuit.lower.readouts.readout import Measured, Readout


def exact(measurement: ExpectationMP, context: Context) -> Readout:
    """Measure the Pauli words of a sum in the Program, and read the rest from the amplitudes."""
    observable, wire_map, outputs = measurement.obs, context.wire_map, context.outputs
    parts = observable.operands if isinstance(observable, qml.ops.Sum) else (observable,)
    whole = sentence(observable, wire_map)
    sentences = [sentence(part, wire_map) for part in parts] if whole is None else [whole]
    native = [words for words in sentences if words is not None]
    if whole is not None:
        return outputs.number(Expval(terms(observable, native, context.operands)))
    rest = [
        dense.operator(part, wire_map, outputs)
        for part, words in zip(parts, sentences, strict=True)
        if words is None
    ]
    amplitudes = outputs.amplitudes()
    reads = [outputs.number(Expval(terms(observable, native, context.operands)))] if native else []

    def expval(measured: Measured) -> Any:
        psi = amplitudes(measured)
        numbers = [read(measured) for read in reads]
        return sum(numbers, sum(jnp.real(jnp.vdot(psi, apply(measured, psi))) for apply in rest))

    return expval


def _sampled(measurement: ExpectationMP, context: Context) -> Readout:
    return _estimate(measurement.obs, context)


def _estimate(observable: Operator, context: Context) -> Readout:
    words = sentence(observable, context.wire_map)
    # The words of one matrix are correlated in its eigenbasis, which takes fewer shots.
    if words is not None and (
        _is_composite(observable) or is_traced(observable) or commute_by_wire(words)
    ):
        return context.outputs.number(Expval(terms(observable, [words], context.operands)))
    match observable:
        case qml.ops.Sum():
            reads = [_estimate(operand, context) for operand in observable.operands]
            return lambda measured: sum(read(measured) for read in reads)
        case qml.ops.SProd():
            scalar = context.outputs.keep(scalar_of(observable))
            base = _estimate(observable.base, context)
            return lambda measured: jnp.real(scalar(measured)) * base(measured)
    frequencies, eigenvalues = spectrum(observable, context)
    return lambda measured: jnp.vdot(eigenvalues(measured), frequencies(measured))


def _is_composite(observable: Operator) -> bool:
    return observable.pauli_rep is not None or isinstance(
        observable, qml.ops.Sum | qml.ops.Prod | qml.ops.SProd
    )


def _of_outcomes(outcomes: TracedOutcomes) -> Readout | None:
    return outcome(outcomes) if len(outcomes.reads) == 1 else None


def _of_mixed_outcomes(outcomes: TracedOutcomes, context: Context) -> Mixture | None:
    read = _of_outcomes(outcomes)
    return read and mean(weighted(read, context.outputs))


LOWERING = Lowering(
    ExpectationMP,
    "qml.expval",
    exact=exact,
    sampled=_sampled,
    mixed=lambda measurement, context: mean(exact(measurement, context)),
    of_outcomes=_of_outcomes,
    of_mixed_outcomes=_of_mixed_outcomes,
    over_shots=("mean",),
)
