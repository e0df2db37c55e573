"""Snapshots of compiled circuits, against states and measurements that PennyLane computes."""

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml
import pytest

from qgrad_lab import (
    CompileError,
    compare,
    cond,
    for_loop,
    grad,
    jvp,
    measure,
    qjit,
    value_and_grad,
)

X = 0.3


def circuit(x, **options):
    qml.Snapshot("first", **options)
    qml.RX(x, wires=0)
    qml.CNOT(wires=[0, 1])
    qml.Snapshot()
    qml.RY(x, wires=1)
    return qml.expval(qml.Z(1))


def on(function, device="lightning.qubit", wires=2, **options):
    return qml.QNode(function, qml.device(device, wires=wires), **options)


def expected(function, *args):
    """Snapshots and results by PennyLane, on a device that takes snapshots itself."""
    found = qml.snapshots(on(function, "default.qubit"))(*args)
    results = found.pop("execution_results")
    return list(found.values()), results


def check(found, wanted):
    snapshots, result = found
    for one, other in zip([*snapshots, result], [*wanted[0], wanted[1]], strict=True):
        np.testing.assert_allclose(one, other, atol=1e-12)


@pytest.mark.parametrize("device", ["lightning.qubit", "default.qubit"])
@pytest.mark.parametrize("wires", [2, None])
@pytest.mark.parametrize("diff_method", ["best", "parameter-shift"])
@pytest.mark.filterwarnings("ignore:The QNode .* is on the device")
def test_snapshots_come_before_results(device, wires, diff_method):
    check(qjit(on(circuit, device, wires, diff_method=diff_method))(X), expected(circuit, X))


def test_results_keep_their_tree_inside_a_program():
    def tree(x):
        return {"z": circuit(x), "p": (qml.probs(),)}

    snapshots, results = qjit(lambda x: on(tree)(x))(X)
    assert len(snapshots) == 2
    assert set(results) == {"z", "p"}
    np.testing.assert_allclose(results["z"], np.cos(X) ** 2)


def test_a_snapshot_measures_what_it_is_given():
    def function(x):
        return circuit(x, measurement=qml.expval(qml.Z(0) @ qml.X(1)))

    check(qjit(on(function))(X), expected(function, X))


def test_states_are_exact_where_the_circuit_has_shots():
    snapshots, result = qjit(qml.set_shots(on(circuit), 10), seed=1)(X)
    check((snapshots, 0.0), (expected(circuit, X)[0], 0.0))
    assert result * 5 == np.round(result * 5)

    def counted(x):
        return circuit(x, measurement=qml.counts())

    ((states, counts), _), _ = qjit(qml.set_shots(on(counted), 10), seed=1)(X)
    np.testing.assert_array_equal(states, np.arange(4))
    np.testing.assert_array_equal(counts, [10, 0, 0, 0])


def test_several_numbers_of_shots_share_the_states():
    snapshots, results = qjit(qml.set_shots(on(circuit), (5, 7)), seed=1)(X)
    assert len(snapshots) == len(results) == 2


def test_a_loop_of_known_length_takes_one_in_every_iteration():
    def looped(x):
        @for_loop(0, 2, 1)
        def outer(i):
            @for_loop(0, 2, 1)
            def inner(j):
                qml.RX(x * (i + j), wires=0)
                qml.Snapshot()

            inner()

        outer()
        return qml.expval(qml.Z(0))

    def unrolled(x):
        for angle in (0, x, x, 2 * x):
            qml.RX(angle, wires=0)
            qml.Identity(1)
            qml.Snapshot()
        return qml.expval(qml.Z(0))

    check(qjit(on(looped))(X), expected(unrolled, X))
    np.testing.assert_allclose(qjit(grad(on(looped)))(X), -4 * np.sin(4 * X))


def test_functions_under_adjoint_take_them():
    def function(x):
        def part():
            qml.RX(x, wires=0)
            qml.Snapshot()
            qml.CNOT(wires=[0, 1])

        qml.adjoint(part)()
        return qml.expval(qml.Z(0))

    def by_hand(x):
        qml.CNOT(wires=[0, 1])
        qml.Snapshot()
        qml.RX(-x, wires=0)
        return qml.expval(qml.Z(0))

    check(qjit(on(function))(X), expected(by_hand, X))


def test_transforms_of_the_circuit_keep_them():
    check(qjit(qml.transforms.merge_rotations(on(circuit)))(X), expected(circuit, X))


def test_batches():
    xs = jnp.array([0.3, 0.4])
    each = [expected(circuit, float(x)) for x in xs]
    snapshots, results = qjit(jax.vmap(on(circuit)))(xs)
    np.testing.assert_allclose(results, [result for _, result in each])
    for number, states in enumerate(snapshots):
        np.testing.assert_allclose(states, [one[number] for one, _ in each], atol=1e-12)
    _, results = qjit(on(circuit))(xs)
    np.testing.assert_allclose(results, [result for _, result in each])


@pytest.mark.parametrize("device", ["lightning.qubit", "default.qubit"])
@pytest.mark.filterwarnings("ignore:The QNode .* is on the device")
def test_derivatives_are_those_of_the_results(device):
    qnode = on(circuit, device)
    wanted = -np.sin(2 * X)
    compiled = qjit(qnode)
    compiled(X)
    for gradient in (
        qjit(grad(qnode))(X),
        qjit(grad(lambda x: 1 * qnode(x)))(X),
        qjit(grad(qnode, method="fd", h=1e-6))(X),
        grad(compiled)(X),
        qjit(value_and_grad(qnode))(X)[1],
        qjit(lambda x: jvp(qnode, (x,), (1.0,))[1])(X),
        qjit(jax.grad(lambda x: qnode(x)[1]))(X),
    ):
        np.testing.assert_allclose(gradient, wanted, atol=1e-6)
    assert len(compiled(X)) == 2


def test_a_comparison_compares_the_results():
    np.testing.assert_allclose(compare(on(circuit), X).rows[0].gradient, -np.sin(2 * X))


def test_states_can_be_differentiated():
    def overlap(x):
        (_, state), _ = on(circuit)(x)
        return jnp.abs(state[0]) ** 2

    np.testing.assert_allclose(qjit(jax.grad(overlap))(X), -np.sin(X) / 2)


@pytest.mark.parametrize("device", ["lightning.qubit", "default.qubit"])
@pytest.mark.filterwarnings("ignore:The QNode .* is on the device")
@pytest.mark.filterwarnings("ignore:Snapshots are not supported for the given device")
def test_the_transform_keeps_its_own_form(device):
    def tagged(x):
        qml.Snapshot("a")
        qml.RX(x, wires=0)
        return qml.expval(qml.Z(0))

    found = qjit(qml.snapshots(on(tagged, device)))(X)
    assert set(found) == {"a", "execution_results"}
    np.testing.assert_allclose(found["execution_results"], np.cos(X))
    with pytest.raises(CompileError, match="Give every qml.Snapshot a tag"):
        qjit(qml.snapshots(on(circuit, device)))(X)


def test_how_many_there_are_must_be_known():
    def branched(x):
        @cond(x > 0)
        def branch():
            qml.Snapshot()
            qml.RX(x, wires=0)

        branch()
        return qml.expval(qml.Z(0))

    with pytest.raises(CompileError, match="inside a branch or a loop of unknown length"):
        qjit(on(branched))(X)
    np.testing.assert_allclose(qjit(grad(on(branched)))(X), -np.sin(X))


@pytest.mark.parametrize("before", [True, False])
def test_measuring_in_the_middle_takes_none(before):
    def measured(x):
        if before:
            qml.Snapshot()
        qml.RX(x, wires=0)
        measure(0)
        if not before:
            qml.Snapshot()
        return qml.expval(qml.Z(0))

    with pytest.raises(CompileError, match="has a qml.Snapshot and measures in the middle"):
        qjit(on(measured))(X)
    with pytest.raises(CompileError, match="has a qml.Snapshot and measures in the middle"):
        qjit(qml.defer_measurements(on(measured, wires=3)))(X)
