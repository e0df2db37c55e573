"""Catalyst: ``catalyst.qjit(catalyst.grad(qnode))``."""

from collections.abc import Callable
from typing import Any

import catalyst
import jax
import jax.numpy as jnp

from tests.benchmarks.contestants import Built
from tests.benchmarks.contestants.derivatives import Framework, derivative
from tests.benchmarks.contestants.qnodes import make_qnode
from tests.benchmarks.workloads import Workload

jax.config.update("jax_enable_x64", True)


def _hessian(function: Callable[..., Any]) -> Callable[..., Any]:
    return catalyst.jacobian(catalyst.grad(function))


def _loop(times: int, step: Callable[..., Any], x: Any, state: Any) -> Any:
    return catalyst.for_loop(0, times, 1)(step)(x, state)


_FRAMEWORK = Framework(
    jit=catalyst.qjit,
    grad=catalyst.grad,
    value_and_grad=catalyst.value_and_grad,
    jacobian=catalyst.jacobian,
    hessian=_hessian,
    vmap=catalyst.vmap,
    fori_loop=_loop,
)


def unable(workload: Workload) -> str | None:
    """Whatever it cannot do is tried: it may learn to."""
    return None


def build(workload: Workload) -> Built:
    """See the package."""
    qnode = make_qnode(
        workload, "lightning.qubit", workload.diff_method, for_loop=catalyst.for_loop
    )
    return Built(
        derivative(qnode, workload, _FRAMEWORK), tuple(map(jnp.asarray, workload.arguments()))
    )
