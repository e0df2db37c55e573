"""Programs that the other compiler computes rightly, and that are expected of every one."""

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml

from .cases import BOTH, RIGHT, case

X = 0.37
POINT = np.array([0.3, -0.7, 1.1])
RESULTS = "expval (one, tuple, nested pytree), probs under parameter-shift, mixtures"
ARGUMENTS = "pytrees in and out; kwargs; closures; None leaves; argnums -1"
LOOPS = "`for_loop` (static, traced, carried, nested) and `cond`"
USES = "optax adam inside a loop; jaxopt; AOT by annotations"
TYPES = "an int argument promoted where annotated float; x64 switched on at import"


def rotations(x):
    qml.RX(x[0], wires=0)
    qml.RY(x[1], wires=1)
    qml.CRX(x[2], wires=[0, 1])
    qml.CNOT(wires=[1, 0])


RETURNED = {
    "one": lambda: qml.expval(qml.Z(0)),
    "tuple": lambda: (qml.expval(qml.Z(0)), qml.expval(qml.Y(1))),
    "pytree": lambda: {"a": qml.expval(qml.Z(0)), "b": [qml.expval(qml.X(0) @ qml.Y(1))]},
}


@case(RIGHT, RESULTS, variants=RETURNED, methods=BOTH)
def results(lab, returned, method):
    @lab.qnode(2, method)
    def circuit(x):
        rotations(x)
        return returned()

    return lab.qjit(lambda x: (circuit(x), lab.jacobian(circuit)(x)))(jnp.asarray(POINT))


MIXED = {
    "probs": lambda: qml.probs(),
    "mixture": lambda: (qml.probs(wires=[1]), qml.expval(qml.Z(0) @ qml.X(1))),
}


@case(RIGHT, RESULTS, variants=MIXED)
def probabilities(lab, returned):
    @lab.qnode(2, "parameter-shift")
    def circuit(x):
        rotations(x)
        return returned()

    return lab.qjit(lab.jacobian(circuit))(jnp.asarray(POINT))


@case(RIGHT, ARGUMENTS, methods=BOTH)
def pytrees(lab, method):
    @lab.qnode(2, method)
    def circuit(params):
        qml.RX(params["a"], wires=0)
        qml.RY(params["b"][0][1], wires=1)
        qml.CRX(params["b"][1], wires=[0, 1])
        return {"z": qml.expval(qml.Z(1))}

    params = {"a": 0.4, "b": (jnp.array([0.1, 0.9]), 1.3)}
    return lab.qjit(lambda p: (lab.grad(circuit)(p), lab.jacobian(circuit)(p)))(params)


@case(RIGHT, ARGUMENTS)
def none_leaves(lab):
    @lab.qnode(1)
    def circuit(params):
        qml.RX(params["x"], wires=0)
        return qml.expval(qml.Z(0))

    return lab.qjit(lab.grad(circuit))({"none": None, "x": X})


@case(RIGHT, ARGUMENTS)
def keyword_arguments(lab):
    @lab.qnode(1)
    def circuit(x, *, scale, shift=0.1):
        qml.RX(x, wires=0)
        qml.RY(scale, wires=0)
        qml.RX(shift, wires=0)
        return qml.expval(qml.Z(0))

    return lab.qjit(lambda x, s: lab.grad(circuit)(x, scale=s))(X, 0.6)


@case(RIGHT, ARGUMENTS)
def closures(lab):
    def program(x, y):
        @lab.qnode(1)
        def circuit(x):
            qml.RX(x, wires=0)
            qml.RY(y, wires=0)
            return qml.expval(qml.Z(0))

        return lab.grad(circuit)(x)

    return lab.qjit(program)(X, 0.6)


@case(RIGHT, ARGUMENTS, methods=BOTH, variants={"-1": -1, "(0, -1)": (0, -1), "[1]": [1]})
def argnums(lab, argnums, method):
    @lab.qnode(1, method)
    def circuit(x, y):
        qml.RX(x, wires=0)
        qml.RY(y, wires=0)
        return qml.expval(qml.Z(0))

    return lab.qjit(lab.grad(circuit, argnums=argnums))(X, 0.6)


@case(RIGHT, "Same contract: `value_and_grad`, `jvp`, `vjp`", methods=BOTH)
def value_and_grad(lab, method):
    @lab.qnode(2, method)
    def circuit(x):
        rotations(x)
        return qml.expval(qml.Z(0) @ qml.Z(1))

    return lab.qjit(lab.value_and_grad(circuit))(jnp.asarray(POINT))


@case(RIGHT, "Same contract: `value_and_grad`, `jvp`, `vjp`", methods=BOTH)
def products(lab, method):
    @lab.qnode(2, method)
    def circuit(x):
        rotations(x)
        return qml.expval(qml.Z(0)), qml.expval(qml.X(1))

    def program(x, t, c):
        changes = jax.tree.leaves(lab.jvp(circuit, [x], [t]))
        return changes, jax.tree.leaves(lab.vjp(circuit, [x], [c[0], c[1]]))

    x = jnp.asarray(POINT)
    return lab.qjit(program)(x, jnp.cos(x), jnp.array([0.7, -1.2]))


# -- Control flow ----------------------------------------------------------------------------------


def static(lab, x, n):
    @lab.for_loop(0, 3, 1)
    def loop(i):
        qml.RX(x, wires=i)
        qml.CNOT(wires=[i, (i + 1) % 3])

    loop()


def traced(lab, x, n):
    @lab.for_loop(0, n, 1)
    def loop(i):
        qml.RX(x, wires=0)
        qml.RY(0.3, wires=1)
        qml.CNOT(wires=[0, 1])

    loop()


def carried(lab, x, n):
    @lab.for_loop(0, n, 1)
    def loop(i, angle):
        qml.RX(angle, wires=0)
        qml.CRY(angle, wires=[0, 1])
        return angle * 1.5

    loop(x)


def nested(lab, x, n):
    @lab.for_loop(0, 2, 1)
    def outer(i):
        @lab.for_loop(0, n, 1)
        def inner(j):
            qml.RX(x, wires=i)

        inner()
        qml.CRY(x, wires=[i, i + 1])

    outer()


def branches(lab, x, n):
    @lab.cond(n > 2)
    def branch():
        qml.RX(x, wires=0)

    @branch.otherwise
    def branch():
        qml.RY(2 * x, wires=0)
        qml.CNOT(wires=[0, 1])

    branch()


BODIES = {body.__name__: body for body in (static, traced, carried, nested, branches)}


@case(RIGHT, LOOPS, variants=BODIES, methods=BOTH)
def control_flow(lab, body, method):
    @lab.qnode(3, method)
    def circuit(x, n):
        qml.RY(0.6, wires=2)
        body(lab, x, n)
        return qml.expval(qml.Z(0) @ qml.Z(1) + qml.X(2))

    compiled = lab.qjit(lab.grad(circuit))
    return [compiled(X, n) for n in (1, 3)]


# -- Uses ------------------------------------------------------------------------------------------


def two_angles(lab):
    @lab.qnode(2)
    def circuit(x):
        qml.RX(x[0], wires=0)
        qml.RY(x[1], wires=1)
        qml.CNOT(wires=[0, 1])
        return qml.expval(qml.Z(1))

    return circuit


@case(RIGHT, USES, needs=("optax",))
def adam_in_a_loop(lab):
    import optax

    circuit = two_angles(lab)
    solver = optax.adam(0.1)

    def train(x):
        @lab.for_loop(0, 10, 1)
        def step(i, x, state):
            gradient = lab.grad(circuit)(x)
            updates, state = solver.update(gradient, state, x)
            return optax.apply_updates(x, updates), state

        return step(x, solver.init(x))[0]

    return lab.qjit(train)(jnp.array([0.4, 0.9]))


@case(RIGHT, USES, needs=("jaxopt",))
def gradient_descent_of_jaxopt(lab):
    """A compiled value and gradient, driven by a solver that is not compiled."""
    import jaxopt

    compiled = lab.qjit(lab.value_and_grad(two_angles(lab)))
    solver = jaxopt.GradientDescent(
        compiled, value_and_grad=True, stepsize=0.3, acceleration=False, maxiter=5, jit=False
    )
    return solver.run(jnp.array([0.4, 0.9])).params


@case(RIGHT, USES, expect=lambda: -np.sin(X))
def compiled_ahead_of_time(lab):
    @lab.qjit
    def program(x: float):
        return lab.grad(_rotation(lab))(x)

    return program(X)


@case(RIGHT, TYPES, expect=lambda: -np.sin(2.0))
def integer_for_a_float(lab):
    @lab.qjit
    def program(x: float):
        return lab.grad(_rotation(lab))(x)

    return program(2)


@case(RIGHT, TYPES, expect=lambda: [True, np.float64(-np.sin(X))])
def floats_of_64_bits(lab):
    return [bool(jax.config.jax_enable_x64), lab.qjit(lab.grad(_rotation(lab)))(X)]


def _rotation(lab):
    @lab.qnode(1)
    def circuit(x):
        qml.RX(x, wires=0)
        return qml.expval(qml.Z(0))

    return circuit
