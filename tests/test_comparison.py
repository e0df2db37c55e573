"""Comparisons of methods: the numbers, and the tables that show them."""

import dataclasses
import json
import re
import subprocess
import sys
import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml
import pytest

from qgrad_lab import CompileError, DifferentiableCompileError, grad, qjit
from qgrad_lab.workbench import METHODS, Comparison, MethodResult, baseline, compare, timing

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


def some(**changes):
    """A comparison with given numbers, to render."""
    rows = (
        MethodResult("auto", None, np.float64(-0.5), 0.0, 0.0123, 1.5e-5, 100),
        MethodResult("fd", 1e-5, np.float64(-0.50001), 1e-5, 2.5, 0.0020, 3),
    )
    values = dict(
        call="f(x)",
        function="f",
        argnum=0,
        value=np.float64(0.25),
        labels=("x",),
        rows=rows,
        reference=np.float64(-0.5),
    )
    return Comparison(**{**values, **changes})


class TestNumbers:
    def test_gradients_have_the_form_that_grad_returns(self):
        result = compare(model, [PARAMS, 2.0])
        expected = {"loss": by_jax()}
        close(result["auto"].gradient, expected, 1e-9)
        close(result["fd"].gradient, expected, 1e-2)
        close(result.reference, expected, 1e-9)
        assert result["auto"].difference < 1e-9 < result["fd"].difference < 1e-2
        assert result.labels == ("params['angle']", "params['weights']")
        assert result.gradient is result["auto"].gradient
        assert list(result.value) == ["loss"]

    def test_several_arguments(self):
        result = compare(model, [PARAMS, 2.0], argnum=[1, 0], methods=["auto"])
        close(result.gradient, {"loss": by_jax((1, 0))}, 1e-9)
        assert result.argnum == (1, 0)
        assert result.labels == ("scale", "params['angle']", "params['weights']")
        assert result["auto"].difference < 1e-9

    def test_an_argument_twice_and_from_the_end(self):
        result = compare(lambda x, y: x * y**2, [2.0, 3.0], argnum=[-1, 1], methods=["auto"])
        close(result.gradient, (12.0, 12.0), 1e-12)
        assert result["auto"].difference == 0.0

    def test_keyword_arguments(self):
        result = compare(model, [PARAMS], {"scale": 2.0, "power": 3}, methods=["auto"])
        expected = circuit(0.3) * 2.0 * 3 * PARAMS["weights"] ** 2
        close(result.gradient["loss"]["weights"], expected, 1e-9)

    def test_a_keyword_in_the_place_of_the_differentiated_argument(self):
        result = compare(circuit, [], {"x": 0.3}, methods=["auto"])
        assert result.labels == ("x",)
        assert result["auto"].difference < 1e-12

    def test_other_arguments_may_be_anything_python(self):
        def of(kind, x, layers):
            return circuit(x, layers=layers) if kind == "circuit" else x

        result = compare(of, ["circuit", 0.3, 3], argnum=1)
        assert result["auto"].difference < 1e-12
        assert result["fd"].difference < 1e-5

    def test_a_compiled_function_with_static_arguments_and_annotations(self):
        @qjit(static_argnums=1)
        def compiled(x: float, layers: int):
            return circuit(x, layers=layers) ** 2

        with warnings.catch_warnings():
            warnings.simplefilter("error")
            result = compare(compiled, [0.3, 2])
        assert result["auto"].difference < 1e-12

    def test_methods_and_callable_objects(self):
        class Model:
            scale = 3.0

            def loss(self, x):
                return self.scale * circuit(x)

            def __call__(self, x):
                return self.loss(x)

        bound, called = (compare(f, [0.3], methods=["auto"]) for f in (Model().loss, Model()))
        assert bound.gradient == called.gradient
        assert bound["auto"].difference < 1e-12
        assert (bound.function, called.function) == ("loss", "Model")

    def test_gradients_are_on_the_host(self):
        result = compare(model, [PARAMS, 2.0])
        leaves = jax.tree.leaves((result.gradient, result.reference, result.value))
        assert all(isinstance(leaf, np.ndarray | np.floating) for leaf in leaves)

    def test_times(self):
        result = compare(circuit, [0.3])
        for row in result.rows:
            assert 0 < row.per_call < row.first
            assert row.calls >= 3

    def test_single_precision(self):
        result = compare(circuit, [jnp.float32(0.3)])
        assert result.gradient.dtype == np.float32
        assert result["fd"].difference < 1e-4

    def test_what_is_warned_of_is_a_note(self):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.filterwarnings("always", "Finite differences")
            result = compare(lambda x: x**2, [1.0], h=1e-17)
        (note,) = result["fd"].notes
        assert "mostly rounding error" in note
        assert result["auto"].notes == ()
        assert f"fd: {note}" in re.sub(r"\s+", " ", repr(result))

    def test_the_users_own_warnings_are_not_swallowed(self):
        def warns(x):
            warnings.warn("look out", stacklevel=1)
            return x**2

        with pytest.warns(UserWarning, match="look out"):
            result = compare(warns, [1.0])
        assert all(row.notes == () for row in result.rows)

    def test_numbers_that_are_none(self):
        result = compare(lambda x: jnp.sum(jnp.sqrt(x)), [jnp.array([0.0, 1.0])])
        assert result["auto"].difference == 0.0  # inf in both
        assert result["fd"].difference == np.inf
        result = compare(lambda x: x * jnp.inf * 0, [1.0], methods=["auto"])
        assert np.isnan(result["auto"].difference)


class TestFailures:
    def test_one_method_does_not_hide_the_other(self):
        result = compare(refused, [0.3])
        assert "finite differences" in result["auto"].error.lower()
        assert result["auto"].gradient is None
        assert result["fd"].error is None
        assert result["fd"].difference < 1e-6
        assert result.gradient is result["fd"].gradient
        assert abs(result.value - np.cos(0.3)) < 1e-12

    def test_all_methods(self):
        result = compare(circuit, [2])
        assert all("floating-point arguments" in row.error for row in result.rows)
        assert result.value is result.gradient is result.reference is None
        assert "failed" in repr(result) and "Failed" in result._repr_html_()

    def test_an_argument_that_is_not_there(self):
        result = compare(circuit, [2.0], argnum=3)
        assert all(row.error.startswith("Invalid argnum 3") for row in result.rows)

    def test_results_that_are_no_number(self):
        with pytest.raises(DifferentiableCompileError) as raised:
            compare(lambda x: jnp.array([x, x]), [1.0], call="f(x)", function="f")
        assert "f(x) returns float64[2]" in str(raised.value)
        assert "lambda x: f(x)[0]" in str(raised.value)
        with pytest.raises(DifferentiableCompileError, match="returns float64.., float64.., and"):
            compare(lambda x: (x, x), [1.0])
        with pytest.raises(DifferentiableCompileError, match="returns no number"):
            compare(lambda x: None, [1.0])

    def test_no_function(self):
        with pytest.raises(TypeError, match="not a callable"):
            compare(3, [1.0])

    @pytest.mark.parametrize("option", [{"methods": ["magic"]}, {"h": -1.0}, {"argnum": "x"}])
    def test_options(self, option):
        with pytest.raises(ValueError, match="Invalid"):
            compare(circuit, [0.3], **option)

    def test_programs_that_cannot_be_compiled(self):
        @qml.qnode(qml.device("lightning.qubit", wires=1))
        def elsewhere(x):
            qml.RX(x, wires=3)
            return qml.expval(qml.Z(0))

        with pytest.raises(CompileError, match="the wire 3, which the device does not have"):
            compare(elsewhere, [0.1])


class TestReference:
    def test_a_failure_is_a_remark(self, monkeypatch):
        def fails(f):
            raise RuntimeError("no such simulator\n\nand a long explanation")

        monkeypatch.setattr(baseline, "reference", fails)
        result = compare(circuit, [0.3], methods=["auto"])
        assert result.reference_error == "RuntimeError: no such simulator"
        assert result.reference is None and result["auto"].difference is None
        assert abs(result.gradient - qjit(grad(circuit))(0.3)) < 1e-12
        for shown in (repr(result), result._repr_html_()):
            assert "—" in shown
            assert "No reference by jax.grad on default.qubit: RuntimeError" in shown

    def test_circuits_that_are_too_large_are_not_simulated(self, monkeypatch):
        monkeypatch.setattr(baseline, "BOUND", 100)
        result = compare(circuit, [0.3], methods=["auto"])
        assert re.fullmatch(r"it would take .* GiB of .*", result.reference_error)

    def test_tracing_tells_how_large_before_anything_is_simulated(self):
        wires = 26

        @qml.qnode(qml.device("lightning.qubit", wires=wires))
        def large(x):
            for wire in range(wires):
                qml.RX(x, wires=wire)
            return qml.expval(qml.Z(0))

        gradient, reason = baseline.gradient(baseline.Point(large, [0.3], {}, None))
        assert gradient is None
        assert float(re.search(r"take ([\d.]+) GiB", reason)[1]) > 26


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


class TestShowing:
    def test_plain_text(self):
        assert repr(some()) == "\n".join(
            [
                "f(x) = 0.25000000",
                "",
                "method         gradient in x  difference  first result  per call",
                "-------------  -------------  ----------  ------------  --------",
                "auto           -0.50000000             0       12.3 ms   15.0 µs",
                "fd, h = 1e-05  -0.50001000       1.0e-05        2.50 s   2.00 ms",
                "",
                "Difference: the largest from jax.grad on default.qubit, over all elements. "
                "Per call:",
                "value and gradient together.",
            ]
        )

    def test_plain_text_of_trees_and_failures(self):
        gradient = {"w": np.zeros((5, 5)), "b": np.float64(1.0)}
        rows = (
            MethodResult("auto", error="It cannot be done."),
            MethodResult("fd", None, gradient, 0.0, 1.0, 1.0, 3),
        )
        shown = repr(some(labels=("p['b']", "p['w']"), rows=rows)).splitlines()
        assert shown[4].split() == ["auto", "failed", "—", "—", "—"]
        assert shown[5].startswith("fd      p['b']: 1.0000000  ")
        assert shown[6] == "        p['w']: float64[5, 5], max |g| = 0.0000"
        assert shown[8] == "auto failed: It cannot be done."

    def test_long_calls_are_cut(self):
        head = repr(some(call="f(" + "x, " * 100 + ")")).splitlines()[0]
        assert head.endswith("…= 0.25000000".replace("=", " =")) and len(head) < 110

    def test_html_is_escaped(self):
        rows = (MethodResult("auto", error="<b>&"),)
        shown = some(call="f('<i>')", rows=rows)._repr_html_()
        assert "f(&#x27;&lt;i&gt;&#x27;)" in shown and "&lt;b&gt;&amp;" in shown
        assert "<i>" not in shown

    def test_html_has_the_structure_of_a_table(self):
        shown = some()._repr_html_()
        assert re.findall(r'<th scope="col">(.*?)</th>', shown) == [
            "Method",
            "Gradient in x",
            "Difference",
            "First result",
            "Per call",
        ]
        assert re.findall(r'<th scope="row">(.*?)</th>', shown) == ["auto", "fd, h = 1e-05"]
        assert "<caption>f(x) = 0.25000000</caption>" in shown
        assert shown.count("<tr>") == shown.count("</tr>") == 3
        # Colours come from the theme alone.
        assert not re.search(r"#[0-9a-f]{3,6}\b|rgb", shown)

    def test_large_arrays_open_on_demand(self):
        rows = (MethodResult("auto", None, np.arange(9.0), 0.0, 1.0, 1.0, 3),)
        shown = some(rows=rows)._repr_html_()
        assert "<summary>float64[9], max |g| = 8.0000</summary>" in shown
        assert "[0. 1. 2. 3. 4. 5. 6. 7. 8.]</pre>" in shown

    def test_showing_computes_nothing(self):
        result = compare(model, [PARAMS, 2.0])
        with jax.transfer_guard("disallow"), jax.log_compiles():
            first = repr(result), result._repr_html_()
        assert first == (repr(result), result._repr_html_())

    def test_dictionary(self):
        result = compare(model, [PARAMS, 2.0], argnum=[0, 1], h=1e-6, call="model(p, 2.0)")
        plain = json.loads(json.dumps(result.to_dict()))
        assert plain["call"] == "model(p, 2.0)" and plain["argnum"] == [0, 1]
        assert plain["value"] == {"['loss']": result.value["loss"]}
        auto, fd = plain["rows"]
        assert (auto["method"], auto["h"], fd["method"], fd["h"]) == ("auto", None, "fd", 1e-6)
        assert list(auto["gradient"]) == list(result.labels)
        assert auto["gradient"]["scale"] == result.gradient["loss"][1]
        assert np.shape(plain["reference"]["params['weights']"]) == (3, 4)
        failed = some(rows=(MethodResult("auto", error="no"),), reference=None, value=None)
        assert failed.to_dict()["rows"][0]["gradient"] is None

    def test_methods_by_name(self):
        assert some()["fd"].h == 1e-5
        with pytest.raises(KeyError, match="adjoint"):
            some()["adjoint"]
        assert METHODS == ("auto", "fd")
        with pytest.raises(dataclasses.FrozenInstanceError):
            some().rows = ()


def test_the_library_needs_no_notebook():
    """Neither the library nor comparisons import what is for notebooks; PennyLane may."""
    code = """
import sys
import jax, pennylane, pennylane.capture
from pennylane.devices import default_qubit, legacy_facade
heavy = {"IPython", "matplotlib", "ipywidgets"}
before = heavy & set(sys.modules)
import qgrad_lab, qgrad_lab.workbench
assert heavy & set(sys.modules) == before, heavy & set(sys.modules) - before
"""
    subprocess.run([sys.executable, "-c", code], check=True)
