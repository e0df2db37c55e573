"""The table of a comparison in a saved notebook, without a kernel: sorted, opened, copied.

Set QGRAD_SCREENSHOTS to a folder for screenshots.
"""

import csv
import io
import json
import os
import time
from pathlib import Path

import jax.numpy as jnp
import nbformat
import pennylane as qml
import pytest

import qgrad_lab
from qgrad_lab.results.export import MIME_TYPE
from tests.browser.lab import DARK, LIGHT, By, Keys, Lab, contrasts, marks, opened, wait_for

pytestmark = marks

NOTEBOOK = "saved.ipynb"
HIGH_CONTRAST = "JupyterLab Dark High Contrast"
THETA = jnp.linspace(0.1, 1.2, 12).reshape(3, 4)


@qml.qnode(qml.device("lightning.qubit", wires=4), diff_method="adjoint")
def energy(theta, scale):
    for row in theta:
        for wire in range(4):
            qml.RY(row[wire] * scale, wires=wire)
        for wire in range(3):
            qml.CNOT(wires=[wire, wire + 1])
    return qml.expval(qml.Z(0) @ qml.X(1))


@pytest.fixture(scope="module")
def found():
    # The device knows no backprop: a row that fails.
    return qgrad_lab.compare(
        energy,
        THETA,
        0.7,
        methods=["auto", "fd", "parameter-shift", "backprop"],
        h=[1e-2, 1e-7],
        argnum=[0, 1],
    )


def bundles(found):
    """The outputs of the cells: a good one, and what a viewer cannot know."""
    good = found._repr_mimebundle_()
    data = good[MIME_TYPE]
    newer = {MIME_TYPE: {**data, "version": 2}, "text/plain": "as text: newer"}
    older = {MIME_TYPE: {**data, "version": 0}, "text/plain": "as text: older"}
    rows = [{**row, "gradient": None} for row in data["rows"]]
    broken = {MIME_TYPE: {**data, "rows": rows}, "text/plain": "as text: broken"}
    unknown = {MIME_TYPE.replace("v1", "v2"): {"version": 2}, "text/plain": "as text: unknown"}
    wide = qgrad_lab.compare(lambda x: jnp.sum(jnp.sin(x)), jnp.arange(3000.0))
    return [good, newer, older, broken, unknown, wide._repr_mimebundle_()]


@pytest.fixture(scope="module")
def lab(tmp_path_factory, found):
    lab = Lab(tmp_path_factory.mktemp("lab"), {})
    notebook = nbformat.v4.new_notebook()
    for number, bundle in enumerate(bundles(found), 1):
        output = nbformat.v4.new_output("execute_result", bundle, execution_count=number)
        cell = nbformat.v4.new_code_cell(f"compared_{number}", execution_count=number)
        cell.outputs = [output]
        notebook.cells.append(cell)
    # Of a language that no kernel here speaks: what is seen does not come from one.
    notebook.metadata["kernelspec"] = {"name": "none", "display_name": "None", "language": "none"}
    nbformat.write(notebook, lab.notebooks / NOTEBOOK)
    yield lab
    lab.stop()


@pytest.fixture(scope="module")
def page(lab, tmp_path_factory):
    with opened(lab, NOTEBOOK, tmp_path_factory.mktemp("chromium"), size="1500,1300") as page:
        settle(page)
        yield page


def settle(page):
    wait_for(lambda: page.all(".qgrad-comparison"), "the tables", page.problems)
    for _ in range(20):  # it asks for a kernel: no
        for button in page.all(".jp-Dialog button.jp-mod-reject"):
            button.click()
            return
        time.sleep(0.1)


def outputs(page):
    return page.all(".jp-OutputArea-output .qgrad-comparison")


def table(page, output=0):
    return outputs(page)[output].find_element(By.XPATH, ".//table[caption]")


def header(page, name, output=0):
    path = f"./thead//button[starts-with(normalize-space(), '{name}')]"
    return table(page, output).find_element(By.XPATH, path)


def methods(page, output=0):
    names = table(page, output).find_elements(By.XPATH, "./tbody/tr/th[@scope='row']")
    return [name.text.strip("▸▾ ").split("★")[0].strip() for name in names]


def button(page, name, output=0):
    path = f".//button[contains(normalize-space(), '{name}')]"
    return outputs(page)[output].find_element(By.XPATH, path)


def screenshot(page, name, shown):
    folder = os.environ.get("QGRAD_SCREENSHOTS")
    if folder:
        page.driver.execute_script("arguments[0].scrollIntoView({block: 'start'})", shown)
        time.sleep(0.7)
        page.driver.save_screenshot(str(Path(folder) / f"{name}.png"))


ROWS = ["auto", "fd, h = 0.01", "fd, h = 1e-07", "parameter-shift", "backprop"]


def test_it_says_all_that_the_static_table_says(page, found):
    assert page.all(".qgrad table") == []  # the static one is not shown beside it
    assert table(page).find_element(By.TAG_NAME, "caption").text == (
        f"energy(...) = {float(found.value):#.8g}"
    )
    assert methods(page) == ROWS
    heads = [
        head.text.rstrip("↕").strip() for head in table(page).find_elements(By.XPATH, "./thead//th")
    ]
    assert heads == [
        *("Method", "Gradient", "Difference", "Relative", "First result", "Per call"),
        *("Circuits", "Sweeps", "Memory"),
    ]
    words = outputs(page)[0].text
    for said in (
        f"★ Best: {found.best().reason}.",
        "theta: [3 × 4], max |g| = ",
        f"✗ Failed: {found['backprop'].error}",
        "✗ fd, h = 0.01 is off. Truncation: the step is too long, and the error falls",
        "Difference: the largest from jax.grad on default.qubit, over all elements",
    ):
        assert said in words
    (best,) = table(page).find_elements(By.XPATH, ".//tr[contains(., '★ best')]/th")
    assert found.best().row.label in best.text


def test_marks_say_what_shades_say(page, found):
    for row, line in zip(
        found.rows, table(page).find_elements(By.XPATH, "./tbody/tr[th]"), strict=True
    ):
        marks = line.find_elements(By.XPATH, "./td[2]//*[@role='img']")
        labels = [mark.get_attribute("aria-label") for mark in marks]
        assert labels == {True: ["accurate"], False: ["off"], None: []}[found.is_accurate(row)]


@pytest.mark.parametrize(
    ("column", "key"),
    [
        ("Method", lambda row: row.label),
        ("Difference", lambda row: row.difference),
        ("Per call", lambda row: row.per_call),
        ("Memory", lambda row: row.memory),
    ],
)
def test_headers_sort(page, found, column, key):
    working = [row for row in found.rows if row.error is None]
    known = [row for row in working if key(row) is not None]
    late = [row.label for row in working if key(row) is None] + ["backprop"]
    for direction in ("ascending", "descending", "none"):
        header(page, column).send_keys(Keys.ENTER)
        cell = header(page, column).find_element(By.XPATH, "./ancestor::th")
        assert cell.get_attribute("aria-sort") == direction
        assert page.driver.switch_to.active_element == header(page, column)
        if direction == "none":
            assert methods(page) == ROWS
            continue
        down = direction == "descending"
        keys = [key(row) for row in sorted(known, key=key, reverse=down)]
        named = {row.label: key(row) for row in known}
        assert [named[name] for name in methods(page)[: len(known)]] == keys
        assert methods(page)[len(known) :] == late


def test_a_row_opens_to_every_element(page, found):
    toggle = button(page, "fd, h = 0.01")
    assert toggle.get_attribute("aria-expanded") == "false"
    toggle.click()
    toggle = button(page, "fd, h = 0.01")
    assert toggle.get_attribute("aria-expanded") == "true"
    below = page.driver.find_element(By.ID, toggle.get_attribute("aria-controls"))
    theta, scale = below.find_elements(By.XPATH, ".//table")
    rows = theta.find_elements(By.XPATH, "./tbody/tr")
    assert len(rows) == 12
    assert rows[5].find_element(By.TAG_NAME, "th").text == "[1, 1]"
    value, reference, off = (cell.text for cell in rows[5].find_elements(By.TAG_NAME, "td"))
    row = found["fd", 1e-2]
    assert float(value) == float(row.gradient[0][1, 1])
    assert float(reference) == float(found.reference[0][1, 1])
    distance = abs(float(value) - float(reference))
    assert off.split() == ["✗", f"{distance:.1e}"]
    assert float(scale.find_element(By.XPATH, ".//td").text) == float(row.gradient[1])
    sort = theta.find_element(By.XPATH, ".//thead//button[starts-with(., 'Difference')]")
    sort.click()
    path = ".//table[1]//thead//button[starts-with(., 'Difference')]"
    below.find_element(By.XPATH, path).click()
    worst = below.find_element(By.XPATH, ".//table/tbody/tr/td[3]").text
    assert worst.split()[1] == f"{row.absolute[0]:.1e}"
    screenshot(page, "comparison-light", outputs(page)[0])
    button(page, "fd, h = 0.01").click()
    assert not page.driver.find_elements(By.XPATH, "//h4[starts-with(., 'Gradient in')]")


def test_all_rows_open_at_once(page):
    button(page, "Expand all").click()
    assert len(outputs(page)[0].find_elements(By.XPATH, ".//h4[.='Gradient in theta']")) == 4
    button(page, "Collapse all").click()
    assert outputs(page)[0].find_elements(By.XPATH, ".//h4") == []


def test_long_gradients_come_in_parts(page):
    button(page, "Expand all", output=-1).click()
    path = ".//h4/following-sibling::div//tbody"
    first = outputs(page)[-1].find_elements(By.XPATH, path)[0]
    assert len(first.find_elements(By.XPATH, "./tr")) == 100
    button(page, "Show 1000 more of 3,000 elements", output=-1).click()
    assert len(first.find_elements(By.XPATH, "./tr")) == 1100
    button(page, "Collapse all", output=-1).click()


def test_copying_as_csv(page, lab, found):
    page.driver.execute_cdp_cmd(
        "Browser.grantPermissions",
        {"origin": lab.url, "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]},
    )
    button(page, "Copy as CSV").click()
    status = outputs(page)[0].find_element(By.XPATH, ".//*[@role='status']")
    wait_for(lambda: status.text == "✓ Copied", "the copy", lambda: status.text)
    copied = page.driver.execute_async_script("navigator.clipboard.readText().then(arguments[0])")
    rows = list(csv.DictReader(io.StringIO(copied)))
    assert [row["method"] for row in rows][-2:] == ["backprop", "jax.grad on default.qubit"]
    auto = rows[0]
    assert float(auto["gradient in theta[2, 3]"]) == float(found["auto"].gradient[0][2, 3])
    assert float(auto["per call"]) == found["auto"].per_call
    assert rows[-2]["error"] == found.rows[-1].error


@pytest.mark.parametrize(
    ("output", "what", "fix"),
    [
        (1, "has version 2, and this JupyterLab shows version 1", "pip install -U qgrad-lab"),
        (2, "has version 0, which is older than version 1", "%pip install -U qgrad-lab"),
        (3, "rows[0].gradient is missing or not of the expected", "%pip install -U qgrad-lab"),
    ],
)
def test_what_it_does_not_know_is_said_with_the_fix(page, output, what, fix):
    shown = outputs(page)[output]
    alert = shown.find_element(By.XPATH, ".//*[@role='alert']")
    assert what in alert.text and fix in alert.text
    assert "as text: " in shown.text


def test_a_bundle_of_another_name_is_shown_as_text(page):
    assert any("as text: unknown" == output.text for output in page.all(".jp-RenderedText"))


@pytest.mark.parametrize("theme", [LIGHT, DARK, HIGH_CONTRAST])
def test_it_can_be_read_in(theme, page, lab):
    lab.use_theme(theme)
    page.open()
    wait_for(lambda: page.all(f"body[data-jp-theme-name='{theme}']"), f"the theme {theme}")
    settle(page)
    button(page, "fd, h = 0.01").click()
    root = outputs(page)[0]
    cells = root.find_elements(By.XPATH, ".//caption | .//th | .//td[not(*)] | .//p | .//button")
    assert len(cells) > 60
    cells = [cell for cell in cells if cell.text]
    for cell, contrast in zip(cells, contrasts(page, cells), strict=True):
        assert contrast >= 4.5, f"contrast {contrast:.1f} of {cell.text!r}"
    screenshot(page, f"comparison {theme}", root)
    assert json.loads(lab.request("api/kernels")) == []
