"""The notebooks form one course: each states its aims and what comes next; the first has a map."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
START = "01_start_here.ipynb"


def cells(path):
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def text(cell):
    return "".join(cell["source"])


def the_map():
    (found,) = [
        text(cell) for cell in cells(ROOT / "notebooks" / START) if "## The course" in text(cell)
    ]
    return re.findall(r"\| \[[^]]+\]\((\d\d_\w+\.ipynb)\) \|", found)


def test_the_map_has_every_notebook_in_order():
    named = the_map()
    assert named == sorted(named)
    assert {path.name for path in NOTEBOOKS} <= set(named)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert all(f"](notebooks/{path.name})" in readme for path in NOTEBOOKS)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_opens_with_its_aims_and_ends_with_the_way_on(path):
    first, *_, last = map(text, cells(path))
    assert re.match(r"# .+\n\nAfter this notebook you can\n\n- ", first)
    assert "## Go on" in last
    everything = "\n".join(text(cell) for cell in cells(path) if cell["cell_type"] == "markdown")
    assert "## Exercises" in everything and re.search("#+ Solution", everything)
    named = the_map()
    assert any(f"]({name})" in last for name in named)
    links = re.findall(r"\]\(((?!https?:)[^)#]+)", everything)
    missing = [link for link in links if not (path.parent / link).exists()]
    assert set(missing) <= set(named)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_was_run_from_top_to_bottom(path):
    counts = [cell["execution_count"] for cell in cells(path) if cell["cell_type"] == "code"]
    assert counts == list(range(1, len(counts) + 1))
    assert any("image/png" in str(cell.get("outputs")) for cell in cells(path))
