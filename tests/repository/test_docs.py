"""The documentation: no public name is missing, examples run, links have targets."""

import doctest
import re
import sys
import tomllib
from pathlib import Path

import pytest

from qgrad_lab.workbench.magics import QgradMagics

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / ".docs"
sys.path.append(str(DOCS / "_ext"))

from public_names import MODULES, public_names  # noqa: E402

GUIDES = [ROOT / ".github/CONTRIBUTING.md"]
GUIDES += [DOCS / name for name in ("index.md", "troubleshooting.md", "tutorials.md")]
PAGES = sorted((DOCS / "reference").glob("*.rst")) + [DOCS / "reference" / "formats.md"]
TEXTS = {page.name: page.read_text(encoding="utf-8") for page in PAGES}


def described():
    """Return the names that the reference describes, and the classes described with all members."""
    names, whole = {}, set()
    for text in TEXTS.values():
        module = "qgrad_lab"
        for line in text.splitlines():
            if found := re.match(r"\.\. currentmodule:: (\S+)", line):
                module = found[1]
            elif found := re.match(r"\.\. auto(?:function|class|exception|data):: ([\w.]+)", line):
                current = found[1]
                names[current] = names.get(current, 0) + 1
            elif found := re.match(r"\.\. py:(?:function|exception|data):: ([\w.]+)", line):
                names[f"{module}.{found[1]}"] = 1
            elif found := re.match(r"   :members:(.*)", line):
                members = [member.strip() for member in found[1].split(",") if member.strip()]
                names |= {f"{current}.{member}": 1 for member in members}
                if not members:
                    whole.add(current)
    return names, whole


def test_every_public_name_is_described_once():
    names, whole = described()
    missing = [
        name
        for name in public_names()
        if name not in names and name.rpartition(".")[0] not in whole
    ]
    assert missing == []
    assert [name for name, count in names.items() if count > 1] == []


def test_a_missing_name_is_found():
    names = public_names()
    assert {"qgrad_lab.grad", "qgrad_lab.plots.cost", "qgrad_lab.Comparison.best"} <= set(names)
    assert "qgrad_lab.DifferentiableCompilerError" in names
    assert len(names) > 80
    assert {"qgrad_lab", "qgrad_lab.inspection", "qgrad_lab.sweeps"} <= set(MODULES)


def test_the_magics_are_described_by_their_parsers():
    page = TEXTS["workbench.rst"]
    for line in ("parser-options:: qgrad_lab.workbench.magics:QgradMagics.qgrad.parser",):
        assert line in page
    for magic in ("qgrad", "qgrad_ir"):
        assert f".. magic:: {magic}\n" in page
    # No option is written by hand, where it could grow old.
    options = [
        option
        for action in QgradMagics.qgrad.parser._actions
        for option in action.option_strings
        if option.startswith("--")
    ]
    assert "--method" in options
    assert [option for option in options if f"``{option}" in page] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_examples_of_the_pages_run(page):
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    # A fence ends an example as a blank line does.
    text = re.sub(r"^```.*$", "", TEXTS[page.name], flags=re.M)
    examples = doctest.DocTestParser().get_doctest(text, {}, page.name, str(page), 0)
    report = []
    runner = doctest.DocTestRunner(verbose=False, optionflags=flags)
    runner.run(examples, out=report.append)
    assert report == []


def test_the_first_example_prints_what_it_says(run_python):
    (example,) = re.findall(r"```python\n(.*?)```", (DOCS / "index.md").read_text(), re.S)
    assert example.rstrip().endswith(f"# {run_python(example).strip()}")


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.name)
def test_the_guides_name_what_exists(page):
    text = page.read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)]+)\)", text):
        if not link.startswith("https://"):
            contributing = ROOT / ".github" / f"{link.removesuffix('.md').upper()}.md"
            places = [page.parent / link, ROOT / link, contributing]
            assert any(place.exists() for place in places), link
    if page.name == "CONTRIBUTING.md":
        for name in re.findall(r"`((?:qgrad_lab|tests|\.docs|notebooks)/[\w./]+)`", text):
            assert (ROOT / name).exists(), name


def test_the_extra_has_what_the_configuration_asks_for():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extra = " ".join(project["optional-dependencies"]["docs"])
    configuration = (DOCS / "conf.py").read_text(encoding="utf-8")
    for module, package in (("myst_nb", "myst-nb"), ("sphinx_copybutton", "sphinx-copybutton")):
        assert f'"{module}"' in configuration and package in extra
    assert 'html_theme = "furo"' in configuration and "furo" in extra


def test_pages_ask_no_other_host_for_anything():
    for file in [*DOCS.glob("*.py"), *DOCS.glob("_static/*")]:
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"https?://[^\s\"']*\.(js|css|woff2?)", text), file
