"""Measurements in the middle of circuits, against exact conditional distributions."""

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml
import pytest

import qgrad_lab
from qgrad_lab import (
    CompileError,
    DifferentiableCompileError,
    cond,
    for_loop,
    grad,
    measure,
    qjit,
    while_loop,
)
from tests.support.sampling import SIGMAS, assert_estimates

DEVICE = qml.device("lightning.qubit", wires=3)
SHOTS = 20_000
RUNS = 2000


def runs(function, seed, *args, count=RUNS):
    """Results of independent executions."""
    f = qjit(lambda _, *args: function(*args), seed=seed % 2**32)
    results = qjit(
        lambda *args: jax.lax.map(lambda i: f(i, *args), jnp.arange(count)), seed=seed % 2**32
    )(*args)
    return jax.tree.map(np.asarray, results)


def probability_of_one(x):
    return np.sin(x / 2) ** 2


def test_outcomes_have_the_probabilities_of_the_state_and_collapse_it(seed):
    @qml.qnode(DEVICE)
    def circuit(x):
        qml.RX(x, 0)
        qml.CNOT([0, 1])
        qml.RY(0.5, 1)
        m = measure(0)
        return m, qml.expval(qml.Z(0)), qml.expval(qml.Z(1)), qml.state()

    m, z0, z1, states = runs(circuit, seed, 1.2)
    p = probability_of_one(1.2)
    assert m.dtype == bool
    assert_estimates(m.mean(), p, p * (1 - p), RUNS)
    np.testing.assert_allclose(z0, 1 - 2 * m, atol=1e-12)
    np.testing.assert_allclose(z1, np.where(m, -np.cos(0.5), np.cos(0.5)), atol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(states, axis=1), 1.0, atol=1e-12)


@pytest.mark.parametrize("angles", [(0.3, 0.8), (2.1, -0.4)])
def test_teleportation(angles, seed):
    """Whatever is measured, the state arrives."""

    @qml.qnode(DEVICE)
    def circuit(a, b):
        qml.RX(a, 0)
        qml.RZ(b, 0)
        qml.Hadamard(1)
        qml.CNOT([1, 2])
        qml.CNOT([0, 1])
        qml.Hadamard(0)
        z, x = qml.measure(0), qml.measure(1)
        qml.cond(x, qml.X)(2)
        qml.cond(z, qml.Z)(2)
        return z, x, [qml.expval(pauli(2)) for pauli in (qml.X, qml.Y, qml.Z)]

    z, x, vectors = runs(circuit, seed, *angles)
    a, b = angles
    expected = [np.sin(a) * np.sin(b), -np.sin(a) * np.cos(b), np.cos(a)]
    np.testing.assert_allclose(np.stack(vectors, axis=1), np.tile(expected, (RUNS, 1)), atol=1e-12)
    for outcome in range(4):
        assert_estimates(np.mean(2 * z + x == outcome), 0.25, 3 / 16, RUNS)


def test_reset(seed):
    @qml.qnode(DEVICE)
    def circuit(x):
        qml.RX(x, 0)
        qml.CNOT([0, 1])
        m = measure(0, reset=True)
        return m, qml.probs(wires=[0, 1])

    m, p = runs(circuit, seed, 1.2)
    assert 0 < m.mean() < 1
    np.testing.assert_allclose(p, np.where(m[:, None], [0, 1, 0, 0], [1, 0, 0, 0]), atol=1e-12)


@pytest.mark.parametrize("shots", [None, 50])
@pytest.mark.parametrize("selected", [0, 1])
def test_postselection(selected, shots):
    @qml.set_shots(shots)
    @qml.qnode(DEVICE, postselect_mode="fill-shots")
    def circuit(x):
        qml.RX(x, 0)
        qml.CNOT([0, 1])
        m = measure(0, postselect=selected)
        return m, qml.probs(wires=[0, 1])

    f = qjit(circuit)
    one_hot = np.eye(4)[[0, 3]]
    m, p = f(1.2)
    assert (np.asarray(m) == selected).all()
    np.testing.assert_allclose(p, one_hot[selected], atol=1e-12)
    # What cannot be selected is not a number.
    for x, found in [(0.0, 0), (np.pi, 1)]:
        m, p = f(x)
        wanted = one_hot[found] if found == selected else np.full(4, np.nan)
        np.testing.assert_allclose(p, wanted, atol=1e-12)


def test_outcomes_in_classical_code(seed):
    @qml.qnode(DEVICE)
    def circuit(x):
        qml.RX(x, 0)
        m = measure(0)
        angle = jnp.where(m, 0.3, x) * 2
        qml.RY(angle, 1)
        cond(m & (x > 0), lambda: qml.RX(0.7, 2), lambda: qml.RX(0.2, 2))()
        qml.RX(np.pi * measure(1), 2)
        return m, qml.expval(qml.Z(1)), qml.expval(qml.Z(2)), qml.probs(wires=1)

    m, z1, z2, p = runs(circuit, seed, 1.2)
    chance = np.where(m, probability_of_one(0.6), probability_of_one(2.4))
    assert_estimates(np.mean((1 - z1) / 2 - chance), 0, 0.25, RUNS)
    np.testing.assert_allclose(z2, z1 * np.where(m, np.cos(0.7), np.cos(0.2)), atol=1e-12)


def test_shots(seed):
    """Every shot has outcomes of its own."""

    @qml.set_shots(SHOTS)
    @qml.qnode(DEVICE)
    def circuit(x):
        qml.RX(x, 0)
        m = measure(0, reset=True)
        qml.RY(0.8 * m, 1)
        return {
            "m": m,
            "sample": qml.sample(wires=[0, 1]),
            "eigenvalues": qml.sample(qml.Z(1)),
            "z": qml.expval(qml.Z(1)),
            "x": qml.expval(qml.X(1) + 0.5 * qml.Z(1)),
            "var": qml.var(qml.Z(1)),
            "probs": qml.probs(wires=1),
            "counts": qml.counts(wires=[1]),
            "of m": [qml.expval(m), qml.var(m), qml.probs(op=m), qml.sample(m), qml.counts(m)],
        }

    r = jax.tree.map(np.asarray, qjit(circuit, seed=seed % 2**32)(1.2))
    p = probability_of_one(1.2)
    one = p * probability_of_one(0.8)
    assert r["m"].shape == (SHOTS,) and r["sample"].shape == (SHOTS, 2)
    assert_estimates(r["m"].mean(), p, p * (1 - p), SHOTS)
    assert_estimates(r["sample"][:, 1].mean(), one, one * (1 - one), SHOTS)
    assert not r["sample"][:, 0].any()
    assert not r["sample"][~r["m"], 1].any()
    given = r["sample"][r["m"], 1]
    assert_estimates(given.mean(), one / p, one / p * (1 - one / p), len(given))
    # All of these are of the same shots.
    np.testing.assert_array_equal(r["eigenvalues"], 1 - 2 * r["sample"][:, 1])
    np.testing.assert_allclose(r["z"], r["eigenvalues"].mean())
    np.testing.assert_allclose(r["var"], r["eigenvalues"].var())
    np.testing.assert_allclose(r["probs"], [1 - r["sample"][:, 1].mean(), r["sample"][:, 1].mean()])
    np.testing.assert_array_equal(r["counts"][1], np.bincount(r["sample"][:, 1], minlength=2))
    mean, variance, frequencies, sample, (values, counts) = r["of m"]
    np.testing.assert_array_equal(sample, r["m"])
    np.testing.assert_allclose([mean, variance], [r["m"].mean(), r["m"].var()])
    np.testing.assert_allclose(frequencies, [1 - mean, mean])
    np.testing.assert_array_equal([values, counts], [[0, 1], np.bincount(r["m"], minlength=2)])
    x = p * np.sin(0.8) + 0.5 * (1 - 2 * one)
    assert_estimates(r["x"], x, 1.5**2, SHOTS)


def test_shot_vectors_and_transforms(seed):
    @qml.set_shots((10, SHOTS))
    @qml.qnode(DEVICE)
    def circuit(x):
        qml.RX(x, 0)
        m = measure(0)
        qml.cond(m, qml.X)(1)
        return m, qml.expval(qml.Z(1))

    for f in (circuit, qml.transforms.cancel_inverses(circuit)):
        few, rest = qjit(f, seed=seed % 2**32)(1.2)
        assert few[0].shape == (10,) and rest[0].shape == (SHOTS,)
        np.testing.assert_allclose(few[1], 1 - 2 * np.asarray(few[0]).mean())
        assert_estimates(rest[1], np.cos(1.2), np.sin(1.2) ** 2, SHOTS)


def test_a_single_branch_for_all_shots():
    @qml.set_shots(100)
    @qml.qnode(DEVICE, mcm_method="single-branch-statistics")
    def circuit():
        qml.Hadamard(0)
        return measure(0), qml.sample(wires=0)

    m, sample = qjit(circuit)()
    assert (np.asarray(sample) == m).all()


LENGTH = 4


def loops_that_measure(number, x):
    """``LENGTH`` times: measure a wire and reset it; what was found decides about another."""

    def body(i, found, total):
        qml.RX(x, 0)
        m = measure(0, reset=True)
        cond(m, lambda: qml.RY(0.3, 1), lambda: qml.RY(-0.2, 1))()
        return found.at[i].set(m), total + m

    return for_loop(number)(body)(jnp.zeros(LENGTH, bool), 0)


@pytest.mark.parametrize("known", [True, False])
def test_loops_that_measure(known, seed):
    @qml.qnode(DEVICE)
    def circuit(number, x):
        qml.RX(0.4, 1)
        found, total = loops_that_measure(LENGTH if known else number, x)
        qml.RX(-0.4, 1)
        return found, total, qml.expval(qml.Z(0)), qml.state()

    found, total, z, states = runs(circuit, seed, LENGTH, 1.2)
    p = probability_of_one(1.2)
    # Every iteration draws on its own.
    frequencies = [
        [np.mean(found[:, i] & found[:, j]) for j in range(LENGTH)] for i in range(LENGTH)
    ]
    expected = np.where(np.eye(LENGTH), p, p**2)
    for frequency, probability in zip(np.ravel(frequencies), np.ravel(expected), strict=True):
        assert_estimates(frequency, probability, probability * (1 - probability), RUNS)
    np.testing.assert_array_equal(total, found.sum(axis=1))
    np.testing.assert_allclose(z, 1, atol=1e-12)
    for number in range(LENGTH + 1):
        angle = 0.3 * number - 0.2 * (LENGTH - number)

        @qml.qnode(qml.device("default.qubit", wires=3))
        def reached(angle=angle):
            qml.RX(0.4, 1)
            qml.RY(angle, 1)
            qml.RX(-0.4, 1)
            return qml.state()

        for state in states[total == number]:
            # RX(x)|0> projected on |1> is -i sin(x/2)|1>.
            np.testing.assert_allclose(state, (-1j) ** number * reached(), atol=1e-12)


def test_loops_that_measure_in_each_shot(seed):
    @qml.set_shots(SHOTS)
    @qml.qnode(DEVICE)
    def circuit(x):
        found, total = loops_that_measure(LENGTH, x)
        return found, qml.expval(qml.Z(1)), qml.sample(wires=[0, 1])

    found, z, sample = map(np.asarray, qjit(circuit, seed=seed % 2**32)(1.2))
    p = probability_of_one(1.2)
    assert found.shape == (SHOTS, LENGTH)
    for i in range(LENGTH):
        assert_estimates(found[:, i].mean(), p, p * (1 - p), SHOTS)
        assert_estimates((found[:, i] & found[:, i - 1]).mean(), p**2, p**2 * (1 - p**2), SHOTS)
    np.testing.assert_allclose(z, 1 - 2 * sample[:, 1].mean())
    angles = 0.5 * found.sum(axis=1) - 0.2 * LENGTH
    ones = probability_of_one(angles)
    assert_estimates((sample[:, 1] - ones).mean(), 0, 0.25, SHOTS)


def test_repeat_until_success(seed):
    @qml.set_shots(SHOTS)
    @qml.qnode(DEVICE)
    def circuit(x):
        @while_loop(lambda done, count: ~done)
        def attempt(done, count):
            qml.RX(x, 0)
            return measure(0, reset=True), count + 1

        return attempt(jnp.asarray(False), 0)[1], qml.expval(qml.Z(0))

    count, z = map(np.asarray, qjit(circuit, seed=seed % 2**32)(2.0))
    p = probability_of_one(2.0)
    assert_estimates(count.mean(), 1 / p, (1 - p) / p**2, SHOTS)
    assert_estimates((count == 2).mean(), p * (1 - p), 0.25, SHOTS)
    assert z == pytest.approx(1)


def test_branches_that_measure():
    @qml.qnode(DEVICE)
    def circuit(x, wire):
        qml.X(0)

        @cond(x > 0)
        def first():
            qml.X(1)
            for_loop(2)(lambda i: (measure(i, reset=True), None)[1])()
            return measure(wire)

        @first.otherwise
        def first():
            return measure(wire, reset=True)

        return first(), qml.probs()

    f = qjit(circuit)
    xs, wires = jnp.array([1.0, 1.0, -1.0, -1.0]), jnp.array([0, 2, 0, 1])
    one_hot = np.eye(8)
    expected = [(False, 0), (False, 0), (True, 0), (False, 4)]
    for (x, wire), (m, state) in zip(zip(xs, wires, strict=True), expected, strict=True):
        found, p = f(x, wire)
        assert found == m
        np.testing.assert_allclose(p, one_hot[state], atol=1e-12)
    found, p = jax.vmap(f)(xs, wires)
    np.testing.assert_array_equal(found, [m for m, _ in expected])
    np.testing.assert_allclose(p, one_hot[[state for _, state in expected]], atol=1e-12)


def test_loops_that_measure_with_autograph_and_without_wires(seed):
    @qml.qnode(qml.device("lightning.qubit"))
    def circuit(n):
        total = 0
        for i in range(3):
            qml.X(i)
            if n > 1:
                total += measure(i)
        return total, qml.probs()

    total, p = qjit(circuit, autograph=True)(2)
    assert total == 3
    np.testing.assert_allclose(p, np.eye(8)[7], atol=1e-12)


def test_a_loop_of_unknown_length_that_measures_is_not_differentiated():
    @qml.qnode(DEVICE)
    def circuit(x, length):
        loops_that_measure(length, x)
        return qml.expval(qml.Z(1))

    assert abs(float(qjit(circuit)(0.3, LENGTH))) <= 1.0
    with pytest.raises(DifferentiableCompileError, match="MidCircuitMeasure is not allowed"):
        qjit(grad(circuit))(0.3, LENGTH)


def test_a_traced_wire_that_there_is_not():
    @qml.qnode(DEVICE)
    def circuit(wire):
        return measure(wire), qml.probs()

    f = qjit(circuit)
    for wire in (3, -1):
        with pytest.raises(ValueError, match=f"measure or Identity was given the wires {wire};"):
            f(wire)
    assert not f(2)[0]


def test_seeds_and_batches(seed):
    @qml.qnode(DEVICE)
    def circuit(x):
        qml.RX(x, 0)
        return measure(0)

    @qml.qnode(DEVICE)
    def both(x):
        qml.RX(x, 0)
        return measure(0), qml.expval(qml.Z(0))

    angles = jnp.full(200, np.pi / 2)
    for each in (lambda x: both(x)[0], circuit):
        batch = jax.vmap(qjit(each, seed=seed % 2**32))
        m = batch(angles)
        assert abs(m.mean() - 0.5) < SIGMAS * 0.5 / np.sqrt(200)
        np.testing.assert_array_equal(batch(angles), m)


def test_a_traced_wire(seed):
    @qml.qnode(DEVICE)
    def circuit(wire):
        qml.X(1)
        return measure(wire, reset=True), qml.probs(wires=1)

    f = qjit(circuit)
    for wire in range(3):
        m, p = f(wire)
        assert m == (wire == 1)
        np.testing.assert_allclose(p, [1, 0] if wire == 1 else [0, 1], atol=1e-12)


@pytest.mark.parametrize("how", ["transform", "mcm_method"])
def test_deferred_measurements_are_averages_and_can_be_differentiated(how):
    options = {"mcm_method": "deferred"} if how == "mcm_method" else {}

    @qml.qnode(qml.device("lightning.qubit", wires=5), **options)
    def circuit(x):
        qml.RX(x, 0)
        m = qml.measure(0, reset=True)
        qml.cond(m, qml.RY)(x, 1)
        n = qgrad_lab.measure(1)
        qml.cond(n, qml.X)(2)
        return qml.expval(qml.Z(2))

    if how == "transform":
        circuit = qml.defer_measurements(circuit)
    p = probability_of_one(0.8)
    np.testing.assert_allclose(qjit(circuit)(0.8), 1 - 2 * p**2, atol=1e-12)
    slope = -4 * p * np.sin(0.8) / 2
    np.testing.assert_allclose(qjit(grad(circuit))(0.8), slope, atol=1e-10)


def _circuit(x):
    qml.RX(x, 0)
    m = measure(0)
    qml.RX(x, 1)
    return m, qml.expval(qml.Z(0) + qml.Z(1))


@pytest.mark.parametrize("shots", [None, 10])
@pytest.mark.parametrize("diff_method", ["best", "adjoint", "parameter-shift"])
def test_differentiation_is_refused(diff_method, shots):
    circuit = qml.set_shots(qml.QNode(_circuit, DEVICE, diff_method=diff_method), shots)
    with pytest.raises(DifferentiableCompileError, match="MidCircuitMeasure is not allowed"):
        qjit(grad(lambda x: circuit(x)[1]))(0.3)


def test_differentiation_of_one_run_is_refused_after_the_measurement_too():
    @qml.qnode(DEVICE)
    def circuit(x):
        qml.Hadamard(0)
        m = measure(0)
        qml.RX(x, 0)
        return m, qml.expval(qml.Z(0))

    with pytest.raises(DifferentiableCompileError, match="MidCircuitMeasure is not allowed"):
        qjit(grad(lambda x: circuit(x)[1]))(0.3)


def test_finite_differences_warn():
    circuit = qml.QNode(_circuit, DEVICE)
    with pytest.warns(UserWarning, match="circuits with 1 shot are noisy"):
        qjit(grad(lambda x: circuit(x)[1], method="fd"))(0.3)


PLACES = {
    "function under qml.adjoint": lambda: qml.adjoint(lambda: (measure(0), None)[1])(),
    "in circuit stands in a function under": lambda: for_loop(0, 2)(
        lambda i: qml.ctrl(lambda: (measure(i), None)[1], control=2)()
    )(),
    "inside a loop or a branch. Measurements stand at the end": lambda: for_loop(0, 2)(
        lambda i: (measure(i), qml.expval(qml.Z(0)), None)[2]
    )(),
    "acts on a wire that the device does not have": lambda: measure(7),
    "takes one wire": lambda: measure([0, 1]),
}


@pytest.mark.parametrize("message", PLACES)
def test_where_it_cannot_stand(message):
    @qml.qnode(DEVICE)
    def circuit():
        PLACES[message]()
        return qml.expval(qml.Z(0))

    with pytest.raises(CompileError, match=message):
        qjit(circuit)()


def test_options_that_are_refused():
    def circuit(x):
        qml.RX(x, 0)
        measure(0, postselect=1)
        return qml.expval(qml.Z(0))

    node = qml.QNode(circuit, DEVICE, postselect_mode="hw-like")
    assert float(qjit(node)(0.3)) == pytest.approx(-1)
    single = node.update(mcm_method="single-branch-statistics")
    with pytest.raises(CompileError, match="leaves out some.*fill-shots"):
        qjit(qml.set_shots(single, 10))(0.3)
    with pytest.raises(CompileError, match="mcm_method='one-shot' and no shots.*tree-traversal"):
        qjit(qml.QNode(circuit, DEVICE, mcm_method="one-shot"))(0.3)
    with pytest.raises(CompileError, match="mcm_method='device'.*it is None, 'one-shot'"):
        qjit(qml.QNode(circuit, DEVICE, mcm_method="device"))(0.3)
    with pytest.raises(CompileError, match="outside of a quantum function"):
        qjit(lambda: measure(0))()
    with pytest.raises(ValueError, match="postselect=2; it is 0, 1 or None"):
        qjit(qml.QNode(lambda: (measure(0, postselect=2), qml.expval(qml.Z(0))), DEVICE))()


def test_outside_of_compiled_programs_it_is_pennylanes():
    @qml.set_shots(10)
    @qml.qnode(qml.device("default.qubit", wires=1))
    def circuit():
        qml.X(0)
        return qml.sample(measure(0))

    assert (np.asarray(circuit()) == 1).all()


LEFT_OUT = -(2**31)


@pytest.mark.parametrize("mode", [None, "hw-like"])
def test_shots_with_another_outcome_are_left_out(mode, seed):
    @qml.set_shots(4000)
    @qml.qnode(DEVICE, postselect_mode=mode)
    def circuit(x):
        qml.RY(x, 0)
        qml.CNOT([0, 1])
        m = measure(0, postselect=1)
        qml.RY(0.5, 1)
        results = qml.sample(m), qml.sample(wires=0), qml.expval(qml.Z(1)), qml.var(qml.Z(1))
        return m, *results, qml.probs(wires=0), qml.counts(wires=0), qml.expval(m)

    m, bits, samples, mean, variance, probs, (_, counts), of_m = qjit(circuit, seed=seed % 2**32)(1)
    found = np.asarray(m)
    assert abs(found.mean() - np.sin(0.5) ** 2) < 0.06
    np.testing.assert_array_equal(bits, np.where(found, 1, LEFT_OUT))
    np.testing.assert_array_equal(samples[:, 0], np.where(found, 1, LEFT_OUT))
    np.testing.assert_allclose(mean, -np.cos(0.5), atol=0.15)
    np.testing.assert_allclose(variance, 1 - mean**2, atol=1e-9)
    np.testing.assert_allclose(probs, [0, 1])
    np.testing.assert_array_equal(counts, [0, found.sum()])
    assert of_m == 1


@pytest.mark.parametrize("mode", [None, "hw-like", "fill-shots"])
def test_shots_that_an_earlier_outcome_forbids_are_left_out(mode):
    @qml.set_shots(40)
    @qml.qnode(DEVICE, postselect_mode=mode)
    def bell():
        qml.Hadamard(0)
        qml.CNOT([0, 1])
        first = measure(0)
        second = measure(1, postselect=1)
        return first, qml.sample(first), qml.sample(second), qml.expval(qml.Z(1))

    first, *samples, mean = qjit(bell, seed=1)()
    assert 0 < np.sum(first) < 40
    for sample in samples:
        np.testing.assert_array_equal(sample, np.where(first, 1, LEFT_OUT))
    assert mean == -1


@pytest.mark.parametrize(
    "options",
    [{}, {"postselect_mode": "fill-shots"}, {"mcm_method": "single-branch-statistics"}],
)
def test_nothing_is_left_where_a_selected_outcome_is_impossible(options):
    @qml.set_shots(5)
    @qml.qnode(DEVICE, **options)
    def circuit():
        m = measure(0, postselect=1)
        means = qml.expval(m), qml.expval(qml.Z(1)), qml.var(qml.Z(1)), qml.probs(wires=0)
        return *means, qml.counts(wires=0), qml.sample(wires=0)

    *means, (_, counts), samples = qjit(circuit)()
    assert all(np.isnan(mean).all() for mean in means)
    np.testing.assert_array_equal(counts, [0, 0])
    assert (np.asarray(samples) == LEFT_OUT).all()


def test_postselection_in_loops_leaves_out_shots():
    @qml.set_shots(60)
    @qml.qnode(DEVICE)
    def circuit():
        @for_loop(0, 2, 1)
        def loop(i):
            qml.Hadamard(0)
            measure(0, postselect=1)

        loop()
        return qml.expval(qml.Z(0)), qml.sample(wires=0)

    mean, samples = qjit(circuit, seed=1)()
    assert mean == -1
    assert 0 < np.sum(np.asarray(samples) == 1) < 40
