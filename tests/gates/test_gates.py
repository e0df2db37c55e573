"""Every row of the gate table: its matrix, spectrum and derivatives, on 1 to 8 wires.

The expected numbers come from ``qml.matrix``. As a function of the angle a matrix is a
trigonometric polynomial whose frequencies are multiples of 1/2, so a discrete Fourier transform
over one period gives its frequencies and its derivatives exactly, with no step size.
"""

from fractions import Fraction
from functools import cache

import numpy as np
import pennylane as qml
import pytest
import scipy.linalg

from qgrad_lab.circuit.ir.extras import EXTRAS
from qgrad_lab.circuit.ir.instructions import (
    Data,
    Expval,
    Gate,
    Index,
    Probs,
    Slot,
    State,
    Term,
    Var,
)
from qgrad_lab.circuit.ir.program import Program
from qgrad_lab.circuit.lower.operands import Operands
from qgrad_lab.circuit.lower.operations import is_native, lower
from qgrad_lab.engine.member import Member
from qgrad_lab.gates import native
from qgrad_lab.gates.table import GATES
from tests.support.circuits import (
    SEED,
    apply_matrix,
    apply_word,
    control_values,
    marginal,
    member_values,
    operands_of,
    random_state,
    random_unitary,
)

TOLERANCE = 1e-12
MAX_WIRES = 8
ANGLES = [0.0, np.pi, 2 * np.pi, -1.3, 0.8]

WORDS = ("X", "Y", "Z", "XY", "ZYX", "YYXZ", "XZZYX", "XYZZYXZY")
SIZES_OF_EXTRA = {
    None: [(k, None) for k in (1, 2, 3, 5, 8)],
    "dimension": [(k, dimension) for k in (1, 2, 3) for dimension in range(2**k + 1)],
    "letters": [(len(word), word) for word in WORDS],
    "matrix": [(k, None) for k in (1, 2, 3, 4)],
}
"""For gates on any number of wires: numbers of wires, with a dimension or a word."""


def sizes_of(kind):
    return SIZES_OF_EXTRA[kind.extra] if kind.num_wires is None else [(kind.num_wires, None)]


VARIANTS = [
    (name, *size) for name, kind in GATES.items() if not kind.prepares for size in sizes_of(kind)
]
"""Name, number of wires, and a dimension or a word."""

ANGLED = [v for v in VARIANTS if GATES[v[0]].has_angle and v[1] <= 5]

PROPER = [v for v in ANGLED if GATES[v[0]].extra != "dimension" or 0 < v[2] < 2 ** v[1]]
"""Without dimensions that give every state the same phase: they have less than the spectrum."""


def ids(variant):
    return "-".join(str(part) for part in variant if part is not None)


def unitary_of(k: int) -> np.ndarray:
    return random_unitary(np.random.default_rng(k), 2**k)


def pennylane_operator(variant, wires, controls, values, adjoint, angle):
    """The operator that the Program's gate stands for."""
    name, k, extra = variant
    wires, controls = list(wires), list(controls)
    kind = GATES[name]
    parameters = [angle] if kind.has_angle else []
    if extra is not None:
        parameters.append(extra)
    elif kind.extra == "matrix":
        parameters.append(unitary_of(k))
    make = getattr(qml, name)
    operator = make(*parameters) if kind.num_wires == 0 else make(*parameters, wires=wires)
    if adjoint:
        operator = qml.adjoint(operator, lazy=True)
    if controls:
        operator = qml.ops.op_math.Controlled(operator, controls, control_values=list(values))
    return operator


@cache
def matrix_at(variant, values, adjoint, angle) -> np.ndarray:
    """The gate's matrix on its controls and wires, in that order."""
    _, k, _ = variant
    c = len(values)
    wires = list(range(c, c + k))
    operator = pennylane_operator(variant, wires, range(c), values, adjoint, angle)
    if c + k == 0:  # a GlobalPhase without controls, as a matrix on one wire
        return np.asarray(qml.matrix(operator, wire_order=[0]))
    return np.asarray(qml.matrix(operator, wire_order=range(c + k)))


PERIOD = 4 * np.pi
SAMPLES = 16  # frequencies below 4, in steps of 1/2


@cache
def fourier(variant, values, adjoint) -> dict[Fraction, np.ndarray]:
    """Matrices C_f with U(t) = sum_f C_f exp(i f t), those that are not zero."""
    step = PERIOD / SAMPLES
    samples = np.stack([matrix_at(variant, values, adjoint, step * j) for j in range(SAMPLES)])
    coefficients = np.fft.fft(samples, axis=0) / SAMPLES
    found = {}
    for j, coefficient in enumerate(coefficients):
        if np.abs(coefficient).max() > 1e-10:
            found[Fraction(j if j < SAMPLES // 2 else j - SAMPLES, 2)] = coefficient
    return found


def derivative(variant, values, adjoint, angle, order) -> np.ndarray:
    """The derivative of the matrix in its angle."""
    terms = fourier(variant, values, adjoint).items()
    return sum((1j * float(f)) ** order * np.exp(1j * float(f) * angle) * c for f, c in terms)


def gate(variant, wires, controls, values, adjoint, angle) -> Gate:
    """The Program's gate."""
    name, _, extra = variant
    match GATES[name].extra:
        case "dimension":
            own = (extra,)
        case "letters":
            own = tuple(extra)
        case "matrix":
            own = (Data(0),)
        case _:
            own = ()
    return Gate(GATES[name], wires, angle, controls, values, adjoint, own)


def control_choices(variant):
    """Control values: none, one, two, where the gate takes controls."""
    counts = (0, 1, 2) if GATES[variant[0]].takes_controls else (0,)
    return [values for c in counts for values in control_values(c)]


def placements(variant, rng, *, every_size: bool):
    """Each choice of controls and adjoint, on every number of wires or a random one, wires
    shuffled."""
    for values in control_choices(variant):
        for adjoint in (False, True):
            sizes = list(range(max(1, variant[1] + len(values)), MAX_WIRES + 1))
            for num_wires in sizes if every_size else sizes and [int(rng.choice(sizes))]:
                order = [int(wire) for wire in rng.permutation(num_wires)]
                controls = tuple(order[: len(values)])
                wires = tuple(order[len(values) : len(values) + variant[1]])
                yield num_wires, wires, controls, values, adjoint


def data_of(variant, state) -> np.ndarray:
    """The gate's matrix, if it is an operand, and the initial state."""
    has_matrix = GATES[variant[0]].extra == "matrix"
    matrix = unitary_of(variant[1]).ravel() if has_matrix else np.zeros(0)
    return np.concatenate([matrix, state])


def program(variant, num_wires, placed, measurements, num_index=0) -> Program:
    """The gate on a state from data, its angle theta[0]."""
    angle = Slot(0) if GATES[variant[0]].has_angle else None
    offset = 4 ** variant[1] if GATES[variant[0]].extra == "matrix" else 0
    prepare = Gate(GATES["StatePrep"], tuple(range(num_wires)), extra=(Data(offset),))
    return Program(
        num_wires,
        num_theta=int(angle is not None),
        num_index=num_index,
        num_data=offset + 2**num_wires,
        body=(prepare, gate(variant, *placed, angle)),
        measurements=tuple(measurements),
    )


def amplitudes(numbers: np.ndarray) -> np.ndarray:
    return numbers.reshape(*numbers.shape[:-1], -1, 2) @ np.array([1, 1j])


def acting_on(matrix, wires, controls, state):
    """A matrix on (controls, wires) applied to a state; without either it is a phase."""
    on = (*controls, *wires)
    return apply_matrix(matrix, on or (0,), state)


# -- The table -------------------------------------------------------------------------------------


def test_rows_stand_in_the_order_of_their_opcodes():
    assert [kind.opcode for kind in GATES.values()] == list(range(1, len(GATES) + 1))
    assert [kind.name for kind in GATES.values()] == list(GATES)


def test_the_native_table_is_the_one_that_the_rows_make():
    assert native.PATH.read_text() == native.table_text(), "run: python -m qgrad_lab.gates"


@pytest.mark.parametrize("name", [name for name, kind in GATES.items() if kind.waves])
def test_the_matrix_of_the_row_is_that_of_pennylane(name):
    kind = GATES[name]
    for angle in ANGLES if kind.has_angle else ANGLES[:1]:
        matrix = np.zeros((2**kind.num_wires,) * 2, complex)
        for frequency, cosine, sine in kind.waves:
            phase = float(frequency) * angle
            for factor, entries in ((np.cos(phase), cosine), (np.sin(phase), sine)):
                for place, value in entries.items():
                    matrix[place] += factor * value
        expected = matrix_at((name, kind.num_wires, None), (), False, angle)
        if kind.num_wires == 0:
            matrix = matrix[0, 0] * np.eye(2)
        np.testing.assert_allclose(matrix, expected, atol=1e-15)


@pytest.mark.parametrize("variant", VARIANTS, ids=ids)
def test_traits_are_those_of_the_matrix(variant):
    kind = GATES[variant[0]]
    if kind.extra in ("letters", "matrix"):
        assert not kind.is_diagonal and not kind.is_monomial and not kind.inverts_itself
        return
    matrices = [matrix_at(variant, (), False, angle) for angle in (0.4, 1.9)]
    present = [np.abs(matrix) > TOLERANCE for matrix in matrices]
    squares = [matrix @ matrix for matrix in matrices]
    assert kind.is_diagonal == all(
        np.array_equal(p, p & np.eye(len(p), dtype=bool)) for p in present
    )
    assert kind.is_monomial == all((p.sum(axis) == 1).all() for p in present for axis in (0, 1))
    one = np.eye(len(matrices[0]))
    assert kind.inverts_itself == all(
        np.allclose(square, one, atol=TOLERANCE) for square in squares
    )


@pytest.mark.parametrize("variant", ANGLED, ids=ids)
def test_spectrum_is_that_of_the_generator(variant):
    kind = GATES[variant[0]]
    for values in control_choices(variant):
        fixed = matrix_at(variant, values, False, 0.0)
        generator = -1j * derivative(variant, values, False, 0.0, 1) @ fixed.conj().T
        np.testing.assert_allclose(generator, generator.conj().T, atol=TOLERANCE)
        for angle in ANGLES:
            np.testing.assert_allclose(
                scipy.linalg.expm(1j * angle * generator) @ fixed,
                matrix_at(variant, values, False, angle),
                atol=TOLERANCE,
            )
        eigenvalues = set(np.round(np.linalg.eigvalsh(generator), 9) + 0.0)
        expected = {float(value) for value in kind.spectrum}
        expected |= {0.0} if values else set()
        if variant in PROPER:
            assert eigenvalues == expected
        else:
            assert eigenvalues < expected


@pytest.mark.parametrize("variant", PROPER, ids=ids)
def test_frequencies_are_complete_and_none_is_spare(variant):
    kind = GATES[variant[0]]
    rng = np.random.default_rng(0)
    for values in control_choices(variant):
        terms = fourier(variant, values, False)
        # Nothing beyond the sampled frequencies: the series holds off the sampled angles.
        np.testing.assert_allclose(
            derivative(variant, values, False, 0.777, 0),
            matrix_at(variant, values, False, 0.777),
            atol=TOLERANCE,
        )
        controlled = bool(values)
        assert {abs(f) for f in terms if f} == kind.frequencies(
            controlled=controlled, amplitudes=True
        )
        size = next(iter(terms.values())).shape[0]
        observable = rng.normal(size=(size, size)) + 1j * rng.normal(size=(size, size))
        state = random_state(rng, size.bit_length() - 1)
        found = {}
        for f, left in terms.items():
            for g, right in terms.items():
                element = (left @ state).conj() @ observable @ (right @ state)
                found[g - f] = found.get(g - f, 0) + element
        present = {abs(f) for f, value in found.items() if f and abs(value) > 1e-10}
        assert present == kind.frequencies(controlled=controlled)


@pytest.mark.parametrize("variant", VARIANTS, ids=ids)
def test_operations_are_lowered_to_the_gate(variant):
    angle = 0.61 if GATES[variant[0]].has_angle else None
    for values in control_choices(variant):
        for adjoint in (False, True):
            controls = tuple(range(len(values)))
            wires = tuple(range(len(values), len(values) + variant[1]))[::-1]
            operator = pennylane_operator(variant, wires, controls, values, adjoint, angle)
            assert is_native(operator)
            wire_map = {wire: wire for wire in range(10)}
            expected = gate(variant, wires, controls, values, adjoint, angle)
            # On known wires there is nothing to check, and nothing to do.
            instructions = [] if variant[0] == "Identity" else [expected]
            assert lower(operator, wire_map, Operands()) == instructions


# -- States ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("variant", VARIANTS, ids=ids)
def test_states_are_those_of_the_matrix(variant):
    rng = np.random.default_rng(SEED)
    has_angle = GATES[variant[0]].has_angle
    cases, expected = [], []
    for num_wires, *placed in placements(variant, rng, every_size=True):
        wires, controls, values, adjoint = placed
        states = [random_state(rng, num_wires) for _ in range(2)]
        angle = float(rng.uniform(-7, 7)) if has_angle else None
        matrix = matrix_at(variant, values, adjoint, angle)
        expected.append([acting_on(matrix, wires, controls, state) for state in states])
        operands = operands_of(
            [angle] if has_angle else [], (), [data_of(variant, state) for state in states]
        )
        made = program(variant, num_wires, placed, [State()])
        cases.append((Member(made, "adjoint"), operands))
    for value, states in zip(member_values(cases), expected, strict=True):
        np.testing.assert_allclose(amplitudes(value), states, atol=TOLERANCE)


@pytest.mark.parametrize("variant", VARIANTS, ids=ids)
def test_wires_known_only_at_run_time_make_no_difference(variant):
    rng = np.random.default_rng(SEED)
    has_angle = GATES[variant[0]].has_angle
    cases = []
    for num_wires, *placed in placements(variant, rng, every_size=False):
        wires, controls, values, adjoint = placed
        all_wires = [*controls, *wires]
        # One element of index for each of them, in reverse; the last wire stays known.
        places = [Index(len(all_wires) - 1 - i) for i in range(len(all_wires) - 1)]
        mixed = (*places, *all_wires[-1:])
        c = len(controls)
        traced = [mixed[c:], mixed[:c], values, adjoint]
        data = data_of(variant, random_state(rng, num_wires))
        theta = [0.7] if has_angle else []
        member = Member(program(variant, num_wires, placed, [State()]), "adjoint")
        cases.append((member, operands_of(theta, (), data)))
        made = program(variant, num_wires, traced, [State()], num_index=len(all_wires))
        cases.append((Member(made, "adjoint"), operands_of(theta, all_wires[::-1], data)))
    values = member_values(cases)
    for known, traced in zip(values[::2], values[1::2], strict=True):
        np.testing.assert_allclose(traced, known, atol=TOLERANCE)


@pytest.mark.parametrize("num_wires", [1, 2, 3, 5, 8])
def test_basis_states_from_literal_and_traced_bits(num_wires):
    from qgrad_lab.circuit.ir.instructions import Index

    rng = np.random.default_rng(SEED)
    for k in range(1, num_wires + 1):
        wires = tuple(int(wire) for wire in rng.permutation(num_wires)[:k])
        bits = [int(bit) for bit in rng.integers(0, 2, k)]
        expected = np.zeros(2**num_wires)
        expected[
            sum(bit << (num_wires - 1 - wire) for wire, bit in zip(wires, bits, strict=True))
        ] = 1
        kind = GATES["BasisState"]
        literal = Gate(kind, wires, extra=tuple(bits))
        traced = Gate(kind, wires, extra=tuple(Index(k - 1 - i) for i in range(k)))
        programs = [
            Program(num_wires, body=(literal,), measurements=(State(),)),
            Program(num_wires, num_index=k, body=(traced,), measurements=(State(),)),
        ]
        cases = [
            (Member(programs[0], "adjoint"), operands_of()),
            (Member(programs[1], "adjoint"), operands_of((), bits[::-1])),
        ]
        for value in member_values(cases):
            np.testing.assert_array_equal(amplitudes(value), expected)


@pytest.mark.parametrize("num_wires", [1, 2, 3, 5, 8])
def test_states_from_data_on_some_wires(num_wires):
    rng = np.random.default_rng(SEED)
    cases, expected = [], []
    for k in range(1, num_wires + 1):
        wires = tuple(int(wire) for wire in rng.permutation(num_wires)[:k])
        state = random_state(rng, k)
        prepare = Gate(GATES["StatePrep"], wires, extra=(Data(2),))
        made = Program(
            num_wires, num_data=2 + 2**k, body=(prepare,), measurements=(State(), Probs(wires))
        )
        cases.append((Member(made, "adjoint"), operands_of((), (), [9, 9, *state])))
        tensor = np.zeros((2,) * num_wires, complex)
        tensor[tuple(slice(None) if wire in wires else 0 for wire in range(num_wires))] = (
            np.transpose(state.reshape((2,) * k), np.argsort(wires).tolist())
        )
        expected.append((tensor.ravel(), np.abs(state) ** 2))
    for value, (state, probs) in zip(member_values(cases), expected, strict=True):
        np.testing.assert_allclose(amplitudes(value[: 2 * state.size]), state, atol=TOLERANCE)
        np.testing.assert_allclose(value[2 * state.size :], probs, atol=TOLERANCE)


# -- Derivatives -----------------------------------------------------------------------------------

NATIVE_MEMBERS = [("adjoint", k, transposed) for k in (0, 1) for transposed in (False, True)]
SHIFTED_MEMBERS = [("parameter-shift", 1, False), ("parameter-shift", 0, True)]
"""Method, order, transposed."""


def members_to_test(adjoint: bool):
    """Shift rules are slow to compile and do not depend on whether the gate is an adjoint."""
    return NATIVE_MEMBERS if adjoint else NATIVE_MEMBERS + SHIFTED_MEMBERS


@pytest.mark.parametrize("variant", ANGLED, ids=ids)
def test_derivatives_of_amplitudes_are_those_of_the_matrix(variant):
    """Forward, tangent, adjoint, and both together, by native sweeps and by shifts."""
    rng = np.random.default_rng(SEED)
    cases, expected = [], []
    for num_wires, *placed in placements(variant, rng, every_size=False):
        wires, controls, values, adjoint = placed
        state = random_state(rng, num_wires)
        made = program(variant, num_wires, placed, [State()])
        angle = ANGLES[len(cases) % len(ANGLES)]
        tangent, cotangent = rng.normal(size=1), rng.normal(size=2 ** (num_wires + 1))
        images = [
            acting_on(derivative(variant, values, adjoint, angle, order), wires, controls, state)
            for order in range(3)
        ]
        numbers = [np.stack([image.real, image.imag], -1).ravel() for image in images]
        for method, order, transposed in members_to_test(adjoint):
            rest = [tangent] * order + [cotangent] * transposed
            operands = operands_of([angle], (), data_of(variant, state), *rest)
            cases.append((Member(made, method, None, order, transposed), operands))
            value = numbers[order + transposed] * tangent[0] ** order
            expected.append([value @ cotangent] if transposed else value)
    for (member, _), value, wanted in zip(cases, member_values(cases), expected, strict=True):
        np.testing.assert_allclose(value, wanted, atol=TOLERANCE, err_msg=str(member))


def _second_order(image, apply):
    """<O>, its first and second derivative, from a state and its two derivatives."""
    psi, first, second = image
    o_psi = apply(psi)
    value = np.vdot(psi, o_psi).real
    slope = 2 * np.vdot(first, o_psi).real
    curvature = 2 * np.vdot(second, o_psi).real + 2 * np.vdot(first, apply(first)).real
    return np.array([value, slope, curvature])


@pytest.mark.parametrize("variant", ANGLED, ids=ids)
def test_derivatives_of_measured_numbers_are_those_of_the_matrix(variant):
    """expval and var of random observables and probs of some wires, all in one Program."""
    rng = np.random.default_rng(SEED)
    cases, expected = [], []
    for num_wires, *placed in placements(variant, rng, every_size=False):
        wires, controls, values, adjoint = placed
        state = random_state(rng, num_wires)
        words = [
            tuple(
                (int(wire), str(rng.choice(list("XYZ"))))
                for wire in rng.permutation(num_wires)[: rng.integers(1, num_wires + 1)]
            )
            for _ in range(3)
        ]
        coefficients = [float(c) for c in rng.normal(size=3)]
        terms = tuple(map(Term, coefficients, words))
        kept = tuple(int(wire) for wire in rng.permutation(num_wires)[:2])
        made = program(variant, num_wires, placed, [Expval(terms), Probs(kept), Var(terms)])
        angle = ANGLES[len(cases) % len(ANGLES)]
        image = [
            acting_on(derivative(variant, values, adjoint, angle, order), wires, controls, state)
            for order in range(3)
        ]

        def apply(psi, words=words, coefficients=coefficients):
            pairs = zip(coefficients, words, strict=True)
            return sum(c * apply_word(word, psi) for c, word in pairs)

        mean = _second_order(image, apply)
        square = _second_order(image, lambda psi, apply=apply: apply(apply(psi)))
        variance = square - [
            mean[0] ** 2,
            2 * mean[0] * mean[1],
            2 * mean[1] ** 2 + 2 * mean[0] * mean[2],
        ]
        psi, first, second = image
        probs = [
            np.abs(psi) ** 2,
            2 * (psi.conj() * first).real,
            2 * (psi.conj() * second).real + 2 * np.abs(first) ** 2,
        ]
        numbers = [
            np.array([mean[order], *marginal(probs[order], kept), variance[order]])
            for order in range(3)
        ]
        tangent, cotangent = rng.normal(size=1), rng.normal(size=len(numbers[0]))
        for method, order, transposed in members_to_test(adjoint):
            rest = [tangent] * order + [cotangent] * transposed
            operands = operands_of([angle], (), data_of(variant, state), *rest)
            cases.append((Member(made, method, None, order, transposed), operands))
            value = numbers[order + transposed] * tangent[0] ** order
            expected.append([value @ cotangent] if transposed else value)
    for (member, _), value, wanted in zip(cases, member_values(cases), expected, strict=True):
        np.testing.assert_allclose(value, wanted, atol=20 * TOLERANCE, err_msg=str(member))


def test_preparations_take_no_part_in_derivatives():
    assert {name for name, kind in GATES.items() if kind.prepares} == {"BasisState", "StatePrep"}
    assert not any(kind.has_angle for kind in GATES.values() if kind.prepares)


def test_every_kind_of_extra_operand_has_its_class():
    assert {kind.extra for kind in GATES.values()} - {None} <= EXTRAS.keys()
