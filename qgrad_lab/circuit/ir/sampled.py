"""Define circuits with shots: measured numbers estimated from random outcomes.

A ``Sampled`` circuit is a Program and what is to be estimated. Outcomes are drawn in *settings*: a
setting fixes in which basis each wire is measured, and everything that can be read in one setting
is read from the same outcomes, as on a device.
"""

import dataclasses
import functools
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from qgrad_lab.circuit.ir.instructions import (
    Expval,
    Gate,
    Instruction,
    Number,
    Probs,
    Slot,
    State,
    Term,
    Var,
)
from qgrad_lab.circuit.ir.program import Program
from qgrad_lab.circuit.ir.shadows import Shadow
from qgrad_lab.circuit.ir.text import measurement_text, program_text
from qgrad_lab.engine.randomness import folded
from qgrad_lab.engine.sampling import frequencies, outcomes
from qgrad_lab.engine.shift_rules import ShiftRule
from qgrad_lab.errors import DifferentiableCompileError
from qgrad_lab.gates.table import GATES

_NUMBERS_AT_ONCE = 2**22


@dataclass(frozen=True)
class Outcomes:
    """The basis states found in each shot, or the relative frequency of each basis state.

    Parameters
    ----------
    wires
        Measured wires, the first most significant.
    basis
        A letter of ``"XYZ"`` for each wire; or gates, on no other wires, after which all of them
        are measured in the computational basis.
    each
        Whether to give the number of every shot, instead of relative frequencies f64[2^k].
    """

    wires: tuple[int, ...]
    basis: str | tuple[Instruction, ...]
    each: bool = False


Estimated = Expval | Var | Outcomes | Shadow
"""What can be estimated; the words of a ``Var`` commute wire by wire."""


@dataclass
class _Setting:
    """A choice of basis for each wire: a letter, or gates that several wires share.

    Shadows, which measure in other bases at every shot, take the state itself.
    """

    basis: dict[int, Any] = dataclasses.field(default_factory=dict)
    has_each: bool = False
    is_state: bool = False

    def admits(self, basis: dict[int, Any]) -> bool:
        return all(self.basis.get(wire, label) == label for wire, label in basis.items())

    @property
    def wires(self) -> tuple[int, ...]:
        return tuple(sorted(self.basis)) or (0,)

    def body(self) -> tuple[Instruction, ...]:
        gates: list[Instruction] = []
        rotations = []
        for wire, label in self.basis.items():
            if label == "X":
                gates.append(Gate(GATES["Hadamard"], (wire,)))
            elif label == "Y":
                gates.append(Gate(GATES["RX"], (wire,), angle=math.pi / 2))
            elif not isinstance(label, str) and label not in rotations:
                rotations.append(label)
                gates += label
        return tuple(gates)


@dataclass(frozen=True)
class Sampled:
    """A circuit with shots, as the engine takes it (``engine.member.Circuit``).

    Parameters
    ----------
    program
        Without measurements.
    measurements
        What is estimated.
    shots
        Numbers of shots: everything is estimated anew for each of them.

    Notes
    -----
    The operands are those of ``program``, with a key at the end of index.
    """

    program: Program
    measurements: tuple[Estimated, ...]
    shots: tuple[int, ...]

    def sizes(self, shots: int) -> tuple[int, ...]:
        """Count the numbers that each measurement gives for so many shots."""
        return tuple(_size(measurement, shots) for measurement in self.measurements)

    @property
    def num_theta(self) -> int:
        """Length P of theta."""
        return self.program.num_theta

    @cached_property
    def num_outputs(self) -> int:
        """Length of the vector of all estimated numbers."""
        return sum(sum(self.sizes(shots)) for shots in self.shots)

    @property
    def undone(self) -> None:
        """None: what it measures is no state."""
        return None

    @property
    def state_in_theta(self) -> range:
        """Empty: a state is not differentiated with shots."""
        return range(0)

    @property
    def may_fail(self) -> bool:
        """Whether it may be refused when it runs."""
        return self.program.may_fail

    @property
    def has_matrices_in_theta(self) -> bool:
        """Whether a matrix is part of theta."""
        return self.program.has_matrices_in_theta

    @property
    def absorbed(self) -> "Sampled":
        """Refused: a shifted matrix is not unitary, and no circuit has one."""
        raise DifferentiableCompileError(
            f"The circuit {self.program.name} has shots, and is differentiated in a matrix or a "
            "state that it is given (such as the one of QubitUnitary or StatePrep). With shots "
            "there are derivatives in angles and coefficients of observables only. Remove the "
            "shots with qml.set_shots(qnode, None), or use jax.lax.stop_gradient."
        )

    @cached_property
    def shift_rules(self) -> tuple[ShiftRule, ...]:
        """An exact shift rule for each element of theta, valid for all measurements at once."""
        exact: list[Any] = []
        for measurement in self.measurements:
            match measurement:
                case Expval() | Var():
                    exact.append(measurement)
                case Shadow(observables=tuple(observables)):
                    exact += map(Expval, observables)
                case _:
                    exact.append(Probs((0,)))
        return dataclasses.replace(self.program, measurements=tuple(exact)).shift_rules

    @cached_property
    def _plan(self) -> tuple[list[_Setting], list[list[int | None]]]:
        """Return the settings, and for each measurement the setting of each of its parts."""
        settings: list[_Setting] = []

        def place(basis: dict[int, Any], each: bool = False) -> int:
            fitting = (
                i
                for i, setting in enumerate(settings)
                if setting.admits(basis) and not setting.is_state
            )
            number = next(fitting, len(settings))
            if number == len(settings):
                settings.append(_Setting())
            setting = settings[number]
            setting.basis.update(basis)
            setting.has_each = setting.has_each or each
            return number

        def place_shadow() -> int:
            fitting = (i for i, setting in enumerate(settings) if setting.is_state)
            number = next(fitting, len(settings))
            if number == len(settings):
                settings.append(_Setting(is_state=True))
            return number

        placed: list[list[int | None]] = []
        for measurement in self.measurements:
            match measurement:
                case Expval(terms):
                    placed.append([place(dict(t.word)) if t.word else None for t in terms])
                case Var(terms):
                    together = {wire: letter for term in terms for wire, letter in term.word}
                    placed.append([place(together)])
                case Outcomes(wires, str(letters), each):
                    placed.append([place(dict(zip(wires, letters, strict=True)), each)])
                case Outcomes(wires, gates, each):
                    placed.append([place(dict.fromkeys(wires, gates), each)])
                case Shadow():
                    placed.append([place_shadow()])
        return settings or [_Setting()], placed

    @cached_property
    def settings(self) -> tuple[Program, ...]:
        """The circuits that run natively: one a setting, with probabilities of all outcomes."""
        program = self.program
        return tuple(
            dataclasses.replace(
                program,
                body=program.body + setting.body(),
                measurements=(State() if setting.is_state else Probs(setting.wires),),
            )
            for setting in self._plan[0]
        )

    @property
    def num_held(self) -> int:
        """The approximate count of numbers that one evaluation holds at once."""
        states = sum(
            2 ** (self.program.num_wires + 1 if setting.is_state else len(setting.wires))
            for setting in self._plan[0]
        )
        return 4 * states + 4 * max(self.shots) + self.num_outputs

    def estimate(
        self, theta: jax.Array, probabilities: Sequence[jax.Array], key: jax.Array
    ) -> jax.Array:
        """Return the estimated numbers, f64[M], one number of shots after the other.

        Parameters
        ----------
        theta
            f64[P], for coefficients.
        probabilities
            f64[2^k] of the outcomes in each setting; of a state for shadows the amplitudes, as
            pairs f64[2^(n+1)].
        key
            u32[2].
        """
        settings, placed = self._plan

        def one(copy: Any, shots: int) -> jax.Array:
            keys = [folded(key, copy, number) for number in range(len(settings))]
            read = [
                _Found.draw(keys[number], probabilities[number], shots, setting)
                if not setting.is_state
                else _Found((), jnp.zeros(0, jnp.int64), jnp.zeros(0))
                for number, setting in enumerate(settings)
            ]
            parts = []
            for measurement, numbers in zip(self.measurements, placed, strict=True):
                if isinstance(measurement, Shadow):
                    number = _known(numbers[0])
                    psi, own = probabilities[number], keys[number]
                    parts.append(_from_shadow(measurement, psi, own, shots, theta))
                else:
                    parts.append(_estimate(measurement, numbers, read, theta))
            return jnp.concatenate(parts) if parts else jnp.zeros(0)

        results = []
        first = 0
        for shots, group in itertools.groupby(self.shots):
            count = len(list(group))
            copies = jnp.arange(first, first + count, dtype=jnp.uint32)
            first += count
            if count == 1:
                results.append(one(copies[0], shots))
            else:
                at_once = max(1, _NUMBERS_AT_ONCE // self.num_held)
                found = jax.lax.map(
                    functools.partial(one, shots=shots), copies, batch_size=min(count, at_once)
                )
                results.append(found.ravel())
        return jnp.concatenate(results)

    def __str__(self) -> str:
        results = ", ".join(map(_text, self.measurements))
        return program_text(
            self.program, f"{results} from {' and '.join(map(str, self.shots))} shots"
        )

    def __repr__(self) -> str:
        return f"<Sampled {self.program.name}: {self.shots} shots of {self.program!r}>"


@dataclass
class _Found:
    """Outcomes in one setting: points i64[K], and the part of all shots that each stands for."""

    wires: tuple[int, ...]
    points: jax.Array
    weights: jax.Array

    @classmethod
    def draw(
        cls, key: jax.Array, probabilities: jax.Array, shots: int, setting: _Setting
    ) -> "_Found":
        if setting.has_each or len(probabilities) > shots:
            points = outcomes(key, probabilities, shots)
            weights = jnp.full(shots, 1 / shots)
        else:
            points = jnp.arange(len(probabilities))
            weights = frequencies(key, probabilities, shots)
        # A state that is not a number is one to its measurements too.
        weights = jnp.where(jnp.isnan(jnp.sum(probabilities)), jnp.nan, weights)
        return cls(setting.wires, points, weights)

    def mask(self, wires: Sequence[int]) -> int:
        last = len(self.wires) - 1
        return sum(1 << (last - self.wires.index(wire)) for wire in wires)

    def substate(self, wires: Sequence[int]) -> jax.Array:
        """Return the number of the basis state of ``wires`` at each point."""
        if tuple(wires) == self.wires:
            return self.points
        last = len(self.wires) - 1
        bits = [(self.points >> (last - self.wires.index(wire))) & 1 for wire in wires]
        number = jnp.zeros_like(self.points)
        for bit in bits:
            number = 2 * number + bit
        return number


def _signs(points: jax.Array, mask: jax.Array) -> jax.Array:
    """Return the eigenvalue 1 or -1 of the Pauli word on the wires of ``mask``."""
    return 1.0 - 2.0 * (jax.lax.population_count(points & mask) & 1).astype(jnp.float64)


def _coefficient(number: Number, theta: jax.Array) -> Any:
    return theta[number.base] if isinstance(number, Slot) else number


def _estimate(
    measurement: Expval | Var | Outcomes,
    numbers: Sequence[int | None],
    read: list[_Found],
    theta: jax.Array,
) -> jax.Array:
    match measurement:
        case Expval(terms):
            return _expval(terms, numbers, read, theta).reshape(1)
        case Var(terms):
            found = read[_known(numbers[0])]
            values = jnp.zeros(len(found.points))
            for term in terms:
                mask = found.mask([wire for wire, _ in term.word])
                sign = _signs(found.points, jnp.asarray(mask))
                values = values + _coefficient(term.coefficient, theta) * sign
            # Differences to the mean first: the variance must not drown in a large mean.
            values = values - jnp.vdot(found.weights, values)
            return jnp.vdot(found.weights, values**2).reshape(1)
        case Outcomes(wires, _, each):
            found = read[_known(numbers[0])]
            states = found.substate(wires)
            if each:
                return jnp.where(jnp.isnan(found.weights), jnp.nan, states.astype(jnp.float64))
            frequency = jnp.zeros(2 ** len(wires)).at[states].add(found.weights)
            return jnp.where(jnp.isnan(jnp.sum(found.weights)), jnp.nan, frequency)


def _from_shadow(
    shadow: Shadow, amplitudes: jax.Array, key: jax.Array, shots: int, theta: jax.Array
) -> jax.Array:
    pairs = amplitudes.reshape(-1, 2)
    bits, recipes = shadow.draw(key, jax.lax.complex(pairs[:, 0], pairs[:, 1]), shots)
    if shadow.observables is None:
        found = jnp.stack([bits, recipes]).astype(jnp.float64).ravel()
    else:
        numbers = [term.coefficient for terms in shadow.observables for term in terms]
        coefficients = [jnp.asarray(_coefficient(c, theta), jnp.float64) for c in numbers]
        found = shadow.estimate(bits, recipes, jnp.stack(coefficients))
    return jnp.where(jnp.isnan(jnp.sum(amplitudes)), jnp.nan, found)


def _known(number: int | None) -> int:
    assert number is not None
    return number


def _expval(
    terms: Sequence[Term], numbers: Sequence[int | None], read: list[_Found], theta: jax.Array
) -> jax.Array:
    total = jnp.zeros(())
    for number, found in enumerate(read):
        mine = [term for term, place in zip(terms, numbers, strict=True) if place == number]
        if not mine:
            continue
        masks = np.array([found.mask([wire for wire, _ in term.word]) for term in mine])
        means = jax.lax.map(
            lambda mask, found=found: jnp.vdot(found.weights, _signs(found.points, mask)),
            jnp.asarray(masks),
            batch_size=max(1, _NUMBERS_AT_ONCE // len(found.points)),
        )
        coefficients = jnp.stack(
            [jnp.asarray(_coefficient(term.coefficient, theta), jnp.float64) for term in mine]
        )
        total = total + jnp.vdot(coefficients, means)
    for term, place in zip(terms, numbers, strict=True):
        if place is None:
            total = total + _coefficient(term.coefficient, theta)
    return total


def _text(measurement: Estimated) -> str:
    match measurement:
        case Outcomes(wires, basis, each):
            name = "sample" if each else "frequencies"
            if not isinstance(basis, str):
                return f"{name}({', '.join(map(str, wires))} after {len(basis)} gates)"
            pairs = zip(basis, wires, strict=True)
            return f"{name}({', '.join(f'{letter}{wire}' for letter, wire in pairs)})"
        case Shadow():
            return str(measurement)
        case _:
            return measurement_text(measurement)


def _size(measurement: Estimated, shots: int) -> int:
    if isinstance(measurement, Shadow):
        return measurement.size(shots)
    if isinstance(measurement, Outcomes):
        return shots if measurement.each else 2 ** len(measurement.wires)
    return 1
