"""Circuits with shots: estimates and their distribution."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml
import pytest
from scipy.sparse import csr_matrix

from qgrad_lab import CompileError, qjit, reference
from qgrad_lab.circuit.lower.measurements.registry import LOWERINGS
from tests.support.measurements import kinds_of
from tests.support.sampling import assert_estimates, assert_mean

SHOTS = 20_000
DEVICE = qml.device("lightning.qubit", wires=3)


def ansatz(x):
    qml.RX(x, 0)
    qml.CNOT([0, 1])
    qml.RY(2 * x, 2)
    qml.CRZ(x, [2, 0])
    qml.RX(0.4, 1)
    qml.CNOT([1, 2])


def node(returned, shots=SHOTS, device=DEVICE, **options):
    @qml.qnode(device, **options)
    def circuit(x):
        ansatz(x)
        return returned(x)

    return qml.set_shots(circuit, shots)


def sampled(seed, returned, shots=SHOTS):
    return qjit(node(returned, shots), seed=seed % 2**32)


def exact(returned, x=0.7):
    return reference(node(returned, None))(x)


MATRIX = np.array([[1, 0.5j], [-0.5j, 2]])
TWO_WIRES = np.kron(MATRIX, MATRIX.conj()) + np.diag([0.0, 1.0, 2.0, 0.5])

SPARSE = csr_matrix(TWO_WIRES)

# Each is measured in one basis, so that the variance of a shot is that of the observable.
OBSERVABLES = {
    "Z": lambda x: qml.Z(0),
    "X": lambda x: qml.X(2),
    "Y": lambda x: qml.Y(1),
    "word": lambda x: qml.Y(0) @ qml.X(2) @ qml.Z(1),
    "sum of commuting words": lambda x: 0.3 * qml.X(0) - 2.0 * qml.X(0) @ qml.Z(2) + 1.5 * qml.Z(2),
    "with identity": lambda x: 2.0 * qml.Identity(1) + qml.Z(1),
    "traced coefficients": lambda x: x * qml.Z(0) + x**2 * qml.Z(0) @ qml.Y(1),
    "Hermitian": lambda x: qml.Hermitian(MATRIX, 1),
    "Hermitian on two wires": lambda x: qml.Hermitian(TWO_WIRES, [2, 0]),
    "Hadamard": lambda x: qml.Hadamard(2),
    "projector": lambda x: qml.Projector([1, 0], [2, 1]),
    "projector on a state": lambda x: qml.Projector(np.array([0.6, 0.8j]), [0]),
    "sparse": lambda x: qml.SparseHamiltonian(SPARSE, [1, 2]),
    "scaled": lambda x: 3.0 * qml.Hermitian(MATRIX, 0),
}


@pytest.mark.parametrize("name", OBSERVABLES)
def test_expectation_values_and_variances(name, seed):
    observable = OBSERVABLES[name]
    if name == "sparse":
        matrix = qml.Hermitian(TWO_WIRES, [1, 2])
        mean, variance = exact(lambda x: (qml.expval(matrix), qml.var(matrix)))
    else:
        mean, variance = exact(lambda x: (qml.expval(observable(x)), qml.var(observable(x))))
    estimate = sampled(seed, lambda x: qml.expval(observable(x)))(0.7)
    assert_estimates(estimate, mean, variance, SHOTS)
    estimate = sampled(seed, lambda x: qml.var(observable(x)))(0.7)
    # The variance of (O - <O>)**2 is below the square of the range of O times the variance.
    assert_estimates(estimate, variance, 64.0 * variance, SHOTS)


def test_an_observable_that_takes_several_bases(seed):
    observable = 0.3 * qml.Z(0) @ qml.X(2) + 0.5 * qml.Y(1) + qml.X(0) @ qml.X(1) + 0.25
    estimate = sampled(seed, lambda x: qml.expval(observable))(0.7)
    assert_estimates(estimate, exact(lambda x: qml.expval(observable)), (0.3 + 0.5 + 1) ** 2, SHOTS)
    mean, variance = exact(lambda x: (qml.expval(observable), qml.var(observable)))
    estimate = sampled(seed, lambda x: qml.var(observable))(0.7)
    assert_estimates(estimate, variance, 16 * variance, SHOTS)


def test_a_sum_with_parts_that_are_no_pauli_words(seed):
    wide = qml.Projector([0] * 8, range(8))
    device = qml.device("lightning.qubit", wires=8)

    def returned(x):
        return qml.expval(x * wide + 0.5 * qml.X(2))

    estimate = qjit(node(returned, SHOTS, device), seed=seed % 2**32)(0.7)
    mean = reference(node(returned, None, device))(0.7)
    assert_estimates(estimate, mean, 1.2**2, SHOTS)


PROBABILITIES = {
    "all wires": lambda x: qml.probs(),
    "some wires": lambda x: qml.probs(wires=[2, 0]),
    "one wire": lambda x: qml.probs(wires=1),
    "word": lambda x: qml.probs(op=qml.X(0) @ qml.Y(1)),
    "Hermitian": lambda x: qml.probs(op=qml.Hermitian(TWO_WIRES, [2, 1])),
}


@pytest.mark.parametrize("name", PROBABILITIES)
@pytest.mark.parametrize("shots", [3, SHOTS])
def test_probabilities(name, shots, seed):
    p = np.asarray(exact(PROBABILITIES[name]))
    estimate = sampled(seed, PROBABILITIES[name], shots)(0.7)
    assert_estimates(estimate, p, p * (1 - p), shots)
    np.testing.assert_allclose(np.sum(estimate), 1)
    np.testing.assert_allclose(np.round(estimate * shots), estimate * shots, atol=1e-9)


@pytest.mark.parametrize("shots", [5, SHOTS])
def test_samples_have_the_distribution_of_the_state(shots, seed):
    p = np.asarray(exact(lambda x: qml.probs()))
    bits = np.asarray(sampled(seed, lambda x: qml.sample(), shots)(0.7))
    assert bits.shape == (shots, 3) and bits.dtype == np.int64
    frequencies = np.bincount(bits @ [4, 2, 1], minlength=8) / shots
    assert_estimates(frequencies, p, p * (1 - p), shots)
    # Successive shots have nothing to do with each other.
    first, second = bits[:-1, 0] - bits[:, 0].mean(), bits[1:, 0] - bits[:, 0].mean()
    assert_estimates(np.mean(first * second), 0.0, 1 / 16, shots)


def test_what_is_measured_in_one_basis_comes_from_the_same_shots(seed):
    def returned(x):
        return (
            qml.sample(),
            qml.sample(wires=[2, 0]),
            qml.sample(qml.Z(0) @ qml.Z(1)),
            qml.counts(wires=[1, 2]),
            qml.counts(2.0 * qml.Z(1)),
            qml.probs(wires=2),
            qml.expval(qml.Z(0) @ qml.Z(2) - 0.5 * qml.Z(1)),
            qml.var(qml.Z(0)),
        )

    all_bits, some, signs, counts, eigen, p, mean, variance = jax.tree.map(
        np.asarray, sampled(seed, returned, 500)(0.7)
    )
    z = 1 - 2 * all_bits
    np.testing.assert_array_equal(some, all_bits[:, [2, 0]])
    np.testing.assert_array_equal(signs, z[:, 0] * z[:, 1])
    np.testing.assert_array_equal(counts[0], np.arange(4))
    np.testing.assert_array_equal(counts[1], np.bincount(all_bits[:, 1:] @ [2, 1], minlength=4))
    np.testing.assert_array_equal(eigen[0], [-2.0, 2.0])
    np.testing.assert_array_equal(eigen[1], [np.sum(z[:, 1] < 0), np.sum(z[:, 1] > 0)])
    np.testing.assert_allclose(p, [np.mean(z[:, 2] > 0), np.mean(z[:, 2] < 0)])
    np.testing.assert_allclose(mean, np.mean(z[:, 0] * z[:, 2] - 0.5 * z[:, 1]))
    np.testing.assert_allclose(variance, np.var(z[:, 0]))


FORMS = {
    "sample": lambda x: qml.sample(),
    "sample of a wire": lambda x: qml.sample(wires=1),
    "sample of a word": lambda x: qml.sample(qml.X(0) @ qml.Z(1)),
    "sample of a matrix": lambda x: qml.sample(qml.Hermitian(MATRIX, 0)),
    "probs": lambda x: qml.probs(wires=[0, 2]),
    "several": lambda x: (qml.expval(qml.Z(0)), qml.sample(wires=[0, 1]), qml.var(qml.X(1))),
    "shadow": lambda x: qml.classical_shadow([0, 1]),
    "estimates from a shadow": lambda x: qml.shadow_expval([qml.Z(0), qml.X(0) @ qml.Y(1)]),
    "estimate from a shadow": lambda x: qml.shadow_expval(qml.Z(0), k=2),
    "dict": lambda x: {"a": qml.expval(qml.Z(0)), "b": [qml.probs(wires=0)]},
}


@pytest.mark.parametrize("shots", [10, (10, 20), (5, (7, 2))])
@pytest.mark.parametrize("name", FORMS)
def test_results_have_the_form_of_pennylanes(name, shots, seed):
    ours = sampled(seed, FORMS[name], shots)(0.7)
    theirs = node(FORMS[name], shots, qml.device("default.qubit", wires=3))(0.7)
    assert jax.tree.structure(ours) == jax.tree.structure(theirs)
    for own, their in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
        assert own.shape == np.shape(their)
        assert own.dtype.kind == np.asarray(their).dtype.kind


@pytest.mark.parametrize(
    "observable", [qml.X(0), 3.0 * qml.Z(1), qml.Hermitian(MATRIX, 2), qml.X(0) @ qml.Hadamard(1)]
)
def test_counts_of_an_observable(observable, seed):
    values, counts = sampled(seed, lambda x: qml.counts(observable))(0.7)
    expected = np.unique(np.round(qml.eigvals(observable), 10))
    np.testing.assert_allclose(values, expected, atol=1e-9)
    assert counts.dtype == jnp.int64 and int(counts.sum()) == SHOTS
    mean, variance = exact(lambda x: (qml.expval(observable), qml.var(observable)))
    assert_estimates(np.vdot(values, counts) / SHOTS, mean, variance, SHOTS)


def test_dtype_of_samples(seed):
    assert sampled(seed, lambda x: qml.sample(wires=0, dtype="int8"), 10)(0.7).dtype == jnp.int8


def test_parts_of_a_shot_vector_are_independent(seed):
    f = sampled(seed, lambda x: qml.expval(qml.Z(0)), ((100, 200),))
    values = np.asarray(f(0.7))
    assert len(set(values.tolist())) > 5
    assert_mean(values, exact(lambda x: qml.expval(qml.Z(0))))
    centred = values - values.mean()
    assert_mean(centred[:-1] * centred[1:], 0.0)


def test_classical_values_beside_measurements(seed):
    value, twice = sampled(seed, lambda x: (qml.expval(qml.Z(0)), 2 * x), 100)(0.7)
    assert float(twice) == 1.4 and abs(value) <= 1
    both = sampled(seed, lambda x: (qml.expval(qml.Z(0)), 2 * x), (10, 20))(0.7)
    assert [float(each[1]) for each in both] == [1.4, 1.4]


def test_transforms(seed):
    split = qml.transforms.split_non_commuting(
        node(lambda x: [qml.expval(qml.X(0)), qml.expval(qml.Z(0) + qml.Y(0))])
    )
    x, zy = qjit(split, seed=seed % 2**32)(0.7)
    mean = exact(lambda x: [qml.expval(qml.X(0)), qml.expval(qml.Z(0) + qml.Y(0))])
    assert_estimates([x, zy], mean, [1.0, 4.0], SHOTS)
    merged = qml.transforms.merge_rotations(node(lambda x: qml.probs(wires=0), (100, SHOTS)))
    first, second = qjit(merged, seed=seed % 2**32)(0.7)
    p = np.asarray(exact(lambda x: qml.probs(wires=0)))
    assert_estimates(first, p, p * (1 - p), 100)
    assert_estimates(second, p, p * (1 - p), SHOTS)


def test_parameter_broadcasting(seed):
    xs = np.linspace(0, 2, 5)
    estimate = sampled(seed, lambda x: qml.expval(qml.Z(0)))(xs)
    assert_estimates(estimate, np.cos(xs), 1 - np.cos(xs) ** 2, SHOTS)


def test_shots_of_a_call():
    @qml.qnode(DEVICE)
    def f(x):
        qml.RX(x, 0)
        return qml.sample(wires=0)

    with pytest.warns(qml.exceptions.PennyLaneDeprecationWarning):
        assert qjit(lambda x: f(x, shots=7))(0.7).shape == (7, 1)


def test_many_wires_and_shots(seed):
    """A million shots of 20 wires: the outcomes of all would take 160 MB, and a table of all
    results of all shots could not be held."""
    device = qml.device("lightning.qubit", wires=20)
    shots = 1_000_000

    @qml.set_shots(shots)
    @qml.qnode(device)
    def circuit(x):
        for i in range(20):
            qml.RX(x * i / 10, i)
        return (
            qml.expval(qml.prod(*[qml.Z(i) for i in range(20)])),
            qml.expval(qml.X(3) @ qml.X(4)),
            qml.probs(wires=[7, 19]),
        )

    z, x, p = qjit(circuit, seed=seed % 2**32)(0.2)
    angles = 0.02 * np.arange(20)
    assert_estimates(z, np.prod(np.cos(angles)), 1 - np.prod(np.cos(angles)) ** 2, shots)
    assert_estimates(x, 0.0, 1.0, shots)
    one = np.sin(angles[[7, 19]] / 2) ** 2
    expected = np.kron([1 - one[0], one[0]], [1 - one[1], one[1]])
    assert_estimates(p, expected, expected * (1 - expected), shots)


def test_what_is_not_a_number_stays_so(seed):
    estimate = sampled(seed, lambda x: (qml.expval(qml.Z(0)), qml.probs(wires=0)), 10)(np.nan)
    assert all(np.isnan(leaf).all() for leaf in jax.tree.leaves(estimate))


REFUSED = {
    "state": lambda x: qml.state(),
    "density_matrix|state": lambda x: qml.density_matrix(0),
    "vnentropy": lambda x: qml.vn_entropy(0),
    "mutualinfo": lambda x: qml.mutual_info(0, 1),
    "purity": lambda x: qml.purity(0),
}


def test_every_registered_measurement_takes_shots_or_is_refused():
    counted = qml.measurements.CountsMP  # has a form of its own, see test_counts_of_an_observable
    taken = {row.kind for row in LOWERINGS if row.sampled}
    assert kinds_of(FORMS.values()) | {counted} == taken
    assert kinds_of(REFUSED.values()) >= {row.kind for row in LOWERINGS} - taken


@pytest.mark.parametrize("name", REFUSED)
def test_what_needs_the_state_is_refused(name):
    message = re.compile(f"({name}).* cannot be compiled for a circuit with shots", re.I | re.S)
    with pytest.raises(CompileError, match=message):
        qjit(node(REFUSED[name], 10))(0.7)


@pytest.mark.parametrize("measure", [qml.sample, qml.counts])
def test_samples_need_shots(measure):
    with pytest.raises(CompileError, match="(?s)For qml.sample, qml.counts.* give it shots"):
        qjit(node(lambda x: measure(wires=0), None))(0.7)


def test_an_eigenbasis_that_is_not_known_is_refused():
    with pytest.raises(CompileError, match="eigenbasis depends on traced values"):
        qjit(node(lambda x: qml.var(x * qml.X(0) + qml.Z(0)), 10))(0.7)
    wide = qml.SparseHamiltonian(csr_matrix(np.ones((512, 512))), range(9))
    with pytest.raises(CompileError, match="acts on 9 wires; with shots"):
        qjit(node(lambda x: qml.sample(wide), 10, qml.device("lightning.qubit", wires=9)))(0.7)


def test_the_reference_is_exact():
    f = node(lambda x: qml.expval(qml.Z(0)), 10)
    np.testing.assert_allclose(reference(f)(0.7), np.cos(0.7), atol=1e-12)


def test_text_of_a_sampled_circuit():
    f = node(lambda x: (qml.expval(qml.X(0)), qml.sample(wires=1), qml.probs(wires=2)), 10)
    text = str(jax.make_jaxpr(qjit(f))(0.7))
    assert "random_key" in text and "Sampled circuit" in text
