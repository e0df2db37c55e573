"""The files of JupyterLab's extension that follow from the table, laid out as prettier does."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qgrad_lab.methods.table import DEFAULT_NAMES, METHODS, NAMES, STEPPED, tooltip

EXTENSION = Path(__file__).parents[2] / "extension"
"""In a copy of the sources; an installed package does not have it."""

_WIDTH = 100
"""Of a line, as in ``package.json`` of the extension."""


def files() -> dict[Path, str]:
    """Return the texts of the generated files, by path.

    The schema of the settings is read, and only its part about methods is made anew.

    Raises
    ------
    FileNotFoundError
        If the extension's sources are not there.
    """
    schema = EXTENSION / "schema" / "settings.json"
    settings = json.loads(schema.read_text(encoding="utf-8"))
    settings["properties"]["methods"].update(_settings())
    return {
        schema: f"{json.dumps(settings, indent=2, ensure_ascii=False)}\n",
        EXTENSION / "src" / "generated" / "methods.ts": _typescript(),
    }


def _settings() -> dict[str, Any]:
    """Return the checkboxes of the settings: one property and one default for each method."""
    boxes = {
        method.name: {
            "title": method.name,
            "description": f"{tooltip(method)}.",
            "type": "boolean",
            "default": method.is_default,
        }
        for method in METHODS
    }
    return {
        "properties": boxes,
        "default": {method.name: method.is_default for method in METHODS},
    }


def _typescript() -> str:
    lines = [
        "// Written by `python -m qgrad_lab.methods` from qgrad_lab/methods/table.py: do not edit.",
        "",
        "/** All methods, in the order of the rows of a table. */",
        _array("METHODS", NAMES),
        "",
        "/** What is compared where nothing else is asked for. */",
        _array("DEFAULT_METHODS", DEFAULT_NAMES),
        "",
        "/** The methods that take a step. */",
        _array("STEPPED", STEPPED),
    ]
    return "\n".join(lines) + "\n"


def _array(name: str, values: Sequence[str]) -> str:
    """Return the declaration of a constant: on one line if it fits."""
    words = [f"'{value}'" for value in values]
    start = f"export const {name}: readonly string[] = ["
    line = f"{start}{', '.join(words)}];"
    if len(line) <= _WIDTH:
        return line
    return "\n".join([start, ",\n".join(f"  {word}" for word in words), "];"])
