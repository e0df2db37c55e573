"""Every error of the library: what it is, what causes it, what mends it, and a program that has it.

``python -m tests.errors`` writes the table as notebooks/errors.md.
"""

from collections.abc import Callable
from typing import NamedTuple

from qgrad_lab.errors import CompileError, DifferentiableCompileError


class Entry(NamedTuple):
    """One error.

    Attributes
    ----------
    error
        Its class.
    message
        A regular expression found in the message.
    cause, fix
        For the reader of the table.
    program
        Raises it.
    """

    error: type[Exception]
    message: str
    cause: str
    fix: str
    program: Callable[[], object]


TABLE: dict[str, Entry] = {}
"""By the name of the program."""


def entry(error: type[Exception], message: str, cause: str, fix: str) -> Callable:
    """Add the decorated program to the table."""

    def add(program: Callable[[], object]) -> Callable[[], object]:
        TABLE[program.__name__] = Entry(error, message, cause, fix, program)
        return program

    return add


def compile_error(message: str, cause: str, fix: str) -> Callable:
    """Add a program that cannot be compiled."""
    return entry(CompileError, message, cause, fix)


def derivative_error(message: str, cause: str, fix: str) -> Callable:
    """Add a program that cannot be differentiated."""
    return entry(DifferentiableCompileError, message, cause, fix)
