"""The user's functions that lines of a program come from, for a view that shows them beside it."""

import ast
import linecache
from collections.abc import Iterable, Iterator, Set
from typing import NamedTuple

from qgrad_lab.inspection.stage import Line

_MOST_CHARACTERS = 200_000
"""Of all snippets together: generated code can be longer than anybody reads."""


class Snippet(NamedTuple):
    """Consecutive lines of a file or a notebook cell.

    Attributes
    ----------
    name
        Of the function that it is; empty where it is none.
    file
        Path, or the name that IPython gave to a cell.
    first
        Number of its first line in the file.
    text
        Its lines.
    """

    name: str
    file: str
    first: int
    text: str


def snippets(places: Iterable[Line], shown: Set[Line]) -> list[Snippet]:
    """The functions around ``places``, each once, without lines that are ``shown`` already.

    A place that is in no function has its statement instead. Python forgets the code of some
    places, such as a file that was deleted: these are left out.
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
    """The lines that it shows."""
    last = snippet.first + snippet.text.count("\n")
    return {Line(snippet.file, number) for number in range(snippet.first, last + 1)}


def _parsed(file: str) -> tuple[list[str], ast.Module | None]:
    lines = linecache.getlines(file)
    try:
        return lines, ast.parse("".join(lines))
    except (SyntaxError, ValueError):
        return lines, None  # a cell with a magic in it, for one


def _around(place: Line, tree: ast.Module | None, shown: Set[Line]) -> tuple[str, int, int]:
    """Name, first and last line of the innermost function, else statement, around a place."""
    best = ("", place.number, place.number)
    for name, first, last in _nodes(tree) if tree else ():
        if not first <= place.number <= last:
            continue
        if any(Line(place.file, number) in shown for number in range(first, last + 1)):
            continue
        # Functions are preferred to the statements that they consist of.
        if name or not best[0]:
            best = (name, first, last)
    return best


def _nodes(tree: ast.Module) -> Iterator[tuple[str, int, int]]:
    """Name, first and last line of all functions and statements, outer ones first."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([node.lineno, *(entry.lineno for entry in node.decorator_list)])
            yield node.name, first, node.end_lineno or node.lineno
        elif isinstance(node, ast.Expr | ast.Assign | ast.Return):
            yield "", node.lineno, node.end_lineno or node.lineno
