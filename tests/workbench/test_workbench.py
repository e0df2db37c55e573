"""The widget as a whole, without a page: what changes, what is computed, what is shown."""

import base64
import io
import re
import threading

import jax.numpy as jnp
import numpy as np
import pennylane as qml
import PIL.Image
import pytest

import qgrad_lab
from qgrad_lab import Workbench, qjit
from qgrad_lab.workbench.widget import panels


@qml.qnode(qml.device("lightning.qubit", wires=2))
def energy(theta, g):
    qml.RY(theta[0], wires=0)
    qml.CNOT(wires=[0, 1])
    qml.RY(g * theta[1], wires=1)
    return qml.expval(qml.Z(0) @ qml.Z(1))


THETA = jnp.array([0.5, 1.0])


@pytest.fixture
def bench(request):
    bench = Workbench(energy, THETA, 0.7)
    yield bench
    bench.close()


def shown(bench, title="Compare"):
    """What is on a tab when all is computed."""
    bench.tabs.selected_index = bench.tabs.titles.index(title)
    assert bench.wait(120)
    assert bench.status.error.value == "", bench.status.error.value
    return bench.panel.output.value


def gradients(bench):
    """The text of each row of the table."""
    rows = re.findall(r'<th scope="row">(.*?)</th><td>(.*?)</td>', shown(bench))
    return {name: re.sub("<.*?>", "", text) for name, text in rows}


def expected(theta=THETA, g=0.7):
    found = qgrad_lab.compare(energy, theta, g, methods="auto", reference=None).gradient
    return np.round(found, 7)


def test_it_shows_what_compare_shows(bench):
    found = gradients(bench)
    assert list(found) == ["auto", "fd"]
    np.testing.assert_allclose(eval(found["auto"]), expected(), atol=1e-6)
    assert 'alt="Gradients of each method" src="data:image/png;base64,' in shown(bench)
    assert bench.status.bar.value == 1.0 and bench.status.cancel.disabled


def test_methods_step_argnum_and_arguments(bench):
    bench.controls.methods["parameter-shift"].value = True
    bench.controls.default_step.value = False
    bench.controls.step.value = 1e-2
    assert list(gradients(bench)) == ["auto", "fd, h = 0.01", "parameter-shift"]
    bench.editors.leaves["theta"].cells[0].value = -0.5
    np.testing.assert_allclose(
        eval(gradients(bench)["auto"]), expected(jnp.array([-0.5, 1.0])), atol=1e-6
    )
    bench.controls.arguments["g"].value = True
    assert "Gradient in theta" not in shown(bench)
    bench.controls.arguments["theta"].value = False
    assert "Gradient in g" in shown(bench)


@pytest.mark.parametrize("title", ["Landscape", "Step size", "Cost"])
def test_pictures(bench, title):
    assert "data:image/png;base64," in shown(bench, title)


@pytest.mark.parametrize("theme", ["auto", "light", "dark"])
def test_the_theme_of_pictures(theme):
    bench = Workbench(energy, THETA, 0.7, methods="auto", theme=theme)
    paper = (17, 17, 17) if theme == "dark" else (255, 255, 255)
    try:
        for title, call in {"Compare": "", "Step size": ".plot({})", "Cost": "plots.cost("}.items():
            page = shown(bench, title)
            # What follows the page is inverted by it, and nothing else is.
            assert f'class="qgrad-figure qgrad-theme-{theme}"' in page
            (data,) = re.findall('base64,([^"]*)', page)
            picture = PIL.Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB")
            assert picture.getpixel((1, 1)) == paper
            written = "" if theme == "auto" else f"theme='{theme}'"
            assert call.format(written) in bench.code
            assert ("theme=" in bench.code) == bool(call and written)
    finally:
        bench.close()


def test_a_theme_that_there_is_not():
    with pytest.raises(ValueError, match="Invalid theme 'sepia': it is 'light', 'dark', or 'auto'"):
        Workbench(energy, THETA, 0.7, theme="sepia")


def test_elements_of_the_landscape(bench):
    first = shown(bench, "Landscape")
    landscape = bench.panel
    assert landscape.along.options == ("theta[0]", "theta[1]")
    landscape.along.value = "theta[1]"
    second = shown(bench, "Landscape")
    landscape.over.value = "theta[0]"
    assert len({first, second, shown(bench, "Landscape")}) == 3
    bench.controls.arguments["g"].value = True
    bench.controls.arguments["theta"].value = False
    shown(bench, "Landscape")
    assert landscape.along.value == "g"


def test_stages(bench):
    assert "program energy(theta: f64[2]) on 2 wires" in shown(bench, "IR")
    bench.panel.stage.value = "jaxpr"
    assert "transposed=True" in shown(bench, "IR")
    bench.panel.stage.value = "hlo"
    bench.controls.methods["auto"].value = False
    assert "HloModule" in shown(bench, "IR") and bench.panel.method.value == "fd"


def test_a_tab_is_computed_once(bench, monkeypatch):
    shown(bench)
    calls = []
    compute = panels.Compare.compute
    monkeypatch.setattr(panels.Compare, "compute", lambda *args: calls.append(1) or compute(*args))
    shown(bench, "IR")
    shown(bench)
    assert calls == []
    bench.editors.leaves["g"].number.value = 0.1
    shown(bench)
    assert calls == [1]


def test_methods_are_compared_once_for_all_tabs(bench, monkeypatch):
    calls = []
    compare = panels.compare
    monkeypatch.setattr(panels, "compare", lambda *a, **k: calls.append(1) or compare(*a, **k))
    shown(bench, "Cost")
    shown(bench, "Landscape")
    bench.panel.span.value = 2.0
    shown(bench, "Landscape")
    shown(bench)
    assert calls == [1]
    bench.editors.leaves["g"].number.value = 0.1
    shown(bench, "Cost")
    assert calls == [1, 1]


def test_code_that_reproduces_what_is_shown(bench):
    bench.controls.methods["adjoint"].value = True
    bench.controls.default_step.value = False
    bench.controls.step.value = 1e-3
    names = {"energy": energy}
    for title, kind in {
        "Compare": "Comparison",
        "Landscape": "Figure",
        "Step size": "Figure",
        "IR": "Stage",
        "Cost": "Figure",
    }.items():
        bench.tabs.selected_index = bench.tabs.titles.index(title)
        *lines, last = bench.code.replace("\n    ", "").replace(",\n)", ")").split("\n")
        exec("\n".join(lines), names)
        found = eval(last, names)
        assert kind in type(found).__name__ or kind in [c.__name__ for c in type(found).__mro__]
        if title == "Compare":
            assert [row.label for row in found.rows] == ["auto", "fd, h = 0.001", "adjoint"]
            assert found.argnum == 0
    bench.copy.value = True
    assert bench._code_area.value == bench.code and bench._code_area.layout.display == ""


def test_errors_appear_in_place_and_go_again():
    def fails(x):
        if x > 5:
            raise ValueError("too large")
        return x**2

    def broken(x):
        return undefined + x  # noqa: F821

    bench = Workbench(broken, 1.0)
    assert bench.wait(60)
    assert "NameError: name &#x27;undefined&#x27;" in bench.status.error.value
    assert bench.panel.output.value == "" and bench.status.cancel.disabled
    bench.close()
    bench = Workbench(lambda x: jnp.array([x, x]), 1.0)
    assert bench.wait(60)
    assert "only a single number has a gradient" in bench.status.error.value
    bench.close()


def test_a_method_that_does_not_apply_is_a_row(bench):
    bench.controls.methods["backprop"].value = True
    assert "<b>Failed:</b>" in shown(bench) and "backprop" in shown(bench)


def test_nothing_chosen(bench):
    for name in ("auto", "fd"):
        bench.controls.methods[name].value = False
    assert "Choose a method, at least one." in bench.status.text.value
    assert bench.wait(10)


def test_cancel():
    reached, go_on = threading.Event(), threading.Event()

    def slow(x):
        reached.set()
        assert go_on.wait(60)
        return x**2

    bench = Workbench(slow, 1.0)
    assert reached.wait(60)
    assert not bench.status.cancel.disabled
    bench.status.cancel.click()
    go_on.set()
    assert bench.wait(60)
    assert "Cancelled." in bench.status.text.value and bench.panel.output.value == ""
    bench.editors.leaves["x"].number.value = 2.0
    assert "Gradient in x" in shown(bench)
    bench.close()


def test_shots():
    bench = Workbench(qml.set_shots(energy, 50), THETA, 0.7, methods="auto")
    assert "auto is off. The circuits have shots" in shown(bench)
    bench.controls.shots.value = 1000
    shown(bench)
    assert "qml.set_shots(" in bench.code
    bench.close()


def test_compiled_programs_and_trees():
    @qjit
    def model(params, power=2):
        return energy(params["theta"], 0.7) ** power

    bench = Workbench(model, {"theta": THETA}, power=3)
    assert list(bench.editors.leaves) == ["params['theta']", "power"]
    assert "Gradient in params[&#x27;theta&#x27;]" in shown(bench)
    bench.editors.leaves["power"].view.value = 2
    shown(bench)
    bench.close()


def test_bad_options():
    with pytest.raises(ValueError, match="Invalid method 'magic'"):
        Workbench(energy, THETA, 0.7, methods=["magic"])
    with pytest.raises(ValueError, match="Invalid reference"):
        Workbench(energy, THETA, 0.7, reference="torch")
    with pytest.raises(TypeError, match="not a callable"):
        Workbench(3)
    with pytest.raises(ValueError, match="Invalid argnum 2: the call has 2 positional arguments"):
        Workbench(energy, THETA, 0.7, argnum=2)
    with pytest.raises(TypeError, match=r"do not fit energy\(theta, g\): missing a required"):
        Workbench(energy, THETA)


def test_keywords_can_be_differentiated_too():
    bench = Workbench(energy, g=0.7, theta=THETA, argnum=1)
    assert "Gradient in g" in shown(bench) and list(bench.controls.arguments) == ["theta", "g"]
    bench.close()


def test_without_a_function():
    bench = Workbench()
    assert "Define one in a cell" in bench.children[1].value
    bench.close()


def test_the_functions_of_the_notebook(session):
    bench = session.good("import qgrad_lab\nbench = qgrad_lab.Workbench()\nbench")
    picker = bench.picker
    assert picker.function.options == ("circuit", "refused", "loss")
    picker.function.value = "loss"
    assert picker.arguments.value == "theta"
    picker.arguments.value = "theta, scale=2.0"
    picker.open.click()
    assert bench.wait(60)
    assert "loss(theta, scale)[&#x27;loss&#x27;] = " in bench.panel.output.value
    assert bench.code.splitlines()[4] == "    loss,"
    bench.close()


def test_a_picture_is_shown_beside_it(session, monkeypatch):
    shown = []
    publish = session.shell.display_pub.publish
    monkeypatch.setattr(
        session.shell.display_pub,
        "publish",
        lambda data, *args, **options: shown.append((data, options)) or publish(data, *args),
    )
    bench = session.good("import qgrad_lab\nbench = qgrad_lab.Workbench(circuit, 0.3)\nbench")
    assert bench.wait(60)
    views = [data for data, _ in shown if "application/vnd.jupyter.widget-view+json" in data]
    assert len(views) == 1
    last, options = shown[-1]
    assert options["update"] and "Gradient in x" in last["text/html"]
    assert "qgrad_lab.compare(" in last["text/html"]
    bench.close()


def test_short_floats_are_told():
    bench = Workbench(lambda x: jnp.sum(x**2), jnp.ones(2, jnp.float32), methods="auto")
    try:
        shown(bench)
        assert "float32: differences below 1e-7 mean nothing." in bench.status.text.value
    finally:
        bench.close()
