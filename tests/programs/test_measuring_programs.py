"""Programs of users that measure in the middle of a circuit."""

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml

from qgrad_lab import cond, for_loop, grad, measure, qjit, value_and_grad, while_loop


def test_a_message_is_teleported_and_its_gradient_with_it():
    @qml.qnode(qml.device("lightning.qubit", wires=3))
    def teleport(angles):
        qml.Rot(*angles, wires=0)
        qml.Hadamard(1)
        qml.CNOT([1, 2])
        qml.CNOT([0, 1])
        qml.Hadamard(0)
        cond(measure(1), lambda: qml.X(2))()
        cond(measure(0), lambda: qml.Z(2))()
        return [qml.expval(pauli(2)) for pauli in (qml.X, qml.Y, qml.Z)]

    @qml.qnode(qml.device("default.qubit", wires=1))
    def message(angles):
        qml.Rot(*angles, wires=0)
        return [qml.expval(pauli(0)) for pauli in (qml.X, qml.Y, qml.Z)]

    angles = jnp.array([0.3, 1.1, -0.7])
    np.testing.assert_allclose(qjit(teleport)(angles), message(angles), atol=1e-12)
    np.testing.assert_allclose(
        qjit(jax.jacobian(teleport))(angles), jax.jacobian(message)(angles), atol=1e-12
    )


def test_a_convolutional_network_with_pooling_is_trained():
    """Two classes of product states; pooling measures a wire and acts on its neighbour."""

    def network(measures):
        def circuit(weights, features):
            qml.AngleEmbedding(features, wires=range(4))
            for layer, wires in enumerate([(0, 1, 2, 3), (1, 3)]):
                for left, right in zip(wires, wires[1:], strict=False):
                    qml.IsingXX(weights[layer, 0], wires=[left, right])
                    qml.RY(weights[layer, 1], wires=left)
                    qml.RY(weights[layer, 2], wires=right)
                for left, right in zip(wires[::2], wires[1::2], strict=True):
                    measures(left, right, weights[layer, 3])
            return qml.expval(qml.Z(3))

        return circuit

    def pool(left, right, angle):
        outcome = measure(left)
        cond(outcome, lambda: qml.RX(angle, wires=right))()

    def controlled(left, right, angle):
        qml.CRX(angle, wires=[left, right])

    pooled = qml.QNode(network(pool), qml.device("lightning.qubit", wires=4))
    reference = qml.QNode(network(controlled), qml.device("default.qubit", wires=4))
    rng = np.random.default_rng(7)
    labels = jnp.array([1.0, -1.0] * 4)
    features = jnp.asarray(rng.normal(0.0, 0.2, (8, 4)) + 1.2 * (1 - np.asarray(labels))[:, None])

    def loss(node):
        return lambda weights: jnp.mean(
            (jax.vmap(lambda row: node(weights, row))(features) - labels) ** 2
        )

    weights = jnp.asarray(rng.uniform(-0.5, 0.5, (2, 4)))
    step = qjit(value_and_grad(loss(pooled)))
    value, slope = step(weights)
    np.testing.assert_allclose(value, loss(reference)(weights), atol=1e-12)
    np.testing.assert_allclose(slope, jax.grad(loss(reference))(weights), atol=1e-12)
    for _ in range(60):
        value, slope = step(weights)
        weights = weights - 0.3 * slope
    assert loss(reference)(weights) < 0.4 * loss(reference)(jnp.zeros((2, 4)))


def test_a_gate_is_repeated_until_success():
    """How many attempts it takes is a run's own."""

    @qml.qnode(qml.device("lightning.qubit", wires=2))
    def until_success(x):
        def attempt(failed, count):
            qml.RY(x, 1)
            failed = measure(1, reset=True)
            return failed, count + 1

        _, count = while_loop(lambda failed, _: failed)(attempt)(True, 0)
        qml.RX(0.4, 0)
        return count, qml.expval(qml.Z(0))

    number = 500
    counts, z = qjit(lambda x: jax.lax.map(lambda _: until_success(x), jnp.arange(number)))(1.0)
    np.testing.assert_allclose(z, np.cos(0.4), atol=1e-12)
    success = np.cos(0.5) ** 2
    deviation = np.sqrt((1 - success) / number) / success
    assert min(counts) == 1
    assert abs(np.mean(counts) - 1 / success) < 6 * deviation


def test_at_most_three_attempts_have_an_exact_mean():
    """The same with a bound: P(all fail) = p^3, and then the target is left as it is."""

    @qml.qnode(qml.device("lightning.qubit", wires=2))
    def attempts(x):
        def attempt(_, failed):
            def again():
                qml.RY(x, 1)
                return measure(1, reset=True)

            return cond(failed, again, lambda: False)()

        failed = for_loop(0, 3)(attempt)(True)
        cond(failed, lambda: qml.Identity(0), lambda: qml.X(0))()
        return qml.expval(qml.Z(0))

    def expected(x):
        return 2 * jnp.sin(x / 2) ** 6 - 1

    np.testing.assert_allclose(qjit(attempts)(1.1), expected(1.1), atol=1e-12)
    np.testing.assert_allclose(qjit(grad(attempts))(1.1), jax.grad(expected)(1.1), atol=1e-12)


def test_a_state_is_prepared_by_selection_and_its_preparation_is_optimised():
    """An imaginary time step by an ancilla: the angle that gives the lowest energy."""

    @qml.qnode(qml.device("lightning.qubit", wires=3))
    def energy(x):
        qml.Hadamard(0)
        qml.RY(0.4, 1)
        qml.CRY(x[0], wires=[0, 2])
        qml.CRY(x[1], wires=[1, 2])
        measure(2, postselect=0)
        return qml.expval(qml.Z(0) @ qml.Z(1) + 0.5 * qml.X(0))

    def formula(x):
        """From the amplitudes of both wires, each shrunk by cos((x0 a + x1 b) / 2)."""
        bits = jnp.array([[0, 0], [0, 1], [1, 0], [1, 1]])
        plain = jnp.kron(
            jnp.array([1.0, 1.0]) / jnp.sqrt(2), jnp.array([jnp.cos(0.2), jnp.sin(0.2)])
        )
        psi = plain * jnp.cos((bits @ x) / 2)
        zz = jnp.diag(jnp.array([1.0, -1.0, -1.0, 1.0]))
        x0 = jnp.kron(jnp.array([[0.0, 1.0], [1.0, 0.0]]), jnp.eye(2))
        return psi @ (zz + 0.5 * x0) @ psi / (psi @ psi)

    x = jnp.array([0.8, 0.5])
    step = qjit(value_and_grad(energy))
    value, slope = step(x)
    np.testing.assert_allclose(value, formula(x), atol=1e-12)
    np.testing.assert_allclose(slope, jax.grad(formula)(x), atol=1e-12)
    np.testing.assert_allclose(qjit(jax.hessian(energy))(x), jax.hessian(formula)(x), atol=1e-11)
    for _ in range(30):
        value, slope = step(x)
        x = x - 0.5 * slope
    assert value < formula(jnp.array([0.8, 0.5])) - 0.05
