"""The options of the magics, and how they are loaded, completed and taken back."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from qgrad_lab import reference
from qgrad_lab.methods.table import NAMES


class TestTargets:
    def test_on_one_line(self, session):
        result = session.good("%qgrad loss(theta, scale=2.0)")
        assert result.call == "loss(theta, scale=2.0)"
        np.testing.assert_allclose(
            result.gradient["loss"],
            jax.grad(lambda t: reference(session.names["loss"])(t, scale=2.0)["loss"])(
                jnp.array([0.3, 0.7])
            ),
            atol=1e-12,
        )

    def test_options_stand_before_the_call(self, session):
        assert session.good("%qgrad -m auto fd --h 1e-5 circuit(0.3)").call == "circuit(0.3)"
        assert session.good("%qgrad -o found circuit(0.3);") is None
        assert session.names["found"].call == "circuit(0.3)"

    def test_a_function_and_its_arguments(self, session):
        cell = "%%qgrad -f loss --at theta, scale=2.0\nran.append(1)\ntheta = 2 * theta"
        result = session.good(cell)
        assert session.names["ran"] == [1] and result.call == "loss(theta, scale=2.0)"
        np.testing.assert_allclose(result.value["loss"], 2 * np.cos(0.6) * 1.4**2)
        assert session.good("%qgrad -f loss --at 'theta, scale=2.0'").call == result.call

    def test_a_method_of_an_object(self, session):
        session.good("class Model:\n    def loss(self, x):\n        return x**2\nmodel = Model()")
        assert session.good("%qgrad -f model.loss --at 3.0").gradient == 6.0

    @pytest.mark.parametrize(
        ("cell", "said"),
        [
            ("%qgrad", "%qgrad takes options, and then the call"),
            ("%qgrad theta", "%qgrad takes options, and then the call|unrecognized arguments"),
            ("%qgrad -f theta", "theta is of type ArrayImpl"),
            ("%qgrad -f loss --at theta)+loss(theta", "-f and --at make no call of one function"),
            ("%qgrad -f 2x --at 1", "'2x' is not a Python name"),
        ],
    )
    def test_what_is_no_call(self, session, cell, said):
        assert re.search(said, session.usage_error(cell))

    def test_names_and_arguments_that_are_not_there(self, session):
        assert isinstance(session.run("%qgrad -f nothing --at 1").error, NameError)
        assert isinstance(session.run("%qgrad -f loss --at theta,,").error, Exception)


class TestMethods:
    def test_several_steps_and_methods(self, session):
        result = session.good("%qgrad -m parameter-shift fd --h 1e-3 1e-5 circuit(0.3)")
        labels = [row.label for row in result.rows]
        assert labels == ["parameter-shift", "fd, h = 0.001", "fd, h = 1e-05"]

    def test_references(self, session):
        assert session.good("%qgrad -r none circuit(0.3)").reference is None
        session.good("def known(x):\n    return -jnp.sin(x)")
        result = session.good("%qgrad -r known circuit(0.3)")
        assert result.reference_name == "known" and result["auto"].difference < 1e-12
        said = session.usage_error("%qgrad -r torch circuit(0.3)")
        assert "--reference torch: it is one of jax, catalyst, none, or the name of" in said


class TestOutput:
    def test_quiet(self, session):
        outcome = session.run("%%qgrad -q -o found\ncircuit(0.3)")
        assert outcome.error is None and outcome.result is None and outcome.out == ""
        assert abs(session.names["found"].gradient + np.sin(0.3)) < 1e-12

    def test_a_plot(self, session, monkeypatch):
        shown = []
        monkeypatch.setattr("qgrad_lab.workbench.magics.display", shown.append)
        session.good("%%qgrad --plot\nloss(theta)")
        assert [type(entry) for entry in shown] == [Figure] or isinstance(shown[0], Figure)

    def test_the_theme_of_a_plot(self, session, monkeypatch):
        shown = []
        monkeypatch.setattr("qgrad_lab.workbench.magics.display", shown.append)
        for theme, colour in (("light", "#ffffff"), ("dark", "#111111"), ("auto", "#ffffff")):
            session.good(f"%qgrad -m auto --plot --theme {theme} circuit(0.3)")
            assert to_hex(shown.pop().get_facecolor()) == colour
        said = session.usage_error("%qgrad --plot --theme sepia circuit(0.3)")
        assert "'sepia' is not a theme; these are: auto, light, dark." in said
        said = session.usage_error("%qgrad --theme dark circuit(0.3)")
        assert said == "--theme has the colours of the plot of --plot, which is not given."


class TestExtension:
    def test_unloading(self, session):
        session.good("%unload_ext qgrad_lab")
        assert "not found" in session.usage_error("%%qgrad\ncircuit(0.3)")
        assert session.complete("%%qgrad --m") == []
        session.good("%load_ext qgrad_lab")
        assert session.good("%%qgrad\ncircuit(0.3)")

    def test_loading_twice_and_reloading(self, session):
        assert "already loaded" in session.run("%load_ext qgrad_lab").out
        session.good("%reload_ext qgrad_lab")
        assert session.good("%%qgrad\ncircuit(0.3)")
        assert session.complete("%%qgrad --me") == ["--method"]

    def test_before_loading(self, bare):
        assert "not found" in bare.usage_error("%%qgrad\nf(0.3)")

    def test_help(self, session):
        text = session.shell.find_cell_magic("qgrad").__doc__
        for piece in ("%%qgrad --method auto fd --h 1e-3", "--argnum", "-o NAME", "options:"):
            assert piece in text

    @pytest.mark.parametrize(
        ("line", "offered"),
        [
            ("%%qgrad --me", ["--method"]),
            ("%%qgrad --method ", sorted(NAMES)),
            ("%%qgrad --method auto ", sorted({*NAMES} - {"auto"})),
            ("%%qgrad -m f", ["fd"]),
            ("%%qgrad -m fd --a", ["--argnum", "--at"]),
            ("%%qgrad -r c", ["catalyst"]),
            ("%%qgrad -f ci", ["circuit"]),
            ("%qgrad --pl", ["--plot"]),
            ("%%qgrad --plot --theme ", ["auto", "dark", "light"]),
            ("%qgrad -m parameter-shift lo", ["loss"]),
        ],
    )
    def test_completion(self, session, line, offered):
        assert sorted(session.complete(line)) == offered

    def test_all_options_are_offered(self, session):
        offered = session.complete("%%qgrad --")
        assert {"--method", "--h", "--argnum", "--reference", "--ir", "--plot"} <= {*offered}

    def test_completion_of_a_name_is_left_to_ipython(self, session):
        assert not any(match.startswith("-") for match in session.complete("%%qgrad -o "))
