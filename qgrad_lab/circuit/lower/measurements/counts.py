"""How often each outcome was found: ``qml.counts``."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from pennylane.measurements import CountsMP
from pennylane.operation import Operator

from qgrad_lab.circuit.ir.instructions import Expval, Term
from qgrad_lab.circuit.lower.measurements.lowering import Lowering
from qgrad_lab.circuit.lower.observables import single_word
from qgrad_lab.circuit.lower.pauli_basis import Word
from qgrad_lab.circuit.lower.readouts.context import Context
from qgrad_lab.circuit.lower.readouts.eigenbasis import eigenbasis
from qgrad_lab.circuit.lower.readouts.outcomes import TracedOutcomes
from qgrad_lab.circuit.lower.readouts.readout import Measured, Readout
from qgrad_lab.circuit.record.sources import number_of
from qgrad_lab.engine.numbers import checked


def _sampled(measurement: CountsMP, context: Context) -> Readout:
    """Read basis states i64[2^k] or eigenvalues f64, and how often each was found, i64."""
    source = number_of(measurement)
    if measurement.obs is not None:
        return _of_eigenvalues(measurement.obs, context, source)
    wires = context.places_or_all(measurement.wires)
    read = context.read_outcomes(wires, "Z" * len(wires))
    states = np.arange(2 ** len(wires))
    return lambda measured: (jnp.asarray(states), _number(read(measured), measured, source))


def _of_eigenvalues(observable: Operator, context: Context, source: int) -> Readout:
    single = single_word(observable, context.wire_map)
    if single is not None:
        return _of_signs(*single, context, source)
    found = eigenbasis(observable, context)
    read = found.outcomes(context)
    values = found.eigenvalues
    if isinstance(values, jax.core.Tracer):
        eigenvalues = context.outputs.keep(values)
        return lambda measured: (
            jnp.asarray(eigenvalues(measured)),
            _number(read(measured), measured, source),
        )
    # Equal eigenvalues are counted together.
    scale = max(1.0, float(np.max(np.abs(values))))
    distinct, places = np.unique(np.round(values / scale, 12), return_inverse=True)
    representatives = np.array([values[np.argmax(places == i)] for i in range(len(distinct))])

    def merged(measured: Measured) -> tuple[Any, Any]:
        counts = jnp.zeros(len(distinct)).at[places.ravel()].add(read(measured))
        return jnp.asarray(representatives), _number(counts, measured, source)

    return merged


def _of_signs(coefficient: float, word: Word, context: Context, source: int) -> Readout:
    """Count the two eigenvalues of a number times a Pauli word, from the mean of the word."""
    mean = context.outputs.number(Expval((Term(1.0, word),)))
    size, sign = abs(coefficient), np.sign(coefficient)

    def two(measured: Measured) -> tuple[Any, Any]:
        plus = (1.0 + sign * mean(measured)) / 2
        return jnp.array([-size, size]), _number(jnp.stack([1.0 - plus, plus]), measured, source)

    return two


def _number(part: jax.Array, measured: Measured, source: int) -> jax.Array:
    """Return how many shots a ``part`` of them is."""
    return jnp.round(checked(part, source) * measured.shots).astype(jnp.int64)


def _of_outcomes(outcomes: TracedOutcomes) -> Readout | None:
    if not outcomes.are_bits:
        return None
    states = np.arange(2 ** len(outcomes.reads))

    def counts(measured: Measured) -> tuple[Any, Any]:
        return jnp.asarray(states), outcomes.shots * outcomes.one_hot(measured).astype(int)

    return counts


LOWERING = Lowering(
    CountsMP,
    "qml.counts",
    sampled=_sampled,
    of_outcomes=_of_outcomes,
    over_shots=("first", "sum"),
    is_discrete=True,
)
