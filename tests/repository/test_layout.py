"""The tests mirror the rooms of the package, and import their helpers in one way."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests"
PACKAGE = ROOT / "qgrad_lab"

# Of more than one room, or of none.
OTHERS = {
    "benchmarks": "times and memory beside those of other libraries",
    "browser": "JupyterLab in a browser",
    "errors": "the table of all errors",
    "interrupt": "stopping programs, as a program of its own",
    "native": "drivers of the native library, in C++",
    "peer": "programs that others run too",
    "programs": "whole programs of users",
    "repository": "what is in this repository beside the code",
    "support": "helpers of tests",
    "types": "what a type checker sees",
}

SOURCES = sorted(path for path in TESTS.rglob("*.py") if "__pycache__" not in path.parts)


def folders(root):
    """Return the folders under ``root`` that have files of ours, relative to it."""
    return {
        path.relative_to(root).as_posix()
        for path in root.rglob("*")
        if path.is_dir()
        and not any(part.startswith((".", "_")) for part in path.relative_to(root).parts)
        and any(file.is_file() for file in path.iterdir())
    }


def test_every_folder_is_a_room_or_one_of_the_others():
    ours = {folder for folder in folders(TESTS) if folder.partition("/")[0] not in OTHERS}
    assert ours - folders(PACKAGE) == set()
    assert {name for name in OTHERS if not (TESTS / name).is_dir()} == set()


def test_no_name_is_both():
    assert {folder for folder in folders(PACKAGE) if folder in OTHERS} == set()


def test_the_folders_of_rooms_hold_tests_alone():
    helpers = [
        path.relative_to(TESTS).as_posix()
        for path in SOURCES
        if path.relative_to(TESTS).parts[0] not in OTHERS and not path.name.startswith("test_")
    ]
    assert helpers == ["conftest.py"]


def test_no_two_test_files_have_one_name():
    # pytest imports them by their name alone, as their folders are no packages.
    names = [path.name for path in SOURCES if path.name.startswith("test_")]
    assert len(names) == len(set(names))


def test_helpers_are_imported_as_names_of_their_module():
    other_ways = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                modules = [node.module] if node.module in ("tests", "tests.support") else []
            else:
                continue
            if any(name.partition(".")[0] == "tests" for name in modules):
                other_ways.append(f"{path.relative_to(TESTS)}: {ast.unparse(node)}")
    assert other_ways == []  # but from tests.support.circuits import ansatz


def test_the_map_has_every_room():
    contributing = (ROOT / ".github" / "CONTRIBUTING.md").read_text(encoding="utf-8")
    lines = contributing.partition("## The rooms")[2].partition("```text\n")[2].splitlines()
    found, path = set(), []
    for line in lines[: lines.index("```")]:
        if match := re.match(r"( *)([\w/]+)/(?: |$)", line):
            depth = len(match[1]) // 2
            path = [*path[:depth], match[2]]
            found.add("/".join(path))
    rooms = {f"qgrad_lab/{room}" for room in folders(PACKAGE)}
    # Parts of one room, which its line names.
    parts = {"qgrad_lab/workbench/widget", "qgrad_lab/sweeps/executors"}
    others = {f"tests/{name}" for name in OTHERS}
    assert {room for room in found if room.startswith("qgrad_lab/")} == rooms - parts
    assert {room for room in found if room.startswith("tests/")} == others
