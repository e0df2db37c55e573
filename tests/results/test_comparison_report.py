"""Comparisons as they are shown and saved: tables, plain data, advice."""

import dataclasses
import json
import re
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml
import pytest

from qgrad_lab import compare
from qgrad_lab.comparison import METHODS, Comparison, MethodResult
from qgrad_lab.results import export

HTML = "text/html"


@qml.qnode(qml.device("lightning.qubit", wires=1))
def circuit(x):
    qml.RX(x, wires=0)
    return qml.expval(qml.Z(0))


def model(params, scale):
    return {"loss": scale * circuit(params["angle"]) * jnp.sum(params["weights"] ** 2)}


PARAMS = {"angle": 0.3, "weights": jnp.arange(12.0).reshape(3, 4)}


def result(method, h, gradient, difference, first, per_call, calls):
    """A row with the same difference in every leaf."""
    count = len(jax.tree.leaves(gradient))
    return MethodResult(
        method,
        h,
        gradient,
        (difference,) * count,
        (difference,) * count,
        first,
        per_call,
        calls,
        executions=1,
        sweeps=2,
        memory=2048,
    )


def some(**changes):
    """A comparison with given numbers, to render."""
    rows = (
        result("auto", None, np.float64(-0.5), 0.0, 0.0123, 1.5e-5, 100),
        result("fd", 1e-5, np.float64(-0.50001), 1e-5, 2.5, 0.0020, 3),
    )
    values = dict(
        call="f(x)",
        function="f",
        argnum=0,
        value=np.float64(0.25),
        labels=("x",),
        rows=rows,
        reference=np.float64(-0.5),
        reference_name="jax.grad on default.qubit",
    )
    return Comparison(**{**values, **changes})


def html(comparison):
    return comparison._repr_mimebundle_()[HTML]


class TestTables:
    def test_plain_text(self):
        first, _, head, rule, auto, fd, _, *remarks = repr(some()).splitlines()
        assert first == "f(x) = 0.25000000"
        columns = re.split(r"\s{2,}", head)
        assert columns == [
            "method",
            "gradient in x",
            "difference",
            "relative",
            "first result",
            "per call",
            "circuits",
            "sweeps",
            "memory",
        ]
        assert set(rule) == {"-", " "}
        assert re.split(r"\s{2,}", auto) == [
            "auto",
            "-0.50000000",
            "0",
            "0",
            "12.3 ms",
            "15.0 µs",
            "1",
            "2",
            "2 KiB",
        ]
        assert "  ✗ 1.0e-05" in fd and head.index("relative") > fd.index("1.0e-05")
        said = " ".join(remarks)
        assert "✗ fd, h = 1e-05 is off. Truncation: the step is too long" in said
        assert "Best: auto is the only one of 2 methods within 1e-06 of jax.grad" in said
        assert "Difference: the largest from jax.grad on default.qubit" in said
        assert all(len(line) <= 88 for line in remarks)

    def test_plain_text_of_trees_and_failures(self):
        gradient = {"w": np.zeros((5, 5)), "b": np.float64(1.0)}
        rows = (
            MethodResult("auto", error="It cannot be done."),
            result("fd", None, gradient, 0.0, 1.0, 1.0, 3),
        )
        shown = repr(some(labels=("p['b']", "p['w']"), rows=rows)).splitlines()
        assert shown[4].split() == ["auto", "failed", *"———————"]
        assert shown[5].startswith("fd      p['b']: 1.0000000  ")
        assert shown[6] == "        p['w']: float64[5, 5], max |g| = 0.0000"
        assert shown[8] == "auto failed: It cannot be done."

    def test_long_calls_are_cut(self):
        head = repr(some(call="f(" + "x, " * 100 + ")")).splitlines()[0]
        assert head.endswith("… = 0.25000000") and len(head) < 110

    def test_html_is_escaped(self):
        shown = html(some(call="f('<i>')", rows=(MethodResult("auto", error="<b>&"),)))
        assert "f(&#x27;&lt;i&gt;&#x27;)" in shown and "&lt;b&gt;&amp;" in shown
        assert "<i>" not in shown

    def test_html_has_the_structure_of_a_table(self):
        shown = html(some())
        titles = re.findall(r'<th scope="col">(.*?)</th>', shown)
        assert titles[:3] == ["Method", "Gradient in x", "Difference"] and len(titles) == 9
        assert re.findall(r'<th scope="row">(.*?)</th>', shown) == ["auto", "fd, h = 1e-05"]
        assert "<caption>f(x) = 0.25000000</caption>" in shown
        assert len(re.findall("<tr[ >]", shown)) == shown.count("</tr>") == 3
        # Colours come from the theme alone, and a row that is off has a sign too.
        assert not re.search(r"#[0-9a-f]{3,6}\b|rgb", shown)
        assert shown.count('class="qgrad-off"') == shown.count("<td>✗ ") == 1

    def test_large_arrays_open_on_demand(self):
        shown = html(some(rows=(result("auto", None, np.arange(9.0), 0.0, 1.0, 1.0, 3),)))
        assert "<summary>float64[9], max |g| = 8.0000</summary>" in shown
        assert "[0. 1. 2. 3. 4. 5. 6. 7. 8.]</pre>" in shown

    def test_showing_computes_nothing(self):
        found = compare(model, PARAMS, 2.0)
        with jax.transfer_guard("disallow"), jax.log_compiles():
            first = repr(found), found._repr_mimebundle_()
        assert first == (repr(found), found._repr_mimebundle_())


class TestAdvice:
    def said(self, *args, **options):
        return " ".join(repr(compare(*args, **options)).split())

    def test_steps_that_are_too_long_or_too_short(self):
        said = self.said(jnp.exp, 1.0, h=[1e-2, 1e-7, 1e-13])
        assert "fd, h = 0.01 is off. Truncation" in said
        assert "fd, h = 1e-13 is off. Rounding" in said
        assert "fd, h = 1e-07 is off" not in said
        # Of steps that are both too long, the shorter one is better.
        said = self.said(lambda x: jnp.exp(3 * x), 1.0, h=[1e-1, 1e-3])
        assert "✗ fd, h = 0.1 and fd, h = 0.001 are off. Truncation" in said

    def test_steps_that_are_not_why(self):
        def halted(x):
            return jnp.sin(x) * jax.lax.stop_gradient(jnp.exp(x))

        said = self.said(halted, 1.0, h=[1e-1, 1e-4, 1e-7, 1e-13])
        assert "fd, h = 1e-07 and fd, h = 1e-13 are off. It is not the step, as others" in said
        assert said.count("✗ fd") == 1
        said = self.said(lambda x: jnp.maximum(x, 0.0) + 1.0, 0.0, h=[1e-3, 1e-7])
        assert "and fd, h = 1e-07 are off. It is not the step" in said and "Truncation" not in said
        # One step alone leaves two explanations, unless it is a long one.
        said = self.said(halted, 1.0)
        assert "fd is off. Either the step is too long, for a function with a second" in said
        assert "is off. Truncation" in self.said(halted, 1.0, h=1e-1)

    def test_functions_that_bend_sharply(self):
        def sharp(x):
            return jnp.sin(1e4 * x)

        assert "is off. Truncation" in self.said(sharp, 0.3, h=1e-7)
        assert "are off. Truncation" in self.said(sharp, 0.3, h=[1e-1, 1e-7, 1e-8])
        assert "and fd, h = 1e-08 are off. Truncation" in self.said(sharp, 0.3, h=[1e-7, 1e-8])

    def test_kinks(self):
        said = self.said(lambda x: jnp.abs(x), 0.0, methods="auto", reference=lambda x: 2.0)
        assert "auto is off. The reference is another function here: is the function" in said

    def test_shots(self):
        found = compare(qml.set_shots(circuit, 100), 0.3, methods="auto")
        assert found.shots and "auto is off. The circuits have shots" in " ".join(
            repr(found).split()
        )

    def test_infinities(self):
        said = self.said(jnp.sqrt, 0.0, reference=lambda x: 1.0)
        assert "auto is off. The gradient is inf in x, where the reference is 1.0000." in said


class TestData:
    def test_dictionary(self):
        found = compare(model, PARAMS, 2.0, argnum=[0, 1], h=1e-6)
        plain = json.loads(json.dumps(found.to_dict(), allow_nan=False))
        assert plain["version"] == 1
        assert plain["call"] == "model(...)" and plain["argnum"] == [0, 1]
        assert plain["value"] == {"['loss']": found.value["loss"]}
        auto, fd = plain["rows"]
        assert (auto["method"], auto["h"], fd["method"], fd["h"]) == ("auto", None, "fd", 1e-6)
        assert list(auto["gradient"]) == list(found.labels) == plain["labels"]
        assert auto["gradient"]["scale"] == found.gradient["loss"][1]
        assert auto["accurate"] is True and len(auto["absolute"]) == 3
        assert np.shape(plain["reference"]["params['weights']"]) == (3, 4)
        assert plain["best"]["reason"] == found.best().reason
        assert auto["advice"] is None and plain["tolerance"] == 1e-6
        off = some().to_dict()["rows"][1]
        assert off["accurate"] is False and off["advice"].startswith("truncation: the step is")
        failed = some(rows=(MethodResult("auto", error="no"),), reference=None, value=None)
        assert failed.to_dict()["rows"][0]["gradient"] is None

    def test_numbers_that_json_has_not(self):
        found = compare(lambda x: jnp.sum(jnp.sqrt(x)), jnp.array([0.0, 1.0]))
        plain = json.loads(json.dumps(found.to_dict(), allow_nan=False))
        assert plain["rows"][0]["gradient"]["x"] == ["Infinity", 0.5]
        assert plain["rows"][1]["absolute"] == ["Infinity"]

    def test_the_bundle_is_the_dictionary(self):
        found = some()
        bundle = found._repr_mimebundle_()
        assert set(bundle) == {"text/plain", HTML, export.MIME_TYPE}
        assert bundle[export.MIME_TYPE] == found.to_dict()

    def test_pandas(self):
        pandas = pytest.importorskip("pandas")
        frame = compare(model, PARAMS, 2.0, argnum=[0, 1], methods=["auto", "fd"]).to_pandas()
        assert isinstance(frame, pandas.DataFrame)
        assert list(frame["method"]) == ["auto", "fd"]
        assert frame["gradient in params['weights']"][0].shape == (3, 4)
        assert frame["per call"].dtype == frame["difference"].dtype == np.float64

    def test_without_pandas(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "pandas", None)
        with pytest.raises(ImportError, match="pip install pandas"):
            some().to_pandas()

    def test_rows_by_method_and_step(self):
        assert some()["fd"].h == some()["fd", 1e-5].h == 1e-5
        with pytest.raises(KeyError, match="adjoint.*compared: auto, fd, h = 1e-05"):
            some()["adjoint"]
        with pytest.raises(KeyError, match="0.1"):
            some()["fd", 0.1]
        assert METHODS[:2] == ("auto", "fd")
        with pytest.raises(dataclasses.FrozenInstanceError):
            some().rows = ()


@pytest.mark.parametrize(
    ("dtype", "f", "named"),
    [
        (np.float32, lambda x: jnp.sum(x**2), "x and the value"),
        (np.float32, lambda x: jnp.sum(x.astype(float) ** 2), "x"),
        (np.float64, lambda x: jnp.sum(x**2).astype(np.float32), "the value"),
        (np.float64, lambda x: jnp.sum(x**2), None),
    ],
)
def test_short_floats_are_told_once(dtype, f, named):
    found = compare(f, jnp.ones(2, dtype), methods=["auto", "fd"])
    words = "float32: differences below 1e-7 mean nothing"
    count = 0 if named is None else 1
    assert found._repr_mimebundle_()[HTML].count(words) == count
    assert " ".join(repr(found).split()).count(words) == count
    remark = found.to_dict()["precision_remark"]
    if named is None:
        assert remark is None
    else:
        assert remark.startswith(f"{words}. This is the type of {named}. Arrays made before")


def test_half_precision_is_told():
    found = compare(lambda x: jnp.sum(x**2), jnp.ones(2, np.float16), methods="auto")
    assert found.to_dict()["precision_remark"].startswith("float16: differences below 1e-3 mean")
