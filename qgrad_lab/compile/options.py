"""Check the options of ``qjit``."""

import dataclasses
import operator
import sys
from collections.abc import Sequence
from typing import Any

from qgrad_lab.errors import ArgumentError


@dataclasses.dataclass(frozen=True)
class CompileOptions:
    """How to compile: the keyword arguments of ``qjit``, checked."""

    static_argnums: tuple[int, ...] = ()
    static_argnames: tuple[str, ...] = ()
    autograph: bool = False
    seed: int | None = None
    verbose: bool = False
    disable_assertions: bool = False

    def keywords(self) -> dict[str, Any]:
        """Return the keyword arguments of ``qjit`` that give these."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}


def check_options(
    static_argnums: Any,
    static_argnames: Any,
    autograph: Any,
    seed: Any,
    verbose: Any,
    disable_assertions: Any,
) -> CompileOptions:
    """Check the keyword arguments of ``qjit``.

    Raises
    ------
    TypeError
        If one has the wrong type.
    ValueError
        If ``seed`` is out of range.
    """
    return CompileOptions(
        _sequence(static_argnums, int, "static_argnums", "the positions of arguments"),
        _sequence(static_argnames, str, "static_argnames", "the names of arguments"),
        bool(autograph),
        _checked_seed(seed),
        bool(verbose),
        bool(disable_assertions),
    )


_ELSEWHERE: dict[str, tuple[tuple[Any, ...], str]] = {
    "abstracted_axes": (
        (None,),
        "Shapes are fixed here: call the function once for each, and it is compiled for each.",
    ),
    "async_qnodes": ((False,), "XLA itself runs independent parts of a program at once."),
    "capture": (("global", False), "Programs are traced with JAX; leave it out."),
    "checkpoint_stage": (("", None), "Look at a program with qgrad_lab.stages."),
    "circuit_transform_pipeline": ((None,), "Apply PennyLane's transforms to the QNode."),
    "dialect_plugins": ((None, ()), "There is no compiler of MLIR to extend here."),
    "keep_intermediate": ((False, 0, None, "none"), "Look at a program with qgrad_lab.stages."),
    "link": ((True,), "Get the compiled program by QJIT.executable."),
    "logfile": ((None, sys.stderr), "What verbose=True tells goes to the standard error stream."),
    "lower_to_llvm": ((True,), "Get the program before that by QJIT.mlir."),
    "pass_plugins": ((None, ()), "Apply PennyLane's transforms to the QNode."),
    "pipelines": ((None, ()), "Apply PennyLane's transforms to the QNode."),
    "skip_preprocess": ((False,), "Leave it out."),
    "target": (("binary",), "Get the program before that by QJIT.mlir or QJIT.jaxpr."),
    "use_nameloc": ((False,), "qgrad_lab.stages maps every form of a program to your lines."),
}
"""Options of ``catalyst.qjit`` that mean nothing here: values that ask for nothing, and advice."""


def check_elsewhere(given: dict[str, Any]) -> None:
    """Check options that ``qjit`` takes for programs that were written for ``catalyst.qjit``.

    Raises
    ------
    TypeError
        If there is no such option.
    ArgumentError
        If one asks for something.
    """
    for name, value in given.items():
        if name not in _ELSEWHERE:
            raise TypeError(
                f"qjit was given the option {name}, which it does not have. Its options are "
                f"{', '.join(field.name for field in dataclasses.fields(CompileOptions))}."
            )
        nothing, advice = _ELSEWHERE[name]
        if not any(
            value is none or (type(value) is type(none) and value == none) for none in nothing
        ):
            raise ArgumentError(
                f"qjit was given {name}={value!r}, an option of catalyst.qjit that qgrad_lab takes "
                f"with its default {nothing[0]!r} only. {advice}"
            )


def _sequence(value: Any, kind: type, name: str, meaning: str) -> tuple[Any, ...]:
    if value is None:
        return ()
    values = (value,) if isinstance(value, kind) else value
    if (
        not isinstance(values, Sequence)
        or isinstance(values, str)
        or any(isinstance(v, bool) or not isinstance(v, kind) for v in values)
    ):
        article = "an" if kind is int else "a"
        raise TypeError(
            f"{name} was {value!r}; it is {article} {kind.__name__} or a sequence of "
            f"{kind.__name__}s, {meaning}."
        )
    return tuple(values)


def _checked_seed(seed: Any) -> int | None:
    if seed is None:
        return None
    try:
        number = operator.index(seed)
    except TypeError:
        number = None
    if number is None or isinstance(seed, bool):
        raise TypeError(f"seed was {seed!r} of type {type(seed).__name__}; it is an int or None.")
    if not 0 <= number < 2**32:
        raise ValueError(f"seed was {seed!r}; it is an unsigned 32-bit integer, below 2**32.")
    return number
