"""Gates in functions that JAX traces on its own: as Python runs them, or refused."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml
import pytest

from qgrad_lab import CompileError, grad, measure, qjit

DEVICE = qml.device("lightning.qubit", wires=2)


def layer(x):
    qml.RX(x, 0)
    qml.RY(0.5, 0)
    return x + 1


declared = qjit(layer)


@qjit
def annotated(x: float):
    return layer(x)


@functools.partial(jax.jit, static_argnums=1)
def repeated(x, n):
    for _ in range(n):
        layer(x)


def looped(x):
    jax.lax.fori_loop(0, 2, lambda i, c: (layer(x), c)[1], 0)


def scanned(x):
    jax.lax.scan(lambda c, a: (c, layer(a)), 0, jnp.stack([x, x]))


TWICE = {
    "jit": lambda x: (jitted := jax.jit(layer), jitted(x), jitted(x)),
    "qjit": lambda x: (declared(x), declared(x)),
    "annotated": lambda x: (annotated(x), annotated(x)),
    "nested": lambda x: jax.jit(lambda y: (declared(y), jax.jit(layer)(y))[1])(x),
    "static": lambda x: repeated(x, 2),
    "fori_loop": looped,
    "scan": scanned,
    "inverse": lambda x: (qml.adjoint(qml.adjoint(inverted := jax.jit(layer)))(x), inverted(x)),
}


@pytest.mark.parametrize("name", TWICE)
def test_gates_are_those_of_python(name):
    def circuit(x, twice):
        twice(x)
        return qml.expval(qml.Z(0))

    def by_hand(x):
        layer(x), layer(x)

    wanted = qml.QNode(functools.partial(circuit, twice=by_hand), qml.device("default.qubit"))
    found = qml.QNode(functools.partial(circuit, twice=TWICE[name]), DEVICE)
    for x in (0.3, 0.7):
        for _ in range(2):
            assert np.allclose(qjit(grad(found))(x), jax.grad(wanted)(x), atol=1e-10)


def test_a_function_traced_outside_of_the_circuit_first():
    jitted = jax.jit(layer)

    @qjit
    def program(x):
        jitted(x)

        @qml.qnode(DEVICE)
        def circuit(x):
            jitted(x)
            return qml.expval(qml.Z(0))

        return circuit(x)

    jitted(0.3)
    assert np.allclose(program(0.3), np.cos(0.3) * np.cos(0.5))


ELSEWHERE = {
    "cond": lambda x, f: jax.lax.cond(x > 0, f, lambda a: a, x),
    "switch": lambda x, f: jax.lax.switch(jnp.int32(x), [f, lambda a: a], x),
    "while_loop": lambda x, f: jax.lax.while_loop(lambda a: a < 1, f, x),
    "vmap": lambda x, f: jax.vmap(f)(jnp.zeros(3)),
    "grad": lambda x, f: jax.grad(f)(x),
    "checkpoint": lambda x, f: jax.checkpoint(f)(x),
}


@pytest.mark.parametrize("name", ELSEWHERE)
def test_what_cannot_be_inlined_is_refused_each_time(name):
    @qjit
    @qml.qnode(DEVICE)
    def circuit(x):
        ELSEWHERE[name](x, lambda a: (qml.RY(0.5, 0), a + 1)[1])
        qml.RX(x, 0)
        return qml.expval(qml.Z(0))

    for _ in range(2):
        with pytest.raises(CompileError, match="RY stands in a function that a transformation"):
            circuit(0.3)


def test_measurements_in_the_middle():
    jitted = jax.jit(lambda: measure(0))

    @qjit
    @qml.qnode(DEVICE)
    def circuit(x):
        qml.RX(np.pi, 0)
        first, second = jitted(), jitted()
        return qml.expval(qml.Z(0)), first, second

    assert [float(value) for value in circuit(0.3)] == [-1, 1, 1]
