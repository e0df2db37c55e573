"""The panel with the workbench of a notebook's functions, and the tile of the tutorials.

Set QGRAD_SCREENSHOTS to a folder for screenshots.
"""

import ast
import json
import os
import time
from pathlib import Path

import nbformat
import pytest

from qgrad_lab._version import __version__
from tests.browser.lab import DARK, LIGHT, ActionChains, By, Keys, Lab, marks, opened, wait_for

pytestmark = marks

NOTEBOOK = "functions.ipynb"
SETUP = '''\
import jax.numpy as jnp
import pennylane as qml

@qml.qnode(qml.device("lightning.qubit", wires=2), diff_method="adjoint")
def energy(theta, g, *, layers=1):
    """The energy of two spins."""
    for _ in range(layers):
        qml.RY(theta[0], wires=0)
        qml.CNOT(wires=[0, 1])
        qml.RY(g * theta[1], wires=1)
    return qml.expval(qml.X(0) @ qml.X(1))

theta = jnp.array([0.5, 1.0])'''
LATER = "def later(x, power=2):\n    return x**power"
COUNT = "[len(Out), _, _i, In[-1], sorted(n for n in globals() if 'qgrad' in n)]"
# A kernel whose qgrad_lab is of before the panel; one that is of a later time; one without any.
OLD = """\
import sys, types
for name in [name for name in sys.modules if name.split(".")[0] == "qgrad_lab"]:
    del sys.modules[name]
sys.modules["qgrad_lab"] = types.ModuleType("qgrad_lab")
sys.modules["qgrad_lab"].__path__ = []
sys.modules["qgrad_lab.workbench"] = types.ModuleType("qgrad_lab.workbench")"""
NEW = """\
sys.modules["qgrad_lab.workbench"].list_functions = (
    lambda: '{"protocol": 99, "version": "9.9.9", "functions": []}')"""
NONE = """\
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "qgrad_lab":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
for name in [name for name in sys.modules if name.split(".")[0] == "qgrad_lab"]:
    del sys.modules[name]
sys.meta_path.insert(0, Missing())"""
BUSY = "import time; time.sleep(4)"
CELLS = [SETUP, LATER, COUNT, OLD, NEW, NONE, BUSY]


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    notebook = nbformat.v4.new_notebook()
    notebook.metadata["kernelspec"] = {"display_name": "Python 3", "name": "python3"}
    notebook.cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
    lab = Lab(tmp_path_factory.mktemp("lab"), {NOTEBOOK: notebook})
    yield lab
    lab.stop()


@pytest.fixture(scope="module")
def page(lab, tmp_path_factory):
    folder = tmp_path_factory.mktemp("chromium")
    with opened(lab, NOTEBOOK, folder, size="1900,1300") as page:
        wait_for(page.kernel_is_ready, "the kernel", page.problems)
        yield page


def run(page, source, wait=True):
    """Run a cell of the notebook, as a person does."""
    number = CELLS.index(source)
    cell = page.all(".jp-Cell")[number]
    page.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", cell)
    cell.find_element(By.CSS_SELECTOR, ".cm-content").click()
    ActionChains(page.driver).key_down(Keys.CONTROL).send_keys(Keys.ENTER).key_up(
        Keys.CONTROL
    ).perform()
    if wait:
        prompt = cell.find_element(By.CSS_SELECTOR, ".jp-InputPrompt")
        wait_for(lambda: prompt.text.strip("[]: ").isdigit(), "the cell", page.problems)


def panel(page):
    return page.all(".qgrad-panel")[0]


def find(page, path):
    return [found for found in panel(page).find_elements(By.XPATH, path) if found.is_displayed()]


def says(page, words):
    what = f"the panel to say {words!r}"
    wait_for(lambda: words in panel(page).text, what, lambda: panel(page).text)


def functions(page):
    """The names and signatures in the list."""
    labels = find(page, ".//fieldset[legend[.='Function']]//label[input[@type='radio']]")
    return [label.find_element(By.TAG_NAME, "code").text for label in labels]


def choose(page, name):
    find(page, f".//label[input[@type='radio']][.//b[.='{name}']]")[0].click()


def field(page, label):
    path = f".//label[code[.='{label}']]/input"
    return wait_for(lambda: find(page, path), label, lambda: panel(page).text)[0]


def button(page, name):
    return find(page, f".//button[normalize-space()='{name}']")[0]


def bench(page):
    """The widget, when it has computed what it shows."""

    def settled():
        found = find(page, ".//*[contains(@class, 'qgrad-workbench')]")
        return found if found and "computed in" in found[0].text else None

    return wait_for(settled, "the workbench", lambda: panel(page).text + page.problems())[0]


def screenshot(page, name):
    folder = os.environ.get("QGRAD_SCREENSHOTS")
    if folder:
        time.sleep(1)
        page.driver.save_screenshot(str(Path(folder) / f"{name}.png"))


def kernel_menu(page, entry):
    """Choose an entry that is about the kernel of the notebook, which has to be at hand for it."""
    page.all(".jp-Notebook .cm-content")[0].click()
    page.choose("Kernel", entry)


def restart(page):
    kernel_menu(page, "Restart Kernel…")
    wait_for(page.answer_questions, "the question")


def test_it_opens_and_says_that_there_are_no_functions(page):
    page.choose("Differentiate", "Open Workbench")
    wait_for(lambda: page.all(".qgrad-panel"), "the panel", page.problems)
    says(page, "There is no function to differentiate yet. Define one in a cell")
    says(page, f"{NOTEBOOK} · Python 3 (ipykernel) · qgrad_lab {__version__}")


def test_functions_appear_when_cells_run(page):
    run(page, SETUP)
    signature = "energy(theta, g, *, layers=1)"
    wait_for(lambda: functions(page) == [signature], "it", lambda: panel(page).text)
    says(page, "The energy of two spins.")
    says(page, "QNode")
    run(page, LATER)
    wait_for(lambda: functions(page) == [signature, "later(x, power=2)"], "both")


def test_nothing_of_it_is_left_in_the_notebook(page):
    run(page, COUNT)
    cell = page.all(".jp-Cell")[CELLS.index(COUNT)]
    text = wait_for(lambda: cell.find_elements(By.CSS_SELECTOR, ".jp-OutputArea-output"), "it")
    # Three cells have run, of which none but this has a result.
    assert ast.literal_eval(text[0].text) == [0, "", LATER, COUNT, []]
    assert "[3]:" in cell.text


def test_a_value_that_is_missing_is_asked_for(page):
    choose(page, "energy")
    assert field(page, "theta").get_attribute("value") == "theta"
    assert field(page, "layers").get_attribute("placeholder") == "1"
    button(page, "Open the workbench").click()
    says(page, "✗ Give a value for g.")
    assert field(page, "g").get_attribute("aria-invalid") == "true"
    assert page.driver.switch_to.active_element == field(page, "g")
    screenshot(page, "panel-functions")


def test_the_workbench_opens_and_works(page):
    field(page, "g").send_keys("0.7")
    field(page, "layers").send_keys("2", Keys.ENTER)
    found = bench(page)
    rows = [row.text for row in found.find_elements(By.CSS_SELECTOR, ".qgrad table tbody th")]
    assert rows == ["auto", "fd"]
    assert "energy(theta, g, layers)" in found.text
    box = ".//label[span[normalize-space()='parameter-shift']]/input"
    found.find_element(By.XPATH, box).click()
    path = ".//*[contains(@class, 'qgrad')]//tbody//th[.='parameter-shift']"
    wait_for(lambda: find(page, path), "another row", page.problems)
    screenshot(page, "panel-workbench")


def test_another_call_takes_its_place(page):
    find(page, ".//summary[contains(., 'energy(theta, 0.7, layers=2)')]")[0].click()
    assert field(page, "g").get_attribute("value") == "0.7"  # what was typed stays
    choose(page, "later")
    field(page, "x").send_keys("1.5")
    button(page, "Open the workbench").click()
    wait_for(lambda: "later(x)" in bench(page).text, "it")
    assert len(page.all(".qgrad-panel .qgrad-workbench")) == 1


def test_what_is_wrong_with_the_arguments_is_said(page):
    find(page, ".//summary[contains(., 'later(1.5)')]")[0].click()
    field(page, "x").send_keys(Keys.BACKSPACE * 3, "missing")
    button(page, "Open the workbench").click()
    alert = wait_for(lambda: find(page, ".//*[@role='alert']"), "it", lambda: panel(page).text)
    assert "name 'missing' is not defined" in alert[0].text


def test_a_kernel_at_work(page):
    run(page, BUSY, wait=False)
    find(page, ".//summary")[0].click()
    field(page, "x").send_keys(Keys.BACKSPACE * 7, "2.5")
    button(page, "Open the workbench").click()
    says(page, "Waiting for the kernel…")
    wait_for(lambda: "later(x)" in bench(page).text, "it")
    assert "Waiting for the kernel" not in panel(page).text


def test_a_restart_is_followed(page):
    restart(page)
    says(page, "The kernel was restarted, and its functions are gone. Run the cells that")
    says(page, "There is no function to differentiate yet.")
    assert page.all(".qgrad-panel .qgrad-workbench") == []
    run(page, LATER)
    wait_for(lambda: functions(page) == ["later(x, power=2)"], "it", lambda: panel(page).text)
    button(page, "Open the workbench").click()
    assert "later(x)" in bench(page).text


@pytest.mark.parametrize(
    ("cell", "what", "fix"),
    [
        (OLD, "The qgrad_lab of this kernel", "%pip install -U qgrad-lab"),
        (NEW, "The qgrad_lab of this kernel, version 9.9.9, is newer", "pip install -U qgrad-lab"),
        (NONE, "qgrad_lab is not installed in this notebook's kernel", "%pip install -U qgrad-lab"),
    ],
)
def test_another_qgrad_lab_is_said_with_the_fix(page, cell, what, fix):
    run(page, cell)
    says(page, what)
    (alert,) = find(page, ".//*[@role='alert'][.//pre]")
    if cell is OLD:
        assert "too old for this panel" in alert.text
    assert alert.find_element(By.TAG_NAME, "pre").text == fix
    assert functions(page) == []
    assert button(page, "Try again").is_enabled()
    screenshot(page, f"panel-problem-{CELLS.index(cell)}")


def test_no_kernel(page):
    kernel_menu(page, "Shut Down Kernel")
    says(page, "This notebook has no kernel.")
    button(page, "Choose a kernel").click()
    wait_for(lambda: page.all(".jp-Dialog select"), "the question")
    page.all(".jp-Dialog button.jp-mod-accept")[0].click()
    says(page, "There is no function to differentiate yet.")
    says(page, "The notebook has another kernel now.")


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_the_tutorials(theme, page, lab):
    lab.use_theme(theme)
    page.driver.get(f"{lab.url}/lab?reset&token={lab.token}")
    wait_for(lambda: page.all(f"body[data-jp-theme-name='{theme}']"), theme)
    path = "//*[contains(@class, 'jp-LauncherCard')][contains(., 'qgrad_lab Tutorials')]"
    tile = wait_for(lambda: page.driver.find_elements(By.XPATH, path), "the tile")[0]
    screenshot(page, f"launcher {theme}")
    folder = lab.notebooks / "qgrad_lab_notebooks"
    mine = '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
    if theme == LIGHT:
        folder.mkdir()
        (folder / "03_comparing_methods.ipynb").write_text(mine)
    tile.click()
    tab = "//*[@role='tab'][contains(., '01_start_here.ipynb')]"
    wait_for(lambda: page.driver.find_elements(By.XPATH, tab), "the notebook", page.problems)
    wait_for(lambda: page.all(".jp-Cell"), "its cells")
    assert json.loads((folder / "03_comparing_methods.ipynb").read_text()) == json.loads(mine)
    assert (folder / "images" / "workbench.png").stat().st_size > 1000
    screenshot(page, f"start {theme}")
