"""Angles that are the same expression of different elements are evaluated at once."""

import time

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml
import pytest

from qgrad_lab import grad, qjit, reference
from qgrad_lab.core.jaxprs import equations

X = jnp.asarray(np.random.default_rng(3).uniform(0.1, 2.0, (6, 2)))

# From an array, a number, and the number of a gate.
ANGLES = {
    "doubled": lambda x, s, i: 2 * x[i, 0],
    "negative": lambda x, s, i: -x[i, 1],
    "of two elements": lambda x, s, i: x[i, 0] * jnp.cos(x[i, 1]),
    "of one element twice": lambda x, s, i: x[i, 0] ** x[i, 0],
    "with a shared number": lambda x, s, i: s * x[i, 0],
    "with a computed number": lambda x, s, i: jnp.exp(jnp.sum(x)) * x[i, 0] / 1000,
    "the same every time": lambda x, s, i: 2 * x[1, 0],
    "two elements in turn": lambda x, s, i: 0.5 * x[i % 2, 0],
    "two kinds": lambda x, s, i: 2 * x[i, 0] if i % 2 else jnp.sin(x[i, 0]),
    "other constants": lambda x, s, i: (i + 0.5) * x[i, 0],
    "nested": lambda x, s, i: jnp.tanh(2 * x[i, 0] + jnp.log(x[i, 1]) - s),
    "a running sum": lambda x, s, i: sum(x[j, 0] for j in range(i + 1)),
    "a product of many": lambda x, s, i: jnp.prod(x[:, 0] * (i + 1)) / 100,
    "an integer power": lambda x, s, i: x[i, 0] ** 3,
    "a square root": lambda x, s, i: jnp.sqrt(x[i, 0]),
    "in single precision": lambda x, s, i: 2 * x[i, 0].astype("float32"),
    "with a choice": lambda x, s, i: jnp.where(x[i, 0] > 1, x[i, 0], 2 * x[i, 0]),
    "in an inner program": lambda x, s, i: jax.jit(lambda y: 2 * y)(x[i, 0]),
    "sometimes bare": lambda x, s, i: x[i, 0] if i % 3 else 3 * x[i, 1],
    "an array and a number": lambda x, s, i: s + x[i, 0] if i else s,
}


def circuit(angle):
    @qml.qnode(qml.device("lightning.qubit", wires=2), diff_method="adjoint")
    def circuit(x, s):
        for i in range(6):
            qml.RX(angle(x, s, i), wires=i % 2)
            qml.CNOT(wires=[0, 1])
            qml.RZ(angle(x, s, i), wires=0)
        return qml.expval(qml.Z(0) @ qml.Z(1)), qml.expval(qml.X(0))

    return lambda x, s: sum(circuit(x, s))


@pytest.mark.parametrize("name", ANGLES)
def test_gradients_and_hessians_are_those_of_the_reference(name):
    program = circuit(ANGLES[name])
    truth = jax.grad(reference(program), argnums=(0, 1))
    tolerance = 1e-5 if "single" in name else 1e-11
    gradient = grad(program, argnum=(0, 1))
    for found, expected in zip(qjit(gradient)(X, 0.3), truth(X, 0.3), strict=True):
        np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)
    found = qjit(jax.jacfwd(gradient))(X, 0.3)
    expected = jax.jacfwd(truth)(X, 0.3)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)


def counted(angle, name):
    program = qjit(circuit(ANGLES[angle]))
    closed = program.trace(X, 0.3).jaxpr
    return sum(equation.primitive.name == name for equation in equations(closed.jaxpr))


def test_each_kind_of_expression_is_evaluated_once():
    assert counted("doubled", "mul") == 1
    assert counted("of two elements", "cos") == 1
    assert counted("nested", "tanh") == 1
    assert counted("two kinds", "sin") == 1
    assert counted("the same every time", "mul") == 1
    assert counted("doubled", "slice") == 0


def test_under_vmap():
    program = circuit(ANGLES["nested"])
    batch = jnp.stack([X, X / 2, X + 0.1])
    found = qjit(jax.vmap(grad(program), in_axes=(0, None)))(batch, 0.3)
    for row, x in zip(found, batch, strict=True):
        np.testing.assert_allclose(row, jax.grad(reference(program))(x, 0.3), atol=1e-11)


def test_thousands_of_gates_compile_in_seconds():
    @qml.qnode(qml.device("lightning.qubit", wires=4), diff_method="adjoint")
    def long(x):
        for i in range(3000):
            qml.RX(2 * x[i] + 0.1, wires=i % 4)
        return qml.expval(qml.Z(0))

    x = jnp.asarray(np.random.default_rng(0).uniform(-1, 1, 3000))
    start = time.perf_counter()
    found = qjit(grad(long))(x)
    print(f"{time.perf_counter() - start:.2f} s")
    angle = np.sum(2 * np.asarray(x)[::4] + 0.1)
    np.testing.assert_allclose(found[::4], -2 * np.sin(angle), atol=1e-10)
    np.testing.assert_allclose(found.reshape(-1, 4)[:, 1:], 0, atol=1e-12)
