"""Growth curves: one thing of a workload grows, all else stays."""

import functools
import itertools
from collections.abc import Callable
from typing import NamedTuple

from tests.benchmarks.circuits import Circuit, Gate, Parameter, Repeat, rotation_layer, z_word
from tests.benchmarks.machine import cores
from tests.benchmarks.workloads import Workload, layered, layered_circuit, model


class Point(NamedTuple):
    """A workload of a curve; made when it is asked for."""

    x: int
    make: Callable[[], Workload]
    cores: int | None = None
    """How many cores may be used; all by default."""


class Curve(NamedTuple):
    """A growth curve.

    Attributes
    ----------
    title
        What stays.
    label
        What grows, for the axis.
    points
        In growing order.
    """

    title: str
    label: str
    points: tuple[Point, ...]


_GATE_WIRES = 8
_LAYER_GATES = 4 * _GATE_WIRES


def truncated(gates: int) -> Workload:
    """The first gates of a layered circuit on 8 wires; the parameters are a vector, ``x[i]``."""
    layers = itertools.cycle(rotation_layer(_GATE_WIRES))
    circuit: list[Gate] = []
    parameters = 0
    for gate in itertools.islice(layers, gates):
        if gate.angle is not None:
            gate = gate._replace(angle=Parameter((parameters,)))
            parameters += 1
        circuit.append(gate)
    return _long(f"unrolled-{gates}", f"{gates} gates, unrolled", tuple(circuit), (parameters,))


def looped(gates: int) -> Workload:
    """A layer of 32 gates on 8 wires in a loop."""
    times = gates // _LAYER_GATES
    body = tuple(
        gate
        if not isinstance(gate.angle, Parameter)
        else gate._replace(angle=Parameter((3 * gate.angle.element[0] + gate.angle.element[1],)))
        for gate in rotation_layer(_GATE_WIRES)
    )
    return _long(
        f"looped-{gates}",
        f"{gates} gates in a loop",
        (Repeat(times, body),),
        (times, len(body) - 8),
    )


def _long(name: str, title: str, circuit: Circuit, shape: tuple[int, ...]) -> Workload:
    return Workload(name, f"8 wires, {title}", _GATE_WIRES, circuit, (z_word(0, 1),), shape)


def parametrised(parameters: int) -> Workload:
    """10 wires x 8 layers of which all angles but the first ones are constants."""
    circuit = []
    for gate in layered_circuit(10, 8):
        if isinstance(gate.angle, Parameter):
            layer, wire, axis = gate.angle.element
            number = (10 * layer + wire) * 3 + axis
            angle = Parameter((number,)) if number < parameters else 0.1 + 0.01 * number
            gate = gate._replace(angle=angle)
        circuit.append(gate)
    return Workload(
        f"parameters-{parameters}",
        f"10 wires x 8 layers, {parameters} of 240 angles are parameters",
        10,
        tuple(circuit),
        (z_word(0, 1),),
        (parameters,),
    )


def measured(count: int) -> Workload:
    """10 wires x 5 layers and so many expectation values, of Z and of pairs of Z."""
    wires = range(10)
    words = [*((wire,) for wire in wires), *itertools.combinations(wires, 2)]
    return layered(
        10,
        5,
        f"measured-{count}",
        title=f"10 wires x 5 layers, {count} expectation values",
        observables=tuple(z_word(*word) for word in words[:count]),
    )


def _points(make: Callable[[int], Workload], *values: int) -> tuple[Point, ...]:
    return tuple(Point(value, functools.partial(make, value)) for value in values)


def _threads() -> tuple[Point, ...]:
    numbers = sorted({1, *(2**n for n in range(1, 8) if 2**n < cores()), cores()})
    return tuple(Point(number, lambda: layered(20, 2), number) for number in numbers)


CURVES = {
    "wires": Curve(
        "2 layers, <Z0 Z1>", "wires", _points(lambda n: layered(n, 2), *range(2, 25, 2))
    ),
    "gates": Curve("8 wires, unrolled", "gates", _points(truncated, 10, 100, 1000, 10_000)),
    "gates-in-a-loop": Curve(
        "8 wires, in a loop", "gates", _points(looped, 32, 320, 3200, 32_000, 100_000)
    ),
    "parameters": Curve(
        "10 wires x 8 layers, 320 gates",
        "parameters",
        _points(parametrised, 1, 3, 10, 30, 100, 240),
    ),
    "measurements": Curve(
        "10 wires x 5 layers", "expectation values", _points(measured, 1, 2, 5, 10, 20, 55)
    ),
    "batch": Curve(
        "4 wires x 3 layers, gradients of a batch",
        "samples",
        _points(model, 1, 4, 16, 64, 256, 1024, 4096),
    ),
    "threads": Curve("20 wires x 2 layers", "cores", _threads()),
}
"""The curves, by name and in order."""
