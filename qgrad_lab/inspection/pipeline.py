"""Compile one call step by step: each step is timed, and done when its result is first needed."""

import inspect
import time
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import Any, Generic, NamedTuple, TypeVar

from qgrad_lab.circuit.contents import calls, plan_text
from qgrad_lab.circuit.ir.draw import drawing
from qgrad_lab.circuit.ir.text import program_lines
from qgrad_lab.compile.api import QJIT, qjit
from qgrad_lab.compile.cache import bypassed
from qgrad_lab.inspection import line_maps
from qgrad_lab.inspection.native_code import (
    NOTHING,
    NativeCode,
    disassembled,
    kernels_of_llvm,
    native_code,
)
from qgrad_lab.inspection.stage import CircuitCall, Line, Rendered, Stage

Result = TypeVar("Result")


class _Timed(NamedTuple, Generic[Result]):
    result: Result
    seconds: float


def _timed(step: Callable[[], Result]) -> _Timed[Result]:
    start = time.perf_counter()
    result = step()
    return _Timed(result, time.perf_counter() - start)


class Pipeline:
    """The compilation of ``fn(*args, **kwargs)``.

    Parameters
    ----------
    fn
        A function, a QNode or a compiled program.
    args, kwargs
        The arguments of the call.
    """

    def __init__(self, fn: Callable[..., Any], args: Any, kwargs: dict[str, Any]) -> None:
        # A new program, which is not in JAX's caches: cached steps would take no time.
        options = fn.options if isinstance(fn, QJIT) else {}
        self._compiled = qjit(fn, **options)
        self._args, self._kwargs = args, kwargs
        self._outside: frozenset[Line] = frozenset()

    def source(self) -> Rendered:
        """Render the user's code."""
        function = inspect.unwrap(self._compiled.original_function)
        function = getattr(function, "func", function)  # the quantum function of a QNode
        function = inspect.unwrap(function)
        try:
            (lines, first), seconds = _timed(lambda: inspect.getsourcelines(function))
            file = inspect.getsourcefile(function) or ""
        except (OSError, TypeError) as error:
            return Rendered("", missing=f"Python does not find the source: {error}")
        places = {number: (Line(file, first + number - 1),) for number in range(1, len(lines) + 1)}
        return Rendered("".join(lines), places, seconds)

    @cached_property
    def _traced(self) -> _Timed[Any]:
        self._outside = line_maps.callers()
        return _timed(lambda: self._compiled.trace(*self._args, **self._kwargs))

    @cached_property
    def _lowered(self) -> _Timed[Any]:
        return _timed(self._traced.result.lower)

    @cached_property
    def _executable(self) -> _Timed[Any]:
        lowered = self._lowered.result
        with bypassed():
            return _timed(lowered.compile)

    @cached_property
    def _native(self) -> _Timed[NativeCode]:
        lowered = self._lowered.result
        with bypassed():
            return _timed(lambda: native_code(lowered))

    @cached_property
    def _circuits(self) -> dict[Any, tuple[Line, ...]]:
        """Every circuit of the program once, in the order of first use, with its calling lines."""
        found: dict[Any, dict[Line, None]] = {}
        for circuit, equation in calls(self._traced.result.jaxpr.jaxpr):
            places = line_maps.of_equation(equation, self._outside)
            found.setdefault(circuit, {}).update(dict.fromkeys(places))
        return {circuit: tuple(places) for circuit, places in found.items()}

    def _blocks(self, texts: Callable[[Any], Iterable[str]], between: str) -> Rendered:
        """Render the text of each circuit, one after the other, equal ones once."""
        found = self._circuits

        def joined() -> dict[str, tuple[Line, ...]]:
            blocks: dict[str, tuple[Line, ...]] = {}
            for circuit, places in found.items():
                for text in texts(circuit):
                    blocks.setdefault(text, places)
            return blocks

        blocks, seconds = _timed(joined)
        called = []
        first = 1
        for text, places in blocks.items():
            if places:
                called.append(CircuitCall(first, first + text.count("\n"), places))
            first += text.count("\n") + between.count("\n")
        return Rendered(between.join(blocks), {}, seconds, "" if blocks else _NO_CIRCUITS, called)

    def circuit(self) -> Rendered:
        """Render drawings of the circuits."""
        return self._blocks(
            lambda circuit: (
                f"{program.name}:\n{drawing(program)}" for program in circuit.settings or (circuit,)
            ),
            "\n\n",
        )

    def program(self) -> Rendered:
        """Render the Programs of the circuits."""
        found = self._circuits

        def printed() -> list[list[tuple[str, Any]]]:
            return [program_lines(circuit) for circuit in found]

        blocks, seconds = _timed(printed)
        texts: list[str] = []
        lines: dict[int, tuple[Line, ...]] = {}
        called = []
        for block, places in zip(blocks, found.values(), strict=True):
            if texts:
                texts.append("")
            if places:
                called.append(CircuitCall(len(texts) + 1, len(texts) + len(block), places))
            for text, gate in block:
                texts.append(text)
                if gate is not None and gate.place is not None:
                    source = gate.place.source()
                    lines[len(texts)] = (Line(source.file, source.line),)
        return Rendered("\n".join(texts), lines, seconds, "" if texts else _NO_CIRCUITS, called)

    def plan(self) -> Rendered:
        """Render the native library's plans of the circuits."""
        return self._blocks(
            lambda circuit: (
                plan_text(program).rstrip("\n") for program in circuit.settings or (circuit,)
            ),
            "\n\n",
        )

    def jaxpr(self) -> Rendered:
        """Render what JAX traced."""
        printed = self._traced.result.jaxpr.pretty_print(source_info=True, use_color=False)
        text, lines = line_maps.of_jaxpr(printed)
        return Rendered(text, lines, self._traced.seconds)

    def stablehlo(self) -> Rendered:
        """Render what XLA is given."""
        lowered, seconds = self._lowered
        text = lowered.as_text()
        located = lowered.as_text(debug_info=True)
        return Rendered(text, line_maps.of_mlir(text, located, self._outside), seconds)

    def hlo(self) -> Rendered:
        """Render what XLA optimised."""
        text, lines = self._hlo
        return Rendered(text, lines, self._executable.seconds)

    def llvm(self) -> Rendered:
        """Render what LLVM compiled."""
        (modules, objects), seconds = self._native
        if not modules:
            reason = _NO_LLVM if objects else NOTHING
            return Rendered("", {}, seconds, reason)
        texts: list[str] = []
        lines: dict[int, tuple[Line, ...]] = {}
        for name, module in modules:
            texts += ["", f"; {name}"] if texts else [f"; {name}"]
            for number, kernel in kernels_of_llvm(module).items():
                places = self._places_of_kernels.get(kernel, ())
                if places:
                    lines[len(texts) + number] = places
            texts += module.splitlines()
        return Rendered("\n".join(texts), lines, seconds)

    def assembly(self) -> Rendered:
        """Render machine code."""
        objects = self._native.result.objects
        if not objects:
            return Rendered("", missing=NOTHING)
        try:
            text, seconds = _timed(lambda: disassembled(objects))
        except ImportError as error:
            return Rendered("", missing=f"it takes {error.name}: pip install 'qgrad-lab[ir]'")
        lines = {}
        name = ""
        for number, line in enumerate(text.splitlines(), 1):
            if line.endswith(":"):
                name = line[:-1]
            if line and name in self._places_of_kernels:
                lines[number] = self._places_of_kernels[name]
        return Rendered(text, lines, seconds)

    @cached_property
    def _hlo(self) -> tuple[str, line_maps.Lines]:
        return line_maps.of_hlo(self._executable.result.as_text(), self._outside)

    @cached_property
    def _places_of_kernels(self) -> dict[str, tuple[Line, ...]]:
        """The user's lines that each kernel computes; it is named after an HLO instruction."""
        text, lines = self._hlo
        found = {}
        for number, line in enumerate(text.splitlines(), 1):
            name, equals, _ = line.strip().removeprefix("ROOT ").partition(" = ")
            if equals and number in lines:
                found[name.removeprefix("%").replace(".", "_")] = lines[number]
        return found


_NO_CIRCUITS = "no circuit runs natively in this program"
_NO_LLVM = "this version of jaxlib does not give LLVM IR; assembly is made of what it gives"


_STAGES = (
    ("source", "Source", "python"),
    ("circuit", "Circuit", "text"),
    ("jaxpr", "jaxpr", "jaxpr"),
    ("program", "Program", "qgrad-program"),
    ("plan", "Plan", "qgrad-plan"),
    ("stablehlo", "StableHLO", "mlir"),
    ("hlo", "Optimised HLO", "hlo"),
    ("llvm", "LLVM IR", "llvm"),
    ("assembly", "Assembly", "asm"),
)
"""Name, title and language of every stage, in the order of compilation; the method of the same name
renders it."""

STAGES = tuple(name for name, _, _ in _STAGES)
"""The names of all stages, in the order of compilation."""


def stages_of(pipeline: Pipeline) -> Iterator[Stage]:
    """Return every stage, in the order of compilation; none is computed yet."""
    for name, title, language in _STAGES:
        yield Stage(name, title, language, getattr(pipeline, name))
