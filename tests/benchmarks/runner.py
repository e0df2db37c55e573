"""One row: who can do it, whether the result is right, and how long it takes.

Every contestant first builds and calls its function in a process of its own, which tells the first
call and the memory. Those that can share a process are then built again in one, and timed there;
a contestant with another interpreter, one that compiles for long, and one that crashed the others
stay in theirs. Either way blocks are timed in turn.
"""

import dataclasses
import time
from collections.abc import Iterable
from statistics import median
from typing import Any

from tests.benchmarks.checks import TITLES, Reference, routes
from tests.benchmarks.contestants import OURS
from tests.benchmarks.hosts import Hosts
from tests.benchmarks.processes import Failed, Missing, Process, Stopped
from tests.benchmarks.timing import Plan, Spread, calls_in_block
from tests.benchmarks.workloads import Workload

Entry = dict[str, Any]
"""What is known of a contestant in a row, as it is written to the results."""

_SHARING = "shared"
_QUICK_TO_BUILD = 20.0
"""Seconds of a first call up to which a contestant is built again, in the shared process."""


@dataclasses.dataclass
class Row:
    """A workload and what its contestants did; ``cost`` is that of ours, by the library's plan."""

    workload: Workload
    reference: Reference | None = None
    entries: dict[str, Entry] = dataclasses.field(default_factory=dict)
    cost: Any = None

    def as_json(self) -> dict[str, Any]:
        """For the results."""
        workload, reference = self.workload, self.reference
        return {
            "name": workload.name,
            "title": workload.title,
            "task": workload.task,
            "wires": workload.wires,
            "gates": workload.gates,
            "check": reference
            and {"against": TITLES[reference.route], "tolerance": reference.tolerance},
            "contestants": self.entries,
            "cost": self.cost,
        }


def reference_of(workload: Workload, hosts: Hosts) -> Reference | None:
    """The right result by the first route that gives one in time."""
    for route in routes(workload):
        try:
            return hosts.right(workload, route)
        except (Failed, Stopped) as error:
            hosts.note(f"{workload.name}: no reference by {route}: {error}")
    return None


def run_row(
    workload: Workload,
    hosts: Hosts,
    contestants: Iterable[str],
    plan: Plan,
    *,
    sharing: bool = True,
) -> Row:
    """Measure a workload.

    Parameters
    ----------
    workload
        What is computed.
    hosts
        Where the processes come from; those that are used stay alive in it.
    contestants
        Their names.
    plan
        How long to measure.
    sharing
        Whether contestants that can are timed in one process.
    """
    row = Row(workload, reference_of(workload, hosts))
    for name in contestants:
        row.entries[name] = _trial(name, row, hosts, plan)
    places = _places(row, hosts, sharing)
    if not _rounds(row, hosts, places, plan):
        places = _places(row, hosts, False)
        _rounds(row, hosts, places, plan)
    if OURS in places and row.entries[OURS]["status"] == "ok":
        row.cost = _cost(places[OURS], hosts)
    _compare(row.entries)
    return row


def _cost(process: Process, hosts: Hosts) -> Any:
    try:
        return process.ask("cost", hosts.patience(OURS), contestant=OURS)
    except (Failed, Stopped) as error:
        hosts.note(f"no cost from the library: {error}")
        return None


def _trial(name: str, row: Row, hosts: Hosts, plan: Plan) -> Entry:
    """Build, call and check, in a process of the contestant's own."""
    if row.reference is None:
        return {"status": "unchecked", "reason": "there is nothing to check it against"}
    try:
        found = hosts.own(name).ask(
            "build",
            hosts.patience(name),
            contestant=name,
            workload=row.workload,
            times=plan.first_calls,
        )
    except (Missing, Failed, Stopped) as error:
        return _out(error)
    if "unable" in found:
        return {"status": "unable", "reason": found["unable"]}
    wrong_by = row.reference.error(found["result"])
    entry = {
        "status": "ok",
        "error": wrong_by,
        "first_call": median(found["first"]),
        "first_calls": found["first"],
        "call": found["call"],
        "memory": found["grown"],
        "peak_memory": found["peak"],
    }
    if not wrong_by <= row.reference.tolerance:
        reason = f"its result is wrong by {wrong_by:.1e}, {row.reference.tolerance:g} is allowed"
        return {"status": "wrong", "reason": reason}
    return entry


def _out(error: Exception) -> Entry:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    reason = " ".join(lines)[:300] or type(error).__name__
    return {"status": type(error).__name__.lower(), "reason": reason}


def _places(row: Row, hosts: Hosts, sharing: bool) -> dict[str, Process]:
    """The process in which each contestant is timed, built there."""
    able = [name for name, entry in row.entries.items() if entry["status"] == "ok"]
    sharers = [
        name
        for name in able
        if sharing
        and hosts.can_share(name)
        and row.entries[name]["first_call"] + row.entries[name]["call"] < _QUICK_TO_BUILD
    ]
    places: dict[str, Process] = {}
    if len(sharers) > 1:
        for name in sharers:
            hosts.drop(name)
        try:
            places = {name: _built(name, hosts.shared(_SHARING), row, hosts) for name in sharers}
        except (Missing, Failed, Stopped) as error:
            hosts.note(f"{row.workload.name}: not in one process: {error}")
            hosts.drop(_SHARING)
    for name in able:
        if name in places:
            continue
        try:
            fresh = not hosts.has(name)
            process = hosts.own(name)
            places[name] = _built(name, process, row, hosts) if fresh else process
        except (Missing, Failed, Stopped) as error:
            row.entries[name] = _out(error)
    for name, process in places.items():
        row.entries[name]["process"] = "own" if process is hosts.get(name) else "shared"
    return places


def _built(name: str, process: Process, row: Row, hosts: Hosts) -> Process:
    hosts.greet(process, name)
    process.ask("build", hosts.patience(name), contestant=name, workload=row.workload, times=1)
    return process


def _rounds(row: Row, hosts: Hosts, places: dict[str, Process], plan: Plan) -> bool:
    """Time blocks in turn; ``False`` if a shared process was lost, and all with it."""
    samples: dict[str, list[float]] = {name: [] for name in places}
    calls = {name: calls_in_block(row.entries[name]["call"]) for name in places}
    start = time.monotonic()
    rounds = 0
    while samples and not plan.is_enough(rounds, time.monotonic() - start):
        for name in list(samples):
            patience = 60 + 20 * row.entries[name]["call"]
            try:
                samples[name].append(
                    places[name].ask("block", patience, contestant=name, calls=calls[name])
                )
            except (Failed, Stopped) as error:
                if row.entries[name]["process"] == "shared":
                    hosts.note(f"{row.workload.name}: {name} ended the shared process: {error}")
                    hosts.drop(_SHARING)
                    return False
                row.entries[name] = _out(error)
                del samples[name]
                del places[name]
        rounds += 1
    ours = samples.get(OURS)
    for name, times in samples.items():
        entry = row.entries[name]
        spread = Spread.of(times)
        entry |= {
            "call": spread.median,
            "call_quartiles": [spread.lower, spread.upper],
            "rounds": rounds,
            "calls_per_block": calls[name],
        }
        if ours:
            ratio = Spread.of([theirs / mine for theirs, mine in zip(times, ours, strict=True)])
            entry["ratio"] = ratio._asdict()
    return True


def _compare(entries: dict[str, Entry]) -> None:
    """First calls and memory over those of ours."""
    ours = entries.get(OURS, {})
    if ours.get("status") != "ok":
        return
    for entry in entries.values():
        if entry["status"] == "ok":
            entry["first_ratio"] = entry["first_call"] / ours["first_call"]
