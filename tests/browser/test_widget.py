"""The widget, used as a person does: in JupyterLab, in a browser.

Set QGRAD_SCREENSHOTS to a folder for screenshots.
"""

import json
import os
import time
from pathlib import Path

import nbformat
import pytest

from tests.browser.lab import DARK, By, Keys, Lab, marks, opened, wait_for

pytestmark = marks

NOTEBOOK = "workbench.ipynb"
SETUP = """\
import jax.numpy as jnp
import pennylane as qml
import qgrad_lab

@qml.qnode(qml.device("lightning.qubit", wires=2), diff_method="adjoint")
def energy(theta, g):
    qml.RY(theta[0], wires=0)
    qml.CNOT(wires=[0, 1])
    qml.RY(g * theta[1], wires=1)
    return qml.expval(qml.X(0) @ qml.X(1))
"""


def notebook():
    made = nbformat.v4.new_notebook()
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    made.metadata["kernelspec"] = kernel
    cells = (SETUP, "qgrad_lab.Workbench(energy, jnp.array([0.5, 1.0]), 0.7)")
    made.cells = [nbformat.v4.new_code_cell(source) for source in cells]
    return made


STATE = """
const root = document.querySelector('.qgrad-workbench');
const seen = selector => [...root.querySelectorAll(selector)].filter(e => e.offsetParent !== null);
const texts = (elements) => elements.map(e => e.innerText.trim());
const picture = seen('img')[0];
return {
  done: texts(seen('[role=status]')).some(text => text.includes('computed in')),
  alerts: texts(seen('[role=alert]')),
  text: root.innerText,
  picture: picture ? picture.src : null,
  rows: seen('.qgrad table tbody tr').map(row => texts([...row.children])),
};
"""


class Bench:
    """What a person sees of the widget."""

    def __init__(self, page):
        self.page = page

    @property
    def root(self):
        return self.page.all(".qgrad-workbench")[0]

    def find(self, path):
        return [found for found in self.root.find_elements(By.XPATH, path) if found.is_displayed()]

    def control(self, label):
        """The input with a label."""
        checkbox = f".//label[span[normalize-space()='{label}']]/input"
        other = (
            f".//*[label[normalize-space()='{label}']]"
            "//*[self::input or self::select or @role='slider']"
        )
        (found, *_) = wait_for(lambda: self.find(checkbox) or self.find(other), label)
        return found

    def choose_tab(self, title):
        before = self.state()
        (tab,) = self.find(f".//*[@role='tab'][normalize-space()='{title}']")
        tab.click()
        return self.settle(before)

    def choose(self, label, option):
        before = self.state()
        self.control(label).find_element(By.XPATH, f"./option[.='{option}']").click()
        return self.settle(before)

    def type(self, label, text):
        before, field = self.state(), self.field(label)
        field.send_keys(Keys.END, Keys.BACKSPACE * 20, text, Keys.ENTER)
        return self.settle(before)

    def field(self, label):
        """The number with a label."""
        path = f".//*[label[normalize-space()='{label}']]//input[@type='number']"
        return wait_for(lambda: self.find(path), label)[0]

    def tick(self, label):
        before = self.state()
        self.control(label).click()
        return self.settle(before)

    def state(self):
        """What is seen now, read at once: the page may be drawn anew at any time."""
        return self.page.driver.execute_script(STATE)

    def settle(self, before=None):
        """What is on the tab when all is computed: its text, and the source of its picture.

        That is when it says so, is not what was there ``before``, and stays as it is for a while.
        """
        seen, since = None, 0.0

        def settled():
            nonlocal seen, since
            state = self.state()
            if state != seen:
                seen, since = state, time.monotonic()
            return state["done"] and state != before and time.monotonic() - since > 1.5

        wait_for(settled, "the result", lambda: f"{self.state()}\n{self.page.problems()}")
        assert seen["alerts"] == []
        return seen["text"], seen["picture"]

    def rows(self):
        """The cells of the table, by method."""
        return {name: cells for name, *cells in self.state()["rows"]}

    def screenshot(self, name):
        folder = os.environ.get("QGRAD_SCREENSHOTS")
        if folder:
            script = "arguments[0].scrollIntoView({block: 'start'})"
            self.page.driver.execute_script(script, self.root)
            time.sleep(1)
            self.page.driver.save_screenshot(str(Path(folder) / f"{name}.png"))


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    lab = Lab(tmp_path_factory.mktemp("lab"), {NOTEBOOK: notebook()})
    yield lab
    lab.stop()


@pytest.fixture(scope="module")
def bench(lab, tmp_path_factory):
    folder = tmp_path_factory.mktemp("chromium")
    with opened(lab, NOTEBOOK, folder, size="1600,1400") as page:
        page.run_all()
        wait_for(lambda: page.all(".qgrad-workbench table"), "the table", page.problems)
        bench = Bench(page)
        bench.settle()
        yield bench


def test_the_table_of_the_call(bench):
    assert list(bench.rows()) == ["auto", "fd"]
    assert bench.page.errors() == []
    bench.screenshot("compare")


def test_a_method_makes_a_row_and_another_picture(bench):
    _, before = bench.settle()
    _, after = bench.tick("parameter-shift")
    rows = bench.rows()
    assert list(rows) == ["auto", "fd", "parameter-shift"]
    assert rows["parameter-shift"][0] == rows["auto"][0]
    assert before != after


def test_the_step_changes_the_row_of_fd(bench):
    bench.tick("the default step")
    slider = bench.control("h")
    for _ in range(8):  # from 1e-7 by quarters of a power of ten
        slider.send_keys(Keys.ARROW_RIGHT)
    text, _ = bench.settle()
    wait_for(lambda: "fd, h = 1e-05" in bench.rows(), "the step", lambda: bench.root.text)
    assert "✗" in bench.rows()["fd, h = 1e-05"][1]
    assert "truncation" in bench.settle()[0].lower()


def test_a_number_changes_the_call(bench):
    _, before = bench.settle()
    first = bench.rows()["auto"][0]
    _, after = bench.type("g", "0.25")
    assert bench.rows()["auto"][0] != first and before != after
    slider = bench.find(".//*[contains(@class, 'qgrad-slider')]//*[@role='slider']")[0]
    second = bench.rows()["auto"][0]
    before = bench.state()
    slider.send_keys(Keys.ARROW_RIGHT)
    bench.settle(before)
    assert bench.field("g").get_attribute("value") == "0.26"
    assert bench.rows()["auto"][0] not in (first, second)


def test_the_argument_that_is_differentiated(bench):
    bench.tick("g")
    text, _ = bench.tick("theta")
    assert "Gradient in g" in text
    bench.tick("theta")
    text, _ = bench.tick("g")
    assert "Gradient in theta" in text


def test_the_intermediate_representation(bench):
    text, _ = bench.choose_tab("IR")
    assert "program energy(theta: f64[2]) on 2 wires" in text
    text, _ = bench.choose("stage", "jaxpr")
    assert "circuit[" in text
    bench.choose("of", "fd")
    text, _ = bench.choose("stage", "hlo")
    assert "HloModule" in text
    bench.screenshot("ir")


def test_pictures(bench):
    _, line = bench.choose_tab("Landscape")
    bench.screenshot("landscape")
    _, plane = bench.choose("and", "theta[1]")
    bench.screenshot("plane")
    _, steps = bench.choose_tab("Step size")
    bench.screenshot("steps")
    _, cost = bench.choose_tab("Cost")
    bench.screenshot("cost")
    assert len({line, plane, steps, cost}) == 4 and None not in (line, plane, steps, cost)


def test_the_code_for_what_is_shown(bench):
    bench.choose_tab("Compare")
    (button,) = bench.find(".//button[contains(., 'Copy as code')]")
    button.click()
    area = wait_for(lambda: bench.find(".//textarea"), "the code")[0]
    code = wait_for(lambda: area.get_attribute("value"), "its text")
    assert code.startswith("import jax.numpy as jnp\nimport qgrad_lab\n\nqgrad_lab.compare(\n")
    assert "    methods=['auto', 'fd', 'parameter-shift'],\n" in code
    button.click()


def test_a_reader_without_a_kernel_sees_a_picture(bench, lab):
    page = bench.page
    assert not any(found.is_displayed() for found in page.all(".qgrad-static"))
    page.choose("File", "Save Notebook")
    wait_for(lambda: "qgrad-static" in (lab.notebooks / NOTEBOOK).read_text(), "the file")
    time.sleep(2)
    (kernel,) = json.loads(lab.request("api/sessions"))
    lab.request(f"api/sessions/{kernel['id']}", "DELETE")
    lab.use_theme(DARK)
    page.driver.get(f"{lab.url}/lab/tree/{NOTEBOOK}?reset&token={lab.token}")
    picture = wait_for(lambda: page.all(".qgrad-static img"), "the picture", page.problems)[0]
    wait_for(picture.is_displayed, "the picture to be seen", page.problems)
    assert page.all(".qgrad-static table")
    folder = os.environ.get("QGRAD_SCREENSHOTS")
    if folder:
        page.driver.save_screenshot(str(Path(folder) / "without_a_kernel.png"))
