"""Programs around circuits that the other compiler cannot compile."""

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml

from .cases import BOTH, FAILS, case

X = 0.37
POINT = np.array([0.3, -0.7, 1.1])
ARITHMETIC = "Any arithmetic on an argument before the QNode"
NESTED = "`f(g(x))` with two QNodes; a loop or scan over a QNode; `grad` of a `vmap` of a QNode"
JAX_INSIDE = (
    "`jax.grad(qnode)` and `jax.vmap(qnode)` inside a compiled function; `jax.hessian` of a "
    "compiled function; grad of grad"
)


def rotation(lab, method="adjoint"):
    @lab.qnode(2, method)
    def circuit(x):
        qml.RX(x, wires=0)
        qml.CRY(x, wires=[0, 1])
        return qml.expval(qml.Z(0) @ qml.Z(1))

    return circuit


BEFORE = {
    "twice": lambda x: 2 * x,
    "sin": jnp.sin,
    "power": lambda x: x**3 + 1,
    "where": lambda x: jnp.where(x > 0, x, 2 * x),
}


@case(FAILS, ARITHMETIC, variants=BEFORE, methods=BOTH)
def arithmetic_before(lab, function, method):
    circuit = rotation(lab, method)
    return lab.qjit(lab.grad(lambda x: circuit(function(x))))(X)


@case(FAILS, ARITHMETIC)
def dense_layer_before(lab):
    @lab.qnode(3)
    def circuit(angles):
        for wire in range(3):
            qml.RY(angles[wire], wires=wire)
            qml.CNOT(wires=[wire, (wire + 1) % 3])
        return qml.expval(qml.Z(2))

    def loss(weights, bias, x):
        return circuit(jnp.tanh(weights @ x + bias)) ** 2

    weights = jnp.asarray(np.cos(np.arange(9.0)).reshape(3, 3))
    derivative = lab.grad(loss, argnums=[0, 1, 2])
    return lab.qjit(derivative)(weights, jnp.asarray(POINT), jnp.asarray(POINT**2))


@case(FAILS, NESTED, methods=BOTH)
def circuit_of_a_circuit(lab, method):
    inner, outer = rotation(lab, method), rotation(lab, method)
    return lab.qjit(lab.grad(lambda x: outer(inner(x))))(X)


@case(FAILS, NESTED, methods=BOTH)
def loop_over_a_circuit(lab, method):
    circuit = rotation(lab, method)

    def repeated(x):
        @lab.for_loop(0, 3, 1)
        def step(i, angle):
            return circuit(angle)

        return step(x)

    return lab.qjit(lab.grad(repeated))(X)


@case(FAILS, NESTED)
def scan_over_a_circuit(lab):
    circuit = rotation(lab)

    def total(x):
        def step(angle, scale):
            value = circuit(angle * scale)
            return value, value

        last, values = jax.lax.scan(step, x, jnp.array([1.0, 0.5, 2.0]))
        return last + jnp.sum(values)

    return lab.qjit(lab.grad(total))(X)


@case(FAILS, NESTED, methods=BOTH)
def grad_of_a_vmap(lab, method):
    circuit = rotation(lab, method)
    xs = jnp.asarray(POINT)
    return lab.qjit(lab.grad(lambda xs: jnp.sum(jax.vmap(circuit)(xs) ** 2)))(xs)


@case(FAILS, JAX_INSIDE)
def jax_grad_inside(lab):
    circuit = rotation(lab)
    return lab.qjit(lambda x: jax.grad(circuit)(x) * 2)(X)


@case(FAILS, JAX_INSIDE)
def jax_vmap_inside(lab):
    circuit = rotation(lab)
    return lab.qjit(lambda xs: jax.vmap(circuit)(xs))(jnp.asarray(POINT))


@case(FAILS, JAX_INSIDE, methods=BOTH)
def jax_hessian_of_a_compiled_function(lab, method):
    @lab.qnode(2, method)
    def circuit(x):
        qml.RX(x[0], wires=0)
        qml.RY(x[1], wires=0)
        qml.CRX(x[2], wires=[0, 1])
        return qml.expval(qml.Z(0) + qml.Y(1))

    return jax.hessian(lab.qjit(circuit))(jnp.asarray(POINT))


@case(FAILS, JAX_INSIDE, methods=BOTH, tolerance=1e-8)
def grad_of_grad(lab, method):
    return lab.qjit(lab.grad(lab.grad(rotation(lab, method))))(X)


@case(FAILS, JAX_INSIDE, tolerance=1e-8)
def grad_of_grad_of_grad(lab):
    return lab.qjit(lab.grad(lab.grad(lab.grad(rotation(lab)))))(X)


KEYWORDS = (
    "An all-keyword call, or an argnum that points at a keyword argument: IndexError. "
    "`[]`: CompileError"
)


def _slope(x, y):
    """Of cos(x) cos(y) in both."""
    return -np.sin(x) * np.cos(y), -np.cos(x) * np.sin(y)


def two_angles(lab):
    @lab.qnode(1)
    def circuit(x, y):
        qml.RX(x, wires=0)
        qml.RY(y, wires=0)
        return qml.expval(qml.Z(0))

    return circuit


@case(FAILS, KEYWORDS, expect=lambda: _slope(X, 0.2)[0])
def all_keywords(lab):
    return lab.qjit(lambda x, y: lab.grad(two_angles(lab))(x=x, y=y))(X, 0.2)


@case(FAILS, KEYWORDS, expect=lambda: _slope(X, 0.2)[1])
def argnum_of_a_keyword(lab):
    return lab.qjit(lambda x, y: lab.grad(two_angles(lab), argnums=1)(x, y=y))(X, 0.2)


@case(FAILS, KEYWORDS, error=("ValueError", "Invalid argnums"))
def no_argnums(lab):
    return lab.qjit(lab.grad(two_angles(lab), argnums=[]))(X, 0.2)
