"""One form of a program on its way from Python to machine code."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from qgrad_lab.inspection import view


class Line(NamedTuple):
    """A line of the user's code, from which lines of a `Stage` come.

    Attributes
    ----------
    file : str
        Path, or the name that IPython gave to a cell.
    number : int
        From 1.
    """

    file: str
    number: int


class Call(NamedTuple):
    """A circuit's lines of a stage, and where it is called.

    Attributes
    ----------
    first, last : int
        Numbers of lines of the stage, from 1.
    places : tuple of Line
        The user's lines that call it, the innermost first.
    """

    first: int
    last: int
    places: tuple[Line, ...]


class Rendered(NamedTuple):
    """What a stage is made of, once it was asked for.

    Attributes
    ----------
    text : str
        All of it.
    lines : mapping of int to tuple of Line
        For the number of a line of ``text``, from 1, the user's lines that it comes from.
    seconds : float
        How long the step to this stage took.
    missing : str
        Why there is no text, in one line; empty where there is.
    calls : sequence of Call
        Of the circuits that the text consists of.
    """

    text: str
    lines: Mapping[int, tuple[Line, ...]] = {}
    seconds: float = 0.0
    missing: str = ""
    calls: Sequence[Call] = ()


class Stage:
    """One form of a program; what it holds is computed when it is first asked for.

    Made by `qgrad_lab.stages`.

    Attributes
    ----------
    name : str
        Its key, such as ``"stablehlo"``.
    title : str
        Its name for people.
    language : str
        Of the text: ``"python"``, ``"text"``, ``"jaxpr"``, ``"qgrad-program"``, ``"qgrad-plan"``,
        ``"mlir"``, ``"hlo"``, ``"llvm"`` or ``"asm"``.

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
        """Whether it was asked for before."""
        return "_rendered" in vars(self)

    @property
    def text(self) -> str:
        """All of it; empty where it is `missing`."""
        return self._rendered.text

    @property
    def missing(self) -> str:
        """Why there is no text, in one line; empty where there is."""
        return self._rendered.missing

    @property
    def lines(self) -> Mapping[int, tuple[Line, ...]]:
        """For the number of a line of `text`, from 1, the user's lines that it comes from.

        The innermost comes first. Lines of `text` of which it is not known are left out.
        """
        return self._rendered.lines

    @property
    def calls(self) -> Sequence[Call]:
        """Of the circuits that `text` consists of: their lines, and the user's that call them."""
        return self._rendered.calls

    @property
    def size(self) -> int:
        """Bytes of `text`, in UTF-8."""
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
        state = self.missing or f"{self.text.count(chr(10)) + 1:,} lines, {self.seconds:.3g} s"
        return f"<Stage {self.name}: {state}>"
