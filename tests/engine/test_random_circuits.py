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
from hypothesis import HealthCheck, Phase, given, note, seed, settings

from qgrad_lab import qjit, reference
from qgrad_lab.gates.table import GATES
from qgrad_lab.methods.table import Scope, names_of
from tests.support.circuits import MEASUREMENTS, SEED, Recipe, function, recipes, sum_of_words

EXAMPLES = int(os.environ.get("QGRAD_EXAMPLES", 7))
HESSIAN_EXAMPLES = max(2, EXAMPLES // 3)
METHODS = names_of(Scope.QNODES)
TOLERANCE = 1e-9
HESSIAN_TOLERANCE = 1e-8
X = jnp.array([0.37, -1.21, 2.3, 0.94])

# Nearly all of the time is spent compiling, most of it default.qubit.
QUICK = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}

drawn: collections.Counter = collections.Counter()
"""How many circuits held each gate, each measurement, each number of wires."""


def measured_with(must: str) -> tuple[str, str]:
    """A measurement for each gate, so that all of them come up."""
    return MEASUREMENTS[list(GATES).index(must) % len(MEASUREMENTS)]


def on_circuits(must: str, examples: int, **limits):
    """Run a test on random circuits drawn from the seed; a failing one is shrunk and printed."""

    def decorate(test):
        test = given(recipe=recipes(must, measured_with(must), **limits))(test)
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


def run(function, x):
    """Compile and run a function once."""
    return jax.jit(function).lower(x).compile(compiler_options=QUICK)(x)


def count(recipe: Recipe) -> None:
    drawn["circuits"] += 1
    drawn.update({op.name for op in recipe.ops})
    drawn.update({(measure.kind, measure.form) for measure in recipe.measures})
    drawn.update({"controls", recipe.num_wires} if any(op.controls for op in recipe.ops) else ())
    drawn.update({"adjoint"} if any(op.adjoint for op in recipe.ops) else ())


@pytest.mark.parametrize("must", GATES)
def test_values_and_gradients_agree(must):
    @on_circuits(must, EXAMPLES, num_x=len(X), max_ops=8, max_wires=6)
    def check(recipe):
        note(f"QGRAD_SEED={SEED}")
        count(recipe)
        expected = run(jax.value_and_grad(independent(recipe)), X)
        functions = [jax.value_and_grad(compiled(recipe, method)) for method in METHODS]
        for found in run(lambda x: [each(x) for each in functions], X):
            for one, other in zip(found, expected, strict=True):
                np.testing.assert_allclose(one, other, rtol=TOLERANCE, atol=TOLERANCE)

    check()


@pytest.mark.parametrize("must", GATES)
def test_hessians_agree(must):
    @on_circuits(must, HESSIAN_EXAMPLES, num_x=3, max_ops=4, max_wires=4)
    def check(recipe):
        note(f"QGRAD_SEED={SEED}")
        drawn["hessians"] += 1
        expected = run(jax.hessian(independent(recipe)), X[:3])
        functions = [jax.hessian(compiled(recipe, method)) for method in METHODS]
        for found in run(lambda x: [each(x) for each in functions], X[:3]):
            np.testing.assert_allclose(
                found, expected, rtol=HESSIAN_TOLERANCE, atol=HESSIAN_TOLERANCE
            )

    check()


def test_everything_was_covered():
    """Each gate and each measurement, often enough, whatever the seed."""
    if drawn["circuits"] < EXAMPLES * len(GATES) or not drawn["hessians"]:
        pytest.skip("only a part of the random circuits was run")
    print({str(key): number for key, number in sorted(drawn.items(), key=str)})
    assert drawn["circuits"] >= 200 and drawn["hessians"] >= 50
    for key in (*GATES, *MEASUREMENTS, "controls", "adjoint"):
        assert drawn[key] >= 3, key
