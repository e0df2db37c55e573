"""TensorCircuit-NG with its JAX backend: tensor networks, differentiated and compiled by JAX."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import tensorcircuit as tc
import tensorcircuit.experimental

from tests.benchmarks.circuits import Gate, Observable, Parameter, Repeat, generator
from tests.benchmarks.contestants import Built
from tests.benchmarks.contestants.derivatives import JAX, derivative, scalar
from tests.benchmarks.workloads import Workload

jax.config.update("jax_enable_x64", True)
tc.set_backend("jax")
tc.set_dtype("complex128")

_PLAIN = {"H": "h", "X": "x", "CNOT": "cnot", "CZ": "cz"}
_ROTATIONS = {
    "RX": "rx",
    "RY": "ry",
    "RZ": "rz",
    "CRX": "crx",
    "CRY": "cry",
    "CRZ": "crz",
    "ControlledPhaseShift": "cphase",
    "IsingZZ": "rzz",
}
_PAULI = {
    "I": np.eye(2),
    "X": np.array([[0, 1], [1, 0]]),
    "Y": np.array([[0, -1j], [1j, 0]]),
    "Z": np.diag([1, -1]),
}
_SPARSE_TERMS = 100
"""From how many terms on a Hamiltonian is a sparse matrix, as its documentation advises."""


def unable(workload: Workload) -> str | None:
    """Whatever it cannot do is tried."""
    return None


def build(workload: Workload) -> Built:
    """See the package."""
    return build_with(workload)


def build_with(workload: Workload, **options: bool) -> Built:
    """With options of the expectation values of Pauli words."""
    values = _values(workload, options)
    if workload.diff_method == "parameter-shift":
        function: Any = jax.jit(tc.experimental.parameter_shift_grad(scalar(values, workload)))
    else:
        function = derivative(values, workload, JAX)
    return Built(function, tuple(map(jnp.asarray, workload.arguments())))


def _values(workload: Workload, options: dict[str, bool]) -> Callable[..., Any]:
    """The function that returns the expectation values."""
    expectations = [_expectation(terms, workload, options) for terms in workload.observables]

    def values(*arguments: Any) -> Any:
        circuit = tc.Circuit(workload.wires)
        for operation in workload.circuit:
            if isinstance(operation, Repeat):
                circuit = _repeated(circuit, operation, arguments, workload.wires)
            else:
                _apply(circuit, operation, arguments)
        found = [expectation(circuit) for expectation in expectations]
        return found if len(found) > 1 else found[0]

    return values


def _repeated(circuit: Any, operation: Repeat, arguments: Sequence[Any], wires: int) -> Any:
    def step(state: Any, row: Any) -> Any:
        inner = tc.Circuit(wires, inputs=state)
        for gate in operation.body:
            _apply(inner, gate, (row,))
        return inner.state(), None

    state, _ = jax.lax.scan(step, circuit.state(), arguments[0], length=operation.times)
    return tc.Circuit(wires, inputs=state)


def _apply(circuit: Any, gate: Gate, arguments: Sequence[Any]) -> None:
    if gate.angle is None:
        getattr(circuit, _PLAIN[gate.name])(*gate.wires)
        return
    angle: Any = gate.angle
    if isinstance(angle, Parameter):
        angle = angle.factor * arguments[angle.argument][angle.element]
    if gate.name in _ROTATIONS:
        getattr(circuit, _ROTATIONS[gate.name])(*gate.wires, theta=angle)
    else:
        circuit.any(*gate.wires, unitary=_matrix(gate.name, len(gate.wires), angle))


def _matrix(name: str, wires: int, angle: Any) -> Any:
    """``exp(-i angle G / 2)`` of a ``G`` whose eigenvalues are -1, 0 and 1."""
    words = generator(name, wires)
    matrix = sum(coefficient * _word_matrix(word) for coefficient, word in words)
    identity = np.eye(2**wires)
    return (
        identity + (jnp.cos(angle / 2) - 1) * (matrix @ matrix) - 1j * jnp.sin(angle / 2) * matrix
    )


def _word_matrix(word: str) -> Any:
    matrix = np.eye(1)
    for letter in word:
        matrix = np.kron(matrix, _PAULI[letter])
    return matrix


def _expectation(
    terms: Observable, workload: Workload, options: dict[str, bool]
) -> Callable[[Any], Any]:
    if len(terms) >= _SPARSE_TERMS:
        structures = []
        for term in terms:
            structure = [0] * workload.wires
            for letter, wire in zip(term.letters, term.wires, strict=True):
                structure[wire] = "IXYZ".index(letter)
            structures.append(structure)
        matrix = tc.quantum.PauliStringSum2COO(structures, [term.coefficient for term in terms])
        return lambda circuit: jnp.real(
            tc.templates.measurements.sparse_expectation(circuit, matrix)
        )

    def expectation(circuit: Any) -> Any:
        value: Any = 0.0
        for coefficient, letters, on in terms:
            wires: dict[str, list[int]] = {"x": [], "y": [], "z": []}
            for letter, wire in zip(letters, on, strict=True):
                wires[letter.lower()].append(wire)
            word = circuit.expectation_ps(**wires, **options) if on else 1.0
            value += coefficient * jnp.real(word)
        return value

    return expectation
