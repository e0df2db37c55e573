"""Measurements against default.qubit: values, gradients and Hessians, for both methods."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml
import pytest

import qgrad_lab
from qgrad_lab.circuit.lower.measurements.registry import LOWERINGS
from qgrad_lab.circuit.lower.readouts import entropy
from qgrad_lab.errors import CompileError
from qgrad_lab.methods.table import Scope, names_of
from tests.support.measurements import kinds_of

WIRES = 3
METHODS = names_of(Scope.QNODES)
POINT = jnp.array([0.3, 0.7, -0.4])


def circuit(measure: Any, method: str = "adjoint") -> qml.QNode:
    """A QNode with an entangled state of real and imaginary amplitudes."""

    @qml.qnode(qml.device("lightning.qubit", wires=WIRES), diff_method=method)
    def qnode(x: Any) -> Any:
        for wire in range(WIRES):
            qml.RY(x[wire], wire)
        for wire in range(WIRES - 1):
            qml.CNOT([wire, wire + 1])
        for wire in range(WIRES):
            qml.RX(1.3 * x[wire] + 0.1, wire)
        return measure(x)

    return qnode


def flat(function: Any) -> Any:
    """``function`` with one real vector as result."""

    def vector(*args: Any) -> jax.Array:
        leaves = [jnp.ravel(jnp.asarray(leaf)) for leaf in jax.tree.leaves(function(*args))]
        return jnp.concatenate([part for leaf in leaves for part in (leaf.real, leaf.imag)])

    return vector


def derivatives(function: Any, x: Any, *, hessian: bool) -> tuple[Any, ...]:
    """Value, Jacobian in reverse mode, and Hessian, forward over reverse."""
    vector = flat(function)

    @jax.jit
    def all_of(x: Any) -> tuple[Any, ...]:
        second = (jax.hessian(vector)(x),) if hessian else ()
        return vector(x), jax.jacrev(vector)(x), *second

    return all_of(x)


def check(measure: Any, *, hessian: bool = False, point: Any = POINT) -> None:
    """Both methods against default.qubit."""
    expected = derivatives(qgrad_lab.reference(circuit(measure)), point, hessian=hessian)
    for method in METHODS:
        compiled = qgrad_lab.qjit(circuit(measure, method))
        got = derivatives(compiled, point, hessian=hessian)
        for value, wanted, tolerance in zip(got, expected, (1e-9, 1e-9, 1e-8), strict=False):
            np.testing.assert_allclose(value, wanted, atol=tolerance, rtol=0, err_msg=method)


HERMITIAN = np.array([[1.0, 0.5 - 0.2j], [0.5 + 0.2j, -0.3]])

MEASUREMENTS = {
    "probs": lambda x: qml.probs(wires=[2, 0]),
    "probs of all": lambda x: qml.probs(),
    "probs of Paulis": lambda x: qml.probs(op=qml.X(0) @ qml.Y(2)),
    "probs of Zs": lambda x: qml.probs(op=qml.Z(2) @ qml.Z(1)),
    "probs of a matrix": lambda x: qml.probs(
        op=qml.Hermitian(np.kron(HERMITIAN, HERMITIAN + np.eye(2)), wires=[2, 0])
    ),
    "probs of a product": lambda x: qml.probs(op=qml.Hermitian(HERMITIAN, 1) @ qml.X(2)),
    "state": lambda x: qml.state(),
    "density matrix": lambda x: qml.density_matrix(wires=[1]),
    "density matrix of most": lambda x: qml.density_matrix(wires=[2, 0]),
    "density matrix of all": lambda x: qml.density_matrix(wires=[1, 2, 0]),
    "mixture": lambda x: {
        "c": qml.expval(qml.X(0) @ qml.Z(1)),
        "a": (qml.probs(wires=1), qml.var(qml.Y(2)), [qml.purity(wires=0)]),
        "b": qml.density_matrix(wires=[0, 1]),
    },
}

WITH_HESSIAN = {
    "purity": lambda x: qml.purity(wires=[1]),
    "purity of most": lambda x: qml.purity(wires=[2, 0]),
    "entropy": lambda x: qml.vn_entropy(wires=[1], log_base=2),
    "entropy of most": lambda x: qml.vn_entropy(wires=[0, 2]),
    "mutual information": lambda x: qml.mutual_info([0], [2], log_base=2),
    "mixture": lambda x: (qml.vn_entropy(wires=0), qml.state(), qml.var(qml.X(1) + qml.Z(0))),
}


def test_every_registered_measurement_is_compared() -> None:
    tested = kinds_of([*MEASUREMENTS.values(), *WITH_HESSIAN.values()])
    assert tested == {row.kind for row in LOWERINGS if row.exact}


@pytest.mark.parametrize("name", MEASUREMENTS)
def test_values_and_gradients(name: str) -> None:
    check(MEASUREMENTS[name])


@pytest.mark.parametrize("name", WITH_HESSIAN)
def test_hessians(name: str) -> None:
    check(WITH_HESSIAN[name], hessian=True)


def test_numbers_are_few_where_wires_are_few() -> None:
    """One wire of four needs four expectation values, not the 32 numbers of the state."""

    @qml.qnode(qml.device("lightning.qubit", wires=4))
    def qnode(x: Any) -> Any:
        qml.RX(x, 0)
        return qml.vn_entropy(wires=2), qml.density_matrix(wires=2), qml.purity(wires=[0, 1, 3])

    (width,) = [
        equation.outvars[0].aval.shape
        for equation in jax.make_jaxpr(qgrad_lab.qjit(qnode))(0.1).eqns[0].params["jaxpr"].eqns
        if equation.primitive.name == "circuit"
    ]
    assert width == (4,)


def entangled_pair(method: str, measure: Any) -> Any:
    """Schmidt coefficients cos(t/2) and sin(t/2) between wires 0 and 1, and 2 and 3."""

    @qgrad_lab.qjit
    @qml.qnode(qml.device("lightning.qubit", wires=4), diff_method=method)
    def qnode(t: Any) -> Any:
        qml.RY(t, 0)
        for wire in range(3):
            qml.CNOT([wire, wire + 1])
        return measure()

    return qnode


def binary_entropy(t: Any) -> Any:
    p = jnp.cos(t / 2) ** 2
    return -p * jnp.log(p) - (1 - p) * jnp.log(1 - p)


@pytest.mark.parametrize("method", METHODS)
def test_entropy_where_eigenvalues_coincide(method: str) -> None:
    """Two wires: eigenvalues cos^2, sin^2, 0, 0; at pi/2 the first two are equal as well."""
    entropy_of = entangled_pair(method, lambda: qml.vn_entropy(wires=[0, 1]))
    for t in (np.pi / 2, 0.7):
        for order in (lambda f: f, jax.grad, jax.hessian):
            np.testing.assert_allclose(
                order(entropy_of)(t), order(binary_entropy)(t), atol=1e-9, rtol=0
            )


@pytest.mark.parametrize("measure", ["entropy", "mutual information"])
def test_entropy_of_pure_states(measure: str) -> None:
    """The gradient is zero, and not NaN; near the singular point it is the analytic one."""
    function = {
        "entropy": entangled_pair("adjoint", lambda: qml.vn_entropy(wires=[1])),
        "mutual information": entangled_pair("adjoint", lambda: qml.mutual_info([0], [2])),
    }[measure]
    for t in (0.0, np.pi):
        assert abs(function(t)) < 1e-12
        assert abs(jax.grad(function)(t)) < 1e-9
        assert np.isfinite(jax.hessian(function)(t))
    near = 1e-5
    expected = -near / 2 * np.log(near**2 / 4)
    np.testing.assert_allclose(jax.grad(function)(near), expected, rtol=1e-4)


def test_third_derivative_of_the_entropy() -> None:
    """Forward over reverse over reverse, of a full-rank state."""

    def function(t: Any) -> Any:
        p = jnp.stack([jnp.cos(t / 2) ** 2, jnp.sin(t / 2) ** 2])
        c, s = jnp.cos(3 * t), jnp.sin(3 * t)
        turn = jnp.stack([jnp.stack([c, -s]), jnp.stack([s, c])]) + 0j
        return entropy.entropy((turn * p[None]) @ turn.T)

    def third(f: Any) -> Any:
        return jax.jit(jax.jacfwd(jax.grad(jax.grad(f))))

    for t in (0.7, np.pi / 2):
        np.testing.assert_allclose(third(function)(t), third(binary_entropy)(t), atol=1e-8)


def test_entropy_of_what_does_not_fit_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entropy, "CHUNK_BYTES", 16 * 4 * 50)  # 50 of the inverses

    def function(t: Any) -> Any:
        c, s = jnp.cos(t), 0.2 * jnp.sin(t)
        p = jnp.array([[0.5, 0.0], [0.0, 0.5]]) + 0.4 * jnp.stack(
            [jnp.stack([c, s]), jnp.stack([s, -c])]
        )
        return entropy.entropy(p + 0j)

    def exact(t: Any) -> Any:
        """Eigenvalues 1/2 +- 0.4 r."""
        r = 0.4 * jnp.sqrt(jnp.cos(t) ** 2 + 0.04 * jnp.sin(t) ** 2)
        return -sum(p * jnp.log(p) for p in (0.5 + r, 0.5 - r))

    for derivative in (jax.grad, lambda f: jax.grad(jax.grad(f))):
        np.testing.assert_allclose(derivative(function)(0.6), derivative(exact)(0.6), atol=1e-9)


def test_singular_angles() -> None:
    def measure(x: Any) -> Any:
        return qml.var(qml.X(0)), qml.purity(wires=1), qml.probs(op=qml.Y(1)), qml.state()

    check(measure, point=jnp.zeros(3))


def test_vmap() -> None:
    points = jnp.stack([POINT, 2 * POINT, jnp.zeros(3)])
    compiled = qgrad_lab.qjit(circuit(lambda x: (qml.vn_entropy(wires=0), qml.purity(wires=1))))
    gradient = jax.jacrev(flat(compiled))
    batched = jax.jit(jax.vmap(gradient))(points)
    for row, point in zip(batched, points, strict=True):
        np.testing.assert_allclose(row, gradient(point), atol=1e-12)


def test_classical_values_come_back_differentiable() -> None:
    def measure(x: Any) -> Any:
        inner = x[0] * x[1]
        return {"z": qml.expval(qml.Z(0)), "n": 3, "square": (inner**2, [qml.probs(wires=1)])}

    compiled = qgrad_lab.qjit(circuit(measure))
    result = compiled(POINT)
    assert set(result) == {"z", "n", "square"}
    assert result["n"] == 3
    np.testing.assert_allclose(result["square"][0], (0.3 * 0.7) ** 2)
    got = jax.grad(lambda x: compiled(x)["square"][0] * compiled(x)["z"])(POINT)
    z = qgrad_lab.reference(circuit(lambda x: qml.expval(qml.Z(0))))
    expected = jax.grad(lambda x: (x[0] * x[1]) ** 2 * z(x))(POINT)
    np.testing.assert_allclose(got, expected, atol=1e-9)


def test_results_stand_where_they_were_returned() -> None:
    """Other orders than that of making, a result twice, and a transform in between."""

    @qml.qnode(qml.device("lightning.qubit", wires=2))
    def qnode(x: Any) -> Any:
        qml.RX(x, 0)
        qml.RX(x, 0)
        first = qml.expval(qml.Z(0))
        second = qml.expval(qml.Y(0))
        return {"a": second, "b": (first, 2 * x), "c": second}

    for each in (qnode, qml.transforms.merge_rotations(qnode)):
        result = qgrad_lab.qjit(each)(0.2)
        np.testing.assert_allclose(result["a"], -np.sin(0.4))
        np.testing.assert_allclose(result["b"], (np.cos(0.4), 0.4))
        np.testing.assert_allclose(result["c"], -np.sin(0.4))


@pytest.mark.parametrize(
    ("measure", "message"),
    [
        (lambda: qml.sample(), "A compiled circuit is exact, and returns qml.expval"),
        (lambda: qml.counts(), "A compiled circuit is exact, and returns qml.expval"),
        (lambda: qml.classical_shadow(wires=[0]), "cannot be compiled"),
        (lambda: qml.shadow_expval(qml.Z(0)), "cannot be compiled"),
        (lambda: qml.Z(0), "returned PauliZ; it returns measurements"),
        (lambda: (qml.expval(qml.Z(0)), "text"), "returned str; it returns measurements"),
        (lambda: (qml.expval(qml.Z(0)), qml.var(qml.X(1)))[:1], "does not return it"),
        (lambda: OUTSIDE, "made outside of it"),
        (lambda: qml.expval(qml.Z(7)), "acts on the wire 7"),
    ],
)
def test_refusals(measure: Any, message: str) -> None:
    with pytest.raises(CompileError, match=message):
        qgrad_lab.qjit(circuit(lambda x: measure()))(POINT)


OUTSIDE = qml.expval(qml.Z(0))


def test_traced_wire_of_a_measurement_is_refused() -> None:
    @qml.qnode(qml.device("lightning.qubit", wires=2))
    def qnode(wire: Any) -> Any:
        return qml.purity(wires=[wire])

    with pytest.raises(CompileError, match="known only when the program runs"):
        qgrad_lab.qjit(qnode)(1)


def test_a_device_with_no_wires():
    def on_none(measure):
        return qgrad_lab.qjit(qml.QNode(measure, qml.device("lightning.qubit", wires=0)))()

    for found, dtype in ((on_none(qml.state), complex), (on_none(qml.probs), float)):
        np.testing.assert_array_equal(found, np.ones(1, dtype), strict=True)
