"""The rooms of the C++ sources: which may include which, and what only one of them may hold."""

import re
from pathlib import Path

import pytest

NATIVE = Path(__file__).parents[3] / "qgrad_lab" / "engine" / "native"

ROOMS = ["host", "ir", "kernels", "plan", "sweep", "batch", "xla"]
"""In order: each may include itself and those before it."""

OTHERS = {
    "xla/ffi/api": "xla",  # jaxlib's headers
    **dict.fromkeys(
        (
            "CPUMemoryModel.hpp",
            "DynamicDispatcher.hpp",
            "GateImplementationsLM.hpp",
            "KernelMap.hpp",
            "Threading.hpp",
        ),
        "kernels/lightning.cpp",
    ),
}
"""Headers of others by their path or folder, with the room or file that alone includes them."""

_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)
_STANDARD = re.compile(r"[a-z_]+|(?:sys/)?[a-z]+\.h")
"""C++'s own headers, and those of the system."""


def sources() -> dict[str, str]:
    """Return the text of every file, by its path from ``native``."""
    return {
        path.relative_to(NATIVE).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(NATIVE.rglob("*"))
        if path.suffix in {".cpp", ".hpp", ".h", ".inc"}
    }


def includes(text: str) -> tuple[list[str], list[str]]:
    """Return what is included in quotes, that is ours, and what in angle brackets."""
    found = _INCLUDE.findall(text)
    return [ours for ours, _ in found if ours], [other for _, other in found if other]


def faults(files: dict[str, str]) -> list[str]:
    """Return what breaks the rules of the rooms, one line each."""
    found = []
    for name, text in files.items():
        room = name.partition("/")[0]
        if room not in ROOMS:
            found.append(f"{name} is in no room")
            continue
        ours, others = includes(text)
        for header in ours:
            if header not in files:
                found.append(f'{name} includes "{header}", which is no file of a room')
            elif ROOMS.index(header.partition("/")[0]) > ROOMS.index(room):
                found.append(f"{name} includes {header}, of a room above")
        for header in others:
            owner = OTHERS.get(header, OTHERS.get(header.rpartition("/")[0]))
            if owner is None and not _STANDARD.fullmatch(header):
                found.append(f"{name} includes <{header}>, which nobody may")
            elif owner is not None and owner not in (room, name):
                found.append(f"{name} includes <{header}>, which only {owner} may")
        if room != "xla" and re.search(r'extern\s+"C"', text):
            found.append(f'{name} has an extern "C", which only xla/ may have')
    return found + cycles({name: includes(text)[0] for name, text in files.items()})


def cycles(graph: dict[str, list[str]]) -> list[str]:
    """Return the cycles among includes that a search meets, one line each."""
    found, path, done = [], [], set()

    def visit(name: str) -> None:
        if name in path:
            found.append(" -> ".join([*path[path.index(name) :], name]))
        elif name not in done:
            path.append(name)
            for header in graph.get(name, []):
                visit(header)
            done.add(path.pop())

    for name in graph:
        visit(name)
    return found


def test_rooms_include_only_those_before_them():
    files = sources()
    assert {name.partition("/")[0] for name in files} == set(ROOMS)
    assert faults(files) == []


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("ir/x.hpp", '#include "plan/plan.hpp"', "of a room above"),
        ("plan/x.cpp", '#  include "plan.hpp"', "no file of a room"),
        ("plan/x.cpp", '#include "plan/gone.hpp"', "no file of a room"),
        ("x.cpp", "", "in no room"),
        ("host/x.hpp", "#include <xla/ffi/api/ffi.h>", "only xla may"),
        ("plan/x.cpp", "#include <KernelMap.hpp>", "only kernels/lightning.cpp may"),
        ("plan/x.cpp", "#include <Error.hpp>", "nobody may"),
        ("host/x.cpp", 'extern "C" void x();', "only xla/ may have"),
        ("ir/program.hpp", '#include "ir/step.hpp"', "ir/step.hpp -> ir/program.hpp"),
    ],
)
def test_a_broken_rule_is_found(name, text, fault):
    found = faults({**sources(), name: text})
    assert len(found) == 1
    assert fault in found[0]


def test_every_room_says_what_it_is_for():
    overview = (NATIVE / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"^\d\. `(\w+)/`", overview, re.MULTILINE) == ROOMS
    for room in ROOMS:
        text = (NATIVE / room / "README.md").read_text(encoding="utf-8")
        assert text.startswith(f"# {room}/\n")
        assert len(text.splitlines()) <= 12
