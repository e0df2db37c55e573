"""Numbers of shots and wires that are arguments of compiled functions."""

import jax
import numpy as np
import pennylane as qml
import pytest

from qgrad_lab import CompileError, grad, qjit

pytestmark = pytest.mark.filterwarnings(
    "ignore:The QNode .* is on the device",
    "ignore:Specifying 'shots' when executing",
    "ignore:Setting shots on device",
    "ignore::pennylane.exceptions.PennyLaneDeprecationWarning",
)


def qnode(device, wires=1, **options):
    def circuit():
        qml.Hadamard(0)
        return qml.expval(qml.X(0))

    return qml.QNode(circuit, qml.device(device, wires=wires), **options)


SPELLINGS = {
    "set_shots": lambda device, n: qml.set_shots(qnode(device), n)(),
    "keyword": lambda device, n: qml.set_shots(qnode(device), shots=n)(),
    "option": lambda device, n: qnode(device, shots=n)(),
    "call": lambda device, n: qnode(device)(shots=n),
    "vector": lambda device, n: qml.set_shots(qnode(device), (n, n))()[0],
    "copies": lambda device, n: qml.set_shots(qnode(device), [(n, 2)])()[0],
}


@pytest.mark.parametrize("device", ["lightning.qubit", "default.qubit"])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_shots(spelling, device):
    def function(n):
        return SPELLINGS[spelling](device, n)

    for compiled, n in ((qjit(function), 10), (qjit(jax.vmap(function)), np.array([10]))):
        with pytest.raises(CompileError, match=r"number of shots of circuit .* static_argnums"):
            compiled(n)
    for n in (10, 20):
        np.testing.assert_allclose(qjit(function, static_argnums=0)(n), 1.0, atol=1e-12)


@pytest.mark.parametrize("device", ["lightning.qubit", "default.qubit", "null.qubit"])
def test_wires_of_a_device(device):
    def function(n):
        return qnode(device, wires=n)()

    with pytest.raises(CompileError, match="wires of the device .* static_argnums"):
        qjit(function)(2)
    qjit(function, static_argnums=0)(2)


def test_shots_in_a_gradient():
    def function(x, n):
        @qml.set_shots(n)
        @qml.qnode(qml.device("lightning.qubit", wires=1))
        def circuit(x):
            qml.RX(x, 0)
            return qml.expval(qml.Z(0))

        return circuit(x)

    with pytest.raises(CompileError, match="static_argnums"):
        qjit(grad(function))(0.3, 10)
    assert abs(qjit(grad(function), static_argnums=1)(np.pi / 2, 100) + 1) < 1e-12
