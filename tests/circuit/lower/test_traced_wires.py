"""Wires of measurements and of state preparations that are known only when the program runs."""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml
import pytest

import qgrad_lab
from qgrad_lab import measure, qjit

ANGLES = np.random.default_rng(5).normal(size=(2, 3, 3))
HERMITIAN = np.array([[1.0, 2.0j], [-2.0j, 0.5]])
TWO_WIRES = np.diag([1.0, -2.0, 0.5, 3.0]) + np.fliplr(np.diag([0.3, 0.2, 0.2, 0.3]))

OBSERVABLES: dict[str, Callable[[Any, Any], Any]] = {
    "Pauli": lambda z, w: qml.Y(z),
    "Hermitian": lambda z, w: qml.Hermitian(HERMITIAN, z),
    "two wires": lambda z, w: qml.Hermitian(TWO_WIRES, [w, z]),
    "product": lambda z, w: qml.Z(z) @ qml.X(z + 1),
    "known and traced": lambda z, w: qml.Z(2) @ qml.X(z),
    "sum": lambda z, w: qml.Z(z) + 2 * qml.X(0) + 0.5 * (qml.Y(w) @ qml.Z(z)),
    "Hamiltonian": lambda z, w: qml.Hamiltonian([1.0, 2.0], [qml.Z(z), qml.Z(w) @ qml.X(2)]),
    "projector": lambda z, w: qml.Projector([1, 0], [z, w]),
}

PROBABILITIES: dict[str, Callable[[Any, Any], Any]] = {
    "one": lambda z, w: qml.probs(wires=[z]),
    "two": lambda z, w: qml.probs(wires=[w, z]),
    "known and traced": lambda z, w: qml.probs(wires=[2, z]),
    "eigenstates": lambda z, w: qml.probs(op=qml.X(z) @ qml.Z(w)),
}


def circuit(measured: Any, device: str = "lightning.qubit", **options: Any) -> qml.QNode:
    @qml.qnode(qml.device(device, wires=3), **options)
    def qnode(x: Any, z: Any, w: Any) -> Any:
        qml.StronglyEntanglingLayers(x, wires=range(3))
        return measured(z, w)

    return qnode


def check(measured: Any, method: str) -> None:
    """Compare the value and the Jacobian with those of default.qubit, on known wires."""
    known = circuit(measured, "default.qubit", interface="jax", diff_method="backprop")
    known = functools.partial(known, z=1, w=0)
    traced = circuit(measured, diff_method=method)
    x = jnp.asarray(ANGLES)
    np.testing.assert_allclose(qjit(traced)(x, 1, 0), known(x), atol=1e-10)
    found = qjit(qgrad_lab.jacobian(traced, argnums=0))(x, 1, 0)
    np.testing.assert_allclose(found, jax.jacobian(known)(x), atol=1e-9)


@pytest.mark.parametrize("name", OBSERVABLES)
def test_expectation_values(name: str) -> None:
    check(lambda z, w: qml.expval(OBSERVABLES[name](z, w)), "adjoint")


@pytest.mark.parametrize("name", ["Pauli", "sum"])
def test_expectation_values_under_parameter_shift(name: str) -> None:
    check(lambda z, w: qml.expval(OBSERVABLES[name](z, w)), "parameter-shift")


@pytest.mark.parametrize("name", ["Pauli", "two wires", "product"])
def test_variances(name: str) -> None:
    check(lambda z, w: qml.var(OBSERVABLES[name](z, w)), "adjoint")


@pytest.mark.parametrize("name", PROBABILITIES)
def test_probabilities(name: str) -> None:
    check(PROBABILITIES[name], "adjoint")


def test_second_derivatives_and_batches_of_wires() -> None:
    @qml.qnode(qml.device("lightning.qubit", wires=2))
    def qnode(x: Any, z: Any) -> Any:
        qml.RX(x, wires=1)
        return qml.expval(qml.Z(z))

    assert abs(qjit(jax.hessian(qnode))(0.4, 1) + np.cos(0.4)) < 1e-10
    found = qjit(jax.vmap(qnode, in_axes=(None, 0)))(0.4, jnp.arange(2))
    np.testing.assert_allclose(found, [1.0, np.cos(0.4)], atol=1e-12)


def test_the_same_wire_in_a_product_and_in_a_sum() -> None:
    def measured(z: Any, w: Any) -> Any:
        return qml.expval(qml.Z(z) @ qml.Z(w)), qml.expval(qml.Z(z) + qml.Z(w))

    x = jnp.asarray(ANGLES)
    single = circuit(lambda z, w: qml.expval(qml.Z(z)))
    product, total = qjit(circuit(measured))(x, 1, 1)
    assert abs(product - 1.0) < 1e-12
    assert abs(total - 2 * qjit(single)(x, 1, 1)) < 1e-12


def test_a_circuit_that_measures_in_the_middle() -> None:
    @qjit
    @qml.qnode(qml.device("lightning.qubit", wires=2))
    def qnode(z: Any) -> Any:
        qml.RX(0.4, wires=1)
        qml.Hadamard(wires=0)
        measure(0)
        return qml.expval(qml.Y(z)), qml.var(qml.Y(z)), qml.probs(wires=[z]), qml.expval(qml.X(0))

    mean, variance, probabilities, other = qnode(1)
    assert abs(mean + np.sin(0.4)) < 1e-12
    assert abs(variance - np.cos(0.4) ** 2) < 1e-12
    np.testing.assert_allclose(
        probabilities, [np.cos(0.2) ** 2, np.sin(0.2) ** 2], rtol=0, atol=1e-12
    )
    assert abs(other) < 1e-12


def test_shots() -> None:
    def measured(z: Any, w: Any) -> Any:
        return (
            qml.probs(wires=[z, w]),
            qml.sample(wires=[z]),
            qml.counts(wires=[z]),
            qml.sample(qml.Z(z)),
            qml.counts(qml.Z(z)),
        )

    def prepared(z: Any, w: Any) -> Any:
        qml.X(1)
        return measured(z, w)

    qnode = qml.QNode(prepared, qml.device("lightning.qubit", wires=3))
    found = qjit(qml.set_shots(qnode, 7), seed=1)(1, 0)
    np.testing.assert_allclose(found[0], [0, 0, 1, 0], atol=1e-12)
    assert found[1].tolist() == [[1]] * 7
    assert [each.tolist() for each in found[2]] == [[0, 1], [0, 7]]
    assert found[3].tolist() == [-1.0] * 7
    assert [each.tolist() for each in found[4]] == [[-1.0, 1.0], [7, 0]]


@pytest.mark.parametrize("name", ["Pauli", "Hermitian", "sum"])
def test_means_of_shots(name: str) -> None:
    def measured(z: Any, w: Any) -> Any:
        return qml.expval(OBSERVABLES[name](z, w))

    x = jnp.asarray(ANGLES)
    exact = qjit(circuit(measured))(x, 1, 0)
    assert abs(qjit(qml.set_shots(circuit(measured), 40000), seed=2)(x, 1, 0) - exact) < 0.06


@pytest.mark.parametrize(
    ("wires", "message"),
    [((1, 1), "wire 1 is there twice"), ((7, 0), "wire 7"), ((0, -1), "wire -1")],
)
def test_wrong_wires_are_errors_when_the_program_runs(wires: tuple[int, int], message: str) -> None:
    compiled = qjit(circuit(lambda z, w: qml.probs(wires=[z, w])))
    with pytest.raises(ValueError, match=message):
        jax.block_until_ready(compiled(jnp.asarray(ANGLES), *wires))


STATE = np.array([0.6, 0.8j])
PREPARATIONS: dict[str, Callable[[Any], Any]] = {
    "StatePrep": lambda a: qml.StatePrep(STATE, wires=[a]),
    "a traced state": lambda a: qml.StatePrep(STATE * a, wires=[a]),
    "two wires": lambda a: qml.StatePrep(np.kron(STATE, STATE), wires=[a, 0]),
    "not first": lambda a: (qml.X(0), qml.StatePrep(STATE, wires=[a])),
    "controlled": lambda a: (qml.X(0), qml.ctrl(qml.StatePrep(STATE, wires=[a]), control=0)),
    "there and back": lambda a: (
        qml.StatePrep(STATE, wires=[a]),
        qml.adjoint(qml.StatePrep(STATE, wires=[a])),
    ),
    "adjoint": lambda a: qml.adjoint(qml.BasisState(np.array([1, 1]), wires=[a, 0])),
    "BasisState": lambda a: qml.BasisState(np.array([1, 0]), wires=[a, 0]),
    "traced bits": lambda a: qml.BasisState(jnp.array([1, 0]) * a, wires=[a, 0]),
    "AmplitudeEmbedding": lambda a: qml.AmplitudeEmbedding(STATE, wires=[a]),
    "BasisEmbedding": lambda a: qml.BasisEmbedding(np.array([1, 1]), wires=[a, 0]),
}


@pytest.mark.parametrize("name", PREPARATIONS)
def test_preparations_on_traced_wires(name: str) -> None:
    def prepare(wire: Any) -> Any:
        PREPARATIONS[name](wire)
        return qml.probs(wires=range(3))

    expected = qml.QNode(prepare, qml.device("default.qubit", wires=3))(1)
    found = qjit(qml.QNode(prepare, qml.device("lightning.qubit", wires=3)))(1)
    np.testing.assert_allclose(found, expected, atol=1e-10)
