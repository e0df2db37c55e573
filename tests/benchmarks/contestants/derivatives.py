"""The derivative that a workload asks for, in the words of a framework over JAX."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import optax

from tests.benchmarks.workloads import LEARNING_RATE, Workload

Function = Callable[..., Any]


class Framework(NamedTuple):
    """Transformations of functions, named and called as those of JAX."""

    jit: Callable[[Function], Function]
    grad: Callable[[Function], Function]
    value_and_grad: Callable[[Function], Function]
    jacobian: Callable[[Function], Function]
    hessian: Callable[[Function], Function]
    vmap: Callable[..., Function]
    fori_loop: Callable[[int, Function, Any, Any], Any]
    """``fori_loop(times, step, x, state)``, with ``step(iteration, x, state)``."""


def jax_loop(times: int, step: Function, x: Any, state: Any) -> Any:
    """A loop of JAX."""
    return jax.lax.fori_loop(0, times, lambda i, carry: step(i, *carry), (x, state))


JAX = Framework(
    jit=jax.jit,
    grad=jax.grad,
    value_and_grad=jax.value_and_grad,
    jacobian=jax.jacobian,
    hessian=jax.hessian,
    vmap=jax.vmap,
    fori_loop=jax_loop,
)


def scalar(values: Function, workload: Workload) -> Function:
    """The function that is differentiated, of the function that returns the expectation values."""
    if len(workload.observables) == 1:
        return values
    return lambda *arguments: sum(
        weight * value for weight, value in zip(workload.weights, values(*arguments), strict=True)
    )


def derivative(values: Function, workload: Workload, framework: Framework) -> Function:
    """The compiled function of the workload's arguments.

    Parameters
    ----------
    values
        A function of parameters (and features) that returns one expectation value, or a list.
    workload
        What is asked for.
    framework
        Which differentiates and compiles.
    """
    function = scalar(values, workload)
    match workload.task:
        case "grad":
            return framework.jit(framework.grad(function))
        case "value_and_grad":
            return framework.jit(framework.value_and_grad(function))
        case "jacobian":
            return framework.jit(framework.jacobian(values))
        case "hessian":
            return framework.jit(framework.hessian(function))
        case "batch":
            return framework.jit(framework.vmap(framework.grad(function), in_axes=(None, 0)))
        case "optimise":
            return framework.jit(_adam(framework.grad(function), workload.steps, framework))


def _adam(gradient: Function, steps: int, framework: Framework) -> Function:
    optimizer = optax.adam(LEARNING_RATE)

    def step(_: Any, x: Any, state: Any) -> Any:
        updates, state = optimizer.update(gradient(x), state, x)
        return optax.apply_updates(x, updates), state

    def train(x: Any) -> Any:
        return framework.fori_loop(steps, step, x, optimizer.init(x))[0]

    for function in (step, train):
        function.__annotations__.clear()  # as in `qnodes.make_qnode`
    return train
