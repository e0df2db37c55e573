"""The command that has a cell differentiate its last line, and its settings, in JupyterLab.

Set QGRAD_SCREENSHOTS to a folder for screenshots.
"""

import json
import os
import time
from pathlib import Path

import nbformat
import pytest

from tests.browser.lab import DARK, LIGHT, ActionChains, By, Keys, Lab, marks, opened, wait_for

pytestmark = marks

NOTEBOOK = "cells.ipynb"
DIFFERENTIATE = "Differentiate This Cell"
SETTINGS = "qgrad-lab:settings"
CELLS = [
    ("code", "import jax.numpy as jnp\n\ndef loss(theta):\n    return jnp.sum(jnp.sin(theta))"),
    ("markdown", "# A title"),
    ("code", "loss(jnp.array([0.5, 1.0]))"),
    ("code", "%%qgrad -m adjoint -a 0 -o found\nloss(jnp.array([0.5, 1.0]))"),
    ("code", "%%time\nloss(0.5)"),
    ("code", ""),
]
FIRST, TITLE, CALL, MAGIC, TIME, EMPTY = range(len(CELLS))


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    notebook = nbformat.v4.new_notebook()
    notebook.metadata["kernelspec"] = {"display_name": "Python 3", "name": "python3"}
    make = {"code": nbformat.v4.new_code_cell, "markdown": nbformat.v4.new_markdown_cell}
    notebook.cells = [make[kind](source) for kind, source in CELLS]
    lab = Lab(tmp_path_factory.mktemp("lab"), {NOTEBOOK: notebook})
    yield lab
    lab.stop()


@pytest.fixture(scope="module")
def page(lab, tmp_path_factory):
    with opened(lab, NOTEBOOK, tmp_path_factory.mktemp("chromium"), size="1400,1100") as page:
        wait_for(page.kernel_is_ready, "the kernel", page.problems)
        yield page


def cell(page, number):
    return page.all(".jp-Cell")[number]


def source(page, number):
    lines = cell(page, number).find_elements(By.CSS_SELECTOR, ".cm-line")
    return "\n".join(line.text for line in lines)


def enter(page, number):
    """Put the cursor into a cell."""
    cell(page, number).find_element(By.CSS_SELECTOR, ".cm-content").click()
    wait_for(lambda: "jp-mod-active" in cell(page, number).get_attribute("class"), "the cell")


def button(page):
    """The button in the notebook's toolbar."""
    path = "//*[@role='toolbar']//*[self::button or self::jp-button]"
    path += f"[contains(@title, 'Differentiate') or contains(@aria-label, '{DIFFERENTIATE}')]"
    return wait_for(lambda: page.driver.find_elements(By.XPATH, path), "the button")[0]


def keys(page, *typed):
    ActionChains(page.driver).key_down(Keys.CONTROL).send_keys(*typed).key_up(
        Keys.CONTROL
    ).perform()


def notices(page):
    return " ".join(toast.text for toast in page.all(".Toastify__toast"))


def no_notices(page):
    """Wait until they are gone by themselves: one that is closed while it slides in can stick."""
    wait_for(lambda: not page.all(".Toastify__toast"), "no notices")


def use_settings(page, lab, **values):
    """Change settings in the page, as its settings editor does."""
    body = {"raw": json.dumps(values)}
    lab.request(f"lab/api/settings/{SETTINGS}", "PUT", body)
    page.open()
    wait_for(page.kernel_is_ready, "the kernel", page.problems)


def screenshot(page, name):
    folder = os.environ.get("QGRAD_SCREENSHOTS")
    if folder:
        time.sleep(1)
        page.driver.save_screenshot(str(Path(folder) / f"{name}.png"))


def test_the_button_turns_a_cell_and_one_undo_turns_it_back(page):
    enter(page, CALL)
    ActionChains(page.driver).key_down(Keys.CONTROL).send_keys(Keys.END).key_up(
        Keys.CONTROL
    ).send_keys(" # typed").perform()
    button(page).click()
    call = CELLS[CALL][1]
    wait_for(
        lambda: source(page, CALL) == f"%%qgrad --plot\n{call} # typed",
        "the line",
        lambda: source(page, CALL),
    )
    enter(page, CALL)
    keys(page, "z")
    wait_for(lambda: source(page, CALL) == f"{call} # typed", "undo", lambda: source(page, CALL))
    keys(page, "z")
    wait_for(lambda: source(page, CALL) == call, "the next", lambda: source(page, CALL))


def test_what_is_missing_in_the_notebook_is_offered(page):
    wait_for(lambda: "%%qgrad works in this kernel now" in notices(page), "the notice")
    path = "//*[contains(@class, 'Toastify')]//button[normalize-space()='Add the cell']"
    offered = wait_for(lambda: page.driver.find_elements(By.XPATH, path), "the button")[0]
    # Notices slide in, and cannot be clicked at a place while they do.
    page.driver.execute_script("arguments[0].click()", offered)
    wait_for(lambda: source(page, 0) == "%load_ext qgrad_lab", "the cell")
    assert source(page, 1).startswith("import jax.numpy")
    # Undone, so that the others are where they were.
    ActionChains(page.driver).send_keys(Keys.ESCAPE).perform()
    page.choose("Edit", "Undo Cell Operation")
    wait_for(lambda: source(page, 0).startswith("import jax.numpy"), "undo")
    no_notices(page)


def test_the_shortcut_and_the_cell_that_runs(page):
    for number in (FIRST, CALL):
        enter(page, number)
        if number == CALL:
            ActionChains(page.driver).key_down(Keys.CONTROL).key_down(Keys.ALT).send_keys(
                "g"
            ).key_up(Keys.ALT).key_up(Keys.CONTROL).perform()
            wait_for(lambda: source(page, CALL).startswith("%%qgrad --plot\n"), "the line")
        ActionChains(page.driver).key_down(Keys.SHIFT).send_keys(Keys.ENTER).key_up(
            Keys.SHIFT
        ).perform()
    # The kernel has no %load_ext from the notebook: the magics were loaded for it.
    table = wait_for(lambda: page.all(".qgrad-comparison table"), "the table", page.problems)[0]
    assert table.find_elements(By.XPATH, ".//tbody//button[contains(., 'auto')]")
    wait_for(lambda: page.all(".jp-OutputArea-output img"), "the plot", page.problems)
    assert page.errors() == []
    page.driver.execute_script("arguments[0].scrollIntoView()", cell(page, CALL))
    screenshot(page, "toolbar-light")


def test_it_works_after_a_restart_too(page, lab):
    page.choose("Kernel", "Restart Kernel and Run All Cells…")
    wait_for(page.answer_questions, "the question")
    wait_for(lambda: "[2]:" in cell(page, CALL).text, "the cell to run", page.problems)
    wait_for(lambda: page.all(".qgrad-comparison table"), "the table", page.problems)
    assert cell(page, CALL).find_elements(By.CSS_SELECTOR, "img")


def test_options_of_a_cell_that_has_the_magic_are_replaced(page):
    enter(page, MAGIC)
    button(page).click()
    wait_for(
        lambda: source(page, MAGIC).startswith("%%qgrad --plot -a 0 -o found\nloss"),
        "the options",
        lambda: source(page, MAGIC),
    )
    button(page).click()
    wait_for(lambda: "has the options of the settings already" in notices(page), "the notice")
    assert source(page, MAGIC).count("%%qgrad") == 1
    no_notices(page)


def test_a_cell_with_another_magic_is_left_alone(page):
    enter(page, TIME)
    button(page).click()
    wait_for(lambda: "This cell begins with %%time" in notices(page), "the notice")
    assert source(page, TIME) == CELLS[TIME][1]
    no_notices(page)


def test_an_empty_cell_is_told_what_to_hold(page):
    enter(page, EMPTY)
    button(page).click()
    wait_for(lambda: source(page, EMPTY) == "%%qgrad --plot\n", "the line")
    wait_for(lambda: "such as loss(theta)" in notices(page), "the notice")
    no_notices(page)


def test_text_cannot_be_differentiated(page):
    enter(page, CALL)
    wait_for(lambda: not disabled(button(page)), "the button")
    cell(page, TITLE).click()
    wait_for(lambda: disabled(button(page)), "no button")


def disabled(found):
    return found.get_attribute("disabled") is not None or (
        found.get_attribute("aria-disabled") == "true"
    )


def test_the_palette_and_the_menu_have_it(page):
    enter(page, EMPTY)
    page.choose("View", "Activate Command Palette")
    field = wait_for(lambda: page.all("#modal-command-palette input"), "the palette")[0]
    field.send_keys("differentiate")
    for label in (DIFFERENTIATE, "Open Workbench"):
        path = f"//*[contains(@class, 'lm-CommandPalette-itemLabel')][.='{label}']"
        wait_for(lambda path=path: page.driver.find_elements(By.XPATH, path), label)
    field.send_keys(Keys.ESCAPE)
    for _ in range(2):  # by now it may have the line already
        enter(page, EMPTY)
        page.choose("Differentiate", DIFFERENTIATE)
        wait_for(lambda: source(page, EMPTY) == "%%qgrad --plot\n", "the line")
    wait_for(lambda: "options of the settings already" in notices(page), "the notice")


def test_settings_reach_the_cell_and_the_plot(page, lab):
    values = {
        "methods": {"auto": True, "fd": True, "parameter-shift": True},
        "h": "1e-3 1e-7",
        "reference": "none",
        "theme": "dark",
    }
    page.choose("File", "Save Notebook")
    use_settings(page, lab, **values)
    enter(page, CALL)
    button(page).click()
    line = "%%qgrad --method auto fd parameter-shift --h 1e-3 1e-7 --reference none"
    line += " --plot --theme dark"
    wait_for(
        lambda: source(page, CALL).startswith(line + "\n"),
        "the settings",
        lambda: source(page, CALL),
    )
    enter(page, FIRST)
    for number in (FIRST, CALL):
        enter(page, number)
        ActionChains(page.driver).key_down(Keys.SHIFT).send_keys(Keys.ENTER).key_up(
            Keys.SHIFT
        ).perform()
    wait_for(lambda: corner(page) == [17, 17, 17], "a dark plot", page.problems)
    screenshot(page, "theme-dark-plot")


def corner(page):
    """The colour of the plot's paper."""
    images = cell(page, CALL).find_elements(By.CSS_SELECTOR, ".jp-OutputArea-output img")
    if not images:
        return None
    script = """
    const canvas = document.createElement('canvas');
    const picture = canvas.getContext('2d');
    picture.drawImage(arguments[0], 0, 0);
    return [...picture.getImageData(1, 1, 1, 1).data].slice(0, 3);
    """
    return page.driver.execute_script(script, images[0])


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_the_settings_page(theme, page, lab):
    lab.use_theme(theme)
    page.driver.get(f"{lab.url}/lab?reset&token={lab.token}")
    wait_for(lambda: page.all(f"body[data-jp-theme-name='{theme}']"), theme)
    page.choose("Settings", "Settings Editor")
    field = wait_for(lambda: page.all(".jp-SettingsPanel, .jp-PluginList"), "settings")
    assert field
    path = "//*[contains(@class, 'jp-PluginList')]//*[contains(text(), 'qgrad_lab')]"
    found = wait_for(lambda: page.driver.find_elements(By.XPATH, path), "our settings")
    titles = [entry.text for entry in found]
    found[titles.index("qgrad_lab")].click()
    for title in (
        "Methods",
        "Steps h of finite differences",
        "Reference",
        "IR stage",
        "Theme of plots",
    ):
        wait_for(lambda title=title: title in page.all(".jp-SettingsPanel")[0].text, title)
    # Those of the last test, in the controls of a person.
    boxes = "//label[.//input[@type='checkbox']][contains(., 'parameter-shift')]//input"
    assert page.driver.find_elements(By.XPATH, boxes)[0].is_selected()
    path = "//input[@type='text'][@value='1e-3 1e-7']"
    assert page.driver.find_elements(By.XPATH, path)
    screenshot(page, f"settings {theme}")
