"""The compiler plug-in: PennyLane's own functions inside compiled programs."""

import functools
import importlib.metadata
import importlib.util

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml
import pytest

import qgrad_lab
from qgrad_lab import CompileError, DifferentiableCompileError, pennylane_plugin

DEVICE = qml.device("lightning.qubit", wires=3)


@qml.qnode(DEVICE)
def rotation(x):
    qml.RX(x, wires=0)
    return qml.expval(qml.Z(0))


def plain(f):
    """``f`` without compilation, on default.qubit."""
    return qgrad_lab.reference(f)


# What PennyLane sees


def test_entry_points_resolve():
    entries = importlib.metadata.entry_points(group="pennylane.compilers")
    ours = {entry.name: entry.load() for entry in entries if entry.name.startswith("qgrad_lab.")}
    assert ours == {
        "qgrad_lab.context": pennylane_plugin.context,
        "qgrad_lab.ops": pennylane_plugin,
        "qgrad_lab.qjit": qgrad_lab.qjit,
    }


def test_entry_points_of_the_installed_distribution():
    try:
        distribution = importlib.metadata.distribution("qgrad-lab")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("qgrad-lab is not installed, it runs from its source folder")
    names = {e.name for e in distribution.entry_points if e.group == "pennylane.compilers"}
    assert names == {"qgrad_lab.context", "qgrad_lab.ops", "qgrad_lab.qjit"}


def test_pennylane_lists_the_compiler():
    assert "qgrad_lab" in qml.compiler.available_compilers()
    assert qml.compiler.available("qgrad_lab")


def test_qml_qjit():
    compiled = qml.qjit(compiler="qgrad_lab")(rotation)
    assert isinstance(compiled, qgrad_lab.QJIT)
    np.testing.assert_allclose(compiled(0.3), np.cos(0.3), atol=1e-12)


def test_qml_qjit_passes_options():
    compiled = qml.qjit(lambda x, n: x * n, compiler="qgrad_lab", static_argnums=1, seed=3)
    assert compiled(2.0, 3) == 6.0
    assert compiled.seed == 3


def test_the_active_compiler():
    seen = []

    @qgrad_lab.qjit
    def f(x):
        seen.append(qml.compiler.active_compiler())
        return rotation(x)

    f(0.1)
    assert seen == ["qgrad_lab"]
    assert qml.compiler.active_compiler() is None


def test_the_active_compiler_of_a_quantum_function():
    seen = []

    @qgrad_lab.qjit
    @qml.qnode(DEVICE)
    def f(x):
        seen.append(qml.compiler.active_compiler())
        qml.RX(x, wires=0)
        return qml.expval(qml.Z(0))

    f(0.1)
    assert set(seen) == {"qgrad_lab"}


def test_there_is_none_after_an_error():
    @qgrad_lab.qjit
    def f(x):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        f(1.0)
    assert not qml.compiler.active()


def test_there_is_none_under_reference():
    assert qgrad_lab.reference(lambda: qml.compiler.active_compiler())() is None


def test_there_is_none_while_pennylane_decomposes():
    seen = []

    class Custom(qml.operation.Operation):
        num_wires = 1

        @staticmethod
        def compute_decomposition(angle, wires):
            seen.append(qml.compiler.active_compiler())
            return [qml.RX(angle, wires)]

    @qgrad_lab.qjit
    @qml.qnode(DEVICE)
    def f(x):
        Custom(x, wires=0)
        return qml.expval(qml.Z(0))

    np.testing.assert_allclose(f(0.3), np.cos(0.3), atol=1e-12)
    assert set(seen) == {None}


# Derivatives


@pytest.mark.parametrize("method", [None, "auto", "fd"])
def test_grad(method):
    compiled = qgrad_lab.qjit(qml.grad(rotation, argnums=0, method=method))
    np.testing.assert_allclose(compiled(0.3), -np.sin(0.3), atol=1e-6)


def test_grad_with_a_step():
    coarse = qgrad_lab.qjit(qml.grad(lambda x: x**2, argnums=0, method="fd", h=0.5))
    np.testing.assert_allclose(coarse(1.0), 2.5)


def test_grad_called_inside():
    @qgrad_lab.qjit
    def f(x, y):
        return qml.grad(lambda x, y: rotation(x * y), argnums=[0, 1])(x, y)

    np.testing.assert_allclose(f(0.3, 0.5), [-0.5 * np.sin(0.15), -0.3 * np.sin(0.15)])


def test_jacobian():
    compiled = qgrad_lab.qjit(qml.jacobian(lambda x: jnp.stack([rotation(x), x**2]), argnums=0))
    np.testing.assert_allclose(compiled(0.3), [-np.sin(0.3), 0.6])


def test_value_and_grad():
    value, gradient = qgrad_lab.qjit(qml.value_and_grad(rotation, argnums=0))(0.3)
    np.testing.assert_allclose([value, gradient], [np.cos(0.3), -np.sin(0.3)])


def test_jvp():
    @qgrad_lab.qjit
    def f(x, dx):
        return qml.jvp(rotation, [x], [dx])

    value, tangent = f(0.3, 2.0)
    np.testing.assert_allclose(jnp.stack(jax.tree.leaves(value)), [np.cos(0.3)])
    np.testing.assert_allclose(jnp.stack(jax.tree.leaves(tangent)), [-2 * np.sin(0.3)])


def test_vjp():
    @qgrad_lab.qjit
    def f(x, dy):
        return qml.vjp(rotation, [x], [dy], argnums=[0])

    _, cotangent = f(0.3, 2.0)
    np.testing.assert_allclose(jnp.stack(jax.tree.leaves(cotangent)), [-2 * np.sin(0.3)])


# Loops, branches, adjoints and controls: each against the same program on default.qubit


def for_static(x):
    @qml.for_loop(0, 3)
    def layer(i, angle):
        qml.RX(angle, wires=i)
        qml.CNOT(wires=[i, (i + 1) % 3])
        return angle * 1.5

    layer(x)


def for_downwards(x):
    @qml.for_loop(2, -1, -1)
    def layer(i):
        qml.RY(x + i, wires=i)

    layer()


def while_classical(x):
    @qml.while_loop(lambda angle: angle < 2.0)
    def layer(angle):
        qml.RX(angle, wires=0)
        return 2 * angle

    qml.RY(layer(x), wires=1)


def cond_operators(x):
    qml.cond(x > 0.5, qml.RX, qml.RY)(x, wires=0)


def cond_lambdas(x):
    qml.cond(x > 0.5, lambda: qml.RX(x, wires=0), lambda: qml.RZ(2 * x, wires=0))()
    qml.RX(0.3, wires=0)


def cond_without_else(x):
    qml.cond(x > 0.5, qml.RX)(x, wires=0)


def cond_elifs(x):
    def first():
        qml.RX(x, wires=0)

    def second():
        qml.RX(2 * x, wires=0)

    def third():
        qml.RX(3 * x, wires=0)

    qml.cond(x > 1.0, first, third, elifs=[(x > 0.5, second)])()


def cond_decorator(x):
    @qml.cond(x > 0.5)
    def angle():
        return x**2

    @angle.else_if(x > 0.2)
    def angle():
        return x + 1

    @angle.otherwise
    def angle():
        return 3 * x

    qml.RX(angle(), wires=0)


def adjoint_operator(x):
    qml.RX(0.4, wires=0)
    qml.adjoint(qml.RY(x, wires=0))
    qml.adjoint(qml.S)(wires=0)
    qml.adjoint(qml.RX(x, wires=0), lazy=False)


def adjoint_function(x):
    def layer(angle):
        qml.RX(angle, wires=0)
        qml.RY(2 * angle, wires=0)

    qml.Hadamard(0)
    qml.adjoint(layer)(x)


def adjoint_loop(x):
    qml.Hadamard(0)
    qml.adjoint(for_static)(x)


def ctrl_operator(x):
    qml.Hadamard(1)
    qml.ctrl(qml.RX(x, wires=0), control=1, control_values=0)
    qml.ctrl(qml.PauliX, control=[1, 2], control_values=[True, False])(wires=0)


def ctrl_function(x):
    def layer(angle):
        qml.RX(angle, wires=0)
        qml.Hadamard(2)

    qml.Hadamard(1)
    qml.ctrl(layer, control=1)(x)


def ctrl_loop(x):
    def body(x):
        @qml.for_loop(0, 2)
        def layer(i):
            qml.RX(x * (i + 1), wires=i)

        layer()

    qml.Hadamard(2)
    qml.ctrl(body, control=2)(x)


CIRCUITS = [
    value
    for name, value in list(globals().items())
    if name.startswith(("for_", "while_", "cond_", "adjoint_", "ctrl_"))
]


@pytest.mark.parametrize("body", CIRCUITS, ids=lambda f: f.__name__)
def test_circuits(body):
    def circuit(x):
        body(x)
        return qml.expval(qml.Z(0) @ qml.Z(1)), qml.probs(wires=[0, 2])

    compiled = qgrad_lab.qjit(qml.QNode(circuit, DEVICE))
    gradient = jax.jit(jax.jacfwd(compiled))
    reference = plain(compiled)
    for x in (0.3, 0.8, 1.7):
        jax.tree.map(
            functools.partial(np.testing.assert_allclose, atol=1e-10),
            (compiled(x), gradient(x)),
            (reference(x), jax.jacfwd(reference)(x)),
        )


@pytest.mark.parametrize("n", [0, 1, 3])
def test_traced_bound(n):
    @qgrad_lab.qjit
    @qml.qnode(DEVICE)
    def f(x, n):
        @qml.for_loop(0, n)
        def layer(i):
            qml.RX(x, wires=0)

        layer()
        return qml.expval(qml.Z(0))

    np.testing.assert_allclose(f(0.3, n), np.cos(0.3 * n), atol=1e-12)
    np.testing.assert_allclose(jax.grad(f)(0.3, n), -n * np.sin(0.3 * n), atol=1e-12)


def test_classical_control_flow():
    @qgrad_lab.qjit
    def f(x):
        @qml.for_loop(0, 3, 1)
        def loop(i, y):
            return y + i * x

        @qml.while_loop(lambda y: y < 10.0)
        def double(y):
            return 2 * y

        return qml.cond(x > 1.0, lambda y: -y, lambda y: y)(double(loop(0.0)))

    assert f(1.0) == 12.0
    assert f(2.0) == -12.0
    assert jax.grad(f)(2.0) == -6.0


def test_a_template_with_loops_inside():
    @qgrad_lab.qjit
    @qml.qnode(qml.device("lightning.qubit", wires=4))
    def f(weights, x):
        qml.StronglyEntanglingLayers(weights, wires=range(3))
        qml.QFT(wires=range(3))
        qml.QuantumPhaseEstimation(qml.RZ(x, wires=0), estimation_wires=[1, 2, 3])
        return qml.expval(qml.Z(1) @ qml.Z(2))

    weights = np.random.default_rng(1).normal(size=(2, 3, 3))
    np.testing.assert_allclose(
        jax.grad(f, 1)(weights, 0.3), jax.grad(plain(f), 1)(weights, 0.3), atol=1e-10
    )


# Refusals


@pytest.mark.parametrize("options", [{}, {"reset": True}, {"postselect": 1}])
def test_measure_is_differentiated_where_no_outcome_is_returned(options):
    @qml.qnode(DEVICE)
    def f(x):
        qml.RX(x, wires=0)
        m = qml.measure(0, **options)
        qml.RY(x, wires=0)
        return (qml.expval(qml.Z(0)), m) if drawn else qml.expval(qml.Z(0))

    drawn = False
    sign = -1.0 if "postselect" in options else 1.0
    kept = np.cos(0.1) if options == {} else 1.0
    np.testing.assert_allclose(qgrad_lab.qjit(f)(0.1), sign * kept * np.cos(0.1), atol=1e-12)
    slope = -np.sin(0.2) if options == {} else -sign * np.sin(0.1)
    np.testing.assert_allclose(qgrad_lab.qjit(qml.grad(f))(0.1), slope, atol=1e-12)
    drawn = True
    with pytest.raises(DifferentiableCompileError, match="MidCircuitMeasure is not allowed: "):
        qgrad_lab.qjit(qml.grad(lambda x: f(x)[0]))(0.1)


@pytest.mark.parametrize("library", [qml, qgrad_lab], ids=["pennylane", "qgrad_lab"])
@pytest.mark.parametrize("name", ["for_loop", "while_loop"])
def test_array_resizing(name, library):
    def doubled(x, allowed):
        if name == "for_loop":
            loop = library.for_loop(0, 3, 1, allow_array_resizing=allowed)
        else:
            loop = library.while_loop(lambda x: x.sum() < 16, allow_array_resizing=allowed)
        return loop(lambda *args: 2 * args[-1])(x)

    compiled = qgrad_lab.qjit(doubled, static_argnums=1)
    np.testing.assert_array_equal(compiled(jnp.ones(2), False), [8.0, 8.0])
    with pytest.raises(CompileError, match="allow_array_resizing"):
        compiled(jnp.ones(2), True)


def test_the_names_of_the_peer():
    """A program that imports from catalyst imports the same names from here."""
    from qgrad_lab import adjoint, ctrl, qjit, vmap

    @qml.qnode(DEVICE)
    def f(x):
        qml.Hadamard(0)
        ctrl(qml.RX, control=0)(x, wires=1)
        adjoint(ctrl(lambda: qml.RX(x / 2, wires=1), control=[0], control_values=[1]))()
        return qml.expval(qml.Z(1))

    x = jnp.array([0.1, 0.7])
    np.testing.assert_allclose(qjit(vmap(f))(x), (1 + jnp.cos(x / 2)) / 2, atol=1e-12)


# New interpreters: import orders, and Catalyst in the same environment


@pytest.mark.parametrize(
    "imports",
    ["import pennylane as qml", "import qgrad_lab; import pennylane as qml"],
    ids=["pennylane first", "qgrad_lab first"],
)
def test_in_a_new_interpreter(imports, run_python):
    program = f"""
    {imports}
    @qml.qjit(compiler="qgrad_lab")
    @qml.qnode(qml.device("lightning.qubit", wires=1))
    def f(x):
        assert qml.compiler.active_compiler() == "qgrad_lab"
        qml.cond(x > 0.0, qml.RX)(x, wires=0)
        return qml.expval(qml.Z(0))
    print(round(float(f(0.5)), 6))
    """
    assert run_python(program).split() == ["0.877583"]


CATALYST, OURS = "catalyst", "qgrad_lab"


@pytest.mark.skipif(
    importlib.util.find_spec("catalyst") is None, reason="pennylane-catalyst is not installed"
)
@pytest.mark.parametrize(
    ("imports", "order"),
    [
        ("import catalyst, qgrad_lab", (OURS, CATALYST)),
        ("import qgrad_lab, catalyst", (CATALYST, OURS)),
        ("import pennylane, qgrad_lab, catalyst", (OURS, CATALYST)),
        ("import qgrad_lab", (OURS, CATALYST)),
        ("import catalyst", (CATALYST, OURS)),
    ],
)
def test_beside_catalyst(imports, order, run_python):
    program = f"""
    {imports}
    import jax, numpy as np, pennylane as qml

    def make(compiler):
        def f(x, n):
            assert qml.compiler.active_compiler() == compiler
            @qml.for_loop(0, 2)
            def layer(i):
                qml.RX(x, wires=i)
            layer()
            qml.cond(x > 0.0, qml.RY, qml.RX)(x, wires=0)
            qml.adjoint(qml.RZ)(x, wires=0)
            qml.ctrl(qml.RY, control=0)(x, wires=1)
            return qml.expval(qml.Z(1))
        qnode = qml.QNode(f, qml.device("lightning.qubit", wires=2), diff_method="adjoint")
        value = qml.qjit(qnode, compiler=compiler)
        gradient = qml.qjit(qml.grad(qnode, argnums=0), compiler=compiler)
        return value, gradient

    results = []
    for name in {order!r}:
        value, gradient = make(name)
        results.append((name, value, gradient, value(0.4, 2), gradient(0.4, 2)))
    (_, _, _, v0, g0), (_, _, _, v1, g1) = results
    np.testing.assert_allclose([v0, g0], [v1, g1], atol=1e-9)
    for name, value, gradient, v, g in results:  # again, and for another signature
        np.testing.assert_allclose([value(0.4, 2), gradient(0.4, 2)], [v, g], atol=1e-12)
        value(0.4, 2.0)
    assert qml.compiler.active_compiler() is None
    print("done")
    """
    assert run_python(program).split() == ["done"]
