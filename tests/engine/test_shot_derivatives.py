"""Derivatives of circuits with shots: unbiased, of the variance that shots give, or refused."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml
import pytest

from qgrad_lab import DifferentiableCompileError, grad, jacobian, jvp, qjit
from tests.support.sampling import assert_mean, assert_variance

DEVICE = qml.device("lightning.qubit", wires=2)
SHOTS = 50
COPIES = 1000


def node(returned, shots=SHOTS, diff_method="parameter-shift"):
    @qml.qnode(DEVICE, diff_method=diff_method)
    def circuit(x, c=0.7):
        qml.RX(x[0], 0)
        qml.CRY(x[1], [0, 1])
        qml.IsingXY(x[0] * x[1], [0, 1])
        return returned(c)

    return qml.set_shots(circuit, shots)


def many(function, seed, *args):
    """Independent samples of ``function(*args)``."""
    copies = jax.tree.map(lambda a: jnp.broadcast_to(a, (COPIES, *jnp.shape(a))), args)
    return qjit(jax.vmap(function), seed=seed % 2**32)(*copies)


X = jnp.array([0.4, 1.1])
RESULTS = {
    "expval": lambda c: qml.expval(qml.Z(0) @ qml.Z(1)),
    "two bases": lambda c: qml.expval(0.5 * qml.X(0) + qml.Z(1)),
    "probs": lambda c: qml.probs(wires=[0, 1]),
    "coefficients": lambda c: qml.expval(c * qml.Z(0) + c**2 * qml.X(1)),
}


@pytest.mark.parametrize("mode", [jax.jacrev, jax.jacfwd, jacobian])
@pytest.mark.parametrize("name", RESULTS)
def test_derivatives_are_unbiased(name, mode, seed):
    def f(shots):
        return lambda x, c: mode(lambda x: node(RESULTS[name], shots)(x, c))(x)

    exact = qjit(f(None))(X, 0.7)
    samples = many(f(SHOTS), seed, X, jnp.asarray(0.7))
    assert samples.std() > 0.01
    assert_mean(samples, exact)


def test_derivatives_in_coefficients_are_unbiased(seed):
    def f(shots):
        return lambda x, c: grad(node(RESULTS["coefficients"], shots), argnum=1)(x, c)

    assert_mean(many(f(SHOTS), seed, X, jnp.asarray(0.7)), qjit(f(None))(X, 0.7))


def test_the_variance_of_a_gradient_is_that_of_its_shifted_circuits(seed):
    @qml.qnode(DEVICE, diff_method="parameter-shift")
    def circuit(x):
        qml.RX(x, 0)
        return qml.expval(qml.Z(0))

    x = 0.4
    samples = many(grad(qml.set_shots(circuit, SHOTS)), seed, jnp.asarray(x))
    assert_mean(samples, -np.sin(x))
    # Half the difference of two estimates, each of variance (1 - <Z>**2) / shots.
    variance = (1 - np.sin(x) ** 2) / SHOTS / 2
    assert_variance(samples, variance)


def test_derivatives_of_a_variance(seed):
    """The variance of n shots is too small by a factor of (n - 1) / n on average."""

    def f(shots):
        return lambda x: jax.grad(lambda x: node(lambda c: qml.var(qml.Z(0)), shots)(x))(x)

    samples = many(f(SHOTS), seed, X)
    assert_mean(samples, (1 - 1 / SHOTS) * qjit(f(None))(X))


@pytest.mark.parametrize("mode", [jax.hessian, lambda f: jax.jacrev(jax.jacrev(f))])
def test_second_derivatives_are_unbiased(mode, seed):
    def f(shots):
        return lambda x: mode(node(RESULTS["expval"], shots))(x)

    assert_mean(many(f(SHOTS), seed, X), qjit(f(None))(X))


def test_directional_derivatives_are_unbiased(seed):
    def f(shots):
        circuit = node(RESULTS["probs"], shots)
        return lambda x: jvp(circuit, [x], [jnp.array([1.0, -2.0])])[1]

    assert_mean(many(f(SHOTS), seed, X), qjit(f(None))(X))


def test_value_and_gradient_have_shots_of_their_own(seed):
    def f(x):
        return jnp.append(*jax.value_and_grad(node(RESULTS["expval"]))(x))

    samples = np.asarray(many(f, seed, X))
    centred = samples - samples.mean(axis=0)
    # The two slopes share the shifts of one gate.
    for i, j in [(0, 1), (0, 2)]:
        assert_mean(centred[:, i] * centred[:, j], 0.0)


def test_through_classical_code(seed):
    def f(shots):
        circuit = node(RESULTS["expval"], shots)
        return jax.grad(lambda x: 3.0 * circuit(jnp.sin(x)))

    assert_mean(many(f(SHOTS), seed, X), qjit(f(None))(X))


def test_methods_that_need_the_state_are_refused():
    circuit = qml.set_shots(node(RESULTS["expval"], None, "adjoint"), 10)
    message = "A QNode with shots .*needs the exact state. Give it diff_method='parameter-shift'"
    with pytest.raises(DifferentiableCompileError, match=message):
        qjit(grad(circuit))(X)
    assert abs(qjit(circuit)(X)) <= 1


def test_best_is_parameter_shift(seed):
    samples = many(grad(node(RESULTS["expval"], SHOTS, "best")), seed, X)
    assert_mean(samples, qjit(grad(node(RESULTS["expval"], None)))(X))


@pytest.mark.parametrize(
    "returned", [lambda c: qml.sample(qml.Z(0)), lambda c: qml.counts(wires=0)]
)
def test_outcomes_have_no_derivatives(returned):
    def f(x):
        return sum(jnp.sum(leaf * 1.0) for leaf in jax.tree.leaves(node(returned)(x)))

    message = re.compile("qml.(sample|counts) cannot be differentiated: outcomes")
    with pytest.raises(DifferentiableCompileError, match=message):
        qjit(grad(f))(X)


def test_matrices_have_no_derivatives():
    @qml.set_shots(10)
    @qml.qnode(DEVICE, diff_method="parameter-shift")
    def circuit(x):
        c, s = jnp.cos(x), jnp.sin(x)
        qml.QubitUnitary(jnp.stack([jnp.stack([c, -s]), jnp.stack([s, c])]) + 0j, 0)
        return qml.expval(qml.Z(0))

    assert abs(qjit(circuit)(0.3)) <= 1
    message = "has shots, and is differentiated in a matrix or a state"
    with pytest.raises(DifferentiableCompileError, match=message):
        qjit(grad(circuit))(0.3)


@pytest.mark.parametrize("h", [None, 0.2])
def test_finite_differences_warn_of_the_noise(h, seed):
    circuit = node(RESULTS["expval"], 10_000)
    step = h or 0.1  # the default is shots**-0.25
    noise = np.sqrt(2 / 10_000) / step
    message = re.escape(f"h={step:.2g} of circuits with 10000 shots") + f".*{noise:.2g} [*] sigma"
    with pytest.warns(UserWarning, match=message) as caught:
        value = qjit(grad(circuit, method="fd", h=h), seed=seed % 2**32)(X)
    assert not any("rounding" in str(each.message) for each in caught)
    exact = qjit(grad(node(RESULTS["expval"], None)))(X)
    assert (np.abs(value - exact) < 6 * noise + step * 2).all()


def test_finite_differences_without_shots_do_not_warn(recwarn):
    qjit(grad(node(RESULTS["expval"], None), method="fd"))(X)
    assert not [each for each in recwarn if "shots" in str(each.message)]
