"""``qjit``: what it compiles, when, and that the result is an ordinary JAX function."""

import threading
import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml
import pytest

from qgrad_lab import QJIT, CompileError, grad, jacobian, qjit, reference, value_and_grad
from qgrad_lab.core.mode import Mode, current_mode


def make_circuit(diff_method="best"):
    @qml.qnode(qml.device("lightning.qubit", wires=2), diff_method=diff_method)
    def circuit(x):
        qml.RX(x[0], wires=0)
        qml.CRY(x[1], wires=[0, 1])
        return qml.expval(qml.Z(1) + 0.5 * qml.X(0))

    return circuit


POINT = jnp.array([0.4, -1.1])


# -- The documented results ------------------------------------------------------------------------


@pytest.mark.parametrize("diff_method", ["adjoint", "parameter-shift", "best"])
@pytest.mark.parametrize(("method", "tolerance"), [("auto", 1e-7), ("fd", 1e-5)])
def test_the_four_worked_results(diff_method, method, tolerance):
    device = qml.device("lightning.qubit", wires=1)

    @qjit
    def first(x):
        @qml.qnode(device, diff_method=diff_method)
        def circuit(x):
            qml.RX(jnp.pi * x, wires=0)
            return qml.expval(qml.PauliY(0))

        return grad(circuit, method=method)(x)

    assert first(2.0) == pytest.approx(-3.14159265, abs=tolerance)

    @qjit
    def second(t):
        @qml.qnode(device, diff_method=diff_method)
        def circuit(t):
            qml.RX(jnp.exp(t**2) / jnp.cos(t / 4), wires=0)
            return qml.expval(qml.PauliZ(0))

        return value_and_grad(lambda t: jnp.pi / jnp.tanh(circuit(t)), method=method)(t)

    value, gradient = second(1.0)
    assert value == pytest.approx(-4.2622289, abs=1e-7)
    # The second derivative is of the order of 100, so a step of 1e-7 leaves 1e-5.
    assert gradient == pytest.approx(5.04324559, abs=tolerance)

    @qjit
    def third(params):
        @qml.qnode(device, diff_method="parameter-shift")
        def circuit_a(p):
            qml.RX(jnp.exp(p[0] ** 2) / jnp.cos(p[1] / 4), wires=0)
            return qml.probs()

        @qml.qnode(device, diff_method=diff_method)
        def circuit_b(p):
            qml.RX(jnp.exp(p[1] ** 2) / jnp.cos(p[0] / 4), wires=0)
            return qml.expval(qml.PauliZ(0))

        return grad(lambda p: jnp.prod(circuit_a(p)) + circuit_b(p), method=method)(params)

    bound = 1e-7 if method == "auto" else 3e-3  # f'' is 5e4 there, and the error f'' h / 2
    np.testing.assert_allclose(
        third(jnp.array([1.0, 2.0])), [0.57367285, 44.4911605], rtol=0, atol=bound
    )

    @qjit
    def fourth(x: float):
        return grad(lambda x: x**2, method=method)(x)

    assert fourth(2.3) == pytest.approx(4.6, abs=max(tolerance, 1e-6))


# -- An ordinary JAX function ----------------------------------------------------------------------


def test_jax_transforms_apply_to_it():
    circuit = make_circuit()
    compiled = qjit(circuit)
    expected = jax.grad(reference(circuit))(POINT)
    hessian = jax.hessian(reference(circuit))(POINT)
    for gradient in (jax.grad(compiled), jax.jit(jax.grad(compiled)), qjit(jax.grad(compiled))):
        np.testing.assert_allclose(gradient(POINT), expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(grad(compiled)(POINT), expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(qjit(grad(compiled))(POINT), expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(jax.hessian(compiled)(POINT), hessian, rtol=0, atol=1e-11)
    points = jnp.stack([POINT, 2 * POINT, -POINT])
    each = jnp.stack([compiled(point) for point in points])
    np.testing.assert_allclose(jax.vmap(compiled)(points), each, rtol=0, atol=1e-14)
    np.testing.assert_allclose(
        jax.lax.scan(lambda total, p: (total + compiled(p), None), 0.0, points)[0],
        each.sum(),
        rtol=0,
        atol=1e-13,
    )


def test_qjit_of_a_qnode_of_a_qjit_and_inside_a_qjit():
    circuit = make_circuit()
    expected = float(reference(circuit)(POINT))
    assert qjit(circuit)(POINT) == pytest.approx(expected, abs=1e-13)
    assert qjit(qjit(circuit))(POINT) == pytest.approx(expected, abs=1e-13)
    inner = qjit(circuit)
    assert qjit(lambda x: 2 * inner(x))(POINT) == pytest.approx(2 * expected, abs=1e-13)


def test_reference_of_a_qjit_does_not_use_the_engine():
    compiled = qjit(make_circuit())
    compiled(POINT)
    assert "circuit[" in str(jax.make_jaxpr(compiled)(POINT))
    assert "circuit[" not in str(jax.make_jaxpr(reference(compiled))(POINT))


def test_a_cached_jit_function_follows_the_mode():
    """JAX's caches must not bring the trace of one meaning of a QNode call to another."""
    function = jax.jit(make_circuit())
    for _ in range(2):
        assert "circuit[" in str(jax.make_jaxpr(qjit(function))(POINT))
        assert "circuit[" not in str(jax.make_jaxpr(reference(function))(POINT))


def test_qnodes_outside_are_pennylanes_own():
    circuit = make_circuit("adjoint")
    qjit(circuit)(POINT)
    with qml.Tracker(circuit.device) as tracker:
        value = circuit(POINT)
    assert tracker.totals["executions"] >= 1
    assert value == pytest.approx(float(reference(circuit)(POINT)), abs=1e-12)


# -- Compilation -----------------------------------------------------------------------------------


def test_one_trace_for_each_signature():
    traces = []

    @qjit
    def f(x, n):
        traces.append(jnp.shape(x))
        return x * n

    for x in (1.0, 2.0, jnp.ones(3), jnp.zeros(3), jnp.ones((2, 3)), 3.0):
        f(x, 2)
    assert traces == [(), (3,), (2, 3)]


def test_static_arguments_are_constants():
    traces = []

    @qjit(static_argnums=1)
    def f(x, n):
        traces.append(n)
        return sum(x for _ in range(n))

    assert [f(1.5, 2), f(2.5, 2), f(1.5, 3)] == [3.0, 5.0, 4.5]
    assert traces == [2, 3]


@pytest.mark.parametrize("value", [1.5, "0", True, [0, 1.0]])
def test_bad_static_argnums(value):
    with pytest.raises(TypeError, match="static_argnums"):
        qjit(lambda x: x, static_argnums=value)


def test_annotated_functions_compile_ahead_of_time():
    traces = []

    @qjit
    def f(x: float, y: jax.ShapeDtypeStruct((2,), jnp.float64)):
        traces.append(1)
        return x * y

    assert traces == [1]
    np.testing.assert_array_equal(f(2.0, jnp.array([1.0, 3.0])), [2.0, 6.0])
    assert "f64[2]" in str(f.jaxpr)


def test_a_failure_ahead_of_time_warns_and_is_raised_at_the_call():
    with pytest.warns(UserWarning, match="AOT compilation failed: .*not now"):

        @qjit
        def f(x: float):
            raise RuntimeError("not now")

    with pytest.raises(RuntimeError, match="not now"):
        f(1.0)


def test_what_can_be_looked_at():
    def f(x):
        """Twice x."""
        return 2 * x

    compiled = qjit(f)
    assert isinstance(compiled, QJIT)
    assert (compiled.original_function, compiled.__name__, compiled.__doc__) == (f, "f", "Twice x.")
    for attribute in ("jaxpr", "mlir"):
        with pytest.raises(ValueError, match="has not been compiled yet"):
            getattr(compiled, attribute)
    compiled(jnp.ones(3))
    assert "mul" in str(compiled.jaxpr) and "f64[3]" in str(compiled.jaxpr)
    assert "stablehlo.multiply" in compiled.mlir
    assert "f" in repr(compiled)


def test_a_circuit_is_seen_in_the_jaxpr_and_in_stablehlo():
    compiled = qjit(make_circuit())
    compiled(POINT)
    assert "Program circuit: 2 wires" in str(compiled.jaxpr)
    assert "qgrad_lab_derivative" in compiled.mlir


@pytest.mark.parametrize("thing", [3, None, "f", jnp.ones(2)])
def test_only_callables_are_compiled(thing):
    if thing is None:
        assert callable(qjit(thing))  # the decorator with arguments
        return
    with pytest.raises(TypeError, match="is not a callable object"):
        qjit(thing)


def test_errors_leave_the_function_usable():
    @qjit
    def f(x):
        if x.shape:
            raise CompileError("no arrays")
        return x

    with pytest.raises(CompileError, match="no arrays"):
        f(jnp.ones(2))
    assert f(1.0) == 1.0
    assert current_mode() is Mode.OUTSIDE


def test_two_threads_compile_at_once():
    results: dict[int, float] = {}

    def work(number: int) -> None:
        for repetition in range(5):
            circuit = make_circuit("adjoint")
            point = POINT * (1 + number + repetition)
            results[10 * number + repetition] = float(qjit(grad(circuit))(point)[0])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 20
    for key, value in results.items():
        point = POINT * (1 + key // 10 + key % 10)
        assert value == pytest.approx(float(jax.grad(qjit(make_circuit()))(point)[0]), abs=1e-13)


def test_compiling_gives_no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        qjit(jacobian(make_circuit("parameter-shift")))(POINT)
