"""Turn the numbers that a Program measures into the results that the user asked for.

A Program measures expectation values, variances, probabilities and amplitudes. Whatever else a
quantum function returns (a density matrix, an entropy, a classical value) is computed from these
by a *readout*, a function of JAX. Readouts are made while the quantum function is traced, and run
after its circuit. They must not close over values that were traced in it: they hold places in
``Measured``, which passes these values on.
"""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from qgrad_lab.circuit.ir.instructions import Measurement, State
from qgrad_lab.circuit.ir.program import Program
from qgrad_lab.circuit.ir.sampled import Estimated, Sampled
from qgrad_lab.engine.elements import parts


class Measured(NamedTuple):
    """The numbers that readouts read.

    Attributes
    ----------
    numbers
        An f64[size] for each measurement of the Program.
    kept
        Traced values from the quantum function.
    shots
        The number of shots that the numbers are estimated from; 0 if they are exact.
    """

    numbers: Sequence[jax.Array]
    kept: Sequence[Any]
    shots: int = 0

    @classmethod
    def split(
        cls, circuit: Program | Sampled, outputs: jax.Array, kept: Sequence[Any]
    ) -> "list[Measured]":
        """Split the vector of all numbers of ``circuit``, f64[M]: one part a number of shots."""
        copies: Sequence[int] = circuit.shots if isinstance(circuit, Sampled) else (0,)
        sizes = [
            circuit.sizes(shots) if isinstance(circuit, Sampled) else circuit.sizes()
            for shots in copies
        ]
        numbers = iter(parts(outputs, [size for own in sizes for size in own]))
        return [
            cls([next(numbers) for _ in own], kept, shots)
            for shots, own in zip(copies, sizes, strict=True)
        ]


Readout = Callable[[Measured], Any]
"""A function from what was measured to one result."""


@dataclasses.dataclass
class Outputs:
    """Collects what the readouts of one circuit ask it to measure, and the values they need."""

    places: dict[Any, int] = dataclasses.field(default_factory=dict)
    kept: list[Any] = dataclasses.field(default_factory=list)
    traced_wires: list[tuple[Any, ...]] = dataclasses.field(default_factory=list)
    """Wires, some of them traced, that have to be different ones of the circuit's."""

    @property
    def measurements(self) -> tuple[Any, ...]:
        """The measurements of the circuit, a Program's or a ``Sampled`` circuit's."""
        return tuple(self.places)

    def measure(self, measurement: Measurement | Estimated) -> Readout:
        """Read the numbers of ``measurement``, f64[size]; asked twice, it is measured once."""
        place = self.places.setdefault(measurement, len(self.places))
        return lambda measured: measured.numbers[place]

    def number(self, measurement: Measurement | Estimated) -> Readout:
        """Read the one number of ``measurement``, an f64 scalar."""
        read = self.measure(measurement)
        return lambda measured: jnp.squeeze(read(measured), 0)

    def amplitudes(self) -> Readout:
        """Read the state of all wires, c128[2^n]."""
        read = self.measure(State())
        return lambda measured: amplitudes_of(read(measured))

    def keep(self, value: Any) -> Readout:
        """Read ``value`` itself, traced or known."""
        if not isinstance(value, jax.core.Tracer):
            return lambda _: value
        place = len(self.kept)
        self.kept.append(value)
        return lambda measured: measured.kept[place]


def amplitudes_of(numbers: jax.Array) -> jax.Array:
    """Return the state c128[2^n] that a Program measured as real and imaginary parts in turn."""
    pairs = numbers.reshape(-1, 2)
    return jax.lax.complex(pairs[:, 0], pairs[:, 1])
