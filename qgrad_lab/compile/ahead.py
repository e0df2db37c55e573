"""Compile before a function is called, so that the call runs at once."""

import sys
import time
import warnings
from typing import Any

import jax

from qgrad_lab.compile.jitted import JittedFunction
from qgrad_lab.core.mode import Mode, current_mode, running


def compile_declared(
    function: JittedFunction,
    name: str,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    verbose: bool,
) -> None:
    """Compile a function for the arguments that it declares, when it is defined.

    Warns
    -----
    UserWarning
        If it cannot be compiled.
    """
    try:
        compile_for(function, name, args, kwargs, verbose)
    except Exception as error:
        # Whatever the user's function raises belongs to the first call, which raises it.
        warnings.warn(f"AOT compilation failed: {error}", UserWarning, stacklevel=4)


def compile_for(
    function: JittedFunction,
    name: str,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    verbose: bool,
) -> None:
    """Fill JAX's caches for arguments like these; print how long it took if ``verbose``.

    A call looks for the traced program, for its lowered form and for its executable in the same
    caches.
    """
    if current_mode() is not Mode.OUTSIDE or _is_traced((args, kwargs)):
        return  # part of another program, which compiles it
    start = time.perf_counter()
    traced = function.trace_new(args, kwargs)
    if traced is None:
        return
    trace = time.perf_counter()
    with running(function):
        lowered = traced.lower()
        lower = time.perf_counter()
        lowered.compile()
    end = time.perf_counter()
    if verbose:
        arguments = ", ".join(f"{aval.dtype}{list(aval.shape)}" for aval in traced.jaxpr.in_avals)
        print(
            f"qgrad_lab: compiled {name}({arguments}) in {end - start:.3f} s: "
            f"tracing {trace - start:.3f} s, lowering {lower - trace:.3f} s, "
            f"XLA {end - lower:.3f} s",
            file=sys.stderr,
        )


def _is_traced(tree: Any) -> bool:
    return any(isinstance(leaf, jax.core.Tracer) for leaf in jax.tree.leaves(tree))
