"""Configure Sphinx: one command builds the documentation into ``build/docs``.

``sphinx-build -nW --keep-going .docs build/docs``. What it shows must be readable from a folder,
without a network: no file asks another host for anything. Formulas become MathML while this
is built, notebooks are shown with the outputs that are stored in them.
"""

import importlib
import inspect
import shutil
import sys
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

HERE = Path(__file__).parent
ROOT = HERE.parent
sys.path.insert(0, str(HERE / "_ext"))

from qgrad_lab._version import __version__  # noqa: E402

project = "qgrad_lab"
author = "The qgrad_lab developers"
copyright = author
version = release = __version__
language = "en"
smartquotes = False  # they would change options and code in messages

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
    "myst_nb",
    # In _ext:
    "complete_reference",
    "lab_extension",
    "magics",
    "parser_options",
    "short_names",
    "mathml",
    "other_projects",
]

# -- What is read --------------------------------------------------------------------------------


def _bring(source: Path, target: Path) -> None:
    """Copy a file or folder into this one, as Sphinx reads nothing outside; only what is newer."""
    if source.is_dir():
        target.mkdir(exist_ok=True)
        names = {entry.name for entry in source.iterdir() if not entry.name.startswith(".")}
        for old in target.iterdir():
            if old.name not in names:
                shutil.rmtree(old) if old.is_dir() else old.unlink()
        for name in names:
            _bring(source / name, target / name)
    elif not target.exists() or source.stat().st_mtime != target.stat().st_mtime:
        shutil.copy2(source, target)


# Ignored by git. Links among notebooks, and to their pictures, hold in both places.
_bring(ROOT / "notebooks", HERE / "notebooks")
_bring(ROOT / ".github" / "CONTRIBUTING.md", HERE / "contributing.md")
_bring(ROOT / "CHANGELOG.md", HERE / "changelog.md")


def _here(app: Sphinx, name: str, text: list[str]) -> None:
    """Turn links of Markdown pages that hold in the repository into links that hold here."""
    text[0] = text[0].replace("](../notebooks/", "](notebooks/")


def _own_signature(
    app: Sphinx, what: str, name: str, cls: Any, options: Any, signature: str | None, returns: Any
) -> tuple[str, Any] | None:
    """Return the signature of ``__init__`` if a metaclass, such as that of widgets, hides it."""
    if what != "class" or signature != "(*args, **kwargs)":
        return None
    own = inspect.signature(cls.__init__)
    bare = [p.replace(annotation=p.empty) for p in list(own.parameters.values())[1:]]
    return str(own.replace(parameters=bare, return_annotation=own.empty)), returns


def _source_of(app: Sphinx, module: str, name: str) -> str | None:
    """Omit the sources of other projects, three of whose names we re-export."""
    value = getattr(importlib.import_module(module), name, None)
    home = getattr(value, "__module__", None) or module
    return None if home.partition(".")[0] == "qgrad_lab" else module


def setup(app: Sphinx) -> None:
    """Connect the functions above to Sphinx's events."""
    app.connect("source-read", _here)
    app.connect("autodoc-process-signature", _own_signature)
    app.connect("viewcode-follow-imported", _source_of)


exclude_patterns = ["_ext", "**/.ipynb_checkpoints"]

# -- Docstrings ----------------------------------------------------------------------------------

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the types in the docstrings say more: shapes, choices, defaults
autodoc_preserve_defaults = True
autoclass_content = "class"
napoleon_google_docstring = False
napoleon_use_ivar = False
napoleon_use_param = False
napoleon_use_rtype = False
napoleon_preprocess_types = False
default_role = "py:obj"
add_module_names = False
python_maximum_signature_line_length = 88
autosummary_generate = False
toc_object_entries_show_parents = "hide"

# -- Cross-references: with -n, whatever is in backticks must lead somewhere -----------------------

nitpick_ignore_regex = [
    # The types of attributes, which are in words and choices, and which napoleon takes for classes.
    ("py:class", r'callable|pytree|NumPy arrays|\{?"[a-z ]*"\}?'),
]
# -- Notebooks and Markdown ----------------------------------------------------------------------

nb_execution_mode = "off"
nb_ipywidgets_js: dict[str, dict[str, str]] = {}  # would be fetched from another host
# A widget cannot be shown without a kernel and leaves nothing; its picture is stored beside it.
nb_merge_streams = True
# Comparisons and stages are stored for JupyterLab's viewers too, always beside HTML.
suppress_warnings = ["mystnb.unknown_mime_type"]
myst_enable_extensions = ["amsmath", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
myst_update_mathjax = False

# -- Pages ---------------------------------------------------------------------------------------

html_theme = "furo"
html_title = f"qgrad_lab {__version__}"
html_math_renderer = "mathml"
html_static_path = ["_static"]
html_css_files = ["qgrad.css"]
html_js_files = ["theme.js"]
html_show_sphinx = False
html_show_copyright = False
html_copy_source = False
html_show_sourcelink = False
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"
copybutton_prompt_text = r">>> |\.\.\. "
copybutton_prompt_is_regexp = True
