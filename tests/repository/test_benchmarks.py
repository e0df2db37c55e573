"""The benchmark suite's plumbing: nothing here is timed."""

import itertools
import json
from typing import Any

import numpy as np
import pennylane as qml
import pytest

from tests.benchmarks import report
from tests.benchmarks.__main__ import FORMAT, main
from tests.benchmarks.checks import Reference
from tests.benchmarks.chemistry import hamiltonian
from tests.benchmarks.circuits import Parameter, Repeat, generator, unrolled
from tests.benchmarks.contestants import OURS
from tests.benchmarks.contestants.qnodes import observable
from tests.benchmarks.curves import CURVES, looped, truncated
from tests.benchmarks.machine import Limits
from tests.benchmarks.plots import draw
from tests.benchmarks.processes import Failed, Process, Stopped
from tests.benchmarks.roofline import roofline
from tests.benchmarks.runner import run_row
from tests.benchmarks.timing import Plan, Spread
from tests.benchmarks.workloads import ROWS, layered

_PLAN = Plan(seconds=0.0, rounds=3, first_calls=1)


def test_a_row_from_the_command_to_the_results(tmp_path, capsys):
    main(["--quick", "--rows", "layered-2x1", "--contestants", OURS, "--out", str(tmp_path)])
    results = json.loads((tmp_path / "results.json").read_text())
    assert results["format"] == FORMAT
    assert results["versions"][OURS]["pennylane"] == qml.version()
    (row,) = results["rows"]
    entry = row["contestants"][OURS]
    assert entry["status"] == "ok"
    assert entry["ratio"] == {"median": 1.0, "lower": 1.0, "upper": 1.0}
    assert 0 <= entry["error"] <= row["check"]["tolerance"]
    assert entry["call"] > 0 and entry["first_call"] > 0 and entry["peak_memory"] > 0
    assert row["title"] in (tmp_path / "report.md").read_text()
    assert "layered-2x1" in capsys.readouterr().out


def test_the_list_names_every_row_and_curve(capsys):
    main(["--list"])
    names = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert names == [*ROWS, *CURVES]


@pytest.mark.parametrize("name", ROWS)
def test_every_parameter_of_a_row_is_in_its_circuit(name):
    workload = ROWS[name]()
    used = {
        gate.angle.element
        for gate in unrolled(workload.circuit)
        if isinstance(gate.angle, Parameter) and gate.angle.argument == 0
    }
    assert used == set(itertools.product(*map(range, workload.shape)))


def test_a_loop_is_the_layers_that_it_repeats():
    long = looped(320)
    assert long.gates == 320 and isinstance(long.circuit[0], Repeat)
    parameters = np.arange(np.prod(long.shape)).reshape(long.shape)
    for one, other in zip(unrolled(long.circuit), truncated(320).circuit, strict=True):
        assert one[:2] == other[:2]
        if isinstance(one.angle, Parameter):
            assert parameters[one.angle.element] == other.angle.element[0]


_GATES = {
    "RX": 1,
    "CRX": 2,
    "CRY": 2,
    "CRZ": 2,
    "ControlledPhaseShift": 2,
    "IsingZZ": 2,
    "MultiRZ": 3,
    "SingleExcitation": 2,
    "DoubleExcitation": 4,
    "CCRY": 3,
}


@pytest.mark.parametrize("name", _GATES)
def test_generators_make_the_gates(name):
    wires = range(_GATES[name])
    if name == "CCRY":
        gate = qml.ctrl(qml.RY(0.7, wires=2), control=[0, 1])
    else:
        gate = getattr(qml, name)(0.7, wires=wires)
    words = generator(name, len(wires))
    product = qml.prod(*(qml.PauliRot(0.7 * factor, word, wires) for factor, word in words))
    overlap = np.trace(gate.matrix().conj().T @ product.matrix(wire_order=wires)) / 2 ** len(wires)
    assert abs(overlap) == pytest.approx(1, abs=1e-12)


def test_h2_has_its_lowest_energy():
    terms = hamiltonian("h2")
    assert len(terms) == 15
    energies = np.linalg.eigvalsh(observable(terms).matrix(wire_order=range(4)))
    assert energies[0] == pytest.approx(-1.13727017, abs=1e-7)


def test_lih_has_its_hartree_fock_energy():
    terms = hamiltonian("lih")
    assert len(terms) == 631
    # In the state with the first four wires in 1.
    energy = sum(
        term.coefficient * (-1) ** sum(wire < 4 for wire in term.wires)
        for term in terms
        if set(term.letters) <= {"Z"}
    )
    assert energy == pytest.approx(-7.862002, abs=1e-6)


class _Process:
    """A worker that gives prepared answers, and ends if the answer is an error."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers = answers
        self.built: set[str] = set()

    def ask(self, request, patience, contestant=None, **_: Any) -> Any:
        answer = self.answers.get((request, contestant))
        if request == "build" and isinstance(answer, dict):
            self.built.add(contestant)
        if request == "block":
            assert contestant in self.built
        if isinstance(answer, Exception):
            raise answer
        return answer


class _Hosts:
    """Processes with the same prepared answers, except ``shared`` for the shared one."""

    def __init__(self, answers: dict[str, Any], shared: dict[Any, Any] | None = None) -> None:
        self._answers, self._shared = answers, answers | (shared or {})
        self.processes: dict[str, _Process] = {}
        self.notes: list[str] = []

    def own(self, name: str) -> _Process:
        return self.processes.setdefault(name, _Process(self._answers))

    def shared(self, name: str) -> _Process:
        return self.processes.setdefault(name, _Process(self._shared))

    def right(self, workload, route) -> Reference:
        return Reference(route, np.ones(6), 1e-9)

    def get(self, name: str) -> _Process | None:
        return self.processes.get(name)

    def has(self, name: str) -> bool:
        return name in self.processes

    def drop(self, name: str) -> None:
        self.processes.pop(name, None)

    def can_share(self, name: str) -> bool:
        return name != "elsewhere"

    def patience(self, name: str) -> float:
        return 1.0

    def greet(self, process: _Process, name: str) -> None:
        pass

    def note(self, text: str) -> None:
        self.notes.append(text)


def _built(result: Any = 1.0, call: float = 0.5) -> dict[str, Any]:
    result = np.full(6, result)
    return {"first": [1.0, 3.0, 2.0], "call": call, "result": result, "peak": 9, "grown": 5}


def _answers(**times: float) -> dict[Any, Any]:
    return {
        key: value
        for name, seconds in times.items()
        for key, value in {("build", name): _built(), ("block", name): seconds}.items()
    }


def _run(hosts: _Hosts, *names: str) -> dict[str, Any]:
    return run_row(layered(2, 1), hosts, names, _PLAN).as_json()  # type: ignore[arg-type]


def test_ratios_are_those_of_blocks_in_turn():
    row = _run(_Hosts(_answers(qgrad_lab=2.0, peer=6.0, elsewhere=8.0)), OURS, "peer", "elsewhere")
    assert [entry["process"] for entry in row["contestants"].values()] == [
        "shared",
        "shared",
        "own",
    ]
    assert [entry["ratio"]["median"] for entry in row["contestants"].values()] == [1.0, 3.0, 4.0]
    assert row["contestants"]["peer"]["first_call"] == 2.0
    assert row["contestants"]["peer"]["rounds"] == 3


def test_a_wrong_result_is_not_kept():
    answers = _answers(qgrad_lab=2.0, peer=1.0, other=1.0)
    answers["build", "peer"] = _built(1.0 + 1e-6)
    answers["build", "other"] = _built(np.nan)
    row = _run(_Hosts(answers), OURS, "peer", "other")
    for name in ("peer", "other"):
        assert set(row["contestants"][name]) == {"status", "reason"}
        assert row["contestants"][name]["status"] == "wrong"
    assert row["contestants"][OURS]["status"] == "ok"


def test_nothing_is_kept_that_cannot_be_checked():
    class Unchecked(_Hosts):
        def right(self, workload, route) -> Reference:
            raise Stopped("no answer")

    row = _run(Unchecked(_answers(qgrad_lab=2.0)), OURS)
    assert row["check"] is None
    assert row["contestants"][OURS]["status"] == "unchecked"


def test_one_that_fails_does_not_take_the_others_down():
    answers = _answers(qgrad_lab=2.0, peer=6.0)
    answers["build", "crashing"] = Stopped("crashed, SIGSEGV")
    answers["build", "raising"] = Failed("TypeError: no\nsecond line")
    answers["build", "lacking"] = {"unable": "it has first derivatives only"}
    row = _run(_Hosts(answers), OURS, "crashing", "raising", "lacking", "peer")
    found = row["contestants"]
    assert found["crashing"] == {"status": "stopped", "reason": "crashed, SIGSEGV"}
    assert found["raising"] == {"status": "failed", "reason": "TypeError: no second line"}
    assert found["lacking"] == {"status": "unable", "reason": "it has first derivatives only"}
    assert found["peer"]["ratio"]["median"] == 3.0


@pytest.mark.parametrize("request_name", ["build", "block"])
def test_without_the_shared_process_each_is_timed_in_its_own(request_name):
    answers = _answers(qgrad_lab=2.0, peer=6.0)
    hosts = _Hosts(answers, shared={(request_name, "peer"): Stopped("crashed, SIGABRT")})
    row = _run(hosts, OURS, "peer")
    assert {entry["process"] for entry in row["contestants"].values()} == {"own"}
    assert row["contestants"]["peer"]["ratio"]["median"] == 3.0
    assert "SIGABRT" in hosts.notes[0]


@pytest.mark.parametrize(
    ("python", "memory_limit", "patience", "reason"),
    [
        ("", 2**62, 0.0, "no answer within 0 s"),
        ("", 1, 60.0, "GB, of 0.0 allowed"),
        ("/bin/false", 2**62, 60.0, "crashed, exit status 1"),
    ],
)
def test_a_process_is_given_up(python, memory_limit, patience, reason):
    with Process(python, memory_limit) as process:
        with pytest.raises(Stopped, match=reason):
            process.ask("hello", patience, contestant=OURS)
        assert not process.is_alive


def test_a_worker_goes_on_after_an_error():
    with Process("", 2**62) as process:
        for _ in range(2):
            with pytest.raises(Failed, match="KeyError: 'nobody'"):
                process.ask("hello", 60.0, contestant="nobody")


def test_a_reference_along_a_direction():
    reference = Reference("difference", np.array([5.0]), 1e-7, np.array([0.6, 0.8]))
    assert reference.error(np.array([3.0, 4.0])) == pytest.approx(0, abs=1e-15)
    assert reference.error(np.array([3.0, 4.1])) == pytest.approx(0.08 / 5)
    assert reference.error(np.array([3.0, 4.0, 0.0])) == np.inf


def test_spreads_and_plans():
    assert Spread.of([4.0]) == (4.0, 4.0, 4.0)
    assert Spread.of([1.0, 2.0, 3.0, 4.0, 5.0]) == (3.0, 2.0, 4.0)
    plan = Plan(seconds=5.0, rounds=7)
    assert [plan.is_enough(*case) for case in ((0, 0), (7, 4), (7, 6), (3, 20), (3, 31))] == [
        False,
        False,
        True,
        False,
        True,
    ]


def test_a_roofline_names_what_binds():
    cost = {"bytes": 2e9, "flops": 1e9}
    found = roofline(cost, 0.5, [Limits(1, 8e9, 1e10), Limits(2, 16e9, 2e9)])  # type: ignore[arg-type]
    assert [limit["binds"] for limit in found["limits"]] == ["memory", "arithmetic"]
    assert [limit["share"] for limit in found["limits"]] == [0.5, 1.0]


def test_a_curve_in_pictures_and_tables(tmp_path):
    entry: dict[str, Any] = {"status": "ok", "call": 2e-3, "first_call": 1.5, "first_ratio": 3.0}
    entry["ratio"] = {"median": 4.0, "lower": 3.0, "upper": 5.0}
    curve = {
        "title": "2 layers",
        "label": "wires",
        "picture": "curve-wires.png",
        "points": [
            {"x": 2, "contestants": {OURS: entry, "catalyst": entry}},
            {
                "x": 4,
                "contestants": {OURS: entry, "catalyst": {"status": "stopped", "reason": "x"}},
            },
        ],
    }
    draw(curve, tmp_path / "curve-wires.png")
    assert (tmp_path / "curve-wires.png").read_bytes().startswith(b"\x89PNG")
    results = {
        "command": "",
        "date": "",
        "machine": {"cpu": "", "cores": 2, "system": ""},
        "versions": {},
        "missing": {"qulacs": "ModuleNotFoundError: qulacs"},
        "rows": [],
        "curves": [curve],
    }
    text = report.markdown(results)
    assert "| 2 wires | 2 ms | 2 ms (4x, 3 to 5) |" in text
    assert "- 4 wires, Catalyst: stopped: x" in text
    assert "- qulacs took no part: ModuleNotFoundError: qulacs" in text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (1.234e-7, "0.123 us"),
        (9.996e-4, "1 ms"),
        (0.5, "500 ms"),
        (12.3, "12.3 s"),
        (4321, "4,321 s"),
    ],
)
def test_durations(seconds, text):
    assert report.duration(seconds) == text
