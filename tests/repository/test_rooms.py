"""The rooms of the package, read from the syntax trees of its files: what each may hold and import.

That imports point one way between rooms is checked by import-linter (``[tool.importlinter]``).
"""

import ast
import io
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

import qgrad_lab

PACKAGE = Path(qgrad_lab.__file__).parent

ROOT_FILES = {
    "__init__.py",
    "_version.py",
    "cli.py",
    "errors.py",
    "pennylane_plugin.py",
    "py.typed",
}

LAZY_PLOTS = {
    ("qgrad_lab.results.comparison", "qgrad_lab.plots"),
    ("qgrad_lab.results.steps", "qgrad_lab.plots"),
    ("qgrad_lab.results.landscapes", "qgrad_lab.plots"),
    ("qgrad_lab.results.scalings", "qgrad_lab.plots"),
}
"""The method ``.plot()`` of a result, the one import that points up: matplotlib imports slowly."""

MOST_FILES = 16
MOST_LINES = 400
"""In a folder; of code in a file, which docstrings, comments and blank lines are not."""

FOREIGN = {
    "_replace": "of named tuples",
    "_asdict": "of named tuples",
    "_fields": "of named tuples",
    "_getframe": "of sys: the only way to the frames of the caller",
    "_src": "of JAX: its compilation cache has no public way in",
    "_get_shots": "of PennyLane's QNode",
    "_extra_locals": "of malt's transpiler, for subclasses to set",
    "_axinfo": "of matplotlib's three-dimensional axes, whose colours have no other way in",
}
"""Underscore names of others, and why they are used."""


class Module(NamedTuple):
    name: str
    path: Path
    tree: ast.Module

    @property
    def is_package(self) -> bool:
        return self.path.name == "__init__.py"


@cache
def modules() -> dict[str, Module]:
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        if "_notebooks" in path.parts:
            continue
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = Module(name, path, ast.parse(path.read_text(encoding="utf-8")))
    return found


def imported(module: Module) -> Iterator[tuple[str, str | None]]:
    """Every module of ours that ``module`` imports anywhere, and the name it takes from it."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name in modules():
                    yield alias.name, None
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                if inner in modules():
                    yield inner, None
                elif node.module in modules():
                    yield node.module, alias.name


def graph() -> dict[str, set[str]]:
    return {
        name: {
            target
            for target, _ in imported(module)
            if target != name and (name, target) not in LAZY_PLOTS
        }
        for name, module in modules().items()
    }


def cycles(arrows: dict[str, set[str]]) -> list[list[str]]:
    """The strongly connected components of more than one module, by Tarjan's algorithm."""
    number: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found = []

    def visit(name: str) -> None:
        number[name] = low[name] = len(number)
        stack.append(name)
        for target in sorted(arrows[name]):
            if target not in number:
                visit(target)
                low[name] = min(low[name], low[target])
            elif target in stack:
                low[name] = min(low[name], number[target])
        if low[name] == number[name]:
            component = stack[stack.index(name) :]
            del stack[stack.index(name) :]
            if len(component) > 1:
                found.append(sorted(component))

    for name in arrows:
        if name not in number:
            visit(name)
    return found


def test_cycles_are_found():
    assert cycles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [["a", "b", "c"]]
    assert cycles({"a": {"b"}, "b": set()}) == []


def test_no_import_cycle_lazy_ones_included():
    assert cycles(graph()) == []


def test_the_exceptions_are_needed():
    arrows = {(name, target) for name, m in modules().items() for target, _ in imported(m)}
    assert arrows >= LAZY_PLOTS


def test_the_root_holds_the_public_names_and_little_else():
    files = {path.name for path in PACKAGE.iterdir() if path.is_file()}
    assert files <= ROOT_FILES


@pytest.mark.parametrize("name", sorted(modules()))
def test_names_of_modules(name):
    last = name.rpartition(".")[2]
    if last not in ("_version", "__main__"):
        assert not last.startswith("_"), "private is what no other file imports, not a module"
    assert last not in qgrad_lab.__all__, "importing it would give the function of this name"


def _defined(tree: ast.Module) -> set[str]:
    """Names that a file itself gives to functions, classes, variables and attributes."""
    found = set()
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                found.add(name)
            case ast.ClassDef(name=name):
                found.add(name)
            case ast.Name(id=name, ctx=ast.Store()):
                found.add(name)
            case ast.Attribute(attr=name, ctx=ast.Store()):
                found.add(name)
            case ast.Constant(value=str(name)):  # __slots__, setattr
                found.add(name)
    return found


def _is_private(name: str) -> bool:
    return name.startswith("_") and not (name.startswith("__") and name.endswith("__"))


@pytest.mark.parametrize("name", sorted(modules()))
def test_underscore_names_stay_in_their_file(name):
    module = modules()[name]
    taken = [f"{target}.{what}" for target, what in imported(module) if what and _is_private(what)]
    own = _defined(module.tree)
    taken += [
        f"{ast.unparse(node)} (line {node.lineno})"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute)
        and _is_private(node.attr)
        and node.attr not in own
        and node.attr not in FOREIGN
    ]
    assert taken == []


def code_lines(path: Path) -> int:
    """Lines that hold code: no comments, no blank lines, no docstrings."""
    text = path.read_text(encoding="utf-8")
    lines: set[int] = set()
    ignored = (
        tokenize.COMMENT,
        tokenize.NL,
        tokenize.NEWLINE,
        tokenize.INDENT,
        tokenize.DEDENT,
        tokenize.ENCODING,
        tokenize.ENDMARKER,
    )
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in ignored:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            if isinstance(node.value.value, str) and node.end_lineno is not None:
                lines -= set(range(node.lineno, node.end_lineno + 1))
    return len(lines)


@pytest.mark.parametrize("name", sorted(modules()))
def test_files_are_short(name):
    assert code_lines(modules()[name].path) < MOST_LINES


ROOMS = sorted(name for name, module in modules().items() if module.is_package)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_says_what_lives_there(room):
    text = ast.get_docstring(modules()[room].tree)
    assert text is not None
    if room != "qgrad_lab":
        assert 3 <= len(text.splitlines()) <= 12, text


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_is_not_crowded(room):
    files = list(modules()[room].path.parent.glob("*.py"))
    assert len(files) <= MOST_FILES
