"""Functions of Python in compiled programs, and ``vmap``."""

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml
import pytest

from qgrad_lab import (
    accelerate,
    cond,
    debug,
    debug_assert,
    for_loop,
    grad,
    pure_callback,
    qjit,
    vmap,
)


@qml.qnode(qml.device("lightning.qubit", wires=1))
def circuit(x):
    qml.RX(x, wires=0)
    return qml.expval(qml.Z(0))


def test_gradient_of_a_callback():
    @pure_callback
    def product(x) -> float:
        return np.sin(x[0]) * x[1]

    @product.fwd
    def forward(x):
        return product(x), x

    @product.bwd
    def backward(x, cotangent):
        def slopes(x, cotangent) -> (jax.ShapeDtypeStruct((2,), jnp.float64),):
            return (np.array([np.cos(x[0]) * x[1], np.sin(x[0])]) * cotangent,)

        return pure_callback(slopes)(x, cotangent)

    x = jnp.array([0.1, 0.2])

    def f(x):
        return circuit(product(x))

    def same(x):
        return jnp.cos(jnp.sin(x[0]) * x[1])

    np.testing.assert_allclose(qjit(f)(x), same(x), atol=1e-12)
    np.testing.assert_allclose(qjit(grad(f))(x), jax.grad(same)(x), atol=1e-12)
    batch = jnp.stack([x, 2 * x, 3 * x])
    np.testing.assert_allclose(
        jax.vmap(jax.grad(qjit(f)))(batch), jax.vmap(jax.grad(same))(batch), atol=1e-12
    )


@pytest.mark.parametrize(
    ("kind", "dtype"),
    [(int, int), (np.float32, np.float32), (jax.ShapeDtypeStruct((), complex), complex)],
)
def test_types_of_a_callback(kind, dtype):
    result = qjit(pure_callback(lambda x: x + 1, kind))(2)
    assert result == 3
    assert result.dtype == dtype


def test_accelerate():
    f = accelerate(dev=jax.devices()[0])(lambda x: circuit(jnp.sin(x)))
    np.testing.assert_allclose(qjit(grad(f))(0.4), -np.sin(np.sin(0.4)) * np.cos(0.4), atol=1e-12)
    np.testing.assert_allclose(accelerate(jnp.sin)(0.4), np.sin(0.4))


def test_debug(capsys):
    seen = []

    @qjit
    def f(x):
        debug.print("x is {x}", x=x)
        debug.callback(seen.append)(x)
        return circuit(x)

    f(0.5)
    assert capsys.readouterr().out == "x is 0.5\n"
    assert [float(x) for x in seen] == [0.5]


@pytest.mark.parametrize("change", [qjit, lambda f: qjit(grad(f)), lambda f: jax.grad(qjit(f))])
def test_assertions(change):
    def f(x):
        debug_assert(x < 1, "x is [too] large")
        return circuit(x)

    compiled = change(f)
    compiled(0.5)
    with pytest.raises(RuntimeError, match=r"^x is \[too\] large"):
        compiled(2.0)
    compiled(0.5)


def test_assertions_in_loops_and_branches():
    @qjit
    def loop(n):
        @for_loop(0, n)
        def step(i, x):
            debug_assert(i < 3, "three")
            return x + 1

        return step(0)

    @qjit
    def branch(x):
        @cond(x > 0)
        def chosen():
            debug_assert(False, "positive")
            return 1

        @chosen.otherwise
        def chosen():
            return 2

        return chosen()

    assert loop(3) == 3
    assert branch(-1) == 2
    with pytest.raises(RuntimeError, match="three"):
        loop(4)
    with pytest.raises(RuntimeError, match="positive"):
        branch(1)


def test_assertions_left_out():
    def f(x):
        debug_assert(x < 1, "x is too large")
        return x

    assert qjit(f, disable_assertions=True)(2.0) == 2.0
    with pytest.raises(RuntimeError):
        qjit(f)(2.0)


def test_vmap_over_the_first_elements():
    x = jnp.arange(6.0).reshape(3, 2)
    f = vmap(lambda row, y: jnp.sum(row) + y["a"], in_axes=(0, {"a": None}), axis_size=2)
    np.testing.assert_allclose(qjit(f)(x, {"a": 1.0}), [2.0, 6.0])
    columns = vmap(in_axes=1, axis_size=1)(jnp.sum)
    np.testing.assert_allclose(columns(x), [6.0])
    np.testing.assert_allclose(vmap(in_axes=None, axis_size=2)(jnp.sum)(x), [15.0, 15.0])
