"""QNodes that return outcomes, classical values or nothing, and no measurement process."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml
import pytest

from qgrad_lab import grad, jacobian, measure, qjit, while_loop
from qgrad_lab.errors import CompileError

DEVICE = qml.device("lightning.qubit", wires=2)
METHODS = ["best", None, "adjoint", "parameter-shift", "finite-diff"]


def _qnode(function: Any, shots: Any = None, device: qml.devices.Device = DEVICE, **options: Any):
    return qml.set_shots(qml.QNode(function, device, **options), shots)


def _prepared(returned: Any) -> Any:
    def circuit(x):
        qml.X(0)
        return returned(x)

    return circuit


RETURNED = {
    "an outcome": lambda x: measure(0),
    "an outcome and a number": lambda x: (measure(0), x),
    "a sum": lambda x: measure(0) + 2 * measure(1),
    "a list": lambda x: [measure(wire) for wire in range(2)],
    "a dict": lambda x: {"m": measure(0), "t": [2 * x, (measure(1),)]},
    "a product": lambda x: 2 * x,
    "a constant": lambda x: 2,
    "an array": lambda x: jnp.arange(3) * x,
    "nothing": lambda x: None,
    "an empty tuple": lambda x: (),
}
VALUES = {
    "an outcome": True,
    "an outcome and a number": (True, 0.3),
    "a sum": 1,
    "a list": [True, False],
    "a dict": {"m": True, "t": [0.6, (False,)]},
    "a product": 0.6,
    "a constant": 2,
    "an array": np.arange(3) * 0.3,
    "nothing": None,
    "an empty tuple": (),
}


@pytest.mark.parametrize("what", RETURNED)
@pytest.mark.parametrize("diff_method", METHODS)
def test_values(what, diff_method):
    circuit = _qnode(_prepared(RETURNED[what]), diff_method=diff_method)
    for each in (circuit, qml.transforms.merge_rotations(circuit)):
        _assert_equal(qjit(each)(0.3), VALUES[what])


@pytest.mark.parametrize("what", RETURNED)
def test_outcomes_with_shots_are_stacked(what):
    draws = any(isinstance(leaf, bool) for leaf in jax.tree.leaves(VALUES[what])) or "sum" in what
    expected = VALUES[what]
    if draws:
        expected = jax.tree.map(lambda leaf: np.full(3, leaf), expected)
    _assert_equal(qjit(_qnode(_prepared(RETURNED[what]), 3))(0.3), expected)


@pytest.mark.parametrize("shots", [None, 4])
def test_values_on_another_device(shots):
    device = qml.device("default.qubit", wires=2)
    for what in ("a product", "an array", "nothing", "an empty tuple"):
        with pytest.warns(UserWarning, match="PennyLane executes it"):
            result = qjit(_qnode(_prepared(RETURNED[what]), shots, device))(0.3)
        _assert_equal(result, VALUES[what])


def test_a_number_beside_a_measurement_on_another_device():
    circuit = _qnode(
        _prepared(lambda x: (2 * x, qml.expval(qml.Z(0)))), None, qml.device("default.qubit")
    )
    with pytest.warns(UserWarning, match="PennyLane executes it"):
        _assert_equal(qjit(circuit)(0.3), (0.6, -1.0))


def test_a_batch_of_parameters_beside_a_number():
    @qml.qnode(DEVICE)
    def circuit(x):
        qml.RX(x * jnp.ones(3), 0)
        return x

    assert qjit(circuit)(0.3) == 0.3


def test_derivatives_of_classical_values_are_those_of_jax():
    square = _qnode(_prepared(lambda x: x**2))
    np.testing.assert_allclose(qjit(grad(square))(0.3), 0.6)
    np.testing.assert_allclose(jax.grad(qjit(square))(0.3), 0.6)
    array = _qnode(_prepared(RETURNED["an array"]))
    np.testing.assert_allclose(qjit(jacobian(array))(0.3), np.arange(3))


def test_a_derivative_of_an_outcome_is_refused():
    with pytest.raises(CompileError, match="floating-point results, and .circuit. returned bool"):
        qjit(grad(_qnode(_prepared(RETURNED["an outcome"]))))(0.3)


def test_an_outcome_of_a_loop_of_unknown_length():
    def circuit():
        @while_loop(lambda outcome: outcome == 0)
        def loop(outcome):
            qml.Hadamard(0)
            return measure(0)

        return loop(False)

    assert qjit(_qnode(circuit))() == 1
    np.testing.assert_array_equal(qjit(_qnode(circuit, 5))(), np.ones(5))


@pytest.mark.parametrize("shots", [None, 3])
def test_a_deferred_outcome_is_refused(shots):
    circuit = _qnode(_prepared(RETURNED["an outcome"]), shots, mcm_method="deferred")
    with pytest.raises(CompileError, match=r"deferred, .* is no number: return qml\.expval"):
        qjit(circuit)(0.3)


def _assert_equal(result: Any, expected: Any) -> None:
    assert jax.tree.structure(result) == jax.tree.structure(expected)
    for found, value in zip(jax.tree.leaves(result), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(found, value, rtol=1e-12)
        assert np.shape(found) == np.shape(value)
