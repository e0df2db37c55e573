"""States in single precision: devices with ``c_dtype=np.complex64``.

The same circuits in double precision are the reference; what they are worth is the subject of the
other tests. Rounding errors of a state are about 1e-7 for each gate.
"""

import dataclasses
import json
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml
import pytest

import qgrad_lab
from qgrad_lab import grad, qjit
from qgrad_lab.circuit.ir.instructions import walk
from qgrad_lab.errors import CompileError
from qgrad_lab.gates.table import GATES
from tests.support.circuits import SEED, member_values, random_cases
from tests.support.layered import angles, layered, plan_of, programs, sweeps_of

TOLERANCE = 3e-5
"""Of numbers that add up many, some of them larger than 1; the usual error is 1e-7."""


def both(make, *args):
    """Results of the circuits ``make(c_dtype)`` in single and in double precision."""
    return [qjit(make(c_dtype))(*args) for c_dtype in (np.complex64, np.complex128)]


def assert_close(found, expected, tolerance):
    scale = max(1.0, np.max(np.abs(expected), initial=0.0))
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * scale)


def assert_single(found, expected, tolerance=1e-6):
    """Close to the numbers in double precision, for the largest of them, and not the same."""
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        assert one.dtype == other.dtype
        assert_close(one, other, tolerance)
    differences = jax.tree.map(lambda a, b: jnp.max(jnp.abs(a - b)), found, expected)
    assert max(jax.tree.leaves(differences)) > 1e-12


def test_every_native_member_of_random_programs():
    """Values, gradients, tangents and tangents of gradients, with every gate of the table."""
    print(f"QGRAD_SEED={SEED}")
    made = random_cases(np.random.default_rng(SEED), 72)
    assert {gate.kind.name for m, _ in made for gate, _ in walk(m.circuit.body)} == set(GATES)
    single = [
        (dataclasses.replace(m, circuit=dataclasses.replace(m.circuit, single=True)), operands)
        for m, operands in made
    ]
    for found, expected in zip(member_values(single), member_values(made), strict=True):
        assert_close(found, expected, TOLERANCE)


@pytest.mark.parametrize("wires", [1, 2, 3, 4, 7])
def test_results_and_derivatives_of_a_device(wires):
    def make(c_dtype):
        @qml.qnode(qml.device("lightning.qubit", wires=wires, c_dtype=c_dtype))
        def circuit(x):
            for wire in range(wires):
                qml.RX(x[wire, 0], wires=wire)
                qml.RZ(x[wire, 1], wires=wire)
            for wire in range(wires - 1):
                qml.CNOT(wires=[wire, wire + 1])
                qml.IsingXY(x[wire, 0], wires=[wire, wire + 1])
            measured = qml.X(0) if wires == 1 else qml.X(0) @ qml.Y(wires - 1)
            return {
                "expval": qml.expval(measured),
                "var": qml.var(0.3 * qml.Z(0) + x[0, 1] * qml.X(0)),
                "probs": qml.probs(wires=[0]),
                "state": qml.state(),
                "density": qml.density_matrix(wires=[0]),
                "purity": qml.purity(wires=[0]),
            }

        return circuit

    x = angles(wires, 2)
    assert_single(*both(make, x))

    def real(circuit):
        def values(x):
            parts = [jnp.ravel(part) for part in jax.tree.leaves(qjit(circuit)(x))]
            return jnp.concatenate([part(p) for p in parts for part in (jnp.real, jnp.imag)])

        return values

    for derivative in (jax.jacfwd, jax.jacrev):
        assert_single(
            *[jax.jit(derivative(real(make(c_dtype))))(x) for c_dtype in (np.complex64, complex)]
        )

    def loss(circuit):
        def weighted(x):
            values = real(circuit)(x)
            return jnp.dot(values, jnp.cos(jnp.arange(values.size)))

        return weighted

    assert_single(
        *[jax.jit(jax.hessian(loss(make(c_dtype))))(x) for c_dtype in (np.complex64, complex)]
    )


def test_programs_and_plans_say_their_precision():
    measured = lambda: qml.expval(qml.Z(0) @ qml.Z(1))  # noqa: E731
    single, double = (
        layered(2, 1, measured, c_dtype=c_dtype) for c_dtype in (np.complex64, np.complex128)
    )
    x = angles(1, 2, 3)
    compiled = qjit(single)
    compiled(x)
    (program,) = programs(compiled)
    assert str(program).startswith("program circuit(theta: f64[6]) on 2 wires in complex64 {")
    found, expected = plan_of(single, x), plan_of(double, x)
    assert found.text.startswith("plan on 2 wires in complex64, 6 of 8 gates {")
    assert "complex" not in expected.text
    assert 2 * found.gradient.bytes == expected.gradient.bytes


@pytest.mark.parametrize("c_dtype", ["complex64", jnp.complex64, np.dtype(np.complex64)])
def test_other_names_of_the_type(c_dtype):
    circuit = layered(1, 1, lambda: qml.expval(qml.Z(0)), c_dtype=c_dtype)
    assert "in complex64" in plan_of(circuit, angles(1, 1, 3)).text


@pytest.mark.parametrize("c_dtype", [np.float32, "single", None])
def test_no_other_type(c_dtype):
    circuit = layered(1, 1, lambda: qml.expval(qml.Z(0)), c_dtype=c_dtype)
    with pytest.raises(CompileError, match=r"c_dtype=.* np\.complex64 or np\.complex128"):
        qjit(circuit)(angles(1, 1, 3))


def test_parameter_shift_and_shots():
    def make(c_dtype):
        measured = lambda: qml.expval(qml.Z(0) @ qml.X(2))  # noqa: E731
        return grad(layered(3, 2, measured, "parameter-shift", c_dtype=c_dtype))

    x = angles(2, 3, 3)
    assert_single(*both(make, x))

    def sampled(c_dtype):
        circuit = layered(3, 2, lambda: qml.probs(wires=[0, 1]), c_dtype=c_dtype)
        return qjit(qml.set_shots(circuit, 1000), seed=3)(x)

    # A random number next to a step of the distribution may fall on either side of it.
    np.testing.assert_allclose(sampled(np.complex64), sampled(complex), rtol=0, atol=2.5e-3)


def test_default_step_of_finite_differences():
    """Results are 64-bit numbers of which half of the digits are right, so it is longer."""

    @qml.qnode(qml.device("lightning.qubit", wires=1, c_dtype=np.complex64))
    def circuit(x):
        qml.RX(x, wires=0)
        return qml.expval(qml.Z(0))

    exact = -np.sin(0.4)
    np.testing.assert_allclose(qjit(grad(circuit, method="fd"))(0.4), exact, rtol=0, atol=1e-3)
    with pytest.warns(UserWarning, match="mostly rounding error"):
        short = qjit(grad(circuit, method="fd", h=1e-7))(0.4)
    assert abs(short - exact) > 1e-3


def test_measurements_in_the_middle():
    def make(c_dtype):
        @qml.qnode(qml.device("lightning.qubit", wires=2, c_dtype=c_dtype))
        def circuit(x):
            qml.RY(x, wires=0)
            qml.CRX(0.4, wires=[0, 1])
            qgrad_lab.measure(0, postselect=1)
            qml.RX(x, wires=1)
            return qml.expval(qml.Z(1))

        return circuit

    assert_single(*both(make, 0.8))


@pytest.mark.parametrize("wires", [1, 2])
def test_matrices_that_are_unitary_to_single_precision(wires):
    """Of a matrix that was computed in single precision, a sweep back asks no more."""
    matrix = jnp.asarray(qml.matrix(qml.Rot(0.3, 0.5, 0.7, wires=0), wire_order=[0]))
    for _ in range(wires - 1):
        matrix = jnp.kron(matrix, matrix)
    rounded = matrix.astype(jnp.complex64).astype(complex) * (1 + 1e-7)

    def make(c_dtype):
        @qml.qnode(qml.device("lightning.qubit", wires=2, c_dtype=c_dtype))
        def circuit(x, matrix):
            qml.RX(x, wires=0)
            qml.QubitUnitary(matrix, wires=range(wires))
            return qml.expval(qml.Z(0))

        return qjit(grad(circuit))

    np.testing.assert_allclose(
        make(np.complex64)(0.4, rounded), make(complex)(0.4, matrix), rtol=0, atol=1e-6
    )
    with pytest.raises(ValueError, match="needs unitary matrices"):
        make(complex)(0.4, rounded)
    with pytest.raises(ValueError, match="needs unitary matrices"):
        make(np.complex64)(0.4, 1.001 * matrix)


def test_large_angles_keep_their_digits():
    """Also of gates that Lightning's kernels apply, which take their angle in single precision."""

    def make(c_dtype):
        @qml.qnode(qml.device("lightning.qubit", wires=3, c_dtype=c_dtype))
        def circuit(x):
            qml.RY(x, wires=0)
            qml.IsingXX(x, wires=[0, 1])
            qml.PauliRot(-x, "XYZ", wires=[0, 1, 2])
            qml.ControlledPhaseShift(x, wires=[0, 1])
            return qml.expval(qml.Z(0)), qml.probs(wires=[1, 2])

        return circuit

    assert_single(*both(make, 123456.7))


def test_sums_of_equal_products_lose_no_digits():
    """Rounding errors of long sums of equal products all point the same way."""
    wires = 17

    def make(c_dtype):
        @qml.qnode(qml.device("lightning.qubit", wires=wires, c_dtype=c_dtype))
        def circuit(x):
            for wire in range(wires):
                qml.RY(x, wires=wire)
            return qml.expval(qml.sum(*(qml.X(wire) for wire in range(wires))))

        return jax.value_and_grad(circuit)

    x = 1.57  # nearly a uniform superposition: what is left of 17 is a difference of large sums
    found = both(make, x)
    assert_single(*found, tolerance=1e-5)
    np.testing.assert_allclose(found[1], (17 * np.sin(x), 17 * np.cos(x)), rtol=0, atol=1e-11)


def test_states_are_kept_and_shared():
    make = lambda c_dtype: layered(  # noqa: E731
        4, 2, lambda: [qml.expval(qml.Z(wire)) for wire in range(4)], c_dtype=c_dtype
    )
    single, double = (qjit(make(c_dtype)) for c_dtype in (np.complex64, complex))
    x = angles(2, 4, 3)
    value = lambda f: lambda x: f(x)[0]  # noqa: E731
    assert sweeps_of(jax.jit(jax.value_and_grad(value(single))), x) == (1, 1)
    assert sweeps_of(jax.jit(jax.jacrev(single)), x) == (1, 4)
    for derivative in (jax.value_and_grad, jax.hessian):
        assert_single(*(jax.jit(derivative(value(f)))(x) for f in (single, double)))
    batch = jnp.stack([x, 2 * x, 3 * x])
    assert_single(
        *(jax.jit(jax.vmap(jax.value_and_grad(value(f))))(batch) for f in (single, double))
    )


@pytest.mark.parametrize(("c_dtype", "size"), [(np.complex64, 256), (np.complex128, 512)])
def test_memory_that_a_machine_does_not_have(c_dtype, size):
    measured = lambda: qml.expval(qml.prod(*map(qml.X, range(35))))  # noqa: E731
    with pytest.raises(MemoryError, match=f"needs {size} GiB for 1 state vectors"):
        qjit(layered(35, 1, measured, c_dtype=c_dtype))(angles(1, 35, 3))


_MEMORY = """
import json
import jax, numpy as np, pennylane as qml
jax.config.update("jax_enable_x64", True)
from tests.support.layered import angles, layered
from qgrad_lab import grad, qjit

def peak():
    with open("/proc/self/status") as status:
        lines = dict(line.split(":", 1) for line in status)
    return int(lines["VmHWM"].split()[0]) / 1024

measured = lambda: qml.expval(qml.Z(0) @ qml.Z(1))
small = qjit(grad(layered(3, 1, measured, c_dtype=np.{c_dtype})))
jax.block_until_ready(small(angles(1, 3, 3)))
before = peak()
large = qjit(grad(layered(22, 1, measured, c_dtype=np.{c_dtype})))
gradient = np.asarray(large(angles(1, 22, 3)))
print(json.dumps([peak() - before, gradient.tolist()]))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_a_gradient_takes_half_the_memory(run_python):
    """A state of 22 wires has 32 or 64 MiB; a gradient has two, and slices of them."""
    peaks, gradients = [], []
    for c_dtype in ("complex64", "complex128"):
        code = _MEMORY.format(c_dtype=c_dtype)
        peak, gradient = json.loads(run_python(code).splitlines()[-1])
        peaks.append(peak)
        gradients.append(gradient)
    print(peaks)
    assert 64 <= peaks[0] <= 0.6 * peaks[1]
    assert peaks[1] >= 128
    np.testing.assert_allclose(*gradients, rtol=0, atol=1e-6)
