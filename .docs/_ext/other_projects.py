"""Link to other projects' documentation from a table, so that building fetches no inventories."""

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

_PAGES = {
    "jax.": "https://docs.jax.dev/en/latest/_autosummary/{}.html",
    "matplotlib.figure.Figure": "https://matplotlib.org/stable/api/figure_api.html#{}",
    "matplotlib.": "https://matplotlib.org/stable/api/matplotlib_configuration_api.html#{}",
    "numpy.": "https://numpy.org/doc/stable/reference/generated/{}.html",
    "pandas.": "https://pandas.pydata.org/docs/reference/api/{}.html",
    "xarray.": "https://docs.xarray.dev/en/stable/generated/{}.html",
}


def _link(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, content: nodes.TextElement
) -> nodes.reference | None:
    target = node.get("reftarget", "")
    for prefix, page in _PAGES.items():
        if node.get("refdomain") == "py" and target.startswith(prefix):
            link = nodes.reference("", "", internal=False, refuri=page.format(target))
            link.append(content)
            return link
    return None


def setup(app: Sphinx) -> dict[str, bool]:
    """Ask the table for what Sphinx does not find."""
    app.connect("missing-reference", _link)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
