"""Exact means over the outcomes of measurements in the middle, against deferred measurements."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml
import pytest

import qgrad_lab
from qgrad_lab import DifferentiableCompileError, cond, for_loop, grad, jacobian, measure, qjit
from qgrad_lab.circuit.contents import calls
from qgrad_lab.circuit.control import collapse, tree
from tests.support.mid_circuit import NUM_ANGLES, function, numbers, random_mid_circuit

METHODS = ["best", "adjoint", "parameter-shift"]


def lightning(f, wires=3, **options):
    return qml.QNode(f, qml.device("lightning.qubit", wires=wires), **options)


def deferred(f, **options):
    device = qml.device("default.qubit")
    return qml.QNode(f, device, diff_method="backprop", mcm_method="deferred", **options)


@pytest.mark.parametrize("number", range(4))
def test_random_circuits(number, seed):
    rng = np.random.default_rng([seed, number])
    circuit = random_mid_circuit(rng, most=3)
    x = jnp.asarray(rng.uniform(-2, 2, NUM_ANGLES))
    f = function(circuit)
    node = lightning(f, circuit.num_wires, diff_method=METHODS[number % 3])

    def ours(x):
        return numbers(node(x))

    def reference(x):
        return numbers(deferred(f)(x))

    got = qjit(lambda x: [ours(x), jacobian(ours)(x), jax.jacfwd(jax.jacrev(ours))(x)])(x)
    for result, derived in zip(got, _orders(reference), strict=True):
        np.testing.assert_allclose(result, jax.jit(derived)(x), atol=1e-9)


def _orders(f):
    return f, jax.jacobian(f), jax.jacfwd(jax.jacrev(f))


def teleported(x):
    qml.RX(x, 0)
    qml.RZ(2 * x, 0)
    qml.Hadamard(1)
    qml.CNOT([1, 2])
    qml.CNOT([0, 1])
    qml.Hadamard(0)
    z, y = measure(0), measure(1)
    cond(y, lambda: qml.X(2))()
    cond(z, lambda: qml.Z(2))()
    return qml.expval(qml.Y(2))


@pytest.mark.parametrize("method", METHODS)
def test_teleportation(method):
    def expected(x):
        return -jnp.sin(x) * jnp.cos(2 * x)

    f = lightning(teleported, diff_method=method)
    for ours, formula in zip(_orders(f), _orders(expected), strict=True):
        np.testing.assert_allclose(qjit(ours)(0.7), formula(0.7), atol=1e-11)
    np.testing.assert_allclose(qjit(grad(f, method="fd"))(0.7), jax.grad(expected)(0.7), atol=1e-6)
    batch = jnp.linspace(-1, 1, 5)
    np.testing.assert_allclose(
        qjit(jax.vmap(jax.grad(f)))(batch), jax.vmap(jax.grad(expected))(batch), atol=1e-11
    )


def test_what_is_measured():
    def circuit(x):
        qml.RX(x[0], 0)
        qml.RY(x[1], 1)
        qml.CNOT([0, 1])
        m = qml.measure(0)
        qml.cond(m, qml.RX)(x[2], 1)
        n = qml.measure(1, reset=True)
        qml.cond(n, qml.RY)(x[0] * x[1], 0)
        qml.RY(x[2], 1)
        qml.CNOT([1, 0])
        return (
            qml.expval(qml.Z(0)),
            qml.expval(qml.Hermitian(np.array([[1, 0.5j], [-0.5j, 2]]), 1)),
            qml.probs([0, 1]),
            qml.probs(op=qml.X(0)),
            qml.var(qml.X(1) @ qml.Z(0) + 0.3 * qml.Y(1)),
            qml.var(qml.Projector([1], 0)),
            qml.density_matrix([1]),
            qml.density_matrix([1, 0]),
            qml.purity([0]),
            qml.vn_entropy([0]),
            qml.mutual_info([0], [1]),
            qml.expval(m),
            qml.var(n),
            qml.expval(m + 2 * n),
            qml.probs(op=[m, n]),
        )

    x = jnp.array([0.4, 0.8, 1.3])
    ours = lightning(circuit, 2)
    reference = deferred(circuit)
    for got, want in zip(qjit(ours)(x), reference(x), strict=True):
        np.testing.assert_allclose(got, want, atol=1e-12)

    def real(f, x):
        return [jnp.real(result) for result in f(x)]

    got = qjit(lambda x: jax.jacobian(functools.partial(real, ours))(x))(x)
    want = jax.jacobian(functools.partial(real, reference))(x)
    for one, other in zip(got, want, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-10)


def test_loops_of_known_length_and_branches_that_measure():
    def circuit(x, loop, branch):
        found = []

        def body(i, total):
            qml.RX(x, 0)
            qml.CNOT([0, 1])
            m = qgrad_lab.measure(1, reset=True)
            qml.RY(0.3 * total, 2)
            return total + m

        total = loop(body)
        qml.RX(0.5 * total, 2)
        branch(found)
        return qml.expval(qml.Z(2) + qml.X(0))

    def compiled(x):
        def inside():
            qml.RX(x, 1)
            m = measure(1)
            cond(m, lambda: qml.RY(x, 2))()
            return m

        def outside():
            qml.RY(0.2, 2)
            return measure(2)

        def branch(_):
            m = measure(0)
            n = cond(m, inside, outside)()
            cond(n & m, lambda: qml.RZ(x, 0), lambda: qml.RX(x, 0))()

        return circuit(x, lambda body: for_loop(0, 3)(body)(0), branch)

    def by_hand(x):
        """All runs of the circuit, one after the other, each outcome selected."""
        total, mean = 0.0, 0.0
        for number in range(2**5):
            bits = [number >> k & 1 for k in range(5)]
            psi = _psi(x, bits)
            weight = jnp.sum(jnp.abs(psi) ** 2)
            total += weight
            z, x0 = _matrix(np.diag([1, -1]), 2), _matrix(np.array([[0, 1], [1, 0]]), 0)
            mean += jnp.real(jnp.vdot(psi, (z + x0) @ psi))
        return mean / total

    node = lightning(compiled)
    every = [jax.jit(reference)(0.6) for reference in _orders(by_hand)]
    np.testing.assert_allclose(
        qjit(lambda x: [f(x) for f in _orders(node)])(0.6), every, atol=1e-10
    )


def _matrix(matrix, wire):
    factors = [np.eye(2)] * 3
    factors[wire] = matrix
    return functools.reduce(jnp.kron, factors)


def _psi(x, bits):
    """Return the state of that test in one of its branches."""

    def rx(angle):
        c, s = jnp.cos(angle / 2), jnp.sin(angle / 2)
        return jnp.array([[c, -1j * s], [-1j * s, c]])

    def ry(angle):
        c, s = jnp.cos(angle / 2), jnp.sin(angle / 2)
        return jnp.array([[c, -s], [s, c]]) + 0j

    def rz(angle):
        return jnp.diag(jnp.exp(jnp.array([-0.5j, 0.5j]) * angle))

    cnot = jnp.asarray(np.kron(qml.matrix(qml.CNOT([0, 1])), np.eye(2)))
    psi = jnp.zeros(8, complex).at[0].set(1.0)
    total = 0
    for bit in bits[:3]:
        psi = cnot @ _matrix(rx(x), 0) @ psi
        to_zero = np.zeros((2, 2))
        to_zero[0, bit] = 1
        psi = _matrix(ry(0.3 * total), 2) @ _matrix(to_zero, 1) @ psi
        total += bit
    psi = _matrix(rx(0.5 * total), 2) @ psi
    m, n = bits[3:]
    psi = _matrix(np.diag([1 - m, m]), 0) @ psi
    if m:
        psi = _matrix(np.diag([1 - n, n]), 1) @ _matrix(rx(x), 1) @ psi
        psi = _matrix(ry(x), 2) @ psi if n else psi
    else:
        psi = _matrix(np.diag([1 - n, n]), 2) @ _matrix(ry(0.2), 2) @ psi
    return _matrix(rz(x) if m and n else rx(x), 0) @ psi


@pytest.mark.parametrize("method", METHODS)
def test_a_selected_state_and_its_gradient(method):
    """Amplitudes after a selection are those of the part, renormalised with the parameter."""

    def circuit(x):
        qml.RY(x, 0)
        qml.CRY(2 * x, [0, 1])
        measure(1, postselect=1)
        qml.RY(0.4, 0)
        return qml.expval(qml.X(0)), qml.state()

    def expected(x):
        zero, one = 0.0, jnp.sin(x / 2) * jnp.sin(x)
        psi = jnp.array([zero, one]) / jnp.sqrt(zero**2 + one**2)
        c, s = jnp.cos(0.2), jnp.sin(0.2)
        psi = jnp.array([[c, -s], [s, c]]) @ psi
        return 2 * psi[0] * psi[1]

    node = lightning(circuit, 2, diff_method=method)
    for ours, formula in zip(_orders(lambda x: node(x)[0]), _orders(expected), strict=True):
        np.testing.assert_allclose(qjit(ours)(0.9), formula(0.9), atol=1e-10)
    np.testing.assert_allclose(np.linalg.norm(qjit(node)(0.9)[1]), 1.0, atol=1e-12)


def test_a_selection_that_depends_on_the_parameter():
    def circuit(x):
        qml.RX(x, 0)
        qml.CNOT([0, 1])
        qml.RY(x, 1)
        m = qml.measure(0)
        qml.cond(m, qml.RX)(0.8, 1)
        qml.measure(1, postselect=0)
        return qml.expval(qml.Z(0))

    for ours, reference in zip(
        _orders(lightning(circuit)), _orders(deferred(circuit)), strict=True
    ):
        np.testing.assert_allclose(qjit(ours)(0.7), reference(0.7), atol=1e-10)


def test_nothing_is_left_of_an_impossible_selection():
    def circuit(x):
        qml.RX(x, 0)
        measure(0)
        measure(1, postselect=1)
        return qml.expval(qml.Z(0)), qml.probs(wires=1)

    assert all(np.isnan(np.asarray(each)).all() for each in qjit(lightning(circuit))(0.3))


def _counted(monkeypatch, circuit, x, of=lambda f: f):
    """Return how many leaves of the tree are evaluated, and the result."""
    runs = []

    def follow(part, cuts, start, execute, leaf, types):
        def counted(values):
            jax.debug.callback(lambda: runs.append(1))
            return leaf(values)

        return tree.follow(part, cuts, start, execute, counted, types)

    from qgrad_lab.circuit.capture import exact_means

    monkeypatch.setattr(exact_means, "follow", follow)
    result = jax.block_until_ready(qjit(of(lightning(circuit)))(x))
    jax.effects_barrier()
    return len(runs), result


@pytest.mark.parametrize(
    ("angles", "leaves"), [((0.3, 0.4), 4), ((0.0, 0.4), 2), ((np.pi, 0.4), 2), ((0.0, 0.0), 1)]
)
def test_branches_of_probability_zero_are_not_run(angles, leaves, monkeypatch):
    def circuit(x):
        qml.RX(x[0], 0)
        measure(0)
        qml.RX(x[1], 1)
        measure(1)
        qml.CNOT([0, 2])
        return qml.expval(qml.Z(2) @ qml.Z(1))

    count, value = _counted(monkeypatch, circuit, jnp.array(angles))
    assert count == leaves
    np.testing.assert_allclose(value, np.cos(angles[0]) * np.cos(angles[1]), atol=1e-12)


def test_the_second_derivative_sees_branches_of_probability_zero():
    def circuit(x):
        qml.RX(x, 0)
        m = qml.measure(0)
        qml.cond(m, qml.X)(1)
        return qml.expval(qml.Z(1))

    node = lightning(circuit)
    for derivative in (jax.hessian, lambda f: jax.jacrev(jax.jacfwd(f)), lambda f: grad(grad(f))):
        np.testing.assert_allclose(qjit(derivative(node))(0.0), -1.0, atol=1e-12)
    np.testing.assert_allclose(qjit(jax.grad(node))(0.0), 0.0, atol=1e-12)


def test_equal_branches_are_run_once(monkeypatch):
    """A wire that is not entangled is reset again and again."""

    def circuit(x):
        for _ in range(6):
            qml.RY(x[0], 0)
            measure(0, reset=True)
            qml.RX(x[1], 1)
        qml.RY(x[0], 0)
        return qml.expval(qml.Z(0) @ qml.Z(1))

    def expected(x):
        return jnp.cos(x[0]) * jnp.cos(6 * x[1])

    x = jnp.array([0.7, 0.2])
    count, value = _counted(monkeypatch, circuit, x)
    assert count == 1
    np.testing.assert_allclose(value, expected(x), atol=1e-12)
    for ours, formula in zip(_orders(lightning(circuit)), _orders(expected), strict=True):
        np.testing.assert_allclose(qjit(ours)(x), formula(x), atol=1e-10)


def test_many_resets_take_no_time():
    def circuit(x):
        for _ in range(tree_depth):
            qml.RX(x, 0)
            measure(0, reset=True)
        qml.RX(x, 0)
        return qml.expval(qml.Z(0))

    tree_depth = 20
    np.testing.assert_allclose(qjit(grad(lightning(circuit)))(0.4), -np.sin(0.4), atol=1e-12)


def test_the_memory_is_that_of_a_state_for_each_measurement():
    """The program of the gradient holds no array for both outcomes of more than one level."""

    def circuit(x):
        for wire in range(4):
            qml.RX(x, wire)
            measure(wire)
            qml.CNOT([wire, 4])
        return qml.expval(qml.Z(4))

    compiled = jax.jit(qjit(grad(lightning(circuit, 12)))).lower(0.3).compile()
    state = 16 * 2**12
    memory = compiled.memory_analysis()
    assert memory.temp_size_in_bytes < 40 * state


def test_wires_known_at_run_time():
    def circuit(x, wire):
        qml.RX(x, 0)
        qml.RX(2 * x, 1)
        m = measure(wire, reset=True)
        qml.RY(m * x, 2)
        return qml.expval(qml.Z(0) @ qml.Z(2)), qml.expval(qml.Z(1))

    def known(wire):
        return deferred(
            lambda x: _with_measure(x, wire),
        )

    def _with_measure(x, wire):
        qml.RX(x, 0)
        qml.RX(2 * x, 1)
        m = qml.measure(wire, reset=True)
        qml.cond(m, qml.RY)(x, 2)
        return qml.expval(qml.Z(0) @ qml.Z(2)), qml.expval(qml.Z(1))

    compiled = qjit(lambda x, wire: jacobian(lightning(circuit))(x, wire))
    for wire in (0, 1):
        np.testing.assert_allclose(compiled(0.5, wire), jax.jacobian(known(wire))(0.5), atol=1e-11)


def test_a_run_is_drawn_where_an_outcome_is_returned(seed):
    """What is selected later conditions what is drawn before."""

    def bell(x):
        qml.RY(x, 0)
        qml.CNOT([0, 1])
        qml.RY(0.6, 1)
        m = measure(0)
        n = measure(1, postselect=1)
        return m, n, qml.expval(qml.Z(0)), qml.state()

    f = qjit(lightning(bell, 2), seed=seed % 2**32)
    runs = qjit(lambda x: jax.lax.map(lambda _: f(x), jnp.arange(2000)), seed=seed % 2**32)(1.1)
    m, n, z, psi = map(np.asarray, runs)
    # P(m | n = 1) from amplitudes.
    a = np.array([np.cos(0.55), np.sin(0.55)])
    joint = np.array([a[0] * np.sin(0.3), a[1] * np.cos(0.3)]) ** 2
    p = joint[1] / joint.sum()
    assert n.all()
    assert abs(m.mean() - p) < 6 * np.sqrt(p * (1 - p) / len(m))
    np.testing.assert_allclose(z, 1 - 2 * m, atol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(psi, axis=1), 1.0, atol=1e-12)
    with pytest.raises(DifferentiableCompileError, match="draws outcomes"):
        qjit(grad(lambda x: lightning(bell, 2)(x)[2]))(1.1)


def test_transforms_that_make_one_circuit_of_one():
    @qml.transforms.cancel_inverses
    @qml.qnode(qml.device("lightning.qubit", wires=2))
    def circuit(x):
        qml.RX(x, 0)
        m = qml.measure(0)
        qml.cond(m, qml.X)(1)
        qml.Hadamard(1)
        qml.Hadamard(1)
        return qml.expval(qml.Z(1))

    np.testing.assert_allclose(qjit(grad(circuit))(0.4), -np.sin(0.4), atol=1e-12)


def test_a_device_without_wires():
    def circuit(x):
        qml.RX(x, "a")
        m = qml.measure("a")
        qml.cond(m, qml.RX)(x, "b")
        return qml.expval(qml.Z("b"))

    node = qml.QNode(circuit, qml.device("lightning.qubit"))
    np.testing.assert_allclose(qjit(grad(node))(0.4), jax.grad(deferred(circuit))(0.4), atol=1e-12)


@pytest.mark.parametrize("method", ["deferred", "tree-traversal", None])
def test_methods_of_measuring_agree(method):
    def circuit(x):
        qml.RX(x, 0)
        m = qml.measure(0, reset=True)
        qml.cond(m, qml.RY)(x, 1)
        return qml.expval(qml.Z(1)), qml.probs(wires=[0, 1])

    node = lightning(circuit, 4, mcm_method=method)
    for got, want in zip(qjit(node)(0.8), deferred(circuit)(0.8), strict=True):
        np.testing.assert_allclose(got, want, atol=1e-12)


def test_projection_of_a_traced_wire_is_that_of_a_known_one(seed):
    rng = np.random.default_rng(seed)
    psi = jnp.asarray(rng.normal(size=8) + 1j * rng.normal(size=8))
    traced = jax.jit(collapse.projected, static_argnums=3)
    for wire in range(3):
        for outcome in (False, True):
            for reset in (False, True):
                known = collapse.projected(psi, wire, outcome, reset)
                np.testing.assert_allclose(traced(psi, wire, outcome, reset), known)


def test_the_jaxpr_holds_one_program_for_each_stretch():
    jaxpr = jax.make_jaxpr(qjit(lightning(teleported)))(0.3)
    assert len({circuit for circuit, _ in calls(jaxpr.jaxpr)}) == 2
