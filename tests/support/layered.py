"""Circuits of layers, their Programs and plans, and how often they are swept."""

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml

from qgrad_lab import qjit
from qgrad_lab.core.jaxprs import equations
from qgrad_lab.engine.plans import counts


def programs(compiled) -> list:
    """The Programs in what was compiled last."""
    return [
        equation.params["member"].circuit
        for equation in equations(compiled.jaxpr.jaxpr)
        if equation.primitive.name == "circuit"
    ]


def plan_of(circuit, *args):
    compiled = qjit(circuit)
    compiled(*args)
    return programs(compiled)[0].plan()


def sweeps_of(function, *args) -> tuple[int, int]:
    """Forward and backward sweeps of one call."""
    before = counts()
    jax.block_until_ready(function(*args))
    after = counts()
    return after.forward - before.forward, after.backward - before.backward


def brickwork(wires: int, layers: int, measured):
    @qml.qnode(qml.device("lightning.qubit", wires=wires))
    def circuit(x):
        for layer in range(layers):
            for wire in range(wires):
                qml.RX(x[layer, wire], wires=wire)
            for wire in range(layer % 2, wires - 1, 2):
                qml.CNOT(wires=[wire, wire + 1])
        return measured()

    return circuit


def layered(wires, layers: int, measured, diff_method="best", c_dtype=np.complex128):
    """RX, RY, RZ on every wire and a ring of CNOTs, in layers."""
    device = qml.device("lightning.qubit", wires=wires, c_dtype=c_dtype)

    @qml.qnode(device, diff_method=diff_method)
    def circuit(x):
        for layer in range(layers):
            for wire in range(wires):
                qml.RX(x[layer, wire, 0], wires=wire)
                qml.RY(x[layer, wire, 1], wires=wire)
                qml.RZ(x[layer, wire, 2], wires=wire)
            for wire in range(wires if wires > 1 else 0):
                qml.CNOT(wires=[wire, (wire + 1) % wires])
        return measured()

    return circuit


def angles(*shape: int) -> jax.Array:
    return jnp.asarray(np.random.default_rng(5).uniform(0, 2 * np.pi, shape))
