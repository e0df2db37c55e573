"""Small programs to sweep."""

import jax.numpy as jnp
import numpy as np
import pennylane as qml

from qgrad_lab import sweep

DEVICE = qml.device("lightning.qubit", wires=2)
ANGLES = np.linspace(-1.0, 2.0, 7)
THETA = np.array([0.3, -0.4, 0.9])


@qml.qnode(DEVICE, diff_method="parameter-shift")
def layers(theta):
    qml.RX(theta[0], wires=0)
    qml.RY(theta[1], wires=1)
    qml.CNOT(wires=[0, 1])
    qml.RY(theta[2], wires=0)
    return qml.probs(wires=[0])


def loss(theta, x, *, scale=2.0, kind="tanh"):
    """Hybrid, with a number that moves, one that may, and a text."""
    found = layers(jnp.sin(theta) * x)[0]
    return scale * (jnp.tanh(found) if kind == "tanh" else found)


def quick(fn, grid, **options):
    return sweep(fn, grid, **{"progress": False} | options)
