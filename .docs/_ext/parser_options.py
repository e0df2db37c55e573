"""Define the directive ``parser-options``: options of magics and commands, from their parsers.

Its argument is the module and the place of an ``argparse`` parser in it, or of a function that
makes one: ``.. parser-options:: qgrad_lab.cli:_parser``.
"""

import argparse
import importlib
import operator

from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.application import Sphinx


def _spelled(action: argparse.Action) -> str:
    names = ", ".join(action.option_strings)
    if action.nargs == 0:
        return names
    value = action.metavar or action.dest.upper()
    return f"{names} {value} [{value} ...]" if action.nargs == "+" else f"{names} {value}"


class ParserOptions(Directive):
    """A definition list of all options except ``--help``."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the list."""
        module, _, place = self.arguments[0].partition(":")
        parser = operator.attrgetter(place)(importlib.import_module(module))
        if not isinstance(parser, argparse.ArgumentParser):
            parser = parser()
        entries = []
        for action in parser._actions:
            if not action.option_strings or isinstance(action, argparse._HelpAction):
                continue
            text = " ".join((action.help or "").split()).replace("%(prog)s", parser.prog)
            term = nodes.term("", "", nodes.literal("", _spelled(action)))
            meaning = nodes.definition("", nodes.paragraph("", text[:1].upper() + text[1:]))
            entries.append(nodes.definition_list_item("", term, meaning))
        return [nodes.definition_list("", *entries, classes=["options"])]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("parser-options", ParserOptions)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
