"""Random numbers of compiled programs: independent, and the same for the same seed."""

from concurrent.futures import ThreadPoolExecutor

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml
import pytest

from qgrad_lab import cond, for_loop, grad, qjit, while_loop

DEVICE = qml.device("lightning.qubit", wires=1)


@qml.set_shots(1000)
@qml.qnode(DEVICE, diff_method="parameter-shift")
def circuit(x):
    """Two results are equal with a probability of about 0.02."""
    qml.RX(x, 0)
    return qml.expval(qml.Z(0))


@qml.set_shots(64)
@qml.qnode(DEVICE)
def coins():
    """Two results are equal with a probability of 2**-64."""
    qml.Hadamard(0)
    return qml.sample(wires=0)


@qml.set_shots(64)
@qml.qnode(DEVICE)
def tied_coins(x):
    qml.RX(jnp.pi / 2 + 0.0 * x, 0)
    return qml.sample(wires=0)


def own_loop():
    @for_loop(0, 5)
    def body(i, found):
        return found.at[i].set(coins())

    return body(jnp.zeros((5, 64, 1), int))


def own_while():
    @while_loop(lambda i, found: i < 5)
    def body(i, found):
        return i + 1, found.at[i].set(coins())

    return body(0, jnp.zeros((5, 64, 1), int))[1]


def nested_loops():
    @for_loop(0, 2)
    def outer(i, found):
        @for_loop(0, 3)
        def inner(j, found):
            return found.at[3 * i + j].set(coins())

        return inner(found)

    return outer(jnp.zeros((6, 64, 1), int))


def scan():
    return jax.lax.scan(lambda c, _: (c, coins()), 0, length=5)[1]


def fori():
    return jax.lax.fori_loop(
        0, 5, lambda i, found: found.at[i].set(coins()), jnp.zeros((5, 64, 1), int)
    )


def branches():
    heads = cond(jnp.sum(coins()) >= 0, coins, lambda: -coins())
    return jnp.stack([heads(), heads(), coins()])


jitted = jax.jit(coins)
compiled = qjit(coins)

PROGRAMS = {
    "two QNodes": lambda: jnp.stack([coins(), coins()]),
    "vmap": lambda: jax.vmap(tied_coins)(jnp.zeros(5)),
    "vmap of vmap": lambda: jax.vmap(jax.vmap(tied_coins))(jnp.zeros((3, 2))).reshape(6, 64, 1),
    "vmap of scan": lambda: jax.vmap(
        lambda x: jax.lax.scan(lambda c, _: (c, tied_coins(x)), 0, length=3)[1]
    )(jnp.zeros(2)).reshape(6, 64, 1),
    "scan": scan,
    "fori_loop": fori,
    "for_loop": own_loop,
    "while_loop": own_while,
    "nested loops": nested_loops,
    "branches": branches,
    "jit": lambda: jnp.stack([jitted(), coins()]),
    "qjit inside": lambda: jnp.stack([compiled(), compiled(), coins()]),
    "shot vector": lambda: jnp.stack(qml.set_shots(coins, ((64, 3),))()),
}


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("seeded", [False, True])
def test_everything_in_a_program_is_independent(name, seeded):
    f = qjit(PROGRAMS[name], seed=5 if seeded else None)
    first, second = np.asarray(f()), np.asarray(f())
    rows = {row.tobytes() for row in first}
    assert len(rows) == len(first)
    assert np.array_equal(first, second) == seeded
    if not seeded:
        assert not rows & {row.tobytes() for row in second}


@pytest.mark.parametrize("name", ["scan", "vmap", "for_loop", "qjit inside"])
def test_a_seed_is_all_that_matters(name):
    first = np.asarray(qjit(PROGRAMS[name], seed=5)())
    np.testing.assert_array_equal(qjit(PROGRAMS[name], seed=5)(), first)
    assert not np.array_equal(qjit(PROGRAMS[name], seed=6)(), first)


@pytest.mark.parametrize("name", ["scan", "vmap", "two QNodes", "shot vector"])
def test_threads_give_the_same_bits(name):
    f = qjit(PROGRAMS[name], seed=5)
    expected = np.asarray(f())
    with ThreadPoolExecutor(8) as pool:
        results = pool.map(lambda _: np.asarray(f()), range(64))
        assert all(np.array_equal(result, expected) for result in results)


def test_derivatives_are_seeded_too():
    f = qjit(jax.value_and_grad(circuit), seed=1)
    first = [float(value) for value in f(0.3)]
    assert first == [float(value) for value in f(0.3)]
    assert first != [float(value) for value in qjit(jax.value_and_grad(circuit), seed=2)(0.3)]
    unseeded = qjit(grad(circuit))
    assert len({float(unseeded(0.3)) for _ in range(10)}) > 1


def test_under_an_outer_jit():
    f = qjit(coins)
    outer = jax.jit(lambda: (f(), f()))
    results = [*outer(), *outer()]
    assert len({np.asarray(result).tobytes() for result in results}) == 4
    seeded = qjit(coins, seed=3)
    outer = jax.jit(lambda: seeded())
    np.testing.assert_array_equal(outer(), outer())


def test_the_outer_seed_counts():
    inner = qjit(coins, seed=1)
    first, second = qjit(lambda: (inner(), inner()), seed=2)()
    assert not np.array_equal(first, second)
    alone = qjit(lambda: inner())
    np.testing.assert_array_equal(alone(), alone())


def test_iterations_of_a_differentiated_loop():
    """JAX evaluates what does not depend on the iteration once; ours does for every one."""

    def product(x):
        @for_loop(0, 4)
        def body(i, state):
            total, found = state
            value = circuit(1.0)
            return total * value, found.at[i].set(value)

        total, found = body((x, jnp.zeros(4)))
        return total, jax.lax.stop_gradient(found)

    slope, found = qjit(jax.grad(product, has_aux=True))(1.0)
    assert len(set(found.tolist())) > 1
    np.testing.assert_allclose(slope, np.prod(found))


def test_uniform_keys():
    """Bits of keys, seeded or not, are as often 0 as 1 (6 standard deviations)."""
    from qgrad_lab.engine.randomness import next_key

    for seed in (None, 0):
        f = qjit(lambda: jax.lax.scan(lambda c, _: (c, next_key()), 0, length=4000)[1], seed=seed)
        bits = np.unpackbits(np.asarray(f()).view(np.uint8).reshape(4000, 8), axis=1)
        assert np.abs(bits.mean(axis=0) - 0.5).max() < 6 * 0.5 / np.sqrt(4000)
        assert abs((bits[1:] ^ bits[:-1]).mean() - 0.5) < 6 * 0.5 / np.sqrt(64 * 3999)
