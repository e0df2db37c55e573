"""PennyLane measurements to measurements of a Program and readouts of their numbers."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml
from pennylane.measurements import MeasurementProcess

from qgrad_lab.circuit.ir.instructions import Expval, Probs, Var
from qgrad_lab.circuit.lower.measurements import dense as amplitude_route
from qgrad_lab.circuit.lower.measurements import reduced_state
from qgrad_lab.circuit.lower.measurements.readout import Measured, Outputs, Readout
from qgrad_lab.circuit.lower.observables import sentence, terms
from qgrad_lab.circuit.lower.operands import Operands
from qgrad_lab.errors import CompileError

_SUPPORTED = (
    "qml.expval, qml.var, qml.probs, qml.state, qml.density_matrix, qml.purity, qml.vn_entropy "
    "and qml.mutual_info"
)


def lower_measurement(
    measurement: MeasurementProcess,
    wire_map: dict[Any, int],
    operands: Operands,
    outputs: Outputs,
) -> Readout:
    """What ``measurement`` asks of a Program, and how its result follows from that.

    Parameters
    ----------
    measurement
        As a quantum function returns it.
    wire_map
        From wire labels to wires of the Program.
    operands
        Takes traced coefficients.
    outputs
        Takes what the Program has to measure.

    Returns
    -------
    Readout
        Of an f64 scalar, but f64[2^k] for ``probs``, c128[2^n] for ``state`` and c128[2^k, 2^k]
        for ``density_matrix``.

    Raises
    ------
    CompileError
        For a measurement or an observable that has no such form.
    """
    check_measurement(measurement)
    num_wires = max(1, len(wire_map))
    wires = tuple(wire_map[wire] for wire in measurement.wires)
    match measurement:
        case qml.measurements.DensityMatrixMP():
            return reduced_state.density_matrix(wires, num_wires, outputs)
        case qml.measurements.StateMP():
            return outputs.amplitudes()
        case qml.measurements.ProbabilityMP(obs=None):
            return outputs.measure(Probs(wires or tuple(wire_map.values())))
        case qml.measurements.ProbabilityMP():
            return _eigenbasis_probs(measurement, wires, wire_map, outputs)
        case qml.measurements.ExpectationMP():
            return _expval(measurement.obs, wire_map, operands, outputs)
        case qml.measurements.VarianceMP():
            return _var(measurement.obs, wire_map, operands, outputs)
        case qml.measurements.PurityMP():
            return reduced_state.purity(wires, num_wires, outputs)
        case qml.measurements.VnEntropyMP():
            read = reduced_state.vn_entropy(wires, num_wires, outputs)
            return _in_base(read, measurement.log_base)
        case qml.measurements.MutualInfoMP():
            first, second = (
                tuple(wire_map[wire] for wire in part) for part in measurement.raw_wires
            )
            read = reduced_state.mutual_information(first, second, num_wires, outputs)
            return _in_base(read, measurement.log_base)
    raise CompileError(
        f"{measurement} cannot be compiled. A circuit without shots is exact, and returns "
        f"{_SUPPORTED}. For qml.sample and qml.counts give it shots, for example with "
        "qml.set_shots(qnode, 1000)."
    )


def check_measurement(measurement: MeasurementProcess) -> None:
    """Refuse results of ``qml.measure``, and wires that are not known."""
    if measurement.mv is not None:
        raise CompileError(
            f"MidCircuitMeasure is not allowed: {measurement} is one of the result of a "
            "measurement that PennyLane was to replace. Use qml.defer_measurements on the QNode."
        )
    for wire in measurement.wires:
        if isinstance(wire, jax.core.Tracer):
            raise CompileError(
                f"{measurement} measures a wire that is known only when the program runs. Measure "
                "known wires; a gate such as qml.SWAP may act on traced ones before."
            )


def _expval(
    observable: Any, wire_map: dict[Any, int], operands: Operands, outputs: Outputs
) -> Readout:
    """The Pauli words of a sum are measured by the Program, what remains from the amplitudes."""
    parts = observable.operands if isinstance(observable, qml.ops.Sum) else (observable,)
    whole = sentence(observable, wire_map)
    sentences = [sentence(part, wire_map) for part in parts] if whole is None else [whole]
    native = [words for words in sentences if words is not None]
    if whole is not None:
        return outputs.number(Expval(terms(observable, native, operands)))
    rest = [
        amplitude_route.operator(part, wire_map, outputs)
        for part, words in zip(parts, sentences, strict=True)
        if words is None
    ]
    amplitudes = outputs.amplitudes()
    reads = [outputs.number(Expval(terms(observable, native, operands)))] if native else []

    def expval(measured: Measured) -> Any:
        psi = amplitudes(measured)
        numbers = [read(measured) for read in reads]
        return sum(numbers, sum(jnp.real(jnp.vdot(psi, apply(measured, psi))) for apply in rest))

    return expval


def _var(
    observable: Any, wire_map: dict[Any, int], operands: Operands, outputs: Outputs
) -> Readout:
    words = sentence(observable, wire_map)
    if words is not None:
        return outputs.number(Var(terms(observable, [words], operands)))
    apply = amplitude_route.operator(observable, wire_map, outputs)
    amplitudes = outputs.amplitudes()

    def var(measured: Measured) -> jax.Array:
        psi = amplitudes(measured)
        phi = apply(measured, psi)
        return jnp.real(jnp.vdot(phi, phi)) - jnp.real(jnp.vdot(psi, phi)) ** 2

    return var


def _eigenbasis_probs(
    measurement: MeasurementProcess,
    wires: tuple[int, ...],
    wire_map: dict[Any, int],
    outputs: Outputs,
) -> Readout:
    """Probabilities of the eigenstates of an observable, in the order of PennyLane's rotation."""
    rotations = _rotations(measurement)
    if not rotations:
        return outputs.measure(Probs(wires))
    applied = [
        amplitude_route.matrix_operator(matrix, tuple(wire_map[wire] for wire in acted), outputs)
        for matrix, acted in rotations
    ]
    amplitudes = outputs.amplitudes()

    def probs(measured: Measured) -> jax.Array:
        psi = functools.reduce(
            lambda psi, apply: apply(measured, psi), applied, amplitudes(measured)
        )
        rows = reduced_state.matrix_of(psi, wires)
        return jnp.sum(jnp.real(rows) ** 2 + jnp.imag(rows) ** 2, axis=1)

    return probs


def _rotations(measurement: MeasurementProcess) -> list[tuple[Any, Any]]:
    """Matrices, and wires they act on, from the eigenbasis of the observable to basis states."""
    observable = measurement.obs
    if isinstance(observable, qml.Hermitian):
        matrix = observable.matrix()
        if isinstance(matrix, jax.core.Tracer):
            _, vectors = jnp.linalg.eigh(matrix.astype(jnp.complex128))
            return [(vectors.conj().T, observable.wires)]
    with qml.QueuingManager.stop_recording():
        try:
            gates = measurement.diagonalizing_gates()
        except (jax.errors.ConcretizationTypeError, ValueError) as error:
            if not any(isinstance(value, jax.core.Tracer) for value in observable.data):
                raise
            raise CompileError(
                f"qml.probs(op={observable}) cannot be compiled: its eigenbasis depends on traced "
                "values. Use a known observable, or one qml.Hermitian."
            ) from error
    return [(np.asarray(gate.matrix(), complex), gate.wires) for gate in gates]


def _in_base(entropy: Readout, base: float | None) -> Readout:
    if base is None:
        return entropy
    return lambda measured: entropy(measured) / np.log(base)
