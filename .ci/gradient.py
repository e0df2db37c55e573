"""A gradient through the native library, by the installed package and not by the clone."""

import jax.numpy as jnp
import pennylane as qml

import qgrad_lab

assert "site-packages" in qgrad_lab.__file__, qgrad_lab.__file__


@qml.qnode(qml.device("lightning.qubit", wires=1))
def circuit(x):
    qml.RX(jnp.pi * x, wires=0)
    return qml.expval(qml.PauliY(0))


result = qgrad_lab.qjit(qgrad_lab.grad(circuit))(2.0)
assert abs(result + 3.14159265) < 1e-7, result
print("grad at 2.0:", result)
