"""``qjit(autograph=True)``: Python's statements over traced values."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml
import pytest

from qgrad_lab import CompileError, grad, qjit, reference, vmap

DEVICE = qml.device("lightning.qubit", wires=2)


def check(f, *points, order=1, atol=1e-10):
    """``f``, compiled, has the value and the gradient that it has as ordinary Python."""
    compiled = qjit(f, autograph=True)
    for args in points:
        np.testing.assert_allclose(compiled(*args), reference(f)(*args), atol=atol)
        np.testing.assert_allclose(
            jax.grad(compiled)(*args), jax.grad(reference(f))(*args), atol=atol
        )
        np.testing.assert_allclose(
            qjit(grad(f), autograph=True)(*args), jax.grad(reference(f))(*args), atol=atol
        )


def test_for_over_a_traced_range():
    def f(x, n):
        total = x
        for i in range(n):
            total = total * x + i
        return total

    check(f, (0.7, 0), (0.7, 1), (0.7, 5))


def test_for_over_a_traced_range_with_start_and_step():
    def f(x, n):
        total = x
        for i in range(n, 0, -2):
            total = total + x * i
        return total

    check(f, (0.7, 0), (0.7, 5), (0.7, 6))


def test_for_over_a_known_range_and_a_list():
    def f(x):
        angles = []
        for i, name in enumerate(["a", "b"]):
            angles.append(x * (i + len(name)))
        for i in range(2):
            x = x + angles[i]
        return x

    check(f, (0.7,))


def test_for_over_an_array():
    def f(x):
        total = 0.0
        for element in x:
            if element > 0:
                total = total + element**2
            else:
                total -= element
        return total

    check(f, (np.array([0.3, -0.4, 0.5]),))


def test_if():
    def f(x):
        if x > 1.0:
            y = x**2
        elif x > 0.5:
            y = 3.0 * x
        else:
            y = jnp.sin(x)
        return y

    check(f, (0.3,), (0.8,), (1.5,))


def test_if_with_early_returns():
    def f(x):
        if x > 1.0:
            return x**2
        if x > 0.5:
            return 3.0 * x
        return jnp.sin(x)

    check(f, (0.3,), (0.8,), (1.5,))


def test_if_without_else():
    def f(x):
        y = x
        if x > 1.0:
            y = x**2
        return y

    check(f, (0.3,), (1.5,))


def test_an_if_over_a_known_value_runs_one_branch():
    def f(x, flag=False):
        if flag:
            raise AssertionError
        else:
            label = "only here"
        return x * len(label)

    check(f, (0.3,))


def test_a_constant_of_both_branches_stays_known():
    def f(x):
        if x > 0:
            n, y = 2, x
        else:
            n, y = 2, -x
        return y * [1.0, 2.0, 3.0][n]

    check(f, (0.3,), (-0.3,))


def test_conditional_expression_and_logic():
    def f(x):
        y = x**2 if x > 0.5 and not x > 1.0 else 3.0 * x
        return y if x < 0.2 or x > 0.4 else 2.0 * y

    check(f, (0.1,), (0.3,), (0.8,), (1.5,))


def test_while():
    def f(x):
        while x < 10.0:
            x = x * 2.0
        return x

    check(f, (0.7,), (12.0,))


def test_a_while_loop_over_known_values():
    def f(x):
        n = 0
        while n < 3:
            x, n = x * 2.0, n + 1
        return x * [1.0, 1.0, 1.0, 5.0][n]

    check(f, (0.7,))


def test_break_and_continue():
    def f(x, n):
        total = 0.0 * x
        for i in range(n):
            if i == 1:
                continue
            if total > 2.0:
                break
            total = total + x
        return total

    check(f, (0.7, 3), (0.7, 10))


def test_break_in_an_unrolled_loop():
    def f(x):
        total = 0.0 * x
        for i in range(5):
            if total > 2.0:
                break
            total = total + x * (i + 1)
        return total

    check(f, (0.7,), (0.1,), (3.0,))


def test_nested():
    def f(x, n):
        total = 0.0 * x
        for i in range(n):
            for j in range(i):
                if (i + j) % 2 == 0:
                    total = total + x**2
                else:
                    y = x
                    while y < 1.0:
                        y = y * 2.0
                    total = total + y
        return total

    check(f, (0.3, 0), (0.3, 4))


def test_pytrees():
    def f(x, n):
        state = {"sum": x, "power": [x, jnp.ones(2)]}
        for _ in range(n):
            state["sum"] = state["sum"] + state["power"][0]
            state = {"sum": state["sum"], "power": [state["power"][0] * x, state["power"][1] * x]}
        return state["sum"] + state["power"][1].sum()

    check(f, (0.3, 3))


def helper(x):
    if x > 0.5:
        return x**2
    return 2.0 * x


def test_functions_that_are_called():
    def f(x):
        return helper(x) + functools.partial(helper)(2.0 * x) + sum(map(helper, [x, x + 1.0]))

    check(f, (0.3,), (0.7,))


def test_functions_that_are_passed_on():
    def f(x):
        values = jax.vmap(lambda y: helper(y))(jnp.stack([x, 2 * x]))
        return values.sum() + jax.jit(helper)(x) + grad(helper)(x)

    compiled = qjit(f, autograph=True)
    np.testing.assert_allclose(compiled(0.4), 0.8 + 0.64 + 0.8 + 2.0)


def quantum(x, n):
    for i in range(n):
        if x > 0.5:
            qml.RX(x * (i + 1), wires=0)
        else:
            qml.RY(x, wires=0)
        qml.CNOT(wires=[0, 1])
    y = x
    while y < 2.0:
        qml.RX(y, wires=1)
        y = 2.0 * y
    return qml.expval(qml.Z(0) @ qml.Z(1))


@pytest.mark.parametrize("method", ["adjoint", "parameter-shift"])
def test_qnode(method):
    check(qml.QNode(quantum, DEVICE, diff_method=method), (0.4, 0), (0.4, 3), (0.8, 3))


def test_a_program_around_a_qnode():
    circuit = qml.QNode(quantum, DEVICE)

    def f(x, n):
        total = 0.0
        for i in range(n):
            if i % 2 == 0:
                total = total + circuit(x + i, 2)
        return total

    check(f, (0.4, 3))


def test_adjoint_of_a_converted_function():
    def layer(x, n):
        for i in range(n):
            if x > 0.5:
                qml.RX(x * (i + 1), wires=0)
            else:
                qml.RY(x, wires=0)

    def f(x, n):
        qml.Hadamard(0)
        qml.adjoint(layer)(x, n)
        return qml.expval(qml.Z(0))

    check(qml.QNode(f, DEVICE), (0.4, 2), (0.8, 3))


def test_second_order():
    def f(x, n):
        for _ in range(n):
            x = x * x if x > 0.5 else 3.0 * x
        return x

    np.testing.assert_allclose(
        jax.hessian(qjit(f, autograph=True))(0.3, 3), jax.hessian(reference(f))(0.3, 3)
    )


def test_methods_and_callable_objects():
    class Model:
        limit = 0.5

        @qjit(autograph=True)
        def loss(self, x):
            return self(x)

        def __call__(self, x):
            if x > self.limit:
                x = x**2
            return x

    np.testing.assert_allclose([Model().loss(0.7), Model().loss(0.3)], [0.49, 0.3])
    compiled = qjit(Model(), autograph=True)
    np.testing.assert_allclose([compiled(0.7), compiled(0.3)], [0.49, 0.3])


def test_defaults_closures_and_metadata():
    scale = 3.0

    @qjit(autograph=True)
    def f(x, y=2.0, *, z=1.0):
        """What f does."""
        if x > 0.5:
            x = scale * x
        return x * y * z

    assert (f.__name__, f.__doc__) == ("f", "What f does.")
    np.testing.assert_allclose(f(1.0, z=2.0), 12.0)


def test_annotated():
    @qjit(autograph=True)
    def f(x: float):
        if x > 0.5:
            x = x**2
        return x

    assert f(2) == 4.0


# Refusals


def test_without_source():
    namespace = {}
    exec("def f(x):\n    return x", namespace)
    with pytest.raises(CompileError, match="autograph cannot convert f"):
        qjit(namespace["f"], autograph=True)


@pytest.mark.parametrize("value", [0.3, 0.7])
def test_a_variable_of_one_branch(value):
    @qjit(autograph=True)
    def f(x):
        if x > 0.5:
            y = x
        return y

    with pytest.raises(CompileError, match="The variable y differs between the branches"):
        f(value)


def test_a_variable_without_a_value_before_the_loop():
    @qjit(autograph=True)
    def f(x, n):
        for i in range(n):
            y = x * i
        return y

    with pytest.raises(CompileError, match="Give y a value before the loop"):
        f(0.3, 2)


def test_a_return_in_a_loop():
    @qjit(autograph=True)
    def f(x, n):
        for i in range(n):
            if x > i:
                return x
        return 0.0

    with pytest.raises(CompileError, match="return"):
        f(0.3, 2)


def test_a_list_that_grows_in_a_loop():
    @qjit(autograph=True)
    def f(x, n):
        values = []
        for _ in range(n):
            values = [*values, x]
        return sum(values)

    with pytest.raises(CompileError, match="changes values"):
        f(0.3, 2)


def test_a_traced_range_elsewhere():
    with pytest.raises(CompileError, match="A range with a traced bound"):
        qjit(lambda n: sum(range(n)), autograph=True)(3)


def test_assignment_to_elements():
    def f(x, n):
        for i in range(x.shape[0]):
            x[i] = x[i] ** 2
        for i in range(n):
            x[i] += 2.0
            if x[i] > 3.0:
                x[i] *= -1
        x[-1:] /= 2
        return x

    x = np.array([0.5, 1.5, 3.0])
    np.testing.assert_allclose(qjit(f, autograph=True)(jnp.asarray(x), 2), f(x.copy(), 2))


def test_assignment_to_elements_of_matrices():
    def f(x, i):
        x[i][1] = 5.0
        x[0, 1] -= 1
        x[:, 0] = 9
        x[1:, ::2] **= 2
        return x

    x = np.arange(9.0).reshape(3, 3)
    np.testing.assert_allclose(qjit(f, autograph=True)(jnp.asarray(x), 1), f(x.copy(), 1))


outer = [0]


def test_elements_of_lists_and_numpy_arrays_are_assigned_as_in_python():
    def f(x):
        numbers, array, names = [0, 0], np.zeros(2), {}
        numbers[0] = x
        array[1] = 2
        names["a"] = x
        names["a"] += 1
        outer[0] += 1
        if x > 1:
            numbers[1] = 1
        else:
            numbers[1] = 2
        return numbers, array, names["a"]

    for x in (0.5, 2.0):
        numbers, array, name = qjit(f, autograph=True)(x)
        assert numbers == [x, 1 if x > 1 else 2]
        assert array.tolist() == [0, 2]
        assert name == x + 1
    assert outer == [2]


def test_functions_of_the_user_in_those_of_libraries():
    def f(x):
        if x > 0:
            y = x**2
        else:
            y = -x
        return y

    x = jnp.array([-1.0, 2.0])
    np.testing.assert_allclose(qjit(jax.vmap(f), autograph=True)(x), [1.0, 4.0])
    np.testing.assert_allclose(qjit(vmap(f, axis_size=1), autograph=True)(x), [1.0])
    np.testing.assert_allclose(qjit(jax.grad(f), autograph=True)(3.0), 6.0)
