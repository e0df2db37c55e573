"""Operators with a matrix and no traceable decomposition, and what coefficients may be."""

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml
import pytest

from qgrad_lab import CompileError, grad, jacobian, qjit, vmap

H = qml.dot([0.4, 0.7, -0.5], [qml.X(0), qml.Z(0), qml.Y(0) @ qml.Z(1)])
A = np.array([[0.1, 0.2], [0.3, 0.4]])


class Mixing(qml.operation.Operation):
    """A gate of a user's that has a matrix only."""

    num_wires = 1

    @staticmethod
    def compute_matrix(angle):
        c, s = jnp.cos(angle) + 0j, 1j * jnp.sin(angle)
        return jnp.stack([jnp.stack([c, s], -1), jnp.stack([s, c], -1)], -2)


GATES = {
    "own gate": lambda x: Mixing(x, 0),
    "adjoint": lambda x: qml.adjoint(Mixing(x, 0)),
    "controlled": lambda x: qml.ctrl(Mixing(x, 1), [0, 2], control_values=[0, 1]),
    "block encoding": lambda x: qml.BlockEncode(A * jnp.cos(x), wires=[0, 1]),
    "embedding": lambda x: qml.qsvt(A, np.array([0, 0, 0.5]), [0, 1], "embedding"),
    "special unitary": lambda x: qml.SpecialUnitary(x * jnp.linspace(0.1, 0.5, 15), [0, 1]),
    "evolution": lambda x: qml.evolve(H, x),
    "evolution at zero": lambda x: qml.evolve(H, x - 0.37),
    "traced generator": lambda x: qml.evolve(
        qml.dot(jnp.stack([x - 0.37, x - 0.37]), [qml.X(0), qml.Z(0)]), 0.3
    ),
    "controlled evolution": lambda x: qml.ctrl(qml.evolve(H, x), 2, control_values=[0]),
    "fractional power": lambda x: qml.pow(qml.CNOT([0, 1]), 0.3),
}


def circuit_of(gates, device):
    @qml.qnode(qml.device(device, wires=3))
    def circuit(x):
        qml.RY(x, 0)
        qml.RY(0.4, 1)
        qml.CNOT([1, 2])
        gates(x)
        qml.RX(0.3, 0)
        qml.CRY(0.4, [0, 1])
        return qml.expval(qml.Z(0) @ qml.Z(1) + qml.X(2))

    return circuit


@pytest.mark.parametrize("name", GATES)
def test_operators_are_gates_of_their_matrix(name):
    found = circuit_of(GATES[name], "lightning.qubit")
    wanted = circuit_of(GATES[name], "default.qubit")
    slope, curvature = qjit(lambda x: (grad(found)(x), grad(grad(found))(x)))(0.37)
    np.testing.assert_allclose(qjit(found)(0.37), wanted(0.37), atol=1e-12)
    np.testing.assert_allclose(slope, jax.grad(wanted)(0.37), atol=1e-10)
    np.testing.assert_allclose(curvature, jax.grad(jax.grad(wanted))(0.37), atol=1e-9)


def test_block_encoding_of_equal_singular_values_has_derivatives():
    """The encoded block is x/2, so that the other entries are sqrt(1 - x^2/4)."""

    @qml.qnode(qml.device("lightning.qubit", wires=2))
    def circuit(x):
        qml.BlockEncode(0.5 * x * jnp.eye(2), wires=[0, 1])
        return qml.probs(wires=0)

    found = qjit(jax.hessian(circuit))(0.8)
    np.testing.assert_allclose(found, [0.5, -0.5], atol=1e-12)


def test_powers_of_evolutions_in_templates():
    @qml.qnode(qml.device("lightning.qubit", wires=2))
    def circuit(x):
        qml.Hadamard(0)
        qml.ControlledSequence(qml.evolve(qml.X(1) + qml.Z(1), x), control=[0])
        qml.pow(qml.evolve(qml.X(1) + qml.Z(1), x), 2)
        return qml.expval(qml.Z(1))

    def wanted(x):
        once = jax.scipy.linalg.expm(-1j * x * np.array([[1, 1], [1, -1]]))
        kets = [(once @ once)[:, 0], (once @ once @ once)[:, 0]]
        return sum(jnp.abs(ket[0]) ** 2 - jnp.abs(ket[1]) ** 2 for ket in kets) / 2

    np.testing.assert_allclose(qjit(circuit)(0.3), wanted(0.3), atol=1e-12)
    np.testing.assert_allclose(qjit(grad(circuit))(0.3), jax.grad(wanted)(0.3), atol=1e-12)


@pytest.mark.parametrize(
    ("gate", "message"),
    [
        (lambda x: qml.exp(H, -0.3), "is not unitary"),
        (lambda x: x * qml.Z(0) + qml.X(1), "is not unitary"),
        (lambda x: qml.pow(Mixing(x, 0), 0.5), "fractional power"),
    ],
)
def test_what_is_no_gate_is_refused(gate, message):
    with pytest.raises(CompileError, match=message):
        qjit(circuit_of(gate, "lightning.qubit"))(0.3)


def test_a_gate_named_as_another_is_itself():
    class T(qml.operation.Operation):
        num_wires = 1

        @staticmethod
        def compute_matrix():
            return np.array([[0, 1], [1, 0]], complex)

    @qml.qnode(qml.device("lightning.qubit", wires=1))
    def circuit():
        T(0)
        return qml.probs()

    np.testing.assert_allclose(qjit(circuit)(), [0, 1], atol=1e-15)


COEFFICIENTS = jnp.array([0.2, -0.53])
OBSERVABLES = {
    "Hamiltonian": qml.Hamiltonian(COEFFICIENTS, [qml.X(0), qml.Z(0) @ qml.Y(1)]),
    "dot": qml.dot(COEFFICIENTS, [qml.X(0), qml.Z(1)]),
    "product": COEFFICIENTS[0] * (qml.Hadamard(0) @ qml.Z(1)),
    "one element": qml.Hamiltonian([COEFFICIENTS[:1], COEFFICIENTS[1:]], [qml.X(0), qml.Z(1)]),
    "matrix": qml.Hermitian(jnp.array([[1, 0.5], [0.5, 2]]), 0),
}


def measured(device):
    @qml.qnode(qml.device(device, wires=2))
    def circuit(x, observable):
        qml.RX(x, 0)
        qml.RY(2 * x, 1)
        qml.CNOT([0, 1])
        return qml.expval(observable)

    return circuit


@pytest.mark.parametrize("name", OBSERVABLES)
def test_coefficients_may_be_arrays_of_jax_and_observables_arguments(name):
    observable = OBSERVABLES[name]
    found, wanted = measured("lightning.qubit"), measured("default.qubit")
    value = jax.grad(wanted)(0.4, observable)
    np.testing.assert_allclose(qjit(grad(lambda x: found(x, observable)))(0.4), value, atol=1e-12)
    np.testing.assert_allclose(qjit(grad(found))(0.4, observable), value, atol=1e-12)
    slopes = qjit(grad(found, argnums=1))(0.4, observable)
    expected = jax.grad(wanted, argnums=1)(0.4, observable)
    for one, other in zip(jax.tree.leaves(slopes), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-12)
    several = qjit(vmap(found, in_axes=(0, None)))(jnp.array([0.4, 0.5]), observable)
    np.testing.assert_allclose(several, [wanted(x, observable) for x in (0.4, 0.5)], atol=1e-12)


@pytest.mark.parametrize("measure", [qml.sample, qml.counts])
def test_known_coefficients_of_jax_are_sampled(measure):
    @qml.set_shots(50)
    @qml.qnode(qml.device("lightning.qubit", wires=2))
    def circuit():
        return measure(OBSERVABLES["dot"])

    values = jax.tree.leaves(qjit(circuit)())[0]
    assert np.all(np.isclose(np.abs(values), 0.73) | np.isclose(np.abs(values), 0.33))


class Block(qml.operation.Operation):
    """A template that does not say how many dimensions its parameter has."""

    num_wires = 2

    def __init__(self, angle, wires, id=None):
        super().__init__(angle, wires=wires, id=id)

    @staticmethod
    def compute_decomposition(angle, wires):
        return [qml.RX(angle, wires[0]), qml.CNOT(wires), qml.RY(angle, wires[1])]


BATCHES = {
    "StronglyEntanglingLayers": (lambda w: qml.StronglyEntanglingLayers(w, [0, 1]), (3, 2, 2, 3)),
    "BasicEntanglerLayers": (lambda w: qml.BasicEntanglerLayers(w, [0, 1]), (3, 2, 2)),
    "own": (lambda w: Block(w, [0, 1]), (3,)),
    "mixed": (lambda w: (qml.RX(w, 1), Block(w, [0, 1]), qml.RY(0.3, 0)), (3,)),
    "own matrix": (lambda w: Mixing(w, 0), (3,)),
    "evolution": (lambda w: qml.evolve(qml.X(0) + qml.Y(1) @ qml.Z(0), w), (3,)),
}


@pytest.mark.parametrize("name", BATCHES)
def test_batches_of_parameters_in_templates(name):
    gates, shape = BATCHES[name]
    weights = jnp.linspace(0.1, 1.9, int(np.prod(shape))).reshape(shape)

    def circuit(w):
        gates(w)
        return qml.expval(qml.Z(0) + qml.X(1))

    found = qml.QNode(circuit, qml.device("lightning.qubit", wires=2))
    wanted = jax.vmap(qml.QNode(circuit, qml.device("default.qubit", wires=2)))
    np.testing.assert_allclose(qjit(found)(weights), wanted(weights), atol=1e-12)
    np.testing.assert_allclose(
        qjit(jacobian(found))(weights), jax.jacobian(wanted)(weights), atol=1e-10
    )


def test_metric_tensors():
    """Against the Fubini-Study metric of the state."""

    def gates(x):
        for i in range(3):
            qml.RX(x[i] * (i + 1), wires=0)
        qml.CNOT([0, 1])
        qml.RY(x[0], 1)

    @qml.qnode(qml.device("lightning.qubit", wires=3))
    def circuit(x):
        gates(x)
        return qml.expval(qml.Z(0))

    @qml.qnode(qml.device("default.qubit", wires=2))
    def state(x):
        gates(x)
        return qml.state()

    x = jnp.array([0.2, 0.5, 0.9])
    real, imaginary = (jax.jacobian(lambda x, f=f: f(state(x)))(x) for f in (jnp.real, jnp.imag))
    slopes, psi = real + 1j * imaginary, state(x)
    phases = slopes.conj().T @ psi
    wanted = jnp.real(slopes.conj().T @ slopes - jnp.outer(phases, phases.conj()))
    for transform in (qml.metric_tensor, qml.adjoint_metric_tensor):
        found = qjit(lambda x, transform=transform: transform(circuit)(x))(x)
        np.testing.assert_allclose(found, wanted, atol=1e-9)
