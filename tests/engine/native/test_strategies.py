"""Which strategy of the native library serves which batch (``native/batch/strategy.cpp``)."""

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml
import pytest

from qgrad_lab import grad, qjit
from qgrad_lab.engine.plans import Rows, strategy
from tests.support.layered import angles, brickwork, programs, strategies_of

WIRES, LAYERS = 3, 2
X = angles(LAYERS, WIRES)
MANY = angles(5, LAYERS, WIRES)


def expval(x):
    return brickwork(WIRES, LAYERS, lambda: qml.expval(qml.Z(0) @ qml.X(2)))(x)


def probs(x):
    return brickwork(WIRES, LAYERS, lambda: qml.probs(wires=range(WIRES)))(x)


@qml.qnode(qml.device("lightning.qubit", wires=WIRES))
def at_wire(x, wire):
    qml.RX(x[0, 0], wires=wire)
    qml.RY(x[1, 1], wires=1)
    return qml.expval(qml.Z(0))


@qml.qnode(qml.device("lightning.qubit", wires=1))
def prepared(x):
    qml.StatePrep(jnp.stack([jnp.cos(x[0]), jnp.sin(x[0])]), wires=0)
    qml.RX(x[1], wires=0)
    return qml.probs(wires=0)


@pytest.mark.parametrize(
    ("function", "args", "expected"),
    [
        pytest.param(expval, (X,), ["each"], id="a value"),
        pytest.param(grad(expval), (X,), ["each", "each"], id="a gradient"),
        pytest.param(jax.vmap(expval), (MANY[:2],), ["each"], id="two values"),
        pytest.param(jax.vmap(expval), (MANY,), ["shifts"], id="many values"),
        pytest.param(jax.vmap(jax.grad(expval)), (MANY,), ["each", "each"], id="many gradients"),
        pytest.param(jax.jacrev(probs), (X,), ["each", "cotangents"], id="a Jacobian, reverse"),
        pytest.param(
            jax.vmap(jax.jacrev(probs)), (MANY,), ["each", "each"], id="many Jacobians, reverse"
        ),
        pytest.param(jax.jacfwd(probs), (X,), ["tangents", "each"], id="a Jacobian, forward"),
        pytest.param(jax.vmap(at_wire, (None, 0)), (X, jnp.arange(3)), ["each"], id="integers"),
        pytest.param(jax.jacfwd(prepared), (X[0],), ["each", "each"], id="a prepared state"),
    ],
)
def test_derivatives_are_served_by(function, args, expected):
    assert strategies_of(function, *args) == expected


def test_a_hessian_is_served_by_its_symmetry():
    assert "hessian" in strategies_of(jax.hessian(expval), X)


@pytest.fixture(scope="module")
def words():
    compiled = qjit(expval)
    compiled(X)
    (program,) = programs(compiled)
    return program.words


NOTHING = np.zeros(0, np.int64)


@pytest.mark.parametrize(
    ("rows", "keep", "expected"),
    [
        (Rows(), False, "each"),
        (Rows(tangent=1), False, "each"),
        (Rows(cotangent=1), False, "each"),
        # D[0]: the thetas of a shift rule are such a batch.
        (Rows(theta=2), False, "each"),
        (Rows(theta=3), False, "shifts"),
        (Rows(theta=3), True, "each"),
        (Rows(theta=3, indices=3), False, "each"),
        (Rows(theta=3, data=3), False, "each"),
        # D[0] transposed
        (Rows(cotangent=2), False, "cotangents"),
        (Rows(theta=2, cotangent=1), False, "each"),
        (Rows(theta=2, cotangent=2), False, "each"),
        (Rows(indices=2, cotangent=2), False, "each"),
        # D[1]
        (Rows(tangent=2), False, "tangents"),
        (Rows(theta=2, tangent=2), False, "each"),
        (Rows(theta=2, tangent=1), False, "each"),
        (Rows(data=2, tangent=2), False, "each"),
        # D[1] transposed
        (Rows(tangent=2, cotangent=1), False, "hessian"),
        (Rows(tangent=2, cotangent=2), False, "each"),
        (Rows(tangent=1, cotangent=2), False, "each"),
        (Rows(theta=2, tangent=2, cotangent=1), False, "each"),
    ],
)
def test_what_elements_share_decides(words, rows, keep, expected):
    assert strategy(words, NOTHING, rows, keep=keep) == expected


def test_a_beginning_that_reads_theta_is_not_shared():
    compiled = qjit(jax.jacfwd(prepared))
    compiled(X[0])
    program = next(each for each in programs(compiled) if each.state_in_theta)
    for rows in (Rows(theta=3), Rows(tangent=3), Rows(tangent=3, cotangent=1)):
        assert strategy(program.words, NOTHING, rows) == "each"
    assert strategy(program.words, NOTHING, Rows(cotangent=3)) == "cotangents"


def test_there_is_none_without_a_program(words):
    with pytest.raises(ValueError, match="corrupt Program"):
        strategy(words[:-1], NOTHING, Rows())
    with pytest.raises(ValueError, match="wrong number of integers"):
        strategy(words, np.zeros(1, np.int64), Rows())
