"""`Stage`: one form of a program on its way from Python to machine code."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from qgrad_lab.inspection import view


class Line(NamedTuple):
    """A line of the user's code that lines of a `Stage` come from.

    Attributes
    ----------
    file : str
        The path, or the name that IPython gave to a cell.
    number : int
        Its number, from 1.
    """

    file: str
    number: int


class CircuitCall(NamedTuple):
    """The lines of a stage that show a circuit, and where that is called.

    Attributes
    ----------
    first, last : int
        Numbers of lines of the stage, from 1.
    places : tuple of Line
        The user's lines that call the circuit, the innermost first.
    """

    first: int
    last: int
    places: tuple[Line, ...]


class Rendered(NamedTuple):
    """The contents of a stage that has been computed.

    Attributes
    ----------
    text : str
        The whole text.
    lines : mapping of int to tuple of Line
        From the number of a line of ``text``, from 1, to the user's lines that it comes from.
    seconds : float
        How long the step to this stage took.
    missing : str
        Why there is no text, in one line; empty if there is.
    calls : sequence of CircuitCall
        The calls of the circuits that the text consists of.
    """

    text: str
    lines: Mapping[int, tuple[Line, ...]] = {}
    seconds: float = 0.0
    missing: str = ""
    calls: Sequence[CircuitCall] = ()


class Stage:
    """One form of a program, computed when it is first asked for.

    Made by `qgrad_lab.stages`.

    Attributes
    ----------
    name : str
        The key, such as ``"stablehlo"``.
    title : str
        The name for people.
    language : str
        The language of the text: ``"python"``, ``"text"``, ``"jaxpr"``, ``"qgrad-program"``,
        ``"qgrad-plan"``, ``"mlir"``, ``"hlo"``, ``"llvm"`` or ``"asm"``.

    Examples
    --------
    >>> import pennylane as qml
    >>> from qgrad_lab import stages
    >>> @qml.qnode(qml.device("lightning.qubit", wires=1))
    ... def circuit(x):
    ...     qml.RX(x, wires=0)
    ...     return qml.expval(qml.Z(0))
    >>> stage = stages(circuit, 0.4)["program"]
    >>> print(stage)
    program circuit(theta: f64[1]) on 1 wire {
      RX(theta[0]) 0
      return expval(Z0)
    }
    >>> stage.title, stage.size, stage.missing
    ('Program', 81, '')
    >>> (line,) = stage.lines[2]
    >>> line.number
    3
    """

    def __init__(self, name: str, title: str, language: str, render: Callable[[], Rendered]):
        self.name = name
        self.title = title
        self.language = language
        self._render = render

    @cached_property
    def _rendered(self) -> Rendered:
        return self._render()

    @property
    def is_computed(self) -> bool:
        """Whether the stage has been computed."""
        return "_rendered" in vars(self)

    @property
    def text(self) -> str:
        """The whole text; empty if it is `missing`."""
        return self._rendered.text

    @property
    def missing(self) -> str:
        """Why there is no text, in one line; empty if there is."""
        return self._rendered.missing

    @property
    def lines(self) -> Mapping[int, tuple[Line, ...]]:
        """From the number of a line of `text`, from 1, to the user's lines that it comes from.

        The innermost comes first. Lines of unknown origin are left out.
        """
        return self._rendered.lines

    @property
    def calls(self) -> Sequence[CircuitCall]:
        """The circuits that `text` consists of: their lines, and the user's that call them."""
        return self._rendered.calls

    @property
    def size(self) -> int:
        """The size of `text` in UTF-8, in bytes."""
        return len(self.text.encode())

    @property
    def seconds(self) -> float:
        """How long the step to this stage took, in seconds, without those before it."""
        return self._rendered.seconds

    def _repr_html_(self) -> str:
        return view.stage_html(self)

    def __str__(self) -> str:
        return self.text or f"no {self.title}: {self.missing}"

    def __repr__(self) -> str:
        if not self.is_computed:
            return f"<Stage {self.name}, not computed yet>"
        state = (
            self.missing
            or f"{self.text.count(chr(10)) + 1:,} lines, {view.seconds_text(self.seconds)}"
        )
        return f"<Stage {self.name}: {state}>"
