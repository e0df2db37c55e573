"""Collect the numbers a circuit reads when it runs: theta, index and data."""

import functools
import math
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from qgrad_lab.circuit.ir.instructions import Data, Index, Integer, Number, Slot
from qgrad_lab.circuit.record.outcome import unwrapped
from qgrad_lab.errors import CompileError


class BroadcastNeeded(Exception):
    """An operation was given a batch of parameters where it takes one."""


@dataclass
class Pieces:
    """One array in the making: scalars and arrays that will be joined."""

    values: list[Any] = field(default_factory=list)
    size: int = 0

    def append(self, value: Any) -> int:
        """Add a scalar or an array, which will be flattened; return where it begins."""
        begin = self.size
        self.values.append(value)
        self.size += math.prod(np.shape(value))
        return begin

    def append_scalar(self, value: Any) -> int:
        """Add a scalar; return its place."""
        place = self.size
        self.values.append(value)
        self.size = place + 1
        return place


@dataclass
class Operands:
    """The traced numbers of one circuit, in the order of their places.

    Known numbers become part of the Program; only traced ones are collected, for they differ from
    call to call.
    """

    theta: Pieces = field(default_factory=Pieces)
    index: Pieces = field(default_factory=Pieces)
    data: Pieces = field(default_factory=Pieces)

    def angle(self, value: Any, name: str) -> Number:
        """Return a gate angle, in radians."""
        value = unwrapped(value)
        if np.ndim(value) > 0:
            raise BroadcastNeeded
        if isinstance(value, jax.core.Tracer):
            if not _is_real_type(value.dtype):
                raise CompileError(
                    f"{name} was given an angle of type {value.dtype}; angles are real numbers. "
                    "Take the real part or cast the argument to float."
                )
            return Slot(self.theta.append(value))
        return _real(value, f"{name} was given the angle")

    def plain_angle(self, value: Any) -> Number | None:
        """Return a gate angle that is a finite float or a traced one; ``None`` for all else."""
        kind: Any = type(value)
        if kind is float or kind is np.float64:
            return float(value) if math.isfinite(value) else None
        if _is_tracer_type(kind):
            aval = value.aval
            if aval.shape == () and getattr(aval.dtype, "kind", "") == "f":
                return Slot(self.theta.append_scalar(value))
        return None

    def coefficient(self, value: Any) -> Number:
        """Return a coefficient of an observable."""
        value = unwrapped(value)
        if np.ndim(value) > 0:
            raise CompileError(
                f"A coefficient of an observable has shape {np.shape(value)}; it has to be "
                "a number."
            )
        if isinstance(value, jax.core.Tracer):
            # Powers of i from products of Pauli operators; of an observable the sum is real.
            return Slot(self.theta.append(jnp.real(value)))
        return _real(value, "An observable has the coefficient")

    def integer(self, value: Any, what: str) -> Integer:
        """Return a wire, a count or a bit."""
        value = unwrapped(value)
        if isinstance(value, jax.core.Tracer):
            if np.ndim(value) > 0 or not (
                jnp.issubdtype(value.dtype, jnp.integer) or value.dtype == jnp.bool_
            ):
                raise CompileError(
                    f"{what} has type {value.dtype}{list(value.shape)}; it is one integer."
                )
            return Index(self.index.append(value))
        return int(value)

    def bits(self, value: Any) -> tuple[Integer, ...]:
        """Return the bits of a basis state, known or traced."""
        if isinstance(value, jax.core.Tracer):
            begin = self.index.append(value)
            return tuple(Index(begin + i) for i in range(value.shape[0]))
        return tuple(int(bool(bit)) for bit in np.asarray(value).ravel())

    def matrix(self, value: Any, shape: tuple[int, ...], name: str) -> Data:
        """Add a matrix of ``shape``; return its place in data."""
        if np.ndim(value) > 2:
            raise BroadcastNeeded
        return self._append(value, shape, name)

    def state(self, value: Any, size: int, name: str) -> Data:
        """Add a state of ``size`` amplitudes; return its place in data."""
        if np.ndim(value) > 1:
            raise BroadcastNeeded
        return self._append(value, (size,), name)

    def _append(self, value: Any, shape: tuple[int, ...], name: str) -> Data:
        if np.shape(value) != shape:
            raise CompileError(
                f"{name} was given an array of shape {np.shape(value)}; for its wires it takes "
                f"{shape}."
            )
        return Data(self.data.append(value))


@functools.cache
def _is_tracer_type(kind: Any) -> bool:
    return issubclass(kind, jax.core.Tracer)


def _is_real_type(dtype: Any) -> bool:
    """Return whether numbers of this type are angles; booleans are 0 and 1, as in Python."""
    return any(jnp.issubdtype(dtype, kind) for kind in (jnp.bool_, jnp.integer, jnp.floating))


def _real(value: Any, what: str) -> float:
    number = complex(value)
    if abs(number.imag) > 1e-12 * max(1.0, abs(number.real)):
        raise CompileError(f"{what} {number}, which is not real. Angles and observables are real.")
    if not np.isfinite(number.real):
        raise CompileError(f"{what} {number.real}, which is not a finite number.")
    return number.real
