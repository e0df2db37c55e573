"""Loops whose number of iterations is known only at run time make room for themselves."""

import threading

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml
import pytest

from qgrad_lab import for_loop, grad, qjit, while_loop
from qgrad_lab.errors import CompileError


def power_by_for(x, n):
    return for_loop(n)(lambda i, y: x * y)(1.0)


def power_by_while(x, n):
    return while_loop(lambda i, y: i < n)(lambda i, y: (i + 1, x * y))(0, 1.0)[1]


@qml.qnode(qml.device("lightning.qubit", wires=2))
def rotations(x, n):
    @while_loop(lambda i: i < n)
    def turn(i):
        qml.RX(x, wires=i % 2)
        return i + 1

    qml.RX(turn(0) * 0.0, wires=0)
    return qml.expval(qml.Z(0))


def power(x, n):
    return x**n


def turned(x, n):
    return jnp.cos(x * ((n + 1) // 2))


FUNCTIONS = [(power_by_for, power), (power_by_while, power), (rotations, turned)]


@pytest.mark.parametrize("n", [0, 1, 31, 32, 33, 100, 1000])
@pytest.mark.parametrize("function, plain", FUNCTIONS)
def test_any_number_of_iterations_has_derivatives(function, plain, n):
    value, slope = qjit(jax.value_and_grad(function))(1.001, n)
    np.testing.assert_allclose(value, plain(1.001, n), rtol=1e-10)
    np.testing.assert_allclose(slope, jax.grad(plain)(1.001, n), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("function, plain", FUNCTIONS)
def test_second_derivatives_and_differences_make_room(function, plain):
    actual = qjit(jax.hessian(function))(1.001, 40)
    np.testing.assert_allclose(actual, jax.hessian(plain)(1.001, 40), rtol=1e-8)
    actual = qjit(grad(function, method="fd"))(1.001, 40)
    np.testing.assert_allclose(actual, jax.grad(plain)(1.001, 40), rtol=1e-4)


@pytest.mark.parametrize("function, plain", FUNCTIONS)
def test_room_is_made_under_transformations_from_outside(function, plain):
    n = jnp.array([3, 50, 0, 33])
    expected = jnp.stack([plain(1.001, k) for k in n])
    slopes = jnp.stack([jax.grad(plain)(1.001, k) for k in n.tolist()])
    np.testing.assert_allclose(jax.vmap(qjit(function), (None, 0))(1.001, n), expected, rtol=1e-10)
    np.testing.assert_allclose(
        jax.vmap(jax.grad(qjit(function)), (None, 0))(1.001, n), slopes, rtol=1e-10, atol=1e-10
    )
    np.testing.assert_allclose(jax.grad(qjit(function))(1.001, 50), slopes[1], rtol=1e-10)
    primal, tangent = jax.jvp(lambda x: qjit(function)(x, 50), (1.001,), (1.0,))
    np.testing.assert_allclose([primal, tangent], [expected[1], slopes[1]], rtol=1e-10)


def test_room_is_made_in_compiled_functions_of_compiled_functions():
    jitted = jax.jit(power_by_while)
    compiled = qjit(power_by_while)
    for inner in (jitted, compiled):
        outer = qjit(lambda x, n, inner=inner: 2.0 * inner(x, n))
        assert outer(1.001, 5) == pytest.approx(2 * 1.001**5)
        assert outer(1.001, 70) == pytest.approx(2 * 1.001**70)
    # JAX has the trace of what is inside, so this one is compiled without running the function.
    assert qjit(lambda x, n: jitted(x, n))(1.001, 300) == pytest.approx(1.001**300)


def test_inside_jit_an_overflow_is_an_error_that_says_what_to_do():
    with pytest.raises(Exception, match=r"has 33 iterations or more and was compiled for 32.*qjit"):
        jax.block_until_ready(jax.jit(qjit(power_by_while))(1.001, 70))


def test_each_loop_has_room_of_its_own():
    @qjit
    @jax.value_and_grad
    def sums(x, n, m):
        @for_loop(n)
        def outer(i, total):
            @for_loop(m)
            def inner(j, total):
                return total + x * j

            return inner(total)

        return outer(0.0)

    assert sums(2.0, 3, 4) == (36.0, 18.0)
    assert sums(2.0, 3, 5000)[1] == 3 * 5000 * 4999 / 2
    assert sums(2.0, 2000, 2)[1] == 2000


def test_a_loop_without_end_is_refused():
    with pytest.raises(
        CompileError, match=r"A while_loop \(.*test_loop_capacity.py:\d+\) needs room"
    ):
        qjit(lambda x: while_loop(lambda y: y > 0)(lambda y: y * 1.0)(x))(1.0)


def test_many_threads_make_room_at_once():
    compiled = qjit(jax.grad(power_by_while))
    results = {}

    def run(n):
        results[n] = float(compiled(1.001, n))

    threads = [threading.Thread(target=run, args=(n,)) for n in (5, 40, 200, 33, 700, 100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == pytest.approx({n: n * 1.001 ** (n - 1) for n in (5, 40, 200, 33, 700, 100)})
