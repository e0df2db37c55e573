"""What programs written for Catalyst expect of a compiled function."""

import copy
import pickle

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml
import pytest

from qgrad_lab import cond, for_loop, grad, qjit, while_loop

DEVICE = qml.device("lightning.qubit", wires=1)


@qml.qnode(DEVICE)
def circuit(x):
    qml.RX(x, wires=0)
    return qml.expval(qml.Z(0))


slope = qjit(grad(circuit))
made = [qjit(grad(circuit)), grad(circuit), qjit(circuit), slope]


@pytest.mark.parametrize("number", range(len(made)))
@pytest.mark.parametrize(
    "again", [lambda f: pickle.loads(pickle.dumps(f)), copy.copy, copy.deepcopy]
)
def test_copies_of_functions_of_a_qnode(number, again):
    assert again(made[number])(0.4) == pytest.approx(made[number](0.4))


@pytest.mark.parametrize("value", [2, 2.0, True, 1j])
def test_results_have_types_of_their_own(value):
    results = [qjit(lambda x: {"a": x})(value)["a"], qjit(lambda: value)()]
    results.append(jax.vmap(qjit(lambda x: value))(jnp.zeros(1)))
    assert not any(result.weak_type for result in results)
    assert all(result.dtype == np.asarray(value).dtype for result in results)


def test_gradients_have_types_of_their_own():
    assert (slope(0.4) * jnp.ones(2, jnp.float32)).dtype == float
    assert not qjit(grad(lambda x: x**2))(2.0).weak_type

    def declared(x: float):
        return x**2

    assert not qjit(declared)(2.0).weak_type


def test_drawing_and_matrix():
    compiled = qjit(circuit)
    assert qml.draw(compiled)(0.3) == qml.draw(circuit)(0.3) != ""
    np.testing.assert_allclose(qml.matrix(compiled)(0.3), qml.matrix(circuit)(0.3))


def test_functions_without_arguments_are_compiled_where_they_are_defined():
    traces = []

    @qjit
    def f():
        traces.append(1)
        return jnp.sin(1.0)

    assert traces == [1]
    assert "stablehlo" in f.mlir
    assert f() == pytest.approx(np.sin(1.0))
    assert traces == [1]


def test_loops_return_lists_and_nothing():
    @qjit
    def f(n):
        for_loop(0, n)(lambda i: ())()
        pair = for_loop(0, n)(lambda i, a, b: [a + 1, 2 * b])(0, 1)
        known = for_loop(0, 2)(lambda i, a, b: [a + 1, 2 * b])(0, 1)
        return pair, known, while_loop(lambda a, b: a < n)(lambda a, b: (a + 1, b))(0, 1)

    assert f(3) == ([3, 8], [2, 4], (3, 1))


def test_staticmethods():
    class Model:
        @qjit
        @staticmethod
        def double(x):
            return 2 * x

        @qjit
        @qml.qnode(DEVICE)
        @staticmethod
        def circuit(x):
            qml.RX(x, wires=0)
            return qml.expval(qml.Z(0))

        @qjit(autograph=True)
        @staticmethod
        def branch(x):
            if x > 1:
                x = 2 * x
            return x

        @qjit
        def method(self, x):
            return x

    for model in (Model, Model()):
        assert model.double(3.0) == 6.0
        assert model.circuit(0.3) == pytest.approx(np.cos(0.3))
        assert model.branch(2.0) == 4.0
    assert Model().method(3.0) == 3.0


def test_boolean_angles():
    assert qjit(circuit)(True) == pytest.approx(np.cos(1.0))


def test_a_known_condition_gives_arrays():
    @qjit
    def f():
        @cond(True)
        def chosen():
            return 0

        return chosen().dtype == int

    assert f()


@pytest.mark.parametrize(
    "options",
    [
        {"capture": False},
        {"capture": "global"},
        {"keep_intermediate": False, "async_qnodes": False},
        {"target": "binary", "abstracted_axes": None, "disable_assertions": False},
    ],
)
def test_options_with_their_default_values(options):
    assert qjit(lambda x: 2 * x, **options)(2.0) == 4.0
