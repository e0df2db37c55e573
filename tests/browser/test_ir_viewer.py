"""The viewer of stages, used as a person does: in JupyterLab, in a browser.

The notebooks have saved outputs and no kernel, but for one test that runs a cell. Set
QGRAD_SCREENSHOTS to a folder for screenshots.
"""

import base64
import gzip
import inspect
import json
import os
import re
import time
from pathlib import Path

import jax.numpy as jnp
import nbformat
import pennylane as qml
import pytest

from qgrad_lab import grad, stages
from tests.browser.lab import DARK, LIGHT, By, Keys, Lab, marks, opened, wait_for

ActionBuilder = pytest.importorskip(
    "selenium.webdriver.common.actions.action_builder"
).ActionBuilder

pytestmark = marks

HIGH_CONTRAST = "JupyterLab Dark High Contrast"
MIME_TYPE = "application/vnd.qgrad-lab.stages.v1+json"


@qml.qnode(qml.device("lightning.qubit", wires=3), diff_method="adjoint")
def circuit(angles):
    for wire in range(3):
        qml.RY(angles[wire], wires=wire)
    qml.CNOT(wires=[0, 1])
    qml.CNOT(wires=[1, 2])
    qml.RZ(angles[3], wires=2)
    return qml.expval(qml.Z(0) @ qml.X(2))


def loss(x):
    angles = jnp.sin(x) * 2
    energy = circuit(angles)
    penalty = jnp.sum(x**2) / 10
    return jnp.tanh(energy) ** 2 + penalty


BIG = """\
import qgrad_lab
from qgrad_lab.inspection import Line, Stage, Stages
from qgrad_lab.inspection.stage import Rendered

COUNT = 80_000
source = "def first(x):\\n    return x\\n"
places = {number: (Line("big.py", number),) for number in (1, 2)}
text = "module @big {\\n" + "\\n".join(
    f"  %{n} = stablehlo.add %{n - 1}, %{n // 2} {{op_name = jit(loss)/jvp()/while/body/add_any}}"
    f" : (tensor<4x{n % 13}xf64>, tensor<4x{n % 13}xf64>) -> tensor<4x{n % 13}xf64>"
    for n in range(1, COUNT)
) + "\\n}"
assert len(text) > 10_000_000, len(text)
lines = {n: (Line("big.py", 2),) for n in range(2, COUNT, 20)}
Stages("big", {
    "source": Stage("source", "Source", "python", lambda: Rendered(source, places)),
    "stablehlo": Stage("stablehlo", "StableHLO", "mlir", lambda: Rendered(text, lines)),
    "hlo": Stage("hlo", "Optimised HLO", "hlo", lambda: Rendered(text.replace("add %9", "sub %9"))),
})
"""

# What can be read: the contrast of a text with what is behind it, both of which may be translucent.
CONTRAST = """
const pixel = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
const rgba = colour => {
  pixel.clearRect(0, 0, 1, 1);
  pixel.fillStyle = colour;
  pixel.fillRect(0, 0, 1, 1);
  return [...pixel.getImageData(0, 0, 1, 1).data].map(v => v / 255);
};
const over = ([r, g, b, a], under) => [r, g, b].map((v, i) => v * a + under[i] * (1 - a));
const luminance = colour => {
  const [r, g, b] = colour.map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const found = [...document.querySelectorAll(arguments[0])].filter(element =>
  element.innerText.trim() && element.offsetParent);
return found.map(element => {
  const layers = [];
  for (let e = element; e; e = e.parentElement) layers.push(getComputedStyle(e).backgroundColor);
  const behind = layers.reverse().reduce((under, c) => over(rgba(c), under), [1, 1, 1]);
  const text = over(rgba(getComputedStyle(element).color), behind);
  const [low, high] = [text, behind].map(luminance).sort((a, b) => a - b);
  return [(high + 0.05) / (low + 0.05), element.innerText];
});
"""

COLOURS = """
const spans = [...arguments[0].querySelectorAll('.cm-line span')];
return [...new Set(spans.map(span => getComputedStyle(span).color))];
"""

# A place in a line that can be seen, however long the line is.
BEGINNING = """
const [line] = arguments;
line.scrollIntoView({block: 'nearest'});
const scroller = line.closest('.cm-scroller');
scroller.scrollLeft = 0;
const {left, top, height} = line.getBoundingClientRect();
return [left + 40, top + height / 2];
"""


class Viewer:
    """What a person sees of the stages of a program, found by role and label."""

    def __init__(self, page):
        self.page, self.driver = page, page.driver

    def show(self, notebook):
        """Open a notebook without a kernel."""
        self.page.notebook = notebook
        self.page.open()
        wait_for(self.answer_no_kernel, "the question about the kernel", self.page.problems)
        wait_for(lambda: self.all("region", "") or self.alerts(), "outputs", self.page.problems)

    def answer_no_kernel(self):
        path = "//dialog//button[normalize-space()='No Kernel']"
        buttons = self.driver.find_elements(By.XPATH, path)
        for button in buttons:
            button.click()
        return buttons

    def alerts(self):
        found = self.driver.find_elements(By.CSS_SELECTOR, ".jp-OutputArea-output [role=alert]")
        return [alert.text for alert in found]

    def all(self, role, label):
        """Visible elements of a role, whose label begins as given."""
        tags = {"region": "section", "button": "button", "combobox": "select"}
        tags |= {"textbox": "input[type=text]", "checkbox": "input[type=checkbox]"}
        css = f"[role='{role}']" + (f", {tags[role]}" if role in tags else "")
        found = self.driver.find_elements(
            By.CSS_SELECTOR, ", ".join(f".jp-OutputArea-output {part}" for part in css.split(", "))
        )
        return [e for e in found if e.is_displayed() and e.accessible_name.startswith(label)]

    def get(self, role, label):
        found = wait_for(lambda: self.all(role, label), f"{role} {label}", self.page.problems)
        return found[0]

    def click(self, label):
        self.get("button", label).click()

    def tabs(self):
        return self.driver.find_elements(
            By.CSS_SELECTOR, "[role='tablist'] [role='tab'][id^=qgrad]"
        )

    def tab(self, title):
        (found,) = [tab for tab in self.tabs() if tab.text.splitlines()[0].startswith(title)]
        return found

    def choose(self, title):
        """Select a tab; the panel of it."""
        tab = self.tab(title)
        tab.click()
        return self.text(tab.text.splitlines()[0].split(" ◆")[0].strip())

    def panel(self):
        (panel,) = [panel for panel in self.all("tabpanel", "")]
        return panel

    def text(self, title):
        """The text of a stage."""
        return wait_for(
            lambda: [
                found
                for found in self.driver.find_elements(By.CSS_SELECTOR, "[role='textbox']")
                if found.accessible_name == title and found.is_displayed()
            ],
            title,
            self.page.problems,
        )[0]

    def line(self, title, part):
        """A line of a stage that has a part; one that is on the page."""
        path = f".//div[contains(@class, 'cm-line')][contains(normalize-space(.), '{part}')]"
        return wait_for(lambda: self.text(title).find_elements(By.XPATH, path), part)[0]

    def linked(self, title):
        """The lines of a stage that are linked, of those on the page."""
        found = self.text(title).find_elements(By.CSS_SELECTOR, ".qgrad-ir-linked")
        return [line.text.strip() for line in found]

    def hover(self, title, part, click=False):
        """Point at the beginning of a line, which may be scrolled away or longer than its pane."""
        x, y = self.driver.execute_script(BEGINNING, self.line(title, part))
        action = ActionBuilder(self.driver)
        action.pointer_action.move_to_location(round(x), round(y))
        if click:
            action.pointer_action.click()
        action.perform()

    def status(self):
        return " ".join(found.text for found in self.all("status", ""))

    def screenshot(self, name):
        folder = os.environ.get("QGRAD_SCREENSHOTS")
        if folder:
            time.sleep(0.5)
            self.driver.save_screenshot(str(Path(folder) / f"{name}.png"))


def saved(*outputs, source="qgrad_lab.stages(grad(loss), x)"):
    """A notebook with outputs, of a kernel that this machine does not have."""
    made = nbformat.v4.new_notebook()
    made.metadata["kernelspec"] = {"display_name": "-", "language": "python", "name": "not-here"}
    for number, output in enumerate(outputs, 1):
        cell = nbformat.v4.new_code_cell(source, execution_count=number)
        kind = {"output_type": "execute_result", "execution_count": number}
        cell.outputs = [nbformat.v4.new_output(**kind, data=output)]
        made.cells.append(cell)
    return made


@pytest.fixture(scope="module")
def bundle():
    x = jnp.array([0.3, 0.5, 0.7, 0.9])
    return stages(grad(loss), x)._repr_mimebundle_()


@pytest.fixture(scope="module")
def lab(bundle, tmp_path_factory):
    big = nbformat.v4.new_notebook()
    big.metadata["kernelspec"] = {"display_name": "-", "language": "python", "name": "python3"}
    big.cells = [nbformat.v4.new_code_cell(BIG)]
    lab = Lab(tmp_path_factory.mktemp("lab"), {"big.ipynb": big})
    nbformat.write(saved(bundle), lab.notebooks / "viewer.ipynb")
    data = bundle[MIME_TYPE]
    packed = base64.b64encode(gzip.compress(b"[]")).decode()
    wrong = [
        {**data, "version": 2},
        {**data, "version": 0},
        {**data, "stages": [{"name": "jaxpr"}]},
        {**data, "stages": [{**data["stages"][2], "gzip": packed}]},
    ]
    nbformat.write(
        saved(*({"text/plain": "-", MIME_TYPE: entry} for entry in wrong)),
        lab.notebooks / "wrong.ipynb",
    )
    yield lab
    lab.stop()


@pytest.fixture(scope="module")
def viewer(lab, tmp_path_factory):
    folder = tmp_path_factory.mktemp("chromium")
    with opened(lab, "viewer.ipynb", folder, size="1700,950") as page:
        viewer = Viewer(page)
        viewer.show("viewer.ipynb")
        viewer.text("Program")
        yield viewer


def test_tabs_in_the_order_of_compilation(viewer, lab, bundle):
    assert json.loads(lab.request("api/kernels")) == []
    tabs = [tab.text.splitlines() for tab in viewer.tabs()]
    data = bundle[MIME_TYPE]["stages"]
    assert [tab[0] for tab in tabs] == [stage["title"] for stage in data]
    for (_, details), stage in zip(tabs, data, strict=True):
        if stage["missing"]:
            assert details == "none"
        else:
            size, seconds = details.split(" · ")
            assert size.endswith(("B", "kB")) and seconds.endswith("s")
    assert viewer.get("region", "Stages of loss")
    assert viewer.panel().accessible_name.startswith("Program")


def test_tabs_by_keyboard(viewer):
    viewer.tab("Program").click()
    focused = viewer.driver.switch_to.active_element
    for key, title in ((Keys.ARROW_RIGHT, "Plan"), (Keys.HOME, "Source"), (Keys.ARROW_LEFT, "Ass")):
        focused.send_keys(key)
        focused = viewer.driver.switch_to.active_element
        assert focused.text.startswith(title)
        assert focused.get_attribute("aria-selected") == "true"
        assert viewer.panel().get_attribute("id") == focused.get_attribute("aria-controls")


def test_every_stage_is_coloured_and_has_numbers(viewer, bundle):
    for stage in bundle[MIME_TYPE]["stages"]:
        if stage["missing"]:
            viewer.tab(stage["title"]).click()
            wait_for(lambda reason=stage["missing"]: reason in viewer.panel().text, "the reason")
            continue
        text = viewer.choose(stage["title"])
        first = stage["text"].splitlines()[0]
        assert text.text.splitlines()[0] == first
        colours = viewer.driver.execute_script(COLOURS, text)
        assert len(colours) >= 3, stage["title"]
        numbers = viewer.panel().find_elements(By.CSS_SELECTOR, ".cm-lineNumbers")[0].text
        assert numbers.split()[:2] == ["1", "2"] or len(stage["text"].splitlines()) < 2


def test_the_source_has_the_functions_that_it_calls(viewer):
    text = viewer.text("Source").text
    assert "def loss(x):" in text and "qml.RZ(angles[3], wires=2)" in text
    assert (
        f"# circuit: line {inspect.getsourcelines(circuit.func)[1]} of {Path(__file__).name}"
        in text
    )


def test_search(viewer):
    viewer.choose("StableHLO")
    viewer.click("Search in StableHLO")
    field = viewer.get("textbox", "Find")
    field.send_keys("TANH")
    wait_for(lambda: "1 of " in viewer.status(), "the number of matches", viewer.page.problems)
    marked = viewer.text("StableHLO").find_elements(By.CSS_SELECTOR, ".cm-searchMatch-selected")
    assert [match.text for match in marked] == ["tanh"]
    # What is found is the cursor's line, and so it is linked.
    assert any("stablehlo.tanh" in line for line in viewer.linked("StableHLO"))
    viewer.get("checkbox", "Match case").click()
    wait_for(lambda: "no match" in viewer.status(), "no match in this case")
    field.clear()
    field.send_keys("multiply", Keys.ENTER, Keys.ENTER)
    (third,) = wait_for(lambda: re.findall(r"(\d+) of 9", viewer.status()), "the matches")
    viewer.click("Previous match")
    second = f"{int(third) - 1} of 9"
    wait_for(lambda: second in viewer.status(), "the match before", viewer.status)
    field.send_keys(Keys.ESCAPE)
    assert not viewer.all("textbox", "Find")


def test_folding(viewer):
    text = viewer.choose("StableHLO")
    before = len(text.text.splitlines())
    viewer.click("Fold all of StableHLO")
    wait_for(lambda: len(text.text.splitlines()) < before, "folded lines")
    assert text.find_elements(By.XPATH, ".//*[@aria-label='folded code']")
    viewer.click("Unfold all of StableHLO")
    wait_for(lambda: len(text.text.splitlines()) >= before, "unfolded lines")
    (one, *_) = viewer.panel().find_elements(By.XPATH, ".//*[@title='Fold line']")
    one.click()
    wait_for(lambda: text.find_elements(By.XPATH, ".//*[@title='unfold']"), "the folded line")[
        0
    ].click()


def test_copying(viewer, bundle):
    viewer.driver.execute_cdp_cmd(
        "Browser.grantPermissions", {"permissions": ["clipboardReadWrite"]}
    )
    viewer.choose("Optimised HLO")
    viewer.click("Copy Optimised HLO")
    viewer.get("button", "Copied Optimised HLO")
    read = "navigator.clipboard.readText().then(arguments[0], e => arguments[0](String(e)))"
    text = viewer.driver.execute_async_script(read)
    (stage,) = [stage for stage in bundle[MIME_TYPE]["stages"] if stage["name"] == "hlo"]
    assert text == stage["text"]


def test_a_line_is_linked_across_three_stages(viewer):
    viewer.choose("Optimised HLO")
    viewer.click("Keep Optimised HLO beside the others")
    viewer.choose("StableHLO")
    viewer.hover("Source", "jnp.tanh(energy)")
    wait_for(lambda: any(" tanh(" in line for line in viewer.linked("Optimised HLO")), "the link")
    assert any("stablehlo.tanh" in line for line in viewer.linked("StableHLO"))
    assert viewer.linked("Source") == ["return jnp.tanh(energy) ** 2 + penalty"]
    assert "Source, line 5" in viewer.status() and "StableHLO" in viewer.status()
    # The marks do not depend on colour: there is a sign beside the lines, and a number in the tabs.
    assert "◆" in viewer.panel().find_elements(By.CSS_SELECTOR, ".cm-gutters")[0].text
    assert "◆" in viewer.tab("jaxpr").text and "◆" not in viewer.tab("Program").text
    viewer.screenshot("ir_links_light")
    # And in the other direction.
    viewer.hover("StableHLO", "stablehlo.sine")
    wait_for(lambda: viewer.linked("Source") == ["angles = jnp.sin(x) * 2"], "the source")
    viewer.click("Do not keep Optimised HLO beside the others")
    wait_for(lambda: not viewer.all("region", "Optimised HLO"), "one pane less")


def test_a_gate_is_linked_to_the_call_of_its_circuit(viewer):
    viewer.choose("jaxpr")
    viewer.click("Keep jaxpr beside the others")
    viewer.choose("Program")
    viewer.hover("Program", "RZ(theta[3]) 2")
    wait_for(lambda: viewer.linked("Source") == ["qml.RZ(angles[3], wires=2)"], "the gate")
    assert viewer.linked("Program") == ["RZ(theta[3]) 2"]
    assert any("circuit[" in line for line in viewer.linked("jaxpr"))
    viewer.hover("jaxpr", "circuit[")
    wait_for(lambda: len(viewer.linked("Program")) == 9, "all of the circuit")
    assert viewer.linked("Source") == ["energy = circuit(angles)"]
    viewer.click("Do not keep jaxpr beside the others")


def test_a_link_by_keyboard_that_stays(viewer):
    viewer.choose("StableHLO")
    viewer.hover("StableHLO", "stablehlo.sine", click=True)
    viewer.driver.switch_to.active_element.send_keys(Keys.ARROW_DOWN)
    cosine = "stablehlo.cosine"
    pointed = ".qgrad-ir-pointed"
    wait_for(
        lambda: [
            line
            for line in viewer.text("StableHLO").find_elements(By.CSS_SELECTOR, pointed)
            if cosine in line.text
        ],
        "the next line",
    )
    assert viewer.linked("Source") == ["angles = jnp.sin(x) * 2"]
    # Another tab is scrolled to what is linked, though it may be far below.
    viewer.choose("Assembly" if viewer.tab("LLVM").text.endswith("none") else "LLVM IR")
    panel = viewer.panel()
    box = panel.rect
    wait_for(
        lambda: [
            line
            for line in panel.find_elements(By.CSS_SELECTOR, ".qgrad-ir-linked")
            if box["y"] < line.rect["y"] < box["y"] + box["height"]
        ],
        "a linked line in sight",
        viewer.status,
    )
    viewer.choose("StableHLO")
    viewer.hover("StableHLO", "stablehlo.sine", click=True)
    viewer.driver.switch_to.active_element.send_keys(Keys.ESCAPE)
    wait_for(lambda: viewer.linked("Source") == [], "no link")


def test_differences(viewer):
    viewer.choose("StableHLO")
    viewer.click("Compare two stages")
    left, right = viewer.get("combobox", "Left"), viewer.get("combobox", "Right")
    option = ".//option[normalize-space()='{}']"
    left.find_element(By.XPATH, option.format("jaxpr")).click()
    right.find_element(By.XPATH, option.format("Program")).click()
    wait_for(lambda: "only on the left" in viewer.status(), "the summary", viewer.page.problems)
    a, b = viewer.text("Left: jaxpr"), viewer.text("Right: Program")
    assert "lambda" in a.text and "RY(theta[0])" in b.text
    signs = [sign.text for sign in viewer.page.all(".qgrad-ir-sign")]
    assert set(signs) == {"−", "+"}
    viewer.click("Next difference")
    left.find_element(By.XPATH, option.format("StableHLO")).click()
    right.find_element(By.XPATH, option.format("Optimised HLO")).click()
    wait_for(lambda: "HloModule" in viewer.text("Right: Optimised HLO").text, "the other two")
    viewer.screenshot("ir_diff_light")
    right.find_element(By.XPATH, option.format("StableHLO")).click()
    wait_for(lambda: "The two are the same" in viewer.status(), "no difference")
    viewer.click("Compare two stages")
    viewer.text("StableHLO")


@pytest.mark.parametrize("theme", [LIGHT, DARK, HIGH_CONTRAST])
def test_all_can_be_read_in(theme, viewer, lab):
    lab.use_theme(theme)
    viewer.show("viewer.ipynb")
    wait_for(lambda: viewer.page.all(f"body[data-jp-theme-name='{theme}']"), f"the theme {theme}")
    viewer.choose("StableHLO")
    viewer.click("Keep StableHLO beside the others")
    viewer.choose("Optimised HLO")
    viewer.hover("Source", "jnp.tanh(energy)")
    wait_for(lambda: viewer.linked("StableHLO"), "the link")
    texts = (
        ".qgrad-ir-name, .qgrad-ir-tabTitle, .qgrad-ir-tabDetails, .qgrad-ir-badge, "
        ".qgrad-ir-title, .qgrad-ir-details, .qgrad-ir-status, .cm-line span, .cm-line"
    )
    found = viewer.driver.execute_script(CONTRAST, texts)
    viewer.screenshot(f"ir_{theme.replace(' ', '_')}")
    assert len(found) > 100
    assert [(ratio, text) for ratio, text in found if ratio < 4.5] == []


def test_what_another_version_made_says_what_to_do(viewer, lab):
    lab.use_theme(LIGHT)
    viewer.show("wrong.ipynb")
    wait_for(lambda: len(viewer.alerts()) == 4, "the messages", viewer.page.problems)
    newer, older, broken, damaged = viewer.alerts()
    assert "made by a newer qgrad-lab" in newer
    assert "pip install --upgrade qgrad-lab" in newer and "reload this page" in newer
    assert "made by an older qgrad-lab" in older
    assert "%pip install --upgrade qgrad-lab" in older and "restart the kernel" in older
    assert "damaged" in broken and "%pip install --upgrade qgrad-lab" in broken
    assert "damaged" in damaged
    viewer.screenshot("ir_other_version")


def test_ten_megabytes_from_a_kernel(viewer):
    """What is measured is printed: show it with pytest -s."""
    page, driver = viewer.page, viewer.driver
    page.notebook = "big.ipynb"
    page.open()
    page.run_all()
    assert page.errors() == []
    viewer.text("StableHLO")
    start = "window.longest = 0; new PerformanceObserver(list => list.getEntries().forEach(entry =>"
    start += (
        "window.longest = Math.max(window.longest, entry.duration))).observe({type: 'longtask'})"
    )
    driver.execute_script(start)

    def measured(what, action, done):
        driver.execute_script("window.longest = 0")
        begin = time.monotonic()
        action()
        wait_for(done, what, page.problems)
        print(
            f"{what}: {time.monotonic() - begin:.2f} s, "
            f"the page busy for {driver.execute_script('return window.longest'):.0f} ms at most"
        )

    measured("show", lambda: viewer.tab("Optimised").click(), lambda: viewer.text("Optimised HLO"))
    text = viewer.text("Optimised HLO")
    assert len(text.find_elements(By.CSS_SELECTOR, ".cm-line")) < 300
    viewer.click("Search in Optimised HLO")
    field = viewer.get("textbox", "Find")
    last = "%79999 ="
    measured(
        "search",
        lambda: field.send_keys(last),
        lambda: last in viewer.text("Optimised HLO").text,
    )
    field.send_keys(Keys.ESCAPE)
    measured(
        "links",
        lambda: viewer.hover("Source", "return x"),
        lambda: "◆4k" in viewer.tab("StableHLO").text,
    )
    measured(
        "compare",
        lambda: viewer.click("Compare two stages"),
        lambda: "only on the left" in viewer.status(),
    )
    assert "sub %9" in viewer.text("Right: Optimised HLO").text
