"""Control flow, types and classical functions that the other compiler cannot differentiate."""

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml

from .cases import BOTH, FAILS, case

X = 0.37
CONTROL_FLOW = "`while_loop` and `switch` under a gradient"
TYPES = "float16, int leaves beside float ones"
FUNCTIONS = "Classical functions under its autodiff: arctan2, inv, eigh, qr, fft"


@case(FAILS, CONTROL_FLOW, methods=BOTH)
def while_loop(lab, method):
    @lab.qnode(2, method)
    def circuit(x):
        @lab.while_loop(lambda angle: angle < 2.0)
        def double(angle):
            qml.RX(angle, wires=0)
            qml.CRY(angle, wires=[0, 1])
            return 2 * angle

        double(x)
        return qml.expval(qml.Z(0) @ qml.Z(1))

    return lab.qjit(lab.grad(circuit))(X)


@case(FAILS, CONTROL_FLOW)
def while_loop_of_classical_code(lab):
    @lab.qnode(1)
    def circuit(x):
        qml.RX(x, wires=0)
        return qml.expval(qml.Z(0))

    def loss(x):
        @lab.while_loop(lambda total, count: count < 4)
        def step(total, count):
            return total * x + circuit(x), count + 1

        return step(1.0, 0)[0]

    return lab.qjit(lab.grad(loss))(X)


@case(FAILS, CONTROL_FLOW, variants={"default": 5, "first": 0, "second": 1}, methods=BOTH)
def switch(lab, number, method):
    @lab.qnode(1, method)
    def circuit(number, x):
        @lab.switch(number)
        def rotate(x):
            qml.RX(x, wires=0)

        @rotate.branch(0)
        def rotate(x):
            qml.RY(2 * x, wires=0)

        @rotate.branch(1)
        def rotate(x):
            qml.RX(3 * x, wires=0)
            qml.RY(x, wires=0)

        rotate(x)
        return qml.expval(qml.Z(0) + qml.X(0))

    return lab.qjit(lab.grad(circuit, argnums=1))(number, X)


def _square_of_circuit(lab):
    @lab.qnode(1)
    def circuit(x):
        qml.RX(x, wires=0)
        return qml.expval(qml.Z(0))

    return circuit


@case(FAILS, TYPES, tolerance=2e-3, expect=lambda: np.float16(-np.sin(0.375)))
def float16(lab):
    return lab.qjit(lab.grad(_square_of_circuit(lab)))(jnp.float16(0.375))


@case(
    FAILS,
    TYPES,
    error=("DifferentiableCompileError", "only supports differentiation on floating-point"),
)
def integers_beside_floats(lab):
    circuit = _square_of_circuit(lab)
    return lab.qjit(lab.grad(lambda p: circuit(p["x"]) * p["n"]))({"x": X, "n": 3})


@case(FAILS, TYPES, expect=lambda: -3 * np.sin(X))
def integers_that_are_allowed(lab):
    """The gradient in the float; that in the integer is zero, of JAX's type float0."""
    circuit = _square_of_circuit(lab)

    def loss(p):
        return circuit(p["x"]) * p["n"]

    return lab.qjit(lambda p: lab.grad(loss, allow_int=True)(p)["x"])({"x": X, "n": 3})


@case(FAILS, "float32 with fd aborts", expect=lambda: np.float32(-np.sin(0.375)), tolerance=2e-3)
def float32_with_differences(lab):
    return lab.qjit(lab.grad(_square_of_circuit(lab), method="fd"))(jnp.float32(0.375))


def _matrix(x):
    return jnp.stack([jnp.stack([2.0 + x, x**2]), jnp.stack([x**2, jnp.cos(x)])])


CLASSICAL = {
    "arctan2": lambda x, y: jnp.arctan2(x, y),
    "inv": lambda x, y: jnp.linalg.inv(_matrix(x))[0, 1] + y,
    "eigh": lambda x, y: jnp.linalg.eigh(_matrix(x))[0][0] * y,
    "qr": lambda x, y: jnp.sum(jnp.abs(jnp.linalg.qr(_matrix(x))[1])) * y,
    "fft": lambda x, y: jnp.abs(jnp.fft.fft(jnp.stack([x, y, x * y, 1.0]))[1]),
}


@case(FAILS, FUNCTIONS, variants=CLASSICAL)
def classical_functions(lab, function):
    circuit = _square_of_circuit(lab)

    def loss(x):
        value = circuit(x)
        return function(value, x) + value

    return lab.qjit(lab.grad(loss))(X)


@case(
    FAILS, "Optax L-BFGS", needs=("optax",), expect=lambda: np.array([np.pi, 0.0]), tolerance=1e-5
)
def lbfgs(lab):
    import optax

    @lab.qnode(1)
    def circuit(x):
        qml.RX(x[0], wires=0)
        qml.RY(x[1], wires=0)
        return qml.expval(qml.Z(0))

    def minimise(x):
        solver = optax.lbfgs()
        state = solver.init(x)

        def step(carry, _):
            x, state = carry
            value, gradient = lab.value_and_grad(circuit)(x)
            updates, state = solver.update(
                gradient, state, x, value=value, grad=gradient, value_fn=circuit
            )
            return (optax.apply_updates(x, updates), state), None

        (x, _), _ = jax.lax.scan(step, (x, state), length=12)
        return x

    return lab.qjit(minimise)(jnp.array([2.0, 0.3]))
