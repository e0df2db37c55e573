"""What a function under ``adjoint`` or ``ctrl`` returns, and what it may not do."""

import numpy as np
import pennylane as qml
import pytest

from qgrad_lab import CompileError, adjoint, ctrl, for_loop, measure, qjit


def seen(apply):
    """What ``apply`` returns in a compiled circuit, and the probabilities after it."""
    found = []

    @qjit
    @qml.qnode(qml.device("lightning.qubit", wires=3))
    def circuit(x):
        qml.Hadamard(1)
        qml.Hadamard(2)
        found.append(apply(x))
        return qml.probs()

    probabilities = circuit(0.3)
    return found[0], probabilities


def test_a_controlled_function_returns_its_operator():
    found, probabilities = seen(lambda x: ctrl(lambda t: qml.RX(t, 0), control=[1, 2])(x))
    assert found.wires == qml.wires.Wires([1, 2, 0])
    assert found.control_wires == qml.wires.Wires([1, 2])
    np.testing.assert_allclose(probabilities[7], np.sin(0.15) ** 2 / 4, atol=1e-12)


@pytest.mark.parametrize("values", [None, [1, 0]])
def test_several_operators_have_wires(values):
    def layer(x):
        qml.RX(x, 0)
        qml.RZ(x, 0)

    found, _ = seen(lambda x: ctrl(layer, control=[1, 2], control_values=values)(x))
    assert set(found.wires) == {0, 1, 2}
    assert set(found.control_wires) == {1, 2}
    found, _ = seen(lambda x: adjoint(layer)(x))
    assert found.wires == qml.wires.Wires([0])
    assert [type(operator.base) for operator in found] == [qml.RZ, qml.RX]


def test_classes_and_loops():
    assert seen(lambda x: ctrl(qml.RX, control=1)(x, 0))[0].control_wires == qml.wires.Wires([1])

    def loop(x):
        for_loop(0, 2, 1)(lambda i: qml.RX(x, i) and None)()

    assert 2 in seen(lambda x: ctrl(loop, control=2)(x))[0].wires


@pytest.mark.parametrize("kind", [CompileError, ValueError])
@pytest.mark.parametrize(
    "apply",
    [
        lambda x: ctrl(33, control=[1]),
        lambda x: adjoint([qml.RX(x, 0)]),
        lambda x: ctrl(lambda: measure(0), control=[1])(),
        lambda x: adjoint(lambda: qml.probs())(),
    ],
)
def test_errors_of_both_classes(apply, kind):
    with pytest.raises(kind):
        seen(apply)
