"""Classical shadows and estimates from them: ``qml.classical_shadow``, ``qml.shadow_expval``."""

from typing import Any

import jax
import jax.numpy as jnp
from pennylane.measurements import ClassicalShadowMP, ShadowExpvalMP

from qgrad_lab.circuit.ir.instructions import Term
from qgrad_lab.circuit.ir.shadows import Shadow
from qgrad_lab.circuit.lower.measurements.lowering import Lowering
from qgrad_lab.circuit.lower.observables import sentence, terms
from qgrad_lab.circuit.lower.readouts.context import Context
from qgrad_lab.circuit.lower.readouts.readout import Measured, Readout
from qgrad_lab.circuit.record.shadow_seeds import DrawnSeed
from qgrad_lab.circuit.record.sources import number_of
from qgrad_lab.engine.numbers import checked
from qgrad_lab.errors import CompileError


def _sampled(measurement: ClassicalShadowMP, context: Context) -> Readout:
    """Read bits and recipes, i8[2, shots, k]."""
    wires = context.wires_or_all(measurement.wires)
    read = context.outputs.measure(_shadow(measurement, wires, context))
    source = number_of(measurement)

    def shadow(measured: Measured) -> jax.Array:
        numbers = checked(read(measured), source)
        return numbers.reshape(2, -1, len(wires)).astype(jnp.int8)

    return shadow


def _estimated(measurement: ShadowExpvalMP, context: Context) -> Readout:
    """Read one f64 scalar, or f64[K] of K observables."""
    # A sum of operators is a sequence of them too.
    several = isinstance(measurement.H, list | tuple)
    given = measurement.H if several else [measurement.H]
    wires = context.wires(measurement.wires)
    observables = tuple(_terms(observable, context) for observable in given)
    parts = measurement.k
    if not 1 <= parts <= context.shots:
        raise CompileError(
            f"qml.shadow_expval was given k={parts}, the number of parts of the shots; with "
            f"{context.shots} shots it is 1 to {context.shots}."
        )
    shadow = _shadow(measurement, wires, context, observables, parts)
    read = context.outputs.measure(shadow)

    def estimates(measured: Measured) -> jax.Array:
        return jnp.squeeze(read(measured))

    return estimates


def _shadow(measurement: Any, wires: tuple[int, ...], context: Context, *estimated: Any) -> Shadow:
    seed = measurement.seed
    drawn = seed is None or isinstance(seed, DrawnSeed)
    number = len(context.outputs.places)
    return Shadow(wires, None if drawn else int(seed), number, *estimated)


def _terms(observable: Any, context: Context) -> tuple[Term, ...]:
    words = sentence(observable, context.wire_map)
    if words is None:
        raise CompileError(
            f"qml.shadow_expval was given {observable}, which is no sum of Pauli words that are "
            "known. Give it Pauli operators, their products and sums."
        )
    return terms(observable, [words], context.operands)


LOWERINGS = (
    Lowering(ClassicalShadowMP, "qml.classical_shadow", sampled=_sampled, is_discrete=True),
    Lowering(ShadowExpvalMP, "qml.shadow_expval", sampled=_estimated),
)
