"""The primitive's rules: every order and mode, batches, refusals."""

import itertools
import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml
import pytest

from qgrad_lab import DifferentiableCompileError, for_loop, grad, qjit, reference
from qgrad_lab.engine import shifts
from qgrad_lab.methods.table import Scope, names_of

METHODS = names_of(Scope.QNODES)
POINT = jnp.array([0.37, -0.9, 1.6])


def make_circuit(diff_method):
    """Four-term rules (CRY), a repeated parameter, an unused one never; three numbers."""

    @qml.qnode(qml.device("lightning.qubit", wires=2), diff_method=diff_method)
    def circuit(x):
        qml.RX(x[0], wires=0)
        qml.CRY(x[1], wires=[0, 1])
        qml.IsingXY(x[2], wires=[0, 1])
        qml.RZ(x[0] * x[1], wires=1)
        return qml.expval(qml.Z(0) @ qml.X(1)), qml.var(qml.Y(1)), qml.probs(wires=1)

    def stacked(x):
        expval, variance, probs = circuit(x)
        return jnp.concatenate([jnp.stack([expval, variance]), probs])

    return stacked


@pytest.fixture(scope="module")
def derivatives():
    """Derivatives of orders 0 to 3 of default.qubit with backprop."""
    result = [reference(make_circuit("best"))]
    for _ in range(3):
        result.append(jax.jacfwd(result[-1]))
    return [np.asarray(jax.jit(f)(POINT)) for f in result]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("order", [1, 2, 3])
def test_all_nestings_of_forward_and_reverse_mode(order, method, derivatives):
    for modes in itertools.product([jax.jacfwd, jax.jacrev], repeat=order):
        f = make_circuit(method)
        for mode in modes:
            f = mode(f)
        np.testing.assert_allclose(qjit(f)(POINT), derivatives[order], rtol=0, atol=1e-11)


@pytest.mark.parametrize("method", METHODS)
def test_vectors_along_which_it_is_differentiated(method, derivatives):
    f = make_circuit(method)
    v, w, y = jnp.array([1.0, -2.0, 0.5]), jnp.array([0.3, 0.0, 1.0]), jnp.arange(4.0)

    @qjit
    def products(x):
        value, tangent = jax.jvp(f, (x,), (v,))
        gradient = jax.vjp(f, x)[1](y)[0]
        hvp = jax.jvp(jax.grad(lambda x: f(x) @ y), (x,), (v,))[1]
        # In the direction and in the cotangent a derivative is linear: their transposes.
        back = jax.vjp(lambda v: jax.jvp(f, (x,), (v,))[1], v)[1](y)[0]
        cross = jax.grad(lambda y: jax.vjp(f, x)[1](y)[0] @ w)(y)
        third = jax.grad(lambda v: jax.jvp(jax.grad(lambda x: f(x) @ y), (x,), (v,))[1] @ w)(v)
        return value, tangent, gradient, hvp, back, cross, third

    value, tangent, gradient, hvp, back, cross, third = products(POINT)
    zeroth, first, second, _ = derivatives
    expected = [
        zeroth, first @ v, y @ first, np.einsum("mij,i,m->j", second, v, y),
        y @ first, first @ w, np.einsum("mij,m,j->i", second, y, w),
    ]  # fmt: skip
    found = [value, tangent, gradient, hvp, back, cross, third]
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_batches_inside_and_outside_of_derivatives(method):
    f = make_circuit(method)
    points = jnp.stack([POINT, 2 * POINT, -POINT, jnp.zeros(3)])
    each = [np.asarray(qjit(jax.jacrev(f))(point)) for point in points]
    np.testing.assert_allclose(qjit(jax.vmap(jax.jacrev(f)))(points), each, rtol=0, atol=1e-13)
    total = qjit(jax.grad(lambda p: jnp.sum(jax.vmap(f)(p))))(points)
    np.testing.assert_allclose(total, [j.sum(0) for j in each], rtol=0, atol=1e-12)
    twice = qjit(jax.vmap(jax.vmap(jax.jacrev(f))))(points.reshape(2, 2, 3))
    np.testing.assert_allclose(twice.reshape(4, 4, 3), each, rtol=0, atol=1e-13)
    # Only the direction, only the cotangent, and only a part of theta is batched.
    directions = jnp.eye(3)
    columns = qjit(jax.vmap(lambda v: jax.jvp(f, (POINT,), (v,))[1]))(directions)
    np.testing.assert_allclose(columns.T, each[0], rtol=0, atol=1e-13)
    shared = qjit(
        jax.grad(lambda s: jnp.sum(jax.vmap(lambda a: f(jnp.stack([a, s, s])))(points[:, 0])))
    )(0.3)
    alone = sum(
        qjit(jax.grad(lambda s, a=a: jnp.sum(f(jnp.stack([a, s, s])))))(0.3) for a in points[:, 0]
    )
    assert shared == pytest.approx(float(alone), abs=1e-12)


@pytest.mark.parametrize("chunk_bytes", [1, 200, 1000])
def test_shifted_evaluations_in_several_chunks(chunk_bytes, derivatives, monkeypatch):
    """What does not fit at once is summed in a loop; the last chunk is filled up."""
    monkeypatch.setattr(shifts, "CHUNK_BYTES", chunk_bytes)
    f = make_circuit("parameter-shift")
    for second in (jax.hessian, lambda f: jax.jacrev(jax.jacrev(f))):
        compiled = qjit(second(f))
        np.testing.assert_allclose(compiled(POINT), derivatives[2], rtol=0, atol=1e-11)
        assert "stablehlo.while" in compiled.mlir
    points = jnp.stack([POINT, jnp.zeros(3)])
    found = qjit(jax.vmap(jax.hessian(f)))(points)[0]
    np.testing.assert_allclose(found, derivatives[2], rtol=0, atol=1e-11)


def test_a_first_derivative_by_shifts_is_one_native_call():
    """Of so many parameters that their shifts are more than one batch, and of several points."""

    def make(diff_method):
        @qml.qnode(qml.device("lightning.qubit", wires=2), diff_method=diff_method)
        def circuit(x):
            qml.RX(x[0], wires=1)

            @for_loop(0, 1100, 1)
            def layer(i):
                qml.RY(x[i], wires=0)
                qml.CRX(x[i], wires=[0, 1])

            layer()
            return qml.expval(qml.Z(0)), qml.probs(wires=1)

        return lambda x: sum(map(jnp.sum, circuit(x))) + circuit(x)[1][0]

    points = jnp.asarray(np.random.default_rng(2).normal(size=(2, 1100)))
    shifted, swept = make("parameter-shift"), make("adjoint")
    compiled = qjit(jax.vmap(jax.grad(shifted)))
    expected = qjit(jax.vmap(jax.grad(swept)))(points)
    np.testing.assert_allclose(compiled(points), expected, rtol=0, atol=1e-10)
    assert "stablehlo.while" not in compiled.mlir
    direction = jnp.cos(points[1])
    found = qjit(lambda x: jax.jvp(shifted, (x,), (direction,))[1])(points[0])
    np.testing.assert_allclose(found, expected[0] @ direction, rtol=0, atol=1e-9)


def test_much_work_is_announced(monkeypatch):
    monkeypatch.setattr(shifts, "MUCH_WORK", 10)
    expected = "a circuit of 4 parameters 24 times for one derivative"
    with pytest.warns(UserWarning, match=expected):
        shifted = qjit(jax.jacrev(make_circuit("parameter-shift")))(POINT)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        swept = qjit(jax.jacrev(make_circuit("adjoint")))(POINT)
    np.testing.assert_allclose(shifted, swept, atol=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_coefficients_of_observables(method):
    """Polynomials in the coefficients: expval of degree one, var of degree two."""

    def circuit(x):
        qml.RX(x[0], wires=0)
        qml.CNOT(wires=[0, 1])
        observable = qml.dot(x[1:], [qml.Z(0), qml.X(1) @ qml.Y(0), qml.Z(1)])
        return qml.expval(observable), qml.var(observable)

    node = qml.QNode(circuit, qml.device("lightning.qubit", wires=2), diff_method=method)

    def known(x):
        """By hand: the state is cos(x0/2) |00> - i sin(x0/2) |11>."""
        mean = jnp.cos(x[0]) * (x[1] + x[3]) - jnp.sin(x[0]) * x[2]
        square = x[1] ** 2 + x[2] ** 2 + x[3] ** 2 + 2 * x[1] * x[3]
        return mean, square - mean**2

    x = jnp.array([0.7, 1.3, -0.4, 0.9])
    for derivative in (lambda f: f, jax.jacrev, jax.jacfwd, jax.hessian, _third):
        found, expected = qjit(derivative(node))(x), derivative(known)(x)
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(one, other, rtol=0, atol=1e-11)


def _third(f):
    return jax.jacfwd(jax.hessian(f))


def test_large_batches_run_on_several_threads_with_the_same_bits():
    f = make_circuit("adjoint")
    points = jnp.asarray(np.random.default_rng(5).normal(size=(257, 3)))
    batched = np.asarray(qjit(jax.vmap(jax.jacrev(f)))(points))
    again = np.asarray(qjit(jax.vmap(jax.jacrev(f)))(points))
    np.testing.assert_array_equal(batched, again)
    one = qjit(jax.jacrev(f))
    np.testing.assert_array_equal(batched, [one(point) for point in points])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("angle", [0.0, np.pi / 2, np.pi, 2 * np.pi, 1e-12])
def test_singular_points(angle, method):
    @qml.qnode(qml.device("lightning.qubit", wires=2), diff_method=method)
    def circuit(x):
        qml.RX(x, wires=0)
        qml.CNOT(wires=[0, 1])
        qml.CRX(x, wires=[0, 1])
        return qml.expval(qml.Z(1))

    f = qjit(lambda x: (grad(circuit)(x), jax.grad(jax.grad(circuit))(x)))
    moved = reference(circuit)
    expected = jax.grad(moved)(angle), jax.grad(jax.grad(moved))(angle)
    np.testing.assert_allclose(f(angle), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_zero_cotangents_unused_and_missing_parameters(method):
    @qml.qnode(qml.device("lightning.qubit", wires=1), diff_method=method)
    def fixed():
        qml.RX(0.3, wires=0)
        return qml.expval(qml.Z(0))

    assert qjit(grad(lambda x: x * fixed()))(2.0) == pytest.approx(np.cos(0.3), abs=1e-14)
    f = make_circuit(method)
    assert not np.any(qjit(grad(lambda x: 0.0 * jnp.sum(f(x))))(POINT))
    padded = qjit(grad(lambda x: jnp.sum(f(x[:3]))))(jnp.concatenate([POINT, jnp.ones(2)]))
    np.testing.assert_array_equal(padded[3:], 0.0)


@pytest.mark.parametrize(
    ("diff_method", "words"),
    [
        (None, "Cannot differentiate a QNode explicitly marked non-differentiable"),
        ("finite-diff", "Finite differences at the QNode level is not supported"),
        ("spsa", "Invalid gradient method 'spsa'.*'adjoint', 'parameter-shift'"),
        ("hadamard", "Invalid gradient method 'hadamard'.*other devices, such as default.qubit"),
    ],
)
def test_qnodes_that_are_refused(diff_method, words):
    @qml.qnode(qml.device("lightning.qubit", wires=1), diff_method=diff_method)
    def circuit(x):
        qml.RX(x, wires=0)
        return qml.expval(qml.Z(0))

    assert qjit(circuit)(0.4) == pytest.approx(np.cos(0.4), abs=1e-14)
    for derivative in (grad(circuit), jax.grad(circuit), jax.jacfwd(circuit)):
        with pytest.raises(DifferentiableCompileError, match=words):
            qjit(derivative)(0.4)
    stopped = qjit(grad(lambda x: x * circuit(jax.lax.stop_gradient(x))))
    assert stopped(0.4) == pytest.approx(np.cos(0.4), abs=1e-14)
    assert qjit(grad(circuit, method="fd"))(0.4) == pytest.approx(-np.sin(0.4), abs=1e-6)
