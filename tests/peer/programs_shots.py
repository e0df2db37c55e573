"""Programs with shots, and with measurements in the middle.

Values that are drawn are compared within a bound of more than six standard deviations, or are those
of circuits with one possible outcome.
"""

import jax.numpy as jnp
import numpy as np
import pennylane as qml

from .cases import FAILS, WRONG, case

X = 0.9


def rotation(lab, method, shots):
    @lab.qnode(1, method)
    def circuit(x):
        qml.RX(x, wires=0)
        return qml.expval(qml.Z(0))

    return qml.set_shots(circuit, shots)


@case(
    WRONG,
    "Shots with adjoint: the exact gradient of a sampled value",
    error=("DifferentiableCompileError", "needs the exact state"),
)
def adjoint_with_shots(lab):
    return lab.qjit(lab.grad(rotation(lab, "adjoint", 1000)))(X)


@case(
    WRONG,
    "fd with 1000 shots and the default h",
    # The step is 1000 ** -0.25: its bias is below 0.1, the standard deviation below 0.26.
    expect=lambda: -np.sin(X),
    tolerance=1.7,
)
def finite_differences_of_shots(lab):
    return lab.qjit(lab.grad(rotation(lab, "parameter-shift", 1000), method="fd"))(X)


@case(
    FAILS,
    "shot vectors",
    expect=lambda: (jnp.array([0.0, 1.0]), jnp.array([0.0, 1.0])),
)
def a_shot_vector(lab):
    @lab.qnode(1, "parameter-shift")
    def circuit():
        qml.X(0)
        return qml.probs(wires=0)

    return lab.qjit(qml.set_shots(circuit, (10, 20)))()


@case(
    FAILS,
    "measurements mid-circuit",
    variants={"reset": 1.0, "kept": -1.0},
    expect=lambda expected: expected,
)
def a_measurement_in_the_middle(lab, expected):
    @lab.qnode(1, "parameter-shift")
    def circuit(x):
        qml.RX(x, wires=0)
        qml.measure(0, reset=expected > 0)
        return qml.expval(qml.Z(0))

    return lab.qjit(circuit)(np.pi)


@case(FAILS, "measurements mid-circuit", expect=lambda: -np.sin(X))
def a_gradient_through_a_measurement(lab):
    @lab.qnode(1, "parameter-shift")
    def circuit(x):
        qml.RX(x, wires=0)
        qml.measure(0)
        return qml.expval(qml.Z(0))

    return lab.qjit(lab.grad(circuit))(X)
