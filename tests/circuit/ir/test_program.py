"""The Program: its text, its verifier, its identity, its encoding and its shift rules."""

import dataclasses
import math
import re
from fractions import Fraction

import jax.numpy as jnp
import numpy as np
import pytest

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
    places,
    walk,
)
from qgrad_lab.circuit.ir.program import Program
from qgrad_lab.circuit.ir.text import program_text
from qgrad_lab.circuit.ir.verify import MAX_WIRES, verify
from qgrad_lab.engine.member import Member
from qgrad_lab.engine.shift_rules import NO_DEPENDENCE, QUADRATIC_RULE, trigonometric_rule
from qgrad_lab.gates.table import GATES
from tests.support.circuits import family, member_value


def gate(name, *wires, angle=None, **others) -> Gate:
    return Gate(GATES[name], wires, angle, **others)


Z0 = Expval((Term(1.0, ((0, "Z"),)),))


# -- Text ------------------------------------------------------------------------------------------


def test_text_of_every_kind_of_operation():
    body = (
        gate("StatePrep", 0, 1, extra=(Data(16),)),
        gate("RX", 0, angle=Slot(0)),
        gate("RX", 0, angle=0.1),
        gate("PauliX", 1, controls=(0,), control_values=(True,)),
        gate("PauliX", 2, controls=(0, 1), control_values=(True, True)),
        gate("PauliX", 2, controls=(0, 1), control_values=(True, False)),
        gate("RY", 2, angle=Slot(1), controls=(3,), control_values=(True,), adjoint=True),
        gate("PhaseShift", 3, angle=-1.5, controls=(0,), control_values=(False,), adjoint=True),
        gate("S", 0, adjoint=True),
        gate("SWAP", 1, 2, controls=(0,), control_values=(True,)),
        gate("MultiRZ", 0, 1, 2, angle=Slot(2)),
        gate("PCPhase", 0, 1, angle=1.0, extra=(3,)),
        gate("PauliRot", 2, 0, angle=Slot(3), extra=("X", "Y")),
        gate("QubitUnitary", 3, 1, extra=(Data(0),)),
        gate("GlobalPhase", angle=Slot(3)),
        gate("RZ", Index(1), angle=0.0, controls=(Index(0),), control_values=(True,)),
    )
    measurements = (
        Expval((Term(1.0, ((0, "Z"), (2, "X"))), Term(Slot(4), ()), Term(-0.5, ((1, "Y"),)))),
        Var((Term(2.0, ((3, "Y"),)),)),
        Expval(()),
        Probs((2, 0)),
        State(),
    )
    program = Program(4, 5, 2, 20, body, measurements, name="ansatz")
    verify(program)
    expected = """\
program ansatz(theta: f64[5], index: i64[2], data: c128[20]) on 4 wires {
  StatePrep(data[16:20]) 0 1
  RX(theta[0]) 0
  RX(0.10000000000000001) 0
  CNOT 0 1
  Toffoli 0 1 2
  control 0=1 1=0 { PauliX 2 }
  adjoint { CRY(theta[1]) 3 2 }
  control 0=0 { adjoint { PhaseShift(-1.5) 3 } }
  adjoint { S 0 }
  CSWAP 0 1 2
  MultiRZ(theta[2]) 0 1 2
  PCPhase(1, dim=3) 0 1
  PauliRot(theta[3], XY) 2 0
  QubitUnitary(data[0:16]) 3 1
  GlobalPhase(theta[3])
  CRZ(0) index[0] index[1]
  return expval(Z0 @ X2 + theta[4] * I + -0.5 * Y1), var(2 * Y3), expval(0), probs(2, 0), state()
}"""
    assert str(program) == program_text(program) == expected


def test_text_of_a_basis_state_and_of_one_wire():
    body = (gate("BasisState", 0, extra=(1,)),)
    assert str(Program(1, body=body, measurements=(State(),))) == (
        "program circuit() on 1 wire {\n  BasisState(1) 0\n  return state()\n}"
    )
    body = (gate("BasisState", 1, 0, extra=(0, Index(2))),)
    assert "BasisState(0, index[2]) 1 0" in str(Program(2, 0, 3, body=body))


def test_text_of_loops_and_branches():
    inner = Repeat(
        2,
        2,
        (gate("RY", 1, angle=Slot(4, (6, 1))), gate("QubitUnitary", 0, extra=(Data(0, (0, 4)),))),
    )
    loop = Repeat(
        Index(0), 3, (gate("RX", Index(1, (1,)), angle=Slot(0, (2,))), inner), reverse=True
    )
    choice = Branch(Index(4), ((gate("PauliX", 0),), (loop,), ()))
    program = Program(2, 22, 5, 8, (choice,), (Z0,), name="looped")
    verify(program)
    assert (
        str(program)
        == """\
program looped(theta: f64[22], index: i64[5], data: c128[8]) on 2 wires {
  branch index[4] case 0 {
    PauliX 0
  } case 1 {
    repeat index[0] times backwards i {
      RX(theta[2*i]) index[1 + i]
      repeat 2 times j {
        RY(theta[4 + 6*i + j]) 1
        QubitUnitary(data[4*j:4*j + 4]) 0
      }
    }
  } case 2 {
  }
  return expval(Z0)
}"""
    )


def test_a_printed_number_reads_back_as_itself():
    for number in (1 / 3, -math.pi, 1e-300, 5e-324, 123456789.123456789):
        text = str(Program(1, body=(gate("RX", 0, angle=number),), measurements=(Z0,)))
        assert float(re.search(r"RX\((.*?)\)", text)[1]) == number


# -- Verifier --------------------------------------------------------------------------------------


def _expval(coefficient, *word):
    return Expval((Term(coefficient, word),))


MALFORMED = {
    "1 to 40 wires, got 0": Program(0, measurements=(Z0,)),
    "1 to 40 wires, got 41": Program(MAX_WIRES + 1, measurements=(Z0,)),
    "operation 0, RX(0.5) 1: wire 1 is not one of 0 to 0": Program(
        1, body=(gate("RX", 1, angle=0.5),)
    ),
    "wire -1 is not one of 0 to 1": Program(2, body=(gate("PauliX", -1),)),
    "operation 1, SWAP 1 1: wire 1 is used twice": Program(
        2, body=(gate("PauliX", 0), gate("SWAP", 1, 1))
    ),
    "CNOT 0 0: wire 0 is used twice": Program(
        2, body=(gate("PauliX", 0, controls=(0,), control_values=(True,)),)
    ),
    "acts on 2 wires, got 1": Program(2, body=(gate("SWAP", 0),)),
    "needs at least one wire": Program(2, body=(gate("MultiRZ", angle=1.0),)),
    "needs one control value for each control": Program(
        2, body=(gate("PauliX", 0, controls=(1,)),)
    ),
    "it has no angle": Program(1, body=(gate("RX", 0),)),
    "it takes no angle": Program(1, body=(gate("PauliX", 0, angle=1.0),)),
    "theta[1:2] does not exist, theta has length 1": Program(
        1, 1, body=(gate("RX", 0, angle=Slot(1)),)
    ),
    "theta[0:1] does not exist, theta has length 0": Program(1, measurements=(_expval(Slot(0)),)),
    "the number nan is not finite": Program(1, body=(gate("RX", 0, angle=math.nan),)),
    "the number inf is not finite": Program(1, measurements=(_expval(math.inf),)),
    "prepared by the first operation": Program(
        1, body=(gate("PauliX", 0), gate("BasisState", 0, extra=(1,)))
    ),
    "prepared by the first operation, on": Program(
        1, body=(gate("BasisState", 0, extra=(1,), adjoint=True),)
    ),
    "only be prepared by the first": Program(
        2, body=(gate("BasisState", 0, extra=(1,), controls=(1,), control_values=(True,)),)
    ),
    "on known wires": Program(2, 0, 1, body=(gate("BasisState", Index(0), extra=(1,)),)),
    "dimension lies between 0 and 2, got (3,)": Program(
        1, body=(gate("PCPhase", 0, angle=1.0, extra=(3,)),)
    ),
    "dimension lies between 0 and 2, got ()": Program(1, body=(gate("PCPhase", 0, angle=1.0),)),
    "takes 1 letters X, Y, Z, got ('I',)": Program(
        1, body=(gate("PauliRot", 0, angle=1.0, extra=("I",)),)
    ),
    "takes 2 letters": Program(2, body=(gate("PauliRot", 0, 1, angle=1.0, extra=("X",)),)),
    "it takes no controls": Program(
        2,
        body=(gate("PauliRot", 0, angle=1.0, extra=("X",), controls=(1,), control_values=(True,)),),
    ),
    "it needs 4 elements of data": Program(1, 0, 0, 4, body=(gate("QubitUnitary", 0),)),
    "data[1:5] does not exist, data has length 4": Program(
        1, 0, 0, 4, body=(gate("QubitUnitary", 0, extra=(Data(1),)),)
    ),
    "data[0:4] does not exist, data has length 3": Program(
        2, 0, 0, 3, body=(gate("StatePrep", 0, 1, extra=(Data(0),)),)
    ),
    "it takes 2 bits, got 1": Program(2, body=(gate("BasisState", 0, 1, extra=(1,)),)),
    "index[1:2] does not exist, index has length 1": Program(
        1, 0, 1, body=(gate("BasisState", 0, extra=(Index(1),)),)
    ),
    "index[3:4] does not exist": Program(2, 0, 3, body=(gate("PauliX", Index(3)),)),
    "it takes no extra operands, got (1,)": Program(1, body=(gate("PauliX", 0, extra=(1,)),)),
    "operation 0: 3 iterations do not fit a capacity of 2": Program(1, body=(Repeat(3, 2, ()),)),
    "operation 0: -1 iterations": Program(1, body=(Repeat(-1, 2, ()),)),
    "operation 0: index[0:1] does not exist": Program(1, body=(Repeat(Index(0), 2, ()),)),
    "operation 0: there is no branch to choose": Program(1, body=(Branch(0, ()),)),
    "operation 0: index[7:8] does not exist": Program(1, 0, 7, body=(Branch(Index(7), ((),)),)),
    "operation 1.0, RX(theta[2*i]) 0: theta[4:5] does not exist, theta has length 4": Program(
        1, 4, body=(gate("PauliX", 0), Repeat(3, 3, (gate("RX", 0, angle=Slot(0, (2,))),)))
    ),
    "theta[0] has 1 strides in 0 loops": Program(1, 1, body=(gate("RX", 0, angle=Slot(0, (1,))),)),
    "operation 0.0.0, PauliX 5": Program(
        1, body=(Branch(0, ((Repeat(1, 1, (gate("PauliX", 5),)),),)),)
    ),
    "does not exist, theta has length 9": Program(1, 9, body=(gate("RX", 0, angle=Slot(-1)),)),
    "theta[-2:-1] does not exist": Program(
        1, 9, body=(Repeat(2, 2, (gate("RX", 0, angle=Slot(0, (-2,))),)),)
    ),
    "wire 2 is not one of 0 to 1": Program(2, measurements=(Probs((0, 2)),)),
    "at Probs(wires=()): probs needs at least one wire": Program(2, measurements=(Probs(()),)),
    "at Probs(wires=(1, 1)): wire 1 is used twice": Program(2, measurements=(Probs((1, 1)),)),
    "wire 3 is not one of 0 to 2": Program(3, measurements=(_expval(1.0, (3, "X")),)),
    "wire 0 is used twice": Program(3, measurements=(Var(_expval(1.0, (0, "X"), (0, "Y")).terms),)),
    "has a letter other than X, Y, Z": Program(1, measurements=(_expval(1.0, (0, "I")),)),
}


@pytest.mark.parametrize("message", MALFORMED)
def test_a_malformed_program_is_refused_by_the_verifier_and_by_the_native_library(message):
    program = MALFORMED[message]
    with pytest.raises(ValueError, match=re.escape(message)) as raised:
        verify(program)
    assert str(raised.value).startswith("malformed Program 'circuit'")
    try:
        assert len(program.words) > 0
    except ValueError:
        return  # cannot even be written down
    if not program.measurements:
        program = dataclasses.replace(program, measurements=(Z0,))
    operands = np.zeros(program.num_theta), [0] * program.num_index, [0] * program.num_data
    with pytest.raises(Exception, match="corrupt Program at word"):
        member_value(Member(program, "adjoint"), *operands)


def test_the_verifier_accepts_what_lies_on_its_limits():
    verify(Program(MAX_WIRES, measurements=(State(),)))
    verify(Program(1, 0, 0, 4, (gate("QubitUnitary", 0, extra=(Data(0),)),), (Z0,)))
    verify(Program(1, 5, body=(Repeat(3, 3, (gate("RX", 0, angle=Slot(0, (2,))),)),)))
    verify(Program(1, 1, body=(Repeat(0, 0, (gate("RX", 0, angle=Slot(0, (2,))),)),)))
    verify(Program(1, body=(Repeat(2, 2, ()),)))
    verify(Program(1, body=(Branch(0, ((),)),)))
    verify(Program(1, body=(gate("PCPhase", 0, angle=1.0, extra=(2,)),)))


# -- Identity --------------------------------------------------------------------------------------


SLOT = Slot(0)


def example(angle=SLOT, wire=0, name="circuit"):
    return Program(2, 1, body=(gate("RX", wire, angle=angle),), measurements=(Z0,), name=name)


def test_equal_programs_are_equal_and_hash_the_same():
    assert example() == example() and hash(example()) == hash(example())
    assert example().digest == example().digest
    assert example() == example(name="other")
    assert len({example(), example(name="other"), example(wire=1)}) == 2


@pytest.mark.parametrize(
    "other",
    [
        example(angle=0.5),
        example(wire=1),
        dataclasses.replace(example(), num_wires=3),
        dataclasses.replace(example(), num_theta=2),
        dataclasses.replace(example(), num_index=1),
        dataclasses.replace(example(), num_data=1),
        dataclasses.replace(example(), body=()),
        dataclasses.replace(example(), body=example().body * 2),
        dataclasses.replace(example(), body=(gate("RY", 0, angle=Slot(0)),)),
        dataclasses.replace(example(), body=(gate("RX", 0, angle=Slot(0), adjoint=True),)),
        dataclasses.replace(example(), body=(Repeat(1, 1, example().body),)),
        dataclasses.replace(example(), body=(Branch(0, (example().body,)),)),
        dataclasses.replace(example(), measurements=(Var(Z0.terms),)),
        dataclasses.replace(example(), measurements=(Z0, Z0)),
        dataclasses.replace(example(), measurements=(_expval(-1.0, (0, "Z")),)),
        "a string",
        None,
    ],
    ids=str,
)
def test_programs_that_differ_are_not_equal(other):
    assert example() != other
    if isinstance(other, Program):
        assert example().digest != other.digest
        assert str(example()) != str(other)


def test_signs_of_zero_and_neighbouring_numbers_are_told_apart():
    numbers = [0.0, -0.0, 5e-324, 1.0, np.nextafter(1.0, 2.0)]
    assert len({example(angle=float(number)) for number in numbers}) == len(numbers)


def test_a_program_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        example().num_wires = 3


def test_repr_is_short_and_computes_nothing(monkeypatch):
    def fail(self):
        raise AssertionError("computed")

    for name in ("words", "digest", "shift_rules", "num_outputs"):
        monkeypatch.setattr(Program, name, property(fail))
    monkeypatch.setattr(Program, "__str__", fail)
    program = Program(3, 7, body=(gate("PauliX", 0),) * 1000, name="big")
    assert repr(program) == "<Program big: 3 wires, 1000 operations, theta f64[7]>"


# -- Encoding --------------------------------------------------------------------------------------


def test_words_begin_with_what_the_decoder_expects():
    from qgrad_lab.engine.library import ENCODING_VERSION, FFI_TARGET

    words = Program(3, 1, 2, 4, measurements=(Z0,)).words
    assert words.dtype == np.int64
    assert words[0].tobytes() == b"QGRAD\0\0\0"
    assert words[1:8].tolist() == [ENCODING_VERSION, 3, 1, 2, 4, 0, 1]
    assert FFI_TARGET.endswith(f"_v{ENCODING_VERSION}")


def test_encoded_programs_do_what_they_say():
    """Known results for every part of the encoding; the gates are the subject of test_gates."""
    half = math.sqrt(0.5)
    body = (
        gate("BasisState", 1, 0, 2, extra=(Index(1), 0, 1)),
        gate("Hadamard", 0),
        gate("RX", 2, angle=Slot(1), controls=(1, 0), control_values=(True, False)),
        gate("QubitUnitary", 2, extra=(Data(1),)),
    )
    measurements = (
        Probs((2, 1)),
        _expval(Slot(0), (0, "X")),
        Expval((Term(2.0, ((1, "Z"), (2, "Z"))), Term(0.25, ()))),
        Var((Term(1.0, ((0, "X"),)), Term(3.0, ((1, "Z"),)))),
        State(),
    )
    program = Program(3, 2, 2, 5, body, measurements)
    verify(program)
    values = member_value(Member(program, "adjoint"), [1.5, math.pi], [7, 1], [9, 0, 1, 1, 0])
    # |q0 q1 q2> = |011>, then (|011> - i |010>-> flipped where q0 = 0)/sqrt(2), then X on wire 2:
    # (-i |011> + |110>)/sqrt(2).
    state = np.zeros(8, complex)
    state[0b011], state[0b110] = -1j * half, half
    np.testing.assert_allclose(values[:4], [0, 0.5, 0, 0.5], atol=1e-15)
    np.testing.assert_allclose(values[4:7], [0, 0.25, 1.0], atol=1e-15)
    np.testing.assert_allclose(
        values[7:], np.stack([state.real, state.imag], 1).ravel(), atol=1e-15
    )


def test_loops_and_branches_do_what_they_say():
    step = (gate("RX", Index(2, (1,)), angle=Slot(0, (2,))),)
    body = (
        Repeat(Index(0), 3, step),
        Branch(Index(1), ((), (gate("PauliX", 0),))),
        Repeat(2, 2, (Repeat(2, 2, (gate("RY", 0, angle=Slot(1, (4, 1))),)),), reverse=True),
    )
    program = Program(3, 7, 5, body=body, measurements=(State(),))
    verify(program)
    theta = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7])
    for count, choice, wires in [(3, 0, (0, 1, 2)), (2, 1, (2, 2, 0)), (0, 1, (0, 0, 0))]:
        flat = [
            *(gate("RX", wires[i], angle=theta[2 * i]) for i in range(count)),
            *([gate("PauliX", 0)] if choice else []),
            *(gate("RY", 0, angle=theta[i]) for i in (6, 5, 2, 1)),
        ]
        expected = member_value(
            Member(Program(3, body=tuple(flat), measurements=(State(),)), "adjoint")
        )
        found = member_value(Member(program, "adjoint"), theta, [count, choice, *wires])
        np.testing.assert_allclose(found, expected, atol=1e-15)


def test_walk_and_places_agree_with_the_loops():
    inner = gate("RY", 0, angle=Slot(1, (4, 1)))
    body = (Repeat(2, 2, (Branch(0, ((), (Repeat(1, 3, (inner,)),))),)), gate("PauliX", 0))
    assert list(walk(body)) == [(inner, (2, 3)), (body[1], ())]
    assert places(inner.angle, (2, 3)) == [1, 2, 3, 5, 6, 7]
    assert places(Slot(3), (2, 3)) == [3]
    assert Slot(3).looped(2, 0) == Slot(3, (2,))
    assert Slot(3).looped(2, 1) == Slot(3, (2, 0)) and Slot(3, (5,)).looped(2, 1) == Slot(3, (2, 5))
    assert Data(3, (1,)).moved(4) == Data(7, (1,)) != Slot(7, (1,))


# -- Shift rules -----------------------------------------------------------------------------------


def rule_of(body, measurements, **sizes):
    return Program(4, 1, body=body, measurements=measurements, **sizes).shift_rules[0]


PROBS = Probs((0, 1))
VAR = Var(Z0.terms)


@pytest.mark.parametrize(
    "frequencies, name, controls, measurements",
    [
        ([1], "RX", (), (Z0,)),
        ([1], "RX", (), (PROBS,)),
        ([1], "PhaseShift", (), (Z0,)),
        ([1, 2], "RX", (), (VAR,)),
        ([1, 2], "RX", (), (VAR, Z0)),
        ([Fraction(1, 2)], "RX", (), (State(),)),
        ([Fraction(1, 2), 1], "RX", (), (State(), Z0)),
        ([Fraction(1, 2), 1, 2], "RX", (), (State(), VAR)),
        ([Fraction(1, 2), 1], "RX", (2,), (Z0,)),
        ([Fraction(1, 2), 1, Fraction(3, 2), 2], "RX", (2,), (VAR,)),
        ([1], "PhaseShift", (2,), (Z0,)),
        ([Fraction(1, 2), 1], "SingleExcitation", (), (Z0,)),
        ([1], "SingleExcitationPlus", (), (Z0,)),
        ([1], "GlobalPhase", (), (State(),)),
        ([], "GlobalPhase", (), (Z0,)),
        ([1], "GlobalPhase", (2,), (Z0,)),
        ([2], "PCPhase", (), (Z0,)),
        ([1, 2], "PCPhase", (2,), (Z0,)),
        ([], "RX", (), ()),
    ],
)
def test_rules_have_the_frequencies_of_gate_and_measurement(
    frequencies, name, controls, measurements
):
    kind = GATES[name]
    wires = () if name == "GlobalPhase" else (0, 1)[: kind.num_wires or 2]
    extra = (1,) if name == "PCPhase" else ()
    values = (True,) * len(controls)
    body = (Gate(kind, wires, Slot(0), controls, values, extra=extra),)
    expected = trigonometric_rule(frozenset(map(Fraction, frequencies)))
    assert rule_of(body, measurements) == expected


def test_the_two_and_four_term_rules():
    two = trigonometric_rule(frozenset({Fraction(1)}))
    np.testing.assert_allclose(two.coefficients, [0.5, -0.5])
    np.testing.assert_allclose(two.shifts, [math.pi / 2, -math.pi / 2])
    four = trigonometric_rule(frozenset({Fraction(1, 2), Fraction(1)}))
    plus, minus = (math.sqrt(2) + 1) / (4 * math.sqrt(2)), (math.sqrt(2) - 1) / (4 * math.sqrt(2))
    by_shift = dict(zip(np.round(four.shifts, 9), four.coefficients, strict=True))
    expected = {
        math.pi / 2: plus,
        -math.pi / 2: -plus,
        3 * math.pi / 2: -minus,
        -3 * math.pi / 2: minus,
    }
    assert by_shift == pytest.approx({round(k, 9): v for k, v in expected.items()})
    assert trigonometric_rule(frozenset()) == NO_DEPENDENCE


@pytest.mark.parametrize(
    "frequencies",
    [
        [1],
        [2],
        [Fraction(1, 2), 1],
        [Fraction(1, 2)],
        [1, 3],
        [Fraction(1, 2), Fraction(1, 3)],
        [Fraction(1, 2), 1, Fraction(3, 2), 2],
    ],
)
def test_a_rule_is_exact_on_its_frequencies(frequencies):
    rule = trigonometric_rule(frozenset(map(Fraction, frequencies)))
    rng = np.random.default_rng(0)
    f = np.array([0.0, *map(float, frequencies)])
    a, b = rng.normal(size=(2, len(f)))

    def value(t):
        return float(a @ np.cos(f * t) + b @ np.sin(f * t))

    for t in (0.0, 0.4, math.pi, -2.5):
        slope = float(-(a * f) @ np.sin(f * t) + (b * f) @ np.cos(f * t))
        terms = zip(rule.coefficients, rule.shifts, strict=True)
        assert sum(c * value(t + s) for c, s in terms) == pytest.approx(slope, abs=1e-13)


def test_coefficients_of_observables_have_the_polynomial_rule():
    program = Program(1, 2, body=(gate("RX", 0, angle=Slot(1)),), measurements=(_expval(Slot(0)),))
    assert program.shift_rules == (QUADRATIC_RULE, trigonometric_rule(frozenset({Fraction(1)})))


def test_every_iteration_of_a_loop_has_its_rule():
    step = (gate("RX", 0, angle=Slot(1, (2,)), controls=(1,), control_values=(True,)),)
    program = Program(2, 7, body=(Repeat(Index(0), 3, step),), num_index=1, measurements=(Z0,))
    controlled = trigonometric_rule(frozenset({Fraction(1, 2), Fraction(1)}))
    assert [rule == controlled for rule in program.shift_rules] == [
        i in (1, 3, 5) for i in range(7)
    ]


def test_outputs_are_counted():
    program = Program(3, measurements=(Z0, VAR, Probs((2, 0)), State()))
    assert program.sizes() == (1, 1, 4, 16)
    assert program.num_outputs == 22
    assert family(program)(jnp.zeros(0)).shape == (22,)
