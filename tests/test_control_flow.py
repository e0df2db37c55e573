"""Loops and branches in compiled programs, against PennyLane's own simulator and plain JAX."""

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml
import pytest

from qgrad_lab import cond, for_loop, grad, hessian, qjit, reference, switch, while_loop
from qgrad_lab.circuit.program import Program
from qgrad_lab.errors import CompileError

METHODS = ["adjoint", "parameter-shift"]


def qnode(method="adjoint", wires=3):
    return qml.qnode(qml.device("lightning.qubit", wires=wires), diff_method=method)


def now(function):
    """A decorator that calls what it decorates."""
    return function()


def assert_close(actual, expected, tolerance=1e-10):
    assert jax.tree.structure(actual) == jax.tree.structure(expected)
    for one, other in zip(jax.tree.leaves(actual), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)


def assert_derivatives(function, *args, second=True):
    """Value and derivatives of both modes, to second order, in the first argument."""
    expected = reference(function)
    compiled = qjit(function)
    assert_close(compiled(*args), expected(*args))
    slope = jax.grad(expected)(*args)
    assert_close(qjit(jax.grad(function))(*args), slope)
    assert_close(jax.grad(compiled)(*args), slope)
    assert_close(qjit(jax.jacfwd(function))(*args), slope)
    assert_close(qjit(grad(function, method="fd"))(*args), slope, 1e-5)
    if second:
        curvature = jax.hessian(expected)(*args)
        assert_close(qjit(jax.hessian(function))(*args), curvature, 1e-8)
        assert_close(qjit(jax.jacrev(jax.grad(function)))(*args), curvature, 1e-8)


def programs(function, *args):
    """The Programs in the jaxpr of ``function``, compiled."""
    found = []

    def visit(jaxpr):
        for equation in jaxpr.eqns:
            if "member" in equation.params:
                found.append(equation.params["member"].circuit)
            for value in jax.tree.leaves(
                list(equation.params.values()), is_leaf=lambda x: hasattr(x, "eqns")
            ):
                inner = getattr(value, "jaxpr", value)
                if hasattr(inner, "eqns"):
                    visit(inner)

    visit(qjit(function)._jitted.trace(*args).jaxpr.jaxpr)
    return found


X = jnp.array([0.3, -0.7, 1.1])


# -- Static loops ----------------------------------------------------------------------------------


def static_loop(x):
    @now
    @for_loop(3)
    def _(i):
        qml.RX(x[i], wires=i)
        qml.CNOT([i, (i + 1) % 3])


def reversed_range(x):
    @now
    @for_loop(4, -1, -2)
    def _(i):
        qml.RY(x[i // 2] * (1 + i), wires=i // 2)
        qml.CNOT([i // 2, (i // 2 + 1) % 3])


def carried_pytree(x):
    @for_loop(1, 7, 2)
    def layer(i, state):
        qml.RY(state["angle"], wires=0)
        qml.CRX(state["pair"][0] * i, wires=[0, 1])
        a, b = state["pair"]
        return {"angle": state["angle"] * x[1] + x[2], "pair": (jnp.sin(b), a + i)}

    state = layer({"angle": x[0], "pair": (x[1], x[2])})
    qml.RX(state["angle"], wires=1)
    qml.RY(state["pair"][1], wires=2)
    qml.CNOT([1, 2])


def nested_loops(x):
    @now
    @for_loop(2)
    def _(i):
        qml.Hadamard(i)

        @now
        @for_loop(3)
        def _(j):
            qml.RZ(x[j] * (i + 1), wires=j)

            @now
            @for_loop(j)
            def _(k):
                qml.CRY(x[k] + x[i], wires=[j, k])

        qml.RX(x[2], wires=i)


def zero_iterations(x):
    @for_loop(3, 3)
    def layer(i, angle):
        qml.RX(angle, wires=0)
        return angle * 2

    @now
    @for_loop(0, 3, -1)
    def _(i):
        qml.RX(x[0], wires=0)

    qml.RX(layer(x[0]), wires=0)


def decomposed(x):
    @now
    @for_loop(2)
    def _(i):
        qml.Rot(x[0], x[1] * i, x[2], wires=i)
        qml.adjoint(qml.Rot(x[1], x[1] * i, x[2], wires=i))
        qml.U3(x[0], x[1], x[2], wires=i)
        qml.SingleExcitation(x[0] * (i + 1), wires=[0, 2])
        qml.PauliRot(x[1], "XYZ", wires=[0, 1, 2])
        qml.ctrl(qml.Rot(x[0], x[1], x[2], wires=0), control=[1, 2], control_values=[1, 0])
        qml.StronglyEntanglingLayers(jnp.outer(x, x).reshape(1, 3, 3) * (i + 1), wires=range(3))


def data_inside(x):
    @now
    @for_loop(2)
    def _(i):
        matrices = jnp.array([[[0.6, 0.8], [-0.8, 0.6]], [[0.0, 1.0], [1.0, 0.0]]])
        qml.QubitUnitary(matrices[i], wires=i)
        qml.RX(x[i], wires=i)
        qml.ControlledQubitUnitary(matrices[1 - i], wires=[i, 2])


STATIC = [
    static_loop,
    reversed_range,
    carried_pytree,
    nested_loops,
    zero_iterations,
    decomposed,
    data_inside,
]


def circuit_of(body, method="adjoint", wires=3):
    @qnode(method, wires)
    def circuit(x, *args):
        body(x, *args)
        return qml.expval(qml.Z(0) @ qml.X(1) + 0.5 * qml.Y(2)), qml.probs(wires=[0, 2])

    def loss(x, *args):
        value, p = circuit(x, *args)
        return value + p @ jnp.array([0.2, -0.4, 0.7, 0.1])

    return loss


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("body", STATIC)
def test_static_loops_are_differentiable(body, method):
    assert_derivatives(circuit_of(body, method), X, second=body is not decomposed)


# -- Traced wires, conditions and trip counts ------------------------------------------------------


def traced_wires(x, n):
    qml.RX(x[0], wires=n)
    qml.CNOT([n, (n + 1) % 3])
    qml.CRY(x[1], wires=[(n + 2) % 3, n])
    qml.ctrl(qml.RZ(x[2], wires=n), control=[(n + 1) % 3, (n + 2) % 3], control_values=[0, 1])
    qml.PauliRot(x[0], "YX", wires=[n, (n + 1) % 3])

    @now
    @for_loop(3)
    def _(i):
        qml.SWAP([i, (i + n) % 3]) if False else qml.CRX(x[i], wires=[i, (i + 1) % 3])
        qml.QubitUnitary(jnp.array([[0.6, 0.8], [-0.8, 0.6]]), wires=(i + n) % 3)


def else_if(x, n):
    @cond(n == 0)
    def branch(angle):
        qml.RX(angle, wires=0)
        return angle * 2

    @branch.else_if(x[0] > 0)
    def branch(angle):
        qml.RY(angle, wires=0)
        qml.Rot(x[0], angle, x[1], wires=2)
        return jnp.sin(angle)

    @branch.otherwise
    def branch(angle):
        return angle + n

    qml.RX(branch(x[1]), wires=1)

    @cond(n > 1)
    def no_otherwise():
        qml.CRX(x[2], wires=[1, 2])

    no_otherwise()


def switched(x, n):
    @switch(n)
    def case(i):
        qml.Hadamard(i)
        return x[0]

    @case.branch(-1)
    def case(i):
        qml.RX(x[1], wires=i)
        return x[1] ** 2

    @case.branch(7)
    def case(i):
        @now
        @for_loop(2)
        def _(j):
            qml.RY(x[j], wires=j)

        return 0

    qml.RY(case(1), wires=2)
    qml.CNOT([2, 0])


def branches_in_loops(x, n):
    @now
    @for_loop(n)
    def _(i):
        @cond(i % 2 == 0)
        def branch(angle):
            @now
            @for_loop(i)
            def _(j):
                qml.RX(angle, wires=j % 3)

            return angle

        @branch.otherwise
        def branch(angle):
            qml.CRY(angle, wires=[i % 3, (i + 1) % 3])
            return 3 * angle

        qml.RZ(branch(x[i % 3]), wires=0)
        qml.RX(x[1], wires=0)


def length_depends_on_argument(x, n):
    @while_loop(lambda angle, count: angle < 2.0 + n)
    def double(angle, count):
        qml.RX(angle, wires=count % 3)
        qml.CNOT([count % 3, (count + 1) % 3])
        return angle * (1.5 + x[0]), count + 1

    angle, count = double(0.4 + x[2] ** 2, 0)
    qml.RY(angle * count, wires=0)


def adjoint_and_ctrl(x, n):
    def layer(y):
        @for_loop(n)
        def step(i, angle):
            qml.RX(angle, wires=i % 2)
            qml.PauliRot(angle, "YX", wires=[0, 1])
            qml.QubitUnitary(jnp.array([[0.6, 0.8], [-0.8, 0.6]]), wires=0)
            return angle + x[1]

        @cond(y > 0)
        def branch():
            qml.CNOT([0, 1])
            qml.Rot(y, x[1], x[2], wires=0)

        @branch.otherwise
        def branch():
            qml.Hadamard(0)

        step(y)
        branch()

    layer(x[0])
    qml.RX(0.3, wires=2)
    qml.adjoint(layer)(x[1])
    qml.ctrl(layer, control=2, control_values=0)(x[2])
    qml.ctrl(qml.adjoint(layer), control=2)(x[1])
    qml.adjoint(qml.ctrl(qml.adjoint(layer), control=[2]))(x[2])


TRACED = [
    (traced_wires, (0, 2)),
    (else_if, (0, 1, 2)),
    (switched, (-1, 7, 3)),
    (branches_in_loops, (0, 1, 5)),
    (length_depends_on_argument, (0, 5)),
    (adjoint_and_ctrl, (0, 2)),
]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("body, choices", TRACED)
def test_what_is_known_only_at_run_time_is_differentiable(body, choices, method):
    loss = circuit_of(body, method)
    expected = reference(circuit_of(body))
