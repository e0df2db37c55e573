"""Random circuits: every method against ``jax.grad`` on ``default.qubit`` with backprop.

Each circuit holds one given gate and one given measurement, so that all of both are covered
whatever the seed. Set QGRAD_SEED to repeat a run and QGRAD_EXAMPLES to draw more circuits for each
gate.
"""

import collections
import os

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml
import pytest
from circuits import MEASUREMENTS, SEED, Recipe, function, recipes, sum_of_words
from hypothesis import HealthCheck, Phase, given, note, seed, settings

from qgrad_lab import qjit, reference
from qgrad_lab.circuit.gates import GATES

EXAMPLES = int(os.environ.get("QGRAD_EXAMPLES", 7))
HESSIAN_EXAMPLES = max(2, EXAMPLES // 3)
METHODS = ["adjoint", "parameter-shift"]
TOLERANCE = 1e-9
HESSIAN_TOLERANCE = 1e-8
X = jnp.array([0.37, -1.21, 2.3, 0.94])

drawn = collections.Counter()
"""How many circuits held each gate and each measurement."""


def circuits(must, measured, num_x, examples, max_ops):
    """Draws circuits from the seed; shrinks a failing one, which prints its decorator."""

    def decorate(test):
        test = given(recipe=recipes(must, measured, num_x, max_ops))(test)
        test = settings(
            max_examples=examples,
            deadline=None,
            database=None,
            print_blob=True,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        )(test)
        return seed(SEED)(test)

    return decorate


def _needs_state(measure) -> bool:
    """Whether ``default.qubit`` is wrong or fails.

    It takes the eigenvectors of a product whose factors share wires from ``eig``, which are not
    orthogonal, and those of a sum of traced words are not differentiable.
    """
    return measure.form == "prod" or (measure.kind == "var" and measure.form != "word")


def scalar(results):
    """A number that depends on every result: each is weighted, the imaginary parts apart."""
    total = 0.0
    for shift, value in enumerate(results):
        weights = jnp.cos(1.7 * jnp.arange(value.size) + shift).reshape(value.shape)
        total += jnp.sum(weights * jnp.real(value))
        if jnp.iscomplexobj(value):
            total += jnp.sum(jnp.sin(weights) * jnp.imag(value))
    return total


def compiled(recipe: Recipe, method: str):
    """The scalar of the circuit, compiled."""
    device = qml.device("lightning.qubit", wires=recipe.num_wires)
    node = qml.QNode(function(recipe), device, diff_method=method)
    return qjit(lambda x: scalar(node(x)))


def independent(recipe: Recipe):
    """The same on ``default.qubit`` with backprop."""
    device = qml.device("lightning.qubit", wires=recipe.num_wires)
    node = qml.QNode(function(recipe, state_instead_of=_needs_state), device)

    def total(x):
        results = list(reference(node)(x))
        for i, measure in enumerate(recipe.measures):
            if _needs_state(measure):
                observable = sum_of_words(measure, x, recipe.num_wires)
                image = observable @ results[i]
                mean = jnp.real(jnp.vdot(results[i], image))
                square = jnp.real(jnp.vdot(image, image))
                results[i] = mean if measure.kind == "expval" else square - mean**2
        return scalar(results)

    return total


def count(recipe: Recipe) -> None:
    drawn["circuits"] += 1
    drawn.update({op.name for op in recipe.ops})
    drawn.update({(measure.kind, measure.form) for measure in recipe.measures})


def _measured(must: str) -> tuple[str, str]:
    return MEASUREMENTS[list(GATES).index(must) % len(MEASUREMENTS)]


@pytest.mark.parametrize("must", GATES)
def test_values_and_gradients_agree(must):
    @circuits(must, _measured(must), len(X), EXAMPLES, max_ops=10)
    def check(recipe):
        note(f"QGRAD_SEED={SEED}")
        count(recipe)
        value, gradient = jax.value_and_grad(independent(recipe))(X)
        for method in METHODS:
            ours = jax.jit(jax.value_and_grad(compiled(recipe, method)))(X)
            np.testing.assert_allclose(ours[0], value, rtol=TOLERANCE, atol=TOLERANCE)
            np.testing.assert_allclose(ours[1], gradient, rtol=TOLERANCE, atol=TOLERANCE)

    check()
