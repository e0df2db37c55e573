"""Random hybrid programs: value, gradient and Hessian against a reference in plain JAX.

Set QGRAD_SEED to repeat a run and QGRAD_PROGRAMS for the number of programs.
"""

import os

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, note, seed, settings

from qgrad_lab import grad, qjit
from tests.support.circuits import SEED
from tests.support.hybrid import KINDS, Block, Compiled, Plain, programs, run

PROGRAMS = int(os.environ.get("QGRAD_PROGRAMS", 27))
"""Over all kinds; every third of them has its Hessian compared too."""

GRADIENT_TOLERANCE = 1e-8
HESSIAN_TOLERANCE = 1e-6
ARGUMENTS = {
    "a": jnp.array(0.37),
    "pair": (jnp.array(-1.21), jnp.array([0.94, 1.3])),
}


def function(block: Block, machine):
    """The program as a function of a pytree."""

    def loss(arguments):
        a, (b, c) = arguments["a"], arguments["pair"]
        values = run(block, [a, b, *c], machine)
        return jnp.sum(jnp.stack(values) * jnp.cos(jnp.arange(1.0, len(values) + 1)))

    return loss


def flat(function):
    """The same as a function of a vector, whose second derivatives are a matrix."""
    leaves, tree = jax.tree.flatten(ARGUMENTS)

    def of_vector(x):
        parts = jnp.split(x, np.cumsum([leaf.size for leaf in leaves])[:-1])
        shaped = [part.reshape(leaf.shape) for part, leaf in zip(parts, leaves, strict=True)]
        return function(jax.tree.unflatten(tree, shaped))

    return of_vector


VECTOR = jnp.concatenate([jnp.ravel(leaf) for leaf in jax.tree.leaves(ARGUMENTS)])


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_and_hessians(kind):
    count = 0

    @seed(SEED)
    @settings(
        max_examples=max(1, PROGRAMS // len(KINDS)),
        deadline=None,
        database=None,
        print_blob=True,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(block=programs(kind))
    def check(block):
        nonlocal count
        note(f"QGRAD_SEED={SEED}")
        found = qjit(grad(function(block, Compiled())))(ARGUMENTS)
        expected = jax.grad(function(block, Plain()))(ARGUMENTS)
        for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
            np.testing.assert_allclose(one, other, atol=GRADIENT_TOLERANCE, rtol=GRADIENT_TOLERANCE)
        count += 1
        if count % 3:
            return
        second = jax.hessian(qjit(flat(function(block, Compiled()))))(VECTOR)
        expected = jax.jacfwd(jax.grad(flat(function(block, Plain()))))(VECTOR)
        np.testing.assert_allclose(second, expected, atol=HESSIAN_TOLERANCE, rtol=HESSIAN_TOLERANCE)

    check()
