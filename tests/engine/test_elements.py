"""Elements of vectors at known positions, sums of them, and vectors taken apart."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from qgrad_lab.engine.elements import parts, put_p, take
from qgrad_lab.engine.library import PARTS_TARGET, PUT_TARGET, TAKE_TARGET

rng = np.random.default_rng(11)
POSITIONS = np.array([3, 0, 3, 4, 3, 1])
X = jnp.asarray(rng.normal(size=5))
SIZES = (1, 0, 3, 1)


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("shape", [(), (1,), (4,), (2, 3), (0,)])
def test_what_numpy_gives(shape, compiled):
    jit = jax.jit if compiled else lambda f: f
    values = rng.normal(size=(*shape, 5))
    x = jnp.asarray(values)
    np.testing.assert_array_equal(jit(lambda x: take(x, POSITIONS))(x), values[..., POSITIONS])
    found = jit(lambda x: parts(x, SIZES))(x)
    for part, expected in zip(found, np.split(values, [1, 1, 4], axis=-1), strict=True):
        np.testing.assert_array_equal(part, expected)


def test_the_transpose_adds_up():
    cotangent = jnp.arange(6.0)
    _, pullback = jax.vjp(lambda x: take(x, POSITIONS), X)
    np.testing.assert_array_equal(pullback(cotangent)[0], [1, 5, 0, 0 + 2 + 4, 3])


@pytest.mark.parametrize("size", [5, 1000])
def test_every_derivative_in_both_modes(size):
    x = jnp.asarray(rng.normal(size=size))

    def function(x):
        a, b = parts(take(jnp.sin(x), POSITIONS) * x[0], (2, 4))
        return jnp.sum(a) * jnp.sum(b * take(b, np.array([3, 3, 0, 1])))

    check_grads(function, (x,), order=3, modes=("fwd", "rev"))
    np.testing.assert_allclose(
        jax.hessian(function)(x), jax.jacrev(jax.jacrev(function))(x), atol=1e-12
    )


@pytest.mark.parametrize("in_axes", [0, 1])
def test_batches(in_axes):
    batch = jnp.asarray(rng.normal(size=(5, 5)))

    def function(x):
        first, *_, last = parts(take(x, POSITIONS), (2, 0, 4))
        return jnp.sum(first) * jnp.sum(last**2)

    found = jax.vmap(jax.grad(function), in_axes=in_axes)(batch)
    for row, x in zip(found, batch if in_axes == 0 else batch.T, strict=True):
        np.testing.assert_allclose(row, jax.grad(function)(x), atol=1e-12)


def test_in_branches_and_loops():
    def function(x):
        def body(carry, _):
            carry = jax.lax.cond(
                carry[0] > 0, lambda c: take(c, np.array([4, 3, 2, 1, 0])), lambda c: -c, carry
            )
            return carry, carry[1]

        return jax.lax.scan(body, x, None, length=3)[1]

    found = jax.jit(jax.vmap(function))(jnp.stack([X, -X]))
    np.testing.assert_array_equal(found, jnp.stack([function(X), function(-X)]))


def test_positions_are_part_of_the_program():
    jaxpr = str(jax.make_jaxpr(lambda x: take(x, POSITIONS))(X))
    assert "take[positions=<6 positions> size=5]" in jaxpr
    once = jax.make_jaxpr(lambda x: (take(x, POSITIONS), take(x, POSITIONS.copy())))(X)
    first, second = (equation.params["positions"] for equation in once.jaxpr.eqns)
    assert first == second
    assert hash(first) == hash(second)
    assert first != jax.make_jaxpr(lambda x: take(x, POSITIONS[:2]))(X).eqns[0].params["positions"]


@pytest.mark.parametrize("position", [-1, 5, 2**40, -(2**63)])
def test_the_native_library_reads_and_writes_nothing_out_of_range(position):
    positions = np.array([0, position, 1])
    with pytest.raises(Exception, match="qgrad_lab: a position is out of range"):
        jax.block_until_ready(take(X, positions))
    with pytest.raises(Exception, match="qgrad_lab: a position is out of range"):
        params = jax.make_jaxpr(lambda x: take(x, positions))(X).eqns[0].params
        jax.block_until_ready(put_p.bind(jnp.ones(3), **params))


@pytest.mark.parametrize(
    ("target", "operands", "results"),
    [
        (TAKE_TARGET, [(2, 5), (3,)], (1, 3)),
        (TAKE_TARGET, [(2, 5), (3,)], (2, 4)),
        (TAKE_TARGET, [(5,), (3,)], (1, 3)),
        (PUT_TARGET, [(2, 5), (3,)], (2, 5)),
        (PUT_TARGET, [(2, 3), (3,)], (1, 5)),
        (PARTS_TARGET, [(2, 5)], [(2, 3), (2, 3)]),
        (PARTS_TARGET, [(2, 5)], [(1, 3)]),
        (PARTS_TARGET, [(2, 5)], [(3,)]),
    ],
)
def test_the_native_library_refuses_shapes_that_do_not_fit(target, operands, results):
    many = isinstance(results, list)
    shapes = [jax.ShapeDtypeStruct(s, jnp.float64) for s in (results if many else [results])]
    arrays = [
        jnp.zeros(s, jnp.int64 if target != PARTS_TARGET and i == 1 else jnp.float64)
        for i, s in enumerate(operands)
    ]
    with pytest.raises(Exception, match="fit|rank|shape"):
        jax.block_until_ready(jax.ffi.ffi_call(target, shapes if many else shapes[0])(*arrays))
