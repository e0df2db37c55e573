"""PennyLane measurements to measurements of a Program, and numbers back to results."""

from typing import Any

import jax
import jax.numpy as jnp
import pennylane as qml
from pennylane.measurements import MeasurementProcess

from qgrad_lab.circuit.operands import Operands
from qgrad_lab.circuit.program import Expval, Measurement, Probs, State, Term, Var
from qgrad_lab.errors import CompileError

_SUPPORTED = "qml.expval, qml.var, qml.probs and qml.state"


def lower_measurement(
    measurement: MeasurementProcess, wire_map: dict[Any, int], operands: Operands
) -> Measurement:
    """The Program's form of ``measurement``.

    Parameters
    ----------
    measurement
        As a quantum function returns it.
    wire_map
        From wire labels to wires of the Program.
    operands
        Takes traced coefficients.

    Raises
    ------
    CompileError
        For a measurement or an observable that has no such form.
    """
    kind = type(measurement)
    if measurement.mv is not None:
        raise CompileError(
            "MidCircuitMeasure is not allowed: a measurement of the result of qml.measure cannot "
            "be compiled. Measure observables or wires at the end of the circuit."
        )
    if kind is qml.measurements.StateMP:
        return State()
    if kind is qml.measurements.ProbabilityMP:
        if measurement.obs is not None:
            raise CompileError(
                f"qml.probs(op={measurement.obs}) cannot be compiled. Rotate into the eigenbasis "
                "of the observable with gates and return qml.probs(wires=...)."
            )
        wires = measurement.wires or list(wire_map)
        return Probs(tuple(wire_map[wire] for wire in wires))
    if kind in (qml.measurements.ExpectationMP, qml.measurements.VarianceMP):
        terms = _terms(measurement.obs, wire_map, operands)
        return Expval(terms) if kind is qml.measurements.ExpectationMP else Var(terms)
    raise CompileError(
        f"{measurement} cannot be compiled. A compiled circuit returns {_SUPPORTED}."
    )


def _terms(observable: Any, wire_map: dict[Any, int], operands: Operands) -> tuple[Term, ...]:
    sentence = observable.pauli_rep
    if sentence is None:
        raise CompileError(
            f"The observable {observable} cannot be compiled: it is not a sum of Pauli words. "
            "Write it as one, for a matrix with qml.pauli_decompose(matrix)."
        )
    terms = []
    for word, coefficient in sentence.items():
        number = operands.coefficient(coefficient)
        if number != 0.0:
            pairs = sorted((wire_map[wire], letter) for wire, letter in word.items())
            terms.append(Term(number, tuple(pairs)))
    return tuple(terms)


def result(measurement: Measurement, numbers: jax.Array) -> jax.Array:
    """What the user gets for ``measurement``, from its numbers f64[size].

    Returns
    -------
    jax.Array
        f64 scalar for ``expval`` and ``var``, f64[2^k] for ``probs``, c128[2^n] for ``state``.
    """
    if isinstance(measurement, State):
        pairs = numbers.reshape(-1, 2)
        return jax.lax.complex(pairs[:, 0], pairs[:, 1])
    if isinstance(measurement, Probs):
        return numbers
    return jnp.squeeze(numbers, 0)
