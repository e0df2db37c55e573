"""Right uses of the public functions, with the types that a checker finds; they run, too."""

import typing
from collections.abc import Mapping
from typing import Any, assert_type

import jax
import jax.numpy as jnp
import matplotlib.figure
import pennylane as qml
import pytest
import xarray

import qgrad_lab
from qgrad_lab import (
    QJIT,
    Comparison,
    Landscape,
    Scaling,
    StepSizes,
    Workbench,
    accelerate,
    compare,
    cond,
    debug,
    debug_assert,
    for_loop,
    grad,
    hessian,
    jacobian,
    jvp,
    landscape,
    measure,
    pure_callback,
    qjit,
    reference,
    scaling,
    stages,
    step_sizes,
    sweep,
    switch,
    value_and_grad,
    vjp,
    vmap,
    while_loop,
    with_diff_method,
)


@qml.qnode(qml.device("lightning.qubit", wires=1))  # type: ignore[untyped-decorator]
def circuit(x: jax.Array) -> Any:
    qml.RX(x, wires=0)
    return qml.expval(qml.Z(0))


def loss(x: jax.Array, scale: float = 1.0) -> jax.Array:
    return jnp.asarray(circuit(x) * scale)


def loss_and_data(x: jax.Array) -> tuple[jax.Array, dict[str, int]]:
    return loss(x), {"calls": 1}


X = jnp.asarray(0.4)


def test_derivatives_take_the_arguments_of_their_function() -> None:
    assert_type(grad(loss)(X, scale=2.0), Any)
    assert_type(grad(loss, method="fd", argnum=[0])(X), Any)
    assert_type(grad(method="fd")(loss)(X, 2.0), Any)
    assert_type(jacobian(loss)(X), Any)
    assert_type(qjit(hessian(argnames="x", allow_int=True)(loss))(x=X), Any)
    assert_type(value_and_grad(loss)(X), tuple[jax.Array, Any])
    assert_type(
        value_and_grad(loss_and_data, has_aux=True)(X),
        tuple[tuple[jax.Array, dict[str, int]], Any],
    )
    assert_type(grad(circuit)(X), Any)
    assert_type(grad(lambda x: x**2)(3.0), Any)

    @grad(method="fd")
    def slope(x: jax.Array) -> jax.Array:
        return x**2

    assert slope(X) == pytest.approx(0.8)


def test_products() -> None:
    assert_type(jvp(loss, [X], [X]), tuple[jax.Array, jax.Array])
    assert_type(vjp(loss, [X], X, argnum=0), tuple[jax.Array, Any])
    value, slope, data = jvp(loss_and_data, [X], [X], has_aux=True)
    assert_type(data, dict[str, int])
    value, product, data = vjp(loss_and_data, [X], X, has_aux=True, method="fd")
    assert_type(value, jax.Array)
    assert data == {"calls": 1}


def test_functions_that_a_program_calls() -> None:
    @pure_callback
    def in_python(x: Any) -> float:
        return float(x)

    @accelerate
    def square(x: jax.Array) -> jax.Array:
        return x**2

    @vmap(in_axes=0)
    def rows(x: jax.Array) -> jax.Array:
        return square(x)

    assert_type(in_python(X), Any)
    assert_type(accelerate(dev=None)(loss)(X), jax.Array)
    assert_type(rows(jnp.stack([X, X])), jax.Array)
    debug_assert(True, "never")
    debug.callback(lambda x: None)(X)
    debug.print("{}", X)
    debug.print_memref(X)


def test_qjit_keeps_arguments_and_result() -> None:
    assert_type(qjit(circuit), QJIT[..., Any])
    compiled: QJIT[..., jax.Array] = qjit(loss)
    assert_type(compiled(X), jax.Array)
    assert_type(qjit(loss)(X, scale=2.0), jax.Array)
    assert_type(qjit(seed=1)(loss)(X), jax.Array)
    assert_type(qjit(value_and_grad(loss))(X), tuple[jax.Array, Any])
    assert_type(grad(qjit(loss))(X), Any)
    assert_type(qjit(qjit(loss), verbose=False)(X), jax.Array)
    assert_type(qjit(loss).seed, int | None)
    assert_type(compiled.mlir, str)
    assert_type(vmap(qjit(loss))(jnp.stack([X, X])), jax.Array)

    @qjit
    def bare(x: jax.Array) -> jax.Array:
        return 2 * x

    @qjit(static_argnames="power", autograph=True)
    def with_options(x: jax.Array, power: int) -> jax.Array:
        return x**power

    assert_type(bare(X), jax.Array)
    assert_type(with_options(X, power=2), jax.Array)
    assert isinstance(bare, QJIT) and isinstance(with_options, QJIT)


class Model:
    @qjit
    def bare(self, x: jax.Array) -> jax.Array:
        return 2 * x

    @qjit(verbose=False)
    def with_options(self, x: jax.Array) -> jax.Array:
        return 3 * x


def test_a_compiled_method() -> None:
    assert_type(Model().bare(X), jax.Array)
    assert_type(Model().with_options(x=X), jax.Array)
    assert isinstance(Model.bare, QJIT)


def test_the_same_program_in_other_ways() -> None:
    assert_type(reference(loss)(X, scale=2.0), jax.Array)
    assert_type(with_diff_method(loss, "parameter-shift")(X), jax.Array)


def test_control_flow() -> None:
    @for_loop(0, 3)
    def add(i: int, x: jax.Array) -> jax.Array:
        return x + i

    @while_loop(lambda x, count: x < 2.0)
    def double(x: jax.Array, count: int) -> tuple[jax.Array, int]:
        return 2 * x, count + 1

    @cond(True)
    def branch() -> int:
        return 1

    @branch.else_if(False)
    def branch_two() -> int:
        return 2

    @branch_two.otherwise
    def branch_three() -> int:
        return 3

    @switch(1)
    def case() -> int:
        return 0

    @case.branch(1)
    def case_one() -> int:
        return 10

    assert_type(add(X), jax.Array)
    assert_type(double(X, 0), tuple[jax.Array, int])
    assert_type(branch_three(), Any)
    assert_type(cond(False, lambda: 1, lambda: 2)(), Any)
    assert_type(case_one(), Any)
    assert (double(X, 0)[1], branch_three(), case_one()) == (3, 1, 10)
    assert isinstance(branch_three, type(branch)) and isinstance(case_one, type(case))


def test_measurements() -> None:
    @qjit
    @qml.qnode(qml.device("lightning.qubit", wires=1))  # type: ignore[untyped-decorator]
    def program() -> Any:
        outcome = assert_type(measure(0, reset=True), Any)
        return qml.expval(outcome)

    assert program() == 0.0


def test_comparisons() -> None:
    found = assert_type(compare(loss, X, methods="adjoint", reference="jax"), Comparison)
    assert_type(found.to_dict(), dict[str, Any])
    assert found.best().row is not None
    assert_type(found.plot(), matplotlib.figure.Figure)
    assert_type(compare(loss, X, methods=["auto", "fd"], h=1e-6, reference=None), Comparison)


def test_studies() -> None:
    assert_type(landscape(loss, X, span=(0.0, 1.0), points=3), Landscape)
    assert_type(step_sizes(loss, X, hs=[1e-7, 1e-6]), StepSizes)

    def make(size: int) -> tuple[typing.Callable[[jax.Array], jax.Array], tuple[jax.Array]]:
        return lambda x: jnp.sum(x**2), (jnp.ones(size),)

    assert_type(scaling(make, [1, 2], methods=["auto"]), Scaling)


def test_sweeps() -> None:
    found = sweep(loss, {"x": [0.1, 0.2]}, fixed={"scale": 2.0}, progress=False)
    assert_type(found, xarray.Dataset)
    assert isinstance(found, xarray.Dataset)


def test_stages() -> None:
    found = stages(loss, X)
    assert_type(found["jaxpr"].text, str)
    assert isinstance(found, Mapping)


def test_the_workbench() -> None:
    bench = assert_type(Workbench(loss, X, methods=["auto"]), Workbench)
    assert_type(bench.code, str)
    bench.close()


def test_nothing_public_is_left_out() -> None:
    theirs = {"adjoint", "ctrl"}  # PennyLane's, which has no types
    errors = {"CompileError", "DifferentiableCompileError", "DifferentiableCompilerError"}
    assert set(qgrad_lab.__all__) - theirs - errors <= set(globals())
