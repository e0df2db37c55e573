"""Matrices and states that depend on differentiated arguments, against default.qubit backprop."""

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml
import pytest

from qgrad_lab import grad, qjit, reference

MEASUREMENTS = {
    "expval": lambda: qml.expval(qml.Z(0) @ qml.X(2) + 0.3 * qml.Y(1)),
    "probs": lambda: qml.probs(wires=[2, 1]),
    "var": lambda: qml.var(qml.X(1) + qml.Z(2)),
}
POINT = jnp.array([0.3, 0.8, -0.4])


def unitary(x):
    c, s = jnp.cos(x[0]), jnp.sin(x[0])
    phase = jnp.exp(1j * x[1])
    return jnp.exp(1j * x[2]) * jnp.array([[c * phase, s], [-s, c / phase]])


def loss(diff_method, measurement):
    """Traced StatePrep, and QubitUnitary plain, controlled and adjoint, between other gates."""

    @qml.qnode(qml.device("lightning.qubit", wires=3), diff_method=diff_method)
    def circuit(x):
        amplitudes = jnp.stack([jnp.cos(x[0]), jnp.sin(x[0]) * jnp.exp(1j * x[1])])
        qml.StatePrep(amplitudes, wires=[1])
        qml.RX(x[2], wires=0)
        qml.QubitUnitary(unitary(x), wires=0)
        qml.CNOT(wires=[0, 1])
        qml.ctrl(qml.QubitUnitary(unitary(x), wires=2), control=[0])
        qml.adjoint(qml.QubitUnitary(unitary(x), wires=1))
        return MEASUREMENTS[measurement]()

    def weighted(x):
        values = circuit(x)
        return jnp.sum(values * jnp.arange(1.0, 1 + values.size).reshape(values.shape))

    return weighted


@pytest.mark.parametrize("diff_method", ["adjoint", "parameter-shift"])
@pytest.mark.parametrize("measurement", MEASUREMENTS)
def test_gradient_and_hessian(measurement, diff_method):
    f = loss(diff_method, measurement)
    gradient = qjit(grad(f))(POINT)
    hessian = qjit(jax.hessian(f))(POINT)
    np.testing.assert_allclose(gradient, jax.grad(reference(f))(POINT), rtol=0, atol=1e-12)
    np.testing.assert_allclose(hessian, jax.hessian(reference(f))(POINT), rtol=0, atol=1e-11)


def test_third_order_in_both_modes():
    f = loss("adjoint", "expval")
    # A central difference of the Hessian, which the test above compares with the reference.
    hessian = qjit(jax.hessian(f))
    step = 1e-4
    columns = [
        (hessian(POINT + step * e) - hessian(POINT - step * e)) / (2 * step) for e in jnp.eye(3)
    ]
    for outer in (jax.jacfwd, jax.jacrev):
        third = qjit(outer(jax.hessian(f)))(POINT)
        np.testing.assert_allclose(third, jnp.stack(columns, axis=-1), rtol=0, atol=1e-6)


def test_batch():
    f = loss("adjoint", "probs")
    points = jnp.stack([POINT, POINT + 0.1, -POINT])
    expected = jnp.stack([jax.grad(reference(f))(point) for point in points])
    np.testing.assert_allclose(qjit(jax.vmap(grad(f)))(points), expected, rtol=0, atol=1e-12)


def test_gradient_elsewhere_does_not_pay_for_the_matrix():
    @qml.qnode(qml.device("lightning.qubit", wires=1))
    def circuit(x, matrix):
        qml.RX(x, wires=0)
        qml.QubitUnitary(matrix, wires=0)
        return qml.expval(qml.Z(0))

    compiled = qjit(grad(circuit, argnum=0))
    value = compiled(0.3, jnp.eye(2))
    assert value == pytest.approx(-np.sin(0.3), abs=1e-14)
    assert "theta f64[1]>" in str(compiled.jaxpr)
    assert "theta f64[9]>" in str(jax.make_jaxpr(qjit(grad(circuit, argnum=1)))(0.3, jnp.eye(2)))


def test_embedding_of_differentiated_features():
    @qml.qnode(qml.device("lightning.qubit", wires=2))
    def circuit(features):
        qml.AmplitudeEmbedding(features, wires=[0, 1], normalize=True)
        qml.CRY(0.7, wires=[0, 1])
        return qml.expval(qml.Z(1))

    features = jnp.array([0.5, -0.2, 1.3, 0.4])
    expected = jax.grad(reference(circuit))(features)
    np.testing.assert_allclose(qjit(grad(circuit))(features), expected, rtol=0, atol=1e-13)


def test_a_matrix_that_is_not_unitary_is_refused_by_the_sweep_back():
    @qml.qnode(qml.device("lightning.qubit", wires=1))
    def circuit(x, matrix):
        qml.RX(x, wires=0)
        qml.QubitUnitary(matrix, wires=0)
        return qml.expval(qml.Z(0))

    matrix = jnp.array([[1.0, 0.0], [0.0, 2.0]])
    with pytest.raises(Exception, match="needs unitary matrices.*parameter-shift"):
        qjit(grad(circuit))(0.3, matrix).block_until_ready()
    shifted = circuit.update(diff_method="parameter-shift")
    expected = jax.grad(reference(circuit))(0.3, matrix)
    np.testing.assert_allclose(qjit(grad(shifted))(0.3, matrix), expected, rtol=0, atol=1e-13)
