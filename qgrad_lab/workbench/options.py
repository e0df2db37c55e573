"""The options of ``%qgrad`` and ``%%qgrad``: checks, help and completion."""

import keyword
import math
import re
from argparse import ArgumentTypeError
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic_arguments import argument, parse_argstring

from qgrad_lab.comparison.references import KINDS
from qgrad_lab.inspection.api import STAGES
from qgrad_lab.methods.table import (
    DEFAULT_NAMES,
    NAMES,
    STEPPED,
    Scope,
    any_takes_step,
    listed,
    names_of,
)
from qgrad_lab.results.comparison import THEMES


def method(text: str) -> str:
    """Check the name of a method."""
    if text in NAMES:
        return text
    raise ArgumentTypeError(f"{text!r} is not a method; these are: {', '.join(NAMES)}.")


def step(text: str) -> float:
    """Read a step of finite differences."""
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if math.isfinite(found) and found > 0:
        return found
    raise ArgumentTypeError(f"{text!r} is not a finite number above zero, such as 1e-7.")


def position(text: str) -> int:
    """Read the position of an argument."""
    try:
        return int(text)
    except ValueError:
        raise ArgumentTypeError(
            f"{text!r} is not a position: the first argument of the call is 0, the last -1."
        ) from None


def name(text: str) -> str:
    """Check a name of Python."""
    if text.isidentifier() and not keyword.iskeyword(text):
        return text
    raise ArgumentTypeError(f"{text!r} is not a Python name.")


def dotted(text: str) -> str:
    """Check a name of Python, or an attribute of one."""
    for part in text.split("."):
        name(part)
    return text


def stage(text: str) -> str:
    """Check the name of a stage."""
    if text in STAGES:
        return text
    raise ArgumentTypeError(f"{text!r} is not a stage; these are: {', '.join(STAGES)}.")


def theme(text: str) -> str:
    """Check the name of a theme of plots."""
    if text in THEMES:
        return text
    raise ArgumentTypeError(f"{text!r} is not a theme; these are: {', '.join(THEMES)}.")


_ARGUMENTS = (
    argument(
        "-m",
        "--method",
        metavar="M",
        nargs="+",
        action="extend",
        type=method,
        help=f"""How to differentiate, one or more of: {", ".join(NAMES)};
        {listed(DEFAULT_NAMES, "and")} by default.
        {listed(names_of(Scope.QNODES, Scope.PENNYLANE), "and")} are for all QNodes.""",
    ),
    argument(
        "--h",
        metavar="H",
        nargs="+",
        action="extend",
        type=step,
        help=f"""The step of {listed(STEPPED, "and")}, finite differences; 1e-7 by default.
        Of several, each makes a row.""",
    ),
    argument(
        "-a",
        "--argnum",
        metavar="N",
        nargs="+",
        action="extend",
        type=position,
        help="""The positions of the arguments to differentiate; 0, the first, by default. With more
        than one, the gradient is a tuple.""",
    ),
    argument(
        "-r",
        "--reference",
        metavar="R",
        type=dotted,
        help=f"""What the gradients are checked against: {", ".join(KINDS)}, none, or the name of a
        function from the arguments to the gradient; jax by default.""",
    ),
    argument(
        "-f",
        "--function",
        metavar="NAME",
        type=dotted,
        help="""The function to differentiate, at the arguments of --at. Then the whole cell is run,
        and its last line need not be a call.""",
    ),
    argument(
        "--at",
        metavar="EXPR",
        nargs="+",
        help="The arguments for -f, as in a call: --at theta, 0.3, layers=2",
    ),
    argument(
        "--ir",
        metavar="STAGE",
        type=stage,
        help=f"""A stage of the compilation of the gradient by the first method, to be shown too:
        {", ".join(STAGES)}.""",
    ),
    argument(
        "--plot",
        action="store_true",
        help="Plot the gradients side by side, and their differences to the reference.",
    ),
    argument(
        "--theme",
        metavar="THEME",
        type=theme,
        help=f"""The colours of the plot: {", ".join(THEMES)}; auto by default, which is dark where
        matplotlib's own style is.""",
    ),
    argument(
        "-o",
        metavar="NAME",
        dest="output",
        type=name,
        help="A variable for the result, which is also that of the cell.",
    ),
    argument("-q", "--quiet", action="store_true", help="Show no table, and have no result."),
)


def comparison_arguments(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a magic with the options of a comparison."""
    for decorate in reversed(_ARGUMENTS):
        function = decorate(function)
    return function


def parse(magic: Callable[..., Any], line: str, cell_magic: str) -> Any:
    """Parse and check the options on ``line``.

    Raises
    ------
    UsageError
        In one line, with the option that is wrong.
    """
    try:
        options = parse_argstring(magic, line)
    except (UsageError, ValueError) as error:  # ValueError: an open quotation mark
        problem = str(error).rstrip(".")
        raise UsageError(f"{problem}. See {cell_magic}? for the options.") from None
    options.method = tuple(dict.fromkeys(options.method or DEFAULT_NAMES))
    if options.h is not None and not any_takes_step(options.method):
        raise UsageError(
            f"--h is the step of the method {listed(STEPPED, 'or')}, which --method leaves out."
        )
    if options.argnum is not None and len(options.argnum) == 1:
        (options.argnum,) = options.argnum
    if options.at is not None and options.function is None:
        raise UsageError("--at has the arguments for the function of -f, which is not given.")
    if options.theme is not None and not options.plot:
        raise UsageError("--theme has the colours of the plot of --plot, which is not given.")
    return options


_FUNCTION = re.compile(r"(?:^|\s)(?:-f|--function)(?:\s|=)")


def split(line: str, is_call: Callable[[str], bool]) -> tuple[str, str]:
    """Split the line of ``%qgrad`` into options and call.

    The call is the longest part at the end that is one, so that the values of an option before it
    are not taken for it. With ``-f`` there is none.

    >>> split("--method auto fd loss(theta)", lambda text: text.startswith("loss"))
    ('--method auto fd', 'loss(theta)')
    """
    if _FUNCTION.search(line):
        return line, ""
    starts = [0, *(found.end() for found in re.finditer(r"\s+", line))]
    for start in starts:
        rest = line[start:].strip()
        if rest and not rest.startswith("-") and is_call(rest):
            return line[:start].strip(), rest
    return line, ""


_VALUES = {
    "-m": NAMES,
    "--method": NAMES,
    "-r": (*KINDS, "none"),
    "--reference": (*KINDS, "none"),
    "--ir": STAGES,
    "--theme": THEMES,
}


def complete(shell: InteractiveShell, event: SimpleNamespace) -> list[str]:
    """Complete the options of ``%%qgrad``, or the values of the one before the cursor."""
    words = event.text_until_cursor.split()[1:]
    if event.symbol:
        words = words[:-1]
    # The option that the word at the cursor may be a value of.
    option = next((word for word in reversed(words) if word.startswith("-")), None)
    if not event.symbol.startswith("-"):
        if option in _VALUES:
            return [value for value in _VALUES[option] if value not in words]
        if option in ("-f", "--function"):
            return functions(shell)
    if option in ("-o", "--h") and words[-1] == option:
        return []
    return [
        "--method",
        "--h",
        "--argnum",
        "--reference",
        "--function",
        "--at",
        "--ir",
        "--plot",
        "--theme",
        "--quiet",
        "-o",
    ]


def complete_line(shell: InteractiveShell, event: SimpleNamespace) -> list[str]:
    """Complete the same for ``%qgrad``, and functions that may be called."""
    return [*complete(shell, event), *functions(shell)]


def complete_ir(_: InteractiveShell, event: SimpleNamespace) -> list[str]:
    """Complete the name of a stage, where ``%qgrad_ir`` expects one."""
    words = event.line.split()[1:]
    typing = words[:1] == [event.symbol] if event.symbol else not words
    return list(STAGES) if typing else []


def functions(shell: InteractiveShell) -> list[str]:
    """Return the names of callables that the user has defined, classes left out."""
    return [
        name
        for name, value in shell.user_ns.items()
        if callable(value)
        and not name.startswith("_")
        and name not in shell.user_ns_hidden
        and not isinstance(value, type)
    ]
