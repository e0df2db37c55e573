"""A comparison as a table: plain text for terminals, HTML for notebooks."""

from __future__ import annotations

import html as markup
import textwrap
from typing import TYPE_CHECKING

import jax
import numpy as np

from qgrad_lab.results import advice
from qgrad_lab.results.format import LONGEST, count, difference, duration, number, size, summary

if TYPE_CHECKING:
    from qgrad_lab.results.comparison import Comparison, MethodResult

_WIDTH = 88
"""Columns of the plain text."""
_SHOWN = 2000
"""Elements of an array in the HTML."""

STYLE = """
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


def text(comparison: Comparison) -> str:
    """The table in plain text, as in a terminal."""
    head = [title[0].lower() + title[1:] for title in _titles(comparison)]
    table = []
    for row in comparison.rows:
        if row.error is not None:
            table.append([row.label, "failed", *_measures(comparison, row)])
            continue
        first, *others = [label + short for label, short, _ in _gradient_lines(comparison, row)]
        table.append([row.label, first, *_measures(comparison, row)])
        table += [["", line, *[""] * len(_MEASURES)] for line in others]
    widths = [max(len(line[i]) for line in [head, *table]) for i in range(len(head))]
    rule = ["-" * width for width in widths]
    lines = [_headline(comparison), ""]
    for cells in [head, rule, *table]:
        # Names and gradients to the left, measures to the right.
        aligned = [
            cell.ljust(width) if i < 2 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        lines.append("  ".join(aligned).rstrip())
    lines.append("")
    lines += [textwrap.fill(remark, _WIDTH) for remark in _failures(comparison)]
    lines += [textwrap.fill(remark, _WIDTH) for remark in _remarks(comparison)]
    return "\n".join(lines)


def html(comparison: Comparison) -> str:
    """The table in HTML, which takes its colours from JupyterLab's theme where there is one."""
    titles = "".join(f'<th scope="col">{escaped(title)}</th>' for title in _titles(comparison))
    rows = "".join(_html_row(comparison, row) for row in comparison.rows)
    remarks = "".join(f"<p>{escaped(remark)}</p>" for remark in _remarks(comparison))
    return (
        f'<div class="qgrad"><style>{STYLE}</style><div class="qgrad-scroll"><table>'
        f"<caption>{escaped(_headline(comparison))}</caption>"
        f"<thead><tr>{titles}</tr></thead><tbody>{rows}</tbody></table></div>{remarks}</div>"
    )


def _html_row(comparison: Comparison, row: MethodResult) -> str:
    name = f'<th scope="row">{escaped(row.label)}</th>'
    if row.error is not None:
        cells = (
            f'<td class="qgrad-wide" colspan="{1 + len(_MEASURES)}"><b>Failed:</b> '
            f"{escaped(row.error)}</td>"
        )
    else:
        lines = "".join(_html_gradient(*line) for line in _gradient_lines(comparison, row))
        cells = f"<td>{lines}</td>"
        cells += "".join(f"<td>{escaped(cell)}</td>" for cell in _measures(comparison, row))
    off = ' class="qgrad-off"' if comparison.is_accurate(row) is False else ""
    return f"<tr{off}>{name}{cells}</tr>"


def _html_gradient(label: str, short: str, full: str | None) -> str:
    line = escaped(label + short)
    if full is None:
        return f"<div>{line}</div>"
    elements = f'<pre class="qgrad-full">{escaped(full)}</pre>'
    return f"<details><summary>{line}</summary>{elements}</details>"


_MEASURES = (
    "Difference",
    "Relative",
    "First result",
    "Per call",
    "Circuits",
    "Sweeps",
    "Memory",
)


def _titles(comparison: Comparison) -> list[str]:
    gradient = "Gradient"
    if len(comparison.labels) == 1:
        gradient += f" in {comparison.labels[0]}"
    return ["Method", gradient, *_MEASURES]


def _headline(comparison: Comparison) -> str:
    call = comparison.call
    if len(call) > _WIDTH:
        call = call[: _WIDTH - 1] + "…"
    leaves = jax.tree_util.tree_leaves_with_path(comparison.value)
    if not leaves:
        return call
    ((path, value),) = leaves
    return f"{call}{jax.tree_util.keystr(path)} = {number(value)}"


def _gradient_lines(comparison: Comparison, row: MethodResult) -> list[tuple[str, str, str | None]]:
    """The name, a short form and perhaps a long form of each leaf."""
    lines: list[tuple[str, str, str | None]] = []
    named = len(comparison.labels) > 1
    for label, leaf in zip(comparison.labels, jax.tree.leaves(row.gradient), strict=True):
        values = np.asarray(leaf)
        full = None
        if values.size > LONGEST:
            full = np.array2string(values, precision=6, threshold=_SHOWN, max_line_width=72)
        lines.append((f"{label}: " if named else "", summary(values), full))
    return lines or [("", "no numbers", None)]


def _measures(comparison: Comparison, row: MethodResult) -> list[str]:
    off = "✗ " if comparison.is_accurate(row) is False else ""
    return [
        off + difference(row.difference),
        difference(row.relative_difference),
        duration(row.first),
        duration(row.per_call),
        count(row.executions),
        count(row.sweeps),
        size(row.memory),
    ]


def _failures(comparison: Comparison) -> list[str]:
    return [f"{row.label} failed: {row.error}" for row in comparison.rows if row.error is not None]


def _remarks(comparison: Comparison) -> list[str]:
    remarks = [f"{row.label}: {note}" for row in comparison.rows for note in row.notes]
    remarks += _advice(comparison)
    best = comparison.best()
    if best.row is not None and len(comparison.rows) > 1:
        remarks.append(f"Best: {best.reason}.")
    if comparison.reference is not None:
        remarks.append(
            f"Difference: the largest from {comparison.reference_name}, over all elements; "
            "relative to its largest. Per call: value and gradient together."
        )
    elif comparison.reference_error is not None:
        reason = comparison.reference_error.rstrip(".")
        remarks.append(f"No reference by {comparison.reference_name}: {reason}.")
    return remarks


def _advice(comparison: Comparison) -> list[str]:
    """Why rows are off, each reason once."""
    labels: dict[str, list[str]] = {}
    for row in comparison.rows:
        why = advice.why_off(comparison, row)
        if why is not None:
            labels.setdefault(why, []).append(row.label)
    remarks = []
    for why, off in labels.items():
        verb = "is" if len(off) == 1 else "are"
        sentence = f"✗ {' and '.join(off)} {verb} off. {why[0].upper()}{why[1:]}."
        remarks.append(sentence.replace("?.", "?"))
    return remarks


def escaped(words: str) -> str:
    """Text for HTML."""
    return markup.escape(words)
