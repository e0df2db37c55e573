"""QNodes on devices without native circuits, in compiled programs, against PennyLane alone."""

import os
import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml
import pytest

from qgrad_lab import (
    CompileError,
    DifferentiableCompileError,
    cond,
    for_loop,
    grad,
    jacobian,
    qjit,
    reference,
    value_and_grad,
)

X, Y = 0.3, jnp.array([0.5, 1.2])
pytestmark = pytest.mark.filterwarnings(
    "ignore:The QNode .* is on the device",
    "ignore:Differentiating with respect to the input parameters",
    "ignore:Casting complex values to real",
    "ignore:Output seems independent of input",
    "ignore::pennylane.exceptions.PennyLaneDeprecationWarning",
)


def device(name, wires=3):
    """The device, where its package is installed."""
    try:
        return qml.device(name, wires=wires)
    except (qml.exceptions.DeviceError, ImportError) as error:
        pytest.skip(f"{name} is not installed: {error}")


def z1(x, y):
    """Of the circuit below, as a formula."""
    return (1 + jnp.cos(x)) / 2 + (1 - jnp.cos(x)) / 2 * jnp.cos(y[0])


def weighted(x, y):
    return y[1] * z1(x, y) + x * jnp.cos(x)


def probs(x, y):
    return jnp.stack([1 + z1(x, y), 1 - z1(x, y)]) / 2


def sum_of(x, y):
    return qml.Hamiltonian(jnp.stack([y[1], x]), [qml.Z(1), qml.Z(0)])


# What a circuit returns, and what that is.
ONE = (lambda x, y: qml.expval(qml.Z(1)), z1)
SUM = (lambda x, y: qml.expval(sum_of(x, y)), weighted)
TREE = (
    lambda x, y: {"h": qml.expval(sum_of(x, y)), "p": [qml.probs(wires=1), qml.expval(qml.Z(0))]},
    lambda x, y: {"h": weighted(x, y), "p": [probs(x, y), jnp.cos(x)]},
)
SEVERAL = (
    lambda x, y: (qml.expval(qml.Z(0)), qml.probs(wires=1)),
    lambda x, y: (jnp.cos(x), probs(x, y)),
)
SQUARES = (
    lambda x, y: (qml.var(qml.Z(1)), qml.expval(sum_of(x, y)), qml.probs(wires=1)),
    lambda x, y: (1 - z1(x, y) ** 2, weighted(x, y), probs(x, y)),
)


def node_on(name, diff_method, returned=ONE[0], **options):
    @qml.qnode(device(name), diff_method=diff_method, **options)
    def circuit(x, y):
        qml.adjoint(qml.RY(-x, wires=0))
        qml.CRX(y[0], wires=[0, 1])
        return returned(x, y)

    return circuit


def assert_same(found, expected, tolerance=1e-10):
    assert jax.tree.structure(found) == jax.tree.structure(expected)
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        assert np.shape(one) == np.shape(other)
        np.testing.assert_allclose(one, other, rtol=0, atol=tolerance)


ROUTES = [
    ("default.qubit", "backprop", TREE),
    ("default.qubit", "best", TREE),
    ("default.qubit", "parameter-shift", TREE),
    ("default.qubit", "adjoint", SEVERAL),
    ("default.qubit", "hadamard", ONE),
    ("default.mixed", "parameter-shift", TREE),
    ("reference.qubit", "best", TREE),
    ("lightning.kokkos", "adjoint", ONE),
    ("lightning.kokkos", "parameter-shift", TREE),
    ("lightning.gpu", "adjoint", ONE),
]


@pytest.mark.parametrize(
    ("name", "method", "case"), ROUTES, ids=[f"{name}-{method}" for name, method, _ in ROUTES]
)
def test_values_and_derivatives(name, method, case):
    returned, formula = case
    node = node_on(name, method, returned)
    found = qjit(lambda x, y: (node(x, y), jacobian(node, argnums=(0, 1))(x, y)))(X, Y)
    assert_same(found, (formula(X, Y), jax.jacobian(formula, argnums=(0, 1))(X, Y)))
    assert_same(found[0], node(jnp.asarray(X), Y))  # which is PennyLane alone


@pytest.mark.parametrize("method", ["backprop", "parameter-shift"])
def test_every_transformation_of_jax(method):
    node = node_on("default.qubit", method, SUM[0])
    xs = jnp.array([0.1, 0.2, 0.3])

    def all_of(f):
        def program(x, y):
            in_batch = jax.vmap(f, (0, None))
            return (
                jax.grad(f)(x, y),
                jax.jacfwd(f, argnums=1)(x, y),
                jax.vmap(jax.value_and_grad(f), (0, None))(xs, y),
                jax.grad(lambda xs: jnp.sum(in_batch(xs * x, y) ** 2))(xs),
                jax.lax.scan(lambda total, x: (total * f(x, y), f(total, y)), x, xs),
            )

        return program

    assert_same(qjit(all_of(node))(X, Y), jax.jit(all_of(weighted))(X, Y))
    assert_same(jax.grad(qjit(node))(X, Y), jax.grad(weighted)(X, Y))
    assert_same(qjit(grad(node, method="fd"))(X, Y), jax.grad(weighted)(X, Y), 1e-6)


@pytest.mark.parametrize(
    ("method", "case"),
    [("backprop", SQUARES), ("parameter-shift", SQUARES), ("adjoint", ONE)],
    ids=["backprop", "parameter-shift", "adjoint"],
)
def test_second_derivatives(method, case):
    node = node_on("default.qubit", method, case[0])
    expected = jax.hessian(case[1], argnums=(0, 1))(X, Y)
    assert_same(qjit(jax.hessian(node, argnums=(0, 1)))(X, Y), expected)


def test_third_derivative():
    def third(f):
        return jax.grad(jax.grad(jax.grad(f)))(X, Y)

    assert_same(third(qjit(node_on("default.qubit", "parameter-shift", SUM[0]))), third(weighted))


def test_second_derivatives_of_gates_without_known_frequencies():
    @qml.qnode(device("default.qubit"), diff_method="parameter-shift")
    def layers(w):
        qml.StronglyEntanglingLayers(w, wires=range(3))
        return qml.expval(qml.Z(0))

    w = jnp.linspace(0.0, 1.0, 9).reshape(1, 3, 3)
    assert_same(qjit(grad(layers))(w), jax.grad(reference(layers))(w))
    message = "layers on the device default.qubit has first derivatives only.*StronglyEntangling"
    with pytest.raises(DifferentiableCompileError, match=message):
        qjit(jax.hessian(layers))(w)


@pytest.mark.filterwarnings("default:The QNode .* is on the device")
def test_one_warning_for_each_qnode_names_the_fast_path():
    first, second = (node_on("default.qubit", "parameter-shift") for _ in range(2))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        for node in (first, second):
            qjit(node)(X, Y)
            qjit(grad(node))(X, Y)
            qjit(node)(X, jnp.float32(Y))
    texts = [str(w.message) for w in caught if "native circuits" in str(w.message)]
    assert len(texts) == 2
    assert all("device default.qubit" in t and "'lightning.qubit'" in t for t in texts)


def test_beside_compiled_circuits_and_classical_code():
    slow = node_on("default.qubit", "parameter-shift")
    fast = node_on("lightning.qubit", "adjoint")

    def loss(x, y):
        return jnp.sin(slow(fast(x, y), y)) * fast(slow(x, y), jnp.exp(y))

    def formula(x, y):
        return jnp.sin(z1(z1(x, y), y)) * z1(z1(x, y), jnp.exp(y))

    expected = jax.grad(formula, argnums=(0, 1))(X, Y)
    assert_same(qjit(grad(loss, argnums=(0, 1)))(X, Y), expected)


@pytest.mark.parametrize("method", ["backprop", "parameter-shift"])
def test_closures_loops_and_keywords(method):
    def program(x, n):
        scale = jnp.cos(x)

        @qml.qnode(device("default.qubit"), diff_method=method)
        def circuit(angle, *, shift):
            @for_loop(3)
            def layer(i, total):
                qml.RX(total * scale, wires=i)
                qml.CNOT(wires=[i, (i + 1) % 3])
                return total + shift

            layer(angle)
            return qml.expval(qml.Z(2))

        @for_loop(n)
        def around(i, angle):
            return circuit(angle, shift=0.1 * x)

        return around(x)

    assert_same(qjit(grad(program))(X, 2), jax.grad(lambda x: reference(program)(x, 2))(X))


def test_states_and_matrices_are_values_without_derivatives():
    def returned(x, y):
        return qml.state()

    node = node_on("default.qubit", "parameter-shift", returned)
    assert_same(qjit(node)(X, Y), node(X, Y))
    with pytest.raises(DifferentiableCompileError, match="returns state.*diff_method='backprop'"):
        qjit(grad(lambda x: jnp.real(node(x, Y)[0])))(X)

    @qml.qnode(device("default.qubit"), diff_method="parameter-shift")
    def unitary(x):
        c, s = jnp.cos(x), jnp.sin(x)
        qml.QubitUnitary(jnp.array([[c, -s], [s, c]]) + 0j, wires=0)
        return qml.expval(qml.Z(0))

    assert_same(qjit(unitary)(X), np.cos(2 * X))
    with pytest.raises(DifferentiableCompileError, match="type complex128, as in a matrix"):
        qjit(grad(unitary))(X)
    assert_same(qjit(grad(unitary.update(diff_method="backprop")))(X), -2 * np.sin(2 * X))


def test_transforms_of_the_qnode():
    node = qml.transforms.merge_rotations(node_on("default.qubit", "parameter-shift"))
    assert_same(qjit(grad(node))(X, Y), jax.grad(z1)(X, Y))


def test_parameters_in_batches_and_arrays_that_are_known():
    node = node_on("default.qubit", "parameter-shift")
    xs = jnp.array([0.1, 0.7])
    assert_same(qjit(lambda y: node(xs, y))(Y), z1(xs, Y))
    found = qjit(lambda y: grad(node, argnums=1)(jnp.asarray(X), y))(Y)
    assert_same(found, jax.grad(z1, argnums=1)(X, Y))


def test_measurements_in_the_middle():
    @qml.qnode(device("default.qubit"), diff_method="parameter-shift")
    def circuit(x):
        qml.RX(x, wires=0)
        outcome = qml.measure(0)
        qml.cond(outcome, qml.RY)(2 * x, wires=1)
        return qml.expval(qml.Z(1))

    p = np.sin(X / 2) ** 2
    slope = np.sin(X) / 2 * (np.cos(2 * X) - 1) - 2 * p * np.sin(2 * X)
    expected = 1 - p + p * np.cos(2 * X), slope
    # PennyLane takes differences of the gates that depend on an outcome.
    assert_same(qjit(value_and_grad(circuit))(X), expected, 1e-7)


def test_shots():
    def returned(x, y):
        return qml.sample(wires=[0, 1]), qml.expval(qml.Z(0))

    node = qml.set_shots(node_on("default.qubit", None, returned), 500)
    samples, mean = qjit(node)(X, Y)
    assert samples.shape == (500, 2) and jnp.issubdtype(samples.dtype, jnp.integer)
    assert abs(mean - np.cos(X)) < 0.2
    one, two = qjit(qml.set_shots(node_on("default.qubit", None), (10, 20)))(X, Y)
    assert one.shape == two.shape == () and abs(one) <= 1 >= abs(two)


ONE_CORE = """
import os
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
import jax.numpy as jnp, pennylane as qml, qgrad_lab

@qml.qnode(qml.device("default.qubit", wires=9), diff_method=None)
def circuit(matrix):
    qml.QubitUnitary(matrix, wires=range(9), unitary_check=False)
    return qml.expval(qml.Z(0))

@qgrad_lab.qjit
def several(matrix):
    return sum(circuit(jnp.exp(1j * i * jnp.ones_like(matrix)) * matrix) for i in range(4))

print(sum(several(jnp.eye(512) + 0j) for _ in range(5)))
"""


@pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity"), reason="a process cannot be kept on one core here"
)
def test_large_operands_on_one_core(run_python):
    """JAX copies large arrays in a thread of its own, and there may be no other thread."""
    assert float(run_python(ONE_CORE)) == pytest.approx(20.0)


# -- Refusals --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "words"),
    [
        (None, "Cannot differentiate a QNode explicitly marked non-differentiable"),
        ("finite-diff", "Finite differences at the QNode level is not supported"),
    ],
)
def test_methods_that_are_refused(method, words):
    node = node_on("default.qubit", method)
    assert_same(qjit(node)(X, Y), z1(X, Y))
    for derivative in (grad(node), jax.jacfwd(node)):
        with pytest.raises(DifferentiableCompileError, match=words):
            qjit(derivative)(X, Y)
    assert_same(qjit(grad(node, method="fd"))(X, Y), jax.grad(z1)(X, Y), 1e-6)


def _loop(x, n):
    @for_loop(n)
    def layer(i):
        qml.RX(x, wires=0)

    layer()


def _branch(x, n):
    @cond(x > 0)
    def rotate():
        qml.RX(x, wires=0)

    rotate()


def _wire(x, n):
    qml.RX(x, wires=n)


@pytest.mark.parametrize("body", [_loop, _branch, _wire])
@pytest.mark.parametrize("method", ["backprop", "parameter-shift"])
def test_circuits_that_depend_on_traced_values_by_more_than_parameters(body, method):
    @qml.qnode(device("default.qubit"), diff_method=method)
    def circuit(x, n):
        body(x, n)
        return qml.expval(qml.Z(0))

    with pytest.raises(CompileError, match="device default.qubit.*traced|traced.*default.qubit"):
        qjit(circuit)(X, 2)


@pytest.mark.parametrize(
    ("measured", "shots"), [(qml.counts, 10), (qml.counts, None), (qml.sample, None)]
)
def test_results_of_unknown_shape(measured, shots):
    node = node_on("default.qubit", "parameter-shift", lambda x, y: measured(wires=0))
    with pytest.raises(
        CompileError, match="on the device default.qubit with .* shots, has no shape"
    ):
        qjit(qml.set_shots(node, shots))(X, Y)


def test_coefficients_that_the_device_does_not_differentiate():
    node = node_on("default.qubit", "adjoint", SUM[0])
    assert_same(qjit(node)(X, Y), weighted(X, Y))
    constant = node_on("default.qubit", "adjoint", lambda x, y: qml.expval(y[1] * qml.Z(1)))
    assert_same(qjit(grad(constant))(X, Y), Y[1] * jax.grad(z1)(X, Y))
    with pytest.raises(
        DifferentiableCompileError, match="coefficient.*'adjoint' differentiates in"
    ):
        qjit(grad(node))(X, Y)


def test_methods_that_the_device_does_not_have():
    node = qml.set_shots(node_on("default.qubit", "adjoint"), 10)
    with pytest.raises(CompileError, match="'adjoint', which the device default.qubit does not"):
        qjit(node)(X, Y)


def rotated(measure, name, shots=None, **options):
    def circuit(x):
        qml.RX(x, wires=0)
        return measure()

    return qml.set_shots(qml.QNode(circuit, qml.device(name, wires=2), **options), shots)


@pytest.mark.parametrize(
    ("measure", "shots", "expected"),
    [
        (lambda: qml.expval(qml.Z(0)), None, 0.0),
        (lambda: qml.probs(), None, [1.0, 0, 0, 0]),
        (lambda: qml.state(), None, [1.0 + 0j, 0, 0, 0]),
        (lambda: qml.sample(), 3, np.zeros((3, 2), int)),
    ],
)
def test_null_qubit(measure, shots, expected):
    found = qjit(rotated(measure, "null.qubit", shots))(X)
    assert found.dtype == jnp.asarray(expected).dtype
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("method", ["best", "parameter-shift", "adjoint", "backprop", "device"])
def test_gradients_on_null_qubit_are_zero(method):
    circuit = rotated(lambda: qml.expval(qml.Z(0)), "null.qubit", diff_method=method)
    assert qjit(grad(circuit))(X) == 0.0


def test_what_pennylane_refuses_is_told_in_its_words():
    sampled = rotated(lambda: qml.sample(), "default.qubit")
    with pytest.raises(CompileError, match="device default.qubit, as PennyLane says: Measurement"):
        qjit(sampled)(X)
    for measure in (qml.state, lambda: qml.purity([0])):
        circuit = rotated(measure, "default.qubit", 5)
        with pytest.raises(ValueError, match=r"^The QNode circuit on the device default\.qubit: M"):
            qjit(circuit)(X)


def test_errors_of_a_device_in_a_derivative():
    class Broken(qml.devices.Device):
        """Executes nothing."""

        def execute(self, circuits, execution_config=None):
            raise RuntimeError("out of order")

    @qml.qnode(Broken(wires=1), diff_method="parameter-shift")
    def circuit(x):
        qml.RX(x, wires=0)
        return qml.expval(qml.Z(0))

    for function, x in ((circuit, X), (grad(circuit), X), (jax.vmap(circuit), Y)):
        with pytest.raises(ValueError, match=r"^The QNode circuit on the device .*out of order$"):
            qjit(function)(x)
