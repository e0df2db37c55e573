"""``with_diff_method``: the same program, all QNodes differentiated in another way."""

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml
import pytest

import qgrad_lab
from qgrad_lab import CompileError, grad, qjit, reference, with_diff_method
from qgrad_lab.core.jaxprs import equations


@qml.qnode(qml.device("lightning.qubit", wires=2), diff_method="adjoint")
def inner(x):
    qml.RX(x, wires=0)
    qml.CNOT(wires=[0, 1])
    return qml.expval(qml.Z(1))


@qml.qnode(qml.device("lightning.qubit", wires=1), diff_method=None)
def refused(x):
    qml.RY(x, wires=0)
    return qml.expval(qml.X(0))


def model(x):
    return inner(x) ** 2 + jax.jit(lambda y: jnp.sin(refused(y)))(2 * x)


def methods(f, *args):
    """The engine's methods of the circuits in a compiled program."""
    f(*args)
    found = equations(f.jaxpr.jaxpr)
    return {e.params["member"].method for e in found if e.primitive.name == "circuit"}


def test_every_qnode_is_told():
    compiled = qjit(with_diff_method(model, "parameter-shift"))
    assert methods(compiled, 0.3) == {"parameter-shift"}
    shift = qjit(grad(with_diff_method(model, "parameter-shift")))(0.3)
    adjoint = qjit(grad(with_diff_method(model, "adjoint")))(0.3)
    expected = jax.grad(reference(model))(0.3)
    np.testing.assert_allclose([shift, adjoint], expected, rtol=0, atol=1e-12)


def test_traces_of_different_methods_do_not_mix():
    compiled = qjit(inner)
    for name in ("parameter-shift", "adjoint", "parameter-shift"):
        again = qjit(with_diff_method(compiled, name))
        assert methods(again, 0.3) == {name}
    assert methods(compiled, 0.3) == {"adjoint"}


def test_a_compiled_function_called_with_another_method():
    shifted = jax.make_jaxpr(with_diff_method(qjit(inner), "parameter-shift"))(0.3)
    (circuit,) = [e for e in equations(shifted.jaxpr) if e.primitive.name == "circuit"]
    assert circuit.params["member"].method == "parameter-shift"


def test_the_outer_method_counts():
    twice = with_diff_method(with_diff_method(inner, "adjoint"), "parameter-shift")
    assert methods(qjit(twice), 0.3) == {"parameter-shift"}


def test_outside_of_compiled_programs_pennylane_is_told():
    @qml.qnode(qml.device("default.qubit", wires=1), diff_method=None)
    def circuit(x):
        qml.RX(x, wires=0)
        return qml.expval(qml.Z(0))

    slope = jax.grad(with_diff_method(circuit, "parameter-shift"))(0.3)
    assert abs(slope + np.sin(0.3)) < 1e-12


def test_names_and_errors():
    changed = with_diff_method(model, "adjoint")
    assert changed.__name__ == "model"
    with pytest.raises(ValueError, match="Invalid diff_method 'magic': for all QNodes"):
        with_diff_method(model, "magic")
    with pytest.raises(TypeError, match="not a callable"):
        with_diff_method(3, "adjoint")
    with pytest.raises(CompileError, match="QNode inner is on the device lightning.qubit"):
        qjit(grad(with_diff_method(inner, "backprop")))(0.3)
    # Nothing is left behind by a failure.
    assert abs(qjit(grad(inner))(0.3) + np.sin(0.3)) < 1e-12
    assert qgrad_lab.with_diff_method is with_diff_method
