"""Circuits of layers, their Programs and plans, and how often they are swept."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml

from qgrad_lab import qjit
from qgrad_lab.core.jaxprs import equations
from qgrad_lab.engine.plans import Rows, counts, strategy


def _circuits(compiled) -> list:
    """The equations that evaluate circuits in what was compiled last."""
    found = equations(compiled.jaxpr.jaxpr)
    return [equation for equation in found if equation.primitive.name == "circuit"]


def programs(compiled) -> list:
    """The Programs in what was compiled last."""
    return [equation.params["member"].circuit for equation in _circuits(compiled)]


def strategies_of(function, *args) -> list[str]:
    """How the native library evaluates each batch of circuits of one call, in order."""
    compiled = qjit(function)
    compiled(*args)
    found = []
    for equation in _circuits(compiled):
        member = equation.params["member"]
        sizes = [math.prod(variable.aval.shape[:-1]) for variable in equation.invars]
        rows = Rows(
            *sizes[:3],
            tangent=sizes[3] if member.order else None,
            cotangent=sizes[-1] if member.transposed else None,
        )
        index = np.zeros(equation.invars[1].aval.shape[-1], np.int64)
        found.append(strategy(member.circuit.words, index, rows, keep=member.keep))
    return found


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
