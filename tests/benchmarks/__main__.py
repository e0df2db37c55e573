"""Derivatives beside those of other libraries: ``python -m tests.benchmarks --out FOLDER``.

It needs this package with its native library, optax and matplotlib; every other contestant takes
part where its packages are (see `contestants.PACKAGES`), all of them together with

    Python 3.12, jax==0.7.1 jaxlib==0.7.1 pennylane==0.45.1 pennylane-lightning==0.45.0
    pennylane-catalyst==0.15.0 tensorcircuit-ng qulacs optax matplotlib

or in an interpreter of its own (``--python``). The folder gets ``results.json``, ``report.md`` and
a picture for each growth curve; it is written anew after every row, so that a run can be ended.
"""

import argparse
import datetime
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks import report
from tests.benchmarks.contestants import MODULES, OURS, TITLES
from tests.benchmarks.curves import CURVES, Curve
from tests.benchmarks.hosts import Hosts, References, Settings
from tests.benchmarks.machine import Throughput, cores, describe
from tests.benchmarks.plots import draw
from tests.benchmarks.roofline import LARGE, roofline
from tests.benchmarks.runner import Row, run_row
from tests.benchmarks.timing import Plan
from tests.benchmarks.workloads import ROWS

FORMAT = 1
"""Of ``results.json``; grows when a reader of an older one would misread it."""

_CURVE_PATIENCE = 60.0


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    options = _parser().parse_args(arguments)
    if options.list:
        for name, make in ROWS.items():
            print(f"{name:22}{make().title}")
        for name, curve in CURVES.items():
            print(f"{name:22}curve: time against {curve.label}; {curve.title}")
        return
    every = options.rows is None and options.curves is None
    rows = list(ROWS) if every else options.rows or []
    curves = list(CURVES) if every else options.curves or []
    plan = Plan(0.3, 3, 1) if options.quick else Plan()
    settings = Settings(
        [name for name in MODULES if name in options.contestants],
        dict(options.python),
        next((seconds for name, seconds in options.patience if not name), 240.0),
        {name: seconds for name, seconds in options.patience if name},
    )
    options.out.mkdir(parents=True, exist_ok=True)
    command = " ".join(["python -m tests.benchmarks", *(arguments or sys.argv[1:])])
    with Throughput() as throughput, References(settings) as references:
        suite = Suite(settings, plan, references, throughput, options.out, command)
        suite.measure_rows(rows)
        for name in curves:
            suite.measure_curve(name, CURVES[name], points=3 if options.quick else None)
    print(f"Written to {options.out}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("--out", type=Path, default=Path("benchmark-results"), help="the folder")
    parser.add_argument("--rows", nargs="*", choices=ROWS, metavar="ROW", help="only these")
    parser.add_argument("--curves", nargs="*", choices=CURVES, metavar="CURVE", help="only these")
    parser.add_argument("--list", action="store_true", help="print the rows and curves")
    parser.add_argument(
        "--contestants",
        nargs="+",
        choices=MODULES,
        default=list(MODULES),
        metavar="NAME",
        help=f"only these of {', '.join(MODULES)}",
    )
    parser.add_argument(
        "--patience",
        type=_patience,
        action="append",
        default=[],
        metavar="[NAME=]SECONDS",
        help="for a first call, of all contestants (240) or of one; a curve's have at most 60",
    )
    parser.add_argument(
        "--python",
        type=_python,
        action="append",
        default=[],
        metavar="NAME=PATH",
        help="the interpreter of a contestant",
    )
    parser.add_argument(
        "--quick", action="store_true", help="short rounds, and three points of a curve"
    )
    return parser


def _patience(text: str) -> tuple[str, float]:
    name, _, seconds = text.rpartition("=")
    if name and name not in MODULES:
        raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(MODULES)}")
    return name, float(seconds)


def _python(text: str) -> tuple[str, str]:
    name, _, path = text.partition("=")
    if name not in MODULES or not path:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=PATH, of {', '.join(MODULES)}")
    return name, path


class Suite:
    """A run: its results so far, written to a folder."""

    def __init__(
        self,
        settings: Settings,
        plan: Plan,
        references: References,
        throughput: Throughput,
        out: Path,
        command: str,
    ) -> None:
        self._settings, self._plan, self._references = settings, plan, references
        self._throughput, self._out = throughput, out
        self._results: dict[str, Any] = {
            "format": FORMAT,
            "command": command,
            "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "machine": describe(),
            "versions": settings.versions,
            "missing": {},
            "rows": [],
            "curves": [],
        }

    def measure_rows(self, names: Sequence[str]) -> None:
        """Measure rows of the table, each in processes of its own."""
        for name in names:
            with Hosts(self._settings, self._references) as hosts:
                found = run_row(ROWS[name](), hosts, self._contestants(), self._plan)
            self._note_missing(found)
            row = found.as_json()
            self._add_roofline(found, row)
            self._results["rows"].append(row)
            self._write()
            print(report.line(row), flush=True)

    def measure_curve(self, name: str, curve: Curve, points: int | None = None) -> None:
        """Measure a curve; a contestant stopped where less work is asked for has no more points."""
        entry: dict[str, Any] = {
            "name": name,
            "title": curve.title,
            "label": curve.label,
            "picture": f"curve-{name}.png",
            "points": [],
        }
        self._results["curves"].append(entry)
        contestants = self._contestants()
        hosts = None
        patience = min(self._settings.patience, _CURVE_PATIENCE)
        try:
            for point in curve.points[:points]:
                if hosts is None or point.cores is not None:
                    if hosts is not None:
                        hosts.close()
                    hosts = Hosts(self._settings, self._references, point.cores, patience)
                row = run_row(point.make(), hosts, contestants, self._plan, sharing=False)
                self._note_missing(row)
                entry["points"].append({"x": point.x} | row.as_json())
                # More cores are no more work.
                contestants = [
                    name
                    for name, known in row.entries.items()
                    if known["status"] != "stopped" or point.cores is not None
                ]
                draw(entry, self._out / entry["picture"])
                self._write()
                print(f"{name}: {report.line(row.as_json())}", flush=True)
        finally:
            if hosts is not None:
                hosts.close()

    def _contestants(self) -> list[str]:
        return [name for name in self._settings.contestants if name not in self._results["missing"]]

    def _note_missing(self, row: Row) -> None:
        """Leave out, from now on, the contestants that could not be imported."""
        for name, entry in list(row.entries.items()):
            if entry["status"] == "missing":
                self._results["missing"][name] = entry["reason"]
                print(f"{TITLES[name]} takes no part: {entry['reason']}")
                del row.entries[name]

    def _add_roofline(self, found: Row, row: dict[str, Any]) -> None:
        ours = found.entries.get(OURS, {})
        if found.workload.wires < LARGE or ours.get("status") != "ok":
            return
        beside = [self._throughput.measure(threads) for threads in sorted({1, cores()})]
        if self._throughput.problem is not None:
            print(f"  no roofline: {self._throughput.problem}")
            return
        row["roofline"] = roofline(found.cost, ours["call"], [limit for limit in beside if limit])

    def _write(self) -> None:
        results = json.dumps(self._results, indent=1)
        (self._out / "results.json").write_text(results, encoding="utf-8")
        (self._out / "report.md").write_text(report.markdown(self._results), encoding="utf-8")


if __name__ == "__main__":
    main()
