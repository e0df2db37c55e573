"""Define the directive ``magic``: the docstring of a magic, without its options."""

import inspect

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.ext.napoleon import NumpyDocstring
from sphinx.util.docutils import SphinxDirective

from qgrad_lab.workbench.magics import QgradMagics


class Magic(SphinxDirective):
    """The documentation of the magic named by the argument."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the parsed docstring."""
        magic = getattr(QgradMagics, self.arguments[0])
        # Where a magic has a parser, its __doc__ has the options too.
        text = magic.parser.description if hasattr(magic, "parser") else magic.__doc__
        lines = NumpyDocstring(inspect.cleandoc(text), self.config).lines()
        return self.parse_text_to_nodes("\n".join(lines))


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("magic", Magic)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
