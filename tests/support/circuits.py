"""Shared by the tests of circuits: members of the derivative family, random circuits, NumPy
algebra.

A ``Recipe`` is a circuit as plain data. ``function`` turns it into a quantum function of an array
``x``, so that the same circuit can be compiled, run by PennyLane, printed, and shrunk by
hypothesis.
"""

import os
from dataclasses import dataclass
from itertools import product
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml
from hypothesis import strategies as st

from qgrad_lab.circuit.ir.instructions import (
    Branch,
    Data,
    Expval,
    Gate,
    Index,
    Probs,
    Repeat,
    Slot,
    State,
    Term,
    Var,
)
from qgrad_lab.circuit.ir.program import Program
from qgrad_lab.circuit.ir.verify import verify
from qgrad_lab.engine.member import Member
from qgrad_lab.engine.primitive import bind
from qgrad_lab.gates.table import GATES

SEED = int(os.environ.get("QGRAD_SEED", int.from_bytes(os.urandom(4), "little")))
"""Of every random test; set QGRAD_SEED to repeat a run."""

PAULI = {
    "I": np.eye(2),
    "X": np.array([[0, 1], [1, 0]]),
    "Y": np.array([[0, -1j], [1j, 0]]),
    "Z": np.diag([1, -1]),
}


# -- The engine ------------------------------------------------------------------------------------


def member_value(member: Member, theta=(), index=(), data=(), *rest) -> np.ndarray:
    """The value of one member; every operand may have a batch dimension in front."""
    return np.asarray(bind(member, *operands_of(theta, index, data, *rest)))


def operands_of(theta=(), index=(), data=(), *rest) -> list[jax.Array]:
    """Operands of one member, all with as many dimensions as the one that has most."""
    types = [jnp.float64, jnp.int64, jnp.complex128] + [jnp.float64] * len(rest)
    arrays = [
        jnp.asarray(value, dtype)
        for value, dtype in zip([theta, index, data, *rest], types, strict=True)
    ]
    rank = max(array.ndim for array in arrays)
    return [array.reshape((1,) * (rank - array.ndim) + array.shape) for array in arrays]


def member_values(cases: list[tuple[Member, list[jax.Array]]]) -> list[np.ndarray]:
    """The values of many members from one XLA program, which compiles faster than one program
    each."""
    members = [member for member, _ in cases]

    def run(operands):
        return [bind(member, *own) for member, own in zip(members, operands, strict=True)]

    arguments = [operands for _, operands in cases]
    # What XLA could optimise here is little; the circuits are native.
    options = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}
    compiled = jax.jit(run).lower(arguments).compile(compiler_options=options)
    return [np.asarray(value) for value in compiled(arguments)]


def family(program: Program, method: str = "adjoint"):
    """E(theta) of a Program without index and data, as a JAX function."""
    member = Member(program, method)
    empty = jnp.zeros(0, jnp.int64), jnp.zeros(0, jnp.complex128)
    return lambda theta: bind(member, theta, *empty)


# -- States in NumPy -------------------------------------------------------------------------------


def random_state(rng: np.random.Generator, num_wires: int) -> np.ndarray:
    """A normalised state c128[2^n]."""
    state = rng.normal(size=2**num_wires) + 1j * rng.normal(size=2**num_wires)
    return state / np.linalg.norm(state)


def random_unitary(rng: np.random.Generator, size: int) -> np.ndarray:
    """A unitary c128[size, size]."""
    matrix = rng.normal(size=(size, size)) + 1j * rng.normal(size=(size, size))
    return np.linalg.qr(matrix)[0]


def apply_matrix(matrix: np.ndarray, wires, state: np.ndarray) -> np.ndarray:
    """A matrix on some wires, applied to a state c128[2^n]; the first wire is most significant."""
    num_wires = state.size.bit_length() - 1
    k = len(wires)
    tensor = state.reshape((2,) * num_wires)
    tensor = np.tensordot(matrix.reshape((2,) * (2 * k)), tensor, (range(k, 2 * k), wires))
    return np.moveaxis(tensor, range(k), wires).reshape(-1)


def apply_word(word, state: np.ndarray) -> np.ndarray:
    """A Pauli word, given as (wire, letter) pairs, applied to a state."""
    for wire, letter in word:
        state = apply_matrix(PAULI[letter], (wire,), state)
    return state


def marginal(numbers: np.ndarray, wires) -> np.ndarray:
    """Sum numbers over basis states onto ``wires``, in that order."""
    num_wires = numbers.size.bit_length() - 1
    tensor = numbers.reshape((2,) * num_wires)
    rest = tuple(wire for wire in range(num_wires) if wire not in wires)
    return np.transpose(tensor, (*wires, *rest)).reshape(2 ** len(wires), -1).sum(axis=1)


# -- Circuits as data ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Op:
    """One operation. ``angle``: a number, ``("x", i)``, or ``("f", i, j)`` for a computed one."""

    name: str
    wires: tuple[int, ...]
    angle: Any = None
    controls: tuple[int, ...] = ()
    values: tuple[bool, ...] = ()
    adjoint: bool = False
    extra: Any = None


@dataclass(frozen=True)
class Measure:
    """One measurement. ``terms``: (coefficient, word), a coefficient like an angle."""

    kind: str
    wires: tuple[int, ...] = ()
    form: str = ""
    terms: tuple[tuple[Any, tuple[tuple[int, str], ...]], ...] = ()


@dataclass(frozen=True)
class Recipe:
    """A circuit."""

    num_wires: int
    ops: tuple[Op, ...]
    measures: tuple[Measure, ...]


def number(value, x):
    """An angle or coefficient of a recipe."""
    match value:
        case ("x", i):
            return x[i]
        case ("f", i, j):
            return jnp.sin(x[i]) + x[i] * x[j]
        case _:
            return value


def operator(op: Op, x) -> qml.operation.Operator:
    """The PennyLane operator of one operation, queued."""
    wires = list(op.wires)
    angle = number(op.angle, x)
    base = getattr(qml, op.name)
    kind = GATES[op.name]
    parameters = [] if op.angle is None else [angle]
    match kind.extra:
        case "matrix":
            parameters.append(random_unitary(np.random.default_rng(op.extra), 2 ** len(wires)))
        case "state":
            parameters.append(random_state(np.random.default_rng(op.extra), len(wires)))
        case "bits":
            parameters.append(np.array(op.extra))
        case "letters" | "dimension":
            parameters.append(op.extra)
    made = base(*parameters) if kind.num_wires == 0 else base(*parameters, wires=wires)
    if op.adjoint:
        made = qml.adjoint(made, lazy=True)
    if op.controls:
        made = qml.ctrl(made, list(op.controls), control_values=list(op.values))
    return made


def _word(word):
    factors = [getattr(qml, letter)(wire) for wire, letter in word]
    return qml.prod(*factors) if len(factors) > 1 else factors[0] if factors else qml.I(0)


def observable(measure: Measure, x) -> qml.operation.Operator:
    """The observable of an expval or var in its form."""
    coefficients = [number(coefficient, x) for coefficient, _ in measure.terms]
    words = [_word(word) for _, word in measure.terms]
    match measure.form:
        case "word":
            return words[0]
        case "hamiltonian":
            # PennyLane refuses a list of traced and other numbers.
            return qml.Hamiltonian(jnp.stack([jnp.asarray(c, float) for c in coefficients]), words)
        case "sum":
            scaled = [qml.s_prod(c, word) for c, word in zip(coefficients, words, strict=True)]
            return qml.sum(*scaled) if len(scaled) > 1 else scaled[0]
        case "sprod":
            return qml.s_prod(coefficients[0], words[0])
        case "prod":
            # A square is Hermitian whatever the words, and its words overlap.
            total = qml.dot(coefficients, words)
            return qml.prod(total, total)
    raise AssertionError(measure.form)


def sum_of_words(measure: Measure, x, num_wires: int) -> jax.Array:
    """The observable as a matrix c128[2^n, 2^n] of ``x``."""
    total = jnp.zeros((2**num_wires,) * 2, complex)
    for coefficient, word in measure.terms:
        total += number(coefficient, x) * qml.matrix(_word(word), wire_order=range(num_wires))
    return total @ total if measure.form == "prod" else total


def function(recipe: Recipe, *, state_instead_of=lambda measure: False):
    """The quantum function of ``x``; some measurements may become ``qml.state()``."""

    def circuit(x):
        for op in recipe.ops:
            operator(op, x)
        results = []
        for measure in recipe.measures:
            if state_instead_of(measure):
                results.append(qml.state())
            elif measure.kind == "expval":
                results.append(qml.expval(observable(measure, x)))
            elif measure.kind == "var":
                results.append(qml.var(observable(measure, x)))
            elif measure.kind == "probs":
                results.append(qml.probs(wires=list(measure.wires)))
            else:
                results.append(qml.state())
        return tuple(results)

    return circuit


# -- Strategies ------------------------------------------------------------------------------------

FORMS = ("word", "hamiltonian", "sum", "sprod", "prod")
MEASUREMENTS = (
    *(("expval", form) for form in FORMS),
    *(("var", form) for form in FORMS),
    ("probs", "all"),
    ("probs", "some"),
    ("state", ""),
)

_angles = st.floats(-7.0, 7.0, allow_nan=False, allow_subnormal=False)


def _numbers(num_x: int):
    if num_x == 0:
        return _angles
    i = st.integers(0, num_x - 1)
    return st.one_of(
        st.tuples(st.just("x"), i),
        st.tuples(st.just("x"), i),
        _angles,
        st.tuples(st.just("f"), i, i),
    )


def _wires(num_wires: int, count: int):
    return st.permutations(range(num_wires)).map(lambda order: tuple(order[:count]))


@st.composite
def ops(draw, num_wires: int, num_x: int, name: str):
    """An operation of the kind ``name``, which has to fit on the wires."""
    kind = GATES[name]
    k = kind.num_wires
    if k is None:
        limit = 3 if kind.extra in ("matrix", "dimension", "state") else num_wires
        k = draw(st.integers(1, min(num_wires, limit)))
    # PennyLane decomposes controlled forms of gates that take no controls.
    may_control = not kind.prepares
    c = draw(st.integers(0, min(2, num_wires - k))) if may_control else 0
    chosen = draw(_wires(num_wires, k + c))
    extra = None
    match kind.extra:
        case "letters":
            extra = "".join(draw(st.lists(st.sampled_from("IXYZ"), min_size=k, max_size=k)))
        case "dimension":
            extra = draw(st.integers(0, 2**k))
        case "matrix" | "state":
            extra = draw(st.integers(0, 2**16))
        case "bits":
            extra = tuple(draw(st.lists(st.integers(0, 1), min_size=k, max_size=k)))
    return Op(
        name,
        chosen[c:],
        angle=draw(_numbers(num_x)) if kind.has_angle else None,
        controls=chosen[:c],
        values=tuple(draw(st.lists(st.booleans(), min_size=c, max_size=c))),
        adjoint=may_control and draw(st.booleans()),
        extra=extra,
    )


@st.composite
def measures(draw, num_wires: int, num_x: int, kind: str, form: str):
    """A measurement of the given kind and form."""
    if kind == "state":
        return Measure("state")
    if kind == "probs":
        count = num_wires if form == "all" else draw(st.integers(1, num_wires))
        return Measure("probs", draw(_wires(num_wires, count)), form)
    terms = []
    count = 1 if form in ("word", "sprod") else draw(st.integers(1, 3))
    for _ in range(count):
        length = draw(st.integers(1 if form == "word" else 0, min(3, num_wires)))
        letters = draw(st.lists(st.sampled_from("XYZ"), min_size=length, max_size=length))
        word = tuple(zip(draw(_wires(num_wires, length)), letters, strict=True))
        coefficient = 1.0 if form == "word" else draw(_numbers(num_x))
        terms.append((coefficient, word))
    return Measure(kind, (), form, tuple(terms))


@st.composite
def recipes(draw, must: str, measured: tuple[str, str], num_x: int, max_ops: int, max_wires: int):
    """A circuit that holds the gate ``must`` and the measurement ``measured``."""
    names = [name for name, kind in GATES.items() if not kind.prepares]
    preparing = GATES[must].prepares
    num_wires = draw(st.integers(GATES[must].num_wires or 1, max_wires))
    fitting = [name for name in names if (GATES[name].num_wires or 1) <= num_wires]
    preparations = [None, *(name for name, kind in GATES.items() if kind.prepares)]
    prepare = must if preparing else draw(st.sampled_from(preparations))
    first = [draw(ops(num_wires, num_x, prepare))] if prepare else []
    if not first or len(first[0].wires) < num_wires or GATES[prepare].extra == "bits":
        # |0..0> is fixed by many gates: leave it on every wire.
        first += [Op("RY", (wire,), angle=0.3 + 0.4 * wire) for wire in range(num_wires)]
    before = draw(st.lists(st.sampled_from(fitting), min_size=1, max_size=max_ops // 2))
    after = draw(st.lists(st.sampled_from(fitting), min_size=1, max_size=max_ops // 2))
    middle = [] if preparing else [must]
    rest = [draw(ops(num_wires, num_x, name)) for name in [*before, *middle, *after]]
    found = [draw(measures(num_wires, num_x, *measured))]
    for kind, form in draw(st.lists(st.sampled_from(MEASUREMENTS), max_size=1)):
        found.append(draw(measures(num_wires, num_x, kind, form)))
    return Recipe(num_wires, (*first, *rest), tuple(found))


def control_values(count: int):
    """Every choice of control values."""
    return list(product([False, True], repeat=count))


# -- Programs --------------------------------------------------------------------------------------


@dataclass
class RandomProgram:
    """A Program that holds everything the intermediate representation has, with its operands."""

    program: Program
    theta: np.ndarray
    index: np.ndarray
    data: np.ndarray

    def operands(self, rng, member: Member, batch: int) -> list[np.ndarray]:
        """Operands of a member, f64[batch or 1, ...]; some are shared by the batch."""
        theta, data = self.theta, self.data
        if member.circuit != self.program:  # data in theta
            theta = np.concatenate([theta, np.stack([data.real, data.imag], 1).ravel()])
            data = data[:0]
        fixed = [theta, self.index, data]
        operands = [np.tile(array, (batch if rng.integers(2) else 1, 1)) for array in fixed]
        operands[0][:, : self.theta.size] += rng.normal(size=(len(operands[0]), self.theta.size))
        sizes = [theta.size] * member.order + [member.circuit.num_outputs] * member.transposed
        operands += [rng.normal(size=(batch if rng.integers(2) else 1, size)) for size in sizes]
        if max(len(operand) for operand in operands) < batch:
            operands[0] = np.tile(operands[0], (batch, 1))
        return operands


def random_program(rng: np.random.Generator, names, num_wires: int) -> RandomProgram:
    """A Program with the gates ``names``, a loop, a choice, and every kind of measurement."""
    theta: list[float] = []
    index: list[int] = []
    data: list[complex] = []

    def slot(copies=1):
        theta.extend(rng.normal(size=copies))
        return len(theta) - copies

    def integer(value, traced):
        if not traced:
            return int(value)
        index.append(int(value))
        return Index(len(index) - 1)

    def gate(name):
        kind = GATES[name]
        k = kind.num_wires
        if k is None:
            k = int(rng.integers(1, min(3, num_wires) + 1))
        prepares = kind.prepares
        c = int(rng.integers(0, min(2, num_wires - k) + 1)) if kind.takes_controls else 0
        order = [int(wire) for wire in rng.permutation(num_wires)[: k + c]]
        traced = not prepares and rng.integers(4) == 0
        wires = tuple(integer(wire, traced and rng.integers(2)) for wire in order)
        match kind.extra:
            case "dimension":
                extra = (int(rng.integers(0, 2**k + 1)),)
            case "letters":
                extra = tuple(rng.choice(list("XYZ"), size=k).tolist())
            case "matrix" | "state":
                extra = (Data(len(data)),)
                unitary = kind.extra == "matrix"
                data.extend(
                    (random_unitary(rng, 2**k) if unitary else random_state(rng, k)).ravel()
                )
            case "bits":
                extra = tuple(integer(rng.integers(2), rng.integers(2)) for _ in range(k))
            case _:
                extra = ()
        angle = None
        if kind.has_angle:
            angle = float(rng.normal()) if rng.integers(4) == 0 else Slot(slot())
        values = tuple(bool(value) for value in rng.integers(0, 2, c))
        adjoint = not prepares and bool(rng.integers(2))
        return Gate(kind, wires[c:], angle, wires[:c], values, adjoint, extra)

    def loop():
        capacity = int(rng.integers(1, 4))
        count = integer(rng.integers(0, capacity + 1), rng.integers(2))
        wires = len(index)
        index.extend(int(wire) for wire in rng.integers(0, num_wires, capacity))
        angles = Slot(slot(2 * capacity), (2,))
        inner = Repeat(2, 2, (Gate(GATES["RZ"], (0,), Slot(angles.base + 1, (2, 0))),))
        rotation = Gate(GATES["RX"], (Index(wires, (1,)),), angles)
        return Repeat(count, capacity, (rotation, inner), reverse=bool(rng.integers(2)))

    def terms():
        found = []
        for _ in range(rng.integers(1, 4)):
            wires = rng.permutation(num_wires)[: rng.integers(0, num_wires + 1)]
            word = tuple((int(wire), str(rng.choice(list("XYZ")))) for wire in wires)
            found.append(Term(Slot(slot()) if rng.integers(2) else float(rng.normal()), word))
        return tuple(found)

    body = [gate(name) for name in names]
    body.append(loop())
    choices = ((), (gate("IsingXY") if num_wires > 1 else gate("RX"),), (loop(),))
    body.append(Branch(integer(rng.integers(3), rng.integers(2)), choices))
    some = tuple(int(wire) for wire in rng.permutation(num_wires)[: rng.integers(1, num_wires + 1)])
    measurements = [Expval(terms()), Var(terms()), Probs(some), State()]
    program = Program(
        num_wires,
        len(theta),
        len(index),
        len(data),
        tuple(body),
        tuple(measurements[i] for i in rng.permutation(4)[: rng.integers(1, 5)]),
    )
    arrays = np.array(theta), np.array(index, np.int64), np.array(data, np.complex128)
    return RandomProgram(program, *arrays)


def random_cases(rng: np.random.Generator, count: int):
    """Native members of random Programs that together hold every gate, with operands."""
    names = [name for name, kind in GATES.items() if not kind.prepares]
    preparations = [None, *(name for name, kind in GATES.items() if kind.prepares)]
    cases = []
    for number in range(count):
        prepare = preparations[number % len(preparations)]
        must = names[number % len(names)]
        least = GATES[must].num_wires or 1
        num_wires = int(rng.integers(least, 7))
        fitting = [name for name in names if (GATES[name].num_wires or 1) <= num_wires]
        others = rng.choice(fitting, size=rng.integers(1, 4)).tolist()
        made = random_program(rng, [*([prepare] if prepare else []), must, *others], num_wires)
        verify(made.program)
        member = Member(made.program, "adjoint", None, number // 2 % 2, bool(number % 2))
        if number % 5 == 0:
            member = member.absorbed()
        cases.append((member, made.operands(rng, member, int(rng.integers(1, 4)))))
    return cases
