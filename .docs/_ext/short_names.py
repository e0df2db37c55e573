"""Resolve short names in docstrings, such as `Stage` for ``qgrad_lab.inspection.Stage``.

A name in backticks that Sphinx does not find means the one object of the reference whose name ends
in it, if there is exactly one.
"""

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment


def _resolve(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, content: nodes.TextElement
) -> nodes.Node | None:
    target = node.get("reftarget", "")
    if node.get("refdomain") != "py" or not target:
        return None
    domain = env.domains.python_domain
    found = [
        name
        for name, entry in domain.objects.items()
        if name.endswith(f".{target}") and not entry.aliased
    ]
    if len(found) != 1:
        return None
    return domain.resolve_xref(env, node["refdoc"], app.builder, "obj", found[0], node, content)


def setup(app: Sphinx) -> dict[str, bool]:
    """Look for the one object, before other projects are asked."""
    app.connect("missing-reference", _resolve, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
