"""Random hybrid programs as plain data, and two ways to run them.

A ``Block`` is a list of statements over a growing list of scalars: arithmetic, circuits, loops,
branches, maps and derivatives in the middle of the program. ``run`` executes one on a *machine*:

- ``Compiled`` writes it as a user would, with QNodes and the control flow of the library;
- ``Plain`` uses Python's control flow and a state vector in plain JAX. It shares no code with the
  library, so that ``jax.grad`` of it is an independent reference.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml
from hypothesis import strategies as st

import qgrad_lab

# -- Programs as data ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Gate:
    """A gate; its angle is number ``angle`` of the circuit's inputs, plus the loop's counter."""

    name: str
    wires: tuple[int, ...]
    angle: int = 0


@dataclass(frozen=True)
class Around:
    """Operations under an adjoint, under a control wire, in a loop or in a branch.

    ``number``: the control wire; the count of a loop that is known; the input that a branch or the
    count of a loop that is not known depends on.
    """

    kind: str  # adjoint, control, repeat, repeat_unknown, branch
    number: int
    ops: tuple[Any, ...]


@dataclass(frozen=True)
class Circuit:
    """A QNode and its call; ``inputs`` are places in the list of scalars."""

    num_wires: int
    ops: tuple[Any, ...]
    measured: str
    method: str
    inputs: tuple[int, ...]
    closure: bool


@dataclass(frozen=True)
class Arithmetic:
    """A function of two scalars."""

    name: str
    inputs: tuple[int, int]


@dataclass(frozen=True)
class Block:
    """Statements that see the scalars before them; the value is that of the last."""

    statements: tuple[Any, ...]


@dataclass(frozen=True)
class Nested:
    """A block inside of a construct of the host language, which is named by ``kind``."""

    kind: str
    inputs: tuple[int, int]
    blocks: tuple[Block, ...]
    count: int = 2


ARITHMETIC = {
    "sin": lambda a, b: jnp.sin(a) + 0.3 * b,
    "tanh": lambda a, b: jnp.tanh(a * b),
    "arctan2": lambda a, b: jnp.arctan2(a, 1.5 + jnp.cos(b)),
    "gauss": lambda a, b: jnp.exp(-a * a) * jnp.cos(b),
    "root": lambda a, b: jnp.sqrt(1.0 + a * a) - 0.5 * b,
    "stop": lambda a, b: jax.lax.stop_gradient(a) * jnp.sin(b),
    "where": lambda a, b: jnp.where(a > b, jnp.sin(a), jnp.cos(b) * a),
    "dot": lambda a, b: jnp.dot(jnp.stack([a, jnp.sin(b)]), jnp.stack([jnp.cos(b), a])) / 2.0,
    "norm": lambda a, b: jnp.linalg.norm(jnp.stack([a, b, jnp.ones_like(a)])),
    "inverse": lambda a, b: jnp.linalg.inv(jnp.eye(2) * 3.0 + jnp.sin(a * b) * jnp.ones((2, 2)))[
        0, 1
    ],
}

PAULI = {
    "X": jnp.array([[0, 1], [1, 0]], complex),
    "Y": jnp.array([[0, -1j], [1j, 0]]),
    "Z": jnp.array([[1, 0], [0, -1]], complex),
}

ROTATIONS = {"RX": "X", "RY": "Y", "RZ": "Z", "IsingXX": "XX", "IsingYY": "YY", "IsingZZ": "ZZ"}
FIXED = {"Hadamard": 1, "S": 1, "CNOT": 2, "CZ": 2, "SWAP": 2}
NUM_WIRES = {name: len(word) for name, word in ROTATIONS.items()} | FIXED | {"PhaseShift": 1}
MEASURED = ("expval", "sum", "var", "probs", "several")
METHODS = ("adjoint", "parameter-shift", "best")


def _bounded(value: jax.Array) -> jax.Array:
    """Between -2 and 2, so that derivatives of long programs stay of the order of 1."""
    return 2.0 * jnp.sin(value)


def _times(value: jax.Array) -> jax.Array:
    """A number of iterations, from 0 to 3."""
    return jnp.floor(2.0 + 1.99 * jnp.sin(3.0 * value)).astype(jnp.int64)


# -- The same program on a machine -----------------------------------------------------------------


def run(block: Block, scalars: Sequence[jax.Array], machine: Any) -> list[jax.Array]:
    """All scalars after ``block``."""
    values = list(scalars)
    for statement in block.statements:
        values.append(_bounded(_evaluate(statement, values, machine)))
    return values


def _evaluate(statement: Any, values: list[jax.Array], machine: Any) -> jax.Array:
    if isinstance(statement, Circuit):
        return machine.circuit(statement, [values[i % len(values)] for i in statement.inputs])
    a, b = (values[i % len(values)] for i in statement.inputs)
    if isinstance(statement, Arithmetic):
        return ARITHMETIC[statement.name](a, b)
    outer = tuple(values)

    def body(block: Block, *first: jax.Array) -> jax.Array:
        return run(block, [*outer, *first], machine)[-1]

    first = statement.blocks[0]
    match statement.kind:
        case "for":
            return machine.for_loop(statement.count, lambda i, c: body(first, c, 0.1 * i + a), b)
        case "for_unknown":
            return machine.for_loop(_times(a), lambda i, c: body(first, c, 0.1 * i + b), b)
        case "while":
            return machine.while_loop(statement.count, lambda c: body(first, c, a), b)
        case "cond":
            blocks = statement.blocks
            return machine.cond(
                a > b, lambda: body(blocks[0], a), lambda: body(blocks[-1], b, a * b)
            )
        case "switch":
            branches = [lambda each=each: body(each, b) for each in statement.blocks]
            return machine.switch(_times(a), branches)
        case "vmap":
            row = jnp.stack([a, b, 0.5 * a])
            return jnp.sum(machine.vmap(lambda x: body(first, x), row))
        case "scan":
            row = jnp.stack([a, b])
            return machine.scan(lambda c, x: body(first, c, x), b, row)
        case "checkpoint":
            return machine.checkpoint(lambda x: body(first, x))(a)
        case "grad":
            return machine.grad(lambda x: body(first, x))(a)
    raise AssertionError(statement.kind)


class Compiled:
    """The program as a user writes it."""

    def circuit(self, circuit: Circuit, inputs: list[jax.Array]) -> jax.Array:
        device = qml.device("lightning.qubit", wires=circuit.num_wires)

        @qml.qnode(device, diff_method=circuit.method)
        def node(values):
            chosen = inputs if circuit.closure else values
            _queue(circuit.ops, chosen, 0, circuit.num_wires)
            return _measurements(circuit, chosen)

        return _scalar(jax.tree.leaves(node(inputs)))

    def for_loop(self, count, body, first):
        return qgrad_lab.for_loop(0, count, 1)(body)(first)

    def while_loop(self, limit, body, first):
        loop = qgrad_lab.while_loop(lambda k, c: jnp.logical_and(k < limit, c < 1.5))
        return loop(lambda k, c: (k + 1, body(c)))(0, first)[1]

    def cond(self, condition, yes, no):
        return qgrad_lab.cond(condition)(yes).otherwise(no)()

    def switch(self, number, branches):
        chosen = qgrad_lab.switch(number)(branches[-1])
        for key, branch in enumerate(branches[:-1]):
            chosen = chosen.branch(key)(branch)
        return chosen()

    vmap = staticmethod(lambda function, row: jax.vmap(function)(row))
    grad = staticmethod(qgrad_lab.grad)
    checkpoint = staticmethod(jax.checkpoint)

    def scan(self, body, first, row):
        return jax.lax.scan(lambda c, x: (body(c, x), None), first, row)[0]


def _queue(ops: Sequence[Any], inputs: Sequence[Any], i: Any, num_wires: int) -> None:
    for op in ops:
        match op:
            case Gate(name, wires, angle):
                if not isinstance(i, int):  # inside of a loop they depend on its counter
                    wires = [(wire + i) % num_wires for wire in wires]
                if name in FIXED:
                    getattr(qml, name)(wires=list(wires))
                else:
                    angle = inputs[angle % len(inputs)] + 0.2 * i
                    getattr(qml, name)(angle, wires=list(wires))
            case Around("adjoint", _, inner):
                qml.adjoint(_queue)(inner, inputs, i, num_wires)
            case Around("control", wire, inner):
                control = wire if isinstance(i, int) else (wire + i) % num_wires
                qml.ctrl(_queue, control=control)(inner, inputs, i, num_wires)
            case Around("repeat", count, inner):
                qgrad_lab.for_loop(0, count, 1)(
                    lambda k, inner=inner: _queue(inner, inputs, k, num_wires)
                )()
            case Around("repeat_unknown", number, inner):
                count = _times(inputs[number % len(inputs)])
                qgrad_lab.for_loop(0, count, 1)(
                    lambda k, inner=inner: _queue(inner, inputs, k, num_wires)
                )()
            case Around("branch", number, inner):
                qgrad_lab.cond(inputs[number % len(inputs)] > 0.3)(
                    lambda inner=inner: _queue(inner, inputs, i, num_wires)
                )()


def _observables(num_wires: int) -> list[list[tuple[str, int]]]:
    """Three words that do not commute where there is more than one wire."""
    last = num_wires - 1
    return [[("Z", 0)], [("X", 0), ("Y", last)] if last else [("X", 0)], [("Z", last)]]


def _measurements(circuit: Circuit, inputs: Sequence[Any]) -> Any:
    # What is made in a quantum function and not measured is applied: only what is needed is made.
    def word(number: int) -> Any:
        factors = _observables(circuit.num_wires)[number]
        return qml.prod(*(getattr(qml, letter)(wire) for letter, wire in factors))

    match circuit.measured:
        case "expval":
            return qml.expval(word(1))
        case "sum":
            return qml.expval(qml.dot([0.7, inputs[0], -0.4], [word(0), word(1), word(2)]))
        case "var":
            return {"v": qml.var(word(0))}
        case "probs":
            return qml.probs(wires=range(circuit.num_wires))
        case _:
            return [qml.expval(word(0)), (qml.probs(wires=[circuit.num_wires - 1]),)]


def _scalar(results: Sequence[jax.Array]) -> jax.Array:
    """One number of all results."""
    flat = jnp.concatenate([jnp.ravel(result) for result in results])
    return jnp.sum(jnp.cos(1.7 * jnp.arange(flat.size)) * flat)


class Plain:
    """The same in Python and plain JAX, one operation after another."""

    def circuit(self, circuit: Circuit, inputs: list[jax.Array]) -> jax.Array:
        n = circuit.num_wires
        state = jnp.zeros(2**n, complex).at[0].set(1.0)
        for matrix, wires in _matrices(circuit.ops, inputs, None, n):
            state = _apply(matrix, wires, state)

        def mean(word):
            image = reduce(lambda s, factor: _apply(PAULI[factor[0]], [factor[1]], s), word, state)
            return jnp.real(jnp.vdot(state, image))

        probs = jnp.real(state) ** 2 + jnp.imag(state) ** 2
        words = _observables(n)
        match circuit.measured:
            case "expval":
                results = [mean(words[1])]
            case "sum":
                results = [0.7 * mean(words[0]) + inputs[0] * mean(words[1]) - 0.4 * mean(words[2])]
            case "var":
                results = [1.0 - mean(words[0]) ** 2]
            case "probs":
                results = [probs]
            case _:
                results = [mean(words[0]), jnp.sum(probs.reshape(-1, 2), axis=0)]
        return _scalar(results)

    def for_loop(self, count, body, first):
        for i in range(int(count)):
            first = body(i, first)
        return first

    def while_loop(self, limit, body, first):
        k = 0
        while k < limit and bool(first < 1.5):
            k, first = k + 1, body(first)
        return first

    def cond(self, condition, yes, no):
        return yes() if bool(condition) else no()

    def switch(self, number, branches):
        number = int(number)
        return branches[number if number < len(branches) - 1 else -1]()

    vmap = staticmethod(lambda function, row: jnp.stack([function(x) for x in row]))
    grad = staticmethod(jax.grad)

    def checkpoint(self, function):
        return function  # jax.checkpoint traces, and Python's statements need values

    def scan(self, body, first, row):
        for x in row:
            first = body(first, x)
        return first


def _matrices(ops: Sequence[Any], inputs: Sequence[Any], i: int | None, n: int) -> list[Any]:
    """Matrices and their wires, in order; ``i`` is the counter of the innermost loop."""
    found: list[Any] = []
    step = i or 0
    for op in ops:
        match op:
            case Gate(name, wires, angle):
                value = inputs[angle % len(inputs)] + 0.2 * step
                found.append((_gate_matrix(name, value), [(wire + step) % n for wire in wires]))
            case Around("adjoint", _, inner):
                blocks = _matrices(inner, inputs, i, n)
                found += [(matrix.conj().T, wires) for matrix, wires in reversed(blocks)]
            case Around("control", wire, inner):
                for matrix, wires in _matrices(inner, inputs, i, n):
                    size = len(matrix)
                    whole = jnp.eye(2 * size, dtype=complex).at[size:, size:].set(matrix)
                    found.append((whole, [(wire + step) % n, *wires]))
            case Around("repeat", count, inner):
                for k in range(count):
                    found += _matrices(inner, inputs, k, n)
            case Around("repeat_unknown", number, inner):
                for k in range(int(_times(inputs[number % len(inputs)]))):
                    found += _matrices(inner, inputs, k, n)
            case Around("branch", number, inner):
                if bool(inputs[number % len(inputs)] > 0.3):
                    found += _matrices(inner, inputs, i, n)
    return found


def _gate_matrix(name: str, angle: Any) -> jax.Array:
    if name in ROTATIONS:
        word = reduce(jnp.kron, [PAULI[letter] for letter in ROTATIONS[name]])
        return jnp.cos(angle / 2) * jnp.eye(len(word)) - 1j * jnp.sin(angle / 2) * word
    one = jnp.eye(2, dtype=complex)
    match name:
        case "PhaseShift":
            return one.at[1, 1].set(jnp.exp(1j * angle))
        case "Hadamard":
            return (PAULI["X"] + PAULI["Z"]) / np.sqrt(2)
        case "S":
            return one.at[1, 1].set(1j)
        case "CNOT":
            return jnp.eye(4, dtype=complex)[jnp.array([0, 1, 3, 2])]
        case "CZ":
            return jnp.diag(jnp.array([1, 1, 1, -1], complex))
        case "SWAP":
            return jnp.eye(4, dtype=complex)[jnp.array([0, 2, 1, 3])]
    raise AssertionError(name)


def _apply(matrix: jax.Array, wires: Sequence[int], state: jax.Array) -> jax.Array:
    n = state.size.bit_length() - 1
    k = len(wires)
    tensor = jnp.tensordot(
        matrix.reshape((2,) * (2 * k)),
        state.reshape((2,) * n),
        (tuple(range(k, 2 * k)), tuple(wires)),
    )
    return jnp.moveaxis(tensor, tuple(range(k)), tuple(wires)).reshape(-1)


# -- Strategies ------------------------------------------------------------------------------------

_place = st.integers(0, 40)
KINDS = ("for", "for_unknown", "while", "cond", "switch", "vmap", "scan", "checkpoint", "grad")


@st.composite
def _ops(draw, num_wires: int, depth: int, avoid: tuple[int, ...] = ()) -> tuple[Any, ...]:
    free = [wire for wire in range(num_wires) if wire not in avoid]
    names = [name for name, k in NUM_WIRES.items() if k <= len(free)]
    found: list[Any] = []
    for _ in range(draw(st.integers(1, 3))):
        kinds = ["gate", "gate"]
        if depth:
            kinds += ["adjoint", "repeat", "repeat_unknown", "branch"]
            kinds += ["control"] if len(free) > 1 else []
        kind = draw(st.sampled_from(kinds))
        if kind == "gate":
            name = draw(st.sampled_from(names))
            wires = draw(st.permutations(free))[: NUM_WIRES[name]]
            found.append(Gate(name, tuple(wires), draw(_place)))
            continue
        number = draw(st.integers(0, 3))
        avoided = avoid
        if kind == "control":
            number = draw(st.sampled_from(free))
            avoided = (*avoid, number)
        if kind in ("repeat", "repeat_unknown") and avoid:
            continue  # wires of a loop move with its counter, and those of its control would not
        found.append(Around(kind, number, draw(_ops(num_wires, depth - 1, avoided))))
    return tuple(found)


@st.composite
def _circuits(draw) -> Circuit:
    num_wires = draw(st.integers(1, 3))
    before = tuple(Gate("RY", (wire,), wire) for wire in range(num_wires))
    return Circuit(
        num_wires,
        before + draw(_ops(num_wires, draw(st.sampled_from([0, 1, 1, 2])))),
        draw(st.sampled_from(MEASURED)),
        draw(st.sampled_from(METHODS)),
        tuple(draw(st.lists(_place, min_size=1, max_size=3))),
        draw(st.booleans()),
    )


@st.composite
def _nested(draw, kind: str, depth: int) -> Nested:
    several = {"cond": 2, "switch": draw(st.integers(1, 3)) if kind == "switch" else 1}
    inner = [draw(blocks(depth - 1, st.integers(1, 2))) for _ in range(several.get(kind, 1))]
    inputs = (draw(_place), draw(_place))
    return Nested(kind, inputs, tuple(inner), draw(st.integers(0, 3)))


@st.composite
def blocks(draw, depth: int, lengths: Any) -> Block:
    """A block whose constructs are nested up to ``depth`` deep."""
    found: list[Any] = []
    for _ in range(draw(lengths)):
        kind = draw(
            st.sampled_from(["arithmetic", "circuit", "circuit", *(KINDS if depth else ())])
        )
        if kind == "arithmetic":
            name = draw(st.sampled_from(sorted(ARITHMETIC)))
            found.append(Arithmetic(name, (draw(_place), draw(_place))))
        elif kind == "circuit":
            found.append(draw(_circuits()))
        else:
            found.append(draw(_nested(kind, depth)))
    return Block(tuple(found))


@st.composite
def programs(draw, kind: str) -> Block:
    """A program that has a circuit, and the construct ``kind``, which one in four nests further."""
    depth = draw(st.sampled_from([1, 1, 1, 2]))
    before = draw(blocks(0, st.integers(0, 1))).statements
    after = draw(blocks(0, st.integers(0, 1))).statements
    return Block((*before, draw(_circuits()), draw(_nested(kind, depth)), *after))
