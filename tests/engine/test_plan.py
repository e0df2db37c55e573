"""Plans: what is left of a circuit, in which passes it runs, and what evaluations share."""

import json
import os

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml
import pytest

from qgrad_lab import for_loop, grad, qjit, reference
from qgrad_lab.engine.plans import plan
from tests.support.layered import angles, brickwork, layered, plan_of, programs, sweeps_of


@pytest.mark.parametrize(
    "measured",
    [
        lambda: qml.expval(qml.Z(3)),
        lambda: qml.expval(qml.X(0) @ qml.Y(5)),
        lambda: qml.var(qml.Z(2) + 0.5 * qml.X(1)),
        lambda: qml.probs(wires=[4, 2]),
        lambda: qml.state(),
        lambda: qml.expval(qml.Identity(0)),
    ],
)
def test_a_light_cone_changes_no_number(measured):
    circuit = brickwork(6, 2, measured)
    x = angles(2, 6)
    compiled, expected = qjit(circuit), reference(circuit)
    np.testing.assert_allclose(compiled(x), expected(x), rtol=0, atol=1e-12)

    def real(f):
        return lambda x: jnp.concatenate([jnp.real(jnp.ravel(f(x))), jnp.imag(jnp.ravel(f(x)))])

    for derivative in (jax.jacrev, jax.jacfwd):
        found = jax.jit(derivative(real(compiled)))(x)
        np.testing.assert_allclose(found, derivative(real(expected))(x), rtol=0, atol=1e-12)


def test_a_local_observable_needs_few_of_many_wires():
    """40 wires would be 16 TiB: only a light cone can run them."""
    circuit = brickwork(40, 3, lambda: qml.expval(qml.Z(20)))
    x = angles(3, 40)
    found = plan_of(circuit, x)
    assert found.text.startswith("plan on 4 wires (18 19 20 21), ")
    # The last CNOT commutes with Z20. default.qubit can tell the same gates on 8 of the wires.
    small = brickwork(8, 3, lambda: qml.expval(qml.Z(4)))
    expected = jax.grad(reference(small))(x[:, 16:24])
    gradient = np.asarray(qjit(grad(circuit))(x))
    np.testing.assert_allclose(gradient[:, 16:24], expected, rtol=0, atol=1e-12)
    assert not gradient[:, :16].any() and not gradient[:, 24:].any()


def test_gates_that_commute_with_what_is_measured_are_left_out():
    @qml.qnode(qml.device("lightning.qubit", wires=3))
    def circuit(x):
        qml.RY(x[0], wires=0)
        qml.RY(x[1], wires=1)
        qml.CNOT(wires=[0, 1])
        qml.RZ(x[2], wires=0)  # diagonal, as Z0 Z1 behind the next CNOT is
        qml.CNOT(wires=[0, 1])
        qml.IsingZZ(x[3], wires=[1, 2])
        qml.CZ(wires=[0, 2])
        return qml.expval(qml.Z(0) @ qml.Z(1))

    x = angles(4)
    found = plan_of(circuit, x)
    assert found.text.startswith("plan on 2 wires (0 1), 4 of 7 gates {")
    expected = jax.grad(reference(circuit))(x)
    np.testing.assert_allclose(qjit(grad(circuit))(x), expected, rtol=0, atol=1e-13)


def test_gates_that_undo_each_other_are_left_out():
    @qml.qnode(qml.device("lightning.qubit", wires=3))
    def circuit(x):
        qml.Hadamard(0)
        qml.RX(x[0], wires=1)
        qml.SWAP(wires=[0, 1])
        qml.IsingXX(0.3, wires=[1, 2])
        qml.adjoint(qml.IsingXX(0.3, wires=[1, 2]))
        qml.SWAP(wires=[0, 1])
        qml.Toffoli(wires=[0, 1, 2])
        qml.T(0)  # acts on a wire between the two
        qml.Toffoli(wires=[0, 1, 2])
        return qml.expval(qml.X(0) @ qml.Z(1))

    x = angles(1)
    found = plan_of(circuit, x)
    assert ", 5 of 9 gates {" in found.text
    expected = jax.grad(reference(circuit))(x)
    np.testing.assert_allclose(qjit(grad(circuit))(x), expected, rtol=0, atol=1e-13)


def test_states_that_need_not_be_normalised_keep_their_wires():
    """What is measured is in proportion to the norm of a prepared state."""

    def make(device):
        @qml.qnode(qml.device(device, wires=2), diff_method="best")
        def circuit(x):
            qml.StatePrep(x / jnp.linalg.norm(x), wires=1)
            qml.Hadamard(0)
            return qml.expval(qml.X(0))

        return circuit

    x = jnp.array([0.3, 0.9])
    np.testing.assert_allclose(qjit(make("lightning.qubit"))(x), 1.0, rtol=0, atol=1e-14)
    np.testing.assert_allclose(qjit(grad(make("lightning.qubit")))(x), 0.0, rtol=0, atol=1e-14)


def test_the_text_of_a_plan():
    circuit = layered(2, 1, lambda: qml.expval(qml.Z(0) @ qml.Z(1)))
    found = plan_of(circuit, angles(1, 2, 3))
    assert found.text == (
        "plan on 2 wires, 6 of 8 gates {\n"
        "  pass over 1 slice of 4 amplitudes, wires 0 1 {\n"
        "    wire 0: RX(theta[0]) RY(theta[1])\n"
        "    wire 1, control 0: RX(theta[3]) RY(theta[4]) [1: PauliX]\n"
        "    wire 0, control 1: [1: PauliX]\n"
        "  }\n"
        "  estimated value: 2 sweeps, 0.000256 MB, 0.000168 million operations\n"
        "  estimated gradient: 5 sweeps, 0.00064 MB, 0.000632 million operations\n"
        "}\n"
    )


def test_the_passes_of_a_large_state():
    found = plan_of(layered(15, 1, lambda: qml.expval(qml.Z(0))), angles(1, 15, 3))
    lines = [line for line in found.text.splitlines() if line.startswith("  pass")]
    # How large slices are depends on the machine's cache.
    sizes = {int(line.split(" amplitudes")[0].split()[-1]) for line in lines}
    assert len(sizes) == 1 and 2**10 <= sizes.pop() <= 2**15 and len(lines) <= 4
    assert found.gradient.bytes == found.gradient.sweeps * 2 * 16 * 2**15
    assert found.gradient.sweeps == 1 + 3 * len(lines) + 1


def test_the_plan_of_an_index():
    @qjit
    @qml.qnode(qml.device("lightning.qubit", wires=3))
    def circuit(x, wire):
        qml.RX(x, wires=wire)
        return qml.expval(qml.Z(1))

    circuit(0.3, 1)
    (program,) = programs(circuit)
    assert "wire 1: RX(theta[0])" in program.plan([1]).text
    assert "RX" not in program.plan([2]).text
    with pytest.raises(ValueError, match="the wires 7; wire 7 is not one of 0 to 2"):
        program.plan([7])
    with pytest.raises(ValueError, match="wrong number of integers"):
        program.plan()


def test_the_plans_of_a_compiled_function():
    """Each circuit once, also inside of loops and under derivatives."""

    @qml.qnode(qml.device("lightning.qubit", wires=2))
    def first(x):
        qml.RX(x, wires=0)
        return qml.expval(qml.Z(0))

    @qml.qnode(qml.device("lightning.qubit", wires=2))
    def second(x, wire):
        qml.RX(x, wires=wire)
        return qml.expval(qml.Z(0))

    @qjit
    def function(x, wire):
        total = jax.lax.fori_loop(0, 3, lambda _, x: x + grad(first)(x), x)
        return total + second(total, wire)

    with pytest.raises(ValueError, match="has not been compiled yet"):
        _ = function.plan
    function(0.2, 1)
    lines = function.plan.splitlines()
    assert lines[0] == "first: plan on 1 wire (0), 1 of 1 gates {"
    assert lines[-1].startswith("second: planned at every call, when its integers")
    assert sum(line.startswith("first:") for line in lines) == 1


def test_memory_is_asked_for_where_integers_decide_how_much():
    """One element of a batch may need far more wires than the others."""

    @qjit
    @qml.qnode(qml.device("lightning.qubit", wires=38))
    def circuit(x, count):
        qml.RX(x, wires=0)

        @for_loop(0, count, 1)
        def chain(wire):
            qml.CNOT(wires=[wire, wire + 1])

        chain()
        return qml.expval(qml.Z(37))

    counts = jnp.array([3, 37, 4])
    with pytest.raises(MemoryError, match="a circuit on 38 wires needs"):
        jax.vmap(circuit, (None, 0))(0.3, counts)
    np.testing.assert_array_equal(jax.vmap(circuit, (None, 0))(0.3, counts[::2]), [1.0, 1.0])


def test_the_plan_of_no_program():
    with pytest.raises(ValueError, match="this is not a Program"):
        plan(np.arange(3), np.zeros(0, np.int64))


def test_value_and_grad_sweeps_forward_once():
    circuit = layered(4, 2, lambda: qml.expval(qml.Z(0)))
    x = angles(2, 4, 3)
    both = jax.jit(jax.value_and_grad(qjit(circuit)))
    expected = jax.value_and_grad(reference(circuit))(x)
    for scale in (1.0, 0.9):
        assert sweeps_of(both, scale * x) == (1, 1)
    np.testing.assert_allclose(both(x)[0], expected[0], rtol=0, atol=1e-13)
    np.testing.assert_allclose(both(x)[1], expected[1], rtol=0, atol=1e-13)
    # A gradient finds the same bits whether the state was kept or not.
    assert sweeps_of(jax.jit(jax.grad(qjit(circuit))), x) == (1, 1)
    np.testing.assert_array_equal(both(x)[1], jax.jit(jax.grad(qjit(circuit)))(x))
    many = jax.jit(jax.vmap(jax.value_and_grad(qjit(circuit))))
    batch = jnp.stack([x, 2 * x, 3 * x])
    assert sweeps_of(many, batch) == (3, 3)
    np.testing.assert_allclose(
        many(batch)[1], jax.vmap(jax.grad(reference(circuit)))(batch), rtol=0, atol=1e-13
    )


def test_states_are_kept_for_the_same_numbers_only():
    """Two values, then two gradients: one program, different numbers."""
    circuit = qjit(layered(3, 1, lambda: qml.expval(qml.Z(0))))
    x = angles(1, 3, 3)

    def values(x):
        return jnp.sin(circuit(x)) * circuit(2 * x)

    expected = layered(3, 1, lambda: qml.expval(qml.Z(0)))
    expected = reference(expected)
    np.testing.assert_allclose(
        jax.jit(jax.value_and_grad(values))(x)[1],
        jax.grad(lambda x: jnp.sin(expected(x)) * expected(2 * x))(x),
        rtol=0,
        atol=1e-13,
    )


def test_rows_of_a_jacobian_share_the_state():
    circuit = layered(4, 2, lambda: [qml.expval(qml.Z(wire)) for wire in range(4)])
    x = angles(2, 4, 3)
    compiled = jax.jit(jax.jacrev(lambda x: jnp.stack(qjit(circuit)(x))))
    assert sweeps_of(compiled, x) == (1, 4)
    expected = jax.jacrev(lambda x: jnp.stack(reference(circuit)(x)))(x)
    np.testing.assert_allclose(compiled(x), expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize("coefficients", [False, True])
def test_a_hessian_is_symmetric_to_the_last_bit(coefficients):
    """Also where coefficients of observables are parameters."""

    @qml.qnode(qml.device("lightning.qubit", wires=3))
    def circuit(x):
        qml.RX(x[0], wires=0)
        qml.CRY(x[1], wires=[0, 1])
        qml.IsingXX(x[2], wires=[1, 2])
        qml.RZ(0.4, wires=1)
        qml.SingleExcitation(x[3], wires=[0, 2])
        weight = x[4] if coefficients else 0.7
        return qml.expval(qml.Hamiltonian([weight, 1.0], [qml.Z(2), qml.X(0) @ qml.Y(1)]))

    x = angles(5)
    found = np.asarray(jax.jit(jax.hessian(qjit(circuit)))(x))
    np.testing.assert_allclose(found, jax.hessian(reference(circuit))(x), rtol=0, atol=1e-13)
    np.testing.assert_array_equal(found, found.T)


def test_tangents_that_are_no_unit_vectors():
    circuit = layered(3, 2, lambda: qml.expval(qml.Z(0) @ qml.Y(1)))
    x = angles(2, 3, 3)
    directions = jnp.asarray(np.random.default_rng(1).normal(size=(5, 2, 3, 3)))
    directions = directions.at[2].set(0.0).at[3, 0].set(0.0)

    def products(f):
        gradient = jax.grad(f)
        return jax.vmap(lambda v: jax.jvp(gradient, (x,), (v,))[1])(directions)

    np.testing.assert_allclose(
        jax.jit(lambda: products(qjit(circuit)))(), products(reference(circuit)), rtol=0, atol=1e-12
    )
    weights = jnp.arange(5.0)

    def rows(f):
        """A cotangent of its own for every direction."""
        return jax.vmap(lambda v, y: jax.jvp(jax.grad(lambda x: y * f(x)), (x,), (v,))[1])(
            directions, weights
        )

    np.testing.assert_allclose(
        jax.jit(lambda: rows(qjit(circuit)))(), rows(reference(circuit)), rtol=0, atol=1e-12
    )


_BITS = """
import os
os.sched_setaffinity(0, set(list(os.sched_getaffinity(0))[:{cores}]))
import jax, jax.numpy as jnp, numpy as np, json
from tests.support.layered import angles, layered
import pennylane as qml
from qgrad_lab import qjit
measured = lambda: [qml.expval(qml.Z(0) @ qml.X(14)), qml.var(qml.Y(3))]
circuit = qjit(layered(15, 2, measured))
loss = lambda x: sum(circuit(x))
x = angles(2, 15, 3)
value, gradient = jax.jit(jax.value_and_grad(loss))(x)
direction = jnp.ones_like(x)
product = jax.jit(lambda x: jax.jvp(jax.grad(loss), (x,), (direction,))[1])(x)
small = qjit(layered(4, 1, lambda: qml.expval(qml.Z(0))))
batch = angles(9, 1, 4, 3)
rows = jax.jit(jax.vmap(jax.grad(small)))(batch)
shifts = jax.jit(jax.grad(qjit(layered(4, 1, lambda: qml.expval(qml.Z(0)), "parameter-shift"))))
single = qjit(layered(16, 1, measured, c_dtype=np.complex64))
numbers = jax.jit(jax.value_and_grad(lambda x: sum(single(x))))(angles(1, 16, 3))
parts = [value, gradient, product, rows, shifts(batch[0]), *numbers]
print(json.dumps([np.asarray(part).tobytes().hex() for part in parts]))
"""


@pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity") or len(os.sched_getaffinity(0)) < 2,
    reason="needs two processors, and a system that can hold a process on one",
)
def test_any_number_of_threads_gives_the_same_bits(run_python):
    found = []
    for cores in (1, 2):
        code = _BITS.format(cores=cores)
        found.append(json.loads(run_python(code).splitlines()[-1]))
    assert found[0] == found[1]
