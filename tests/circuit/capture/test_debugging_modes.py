"""Compiled circuits under the switches of JAX for debugging."""

import contextlib
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml
import pytest

from qgrad_lab import cond, for_loop, grad, jacobian, measure, qjit, while_loop
from qgrad_lab.errors import CompileError

POINT = 0.3


def _plain(x):
    qml.RX(x, 0)
    return qml.expval(qml.Z(0))


def _loop(x):
    @for_loop(0, 2, 1)
    def loop(_, angle):
        qml.RX(angle, 0)
        return angle + x

    loop(x)
    return qml.expval(qml.Z(0))


def _while(x):
    @while_loop(lambda angle: angle < 2.5 * x)
    def loop(angle):
        qml.RX(angle, 0)
        return angle + x

    loop(x)
    return qml.expval(qml.Z(0))


def _branch(x):
    @cond(x > 0.1)
    def branch():
        qml.RX(x, 0)

    @branch.otherwise
    def branch():
        qml.RY(2 * x, 0)

    branch()
    return qml.expval(qml.Z(0))


def _middle(x):
    qml.RX(x, 0)
    qml.cond(measure(0), qml.RX)(x, 1)
    return qml.expval(qml.Z(1))


@jax.jit
def _layer(x):
    qml.RX(x, 0)
    return x


def _layers(x):
    _layer(x)
    _layer(x)
    return qml.expval(qml.Z(0))


CIRCUITS: dict[str, tuple[Callable[..., Any], Any, Callable[[float], float]]] = {
    "plain": (_plain, 2, np.cos),
    "loop": (_loop, 2, lambda x: np.cos(3 * x)),
    "loop of unknown length": (_while, 2, lambda x: np.cos(3 * x)),
    "branch": (_branch, 2, np.cos),
    "measurement": (_middle, 2, lambda x: np.cos(x / 2) ** 2 + np.sin(x / 2) ** 2 * np.cos(x)),
    "layers under jit": (_layers, 2, lambda x: np.cos(2 * x)),
}
SWITCHES: dict[str, Callable[[], contextlib.AbstractContextManager[Any]]] = {
    "disable_jit": jax.disable_jit,
    "checking_leaks": jax.checking_leaks,
    "debug_nans": lambda: jax.debug_nans(True),
}


@pytest.mark.parametrize("name", CIRCUITS)
@pytest.mark.parametrize("switch", SWITCHES)
def test_values_and_derivatives(name, switch):
    function, wires, formula = CIRCUITS[name]
    circuit = qml.QNode(function, qml.device("lightning.qubit", wires=wires))
    step = 1e-6
    slope = (formula(POINT + step) - formula(POINT - step)) / (2 * step)
    with SWITCHES[switch]():
        value = qjit(circuit)(POINT)
        derivative = qjit(grad(circuit))(POINT)
    np.testing.assert_allclose(value, formula(POINT), rtol=1e-12)
    np.testing.assert_allclose(derivative, slope, rtol=1e-8)


@pytest.mark.parametrize("switch", SWITCHES)
def test_second_derivatives_batches_and_shots(switch):
    device = qml.device("lightning.qubit", wires=1)
    circuit = qml.QNode(_plain, device)

    def outcomes():
        qml.X(0)
        return measure(0), qml.expval(qml.Z(0))

    with SWITCHES[switch]():
        np.testing.assert_allclose(qjit(jacobian(jacobian(circuit)))(POINT), -np.cos(POINT))
        angles = jnp.array([0.1, 0.2])
        np.testing.assert_allclose(jax.vmap(qjit(circuit))(angles), np.cos([0.1, 0.2]))
        np.testing.assert_allclose(jax.grad(qjit(circuit))(POINT), -np.sin(POINT))
        found = qjit(qml.set_shots(qml.QNode(outcomes, device), 3))()
    np.testing.assert_array_equal(found[0], np.ones(3))
    assert found[1] == -1


@pytest.mark.parametrize("device", ["lightning.qubit", "default.qubit"])
@pytest.mark.parametrize("transformed", [lambda q: q, grad, jacobian, jax.grad])
def test_64_bit_types_switched_off(device, transformed):
    compiled = qjit(transformed(qml.QNode(_plain, qml.device(device, wires=1))))
    jax.config.update("jax_enable_x64", False)
    try:
        with pytest.raises(CompileError, match="64-bit types are switched off"):
            compiled(POINT)
        with pytest.raises(CompileError, match="64-bit types are switched off"):
            jax.jit(compiled)(np.float32(POINT))
    finally:
        jax.config.update("jax_enable_x64", True)


@pytest.mark.parametrize("transformed", [lambda q: q, grad])
def test_evaluation_at_compile_time(transformed):
    circuit = qjit(transformed(qml.QNode(_loop, qml.device("lightning.qubit", wires=1))))
    with jax.ensure_compile_time_eval():
        found = circuit(POINT)
    np.testing.assert_allclose(found, circuit(POINT), rtol=1e-12)
