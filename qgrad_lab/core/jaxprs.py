"""Search a traced program, inner programs (of jit, scan, cond) included."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

from jax.extend.core import ClosedJaxpr, Jaxpr, Literal


def equations(jaxpr: Jaxpr) -> Iterator[Any]:
    """Yield every equation, those of inner programs too."""
    for equation in jaxpr.eqns:
        yield equation
        for inner in inner_programs(equation):
            yield from equations(inner)


def inner_programs(equation: Any) -> Iterator[Jaxpr]:
    """Yield the jaxprs among the parameters of ``equation``."""
    for value in equation.params.values():
        for entry in value if isinstance(value, list | tuple) else (value,):
            if isinstance(entry, ClosedJaxpr):
                yield entry.jaxpr
            elif isinstance(entry, Jaxpr):
                yield entry


def peak_bytes(jaxpr: Jaxpr) -> int:
    """Return the most bytes that values take at one time, if each is freed after its last use."""
    last_use = {}
    for number, equation in enumerate(jaxpr.eqns):
        last_use.update(dict.fromkeys(_variables(equation.invars), number))
    kept = {*jaxpr.constvars, *_variables(jaxpr.outvars)}

    live = peak = sum(_bytes(variable) for variable in jaxpr.invars)
    for number, equation in enumerate(jaxpr.eqns):
        inner = max((peak_bytes(program) for program in inner_programs(equation)), default=0)
        live += sum(_bytes(variable) for variable in equation.outvars)
        peak = max(peak, live + inner)
        for variable in {*_variables(equation.invars), *equation.outvars} - kept:
            if last_use.get(variable, number) == number:
                live -= _bytes(variable)
    return peak


def _variables(atoms: Sequence[Any]) -> list[Any]:
    return [atom for atom in atoms if not isinstance(atom, Literal)]


def _bytes(variable: Any) -> int:
    aval = variable.aval
    return math.prod(getattr(aval, "shape", ())) * getattr(
        getattr(aval, "dtype", None), "itemsize", 0
    )
