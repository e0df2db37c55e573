"""Wrong uses of the public functions: errors for a type checker, and when they run.

mypy reports a ``type: ignore`` that there is no error for, and an error of another kind.
"""

import jax
import jax.numpy as jnp
import pytest

import qgrad_lab
from qgrad_lab import (
    CompileError,
    Workbench,
    compare,
    cond,
    for_loop,
    grad,
    jacobian,
    jvp,
    landscape,
    qjit,
    reference,
    scaling,
    stages,
    step_sizes,
    sweep,
    switch,
    value_and_grad,
    vjp,
    with_diff_method,
)

X = jnp.asarray(0.4)


def loss(x: jax.Array, scale: float = 1.0) -> jax.Array:
    return x**2 * scale


def test_derivatives() -> None:
    with pytest.raises(TypeError):
        grad(3)  # type: ignore[call-overload]
    with pytest.raises(TypeError):
        jacobian(loss, step=1e-6)  # type: ignore[call-overload]
    with pytest.raises(ValueError):
        grad(loss, method=1)  # type: ignore[call-overload]
    with pytest.raises(ValueError):
        grad(h="short")  # type: ignore[call-overload]
    with pytest.raises(TypeError):
        grad(loss)(X, factor=2.0)  # type: ignore[call-arg]
    with pytest.raises(ValueError):
        value_and_grad(loss)()  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        grad(loss)("0.4")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        grad(method="fd")(3)  # type: ignore[arg-type]
    with pytest.raises(AttributeError):
        value_and_grad(loss)(X)[0].upper()  # type: ignore[attr-defined]


def test_products() -> None:
    with pytest.raises(TypeError):
        jvp(loss, [X])  # type: ignore[call-overload]
    with pytest.raises(ValueError):
        value, slope, data = jvp(loss, [X], [X])  # type: ignore[misc]
    with pytest.raises(ValueError):
        value, product, data = vjp(loss, [X], X)  # type: ignore[misc]


def test_qjit() -> None:
    with pytest.raises(TypeError):
        qjit(3)  # type: ignore[call-overload]
    with pytest.raises(TypeError):
        qjit(loss, seed="now")  # type: ignore[call-overload]
    with pytest.raises(TypeError):
        qjit(loss, static_argnum=0)  # type: ignore[call-overload]
    with pytest.raises(TypeError):
        qjit(autograph=True)(3)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        qjit(loss)(X, factor=2.0)  # type: ignore[call-arg]
    with pytest.raises(AttributeError):
        print(qjit(loss).jaxprs)  # type: ignore[attr-defined]


def test_the_same_program_in_other_ways() -> None:
    with pytest.raises(TypeError):
        reference(loss)(X, factor=2.0)  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        with_diff_method(3, "adjoint")  # type: ignore[arg-type]


def test_control_flow() -> None:
    with pytest.raises(TypeError):
        for_loop(0, 3)(lambda: 1)()  # type: ignore[arg-type, misc]
    with pytest.raises(CompileError):
        for_loop(0, 3, allow_array_resizing=1)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        cond(True, orelse=lambda: 1)  # type: ignore[call-overload]
    with pytest.raises(AttributeError):
        switch(1)(lambda: 0).otherwise(lambda: 1)  # type: ignore[attr-defined]


def test_comparisons() -> None:
    with pytest.raises(TypeError):
        compare(loss, X, methods=3)  # type: ignore[arg-type]
    with pytest.raises((TypeError, ValueError)):
        compare(loss, X, reference="torch")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        compare()  # type: ignore[call-arg]
    with pytest.raises((TypeError, ValueError)):
        Workbench(loss, X, methods=3)  # type: ignore[arg-type]


def test_studies() -> None:
    with pytest.raises((TypeError, ValueError)):
        landscape(loss, X, points="many")  # type: ignore[arg-type]
    with pytest.raises((TypeError, ValueError)):
        step_sizes(loss, X, hs=1e-6)  # type: ignore[arg-type]
    with pytest.raises((TypeError, ValueError)):
        scaling(loss, [1, 2])  # type: ignore[arg-type]
    with pytest.raises((TypeError, ValueError)):
        sweep(loss, [0.1, 0.2])  # type: ignore[arg-type]


def test_stages() -> None:
    with pytest.raises((TypeError, KeyError)):
        stages(loss, X)[0]  # type: ignore[index]


def test_a_name_that_does_not_exist() -> None:
    with pytest.raises(AttributeError):
        qgrad_lab.gard(loss)  # type: ignore[attr-defined]
