"""Find the user's functions that lines of a program come from, to be shown beside it."""

import ast
import linecache
from collections.abc import Iterable, Iterator, Set
from typing import NamedTuple

from qgrad_lab.inspection.stage import Line

_MOST_CHARACTERS = 200_000
"""The length of all snippets together: generated code can be longer than anybody reads."""


class Snippet(NamedTuple):
    """Consecutive lines of a file or a notebook cell.

    Attributes
    ----------
    name
        The name of the function; empty if it is none.
    file
        The path, or the name that IPython gave to a cell.
    first
        The number of the first line in the file.
    text
        The lines.
    """

    name: str
    file: str
    first: int
    text: str


def snippets(places: Iterable[Line], shown: Set[Line]) -> list[Snippet]:
    """Return the functions around ``places``, each once, without lines that are ``shown`` already.

    A place outside of all functions has its statement instead. Places whose code Python cannot
    find, as in a file that was deleted, are left out.
    """
    found: dict[Snippet, None] = {}
    files: dict[str, tuple[list[str], ast.Module | None]] = {}
    left = _MOST_CHARACTERS
    for place in sorted(set(places) - shown):
        if any(place in snippet_lines(snippet) for snippet in found):
            continue
        if place.file not in files:
            files[place.file] = _parsed(place.file)
        lines, tree = files[place.file]
        if not 1 <= place.number <= len(lines):
            continue
        name, first, last = _around(place, tree, shown)
        text = "".join(lines[first - 1 : last]).rstrip("\n")
        left -= len(text)
        if left >= 0:
            found[Snippet(name, place.file, first, text)] = None
    return list(found)


def snippet_lines(snippet: Snippet) -> Set[Line]:
    """Return the lines that a snippet shows."""
    last = snippet.first + snippet.text.count("\n")
    return {Line(snippet.file, number) for number in range(snippet.first, last + 1)}


def _parsed(file: str) -> tuple[list[str], ast.Module | None]:
    lines = linecache.getlines(file)
    try:
        return lines, ast.parse("".join(lines))
    except (SyntaxError, ValueError):
        return lines, None  # such as a cell with a magic in it


def _around(place: Line, tree: ast.Module | None, shown: Set[Line]) -> tuple[str, int, int]:
    """Return name, first and last line of the innermost function, or else statement, at a place."""
    best = ("", place.number, place.number)
    for name, first, last in _nodes(tree) if tree else ():
        if not first <= place.number <= last:
            continue
        if any(Line(place.file, number) in shown for number in range(first, last + 1)):
            continue
        # A function is preferred to its statements.
        if name or not best[0]:
            best = (name, first, last)
    return best


def _nodes(tree: ast.Module) -> Iterator[tuple[str, int, int]]:
    """Return name, first and last line of all functions and statements, outer ones first."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([node.lineno, *(entry.lineno for entry in node.decorator_list)])
            yield node.name, first, node.end_lineno or node.lineno
        elif isinstance(node, ast.Expr | ast.Assign | ast.Return):
            yield "", node.lineno, node.end_lineno or node.lineno
