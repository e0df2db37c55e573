"""Render tables: plain text for terminals, HTML for notebooks."""

import dataclasses
import html
import textwrap
from collections.abc import Sequence
from typing import Any

WIDTH = 88
"""Columns of the plain text."""

_STYLE = """
.qgrad { color: var(--jp-ui-font-color1, inherit); margin: 0.25em 0; }
.qgrad-scroll { overflow-x: auto; }
.qgrad table { border-collapse: collapse; margin: 0; }
.qgrad caption {
  caption-side: top; text-align: left; padding: 0.25em 0.6em 0.5em; color: inherit;
  font-family: var(--jp-code-font-family, monospace);
}
.qgrad th, .qgrad td {
  text-align: right; vertical-align: baseline; padding: 0.35em 0.6em;
  font-variant-numeric: tabular-nums; white-space: nowrap; max-width: none;
}
.qgrad thead th { border-bottom: 1px solid var(--jp-border-color1, currentColor); }
.qgrad th:first-child, .qgrad :is(th, td):nth-child(2) { text-align: left; }
.qgrad td:nth-child(2) { white-space: normal; min-width: 16em; }
.qgrad tbody th { font-weight: 600; }
.qgrad tr.qgrad-off td:nth-child(3) { font-weight: 700; }
.qgrad td.qgrad-wide { white-space: normal; max-width: 50em; }
.qgrad summary { cursor: pointer; }
.qgrad table pre.qgrad-full {
  margin: 0.5em 0; padding: 0 1em 0.5em 0; max-height: 16em; overflow: auto; white-space: pre;
}
.qgrad p {
  margin: 0.5em 0.6em 0; max-width: 60em; font-size: 0.9em;
  color: var(--jp-ui-font-color2, inherit);
}
"""


@dataclasses.dataclass(frozen=True)
class Table:
    """A table of strings with a headline above it and remarks below it.

    Attributes
    ----------
    headline : str
        The line above the table.
    titles : tuple of str
        The titles of the columns.
    rows : list of tuple of str
        The cells of each row; the first one is a name.
    remarks : list of str
        Sentences below the table.
    """

    headline: str
    titles: tuple[str, ...]
    rows: list[tuple[str, ...]]
    remarks: list[str]

    def text(self) -> str:
        """Render plain text, as for a terminal."""
        return text(self.headline, self.titles, self.rows, self.remarks, left=1).rstrip()

    def html(self) -> str:
        """Render HTML, which takes its colours from JupyterLab's theme if there is one."""
        rows = []
        for name, *cells in self.rows:
            # The second column is to the left in comparisons, which share the style.
            start = '<td style="text-align: right">'
            written = "".join(f"{start}{escaped(cell)}</td>" for cell in cells)
            rows.append(f'<tr><th scope="row">{escaped(name)}</th>{written}</tr>')
        return page(self.headline, self.titles, rows, self.remarks)

    def bundle(self) -> dict[str, Any]:
        """Render both, for ``_repr_mimebundle_``."""
        return {"text/plain": self.text(), "text/html": self.html()}


def text(
    headline: str,
    titles: Sequence[str],
    rows: Sequence[Sequence[str]],
    remarks: Sequence[str],
    *,
    left: int,
) -> str:
    """Render a table in plain text; the first ``left`` columns are aligned to the left."""
    head = [title[:1].lower() + title[1:] for title in titles]
    widths = [max(len(cells[i]) for cells in [head, *rows]) for i in range(len(head))]
    rule = ["-" * width for width in widths]
    lines = [headline, ""]
    for cells in [head, rule, *rows]:
        aligned = [
            cell.ljust(width) if i < left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        lines.append("  ".join(aligned).rstrip())
    lines += ["", *(textwrap.fill(remark, WIDTH) for remark in remarks)]
    return "\n".join(lines)


def page(headline: str, titles: Sequence[str], rows: Sequence[str], remarks: Sequence[str]) -> str:
    """Render a table in HTML, from rows that are HTML already."""
    head = "".join(f'<th scope="col">{escaped(title)}</th>' for title in titles)
    said = "".join(f"<p>{escaped(remark)}</p>" for remark in remarks)
    return (
        f'<div class="qgrad"><style>{_STYLE}</style><div class="qgrad-scroll"><table>'
        f"<caption>{escaped(headline)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></div>{said}</div>"
    )


def escaped(words: str) -> str:
    """Escape text for HTML."""
    return html.escape(words)
