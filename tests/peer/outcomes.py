"""What came out of a program, and whether it is right."""

import re
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from .cases import Case, leaves


@dataclass(frozen=True)
class Outcome:
    """The numbers that came out, or what came instead.

    Attributes
    ----------
    numbers : list, optional
        For each array of the result its elements, as pairs of real and imaginary parts.
    error : str, optional
        The text of an exception.
    kinds : tuple of str
        The names of its class and of the classes that it is derived from.
    stopped : str, optional
        How the process ended, if it did not get that far.
    """

    numbers: list[list[list[float]]] | None = None
    error: str | None = None
    kinds: tuple[str, ...] = ()
    stopped: str | None = None

    def text(self) -> str:
        """In a cell of a table."""
        if self.stopped is not None:
            return self.stopped
        if self.numbers is not None:
            flat = [_number(value) for numbers in self.numbers for value in numbers]
            return ", ".join(flat[:4]) + (f", ... ({len(flat)})" if len(flat) > 4 else "")
        lines = (self.error or "").strip().splitlines() or [""]
        line = lines[0].replace("|", "\\|").replace("`", "'")
        return f"{self.kinds[0]}: {line[:90]}{'...' if len(line) > 90 else ''}"


def outcome(case: Case, lab: Any) -> Outcome:
    """Run ``case`` with ``lab``."""
    kind = case.error[0] if case.error else ""
    try:
        with warnings.catch_warnings():
            # A warning is raised where it is the message.
            warnings.simplefilter("error" if kind.endswith("Warning") else "ignore")
            return numbers(case.run(lab))
    except Exception as error:  # whatever a compiler raises is a result here
        return Outcome(error=str(error), kinds=tuple(base.__name__ for base in type(error).__mro__))


def numbers(tree: Any) -> Outcome:
    """The outcome of a program that returned ``tree``."""
    arrays = [np.ravel(leaf).astype(complex) for leaf in leaves(tree)]
    return Outcome(numbers=[np.stack([a.real, a.imag], axis=1).tolist() for a in arrays])


def verdict(case: Case, found: Outcome) -> str:
    """``right``, ``wrong``, ``error`` or ``crash``."""
    # A compiler that runs its passes in a process of its own reports the signal that ended it.
    if found.stopped is not None or re.search(r"error code -\d", found.error or ""):
        return "crash"
    if case.error is not None:
        kind, words = case.error
        if found.error is None:
            return "wrong"
        return "right" if kind in found.kinds and re.search(words, found.error) else "error"
    if found.numbers is None:
        return "error"
    expected = numbers(case.expect()).numbers
    assert expected is not None
    if [len(one) for one in expected] != [len(one) for one in found.numbers]:
        return "wrong"
    pairs = zip(sum(expected, []), sum(found.numbers, []), strict=True)
    close = all(abs(complex(*a) - complex(*b)) <= case.tolerance for a, b in pairs)
    return "right" if close else "wrong"


def expectation(case: Case) -> str:
    """What must come out, in a cell of a table."""
    if case.error is not None:
        return f"{case.error[0]}: {case.error[1]}"
    return numbers(case.expect()).text()


def _number(pair: list[float]) -> str:
    value = complex(*pair)
    return f"{value.real:.6g}" + (f"{value.imag:+.6g}j" if value.imag else "")
