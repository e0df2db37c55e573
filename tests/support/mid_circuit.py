"""Random circuits that measure in the middle, as plain data."""

from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np
import pennylane as qml

NUM_ANGLES = 3
_ROTATIONS = ("RX", "RY", "RZ")
_CONDITIONS = ("one", "not", "sum", "xor", "less", "mod")


@dataclass(frozen=True)
class Step:
    """A gate on wires, a measurement, or a gate on condition of outcomes."""

    kind: str  # rotation, entangle, measure, conditional
    wires: tuple[int, ...]
    name: str = ""
    angle: int = 0
    outcomes: tuple[int, ...] = ()
    reset: bool = False
    postselect: int | None = None


@dataclass(frozen=True)
class MidCircuit:
    """A circuit; its angles are ``NUM_ANGLES`` numbers."""

    num_wires: int
    steps: tuple[Step, ...]
    measured: str

    @property
    def num_measured(self) -> int:
        """The number of measurements in the middle."""
        return sum(step.kind == "measure" for step in self.steps)


def random_mid_circuit(rng: np.random.Generator, most: int = 6) -> MidCircuit:
    """Draw a circuit with 1 to ``most`` measurements in the middle."""
    num_wires = int(rng.integers(2, 5))
    steps: list[Step] = [
        Step("rotation", (wire,), str(rng.choice(_ROTATIONS[:2])), int(rng.integers(NUM_ANGLES)))
        for wire in range(num_wires)
    ]
    selected = 0
    for number in range(int(rng.integers(1, most + 1))):
        steps += _gates(rng, num_wires)
        select = selected < 2 and rng.random() < 0.2
        selected += select
        steps.append(
            Step(
                "measure",
                (int(rng.integers(num_wires)),),
                reset=bool(rng.random() < 0.4),
                postselect=int(rng.integers(2)) if select else None,
            )
        )
        if rng.random() < 0.8:
            count = min(number + 1, int(rng.integers(1, 3)))
            outcomes = rng.choice(number + 1, size=count, replace=False)
            steps.append(
                Step(
                    "conditional",
                    (int(rng.integers(num_wires)),),
                    str(rng.choice([*_ROTATIONS, "Hadamard"])),
                    int(rng.integers(NUM_ANGLES)),
                    tuple(int(each) for each in outcomes),
                )
            )
    steps += _gates(rng, num_wires)
    measured = str(rng.choice(["expval", "sum", "probs", "var", "density", "outcomes"]))
    return MidCircuit(num_wires, tuple(steps), measured)


def _gates(rng: np.random.Generator, num_wires: int) -> list[Step]:
    steps = []
    for _ in range(int(rng.integers(1, 4))):
        if rng.random() < 0.5:
            pair = rng.choice(num_wires, size=2, replace=False)
            name = str(rng.choice(["CNOT", "CRY", "IsingXX"]))
            steps.append(
                Step("entangle", tuple(map(int, pair)), name, int(rng.integers(NUM_ANGLES)))
            )
        else:
            wire = int(rng.integers(num_wires))
            name = str(rng.choice(_ROTATIONS))
            steps.append(Step("rotation", (wire,), name, int(rng.integers(NUM_ANGLES))))
    return steps


def function(circuit: MidCircuit) -> Any:
    """Return the quantum function, in PennyLane's own words, of f64[NUM_ANGLES]."""

    def quantum_function(x: Any) -> Any:
        outcomes: list[Any] = []
        for number, step in enumerate(circuit.steps):
            angle = x[step.angle] + 0.1 * number
            match step.kind:
                case "measure":
                    outcomes.append(
                        qml.measure(step.wires[0], reset=step.reset, postselect=step.postselect)
                    )
                case "conditional":
                    gate = getattr(qml, step.name)
                    parameters = () if step.name == "Hadamard" else (angle,)
                    condition = _condition([outcomes[i] for i in step.outcomes], number)
                    qml.cond(condition, gate)(*parameters, wires=step.wires)
                case _:
                    parameters = () if step.name == "CNOT" else (angle,)
                    getattr(qml, step.name)(*parameters, wires=step.wires)
        return _measurement(circuit, outcomes, x)

    return quantum_function


def _condition(outcomes: list[Any], number: int) -> Any:
    name = _CONDITIONS[number % len(_CONDITIONS)]
    total = sum(outcomes[1:], outcomes[0])
    match name:
        case "one":
            return outcomes[0]
        case "not":
            return ~outcomes[-1]
        case "sum":
            return total == 1
        case "xor":
            return outcomes[0] ^ outcomes[-1] if len(outcomes) > 1 else outcomes[0]
        case "less":
            return 2 * outcomes[0] - 1 < total
        case _:
            return total % 2 == 0


def _measurement(circuit: MidCircuit, outcomes: list[Any], x: Any) -> Any:
    last = circuit.num_wires - 1
    match circuit.measured:
        case "expval":
            return qml.expval(qml.Z(0) @ qml.X(last))
        case "sum":
            return qml.expval(x[0] * qml.Z(0) + 0.4 * qml.Y(last) + 0.2 * qml.Identity(0))
        case "probs":
            return qml.probs(wires=[last, 0])
        case "var":
            return qml.var(qml.Z(0) @ qml.Y(last) + 0.3 * qml.X(0))
        case "density":
            return qml.density_matrix(wires=[last])
        case _:
            return qml.expval(outcomes[0]), qml.expval(qml.Z(0))


def numbers(result: Any) -> Any:
    """Return all numbers of a result as one f64 vector."""
    leaves = [jnp.ravel(jnp.asarray(leaf)) for leaf in _leaves(result)]
    flat = jnp.concatenate(leaves)
    return jnp.concatenate([jnp.real(flat), jnp.imag(flat)]) if jnp.iscomplexobj(flat) else flat


def _leaves(result: Any) -> list[Any]:
    return list(result) if isinstance(result, tuple | list) else [result]
