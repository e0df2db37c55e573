"""Loops and branches in compiled programs, against PennyLane's own simulator and plain JAX."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml
import pytest

from qgrad_lab import cond, for_loop, grad, qjit, reference, switch, while_loop
from qgrad_lab.errors import CompileError
from qgrad_lab.methods.table import Scope, names_of

METHODS = names_of(Scope.QNODES)


def qnode(method="adjoint", wires=3):
    return qml.qnode(qml.device("lightning.qubit", wires=wires), diff_method=method)


def now(function):
    """A decorator that calls what it decorates."""
    return function()


def assert_close(actual, expected, tolerance=1e-10):
    assert jax.tree.structure(actual) == jax.tree.structure(expected)
    for one, other in zip(jax.tree.leaves(actual), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)


@functools.cache
def expected(body, *args):
    """Value and gradient at X, by PennyLane and JAX alone."""
    return jax.value_and_grad(reference(circuit_of(body)))(X, *args)


@functools.cache
def expected_hessian(body, *args):
    return jax.hessian(reference(circuit_of(body)))(X, *args)


def programs(function, *args):
    """The Programs in the jaxpr of ``function``, compiled."""
    found = []

    def visit(jaxpr):
        for equation in jaxpr.eqns:
            if "member" in equation.params:
                found.append(equation.params["member"].circuit)
            for value in jax.tree.leaves(
                list(equation.params.values()), is_leaf=lambda x: hasattr(x, "eqns")
            ):
                inner = getattr(value, "jaxpr", value)
                if hasattr(inner, "eqns"):
                    visit(inner)

    visit(qjit(function).trace(*args).jaxpr.jaxpr)
    return found


X = jnp.array([0.3, -0.7, 1.1])


def circuit_of(body, method="adjoint", wires=3):
    @qnode(method, wires)
    def circuit(x, *args):
        body(x, *args)
        return qml.expval(qml.Z(0) @ qml.X(1) + 0.5 * qml.Y(2)), qml.probs(wires=[0, 2])

    def loss(x, *args):
        value, p = circuit(x, *args)
        return value + p @ jnp.array([0.2, -0.4, 0.7, 0.1])

    return loss


# -- Static loops ----------------------------------------------------------------------------------


def static_loop(x):
    @now
    @for_loop(3)
    def _(i):
        qml.RX(x[i], wires=i)
        qml.CNOT([i, (i + 1) % 3])


def reversed_range(x):
    @now
    @for_loop(4, -1, -2)
    def _(i):
        qml.RY(x[i // 2] * (1 + i), wires=i // 2)
        qml.CNOT([i // 2, (i // 2 + 1) % 3])


def carried_pytree(x):
    @for_loop(1, 7, 2)
    def layer(i, state):
        qml.RY(state["angle"], wires=0)
        qml.CRX(state["pair"][0] * i, wires=[0, 1])
        a, b = state["pair"]
        return {"angle": state["angle"] * x[1] + x[2], "pair": (jnp.sin(b), a + i)}

    state = layer({"angle": x[0], "pair": (x[1], x[2])})
    qml.RX(state["angle"], wires=1)
    qml.RY(state["pair"][1], wires=2)
    qml.CNOT([1, 2])


def nested_loops(x):
    @now
    @for_loop(2)
    def _(i):
        qml.Hadamard(i)

        @now
        @for_loop(3)
        def _(j):
            qml.RZ(x[j] * (i + 1), wires=j)

            @now
            @for_loop(j)
            def _(k):
                qml.CRY(x[k] + x[i], wires=[j, k])

        qml.RX(x[2], wires=i)


def zero_iterations(x):
    @for_loop(3, 3)
    def layer(i, angle):
        qml.RX(angle, wires=0)
        return angle * 2

    @now
    @for_loop(0, 3, -1)
    def _(i):
        qml.RX(x[0], wires=0)

    qml.RX(layer(x[0]), wires=0)


def decomposed(x):
    @now
    @for_loop(2)
    def _(i):
        qml.Rot(x[0], x[1] * i, x[2], wires=i)
        qml.adjoint(qml.Rot(x[1], x[1] * i, x[2], wires=i))
        qml.U3(x[0], x[1], x[2], wires=i)
        qml.SingleExcitation(x[0] * (i + 1), wires=[0, 2])
        qml.PauliRot(x[1], "XYZ", wires=[0, 1, 2])
        qml.ctrl(qml.Rot(x[0], x[1], x[2], wires=0), control=[1, 2], control_values=[1, 0])
        qml.StronglyEntanglingLayers(jnp.outer(x, x).reshape(1, 3, 3) * (i + 1), wires=range(3))


def data_inside(x):
    @now
    @for_loop(2)
    def _(i):
        matrices = jnp.array([[[0.6, 0.8], [-0.8, 0.6]], [[0.0, 1.0], [1.0, 0.0]]])
        qml.QubitUnitary(matrices[i], wires=i)
        qml.RX(x[i], wires=i)
        qml.ControlledQubitUnitary(matrices[1 - i], wires=[i, 2])


STATIC = [
    static_loop,
    reversed_range,
    carried_pytree,
    nested_loops,
    zero_iterations,
    decomposed,
    data_inside,
]


# -- Traced wires, conditions and trip counts ------------------------------------------------------


def traced_wires(x, n):
    qml.RX(x[0], wires=n)
    qml.CNOT([n, (n + 1) % 3])
    qml.CRY(x[1], wires=[(n + 2) % 3, n])
    qml.ctrl(qml.RZ(x[2], wires=n), control=[(n + 1) % 3, (n + 2) % 3], control_values=[0, 1])
    qml.PauliRot(x[0], "YX", wires=[n, (n + 1) % 3])

    @now
    @for_loop(3)
    def _(i):
        qml.CRX(x[i], wires=[i, (i + 1) % 3])
        qml.QubitUnitary(jnp.array([[0.6, 0.8], [-0.8, 0.6]]), wires=(i + n) % 3)


def else_if(x, n):
    @cond(n == 0)
    def branch(angle):
        qml.RX(angle, wires=0)
        return angle * 2

    @branch.else_if(x[0] > 0)
    def branch(angle):
        qml.RY(angle, wires=0)
        qml.Rot(x[0], angle, x[1], wires=2)
        return jnp.sin(angle)

    @branch.otherwise
    def branch(angle):
        return angle + n

    qml.RX(branch(x[1]), wires=1)

    @cond(n > 1)
    def no_otherwise():
        qml.CRX(x[2], wires=[1, 2])

    no_otherwise()


def switched(x, n):
    @switch(n)
    def case(i):
        qml.Hadamard(i)
        return x[0]

    @case.branch(-1)
    def case(i):
        qml.RX(x[1], wires=i)
        return x[1] ** 2

    @case.branch(7)
    def case(i):
        @now
        @for_loop(2)
        def _(j):
            qml.RY(x[j], wires=j)

        return 0

    qml.RY(case(1), wires=2)
    qml.CNOT([2, 0])


def branches_in_loops(x, n):
    @now
    @for_loop(n)
    def _(i):
        @cond(i % 2 == 0)
        def branch(angle):
            @now
            @for_loop(i)
            def _(j):
                qml.RX(angle, wires=j % 3)

            return angle

        @branch.otherwise
        def branch(angle):
            qml.CRY(angle, wires=[i % 3, (i + 1) % 3])
            return 3 * angle

        qml.RZ(branch(x[i % 3]), wires=0)
        qml.RX(x[1], wires=0)


def length_depends_on_argument(x, n):
    @while_loop(lambda angle, count: angle < 2.0 + n)
    def double(angle, count):
        qml.RX(angle, wires=count % 3)
        qml.CNOT([count % 3, (count + 1) % 3])
        return angle * (1.5 + x[0]), count + 1

    angle, count = double(0.4 + x[2] ** 2, 0)
    qml.RY(angle * count, wires=0)


def adjoint_and_ctrl(x, n):
    def layer(y):
        @for_loop(n)
        def step(i, angle):
            qml.RX(angle, wires=i % 2)
            qml.PauliRot(angle, "YX", wires=[0, 1])
            qml.QubitUnitary(jnp.array([[0.6, 0.8], [-0.8, 0.6]]), wires=0)
            return angle + x[1]

        @cond(y > 0)
        def branch():
            qml.CNOT([0, 1])
            qml.Rot(y, x[1], x[2], wires=0)

        @branch.otherwise
        def branch():
            qml.Hadamard(0)

        step(y)
        branch()

    layer(x[0])
    qml.RX(0.3, wires=2)
    qml.adjoint(layer)(x[1])
    qml.ctrl(layer, control=2, control_values=0)(x[2])
    qml.ctrl(qml.adjoint(layer), control=2)(x[1])
    qml.adjoint(qml.ctrl(qml.adjoint(layer), control=[2]))(x[2])


TRACED = [
    (traced_wires, (0, 2)),
    (else_if, (0, 1, 2)),
    (switched, (-1, 7, 3)),
    (branches_in_loops, (0, 1, 5)),
    (length_depends_on_argument, (0, 5)),
    (adjoint_and_ctrl, (0, 2)),
]


CASES = [(body, ()) for body in STATIC]
CASES += [(body, (n,)) for body, choices in TRACED for n in choices]
NAMES = ["-".join([body.__name__, *map(str, args)]) for body, args in CASES]
SECOND = [
    (static_loop, ()),
    (carried_pytree, ()),
    (else_if, (1,)),
    (switched, (7,)),
    (length_depends_on_argument, (0,)),
]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("body, args", CASES, ids=NAMES)
def test_gradients_are_those_of_the_reference(body, args, method):
    value, slope = expected(body, *args)
    actual, reverse = qjit(jax.value_and_grad(circuit_of(body, method)))(X, *args)
    assert_close(actual, value)
    assert_close(reverse, slope)


@pytest.mark.parametrize("body, args", SECOND, ids=lambda each: getattr(each, "__name__", None))
def test_every_mode_and_order_agrees(body, args):
    value, slope = expected(body, *args)
    curvature = expected_hessian(body, *args)
    loss = circuit_of(body)
    shifted = circuit_of(body, "parameter-shift")

    @qjit
    def derivatives(x, *args):
        return (
            jax.jacfwd(loss)(x, *args),
            jax.jacfwd(shifted)(x, *args),
            jax.hessian(loss)(x, *args),
            jax.hessian(shifted)(x, *args),
            jax.jacrev(jax.grad(loss))(x, *args),
        )

    forward, shifted_forward, *second = derivatives(X, *args)
    assert_close(forward, slope)
    assert_close(shifted_forward, slope)
    for each in second:
        assert_close(each, curvature, 1e-9)
    compiled = qjit(loss)
    assert_close(compiled(X, *args), value)
    assert_close(jax.grad(compiled)(X, *args), slope)
    assert_close(qjit(grad(loss, method="fd"))(X, *args), slope, 2e-6)


# -- Classical code --------------------------------------------------------------------------------


def test_loops_over_classical_code_are_those_of_jax():
    def ours(x, n):
        @for_loop(1, n)
        def body(i, total, factor):
            return total + factor * x["a"] ** i, jnp.sin(factor)

        return body(0, x["b"])[0]

    def plain(x, n):
        total, factor = 0.0, x["b"]
        for i in range(1, n):
            total, factor = total + factor * x["a"] ** i, jnp.sin(factor)
        return total

    x = {"a": 0.8, "b": 1.3}
    for n in (2, 6):
        assert_close(qjit(jax.grad(ours))(x, n), jax.grad(plain)(x, n))
        assert_close(qjit(jax.hessian(ours))(x, n), jax.hessian(plain)(x, n))
        assert_close(qjit(lambda x, n=n: jax.grad(ours)(x, n))(x), jax.grad(plain)(x, n))
        assert_close(jax.grad(ours)(x, n), jax.grad(plain)(x, n))  # outside of compiled programs


@pytest.mark.parametrize(
    "start, stop, step", [(0, 5, 1), (5, 0, -1), (1, 8, 3), (8, 1, -3), (3, 3, 1), (4, 0, 2)]
)
def test_bounds_are_those_of_range(start, stop, step):
    def weighted(start, stop, step):
        return for_loop(start, stop, step)(lambda i, total: 10 * total + i)(0)

    expected = sum(i * 10**k for k, i in enumerate(reversed(range(start, stop, step))))
    assert int(weighted(start, stop, step)) == expected
    assert int(qjit(weighted)(start, stop, step)) == expected
    assert int(qjit(weighted, static_argnums=(0, 1, 2))(start, stop, step)) == expected


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64, jnp.complex128])
def test_numbers_that_are_carried_take_the_type_of_what_they_become(dtype):
    @qjit
    def run(x, n):
        static = for_loop(3)(lambda i, total, power: (total + power, power * x))(0, 1)
        traced = for_loop(n)(lambda i, total, power: (total + power, power * x))(0, 1)
        return static, traced

    for values in run(dtype(2), 3):
        assert [value.dtype for value in values] == [dtype, dtype]
        assert [value.item() for value in values] == [7, 8]


def test_random_keys_can_be_carried():
    def last(n):
        return for_loop(n)(lambda i, key: jax.random.split(key)[1])(jax.random.key(0))

    compiled = jax.random.key_data(qjit(last)(3))
    assert compiled.tolist() == jax.random.key_data(last(3)).tolist()


# -- Batches ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("body, choices", [TRACED[0], TRACED[3], TRACED[4]])
def test_elements_of_a_batch_have_their_own_lengths_and_branches(body, choices):
    slopes = jax.vmap(qjit(jax.grad(circuit_of(body))), (None, 0))(X, jnp.array(choices))
    for slope, n in zip(slopes, choices, strict=True):
        assert_close(slope, expected(body, n)[1])
    inside = qjit(jax.grad(lambda x, n: jax.vmap(circuit_of(body), (None, 0))(x, n).sum()))
    assert_close(inside(X, jnp.array(choices)), sum(slopes))


def test_what_an_element_did_not_ask_for_does_no_harm_to_its_derivative():
    def root(x, n):
        # Its derivative is infinite in the first iteration that is not asked for.
        @for_loop(n)
        def body(i, y):
            return y * jnp.sqrt(2.0 - i) * x

        return body(x) + cond(x > 1, lambda: jnp.sqrt(x - 1), lambda: x**3)()

    def plain(x, n):
        product = x
        for i in range(n):
            product = product * np.sqrt(2.0 - i) * x
        return product + (jnp.sqrt(x - 1) if x > 1 else x**3)

    points = [(1.0, 2), (0.5, 1), (1.7, 0), (1.2, 2)]
    x, n = (jnp.array(values) for values in zip(*points, strict=True))
    for derivative in (jax.grad, jax.hessian, lambda f: jax.jacrev(jax.grad(f))):
        actual = jax.vmap(qjit(derivative(root)))(x, n)
        assert_close(actual, jnp.array([derivative(plain)(*point) for point in points]))


def test_what_an_element_did_not_ask_for_is_not_run():
    @qnode()
    def circuit(x, wire):
        qml.RX(x, wires=wire)
        qml.CNOT([wire, (wire + 1) % 3])
        return qml.expval(qml.Z(1))

    def loss(x, wire):
        @cond(wire < 3)
        def branch():
            # Without end where the branch is not taken.
            y = while_loop(lambda y: jnp.abs(y) < 2.0)(lambda y: y * (4.0 - wire))(x)
            return circuit(y, wire)

        return branch.otherwise(lambda: x**2)()

    wires = (0, 1, 2, 3, 4, 70)
    slopes = jax.vmap(qjit(jax.grad(loss)), (None, 0))(0.3, jnp.array(wires))
    assert_close(slopes, jnp.array([jax.grad(reference(loss))(0.3, wire) for wire in wires]))
    assert_close(qjit(grad(loss, method="fd"))(0.3, 1), slopes[1], 1e-5)


# -- Nesting ---------------------------------------------------------------------------------------


def test_qnodes_and_gradients_inside_loops():
    @qnode("parameter-shift")
    def circuit(x, i):
        qml.RX(x, wires=i)

        @now
        @for_loop(i)
        def _(j):
            qml.CRY(x * j, wires=[j, j + 1])

        return qml.expval(qml.Z(1))

    def descend(x, n):
        @for_loop(n)
        def step(i, x):
            return x - 0.3 * jax.grad(circuit)(x, i % 2) + 0.1 * circuit(x, 1)

        return step(x)

    for n in (0, 3):
        value, slope = jax.value_and_grad(reference(descend))(0.7, n)
        assert_close(qjit(jax.value_and_grad(descend))(0.7, n), (value, slope))
        static = qjit(jax.value_and_grad(functools.partial(descend, n=n)))
        assert_close(static(0.7), (value, slope))


def test_classical_loops_under_transformations_inside_a_quantum_function():
    def angle(x):
        return while_loop(lambda y: y < 1.0)(lambda y: 2 * y)(x)

    @qnode()
    def circuit(xs):
        angles = jax.vmap(angle)(xs)
        qml.RX(angles[0], wires=0)
        qml.RY(angles[1] * jax.grad(angle)(xs[0]), wires=0)
        return qml.expval(qml.Z(0))

    def plain(xs):
        return jnp.cos(8 * xs[0]) * jnp.cos(8 * 4 * xs[1])

    xs = jnp.array([0.14, 0.3])
    assert_close(qjit(circuit)(xs), plain(xs))
    assert_close(qjit(jax.grad(circuit))(xs), jax.grad(plain)(xs))


def test_transforms_take_a_loop_for_an_operation_on_all_wires():
    def circuit(n, x):
        qml.Hadamard(0)
        qml.RX(x, wires=1)
        for_loop(n)(lambda i: (qml.RZ(x * (i + 1), wires=i), None)[1])()
        qml.Hadamard(0)
        qml.RX(x, wires=1)
        qml.Hadamard(2)
        qml.Hadamard(2)
        return qml.expval(qml.Z(0) @ qml.Z(1))

    device = qml.device("lightning.qubit", wires=3)
    plain = qml.QNode(circuit, device)
    slope = jax.grad(reference(plain), 1)(2, 0.4)
    for transform in (qml.transforms.cancel_inverses, qml.transforms.merge_rotations, qml.compile):
        transformed = transform(plain)
        assert_close(qjit(jax.grad(transformed, 1))(2, 0.4), slope)
    (program,) = programs(qml.transforms.cancel_inverses(plain), 2, 0.4)
    assert str(program).count("Hadamard") == 2


def test_states_are_prepared_inside_loops():
    @qnode()
    def circuit(x):
        @now
        @for_loop(1)
        def _(i):
            qml.StatePrep(jnp.array([0.6, 0.8]), wires=0)
            qml.BasisState(jnp.array([1]), wires=1)

        qml.CRX(x, wires=[0, 1])
        return qml.expval(qml.Z(1))

    assert_close(qjit(jax.grad(circuit))(0.4), jax.grad(reference(circuit))(0.4))


# -- The Program -----------------------------------------------------------------------------------


def test_programs_do_not_grow_with_the_number_of_iterations():
    def layered(x, layers):
        @qnode(wires=4)
        def circuit(x):
            @now
            @for_loop(layers)
            def _(i):
                qml.RX(x[i], wires=i % 4)
                qml.CNOT([i % 4, (i + 1) % 4])

            return qml.expval(qml.Z(0))

        return circuit(x)

    sizes = []
    for layers in (10, 5_000):
        function = functools.partial(layered, layers=layers)
        x = jnp.linspace(0, 1, layers)
        (program,) = programs(function, x)
        jaxpr = qjit(jax.grad(function))
        sizes.append((len(program.words), len(str(jaxpr.trace(x).jaxpr).splitlines())))
    assert sizes[0] == sizes[1]
    slope = qjit(jax.grad(function))(x)
    assert slope.shape == (5_000,) and jnp.isfinite(slope).all()


def test_the_text_of_loops_and_branches():
    @qnode()
    def circuit(x, n):
        @now
        @for_loop(n)
        def _(i):
            qml.RX(x[i], wires=i)

            @now
            @for_loop(2)
            def _(j):
                qml.CNOT([j, 2])
                qml.RY(x[j] + i, wires=0)

        cond(n > 1, lambda: (qml.Hadamard(0), None)[1])()
        return qml.expval(qml.Z(0))

    (program,) = programs(circuit, X, 2)
    assert str(program) == TEXT


TEXT = """\
program circuit(theta: f64[96], index: i64[98]) on 3 wires {
  repeat index[0] times i {
    RX(theta[3*i]) index[1 + 3*i]
    repeat 2 times j {
      CNOT index[2 + 3*i + j] 2
      RY(theta[1 + 3*i + j]) 0
    }
  }
  branch index[97] case 0 {
    Hadamard 0
  } case 1 {
  }
  return expval(Z0)
}"""


# -- Errors ----------------------------------------------------------------------------------------


def measured(x):
    @now
    @for_loop(2)
    def _(i):
        qml.expval(qml.Z(i))


def batched(x):
    for_loop(jnp.asarray(x[0], int))(lambda i: qml.RX(x, wires=i))()


def unknown_wire(x):
    @now
    @for_loop(2)
    def _(i):
        qml.RX(x[0], wires="a")


def controlled_by_itself(x):
    def layer():
        @now
        @for_loop(2)
        def _(i):
            qml.RX(x[0], wires=1)

    qml.ctrl(layer, control=1)()


def controlled_by_unknown_wire(x):
    qml.ctrl(lambda: static_loop(x), control=[5])()


@pytest.mark.parametrize(
    "body, message",
    [
        (measured, r"circuit measures expval\(Z\(.*inside a loop or a branch"),
        (batched, "inside a loop or a branch of circuit was given a batch of parameters"),
        (unknown_wire, "acts on the wire 'a', which the device does not have"),
        (controlled_by_itself, r"RX\(.*\) 1 in a loop or a branch is controlled by a wire that it"),
        (controlled_by_unknown_wire, "control wire 5, which the device does not have"),
    ],
)
def test_circuits_that_cannot_be_compiled(body, message):
    with pytest.raises(CompileError, match=message):
        qjit(circuit_of(body))(X)


def _labelled_wires(x):
    @cond(x > 0)
    def branch():
        qml.RX(x, "a")
        qml.CNOT(["a", 0])

    branch()


def _wires_of_counters(x):
    @for_loop(3)
    def outer(i):
        @for_loop(0, 2)
        def inner(j):
            qml.RX(x * (1 + i + j), wires=jnp.mod(i + j, 4))
            qml.CNOT([i + j, (i + j + 1) % 4])

        inner()

    outer()
    qml.adjoint(outer)()
    qml.ctrl(outer, control=4)()


def _while(x):
    @while_loop(lambda y: y < 1.0)
    def loop(y):
        qml.RX(y, wires=1)
        qml.RY(y, wires=0)
        return 2 * y

    loop(x)


@pytest.mark.parametrize(
    "body, wires", [(_labelled_wires, ["a", 0]), (_wires_of_counters, 5), (_while, 2)]
)
def test_devices_without_wires(body, wires):
    """They have those that the circuit acts on."""

    def circuit(x):
        qml.RX(0.2, wires=qml.wires.Wires(range(wires) if isinstance(wires, int) else wires)[0])
        body(x)
        return qml.probs()

    free, fixed = (
        qjit(qml.QNode(circuit, qml.device("lightning.qubit", wires=w))) for w in (None, wires)
    )
    for x in (0.3, -0.4 if body is not _while else 0.7):
        np.testing.assert_allclose(free(x), fixed(x), atol=1e-14)
        np.testing.assert_allclose(jax.jacobian(free)(x), jax.jacobian(fixed)(x), atol=1e-13)


@pytest.mark.parametrize("structure", [None, "argument", "while_loop", "for_loop"])
def test_devices_without_wires_and_wires_of_unknown_number(structure):
    @qml.qnode(qml.device("lightning.qubit"))
    def circuit(n):
        match structure:
            case None:
                qml.X(n)
            case "argument":
                for_loop(2)(lambda i: qml.X(n + i))()
            case "while_loop":
                while_loop(lambda i: i < 3)(lambda i: (qml.X(i), i + 1)[1])(0)
            case "for_loop":
                for_loop(n)(lambda i: qml.X(i))()
        return qml.expval(qml.Z(0))

    with pytest.raises(CompileError, match="its device has no wires. Give it wires"):
        qjit(circuit)(1)


@pytest.mark.parametrize("transformed", [False, True])
def test_batches_of_parameters_in_loops_of_known_length(transformed):
    @qml.qnode(qml.device("lightning.qubit", wires=3))
    def circuit(x, weights):
        @for_loop(3)
        def outer(i):
            @for_loop(0, 2)
            def inner(j):
                qml.RX(x * weights[i, j], wires=i)
                qml.CNOT([i, (i + 1) % 3])

            inner()
            qml.RY(weights[i, 0], wires=i)

        outer()
        return qml.expval(qml.Z(0) @ qml.Y(1)), qml.probs(wires=2)

    if transformed:
        circuit = qml.transforms.cancel_inverses(circuit)
    xs = jnp.array([0.3, -0.8, 1.9])
    weights = jnp.arange(6.0).reshape(3, 2) / 5
    single = jax.vmap(circuit, in_axes=(0, None))
    assert_trees(qjit(circuit)(xs, weights), qjit(single)(xs, weights))
    assert_trees(
        qjit(jax.jacobian(circuit, argnums=1))(xs, weights),
        qjit(jax.jacobian(single, argnums=1))(xs, weights),
    )


def assert_trees(found, expected):
    assert jax.tree.structure(found) == jax.tree.structure(expected)
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-12)


def test_bodies_may_return_the_operators_that_they_apply():
    @qml.qnode(qml.device("lightning.qubit", wires=2))
    def circuit(x):
        for_loop(2)(lambda i: qml.RX(x, wires=i))()
        cond(x > 0, lambda: qml.RX(x, wires=0))()
        switch(jnp.astype(x, int))(lambda: qml.RX(x, wires=1)).branch(1)(lambda: None)()
        return qml.expval(qml.Z(0)), qml.expval(qml.Z(1))

    for x, a, b in [(0.4, 2, 2), (1.4, 2, 1), (-0.4, 1, 2)]:
        np.testing.assert_allclose(qjit(circuit)(x), [np.cos(a * x), np.cos(b * x)], atol=1e-12)


@pytest.mark.parametrize(
    "function, error, message",
    [
        (
            lambda x: for_loop(2)(lambda i, a, b: a)(x, x),
            TypeError,
            "given 2 carried .* returned 1",
        ),
        (lambda x: for_loop(2)(lambda i: x)(), TypeError, "given 0 carried .* returned 1"),
        (lambda x: for_loop(2)(lambda i, a: (a, a))(x), TypeError, "same trees and shapes"),
        (
            lambda x: for_loop(2)(lambda i, a: jnp.stack([a, a]))(x),
            TypeError,
            "same trees and shap",
        ),
        (lambda x: for_loop(0, 2, 0)(lambda i, a: a)(x), ValueError, "step=0"),
        (lambda x: for_loop(x)(lambda i, a: a)(x), TypeError, "a bound or step of type float64"),
        (lambda x: while_loop(lambda a: jnp.ones(2) < a)(lambda a: a)(x), TypeError, "one boolean"),
        (lambda x: cond(x > 0, lambda: (x, x), lambda: x)(), TypeError, "same pytree"),
        (lambda x: cond(x > 0, lambda: x)(), TypeError, "missing otherwise branch returns None"),
        (lambda x: switch(x)(lambda: x)(), TypeError, "an index of type float64"),
    ],
)
def test_loops_and_branches_that_make_no_sense(function, error, message):
    with pytest.raises(error, match=message):
        qjit(function)(0.3)


@pytest.mark.parametrize("derivative", [lambda f: f, jax.grad, jax.vmap])
def test_traced_wires_are_checked_when_the_circuit_runs(derivative):
    @qnode()
    def circuit(x, a, b):
        qml.RX(x, wires=a)
        qml.CNOT([a, b])
        return qml.expval(qml.Z(0))

    def call(*args):
        args = [jnp.array([arg]) for arg in args] if derivative is jax.vmap else args
        return jax.block_until_ready(compiled(*args))

    compiled = qjit(derivative(circuit))
    for wires, message in [
        ((1, 1), "CNOT was given the wires 1 1; wire 1 is there twice"),
        ((1, 7), "CNOT was given the wires 1 7; wire 7 is not one of 0 to 2"),
        ((-1, 0), "RX was given the wires -1; wire -1 is not one of 0 to 2"),
    ]:
        with pytest.raises(Exception, match=message):
            call(0.3, *wires)
        assert np.isfinite(call(0.3, 0, 1)).all()  # the next call works


def test_a_traced_step_of_zero():
    @qjit
    def run(step):
        return for_loop(0, 5, step)(lambda i, total: total + i)(0)

    assert run(2) == 6
    with pytest.raises(Exception, match="a step of 0"):
        jax.block_until_ready(run(0))


def test_a_branch_that_returns_its_operator_applies_it_once():
    @qml.qnode(qml.device("lightning.qubit", wires=1))
    def circuit(x):
        cond(x > 0, lambda: qml.RX(x, 0), lambda: qml.RX(2 * x, 0))()
        return qml.expval(qml.Z(0))

    np.testing.assert_allclose(qjit(circuit)(0.3), np.cos(0.3), atol=1e-12)
    np.testing.assert_allclose(qjit(circuit)(-0.3), np.cos(0.6), atol=1e-12)
