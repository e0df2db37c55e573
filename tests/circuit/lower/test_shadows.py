"""Classical shadows and estimates from them, against exact expectation values."""

import jax.numpy as jnp
import numpy as np
import pennylane as qml
import pytest

from qgrad_lab import grad, qjit, reference
from tests.support.sampling import SIGMAS

SHOTS = 40_000
X = 0.7
OBSERVABLES = [
    qml.Z(0) @ qml.X(1),
    qml.Z(2),
    0.5 * qml.Y(0) + qml.X(2) @ qml.Y(1) + 0.3 * qml.Identity(0),
    qml.Hermitian(np.array([[1, 0.5j], [-0.5j, 2]]), 1),
]


def node(measurement, shots=SHOTS, **options):
    def circuit(x):
        qml.RX(x, 0)
        qml.CNOT([0, 1])
        qml.RY(2 * x, 2)
        qml.CRZ(x, [2, 0])
        qml.Hadamard(1)
        return measurement(x)

    qnode = qml.QNode(circuit, qml.device("lightning.qubit", wires=3), **options)
    return qml.set_shots(qnode, shots)


def exact(x=X):
    return np.array(reference(node(lambda x: list(map(qml.expval, OBSERVABLES))))(x))


def assert_near(estimate, wanted, weight=9.0):
    assert (np.abs(estimate - wanted) < SIGMAS * np.sqrt(weight / SHOTS)).all()


@pytest.mark.parametrize("parts", [1, 3])
def test_estimates(parts, seed):
    f = qjit(node(lambda x: qml.shadow_expval(OBSERVABLES, k=parts)), seed=seed % 2**32)
    assert_near(f(X), exact(), 9.0 * (1 if parts == 1 else 2))


def test_pennylane_reads_our_shadows(seed):
    f = qjit(node(lambda x: qml.classical_shadow([2, 0, 1])), seed=seed % 2**32)
    shadow = qml.ClassicalShadow(*map(np.asarray, f(X)), wire_map=[2, 0, 1])
    assert f(X).dtype == jnp.int8
    assert_near(shadow.expval(OBSERVABLES[:3]), exact()[:3])


def test_gradients_by_the_shift_rule(seed):
    f = qjit(grad(node(lambda x: qml.shadow_expval(qml.Z(2)))), seed=seed % 2**32)
    assert abs(f(X) + 2 * np.sin(2 * X)) < 0.2


def test_seeds_fix_the_bases_and_nothing_else():
    seeded = qjit(node(lambda x: qml.classical_shadow([0, 1], seed=3), 50))
    theirs = qml.set_shots(
        qml.QNode(
            lambda: qml.classical_shadow([0, 1], seed=3), qml.device("default.qubit", wires=2)
        ),
        50,
    )()
    first, second = seeded(X), seeded(X)
    np.testing.assert_array_equal(first[1], theirs[1])
    np.testing.assert_array_equal(first[1], second[1])
    assert (first[0] != second[0]).any()
    drawn = qjit(node(lambda x: qml.classical_shadow([0, 1]), 50))
    assert (drawn(X)[1] != drawn(X)[1]).any()


@pytest.mark.parametrize(
    "measurement",
    [
        qml.sample,
        qml.counts,
        lambda: qml.sample(qml.X(0)),
        lambda: qml.counts(qml.Hadamard(0)),
        lambda: qml.classical_shadow([0]),
    ],
)
def test_outcomes_of_what_is_no_number_are_refused(measurement):
    f = qjit(node(lambda x: measurement(), 5))
    f(X)
    with pytest.raises(ValueError, match=r"is not a number \(NaN\), so that there are no outcomes"):
        f(np.nan)


@pytest.mark.parametrize(
    "measurement",
    [
        lambda: qml.expval(qml.Z(0)),
        lambda: qml.var(qml.Z(0)),
        qml.probs,
        lambda: qml.shadow_expval(qml.Z(0)),
    ],
)
def test_means_of_what_is_no_number_are_none(measurement):
    assert np.isnan(qjit(node(lambda x: measurement(), 5))(np.nan)).all()
