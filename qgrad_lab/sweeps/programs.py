"""Compile the programs of a sweep: one for each method and step, of one block of points."""

import hashlib
import math
import re
import time
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

from qgrad_lab._version import __version__
from qgrad_lab.compile import export
from qgrad_lab.compile.api import qjit
from qgrad_lab.core.jaxprs import equations, peak_bytes
from qgrad_lab.core.primitives import CALLBACKS
from qgrad_lab.errors import CompileError
from qgrad_lab.sweeps.executors.worker import Payload
from qgrad_lab.sweeps.grid import Grid
from qgrad_lab.sweeps.methods import Variant
from qgrad_lab.sweeps.target import Target

_BATCH = 64
"""Points that are computed side by side. More of them are no faster (measured on circuits of 4, 10
and 16 wires), and take more memory."""

_BATCH_BYTES = 256 * 2**20
"""Bound on what they hold."""


class SinglePointProgram:
    """Value and gradient of one variant at one point, which shows what the others will be like.

    Attributes
    ----------
    shapes : list of jax.ShapeDtypeStruct
        Of the value and the gradients.
    fingerprint : str
        Of what XLA is given. It is the same in every process, where the program is.
    calls_python : bool
        Whether it calls Python when it runs, so that it belongs to this process.
    """

    def __init__(self, target: Target, variant: Variant) -> None:
        self.target, self.variant = target, variant
        self.function = target.flat(variant.derivative(target.fn, target.differentiated))
        self._program = qjit(_named(self.function, target.name))
        self._first = tuple(np.asarray(one.values[0]) for one in target.swept)
        traced = self._program.trace(target.given, self._first)
        self.shapes = jax.tree.leaves(traced.out_info)
        self._bytes = max(1, peak_bytes(traced.jaxpr.jaxpr))
        kinds = {equation.primitive.name for equation in equations(traced.jaxpr.jaxpr)}
        self.calls_python = not CALLBACKS.isdisjoint(kinds)
        text = self._program.lower(target.given, self._first).as_text()
        self.fingerprint = _digest(_ADDRESS.sub("", text).encode())

    def batch(self) -> int:
        """Return how many points may be computed side by side."""
        return min(_BATCH, max(1, _BATCH_BYTES // self._bytes))

    def seconds(self) -> float:
        """Measure how long a call takes without compilation: the shortest of a few, if quick."""
        arguments = (self.target.given, self._first)
        self._program.executable(arguments, {})
        best = math.inf
        for _ in range(5):
            start = time.perf_counter()
            jax.block_until_ready(self._program(*arguments))
            best = min(best, time.perf_counter() - start)
            if best > 0.1:
                break
        return best


class BlockProgram:
    """Value and gradient of one variant at ``size`` points at once.

    Attributes
    ----------
    size : int
        How many points it takes: those of a block, and a few more where its batches need them.
    given : tuple of numpy.ndarray
        The arguments that are the same at all points.
    edition : int
        How often it was compiled with more room for the iterations of loops.
    """

    def __init__(self, point: SinglePointProgram, grid: Grid, points: int) -> None:
        self.given = point.target.given
        self.variant = point.variant
        self._name = point.target.name
        batches = math.ceil(points / point.batch())
        batch = math.ceil(points / batches)
        self.size = batches * batch

        def block(given: Sequence[Any], swept: Sequence[Any]) -> list[Any]:
            def one(swept: Sequence[Any]) -> list[Any]:
                return point.function(given, swept)

            if batches == 1:
                return jax.vmap(one)(swept)
            results: list[Any] = jax.lax.map(one, swept, batch_size=batch)
            return results

        self.call = qjit(_named(block, self._name))
        first = tuple(slice(0, 1) for _ in grid.dims)
        self._example = grid.points(first, self.size)
        self._is_compiled = False
        self._payload: Payload | None = None
        self.edition = 0

    def compile(self) -> None:
        """Compile for this process, if that has not been done."""
        if not self._is_compiled:
            self.call.executable((self.given, self._example), {})
            self._is_compiled = True

    def check_payload(self) -> None:
        """Make the `payload`.

        Raises
        ------
        CompileError
            If it cannot leave this process.
        """
        self._payload = self._exported()

    @property
    def payload(self) -> Payload:
        """The program for other processes."""
        if self._payload is None:
            self._payload = self._exported()
        return self._payload

    def _exported(self) -> Payload:
        try:
            code = export.to_bytes(self.call, self.given, self._example)
        except Exception as error:
            raise CompileError(
                f"{self._name!r} by the method {self.variant.method.name!r} cannot go to other "
                "processes, because it calls Python, as for a QNode on another device than "
                f"lightning.qubit: {_first_line(error)} Use executor=None or a ThreadPoolExecutor, "
                "which stay in this process, or lightning.qubit."
            ) from error
        return Payload(_digest(code), __version__, code, self.given)

    def make_room(self, message: str) -> None:
        """Compile for loops with more iterations, after a worker said that they do not fit."""
        self.call.make_room(ValueError(message))
        self._payload = None
        self.edition += 1


_ADDRESS = re.compile(r"index = \d+ : ui64|backend_config = \"\d+\"|0x[0-9a-f]{8,}")
"""Addresses of callbacks into Python, which differ from process to process."""


def _named(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    """Name ``function``, whose name JAX writes into its program."""
    function.__name__ = name if name.isidentifier() else "sweep"
    return function


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _first_line(error: Exception) -> str:
    line = str(error).strip().partition("\n")[0].rstrip(".")
    return f"{line}." if line else f"{type(error).__name__}."
