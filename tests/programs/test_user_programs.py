"""Whole programs as users write them: chemistry, optimisation, kernels, learning, simulation."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pennylane as qml
import pytest
import scipy.linalg

from qgrad_lab import for_loop, grad, jacobian, qjit, reference, value_and_grad
from qgrad_lab.methods.table import Scope, names_of

METHODS = names_of(Scope.QNODES)


def device(wires: int) -> qml.devices.Device:
    return qml.device("lightning.qubit", wires=wires)


# -- The ground state of a molecule ----------------------------------------------------------------


@pytest.fixture(scope="module")
def hydrogen() -> qml.operation.Operator:
    """H2 at 0.742 Angstrom in the STO-3G basis, on four wires."""
    geometry = np.array([[0.0, 0.0, -0.66140414], [0.0, 0.0, 0.66140414]])
    molecule = qml.qchem.Molecule(["H", "H"], geometry)
    return qml.qchem.molecular_hamiltonian(molecule)[0]


@pytest.mark.parametrize("method", METHODS)
def test_vqe_of_hydrogen_inside_one_program(hydrogen, method):
    @qml.qnode(device(4), diff_method=method)
    def energy(theta):
        qml.BasisState(np.array([1, 1, 0, 0]), wires=range(4))
        qml.DoubleExcitation(theta[0], wires=range(4))
        qml.SingleExcitation(theta[1], wires=[0, 2])
        qml.SingleExcitation(theta[2], wires=[1, 3])
        return qml.expval(hydrogen)

    optimizer = optax.adam(0.1)

    @qjit
    def minimise(theta):
        def step(_, theta, state):
            updates, state = optimizer.update(grad(energy)(theta), state)
            return optax.apply_updates(theta, updates), state

        theta, _ = for_loop(0, 150, 1)(step)(theta, optimizer.init(theta))
        return theta, energy(theta)

    theta, found = minimise(jnp.zeros(3))
    exact = np.linalg.eigvalsh(qml.matrix(hydrogen, wire_order=range(4)))[0]
    assert found == pytest.approx(exact, abs=1e-6)
    assert exact == pytest.approx(-1.1361894, abs=1e-6)
    np.testing.assert_allclose(
        qjit(grad(energy))(theta + 0.3), jax.grad(reference(energy))(theta + 0.3), atol=1e-9
    )


# -- MaxCut ----------------------------------------------------------------------------------------

EDGES = [(0, 1), (1, 2), (2, 3), (3, 0), (0, 2)]
MAX_CUT = 4


@pytest.mark.parametrize("method", METHODS)
def test_qaoa_of_maxcut(method):
    cost = qml.dot([0.5] * len(EDGES), [qml.Z(a) @ qml.Z(b) for a, b in EDGES])

    @qml.qnode(device(4), diff_method=method)
    def circuit(angles):
        for wire in range(4):
            qml.Hadamard(wires=wire)

        @for_loop(0, len(angles), 1)
        def layer(i):
            for a, b in EDGES:
                qml.IsingZZ(angles[i, 0], wires=[a, b])
            for wire in range(4):
                qml.RX(angles[i, 1], wires=wire)

        layer()
        return qml.expval(cost)

    start = jnp.full((3, 2), 0.3) + 0.05 * jnp.arange(6.0).reshape(3, 2)
    np.testing.assert_allclose(
        qjit(grad(circuit))(start), jax.grad(reference(circuit))(start), atol=1e-9
    )

    @qjit
    def descend(angles):
        return for_loop(0, 200, 1)(lambda _, x: x - 0.05 * grad(circuit)(x))(angles)

    cut = len(EDGES) / 2 - qjit(circuit)(descend(start))
    assert 0.85 * MAX_CUT < cut <= MAX_CUT + 1e-9


# -- A quantum kernel ------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_alignment_of_a_quantum_kernel(method):
    def embed(x, theta):
        for wire in range(2):
            qml.Hadamard(wires=wire)
            qml.RZ(x[wire], wires=wire)
            qml.RY(theta[wire], wires=wire)
        qml.IsingZZ(x[0] * x[1], wires=[0, 1])

    @qml.qnode(device(2), diff_method=method)
    def overlap(x, y, theta):
        embed(x, theta)
        qml.adjoint(embed)(y, theta)
        return qml.probs(wires=[0, 1])

    points = jnp.array([[0.1, 0.8], [1.2, -0.4], [-0.7, 0.3], [2.1, 1.0]])
    labels = jnp.array([1.0, -1.0, -1.0, 1.0])
    theta = jnp.array([0.4, -0.9])

    def kernel(theta, points):
        one = lambda x, y: overlap(x, y, theta)[0]  # noqa: E731
        return jax.vmap(lambda x: jax.vmap(lambda y: one(x, y))(points))(points)

    def alignment(theta, points):
        matrix = kernel(theta, points)
        return labels @ matrix @ labels / (jnp.linalg.norm(matrix) * len(labels))

    matrix = qjit(kernel)(theta, points)
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-12)
    np.testing.assert_allclose(jnp.diag(matrix), 1.0, atol=1e-12)
    assert np.linalg.eigvalsh(matrix)[0] > -1e-12
    found = qjit(grad(alignment, argnum=[0, 1]))(theta, points)
    expected = jax.grad(reference(alignment), argnums=(0, 1))(theta, points)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-9)


# -- A classifier ----------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_a_data_reuploading_classifier_learns(method):
    @qml.qnode(device(1), diff_method=method)
    def circuit(weights, x):
        @for_loop(0, len(weights), 1)
        def layer(i):
            qml.Rot(*(weights[i, :3] + weights[i, 3:] * x), wires=0)

        layer()
        return qml.expval(qml.Z(0))

    rng = np.random.default_rng(3)
    points = jnp.asarray(np.c_[rng.uniform(-1, 1, (60, 2)), np.zeros(60)])
    inside = jnp.sum(points**2, axis=1) < 2 / np.pi
    targets = jnp.where(inside, 1.0, -1.0)

    def loss(weights):
        values = jax.vmap(circuit, in_axes=(None, 0))(weights, points)
        return jnp.mean((values - targets) ** 2)

    weights = jnp.asarray(rng.normal(size=(4, 6)))
    value, gradient = qjit(value_and_grad(loss))(weights)
    expected_value, expected = jax.value_and_grad(reference(loss))(weights)
    assert value == pytest.approx(float(expected_value), abs=1e-12)
    np.testing.assert_allclose(gradient, expected, atol=1e-9)

    optimizer = optax.adam(0.1)

    @qjit
    def train(weights):
        def step(carry, _):
            weights, state = carry
            value, gradient = value_and_grad(loss)(weights)
            updates, state = optimizer.update(gradient, state)
            return (optax.apply_updates(weights, updates), state), value

        return jax.lax.scan(step, (weights, optimizer.init(weights)), length=120)

    (weights, _), losses = train(weights)
    assert losses[-1] < 0.5 * losses[0]
    values = qjit(jax.vmap(circuit, in_axes=(None, 0)))(weights, points)
    assert np.mean((values > 0) == inside) > 0.9


# -- The natural gradient --------------------------------------------------------------------------


def test_a_natural_gradient_step():
    def ansatz(theta):
        qml.RY(theta[0], wires=0)
        qml.RX(theta[1], wires=1)
        qml.CNOT(wires=[0, 1])
        qml.RZ(theta[2], wires=1)
        qml.RY(theta[3], wires=0)

    @qml.qnode(device(2))
    def energy(theta):
        ansatz(theta)
        return qml.expval(qml.X(0) @ qml.Z(1) + 0.3 * qml.Y(1))

    @qml.qnode(device(2))
    def state(theta):
        ansatz(theta)
        return qml.state()

    def fubini_study(theta):
        """Re <di|dj> - <di|psi><psi|dj>, f64[P, P]; see Stokes et al., Quantum 4, 269 (2020)."""
        psi = state(theta)
        real = jacobian(lambda theta: jnp.real(state(theta)))(theta)
        imaginary = jacobian(lambda theta: jnp.imag(state(theta)))(theta)
        tangents = real + 1j * imaginary
        along = psi.conj() @ tangents
        return jnp.real(tangents.conj().T @ tangents - jnp.outer(along.conj(), along))

    @qjit
    def step(theta):
        metric = fubini_study(theta)
        direction = jnp.linalg.solve(metric + 1e-3 * jnp.eye(len(theta)), grad(energy)(theta))
        return theta - 0.05 * direction, metric

    theta = jnp.array([0.4, 1.1, -0.7, 0.3])
    moved, metric = step(theta)

    def overlap(other):
        """The metric is minus half the Hessian of the fidelity |<psi(theta)|psi(other)>|^2."""
        here, there = reference(state)(theta), reference(state)(other)
        return jnp.abs(jnp.vdot(here, there)) ** 2

    np.testing.assert_allclose(metric, -0.5 * jax.hessian(overlap)(theta), atol=1e-9)
    slope = jax.grad(reference(energy))(theta)
    expected = theta - 0.05 * np.linalg.solve(metric + 1e-3 * np.eye(4), slope)
    np.testing.assert_allclose(moved, expected, atol=1e-9)
    assert qjit(energy)(moved) < qjit(energy)(theta)


# -- Simulation in time ----------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_trotterised_evolution_with_a_traced_number_of_steps(method):
    terms = [qml.Z(0) @ qml.Z(1), qml.Z(1) @ qml.Z(2), qml.X(0), qml.X(1), qml.X(2)]
    coefficients = [1.0, 0.7, 0.4, -0.5, 0.9]

    @qml.qnode(device(3), diff_method=method)
    def magnetisation(time, steps):
        dt = time / steps

        @for_loop(0, steps, 1)
        def step(_):
            for term, coefficient in zip(terms, coefficients, strict=True):
                word = "".join(factor.name[-1] for factor in getattr(term, "operands", [term]))
                qml.PauliRot(2.0 * coefficient * dt, word, wires=term.wires)

        step()
        return qml.expval(qml.Z(0))

    hamiltonian = qml.matrix(qml.dot(coefficients, terms), wire_order=range(3))
    z0 = np.kron(np.diag([1.0, -1.0]), np.eye(4))

    def exact(time):
        """<Z0> after a time and its derivative, i <[H, Z0]>."""
        psi = scipy.linalg.expm(-1j * time * hamiltonian)[:, 0]
        change = 1j * (hamiltonian @ z0 - z0 @ hamiltonian)
        return np.vdot(psi, z0 @ psi).real, np.vdot(psi, change @ psi).real

    evaluate = qjit(value_and_grad(magnetisation))
    time = 0.8
    errors = []
    for steps in (10, 20, 40, 80):
        value, slope = evaluate(time, steps)
        exact_value, exact_slope = exact(time)
        errors.append((abs(value - exact_value), abs(slope - exact_slope)))
    # Of second order here: the diagonal part changes neither |000> nor the result, so half of it
    # may as well stand at the end of each step.
    for coarse, fine in zip(errors[1:], errors[2:], strict=False):
        np.testing.assert_allclose(np.divide(coarse, fine), 4.0, rtol=0.02)

    for steps in (1, 3):
        unrolled = reference(lambda t, steps=steps: magnetisation(t, steps))
        expected = jax.value_and_grad(unrolled)(time)
        np.testing.assert_allclose(evaluate(time, steps), expected, atol=1e-9)
