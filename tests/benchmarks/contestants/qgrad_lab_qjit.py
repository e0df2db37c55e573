"""This library: ``qgrad_lab.qjit(qgrad_lab.grad(qnode))``."""

import jax
import jax.numpy as jnp

import qgrad_lab
from tests.benchmarks.contestants import Built
from tests.benchmarks.contestants.derivatives import Framework, derivative, jax_loop
from tests.benchmarks.contestants.qnodes import make_qnode
from tests.benchmarks.workloads import Workload

_FRAMEWORK = Framework(
    jit=qgrad_lab.qjit,
    grad=qgrad_lab.grad,
    value_and_grad=qgrad_lab.value_and_grad,
    jacobian=qgrad_lab.jacobian,
    hessian=qgrad_lab.hessian,
    vmap=jax.vmap,
    fori_loop=jax_loop,
)


def unable(workload: Workload) -> str | None:
    """It takes part in every row."""
    return None


def build(workload: Workload) -> Built:
    """See the package."""
    qnode = make_qnode(
        workload, "lightning.qubit", workload.diff_method, for_loop=qgrad_lab.for_loop
    )
    return Built(
        derivative(qnode, workload, _FRAMEWORK), tuple(map(jnp.asarray, workload.arguments()))
    )
