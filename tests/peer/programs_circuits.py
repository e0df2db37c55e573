"""Gates, observables and measurements that the other compiler cannot differentiate."""

import jax.numpy as jnp
import numpy as np
import pennylane as qml
import scipy.sparse

from .cases import BOTH, FAILS, case

X = 0.37
OPERATIONS = (
    "Traced `QubitUnitary`, `StatePrep`, `AmplitudeEmbedding`, `DiagonalQubitUnitary`, "
    "`OrbitalRotation`; function-form `adjoint(fn)(x)`; `ctrl(Rot)` on two controls; "
    "parameter-shift of multi-controlled RX, of `pow`, `evolve`, `TrotterProduct`, of CRX inside a "
    "loop; parameter broadcasting"
)
OBSERVABLES = (
    "Observables: SparseHamiltonian, Projector, traced Hermitian, `X0 @ Z0 @ X0`; Hermitian under "
    "parameter-shift; bare SProd under parameter-shift"
)
MEASUREMENTS = (
    "`probs(op=)`, `vn_entropy`, `mutual_info`, `purity`, `density_matrix`; adjoint of `probs`; "
    "any gradient of `var` or `state`"
)


def _rotation(x):
    c, s = jnp.cos(x), jnp.sin(x)
    return jnp.stack([jnp.stack([c, -s]), jnp.stack([s, c])]) + 0j


def _amplitudes(x):
    return jnp.stack([jnp.cos(x), 0.6 * jnp.sin(x), 0.8j * jnp.sin(x), 0 * x]) + 0j


def _layer(x):
    qml.RX(x, wires=0)
    qml.RY(2 * x, wires=1)
    qml.CNOT(wires=[0, 1])


def _crx_in_a_loop(lab, x):
    @lab.for_loop(0, 2, 1)
    def step(i):
        qml.CRX(x, wires=[0, 1])
        qml.RY(0.3, wires=0)

    step()


GENERATOR = qml.sum(qml.X(0) @ qml.Y(1), qml.s_prod(0.5, qml.Z(2)))

GATES = {
    "QubitUnitary": lambda lab, x: qml.QubitUnitary(_rotation(x), wires=0),
    "DiagonalQubitUnitary": lambda lab, x: qml.DiagonalQubitUnitary(
        jnp.exp(1j * x * jnp.arange(4.0)), wires=[0, 1]
    ),
    "OrbitalRotation": lambda lab, x: qml.OrbitalRotation(x, wires=[0, 1, 2, 3]),
    "adjoint of a function": lambda lab, x: lab.adjoint(_layer)(x),
    "ctrl of Rot": lambda lab, x: lab.ctrl(
        qml.Rot(x, 2 * x, 0.3, wires=2), control=[0, 1], control_values=[1, 0]
    ),
    "ctrl of RX": lambda lab, x: lab.ctrl(qml.RX(x, wires=2), control=[0, 1]),
    "pow": lambda lab, x: qml.pow(qml.RX(x, wires=0), 3),
    "evolve": lambda lab, x: qml.evolve(qml.X(0) @ qml.Y(1), x),
    "TrotterProduct": lambda lab, x: qml.TrotterProduct(GENERATOR, x, n=2, order=2),
    "CRX in a loop": _crx_in_a_loop,
}


@case(FAILS, OPERATIONS, variants=GATES, methods=BOTH)
def gates(lab, gate, method):
    @lab.qnode(4, method)
    def circuit(x):
        for wire in range(4):
            qml.RY(0.4 + 0.5 * wire, wires=wire)
        gate(lab, x)
        for wire in range(4):
            qml.RX(0.3 + 0.2 * wire, wires=wire)
        return qml.expval(qml.Z(0) @ qml.Z(1) + qml.Y(2) + qml.X(0) @ qml.Z(3))

    return lab.qjit(lab.grad(circuit))(X)


PREPARATIONS = {
    "StatePrep": lambda x: qml.StatePrep(_amplitudes(x), wires=[0, 1], validate_norm=False),
    "AmplitudeEmbedding": lambda x: qml.AmplitudeEmbedding(
        jnp.stack([x, 1.0, 2.0, x**2]), wires=[0, 1], normalize=True
    ),
}


@case(FAILS, OPERATIONS, variants=PREPARATIONS, methods=BOTH)
def preparations(lab, prepare, method):
    @lab.qnode(2, method)
    def circuit(x):
        prepare(x)
        qml.CRX(x, wires=[0, 1])
        return qml.expval(qml.Z(0) @ qml.X(1) + qml.Y(1))

    return lab.qjit(lab.grad(circuit))(X)


@case(FAILS, OPERATIONS, methods=BOTH)
def parameter_broadcasting(lab, method):
    @lab.qnode(2, method)
    def circuit(xs):
        qml.RX(xs, wires=0)
        qml.CRY(xs, wires=[0, 1])
        return qml.expval(qml.Z(1))

    xs = jnp.array([0.2, X, 1.4])
    return lab.qjit(lambda xs: (circuit(xs), lab.jacobian(circuit)(xs)))(xs)


HERMITIAN = np.array([[1.0, 0.5 - 0.2j], [0.5 + 0.2j, -0.3]])
SPARSE = scipy.sparse.csr_matrix(np.kron(HERMITIAN, np.diag([1.0, -2.0])))

DENSE = SPARSE.toarray()

# What default.qubit cannot differentiate, it takes in another form.
SAME = {
    "SparseHamiltonian": lambda x: qml.Hermitian(DENSE, wires=[0, 1]),
    "X0 @ Z0 @ X0": lambda x: qml.s_prod(-1.0, qml.Z(0)),
}

OBSERVED = {
    "SparseHamiltonian": lambda x: qml.SparseHamiltonian(SPARSE, wires=[0, 1]),
    "Projector": lambda x: qml.Projector([1, 0], wires=[0, 1]),
    "traced Hermitian": lambda x: qml.Hermitian(_rotation(x) * (1 + 0j) + _rotation(x).T, 0),
    "X0 @ Z0 @ X0": lambda x: qml.X(0) @ qml.Z(0) @ qml.X(0),
    "Hermitian": lambda x: qml.Hermitian(HERMITIAN, wires=1),
    "SProd": lambda x: qml.s_prod(0.7, qml.X(1)),
}


@case(
    FAILS,
    OBSERVABLES,
    variants={name: (made, SAME.get(name, made)) for name, made in OBSERVED.items()},
    methods=BOTH,
)
def observables(lab, made, method):
    observable = made[lab.name == "plain"]

    @lab.qnode(2, method)
    def circuit(x):
        qml.RX(x, wires=0)
        qml.RY(2.0, wires=1)
        qml.CRY(x, wires=[0, 1])
        return qml.expval(observable(x))

    return lab.qjit(lab.grad(circuit))(X)


MEASURED = {
    "probs(op)": lambda: qml.probs(op=qml.Hermitian(HERMITIAN, wires=1)),
    "vn_entropy": lambda: qml.vn_entropy(wires=[0]),
    "mutual_info": lambda: qml.mutual_info(wires0=[0], wires1=[1]),
    "purity": lambda: qml.purity(wires=[1]),
    "probs": lambda: qml.probs(wires=[1, 0]),
    "var": lambda: qml.var(qml.Z(0) @ qml.X(1)),
}


@case(FAILS, MEASUREMENTS, variants=MEASURED, methods=BOTH)
def measurements(lab, measured, method):
    @lab.qnode(3, method)
    def circuit(x):
        qml.RX(x, wires=0)
        qml.RY(2 * x, wires=1)
        qml.CRY(x, wires=[0, 1])
        qml.CRX(0.8, wires=[1, 2])
        return measured()

    return lab.qjit(lambda x: (circuit(x), lab.jacobian(circuit)(x)))(X)


STATES = {
    "state": lambda: qml.state(),
    "density_matrix": lambda: qml.density_matrix(wires=[1]),
}


@case(FAILS, MEASUREMENTS, variants=STATES, methods=BOTH)
def complex_measurements(lab, measured, method):
    """Complex numbers are differentiated through a real function of them."""

    @lab.qnode(2, method)
    def circuit(x):
        qml.RX(x, wires=0)
        qml.CRY(2 * x, wires=[0, 1])
        return measured()

    def loss(x):
        numbers = jnp.ravel(circuit(x))
        return jnp.sum(jnp.real(numbers) ** 3) + jnp.sum(jnp.imag(numbers) * jnp.real(numbers[:1]))

    return lab.qjit(lambda x: (circuit(x), lab.grad(loss)(x)))(X)
