"""What PennyLane does with compiled QNodes: transforms, specs, drawings of adaptive circuits."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml
import pytest

from qgrad_lab import CompileError, cond, measure, qjit

DEVICE = qml.device("lightning.qubit", wires=2)


@qml.qnode(DEVICE)
def circuit(x):
    qml.RX(x[0], 0)
    qml.CNOT([0, 1])
    qml.CNOT([0, 1])
    qml.RY(x[1], 0)
    return qml.expval(qml.Z(0))


X = jnp.array([0.3, 0.8])


@pytest.mark.parametrize(
    "transform",
    [
        qml.transforms.cancel_inverses,
        qml.transforms.merge_rotations,
        functools.partial(qml.metric_tensor, approx="block-diag"),
        qml.compile,
    ],
)
def test_transforms_of_compiled_qnodes(transform):
    of_compiled = transform(qjit(circuit, seed=3))
    assert of_compiled.seed == 3
    reference = transform(circuit.update(device=qml.device("default.qubit", wires=2)))
    np.testing.assert_allclose(of_compiled(X), reference(X), atol=1e-12)


def test_the_gradient_of_a_transformed_one():
    slopes = jax.grad(qml.transforms.cancel_inverses(qjit(circuit)))(X)
    np.testing.assert_allclose(
        slopes, [-np.sin(0.3) * np.cos(0.8), -np.cos(0.3) * np.sin(0.8)], atol=1e-12
    )


def test_specs_are_those_of_the_qnode():
    assert qml.specs(qjit(circuit))(X).resources.gate_types == {"RX": 1, "CNOT": 2, "RY": 1}


def test_an_adaptive_circuit_is_drawn():
    @qjit
    @qml.qnode(DEVICE)
    def adaptive(x):
        qml.RX(x, 0)
        m = measure(0)
        cond(m, lambda: qml.RY(x, 1), lambda: qml.X(1))()
        cond(m, qml.RZ)(x, 1)

        @cond(m == 0)
        def flip():
            qml.X(1)

        flip()
        return qml.expval(qml.Z(1))

    np.testing.assert_allclose(
        adaptive(0.3), np.cos(0.15) ** 2 + np.sin(0.15) ** 2 * np.cos(0.3), atol=1e-12
    )
    drawn = qml.draw(adaptive)(0.3)
    assert drawn.count("RY(0.30)") == 1 and "┤↗├" in drawn
    assert qml.draw_mpl(adaptive)(0.3)[1] is not None


@pytest.mark.parametrize(
    ("program", "kinds"),
    [
        (lambda: qjit(lambda x: x, static_argnums=3)(1.0), [CompileError, ValueError]),
        (lambda: qjit(lambda x: measure([0, 1]))(1.0), [CompileError, TypeError]),
        (lambda: qjit(lambda x: measure(0, postselect=-1))(1.0), [ValueError, TypeError]),
        (lambda: qjit(lambda n: jnp.ones((n, 2)))(3), [CompileError, TypeError]),
        (lambda: qjit(lambda n: jnp.zeros(3).reshape(n))(3), [CompileError, TypeError]),
        (lambda: qjit(lambda n: n, abstracted_axes={0: "n"}), [CompileError, ValueError]),
    ],
)
def test_errors_of_several_classes(program, kinds):
    for kind in kinds:
        with pytest.raises(kind):
            program()
