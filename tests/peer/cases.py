"""The table of cases: what a program computes, and what must come out."""

import functools
import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax

from . import labs

WRONG = "Silently wrong there"
FAILS = "Crashes or fails there"
RIGHT = "Right there"
BOTH = ("adjoint", "parameter-shift")


@dataclass(frozen=True)
class Case:
    """A program and what must come out of it.

    Attributes
    ----------
    name : str
        Its identifier.
    section, line : str
        What it was found by.
    run : callable
        From a lab to a tree of numbers.
    expect : callable
        To that tree, by an independent route.
    tolerance : float
        Absolute.
    error : tuple, optional
        Instead of a tree: the name of the class of an exception or warning, and words in it.
    needs : tuple of str
        Modules that the program imports.
    """

    name: str
    section: str
    line: str
    run: Callable[[Any], Any]
    expect: Callable[[], Any]
    tolerance: float = 1e-9
    error: tuple[str, str] | None = None
    needs: tuple[str, ...] = ()


CASES: dict[str, Case] = {}


def case(
    section: str,
    line: str,
    *,
    methods: tuple[str, ...] = (),
    variants: dict[str, Any] | None = None,
    expect: Any = None,
    tolerance: float = 1e-9,
    error: tuple[str, str] | None = None,
    needs: tuple[str, ...] = (),
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a program, once for each variant and each ``diff_method``.

    The program takes the lab, then the variant if there are variants, then the method if there are
    methods. ``expect`` is the tree that must come out, or a function of the variant; without it,
    the program in ``labs.PLAIN`` tells.
    """

    def register(program: Callable[..., Any]) -> Callable[..., Any]:
        for variant_name, variant in (variants or {"": None}).items():
            arguments = (variant,) if variants else ()

            @functools.cache
            def expected(arguments: Any = arguments) -> Any:
                if callable(expect):
                    return expect(*arguments)
                if expect is not None:
                    return expect
                method = ("backprop",) if methods else ()
                return program(labs.PLAIN, *arguments, *method)

            for method in methods or ("",):
                label = ", ".join(part for part in (variant_name, method) if part)
                name = f"{program.__name__}[{label}]" if label else program.__name__
                assert name not in CASES, name
                rest = arguments + ((method,) if method else ())
                CASES[name] = Case(
                    name=name,
                    section=section,
                    line=line,
                    run=lambda lab, rest=rest: program(lab, *rest),
                    expect=expected,
                    tolerance=tolerance,
                    error=error,
                    needs=needs,
                )
        return program

    return register


def all_cases() -> dict[str, Case]:
    """Every case of the modules ``programs_*``, by name."""
    package = importlib.import_module(__package__)
    for module in pkgutil.iter_modules(package.__path__):
        if module.name.startswith("programs_"):
            importlib.import_module(f"{__package__}.{module.name}")
    return CASES


def leaves(tree: Any) -> list[Any]:
    """The numbers of a result, in order."""
    return [jax.numpy.asarray(leaf) for leaf in jax.tree.leaves(tree)]
