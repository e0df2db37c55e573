"""The table of a study: plain text for terminals, HTML for notebooks."""

import dataclasses
import textwrap
from typing import Any

from qgrad_lab.results.report import STYLE, escaped

_WIDTH = 88
"""Columns of the plain text."""


@dataclasses.dataclass(frozen=True)
class Table:
    """What a study shows of itself.

    Attributes
    ----------
    headline : str
        Above it.
    titles : tuple of str
        Of the columns.
    rows : list of tuple of str
        Their cells; the first one is a name.
    remarks : list of str
        Below it.
    """

    headline: str
    titles: tuple[str, ...]
    rows: list[tuple[str, ...]]
    remarks: list[str]

    def text(self) -> str:
        """In plain text, as in a terminal."""
        head = tuple(title[:1].lower() + title[1:] for title in self.titles)
        lines = [head, *self.rows]
        widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
        rule = tuple("-" * width for width in widths)
        written = [self.headline, ""]
        for cells in [head, rule, *self.rows]:
            aligned = [
                cell.rjust(width) if i else cell.ljust(width)
                for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
            ]
            written.append("  ".join(aligned).rstrip())
        written.append("")
        written += [textwrap.fill(remark, _WIDTH) for remark in self.remarks]
        return "\n".join(written).rstrip()

    def html(self) -> str:
        """In HTML, which takes its colours from JupyterLab's theme where there is one."""
        titles = "".join(f'<th scope="col">{escaped(title)}</th>' for title in self.titles)
        rows = []
        for name, *cells in self.rows:
            # In the table of a comparison, of which the style is, gradients stand to the left.
            start = '<td style="text-align: right">'
            written = "".join(f"{start}{escaped(cell)}</td>" for cell in cells)
            rows.append(f'<tr><th scope="row">{escaped(name)}</th>{written}</tr>')
        remarks = "".join(f"<p>{escaped(remark)}</p>" for remark in self.remarks)
        return (
            f'<div class="qgrad"><style>{STYLE}</style><table>'
            f"<caption>{escaped(self.headline)}</caption>"
            f"<thead><tr>{titles}</tr></thead><tbody>{''.join(rows)}</tbody></table>{remarks}</div>"
        )

    def bundle(self) -> dict[str, Any]:
        """Both, for `_repr_mimebundle_`."""
        return {"text/plain": self.text(), "text/html": self.html()}
