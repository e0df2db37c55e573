"""Parameters that are elements of arrays: gathered at once, whatever way they were indexed."""

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml
import pytest

from qgrad_lab import for_loop, grad, qjit, reference
from qgrad_lab.circuit.classical.constants import Constants
from qgrad_lab.circuit.classical.tracking import track
from qgrad_lab.circuit.control import elementwise
from qgrad_lab.core.jaxprs import equations

COUNT = 5
X = jnp.asarray(np.random.default_rng(5).uniform(-2.0, 2.0, (COUNT, 3)))
ORDER = np.array([3, 0, 4, 1, 1])

# From the array, the number of an iteration, and a permutation that is known when it runs.
ANGLES = {
    "row by row": lambda x, i, order: x[i, 0],
    "negative": lambda x, i, order: x[-1 - i, -1],
    "counted": lambda x, i, order: x.ravel()[3 * i + 1],
    "from the end": lambda x, i, order: x[COUNT - 1 - i, 2],
    "halved": lambda x, i, order: x[i // 2, 1],
    "remainder": lambda x, i, order: x[(7 * i - 4) % COUNT, i % 3],
    "a row first": lambda x, i, order: x[i][::-1][0],
    "a column first": lambda x, i, order: x[:, 1][i],
    "a known order": lambda x, i, order: x[jnp.asarray(ORDER)[i], 0],
    "an order of the call": lambda x, i, order: x[order[i], 0],
    "always the same": lambda x, i, order: x[2, 2],
    "beyond the end": lambda x, i, order: x[i + 3, 0],
    "filled beyond the end": lambda x, i, order: x.at[i + 3, 0].get(mode="fill", fill_value=0.5),
    "two of them": lambda x, i, order: x[i, 0] * jnp.cos(x[i, 1]) + i,
    "a choice": lambda x, i, order: jnp.where(i % 2 == 0, x[i, 0], x[i, 1]),
    "a minimum": lambda x, i, order: x[jnp.minimum(i, 2), jnp.clip(i, 1, 2)],
    "a mean": lambda x, i, order: jnp.mean(x[i]),
    "a row of a transpose": lambda x, i, order: x.T[i % 3, i],
    "a single-precision copy": lambda x, i, order: x.astype("float32")[i, 0],
    "a slice": lambda x, i, order: jax.lax.dynamic_slice(x, (i, 0), (1, 2))[0, 1],
}


def circuit(angle, loop):
    @qml.qnode(qml.device("lightning.qubit", wires=2), diff_method="adjoint")
    def circuit(x, order):
        def body(i):
            qml.RX(angle(x, i, order), wires=i % 2)
            qml.CNOT(wires=[0, 1])

        if loop:
            for_loop(0, COUNT)(body)()
        else:
            for i in range(COUNT):
                body(i)
        return qml.expval(qml.Z(0) @ qml.Z(1))

    return circuit


@pytest.mark.parametrize("name", ANGLES)
@pytest.mark.parametrize("loop", [True, False], ids=["loop", "unrolled"])
def test_gradients_are_those_of_the_reference(name, loop):
    angle = ANGLES[name]
    got = qjit(grad(circuit(angle, loop)))(X, jnp.asarray(ORDER))
    # Python's integers do not clip; those of a loop are JAX's.
    traced = lambda x, i, order: angle(x, jnp.asarray(i), order)  # noqa: E731
    expected = jax.grad(reference(circuit(traced, False)))(X, jnp.asarray(ORDER))
    tolerance = 1e-6 if "precision" in name else 1e-12
    np.testing.assert_allclose(got, expected, atol=tolerance)


def primitives(function, *arguments):
    closed = function.trace(*arguments).jaxpr
    return {equation.primitive.name for equation in equations(closed.jaxpr)}


IN_ORDER = {
    "a whole row": lambda x, i: [x[i, 0], x[i, 1], x[i, 2]],
    "counted": lambda x, i: [x.ravel()[3 * i + k] for k in range(3)],
    "unstacked": lambda x, i: list(x[i]),
}


@pytest.mark.parametrize("name", IN_ORDER)
def test_a_loop_over_an_array_in_order_does_nothing_but_the_circuit(name):
    """No loop, no gather, no scatter: XLA has nothing to compile but the call."""

    @qjit
    @grad
    @qml.qnode(qml.device("lightning.qubit", wires=3))
    def program(x):
        @for_loop(0, COUNT)
        def body(i):
            for k, angle in enumerate(IN_ORDER[name](x, i)):
                qml.RX(angle, wires=k)
            qml.CNOT(wires=[i % 3, (i + 1) % 3])

        body()
        return qml.expval(qml.Z(0))

    found = primitives(program, X)
    allowed = {"circuit", "reshape", "jit", "broadcast_in_dim", "squeeze", "device_put"}
    assert found <= allowed, found - allowed


def test_nested_loops_over_an_array_in_order():
    @qjit
    @grad
    @qml.qnode(qml.device("lightning.qubit", wires=3))
    def program(x):
        @for_loop(0, COUNT)
        def outer(i):
            @for_loop(0, 3)
            def inner(k):
                qml.RX(x[i, k], wires=k)

            inner()
            qml.CNOT(wires=[0, 1])

        outer()
        return qml.expval(qml.Z(0) @ qml.Z(1))

    assert not {"scan", "while", "gather"} & primitives(program, X)

    @qml.qnode(qml.device("lightning.qubit", wires=3))
    def unrolled(x):
        for i in range(COUNT):
            for k in range(3):
                qml.RX(x[i, k], wires=k)
            qml.CNOT(wires=[0, 1])
        return qml.expval(qml.Z(0) @ qml.Z(1))

    np.testing.assert_allclose(program(X), jax.grad(reference(unrolled))(X), atol=1e-12)


def test_iterations_with_random_numbers_stay_iterations():
    """Each iteration of a loop draws its own: what is drawn once would be the same in all."""

    @qjit(seed=3)
    def program(x):
        @qml.set_shots(1)
        @qml.qnode(qml.device("lightning.qubit", wires=1))
        def coin(x):
            qml.RX(x, wires=0)
            return qml.sample(wires=0)

        @for_loop(0, 64)
        def body(i, outcomes):
            return outcomes.at[i].set(coin(x)[0, 0])

        return body(jnp.zeros(64, int))

    assert 10 < int(jnp.sum(program(jnp.pi / 2))) < 54


def test_a_very_long_loop_stays_a_loop_of_xla(monkeypatch):
    monkeypatch.setattr(elementwise, "MAX_ELEMENTS", 10)
    program = qjit(grad(circuit(ANGLES["two of them"], loop=True)))
    assert "scan" in primitives(program, X, jnp.asarray(ORDER))
    expected = jax.grad(reference(circuit(ANGLES["two of them"], False)))(X, jnp.asarray(ORDER))
    np.testing.assert_allclose(program(X, jnp.asarray(ORDER)), expected, atol=1e-12)


POSITIONS = np.arange(60).reshape(3, 4, 5)

GATHERS = {
    "an element": lambda a, i: a[i, 1, 2],
    "two indices": lambda a, i: a[i, :, i + 1],
    "arrays": lambda a, i: a[jnp.stack([i, i + 1]), :, 1],
    "arrays apart": lambda a, i: a[jnp.stack([i, i + 1]), :, jnp.stack([i, i])],
    "a window": lambda a, i: jax.lax.dynamic_slice(a, (i, 1, 0), (2, 3, 1)),
    "beyond the end": lambda a, i: jax.lax.dynamic_slice(a, (i + 2, 3, 4), (1, 2, 3)),
    "clipped": lambda a, i: a.at[i + 2, 7].get(mode="clip"),
    "in bounds": lambda a, i: a.at[i, 2].get(mode="promise_in_bounds"),
    "take along": lambda a, i: jnp.take_along_axis(a, jnp.full((3, 1, 5), i), axis=1),
    "of a batch": lambda a, i: jax.vmap(lambda row, k: row[k, 1])(a, i + jnp.arange(3)),
}


@pytest.mark.parametrize("name", GATHERS)
@pytest.mark.parametrize("batched", [False, True])
def test_gather_in_numpy_is_that_of_jax(name, batched):
    function = GATHERS[name]
    index = jnp.array([1, 0, 1]) if batched else jnp.asarray(1)

    def taken(array):
        if batched:
            return jax.vmap(function, in_axes=(None, 0))(array, index)
        return function(array, index)

    array = jnp.asarray(POSITIONS, float)
    closed = jax.make_jaxpr(taken)(array)
    tracked = {closed.jaxpr.invars[0]: POSITIONS}
    track(closed.jaxpr, tracked, Constants(closed.jaxpr, closed.consts))
    assert not batched or "gather" in {e.primitive.name for e in equations(closed.jaxpr)}
    np.testing.assert_array_equal(tracked[closed.jaxpr.outvars[0]], taken(array))


def test_elements_that_are_none_of_the_array_are_left_to_jax():
    closed = jax.make_jaxpr(lambda a: a.at[jnp.array([1, 7])].get(mode="fill", fill_value=0.5))(
        jnp.arange(3.0)
    )
    tracked = {closed.jaxpr.invars[0]: np.arange(3)}
    track(closed.jaxpr, tracked, Constants(closed.jaxpr, closed.consts))
    assert "gather" in {equation.primitive.name for equation in equations(closed.jaxpr)}
    assert closed.jaxpr.outvars[0] not in tracked


INTEGERS = {
    "remainder": lambda i: i % 3,
    "remainder of a negative": lambda i: -i % 4,
    "floor division": lambda i: (i - 5) // 2,
    "C's division": lambda i: jax.lax.div(i - 5, jnp.asarray(2)),
    "C's remainder": lambda i: jax.lax.rem(i - 5, jnp.asarray(3)),
    "by zero": lambda i: jax.lax.rem(i, i - 2),
    "sign and size": lambda i: jnp.sign(i - 2) * jnp.abs(i - 3),
    "overflow": lambda i: (i.astype("int32") + 2**31 - 3) // 7,
    "unsigned": lambda i: i.astype("uint8") - 3,
    "logic": lambda i: ((i > 1) & (i != 3)) | ~(i <= 4) ^ (i == 0),
    "bounds": lambda i: jnp.clip(jnp.maximum(i, 1), 0, 3) + jnp.minimum(i, 2),
    "a table": lambda i: jnp.array([4, 4, 2, 1, 0])[i],
}


@pytest.mark.parametrize("name", INTEGERS)
def test_integers_in_numpy_are_those_of_jax(name):
    function = INTEGERS[name]
    numbers = np.arange(5)
    expected = jax.vmap(function)(jnp.asarray(numbers))
    closed = jax.make_jaxpr(lambda: jax.vmap(function)(jnp.asarray(numbers)))()
    known = Constants(closed.jaxpr, closed.consts)
    track(closed.jaxpr, {}, known)
    value = known.value(closed.jaxpr.outvars[0])
    if value is not None:
        np.testing.assert_array_equal(value, expected)
        assert value.dtype == expected.dtype
    assert (value is None) == (name in ("by zero", "a table"))
