"""The rows of the table: what is differentiated, free of any framework."""

import dataclasses
from collections.abc import Callable
from typing import Literal

import numpy as np

from tests.benchmarks.chemistry import excitations, hamiltonian
from tests.benchmarks.circuits import (
    Circuit,
    Gate,
    Observable,
    Parameter,
    Term,
    gate_count,
    ring,
    rotation_layer,
    z_word,
)

Task = Literal["grad", "value_and_grad", "jacobian", "hessian", "batch", "optimise"]

LEARNING_RATE = 0.01
"""Of Adam, in the task ``"optimise"``."""


@dataclasses.dataclass(frozen=True)
class Workload:
    """A circuit, and a derivative of it.

    The circuit returns the expectation values of ``observables``. The function that is
    differentiated is the value itself if there is one, and their sum with ``weights`` if there are
    several; the Jacobian is that of the values as they are.

    Attributes
    ----------
    name
        As in ``--rows``.
    title
        A line for the table.
    wires, circuit, observables
        The circuit, from all qubits in the state 0.
    shape
        Of the parameters.
    task
        Which derivative in the parameters: ``"batch"`` is the gradient at each of ``batch`` samples
        of ``features`` features, ``"optimise"`` the parameters after ``steps`` steps of Adam.
    diff_method
        ``"adjoint"`` where any exact derivative will do, or ``"parameter-shift"``.
    """

    name: str
    title: str
    wires: int
    circuit: Circuit
    observables: tuple[Observable, ...]
    shape: tuple[int, ...]
    task: Task = "grad"
    diff_method: str = "adjoint"
    batch: int = 0
    features: int = 0
    steps: int = 0

    @property
    def weights(self) -> tuple[float, ...]:
        """Of the expectation values in the sum, all different."""
        return tuple(1 / (1 + number) for number in range(len(self.observables)))

    @property
    def gates(self) -> int:
        """How many gates the circuit applies."""
        return gate_count(self.circuit)

    def arguments(self) -> tuple[np.ndarray, ...]:
        """The parameters, and the features of all samples in a batch: the same ones every time."""
        random = np.random.default_rng(7)
        parameters = random.uniform(0, 2 * np.pi, self.shape)
        if not self.batch:
            return (parameters,)
        return parameters, random.uniform(-np.pi, np.pi, (self.batch, self.features))


def layered_circuit(wires: int, layers: int) -> tuple[Gate, ...]:
    """RX, RY, RZ on every wire and a CNOT ring, ``layers`` times; parameters (layers, wires, 3)."""
    return tuple(gate for layer in range(layers) for gate in rotation_layer(wires, (layer,)))


def layered(wires: int, layers: int, name: str = "layered", **changes: object) -> Workload:
    """The gradient of <Z0 Z1> of a layered circuit, or what ``changes`` makes of it."""
    title = f"{wires} wires x {layers} layers"
    workload = Workload(
        name=f"{name}-{wires}x{layers}",
        title=title,
        wires=wires,
        circuit=layered_circuit(wires, layers),
        observables=(z_word(*range(min(2, wires))),),
        shape=(layers, wires, 3),
    )
    return dataclasses.replace(workload, **changes)  # type: ignore[arg-type]


def layered_expvals(wires: int, layers: int) -> Workload:
    """The gradient of a sum of <Z> of all wires."""
    return layered(
        wires,
        layers,
        "expvals",
        title=f"{wires} wires x {layers} layers, <Z> of every wire",
        observables=tuple(z_word(wire) for wire in range(wires)),
    )


def brickwork(wires: int, layers: int) -> Workload:
    """A local observable: gates outside of its light cone do nothing to it."""
    circuit = [
        gate
        for layer in range(layers)
        for gate in (
            *(Gate("RY", (wire,), Parameter((layer, wire))) for wire in range(wires)),
            *(Gate("CZ", (wire, wire + 1)) for wire in range(layer % 2, wires - 1, 2)),
        )
    ]
    return Workload(
        name=f"brickwork-{wires}x{layers}",
        title=f"{wires} wires x {layers} brick layers of RY and CZ, <Z> of a middle wire",
        wires=wires,
        circuit=tuple(circuit),
        observables=(z_word(wires // 2),),
        shape=(layers, wires),
    )


def vqe(molecule: str, electrons: int, wires: int) -> Workload:
    """The gradient of a molecule's energy in the amplitudes of its excitations."""
    energy = hamiltonian(molecule)
    circuit = excitations(electrons, wires)
    parameters = len(circuit) - electrons
    return Workload(
        name=f"vqe-{molecule}",
        title=f"VQE of {molecule}: {len(energy)} terms, {parameters} excitations, {wires} wires",
        wires=wires,
        circuit=circuit,
        observables=(energy,),
        shape=(parameters,),
    )


def qaoa(wires: int, depth: int) -> Workload:
    """MaxCut on a ring whose opposite wires are joined as well: three neighbours each."""
    edges = [*ring(wires), *((wire, wire + wires // 2) for wire in range(wires // 2))]
    circuit = [Gate("H", (wire,)) for wire in range(wires)]
    for layer in range(depth):
        circuit += [Gate("IsingZZ", edge, Parameter((layer, 0))) for edge in edges]
        circuit += [Gate("RX", (wire,), Parameter((layer, 1), 2.0)) for wire in range(wires)]
    return Workload(
        name=f"qaoa-{wires}",
        title=f"QAOA of MaxCut: {wires} wires, {len(edges)} edges, p = {depth}",
        wires=wires,
        circuit=tuple(circuit),
        observables=(tuple(Term(0.5, "ZZ", edge) for edge in edges),),
        shape=(depth, 2),
    )


def model(batch: int, wires: int = 4, layers: int = 3) -> Workload:
    """Gradients of a model's output at every sample of a batch."""
    encoding = [Gate("RY", (wire,), Parameter((wire,), argument=1)) for wire in range(wires)]
    return Workload(
        name=f"qml-{batch}",
        title=f"QML model of {wires} wires x {layers} layers, gradients of {batch} samples",
        wires=wires,
        circuit=(*encoding, *layered_circuit(wires, layers)),
        observables=(z_word(0),),
        shape=(layers, wires, 3),
        task="batch",
        batch=batch,
        features=wires,
    )


def of_gates(
    name: str, title: str, wires: int, layers: int, layer: list[tuple[str, tuple[int, ...]]]
) -> Workload:
    """Layers of gates of one kind, each with a parameter of its own, between rotations."""
    circuit = []
    for number in range(layers):
        circuit += [Gate("RY", (wire,), Parameter((number, wire))) for wire in range(wires)]
        for column, (gate, on) in enumerate(layer):
            circuit.append(Gate(gate, on, Parameter((number, wires + column))))
    return Workload(
        name=name,
        title=f"{title}: {wires} wires, {layers * len(layer)} of {len(circuit)} gates",
        wires=wires,
        circuit=tuple(circuit),
        observables=(z_word(0, 1),),
        shape=(layers, wires + len(layer)),
    )


def controlled(wires: int, layers: int) -> Workload:
    """Controlled rotations and phases of all kinds."""
    names = ("CRX", "CRY", "CRZ", "ControlledPhaseShift")
    layer: list[tuple[str, tuple[int, ...]]] = [
        (name, pair) for name in names for pair in ring(wires)
    ]
    layer += [("CCRY", (w, (w + 1) % wires, (w + 2) % wires)) for w in range(wires)]
    return of_gates(f"controlled-{wires}", "Controlled gates", wires, layers, layer)


def multi_rz(wires: int, layers: int) -> Workload:
    """MultiRZ on two to five wires, neighbours and far ones."""
    layer = [
        ("MultiRZ", tuple((wire + step * stride) % wires for step in range(width)))
        for width, stride in ((2, 1), (3, 2), (4, 1), (5, 2))
        for wire in range(wires)
    ]
    return of_gates(f"multirz-{wires}", "MultiRZ", wires, layers, layer)


def double_excitations(wires: int, layers: int) -> Workload:
    """Double excitations of neighbours and of far wires."""
    layer = [
        ("DoubleExcitation", tuple((wire + step * stride) % wires for step in range(4)))
        for stride in (1, 2)
        for wire in range(wires)
    ]
    return of_gates(f"excitations-{wires}", "DoubleExcitation", wires, layers, layer)


def _shift(wires: int, layers: int) -> Workload:
    title = f"{wires} wires x {layers} layers, parameter-shift"
    return layered(wires, layers, "shift", title=title, diff_method="parameter-shift")


def _task(name: str, task: Task, wires: int, layers: int, title: str, **more: object) -> Workload:
    title = f"{wires} wires x {layers} layers, {title}"
    return layered(wires, layers, name, title=title, task=task, **more)


ROWS: dict[str, Callable[[], Workload]] = {
    "layered-2x1": lambda: layered(2, 1),
    "layered-4x3": lambda: layered(4, 3),
    "layered-10x5": lambda: layered(10, 5),
    "expvals-10x5": lambda: layered_expvals(10, 5),
    "layered-16x4": lambda: layered(16, 4),
    "layered-20x2": lambda: layered(20, 2),
    "expvals-20x2": lambda: layered_expvals(20, 2),
    "shift-4x3": lambda: _shift(4, 3),
    "shift-10x5": lambda: _shift(10, 5),
    "brickwork-20x3": lambda: brickwork(20, 3),
    "vqe-h2": lambda: vqe("h2", 2, 4),
    "vqe-lih": lambda: vqe("lih", 4, 12),
    "qaoa-16": lambda: qaoa(16, 4),
    "qml-256": lambda: model(256),
    "hessian-6x4": lambda: _task("hessian", "hessian", 6, 4, "Hessian"),
    "adam-4x3": lambda: _task("adam", "optimise", 4, 3, "1000 steps of Adam", steps=1000),
    "controlled-12": lambda: controlled(12, 2),
    "multirz-12": lambda: multi_rz(12, 3),
    "excitations-12": lambda: double_excitations(12, 3),
    "value-and-grad-16x4": lambda: _task(
        "value-and-grad", "value_and_grad", 16, 4, "value and gradient"
    ),
    "jacobian-10x5": lambda: _task(
        "jacobian",
        "jacobian",
        10,
        5,
        "Jacobian of <Z> of every wire",
        observables=tuple(z_word(wire) for wire in range(10)),
    ),
}
"""The rows, by name and in order; made when they are asked for."""
