"""The table of differentiation methods: one row each.

A row names the one file that implements its method; the room of that file imports it by the row, so
that nothing here knows the rooms above.
"""

import enum
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from qgrad_lab.methods.look import BLUE, GREEN, PINK, PURPLE, VERMILLION, Look


class Scope(enum.Enum):
    """What a method differentiates, and who evaluates it."""

    FUNCTION = enum.auto()
    """A whole function: the ``method`` of `grad`. Its file is in ``differentiate/``."""

    QNODES = enum.auto()
    """All QNodes, by the engine: their ``diff_method``. Its file is in ``engine/methods/``."""

    PENNYLANE = enum.auto()
    """All QNodes, by PennyLane, on devices that support this ``diff_method``. It has no file."""


class MethodRow(NamedTuple):
    """A row of the table: a differentiation method.

    Attributes
    ----------
    name : str
        The name users write.
    help : str
        What it does, as part of a sentence.
    scope : Scope
        What it differentiates.
    look : Look
        How it is drawn.
    module : str or None
        The file that implements it, without ``.py``; None where JAX or PennyLane does.
    takes_step : bool
        Whether it takes the step ``h``.
    takes_shots : bool
        Whether it differentiates circuits with shots.
    per_parameter : bool
        Whether a gradient evaluates circuits for each parameter, so that a few directional
        derivatives in forward mode are cheaper than a gradient.
    is_default : bool
        Whether it is compared where no methods are asked for.
    """

    name: str
    help: str
    scope: Scope
    look: Look
    module: str | None = None
    takes_step: bool = False
    takes_shots: bool = False
    per_parameter: bool = False
    is_default: bool = False


METHODS = (
    MethodRow(
        "auto",
        "each QNode by its own diff_method, everything else by JAX",
        Scope.FUNCTION,
        Look(BLUE, "o", "-"),
        is_default=True,
    ),
    MethodRow(
        "fd",
        "finite differences of the whole function",
        Scope.FUNCTION,
        Look(VERMILLION, "s", "--", "////"),
        module="finite_difference",
        takes_step=True,
        is_default=True,
    ),
    MethodRow(
        "adjoint",
        "all QNodes by the adjoint method",
        Scope.QNODES,
        Look(GREEN, "^", "-.", "...."),
        module="adjoint_sweep",
    ),
    MethodRow(
        "parameter-shift",
        "all QNodes by the parameter-shift rule",
        Scope.QNODES,
        Look(PINK, "D", ":", "xxxx"),
        module="parameter_shift",
        takes_shots=True,
        per_parameter=True,
    ),
    MethodRow(
        "backprop",
        "all QNodes by backpropagation, on simulators of PennyLane that know it",
        Scope.PENNYLANE,
        Look(PURPLE, "v", (0, (5, 1, 1, 1, 1, 1)), "----"),
    ),
)
"""All methods, in the order of tables, menus and messages."""

BY_NAME = {method.name: method for method in METHODS}

NAMES = tuple(BY_NAME)

DEFAULT_NAMES = tuple(method.name for method in METHODS if method.is_default)
"""What is compared where nothing else is asked for."""

STEPPED = tuple(method.name for method in METHODS if method.takes_step)
"""The methods that take a step ``h``."""

BEST = "adjoint"
"""What the ``diff_method`` ``"best"`` or ``"device"`` of a QNode without shots stands for."""

BEST_WITH_SHOTS = "parameter-shift"
"""What ``"best"`` stands for with shots."""


def names_of(*scopes: Scope) -> tuple[str, ...]:
    """Return the names of the methods of these scopes.

    >>> names_of(Scope.FUNCTION)
    ('auto', 'fd')
    """
    return tuple(method.name for method in METHODS if method.scope in scopes)


def any_takes_step(names: Iterable[str]) -> bool:
    """Return whether one of these methods takes a step ``h``."""
    return any(name in STEPPED for name in names)


def listed(words: Sequence[str], last: str) -> str:
    """Join words for a sentence, with ``last`` before the last one.

    >>> listed(["'auto'", "'fd'", "'adjoint'"], "or")
    "'auto', 'fd' or 'adjoint'"
    """
    *first, end = words
    return f"{', '.join(first)} {last} {end}" if first else end


def quoted(names: Sequence[str], last: str) -> str:
    """Join names for a sentence, in quotes.

    >>> quoted(STEPPED, "or")
    "'fd'"
    """
    return listed([repr(name) for name in names], last)


def explained(method: MethodRow, remark: str = "") -> str:
    """Return the name and, in parentheses, what the method does and a remark.

    >>> explained(BY_NAME["fd"])
    "'fd' (finite differences of the whole function)"
    """
    return f"{method.name!r} ({method.help}{remark})"


def tooltip(method: MethodRow) -> str:
    """Return what a method does as a line of its own.

    >>> tooltip(BY_NAME["fd"])
    'Finite differences of the whole function, with the step h'
    """
    step = ", with the step h" if method.takes_step else ""
    return f"{method.help[0].upper()}{method.help[1:]}{step}"
