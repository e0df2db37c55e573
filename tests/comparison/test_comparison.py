"""Comparisons of methods: the numbers, and the tables that show them."""

import importlib.util
import re
import subprocess
import sys
import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml
import pytest

from qgrad_lab import CompileError, DifferentiableCompileError, grad, qjit, reference
from qgrad_lab.comparison import compare, references, timing
from qgrad_lab.comparison.point import Point
from qgrad_lab.comparison.running import run

device = qml.device("lightning.qubit", wires=2)


@qml.qnode(device, diff_method="adjoint")
def circuit(x, layers=1):
    for _ in range(layers):
        qml.RX(x, wires=0)
        qml.CNOT(wires=[0, 1])
        qml.RY(2 * x, wires=1)
    return qml.expval(qml.Z(1))


@qml.qnode(device, diff_method="finite-diff")
def refused(x):
    qml.RX(x, wires=0)
    return qml.expval(qml.Z(0))


def model(params, scale, *, power=2):
    """A scalar inside a tree, of a tree."""
    return {"loss": scale * circuit(params["angle"]) * jnp.sum(params["weights"] ** power)}


PARAMS = {"angle": 0.3, "weights": jnp.arange(12.0).reshape(3, 4)}


def by_jax(argnums=0):
    """The gradient of the model by JAX alone, on default.qubit."""
    moved = qml.QNode(circuit.func, qml.device("default.qubit", wires=2), diff_method="backprop")

    def written_out(params, scale):
        return scale * moved(params["angle"]) * jnp.sum(params["weights"] ** 2)

    return jax.grad(written_out, argnums)(PARAMS, 2.0)


def close(one, other, tolerance):
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=0, atol=tolerance), one, other)


class TestNumbers:
    def test_gradients_have_the_form_that_grad_returns(self):
        result = compare(model, PARAMS, 2.0)
        expected = {"loss": by_jax()}
        close(result["auto"].gradient, expected, 1e-9)
        close(result["fd"].gradient, expected, 1e-2)
        close(result.reference, expected, 1e-9)
        assert result["auto"].difference < 1e-9 < result["fd"].difference < 1e-2
        assert result.labels == ("params['angle']", "params['weights']")
        assert result.gradient is result["auto"].gradient
        assert list(result.value) == ["loss"]

    def test_several_arguments(self):
        result = compare(model, PARAMS, 2.0, argnum=[1, 0], methods=["auto"])
        close(result.gradient, {"loss": by_jax((1, 0))}, 1e-9)
        assert result.argnum == (1, 0)
        assert result.labels == ("scale", "params['angle']", "params['weights']")
        assert result["auto"].difference < 1e-9

    def test_an_argument_twice_and_from_the_end(self):
        result = compare(lambda x, y: x * y**2, 2.0, 3.0, argnum=[-1, 1], methods=["auto"])
        close(result.gradient, (12.0, 12.0), 1e-12)
        assert result["auto"].difference == 0.0

    def test_keyword_arguments(self):
        result = compare(model, PARAMS, scale=2.0, power=3, methods=["auto"])
        expected = circuit(0.3) * 2.0 * 3 * PARAMS["weights"] ** 2
        close(result.gradient["loss"]["weights"], expected, 1e-9)

    def test_a_keyword_in_the_place_of_the_differentiated_argument(self):
        result = compare(circuit, x=0.3, methods=["auto"])
        assert result.labels == ("x",)
        assert result["auto"].difference < 1e-12

    def test_other_arguments_may_be_anything_python(self):
        def of(kind, x, layers):
            return circuit(x, layers=layers) if kind == "circuit" else x

        result = compare(of, "circuit", 0.3, 3, argnum=1)
        assert result["auto"].difference < 1e-12
        assert result["fd"].difference < 1e-5

    def test_a_compiled_function_with_static_arguments_and_annotations(self):
        @qjit(static_argnums=1)
        def compiled(x: float, layers: int):
            return circuit(x, layers=layers) ** 2

        with warnings.catch_warnings():
            warnings.simplefilter("error")
            result = compare(compiled, 0.3, 2)
        assert result["auto"].difference < 1e-12

    def test_methods_and_callable_objects(self):
        class Model:
            scale = 3.0

            def loss(self, x):
                return self.scale * circuit(x)

            def __call__(self, x):
                return self.loss(x)

        bound, called = (compare(f, 0.3, methods=["auto"]) for f in (Model().loss, Model()))
        assert bound.gradient == called.gradient
        assert bound["auto"].difference < 1e-12
        assert (bound.function, called.function) == ("loss", "Model")

    def test_gradients_are_on_the_host(self):
        result = compare(model, PARAMS, 2.0)
        leaves = jax.tree.leaves((result.gradient, result.reference, result.value))
        assert all(isinstance(leaf, np.ndarray | np.floating) for leaf in leaves)

    def test_times(self):
        result = compare(circuit, 0.3)
        for row in result.rows:
            assert 0 < row.per_call < row.first
            assert row.calls >= 3

    def test_single_precision(self):
        result = compare(circuit, jnp.float32(0.3))
        assert result.gradient.dtype == np.float32
        assert result["fd"].difference < 1e-4

    def test_what_is_warned_of_is_a_note(self):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.filterwarnings("always", "Finite differences")
            result = compare(lambda x: x**2, 1.0, h=1e-17)
        (note,) = result["fd"].notes
        assert "mostly rounding error" in note
        assert result["auto"].notes == ()
        assert f"fd, h = 1e-17: {note}" in re.sub(r"\s+", " ", repr(result))

    def test_the_users_own_warnings_are_not_swallowed(self):
        def warns(x):
            warnings.warn("look out", stacklevel=1)
            return x**2

        with pytest.warns(UserWarning, match="look out"):
            result = compare(warns, 1.0)
        assert all(row.notes == () for row in result.rows)

    def test_numbers_that_are_none(self):
        result = compare(lambda x: jnp.sum(jnp.sqrt(x)), jnp.array([0.0, 1.0]))
        assert result["auto"].difference == 0.0  # inf in both
        assert result["fd"].difference == np.inf
        result = compare(lambda x: x * jnp.inf * 0, 1.0, methods=["auto"])
        assert np.isnan(result["auto"].difference)


class TestFailures:
    def test_one_method_does_not_hide_the_other(self):
        result = compare(refused, 0.3)
        assert "finite differences" in result["auto"].error.lower()
        assert result["auto"].gradient is None
        assert result["fd"].error is None
        assert result["fd"].difference < 1e-6
        assert result.gradient is result["fd"].gradient
        assert abs(result.value - np.cos(0.3)) < 1e-12

    def test_all_methods(self):
        result = compare(circuit, 2)
        assert all("floating-point arguments" in row.error for row in result.rows)
        assert result.value is result.gradient is result.reference is None
        assert "failed" in repr(result) and "Failed" in result._repr_mimebundle_()["text/html"]

    def test_an_argument_that_is_not_there(self):
        result = compare(circuit, 2.0, argnum=3)
        assert all(row.error.startswith("Invalid argnum 3") for row in result.rows)

    def test_results_that_are_no_number(self):
        with pytest.raises(DifferentiableCompileError) as raised:
            run(
                lambda x: jnp.array([x, x]),
                [1.0],
                {},
                methods="auto",
                h=None,
                argnum=None,
                reference=None,
                call="f(x)",
                function="f",
            )
        assert "f(x) returns float64[2]" in str(raised.value)
        assert "lambda x: f(x)[0]" in str(raised.value)
        with pytest.raises(DifferentiableCompileError, match="returns float64.., float64.., and"):
            compare(lambda x: (x, x), 1.0)
        with pytest.raises(DifferentiableCompileError, match="returns no number"):
            compare(lambda x: None, 1.0)

    def test_no_function(self):
        with pytest.raises(TypeError, match="not a callable"):
            compare(3, 1.0)

    @pytest.mark.parametrize(
        "option",
        [
            {"methods": ["magic"]},
            {"methods": []},
            {"h": -1.0},
            {"h": []},
            {"h": 1e-3, "methods": "auto"},
            {"argnum": "x"},
        ],
    )
    def test_options(self, option):
        with pytest.raises(ValueError, match="Invalid"):
            compare(circuit, 0.3, **option)

    def test_programs_that_cannot_be_compiled(self):
        @qml.qnode(qml.device("lightning.qubit", wires=1))
        def elsewhere(x):
            qml.RX(x, wires=3)
            return qml.expval(qml.Z(0))

        with pytest.raises(CompileError, match="the wire 3, which the device does not have"):
            compare(elsewhere, 0.1)


class TestMethods:
    def test_those_of_qnodes(self):
        result = compare(circuit, 0.3, methods=["adjoint", "parameter-shift", "auto"])
        values = [row.gradient for row in result.rows]
        np.testing.assert_allclose(values, jax.grad(reference(circuit))(0.3), rtol=0, atol=1e-12)
        adjoint, shift, auto = result.rows
        assert (adjoint.executions, adjoint.sweeps) == (auto.executions, auto.sweeps) == (1, 2)
        # The value, and two shifts of each of the two angles.
        assert (shift.executions, shift.sweeps) == (5, 5)

    def test_one_by_its_name_alone(self):
        result = compare(circuit, 0.3, methods="parameter-shift")
        assert [row.method for row in result.rows] == ["parameter-shift"]

    def test_a_method_that_does_not_apply(self):
        result = compare(circuit, 0.3, methods=["backprop", "auto"])
        assert "QNode circuit is on the device lightning.qubit, which" in result["backprop"].error
        assert result["auto"].error is None
        result = compare(lambda x: x**2, 0.3, methods=["adjoint", "auto"])
        assert "calls none" in result["adjoint"].error and result["auto"].gradient == 0.6

    def test_qnodes_that_pennylane_simulates(self):
        @qml.qnode(qml.device("default.qubit", wires=1))
        def elsewhere(x):
            qml.RX(x, wires=0)
            return qml.expval(qml.Z(0))

        methods = ["auto", "backprop", "parameter-shift"]
        with pytest.warns(UserWarning, match="default.qubit"):
            result = compare(elsewhere, 0.3, methods=methods)
        values = [row.gradient for row in result.rows]
        np.testing.assert_allclose(values, -np.sin(0.3), rtol=0, atol=1e-12)

    def test_every_step_makes_a_row(self):
        result = compare(jnp.sin, 0.3, h=[1e-2, 1e-4])
        assert [row.label for row in result.rows] == ["auto", "fd, h = 0.01", "fd, h = 0.0001"]
        assert result["fd"] is result["fd", 1e-2] is result.rows[1]
        np.testing.assert_allclose(
            [row.difference for row in result.rows[1:]],
            [np.sin(0.3) / 2 * h for h in (1e-2, 1e-4)],
            rtol=2e-2,
        )

    def test_differences_of_each_leaf(self):
        def f(x):
            return x["a"] ** 2 + jnp.sum(x["b"])

        result = compare(f, {"a": 3.0, "b": jnp.ones(2)}, methods="fd", h=0.5)
        np.testing.assert_allclose(result["fd"].absolute, [0.5, 0.0], atol=1e-12)
        np.testing.assert_allclose(result["fd"].relative, [0.5 / 6, 0.0], atol=1e-12)
        assert result["fd"].difference == max(result["fd"].absolute)
        assert result["fd"].relative_difference == max(result["fd"].relative)

    def test_memory_is_that_of_the_states(self):
        wires = 16

        @qml.qnode(qml.device("lightning.qubit", wires=wires))
        def wide(x):
            for wire in range(wires):
                qml.RX(x, wires=wire)
                qml.CNOT(wires=[wire, (wire + 1) % wires])
            return qml.expval(qml.Z(0) @ qml.Z(1))

        state = 16 * 2**wires
        result = compare(wide, 0.3, methods="auto", reference=None)
        assert 2 * state <= result["auto"].memory <= 3 * state + 2**16

    def test_the_best_is_the_fastest_that_is_accurate(self):
        best = compare(jnp.sin, 0.3, h=[0.1, 1e-7]).best()
        assert best.row.label in ("auto", "fd, h = 1e-07")
        assert "is the fastest of the 2 methods within 1e-06 of jax.grad" in best.reason
        best = compare(jnp.sin, 0.3, methods="fd", h=0.1).best()
        assert best == (None, "no method is within 1e-06 of jax.grad on default.qubit")
        assert compare(jnp.sin, 0.3, methods="fd", h=0.1).best(tolerance=0.1).row.h == 0.1
        best = compare(jnp.sin, 0.3, reference=None).best()
        assert best == (None, "there is no reference to be accurate to: none was asked for")


class TestReference:
    def test_a_failure_is_a_remark(self, monkeypatch):
        def fails(f):
            raise RuntimeError("no such simulator\n\nand a long explanation")

        monkeypatch.setattr(references, "on_default_qubit", fails)
        result = compare(circuit, 0.3, methods=["auto"])
        assert result.reference_error == "RuntimeError: no such simulator"
        assert result.reference is None and result["auto"].difference is None
        assert abs(result.gradient - qjit(grad(circuit))(0.3)) < 1e-12
        for shown in (repr(result), result._repr_mimebundle_()["text/html"]):
            assert "—" in shown
            assert "No reference by jax.grad on default.qubit: RuntimeError" in shown

    def test_circuits_that_are_too_large_are_not_simulated(self, monkeypatch):
        monkeypatch.setattr(references, "BOUND", 100)
        result = compare(circuit, 0.3, methods=["auto"])
        assert re.match(r"it would take .* GiB of .*", result.reference_error)

    def test_tracing_tells_how_large_before_anything_is_simulated(self):
        wires = 26

        @qml.qnode(qml.device("lightning.qubit", wires=wires))
        def large(x):
            for wire in range(wires):
                qml.RX(x, wires=wire)
            return qml.expval(qml.Z(0))

        found = references.reference_of(Point(large, [0.3], {}, None), "jax")
        assert found.gradient is None
        assert float(re.search(r"take ([\d.]+) GiB", found.reason)[1]) > 26

    def test_at_another_point(self):
        point = Point(model, [PARAMS, 2.0], {}, (1, 0, 1))
        found = references.reference_of(point, "jax")
        moved = {"angle": 0.5, "weights": PARAMS["weights"] + 1}
        leaves, reason = references.gradient_at(found, (3.0, moved, 3.0))
        assert reason == ""
        expected = jax.grad(lambda p, s: reference(model)(p, s)["loss"], (1, 0))(moved, 3.0)
        close(leaves[:3], jax.tree.leaves(expected), 1e-12)
        assert leaves[3] == leaves[0]

    def test_none(self):
        result = compare(circuit, 0.3, reference=None)
        assert result.reference is None is result.reference_error
        assert "reference" not in repr(result).lower()

    def test_a_function(self):
        result = compare(model, PARAMS, 2.0, argnum=(0, 1), reference=lambda p, s: by_jax((0, 1)))
        assert result["auto"].difference < 1e-12
        assert result.reference_name == "<lambda>"
        result = compare(jnp.sin, 0.3, reference=lambda x: [x, x])
        assert "it returned arrays of the shapes [(), ()], and the gradient has [()]" in (
            result.reference_error
        )
        result = compare(jnp.sin, 0.3, reference=lambda x: 1 / 0)
        assert result.reference_error == "ZeroDivisionError: division by zero"

    def test_no_such_reference(self):
        with pytest.raises(ValueError, match="Invalid reference 'torch': it is 'jax'"):
            compare(circuit, 0.3, reference="torch")

    def test_catalyst_where_it_is_not_installed(self, monkeypatch):
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
        result = compare(circuit, 0.3, reference="catalyst")
        assert result.reference_error.startswith("Catalyst is not installed")
        assert result["auto"].error is None

    def test_catalyst(self):
        pytest.importorskip("catalyst", reason="pennylane-catalyst is not installed")
        result = compare(model, PARAMS, 2.0, argnum=(1, 0), reference="catalyst")
        assert result.reference_error is None
        assert result["auto"].difference < 1e-9

    def test_catalyst_of_a_qnode(self):
        pytest.importorskip("catalyst", reason="pennylane-catalyst is not installed")

        @qml.qnode(qml.device("lightning.qubit", wires=4), diff_method="adjoint")
        def excited(theta, phi):
            qml.BasisState(np.array([1, 1, 0, 0]), wires=range(4))
            qml.SingleExcitation(theta[0], wires=[0, 2])
            qml.SingleExcitation(theta[1], wires=[1, 3])
            qml.DoubleExcitation(phi, wires=[0, 1, 2, 3])
            return qml.expval(qml.Z(0) @ qml.Z(3) + qml.X(0) @ qml.X(1) @ qml.X(2) @ qml.X(3))

        for argnum in 0, 1, (1, 0):
            found = compare(
                excited, jnp.array([0.1, 0.2]), 0.3, argnum=argnum, reference="catalyst"
            )
            assert found.reference_error is None
            assert found["auto"].difference < 1e-12


class TestTiming:
    def test_functions_take_turns(self):
        order = []
        seconds = timing.in_turn([lambda: order.append("a"), lambda: order.append("b")])
        assert order[:4] == ["a", "b", "a", "b"]
        assert len(seconds[0]) == len(seconds[1]) >= 3

    def test_slow_functions_are_called_once(self, monkeypatch):
        monkeypatch.setattr(timing, "PATIENCE", 0.0)
        assert [len(record) for record in timing.in_turn([lambda: None])] == [1]

    def test_nothing_to_time(self):
        assert timing.in_turn([]) == []


def test_the_library_needs_no_notebook():
    """Neither the library nor comparisons import what is for notebooks; PennyLane may."""
    code = """
import sys
import jax, pennylane, pennylane.capture
from pennylane.devices import default_qubit, legacy_facade
heavy = {"IPython", "matplotlib", "ipywidgets"}
before = heavy & set(sys.modules)
import qgrad_lab, qgrad_lab.comparison
assert heavy & set(sys.modules) == before, heavy & set(sys.modules) - before
"""
    subprocess.run([sys.executable, "-c", code], check=True)
