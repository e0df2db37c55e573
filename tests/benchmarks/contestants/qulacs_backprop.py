"""qulacs: ``ParametricQuantumCircuit.backprop``, and ``GradCalculator`` for parameter shifts.

Gates that qulacs has not with a parameter are products of Pauli rotations, which commute.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import qulacs

from tests.benchmarks.adam import adam
from tests.benchmarks.circuits import Gate, Observable, Parameter, combined, generator, unrolled
from tests.benchmarks.contestants import Built
from tests.benchmarks.workloads import Workload

_PLAIN = {"H": "H", "X": "X", "CNOT": "CNOT", "CZ": "CZ"}
_LETTERS = {"I": 0, "X": 1, "Y": 2, "Z": 3}


def unable(workload: Workload) -> str | None:
    """It has first derivatives of one observable in the parameters of gates."""
    if workload.task == "hessian":
        return "it has first derivatives only"
    return None


def build(workload: Workload) -> Built:
    """See the package."""
    circuit = _Circuit(workload)
    observables = [_observable(terms, workload.wires) for terms in workload.observables]
    total = _observable(combined(workload.observables, workload.weights), workload.wires)

    def gradient(*arguments: np.ndarray) -> np.ndarray:
        return circuit.gradient(total, arguments)

    def value_and_grad(x: np.ndarray) -> tuple[float, np.ndarray]:
        return circuit.value(total, (x,)), circuit.gradient(total, (x,))

    def jacobian(x: np.ndarray) -> np.ndarray:
        return np.stack([circuit.gradient(observable, (x,)) for observable in observables])

    def batch(x: np.ndarray, features: np.ndarray) -> np.ndarray:
        return np.stack([gradient(x, sample) for sample in features])

    tasks: dict[str, Callable[..., Any]] = {
        "grad": gradient,
        "value_and_grad": value_and_grad,
        "jacobian": jacobian,
        "batch": batch,
        "optimise": lambda x: adam(gradient, x, workload.steps),
    }
    return Built(tasks[workload.task], workload.arguments())


class _Circuit:
    """A parametric circuit, and which element of the arguments each of its parameters is."""

    def __init__(self, workload: Workload) -> None:
        self.circuit = qulacs.ParametricQuantumCircuit(workload.wires)
        self.wires = workload.wires
        self.shape = workload.shape
        self.by_shifts = workload.diff_method == "parameter-shift"
        self._elements: list[int] = []
        self._factors: list[float] = []
        self._sizes = (int(np.prod(workload.shape)), workload.features)
        for gate in unrolled(workload.circuit):
            self._add(gate)
        self._index = np.array(self._elements, dtype=np.int64)
        self._slopes = np.array(self._factors)
        self._own = self._index < self._sizes[0]

    def gradient(self, observable: Any, arguments: tuple[np.ndarray, ...]) -> np.ndarray:
        """In the first of the arguments."""
        self._set(arguments)
        if self.by_shifts:
            slopes = qulacs.GradCalculator().calculate_grad(self.circuit, observable)
        else:
            slopes = self.circuit.backprop(observable)
        result = np.zeros(self._sizes[0])
        own = self._own
        np.add.at(result, self._index[own], (np.real(slopes) * self._slopes)[own])
        return result.reshape(self.shape)

    def value(self, observable: Any, arguments: tuple[np.ndarray, ...]) -> float:
        """The expectation value."""
        self._set(arguments)
        state = qulacs.QuantumState(self.wires)
        self.circuit.update_quantum_state(state)
        return float(observable.get_expectation_value(state).real)

    def _set(self, arguments: tuple[np.ndarray, ...]) -> None:
        elements = np.concatenate([np.ravel(argument) for argument in arguments])
        for number, angle in enumerate((elements[self._index] * self._slopes).tolist()):
            self.circuit.set_parameter(number, angle)

    def _add(self, gate: Gate) -> None:
        if gate.angle is None:
            getattr(self.circuit, f"add_{_PLAIN[gate.name]}_gate")(*gate.wires)
            return
        for coefficient, word in generator(gate.name, len(gate.wires)):
            on = [
                (wire, letter)
                for wire, letter in zip(gate.wires, word, strict=True)
                if letter != "I"
            ]
            self._add_rotation(coefficient, on, gate.angle)

    def _add_rotation(
        self, coefficient: float, on: list[tuple[int, str]], angle: Parameter | float
    ) -> None:
        """``exp(-i coefficient angle P / 2)``: the sign of angles is the other one in qulacs."""
        wires = [wire for wire, _ in on]
        letters = [letter for _, letter in on]
        if not isinstance(angle, Parameter):
            codes = [_LETTERS[letter] for letter in letters]
            self.circuit.add_multi_Pauli_rotation_gate(wires, codes, -coefficient * angle)
            return
        if len(on) == 1:
            add = getattr(self.circuit, f"add_parametric_R{letters[0]}_gate")
            add(wires[0], 0.0)
        else:
            codes = [_LETTERS[letter] for letter in letters]
            self.circuit.add_parametric_multi_Pauli_rotation_gate(wires, codes, 0.0)
        # Behind the parameters come the features.
        before = sum(self._sizes[: angle.argument])
        shape = (self.shape, (self._sizes[1],))[angle.argument]
        self._elements.append(before + int(np.ravel_multi_index(angle.element, shape)))
        self._factors.append(-coefficient * angle.factor)


def _observable(terms: Observable, wires: int) -> Any:
    observable = qulacs.Observable(wires)
    for coefficient, letters, on in terms:
        word = " ".join(f"{letter} {wire}" for letter, wire in zip(letters, on, strict=True))
        observable.add_operator(coefficient, word)
    return observable
