"""Circuits as data, for contestants that each write them in a language of their own."""

import math
from collections.abc import Iterator
from typing import NamedTuple


class Parameter(NamedTuple):
    """An angle in radians: ``factor`` times one element of an argument of the circuit.

    Attributes
    ----------
    element
        Its index. In the body of a `Repeat` the number of the iteration comes before it.
    factor
        What the element is multiplied with.
    argument
        0 for the parameters that are differentiated, 1 for the features of a sample.
    """

    element: tuple[int, ...]
    factor: float = 1.0
    argument: int = 0


class Gate(NamedTuple):
    """A gate by PennyLane's name, or ``CCRY`` for RY with two controls."""

    name: str
    wires: tuple[int, ...]
    angle: Parameter | float | None = None


class Repeat(NamedTuple):
    """Gates that are applied ``times`` times, in a loop where there are loops."""

    times: int
    body: tuple[Gate, ...]


class Term(NamedTuple):
    """A coefficient times a Pauli word: letters, and the wires that they act on."""

    coefficient: float
    letters: str
    wires: tuple[int, ...]


Observable = tuple[Term, ...]
Circuit = tuple[Gate | Repeat, ...]


def unrolled(circuit: Circuit) -> Iterator[Gate]:
    """The gates one by one, with the whole index of every parameter."""
    for operation in circuit:
        if isinstance(operation, Gate):
            yield operation
            continue
        for iteration in range(operation.times):
            for gate in operation.body:
                angle = gate.angle
                if isinstance(angle, Parameter):
                    angle = angle._replace(element=(iteration, *angle.element))
                yield gate._replace(angle=angle)


def gate_count(circuit: Circuit) -> int:
    """How many gates are applied."""
    return sum(
        operation.times * len(operation.body) if isinstance(operation, Repeat) else 1
        for operation in circuit
    )


def ring(wires: int) -> Iterator[tuple[int, int]]:
    """Neighbours in a ring: ``wires`` pairs, two of two wires, none of one."""
    for wire in range(wires if wires > 1 else 0):
        yield wire, (wire + 1) % wires


def rotation_layer(wires: int, prefix: tuple[int, ...] = ()) -> Iterator[Gate]:
    """RX, RY, RZ on every wire, with parameters ``[*prefix, wire, 0..2]``, and a ring of CNOTs."""
    for wire in range(wires):
        for axis, name in enumerate(("RX", "RY", "RZ")):
            yield Gate(name, (wire,), Parameter((*prefix, wire, axis)))
    for pair in ring(wires):
        yield Gate("CNOT", pair)


def z_word(*wires: int) -> Observable:
    """The product of Z on ``wires``."""
    return (Term(1.0, "Z" * len(wires), wires),)


def combined(observables: tuple[Observable, ...], weights: tuple[float, ...]) -> Observable:
    """The weighted sum of ``observables`` as one."""
    return tuple(
        term._replace(coefficient=weight * term.coefficient)
        for weight, observable in zip(weights, observables, strict=True)
        for term in observable
    )


def generator(name: str, wires: int) -> tuple[tuple[float, str], ...]:
    """``G`` of a gate ``exp(-i angle G / 2)``, up to its global phase, as commuting Pauli words.

    Parameters
    ----------
    name
        Of a gate with one angle.
    wires
        How many it acts on.

    Returns
    -------
    tuple
        Coefficients and words, one letter for each wire of the gate. ``G`` has no other
        eigenvalues than -1, 0 and 1, but for global phases.
    """
    if name in ("MultiRZ", "IsingZZ"):
        return ((1.0, "Z" * wires),)
    if name in ("SingleExcitation", "DoubleExcitation"):
        return _excitation(wires)
    return _GENERATORS[name]


_GENERATORS = {
    "RX": ((1.0, "X"),),
    "RY": ((1.0, "Y"),),
    "RZ": ((1.0, "Z"),),
    "CRX": ((0.5, "IX"), (-0.5, "ZX")),
    "CRY": ((0.5, "IY"), (-0.5, "ZY")),
    "CRZ": ((0.5, "IZ"), (-0.5, "ZZ")),
    "ControlledPhaseShift": ((0.5, "ZI"), (0.5, "IZ"), (-0.5, "ZZ")),
    "CCRY": ((0.25, "IIY"), (-0.25, "ZIY"), (-0.25, "IZY"), (0.25, "ZZY")),
}


def _excitation(wires: int) -> tuple[tuple[float, str], ...]:
    """``i (|1..0..><0..1..| - adjoint)``; ``2 |1><0| = X - i Y``, ``2 |0><1| = X + i Y``."""
    words: dict[str, complex] = {"": 1.0}
    for wire in range(wires):
        y = 0.5j if wire >= wires // 2 else -0.5j
        words = {
            word + letter: value * factor
            for word, value in words.items()
            for letter, factor in (("X", 0.5), ("Y", y))
        }
    return tuple(
        (-2 * value.imag, word) for word, value in words.items() if not math.isclose(value.imag, 0)
    )
