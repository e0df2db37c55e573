"""Render a comparison as a table: plain text for terminals, HTML for notebooks."""

import jax
import numpy as np

from qgrad_lab.results import advice
from qgrad_lab.results import table as tables
from qgrad_lab.results.accuracy import best, is_accurate
from qgrad_lab.results.comparison_data import ComparisonData, MethodResult
from qgrad_lab.results.format import (
    LONGEST,
    count,
    difference,
    duration,
    memory,
    number,
    summary,
)
from qgrad_lab.results.rows import failures, no_reference
from qgrad_lab.results.table import escaped

_SHOWN = 2000
"""Elements of an array in the HTML."""

_MEASURES = (
    "Difference",
    "Relative",
    "First result",
    "Per call",
    "Circuits",
    "Sweeps",
    "Memory",
)


def text(comparison: ComparisonData) -> str:
    """Render plain text, as for a terminal."""
    rows = []
    for row in comparison.rows:
        if row.error is not None:
            rows.append([row.label, "failed", *_measures(comparison, row)])
            continue
        first, *others = [label + short for label, short, _ in _gradient_lines(comparison, row)]
        rows.append([row.label, first, *_measures(comparison, row)])
        rows += [["", line, *[""] * len(_MEASURES)] for line in others]
    # In HTML, the rows themselves tell why a method failed.
    remarks = failures(comparison.rows) + _remarks(comparison)
    return tables.text(_headline(comparison), _titles(comparison), rows, remarks, left=2)


def html(comparison: ComparisonData) -> str:
    """Render HTML, which takes its colours from JupyterLab's theme if there is one."""
    rows = [_html_row(comparison, row) for row in comparison.rows]
    return tables.page(_headline(comparison), _titles(comparison), rows, _remarks(comparison))


def _html_row(comparison: ComparisonData, row: MethodResult) -> str:
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
    off = ' class="qgrad-off"' if is_accurate(comparison, row) is False else ""
    return f"<tr{off}>{name}{cells}</tr>"


def _html_gradient(label: str, short: str, full: str | None) -> str:
    line = escaped(label + short)
    if full is None:
        return f"<div>{line}</div>"
    elements = f'<pre class="qgrad-full">{escaped(full)}</pre>'
    return f"<details><summary>{line}</summary>{elements}</details>"


def _titles(comparison: ComparisonData) -> list[str]:
    gradient = "Gradient"
    if len(comparison.labels) == 1:
        gradient += f" in {comparison.labels[0]}"
    return ["Method", gradient, *_MEASURES]


def _headline(comparison: ComparisonData) -> str:
    call = comparison.call
    if len(call) > tables.WIDTH:
        call = call[: tables.WIDTH - 1] + "…"
    leaves = jax.tree_util.tree_leaves_with_path(comparison.value)
    if not leaves:
        return call
    ((path, value),) = leaves
    return f"{call}{jax.tree_util.keystr(path)} = {number(value)}"


def _gradient_lines(
    comparison: ComparisonData, row: MethodResult
) -> list[tuple[str, str, str | None]]:
    """Return the name of each leaf, its short form, and its long form if there is one."""
    lines: list[tuple[str, str, str | None]] = []
    named = len(comparison.labels) > 1
    for label, leaf in zip(comparison.labels, jax.tree.leaves(row.gradient), strict=True):
        values = np.asarray(leaf)
        full = None
        if values.size > LONGEST:
            full = np.array2string(values, precision=6, threshold=_SHOWN, max_line_width=72)
        lines.append((f"{label}: " if named else "", summary(values), full))
    return lines or [("", "no numbers", None)]


def _measures(comparison: ComparisonData, row: MethodResult) -> list[str]:
    off = "✗ " if is_accurate(comparison, row) is False else ""
    return [
        off + difference(row.difference),
        difference(row.relative_difference),
        duration(row.first),
        duration(row.per_call),
        count(row.executions),
        count(row.sweeps),
        memory(row.memory),
    ]


def _remarks(comparison: ComparisonData) -> list[str]:
    remarks = [f"{row.label}: {note}" for row in comparison.rows for note in row.notes]
    remarks += advice.remarks(comparison, comparison.rows)
    coarse = advice.precision_remark(comparison)
    remarks += [] if coarse is None else [coarse]
    recommended = best(comparison)
    if recommended.row is not None and len(comparison.rows) > 1:
        remarks.append(f"Best: {recommended.reason}.")
    if comparison.reference is not None:
        infinite = advice.infinity_remark(comparison)
        remarks += [] if infinite is None else [infinite]
        remarks.append(
            f"Difference: the largest from {comparison.reference_name}, over all elements; "
            f"relative to its largest{'' if infinite is None else ' finite element'}. Per call: "
            "value and gradient together."
        )
    elif comparison.reference_error is not None:
        remarks.append(no_reference(comparison.reference_name, comparison.reference_error))
    return remarks
