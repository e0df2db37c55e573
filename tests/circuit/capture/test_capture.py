"""From a QNode to Programs: what users write, and what they get back.

Gates are the subject of ``test_gates``, random circuits of ``test_random_circuits``, measurements
and observables of the files of that name; here it is everything around them.
"""

import functools
import re

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml
import pytest

from qgrad_lab import CompileError, grad, qjit, reference
from qgrad_lab.circuit.ir.instructions import Gate, Slot
from tests.support.circuits import SEED

TOLERANCE = 1e-12


def qnode(function, wires=3, diff_method="best", **options) -> qml.QNode:
    device = qml.device("lightning.qubit", wires=wires)
    return qml.QNode(function, device, diff_method=diff_method, **options)


def assert_same(found, expected, tolerance=TOLERANCE):
    assert jax.tree.structure(found) == jax.tree.structure(expected)
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        assert jnp.shape(one) == jnp.shape(other)
        np.testing.assert_allclose(one, other, rtol=0, atol=tolerance)


def check(node, *args, tolerance=TOLERANCE, **kwargs):
    """The value is PennyLane's, the gradients of both methods are those of backprop."""
    assert_same(qjit(node)(*args, **kwargs), reference(node)(*args, **kwargs), tolerance)

    def loss(node):
        def total(*args):
            numbers = jax.tree.leaves(node(*args, **kwargs))
            weighted = [
                jnp.sum(jnp.cos(jnp.arange(value.size)).reshape(value.shape) * jnp.real(value))
                for value in numbers
            ]
            return sum(weighted) + sum(jnp.sum(jnp.imag(value)) for value in numbers)

        return total

    expected = jax.jit(jax.grad(loss(reference(node))))(*args)
    for method in ("adjoint", "parameter-shift"):
        found = qjit(jax.grad(loss(node.update(diff_method=method))))(*args)
        assert_same(found, expected, 10 * tolerance)


def programs(function, *args) -> list:
    """The Programs of a compiled function, in order."""
    found = []

    def visit(jaxpr):
        for equation in jaxpr.eqns:
            if equation.primitive.name == "circuit":
                found.append(equation.params["member"].circuit)
            for value in jax.tree.leaves(
                list(equation.params.values()), is_leaf=lambda leaf: hasattr(leaf, "jaxpr")
            ):
                inner = getattr(value, "jaxpr", value)
                if hasattr(inner, "eqns"):
                    visit(inner)

    visit(jax.make_jaxpr(qjit(function))(*args).jaxpr)
    return found


def primitives(jaxpr) -> list[str]:
    names = []
    for equation in jaxpr.eqns:
        names.append(equation.primitive.name)
        for value in equation.params.values():
            inner = getattr(value, "jaxpr", value)
            if hasattr(inner, "eqns"):
                names += primitives(inner)
    return names


# -- Templates and transforms ----------------------------------------------------------------------

ANGLES = jnp.linspace(-1.0, 2.0, 24)

TEMPLATES = {
    "StronglyEntanglingLayers": lambda x: qml.StronglyEntanglingLayers(
        x[:18].reshape(2, 3, 3), wires=range(3)
    ),
    "BasicEntanglerLayers": lambda x: qml.BasicEntanglerLayers(
        x[:6].reshape(2, 3), wires=range(3), rotation=qml.RY
    ),
    "RandomLayers": lambda x: qml.RandomLayers(x[:6].reshape(2, 3), wires=range(3), seed=3),
    "SimplifiedTwoDesign": lambda x: qml.SimplifiedTwoDesign(
        x[:3], x[3:7].reshape(1, 2, 2), wires=range(3)
    ),
    "AngleEmbedding": lambda x: qml.AngleEmbedding(x[:3], wires=range(3), rotation="Y"),
    "IQPEmbedding": lambda x: qml.IQPEmbedding(x[:3], wires=range(3), n_repeats=2),
    "QAOAEmbedding": lambda x: qml.QAOAEmbedding(x[:2], x[3:6].reshape(1, 3), wires=range(2)),
    "ArbitraryUnitary": lambda x: qml.ArbitraryUnitary(x[:15], wires=range(2)),
    "QFT": lambda x: (qml.RY(x[0], 1), qml.QFT(wires=range(3))),
    "adjoint QFT": lambda x: (qml.RY(x[0], 1), qml.adjoint(qml.QFT)(wires=range(3))),
    "AllSinglesDoubles": lambda x: qml.AllSinglesDoubles(
        x[:2], range(3), hf_state=np.array([1, 0, 0]), singles=[[0, 1], [0, 2]]
    ),
    "ApproxTimeEvolution": lambda x: qml.ApproxTimeEvolution(
        qml.Z(0) @ qml.X(1) + 0.5 * qml.Y(2), x[0], 2
    ),
    "QuantumPhaseEstimation": lambda x: (
        qml.RX(x[0], 2),
        qml.QuantumPhaseEstimation(qml.RZ(0.7, 2), estimation_wires=[0, 1]),
    ),
    "Rot and U2 and U3": lambda x: (
        qml.Rot(*x[:3], wires=0),
        qml.U2(*x[3:5], wires=1),
        qml.U3(*x[5:8], wires=2),
        qml.ctrl(qml.Rot(*x[8:11], wires=1), 0),
        qml.adjoint(qml.Rot(*x[11:14], wires=2)),
        qml.CRot(*x[14:17], wires=[2, 0]),
    ),
    "ctrl and adjoint of functions": lambda x: (
        qml.Hadamard(0),
        qml.ctrl(lambda t: (qml.RX(t, 1), qml.PauliRot(t, "XY", [1, 2])), 0)(x[0]),
        qml.adjoint(lambda t: (qml.S(1), qml.RY(t, 2)))(x[1]),
        qml.pow(qml.RX(x[2], 0), 3),
        qml.exp(qml.X(1) @ qml.Z(2), -0.5j * x[3]),
    ),
    "nothing": lambda x: (qml.Barrier([0, 1]), qml.WireCut(1), qml.Identity(2), qml.RX(x[0], 0)),
}


@pytest.mark.parametrize("name", TEMPLATES)
def test_templates(name):
    def circuit(x):
        TEMPLATES[name](x)
        return qml.expval(qml.Z(0) @ qml.X(1)), qml.probs(wires=[2, 0])

    check(qnode(circuit), ANGLES, tolerance=1e-11)


def redundant(x):
    qml.Hadamard(0)
    qml.Hadamard(0)
    qml.RX(x[0], 0)
    qml.RX(x[1], 0)
    qml.CNOT([0, 1])
    qml.CNOT([0, 1])
    qml.Rot(*x[:3], wires=1)
    qml.CNOT([1, 2])
    qml.RZ(x[2], 2)
    qml.SWAP([0, 2])
    return qml.expval(qml.X(0)), qml.expval(qml.Z(0)), qml.expval(qml.Y(1) @ qml.Z(2))


TRANSFORMS = {
    "merge_rotations": qml.transforms.merge_rotations,
    "cancel_inverses": qml.transforms.cancel_inverses,
    "commute_controlled": qml.transforms.commute_controlled,
    "single_qubit_fusion": qml.transforms.single_qubit_fusion,
    "undo_swaps": qml.transforms.undo_swaps,
    "remove_barrier": qml.transforms.remove_barrier,
    "compile": qml.compile,
    "split_non_commuting": qml.transforms.split_non_commuting,
    "split by hand": functools.partial(
        qml.transforms.split_non_commuting, grouping_strategy="wires"
    ),
    "decompose": functools.partial(
        qml.transforms.decompose, gate_set={qml.RX, qml.RZ, qml.CNOT, qml.GlobalPhase}
    ),
    "several": lambda node: qml.transforms.split_non_commuting(
        qml.transforms.cancel_inverses(qml.transforms.merge_rotations(node))
    ),
}


@pytest.mark.parametrize("name", TRANSFORMS)
def test_transforms_of_the_qnode(name):
    x = jnp.array([0.4, -0.9, 1.3])
    node = qnode(redundant)
    transformed = TRANSFORMS[name](node)
    assert_same(qjit(transformed)(x), reference(node)(x))
    expected = jax.jacobian(reference(node))(x)
    assert_same(qjit(jax.jacobian(transformed))(x), expected, 1e-11)


def test_a_transform_takes_effect():
    x = jnp.array([0.4, -0.9, 1.3])
    (plain,) = programs(qnode(redundant), x)
    (shorter,) = programs(TRANSFORMS["cancel_inverses"](qnode(redundant)), x)
    assert len(plain.body) - len(shorter.body) == 4
    (merged,) = programs(TRANSFORMS["merge_rotations"](qnode(redundant)), x)
    assert merged.num_theta == plain.num_theta - 1
    assert len(programs(TRANSFORMS["split_non_commuting"](qnode(redundant)), x)) > 1


@pytest.mark.skipif(
    not hasattr(jax.core, "TraceTag"), reason="PennyLane's gradient transforms need an older JAX"
)
def test_gradient_transforms_of_pennylane_compile():
    x = jnp.array([0.4, -0.9])

    def circuit(x):
        qml.RX(x[0], 0)
        qml.RY(x[1], 0)
        return qml.expval(qml.Z(0))

    node = qnode(circuit)
    found = qjit(lambda x: qml.gradients.param_shift(node)(x))(x)
    np.testing.assert_allclose(jnp.stack(found), jax.grad(reference(node))(x), atol=TOLERANCE)


def test_batch_input():
    @functools.partial(qml.batch_input, argnum=0)
    @qml.qnode(qml.device("lightning.qubit", wires=2))
    def circuit(inputs, weights):
        qml.AngleEmbedding(inputs, wires=range(2))
        qml.RY(weights[0], wires=0)
        qml.CNOT([0, 1])
        return qml.expval(qml.Z(1))

    inputs, weights = jnp.arange(6.0).reshape(3, 2), jnp.array([0.3])
    assert_same(qjit(circuit)(inputs, weights), reference(circuit)(inputs, weights))


# -- Arguments, results, devices -------------------------------------------------------------------


@pytest.mark.parametrize(
    "labels",
    [
        ["a", "b", "c"],
        [(0, 1), frozenset({2}), None],
        [7, -3, 1.5],
        [2, 0, 1],
        ["q0", 5, ("t", 1)],
    ],
    ids=str,
)
def test_wire_labels_of_any_hashable_type(labels):
    a, b, c = labels

    def named(x):
        qml.RX(x[0], wires=[a])
        qml.CRY(x[1], wires=[a, c])
        qml.MultiRZ(x[2], wires=[c, b, a])
        qml.Hadamard([b])
        return qml.expval(qml.Z([a]) @ qml.Y([c])), qml.probs(wires=[c, a]), qml.state()

    check(qnode(named, wires=labels), jnp.array([0.4, 0.9, -1.1]))


def test_a_device_without_wires_takes_those_of_the_circuit():
    def circuit(x):
        qml.RX(x, wires="b")
        qml.CNOT(wires=["b", 3])
        return qml.expval(qml.Z(3)), qml.probs()

    device = qml.device("lightning.qubit")
    node = qml.QNode(circuit, device)
    (program,) = programs(node, 0.4)
    assert program.num_wires == 2
    value, probs = qjit(node)(0.4)
    np.testing.assert_allclose(value, np.cos(0.4), atol=TOLERANCE)
    np.testing.assert_allclose(probs, [np.cos(0.2) ** 2, 0, 0, np.sin(0.2) ** 2], atol=TOLERANCE)


def test_a_device_with_more_wires_than_are_used():
    def circuit(x):
        qml.RX(x, wires=1)
        return qml.probs(), qml.expval(qml.Z(1))

    probs, _ = qjit(qnode(circuit, wires=3))(0.4)
    assert probs.shape == (8,)
    check(qnode(circuit, wires=3), 0.4)


def test_arguments_in_pytrees_and_by_keyword():
    def circuit(params, scale, *, shift, names=("first", "second")):
        qml.RX(scale * params["first"][0], wires=0)
        qml.RY(params[names[1]]["deep"][1] + shift, wires=1)
        qml.CNOT([0, 1])
        return qml.expval(qml.Z(1))

    params = {"first": (0.3, None), "second": {"deep": [0.1, jnp.array(0.8)]}}
    check(qnode(circuit), params, 1.7, shift=jnp.array(0.2))
    # A keyword argument is differentiated as any other value.
    node = qnode(circuit)
    found = qjit(jax.grad(lambda s: node(params, 1.7, shift=s)))(0.2)
    expected = jax.grad(lambda s: reference(node)(params, 1.7, shift=s))(0.2)
    assert_same(found, expected)


def test_closures_over_traced_values():
    def loss(x, run):
        y = jnp.sin(x[0]) * x

        def circuit(t):
            qml.RX(y[0] + t, wires=0)  # traced outside of the QNode
            qml.RY(x[1], wires=1)
            qml.CNOT([0, 1])
            return qml.expval(x[2] * qml.Z(1) + y[1] * qml.X(0))

        return run(qnode(circuit))(x[2] ** 2) * y[2]

    x = jnp.array([0.4, 0.8, -1.2])
    found = qjit(jax.value_and_grad(lambda x: loss(x, lambda node: node)))(x)
    assert_same(found, jax.value_and_grad(lambda x: loss(x, reference))(x))


def test_one_qnode_called_twice_and_one_inside_another_call():
    node = qnode(lambda x: (qml.RX(x, 0), qml.expval(qml.Z(0)))[1])
    found = qjit(jax.grad(lambda x: node(node(x) + x) * node(2 * x)))(0.4)

    def plain(x):
        return jnp.cos(jnp.cos(x) + x) * jnp.cos(2 * x)

    np.testing.assert_allclose(found, jax.grad(plain)(0.4), atol=TOLERANCE)


@pytest.mark.parametrize(
    "returned",
    [
        lambda: qml.expval(qml.Z(0)),
        lambda: (qml.expval(qml.Z(0)),),
        lambda: [qml.expval(qml.Z(0)), qml.probs(wires=[1])],
        lambda: {"z": qml.expval(qml.Z(0)), "all": (qml.probs(), [qml.var(qml.X(1))])},
        lambda: {"only": qml.state()},
    ],
)
def test_results_in_pytrees(returned):
    def circuit(x):
        qml.RX(x, 0)
        qml.CNOT([0, 1])
        return returned()

    found = qjit(qnode(circuit, wires=2))(0.4)
    is_measurement = lambda leaf: isinstance(leaf, qml.measurements.MeasurementProcess)  # noqa: E731
    with qml.queuing.AnnotatedQueue():
        structure = jax.tree.structure(returned(), is_leaf=is_measurement)
    assert jax.tree.structure(found) == structure
    z, probs = np.cos(0.4), np.array([np.cos(0.2) ** 2, np.sin(0.2) ** 2])
    if isinstance(found, dict) and "all" in found:
        assert_same(found, {"z": z, "all": (np.kron(probs, [1, 0])[[0, 1, 3, 2]], [1.0])})
    elif isinstance(found, dict):
        assert_same(found, {"only": np.array([np.cos(0.2), 0, 0, -1j * np.sin(0.2)])})
    else:
        assert_same(jax.tree.leaves(found)[0], z)
        assert_same(jax.tree.leaves(found)[1:], [probs] if isinstance(found, list) else [])


def test_measurements_in_another_order_twice_and_beside_numbers():
    def circuit(x):
        qml.RX(x, 0)
        first, second = qml.expval(qml.Z(0)), qml.expval(qml.Y(0))
        return second, first, {"number": 2.0, "traced": 3 * x}, second

    found = qjit(qnode(circuit, wires=2))(0.4)
    expected = (-np.sin(0.4), np.cos(0.4), {"number": 2.0, "traced": 3 * 0.4}, -np.sin(0.4))
    assert_same(found, expected)


def test_results_have_the_types_of_pennylane():
    def circuit(x):
        qml.RX(x, 0)
        return qml.expval(qml.Z(0)), qml.var(qml.Z(0)), qml.probs(), qml.state()

    types = [(value.dtype, value.shape) for value in qjit(qnode(circuit, wires=2))(0.4)]
    assert types == [("float64", ()), ("float64", ()), ("float64", (4,)), ("complex128", (4,))]


def test_angles_of_other_types():
    node = qnode(lambda x: (qml.RX(x, 0), qml.expval(qml.Z(0)))[1])
    for value in (1, np.float32(0.5), np.int32(2), jnp.float32(0.5), np.array(0.3)):
        np.testing.assert_allclose(qjit(node)(value), np.cos(float(value)), atol=TOLERANCE)
    gradient = qjit(jax.grad(node))(jnp.float32(0.5))
    assert gradient.dtype == jnp.float32
    np.testing.assert_allclose(gradient, -np.sin(0.5), atol=1e-7)


# -- Traced data -----------------------------------------------------------------------------------


def test_traced_basis_states():
    @qjit
    @qml.qnode(qml.device("lightning.qubit", wires=3))
    def circuit(bits):
        qml.BasisState(bits, wires=[2, 0])
        return qml.probs()

    for bits in ([0, 0], [0, 1], [1, 0], [1, 1]):
        expected = np.zeros(8)
        expected[4 * bits[1] + bits[0]] = 1
        np.testing.assert_array_equal(circuit(jnp.array(bits)), expected)
    # Newer JAX makes a ValueError of what an engine calls an invalid argument.
    with pytest.raises(
        (jax.errors.JaxRuntimeError, ValueError), match="BasisState takes bits 0 and 1, got 2"
    ):
        jax.block_until_ready(circuit(jnp.array([0, 2])))
    every = jnp.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    np.testing.assert_array_equal(jax.vmap(circuit)(every), np.eye(8)[[0, 4, 1, 5]])


def test_matrices_and_states_known_and_traced():
    rng = np.random.default_rng(SEED)
    matrix = np.linalg.qr(rng.normal(size=(4, 4)) + 1j * rng.normal(size=(4, 4)))[0]
    state = rng.normal(size=4) + 1j * rng.normal(size=4)
    state /= np.linalg.norm(state)

    def circuit(state, matrix):
        qml.StatePrep(state, wires=[2, 1])
        qml.QubitUnitary(matrix, wires=[0, 2])
        qml.ctrl(qml.adjoint(qml.QubitUnitary(matrix, wires=[2, 1])), 0)
        return qml.state()

    node = qnode(circuit)
    expected = qml.QNode(circuit, qml.device("default.qubit", wires=3))(state, matrix)
    np.testing.assert_allclose(qjit(node)(state, matrix), expected, atol=TOLERANCE)
    known = qjit(lambda: node(state, matrix))
    np.testing.assert_allclose(known(), expected, atol=TOLERANCE)
    (program,) = programs(node, state, matrix)
    assert program.num_data == 4 + 16 + 16


PREPARATIONS = {
    "one wire": lambda: qml.StatePrep(np.array([0.6, 0.8j]), wires=1),
    "several wires in any order": lambda: qml.StatePrep(
        np.array([0.5, 0.5j, -0.5, 0.5]), wires=[2, 0]
    ),
    "all wires": lambda: qml.StatePrep(np.arange(8) / np.sqrt(140.0), wires=range(3)),
    "normalised": lambda: qml.StatePrep(np.array([1.0, 2.0]), wires=0, normalize=True),
    "padded": lambda: qml.AmplitudeEmbedding(
        np.array([1.0, 2.0, 3.0]), [2, 1], pad_with=0.0, normalize=True
    ),
    "without parameters": lambda: qml.CosineWindow(wires=[0, 2]),
    "a basis state from an integer": lambda: qml.BasisState(2, wires=[1, 2]),
    "basis embedding": lambda: qml.BasisEmbedding(np.array([1, 0, 1]), wires=range(3)),
    "not first": lambda: (qml.Hadamard(0), qml.BasisState(np.array([1]), wires=[1])),
    "several": lambda: (
        qml.BasisState(np.array([1]), wires=[1]),
        qml.StatePrep(np.array([0.6, 0.8]), wires=[0]),
    ),
}


@pytest.mark.parametrize("name", PREPARATIONS)
def test_states_that_are_known(name):
    def circuit(x):
        PREPARATIONS[name]()
        qml.RX(x, 1)
        return qml.state()

    expected = qml.QNode(circuit, qml.device("default.qubit", wires=3))(0.4)
    np.testing.assert_allclose(qjit(qnode(circuit))(0.4), expected, atol=TOLERANCE)


# -- Parameter broadcasting ------------------------------------------------------------------------


@pytest.mark.parametrize("measured", ["expval", "probs", "state", "tuple"])
def test_parameters_in_batches(measured):
    def circuit(x, y):
        qml.RX(x, 0)
        qml.CRY(y, [0, 1])
        match measured:
            case "expval":
                return qml.expval(qml.Z(1))
            case "probs":
                return qml.probs(wires=[1, 0])
            case "state":
                return qml.state()
        return qml.expval(qml.Z(1)), qml.probs(wires=[0])

    check(qnode(circuit, wires=2), jnp.array([0.1, 0.7, -0.4]), 0.9)
    check(qnode(circuit, wires=2), jnp.array([0.1, 0.7]), jnp.array([0.9, -0.3]))


def test_states_and_matrices_in_batches():
    states = np.array([[1, 0, 0, 0], [0.5, 0.5, 0.5j, -0.5]])

    def circuit(states, x):
        qml.StatePrep(states, wires=[0, 1])
        qml.QubitUnitary(jnp.stack([jnp.eye(2), jnp.array([[0, 1.0], [1, 0]])]), wires=1)
        qml.RX(x, 0)
        return qml.probs()

    node = qnode(circuit, wires=2)
    assert_same(qjit(node)(states, 0.4), reference(node)(states, 0.4))
    assert_same(qjit(lambda x: node(states, x))(0.4), reference(node)(states, 0.4))


def test_a_batch_that_pennylane_does_not_know():
    class Hidden(qml.operation.Operation):
        num_wires = 1
        ndim_params = (1,)

        @staticmethod
        def compute_decomposition(x, wires):
            return [qml.RX(x, wires)]

    def circuit(x):
        Hidden(x, wires=0)
        return qml.expval(qml.Z(0))

    angles = jnp.array([0.1, 0.2])
    np.testing.assert_allclose(qjit(qnode(circuit))(angles), jnp.cos(angles), atol=TOLERANCE)


# -- Elements of arrays ----------------------------------------------------------------------------

X = jnp.asarray(np.random.default_rng(1).normal(size=(3, 4)))

PICKED = {
    "elements": lambda x: [x[i, j] for i in range(3) for j in range(4)],
    "negative indices": lambda x: [x[-1, -2], x[-3, 0]],
    "rows": lambda x: [row[2] for row in (x[0], x[2])],
    "iteration": lambda x: [element for row in x for element in row],
    "reshape": lambda x: list(x.reshape(2, 6)[1]),
    "ravel": lambda x: list(jnp.ravel(x)),
    "transposed": lambda x: list(x.T[1]) + list(jnp.transpose(x)[3]),
    "reversed": lambda x: list(x[::-1][0]) + list(x[0][::-1]) + list(jnp.flip(x)[0]),
    "strides": lambda x: list(x[::2, 1::2].reshape(-1)),
    "ranges": lambda x: list(x[1:, 1:3].reshape(-1)),
    "new axes": lambda x: list(x[:, None, 1][:, 0]) + list(x[0][None].squeeze()),
    "split": lambda x: [part[0, 0] for part in jnp.split(x, 2, axis=1)],
    "unpacked": lambda x: list(x[1]),
    "repeated": lambda x: [x[0, 0], x[0, 0], x[1, 1], x[0, 0]],
    "broadcast": lambda x: list(jnp.broadcast_to(x[0, 1], (3,))),
    "moveaxis and swapaxes": lambda x: (
        list(jnp.swapaxes(x, 0, 1)[2]) + [jnp.moveaxis(x, 0, 1)[3, 0]]
    ),
    "in a jitted function": lambda x: list(jax.jit(lambda y: y.T[0])(x)),
}

PER_ELEMENT = {"squeeze", "slice", "dynamic_slice", "pad", "stack"}


def picking(pick):
    """One rotation for each element of ``pick(x)``."""

    def circuit(x):
        for i, angle in enumerate(pick(x)):
            (qml.RX, qml.RY, qml.CRZ)[i % 3](angle, [i % 3, (i + 1) % 3][: 1 + (i % 3 == 2)])
            qml.CNOT([i % 3, (i + 1) % 3])
        return qml.expval(qml.Z(0) + 0.3 * qml.Y(1) + qml.X(2))

    return qnode(circuit)


@pytest.mark.parametrize("name", PICKED)
def test_elements_of_arrays_are_gathered_at_once(name):
    pick = PICKED[name]
    node = picking(pick)
    compiled = qjit(node)
    names = primitives(jax.make_jaxpr(compiled)(X).jaxpr)
    # A gather or one slice in the place of a slice and a squeeze for each element.
    before = names[: names.index("circuit")]
    assert sum(name in PER_ELEMENT for name in before) <= 1, before
    # The right elements: the circuit as a function of its angles alone, pulled back by hand.
    positions = np.asarray(jnp.stack(pick(jnp.arange(12.0).reshape(3, 4)))).astype(int)
    flat = picking(list)
    angles = X.reshape(-1)[positions]
    np.testing.assert_allclose(compiled(X), qjit(flat)(angles), atol=TOLERANCE)
    expected = np.zeros(12)
    np.add.at(expected, positions, qjit(jax.grad(flat))(angles))
    np.testing.assert_allclose(qjit(jax.grad(node))(X), expected.reshape(3, 4), atol=TOLERANCE)


def test_gathered_elements_among_computed_and_known_ones():
    y = jnp.array([0.2, -0.8, 1.7])

    def circuit(x, y, t):
        qml.RX(x[0, 1], 0)
        qml.RY(jnp.sin(x[1, 1]), 1)
        qml.RZ(0.25, 1)
        qml.CRX(y[2], [0, 1])
        qml.RY(t, 2)
        qml.RX(y[0] * x[2, 3], 2)
        qml.CNOT([1, 2])
        qml.RY(y[1], 1)
        qml.RX(x[0, 2], 0)
        return qml.expval(x[1, 0] * qml.Z(0) @ qml.Z(2) + t * qml.X(1) + y[1] * qml.Y(2))

    node = qnode(circuit)
    check(node, X, y, 0.6)
    found = qjit(jax.grad(node, argnums=(0, 1, 2)))(X, y, 0.6)
    expected = jax.jit(jax.grad(reference(node), argnums=(0, 1, 2)))(X, y, 0.6)
    assert_same(found, expected)


def test_a_whole_array_in_order_is_used_as_it_is():
    def circuit(x):
        for i in range(3):
            qml.RX(x[i], i)
        return qml.expval(qml.Z(0))

    jaxpr = jax.make_jaxpr(qjit(qnode(circuit)))(jnp.ones(3)).jaxpr
    assert not {"gather", "slice", "concatenate"} & set(primitives(jaxpr))


def test_elements_of_other_types_and_of_integers():
    x = jnp.array([0.5, 0.25], jnp.float32)
    n = jnp.array([1, 2])

    def circuit(x, n):
        qml.RX(x[0], 0)
        qml.RY(n[1], 0)
        qml.RX(x[1], 0)
        return qml.expval(qml.Z(0))

    node = qnode(circuit)
    angles = jnp.array([0.5, 2.0, 0.25])
    flat = qnode(
        lambda a: (qml.RX(a[0], 0), qml.RY(a[1], 0), qml.RX(a[2], 0), qml.expval(qml.Z(0)))[-1]
    )
    np.testing.assert_allclose(qjit(node)(x, n), qjit(flat)(angles), atol=TOLERANCE)
    gradient = qjit(jax.grad(node))(x, n)
    assert gradient.dtype == jnp.float32
    np.testing.assert_allclose(gradient, qjit(jax.grad(flat))(angles)[jnp.array([0, 2])], atol=1e-7)


def test_programs_hold_known_numbers_and_slots_for_others():
    def circuit(x):
        qml.RX(0.25, 0)
        qml.RX(x, 0)
        qml.RX(np.pi, 0)
        return qml.expval(2.0 * qml.Z(0))

    (program,) = programs(qnode(circuit), 0.4)
    angles = [gate.angle for gate in program.body if isinstance(gate, Gate)]
    assert angles == [0.25, Slot(0), np.pi]
    assert program.num_theta == 1
    assert program.measurements[0].terms[0].coefficient == 2.0


def test_thousands_of_elements_trace_quickly_into_one_gather():
    def circuit(x):
        for row in x:
            for i in range(4):
                qml.RX(row[i], i)
        return qml.expval(qml.Z(0))

    jaxpr = jax.make_jaxpr(qjit(qnode(circuit, wires=4)))(jnp.ones((500, 4))).jaxpr
    assert len(primitives(jaxpr)) < 20


# -- Errors ----------------------------------------------------------------------------------------


def after_gate(returned):
    def circuit(x):
        qml.RX(x, 0)
        return returned(x)

    return circuit


_OUTSIDE = qml.expval(qml.Z(0))


def _forgotten(x):
    qml.expval(qml.Z(0))
    return qml.expval(qml.Z(1))


def _given(operation):
    def circuit(x):
        operation(x)
        return qml.expval(qml.Z(0))

    return circuit


REFUSED = {
    "returned str; it returns measurements": after_gate(lambda x: "text"),
    r"returned PauliZ; it returns measurements, such as qml.expval\(qml.Z\(0\)\)": after_gate(
        lambda x: qml.Z(0)
    ),
    "returned .*which was made outside of it": after_gate(lambda x: _OUTSIDE),
    r"makes the measurement expval\(Z\(0\)\) and does not return it": _forgotten,
    "RX was given an angle of type complex": _given(lambda x: qml.RX(x * 1j, 0)),
    "cannot be compiled.*returns qml.expval, qml.var, qml.probs": after_gate(
        lambda x: qml.sample(wires=0)
    ),
    "counts.* cannot be compiled": after_gate(lambda x: qml.counts(wires=0)),
    "shadow.* cannot be compiled": after_gate(lambda x: qml.classical_shadow([0, 1])),
    "acts on the wire 7, which the device does not have; its wires are": _given(
        lambda x: qml.RX(x, 7)
    ),
    "acts on the wire 'a', which the device": after_gate(lambda x: qml.probs(wires="a")),
    "RX was given an angle of type complex128; angles are real": _given(
        lambda x: qml.RX(x * 1j, 0)
    ),
    r"RX was given the angle \(1\+2j\), which is not real": _given(lambda x: qml.RX(1 + 2j, 0)),
    "RX was given the angle nan, which is not a finite number": _given(lambda x: qml.RX(np.nan, 0)),
    "RZ was given the angle -?inf": _given(lambda x: qml.RZ(-np.inf, 0)),
    "an observable has the coefficient nan|coefficient nan": after_gate(
        lambda x: qml.expval(np.nan * qml.Z(0) + qml.X(1))
    ),
    "state of norm 2; a state has norm 1.*normalize=True": _given(
        lambda x: qml.StatePrep(np.array([2.0, 0.0]), wires=0, validate_norm=False)
    ),
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_cannot_be_compiled_says_why(message):
    with pytest.raises(CompileError, match=re.compile(message, re.I | re.S)):
        qjit(qnode(REFUSED[message], wires=[0, 1]))(0.4)


def test_an_error_of_the_users_function_passes_through():
    def circuit(x):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        qjit(qnode(circuit))(0.4)


def test_after_an_error_everything_works():
    def circuit(x):
        with qml.queuing.AnnotatedQueue():
            raise RuntimeError("inside a queue")

    with pytest.raises(RuntimeError, match="inside a queue"):
        qjit(qnode(circuit))(0.4)
    assert not qml.QueuingManager.recording()
    node = qnode(after_gate(lambda x: qml.expval(qml.Z(0))))
    np.testing.assert_allclose(qjit(grad(node))(0.4), -np.sin(0.4), atol=TOLERANCE)
    np.testing.assert_allclose(node(0.4), np.cos(0.4), atol=TOLERANCE)


def test_only_what_may_fail_when_it_runs_knows_its_line():
    """Other circuits that are written the same way in two places are one Program."""

    def written(wire):
        @qml.qnode(qml.device("lightning.qubit", wires=2))
        def circuit(x, i):
            qml.RX(x, wires=wire(i))
            return qml.expval(qml.Z(0))

        (program,) = programs(qjit(circuit), 0.3, 0)
        return program.body[0].source

    assert written(lambda i: 0) == 0
    assert written(lambda i: i) == written(lambda i: 1 - i) != 0
