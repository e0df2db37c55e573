"""The results as a Markdown table, and as lines on the terminal."""

from collections.abc import Callable, Iterable
from typing import Any

from tests.benchmarks.contestants import MODULES, OURS, TITLES

Row = dict[str, Any]
"""A row of the results."""


def duration(seconds: float) -> str:
    """With three digits and a unit."""
    for unit, factor in (("us", 1e6), ("ms", 1e3)):
        if seconds * factor < 999.5:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds:,.3g} s" if seconds < 999.5 else f"{seconds:,.0f} s"


def line(row: Row) -> str:
    """A row for the terminal."""
    parts = []
    for name, entry in row["contestants"].items():
        if entry["status"] == "ok":
            text = f"{duration(entry['call'])} (first {duration(entry['first_call'])})"
            if name != OURS and "ratio" in entry:
                text += f" {entry['ratio']['median']:.3g}x"
        else:
            text = f"{entry['status']}: {entry['reason'][:60]}"
        parts.append(f"  {name:22}{text}")
    return "\n".join([f"{row['name']}: {row['title']}", *parts])


def markdown(results: dict[str, Any]) -> str:
    """The whole report."""
    machine = results["machine"]
    lines = [
        "# Benchmarks",
        "",
        f"Made by `{results['command']}` on {results['date']}: {machine['cpu']}, "
        f"{machine['cores']} cores, {machine['system']}.",
        "",
        "Each contestant's packages:",
        "",
        *(
            f"- {TITLES[name]}: " + ", ".join(f"{key} {value}" for key, value in versions.items())
            for name, versions in results["versions"].items()
        ),
        *(f"- {TITLES[name]} took no part: {why}" for name, why in results["missing"].items()),
    ]
    if results["rows"]:
        lines += _rows(results["rows"])
    for curve in results["curves"]:
        lines += _curve(curve)
    return "\n".join(lines) + "\n"


def _rows(rows: list[Row]) -> list[str]:
    return [
        "",
        "## One call",
        "",
        "Medians of blocks of calls in turn. In brackets how many times as long as ours: the",
        "median of the ratios of neighbouring blocks, and their quartiles.",
        "",
        *_table(rows, _call),
        "",
        "## First call",
        "",
        "Building, compiling and calling, in a process that has compiled a tiny circuit before; in",
        "brackets over ours.",
        "",
        *_table(rows, _first_call),
        "",
        "## Memory",
        "",
        "The most that a contestant's own process occupied, compilation included; in brackets how",
        "much it had grown since the tiny circuit.",
        "",
        *_table(rows, _memory),
        *_rooflines(rows),
        "",
        "## Checks",
        "",
        "The greatest error of those that are in the tables, relative to the greatest derivative",
        "if that is above 1.",
        "",
        "| workload | against | tolerance | greatest error |",
        "|---|---|---|---|",
        *map(_check, rows),
        *_reasons((row["title"], row["contestants"]) for row in rows),
    ]


def _table(rows: list[Row], cell: Callable[[str, dict[str, Any]], str]) -> list[str]:
    names = [name for name in MODULES if any(name in row["contestants"] for row in rows)]
    lines = [_cells("workload", *(TITLES[name] for name in names)), "|---" * (len(names) + 1) + "|"]
    for row in rows:
        cells = []
        for name in names:
            entry = row["contestants"].get(name, {"status": "-"})
            cells.append(cell(name, entry) if entry["status"] == "ok" else entry["status"])
        lines.append(_cells(row["title"], *cells))
    return lines


def _call(name: str, entry: dict[str, Any]) -> str:
    text = duration(entry["call"])
    if name != OURS and "ratio" in entry:
        ratio = entry["ratio"]
        text += f" ({ratio['median']:.3g}x, {ratio['lower']:.3g} to {ratio['upper']:.3g})"
    return text


def _first_call(name: str, entry: dict[str, Any]) -> str:
    text = duration(entry["first_call"])
    return text + (
        f" ({entry['first_ratio']:.3g}x)" if name != OURS and "first_ratio" in entry else ""
    )


def _memory(_: str, entry: dict[str, Any]) -> str:
    return f"{entry['peak_memory'] / 1e6:,.0f} MB (+{entry['memory'] / 1e6:,.0f})"


def _check(row: Row) -> str:
    errors = [entry["error"] for entry in row["contestants"].values() if entry["status"] == "ok"]
    check = row["check"] or {"against": "nothing", "tolerance": 0.0}
    worst = f"{max(errors):.1e}" if errors else "-"
    return _cells(row["title"], check["against"], f"{check['tolerance']:g}", worst)


def _rooflines(rows: list[Row]) -> list[str]:
    large = [row for row in rows if row.get("roofline")]
    if not large:
        return []
    lines = [
        "",
        "## Roofline",
        "",
        "Bytes and floating-point operations of the library's plan over the time of a call,",
        "against the STREAM triad and the multiply-adds measured beside the row.",
        "",
        "| workload | bytes | operations | threads | triad | of it | multiply-adds | of them "
        "| binds |",
        "|---" * 9 + "|",
    ]
    for row in large:
        cost = row["cost"]
        for limit in row["roofline"]["limits"]:
            lines.append(
                _cells(
                    row["title"],
                    f"{cost['bytes'] / 1e6:,.1f} MB" if cost else "-",
                    f"{cost['flops'] / 1e6:,.1f} M" if cost else "-",
                    str(limit["threads"]),
                    f"{limit['bytes_per_second'] / 1e9:.1f} GB/s",
                    f"{limit['share_of_memory']:.0%}" if cost else "-",
                    f"{limit['flops_per_second'] / 1e9:.1f} GFLOP/s",
                    f"{limit['share_of_arithmetic']:.0%}" if cost else "-",
                    limit["binds"] if cost else "-",
                )
            )
    return lines


def _curve(curve: dict[str, Any]) -> list[str]:
    rows = [point | {"title": f"{point['x']:,} {curve['label']}"} for point in curve["points"]]
    return [
        "",
        f"## Time against {curve['label']}: {curve['title']}",
        "",
        f"![Time against {curve['label']}]({curve['picture']})",
        "",
        "One call:",
        "",
        *_table(rows, _call),
        "",
        "First call:",
        "",
        *_table(rows, _first_call),
        *_reasons((row["title"], row["contestants"]) for row in rows),
    ]


def _reasons(rows: Iterable[tuple[str, dict[str, Any]]]) -> list[str]:
    """What is missing and why, as a paragraph of its own."""
    reasons = [
        f"- {title}, {TITLES[name]}: {entry['status']}: {entry['reason']}"
        for title, entries in rows
        for name, entry in entries.items()
        if entry["status"] != "ok"
    ]
    return ["", "Not in the tables:", "", *reasons] if reasons else []


def _cells(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
