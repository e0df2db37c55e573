"""Programs that the other compiler computes wrongly, without a word."""

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml

from .cases import BOTH, WRONG, case

X = 0.37

COEFFICIENTS = {
    "Hamiltonian": lambda x: qml.Hamiltonian(jnp.stack([x, x**2]), [qml.Z(0), qml.X(0) @ qml.Z(1)]),
    "dot": lambda x: qml.dot(jnp.stack([x, 0.5 * x]), [qml.Z(0), qml.Y(1)]),
    "sum": lambda x: qml.sum(qml.s_prod(x, qml.Z(0)), qml.s_prod(2 * x, qml.X(0))),
}


@case(
    WRONG,
    "Derivatives with respect to traced Hamiltonian, dot or sum coefficients",
    variants=COEFFICIENTS,
    methods=BOTH,
)
def traced_coefficients(lab, observable, method):
    @lab.qnode(2, method)
    def circuit(angle, x):
        qml.RX(angle, wires=0)
        qml.RY(0.4, wires=0)
        qml.CRX(angle, wires=[0, 1])
        return qml.expval(observable(x))

    return lab.qjit(lab.grad(circuit, argnums=[0, 1]))(0.8, X)


def _clipped(x):
    return jax.lax.stop_gradient(x) * x


@jax.custom_jvp
def _custom_jvp(x):
    return x**2


_custom_jvp.defjvp(lambda primals, tangents: (primals[0] ** 2, 5.0 * tangents[0]))


@jax.custom_vjp
def _custom_vjp(x):
    return x**2


_custom_vjp.defvjp(lambda x: (x**2, None), lambda _, cotangent: (7.0 * cotangent,))

RULES = {
    "stop_gradient": (_clipped, X),
    "custom_jvp": (_custom_jvp, 5.0),
    "custom_vjp": (_custom_vjp, 7.0),
}


@case(
    WRONG,
    "`stop_gradient`, `custom_jvp` and `custom_vjp` in the classical code are ignored",
    variants=RULES,
    expect=lambda rule: -np.sin(X) + rule[1],
)
def rules_of_classical_code(lab, rule):
    """Beside the circuit, whose argument has no arithmetic, for the other compiler's sake."""

    @lab.qnode(1)
    def circuit(x):
        qml.RX(x, wires=0)
        return qml.expval(qml.Z(0))

    return lab.qjit(lab.grad(lambda x: circuit(x) + rule[0](x)))(X)


@case(
    WRONG,
    "`stop_gradient`, `custom_jvp` and `custom_vjp` in the classical code are ignored",
    variants=RULES,
    expect=lambda rule: -np.sin(X**2) * rule[1],
)
def rules_before_the_circuit(lab, rule):
    @lab.qnode(1)
    def circuit(x):
        qml.RX(rule[0](x), wires=0)
        return qml.expval(qml.Z(0))

    return lab.qjit(lab.grad(circuit))(X)


PSWAP = {
    "bare": lambda lab, x: qml.PSWAP(x, wires=[0, 1]),
    "controlled": lambda lab, x: lab.ctrl(qml.PSWAP(x, wires=[0, 1]), control=2),
    "adjoint": lambda lab, x: lab.adjoint(qml.PSWAP(x, wires=[0, 1])),
}


@case(
    WRONG,
    "PSWAP, its controlled and adjoint forms, under adjoint",
    variants=PSWAP,
    methods=BOTH,
)
def pswap(lab, gate, method):
    @lab.qnode(3, method)
    def circuit(x):
        qml.RX(0.3, wires=0)
        qml.RY(1.1, wires=1)
        qml.RY(0.9, wires=2)
        gate(lab, x)
        qml.RX(0.5, wires=1)
        return qml.expval(qml.Z(1) + qml.X(0) @ qml.Y(2))

    return lab.qjit(lab.grad(circuit))(X)


@case(WRONG, "`argnums=[0, 0]` gives `(g, 0.0)`", variants={"auto": "auto", "fd": "fd"},
      tolerance=1e-6)  # fmt: skip
def repeated_argnums(lab, method):
    @lab.qnode(1)
    def circuit(x, y):
        qml.RX(x, wires=0)
        qml.RY(y, wires=0)
        return qml.expval(qml.Z(0))

    return lab.qjit(lab.grad(circuit, method=method, argnums=[0, 0]))(X, 0.2)


@case(
    WRONG,
    "fd of fd at the default h gives -1.51 for -1.43",
    expect=lambda: -(1.2**2) * np.cos(1.2 * X),
    tolerance=1e-3,
)
def differences_of_differences(lab):
    @lab.qnode(1)
    def circuit(x):
        qml.RX(1.2 * x, wires=0)
        return qml.expval(qml.Z(0))

    return lab.qjit(lab.grad(lab.grad(circuit, method="fd"), method="fd"))(X)
