"""Map the lines that JAX and XLA print to the user's lines.

Both print the places that an operation comes from beside it. They are removed from the text, of
which they would be the larger part, and those that are not the user's are dropped.
"""

import os
import re
import sys
import types
from collections.abc import Iterable, Mapping, Set
from typing import Any

import jax

from qgrad_lab.circuit.record.sources import is_library
from qgrad_lab.core.tracebacks import PACKAGE
from qgrad_lab.inspection.stage import Line

Lines = dict[int, tuple[Line, ...]]

_LIBRARIES = (os.path.dirname(os.path.abspath(str(jax.__file__))) + os.sep, PACKAGE)


def callers() -> frozenset[Line]:
    """Return the lines that are running, which are not part of the program that they trace."""
    found = set()
    frame: types.FrameType | None = sys._getframe(1)
    while frame is not None:
        found.add(Line(frame.f_code.co_filename, frame.f_lineno))
        frame = frame.f_back
    return frozenset(found)


def of_jaxpr(text: str) -> tuple[str, Lines]:
    """Split a jaxpr printed with ``source_info=True`` into text and a map to the user's lines."""
    plain = []
    lines: Lines = {}
    for number, line in enumerate(text.splitlines(), 1):
        found = _JAXPR_PLACE.search(line)
        if found:
            line = line[: found.start()]
            if found["file"]:
                lines[number] = _users([Line(found["file"], int(found["line"]))], frozenset())
        plain.append(line)
    return "\n".join(plain), _known(lines)


_JAXPR_PLACE = re.compile(r"\s+# ?(?:(?P<file>\S.*?):(?P<line>\d+)(?::\d+)? \(.*\))?$")


def of_mlir(plain: str, located: str, outside: Set[Line]) -> Lines:
    """Map the lines of an MLIR module, printed without and with places, to the user's lines.

    Lines ``outside`` of the program are left out.
    """
    definitions, body = {}, []
    for line in located.splitlines():
        found = _DEFINITION.match(line)
        if found:
            definitions[found["name"]] = found["place"]
        else:
            body.append(line)
    while body and not body[0].strip():
        body.pop(0)
    if len(body) != len(plain.splitlines()):
        return {}
    lines = {}
    for number, line in enumerate(body, 1):
        _, _, place = line.rpartition(" loc(")
        lines[number] = _users(_places(place, definitions), outside)
    return _known(lines)


_DEFINITION = re.compile(r"^(?P<name>#loc\d*) = loc\((?P<place>.*)\)$")
_PLACE = re.compile(r'"(?P<file>[^"]+)":(?P<line>\d+):\d+|(?P<name>#loc\d*)')


def _places(place: str, definitions: Mapping[str, str]) -> list[Line]:
    """Return all lines that an MLIR location names, the innermost first."""
    found = []
    for part in _PLACE.finditer(place):
        if part["name"] is None:
            found.append(Line(part["file"], int(part["line"])))
        else:
            # Definitions refer to others, but never in a cycle.
            found += _places(definitions.get(part["name"], ""), definitions)
    return found


def of_hlo(text: str, outside: Set[Line]) -> tuple[str, Lines]:
    """Split an HLO module into the text without tables of places, and a map to the user's lines.

    Lines ``outside`` of the program are left out.
    """
    frames = _Frames(text)
    plain: list[str] = []
    lines: Lines = {}
    for line in frames.rest:
        found = _METADATA.search(line)
        if found:
            lines[len(plain) + 1] = _users(frames.places(found["metadata"]), outside)
        plain.append(line)
    return "\n".join(plain), _known(lines)


def of_equation(equation: Any, outside: Set[Line]) -> tuple[Line, ...]:
    """Return the user's lines that made an equation, innermost first, without those ``outside``."""
    traceback = equation.source_info.traceback
    frames = traceback.frames if traceback else ()
    return _users((Line(frame.file_name, frame.line_num) for frame in frames), outside)


_METADATA = re.compile(r"metadata=\{(?P<metadata>[^}]*)\}")


class _Frames:
    """The tables of stack frames at the top of an HLO module; older versions have none."""

    def __init__(self, text: str) -> None:
        self._tables: dict[str, dict[int, str]] = {}
        self.rest: list[str] = []
        table: dict[int, str] | None = None
        for line in text.splitlines():
            if line in ("FileNames", "FunctionNames", "FileLocations", "StackFrames"):
                table = self._tables.setdefault(line, {})
                continue
            if table is not None:
                number, _, entry = line.partition(" ")
                if number.isdigit():
                    table[int(number)] = entry
                    continue
                table = None
                if not line and self.rest and not self.rest[-1]:
                    continue  # keep one blank line in place of the tables
            self.rest.append(line)
        # The outermost frame has no parent: the number in its place stands for none.
        parents = [_number("parent_frame_id", frame) for frame in self._frames.values()]
        self._none = min(parents, default=0)

    @property
    def _frames(self) -> dict[int, str]:
        return self._tables.get("StackFrames", {})

    def places(self, metadata: str) -> list[Line]:
        """Return all lines that the metadata of an operation names, the innermost first."""
        file = re.search(r'source_file="([^"]*)"', metadata)
        line = re.search(r"source_line=(\d+)", metadata)
        if file and line:
            return [Line(file[1], int(line[1]))]
        found = []
        frame = _number("stack_frame_id", metadata)
        while frame:
            entry = self._frames.get(frame, "")
            location = _number("file_location_id", entry)
            place = self._tables.get("FileLocations", {}).get(location, "")
            name = self._tables.get("FileNames", {}).get(_number("file_name_id", place), "")
            if name:
                found.append(Line(name.strip('"'), _number("line", place)))
            # Parents are numbered from one more than frames are, and come before their children.
            parent = _number("parent_frame_id", entry) - self._none
            frame = parent if parent < frame else 0
        return found


def _number(key: str, text: str) -> int:
    found = re.search(rf"\b{key}=(\d+)", text)
    return int(found[1]) if found else 0


def _users(places: Iterable[Line], outside: Set[Line]) -> tuple[Line, ...]:
    """Return the places that are the user's and part of the program, each once."""
    return tuple(
        dict.fromkeys(
            place
            for place in places
            if place not in outside
            and not place.file.startswith(_LIBRARIES)
            and not is_library(place.file)
        )
    )


def _known(lines: Lines) -> Lines:
    return {number: places for number, places in lines.items() if places}
