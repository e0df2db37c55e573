"""Document the JupyterLab extension from its schemas: ``lab-shortcuts`` and ``lab-settings``."""

import json
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

SCHEMAS = Path(__file__).parents[2] / "extension" / "schema"


def _schemas() -> list[dict[str, Any]]:
    return [json.loads(file.read_text(encoding="utf-8")) for file in sorted(SCHEMAS.glob("*.json"))]


def _list(entries: list[tuple[str, str]]) -> list[nodes.Node]:
    if not entries:
        return []
    items = [
        nodes.definition_list_item(
            "",
            nodes.term("", "", nodes.literal("", term)),
            nodes.definition("", nodes.paragraph("", meaning)),
        )
        for term, meaning in entries
    ]
    return [nodes.definition_list("", *items, classes=["options"])]


class Shortcuts(SphinxDirective):
    """Commands with their keys."""

    def run(self) -> list[nodes.Node]:
        """Return the list."""
        entries = [
            (shortcut["command"], f"{schema['description']} Keys: {_keys(shortcut['keys'])}.")
            for schema in _schemas()
            for shortcut in schema.get("jupyter.lab.shortcuts", [])
        ]
        return _list(entries)


class Settings(SphinxDirective):
    """Settings with their defaults."""

    def run(self) -> list[nodes.Node]:
        """Return the list."""
        entries = [
            (name, f"{setting['description']} Default: {_default(setting['default'])}.")
            for schema in _schemas()
            for name, setting in schema.get("properties", {}).items()
        ]
        return _list(entries)


def _keys(keys: list[str]) -> str:
    return ", then ".join(key.replace(" ", "+") for key in keys).replace("Accel", "Ctrl or Cmd")


def _default(value: Any) -> str:
    if isinstance(value, dict):  # of switches
        return ", ".join(name for name, on in value.items() if on) or "none"
    return {"": "empty", True: "on", False: "off"}.get(value, str(value))


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directives, and the tag ``extension`` if there is one."""
    app.add_directive("lab-shortcuts", Shortcuts)
    app.add_directive("lab-settings", Settings)
    if SCHEMAS.exists():
        app.tags.add("extension")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
