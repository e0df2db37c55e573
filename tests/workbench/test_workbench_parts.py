"""The parts of the widget: its thread, its editors, its controls, the code that it writes."""

import gc
import threading
import time
import weakref

import ipywidgets as widgets
import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml
import pytest

from qgrad_lab import qjit
from qgrad_lab.workbench.widget.code import Unwritable, imports, literal, name_of
from qgrad_lab.workbench.widget.controls import Controls
from qgrad_lab.workbench.widget.editors import Editors, Fixed, Plain, Slider, Table, editor
from qgrad_lab.workbench.widget.namespace import functions, required
from qgrad_lab.workbench.widget.picker import Picker
from qgrad_lab.workbench.widget.worker import Worker


class Job:
    """Work of some steps, and a record of what became of it."""

    def __init__(self, record, name, steps=1, error=None):
        self.record, self.name, self.steps, self.error = record, name, steps, error
        self.started, self.go_on = threading.Event(), threading.Event()

    def compute(self, progress):
        self.started.set()
        for step in range(self.steps):
            progress(step / self.steps, "working")
            if self.steps > 1:
                assert self.go_on.wait(10)
        if self.error is not None:
            raise self.error
        return self.name

    def done(self, result):
        self.record.append(("done", result))

    def failed(self, error):
        self.record.append(("failed", error))

    def cancelled(self):
        self.record.append(("cancelled", self.name))

    def progressed(self, part, now):
        pass


@pytest.fixture
def worker():
    worker = Worker(debounce=0.02)
    yield worker
    worker.close()


class TestWorker:
    def test_the_newest_of_many_requests_counts(self, worker):
        record = []
        for number in range(20):
            worker.submit(Job(record, number))
        assert worker.wait(10)
        assert record == [("done", 19)]

    def test_a_newer_request_ends_the_one_that_runs(self, worker):
        record = []
        old, new = Job(record, "old", steps=2), Job(record, "new")
        worker.submit(old)
        assert old.started.wait(10)
        worker.submit(new)
        old.go_on.set()
        assert worker.wait(10)
        assert record == [("done", "new")]

    def test_a_result_that_comes_too_late_is_dropped(self, worker):
        record, release = [], threading.Event()

        class Slow(Job):
            def compute(self, progress):
                self.started.set()
                assert release.wait(10)
                return self.name

        slow = Slow(record, "slow")
        worker.submit(slow)
        assert slow.started.wait(10)
        worker.submit(Job(record, "new"))
        release.set()
        assert worker.wait(10)
        assert record == [("done", "new")]

    def test_cancel(self, worker):
        record = []
        job = Job(record, "long", steps=1000)
        worker.submit(job)
        assert job.started.wait(10)
        worker.cancel()
        job.go_on.set()
        assert worker.wait(10)
        assert record == [("cancelled", "long")]

    def test_an_interrupt_cancels(self, worker):
        record = []
        worker.submit(Job(record, "stopped", error=KeyboardInterrupt()))
        assert worker.wait(10)
        worker.submit(Job(record, "good"))
        assert worker.wait(10)
        assert record == [("cancelled", "stopped"), ("done", "good")]

    def test_errors_are_told_and_work_goes_on(self, worker):
        record, error = [], ValueError("no")
        worker.submit(Job(record, "bad", error=error))
        assert worker.wait(10)
        worker.submit(Job(record, "good"))
        assert worker.wait(10)
        assert record == [("failed", error), ("done", "good")]

    def test_its_thread_ends(self):
        closed, forgotten = Worker(), Worker()
        reference = weakref.ref(forgotten)
        closed.close()
        del forgotten
        end = time.monotonic() + 10
        while reference() is not None and time.monotonic() < end:
            gc.collect()
            time.sleep(0.05)
        assert reference() is None


class TestEditors:
    def edit(self, value):
        changes = []
        return editor("x", value, lambda: changes.append(1)), changes

    @pytest.mark.parametrize("value", [0.5, np.float32(0.5), jnp.float32(0.5), np.array(0.5)])
    def test_numbers_keep_their_type(self, value):
        leaf, changes = self.edit(value)
        assert isinstance(leaf, Slider)
        leaf.number.value = 0.75
        assert leaf.value == 0.75 and changes == [1]
        assert type(leaf.value) is type(value)
        assert getattr(leaf.value, "dtype", None) == getattr(value, "dtype", None)

    def test_the_range_of_a_slider(self):
        leaf, _ = self.edit(0.5)
        assert leaf.slider.min < 0.5 < leaf.slider.max
        leaf.high.value = 10.0
        leaf.low.value = 20.0
        assert (leaf.slider.min, leaf.slider.max) == (0.5, 20.0) and leaf.value == 0.5
        leaf.low.value = float("nan")
        assert (leaf.slider.min, leaf.slider.max) == (0.5, 20.0)

    def test_a_number_is_what_was_typed(self):
        leaf, changes = self.edit(1 / 3)
        leaf.slider.value = 0.33  # where the page has it
        assert leaf.value == leaf.number.value == 1 / 3 and changes == []
        for number in (100.0, 2 / 7, 1.5):
            leaf.number.value = number
            assert leaf.value == leaf.slider.value == number
            assert leaf.slider.min <= number <= leaf.slider.max
        leaf.slider.value = 0.29  # where it was
        assert leaf.value == 1.5 and len(changes) == 3
        leaf.slider.value = 0.25
        assert leaf.value == leaf.number.value == 0.25 and len(changes) == 4

    @pytest.mark.parametrize("make", [jnp.asarray, np.asarray])
    def test_arrays(self, make):
        before = make(np.arange(6.0).reshape(2, 3))
        leaf, changes = self.edit(before)
        assert isinstance(leaf, Table) and len(leaf.cells) == 6
        assert [cell.description for cell in leaf.cells[:4]] == [
            "[0, 0]",
            "[0, 1]",
            "[0, 2]",
            "[1, 0]",
        ]
        leaf.cells[4].value = -1.0
        assert type(leaf.value) is type(before) and changes == [1]
        np.testing.assert_array_equal(leaf.value, [[0, 1, 2], [3, -1, 5]])
        np.testing.assert_array_equal(before, np.arange(6.0).reshape(2, 3))

    def test_large_arrays_have_pages(self):
        leaf, _ = self.edit(np.arange(500.0))
        assert len(leaf.cells) == 32 and leaf.page.max == 16
        leaf.page.value = 16
        assert [cell.value for cell in leaf.cells] == list(np.arange(480.0, 500.0))
        leaf.cells[-1].value = 0.0
        assert leaf.value[499] == 0.0

    @pytest.mark.parametrize(
        ("value", "kind"),
        [(True, widgets.Checkbox), (3, widgets.IntText), ("text", widgets.Text)],
    )
    def test_other_plain_values(self, value, kind):
        leaf, changes = self.edit(value)
        assert isinstance(leaf, Plain) and isinstance(leaf.view, kind)
        leaf.view.value = type(value)()
        assert leaf.value == type(value)() and changes == [1]

    def test_what_has_no_editor_stays_as_it_is(self):
        for value in (object(), np.arange(3), None, 1j):
            leaf, _ = self.edit(value)
            assert isinstance(leaf, Fixed) and leaf.value is value

    def test_trees_and_keywords(self):
        changes = []
        params = {"w": jnp.ones(2), "b": (0.5, 3)}
        editors = Editors([0.1, params], {"layers": 2}, ["x", "params"], lambda: changes.append(1))
        labels = ["x", "params['b'][0]", "params['b'][1]", "params['w']", "layers"]
        assert list(editors.leaves) == labels
        editors.leaves["params['b'][0]"].number.value = 1.5
        editors.leaves["layers"].view.value = 4
        args, kwargs = editors.arguments()
        assert args[0] == 0.1 and args[1]["b"] == (1.5, 3) and kwargs == {"layers": 4}
        assert len(changes) == 2

    def test_every_control_has_a_label_and_a_tooltip(self):
        editors = Editors([0.1, jnp.ones(40), True], {"n": 2}, ["x", "w", "flag"], lambda: None)
        controls = Controls(["x", "w", "flag"], None, shots=10, changed=lambda: None)
        asked = 0
        for view in walk(widgets.VBox([editors.view, controls.view])):
            if isinstance(view, widgets.ValueWidget) and not isinstance(
                view, widgets.HTML | widgets.Label
            ):
                # The slider stands under the number that has its name.
                assert view.description or isinstance(view, widgets.FloatSlider), view
                assert view.tooltip, view
                asked += 1
        assert asked > 40


def walk(view):
    yield view
    for child in getattr(view, "children", ()):
        yield from walk(child)


class TestControls:
    def make(self, **options):
        changes = []
        controls = Controls(["x", "y"], changed=lambda: changes.append(1), **options)
        return controls, changes

    def test_the_choice(self):
        controls, changes = self.make(argnum=1, methods=["auto"])
        assert controls.choice() == (("auto",), None, 1, "jax", None)
        controls.methods["fd"].value = True
        controls.default_step.value = False
        controls.step.value = 1e-3
        controls.arguments["x"].value = True
        controls.reference.value = None
        assert controls.choice() == (("auto", "fd"), 1e-3, (0, 1), None, None)
        assert len(changes) == 5

    def test_the_step_of_the_default_is_locked(self):
        controls, _ = self.make(argnum=None)
        assert controls.step.disabled
        controls.default_step.value = False
        assert not controls.step.disabled

    def test_what_is_missing_is_said(self):
        controls, _ = self.make(argnum=(-1,), methods=["fd"])
        assert controls.choice().argnum == 1 and controls.choice().problem is None
        controls.arguments["y"].value = False
        assert "Choose an argument" in controls.choice().problem
        controls.methods["fd"].value = False
        assert "Choose a method" in controls.choice().problem

    def test_a_reference_of_ones_own_and_shots(self):
        def known(x, y):
            return y

        controls, _ = self.make(argnum=0, reference=known, shots=100)
        assert controls.choice().reference is known and controls.choice().shots == 100


class TestCode:
    @pytest.mark.parametrize(
        "value",
        [
            0.1,
            float("inf"),
            -3,
            True,
            None,
            "it's",
            np.float64(1 / 3),
            {"w": [jnp.array([0.1, -2.0]), (1.0,)], "n": ()},
            np.array([[1.5, np.inf]]),
            jnp.array([0.1], jnp.float32),
            np.arange(3),
        ],
    )
    def test_literals_are_exact(self, value):
        text = literal(value, {})
        again = eval(text, {"np": np, "jnp": jnp, "float": float})
        jax.tree.map(np.testing.assert_array_equal, again, value)
        assert jax.tree.structure(again) == jax.tree.structure(value)
        assert getattr(again, "dtype", None) == getattr(value, "dtype", None) or np.isscalar(value)

    def test_names(self):
        thing = object()
        assert literal([thing], {"_": thing, "thing": thing}) == "[thing]"
        with pytest.raises(Unwritable, match="give it one to have code with it"):
            name_of(thing, {})

    def test_imports(self):
        assert imports("jnp.array([1])") == "import jax.numpy as jnp"
        assert imports("f(1.0)") == ""


def circuit(x, wires=2):
    qml.RX(x, wires=0)
    return qml.expval(qml.Z(0))


class TestPicker:
    def names(self):
        def local(x):
            return x

        local.__module__ = "__main__"
        node = qml.QNode(circuit, qml.device("lightning.qubit", wires=1))
        node.func.__module__ = "__main__"
        return {
            "local": local,
            "node": node,
            "compiled": qjit(local),
            "qml": qml,
            "imported": np.sin,
            "Kind": type("Kind", (), {}),
            "_hidden": local,
            "number": 3,
            "x": 0.5,
        }

    def test_functions_of_the_user(self):
        assert list(functions(self.names())) == ["local", "node", "compiled"]
        assert required(circuit) == ["x"]

    def test_opening(self):
        opened = []
        picker = Picker(self.names(), lambda *call: opened.append(call))
        assert picker.arguments.value == "x"
        picker.function.value = "node"
        picker.arguments.value = "2 * x, wires=1"
        picker.open.click()
        ((f, args, kwargs),) = opened
        assert f.__name__ == "circuit" and args == (1.0,) and kwargs == {"wires": 1}

    def test_arguments_that_are_none(self):
        picker = Picker(self.names(), lambda *call: None)
        picker.arguments.value = "y"
        picker.open.click()
        assert "NameError: name &#x27;y&#x27; is not defined" in picker.error.value

    def test_no_functions(self):
        assert "Define one in a cell" in Picker({"x": 1}, print).view.value
