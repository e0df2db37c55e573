"""Errors whose words users search for."""

import jax.numpy as jnp
import pennylane as qml

from .cases import RIGHT, case

LINE = "Messages (match these words, they are what users search for)"
ERROR = "DifferentiableCompileError"


def circuit_of(lab, diff_method="best"):
    @lab.qnode(1, diff_method)
    def circuit(x):
        qml.RX(x, wires=0)
        return qml.expval(qml.Z(0))

    return circuit


def message(error, words):
    """Register a program that has to fail with ``words``."""
    return case(RIGHT, LINE, error=(error, words))


@message("ValueError", "Invalid differentiation method")
def invalid_method(lab):
    return lab.qjit(lambda x: lab.grad(circuit_of(lab), method="finite")(x))(0.1)


@message("ValueError", "Invalid h value")
def invalid_step(lab):
    return lab.qjit(lambda x: lab.grad(circuit_of(lab), method="fd", h="small")(x))(0.1)


@message("TypeError", "is not a callable object")
def not_callable(lab):
    return lab.qjit(lambda x: lab.grad(3.0)(x))(0.1)


@message(ERROR, "only supports differentiation on floating-point arguments")
def integer_argument(lab):
    return lab.qjit(lambda x: lab.grad(circuit_of(lab))(x))(3)


@message(ERROR, "only supports differentiation on floating-point results")
def complex_result(lab):
    return lab.qjit(lambda x: lab.grad(lambda x: circuit_of(lab)(x) * 1j)(x))(0.1)


@message(ERROR, "only supports scalar-output functions")
def two_results(lab):
    return lab.qjit(lambda x: lab.grad(lambda x: jnp.stack([x, circuit_of(lab)(x)]))(x))(0.1)


@message(ERROR, "Cannot differentiate a QNode explicitly marked non-differentiable")
def marked_non_differentiable(lab):
    return lab.qjit(lab.grad(circuit_of(lab, None)))(0.1)


@message(ERROR, "Finite differences at the QNode level is not supported")
def differences_of_a_qnode(lab):
    return lab.qjit(lab.grad(circuit_of(lab, "finite-diff")))(0.1)


@message(ERROR, "Invalid gradient method")
def method_of_no_compiler(lab):
    return lab.qjit(lab.grad(circuit_of(lab, "hadamard")))(0.1)


@message("ValueError", "'tangents'")
def tangents_in_no_sequence(lab):
    return lab.qjit(lambda x: lab.jvp(circuit_of(lab), [x], x))(0.1)


@message("ValueError", "'params'")
def params_in_no_sequence(lab):
    return lab.qjit(lambda x: lab.vjp(circuit_of(lab), x, [1.0]))(0.1)


@message("TypeError", "tangent")
def tangents_in_the_wrong_number(lab):
    return lab.qjit(lambda x: lab.jvp(circuit_of(lab), [x], [1.0, 1.0]))(0.1)


@message("TypeError", "tangent")
def tangents_of_the_wrong_type(lab):
    return lab.qjit(lambda x: lab.jvp(circuit_of(lab), [x], [1]))(0.1)


@message("ValueError", "tangent")
def tangents_of_the_wrong_shape(lab):
    return lab.qjit(lambda x: lab.jvp(circuit_of(lab), [x], [jnp.ones(2)]))(0.1)


@message("ValueError", "cotangent")
def cotangents_of_the_wrong_shape(lab):
    return lab.qjit(lambda x: lab.vjp(circuit_of(lab), [x], [jnp.ones(2)]))(0.1)


@message("UserWarning", "AOT compilation failed")
def tracing_fails_at_decoration(lab):
    @lab.qjit
    def program(x: float):
        raise RuntimeError("mine")

    return program(0.1)


@message("RuntimeError", "mine")
def tracing_fails_again_at_the_call(lab):
    @lab.qjit
    def program(x: float):
        raise RuntimeError("mine")

    return program(0.1)
