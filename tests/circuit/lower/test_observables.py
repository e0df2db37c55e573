"""Observables of every kind, for expval and var, against matrix algebra on the state."""

import time
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml
import pytest
import scipy.sparse

import qgrad_lab
from qgrad_lab.circuit.lower.pauli_basis import compose, decompose, multiply, words
from qgrad_lab.errors import CompileError
from qgrad_lab.methods.table import Scope, names_of

WIRES = 3
METHODS = names_of(Scope.QNODES)
POINT = jnp.array([0.3, 0.7, -0.4])


def prepare(x: Any) -> None:
    for wire in range(WIRES):
        qml.RY(x[wire], wire)
    for wire in range(WIRES - 1):
        qml.CNOT([wire, wire + 1])
    for wire in range(WIRES):
        qml.RX(1.3 * x[wire] + 0.1, wire)


def compiled(observable: Any, method: str) -> Any:
    """Expectation value and variance of ``observable(x)``."""

    @qgrad_lab.qjit
    @qml.qnode(qml.device("lightning.qubit", wires=WIRES), diff_method=method)
    def qnode(x: Any) -> Any:
        prepare(x)
        return qml.expval(observable(x)), qml.var(observable(x))

    return lambda x: jnp.stack(qnode(x))


@qgrad_lab.reference
@qml.qnode(qml.device("lightning.qubit", wires=WIRES))
def reference_state(x: Any) -> Any:
    """The state on default.qubit."""
    prepare(x)
    return qml.state()


def on_wires(matrix: Any, wires: list[int]) -> Any:
    """``matrix`` on ``wires`` as a matrix on all of them."""
    rest = [wire for wire in range(WIRES) if wire not in wires]
    full = jnp.kron(matrix, jnp.eye(2 ** len(rest))).reshape((2,) * (2 * WIRES))
    order = [*wires, *rest]
    back = [order.index(wire) for wire in range(WIRES)]
    return full.transpose(*back, *(WIRES + i for i in back)).reshape(2**WIRES, -1)


def expected(matrix: Any) -> Any:
    """Expectation value and variance by linear algebra, of ``matrix(x)`` on all wires."""

    def function(x: Any) -> Any:
        psi = reference_state(x)
        phi = matrix(x) @ psi
        mean = jnp.vdot(psi, phi).real
        return jnp.stack([mean, jnp.vdot(phi, phi).real - mean**2])

    return function


def check(observable: Any, matrix: Any, *, hessian: bool = False) -> None:
    def all_of(function: Any) -> Any:
        def results(x: Any) -> tuple[Any, ...]:
            second = (jax.hessian(function)(x),) if hessian else ()
            return function(x), jax.jacrev(function)(x), *second

        return jax.jit(results)(POINT)

    wanted = all_of(expected(matrix))
    for method in METHODS:
        got = all_of(compiled(observable, method))
        for value, right, tolerance in zip(got, wanted, (1e-9, 1e-9, 1e-8), strict=False):
            np.testing.assert_allclose(value, right, atol=tolerance, rtol=0, err_msg=method)


RANDOM = np.random.default_rng(5)
_RAW = RANDOM.normal(size=(8, 8)) + 1j * RANDOM.normal(size=(8, 8))
DENSE = _RAW + _RAW.conj().T
X, Y, Z = (np.array(m) for m in ([[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]))
H = (X + Z) / np.sqrt(2)


def traced_matrix(x: Any) -> Any:
    """Hermitian and a function of ``x``, 2 x 2."""
    return jnp.sin(x[0]) * jnp.asarray(Z) + x[1] * jnp.asarray(Y) + x[2] * jnp.eye(2)


def traced_large(x: Any) -> Any:
    return jnp.kron(jnp.kron(traced_matrix(x), X), traced_matrix(x[::-1]))


def traced_ket(x: Any) -> Any:
    return jnp.stack([jnp.cos(x[0]) + 0j, 1j * jnp.sin(x[0])])


def ket_projector(ket: Any) -> Any:
    return jnp.outer(ket, ket.conj())


KNOWN = {
    "overlapping words": (
        qml.X(0) @ qml.Z(0) @ qml.X(0) + 0.5 * qml.Y(1) @ qml.Z(2),
        on_wires(-Z, [0]) + 0.5 * on_wires(np.kron(Y, Z), [1, 2]),
    ),
    "identity": (2.0 * qml.Identity(1) + qml.Z(0), on_wires(Z, [0]) + 2 * np.eye(8)),
    "hermitian": (qml.Hermitian(DENSE[:4, :4], [2, 0]), on_wires(DENSE[:4, :4], [2, 0])),
    "hermitian on all": (qml.Hermitian(DENSE, [2, 0, 1]), on_wires(DENSE, [2, 0, 1])),
    "hadamard": (
        qml.prod(qml.Hadamard(1), qml.X(1), qml.Hadamard(1)) + qml.Hadamard(0),
        on_wires(Z, [1]) + on_wires(H, [0]),
    ),
    "basis projector": (
        qml.Projector([1, 0], [0, 2]) @ qml.X(1),
        on_wires(np.kron(np.diag([0, 0, 1, 0]), X), [0, 2, 1]),
    ),
    "state projector": (
        qml.Projector(np.array([0.6, 0.8j]), [2]),
        on_wires(ket_projector(np.array([0.6, 0.8j])), [2]),
    ),
    "sparse": (
        qml.SparseHamiltonian(scipy.sparse.csr_matrix(DENSE), [2, 0, 1]),
        on_wires(DENSE, [2, 0, 1]),
    ),
    "scaled sum": (
        -0.3 * (qml.Hermitian(DENSE[:2, :2], 1) + qml.X(0)) @ qml.Z(2),
        -0.3 * (on_wires(DENSE[:2, :2], [1]) + on_wires(X, [0])) @ on_wires(Z, [2]),
    ),
}

TRACED = {
    "coefficients": (
        lambda x: qml.dot([x[0], x[1] ** 2], [qml.X(0) @ qml.Z(1), qml.Hadamard(2)]),
        lambda x: x[0] * on_wires(np.kron(X, Z), [0, 1]) + x[1] ** 2 * on_wires(H, [2]),
    ),
    "bare product with a number": (
        lambda x: qml.s_prod(x[2], qml.Y(1)),
        lambda x: x[2] * on_wires(Y, [1]),
    ),
    "hermitian": (
        lambda x: (
            qml.Hermitian(traced_matrix(x), 1) @ qml.X(1) @ qml.Hermitian(traced_matrix(x), 1)
        ),
        lambda x: on_wires(traced_matrix(x) @ X @ traced_matrix(x), [1]),
    ),
    "large hermitian": (
        lambda x: qml.Hermitian(traced_large(x), [2, 0, 1]) + x[0] * qml.Z(1),
        lambda x: on_wires(traced_large(x), [2, 0, 1]) + x[0] * on_wires(Z, [1]),
    ),
    "projector": (
        lambda x: qml.Projector(traced_ket(x), [2]),
        lambda x: on_wires(ket_projector(traced_ket(x)), [2]),
    ),
    "large projector": (
        lambda x: qml.Projector(
            jnp.kron(jnp.kron(traced_ket(x), traced_ket(x)), traced_ket(-x)), [1, 0, 2]
        ),
        lambda x: on_wires(
            ket_projector(jnp.kron(jnp.kron(traced_ket(x), traced_ket(x)), traced_ket(-x))),
            [1, 0, 2],
        ),
    ),
}


@pytest.mark.parametrize("name", KNOWN)
def test_known_observables(name: str) -> None:
    observable, matrix = KNOWN[name]
    check(lambda x: observable, lambda x: matrix)


@pytest.mark.parametrize("name", TRACED)
def test_traced_observables(name: str) -> None:
    check(*TRACED[name], hessian=name in ("hermitian", "large hermitian"))


def test_every_matrix_element_is_differentiable() -> None:
    """As independent arguments, for a small matrix and for one measured from the amplitudes."""
    for size, wires in ((2, [1]), (8, [2, 0, 1])):

        def function(real: Any, imag: Any, wires: Any = wires) -> Any:
            @qml.qnode(qml.device("lightning.qubit", wires=WIRES))
            def qnode(given: Any) -> Any:
                prepare(POINT)
                return qml.expval(qml.Hermitian(given, wires))

            return qnode(real + 1j * imag)

        matrix = DENSE[:size, :size]
        parts = (jnp.asarray(matrix.real), jnp.asarray(matrix.imag))
        got = qgrad_lab.qjit(qgrad_lab.grad(function, argnum=(0, 1)))(*parts)
        psi = reference_state(POINT)

        def expectation(real: Any, imag: Any, wires: Any = wires, psi: Any = psi) -> Any:
            return jnp.vdot(psi, on_wires(real + 1j * imag, wires) @ psi).real

        right = jax.grad(expectation, (0, 1))(*parts)
        for one, other in zip(got, right, strict=True):
            np.testing.assert_allclose(one, other, atol=1e-9)


def test_traced_basis_state_of_a_projector() -> None:
    for wires in ([1], [2, 0, 1]):

        @qgrad_lab.qjit
        @qml.qnode(qml.device("lightning.qubit", wires=WIRES))
        def qnode(bits: Any, wires: Any = wires) -> Any:
            prepare(POINT)
            return qml.expval(qml.Projector(bits, wires))

        bits = jnp.array([1, 0, 1][: len(wires)])
        ket = np.zeros(2 ** len(wires))
        ket[int("101"[: len(wires)], 2)] = 1
        wanted = expected(lambda x: on_wires(np.outer(ket, ket), wires))(POINT)[0]  # noqa: B023
        np.testing.assert_allclose(qnode(bits), wanted, atol=1e-9)


def test_large_hamiltonian_lowers_fast() -> None:
    """Three hundred words with traced coefficients: one gather, not one operation for each."""
    letters = RANDOM.choice(list("IXYZ"), (300, 8))
    letters[:, 0] = "Z"
    ops = [
        qml.prod(*(getattr(qml, letter)(wire) for wire, letter in enumerate(word) if letter != "I"))
        for word in letters
    ]

    @qgrad_lab.qjit
    @qml.qnode(qml.device("lightning.qubit", wires=8))
    def qnode(c: Any) -> Any:
        for wire in range(8):
            qml.RX(0.1 * wire + 0.2, wire)
        return qml.expval(qml.dot(c, ops))

    begin = time.perf_counter()
    jaxpr = jax.make_jaxpr(qnode)(jnp.ones(300))
    assert time.perf_counter() - begin < 20
    assert len(str(jaxpr)) < 5000
    gradient = jax.grad(qnode)(jnp.ones(300))
    # The expectation value of a product state factorises.
    single = {"I": lambda a: 1.0, "X": lambda a: 0.0, "Y": lambda a: -np.sin(a), "Z": np.cos}
    right = [
        np.prod([single[letter](0.1 * wire + 0.2) for wire, letter in enumerate(word)])
        for word in letters
    ]
    np.testing.assert_allclose(gradient, right, atol=1e-9)


def test_pauli_basis() -> None:
    """Against PennyLane's decomposition, and there and back."""
    coefficients = decompose(DENSE)
    ours = dict(zip(words((0, 1, 2)), coefficients, strict=True))
    for word, c in qml.pauli_decompose(DENSE, pauli=True).items():
        np.testing.assert_allclose(ours[tuple(sorted(word.items()))], c, atol=1e-12)
    np.testing.assert_allclose(compose(coefficients), DENSE, atol=1e-12)
    np.testing.assert_allclose(jax.jit(compose)(coefficients), DENSE, atol=1e-12)
    np.testing.assert_allclose(jax.jit(decompose)(DENSE), coefficients, atol=1e-12)
    assert multiply(((0, "X"), (2, "Z")), ((0, "Z"), (1, "Y"))) == (
        -1j,
        ((0, "Y"), (1, "Y"), (2, "Z")),
    )


@pytest.mark.parametrize(
    ("observable", "message"),
    [
        (qml.X(0) @ qml.Z(0), "is not Hermitian"),
        (qml.S(0), "is not Hermitian"),
        (qml.Hermitian(np.array([[0, 1], [0, 0]]), 0), "is not Hermitian"),
        (1j * qml.X(0), "is not Hermitian"),
        (qml.Hermitian(_RAW, [0, 1, 2]), "is not Hermitian"),
        (np.nan * qml.X(0), "not a finite number"),
    ],
)
def test_refusals(observable: Any, message: str) -> None:
    with pytest.raises(CompileError, match=message):
        compiled(lambda x: observable, "adjoint")(POINT)


def test_sums_of_operators_that_are_not_hermitian_alone() -> None:
    observable = qml.S(0) + qml.adjoint(qml.S(0))
    check(lambda x: observable, lambda x: on_wires(np.diag([2.0, 0.0]), [0]))
