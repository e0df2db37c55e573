"""Render formulas as MathML when pages are built: browsers draw it without scripts."""

import re

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.util.logging import getLogger
from sphinx.writers.html5 import HTML5Translator

_logger = getLogger(__name__)


def _inline(translator: HTML5Translator, node: nodes.math) -> None:
    translator.body.append(_mathml(node, as_block=False))
    raise nodes.SkipNode


def _block(translator: HTML5Translator, node: nodes.math_block) -> None:
    translator.body.append(f'<div class="math">{_mathml(node, as_block=True)}</div>\n')
    raise nodes.SkipNode


_REWRITTEN = (
    # What docutils cannot read, in words that it can.
    (re.compile(r"^(?=[_^])"), "{}"),
    (re.compile(r"\\dots(?![a-z])"), r"\\ldots"),
    (re.compile(r"\\([dt]?frac)\s*(\w)\s*(\w)"), r"\\\1{\2}{\3}"),
    (re.compile(r"\\ket\{([^{}]*)\}"), r"|\1\\rangle"),
    (re.compile(r"\\bra\{([^{}]*)\}"), r"\\langle \1|"),
)


def _mathml(node: nodes.Element, *, as_block: bool) -> str:
    formula = node.astext().strip()
    for pattern, words in _REWRITTEN:
        formula = pattern.sub(words, formula)
    try:
        return tex2mathml(formula, as_block=as_block)
    except Exception as error:  # of many types, all of which mean that it cannot be read
        _logger.warning("cannot write %r as MathML: %s", formula, error, location=node)
        return f"<code>{formula}</code>"


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the renderer ``html_math_renderer = "mathml"``."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
