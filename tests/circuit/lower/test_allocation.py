"""Wires that ``qml.allocate`` allocates, against circuits whose wires are written out."""

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml
import pytest

from qgrad_lab import CompileError, cond, for_loop, measure, qjit

X = 0.4


def on(function, wires, device="lightning.qubit", **options):
    return qml.QNode(function, qml.device(device, wires=wires), **options)


def borrowed(x):
    qml.RX(x, 0)
    with qml.allocate(1, state="zero", restored=True) as (extra,):
        qml.CNOT([0, extra])
        qml.RZ(x, extra)
        qml.CNOT([0, extra])
    qml.RX(x, 0)
    return qml.expval(qml.Z(0))


def left(x):
    qml.RX(x, 1)
    for _ in range(2):
        extra = qml.allocate(2)
        qml.CNOT([1, extra[0]])
        qml.CRX(x, extra)
        qml.CNOT([extra[1], 1])
        qml.deallocate(extra)
    qml.RX(x, 0)
    return qml.expval(qml.Z(0)), qml.probs(wires=[1, 0])


def written_out(x):
    qml.RX(x, 1)
    for extra in ([2, 3], [4, 5]):
        qml.CNOT([1, extra[0]])
        qml.CRX(x, extra)
        qml.CNOT([extra[1], 1])
    qml.RX(x, 0)
    return qml.expval(qml.Z(0)), qml.probs(wires=[1, 0])


def any_state(x):
    qml.RX(x, 0)
    with qml.allocate(1, state="any", restored=True) as (extra,):
        qml.CNOT([0, extra])
        qml.CNOT([0, extra])
    return qml.probs()


def measured(x):
    qml.RX(x, 0)
    (extra,) = qml.allocate(1)
    qml.CNOT([0, extra])
    return qml.expval(qml.Z(extra)), qml.state()


def assert_same(found, expected):
    assert jax.tree.structure(found) == jax.tree.structure(expected)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-12), found, expected)


@pytest.mark.parametrize("wires", [None, 6])
@pytest.mark.parametrize("circuit", [borrowed, left, any_state, measured])
def test_values_are_those_of_default_qubit(circuit, wires):
    expected = on(circuit, wires, "default.qubit")(X)
    assert_same(qjit(on(circuit, wires))(X), expected)


@pytest.mark.parametrize("method", ["adjoint", "parameter-shift"])
def test_derivatives_of_every_order(method):
    circuit, reference = on(left, None, diff_method=method), on(written_out, 6, "default.qubit")
    for derivative in (jax.jacobian, jax.hessian):
        assert_same(qjit(derivative(circuit))(X), derivative(reference)(X))


def test_batches_and_transforms():
    batch = jnp.arange(3.0)
    expected = jax.vmap(on(written_out, 6, "default.qubit"))(batch)
    circuit = on(left, None)
    assert_same(qjit(jax.vmap(circuit))(batch), expected)
    assert_same(qjit(circuit)(batch), expected)
    assert_same(qjit(qml.transforms.merge_rotations(circuit))(batch), expected)


def test_shots():
    value, _ = qjit(qml.set_shots(on(left, 6), 20_000), seed=1)(X)
    np.testing.assert_allclose(value, np.cos(X), atol=0.02)


def test_too_few_wires():
    with pytest.raises(CompileError, match="allocates more wires than are free: of the 3 wires"):
        qjit(jax.jacobian(on(left, 3)))(X)


def test_a_reused_wire_is_not_measured_with_all_others():
    def circuit(x):
        for _ in range(2):
            with qml.allocate(1) as (extra,):
                qml.RX(x, extra)
        return qml.probs()

    with pytest.raises(CompileError, match="measures all wires of a device that has no fixed"):
        qjit(on(circuit, None))(X)
    assert_same(qjit(on(circuit, 4))(X), on(circuit, 4, "default.qubit")(X))


@pytest.mark.filterwarnings("ignore:AOT compilation failed")
def test_a_wire_that_was_deallocated():
    def circuit():
        wires = qml.allocate(1)
        qml.deallocate(wires)
        qml.X(wires[0])
        return qml.expval(qml.Z(0))

    with pytest.raises(CompileError, match="after it was deallocated"):
        qjit(on(circuit, 3))()


def touch():
    with qml.allocate(1, restored=True) as (extra,):
        qml.CNOT([0, extra])
        qml.CNOT([0, extra])


def in_a_loop(x):
    for_loop(0, 3, 1)(lambda i: touch())()


def around_a_loop(x):
    with qml.allocate(1, restored=True) as (extra,):
        for_loop(0, 2, 1)(lambda i: qml.CNOT([0, extra]) and None)()


def in_a_branch(x):
    cond(x > 0, touch)()


def beside_a_branch(x):
    touch()
    cond(x > 0, lambda: qml.X(0) and None)()


def after_a_measurement(x):
    measure(0)
    touch()


def before_a_measurement(x):
    touch()
    measure(0)


def of_a_measurement(x):
    measure(qml.allocate(1)[0])


def on_a_traced_wire(x):
    touch()
    qml.X(jnp.asarray(x > 0, int))


def under_adjoint(x):
    qml.adjoint(touch)()


@pytest.mark.parametrize("wires", [None, 4])
@pytest.mark.parametrize(
    "gates",
    [
        in_a_loop,
        around_a_loop,
        in_a_branch,
        beside_a_branch,
        after_a_measurement,
        before_a_measurement,
        of_a_measurement,
        on_a_traced_wire,
        under_adjoint,
    ],
)
def test_where_free_wires_are_not_known(gates, wires):
    def circuit(x):
        gates(x)
        return qml.expval(qml.Z(0))

    message = "qml.allocate"
    if gates is on_a_traced_wire and wires is None:
        message = "its device has no wires|qml.allocate"
    with pytest.raises(CompileError, match=message):
        qjit(on(circuit, wires))(X)
