"""PennyLane measurements of circuits with shots, to what is estimated and readouts of it."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml
from pennylane.measurements import MeasurementProcess
from pennylane.operation import Operator
from pennylane.tape import QuantumScript

from qgrad_lab.circuit.ir.instructions import Expval, Instruction, Term, Var
from qgrad_lab.circuit.ir.sampled import Outcomes
from qgrad_lab.circuit.lower.measurements.exact import check_measurement
from qgrad_lab.circuit.lower.measurements.readout import Measured, Outputs, Readout
from qgrad_lab.circuit.lower.observables import Sentence, known_matrix, sentence, terms, word_of
from qgrad_lab.circuit.lower.operands import Operands
from qgrad_lab.errors import CompileError

_MAX_MATRIX_WIRES = 8
"""An eigenbasis is a dense matrix that is part of the circuit."""

LowerGates = Callable[[QuantumScript], tuple[Instruction, ...]]
"""From gates to instructions of the circuit."""


class Context(NamedTuple):
    """The circuit whose measurements are lowered.

    Attributes
    ----------
    wire_map
        From wire labels to wires of the Program.
    operands
        Takes traced coefficients.
    outputs
        Takes what is estimated.
    lower_gates
        Lowers changes of basis.
    """

    wire_map: dict[Any, int]
    operands: Operands
    outputs: Outputs
    lower_gates: LowerGates


class _Eigenbasis(NamedTuple):
    """An observable in its eigenbasis: where its outcomes are found, and what they stand for."""

    wires: tuple[int, ...]
    basis: Any
    eigenvalues: Any  # f64[2^k], known or traced


def lower_sampled(measurement: MeasurementProcess, context: Context) -> Readout:
    """What ``measurement`` asks of a circuit with shots, and how its result follows from that.

    Parameters
    ----------
    measurement
        As a quantum function returns it.
    context
        Of the circuit.

    Returns
    -------
    Readout
        Of an f64 scalar for ``expval`` and ``var``; f64[2^k] for ``probs``; for ``sample``
        i64[shots, k], or f64[shots] of an observable; for ``counts`` a pair of arrays: the basis
        states i64[2^k], or the eigenvalues of an observable, and how often each was found.

    Raises
    ------
    CompileError
        For a measurement or an observable that has no such form.
    """
    check_measurement(measurement)
    outputs = context.outputs
    wires = tuple(context.wire_map[wire] for wire in measurement.wires)
    wires = wires or tuple(context.wire_map.values())
    computational = "Z" * len(wires)
    observable = measurement.obs
    match measurement:
        case qml.measurements.ExpectationMP():
            return _expval(observable, context)
        case qml.measurements.VarianceMP():
            return _var(observable, context)
        case qml.measurements.ProbabilityMP(obs=None):
            return outputs.measure(Outcomes(wires, computational))
        case qml.measurements.ProbabilityMP():
            found = _eigenbasis(observable, context)
            return outputs.measure(Outcomes(found.wires, found.basis))
        case qml.measurements.SampleMP(obs=None):
            read = outputs.measure(Outcomes(wires, computational, each=True))
            return _bits(read, len(wires), measurement)
        case qml.measurements.SampleMP():
            return _samples(observable, context)
        case qml.measurements.CountsMP(obs=None):
            read = outputs.measure(Outcomes(wires, computational))
            states = np.arange(2 ** len(wires))
            return lambda measured: (jnp.asarray(states), _number(read(measured), measured))
        case qml.measurements.CountsMP():
            return _counts(observable, context)
    raise CompileError(
        f"{measurement} cannot be compiled for a circuit with shots, which returns qml.expval, "
        "qml.var, qml.probs, qml.sample and qml.counts. Remove the shots with "
        "qml.set_shots(qnode, None) where it asks for the exact state."
    )


def _commute_by_wire(words: Sentence) -> bool:
    letters: dict[int, str] = {}
    return all(
        letters.setdefault(wire, letter) == letter for word in words for wire, letter in word
    )


def _is_composite(observable: Operator) -> bool:
    return observable.pauli_rep is not None or isinstance(
        observable, qml.ops.Sum | qml.ops.Prod | qml.ops.SProd
    )


def _expval(observable: Operator, context: Context) -> Readout:
    words = sentence(observable, context.wire_map)
    # The words of one matrix are correlated in its eigenbasis, which takes fewer shots.
    if words is not None and (
        _is_composite(observable) or _is_traced(observable) or _commute_by_wire(words)
    ):
        return context.outputs.number(Expval(terms(observable, [words], context.operands)))
    match observable:
        case qml.ops.Sum():
            reads = [_expval(operand, context) for operand in observable.operands]
            return lambda measured: sum(read(measured) for read in reads)
        case qml.ops.SProd():
            scalar = context.outputs.keep(observable.scalar)
            base = _expval(observable.base, context)
            return lambda measured: jnp.real(scalar(measured)) * base(measured)
    read, eigenvalues = _spectrum(observable, context)
    return lambda measured: jnp.vdot(eigenvalues(measured), read(measured))


def _var(observable: Operator, context: Context) -> Readout:
    words = sentence(observable, context.wire_map)
    if words is not None and _commute_by_wire(words):
        return context.outputs.number(Var(terms(observable, [words], context.operands)))
    read, eigenvalues = _spectrum(observable, context)

    def var(measured: Measured) -> jax.Array:
        values, weights = eigenvalues(measured), read(measured)
        return jnp.vdot(values**2, weights) - jnp.vdot(values, weights) ** 2

    return var


def _spectrum(observable: Operator, context: Context) -> tuple[Readout, Readout]:
    """How often each eigenstate is found, and the eigenvalues."""
    found = _eigenbasis(observable, context)
    read = context.outputs.measure(Outcomes(found.wires, found.basis))
    return read, context.outputs.keep(found.eigenvalues)


def _samples(observable: Operator, context: Context) -> Readout:
    word = _single_word(observable, context.wire_map)
    if word is not None:
        wires = tuple(wire for wire, _ in word.word)
        letters = "".join(letter for _, letter in word.word)
        read = context.outputs.measure(Outcomes(wires, letters, each=True))

        def signs(measured: Measured) -> jax.Array:
            ones = jax.lax.population_count(read(measured).astype(jnp.int64))
            return word.coefficient * (1.0 - 2.0 * (ones & 1).astype(jnp.float64))

        return signs
    found = _eigenbasis(observable, context)
    each = context.outputs.measure(Outcomes(found.wires, found.basis, each=True))
    values = context.outputs.keep(found.eigenvalues)
    return lambda measured: jnp.asarray(values(measured))[each(measured).astype(jnp.int64)]


def _counts(observable: Operator, context: Context) -> Readout:
    word = _single_word(observable, context.wire_map)
    if word is not None:
        mean = context.outputs.number(Expval((Term(1.0, word.word),)))
        size = abs(float(word.coefficient))
        sign = np.sign(word.coefficient)

        def two(measured: Measured) -> tuple[Any, Any]:
            plus = (1.0 + sign * mean(measured)) / 2
            return jnp.array([-size, size]), _number(jnp.stack([1.0 - plus, plus]), measured)

        return two
    read, eigenvalues = _spectrum(observable, context)
    values = _eigenbasis(observable, context).eigenvalues
    if isinstance(values, jax.core.Tracer):
        return lambda measured: (
            jnp.asarray(eigenvalues(measured)),
            _number(read(measured), measured),
        )
    # Equal eigenvalues are counted together.
    scale = max(1.0, float(np.max(np.abs(values))))
    distinct, places = np.unique(np.round(values / scale, 12), return_inverse=True)
    representatives = np.array([values[np.argmax(places == i)] for i in range(len(distinct))])

    def merged(measured: Measured) -> tuple[Any, Any]:
        counts = jnp.zeros(len(distinct)).at[places.ravel()].add(read(measured))
        return jnp.asarray(representatives), _number(counts, measured)

    return merged


def _number(part: jax.Array, measured: Measured) -> jax.Array:
    """How many shots a part of them is."""
    return jnp.round(part * measured.shots).astype(jnp.int64)


def _bits(read: Readout, num_wires: int, measurement: MeasurementProcess) -> Readout:
    dtype = jnp.dtype(getattr(measurement, "_dtype", None) or jnp.int64)
    shifts = np.arange(num_wires)[::-1]

    def bits(measured: Measured) -> jax.Array:
        states = read(measured).astype(jnp.int64)
        return ((states[:, None] >> shifts[None]) & 1).astype(dtype)

    return bits


class _Word(NamedTuple):
    coefficient: float
    word: Any


def _single_word(observable: Operator, wire_map: dict[Any, int]) -> _Word | None:
    """``observable`` as a known number times one Pauli word that is not the identity."""
    if _is_traced(observable) or observable.pauli_rep is None or len(observable.pauli_rep) != 1:
        return None
    ((word, coefficient),) = observable.pauli_rep.items()
    number = complex(coefficient)
    if not word or number.imag or not number.real:
        return None
    return _Word(number.real, word_of(word, wire_map))


def _is_traced(observable: Operator) -> bool:
    return any(isinstance(value, jax.core.Tracer) for value in observable.data)


def _eigenbasis(observable: Operator, context: Context) -> _Eigenbasis:
    wires = tuple(context.wire_map[wire] for wire in observable.wires)
    if len(wires) == 0 or (
        isinstance(observable, qml.Hermitian | qml.SparseHamiltonian) or _is_traced(observable)
    ):
        return _diagonalised(observable, wires, context)
    with qml.QueuingManager.stop_recording():
        gates = observable.diagonalizing_gates()
        eigenvalues = np.asarray(observable.eigvals())
    if np.max(np.abs(np.imag(eigenvalues))) > 1e-10 * max(1.0, np.max(np.abs(eigenvalues))):
        raise CompileError(f"The observable {observable} is not Hermitian: it cannot be sampled.")
    basis = context.lower_gates(QuantumScript(gates)) if gates else "Z" * len(wires)
    return _Eigenbasis(wires, basis, np.real(eigenvalues))


def _diagonalised(observable: Operator, wires: tuple[int, ...], context: Context) -> _Eigenbasis:
    """By the eigenvectors of its matrix."""
    if _is_traced(observable) and not isinstance(observable, qml.Hermitian):
        raise CompileError(
            f"{observable} cannot be sampled as a whole: its eigenbasis depends on traced values. "
            "With shots, use its expectation value, or qml.Hermitian of its matrix."
        )
    if not 1 <= len(wires) <= _MAX_MATRIX_WIRES:
        raise CompileError(
            f"The observable {observable} acts on {len(wires)} wires; with shots, an observable "
            f"that is not made of Pauli operators acts on 1 to {_MAX_MATRIX_WIRES}. Use a sum of "
            "Pauli words."
        )
    matrix = known_matrix(observable)
    if isinstance(matrix, jax.core.Tracer):
        eigenvalues, vectors = jnp.linalg.eigh(matrix.astype(jnp.complex128))
    else:
        dense = matrix.toarray() if isinstance(observable, qml.SparseHamiltonian) else matrix
        if not np.allclose(dense, dense.conj().T):
            raise CompileError(
                f"The observable {observable} is not Hermitian: it cannot be sampled."
            )
        eigenvalues, vectors = np.linalg.eigh(dense)
    with qml.QueuingManager.stop_recording():
        gate = qml.QubitUnitary(vectors.conj().T, wires=observable.wires, unitary_check=False)
    return _Eigenbasis(wires, context.lower_gates(QuantumScript([gate])), eigenvalues)
