"""The start notebook, run as a user runs it: in JupyterLab, in a browser.

Set QGRAD_SCREENSHOTS to a folder for screenshots.
"""

import json
import os
import time
from pathlib import Path

import pytest

from tests.browser.lab import DARK, LIGHT, ROOT, By, Lab, contrasts, marks, opened, wait_for

NOTEBOOK = "01_start_here.ipynb"
TABLE = ".qgrad-comparison"

pytestmark = marks


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    sources = {path.name: path for path in (ROOT / "notebooks").glob("*.ipynb")}
    lab = Lab(tmp_path_factory.mktemp("lab"), sources)
    yield lab
    lab.stop()


@pytest.fixture(scope="module")
def page(lab, tmp_path_factory):
    """The notebook in a browser, after Run All Cells."""
    with opened(lab, NOTEBOOK, tmp_path_factory.mktemp("chromium")) as page:
        page.run_all()
        yield page


def test_every_cell_runs_and_none_complains(page):
    assert page.errors() == []


def test_the_table_has_the_numbers(page):
    table = page.all(f"{TABLE} table")[0]
    assert "energy(theta, 0.7) = -1.6652394" in table.text
    heads = [cell.text.strip("↕\n ") for cell in table.find_elements(By.CSS_SELECTOR, "thead th")]
    assert heads[:3] == ["Method", "Gradient in theta", "Difference"]
    rows = [
        [cell.text for cell in row.find_elements(By.CSS_SELECTOR, "th, td")]
        for row in table.find_elements(By.CSS_SELECTOR, "tbody tr:not([hidden])")
    ]
    assert [row[0].split("★")[0].strip("▸\n ") for row in rows] == ["auto", "fd"]
    assert rows[0][1] == "[-0.056601132, -0.19046682]"
    assert json.loads(rows[1][1]) == pytest.approx([-0.056601132, -0.19046682], abs=1e-6)
    assert [row[2].split()[0] for row in rows] == ["✓", "✓"]
    exact, approximate = (float(row[2].split()[1]) for row in rows)
    assert exact < 1e-12 < approximate < 1e-5
    assert all(cell.endswith(("µs", "ms", "s")) for row in rows for cell in row[4:6])


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_the_table_can_be_read_in(theme, page, lab):
    page.choose("File", "Save Notebook")
    # Outputs that were made and saved here are trusted when the page is loaded again.
    file = lab.notebooks / NOTEBOOK
    wait_for(lambda: "-1.6652394" in file.read_text(encoding="utf-8"), "the notebook's file")
    lab.use_theme(theme)
    page.open()
    wait_for(lambda: page.all(f"body[data-jp-theme-name='{theme}'] {TABLE}"), f"the theme {theme}")
    cells = page.all(", ".join(f"{TABLE} {part}" for part in ("caption", "th", "td", "p")))
    cells = [cell for cell in cells if cell.text]
    assert len(cells) > 10
    for cell, contrast in zip(cells, contrasts(page, cells), strict=True):
        assert contrast >= 4.5, f"contrast {contrast:.1f} of {cell.text!r}"
    folder = os.environ.get("QGRAD_SCREENSHOTS")
    if folder:
        output = page.all(TABLE)[0]
        page.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", output)
        time.sleep(1)
        page.driver.save_screenshot(str(Path(folder) / f"{theme}.png"))
