"""Corrupt input to the native library: an error or a result, never a crash.

An encoded Program may come from a file (JAX's persistent cache), so the decoder trusts no word. The
bulk runs in the sanitized driver, without XLA; a sample goes through XLA in a process of its own.
"""

import os
import subprocess
import sys

import numpy as np
import pytest

from tests.support.circuits import SEED, member_values, random_cases
from tests.support.native_build import run_driver, write_cases

MUTANTS = 40_000


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    made = random_cases(np.random.default_rng(SEED), 60)
    path = tmp_path_factory.mktemp("cases") / "cases"
    write_cases(path, made, member_values(made[:30]) + member_values(made[30:]))
    return path


def test_corrupt_programs_and_operands_never_crash(cases):
    lines = run_driver("fuzz", cases, SEED, MUTANTS).splitlines()
    print(f"QGRAD_SEED={SEED}", *lines, sep="\n")
    ran = int(lines[0].split(", ")[1].split()[0])
    reasons = [line.split(" ", 1)[1] for line in lines[1:]]
    # Neither does everything run nor is everything refused for one reason.
    assert MUTANTS // 20 < ran < MUTANTS // 2
    assert len(reasons) > 40
    for expected in ("this is not a Program", "wire", "theta", "length of a", "is not finite"):
        assert any(expected in reason for reason in reasons), expected


# What a subprocess does: mutants through jax.ffi, each compiled and run, all errors are exceptions.
THROUGH_XLA = """
import sys
import jax, numpy as np
from tests.support.circuits import random_cases
from qgrad_lab.engine.member import result_width
from qgrad_lab.engine.library import FFI_TARGET

rng = np.random.default_rng(int(sys.argv[1]))
cases = [case for case in random_cases(rng, 30) if case[0].circuit.num_wires < 5]
counts = {"ran": 0, "refused": 0}

def call(words, digest, order, transposed, operands, shape, dtype=np.float64):
    result = jax.ShapeDtypeStruct(shape, dtype)
    return jax.ffi.ffi_call(FFI_TARGET, result)(
        *operands, program=words, digest=np.int64(digest), order=np.int64(order),
        transposed=transposed, keep=bool(order == 0 and not transposed),
    )

for number in range(int(sys.argv[2])):
    member, operands = cases[rng.integers(len(cases))]
    words = np.array(member.circuit.words)
    shape = [max(len(operand) for operand in operands), result_width(member)]
    order, transposed, dtype = member.order, member.transposed, np.float64
    operands = list(operands)
    position = rng.integers(len(operands))
    match number % 9:
        case 0:
            words[rng.integers(7, len(words))] = rng.integers(-2, 30)
        case 1:
            words = words[: rng.integers(len(words))]
        case 2:
            words = np.append(words, rng.integers(-9, 9, 3))
        case 3:
            order = int(rng.choice([-1, 2, 2**40]))
        case 4:
            transposed = not transposed
        case 5:
            operands[position] = operands[position].astype(np.float32)
        case 6:
            operands[position] = operands[position][0]
        case 7:
            shape[rng.integers(2)] += 1
        case 8:
            dtype = np.complex128
    try:
        jax.block_until_ready(call(words, number, order, transposed, operands, shape, dtype))
        counts["ran"] += 1
    except Exception as error:
        assert "INVALID_ARGUMENT" in str(error), error
        counts["refused"] += 1
    # The process is as well as before.
    if number % 25 == 0:
        member, operands = cases[0]
        shape = [max(len(operand) for operand in operands), result_width(member)]
        good = call(member.circuit.words, 0, member.order, member.transposed, operands, shape)
        assert np.all(np.isfinite(good))
print(counts["ran"], counts["refused"])
"""


def test_corrupt_calls_through_xla_are_exceptions():
    done = subprocess.run(
        [sys.executable, "-c", THROUGH_XLA, str(SEED), "108"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path))},
        check=False,
    )
    assert done.returncode == 0, f"QGRAD_SEED={SEED}\n{done.stderr[-3000:]}"
    ran, refused = map(int, done.stdout.split())
    assert ran + refused == 108
    assert refused > 80


def test_one_digest_for_two_programs_runs_the_right_one():
    """A digest that collides only costs a comparison of words."""
    import jax
    import jax.numpy as jnp

    from qgrad_lab.circuit.ir.instructions import Expval, Gate, Slot, Term
    from qgrad_lab.circuit.ir.program import Program
    from qgrad_lab.engine.library import FFI_TARGET
    from qgrad_lab.gates.table import GATES

    def run(name, theta):
        body = (Gate(GATES[name], (0,), Slot(0)),)
        program = Program(1, 1, body=body, measurements=(Expval((Term(1.0, ((0, "Z"),)),)),))
        call = jax.ffi.ffi_call(FFI_TARGET, jax.ShapeDtypeStruct((1, 1), jnp.float64))
        return call(
            jnp.full((1, 1), theta),
            jnp.zeros((1, 0), jnp.int64),
            jnp.zeros((1, 0), jnp.complex128),
            program=program.words,
            digest=np.int64(42),
            order=np.int64(0),
            transposed=False,
            keep=False,
        )[0, 0]

    for _ in range(2):
        np.testing.assert_allclose(run("RX", 0.4), np.cos(0.4), atol=1e-15)
        np.testing.assert_allclose(run("RZ", 0.4), 1.0, atol=1e-15)


@pytest.mark.parametrize(
    ("slots", "shifts", "coefficients"),
    [
        ([1], [0.5], [1.0]),
        ([-1], [0.5], [1.0]),
        ([0, 0], [0.5], [1.0]),
        ([0], [0.5, 0.5], [1.0]),
        ([0], [0.5], []),
        ([2**62], [0.5], [1.0]),
    ],
)
def test_a_shift_rule_that_does_not_fit_is_an_exception(slots, shifts, coefficients):
    import jax
    import jax.numpy as jnp

    from qgrad_lab.circuit.ir.instructions import Expval, Gate, Slot, Term
    from qgrad_lab.circuit.ir.program import Program
    from qgrad_lab.engine.library import SHIFT_TARGET
    from qgrad_lab.gates.table import GATES

    body = (Gate(GATES["RX"], (0,), Slot(0)),)
    program = Program(1, 1, body=body, measurements=(Expval((Term(1.0, ((0, "Z"),)),)),))

    def run(slots, shifts, coefficients):
        call = jax.ffi.ffi_call(SHIFT_TARGET, jax.ShapeDtypeStruct((1, 1), jnp.float64))
        return call(
            jnp.full((1, 1), 0.4),
            jnp.zeros((1, 0), jnp.int64),
            jnp.zeros((1, 0), jnp.complex128),
            jnp.ones((1, 1)),
            program=program.words,
            digest=np.int64(0),
            transposed=True,
            slots=np.array(slots, np.int64),
            shifts=np.array(shifts, np.float64),
            coefficients=np.array(coefficients, np.float64),
        )[0, 0]

    with pytest.raises(Exception, match="a shift rule that does not fit the Program"):
        jax.block_until_ready(run(slots, shifts, coefficients))
    slope = run([0, 0], [np.pi / 2, -np.pi / 2], [0.5, -0.5])
    np.testing.assert_allclose(slope, -np.sin(0.4), atol=1e-15)
