"""The stages of a compiled function as JAX has them, and its way to other processes by pickle."""

import pickle
import pickletools

import jax
import jax.export
import jax.numpy as jnp
import numpy as np
import pennylane as qml
import pytest

from qgrad_lab import grad, hessian, jacobian, qjit, value_and_grad, while_loop
from qgrad_lab.core.jaxprs import equations
from qgrad_lab.engine.library import TARGETS
from qgrad_lab.engine.primitive import circuit_p

ALLOWED = [jax.export.DisabledSafetyCheck.custom_call(name) for name in TARGETS]


@qml.qnode(qml.device("lightning.qubit", wires=2))
def circuit(x):
    qml.RX(x, wires=0)
    qml.CNOT(wires=[0, 1])
    return qml.expval(qml.Z(1))


def circuits(traced):
    return sum(equation.primitive is circuit_p for equation in equations(traced.jaxpr.jaxpr))


# Stages


def test_a_compiled_function_is_wrapped_as_jax_wraps_one():
    f = qjit(circuit)
    assert isinstance(f, jax.stages.Wrapped)
    traced = f.trace(0.4)
    assert isinstance(traced, jax.stages.Traced)
    assert circuits(traced) == 1
    assert traced.out_info.shape == () and traced.out_info.dtype == np.dtype(float)
    lowered = traced.lower()
    assert isinstance(lowered, jax.stages.Lowered)
    assert lowered.as_text() == f.lower(0.4).as_text()
    assert "@qgrad_lab_derivative" in lowered.as_text()
    compiled = lowered.compile()
    assert isinstance(compiled, jax.stages.Compiled)
    np.testing.assert_allclose(compiled(0.4), np.cos(0.4))


def test_stages_take_abstract_arguments():
    f = qjit(lambda angles, *, scale: scale * circuit(angles[0]))
    shapes = [jax.ShapeDtypeStruct((3,), float), jax.ShapeDtypeStruct((), float)]
    compiled = f.lower(shapes[0], scale=shapes[1]).compile()
    np.testing.assert_allclose(compiled(jnp.full(3, 0.4), scale=2.0), 2 * np.cos(0.4))
    assert circuits(f.trace(shapes[0], scale=shapes[1])) == 1


def test_a_trace_is_of_the_program_that_a_call_runs():
    runs = []

    @qjit(static_argnames="power", seed=7)
    def f(x: float, power):
        runs.append(power)
        return circuit(x) ** power

    f.trace(0.4, power=2)
    f.lower(0.4, power=2)
    np.testing.assert_allclose(f(0.4, power=2), np.cos(0.4) ** 2)
    assert runs == [2]


@pytest.mark.filterwarnings("error")
def test_declared_arguments_are_converted_as_in_a_call():
    @qjit
    def f(x: float):
        return circuit(x)

    (aval,) = f.trace(1).jaxpr.in_avals
    assert aval.dtype == np.dtype(float)
    assert f.lower(1).as_text() == f.lower(1.0).as_text()


def test_sampled_programs_have_the_numbers_of_their_seed():
    @qjit(seed=3)
    @qml.set_shots(50)
    @qml.qnode(qml.device("lightning.qubit", wires=1))
    def sampled(x):
        qml.RX(x, wires=0)
        return qml.sample()

    np.testing.assert_array_equal(sampled.lower(0.9).compile()(0.9), sampled(0.9))


def test_an_error_is_that_of_a_call():
    @qjit
    @qml.qnode(qml.device("lightning.qubit", wires=1))
    def wrong(x):
        qml.RX(x, wires=7)
        return qml.expval(qml.Z(0))

    told = []
    for step in (wrong, wrong.trace, wrong.lower, lambda x: wrong.executable((x,), {})):
        with pytest.raises(Exception) as caught:
            step(0.4)
        told.append((type(caught.value), str(caught.value)))
        frames = [entry.path.name for entry in caught.traceback]
        assert "compiled.py" not in frames
    assert len(set(told)) == 1


@qjit
def doublings(x):
    return while_loop(lambda x, n: x < 1.0)(lambda x, n: (2 * x, n + 1))(x, 0)[1]


def test_what_was_lowered_by_hand_does_not_grow_and_the_next_does():
    small = doublings.lower(1.0).compile()
    assert small(2.0**-20) == 20
    with pytest.raises(Exception, match="loop .* iterations or more") as caught:
        small(2.0**-100).block_until_ready()
    doublings.make_room(caught.value)
    while True:
        try:
            assert doublings.lower(1.0).compile()(2.0**-100).block_until_ready() == 100
            break
        except jax.errors.JaxRuntimeError as error:
            doublings.make_room(error)
    assert doublings(2.0**-100) == 100
    with pytest.raises(ZeroDivisionError, match="something else"):
        doublings.make_room(ZeroDivisionError("something else"))


def test_programs_that_may_be_refused_are_waited_for_after_they_were_lowered_by_hand():
    @qjit
    @qml.qnode(qml.device("lightning.qubit", wires=2))
    def at(wire):
        qml.PauliX(wire)
        return qml.expval(qml.Z(1))

    at.trace(1).lower().compile()
    assert at(1) == -1.0
    with pytest.raises(ValueError, match="wire"):
        at(9)


def test_export_takes_a_compiled_function():
    exported = jax.export.export(qjit(circuit), disabled_checks=ALLOWED)(0.3)
    np.testing.assert_allclose(exported.call(0.3), np.cos(0.3))


def test_its_options_compile_it_anew():
    f = qjit(lambda x, n: x**n, static_argnums=1, seed=5, verbose=True)
    again = qjit(f, **f.options)
    assert again is not f and again.options == f.options
    assert f.options == {
        "static_argnums": (1,),
        "static_argnames": (),
        "autograph": False,
        "seed": 5,
        "verbose": True,
        "disable_assertions": False,
    }


# Pickles


def squared(x):
    return circuit(x) ** 2


@grad
def slope(x):
    return circuit(x)


def modules(pickled):
    """Names that a pickle has of modules of the package."""
    texts = [argument for _, argument, _ in pickletools.genops(pickled) if type(argument) is str]
    return {text for text in texts if text.startswith("qgrad_lab")}


PUBLIC = {f"qgrad_lab:{name}" for name in ("qjit", "grad", "value_and_grad", "jacobian", "hessian")}

MADE = {
    "qjit": qjit(squared, seed=3),
    "gradient": grad(squared),
    "with its value": value_and_grad(squared, method="fd", h=1e-4),
    "jacobian": jacobian(squared, argnums=0),
    "compiled hessian": qjit(hessian(squared)),
}


@pytest.mark.parametrize("name", MADE)
def test_a_pickle_names_what_is_public_alone(name):
    made = MADE[name]
    pickled = pickle.dumps(made)
    assert modules(pickled) and modules(pickled) <= PUBLIC
    moved = pickle.loads(pickled)
    assert repr(moved) == repr(made)
    for one, other in zip(jax.tree.leaves(moved(0.3)), jax.tree.leaves(made(0.3)), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-12)


def test_a_derivative_is_pickled_by_name_where_it_has_one():
    assert pickle.loads(pickle.dumps(slope)) is slope
